/* SPDX-License-Identifier: Apache-2.0 */
/* A member's check of the own row. Nothing that was read is used before it is
 * bound to the signed root: the entries from the newest snapshot to the end of the
 * log are hashed again together with the edge before them, so that there cannot be
 * a later one, nor another one for the same epoch. */

#include "tlog/self_check.h"

#include <inttypes.h>

#include "util/alloc.h"

#define ENTRIES_BACK_MAX   (UINT64_C(1) << 20)
#define FILE_BYTES_MAX     ((size_t)16 << 20)
#define HEADS_AN_EPOCH_MAX 1u

typedef struct check {
    const tally_self_claim *claim;
    tally_self_result *out;
    tally_hash *hash;
    tally_buffer *out_note;
    tally_buffer note, file;
    tally_buffer head_text;
    tally_checkpoint checkpoint;
    tally_reading reading;
    tally_tile_tree tree;
    tally_tree_source tiles;
    tally_bundle bundle;
    /* The newest snapshot. */
    tally_entry entry;
    uint64_t heads; /* of its epoch */
    tally_state_head head;
    tally_err *err;
} check;

static tally_rc fault(check *at, tally_self_fault what, const char *sentence)
{
    at->out->fault = what;
    return tally_err_set(at->err, TALLY_E_CORRUPT, 0, "%s", sentence);
}

static tally_rc no_memory(check *at)
{
    return tally_err_set(at->err, TALLY_E_NOMEM, 0, "memory is short");
}

/* ---- (1) the checkpoint ---- */

static tally_rc check_history(check *at)
{
    tally_trust trust = *at->claim->trust;
    tally_tree_growth growth;
    tally_opened kept;
    tally_proof proof;
    tally_rc rc;

    if (at->claim->kept.count == 0)
        return TALLY_OK;
    /* Witnesses vouch for the newest; the kept one was checked when it was kept. */
    trust.quorum = 0;
    rc = tally_checkpoint_open(&kept, at->claim->kept, &trust, NULL);
    if (rc == TALLY_E_NOMEM)
        return no_memory(at);
    if (rc != TALLY_OK)
        return tally_err_set(at->err, TALLY_E_INVALID, 0,
                             "the kept checkpoint is none of this log's");
    growth = (tally_tree_growth){ .from = kept.checkpoint.size, .to = at->checkpoint.size };
    if (growth.from > growth.to)
        return fault(at, TALLY_SELF_HISTORY,
                     "the log was rolled back: it is smaller than the checkpoint kept from before");
    if (growth.from == 0)
        return TALLY_OK;
    rc = tally_proof_consistency(&proof, &at->tiles, at->hash, growth, at->err);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_proof_check_consistency(&proof, at->hash, growth, &kept.checkpoint.root,
                                       &at->checkpoint.root, NULL);
    if (rc == TALLY_E_INVALID)
        return fault(at, TALLY_SELF_HISTORY,
                     "the log did not grow from the checkpoint kept from before: it was rewritten");
    return rc == TALLY_OK ? rc : no_memory(at);
}

static tally_rc load_checkpoint(check *at)
{
    tally_err inner = TALLY_ERR_INIT;
    tally_opened opened;
    bool exists = false;
    tally_rc rc = at->reading.source.read(at->reading.source.context, TALLY_READING_CHECKPOINT,
                                          &at->note, &exists, at->err);

    if (rc == TALLY_OK && !exists)
        return tally_err_set(at->err, TALLY_E_RETRY, 0, "the log has no checkpoint");
    if (rc != TALLY_OK && rc != TALLY_E_LIMIT)
        return rc;
    if (rc == TALLY_OK)
        rc = tally_checkpoint_open(&opened, tally_buffer_text(&at->note), at->claim->trust, &inner);
    if (rc == TALLY_E_NOMEM)
        return no_memory(at);
    if (rc != TALLY_OK)
        return fault(at, TALLY_SELF_CHECKPOINT,
                     inner.rc != TALLY_OK ? inner.message : "the checkpoint is too long");
    at->checkpoint = opened.checkpoint;
    at->out->size = opened.checkpoint.size;
    at->out->time_s = opened.time_s;
    at->reading.size = opened.checkpoint.size;
    at->tree.reader = tally_reading_tiles(&at->reading);
    at->tree.hash = at->hash;
    at->tree.size = opened.checkpoint.size;
    at->tiles = tally_tile_tree_source(&at->tree);
    if (at->out_note != NULL &&
        tally_buffer_append_text(at->out_note, tally_buffer_text(&at->note)) != TALLY_OK)
        return no_memory(at);
    return check_history(at);
}

