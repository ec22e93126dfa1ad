/* SPDX-License-Identifier: Apache-2.0 */
/* ristretto255 through libsodium 1.0.18, whose habits stop here: its scalarmult
 * takes scalars that are not canonical, answers -1 both for a bad point and for
 * a neutral result, and its check of points lets the neutral element pass. */

#include "crypto/ristretto.h"

#include <string.h>

#include <sodium.h>

_Static_assert(TALLY_ELEMENT_BYTES == crypto_core_ristretto255_BYTES, "element");
_Static_assert(TALLY_SCALAR_BYTES == crypto_core_ristretto255_SCALARBYTES, "scalar");
_Static_assert(crypto_core_ristretto255_HASHBYTES == 64, "uniform bytes");
_Static_assert(crypto_core_ristretto255_NONREDUCEDSCALARBYTES == 64, "wide scalar");
_Static_assert(sizeof(tally_element) == TALLY_ELEMENT_BYTES, "elements lie packed");
_Static_assert(sizeof(tally_scalar) == TALLY_SCALAR_BYTES, "scalars lie packed");

const tally_element tally_element_base = { { 0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71,
                                             0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f,
                                             0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d,
                                             0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76 } };

/* l - 1 */
static const tally_scalar minus_one = { { 0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6,
                                          0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 } };

/* ---- scalars ---- */

void tally_scalar_reduce(tally_scalar *out, const uint8_t *bytes, size_t count)
{
    uint8_t wide[crypto_core_ristretto255_NONREDUCEDSCALARBYTES] = { 0 };

    TALLY_ASSERT(count <= sizeof(wide));
    memcpy(wide, bytes, count);
    crypto_core_ristretto255_scalar_reduce(out->bytes, wide);
    sodium_memzero(wide, sizeof(wide));
}

bool tally_scalar_decode(tally_scalar *out, const uint8_t bytes[static TALLY_SCALAR_BYTES])
{
    uint8_t given[TALLY_SCALAR_BYTES];
    bool is_canonical;

    memcpy(given, bytes, sizeof(given));
    tally_scalar_reduce(out, given, sizeof(given));
    is_canonical = sodium_memcmp(out->bytes, given, sizeof(given)) == 0;
    sodium_memzero(given, sizeof(given));
    if (!is_canonical)
        memset(out, 0, sizeof(*out));
    return is_canonical;
}

void tally_scalar_from_u64(tally_scalar *out, uint64_t value)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < 8; i++)
        out->bytes[i] = (uint8_t)(value >> (8 * i));
}

tally_rc tally_scalar_random(tally_scalar *out, const tally_random *random, tally_err *err)
{
    uint8_t wide[TALLY_SCALAR_WIDE_BYTES];
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    /* A second round has a chance of 2^-252; a source that gives only zeros must
     * not keep us here for ever. */
    for (uint32_t round = 0; round < 4; round++) {
        rc = tally_random_fill(random, wide, sizeof(wide), err);
        if (rc != TALLY_OK)
            return rc;
        tally_scalar_reduce(out, wide, sizeof(wide));
        sodium_memzero(wide, sizeof(wide));
        if (!tally_scalar_is_zero(out))
            return TALLY_OK;
    }
    return tally_err_set(err, TALLY_E_IO, 0, "the source of random bytes gives zeros only");
}

/* libsodium's own sum, difference and negative leave their operands on the stack;
 * its product and its reduction do not. Two scalars have a sum below 2^254. */
void tally_scalar_add(tally_scalar *out, const tally_scalar *a, const tally_scalar *b)
{
    uint8_t sum[TALLY_SCALAR_BYTES];

    memcpy(sum, a->bytes, sizeof(sum));
    sodium_add(sum, b->bytes, sizeof(sum));
    tally_scalar_reduce(out, sum, sizeof(sum));
    sodium_memzero(sum, sizeof(sum));
}

void tally_scalar_subtract(tally_scalar *out, const tally_scalar *a, const tally_scalar *b)
{
    tally_scalar negative;

    tally_scalar_negate(&negative, b);
    tally_scalar_add(out, a, &negative);
    sodium_memzero(&negative, sizeof(negative));
}

void tally_scalar_multiply(tally_scalar *out, const tally_scalar *a, const tally_scalar *b)
{
    crypto_core_ristretto255_scalar_mul(out->bytes, a->bytes, b->bytes);
}

void tally_scalar_negate(tally_scalar *out, const tally_scalar *a)
{
    tally_scalar_multiply(out, a, &minus_one);
}

