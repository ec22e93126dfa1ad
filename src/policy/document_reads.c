/* SPDX-License-Identifier: Apache-2.0 */
/* `reads` [13]: how files become events and questions. */

#include "policy/document.h"
#include "policy/reads.h"

enum {
    READ_EVENT,
    READ_SUBJECT,
    READ_ID,
    READ_AT,
    READ_RECORDED,
    READ_ONLY,
    READ_COLUMNS,
    READ_DATES,
    READ_FIELDS,
    READ_AS_OF,
    READ_EXPECT,
    READ_KEYS
};

static const tally_key read_keys[READ_KEYS] = {
    [READ_EVENT] = { "event", TALLY_KEY_TEXT | TALLY_KEY_MAPPING },
    [READ_SUBJECT] = { "subject", TALLY_KEY_TEXT },
    [READ_ID] = { "id", TALLY_KEY_TEXT },
    [READ_AT] = { "at", TALLY_KEY_TEXT },
    [READ_RECORDED] = { "recorded", TALLY_KEY_TEXT },
    [READ_ONLY] = { "only", TALLY_KEY_TEXT },
    [READ_COLUMNS] = { "columns", TALLY_KEY_LIST },
    [READ_DATES] = { "dates", TALLY_KEY_TEXT },
    [READ_FIELDS] = { "fields", TALLY_KEY_MAPPING },
    [READ_AS_OF] = { "as-of", TALLY_KEY_TEXT },
    [READ_EXPECT] = { "expect", TALLY_KEY_MAPPING },
};

static size_t find(tally_text text, const char *what)
{
    tally_text wanted = tally_text_from(what);
    size_t at = 0;

    while (at < text.count &&
           !tally_text_has_prefix(tally_text_slice(text, at, text.count), wanted))
        at++;
    return at;
}

static tally_text unquoted(tally_text text)
{
    text = tally_text_trim(text);
    if (text.count >= 2 && text.bytes[0] == '"' && text.bytes[text.count - 1] == '"')
        return tally_text_slice(text, 1, text.count - 1);
    return text;
}

/* `A + B` or `COLUMN from FILE by COLUMN`. */
static void read_column(tally_reader *reader, const tally_yaml *node, tally_column *column)
{
    tally_text text, rest;
    tally_text *parts;
    size_t from, by;
    uint32_t room = 1;

    if (node == NULL)
        return;
    column->span = tally_document_span(node);
    text = node->text;
    from = find(text, " from ");
    if (from < text.count) {
        rest = tally_text_slice(text, from + 6, text.count);
        by = find(rest, " by ");
        column->look_up_file = tally_text_trim(tally_text_slice(rest, 0, by));
        column->look_up_key =
            tally_text_trim(tally_text_slice(rest, by < rest.count ? by + 4 : by, rest.count));
        if (column->look_up_file.count == 0 || column->look_up_key.count == 0)
            tally_document_error(reader, node, "bad-column",
                                 "write `date from races.csv by raceId`",
                                 "a look-up names a column, a file and the column they share");
        text = tally_text_slice(text, 0, from);
    }
    for (size_t i = 0; i < text.count; i++)
        room += text.bytes[i] == '+';
    parts = tally_document_alloc(reader, room, sizeof(*parts));
    if (parts == NULL)
        return;
    for (rest = text; rest.count > 0;) {
        size_t plus = find(rest, " + ");
        tally_text part = unquoted(tally_text_slice(rest, 0, plus));

        if (part.count == 0)
            tally_document_error(reader, node, "bad-column", "write `first + second`",
                                 "a column's name is missing");
        parts[column->part_count++] = part;
        rest = tally_text_slice(rest, plus < rest.count ? plus + 3 : rest.count, rest.count);
    }
    column->parts = parts;
}

static void read_map(tally_reader *reader, const tally_yaml *node, tally_value_map *map)
{
    tally_text *from, *to;

    if (node == NULL || !tally_document_shape(reader, node, TALLY_KEY_MAPPING, "as"))
        return;
    from = tally_document_alloc(reader, node->count + 1, sizeof(*from));
    to = tally_document_alloc(reader, node->count + 1, sizeof(*to));
    if (from == NULL || to == NULL)
        return;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next) {
        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT, "as"))
            continue;
        from[map->count] = row->key->text;
        to[map->count++] = row->text;
    }
    map->from = from;
    map->to = to;
}

