/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CLIENT_OUTBOX_INTERNAL_H
#define TALLY_CLIENT_OUTBOX_INTERNAL_H

/* The journal of an outbox, and what it has told so far. */

#include "client/outbox.h"

/* An input that is done, or the one that is not. */
typedef struct tally_outbox_known {
    tally_node hash;
    tally_batch_form form;
    char name[TALLY_OUTBOX_NAME_BYTES_MAX + 1];
    tally_outbox_progress progress;
    bool is_abandoned;
} tally_outbox_known;

struct tally_outbox {
    char *folder;
    int folder_file, lock_file, journal_file;
    tally_outbox_known *inputs; /* by their beginning; the last may be unfinished */
    uint32_t input_count, input_room;
    uint64_t first_number; /* of the first batch ever; 0: none */
    uint64_t next_number;
    uint64_t answered;    /* numbers below this have an answer */
    tally_node *messages; /* hashes of numbers from first_number on */
    uint64_t message_room;
};

/* The input that was begun and not finished, or NULL. */
tally_outbox_known *tally_outbox_open_input(tally_outbox *outbox);

/* What a line says, done to the outbox. TALLY_E_CORRUPT: it says nothing that can
 * follow; TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_outbox_apply(tally_outbox *outbox, tally_text line,
                                             uint32_t line_number, tally_err *err);

/* Read the journal, or begin it. */
TALLY_MUST_CHECK tally_rc tally_outbox_load(tally_outbox *outbox, const tally_outbox_owner *owner,
                                            tally_err *err);

/* Make a line durable and apply it. */
TALLY_MUST_CHECK tally_rc tally_outbox_append(tally_outbox *outbox, tally_err *err,
                                              const char *format, ...) TALLY_PRINTF(3, 4);

#endif
