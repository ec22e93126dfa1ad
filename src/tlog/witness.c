/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to witnesses. */

#include "tlog/witness.h"

#include <inttypes.h>

#include "crypto/base64.h"

#define OLD_PREFIX TALLY_TEXT("old ")

static tally_rc refuse(tally_err *err, uint32_t line, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, line, "%s", what);
}

tally_rc tally_witness_parse(tally_witness_request *out, tally_text bytes, tally_err *err)
{
    tally_text rest = bytes;
    tally_text line;

    if (bytes.count > TALLY_WITNESS_REQUEST_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a request of %zu bytes", bytes.count);
    if (!tally_checkpoint_take_line(&line, &rest) || !tally_text_has_prefix(line, OLD_PREFIX) ||
        !tally_checkpoint_parse_number(&out->old_size,
                                       tally_text_slice(line, OLD_PREFIX.count, line.count)))
        return refuse(err, 1, "not `old` and a size");
    for (out->proof.count = 0;; out->proof.count++) {
        uint32_t number = out->proof.count + 2;

        if (!tally_checkpoint_take_line(&line, &rest))
            return refuse(err, number, "no empty line follows the hashes");
        if (line.count == 0)
            break;
        if (out->proof.count == TALLY_WITNESS_PROOF_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, number, "more than %d hashes",
                                 TALLY_WITNESS_PROOF_MAX);
        if (!tally_base64_is_exactly(out->proof.nodes[out->proof.count].bytes, TALLY_HASH_BYTES,
                                     line))
            return refuse(err, number, "not the canonical Base64 of a hash");
    }
    if (rest.count == 0)
        return refuse(err, 0, "the checkpoint is missing");
    out->checkpoint = rest;
    return TALLY_OK;
}

tally_rc tally_witness_append(tally_buffer *out, const tally_witness_request *request)
{
    TALLY_ASSERT(request->proof.count <= TALLY_WITNESS_PROOF_MAX);
    tally_buffer_printf(out, "old %" PRIu64 "\n", request->old_size);
    for (uint32_t i = 0; i < request->proof.count; i++) {
        tally_base64_append(out, request->proof.nodes[i].bytes, TALLY_HASH_BYTES);
        tally_buffer_append_byte(out, '\n');
    }
    tally_buffer_append_byte(out, '\n');
    return tally_buffer_append_text(out, request->checkpoint);
}
