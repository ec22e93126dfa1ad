/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON (RFC 8785). */

#include <inttypes.h>
#include <stdlib.h>

#include "json/jcs.h"
#include "json/value_internal.h"

/* Escapes of RFC 8785, section 3.2.2.2: two characters where there are such, else
 * \u00xx in lower case; nothing else is escaped. */
static void append_quoted(tally_buffer *out, tally_text text)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0;

    tally_buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.count; i++) {
        char escape[6] = { '\\', 0, '0', '0', 0, 0 };
        size_t escape_count = 2;
        unsigned char byte;

        i += tally_json_plain_bytes(text.bytes + i, text.count - i);
        if (i == text.count)
            break;
        byte = (unsigned char)text.bytes[i];
        switch (byte) {
        case '"':
        case '\\':
            escape[1] = (char)byte;
            break;
        case '\b':
            escape[1] = 'b';
            break;
        case '\t':
            escape[1] = 't';
            break;
        case '\n':
            escape[1] = 'n';
            break;
        case '\f':
            escape[1] = 'f';
            break;
        case '\r':
            escape[1] = 'r';
            break;
        default:
            escape[1] = 'u';
            escape[4] = hex[byte >> 4];
            escape[5] = hex[byte & 15];
            escape_count = 6;
        }
        tally_buffer_append(out, text.bytes + plain, i - plain);
        tally_buffer_append(out, escape, escape_count);
        plain = i + 1;
    }
    if (text.count > plain)
        tally_buffer_append(out, text.bytes + plain, text.count - plain);
    tally_buffer_append_byte(out, '"');
}

static void append_number(tally_buffer *out, tally_text text)
{
    char written[TALLY_JCS_NUMBER_BYTES];
    int64_t integer;

    if (tally_text_parse_i64(&integer, text, -TALLY_JSON_INTEGER_MAX, TALLY_JSON_INTEGER_MAX) ==
        TALLY_OK)
        tally_buffer_printf(out, "%" PRId64, integer);
    else
        /* The parser made sure that the number is finite and ends where text does. */
        tally_buffer_append(out, written,
                            tally_jcs_write_double(written, strtod(text.bytes, NULL)));
}

/* No deeper than the parser went. */
static void append_value(tally_buffer *out, const tally_json_value *value, tally_text without)
{
    bool has_item = false;

    switch (tally_json_kind_of(value)) {
    case TALLY_JSON_NULL:
        tally_buffer_append_string(out, "null");
        return;
    case TALLY_JSON_BOOL:
        tally_buffer_append_string(out, tally_json_bool_of(value) ? "true" : "false");
        return;
    case TALLY_JSON_NUMBER:
        append_number(out, tally_json_number_text(value));
        return;
    case TALLY_JSON_TEXT:
        append_quoted(out, tally_json_text_of(value));
        return;
    case TALLY_JSON_ARRAY:
        tally_buffer_append_byte(out, '[');
        for (uint32_t i = 0; i < tally_json_count(value); i++) {
            if (i > 0)
                tally_buffer_append_byte(out, ',');
            append_value(out, tally_json_item(value, i), (tally_text){ NULL, 0 });
        }
        tally_buffer_append_byte(out, ']');
        return;
    case TALLY_JSON_OBJECT:
        tally_buffer_append_byte(out, '{');
        for (uint32_t i = 0; i < tally_json_count(value); i++) {
            tally_text name;
            const tally_json_value *member = tally_json_member(value, i, &name);

            if (without.bytes != NULL && tally_text_is_equal(name, without))
                continue;
            if (has_item)
                tally_buffer_append_byte(out, ',');
            has_item = true;
            append_quoted(out, name);
            tally_buffer_append_byte(out, ':');
            append_value(out, member, (tally_text){ NULL, 0 });
        }
        tally_buffer_append_byte(out, '}');
        return;
    }
    TALLY_NEVER("a kind of value that there is");
}

static tally_rc report(tally_rc rc, tally_err *err)
{
    if (rc == TALLY_OK)
        return TALLY_OK;
    return tally_err_set(err, rc, 0, "%s",
                         rc == TALLY_E_INVALID ? "a text that is not UTF-8, or an integer beyond "
                                                 "2^53 - 1, cannot be written as JSON"
                         : rc == TALLY_E_LIMIT ? "the JSON is larger than its bound"
                                               : "writing JSON");
}

tally_rc tally_jcs_append(tally_buffer *out, const tally_json_value *value, tally_err *err)
{
    append_value(out, value, (tally_text){ NULL, 0 });
    return report(tally_buffer_failure(out), err);
}

tally_rc tally_jcs_append_without(tally_buffer *out, const tally_json_value *object,
                                  tally_text name, tally_err *err)
{
    append_value(out, object, name);
    return report(tally_buffer_failure(out), err);
}

tally_rc tally_jcs_check(const tally_json_value *value, tally_text text, tally_err *err)
{
    tally_buffer canonical;
    bool is_equal;
    tally_rc rc;

    /* One byte more than the text shows that it differs. */
    tally_buffer_init(&canonical, text.count + 1);
    rc = tally_jcs_append(&canonical, value, NULL);
    is_equal = rc == TALLY_OK && tally_text_is_equal(tally_buffer_text(&canonical), text);
    if (canonical.bytes != NULL)
        explicit_bzero(canonical.bytes, canonical.room);
    tally_buffer_free(&canonical);
    if (is_equal)
        return TALLY_OK;
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "checking the form of JSON");
    return tally_err_set(err, TALLY_E_INVALID, 0,
                         "the JSON is not in its canonical form (RFC 8785)");
}

