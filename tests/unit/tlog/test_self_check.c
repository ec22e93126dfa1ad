/* SPDX-License-Identifier: Apache-2.0 */
/* A member's check of the own row, by the public function, against logs that are
 * signed in good order and say something false. */

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tally/tlog.h"
#include "tlog/bundle.h"
#include "tlog/checkpoint.h"
#include "tlog/snapshot.h"
#include "tlog/tile.h"
#include "util/alloc.h"

#define ORIGIN      "log.example.org/recognition"
#define FILES_MAX   64
#define ENTRIES_MAX 2000
#define BUCKETS     2u
#define ROWS        256u
#define RECORDS     3u

/* keys/log.seed.hex of the vectors, and its verifier key. */
static const uint8_t seed[TALLY_ED25519_SEED_BYTES] = {
    0xdb, 0xa1, 0xef, 0x32, 0xcb, 0x08, 0x20, 0xe6, 0x0e, 0x64, 0xd8, 0x46, 0x77, 0xa7, 0x24, 0x6a,
    0x44, 0x5c, 0xae, 0x55, 0xba, 0xcb, 0x49, 0x39, 0x30, 0x62, 0x7c, 0xdc, 0xf3, 0x9e, 0x3b, 0xbd
};
static const char vkey[] =
    "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+";
static const char policy[] = "points: 1\n";

typedef struct stored {
    char path[96];
    char *bytes;
    size_t count;
} stored;

/* A log as a dishonest programme could write it: nothing here checks anything. */
static struct {
    tally_hash *hash;
    stored files[FILES_MAX];
    size_t file_count;
    uint8_t entries[ENTRIES_MAX][TALLY_ENTRY_BYTES];
    uint64_t size;
    uint32_t epoch;
    /* The rows of the snapshot, by bucket. */
    uint8_t rows[BUCKETS][2 * ROWS][TALLY_STATE_ROW_BYTES];
    size_t counts[BUCKETS];
    size_t own_bucket, own_row;
    /* What the member has. */
    uint8_t secret[32], salt[32];
    char state[TALLY_SNAPSHOT_STATE_BYTES_MAX];
    tally_tlog_record records[RECORDS];
    tally_tlog_claim claim;
    tally_tlog_member *answer;
    char *kept;
} evil;

static void put(const char *path, const void *bytes, size_t count)
{
    stored *file = NULL;

    for (size_t i = 0; i < evil.file_count; i++) {
        if (strcmp(evil.files[i].path, path) == 0)
            file = &evil.files[i];
    }
    if (file == NULL) {
        assert_true(evil.file_count < FILES_MAX);
        file = &evil.files[evil.file_count++];
        (void)snprintf(file->path, sizeof(file->path), "%s", path);
    }
    free(file->bytes);
    file->bytes = malloc(count + 1);
    assert_non_null(file->bytes);
    memcpy(file->bytes, bytes, count);
    file->count = count;
}

static stored *get(const char *path)
{
    for (size_t i = 0; i < evil.file_count; i++) {
        if (strcmp(evil.files[i].path, path) == 0)
            return &evil.files[i];
    }
    return NULL;
}

static tally_rc read_file(void *context, const char *path,
                          tally_rc (*take)(void *taker, const void *bytes, size_t count),
                          void *taker, tally_err *err)
{
    const stored *file = get(path);

    (void)context;
    if (file == NULL)
        return tally_err_set(err, TALLY_E_RETRY, 0, "no %s", path);
    return take(taker, file->bytes, file->count);
}

static uint64_t append(tally_entry_kind kind, const tally_node *commitment)
{
    const tally_entry entry = {
        .kind = kind, .epoch = evil.epoch, .policy = evil.size > 0, .commitment = *commitment
    };

    assert_true(evil.size < ENTRIES_MAX);
    tally_entry_write(evil.entries[evil.size], &entry);
    return evil.size++;
}

static uint64_t append_public(tally_entry_kind kind, const char *document)
{
    tally_node commitment;

    assert_int_equal(tally_commit_public(evil.hash, &commitment, tally_text_from(document)),
                     TALLY_OK);
    return append(kind, &commitment);
}

static void append_records(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        tally_node commitment;

        assert_int_equal(tally_hash_sha256(commitment.bytes, &evil.size, sizeof(evil.size)),
                         TALLY_OK);
        (void)append(TALLY_ENTRY_RECORD, &commitment);
    }
}

/* ---- the snapshot ---- */

