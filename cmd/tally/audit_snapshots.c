/* SPDX-License-Identifier: Apache-2.0 */
/* Check 7: each entry of kind 4 commits a head, and the head the rows of all
 * members; one head an epoch, no epoch left out. */

#include "audit.h"

#include <inttypes.h>

#include "tlog/state.h"

typedef struct bucket_reader {
    tally_audit *audit;
    tally_state_map *map;
    bool is_fine;
    tally_err err;
} bucket_reader;

static bool take_rows(void *context, const uint8_t *bytes, size_t count)
{
    bucket_reader *reader = context;
    tally_rc rc = TALLY_OK;

    if (count % TALLY_STATE_ROW_BYTES != 0)
        rc = tally_err_set(&reader->err, TALLY_E_INVALID, 0, "it ends within a row");
    for (size_t at = 0; rc == TALLY_OK && at < count; at += TALLY_STATE_ROW_BYTES)
        rc = tally_state_map_row(reader->map, reader->audit->hash, bytes + at, &reader->err);
    if (rc == TALLY_E_NOMEM)
        reader->audit->stopped = reader->err;
    reader->is_fine = rc == TALLY_OK;
    return reader->is_fine;
}

/* Take in one bucket file. False: the snapshot cannot be followed further. */
static bool take_bucket(tally_audit *audit, tally_state_map *map, uint64_t epoch)
{
    tally_state_file file = { .epoch = epoch, .part = TALLY_STATE_BUCKET, .bucket = map->bucket };
    bucket_reader reader = { .audit = audit, .map = map, .is_fine = true };
    char path[TALLY_STATE_PATH_BYTES];
    uint64_t rows = map->rows;
    tally_audit_read answer;

    (void)tally_state_path(path, &file);
    answer = tally_audit_stream_file(audit, audit->folder, path, take_rows, &reader);
    if (answer == TALLY_AUDIT_STOPPED || audit->stopped.rc != TALLY_OK)
        return false;
    if (answer == TALLY_AUDIT_ODD || !reader.is_fine) {
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS, "%s: %s", path,
                          reader.is_fine ? "no file" : reader.err.message);
        return false;
    }
    if (answer == TALLY_AUDIT_READ && map->rows == rows) {
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS, "%s is empty; an empty bucket has no file",
                          path);
        return false;
    }
    return true;
}

static void check_rows(tally_audit *audit, const tally_state_head *head, const char *path)
{
    tally_state_map map;
    tally_node root;

    tally_state_map_init(&map, head->bits);
    for (uint32_t bucket = 0; bucket < UINT32_C(1) << head->bits; bucket++) {
        const char *published = audit->bytes.bytes + bucket * sizeof(root);

        if (!take_bucket(audit, &map, head->epoch))
            return;
        if (tally_state_map_close(&map, audit->hash, &root) != TALLY_OK) {
            tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "hashing failed");
            return;
        }
        if (memcmp(published, root.bytes, sizeof(root)) != 0) {
            tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                              "%s: root %" PRIu32 " is not that of its bucket", path, bucket);
            return;
        }
    }
    if (tally_state_map_root(&map, audit->hash, &root) != TALLY_OK)
        tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "hashing failed");
    else if (!tally_node_is_equal(&root, &head->root))
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "the buckets of epoch %" PRIu32 " do not give the root of its head",
                          head->epoch);
    if (map.rows != head->rows)
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "epoch %" PRIu32 " has %" PRIu64 " rows, its head says %" PRIu64,
                          head->epoch, map.rows, head->rows);
    audit->snapshots.row_count = map.rows;
}

/* Without `roots` the rows are no longer kept, which only the newest must be. */
static bool check_buckets(tally_audit *audit, const tally_state_head *head)
{
    tally_state_file file = { .epoch = head->epoch, .part = TALLY_STATE_ROOTS };
    char path[TALLY_STATE_PATH_BYTES];
    tally_audit_read answer;

    (void)tally_state_path(path, &file);
    answer = tally_audit_read_file(audit, audit->folder, path, &audit->bytes);
    audit->snapshots.is_last_removed = answer == TALLY_AUDIT_MISSING;
    if (answer == TALLY_AUDIT_MISSING)
        audit->snapshots.removed++;
    else if (answer == TALLY_AUDIT_ODD ||
             (answer == TALLY_AUDIT_READ && audit->bytes.count != (size_t)TALLY_HASH_BYTES
                                                                      << head->bits))
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS, "%s does not have %zu bytes", path,
                          (size_t)TALLY_HASH_BYTES << head->bits);
    else if (answer == TALLY_AUDIT_READ)
        check_rows(audit, head, path);
    return audit->stopped.rc == TALLY_OK;
}

