/* SPDX-License-Identifier: Apache-2.0 */
/* CSV (RFC 4180) of which a row is always one line: the values of events hold no
 * line breaks, so where a row ends never depends on what is in it, and a quote
 * that is not closed spoils one event and not all that follow.
 *
 * `tally eval` has a reader of its own in src/eval/csv.c: it slides over files,
 * takes quotes out in place and lets rows span lines. Here the bytes are signed
 * and must stay as they are. */

#include "batch/reader.h"

#define COLUMNS_MAX (TALLY_BATCH_FIELDS_MAX + TALLY_BATCH_PARTS)

typedef struct header_row {
    uint32_t count;
    tally_batch_part parts[COLUMNS_MAX];
    tally_text names[COLUMNS_MAX];
} header_row;

/* A quoted cell; from stands behind its first quote. The text stays where it is
 * unless it holds doubled quotes. */
static const char *read_quoted(tally_arena *arena, const char **from, const char *end,
                               tally_text *out_text, tally_rc *rc)
{
    const char *start = *from;
    const char *at = start;
    size_t doubled = 0;
    char *to;

    for (;; at++) {
        if (at == end)
            return "this quote is not closed on its line";
        if (*at != '"')
            continue;
        if (at + 1 == end || at[1] != '"')
            break;
        doubled++;
        at++;
    }
    *from = at + 1;
    *out_text = (tally_text){ start, (size_t)(at - start) };
    if (doubled == 0)
        return NULL;
    to = tally_arena_alloc(arena, out_text->count - doubled);
    if (to == NULL) {
        *rc = tally_arena_failure(arena);
        return "no memory is left";
    }
    *out_text = (tally_text){ to, out_text->count - doubled };
    for (const char *byte = start; byte < at; byte++) {
        *to++ = *byte;
        byte += *byte == '"';
    }
    return NULL;
}

/* One cell and the comma behind it. *from is NULL after the last one. */
static const char *read_cell(tally_arena *arena, const char **from, const char *end,
                             tally_text *out_text, tally_rc *rc)
{
    const char *start = *from;
    const char *at = start;

    if (at < end && *at == '"') {
        const char *problem;

        at++;
        problem = read_quoted(arena, &at, end, out_text, rc);
        if (problem != NULL)
            return problem;
        *from = at < end ? at + 1 : NULL;
        return at == end || *at == ',' ? NULL : "only a comma may follow a closing quote";
    }
    while (at < end && *at != ',') {
        if (*at == '"')
            return "a quote inside a value that does not begin with one";
        at++;
    }
    *out_text = (tally_text){ start, (size_t)(at - start) };
    *from = at < end ? at + 1 : NULL;
    return NULL;
}

/* What is wrong with the header row, or NULL. */
static const char *read_columns(header_row *columns, tally_arena *arena, tally_text row,
                                tally_rc *rc)
{
    static const char *const missing[TALLY_BATCH_PARTS] = { "there is no column `id`",
                                                            "there is no column `type`",
                                                            "there is no column `at`",
                                                            "there is no column `subject`" };
    const char *from = row.bytes;
    const char *end = row.bytes + row.count;
    bool has_part[TALLY_BATCH_PARTS + 1] = { false };

    columns->count = 0;
    if (tally_text_has_prefix(row, TALLY_TEXT("\xef\xbb\xbf")))
        return "a byte order mark stands before it";
    if (!tally_text_is_visible(row))
        return "it is not UTF-8 text";
    while (from != NULL) {
        tally_text name = { NULL, 0 };
        tally_batch_part part;
        const char *problem = read_cell(arena, &from, end, &name, rc);

        if (problem != NULL)
            return problem;
        if (name.count == 0)
            return "a column has no name";
        if (columns->count == COLUMNS_MAX)
            return "there are too many columns";
        part = tally_batch_part_of(name);
        for (uint32_t i = 0; i < columns->count; i++) {
            if (tally_text_is_equal(columns->names[i], name) ||
                (part != TALLY_BATCH_PART_FIELD && columns->parts[i] == part))
                return "a column is named twice";
        }
        has_part[part] = true;
        columns->parts[columns->count] = part;
        columns->names[columns->count++] = name;
    }
    for (uint32_t i = 0; i < TALLY_BATCH_PARTS; i++) {
        if (!has_part[i])
            return missing[i];
    }
    return NULL;
}

