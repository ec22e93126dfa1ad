/* SPDX-License-Identifier: Apache-2.0 */
/* From what a test gives to histories. */

#include "testing/scenario.h"

#include <inttypes.h>
#include "util/buffer.h"

typedef struct record_list {
    tally_scenario *scenario;
    uint32_t count, room;
    tally_programme_record *records;
    tally_err *err;
} record_list;

static tally_rc no_memory(const tally_arena *arena, tally_err *err)
{
    return tally_err_set(err, tally_arena_failure(arena), 0, "a test needs more memory than it may");
}

static tally_rc read_moment(tally_text text, tally_moment *out_moment, tally_err *err)
{
    return tally_time_parse(out_moment, text, TALLY_TIME_RFC3339, err);
}

static tally_rc make_room(record_list *list)
{
    tally_arena *arena = list->scenario->arena;
    uint32_t room = list->room == 0 ? 64 : 2 * list->room;
    tally_programme_record *records;

    if (list->count < list->room)
        return TALLY_OK;
    if (list->count >= TALLY_SCENARIO_RECORDS_MAX)
        return tally_err_set(list->err, TALLY_E_LIMIT, list->scenario->test->span.line,
                             "a test gives more than %u records", TALLY_SCENARIO_RECORDS_MAX);
    records = tally_arena_zalloc_array(arena, room, sizeof(*records));
    if (records == NULL)
        return no_memory(arena, list->err);
    if (list->count > 0)
        memcpy(records, list->records, list->count * sizeof(*records));
    list->records = records;
    list->room = room;
    return TALLY_OK;
}

/* The id as given (repeated, it is refused as a duplicate), or the record's number. */
static tally_rc make_id(record_list *list, tally_text given, tally_text *out_id)
{
    tally_buffer id;
    bool is_kept;

    if (given.count > 0) {
        *out_id = given;
        return TALLY_OK;
    }
    tally_buffer_init(&id, 32);
    tally_buffer_printf(&id, "%" PRIu32, list->count + 1);
    is_kept = tally_arena_copy_text(list->scenario->arena, out_id, tally_buffer_text(&id));
    tally_buffer_free(&id);
    return is_kept ? TALLY_OK : no_memory(list->scenario->arena, list->err);
}

/* The end of the event's day: in the zone, or where that is each event's own, at its offset. */
static int64_t end_of_day(const tally_scenario *scenario, tally_moment at, int64_t at_ms)
{
    const tally_version *last = &scenario->policy->versions[scenario->policy->version_count - 1];

    if (last->zone != TALLY_NO_INDEX)
        return tally_score_end_of_day(scenario->policy,
                                      tally_zone_day(scenario->policy->zones[last->zone], at_ms));
    return tally_moment_ms((tally_moment){ .day = at.day + 1, .offset_s = at.offset_s,
                                           .has_time = true, .has_offset = true },
                           0) -
           1;
}

static tally_rc add_record(record_list *list, const tally_test_event *event,
                           const tally_record_text *fields, tally_moment at)
{
    tally_scenario *scenario = list->scenario;
    tally_programme_record *record;
    tally_moment recorded;
    int64_t end_ms;
    tally_rc rc = make_room(list);

    if (rc != TALLY_OK)
        return rc;
    record = &list->records[list->count];
    *record = (tally_programme_record){ .subject = event->subject, .input_index = list->count };
    record->record = (tally_record){
        .type = event->type,
        .at_ms = tally_score_moment_ms(scenario->policy, at),
        .recorded_ms = TALLY_NOTHING,
        .offset_s = at.has_offset ? at.offset_s : 0,
        .field_count = event->value_count,
        .fields = fields,
    };
    if (event->recorded.count > 0) {
        rc = read_moment(event->recorded, &recorded, list->err);
        if (rc != TALLY_OK)
            return rc;
        record->record.recorded_ms = tally_score_moment_ms(scenario->policy, recorded);
    }
    rc = make_id(list, event->id, &record->record.id);
    if (rc != TALLY_OK)
        return rc;
    end_ms = end_of_day(scenario, at, record->record.at_ms);
    if (list->count == 0 || end_ms > scenario->last_end_ms)
        scenario->last_end_ms = end_ms;
    list->count++;
    return TALLY_OK;
}

