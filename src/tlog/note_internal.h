/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_NOTE_INTERNAL_H
#define TALLY_TLOG_NOTE_INTERNAL_H

/* How note.c asks cosign.c about the lines of witnesses. */

#include "tlog/note.h"

#define TALLY_COSIGNATURE_BYTES (8 + TALLY_ED25519_SIGNATURE_BYTES)

/* Check the payload of a signature line over text. */
TALLY_MUST_CHECK tally_rc tally_cosignature_verify(tally_note_verdict *out, tally_text text,
                                                   tally_text encoded, const tally_vkey *key,
                                                   tally_err *err);

/* Make what follows the key id in the payload. */
TALLY_MUST_CHECK tally_rc tally_cosignature_make(uint8_t out[static TALLY_COSIGNATURE_BYTES],
                                                 tally_text text, const tally_signer *signer,
                                                 int64_t time_s);

#endif
