/* SPDX-License-Identifier: Apache-2.0 */
/* The member's side of a presentation. The bits of score less threshold are
 * secret: they are masked, never branched on and never an index. */

#include "cred/rrc_present.h"

#include <string.h>

#include "cred/rrc_internal.h"
#include "crypto/ed25519.h"

static tally_rc check_showing(const tally_rrc_credential *credential,
                              const tally_rrc_showing *showing, tally_err *err)
{
    uint32_t width = showing->context->width, threshold = showing->benefit->threshold;

    if (threshold >> width != 0)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a threshold of %u does not fit %u bits",
                             threshold, width);
    if (credential->score >> width != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the credential's score does not fit");
    if (credential->score < threshold)
        return tally_err_set(err, TALLY_E_DENIED, 0, "the score does not reach the threshold");
    return TALLY_OK;
}

/* out = by * of + blind * G */
static tally_rc commit_to(tally_element *out, const tally_scalar *by, const tally_element *of,
                          const tally_scalar *blind)
{
    tally_sum sum;

    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, by, of);
    tally_sum_add_base(&sum, blind);
    return tally_sum_take(out, &sum);
}

/* D = b * H + zeta * G with b masked in, zeta' = (1 - b) * zeta, and the sums. */
static tally_rc open_bits(tally_rrc_opening *inout, uint32_t excess, const tally_random *random,
                          tally_err *err)
{
    uint32_t width = inout->width;
    tally_scalar *bits = inout->witness + TALLY_RRC_BITS;
    tally_scalar *zetas = bits + width, *complements = zetas + width;
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < width; i++)
        rc = tally_scalar_random(&zetas[i], random, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < width; i++) {
        uint8_t bit = (uint8_t)(excess >> i & 1u);
        tally_scalar other, power;
        tally_element masked;
        tally_sum sum;

        tally_scalar_from_u64(&bits[i], bit);
        tally_scalar_from_u64(&other, 1u - bit);
        tally_scalar_multiply(&complements[i], &other, &zetas[i]);
        tally_scalar_from_u64(&power, (uint64_t)1 << i);
        tally_scalar_multiply_add(&inout->witness[TALLY_RRC_ZETA], &power, &zetas[i],
                                  &inout->witness[TALLY_RRC_ZETA]);
        tally_element_select(&masked, &tally_rrc_generator_h, bit);
        tally_sum_begin(&sum);
        tally_sum_add(&sum, &masked);
        tally_sum_add_base(&sum, &zetas[i]);
        rc = tally_sum_take(&inout->shown.bits[i], &sum);
        tally_secret_wipe(&masked, sizeof(masked));
        tally_secret_wipe(&other, sizeof(other));
    }
    return rc;
}

/* U1, Ck, Cs, CV, N and Z, which is not sent. */
static tally_rc open_mac(tally_rrc_opening *inout, const tally_rrc_credential *credential,
                         const tally_scalar *a, const tally_rrc_showing *showing)
{
    const tally_scalar *witness = inout->witness;
    tally_rrc_presentation *shown = &inout->shown;
    tally_element v1;
    tally_sum sum;
    tally_rc rc = tally_element_multiply(&shown->u1, a, &credential->u);

    if (rc == TALLY_OK)
        rc = tally_element_multiply(&v1, a, &credential->v);
    if (rc != TALLY_OK)
        return rc;
    rc = commit_to(&shown->ck, &witness[TALLY_RRC_K], &shown->u1, &witness[TALLY_RRC_RK]);
    if (rc == TALLY_OK)
        rc = commit_to(&shown->cs, &witness[TALLY_RRC_S], &shown->u1, &witness[TALLY_RRC_RS]);
    if (rc == TALLY_OK)
        rc = tally_element_multiply(&shown->nullifier, &witness[TALLY_RRC_K],
                                    &showing->benefit->base);
    tally_sum_begin(&sum);
    tally_sum_add(&sum, &v1);
    tally_sum_add_multiple(&sum, &witness[TALLY_RRC_RV], &tally_rrc_generator_h);
    if (rc == TALLY_OK)
        rc = tally_sum_take(&shown->cv, &sum);
    tally_sum_begin(&sum);
    tally_sum_add(&sum, &v1);
    tally_sum_add_multiple(&sum, &witness[TALLY_RRC_RK], &showing->keyset->xk);
    tally_sum_add_multiple(&sum, &witness[TALLY_RRC_RS], &showing->keyset->xs);
    if (rc == TALLY_OK)
        rc = tally_sum_take(&inout->z, &sum);
    tally_secret_wipe(&v1, sizeof(v1));
    tally_secret_wipe(&sum, sizeof(sum));
    return rc;
}

