/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_CRED_P256_H
#define TALLY_TESTS_UNIT_CRED_P256_H

/* P-256 behind the engine's table, through OpenSSL: the published proofs of the
 * drafts are over it. For tests only; not constant-time. Elements are compressed
 * points of SEC 1, scalars have their highest byte first. */

#include "unit.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "cred/group.h"

#define P256_ELEMENT_BYTES 33

static EC_GROUP *p256_curve;
static BN_CTX *p256_scratch;
static uint8_t p256_generator[P256_ELEMENT_BYTES];

static inline BIGNUM *p256_scalar(const uint8_t *bytes)
{
    BIGNUM *number = BN_bin2bn(bytes, 32, NULL);

    assert_non_null(number);
    return number;
}

static inline void p256_write_scalar(uint8_t *out, BIGNUM *number)
{
    assert_int_equal(BN_bn2binpad(number, out, 32), 32);
    BN_free(number);
}

/* NULL when the bytes are no compressed point on the curve; OpenSSL refuses a
 * coordinate of the field's size or more. The neutral element is 33 zeros. */
static inline EC_POINT *p256_point(const uint8_t *bytes)
{
    static const uint8_t zeros[P256_ELEMENT_BYTES];
    EC_POINT *point = EC_POINT_new(p256_curve);

    assert_non_null(point);
    if (memcmp(bytes, zeros, sizeof(zeros)) == 0)
        return point;
    if ((bytes[0] == 2 || bytes[0] == 3) &&
        EC_POINT_oct2point(p256_curve, point, bytes, P256_ELEMENT_BYTES, p256_scratch) == 1)
        return point;
    EC_POINT_free(point);
    return NULL;
}

static inline void p256_write_point(uint8_t *out, EC_POINT *point)
{
    memset(out, 0, P256_ELEMENT_BYTES);
    if (EC_POINT_is_at_infinity(p256_curve, point) == 0)
        assert_int_equal(EC_POINT_point2oct(p256_curve, point, POINT_CONVERSION_COMPRESSED, out,
                                            P256_ELEMENT_BYTES, p256_scratch),
                         P256_ELEMENT_BYTES);
    EC_POINT_free(point);
}

static inline bool p256_is_element(const uint8_t *bytes)
{
    EC_POINT *point = p256_point(bytes);
    bool is_good = point != NULL && EC_POINT_is_at_infinity(p256_curve, point) == 0;

    EC_POINT_free(point);
    return is_good;
}

static inline bool p256_is_scalar(const uint8_t *bytes)
{
    BIGNUM *number = p256_scalar(bytes);
    bool is_good = BN_cmp(number, EC_GROUP_get0_order(p256_curve)) < 0;

    BN_free(number);
    return is_good;
}

static inline void p256_scalar_from_u64(uint8_t *out, uint64_t value)
{
    memset(out, 0, 32);
    for (uint32_t i = 0; i < 8; i++)
        out[31 - i] = (uint8_t)(value >> (8 * i));
}

static inline void p256_scalar_reduce(uint8_t *out, const uint8_t *wide)
{
    BIGNUM *number = BN_lebin2bn(wide, TALLY_GROUP_WIDE_BYTES, NULL);

    assert_non_null(number);
    assert_int_equal(BN_nnmod(number, number, EC_GROUP_get0_order(p256_curve), p256_scratch), 1);
    p256_write_scalar(out, number);
}

static inline void p256_scalar_multiply_add(uint8_t *out, const uint8_t *a, const uint8_t *b,
                                            const uint8_t *c)
{
    BIGNUM *first = p256_scalar(a), *second = p256_scalar(b), *third = p256_scalar(c);
    const BIGNUM *order = EC_GROUP_get0_order(p256_curve);

    assert_int_equal(BN_mod_mul(first, first, second, order, p256_scratch), 1);
    assert_int_equal(BN_mod_add(first, first, third, order, p256_scratch), 1);
    BN_free(second);
    BN_free(third);
    p256_write_scalar(out, first);
}

static inline void p256_scalar_negate(uint8_t *out, const uint8_t *a)
{
    const BIGNUM *order = EC_GROUP_get0_order(p256_curve);
    BIGNUM *number = p256_scalar(a);

    assert_int_equal(BN_mod_sub(number, order, number, order, p256_scratch), 1);
    p256_write_scalar(out, number);
}

static inline tally_rc p256_multiply(uint8_t *out, const uint8_t *scalar, const uint8_t *element)
{
    EC_POINT *point = p256_point(element);
    BIGNUM *by = p256_scalar(scalar);

    if (point == NULL) {
        BN_free(by);
        return TALLY_E_INVALID;
    }
    assert_int_equal(EC_POINT_mul(p256_curve, point, NULL, point, by, p256_scratch), 1);
    BN_free(by);
    p256_write_point(out, point);
    return TALLY_OK;
}

static inline tally_rc p256_multiply_generator(uint8_t *out, const uint8_t *scalar)
{
    return p256_multiply(out, scalar, p256_generator);
}

static inline tally_rc p256_add(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    EC_POINT *first = p256_point(a), *second = p256_point(b);
    bool is_good = first != NULL && second != NULL;

    if (is_good)
        assert_int_equal(EC_POINT_add(p256_curve, first, first, second, p256_scratch), 1);
    EC_POINT_free(second);
    if (is_good)
        p256_write_point(out, first);
    else
        EC_POINT_free(first);
    return is_good ? TALLY_OK : TALLY_E_INVALID;
}

static const tally_group p256_group = {
    .name = "P-256",
    .element_bytes = P256_ELEMENT_BYTES,
    .generator = p256_generator,
    .is_element = p256_is_element,
    .is_scalar = p256_is_scalar,
    .scalar_from_u64 = p256_scalar_from_u64,
    .scalar_reduce = p256_scalar_reduce,
    .scalar_multiply_add = p256_scalar_multiply_add,
    .scalar_negate = p256_scalar_negate,
    .multiply = p256_multiply,
    .multiply_generator = p256_multiply_generator,
    .add = p256_add,
};

static inline int p256_begin(void **state)
{
    (void)state;
    p256_curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    p256_scratch = BN_CTX_new();
    assert_true(p256_curve != NULL && p256_scratch != NULL);
    assert_int_equal(EC_POINT_point2oct(p256_curve, EC_GROUP_get0_generator(p256_curve),
                                        POINT_CONVERSION_COMPRESSED, p256_generator,
                                        sizeof(p256_generator), p256_scratch),
                     sizeof(p256_generator));
    return 0;
}

static inline int p256_end(void **state)
{
    (void)state;
    EC_GROUP_free(p256_curve);
    BN_CTX_free(p256_scratch);
    return 0;
}

#endif
