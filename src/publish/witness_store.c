/* SPDX-License-Identifier: Apache-2.0 */
/* Answering add-checkpoint. What is kept of a log is the note that was cosigned,
 * in `held/<SHA-256 of the origin in hexadecimal>`. */

#include "publish/witness_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"

#define LOCK_NAME  "lock"
#define PATH_BYTES (sizeof("held/") + TALLY_HASH_HEX_BYTES)

enum {
    OK = 200,
    BAD_REQUEST = 400,
    FORBIDDEN = 403,
    NOT_FOUND = 404,
    CONFLICT = 409,
    UNPROCESSABLE = 422
};

/* A request on its way. */
typedef struct asked {
    tally_witness *witness;
    tally_witness_request request;
    tally_checkpoint checkpoint; /* what it asks to cosign */
    tally_text text;             /* of that */
    tally_vkey keys[TALLY_TRUST_KEYS_MAX];
    size_t key_count; /* of its log */
    char path[PATH_BYTES];
    tally_checkpoint held;
    tally_buffer held_note;
    uint32_t *status;
    tally_buffer *body;
} asked;

tally_rc tally_witness_open(tally_witness *out, const tally_witness_options *options,
                            tally_err *err)
{
    int failure;
    tally_rc rc;

    *out = (tally_witness){ .options = *options, .lock = -1 };
    if (options->signer->kind != TALLY_KEY_WITNESS || options->log_count > TALLY_TRUST_KEYS_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the key is not that of a witness");
    out->hash = tally_hash_new();
    if (out->hash == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_folder_open(&out->folder, options->files, options->at, options->path, err);
    if (rc != TALLY_OK)
        return rc;
    out->lock = options->files->calls->open(options->files->context, out->folder.handle, LOCK_NAME,
                                            TALLY_FILES_APPEND);
    failure =
        out->lock < 0 ? out->lock : options->files->calls->lock(options->files->context, out->lock);
    if (failure == -EWOULDBLOCK)
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "another process holds %s/" LOCK_NAME,
                             options->path);
    if (failure < 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s/" LOCK_NAME " cannot be locked: %s",
                             options->path, strerror(-failure));
    return TALLY_OK;
}

void tally_witness_close(tally_witness *witness)
{
    if (witness->lock >= 0)
        witness->options.files->calls->close(witness->options.files->context, witness->lock);
    witness->lock = -1;
    tally_folder_close(&witness->folder);
    tally_hash_free(witness->hash);
    witness->hash = NULL;
}

static tally_rc answer(asked *at, uint32_t status, const char *sentence)
{
    *at->status = status;
    tally_buffer_append_string(at->body, sentence);
    (void)tally_buffer_append_byte(at->body, '\n');
    return TALLY_E_DENIED;
}

/* ---- the steps; TALLY_E_DENIED: it is answered ---- */

static tally_rc read_request(asked *at, tally_text bytes)
{
    tally_note note;
    tally_err err = TALLY_ERR_INIT;

    if (tally_witness_parse(&at->request, bytes, &err) != TALLY_OK ||
        tally_note_parse(&note, at->request.checkpoint, &err) != TALLY_OK ||
        tally_checkpoint_parse(&at->checkpoint, note.text, &err) != TALLY_OK)
        return answer(at, BAD_REQUEST, err.message);
    at->text = note.text;
    for (size_t i = 0; i < at->witness->options.log_count; i++) {
        const tally_vkey *key = &at->witness->options.logs[i];

        if (tally_text_is_equal(key->name, at->checkpoint.origin))
            at->keys[at->key_count++] = *key;
    }
    if (at->key_count == 0)
        return answer(at, NOT_FOUND, "this witness does not know that log");
    return TALLY_OK;
}

static tally_rc check_signature(asked *at, tally_err *err)
{
    const tally_trust trust = { .origin = at->checkpoint.origin,
                                .log_keys = at->keys,
                                .log_key_count = at->key_count };
    tally_err inner = TALLY_ERR_INIT;
    tally_opened opened;
    tally_rc rc = tally_checkpoint_open(&opened, at->request.checkpoint, &trust, &inner);

    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "memory is short");
    if (rc != TALLY_OK)
        return answer(at, FORBIDDEN, inner.message);
    if (at->request.old_size > at->checkpoint.size)
        return answer(at, BAD_REQUEST, "the old size is above that of the checkpoint");
    return TALLY_OK;
}

