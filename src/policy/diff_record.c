/* SPDX-License-Identifier: Apache-2.0 */
/* The document's head, its sources and its benefits. */

#include "policy/diff_internal.h"

/* ---- the head ----------------------------------------------------------------------------- */

typedef struct head_text {
    const char *key;
    tally_text was, is;
    tally_change_label label;
    const char *why;
} head_text;

static void compare_texts(tally_differ *differ)
{
    const tally_version *a = differ->old.version, *b = differ->new.version;
    const head_text texts[] = {
        { "title", a->title, b->title, TALLY_CHANGE_NEUTRAL, NULL },
        { "contact", a->contact, b->contact, TALLY_CHANGE_NEUTRAL, NULL },
        { "purpose", a->purpose, b->purpose, TALLY_CHANGE_WORSE, "consent was given to another" },
        { "owner", a->owner, b->owner, TALLY_CHANGE_WORSE, "consent was given to another" },
        { "sponsor", a->sponsor, b->sponsor, TALLY_CHANGE_WORSE, "who has power is another" },
        { "members", a->members, b->members, TALLY_CHANGE_WORSE, "it is for other people" },
        { "basis", a->basis, b->basis, TALLY_CHANGE_WORSE, "facts come from elsewhere" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tally_found found = { .label = texts[i].label,
                              .reach = TALLY_REACH_TEXT,
                              .why = texts[i].why,
                              .before = texts[i].was,
                              .after = texts[i].is };

        if (!tally_text_is_equal(texts[i].was, texts[i].is))
            tally_differ_add(differ, found, texts[i].key, (tally_text){ 0 }, "",
                             "The %s was \"%.*s\" and is now \"%.*s\".", texts[i].key,
                             TALLY_TEXT_ARGS(texts[i].was), TALLY_TEXT_ARGS(texts[i].is));
    }
}

static void add_head(tally_differ *differ, tally_change_reach reach, const char *key,
                     const char *why, const char *sentence)
{
    tally_found found = { .label = TALLY_CHANGE_WORSE, .reach = reach, .why = why };

    tally_differ_add(differ, found, key, (tally_text){ 0 }, "", "%s", sentence);
}

static bool is_same_table(const tally_zone *a, const tally_zone *b)
{
    if (a == b)
        return true;
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (a->transitions[i].utc_ms != b->transitions[i].utc_ms ||
            a->transitions[i].offset_s != b->transitions[i].offset_s)
            return false;
    }
    return true;
}

static void compare_zones(tally_differ *differ)
{
    const struct tally_policy *old = differ->old.policy, *new = differ->new.policy;
    uint32_t was = differ->old.version->zone, is = differ->new.version->zone;

    if ((was == TALLY_NO_INDEX) != (is == TALLY_NO_INDEX) ||
        (was != TALLY_NO_INDEX && !tally_text_is_equal(old->zone_names[was], new->zone_names[is])))
        add_head(differ, TALLY_REACH_RECORD, "zone", "days and periods begin at other instants",
                 "The time zone was changed.");
    for (uint32_t i = 0; i < old->zone_count; i++) {
        for (uint32_t k = 0; k < new->zone_count; k++) {
            if (tally_text_is_equal(old->zone_names[i], new->zone_names[k]) &&
                !is_same_table(old->zones[i], new->zones[k])) {
                add_head(differ, TALLY_REACH_RECORD, "zone",
                         "days and periods begin at other instants",
                         "The table of a time zone was changed.");
                return;
            }
        }
    }
}

/* Less of it loses points, more of it keeps what was to be forgotten. */
static void compare_retention(tally_differ *differ)
{
    const tally_version *a = differ->old.version, *b = differ->new.version;
    bool is_shorter = a->keeps_months > 0 && b->keeps_months > 0
                          ? b->keeps_months < a->keeps_months
                          : b->keeps_months > 0 || b->keeps_ms > 0;

    if (a->keeps_months == b->keeps_months && a->keeps_ms == b->keeps_ms)
        return;
    if (a->keeps_ms > 0 && b->keeps_ms > 0)
        is_shorter = b->keeps_ms < a->keeps_ms;
    add_head(differ, is_shorter ? TALLY_REACH_RECORD : TALLY_REACH_TEXT, "keeps-events",
             is_shorter ? "events are erased before their points end"
                        : "what was to be erased is kept longer",
             "How long events are kept was changed.");
}

