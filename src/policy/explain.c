/* SPDX-License-Identifier: Apache-2.0 */
/* The document in words: who, what may be recorded, the rules, and the reading
 * chosen wherever there is more than one sane one. */

#include "policy/explain.h"

#include "policy/explain_internal.h"

static void explain_field(tally_explainer *e, const tally_field *field)
{
    switch (field->type) {
    case TALLY_TYPE_NUMBER:
        if (field->choice_count > 0) {
            tally_explain_say(e, "one of ");
            for (uint32_t i = 0; i < field->choice_count; i++) {
                tally_explain_say(e, "%s", i == 0 ? "" : ", ");
                tally_explain_number(e, field->choices[i], field->decimals);
            }
        } else {
            tally_explain_say(e, "a number from ");
            tally_explain_number(e, field->least, field->decimals);
            tally_explain_say(e, " to ");
            tally_explain_number(e, field->greatest, field->decimals);
            if (field->step > 0) {
                tally_explain_say(e, " in steps of ");
                tally_explain_number(e, field->step, field->decimals);
            }
        }
        break;
    case TALLY_TYPE_WORD:
        tally_explain_say(e, "one of ");
        for (uint32_t i = 0; i < field->domain->count; i++)
            tally_explain_say(e, "%s%.*s", i == 0 ? "" : ", ",
                              TALLY_TEXT_ARGS(field->domain->words[i]));
        break;
    case TALLY_TYPE_CONDITION:
        tally_explain_say(e, "yes or no");
        break;
    case TALLY_TYPE_DAY:
        tally_explain_say(e, "a day");
        break;
    case TALLY_TYPE_ID:
        tally_explain_say(e, field->is_member ? "a tag of another member" : "an identifier");
        break;
    default:
        tally_explain_say(e, "a text that no rule can read");
        break;
    }
    if (field->optional)
        tally_explain_say(e, ", or nothing");
}

void tally_explain_events(tally_explainer *e)
{
    for (uint32_t t = TALLY_RECORD_TYPES; t < e->policy->type_count; t++) {
        const tally_event_type *type = &e->policy->types[t];

        tally_explain_say(e, "- `%.*s`", TALLY_TEXT_ARGS(type->name));
        for (uint32_t i = 0; i < type->field_count; i++) {
            tally_explain_say(e, "%s%.*s (", i == 0 ? " with " : "; ",
                              TALLY_TEXT_ARGS(type->fields[i].name));
            explain_field(e, &type->fields[i]);
            tally_explain_say(e, ")");
        }
        if (type->has_recorded_by) {
            tally_explain_say(e, "; recorded before the deadline ");
            tally_explain_deadline(e, &type->recorded_by);
        }
        tally_explain_say(e, ".\n");
    }
    for (uint32_t i = 0; i < e->version->source_count; i++) {
        const tally_source *source = &e->version->sources[i];

        tally_explain_say(e, "- %.*s may attest ", TALLY_TEXT_ARGS(source->name));
        for (uint32_t k = 0; k < source->type_count; k++)
            tally_explain_say(e, "%s`%.*s`", k == 0 ? "" : ", ",
                              TALLY_TEXT_ARGS(e->policy->types[source->types[k]].name));
        if (source->rate.count > 0)
            tally_explain_say(e, ", at most %.*s", TALLY_TEXT_ARGS(source->rate));
        tally_explain_say(e, ".\n");
    }
}

static void explain_names(tally_explainer *e)
{
    const tally_version *version = e->version;
    bool has_any = version->let_count + version->setting_count + version->fact_count > 0;

    if (has_any)
        tally_explain_say(e, "\nNames used in the rules\n");
    for (uint32_t i = 0; i < version->setting_count; i++) {
        tally_explain_say(e, "- %.*s is set to ", TALLY_TEXT_ARGS(version->settings[i].name));
        tally_explain_number(e, version->settings[i].value, version->settings[i].decimals);
        tally_explain_say(e, ".\n");
    }
    for (uint32_t i = 0; i < version->fact_count; i++) {
        tally_explain_say(e, "- %.*s is ", TALLY_TEXT_ARGS(version->facts[i].name));
        if (version->facts[i].expr != NULL) {
            tally_explain_say(e, "counted over the whole programme: ");
            tally_explain_expr(e, version->facts[i].expr);
        } else {
            tally_explain_say(e, "a figure published with the policy, %u value%s by date",
                              version->facts[i].count, version->facts[i].count == 1 ? "" : "s");
        }
        tally_explain_say(e, ".\n");
    }
    for (uint32_t i = 0; i < version->let_count; i++) {
        tally_explain_say(e, "- %.*s%s is ", TALLY_TEXT_ARGS(version->lets[i].name),
                          version->lets[i].is_reported ? " (reported)" : "");
        if (version->lets[i].is_set) {
            tally_explain_say(e, "every ");
            tally_explain_set(e, version->lets[i].set);
        } else {
            tally_explain_expr(e, version->lets[i].expr);
        }
        tally_explain_say(e, ".\n");
    }
}