/* Honest rows; the member is one of 200. */
static void make_rows(void)
{
    static uint8_t rows[ROWS][TALLY_STATE_ROW_BYTES];
    tally_node label;

    assert_int_equal(tally_commit_label(evil.hash, &label, evil.secret, evil.epoch), TALLY_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint8_t secret[32], salt[32] = { 1 };

        assert_int_equal(tally_hash_sha256(secret, &i, sizeof(i)), TALLY_OK);
        assert_int_equal(
            tally_snapshot_row(evil.hash, rows[i], i == 0 ? evil.secret : secret, evil.epoch,
                               i == 0 ? evil.salt : salt,
                               i == 0 ? tally_text_from(evil.state) : TALLY_SNAPSHOT_PAD),
            TALLY_OK);
    }
    /* A sort that is long enough for 256. */
    for (size_t i = 1; i < ROWS; i++) {
        for (size_t j = i; j > 0 && memcmp(rows[j - 1], rows[j], 32) > 0; j--) {
            uint8_t kept[TALLY_STATE_ROW_BYTES];

            memcpy(kept, rows[j], sizeof(kept));
            memcpy(rows[j], rows[j - 1], sizeof(kept));
            memcpy(rows[j - 1], kept, sizeof(kept));
        }
    }
    memset(evil.counts, 0, sizeof(evil.counts));
    for (size_t i = 0; i < ROWS; i++) {
        size_t bucket = rows[i][0] >> 7;

        if (memcmp(rows[i], label.bytes, 32) == 0) {
            evil.own_bucket = bucket;
            evil.own_row = evil.counts[bucket];
        }
        memcpy(evil.rows[bucket][evil.counts[bucket]++], rows[i], TALLY_STATE_ROW_BYTES);
    }
    assert_true(evil.own_row > 0 && evil.own_row + 1 < evil.counts[evil.own_bucket]);
}

/* Publish the rows as they are, with a head that speaks the truth about them. */
static uint64_t append_snapshot(tally_state_head head)
{
    tally_tree_edge map = { .size = 0 };
    tally_node roots[BUCKETS], leaf, commitment;
    tally_buffer text;
    char path[TALLY_STATE_PATH_BYTES];

    for (size_t i = 0; i < BUCKETS; i++) {
        const tally_state_file file = { .epoch = head.epoch,
                                        .part = TALLY_STATE_BUCKET,
                                        .bucket = i };
        tally_tree_edge edge = { .size = 0 };

        for (size_t j = 0; j < evil.counts[i]; j++) {
            assert_int_equal(
                tally_tree_hash_leaf(evil.hash, &leaf, evil.rows[i][j], TALLY_STATE_ROW_BYTES),
                TALLY_OK);
            assert_int_equal(tally_tree_append(&edge, evil.hash, &leaf), TALLY_OK);
        }
        assert_int_equal(tally_tree_root(&edge, evil.hash, &roots[i]), TALLY_OK);
        assert_int_equal(tally_tree_hash_leaf(evil.hash, &leaf, roots[i].bytes, 32), TALLY_OK);
        assert_int_equal(tally_tree_append(&map, evil.hash, &leaf), TALLY_OK);
        (void)tally_state_path(path, &file);
        put(path, evil.rows[i], evil.counts[i] * TALLY_STATE_ROW_BYTES);
    }
    assert_int_equal(tally_tree_root(&map, evil.hash, &head.root), TALLY_OK);
    {
        tally_state_file file = { .epoch = head.epoch, .part = TALLY_STATE_ROOTS };

        (void)tally_state_path(path, &file);
        put(path, roots, sizeof(roots));
        tally_buffer_init(&text, TALLY_STATE_HEAD_BYTES_MAX);
        assert_int_equal(tally_state_append_head(&text, &head), TALLY_OK);
        file.part = TALLY_STATE_HEAD;
        (void)tally_state_path(path, &file);
        put(path, text.bytes, text.count);
        assert_int_equal(tally_commit_state(evil.hash, &commitment, tally_buffer_text(&text)),
                         TALLY_OK);
        tally_buffer_free(&text);
    }
    return append(TALLY_ENTRY_STATE, &commitment);
}

static tally_state_head honest_head(void)
{
    return (tally_state_head){ .origin = TALLY_TEXT(ORIGIN),
                               .epoch = evil.epoch,
                               .log_size = evil.size,
                               .policy = 1,
                               .bits = 1,
                               .rows = ROWS };
}

/* ---- publishing ---- */

