/* SPDX-License-Identifier: Apache-2.0 */
/* From loose records to one subject's history (docs/policy-language.md section 2).
 *
 * Records come in any order. Each is checked on its own when it is added; what
 * depends on another record (the target of a void, of a correction …) waits
 * for the end. A record that does not fit is refused: noted with a code and a
 * sentence, and it takes no part. Nothing here depends on the as-of. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "score/engine.h"
#include "score/tokens.h"

#define EVENTS_MAX        1000000u
#define MESSAGE_BYTES_MAX 400u

typedef struct stored {
    tally_text id;
    int64_t at_ms, recorded_ms;
    int32_t offset_s;
    uint32_t type, input_index;
    int64_t *values;  /* per field of its type; of a decision: the finding */
    tally_text of_id; /* of a record about a record */
    uint32_t of;      /* index into the stored records */
    uint32_t field_count;
    tally_record_text *fields; /* of a correction: still to be read */
    int64_t correction_at_ms;
    uint32_t target_type; /* of a correction */
    bool is_refused;
} stored;

struct tally_history_builder {
    const struct tally_policy *policy;
    tally_arena *arena;
    tally_intern *tokens;
    tally_tokens private_tokens; /* where tokens is NULL */
    tally_tokens ids;            /* number = index of the stored record */
    uint32_t input_count;
    uint32_t stored_count, stored_room;
    stored *stored;
    uint32_t refusal_count, refusal_room;
    tally_refusal *refusals;
};

static tally_rc no_memory(const tally_history_builder *builder, tally_err *err)
{
    return tally_err_set(err, tally_arena_failure(builder->arena), 0,
                         "no memory left for this subject's records");
}

tally_rc tally_history_builder_new(tally_history_builder **out_builder,
                                   const struct tally_policy *policy, tally_arena *arena,
                                   tally_intern *tokens, tally_err *err)
{
    tally_history_builder *builder = tally_arena_zalloc(arena, sizeof(*builder));

    if (builder == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "opening a history");
    builder->policy = policy;
    builder->arena = arena;
    builder->tokens = tokens;
    *out_builder = builder;
    return TALLY_OK;
}

/* ---- refusals ------------------------------------------------------------------- */

static tally_rc refuse(tally_history_builder *builder, uint32_t input_index, tally_text id,
                       const char *code, tally_err *err, const char *format, ...)
    TALLY_PRINTF(6, 7);

static tally_rc refuse(tally_history_builder *builder, uint32_t input_index, tally_text id,
                       const char *code, tally_err *err, const char *format, ...)
{
    tally_refusal refusal = { .input_index = input_index, .code = code };
    char message[MESSAGE_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (!tally_arena_copy_text(builder->arena, &refusal.id, id) ||
        !tally_arena_copy_text(builder->arena, &refusal.message, tally_text_from(message)))
        return no_memory(builder, err);
    if (builder->refusal_count == builder->refusal_room) {
        uint32_t room = builder->refusal_room == 0 ? 16 : builder->refusal_room * 2;
        tally_refusal *grown = tally_arena_alloc(builder->arena, room * sizeof(*grown));

        if (grown == NULL)
            return no_memory(builder, err);
        if (builder->refusal_count > 0)
            memcpy(grown, builder->refusals, builder->refusal_count * sizeof(*grown));
        builder->refusals = grown;
        builder->refusal_room = room;
    }
    builder->refusals[builder->refusal_count++] = refusal;
    return TALLY_OK;
}

/* A text for a message: no longer than a line, cut at a whole UTF-8 character. */
static tally_text brief(tally_text text)
{
    size_t count = text.count < 80 ? text.count : 80;

    while (count > 0 && count < text.count && ((uint8_t)text.bytes[count] & 0xc0) == 0x80)
        count--;
    return tally_text_slice(text, 0, count);
}

/* ---- fields ------------------------------------------------------------------------ */

static bool find_type(const struct tally_policy *policy, tally_text name, uint32_t *out_type)
{
    for (uint32_t i = 0; i < policy->type_count; i++)
        if (tally_text_is_equal(policy->types[i].name, name)) {
            *out_type = i;
            return true;
        }
    return false;
}

static bool find_field(const tally_event_type *type, tally_text name, uint32_t *out_slot)
{
    for (uint32_t i = 0; i < type->field_count; i++)
        if (tally_text_is_equal(type->fields[i].name, name)) {
            *out_slot = i;
            return true;
        }
    return false;
}

/* The number of an id that a field holds. */
static tally_rc token_of(tally_history_builder *builder, tally_text text, int64_t *out_value,
                         tally_err *err)
{
    uint32_t token = 0;
    tally_text copy;
    tally_rc rc;

    if (builder->tokens != NULL) {
        rc = tally_intern_add(builder->tokens, &token, text);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, 0, "no memory left for ids");
    } else if (!tally_tokens_find(&builder->private_tokens, text, &token)) {
        token = builder->private_tokens.count;
        if (!tally_arena_copy_text(builder->arena, &copy, text) ||
            !tally_tokens_add(&builder->private_tokens, builder->arena, copy))
            return no_memory(builder, err);
    }
    *out_value = token;
    return TALLY_OK;
}

