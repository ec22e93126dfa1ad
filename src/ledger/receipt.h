/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_RECEIPT_H
#define TALLY_LEDGER_RECEIPT_H

/* Consent receipts in the ledger (R1, docs/formats/receipt.md): offering one, taking one that the
 * member signed, storing both signatures. */

#include "ledger/ledger_internal.h"
#include "ledger/member.h"
#include "message/receipt.h"

/* ---- offering ---- */

typedef struct tally_receipt_terms {
    tally_text member_did, recovery_did;
    bool is_generated;
    tally_text purpose; /* TALLY_PURPOSE_PARTICIPATION */
    uint32_t version;   /* of the policy; 0: the one in force */
} tally_receipt_terms;

/* Make what a member signs: the payload, with a new record number and the present instant, and the
 * notice to read before. Nothing is stored; who says no leaves no trace.
 *
 * out_payload, out_notice  buffers started by the caller; appended to
 *
 * TALLY_E_DENIED: E_PURPOSE (no such purpose), E_NOT_AVAILABLE (a pilot takes generated members only),
 * E_NOT_AN_ORG (the programme is about organisations), E_CONSENT_NONE (no such version). */
TALLY_MUST_CHECK tally_rc tally_ledger_offer(tally_ledger *ledger, const tally_receipt_terms *terms,
                                             tally_buffer *out_payload, tally_buffer *out_notice,
                                             tally_denial *denial, tally_err *err);

/* ---- taking; within a transaction ---- */

/* Is text the receipt that was offered to this member, signed by it and nobody else, and fresh? Its texts
 * live in the arena. TALLY_E_DENIED: E_CONSENT_NONE and what offering refuses. */
TALLY_MUST_CHECK tally_rc tally_receipt_check(tally_ledger *ledger, tally_text text,
                                              tally_text member_did, int64_t now_ms,
                                              tally_arena *arena, tally_signed_receipt *out,
                                              tally_denial *denial, tally_err *err);

/* Sign a checked receipt too, store it, and append its consent to the record. The receipt with both
 * signatures is appended to out_text, started by the caller with TALLY_RECEIPT_BYTES_MAX.
 * TALLY_E_DENIED: E_REPLAY (its record number is there), E_RATE (too many). */
TALLY_MUST_CHECK tally_rc tally_receipt_store(tally_ledger *ledger,
                                              tally_store_transaction *transaction,
                                              const tally_member *member,
                                              const tally_signed_receipt *receipt, tally_text text,
                                              bool is_joining, tally_buffer *out_text,
                                              tally_denial *denial, tally_err *err);

/* ---- stored rows ---- */

#define TALLY_PURPOSE_BYTES_MAX 64u

typedef struct tally_receipt_row {
    int64_t number, subject;
    int64_t given_ms, lapses_ms, ended_ms; /* ended_ms INT64_MAX: not ended */
    uint32_t policy_version;
    uint8_t record[TALLY_RECEIPT_RECORD_BYTES];
    uint64_t entry; /* index of its consent in the log */
    char purpose[TALLY_PURPOSE_BYTES_MAX + 1];
    tally_text sealed; /* the receipt under the member's data key */
} tally_receipt_row;

/* row.sealed lives in the arena; without one (NULL) it stays empty. TALLY_E_CORRUPT: there is no such row, or it is damaged. */
TALLY_MUST_CHECK tally_rc tally_receipt_load(tally_store_transaction *transaction, int64_t number,
                                             tally_arena *arena, tally_receipt_row *out,
                                             tally_err *err);
/* Read a value of RECEIPTS, as above. */
TALLY_MUST_CHECK tally_rc tally_receipt_parse(int64_t number, tally_text value, tally_arena *arena,
                                              tally_receipt_row *out, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_receipt_save(tally_store_transaction *transaction,
                                             const tally_receipt_row *row, tally_err *err);
/* The row and its place among its member's. */
TALLY_MUST_CHECK tally_rc tally_receipt_delete(tally_store_transaction *transaction,
                                               const tally_receipt_row *row, tally_err *err);

/* Seal a receipt for its row, into the arena. */
TALLY_MUST_CHECK tally_rc tally_receipt_seal(const tally_ledger *ledger, const tally_member *member,
                                             int64_t number, tally_text text, tally_arena *arena,
                                             tally_text *out, tally_err *err);

/* Append a stored receipt in clear. */
TALLY_MUST_CHECK tally_rc tally_receipt_open(const tally_member *member,
                                             const tally_receipt_row *row, tally_buffer *out,
                                             tally_err *err);

/* The numbers of a member's receipts, oldest first; at most TALLY_RECEIPTS_MAX. */
TALLY_MUST_CHECK tally_rc tally_receipt_numbers(tally_store_transaction *transaction,
                                                int64_t subject,
                                                int64_t out[static TALLY_RECEIPTS_MAX],
                                                size_t *out_count, tally_err *err);

#endif
