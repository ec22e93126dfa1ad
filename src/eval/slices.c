/* SPDX-License-Identifier: Apache-2.0 */
/* Most subjects' events arrive in order and without doubles; then sorting is
 * one pass that finds nothing to do. */

#include "eval/slices.h"

#include <string.h>

#include "util/alloc.h"
#include "util/decimal.h"

void tally_slices_start(tally_slices *slices, const struct tally_policy *policy,
                        const tally_gather *gather, const tally_entry_shared *shared,
                        const tally_slice_refuse *refuse)
{
    memset(slices, 0, sizeof(*slices));
    slices->policy = policy;
    slices->gather = gather;
    slices->shared = shared;
    slices->refuse = refuse;
    for (uint32_t i = 0; i < policy->type_count; i++)
        slices->needs_builder |= policy->types[i].has_recorded_by;
    for (uint32_t v = 0; v < policy->version_count; v++) {
        for (uint32_t s = 0; s < policy->versions[v].streak_count; s++)
            slices->needs_builder |= policy->versions[v].streaks[s].freeze_type != TALLY_NO_INDEX;
    }
}

void tally_slices_stop(tally_slices *slices)
{
    tally_release(slices->items);
    tally_release(slices->spare);
    tally_release(slices->at_ms);
    tally_release(slices->recorded_ms);
    tally_release(slices->slot_values);
    tally_release(slices->offset_s);
    tally_release(slices->type);
}

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "putting a subject's events in order");
}

#define GROW(array, count, room)                                                         \
    do {                                                                                 \
        void *grown_ = tally_realloc_array((array), (room) * (count), sizeof(*(array))); \
        if (grown_ == NULL)                                                              \
            return no_memory(err);                                                       \
        (array) = grown_;                                                                \
    } while (0)

static tally_rc make_room(tally_slices *slices, uint32_t count, tally_err *err)
{
    const tally_gather_layout *layout = &slices->gather->layout;
    size_t room = slices->room + slices->room / 2;

    if (count <= slices->room)
        return TALLY_OK;
    room = (room > count ? room : count) + 64;
    slices->room = 0;
    GROW(slices->items, 1, room);
    GROW(slices->spare, 1, room);
    GROW(slices->at_ms, 1, room);
    GROW(slices->type, 1, room);
    GROW(slices->slot_values, layout->slot_count + 1, room);
    if (layout->recorded != 0)
        GROW(slices->recorded_ms, 1, room);
    if (layout->offset != 0)
        GROW(slices->offset_s, 1, room);
    for (uint32_t s = 0; s < layout->slot_count; s++)
        slices->slots[s] = slices->slot_values + s * room;
    slices->room = room;
    return TALLY_OK;
}

/* ---- ids --------------------------------------------------------------------- */

static uint64_t event_id(const tally_slices *slices, const uint64_t *event)
{
    return event[slices->gather->layout.id];
}

/* (at, id) order. */
static int compare_items(const tally_slices *slices, const tally_slice_item *a,
                         const tally_slice_item *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return tally_ids_compare(&slices->shared->ids, a->id, b->id);
}

static int compare_ids(const tally_slices *slices, const tally_slice_item *a,
                       const tally_slice_item *b)
{
    (void)slices;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

typedef int compare_function(const tally_slices *slices, const tally_slice_item *a,
                             const tally_slice_item *b);

/* A merge sort from the bottom up, stable, with slices->spare as room. */
static void sort_items(tally_slices *slices, uint32_t count, compare_function *compare)
{
    tally_slice_item *from = slices->items, *to = slices->spare;

    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = low + 2 * width < count ? low + 2 * width : count;
            size_t a = low, b = middle;

            for (size_t i = low; i < high; i++)
                to[i] = a < middle && (b == high || compare(slices, &from[a], &from[b]) <= 0)
                            ? from[a++]
                            : from[b++];
        }
        slices->items = to;
        slices->spare = from;
        from = slices->items;
        to = slices->spare;
    }
}

static bool is_sorted(const tally_slices *slices, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (compare_items(slices, &slices->items[i - 1], &slices->items[i]) > 0)
            return false;
    }
    return true;
}

/* Could an id occur twice? Not if ids ascend in the order of arrival, nor if all
 * are made from file and line. */
static bool may_have_doubles(const tally_slices *slices, uint32_t count)
{
    if (!slices->gather->layout.has_own_ids)
        return false;
    for (uint32_t i = 1; i < count; i++) {
        if (slices->items[i].id <= slices->items[i - 1].id)
            return true;
    }
    return false;
}

/* Take out every event whose id came before; the rest stays in order of id. */
static uint32_t drop_doubles(tally_slices *slices, uint32_t count)
{
    uint32_t kept = 0;

    sort_items(slices, count, compare_ids);
    for (uint32_t i = 0; i < count; i++) {
        char room[TALLY_ID_ROOM_BYTES];

        if (kept == 0 || slices->items[i].id != slices->items[kept - 1].id) {
            slices->items[kept++] = slices->items[i];
            continue;
        }
        slices->refuse->refuse(
            slices->refuse->context,
            tally_gather_line(tally_gather_event(slices->gather, slices->items[i].index)),
            "duplicate", tally_ids_text(&slices->shared->ids, room, slices->items[i].id),
            TALLY_TEXT("this subject has an event of this id already"));
    }
    return kept;
}

