/* SPDX-License-Identifier: Apache-2.0 */
/* Event types and their fields: what was accepted must still be. */

#include "policy/diff_internal.h"

/* A sentence: HEAD `field` of `type` TAIL, or without a field HEAD `type` TAIL. */
typedef struct words {
    const char *head;
    tally_text field;
    const char *tail;
} words;

static void add(tally_differ *differ, tally_change_label label, const char *why,
                const tally_span *span, tally_text before, tally_text type, const char *key,
                words sentence)
{
    tally_found found = { .label = label,
                          .reach = TALLY_REACH_LATER_EVENTS,
                          .why = why,
                          .span = span,
                          .before = before,
                          .after = span != NULL ? span->text : TALLY_TEXT("") };

    if (sentence.field.count > 0)
        tally_differ_add(differ, found, "events", type, key, "%s `%.*s` of `%.*s` %s",
                         sentence.head, TALLY_TEXT_ARGS(sentence.field), TALLY_TEXT_ARGS(type),
                         sentence.tail);
    else
        tally_differ_add(differ, found, "events", type, key, "%s `%.*s` %s", sentence.head,
                         TALLY_TEXT_ARGS(type), sentence.tail);
}

/* ---- fields ---------------------------------------------------------------------------- */

static const tally_field *find_field(const tally_event_type *type, tally_text name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (tally_text_is_equal(type->fields[i].name, name))
            return &type->fields[i];
    }
    return NULL;
}

static bool has_words(const tally_words *wide, const tally_words *narrow)
{
    if (wide == NULL || narrow == NULL)
        return wide == narrow;
    for (uint32_t i = 0; i < narrow->count; i++) {
        bool is_found = false;

        for (uint32_t k = 0; k < wide->count && !is_found; k++)
            is_found = tally_text_is_equal(wide->words[k], narrow->words[i]);
        if (!is_found)
            return false;
    }
    return true;
}

static bool may_hold(const tally_field *field, int64_t value)
{
    if (field->choice_count > 0) {
        for (uint32_t i = 0; i < field->choice_count; i++) {
            if (field->choices[i] == value)
                return true;
        }
        return false;
    }
    return !field->has_bounds || (value >= field->least && value <= field->greatest &&
                                  (field->step == 0 || value % field->step == 0));
}

/* Does `wide` take every number that `narrow` takes? */
static bool has_numbers(const tally_field *wide, const tally_field *narrow)
{
    if (wide->decimals != narrow->decimals)
        return false;
    if (narrow->choice_count > 0) {
        for (uint32_t i = 0; i < narrow->choice_count; i++) {
            if (!may_hold(wide, narrow->choices[i]))
                return false;
        }
        return true;
    }
    if (wide->choice_count > 0 || !wide->has_bounds || !narrow->has_bounds)
        return wide->choice_count == 0 && !wide->has_bounds;
    if (wide->least > narrow->least || wide->greatest < narrow->greatest)
        return false;
    return wide->step == 0 || (narrow->step != 0 && narrow->step % wide->step == 0);
}

static bool takes_all_of(const tally_field *wide, const tally_field *narrow)
{
    return wide->type == narrow->type && wide->is_member == narrow->is_member &&
           (wide->optional || !narrow->optional) && has_words(wide->domain, narrow->domain) &&
           (wide->type != TALLY_TYPE_NUMBER || has_numbers(wide, narrow));
}

static void compare_field(tally_differ *differ, const tally_event_type *type,
                          const tally_field *was, const tally_field *is)
{
    bool is_wider = takes_all_of(is, was);

    if (is_wider && takes_all_of(was, is))
        return;
    if (is_wider)
        add(differ, TALLY_CHANGE_NEUTRAL, NULL, &is->span, was->span.text, type->name, "",
            (words){ "The field", is->name, "takes more than it did." });
    else
        add(differ, TALLY_CHANGE_WORSE, "events that were accepted may be refused", &is->span,
            was->span.text, type->name, "",
            (words){ "The field", is->name, "no longer takes all that it took." });
}

