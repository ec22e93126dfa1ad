/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one field of a record (docs/policy-language.md section 2). */

#include "score/history.h"

static bool refuse(tally_buffer *reason, const char *why)
{
    if (reason != NULL)
        (void)tally_buffer_append_string(reason, why);
    return false;
}

static bool has_choice(const tally_field *field, int64_t value)
{
    for (uint32_t i = 0; i < field->choice_count; i++)
        if (field->choices[i] == value)
            return true;
    return field->choice_count == 0;
}

static bool parse_number(const tally_field *field, tally_text text, int64_t *out_value,
                         tally_buffer *reason)
{
    int64_t value;

    switch (tally_decimal_parse_at(&value, text, field->decimals)) {
    case TALLY_OK:
        break;
    case TALLY_E_LIMIT:
        return refuse(reason, "has more decimals than the field allows");
    case TALLY_E_OVERFLOW:
        return refuse(reason, "is too large a number");
    default:
        return refuse(reason, "is not a number");
    }
    if (value == TALLY_NOTHING ||
        (field->has_bounds && (value < field->least || value > field->greatest)))
        return refuse(reason, "is out of the field's bounds");
    if (field->step > 0 && value % field->step != 0)
        return refuse(reason, "is not a multiple of the field's step");
    if (!has_choice(field, value))
        return refuse(reason, "is not one of the field's values");
    *out_value = value;
    return true;
}

static bool parse_word(const tally_field *field, tally_text text, int64_t *out_value,
                       tally_buffer *reason)
{
    for (uint32_t i = 0; i < field->domain->count; i++)
        if (tally_text_is_equal(field->domain->words[i], text)) {
            *out_value = i;
            return true;
        }
    return refuse(reason, "is not one of the field's words");
}

static bool parse_condition(tally_text text, int64_t *out_value, tally_buffer *reason)
{
    if (tally_text_is(text, "yes") || tally_text_is(text, "true"))
        *out_value = 1;
    else if (tally_text_is(text, "no") || tally_text_is(text, "false"))
        *out_value = 0;
    else
        return refuse(reason, "is neither yes nor no");
    return true;
}

static bool parse_day(tally_text text, int64_t *out_value, tally_buffer *reason)
{
    tally_moment moment;

    if (tally_time_parse(&moment, text, TALLY_TIME_RFC3339, NULL) != TALLY_OK || moment.has_time)
        return refuse(reason, "is not a day such as 2026-11-21");
    *out_value = moment.day;
    return true;
}

bool tally_field_parse(const tally_field *field, tally_text text, tally_intern *tokens,
                       int64_t *out_value, tally_buffer *reason)
{
    uint32_t token;

    if (text.count == 0) {
        if (!field->optional)
            return refuse(reason, "is missing");
        *out_value = TALLY_NOTHING;
        return true;
    }
    switch (field->type) {
    case TALLY_TYPE_NUMBER:
        return parse_number(field, text, out_value, reason);
    case TALLY_TYPE_WORD:
        return parse_word(field, text, out_value, reason);
    case TALLY_TYPE_CONDITION:
        return parse_condition(text, out_value, reason);
    case TALLY_TYPE_DAY:
        return parse_day(text, out_value, reason);
    case TALLY_TYPE_ID:
        if (tokens == NULL || tally_intern_add(tokens, &token, text) != TALLY_OK)
            return refuse(reason, "cannot be kept: no memory is left for ids");
        *out_value = token;
        return true;
    case TALLY_TYPE_TEXT: /* present; no rule can read it */
        *out_value = 0;
        return true;
    default:
        return refuse(reason, "has no readable type");
    }
}

static bool is_all_digits(tally_text text)
{
    for (size_t i = 0; i < text.count; i++)
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
    return text.count > 0;
}

static tally_text without_zeros(tally_text text)
{
    size_t zeros = 0;

    while (zeros < text.count && text.bytes[zeros] == '0')
        zeros++;
    return tally_text_slice(text, zeros, text.count);
}

int tally_id_compare(tally_text a, tally_text b)
{
    bool a_is_number = is_all_digits(a);
    bool b_is_number = is_all_digits(b);
    tally_text a_digits, b_digits;
    int order;

    if (a_is_number != b_is_number)
        return a_is_number ? -1 : 1;
    if (!a_is_number)
        return tally_text_compare(a, b);
    a_digits = without_zeros(a);
    b_digits = without_zeros(b);
    if (a_digits.count != b_digits.count)
        return a_digits.count < b_digits.count ? -1 : 1;
    order = tally_text_compare(a_digits, b_digits);
    if (order != 0)
        return order;
    return a.count < b.count ? -1 : a.count > b.count;
}
