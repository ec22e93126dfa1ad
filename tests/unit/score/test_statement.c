/* SPDX-License-Identifier: Apache-2.0 */
/* Statements through the public API: what a member reads is compared with the
 * texts in tests/golden/ to the byte. TALLY_UPDATE=1 writes them anew, for a
 * person to read before they are kept. */

#include "result.h"

#include "tally/score.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)

static const char green_points[] =
    "tallystick: 1\n"
    "programme: green-points\n"
    "title: Riverside green points\n"
    "contact: green@riverside.example\n"
    "subjects: members\n"
    "zone: Europe/Lisbon\n"
    "shown-on: 1000\n"
    "events:\n"
    "  tree-planted: {trees: 1..50}\n"
    "  month-travelled: {journeys: 0..400, public: 0..400}\n"
    "awards:\n"
    "  trees:\n"
    "    for: tree-planted\n"
    "    points: 20 * trees\n"
    "    at-most: 200 per calendar year\n"
    "    expires: after 24 months\n"
    "    because: Trees planted, and seen by the parks office.\n"
    "  greener-travel:\n"
    "    for: month-travelled\n"
    "    when: public / journeys >= 30 %\n"
    "    points: 15\n"
    "    expires: after 12 months\n"
    "    because: At least 30 % of the month's journeys were by public transport.\n"
    "tiers:\n"
    "  sapling: {from: 1030}\n"
    "  oak:\n"
    "    from: 1100\n"
    "    keep: 1080\n"
    "    reviewed: each 1 January\n";

static const char *const green_lines[] = {
    "2026-02-11T00:00:00Z tree-planted 1 trees=2",
    "2026-04-01T23:00:00Z tree-planted 2 trees=2",
    "2026-03-31T12:00:00Z month-travelled 3 journeys=68 public=28",
    NULL,
};

/* Every fate that a line may have. */
static const char fates[] =
    "tallystick: 1\n"
    "programme: fates\n"
    "title: All that may become of a point\n"
    "contact: the desk\n"
    "subjects: members\n"
    "events:\n"
    "  deed:\n    n: 1..100\n    kind: one of small, large\n"
    "  shift: {hours: 0.25..12.00}\n"
    "  fault: {}\n"
    "  buy: {n: 1..100}\n"
    "  best: {n: 1..100}\n"
    "limits:\n"
    "  monthly:\n    at-most: 40 per calendar month\n"
    "  top:\n    best: 2 per calendar year\n"
    "awards:\n"
    "  deeds:\n    for: deed\n    when: kind is large or n >= 5\n    points: n\n"
    "    within: monthly\n    expires: after 3 months\n"
    "    because: Something that was needed was done.\n"
    "  shifts:\n    for: shift\n    points: round(hours, to 0.5, down)\n"
    "    decays: half every 30 days\n    because: A shift was kept.\n"
    "  faults:\n    for: fault\n    points: -10\n    counts: after 14 days, once confirmed\n"
    "    because: A promise was not kept, and a person found so.\n"
    "  purchases:\n    for: buy\n    points: -1 * n\n    spends: oldest expiry first\n"
    "    because: Points given for something.\n"
    "  finest:\n    for: best\n    points: n\n    within: top\n"
    "    because: The two best of a year count.\n"
    "score:\n  start: 5\n  ceiling: 60\n";

static const char *const fate_lines[] = {
    "2024-03-01 deed d1 n=30 kind=large",
    "2024-03-02 deed d2 n=20 kind=small",
    "2024-03-03 deed d3 n=4 kind=small",
    "2024-03-04 deed d4 n=9 kind=small",
    "2024-03-05 void v1 of=d4",
    "2024-03-06 deed d5 n=8 kind=large",
    "2024-03-07 correction c1 of=d5 n=7",
    "2024-04-01 deed d6 n=12 kind=large",
    "2024-04-02 dispute x1 of=d6",
    "2024-04-03 deed d7 n=11 kind=large",
    "2024-04-04 reversal r1 of=d7",
    "2024-04-10 shift s1 hours=6.25",
    "2024-05-01 fault f1",
    "2024-04-20 fault f2",
    "2024-05-06 decision y1 of=f2 finding=stands",
    "2024-05-02 buy b1 n=6",
    "2024-05-03 best t1 n=40",
    "2024-05-04 best t2 n=30",
    "2024-05-05 best t3 n=20",
    NULL,
};

static char *read_golden(const char *name)
{
    static char text[TEXT_BYTES_MAX];
    char path[512];
    const char *root = getenv("TALLY_SOURCE_ROOT");
    FILE *file;
    size_t count;

    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", root != NULL ? root : ".", name);
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    count = fread(text, 1, sizeof(text) - 1, file);
    text[count] = '\0';
    (void)fclose(file);
    return text;
}

