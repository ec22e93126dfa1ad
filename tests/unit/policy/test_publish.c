/* SPDX-License-Identifier: Apache-2.0 */
/* What may join a chain of published versions, and when (R25, R29); what binds one member (R1). */

#include "versions_support.h"

#include "policy/charter_limits.h"
#include "policy/diagnostics.h"
#include "util/alloc.h"
#include "util/civil.h"

#define DAY TALLY_DAY_MS

/* 2027-03-01T00:00Z, the `from` of the candidates below. */
static int64_t from_ms(void)
{
    return tally_day_from_date((tally_date){ 2027, 3, 1 }) * DAY;
}

typedef struct attempt {
    tally_policy *chain, *program;
    tally_publish_verdict verdict;
} attempt;

/* The chain of green_points alone, and one piece of text replaced in the next version. */
static attempt try_change(const char *find, const char *replace, const char *more, int64_t now_ms,
                          int64_t effective_ms)
{
    attempt made = { .chain = version_compile(green_points) };
    char head[256], *text;

    snprintf(head, sizeof(head), "%s%s", next_head(made.chain, "2027-03-01"), more);
    text = version_text(head, green_points, find, replace);
    made.program = version_append(made.chain, text);
    free(text);
    {
        tally_publish_request request = { .program = made.program,
                                          .chain = made.chain,
                                          .now_ms = now_ms,
                                          .effective_ms = effective_ms };
        tally_err err = TALLY_ERR_INIT;

        if (tally_policy_publish_check(&made.verdict, &request, &err) != TALLY_OK)
            fail_msg("%s", err.message);
    }
    assert_int_equal(made.verdict.is_allowed, tally_diagnostics_count(made.verdict.refusals) == 0);
    return made;
}

static void end_attempt(attempt *made)
{
    tally_publish_verdict_free(&made->verdict);
    tally_policy_free(made->program);
    tally_policy_free(made->chain);
}

static void assert_allowed(attempt made)
{
    if (!made.verdict.is_allowed) {
        print_diagnostics(made.verdict.refusals);
        fail_msg("it was refused");
    }
    end_attempt(&made);
}

static bool has_refusal(const tally_publish_verdict *verdict, const char *code, const char *right)
{
    for (size_t i = 0; i < tally_diagnostics_count(verdict->refusals); i++) {
        const tally_diagnostic *entry = tally_diagnostics_get(verdict->refusals, i);

        if (strcmp(entry->code, code) == 0 && strcmp(entry->right, right) == 0)
            return entry->message[0] != '\0' && entry->hint[0] != '\0';
    }
    return false;
}

/* Refused for this and nothing else. */
static void assert_refused(attempt made, const char *code, const char *right)
{
    bool only = true;

    for (size_t i = 0; i < tally_diagnostics_count(made.verdict.refusals); i++)
        only = only && strcmp(tally_diagnostics_get(made.verdict.refusals, i)->code, code) == 0;
    if (!has_refusal(&made.verdict, code, right) || !only) {
        print_diagnostics(made.verdict.refusals);
        fail_msg("wanted %s and nothing else", code);
    }
    assert_false(made.verdict.is_allowed);
    end_attempt(&made);
}

#define HIGHER "points: 5 * hours", "points: 6 * hours"
#define LOWER  "points: 5 * hours", "points: 4 * hours"
#define STOP                                                                              \
    "  river:\n    for: river-day\n    points: 5 * hours\n    expires: after 12 months\n" \
    "    because: A day at the river.\n",                                                 \
        ""

/* ---- when ---------------------------------------------------------------------------------- */

static void tR25_pos_better_today(void **state)
{
    (void)state;
    assert_allowed(try_change(HIGHER, "", from_ms(), from_ms()));
    /* Published at noon, from noon on. */
    assert_allowed(try_change(HIGHER, "", from_ms() + DAY / 2, from_ms() + DAY / 2));
    assert_allowed(try_change("title: Green", "title: Greener", "", from_ms(), from_ms()));
}