static tally_rc put_tile(void *context, const tally_tile *tile, const tally_node *nodes,
                         tally_err *err)
{
    char path[TALLY_TILE_PATH_BYTES];

    (void)context;
    (void)err;
    (void)tally_tile_path(path, tile);
    put(path, nodes, tile->width * sizeof(*nodes));
    return TALLY_OK;
}

static void publish(void)
{
    static tally_tile_stack stack;
    const tally_tile_sink sink = { .take = put_tile };
    tally_signer signer = { .name = TALLY_TEXT(ORIGIN), .kind = TALLY_KEY_LOG };
    tally_checkpoint checkpoint = { .origin = TALLY_TEXT(ORIGIN), .size = evil.size };
    tally_buffer bundle, text, note;

    memcpy(signer.seed32, seed, sizeof(seed));
    tally_buffer_init(&bundle, TALLY_BUNDLE_BYTES_MAX);
    stack.size = 0;
    for (uint64_t i = 0; i < evil.size; i++) {
        const tally_text entry = tally_text_of((const char *)evil.entries[i], TALLY_ENTRY_BYTES);
        tally_node leaf;

        assert_int_equal(tally_tree_hash_leaf(evil.hash, &leaf, entry.bytes, entry.count),
                         TALLY_OK);
        assert_int_equal(tally_tile_stack_append(&stack, evil.hash, &leaf, &sink, NULL), TALLY_OK);
        assert_int_equal(tally_bundle_append(&bundle, entry), TALLY_OK);
        if ((i + 1) % TALLY_TILE_WIDTH == 0 || i + 1 == evil.size) {
            uint32_t width = (uint32_t)((i + 1) % TALLY_TILE_WIDTH);
            const tally_tile tile = { .holds_entries = true,
                                      .index = i / TALLY_TILE_WIDTH,
                                      .width = width > 0 ? width : TALLY_TILE_WIDTH };
            char path[TALLY_TILE_PATH_BYTES];

            (void)tally_tile_path(path, &tile);
            put(path, bundle.bytes, bundle.count);
            tally_buffer_reset(&bundle);
        }
    }
    assert_int_equal(tally_tile_stack_flush(&stack, &sink, NULL), TALLY_OK);
    assert_int_equal(tally_tile_stack_root(&stack, evil.hash, &checkpoint.root), TALLY_OK);
    tally_buffer_init(&text, 4096);
    tally_buffer_init(&note, 4096);
    assert_int_equal(tally_checkpoint_append(&text, &checkpoint), TALLY_OK);
    assert_int_equal(tally_note_sign(&note, tally_buffer_text(&text), &signer, 1, NULL), TALLY_OK);
    put("checkpoint", note.bytes, note.count);
    tally_buffer_free(&bundle);
    tally_buffer_free(&text);
    tally_buffer_free(&note);
}

/* ---- the member ---- */

static void begin(void)
{
    tally_snapshot_state state = { .points = 42, .level = TALLY_TEXT("oak"), .policy = 1 };
    tally_tree_edge edge = { .size = 0 };
    tally_buffer text;

    memset(evil.secret, 7, sizeof(evil.secret));
    memset(evil.salt, 8, sizeof(evil.salt));
    evil.size = 0;
    evil.epoch = 3;
    (void)append_public(TALLY_ENTRY_GENESIS, "genesis");
    evil.claim.policy_index = append_public(TALLY_ENTRY_POLICY, policy);
    append_records(600);
    for (size_t i = 0; i < RECORDS; i++) {
        tally_node leaf;

        evil.records[i].index = 5 + 250 * i;
        memcpy(evil.records[i].entry, evil.entries[evil.records[i].index], TALLY_ENTRY_BYTES);
        assert_int_equal(
            tally_tree_hash_leaf(evil.hash, &leaf, evil.records[i].entry, TALLY_ENTRY_BYTES),
            TALLY_OK);
        assert_int_equal(tally_tree_append(&edge, evil.hash, &leaf), TALLY_OK);
    }
    state.record_count = RECORDS;
    assert_int_equal(tally_tree_root(&edge, evil.hash, &state.records_root), TALLY_OK);
    tally_buffer_init(&text, sizeof(evil.state) - 1);
    assert_int_equal(tally_snapshot_append_state(&text, &state), TALLY_OK);
    memcpy(evil.state, text.bytes, text.count + 1);
    tally_buffer_free(&text);
    evil.claim = (tally_tlog_claim){ .epoch_now = evil.epoch,
                                     .secret32 = evil.secret,
                                     .salt32 = evil.salt,
                                     .state = evil.state,
                                     .state_bytes = strlen(evil.state),
                                     .policy = policy,
                                     .policy_bytes = strlen(policy),
                                     .policy_index = evil.claim.policy_index,
                                     .records = evil.records,
                                     .record_count = RECORDS,
                                     .points = 42 };
    make_rows();
}

