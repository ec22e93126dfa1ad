/* SPDX-License-Identifier: Apache-2.0 */
/* Reading members, with the path of what is wrong. */

#include <stdarg.h>
#include <stdio.h>

#include "json/read.h"
#include "json/value_internal.h"

#define PATH_BYTES 200

void tally_json_read_begin(tally_json_reader *reader, const tally_json_value *value,
                           const char *what, tally_err *err)
{
    *reader = (tally_json_reader){ .name = what, .err = err };
    if (value->kind != TALLY_JSON_OBJECT) {
        reader->rc = tally_err_set_at(err, TALLY_E_INVALID, value->line, value->column,
                                      "%s must be an object", what);
        return;
    }
    reader->object = value;
    for (uint32_t i = 0; i < value->count; i++)
        value->of.list[i]->is_read = false;
}

/* Append "name" or "name[3]" of a reader, its parents' first. */
static size_t write_path(char *out, size_t count, const tally_json_reader *reader)
{
    int written;

    if (reader->parent != NULL) {
        count = write_path(out, count, reader->parent);
        if (count + 1 < PATH_BYTES)
            out[count++] = '.';
    }
    written = reader->index > 0 ? snprintf(out + count, PATH_BYTES - count, "%s[%u]", reader->name,
                                           (unsigned)reader->index)
                                : snprintf(out + count, PATH_BYTES - count, "%s", reader->name);
    if (written < 0)
        return count;
    count += (size_t)written;
    return count < PATH_BYTES ? count : PATH_BYTES - 1;
}

static void fail(tally_json_reader *reader, const tally_json_value *place, const char *name,
                 uint32_t index, const char *format, ...) TALLY_PRINTF(5, 6);

/* The first failure of a document stays, in this reader and all above. */
static void fail(tally_json_reader *reader, const tally_json_value *place, const char *name,
                 uint32_t index, const char *format, ...)
{
    tally_json_reader member = { .parent = reader, .name = name, .index = index };
    char path[PATH_BYTES] = "";
    char reason[200];
    va_list arguments;

    if (reader->object == NULL)
        return;
    if (place == NULL)
        place = reader->object;
    (void)write_path(path, 0, &member);
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    (void)tally_err_set_at(reader->err, TALLY_E_INVALID, place->line, place->column, "%s %s", path,
                           reason);
    for (tally_json_reader *above = reader; above != NULL; above = above->parent) {
        above->object = NULL;
        above->rc = TALLY_E_INVALID;
    }
}

static const tally_json_value *find(tally_json_reader *reader, const char *name, bool must_be)
{
    tally_json_value *found;

    if (reader->object == NULL)
        return NULL;
    /* The tree is the document's; is_read is the one thing a reader writes. */
    found = (tally_json_value *)tally_json_find(reader->object, tally_text_from(name));
    if (found == NULL) {
        if (must_be)
            fail(reader, NULL, name, 0, "is missing");
        return NULL;
    }
    if (!found->is_read)
        reader->read_count++;
    found->is_read = true;
    return found;
}

static bool take_text(tally_json_reader *reader, const tally_json_value *value, const char *name,
                      uint32_t index, size_t bytes_max, tally_text *out_text)
{
    if (value->kind != TALLY_JSON_TEXT)
        fail(reader, value, name, index, "must be a text");
    else if (value->of.text.count == 0)
        fail(reader, value, name, index, "must not be empty");
    else if (value->of.text.count > bytes_max)
        fail(reader, value, name, index, "is longer than %zu bytes", bytes_max);
    else {
        *out_text = value->of.text;
        return true;
    }
    return false;
}

static bool take_integer(tally_json_reader *reader, const tally_json_value *value, const char *name,
                         uint32_t index, int64_t min, int64_t max, int64_t *out_integer)
{
    int64_t integer;

    if (value->kind != TALLY_JSON_NUMBER || !tally_json_is_integer(value, &integer)) {
        fail(reader, value, name, index, "must be an integer");
        return false;
    }
    if (integer < min || integer > max) {
        fail(reader, value, name, index, "must be from %lld to %lld", (long long)min,
             (long long)max);
        return false;
    }
    *out_integer = integer;
    return true;
}