/* ---- columns -------------------------------------------------------------------- */

static void fill_column(tally_slices *slices, uint32_t i, const uint64_t *event)
{
    const tally_gather_layout *layout = &slices->gather->layout;

    slices->at_ms[i] = tally_gather_at(event);
    slices->type[i] = tally_gather_type(event);
    if (layout->recorded != 0) {
        int64_t recorded = (int64_t)event[layout->recorded];

        slices->recorded_ms[i] = recorded != TALLY_NOTHING ? recorded : slices->at_ms[i];
    }
    if (layout->offset != 0)
        slices->offset_s[i] = (int32_t)(int64_t)event[layout->offset];
    for (uint32_t s = 0; s < layout->slot_count; s++)
        slices->slot_values[s * slices->room + i] = (int64_t)event[layout->slots + s];
}

static tally_rc keep_ids(const tally_slices *slices, uint32_t count, tally_arena *arena,
                         tally_history *history, tally_err *err)
{
    tally_text *ids = tally_arena_zalloc_array(arena, count + 1u, sizeof(*ids));

    if (ids == NULL)
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        char room[TALLY_ID_ROOM_BYTES];
        tally_text id = tally_ids_text(&slices->shared->ids, room, slices->items[i].id);

        if (!tally_arena_copy_text(arena, &ids[i], id))
            return no_memory(err);
    }
    history->id = ids;
    return TALLY_OK;
}

/* Order the items and write them to the columns from place `from` on; returns
 * how many are left without doubles. */
static uint32_t fill_columns(tally_slices *slices, uint32_t count, uint32_t from)
{
    if (may_have_doubles(slices, count))
        count = drop_doubles(slices, count);
    if (!is_sorted(slices, count))
        sort_items(slices, count, compare_items);
    for (uint32_t i = 0; i < count; i++)
        fill_column(slices, from + i, tally_gather_event(slices->gather, slices->items[i].index));
    return count;
}

static tally_rc columns_history(tally_slices *slices, uint32_t count, tally_arena *arena,
                                tally_history *out_history, tally_err *err)
{
    const tally_gather_layout *layout = &slices->gather->layout;
    tally_history history = {
        .at_ms = slices->at_ms,
        .recorded_ms = slices->gather->has_recorded ? slices->recorded_ms : NULL,
        .offset_s = layout->offset != 0 ? slices->offset_s : NULL,
        .type = slices->type,
        .slots = slices->slots,
        .slot_count = layout->slot_count,
    };

    count = fill_columns(slices, count, 0);
    history.count = count;
    if (slices->keeps_ids) {
        tally_rc rc = keep_ids(slices, count, arena, &history, err);

        if (rc != TALLY_OK)
            return rc;
    }
    *out_history = history;
    return TALLY_OK;
}

/* ---- loose records -------------------------------------------------------------- */

/* A value as the text from which it would be read again. */
static bool value_text(const tally_slices *slices, const tally_field *field, int64_t value,
                       tally_arena *arena, tally_text *out_text)
{
    char number[TALLY_DECIMAL_TEXT_BYTES];
    char day[TALLY_DATE_TEXT_BYTES];

    switch (field->type) {
    case TALLY_TYPE_NUMBER:
        return tally_arena_copy_text(arena, out_text,
                                     tally_decimal_format(number, value, field->decimals, NULL));
    case TALLY_TYPE_WORD:
        *out_text = field->domain->words[value];
        return true;
    case TALLY_TYPE_CONDITION:
        *out_text = value != 0 ? TALLY_TEXT("yes") : TALLY_TEXT("no");
        return true;
    case TALLY_TYPE_DAY:
        return tally_arena_copy_text(arena, out_text, tally_day_format(day, (int32_t)value));
    case TALLY_TYPE_ID:
        *out_text = tally_intern_text(slices->shared->tokens, (uint32_t)value);
        return true;
    default:
        *out_text = TALLY_TEXT("\u2026"); /* a text that no rule reads was not kept */
        return true;
    }
}

static tally_rc own_fields(const tally_slices *slices, const uint64_t *event,
                           const tally_event_type *type, tally_arena *arena, tally_record *record,
                           tally_err *err)
{
    tally_record_text *fields =
        tally_arena_zalloc_array(arena, type->field_count + 1u, sizeof(*fields));

    if (fields == NULL)
        return no_memory(err);
    record->fields = fields;
    for (uint32_t s = 0; s < type->field_count; s++) {
        const tally_field *field = &type->fields[s];
        int64_t value = (int64_t)event[slices->gather->layout.slots + s];
        tally_record_text *to = &fields[record->field_count];

        if (value == TALLY_NOTHING && (field->optional || field->type != TALLY_TYPE_TEXT))
            continue;
        to->name = field->name;
        if (!value_text(slices, field, value, arena, &to->value))
            return no_memory(err);
        record->field_count++;
    }
    return TALLY_OK;
}

