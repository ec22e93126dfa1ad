/* SPDX-License-Identifier: Apache-2.0 */
/* Making proof files. */

#include "publish/prove.h"

#include <inttypes.h>

#include "crypto/base64.h"
#include "tlog/reading.h"
#include "util/alloc.h"

typedef struct proving {
    tally_folder *folder;
    tally_hash *hash;
    tally_buffer note;
    tally_checkpoint checkpoint;
    tally_reading reading;
    tally_tile_tree tree;
    tally_bundle bundle;
} proving;

static tally_rc load_checkpoint(proving *at, const tally_trust *trust, tally_err *err)
{
    tally_opened opened;
    tally_note note;
    bool exists = false;
    tally_rc rc = tally_folder_read(at->folder, TALLY_READING_CHECKPOINT, &at->note, &exists, err);

    if (rc == TALLY_OK && !exists)
        rc = tally_err_set(err, TALLY_E_RETRY, 0, "%s has no checkpoint yet", at->folder->name);
    if (rc != TALLY_OK)
        return rc;
    if (trust != NULL) {
        rc = tally_checkpoint_open(&opened, tally_buffer_text(&at->note), trust, err);
        at->checkpoint = opened.checkpoint;
        return rc;
    }
    rc = tally_note_parse(&note, tally_buffer_text(&at->note), err);
    return rc == TALLY_OK ? tally_checkpoint_parse(&at->checkpoint, note.text, err) : rc;
}

/* What a reader of the proof will do. */
static tally_rc check(proving *at, const tally_proof *proof, uint64_t index,
                      tally_buffer *out_entry, tally_err *err)
{
    const tally_tree_place place = { .index = index, .size = at->checkpoint.size };
    const tally_text *entry = &at->bundle.entries[index % TALLY_TILE_WIDTH];
    tally_node leaf;
    tally_rc rc = tally_reading_bundle(&at->reading, index / TALLY_TILE_WIDTH, &at->bundle, err);

    if (rc != TALLY_OK)
        return rc;
    if (tally_tree_hash_leaf(at->hash, &leaf, entry->bytes, entry->count) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
    rc = tally_proof_check_inclusion(proof, at->hash, place, &leaf, &at->checkpoint.root, NULL);
    if (rc == TALLY_E_INVALID)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "%s: the files do not give the root that was signed",
                             at->folder->name);
    if (rc == TALLY_OK && out_entry != NULL)
        rc = tally_buffer_append_text(out_entry, *entry);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "memory is short");
}

static tally_rc prove(proving *at, uint64_t index, tally_text extra, bool has_extra,
                      tally_buffer *out, tally_buffer *out_entry, tally_err *err)
{
    tally_proof_file file = { .extra = extra,
                              .has_extra = has_extra,
                              .index = index,
                              .checkpoint = tally_buffer_text(&at->note) };
    tally_tree_source source;
    tally_rc rc;

    if (index >= at->checkpoint.size)
        return tally_err_set(err, TALLY_E_RETRY, 0,
                             "entry %" PRIu64 " is not published yet: the log has %" PRIu64, index,
                             at->checkpoint.size);
    tally_reading_init(&at->reading, tally_folder_source(at->folder), at->checkpoint.size);
    at->tree.reader = tally_reading_tiles(&at->reading);
    at->tree.hash = at->hash;
    at->tree.size = at->checkpoint.size;
    source = tally_tile_tree_source(&at->tree);
    rc = tally_proof_inclusion(&file.proof, &source, at->hash,
                               (tally_tree_place){ .index = index, .size = at->checkpoint.size },
                               err);
    if (rc == TALLY_OK)
        rc = check(at, &file.proof, index, out_entry, err);
    /* Files that a checkpoint implies are there before it is. */
    if (rc == TALLY_E_RETRY)
        rc = TALLY_E_CORRUPT;
    if (rc == TALLY_OK && tally_proof_file_append(out, &file) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(out), 0, "the proof is too long");
    tally_reading_free(&at->reading);
    return rc;
}

tally_rc tally_prove(tally_folder *folder, const tally_trust *trust, uint64_t index,
                     const tally_text *extra, tally_buffer *out, tally_buffer *out_entry,
                     tally_err *err)
{
    proving *at = tally_alloc_zeroed(sizeof(*at));
    tally_buffer encoded;
    tally_rc rc = TALLY_OK;

    tally_buffer_init(&encoded, TALLY_BASE64_CHARACTERS(TALLY_PROVE_EXTRA_BYTES_MAX));
    if (extra != NULL &&
        tally_base64_append(&encoded, (const uint8_t *)extra->bytes, extra->count) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(&encoded), 0,
                           "what goes along with the proof is too long");
    if (rc == TALLY_OK && at != NULL) {
        at->folder = folder;
        at->hash = tally_hash_new();
        tally_buffer_init(&at->note, TALLY_NOTE_BYTES_MAX);
    }
    if (rc == TALLY_OK && (at == NULL || at->hash == NULL))
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK)
        rc = load_checkpoint(at, trust, err);
    if (rc == TALLY_OK)
        rc = prove(at, index, tally_buffer_text(&encoded), extra != NULL, out, out_entry, err);
    if (at != NULL) {
        tally_buffer_free(&at->note);
        tally_hash_free(at->hash);
    }
    tally_release(at);
    tally_buffer_free(&encoded);
    return rc;
}
