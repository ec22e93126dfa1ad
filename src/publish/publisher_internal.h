/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_PUBLISHER_INTERNAL_H
#define TALLY_PUBLISH_PUBLISHER_INTERNAL_H

/* What the files of the publisher share. */

#include "publish/folder.h"
#include "publish/heads.h"
#include "publish/publisher.h"
#include "tlog/proof.h"
#include "tlog/reading.h"

/* Entries held at once: those of 16 bundles, 176 KiB. */
#define TALLY_PUBLISHER_CHUNK (16 * TALLY_TILE_WIDTH)

struct tally_publisher {
    tally_publisher_options options;
    tally_text origin;
    tally_vkey keys[TALLY_SIGNERS_MAX]; /* of the signers */
    tally_trust trust;                  /* these keys, no witnesses */
    tally_hash *hash;
    tally_folder log, state;
    int lock; /* -1: not held */
    tally_heads heads;
    int64_t now_s;
    bool is_stopped; /* something is wrong with the log: sign nothing */

    tally_head shown; /* that of the public checkpoint; size 0: there is none */
    uint32_t shown_cosigned;
    tally_buffer shown_note;
    uint64_t held[TALLY_QUORUM_WITNESSES_MAX]; /* what each witness holds, as far as known */
    bool is_held_known[TALLY_QUORUM_WITNESSES_MAX];

    tally_tile_stack stack;
    tally_tile_tree tree;
    tally_buffer bundle;
    uint64_t chunk_from, chunk_count;
    uint8_t chunk[TALLY_PUBLISHER_CHUNK * TALLY_ENTRY_BYTES];
};

static inline tally_rc tally_publisher_no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

/* ---- publisher_build.c ---- */

/* Write all files that the log needs to grow from a head to a size, from the
 * journal, and say what root it then has. The files of `from` are there.
 *
 * rule      of the files that come
 *
 * TALLY_E_RETRY    a tile of `from` is missing
 * TALLY_E_CORRUPT  the tiles are not those of `from`, or the journal does not
 *                  continue it
 * TALLY_E_INVALID  entries that no log may have
 * and what files and journal fail with */
TALLY_MUST_CHECK tally_rc tally_publisher_build(tally_publisher *publisher, const tally_head *from,
                                                uint64_t size, tally_folder_rule rule,
                                                tally_node *out_root, tally_err *err);

/* Where the files that grow from a size begin: the size of the bundles before. */
uint64_t tally_publisher_start(uint64_t from);

/* ---- publisher_check.c ---- */

/* Read back what is in the folder and compute the root anew, with the code that
 * verifies and not with that which builds. TALLY_E_CORRUPT: what was read is not
 * what was to be signed, or does not continue `from`. */
TALLY_MUST_CHECK tally_rc tally_publisher_check(tally_publisher *publisher, const tally_head *from,
                                                const tally_head *next, tally_err *err);

/* ---- publisher_documents.c ---- */

/* Write the documents and snapshots that entries from..to commit, each checked
 * against its entry. TALLY_E_CORRUPT: the journal's is another one. */
TALLY_MUST_CHECK tally_rc tally_publisher_documents(tally_publisher *publisher, uint64_t from,
                                                    uint64_t to, tally_folder_rule rule,
                                                    tally_err *err);

/* Read entries into publisher->chunk. */
TALLY_MUST_CHECK tally_rc tally_publisher_load(tally_publisher *publisher, uint64_t from,
                                               uint64_t count, tally_err *err);

/* ---- publisher_cosign.c ---- */

/* Ask the witnesses about the last signed head, and publish it if the quorum is
 * met. */
TALLY_MUST_CHECK tally_rc tally_publisher_show(tally_publisher *publisher, tally_published *out,
                                               tally_err *err);

/* ---- publisher_sweep.c ---- */

/* Remove the partial files that a checkpoint covers which is out for an hour. */
TALLY_MUST_CHECK tally_rc tally_publisher_sweep(tally_publisher *publisher, int64_t now_s,
                                                uint64_t *out_removed, tally_err *err);

#endif