/* ---- (2) the newest snapshot ---- */

/* Where the bundles begin that hold all entries of the epoch of the newest
 * snapshot. What is read here only says where to begin; nothing is believed. */
static tally_rc find_start(check *at, uint64_t *out_start)
{
    uint64_t size = at->checkpoint.size;
    uint64_t bundle = (size + TALLY_TILE_WIDTH - 1) / TALLY_TILE_WIDTH;
    uint32_t epoch = 0;
    bool is_found = false;

    while (bundle > 0) {
        tally_entry entry;
        tally_rc rc;

        bundle--;
        if (size - bundle * TALLY_TILE_WIDTH > ENTRIES_BACK_MAX)
            return tally_err_set(at->err, TALLY_E_LIMIT, 0,
                                 "the newest snapshot is too far back to look for");
        rc = tally_reading_bundle(&at->reading, bundle, &at->bundle, at->err);
        if (rc == TALLY_E_CORRUPT)
            return fault(at, TALLY_SELF_LOG, "a bundle of entries is none");
        if (rc != TALLY_OK)
            return rc;
        for (uint32_t i = at->bundle.count; i > 0; i--) {
            if (tally_entry_parse(&entry, at->bundle.entries[i - 1], NULL) != TALLY_OK)
                return fault(at, TALLY_SELF_LOG, "an entry of the log is none");
            if (is_found && entry.epoch < epoch) {
                *out_start = bundle * TALLY_TILE_WIDTH;
                return TALLY_OK;
            }
            if (!is_found && entry.kind == TALLY_ENTRY_STATE) {
                is_found = true;
                epoch = entry.epoch;
            }
        }
    }
    *out_start = 0;
    return TALLY_OK;
}

static void meet_entry(check *at, uint64_t index, const tally_entry *entry)
{
    if (entry->kind != TALLY_ENTRY_STATE)
        return;
    at->heads = at->heads > 0 && at->entry.epoch == entry->epoch ? at->heads + 1 : 1;
    at->entry = *entry;
    at->out->index = index;
    at->out->epoch = entry->epoch;
}

/* Hash the entries from here to the end of the log, on the edge before them. */
static tally_rc walk_to_end(check *at, uint64_t start)
{
    tally_tree_edge edge;
    tally_node node;
    tally_rc rc = tally_reading_edge(&at->tiles, start, &edge, at->err);

    while (rc == TALLY_OK && edge.size < at->checkpoint.size) {
        rc = tally_reading_bundle(&at->reading, edge.size / TALLY_TILE_WIDTH, &at->bundle, at->err);
        if (rc == TALLY_E_CORRUPT)
            return fault(at, TALLY_SELF_LOG, "a bundle of entries is none");
        for (uint32_t i = 0; rc == TALLY_OK && i < at->bundle.count; i++) {
            tally_entry entry;

            if (tally_entry_parse(&entry, at->bundle.entries[i], NULL) != TALLY_OK)
                return fault(at, TALLY_SELF_LOG, "an entry of the log is none");
            meet_entry(at, edge.size, &entry);
            if (tally_tree_hash_leaf(at->hash, &node, at->bundle.entries[i].bytes,
                                     at->bundle.entries[i].count) != TALLY_OK ||
                tally_tree_append(&edge, at->hash, &node) != TALLY_OK)
                return no_memory(at);
        }
    }
    if (rc != TALLY_OK)
        return rc;
    if (tally_tree_root(&edge, at->hash, &node) != TALLY_OK)
        return no_memory(at);
    return tally_node_is_equal(&node, &at->checkpoint.root)
               ? TALLY_OK
               : fault(at, TALLY_SELF_LOG, "the log's files do not give the root that was signed");
}

