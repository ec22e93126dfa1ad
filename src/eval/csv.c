/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways to read a row. Most rows hold no quote: eight bytes at a time are
 * searched for a comma, a quote or a line feed, and fields are cut where they
 * stand. At the first quote the row is read again, byte by byte: once to find
 * its end without changing anything (more bytes may have to come first), once
 * to take the quotes out in place. Nothing is allocated per row. */

#include "eval/csv.h"

#include <string.h>

#include "util/alloc.h"

#define BYTES_01 UINT64_C(0x0101010101010101)
#define BYTES_7F UINT64_C(0x7f7f7f7f7f7f7f7f)

struct tally_csv {
    tally_feed feed;
    uint32_t line; /* of the byte at feed.at */
    bool has_begun;
    tally_text fields[TALLY_ROW_FIELDS_MAX];
    tally_row_place places[TALLY_ROW_FIELDS_MAX];
};

/* Why a row is not of the form; the texts are part of the reports. */
static const char too_long[] = "the row is longer than 1 MiB";
static const char too_many[] = "the row has more than 1,024 fields";
static const char not_closed[] = "this quote is never closed";
static const char after_quote[] = "only a comma or a line end may follow a closing quote";
static const char inside_field[] = "a quote inside a field that does not begin with one";

tally_row_place tally_row_field_place(const tally_row *row, uint32_t index)
{
    tally_row_place place = row->place;

    TALLY_ASSERT(index < row->count);
    if (row->places != NULL)
        return row->places[index];
    for (const char *at = row->start; at < row->fields[index].bytes; at++)
        place.column += ((unsigned char)*at & 0xc0) != 0x80;
    return place;
}