void tally_differ_header(tally_differ *differ)
{
    const tally_version *a = differ->old.version, *b = differ->new.version;

    compare_texts(differ);
    compare_zones(differ);
    if (a->month_end != b->month_end)
        add_head(differ, TALLY_REACH_RECORD, "month-end", "deadlines and windows move",
                 "What a month later means was changed.");
    compare_retention(differ);
    if (a->duplicate_window_ms != b->duplicate_window_ms)
        add_head(differ, TALLY_REACH_LATER_EVENTS, "duplicate-window",
                 "other repeats are refused than before",
                 "How long an event's id is remembered was changed.");
    if (a->admission_count > 0 || b->admission_count > 0) {
        if (!tally_text_is_equal(a->document, b->document))
            add_head(differ, TALLY_REACH_RECORD, "admission",
                     "what is decided from many members' records is not compared",
                     "One of the versions decides about events between members.");
    }
}

/* ---- sources --------------------------------------------------------------------------------- */

static const tally_source *find_source(const tally_version *version, tally_text name)
{
    for (uint32_t i = 0; i < version->source_count; i++) {
        if (tally_text_is_equal(version->sources[i].name, name))
            return &version->sources[i];
    }
    return NULL;
}

static bool may_attest(const tally_side *side, const tally_source *source, tally_text type_name)
{
    for (uint32_t i = 0; i < source->type_count; i++) {
        if (tally_text_is_equal(side->policy->types[source->types[i]].name, type_name))
            return true;
    }
    return false;
}

/* Nothing but awards that add points follows from events of this type. */
static bool only_adds(const tally_differ *differ, uint32_t type)
{
    const tally_version *version = differ->new.version;

    if (!differ->points_rise || version->let_count > 0 || version->grade.is_present ||
        version->streak_count > 0 || version->pause_count > 0 || version->score.needs != NULL ||
        version->moves.locked_while != NULL)
        return false;
    for (uint32_t i = 0; i < version->award_count; i++) {
        const tally_award *award = &version->awards[i];

        if (award->when != NULL && award->when->set != NULL)
            return false;
        if (award->is_deduction &&
            ((award->types[type / 64] >> (type % 64) & 1) != 0 || award->accepted_by_type == type))
            return false;
    }
    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (!version->tiers[i].has_from)
            return false;
    }
    return true;
}

static void add_attested(tally_differ *differ, const tally_source *is, uint32_t type)
{
    tally_found found = { .label = TALLY_CHANGE_NEUTRAL,
                          .reach = TALLY_REACH_LATER_EVENTS,
                          .span = &is->span,
                          .after = is->span.text };

    if (!only_adds(differ, type)) {
        found.label = TALLY_CHANGE_WORSE;
        found.why = "what it attests can do more than add points";
    }
    tally_differ_add(differ, found, "sources", is->name, "", "New: `%.*s` may attest `%.*s`.",
                     TALLY_TEXT_ARGS(is->name),
                     TALLY_TEXT_ARGS(differ->new.policy->types[type].name));
}

static void compare_source(tally_differ *differ, const tally_source *was, const tally_source *is)
{
    tally_found found = { .label = TALLY_CHANGE_WORSE,
                          .reach = TALLY_REACH_LATER_EVENTS,
                          .why = "other events may be refused than before",
                          .span = &is->span,
                          .before = was->rate,
                          .after = is->rate };

    for (uint32_t i = 0; i < is->type_count; i++) {
        if (!may_attest(&differ->old, was, differ->new.policy->types[is->types[i]].name))
            add_attested(differ, is, is->types[i]);
    }
    if (!tally_text_is_equal(was->rate, is->rate))
        tally_differ_add(differ, found, "sources", is->name, "rate",
                         "The rate of `%.*s` was `%.*s` and is now `%.*s`.",
                         TALLY_TEXT_ARGS(is->name), TALLY_TEXT_ARGS(was->rate),
                         TALLY_TEXT_ARGS(is->rate));
}

void tally_differ_sources(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < new->source_count; i++) {
        const tally_source *is = &new->sources[i], *was = find_source(old, is->name);

        if (was != NULL)
            compare_source(differ, was, is);
        for (uint32_t k = 0; was == NULL && k < is->type_count; k++)
            add_attested(differ, is, is->types[k]);
    }
    for (uint32_t i = 0; i < old->source_count; i++) {
        const tally_source *was = &old->sources[i], *is = find_source(new, was->name);
        tally_found found = { .label = TALLY_CHANGE_WORSE,
                              .reach = TALLY_REACH_LATER_EVENTS,
                              .why = "what it would attest is not recorded",
                              .is_stop = true,
                              .span = is != NULL ? &is->span : NULL,
                              .before = was->span.text };

        for (uint32_t k = 0; k < was->type_count; k++) {
            tally_text type = differ->old.policy->types[was->types[k]].name;

            if (is == NULL || !may_attest(&differ->new, is, type))
                tally_differ_add(differ, found, "sources", was->name, "",
                                 "`%.*s` may no longer attest `%.*s`.", TALLY_TEXT_ARGS(was->name),
                                 TALLY_TEXT_ARGS(type));
        }
    }
}

