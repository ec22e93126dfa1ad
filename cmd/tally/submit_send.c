/* SPDX-License-Identifier: Apache-2.0 */
/* From events to batches, through the outbox, to the programme; and what was
 * answered, in words. */

#include "submit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/random.h"
#include "util/alloc.h"

/* Of a message that is being made or read. */
#define ARENA_BYTES_MAX (TALLY_BATCH_ARENA_BYTES_MAX + 2 * TALLY_BATCH_BYTES_MAX)

/* Events that are to be a batch. */
typedef struct gathering {
    tally_arena *arena;
    tally_text *events;
    uint32_t *lines; /* on which they stand in the file */
    uint32_t count;
    size_t bytes;
} gathering;

/* ---- what was answered ------------------------------------------------------------ */

static void print_refused(const tally_batch *batch, const tally_refused_event *refused,
                          const char *path, const uint32_t *lines)
{
    tally_text id = batch->events[refused->position].id;

    if (lines != NULL)
        printf("%s:%" PRIu32 ": ", path, lines[refused->position]);
    else
        printf("batch %" PRIu64 ", event %" PRIu32 ": ", batch->header.number,
               refused->position + 1);
    if (id.count > 0)
        printf("%.*s: ", TALLY_TEXT_ARGS(id));
    printf("%.*s (%.*s): %.*s\n", TALLY_TEXT_ARGS(refused->code), TALLY_TEXT_ARGS(refused->right),
           TALLY_TEXT_ARGS(refused->reason));
}

static tally_rc read_reply(tally_submit_run *run, const tally_batch *batch, tally_text reply,
                           const char *path, const uint32_t *lines, tally_arena *arena,
                           tally_err *err)
{
    tally_promise_read promise;
    tally_rc rc =
        tally_promise_open(&promise, reply, &batch->header,
                           run->target->has_signer ? &run->target->signer : NULL, arena, err);

    if (rc != TALLY_OK)
        return rc;
    if (promise.refused_count > 0)
        tally_progress_clear(&run->progress);
    for (uint32_t i = 0; i < promise.refused_count; i++)
        print_refused(batch, &promise.refused[i], path, lines);
    run->admitted += promise.admitted;
    run->refused += promise.refused_count;
    return TALLY_OK;
}

/* Send one message that is in the outbox and keep its reply. A reply that is none
 * is not kept: the message is sent again next time. */
static tally_rc send_message(tally_submit_run *run, tally_text message, const char *path,
                             const uint32_t *lines, tally_arena *arena, tally_err *err)
{
    tally_batch batch;
    tally_buffer reply;
    tally_rc rc = tally_batch_parse(&batch, run->reader, message, arena, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&reply, TALLY_JWS_BYTES_MAX);
    rc = run->target->send(run->target->context, message, &reply, err);
    if (rc == TALLY_OK)
        rc = read_reply(run, &batch, tally_buffer_text(&reply), path, lines, arena, err);
    if (rc == TALLY_OK)
        rc = tally_outbox_answer(run->outbox, batch.header.number, tally_buffer_text(&reply), err);
    if (rc == TALLY_OK) {
        run->batch_count++;
        run->event_count += batch.event_count;
    }
    tally_buffer_free(&reply);
    return rc;
}

tally_rc tally_submit_pending(tally_submit_run *run, tally_err *err)
{
    uint64_t number;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && tally_outbox_has_pending(run->outbox, &number)) {
        tally_arena *arena = tally_arena_new(ARENA_BYTES_MAX);
        tally_buffer message;

        tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
        rc = arena == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "sending")
                           : tally_outbox_read(run->outbox, number, &message, err);
        if (rc == TALLY_OK)
            rc = send_message(run, tally_buffer_text(&message), NULL, NULL, arena, err);
        tally_buffer_free(&message);
        tally_arena_free(arena);
    }
    return rc;
}

/* ---- one batch -------------------------------------------------------------------- */

