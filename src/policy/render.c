/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics as a person reads them and as a program does. */

#include <stdio.h>

#include "policy/diagnostics.h"

#define LINE_CHARACTERS_MAX 120u
#define LINE_LEAD           40u /* characters kept before the place in a line that is cut */

#define BOLD   "\033[1m"
#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

/* The length of the well-formed UTF-8 character that begins here, 0 if none does. */
static size_t character_bytes(tally_text text, size_t at)
{
    unsigned char lead = (unsigned char)text.bytes[at];
    size_t bytes = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;

    if (bytes == 0 || bytes > text.count - at)
        return 0;
    return tally_text_is_utf8(tally_text_slice(text, at, at + bytes)) ? bytes : 0;
}

/* Texts of the file end up on terminals: what those would obey does not. */
static void append_visible(tally_buffer *out, tally_text text)
{
    for (size_t at = 0; at < text.count;) {
        size_t bytes = character_bytes(text, at);
        unsigned char byte = (unsigned char)text.bytes[at];

        if (byte == '\t')
            tally_buffer_append_byte(out, ' ');
        else if (tally_text_visible_bytes(text, at) == 0)
            tally_buffer_append_string(out, "\xef\xbf\xbd");
        else
            tally_buffer_append(out, text.bytes + at, bytes);
        at += bytes > 0 ? bytes : 1;
    }
}

/* Line number `line` without its end; an empty text beyond the last one. */
static tally_text line_of(tally_text text, uint32_t line)
{
    tally_text head;

    while (line > 1 && tally_text_split(text, '\n', &head, &text))
        line--;
    if (line > 1)
        return (tally_text){ NULL, 0 };
    tally_text_split(text, '\n', &head, &text);
    if (tally_text_has_suffix(head, TALLY_TEXT("\r")))
        head.count--;
    return head;
}

/* The byte at which character number `index` begins, at most text.count. Bytes
 * that are no UTF-8 count as one character each. */
static size_t byte_of_character(tally_text text, uint32_t index)
{
    size_t at = 0;

    while (index > 0 && at < text.count) {
        size_t bytes = character_bytes(text, at);

        at += bytes > 0 ? bytes : 1;
        index--;
    }
    return at;
}

static uint32_t characters_in(tally_text text)
{
    uint32_t count = 0;

    for (size_t at = 0; at < text.count; count++) {
        size_t bytes = character_bytes(text, at);

        at += bytes > 0 ? bytes : 1;
    }
    return count;
}

/* The line with a caret under the place; a long line is cut around it. */
static void render_line(const tally_diagnostic *entry, tally_text line, const char *colour,
                        const char *plain, tally_buffer *out)
{
    uint32_t characters = characters_in(line);
    uint32_t from = 0, to = characters;
    uint32_t before = entry->column > 0 ? entry->column - 1 : 0;
    uint32_t carets = entry->length;

    if (characters > LINE_CHARACTERS_MAX) {
        from = before > LINE_LEAD ? before - LINE_LEAD : 0;
        to = from + LINE_CHARACTERS_MAX < characters ? from + LINE_CHARACTERS_MAX : characters;
    }
    tally_buffer_printf(out, "%5u | %s", entry->line, from > 0 ? "… " : "");
    append_visible(
        out, tally_text_slice(line, byte_of_character(line, from), byte_of_character(line, to)));
    tally_buffer_append_string(out, to < characters ? " …\n" : "\n");
    if (before > characters)
        before = characters;
    if (before + carets > to)
        carets = to > before ? to - before : 1;
    tally_buffer_append_string(out, "      | ");
    tally_buffer_append_repeated(out, ' ', before - from + (from > 0 ? 2 : 0));
    tally_buffer_append_string(out, colour);
    tally_buffer_append_repeated(out, '^', carets);
    tally_buffer_append_string(out, plain);
    if (entry->hint[0] != '\0') {
        tally_buffer_append_string(out, "  ");
        append_visible(out, tally_text_from(entry->hint));
    }
    tally_buffer_append_byte(out, '\n');
}