/* Read one field. What is wrong is refused, with *out_is_refused set. */
static tally_rc read_field(tally_history_builder *builder, const stored *record,
                           const tally_field *field, tally_text text, int64_t *out_value,
                           bool *out_is_refused, tally_err *err)
{
    tally_buffer reason;
    tally_rc rc = TALLY_OK;

    if (field->type == TALLY_TYPE_ID && text.count > 0)
        return token_of(builder, text, out_value, err);
    tally_buffer_init(&reason, MESSAGE_BYTES_MAX);
    if (!tally_field_parse(field, text, NULL, out_value, &reason)) {
        *out_is_refused = true;
        rc = refuse(builder, record->input_index, record->id,
                    text.count == 0 ? "missing-field" : "out-of-type", err, "%.*s: \"%.*s\" %s",
                    TALLY_TEXT_ARGS(field->name), TALLY_TEXT_ARGS(brief(text)),
                    tally_buffer_string(&reason));
    }
    tally_buffer_free(&reason);
    return rc;
}

/* The policy's own types: every field in its place. */
static tally_rc read_fields(tally_history_builder *builder, stored *record,
                            const tally_record *given, bool *out_is_refused, tally_err *err)
{
    const tally_event_type *type = &builder->policy->types[record->type];
    bool is_given[TALLY_FIELDS_MAX] = { false };

    record->values = tally_arena_alloc(builder->arena, type->field_count * sizeof(*record->values));
    if (record->values == NULL)
        return no_memory(builder, err);
    for (uint32_t i = 0; i < type->field_count; i++)
        record->values[i] = TALLY_NOTHING;
    for (uint32_t i = 0; i < given->field_count; i++) {
        uint32_t slot;
        tally_rc rc;

        if (!find_field(type, given->fields[i].name, &slot) || is_given[slot]) {
            *out_is_refused = true;
            return refuse(builder, record->input_index, record->id, "unknown-field", err,
                          "%.*s has no field %.*s, or it is given twice",
                          TALLY_TEXT_ARGS(type->name),
                          TALLY_TEXT_ARGS(brief(given->fields[i].name)));
        }
        is_given[slot] = true;
        rc = read_field(builder, record, &type->fields[slot], given->fields[i].value,
                        &record->values[slot], out_is_refused, err);
        if (rc != TALLY_OK || *out_is_refused)
            return rc;
    }
    for (uint32_t i = 0; i < type->field_count; i++)
        if (!is_given[i] && !type->fields[i].optional) {
            *out_is_refused = true;
            return refuse(builder, record->input_index, record->id, "missing-field", err,
                          "%.*s is missing", TALLY_TEXT_ARGS(type->fields[i].name));
        }
    return TALLY_OK;
}