static void check_head(tally_audit *audit, uint64_t index, const tally_entry *entry,
                       const tally_state_head *head)
{
    if (!tally_text_is_equal(head->origin, audit->trust.origin))
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "the head of epoch %" PRIu32 " is of another log", entry->epoch);
    if (head->epoch != entry->epoch || head->policy != entry->policy)
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "the head of epoch %" PRIu32 " says epoch %" PRIu32 ", policy %" PRIu32,
                          entry->epoch, head->epoch, head->policy);
    if (head->log_size > index || head->log_size < audit->snapshots.log_size)
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "the head of epoch %" PRIu32 " speaks of %" PRIu64
                          " entries, committed by"
                          " entry %" PRIu64 " after one that speaks of %" PRIu64,
                          entry->epoch, head->log_size, index, audit->snapshots.log_size);
    audit->snapshots.log_size = head->log_size;
}

static void check_sequence(tally_audit *audit, const tally_entry *entry)
{
    tally_audit_snapshots *state = &audit->snapshots;

    if (state->count == 0)
        state->first_epoch = entry->epoch;
    else if (entry->epoch == state->last_epoch)
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS, "epoch %" PRIu32 " has two heads",
                          entry->epoch);
    else if (entry->epoch > state->last_epoch && entry->epoch - state->last_epoch > 1)
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "no head between epochs %" PRIu32 " and %" PRIu32, state->last_epoch,
                          entry->epoch);
    state->last_epoch = entry->epoch;
    state->count++;
}

/* audit->bytes is in use: the entries' bundle lies there. */
bool tally_audit_check_snapshot(tally_audit *audit, uint64_t index, const tally_entry *entry)
{
    tally_state_file file = { .epoch = entry->epoch, .part = TALLY_STATE_HEAD };
    tally_buffer bundle = audit->bytes;
    tally_buffer head_bytes;
    tally_err err = TALLY_ERR_INIT;
    char path[TALLY_STATE_PATH_BYTES];
    tally_state_head head;
    tally_node commitment;
    tally_audit_read answer;

    (void)tally_state_path(path, &file);
    check_sequence(audit, entry);
    audit->snapshots.is_last_removed = false;
    tally_buffer_init(&head_bytes, TALLY_STATE_HEAD_BYTES_MAX);
    tally_buffer_init(&audit->bytes, (size_t)TALLY_HASH_BYTES << TALLY_STATE_BITS_MAX);
    answer = tally_audit_read_file(audit, audit->folder, path, &head_bytes);
    if (answer == TALLY_AUDIT_MISSING || answer == TALLY_AUDIT_ODD) {
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS, "%s is %s", path,
                          answer == TALLY_AUDIT_MISSING ? "missing" : "too long, or no file");
    } else if (answer == TALLY_AUDIT_READ &&
               tally_commit_state(audit->hash, &commitment, tally_buffer_text(&head_bytes)) !=
                   TALLY_OK) {
        tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "hashing failed");
    } else if (answer == TALLY_AUDIT_READ &&
               !tally_node_is_equal(&commitment, &entry->commitment)) {
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "%s is not the head that entry %" PRIu64 " commits", path, index);
    } else if (answer == TALLY_AUDIT_READ) {
        if (tally_state_parse_head(&head, tally_buffer_text(&head_bytes), &err) == TALLY_OK) {
            check_head(audit, index, entry, &head);
            (void)check_buckets(audit, &head);
        } else {
            tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS, "%s: %s", path, err.message);
        }
    }
    tally_buffer_free(&head_bytes);
    tally_buffer_free(&audit->bytes);
    audit->bytes = bundle;
    return audit->stopped.rc == TALLY_OK;
}

void tally_audit_end_snapshots(tally_audit *audit)
{
    if (audit->snapshots.is_last_removed)
        tally_audit_fault(audit, TALLY_AUDIT_SNAPSHOTS,
                          "the rows of the newest snapshot, of epoch %" PRIu32 ", are missing",
                          audit->snapshots.last_epoch);
    audit->is_done[TALLY_AUDIT_SNAPSHOTS] = true;
}
