/* SPDX-License-Identifier: Apache-2.0 */
/* A small JSON writer: nesting, commas and escapes. */

#include "util/json.h"

#include <inttypes.h>
#include "util/decimal.h"

void tally_json_init(tally_json *json, tally_buffer *out)
{
    *json = (tally_json){ .out = out };
}

static void break_line(tally_json *json)
{
    tally_buffer_append_byte(json->out, '\n');
    tally_buffer_append_repeated(json->out, ' ', 2 * (size_t)json->depth);
}

/* What stands before any value: nothing after a key, else a comma and a line. */
static void begin_value(tally_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth == 0)
        return;
    if (json->has_item[json->depth])
        tally_buffer_append_byte(json->out, ',');
    json->has_item[json->depth] = true;
    break_line(json);
}

static void open_bracket(tally_json *json, char bracket)
{
    begin_value(json);
    TALLY_ASSERT(json->depth + 1 < TALLY_JSON_DEPTH_MAX);
    json->depth++;
    json->has_item[json->depth] = false;
    tally_buffer_append_byte(json->out, bracket);
}

static void close_bracket(tally_json *json, char bracket)
{
    bool had_item;

    TALLY_ASSERT(json->depth > 0 && !json->after_key);
    had_item = json->has_item[json->depth];
    json->depth--;
    if (had_item)
        break_line(json);
    tally_buffer_append_byte(json->out, bracket);
}

void tally_json_object(tally_json *json)
{
    open_bracket(json, '{');
}

void tally_json_object_end(tally_json *json)
{
    close_bracket(json, '}');
}

void tally_json_array(tally_json *json)
{
    open_bracket(json, '[');
}

void tally_json_array_end(tally_json *json)
{
    close_bracket(json, ']');
}

void tally_json_key(tally_json *json, const char *key)
{
    TALLY_ASSERT(!json->after_key);
    begin_value(json);
    tally_json_append_quoted(json->out, tally_text_from(key));
    tally_buffer_append_string(json->out, ": ");
    json->after_key = true;
}

void tally_json_text(tally_json *json, tally_text text)
{
    begin_value(json);
    tally_json_append_quoted(json->out, text);
}

void tally_json_string(tally_json *json, const char *string)
{
    tally_json_text(json, tally_text_from(string));
}

void tally_json_integer(tally_json *json, int64_t value)
{
    begin_value(json);
    tally_buffer_printf(json->out, "%" PRId64, value);
}

void tally_json_bool(tally_json *json, bool value)
{
    begin_value(json);
    tally_buffer_append_string(json->out, value ? "true" : "false");
}

void tally_json_null(tally_json *json)
{
    begin_value(json);
    tally_buffer_append_string(json->out, "null");
}

void tally_json_decimal(tally_json *json, int64_t value, uint32_t decimals)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];

    begin_value(json);
    tally_buffer_append_text(json->out, tally_decimal_format_short(text, value, decimals, NULL));
}

/* Bytes of the valid character at the start of the rest, or 0. */
static size_t character_bytes(tally_text rest)
{
    unsigned char lead = (unsigned char)rest.bytes[0];
    size_t count = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (count > rest.count || !tally_text_is_utf8(tally_text_of(rest.bytes, count)))
        return 0;
    return count;
}

static void append_control(tally_buffer *out, unsigned char byte)
{
    switch (byte) {
    case '\n':
        tally_buffer_append_string(out, "\\n");
        break;
    case '\t':
        tally_buffer_append_string(out, "\\t");
        break;
    case '\r':
        tally_buffer_append_string(out, "\\r");
        break;
    default:
        tally_buffer_printf(out, "\\u%04x", byte);
        break;
    }
}

void tally_json_append_quoted(tally_buffer *out, tally_text text)
{
    tally_buffer_append_byte(out, '"');
    for (size_t at = 0; at < text.count;) {
        tally_text rest = tally_text_of(text.bytes + at, text.count - at);
        size_t count = character_bytes(rest);

        if (count == 0) {
            tally_buffer_append_string(out, "\xef\xbf\xbd");
            at++;
            continue;
        }
        if (rest.bytes[0] == '"' || rest.bytes[0] == '\\') {
            tally_buffer_append_byte(out, '\\');
            tally_buffer_append_byte(out, rest.bytes[0]);
        } else if ((unsigned char)rest.bytes[0] < 0x20 || rest.bytes[0] == 0x7f) {
            append_control(out, (unsigned char)rest.bytes[0]);
        } else {
            tally_buffer_append(out, rest.bytes, count);
        }
        at += count;
    }
    tally_buffer_append_byte(out, '"');
}
