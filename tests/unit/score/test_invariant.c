/* SPDX-License-Identifier: Apache-2.0 */
/* R3, the core invariant: whatever happened, a member stands no lower than somebody who never
 * joined, and whoever leaves and comes back is where a newcomer is. Random histories of joining,
 * leaving, deeds, broken promises, disputes and voids; TALLY_LONG in the environment makes it a million. */

#include "../random.h"
#include "../unit.h"

#include <stdlib.h>

#include "policy/program.h"
#include "tally/score.h"
#include "util/civil.h"

#define EVENTS_MAX   40u
#define ROUNDS_SHORT UINT64_C(10000)
#define ROUNDS_LONG  UINT64_C(1000000)
#define FIRST_DAY    20454 /* 2026-01-01 */
#define DAYS         800

/* Everything that can take points away, or a tier: expiry, deductions, limits, reviews. */
static const char policy_text[] =
    "tallystick: 1\n"
    "programme: green-points\n"
    "title: Green points\n"
    "purpose: Thank residents who plant trees and share the garden.\n"
    "contact: green@riverside.example\n"
    "sponsor: association\n"
    "subjects: members\n"
    "members: adults\n"
    "zone: UTC\n"
    "shown-on: 1000\n"
    "keeps-events: 24 months\n"
    "sources:\n"
    "  parks-office: {events: [tree-planted], rate: 10 per calendar day}\n"
    "  tool-library: {events: [promise-made, promise-kept, promise-broken, promise-mended], rate: "
    "5 per calendar day}\n"
    "events:\n"
    "  tree-planted: {is: shared-place care, trees: 1..50}\n"
    "  promise-made: {is: obligation accepted, promise: id}\n"
    "  promise-kept: {is: obligation kept, promise: id}\n"
    "  promise-broken: {is: obligation broken, promise: id}\n"
    "  promise-mended: {is: obligation repaired, promise: id}\n"
    "awards:\n"
    "  trees:\n"
    "    for: tree-planted\n"
    "    points: 2 * trees\n"
    "    at-most: 60 per calendar month\n"
    "    expires: after 4 months\n"
    "    because: Trees planted, and seen by the parks office.\n"
    "  kept:\n"
    "    for: promise-kept\n"
    "    points: 5\n"
    "    at-most: 4 times per calendar month\n"
    "    expires: after 2 months\n"
    "    because: A promise was kept.\n"
    "deductions:\n"
    "  broken:\n"
    "    for: promise-broken\n"
    "    obligation: promise\n"
    "    accepted-by: promise-made\n"
    "    pairs-with: kept\n"
    "    repair: promise-mended\n"
    "    points: 5\n"
    "    counts: after 14 days, once confirmed\n"
    "    expires: after 180 days\n"
    "    because: A promise was not kept.\n"
    "tiers:\n"
    "  sapling:\n"
    "    from: 1020\n"
    "  oak:\n"
    "    from: 1060\n"
    "    keep: 1050\n"
    "    reviewed: each 1 January\n"
    "benefits:\n"
    "  late-fee-waiver:\n"
    "    class: community perk\n"
    "    needs: sapling\n"
    "    at: city-library\n"
    "    each: calendar month\n"
    "    without-points: ask at the desk\n"
    "    non-members: pay the usual fee\n"
    "  autumn-walk:\n"
    "    class: recognition\n"
    "    needs: oak\n"
    "    at: river-wardens\n"
    "    each: calendar year\n"
    "    without-points: come to the open walk\n"
    "    non-members: come to the open walk\n";

static tally_policy *compile(void)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;

    assert_int_equal(tally_policy_compile(&policy, "policy", policy_text, sizeof(policy_text) - 1,
                                          NULL, diagnostics, NULL),
                     TALLY_OK);
    tally_diagnostics_free(diagnostics);
    return policy;
}

/* One subject's record so far; what was before a leaving is gone. */
typedef struct history {
    tally_subject *subject;
    uint32_t count;
    char ids[EVENTS_MAX][16];
} history;

static void add(history *self, int32_t day, const char *type, const char *field, const char *value)
{
    const tally_subject_field fields[] = { { field, value } };
    tally_subject_record record = { .type = type, .id = self->ids[self->count], .fields = fields };
    char at[TALLY_DATE_TEXT_BYTES + 1] = "";

    (void)snprintf(self->ids[self->count], sizeof(self->ids[0]), "e%u", self->count);
    (void)tally_day_format(at, day);
    record.at = at;
    record.field_count = field != NULL ? 1 : 0;
    assert_int_equal(tally_subject_add(self->subject, &record, NULL), TALLY_OK);
    self->count++;
}

