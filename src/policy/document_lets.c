/* SPDX-License-Identifier: Apache-2.0 */
/* `let` and `report`: named values, sets, references, tables and conditions. */

#include "policy/document.h"

static const tally_scope no_event = { 0 };

static bool is_set(const tally_yaml *value)
{
    return value->kind == TALLY_YAML_SCALAR &&
           (tally_text_has_prefix(value->text, TALLY_TEXT("every ")) ||
            tally_text_has_prefix(value->text, TALLY_TEXT("every\n")));
}

static bool compile_set(tally_reader *reader, const tally_yaml *value, tally_let *let)
{
    tally_source_text source = tally_yaml_source(value);

    if (!tally_document_shape(reader, value, TALLY_KEY_TEXT, "a set"))
        return false;
    let->is_set = true;
    let->set = tally_set_compile(&reader->compiler, &source, &no_event);
    if (let->set == NULL)
        reader->error_count++;
    return let->set != NULL;
}

static bool compile_let(tally_reader *reader, const tally_yaml *value, tally_let *let)
{
    if (!tally_document_shape(reader, value, TALLY_KEY_TEXT | TALLY_KEY_MAPPING, "a value"))
        return false;
    if (is_set(value))
        return compile_set(reader, value, let);
    if (value->kind == TALLY_YAML_SCALAR)
        let->expr = tally_document_expr(reader, value, &no_event, TALLY_TYPE_NOTHING, 255, NULL);
    else if (tally_document_is_condition_list(reader, value, &no_event))
        let->expr = tally_document_condition(reader, value, &no_event);
    else
        let->expr = tally_document_let_table(reader, value, &no_event);
    return let->expr != NULL;
}

/* A name can be used only below the place where it is written, so that no value
 * can depend on itself. */
static void declare_let(tally_reader *reader, const tally_yaml *value, uint32_t index,
                        const tally_let *let)
{
    tally_name *name = tally_document_declare(reader, value->key, TALLY_NAME_LET, index);
    uint64_t *types;

    if (name == NULL)
        return;
    name->set = let->set;
    name->type = TALLY_TYPE_EVENT;
    if (let->expr != NULL) {
        name->type = let->expr->type;
        name->decimals = let->expr->decimals;
        name->domain = let->expr->domain;
    }
    if (name->type != TALLY_TYPE_EVENT)
        return;
    types = tally_document_alloc(reader, TALLY_EVENT_TYPES_MAX / 64, sizeof(*types));
    if (types == NULL)
        return;
    if (let->set != NULL)
        tally_set_event_types(let->set, types);
    else
        tally_expr_event_types(&reader->compiler, let->expr, types);
    name->event_types = types;
}

void tally_document_lets(tally_reader *reader)
{
    const tally_yaml *section;
    tally_let *lets;
    uint32_t count = 0;

    if (!tally_document_section(reader, "let", TALLY_LETS_MAX, &section))
        return;
    lets = tally_document_alloc(reader, section->count, sizeof(*lets));
    if (lets == NULL)
        return;
    reader->version->lets = lets;
    for (const tally_yaml *value = section->first; value != NULL; value = value->next) {
        tally_let *let = &lets[count];

        let->name = tally_document_words(reader, value->key, "value");
        let->span = tally_document_span(value->key);
        if (!compile_let(reader, value, let))
            *let = (tally_let){ .name = value->key->text, .span = tally_document_span(value->key) };
        else
            declare_let(reader, value, count, let);
        reader->version->let_count = ++count;
    }
}

/* ---- report ---- */

static bool mark_reported(tally_reader *reader, tally_text text)
{
    tally_version *version = reader->version;

    for (uint32_t i = 0; i < reader->compiler.name_count; i++) {
        tally_name *name = &reader->compiler.names[i];

        if (!tally_text_is_equal(name->name, text))
            continue;
        name->is_used = true;
        if (name->kind == TALLY_NAME_LET && name->set == NULL) {
            ((tally_let *)(uintptr_t)version->lets)[name->index].is_reported = true;
            return true;
        }
        if (name->kind == TALLY_NAME_STREAK) {
            ((tally_streak *)(uintptr_t)version->streaks)[name->index].is_reported = true;
            return true;
        }
    }
    /* One that did not compile was reported where it stands. */
    for (uint32_t i = 0; i < version->let_count; i++) {
        if (tally_text_is_equal(version->lets[i].name, text) && version->lets[i].expr == NULL &&
            version->lets[i].set == NULL)
            return true;
    }
    return false;
}

void tally_document_report_names(tally_reader *reader)
{
    const tally_yaml *report = tally_yaml_get(reader->root, "report");

    if (report == NULL || report->kind != TALLY_YAML_SEQUENCE)
        return;
    for (const tally_yaml *item = report->first; item != NULL; item = item->next) {
        tally_text names[2 * TALLY_LETS_MAX];
        uint32_t count = 0;

        if (!tally_document_shape(reader, item, TALLY_KEY_TEXT, "a reported name") ||
            mark_reported(reader, item->text))
            continue;
        for (uint32_t i = 0; i < reader->compiler.name_count && count < 2 * TALLY_LETS_MAX; i++) {
            const tally_name *name = &reader->compiler.names[i];

            if (name->kind == TALLY_NAME_STREAK ||
                (name->kind == TALLY_NAME_LET && name->set == NULL))
                names[count++] = name->name;
        }
        tally_document_unknown(reader, item, "unknown-name", item->text, "`let` value or streak",
                               names, count);
    }
}