static bool take_bool(tally_json_reader *reader, const tally_json_value *value, const char *name)
{
    if (value->kind == TALLY_JSON_BOOL)
        return value->is_true;
    fail(reader, value, name, 0, "must be true or false");
    return false;
}

static bool take_object(tally_json_reader *reader, const tally_json_value *value, const char *name,
                        uint32_t index, tally_json_reader *out_child)
{
    if (value->kind != TALLY_JSON_OBJECT) {
        fail(reader, value, name, index, "must be an object");
        return false;
    }
    tally_json_read_begin(out_child, value, name, reader->err);
    out_child->parent = reader;
    out_child->index = index;
    return true;
}

tally_text tally_json_read_text(tally_json_reader *reader, const char *name, size_t bytes_max)
{
    const tally_json_value *value = find(reader, name, true);
    tally_text text = { "", 0 };

    if (value != NULL)
        (void)take_text(reader, value, name, 0, bytes_max, &text);
    return text;
}

tally_text tally_json_read_optional_text(tally_json_reader *reader, const char *name,
                                         size_t bytes_max)
{
    const tally_json_value *value = find(reader, name, false);
    tally_text text = { "", 0 };

    if (value != NULL)
        (void)take_text(reader, value, name, 0, bytes_max, &text);
    return text;
}

int64_t tally_json_read_integer(tally_json_reader *reader, const char *name, int64_t min,
                                int64_t max)
{
    const tally_json_value *value = find(reader, name, true);
    int64_t integer = min;

    if (value != NULL)
        (void)take_integer(reader, value, name, 0, min, max, &integer);
    return integer;
}

int64_t tally_json_read_optional_integer(tally_json_reader *reader, const char *name, int64_t min,
                                         int64_t max, int64_t otherwise)
{
    const tally_json_value *value = find(reader, name, false);
    int64_t integer = otherwise;

    if (value != NULL)
        (void)take_integer(reader, value, name, 0, min, max, &integer);
    return integer;
}

bool tally_json_read_bool(tally_json_reader *reader, const char *name)
{
    const tally_json_value *value = find(reader, name, true);

    return value != NULL && take_bool(reader, value, name);
}

bool tally_json_read_optional_bool(tally_json_reader *reader, const char *name)
{
    const tally_json_value *value = find(reader, name, false);

    return value != NULL && take_bool(reader, value, name);
}

void tally_json_read_constant(tally_json_reader *reader, const char *name, const char *wanted)
{
    const tally_json_value *value = find(reader, name, true);

    if (value != NULL && (value->kind != TALLY_JSON_TEXT || !tally_text_is(value->of.text, wanted)))
        fail(reader, value, name, 0, "must be \"%s\"", wanted);
}

uint32_t tally_json_read_choice(tally_json_reader *reader, const char *name,
                                const char *const *choices)
{
    const tally_json_value *value = find(reader, name, true);
    char listed[150] = "";
    size_t count = 0;

    if (value == NULL)
        return 0;
    for (uint32_t i = 0; choices[i] != NULL; i++) {
        int written =
            snprintf(listed + count, sizeof(listed) - count, "%s%s", i > 0 ? ", " : "", choices[i]);

        if (value->kind == TALLY_JSON_TEXT && tally_text_is(value->of.text, choices[i]))
            return i;
        count += written > 0 ? (size_t)written : 0;
        if (count >= sizeof(listed))
            count = sizeof(listed) - 1;
    }
    fail(reader, value, name, 0, "must be one of: %s", listed);
    return 0;
}

const tally_json_value *tally_json_read_value(tally_json_reader *reader, const char *name)
{
    return find(reader, name, true);
}

