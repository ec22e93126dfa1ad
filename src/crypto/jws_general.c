/* SPDX-License-Identifier: Apache-2.0 */
/* The general JSON form: several signatures over one payload. */

#include <string.h>

#include "crypto/base64.h"
#include "crypto/jws_internal.h"
#include "json/jcs.h"
#include "json/read.h"

#define MEMBER_BYTES_MAX     TALLY_JWS_BYTES_MAX
#define SIGNATURE_CHARACTERS 86

/* A general form that was read; the texts live in its document. */
typedef struct general {
    tally_text payload; /* encoded */
    uint32_t count;
    struct {
        tally_text header, signature; /* encoded */
        tally_jws_key key;
    } signatures[TALLY_JWS_SIGNATURES_MAX];
} general;

static tally_rc read_members(general *out, const tally_json_document *document, tally_err *err)
{
    tally_json_reader reader, signature;
    tally_json_items items;

    out->count = 0;
    tally_json_read_begin(&reader, tally_json_root(document), "JWS", err);
    out->payload = tally_json_read_text(&reader, "payload", MEMBER_BYTES_MAX);
    tally_json_read_array(&reader, "signatures", 1, TALLY_JWS_SIGNATURES_MAX, &items);
    while (tally_json_next_object(&items, &signature)) {
        out->signatures[out->count].header =
            tally_json_read_text(&signature, "protected", TALLY_JWS_HEADER_BYTES_MAX);
        out->signatures[out->count].signature =
            tally_json_read_text(&signature, "signature", SIGNATURE_CHARACTERS);
        (void)tally_json_read_end(&signature);
        out->count++;
    }
    return tally_json_read_end(&reader);
}

/* Check one signature of those read. */
static tally_rc check(general *self, uint32_t i, const char *typ, tally_err *err)
{
    tally_text header = self->signatures[i].header;
    tally_buffer input;
    tally_rc rc;

    if (i > 0 && tally_text_compare(self->signatures[i - 1].header, header) >= 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "signatures are not in ascending order, one a key");
    rc = tally_jws_read_header(&self->signatures[i].key, header, typ, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&input, TALLY_JWS_BYTES_MAX + TALLY_JWS_HEADER_BYTES_MAX + 1);
    tally_buffer_append_text(&input, header);
    tally_buffer_append_byte(&input, '.');
    tally_buffer_append_text(&input, self->payload);
    rc = tally_jws_report(&input, err);
    if (rc == TALLY_OK)
        rc = tally_jws_check(tally_buffer_text(&input), self->signatures[i].signature,
                             &self->signatures[i].key, err);
    tally_buffer_free(&input);
    return rc;
}

/* Read and check all; the caller releases the document also after a failure. */
static tally_rc read_general(general *out, tally_json_document **out_document, tally_text jws,
                             const char *typ, tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_JWS_BYTES_MAX, .depth_max = 3 };
    tally_rc rc = tally_json_parse(out_document, jws, &options, err);

    if (rc == TALLY_OK)
        rc = tally_jcs_check(tally_json_root(*out_document), jws, err);
    if (rc == TALLY_OK)
        rc = read_members(out, *out_document, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < out->count; i++)
        rc = check(out, i, typ, err);
    return rc;
}

static void write_general(tally_jcs *jcs, const general *self)
{
    tally_jcs_object(jcs);
    tally_jcs_member_text(jcs, "payload", self->payload);
    tally_jcs_name(jcs, "signatures");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < self->count; i++) {
        tally_jcs_object(jcs);
        tally_jcs_member_text(jcs, "protected", self->signatures[i].header);
        tally_jcs_member_text(jcs, "signature", self->signatures[i].signature);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
    tally_jcs_object_end(jcs);
}

/* Put a compact form's signature where it belongs. */
static tally_rc insert(general *self, tally_text compact, tally_err *err)
{
    tally_text header, rest, payload, signature;
    uint32_t at = 0;

    (void)tally_text_split(compact, '.', &header, &rest);
    (void)tally_text_split(rest, '.', &payload, &signature);
    if (self->count > 0 && !tally_text_is_equal(self->payload, payload))
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "the others signed another payload");
    if (self->count == TALLY_JWS_SIGNATURES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "no more than %d sign one payload",
                             TALLY_JWS_SIGNATURES_MAX);
    while (at < self->count && tally_text_compare(self->signatures[at].header, header) < 0)
        at++;
    if (at < self->count && tally_text_is_equal(self->signatures[at].header, header))
        return tally_err_set(err, TALLY_E_CONFLICT, 0, "this key has signed already");
    memmove(&self->signatures[at + 1], &self->signatures[at],
            (self->count - at) * sizeof(self->signatures[0]));
    self->signatures[at].header = header;
    self->signatures[at].signature = signature;
    self->payload = payload;
    self->count++;
    return TALLY_OK;
}

tally_rc tally_jws_cosign(tally_buffer *out, tally_text others, tally_text payload, const char *typ,
                          const uint8_t seed32[static TALLY_ED25519_SEED_BYTES], tally_err *err)
{
    tally_json_document *document = NULL;
    general all = { .count = 0 };
    tally_buffer compact;
    tally_rc rc = TALLY_OK;
    tally_jcs jcs;

    tally_buffer_init(&compact, TALLY_JWS_BYTES_MAX);
    if (others.count > 0)
        rc = read_general(&all, &document, others, typ, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(&compact, payload, typ, seed32, err);
    if (rc == TALLY_OK)
        rc = insert(&all, tally_buffer_text(&compact), err);
    if (rc == TALLY_OK) {
        tally_jcs_init(&jcs, out);
        write_general(&jcs, &all);
        rc = tally_jcs_finish(&jcs, err);
    }
    tally_buffer_free(&compact);
    tally_json_document_free(document);
    return rc;
}

tally_rc tally_jws_general_verify(tally_buffer *out_payload,
                                  tally_jws_key out_signers[static TALLY_JWS_SIGNATURES_MAX],
                                  uint32_t *out_signer_count, tally_text jws, const char *typ,
                                  tally_err *err)
{
    tally_json_document *document = NULL;
    general all;
    tally_rc rc;

    rc = read_general(&all, &document, jws, typ, err);
    if (rc == TALLY_OK)
        rc = tally_jws_append_decoded(out_payload, all.payload, err);
    if (rc == TALLY_OK) {
        for (uint32_t i = 0; i < all.count; i++)
            out_signers[i] = all.signatures[i].key;
        *out_signer_count = all.count;
    }
    tally_json_document_free(document);
    return rc;
}

tally_rc tally_jws_general_open(tally_json_document **out_document,
                                tally_jws_key out_signers[static TALLY_JWS_SIGNATURES_MAX],
                                uint32_t *out_signer_count, tally_text jws, const char *typ,
                                const tally_json_options *options, tally_err *err)
{
    tally_buffer payload;
    tally_rc rc;

    tally_buffer_init(&payload, TALLY_JWS_BYTES_MAX);
    rc = tally_jws_general_verify(&payload, out_signers, out_signer_count, jws, typ, err);
    if (rc == TALLY_OK)
        rc = tally_jws_parse(out_document, tally_buffer_text(&payload), options, err);
    tally_buffer_free(&payload);
    return rc;
}

bool tally_jws_has_signer(const tally_jws_key *signers, uint32_t signer_count,
                          const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES])
{
    for (uint32_t i = 0; i < signer_count; i++) {
        if (memcmp(signers[i].public32, public32, sizeof(signers[i].public32)) == 0)
            return true;
    }
    return false;
}
