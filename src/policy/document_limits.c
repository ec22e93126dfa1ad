/* SPDX-License-Identifier: Apache-2.0 */
/* Limits [5]: those in `limits`, shared by the awards that name them, and the
 * own ones of an award. */

#include <stdio.h>

#include "policy/document.h"

static const tally_scope no_event = { 0 };

/* The amount of a limit shows decimals of points too [5]. */
static void measure_amount(tally_reader *reader, const tally_source_text *source)
{
    size_t end = 0;
    tally_source_text amount;
    const tally_expr *expr;

    while (end < source->text.count &&
           !tally_text_has_prefix(tally_text_slice(source->text, end, source->text.count),
                                  TALLY_TEXT(" per ")))
        end++;
    amount = tally_document_part(source, 0, end);
    if (tally_text_has_suffix(amount.text, TALLY_TEXT(" times")) ||
        tally_text_has_suffix(amount.text, TALLY_TEXT(" time")))
        return;
    expr = tally_expr_compile(&reader->compiler, &amount, &no_event, TALLY_TYPE_NUMBER, 255, NULL);
    if (expr != NULL && expr->decimals > reader->widest_decimals)
        reader->widest_decimals = expr->decimals;
}

static bool compile_limit(tally_reader *reader, const tally_yaml *node, bool is_best,
                          tally_limit *limit)
{
    tally_source_text source = tally_yaml_source(node);

    if (reader->is_measuring && !is_best)
        measure_amount(reader, &source);
    if (!tally_limit_compile(&reader->compiler, &source, is_best, limit)) {
        reader->error_count++;
        return false;
    }
    limit->span = tally_document_span(node);
    return true;
}

/* Append to the version's limits; TALLY_NO_INDEX if memory is short. */
static uint32_t keep(tally_reader *reader, const tally_limit *limit)
{
    tally_limit *limits = tally_document_grow(reader, reader->limits, reader->limit_count,
                                              &reader->limit_capacity, sizeof(*limits));

    if (limits == NULL)
        return TALLY_NO_INDEX;
    reader->limits = limits;
    limits[reader->limit_count] = *limit;
    return reader->limit_count++;
}

/* An own limit's id is its award's name and its number there, so that it keeps
 * what was used when the next version words it differently. */
uint32_t tally_document_own_limit(tally_reader *reader, const tally_yaml *node, tally_text award,
                                  uint32_t number)
{
    tally_limit limit = { .name = award, .is_own = true };
    char text[TALLY_NAME_BYTES_MAX + 16];
    tally_text name;
    int written =
        snprintf(text, sizeof(text), "%.*s #%u",
                 TALLY_TEXT_ARGS(tally_text_slice(award, 0, TALLY_NAME_BYTES_MAX)), number);

    if (!tally_arena_copy_text(reader->compiler.arena, &name,
                               tally_text_of(text, written > 0 ? (size_t)written : 0))) {
        reader->compiler.out_of_memory = true;
        return TALLY_NO_INDEX;
    }
    if (!compile_limit(reader, node, false, &limit))
        return TALLY_NO_INDEX;
    limit.id = tally_document_id(reader, &reader->limit_ids, name);
    return keep(reader, &limit);
}

/* Events that have a field of this name: the scope in which it is read. */
static bool types_with_field(const tally_reader *reader, tally_text name,
                             uint64_t out_types[TALLY_EVENT_TYPES_MAX / 64])
{
    bool is_found = false;

    for (uint32_t t = TALLY_RECORD_TYPES; t < reader->compiler.type_count; t++) {
        for (uint32_t slot = 0; slot < reader->types[t].field_count; slot++) {
            if (tally_text_is_equal(reader->types[t].fields[slot].name, name)) {
                out_types[t / 64] |= UINT64_C(1) << (t % 64);
                is_found = true;
            }
        }
    }
    return is_found;
}

static void refuse_field(tally_reader *reader, const tally_yaml *node)
{
    tally_text *names = tally_document_alloc(
        reader, (size_t)reader->compiler.type_count * TALLY_FIELDS_MAX, sizeof(*names));
    size_t count = 0;

    if (names == NULL)
        return;
    for (uint32_t t = TALLY_RECORD_TYPES; t < reader->compiler.type_count; t++) {
        for (uint32_t slot = 0; slot < reader->types[t].field_count; slot++)
            names[count++] = reader->types[t].fields[slot].name;
    }
    tally_document_unknown(reader, node, "unknown-field", node->text, "field of any event type",
                           names, count);
}

