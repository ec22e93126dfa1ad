/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions that are accepted, and the tree each one becomes. */

#include "unit.h"

#include "expr_fixture.h"

static const struct {
    const char *scope, *text, *tree;
    tally_value_type type;
} accepted[] = {
    /* Numbers and their decimals. */
    { "", "12", "12", TALLY_TYPE_NUMBER },
    { "", "0.5", "0.5", TALLY_TYPE_NUMBER },
    { "", "30 %", "0.30", TALLY_TYPE_NUMBER },
    { "", "0.5 %", "0.005", TALLY_TYPE_NUMBER },
    { "", "-3", "-3", TALLY_TYPE_NUMBER },
    { "", "1 + 2 * 3", "7", TALLY_TYPE_NUMBER },
    { "", "(1 + 2) * 3", "9", TALLY_TYPE_NUMBER },
    { "", "10 - 2 - 3", "5", TALLY_TYPE_NUMBER },
    { "", "base * share", "3.00", TALLY_TYPE_NUMBER },
    { "month", "20 * journeys", "(* 20 journeys)", TALLY_TYPE_NUMBER },
    { "month", "journeys + 0.5", "(+ (scale1 journeys) 0.5)", TALLY_TYPE_NUMBER },
    { "month", "journeys + 2.0", "(+ journeys 2)", TALLY_TYPE_NUMBER },
    { "month", "public / journeys", "(/ public journeys)", TALLY_TYPE_RATIO },
    { "month", "public / journeys * 100", "(* (/ public journeys) 100)", TALLY_TYPE_RATIO },
    { "month", "2 * (public / journeys)", "(* (/ public journeys) 2)", TALLY_TYPE_RATIO },
    { "", "total / 3", "(/ (let total) 3.0)", TALLY_TYPE_RATIO },
    { "", "- total", "(neg (let total))", TALLY_TYPE_NUMBER },
    { "", "round(rate, to 0.25, half even)", "(round half-even 0.25 (let rate))",
      TALLY_TYPE_NUMBER },
    { "visit", "round(minutes / 60, to 1, up)", "(round up 1 (/ minutes 60))",
      TALLY_TYPE_NUMBER },
    { "", "max(total, 3, base)", "(max (let total) 3.0 12.0)", TALLY_TYPE_NUMBER },
    { "", "clamp(total, 1, 3)", "(clamp (let total) 1.0 3.0)", TALLY_TYPE_NUMBER },
    { "", "score", "(score)", TALLY_TYPE_NUMBER },
    { "", "in-a-row + active", "(+ (streak in-a-row) (fact active))", TALLY_TYPE_NUMBER },
    /* Choice. */
    { "", "if met then 1 else 0.5", "(if (let met) 1.0 0.5)", TALLY_TYPE_NUMBER },
    { "", "if met then 5 else nothing", "(if (let met) 5 nothing)", TALLY_TYPE_NUMBER },
    { "", "if met then 1 else if paused then 2 else 3",
      "(if (let met) 1 (if (paused) 2 3))", TALLY_TYPE_NUMBER },
    /* Conditions. */
    { "month", "public / journeys >= 30 %", "(>= (/ public journeys) 0.30)",
      TALLY_TYPE_CONDITION },
    { "", "met and paused or not met", "(any-of (all (let met) (paused)) (not (let met)))",
      TALLY_TYPE_CONDITION },
    { "", "met and met and met", "(all (let met) (let met) (let met))", TALLY_TYPE_CONDITION },
    { "", "not total > 3", "(not (> (let total) 3.0))", TALLY_TYPE_CONDITION },
    { "", "met is yes", "(is (let met) yes)", TALLY_TYPE_CONDITION },
    { "", "met is no and met", "(all (is (let met) no) (let met))", TALLY_TYPE_CONDITION },
    { "two", "author is not nothing", "(exists author)", TALLY_TYPE_CONDITION },
    { "two", "author is nothing", "(not (exists author))", TALLY_TYPE_CONDITION },
    { "two", "author exists", "(exists author)", TALLY_TYPE_CONDITION },
    { "", "total is one of 1, 2.5, base", "(one-of (let total) 1.0 2.5 12.0)",
      TALLY_TYPE_CONDITION },
    { "", "total is not one of 1, 2", "(not (one-of (let total) 1.0 2.0))",
      TALLY_TYPE_CONDITION },
    { "", "met throughout 30 days", "(throughout 43200min (let met))", TALLY_TYPE_CONDITION },
    { "", "score >= 3 throughout 2 weeks and met",
      "(all (throughout 20160min (>= (score) 3.0)) (let met))", TALLY_TYPE_CONDITION },
    { "", "held(oak)", "(held oak)", TALLY_TYPE_CONDITION },
    /* Words. */
    { "", "(latest inspection).risk is low", "(is (ref.risk (latest {inspection})) 'low')",
      TALLY_TYPE_CONDITION },
    { "", "low is (latest inspection).risk", "(is 'low' (ref.risk (latest {inspection})))",
      TALLY_TYPE_CONDITION },
    { "", "(latest inspection).risk is \"High Risk\"",
      "(is (ref.risk (latest {inspection})) 'High Risk')", TALLY_TYPE_CONDITION },
    { "", "(latest inspection).risk is one of low, 'High Risk'",
      "(one-of (ref.risk (latest {inspection})) 'low' 'High Risk')", TALLY_TYPE_CONDITION },
    { "", "(latest review).outcome is \"good\"", "(is (ref.outcome (latest {review})) 'good')",
      TALLY_TYPE_CONDITION },
    { "", "latest(lock).state is on", "(is (ref.state (latest {lock})) 'on')",
      TALLY_TYPE_CONDITION },
    { "", "lock-kind is a", "(is (let lock-kind) 'a')", TALLY_TYPE_CONDITION },
    /* Days, instants, durations. */
    { "", "today >= joined.day + 6 months",
      "(>= (today) (day+months (ref.day (let joined)) 6months))", TALLY_TYPE_CONDITION },
    { "", "joined.day - 2 years", "(day+months (ref.day (let joined)) -24months)",
      TALLY_TYPE_DAY },
    { "", "2026-11-21 + 7 days", "(day+ 2026-11-21 10080min)", TALLY_TYPE_DAY },
    { "", "7 days + 2026-11-21", "(day+ 2026-11-21 10080min)", TALLY_TYPE_DAY },
    { "", "today - joined.day >= 90 days",
      "(>= (day-day (today) (ref.day (let joined))) 129600min)", TALLY_TYPE_CONDITION },
    { "", "now - joined.at < 10 minutes", "(< (- (now) (ref.at (let joined))) 10min)",
      TALLY_TYPE_CONDITION },
    { "", "joined.recorded <= joined.at + 1 hour",
      "(<= (ref.recorded (let joined)) (+ (ref.at (let joined)) 60min))", TALLY_TYPE_CONDITION },
    /* Sets. */
    { "", "any visit", "(any {visit})", TALLY_TYPE_CONDITION },
    { "", "no visit or review", "(no {visit|review})", TALLY_TYPE_CONDITION },
    { "", "any visit or met", "(any-of (any {visit}) (let met))", TALLY_TYPE_CONDITION },
    { "", "any visit or any review", "(any-of (any {visit}) (any {review}))",
      TALLY_TYPE_CONDITION },
    { "", "count(visit in calendar month)", "(count {visit in calendar month})",
      TALLY_TYPE_NUMBER },
    { "", "count(visit with posts-read >= 1 and minutes > 5 in rolling 100 days)",
      "(count {visit (all (>= posts-read 1) (> minutes 5)) in rolling 100x24h})",
      TALLY_TYPE_NUMBER },
    { "", "sum(stars of review in previous calendar year)",
      "(sum stars {review in previous year 1})", TALLY_TYPE_NUMBER },
    { "", "sum(best 11 stars of review in calendar year)",
      "(sum best11 stars {review in calendar year})", TALLY_TYPE_NUMBER },
    { "", "min(stars of review)", "(least stars {review})", TALLY_TYPE_NUMBER },
    { "", "max(weight of review)", "(greatest weight {review})", TALLY_TYPE_NUMBER },
    { "", "max(day of review)", "(greatest (day) {review})", TALLY_TYPE_DAY },
    { "", "max(count(last 3 of resolved), 2)", "(max (count {last 3 {review (is-not outcome 'open')}}) 2)",
      TALLY_TYPE_NUMBER },
    { "", "min(if met then count(review) else 2, 3)", "(min (if (let met) (count {review}) 2) 3)",
      TALLY_TYPE_NUMBER },
    { "", "mean(weight of review)", "(mean weight {review})", TALLY_TYPE_RATIO },
    { "", "distinct(day of visit with posts-read >= 1)",
      "(distinct (day) {visit (>= posts-read 1)})", TALLY_TYPE_NUMBER },
    { "", "distinct(from, week of review)", "(distinct from (period unit1) {review})",
      TALLY_TYPE_NUMBER },
    { "", "count(days with any visit in calendar day)",
      "(periods unit0 (any {visit in calendar day}))", TALLY_TYPE_NUMBER },
    { "", "count(last 10 of resolved with outcome is \"good\")",
      "(count {last 10 {review (is-not outcome 'open')} (is outcome 'good')})",
      TALLY_TYPE_NUMBER },
    { "", "count(resolved)", "(count {review (is-not outcome 'open')})", TALLY_TYPE_NUMBER },
    { "", "count((visit with minutes > 1) in lifetime)", "(count {{visit (> minutes 1)}})",
      TALLY_TYPE_NUMBER },
    { "visit", "no earlier visit in calendar day", "(no {earlier visit in calendar day})",
      TALLY_TYPE_CONDITION },
    { "visit", "count(review with stars > this.minutes and day is this.day)",
      "(count {review (all (> stars this.minutes) (is (day) (this.day)))})", TALLY_TYPE_NUMBER },
    { "", "(earliest visit).minutes", "(ref.minutes (earliest {visit}))", TALLY_TYPE_NUMBER },
    /* Windows. */
    { "", "count(visit in calendar week America/Los_Angeles)",
      "(count {visit in calendar week zone1})", TALLY_TYPE_NUMBER },
    { "", "count(visit in previous 3 calendar months UTC)",
      "(count {visit in previous month 3 zone0})", TALLY_TYPE_NUMBER },
    { "", "count(visit in rolling 36 hours)", "(count {visit in rolling 36x1h})",
      TALLY_TYPE_NUMBER },
    { "", "count(visit in rolling 2 quarters)", "(count {visit in rolling-months 2x3m})",
      TALLY_TYPE_NUMBER },
    { "", "count(visit in rolling (base) months)", "(count {visit in rolling-months 12x1m})",
      TALLY_TYPE_NUMBER },
    { "", "count(visit in rolling (if met then 3 else base) months)",
      "(count {visit in rolling-months (if (let met) 3 12)x1m})", TALLY_TYPE_NUMBER },
    { "", "no visit in rolling (off) days", "(no {visit in rolling 0x24h})",
      TALLY_TYPE_CONDITION },
    { "", "no visit after joined", "(no {visit in after (let joined)})", TALLY_TYPE_CONDITION },
    { "", "any visit in next 7 days", "(any {visit in next 7x24h})", TALLY_TYPE_CONDITION },
    { "", "any visit in after joined", "(any {visit in after (let joined)})",
      TALLY_TYPE_CONDITION },
    { "", "any visit in since (latest review)", "(any {visit in since (latest {review})})",
      TALLY_TYPE_CONDITION },
    { "", "count(visit in cycle of 1 year from joined)",
      "(count {visit in cycle 1x12m (let joined)})", TALLY_TYPE_NUMBER },
    { "", "earned(trees in calendar year)", "(earned trees calendar year)", TALLY_TYPE_NUMBER },
    { "", "earned(all)", "(earned all lifetime)", TALLY_TYPE_NUMBER },
    /* Admission. */
    { "admission", "round(minutes / 60, to 0.25, up)", "(round up 0.25 (/ minutes 60))",
      TALLY_TYPE_NUMBER },
    { "admission", "count(exchange with giver is this.giver and subject is this.subject)",
      "(count {exchange (all (is giver this.giver) (is (subject) (this.subject)))})",
      TALLY_TYPE_NUMBER },
    { "admission", "this.minutes", "minutes", TALLY_TYPE_NUMBER },
    { "admission", "distinct(subject of visit in rolling 30 days)",
      "(distinct (subject) {visit in rolling 30x24h})", TALLY_TYPE_NUMBER },
    /* A text of several lines. */
    { "", "met\n    and\n    paused", "(all (let met) (paused))", TALLY_TYPE_CONDITION },
};