static void explain_benefits(tally_explainer *e)
{
    for (uint32_t i = 0; i < e->version->benefit_count; i++) {
        const tally_benefit *benefit = &e->version->benefits[i];

        tally_explain_say(e, "%s- %.*s (%.*s): for `%.*s`", i == 0 ? "\nBenefits\n" : "",
                          TALLY_TEXT_ARGS(benefit->name), TALLY_TEXT_ARGS(benefit->class_name),
                          TALLY_TEXT_ARGS(benefit->needs));
        if (benefit->at.count > 0)
            tally_explain_say(e, ", at %.*s", TALLY_TEXT_ARGS(benefit->at));
        if (benefit->each.count > 0)
            tally_explain_say(e, ", each %.*s", TALLY_TEXT_ARGS(benefit->each));
        tally_explain_say(e, ".\n  Without points: %.*s.\n  Non-members: %.*s.\n",
                          TALLY_TEXT_ARGS(benefit->without_points),
                          TALLY_TEXT_ARGS(benefit->non_members));
    }
}

static void explain_write(tally_explainer *e, const tally_write *write)
{
    const tally_event_type *type = &e->policy->types[write->type];

    tally_explain_say(e, "  It becomes `%.*s` for ", TALLY_TEXT_ARGS(type->name));
    tally_explain_expr(e, write->to);
    for (uint32_t i = 0; i < write->value_count; i++) {
        tally_explain_say(e, "%s%.*s: ", i == 0 ? " with " : ", ",
                          TALLY_TEXT_ARGS(type->fields[write->slots[i]].name));
        tally_explain_expr(e, write->values[i]);
    }
    if (write->when != NULL) {
        tally_explain_say(e, ", if ");
        tally_explain_expr(e, write->when);
    }
    tally_explain_say(e, ".\n");
}

static void explain_admission(tally_explainer *e)
{
    if (e->version->admission_count > 0)
        tally_explain_say(e, "\nWhat is decided between members before anything is scored (in "
                             "order of instant and id)\n");
    for (uint32_t i = 0; i < e->version->admission_count; i++) {
        const tally_admission_rule *rule = &e->version->admission[i];

        tally_explain_say(e, "- `%.*s`\n", TALLY_TEXT_ARGS(e->policy->types[rule->type].name));
        for (uint32_t k = 0; k < rule->let_count; k++) {
            tally_explain_say(e, "  %.*s is ", TALLY_TEXT_ARGS(rule->lets[k].name));
            tally_explain_expr(e, rule->lets[k].expr);
            tally_explain_say(e, ".\n");
        }
        for (uint32_t k = 0; k < rule->refuse_count; k++) {
            tally_explain_say(e, "  Refused if ");
            tally_explain_expr(e, rule->refuse_when[k]);
            tally_explain_say(e, ": %.*s.\n", TALLY_TEXT_ARGS(rule->refuse_reasons[k]));
        }
        for (uint32_t k = 0; k < rule->write_count; k++)
            explain_write(e, &rule->writes[k]);
        if (rule->write_count == 0)
            tally_explain_say(e, "  Otherwise it goes through as it is.\n");
    }
}

static void explain_zone(tally_explainer *e)
{
    const tally_version *version = e->version;
    char text[TALLY_INSTANT_TEXT_BYTES];
    const tally_zone *zone;

    if (version->zone == TALLY_NO_INDEX) {
        tally_explain_say(
            e, "- Days, weeks, months and years are those of each event's own offset from UTC.\n");
        return;
    }
    zone = e->policy->zones[version->zone];
    tally_explain_say(e, "- Days, weeks (Monday to Sunday), months and years are those of %.*s",
                      TALLY_TEXT_ARGS(e->policy->zone_names[version->zone]));
    if (zone->count > 1)
        tally_explain_say(e,
                          " (%u changes of its offset are part of this policy, the last on %.*s)",
                          zone->count - 1,
                          TALLY_TEXT_ARGS(tally_instant_format(
                              text, zone->transitions[zone->count - 1].utc_ms, 0)));
    tally_explain_say(e, ".\n");
}