static void tR25_pos_stopping_a_rule_today(void **state)
{
    attempt made = try_change(STOP, "", from_ms() + DAY / 2, from_ms() + DAY / 2);

    (void)state;
    assert_int_equal(made.verdict.label, TALLY_CHANGE_WORSE);
    assert_true(made.verdict.needs_receipt);
    assert_true(made.verdict.changes->is_stop);
    assert_allowed(made);
}

static void tR25_pos_worse_after_thirty_days(void **state)
{
    attempt made = try_change(LOWER, "", from_ms() - 30 * DAY, from_ms());

    (void)state;
    assert_int_equal(made.verdict.label, TALLY_CHANGE_WORSE);
    assert_int_equal(made.verdict.earliest_ms, from_ms());
    assert_allowed(made);
    assert_allowed(try_change("quantity: 2", "quantity: 1", "", from_ms() - 30 * DAY, from_ms()));
}

static void tR25_neg_worse_with_less_notice(void **state)
{
    (void)state;
    assert_refused(try_change(LOWER, "", from_ms() - 30 * DAY + 1, from_ms()), "E_NOTICE_PERIOD",
                   "R25");
    assert_refused(try_change(LOWER, "", from_ms(), from_ms()), "E_NOTICE_PERIOD", "R25");
    assert_refused(try_change("quantity: 2", "quantity: 1", "", from_ms() - 29 * DAY, from_ms()),
                   "E_NOTICE_PERIOD", "R25");
    /* Ending a benefit is no stop. */
    assert_refused(try_change("needs: sapling", "needs: oak", "", from_ms(), from_ms()),
                   "E_NOTICE_PERIOD", "R25");
}

static void tR25_neg_a_stop_with_something_worse_waits(void **state)
{
    char *stopped = version_text("", green_points, STOP);
    tally_policy *chain = version_compile(green_points), *program;
    char *text =
        version_text(next_head(chain, "2027-03-01"), stopped, "points: 4\n", "points: 5\n");
    tally_publish_verdict verdict;
    tally_publish_request request = { .chain = chain,
                                      .now_ms = from_ms(),
                                      .effective_ms = from_ms() };

    (void)state;
    request.program = program = version_append(chain, text);
    assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
    assert_int_equal(tally_diagnostics_count(verdict.refusals), 1);
    assert_true(has_refusal(&verdict, "E_NOTICE_PERIOD", "R25"));
    tally_publish_verdict_free(&verdict);
    tally_policy_free(program);
    tally_policy_free(chain);
    free(stopped);
    free(text);
}

/* ---- back-dating ------------------------------------------------------------------------------- */

static void tR25_neg_back_dated(void **state)
{
    (void)state;
    assert_refused(try_change(HIGHER, "", from_ms() + 1, from_ms()), "E_RETROACTIVE", "R25");
    assert_refused(try_change(HIGHER, "", from_ms() + 100 * DAY, from_ms()), "E_RETROACTIVE",
                   "R25");
    /* Not on its day: neither before it nor after it. */
    assert_refused(try_change(HIGHER, "", from_ms() - DAY, from_ms() - 1), "E_RETROACTIVE", "R25");
    assert_refused(try_change(HIGHER, "", from_ms(), from_ms() + DAY), "E_RETROACTIVE", "R25");
}