static tally_rc read_finding(tally_history_builder *builder, stored *record, tally_text text,
                             bool *out_is_refused, tally_err *err)
{
    record->values = tally_arena_alloc(builder->arena, sizeof(*record->values));
    if (record->values == NULL)
        return no_memory(builder, err);
    if (tally_text_is(text, "stands") || tally_text_is(text, "dropped")) {
        record->values[0] = tally_text_is(text, "dropped");
        return TALLY_OK;
    }
    *out_is_refused = true;
    return refuse(builder, record->input_index, record->id,
                  text.count == 0 ? "missing-field" : "out-of-type", err,
                  "finding: \"%.*s\" is neither stands nor dropped", TALLY_TEXT_ARGS(brief(text)));
}

/* Keep a correction's fields as texts: what they mean depends on its target. */
static tally_rc keep_texts(tally_history_builder *builder, stored *record,
                           const tally_record *given, tally_err *err)
{
    record->fields =
        tally_arena_zalloc_array(builder->arena, given->field_count, sizeof(*record->fields));
    if (record->fields == NULL)
        return no_memory(builder, err);
    for (uint32_t i = 0; i < given->field_count; i++) {
        tally_record_text *field = &record->fields[record->field_count];

        if (tally_text_is(given->fields[i].name, "of"))
            continue;
        if (!tally_arena_copy_text(builder->arena, &field->name, given->fields[i].name) ||
            !tally_arena_copy_text(builder->arena, &field->value, given->fields[i].value))
            return no_memory(builder, err);
        record->field_count++;
    }
    return TALLY_OK;
}

/* Records about a record. */
static tally_rc read_about(tally_history_builder *builder, stored *record,
                           const tally_record *given, bool *out_is_refused, tally_err *err)
{
    tally_text of = tally_text_of(NULL, 0);
    tally_text finding = of;

    for (uint32_t i = 0; i < given->field_count; i++) {
        const tally_record_text *field = &given->fields[i];

        if (tally_text_is(field->name, "of") && of.count == 0) {
            of = field->value;
        } else if (record->type == TALLY_RECORD_DECISION && tally_text_is(field->name, "finding")) {
            finding = field->value;
        } else if (record->type != TALLY_RECORD_CORRECTION || tally_text_is(field->name, "of")) {
            *out_is_refused = true;
            return refuse(builder, record->input_index, record->id, "unknown-field", err,
                          "%.*s has no field %.*s, or it is given twice",
                          TALLY_TEXT_ARGS(given->type), TALLY_TEXT_ARGS(brief(field->name)));
        }
    }
    if (of.count == 0) {
        *out_is_refused = true;
        return refuse(builder, record->input_index, record->id, "missing-field", err,
                      "`of` is missing: the id of the record this is about");
    }
    if (!tally_arena_copy_text(builder->arena, &record->of_id, of))
        return no_memory(builder, err);
    if (record->type == TALLY_RECORD_DECISION)
        return read_finding(builder, record, finding, out_is_refused, err);
    if (record->type == TALLY_RECORD_CORRECTION)
        return keep_texts(builder, record, given, err);
    return TALLY_OK;
}

/* ---- adding ---------------------------------------------------------------------------- */

static bool is_in_calendar(int64_t t)
{
    return t >= (int64_t)(TALLY_DAY_MIN + 2) * TALLY_DAY_MS &&
           t < (int64_t)(TALLY_DAY_MAX - 1) * TALLY_DAY_MS;
}

static bool is_late(const tally_history_builder *builder, const stored *record)
{
    const tally_event_type *type = &builder->policy->types[record->type];
    tally_context probe = { .policy = builder->policy };

    return type->has_recorded_by &&
           record->recorded_ms >=
               tally_deadline_instant(&probe, tally_context_version_at(&probe, record->at_ms),
                                      &type->recorded_by, record->at_ms, record->offset_s);
}

static tally_rc store(tally_history_builder *builder, const stored *record, tally_err *err)
{
    if (builder->stored_count == EVENTS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "more than %u events of one subject",
                             EVENTS_MAX);
    if (builder->stored_count == builder->stored_room) {
        uint32_t room = builder->stored_room == 0 ? 32 : builder->stored_room * 2;
        stored *grown = tally_arena_alloc(builder->arena, room * sizeof(*grown));

        if (grown == NULL)
            return no_memory(builder, err);
        if (builder->stored_count > 0)
            memcpy(grown, builder->stored, builder->stored_count * sizeof(*grown));
        builder->stored = grown;
        builder->stored_room = room;
    }
    if (!tally_tokens_add(&builder->ids, builder->arena, record->id))
        return no_memory(builder, err);
    builder->stored[builder->stored_count++] = *record;
    return TALLY_OK;
}

