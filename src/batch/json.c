/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Lines and CloudEvents. simdjson says where tokens begin; what follows is
 * RFC 8259's grammar over these, as far as events need it: an object of texts,
 * numbers, conditions and nulls. A number stays the text that it is.
 *
 * Of JSON Lines each line is indexed by itself, so that a line that is no JSON
 * spoils no other. A CloudEvents batch is one text: where that breaks JSON's
 * grammar, nothing can be said about what comes behind, and all is refused. */

#include "batch/reader.h"
#include "util/json_read.h"

#define DEPTH_MAX 32u

typedef struct walk {
    tally_batch_reader *reader;
    tally_text text;
    const uint32_t *offsets;
    uint32_t count, index;
    const char *problem; /* the text is not JSON: why */
    const char *place;   /* and where */
} walk;

/* The byte that the next token begins with; 0 at the end. */
static char peek(const walk *at)
{
    return at->index < at->count ? at->text.bytes[at->offsets[at->index]] : '\0';
}

static const char *place_of(const walk *at)
{
    return at->text.bytes +
           (at->index < at->count ? at->offsets[at->index] : (uint32_t)at->text.count);
}

static bool fail(walk *at, const char *place, const char *problem)
{
    at->problem = problem;
    at->place = place;
    return false;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The next token to its end. A token reaches up to the next one but for white
 * space: inside it, none of the bytes that begin another stands. */
static tally_text take_token(walk *at)
{
    size_t from = at->offsets[at->index++];
    size_t to = at->index < at->count ? at->offsets[at->index] : at->text.count;

    while (is_space(at->text.bytes[to - 1]))
        to--;
    return (tally_text){ at->text.bytes + from, to - from };
}

/* The text of a string token. Without escapes it stays where it is. */
static bool read_string(walk *at, tally_text token, tally_text *out_text)
{
    tally_text raw = { token.bytes + 1, token.count - 2 };
    const char *from, *end;
    char *copy, *to;

    if (TALLY_UNLIKELY(token.count < 2 || token.bytes[token.count - 1] != '"'))
        return fail(at, token.bytes, "a string is not closed");
    if (TALLY_LIKELY(memchr(raw.bytes, '\\', raw.count) == NULL)) {
        *out_text = raw;
        return true;
    }
    copy = to = tally_arena_alloc(at->reader->arena, raw.count);
    if (copy == NULL) {
        at->reader->rc = tally_arena_failure(at->reader->arena);
        return fail(at, token.bytes, "no memory is left");
    }
    from = raw.bytes;
    end = raw.bytes + raw.count;
    while (from < end) {
        const char *problem;

        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        problem = tally_json_read_escape(&from, end, &to);
        if (problem != NULL)
            return fail(at, from, problem);
    }
    *out_text = (tally_text){ copy, (size_t)(to - copy) };
    return true;
}

/* A number, true, false or null, which is nothing. */
static bool read_scalar(walk *at, tally_text token, tally_text *out_text)
{
    const char *from = token.bytes;
    const char *end = token.bytes + token.count;

    *out_text = token;
    if (*from == '-' || (*from >= '0' && *from <= '9')) {
        const char *problem = tally_json_read_number(&from, end);

        if (problem == NULL && from != end)
            problem = "not a JSON number";
        return problem == NULL || fail(at, from, problem);
    }
    if (tally_text_is(token, "true") || tally_text_is(token, "false"))
        return true;
    *out_text = (tally_text){ NULL, 0 };
    return tally_text_is(token, "null") || fail(at, token.bytes, "not a JSON value");
}

/* Pass a value of any kind, by its grammar. */
static bool pass_value(walk *at)
{
    char closing[DEPTH_MAX] = { 0 };
    uint32_t depth = 0;
    bool wants_value = true; /* else a comma or a closing bracket */

    do {
        char byte = peek(at);
        const char *place = place_of(at);
        tally_text ignored;

        if (wants_value && (byte == '[' || byte == '{')) {
            if (depth == DEPTH_MAX)
                return fail(at, place, "brackets stand more than 32 deep");
            closing[depth++] = byte == '[' ? ']' : '}';
            at->index++;
            if (peek(at) == closing[depth - 1]) {
                at->index++;
                depth--;
                wants_value = false;
                continue;
            }
        } else if (wants_value) {
            tally_text token;

            if (byte == '\0')
                return fail(at, place, "a value is missing");
            token = take_token(at);
            if (byte == '"' ? !read_string(at, token, &ignored) : !read_scalar(at, token, &ignored))
                return false;
            wants_value = false;
            continue;
        } else if (byte == closing[depth - 1]) {
            at->index++;
            depth--;
            continue;
        } else if (byte == ',') {
            at->index++;
            wants_value = true;
        } else {
            return fail(at, place, "a comma or a closing bracket is missing");
        }
        /* Behind an opening bracket or a comma: in an object a name comes first. */
        if (closing[depth - 1] == '}') {
            if (peek(at) != '"')
                return fail(at, place_of(at), "a name in quotes is missing");
            if (!read_string(at, take_token(at), &ignored))
                return false;
            if (peek(at) != ':')
                return fail(at, place_of(at), "a colon is missing");
            at->index++;
        }
    } while (depth > 0);
    return true;
}

/* A value that is not an object or an array, or null. Those others are passed,
 * and *out_is_nested tells. */
static bool read_value(walk *at, tally_text *out_value, bool *out_is_nested)
{
    char byte = peek(at);

    *out_is_nested = byte == '{' || byte == '[';
    if (*out_is_nested)
        return pass_value(at);
    if (byte == '\0')
        return fail(at, place_of(at), "a value is missing");
    return byte == '"' ? read_string(at, take_token(at), out_value)
                       : read_scalar(at, take_token(at), out_value);
}

/* ---- members ---------------------------------------------------------------------- */

/* What is done with one member; at stands on its value. False: not JSON, or no
 * room. A member that is only not wanted refuses the event and is passed. */
typedef bool (*take_member)(walk *at, tally_text name, const char *place);

static bool read_members(walk *at, take_member take)
{
    if (peek(at) != '{')
        return fail(at, place_of(at), "an event is a JSON object");
    at->index++;
    if (peek(at) == '}') {
        at->index++;
        return true;
    }
    for (;;) {
        const char *place = place_of(at);
        tally_text name = { NULL, 0 };

        if (TALLY_UNLIKELY(peek(at) != '"'))
            return fail(at, place, "a name in quotes is missing");
        if (TALLY_UNLIKELY(!read_string(at, take_token(at), &name)))
            return false;
        if (TALLY_UNLIKELY(peek(at) != ':'))
            return fail(at, place_of(at), "a colon is missing");
        at->index++;
        if (TALLY_UNLIKELY(!take(at, name, place)))
            return false;
        if (peek(at) == '}') {
            at->index++;
            return true;
        }
        if (TALLY_UNLIKELY(peek(at) != ','))
            return fail(at, place_of(at), "a comma is missing");
        at->index++;
    }
}

static void refuse_nested(walk *at, tally_batch_part part, tally_text name, const char *place)
{
    if (part == TALLY_BATCH_PART_SUBJECT)
        (void)tally_batch_refuse_as(at->reader, "E_OTHER_SUBJECT", "R11", place,
                                    "an event is about one subject");
    else
        (void)tally_batch_refuse(at->reader, place,
                                 "`%.*s` holds brackets; a value is a text, a number, true, false "
                                 "or null",
                                 TALLY_TEXT_ARGS(tally_batch_brief(name)));
}

static bool take_part(walk *at, tally_batch_part part, tally_text name, const char *place)
{
    tally_text value = { NULL, 0 };
    bool is_nested = false;

    if (!read_value(at, &value, &is_nested))
        return false;
    if (TALLY_UNLIKELY(is_nested))
        refuse_nested(at, part, name, place);
    else if (TALLY_LIKELY(at->reader->event->problem == NULL))
        (void)tally_batch_give(at->reader, part, name, value, place);
    return at->reader->rc == TALLY_OK;
}

static bool take_plain_member(walk *at, tally_text name, const char *place)
{
    return take_part(at, tally_batch_part_of(name), name, place);
}

/* ---- CloudEvents ------------------------------------------------------------------ */

static bool take_field(walk *at, tally_text name, const char *place)
{
    return take_part(at, TALLY_BATCH_PART_FIELD, name, place);
}

static bool take_data(walk *at, const char *place)
{
    tally_text value = { NULL, 0 };
    bool is_nested = false;

    if (peek(at) == '{')
        return read_members(at, take_field);
    if (!read_value(at, &value, &is_nested))
        return false;
    if (is_nested || value.bytes != NULL)
        (void)tally_batch_refuse(at->reader, place, "`data` is an object of fields");
    return at->reader->rc == TALLY_OK;
}

/* Attributes that say nothing new, but must not say anything else. */
static void take_constant(walk *at, tally_text name, tally_text value, const char *place)
{
    tally_batch_reader *reader = at->reader;

    if (tally_text_is(name, "specversion")) {
        if (!tally_text_is(value, "1.0"))
            (void)tally_batch_refuse(reader, place, "only CloudEvents 1.0 are read");
    } else if (tally_text_is(name, "datacontenttype")) {
        if (!tally_text_is(value, "application/json"))
            (void)tally_batch_refuse(reader, place, "`data` must be application/json");
    } else if (value.count == 0) {
        (void)tally_batch_refuse(reader, place, "the source is empty");
    } else if (reader->source.count != 0 && tally_text_has_prefix(value, TALLY_TEXT("did:")) &&
               !tally_text_is_equal(value, reader->source)) {
        (void)tally_batch_refuse_as(reader, "E_SOURCE", "R10", place,
                                    "the event names another source than the batch");
    }
}

static tally_batch_part cloud_part(tally_text name)
{
    if (tally_text_is(name, "time"))
        return TALLY_BATCH_PART_AT;
    if (tally_text_is(name, "id"))
        return TALLY_BATCH_PART_ID;
    if (tally_text_is(name, "type"))
        return TALLY_BATCH_PART_TYPE;
    if (tally_text_is(name, "subject"))
        return TALLY_BATCH_PART_SUBJECT;
    return TALLY_BATCH_PART_FIELD;
}

enum { HAS_SPECVERSION = 1, HAS_SOURCE = 2, HAS_TYPE = 4, HAS_DATA = 8 };

static uint32_t once_of(tally_text name)
{
    return tally_text_is(name, "specversion")       ? HAS_SPECVERSION
           : tally_text_is(name, "source")          ? HAS_SOURCE
           : tally_text_is(name, "datacontenttype") ? HAS_TYPE
           : tally_text_is(name, "data")            ? HAS_DATA
                                                    : 0;
}

static bool take_attribute(walk *at, tally_text name, const char *place)
{
    tally_batch_part part = cloud_part(name);
    tally_text value = { NULL, 0 };
    bool is_nested = false;
    uint32_t once;

    if (part != TALLY_BATCH_PART_FIELD)
        return take_part(at, part, name, place);
    once = once_of(name);
    if (TALLY_UNLIKELY((at->reader->seen & once) != 0))
        (void)tally_batch_refuse(at->reader, place, "`%.*s` is given twice", TALLY_TEXT_ARGS(name));
    at->reader->seen |= once;
    if (once == HAS_DATA)
        return take_data(at, place);
    if (!read_value(at, &value, &is_nested))
        return false;
    if (once == 0)
        (void)tally_batch_refuse(at->reader, place,
                                 "`%.*s` is no attribute that a batch may carry; fields stand in "
                                 "`data`",
                                 TALLY_TEXT_ARGS(tally_batch_brief(name)));
    else if (is_nested)
        refuse_nested(at, part, name, place);
    else
        take_constant(at, name, value, place);
    return at->reader->rc == TALLY_OK;
}

static bool read_cloudevent(walk *at)
{
    at->reader->seen = 0;
    if (!read_members(at, take_attribute))
        return false;
    if ((at->reader->seen & HAS_SPECVERSION) == 0)
        (void)tally_batch_refuse(at->reader, NULL, "the event has no specversion");
    if ((at->reader->seen & HAS_SOURCE) == 0)
        (void)tally_batch_refuse(at->reader, NULL, "the event has no source");
    return at->reader->rc == TALLY_OK;
}

/* ---- an event by itself ------------------------------------------------------------- */

/* Where in a text that simdjson refused the fault is: a byte that is not UTF-8, a
 * control character in a string, or the opening quote that has no other. */
static const char *find_fault(tally_text text)
{
    const char *open = NULL;
    size_t i = 0;

    while (i < text.count) {
        uint8_t byte = (uint8_t)text.bytes[i];
        size_t bytes = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;

        if (!tally_text_is_utf8(tally_text_slice(text, i, i + bytes)) ||
            (open != NULL && byte < 0x20))
            return text.bytes + i;
        if (byte == '"')
            open = open == NULL ? text.bytes + i : NULL;
        i += bytes + (byte == '\\');
    }
    return open != NULL ? open : text.bytes;
}

void tally_batch_read_json_event(tally_batch_reader *reader, bool is_cloudevent)
{
    walk at = { .reader = reader, .text = reader->event->bytes };
    const char *problem;
    bool is_read;

    if (at.text.count > TALLY_BATCH_EVENT_BYTES_MAX) {
        (void)tally_batch_refuse(reader, NULL, "the event is longer than 16 KiB");
        return;
    }
    problem = tally_simdjson_index(reader->simdjson, &at.offsets, &at.count, at.text.bytes,
                                   at.text.count);
    if (TALLY_UNLIKELY(problem != NULL)) {
        (void)tally_batch_refuse(reader, find_fault(at.text), "%s", problem);
        return;
    }
    is_read = is_cloudevent ? read_cloudevent(&at) : read_members(&at, take_plain_member);
    if (TALLY_UNLIKELY(is_read && at.index != at.count))
        is_read = fail(&at, place_of(&at), "something follows the object");
    if (TALLY_UNLIKELY(!is_read))
        (void)tally_batch_refuse(reader, at.place, "%s", at.problem);
}

/* ---- bodies ------------------------------------------------------------------------- */

tally_rc tally_batch_read_jsonl(tally_batch_reader *reader, tally_batch *batch, tally_text body,
                                uint32_t line, tally_err *err)
{
    const char *from = body.bytes;
    const char *end = body.bytes + body.count;
    uint32_t count = 0;

    for (; from < end; count++) {
        const char *stop = memchr(from, '\n', (size_t)(end - from));
        tally_batch_event *event;

        stop = stop != NULL ? stop : end;
        if (TALLY_UNLIKELY(count == batch->event_count))
            return tally_err_set(err, TALLY_E_INVALID, line + count,
                                 "the header counts %u events, and more lines follow", count);
        event = &batch->events[count];
        event->bytes = (tally_text){ from, (size_t)(stop - from) };
        event->line = count + 1;
        event->column = 1;
        tally_batch_begin(reader, event);
        tally_batch_read_json_event(reader, false);
        tally_batch_end(reader);
        if (TALLY_UNLIKELY(reader->rc != TALLY_OK))
            return tally_err_set(err, reader->rc, 0, "no memory left for the batch");
        from = stop + (stop < end);
    }
    return count == batch->event_count
               ? TALLY_OK
               : tally_err_set(err, TALLY_E_INVALID, line + count,
                               "the header counts %u events, but there are %u lines",
                               batch->event_count, count);
}

/* A cursor that goes through the body once, so that lines and columns of ten
 * thousand events cost one reading of it. */
typedef struct cursor {
    const char *at;
    uint32_t line, column;
} cursor;

static void move_cursor(cursor *place, const char *to)
{
    uint32_t feeds = 0, characters = 0;

    for (const char *at = place->at; at < to; at++)
        feeds += *at == '\n';
    if (feeds > 0) {
        place->line += feeds;
        place->column = 1;
        for (place->at = to; place->at[-1] != '\n';)
            place->at--;
    }
    for (const char *at = place->at; at < to; at++)
        characters += ((uint8_t)*at & 0xc0) != 0x80;
    place->column += characters;
    place->at = to;
}

static tally_rc fail_body(walk *at, cursor *from, uint32_t line, tally_err *err)
{
    if (at->reader->rc != TALLY_OK)
        return tally_err_set(err, at->reader->rc, 0, "no memory left for the batch");
    move_cursor(from, at->place);
    return tally_err_set_at(err, TALLY_E_INVALID, line + from->line - 1, from->column,
                            "the body is not a CloudEvents batch: %s", at->problem);
}

/* One element of the array. False: the text is not JSON, or no room. */
static bool read_element(walk *at, cursor *place, tally_batch_event *event)
{
    const char *from = place_of(at);
    bool is_read;
    tally_text last;

    move_cursor(place, from);
    event->line = place->line;
    event->column = place->column;
    /* How far the event reaches is known when it has been read. Until then a
     * fault is placed in what is left of the body. */
    event->bytes = (tally_text){ from, (size_t)(at->text.bytes + at->text.count - from) };
    tally_batch_begin(at->reader, event);
    if (peek(at) == '{') {
        is_read = read_cloudevent(at);
    } else {
        (void)tally_batch_refuse(at->reader, from, "an event is a JSON object");
        is_read = pass_value(at);
    }
    if (!is_read)
        return false;
    at->index--;
    last = take_token(at);
    event->bytes.count = (size_t)(last.bytes + last.count - from);
    if (event->bytes.count > TALLY_BATCH_EVENT_BYTES_MAX)
        (void)tally_batch_refuse(at->reader, from, "the event is longer than 16 KiB");
    tally_batch_end(at->reader);
    return at->reader->rc == TALLY_OK;
}

/* Behind the last element nothing but the bracket stands. */
static bool end_array(walk *at)
{
    if (peek(at) != ']')
        return fail(at, place_of(at), "a comma or the closing bracket is missing");
    at->index++;
    return at->index == at->count || fail(at, place_of(at), "something follows the array");
}

tally_rc tally_batch_read_cloudevents(tally_batch_reader *reader, tally_batch *batch,
                                      tally_text body, uint32_t line, tally_err *err)
{
    walk at = { .reader = reader, .text = body };
    cursor place = { body.bytes, 1, 1 };
    uint32_t count = 0;
    tally_rc rc = tally_batch_reader_reserve(reader, body.count, err);

    if (rc != TALLY_OK)
        return rc;
    at.problem =
        tally_simdjson_index(reader->simdjson, &at.offsets, &at.count, body.bytes, body.count);
    if (at.problem != NULL) {
        at.place = find_fault(body);
        return fail_body(&at, &place, line, err);
    }
    if (peek(&at) != '[') {
        (void)fail(&at, place_of(&at), "it must be an array");
        return fail_body(&at, &place, line, err);
    }
    at.index++;
    while (count > 0 || peek(&at) != ']') {
        if (TALLY_UNLIKELY(count == batch->event_count)) {
            move_cursor(&place, place_of(&at));
            return tally_err_set_at(err, TALLY_E_INVALID, line + place.line - 1, place.column,
                                    "the header counts %u events, and more follow", count);
        }
        if (TALLY_UNLIKELY(!read_element(&at, &place, &batch->events[count])))
            return fail_body(&at, &place, line, err);
        count++;
        if (peek(&at) != ',')
            break;
        at.index++;
    }
    if (!end_array(&at))
        return fail_body(&at, &place, line, err);
    return count == batch->event_count
               ? TALLY_OK
               : tally_err_set(err, TALLY_E_INVALID, line,
                               "the header counts %u events, but the array has %u",
                               batch->event_count, count);
}
