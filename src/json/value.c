/* SPDX-License-Identifier: Apache-2.0 */
/* Asking parsed values. */

#include <math.h>
#include <stdlib.h>

#include "json/value_internal.h"

tally_json_kind tally_json_kind_of(const tally_json_value *value)
{
    return (tally_json_kind)value->kind;
}

bool tally_json_bool_of(const tally_json_value *value)
{
    TALLY_ASSERT(value->kind == TALLY_JSON_BOOL);
    return value->is_true;
}

tally_text tally_json_text_of(const tally_json_value *value)
{
    TALLY_ASSERT(value->kind == TALLY_JSON_TEXT);
    return value->of.text;
}

tally_text tally_json_number_text(const tally_json_value *value)
{
    TALLY_ASSERT(value->kind == TALLY_JSON_NUMBER);
    return value->of.text;
}

bool tally_json_is_integer(const tally_json_value *value, int64_t *out_integer)
{
    tally_text text = tally_json_number_text(value);
    double number;

    if (tally_text_parse_i64(out_integer, text, -TALLY_JSON_INTEGER_MAX, TALLY_JSON_INTEGER_MAX) ==
        TALLY_OK)
        return true;
    /* Behind the number stands a byte that ends it: the parser made sure. */
    number = strtod(text.bytes, NULL);
    /* In this order: only a number within the bound can be an int64. */
    if (!(fabs(number) <= (double)TALLY_JSON_INTEGER_MAX) || number != (double)(int64_t)number)
        return false;
    *out_integer = (int64_t)number;
    return true;
}

uint32_t tally_json_count(const tally_json_value *value)
{
    TALLY_ASSERT(value->kind == TALLY_JSON_ARRAY || value->kind == TALLY_JSON_OBJECT);
    return value->count;
}

const tally_json_value *tally_json_item(const tally_json_value *array, uint32_t index)
{
    TALLY_ASSERT(array->kind == TALLY_JSON_ARRAY && index < array->count);
    return array->of.list[index];
}

const tally_json_value *tally_json_member(const tally_json_value *object, uint32_t index,
                                          tally_text *out_name)
{
    TALLY_ASSERT(object->kind == TALLY_JSON_OBJECT && index < object->count);
    *out_name = object->of.list[index]->name;
    return object->of.list[index];
}

const tally_json_value *tally_json_find(const tally_json_value *object, tally_text name)
{
    uint32_t low = 0, high;

    TALLY_ASSERT(object->kind == TALLY_JSON_OBJECT);
    high = object->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = tally_json_compare_names(object->of.list[middle]->name, name);

        if (order == 0)
            return object->of.list[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void tally_json_place(const tally_json_value *value, uint32_t *out_line, uint32_t *out_column)
{
    *out_line = value->line;
    *out_column = value->column;
}

/* UTF-8 sorts as code points do. UTF-16 differs in one thing: the surrogates of the
 * characters beyond U+FFFF (lead bytes f0 to f4) come before U+E000 to U+FFFF (lead
 * bytes ee and ef). */
static uint32_t rank_of(char byte)
{
    uint32_t value = (unsigned char)byte;

    if (value >= 0xf0)
        return value - 2;
    return value >= 0xee ? value + 8 : value;
}

int tally_json_compare_names(tally_text a, tally_text b)
{
    size_t shared = a.count < b.count ? a.count : b.count;

    for (size_t i = 0; i < shared; i++) {
        if (a.bytes[i] != b.bytes[i])
            return rank_of(a.bytes[i]) < rank_of(b.bytes[i]) ? -1 : 1;
    }
    return a.count < b.count ? -1 : a.count > b.count;
}