tally_rc tally_history_builder_add(tally_history_builder *builder, const tally_record *given,
                                   tally_err *err)
{
    stored record = {
        .at_ms = given->at_ms,
        .recorded_ms = given->recorded_ms == TALLY_NOTHING ? given->at_ms : given->recorded_ms,
        .offset_s = given->offset_s,
        .input_index = builder->input_count++,
        .of = TALLY_NO_INDEX,
        .correction_at_ms = TALLY_NOTHING,
    };
    bool is_refused = false;
    uint32_t same;
    tally_rc rc;

    if (!tally_arena_copy_text(builder->arena, &record.id, given->id))
        return no_memory(builder, err);
    if (!find_type(builder->policy, given->type, &record.type))
        return refuse(builder, record.input_index, record.id, "unknown-type", err,
                      "the policy has no event type %.*s", TALLY_TEXT_ARGS(brief(given->type)));
    if (tally_tokens_find(&builder->ids, record.id, &same))
        return refuse(builder, record.input_index, record.id, "duplicate", err,
                      "there is a record with the id %.*s already",
                      TALLY_TEXT_ARGS(brief(record.id)));
    if (!is_in_calendar(record.at_ms) || !is_in_calendar(record.recorded_ms) ||
        record.offset_s < TALLY_ZONE_OFFSET_S_MIN || record.offset_s > TALLY_ZONE_OFFSET_S_MAX)
        return refuse(builder, record.input_index, record.id, "out-of-type", err,
                      "its time is outside the calendar");
    rc = record.type < TALLY_RECORD_TYPES ? read_about(builder, &record, given, &is_refused, err)
                                          : read_fields(builder, &record, given, &is_refused, err);
    if (rc != TALLY_OK || is_refused)
        return rc;
    if (is_late(builder, &record))
        return refuse(builder, record.input_index, record.id, "recorded-late", err,
                      "it was recorded after the deadline of %.*s", TALLY_TEXT_ARGS(given->type));
    return store(builder, &record, err);
}

/* ---- finishing: targets -------------------------------------------------------------------- */

static tally_rc refuse_stored(tally_history_builder *builder, stored *record, const char *code,
                              const char *why, tally_err *err)
{
    record->is_refused = true;
    return refuse(builder, record->input_index, record->id, code, err, "`of: %.*s` %s",
                  TALLY_TEXT_ARGS(brief(record->of_id)), why);
}

static bool read_new_at(const tally_history_builder *builder, const stored *record,
                        const stored *target, tally_text text, int64_t *out_ms)
{
    tally_context probe = { .policy = builder->policy };
    const tally_zone *zone =
        tally_context_zone(&probe, tally_context_version_at(&probe, target->at_ms), TALLY_NO_INDEX);
    tally_moment moment;
    int64_t at_ms;

    if (tally_time_parse(&moment, text, TALLY_TIME_RFC3339, NULL) != TALLY_OK)
        return false;
    at_ms = zone != NULL ? tally_zone_moment_ms(zone, moment)
                         : tally_moment_ms(moment, record->offset_s);
    if (!is_in_calendar(at_ms))
        return false;
    *out_ms = at_ms;
    return true;
}

