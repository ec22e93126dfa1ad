/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a batch: all complete subtrees are kept, 64 bytes an event, so that
 * the path of any event costs a dozen look-ups and not a tree's worth of hashes. */

#include "batch/batch.h"

/* The tag and the salt before the event, and events up to this in one call. */
#define TAG_BYTES        16
#define COPIED_BYTES_MAX 512

static const char event_tag[TAG_BYTES] = "tally/event/v1"; /* and two NULs */

tally_rc tally_batch_hash_event(tally_hash *hash, tally_node *out,
                                const uint8_t salt[static TALLY_BATCH_SALT_BYTES],
                                tally_text prefix, tally_text bytes)
{
    uint8_t message[TAG_BYTES + TALLY_BATCH_SALT_BYTES + COPIED_BYTES_MAX];
    size_t count = TAG_BYTES + TALLY_BATCH_SALT_BYTES;

    memcpy(message, event_tag, TAG_BYTES);
    memcpy(message + TAG_BYTES, salt, TALLY_BATCH_SALT_BYTES);
    if (prefix.count <= COPIED_BYTES_MAX && bytes.count <= COPIED_BYTES_MAX - prefix.count) {
        if (prefix.count > 0)
            memcpy(message + count, prefix.bytes, prefix.count);
        count += prefix.count;
        if (bytes.count > 0)
            memcpy(message + count, bytes.bytes, bytes.count);
        tally_hash_update(hash, message, count + bytes.count);
    } else {
        tally_hash_update(hash, message, count);
        tally_hash_update(hash, prefix.bytes, prefix.count);
        tally_hash_update(hash, bytes.bytes, bytes.count);
    }
    return tally_hash_finish(hash, out->bytes);
}

static tally_rc hash_leaves(tally_node *leaves, const tally_batch *batch, tally_hash *hash)
{
    for (uint32_t i = 0; i < batch->event_count; i++) {
        const tally_batch_event *event = &batch->events[i];
        tally_node entry;
        tally_rc rc =
            tally_batch_hash_event(hash, &entry, event->salt, batch->prefix, event->bytes);

        if (rc == TALLY_OK)
            rc = tally_tree_hash_leaf(hash, &leaves[i], entry.bytes, sizeof(entry.bytes));
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc hash_above(tally_batch_tree *tree, tally_node *room, tally_hash *hash)
{
    for (uint32_t height = 1; tree->count >> height > 0; height++) {
        const tally_node *below = tree->nodes[height - 1];

        TALLY_ASSERT(height < TALLY_BATCH_HEIGHTS);
        tree->nodes[height] = room;
        for (uint32_t i = 0; i < tree->count >> height; i++) {
            tally_rc rc = tally_tree_hash_pair(hash, room++, &below[2 * (size_t)i],
                                               &below[2 * (size_t)i + 1]);

            if (rc != TALLY_OK)
                return rc;
        }
    }
    return TALLY_OK;
}

tally_rc tally_batch_tree_make(tally_batch_tree *out_tree, const tally_batch *batch,
                               tally_arena *arena, tally_err *err)
{
    tally_batch_tree tree = { .count = batch->event_count };
    /* The leaves, and above them fewer than as many again. */
    tally_node *room = tally_arena_alloc(arena, 2 * (size_t)batch->event_count * sizeof(*room));
    tally_hash *hash = tally_hash_new();
    tally_rc rc;

    TALLY_ASSERT(batch->event_count > 0 && batch->event_count <= TALLY_BATCH_EVENTS_MAX);
    if (room == NULL || hash == NULL) {
        rc = room == NULL ? tally_arena_failure(arena) : TALLY_E_NOMEM;
    } else {
        rc = hash_leaves(room, batch, hash);
        tree.nodes[0] = room;
        if (rc == TALLY_OK)
            rc = hash_above(&tree, room + batch->event_count, hash);
    }
    tally_hash_free(hash);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "hashing the batch");
    *out_tree = tree;
    return TALLY_OK;
}

static tally_rc node_of(void *context, tally_node *out, uint32_t height, uint64_t index,
                        tally_err *err)
{
    const tally_batch_tree *tree = context;

    (void)err;
    TALLY_ASSERT(height < TALLY_BATCH_HEIGHTS && index < tree->count >> height);
    *out = tree->nodes[height][index];
    return TALLY_OK;
}

tally_rc tally_batch_tree_root(const tally_batch_tree *tree, tally_hash *hash, tally_node *out,
                               tally_err *err)
{
    tally_batch_tree copy = *tree;
    const tally_tree_source source = { &copy, node_of };

    return tally_tree_range_root(&source, hash, out, (tally_tree_range){ 0, tree->count }, err);
}

tally_rc tally_batch_tree_path(const tally_batch_tree *tree, tally_hash *hash, uint32_t position,
                               tally_proof *out, tally_err *err)
{
    tally_batch_tree copy = *tree;
    const tally_tree_source source = { &copy, node_of };

    return tally_proof_inclusion(out, &source, hash, (tally_tree_place){ position, tree->count },
                                 err);
}

tally_rc tally_batch_verify(const tally_batch *batch, tally_batch_tree *out_tree,
                            tally_arena *arena, tally_err *err)
{
    tally_batch_tree tree;
    tally_hash *hash;
    tally_node root;
    tally_rc rc = tally_batch_tree_make(&tree, batch, arena, err);

    if (rc != TALLY_OK)
        return rc;
    hash = tally_hash_new();
    rc = hash == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "hashing the batch")
                      : tally_batch_tree_root(&tree, hash, &root, err);
    tally_hash_free(hash);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_node_is_equal(&root, &batch->header.root))
        return tally_err_set(err, TALLY_E_DENIED, 2,
                             "the root in the header is not that of these events and salts");
    *out_tree = tree;
    return TALLY_OK;
}
