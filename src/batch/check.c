/* SPDX-License-Identifier: Apache-2.0 */
/* The closed schema (charter R8): a type of the policy, each of its fields given
 * unless it may be nothing, no other name, every value within its type. A type's
 * fields come in the same order in most events, so each name is looked for first
 * at the slot behind the one before. */

#include "batch/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "batch/reader.h"
#include "score/score.h"

#define TYPE_PLACES      1024u /* four for each type */
#define REASON_BYTES_MAX 200u
#define VALUE_BYTES_MAX  256u /* of a value that no rule reads, and of ids */
#define NO_DAY           INT32_MIN

struct tally_batch_checker {
    const struct tally_policy *policy;
    uint16_t types[TYPE_PLACES]; /* index + 1; 0: free */
    int32_t day;                 /* whose first instant is day_ms */
    int64_t day_ms;
};

/* One check: what the helpers share. */
typedef struct checking {
    tally_batch_checker *checker;
    const tally_batch_event *event;
    tally_batch_checked *out;
    const tally_batch_problem *problem;
    tally_arena *arena;
    bool is_full; /* the arena had no room for the problem */
} checking;

/* FNV-1a. The names are the policy's: whoever writes one that collides slows
 * down nobody but itself. */
static uint32_t place_of(tally_text name)
{
    uint32_t hash = UINT32_C(2166136261);

    for (size_t i = 0; i < name.count; i++)
        hash = (hash ^ (uint8_t)name.bytes[i]) * UINT32_C(16777619);
    return (hash ^ hash >> 15) % TYPE_PLACES;
}

tally_rc tally_batch_checker_new(tally_batch_checker **out_checker,
                                 const struct tally_policy *policy, tally_arena *arena,
                                 tally_err *err)
{
    tally_batch_checker *checker = tally_arena_zalloc(arena, sizeof(*checker));

    if (checker == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "preparing the event types");
    checker->policy = policy;
    checker->day = NO_DAY;
    for (uint32_t i = 0; i < policy->type_count; i++) {
        uint32_t place = place_of(policy->types[i].name);

        while (checker->types[place] != 0)
            place = (place + 1) % TYPE_PLACES;
        checker->types[place] = (uint16_t)(i + 1);
    }
    *out_checker = checker;
    return TALLY_OK;
}

static bool find_type(const tally_batch_checker *checker, tally_text name, uint32_t *out_type)
{
    for (uint32_t place = place_of(name); checker->types[place] != 0;
         place = (place + 1) % TYPE_PLACES) {
        uint32_t type = checker->types[place] - 1u;

        if (tally_text_is_equal(checker->policy->types[type].name, name)) {
            *out_type = type;
            return true;
        }
    }
    return false;
}

/* ---- problems ------------------------------------------------------------------- */

static bool refuse(checking *check, const char *place, const char *format, ...) TALLY_PRINTF(3, 4);

static bool refuse(checking *check, const char *place, const char *format, ...)
{
    tally_err text = TALLY_ERR_INIT;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text.message, sizeof(text.message), format, arguments);
    va_end(arguments);
    check->problem = tally_batch_problem_new(check->arena, "E_SCHEMA", "R8", check->event, place,
                                             tally_text_from(text.message));
    check->is_full = check->problem == NULL;
    return false;
}

static bool refuse_value(checking *check, const tally_record_text *given, const char *why)
{
    return refuse(check, given->value.bytes, "%.*s: \"%.*s\" %s",
                  TALLY_TEXT_ARGS(tally_batch_brief(given->name)),
                  TALLY_TEXT_ARGS(tally_batch_brief(given->value)), why);
}

static bool refuse_name(checking *check, const tally_record_text *given, tally_text type)
{
    return refuse(check, given->name.bytes, "%.*s has no field `%.*s`", TALLY_TEXT_ARGS(type),
                  TALLY_TEXT_ARGS(tally_batch_brief(given->name)));
}

/* ---- fields --------------------------------------------------------------------- */

