/* SPDX-License-Identifier: Apache-2.0 */
/* An event is put together value by value, whichever form it comes in; the first
 * thing that is wrong with it is its problem. Fields go into room that is taken
 * from the arena for many events at once. */

#include "batch/reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/alloc.h"

#define POOL_FIELDS 4096u
#define BRIEF_BYTES 80u

/* The longest event; grows when an array is longer. */
#define FIRST_SIMDJSON_BYTES TALLY_BATCH_EVENT_BYTES_MAX

tally_rc tally_batch_reader_new(tally_batch_reader **out_reader, tally_err *err)
{
    tally_batch_reader *reader = tally_alloc_zeroed(sizeof(*reader));
    tally_rc rc;

    if (reader == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a batch");
    rc = tally_batch_reader_reserve(reader, FIRST_SIMDJSON_BYTES, err);
    if (rc != TALLY_OK) {
        tally_release(reader);
        return rc;
    }
    *out_reader = reader;
    return TALLY_OK;
}

void tally_batch_reader_free(tally_batch_reader *reader)
{
    if (reader == NULL)
        return;
    tally_simdjson_free(reader->simdjson);
    tally_release(reader);
}

tally_rc tally_batch_reader_reserve(tally_batch_reader *reader, size_t bytes, tally_err *err)
{
    tally_simdjson *made = NULL;
    tally_rc rc;

    if (bytes <= reader->simdjson_bytes)
        return TALLY_OK;
    rc = tally_simdjson_new(&made, bytes, err);
    if (rc != TALLY_OK)
        return rc;
    tally_simdjson_free(reader->simdjson);
    reader->simdjson = made;
    reader->simdjson_bytes = bytes;
    return TALLY_OK;
}

void tally_batch_reader_begin(tally_batch_reader *reader, tally_arena *arena, tally_text source,
                              uint32_t event_count)
{
    reader->arena = arena;
    reader->source = source;
    reader->events_left = event_count;
    reader->pool = NULL;
    reader->pool_count = 0;
    reader->rc = TALLY_OK;
}

void tally_batch_begin(tally_batch_reader *reader, tally_batch_event *event)
{
    reader->event = event;
    memset(reader->is_given, 0, sizeof(reader->is_given));
}

/* ---- problems -------------------------------------------------------------------- */

tally_text tally_batch_brief(tally_text text)
{
    size_t count = text.count < BRIEF_BYTES ? text.count : BRIEF_BYTES;

    while (count > 0 && count < text.count && ((uint8_t)text.bytes[count] & 0xc0) == 0x80)
        count--;
    return tally_text_slice(text, 0, count);
}

static void find_place(tally_batch_problem *problem, const tally_batch_event *event,
                       const char *place)
{
    const char *at = event->bytes.bytes;

    problem->line = event->line;
    problem->column = event->column;
    /* A text freed of quotes or escapes lies elsewhere: then the event's own place. */
    if (place < at || place > at + event->bytes.count)
        return;
    for (; at < place; at++) {
        if (*at == '\n') {
            problem->line++;
            problem->column = 1;
        } else {
            problem->column += ((uint8_t)*at & 0xc0) != 0x80;
        }
    }
}

const tally_batch_problem *tally_batch_problem_new(tally_arena *arena, const char *code,
                                                   const char *right,
                                                   const tally_batch_event *event,
                                                   const char *place, tally_text sentence)
{
    tally_batch_problem *problem = tally_arena_zalloc(arena, sizeof(*problem));

    if (problem == NULL || !tally_arena_copy_text(arena, &problem->sentence, sentence))
        return NULL;
    problem->code = code;
    problem->right = right;
    find_place(problem, event, place);
    return problem;
}

static bool refuse(tally_batch_reader *reader, const char *code, const char *right,
                   const char *place, const char *format, va_list arguments) TALLY_PRINTF(5, 0);

static bool refuse(tally_batch_reader *reader, const char *code, const char *right,
                   const char *place, const char *format, va_list arguments)
{
    char sentence[TALLY_ERR_MESSAGE_BYTES];

    if (reader->event->problem != NULL)
        return false;
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    reader->event->problem = tally_batch_problem_new(reader->arena, code, right, reader->event,
                                                     place, tally_text_from(sentence));
    if (reader->event->problem == NULL)
        reader->rc = tally_arena_failure(reader->arena);
    return false;
}

bool tally_batch_refuse(tally_batch_reader *reader, const char *place, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)refuse(reader, "E_SCHEMA", "R8", place, format, arguments);
    va_end(arguments);
    return false;
}