/* The number of the next batch. */
static tally_rc choose_number(tally_submit_run *run, uint64_t *out_number, tally_err *err)
{
    uint64_t next = tally_outbox_next_number(run->outbox);
    uint64_t expected = 0;
    tally_rc rc;

    *out_number = next != 0 ? next : run->first_number;
    if (run->target == NULL)
        return TALLY_OK;
    tally_progress_clear(&run->progress); /* it may tell something */
    rc = run->target->next_number(run->target->context, tally_text_from(run->source.text),
                                  &expected, err);
    if (rc != TALLY_OK)
        return rc;
    if (next != 0 && next != expected)
        return tally_err_set(err, TALLY_E_CONFLICT, 0,
                             "the programme expects batch %" PRIu64 " of this source, and this "
                             "outbox would send batch %" PRIu64 ": has another outbox been used?",
                             expected, next);
    *out_number = expected;
    return TALLY_OK;
}

static tally_rc begin_gathering(gathering *out, const tally_submit_run *run, tally_err *err)
{
    *out = (gathering){ .arena = tally_arena_new(ARENA_BYTES_MAX) };
    if (out->arena != NULL) {
        out->events =
            tally_arena_zalloc_array(out->arena, run->events_per_batch, sizeof(*out->events));
        out->lines =
            tally_arena_zalloc_array(out->arena, run->events_per_batch, sizeof(*out->lines));
    }
    if (out->arena != NULL && out->events != NULL && out->lines != NULL)
        return TALLY_OK;
    tally_arena_free(out->arena);
    return tally_err_set(err, TALLY_E_NOMEM, 0, "gathering events");
}

/* Is what we wrote what a ledger will read? Our own reader has to say so before a
 * number is used for it. */
static tally_rc check_message(tally_submit_run *run, tally_text message, tally_arena *arena,
                              tally_err *err)
{
    tally_batch_tree tree;
    tally_batch batch;
    tally_rc rc = tally_batch_parse(&batch, run->reader, message, arena, err);

    return rc == TALLY_OK ? tally_batch_verify(&batch, &tree, arena, err) : rc;
}

static tally_rc seal_and_send(tally_submit_run *run, const tally_submit_file *file,
                              const gathering *gathered, tally_err *err)
{
    const tally_batch_cutter *cutter = &file->cutter;
    tally_batch_options options = {
        .programme = run->programme,
        .form = cutter->form,
        .header_row = tally_text_of(file->header_row, file->header_row_bytes),
        .seed32 = run->seed32,
        .random = tally_random_system(),
    };
    tally_buffer message;
    tally_rc rc;

    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    rc = choose_number(run, &options.number, err);
    if (rc == TALLY_OK)
        rc = tally_batch_write(&message, &options, gathered->events, gathered->count,
                               gathered->arena, err);
    if (rc == TALLY_OK)
        rc = check_message(run, tally_buffer_text(&message), gathered->arena, err);
    if (rc == TALLY_OK)
        rc = tally_outbox_add(run->outbox, options.number, tally_buffer_text(&message),
                              file->position, cutter->line, err);
    if (rc == TALLY_OK && run->target != NULL) {
        rc = send_message(run, tally_buffer_text(&message), file->path, gathered->lines,
                          gathered->arena, err);
    } else if (rc == TALLY_OK) {
        run->batch_count++;
        run->event_count += gathered->count;
    }
    tally_buffer_free(&message);
    return rc;
}

/* ---- one file --------------------------------------------------------------------- */

/* The first event always has room: none is longer than 16 KiB. */
static bool has_room(const tally_submit_file *file, const gathering *gathered, size_t next_bytes)
{
    return tally_batch_bytes(gathered->count + 1, gathered->bytes + next_bytes,
                             file->header_row_bytes) <= TALLY_BATCH_BYTES_MAX;
}

static tally_rc take_event(gathering *gathered, const tally_batch_cut *cut, tally_err *err)
{
    if (!tally_arena_copy_text(gathered->arena, &gathered->events[gathered->count], cut->bytes))
        return tally_err_set(err, tally_arena_failure(gathered->arena), 0, "gathering events");
    gathered->lines[gathered->count++] = cut->line;
    gathered->bytes += cut->bytes.count;
    return TALLY_OK;
}

