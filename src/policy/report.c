/* SPDX-License-Identifier: Apache-2.0 */
/* From offsets in a source text to places in the file, and to diagnostics. */

#include <stdarg.h>
#include <stdio.h>

#include "policy/syntax.h"

#define MESSAGE_BYTES_MAX 1024u
#define JOINED_MAX        12u

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

tally_span tally_span_of(const tally_source_text *source, uint32_t at, uint32_t end)
{
    tally_span span = { source->line, source->column, tally_text_slice(source->text, at, end) };

    for (size_t i = 0; i < at && i < source->text.count; i++) {
        char byte = source->text.bytes[i];

        if (byte == '\n') {
            span.line++;
            span.column = 1;
        } else if (begins_character(byte)) {
            span.column++;
        }
    }
    return span;
}

/* Characters to underline: not beyond the end of the line. */
static uint32_t length_of(const tally_source_text *source, size_t at, size_t bytes)
{
    uint32_t length = 0;

    for (size_t i = at; i < source->text.count && i - at < bytes; i++) {
        if (source->text.bytes[i] == '\n')
            break;
        length += begins_character(source->text.bytes[i]);
    }
    return length > 0 ? length : 1;
}

static void add_report(tally_compiler *compiler, tally_severity severity, const char *code,
                       const tally_source_text *source, size_t at, size_t bytes, const char *hint,
                       const char *format, va_list arguments) TALLY_PRINTF(8, 0);

static void add_report(tally_compiler *compiler, tally_severity severity, const char *code,
                       const tally_source_text *source, size_t at, size_t bytes, const char *hint,
                       const char *format, va_list arguments)
{
    char message[MESSAGE_BYTES_MAX];
    tally_span span;
    uint32_t offset = (uint32_t)(at < source->text.count ? at : source->text.count);

    vsnprintf(message, sizeof(message), format, arguments);
    span = tally_span_of(source, offset, offset);
    if (!tally_diagnostics_add(compiler->diagnostics, severity, code, "", span.line, span.column,
                               length_of(source, offset, bytes), tally_text_from(message),
                               tally_text_from(hint)))
        compiler->out_of_memory = true;
}

void tally_report(tally_compiler *compiler, tally_severity severity, const char *code,
                  const tally_source_text *source, size_t offset_bytes, size_t length_bytes,
                  const char *hint, const char *message_format, ...)
{
    va_list arguments;

    va_start(arguments, message_format);
    add_report(compiler, severity, code, source, offset_bytes, length_bytes, hint, message_format,
               arguments);
    va_end(arguments);
}

void tally_check_report(tally_checker *checker, uint32_t at, uint32_t end, const char *code,
                        const char *hint, const char *format, ...)
{
    va_list arguments;

    checker->has_failed = true;
    va_start(arguments, format);
    add_report(checker->compiler, TALLY_SEVERITY_ERROR, code, checker->source, at,
               end > at ? end - at : 1, hint, format, arguments);
    va_end(arguments);
}

void tally_check_warn(tally_checker *checker, uint32_t at, uint32_t end, const char *code,
                      const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_report(checker->compiler, TALLY_SEVERITY_WARNING, code, checker->source, at,
               end > at ? end - at : 1, hint, format, arguments);
    va_end(arguments);
}

const char *tally_check_text(tally_compiler *compiler, const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list arguments;
    char *copy;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    copy = tally_arena_copy(compiler->arena, text, strlen(text) + 1);
    if (copy == NULL) {
        compiler->out_of_memory = true;
        return "";
    }
    return copy;
}

const char *tally_check_join(tally_compiler *compiler, const tally_text *names, uint32_t count,
                             const char *last_joint)
{
    uint32_t shown = count > JOINED_MAX ? JOINED_MAX : count;
    const char *text = "";

    for (uint32_t i = 0; i < shown; i++) {
        const char *joint = i == 0 ? "" : i + 1 == count ? last_joint : ", ";

        text = tally_check_text(compiler, "%s%s%.*s", text, joint, TALLY_TEXT_ARGS(names[i]));
    }
    return count > shown ? tally_check_text(compiler, "%s, …", text) : text;
}

tally_text tally_nearest(tally_text word, const tally_text *candidates, size_t candidate_count)
{
    tally_text nearest = { NULL, 0 };
    uint32_t least = TALLY_TEXT_DISTANCE_FAR;

    for (size_t i = 0; i < candidate_count; i++) {
        uint32_t distance = tally_text_distance(word, candidates[i]);

        if (distance < least && tally_text_is_near(distance, word.count)) {
            least = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