/* Read a correction's fields as those of its target's type. */
static tally_rc read_correction(tally_history_builder *builder, stored *record,
                                const stored *target, tally_err *err)
{
    const tally_event_type *type = &builder->policy->types[target->type];

    record->target_type = target->type;
    record->values = tally_arena_alloc(builder->arena, type->field_count * sizeof(*record->values));
    if (record->values == NULL)
        return no_memory(builder, err);
    for (uint32_t i = 0; i < type->field_count; i++)
        record->values[i] = TALLY_NOTHING;
    for (uint32_t i = 0; i < record->field_count && !record->is_refused; i++) {
        const tally_record_text *field = &record->fields[i];
        uint32_t slot;
        tally_rc rc = TALLY_OK;

        if (field->value.count == 0)
            continue; /* not corrected */
        if (find_field(type, field->name, &slot)) {
            rc = read_field(builder, record, &type->fields[slot], field->value,
                            &record->values[slot], &record->is_refused, err);
        } else if (!tally_text_is(field->name, "at")) {
            record->is_refused = true;
            rc = refuse(builder, record->input_index, record->id, "unknown-field", err,
                        "%.*s has no field %.*s", TALLY_TEXT_ARGS(type->name),
                        TALLY_TEXT_ARGS(brief(field->name)));
        } else if (!read_new_at(builder, record, target, field->value, &record->correction_at_ms)) {
            record->is_refused = true;
            rc = refuse(builder, record->input_index, record->id, "out-of-type", err,
                        "at: \"%.*s\" is not a day or instant",
                        TALLY_TEXT_ARGS(brief(field->value)));
        }
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc resolve(tally_history_builder *builder, stored *record, tally_err *err)
{
    const stored *target;
    uint32_t of;

    if (!tally_tokens_find(&builder->ids, record->of_id, &of) || builder->stored[of].is_refused)
        return refuse_stored(builder, record, "unknown-of", "names no record of this subject", err);
    target = &builder->stored[of];
    record->of = of;
    if (record->type == TALLY_RECORD_VOID)
        return TALLY_OK;
    if (target->type < TALLY_RECORD_TYPES)
        return refuse_stored(builder, record, "unknown-of",
                             "names a record about a record, which can only be voided", err);
    if (record->type == TALLY_RECORD_CORRECTION)
        return read_correction(builder, record, target, err);
    if (record->at_ms < target->at_ms)
        return refuse_stored(builder, record, "before-its-target", "names a later record", err);
    return TALLY_OK;
}

/* ---- finishing: columns ---------------------------------------------------------------------- */

static int order_stored(const void *left, const void *right)
{
    const stored *a = *(const stored *const *)left;
    const stored *b = *(const stored *const *)right;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return tally_id_compare(a->id, b->id);
}

static int order_refusals(const void *left, const void *right)
{
    const tally_refusal *a = left;
    const tally_refusal *b = right;

    return a->input_index < b->input_index ? -1 : a->input_index > b->input_index;
}

/* How many values a record has. */
static uint32_t value_count(const struct tally_policy *policy, const stored *record)
{
    switch (record->type) {
    case TALLY_RECORD_VOID:
    case TALLY_RECORD_REVERSAL:
    case TALLY_RECORD_DISPUTE:
        return 0;
    case TALLY_RECORD_DECISION:
        return 1;
    case TALLY_RECORD_CORRECTION:
        return policy->types[record->target_type].field_count;
    default:
        return policy->types[record->type].field_count;
    }
}

static tally_rc fill_slots(const tally_history_builder *builder, stored *const *order,
                           tally_history *history, tally_err *err)
{
    const int64_t **slots;

    for (uint32_t i = 0; i < history->count; i++) {
        uint32_t values = value_count(builder->policy, order[i]);

        if (values > history->slot_count)
            history->slot_count = values;
    }
    slots = tally_arena_zalloc_array(builder->arena, history->slot_count, sizeof(*slots));
    if (slots == NULL)
        return no_memory(builder, err);
    for (uint32_t slot = 0; slot < history->slot_count; slot++) {
        int64_t *column = tally_arena_alloc(builder->arena, history->count * sizeof(*column));

        if (column == NULL)
            return no_memory(builder, err);
        for (uint32_t i = 0; i < history->count; i++)
            column[i] = slot < value_count(builder->policy, order[i]) ? order[i]->values[slot]
                                                                      : TALLY_NOTHING;
        slots[slot] = column;
    }
    history->slots = slots;
    return TALLY_OK;
}

static tally_rc fill_about(const tally_history_builder *builder, stored *const *order,
                           tally_history *history, tally_err *err)
{
    uint32_t *of = tally_arena_alloc(builder->arena, history->count * sizeof(*of));
    int64_t *correction_at_ms =
        tally_arena_alloc(builder->arena, history->count * sizeof(*correction_at_ms));
    uint32_t *place = tally_arena_zalloc_array(builder->arena, builder->stored_count, sizeof(*of));

    if (of == NULL || correction_at_ms == NULL || place == NULL)
        return no_memory(builder, err);
    for (uint32_t i = 0; i < history->count; i++)
        place[order[i] - builder->stored] = i;
    for (uint32_t i = 0; i < history->count; i++) {
        of[i] = order[i]->of == TALLY_NO_INDEX ? TALLY_NO_INDEX : place[order[i]->of];
        correction_at_ms[i] = order[i]->correction_at_ms;
    }
    history->of = of;
    history->correction_at_ms = correction_at_ms;
    return TALLY_OK;
}

static tally_rc fill_columns(const tally_history_builder *builder, stored *const *order,
                             tally_history *history, tally_err *err)
{
    uint32_t count = history->count;
    int64_t *at_ms = tally_arena_alloc(builder->arena, count * sizeof(*at_ms));
    int64_t *recorded_ms = tally_arena_alloc(builder->arena, count * sizeof(*recorded_ms));
    int32_t *offset_s = tally_arena_alloc(builder->arena, count * sizeof(*offset_s));
    uint8_t *type = tally_arena_alloc(builder->arena, count);
    tally_text *id = tally_arena_alloc(builder->arena, count * sizeof(*id));
    bool has_recorded = false;
    bool has_offset = false;

    if (at_ms == NULL || recorded_ms == NULL || offset_s == NULL || type == NULL || id == NULL)
        return no_memory(builder, err);
    for (uint32_t i = 0; i < count; i++) {
        at_ms[i] = order[i]->at_ms;
        recorded_ms[i] = order[i]->recorded_ms;
        offset_s[i] = order[i]->offset_s;
        type[i] = (uint8_t)order[i]->type;
        id[i] = order[i]->id;
        has_recorded |= recorded_ms[i] != at_ms[i];
        has_offset |= offset_s[i] != 0;
        history->has_records_about |= type[i] < TALLY_RECORD_TYPES;
    }
    history->at_ms = at_ms;
    history->recorded_ms = has_recorded ? recorded_ms : NULL;
    history->offset_s = has_offset ? offset_s : NULL;
    history->type = type;
    history->id = id;
    return history->has_records_about ? fill_about(builder, order, history, err) : TALLY_OK;
}

tally_rc tally_history_builder_finish(tally_history_builder *builder, tally_history *out_history,
                                      const tally_refusal **out_refusals,
                                      uint32_t *out_refusal_count, tally_err *err)
{
    tally_history history = { 0 };
    stored **order = tally_arena_alloc(builder->arena, builder->stored_count * sizeof(*order));
    tally_rc rc = TALLY_OK;

    if (order == NULL)
        return no_memory(builder, err);
    /* Voids last: what they name may itself be refused for its target. */
    for (uint32_t is_void = 0; is_void < 2; is_void++)
        for (uint32_t i = 0; rc == TALLY_OK && i < builder->stored_count; i++)
            if (builder->stored[i].type < TALLY_RECORD_TYPES &&
                (builder->stored[i].type == TALLY_RECORD_VOID) == is_void)
                rc = resolve(builder, &builder->stored[i], err);
    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = 0; i < builder->stored_count; i++) {
        stored *record = &builder->stored[i];

        /* A void of a void that was refused has nothing to name, and nothing to do. */
        if (record->of != TALLY_NO_INDEX && builder->stored[record->of].is_refused)
            record->of = TALLY_NO_INDEX;
        if (!record->is_refused)
            order[history.count++] = record;
    }
    if (history.count > 0)
        qsort(order, history.count, sizeof(*order), order_stored);
    rc = fill_columns(builder, order, &history, err);
    if (rc == TALLY_OK)
        rc = fill_slots(builder, order, &history, err);
    if (rc != TALLY_OK)
        return rc;
    if (builder->refusal_count > 0)
        qsort(builder->refusals, builder->refusal_count, sizeof(*builder->refusals),
              order_refusals);
    *out_history = history;
    *out_refusals = builder->refusals;
    *out_refusal_count = builder->refusal_count;
    return TALLY_OK;
}