static void explain_readings(tally_explainer *e)
{
    const tally_version *version = e->version;
    char instant[TALLY_INSTANT_TEXT_BYTES];

    tally_explain_say(e, "\nThe readings chosen\n");
    explain_zone(e);
    tally_explain_say(e, "- A month later than a day that the month does not have is %s.\n",
                      version->month_end == TALLY_MONTH_END_LAST_DAY
                          ? "its last day"
                          : "the first day of the next month");
    tally_explain_say(
        e, "- Events are taken in the order of (instant, id), whatever the order of arrival.\n"
           "- Something that ends at an instant still counts the moment before it.\n"
           "- \"As of\" a day means its last moment. Only what was recorded by then is known.\n"
           "- A rate of nothing is no rate: a condition on it is neither met nor failed.\n"
           "- A voided event never happened; a reversed one counts until it was reversed.\n");
    if (version->award_count > 0)
        tally_explain_say(e, "- An amount that crosses a limit counts in part, in that order; an "
                             "expired award has still used its limit up.\n"
                             "- While a dispute is open, amounts above 0 count and those below 0 "
                             "are left out, unless an award says otherwise.\n");
    if (version->has_keep_until)
        tally_explain_say(
            e, "- Tiers held when this version begins are not lost before %.*s.\n",
            TALLY_TEXT_ARGS(tally_instant_format(instant, version->keep_tiers_until_ms, 0)));
    tally_explain_say(
        e, "- Points have %u decimal%s; nothing is rounded except where a rule says so.\n",
        e->policy->points_decimals, e->policy->points_decimals == 1 ? "" : "s");
}

static void explain_head(tally_explainer *e, uint32_t index)
{
    const tally_version *version = e->version;
    char day[TALLY_DATE_TEXT_BYTES];

    tally_explain_say(
        e, "%s%.*s", index == 0 ? "" : "\n\n",
        TALLY_TEXT_ARGS(version->title.count > 0 ? version->title : e->policy->programme));
    tally_explain_say(e, " (programme %.*s, version %u of %u",
                      TALLY_TEXT_ARGS(e->policy->programme), index + 1, e->policy->version_count);
    if (index > 0)
        tally_explain_say(e, ", from %.*s on",
                          TALLY_TEXT_ARGS(tally_day_format(day, (int32_t)version->from_day)));
    tally_explain_say(e, ", hash ");
    for (size_t i = 0; i < 4; i++)
        tally_explain_say(e, "%02x", version->hash[i]);
    tally_explain_say(e, "…)\n");
    if (version->purpose.count > 0)
        tally_explain_say(e, "%.*s\n", TALLY_TEXT_ARGS(version->purpose));
    tally_explain_say(e, "It is about %s.",
                      e->policy->is_about_organisations ? "organisations"
                                                        : "members, who join by choice");
    if (version->sponsor.count > 0)
        tally_explain_say(e, " Its sponsor: %.*s.", TALLY_TEXT_ARGS(version->sponsor));
    if (version->contact.count > 0)
        tally_explain_say(e, " Questions: %.*s.", TALLY_TEXT_ARGS(version->contact));
    tally_explain_say(e, "\n");
}

void tally_explain_rules(tally_explainer *e)
{
    explain_names(e);
    explain_admission(e);
    tally_explain_awards(e);
    tally_explain_score(e);
    tally_explain_tiers(e);
    tally_explain_grade(e);
    tally_explain_streaks(e);
    explain_benefits(e);
    explain_readings(e);
}

void tally_policy_explain(const struct tally_policy *policy, tally_buffer *out)
{
    for (uint32_t i = 0; i < policy->version_count; i++) {
        tally_explainer e = { policy, &policy->versions[i], out };

        explain_head(&e, i);
        tally_explain_say(&e, "\nWhat may be recorded (anything else is refused)\n");
        tally_explain_events(&e);
        tally_explain_rules(&e);
    }
}
