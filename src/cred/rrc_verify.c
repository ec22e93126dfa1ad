/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's side of a presentation. What it computes with its key is
 * constant-time; all the rest is public. */

#include "cred/rrc_verify.h"

#include <string.h>

#include "cred/rrc_internal.h"
#include "crypto/ed25519.h"

tally_rc tally_rrc_forwarded_check(const tally_rrc_presentation *shown,
                                   const tally_rrc_showing *showing,
                                   const tally_rrc_forwarded *forwarded, tally_err *err)
{
    const tally_rrc_context *context = showing->context;

    if (shown->width != context->width)
        return tally_err_set(err, TALLY_E_DENIED, 0, "it proves %u bits, the context has %u",
                             shown->width, context->width);
    if (forwarded->now_s < context->not_before_s || forwarded->now_s >= context->not_after_s)
        return tally_err_set(err, TALLY_E_DENIED, 0, "the context is not valid at this time");
    if (forwarded->threshold != showing->benefit->threshold)
        return tally_err_set(err, TALLY_E_DENIED, 0, "the published threshold is %u, not %u",
                             showing->benefit->threshold, forwarded->threshold);
    if (showing->benefit->threshold >> context->width != 0)
        return tally_err_set(err, TALLY_E_DENIED, 0, "the threshold does not fit %u bits",
                             context->width);
    if (!tally_text_is_equal(showing->audience, forwarded->caller))
        return tally_err_set(err, TALLY_E_DENIED, 0, "it is meant for another provider");
    return TALLY_OK;
}

/* Z = (x0 + xr + m_c * xc) * U1 + xk * Ck + xs * Cs */
tally_rc tally_rrc_compute_z(tally_element *out, const tally_rrc_key *key,
                             const tally_rrc_context *context, const tally_rrc_presentation *shown)
{
    tally_scalar on_u1;
    tally_sum sum;

    tally_scalar_add(&on_u1, &key->x0, &key->xr);
    tally_scalar_multiply_add(&on_u1, &key->xc, &context->attribute, &on_u1);
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &on_u1, &shown->u1);
    tally_sum_add_multiple(&sum, &key->xk, &shown->ck);
    tally_sum_add_multiple(&sum, &key->xs, &shown->cs);
    tally_secret_wipe(&on_u1, sizeof(on_u1));
    return tally_sum_take(out, &sum);
}

/* ---- the short way to the commitments ---- */

typedef struct responses {
    const uint8_t *scalars;
    tally_scalar less; /* minus the challenge */
} responses;

static tally_scalar response(const responses *given, uint32_t index)
{
    tally_scalar scalar;

    memcpy(scalar.bytes, given->scalars + (size_t)index * TALLY_SCALAR_BYTES, sizeof(scalar.bytes));
    return scalar;
}

/* z_by * of + z_blind * G - c * image */
static tally_rc recompute(tally_element *out, const responses *given, uint32_t by,
                          const tally_element *of, uint32_t blind, const tally_element *image)
{
    tally_scalar z_by = response(given, by), z_blind = response(given, blind);
    tally_sum sum;

    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &z_by, of);
    tally_sum_add_base(&sum, &z_blind);
    tally_sum_add_multiple(&sum, &given->less, image);
    return tally_sum_take(out, &sum);
}

/* Equation 3. The operator knows the logarithms of Xk and Xs, so that for it the
 * two are one multiple of the generator. */