tally_rc tally_rrc_open(tally_rrc_opening *out, const tally_rrc_credential *credential,
                        const tally_rrc_member *member, const tally_rrc_showing *showing,
                        const tally_random *random, tally_err *err)
{
    static const uint32_t blinds[] = { TALLY_RRC_RK, TALLY_RRC_RS, TALLY_RRC_RV };
    tally_scalar a;
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    out->width = showing->context->width;
    out->shown.width = out->width;
    out->witness[TALLY_RRC_K] = member->k;
    tally_scalar_from_u64(&out->witness[TALLY_RRC_S], credential->score);
    rc = tally_scalar_random(&a, random, err);
    for (size_t i = 0; rc == TALLY_OK && i < sizeof(blinds) / sizeof(blinds[0]); i++)
        rc = tally_scalar_random(&out->witness[blinds[i]], random, err);
    if (rc == TALLY_OK)
        rc = open_bits(out, credential->score - showing->benefit->threshold, random, err);
    if (rc == TALLY_OK) {
        rc = open_mac(out, credential, &a, showing);
        if (rc != TALLY_OK)
            rc = tally_err_set(err, rc, 0, "the credential or the keyset holds no element");
    }
    tally_secret_wipe(&a, sizeof(a));
    if (rc == TALLY_OK)
        tally_rrc_state_presentation(&out->relation, &out->shown, &out->z, showing);
    return rc;
}

/* ---- the short way to the commitments ---- */

static tally_scalar scalar_at(const uint8_t *scalars, uint32_t index)
{
    tally_scalar scalar;

    memcpy(scalar.bytes, scalars + (size_t)index * TALLY_SCALAR_BYTES, sizeof(scalar.bytes));
    return scalar;
}

/* The prover knows D = b * H + zeta * G, so that both commitments of a bit need
 * one multiple of H:
 *     n_b * H + n_zeta * G
 *     n_b * D + n_zeta' * G = b * (n_b * H) + (n_b * zeta + n_zeta') * G */
static tally_rc commit_bit(tally_element out[static 2], const tally_rrc_opening *opening,
                           uint32_t index, const uint8_t *nonces)
{
    uint32_t width = opening->width, at = TALLY_RRC_BITS + index;
    tally_scalar by = scalar_at(nonces, at), on_base = scalar_at(nonces, at + 2 * width);
    tally_scalar blind = scalar_at(nonces, at + width);
    tally_element multiple, masked;
    tally_sum sum;
    tally_rc rc = tally_element_multiply(&multiple, &by, &tally_rrc_generator_h);

    tally_sum_begin(&sum);
    tally_sum_add(&sum, &multiple);
    tally_sum_add_base(&sum, &blind);
    if (rc == TALLY_OK)
        rc = tally_sum_take(&out[0], &sum);
    tally_element_select(&masked, &multiple, opening->witness[at].bytes[0]);
    tally_scalar_multiply_add(&on_base, &by, &opening->witness[at + width], &on_base);
    tally_sum_begin(&sum);
    tally_sum_add(&sum, &masked);
    tally_sum_add_base(&sum, &on_base);
    if (rc == TALLY_OK)
        rc = tally_sum_take(&out[1], &sum);
    tally_secret_wipe(&by, sizeof(by));
    tally_secret_wipe(&blind, sizeof(blind));
    tally_secret_wipe(&on_base, sizeof(on_base));
    tally_secret_wipe(&multiple, sizeof(multiple));
    tally_secret_wipe(&masked, sizeof(masked));
    tally_secret_wipe(&sum, sizeof(sum));
    return rc;
}

