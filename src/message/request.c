/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of members (docs/formats/message.md, section 1). */

#include "message/request.h"

#include "crypto/did_key.h"
#include "crypto/hash.h"
#include "json/jcs.h"
#include "message/values.h"

static const char *const kinds[] = {
    "join", "consent", "withdraw", "leave", "rotate", "read", NULL
};
static const char *const whats[] = {
    "statement", "receipts", "accesses", "export", "in words", NULL
};

const char *tally_request_kind_name(tally_request_kind kind)
{
    return kinds[kind];
}

const char *tally_read_what_name(tally_read_what what)
{
    return whats[what];
}

/* ---- the proof that a new key is there ---- */

#define PROOF_TAG       "tally/rotate/v1"
#define PROOF_BYTES_MAX (sizeof(PROOF_TAG) + TALLY_REQUEST_NONCE_BYTES + 2 * (size_t)256 + 1)

static size_t proof_message(uint8_t out[static PROOF_BYTES_MAX], const tally_request *request)
{
    size_t at = sizeof(PROOF_TAG); /* with its NUL */

    TALLY_ASSERT(request->member.count <= 256 && request->to.count <= 256);
    memcpy(out, PROOF_TAG, at);
    memcpy(out + at, request->nonce, TALLY_REQUEST_NONCE_BYTES);
    at += TALLY_REQUEST_NONCE_BYTES;
    memcpy(out + at, request->member.bytes, request->member.count);
    at += request->member.count;
    out[at++] = '\n';
    memcpy(out + at, request->to.bytes, request->to.count);
    return at + request->to.count;
}

/* ---- writing ---- */

static tally_rc add_receipt(tally_jcs *jcs, tally_text receipt, tally_err *err)
{
    const tally_json_options options = { TALLY_REQUEST_BYTES_MAX, 0, false };
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, receipt, &options, err);

    if (rc == TALLY_OK)
        tally_jcs_member_value(jcs, "receipt", tally_json_root(document));
    tally_json_document_free(document);
    return rc;
}

static tally_rc add_proof(tally_jcs *jcs, const tally_request *request, const uint8_t *to_seed,
                          tally_err *err)
{
    uint8_t message[PROOF_BYTES_MAX], signature[TALLY_ED25519_SIGNATURE_BYTES];
    tally_rc rc = tally_ed25519_sign(signature, message, proof_message(message, request), to_seed);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "signing with the new key");
    tally_value_write_bytes(jcs, "proof", signature, sizeof(signature));
    return TALLY_OK;
}

