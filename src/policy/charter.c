/* SPDX-License-Identifier: Apache-2.0 */
/* The charter checker: the document as a whole (R3, R4, R5, R17, R25, R28,
 * R29, R33, R35) and its words (R9, R16, R17, R20). */

#include "policy/charter_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "policy/charter_words.h"

#define MESSAGE_BYTES 512

void tally_charter_refuse(tally_charter *charter, const tally_span *span, const char *right,
                          const char *code, const char *hint, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    int length;
    uint32_t underline = 1;

    va_start(arguments, format);
    length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (length < 0)
        length = 0;
    if ((size_t)length >= sizeof(message))
        length = (int)sizeof(message) - 1;
    if (span != NULL && span->text.count > 0)
        underline = span->text.count > 60 ? 60 : (uint32_t)span->text.count;
    if (!tally_diagnostics_add(charter->diagnostics, TALLY_SEVERITY_REFUSAL, code, right,
                               span != NULL ? span->line : 0, span != NULL ? span->column : 0,
                               underline, tally_text_of(message, (size_t)length),
                               tally_text_from(hint)))
        charter->out_of_memory = true;
}

/* ---- words ---------------------------------------------------------------- */

static void check_word(tally_charter *charter, const tally_policy_word *word,
                       tally_charter_list list, const char *hint)
{
    const char *pattern = tally_charter_find(list, word->span.text);
    const tally_charter_words *words = tally_charter_words_of(list);

    if (pattern == NULL)
        return;
    if (list <= TALLY_WORDS_STANDING)
        tally_charter_refuse(charter, &word->span, words->right, words->code, hint,
                             "this %s is about %s (%s (%d), the listed word is `%s`)", word->role,
                             words->about, words->right, (int)list, pattern);
    else
        tally_charter_refuse(charter, &word->span, words->right, words->code, hint,
                             "this %s is about %s (the listed word is `%s`)", word->role,
                             words->about, pattern);
}

static bool is_role(const tally_policy_word *word, const char *role)
{
    return tally_text_is(tally_text_from(word->role), role);
}

/* Who answers for the programme is identified, not scored. */
static bool is_identity(const tally_policy_word *word)
{
    return is_role(word, "owner") || is_role(word, "contact") || is_role(word, "basis");
}

/* Benefits and their providers have lists of their own (R4, R17). */
static bool is_of_benefit(const tally_policy_word *word)
{
    return is_role(word, "benefit") || is_role(word, "provider") || is_role(word, "benefit text");
}

typedef void word_check(tally_charter *charter, const tally_policy_word *word,
                        tally_charter_list last);

static void visit(tally_charter *charter, word_check *check, tally_charter_list last,
                  const tally_span *place, tally_text text, const char *role)
{
    tally_policy_word word = { { place->line, place->column, text }, role };

    check(charter, &word, last);
}

/* Every text of the version that a reader meets, and the names of what may be recorded. */
static void visit_words(tally_charter *charter, word_check *check, tally_charter_list last)
{
    const tally_version *version = charter->version;

    for (uint32_t i = 0; i < version->word_count; i++)
        check(charter, &version->words[i], last);
    for (uint32_t i = 0; i < version->setting_count; i++)
        visit(charter, check, last, &version->settings[i].span, version->settings[i].name,
              "setting");
    for (uint32_t i = 0; i < version->fact_count; i++)
        visit(charter, check, last, &version->facts[i].span, version->facts[i].name, "fact");
    for (uint32_t t = TALLY_RECORD_TYPES; t < charter->policy->type_count; t++) {
        const tally_event_type *type = &charter->policy->types[t];

        visit(charter, check, last, &type->span, type->name, "event type");
        for (uint32_t f = 0; f < type->field_count; f++) {
            const tally_field *field = &type->fields[f];

            visit(charter, check, last, &field->span, field->name, "field");
            for (uint32_t w = 0; field->domain != NULL && w < field->domain->count; w++)
                visit(charter, check, last, &field->span, field->domain->words[w], "word");
        }
    }
}