static void tR25_neg_before_the_version_before(void **state)
{
    tally_policy *first = version_compile(green_points), *second, *third;
    char *text = version_text(next_head(first, "2027-03-01"), green_points, HIGHER);
    char *next;
    int64_t began[] = { INT64_MIN, from_ms() + DAY / 2 };
    tally_publish_verdict verdict;
    tally_publish_request request = { .now_ms = from_ms(), .effective_ms = from_ms() + DAY };

    (void)state;
    second = version_append(first, text);
    next = version_text(next_head(second, "2027-03-02"), green_points, "points: 5 * hours",
                        "points: 7 * hours");
    request.chain = second;
    request.chain_effective_ms = began;
    request.program = third = version_append(second, next);
    assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
    assert_true(verdict.is_allowed);
    tally_publish_verdict_free(&verdict);
    began[1] = from_ms() + 2 * DAY;
    assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
    assert_true(has_refusal(&verdict, "E_RETROACTIVE", "R25"));
    tally_publish_verdict_free(&verdict);
    tally_policy_free(first);
    tally_policy_free(second);
    tally_policy_free(third);
    free(text);
    free(next);
}

/* ---- older events ------------------------------------------------------------------------------ */

static void tR25_neg_old_history_worth_less(void **state)
{
    static const char *const changes[][2] = {
        { "from: 1030", "from: 1031" },
        { "keep: 1080", "keep: 1090" },
        { "shown-on: 1000", "shown-on: 990" },
        { "keeps-events: 24 months", "keeps-events: 12 months" },
        { "tiers:\n", "score:\n  ceiling: 100\ntiers:\n" },
        { "    from: 1030\n", "    gain: count(tree-planted in rolling 3 months) >= 2\n" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(changes); i++)
        assert_refused(
            try_change(changes[i][0], changes[i][1], "", from_ms() - 40 * DAY, from_ms()),
            "E_RETROACTIVE", "R25");
}

/* A tier gained by points alone may become harder where those who hold it keep it until all older
 * points have ended. The policy has no deduction here: somebody could gain by waiting for its end. */
static void tR25_pos_a_harder_tier_that_is_kept(void **state)
{
    static const struct {
        const char *until;
        bool is_allowed;
    } cases[] = { { "2029-02-28", false }, { "2029-03-01", true } };
    const char *from = strstr(green_points, "deductions:\n");
    const char *to = strstr(green_points, "tiers:\n");
    tally_buffer base;

    (void)state;
    tally_buffer_init(&base, (size_t)1 << 20);
    tally_buffer_append(&base, green_points, (size_t)(from - green_points));
    tally_buffer_append_string(&base, to);
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        tally_policy *chain = version_compile(tally_buffer_string(&base)), *program;
        tally_publish_request request = { .chain = chain,
                                          .now_ms = from_ms() - 30 * DAY,
                                          .effective_ms = from_ms() };
        tally_publish_verdict verdict;
        char head[256], *text;

        snprintf(head, sizeof(head), "%smigrate: {keep-tiers-until: %s}\n",
                 next_head(chain, "2027-03-01"), cases[i].until);
        text = version_text(head, tally_buffer_string(&base), "from: 1030", "from: 1040");
        request.program = program = version_append(chain, text);
        assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
        if (verdict.is_allowed != cases[i].is_allowed) {
            print_diagnostics(verdict.refusals);
            fail_msg("until %s", cases[i].until);
        }
        tally_publish_verdict_free(&verdict);
        tally_policy_free(program);
        tally_policy_free(chain);
        free(text);
    }
    tally_buffer_free(&base);
    /* With a deduction in the old version it is not allowed. */
    assert_refused(try_change("from: 1030", "from: 1040",
                              "migrate: {keep-tiers-until: 2035-01-01}\n", from_ms() - 30 * DAY,
                              from_ms()),
                   "E_RETROACTIVE", "R25");
}

/* ---- the chain ----------------------------------------------------------------------------------- */

static tally_rc append(tally_policy **out, uint32_t *out_lines, const tally_policy *chain,
                       const char *text)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_rc rc = tally_policy_append(out, out_lines, chain, "test", text, strlen(text), NULL,
                                      diagnostics, NULL);

    tally_diagnostics_free(diagnostics);
    return rc;
}

