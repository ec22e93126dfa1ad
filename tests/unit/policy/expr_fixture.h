/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_EXPR_FIXTURE_H
#define TALLY_TESTS_EXPR_FIXTURE_H

/* A small policy's names, for tests of the expression compiler, and compiled
 * expressions written out as S-expressions. Used by the fuzz target too. */

#include <stdlib.h>
#include <string.h>

#include "policy/compiler.h"
#include "util/alloc.h"

#define FIXTURE_ARENA_BYTES_MAX ((size_t)64 << 20)
#define FIXTURE_TYPES           13u
#define FIXTURE_NAMES_MAX       16u

typedef struct fixture {
    tally_compiler compiler;
    tally_event_type types[FIXTURE_TYPES];
    tally_name names[FIXTURE_NAMES_MAX];
    uint64_t visit[TALLY_EVENT_TYPES_MAX / 64];
    uint64_t month[TALLY_EVENT_TYPES_MAX / 64];
    uint64_t two[TALLY_EVENT_TYPES_MAX / 64]; /* answer-up, question-up */
    uint64_t exchange[TALLY_EVENT_TYPES_MAX / 64];
    bool is_ready;
} fixture;

static const tally_text fixture_awards[] = { { "trees", 5 }, { "greener-travel", 14 } };
static const tally_text fixture_tiers[] = { { "sapling", 7 }, { "oak", 3 } };

static const struct {
    const char *type;
    const char *fields[6][2];
} fixture_types[FIXTURE_TYPES] = {
    { "void", { { "of", "id" } } },
    { "correction", { { "of", "id" } } },
    { "reversal", { { "of", "id" } } },
    { "dispute", { { "of", "id" } } },
    { "decision", { { "of", "id" }, { "finding", "one of stands, dropped" } } },
    { "visit", { { "posts-read", "0..100" }, { "minutes", "0..600" } } },
    { "review",
      { { "outcome", "one of good, bad, open" },
        { "stars", "1..5" },
        { "weight", "0.00..1.00" },
        { "note", "text" },
        { "from", "member" } } },
    { "inspection",
      { { "risk", "one of low, moderate, High Risk" },
        { "hygiene", "one of 0, 5, 10, 15, 20, 25" },
        { "follow-up", "yes or no" },
        { "due", "day or nothing" } } },
    { "month-travelled", { { "journeys", "0..400" }, { "public", "0..400" } } },
    { "answer-up", { { "author", "id or nothing" }, { "stars", "1..5" }, { "size", "0..9" } } },
    { "question-up",
      { { "author", "id or nothing" }, { "size", "0.0..9.9" }, { "kind", "one of a, b" } } },
    { "lock", { { "state", "one of on, off, visit-count" }, { "kind", "one of b, a" } } },
    { "exchange",
      { { "giver", "member" }, { "receiver", "member" }, { "minutes", "1..600" } } },
};

static inline tally_source_text fixture_source(const char *text, size_t count)
{
    return (tally_source_text){ { text, count }, 1, 1 };
}

static inline uint32_t fixture_zone(tally_compiler *compiler, tally_text name)
{
    (void)compiler;
    return tally_text_is(name, "UTC")                   ? 0
           : tally_text_is(name, "America/Los_Angeles") ? 1
                                                        : TALLY_NO_INDEX;
}

static inline bool fixture_add_type(fixture *fix, uint32_t index)
{
    tally_field *fields = tally_arena_zalloc_array(fix->compiler.arena, 6, sizeof(*fields));
    tally_event_type *type = &fix->types[index];

    if (fields == NULL)
        return false;
    type->name = tally_text_from(fixture_types[index].type);
    type->fields = fields;
    for (uint32_t i = 0; i < 6 && fixture_types[index].fields[i][0] != NULL; i++) {
        const char *written = fixture_types[index].fields[i][1];
        tally_source_text source = fixture_source(written, strlen(written));

        if (!tally_field_compile(&fix->compiler, &source,
                                 tally_text_from(fixture_types[index].fields[i][0]), &fields[i]))
            return false;
        type->field_count = i + 1;
    }
    return true;
}