static void read_keys(tally_reader *reader, const tally_yaml *for_each, tally_limit *limit)
{
    const tally_expr **keys = tally_document_alloc(reader, for_each->count + 1, sizeof(*keys));
    const tally_yaml *cursor = NULL;

    if (keys == NULL)
        return;
    while (tally_document_each(for_each, &cursor) != NULL) {
        uint64_t types[TALLY_EVENT_TYPES_MAX / 64] = { 0 };
        tally_scope scope = { .event_types = types };
        const tally_expr *key;

        if (!tally_document_shape(reader, cursor, TALLY_KEY_TEXT, "for-each"))
            continue;
        if (!types_with_field(reader, cursor->text, types)) {
            refuse_field(reader, cursor);
            continue;
        }
        key = tally_document_expr(reader, cursor, &scope, TALLY_TYPE_NOTHING, 255, NULL);
        if (key != NULL)
            keys[limit->key_count++] = key;
    }
    limit->keys = keys;
}

static void read_limit(tally_reader *reader, const tally_yaml *node)
{
    enum { LIMIT_AT_MOST, LIMIT_BEST, LIMIT_FOR_EACH, LIMIT_COUNTING, LIMIT_KEYS };
    static const tally_key keys[LIMIT_KEYS] = {
        [LIMIT_AT_MOST] = { "at-most", TALLY_KEY_TEXT },
        [LIMIT_BEST] = { "best", TALLY_KEY_TEXT },
        [LIMIT_FOR_EACH] = { "for-each", TALLY_KEY_TEXT | TALLY_KEY_LIST },
        [LIMIT_COUNTING] = { "counting", TALLY_KEY_TEXT },
    };
    static const char *const counting[] = { "as they come", "net" };
    const tally_yaml *parts[LIMIT_KEYS];
    tally_limit limit = { .name = node->key->text };
    bool is_best;

    if (!tally_document_rule_name(reader, node->key, "a limit") ||
        !tally_document_keys(reader, node, "a limit", keys, LIMIT_KEYS, parts))
        return;
    is_best = parts[LIMIT_BEST] != NULL;
    if (is_best == (parts[LIMIT_AT_MOST] != NULL)) {
        tally_document_error(reader, node->key, "missing-key", "",
                             "a limit has either `at-most` or `best`");
        return;
    }
    if (!compile_limit(reader, parts[is_best ? LIMIT_BEST : LIMIT_AT_MOST], is_best, &limit))
        return;
    tally_document_words(reader, node->key, "limit");
    if (parts[LIMIT_COUNTING] != NULL &&
        tally_document_choice(reader, parts[LIMIT_COUNTING], "way of counting", counting, 2) == 1) {
        if (limit.kind == TALLY_LIMIT_POINTS)
            limit.kind = TALLY_LIMIT_NET;
        else
            tally_document_error(reader, parts[LIMIT_COUNTING], "bad-limit", "leave it out",
                                 "only a limit on points can be counted net");
    }
    if ((limit.kind == TALLY_LIMIT_NET || limit.kind == TALLY_LIMIT_BEST) && limit.window != NULL &&
        limit.window->kind != TALLY_WINDOW_CALENDAR && limit.window->kind != TALLY_WINDOW_LIFETIME)
        tally_document_report_span(reader, TALLY_SEVERITY_ERROR, &limit.span, "bad-limit",
                                   "write a calendar window or `lifetime`",
                                   "a net or best limit cannot look through a moving window");
    if (parts[LIMIT_FOR_EACH] != NULL)
        read_keys(reader, parts[LIMIT_FOR_EACH], &limit);
    limit.id = tally_document_id(reader, &reader->limit_ids, limit.name);
    keep(reader, &limit);
}

void tally_document_limits(tally_reader *reader)
{
    const tally_yaml *section;

    reader->limit_count = reader->limit_capacity = 0;
    reader->limits = NULL;
    if (!tally_document_section(reader, "limits", TALLY_LIMITS_MAX, &section))
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next)
        read_limit(reader, node);
}
