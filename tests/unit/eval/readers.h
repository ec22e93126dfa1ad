/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_EVAL_READERS_H
#define TALLY_TESTS_UNIT_EVAL_READERS_H

/* Everything a reader says about a text, as one text that tests compare:
 *   3:[a][b]            a row that begins in line 3
 *   !3:5 the problem    a row that cannot be read */

#include "unit.h"

#include "eval/csv.h"
#include "eval/jsonl.h"
#include "util/buffer.h"

static void note_row(tally_buffer *log, const tally_row *row, const tally_text *columns)
{
    if (row->problem != NULL) {
        (void)tally_buffer_printf(log, "!%u:%u %s\n", row->place.line, row->place.column,
                                  row->problem);
        return;
    }
    (void)tally_buffer_printf(log, "%u:", row->place.line);
    for (uint32_t i = 0; i < row->count; i++) {
        if (columns != NULL && row->fields[i].bytes == NULL)
            continue;
        (void)tally_buffer_append_byte(log, '[');
        if (columns != NULL) {
            (void)tally_buffer_append_text(log, columns[i]);
            (void)tally_buffer_append_byte(log, '=');
        }
        (void)tally_buffer_append_text(log, row->fields[i]);
        (void)tally_buffer_append_byte(log, ']');
    }
    (void)tally_buffer_append_byte(log, '\n');
}

static inline void log_csv(tally_buffer *log, tally_input *input)
{
    tally_csv *csv = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_row row = { .is_end = false };
    tally_rc rc = tally_csv_new(&csv, input, &err);

    while (rc == TALLY_OK) {
        rc = tally_csv_next(csv, &row, &err);
        if (rc == TALLY_OK && row.is_end)
            break;
        if (rc == TALLY_OK)
            note_row(log, &row, NULL);
    }
    if (rc != TALLY_OK)
        (void)tally_buffer_printf(log, "%s %s\n", tally_rc_name(rc), err.message);
    tally_csv_free(csv);
}

static inline void log_jsonl(tally_buffer *log, tally_input *input)
{
    tally_jsonl *jsonl = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_row row = { .is_end = false };
    tally_rc rc = tally_jsonl_new(&jsonl, input, &err);
    uint32_t count = 0;

    while (rc == TALLY_OK) {
        rc = tally_jsonl_next(jsonl, &row, &err);
        if (rc == TALLY_OK && row.is_end)
            break;
        if (rc == TALLY_OK)
            note_row(log, &row, tally_jsonl_columns(jsonl, &count));
    }
    if (rc != TALLY_OK)
        (void)tally_buffer_printf(log, "%s %s\n", tally_rc_name(rc), err.message);
    tally_jsonl_free(jsonl);
}

typedef void log_reader(tally_buffer *log, tally_input *input);

static inline void log_memory(tally_buffer *log, log_reader *reader, const char *bytes,
                              size_t count, size_t chunk_bytes)
{
    tally_input *input = NULL;

    tally_buffer_init(log, (size_t)64 << 20);
    assert_int_equal(tally_input_open_memory(&input, bytes, count, chunk_bytes, NULL), TALLY_OK);
    reader(log, input);
    tally_input_close(input);
}

/* The text in one piece and in pieces of every size up to its own. */
static inline void assert_log(log_reader *reader, const char *bytes, size_t count,
                              const char *expected)
{
    for (size_t chunk_bytes = 0; chunk_bytes <= count; chunk_bytes++) {
        tally_buffer log;

        log_memory(&log, reader, bytes, count, chunk_bytes);
        if (!tally_text_is(tally_buffer_text(&log), expected))
            fail_msg("%s\nin pieces of %zu bytes gives\n%swhere this is right\n%s", bytes,
                     chunk_bytes, tally_buffer_string(&log), expected);
        tally_buffer_free(&log);
    }
}

#endif
