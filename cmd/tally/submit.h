/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_SUBMIT_H
#define TALLY_CMD_SUBMIT_H

/* The parts of `tally submit`. */

#include <stdbool.h>
#include <stdint.h>

#include "batch/write.h"
#include "client/outbox.h"
#include "client/promise.h"
#include "crypto/did_key.h"
#include "eval/input.h"
#include "eval/progress.h"

/* Where batches go. */
typedef struct tally_submit_target {
    void *context;
    tally_text programme; /* origin */
    bool has_signer;
    tally_jws_key signer; /* who signs its replies */
    /* The number it expects from a source. */
    tally_rc (*next_number)(void *context, tally_text source, uint64_t *out_number, tally_err *err);
    /* Send a message and append the reply. TALLY_E_DENIED, TALLY_E_CONFLICT: it was
     * refused as a whole, and nothing of it was kept. */
    tally_rc (*send)(void *context, tally_text message, tally_buffer *out_reply, tally_err *err);
    void (*close)(void *context);
    int told_status; /* not 0: the last failure is told already, and this is its exit status */
} tally_submit_target;

/* A programme's folder; now is that of --now, or NULL. Returns an exit status; what is
 * wrong is told. To be closed in any case. */
int tally_submit_to_folder(tally_submit_target *out_target, const char *folder_path,
                           const char *now);

/* ---- files of events -------------------------------------------------------------- */

typedef struct tally_submit_file {
    const char *path;
    tally_input *input;
    char *room;
    size_t at, end;
    bool is_finished;  /* what is in the room is all that is left */
    uint64_t position; /* bytes of the text that are done with */
    tally_batch_cutter cutter;
    tally_batch_cutter before; /* the last event, and how many bytes it took */
    size_t last_used;
    char *header_row; /* of CSV; its bytes are kept */
    size_t header_row_bytes;
} tally_submit_file;

/* TALLY_E_IO, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_submit_file_open(tally_submit_file *out_file, const char *path,
                                                 tally_batch_form form, tally_err *err);
void tally_submit_file_close(tally_submit_file *file);

/* The next event, TALLY_CUT_EVENT, or TALLY_CUT_END. Its bytes live until the next
 * call. Errors as of tally_batch_cut_next() and tally_input_read(). */
TALLY_MUST_CHECK tally_rc tally_submit_file_next(tally_submit_file *file, tally_batch_cut *out_cut,
                                                 tally_err *err);

/* Put the event that came last back, to come again next. */
void tally_submit_file_back(tally_submit_file *file);

/* Read all of it once: its hash, its size, how many events it has, and that it can
 * be cut to its end. */
typedef struct tally_submit_survey {
    tally_node hash;
    uint64_t bytes, event_count;
} tally_submit_survey;

TALLY_MUST_CHECK tally_rc tally_submit_survey_file(tally_submit_survey *out_survey,
                                                   const char *path, tally_batch_form form,
                                                   tally_err *err);

/* What a file is by its name, and where that leaves a choice, by how it begins. */
TALLY_MUST_CHECK tally_rc tally_submit_form_of(tally_batch_form *out_form, const char *path,
                                               tally_err *err);

/* ---- one run ---------------------------------------------------------------------- */

typedef struct tally_submit_run {
    const tally_submit_target *target; /* NULL: batches are only written */
    tally_outbox *outbox;
    tally_text programme;
    tally_did_key source;
    uint8_t seed32[TALLY_ED25519_SEED_BYTES];
    uint32_t events_per_batch;
    uint64_t first_number; /* of an outbox that has used none and a target that cannot be asked */
    bool is_again, abandons;
    tally_progress progress;
    tally_batch_reader *reader;
    /* What came of it. */
    uint64_t batch_count, event_count, admitted, refused;
} tally_submit_run;

/* Send what waits in the outbox. */
TALLY_MUST_CHECK tally_rc tally_submit_pending(tally_submit_run *run, tally_err *err);

/* Make a file into batches, and send each when there is somewhere to send it. */
TALLY_MUST_CHECK tally_rc tally_submit_one_file(tally_submit_run *run, const char *path,
                                                const tally_batch_form *form, tally_err *err);

#endif
