/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses between the two formats and gives CSV its column names. */

#include "eval/reader.h"

#include <stdio.h>

#include "eval/csv.h"
#include "eval/jsonl.h"
#include "util/alloc.h"
#include "util/arena.h"

#define NAMES_BYTES_MAX ((size_t)4 << 20)

struct tally_reader {
    tally_input *input;
    tally_csv *csv; /* one of the two */
    tally_jsonl *jsonl;
    tally_arena *arena; /* the names of CSV columns */
    tally_text *columns;
    uint32_t column_count;
    char problem[96];
};

tally_text tally_reader_name(const char *path)
{
    tally_text name = tally_text_from(path);

    if (tally_text_is(name, "-"))
        return TALLY_TEXT("standard input");
    for (size_t i = name.count; i > 0; i--) {
        if (name.bytes[i - 1] == '/') {
            name = tally_text_slice(name, i, name.count);
            break;
        }
    }
    if (tally_text_has_suffix(name, TALLY_TEXT(".gz")) && name.count > 3)
        name.count -= 3;
    return name;
}

static bool is_json_name(tally_text name)
{
    return tally_text_has_suffix(name, TALLY_TEXT(".jsonl")) ||
           tally_text_has_suffix(name, TALLY_TEXT(".ndjson")) ||
           tally_text_has_suffix(name, TALLY_TEXT(".json"));
}

static tally_rc set_columns(tally_reader *reader, const tally_text *columns, uint32_t count,
                            tally_err *err)
{
    reader->columns = tally_arena_zalloc_array(reader->arena, count, sizeof(*columns));
    if (reader->columns == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the names of columns");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t before = 0; before < i; before++) {
            if (columns[i].count != 0 && tally_text_is_equal(columns[before], columns[i]))
                return tally_err_set(err, TALLY_E_INVALID, 1, "two columns are called `%.*s`",
                                     TALLY_TEXT_ARGS(columns[i]));
        }
        if (!tally_arena_copy_text(reader->arena, &reader->columns[i], tally_text_trim(columns[i])))
            return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the names of columns");
    }
    reader->column_count = count;
    return TALLY_OK;
}

static tally_rc read_header(tally_reader *reader, tally_err *err)
{
    tally_row row;
    tally_rc rc = tally_csv_next(reader->csv, &row, err);

    if (rc != TALLY_OK || row.is_end)
        return rc;
    if (row.problem != NULL)
        return tally_err_set_at(err, TALLY_E_INVALID, row.place.line, row.place.column,
                                "the names of the columns cannot be read: %s", row.problem);
    return set_columns(reader, row.fields, row.count, err);
}

static tally_rc start_csv(tally_reader *reader, const tally_text *columns, uint32_t column_count,
                          tally_err *err)
{
    tally_rc rc = tally_csv_new(&reader->csv, reader->input, err);

    if (rc != TALLY_OK)
        return rc;
    reader->arena = tally_arena_new(NAMES_BYTES_MAX);
    if (reader->arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the names of columns");
    return column_count != 0 ? set_columns(reader, columns, column_count, err)
                             : read_header(reader, err);
}

tally_rc tally_reader_open(tally_reader **out_reader, const char *path, const tally_text *columns,
                           uint32_t column_count, tally_err *err)
{
    tally_reader *reader = tally_alloc_zeroed(sizeof(*reader));
    tally_text name = tally_reader_name(path);
    bool is_json = is_json_name(name);
    tally_rc rc;

    if (reader == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a file");
    rc = tally_input_open(&reader->input, path, err);
    if (rc == TALLY_OK && tally_text_is(name, "standard input"))
        rc = tally_input_begins_with(reader->input, '{', &is_json, err);
    if (rc == TALLY_OK)
        rc = is_json ? tally_jsonl_new(&reader->jsonl, reader->input, err)
                     : start_csv(reader, columns, column_count, err);
    if (rc != TALLY_OK) {
        tally_reader_close(reader);
        return rc;
    }
    *out_reader = reader;
    return TALLY_OK;
}

tally_rc tally_reader_next(tally_reader *reader, tally_row *out_row, tally_err *err)
{
    tally_rc rc;

    if (reader->jsonl != NULL)
        return tally_jsonl_next(reader->jsonl, out_row, err);
    rc = tally_csv_next(reader->csv, out_row, err);
    if (TALLY_UNLIKELY(rc == TALLY_OK && out_row->problem == NULL && !out_row->is_end &&
                       out_row->count != reader->column_count)) {
        (void)snprintf(reader->problem, sizeof(reader->problem),
                       "the row has %u field%s where the file has %u columns", out_row->count,
                       out_row->count == 1 ? "" : "s", reader->column_count);
        out_row->problem = reader->problem;
    }
    return rc;
}

const tally_text *tally_reader_columns(const tally_reader *reader, uint32_t *out_count)
{
    if (reader->jsonl != NULL)
        return tally_jsonl_columns(reader->jsonl, out_count);
    *out_count = reader->column_count;
    return reader->columns;
}

bool tally_reader_is_json(const tally_reader *reader)
{
    return reader->jsonl != NULL;
}

const tally_input *tally_reader_input(const tally_reader *reader)
{
    return reader->input;
}

void tally_reader_close(tally_reader *reader)
{
    if (reader == NULL)
        return;
    tally_csv_free(reader->csv);
    tally_jsonl_free(reader->jsonl);
    tally_arena_free(reader->arena);
    tally_input_close(reader->input);
    tally_release(reader);
}
