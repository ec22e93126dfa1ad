/* SPDX-License-Identifier: Apache-2.0 */
/* What the expression compiler refuses, where it points, and what it says. */

#include "unit.h"

#include "expr_fixture.h"

static const struct {
    const char *scope, *text;
    uint32_t line, column, length;
    const char *code, *message, *hint; /* parts that must be there */
} refused[] = {
    /* Names. */
    { "month", "publik / journeys >= 30 %", 1, 1, 6, "unknown-name",
      "`publik` is not a field of month-travelled", "did you mean `public`?" },
    { "month", "public / jorneys >= 30 %", 1, 10, 7, "unknown-name", "`jorneys` is not a field",
      "did you mean `journeys`?" },
    { "two", "authr exists", 1, 1, 5, "unknown-name",
      "`authr` is not a field of answer-up or question-up", "did you mean `author`?" },
    { "", "totl > 3", 1, 1, 4, "unknown-name", "there is no value `totl`", "`total`" },
    { "month", "journeys-public", 1, 1, 15, "unknown-name", "`journeys-public` is not a field",
      "a minus has spaces around it: write `journeys - public`" },
    { "month", "journeys-5", 1, 1, 10, "unknown-name", "", "write `journeys - 5`" },
    { "", "visit >= 3", 1, 1, 5, "unknown-name", "there is no value `visit`",
      "`visit` is an event type: write `any visit`, `count(visit)`" },
    { "", "trees > 3", 1, 1, 5, "unknown-name", "", "`earned(trees in calendar year)`" },
    { "", "oak", 1, 1, 3, "unknown-name", "", "write `held(oak)`" },
    { "", "met is true", 1, 8, 4, "unknown-name", "", "write `yes`" },
    { "", "resolved > 3", 1, 1, 8, "wrong-type", "is a set of events, not one value",
      "`count(resolved)`" },
    { "", "joined.minuts > 3", 1, 8, 6, "unknown-name", "`minuts` is not a field of visit",
      "did you mean `minutes`?" },
    { "", "total.day", 1, 1, 9, "wrong-type", "what stands before the point is a number", "" },
    { "", "distinct(review.from) > 3", 1, 10, 11, "not-one-event",
      "`review` is an event type, not one event", "`distinct(from of review)`" },
    { "", "day > 2026-01-01", 1, 1, 3, "no-event", "there is no event here", "`today`" },
    { "", "this.minutes", 1, 1, 12, "no-event", "there is none here", "" },
    { "visit", "this.minutes", 1, 1, 12, "no-event", "", "write `minutes`" },
    { "visit", "subject is subject", 1, 1, 7, "no-event", "only known to `admission`", "" },
    { "", "any vist", 1, 5, 4, "unknown-event", "there is no event type or set `vist`",
      "did you mean `visit`?" },
    { "", "count(total)", 1, 7, 5, "unknown-event", "", "a set begins with `every`" },
    { "", "earned(tree in lifetime)", 1, 8, 4, "unknown-award", "there is no award `tree`",
      "`trees`" },
    { "", "held(gold)", 1, 6, 4, "unknown-tier", "there is no tier `gold`",
      "there are: sapling, oak" },
    { "", "average(stars of review)", 1, 1, 7, "unknown-function", "no `average(…)`",
      "`mean(FIELD of EVENTS)`" },
    { "", "days(visit with minutes > 1)", 1, 1, 4, "unknown-function", "", "count(days with …)" },
    { "", "cont(visit)", 1, 1, 4, "unknown-function", "", "did you mean `count(…)`?" },
    { "", "any review with note is \"x\"", 1, 17, 4, "unreadable-text", "`note` is free text", "" },
    { "two", "size > 3", 1, 1, 4, "mixed-types",
      "`size` has not as many decimals in answer-up and question-up", "" },
    { "", "any lock or question-up with kind is a", 1, 30, 4, "mixed-types",
      "`kind` has not the same words in question-up and lock", "" },
    /* Words. */
    { "", "(latest inspection).risk is hihg", 1, 29, 4, "unknown-word",
      "`hihg` is none of the words possible here: low, moderate or High Risk", "" },
    { "", "(latest inspection).risk is modrate", 1, 29, 7, "unknown-word", "",
      "did you mean `moderate`?" },
    { "", "(latest inspection).risk is one of low, hi", 1, 41, 2, "unknown-word", "", "" },
    { "", "(latest review).outcome is good", 1, 28, 4, "ambiguous-word",
      "`good` is both a word and the name of a value", "write \"good\" in quotes" },
    { "", "\"low\" is \"high\"", 1, 1, 5, "unknown-word", "", "" },
    { "", "(latest inspection).risk > low", 1, 1, 30, "no-order", "", "write `is`" },
    { "", "(latest lock).kind is (latest review).outcome", 1, 1, 45, "mixed-types",
      "two different lists", "" },
    { "", "any inspection with risk is in", 1, 29, 2, "missing-value", "`in` cannot stand",
      "write \"in\" in quotes" },
    /* Signs. */
    { "", "total = 3", 1, 7, 1, "write-is", "`=` is not part of the language", "write `is`" },
    { "", "total == 3", 1, 7, 2, "write-is", "", "write `is`" },
    { "", "total != 3", 1, 7, 2, "write-is", "", "write `is not`" },
    { "", "met && paused", 1, 5, 2, "bad-sign", "", "write `and`" },
    { "", "total \xe2\x89\xa5 3", 1, 7, 1, "bad-sign", "", "write `>=`" },
    { "", "total is >= 3", 1, 7, 2, "syntax", "", "leave out `is`" },
    { "", "total is at least 3", 1, 10, 2, "syntax", "", "write `>=`" },
    { "", "total is between 3 and 4", 1, 10, 7, "syntax", "", "x >= 1 and x <= 5" },
    { "", "total -3", 1, 7, 1, "spaces-around-minus", "a space on both sides", "write ` - `" },
    { "", "5-3", 1, 2, 1, "spaces-around-minus", "", "" },
    { "", "1 < total < 5", 1, 11, 1, "chained-comparison", "comparisons do not chain",
      "`a < b and b < c`" },
    { "", "10 000 > total", 1, 4, 3, "syntax", "", "without spaces or commas" },
    { "", ".5 > total", 1, 1, 1, "missing-value", "", "`0.5`" },
    { "", "5points", 1, 1, 7, "bad-number", "", "" },
    { "", "1.2345678", 1, 1, 9, "too-many-decimals", "", "" },
    { "", "99999999999999999999", 1, 1, 20, "too-large", "this number is too large", "" },
    { "", "9000000000000000000 * 9", 1, 1, 23, "too-large", "", "" },
    { "", "2026-02-30", 1, 1, 10, "bad-day", "no such day", "" },
    { "", "2026-02-03T10:00 > today", 1, 1, 16, "bad-day", "", "" },
    { "", "total equals 3", 1, 7, 6, "syntax", "`equals` does not belong here", "write `is`" },
    { "", "total > 3 \xe2\x80\x9clow\xe2\x80\x9d", 1, 11, 1, "bad-sign", "quotation marks", "" },
    /* Brackets and ends. */
    { "", "", 1, 1, 1, "missing-value", "an expression is missing", "" },
    { "", "(total + 3", 1, 1, 1, "unbalanced", "this `(` is not closed", "" },
    { "", "total + 3)", 1, 10, 1, "unbalanced", "has no `(` before it", "" },
    { "", "count(visit", 1, 6, 1, "unbalanced", "not closed", "" },
    { "", "max(1, 2", 1, 4, 1, "unbalanced", "", "" },
    { "", "round(rate, to 1, up", 1, 6, 1, "unbalanced", "", "" },
    { "", "total +", 1, 8, 1, "missing-value", "the expression ends where a value should", "" },
    { "", "met and", 1, 8, 1, "missing-value", "", "" },
    { "", "met and or met", 1, 9, 2, "missing-value", "`or` cannot stand where a value", "" },
    { "", "\"low", 1, 1, 4, "unbalanced", "quoted word does not end", "" },
    { "", "met and\n\n  totl > 3", 3, 3, 4, "unknown-name", "", "" },
    /* The column counts characters, not bytes. */
    { "", "\"\xc3\xa9\xc3\xa9\" is totl", 1, 9, 4, "unknown-name", "", "" },
    { "", "if met then 1", 1, 14, 1, "syntax", "`else` is missing", "else nothing" },
    { "", "if met 1 else 2", 1, 8, 1, "syntax", "`then` is missing", "" },
    { "", "1 + if met then 1 else 2", 1, 5, 2, "missing-value", "", "in brackets" },
    /* Types. */
    { "", "total", 1, 1, 5, "wrong-type", "a condition is needed here, and this is a number",
      "compare it" },
    { "", "joined", 1, 1, 6, "wrong-type", "and this is an event", "exists" },
    { "", "met and total", 1, 9, 5, "wrong-type", "a condition is needed", "" },
    { "", "met > 3", 1, 1, 7, "mixed-types", "a condition cannot be compared with a number",
      "count(…)" },
    { "", "joined > 3", 1, 1, 10, "mixed-types", "an event cannot be compared", "last.FIELD" },
    { "", "joined.day + 7 > today", 1, 1, 14, "mixed-types", "a day added to a number makes no sense",
      "say which unit" },
    { "", "now > today", 1, 1, 11, "mixed-types", "", "`today` in place of `now`" },
    { "", "today - joined.day > 3", 1, 1, 22, "mixed-types", "", "say which unit" },
    { "", "3 months > 60 days", 1, 1, 18, "mixed-types", "a number of months cannot be compared",
      "months have no fixed length" },
    { "", "joined.at + 3 months > now", 1, 1, 20, "mixed-types", "", "take its `day` first" },
    { "", "joined.day + 36 hours > today", 1, 1, 21, "mixed-types", "whole days", "" },
    { "", "rate + 1 > 3", 1, 1, 8, "needs-rounding", "cannot be kept exact",
      "round the ratio first" },
    { "", "rate / 2 > 3", 1, 1, 8, "needs-rounding", "", "" },
    { "", "max(rate, 2) > 1", 1, 5, 4, "needs-rounding", "", "`round(…, to 1, half up)`" },
    { "", "total / 0 > 1", 1, 1, 9, "division-by-zero", "", "" },
    { "", "(latest review).weight * (latest review).weight * 0.125 > 1", 1, 1, 55,
      "needs-rounding", "this product has 7 decimals", "round one side first" },
    { "", "total is 1 is 2", 1, 12, 2, "chained-comparison", "", "" },
    { "", "total > nothing", 1, 1, 15, "wrong-type", "", "`X is nothing`" },
    { "", "(if met then 1 else paused) > 2", 1, 1, 27, "mixed-types", "", "" },
    { "", "- met", 1, 1, 5, "wrong-type", "a minus belongs before a number", "" },
    { "", "total is one of 1, today", 1, 20, 5, "mixed-types", "", "" },
    /* Calls. */
    { "", "round(rate) > 1", 1, 1, 5, "missing-rounding", "`round` says to which step and how",
      "round(VALUE, to 1, half up)" },
    { "", "round(rate, to 1) > 1", 1, 17, 1, "missing-rounding", "does not say which way",
      "half up" },
    { "", "round(rate, 1, up) > 1", 1, 13, 1, "missing-rounding", "`to` and the step", "" },
    { "", "round(rate, to 1, nearest) > 1", 1, 19, 7, "missing-rounding", "not a way to round", "" },
    { "", "round(rate, to total, up) > 1", 1, 16, 5, "wrong-type", "the step of a rounding", "" },
    { "", "sum(stars) > 1", 1, 10, 1, "syntax", "`sum` needs `of`", "sum(FIELD of EVENTS)" },
    { "", "sum(outcome of review) > 1", 1, 5, 7, "wrong-type", "a number of each event", "" },
    { "", "max(3) > 1", 1, 1, 3, "syntax", "", "max(a, b)" },
    { "", "clamp(total, 3, 1) > 1", 1, 1, 18, "wrong-type", "lower bound is above", "" },
    { "", "clamp(total, 3) > 1", 1, 1, 5, "syntax", "`clamp` has three parts", "" },
    { "", "sum(best 0 stars of review) > 1", 1, 10, 1, "wrong-type", "a whole number from 1", "" },
    { "", "count(last 0 of review) > 1", 1, 12, 1, "wrong-type", "", "" },
    { "", "count(last 3 days of review) > 1", 1, 7, 4, "syntax", "counts events, not time",
      "rolling 30 days" },
    { "", "earlier visit", 1, 1, 7, "missing-value", "", "" },
    { "", "any earlier visit", 1, 5, 7, "no-event", "", "leave it out" },
    { "", "any resolved or visit", 1, 5, 8, "wrong-type", "a named set cannot be joined", "" },
    { "", "met throughout 3 months", 1, 16, 1, "wrong-type", "", "`throughout 30 days`" },
    /* Windows. */
    { "", "any visit in 30 days", 1, 14, 2, "bad-window", "`30` begins no window",
      "write `rolling 30 …`" },
    { "", "any visit in month", 1, 14, 5, "bad-window", "", "write `calendar month`" },
    { "", "any visit in last 3 days", 1, 14, 4, "bad-window", "", "`rolling 30 days`" },
    { "", "any visit in roling 3 days", 1, 14, 6, "bad-window", "", "did you mean `rolling`?" },
    { "", "any visit in rolling month", 1, 22, 5, "bad-window", "how many is missing", "" },
    { "", "any visit in rolling 0 days", 1, 22, 1, "wrong-type", "a whole number from 1", "" },
    { "", "any visit in cycle of (off) months from joined", 1, 23, 5, "wrong-type", "", "" },
    { "", "any visit in rolling (rate) days", 1, 22, 6, "needs-rounding", "", "" },
    { "", "any visit in next 3 months", 1, 14, 4, "bad-window", "", "`next 30 days`" },
    { "", "any visit in calendar day Europe/Atlantis", 1, 27, 15, "unknown-zone",
      "there is no time zone `Europe/Atlantis`", "" },
    { "", "any visit in since total", 1, 20, 5, "wrong-type", "counts from an event", "" },
    { "", "any visit in calendar day with minutes > 3", 1, 27, 4, "syntax",
      "the condition stands before the window", "" },
    { "", "any visit in cycle of 12 months", 1, 32, 1, "bad-window", "`from` and the event", "" },
};