static inline uint32_t fixture_type(const char *name)
{
    uint32_t i = 0;

    while (strcmp(fixture_types[i].type, name) != 0)
        i++;
    return i;
}

static inline tally_name *fixture_add_name(fixture *fix, const char *name, tally_name_kind kind,
                                           tally_value_type type)
{
    tally_name *entry = &fix->names[fix->compiler.name_count];

    *entry = (tally_name){ .name = tally_text_from(name),
                           .kind = kind,
                           .index = fix->compiler.name_count++,
                           .type = type };
    return entry;
}

static inline bool fixture_add_names(fixture *fix)
{
    static const tally_scope scope;
    static const char set_text[] = "every review with outcome is not open";
    tally_source_text source = fixture_source(set_text, sizeof(set_text) - 1);
    tally_name *name;

    name = fixture_add_name(fix, "base", TALLY_NAME_SETTING, TALLY_TYPE_NUMBER);
    name->value = 12;
    name = fixture_add_name(fix, "share", TALLY_NAME_SETTING, TALLY_TYPE_NUMBER);
    name->value = 25;
    name->decimals = 2;
    fixture_add_name(fix, "off", TALLY_NAME_SETTING, TALLY_TYPE_NUMBER);
    fixture_add_name(fix, "active", TALLY_NAME_FACT, TALLY_TYPE_NUMBER);
    name = fixture_add_name(fix, "total", TALLY_NAME_LET, TALLY_TYPE_NUMBER);
    name->decimals = 1;
    fixture_add_name(fix, "rate", TALLY_NAME_LET, TALLY_TYPE_RATIO);
    fixture_add_name(fix, "met", TALLY_NAME_LET, TALLY_TYPE_CONDITION);
    name = fixture_add_name(fix, "joined", TALLY_NAME_LET, TALLY_TYPE_EVENT);
    name->event_types = fix->visit;
    name = fixture_add_name(fix, "lock-kind", TALLY_NAME_LET, TALLY_TYPE_WORD);
    name->domain = fix->types[fixture_type("lock")].fields[1].domain;
    fixture_add_name(fix, "in-a-row", TALLY_NAME_STREAK, TALLY_TYPE_NUMBER);
    fixture_add_name(fix, "good", TALLY_NAME_LET, TALLY_TYPE_NUMBER);
    fixture_add_name(fix, "broken", TALLY_NAME_LET, TALLY_TYPE_NOTHING);
    name = fixture_add_name(fix, "resolved", TALLY_NAME_LET, TALLY_TYPE_EVENT);
    name->set = tally_set_compile(&fix->compiler, &source, &scope);
    return name->set != NULL;
}

static inline void fixture_free(fixture *fix)
{
    tally_arena_free(fix->compiler.arena);
    tally_diagnostics_free(fix->compiler.diagnostics);
    free(fix);
}

/* NULL when an allocation failed. */
static inline fixture *fixture_new(void)
{
    fixture *fix = calloc(1, sizeof(*fix));
    bool is_fine = fix != NULL;

    if (fix == NULL)
        return NULL;
    fix->compiler.arena = tally_arena_new(FIXTURE_ARENA_BYTES_MAX);
    fix->compiler.diagnostics = tally_diagnostics_new();
    fix->compiler.types = fix->types;
    fix->compiler.names = fix->names;
    fix->compiler.award_count = 2;
    fix->compiler.award_names = fixture_awards;
    fix->compiler.tier_count = 2;
    fix->compiler.tier_names = fixture_tiers;
    fix->compiler.points_decimals = 1;
    fix->compiler.zone_index = fixture_zone;
    is_fine = fix->compiler.arena != NULL && fix->compiler.diagnostics != NULL;
    for (uint32_t i = 0; is_fine && i < FIXTURE_TYPES; i++)
        is_fine = fixture_add_type(fix, i);
    fix->compiler.type_count = FIXTURE_TYPES;
    fix->visit[0] = UINT64_C(1) << fixture_type("visit");
    fix->month[0] = UINT64_C(1) << fixture_type("month-travelled");
    fix->two[0] =
        UINT64_C(1) << fixture_type("answer-up") | UINT64_C(1) << fixture_type("question-up");
    fix->exchange[0] = UINT64_C(1) << fixture_type("exchange");
    if (is_fine && fixture_add_names(fix))
        return fix;
    fixture_free(fix);
    return NULL;
}

