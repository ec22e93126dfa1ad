/* SPDX-License-Identifier: Apache-2.0 */
/* Making snapshots. What a member's row commits is this text:
 *
 *   tally-member/v1
 *   points <number>
 *   level <word, may be empty>
 *   policy <number>
 *   records <number>
 *   root <Base64> */

#include "tlog/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>

#include "crypto/base64.h"
#include "tlog/checkpoint.h"

#define FIRST_LINE TALLY_TEXT("tally-member/v1")
#define PAD_BYTES  (2 * TALLY_HASH_BYTES) /* of randomness a pad takes */
#define PADS_DRAWN 64u                    /* pads whose randomness is drawn at once */

size_t tally_snapshot_row_count(size_t member_count)
{
    size_t count = member_count > 0 ? member_count : 1;

    TALLY_ASSERT(count <= SIZE_MAX - TALLY_STATE_ROWS_MULTIPLE);
    return (count + TALLY_STATE_ROWS_MULTIPLE - 1) / TALLY_STATE_ROWS_MULTIPLE *
           TALLY_STATE_ROWS_MULTIPLE;
}

tally_rc tally_snapshot_row(tally_hash *hash, uint8_t out_row64[static TALLY_STATE_ROW_BYTES],
                            const uint8_t secret32[static TALLY_SALT_BYTES], uint32_t epoch,
                            const uint8_t salt32[static TALLY_SALT_BYTES], tally_text state)
{
    tally_node label, content;
    tally_rc rc = tally_commit_label(hash, &label, secret32, epoch);

    if (rc == TALLY_OK)
        rc = tally_commit_member(hash, &content, salt32, state);
    if (rc != TALLY_OK)
        return rc;
    memcpy(out_row64, label.bytes, TALLY_HASH_BYTES);
    memcpy(out_row64 + TALLY_HASH_BYTES, content.bytes, TALLY_HASH_BYTES);
    return TALLY_OK;
}

/* ---- states ---- */

tally_rc tally_snapshot_append_state(tally_buffer *out, const tally_snapshot_state *state)
{
    if (!tally_text_is_visible(state->level) || state->record_count > TALLY_TREE_SIZE_MAX)
        return TALLY_E_INVALID;
    tally_buffer_append_text(out, FIRST_LINE);
    tally_buffer_printf(out, "\npoints %" PRId64 "\nlevel ", state->points);
    tally_buffer_append_text(out, state->level);
    tally_buffer_printf(out, "\npolicy %" PRIu32 "\nrecords %" PRIu64 "\nroot ", state->policy,
                        state->record_count);
    tally_base64_append(out, state->records_root.bytes, TALLY_HASH_BYTES);
    return tally_buffer_append_byte(out, '\n');
}

/* The value of the line that begins with this key. */
static bool take_value(tally_text *out, tally_text *inout_rest, const char *key)
{
    tally_text line, name;

    return tally_checkpoint_take_line(&line, inout_rest) &&
           tally_text_split(line, ' ', &name, out) && tally_text_is(name, key);
}

/* A number that is written in one way only. */
static bool take_points(int64_t *out, tally_text text)
{
    bool is_negative = text.count > 0 && text.bytes[0] == '-';
    tally_text digits = tally_text_slice(text, is_negative ? 1 : 0, text.count);

    if (digits.count == 0 || (digits.bytes[0] == '0' && (digits.count > 1 || is_negative)))
        return false;
    return tally_text_parse_i64(out, text, INT64_MIN, INT64_MAX) == TALLY_OK;
}

tally_rc tally_snapshot_parse_state(tally_snapshot_state *out, tally_text bytes, tally_err *err)
{
    tally_snapshot_state state = { .points = 0 };
    tally_text rest = bytes;
    tally_text line, points, policy, records, root;
    uint64_t number;

    if (!tally_checkpoint_take_line(&line, &rest) || !tally_text_is_equal(line, FIRST_LINE) ||
        !take_value(&points, &rest, "points") || !take_value(&state.level, &rest, "level") ||
        !take_value(&policy, &rest, "policy") || !take_value(&records, &rest, "records") ||
        !take_value(&root, &rest, "root") || rest.count > 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "it has not the six lines of a state");
    if (!take_points(&state.points, points) || !tally_text_is_visible(state.level) ||
        !tally_checkpoint_parse_number(&number, policy) || number > UINT32_MAX ||
        !tally_checkpoint_parse_number(&state.record_count, records) ||
        !tally_base64_is_exactly(state.records_root.bytes, TALLY_HASH_BYTES, root))
        return tally_err_set(err, TALLY_E_INVALID, 0, "a line of the state has no such value");
    state.policy = (uint32_t)number;
    *out = state;
    return TALLY_OK;
}

/* ---- whole snapshots ---- */

static tally_rc add_pads(uint8_t *rows, size_t from, size_t to, uint8_t *out_pads,
                         const tally_random *random, tally_hash *hash, tally_err *err)
{
    uint8_t drawn[PADS_DRAWN * PAD_BYTES];

    for (size_t at = from; at < to; at++) {
        const uint8_t *bytes = drawn + (at - from) % PADS_DRAWN * PAD_BYTES;
        uint8_t *row = rows + at * TALLY_STATE_ROW_BYTES;
        tally_node content;

        if ((at - from) % PADS_DRAWN == 0) {
            tally_rc rc = tally_random_fill(random, drawn, sizeof(drawn), err);

            if (rc != TALLY_OK)
                return tally_err_set(err, rc, 0, "the system gave no random bytes");
        }
        if (tally_commit_member(hash, &content, bytes + TALLY_HASH_BYTES, TALLY_SNAPSHOT_PAD) !=
            TALLY_OK)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
        memcpy(row, bytes, TALLY_HASH_BYTES);
        memcpy(row + TALLY_HASH_BYTES, content.bytes, TALLY_HASH_BYTES);
        if (out_pads != NULL)
            memcpy(out_pads + (at - from) * PAD_BYTES, bytes, PAD_BYTES);
    }
    return TALLY_OK;
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, TALLY_HASH_BYTES);
}

tally_rc tally_snapshot_finish(tally_state_head *inout_head, uint8_t *rows, size_t member_count,
                               uint8_t *out_pads, const tally_random *random, tally_hash *hash,
                               tally_err *err)
{
    size_t count = tally_snapshot_row_count(member_count);
    uint32_t bits = tally_state_bits(count);
    tally_state_map map;
    tally_rc rc = add_pads(rows, member_count, count, out_pads, random, hash, err);

    if (rc != TALLY_OK)
        return rc;
    qsort(rows, count, TALLY_STATE_ROW_BYTES, compare_rows);
    tally_state_map_init(&map, bits);
    for (size_t i = 0; i < count && rc == TALLY_OK; i++) {
        const uint8_t *row = rows + i * TALLY_STATE_ROW_BYTES;

        if (i > 0 && compare_rows(row - TALLY_STATE_ROW_BYTES, row) == 0)
            return tally_err_set(err, TALLY_E_CONFLICT, 0, "two rows have one label");
        while (rc == TALLY_OK && map.bucket < tally_state_bucket(row, bits))
            rc = tally_state_map_close(&map, hash, NULL);
        if (rc == TALLY_OK)
            rc = tally_state_map_row(&map, hash, row, NULL);
    }
    while (rc == TALLY_OK && map.bucket < UINT32_C(1) << bits)
        rc = tally_state_map_close(&map, hash, NULL);
    if (rc == TALLY_OK)
        rc = tally_state_map_root(&map, hash, &inout_head->root);
    if (rc != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
    inout_head->bits = bits;
    inout_head->rows = count;
    return TALLY_OK;
}