static const tally_expr *compile(fixture *fix, const char *scope_name, const char *text,
                                 tally_value_type want, uint8_t decimals)
{
    tally_scope scope = fixture_scope(fix, scope_name);
    tally_source_text source = fixture_source(text, strlen(text));

    return tally_expr_compile(&fix->compiler, &source, &scope, want, decimals, NULL);
}

static void assert_no_report(const fixture *fix, const char *text)
{
    for (size_t i = 0; i < tally_diagnostics_count(fix->compiler.diagnostics); i++)
        print_error("%s: %s\n", text,
                    tally_diagnostics_get(fix->compiler.diagnostics, i)->message);
    assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics), 0);
}

static void each_expression_becomes_its_tree(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(accepted); i++) {
        fixture *fix = fixture_new();
        const tally_expr *expr;
        tally_buffer out;

        assert_non_null(fix);
        tally_buffer_init(&out, 1 << 16);
        expr = compile(fix, accepted[i].scope, accepted[i].text, TALLY_TYPE_NOTHING, UINT8_MAX);
        assert_no_report(fix, accepted[i].text);
        assert_non_null(expr);
        dump_expr(&out, fix, expr);
        assert_string_equal(tally_buffer_string(&out), accepted[i].tree);
        assert_int_equal(expr->type, accepted[i].type);
        assert_int_equal(expr->span.text.count, strlen(accepted[i].text));
        tally_buffer_free(&out);
        fixture_free(fix);
    }
}

