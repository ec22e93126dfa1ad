/* SPDX-License-Identifier: Apache-2.0 */
/* The charter checker: points (R12, R13, R14), what shows (R20) and how far
 * rules may look back (R33). */

#include "policy/charter_internal.h"
#include "policy/charter_words.h"
#include "policy/walk.h"

#define DAYS_MS(days) ((int64_t)(days)*TALLY_DAY_MS)

/* ---- how long ------------------------------------------------------------------ */

/* Whether a deadline may lie further away than so many months (and days). */
static bool is_longer(const tally_deadline *deadline, int32_t months_max, int64_t days_max)
{
    static const int32_t months_per_unit[] = { 0, 0, 1, 3, 12 };
    int64_t months;

    switch (deadline->kind) {
    case TALLY_DEADLINE_NEVER:
        return true;
    case TALLY_DEADLINE_AFTER:
        return deadline->ms > DAYS_MS(days_max);
    case TALLY_DEADLINE_AFTER_MONTHS:
        return deadline->months > months_max;
    case TALLY_DEADLINE_END_OF:
        if (deadline->later_unit <= TALLY_UNIT_WEEK)
            return (int64_t)deadline->later_count *
                           (deadline->later_unit == TALLY_UNIT_WEEK ? 7 : 1) +
                       31 * (int64_t)months_per_unit[deadline->unit] + 7 >
                   days_max;
        months = (int64_t)deadline->later_count * months_per_unit[deadline->later_unit] +
                 months_per_unit[deadline->unit];
        return months > months_max;
    case TALLY_DEADLINE_END_OF_MONTH:
        return 12 * (int64_t)deadline->later_count + deadline->month > months_max;
    }
    return true;
}

static bool is_table_longer(const tally_deadline_table *table, int32_t months_max, int64_t days_max)
{
    if (table->count == 0)
        return true;
    for (uint32_t i = 0; i < table->count; i++) {
        if (is_longer(&table->deadlines[i], months_max, days_max))
            return true;
    }
    return false;
}

/* ---- awards and deductions --------------------------------------------------------- */

/* The largest value an expression can be seen to have (constants and bounded linear forms); false: unknown. */
static bool greatest_of(const tally_charter *charter, const tally_award *award, int64_t *out_value)
{
    int64_t product;

    if (award->points->op == TALLY_OP_LITERAL) {
        *out_value = award->points->value;
        return true;
    }
    if (!award->is_linear)
        return false;
    *out_value = award->linear_constant;
    if (award->linear_slot < 0)
        return true;
    for (uint32_t t = 0; t < charter->policy->type_count; t++) {
        const tally_event_type *type = &charter->policy->types[t];

        if ((award->types[t / 64] >> (t % 64) & 1) == 0)
            continue;
        if (!type->fields[award->linear_slot].has_bounds)
            return false;
        if (__builtin_mul_overflow(award->linear_coefficient,
                                   award->linear_coefficient > 0
                                       ? type->fields[award->linear_slot].greatest
                                       : type->fields[award->linear_slot].least,
                                   &product) ||
            __builtin_add_overflow(*out_value, product, out_value))
            return false;
        return true;
    }
    return false;
}

/* Whether an award's points can be below zero, as far as the text shows. */
static bool may_be_negative(const tally_expr *points)
{
    switch (points->op) {
    case TALLY_OP_LITERAL:
        return points->value < 0 && points->value != TALLY_NOTHING;
    case TALLY_OP_NEGATE:
    case TALLY_OP_SUBTRACT:
        return true;
    case TALLY_OP_RESCALE:
    case TALLY_OP_MULTIPLY:
    case TALLY_OP_ADD:
    case TALLY_OP_MIN:
    case TALLY_OP_ROUND:
    case TALLY_OP_IF:
    case TALLY_OP_TABLE:
        for (uint16_t i = 0; i < points->arg_count; i++) {
            bool is_condition =
                points->args[i] != NULL && points->args[i]->type == TALLY_TYPE_CONDITION;

            if (points->args[i] != NULL && !is_condition && may_be_negative(points->args[i]))
                return true;
        }
        return false;
    default:
        return false;
    }
}

static bool is_award_of_peers(const tally_charter *charter, const tally_award *award,
                              uint32_t *out_type)
{
    for (uint32_t t = TALLY_RECORD_TYPES; t < charter->policy->type_count; t++) {
        if ((award->types[t / 64] >> (t % 64) & 1) != 0 &&
            tally_charter_is_peer(&charter->policy->types[t])) {
            *out_type = t;
            return true;
        }
    }
    return false;
}

