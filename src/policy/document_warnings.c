/* SPDX-License-Identifier: Apache-2.0 */
/* What is a policy, but probably not what its author meant: parts that nothing
 * uses, tiers that cannot be reached, limits that cannot bind. A warning is given
 * only where the bounds of fields and limits prove it. Comparisons that a field
 * can never meet are found with the expressions (bounds.c). */

#include "policy/document.h"
#include "policy/reads.h"
#include "policy/tests.h"
#include "policy/walk.h"
#include "util/checked.h"

#define warn(reader, span, code, hint, ...) \
    tally_document_report_span(reader, TALLY_SEVERITY_WARNING, span, code, hint, __VA_ARGS__)

static bool has_type(const uint64_t *types, uint32_t type)
{
    return (types[type / 64] >> (type % 64) & 1) != 0;
}

static void add_type(uint64_t *types, uint32_t type)
{
    if (type != TALLY_NO_INDEX)
        types[type / 64] |= UINT64_C(1) << (type % 64);
}

static void add_types(uint64_t *types, const uint64_t *more)
{
    for (uint32_t i = 0; i < TALLY_EVENT_TYPES_MAX / 64; i++)
        types[i] |= more[i];
}

/* ---- parts that nothing uses ---- */

static void take_types_of_expr(void *context, tally_place place, uint32_t index,
                               const tally_expr *expr)
{
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64] = { 0 };

    (void)place;
    (void)index;
    if (expr->set == NULL)
        return;
    tally_set_event_types(expr->set, types);
    add_types(context, types);
}

static void take_types_of_rules(const tally_version *version, uint64_t *types)
{
    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *award = &version->awards[i];

        add_types(types, award->types);
        if (award->is_deduction) {
            add_type(types, award->accepted_by_type);
            add_type(types, award->repair_type);
        }
    }
    for (uint32_t i = 0; i < version->streak_count; i++)
        add_type(types, version->streaks[i].freeze_type);
    for (uint32_t i = 0; i < version->pause_count; i++) {
        add_type(types, version->pauses[i].starts_type);
        add_type(types, version->pauses[i].ends_type);
    }
    for (uint32_t i = 0; i < version->admission_count; i++)
        add_type(types, version->admission[i].type);
    for (uint32_t i = 0; i < version->let_count; i++) {
        uint64_t more[TALLY_EVENT_TYPES_MAX / 64] = { 0 };

        if (version->lets[i].set == NULL)
            continue;
        tally_set_event_types(version->lets[i].set, more);
        add_types(types, more);
    }
}

static void warn_of_unused_types(tally_reader *reader)
{
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64] = { 0 };
    const tally_yaml *events = tally_yaml_get(reader->root, "events");

    tally_version_walk(reader->version, take_types_of_expr, types);
    take_types_of_rules(reader->version, types);
    for (const tally_yaml *node = events->first; node != NULL; node = node->next) {
        uint32_t type = tally_document_find_type(reader, node->key->text);

        if (type != TALLY_NO_INDEX && !has_type(types, type))
            tally_document_warn(reader, node->key, "unused", "remove it, or write the rule",
                                "no rule looks at `%.*s` events", TALLY_TEXT_ARGS(node->key->text));
    }
}

/* Whether a test or a file asks for it: then it is a result in its own right. */
static bool is_asked_for(const tally_policy *policy, tally_text name)
{
    for (uint32_t i = 0; policy->reads != NULL && i < policy->reads->count; i++) {
        if (tally_text_is_equal(policy->reads->reads[i].expect_result, name))
            return true;
    }
    for (uint32_t i = 0; policy->tests != NULL && i < policy->tests->count; i++) {
        const tally_test *test = &policy->tests->tests[i];

        for (uint32_t e = 0; e < test->expectation_count; e++) {
            for (uint32_t v = 0; v < test->expectations[e].value_count; v++) {
                if (tally_text_is_equal(test->expectations[e].values[v].name, name))
                    return true;
            }
        }
    }
    return false;
}

static void warn_of_unused_names(tally_reader *reader)
{
    static const char *const kinds[] = { "setting", "fact", "value", "streak" };

    for (uint32_t i = 0; i < reader->compiler.name_count; i++) {
        const tally_name *name = &reader->compiler.names[i];

        if (!name->is_used && !is_asked_for(reader->policy, name->name))
            warn(reader, &name->span, "unused", "use it, list it under `report`, or remove it",
                 "nothing uses the %s `%.*s`", kinds[name->kind], TALLY_TEXT_ARGS(name->name));
    }
}