static tally_rc find_snapshot(check *at)
{
    uint64_t start = 0;
    tally_rc rc = find_start(at, &start);

    if (rc == TALLY_OK)
        rc = walk_to_end(at, start);
    if (rc != TALLY_OK)
        return rc;
    if (at->heads == 0)
        return fault(at, TALLY_SELF_NO_HEAD, "the log has no snapshot");
    if (at->heads > HEADS_AN_EPOCH_MAX)
        return fault(at, TALLY_SELF_TWO_HEADS, "the log has two snapshots for one epoch");
    if (at->entry.epoch > at->claim->epoch_now)
        return fault(at, TALLY_SELF_STALE, "the newest snapshot is of an epoch that has not come");
    if (at->claim->epoch_now - at->entry.epoch > at->claim->epochs_max)
        return fault(at, TALLY_SELF_STALE, "the newest snapshot is too old");
    return TALLY_OK;
}

/* ---- (3) the own row ---- */

static tally_rc read_part(check *at, tally_state_part part, uint64_t bucket, tally_buffer *out,
                          bool *out_exists)
{
    const tally_state_file file = { .epoch = at->entry.epoch, .part = part, .bucket = bucket };
    char path[TALLY_STATE_PATH_BYTES];
    tally_rc rc;

    (void)tally_state_path(path, &file);
    rc = at->reading.source.read(at->reading.source.context, path, out, out_exists, at->err);
    if (rc == TALLY_OK && !*out_exists && part != TALLY_STATE_BUCKET)
        return tally_err_set(at->err, TALLY_E_RETRY, 0, "%s is missing", path);
    return rc;
}

static tally_rc check_head(check *at)
{
    tally_node commitment;
    bool exists = false;
    tally_rc rc = read_part(at, TALLY_STATE_HEAD, 0, &at->head_text, &exists);

    if (rc == TALLY_E_LIMIT)
        return fault(at, TALLY_SELF_HEAD, "the head of the snapshot is too long");
    if (rc != TALLY_OK)
        return rc;
    if (tally_commit_state(at->hash, &commitment, tally_buffer_text(&at->head_text)) != TALLY_OK)
        return no_memory(at);
    if (!tally_node_is_equal(&commitment, &at->entry.commitment) ||
        tally_state_parse_head(&at->head, tally_buffer_text(&at->head_text), NULL) != TALLY_OK ||
        at->head.epoch != at->entry.epoch || at->head.policy != at->entry.policy ||
        at->head.log_size > at->out->index ||
        !tally_text_is_equal(at->head.origin, at->checkpoint.origin))
        return fault(at, TALLY_SELF_HEAD,
                     "the head of the snapshot is not the one that was logged");
    at->out->log_size = at->head.log_size;
    return TALLY_OK;
}

/* The root of one bucket; finds the row with this label on the way. A map of one
 * bucket does the checking: rows ascend and belong to it. */
static tally_rc check_rows(check *at, uint32_t bucket, const tally_node *label,
                           const uint8_t **out_row, tally_node *out_root)
{
    tally_state_map map = { .bits = at->head.bits, .bucket = bucket };
    const uint8_t *rows = (const uint8_t *)at->file.bytes;
    size_t count = at->file.count / TALLY_STATE_ROW_BYTES;
    tally_err inner = TALLY_ERR_INIT;

    if (at->file.count % TALLY_STATE_ROW_BYTES != 0 || count > at->head.rows)
        return fault(at, TALLY_SELF_ROWS, "the bucket is no list of rows");
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = rows + i * TALLY_STATE_ROW_BYTES;
        tally_rc rc = tally_state_map_row(&map, at->hash, row, &inner);

        if (rc == TALLY_E_INVALID)
            return fault(at, TALLY_SELF_ROWS, inner.message);
        if (rc != TALLY_OK)
            return no_memory(at);
        if (memcmp(row, label->bytes, TALLY_HASH_BYTES) == 0)
            *out_row = row;
    }
    return tally_state_map_close(&map, at->hash, out_root) == TALLY_OK ? TALLY_OK : no_memory(at);
}