static tally_rc add_event(record_list *list, const tally_test_event *event)
{
    tally_record_text *fields = tally_arena_zalloc_array(
        list->scenario->arena, (size_t)event->value_count + 1, sizeof(*fields));
    tally_moment at, until;
    tally_rc rc;

    if (fields == NULL)
        return no_memory(list->scenario->arena, list->err);
    for (uint32_t i = 0; i < event->value_count; i++) {
        fields[i].name = event->values[i].name;
        if (!tally_text_is(event->values[i].value, "nothing"))
            fields[i].value = event->values[i].value;
    }
    rc = read_moment(event->at, &at, list->err);
    if (rc == TALLY_OK)
        rc = read_moment(event->until.count > 0 ? event->until : event->at, &until, list->err);
    for (; rc == TALLY_OK && at.day <= until.day; at.day++) {
        for (uint32_t i = 0; i < event->times && rc == TALLY_OK; i++)
            rc = add_record(list, event, fields, at);
    }
    return rc;
}

/* ---- facts --------------------------------------------------------------------------- */

static const tally_fact *find_fact(const struct tally_policy *policy, tally_text name)
{
    for (uint32_t v = policy->version_count; v-- > 0;) {
        const tally_version *version = &policy->versions[v];

        for (uint32_t i = 0; i < version->fact_count; i++) {
            if (tally_text_is_equal(version->facts[i].name, name))
                return &version->facts[i];
        }
    }
    return NULL;
}

static tally_rc read_facts(tally_scenario *scenario, tally_err *err)
{
    static const int64_t always = INT64_MIN;
    const tally_test *test = scenario->test;
    tally_fact_series *series =
        tally_arena_zalloc_array(scenario->arena, (size_t)test->fact_count + 1, sizeof(*series));

    if (series == NULL)
        return no_memory(scenario->arena, err);
    for (uint32_t i = 0; i < test->fact_count; i++) {
        const tally_test_value *given = &test->facts[i];
        const tally_fact *fact = find_fact(scenario->policy, given->name);
        int64_t *value = tally_arena_zalloc(scenario->arena, sizeof(*value));

        if (value == NULL)
            return no_memory(scenario->arena, err);
        if (fact == NULL || tally_decimal_parse_at(value, given->value, fact->decimals) != TALLY_OK)
            return tally_err_set_at(err, TALLY_E_INVALID, given->span.line, given->span.column,
                                    "%.*s is no value of the fact %.*s",
                                    TALLY_TEXT_ARGS(given->value), TALLY_TEXT_ARGS(given->name));
        series[i] = (tally_fact_series){ given->name, 1, &always, value };
    }
    scenario->given_facts = (tally_facts){ test->fact_count, series };
    return TALLY_OK;
}

tally_rc tally_scenario_open(tally_scenario *out_scenario, const struct tally_policy *policy,
                             const tally_test *test, tally_arena *arena, tally_intern *tokens,
                             tally_err *err)
{
    tally_scenario scenario = {
        .policy = policy, .test = test, .arena = arena, .tokens = tokens
    };
    record_list list = { .scenario = &scenario, .err = err };
    tally_rc rc = read_facts(&scenario, err);

    for (uint32_t i = 0; i < test->event_count && rc == TALLY_OK; i++)
        rc = add_event(&list, &test->events[i]);
    if (rc != TALLY_OK)
        return rc;
    scenario.record_count = list.count;
    scenario.records = list.records;
    *out_scenario = scenario;
    return TALLY_OK;
}

/* ---- at an instant ------------------------------------------------------------------------ */

static tally_rc add_refusal(const tally_scenario *scenario, tally_scenario_moment *moment,
                            tally_scenario_refusal refusal, tally_err *err)
{
    if (moment->refusal_count == moment->refusal_room) {
        uint32_t room = moment->refusal_room == 0 ? 16 : 2 * moment->refusal_room;
        tally_scenario_refusal *refusals =
            tally_arena_zalloc_array(scenario->arena, room, sizeof(*refusals));

        if (refusals == NULL)
            return no_memory(scenario->arena, err);
        if (moment->refusal_count > 0)
            memcpy(refusals, moment->refusals, moment->refusal_count * sizeof(*refusals));
        moment->refusals = refusals;
        moment->refusal_room = room;
    }
    moment->refusals[moment->refusal_count++] = refusal;
    return TALLY_OK;
}

static int64_t recorded_of(const tally_record *record)
{
    return record->recorded_ms == TALLY_NOTHING ? record->at_ms : record->recorded_ms;
}

