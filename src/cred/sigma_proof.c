/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs: commitments, the challenge, responses.
 *
 *     session   = SHAKE128("irtf-cfrg-fiat-shamir/session-id" || 0^136 || tag, 32)
 *     challenge = SHAKE128(session || 0^136 || relation || commitments, 48), lowest
 *                 byte first, modulo the order
 *
 * The zeros fill the first block of the sponge, of 168 bytes. A compact proof
 * gives the challenge and the responses; the verifier finds the commitments from
 * them and the challenge again from those. */

#include "cred/sigma_internal.h"

#include <string.h>

#include "crypto/ed25519.h"
#include "crypto/shake.h"

#define SESSION_BYTES 32
#define FRESH_BYTES   64

static const uint8_t zeros[TALLY_SHAKE128_RATE_BYTES - SESSION_BYTES];

static tally_text slice(const uint8_t *bytes, size_t count)
{
    return tally_text_of((const char *)bytes, count);
}

tally_rc tally_sigma_session(uint8_t out_session[static SESSION_BYTES], tally_text tag)
{
    const tally_text parts[] = { TALLY_TEXT("irtf-cfrg-fiat-shamir/session-id"),
                                 slice(zeros, sizeof(zeros)), tag };

    return tally_shake128_parts(out_session, SESSION_BYTES, parts, 3);
}

/* The relation as it is written stands before the commitments. */
typedef struct transcript {
    uint8_t session[SESSION_BYTES];
    uint8_t relation[TALLY_SIGMA_RELATION_BYTES_MAX];
    size_t relation_bytes;
    uint8_t commitments[TALLY_SIGMA_COMMITMENTS_BYTES_MAX];
    size_t commitments_bytes;
} transcript;

static tally_rc begin_transcript(transcript *out, const tally_sigma_relation *relation,
                                 tally_text tag)
{
    out->relation_bytes = tally_sigma_write(relation, out->relation);
    out->commitments_bytes = relation->equation_count * relation->group->element_bytes;
    return tally_sigma_session(out->session, tag);
}

static tally_rc squeeze_challenge(const transcript *script, const tally_group *group,
                                  uint8_t out_challenge[static TALLY_GROUP_SCALAR_BYTES])
{
    const tally_text parts[] = { slice(script->session, sizeof(script->session)),
                                 slice(zeros, sizeof(zeros)),
                                 slice(script->relation, script->relation_bytes),
                                 slice(script->commitments, script->commitments_bytes) };
    uint8_t wide[TALLY_GROUP_WIDE_BYTES];
    tally_rc rc = tally_shake128_parts(wide, sizeof(wide), parts, 4);

    group->scalar_reduce(out_challenge, wide);
    return rc;
}

/* ---- commitments ---- */

/* What multiplies each element in one equation. */
typedef struct factors {
    uint8_t scalars[TALLY_SIGMA_ELEMENTS_MAX][TALLY_GROUP_SCALAR_BYTES];
    bool is_used[TALLY_SIGMA_ELEMENTS_MAX];
} factors;

static void merge(factors *merged, const tally_group *group, uint32_t element,
                  const uint8_t *coefficient, const uint8_t *scalar)
{
    group->scalar_multiply_add(merged->scalars[element], coefficient, scalar,
                               merged->scalars[element]);
    merged->is_used[element] = true;
}

static tally_rc sum_up(uint8_t *out, const tally_sigma_relation *relation, const factors *merged)
{
    const tally_group *group = relation->group;
    uint8_t multiple[TALLY_GROUP_ELEMENT_BYTES_MAX];
    bool is_begun = false;
    tally_rc rc = TALLY_OK;

    memset(out, 0, group->element_bytes);
    for (uint32_t i = 0; rc == TALLY_OK && i < relation->element_count; i++) {
        if (!merged->is_used[i])
            continue;
        rc = i == 0 ? group->multiply_generator(multiple, merged->scalars[i])
                    : group->multiply(multiple, merged->scalars[i],
                                      relation->elements + i * group->element_bytes);
        if (rc == TALLY_OK && is_begun)
            rc = group->add(out, out, multiple);
        else if (rc == TALLY_OK)
            memcpy(out, multiple, group->element_bytes);
        is_begun = true;
    }
    tally_secret_wipe(multiple, sizeof(multiple));
    return rc;
}

