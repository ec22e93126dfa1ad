/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CLIENT_OUTBOX_H
#define TALLY_CLIENT_OUTBOX_H

/* A source's outbox: what it has sent to one programme, what it still has to send,
 * and what was answered. docs/formats/outbox.md describes its files.
 *
 * It exists so that a batch is sent once whatever happens in between. A message is
 * durable before its number counts as used; a number once used always stands for
 * the same bytes; a reply is durable before its message is removed. So after a crash
 * the same bytes are sent again, to which the ledger gives the first reply again.
 *
 * One process at a time: the folder is locked while it is open. */

#include <stdbool.h>
#include <stdint.h>
#include "batch/batch.h"
#include "tally/base.h"
#include "util/buffer.h"

typedef struct tally_outbox tally_outbox;

#define TALLY_OUTBOX_NAME_BYTES_MAX 512u /* of an input's file name */

/* Whose batches for which programme. */
typedef struct tally_outbox_owner {
    tally_text programme; /* origin */
    tally_text source;    /* did */
} tally_outbox_owner;

/* Open a folder, creating it when there is none.
 *
 * TALLY_E_CONFLICT  another process has it open
 * TALLY_E_INVALID   it belongs to another programme or source, or is no outbox
 * TALLY_E_CORRUPT   its journal is damaged
 * TALLY_E_LIMIT, TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_outbox_open(tally_outbox **out_outbox, const char *folder,
                                            const tally_outbox_owner *owner, tally_err *err);

/* NULL is allowed. */
void tally_outbox_close(tally_outbox *outbox);

/* The number after the last one used; 0 when none was ever used. */
uint64_t tally_outbox_next_number(const tally_outbox *outbox);

/* ---- an input ------------------------------------------------------------------- */

/* A file of events, known by its bytes. */
typedef struct tally_outbox_input {
    tally_node hash; /* SHA-256 of all of it */
    tally_batch_form form;
    const char *name; /* for messages */
} tally_outbox_input;

/* How far an input has been made into batches. */
typedef struct tally_outbox_progress {
    bool is_done;                       /* all of it */
    uint64_t bytes;                     /* of the input, from its beginning */
    uint32_t lines;                     /* within these bytes */
    uint64_t first_number, last_number; /* of its batches; 0: none yet */
} tally_outbox_progress;

/* Begin with an input, or go on with it. One that is done is only said to be so.
 *
 * is_again  an input that is done is begun anew
 *
 * TALLY_E_CONFLICT  another input was begun and not finished; err names it
 * TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_outbox_begin(tally_outbox *outbox, const tally_outbox_input *input,
                                             bool is_again, tally_outbox_progress *out_progress,
                                             tally_err *err);

/* Give up the input that was begun and not finished; what was made of it is sent
 * nevertheless. Nothing happens when there is none. TALLY_E_IO. */
TALLY_MUST_CHECK tally_rc tally_outbox_abandon(tally_outbox *outbox, tally_err *err);

/* Add a batch of the input that was begun: durable when this returns. number must
 * be the next one; of an outbox that has used none it is where numbers begin.
 *
 * bytes, lines  of the input up to the end of this batch. TALLY_E_IO, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_outbox_add(tally_outbox *outbox, uint64_t number,
                                           tally_text message, uint64_t bytes, uint32_t lines,
                                           tally_err *err);

/* The input that was begun is all in batches. TALLY_E_IO. */
TALLY_MUST_CHECK tally_rc tally_outbox_finish(tally_outbox *outbox, tally_err *err);

/* ---- sending -------------------------------------------------------------------- */

/* The lowest number without an answer; false: there is none. */
bool tally_outbox_has_pending(const tally_outbox *outbox, uint64_t *out_number);

/* Its message. TALLY_E_CORRUPT: not the bytes that were added; TALLY_E_IO, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_outbox_read(const tally_outbox *outbox, uint64_t number,
                                            tally_buffer *out_message, tally_err *err);

/* Keep the reply to the pending number, and remove its message: events are the
 * ledger's and the members' from here on. TALLY_E_IO, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_outbox_answer(tally_outbox *outbox, uint64_t number,
                                              tally_text reply, tally_err *err);

#endif