static void finish(void)
{
    (void)append_snapshot(honest_head());
    append_records(300);
    publish();
}

static tally_rc ask(void)
{
    const char *const keys[] = { vkey };
    const tally_tlog_trust trust = { .log_keys = keys, .log_key_count = 1 };
    const tally_tlog_files files = { .read = read_file };
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = tally_tlog_check_member(evil.answer, &trust, &files, &evil.claim, &err);

    assert_int_equal(rc == TALLY_OK, err.rc == TALLY_OK);
    return rc;
}

static void assert_fault(tally_tlog_member_fault wanted)
{
    tally_rc rc = ask();

    assert_int_equal(evil.answer->fault, wanted);
    assert_int_equal(rc, wanted == TALLY_TLOG_MEMBER_OK ? TALLY_OK : TALLY_E_CORRUPT);
}

static int set_up(void **state)
{
    (void)state;
    evil.hash = tally_hash_new();
    evil.answer = malloc(sizeof(*evil.answer));
    assert_non_null(evil.hash);
    assert_non_null(evil.answer);
    begin();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < evil.file_count; i++)
        free(evil.files[i].bytes);
    free(evil.answer);
    free(evil.kept);
    tally_hash_free(evil.hash);
    memset(&evil, 0, sizeof(evil));
    return 0;
}

static void keep(void)
{
    evil.kept = malloc(evil.answer->checkpoint_bytes);
    assert_non_null(evil.kept);
    memcpy(evil.kept, evil.answer->checkpoint, evil.answer->checkpoint_bytes);
    evil.claim.kept = evil.kept;
    evil.claim.kept_bytes = evil.answer->checkpoint_bytes;
}

/* ---- the tests ---- */

static void what_was_published_is_found(void **state)
{
    (void)state;
    finish();
    assert_fault(TALLY_TLOG_MEMBER_OK);
    assert_int_equal(evil.answer->head.size, evil.size);
    assert_int_equal(evil.answer->index, 602);
    assert_int_equal(evil.answer->log_size, 602);
    assert_int_equal(evil.answer->epoch, 3);
    keep();
    append_records(500);
    publish();
    assert_fault(TALLY_TLOG_MEMBER_OK);
}

static void other_points_on_the_screen_are_found(void **state)
{
    (void)state;
    finish();
    evil.state[strlen("tally-member/v1\npoints ")] = '5';
    assert_fault(TALLY_TLOG_MEMBER_STATE);
}

static void a_row_of_another_salt_is_found(void **state)
{
    (void)state;
    finish();
    evil.salt[0] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_STATE);
}

static void swapped_rows_are_found(void **state)
{
    uint8_t(*rows)[TALLY_STATE_ROW_BYTES] = evil.rows[evil.own_bucket];
    uint8_t kept[TALLY_STATE_ROW_BYTES];

    (void)state;
    memcpy(kept, rows[evil.own_row], sizeof(kept));
    memcpy(rows[evil.own_row], rows[evil.own_row + 1], sizeof(kept));
    memcpy(rows[evil.own_row + 1], kept, sizeof(kept));
    finish();
    assert_fault(TALLY_TLOG_MEMBER_ROWS);
}

/* Two rows for one member: one to show, one for the others. */
static void a_second_row_of_the_own_label_is_found(void **state)
{
    uint8_t(*rows)[TALLY_STATE_ROW_BYTES] = evil.rows[evil.own_bucket];

    (void)state;
    memcpy(rows[evil.own_row + 1], rows[evil.own_row], 32);
    finish();
    assert_fault(TALLY_TLOG_MEMBER_ROWS);
}

static void a_missing_row_is_found(void **state)
{
    uint8_t(*rows)[TALLY_STATE_ROW_BYTES] = evil.rows[evil.own_bucket];

    (void)state;
    evil.counts[evil.own_bucket]--;
    memmove(rows[evil.own_row], rows[evil.own_row + 1],
            (evil.counts[evil.own_bucket] - evil.own_row) * TALLY_STATE_ROW_BYTES);
    finish();
    assert_fault(TALLY_TLOG_MEMBER_ABSENT);
    evil.claim.is_erased = true;
    assert_fault(TALLY_TLOG_MEMBER_OK);
}

