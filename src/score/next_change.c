/* SPDX-License-Identifier: Apache-2.0 */
/* When a result changes by itself: the change instants after t are tried in
 * order until an answer differs. Nothing that was recorded after t takes part. */

#include "score/engine.h"
#include "score/statement.h"

#define HORIZON_DAYS 3653 /* ten years */
#define TRIES_MAX    2000u

int64_t tally_next_change_horizon(int64_t t)
{
    int64_t horizon;

    return __builtin_add_overflow(t, HORIZON_DAYS * TALLY_DAY_MS, &horizon) ? t : horizon;
}

static bool is_recorded(const tally_history *history, uint32_t i, int64_t t)
{
    return (history->recorded_ms != NULL ? history->recorded_ms[i] : history->at_ms[i]) <= t;
}

/* Known at t; a record about one that is not known yet has no effect before that is. */
static bool is_known(const tally_history *history, uint32_t i, int64_t t)
{
    uint32_t of = history->of != NULL ? history->of[i] : TALLY_NO_INDEX;

    return is_recorded(history, i, t) && (of == TALLY_NO_INDEX || is_recorded(history, of, t));
}

tally_rc tally_statement_known(const tally_history *history, int64_t t, tally_arena *arena,
                               tally_history *out_known, tally_err *err)
{
    uint32_t count = 0;
    uint32_t *kept, *place;
    tally_history known = *history;

    for (uint32_t i = 0; i < history->count; i++)
        count += is_known(history, i, t);
    if (count == history->count) {
        *out_known = known;
        return TALLY_OK;
    }
    kept = tally_arena_zalloc_array(arena, (size_t)count + 1, sizeof(*kept));
    place = tally_arena_zalloc_array(arena, (size_t)history->count + 1, sizeof(*place));
    if (kept == NULL || place == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "leaving out later records");
    count = 0;
    for (uint32_t i = 0; i < history->count; i++) {
        place[i] = TALLY_NO_INDEX;
        if (is_known(history, i, t)) {
            place[i] = count;
            kept[count++] = i;
        }
    }
    known.count = count;
/* A column with only the kept records; NULL stays NULL. */
#define KEEP_COLUMN(field, type)                                                               \
    do {                                                                                       \
        if (history->field != NULL) {                                                          \
            type *column = tally_arena_zalloc_array(arena, (size_t)count + 1, sizeof(type));   \
                                                                                               \
            if (column == NULL)                                                                \
                return tally_err_set(err, tally_arena_failure(arena), 0,                       \
                                     "leaving out later records");                             \
            for (uint32_t i = 0; i < count; i++)                                               \
                column[i] = history->field[kept[i]];                                           \
            known.field = column;                                                              \
        }                                                                                      \
    } while (0)
    KEEP_COLUMN(at_ms, int64_t);
    KEEP_COLUMN(recorded_ms, int64_t);
    KEEP_COLUMN(offset_s, int32_t);
    KEEP_COLUMN(type, uint8_t);
    KEEP_COLUMN(of, uint32_t);
    KEEP_COLUMN(correction_at_ms, int64_t);
    KEEP_COLUMN(id, tally_text);
    KEEP_COLUMN(subject, uint32_t);
#undef KEEP_COLUMN
    if (known.of != NULL) {
        uint32_t *of = tally_arena_zalloc_array(arena, (size_t)count + 1, sizeof(*of));

        if (of == NULL)
            return tally_err_set(err, tally_arena_failure(arena), 0, "leaving out later records");
        for (uint32_t i = 0; i < count; i++)
            of[i] = known.of[i] == TALLY_NO_INDEX ? TALLY_NO_INDEX : place[known.of[i]];
        known.of = of;
    }
    if (history->slot_count > 0) {
        const int64_t **slots = tally_arena_zalloc_array(arena, history->slot_count, sizeof(*slots));

        if (slots == NULL)
            return tally_err_set(err, tally_arena_failure(arena), 0, "leaving out later records");
        for (uint32_t s = 0; s < history->slot_count; s++) {
            int64_t *column = tally_arena_zalloc_array(arena, (size_t)count + 1, sizeof(*column));

            if (column == NULL)
                return tally_err_set(err, tally_arena_failure(arena), 0,
                                     "leaving out later records");
            for (uint32_t i = 0; i < count; i++)
                column[i] = history->slots[s][kept[i]];
            slots[s] = column;
        }
        known.slots = slots;
    }
    *out_known = known;
    return TALLY_OK;
}

