/* SPDX-License-Identifier: Apache-2.0 */
/* A field's type as written after its name (docs/policy-language.md 2). */

#include "policy/syntax.h"
#include "util/checked.h"

#define CHOICES_MAX 1024u

typedef struct field_reader {
    tally_compiler *compiler;
    const tally_source_text *source;
    tally_text text; /* without ` or nothing` */
} field_reader;

static bool refuse_at(const field_reader *reader, tally_text part, const char *hint,
                      const char *message)
{
    size_t at = part.bytes != NULL ? (size_t)(part.bytes - reader->source->text.bytes) : 0;

    tally_report(reader->compiler, TALLY_SEVERITY_ERROR, "bad-type", reader->source, at, part.count,
                 hint, "%s", message);
    return false;
}

static bool ends_with_word(tally_text text, tally_text word)
{
    return tally_text_has_suffix(text, word) && text.count > word.count &&
           (text.bytes[text.count - word.count - 1] == ' ' ||
            text.bytes[text.count - word.count - 1] == '\n');
}

static bool begins_with_word(tally_text text, tally_text word)
{
    return tally_text_has_prefix(text, word) &&
           (text.count == word.count || text.bytes[word.count] == ' ' ||
            text.bytes[word.count] == '\n');
}

/* Take `or nothing` off the end. */
static bool take_optional(tally_text *text)
{
    tally_text rest = *text;

    if (!ends_with_word(rest, TALLY_TEXT("nothing")))
        return false;
    rest = tally_text_trim(tally_text_slice(rest, 0, rest.count - strlen("nothing")));
    if (!ends_with_word(rest, TALLY_TEXT("or")))
        return false;
    *text = tally_text_trim(tally_text_slice(rest, 0, rest.count - strlen("or")));
    return true;
}

static bool read_number(const field_reader *reader, tally_text part, int64_t *out_value,
                        uint32_t *out_decimals)
{
    tally_rc rc = tally_decimal_parse(out_value, out_decimals, part);

    if (rc == TALLY_OK && *out_value != TALLY_NOTHING)
        return true;
    return refuse_at(reader, part,
                     rc == TALLY_E_INVALID ? "write numbers as in `1..50` or `0.00..24.00`"
                                           : "numbers have at most 6 decimals and 18 digits",
                     rc == TALLY_E_INVALID ? "this is no number" : "this number is too large");
}

static bool to_decimals(const field_reader *reader, tally_text part, int64_t *value, uint32_t from,
                        uint32_t to)
{
    if (tally_mul_i64(*value, tally_decimal_unit(to - from), value) && *value != TALLY_NOTHING)
        return true;
    return refuse_at(reader, part, "", "this number is too large at so many decimals");
}

/* ---- A..B [step S] ------------------------------------------------------------------- */

static size_t find_range(tally_text text)
{
    for (size_t i = 0; i + 1 < text.count; i++) {
        if (text.bytes[i] == '.' && text.bytes[i + 1] == '.')
            return i;
    }
    return text.count;
}

static bool read_range(const field_reader *reader, tally_field *field)
{
    size_t dots = find_range(reader->text);
    tally_text low = tally_text_trim(tally_text_slice(reader->text, 0, dots));
    tally_text high = tally_text_trim(tally_text_slice(reader->text, dots + 2, reader->text.count));
    tally_text step = { NULL, 0 };
    uint32_t low_decimals, high_decimals, step_decimals = 0, decimals;

    for (size_t i = 0; i < high.count; i++) {
        if (i > 0 && high.bytes[i - 1] == ' ' &&
            begins_with_word(tally_text_slice(high, i, high.count), TALLY_TEXT("step"))) {
            step = tally_text_trim(tally_text_slice(high, i + strlen("step"), high.count));
            high = tally_text_trim(tally_text_slice(high, 0, i));
            if (step.count == 0)
                return refuse_at(reader, reader->text, "write `0..24 step 0.25`",
                                 "the step is missing");
            break;
        }
    }
    if (!read_number(reader, low, &field->least, &low_decimals) ||
        !read_number(reader, high, &field->greatest, &high_decimals) ||
        (step.count > 0 && !read_number(reader, step, &field->step, &step_decimals)))
        return false;
    decimals = low_decimals > high_decimals ? low_decimals : high_decimals;
    decimals = step_decimals > decimals ? step_decimals : decimals;
    if (!to_decimals(reader, low, &field->least, low_decimals, decimals) ||
        !to_decimals(reader, high, &field->greatest, high_decimals, decimals) ||
        !to_decimals(reader, step, &field->step, step_decimals, decimals))
        return false;
    if (field->least > field->greatest)
        return refuse_at(reader, reader->text, "write the smaller number first",
                         "no number lies between these bounds");
    if (step.count > 0 && field->step <= 0)
        return refuse_at(reader, step, "", "a step is above zero");
    field->type = TALLY_TYPE_NUMBER;
    field->decimals = (uint8_t)decimals;
    field->has_bounds = true;
    return true;
}