/* R9, from politics up to `last`. */
static void check_forbidden_subjects(tally_charter *charter, const tally_policy_word *word,
                                     tally_charter_list last)
{
    if (is_identity(word))
        return;
    for (int list = TALLY_WORDS_POLITICS; list <= (int)last; list++) {
        if (list > TALLY_WORDS_FAMILY && is_of_benefit(word))
            break;
        check_word(charter, word, (tally_charter_list)list,
                   "say what is eligible, not what a person is or does elsewhere");
    }
}

/* R7, R9, R16, R20: what a live policy about persons may not say. */
static void check_live_word(tally_charter *charter, const tally_policy_word *word,
                            tally_charter_list last)
{
    if (is_identity(word))
        return;
    check_word(charter, word, TALLY_WORDS_SHAMING,
               "name what was achieved; nothing here shows a person in a bad light");
    if (!is_of_benefit(word)) {
        check_word(charter, word, TALLY_WORDS_CROSS, "a programme uses its own events only");
        if (!is_role(word, "title") && !is_role(word, "purpose"))
            check_word(charter, word, TALLY_WORDS_PREDICTED,
                       "record what happened, not what may happen");
    }
    check_forbidden_subjects(charter, word, last);
}

/* R35: an organisation's record names no person. */
static void check_person_word(tally_charter *charter, const tally_policy_word *word,
                              tally_charter_list last)
{
    (void)last;
    if (is_role(word, "event type") || is_role(word, "field") || is_role(word, "word"))
        check_word(charter, word, TALLY_WORDS_PERSON, "an organisation's record names no person");
}

/* ---- the document ------------------------------------------------------------ */

static void require_text(tally_charter *charter, tally_text text, const char *key,
                         const char *right, const char *code, const char *why)
{
    char hint[96];

    if (text.count > 0)
        return;
    (void)snprintf(hint, sizeof(hint), "add `%s:` at the top", key);
    tally_charter_refuse(charter, NULL, right, code, hint, "`%s` is missing: %s", key, why);
}

static void check_public_record(tally_charter *charter)
{
    const tally_version *version = charter->version;

    require_text(charter, version->title, "title", "R28", "E_NO_PUBLIC_RECORD",
                 "the public record names the programme");
    require_text(charter, version->purpose, "purpose", "R28", "E_NO_PUBLIC_RECORD",
                 "a receipt is for one purpose, in words");
    require_text(charter, version->contact, "contact", "R28", "E_NO_PUBLIC_RECORD",
                 "people must be able to ask and to contest");
    for (uint32_t i = 0; i < version->award_count; i++) {
        if (version->awards[i].because.count == 0)
            tally_charter_refuse(charter, &version->awards[i].span, "R28", "E_NO_PUBLIC_RECORD",
                                 "add `because:` with one plain sentence",
                                 "`%.*s` does not say why it is given",
                                 TALLY_TEXT_ARGS(version->awards[i].name));
    }
}

static bool has_deduction(const tally_version *version)
{
    for (uint32_t i = 0; i < version->award_count; i++) {
        if (version->awards[i].is_deduction)
            return true;
    }
    return false;
}

static void check_sponsor(tally_charter *charter)
{
    const tally_version *version = charter->version;
    bool has_power = tally_charter_has_name(&tally_charter_sponsors_with_power, version->sponsor);
    bool is_public = tally_text_is(version->sponsor, "public body");

    require_text(charter, version->sponsor, "sponsor", "R4", "E_SPONSOR_CLASS",
                 "who sponsors decides what is allowed");
    if (tally_charter_has_name(&tally_charter_forbidden_sponsors, version->sponsor))
        tally_charter_refuse(charter, NULL, "R4", "E_SPONSOR_CLASS", "",
                             "a %.*s never sponsors a programme",
                             TALLY_TEXT_ARGS(version->sponsor));
    if (!tally_charter_is_about_persons(charter))
        return;
    if (has_power && (version->tier_count > 0 || has_deduction(version)))
        tally_charter_refuse(charter, version->tier_count > 0 ? &version->tiers[0].span : NULL,
                             "R4", "E_SPONSOR_CLASS",
                             "keep the awards, leave out tiers and deductions",
                             "an %.*s may recognise only: no tiers, no deductions",
                             TALLY_TEXT_ARGS(version->sponsor));
    if (is_public && has_deduction(version))
        tally_charter_refuse(charter, NULL, "R4", "E_SPONSOR_CLASS", "leave out `deductions`",
                             "a public body may reward, never deduct");
}