static void tR25_neg_a_rewritten_version(void **state)
{
    tally_policy *chain = version_compile(green_points), *program = NULL;
    char *rewritten = version_text("", green_points, "trees: 1..50", "trees: 1..51");
    tally_policy *other = version_compile(rewritten);
    tally_buffer file;
    char *next;

    (void)state;
    /* A file of all versions whose first is not the published one. */
    next = version_text(next_head(other, "2027-03-01"), rewritten, HIGHER);
    tally_buffer_init(&file, (size_t)1 << 20);
    tally_buffer_printf(&file, "%s---\n%s", rewritten, next);
    assert_int_equal(append(&program, NULL, chain, tally_buffer_string(&file)), TALLY_E_CONFLICT);
    assert_null(program);
    /* The next document alone, naming another one before it. */
    assert_int_equal(append(&program, NULL, chain, next), TALLY_E_INVALID);
    assert_null(program);
    /* The published version again: nothing is added. */
    assert_int_equal(append(&program, NULL, chain, green_points), TALLY_E_INVALID);
    tally_buffer_free(&file);
    tally_policy_free(chain);
    tally_policy_free(other);
    free(rewritten);
    free(next);
}

/* Judged by itself, as a ledger would that was handed a program made elsewhere. */
static void tR25_neg_a_program_that_is_not_the_chain(void **state)
{
    tally_policy *chain = version_compile(green_points);
    char *rewritten = version_text("", green_points, "trees: 1..50", "trees: 1..51");
    tally_policy *other = version_compile(rewritten), *program;
    char *next = version_text(next_head(other, "2027-03-01"), rewritten, HIGHER);
    tally_publish_request request = { .chain = chain,
                                      .now_ms = from_ms(),
                                      .effective_ms = from_ms() };
    tally_publish_verdict verdict;

    (void)state;
    request.program = program = version_append(other, next);
    assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
    assert_false(verdict.is_allowed);
    assert_true(has_refusal(&verdict, "E_RETROACTIVE", "R25"));
    tally_publish_verdict_free(&verdict);
    tally_policy_free(program);
    tally_policy_free(chain);
    tally_policy_free(other);
    free(rewritten);
    free(next);
}

static void the_next_document_joins_alone_in_a_file_or_frozen(void **state)
{
    tally_policy *chain = version_compile(green_points), *alone = NULL, *whole = NULL,
                 *frozen = NULL;
    char *next = version_text(next_head(chain, "2027-03-01"), green_points, HIGHER);
    tally_buffer file;
    char *text = NULL;
    size_t bytes = 0;
    uint32_t lines = 99;

    (void)state;
    tally_buffer_init(&file, (size_t)1 << 20);
    tally_buffer_printf(&file, "---\n# a remark\n---\n%s", next);
    assert_int_equal(append(&alone, &lines, chain, tally_buffer_string(&file)), TALLY_OK);
    assert_int_equal(alone->version_count, 2);
    /* Line 4 of the file is the first of the document. */
    assert_int_equal(alone->versions[1].awards[0].span.line - lines, 3 + 2 + 25);
    tally_buffer_reset(&file);
    tally_buffer_printf(&file, "%s---\n%s", green_points, next);
    assert_int_equal(append(&whole, &lines, chain, tally_buffer_string(&file)), TALLY_OK);
    assert_int_equal(lines, 0);
    assert_int_equal(tally_policy_freeze(whole, &text, &bytes), TALLY_OK);
    assert_int_equal(append(&frozen, NULL, chain, text), TALLY_OK);
    for (uint32_t v = 0; v < 2; v++) {
        assert_memory_equal(alone->versions[v].hash, whole->versions[v].hash, 32);
        assert_memory_equal(alone->versions[v].hash, frozen->versions[v].hash, 32);
    }
    assert_memory_equal(alone->versions[0].hash, chain->versions[0].hash, 32);
    tally_policy_text_free(text);
    tally_buffer_free(&file);
    tally_policy_free(alone);
    tally_policy_free(whole);
    tally_policy_free(frozen);
    tally_policy_free(chain);
    free(next);
}