static void write_golden(const char *name, const char *text)
{
    char path[512];
    const char *root = getenv("TALLY_SOURCE_ROOT");
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", root != NULL ? root : ".", name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void expect_golden(const char *name, const char *text)
{
    if (getenv("TALLY_UPDATE") != NULL)
        write_golden(name, text);
    if (strcmp(read_golden(name), text) != 0) {
        print_error("%s", text);
        fail_msg("this is not what tests/golden/%s holds", name);
    }
}

static tally_subject *open_subject(const tally_policy *policy, const char *name,
                                   const char *const *lines)
{
    tally_subject *subject = NULL;
    tally_err err = TALLY_ERR_INIT;

    assert_int_equal(tally_subject_new(&subject, policy, name, &err), TALLY_OK);
    for (; *lines != NULL; lines++) {
        tally_subject_field fields[8];
        tally_subject_record record = { .fields = fields };
        char line[256], *rest = line, *word;

        (void)snprintf(line, sizeof(line), "%s", *lines);
        record.at = strtok_r(rest, " ", &rest);
        record.type = strtok_r(rest, " ", &rest);
        record.id = strtok_r(rest, " ", &rest);
        while ((word = strtok_r(rest, " ", &rest)) != NULL) {
            char *value = strchr(word, '=');

            *value++ = '\0';
            fields[record.field_count++] = (tally_subject_field){ word, value };
        }
        if (tally_subject_add(subject, &record, &err) != TALLY_OK)
            fail_msg("%s", err.message);
    }
    return subject;
}

static tally_statement *ask_statement(tally_subject *subject, const char *as_of)
{
    tally_statement *statement = NULL;
    tally_err err = TALLY_ERR_INIT;

    if (tally_subject_statement(subject, as_of, &statement, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    return statement;
}

static void expect_statement(const char *yaml, const char *name, const char *const *lines,
                             const char *as_of, const char *golden)
{
    tally_policy *policy = case_compile(yaml);
    tally_subject *subject = open_subject(policy, name, lines);
    tally_statement *statement = ask_statement(subject, as_of);
    tally_text_options options = { .width = 100 };
    char file[128], *text = NULL;
    size_t bytes = 0;

    tally_subject_free(subject); /* the statement outlives it */
    tally_policy_free(policy);
    assert_int_equal(tally_statement_render_text(statement, &text, &bytes, &options, NULL),
                     TALLY_OK);
    assert_int_equal(bytes, strlen(text));
    (void)snprintf(file, sizeof(file), "%s.txt", golden);
    expect_golden(file, text);
    tally_statement_free_text(text);
    assert_int_equal(tally_statement_render_json(statement, &text, NULL, NULL), TALLY_OK);
    (void)snprintf(file, sizeof(file), "%s.json", golden);
    expect_golden(file, text);
    tally_statement_free_text(text);
    tally_statement_free(statement);
}

static void a_member_reads_the_green_points(void **state)
{
    (void)state;
    expect_statement(green_points, "", green_lines, "2026-11-21", "statement-green-points");
}

static void every_fate_of_a_point_is_told(void **state)
{
    (void)state;
    expect_statement(fates, "ann", fate_lines, "2024-06-05", "statement-fates");
}

static void a_business_reads_why_it_has_its_grade(void **state)
{
    static const char yaml[] =
        "tallystick: 1\nprogramme: food-hygiene\ntitle: Food hygiene rating\n"
        "contact: the council\nsubjects: organisations\n"
        "events:\n"
        "  inspection:\n"
        "    hygiene: one of 0, 5, 10, 15, 20, 25\n"
        "    structure: one of 0, 5, 10, 15, 20, 25\n"
        "    management: one of 0, 5, 10, 20, 30\n"
        "let:\n"
        "  last: latest inspection\n"
        "  total: last.hygiene + last.structure + last.management\n"
        "  worst: max(last.hygiene, last.structure, last.management)\n"
        "grade:\n"
        "  not rated: no inspection\n"
        "  \"5\": total <= 15 and worst <= 5\n"
        "  \"4\": total <= 20 and worst <= 10\n"
        "  \"3\": total <= 30 and worst <= 10\n"
        "  \"2\": total <= 40 and worst <= 15\n"
        "  \"1\": total <= 50 and worst <= 20\n"
        "  \"0\": otherwise\n"
        "report: [total, worst]\n";

    (void)state;
    expect_statement(yaml, "The Old Bakery",
                     LINES("2023-06-01 inspection 1 hygiene=5 structure=5 management=5",
                           "2024-03-01 inspection 2 hygiene=10 structure=5 management=20",
                           "2024-03-02 inspection 3 hygiene=7 structure=5 management=20"),
                     "2024-12-31", "statement-food-hygiene");
}

/* Each let names the one before twice: told along every path, the reasons would
 * have no end. */
static void reasons_of_a_rule_that_repeats_itself_are_cut(void **state)
{
    static const char *const joints[] = { "any of", "all of", "none of" };

    (void)state;
    for (size_t joint = 0; joint < UNIT_COUNT(joints); joint++) {
        tally_subject *subject;
        tally_statement *statement;
        tally_policy *policy;
        tally_buffer yaml;

        tally_buffer_init(&yaml, (size_t)1 << 20);
        tally_buffer_append_string(&yaml, "tallystick: 1\nprogramme: p\ntitle: t\n"
                                          "subjects: members\nevents:\n  visit: {}\nlet:\n"
                                          "  l0: count(visit) > 100\n");
        for (unsigned i = 1; i < 200; i++)
            tally_buffer_printf(&yaml, "  l%u:\n    %s:\n      - l%u\n      - l%u\n", i,
                                joints[joint], i - 1, i - 1);
        tally_buffer_append_string(&yaml, "grade:\n  good: l199 and count(visit) > 100\n"
                                          "  fair: otherwise\n");
        policy = case_compile(tally_buffer_string(&yaml));
        subject = open_subject(policy, "ann", LINES("2024-03-01 visit 1"));
        statement = ask_statement(subject, "2024-12-31");
        assert_int_equal(statement->grade_row_count, 2);
        assert_in_range(statement->grade_rows[0].leg_count, 1, 1002);
        tally_statement_free(statement);
        tally_subject_free(subject);
        tally_policy_free(policy);
        tally_buffer_free(&yaml);
    }
}

static void the_api_gives_the_result_of_the_statement(void **state)
{
    tally_policy *policy = case_compile(green_points);
    tally_subject *subject = open_subject(policy, "ann", green_lines);
    tally_subject_record late = { .type = "tree-planted", .id = "9", .at = "yesterday" };
    tally_subject_result result;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    assert_int_equal(tally_subject_compute(subject, "2026-11-21", &result, &err), TALLY_OK);
    assert_true(result.has_score);
    assert_int_equal(result.score, 95);
    assert_int_equal(result.shown, 1095);
    assert_string_equal(result.tier, "sapling");
    assert_string_equal(result.grade, "");
    assert_int_equal(tally_subject_refusal_count(subject), 0);
    assert_int_equal(tally_subject_add(subject, &late, &err), TALLY_E_INVALID);
    late.at = "2026-11-20";
    assert_int_equal(tally_subject_add(subject, &late, NULL), TALLY_OK); /* without its trees */
    assert_int_equal(tally_subject_compute(subject, "2026-11-21", &result, NULL), TALLY_OK);
    assert_int_equal(result.score, 95);
    assert_int_equal(tally_subject_refusal_count(subject), 1);
    assert_int_equal(tally_subject_refusal_get(subject, 0).record, 3);
    assert_string_equal(tally_subject_refusal_get(subject, 0).code, "missing-field");
    assert_int_equal(tally_subject_compute(subject, "soon", &result, NULL), TALLY_E_INVALID);
    tally_subject_free(subject);
    tally_policy_free(policy);
}

/* No width makes a line longer than the page, and colours add nothing else. */
static void a_page_keeps_to_its_width(void **state)
{
    tally_policy *policy = case_compile(green_points);
    tally_subject *subject = open_subject(policy, "", green_lines);
    tally_statement *statement = ask_statement(subject, "2026-11-21");
    char *plain = NULL, *coloured = NULL;

    (void)state;
    for (uint32_t width = 80; width <= 100; width += 5) {
        tally_text_options options = { .width = width };

        assert_int_equal(tally_statement_render_text(statement, &plain, NULL, &options, NULL),
                         TALLY_OK);
        for (const char *line = plain; *line != '\0'; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= width);
        options.with_colour = true;
        assert_int_equal(tally_statement_render_text(statement, &coloured, NULL, &options, NULL),
                         TALLY_OK);
        {
            char *to = coloured;

            for (const char *from = coloured; *from != '\0';) {
                if (*from == '\x1b')
                    from += strcspn(from, "m") + 1;
                else
                    *to++ = *from++;
            }
            *to = '\0';
        }
        assert_string_equal(coloured, plain);
        tally_statement_free_text(plain);
        tally_statement_free_text(coloured);
    }
    tally_statement_free(statement);
    tally_subject_free(subject);
    tally_policy_free(policy);
}

static void a_statement_survives_each_failed_allocation(void **state)
{
    tally_policy *policy = case_compile(green_points);
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_subject *subject = open_subject(policy, "ann", green_lines);
        tally_statement *statement = NULL;
        char *text = NULL;

        tally_alloc_fail_at(nth);
        rc = tally_subject_statement(subject, "2026-11-21", &statement, NULL);
        if (rc == TALLY_OK)
            rc = tally_statement_render_text(statement, &text, NULL, NULL, NULL);
        if (rc == TALLY_OK) {
            tally_statement_free_text(text);
            rc = tally_statement_render_json(statement, &text, NULL, NULL);
        }
        tally_alloc_fail_never();
        if (rc != TALLY_OK)
            assert_int_equal(rc, TALLY_E_NOMEM);
        else
            tally_statement_free_text(text);
        tally_statement_free(statement);
        tally_subject_free(subject);
    }
    assert_true(nth > 1); /* at least one failure was injected */
    tally_policy_free(policy);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_reads_the_green_points),
        cmocka_unit_test(every_fate_of_a_point_is_told),
        cmocka_unit_test(a_business_reads_why_it_has_its_grade),
        cmocka_unit_test(reasons_of_a_rule_that_repeats_itself_are_cut),
        cmocka_unit_test(the_api_gives_the_result_of_the_statement),
        cmocka_unit_test(a_page_keeps_to_its_width),
        cmocka_unit_test(a_statement_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
