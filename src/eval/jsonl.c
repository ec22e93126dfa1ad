/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Lines as rows. The line is checked and cut in one pass; escapes are
 * resolved in place, since the text never grows by that. A name is first looked
 * for at the column where the row before had it, so that files whose objects
 * are alike never search. */

#include "eval/jsonl.h"

#include <string.h>

#include "eval/json_scan.h"
#include "util/alloc.h"
#include "util/arena.h"

#define NAMES_BYTES_MAX ((size_t)2 << 20)

/* A member of the object, before its column is known. */
typedef struct member {
    tally_text outer; /* of a member of an object within, else empty */
    tally_text name, value;
    tally_row_place place;
} member;

struct tally_jsonl {
    tally_feed feed;
    tally_arena *arena; /* the columns' names */
    uint32_t line;
    bool has_begun;
    uint32_t column_count;
    uint32_t member_count;
    tally_text columns[TALLY_ROW_FIELDS_MAX];
    uint32_t row_of_field[TALLY_ROW_FIELDS_MAX]; /* the row that set it, to see doubles */
    uint32_t row;
    tally_text fields[TALLY_ROW_FIELDS_MAX];
    tally_row_place places[TALLY_ROW_FIELDS_MAX];
    member members[TALLY_ROW_FIELDS_MAX];
};

tally_rc tally_jsonl_new(tally_jsonl **out_jsonl, tally_input *input, tally_err *err)
{
    tally_jsonl *jsonl = tally_alloc_zeroed(sizeof(*jsonl));
    tally_rc rc;

    if (jsonl == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading JSON Lines");
    jsonl->arena = tally_arena_new(NAMES_BYTES_MAX);
    rc = jsonl->arena == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "reading JSON Lines")
                              : tally_feed_start(&jsonl->feed, input, TALLY_ROW_BYTES_MAX, err);
    if (rc != TALLY_OK) {
        tally_arena_free(jsonl->arena);
        tally_release(jsonl);
        return rc;
    }
    jsonl->line = 1;
    *out_jsonl = jsonl;
    return TALLY_OK;
}

void tally_jsonl_free(tally_jsonl *jsonl)
{
    if (jsonl == NULL)
        return;
    tally_feed_stop(&jsonl->feed);
    tally_arena_free(jsonl->arena);
    tally_release(jsonl);
}

const tally_text *tally_jsonl_columns(const tally_jsonl *jsonl, uint32_t *out_count)
{
    *out_count = jsonl->column_count;
    return jsonl->columns;
}

static bool is_column(tally_text column, tally_text outer, tally_text name)
{
    if (outer.count == 0)
        return tally_text_is_equal(column, name);
    return column.count == outer.count + 1 + name.count &&
           memcmp(column.bytes, outer.bytes, outer.count) == 0 &&
           column.bytes[outer.count] == '.' &&
           memcmp(column.bytes + outer.count + 1, name.bytes, name.count) == 0;
}

/* The column of a name, adding it when it is new. */
static const char *find_column(tally_jsonl *jsonl, tally_text outer, tally_text name, uint32_t hint,
                               uint32_t *out_column, tally_rc *rc)
{
    size_t bytes = outer.count == 0 ? name.count : outer.count + 1 + name.count;
    char *copy;

    if (hint < jsonl->column_count && is_column(jsonl->columns[hint], outer, name)) {
        *out_column = hint;
        return NULL;
    }
    for (uint32_t i = 0; i < jsonl->column_count; i++) {
        if (is_column(jsonl->columns[i], outer, name)) {
            *out_column = i;
            return NULL;
        }
    }
    if (jsonl->column_count == TALLY_ROW_FIELDS_MAX)
        return "the file has more than 1,024 different names";
    copy = tally_arena_alloc(jsonl->arena, bytes);
    if (copy == NULL) {
        *rc = tally_arena_failure(jsonl->arena);
        return *rc == TALLY_E_LIMIT ? "the names in this file are too long" : "memory is short";
    }
    if (outer.count != 0) {
        memcpy(copy, outer.bytes, outer.count);
        copy[outer.count] = '.';
    }
    if (name.count != 0)
        memcpy(copy + bytes - name.count, name.bytes, name.count);
    *out_column = jsonl->column_count++;
    jsonl->columns[*out_column] = tally_text_of(copy, bytes);
    return NULL;
}