/* Members in the order of their names. */
static tally_rc write_payload(tally_buffer *out, const tally_request *request,
                              const uint8_t *to_seed, tally_err *err)
{
    bool has_receipt =
        request->kind == TALLY_REQUEST_JOIN || request->kind == TALLY_REQUEST_CONSENT;
    tally_rc rc = TALLY_OK;
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    if (request->kind == TALLY_REQUEST_READ && request->has_as_of)
        tally_value_write_instant(&jcs, "as-of", request->as_of_ms);
    tally_value_write_instant(&jcs, "at", request->at_ms);
    tally_jcs_member_string(&jcs, "kind", kinds[request->kind]);
    tally_jcs_member_text(&jcs, "member", request->member);
    tally_value_write_bytes(&jcs, "nonce", request->nonce, sizeof(request->nonce));
    tally_jcs_member_text(&jcs, "programme", request->programme);
    if (request->kind == TALLY_REQUEST_ROTATE)
        rc = add_proof(&jcs, request, to_seed, err);
    if (has_receipt && rc == TALLY_OK)
        rc = add_receipt(&jcs, request->receipt, err);
    if (rc != TALLY_OK)
        return rc;
    if (request->kind == TALLY_REQUEST_WITHDRAW)
        tally_value_write_bytes(&jcs, "record", request->record, sizeof(request->record));
    if (request->kind == TALLY_REQUEST_ROTATE)
        tally_jcs_member_text(&jcs, "to", request->to);
    if (request->kind == TALLY_REQUEST_JOIN)
        tally_jcs_member_text(&jcs, "token", request->token);
    tally_jcs_member_integer(&jcs, "v", 1);
    if (request->kind == TALLY_REQUEST_READ)
        tally_jcs_member_string(&jcs, "what", whats[request->what]);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

tally_rc tally_request_write(tally_buffer *out, const tally_request *request,
                             const uint8_t seed[static 32], const uint8_t *to_seed, tally_err *err)
{
    tally_buffer payload;
    tally_rc rc;

    TALLY_ASSERT((request->kind == TALLY_REQUEST_ROTATE) == (to_seed != NULL));
    tally_buffer_init(&payload, TALLY_REQUEST_BYTES_MAX);
    rc = write_payload(&payload, request, to_seed, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_REQUEST_TYP, seed, err);
    tally_buffer_free(&payload);
    return rc;
}

/* ---- reading ---- */

static tally_text copy_text(tally_arena *arena, tally_text text, tally_rc *rc)
{
    tally_text copy = { NULL, 0 };

    if (*rc == TALLY_OK && !tally_arena_copy_text(arena, &copy, text))
        *rc = tally_arena_failure(arena);
    return copy;
}

/* A general JWS within the request, as the text that its own reader takes. */
static tally_rc read_receipt(tally_request *out, tally_json_reader *reader, tally_arena *arena,
                             tally_err *err)
{
    const tally_json_value *value = tally_json_read_value(reader, "receipt");
    tally_buffer text;
    tally_rc rc;

    if (value == NULL)
        return tally_json_read_end(reader);
    tally_buffer_init(&text, TALLY_REQUEST_BYTES_MAX);
    rc = tally_jcs_append(&text, value, err);
    out->receipt = copy_text(arena, tally_buffer_text(&text), &rc);
    tally_buffer_free(&text);
    return rc;
}

static tally_rc check_proof(const tally_request *request, const uint8_t *signature, tally_err *err)
{
    uint8_t message[PROOF_BYTES_MAX], public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc = tally_did_key_read(public32, request->to, err);

    if (rc == TALLY_OK && !tally_ed25519_is_valid_vartime(
                              signature, message, proof_message(message, request), public32))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the new key has not signed: is it there?");
    return rc;
}

/* What the kind adds. */
static tally_rc read_kind(tally_request *out, tally_json_reader *reader, tally_arena *arena,
                          tally_err *err)
{
    uint8_t proof[TALLY_ED25519_SIGNATURE_BYTES] = { 0 };
    tally_rc rc = TALLY_OK;

    switch (out->kind) {
    case TALLY_REQUEST_JOIN:
        out->token =
            copy_text(arena, tally_json_read_text(reader, "token", TALLY_TOKEN_BYTES_MAX), &rc);
        break;
    case TALLY_REQUEST_WITHDRAW:
        tally_value_read_bytes(reader, "record", out->record, sizeof(out->record));
        break;
    case TALLY_REQUEST_ROTATE:
        out->to =
            copy_text(arena, tally_json_read_text(reader, "to", TALLY_DID_KEY_CHARACTERS), &rc);
        tally_value_read_bytes(reader, "proof", proof, sizeof(proof));
        break;
    case TALLY_REQUEST_READ:
        out->what = (tally_read_what)tally_json_read_choice(reader, "what", whats);
        out->as_of_ms = tally_value_read_optional_instant(reader, "as-of", INT64_MIN);
        out->has_as_of = out->as_of_ms != INT64_MIN;
        break;
    default:
        break;
    }
    if (rc == TALLY_OK && (out->kind == TALLY_REQUEST_JOIN || out->kind == TALLY_REQUEST_CONSENT))
        rc = read_receipt(out, reader, arena, err);
    if (rc == TALLY_OK)
        rc = tally_json_read_end(reader);
    if (rc == TALLY_OK && out->kind == TALLY_REQUEST_ROTATE)
        rc = check_proof(out, proof, err);
    return rc;
}

static tally_rc read_payload(tally_request *out, const tally_json_value *payload,
                             tally_arena *arena, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_json_reader reader;
    tally_rc rc = TALLY_OK;

    tally_json_read_begin(&reader, payload, "request", err);
    (void)tally_json_read_integer(&reader, "v", 1, 1);
    out->kind = (tally_request_kind)tally_json_read_choice(&reader, "kind", kinds);
    out->programme = copy_text(
        arena, tally_json_read_text(&reader, "programme", TALLY_REQUEST_ORIGIN_BYTES_MAX), &rc);
    out->member =
        copy_text(arena, tally_json_read_text(&reader, "member", TALLY_DID_KEY_CHARACTERS), &rc);
    out->at_ms = tally_value_read_instant(&reader, "at");
    tally_value_read_bytes(&reader, "nonce", out->nonce, sizeof(out->nonce));
    if (rc == TALLY_OK)
        rc = read_kind(out, &reader, arena, err);
    if (rc == TALLY_OK)
        rc = tally_did_key_read(public32, out->member, err);
    return rc;
}

tally_rc tally_request_read(tally_request *out, tally_jws_key *out_signer,
                            uint8_t out_mark[static 32], tally_text message, tally_arena *arena,
                            tally_err *err)
{
    const tally_json_options options = { TALLY_REQUEST_BYTES_MAX, 0, false };
    tally_json_document *document = NULL;
    size_t signed_count = message.count;
    tally_rc rc;

    *out = (tally_request){ 0 };
    if (message.count > TALLY_REQUEST_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a request has at most %zu bytes",
                             TALLY_REQUEST_BYTES_MAX);
    rc = tally_jws_open(&document, out_signer, message, TALLY_REQUEST_TYP, NULL, &options, err);
    if (rc == TALLY_OK)
        rc = read_payload(out, tally_json_root(document), arena, err);
    tally_json_document_free(document);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "reading a request");
    /* The signature is not part of what a request is known by: its maker could make others. */
    while (signed_count > 0 && message.bytes[signed_count - 1] != '.')
        signed_count--;
    TALLY_ASSERT(signed_count > 0);
    rc = tally_hash_sha256(out_mark, message.bytes, signed_count - 1);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "reading a request");
}