/* One thanks counted per pair in 90 days: a limit of one time, per giver, over at least that window. */
static bool is_pair_limit(const tally_limit *limit, const tally_event_type *type,
                          uint32_t type_index)
{
    const tally_window *window = limit->window;
    bool is_long = (window->kind == TALLY_WINDOW_ROLLING && window->n_expr == NULL &&
                    window->n * window->each_ms >= DAYS_MS(TALLY_CHARTER_PAIR_DAYS_MIN)) ||
                   (window->kind == TALLY_WINDOW_ROLLING_MONTHS && window->n_expr == NULL &&
                    window->n * window->each_months >= 3) ||
                   window->kind == TALLY_WINDOW_LIFETIME;

    if (limit->kind != TALLY_LIMIT_TIMES || !limit->amount_is_constant || limit->amount_value > 1 ||
        !is_long)
        return false;
    for (uint32_t i = 0; i < limit->key_count; i++) {
        int16_t slot = limit->keys[i]->op == TALLY_OP_FIELD
                           ? limit->keys[i]->slot_of_type[type_index]
                           : (int16_t)-1;

        if (slot >= 0 && type->fields[slot].is_member && limit->key_count == 1)
            return true;
    }
    return false;
}

static void check_peer_award(tally_charter *charter, const tally_award *award, uint32_t type_index)
{
    const tally_event_type *type = &charter->policy->types[type_index];

    if (may_be_negative(award->points) || award->is_deduction)
        tally_charter_refuse(
            charter, &award->span, "R12", "E_PEER_NEGATIVE", "let peers only thank",
            "`%.*s` lets members take points from each other", TALLY_TEXT_ARGS(award->name));
    for (uint32_t i = 0; i < award->limit_count; i++) {
        if (is_pair_limit(&charter->version->limits[award->limits[i]], type, type_index))
            return;
    }
    tally_charter_refuse(charter, &award->span, "R12", "E_PEER_NEGATIVE",
                         "add a limit `at-most: 1 time per rolling 90 days` with `for-each: from`",
                         "`%.*s` counts more than one thanks per pair in 90 days",
                         TALLY_TEXT_ARGS(award->name));
}

static void check_deduction_steps(tally_charter *charter, const tally_award *award)
{
    if (award->accepted_by_type == TALLY_NO_INDEX)
        tally_charter_refuse(
            charter, &award->span, "R13", "E_NO_OBLIGATION", "add `accepted-by:` and `obligation:`",
            "`%.*s` cites no obligation that the member accepted", TALLY_TEXT_ARGS(award->name));
    if (award->pairs_with_award == TALLY_NO_INDEX)
        tally_charter_refuse(charter, &award->span, "R13", "E_NO_OBLIGATION",
                             "add `pairs-with:` with the award for keeping one",
                             "`%.*s` has no award for keeping the obligation beside it",
                             TALLY_TEXT_ARGS(award->name));
    if (award->repair_type == TALLY_NO_INDEX)
        tally_charter_refuse(charter, &award->span, "R13", "E_NO_OBLIGATION",
                             "add `repair:` with the event that mends it",
                             "`%.*s` cannot be repaired", TALLY_TEXT_ARGS(award->name));
    if (!award->once_confirmed || !award->has_counts_after ||
        award->counts_after.kind != TALLY_DEADLINE_AFTER ||
        award->counts_after.ms < DAYS_MS(TALLY_CHARTER_ANSWER_DAYS_MIN))
        tally_charter_refuse(
            charter, &award->span, "R14", "E_NOT_FINAL",
            "write `counts: after 14 days, once confirmed`",
            "`%.*s` takes effect without 14 days to answer and a person's decision",
            TALLY_TEXT_ARGS(award->name));
    if (!award->disputed_is_default && award->while_disputed != TALLY_DISPUTED_HELD_OUT)
        tally_charter_refuse(
            charter, &award->span, "R14", "E_NOT_FINAL", "write `while-disputed: held out`",
            "`%.*s` would count while it is disputed", TALLY_TEXT_ARGS(award->name));
}