/* Equation 3: rk * Xk + rs * Xs - rv * H. */
static tally_rc commit_mac(tally_element *out, const tally_rrc_keyset *keyset,
                           const tally_scalar *rk, const tally_scalar *rs, const tally_scalar *rv)
{
    tally_scalar less;
    tally_sum sum;

    tally_scalar_negate(&less, rv);
    tally_sum_begin(&sum);
    tally_sum_add_multiple(&sum, rk, &keyset->xk);
    tally_sum_add_multiple(&sum, rs, &keyset->xs);
    tally_sum_add_multiple(&sum, &less, &tally_rrc_generator_h);
    tally_secret_wipe(&less, sizeof(less));
    return tally_sum_take(out, &sum);
}

tally_rc tally_rrc_present_commit(const void *context, uint8_t *out_commitments,
                                  const uint8_t *scalars, const uint8_t *challenge)
{
    const tally_rrc_present_shortcut *known = context;
    const tally_rrc_opening *opening = known->opening;
    tally_element commitments[TALLY_SIGMA_EQUATIONS_MAX];
    tally_scalar nonces[TALLY_RRC_BITS];
    size_t count = 5 + 2 * (size_t)opening->width;
    tally_rc rc;

    TALLY_ASSERT(challenge == NULL); /* only the prover knows an opening */
    memcpy(nonces, scalars, sizeof(nonces));
    rc =
        commit_to(&commitments[0], &nonces[TALLY_RRC_K], &opening->shown.u1, &nonces[TALLY_RRC_RK]);
    if (rc == TALLY_OK)
        rc = commit_to(&commitments[1], &nonces[TALLY_RRC_S], &opening->shown.u1,
                       &nonces[TALLY_RRC_RS]);
    if (rc == TALLY_OK)
        rc = commit_mac(&commitments[2], known->showing->keyset, &nonces[TALLY_RRC_RK],
                        &nonces[TALLY_RRC_RS], &nonces[TALLY_RRC_RV]);
    if (rc == TALLY_OK)
        rc = tally_element_multiply(&commitments[3], &nonces[TALLY_RRC_K],
                                    &known->showing->benefit->base);
    for (uint32_t i = 0; rc == TALLY_OK && i < opening->width; i++)
        rc = commit_bit(&commitments[4 + 2 * i], opening, i, scalars);
    if (rc == TALLY_OK)
        rc = commit_to(&commitments[count - 1], &nonces[TALLY_RRC_S], &tally_rrc_generator_h,
                       &nonces[TALLY_RRC_ZETA]);
    if (rc == TALLY_OK)
        memcpy(out_commitments, commitments, count * sizeof(commitments[0]));
    tally_secret_wipe(nonces, sizeof(nonces));
    return rc;
}

tally_rc tally_rrc_present(tally_rrc_presentation *out, const tally_rrc_credential *credential,
                           const tally_rrc_member *member, const tally_rrc_showing *showing,
                           const tally_random *random, tally_err *err)
{
    tally_rrc_opening opening;
    const tally_rrc_present_shortcut known = { &opening, showing };
    const tally_sigma_shortcut shortcut = { &known, tally_rrc_present_commit };
    tally_rrc_tag tag;
    tally_rc rc = check_showing(credential, showing, err);

    if (rc == TALLY_OK)
        rc = tally_rrc_showing_tag(&tag, showing, err);
    if (rc == TALLY_OK) {
        rc = tally_rrc_open(&opening, credential, member, showing, random, err);
        if (rc == TALLY_OK)
            rc = tally_sigma_prove(&opening.relation, opening.shown.proof, tally_rrc_tag_text(&tag),
                                   opening.witness[0].bytes, &shortcut, random, err);
        if (rc == TALLY_OK) {
            tally_rrc_presentation_compose(&opening.shown);
            rc = tally_rrc_hash(opening.shown.hash, opening.shown.bytes, opening.shown.byte_count,
                                err);
        }
        if (rc == TALLY_OK)
            *out = opening.shown;
        tally_secret_wipe(&opening, sizeof(opening));
    }
    if (rc != TALLY_OK)
        memset(out, 0, sizeof(*out));
    return rc;
}
