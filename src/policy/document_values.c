/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, condition lists, tables and phrases where a section holds them. */

#include "policy/document.h"

/* ---- expressions ---- */

/* Whether brackets and quotes match, as far as one scalar shows. */
static bool is_balanced(tally_text text)
{
    int depth = 0;
    bool is_quoted = false;

    for (size_t i = 0; i < text.count && depth >= 0; i++) {
        char byte = text.bytes[i];

        if (byte == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && byte == '(')
            depth++;
        else if (!is_quoted && byte == ')')
            depth--;
    }
    return depth == 0 && !is_quoted;
}

/* What YAML did to an expression before the expression compiler sees it. */
static bool survived_yaml(tally_reader *reader, const tally_yaml *node)
{
    tally_source_text source = tally_yaml_source(node);

    if (!tally_document_shape(reader, node, TALLY_KEY_TEXT,
                              node->key != NULL && node->key->text.count > 0 &&
                                      node->key->text.count < 80
                                  ? "this expression"
                                  : "an expression"))
        return false;
    if (source.text.count > TALLY_EXPRESSION_BYTES_MAX) {
        reader->is_over_limit = true;
        tally_document_error(reader, node, "limit", "name parts of it under `let`",
                             "this expression is longer than %zu bytes",
                             TALLY_EXPRESSION_BYTES_MAX);
        return false;
    }
    if (is_balanced(source.text))
        return true;
    if (node->is_flow) {
        tally_document_error(reader, node, "flow-expression",
                             "write it in block style, one key a line",
                             "inside {} and [] a comma ends the text, so this expression is cut");
        return false;
    }
    if (node->has_cut) {
        tally_document_error(reader, node, "cut-text", "put the whole text in quotes",
                             "this expression is cut short: ` #` begins a comment");
        return false;
    }
    return true; /* the expression compiler says which bracket it is */
}

static const tally_expr *compile_source(tally_reader *reader, const tally_yaml *node,
                                        const tally_scope *scope, tally_value_type want,
                                        uint8_t want_decimals, const tally_words *domain)
{
    tally_source_text source = tally_yaml_source(node);
    const tally_expr *expr;

    if (reader->compiler.out_of_memory)
        return NULL;
    expr = tally_expr_compile(&reader->compiler, &source, scope, want, want_decimals, domain);
    if (expr == NULL)
        reader->error_count++;
    return expr;
}

const tally_expr *tally_document_expr(tally_reader *reader, const tally_yaml *node,
                                      const tally_scope *scope, tally_value_type want,
                                      uint8_t want_decimals, const tally_words *domain)
{
    if (!survived_yaml(reader, node))
        return NULL;
    return compile_source(reader, node, scope, want, want_decimals, domain);
}

static tally_expr *new_expr(tally_reader *reader, const tally_yaml *node, tally_op op,
                            tally_value_type type)
{
    tally_expr *expr = tally_document_alloc(reader, 1, sizeof(*expr));

    if (expr == NULL)
        return NULL;
    expr->op = op;
    expr->type = type;
    expr->span = tally_document_span(node);
    return expr;
}

/* ---- condition lists ---- */

static bool head_of(tally_reader *reader, const tally_yaml *node, const tally_scope *scope,
                    tally_op *out_op, int64_t *out_at_least, const tally_window **out_window)
{
    tally_source_text head;

    if (node->kind != TALLY_YAML_MAPPING || node->first == NULL ||
        node->first->key->kind != TALLY_YAML_SCALAR)
        return false;
    head = tally_yaml_source(node->first->key);
    return tally_condition_head(&reader->compiler, &head, scope, out_op, out_at_least, out_window);
}

/* Cheap and silent, unlike tally_condition_head(). */
bool tally_document_is_condition_list(tally_reader *reader, const tally_yaml *node,
                                      const tally_scope *scope)
{
    static const char *const heads[] = { "all of", "any of", "none of", "at least " };

    (void)reader;
    (void)scope;
    if (node->kind != TALLY_YAML_MAPPING || node->first == NULL)
        return false;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (tally_text_has_prefix(node->first->key->text, tally_text_from(heads[i])))
            return true;
    }
    return false;
}