void tally_jcs_init(tally_jcs *jcs, tally_buffer *out)
{
    *jcs = (tally_jcs){ .out = out };
}

static void begin_value(tally_jcs *jcs)
{
    if (jcs->after_name) {
        jcs->after_name = false;
        return;
    }
    TALLY_ASSERT(!jcs->is_object[jcs->depth]);
    if (jcs->depth > 0 && jcs->has_item[jcs->depth])
        tally_buffer_append_byte(jcs->out, ',');
    jcs->has_item[jcs->depth] = true;
}

static void open_bracket(tally_jcs *jcs, bool is_object)
{
    begin_value(jcs);
    TALLY_ASSERT(jcs->depth + 1 < TALLY_JCS_DEPTH_MAX);
    jcs->depth++;
    jcs->is_object[jcs->depth] = is_object;
    jcs->has_item[jcs->depth] = false;
    tally_buffer_append_byte(jcs->out, is_object ? '{' : '[');
}

static void close_bracket(tally_jcs *jcs, bool is_object)
{
    TALLY_ASSERT(jcs->depth > 0 && jcs->is_object[jcs->depth] == is_object && !jcs->after_name);
    jcs->depth--;
    tally_buffer_append_byte(jcs->out, is_object ? '}' : ']');
}

void tally_jcs_object(tally_jcs *jcs)
{
    open_bracket(jcs, true);
}

void tally_jcs_object_end(tally_jcs *jcs)
{
    close_bracket(jcs, true);
}

void tally_jcs_array(tally_jcs *jcs)
{
    open_bracket(jcs, false);
}

void tally_jcs_array_end(tally_jcs *jcs)
{
    close_bracket(jcs, false);
}

static void quote(tally_jcs *jcs, tally_text text)
{
    if (!tally_text_is_utf8(text) || memchr(text.count > 0 ? text.bytes : "", 0, text.count))
        jcs->failure = TALLY_E_INVALID;
    else
        append_quoted(jcs->out, text);
}

void tally_jcs_name_text(tally_jcs *jcs, tally_text name)
{
    TALLY_ASSERT(jcs->is_object[jcs->depth] && !jcs->after_name);
    if (jcs->has_item[jcs->depth]) {
        TALLY_ASSERT(tally_json_compare_names(jcs->last_name[jcs->depth], name) < 0);
        tally_buffer_append_byte(jcs->out, ',');
    }
    jcs->has_item[jcs->depth] = true;
    jcs->last_name[jcs->depth] = name;
    quote(jcs, name);
    tally_buffer_append_byte(jcs->out, ':');
    jcs->after_name = true;
}

void tally_jcs_name(tally_jcs *jcs, const char *name)
{
    tally_jcs_name_text(jcs, tally_text_from(name));
}

void tally_jcs_text(tally_jcs *jcs, tally_text text)
{
    begin_value(jcs);
    quote(jcs, text);
}

void tally_jcs_string(tally_jcs *jcs, const char *string)
{
    tally_jcs_text(jcs, tally_text_from(string));
}

void tally_jcs_integer(tally_jcs *jcs, int64_t value)
{
    begin_value(jcs);
    if (value > TALLY_JSON_INTEGER_MAX || value < -TALLY_JSON_INTEGER_MAX)
        jcs->failure = TALLY_E_INVALID;
    else
        tally_buffer_printf(jcs->out, "%" PRId64, value);
}

void tally_jcs_bool(tally_jcs *jcs, bool value)
{
    begin_value(jcs);
    tally_buffer_append_string(jcs->out, value ? "true" : "false");
}

void tally_jcs_null(tally_jcs *jcs)
{
    begin_value(jcs);
    tally_buffer_append_string(jcs->out, "null");
}

void tally_jcs_value(tally_jcs *jcs, const tally_json_value *value)
{
    begin_value(jcs);
    append_value(jcs->out, value, (tally_text){ NULL, 0 });
}

void tally_jcs_member_text(tally_jcs *jcs, const char *name, tally_text text)
{
    tally_jcs_name(jcs, name);
    tally_jcs_text(jcs, text);
}

void tally_jcs_member_string(tally_jcs *jcs, const char *name, const char *string)
{
    tally_jcs_name(jcs, name);
    tally_jcs_string(jcs, string);
}

void tally_jcs_member_integer(tally_jcs *jcs, const char *name, int64_t value)
{
    tally_jcs_name(jcs, name);
    tally_jcs_integer(jcs, value);
}

void tally_jcs_member_bool(tally_jcs *jcs, const char *name, bool value)
{
    tally_jcs_name(jcs, name);
    tally_jcs_bool(jcs, value);
}

void tally_jcs_member_value(tally_jcs *jcs, const char *name, const tally_json_value *value)
{
    tally_jcs_name(jcs, name);
    tally_jcs_value(jcs, value);
}

tally_rc tally_jcs_finish(tally_jcs *jcs, tally_err *err)
{
    TALLY_ASSERT(jcs->depth == 0 && jcs->has_item[0]);
    if (jcs->failure != TALLY_OK)
        return report(jcs->failure, err);
    return report(tally_buffer_failure(jcs->out), err);
}
