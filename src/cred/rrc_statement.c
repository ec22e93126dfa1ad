/* SPDX-License-Identifier: Apache-2.0 */
/* What a presentation states, which prover and verifier write alike.
 *
 * Elements [G, H, Xk, Xs, T, U1, CV, Ck, Cs, N, Z, D_0 ..], scalars
 * [k, s, rk, rs, rv, zeta, b_0 .., zeta_0 .., zeta'_0 ..], equations
 *     Ck = k * U1 + rk * G
 *     Cs = s * U1 + rs * G
 *     Z - CV = rk * Xk + rs * Xs - rv * H
 *     N = k * T
 *     for each bit: D = b * H + zeta * G, D = b * D + zeta' * G
 *     sum of 2^i * D_i + threshold * H = s * H + zeta * G
 *
 * Wire: version, width, U1, CV, Ck, Cs, N, D_0 .., proof. */

#include "cred/rrc_internal.h"

#include <string.h>

tally_rc tally_rrc_showing_tag(tally_rrc_tag *out, const tally_rrc_showing *showing, tally_err *err)
{
    const tally_rrc_benefit *benefit = showing->benefit;
    tally_rrc_proof_context context;
    tally_rc rc = tally_rrc_check_text(showing->audience, "the audience", err);

    if (rc == TALLY_OK && showing->claim.count > TALLY_RRC_CLAIM_BYTES_MAX)
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the claim has %zu bytes, at most %d are allowed", showing->claim.count,
                           TALLY_RRC_CLAIM_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = tally_rrc_proof_context_begin_under(&context, "PRESENT", showing->keyset,
                                                 showing->context, err);
    if (rc != TALLY_OK)
        return rc;
    tally_rrc_put_lp(&context.writer,
                     tally_text_of((const char *)benefit->scope, benefit->scope_bytes));
    tally_rrc_put_integer(&context.writer, benefit->threshold, 4);
    tally_rrc_put_lp(&context.writer, showing->audience);
    tally_rrc_put_lp(&context.writer,
                     tally_text_of((const char *)showing->nonce, TALLY_RRC_NONCE_BYTES));
    tally_rrc_put_lp(&context.writer, showing->claim);
    return tally_rrc_tag_make(out, &context, err);
}

/* The place of an element in the relation. */
enum { G, H, XK, XS, T, U1, CV, CK, CS, N, Z, D };

static void state_commitments(tally_sigma_relation *out)
{
    tally_scalar minus_one;

    tally_scalar_from_u64(&minus_one, 1);
    tally_scalar_negate(&minus_one, &minus_one);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, CK, NULL);
    tally_sigma_add_term(out, TALLY_RRC_K, U1, NULL);
    tally_sigma_add_term(out, TALLY_RRC_RK, G, NULL);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, CS, NULL);
    tally_sigma_add_term(out, TALLY_RRC_S, U1, NULL);
    tally_sigma_add_term(out, TALLY_RRC_RS, G, NULL);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, Z, NULL);
    tally_sigma_add_image(out, CV, minus_one.bytes);
    tally_sigma_add_term(out, TALLY_RRC_RK, XK, NULL);
    tally_sigma_add_term(out, TALLY_RRC_RS, XS, NULL);
    tally_sigma_add_term(out, TALLY_RRC_RV, H, minus_one.bytes);
    tally_sigma_add_equation(out);
    tally_sigma_add_image(out, N, NULL);
    tally_sigma_add_term(out, TALLY_RRC_K, T, NULL);
}

static void state_range(tally_sigma_relation *out, uint32_t width, uint32_t threshold)
{
    tally_scalar coefficient;

    for (uint32_t i = 0; i < width; i++) {
        tally_sigma_add_equation(out);
        tally_sigma_add_image(out, D + i, NULL);
        tally_sigma_add_term(out, TALLY_RRC_BITS + i, H, NULL);
        tally_sigma_add_term(out, TALLY_RRC_BITS + width + i, G, NULL);
        tally_sigma_add_equation(out);
        tally_sigma_add_image(out, D + i, NULL);
        tally_sigma_add_term(out, TALLY_RRC_BITS + i, D + i, NULL);
        tally_sigma_add_term(out, TALLY_RRC_BITS + 2 * width + i, G, NULL);
    }
    tally_sigma_add_equation(out);
    for (uint32_t i = 0; i < width; i++) {
        tally_scalar_from_u64(&coefficient, (uint64_t)1 << i);
        tally_sigma_add_image(out, D + i, coefficient.bytes);
    }
    tally_scalar_from_u64(&coefficient, threshold);
    tally_sigma_add_image(out, H, coefficient.bytes);
    tally_sigma_add_term(out, TALLY_RRC_S, H, NULL);
    tally_sigma_add_term(out, TALLY_RRC_ZETA, G, NULL);
}

