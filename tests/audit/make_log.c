/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a log of the kinds of entries that a programme publishes, with its
 * documents and snapshots; with a fault named, one that a dishonest or broken
 * publisher signed.
 *
 * usage: make_log FOLDER DOCUMENTS SIZE [FAULT]
 *
 * Every 100 entries an epoch begins; entry 99 of each commits the snapshot of
 * that epoch, 300 a second policy, 350 a key change. SIZE is at least 500. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_folder.h"

#define EPOCH_ENTRIES 100
#define ROWS          1024
#define BITS          3

static const char *fault = "";

static bool is_fault(const char *name)
{
    return strcmp(fault, name) == 0;
}

/* A document, and its commitment as that of the entry. */
static void publish(log_folder *folder, const char *documents, const char *name, tally_entry *entry)
{
    const log_folder elsewhere = { .path = documents };
    char text[128];

    (void)snprintf(text, sizeof(text), "the document called %s\n", name);
    if (tally_commit_public(folder->hash, &entry->commitment, tally_text_from(text)) != TALLY_OK)
        abort();
    if (!is_fault("document-missing") || strcmp(name, "policy-2") != 0)
        log_folder_write(&elsewhere, name, text, strlen(text));
}

/* Rows spread evenly: the first bytes count up, the rest is a hash. */
static void make_row(uint8_t out[static TALLY_STATE_ROW_BYTES], uint32_t epoch, uint32_t index)
{
    uint32_t seed[2] = { epoch, index };

    if (tally_hash_sha256(out, seed, sizeof(seed)) != TALLY_OK ||
        tally_hash_sha256(out + TALLY_HASH_BYTES, out, TALLY_HASH_BYTES) != TALLY_OK)
        abort();
    out[0] = (uint8_t)(index / (ROWS / 256));
    out[1] = (uint8_t)(index % (ROWS / 256));
}

static void spoil_rows(uint8_t *rows, uint32_t bucket)
{
    uint8_t row[TALLY_STATE_ROW_BYTES];

    if (bucket != 2)
        return;
    memcpy(row, rows, sizeof(row));
    if (is_fault("row-swapped")) {
        memcpy(rows, rows + sizeof(row), sizeof(row));
        memcpy(rows + sizeof(row), row, sizeof(row));
    } else if (is_fault("row-twice")) {
        memcpy(rows + sizeof(row), row, TALLY_HASH_BYTES);
    } else if (is_fault("row-misplaced")) {
        rows[0] = 0;
    }
}

/* The root over rows as they are, whatever the order: a publisher who lies about
 * rows would sign just that. */
static tally_node root_over(tally_hash *hash, const uint8_t *entries, size_t entry_bytes,
                            size_t count)
{
    tally_tree_edge edge = { .size = 0 };
    tally_node node;

    for (size_t i = 0; i < count; i++) {
        if (tally_tree_hash_leaf(hash, &node, entries + i * entry_bytes, entry_bytes) != TALLY_OK ||
            tally_tree_append(&edge, hash, &node) != TALLY_OK)
            abort();
    }
    if (tally_tree_root(&edge, hash, &node) != TALLY_OK)
        abort();
    return node;
}

static void write_state(log_folder *folder, uint32_t epoch, tally_state_part part, uint32_t bucket,
                        const void *bytes, size_t count)
{
    tally_state_file file = { .epoch = epoch, .part = part, .bucket = bucket };
    char path[TALLY_STATE_PATH_BYTES];

    (void)tally_state_path(path, &file);
    log_folder_write(folder, path, bytes, count);
}

/* Buckets 5 and 6 are left empty. */
static void write_snapshot(log_folder *folder, uint64_t index, tally_entry *entry)
{
    static uint8_t rows[ROWS][TALLY_STATE_ROW_BYTES];
    tally_node roots[1u << BITS];
    tally_state_head head = { .origin = TALLY_TEXT(LOG_FOLDER_ORIGIN),
                              .epoch = entry->epoch,
                              .log_size = index,
                              .policy = entry->policy,
                              .bits = BITS,
                              .rows = ROWS - 2 * (ROWS >> BITS) };
    tally_buffer text;

    for (uint32_t i = 0; i < ROWS; i++)
        make_row(rows[i], entry->epoch, i);
    for (uint32_t bucket = 0; bucket < 1u << BITS; bucket++) {
        size_t count = bucket == 5 || bucket == 6 ? 0 : ROWS >> BITS;
        uint8_t *first = rows[(size_t)bucket * (ROWS >> BITS)];

        spoil_rows(first, bucket);
        roots[bucket] = root_over(folder->hash, first, TALLY_STATE_ROW_BYTES, count);
        if (count > 0)
            write_state(folder, entry->epoch, TALLY_STATE_BUCKET, bucket, first,
                        count * TALLY_STATE_ROW_BYTES);
    }
    head.root = root_over(folder->hash, roots[0].bytes, sizeof(roots[0]), 1u << BITS);
    if (is_fault("head-root"))
        head.root.bytes[7] ^= 1;
    if (is_fault("head-rows"))
        head.rows += 256;
    if (is_fault("head-origin"))
        head.origin = TALLY_TEXT("another.example.org");
    if (is_fault("head-size"))
        head.log_size = index + 1;
    if (is_fault("head-size-back") && entry->epoch > 1)
        head.log_size = 1;
    if (is_fault("head-epoch"))
        head.epoch++;
    if (is_fault("head-policy"))
        head.policy++;
    tally_buffer_init(&text, TALLY_STATE_HEAD_BYTES_MAX);
    if (tally_state_append_head(&text, &head) != TALLY_OK)
        abort();
    if (is_fault("head-form"))
        tally_buffer_append_byte(&text, '\n');
    if (tally_commit_state(folder->hash, &entry->commitment, tally_buffer_text(&text)) != TALLY_OK)
        abort();
    write_state(folder, entry->epoch, TALLY_STATE_ROOTS, 0, roots, sizeof(roots));
    write_state(folder, entry->epoch, TALLY_STATE_HEAD, 0, text.bytes, text.count);
    tally_buffer_free(&text);
}