static void check_deduction(tally_charter *charter, const tally_award *award)
{
    int64_t loss;
    int64_t gain;

    check_deduction_steps(charter, award);
    if (is_table_longer(&award->expires, 5, TALLY_CHARTER_DEDUCTION_DAYS_MAX))
        tally_charter_refuse(charter, &award->span, "R13", "E_DEDUCTION_LIMIT",
                             "write `expires: after 180 days`", "`%.*s` outlives 180 days",
                             TALLY_TEXT_ARGS(award->name));
    if (award->pairs_with_award == TALLY_NO_INDEX)
        return;
    if (award->points->op != TALLY_OP_LITERAL ||
        !greatest_of(charter, &charter->version->awards[award->pairs_with_award], &gain)) {
        tally_charter_refuse(charter, &award->span, "R13", "E_DEDUCTION_LIMIT",
                             "write both amounts as plain numbers",
                             "it cannot be seen that `%.*s` costs at most what keeping earns",
                             TALLY_TEXT_ARGS(award->name));
        return;
    }
    loss = -award->points->value;
    if (loss > gain)
        tally_charter_refuse(
            charter, &award->span, "R13", "E_DEDUCTION_LIMIT", "lower it to what keeping one earns",
            "`%.*s` costs more than keeping the obligation earns", TALLY_TEXT_ARGS(award->name));
}

static void check_award(tally_charter *charter, const tally_award *award)
{
    bool persons = tally_charter_is_about_persons(charter);
    uint32_t type_index = 0;

    if (persons && is_award_of_peers(charter, award, &type_index))
        check_peer_award(charter, award, type_index);
    if (award->is_deduction) {
        check_deduction(charter, award);
        return;
    }
    if (persons && (may_be_negative(award->points) || award->spends))
        tally_charter_refuse(
            charter, &award->span, "R13", "E_NO_OBLIGATION",
            "leave it out, or move it to `deductions` for an obligation that the member accepted",
            "`%.*s` takes points away", TALLY_TEXT_ARGS(award->name));
    if (is_table_longer(&award->expires, TALLY_CHARTER_POINTS_MONTHS_MAX,
                        TALLY_CHARTER_POINTS_DAYS_MAX))
        tally_charter_refuse(charter, &award->span, "R33", "E_RETENTION",
                             "add `expires: after 24 months` or less",
                             "points of `%.*s` outlive 24 months", TALLY_TEXT_ARGS(award->name));
}

void tally_charter_check_awards(tally_charter *charter)
{
    for (uint32_t i = 0; i < charter->version->award_count; i++)
        check_award(charter, &charter->version->awards[i]);
}

/* ---- the score and what shows ------------------------------------------------------ */

static void check_tier(tally_charter *charter, const tally_tier *tier)
{
    if (tier->has_price && tally_charter_is_about_persons(charter))
        tally_charter_refuse(charter, &tier->span, "R13", "E_NO_OBLIGATION",
                             "leave out `price`: points stay with the member",
                             "reaching `%.*s` takes points away", TALLY_TEXT_ARGS(tier->name));
    if (tier->has_valid &&
        is_longer(&tier->valid, TALLY_CHARTER_POINTS_MONTHS_MAX, TALLY_CHARTER_POINTS_DAYS_MAX))
        tally_charter_refuse(
            charter, &tier->span, "R33", "E_RETENTION", "let it be valid for 24 months or less",
            "`%.*s` may be held longer than 24 months", TALLY_TEXT_ARGS(tier->name));
    if (tier->has_from && tier->from < charter->version->score.shown_on)
        tally_charter_refuse(
            charter, &tier->span, "R20", "E_PUBLIC_NEGATIVE", "begin tiers at the base or above",
            "`%.*s` lies below where everybody starts", TALLY_TEXT_ARGS(tier->name));
}

void tally_charter_check_score(tally_charter *charter)
{
    const tally_score_rule *score = &charter->version->score;

    for (uint32_t i = 0; i < charter->version->tier_count; i++)
        check_tier(charter, &charter->version->tiers[i]);
    if (!tally_charter_is_about_persons(charter) || !score->is_present)
        return;
    if (charter->policy->points_decimals > 0)
        tally_charter_refuse(charter, NULL, "R13", "E_NO_OBLIGATION",
                             "use whole points, e.g. two per hour and one per half hour",
                             "live points are whole numbers");
    if (score->start != 0)
        tally_charter_refuse(charter, NULL, "R13", "E_NO_OBLIGATION",
                             "leave out `start`; `shown-on` shows points on a base",
                             "live points start at 0");
    if (score->has_floor && score->floor != 0)
        tally_charter_refuse(charter, NULL, "R13", "E_NO_OBLIGATION",
                             "leave out `floor`: a live score never falls below 0",
                             score->floor < 0
                                 ? "a score below 0 would put a member below a stranger"
                                 : "a floor above 0 gives points without an event");
    if (score->shown_on < 0)
        tally_charter_refuse(charter, NULL, "R20", "E_PUBLIC_NEGATIVE", "show points on 0 or more",
                             "the base is below 0");
}