/* A column's name, or {column: NAME, as: {written: meant}}. */
static void read_mapped(tally_reader *reader, const tally_yaml *node, tally_column *column,
                        tally_value_map *as)
{
    static const tally_key keys[] = { { "column", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
                                      { "as", TALLY_KEY_MAPPING } };
    const tally_yaml *parts[2];

    if (!tally_document_shape(reader, node, TALLY_KEY_TEXT | TALLY_KEY_MAPPING, "a column"))
        return;
    if (node->kind == TALLY_YAML_SCALAR) {
        read_column(reader, node, column);
        return;
    }
    if (!tally_document_keys(reader, node, "a column", keys, 2, parts))
        return;
    read_column(reader, parts[0], column);
    read_map(reader, parts[1], as);
}

static void read_event(tally_reader *reader, const tally_yaml *node, tally_read *read)
{
    if (node->kind == TALLY_YAML_SCALAR) {
        read->event = node->text;
        if (tally_document_find_type(reader, node->text) == TALLY_NO_INDEX)
            tally_document_type(reader, node, node->text);
        return;
    }
    read_mapped(reader, node, &read->event_column, &read->event_as);
    for (uint32_t i = 0; i < read->event_as.count; i++) {
        if (tally_document_find_type(reader, read->event_as.to[i]) == TALLY_NO_INDEX)
            tally_document_type(reader, node, read->event_as.to[i]);
    }
}

/* The end of one filter: the next ` and ` outside quotes. */
static size_t filter_end(tally_text text)
{
    bool is_quoted = false;

    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted &&
                 tally_text_has_prefix(tally_text_slice(text, i, text.count), TALLY_TEXT(" and ")))
            return i;
    }
    return text.count;
}

static bool read_filter(tally_reader *reader, const tally_yaml *node, tally_text text,
                        tally_row_filter *filter)
{
    size_t is = find(text, " is ");
    tally_text value = tally_text_trim(tally_text_slice(text, is + 4, text.count));

    if (is == text.count || value.count == 0) {
        tally_document_error(reader, node, "bad-filter", "write `type is \"Routine\"`",
                             "a row is chosen by `COLUMN is TEXT` or `COLUMN is not TEXT`");
        return false;
    }
    filter->column = unquoted(tally_text_slice(text, 0, is));
    if (tally_text_has_prefix(value, TALLY_TEXT("not "))) {
        filter->is_not = true;
        value = tally_text_trim(tally_text_slice(value, 4, value.count));
    }
    filter->value = tally_text_is(value, "nothing") ? (tally_text){ 0 } : unquoted(value);
    return true;
}

static void read_filters(tally_reader *reader, const tally_yaml *node, tally_read *read)
{
    tally_text rest = tally_yaml_source(node).text;
    tally_row_filter *filters = NULL;
    uint32_t room = 0;

    while (rest.count > 0) {
        size_t end = filter_end(rest);

        filters = tally_document_grow(reader, filters, read->filter_count, &room, sizeof(*filters));
        if (filters == NULL)
            return;
        if (read_filter(reader, node, tally_text_slice(rest, 0, end), &filters[read->filter_count]))
            read->filter_count++;
        rest = tally_text_slice(rest, end < rest.count ? end + 5 : end, rest.count);
    }
    read->filters = filters;
}

static void read_columns(tally_reader *reader, const tally_yaml *node, tally_read *read)
{
    tally_text *columns = tally_document_alloc(reader, node->count + 1, sizeof(*columns));

    if (columns == NULL)
        return;
    for (const tally_yaml *item = node->first; item != NULL; item = item->next) {
        if (tally_document_shape(reader, item, TALLY_KEY_TEXT, "a column"))
            columns[read->column_count++] = item->text;
    }
    read->columns = columns;
}

static bool is_field_anywhere(const tally_reader *reader, tally_text name)
{
    for (uint32_t t = 0; t < reader->compiler.type_count; t++) {
        for (uint32_t slot = 0; slot < reader->types[t].field_count; slot++) {
            if (tally_text_is_equal(reader->types[t].fields[slot].name, name))
                return true;
        }
    }
    return false;
}

static void read_fields(tally_reader *reader, const tally_yaml *node, tally_read *read)
{
    tally_read_field *fields = tally_document_alloc(reader, node->count + 1, sizeof(*fields));

    if (fields == NULL)
        return;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next) {
        tally_read_field *field = &fields[read->field_count];

        if (!is_field_anywhere(reader, row->key->text)) {
            tally_document_error(reader, row->key, "unknown-field", "",
                                 "no event type has a field `%.*s`",
                                 TALLY_TEXT_ARGS(tally_text_slice(row->key->text, 0, 80)));
            continue;
        }
        field->field = row->key->text;
        read_mapped(reader, row, &field->column, &field->as);
        read->field_count++;
    }
    read->fields = fields;
}

