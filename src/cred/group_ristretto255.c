/* SPDX-License-Identifier: Apache-2.0 */
/* ristretto255 behind the table of operations. */

#include "cred/group.h"

#include <string.h>

#include "crypto/ed25519.h"
#include "crypto/ristretto.h"

_Static_assert(TALLY_GROUP_SCALAR_BYTES == TALLY_SCALAR_BYTES, "scalar");
_Static_assert(TALLY_GROUP_WIDE_BYTES == TALLY_SCALAR_WIDE_BYTES, "wide scalar");
_Static_assert(TALLY_GROUP_ELEMENT_BYTES_MAX >= TALLY_ELEMENT_BYTES, "element");

/* A copy; of a secret, the caller wipes it. */
static tally_scalar scalar_at(const uint8_t *bytes)
{
    tally_scalar scalar;

    memcpy(scalar.bytes, bytes, sizeof(scalar.bytes));
    return scalar;
}

static tally_element element_at(const uint8_t *bytes)
{
    tally_element element;

    memcpy(element.bytes, bytes, sizeof(element.bytes));
    return element;
}

static bool is_element(const uint8_t *bytes)
{
    tally_element element;

    return tally_element_decode(&element, bytes);
}

static bool is_scalar(const uint8_t *bytes)
{
    tally_scalar scalar;

    return tally_scalar_decode(&scalar, bytes);
}

static void scalar_from_u64(uint8_t *out, uint64_t value)
{
    tally_scalar scalar;

    tally_scalar_from_u64(&scalar, value);
    memcpy(out, scalar.bytes, sizeof(scalar.bytes));
    tally_secret_wipe(&scalar, sizeof(scalar));
}

static void scalar_reduce(uint8_t *out, const uint8_t *wide)
{
    tally_scalar scalar;

    tally_scalar_reduce(&scalar, wide, TALLY_SCALAR_WIDE_BYTES);
    memcpy(out, scalar.bytes, sizeof(scalar.bytes));
    tally_secret_wipe(&scalar, sizeof(scalar));
}

static void scalar_multiply_add(uint8_t *out, const uint8_t *a, const uint8_t *b, const uint8_t *c)
{
    tally_scalar first = scalar_at(a), second = scalar_at(b), third = scalar_at(c);

    tally_scalar_multiply_add(&first, &first, &second, &third);
    memcpy(out, first.bytes, sizeof(first.bytes));
    tally_secret_wipe(&first, sizeof(first));
    tally_secret_wipe(&second, sizeof(second));
    tally_secret_wipe(&third, sizeof(third));
}

static void scalar_negate(uint8_t *out, const uint8_t *a)
{
    tally_scalar scalar = scalar_at(a);

    tally_scalar_negate(&scalar, &scalar);
    memcpy(out, scalar.bytes, sizeof(scalar.bytes));
    tally_secret_wipe(&scalar, sizeof(scalar));
}

static tally_rc multiply(uint8_t *out, const uint8_t *scalar, const uint8_t *element)
{
    tally_scalar by = scalar_at(scalar);
    tally_element result = element_at(element);
    tally_rc rc = tally_element_multiply(&result, &by, &result);

    memcpy(out, result.bytes, sizeof(result.bytes));
    tally_secret_wipe(&by, sizeof(by));
    return rc;
}

static tally_rc multiply_generator(uint8_t *out, const uint8_t *scalar)
{
    tally_scalar by = scalar_at(scalar);
    tally_element result;

    tally_element_multiply_base(&result, &by);
    memcpy(out, result.bytes, sizeof(result.bytes));
    tally_secret_wipe(&by, sizeof(by));
    return TALLY_OK;
}

static tally_rc add(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    tally_element first = element_at(a), second = element_at(b);
    tally_rc rc = tally_element_add(&first, &first, &second);

    memcpy(out, first.bytes, sizeof(first.bytes));
    return rc;
}

const tally_group tally_group_ristretto255 = {
    .name = "ristretto255",
    .element_bytes = TALLY_ELEMENT_BYTES,
    .generator = tally_element_base.bytes,
    .is_element = is_element,
    .is_scalar = is_scalar,
    .scalar_from_u64 = scalar_from_u64,
    .scalar_reduce = scalar_reduce,
    .scalar_multiply_add = scalar_multiply_add,
    .scalar_negate = scalar_negate,
    .multiply = multiply,
    .multiply_generator = multiply_generator,
    .add = add,
};
