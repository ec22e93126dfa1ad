/* SPDX-License-Identifier: Apache-2.0 */
/* The pass. One record at a time: it stands in the context while its rule is
 * asked (with sets that end before it), then gives way to what the rule writes. */

#include "admission/admission.h"

#include <stdio.h>

#include "admission/admission_internal.h"
#include "util/buffer.h"

#define VALUE_TEXT_BYTES_MAX 4096u

bool tally_admission_is_ruled(const struct tally_policy *policy, tally_text type)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_version *version = &policy->versions[v];

        for (uint32_t i = 0; i < version->admission_count; i++) {
            if (tally_text_is_equal(policy->types[version->admission[i].type].name, type))
                return true;
        }
    }
    return false;
}

bool tally_admission_is_needed(const struct tally_policy *policy)
{
    for (uint32_t v = 0; v < policy->version_count; v++) {
        const tally_version *version = &policy->versions[v];

        if (version->admission_count > 0)
            return true;
        for (uint32_t i = 0; i < version->fact_count; i++) {
            if (version->facts[i].expr != NULL)
                return true;
        }
    }
    return false;
}

/* Room for one more item in an array of the arena: doubling, the old one is left behind. */
static void *make_room(tally_pass_state *state, void *items, uint32_t count, uint32_t *room,
                       size_t item_bytes)
{
    uint32_t larger = *room == 0 ? 64 : *room * 2;
    void *moved;

    if (count < *room)
        return items;
    moved = tally_arena_zalloc_array(state->arena, larger, item_bytes);
    if (moved == NULL) {
        (void)tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                            "the programme has too many records");
        return NULL;
    }
    if (count > 0)
        memcpy(moved, items, count * item_bytes);
    *room = larger;
    return moved;
}

tally_rc tally_admission_refuse(tally_pass_state *state, const tally_admission_refusal *refusal)
{
    void *moved = make_room(state, state->refusals, state->refusal_count, &state->refusal_room,
                            sizeof(*refusal));

    if (moved == NULL)
        return tally_arena_failure(state->arena);
    state->refusals = moved;
    state->refusals[state->refusal_count++] = *refusal;
    return TALLY_OK;
}

tally_rc tally_admission_emit(tally_pass_state *state, const tally_programme_record *record)
{
    void *moved =
        make_room(state, state->records, state->record_count, &state->record_room, sizeof(*record));

    if (moved == NULL)
        return tally_arena_failure(state->arena);
    state->records = moved;
    state->records[state->record_count++] = *record;
    return TALLY_OK;
}

/* ---- values as texts ----------------------------------------------------------- */

/* A field's value as a file would write it. */
static tally_rc value_text(tally_pass_state *state, const tally_field *field, int64_t value,
                           tally_text *out_text)
{
    char number[TALLY_DECIMAL_TEXT_BYTES];
    char day[TALLY_DATE_TEXT_BYTES];
    tally_text text = { NULL, 0 };

    if (value != TALLY_NOTHING) {
        switch (field->type) {
        case TALLY_TYPE_NUMBER:
            text = tally_decimal_format(number, value, field->decimals, NULL);
            break;
        case TALLY_TYPE_WORD:
            text = field->domain->words[value];
            break;
        case TALLY_TYPE_CONDITION:
            text = value != 0 ? TALLY_TEXT("yes") : TALLY_TEXT("no");
            break;
        case TALLY_TYPE_DAY:
            text = tally_day_format(day, (int32_t)value);
            break;
        case TALLY_TYPE_ID:
            text = tally_intern_text(state->tokens, (uint32_t)value);
            break;
        default:
            break;
        }
    }
    if (!tally_arena_copy_text(state->arena, out_text, text))
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "writing admitted records");
    return TALLY_OK;
}