static bool read_value(checking *check, const tally_field *field, uint32_t index,
                       int64_t *out_value)
{
    const tally_record_text *given = &check->event->fields[index];
    bool is_opaque = field->type == TALLY_TYPE_ID || field->type == TALLY_TYPE_TEXT;
    tally_buffer reason;

    if (is_opaque && given->value.count > 0) {
        if (given->value.count > VALUE_BYTES_MAX)
            return refuse_value(check, given, "is longer than 256 bytes");
        if (!tally_text_is_visible(given->value))
            return refuse_value(check, given, "has characters that cannot be seen");
        *out_value = field->type == TALLY_TYPE_ID ? (int64_t)index : 0;
        return true;
    }
    if (TALLY_LIKELY(tally_field_parse(field, given->value, NULL, out_value, NULL)))
        return true;
    tally_buffer_init(&reason, REASON_BYTES_MAX);
    (void)tally_field_parse(field, given->value, NULL, out_value, &reason);
    if (tally_buffer_failure(&reason) != TALLY_OK)
        (void)refuse_value(check, given, "is out of the field's type");
    else
        (void)refuse_value(check, given, tally_buffer_string(&reason));
    tally_buffer_free(&reason);
    return false;
}

static uint32_t find_slot(const tally_event_type *type, tally_text name, uint32_t hint)
{
    if (TALLY_LIKELY(hint < type->field_count &&
                     tally_text_is_equal(type->fields[hint].name, name)))
        return hint;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (tally_text_is_equal(type->fields[i].name, name))
            return i;
    }
    return type->field_count;
}

static bool check_fields(checking *check, const tally_event_type *type)
{
    tally_batch_checked *out = check->out;
    uint64_t is_given = 0;
    uint32_t slot = UINT32_MAX;

    out->slot_count = type->field_count;
    for (uint32_t i = 0; i < type->field_count; i++)
        out->slots[i] = TALLY_NOTHING;
    for (uint32_t i = 0; i < check->event->field_count; i++) {
        slot = find_slot(type, check->event->fields[i].name, slot + 1);
        if (TALLY_UNLIKELY(slot == type->field_count))
            return refuse_name(check, &check->event->fields[i], type->name);
        if (TALLY_UNLIKELY(!read_value(check, &type->fields[slot], i, &out->slots[slot])))
            return false;
        is_given |= UINT64_C(1) << slot;
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (TALLY_UNLIKELY((is_given >> i & 1) == 0 && !type->fields[i].optional))
            return refuse(check, NULL, "%.*s is missing", TALLY_TEXT_ARGS(type->fields[i].name));
    }
    return true;
}

/* ---- records about records -------------------------------------------------------- */

static bool read_new_at(checking *check, const tally_record_text *given)
{
    tally_moment moment;

    if (given->value.count == 0)
        return true;
    if (tally_time_parse(&moment, given->value, TALLY_TIME_RFC3339, NULL) != TALLY_OK)
        return refuse(check, given->value.bytes,
                      "corrected-at: \"%.*s\" is no RFC 3339 instant or day",
                      TALLY_TEXT_ARGS(tally_batch_brief(given->value)));
    check->out->corrected_at_ms = tally_score_moment_ms(check->checker->policy, moment);
    return true;
}

static bool read_finding(checking *check, const tally_record_text *given)
{
    if (!tally_text_is(given->value, "stands") && !tally_text_is(given->value, "dropped"))
        return refuse_value(check, given, "is neither stands nor dropped");
    check->out->slot_count = 1;
    check->out->slots[0] = tally_text_is(given->value, "dropped");
    return true;
}

static bool check_about(checking *check, const tally_event_type *type)
{
    tally_batch_checked *out = check->out;

    for (uint32_t i = 0; i < check->event->field_count; i++) {
        const tally_record_text *given = &check->event->fields[i];
        bool is_good = true;

        if (tally_text_is(given->name, "of"))
            out->of = given->value;
        else if (out->type == TALLY_RECORD_DECISION && tally_text_is(given->name, "finding"))
            is_good = read_finding(check, given);
        else if (out->type != TALLY_RECORD_CORRECTION)
            is_good = refuse_name(check, given, type->name);
        else if (tally_text_is(given->name, "at"))
            is_good = read_new_at(check, given);
        if (!is_good)
            return false;
    }
    if (out->of.count == 0)
        return refuse(check, NULL, "`of` is missing: the id of the record this is about");
    if (out->of.count > TALLY_BATCH_ID_BYTES_MAX || !tally_text_is_visible(out->of))
        return refuse(check, out->of.bytes, "`of` is not the id of a record");
    if (out->type == TALLY_RECORD_DECISION && out->slot_count == 0)
        return refuse(check, NULL, "`finding` is missing: stands or dropped");
    return true;
}

