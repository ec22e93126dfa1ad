/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to events. Texts that repeat from row to row (types, small numbers,
 * words) are parsed once: short ones are kept with their value in a small table
 * per column, so that a usual row costs a few comparisons per field. */

#include <string.h>

#include "eval/entry_internal.h"

#define SUBJECT_BYTES_MAX 512u

static tally_text map_text(const tally_value_map *map, tally_text text)
{
    for (uint32_t i = 0; i < map->count; i++) {
        if (tally_text_is_equal(map->from[i], text))
            return map->to[i];
    }
    return text;
}

typedef struct row_work {
    tally_entry_reader *reader;
    const tally_row *row;
    const tally_entry_place *place;
    tally_entry_event *event;
} row_work;

/* Whose row it is, as far as the row says; asked only where somebody wants to know. */
static tally_text subject_of(const row_work *work)
{
    tally_entry_reader *reader = work->reader;

    if (!tally_refusals_wants_subject(reader->shared->refusals))
        return (tally_text){ NULL, 0 };
    return tally_column_text(&reader->columns[COLUMN_SUBJECT], work->row, &reader->subject_room);
}

/* Refuse the row for what stands in a column (UINT32_MAX: none in particular). */
static void refuse(const row_work *work, uint32_t column, const char *reason, tally_text name,
                   tally_text text, const char *why)
{
    tally_row_place place =
        column < work->row->count ? tally_row_field_place(work->row, column) : work->row->place;

    work->event->is_refused = true;
    if (text.count != 0)
        tally_refusals_add(work->reader->shared->refusals, subject_of(work), work->place->path,
                           place, reason, "%.*s%s`%.*s`%s", TALLY_TEXT_ARGS(name),
                           name.count != 0 ? " " : "", TALLY_TEXT_ARGS(text), why);
    else
        tally_refusals_add(work->reader->shared->refusals, subject_of(work), work->place->path,
                           place, reason, "%.*s%s", TALLY_TEXT_ARGS(name), why);
}

static bool passes_filters(const tally_entry_reader *reader, const tally_row *row)
{
    for (uint32_t i = 0; i < reader->read->filter_count; i++) {
        const tally_row_filter *filter = &reader->read->filters[i];
        uint32_t index = reader->filters[i].parts[0];
        tally_text text = index < row->count ? row->fields[index] : (tally_text){ NULL, 0 };

        if (tally_text_is_equal(text, filter->value) == filter->is_not)
            return false;
    }
    return true;
}

