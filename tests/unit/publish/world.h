/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_PUBLISH_WORLD_H
#define TALLY_TESTS_UNIT_PUBLISH_WORLD_H

/* A journal, a disk and a publisher between them; and a reader who checks what is
 * public from the files alone, every time the checkpoint changes. */

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../publish/memory_journal.h"
#include "../../publish/sim_files.h"
#include "publish/publisher.h"
#include "tlog/bundle.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"
#include "util/buffer.h"

typedef struct world {
    memory_journal memory;
    sim_files *sim;
    tally_files files;
    tally_signer signers[2];
    tally_quorum quorum;
    tally_witness_link links[TALLY_QUORUM_WITNESSES_MAX];
    tally_publisher_options options;
    tally_publisher *publisher;
    /* The reader. */
    tally_hash *hash;
    tally_tree_edge edge; /* of the journal, so far */
    tally_vkey keys[2];
    char seen[2048]; /* the checkpoint seen last */
    uint64_t seen_size, seen_count;
} world;

static inline void world_init(world *out, uint64_t seed)
{
    static const char none[] = "quorum none\n";

    memset(out, 0, sizeof(*out));
    memory_journal_init(&out->memory, seed);
    out->sim = sim_files_new(seed);
    out->files = sim_files_calls(out->sim);
    memory_journal_signer(&out->signers[0], false);
    memory_journal_signer(&out->signers[1], true);
    assert_int_equal(tally_signer_vkey(&out->keys[0], &out->signers[0]), TALLY_OK);
    assert_int_equal(tally_signer_vkey(&out->keys[1], &out->signers[1]), TALLY_OK);
    assert_int_equal(tally_quorum_parse(&out->quorum, tally_text_from(none), NULL), TALLY_OK);
    out->options = (tally_publisher_options){ .files = &out->files,
                                              .at = SIM_ROOT,
                                              .log_path = "log",
                                              .state_path = "log-state",
                                              .journal = &out->memory.journal,
                                              .signers = out->signers,
                                              .signer_count = 1,
                                              .quorum = &out->quorum,
                                              .links = out->links };
    out->hash = tally_hash_new();
    assert_non_null(out->hash);
}

static inline void world_free(world *at)
{
    tally_publisher_close(at->publisher);
    memory_journal_free(&at->memory);
    sim_files_free(at->sim);
    tally_hash_free(at->hash);
}

static inline tally_rc world_open(world *at, tally_err *err)
{
    assert_null(at->publisher);
    return tally_publisher_open(&at->publisher, &at->options, err);
}

/* The process ends, in an orderly way or not. */
static inline void world_close(world *at)
{
    tally_publisher_close(at->publisher);
    at->publisher = NULL;
}

static inline tally_rc world_beat(world *at, uint64_t beat, tally_published *out, tally_err *err)
{
    return tally_publisher_beat(at->publisher, beat, (int64_t)beat * 3600, out, err);
}

/* Both, from a closed publisher to a closed one. */
static inline void world_must_beat(world *at, uint64_t beat)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    if (world_open(at, &err) != TALLY_OK || world_beat(at, beat, &done, &err) != TALLY_OK)
        fail_msg("beat %" PRIu64 ": %s", beat, err.message);
    assert_true(done.is_public);
    world_close(at);
}

/* The root of the first entries of the journal. */
static inline tally_node world_root(world *at, uint64_t size)
{
    tally_tree_edge edge = at->edge.size <= size ? at->edge : (tally_tree_edge){ .size = 0 };
    tally_node node;

    assert_true(size <= at->memory.count);
    for (uint64_t i = edge.size; i < size; i++) {
        assert_int_equal(tally_tree_hash_leaf(at->hash, &node,
                                              at->memory.entries + i * TALLY_ENTRY_BYTES,
                                              TALLY_ENTRY_BYTES),
                         TALLY_OK);
        assert_int_equal(tally_tree_append(&edge, at->hash, &node), TALLY_OK);
    }
    at->edge = edge;
    assert_int_equal(tally_tree_root(&edge, at->hash, &node), TALLY_OK);
    return node;
}

