/* SPDX-License-Identifier: Apache-2.0 */
/* The charter checker: what may be recorded and by whom (R5, R7, R8, R10, R11,
 * R12, R35, R36). */

#include "policy/charter_internal.h"
#include "policy/charter_words.h"
#include "policy/walk.h"

bool tally_charter_is_peer(const tally_event_type *type)
{
    if (tally_text_is(type->kind, "peer thanks"))
        return true;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].is_member)
            return true;
    }
    return false;
}

bool tally_charter_is_pause(const tally_charter *charter, uint32_t type)
{
    for (uint32_t i = 0; i < charter->version->pause_count; i++) {
        if (charter->version->pauses[i].starts_type == type ||
            charter->version->pauses[i].ends_type == type)
            return true;
    }
    return false;
}

static void check_kind(tally_charter *charter, const tally_event_type *type)
{
    bool persons = tally_charter_is_about_persons(charter);
    bool is_registered = tally_charter_has_name(
        persons ? &tally_charter_member_kinds : &tally_charter_organisation_kinds, type->kind);

    if (type->kind.count == 0)
        tally_charter_refuse(
            charter, &type->span, "R8", "E_SCHEMA",
            persons ? "add `is:` with a registered kind, e.g. `is: task volunteered`"
                    : "add `is: public inspection`, `public certificate` or `published figure`",
            "`%.*s` does not say which registered kind of event it is",
            TALLY_TEXT_ARGS(type->name));
    else if (!is_registered)
        tally_charter_refuse(charter, &type->span, persons ? "R8" : "R35",
                             persons ? "E_SCHEMA" : "E_NOT_AN_ORG",
                             "the registered kinds are in section 15 of the language's page",
                             "`%.*s` is no registered kind of event about %s",
                             TALLY_TEXT_ARGS(type->kind), persons ? "members" : "organisations");
}

static void check_age(tally_charter *charter, const tally_field *field)
{
    char folded[64];
    size_t count = tally_charter_fold(field->name, folded, sizeof(folded));
    tally_text name = tally_text_of(folded, count);

    if (tally_text_is(name, "age") || tally_text_has_prefix(name, TALLY_TEXT("age ")) ||
        tally_text_has_suffix(name, TALLY_TEXT(" age")) ||
        tally_text_has_prefix(name, TALLY_TEXT("birth")))
        tally_charter_refuse(charter, &field->span, "R5", "E_MINOR_MODE",
                             "run a programme for minors of its own, with `members: minor mode`",
                             "`%.*s` sorts people by age", TALLY_TEXT_ARGS(field->name));
}

/* A vote against somebody: a word or number that can count against the subject, given by a peer. */
static void check_peer_field(tally_charter *charter, const tally_event_type *type,
                             const tally_field *field)
{
    if (field->type == TALLY_TYPE_WORD && field->domain != NULL) {
        for (uint32_t i = 0; i < field->domain->count; i++) {
            if (tally_charter_find(TALLY_WORDS_NEGATIVE, field->domain->words[i]) != NULL)
                tally_charter_refuse(
                    charter, &field->span, "R12", "E_PEER_NEGATIVE", "let peers only thank",
                    "`%.*s` lets one member judge another (`%.*s`)", TALLY_TEXT_ARGS(type->name),
                    TALLY_TEXT_ARGS(field->domain->words[i]));
        }
    } else if (field->type == TALLY_TYPE_NUMBER) {
        tally_charter_refuse(charter, &field->span, "R12", "E_PEER_NEGATIVE",
                             "let peers only thank, without stars or amounts",
                             "`%.*s` lets one member rate another", TALLY_TEXT_ARGS(type->name));
    }
}

static void check_member_field(tally_charter *charter, const tally_event_type *type,
                               const tally_field *field)
{
    bool is_thanks = tally_text_is(type->kind, "peer thanks");

    if (field->is_member && !is_thanks)
        tally_charter_refuse(
            charter, &field->span, "R11", "E_OTHER_SUBJECT",
            "one event per consenting person; only `peer thanks` may carry the giver's tag",
            "`%.*s` ties an event to another person", TALLY_TEXT_ARGS(field->name));
    if (tally_charter_is_peer(type) && !field->is_member)
        check_peer_field(charter, type, field);
    check_age(charter, field);
}