/* ---- one of A, B, C --------------------------------------------------------------------- */

static bool is_quoted(tally_text part)
{
    return part.count >= 2 && (part.bytes[0] == '"' || part.bytes[0] == '\'') &&
           part.bytes[part.count - 1] == part.bytes[0];
}

/* The next item before a comma that no quotes enclose; whether a comma follows. */
static tally_text next_item(tally_text *rest, bool *out_has_more)
{
    char quote = '\0';
    size_t end = 0;
    tally_text item;

    for (; end < rest->count; end++) {
        char byte = rest->bytes[end];

        if (quote != '\0') {
            quote = byte == quote ? '\0' : quote;
        } else if (byte == ',') {
            break;
        } else if ((byte == '"' || byte == '\'') &&
                   tally_text_trim(tally_text_slice(*rest, 0, end)).count == 0) {
            quote = byte;
        }
    }
    *out_has_more = end < rest->count;
    item = tally_text_trim(tally_text_slice(*rest, 0, end));
    *rest = tally_text_slice(*rest, end + 1, rest->count);
    return item;
}

static bool split_items(const field_reader *reader, tally_text list, tally_text **out_items,
                        uint32_t *out_count)
{
    uint32_t room = 1, count = 0;
    bool has_more = true;
    tally_text *items;

    for (size_t i = 0; i < list.count; i++)
        room += list.bytes[i] == ',';
    if (room > CHOICES_MAX)
        return refuse_at(reader, reader->text, "", "there are more than 1024 values");
    items = tally_arena_zalloc_array(reader->compiler->arena, room, sizeof(*items));
    if (items == NULL) {
        reader->compiler->out_of_memory = true;
        return false;
    }
    while (has_more) {
        items[count] = next_item(&list, &has_more);
        if (items[count++].count == 0)
            return refuse_at(reader, reader->text, "write `one of low, moderate, high`",
                             "a value is missing between the commas");
    }
    *out_items = items;
    *out_count = count;
    return true;
}

static bool read_words(const field_reader *reader, tally_field *field, const tally_text *items,
                       uint32_t count)
{
    tally_words *words = tally_arena_zalloc(reader->compiler->arena, sizeof(*words));
    tally_text *list = tally_arena_zalloc_array(reader->compiler->arena, count, sizeof(*list));

    if (words == NULL || list == NULL) {
        reader->compiler->out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        list[i] =
            is_quoted(items[i]) ? tally_text_slice(items[i], 1, items[i].count - 1) : items[i];
        if (list[i].count == 0)
            return refuse_at(reader, items[i], "add `or nothing` for a field that may be empty",
                             "a word cannot be empty");
        for (uint32_t j = 0; j < i; j++) {
            if (tally_text_is_equal(list[i], list[j]))
                return refuse_at(reader, items[i], "leave it out", "this value stands twice");
        }
    }
    words->count = count;
    words->words = list;
    field->type = TALLY_TYPE_WORD;
    field->domain = words;
    return true;
}

static bool read_choices(const field_reader *reader, tally_field *field, const tally_text *items,
                         uint32_t count)
{
    int64_t *choices = tally_arena_zalloc_array(reader->compiler->arena, count, sizeof(*choices));
    uint32_t decimals = 0, own;

    if (choices == NULL) {
        reader->compiler->out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_number(reader, items[i], &choices[i], &own))
            return false;
        decimals = own > decimals ? own : decimals;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (tally_decimal_parse_at(&choices[i], items[i], decimals) != TALLY_OK)
            return refuse_at(reader, items[i], "", "this number is too large");
        for (uint32_t j = 0; j < i; j++) {
            if (choices[i] == choices[j])
                return refuse_at(reader, items[i], "leave it out", "this value stands twice");
        }
        if (i == 0 || choices[i] < field->least)
            field->least = choices[i];
        if (i == 0 || choices[i] > field->greatest)
            field->greatest = choices[i];
    }
    field->type = TALLY_TYPE_NUMBER;
    field->decimals = (uint8_t)decimals;
    field->has_bounds = true;
    field->choice_count = count;
    field->choices = choices;
    return true;
}

