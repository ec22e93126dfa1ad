/* SPDX-License-Identifier: Apache-2.0 */
/* An entry made ready: its types, its fields' slots, its columns in the file. */

#include "eval/entry_internal.h"

#include <string.h>

#include "util/alloc.h"

uint32_t tally_entry_column_count(const tally_read *read)
{
    return COLUMNS + read->field_count;
}

const tally_column *tally_entry_column(const tally_read *read, uint32_t index)
{
    switch (index) {
    case COLUMN_EVENT:
        return &read->event_column;
    case COLUMN_SUBJECT:
        return &read->subject;
    case COLUMN_ID:
        return &read->id;
    case COLUMN_AT:
        return &read->at;
    case COLUMN_RECORDED:
        return &read->recorded;
    case COLUMN_AS_OF:
        return &read->as_of;
    default:
        return &read->fields[index - COLUMNS].column;
    }
}

uint32_t tally_entry_find_type(const struct tally_policy *policy, tally_text name)
{
    for (uint32_t i = 0; i < policy->type_count; i++) {
        if (tally_text_is_equal(policy->types[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

static int16_t find_slot(const tally_event_type *type, tally_text name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (tally_text_is_equal(type->fields[i].name, name))
            return (int16_t)i;
    }
    return -1;
}

/* Which types rows can be of: with a value map only those it names, unless a
 * value is itself a type's name. */
static void find_types(tally_entry_reader *reader)
{
    const struct tally_policy *policy = reader->shared->policy;

    for (uint32_t type = 0; type < policy->type_count; type++) {
        const tally_event_type *one = &policy->types[type];

        reader->can_make[type] = reader->makes_events && (reader->constant_type == TALLY_NO_INDEX ||
                                                          reader->constant_type == type);
        if (reader->can_make[type] && one->field_count > reader->slot_count)
            reader->slot_count = one->field_count;
        for (uint32_t i = 0; i < one->field_count; i++)
            reader->required_of_type[type] |= (uint64_t)!one->fields[i].optional << i;
    }
    if (reader->slot_count == 0 && reader->makes_events &&
        (reader->constant_type == TALLY_NO_INDEX || reader->constant_type < TALLY_RECORD_TYPES))
        reader->slot_count = 1;
}

static tally_rc allocate(tally_entry_reader *reader, tally_err *err)
{
    uint32_t type_count = reader->shared->policy->type_count;
    const tally_read *read = reader->read;

    reader->can_make = tally_alloc_zeroed(type_count * sizeof(bool));
    reader->required_of_type = tally_alloc_zeroed(type_count * sizeof(uint64_t));
    reader->filters = tally_alloc_zeroed((read->filter_count + 1) * sizeof(*reader->filters));
    reader->fields = tally_alloc_zeroed((read->field_count + 1) * sizeof(*reader->fields));
    reader->text_rooms = tally_alloc_array(read->field_count + 1, sizeof(*reader->text_rooms));
    if (reader->can_make == NULL || reader->required_of_type == NULL || reader->filters == NULL ||
        reader->fields == NULL || reader->text_rooms == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "preparing to read a file");
    for (uint32_t f = 0; f < read->field_count; f++) {
        entry_field *field = &reader->fields[f];

        field->read = &read->fields[f];
        field->slot_of_type = tally_alloc_array(type_count, sizeof(int16_t));
        reader->field_count = f + 1;
        if (field->slot_of_type == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "preparing to read a file");
        for (uint32_t type = 0; type < type_count; type++)
            field->slot_of_type[type] =
                find_slot(&reader->shared->policy->types[type], field->read->field);
    }
    return TALLY_OK;
}

/* The bounds of what a reader holds in fixed room. */
static tally_rc check_bounds(const tally_read *read, tally_err *err)
{
    for (uint32_t i = 0; i < tally_entry_column_count(read); i++) {
        if (tally_entry_column(read, i)->part_count > TALLY_COLUMN_PARTS_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, read->span.line,
                                 "more than %u columns are joined", TALLY_COLUMN_PARTS_MAX);
    }
    return TALLY_OK;
}

tally_rc tally_entry_reader_new(tally_entry_reader **out_reader, tally_entry_shared *shared,
                                const tally_read *read, tally_err *err)
{
    tally_entry_reader *reader = tally_alloc_zeroed(sizeof(*reader));
    tally_rc rc;

    if (reader == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "preparing to read a file");
    reader->shared = shared;
    reader->read = read;
    reader->makes_events = read->event.count != 0 || read->event_column.part_count != 0;
    reader->constant_type = TALLY_NO_INDEX;
    rc = check_bounds(read, err);
    if (rc == TALLY_OK && read->event.count != 0) {
        reader->constant_type = tally_entry_find_type(shared->policy, read->event);
        if (reader->constant_type == TALLY_NO_INDEX)
            rc = tally_err_set(err, TALLY_E_INVALID, read->span.line,
                               "`%.*s` is no event type of this policy",
                               TALLY_TEXT_ARGS(read->event));
    }
    if (rc == TALLY_OK)
        rc = allocate(reader, err);
    if (rc != TALLY_OK) {
        tally_entry_reader_free(reader);
        return rc;
    }
    find_types(reader);
    *out_reader = reader;
    return TALLY_OK;
}

void tally_entry_reader_free(tally_entry_reader *reader)
{
    if (reader == NULL)
        return;
    for (uint32_t f = 0; f < reader->field_count; f++)
        tally_release(reader->fields[f].slot_of_type);
    tally_release(reader->fields);
    tally_release(reader->filters);
    tally_release(reader->can_make);
    tally_release(reader->required_of_type);
    tally_release(reader->text_rooms);
    tally_release(reader);
}

void tally_entry_reader_set_look_up(tally_entry_reader *reader, const tally_column *column,
                                    const struct tally_look_up *look_up)
{
    for (uint32_t i = 0; i < tally_entry_column_count(reader->read); i++) {
        if (tally_entry_column(reader->read, i) != column)
            continue;
        if (i < COLUMNS)
            reader->look_ups[i] = look_up;
        else
            reader->fields[i - COLUMNS].look_up = look_up;
    }
}

tally_text tally_entry_reader_bind(tally_entry_reader *reader, const tally_text *names,
                                   uint32_t name_count)
{
    const tally_read *read = reader->read;
    tally_text missing = { NULL, 0 };
    tally_column expect = { .part_count = read->expect_column.count != 0,
                            .parts = &read->expect_column };

    for (uint32_t i = 0; i < COLUMNS; i++) {
        tally_column_bind(&reader->columns[i], tally_entry_column(read, i), names, name_count,
                          reader->look_ups[i]);
        if (missing.count == 0)
            missing = reader->columns[i].missing;
    }
    tally_column_bind(&reader->expect, &expect, names, name_count, NULL);
    if (missing.count == 0)
        missing = reader->expect.missing;
    for (uint32_t i = 0; i < read->filter_count; i++) {
        tally_column column = { .part_count = 1, .parts = &read->filters[i].column };

        tally_column_bind(&reader->filters[i], &column, names, name_count, NULL);
        if (missing.count == 0)
            missing = reader->filters[i].missing;
    }
    for (uint32_t f = 0; f < reader->field_count; f++) {
        entry_field *field = &reader->fields[f];

        tally_column_bind(&field->bound, &field->read->column, names, name_count, field->look_up);
        if (missing.count == 0)
            missing = field->bound.missing;
    }
    return missing;
}

uint32_t tally_entry_reader_slots(const tally_entry_reader *reader)
{
    return reader->slot_count;
}

bool tally_entry_reader_has_ids(const tally_entry_reader *reader)
{
    return reader->read->id.part_count != 0;
}

bool tally_entry_reader_has_recorded(const tally_entry_reader *reader)
{
    return reader->read->recorded.part_count != 0;
}

void tally_entry_reader_forget(tally_entry_reader *reader)
{
    for (uint32_t f = 0; f < reader->field_count; f++)
        memset(reader->fields[f].kept, 0, sizeof(reader->fields[f].kept));
}