static void check_negative_words(tally_charter *charter, const tally_event_type *type)
{
    bool is_obligation = tally_text_has_prefix(type->kind, TALLY_TEXT("obligation"));
    const char *pattern = tally_charter_find(TALLY_WORDS_NEGATIVE, type->name);

    if (is_obligation)
        return;
    if (pattern != NULL)
        tally_charter_refuse(
            charter, &type->span, "R13", "E_NO_OBLIGATION",
            "record the good event instead, or an accepted obligation that was broken",
            "`%.*s` is held against a person (the listed word is `%s`)",
            TALLY_TEXT_ARGS(type->name), pattern);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const tally_field *field = &type->fields[i];

        for (uint32_t k = 0; field->domain != NULL && k < field->domain->count; k++) {
            pattern = tally_charter_find(TALLY_WORDS_NEGATIVE, field->domain->words[k]);
            if (pattern != NULL)
                tally_charter_refuse(charter, &field->span, "R13", "E_NO_OBLIGATION",
                                     "count the good ones: \"N good in the last M days\"",
                                     "`%.*s` is held against a person (the listed word is `%s`)",
                                     TALLY_TEXT_ARGS(field->domain->words[k]), pattern);
        }
    }
}

/* Reports, disputes and withdrawals are never rule inputs (R36). */
static void check_retaliation(tally_charter *charter, const tally_event_type *type)
{
    const char *pattern = tally_charter_find(TALLY_WORDS_DISPUTES, type->name);

    if (pattern != NULL)
        tally_charter_refuse(
            charter, &type->span, "R36", "E_RETALIATION", "leave this event type out",
            "`%.*s` would make the use of a right an input to rules", TALLY_TEXT_ARGS(type->name));
}

static void check_organisation_type(tally_charter *charter, const tally_event_type *type)
{
    bool has_reference = false;

    for (uint32_t i = 0; i < type->field_count; i++) {
        const tally_field *field = &type->fields[i];

        has_reference = has_reference ||
                        (field->type == TALLY_TYPE_ID && !field->is_member && !field->optional);
        if (field->is_member)
            tally_charter_refuse(charter, &field->span, "R35", "E_NOT_AN_ORG",
                                 "an organisation's record names no person",
                                 "`%.*s` names a person", TALLY_TEXT_ARGS(field->name));
    }
    if (!has_reference)
        tally_charter_refuse(charter, &type->span, "R35", "E_NOT_AN_ORG",
                             "add a field of type `id`, e.g. `reference: id`",
                             "`%.*s` carries no reference to the public record",
                             TALLY_TEXT_ARGS(type->name));
}

void tally_charter_check_events(tally_charter *charter)
{
    for (uint32_t i = TALLY_RECORD_TYPES; i < charter->policy->type_count; i++) {
        const tally_event_type *type = &charter->policy->types[i];

        if (!tally_charter_is_pause(charter, i) || type->kind.count > 0)
            check_kind(charter, type);
        for (uint32_t k = 0; k < type->field_count; k++) {
            const tally_field *field = &type->fields[k];

            if (field->type == TALLY_TYPE_TEXT)
                tally_charter_refuse(charter, &field->span, "R8", "E_SCHEMA",
                                     "use `one of …`, a bounded number, a day or an id",
                                     "`%.*s` is free text", TALLY_TEXT_ARGS(field->name));
            if (tally_charter_is_about_persons(charter))
                check_member_field(charter, type, field);
        }
        if (!tally_charter_is_about_persons(charter)) {
            check_organisation_type(charter, type);
            continue;
        }
        check_negative_words(charter, type);
        check_retaliation(charter, type);
    }
}

/* ---- sources ------------------------------------------------------------------- */

static bool has_source(const tally_version *version, uint32_t type)
{
    for (uint32_t i = 0; i < version->source_count; i++) {
        for (uint32_t k = 0; k < version->sources[i].type_count; k++) {
            if (version->sources[i].types[k] == type)
                return true;
        }
    }
    return false;
}