/* Every part quotes its own slice of the source, with its place. */
static void each_part_has_its_slice(void **state)
{
    static const char text[] = "met and\n  total + 1 >= 3";
    fixture *fix = fixture_new();
    const tally_expr *expr, *leg;

    (void)state;
    assert_non_null(fix);
    expr = compile(fix, "", text, TALLY_TYPE_CONDITION, 0);
    assert_non_null(expr);
    leg = expr->args[1];
    assert_memory_equal(leg->span.text.bytes, "total + 1 >= 3", 14);
    assert_int_equal(leg->span.text.count, 14);
    assert_int_equal(leg->span.line, 2);
    assert_int_equal(leg->span.column, 3);
    assert_memory_equal(leg->args[1]->span.text.bytes, "3", 1);
    assert_int_equal(leg->args[1]->span.column, 16);
    fixture_free(fix);
}

static void results_are_brought_to_the_wanted_decimals(void **state)
{
    fixture *fix = fixture_new();
    const tally_expr *expr;

    (void)state;
    assert_non_null(fix);
    expr = compile(fix, "", "12", TALLY_TYPE_NUMBER, 2);
    assert_int_equal(expr->value, 1200);
    expr = compile(fix, "", "12.50", TALLY_TYPE_NUMBER, 1);
    assert_int_equal(expr->value, 125);
    expr = compile(fix, "month", "journeys", TALLY_TYPE_NUMBER, 1);
    assert_int_equal(expr->op, TALLY_OP_RESCALE);
    expr = compile(fix, "", "nothing", TALLY_TYPE_NUMBER, 1);
    assert_int_equal(expr->type, TALLY_TYPE_NUMBER);
    assert_true(expr->value == TALLY_NOTHING);
    assert_null(compile(fix, "", "0.25", TALLY_TYPE_NUMBER, 1));
    fixture_free(fix);
}

