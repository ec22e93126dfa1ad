/* SPDX-License-Identifier: Apache-2.0 */
/* Issuance.
 *
 * Request: C = k * Xk + blind * G, with a proof over [G, H, Xk, Y, C] that its k is
 * that of Y. Answer: U = u * G and V' = x0 * U + u * (C + Xr + s * Xs + m_c * Xc),
 * with a proof over [G, H, X0, Xr, Xs, Xc, C, U, V'] that it was made with the
 * published key. The member takes blind * U off V' and has the MAC.
 *
 * The operator knows the logarithms of all its elements but C, and gathers what
 * stands on the generator into one multiple. */

#include "cred/rrc_issue.h"

#include <string.h>

#include "cred/rrc_internal.h"
#include "crypto/ed25519.h"

_Static_assert(TALLY_RRC_REQUEST_BYTES == TALLY_ELEMENT_BYTES + TALLY_SIGMA_PROOF_BYTES(3),
               "C and the proof");
_Static_assert(TALLY_RRC_ISSUANCE_BYTES == 2 * TALLY_ELEMENT_BYTES + TALLY_SIGMA_PROOF_BYTES(2),
               "U, V' and the proof");

/* ---- requests ---- */

static void state_request(tally_sigma_relation *out, const tally_rrc_keyset *keyset,
                          const tally_element *y, const tally_element *c)
{
    uint32_t at_h, at_xk, at_y, at_c;

    tally_sigma_begin(out, &tally_group_ristretto255, 3);
    at_h = tally_sigma_add_element(out, tally_rrc_generator_h.bytes);
    at_xk = tally_sigma_add_element(out, keyset->xk.bytes);
    at_y = tally_sigma_add_element(out, y->bytes);
    at_c = tally_sigma_add_element(out, c->bytes);
    tally_rrc_state_y(out, at_h, at_y);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, at_c, NULL);
    tally_sigma_add_term(out, 0, at_xk, NULL);
    tally_sigma_add_term(out, 2, 0, NULL);
}

static tally_rc request_tag(tally_rrc_tag *out, const tally_rrc_issuing *issuing, tally_err *err)
{
    tally_rrc_proof_context context;
    tally_rc rc = tally_rrc_proof_context_begin_under(&context, "REQUEST", issuing->keyset,
                                                      issuing->context, err);

    if (rc != TALLY_OK)
        return rc;
    tally_rrc_put_lp(&context.writer,
                     tally_text_of((const char *)issuing->nonce, TALLY_RRC_NONCE_BYTES));
    return tally_rrc_tag_make(out, &context, err);
}

tally_rc tally_rrc_request_make(tally_rrc_request *out, const tally_rrc_member *member,
                                const tally_rrc_issuing *issuing, const tally_random *random,
                                tally_err *err)
{
    uint8_t witness[3 * TALLY_SCALAR_BYTES] = { 0 };
    tally_sigma_relation relation;
    tally_element c;
    tally_rrc_tag tag;
    tally_sum sum;
    tally_rc rc = request_tag(&tag, issuing, err);

    memset(out, 0, sizeof(*out));
    if (rc == TALLY_OK)
        rc = tally_scalar_random(&out->blind, random, err);
    if (rc != TALLY_OK)
        return rc;
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &member->k, &issuing->keyset->xk);
    tally_sum_add_base(&sum, &out->blind);
    rc = tally_sum_take(&c, &sum);
    if (rc == TALLY_OK) {
        memcpy(out->bytes, c.bytes, TALLY_ELEMENT_BYTES);
        memcpy(witness, member->k.bytes, TALLY_SCALAR_BYTES);
        memcpy(witness + TALLY_SCALAR_BYTES, member->rho.bytes, TALLY_SCALAR_BYTES);
        memcpy(witness + 2 * TALLY_SCALAR_BYTES, out->blind.bytes, TALLY_SCALAR_BYTES);
        state_request(&relation, issuing->keyset, &member->y, &c);
        rc = tally_sigma_prove(&relation, out->bytes + TALLY_ELEMENT_BYTES,
                               tally_rrc_tag_text(&tag), witness, NULL, random, err);
    }
    tally_secret_wipe(witness, sizeof(witness));
    if (rc != TALLY_OK) {
        tally_secret_wipe(out, sizeof(*out));
        return tally_err_set(err, rc, 0, "the keyset holds no element");
    }
    return TALLY_OK;
}

