/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_BYTES_H
#define TALLY_UTIL_BYTES_H

/* Big-endian numbers in formats of bytes. */

#include <stdint.h>

static inline void tally_write_u32(uint8_t out[static 4], uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

static inline void tally_write_u64(uint8_t out[static 8], uint64_t value)
{
    tally_write_u32(out, (uint32_t)(value >> 32));
    tally_write_u32(out + 4, (uint32_t)value);
}

static inline uint32_t tally_read_u32(const uint8_t bytes[static 4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

static inline uint64_t tally_read_u64(const uint8_t bytes[static 8])
{
    return (uint64_t)tally_read_u32(bytes) << 32 | tally_read_u32(bytes + 4);
}

#endif
