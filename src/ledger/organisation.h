/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ORGANISATION_H
#define TALLY_LEDGER_ORGANISATION_H

/* Organisations (R35): public bodies of a public record, with collections and commands of their
 * own. Who they are and what happened to them is public, so it is kept in clear, may be searched,
 * and nobody's consent is asked. Nothing turns one into a member or a member into one. */

#include "ledger/ledger_internal.h"

#define TALLY_ORGANISATION_ID_BYTES_MAX   128u
#define TALLY_ORGANISATION_TEXT_BYTES_MAX 200u
#define TALLY_ORGANISATIONS_AT_ONCE_MAX   100000u

typedef struct tally_organisation {
    int64_t subject; /* set by the ledger */
    tally_text id;   /* in the public record; visible characters without spaces */
    tally_text name;
    tally_text in_register; /* the public record that names it */
    tally_text reference;   /* where in it */
    int32_t day;            /* of that record */
    int64_t joined_ms;      /* set by the ledger */
} tally_organisation;

/* Add organisations in one transaction: all or none. Those that are there with the same facts
 * are counted and left.
 *
 * organisations  at most TALLY_ORGANISATIONS_AT_ONCE_MAX
 * out_at         the one at fault after a failure
 * out_added      may be NULL
 *
 * TALLY_E_DENIED    E_NOT_AN_ORG: the programme is about members; no register, reference or day; a
 *                   day that has not come
 * TALLY_E_CONFLICT  E_CONFLICT: the id is there with other facts
 * TALLY_E_INVALID   an id or text of another form */
TALLY_MUST_CHECK tally_rc tally_organisations_add(tally_ledger *ledger,
                                                  const tally_organisation *organisations,
                                                  size_t count, size_t *out_added, size_t *out_at,
                                                  tally_denial *denial, tally_err *err);

/* Within a transaction: the subject number of an id; 0: there is none. */
TALLY_MUST_CHECK tally_rc tally_organisation_subject(tally_ledger *ledger,
                                                     tally_store_transaction *transaction,
                                                     tally_text id, int64_t *out_subject,
                                                     tally_err *err);
/* Within a transaction. Texts live in the arena. */
TALLY_MUST_CHECK tally_rc tally_organisation_load(tally_ledger *ledger,
                                                  tally_store_transaction *transaction,
                                                  int64_t subject, tally_arena *arena,
                                                  tally_organisation *out, bool *out_is_found,
                                                  tally_err *err);

/* Go through those whose id or name contains a text, whatever its case (ASCII); all for an empty
 * one; in order of subject number, in a transaction of its own. Allowed for organisations alone
 * (R19, R35):
 * TALLY_E_DENIED, E_NOT_AN_ORG, in a programme about members. Texts live until visit returns. */
typedef tally_rc (*tally_organisation_visit)(void *context, const tally_organisation *organisation,
                                             bool *out_is_enough, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_organisations_search(tally_ledger *ledger, tally_text text,
                                                     tally_organisation_visit visit, void *context,
                                                     tally_denial *denial, tally_err *err);

#endif