void tally_rrc_state_presentation(tally_sigma_relation *out, const tally_rrc_presentation *shown,
                                  const tally_element *z, const tally_rrc_showing *showing)
{
    const tally_element *const elements[] = {
        &tally_rrc_generator_h,
        &showing->keyset->xk,
        &showing->keyset->xs,
        &showing->benefit->base,
        &shown->u1,
        &shown->cv,
        &shown->ck,
        &shown->cs,
        &shown->nullifier,
        z,
    };

    tally_sigma_begin(out, &tally_group_ristretto255, TALLY_RRC_SCALARS(shown->width));
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
        (void)tally_sigma_add_element(out, elements[i]->bytes);
    for (uint32_t i = 0; i < shown->width; i++)
        (void)tally_sigma_add_element(out, shown->bits[i].bytes);
    state_commitments(out);
    state_range(out, shown->width, showing->benefit->threshold);
}

/* ---- bytes ---- */

void tally_rrc_presentation_compose(tally_rrc_presentation *inout)
{
    tally_rrc_writer writer = { inout->bytes, sizeof(inout->bytes), 0 };

    tally_rrc_put_integer(&writer, TALLY_RRC_PRESENTATION_VERSION, 1);
    tally_rrc_put_integer(&writer, inout->width, 1);
    tally_rrc_put(&writer, inout->u1.bytes, TALLY_ELEMENT_BYTES);
    tally_rrc_put(&writer, inout->cv.bytes, TALLY_ELEMENT_BYTES);
    tally_rrc_put(&writer, inout->ck.bytes, TALLY_ELEMENT_BYTES);
    tally_rrc_put(&writer, inout->cs.bytes, TALLY_ELEMENT_BYTES);
    tally_rrc_put(&writer, inout->nullifier.bytes, TALLY_ELEMENT_BYTES);
    tally_rrc_put(&writer, inout->bits, inout->width * sizeof(inout->bits[0]));
    tally_rrc_put(&writer, inout->proof, TALLY_SIGMA_PROOF_BYTES(TALLY_RRC_SCALARS(inout->width)));
    TALLY_ASSERT(writer.count == TALLY_RRC_PRESENTATION_BYTES(inout->width));
    inout->byte_count = writer.count;
}

static tally_rc read_form(tally_rrc_presentation *out, const uint8_t *bytes, size_t byte_count,
                          tally_err *err)
{
    if (byte_count < 2 || bytes[0] != TALLY_RRC_PRESENTATION_VERSION)
        return tally_err_set(err, TALLY_E_INVALID, 0, "not a presentation of version %d",
                             TALLY_RRC_PRESENTATION_VERSION);
    out->width = bytes[1];
    if (out->width < 1 || out->width > TALLY_RRC_WIDTH_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a width of %u bits is not 1 to %d",
                             out->width, TALLY_RRC_WIDTH_MAX);
    if (byte_count != TALLY_RRC_PRESENTATION_BYTES(out->width))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%zu bytes where %zu are due for %u bits",
                             byte_count, TALLY_RRC_PRESENTATION_BYTES(out->width), out->width);
    return TALLY_OK;
}

static tally_rc read_parts(tally_rrc_presentation *out, const uint8_t *at, tally_err *err)
{
    tally_element *const elements[] = { &out->u1, &out->cv, &out->ck, &out->cs, &out->nullifier };
    size_t scalar_count = 1 + TALLY_RRC_SCALARS(out->width);

    for (size_t i = 0; i < 5 + out->width; i++, at += TALLY_ELEMENT_BYTES)
        if (!tally_element_decode(i < 5 ? elements[i] : &out->bits[i - 5], at))
            return tally_err_set(err, TALLY_E_INVALID, 0, "element %zu of it is none", i);
    for (size_t i = 0; i < scalar_count; i++, at += TALLY_SCALAR_BYTES) {
        tally_scalar scalar;

        if (!tally_scalar_decode(&scalar, at))
            return tally_err_set(err, TALLY_E_INVALID, 0, "scalar %zu of it is none", i);
        memcpy(out->proof + i * TALLY_SCALAR_BYTES, scalar.bytes, TALLY_SCALAR_BYTES);
    }
    return TALLY_OK;
}

tally_rc tally_rrc_presentation_read(tally_rrc_presentation *out, const uint8_t *bytes,
                                     size_t byte_count, tally_err *err)
{
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    rc = read_form(out, bytes, byte_count, err);
    if (rc == TALLY_OK)
        rc = read_parts(out, bytes + 2, err);
    if (rc == TALLY_OK)
        rc = tally_rrc_hash(out->hash, bytes, byte_count, err);
    if (rc == TALLY_OK) {
        memcpy(out->bytes, bytes, byte_count);
        out->byte_count = byte_count;
    } else {
        memset(out, 0, sizeof(*out));
    }
    return rc;
}