static void check_minors(tally_charter *charter)
{
    const tally_version *version = charter->version;

    if (!tally_text_is(version->members, "minor mode"))
        return;
    if (version->tier_count > 0)
        tally_charter_refuse(charter, &version->tiers[0].span, "R5", "E_MINOR_MODE",
                             "give badges through awards alone", "minors have no tiers");
    if (has_deduction(version))
        tally_charter_refuse(charter, NULL, "R5", "E_MINOR_MODE", "leave out `deductions`",
                             "minors have no deductions");
    if (version->benefit_count > 0)
        tally_charter_refuse(charter, &version->benefits[0].span, "R5", "E_MINOR_MODE",
                             "leave out `benefits`", "minors prove nothing to anyone outside");
}

static void check_benefit_words(tally_charter *charter, const tally_benefit *benefit)
{
    const tally_text texts[] = { benefit->name, benefit->each, benefit->at };
    const char *pattern;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        pattern = tally_charter_find(TALLY_WORDS_ESSENTIAL, texts[i]);
        if (pattern != NULL) {
            tally_charter_refuse(
                charter, &benefit->span, "R17", "E_BENEFIT_CLASS", "offer a community perk instead",
                "no point opens or closes an essential of life (the listed word is `%s`)", pattern);
            break;
        }
    }
    pattern = tally_charter_find(TALLY_WORDS_POWER, benefit->at);
    if (pattern != NULL)
        tally_charter_refuse(charter, &benefit->span, "R4", "E_SPONSOR_CLASS", "",
                             "`%.*s` may never check a member's tier (the listed word is `%s`)",
                             TALLY_TEXT_ARGS(benefit->at), pattern);
}

static void check_benefits(tally_charter *charter)
{
    const tally_version *version = charter->version;

    for (uint32_t i = 0; i < version->benefit_count; i++) {
        const tally_benefit *benefit = &version->benefits[i];

        if (!tally_charter_has_name(&tally_charter_benefit_classes, benefit->class_name))
            tally_charter_refuse(
                charter, &benefit->span, "R17", "E_BENEFIT_CLASS",
                "recognition, community perk, programme role, programme operation or own course",
                "`%.*s` is in no class of benefit that points may open",
                TALLY_TEXT_ARGS(benefit->name));
        if (benefit->without_points.count == 0)
            tally_charter_refuse(
                charter, &benefit->span, "R17", "E_BENEFIT_CLASS", "add `without-points:`",
                "`%.*s` has no route that needs no points", TALLY_TEXT_ARGS(benefit->name));
        if (benefit->non_members.count == 0)
            tally_charter_refuse(charter, &benefit->span, "R3", "E_BENEFIT_BASELINE",
                                 "add `non-members:` and keep it as it is today",
                                 "`%.*s` does not say what non-members get",
                                 TALLY_TEXT_ARGS(benefit->name));
        check_benefit_words(charter, benefit);
    }
}

/* What non-members get may not fall from one version to the next; a changed
 * sentence cannot be compared by machine, so it counts as a fall (R25: doubt = worse). */
static void check_baseline_kept(tally_charter *charter, const tally_version *before)
{
    for (uint32_t i = 0; i < before->benefit_count; i++) {
        const tally_benefit *old = &before->benefits[i];

        for (uint32_t k = 0; k < charter->version->benefit_count; k++) {
            const tally_benefit *new = &charter->version->benefits[k];

            if (tally_text_is_equal(old->name, new->name) &&
                !tally_text_is_equal(old->non_members, new->non_members))
                tally_charter_refuse(charter, &new->span, "R3", "E_BENEFIT_BASELINE",
                                     "keep the sentence of the version before",
                                     "what non-members get of `%.*s` was changed",
                                     TALLY_TEXT_ARGS(new->name));
        }
    }
}