/* Facts that a test gives stand before those that the pass computed. */
static tally_rc join_facts(const tally_scenario *scenario, const tally_facts *computed,
                           tally_facts *out_facts, tally_err *err)
{
    const tally_facts *given = &scenario->given_facts;
    tally_fact_series *series = tally_arena_zalloc_array(
        scenario->arena, (size_t)given->count + computed->count + 1, sizeof(*series));
    uint32_t count = 0;

    if (series == NULL)
        return no_memory(scenario->arena, err);
    for (uint32_t i = 0; i < given->count; i++)
        series[count++] = given->series[i];
    for (uint32_t i = 0; i < computed->count; i++) {
        bool is_given = false;

        for (uint32_t k = 0; k < given->count; k++)
            is_given =
                is_given || tally_text_is_equal(given->series[k].name, computed->series[i].name);
        if (!is_given)
            series[count++] = computed->series[i];
    }
    *out_facts = (tally_facts){ count, series };
    return TALLY_OK;
}

tally_rc tally_scenario_moment_at(const tally_scenario *scenario, int64_t as_of_ms,
                                  tally_scenario_moment *out_moment, tally_err *err)
{
    tally_scenario_moment moment = { .as_of_ms = as_of_ms,
                                     .record_count = scenario->record_count,
                                     .records = scenario->records,
                                     .facts = scenario->given_facts };
    tally_admission admission;
    tally_rc rc;

    if (!tally_admission_is_needed(scenario->policy)) {
        *out_moment = moment;
        return TALLY_OK;
    }
    rc = tally_admission_run(&admission, scenario->policy, scenario->records,
                             scenario->record_count, as_of_ms, scenario->tokens, scenario->arena,
                             err);
    if (rc == TALLY_OK)
        rc = join_facts(scenario, &admission.facts, &moment.facts, err);
    if (rc != TALLY_OK)
        return rc;
    moment.record_count = admission.record_count;
    moment.records = admission.records;
    for (uint32_t i = 0; i < admission.refusal_count; i++) {
        const tally_admission_refusal *refusal = &admission.refusals[i];

        if (recorded_of(&scenario->records[refusal->input_index].record) > as_of_ms)
            continue;
        rc = add_refusal(scenario, &moment,
                         (tally_scenario_refusal){ refusal->subject, refusal->id,
                                                   refusal->message },
                         err);
        if (rc != TALLY_OK)
            return rc;
    }
    *out_moment = moment;
    return TALLY_OK;
}

tally_rc tally_scenario_history(const tally_scenario *scenario, tally_scenario_moment *moment,
                                tally_text subject, tally_history *out_history, tally_err *err)
{
    tally_history_builder *builder;
    const tally_refusal *refusals;
    uint32_t refusal_count, count = 0;
    uint32_t *added = tally_arena_zalloc_array(scenario->arena, (size_t)moment->record_count + 1,
                                               sizeof(*added));
    tally_rc rc;

    if (added == NULL)
        return no_memory(scenario->arena, err);
    rc = tally_history_builder_new(&builder, scenario->policy, scenario->arena, scenario->tokens,
                                   err);
    for (uint32_t i = 0; i < moment->record_count && rc == TALLY_OK; i++) {
        if (!tally_text_is_equal(moment->records[i].subject, subject))
            continue;
        added[count++] = i;
        rc = tally_history_builder_add(builder, &moment->records[i].record, err);
    }
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, out_history, &refusals, &refusal_count, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < refusal_count; i++) {
        const tally_record *record = &moment->records[added[refusals[i].input_index]].record;

        if (recorded_of(record) > moment->as_of_ms)
            continue;
        rc = add_refusal(
            scenario, moment,
            (tally_scenario_refusal){ subject, refusals[i].id, refusals[i].message }, err);
    }
    return rc;
}

tally_rc tally_scenario_as_of(const tally_scenario *scenario, tally_text text,
                              int64_t *out_as_of_ms, tally_err *err)
{
    tally_moment moment;
    tally_rc rc;

    if (text.count == 0) {
        *out_as_of_ms = scenario->record_count > 0 ? scenario->last_end_ms
                                                   : tally_score_end_of_day(scenario->policy, 0);
        return TALLY_OK;
    }
    rc = read_moment(text, &moment, err);
    if (rc == TALLY_OK)
        *out_as_of_ms = moment.has_time ? tally_score_moment_ms(scenario->policy, moment)
                                        : tally_score_end_of_day(scenario->policy, moment.day);
    return rc;
}
