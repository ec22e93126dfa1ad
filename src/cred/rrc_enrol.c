/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment: elements [G, H, Y], scalars (k, rho), Y = k * H + rho * G. */

#include "cred/rrc_enrol.h"

#include <string.h>

#include "cred/rrc_internal.h"
#include "crypto/ed25519.h"

_Static_assert(TALLY_RRC_ENROLMENT_BYTES == TALLY_ELEMENT_BYTES + TALLY_SIGMA_PROOF_BYTES(2),
               "Y and the proof");

static void finish_member(tally_rrc_member *inout)
{
    tally_sum sum;
    tally_rc rc;

    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &inout->k, &tally_rrc_generator_h);
    tally_sum_add_base(&sum, &inout->rho);
    rc = tally_sum_take(&inout->y, &sum);
    TALLY_ASSERT(rc == TALLY_OK); /* H and G are elements */
}

tally_rc tally_rrc_member_new(tally_rrc_member *out, const tally_random *random, tally_err *err)
{
    tally_rc rc = tally_scalar_random(&out->k, random, err);

    if (rc == TALLY_OK)
        rc = tally_scalar_random(&out->rho, random, err);
    if (rc == TALLY_OK)
        finish_member(out);
    else
        tally_secret_wipe(out, sizeof(*out));
    return rc;
}

tally_rc tally_rrc_member_restore(tally_rrc_member *out, const uint8_t k[static TALLY_SCALAR_BYTES],
                                  const uint8_t rho[static TALLY_SCALAR_BYTES], tally_err *err)
{
    if (!tally_scalar_decode(&out->k, k) || !tally_scalar_decode(&out->rho, rho) ||
        tally_scalar_is_zero(&out->k)) {
        tally_secret_wipe(out, sizeof(*out));
        return tally_err_set(err, TALLY_E_INVALID, 0, "the backup holds no member's key");
    }
    finish_member(out);
    return TALLY_OK;
}

void tally_rrc_state_y(tally_sigma_relation *relation, uint32_t h, uint32_t y)
{
    tally_sigma_add_equation(relation);
    tally_sigma_add_image(relation, y, NULL);
    tally_sigma_add_term(relation, 0, h, NULL);
    tally_sigma_add_term(relation, 1, 0, NULL);
}

static void state_enrolment(tally_sigma_relation *out, const tally_element *y)
{
    uint32_t at_h, at_y;

    tally_sigma_begin(out, &tally_group_ristretto255, 2);
    at_h = tally_sigma_add_element(out, tally_rrc_generator_h.bytes);
    at_y = tally_sigma_add_element(out, y->bytes);
    tally_rrc_state_y(out, at_h, at_y);
}

static tally_rc make_tag(tally_rrc_tag *out, tally_text issuer,
                         const uint8_t nonce[static TALLY_RRC_NONCE_BYTES], tally_err *err)
{
    tally_rrc_proof_context context;
    tally_rc rc = tally_rrc_check_text(issuer, "the issuer's name", err);

    if (rc != TALLY_OK)
        return rc;
    tally_rrc_proof_context_begin(&context, "ENROL");
    tally_rrc_put_lp(&context.writer, issuer);
    tally_rrc_put_lp(&context.writer, tally_text_of((const char *)nonce, TALLY_RRC_NONCE_BYTES));
    return tally_rrc_tag_make(out, &context, err);
}

tally_rc tally_rrc_enrol(uint8_t out[static TALLY_RRC_ENROLMENT_BYTES],
                         const tally_rrc_member *member, tally_text issuer,
                         const uint8_t nonce[static TALLY_RRC_NONCE_BYTES],
                         const tally_random *random, tally_err *err)
{
    uint8_t witness[2 * TALLY_SCALAR_BYTES];
    tally_sigma_relation relation;
    tally_rrc_tag tag;
    tally_rc rc = make_tag(&tag, issuer, nonce, err);

    memset(out, 0, TALLY_RRC_ENROLMENT_BYTES);
    if (rc != TALLY_OK)
        return rc;
    memcpy(witness, member->k.bytes, TALLY_SCALAR_BYTES);
    memcpy(witness + TALLY_SCALAR_BYTES, member->rho.bytes, TALLY_SCALAR_BYTES);
    state_enrolment(&relation, &member->y);
    rc = tally_sigma_prove(&relation, out + TALLY_ELEMENT_BYTES, tally_rrc_tag_text(&tag), witness,
                           NULL, random, err);
    if (rc == TALLY_OK)
        memcpy(out, member->y.bytes, TALLY_ELEMENT_BYTES);
    tally_secret_wipe(witness, sizeof(witness));
    return rc;
}

tally_rc tally_rrc_enrolment_check(tally_element *out_y, tally_text issuer,
                                   const uint8_t nonce[static TALLY_RRC_NONCE_BYTES],
                                   const uint8_t *bytes, size_t byte_count, tally_err *err)
{
    tally_sigma_relation relation;
    tally_rrc_tag tag;
    tally_element y;
    tally_rc rc;

    if (byte_count != TALLY_RRC_ENROLMENT_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "an enrolment has %d bytes, not %zu",
                             TALLY_RRC_ENROLMENT_BYTES, byte_count);
    if (!tally_element_decode(&y, bytes))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the enrolment holds no element");
    rc = make_tag(&tag, issuer, nonce, err);
    if (rc != TALLY_OK)
        return rc;
    state_enrolment(&relation, &y);
    rc =
        tally_sigma_verify_vartime(&relation, tally_rrc_tag_text(&tag), bytes + TALLY_ELEMENT_BYTES,
                                   byte_count - TALLY_ELEMENT_BYTES, NULL, err);
    if (rc == TALLY_OK)
        *out_y = y;
    return rc;
}