static void add_random(history *self, int32_t day)
{
    static const char *const promises[] = { "p1", "p2", "p3" };
    const char *promise = promises[random_below(3)];
    char text[16];

    switch (random_below(10)) {
    case 0:
    case 1:
        (void)snprintf(text, sizeof(text), "%d", (int)random_between(1, 50));
        add(self, day, "tree-planted", "trees", text);
        break;
    case 2:
        add(self, day, "promise-made", "promise", promise);
        break;
    case 3:
        add(self, day, "promise-kept", "promise", promise);
        break;
    case 4:
    case 5:
        add(self, day, "promise-broken", "promise", promise);
        break;
    case 6:
        add(self, day, "promise-mended", "promise", promise);
        break;
    default:
        /* A record about one of the records there are: void, dispute, decision, reversal. */
        if (self->count > 0) {
            static const char *const abouts[] = { "void", "dispute", "reversal", "decision" };
            size_t which = (size_t)random_below(4);
            const tally_subject_field fields[] = {
                { "of", self->ids[random_below(self->count)] },
                { "finding", random_below(4) == 0 ? "dropped" : "stands" },
            };
            tally_subject_record record = { .type = abouts[which],
                                            .id = self->ids[self->count],
                                            .field_count = which == 3 ? 2 : 1,
                                            .fields = fields };
            char at[TALLY_DATE_TEXT_BYTES + 1] = "";

            (void)snprintf(self->ids[self->count], sizeof(self->ids[0]), "e%u", self->count);
            (void)tally_day_format(at, day);
            record.at = at;
            assert_int_equal(tally_subject_add(self->subject, &record, NULL), TALLY_OK);
            self->count++;
        }
        break;
    }
}

/* How many benefits of the policy a tier opens beyond what everybody has without points. */
static size_t benefits_of(const tally_policy *policy, const char *tier)
{
    const tally_version *version = &policy->versions[0];
    uint32_t reached = 0;
    size_t count = 0;

    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (tally_text_is(version->tiers[i].name, tier))
            reached = i + 1;
    }
    for (uint32_t i = 0; i < version->benefit_count; i++) {
        /* The route without points stands open to members and others alike. */
        assert_true(version->benefits[i].without_points.count > 0);
        assert_true(version->benefits[i].non_members.count > 0);
        count += version->benefits[i].needs_tier < reached;
    }
    return count;
}

/* Returns the score. */
static int64_t check(const tally_policy *policy, history *self, int32_t day)
{
    char as_of[TALLY_DATE_TEXT_BYTES + 1] = "";
    tally_subject_result result;

    (void)tally_day_format(as_of, day);
    assert_int_equal(tally_subject_compute(self->subject, as_of, &result, NULL), TALLY_OK);
    assert_true(result.has_score);
    assert_true(result.score >= 0);
    assert_int_equal(result.shown, 1000 + result.score);
    /* At least what whoever never joined has, which is none beyond the open routes. */
    assert_true(benefits_of(policy, result.tier) >= benefits_of(policy, ""));
    return result.score;
}

static void begin(const tally_policy *policy, history *self)
{
    tally_subject_free(self->subject);
    *self = (history){ .subject = NULL };
    assert_int_equal(tally_subject_new(&self->subject, policy, "", NULL), TALLY_OK);
}

/* Returns the highest score seen. */
static int64_t live(const tally_policy *policy, history *self)
{
    int32_t day = FIRST_DAY;
    bool is_member = false;
    int64_t highest = 0;

    while ((day += (int32_t)random_between(0, 45)) < FIRST_DAY + DAYS) {
        if (!is_member) {
            begin(policy, self);
            is_member = true;
            /* New or come back: nothing, and nothing to lose. */
            assert_int_equal(check(policy, self, day), 0);
        } else if (random_below(12) == 0) {
            is_member = false; /* everything of it is gone */
        } else if (self->count < EVENTS_MAX) {
            for (uint64_t i = random_below(4); i < 4 && self->count < EVENTS_MAX; i++)
                add_random(self, day - (int32_t)random_below(20));
        }
        if (is_member) {
            int64_t score = check(policy, self, day + (int32_t)random_below(200));

            highest = score > highest ? score : highest;
        }
    }
    return highest;
}

static void tR3_pos_nobody_falls_below_a_stranger(void **state)
{
    uint64_t rounds = getenv("TALLY_LONG") != NULL ? ROUNDS_LONG : ROUNDS_SHORT;
    tally_policy *policy = compile();
    history self = { .subject = NULL };
    uint64_t with_points = 0;

    (void)state;
    random_begin("invariant");
    for (uint64_t i = 0; i < rounds; i++)
        with_points += live(policy, &self) > 0;
    assert_true(with_points > rounds / 2); /* histories in which there was something to lose */
    tally_subject_free(self.subject);
    tally_policy_free(policy);
}

/* The deductions that those histories are full of do take points: the property is not empty. */
static void deductions_are_at_work(void **state)
{
    const tally_subject_field of[] = { { "of", "e3" }, { "finding", "stands" } };
    const tally_subject_record decision = {
        .type = "decision", .id = "d", .at = "2026-02-20", .field_count = 2, .fields = of
    };
    tally_policy *policy = compile();
    history self = { .subject = NULL };

    (void)state;
    begin(policy, &self);
    add(&self, FIRST_DAY, "promise-made", "promise", "p1");
    add(&self, FIRST_DAY + 1, "tree-planted", "trees", "20");
    add(&self, FIRST_DAY + 2, "promise-kept", "promise", "p2");
    add(&self, FIRST_DAY + 5, "promise-broken", "promise", "p1");
    assert_int_equal(check(policy, &self, FIRST_DAY + 10), 45);
    assert_int_equal(tally_subject_add(self.subject, &decision, NULL), TALLY_OK);
    assert_int_equal(check(policy, &self, FIRST_DAY + 55), 40);
    tally_subject_free(self.subject);
    tally_policy_free(policy);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR3_pos_nobody_falls_below_a_stranger),
        cmocka_unit_test(deductions_are_at_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