static void check_versions(tally_charter *charter, uint32_t index)
{
    const tally_version *version = charter->version;

    if (index == 0)
        return;
    if (!version->has_previous)
        tally_charter_refuse(
            charter, NULL, "R25", "E_NOTICE_PERIOD", "`tally policy hash` prints it",
            "version %u does not carry the hash of the version before (`previous`)", index + 1);
    check_baseline_kept(charter, &charter->policy->versions[index - 1]);
}

static void check_retention(tally_charter *charter)
{
    const tally_version *version = charter->version;
    bool is_given = version->keeps_months > 0 || version->keeps_ms > 0;

    if (!is_given)
        tally_charter_refuse(charter, NULL, "R33", "E_RETENTION",
                             "add `keeps-events: 24 months` or less",
                             "the policy does not say how long events are kept");
    else if (version->keeps_months > TALLY_CHARTER_POINTS_MONTHS_MAX ||
             version->keeps_ms > TALLY_CHARTER_POINTS_DAYS_MAX * TALLY_DAY_MS)
        tally_charter_refuse(charter, NULL, "R29", "E_CHARTER_FLOOR",
                             "write `keeps-events: 24 months` or less",
                             "events are kept longer than the charter's 24 months");
    if (version->duplicate_window_ms < TALLY_CHARTER_DUPLICATE_DAYS_MIN * TALLY_DAY_MS)
        tally_charter_refuse(charter, NULL, "R29", "E_CHARTER_FLOOR",
                             "leave out `duplicate-window` for the usual 35 days",
                             "a duplicate window below one day lets a source repeat itself");
}

static void check_organisations(tally_charter *charter)
{
    const tally_version *version = charter->version;

    if (tally_charter_is_about_persons(charter))
        return;
    require_text(charter, version->basis, "basis", "R35", "E_NOT_AN_ORG",
                 "facts about organisations come from a public record");
    visit_words(charter, check_person_word, TALLY_WORDS_PERSON);
}

/* ---- all together ---------------------------------------------------------------- */

static void check_version(tally_charter *charter, uint32_t index)
{
    check_public_record(charter);
    check_sponsor(charter);
    check_minors(charter);
    check_benefits(charter);
    check_versions(charter, index);
    check_retention(charter);
    check_organisations(charter);
    tally_charter_check_events(charter);
    tally_charter_check_pauses(charter);
    tally_charter_check_sources(charter);
    tally_charter_check_population(charter);
    tally_charter_check_awards(charter);
    tally_charter_check_score(charter);
    tally_charter_check_looking_back(charter);
    if (tally_charter_is_about_persons(charter))
        visit_words(charter, check_live_word, TALLY_WORDS_STANDING);
}

bool tally_charter_check(const struct tally_policy *policy, tally_diagnostics *diagnostics)
{
    size_t before = tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_REFUSAL);
    tally_charter charter = { policy, NULL, diagnostics, false };

    for (uint32_t i = 0; i < policy->version_count; i++) {
        charter.version = &policy->versions[i];
        check_version(&charter, i);
    }
    tally_diagnostics_sort(diagnostics);
    return !charter.out_of_memory &&
           tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_REFUSAL) == before;
}

bool tally_charter_check_evaluate(const struct tally_policy *policy, tally_diagnostics *diagnostics)
{
    size_t before = tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_REFUSAL);
    tally_charter charter = { policy, NULL, diagnostics, false };

    if (policy->is_about_organisations)
        return true;
    for (uint32_t i = 0; i < policy->version_count; i++) {
        charter.version = &policy->versions[i];
        visit_words(&charter, check_forbidden_subjects, TALLY_WORDS_FAMILY);
    }
    tally_diagnostics_sort(diagnostics);
    return !charter.out_of_memory &&
           tally_diagnostics_count_of(diagnostics, TALLY_SEVERITY_REFUSAL) == before;
}
