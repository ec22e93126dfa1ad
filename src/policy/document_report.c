/* SPDX-License-Identifier: Apache-2.0 */
/* Reports and memory of the document compiler. */

#include <stdarg.h>
#include <stdio.h>

#include "policy/document.h"

#define MESSAGE_BYTES 480

static void add(tally_reader *reader, tally_severity severity, const char *code, uint32_t line,
                uint32_t column, uint32_t length, const char *hint, const char *format,
                va_list arguments) TALLY_PRINTF(8, 0);

static void add(tally_reader *reader, tally_severity severity, const char *code, uint32_t line,
                uint32_t column, uint32_t length, const char *hint, const char *format,
                va_list arguments)
{
    char message[MESSAGE_BYTES];

    vsnprintf(message, sizeof(message), format, arguments);
    if (severity == TALLY_SEVERITY_ERROR)
        reader->error_count++;
    if (!tally_diagnostics_add(reader->compiler.diagnostics, severity, code, "", line, column,
                               length, tally_text_from(message), tally_text_from(hint)))
        reader->compiler.out_of_memory = true;
}

void tally_document_report(tally_reader *reader, tally_severity severity, const tally_yaml *node,
                           const char *code, const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (node == NULL)
        add(reader, severity, code, 0, 0, 1, hint, format, arguments);
    else
        add(reader, severity, code, node->line, node->column, tally_yaml_underline(node), hint,
            format, arguments);
    va_end(arguments);
}

static uint32_t underline_of(tally_text text)
{
    uint32_t length = 0;

    for (size_t i = 0; i < text.count && text.bytes[i] != '\n'; i++)
        length += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
    return length > 0 ? length : 1;
}

void tally_document_report_span(tally_reader *reader, tally_severity severity,
                                const tally_span *span, const char *code, const char *hint,
                                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(reader, severity, code, span->line, span->column, underline_of(span->text), hint, format,
        arguments);
    va_end(arguments);
}

void tally_document_unknown(tally_reader *reader, const tally_yaml *node, const char *code,
                            tally_text word, const char *what, const tally_text *candidates,
                            size_t candidate_count)
{
    tally_text nearest = { 0 };
    char hint[160] = "";

    word = tally_text_slice(word, 0, 80);
    /* Nobody reads a suggestion in a list that is full. */
    if (word.count <= TALLY_TEXT_DISTANCE_BYTES_MAX && reader->error_count < TALLY_DIAGNOSTICS_MAX)
        nearest = tally_nearest(word, candidates, candidate_count);
    if (nearest.count > 0)
        snprintf(hint, sizeof(hint), "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest));
    tally_document_error(reader, node, code, hint, "`%.*s` is no %s", TALLY_TEXT_ARGS(word), what);
}

void tally_document_over_limit(tally_reader *reader, const tally_yaml *node, const char *what,
                               uint32_t most)
{
    reader->is_over_limit = true;
    tally_document_error(reader, node, "limit", "", "there are more than %u %s", most, what);
}

void *tally_document_alloc(tally_reader *reader, size_t count, size_t item_bytes)
{
    void *items = tally_arena_zalloc_array(reader->compiler.arena, count, item_bytes);

    if (items == NULL)
        reader->compiler.out_of_memory = true;
    return items;
}

void *tally_document_grow(tally_reader *reader, void *items, uint32_t count, uint32_t *capacity,
                          size_t item_bytes)
{
    uint32_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *grown;

    if (count < *capacity)
        return items;
    grown = tally_document_alloc(reader, wanted, item_bytes);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * item_bytes);
    *capacity = wanted;
    return grown;
}

uint32_t tally_document_id(tally_reader *reader, tally_ids *ids, tally_text name)
{
    tally_text *names;

    for (uint32_t i = 0; i < ids->count; i++) {
        if (tally_text_is_equal(ids->names[i], name))
            return i;
    }
    names = tally_document_grow(reader, ids->names, ids->count, &ids->capacity, sizeof(*names));
    if (names == NULL)
        return TALLY_NO_INDEX;
    ids->names = names;
    names[ids->count] = name;
    return ids->count++;
}
