/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_MESSAGE_RECEIPT_H
#define TALLY_MESSAGE_RECEIPT_H

/* Consent receipts (docs/formats/receipt.md): one payload, signed by member and programme. The
 * ledger makes payloads, both sign them, anybody reads and verifies them. Pure. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/did_key.h"
#include "crypto/jws.h"
#include "tally/base.h"
#include "util/arena.h"
#include "util/buffer.h"

#define TALLY_RECEIPT_BYTES_MAX     ((size_t)32 << 10) /* with its signatures */
#define TALLY_RECEIPT_TYP           "tally-receipt+jws"
#define TALLY_RECEIPT_MONTHS_MAX    24
#define TALLY_RECEIPT_RECORD_BYTES  16
#define TALLY_RECEIPT_TYPES_MAX     256u
#define TALLY_RECEIPT_NAMES_MAX     64u
#define TALLY_PURPOSE_PARTICIPATION "participation"

/* What may be recorded: an event type, its fields, and who attests it. */
typedef struct tally_receipt_data {
    tally_text event;
    uint32_t field_count, source_count;
    const tally_text *fields, *sources;
} tally_receipt_data;

/* A payload. Texts that are the same in every receipt of this version (recipients, retention, rights,
 * withdrawal) are receipt.c's own. */
typedef struct tally_receipt {
    int64_t given_ms, lapses_ms;
    uint8_t record[TALLY_RECEIPT_RECORD_BYTES];
    tally_text programme; /* origin */
    uint8_t charter[32], notice[32], policy[32];
    uint32_t policy_version;
    tally_text controller_did, controller_name, controller_contact;
    tally_text member_did, recovery_did;
    bool is_generated;
    tally_text purpose, purpose_text;
    tally_text keeps_events; /* "24 months" */
    uint32_t data_count;
    const tally_receipt_data *data;
} tally_receipt;

/* 24 months after an instant (UTC). False: beyond the calendar. */
TALLY_MUST_CHECK bool tally_receipt_lapses(int64_t *out_ms, int64_t given_ms);

/* Append the canonical payload. TALLY_E_INVALID: a text is no UTF-8. TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_receipt_write(tally_buffer *out, const tally_receipt *receipt,
                                              tally_err *err);

/* Read a payload; texts live in the arena.
 * TALLY_E_INVALID: it is none; or something in it is beyond the charter: more than one purpose, shared
 * beforehand, longer than 24 months, other texts than ours. */
TALLY_MUST_CHECK tally_rc tally_receipt_read(tally_receipt *out, tally_text payload,
                                             tally_arena *arena, tally_err *err);

typedef struct tally_signed_receipt {
    tally_receipt receipt;
    tally_text payload;
    bool has_member, has_programme; /* signed by the key of its principal, of its controller */
} tally_signed_receipt;

/* Check every signature of a receipt and read it; it may lack one of the two. Texts live in the arena.
 * TALLY_E_INVALID: a signature is wrong or somebody else's, or the payload is none. */
TALLY_MUST_CHECK tally_rc tally_receipt_verify(tally_signed_receipt *out, tally_text text,
                                               tally_arena *arena, tally_err *err);

/* Append a receipt with the signature of one more key; others is the receipt so far, or empty. */
TALLY_MUST_CHECK tally_rc tally_receipt_sign(tally_buffer *out, tally_text others,
                                             tally_text payload, const uint8_t seed[static 32],
                                             tally_err *err);

#endif
