/* SPDX-License-Identifier: Apache-2.0 */
/* expand_message_xmd and what is made of it. */

#include "crypto/hash_to_group.h"

#include <string.h>

#include "crypto/sha512.h"

static tally_text slice(const uint8_t *bytes, size_t count)
{
    return tally_text_of((const char *)bytes, count);
}

/* Names are those of RFC 9380, section 5.3.1. */
static tally_rc expand(uint8_t *out, size_t out_count, tally_text message, tally_text dst)
{
    static const uint8_t z_pad[TALLY_SHA512_BLOCK_BYTES];
    const uint8_t dst_bytes = (uint8_t)dst.count;
    const uint8_t head[3] = { (uint8_t)(out_count >> 8), (uint8_t)out_count, 0 };
    const tally_text first[] = { slice(z_pad, sizeof(z_pad)), message, slice(head, sizeof(head)),
                                 dst, slice(&dst_bytes, 1) };
    uint8_t b_0[TALLY_SHA512_BYTES], b_i[TALLY_SHA512_BYTES] = { 0 };
    tally_rc rc = tally_sha512_parts(b_0, first, sizeof(first) / sizeof(first[0]));

    for (size_t done = 0; rc == TALLY_OK && done < out_count; done += TALLY_SHA512_BYTES) {
        size_t wanted =
            out_count - done < TALLY_SHA512_BYTES ? out_count - done : TALLY_SHA512_BYTES;
        uint8_t index = (uint8_t)(done / TALLY_SHA512_BYTES + 1);
        uint8_t mixed[TALLY_SHA512_BYTES];
        const tally_text next[] = { slice(mixed, sizeof(mixed)), slice(&index, 1), dst,
                                    slice(&dst_bytes, 1) };

        for (size_t i = 0; i < sizeof(mixed); i++)
            mixed[i] = b_0[i] ^ b_i[i]; /* b_i is zero in the first round */
        rc = tally_sha512_parts(b_i, next, sizeof(next) / sizeof(next[0]));
        memcpy(out + done, b_i, wanted);
    }
    return rc;
}

tally_rc tally_expand_message_xmd(uint8_t *out, size_t out_count, tally_text message,
                                  tally_text dst)
{
    tally_rc rc;

    if (dst.count == 0 || dst.count > TALLY_EXPAND_DST_BYTES_MAX || out_count == 0 ||
        out_count > TALLY_EXPAND_OUT_BYTES_MAX) {
        memset(out, 0, out_count);
        return TALLY_E_LIMIT;
    }
    rc = expand(out, out_count, message, dst);
    if (rc != TALLY_OK)
        memset(out, 0, out_count);
    return rc;
}

tally_rc tally_hash_to_group(tally_element *out, tally_text message, tally_text dst)
{
    uint8_t uniform[64];
    tally_rc rc = tally_expand_message_xmd(uniform, sizeof(uniform), message, dst);

    memset(out, 0, sizeof(*out));
    if (rc == TALLY_OK)
        tally_element_from_uniform(out, uniform);
    return rc;
}

tally_rc tally_hash_to_scalar(tally_scalar *out, tally_text message, tally_text dst)
{
    uint8_t uniform[64];
    tally_rc rc = tally_expand_message_xmd(uniform, sizeof(uniform), message, dst);

    memset(out, 0, sizeof(*out));
    if (rc == TALLY_OK)
        tally_scalar_reduce(out, uniform, sizeof(uniform));
    return rc;
}
