/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ACCESS_H
#define TALLY_LEDGER_ACCESS_H

/* Tickets and the access log (charter R21): whoever reads about a member what is not the member's own
 * read, leaves an entry that is durable before anything is opened. Entries are sealed for the member, who
 * sees all of them, and chained, so that none can be taken out unseen:
 *
 *   chain = SHA-256("tally/access/v1" NUL || chain before || commitment of the entry's log record) */

#include "ledger/ledger_internal.h"
#include "ledger/member.h"

#define TALLY_TICKET_CASE_BYTES_MAX    64u
#define TALLY_TICKET_PURPOSE_BYTES_MAX 240u

/* Why somebody reads. */
typedef struct tally_ticket {
    tally_text case_id; /* the operator's number of the case */
    tally_text purpose; /* one sentence that the member will read */
    const char *role;   /* "operator" */
    const char *fields; /* what is opened: "statement", "export" … */
} tally_ticket;

/* One read, as the member sees it; texts live in the arena given. */
typedef struct tally_access {
    int64_t number, at_ms;
    tally_text case_id, purpose, role, fields, reader; /* reader: did of the key that read */
} tally_access;

/* Write an access entry in a transaction of its own, durable when this returns TALLY_OK. Only then may the
 * caller open anything.
 *
 * TALLY_E_DENIED  E_TICKET: no case, or no purpose that says anything
 * TALLY_E_IO      E_LOG_UNAVAILABLE: the entry could not be made durable; read nothing
 * TALLY_E_NOMEM, TALLY_E_CORRUPT */
TALLY_MUST_CHECK tally_rc tally_access_log(tally_ledger *ledger, const tally_member *member,
                                           const tally_ticket *ticket, tally_denial *denial,
                                           tally_err *err);

/* The reads about a member, oldest first. */
typedef tally_rc (*tally_access_visit)(void *context, const tally_access *access, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_access_each(tally_ledger *ledger,
                                            tally_store_transaction *transaction,
                                            const tally_member *member, tally_access_visit visit,
                                            void *context, tally_err *err);

/* Erase what a subject's entries say. Their places in the chain stay, without subject and instant. */
TALLY_MUST_CHECK tally_rc tally_access_erase_subject(tally_ledger *ledger,
                                                     tally_store_transaction *transaction,
                                                     int64_t subject, uint64_t *out_count,
                                                     tally_err *err);

/* Erase one entry, as above; for retention. */
TALLY_MUST_CHECK tally_rc tally_access_erase(tally_ledger *ledger,
                                             tally_store_transaction *transaction, int64_t number,
                                             tally_err *err);

/* Go through the whole chain. TALLY_E_CORRUPT: an entry is missing or was altered. */
TALLY_MUST_CHECK tally_rc tally_access_verify_chain(tally_ledger *ledger,
                                                    tally_store_transaction *transaction,
                                                    uint64_t *out_count, tally_err *err);

#endif
