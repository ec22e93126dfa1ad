/* SPDX-License-Identifier: Apache-2.0 */
/* The container: three lines of text, an empty one, and the body
 * (docs/formats/batch.md). */

#include "batch/header.h"
#include "batch/reader.h"
#include "crypto/base64.h"

/* Where reading stands in the message. */
typedef struct message_lines {
    const char *at, *end;
    uint32_t line; /* of `at` */
} message_lines;

/* The next line without its LF. False: there is none that ends. */
static bool take_line(message_lines *lines, tally_text *out_line)
{
    const char *stop = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

    if (stop == NULL)
        return false;
    *out_line = (tally_text){ lines->at, (size_t)(stop - lines->at) };
    lines->at = stop + 1;
    lines->line++;
    return true;
}

/* The value of a line `NAME: VALUE`. */
static tally_rc take_value(message_lines *lines, tally_text name, tally_text *out_value,
                           tally_err *err)
{
    tally_text line = { NULL, 0 };

    if (!take_line(lines, &line) || !tally_text_has_prefix(line, name))
        return tally_err_set(err, TALLY_E_INVALID, lines->line - (line.bytes != NULL),
                             "a batch has a line that begins with `%.*s` here",
                             TALLY_TEXT_ARGS(name));
    *out_value = tally_text_slice(line, name.count, line.count);
    return TALLY_OK;
}

static tally_rc read_salts(tally_batch *batch, tally_text salts, tally_arena *arena, uint32_t line,
                           tally_err *err)
{
    size_t bytes = (size_t)batch->event_count * TALLY_BATCH_SALT_BYTES;
    uint8_t *room;

    /* Before memory is taken for them: are there as many as the header counts? */
    if (salts.count != TALLY_BASE64_CHARACTERS(bytes))
        return tally_err_set(err, TALLY_E_INVALID, line,
                             "the salts of %u events are %zu characters of Base64, and here are "
                             "%zu",
                             batch->event_count, TALLY_BASE64_CHARACTERS(bytes), salts.count);
    room = tally_arena_alloc(arena, bytes);
    batch->events = tally_arena_zalloc_array(arena, batch->event_count, sizeof(*batch->events));
    if (room == NULL || batch->events == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "no memory left for the batch");
    if (!tally_base64_is_exactly(room, bytes, salts))
        return tally_err_set(err, TALLY_E_INVALID, line, "the salts are not canonical Base64");
    for (uint32_t i = 0; i < batch->event_count; i++)
        batch->events[i].salt = room + (size_t)i * TALLY_BATCH_SALT_BYTES;
    return TALLY_OK;
}

static tally_rc read_body(tally_batch *batch, tally_batch_reader *reader,
                          const message_lines *lines, tally_err *err)
{
    tally_text body = { lines->at, (size_t)(lines->end - lines->at) };

    switch (batch->header.form) {
    case TALLY_BATCH_JSONL:
        return tally_batch_read_jsonl(reader, batch, body, lines->line, err);
    case TALLY_BATCH_CLOUDEVENTS:
        return tally_batch_read_cloudevents(reader, batch, body, lines->line, err);
    case TALLY_BATCH_CSV:
        return tally_batch_read_csv(reader, batch, body, lines->line, err);
    }
    TALLY_NEVER("a form that is none");
}

tally_rc tally_batch_parse(tally_batch *out_batch, tally_batch_reader *reader, tally_text message,
                           tally_arena *arena, tally_err *err)
{
    message_lines lines = { message.bytes, message.bytes + message.count, 1 };
    tally_batch batch = { .event_count = 0 };
    tally_text line = { NULL, 0 };
    tally_text salts = { NULL, 0 };
    tally_rc rc;

    if (message.count > TALLY_BATCH_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a batch is 8 MiB at most");
    if (message.count == 0 || !take_line(&lines, &line) || !tally_text_is(line, "tally-batch/v1"))
        return tally_err_set(err, TALLY_E_INVALID, 1,
                             "a batch begins with the line `tally-batch/v1`");
    rc = take_value(&lines, TALLY_TEXT("header: "), &batch.header_jws, err);
    if (rc == TALLY_OK)
        rc = tally_batch_header_read(&batch.header, batch.header_jws, arena, err);
    if (rc == TALLY_OK)
        rc = take_value(&lines, TALLY_TEXT("salts: "), &salts, err);
    if (rc != TALLY_OK)
        return rc;
    batch.event_count = batch.header.count;
    rc = read_salts(&batch, salts, arena, lines.line - 1, err);
    if (rc != TALLY_OK)
        return rc;
    if (!take_line(&lines, &line) || line.count > 0)
        return tally_err_set(err, TALLY_E_INVALID, 4, "an empty line stands before the events");
    tally_batch_reader_begin(reader, arena, batch.header.source, batch.event_count);
    rc = read_body(&batch, reader, &lines, err);
    if (rc == TALLY_OK)
        *out_batch = batch;
    return rc;
}

tally_rc tally_batch_parse_event(tally_batch_event *out_event, tally_batch_reader *reader,
                                 tally_batch_form form, tally_text event_bytes, tally_arena *arena,
                                 tally_err *err)
{
    tally_text row = { NULL, 0 };

    *out_event = (tally_batch_event){ .bytes = event_bytes, .line = 1, .column = 1 };
    tally_batch_reader_begin(reader, arena, (tally_text){ NULL, 0 }, 1);
    tally_batch_begin(reader, out_event);
    if (form == TALLY_BATCH_CSV) {
        tally_text first_row = { NULL, 0 };

        (void)tally_text_split(event_bytes, '\n', &first_row, &row);
        tally_batch_read_csv_event(reader, first_row, row);
    } else {
        tally_batch_read_json_event(reader, form == TALLY_BATCH_CLOUDEVENTS);
    }
    tally_batch_end(reader);
    return reader->rc == TALLY_OK
               ? TALLY_OK
               : tally_err_set(err, reader->rc, 0, "no memory left for an event");
}