static bool read_one_of(const field_reader *reader, tally_field *field)
{
    tally_text list =
        tally_text_trim(tally_text_slice(reader->text, strlen("one of"), reader->text.count));
    uint32_t count = 0, numbers = 0, ignored;
    tally_text *items = NULL;
    int64_t value;

    if (!split_items(reader, list, &items, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        numbers += tally_decimal_parse(&value, &ignored, items[i]) != TALLY_E_INVALID;
    if (numbers == count)
        return read_choices(reader, field, items, count);
    if (numbers == 0)
        return read_words(reader, field, items, count);
    return refuse_at(reader, reader->text, "put the numbers in quotes to make them words",
                     "the values are partly numbers and partly words");
}

/* ---- all types ---------------------------------------------------------------------------- */

static bool refuse_type(const field_reader *reader)
{
    static const struct {
        const char *word, *hint;
    } habits[] = {
        { "number", "give the bounds: `0..100`, or `0.00..24.00` with decimals" },
        { "integer", "give the bounds: `0..100`" },
        { "int", "give the bounds: `0..100`" },
        { "decimal", "give the bounds: `0.00..24.00`" },
        { "float", "give the bounds: `0.00..24.00`" },
        { "string", "write `text`, or `one of low, high`" },
        { "boolean", "write `yes or no`" },
        { "bool", "write `yes or no`" },
        { "date", "write `day`" },
        { "time", "an event's own time is its `at`; for another day write `day`" },
    };
    static const tally_text types[] = {
        { "yes or no", 9 }, { "day", 3 }, { "id", 2 }, { "member", 6 }, { "text", 4 }
    };
    const char *hint = "types are: 0..100, 0.00..24.00, 0..24 step 0.25, one of low, high, yes or "
                       "no, day, id, member, text";
    tally_text nearest = tally_nearest(reader->text, types, sizeof(types) / sizeof(types[0]));

    if (nearest.count > 0)
        hint = tally_check_text(reader->compiler, "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest));
    if (reader->text.count > 0 && reader->text.bytes[0] >= '0' && reader->text.bytes[0] <= '9')
        hint = "bounds have two dots between them, as in `1..12`";
    for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
        if (tally_text_is(reader->text, habits[i].word))
            hint = habits[i].hint;
    }
    return refuse_at(reader, reader->text, hint, "this is no type of a field");
}

static bool read_type(const field_reader *reader, tally_field *field)
{
    static const struct {
        const char *written;
        tally_value_type type;
    } plain[] = {
        { "yes or no", TALLY_TYPE_CONDITION }, { "day", TALLY_TYPE_DAY },   { "id", TALLY_TYPE_ID },
        { "member", TALLY_TYPE_ID },           { "text", TALLY_TYPE_TEXT },
    };

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (tally_text_is(reader->text, plain[i].written)) {
            field->type = plain[i].type;
            field->is_member = tally_text_is(reader->text, "member");
            return true;
        }
    }
    if (begins_with_word(reader->text, TALLY_TEXT("one of")))
        return read_one_of(reader, field);
    if (find_range(reader->text) < reader->text.count)
        return read_range(reader, field);
    return refuse_type(reader);
}

bool tally_field_compile(tally_compiler *compiler, const tally_source_text *source, tally_text name,
                         tally_field *out_field)
{
    field_reader reader = { compiler, source, tally_text_trim(source->text) };
    tally_field field = { .name = name };

    if (reader.text.count > TALLY_EXPR_BYTES_MAX)
        return refuse_at(&reader, reader.text, "", "this type is longer than 8192 bytes");
    field.optional = take_optional(&reader.text);
    if (!read_type(&reader, &field))
        return false;
    field.span = tally_span_of(source, 0, (uint32_t)source->text.count);
    *out_field = field;
    return true;
}