static void render_entry(const tally_diagnostic *entry, tally_text file_name, tally_text file_text,
                         bool with_colour, tally_buffer *out)
{
    bool is_warning = entry->severity == TALLY_SEVERITY_WARNING;
    const char *colour = !with_colour ? "" : is_warning ? YELLOW : RED;
    const char *bold = with_colour ? BOLD : "";
    const char *plain = with_colour ? PLAIN : "";

    tally_buffer_append_string(out, bold);
    append_visible(out, file_name);
    if (entry->line > 0)
        tally_buffer_printf(out, ":%u:%u", entry->line, entry->column);
    tally_buffer_printf(out, ":%s ", plain);
    if (is_warning)
        tally_buffer_printf(out, "%swarning:%s ", colour, plain);
    if (entry->severity == TALLY_SEVERITY_REFUSAL)
        tally_buffer_printf(out, "%srefused%s%s:%s ", colour,
                            entry->right[0] != '\0' ? " under " : "", entry->right, plain);
    append_visible(out, tally_text_from(entry->message));
    tally_buffer_append_byte(out, '\n');
    if (entry->line > 0) {
        render_line(entry, line_of(file_text, entry->line), colour, plain, out);
    } else if (entry->hint[0] != '\0') {
        tally_buffer_append_string(out, "      = ");
        append_visible(out, tally_text_from(entry->hint));
        tally_buffer_append_byte(out, '\n');
    }
}

void tally_diagnostics_render_text(const tally_diagnostics *diagnostics, tally_text file_name,
                                   tally_text file_text, bool with_colour, tally_buffer *out)
{
    for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++)
        render_entry(tally_diagnostics_get(diagnostics, i), file_name, file_text, with_colour, out);
}

/* ---- JSON (RFC 8259) ------------------------------------------------------ */

static void append_json_text(tally_buffer *out, tally_text text)
{
    tally_buffer_append_byte(out, '"');
    for (size_t at = 0; at < text.count;) {
        size_t bytes = character_bytes(text, at);
        unsigned char byte = (unsigned char)text.bytes[at];

        if (bytes == 0)
            tally_buffer_append_string(out, "\\ufffd");
        else if (byte == '"' || byte == '\\')
            tally_buffer_printf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            tally_buffer_printf(out, "\\u%04x", byte);
        else if (byte == 0xc2 && bytes == 2 && tally_text_visible_bytes(text, at) == 0)
            tally_buffer_printf(out, "\\u%04x", (unsigned char)text.bytes[at + 1]);
        else
            tally_buffer_append(out, text.bytes + at, bytes);
        at += bytes > 0 ? bytes : 1;
    }
    tally_buffer_append_byte(out, '"');
}

static void append_member(tally_buffer *out, const char *name, tally_text value)
{
    tally_buffer_printf(out, "\"%s\": ", name);
    append_json_text(out, value);
    tally_buffer_append_string(out, ", ");
}

void tally_diagnostics_render_json(const tally_diagnostics *diagnostics, tally_text file_name,
                                   tally_buffer *out)
{
    static const char *const severities[] = {
        [TALLY_SEVERITY_ERROR] = "error",
        [TALLY_SEVERITY_REFUSAL] = "refusal",
        [TALLY_SEVERITY_WARNING] = "warning",
    };
    size_t count = tally_diagnostics_count(diagnostics);

    tally_buffer_append_string(out, "[");
    for (size_t i = 0; i < count; i++) {
        const tally_diagnostic *entry = tally_diagnostics_get(diagnostics, i);

        tally_buffer_append_string(out, i == 0 ? "\n  {" : ",\n  {");
        append_member(out, "file", file_name);
        append_member(out, "severity", tally_text_from(severities[entry->severity]));
        append_member(out, "code", tally_text_from(entry->code));
        append_member(out, "right", tally_text_from(entry->right));
        tally_buffer_printf(out, "\"line\": %u, \"column\": %u, \"length\": %u, ", entry->line,
                            entry->column, entry->length);
        append_member(out, "message", tally_text_from(entry->message));
        tally_buffer_append_string(out, "\"hint\": ");
        append_json_text(out, tally_text_from(entry->hint));
        tally_buffer_append_byte(out, '}');
    }
    tally_buffer_append_string(out, count == 0 ? "]\n" : "\n]\n");
}