static inline tally_text world_file(world *at, const char *path)
{
    char name[256];
    size_t count = 0;
    const char *bytes;

    (void)snprintf(name, sizeof(name), "log/%s", path);
    bytes = sim_files_content(at->sim, name, &count);
    return tally_text_of(bytes, count);
}

static inline tally_rc world_compare_tile(void *context, const tally_tile *tile,
                                          const tally_node *nodes, tally_err *err)
{
    world *at = context;
    char path[TALLY_TILE_PATH_BYTES];
    tally_text file;

    (void)err;
    if (!tally_tile_is_within(tile, at->seen_size))
        return TALLY_OK;
    (void)tally_tile_path(path, tile);
    file = world_file(at, path);
    if (file.bytes == NULL)
        fail_msg("%s is missing at size %" PRIu64, path, at->seen_size);
    assert_int_equal(file.count, tile->width * sizeof(tally_node));
    assert_memory_equal(file.bytes, nodes, file.count);
    return TALLY_OK;
}

/* Check everything that the public checkpoint implies, from the files now there.
 * Its root must be that of the journal, so any two that were ever seen fit. */
static inline void world_read(world *at)
{
    const tally_trust trust = { .origin = TALLY_TEXT(MEMORY_ORIGIN),
                                .log_keys = at->keys,
                                .log_key_count = 2 };
    const tally_tile_sink sink = { .context = at, .take = world_compare_tile };
    static tally_tile_stack stack;
    tally_tile_walk walk = { .size = 0 };
    tally_tile tile;
    tally_opened opened;
    tally_node root;
    tally_text note = world_file(at, "checkpoint");

    if (note.bytes == NULL) {
        assert_int_equal(at->seen_count, 0);
        return;
    }
    assert_int_equal(tally_checkpoint_open(&opened, note, &trust, NULL), TALLY_OK);
    assert_true(opened.checkpoint.size >= at->seen_size);
    at->seen_size = opened.checkpoint.size;
    at->seen_count++;
    root = world_root(at, at->seen_size);
    assert_memory_equal(root.bytes, opened.checkpoint.root.bytes, TALLY_HASH_BYTES);
    stack.size = 0;
    walk.size = at->seen_size;
    while (tally_tile_next(&walk, &tile) && tile.holds_entries) {
        char path[TALLY_TILE_PATH_BYTES];
        tally_bundle bundle;

        (void)tally_tile_path(path, &tile);
        if (world_file(at, path).bytes == NULL)
            fail_msg("%s is missing at size %" PRIu64, path, at->seen_size);
        assert_int_equal(tally_bundle_parse(&bundle, world_file(at, path), tile.width, NULL),
                         TALLY_OK);
        for (uint32_t i = 0; i < bundle.count; i++) {
            tally_node leaf;

            assert_int_equal(tally_tree_hash_leaf(at->hash, &leaf, bundle.entries[i].bytes,
                                                  bundle.entries[i].count),
                             TALLY_OK);
            assert_int_equal(tally_tile_stack_append(&stack, at->hash, &leaf, &sink, NULL),
                             TALLY_OK);
        }
    }
    assert_int_equal(tally_tile_stack_flush(&stack, &sink, NULL), TALLY_OK);
    assert_int_equal(tally_tile_stack_root(&stack, at->hash, &root), TALLY_OK);
    assert_memory_equal(root.bytes, opened.checkpoint.root.bytes, TALLY_HASH_BYTES);
    for (size_t i = 0; i < at->memory.document_count; i++) {
        const memory_document *document = &at->memory.documents[i];
        char path[64];

        (void)snprintf(path, sizeof(path), "documents/%" PRIu64, document->index);
        if (document->index < at->seen_size && document->rows == NULL)
            assert_non_null(world_file(at, path).bytes);
    }
}

/* Called at every operation on the disk: what does a reader see now? */
static inline void world_observe(void *context)
{
    world *at = context;
    tally_text note = world_file(at, "checkpoint");

    if (note.bytes == NULL || tally_text_is(note, at->seen))
        return;
    assert_true(note.count < sizeof(at->seen));
    memcpy(at->seen, note.bytes, note.count);
    at->seen[note.count] = '\0';
    world_read(at);
}

#endif