bool tally_batch_refuse_as(tally_batch_reader *reader, const char *code, const char *right,
                           const char *place, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)refuse(reader, code, right, place, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- values ----------------------------------------------------------------------- */

static const char *const part_names[TALLY_BATCH_PARTS] = { "id", "type", "at", "subject" };

tally_batch_part tally_batch_part_of(tally_text name)
{
    switch (name.count) {
    case 2:
        if (memcmp(name.bytes, "id", 2) == 0)
            return TALLY_BATCH_PART_ID;
        if (memcmp(name.bytes, "at", 2) == 0)
            return TALLY_BATCH_PART_AT;
        break;
    case 4:
        if (memcmp(name.bytes, "type", 4) == 0)
            return TALLY_BATCH_PART_TYPE;
        break;
    case 5: /* what files for `tally eval` call it */
        if (memcmp(name.bytes, "event", 5) == 0)
            return TALLY_BATCH_PART_TYPE;
        break;
    case 7:
        if (memcmp(name.bytes, "subject", 7) == 0)
            return TALLY_BATCH_PART_SUBJECT;
        break;
    default:
        break;
    }
    return TALLY_BATCH_PART_FIELD;
}

/* Visible ASCII at once, anything else by its characters. */
static bool is_plain(tally_text text)
{
    for (size_t i = 0; i < text.count; i++) {
        if ((uint8_t)(text.bytes[i] - 0x20) >= 0x7f - 0x20)
            return tally_text_is_visible(text);
    }
    return true;
}

/* An alphabet, a bit for each character below 128. */
typedef uint64_t alphabet[2];

static const alphabet base58btc = { UINT64_C(0x03fe000000000000), UINT64_C(0x07ffeffe07ff7dfe) };
static const alphabet base32 = { UINT64_C(0x00fc000000000000),
                                 UINT64_C(0x07fffffe00000000) }; /* small */
static const alphabet visible = { UINT64_C(0xfffffffe00000000), UINT64_C(0x7fffffffffffffff) };

static bool is_name_after(tally_text subject, tally_text scheme, const alphabet characters)
{
    bool is_good = subject.count > scheme.count && tally_text_has_prefix(subject, scheme);

    for (size_t i = scheme.count; is_good && i < subject.count; i++) {
        uint8_t byte = (uint8_t)subject.bytes[i];

        is_good = byte < 128 && (characters[byte >> 6] >> (byte & 63) & 1) != 0;
    }
    return is_good;
}

static bool is_subject(tally_text text)
{
    return is_name_after(text, TALLY_TEXT("did:key:z"), base58btc) ||
           is_name_after(text, TALLY_TEXT("handle:"), base32) ||
           is_name_after(text, TALLY_TEXT("org:"), visible);
}

static bool give_id(tally_batch_reader *reader, tally_text value, const char *place)
{
    reader->event->id = value;
    if (value.count > TALLY_BATCH_ID_BYTES_MAX)
        return tally_batch_refuse(reader, place, "the id is longer than %u bytes",
                                  TALLY_BATCH_ID_BYTES_MAX);
    return is_plain(value) ||
           tally_batch_refuse(reader, place, "the id has characters that cannot be seen");
}

static bool give_type(tally_batch_reader *reader, tally_text value, const char *place)
{
    reader->event->type = value;
    if (value.count > TALLY_BATCH_ID_BYTES_MAX)
        return tally_batch_refuse(reader, place, "the type is longer than %u bytes",
                                  TALLY_BATCH_ID_BYTES_MAX);
    return is_plain(value) ||
           tally_batch_refuse(reader, place, "the type has characters that cannot be seen");
}

static bool give_at(tally_batch_reader *reader, tally_text value, const char *place)
{
    tally_err why = TALLY_ERR_INIT;

    if (tally_time_parse(&reader->event->at, value, TALLY_TIME_RFC3339, &why) == TALLY_OK)
        return true;
    return tally_batch_refuse(reader, place, "the time is no RFC 3339 instant or day: %s",
                              why.message);
}

static bool give_subject(tally_batch_reader *reader, tally_text value, const char *place)
{
    reader->event->subject = value;
    if (value.count > TALLY_BATCH_SUBJECT_BYTES_MAX)
        return tally_batch_refuse(reader, place, "the subject is longer than %u bytes",
                                  TALLY_BATCH_SUBJECT_BYTES_MAX);
    return is_subject(value) ||
           tally_batch_refuse(reader, place,
                              "the subject must be did:key:..., handle:... or org:...");
}

static bool give_field(tally_batch_reader *reader, tally_text name, tally_text value,
                       const char *place)
{
    tally_batch_event *event = reader->event;

    if (name.count == 0)
        return tally_batch_refuse(reader, place, "a field without a name");
    if (tally_text_is(name, "recorded"))
        return tally_batch_refuse(reader, place,
                                  "when an event was recorded is for the ledger to say");
    if (tally_text_is(name, "at"))
        return tally_batch_refuse(reader, place,
                                  "`at` is no field; a correction's new time is `corrected-at`");
    for (uint32_t i = 0; i < event->field_count; i++) {
        if (tally_text_is_equal(reader->fields[i].name, name))
            return tally_batch_refuse(reader, place, "`%.*s` is given twice",
                                      TALLY_TEXT_ARGS(tally_batch_brief(name)));
    }
    if (event->field_count == TALLY_BATCH_FIELDS_MAX)
        return tally_batch_refuse(reader, place, "the event has more than %u fields",
                                  TALLY_BATCH_FIELDS_MAX);
    reader->fields[event->field_count++] = (tally_record_text){ name, value };
    return true;
}

bool tally_batch_give(tally_batch_reader *reader, tally_batch_part part, tally_text name,
                      tally_text value, const char *place)
{
    if (part == TALLY_BATCH_PART_FIELD)
        return give_field(reader, name, value, place);
    if (reader->is_given[part])
        return tally_batch_refuse(reader, place, "the %s is given twice", part_names[part]);
    if (value.count == 0)
        return tally_batch_refuse(reader, place, "the %s is empty", part_names[part]);
    reader->is_given[part] = true;
    switch (part) {
    case TALLY_BATCH_PART_ID:
        return give_id(reader, value, place);
    case TALLY_BATCH_PART_TYPE:
        return give_type(reader, value, place);
    case TALLY_BATCH_PART_AT:
        return give_at(reader, value, place);
    default:
        return give_subject(reader, value, place);
    }
}

/* Room in the arena for the fields of this event, and of as many like it as are
 * still to come. */
static void keep_fields(tally_batch_reader *reader)
{
    tally_batch_event *event = reader->event;

    if (TALLY_UNLIKELY(reader->pool_count < event->field_count)) {
        uint32_t like_it = event->field_count * reader->events_left;
        uint32_t wanted = like_it < POOL_FIELDS ? like_it : POOL_FIELDS;

        reader->pool = tally_arena_alloc(reader->arena, wanted * sizeof(*reader->pool));
        if (reader->pool == NULL) {
            reader->rc = tally_arena_failure(reader->arena);
            event->field_count = 0;
            return;
        }
        reader->pool_count = wanted;
    }
    event->fields = reader->pool;
    for (uint32_t i = 0; i < event->field_count; i++)
        *reader->pool++ = reader->fields[i];
    reader->pool_count -= event->field_count;
}

void tally_batch_end(tally_batch_reader *reader)
{
    tally_batch_event *event = reader->event;

    for (uint32_t part = 0; event->problem == NULL && part < TALLY_BATCH_PARTS; part++) {
        if (!reader->is_given[part])
            (void)tally_batch_refuse(reader, NULL, "the event has no %s", part_names[part]);
    }
    if (event->problem == NULL && tally_text_is(event->type, "correction")) {
        for (uint32_t i = 0; i < event->field_count; i++) {
            if (tally_text_is(reader->fields[i].name, "corrected-at"))
                reader->fields[i].name = TALLY_TEXT("at");
        }
    }
    keep_fields(reader);
    reader->events_left--;
}
