/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles and bundles of a published log. */

#include "tlog/reading.h"

#include <inttypes.h>

void tally_reading_init(tally_reading *out, tally_files_source source, uint64_t size)
{
    *out = (tally_reading){ .source = source, .size = size };
    tally_buffer_init(&out->bytes, TALLY_BUNDLE_BYTES_MAX);
}

void tally_reading_free(tally_reading *reading)
{
    tally_buffer_free(&reading->bytes);
}

/* The file of these hashes that the size implies, or the full one. */
static tally_rc read_widest(tally_reading *reading, tally_tile tile, uint32_t *out_width,
                            tally_err *err)
{
    char path[TALLY_TILE_PATH_BYTES];
    bool exists = false;

    if (tile.index < tally_tile_full_count(reading->size, tile.level))
        tile.width = TALLY_TILE_WIDTH;
    else
        tile.width = tally_tile_partial_width(reading->size, tile.level);
    TALLY_ASSERT(tile.width > 0);
    for (;;) {
        tally_rc rc;

        (void)tally_tile_path(path, &tile);
        rc = reading->source.read(reading->source.context, path, &reading->bytes, &exists, err);
        if (rc != TALLY_OK)
            return rc;
        *out_width = tile.width;
        if (exists)
            return TALLY_OK;
        if (tile.width == TALLY_TILE_WIDTH)
            return tally_err_set(err, TALLY_E_RETRY, 0, "%s is missing", path);
        tile.width = TALLY_TILE_WIDTH;
    }
}

static tally_rc read_tile(void *context, tally_node *out, const tally_tile *tile, tally_err *err)
{
    tally_reading *reading = context;
    uint32_t width;
    tally_rc rc = read_widest(reading, *tile, &width, err);

    if (rc != TALLY_OK)
        return rc;
    if (reading->bytes.count != width * sizeof(tally_node) || width < tile->width)
        return tally_err_set(err, TALLY_E_RETRY, 0,
                             "tile %" PRIu64 " of level %u is %zu bytes long", tile->index,
                             tile->level, reading->bytes.count);
    memcpy(out, reading->bytes.bytes, tile->width * sizeof(tally_node));
    return TALLY_OK;
}

tally_tile_reader tally_reading_tiles(tally_reading *reading)
{
    return (tally_tile_reader){ .context = reading, .read = read_tile };
}

tally_rc tally_reading_bundle(tally_reading *reading, uint64_t index, tally_bundle *out,
                              tally_err *err)
{
    const tally_tile tile = { .holds_entries = true, .index = index, .width = TALLY_TILE_WIDTH };
    tally_err inner = TALLY_ERR_INIT;
    uint32_t width;
    tally_rc rc = read_widest(reading, tile, &width, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_bundle_parse(out, tally_buffer_text(&reading->bytes), width, &inner);
    if (rc != TALLY_OK)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "bundle %" PRIu64 ": %s", index,
                             inner.message);
    if (index == reading->size / TALLY_TILE_WIDTH)
        out->count = tally_tile_partial_width(reading->size, 0);
    return TALLY_OK;
}

tally_rc tally_reading_edge(const tally_tree_source *tiles, uint64_t size, tally_tree_edge *out,
                            tally_err *err)
{
    out->size = size;
    for (uint32_t height = 0; height < TALLY_TREE_HEIGHT_COUNT; height++) {
        tally_rc rc;

        if ((size >> height & 1) == 0)
            continue;
        rc = tiles->node(tiles->context, &out->nodes[height], height, (size >> height) - 1, err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}