/* ---- benefits ------------------------------------------------------------------------------------ */

static const tally_benefit *find_benefit(const tally_version *version, tally_text name)
{
    for (uint32_t i = 0; i < version->benefit_count; i++) {
        if (tally_text_is_equal(version->benefits[i].name, name))
            return &version->benefits[i];
    }
    return NULL;
}

static tally_found claim(const tally_benefit *is, tally_text before, tally_text after,
                         const char *why)
{
    return (tally_found){ .label = why != NULL ? TALLY_CHANGE_WORSE : TALLY_CHANGE_BETTER,
                          .reach = TALLY_REACH_LATER_CLAIMS,
                          .why = why,
                          .span = is != NULL ? &is->span : NULL,
                          .before = before,
                          .after = after };
}

static void compare_benefit_texts(tally_differ *differ, const tally_benefit *a,
                                  const tally_benefit *b)
{
    const struct {
        const char *key;
        tally_text was, is;
        const char *why;
    } texts[] = {
        { "class", a->class_name, b->class_name, "it is a benefit of another class" },
        { "at", a->at, b->at, "it is given elsewhere" },
        { "each", a->each, b->each, "it may be claimed less often" },
        { "without-points", a->without_points, b->without_points,
          "the way without points is another" },
        { "non-members", a->non_members, b->non_members, "what non-members get may be less" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!tally_text_is_equal(texts[i].was, texts[i].is))
            tally_differ_add(differ, claim(b, texts[i].was, texts[i].is, texts[i].why), "benefits",
                             b->name, texts[i].key,
                             "`%s` of the benefit `%.*s` was \"%.*s\" and is now \"%.*s\".",
                             texts[i].key, TALLY_TEXT_ARGS(b->name), TALLY_TEXT_ARGS(texts[i].was),
                             TALLY_TEXT_ARGS(texts[i].is));
    }
}

static void compare_benefit_amount(tally_differ *differ, const tally_benefit *b, const char *key,
                                   int64_t was, int64_t is)
{
    if (was != is)
        tally_differ_add(
            differ,
            claim(b, TALLY_TEXT(""), TALLY_TEXT(""), is > was ? NULL : "there is less of it"),
            "benefits", b->name, key, "The %s of the benefit `%.*s` is now %s.", key,
            TALLY_TEXT_ARGS(b->name), is > was ? "larger" : "smaller");
}

static bool has_same_need(const tally_differ *differ, const tally_benefit *a,
                          const tally_benefit *b)
{
    if (a->needs_tier == TALLY_NO_INDEX || b->needs_tier == TALLY_NO_INDEX)
        return a->needs_tier == b->needs_tier;
    return differ->tier_map[a->needs_tier] == b->needs_tier;
}

static void compare_benefit(tally_differ *differ, const tally_benefit *a, const tally_benefit *b)
{
    compare_benefit_texts(differ, a, b);
    if (!has_same_need(differ, a, b))
        tally_differ_add(
            differ,
            claim(b, a->needs, b->needs,
                  b->needs_tier == TALLY_NO_INDEX ? NULL : "it needs another tier"),
            "benefits", b->name, "needs", "The benefit `%.*s` needed `%.*s` and now needs `%.*s`.",
            TALLY_TEXT_ARGS(b->name), TALLY_TEXT_ARGS(a->needs), TALLY_TEXT_ARGS(b->needs));
    compare_benefit_amount(differ, b, "quantity", a->has_quantity ? a->quantity : 1,
                           b->has_quantity ? b->quantity : 1);
    compare_benefit_amount(differ, b, "stock", a->has_stock ? a->stock : INT64_MAX,
                           b->has_stock ? b->stock : INT64_MAX);
}

void tally_differ_benefits(tally_differ *differ)
{
    const tally_version *old = differ->old.version, *new = differ->new.version;

    for (uint32_t i = 0; i < new->benefit_count; i++) {
        const tally_benefit *is = &new->benefits[i], *was = find_benefit(old, is->name);

        if (was != NULL)
            compare_benefit(differ, was, is);
        else
            tally_differ_add(differ, claim(is, TALLY_TEXT(""), is->span.text, NULL), "benefits",
                             is->name, "", "New: the benefit `%.*s`.", TALLY_TEXT_ARGS(is->name));
    }
    for (uint32_t i = 0; i < old->benefit_count; i++) {
        const tally_benefit *was = &old->benefits[i];

        if (find_benefit(new, was->name) == NULL)
            tally_differ_add(differ,
                             claim(NULL, was->span.text, TALLY_TEXT(""), "it cannot be claimed"),
                             "benefits", was->name, "", "The benefit `%.*s` was removed.",
                             TALLY_TEXT_ARGS(was->name));
    }
}
