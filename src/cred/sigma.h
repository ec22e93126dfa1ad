/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_SIGMA_H
#define TALLY_CRED_SIGMA_H

/* Non-interactive proofs that one knows scalars which satisfy linear equations
 * over elements of a group: the compact form of draft-irtf-cfrg-sigma-protocols
 * with the SHAKE128 transform of draft-irtf-cfrg-fiat-shamir.
 *
 * A relation is a list of elements, of which element 0 is the generator, a count
 * of secret scalars, and equations
 *     sum of coefficient * element  =  sum of coefficient * scalar * element
 *     (the image)                      (the terms)
 * A proof is the challenge and one response a scalar, 32 bytes each. All of the
 * relation and a tag enter the challenge: a proof holds for nothing else.
 *
 * Everything lives in the caller's memory and is bounded; nothing is allocated
 * here but by OpenSSL while it hashes. May be used from many threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cred/group.h"
#include "crypto/random.h"
#include "tally/base.h"
#include "util/text.h"

/* What the largest relation of RRC-V01, a presentation of 16 bits, needs. */
#define TALLY_SIGMA_ELEMENTS_MAX  27
#define TALLY_SIGMA_EQUATIONS_MAX 37
#define TALLY_SIGMA_SCALARS_MAX   54
#define TALLY_SIGMA_IMAGES_MAX    54
#define TALLY_SIGMA_TERMS_MAX     74

#define TALLY_SIGMA_RELATION_BYTES_MAX                                                             \
    (4 + 8 * TALLY_SIGMA_EQUATIONS_MAX + (4 + TALLY_GROUP_SCALAR_BYTES) * TALLY_SIGMA_IMAGES_MAX + \
     (8 + TALLY_GROUP_SCALAR_BYTES) * TALLY_SIGMA_TERMS_MAX +                                      \
     TALLY_GROUP_ELEMENT_BYTES_MAX * (TALLY_SIGMA_ELEMENTS_MAX - 1))

#define TALLY_SIGMA_COMMITMENTS_BYTES_MAX \
    (TALLY_GROUP_ELEMENT_BYTES_MAX * TALLY_SIGMA_EQUATIONS_MAX)

/* A proof about so many scalars. */
#define TALLY_SIGMA_PROOF_BYTES(scalars) (TALLY_GROUP_SCALAR_BYTES * (1 + (size_t)(scalars)))

typedef struct tally_sigma_equation {
    uint32_t image_first, image_count;
    uint32_t term_first, term_count;
} tally_sigma_equation;

typedef struct tally_sigma_image {
    uint32_t element;
    uint8_t coefficient[TALLY_GROUP_SCALAR_BYTES];
} tally_sigma_image;

typedef struct tally_sigma_term {
    uint32_t scalar, element;
    uint8_t coefficient[TALLY_GROUP_SCALAR_BYTES];
} tally_sigma_term;

typedef struct tally_sigma_relation {
    const tally_group *group;
    uint32_t scalar_count, element_count, equation_count, image_count, term_count;
    uint8_t elements[TALLY_SIGMA_ELEMENTS_MAX * TALLY_GROUP_ELEMENT_BYTES_MAX]; /* packed */
    tally_sigma_equation equations[TALLY_SIGMA_EQUATIONS_MAX];
    tally_sigma_image images[TALLY_SIGMA_IMAGES_MAX];
    tally_sigma_term terms[TALLY_SIGMA_TERMS_MAX];
} tally_sigma_relation;

/* ---- stating a relation; going beyond a maximum is a broken fact ---- */

/* Begin a relation over so many scalars; element 0 is then the generator. */
void tally_sigma_begin(tally_sigma_relation *relation, const tally_group *group,
                       uint32_t scalar_count);

/* Add an element of the group's size, unchecked, and return its index. */
uint32_t tally_sigma_add_element(tally_sigma_relation *relation, const uint8_t *element);

/* Begin the next equation, then give its image and its terms. A coefficient of
 * NULL is one. */
void tally_sigma_add_equation(tally_sigma_relation *relation);
void tally_sigma_add_image(tally_sigma_relation *relation, uint32_t element,
                           const uint8_t *coefficient);
void tally_sigma_add_term(tally_sigma_relation *relation, uint32_t scalar, uint32_t element,
                          const uint8_t *coefficient);

/* Write the relation as the challenge takes it in; returns how many bytes. */
size_t tally_sigma_write(const tally_sigma_relation *relation,
                         uint8_t out[static TALLY_SIGMA_RELATION_BYTES_MAX]);

/* Is the relation one that a proof can be about? Each element is valid and not
 * neutral, no image is neutral, each scalar has a term, each equation a term.
 * Time depends on the relation.
 *
 * TALLY_E_INVALID  it is not; err says why
 * TALLY_E_NOMEM    as of the group */
TALLY_MUST_CHECK tally_rc tally_sigma_check_vartime(const tally_sigma_relation *relation,
                                                    tally_err *err);

/* ---- proofs ---- */

/* A way to the commitments that is shorter than multiplying out each equation.
 * commit() writes what tally_sigma_commit() would, byte for byte, for scalars
 * that are nonces (challenge NULL) or responses. Where it is used to verify, the
 * caller has decoded all elements, and commit() itself refuses, with
 * TALLY_E_INVALID, an image that is neutral. */
typedef struct tally_sigma_shortcut {
    const void *context;
    tally_rc (*commit)(const void *context, uint8_t *out_commitments, const uint8_t *scalars,
                       const uint8_t *challenge);
} tally_sigma_shortcut;

/* Each equation's terms with these scalars, less challenge times its image.
 * Constant-time in the scalars as far as the group is.
 *
 * out_commitments  equation_count elements, packed
 * challenge        NULL for zero
 *
 * TALLY_E_INVALID  an element is none
 * TALLY_E_NOMEM    as of the group */
TALLY_MUST_CHECK tally_rc tally_sigma_commit(const tally_sigma_relation *relation,
                                             uint8_t *out_commitments, const uint8_t *scalars,
                                             const uint8_t *challenge);

/* Prove the relation. The nonces come from fresh random bytes, the witness and
 * the relation together, so that neither a weak source nor a restored snapshot
 * repeats them over another statement.
 *
 * out_proof  TALLY_SIGMA_PROOF_BYTES(scalar_count); all zero on failure
 * witness    scalar_count scalars, packed; secret, and not checked to be right
 * shortcut   NULL for none
 *
 * TALLY_E_IO       the source of random bytes failed
 * TALLY_E_NOMEM    OpenSSL could not allocate
 * TALLY_E_INVALID  an element is none */
TALLY_MUST_CHECK tally_rc tally_sigma_prove(const tally_sigma_relation *relation,
                                            uint8_t *out_proof, tally_text tag,
                                            const uint8_t *witness,
                                            const tally_sigma_shortcut *shortcut,
                                            const tally_random *random, tally_err *err);

/* Does the proof hold for this relation and tag? All inputs are public.
 *
 * TALLY_E_INVALID  no; err says why
 * TALLY_E_NOMEM    OpenSSL could not allocate; nothing is said about the proof */
TALLY_MUST_CHECK tally_rc tally_sigma_verify_vartime(const tally_sigma_relation *relation,
                                                     tally_text tag, const uint8_t *proof,
                                                     size_t proof_bytes,
                                                     const tally_sigma_shortcut *shortcut,
                                                     tally_err *err);

#endif