void tally_charter_check_sources(tally_charter *charter)
{
    const tally_version *version = charter->version;

    for (uint32_t i = 0; i < version->source_count; i++) {
        const tally_source *source = &version->sources[i];
        const char *pattern = tally_charter_find(TALLY_WORDS_MONITOR, source->name);

        if (pattern != NULL)
            tally_charter_refuse(charter, &source->span, "R10", "E_SOURCE",
                                 "a source is a named human issuer, an own claim confirmed by an "
                                 "issuer, or a declared register",
                                 "`%.*s` watches people (the listed word is `%s`)",
                                 TALLY_TEXT_ARGS(source->name), pattern);
        if (source->rate.count == 0 && tally_charter_is_about_persons(charter))
            tally_charter_refuse(charter, &source->span, "R10", "E_SOURCE",
                                 "write `{events: [...], rate: 10 per calendar day}`",
                                 "`%.*s` has no rate per member", TALLY_TEXT_ARGS(source->name));
        if (source->rate.count > 0 && !source->has_calendar_rate)
            tally_charter_refuse(charter, &source->span, "R10", "E_SOURCE",
                                 "write a whole number per calendar unit, as in `10 per calendar "
                                 "day`",
                                 "admission cannot hold `%.*s` to `%.*s`",
                                 TALLY_TEXT_ARGS(source->name), TALLY_TEXT_ARGS(source->rate));
    }
    for (uint32_t t = TALLY_RECORD_TYPES; t < charter->policy->type_count; t++) {
        if (!has_source(version, t))
            tally_charter_refuse(charter, &charter->policy->types[t].span, "R10", "E_SOURCE",
                                 "name under `sources:` who may attest it",
                                 "no source may attest `%.*s`",
                                 TALLY_TEXT_ARGS(charter->policy->types[t].name));
    }
}

/* ---- the population -------------------------------------------------------------- */

void tally_charter_check_population(tally_charter *charter)
{
    const tally_version *version = charter->version;

    for (uint32_t i = 0; i < version->fact_count; i++) {
        if (version->facts[i].expr != NULL)
            tally_charter_refuse(charter, &version->facts[i].span, "R11", "E_OTHER_SUBJECT",
                                 "publish the number with the policy: `{2026-01-01: 40}`",
                                 "`%.*s` is counted from other members' records",
                                 TALLY_TEXT_ARGS(version->facts[i].name));
    }
    for (uint32_t i = 0; i < version->admission_count; i++)
        tally_charter_refuse(
            charter, &version->admission[i].span, "R11", "E_OTHER_SUBJECT",
            "score each member from their own events; keep exchanges in a ledger of their own",
            "`%.*s` is decided from two members' records",
            TALLY_TEXT_ARGS(charter->policy->types[version->admission[i].type].name));
}

/* ---- pauses ------------------------------------------------------------------------ */

static void visit_pause_reader(void *context, tally_place place, uint32_t index,
                               const tally_expr *expr)
{
    tally_charter *charter = context;
    const tally_set *set = expr->set;

    (void)place;
    (void)index;
    while (set != NULL && set->inner != NULL)
        set = set->inner;
    for (uint32_t t = TALLY_RECORD_TYPES; set != NULL && t < charter->policy->type_count; t++) {
        if ((set->types[t / 64] >> (t % 64) & 1) != 0 && tally_charter_is_pause(charter, t))
            tally_charter_refuse(charter, &expr->span, "R8", "E_SCHEMA",
                                 "`paused` says that one runs",
                                 "this rule reads when a member paused");
    }
}

void tally_charter_check_pauses(tally_charter *charter)
{
    const tally_version *version = charter->version;

    for (uint32_t t = TALLY_RECORD_TYPES; t < charter->policy->type_count; t++) {
        const tally_event_type *type = &charter->policy->types[t];

        if (!tally_charter_is_pause(charter, t))
            continue;
        if (type->field_count > 0)
            tally_charter_refuse(charter, &type->span, "R8", "E_SCHEMA", "leave the fields out",
                                 "a pause needs no reason and no details");
        for (uint32_t i = 0; i < version->award_count; i++) {
            if ((version->awards[i].types[t / 64] >> (t % 64) & 1) != 0)
                tally_charter_refuse(charter, &version->awards[i].span, "R8", "E_SCHEMA",
                                     "leave this award out",
                                     "`%.*s` gives or takes points for a pause",
                                     TALLY_TEXT_ARGS(version->awards[i].name));
        }
    }
    tally_version_walk(version, visit_pause_reader, charter);
}