static const tally_expr *condition_list(tally_reader *reader, const tally_yaml *node,
                                        const tally_scope *scope)
{
    tally_op op = TALLY_OP_ALL_OF;
    int64_t at_least = 0;
    const tally_window *window = NULL;
    tally_scope inner = *scope;
    const tally_yaml *list = node->first;
    const tally_expr **legs;
    uint32_t count = 0;
    bool is_whole = true;

    if (!head_of(reader, node, scope, &op, &at_least, &window)) {
        tally_document_error(reader, node->first != NULL ? node->first->key : node, "bad-list",
                             "write `all of:`, `any of:`, `none of:` or `at least 2 of:`",
                             "a list of conditions begins with how many must be met");
        return NULL;
    }
    if (node->count > 1) {
        tally_document_error(reader, list->next->key, "bad-list", "put it into the list above",
                             "a list of conditions has one head");
        return NULL;
    }
    if (!tally_document_shape(reader, list, TALLY_KEY_LIST, "a list of conditions"))
        return NULL;
    if (list->count == 0 ||
        (op == TALLY_OP_AT_LEAST_OF && (at_least < 1 || (uint64_t)at_least > list->count))) {
        tally_document_error(reader, list->key, "bad-list", "",
                             "this list has %u conditions, so its head cannot be right",
                             list->count);
        return NULL;
    }
    if (list->count > TALLY_ROWS_MAX) {
        tally_document_over_limit(reader, list->key, "conditions in one list", TALLY_ROWS_MAX);
        return NULL;
    }
    if (window != NULL)
        inner.default_window = window;
    legs = tally_document_alloc(reader, list->count, sizeof(*legs));
    if (legs == NULL)
        return NULL;
    for (const tally_yaml *leg = list->first; leg != NULL; leg = leg->next) {
        legs[count] = tally_document_condition(reader, leg, &inner);
        is_whole = is_whole && legs[count] != NULL;
        count++;
    }
    if (!is_whole)
        return NULL;
    return tally_expr_combine(&reader->compiler, op, at_least, legs, count,
                              tally_document_span(list->key));
}

const tally_expr *tally_document_condition(tally_reader *reader, const tally_yaml *node,
                                           const tally_scope *scope)
{
    if (node->kind == TALLY_YAML_SEQUENCE) {
        tally_document_error(reader, node, "bad-list",
                             "write `all of:` or `any of:` above the list",
                             "a list of conditions begins with how many must be met");
        return NULL;
    }
    if (node->kind == TALLY_YAML_MAPPING)
        return condition_list(reader, node, scope);
    return tally_document_expr(reader, node, scope, TALLY_TYPE_CONDITION, 255, NULL);
}

/* ---- tables ---- */

bool tally_document_row_condition(tally_reader *reader, const tally_yaml *row,
                                  const tally_scope *scope, const tally_expr **out_condition)
{
    *out_condition = NULL;
    if (row->kind == TALLY_YAML_SCALAR && tally_text_is(row->text, "otherwise")) {
        if (row->next != NULL)
            tally_document_warn(reader, row->next->key, "dead-row",
                                "move the `otherwise` row to the end",
                                "no row below `otherwise` is ever reached");
        return true;
    }
    *out_condition = tally_document_condition(reader, row, scope);
    return *out_condition != NULL;
}

/* A table of results that are compiled already, in results[]. */
static const tally_expr *build_table(tally_reader *reader, const tally_yaml *node,
                                     const tally_scope *scope, const tally_expr *const *results)
{
    const tally_expr **args = tally_document_alloc(reader, node->count * 2u, sizeof(*args));
    tally_expr *table = new_expr(reader, node->first->key, TALLY_OP_TABLE, results[0]->type);
    bool is_whole = true;
    uint32_t i = 0;

    if (args == NULL || table == NULL)
        return NULL;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next, i++) {
        const tally_expr *condition;

        if (!tally_document_row_condition(reader, row, scope, &condition)) {
            is_whole = false;
            continue;
        }
        if (condition == NULL) {
            tally_expr *always = new_expr(reader, row, TALLY_OP_LITERAL, TALLY_TYPE_CONDITION);

            if (always == NULL)
                return NULL;
            always->value = 1;
            condition = always;
        }
        args[2 * i] = results[i];
        args[2 * i + 1] = condition;
    }
    table->decimals = results[0]->decimals;
    table->domain = results[0]->domain;
    table->args = args;
    table->arg_count = (uint16_t)(2 * i);
    return is_whole ? table : NULL;
}