static tally_rc recompute_mac(tally_element *out, const tally_rrc_verify_shortcut *known,
                              const responses *given)
{
    tally_scalar z_rk = response(given, TALLY_RRC_RK), z_rs = response(given, TALLY_RRC_RS);
    tally_scalar z_rv = response(given, TALLY_RRC_RV);
    tally_element image;
    tally_sum sum;
    tally_rc rc = tally_element_subtract(&image, known->z, &known->shown->cv);

    if (rc != TALLY_OK || tally_element_is_identity(&image))
        return TALLY_E_INVALID;
    tally_sum_begin(&sum);
    if (known->key != NULL) {
        tally_scalar on_base;

        tally_scalar_multiply(&on_base, &z_rk, &known->key->xk);
        tally_scalar_multiply_add(&on_base, &z_rs, &known->key->xs, &on_base);
        tally_sum_add_base(&sum, &on_base);
        tally_secret_wipe(&on_base, sizeof(on_base));
    } else {
        tally_sum_add_multiple(&sum, &z_rk, &known->showing->keyset->xk);
        tally_sum_add_multiple(&sum, &z_rs, &known->showing->keyset->xs);
    }
    tally_scalar_negate(&z_rv, &z_rv);
    tally_sum_add_multiple(&sum, &z_rv, &tally_rrc_generator_h);
    tally_sum_add_multiple(&sum, &given->less, &image);
    return tally_sum_take(out, &sum);
}

/* Both equations of a bit, with W = (z_b - c) * D:
 *     z_b * D + z_zeta' * G - c * D = W + z_zeta' * G
 *     z_b * H + z_zeta * G - c * D = z_b * (H - D) + W + z_zeta * G
 * which is two multiples of arbitrary elements instead of three. */
static tally_rc recompute_bit(tally_element out[static 2], const tally_rrc_presentation *shown,
                              uint32_t index, const responses *given)
{
    uint32_t at = TALLY_RRC_BITS + index;
    const tally_element *bit = &shown->bits[index];
    tally_scalar z_bit = response(given, at), z_blind = response(given, at + shown->width);
    tally_scalar z_other = response(given, at + 2 * shown->width), weight;
    tally_element shared, difference;
    tally_sum sum;
    tally_rc rc;

    tally_scalar_add(&weight, &z_bit, &given->less);
    rc = tally_element_multiply(&shared, &weight, bit);
    if (rc == TALLY_OK)
        rc = tally_element_subtract(&difference, &tally_rrc_generator_h, bit);
    if (rc != TALLY_OK)
        return rc;
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &z_bit, &difference);
    tally_sum_add(&sum, &shared);
    tally_sum_add_base(&sum, &z_blind);
    rc = tally_sum_take(&out[0], &sum);
    tally_sum_begin(&sum);
    tally_sum_add(&sum, &shared);
    tally_sum_add_base(&sum, &z_other);
    return rc == TALLY_OK ? tally_sum_take(&out[1], &sum) : rc;
}

/* The last equation: z_s * H + z_zeta * G - c * (S + threshold * H), where S is
 * the sum of 2^i * D_i, by Horner's rule. */
static tally_rc recompute_range(tally_element *out, const tally_rrc_verify_shortcut *known,
                                const responses *given)
{
    const tally_rrc_presentation *shown = known->shown;
    const tally_rrc_benefit *benefit = known->showing->benefit;
    tally_scalar on_h = response(given, TALLY_RRC_S), z_zeta = response(given, TALLY_RRC_ZETA);
    tally_scalar threshold;
    tally_sum sum;
    tally_element weighted = shown->bits[shown->width - 1];
    tally_rc rc = TALLY_OK;

    for (uint32_t i = shown->width - 1; rc == TALLY_OK && i-- > 0;) {
        rc = tally_element_add(&weighted, &weighted, &weighted);
        if (rc == TALLY_OK)
            rc = tally_element_add(&weighted, &weighted, &shown->bits[i]);
    }
    /* S = -threshold * H would make the image neutral. */
    if (rc != TALLY_OK || tally_element_is_equal(&weighted, &benefit->less_threshold_h))
        return TALLY_E_INVALID;
    tally_scalar_from_u64(&threshold, benefit->threshold);
    tally_scalar_multiply_add(&on_h, &threshold, &given->less, &on_h);
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &on_h, &tally_rrc_generator_h);
    tally_sum_add_base(&sum, &z_zeta);
    tally_sum_add_multiple(&sum, &given->less, &weighted);
    return tally_sum_take(out, &sum);
}