/* The list of roots gives the root in the head, and has this one in its place. */
static tally_rc check_roots(check *at, uint32_t bucket, const tally_node *root)
{
    tally_tree_edge edge = { .size = 0 };
    tally_node node;
    bool exists = false;
    tally_rc rc = read_part(at, TALLY_STATE_ROOTS, 0, &at->file, &exists);

    if (rc == TALLY_E_LIMIT ||
        (rc == TALLY_OK && at->file.count != sizeof(tally_node) << at->head.bits))
        return fault(at, TALLY_SELF_ROWS, "the list of roots has not its length");
    if (rc != TALLY_OK)
        return rc;
    if (memcmp(at->file.bytes + bucket * sizeof(node), root->bytes, sizeof(node)) != 0)
        return fault(at, TALLY_SELF_ROWS, "the rows of the bucket do not give its root");
    for (uint32_t i = 0; i < UINT32_C(1) << at->head.bits; i++) {
        if (tally_tree_hash_leaf(at->hash, &node, at->file.bytes + i * sizeof(node),
                                 sizeof(node)) != TALLY_OK ||
            tally_tree_append(&edge, at->hash, &node) != TALLY_OK)
            return no_memory(at);
    }
    if (tally_tree_root(&edge, at->hash, &node) != TALLY_OK)
        return no_memory(at);
    return tally_node_is_equal(&node, &at->head.root)
               ? TALLY_OK
               : fault(at, TALLY_SELF_ROWS, "the roots of the buckets do not give the head's");
}

static tally_rc check_row(check *at)
{
    const uint8_t *row = NULL;
    uint8_t content[TALLY_HASH_BYTES];
    tally_node label, root, commitment;
    uint32_t bucket;
    bool exists = false;
    tally_rc rc;

    if (tally_commit_label(at->hash, &label, at->claim->secret32, at->entry.epoch) != TALLY_OK)
        return no_memory(at);
    bucket = tally_state_bucket(label.bytes, at->head.bits);
    rc = read_part(at, TALLY_STATE_BUCKET, bucket, &at->file, &exists);
    if (rc == TALLY_E_LIMIT)
        return fault(at, TALLY_SELF_ROWS, "the bucket is too long");
    if (rc == TALLY_OK)
        rc = check_rows(at, bucket, &label, &row, &root);
    if (rc == TALLY_OK && row != NULL)
        memcpy(content, row + TALLY_HASH_BYTES, sizeof(content));
    if (rc == TALLY_OK)
        rc = check_roots(at, bucket, &root);
    if (rc != TALLY_OK)
        return rc;
    if (at->claim->is_erased)
        return row == NULL ? TALLY_OK
                           : fault(at, TALLY_SELF_STATE, "the row is still there after erasure");
    if (row == NULL)
        return fault(at, TALLY_SELF_ABSENT, "no row of the snapshot is yours");
    /* (4) */
    if (tally_commit_member(at->hash, &commitment, at->claim->salt32, at->claim->state) != TALLY_OK)
        return no_memory(at);
    return memcmp(commitment.bytes, content, sizeof(content)) == 0
               ? TALLY_OK
               : fault(at, TALLY_SELF_STATE,
                       "your row says something else than what you were shown");
}

/* ---- (5) policy, records, points ---- */

/* Does the log have this entry there? Its inclusion is proven from the tiles. */
static tally_rc check_included(check *at, uint64_t index, tally_text entry, tally_self_fault what,
                               const char *sentence, tally_node *out_leaf)
{
    const tally_tree_place place = { .index = index, .size = at->checkpoint.size };
    tally_proof proof;
    tally_rc rc;

    if (index >= at->checkpoint.size)
        return fault(at, what, sentence);
    if (tally_tree_hash_leaf(at->hash, out_leaf, entry.bytes, entry.count) != TALLY_OK)
        return no_memory(at);
    rc = tally_proof_inclusion(&proof, &at->tiles, at->hash, place, at->err);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_proof_check_inclusion(&proof, at->hash, place, out_leaf, &at->checkpoint.root, NULL);
    if (rc == TALLY_E_INVALID)
        return fault(at, what, sentence);
    return rc == TALLY_OK ? rc : no_memory(at);
}

