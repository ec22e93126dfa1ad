/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions in words. Operators become words; brackets stay where the words
 * alone could be read two ways. */

#include "policy/explain_internal.h"

static void explain_day(tally_explainer *e, int64_t day)
{
    char text[TALLY_DATE_TEXT_BYTES];

    tally_explain_text(e, tally_day_format(text, (int32_t)day));
}

static void explain_literal(tally_explainer *e, const tally_expr *expr)
{
    if (expr->value == TALLY_NOTHING) {
        tally_explain_say(e, "nothing");
        return;
    }
    switch (expr->type) {
    case TALLY_TYPE_NUMBER:
        tally_explain_number(e, expr->value, expr->decimals);
        break;
    case TALLY_TYPE_CONDITION:
        tally_explain_say(e, expr->value != 0 ? "yes" : "no");
        break;
    case TALLY_TYPE_WORD:
        tally_explain_say(e, "\"%.*s\"", TALLY_TEXT_ARGS(expr->domain->words[expr->value]));
        break;
    case TALLY_TYPE_DAY:
        explain_day(e, expr->value);
        break;
    case TALLY_TYPE_DURATION:
        tally_explain_duration(e, expr->value);
        break;
    case TALLY_TYPE_MONTHS:
        tally_explain_say(e, "%lld months", (long long)expr->value);
        break;
    default:
        tally_explain_text(e, expr->span.text);
        break;
    }
}

/* The name of the field that slot_of_type stands for. */
static tally_text field_name(const tally_explainer *e, const int16_t *slot_of_type)
{
    for (uint32_t t = 0; slot_of_type != NULL && t < e->policy->type_count; t++) {
        if (slot_of_type[t] >= 0 && (uint32_t)slot_of_type[t] < e->policy->types[t].field_count)
            return e->policy->types[t].fields[slot_of_type[t]].name;
    }
    return TALLY_TEXT("(no field)");
}

/* Whether words alone could bind the operand differently. */
static bool needs_brackets(const tally_expr *expr)
{
    switch (expr->op) {
    case TALLY_OP_ADD:
    case TALLY_OP_SUBTRACT:
    case TALLY_OP_MULTIPLY:
    case TALLY_OP_DIVIDE:
    case TALLY_OP_IF:
    case TALLY_OP_ALL_OF:
    case TALLY_OP_ANY_OF:
        return true;
    default:
        return false;
    }
}

static void explain_operand(tally_explainer *e, const tally_expr *expr)
{
    if (!needs_brackets(expr)) {
        tally_explain_expr(e, expr);
        return;
    }
    tally_explain_say(e, "(");
    tally_explain_expr(e, expr);
    tally_explain_say(e, ")");
}

static void explain_between(tally_explainer *e, const tally_expr *expr, const char *words)
{
    explain_operand(e, expr->args[0]);
    tally_explain_say(e, " %s ", words);
    explain_operand(e, expr->args[1]);
}

/* A side of a comparison: sums and products need no brackets there. */
static void explain_side(tally_explainer *e, const tally_expr *expr)
{
    if (expr->op == TALLY_OP_IF || expr->op == TALLY_OP_ALL_OF || expr->op == TALLY_OP_ANY_OF)
        explain_operand(e, expr);
    else
        tally_explain_expr(e, expr);
}

static void explain_compared(tally_explainer *e, const tally_expr *expr, const char *words)
{
    explain_side(e, expr->args[0]);
    tally_explain_say(e, " %s ", words);
    explain_side(e, expr->args[1]);
}

static void explain_list(tally_explainer *e, const tally_expr *expr, uint16_t first,
                         const char *words)
{
    for (uint16_t i = first; i < expr->arg_count; i++) {
        if (i > first)
            tally_explain_say(e, "%s", words);
        explain_operand(e, expr->args[i]);
    }
}

static void explain_round(tally_explainer *e, const tally_expr *expr)
{
    static const char *const names[] = { "up", "down", "to the nearest, halves up",
                                         "to the nearest, halves down",
                                         "to the nearest, halves to even" };

    explain_operand(e, expr->args[0]);
    tally_explain_say(e, " rounded %s to a multiple of ", names[expr->rounding]);
    tally_explain_number(e, expr->value, expr->decimals);
}

