/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as what its first byte picks: an expression in one of the scopes, a
 * set, a limit, a deadline, a duration, a review, a field type, a condition
 * head, a share. Whatever is refused says why, within the text; whatever is
 * accepted quotes the text and stays within the stated depth. */

#include "../unit/policy/expr_fixture.h"
#include "fuzz.h"

#define EXPR_HEIGHT_MAX 140u /* 64 levels as written, each with a rescaling or a negation, and room */

/* Keep reports in the text, and at least one where something was refused. */
static void check_reports(const fixture *fix, tally_text text, bool is_accepted)
{
    const tally_diagnostics *list = fix->compiler.diagnostics;
    uint32_t lines = 1;

    for (size_t i = 0; i < text.count; i++)
        lines += text.bytes[i] == '\n';
    TALLY_ASSERT(!fix->compiler.out_of_memory);
    TALLY_ASSERT(is_accepted || tally_diagnostics_count(list) > 0);
    TALLY_ASSERT(!is_accepted || tally_diagnostics_count_of(list, TALLY_SEVERITY_ERROR) == 0);
    for (size_t i = 0; i < tally_diagnostics_count(list); i++) {
        const tally_diagnostic *entry = tally_diagnostics_get(list, i);

        TALLY_ASSERT(entry->length > 0 && entry->message[0] != '\0');
        TALLY_ASSERT(entry->line <= lines && entry->column <= text.count + 1);
    }
}

static void check_set(const tally_set *set, tally_text text, uint32_t height);

static void check_expr(const tally_expr *expr, tally_text text, uint32_t height)
{
    TALLY_ASSERT(height < EXPR_HEIGHT_MAX);
    TALLY_ASSERT(expr->span.text.bytes >= text.bytes &&
                 expr->span.text.bytes + expr->span.text.count <= text.bytes + text.count);
    TALLY_ASSERT(expr->decimals <= TALLY_DECIMALS_MAX);
    TALLY_ASSERT(expr->type != TALLY_TYPE_TEXT);
    for (uint32_t i = 0; i < expr->arg_count; i++)
        check_expr(expr->args[i], text, height + 1);
    if (expr->set != NULL)
        check_set(expr->set, text, height + 1);
}

static void check_set(const tally_set *set, tally_text text, uint32_t height)
{
    TALLY_ASSERT(set->window != NULL);
    if (set->span.text.bytes < text.bytes || set->span.text.bytes > text.bytes + text.count)
        return; /* a named set: its text stands elsewhere */
    if (set->inner != NULL)
        check_set(set->inner, text, height + 1);
    if (set->with != NULL)
        check_expr(set->with, text, height + 1);
}

static bool compile(fixture *fix, uint8_t kind, const tally_source_text *source)
{
    static const char *const scopes[] = { "", "visit", "month", "two", "admission" };
    tally_compiler *compiler = &fix->compiler;
    const tally_window *window;
    const tally_expr *expr;
    const tally_set *set;
    tally_deadline deadline;
    tally_review review;
    tally_scope scope;
    tally_limit limit;
    tally_field field;
    int64_t number;
    int32_t months;
    tally_op op;

    switch (kind % 13) {
    case 5:
        set = tally_set_compile(compiler, source, NULL);
        if (set != NULL)
            check_set(set, source->text, 0);
        return set != NULL;
    case 6:
        return tally_limit_compile(compiler, source, (kind & 0x80) != 0, &limit);
    case 7:
        return tally_deadline_compile(compiler, source, &deadline);
    case 8:
        return tally_duration_compile(compiler, source, &number, &months);
    case 9:
        return tally_review_compile(compiler, source, &review);
    case 10:
        return tally_field_compile(compiler, source, TALLY_TEXT("x"), &field);
    case 11:
        if (!tally_condition_head(compiler, source, NULL, &op, &number, &window)) {
            TALLY_ASSERT(tally_diagnostics_count(compiler->diagnostics) == 0);
            return true;
        }
        return tally_diagnostics_count(compiler->diagnostics) == 0;
    default:
        scope = fixture_scope(fix, scopes[kind % 5]);
        expr = tally_expr_compile(compiler, source, &scope, TALLY_TYPE_NOTHING, UINT8_MAX, NULL);
        if (expr != NULL) {
            check_expr(expr, source->text, 0);
            TALLY_ASSERT(expr->span.text.count > 0);
        }
        return expr != NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_source_text source;
    tally_buffer out;
    fixture *fix;
    bool is_accepted;

    if (count == 0 || count > 16384)
        return 0;
    fix = fixture_new();
    TALLY_ASSERT(fix != NULL);
    source = fixture_source((const char *)bytes + 1, count - 1);
    is_accepted = compile(fix, bytes[0], &source);
    check_reports(fix, source.text, is_accepted);
    tally_buffer_init(&out, (size_t)16 << 20);
    tally_diagnostics_sort(fix->compiler.diagnostics);
    tally_diagnostics_render_text(fix->compiler.diagnostics, TALLY_TEXT("p"), source.text, true,
                                  &out);
    tally_diagnostics_render_json(fix->compiler.diagnostics, TALLY_TEXT("p"), &out);
    TALLY_ASSERT(tally_text_is_utf8(tally_buffer_text(&out)));
    tally_buffer_free(&out);
    fixture_free(fix);
    return 0;
}