/* Gather the next batch; *out_is_end says that the file ends with it. */
static tally_rc gather(tally_submit_run *run, tally_submit_file *file, gathering *gathered,
                       bool *out_is_end, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    *out_is_end = false;
    while (rc == TALLY_OK && gathered->count < run->events_per_batch) {
        tally_batch_cut cut;

        rc = tally_submit_file_next(file, &cut, err);
        if (rc != TALLY_OK)
            return rc;
        *out_is_end = cut.kind == TALLY_CUT_END;
        if (*out_is_end)
            return TALLY_OK;
        if (!has_room(file, gathered, cut.bytes.count)) {
            tally_submit_file_back(file);
            return TALLY_OK;
        }
        rc = take_event(gathered, &cut, err);
    }
    return rc;
}

/* Pass what is in batches already. */
static tally_rc skip(tally_submit_file *file, uint64_t bytes, tally_err *err)
{
    tally_batch_cut cut = { .kind = TALLY_CUT_EVENT };
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && file->position < bytes && cut.kind == TALLY_CUT_EVENT)
        rc = tally_submit_file_next(file, &cut, err);
    return rc == TALLY_OK && bytes != 0 && file->position != bytes
               ? tally_err_set(err, TALLY_E_CORRUPT, 0,
                               "the outbox says that a batch ended where no event of %s does",
                               file->path)
               : rc;
}

static tally_rc send_rest(tally_submit_run *run, tally_submit_file *file,
                          const tally_submit_survey *survey, tally_err *err)
{
    tally_rc rc = TALLY_OK;
    bool is_end = false;

    while (rc == TALLY_OK && !is_end) {
        gathering gathered;

        rc = begin_gathering(&gathered, run, err);
        if (rc != TALLY_OK)
            return rc;
        rc = gather(run, file, &gathered, &is_end, err);
        if (rc == TALLY_OK && gathered.count > 0)
            rc = seal_and_send(run, file, &gathered, err);
        tally_arena_free(gathered.arena);
        tally_progress_tell(&run->progress, run->target != NULL ? "sending" : "writing batches",
                            file->position, survey->bytes);
    }
    return rc;
}

static tally_rc send_file(tally_submit_run *run, const char *path, tally_batch_form form,
                          const tally_submit_survey *survey, const tally_outbox_progress *progress,
                          tally_err *err)
{
    tally_submit_file file;
    tally_rc rc = tally_submit_file_open(&file, path, form, err);

    if (rc != TALLY_OK)
        return rc;
    rc = skip(&file, progress->bytes, err);
    if (rc == TALLY_OK)
        rc = send_rest(run, &file, survey, err);
    if (rc == TALLY_OK)
        rc = tally_outbox_finish(run->outbox, err);
    tally_submit_file_close(&file);
    return rc;
}

tally_rc tally_submit_one_file(tally_submit_run *run, const char *path,
                               const tally_batch_form *form, tally_err *err)
{
    tally_outbox_input input = { .name = path };
    tally_outbox_progress progress;
    tally_submit_survey survey;
    tally_rc rc = TALLY_OK;

    if (form != NULL)
        input.form = *form;
    else
        rc = tally_submit_form_of(&input.form, path, err);
    if (rc == TALLY_OK)
        rc = tally_submit_survey_file(&survey, path, input.form, err);
    if (rc != TALLY_OK)
        return rc;
    input.hash = survey.hash;
    rc = tally_outbox_begin(run->outbox, &input, run->is_again, &progress, err);
    if (rc != TALLY_OK)
        return rc;
    if (progress.is_done) {
        if (progress.first_number == 0)
            fprintf(stderr, "%s was submitted already; it has no events.\n", path);
        else
            fprintf(stderr,
                    "%s was submitted already, as batches %" PRIu64 " to %" PRIu64
                    ". --again sends it once more.\n",
                    path, progress.first_number, progress.last_number);
        return TALLY_OK;
    }
    rc = send_file(run, path, input.form, &survey, &progress, err);
    tally_progress_clear(&run->progress);
    return rc;
}