tally_rc tally_rrc_request_check(const tally_rrc_issuing *issuing, const tally_element *y,
                                 const uint8_t *request, size_t request_bytes, tally_err *err)
{
    tally_sigma_relation relation;
    tally_element c;
    tally_rrc_tag tag;
    tally_rc rc;

    if (request_bytes != TALLY_RRC_REQUEST_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a request has %d bytes, not %zu",
                             TALLY_RRC_REQUEST_BYTES, request_bytes);
    if (!tally_element_decode(&c, request))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the request holds no element");
    rc = request_tag(&tag, issuing, err);
    if (rc != TALLY_OK)
        return rc;
    state_request(&relation, issuing->keyset, y, &c);
    return tally_sigma_verify_vartime(&relation, tally_rrc_tag_text(&tag),
                                      request + TALLY_ELEMENT_BYTES,
                                      request_bytes - TALLY_ELEMENT_BYTES, NULL, err);
}

/* ---- answers ---- */

typedef struct answer {
    const tally_rrc_issuing *issuing;
    tally_element c, u, v; /* v is V' */
    tally_scalar score;
} answer;

static void state_issuance(tally_sigma_relation *out, const answer *made)
{
    const tally_rrc_keyset *keyset = made->issuing->keyset;
    enum { X0, U };
    uint32_t h, x0, xr, xs, xc, c, u, v;

    tally_sigma_begin(out, &tally_group_ristretto255, 2);
    h = tally_sigma_add_element(out, tally_rrc_generator_h.bytes);
    x0 = tally_sigma_add_element(out, keyset->x0.bytes);
    xr = tally_sigma_add_element(out, keyset->xr.bytes);
    xs = tally_sigma_add_element(out, keyset->xs.bytes);
    xc = tally_sigma_add_element(out, keyset->xc.bytes);
    c = tally_sigma_add_element(out, made->c.bytes);
    u = tally_sigma_add_element(out, made->u.bytes);
    v = tally_sigma_add_element(out, made->v.bytes);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, u, NULL);
    tally_sigma_add_term(out, U, 0, NULL);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, x0, NULL);
    tally_sigma_add_term(out, X0, h, NULL);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, v, NULL);
    tally_sigma_add_term(out, X0, u, NULL);
    tally_sigma_add_term(out, U, c, NULL);
    tally_sigma_add_term(out, U, xr, NULL);
    tally_sigma_add_term(out, U, xs, made->score.bytes);
    tally_sigma_add_term(out, U, xc, made->issuing->context->attribute.bytes);
}

/* The proof binds the request itself, not only its C. */
static tally_rc issuance_tag(tally_rrc_tag *out, const tally_rrc_issuing *issuing, uint32_t score,
                             const uint8_t request[static TALLY_RRC_REQUEST_BYTES], tally_err *err)
{
    uint8_t hash[TALLY_RRC_HASH_BYTES];
    tally_rrc_proof_context context;
    tally_rc rc = tally_rrc_proof_context_begin_under(&context, "ISSUE", issuing->keyset,
                                                      issuing->context, err);

    if (rc == TALLY_OK)
        rc = tally_rrc_hash(hash, request, TALLY_RRC_REQUEST_BYTES, err);
    if (rc != TALLY_OK)
        return rc;
    tally_rrc_put_integer(&context.writer, score, 4);
    tally_rrc_put(&context.writer, hash, sizeof(hash));
    return tally_rrc_tag_make(out, &context, err);
}