static bool is_result(const tally_reader *reader, tally_text name)
{
    static const char *const results[] = { "score", "shown", "tier", "grade", "state" };
    const tally_version *version = reader->version;

    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (tally_text_is(name, results[i]))
            return true;
    }
    for (uint32_t i = 0; i < version->let_count; i++) {
        if (!version->lets[i].is_set && tally_text_is_equal(version->lets[i].name, name))
            return true;
    }
    for (uint32_t i = 0; i < version->streak_count; i++) {
        if (tally_text_is_equal(version->streaks[i].name, name))
            return true;
    }
    return false;
}

static void read_expectation(tally_reader *reader, const tally_yaml *node, tally_read *read)
{
    uint32_t errors = reader->error_count;

    read->expect_called = TALLY_TEXT("published results");
    for (const tally_yaml *row = node->first; row != NULL; row = row->next) {
        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT, "expect"))
            continue;
        if (tally_text_is(row->key->text, "called")) {
            read->expect_called = row->text;
        } else if (read->expect_result.count > 0) {
            tally_document_error(reader, row->key, "bad-expect", "write another entry for it",
                                 "one entry compares one result");
        } else if (!is_result(reader, row->key->text)) {
            tally_document_error(reader, row->key, "unknown-result",
                                 "write score, tier, grade or the name of a `let` or streak",
                                 "`%.*s` is no result of this policy",
                                 TALLY_TEXT_ARGS(tally_text_slice(row->key->text, 0, 80)));
        } else {
            read->expect_result = row->key->text;
            read->expect_column = row->text;
        }
    }
    if (read->expect_result.count == 0 && reader->error_count == errors)
        tally_document_error(reader, node->key, "bad-expect", "write `{score: COLUMN}`",
                             "this entry compares nothing");
}

static void read_entry(tally_reader *reader, const tally_yaml *key, const tally_yaml *node,
                       tally_read *read)
{
    static const char *const formats[] = {
        [TALLY_DATE_RFC3339] = "YYYY-MM-DD",
        [TALLY_DATE_COMPACT] = "YYYYMMDD",
        [TALLY_DATE_DAY_FIRST] = "DD/MM/YYYY",
        [TALLY_DATE_UNIX_SECONDS] = "unix seconds",
        [TALLY_DATE_UNIX_MILLISECONDS] = "unix milliseconds",
    };
    const tally_yaml *parts[READ_KEYS] = { NULL };

    read->file = key->text;
    read->span = tally_document_span(key);
    if (!tally_document_keys(reader, node, "a file", read_keys, READ_KEYS, parts))
        return;
    if (parts[READ_EVENT] != NULL)
        read_event(reader, parts[READ_EVENT], read);
    read_column(reader, parts[READ_SUBJECT], &read->subject);
    read_column(reader, parts[READ_ID], &read->id);
    read_column(reader, parts[READ_AT], &read->at);
    read_column(reader, parts[READ_RECORDED], &read->recorded);
    read_column(reader, parts[READ_AS_OF], &read->as_of);
    if (parts[READ_ONLY] != NULL)
        read_filters(reader, parts[READ_ONLY], read);
    if (parts[READ_COLUMNS] != NULL)
        read_columns(reader, parts[READ_COLUMNS], read);
    if (parts[READ_DATES] != NULL) {
        uint32_t format = tally_document_choice(reader, parts[READ_DATES], "way to write dates",
                                                formats, sizeof(formats) / sizeof(formats[0]));

        if (format != TALLY_NO_INDEX)
            read->dates = (tally_date_format)format;
    }
    if (parts[READ_FIELDS] != NULL)
        read_fields(reader, parts[READ_FIELDS], read);
    if (parts[READ_EXPECT] != NULL)
        read_expectation(reader, parts[READ_EXPECT], read);
}

void tally_document_reads(tally_reader *reader)
{
    const tally_yaml *section;
    struct tally_reads *reads;
    tally_read *list;
    uint32_t count = 0;

    if (!tally_document_section(reader, "reads", TALLY_ROWS_MAX, &section))
        return;
    if (reader->policy->reads != NULL) {
        tally_document_error(reader, section->key, "duplicate-section",
                             "put it all in one document",
                             "an earlier version has `reads` already; it serves all versions");
        return;
    }
    for (const tally_yaml *node = section->first; node != NULL; node = node->next)
        count += node->kind == TALLY_YAML_SEQUENCE ? node->count : 1;
    reads = tally_document_alloc(reader, 1, sizeof(*reads));
    list = tally_document_alloc(reader, count, sizeof(*list));
    if (reads == NULL || list == NULL)
        return;
    reads->reads = list;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        const tally_yaml *cursor = NULL;

        if (!tally_document_shape(reader, node, TALLY_KEY_MAPPING | TALLY_KEY_LIST, "a file"))
            continue;
        while (tally_document_each(node, &cursor) != NULL)
            read_entry(reader, node->key, cursor, &list[reads->count++]);
    }
    reader->policy->reads = reads;
}
