/* SPDX-License-Identifier: Apache-2.0 */
/* State snapshots. */

#include "tlog/state.h"

#include <inttypes.h>
#include <stdio.h>

#include "crypto/base64.h"
#include "tlog/checkpoint.h"

#define FIRST_LINE TALLY_TEXT("tally-state/v1")

/* A line `<key> <value>`. */
static bool take_value(tally_text *out, tally_text *inout_rest, const char *key)
{
    tally_text line, name;

    return tally_checkpoint_take_line(&line, inout_rest) &&
           tally_text_split(line, ' ', &name, out) && tally_text_is(name, key);
}

static bool take_number(uint64_t *out, tally_text *inout_rest, const char *key, uint64_t max)
{
    tally_text value;

    return take_value(&value, inout_rest, key) && tally_checkpoint_parse_number(out, value) &&
           *out <= max;
}

static tally_rc refuse(tally_err *err, uint32_t line, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, line, "%s", what);
}

tally_rc tally_state_parse_head(tally_state_head *out, tally_text bytes, tally_err *err)
{
    tally_state_head head;
    tally_text rest = bytes;
    tally_text line;
    uint64_t epoch, policy, bits;

    if (bytes.count > TALLY_STATE_HEAD_BYTES_MAX)
        return refuse(err, 0, "it is too long");
    if (!tally_checkpoint_take_line(&line, &rest) || !tally_text_is_equal(line, FIRST_LINE))
        return refuse(err, 1, "not `tally-state/v1`");
    if (!tally_checkpoint_take_line(&head.origin, &rest) || !tally_note_is_name(head.origin))
        return refuse(err, 2, "not an origin");
    if (!take_number(&epoch, &rest, "epoch", UINT32_MAX))
        return refuse(err, 3, "not `epoch` and its number");
    if (!take_number(&head.log_size, &rest, "log-size", TALLY_TREE_SIZE_MAX))
        return refuse(err, 4, "not `log-size` and a number");
    if (!take_number(&policy, &rest, "policy", UINT32_MAX))
        return refuse(err, 5, "not `policy` and its number");
    if (!take_number(&bits, &rest, "bits", TALLY_STATE_BITS_MAX))
        return refuse(err, 6, "not `bits` and a number up to 16");
    if (!take_number(&head.rows, &rest, "rows", TALLY_TREE_SIZE_MAX) || head.rows == 0 ||
        head.rows % TALLY_STATE_ROWS_MULTIPLE != 0)
        return refuse(err, 7, "not `rows` and a multiple of 256");
    if (!take_value(&line, &rest, "root") ||
        !tally_base64_is_exactly(head.root.bytes, TALLY_HASH_BYTES, line))
        return refuse(err, 8, "not `root` and the Base64 of a hash");
    if (rest.count > 0)
        return refuse(err, 9, "more than eight lines");
    head.epoch = (uint32_t)epoch;
    head.policy = (uint32_t)policy;
    head.bits = (uint32_t)bits;
    *out = head;
    return TALLY_OK;
}

tally_rc tally_state_append_head(tally_buffer *out, const tally_state_head *head)
{
    if (!tally_note_is_name(head->origin) || head->log_size > TALLY_TREE_SIZE_MAX ||
        head->bits > TALLY_STATE_BITS_MAX || head->rows == 0 || head->rows > TALLY_TREE_SIZE_MAX ||
        head->rows % TALLY_STATE_ROWS_MULTIPLE != 0)
        return TALLY_E_INVALID;
    tally_buffer_append_text(out, FIRST_LINE);
    tally_buffer_append_byte(out, '\n');
    tally_buffer_append_text(out, head->origin);
    tally_buffer_printf(out, "\nepoch %" PRIu32 "\nlog-size %" PRIu64 "\npolicy %" PRIu32,
                        head->epoch, head->log_size, head->policy);
    tally_buffer_printf(out, "\nbits %" PRIu32 "\nrows %" PRIu64 "\nroot ", head->bits, head->rows);
    tally_base64_append(out, head->root.bytes, TALLY_HASH_BYTES);
    return tally_buffer_append_byte(out, '\n');
}

uint32_t tally_state_bits(uint64_t rows)
{
    uint32_t bits = 0;

    while (bits < TALLY_STATE_BITS_MAX && rows >> bits >= 256)
        bits++;
    return bits;
}

uint32_t tally_state_bucket(const uint8_t label32[static TALLY_HASH_BYTES], uint32_t bits)
{
    uint32_t top = (uint32_t)label32[0] << 8 | label32[1];

    TALLY_ASSERT(bits <= TALLY_STATE_BITS_MAX);
    return top >> (16 - bits);
}