void tally_scalar_multiply_add(tally_scalar *out, const tally_scalar *a, const tally_scalar *b,
                               const tally_scalar *c)
{
    tally_scalar product;

    tally_scalar_multiply(&product, a, b);
    tally_scalar_add(out, &product, c);
    sodium_memzero(&product, sizeof(product));
}

bool tally_scalar_is_zero(const tally_scalar *a)
{
    return sodium_is_zero(a->bytes, sizeof(a->bytes)) == 1;
}

/* ---- elements ---- */

bool tally_element_is_identity(const tally_element *a)
{
    return sodium_is_zero(a->bytes, sizeof(a->bytes)) == 1;
}

bool tally_element_is_equal(const tally_element *a, const tally_element *b)
{
    return sodium_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool tally_element_decode(tally_element *out, const uint8_t bytes[static TALLY_ELEMENT_BYTES])
{
    memmove(out->bytes, bytes, sizeof(out->bytes));
    if (!tally_element_is_identity(out) && crypto_core_ristretto255_is_valid_point(out->bytes) == 1)
        return true;
    memset(out, 0, sizeof(*out));
    return false;
}

tally_rc tally_element_multiply(tally_element *out, const tally_scalar *by, const tally_element *a)
{
    tally_element given = *a;

    if (crypto_scalarmult_ristretto255(out->bytes, by->bytes, given.bytes) == 0)
        return TALLY_OK;
    memset(out, 0, sizeof(*out));
    return crypto_core_ristretto255_is_valid_point(given.bytes) == 1 ? TALLY_OK : TALLY_E_INVALID;
}

void tally_element_multiply_base(tally_element *out, const tally_scalar *by)
{
    /* Here -1 can only mean the neutral element, which is the zeros it leaves. */
    if (crypto_scalarmult_ristretto255_base(out->bytes, by->bytes) != 0)
        memset(out, 0, sizeof(*out));
}

tally_rc tally_element_add(tally_element *out, const tally_element *a, const tally_element *b)
{
    if (crypto_core_ristretto255_add(out->bytes, a->bytes, b->bytes) == 0)
        return TALLY_OK;
    memset(out, 0, sizeof(*out));
    return TALLY_E_INVALID;
}

tally_rc tally_element_subtract(tally_element *out, const tally_element *a, const tally_element *b)
{
    if (crypto_core_ristretto255_sub(out->bytes, a->bytes, b->bytes) == 0)
        return TALLY_OK;
    memset(out, 0, sizeof(*out));
    return TALLY_E_INVALID;
}

void tally_element_select(tally_element *out, const tally_element *a, uint8_t bit)
{
    uint8_t mask = (uint8_t)(0u - (bit & 1u));

    for (size_t i = 0; i < sizeof(out->bytes); i++)
        out->bytes[i] = a->bytes[i] & mask;
}

void tally_element_from_uniform(tally_element *out, const uint8_t bytes64[static 64])
{
    /* It cannot fail: each 64 bytes stand for an element. */
    (void)crypto_core_ristretto255_from_hash(out->bytes, bytes64);
}

/* ---- sums ---- */

void tally_sum_begin(tally_sum *sum)
{
    memset(sum, 0, sizeof(*sum));
}

void tally_sum_add(tally_sum *sum, const tally_element *a)
{
    if (!sum->is_begun)
        sum->value = *a;
    else if (tally_element_add(&sum->value, &sum->value, a) != TALLY_OK)
        sum->is_bad = true;
    sum->is_begun = true;
}

void tally_sum_subtract(tally_sum *sum, const tally_element *a)
{
    if (tally_element_subtract(&sum->value, &sum->value, a) != TALLY_OK)
        sum->is_bad = true;
    sum->is_begun = true;
}

void tally_sum_add_multiple(tally_sum *sum, const tally_scalar *by, const tally_element *a)
{
    tally_element multiple;

    if (tally_element_multiply(&multiple, by, a) != TALLY_OK)
        sum->is_bad = true;
    tally_sum_add(sum, &multiple);
    sodium_memzero(&multiple, sizeof(multiple));
}

void tally_sum_add_base(tally_sum *sum, const tally_scalar *by)
{
    tally_element multiple;

    tally_element_multiply_base(&multiple, by);
    tally_sum_add(sum, &multiple);
    sodium_memzero(&multiple, sizeof(multiple));
}

tally_rc tally_sum_take(tally_element *out, tally_sum *sum)
{
    bool is_bad = sum->is_bad;

    if (is_bad)
        memset(out, 0, sizeof(*out));
    else
        *out = sum->value;
    sodium_memzero(sum, sizeof(*sum));
    return is_bad ? TALLY_E_INVALID : TALLY_OK;
}