static bool is_table(tally_reader *reader, const tally_yaml *node)
{
    if (node->count == 0) {
        tally_document_error(reader, node->key != NULL ? node->key : node, "empty-value",
                             "write rows as `RESULT: CONDITION`", "this table has no row");
        return false;
    }
    if (node->count > TALLY_ROWS_MAX) {
        tally_document_over_limit(reader, node->key, "rows in this table", TALLY_ROWS_MAX);
        return false;
    }
    return true;
}

/* Numbers on the left sides; decimals 255: as many as the widest row has. */
static const tally_expr *number_table(tally_reader *reader, const tally_yaml *node,
                                      const tally_scope *scope, uint8_t decimals)
{
    const tally_expr **results;
    bool is_whole = true, is_even = true;
    uint8_t widest = 0;
    uint32_t i = 0;

    if (!is_table(reader, node))
        return NULL;
    results = tally_document_alloc(reader, node->count, sizeof(*results));
    if (results == NULL)
        return NULL;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next, i++) {
        results[i] =
            tally_document_expr(reader, row->key, scope, TALLY_TYPE_NUMBER, decimals, NULL);
        is_whole = is_whole && results[i] != NULL;
        if (results[i] != NULL && results[i]->decimals > widest)
            widest = results[i]->decimals;
    }
    i = 0;
    for (const tally_yaml *row = node->first; row != NULL && is_whole; row = row->next, i++) {
        is_even = results[i]->decimals == widest;
        if (!is_even)
            results[i] = compile_source(reader, row->key, scope, TALLY_TYPE_NUMBER, widest, NULL);
        is_whole = results[i] != NULL;
    }
    return is_whole ? build_table(reader, node, scope, results) : NULL;
}

/* In a `let`, a left side that is no number, no known name and no formula is a label. */
static bool is_label(const tally_reader *reader, tally_text text)
{
    tally_text head, tail;
    int64_t value;
    uint32_t decimals;

    if (tally_decimal_parse(&value, &decimals, text) == TALLY_OK || text.count == 0)
        return false;
    for (size_t i = 0; i < text.count; i++) {
        if (memchr("()*/+<>=\"", text.bytes[i], 9) != NULL)
            return false;
        if (text.bytes[i] == '-' && (i == 0 || text.bytes[i - 1] == ' '))
            return false;
        if (text.bytes[i] == '%')
            return false;
    }
    tally_text_split(text, '.', &head, &tail);
    for (uint32_t i = 0; i < reader->compiler.name_count; i++) {
        if (tally_text_is_equal(reader->compiler.names[i].name, head))
            return false;
    }
    return true;
}

const tally_expr *tally_document_let_table(tally_reader *reader, const tally_yaml *node,
                                           const tally_scope *scope)
{
    const tally_expr **results;
    tally_words *words;
    tally_text *labels;
    uint32_t label_count = 0, i = 0;

    if (!is_table(reader, node))
        return NULL;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next)
        label_count += is_label(reader, row->key->text);
    if (label_count == 0)
        return number_table(reader, node, scope, 255);
    results = tally_document_alloc(reader, node->count, sizeof(*results));
    words = tally_document_alloc(reader, 1, sizeof(*words));
    labels = tally_document_alloc(reader, node->count, sizeof(*labels));
    if (results == NULL || words == NULL || labels == NULL)
        return NULL;
    words->words = labels;
    words->count = node->count;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next, i++) {
        tally_expr *label = new_expr(reader, row->key, TALLY_OP_LITERAL, TALLY_TYPE_WORD);

        if (label == NULL)
            return NULL;
        label->value = i;
        label->domain = words;
        labels[i] = tally_document_words(reader, row->key, "label");
        results[i] = label;
    }
    if (label_count < node->count) {
        tally_document_error(
            reader, node->first->key, "mixed-table",
            "quote a label that looks like a number or a name in no way: rename it",
            "the left sides of a table are all numbers or all labels");
        return NULL;
    }
    return build_table(reader, node, scope, results);
}

/* ---- points and constants ---- */

static uint8_t points_decimals_wanted(const tally_reader *reader)
{
    return reader->is_measuring ? 255 : reader->compiler.points_decimals;
}

static void measure(tally_reader *reader, const tally_expr *expr)
{
    if (expr != NULL && expr->decimals > reader->widest_decimals)
        reader->widest_decimals = expr->decimals;
}

const tally_expr *tally_document_points(tally_reader *reader, const tally_yaml *node,
                                        const tally_scope *scope)
{
    uint8_t decimals = points_decimals_wanted(reader);
    const tally_expr *expr;

    if (node->kind == TALLY_YAML_MAPPING)
        expr = number_table(reader, node, scope, decimals);
    else
        expr = tally_document_expr(reader, node, scope, TALLY_TYPE_NUMBER, decimals, NULL);
    measure(reader, expr);
    return expr;
}