static void wanted_words_need_no_other_side(void **state)
{
    fixture *fix = fixture_new();
    const tally_words *words = fix->types[fixture_type("inspection")].fields[0].domain;
    tally_source_text source = fixture_source("moderate", 8);
    const tally_expr *expr;

    (void)state;
    expr = tally_expr_compile(&fix->compiler, &source, NULL, TALLY_TYPE_WORD, UINT8_MAX, words);
    assert_non_null(expr);
    assert_int_equal(expr->value, 1);
    assert_ptr_equal(expr->domain, words);
    fixture_free(fix);
}

static void windows_are_listed_once_and_names_marked(void **state)
{
    fixture *fix = fixture_new();

    (void)state;
    assert_non_null(fix);
    assert_int_equal(fix->compiler.window_count, 0);
    assert_non_null(compile(fix, "",
                            "count(visit in rolling 30 days) + count(review in rolling 30 days) "
                            "> count(visit in calendar month)",
                            TALLY_TYPE_CONDITION, 0));
    assert_non_null(compile(fix, "", "any visit in rolling 30 days and in-a-row > 3 and now is now",
                            TALLY_TYPE_CONDITION, 0));
    assert_int_equal(fix->compiler.window_count, 2);
    assert_true(fix->compiler.uses_streak);
    assert_true(fix->compiler.uses_now);
    assert_false(fix->compiler.uses_throughout);
    for (uint32_t i = 0; i < fix->compiler.name_count; i++)
        assert_int_equal(fix->names[i].is_used,
                         tally_text_is(fix->names[i].name, "in-a-row"));
    fixture_free(fix);
}