static const char *add_member(tally_jsonl *jsonl, tally_text outer, tally_text name,
                              tally_json_scan *scan)
{
    member *added = &jsonl->members[jsonl->member_count];

    if (jsonl->member_count == TALLY_ROW_FIELDS_MAX)
        return "the object has more than 1,024 members";
    added->outer = outer;
    added->name = name;
    added->place = (tally_row_place){ jsonl->line, tally_json_scan_column(scan) };
    jsonl->member_count++;
    return tally_json_scan_value(scan, &added->value);
}

/* The members of an object; those of an object directly within are taken apart
 * too. at stands on the brace. */
static const char *read_members(tally_jsonl *jsonl, tally_json_scan *scan, tally_text outer)
{
    bool has_more = true;

    scan->at++;
    tally_json_scan_space(scan);
    if (scan->at < scan->end && *scan->at == '}') {
        scan->at++;
        return NULL;
    }
    while (has_more) {
        tally_text name = { NULL, 0 };
        const char *problem = tally_json_scan_name(scan, &name);

        if (problem == NULL && outer.count == 0 && scan->at < scan->end && *scan->at == '{' &&
            name.count != 0)
            problem = read_members(jsonl, scan, name);
        else if (problem == NULL)
            problem = add_member(jsonl, outer, name, scan);
        if (problem == NULL)
            problem = tally_json_scan_separator(scan, '}', &has_more);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

/* What a CloudEvent's attribute is called here; empty: left out. */
static tally_text cloud_name(const member *one)
{
    static const struct {
        const char *attribute, *column;
    } attributes[] = {
        { "type", "event" }, { "subject", "subject" },   { "time", "at" },
        { "id", "id" },      { "recorded", "recorded" },
    };

    if (tally_text_is(one->outer, "data"))
        return one->name;
    for (size_t i = 0; one->outer.count == 0 && i < sizeof(attributes) / sizeof(attributes[0]);
         i++) {
        if (tally_text_is(one->name, attributes[i].attribute))
            return tally_text_from(attributes[i].column);
    }
    return (tally_text){ NULL, 0 };
}

/* Put the members in their columns. */
static const char *place_members(tally_jsonl *jsonl, tally_row_place *out_place, tally_rc *rc)
{
    bool is_cloud_event = false;

    for (uint32_t i = 0; i < jsonl->member_count; i++)
        is_cloud_event |= jsonl->members[i].outer.count == 0 &&
                          tally_text_is(jsonl->members[i].name, "specversion");
    for (uint32_t i = 0; i < jsonl->column_count; i++)
        jsonl->fields[i] = (tally_text){ NULL, 0 };
    for (uint32_t i = 0; i < jsonl->member_count; i++) {
        const member *one = &jsonl->members[i];
        tally_text outer = is_cloud_event ? (tally_text){ NULL, 0 } : one->outer;
        tally_text name = is_cloud_event ? cloud_name(one) : one->name;
        uint32_t column = 0;
        const char *problem;

        if (is_cloud_event && name.count == 0)
            continue;
        *out_place = one->place;
        problem = find_column(jsonl, outer, name, i, &column, rc);
        if (problem != NULL)
            return problem;
        if (jsonl->row_of_field[column] == jsonl->row)
            return "this name is given twice";
        jsonl->row_of_field[column] = jsonl->row;
        jsonl->fields[column] = one->value;
        jsonl->places[column] = one->place;
    }
    return NULL;
}

/* Read the object in bytes [start, end) of one line. */
static const char *read_object(tally_jsonl *jsonl, char *start, char *end,
                               tally_row_place *out_place, tally_rc *rc)
{
    tally_json_scan scan = { .start = start, .at = start, .end = end, .counted = start };
    const char *problem;

    jsonl->member_count = 0;
    jsonl->row++;
    *out_place = (tally_row_place){ jsonl->line, 1 };
    if (!tally_text_is_utf8(tally_text_of(start, (size_t)(end - start))))
        return "the line is not UTF-8";
    tally_json_scan_space(&scan);
    if (scan.at == scan.end || *scan.at != '{') {
        problem = "a line must hold one JSON object";
    } else {
        problem = read_members(jsonl, &scan, (tally_text){ NULL, 0 });
        if (problem == NULL) {
            tally_json_scan_space(&scan);
            problem = scan.at == scan.end ? NULL : "something follows the object";
        }
    }
    if (problem != NULL) {
        out_place->column = tally_json_scan_column(&scan);
        return problem;
    }
    return place_members(jsonl, out_place, rc);
}

/* Find the line at feed.at, *out_end at its LF or the end of the file.
 * *is_too_long: it was skipped. */
static tally_rc find_line(tally_jsonl *jsonl, size_t *out_bytes, bool *is_too_long, tally_err *err)
{
    tally_feed *feed = &jsonl->feed;
    size_t looked = 0;

    *is_too_long = false;
    for (;;) {
        const char *start = feed->bytes + feed->at;
        size_t count = feed->end - feed->at;
        const char *stop = memchr(start + looked, '\n', count - looked);
        tally_rc rc;

        if (stop != NULL || feed->is_finished) {
            *out_bytes = stop != NULL ? (size_t)(stop - start) : count;
            *is_too_long |= *out_bytes > TALLY_ROW_BYTES_MAX;
            return TALLY_OK;
        }
        if (count > TALLY_ROW_BYTES_MAX) {
            *is_too_long = true;
            feed->at = feed->end;
            count = 0;
        }
        looked = count;
        rc = tally_feed_more(feed, err);
        if (rc != TALLY_OK)
            return rc;
    }
}

static bool is_blank(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
            return false;
    }
    return true;
}

tally_rc tally_jsonl_next(tally_jsonl *jsonl, tally_row *out_row, tally_err *err)
{
    tally_feed *feed = &jsonl->feed;
    tally_rc rc = TALLY_OK;

    if (!jsonl->has_begun) {
        rc = tally_feed_skip_mark(feed, err);
        jsonl->has_begun = rc == TALLY_OK;
    }
    while (rc == TALLY_OK) {
        size_t bytes = 0;
        bool is_too_long = false;
        char *start;

        rc = find_line(jsonl, &bytes, &is_too_long, err);
        if (rc != TALLY_OK)
            return rc;
        *out_row = (tally_row){ .place = { jsonl->line, 1 } };
        start = feed->bytes + feed->at;
        if (is_too_long) {
            out_row->problem = "the line is longer than 1 MiB";
        } else if (feed->is_finished && feed->at == feed->end) {
            out_row->is_end = true;
            return TALLY_OK;
        } else if (!is_blank(start, bytes)) {
            out_row->problem = read_object(jsonl, start, start + bytes, &out_row->place, &rc);
            out_row->count = jsonl->column_count;
            out_row->fields = jsonl->fields;
            out_row->places = jsonl->places;
        }
        feed->at += bytes;
        feed->at += feed->at < feed->end; /* the line feed */
        if (jsonl->line++ == UINT32_MAX - 1)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "the file has too many lines");
        if (rc == TALLY_E_NOMEM)
            return tally_err_set(err, rc, 0, "reading JSON Lines");
        rc = TALLY_OK;
        if (out_row->problem != NULL || out_row->fields != NULL)
            return TALLY_OK;
    }
    return rc;
}