/* Where a short text would be kept; NULL: it is too long. */
static inline kept_text *kept_place(kept_text *kept, tally_text text, uint64_t *out_packed)
{
    uint64_t packed = 0;

    if (text.count == 0 || text.count > KEPT_TEXT_BYTES)
        return NULL;
    for (size_t i = 0; i < text.count; i++)
        packed = packed << 8 | (unsigned char)text.bytes[i];
    *out_packed = packed;
    return &kept[(packed * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
}

static bool read_type(const row_work *work, uint32_t *out_type)
{
    tally_entry_reader *reader = work->reader;
    uint64_t packed = 0;
    tally_text text;
    kept_text *kept;

    if (reader->constant_type != TALLY_NO_INDEX) {
        *out_type = reader->constant_type;
        return true;
    }
    text = tally_column_text(&reader->columns[COLUMN_EVENT], work->row, &reader->room);
    kept = kept_place(reader->kept_types, text, &packed);
    if (TALLY_LIKELY(kept != NULL && kept->packed == packed && kept->count == text.count)) {
        *out_type = (uint32_t)kept->value;
        return true;
    }
    if (text.count == 0) {
        refuse(work, tally_column_index(&reader->columns[COLUMN_EVENT]), "no event type",
               TALLY_TEXT("the event type"), text, " is missing");
        return false;
    }
    *out_type =
        tally_entry_find_type(reader->shared->policy, map_text(&reader->read->event_as, text));
    if (*out_type == TALLY_NO_INDEX) {
        refuse(work, tally_column_index(&reader->columns[COLUMN_EVENT]), "unknown event type",
               (tally_text){ NULL, 0 }, text, " is no event type of this policy");
        return false;
    }
    if (kept != NULL)
        *kept = (kept_text){ packed, (uint8_t)text.count, 0, (int64_t)*out_type };
    return true;
}

/* Read an instant column. An empty one leaves *out_ms alone and is no fault. */
static bool read_instant(const row_work *work, uint32_t column, bool is_as_of, int64_t *out_ms,
                         int32_t *out_offset_s)
{
    static const char *const names[COLUMNS] = {
        [COLUMN_AT] = "date", [COLUMN_RECORDED] = "recorded date", [COLUMN_AS_OF] = "as-of date"
    };
    tally_entry_reader *reader = work->reader;
    const tally_bound_column *bound = &reader->columns[column];
    tally_text text = tally_column_text(bound, work->row, &reader->room);
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;

    if (reader->room.is_unknown) {
        refuse(work, tally_column_index(bound), "not found in the other file",
               tally_text_from(names[column]), work->row->fields[tally_column_index(bound)],
               " is not in the other file");
        return false;
    }
    if (text.count == 0)
        return true;
    rc = is_as_of ? tally_dates_read_as_of(&reader->shared->dates, text, reader->read->dates,
                                           out_ms, &err)
                  : tally_dates_read(&reader->shared->dates, text, reader->read->dates, out_ms,
                                     out_offset_s, &err);
    if (rc != TALLY_OK) {
        char why[sizeof(err.message) + 8];

        (void)snprintf(why, sizeof(why), ": %s", err.message);
        refuse(work, tally_column_index(bound), "bad date", tally_text_from(names[column]), text,
               why);
    }
    return rc == TALLY_OK;
}

/* A day field in the entry's date format; other fields as the history reads
 * them. */
static bool parse_field(tally_entry_shared *shared, const tally_read *read,
                        const tally_field *field, tally_text text, int64_t *out_value)
{
    tally_moment moment;
    tally_time_format format =
        read->dates == TALLY_DATE_COMPACT ? TALLY_TIME_YYYYMMDD : TALLY_TIME_DD_MM_YYYY;

    tally_buffer_reset(&shared->reason);
    if (field->type == TALLY_TYPE_DAY &&
        (read->dates == TALLY_DATE_COMPACT || read->dates == TALLY_DATE_DAY_FIRST)) {
        if (tally_time_parse(&moment, text, format, NULL) == TALLY_OK) {
            *out_value = moment.day;
            return true;
        }
    }
    return tally_field_parse(field, text, shared->tokens, out_value, &shared->reason);
}

static bool read_field(const row_work *work, entry_field *field, uint32_t type, int16_t slot,
                       tally_text text, int64_t *out_value)
{
    tally_entry_shared *shared = work->reader->shared;
    uint64_t packed = 0;
    kept_text *kept = kept_place(field->kept, text, &packed);
    const tally_field *declared = &shared->policy->types[type].fields[slot];

    if (TALLY_LIKELY(kept != NULL && kept->packed == packed && kept->count == text.count &&
                     kept->type == type)) {
        *out_value = kept->value;
        return true;
    }
    if (!parse_field(shared, work->reader->read, declared, map_text(&field->read->as, text),
                     out_value)) {
        char why[160];

        (void)snprintf(why, sizeof(why), "%s%.120s",
                       tally_buffer_text(&shared->reason).count != 0 ? ": " : " is out of its type",
                       tally_buffer_string(&shared->reason));
        refuse(work, tally_column_index(&field->bound), "field out of its type", declared->name,
               text, why);
        return false;
    }
    if (kept != NULL)
        *kept = (kept_text){ packed, (uint8_t)text.count, (uint8_t)type, *out_value };
    return true;
}

static bool read_fields(const row_work *work, uint32_t type)
{
    tally_entry_reader *reader = work->reader;
    uint64_t missing = reader->required_of_type[type];

    for (uint32_t s = 0; s < reader->slot_count; s++)
        reader->slots[s] = TALLY_NOTHING;
    for (uint32_t f = 0; f < reader->field_count; f++) {
        entry_field *field = &reader->fields[f];
        tally_text text = tally_column_text(&field->bound, work->row, &reader->room);
        int16_t slot = field->slot_of_type[type];

        if (TALLY_UNLIKELY(reader->room.is_unknown)) {
            refuse(work, tally_column_index(&field->bound), "not found in the other file",
                   field->read->field, (tally_text){ NULL, 0 }, " is not in the other file");
            return false;
        }
        if (text.count == 0)
            continue;
        if (TALLY_UNLIKELY(slot < 0)) {
            refuse(work, tally_column_index(&field->bound), "a field that the event does not have",
                   field->read->field, text, " is given, but this event type has no such field");
            return false;
        }
        if (!read_field(work, field, type, slot, text, &reader->slots[slot]))
            return false;
        missing &= ~(UINT64_C(1) << slot);
    }
    if (TALLY_UNLIKELY(missing != 0)) {
        const tally_event_type *one = &reader->shared->policy->types[type];

        refuse(work, UINT32_MAX, "a field is missing", one->fields[__builtin_ctzll(missing)].name,
               (tally_text){ NULL, 0 }, " is missing");
        return false;
    }
    work->event->slots = reader->slots;
    work->event->slot_count = reader->slot_count;
    return true;
}

/* A record about a record keeps its fields as they stand: what they mean
 * depends on the record it names. */
static void read_texts(const row_work *work)
{
    tally_entry_reader *reader = work->reader;
    uint32_t count = 0;

    for (uint32_t f = 0; f < reader->field_count && count < TALLY_FIELDS_MAX + 2; f++) {
        entry_field *field = &reader->fields[f];
        tally_text text = tally_column_text(&field->bound, work->row, &reader->text_rooms[f]);

        if (text.count != 0)
            reader->texts[count++] =
                (tally_record_text){ field->read->field, map_text(&field->read->as, text) };
    }
    work->event->texts = reader->texts;
    work->event->text_count = count;
}

/* May it be printed? Most ids are ASCII. */
static bool is_clean(tally_text text)
{
    bool is_ascii = true;

    for (size_t i = 0; i < text.count; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        if (byte < 0x20 || byte == 0x7f)
            return false;
        is_ascii &= byte < 0x80;
    }
    return is_ascii || tally_text_is_visible(text);
}

static tally_rc read_id(const row_work *work, tally_err *err)
{
    tally_entry_reader *reader = work->reader;
    const tally_bound_column *bound = &reader->columns[COLUMN_ID];
    tally_text text = tally_column_text(bound, work->row, &reader->room);

    if (text.count == 0 && !reader->room.is_unknown) {
        work->event->id = tally_ids_row_key(work->place->file_rank, work->place->entry_index,
                                            work->row->place.line);
        return TALLY_OK;
    }
    if (TALLY_UNLIKELY(reader->room.is_unknown || text.count > SUBJECT_BYTES_MAX ||
                       !is_clean(text))) {
        refuse(work, tally_column_index(bound), "bad id", TALLY_TEXT("the id"),
               (tally_text){ NULL, 0 },
               " is too long, not UTF-8, has control characters, or is not in the other file");
        return TALLY_OK;
    }
    return tally_ids_key(&reader->shared->ids, &work->event->id, text, err);
}

static tally_rc read_event(const row_work *work, tally_err *err)
{
    tally_entry_event *event = work->event;
    const tally_event_type *type;

    if (!read_type(work, &event->type))
        return TALLY_OK;
    event->at_ms = TALLY_NOTHING;
    event->recorded_ms = TALLY_NOTHING;
    if (!read_instant(work, COLUMN_AT, false, &event->at_ms, &event->offset_s))
        return TALLY_OK;
    type = &work->reader->shared->policy->types[event->type];
    if (event->at_ms == TALLY_NOTHING) {
        refuse(work, tally_column_index(&work->reader->columns[COLUMN_AT]), "no date", type->name,
               (tally_text){ NULL, 0 }, " has no date");
        return TALLY_OK;
    }
    if (work->reader->columns[COLUMN_RECORDED].part_count != 0) {
        int32_t ignored;

        if (!read_instant(work, COLUMN_RECORDED, false, &event->recorded_ms, &ignored))
            return TALLY_OK;
    }
    if (event->type < TALLY_RECORD_TYPES)
        read_texts(work);
    else if (!read_fields(work, event->type))
        return TALLY_OK;
    event->has_event = true;
    return read_id(work, err);
}

static void read_question(const row_work *work)
{
    tally_entry_reader *reader = work->reader;
    int32_t ignored;

    work->event->published =
        tally_text_trim(tally_column_text(&reader->expect, work->row, &reader->published_room));
    if (work->event->published.count == 0)
        return;
    work->event->as_of_ms = TALLY_NOTHING;
    work->event->has_question =
        read_instant(work, COLUMN_AS_OF, true, &work->event->as_of_ms, &ignored);
}

tally_rc tally_entry_reader_row(tally_entry_reader *reader, const tally_row *row,
                                const tally_entry_place *place, tally_entry_event *out_event,
                                tally_err *err)
{
    const row_work work = { reader, row, place, out_event };
    const tally_bound_column *subject = &reader->columns[COLUMN_SUBJECT];
    tally_rc rc = TALLY_OK;

    memset(out_event, 0, sizeof(*out_event));
    if (!passes_filters(reader, row)) {
        out_event->is_passed = true;
        return TALLY_OK;
    }
    out_event->subject = tally_column_text(subject, row, &reader->subject_room);
    if (TALLY_UNLIKELY(out_event->subject.count == 0)) {
        refuse(&work, tally_column_index(subject), "no subject", TALLY_TEXT("the subject"),
               (tally_text){ NULL, 0 },
               reader->subject_room.is_unknown ? " is not in the other file" : " is missing");
        return TALLY_OK;
    }
    if (TALLY_UNLIKELY(out_event->subject.count > SUBJECT_BYTES_MAX ||
                       !is_clean(out_event->subject))) {
        refuse(&work, tally_column_index(subject), "bad subject", TALLY_TEXT("the subject"),
               (tally_text){ NULL, 0 }, " is too long, not UTF-8, or has control characters");
        return TALLY_OK;
    }
    if (reader->makes_events)
        rc = read_event(&work, err);
    if (rc == TALLY_OK && !out_event->is_refused && reader->expect.part_count != 0)
        read_question(&work);
    return rc;
}