/* ---- looking back ---------------------------------------------------------------------- */

static bool is_window_longer(const tally_window *window)
{
    static const int32_t months_per_unit[] = { 1, 1, 1, 3, 12 };

    switch (window->kind) {
    case TALLY_WINDOW_ROLLING:
        return window->n_expr == NULL &&
               window->n > DAYS_MS(TALLY_CHARTER_POINTS_DAYS_MAX) / window->each_ms;
    case TALLY_WINDOW_ROLLING_MONTHS:
    case TALLY_WINDOW_CYCLE:
        return window->n_expr == NULL &&
               window->n > TALLY_CHARTER_POINTS_MONTHS_MAX / window->each_months;
    case TALLY_WINDOW_PREVIOUS:
        return window->n_expr == NULL && window->unit >= TALLY_UNIT_MONTH &&
               window->n > TALLY_CHARTER_POINTS_MONTHS_MAX / months_per_unit[window->unit];
    default:
        return false;
    }
}

static void check_window(tally_charter *charter, const tally_window *window, const tally_span *span)
{
    if (is_window_longer(window))
        tally_charter_refuse(charter, span, "R33", "E_RETENTION", "look back 24 months or less",
                             "this rule looks back further than events are kept");
}

static void visit_looking_back(void *context, tally_place place, uint32_t index,
                               const tally_expr *expr)
{
    tally_charter *charter = context;
    const tally_window *window = expr->window != NULL ? expr->window
                                 : expr->set != NULL  ? expr->set->window
                                                      : NULL;
    bool is_sum = expr->op == TALLY_OP_COUNT || expr->op == TALLY_OP_SUM ||
                  expr->op == TALLY_OP_DISTINCT || expr->op == TALLY_OP_EARNED ||
                  expr->op == TALLY_OP_MEAN;

    (void)place;
    (void)index;
    if (expr->op == TALLY_OP_COUNT_PERIODS)
        tally_charter_refuse(charter, &expr->span, "R33", "E_RETENTION",
                             "count events `in rolling 24 months` or less",
                             "counting periods needs a record without end");
    if (window == NULL)
        return;
    check_window(charter, window, &expr->span);
    for (const tally_set *inner = expr->set; inner != NULL; inner = inner->inner) {
        check_window(charter, inner->window, &expr->span);
        is_sum = is_sum && inner->window->kind == TALLY_WINDOW_LIFETIME && inner->last == 0;
    }
    if (is_sum && window->kind == TALLY_WINDOW_LIFETIME)
        tally_charter_refuse(charter, &expr->span, "R33", "E_RETENTION",
                             "add `in rolling 24 months` or less",
                             "this rule needs a record for life; there is no lifetime standing");
}

static void visit_averages(void *context, tally_place place, uint32_t index, const tally_expr *expr)
{
    tally_charter *charter = context;

    (void)place;
    (void)index;
    if (expr->op != TALLY_OP_MEAN || expr->set == NULL || expr->set->inner != NULL)
        return;
    for (uint32_t t = TALLY_RECORD_TYPES; t < charter->policy->type_count; t++) {
        if ((expr->set->types[t / 64] >> (t % 64) & 1) != 0 &&
            tally_charter_is_peer(&charter->policy->types[t]))
            tally_charter_refuse(charter, &expr->span, "R12", "E_PEER_NEGATIVE",
                                 "count thanks; nobody is averaged",
                                 "this rule averages what people say of a person");
    }
}

void tally_charter_check_looking_back(tally_charter *charter)
{
    if (!tally_charter_is_about_persons(charter))
        return;
    tally_version_walk(charter->version, visit_looking_back, charter);
    tally_version_walk(charter->version, visit_averages, charter);
    for (uint32_t i = 0; i < charter->version->limit_count; i++) {
        const tally_limit *limit = &charter->version->limits[i];

        check_window(charter, limit->window, &limit->span);
        if (limit->window->kind == TALLY_WINDOW_LIFETIME)
            tally_charter_refuse(charter, &limit->span, "R33", "E_RETENTION",
                                 "limit per `rolling 24 months` or less",
                                 "a lifetime limit needs a record for life");
    }
}