/* A record's fields as texts; out_reason is filled when one is out of its type. */
static tally_rc fields_as_texts(tally_pass_state *state, uint32_t type, const int64_t *slots,
                                tally_record *out_record, tally_buffer *out_reason,
                                bool *out_is_valid)
{
    const tally_event_type *event_type = &state->policy->types[type];
    tally_record_text *fields =
        tally_arena_zalloc_array(state->arena, event_type->field_count + 1, sizeof(*fields));
    tally_rc rc = TALLY_OK;

    *out_is_valid = true;
    if (fields == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "writing admitted records");
    for (uint32_t s = 0; s < event_type->field_count && rc == TALLY_OK; s++) {
        const tally_field *field = &event_type->fields[s];
        int64_t parsed;

        fields[s].name = field->name;
        rc = value_text(state, field, slots[s], &fields[s].value);
        if (rc != TALLY_OK || (slots[s] == TALLY_NOTHING && field->optional))
            continue;
        if (!tally_field_parse(field, fields[s].value, state->tokens, &parsed, out_reason))
            *out_is_valid = false;
    }
    out_record->type = event_type->name;
    out_record->field_count = event_type->field_count;
    out_record->fields = fields;
    return rc;
}

/* ---- one record -------------------------------------------------------------------- */

static tally_rc refuse_event(tally_pass_state *state, const tally_programme_event *event,
                             tally_text message)
{
    return tally_admission_refuse(state, &(tally_admission_refusal){ event->input_index,
                                                                     event->subject_text, event->id,
                                                                     message, "admission" });
}

/* The first refuse condition that is met, or TALLY_NO_INDEX. */
static tally_rc find_refusal(tally_pass_state *state, uint32_t version,
                             const tally_admission_rule *rule, const tally_scope *scope,
                             uint32_t *out_index)
{
    *out_index = TALLY_NO_INDEX;
    for (uint32_t i = 0; i < rule->refuse_count; i++) {
        int64_t met;
        tally_rc rc = tally_evaluate_condition(state->context, version, rule->refuse_when[i], scope,
                                               &met, state->err);

        if (rc != TALLY_OK)
            return rc;
        if (met == 1) {
            *out_index = i;
            return TALLY_OK;
        }
    }
    return TALLY_OK;
}

typedef struct pending_write {
    tally_new_event event;
    tally_text to;
    bool is_wanted;
} pending_write;

/* What one entry of `writes` comes to; is_wanted false when its `when` is not met. */
static tally_rc prepare_write(tally_pass_state *state, uint32_t version, const tally_write *write,
                              const tally_scope *scope, const tally_programme_event *from,
                              pending_write *out)
{
    tally_value value;
    int64_t met;
    int64_t *slots = tally_arena_zalloc_array(state->arena, state->slot_count + 1, sizeof(*slots));
    tally_rc rc;

    if (slots == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "writing admitted records");
    rc = tally_evaluate_condition(state->context, version, write->when, scope, &met, state->err);
    if (rc != TALLY_OK)
        return rc;
    out->is_wanted = met == 1;
    if (!out->is_wanted)
        return TALLY_OK;
    for (uint32_t s = 0; s < state->slot_count; s++)
        slots[s] = TALLY_NOTHING;
    for (uint32_t i = 0; i < write->value_count && rc == TALLY_OK; i++) {
        rc = tally_evaluate(state->context, version, write->values[i], scope, &value, state->err);
        if (rc == TALLY_OK)
            slots[write->slots[i]] = value.a;
    }
    if (rc == TALLY_OK)
        rc = tally_evaluate(state->context, version, write->to, scope, &value, state->err);
    if (rc != TALLY_OK)
        return rc;
    out->event = from->event;
    out->event.type = write->type;
    out->event.slots = slots;
    out->event.subject = value.a == TALLY_NOTHING ? TALLY_NO_INDEX : (uint32_t)value.a;
    if (value.a != TALLY_NOTHING)
        out->to = tally_intern_text(state->tokens, (uint32_t)value.a);
    return TALLY_OK;
}