static tally_rc check_score(const tally_rrc_context *context, uint32_t score, tally_err *err)
{
    if (score >> context->width != 0)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a score of %u does not fit %u bits", score,
                             context->width);
    return TALLY_OK;
}

/* What the operator knows beyond the relation: on C stands a multiple of u, and
 * all the rest of V' is a multiple of the generator. */
typedef struct issue_shortcut {
    const tally_element *c;
    tally_scalar u;
    tally_scalar attested; /* xr + s * xs + m_c * xc */
} issue_shortcut;

/* by_x0 * U + by_u * (C + Xr + s * Xs + m_c * Xc) */
static tally_rc multiply_out(tally_element *out, const issue_shortcut *known,
                             const tally_scalar *by_x0, const tally_scalar *by_u)
{
    tally_scalar on_base;
    tally_sum sum;

    tally_scalar_multiply(&on_base, by_x0, &known->u);
    tally_scalar_multiply_add(&on_base, by_u, &known->attested, &on_base);
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, by_u, known->c);
    tally_sum_add_base(&sum, &on_base);
    tally_secret_wipe(&on_base, sizeof(on_base));
    return tally_sum_take(out, &sum);
}

static tally_rc issue_commit(const void *context, uint8_t *out_commitments, const uint8_t *scalars,
                             const uint8_t *challenge)
{
    const issue_shortcut *known = context;
    tally_scalar nonce_x0, nonce_u;
    tally_element commitments[3];
    tally_rc rc;

    TALLY_ASSERT(challenge == NULL); /* only the operator takes this way, to prove */
    memcpy(nonce_x0.bytes, scalars, TALLY_SCALAR_BYTES);
    memcpy(nonce_u.bytes, scalars + TALLY_SCALAR_BYTES, TALLY_SCALAR_BYTES);
    tally_element_multiply_base(&commitments[0], &nonce_u);
    rc = tally_element_multiply(&commitments[1], &nonce_x0, &tally_rrc_generator_h);
    if (rc == TALLY_OK)
        rc = multiply_out(&commitments[2], known, &nonce_x0, &nonce_u);
    memcpy(out_commitments, commitments, sizeof(commitments));
    tally_secret_wipe(&nonce_x0, sizeof(nonce_x0));
    tally_secret_wipe(&nonce_u, sizeof(nonce_u));
    return rc;
}

tally_rc tally_rrc_issue_checked(uint8_t out[static TALLY_RRC_ISSUANCE_BYTES],
                                 const tally_rrc_key *key, const tally_rrc_issuing *issuing,
                                 uint32_t score,
                                 const uint8_t request[static TALLY_RRC_REQUEST_BYTES],
                                 const tally_random *random, tally_err *err)
{
    answer made = { .issuing = issuing };
    issue_shortcut known = { .c = &made.c };
    const tally_sigma_shortcut shortcut = { &known, issue_commit };
    uint8_t witness[2 * TALLY_SCALAR_BYTES];
    tally_sigma_relation relation;
    tally_rrc_tag tag;
    tally_rc rc = check_score(issuing->context, score, err);

    memset(out, 0, TALLY_RRC_ISSUANCE_BYTES);
    if (rc == TALLY_OK)
        rc = issuance_tag(&tag, issuing, score, request, err);
    if (rc == TALLY_OK && !tally_element_decode(&made.c, request))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the request holds no element");
    if (rc == TALLY_OK)
        rc = tally_scalar_random(&known.u, random, err);
    if (rc != TALLY_OK)
        return rc;
    tally_scalar_from_u64(&made.score, score);
    tally_scalar_multiply_add(&known.attested, &made.score, &key->xs, &key->xr);
    tally_scalar_multiply_add(&known.attested, &issuing->context->attribute, &key->xc,
                              &known.attested);
    tally_element_multiply_base(&made.u, &known.u);
    rc = multiply_out(&made.v, &known, &key->x0, &known.u);
    if (rc == TALLY_OK) {
        memcpy(witness, key->x0.bytes, TALLY_SCALAR_BYTES);
        memcpy(witness + TALLY_SCALAR_BYTES, known.u.bytes, TALLY_SCALAR_BYTES);
        state_issuance(&relation, &made);
        rc = tally_sigma_prove(&relation, out + 2 * (size_t)TALLY_ELEMENT_BYTES,
                               tally_rrc_tag_text(&tag), witness, &shortcut, random, err);
    }
    if (rc == TALLY_OK) {
        memcpy(out, made.u.bytes, TALLY_ELEMENT_BYTES);
        memcpy(out + TALLY_ELEMENT_BYTES, made.v.bytes, TALLY_ELEMENT_BYTES);
    }
    tally_secret_wipe(witness, sizeof(witness));
    tally_secret_wipe(&known, sizeof(known));
    return rc;
}