/* The scope called: "" no event, "visit", "month", "two", "admission". */
static inline tally_scope fixture_scope(const fixture *fix, const char *name)
{
    tally_scope scope = { 0 };

    if (strcmp(name, "visit") == 0)
        scope.event_types = fix->visit;
    else if (strcmp(name, "month") == 0)
        scope.event_types = fix->month;
    else if (strcmp(name, "two") == 0)
        scope.event_types = fix->two;
    else if (strcmp(name, "admission") == 0) {
        scope.event_types = fix->exchange;
        scope.has_this = scope.is_admission = true;
    }
    return scope;
}

/* ---- writing out ------------------------------------------------------------- */

static inline void dump_expr(tally_buffer *out, const fixture *fix, const tally_expr *expr);

static inline void dump_window(tally_buffer *out, const fixture *fix, const tally_window *window)
{
    static const char *const kinds[] = { "lifetime",       "calendar", "previous", "rolling",
                                         "rolling-months", "next",     "since",    "after",
                                         "cycle" };
    static const char *const units[] = { "day", "week", "month", "quarter", "year" };

    tally_buffer_append_string(out, kinds[window->kind]);
    if (window->kind == TALLY_WINDOW_CALENDAR || window->kind == TALLY_WINDOW_PREVIOUS)
        tally_buffer_printf(out, " %s", units[window->unit]);
    if (window->n_expr != NULL) {
        tally_buffer_append_byte(out, ' ');
        dump_expr(out, fix, window->n_expr);
    } else if (window->kind != TALLY_WINDOW_LIFETIME && window->kind != TALLY_WINDOW_CALENDAR &&
               window->kind != TALLY_WINDOW_SINCE && window->kind != TALLY_WINDOW_AFTER) {
        tally_buffer_printf(out, " %d", (int)window->n);
    }
    if (window->each_ms != 0)
        tally_buffer_printf(out, "x%dh", (int)(window->each_ms / 3600000));
    if (window->each_months != 0)
        tally_buffer_printf(out, "x%dm", (int)window->each_months);
    if (window->zone != TALLY_NO_INDEX)
        tally_buffer_printf(out, " zone%u", window->zone);
    if (window->ref != NULL) {
        tally_buffer_append_byte(out, ' ');
        dump_expr(out, fix, window->ref);
    }
}

static inline void dump_set(tally_buffer *out, const fixture *fix, const tally_set *set)
{
    const char *joint = "";

    tally_buffer_append_byte(out, '{');
    if (set->earlier)
        tally_buffer_append_string(out, "earlier ");
    if (set->last > 0)
        tally_buffer_printf(out, "last %u ", set->last);
    if (set->inner != NULL)
        dump_set(out, fix, set->inner);
    for (uint32_t i = 0; set->inner == NULL && i < FIXTURE_TYPES; i++) {
        if ((set->types[0] >> i & 1) != 0) {
            tally_buffer_printf(out, "%s%s", joint, fixture_types[i].type);
            joint = "|";
        }
    }
    if (set->with != NULL) {
        tally_buffer_append_byte(out, ' ');
        dump_expr(out, fix, set->with);
    }
    if (set->window->kind != TALLY_WINDOW_LIFETIME) {
        tally_buffer_append_string(out, " in ");
        dump_window(out, fix, set->window);
    }
    tally_buffer_append_byte(out, '}');
}

