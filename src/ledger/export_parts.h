/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_EXPORT_PARTS_H
#define TALLY_LEDGER_EXPORT_PARTS_H

/* What writing and checking an export share. */

#include "crypto/ed25519.h"
#include "json/jcs.h"
#include "ledger/member.h"
#include "ledger/replay.h"
#include "util/buffer.h"

/* Bytes as an item of an array. */
void tally_export_bytes(tally_jcs *jcs, const uint8_t *bytes, size_t count);

/* A member's receipts as an array, oldest first. arena: for reading them. */
TALLY_MUST_CHECK tally_rc tally_export_receipts(tally_jcs *jcs,
                                                tally_store_transaction *transaction,
                                                const tally_member *member, tally_arena *arena,
                                                tally_err *err);

/* A statement as the value that stands in an export: its JSON rendering in canonical form. */
TALLY_MUST_CHECK tally_rc tally_export_statement(tally_jcs *jcs, tally_replay *replay,
                                                 tally_text subject, int64_t as_of_ms,
                                                 tally_err *err);

/* Append the signature of a document: a compact JWS over {"kind":"export","sha256"}. */
TALLY_MUST_CHECK tally_rc tally_export_sign(tally_buffer *out, tally_text document,
                                            const uint8_t seed[static TALLY_ED25519_SEED_BYTES],
                                            tally_err *err);

/* Append a canonical document with a member `signature` in its place. */
TALLY_MUST_CHECK tally_rc tally_export_insert_signature(tally_buffer *out, tally_text document,
                                                        tally_text signature, tally_err *err);

#endif
