/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_STATE_H
#define TALLY_TLOG_STATE_H

/* Snapshots of what members' points were, one an epoch:
 *
 *   state/<E>/head     lines: tally-state/v1, <origin>, epoch E, log-size S,
 *                      policy P, bits B, rows R, root <Base64>
 *   state/<E>/roots    2^B hashes: the roots of the buckets
 *   state/<E>/b/<K>    rows label[32] || commitment[32] whose labels' first B
 *                      bits are K, ascending; no file for an empty bucket
 *
 * <E> and <K> are written as tile indexes are. The root of a bucket is that of
 * a tree whose entries are its rows, the root of the map that of a tree whose
 * entries are the roots of all buckets. Rows are padded to a multiple of 256. */

#include "tlog/tile.h"
#include "util/buffer.h"

#define TALLY_STATE_BITS_MAX       16u
#define TALLY_STATE_ROW_BYTES      64
#define TALLY_STATE_ROWS_MULTIPLE  256u
#define TALLY_STATE_HEAD_BYTES_MAX ((size_t)1024)
#define TALLY_STATE_PATH_BYTES     96

typedef struct tally_state_head {
    tally_text origin; /* points into the text it was read from */
    uint32_t epoch;
    uint64_t log_size; /* how many entries the points were computed from */
    uint32_t policy;
    uint32_t bits;
    uint64_t rows;
    tally_node root;
} tally_state_head;

/* Read a head file. TALLY_E_INVALID: it is not one that tally_state_append_head()
 * writes. */
TALLY_MUST_CHECK tally_rc tally_state_parse_head(tally_state_head *out, tally_text bytes,
                                                 tally_err *err);

/* Append a head file. TALLY_E_INVALID: the head cannot be one. */
TALLY_MUST_CHECK tally_rc tally_state_append_head(tally_buffer *out, const tally_state_head *head);

/* How many bits a publisher chooses for so many rows: buckets of 128 to 255 rows
 * on average, until there are 2^16 of them. */
uint32_t tally_state_bits(uint64_t rows);

/* The bucket in which a label belongs. */
uint32_t tally_state_bucket(const uint8_t label32[static TALLY_HASH_BYTES], uint32_t bits);

typedef enum tally_state_part {
    TALLY_STATE_HEAD,
    TALLY_STATE_ROOTS,
    TALLY_STATE_BUCKET
} tally_state_part;

typedef struct tally_state_file {
    uint64_t epoch;
    tally_state_part part;
    uint64_t bucket; /* for TALLY_STATE_BUCKET */
} tally_state_file;

/* Write the path of a file of a snapshot, NUL-terminated; returns it. */
tally_text tally_state_path(char out[static TALLY_STATE_PATH_BYTES], const tally_state_file *file);

/* Read a path; epochs fit 32 bits and buckets TALLY_STATE_BITS_MAX. False: it is
 * none that tally_state_path() writes. */
TALLY_MUST_CHECK bool tally_state_parse_path(tally_state_file *out, tally_text path);

/* A map being computed bucket by bucket, in memory that does not grow. */
typedef struct tally_state_map {
    uint32_t bits;
    uint32_t bucket; /* which is being filled */
    uint64_t rows;   /* in all buckets so far */
    uint8_t last_label[TALLY_HASH_BYTES];
    tally_tree_edge filling;
    tally_tree_edge buckets;
} tally_state_map;

/* Begin a map of 2^bits buckets, bits at most TALLY_STATE_BITS_MAX. */
void tally_state_map_init(tally_state_map *out, uint32_t bits);

/* Take in the next row of the bucket being filled. TALLY_E_INVALID: it does not
 * follow the row before, or belongs to another bucket. */
TALLY_MUST_CHECK tally_rc tally_state_map_row(tally_state_map *map, tally_hash *hash,
                                              const uint8_t row64[static TALLY_STATE_ROW_BYTES],
                                              tally_err *err);

/* Close the bucket and begin the next. out_root, which may be NULL, is its root. */
TALLY_MUST_CHECK tally_rc tally_state_map_close(tally_state_map *map, tally_hash *hash,
                                                tally_node *out_root);

/* The root of the map, once all 2^bits buckets were closed. */
TALLY_MUST_CHECK tally_rc tally_state_map_root(const tally_state_map *map, tally_hash *hash,
                                               tally_node *out);

#endif