tally_text tally_state_path(char out[static TALLY_STATE_PATH_BYTES], const tally_state_file *file)
{
    static const char *const parts[] = { "head", "roots", "b/" };
    char epoch[TALLY_TILE_INDEX_BYTES];
    char bucket[TALLY_TILE_INDEX_BYTES] = "";
    int count;

    (void)tally_tile_format_index(epoch, file->epoch);
    if (file->part == TALLY_STATE_BUCKET)
        (void)tally_tile_format_index(bucket, file->bucket);
    count =
        snprintf(out, TALLY_STATE_PATH_BYTES, "state/%s/%s%s", epoch, parts[file->part], bucket);
    TALLY_ASSERT(count > 0 && count < TALLY_STATE_PATH_BYTES);
    return tally_text_of(out, (size_t)count);
}

bool tally_state_parse_path(tally_state_file *out, tally_text path)
{
    tally_state_file file = { .part = TALLY_STATE_HEAD };
    tally_text head, rest, epoch;
    size_t bucket_at;

    if (!tally_text_split(path, '/', &head, &rest) || !tally_text_is(head, "state"))
        return false;
    for (bucket_at = 0; bucket_at + 3 <= rest.count; bucket_at++) {
        if (memcmp(rest.bytes + bucket_at, "/b/", 3) == 0)
            break;
    }
    if (bucket_at + 3 <= rest.count) {
        file.part = TALLY_STATE_BUCKET;
        epoch = tally_text_slice(rest, 0, bucket_at);
        if (!tally_tile_parse_index(&file.bucket,
                                    tally_text_slice(rest, bucket_at + 3, rest.count)) ||
            file.bucket >= UINT64_C(1) << TALLY_STATE_BITS_MAX)
            return false;
    } else if (tally_text_has_suffix(rest, TALLY_TEXT("/head"))) {
        epoch = tally_text_slice(rest, 0, rest.count - 5);
    } else if (tally_text_has_suffix(rest, TALLY_TEXT("/roots"))) {
        file.part = TALLY_STATE_ROOTS;
        epoch = tally_text_slice(rest, 0, rest.count - 6);
    } else {
        return false;
    }
    if (!tally_tile_parse_index(&file.epoch, epoch) || file.epoch > UINT32_MAX)
        return false;
    *out = file;
    return true;
}

void tally_state_map_init(tally_state_map *out, uint32_t bits)
{
    TALLY_ASSERT(bits <= TALLY_STATE_BITS_MAX);
    *out = (tally_state_map){ .bits = bits };
}

tally_rc tally_state_map_row(tally_state_map *map, tally_hash *hash,
                             const uint8_t row64[static TALLY_STATE_ROW_BYTES], tally_err *err)
{
    tally_node leaf;

    TALLY_ASSERT(map->bucket < UINT32_C(1) << map->bits);
    if (tally_state_bucket(row64, map->bits) != map->bucket)
        return tally_err_set(err, TALLY_E_INVALID, 0, "row %" PRIu64 " belongs to bucket %u",
                             map->filling.size, tally_state_bucket(row64, map->bits));
    if (map->filling.size > 0 && memcmp(row64, map->last_label, TALLY_HASH_BYTES) <= 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "row %" PRIu64 " does not follow the one before", map->filling.size);
    memcpy(map->last_label, row64, TALLY_HASH_BYTES);
    if (tally_tree_hash_leaf(hash, &leaf, row64, TALLY_STATE_ROW_BYTES) != TALLY_OK ||
        tally_tree_append(&map->filling, hash, &leaf) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
    map->rows++;
    return TALLY_OK;
}

tally_rc tally_state_map_close(tally_state_map *map, tally_hash *hash, tally_node *out_root)
{
    tally_node root, leaf;
    tally_rc rc;

    TALLY_ASSERT(map->bucket < UINT32_C(1) << map->bits);
    rc = tally_tree_root(&map->filling, hash, &root);
    if (rc == TALLY_OK)
        rc = tally_tree_hash_leaf(hash, &leaf, root.bytes, TALLY_HASH_BYTES);
    if (rc == TALLY_OK)
        rc = tally_tree_append(&map->buckets, hash, &leaf);
    if (rc != TALLY_OK)
        return rc;
    map->filling.size = 0;
    map->bucket++;
    if (out_root != NULL)
        *out_root = root;
    return TALLY_OK;
}

tally_rc tally_state_map_root(const tally_state_map *map, tally_hash *hash, tally_node *out)
{
    TALLY_ASSERT(map->bucket == UINT32_C(1) << map->bits);
    return tally_tree_root(&map->buckets, hash, out);
}
