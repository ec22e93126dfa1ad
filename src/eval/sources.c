/* SPDX-License-Identifier: Apache-2.0 */
/* Each row of a file is offered to every entry for it. */

#include "eval/sources.h"

#include <string.h>

#include "eval/look_up.h"
#include "eval/reader.h"
#include "util/alloc.h"
#include "util/buffer.h"

#define TEXT_BYTES_MAX  ((size_t)64 << 30)
#define ARENA_BYTES_MAX ((size_t)64 << 20)

/* Of the names of columns in a message. */
#define NAMES_BYTES_SHOWN 80u
#define NAMES_BYTES_MAX   ((size_t)1024)

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "preparing to read the files");
}

/* Pass on a failure with the name of the file in front. */
static tally_rc fail_in(tally_err *err, tally_rc rc, const char *path, const tally_err *cause)
{
    bool is_named = strncmp(cause->message, path, strlen(path)) == 0;

    if (is_named)
        return tally_err_set(err, rc, 0, "%s", cause->message);
    if (cause->line == 0)
        return tally_err_set(err, rc, 0, "%s: %s", path, cause->message);
    if (cause->column == 0)
        return tally_err_set(err, rc, 0, "%s:%u: %s", path, cause->line, cause->message);
    return tally_err_set(err, rc, 0, "%s:%u:%u: %s", path, cause->line, cause->column,
                         cause->message);
}

static tally_rc open_look_up(tally_sources *sources, const tally_plan_entry *entry,
                             tally_entry_reader *reader, const tally_column *column, tally_err *err)
{
    tally_err cause = TALLY_ERR_INIT;
    const char *path =
        tally_plan_look_up_path(sources->plan, column->look_up_file,
                                sources->plan->files[entry->file].path, sources->arena);
    tally_rc rc;

    if (path == NULL)
        return no_memory(err);
    rc = tally_look_up_read(&sources->look_ups[sources->look_up_count], path, column, &cause);
    if (rc != TALLY_OK)
        return fail_in(err, rc, path, &cause);
    tally_entry_reader_set_look_up(reader, column, sources->look_ups[sources->look_up_count++]);
    return TALLY_OK;
}

static uint32_t count_look_ups(const tally_plan *plan)
{
    uint32_t count = 0;

    for (uint32_t e = 0; e < plan->entry_count; e++) {
        for (uint32_t i = 0; i < tally_entry_column_count(&plan->entries[e].read); i++)
            count += tally_entry_column(&plan->entries[e].read, i)->look_up_file.count != 0;
    }
    return count;
}

static tally_rc open_entry(tally_sources *sources, uint32_t index, tally_err *err)
{
    const tally_plan_entry *entry = &sources->plan->entries[index];
    tally_err cause = TALLY_ERR_INIT;
    tally_rc rc =
        tally_entry_reader_new(&sources->readers[index], &sources->shared, &entry->read, &cause);

    if (rc != TALLY_OK)
        return fail_in(err, rc, sources->plan->files[entry->file].path, &cause);
    for (uint32_t i = 0; rc == TALLY_OK && i < tally_entry_column_count(&entry->read); i++) {
        const tally_column *column = tally_entry_column(&entry->read, i);

        if (column->look_up_file.count != 0)
            rc = open_look_up(sources, entry, sources->readers[index], column, err);
    }
    return rc;
}

static tally_rc start_texts(tally_sources *sources, tally_err *err)
{
    tally_rc rc = tally_ids_start(&sources->shared.ids, TEXT_BYTES_MAX, err);

    if (rc != TALLY_OK)
        return rc;
    sources->shared.ids.file_names = sources->plan->names_by_rank;
    sources->shared.tokens = tally_intern_new(TEXT_BYTES_MAX, 0);
    return sources->shared.tokens != NULL ? TALLY_OK : no_memory(err);
}

tally_rc tally_sources_start(tally_sources *sources, const tally_plan *plan,
                             const struct tally_policy *policy, tally_err *err)
{
    tally_rc rc;

    memset(sources, 0, sizeof(*sources));
    sources->plan = plan;
    sources->shared.policy = policy;
    sources->shared.refusals = &sources->refusals;
    tally_dates_start(&sources->shared.dates, policy);
    tally_buffer_init(&sources->shared.reason, 4096);
    tally_refusals_start(&sources->refusals, NULL);
    sources->arena = tally_arena_new(ARENA_BYTES_MAX);
    sources->readers = tally_alloc_zeroed((plan->entry_count + 1u) * sizeof(*sources->readers));
    sources->look_ups =
        tally_alloc_zeroed((count_look_ups(plan) + 1u) * sizeof(*sources->look_ups));
    sources->line_bases = tally_alloc_zeroed((plan->file_count + 1u) * sizeof(uint32_t));
    if (sources->arena == NULL || sources->readers == NULL || sources->look_ups == NULL ||
        sources->line_bases == NULL)
        return no_memory(err);
    rc = start_texts(sources, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < plan->entry_count; i++)
        rc = open_entry(sources, i, err);
    return rc;
}