static void explain_table(tally_explainer *e, const tally_expr *expr)
{
    for (uint16_t i = 0; i + 1 < expr->arg_count; i += 2) {
        tally_explain_say(e, i == 0 ? "" : "; else ");
        tally_explain_expr(e, expr->args[i]);
        if (expr->args[i + 1] != NULL) {
            tally_explain_say(e, " if ");
            tally_explain_expr(e, expr->args[i + 1]);
        }
    }
}

/* "days, weeks and givers": what is counted as different. */
static void explain_distinct(tally_explainer *e, const tally_expr *expr)
{
    tally_explain_say(e, "the number of different ");
    for (uint16_t i = 0; i < expr->arg_count; i++) {
        const tally_expr *arg = expr->args[i];

        tally_explain_say(e, "%s",
                          i == 0                                   ? ""
                          : arg == expr->args[expr->arg_count - 1] ? " and "
                                                                   : ", ");
        if (arg->op == TALLY_OP_DAY_OF)
            tally_explain_say(e, "days");
        else if (arg->op == TALLY_OP_PERIOD_OF)
            tally_explain_say(e, "%ss", tally_explain_unit(arg->unit));
        else
            tally_explain_expr(e, arg);
    }
    tally_explain_say(e, expr->arg_count > 1 ? " together over " : " over ");
    tally_explain_set(e, expr->set);
}

static void explain_aggregate(tally_explainer *e, const tally_expr *expr, const char *words)
{
    tally_explain_say(e, "%s ", words);
    if (expr->best > 0)
        tally_explain_say(e, "the best %u of ", expr->best);
    explain_list(e, expr, 0, " and ");
    tally_explain_say(e, " over ");
    tally_explain_set(e, expr->set);
}

static void explain_earned(tally_explainer *e, const tally_expr *expr)
{
    if (expr->index == TALLY_NO_INDEX)
        tally_explain_say(e, "the points earned");
    else
        tally_explain_say(e, "the points earned by `%.*s`",
                          TALLY_TEXT_ARGS(e->version->awards[expr->index].name));
    if (expr->window != NULL)
        tally_explain_window(e, expr->window);
}

static void explain_field(tally_explainer *e, const tally_expr *expr)
{
    if (expr->op == TALLY_OP_THIS_FIELD)
        tally_explain_say(e, "this event's ");
    tally_explain_text(e, field_name(e, expr->slot_of_type));
    if (expr->op == TALLY_OP_REF_FIELD) {
        tally_explain_say(e, " of ");
        explain_operand(e, expr->args[0]);
    }
    if (expr->type == TALLY_TYPE_CONDITION)
        tally_explain_say(e, " is yes");
}

/* What is said in the same words wherever it stands; NULL: another kind of expression. */
static const char *fixed_words(tally_op op)
{
    switch (op) {
    case TALLY_OP_AT:
        return "its instant";
    case TALLY_OP_RECORDED:
        return "when it was recorded";
    case TALLY_OP_DAY_OF:
        return "its day";
    case TALLY_OP_SUBJECT:
        return "whom it is about";
    case TALLY_OP_THIS_AT:
        return "this event's instant";
    case TALLY_OP_THIS_RECORDED:
        return "when this event was recorded";
    case TALLY_OP_THIS_DAY_OF:
        return "this event's day";
    case TALLY_OP_THIS_SUBJECT:
        return "whom this event is about";
    case TALLY_OP_SCORE:
        return "the score as shown";
    case TALLY_OP_NOW:
        return "now";
    case TALLY_OP_TODAY:
        return "today";
    case TALLY_OP_PAUSED:
        return "a pause is running";
    default:
        return NULL;
    }
}

static void explain_let(tally_explainer *e, const tally_expr *expr)
{
    /* Beyond the version's own it is a name of an admission rule. */
    bool is_local = expr->index >= e->version->let_count;

    tally_explain_say(
        e, "`%.*s`",
        TALLY_TEXT_ARGS(is_local ? expr->span.text : e->version->lets[expr->index].name));
}

static void explain_reference(tally_explainer *e, const tally_expr *expr)
{
    const char *what = expr->op == TALLY_OP_REF_AT    ? "instant"
                       : expr->op == TALLY_OP_REF_DAY ? "day"
                                                      : "recording";

    tally_explain_say(e, "the %s of ", what);
    explain_operand(e, expr->args[0]);
}