tally_rc tally_csv_new(tally_csv **out_csv, tally_input *input, tally_err *err)
{
    tally_csv *csv = tally_alloc(sizeof(*csv));
    tally_rc rc;

    if (csv == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading CSV");
    csv->line = 1;
    csv->has_begun = false;
    rc = tally_feed_start(&csv->feed, input, TALLY_ROW_BYTES_MAX, err);
    if (rc != TALLY_OK) {
        tally_release(csv);
        return rc;
    }
    *out_csv = csv;
    return TALLY_OK;
}

void tally_csv_free(tally_csv *csv)
{
    if (csv == NULL)
        return;
    tally_feed_stop(&csv->feed);
    tally_release(csv);
}

/* The high bit of each byte of the word that equals the byte repeated in
 * `pattern`; exact, so that bytes beside a match are right too. */
static inline uint64_t match_bytes(uint64_t word, uint64_t pattern)
{
    uint64_t difference = word ^ pattern;

    return ~(((difference & BYTES_7F) + BYTES_7F) | difference | BYTES_7F);
}

static inline uint64_t load_word(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

typedef enum scan_result { SCAN_ROW, SCAN_MORE, SCAN_QUOTE, SCAN_TOO_MANY } scan_result;

/* Cut a row without quotes. SCAN_ROW: fields and out_end (its LF) are set. */
static scan_result scan_plain(tally_csv *csv, const char *start, const char *end,
                              uint32_t *out_count, const char **out_end)
{
    const uint64_t commas = BYTES_01 * ',';
    const uint64_t quotes = BYTES_01 * '"';
    const uint64_t feeds = BYTES_01 * '\n';
    const char *field = start;
    uint32_t count = 0;

    for (const char *at = start; at < end; at += 8) {
        uint64_t word = load_word(at);
        uint64_t found =
            match_bytes(word, commas) | match_bytes(word, quotes) | match_bytes(word, feeds);

        for (; found != 0; found &= found - 1) {
            const char *stop = at + (__builtin_ctzll(found) >> 3);

            if (*stop == '"')
                return SCAN_QUOTE;
            if (TALLY_UNLIKELY(count == TALLY_ROW_FIELDS_MAX))
                return SCAN_TOO_MANY;
            csv->fields[count++] = (tally_text){ field, (size_t)(stop - field) };
            if (*stop == '\n') {
                *out_count = count;
                *out_end = stop;
                return SCAN_ROW;
            }
            field = stop + 1;
        }
    }
    return SCAN_MORE;
}

/* Where reading a quoted row byte by byte stands. */
typedef struct scan {
    const char *at;
    tally_row_place place;
} scan;

static void step(scan *position)
{
    unsigned char byte = (unsigned char)*position->at++;

    if (byte == '\n') {
        position->place.line++;
        position->place.column = 1;
    } else {
        position->place.column += (byte & 0xc0) != 0x80;
    }
}

static bool is_line_end(const char *at, const char *end)
{
    return *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
}

/* Pass a quoted field; at stands on its first quote and ends after its last.
 * NULL: all right or cut off by the end, which *is_cut tells. */
static const char *pass_quoted(scan *position, const char *end, bool *is_cut)
{
    step(position);
    for (;;) {
        if (position->at == end) {
            *is_cut = true;
            return NULL;
        }
        if (*position->at == '"') {
            step(position);
            if (position->at == end) {
                *is_cut = true; /* the next byte decides whether it was the last */
                return NULL;
            }
            if (*position->at != '"')
                break;
        }
        step(position);
    }
    if (*position->at == '\r' && position->at + 1 == end) {
        *is_cut = true;
        return NULL;
    }
    return *position->at == ',' || is_line_end(position->at, end) ? NULL : after_quote;
}

/* Check a row with quotes up to its line end, changing nothing. Returns what is
 * wrong, at position; *is_cut: the bytes end first. */
static const char *check_quoted(scan *position, const char *end, scan *open_quote, bool *is_cut)
{
    uint32_t count = 1;

    for (;;) {
        if (position->at < end && *position->at == '"') {
            const char *problem;

            *open_quote = *position;
            problem = pass_quoted(position, end, is_cut);
            if (problem != NULL || *is_cut)
                return problem;
            open_quote->at = NULL;
        }
        while (position->at < end && *position->at != ',' && *position->at != '\n') {
            if (*position->at == '"')
                return inside_field;
            step(position);
        }
        if (position->at == end) {
            *is_cut = true;
            return NULL;
        }
        if (*position->at == '\n')
            return NULL;
        if (count++ == TALLY_ROW_FIELDS_MAX)
            return too_many;
        step(position);
    }
}

/* Cut a checked row, taking its quotes out in place; returns how many fields. */
static uint32_t cut_quoted(tally_csv *csv, scan position)
{
    uint32_t count = 0;

    for (;;) {
        char *start, *to;

        csv->places[count] = position.place;
        if (*position.at == '"') {
            step(&position);
            start = to = csv->feed.bytes + (position.at - csv->feed.bytes);
            while (*position.at != '"' || position.at[1] == '"') {
                if (*position.at == '"')
                    step(&position);
                *to++ = *position.at;
                step(&position);
            }
            step(&position);
            if (*position.at == '\r')
                step(&position);
        } else {
            start = csv->feed.bytes + (position.at - csv->feed.bytes);
            while (*position.at != ',' && *position.at != '\n')
                step(&position);
            to = csv->feed.bytes + (position.at - csv->feed.bytes);
            if (*position.at == '\n' && to > start && to[-1] == '\r')
                to--;
        }
        csv->fields[count++] = (tally_text){ start, (size_t)(to - start) };
        if (*position.at == '\n')
            return count;
        step(&position);
    }
}

/* Go on after the first line end from feed.at on, however far it is. */
static tally_rc skip_line(tally_csv *csv, tally_err *err)
{
    tally_feed *feed = &csv->feed;

    for (;;) {
        char *start = feed->bytes + feed->at;
        char *stop = memchr(start, '\n', feed->end - feed->at);
        tally_rc rc;

        if (stop != NULL) {
            feed->at += (size_t)(stop - start) + 1;
            csv->line++;
            return TALLY_OK;
        }
        feed->at = feed->end;
        if (feed->is_finished)
            return TALLY_OK;
        rc = tally_feed_more(feed, err);
        if (rc != TALLY_OK)
            return rc;
    }
}

static tally_rc refuse(tally_csv *csv, tally_row *out_row, const char *problem,
                       tally_row_place place, tally_err *err)
{
    *out_row = (tally_row){ .problem = problem, .place = place };
    return skip_line(csv, err);
}

/* The bytes of the row so far; the end of the file counts as a line end, for
 * which the padding has room. */
static const char *end_of_bytes(tally_feed *feed)
{
    if (feed->is_finished && feed->end > feed->at && feed->bytes[feed->end - 1] != '\n') {
        feed->bytes[feed->end] = '\n';
        return feed->bytes + feed->end + 1;
    }
    return feed->bytes + feed->end;
}

/* Hand over the row from feed.at to its line feed at `stop`. */
static void take_row(tally_csv *csv, tally_row *out_row, uint32_t count, const char *stop,
                     uint32_t line_count, bool has_places)
{
    const char *start = csv->feed.bytes + csv->feed.at;
    size_t next = (size_t)(stop - csv->feed.bytes) + 1;

    *out_row = (tally_row){ .place = { csv->line, 1 },
                            .count = count,
                            .fields = csv->fields,
                            .places = has_places ? csv->places : NULL,
                            .start = start };
    csv->line += line_count;
    csv->feed.at = next < csv->feed.end ? next : csv->feed.end;
}

/* A row in which a quote was met. False: more bytes are needed. */
static bool try_quoted(tally_csv *csv, tally_row *out_row, const char *end, tally_rc *rc,
                       tally_err *err)
{
    const scan first = { csv->feed.bytes + csv->feed.at, { csv->line, 1 } };
    scan position = first;
    scan open_quote = { NULL, { 0, 0 } };
    bool is_cut = false;
    const char *problem = check_quoted(&position, end, &open_quote, &is_cut);
    bool is_too_long = (size_t)(position.at - first.at) > TALLY_ROW_BYTES_MAX;

    if (problem == NULL && is_cut && !csv->feed.is_finished && !is_too_long)
        return false;
    if (problem == NULL && (is_cut || is_too_long))
        problem = open_quote.at != NULL ? not_closed : too_long;
    if (problem != NULL) {
        *rc = refuse(csv, out_row, problem,
                     problem == not_closed ? open_quote.place : position.place, err);
        return true;
    }
    take_row(csv, out_row, cut_quoted(csv, first), position.at,
             position.place.line - first.place.line + 1, true);
    return true;
}

/* A row, or a refusal. False: more bytes are needed. */
static bool try_row(tally_csv *csv, tally_row *out_row, tally_rc *rc, tally_err *err)
{
    tally_feed *feed = &csv->feed;
    const char *start = feed->bytes + feed->at;
    const char *end = end_of_bytes(feed);
    const char *stop = NULL;
    uint32_t count = 0;

    *rc = TALLY_OK;
    switch (scan_plain(csv, start, end, &count, &stop)) {
    case SCAN_QUOTE:
        return try_quoted(csv, out_row, end, rc, err);
    case SCAN_TOO_MANY:
        *rc = refuse(csv, out_row, too_many, (tally_row_place){ csv->line, 1 }, err);
        return true;
    case SCAN_MORE:
        if ((size_t)(end - start) <= TALLY_ROW_BYTES_MAX)
            return false;
        *rc = refuse(csv, out_row, too_long, (tally_row_place){ csv->line, 1 }, err);
        return true;
    case SCAN_ROW:
        break;
    }
    if (TALLY_UNLIKELY((size_t)(stop - start) > TALLY_ROW_BYTES_MAX)) {
        *rc = refuse(csv, out_row, too_long, (tally_row_place){ csv->line, 1 }, err);
        return true;
    }
    if (csv->fields[count - 1].count != 0 && stop[-1] == '\r')
        csv->fields[count - 1].count--;
    take_row(csv, out_row, count, stop, 1, false);
    return true;
}

tally_rc tally_csv_next(tally_csv *csv, tally_row *out_row, tally_err *err)
{
    tally_feed *feed = &csv->feed;
    tally_rc rc = TALLY_OK;

    if (!csv->has_begun) {
        rc = tally_feed_skip_mark(feed, err);
        csv->has_begun = rc == TALLY_OK;
    }
    while (rc == TALLY_OK) {
        if (TALLY_UNLIKELY(csv->line > UINT32_MAX - TALLY_ROW_BYTES_MAX))
            return tally_err_set(err, TALLY_E_LIMIT, 0, "the file has too many lines");
        if (feed->at == feed->end && feed->is_finished) {
            *out_row = (tally_row){ .is_end = true, .place = { csv->line, 1 } };
            return TALLY_OK;
        }
        if (feed->at == feed->end || !try_row(csv, out_row, &rc, err)) {
            rc = tally_feed_more(feed, err);
            continue;
        }
        if (rc != TALLY_OK || out_row->problem != NULL || out_row->count > 1 ||
            out_row->fields[0].count != 0 || out_row->places != NULL)
            return rc;
    }
    return rc;
}