static void compile(fixture *fix, const char *scope_name, const char *text)
{
    tally_scope scope = fixture_scope(fix, scope_name);
    tally_source_text source = fixture_source(text, strlen(text));

    assert_null(tally_expr_compile(&fix->compiler, &source, &scope, TALLY_TYPE_CONDITION, 0,
                                   NULL));
}

/* How many rows differ, each printed: one run shows all. */
static uint32_t mismatch(const fixture *fix, size_t row)
{
    const tally_diagnostic *first;

    if (tally_diagnostics_count(fix->compiler.diagnostics) == 0) {
        print_error("%s: nothing was reported\n", refused[row].text);
        return 1;
    }
    first = tally_diagnostics_get(fix->compiler.diagnostics, 0);
    if (first->line == refused[row].line && first->column == refused[row].column &&
        first->length == refused[row].length && strcmp(first->code, refused[row].code) == 0 &&
        strstr(first->message, refused[row].message) != NULL &&
        strstr(first->hint, refused[row].hint) != NULL &&
        first->severity == TALLY_SEVERITY_ERROR)
        return 0;
    print_error("%s\n  %u:%u+%u %s: %s [%s]\n", refused[row].text, first->line, first->column,
                first->length, first->code, first->message, first->hint);
    return 1;
}

static void each_fault_is_named_and_placed(void **state)
{
    uint32_t mismatches = 0;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
        fixture *fix = fixture_new();

        assert_non_null(fix);
        compile(fix, refused[i].scope, refused[i].text);
        tally_diagnostics_sort(fix->compiler.diagnostics);
        mismatches += mismatch(fix, i);
        fixture_free(fix);
    }
    assert_int_equal(mismatches, 0);
}

