/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_EXPORT_H
#define TALLY_LEDGER_EXPORT_H

/* Everything that a programme holds about one subject, as one signed JSON document that is
 * complete in itself (charter R31), and the check that recomputes its statement from its events and its
 * policy (R16). docs/formats/export.md specifies the document. */

#include "ledger/ledger_internal.h"
#include "ledger/statement.h"
#include "util/buffer.h"

#define TALLY_EXPORT_TYP "tally-export+jws"

/* Append a member's export, or with member NULL an organisation's, as of an instant (TALLY_NOTHING: now).
 * Whoever calls has the right to read it: the member's own read, or a logged access.
 *
 * TALLY_E_LIMIT    the document would be longer than 16 MiB
 * TALLY_E_CORRUPT, TALLY_E_NOMEM, TALLY_E_OVERFLOW */
TALLY_MUST_CHECK tally_rc tally_ledger_export(tally_ledger *ledger,
                                              tally_store_transaction *transaction, int64_t subject,
                                              const tally_member *member, tally_text subject_name,
                                              int64_t as_of_ms, tally_buffer *out, tally_err *err);

/* The same for somebody other than the member, who leaves an access entry first: see tally_ledger_statement(). */
TALLY_MUST_CHECK tally_rc tally_ledger_export_for(tally_ledger *ledger,
                                                  const tally_statement_request *request,
                                                  tally_buffer *out, tally_denial *denial,
                                                  tally_err *err);

/* What a check found. Texts live in the arena given. */
typedef struct tally_export_report {
    tally_text programme, programme_did, subject;
    uint32_t event_count, batch_count, receipt_count, access_count;
    bool is_same;          /* the statement recomputed is the one exported */
    tally_text difference; /* where it differs: a path and both values */
} tally_export_report;

/* Check an export by itself: no store, no network, no clock.
 *
 * wanted_did  the programme's did, known from elsewhere; empty: the one in the document
 *
 * TALLY_OK         everything in it holds together; the report says whether the statement is the same
 * TALLY_E_INVALID  not an export; a signature, a path or a receipt does not hold. err says which
 * TALLY_E_LIMIT, TALLY_E_NOMEM, TALLY_E_OVERFLOW */
TALLY_MUST_CHECK tally_rc tally_export_verify(tally_text text, tally_text wanted_did,
                                              tally_arena *arena, tally_export_report *out_report,
                                              tally_err *err);

#endif