tally_rc tally_sigma_commit(const tally_sigma_relation *relation, uint8_t *out_commitments,
                            const uint8_t *scalars, const uint8_t *challenge)
{
    const tally_group *group = relation->group;
    uint8_t less[TALLY_GROUP_SCALAR_BYTES];
    factors merged;
    tally_rc rc = TALLY_OK;

    if (challenge != NULL)
        group->scalar_negate(less, challenge);
    for (uint32_t i = 0; rc == TALLY_OK && i < relation->equation_count; i++) {
        const tally_sigma_equation *equation = &relation->equations[i];

        memset(&merged, 0, sizeof(merged));
        for (uint32_t j = 0; j < equation->term_count; j++) {
            const tally_sigma_term *term = &relation->terms[equation->term_first + j];

            merge(&merged, group, term->element, term->coefficient,
                  scalars + term->scalar * TALLY_GROUP_SCALAR_BYTES);
        }
        for (uint32_t j = 0; challenge != NULL && j < equation->image_count; j++) {
            const tally_sigma_image *image = &relation->images[equation->image_first + j];

            merge(&merged, group, image->element, image->coefficient, less);
        }
        rc = sum_up(out_commitments + i * group->element_bytes, relation, &merged);
    }
    tally_secret_wipe(&merged, sizeof(merged));
    return rc;
}

static tally_rc commit(const tally_sigma_relation *relation, const tally_sigma_shortcut *shortcut,
                       uint8_t *out_commitments, const uint8_t *scalars, const uint8_t *challenge)
{
    if (shortcut != NULL)
        return shortcut->commit(shortcut->context, out_commitments, scalars, challenge);
    return tally_sigma_commit(relation, out_commitments, scalars, challenge);
}

/* ---- proving ---- */

tally_rc tally_sigma_draw_nonces(const tally_sigma_relation *relation, uint8_t *out_nonces,
                                 const uint8_t *witness, const tally_random *random, tally_err *err)
{
    uint8_t fresh[FRESH_BYTES];
    uint8_t wide[TALLY_GROUP_WIDE_BYTES * TALLY_SIGMA_SCALARS_MAX];
    uint8_t written[TALLY_SIGMA_RELATION_BYTES_MAX];
    const tally_text parts[] = {
        TALLY_TEXT("\x0d\0\0\0RRC-V01-NONCE"),
        slice(fresh, sizeof(fresh)),
        slice(witness, (size_t)TALLY_GROUP_SCALAR_BYTES * relation->scalar_count),
        slice(written, tally_sigma_write(relation, written)),
    };
    tally_rc rc = tally_random_fill(random, fresh, sizeof(fresh), err);

    if (rc == TALLY_OK) {
        rc = tally_shake256_parts(wide, (size_t)TALLY_GROUP_WIDE_BYTES * relation->scalar_count,
                                  parts, 4);
        if (rc != TALLY_OK)
            rc = tally_err_set(err, rc, 0, "OpenSSL could not hash");
    }
    for (uint32_t i = 0; rc == TALLY_OK && i < relation->scalar_count; i++)
        relation->group->scalar_reduce(out_nonces + i * TALLY_GROUP_SCALAR_BYTES,
                                       wide + i * TALLY_GROUP_WIDE_BYTES);
    tally_secret_wipe(fresh, sizeof(fresh));
    tally_secret_wipe(wide, sizeof(wide));
    return rc;
}

