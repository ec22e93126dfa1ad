/* SPDX-License-Identifier: Apache-2.0 */
/* A journal in memory for tests. */

#include "memory_journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlog/note.h"
#include "tlog/snapshot.h"

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "memory_journal: %s\n", what);
    abort();
}

/* 32 bytes that depend on three numbers alone. */
static void derive(uint8_t out[static 32], uint64_t seed, uint64_t a, uint64_t b)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "%" PRIu64 "/%" PRIu64 "/%" PRIu64, seed, a, b);
    must(tally_hash_sha256(out, text, strlen(text)) == TALLY_OK, "hash");
}

static void append(memory_journal *journal, tally_entry_kind kind, const tally_node *commitment)
{
    tally_entry entry = {
        .kind = kind, .epoch = journal->epoch, .policy = journal->policy, .commitment = *commitment
    };

    if (journal->count == journal->room) {
        journal->room = journal->room == 0 ? 1024 : journal->room * 2;
        journal->entries = realloc(journal->entries, journal->room * TALLY_ENTRY_BYTES);
        must(journal->entries != NULL, "memory");
    }
    tally_entry_write(journal->entries + journal->count++ * TALLY_ENTRY_BYTES, &entry);
}

static memory_document *add_document(memory_journal *journal, const char *bytes, size_t count)
{
    memory_document *document;

    journal->documents =
        realloc(journal->documents, (journal->document_count + 1) * sizeof(*document));
    must(journal->documents != NULL, "memory");
    document = &journal->documents[journal->document_count++];
    *document =
        (memory_document){ .index = journal->count, .bytes = malloc(count), .count = count };
    must(document->bytes != NULL, "memory");
    memcpy(document->bytes, bytes, count);
    return document;
}

uint64_t memory_journal_add_document(memory_journal *journal, tally_entry_kind kind,
                                     const char *text)
{
    tally_node commitment;

    (void)add_document(journal, text, strlen(text));
    must(tally_commit_public(journal->hash, &commitment, tally_text_from(text)) == TALLY_OK,
         "hash");
    if (kind == TALLY_ENTRY_POLICY)
        journal->policy++;
    append(journal, kind, &commitment);
    return journal->count - 1;
}

void memory_journal_add(memory_journal *journal, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        tally_node commitment;

        derive(commitment.bytes, journal->seed, journal->count, 0);
        append(journal, TALLY_ENTRY_RECORD, &commitment);
    }
}

void memory_journal_member(const memory_journal *journal, size_t member, uint32_t epoch,
                           memory_member *out)
{
    tally_snapshot_state state = { .points = (int64_t)member * 10,
                                   .level = TALLY_TEXT("oak"),
                                   .policy = journal->policy,
                                   .records_root = tally_tree_empty_root };
    tally_buffer text;

    derive(out->secret32, journal->seed, member, 1);
    derive(out->salt32, journal->seed, member, 2 + (uint64_t)epoch);
    tally_buffer_init(&text, sizeof(out->state) - 1);
    must(tally_snapshot_append_state(&text, &state) == TALLY_OK, "state");
    memcpy(out->state, text.bytes, text.count + 1);
    tally_buffer_free(&text);
}

static tally_rc fill(void *context, void *out, size_t bytes, tally_err *err)
{
    memory_journal *journal = context;

    (void)err;
    for (size_t at = 0; at < bytes; at += 32) {
        uint8_t block[32];

        derive(block, journal->seed, ++journal->drawn, UINT64_MAX);
        memcpy((uint8_t *)out + at, block, bytes - at < 32 ? bytes - at : 32);
    }
    return TALLY_OK;
}

