/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_GROUP_H
#define TALLY_CRED_GROUP_H

/* A group as the proof engine sees it: a table of operations over encoded
 * elements and scalars. The product has one, ristretto255; the tests add P-256,
 * because the published proofs of the drafts are over that.
 *
 * Scalars are 32 bytes in the group's own order of bytes, always canonical.
 * Elements are element_bytes bytes; the neutral element is all zero bytes here,
 * whatever the group's own encoding of it, and no valid input. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"

#define TALLY_GROUP_SCALAR_BYTES      32
#define TALLY_GROUP_WIDE_BYTES        48
#define TALLY_GROUP_ELEMENT_BYTES_MAX 33 /* a compressed point of P-256 */

typedef struct tally_group {
    const char *name;
    size_t element_bytes;
    const uint8_t *generator;

    /* Are these bytes the canonical encoding of an element that is not neutral? */
    bool (*is_element)(const uint8_t *bytes);
    /* Are these 32 bytes a number below the group's order? */
    bool (*is_scalar)(const uint8_t *bytes);

    void (*scalar_from_u64)(uint8_t *out, uint64_t value);
    /* 48 bytes, lowest first in every group, modulo the order. */
    void (*scalar_reduce)(uint8_t *out, const uint8_t *wide);
    /* a * b + c; out may be any of them. */
    void (*scalar_multiply_add)(uint8_t *out, const uint8_t *a, const uint8_t *b, const uint8_t *c);
    void (*scalar_negate)(uint8_t *out, const uint8_t *a);

    /* Sums and multiples; out may be an operand, and neutral without failure.
     * TALLY_E_INVALID  an operand is no element
     * TALLY_E_NOMEM    a library below could not allocate */
    tally_rc (*multiply)(uint8_t *out, const uint8_t *scalar, const uint8_t *element);
    tally_rc (*multiply_generator)(uint8_t *out, const uint8_t *scalar);
    tally_rc (*add)(uint8_t *out, const uint8_t *a, const uint8_t *b);
} tally_group;

/* crypto/ristretto.h behind the table; constant-time as described there. */
extern const tally_group tally_group_ristretto255;

#endif