tally_rc tally_slices_record(const tally_slices *slices, uint32_t index, tally_arena *arena,
                             tally_record *out_record, tally_err *err)
{
    const tally_gather_layout *layout = &slices->gather->layout;
    const uint64_t *event = tally_gather_event(slices->gather, index);
    uint32_t type = tally_gather_type(event);
    char room[TALLY_ID_ROOM_BYTES];
    tally_record record = {
        .type = slices->policy->types[type].name,
        .at_ms = tally_gather_at(event),
        .recorded_ms = layout->recorded != 0 ? (int64_t)event[layout->recorded] : TALLY_NOTHING,
        .offset_s = layout->offset != 0 ? (int32_t)(int64_t)event[layout->offset] : 0,
    };
    tally_rc rc = TALLY_OK;

    if (!tally_arena_copy_text(arena, &record.id,
                               tally_ids_text(&slices->shared->ids, room, event_id(slices, event))))
        return no_memory(err);
    if (type < TALLY_RECORD_TYPES) {
        const tally_gather_texts *texts = &slices->gather->texts[event[layout->slots]];

        record.field_count = texts->count;
        record.fields = texts->fields;
    } else {
        rc = own_fields(slices, event, &slices->policy->types[type], arena, &record, err);
    }
    if (rc == TALLY_OK)
        *out_record = record;
    return rc;
}

tally_rc tally_slices_build(tally_slices *slices, const tally_record *records,
                            const uint32_t *lines, uint32_t count, tally_arena *arena,
                            tally_history *out_history, tally_err *err)
{
    tally_history_builder *builder = NULL;
    const tally_refusal *refusals = NULL;
    uint32_t refusal_count = 0;
    tally_rc rc =
        tally_history_builder_new(&builder, slices->policy, arena, slices->shared->tokens, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < count; i++)
        rc = tally_history_builder_add(builder, &records[i], err);
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, out_history, &refusals, &refusal_count, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < refusal_count; i++)
        slices->refuse->refuse(slices->refuse->context, lines[refusals[i].input_index],
                               refusals[i].code, refusals[i].id, refusals[i].message);
    return rc;
}

static tally_rc loose_history(tally_slices *slices, const uint32_t *events, uint32_t count,
                              tally_arena *arena, tally_history *out_history, tally_err *err)
{
    tally_record *records = tally_arena_zalloc_array(arena, count + 1u, sizeof(*records));
    uint32_t *lines = tally_arena_zalloc_array(arena, count + 1u, sizeof(*lines));
    tally_rc rc = records != NULL && lines != NULL ? TALLY_OK : no_memory(err);

    for (uint32_t i = 0; rc == TALLY_OK && i < count; i++) {
        lines[i] = tally_gather_line(tally_gather_event(slices->gather, events[i]));
        rc = tally_slices_record(slices, events[i], arena, &records[i], err);
    }
    return rc == TALLY_OK
               ? tally_slices_build(slices, records, lines, count, arena, out_history, err)
               : rc;
}

/* Gather the items; true if they include records about records. */
static bool load_items(tally_slices *slices, const uint32_t *events, uint32_t count)
{
    bool has_records_about = false;

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t *event = tally_gather_event(slices->gather, events[i]);

        if (i + 8 < count)
            __builtin_prefetch(tally_gather_event(slices->gather, events[i + 8]));
        has_records_about |= tally_gather_type(event) < TALLY_RECORD_TYPES;
        slices->items[i] =
            (tally_slice_item){ tally_gather_at(event), event_id(slices, event), events[i] };
    }
    return has_records_about;
}

tally_rc tally_slices_history(tally_slices *slices, const uint32_t *events, uint32_t count,
                              tally_arena *arena, tally_history *out_history, tally_err *err)
{
    tally_rc rc = make_room(slices, count, err);

    if (rc != TALLY_OK)
        return rc;
    if (load_items(slices, events, count) || slices->needs_builder)
        return loose_history(slices, events, count, arena, out_history, err);
    return columns_history(slices, count, arena, out_history, err);
}

tally_rc tally_slices_append(tally_slices *slices, const uint32_t *events, uint32_t count,
                             uint32_t from, uint32_t room, bool *is_taken, uint32_t *out_count,
                             tally_err *err)
{
    tally_rc rc = make_room(slices, room, err);

    TALLY_ASSERT(from + count <= room);
    if (rc != TALLY_OK)
        return rc;
    *is_taken = !load_items(slices, events, count) && !slices->needs_builder &&
                !slices->gather->has_recorded;
    if (*is_taken)
        *out_count = fill_columns(slices, count, from);
    return TALLY_OK;
}
