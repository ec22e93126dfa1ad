/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SUBJECT_EVENTS_H
#define TALLY_LEDGER_SUBJECT_EVENTS_H

/* One subject's stored events, opened and read again from the bytes that its sources signed.
 * Whoever calls this has the right to: the subject's own read, a ticket whose access entry is durable, or
 * the engine's own work (docs/ledger.md section 6). */

#include "batch/batch.h"
#include "ledger/ledger_internal.h"
#include "ledger/member.h"

typedef struct tally_subject_event {
    int64_t sequence, batch;
    uint32_t position;
    tally_event_plain plain;
    tally_batch_event event; /* read from plain.bytes; it has no problem */
} tally_subject_event;

/* Texts live until visit returns. */
typedef tally_rc (*tally_subject_visit)(void *context, const tally_subject_event *event,
                                        bool *out_is_enough, tally_err *err);

/* Go through a subject's events, newest first; at most limit of them, 0 for all.
 *
 * key, rid  the member's; NULL for an organisation
 *
 * TALLY_E_CORRUPT: an event does not open, or is not what was admitted. */
TALLY_MUST_CHECK tally_rc tally_subject_events(tally_store_transaction *transaction,
                                               int64_t subject, const uint8_t *key,
                                               const uint8_t *rid, uint64_t limit,
                                               tally_subject_visit visit, void *context,
                                               tally_err *err);

/* The same without reading the bytes: as they were opened. */
typedef tally_rc (*tally_subject_plain_visit)(void *context, const tally_event_plain *event,
                                              tally_err *err);
TALLY_MUST_CHECK tally_rc tally_subject_plain_events(tally_store_transaction *transaction,
                                                     int64_t subject, const uint8_t *key,
                                                     const uint8_t *rid, uint64_t limit,
                                                     tally_subject_plain_visit visit, void *context,
                                                     tally_err *err);

#endif