/* The record's id, followed by "/" and n when a rule writes several. */
static tally_rc written_id(tally_pass_state *state, tally_text id, uint32_t n, uint32_t of,
                           tally_text *out_id)
{
    char suffix[16];
    char *joined;
    int count;

    if (of == 1) {
        *out_id = id;
        return TALLY_OK;
    }
    count = snprintf(suffix, sizeof(suffix), "/%u", n);
    joined = tally_arena_alloc(state->arena, id.count + (size_t)count);
    if (joined == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "writing admitted records");
    if (id.count > 0)
        memcpy(joined, id.bytes, id.count);
    memcpy(joined + id.count, suffix, (size_t)count);
    *out_id = tally_text_of(joined, id.count + (size_t)count);
    return TALLY_OK;
}

static tally_rc emit_event(tally_pass_state *state, const tally_programme_event *from,
                           const pending_write *write, uint32_t n, uint32_t of,
                           const tally_record *fields)
{
    tally_programme_record out = { write->to, *fields, from->input_index };
    tally_rc rc = written_id(state, from->id, n, of, &out.record.id);

    out.record.at_ms = write->event.at_ms;
    out.record.recorded_ms = write->event.recorded_ms;
    out.record.offset_s = write->event.offset_s;
    if (rc == TALLY_OK)
        rc = tally_admission_emit(state, &out);
    if (rc == TALLY_OK)
        rc = tally_context_append(state->context, &write->event, state->err);
    return rc;
}

/* Check all writes, then emit all: a record is admitted whole or not at all. */
static tally_rc emit_writes(tally_pass_state *state, const tally_programme_event *event,
                            const tally_admission_rule *rule, const pending_write *writes,
                            tally_record *fields, tally_buffer *reason)
{
    tally_rc rc = TALLY_OK;
    tally_text message;
    bool is_valid = true;

    for (uint32_t i = 0; i < rule->write_count && rc == TALLY_OK && is_valid; i++) {
        if (!writes[i].is_wanted)
            continue;
        if (writes[i].event.subject == TALLY_NO_INDEX) {
            is_valid = false;
            rc = tally_buffer_append_string(reason, "the record does not say for whom it is");
        } else {
            rc = fields_as_texts(state, writes[i].event.type, writes[i].event.slots, &fields[i],
                                 reason, &is_valid);
        }
    }
    if (rc == TALLY_OK && !is_valid) {
        if (!tally_arena_copy_text(state->arena, &message, tally_buffer_text(reason)))
            return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                                 "refusing a record");
        return refuse_event(state, event, message);
    }
    for (uint32_t i = 0; i < rule->write_count && rc == TALLY_OK; i++) {
        if (writes[i].is_wanted)
            rc = emit_event(state, event, &writes[i], i + 1, rule->write_count, &fields[i]);
    }
    return rc;
}

static tally_rc write_all(tally_pass_state *state, uint32_t version,
                          const tally_programme_event *event, const tally_admission_rule *rule,
                          const tally_scope *scope)
{
    pending_write *writes =
        tally_arena_zalloc_array(state->arena, rule->write_count, sizeof(*writes));
    tally_record *fields =
        tally_arena_zalloc_array(state->arena, rule->write_count, sizeof(*fields));
    tally_buffer reason;
    tally_rc rc = TALLY_OK;

    if (writes == NULL || fields == NULL)
        return tally_err_set(state->err, tally_arena_failure(state->arena), 0,
                             "writing admitted records");
    for (uint32_t i = 0; i < rule->write_count && rc == TALLY_OK; i++)
        rc = prepare_write(state, version, &rule->writes[i], scope, event, &writes[i]);
    if (rc != TALLY_OK)
        return rc;
    tally_context_drop_last(state->context);
    tally_buffer_init(&reason, VALUE_TEXT_BYTES_MAX);
    rc = emit_writes(state, event, rule, writes, fields, &reason);
    tally_buffer_free(&reason);
    return rc;
}