/* What is held of this log; size 0 when nothing is. */
static tally_rc load_held(asked *at, tally_err *err)
{
    char hex[TALLY_HASH_HEX_BYTES];
    uint8_t digest[TALLY_HASH_BYTES];
    tally_note note;
    bool exists = false;
    tally_rc rc;

    if (tally_hash_sha256(digest, at->checkpoint.origin.bytes, at->checkpoint.origin.count) !=
        TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing failed");
    tally_hash_hex(hex, digest);
    (void)snprintf(at->path, sizeof(at->path), "held/%s", hex);
    at->held = (tally_checkpoint){ .root = tally_tree_empty_root };
    rc = tally_folder_read(&at->witness->folder, at->path, &at->held_note, &exists, err);
    if (rc != TALLY_OK || !exists)
        return rc;
    if (tally_note_parse(&note, tally_buffer_text(&at->held_note), NULL) != TALLY_OK ||
        tally_checkpoint_parse(&at->held, note.text, NULL) != TALLY_OK ||
        !tally_text_is_equal(at->held.origin, at->checkpoint.origin))
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "%s/%s is not the checkpoint of that log; cosign nothing of it",
                             at->witness->options.path, at->path);
    return TALLY_OK;
}

static tally_rc conflict(asked *at)
{
    *at->status = CONFLICT;
    (void)tally_buffer_printf(at->body, "%" PRIu64 "\n", at->held.size);
    return TALLY_E_DENIED;
}

static tally_rc check_growth(asked *at, tally_err *err)
{
    const tally_tree_growth growth = { .from = at->held.size, .to = at->checkpoint.size };
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc;

    if (at->request.old_size != at->held.size)
        return conflict(at);
    if (growth.from == growth.to && at->held.size > 0 &&
        !tally_node_is_equal(&at->held.root, &at->checkpoint.root))
        return conflict(at);
    if (growth.from == 0)
        return at->request.proof.count == 0
                   ? TALLY_OK
                   : answer(at, UNPROCESSABLE, "from size 0 there is nothing to prove");
    rc = tally_proof_check_consistency(&at->request.proof, at->witness->hash, growth,
                                       &at->held.root, &at->checkpoint.root, &inner);
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "memory is short");
    return rc == TALLY_OK ? rc : answer(at, UNPROCESSABLE, inner.message);
}

/* Keep it, then say so: a crash in between loses an answer, not a memory. */
static tally_rc keep_and_cosign(asked *at, int64_t now_s, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    if (at->checkpoint.size != at->held.size || at->held_note.count == 0)
        rc = tally_folder_write(&at->witness->folder, at->path, at->request.checkpoint,
                                TALLY_FOLDER_REPLACE, err);
    if (rc == TALLY_OK)
        rc = tally_note_append_signature(at->body, at->text, at->witness->options.signer, now_s,
                                         err);
    if (rc == TALLY_OK)
        *at->status = OK;
    return rc;
}

tally_rc tally_witness_answer(tally_witness *witness, tally_text request, int64_t now_s,
                              uint32_t *out_status, tally_buffer *out_body, tally_err *err)
{
    asked at = { .witness = witness, .status = out_status, .body = out_body };
    tally_rc rc;

    tally_buffer_init(&at.held_note, TALLY_NOTE_BYTES_MAX);
    rc = read_request(&at, request);
    if (rc == TALLY_OK)
        rc = check_signature(&at, err);
    if (rc == TALLY_OK)
        rc = load_held(&at, err);
    if (rc == TALLY_OK)
        rc = check_growth(&at, err);
    if (rc == TALLY_OK)
        rc = keep_and_cosign(&at, now_s, err);
    tally_buffer_free(&at.held_note);
    if (rc == TALLY_E_DENIED)
        rc = TALLY_OK;
    return rc == TALLY_OK && tally_buffer_failure(out_body) != TALLY_OK
               ? tally_err_set(err, tally_buffer_failure(out_body), 0, "the answer is too long")
               : rc;
}