static void a_row_in_the_wrong_bucket_is_found(void **state)
{
    size_t other = 1 - evil.own_bucket;

    (void)state;
    /* A row of the other bucket at the end of ours. */
    memcpy(evil.rows[evil.own_bucket][evil.counts[evil.own_bucket]++], evil.rows[other][0],
           TALLY_STATE_ROW_BYTES);
    finish();
    assert_fault(TALLY_TLOG_MEMBER_ROWS);
}

static void the_own_row_in_another_bucket_counts_as_missing(void **state)
{
    size_t own = evil.own_bucket, other = 1 - own;

    (void)state;
    memcpy(evil.rows[other][evil.counts[other]++], evil.rows[own][evil.own_row],
           TALLY_STATE_ROW_BYTES);
    evil.counts[own]--;
    memmove(evil.rows[own][evil.own_row], evil.rows[own][evil.own_row + 1],
            (evil.counts[own] - evil.own_row) * TALLY_STATE_ROW_BYTES);
    finish();
    assert_fault(TALLY_TLOG_MEMBER_ABSENT);
}

static void a_row_that_stayed_after_erasure_is_found(void **state)
{
    (void)state;
    finish();
    evil.claim.is_erased = true;
    assert_fault(TALLY_TLOG_MEMBER_STATE);
}

/* A bucket for this member alone: it is not the one that others see. */
static void a_bucket_other_than_the_published_one_is_found(void **state)
{
    char path[TALLY_STATE_PATH_BYTES];

    (void)state;
    finish();
    (void)snprintf(path, sizeof(path), "state/003/b/00%zu", evil.own_bucket);
    assert_non_null(get(path));
    get(path)->bytes[evil.counts[evil.own_bucket] * TALLY_STATE_ROW_BYTES - 1] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_ROWS);
}

static void other_roots_are_found(void **state)
{
    (void)state;
    finish();
    get("state/003/roots")->bytes[32 * (1 - evil.own_bucket)] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_ROWS);
    get("state/003/roots")->count--;
    assert_fault(TALLY_TLOG_MEMBER_ROWS);
}

static void another_head_file_is_found(void **state)
{
    (void)state;
    finish();
    get("state/003/head")->bytes[20] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_HEAD);
}

static void a_head_of_more_entries_than_there_were_is_found(void **state)
{
    tally_state_head head = honest_head();

    (void)state;
    head.log_size++;
    (void)append_snapshot(head);
    publish();
    assert_fault(TALLY_TLOG_MEMBER_HEAD);
}

static void a_head_of_another_log_is_found(void **state)
{
    tally_state_head head = honest_head();

    (void)state;
    head.origin = TALLY_TEXT("log.example.org/other");
    (void)append_snapshot(head);
    publish();
    assert_fault(TALLY_TLOG_MEMBER_HEAD);
}

static void a_stale_head_is_found(void **state)
{
    (void)state;
    finish();
    evil.claim.epoch_now = 5;
    assert_fault(TALLY_TLOG_MEMBER_OK);
    evil.claim.epoch_now = 6;
    assert_fault(TALLY_TLOG_MEMBER_STALE);
    evil.claim.epoch_now = 2;
    assert_fault(TALLY_TLOG_MEMBER_STALE);
}

static void a_log_without_a_snapshot_is_found(void **state)
{
    (void)state;
    publish();
    assert_fault(TALLY_TLOG_MEMBER_NO_HEAD);
}

/* However far apart the two are. */
static void two_heads_for_one_epoch_are_found(void **state)
{
    static const uint64_t gaps[] = { 0, 10, 256, 700 };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(gaps); i++) {
        tear_down(NULL);
        set_up(NULL);
        (void)append_snapshot(honest_head());
        append_records(gaps[i]);
        finish();
        assert_fault(TALLY_TLOG_MEMBER_TWO_HEADS);
    }
}

/* The one before is of another epoch, and the newest one counts. */
static void a_later_head_counts(void **state)
{
    (void)state;
    (void)append_snapshot(honest_head());
    evil.epoch = 4;
    make_rows();
    finish();
    evil.claim.epoch_now = 4;
    assert_fault(TALLY_TLOG_MEMBER_OK);
    assert_int_equal(evil.answer->epoch, 4);
}