/* Entry 420 as bytes that a fault makes of it; false: it is as it should be. */
static bool append_spoilt(log_folder *folder, const tally_entry *entry)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } changes[] = { { "version-2", 0, 2 },
                    { "kind-0", 1, 0 },
                    { "kind-6", 1, 6 },
                    { "not-zero", 3, 1 },
                    { "genesis-twice", 1, TALLY_ENTRY_GENESIS } };
    uint8_t bytes[TALLY_ENTRY_BYTES + 1] = { 0 };

    tally_entry_write(bytes, entry);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (is_fault(changes[i].name)) {
            bytes[changes[i].at] = changes[i].value;
            log_folder_append(folder, bytes, TALLY_ENTRY_BYTES);
            return true;
        }
    }
    if (is_fault("entry-long") || is_fault("entry-short")) {
        log_folder_append(folder, bytes, is_fault("entry-long") ? 45 : 43);
        return true;
    }
    return false;
}

static tally_entry make_entry(log_folder *folder, const char *documents, uint64_t index)
{
    tally_entry entry = { .kind = TALLY_ENTRY_RECORD,
                          .epoch = (uint32_t)(index / EPOCH_ENTRIES),
                          .policy = index == 0    ? 0
                                    : index < 300 ? 1
                                                  : 2 };
    uint64_t seed = index;

    if (tally_hash_sha256(entry.commitment.bytes, &seed, sizeof(seed)) != TALLY_OK)
        abort();
    if (index == 0 && !is_fault("no-genesis")) {
        entry.kind = TALLY_ENTRY_GENESIS;
        publish(folder, documents, "genesis", &entry);
    } else if (index == 1 || index == 300) {
        entry.kind = TALLY_ENTRY_POLICY;
        if (is_fault("policy-skipped") && index == 300)
            entry.policy = 3;
        publish(folder, documents, index == 1 ? "policy-1" : "policy-2", &entry);
    } else if (index == 350) {
        entry.kind = TALLY_ENTRY_KEY;
        publish(folder, documents, "key", &entry);
    }
    if (index == 420 && is_fault("epoch-back"))
        entry.epoch = 3;
    if (index == 420 && is_fault("policy-back"))
        entry.policy = 1;
    if (index == 298 && is_fault("policy-early"))
        entry.policy = 2; /* and entry 299 falls back */
    if (index >= 490 && (is_fault("policy-uncommitted") || is_fault("policy-late")))
        entry.policy = 3;
    if (index == 505 && is_fault("policy-late"))
        entry.kind = TALLY_ENTRY_POLICY; /* in the epoch after the one that names it */
    if (index == 450 && is_fault("two-heads"))
        entry.kind = TALLY_ENTRY_STATE;
    if (index % EPOCH_ENTRIES == 99 && !(is_fault("epoch-without-head") && index == 299))
        entry.kind = TALLY_ENTRY_STATE;
    return entry;
}

int main(int argc, char **argv)
{
    static log_folder folder;
    uint64_t size;

    if (argc < 4 || argc > 5) {
        fputs("usage: make_log FOLDER DOCUMENTS SIZE [FAULT]\n", stderr);
        return 2;
    }
    size = strtoull(argv[3], NULL, 10);
    fault = argc > 4 ? argv[4] : "";
    log_folder_begin(&folder, argv[1]);
    for (uint64_t index = 0; index < size; index++) {
        tally_entry entry = make_entry(&folder, argv[2], index);

        if (entry.kind == TALLY_ENTRY_STATE)
            write_snapshot(&folder, index, &entry);
        if (index != 420 || !append_spoilt(&folder, &entry))
            log_folder_append_entry(&folder, &entry);
    }
    log_folder_end(&folder);
    return 0;
}
