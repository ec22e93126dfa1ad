/* SPDX-License-Identifier: Apache-2.0 */
/* What answers depend on is read from long chains of lets in a time that grows
 * with what they say: each uses the one before it twice. */

#include "case.h"
#include "score/dependencies.h"
#include "util/buffer.h"

#define CHAIN 250u

/* l0, and lets that each use the one before twice: head, l0, joint, l0, tail. */
typedef struct chain {
    const char *first, *head, *joint, *tail;
} chain;

static void append_chain(tally_buffer *yaml, const chain *links)
{
    assert_int_equal(tally_buffer_printf(yaml,
                                         "tallystick: 1\nprogramme: p\ntitle: t\n"
                                         "subjects: members\nevents:\n  visit: {}\nlet:\n"
                                         "  l0: %s\n",
                                         links->first),
                     TALLY_OK);
    for (unsigned i = 1; i < CHAIN; i++)
        assert_int_equal(tally_buffer_printf(yaml, "  l%u: %sl%u%sl%u%s\n", i, links->head, i - 1,
                                             links->joint, i - 1, links->tail),
                         TALLY_OK);
}

static tally_policy *compile_chain(const chain *links, const char *rest)
{
    tally_policy *policy;
    tally_buffer yaml;

    tally_buffer_init(&yaml, (size_t)1 << 20);
    append_chain(&yaml, links);
    assert_int_equal(tally_buffer_append_string(&yaml, rest), TALLY_OK);
    policy = case_compile(tally_buffer_string(&yaml));
    tally_buffer_free(&yaml);
    return policy;
}

static void throughout_at_the_bottom_of_a_chain_is_found(void **state)
{
    tally_policy *policy =
        compile_chain(&(chain){ "any visit in rolling 7 days throughout 3 days", "", " and ", "" },
                      "awards:\n  a:\n    for: visit\n    when: l249\n    points: 1\n");
    tally_arena *arena = tally_arena_new((size_t)1 << 20);
    tally_dependencies deps;

    (void)state;
    assert_non_null(arena);
    assert_int_equal(tally_dependencies_read(&deps, policy, arena, NULL), TALLY_OK);
    assert_int_equal(deps.shift_count, 2);
    assert_int_equal(deps.shifts[1], 3 * TALLY_DAY_MS);
    assert_int_equal(deps.use_count, 1);
    tally_arena_free(arena);
    tally_policy_free(policy);
}

static void sizes_of_a_window_are_found_through_a_chain(void **state)
{
    tally_policy *policy =
        compile_chain(&(chain){ "if any visit then 30 else 90", "max(", ", ", ")" },
                      "  c: count(visit in rolling (l249) days)\nreport: [c]\n");
    const tally_expr *count = policy->versions[0].lets[CHAIN].expr;
    int64_t sizes[TALLY_WINDOW_SIZES_MAX];

    (void)state;
    assert_int_equal(tally_window_sizes(policy, 0, count->set->window, sizes), 2);
    assert_int_equal(sizes[0] + sizes[1], 120);
    tally_policy_free(policy);
}

static void types_of_an_event_are_found_through_a_chain(void **state)
{
    tally_policy *policy =
        compile_chain(&(chain){ "latest visit", "if any visit then ", " else ", "" },
                      "  c: l249 exists\nreport: [c]\n");
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64] = { 0 };

    (void)state;
    tally_reference_types(policy, 0, policy->versions[0].lets[CHAIN - 1].expr, types);
    assert_true(tally_types_has(types, TALLY_RECORD_TYPES));
    assert_false(tally_types_has(types, TALLY_RECORD_VOID));
    tally_policy_free(policy);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(throughout_at_the_bottom_of_a_chain_is_found),
        cmocka_unit_test(sizes_of_a_window_are_found_through_a_chain),
        cmocka_unit_test(types_of_an_event_are_found_through_a_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
