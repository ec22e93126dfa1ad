/* SPDX-License-Identifier: Apache-2.0 */
/* The admission pass [12]: which records go through, and what they write. */

#include "policy/document.h"

enum { RULE_LET, RULE_REFUSE, RULE_WRITES, RULE_KEYS };

static const tally_key rule_keys[RULE_KEYS] = {
    [RULE_LET] = { "let", TALLY_KEY_MAPPING },
    [RULE_REFUSE] = { "refuse", TALLY_KEY_MAPPING },
    [RULE_WRITES] = { "writes", TALLY_KEY_MAPPING },
};

static bool has_field(const tally_event_type *type, tally_text name)
{
    for (uint32_t slot = 0; slot < type->field_count; slot++) {
        if (tally_text_is_equal(type->fields[slot].name, name))
            return true;
    }
    return false;
}

/* Local values are named after the version's own, until the rule ends. */
static void read_lets(tally_reader *reader, const tally_yaml *section, const tally_scope *scope,
                      tally_admission_rule *rule)
{
    tally_let *lets = tally_document_alloc(reader, section->count + 1, sizeof(*lets));

    if (lets == NULL)
        return;
    rule->lets = lets;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        uint32_t index = reader->version->let_count + rule->let_count;
        const tally_expr *expr =
            tally_document_expr(reader, node, scope, TALLY_TYPE_NOTHING, 255, NULL);
        tally_name *name = tally_document_declare(reader, node->key, TALLY_NAME_LET, index);

        if (name == NULL || expr == NULL)
            continue;
        if (has_field(&reader->types[rule->type], node->key->text))
            tally_document_error(reader, node->key, "shadowed-name", "choose another name",
                                 "`%.*s` is also a field of `%.*s`",
                                 TALLY_TEXT_ARGS(node->key->text),
                                 TALLY_TEXT_ARGS(reader->types[rule->type].name));
        name->type = expr->type;
        name->decimals = expr->decimals;
        name->domain = expr->domain;
        name->is_used = true;
        if (name->type == TALLY_TYPE_EVENT) {
            uint64_t *types =
                tally_document_alloc(reader, TALLY_EVENT_TYPES_MAX / 64, sizeof(*types));

            if (types == NULL)
                return;
            tally_expr_event_types(&reader->compiler, expr, types);
            name->event_types = types;
        }
        lets[rule->let_count++] = (tally_let){ .name = node->key->text,
                                               .expr = expr,
                                               .span = tally_document_span(node->key) };
    }
}

static void read_refusals(tally_reader *reader, const tally_yaml *section, const tally_scope *scope,
                          tally_admission_rule *rule)
{
    tally_text *reasons = tally_document_alloc(reader, section->count + 1, sizeof(*reasons));
    const tally_expr **when = tally_document_alloc(reader, section->count + 1, sizeof(*when));

    if (reasons == NULL || when == NULL)
        return;
    rule->refuse_reasons = reasons;
    rule->refuse_when = when;
    for (const tally_yaml *row = section->first; row != NULL; row = row->next) {
        when[rule->refuse_count] = tally_document_condition(reader, row, scope);
        if (when[rule->refuse_count] != NULL)
            reasons[rule->refuse_count++] = tally_document_words(reader, row->key, "refusal");
    }
}

/* One field of a written event. */
static void read_value(tally_reader *reader, const tally_yaml *node, const tally_scope *scope,
                       tally_write *write, uint16_t *slots, const tally_expr **values)
{
    const tally_event_type *type = &reader->types[write->type];
    tally_text names[TALLY_FIELDS_MAX];

    for (uint32_t slot = 0; slot < type->field_count; slot++) {
        const tally_field *field = &type->fields[slot];
        const tally_expr *value;

        names[slot] = field->name;
        if (!tally_text_is_equal(field->name, node->key->text))
            continue;
        if (field->type == TALLY_TYPE_TEXT) {
            tally_document_error(reader, node, "text-field", "leave it out",
                                 "a text is never computed");
            return;
        }
        value =
            tally_document_expr(reader, node, scope, field->type, field->decimals, field->domain);
        if (value == NULL)
            return;
        slots[write->value_count] = (uint16_t)slot;
        values[write->value_count++] = value;
        return;
    }
    tally_document_unknown(reader, node->key, "unknown-field", node->key->text,
                           "field of the written event", names, type->field_count);
}