/* ---- zones: the chain's tables stay what they were ------------------------------------------- */

static const uint8_t *load_east(void *context, const char *name, size_t *out_count)
{
    /* RFC 8536, version 2: an empty block, then one type at an offset that the test sets, and a
     * footer that says the same. */
    static char bytes[256];
    const int *hours = context;
    size_t at = 44 + 6 + 4, count;

    (void)name;
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, "TZif2", 5);
    bytes[39] = 1;
    bytes[43] = 4;
    memcpy(bytes + 50, "LMT", 4);
    memcpy(bytes + at, bytes, at);
    bytes[at + 46] = (char)(*hours * 3600 >> 8);
    bytes[at + 47] = (char)(*hours * 3600 & 0xff);
    count = 2 * at;
    count += (size_t)snprintf(bytes + count, sizeof(bytes) - count, "\nLMT-%d\n", *hours);
    *out_count = count;
    return (const uint8_t *)bytes;
}

static tally_policy *append_in_zone(const tally_policy *chain, const char *text, int *hours)
{
    const tally_zone_source zones = { hours, load_east };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *program = NULL;

    if (tally_policy_append(&program, NULL, chain, "test", text, strlen(text), &zones, diagnostics,
                            NULL) != TALLY_OK) {
        print_diagnostics(diagnostics);
        fail_msg("it does not join");
    }
    tally_diagnostics_free(diagnostics);
    return program;
}

static void a_later_zone_database_changes_no_published_version(void **state)
{
    int then = 1, later = 2; /* hours east */
    char *first = version_text("", green_points, "zone: UTC", "zone: Europe/Lisbon");
    tally_policy *chain = append_in_zone(NULL, first, &then), *program;
    char *next = version_text(next_head(chain, "2027-03-01"), first, HIGHER);

    (void)state;
    assert_int_equal(tally_zone_offset(chain->zones[chain->versions[0].zone], 0), 3600);
    program = append_in_zone(chain, next, &later);
    assert_int_equal(tally_zone_offset(program->zones[program->versions[1].zone], 0), 3600);
    assert_memory_equal(program->versions[0].hash, chain->versions[0].hash, 32);
    tally_policy_free(program);
    free(next);
    /* A zone that no published version uses comes from outside. */
    next = version_text(next_head(chain, "2027-03-01"), first, "200 per calendar year",
                        "200 per calendar year Asia/Kathmandu");
    program = append_in_zone(chain, next, &later);
    assert_memory_equal(program->versions[0].hash, chain->versions[0].hash, 32);
    assert_int_equal(program->zone_count, 2);
    assert_int_equal(tally_zone_offset(program->zones[1], 0), 7200);
    tally_policy_free(program);
    tally_policy_free(chain);
    free(first);
    free(next);
}

/* ---- the charter --------------------------------------------------------------------------------- */

static void tR29_pos_a_stricter_version(void **state)
{
    (void)state;
    assert_allowed(try_change("after 90 days", "after 60 days", "", from_ms(), from_ms()));
}