tally_rc tally_rrc_issue(uint8_t out[static TALLY_RRC_ISSUANCE_BYTES], const tally_rrc_key *key,
                         const tally_rrc_issuing *issuing, const tally_element *y, uint32_t score,
                         const uint8_t *request, size_t request_bytes, const tally_random *random,
                         tally_err *err)
{
    tally_rc rc = check_score(issuing->context, score, err);

    memset(out, 0, TALLY_RRC_ISSUANCE_BYTES);
    if (rc == TALLY_OK)
        rc = tally_rrc_request_check(issuing, y, request, request_bytes, err);
    if (rc == TALLY_OK)
        rc = tally_rrc_issue_checked(out, key, issuing, score, request, random, err);
    return rc;
}

/* ---- taking the answer ---- */

static tally_rc take_off_blind(tally_rrc_credential *out, const answer *made,
                               const tally_scalar *blind)
{
    tally_element blinded;
    tally_rc rc = tally_element_multiply(&blinded, blind, &made->u);

    out->u = made->u;
    if (rc == TALLY_OK)
        rc = tally_element_subtract(&out->v, &made->v, &blinded);
    tally_secret_wipe(&blinded, sizeof(blinded));
    return rc;
}

tally_rc tally_rrc_issuance_take(tally_rrc_credential *out, const tally_rrc_request *request,
                                 const tally_rrc_issuing *issuing, uint32_t score,
                                 const uint8_t *bytes, size_t byte_count, tally_err *err)
{
    answer made = { .issuing = issuing };
    tally_sigma_relation relation;
    tally_rrc_tag tag;
    tally_rc rc = check_score(issuing->context, score, err);

    memset(out, 0, sizeof(*out));
    if (rc == TALLY_OK && byte_count != TALLY_RRC_ISSUANCE_BYTES)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "an issuance has %d bytes, not %zu",
                           TALLY_RRC_ISSUANCE_BYTES, byte_count);
    if (rc == TALLY_OK)
        rc = issuance_tag(&tag, issuing, score, request->bytes, err);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_element_decode(&made.c, request->bytes) || !tally_element_decode(&made.u, bytes) ||
        !tally_element_decode(&made.v, bytes + TALLY_ELEMENT_BYTES))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the issuance holds what is no element");
    tally_scalar_from_u64(&made.score, score);
    state_issuance(&relation, &made);
    rc = tally_sigma_verify_vartime(&relation, tally_rrc_tag_text(&tag),
                                    bytes + 2 * (size_t)TALLY_ELEMENT_BYTES,
                                    byte_count - 2 * (size_t)TALLY_ELEMENT_BYTES, NULL, err);
    if (rc == TALLY_OK)
        rc = take_off_blind(out, &made, &request->blind);
    out->score = score;
    if (rc != TALLY_OK)
        tally_secret_wipe(out, sizeof(*out));
    return rc;
}