static void compare_fields(tally_differ *differ, const tally_event_type *was,
                           const tally_event_type *is)
{
    for (uint32_t i = 0; i < was->field_count; i++) {
        const tally_field *now = find_field(is, was->fields[i].name);

        if (now != NULL)
            compare_field(differ, is, &was->fields[i], now);
        else
            add(differ, TALLY_CHANGE_WORSE, "events that carry it are refused", NULL,
                was->fields[i].span.text, is->name, "",
                (words){ "The field", was->fields[i].name, "was removed." });
    }
    for (uint32_t i = 0; i < is->field_count; i++) {
        const tally_field *field = &is->fields[i];

        if (find_field(was, field->name) != NULL)
            continue;
        if (field->optional)
            add(differ, TALLY_CHANGE_NEUTRAL, NULL, &field->span, TALLY_TEXT(""), is->name, "",
                (words){ "New: the field", field->name, "may be given." });
        else
            add(differ, TALLY_CHANGE_WORSE, "events without it are refused", &field->span,
                TALLY_TEXT(""), is->name, "",
                (words){ "New: the field", field->name, "must be given." });
    }
}

/* ---- types -------------------------------------------------------------------------------- */

static void compare_type(tally_differ *differ, const tally_event_type *was,
                         const tally_event_type *is)
{
    if (!tally_text_is_equal(was->kind, is->kind))
        add(differ, TALLY_CHANGE_WORSE, "what kind of event is recorded is part of the consent",
            &is->span, was->kind, is->name, "is",
            (words){ "The registered kind of", TALLY_TEXT(""), "was changed." });
    if (was->has_recorded_by != is->has_recorded_by ||
        (is->has_recorded_by && !tally_deadline_is_equal(&was->recorded_by, &is->recorded_by)))
        add(differ, TALLY_CHANGE_WORSE, "events may be refused that were not, or the reverse",
            &is->span, TALLY_TEXT(""), is->name, "recorded-by",
            (words){ "The day by which", TALLY_TEXT(""), "must be recorded was changed." });
    compare_fields(differ, was, is);
}

static void count_periods(void *context, const tally_expr *expr)
{
    bool *found = context;

    *found = *found || expr->op == TALLY_OP_COUNT_PERIODS;
}

static void visit_tree(const tally_expr *expr, void (*visit)(void *, const tally_expr *),
                       void *context, uint32_t depth)
{
    if (expr == NULL || depth > 128)
        return;
    visit(context, expr);
    for (uint16_t i = 0; i < expr->arg_count; i++)
        visit_tree(expr->args[i], visit, context, depth + 1);
}

/* Does any result depend on when the first event of any type was, or the latest one's offset? */
static bool depends_on_any_event(const tally_version *version)
{
    bool found = version->zone == TALLY_NO_INDEX || version->streak_count > 0;

    for (uint32_t i = 0; i < version->let_count; i++)
        visit_tree(version->lets[i].expr, count_periods, &found, 0);
    for (uint32_t i = 0; i < version->award_count; i++) {
        visit_tree(version->awards[i].when, count_periods, &found, 0);
        visit_tree(version->awards[i].points, count_periods, &found, 0);
    }
    for (uint32_t i = 0; i < version->tier_count; i++) {
        visit_tree(version->tiers[i].gain, count_periods, &found, 0);
        visit_tree(version->tiers[i].keep, count_periods, &found, 0);
    }
    for (uint32_t i = 0; i < version->grade.row_count; i++)
        visit_tree(version->grade.conditions[i], count_periods, &found, 0);
    return found;
}

void tally_differ_events(tally_differ *differ)
{
    const struct tally_policy *old = differ->old.policy, *new = differ->new.policy;
    bool depends = depends_on_any_event(differ->new.version);

    for (uint32_t i = TALLY_RECORD_TYPES; i < new->type_count; i++) {
        uint32_t was = tally_side_type(&differ->old, new->types[i].name);
        const tally_event_type *is = &new->types[i];

        if (was != TALLY_NO_INDEX)
            compare_type(differ, &old->types[was], is);
        else if (depends)
            add(differ, TALLY_CHANGE_WORSE, "periods are counted from the first event of any type",
                &is->span, TALLY_TEXT(""), is->name, "",
                (words){ "New: events of the type", TALLY_TEXT(""), "may be recorded." });
        else
            add(differ, TALLY_CHANGE_NEUTRAL, NULL, &is->span, TALLY_TEXT(""), is->name, "",
                (words){ "New: events of the type", TALLY_TEXT(""), "may be recorded." });
    }
    for (uint32_t i = TALLY_RECORD_TYPES; i < old->type_count; i++) {
        const tally_event_type *was = &old->types[i];

        if (tally_side_type(&differ->new, was->name) == TALLY_NO_INDEX)
            add(differ, TALLY_CHANGE_WORSE, "such events are refused", NULL, was->span.text,
                was->name, "",
                (words){ "Events of the type", TALLY_TEXT(""), "are no longer recorded." });
    }
}