static void add_snapshot(memory_journal *journal)
{
    tally_state_head head = { .origin = TALLY_TEXT(MEMORY_ORIGIN),
                              .epoch = journal->epoch,
                              .log_size = journal->count,
                              .policy = journal->policy };
    const tally_random random = { .context = journal, .fill = fill };
    size_t count = tally_snapshot_row_count(journal->members);
    uint8_t *rows = malloc(count * TALLY_STATE_ROW_BYTES);
    memory_document *document;
    tally_buffer text;
    tally_node commitment;

    must(rows != NULL, "memory");
    for (size_t i = 0; i < journal->members; i++) {
        memory_member member;

        memory_journal_member(journal, i, journal->epoch, &member);
        must(tally_snapshot_row(journal->hash, rows + i * TALLY_STATE_ROW_BYTES, member.secret32,
                                journal->epoch, member.salt32,
                                tally_text_from(member.state)) == TALLY_OK,
             "row");
    }
    must(tally_snapshot_finish(&head, rows, journal->members, NULL, &random, journal->hash, NULL) ==
             TALLY_OK,
         "snapshot");
    tally_buffer_init(&text, TALLY_STATE_HEAD_BYTES_MAX);
    must(tally_state_append_head(&text, &head) == TALLY_OK, "head");
    must(tally_commit_state(journal->hash, &commitment, tally_buffer_text(&text)) == TALLY_OK,
         "hash");
    document = add_document(journal, text.bytes, text.count);
    document->rows = rows;
    document->row_count = count;
    tally_buffer_free(&text);
    append(journal, TALLY_ENTRY_STATE, &commitment);
}

/* ---- the calls ---- */

static tally_rc origin_of(void *context, tally_buffer *out, tally_err *err)
{
    (void)context;
    (void)err;
    return tally_buffer_append_string(out, MEMORY_ORIGIN);
}

static tally_rc size_of(void *context, uint64_t *out_size, tally_err *err)
{
    (void)err;
    *out_size = ((memory_journal *)context)->count;
    return TALLY_OK;
}

static tally_rc read_entries(void *context, uint64_t from, uint64_t count,
                             const tally_journal_sink *sink, tally_err *err)
{
    memory_journal *journal = context;

    if (from + count > journal->count)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the journal ends before");
    journal->reads += count;
    /* In uneven runs, which the contract allows. */
    while (count > 0) {
        uint64_t now = count < 100 ? count : 100;
        tally_rc rc = sink->take(sink->context, journal->entries + from * TALLY_ENTRY_BYTES,
                                 (size_t)now, err);

        if (rc != TALLY_OK)
            return rc;
        from += now;
        count -= now;
    }
    return TALLY_OK;
}

static const memory_document *find(const memory_journal *journal, uint64_t index)
{
    for (size_t i = 0; i < journal->document_count; i++) {
        if (journal->documents[i].index == index)
            return &journal->documents[i];
    }
    return NULL;
}

static tally_rc document_of(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    const memory_document *document = find(context, index);

    if (document == NULL)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no document");
    (void)tally_buffer_append(out, document->bytes, document->count);
    return TALLY_OK;
}

