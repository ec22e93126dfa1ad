/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_TILE_H
#define TALLY_TLOG_TILE_H

/* Tiles: the tree cut into files of at most 256 hashes (c2sp.org/tlog-tiles).
 *
 *   tile/<L>/<N>[.p/<W>]        hashes; hash i of level L is the root over the
 *                               full tile i of level L - 1, at level 0 a leaf
 *   tile/entries/<N>[.p/<W>]    the entries below tile N of level 0
 *
 * N stands in groups of three digits, all but the last after an `x`: 1234067 is
 * x001/x234/067. A file without `.p/<W>` is full; W is 1 to 255. */

#include "tlog/tree.h"
#include "util/text.h"

#define TALLY_TILE_HEIGHT      8
#define TALLY_TILE_WIDTH       256u
#define TALLY_TILE_BYTES       ((size_t)8192)
#define TALLY_TILE_LEVEL_COUNT 8u  /* levels that trees of TALLY_TREE_SIZE_MAX have */
#define TALLY_TILE_LEVEL_MAX   63u /* that a path may name */

typedef struct tally_tile {
    bool holds_entries; /* a bundle; level is then 0 */
    uint32_t level;
    uint64_t index;
    uint32_t width; /* 1 to 256 */
} tally_tile;

#define TALLY_TILE_INDEX_BYTES 40 /* seven groups and a NUL */
#define TALLY_TILE_PATH_BYTES  64

/* Write a number in the groups described above, NUL-terminated; returns it. */
tally_text tally_tile_format_index(char out[static TALLY_TILE_INDEX_BYTES], uint64_t index);

/* Read such a number, in its one canonical form. False: it is none, or above
 * TALLY_TREE_SIZE_MAX. */
TALLY_MUST_CHECK bool tally_tile_parse_index(uint64_t *out_index, tally_text text);

/* Write the path of a tile, NUL-terminated; returns it. */
tally_text tally_tile_path(char out[static TALLY_TILE_PATH_BYTES], const tally_tile *tile);

/* Read a path. False: it is not one that tally_tile_path() writes. */
TALLY_MUST_CHECK bool tally_tile_parse(tally_tile *out, tally_text path);

/* How many hashes a level has in a tree of this size; how many full tiles; and
 * the width of the partial tile after them, 0 for none. */
uint64_t tally_tile_hash_count(uint64_t size, uint32_t level);
uint64_t tally_tile_full_count(uint64_t size, uint32_t level);
uint32_t tally_tile_partial_width(uint64_t size, uint32_t level);

/* Does a tree of this size have these hashes, in this or in a wider tile? */
bool tally_tile_is_within(const tally_tile *tile, uint64_t size);

/* All files that a tree of a size implies: bundles first, then tiles from level
 * 0 up. Start with .size set and all else zero. */
typedef struct tally_tile_walk {
    uint64_t size;
    uint64_t index;
    uint32_t level;
    bool is_past_entries;
} tally_tile_walk;

/* The next file; false when there is none left. */
bool tally_tile_next(tally_tile_walk *walk, tally_tile *out);

/* Reads width hashes of a tile into out; width may be below that of the file
 * the reader finds, never above. */
typedef struct tally_tile_reader {
    void *context;
    tally_rc (*read)(void *context, tally_node *out, const tally_tile *tile, tally_err *err);
} tally_tile_reader;

/* Takes in a finished tile. nodes has tile->width hashes. */
typedef struct tally_tile_sink {
    void *context;
    tally_rc (*take)(void *context, const tally_tile *tile, const tally_node *nodes,
                     tally_err *err);
} tally_tile_sink;

/* A growing tree as the unfinished tile of each level, 64 KiB. Start with all
 * zero, or with tally_tile_stack_resume(). */
typedef struct tally_tile_stack {
    uint64_t size;
    tally_node nodes[TALLY_TILE_LEVEL_COUNT][TALLY_TILE_WIDTH];
} tally_tile_stack;

/* Append a leaf hash; each tile that becomes full goes to the sink. A failure,
 * the sink's or TALLY_E_NOMEM, leaves the stack unusable. */
TALLY_MUST_CHECK tally_rc tally_tile_stack_append(tally_tile_stack *stack, tally_hash *hash,
                                                  const tally_node *leaf,
                                                  const tally_tile_sink *sink, tally_err *err);

/* Give the sink the partial tiles as they are now. The stack may go on growing. */
TALLY_MUST_CHECK tally_rc tally_tile_stack_flush(const tally_tile_stack *stack,
                                                 const tally_tile_sink *sink, tally_err *err);

/* The root of the tree as it is now; the only failure is TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_tile_stack_root(const tally_tile_stack *stack, tally_hash *hash,
                                                tally_node *out);

/* Become the stack of a tree of this size by reading its partial tiles. The
 * caller compares tally_tile_stack_root() with a root it trusts before
 * appending: nothing else ties what was read to the log. */
TALLY_MUST_CHECK tally_rc tally_tile_stack_resume(tally_tile_stack *out, uint64_t size,
                                                  const tally_tile_reader *reader, tally_err *err);

/* The nodes of a tree of this size, for tally_proof_inclusion() and its like,
 * read from tiles. Set the first three members; the tree's hashes are not
 * checked here. */
typedef struct tally_tile_tree {
    tally_tile_reader reader;
    tally_hash *hash;
    uint64_t size;
    bool has_tile; /* the last tile read, kept because a path asks for neighbours */
    tally_tile tile;
    tally_node nodes[TALLY_TILE_WIDTH];
} tally_tile_tree;

tally_tree_source tally_tile_tree_source(tally_tile_tree *tree);

#endif