void tally_sources_stop(tally_sources *sources)
{
    for (uint32_t i = 0; sources->readers != NULL && i < sources->plan->entry_count; i++)
        tally_entry_reader_free(sources->readers[i]);
    for (uint32_t i = 0; i < sources->look_up_count; i++)
        tally_look_up_free(sources->look_ups[i]);
    tally_release(sources->readers);
    tally_release(sources->look_ups);
    tally_release(sources->line_bases);
    tally_arena_free(sources->arena);
    tally_ids_stop(&sources->shared.ids);
    tally_intern_free(sources->shared.tokens);
    tally_buffer_free(&sources->shared.reason);
}

tally_rc tally_sources_forget(tally_sources *sources, tally_err *err)
{
    tally_ids_stop(&sources->shared.ids);
    tally_intern_free(sources->shared.tokens);
    sources->shared.tokens = NULL;
    for (uint32_t i = 0; i < sources->plan->entry_count; i++)
        tally_entry_reader_forget(sources->readers[i]);
    return start_texts(sources, err);
}

/* ---- one file ------------------------------------------------------------------ */

static bool has_name(const tally_text *names, uint32_t count, tally_text name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tally_text_is_equal(names[i], name))
            return true;
    }
    return false;
}

/* The columns that a file read by name must have. */
static tally_text missing_by_name(const tally_read *read, const tally_text *names, uint32_t count)
{
    const tally_column *needed[] = { &read->event_column, &read->subject, &read->at };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (needed[i]->part_count != 0 && needed[i]->look_up_file.count == 0 &&
            !has_name(names, count, needed[i]->parts[0]))
            return needed[i]->parts[0];
    }
    return (tally_text){ NULL, 0 };
}

/* Say which columns of a file read by name mean nothing. */
static void note_unused(const tally_sources *sources, const tally_plan_entry *entry,
                        const char *path, const tally_text *names, uint32_t first, uint32_t count)
{
    for (uint32_t n = first; n < count; n++) {
        bool is_used =
            names[n].count == 0 || tally_text_is_equal(names[n], entry->read.expect_column);

        for (uint32_t i = 0; !is_used && i < tally_entry_column_count(&entry->read); i++) {
            const tally_column *column = tally_entry_column(&entry->read, i);

            is_used = has_name(column->parts, column->part_count, names[n]);
        }
        if (!is_used) {
            tally_buffer line;

            tally_buffer_init(&line, TALLY_ROW_BYTES_MAX * 2);
            (void)tally_buffer_append_visible(&line, tally_text_from(path));
            (void)tally_buffer_append_string(&line, ": column `");
            (void)tally_buffer_append_visible(&line, names[n]);
            (void)tally_buffer_append_string(&line, "` is no field of any event type: not read\n");
            fputs(tally_buffer_string(&line), sources->notes);
            tally_buffer_free(&line);
        }
    }
}

