/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_BUNDLE_H
#define TALLY_TLOG_BUNDLE_H

/* Entry bundles (c2sp.org/tlog-tiles): up to 256 entries, each after its length
 * as an unsigned 16-bit number, most significant byte first. */

#include "tlog/tile.h"
#include "util/buffer.h"

#define TALLY_BUNDLE_ENTRY_BYTES_MAX 65535u
#define TALLY_BUNDLE_BYTES_MAX       (TALLY_TILE_WIDTH * ((size_t)2 + TALLY_BUNDLE_ENTRY_BYTES_MAX))

/* The entries of a bundle, as slices of its bytes. */
typedef struct tally_bundle {
    uint32_t count;
    tally_text entries[TALLY_TILE_WIDTH];
} tally_bundle;

/* Read a bundle that must hold width entries, 1 to 256, and nothing else. out
 * points into bytes. TALLY_E_INVALID: it holds something else. */
TALLY_MUST_CHECK tally_rc tally_bundle_parse(tally_bundle *out, tally_text bytes, uint32_t width,
                                             tally_err *err);

/* Append one entry to a bundle. TALLY_E_LIMIT also when the entry is too long;
 * nothing is then appended. */
TALLY_MUST_CHECK tally_rc tally_bundle_append(tally_buffer *bundle, tally_text entry);

#endif