static void a_rewritten_log_is_found(void **state)
{
    (void)state;
    finish();
    assert_fault(TALLY_TLOG_MEMBER_OK);
    keep();
    evil.entries[10][20] ^= 1;
    append_records(10);
    publish();
    assert_fault(TALLY_TLOG_MEMBER_HISTORY);
    assert_true(evil.answer->checkpoint_bytes > 0);
}

static void a_rolled_back_log_is_found(void **state)
{
    (void)state;
    finish();
    assert_fault(TALLY_TLOG_MEMBER_OK);
    keep();
    evil.size -= 10;
    publish();
    assert_fault(TALLY_TLOG_MEMBER_HISTORY);
}

static void files_that_do_not_fit_the_checkpoint_are_found(void **state)
{
    (void)state;
    finish();
    /* A record hidden where a second snapshot could stand. */
    get("tile/entries/003.p/135")->bytes[2 + 40] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_LOG);
}

static void a_checkpoint_of_another_key_is_found(void **state)
{
    (void)state;
    finish();
    get("checkpoint")->bytes[get("checkpoint")->count - 10] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_CHECKPOINT);
    assert_int_equal(evil.answer->checkpoint_bytes, 0);
}

static void another_policy_is_found(void **state)
{
    (void)state;
    finish();
    evil.claim.policy = "points: 2\n";
    assert_fault(TALLY_TLOG_MEMBER_POLICY);
    evil.claim.policy = policy;
    evil.claim.policy_index++;
    assert_fault(TALLY_TLOG_MEMBER_POLICY);
    evil.claim.policy_index = 5000;
    assert_fault(TALLY_TLOG_MEMBER_POLICY);
}

static void other_records_are_found(void **state)
{
    (void)state;
    finish();
    evil.claim.record_count--;
    assert_fault(TALLY_TLOG_MEMBER_RECORDS);
    evil.claim.record_count++;
    evil.records[1].entry[30] ^= 1;
    assert_fault(TALLY_TLOG_MEMBER_RECORDS);
    memcpy(evil.records[1].entry, evil.entries[300], TALLY_ENTRY_BYTES);
    evil.records[1].index = 300;
    assert_fault(TALLY_TLOG_MEMBER_RECORDS);
    evil.records[1].index = 4;
    assert_fault(TALLY_TLOG_MEMBER_RECORDS);
}

static void points_that_the_policy_does_not_give_are_found(void **state)
{
    (void)state;
    finish();
    evil.claim.points = 41;
    assert_fault(TALLY_TLOG_MEMBER_POINTS);
}

static void a_missing_file_is_asked_for_again(void **state)
{
    (void)state;
    finish();
    (void)snprintf(get("state/003/roots")->path, 8, "gone");
    assert_int_equal(ask(), TALLY_E_RETRY);
    (void)snprintf(get("checkpoint")->path, 8, "gone2");
    assert_int_equal(ask(), TALLY_E_RETRY);
}

static void each_failed_allocation_is_survived(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    finish();
    for (; rc != TALLY_OK; nth++) {
        tally_alloc_fail_at(nth);
        rc = ask();
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(evil.answer->fault, TALLY_TLOG_MEMBER_OK);
    }
    assert_true(nth > 5);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_published_is_found),
        CASE(other_points_on_the_screen_are_found),
        CASE(a_row_of_another_salt_is_found),
        CASE(swapped_rows_are_found),
        CASE(a_second_row_of_the_own_label_is_found),
        CASE(a_missing_row_is_found),
        CASE(a_row_in_the_wrong_bucket_is_found),
        CASE(the_own_row_in_another_bucket_counts_as_missing),
        CASE(a_row_that_stayed_after_erasure_is_found),
        CASE(a_bucket_other_than_the_published_one_is_found),
        CASE(other_roots_are_found),
        CASE(another_head_file_is_found),
        CASE(a_head_of_more_entries_than_there_were_is_found),
        CASE(a_head_of_another_log_is_found),
        CASE(a_stale_head_is_found),
        CASE(a_log_without_a_snapshot_is_found),
        CASE(two_heads_for_one_epoch_are_found),
        CASE(a_later_head_counts),
        CASE(a_rewritten_log_is_found),
        CASE(a_rolled_back_log_is_found),
        CASE(files_that_do_not_fit_the_checkpoint_are_found),
        CASE(a_checkpoint_of_another_key_is_found),
        CASE(another_policy_is_found),
        CASE(other_records_are_found),
        CASE(points_that_the_policy_does_not_give_are_found),
        CASE(a_missing_file_is_asked_for_again),
        CASE(each_failed_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