/* ---- an event --------------------------------------------------------------------- */

static bool check_at(checking *check)
{
    tally_batch_checker *checker = check->checker;
    tally_moment at = check->event->at;
    int64_t at_ms;

    if (at.has_time) {
        at_ms = tally_score_moment_ms(checker->policy, at);
    } else {
        if (checker->day != at.day) {
            checker->day_ms = tally_score_moment_ms(checker->policy, at);
            checker->day = at.day;
        }
        at_ms = checker->day_ms;
    }
    /* Two days from either end the engine would refuse it. */
    if (at_ms < (TALLY_DAY_MIN + 2) * TALLY_DAY_MS || at_ms >= (TALLY_DAY_MAX - 1) * TALLY_DAY_MS)
        return refuse(check, NULL, "its time is outside the calendar");
    check->out->at_ms = at_ms;
    check->out->offset_s = at.offset_s;
    return true;
}

static tally_rc end_check(checking *check, const tally_batch_problem **out_problem, tally_err *err)
{
    if (check->is_full)
        return tally_err_set(err, tally_arena_failure(check->arena), 0,
                             "no memory left for the batch");
    *out_problem = check->problem;
    return TALLY_OK;
}

tally_rc tally_batch_check_event(tally_batch_checker *checker, const tally_batch_event *event,
                                 tally_batch_checked *out, const tally_batch_problem **out_problem,
                                 tally_arena *arena, tally_err *err)
{
    checking check = { .checker = checker, .event = event, .out = out, .arena = arena };
    const tally_event_type *type;

    TALLY_ASSERT(event->problem == NULL);
    out->of = (tally_text){ NULL, 0 };
    out->slot_count = 0;
    out->corrected_at_ms = TALLY_NOTHING;
    if (TALLY_UNLIKELY(!find_type(checker, event->type, &out->type))) {
        (void)refuse(&check, event->type.bytes, "`%.*s` is no event type of this policy",
                     TALLY_TEXT_ARGS(tally_batch_brief(event->type)));
        return end_check(&check, out_problem, err);
    }
    type = &checker->policy->types[out->type];
    if (check_at(&check))
        (void)(out->type < TALLY_RECORD_TYPES ? check_about(&check, type)
                                              : check_fields(&check, type));
    return end_check(&check, out_problem, err);
}

tally_rc tally_batch_check_correction(tally_batch_checker *checker, const tally_batch_event *event,
                                      uint32_t target_type, tally_batch_checked *out,
                                      const tally_batch_problem **out_problem, tally_arena *arena,
                                      tally_err *err)
{
    checking check = { .checker = checker, .event = event, .out = out, .arena = arena };
    const tally_event_type *type = &checker->policy->types[target_type];

    TALLY_ASSERT(out->type == TALLY_RECORD_CORRECTION && target_type >= TALLY_RECORD_TYPES &&
                 target_type < checker->policy->type_count);
    out->slot_count = type->field_count;
    for (uint32_t i = 0; i < type->field_count; i++)
        out->slots[i] = TALLY_NOTHING;
    for (uint32_t i = 0; i < event->field_count; i++) {
        const tally_record_text *given = &event->fields[i];
        uint32_t slot;

        if (given->value.count == 0 || tally_text_is(given->name, "of"))
            continue; /* nothing is corrected by it */
        slot = find_slot(type, given->name, 0);
        if (slot == type->field_count) {
            if (tally_text_is(given->name, "at"))
                continue;
            (void)refuse_name(&check, given, type->name);
            break;
        }
        if (!read_value(&check, &type->fields[slot], i, &out->slots[slot]))
            break;
    }
    return end_check(&check, out_problem, err);
}