static void refuse_missing_values(tally_reader *reader, const tally_yaml *node,
                                  const tally_write *write)
{
    const tally_event_type *type = &reader->types[write->type];

    for (uint32_t slot = 0; slot < type->field_count; slot++) {
        bool is_given = type->fields[slot].optional;

        for (uint32_t i = 0; i < write->value_count; i++)
            is_given = is_given || write->slots[i] == slot;
        if (!is_given)
            tally_document_error(reader, node->key, "missing-field", "",
                                 "the written event needs its field `%.*s`",
                                 TALLY_TEXT_ARGS(type->fields[slot].name));
    }
}

static void read_write(tally_reader *reader, const tally_yaml *node, const tally_scope *scope,
                       tally_write *write)
{
    const tally_yaml *to = tally_yaml_get(node, "to"), *when = tally_yaml_get(node, "when");
    uint16_t *slots = tally_document_alloc(reader, TALLY_FIELDS_MAX, sizeof(*slots));
    const tally_expr **values = tally_document_alloc(reader, TALLY_FIELDS_MAX, sizeof(*values));
    uint32_t errors = reader->error_count;

    if (slots == NULL || values == NULL)
        return;
    write->span = tally_document_span(node->key);
    write->slots = slots;
    write->values = values;
    if (!tally_document_shape(reader, node, TALLY_KEY_MAPPING, "what is written"))
        return;
    if (to == NULL)
        tally_document_error(reader, node->key, "missing-key",
                             "write `to: subject` or a member field",
                             "a written event needs `to`, whose event it is");
    else
        write->to = tally_document_expr(reader, to, scope, TALLY_TYPE_ID, 255, NULL);
    if (when != NULL)
        write->when = tally_document_condition(reader, when, scope);
    for (const tally_yaml *value = node->first; value != NULL; value = value->next) {
        if (value != to && value != when)
            read_value(reader, value, scope, write, slots, values);
    }
    if (reader->error_count == errors)
        refuse_missing_values(reader, node, write);
}

static void read_writes(tally_reader *reader, const tally_yaml *section, const tally_scope *scope,
                        tally_admission_rule *rule)
{
    tally_write *writes = tally_document_alloc(reader, section->count + 1, sizeof(*writes));

    if (writes == NULL)
        return;
    rule->writes = writes;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        uint32_t type = tally_document_type(reader, node->key, node->key->text);

        if (type == TALLY_NO_INDEX)
            continue;
        writes[rule->write_count].type = type;
        read_write(reader, node, scope, &writes[rule->write_count++]);
    }
}

static void read_rule(tally_reader *reader, const tally_yaml *node, tally_admission_rule *rule)
{
    const tally_yaml *parts[RULE_KEYS];
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64] = { 0 };
    tally_scope scope = { .event_types = types, .has_this = true, .is_admission = true };
    uint32_t names = reader->compiler.name_count;

    rule->span = tally_document_span(node->key);
    types[rule->type / 64] |= UINT64_C(1) << (rule->type % 64);
    if (!tally_document_keys(reader, node, "an admission rule", rule_keys, RULE_KEYS, parts))
        return;
    if (parts[RULE_LET] != NULL && parts[RULE_LET]->count > TALLY_LETS_MAX)
        tally_document_over_limit(reader, parts[RULE_LET], "values", TALLY_LETS_MAX);
    else if (parts[RULE_LET] != NULL)
        read_lets(reader, parts[RULE_LET], &scope, rule);
    if (parts[RULE_REFUSE] != NULL && parts[RULE_REFUSE]->count > TALLY_ROWS_MAX)
        tally_document_over_limit(reader, parts[RULE_REFUSE], "rows", TALLY_ROWS_MAX);
    else if (parts[RULE_REFUSE] != NULL)
        read_refusals(reader, parts[RULE_REFUSE], &scope, rule);
    if (parts[RULE_WRITES] != NULL)
        read_writes(reader, parts[RULE_WRITES], &scope, rule);
    reader->compiler.name_count = names;
}

void tally_document_admission(tally_reader *reader)
{
    const tally_yaml *section;
    tally_admission_rule *rules;
    uint32_t count = 0;

    if (!tally_document_section(reader, "admission", TALLY_EVENT_TYPES_MAX, &section))
        return;
    rules = tally_document_alloc(reader, section->count, sizeof(*rules));
    if (rules == NULL)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        uint32_t type = tally_document_type(reader, node->key, node->key->text);

        if (type == TALLY_NO_INDEX)
            continue;
        rules[count].type = type;
        read_rule(reader, node, &rules[count++]);
    }
    reader->version->admission = rules;
    reader->version->admission_count = count;
}