static void warn_of_unused_limits(tally_reader *reader)
{
    const tally_version *version = reader->version;
    const tally_yaml *limits = tally_yaml_get(reader->root, "limits");

    for (uint32_t i = 0; i < version->limit_count; i++) {
        const tally_limit *limit = &version->limits[i];
        const tally_yaml *node = limits != NULL ? limits->first : NULL;
        bool is_used = limit->is_own;

        for (uint32_t a = 0; a < version->award_count && !is_used; a++) {
            for (uint32_t l = 0; l < version->awards[a].limit_count; l++)
                is_used = is_used || version->awards[a].limits[l] == i;
        }
        while (node != NULL && !tally_text_is_equal(node->key->text, limit->name))
            node = node->next;
        if (!is_used && node != NULL)
            tally_document_warn(reader, node->key, "unused", "name it in an award's `within`",
                                "no award is within the limit `%.*s`",
                                TALLY_TEXT_ARGS(limit->name));
    }
}

/* ---- how much an award can give ---- */

/* The most that one event earns; false: not known. */
static bool most_per_event(const tally_reader *reader, const tally_award *award, int64_t *out_most)
{
    const tally_field *field;
    int64_t ends[2];
    uint32_t type = 0;

    if (!award->is_linear)
        return false;
    if (award->linear_slot < 0) {
        *out_most = award->linear_constant;
        return true;
    }
    while (!has_type(award->types, type))
        type++;
    field = &reader->types[type].fields[award->linear_slot];
    if (!field->has_bounds)
        return false;
    ends[0] = field->least;
    ends[1] = field->greatest;
    for (int i = 0; i < 2; i++) {
        if (!tally_mul_i64(ends[i], award->linear_coefficient, &ends[i]) ||
            !tally_add_i64(ends[i], award->linear_constant, &ends[i]))
            return false;
    }
    *out_most = ends[0] > ends[1] ? ends[0] : ends[1];
    return true;
}

/* The most that an award gives in a lifetime; false: no limit says so. */
static bool most_ever(const tally_reader *reader, const tally_award *award, int64_t *out_most)
{
    const tally_version *version = reader->version;
    bool is_known = false;
    int64_t most = 0;

    if (most_per_event(reader, award, &most) && most <= 0) {
        *out_most = 0;
        return true;
    }
    for (uint32_t i = 0; i < award->limit_count; i++) {
        const tally_limit *limit = &version->limits[award->limits[i]];

        if (limit->kind != TALLY_LIMIT_POINTS || !limit->amount_is_constant ||
            limit->key_count > 0 || limit->window->kind != TALLY_WINDOW_LIFETIME)
            continue;
        if (!is_known || limit->amount_value < *out_most)
            *out_most = limit->amount_value;
        is_known = true;
    }
    return is_known;
}

/* ---- tiers ---- */

static bool highest_shown(const tally_reader *reader, int64_t *out_highest)
{
    const tally_version *version = reader->version;
    const tally_score_rule *score = &version->score;
    int64_t sum = score->start;

    if (score->has_ceiling) {
        sum = score->ceiling;
    } else {
        for (uint32_t i = 0; i < version->award_count; i++) {
            int64_t most = 0;

            if (!most_ever(reader, &version->awards[i], &most) || !tally_add_i64(sum, most, &sum))
                return false;
        }
    }
    return tally_add_i64(sum, score->shown_on, out_highest);
}

static void warn_of_tiers(tally_reader *reader)
{
    const tally_version *version = reader->version;
    int64_t highest = 0;
    bool is_known = highest_shown(reader, &highest);
    char text[TALLY_DECIMAL_TEXT_BYTES];

    for (uint32_t i = 0; i < version->tier_count; i++) {
        const tally_tier *tier = &version->tiers[i];

        if (!tier->has_from)
            continue;
        if (is_known && tier->from > highest) {
            tally_text most =
                tally_decimal_format_short(text, highest, reader->compiler.points_decimals, NULL);
            warn(reader, &tier->gain->span, "unreachable", "lower it, or raise what can be earned",
                 "nobody can reach this tier: the score shown is at most %.*s",
                 TALLY_TEXT_ARGS(most));
        }
        if (i > 0 && version->tiers[i - 1].has_from && tier->from <= version->tiers[i - 1].from)
            warn(reader, &tier->gain->span, "tier-order", "write tiers lowest first",
                 "this tier is not above the one written before it, `%.*s`",
                 TALLY_TEXT_ARGS(version->tiers[i - 1].name));
    }
}