/* One run reports every fault that can be told apart. */
static void several_faults_are_reported_at_once(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        { "totl > 3 and joind.day > today and any vist", 3 },
        { "total = 3 and met == paused", 2 },
        { "(latest inspection).risk is one of hi, lo, medium", 3 },
        { "max(totl, met, rate) > 1", 3 },
        { "total -3 > 1 and totl > 2", 2 },
        { "round(rate, to 1) > totl", 2 },
        { "sum(strs of review in calendar day Nowhere/Land) > 1", 1 },
        { "distinct(frm, wek of review) > 1", 2 },
        { "broken > 3 and broken", 0 }, /* reported where it was written */
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        fixture *fix = fixture_new();

        assert_non_null(fix);
        compile(fix, "", rows[i].text);
        assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics), rows[i].count);
        fixture_free(fix);
    }
}

static void comparisons_that_can_never_be_met_are_warned_of(void **state)
{
    static const struct {
        const char *text;
        uint32_t column, length;
    } rows[] = {
        { "count(visit with posts-read > 100) > 1", 18, 16 },
        { "count(visit with posts-read >= 100) > 1", 0, 0 },
        { "count(visit with posts-read < 0) > 1", 18, 14 },
        { "count(visit with 101 <= posts-read) > 1", 18, 17 },
        { "count(visit with posts-read is 50.5) > 1", 18, 18 },
        { "count(review with weight > 1.00) > 1", 19, 13 },
        { "count(review with weight >= 0.999) > 1", 0, 0 },
        { "count(inspection with hygiene is 7) > 1", 23, 12 },
        { "count(inspection with hygiene is one of 5, 7) > 1", 44, 1 },
        { "joined.minutes > 600", 1, 20 },
        { "any review with no", 17, 2 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        fixture *fix = fixture_new();
        tally_source_text source = fixture_source(rows[i].text, strlen(rows[i].text));
        const tally_diagnostic *warning;

        assert_non_null(tally_expr_compile(&fix->compiler, &source, NULL, TALLY_TYPE_CONDITION, 0,
                                           NULL));
        assert_int_equal(tally_diagnostics_count(fix->compiler.diagnostics),
                         rows[i].column > 0 ? 1 : 0);
        if (rows[i].column > 0) {
            warning = tally_diagnostics_get(fix->compiler.diagnostics, 0);
            assert_int_equal(warning->severity, TALLY_SEVERITY_WARNING);
            assert_int_equal(warning->column, rows[i].column);
            assert_int_equal(warning->length, rows[i].length);
        }
        fixture_free(fix);
    }
}

/* count copies of piece, between head and tail. */
static char *repeated(const char *head, const char *piece, size_t count, const char *tail)
{
    size_t bytes = strlen(head) + strlen(piece) * count + strlen(tail) + 1;
    char *text = malloc(bytes);
    size_t at = strlen(head);

    assert_non_null(text);
    memcpy(text, head, at);
    for (size_t i = 0; i < count; i++, at += strlen(piece))
        memcpy(text + at, piece, strlen(piece));
    memcpy(text + at, tail, strlen(tail) + 1);
    return text;
}

static void depth_and_length_are_bounded(void **state)
{
    static const struct {
        const char *head, *piece, *tail;
        size_t count;
        const char *code;
    } rows[] = {
        { "", "(", "met", 63, "unbalanced" },
        { "", "(", "met", 64, "too-deep" },
        { "", "(", "met", 8000, "too-deep" },
        { "", "not ", "met", 5, "" },
        { "", "not ", "met", 2000, "too-deep" },
        { "total > ", "-", "1", 8000, "too-deep" },
        { "total > 1", " + total", "", 62, "" },
        { "total > 1", " + total", "", 1000, "too-deep" },
        { "met", " and met", "", 1000, "" },
        { "", "if met then ", "met", 600, "too-deep" },
        { "", "any visit with ", "met", 500, "too-deep" },
        { "any ", "(", "visit", 8000, "too-deep" },
        { "met", " ", "", 8190, "too-long" },
        { "joined", ".x", "", 4000, "too-deep" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        fixture *fix = fixture_new();
        char *text = repeated(rows[i].head, rows[i].piece, rows[i].count, rows[i].tail);
        tally_source_text source = fixture_source(text, strlen(text));
        const tally_expr *expr =
            tally_expr_compile(&fix->compiler, &source, NULL, TALLY_TYPE_CONDITION, 0, NULL);

        assert_int_equal(expr != NULL, rows[i].code[0] == '\0');
        if (expr == NULL)
            assert_string_equal(tally_diagnostics_get(fix->compiler.diagnostics, 0)->code,
                                rows[i].code);
        assert_true(tally_arena_used_bytes(fix->compiler.arena) < 4u << 20);
        free(text);
        fixture_free(fix);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_is_named_and_placed),
        cmocka_unit_test(several_faults_are_reported_at_once),
        cmocka_unit_test(comparisons_that_can_never_be_met_are_warned_of),
        cmocka_unit_test(depth_and_length_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