static inline void dump_literal(tally_buffer *out, const tally_expr *expr)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];

    if (expr->value == TALLY_NOTHING)
        tally_buffer_append_string(out, "nothing");
    else if (expr->type == TALLY_TYPE_NUMBER)
        tally_buffer_append_text(out,
                                 tally_decimal_format(text, expr->value, expr->decimals, NULL));
    else if (expr->type == TALLY_TYPE_CONDITION)
        tally_buffer_append_string(out, expr->value != 0 ? "yes" : "no");
    else if (expr->type == TALLY_TYPE_WORD)
        tally_buffer_printf(out, "'%.*s'", TALLY_TEXT_ARGS(expr->domain->words[expr->value]));
    else if (expr->type == TALLY_TYPE_DAY)
        tally_buffer_append_text(out, tally_day_format(text, (int32_t)expr->value));
    else if (expr->type == TALLY_TYPE_MONTHS)
        tally_buffer_printf(out, "%dmonths", (int)expr->value);
    else
        tally_buffer_printf(out, "%dmin", (int)(expr->value / 60000));
}

static inline void dump_field(tally_buffer *out, const fixture *fix, const tally_expr *expr)
{
    for (uint32_t i = 0; i < FIXTURE_TYPES; i++) {
        if (expr->slot_of_type[i] >= 0) {
            tally_buffer_append_text(out, fix->types[i].fields[expr->slot_of_type[i]].name);
            return;
        }
    }
}

static inline const char *dump_name(tally_op op)
{
    static const char *const names[] = {
        [TALLY_OP_AT] = "at",
        [TALLY_OP_RECORDED] = "recorded",
        [TALLY_OP_DAY_OF] = "day",
        [TALLY_OP_PERIOD_OF] = "period",
        [TALLY_OP_SUBJECT] = "subject",
        [TALLY_OP_THIS_AT] = "this.at",
        [TALLY_OP_THIS_RECORDED] = "this.recorded",
        [TALLY_OP_THIS_DAY_OF] = "this.day",
        [TALLY_OP_THIS_SUBJECT] = "this.subject",
        [TALLY_OP_REF_AT] = "ref.at",
        [TALLY_OP_REF_RECORDED] = "ref.recorded",
        [TALLY_OP_REF_DAY] = "ref.day",
        [TALLY_OP_REF_FIELD] = "ref",
        [TALLY_OP_LET] = "let",
        [TALLY_OP_FACT] = "fact",
        [TALLY_OP_STREAK] = "streak",
        [TALLY_OP_SCORE] = "score",
        [TALLY_OP_NOW] = "now",
        [TALLY_OP_TODAY] = "today",
        [TALLY_OP_PAUSED] = "paused",
        [TALLY_OP_HELD] = "held",
        [TALLY_OP_EARNED] = "earned",
        [TALLY_OP_LATEST] = "latest",
        [TALLY_OP_EARLIEST] = "earliest",
        [TALLY_OP_ANY] = "any",
        [TALLY_OP_NO] = "no",
        [TALLY_OP_COUNT] = "count",
        [TALLY_OP_SUM] = "sum",
        [TALLY_OP_LEAST] = "least",
        [TALLY_OP_GREATEST] = "greatest",
        [TALLY_OP_MEAN] = "mean",
        [TALLY_OP_DISTINCT] = "distinct",
        [TALLY_OP_COUNT_PERIODS] = "periods",
        [TALLY_OP_ADD] = "+",
        [TALLY_OP_SUBTRACT] = "-",
        [TALLY_OP_MULTIPLY] = "*",
        [TALLY_OP_DIVIDE] = "/",
        [TALLY_OP_NEGATE] = "neg",
        [TALLY_OP_RESCALE] = "scale",
        [TALLY_OP_ROUND] = "round",
        [TALLY_OP_MIN] = "min",
        [TALLY_OP_MAX] = "max",
        [TALLY_OP_CLAMP] = "clamp",
        [TALLY_OP_DAY_PLUS_MONTHS] = "day+months",
        [TALLY_OP_DAY_PLUS] = "day+",
        [TALLY_OP_DAY_MINUS_DAY] = "day-day",
        [TALLY_OP_IS] = "is",
        [TALLY_OP_IS_NOT] = "is-not",
        [TALLY_OP_LESS] = "<",
        [TALLY_OP_LESS_OR_EQUAL] = "<=",
        [TALLY_OP_GREATER] = ">",
        [TALLY_OP_GREATER_OR_EQUAL] = ">=",
        [TALLY_OP_IS_ONE_OF] = "one-of",
        [TALLY_OP_EXISTS] = "exists",
        [TALLY_OP_NOT] = "not",
        [TALLY_OP_ALL_OF] = "all",
        [TALLY_OP_ANY_OF] = "any-of",
        [TALLY_OP_NONE_OF] = "none-of",
        [TALLY_OP_AT_LEAST_OF] = "at-least",
        [TALLY_OP_IF] = "if",
        [TALLY_OP_TABLE] = "table",
        [TALLY_OP_THROUGHOUT] = "throughout",
    };

    return names[op];
}

