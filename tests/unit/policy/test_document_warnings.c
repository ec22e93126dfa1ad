/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings: what is a policy, but probably not what was meant; and what must not
 * be warned of. */

#include "unit.h"

#include "document_support.h"

#define HEAD  "tallystick: 1\nprogramme: p\ntitle: t\nsubjects: members\n"
#define VISIT HEAD "events:\n  visit: {hours: 0..24}\n"                  /* 6 lines */
#define AWARD VISIT "awards:\n  a:\n    for: visit\n    points: hours\n" /* 10 lines */

/* code NULL: no warning at all. */
static const struct {
    const char *name, *yaml, *code;
    uint32_t line, column;
} cases[] = {
    { "a plain policy", AWARD, NULL, 0, 0 },
    { "an event type",
      HEAD "events:\n  visit: {}\n  call: {}\nawards:\n  a:\n    for: call\n    points: 1\n",
      "unused", 6, 3 },
    { "event types of a pause",
      HEAD "events: {away: {}, back: {}, visit: {}}\nawards:\n"
           "  a: {for: visit, points: 1}\npauses: {p: {starts: away, ends: back}}\n",
      NULL, 0, 0 },
    { "an event type in a condition",
      HEAD "events: {visit: {}, call: {}}\nawards:\n  a:\n    for: call\n"
           "    points: 1\n    when: no visit\n",
      NULL, 0, 0 },
    { "a setting", AWARD "settings: {x: 1}\n", "unused", 11, 12 },
    { "a setting in a limit", AWARD "    at-most: x per calendar day\nsettings: {x: 1}\n", NULL, 0,
      0 },
    { "a value", AWARD "let: {x: count(visit)}\n", "unused", 11, 7 },
    { "a reported value", AWARD "let: {x: count(visit)}\nreport: [x]\n", NULL, 0, 0 },
    { "a tested value", AWARD "let: {x: count(visit)}\ntests:\n  - name: n\n    expect: {x: 0}\n",
      NULL, 0, 0 },
    { "a streak", AWARD "streaks:\n  s: {each: day, counts: any visit}\n", "unused", 12, 3 },
    { "a limit", AWARD "limits: {l: {at-most: 1 per calendar day}}\n", "unused", 11, 10 },
    { "a tier above the ceiling",
      AWARD "score: {ceiling: 100}\nshown-on: 10\ntiers: {t: {from: 111}}\n", "unreachable", 13,
      19 },
    { "a tier at the ceiling",
      AWARD "score: {ceiling: 100}\nshown-on: 10\ntiers: {t: {from: 110}}\n", NULL, 0, 0 },
    { "a tier above what a limit gives",
      AWARD "    at-most: 50 per lifetime\ntiers: {t: {from: 51}}\n", "unreachable", 12, 19 },
    { "a tier that one unlimited award can reach",
      AWARD "    at-most: 50 per lifetime\n"
            "  b: {for: visit, points: 1}\ntiers: {t: {from: 51}}\n",
      NULL, 0, 0 },
    { "tiers out of order", AWARD "tiers: {t: {from: 5}, u: {from: 5}}\n", "tier-order", 11, 33 },
    { "a limit above a tighter one",
      AWARD "    at-most: [20 per calendar month, 240 per calendar year]\n", "never-binds", 11,
      38 },
    { "a limit below", AWARD "    at-most: [20 per calendar month, 239 per calendar year]\n", NULL,
      0, 0 },
    { "a limit above a number of times",
      AWARD "    at-most: [2 times per calendar day, 48 per calendar day]\n", "never-binds", 11,
      41 },
    { "a limit below a number of times",
      AWARD "    at-most: [2 times per calendar day, 47 per calendar day]\n", NULL, 0, 0 },
    { "limits in different zones",
      AWARD "    at-most: [20 per calendar month UTC, 900 per calendar year Test/East]\n", NULL, 0,
      0 },
    { "an award of nothing", VISIT "awards:\n  a: {for: visit, points: 0}\n", "dead-rule", 8, 27 },
    { "a score without awards", VISIT "score: {start: 1}\nlet: {x: count(visit)}\nreport: [x]\n",
      "dead-rule", 7, 1 },
    { "rows below otherwise", VISIT "grade:\n  A: otherwise\n  B: any visit\n", "dead-row", 9, 3 },
    { "a harder keep", AWARD "tiers: {t: {from: 5, keep: 6}}\n", "hard-keep", 11, 28 },
};

static void each_doubt_names_its_place(void **state)
{
    bool is_as_said = true;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        const tally_diagnostic *only = NULL;
        tally_policy *policy = NULL;
        size_t count;

        assert_int_equal(compile_bytes(&policy, cases[i].yaml, strlen(cases[i].yaml), diagnostics),
                         TALLY_OK);
        count = tally_diagnostics_count(diagnostics);
        if (count > 0)
            only = tally_diagnostics_get(diagnostics, 0);
        if (policy == NULL || count != (cases[i].code != NULL ? 1 : 0) ||
            (only != NULL &&
             (only->severity != TALLY_SEVERITY_WARNING || strcmp(only->code, cases[i].code) != 0 ||
              only->line != cases[i].line || only->column != cases[i].column))) {
            print_error("%s: %zu, %u:%u %s (%s)\n", cases[i].name, count,
                        only != NULL ? only->line : 0, only != NULL ? only->column : 0,
                        only != NULL ? only->code : "none", only != NULL ? only->message : "");
            is_as_said = false;
        }
        tally_policy_free(policy);
        tally_diagnostics_free(diagnostics);
    }
    assert_true(is_as_said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_doubt_names_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
