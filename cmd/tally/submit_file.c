/* SPDX-License-Identifier: Apache-2.0 */
/* Files of events, plain or gzip, cut into events through a window. */

#include "submit.h"

#include <string.h>

#include "util/alloc.h"

/* Several times the longest event. */
#define ROOM_BYTES ((size_t)1 << 20)

tally_rc tally_submit_file_open(tally_submit_file *out_file, const char *path,
                                tally_batch_form form, tally_err *err)
{
    tally_rc rc;

    *out_file = (tally_submit_file){ .path = path, .cutter = { .form = form } };
    out_file->room = tally_alloc(ROOM_BYTES);
    rc = out_file->room == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "reading %s", path)
                                : tally_input_open(&out_file->input, path, err);
    if (rc != TALLY_OK)
        tally_submit_file_close(out_file);
    return rc;
}

void tally_submit_file_close(tally_submit_file *file)
{
    tally_input_close(file->input);
    tally_release(file->room);
    tally_release(file->header_row);
    *file = (tally_submit_file){ .path = NULL };
}

/* More bytes behind those that are not done with. */
static tally_rc fill(tally_submit_file *file, tally_err *err)
{
    size_t got = 0;
    tally_rc rc;

    memmove(file->room, file->room + file->at, file->end - file->at);
    file->end -= file->at;
    file->at = 0;
    TALLY_ASSERT(file->end < ROOM_BYTES);
    rc = tally_input_read(file->input, file->room + file->end, ROOM_BYTES - file->end, &got, err);
    file->end += got;
    file->is_finished = got == 0;
    return rc;
}

static tally_rc keep_header_row(tally_submit_file *file, tally_text row, tally_err *err)
{
    file->header_row = tally_alloc(row.count);
    if (file->header_row == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading %s", file->path);
    memcpy(file->header_row, row.bytes, row.count);
    file->header_row_bytes = row.count;
    return TALLY_OK;
}

tally_rc tally_submit_file_next(tally_submit_file *file, tally_batch_cut *out_cut, tally_err *err)
{
    for (;;) {
        tally_text window = tally_text_of(file->room + file->at, file->end - file->at);
        tally_rc rc;

        file->before = file->cutter;
        rc = tally_batch_cut_next(&file->cutter, window, file->is_finished, out_cut, err);
        if (rc == TALLY_OK) {
            file->at += out_cut->used;
            file->position += out_cut->used;
            file->last_used = out_cut->used;
            if (out_cut->kind == TALLY_CUT_HEADER_ROW)
                rc = keep_header_row(file, out_cut->bytes, err);
            else if (out_cut->kind == TALLY_CUT_MORE)
                rc = fill(file, err);
            else
                return TALLY_OK;
        }
        if (rc != TALLY_OK)
            return rc;
    }
}

void tally_submit_file_back(tally_submit_file *file)
{
    file->cutter = file->before;
    file->at -= file->last_used;
    file->position -= file->last_used;
    file->last_used = 0;
}

static tally_rc hash_file(tally_submit_survey *survey, tally_hash *hash, const char *path,
                          tally_err *err)
{
    tally_input *input = NULL;
    char *room = tally_alloc(ROOM_BYTES);
    tally_rc rc = room == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "reading %s", path)
                               : tally_input_open(&input, path, err);
    size_t got = 1;

    if (rc == TALLY_OK && !tally_input_is_rereadable(input))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "it must be a file that can be read again, so that sending can go on "
                           "where it was interrupted");
    while (rc == TALLY_OK && got > 0) {
        rc = tally_input_read(input, room, ROOM_BYTES, &got, err);
        if (rc == TALLY_OK)
            tally_hash_update(hash, room, got);
        survey->bytes += got;
    }
    if (rc == TALLY_OK && tally_hash_finish(hash, survey->hash.bytes) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "hashing %s", path);
    tally_input_close(input);
    tally_release(room);
    return rc;
}

tally_rc tally_submit_survey_file(tally_submit_survey *out_survey, const char *path,
                                  tally_batch_form form, tally_err *err)
{
    tally_submit_survey survey = { .bytes = 0 };
    tally_batch_cut cut = { .kind = TALLY_CUT_EVENT };
    tally_submit_file file;
    tally_hash *hash = tally_hash_new();
    tally_rc rc;

    if (hash == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing %s", path);
    rc = hash_file(&survey, hash, path, err);
    tally_hash_free(hash);
    if (rc == TALLY_OK)
        rc = tally_submit_file_open(&file, path, form, err);
    if (rc != TALLY_OK)
        return rc;
    while (rc == TALLY_OK && cut.kind == TALLY_CUT_EVENT) {
        rc = tally_submit_file_next(&file, &cut, err);
        survey.event_count += rc == TALLY_OK && cut.kind == TALLY_CUT_EVENT;
    }
    tally_submit_file_close(&file);
    if (rc == TALLY_OK)
        *out_survey = survey;
    return rc;
}

static bool ends_with(tally_text path, const char *suffix)
{
    return tally_text_has_suffix(path, tally_text_from(suffix));
}

tally_rc tally_submit_form_of(tally_batch_form *out_form, const char *path, tally_err *err)
{
    tally_text name = tally_text_from(path);
    tally_input *input = NULL;
    bool is_array = false;
    tally_rc rc;

    if (ends_with(name, ".gz"))
        name.count -= 3;
    *out_form = TALLY_BATCH_CSV;
    if (ends_with(name, ".csv"))
        return TALLY_OK;
    *out_form = TALLY_BATCH_JSONL;
    if (ends_with(name, ".jsonl") || ends_with(name, ".ndjson"))
        return TALLY_OK;
    if (!ends_with(name, ".json"))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "its name does not end in .csv, .jsonl, .ndjson or .json: say what it "
                             "is with --form");
    rc = tally_input_open(&input, path, err);
    if (rc == TALLY_OK)
        rc = tally_input_begins_with(input, '[', &is_array, err);
    tally_input_close(input);
    if (is_array)
        *out_form = TALLY_BATCH_CLOUDEVENTS;
    return rc;
}