static void a_default_window_reaches_sets_that_name_none(void **state)
{
    static const char text[] =
        "any visit and count(resolved) > 1 and any visit in lifetime and earned(all) > 1";
    tally_source_text source = fixture_source(text, sizeof(text) - 1);
    tally_source_text head = fixture_source("all of, in rolling 9 days", 25);
    fixture *fix = fixture_new();
    tally_scope scope = { 0 };
    const tally_expr *expr;
    tally_buffer out;
    int64_t at_least;
    tally_op op;

    (void)state;
    tally_buffer_init(&out, 1 << 16);
    assert_true(tally_condition_head(&fix->compiler, &head, &scope, &op, &at_least,
                                     &scope.default_window));
    assert_int_equal(op, TALLY_OP_ALL_OF);
    expr = tally_expr_compile(&fix->compiler, &source, &scope, TALLY_TYPE_CONDITION, 0, NULL);
    assert_no_report(fix, text);
    dump_expr(&out, fix, expr);
    assert_string_equal(tally_buffer_string(&out),
                        "(all (any {visit in rolling 9x24h}) (> (count {{review (is-not outcome "
                        "'open')} in rolling 9x24h}) 1) (any {visit}) (> (earned all rolling "
                        "9x24h) 1.0))");
    tally_buffer_free(&out);
    fixture_free(fix);
}