static bool constant_of(const tally_expr *expr, int64_t *out_value)
{
    int64_t value;

    switch (expr->op) {
    case TALLY_OP_LITERAL:
        *out_value = expr->value;
        return true;
    case TALLY_OP_NEGATE:
        return constant_of(expr->args[0], &value) &&
               tally_decimal_scale(out_value, value, -1, 1, TALLY_ROUND_DOWN) == TALLY_OK;
    case TALLY_OP_RESCALE:
        return constant_of(expr->args[0], &value) &&
               tally_decimal_rescale(out_value, value, expr->args[0]->decimals, expr->decimals,
                                     TALLY_ROUND_DOWN) == TALLY_OK;
    default:
        return false;
    }
}

static bool constant(tally_reader *reader, const tally_yaml *node, uint8_t decimals, bool is_points,
                     int64_t *out_value)
{
    static const tally_scope nothing_in_scope = { 0 };
    const tally_expr *expr =
        tally_document_expr(reader, node, &nothing_in_scope, TALLY_TYPE_NUMBER, decimals, NULL);

    if (expr == NULL)
        return false;
    if (!constant_of(expr, out_value) || *out_value == TALLY_NOTHING) {
        tally_document_error(reader, node, "not-constant",
                             "write a number or the name of a setting",
                             "this number must be known before any event");
        return false;
    }
    if (is_points)
        measure(reader, expr);
    return true;
}

bool tally_document_points_constant(tally_reader *reader, const tally_yaml *node,
                                    int64_t *out_value)
{
    return constant(reader, node, points_decimals_wanted(reader), true, out_value);
}

bool tally_document_constant(tally_reader *reader, const tally_yaml *node, uint8_t decimals,
                             int64_t *out_value)
{
    return constant(reader, node, decimals, false, out_value);
}

/* ---- deadlines and durations ---- */

bool tally_document_deadline(tally_reader *reader, const tally_yaml *node,
                             tally_deadline *out_deadline)
{
    tally_source_text source = tally_yaml_source(node);

    if (tally_deadline_compile(&reader->compiler, &source, out_deadline)) {
        out_deadline->span = tally_document_span(node);
        return true;
    }
    reader->error_count++;
    return false;
}

bool tally_document_deadlines(tally_reader *reader, const tally_yaml *node,
                              const tally_scope *scope, tally_deadline_table *out_table)
{
    tally_deadline *deadlines;
    const tally_expr **conditions;
    bool is_whole = true;
    uint32_t i = 0;

    if (node->kind == TALLY_YAML_MAPPING && !is_table(reader, node))
        return false;
    deadlines = tally_document_alloc(reader, node->kind == TALLY_YAML_MAPPING ? node->count : 1,
                                     sizeof(*deadlines));
    conditions = tally_document_alloc(reader, node->kind == TALLY_YAML_MAPPING ? node->count : 1,
                                      sizeof(*conditions));
    if (deadlines == NULL || conditions == NULL)
        return false;
    out_table->deadlines = deadlines;
    out_table->conditions = conditions;
    if (node->kind == TALLY_YAML_SCALAR) {
        is_whole = tally_document_deadline(reader, node, &deadlines[0]);
        out_table->count = is_whole && deadlines[0].kind != TALLY_DEADLINE_NEVER ? 1 : 0;
        return is_whole;
    }
    for (const tally_yaml *row = node->first; row != NULL; row = row->next, i++) {
        bool is_read = tally_document_deadline(reader, row->key, &deadlines[i]);

        is_read = tally_document_row_condition(reader, row, scope, &conditions[i]) && is_read;
        is_whole = is_whole && is_read;
    }
    out_table->count = i;
    return is_whole;
}

bool tally_document_duration_ms(tally_reader *reader, const tally_yaml *node, int64_t *out_ms)
{
    tally_source_text source = tally_yaml_source(node);
    int32_t months = 0;

    if (!tally_duration_compile(&reader->compiler, &source, out_ms, &months)) {
        reader->error_count++;
        return false;
    }
    if (months != 0) {
        tally_document_error(reader, node, "bad-duration",
                             "write it in minutes, hours, days or weeks",
                             "months differ in length; this must be an exact time");
        return false;
    }
    return true;
}