const tally_json_value *tally_json_read_optional_value(tally_json_reader *reader, const char *name)
{
    return find(reader, name, false);
}

bool tally_json_read_object(tally_json_reader *reader, const char *name,
                            tally_json_reader *out_child)
{
    const tally_json_value *value = find(reader, name, true);

    return value != NULL && take_object(reader, value, name, 0, out_child);
}

bool tally_json_read_optional_object(tally_json_reader *reader, const char *name,
                                     tally_json_reader *out_child)
{
    const tally_json_value *value = find(reader, name, false);

    return value != NULL && take_object(reader, value, name, 0, out_child);
}

static void take_array(tally_json_reader *reader, const tally_json_value *value, const char *name,
                       uint32_t min, uint32_t max, tally_json_items *out_items)
{
    *out_items = (tally_json_items){ .parent = reader, .name = name };
    if (value == NULL)
        return;
    if (value->kind != TALLY_JSON_ARRAY)
        fail(reader, value, name, 0, "must be an array");
    else if (value->count < min || value->count > max)
        fail(reader, value, name, 0, "must have %u to %u items", (unsigned)min, (unsigned)max);
    else
        out_items->array = value;
}

void tally_json_read_array(tally_json_reader *reader, const char *name, uint32_t min, uint32_t max,
                           tally_json_items *out_items)
{
    take_array(reader, find(reader, name, true), name, min, max, out_items);
}

void tally_json_read_optional_array(tally_json_reader *reader, const char *name, uint32_t max,
                                    tally_json_items *out_items)
{
    take_array(reader, find(reader, name, false), name, 0, max, out_items);
}

uint32_t tally_json_items_count(const tally_json_items *items)
{
    return items->array != NULL ? items->array->count : 0;
}

bool tally_json_next_value(tally_json_items *items, const tally_json_value **out_value)
{
    if (items->array == NULL || items->parent->object == NULL || items->next == items->array->count)
        return false;
    *out_value = items->array->of.list[items->next++];
    return true;
}

bool tally_json_next_object(tally_json_items *items, tally_json_reader *out_child)
{
    const tally_json_value *value;

    return tally_json_next_value(items, &value) &&
           take_object(items->parent, value, items->name, items->next, out_child);
}

bool tally_json_next_text(tally_json_items *items, size_t bytes_max, tally_text *out_text)
{
    const tally_json_value *value;

    return tally_json_next_value(items, &value) &&
           take_text(items->parent, value, items->name, items->next, bytes_max, out_text);
}

bool tally_json_next_integer(tally_json_items *items, int64_t min, int64_t max,
                             int64_t *out_integer)
{
    const tally_json_value *value;

    return tally_json_next_value(items, &value) &&
           take_integer(items->parent, value, items->name, items->next, min, max, out_integer);
}

void tally_json_read_fail(tally_json_reader *reader, const char *name, const char *reason)
{
    if (reader->object != NULL)
        fail(reader, tally_json_find(reader->object, tally_text_from(name)), name, 0, "%s", reason);
}

void tally_json_read_rest(tally_json_reader *reader)
{
    reader->takes_rest = true;
}

tally_rc tally_json_read_end(tally_json_reader *reader)
{
    if (reader->object == NULL || reader->takes_rest || reader->read_count == reader->object->count)
        return reader->rc;
    for (uint32_t i = 0; i < reader->object->count; i++) {
        const tally_json_value *member = reader->object->of.list[i];
        tally_text shown = tally_text_slice(member->name, 0, 60);
        char name[64];

        if (member->is_read)
            continue;
        while (!tally_text_is_utf8(shown))
            shown.count--;
        if (!tally_text_is_visible(shown))
            shown = TALLY_TEXT("(unprintable)");
        (void)snprintf(name, sizeof(name), "%.*s", TALLY_TEXT_ARGS(shown));
        fail(reader, member, name, 0, "is not known here");
        break;
    }
    return reader->rc;
}