/* ---- limits ---- */

/* The most periods of `inner` that touch one period of `outer`; 0: no fixed number. */
static int64_t periods_within(uint8_t inner, uint8_t outer)
{
    static const int64_t most[5][5] = {
        [TALLY_UNIT_DAY] = { 1, 7, 31, 92, 366 }, [TALLY_UNIT_WEEK] = { 0, 1, 6, 15, 54 },
        [TALLY_UNIT_MONTH] = { 0, 0, 1, 3, 12 },  [TALLY_UNIT_QUARTER] = { 0, 0, 0, 1, 4 },
        [TALLY_UNIT_YEAR] = { 0, 0, 0, 0, 1 },
    };

    return inner < 5 && outer < 5 ? most[inner][outer] : 0;
}

/* The most that another limit of the award lets through in one window of `outer`. */
static bool most_let_through(const tally_reader *reader, const tally_award *award,
                             const tally_limit *outer, const tally_limit *inner, int64_t *out_most)
{
    int64_t most = inner->amount_value, periods;

    if (inner == outer || !inner->amount_is_constant || inner->key_count > 0 ||
        inner->window->kind != TALLY_WINDOW_CALENDAR || inner->window->zone != outer->window->zone)
        return false;
    if (inner->kind == TALLY_LIMIT_TIMES) {
        int64_t each;

        if (!most_per_event(reader, award, &each) || each <= 0 || !tally_mul_i64(most, each, &most))
            return false;
    } else if (inner->kind != TALLY_LIMIT_POINTS) {
        return false;
    }
    periods = periods_within(inner->window->unit, outer->window->unit);
    return periods > 0 && tally_mul_i64(most, periods, out_most);
}

static void warn_of_limits(tally_reader *reader)
{
    const tally_version *version = reader->version;

    for (uint32_t a = 0; a < version->award_count; a++) {
        const tally_award *award = &version->awards[a];

        for (uint32_t o = 0; o < award->limit_count; o++) {
            const tally_limit *outer = &version->limits[award->limits[o]];

            if (!outer->is_own || outer->kind != TALLY_LIMIT_POINTS || !outer->amount_is_constant ||
                outer->window->kind != TALLY_WINDOW_CALENDAR)
                continue;
            for (uint32_t i = 0; i < award->limit_count; i++) {
                const tally_limit *inner = &version->limits[award->limits[i]];
                char text[TALLY_DECIMAL_TEXT_BYTES];
                int64_t most = 0;

                /* Of two equal limits only the second is superfluous. */
                if (!most_let_through(reader, award, outer, inner, &most) ||
                    most > outer->amount_value || (most == outer->amount_value && i > o))
                    continue;
                tally_text shown =
                    tally_decimal_format_short(text, most, reader->compiler.points_decimals, NULL);
                warn(
                    reader, &outer->span, "never-binds", "remove it, or lower it",
                    "this limit can never bind: another one lets at most %.*s through in that time",
                    TALLY_TEXT_ARGS(shown));
                break;
            }
        }
    }
}

static void warn_of_idle_awards(tally_reader *reader)
{
    const tally_version *version = reader->version;

    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *award = &version->awards[i];
        const tally_expr *points = award->points;

        if (points != NULL && points->op == TALLY_OP_LITERAL && points->value == 0)
            warn(reader, &points->span, "dead-rule", "write an amount, or remove the award",
                 "an award of nothing is never credited");
        if (award->when != NULL && award->when->op == TALLY_OP_LITERAL && award->when->value == 0)
            warn(reader, &award->when->span, "dead-rule", "write a condition that can be met",
                 "this is never met, so nothing is ever awarded");
    }
}

void tally_document_warnings(tally_reader *reader)
{
    warn_of_unused_types(reader);
    warn_of_unused_names(reader);
    warn_of_unused_limits(reader);
    warn_of_idle_awards(reader);
    warn_of_tiers(reader);
    warn_of_limits(reader);
}
