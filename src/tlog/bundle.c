/* SPDX-License-Identifier: Apache-2.0 */
/* Entry bundles. */

#include "tlog/bundle.h"

tally_rc tally_bundle_parse(tally_bundle *out, tally_text bytes, uint32_t width, tally_err *err)
{
    size_t at = 0;

    TALLY_ASSERT(width >= 1 && width <= TALLY_TILE_WIDTH);
    out->count = 0;
    while (out->count < width) {
        size_t count;

        if (bytes.count - at < 2)
            return tally_err_set(err, TALLY_E_INVALID, 0, "it ends after %u of %u entries",
                                 out->count, width);
        count = (size_t)(uint8_t)bytes.bytes[at] << 8 | (uint8_t)bytes.bytes[at + 1];
        at += 2;
        if (count > bytes.count - at)
            return tally_err_set(err, TALLY_E_INVALID, 0, "it ends within the entry after %u",
                                 out->count);
        out->entries[out->count++] = tally_text_of(bytes.bytes + at, count);
        at += count;
    }
    if (at != bytes.count)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%zu bytes follow the last of %u entries",
                             bytes.count - at, width);
    return TALLY_OK;
}

tally_rc tally_bundle_append(tally_buffer *bundle, tally_text entry)
{
    uint8_t length[2] = { (uint8_t)(entry.count >> 8), (uint8_t)entry.count };

    if (entry.count > TALLY_BUNDLE_ENTRY_BYTES_MAX)
        return TALLY_E_LIMIT;
    tally_buffer_append(bundle, length, sizeof(length));
    return tally_buffer_append_text(bundle, entry);
}
