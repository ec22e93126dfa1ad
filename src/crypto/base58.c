/* SPDX-License-Identifier: Apache-2.0 */
/* base58btc: a number in 32-bit limbs, most significant first, moved five digits at
 * a time (58^5 < 2^30). */

#include <stdbool.h>
#include <string.h>

#include "crypto/base58.h"

#define FIVE_DIGITS 656356768u /* 58^5 */
#define LIMBS_MAX   (TALLY_BASE58_BYTES_MAX / 4)

static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* 0 to 57, or 58 for what is no digit. */
static uint32_t value_of(char digit)
{
    if (digit >= '1' && digit <= '9')
        return (uint32_t)(digit - '1');
    if (digit >= 'A' && digit <= 'Z' && digit != 'I' && digit != 'O')
        return (uint32_t)(digit - 'A') + 9 - (digit > 'I') - (digit > 'O');
    if (digit >= 'a' && digit <= 'z' && digit != 'l')
        return (uint32_t)(digit - 'a') + 33 - (digit > 'l');
    return 58;
}

size_t tally_base58_write(char out_text[static TALLY_BASE58_TEXT_BYTES], const uint8_t *bytes,
                          size_t count)
{
    uint32_t limbs[LIMBS_MAX] = { 0 };
    char reversed[TALLY_BASE58_TEXT_BYTES];
    size_t zero_count = 0, first = 0, written = 0;

    TALLY_ASSERT(count <= TALLY_BASE58_BYTES_MAX);
    while (zero_count < count && bytes[zero_count] == 0)
        zero_count++;
    for (size_t i = 0; i < count; i++) {
        size_t from_end = count - 1 - i;

        limbs[LIMBS_MAX - 1 - from_end / 4] |= (uint32_t)bytes[i] << from_end % 4 * 8;
    }
    while (first < LIMBS_MAX && limbs[first] == 0)
        first++;
    while (first < LIMBS_MAX) {
        uint64_t rest = 0;

        for (size_t i = first; i < LIMBS_MAX; i++) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / FIVE_DIGITS);
            rest %= FIVE_DIGITS;
        }
        while (first < LIMBS_MAX && limbs[first] == 0)
            first++;
        /* The most significant digits are only those that are there. */
        for (uint32_t i = 0; i < 5 && (first < LIMBS_MAX || rest > 0); i++) {
            reversed[written++] = digits[rest % 58];
            rest /= 58;
        }
    }
    memset(out_text, '1', zero_count);
    for (size_t i = 0; i < written; i++)
        out_text[zero_count + i] = reversed[written - 1 - i];
    out_text[zero_count + written] = '\0';
    return zero_count + written;
}

/* limbs = limbs * factor + addend; false when that does not fit. */
static bool multiply_add(uint32_t limbs[static LIMBS_MAX], uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;

    for (size_t i = LIMBS_MAX; i > 0; i--) {
        /* Below 2^32 * 2^30 + 2^32. */
        carry += (uint64_t)limbs[i - 1] * factor;
        limbs[i - 1] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0;
}

tally_rc tally_base58_read(uint8_t *out, size_t bytes_max, size_t *out_count, tally_text text)
{
    uint32_t limbs[LIMBS_MAX] = { 0 };
    size_t zero_count = 0, byte_count = TALLY_BASE58_BYTES_MAX;

    if (text.count >= TALLY_BASE58_TEXT_BYTES)
        return TALLY_E_LIMIT;
    while (zero_count < text.count && text.bytes[zero_count] == '1')
        zero_count++;
    for (size_t i = zero_count; i < text.count;) {
        uint32_t factor = 1, addend = 0;

        for (; i < text.count && factor < FIVE_DIGITS; i++) {
            uint32_t value = value_of(text.bytes[i]);

            if (value > 57)
                return TALLY_E_INVALID;
            factor *= 58;
            addend = addend * 58 + value;
        }
        if (!multiply_add(limbs, factor, addend))
            return TALLY_E_LIMIT;
    }
    while (byte_count > 0 &&
           (uint8_t)(limbs[LIMBS_MAX - 1 - (byte_count - 1) / 4] >> (byte_count - 1) % 4 * 8) == 0)
        byte_count--;
    if (zero_count + byte_count > bytes_max || zero_count + byte_count > TALLY_BASE58_BYTES_MAX)
        return TALLY_E_LIMIT;
    memset(out, 0, zero_count);
    for (size_t i = 0; i < byte_count; i++) {
        size_t from_end = byte_count - 1 - i;

        out[zero_count + i] = (uint8_t)(limbs[LIMBS_MAX - 1 - from_end / 4] >> from_end % 4 * 8);
    }
    *out_count = zero_count + byte_count;
    return TALLY_OK;
}