/* Equation 4: z_k * T - c * N. */
static tally_rc recompute_nullifier(tally_element *out, const tally_rrc_verify_shortcut *known,
                                    const responses *given)
{
    tally_scalar z_k = response(given, TALLY_RRC_K);
    tally_sum sum;

    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, &z_k, &known->showing->benefit->base);
    tally_sum_add_multiple(&sum, &given->less, &known->shown->nullifier);
    return tally_sum_take(out, &sum);
}

tally_rc tally_rrc_verify_commit(const void *context, uint8_t *out_commitments,
                                 const uint8_t *scalars, const uint8_t *challenge)
{
    const tally_rrc_verify_shortcut *known = context;
    const tally_rrc_presentation *shown = known->shown;
    tally_element commitments[TALLY_SIGMA_EQUATIONS_MAX];
    size_t count = 5 + 2 * (size_t)shown->width;
    responses given = { .scalars = scalars };
    tally_rc rc;

    TALLY_ASSERT(challenge != NULL);
    memcpy(given.less.bytes, challenge, sizeof(given.less.bytes));
    tally_scalar_negate(&given.less, &given.less);
    rc = recompute(&commitments[0], &given, TALLY_RRC_K, &shown->u1, TALLY_RRC_RK, &shown->ck);
    if (rc == TALLY_OK)
        rc = recompute(&commitments[1], &given, TALLY_RRC_S, &shown->u1, TALLY_RRC_RS, &shown->cs);
    if (rc == TALLY_OK)
        rc = recompute_mac(&commitments[2], known, &given);
    if (rc == TALLY_OK)
        rc = recompute_nullifier(&commitments[3], known, &given);
    for (uint32_t i = 0; rc == TALLY_OK && i < shown->width; i++)
        rc = recompute_bit(&commitments[4 + 2 * i], shown, i, &given);
    if (rc == TALLY_OK)
        rc = recompute_range(&commitments[count - 1], known, &given);
    if (rc == TALLY_OK)
        memcpy(out_commitments, commitments, count * sizeof(commitments[0]));
    return rc;
}

/* ---- verifying ---- */

tally_rc tally_rrc_verify_with(const tally_rrc_presentation *shown,
                               const tally_rrc_showing *showing, const tally_element *z,
                               const tally_rrc_key *key, tally_err *err)
{
    const tally_rrc_verify_shortcut known = { shown, showing, z, key };
    const tally_sigma_shortcut shortcut = { &known, tally_rrc_verify_commit };
    tally_sigma_relation relation;
    tally_rrc_tag tag;
    tally_rc rc;

    if (shown->width != showing->context->width)
        return tally_err_set(err, TALLY_E_INVALID, 0, "it proves %u bits, the context has %u",
                             shown->width, showing->context->width);
    if (showing->benefit->threshold >> shown->width != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the threshold does not fit %u bits",
                             shown->width);
    if (tally_element_is_identity(z))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the proof does not hold");
    rc = tally_rrc_showing_tag(&tag, showing, err);
    if (rc != TALLY_OK)
        return rc;
    tally_rrc_state_presentation(&relation, shown, z, showing);
    return tally_sigma_verify_vartime(&relation, tally_rrc_tag_text(&tag), shown->proof,
                                      TALLY_SIGMA_PROOF_BYTES(TALLY_RRC_SCALARS(shown->width)),
                                      &shortcut, err);
}

tally_rc tally_rrc_presentation_verify(const tally_rrc_presentation *shown,
                                       const tally_rrc_showing *showing, const tally_rrc_key *key,
                                       tally_err *err)
{
    tally_element z;
    tally_rc rc = tally_rrc_compute_z(&z, key, showing->context, shown);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "the presentation holds what is no element");
    rc = tally_rrc_verify_with(shown, showing, &z, key, err);
    tally_secret_wipe(&z, sizeof(z));
    return rc;
}