/* Names, and what belongs to the event in scope. False: another kind of expression. */
static bool explain_name(tally_explainer *e, const tally_expr *expr)
{
    const char *words = fixed_words(expr->op);

    switch (expr->op) {
    case TALLY_OP_FIELD:
    case TALLY_OP_THIS_FIELD:
    case TALLY_OP_REF_FIELD:
        explain_field(e, expr);
        return true;
    case TALLY_OP_REF_AT:
    case TALLY_OP_REF_DAY:
    case TALLY_OP_REF_RECORDED:
        explain_reference(e, expr);
        return true;
    case TALLY_OP_PERIOD_OF:
        tally_explain_say(e, "its %s", tally_explain_unit(expr->unit));
        return true;
    case TALLY_OP_LET:
        explain_let(e, expr);
        return true;
    case TALLY_OP_FACT:
        tally_explain_say(e, "`%.*s`", TALLY_TEXT_ARGS(e->version->facts[expr->index].name));
        return true;
    case TALLY_OP_STREAK:
        tally_explain_say(e, "`%.*s`", TALLY_TEXT_ARGS(e->version->streaks[expr->index].name));
        return true;
    case TALLY_OP_HELD:
        tally_explain_say(e, "`%.*s` is held",
                          TALLY_TEXT_ARGS(e->version->tiers[expr->index].name));
        return true;
    case TALLY_OP_EARNED:
        explain_earned(e, expr);
        return true;
    default:
        if (words != NULL)
            tally_explain_say(e, "%s", words);
        return words != NULL;
    }
}

static bool explain_question(tally_explainer *e, const tally_expr *expr)
{
    switch (expr->op) {
    case TALLY_OP_LATEST:
        tally_explain_say(e, "the latest ");
        tally_explain_set(e, expr->set);
        return true;
    case TALLY_OP_EARLIEST:
        tally_explain_say(e, "the earliest ");
        tally_explain_set(e, expr->set);
        return true;
    case TALLY_OP_ANY:
        tally_explain_say(e, "there is at least one ");
        tally_explain_set(e, expr->set);
        return true;
    case TALLY_OP_NO:
        tally_explain_say(e, "there is no ");
        tally_explain_set(e, expr->set);
        return true;
    case TALLY_OP_COUNT:
        tally_explain_say(e, "the number of ");
        tally_explain_set(e, expr->set);
        return true;
    case TALLY_OP_SUM:
        explain_aggregate(e, expr, "the sum of");
        return true;
    case TALLY_OP_LEAST:
        explain_aggregate(e, expr, "the least");
        return true;
    case TALLY_OP_GREATEST:
        explain_aggregate(e, expr, "the greatest");
        return true;
    case TALLY_OP_MEAN:
        explain_aggregate(e, expr, "the mean of");
        return true;
    case TALLY_OP_DISTINCT:
        explain_distinct(e, expr);
        return true;
    case TALLY_OP_COUNT_PERIODS:
        tally_explain_say(e, "the number of calendar %ss in which ",
                          tally_explain_unit(expr->unit));
        tally_explain_expr(e, expr->args[0]);
        return true;
    default:
        return false;
    }
}

static bool explain_comparison(tally_explainer *e, const tally_expr *expr)
{
    switch (expr->op) {
    case TALLY_OP_IS:
        explain_compared(e, expr, "is");
        return true;
    case TALLY_OP_IS_NOT:
        explain_compared(e, expr, "is not");
        return true;
    case TALLY_OP_LESS:
        explain_compared(e, expr, "is less than");
        return true;
    case TALLY_OP_LESS_OR_EQUAL:
        explain_compared(e, expr, "is at most");
        return true;
    case TALLY_OP_GREATER:
        explain_compared(e, expr, "is more than");
        return true;
    case TALLY_OP_GREATER_OR_EQUAL:
        explain_compared(e, expr, "is at least");
        return true;
    case TALLY_OP_IS_ONE_OF:
        explain_operand(e, expr->args[0]);
        tally_explain_say(e, " is one of ");
        explain_list(e, expr, 1, ", ");
        return true;
    case TALLY_OP_EXISTS:
        explain_operand(e, expr->args[0]);
        tally_explain_say(e, " exists");
        return true;
    case TALLY_OP_NOT:
        tally_explain_say(e, "it is not so that ");
        explain_operand(e, expr->args[0]);
        return true;
    case TALLY_OP_ALL_OF:
        explain_list(e, expr, 0, " and ");
        return true;
    case TALLY_OP_ANY_OF:
        explain_list(e, expr, 0, " or ");
        return true;
    case TALLY_OP_NONE_OF:
        tally_explain_say(e, "none of: ");
        explain_list(e, expr, 0, "; ");
        return true;
    case TALLY_OP_AT_LEAST_OF:
        tally_explain_say(e, "at least %lld of: ", (long long)expr->value);
        explain_list(e, expr, 0, "; ");
        return true;
    case TALLY_OP_THROUGHOUT:
        explain_operand(e, expr->args[0]);
        tally_explain_say(e, " at every moment of the last ");
        tally_explain_duration(e, expr->value);
        return true;
    default:
        return false;
    }
}