/* A file read by name may have its own names: say which, and what to do. */
static tally_rc refuse_missing(bool is_by_name, tally_text missing, const tally_text *names,
                               uint32_t count, tally_err *err)
{
    tally_buffer there;
    tally_rc rc;

    if (count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the file is empty; its first row names the columns");
    if (!is_by_name)
        return tally_err_set(err, TALLY_E_INVALID, 1, "there is no column `%.*s`",
                             TALLY_TEXT_ARGS(missing));
    tally_buffer_init(&there, NAMES_BYTES_MAX);
    for (uint32_t n = 0; n < count && tally_buffer_text(&there).count < NAMES_BYTES_SHOWN; n++) {
        if (n != 0)
            (void)tally_buffer_append_string(&there, ", ");
        (void)tally_buffer_append_visible(&there, tally_text_slice(names[n], 0, NAMES_BYTES_SHOWN));
        if (tally_buffer_text(&there).count >= NAMES_BYTES_SHOWN && n + 1 < count)
            (void)tally_buffer_append_string(&there, ", \u2026");
    }
    rc = tally_err_set(err, TALLY_E_INVALID, 1,
                       "there is no column `%.*s` among %s; say which it is with --map %.*s=COLUMN "
                       "or in the policy's `reads`",
                       TALLY_TEXT_ARGS(missing), tally_buffer_string(&there),
                       TALLY_TEXT_ARGS(missing));
    tally_buffer_free(&there);
    return rc;
}

static tally_rc bind(tally_sources *sources, const tally_plan_file *file,
                     const tally_reader *reader, uint32_t *bound_count, tally_err *err)
{
    uint32_t count = 0;
    const tally_text *names = tally_reader_columns(reader, &count);

    if (count == *bound_count)
        return TALLY_OK;
    for (uint32_t i = 0; i < file->entry_count; i++) {
        const tally_plan_entry *entry = &sources->plan->entries[file->entry_first + i];
        tally_text missing =
            tally_entry_reader_bind(sources->readers[file->entry_first + i], names, count);

        if (entry->is_by_name)
            missing = missing_by_name(&entry->read, names, count);
        if (missing.count != 0 && !tally_reader_is_json(reader))
            return refuse_missing(entry->is_by_name, missing, names, count, err);
        if (entry->is_by_name && sources->notes != NULL)
            note_unused(sources, entry, file->path, names,
                        *bound_count == UINT32_MAX ? 0 : *bound_count, count);
    }
    *bound_count = count;
    return TALLY_OK;
}

typedef struct file_run {
    tally_sources *sources;
    const tally_plan_file *file;
    const tally_sources_sink *sink;
    uint32_t line_base;
    bool stop;
} file_run;

static tally_rc take_row(file_run *run, const tally_row *row, tally_err *err)
{
    tally_sources *sources = run->sources;
    tally_rc rc = TALLY_OK;

    sources->row_count++;
    if (row->problem != NULL) {
        tally_refusals_add(&sources->refusals, (tally_text){ NULL, 0 }, run->file->path, row->place, "unreadable row", "%s",
                           row->problem);
        run->stop = sources->has_stopped = sources->is_strict;
        return TALLY_OK;
    }
    for (uint32_t i = 0; rc == TALLY_OK && !run->stop && i < run->file->entry_count; i++) {
        uint32_t entry = run->file->entry_first + i;
        const tally_entry_place place = { run->file->path, run->file->rank, i };
        tally_entry_event event;

        rc = tally_entry_reader_row(sources->readers[entry], row, &place, &event, err);
        if (rc != TALLY_OK || event.is_passed)
            continue;
        if (event.is_refused)
            run->stop = sources->has_stopped = sources->is_strict;
        else
            rc = run->sink->take(run->sink->context, entry, &event,
                                 run->line_base + row->place.line, &run->stop, err);
    }
    return rc;
}

static tally_rc read_rows(file_run *run, tally_reader *reader, uint32_t *out_lines, tally_err *err)
{
    tally_sources *sources = run->sources;
    const tally_input *input = tally_reader_input(reader);
    uint32_t bound_count = UINT32_MAX;
    char what[128];
    tally_rc rc = TALLY_OK;

    (void)snprintf(what, sizeof(what), "reading %.100s", run->file->path);
    while (rc == TALLY_OK && !run->stop) {
        tally_row row;

        rc = tally_reader_next(reader, &row, err);
        if (rc == TALLY_OK && TALLY_UNLIKELY(row.place.line > UINT32_MAX - run->line_base))
            rc = tally_err_set(err, TALLY_E_LIMIT, 0, "more than 4 thousand million lines");
        if (rc == TALLY_OK)
            rc = bind(sources, run->file, reader, &bound_count, err);
        if (rc != TALLY_OK)
            break;
        *out_lines = row.place.line;
        if (row.is_end)
            break;
        rc = take_row(run, &row, err);
        if (sources->progress != NULL)
            tally_progress_tell(sources->progress, what, tally_input_position(input),
                                tally_input_size(input));
    }
    return rc;
}

static tally_rc read_file(tally_sources *sources, uint32_t index, const tally_sources_sink *sink,
                          uint32_t *line_base, bool *stop, tally_err *err)
{
    const tally_plan_file *file = &sources->plan->files[index];
    file_run run = { .sources = sources, .file = file, .sink = sink, .line_base = *line_base };
    const tally_read *read = &sources->plan->entries[file->entry_first].read;
    tally_reader *reader = NULL;
    tally_err cause = TALLY_ERR_INIT;
    uint32_t lines = 0;
    tally_rc rc;

    sources->line_bases[index] = *line_base;
    sources->begun_count = index + 1;
    if (file->entry_count == 0)
        return TALLY_OK;
    rc = tally_reader_open(&reader, file->path, read->columns, read->column_count, &cause);
    if (rc == TALLY_OK)
        rc = read_rows(&run, reader, &lines, &cause);
    tally_reader_close(reader);
    *line_base += lines;
    *stop = run.stop;
    return rc == TALLY_OK ? TALLY_OK : fail_in(err, rc, file->path, &cause);
}

tally_rc tally_sources_run(tally_sources *sources, const tally_sources_sink *sink, FILE *notes,
                           tally_err *err)
{
    uint32_t line_base = 0;
    bool stop = false;
    tally_rc rc = TALLY_OK;

    tally_refusals_restart(&sources->refusals, notes);
    sources->notes = notes;
    sources->row_count = 0;
    sources->has_stopped = false;
    for (uint32_t i = 0; rc == TALLY_OK && !stop && i < sources->plan->file_count; i++)
        rc = read_file(sources, i, sink, &line_base, &stop, err);
    return rc;
}

const char *tally_sources_place(const tally_sources *sources, uint32_t line, uint32_t *out_line)
{
    uint32_t file = 0;

    while (file + 1 < sources->begun_count && sources->line_bases[file + 1] < line)
        file++;
    *out_line = line - sources->line_bases[file];
    return sources->plan->files[file].path;
}