/* Each limit of the charter that a policy's text can show, loosened by one. */
static void tR29_neg_each_limit_loosened_by_one(void **state)
{
    static const struct {
        const char *find, *replace, *code, *right;
    } cases[] = {
        { "keeps-events: 24 months", "keeps-events: 25 months", "E_CHARTER_FLOOR", "R29" },
        { "zone: UTC", "zone: UTC\nduplicate-window: 23 hours", "E_CHARTER_FLOOR", "R29" },
        { "after 90 days", "after 181 days", "E_DEDUCTION_LIMIT", "R13" },
        { "points: 4\n", "points: 6\n", "E_DEDUCTION_LIMIT", "R13" },
        { "after 14 days, once", "after 13 days, once", "E_NOT_FINAL", "R14" },
        { "after 12 months\n    because: A day", "after 25 months\n    because: A day",
          "E_RETENTION", "R33" },
        { "is: shared-place care, hours", "is: clapping, hours", "E_SCHEMA", "R8" },
        { "pay the usual fee", "pay twice the fee", "E_BENEFIT_BASELINE", "R3" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        attempt made =
            try_change(cases[i].find, cases[i].replace, "", from_ms() - 60 * DAY, from_ms());

        if (!has_refusal(&made.verdict, cases[i].code, cases[i].right) || made.verdict.is_allowed) {
            print_diagnostics(made.verdict.refusals);
            fail_msg("`%s`", cases[i].replace);
        }
        end_attempt(&made);
    }
}

/* No number of the charter is looser than docs/charter/charter.md has it. */
static void tR29_pos_the_numbers_are_the_charters(void **state)
{
    (void)state;
    assert_int_equal(TALLY_CHARTER_NOTICE_DAYS_MIN, 30);
    assert_int_equal(TALLY_CHARTER_DEDUCTION_PERCENT_MAX, 25);
    assert_int_equal(TALLY_CHARTER_POINTS_MONTHS_MAX, 24);
    assert_int_equal(TALLY_CHARTER_EPSILON_HALVES_PER_TABLE * 8,
                     TALLY_CHARTER_EPSILON_HALVES_PER_YEAR);
    assert_int_equal(TALLY_CHARTER_CELL_MIN, 10);
    assert_int_equal(TALLY_CHARTER_HOLD_CHANGE_MAX, 9);
    assert_int_equal(TALLY_CHARTER_ERASURE_LIVE_HOURS_MAX, 72);
    assert_int_equal(TALLY_CHARTER_RECEIPT_MONTHS_MAX, 24);
}

/* ---- the first version, lines, memory --------------------------------------------------------------- */

static void the_first_version_needs_the_charter_only(void **state)
{
    tally_policy *program = version_compile(green_points);
    tally_publish_request request = { .program = program, .now_ms = from_ms() };
    tally_publish_verdict verdict;

    (void)state;
    assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
    assert_true(verdict.is_allowed);
    assert_null(verdict.changes);
    assert_false(verdict.needs_receipt);
    tally_publish_verdict_free(&verdict);
    tally_policy_free(program);
}

static void lines_are_those_of_the_file_given(void **state)
{
    tally_policy *chain = version_compile(green_points), *program = NULL;
    char *text = version_text(next_head(chain, "2027-03-01"), green_points, LOWER);
    tally_publish_request request = { .chain = chain,
                                      .now_ms = from_ms(),
                                      .effective_ms = from_ms() };
    tally_publish_verdict verdict;

    (void)state;
    assert_int_equal(append(&program, &request.line_offset, chain, text), TALLY_OK);
    request.program = program;
    assert_int_equal(tally_policy_publish_check(&verdict, &request, NULL), TALLY_OK);
    assert_int_equal(verdict.changes->items[0].line, 36);
    assert_int_equal(tally_diagnostics_get(verdict.refusals, 0)->line, 36);
    tally_publish_verdict_free(&verdict);
    tally_policy_free(program);
    tally_policy_free(chain);
    free(text);
}

static void judging_survives_each_failed_allocation(void **state)
{
    tally_policy *chain = version_compile(green_points), *program;
    char *text = version_text(next_head(chain, "2027-03-01"), green_points, LOWER);
    tally_publish_request request = { .chain = chain,
                                      .now_ms = from_ms(),
                                      .effective_ms = from_ms() };
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    request.program = program = version_append(chain, text);
    for (; rc != TALLY_OK; nth++) {
        tally_publish_verdict verdict;

        tally_alloc_fail_at(nth);
        rc = tally_policy_publish_check(&verdict, &request, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        if (rc == TALLY_OK) {
            assert_true(has_refusal(&verdict, "E_NOTICE_PERIOD", "R25"));
            tally_publish_verdict_free(&verdict);
        }
    }
    assert_true(nth > 5);
    for (rc = TALLY_E_NOMEM, nth = 0; rc != TALLY_OK; nth++) {
        tally_diagnostics *diagnostics = tally_diagnostics_new();
        tally_policy *made = NULL;

        tally_alloc_fail_at(nth);
        rc = tally_policy_append(&made, NULL, chain, "test", text, strlen(text), NULL, diagnostics,
                                 NULL);
        tally_alloc_fail_never();
        assert_int_equal(rc == TALLY_OK, made != NULL);
        tally_policy_free(made);
        tally_diagnostics_free(diagnostics);
    }
    assert_true(nth > 10);
    tally_policy_free(program);
    tally_policy_free(chain);
    free(text);
}

/* ---- one member ----------------------------------------------------------------------------------------- */

static void what_is_not_accepted_binds_nobody(void **state)
{
    tally_policy *first = version_compile(green_points), *second, *third, *bound = NULL;
    char *text = version_text(next_head(first, "2027-03-01"), green_points, LOWER);
    char *next;
    int64_t from[] = { 0, INT64_MAX, 5 };

    (void)state;
    second = version_append(first, text);
    next = version_text(next_head(second, "2027-04-01"), green_points, HIGHER);
    third = version_append(second, next);
    /* Not accepted: it and what follows it are left out. */
    assert_int_equal(tally_policy_bind(&bound, third, from, NULL), TALLY_OK);
    assert_int_equal(bound->version_count, 1);
    assert_int_equal(bound->versions[0].from_ms, INT64_MIN);
    tally_policy_free(bound);
    /* Accepted late: from then on, and the better one after it no sooner. */
    from[1] = from_ms() + 100 * DAY;
    from[2] = third->versions[2].from_ms;
    assert_int_equal(tally_policy_bind(&bound, third, from, NULL), TALLY_OK);
    assert_int_equal(bound->version_count, 3);
    assert_int_equal(bound->versions[1].from_ms, from[1]);
    assert_int_equal(bound->versions[2].from_ms, from[1]);
    assert_memory_equal(bound->versions[2].hash, third->versions[2].hash, 32);
    assert_true(third->versions[1].from_ms == from_ms()); /* the chain itself is as it was */
    tally_policy_free(bound);
    tally_policy_free(first);
    tally_policy_free(second);
    tally_policy_free(third);
    free(text);
    free(next);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR25_pos_better_today),
        cmocka_unit_test(tR25_pos_stopping_a_rule_today),
        cmocka_unit_test(tR25_pos_worse_after_thirty_days),
        cmocka_unit_test(tR25_neg_worse_with_less_notice),
        cmocka_unit_test(tR25_neg_a_stop_with_something_worse_waits),
        cmocka_unit_test(tR25_neg_back_dated),
        cmocka_unit_test(tR25_neg_before_the_version_before),
        cmocka_unit_test(tR25_neg_old_history_worth_less),
        cmocka_unit_test(tR25_pos_a_harder_tier_that_is_kept),
        cmocka_unit_test(tR25_neg_a_rewritten_version),
        cmocka_unit_test(tR25_neg_a_program_that_is_not_the_chain),
        cmocka_unit_test(the_next_document_joins_alone_in_a_file_or_frozen),
        cmocka_unit_test(a_later_zone_database_changes_no_published_version),
        cmocka_unit_test(tR29_pos_a_stricter_version),
        cmocka_unit_test(tR29_neg_each_limit_loosened_by_one),
        cmocka_unit_test(tR29_pos_the_numbers_are_the_charters),
        cmocka_unit_test(the_first_version_needs_the_charter_only),
        cmocka_unit_test(lines_are_those_of_the_file_given),
        cmocka_unit_test(judging_survives_each_failed_allocation),
        cmocka_unit_test(what_is_not_accepted_binds_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