static void explain_arithmetic(tally_explainer *e, const tally_expr *expr)
{
    switch (expr->op) {
    case TALLY_OP_ADD:
    case TALLY_OP_DAY_PLUS:
    case TALLY_OP_DAY_PLUS_MONTHS:
        explain_between(e, expr, "plus");
        return;
    case TALLY_OP_SUBTRACT:
    case TALLY_OP_DAY_MINUS_DAY:
        explain_between(e, expr, "minus");
        return;
    case TALLY_OP_MULTIPLY:
        explain_between(e, expr, "×");
        return;
    case TALLY_OP_DIVIDE:
        explain_between(e, expr, "divided by");
        return;
    case TALLY_OP_NEGATE:
        tally_explain_say(e, "minus ");
        explain_operand(e, expr->args[0]);
        return;
    case TALLY_OP_RESCALE:
        tally_explain_expr(e, expr->args[0]);
        return;
    case TALLY_OP_ROUND:
        explain_round(e, expr);
        return;
    case TALLY_OP_MIN:
        tally_explain_say(e, "the least of ");
        explain_list(e, expr, 0, ", ");
        return;
    case TALLY_OP_MAX:
        tally_explain_say(e, "the greatest of ");
        explain_list(e, expr, 0, ", ");
        return;
    case TALLY_OP_CLAMP:
        explain_operand(e, expr->args[0]);
        tally_explain_say(e, ", but no less than ");
        explain_operand(e, expr->args[1]);
        tally_explain_say(e, " and no more than ");
        explain_operand(e, expr->args[2]);
        return;
    case TALLY_OP_IF:
        explain_operand(e, expr->args[1]);
        tally_explain_say(e, " if ");
        tally_explain_expr(e, expr->args[0]);
        tally_explain_say(e, ", else ");
        explain_operand(e, expr->args[2]);
        return;
    case TALLY_OP_TABLE:
        explain_table(e, expr);
        return;
    default:
        tally_explain_text(e, expr->span.text);
        return;
    }
}

void tally_explain_condition(tally_explainer *e, const tally_expr *expr)
{
    static const char *const heads[] = { "all of", "at least one of", "none of" };
    bool is_list =
        expr->op >= TALLY_OP_ALL_OF && expr->op <= TALLY_OP_AT_LEAST_OF && expr->arg_count > 2;

    if (!is_list) {
        tally_explain_expr(e, expr);
        tally_explain_say(e, ".\n");
        return;
    }
    if (expr->op == TALLY_OP_AT_LEAST_OF)
        tally_explain_say(e, "at least %lld of these hold:\n", (long long)expr->value);
    else
        tally_explain_say(e, "%s these hold%s:\n", heads[expr->op - TALLY_OP_ALL_OF],
                          expr->op == TALLY_OP_ANY_OF ? "s" : "");
    for (uint16_t i = 0; i < expr->arg_count; i++) {
        tally_explain_say(e, "    - ");
        tally_explain_expr(e, expr->args[i]);
        tally_explain_say(e, "\n");
    }
}

void tally_explain_expr(tally_explainer *e, const tally_expr *expr)
{
    if (expr->op == TALLY_OP_LITERAL)
        explain_literal(e, expr);
    else if (!explain_name(e, expr) && !explain_question(e, expr) && !explain_comparison(e, expr))
        explain_arithmetic(e, expr);
}
