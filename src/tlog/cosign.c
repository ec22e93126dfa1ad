/* SPDX-License-Identifier: Apache-2.0 */
/* Cosignatures of witnesses (c2sp.org/tlog-cosignature, cosignature/v1):
 *
 *   payload of the line   key id[4] || time, u64 big-endian || signature[64]
 *   what is signed        "cosignature/v1" LF "time " time LF text of the note */

#include <inttypes.h>

#include "crypto/base64.h"
#include "tlog/note_internal.h"

#define ID_BYTES   4
#define TIME_BYTES 8
#define HEAD_BYTES 64

/* The signed message, in a buffer the caller frees. */
static tally_rc message_of(tally_buffer *out, tally_text text, uint64_t time_s)
{
    tally_buffer_init(out, TALLY_NOTE_BYTES_MAX + HEAD_BYTES);
    tally_buffer_printf(out, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    return tally_buffer_append_text(out, text);
}

tally_rc tally_cosignature_verify(tally_note_verdict *out, tally_text text, tally_text encoded,
                                  const tally_vkey *key, tally_err *err)
{
    uint8_t payload[ID_BYTES + TALLY_COSIGNATURE_BYTES];
    uint64_t time_s = 0;
    tally_buffer message;
    tally_rc rc;
    bool is_valid;

    if (!tally_base64_is_exactly(payload, sizeof(payload), encoded))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the line of witness %.*s is no cosignature",
                             TALLY_TEXT_ARGS(key->name));
    for (size_t i = 0; i < TIME_BYTES; i++)
        time_s = time_s << 8 | payload[ID_BYTES + i];
    if (time_s > INT64_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "witness %.*s gives a time beyond 2^63",
                             TALLY_TEXT_ARGS(key->name));
    rc = message_of(&message, text, time_s);
    if (rc != TALLY_OK) {
        tally_buffer_free(&message);
        return tally_err_set(err, rc, 0, "memory is short");
    }
    is_valid = tally_ed25519_is_valid_vartime(payload + ID_BYTES + TIME_BYTES, message.bytes,
                                              message.count, key->public32);
    tally_buffer_free(&message);
    if (!is_valid)
        return tally_err_set(err, TALLY_E_INVALID, 0, "the cosignature of %.*s does not verify",
                             TALLY_TEXT_ARGS(key->name));
    /* A witness that signed twice vouches for the later time. */
    if (!out->is_signed || (int64_t)time_s > out->time_s)
        out->time_s = (int64_t)time_s;
    out->is_signed = true;
    return TALLY_OK;
}

tally_rc tally_cosignature_make(uint8_t out[static TALLY_COSIGNATURE_BYTES], tally_text text,
                                const tally_signer *signer, int64_t time_s)
{
    tally_buffer message;
    tally_rc rc;

    if (time_s < 0)
        return TALLY_E_INVALID;
    rc = message_of(&message, text, (uint64_t)time_s);
    if (rc == TALLY_OK)
        rc = tally_ed25519_sign(out + TIME_BYTES, message.bytes, message.count, signer->seed32);
    for (uint32_t i = 0; i < TIME_BYTES; i++)
        out[i] = (uint8_t)((uint64_t)time_s >> (56 - 8 * i));
    tally_buffer_free(&message);
    return rc;
}