/* The record itself goes through, as corrected. */
static tally_rc let_through(tally_pass_state *state, const tally_programme_event *event)
{
    tally_programme_record out = { event->subject_text, { .at_ms = 0 }, event->input_index };
    bool is_valid = true;
    tally_buffer reason;
    tally_rc rc;

    tally_buffer_init(&reason, VALUE_TEXT_BYTES_MAX);
    rc = fields_as_texts(state, event->event.type, event->event.slots, &out.record, &reason,
                         &is_valid);
    tally_buffer_free(&reason);
    out.record.id = event->id;
    out.record.at_ms = event->event.at_ms;
    out.record.recorded_ms = event->event.recorded_ms;
    out.record.offset_s = event->event.offset_s;
    return rc == TALLY_OK ? tally_admission_emit(state, &out) : rc;
}

static const tally_admission_rule *rule_of(const tally_version *version, uint32_t type)
{
    for (uint32_t i = 0; i < version->admission_count; i++) {
        if (version->admission[i].type == type)
            return &version->admission[i];
    }
    return NULL;
}

static tally_rc decide(tally_pass_state *state, const tally_programme_event *event)
{
    uint32_t index = state->context->events.count;
    uint32_t version = tally_context_version_at(state->context, event->event.at_ms);
    const tally_admission_rule *rule =
        rule_of(&state->policy->versions[version], event->event.type);
    tally_rc rc = tally_context_append(state->context, &event->event, state->err);
    tally_scope scope = { event->event.at_ms,   0, index, index, index, TALLY_NO_INDEX,
                          event->event.offset_s };
    uint32_t refused;

    if (rc != TALLY_OK)
        return rc;
    if (rule == NULL)
        return tally_admission_is_ruled(state->policy, state->policy->types[event->event.type].name)
                   ? let_through(state, event)
                   : TALLY_OK;
    state->context->local_let_count = rule->let_count;
    state->context->local_lets = rule->lets;
    rc = find_refusal(state, version, rule, &scope, &refused);
    if (rc == TALLY_OK && refused != TALLY_NO_INDEX) {
        tally_context_drop_last(state->context);
        rc = refuse_event(state, event, rule->refuse_reasons[refused]);
    } else if (rc == TALLY_OK && rule->write_count == 0) {
        rc = let_through(state, event);
    } else if (rc == TALLY_OK) {
        rc = write_all(state, version, event, rule, &scope);
    }
    state->context->local_let_count = 0;
    state->context->local_lets = NULL;
    return rc;
}

/* ---- all of them ----------------------------------------------------------------------- */

static uint32_t slots_needed(const struct tally_policy *policy)
{
    uint32_t most = 1;

    for (uint32_t t = 0; t < policy->type_count; t++) {
        if (policy->types[t].field_count > most)
            most = policy->types[t].field_count;
    }
    return most;
}

tally_rc tally_admission_run(tally_admission *out_admission, const struct tally_policy *policy,
                             const tally_programme_record *records, uint32_t record_count,
                             int64_t known_ms, tally_intern *tokens, tally_arena *arena,
                             tally_err *err)
{
    tally_pass_state state = { .policy = policy, .arena = arena, .tokens = tokens, .err = err };
    tally_facts facts = { 0, NULL };
    tally_rc rc;

    state.slot_count = slots_needed(policy);
    rc = tally_context_open_empty(&state.context, policy, state.slot_count, arena, err);
    if (rc == TALLY_OK)
        rc = tally_admission_gather(&state, records, record_count, known_ms);
    for (uint32_t i = 0; i < state.event_count && rc == TALLY_OK; i++)
        rc = decide(&state, &state.events[i]);
    if (rc == TALLY_OK)
        rc = tally_admission_facts(&state, known_ms, &facts);
    if (rc != TALLY_OK)
        return rc;
    *out_admission = (tally_admission){ state.record_count, state.records, state.refusal_count,
                                        state.refusals, facts };
    return TALLY_OK;
}