static tally_rc rows_of(void *context, uint64_t index, const tally_journal_row_sink *sink,
                        tally_err *err)
{
    const memory_document *document = find(context, index);

    if (document == NULL || document->rows == NULL)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no rows");
    for (size_t i = 0; i < document->row_count; i += 100) {
        size_t now = document->row_count - i < 100 ? document->row_count - i : 100;
        tally_rc rc =
            sink->take(sink->context, document->rows + i * TALLY_STATE_ROW_BYTES, now, err);

        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static uint64_t records_since(const memory_journal *journal, uint64_t from)
{
    uint64_t records = 0;

    for (uint64_t i = from; i < journal->count; i++)
        records += journal->entries[i * TALLY_ENTRY_BYTES + 1] == TALLY_ENTRY_RECORD;
    return records;
}

static tally_rc begin_beat(void *context, uint64_t beat, uint64_t *out_until, tally_err *err)
{
    memory_journal *journal = context;
    uint64_t records;

    (void)err;
    for (size_t i = journal->beat_count; i > 0; i--) {
        if (journal->beats[i - 1].beat == beat) {
            *out_until = journal->beats[i - 1].until;
            return TALLY_OK;
        }
    }
    if (journal->beats_an_epoch > 0 && journal->beat_count % journal->beats_an_epoch == 0) {
        journal->epoch += journal->beat_count > 0;
        add_snapshot(journal);
    }
    records = records_since(journal, journal->beat_start);
    while (records == 0 || records % TALLY_JOURNAL_RECORDS_MULTIPLE != 0) {
        memory_journal_add(journal, 1);
        records++;
    }
    journal->beats = realloc(journal->beats, (journal->beat_count + 1) * sizeof(*journal->beats));
    must(journal->beats != NULL, "memory");
    journal->beats[journal->beat_count++] = (memory_beat){ .beat = beat, .until = journal->count };
    journal->beat_start = journal->count;
    *out_until = journal->count;
    return TALLY_OK;
}

static tally_rc append_document(void *context, tally_entry_kind kind, tally_text document,
                                uint64_t *out_index, tally_err *err)
{
    char text[4096];

    (void)err;
    must(document.count < sizeof(text), "document");
    memcpy(text, document.bytes, document.count);
    text[document.count] = '\0';
    *out_index = memory_journal_add_document(context, kind, text);
    return TALLY_OK;
}

static const tally_journal_calls calls = {
    .origin = origin_of,
    .size = size_of,
    .read = read_entries,
    .document = document_of,
    .snapshot_head = document_of,
    .snapshot_rows = rows_of,
    .begin_beat = begin_beat,
    .append_document = append_document,
};

void memory_journal_init(memory_journal *out, uint64_t seed)
{
    memset(out, 0, sizeof(*out));
    out->seed = seed;
    out->hash = tally_hash_new();
    must(out->hash != NULL, "memory");
    out->journal = (tally_journal){ .context = out, .calls = &calls };
    (void)memory_journal_add_document(out, TALLY_ENTRY_GENESIS,
                                      "{\"origin\":\"" MEMORY_ORIGIN "\"}\n");
    (void)memory_journal_add_document(out, TALLY_ENTRY_POLICY, "points: 1\n");
}

void memory_journal_free(memory_journal *journal)
{
    for (size_t i = 0; i < journal->document_count; i++) {
        free(journal->documents[i].bytes);
        free(journal->documents[i].rows);
    }
    free(journal->documents);
    free(journal->entries);
    free(journal->beats);
    tally_hash_free(journal->hash);
}

void memory_journal_signer(tally_signer *out, bool is_rotated)
{
    /* keys/log.seed.hex and keys/log-rotated.seed.hex of the vectors. */
    static const uint8_t seeds[2][TALLY_ED25519_SEED_BYTES] = {
        { 0xdb, 0xa1, 0xef, 0x32, 0xcb, 0x08, 0x20, 0xe6, 0x0e, 0x64, 0xd8,
          0x46, 0x77, 0xa7, 0x24, 0x6a, 0x44, 0x5c, 0xae, 0x55, 0xba, 0xcb,
          0x49, 0x39, 0x30, 0x62, 0x7c, 0xdc, 0xf3, 0x9e, 0x3b, 0xbd },
        { 0x8c, 0xbd, 0x63, 0xe7, 0xd9, 0xfa, 0xab, 0xe4, 0x12, 0x29, 0x64,
          0x11, 0x9b, 0xb1, 0x4e, 0x2c, 0x67, 0x45, 0xba, 0xd0, 0x59, 0x47,
          0xb6, 0x9a, 0x54, 0x5e, 0x2f, 0x44, 0x34, 0xf8, 0xec, 0x26 },
    };

    *out = (tally_signer){ .name = TALLY_TEXT(MEMORY_ORIGIN), .kind = TALLY_KEY_LOG };
    memcpy(out->seed32, seeds[is_rotated], sizeof(out->seed32));
}
