/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what the compiler and the charter checker have to say.
 *
 * It holds TALLY_DIAGNOSTICS_MAX entries at most: a broken file of a megabyte
 * must not give a gigabyte of complaints. The last entry then counts the rest
 * and takes the gravest of their severities, so that an error is never lost
 * behind many warnings. */

#include <stdio.h>
#include <stdlib.h>

#include "policy/diagnostics.h"
#include "util/alloc.h"

#define MORE_BYTES 64u

struct tally_diagnostics {
    tally_diagnostic entries[TALLY_DIAGNOSTICS_MAX];
    uint32_t order[TALLY_DIAGNOSTICS_MAX]; /* when added: keeps the sort stable */
    char *texts[TALLY_DIAGNOSTICS_MAX];    /* message and hint of each, in the order of adding */
    size_t text_count;
    size_t count;
    size_t dropped;
    char more[MORE_BYTES]; /* message of the last entry once some were dropped */
};

tally_diagnostics *tally_diagnostics_new(void)
{
    return tally_alloc_zeroed(sizeof(tally_diagnostics));
}

void tally_diagnostics_free(tally_diagnostics *diagnostics)
{
    if (diagnostics == NULL)
        return;
    for (size_t i = 0; i < diagnostics->text_count; i++)
        tally_release(diagnostics->texts[i]);
    tally_release(diagnostics);
}

size_t tally_diagnostics_count(const tally_diagnostics *diagnostics)
{
    return diagnostics->count;
}

size_t tally_diagnostics_count_of(const tally_diagnostics *diagnostics, tally_severity severity)
{
    size_t count = 0;

    for (size_t i = 0; i < diagnostics->count; i++)
        count += diagnostics->entries[i].severity == severity;
    return count;
}

const tally_diagnostic *tally_diagnostics_get(const tally_diagnostics *diagnostics, size_t index)
{
    TALLY_ASSERT(index < diagnostics->count);
    return &diagnostics->entries[index];
}

/* The severities stand from grave to mild in their enumeration. */
static void count_dropped(tally_diagnostics *diagnostics, tally_severity severity)
{
    tally_diagnostic *last = &diagnostics->entries[TALLY_DIAGNOSTICS_MAX - 1];

    if (diagnostics->dropped == 0) {
        *last = (tally_diagnostic){ severity, "too-many", "", 0, 0, 1, diagnostics->more, "" };
        diagnostics->order[TALLY_DIAGNOSTICS_MAX - 1] = UINT32_MAX;
        diagnostics->count = TALLY_DIAGNOSTICS_MAX;
    }
    diagnostics->dropped++;
    if (severity < last->severity)
        last->severity = severity;
    snprintf(diagnostics->more, sizeof(diagnostics->more), "and %zu more", diagnostics->dropped);
}

static bool is_repeated(const tally_diagnostics *diagnostics, const char *code, uint32_t line,
                        uint32_t column, tally_text message)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        const tally_diagnostic *entry = &diagnostics->entries[i];

        if (entry->line == line && entry->column == column && strcmp(entry->code, code) == 0 &&
            tally_text_is(message, entry->message))
            return true;
    }
    return false;
}

bool tally_diagnostics_add(tally_diagnostics *diagnostics, tally_severity severity,
                           const char *code, const char *right, uint32_t line, uint32_t column,
                           uint32_t length, tally_text message, tally_text hint)
{
    tally_diagnostic *entry;
    char *texts;

    if (is_repeated(diagnostics, code, line, column, message))
        return true;
    if (diagnostics->count >= TALLY_DIAGNOSTICS_MAX - 1) {
        count_dropped(diagnostics, severity);
        return true;
    }
    texts = tally_alloc(message.count + hint.count + 2);
    if (texts == NULL)
        return false;
    if (message.count > 0)
        memcpy(texts, message.bytes, message.count);
    texts[message.count] = '\0';
    if (hint.count > 0)
        memcpy(texts + message.count + 1, hint.bytes, hint.count);
    texts[message.count + 1 + hint.count] = '\0';
    diagnostics->texts[diagnostics->text_count++] = texts;
    entry = &diagnostics->entries[diagnostics->count];
    *entry = (tally_diagnostic){ severity,
                                 code,
                                 right != NULL ? right : "",
                                 line,
                                 column,
                                 length > 0 ? length : 1,
                                 texts,
                                 texts + message.count + 1 };
    diagnostics->order[diagnostics->count] = (uint32_t)diagnostics->count;
    diagnostics->count++;
    return true;
}

void tally_diagnostics_move_up(tally_diagnostics *diagnostics, uint32_t lines)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->entries[i].line > lines)
            diagnostics->entries[i].line -= lines;
    }
}

static bool stands_after(const tally_diagnostics *diagnostics, size_t a, size_t b)
{
    const tally_diagnostic *left = &diagnostics->entries[a];
    const tally_diagnostic *right = &diagnostics->entries[b];

    if (left->line != right->line)
        return left->line > right->line;
    if (left->column != right->column)
        return left->column > right->column;
    return diagnostics->order[a] > diagnostics->order[b];
}

void tally_diagnostics_sort(tally_diagnostics *diagnostics)
{
    size_t count = diagnostics->dropped > 0 ? diagnostics->count - 1 : diagnostics->count;

    /* Insertion: the list is short and nearly sorted, for the compiler reads downwards. */
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && stands_after(diagnostics, j - 1, j); j--) {
            tally_diagnostic entry = diagnostics->entries[j];
            uint32_t order = diagnostics->order[j];

            diagnostics->entries[j] = diagnostics->entries[j - 1];
            diagnostics->order[j] = diagnostics->order[j - 1];
            diagnostics->entries[j - 1] = entry;
            diagnostics->order[j - 1] = order;
        }
    }
}