static tally_text tier_name(const struct tally_policy *policy, const tally_result *result)
{
    const tally_version *rules = &policy->versions[result->version];

    if (!result->has_tiers)
        return TALLY_TEXT("");
    return result->tier == TALLY_NO_INDEX ? rules->moves.none : rules->tiers[result->tier].name;
}

static tally_text grade_name(const struct tally_policy *policy, const tally_result *result)
{
    if (!result->has_grade || result->grade == TALLY_NO_INDEX)
        return TALLY_TEXT("");
    return policy->versions[result->grade_version].grade.labels->words[result->grade];
}

static bool is_same_value(const tally_report *a, const tally_report *b)
{
    if (a->type != b->type)
        return false;
    if (a->value.a == TALLY_NOTHING || b->value.a == TALLY_NOTHING)
        return a->value.a == b->value.a;
    if (a->type == TALLY_TYPE_WORD) /* two versions may order the same words otherwise */
        return a->domain == b->domain ? a->value.a == b->value.a
               : a->domain == NULL || b->domain == NULL
                   ? false
                   : tally_text_is_equal(a->domain->words[a->value.a],
                                         b->domain->words[b->value.a]);
    return tally_value_compare(a->type, a->decimals, a->value, b->type, b->decimals, b->value) ==
           0;
}

static bool is_same_result(const struct tally_policy *policy, const tally_result *a,
                           const tally_result *b)
{
    if (a->state != b->state || a->score != b->score || a->shown != b->shown ||
        a->report_count != b->report_count)
        return false;
    if (!tally_text_is_equal(tier_name(policy, a), tier_name(policy, b)) ||
        !tally_text_is_equal(grade_name(policy, a), grade_name(policy, b)))
        return false;
    for (uint32_t i = 0; i < a->report_count; i++) {
        if (!tally_text_is_equal(a->reports[i].name, b->reports[i].name) ||
            !is_same_value(&a->reports[i], &b->reports[i]))
            return false;
    }
    return true;
}

tally_rc tally_next_change_find(tally_answers *answers, int64_t t, const tally_result *from,
                                tally_next_change *out_change, tally_err *err)
{
    int64_t horizon = answers->context->known_ms, at_ms = t;
    tally_err failure = TALLY_ERR_INIT;
    const int64_t *instants;
    uint32_t count, at = 0;
    tally_rc rc = tally_changes_between(answers, t, horizon, &instants, &count, err);

    if (rc != TALLY_OK)
        return rc;
    for (uint32_t tries = 0;; tries++) {
        int64_t next = tally_tiers_next(answers);
        tally_result result;

        while (at < count && instants[at] <= at_ms)
            at++;
        if (at < count && instants[at] < next)
            next = instants[at];
        if (next > horizon || tries == TRIES_MAX) {
            *out_change = (tally_next_change){ .at_ms = next > horizon ? horizon : next };
            return TALLY_OK;
        }
        rc = tally_answers_at(answers, next, &result, &failure);
        if (rc == TALLY_E_LIMIT && answers->context->work > TALLY_WORK_MAX) {
            *out_change = (tally_next_change){ .at_ms = next }; /* as far as it was looked */
            return TALLY_OK;
        }
        if (rc != TALLY_OK)
            return tally_err_set_at(err, rc, failure.line, failure.column, "%s", failure.message);
        at_ms = next;
        if (!is_same_result(answers->context->policy, from, &result)) {
            *out_change =
                (tally_next_change){ .is_found = true, .at_ms = next, .result = result };
            return TALLY_OK;
        }
    }
}