static void read_row(tally_batch_reader *reader, const header_row *columns, tally_text row,
                     size_t prefix_bytes)
{
    const char *from = row.bytes;
    const char *end = row.bytes + row.count;
    uint32_t index = 0;

    if (prefix_bytes + row.count > TALLY_BATCH_EVENT_BYTES_MAX) {
        (void)tally_batch_refuse(reader, NULL,
                                 "the event is longer than 16 KiB, with its header row");
        return;
    }
    if (!tally_text_is_utf8(row)) {
        (void)tally_batch_refuse(reader, NULL, "this is not UTF-8");
        return;
    }
    for (; from != NULL; index++) {
        tally_text value = { NULL, 0 };
        const char *place = from;
        const char *problem = read_cell(reader->arena, &from, end, &value, &reader->rc);

        if (problem != NULL) {
            (void)tally_batch_refuse(reader, place, "%s", problem);
            return;
        }
        if (index >= columns->count)
            continue;
        /* An empty cell is nothing, whether the type has such a field or not. */
        if (value.count == 0 && columns->parts[index] == TALLY_BATCH_PART_FIELD)
            continue;
        if (!tally_batch_give(reader, columns->parts[index], columns->names[index], value, place))
            return;
    }
    if (index != columns->count)
        (void)tally_batch_refuse(reader, NULL, "the row has %u values, and the header row %u",
                                 index, columns->count);
}

void tally_batch_read_csv_event(tally_batch_reader *reader, tally_text first_row, tally_text row)
{
    header_row columns;
    const char *problem = read_columns(&columns, reader->arena, first_row, &reader->rc);

    if (problem != NULL)
        (void)tally_batch_refuse(reader, NULL, "the header row: %s", problem);
    else
        read_row(reader, &columns, row, first_row.count + 1);
}

/* A line without its end, be it LF or CR LF. */
static tally_text take_line(const char **from, const char *end)
{
    const char *start = *from;
    const char *stop = memchr(start, '\n', (size_t)(end - start));
    size_t count;

    stop = stop != NULL ? stop : end;
    *from = stop + (stop < end);
    count = (size_t)(stop - start);
    if (count > 0 && start[count - 1] == '\r')
        count--;
    return (tally_text){ start, count };
}

/* The header row and LF, as they are hashed before each row. */
static tally_rc make_prefix(tally_batch_reader *reader, tally_batch *batch, tally_text row,
                            tally_err *err)
{
    char *prefix = tally_arena_alloc(reader->arena, row.count + 1);

    if (prefix == NULL)
        return tally_err_set(err, tally_arena_failure(reader->arena), 0,
                             "no memory left for the batch");
    memcpy(prefix, row.bytes, row.count);
    prefix[row.count] = '\n';
    batch->prefix = (tally_text){ prefix, row.count + 1 };
    return TALLY_OK;
}

tally_rc tally_batch_read_csv(tally_batch_reader *reader, tally_batch *batch, tally_text body,
                              uint32_t line, tally_err *err)
{
    const char *from = body.bytes;
    const char *end = body.bytes + body.count;
    tally_text first_row = take_line(&from, end);
    uint32_t count = 0;
    header_row columns;
    const char *problem = read_columns(&columns, reader->arena, first_row, &reader->rc);
    tally_rc rc;

    if (reader->rc != TALLY_OK)
        return tally_err_set(err, reader->rc, 0, "no memory left for the batch");
    if (problem != NULL)
        return tally_err_set(err, TALLY_E_INVALID, line, "the header row of the body: %s", problem);
    rc = make_prefix(reader, batch, first_row, err);
    for (; rc == TALLY_OK && from < end; count++) {
        tally_batch_event *event;

        if (count == batch->event_count)
            return tally_err_set(err, TALLY_E_INVALID, line + 1 + count,
                                 "the header counts %u events, and more rows follow", count);
        event = &batch->events[count];
        event->bytes = take_line(&from, end);
        event->line = count + 2;
        event->column = 1;
        tally_batch_begin(reader, event);
        read_row(reader, &columns, event->bytes, batch->prefix.count);
        tally_batch_end(reader);
        if (reader->rc != TALLY_OK)
            rc = tally_err_set(err, reader->rc, 0, "no memory left for the batch");
    }
    if (rc != TALLY_OK || count == batch->event_count)
        return rc;
    return tally_err_set(err, TALLY_E_INVALID, line + 1 + count,
                         "the header counts %u events, but there are %u rows", batch->event_count,
                         count);
}