static void gain_rules_are_relaxed_where_a_window_looks(void **state)
{
    static const struct {
        const char *gain, *share, *tree;
    } rows[] = {
        { "count(visit in rolling 100 days) >= 50 and count(visit) >= 50", "90 % of gain",
          "(all (>= (count {visit in rolling 100x24h}) 45) (>= (count {visit}) 50))" },
        { "count(visit in rolling 9 days) >= 5", "90 % of gain",
          "(>= (scale1 (count {visit in rolling 9x24h})) 4.5)" },
        { "count(visit in rolling 9 days) <= 5 or count(visit in rolling 9 days) >= 10",
          "50% of gain",
          "(any-of (<= (count {visit in rolling 9x24h}) 5) (>= (count {visit in rolling 9x24h}) "
          "5))" },
        { "count(visit in rolling 9 days) >= active", "90 % of gain",
          "(>= (scale1 (count {visit in rolling 9x24h})) (* (fact active) 0.9))" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        fixture *fix = fixture_new();
        tally_source_text source = fixture_source(rows[i].share, strlen(rows[i].share));
        const tally_expr *relaxed;
        tally_buffer out;

        tally_buffer_init(&out, 1 << 16);
        assert_true(tally_expr_is_relaxation(&source));
        relaxed = tally_expr_relax(&fix->compiler,
                                   compile(fix, "", rows[i].gain, TALLY_TYPE_CONDITION, 0),
                                   &source);
        assert_non_null(relaxed);
        dump_expr(&out, fix, relaxed);
        assert_string_equal(tally_buffer_string(&out), rows[i].tree);
        assert_int_equal(relaxed->span.text.count, strlen(rows[i].share));
        tally_buffer_free(&out);
        fixture_free(fix);
    }
}

static void linear_expressions_are_found(void **state)
{
    static const struct {
        const char *text;
        bool is_linear;
        int64_t constant, coefficient;
    } rows[] = {
        { "20 * journeys", true, 0, 200 },
        { "journeys * 2.5 - 3", true, -30, 25 },
        { "7", true, 70, 0 },
        { "- journeys", true, 0, -10 },
        { "journeys * public", false, 0, 0 },
        { "round(journeys / 2, to 1, up)", false, 0, 0 },
        { "max(journeys, 2)", false, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        fixture *fix = fixture_new();
        const tally_expr *expr = compile(fix, "month", rows[i].text, TALLY_TYPE_NUMBER, 1);
        int64_t constant = 0, coefficient = 0;
        const int16_t *slots = NULL;

        assert_non_null(expr);
        assert_int_equal(tally_expr_linear(expr, &constant, &coefficient, &slots),
                         rows[i].is_linear);
        assert_int_equal(constant, rows[i].constant);
        assert_int_equal(coefficient, rows[i].coefficient);
        assert_int_equal(slots != NULL, coefficient != 0);
        fixture_free(fix);
    }
}

/* Whichever allocation fails, nothing is returned and the compiler knows why. */
static void compiling_survives_each_failed_allocation(void **state)
{
    static const char text[] =
        "count(last (base) of resolved with outcome is \"good\" in rolling (base) days) >= 2 and "
        "joined.minutes + 0.5 > publik and round(rate, to 1, up) is one of 1, 2.5";
    uint32_t failures = 0;
    bool was_whole = false;

    (void)state;
    for (uint32_t nth = 0; !was_whole; nth++) {
        fixture *fix = fixture_new();

        assert_non_null(fix);
        tally_alloc_fail_at(nth);
        assert_null(compile(fix, "", text, TALLY_TYPE_CONDITION, 0));
        tally_alloc_fail_never();
        was_whole = !fix->compiler.out_of_memory;
        failures += fix->compiler.out_of_memory;
        if (was_whole)
            assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics), 1);
        fixture_free(fix);
        assert_true(nth < 10000);
    }
    assert_true(failures > 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_expression_becomes_its_tree),
        cmocka_unit_test(each_part_has_its_slice),
        cmocka_unit_test(results_are_brought_to_the_wanted_decimals),
        cmocka_unit_test(wanted_words_need_no_other_side),
        cmocka_unit_test(windows_are_listed_once_and_names_marked),
        cmocka_unit_test(a_default_window_reaches_sets_that_name_none),
        cmocka_unit_test(gain_rules_are_relaxed_where_a_window_looks),
        cmocka_unit_test(linear_expressions_are_found),
        cmocka_unit_test(compiling_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
