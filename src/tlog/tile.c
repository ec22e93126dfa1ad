/* SPDX-License-Identifier: Apache-2.0 */
/* Which tiles there are, and what they are called. */

#include "tlog/tile.h"

#include <stdio.h>

#define GROUP 1000u

tally_text tally_tile_format_index(char out[static TALLY_TILE_INDEX_BYTES], uint64_t index)
{
    uint64_t divisor = 1;
    size_t count = 0;

    while (index / divisor >= GROUP)
        divisor *= GROUP;
    for (; divisor > 1; divisor /= GROUP)
        count += (size_t)snprintf(out + count, TALLY_TILE_INDEX_BYTES - count, "x%03u/",
                                  (unsigned)(index / divisor % GROUP));
    count += (size_t)snprintf(out + count, TALLY_TILE_INDEX_BYTES - count, "%03u",
                              (unsigned)(index % GROUP));
    TALLY_ASSERT(count < TALLY_TILE_INDEX_BYTES);
    return tally_text_of(out, count);
}

/* Three digits, no more. */
static bool parse_group(uint32_t *out, tally_text text)
{
    uint32_t value = 0;

    if (text.count != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text.bytes[i] - '0');
    }
    *out = value;
    return true;
}

bool tally_tile_parse_index(uint64_t *out_index, tally_text text)
{
    tally_text rest = text;
    uint64_t index = 0;
    bool is_first = true;
    bool has_more = true;

    while (has_more) {
        tally_text part;
        uint32_t value;

        has_more = tally_text_split(rest, '/', &part, &rest);
        if (has_more) {
            if (part.count == 0 || part.bytes[0] != 'x')
                return false;
            part = tally_text_slice(part, 1, part.count);
        }
        /* A leading group of zeros would be a second way to write it. */
        if (!parse_group(&value, part) || (is_first && has_more && value == 0))
            return false;
        if (index > (TALLY_TREE_SIZE_MAX - value) / GROUP)
            return false;
        index = index * GROUP + value;
        is_first = false;
    }
    *out_index = index;
    return true;
}

tally_text tally_tile_path(char out[static TALLY_TILE_PATH_BYTES], const tally_tile *tile)
{
    char index[TALLY_TILE_INDEX_BYTES];
    int count;

    TALLY_ASSERT(tile->width >= 1 && tile->width <= TALLY_TILE_WIDTH);
    TALLY_ASSERT(tile->level <= TALLY_TILE_LEVEL_MAX);
    (void)tally_tile_format_index(index, tile->index);
    if (tile->holds_entries)
        count = snprintf(out, TALLY_TILE_PATH_BYTES, "tile/entries/%s", index);
    else
        count = snprintf(out, TALLY_TILE_PATH_BYTES, "tile/%u/%s", tile->level, index);
    if (tile->width < TALLY_TILE_WIDTH)
        count += snprintf(out + count, TALLY_TILE_PATH_BYTES - (size_t)count, ".p/%u", tile->width);
    TALLY_ASSERT(count > 0 && count < TALLY_TILE_PATH_BYTES);
    return tally_text_of(out, (size_t)count);
}

/* A decimal number without leading zeros, 1 to 3 digits. */
static bool parse_small(uint32_t *out, tally_text text, uint32_t min, uint32_t max)
{
    int64_t value;

    if (text.count > 1 && text.bytes[0] == '0')
        return false;
    if (text.count > 3 || tally_text_parse_i64(&value, text, min, max) != TALLY_OK)
        return false;
    /* "-0" reads as 0. */
    if (text.bytes[0] == '-')
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Cut `.p/<W>` off the end of a path, if it stands there. */
static bool parse_width(uint32_t *out_width, tally_text *inout_path)
{
    for (size_t i = inout_path->count; i >= 3; i--) {
        if (memcmp(inout_path->bytes + i - 3, ".p/", 3) == 0) {
            tally_text width = tally_text_slice(*inout_path, i, inout_path->count);

            *inout_path = tally_text_slice(*inout_path, 0, i - 3);
            return parse_small(out_width, width, 1, TALLY_TILE_WIDTH - 1);
        }
    }
    *out_width = TALLY_TILE_WIDTH;
    return true;
}

bool tally_tile_parse(tally_tile *out, tally_text path)
{
    tally_tile tile = { .level = 0 };
    tally_text head, rest;

    if (!tally_text_split(path, '/', &head, &rest) || !tally_text_is(head, "tile"))
        return false;
    if (!tally_text_split(rest, '/', &head, &rest))
        return false;
    tile.holds_entries = tally_text_is(head, "entries");
    if (!tile.holds_entries && !parse_small(&tile.level, head, 0, TALLY_TILE_LEVEL_MAX))
        return false;
    if (!parse_width(&tile.width, &rest) || !tally_tile_parse_index(&tile.index, rest))
        return false;
    *out = tile;
    return true;
}

uint64_t tally_tile_hash_count(uint64_t size, uint32_t level)
{
    return level < TALLY_TILE_LEVEL_COUNT ? size >> TALLY_TILE_HEIGHT * level : 0;
}

uint64_t tally_tile_full_count(uint64_t size, uint32_t level)
{
    return tally_tile_hash_count(size, level) / TALLY_TILE_WIDTH;
}

uint32_t tally_tile_partial_width(uint64_t size, uint32_t level)
{
    return (uint32_t)(tally_tile_hash_count(size, level) % TALLY_TILE_WIDTH);
}

bool tally_tile_is_within(const tally_tile *tile, uint64_t size)
{
    uint64_t count = tally_tile_hash_count(size, tile->level);

    return tile->index < count / TALLY_TILE_WIDTH ||
           (tile->index == count / TALLY_TILE_WIDTH && tile->width <= count % TALLY_TILE_WIDTH);
}

bool tally_tile_next(tally_tile_walk *walk, tally_tile *out)
{
    for (;;) {
        uint64_t full = tally_tile_full_count(walk->size, walk->level);
        uint32_t partial = tally_tile_partial_width(walk->size, walk->level);

        if (walk->index < full || (walk->index == full && partial > 0)) {
            *out = (tally_tile){ .holds_entries = !walk->is_past_entries,
                                 .level = walk->level,
                                 .index = walk->index,
                                 .width = walk->index < full ? TALLY_TILE_WIDTH : partial };
            walk->index++;
            return true;
        }
        /* Level 0 comes twice: its entries, then its hashes. */
        walk->index = 0;
        if (!walk->is_past_entries)
            walk->is_past_entries = true;
        else if (++walk->level >= TALLY_TILE_LEVEL_COUNT)
            return false;
    }
}