static tally_rc check_policy(check *at)
{
    static const char sentence[] = "the policy is not the one that was logged";
    uint64_t index = at->claim->policy_index;
    uint8_t bytes[TALLY_ENTRY_BYTES];
    tally_entry entry;
    tally_node commitment, leaf;
    tally_rc rc;

    if (!at->claim->has_policy)
        return TALLY_OK;
    if (index >= at->checkpoint.size)
        return fault(at, TALLY_SELF_POLICY, sentence);
    rc = tally_reading_bundle(&at->reading, index / TALLY_TILE_WIDTH, &at->bundle, at->err);
    if (rc == TALLY_E_CORRUPT)
        return fault(at, TALLY_SELF_LOG, "a bundle of entries is none");
    if (rc != TALLY_OK)
        return rc;
    if (tally_entry_parse(&entry, at->bundle.entries[index % TALLY_TILE_WIDTH], NULL) != TALLY_OK)
        return fault(at, TALLY_SELF_POLICY, sentence);
    memcpy(bytes, at->bundle.entries[index % TALLY_TILE_WIDTH].bytes, sizeof(bytes));
    if (tally_commit_public(at->hash, &commitment, at->claim->policy) != TALLY_OK)
        return no_memory(at);
    if (entry.kind != TALLY_ENTRY_POLICY || entry.policy != at->out->state.policy ||
        !tally_node_is_equal(&entry.commitment, &commitment))
        return fault(at, TALLY_SELF_POLICY, sentence);
    return check_included(at, index, tally_text_of((const char *)bytes, sizeof(bytes)),
                          TALLY_SELF_POLICY, sentence, &leaf);
}

static tally_rc check_records(check *at)
{
    static const char sentence[] = "your records are not those that the log has";
    tally_tree_edge edge = { .size = 0 };
    tally_node node;

    if (!at->claim->has_records)
        return TALLY_OK;
    if (at->claim->record_count != at->out->state.record_count)
        return fault(at, TALLY_SELF_RECORDS, "more or fewer records were counted than you have");
    for (size_t i = 0; i < at->claim->record_count; i++) {
        const tally_self_record *record = &at->claim->records[i];
        tally_rc rc;

        if ((i > 0 && record->index <= record[-1].index) || record->index >= at->head.log_size)
            return fault(at, TALLY_SELF_RECORDS, sentence);
        rc = check_included(at, record->index, record->entry, TALLY_SELF_RECORDS, sentence, &node);
        if (rc != TALLY_OK)
            return rc;
        if (tally_tree_append(&edge, at->hash, &node) != TALLY_OK)
            return no_memory(at);
    }
    if (tally_tree_root(&edge, at->hash, &node) != TALLY_OK)
        return no_memory(at);
    if (!tally_node_is_equal(&node, &at->out->state.records_root))
        return fault(at, TALLY_SELF_RECORDS, "other records were counted than you have");
    if (at->claim->points != at->out->state.points)
        return fault(at, TALLY_SELF_POINTS, "the policy gives other points for your records");
    return TALLY_OK;
}

static tally_rc run(check *at)
{
    tally_rc rc = load_checkpoint(at);

    if (rc == TALLY_OK)
        rc = find_snapshot(at);
    if (rc == TALLY_OK)
        rc = check_head(at);
    if (rc == TALLY_OK)
        rc = check_row(at);
    if (rc == TALLY_OK && !at->claim->is_erased) {
        rc = check_policy(at);
        if (rc == TALLY_OK)
            rc = check_records(at);
    }
    return rc;
}

tally_rc tally_self_check(tally_self_result *out, tally_files_source source,
                          const tally_self_claim *claim, tally_buffer *out_note, tally_err *err)
{
    check *at = tally_alloc_zeroed(sizeof(*at));
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    if (at == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    at->claim = claim;
    at->out = out;
    at->out_note = out_note;
    at->err = err;
    at->hash = tally_hash_new();
    tally_buffer_init(&at->note, TALLY_NOTE_BYTES_MAX);
    tally_buffer_init(&at->head_text, TALLY_STATE_HEAD_BYTES_MAX);
    tally_buffer_init(&at->file, FILE_BYTES_MAX);
    tally_reading_init(&at->reading, source, 0);
    rc = at->hash == NULL ? no_memory(at) : TALLY_OK;
    if (rc == TALLY_OK && !claim->is_erased)
        rc = tally_snapshot_parse_state(&out->state, claim->state, err);
    if (rc == TALLY_OK)
        rc = run(at);
    tally_reading_free(&at->reading);
    tally_buffer_free(&at->note);
    tally_buffer_free(&at->head_text);
    tally_buffer_free(&at->file);
    tally_hash_free(at->hash);
    tally_release(at);
    return rc;
}