static inline void dump_details(tally_buffer *out, const fixture *fix, const tally_expr *expr)
{
    static const char *const modes[] = { "up", "down", "half-up", "half-down", "half-even" };
    char text[TALLY_DECIMAL_TEXT_BYTES];

    if (expr->op == TALLY_OP_LET || expr->op == TALLY_OP_FACT || expr->op == TALLY_OP_STREAK)
        tally_buffer_printf(out, " %.*s", TALLY_TEXT_ARGS(fix->names[expr->index].name));
    if (expr->op == TALLY_OP_HELD)
        tally_buffer_printf(out, " %.*s", TALLY_TEXT_ARGS(fixture_tiers[expr->index]));
    if (expr->op == TALLY_OP_EARNED) {
        tally_buffer_printf(out, " %s ",
                            expr->index == TALLY_NO_INDEX ? "all"
                                                          : fixture_awards[expr->index].bytes);
        dump_window(out, fix, expr->window);
    }
    if (expr->op == TALLY_OP_REF_FIELD) {
        tally_buffer_append_byte(out, '.');
        dump_field(out, fix, expr);
    }
    if (expr->op == TALLY_OP_PERIOD_OF || expr->op == TALLY_OP_COUNT_PERIODS)
        tally_buffer_printf(out, " unit%u", expr->unit);
    if (expr->best > 0)
        tally_buffer_printf(out, " best%u", expr->best);
    if (expr->op == TALLY_OP_ROUND) {
        tally_buffer_printf(out, " %s ", modes[expr->rounding]);
        tally_buffer_append_text(out,
                                 tally_decimal_format(text, expr->value, expr->decimals, NULL));
    }
    if (expr->op == TALLY_OP_RESCALE)
        tally_buffer_printf(out, "%u", expr->decimals);
    if (expr->op == TALLY_OP_AT_LEAST_OF)
        tally_buffer_printf(out, " %d", (int)expr->value);
    if (expr->op == TALLY_OP_THROUGHOUT)
        tally_buffer_printf(out, " %dmin", (int)(expr->value / 60000));
}

static inline void dump_expr(tally_buffer *out, const fixture *fix, const tally_expr *expr)
{
    if (expr->op == TALLY_OP_LITERAL) {
        dump_literal(out, expr);
        return;
    }
    if (expr->op == TALLY_OP_FIELD || expr->op == TALLY_OP_THIS_FIELD) {
        tally_buffer_append_string(out, expr->op == TALLY_OP_FIELD ? "" : "this.");
        dump_field(out, fix, expr);
        return;
    }
    tally_buffer_printf(out, "(%s", dump_name(expr->op));
    dump_details(out, fix, expr);
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        tally_buffer_append_byte(out, ' ');
        dump_expr(out, fix, expr->args[i]);
    }
    if (expr->set != NULL) {
        tally_buffer_append_byte(out, ' ');
        dump_set(out, fix, expr->set);
    }
    tally_buffer_append_byte(out, ')');
}

#endif