tally_rc tally_sigma_prove_with(const tally_sigma_relation *relation, uint8_t *out_proof,
                                tally_text tag, const uint8_t *witness, const uint8_t *nonces,
                                const tally_sigma_shortcut *shortcut, tally_err *err)
{
    const tally_group *group = relation->group;
    transcript script;
    tally_rc rc = begin_transcript(&script, relation, tag);

    if (rc == TALLY_OK)
        rc = commit(relation, shortcut, script.commitments, nonces, NULL);
    if (rc == TALLY_OK)
        rc = squeeze_challenge(&script, group, out_proof);
    for (uint32_t i = 0; rc == TALLY_OK && i < relation->scalar_count; i++)
        group->scalar_multiply_add(out_proof + (i + 1) * TALLY_GROUP_SCALAR_BYTES, out_proof,
                                   witness + i * TALLY_GROUP_SCALAR_BYTES,
                                   nonces + i * TALLY_GROUP_SCALAR_BYTES);
    if (rc != TALLY_OK) {
        memset(out_proof, 0, TALLY_SIGMA_PROOF_BYTES(relation->scalar_count));
        rc = tally_err_set(err, rc, 0, "the proof cannot be made");
    }
    return rc;
}

tally_rc tally_sigma_prove(const tally_sigma_relation *relation, uint8_t *out_proof, tally_text tag,
                           const uint8_t *witness, const tally_sigma_shortcut *shortcut,
                           const tally_random *random, tally_err *err)
{
    uint8_t nonces[TALLY_GROUP_SCALAR_BYTES * TALLY_SIGMA_SCALARS_MAX];
    tally_rc rc = tally_sigma_draw_nonces(relation, nonces, witness, random, err);

    if (rc == TALLY_OK)
        rc = tally_sigma_prove_with(relation, out_proof, tag, witness, nonces, shortcut, err);
    else
        memset(out_proof, 0, TALLY_SIGMA_PROOF_BYTES(relation->scalar_count));
    tally_secret_wipe(nonces, sizeof(nonces));
    return rc;
}

/* ---- verifying ---- */

static tally_rc check_proof_form(const tally_sigma_relation *relation, const uint8_t *proof,
                                 size_t proof_bytes, tally_err *err)
{
    if (proof_bytes != TALLY_SIGMA_PROOF_BYTES(relation->scalar_count))
        return tally_err_set(err, TALLY_E_INVALID, 0, "a proof of %zu bytes where %zu are due",
                             proof_bytes, TALLY_SIGMA_PROOF_BYTES(relation->scalar_count));
    for (uint32_t i = 0; i <= relation->scalar_count; i++)
        if (!relation->group->is_scalar(proof + i * TALLY_GROUP_SCALAR_BYTES))
            return tally_err_set(err, TALLY_E_INVALID, 0, "scalar %u of the proof is none", i);
    return TALLY_OK;
}

static bool has_neutral(const transcript *script, const tally_sigma_relation *relation)
{
    size_t bytes = relation->group->element_bytes;

    for (uint32_t i = 0; i < relation->equation_count; i++) {
        uint8_t all = 0;

        for (size_t j = 0; j < bytes; j++)
            all |= script->commitments[i * bytes + j];
        if (all == 0)
            return true;
    }
    return false;
}

static bool is_same_challenge(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;

    for (size_t i = 0; i < TALLY_GROUP_SCALAR_BYTES; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

tally_rc tally_sigma_verify_vartime(const tally_sigma_relation *relation, tally_text tag,
                                    const uint8_t *proof, size_t proof_bytes,
                                    const tally_sigma_shortcut *shortcut, tally_err *err)
{
    uint8_t challenge[TALLY_GROUP_SCALAR_BYTES];
    transcript script;
    tally_rc rc = check_proof_form(relation, proof, proof_bytes, err);

    if (rc == TALLY_OK && shortcut == NULL)
        rc = tally_sigma_check_vartime(relation, err);
    if (rc != TALLY_OK)
        return rc;
    rc = begin_transcript(&script, relation, tag);
    if (rc == TALLY_OK)
        rc =
            commit(relation, shortcut, script.commitments, proof + TALLY_GROUP_SCALAR_BYTES, proof);
    if (rc == TALLY_OK)
        rc = squeeze_challenge(&script, relation->group, challenge);
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "OpenSSL could not hash");
    if (rc != TALLY_OK || has_neutral(&script, relation) || !is_same_challenge(challenge, proof))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the proof does not hold");
    return TALLY_OK;
}
