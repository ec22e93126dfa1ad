/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRYPTO_RISTRETTO_H
#define TALLY_CRYPTO_RISTRETTO_H

/* The group ristretto255 (RFC 9496), computed by libsodium, written additively.
 *
 * Its order is l = 2^252 + 27742317777372353535851937790883648493. Elements and
 * scalars are kept in their one canonical encoding of 32 bytes, scalars with the
 * lowest byte first. The neutral element, 32 zero bytes, may come out of a sum
 * and go into the next, but tally_element_decode() never lets it in from outside.
 *
 * All is constant-time in the values of scalars and of elements that were decoded,
 * except that a multiple which is the neutral element takes longer: its scalar is
 * zero then, and a secret scalar that may be zero with any likelihood belongs
 * through tally_element_select() instead.
 *
 * Nothing here allocates; all may be called from many threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/random.h"
#include "tally/base.h"

#define TALLY_ELEMENT_BYTES 32
#define TALLY_SCALAR_BYTES  32

/* How many random bytes make a scalar: 48, of which what is taken away to get
 * below l leaves a distance from uniform under 2^-130. */
#define TALLY_SCALAR_WIDE_BYTES 48

typedef struct tally_element {
    uint8_t bytes[TALLY_ELEMENT_BYTES];
} tally_element;

typedef struct tally_scalar {
    uint8_t bytes[TALLY_SCALAR_BYTES];
} tally_scalar;

/* The generator of RFC 9496. */
extern const tally_element tally_element_base;

/* ---- scalars: integers modulo l ---- */

/* Read 32 bytes. False, with out all zero, when they are l or more. */
TALLY_MUST_CHECK bool tally_scalar_decode(tally_scalar *out,
                                          const uint8_t bytes[static TALLY_SCALAR_BYTES]);

/* The number of count bytes, at most 64, lowest first, modulo l. */
void tally_scalar_reduce(tally_scalar *out, const uint8_t *bytes, size_t count);

void tally_scalar_from_u64(tally_scalar *out, uint64_t value);

/* Uniform among the scalars but zero. On failure out is all zero: the code and
 * the message of the source. */
TALLY_MUST_CHECK tally_rc tally_scalar_random(tally_scalar *out, const tally_random *random,
                                              tally_err *err);

void tally_scalar_add(tally_scalar *out, const tally_scalar *a, const tally_scalar *b);
void tally_scalar_subtract(tally_scalar *out, const tally_scalar *a, const tally_scalar *b);
void tally_scalar_multiply(tally_scalar *out, const tally_scalar *a, const tally_scalar *b);
void tally_scalar_negate(tally_scalar *out, const tally_scalar *a);

/* a * b + c; out may be any of them. */
void tally_scalar_multiply_add(tally_scalar *out, const tally_scalar *a, const tally_scalar *b,
                               const tally_scalar *c);

bool tally_scalar_is_zero(const tally_scalar *a);

/* ---- elements ---- */

/* Read 32 bytes. False, with out all zero, when they are not the canonical
 * encoding of an element, or that of the neutral one. */
TALLY_MUST_CHECK bool tally_element_decode(tally_element *out,
                                           const uint8_t bytes[static TALLY_ELEMENT_BYTES]);

bool tally_element_is_identity(const tally_element *a);
bool tally_element_is_equal(const tally_element *a, const tally_element *b);

/* by * a. The result may be the neutral element, which is no failure.
 * TALLY_E_INVALID  a is no encoding of an element; out is all zero */
TALLY_MUST_CHECK tally_rc tally_element_multiply(tally_element *out, const tally_scalar *by,
                                                 const tally_element *a);

/* by * tally_element_base, three times as fast. */
void tally_element_multiply_base(tally_element *out, const tally_scalar *by);

/* a + b and a - b; out may be either.
 * TALLY_E_INVALID  one is no encoding of an element; out is all zero */
TALLY_MUST_CHECK tally_rc tally_element_add(tally_element *out, const tally_element *a,
                                            const tally_element *b);
TALLY_MUST_CHECK tally_rc tally_element_subtract(tally_element *out, const tally_element *a,
                                                 const tally_element *b);

/* a when bit is 1, the neutral element when it is 0, without a branch. */
void tally_element_select(tally_element *out, const tally_element *a, uint8_t bit);

/* The element that 64 uniform bytes stand for (RFC 9496, section 4.3.4). */
void tally_element_from_uniform(tally_element *out, const uint8_t bytes64[static 64]);

/* ---- sums of multiples ---- */

/* A sum under way. Each multiple decodes and encodes, which costs as much as the
 * addition does, so that fewer terms matter as much as fewer multiplications. */
typedef struct tally_sum {
    tally_element value;
    bool is_begun;
    bool is_bad; /* a term was no encoding of an element */
} tally_sum;

/* The empty sum. */
void tally_sum_begin(tally_sum *sum);

void tally_sum_add(tally_sum *sum, const tally_element *a);
void tally_sum_subtract(tally_sum *sum, const tally_element *a);
void tally_sum_add_multiple(tally_sum *sum, const tally_scalar *by, const tally_element *a);
void tally_sum_add_base(tally_sum *sum, const tally_scalar *by);

/* Hand out the sum and wipe it. out is all zero on failure.
 * TALLY_E_INVALID  some term was no encoding of an element */
TALLY_MUST_CHECK tally_rc tally_sum_take(tally_element *out, tally_sum *sum);

#endif
