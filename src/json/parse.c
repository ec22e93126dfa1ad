/* SPDX-License-Identifier: Apache-2.0 */
/* The parser: one block of memory for a document, whose size a first look at the text
 * gives. The block holds a copy of the text, in which escapes are resolved in place (no
 * escape is shorter than what it stands for), then the values, then the lists. */

#include <math.h>
#include <stdlib.h>

#include "json/value_internal.h"
#include "util/alloc.h"

#define BYTES_DEFAULT  ((size_t)64 << 10)
#define DEPTH_DEFAULT  16
#define BLOCK_ALIGN(n) (((n) + 15) & ~(size_t)15)

struct tally_json_document {
    size_t block_bytes;
    const tally_json_value *root;
};

typedef struct parser {
    char *at, *end, *line_start;
    uint32_t line;
    tally_json_value *values;
    tally_json_value **lists;
    size_t value_count, list_count;
    bool takes_any_number;
    tally_err *err;
} parser;

static bool fail_at(parser *self, const char *at, const char *what)
{
    (void)tally_err_set_at(self->err, TALLY_E_INVALID, self->line,
                           (uint32_t)(at - self->line_start) + 1, "%s", what);
    return false;
}

static bool fail(parser *self, const char *what)
{
    return fail_at(self, self->at, what);
}

static void skip_space(parser *self)
{
    for (; self->at < self->end; self->at++) {
        if (*self->at == '\n') {
            self->line++;
            self->line_start = self->at + 1;
        } else if (*self->at != ' ' && *self->at != '\t' && *self->at != '\r') {
            return;
        }
    }
}

static bool has_byte(const parser *self, char byte)
{
    return self->at < self->end && *self->at == byte;
}

/* The four digits of a \u, or a number above 0xffff. */
static uint32_t read_unit(const char *at, const char *end)
{
    uint32_t unit = 0;

    if (end - at < 4)
        return UINT32_MAX;
    for (size_t i = 0; i < 4; i++) {
        char digit = at[i];
        uint32_t value;

        if (digit >= '0' && digit <= '9')
            value = (uint32_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = (uint32_t)(digit - 'a') + 10;
        else if (digit >= 'A' && digit <= 'F')
            value = (uint32_t)(digit - 'A') + 10;
        else
            return UINT32_MAX;
        unit = unit << 4 | value;
    }
    return unit;
}

static char *put_character(char *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
    } else if (character < 0x800) {
        *to++ = (char)(0xc0 | character >> 6);
        *to++ = (char)(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        *to++ = (char)(0xe0 | character >> 12);
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
        *to++ = (char)(0x80 | (character & 0x3f));
    } else {
        *to++ = (char)(0xf0 | character >> 18);
        *to++ = (char)(0x80 | (character >> 12 & 0x3f));
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
        *to++ = (char)(0x80 | (character & 0x3f));
    }
    return to;
}

/* What follows `\u`; at stands behind it afterwards. */
static bool read_unicode(parser *self, char **inout_to)
{
    uint32_t unit = read_unit(self->at, self->end);

    if (unit > 0xffff)
        return fail(self, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fail(self, "a text must not hold U+0000");
    self->at += 4;
    if (unit >= 0xd800 && unit <= 0xdfff) {
        uint32_t low = UINT32_MAX;

        if (unit <= 0xdbff && self->end - self->at >= 6 && self->at[0] == '\\' &&
            self->at[1] == 'u')
            low = read_unit(self->at + 2, self->end);
        if (low < 0xdc00 || low > 0xdfff)
            return fail(self, "a surrogate without its other half");
        self->at += 6;
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    *inout_to = put_character(*inout_to, unit);
    return true;
}

static bool read_escape(parser *self, char **inout_to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *found;

    self->at++;
    if (has_byte(self, 'u')) {
        self->at++;
        return read_unicode(self, inout_to);
    }
    found = self->at < self->end && *self->at != '\0' ? strchr(letters, *self->at) : NULL;
    if (found == NULL)
        return fail(self, "no such escape in a text");
    *(*inout_to)++ = meant[found - letters];
    self->at++;
    return true;
}

/* A text in quotes, at which `at` stands. */
static bool read_text(parser *self, tally_text *out_text)
{
    char *start = ++self->at, *to = start;

    for (;;) {
        size_t plain = tally_json_plain_bytes(self->at, (size_t)(self->end - self->at));

        if (to != self->at)
            memmove(to, self->at, plain);
        to += plain;
        self->at += plain;
        if (self->at == self->end)
            return fail_at(self, start - 1, "a text without an end");
        if (*self->at == '"')
            break;
        if (*self->at != '\\')
            return fail(self, "a control character in a text must be escaped");
        if (!read_escape(self, &to))
            return false;
    }
    *out_text = tally_text_of(start, (size_t)(to - start));
    if (!tally_text_is_utf8(*out_text))
        return fail_at(self, start - 1, "a text that is not UTF-8");
    self->at++;
    return true;
}

static size_t skip_digits(parser *self)
{
    char *start = self->at;

    while (self->at < self->end && *self->at >= '0' && *self->at <= '9')
        self->at++;
    return (size_t)(self->at - start);
}

static bool read_number(parser *self, tally_text *out_text)
{
    char *start = self->at;
    bool is_integer = true;
    size_t digits;

    self->at += *start == '-';
    digits = has_byte(self, '0') ? (size_t)(self->at++, 1) : skip_digits(self);
    if (digits == 0)
        return fail_at(self, start, "not a JSON value");
    if (has_byte(self, '.')) {
        self->at++;
        is_integer = false;
        if (skip_digits(self) == 0)
            return fail(self, "a number ends at its point");
    }
    if (has_byte(self, 'e') || has_byte(self, 'E')) {
        self->at++;
        is_integer = false;
        self->at += has_byte(self, '+') || has_byte(self, '-');
        if (skip_digits(self) == 0)
            return fail(self, "a number ends in its exponent");
    }
    *out_text = tally_text_of(start, (size_t)(self->at - start));
    if (self->takes_any_number) {
        /* The number ends where its syntax does: strtod reads the same bytes, and
         * the copy of the text has a NUL behind it. */
        return is_integer && out_text->count < 300
                   ? true
                   : (isfinite(strtod(start, NULL)) ||
                      fail_at(self, start, "a number too large for a double"));
    }
    if (!is_integer)
        return fail_at(self, start, "numbers here are integers");
    if (tally_text_is(*out_text, "-0"))
        return fail_at(self, start, "minus zero is no integer");
    if (tally_text_parse_i64(&(int64_t){ 0 }, *out_text, -TALLY_JSON_INTEGER_MAX,
                             TALLY_JSON_INTEGER_MAX) != TALLY_OK)
        return fail_at(self, start, "an integer beyond 2^53 - 1");
    return true;
}

/* A word such as true. */
static bool read_word(parser *self, const char *word)
{
    size_t count = strlen(word);

    if ((size_t)(self->end - self->at) < count || memcmp(self->at, word, count) != 0)
        return fail(self, "not a JSON value");
    self->at += count;
    return true;
}

static void sift_down(tally_json_value **list, size_t at, size_t count)
{
    for (;;) {
        size_t child = 2 * at + 1;
        tally_json_value *moved = list[at];

        if (child >= count)
            return;
        if (child + 1 < count &&
            tally_json_compare_names(list[child]->name, list[child + 1]->name) < 0)
            child++;
        if (tally_json_compare_names(moved->name, list[child]->name) >= 0)
            return;
        list[at] = list[child];
        list[child] = moved;
        at = child;
    }
}

/* Heapsort: n log n for any input, and no memory. */
static void sort_by_name(tally_json_value **list, size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        sift_down(list, i - 1, count);
    for (size_t i = count; i > 1; i--) {
        tally_json_value *largest = list[0];

        list[0] = list[i - 1];
        list[i - 1] = largest;
        sift_down(list, 0, i - 1);
    }
}

/* The later of the two is at fault. */
static bool fail_twice(parser *self, const tally_json_value *a, const tally_json_value *b)
{
    const tally_json_value *later =
        a->line > b->line || (a->line == b->line && a->column > b->column) ? a : b;
    tally_text shown = tally_text_slice(a->name, 0, 80);

    if (!tally_text_is_visible(shown))
        shown = TALLY_TEXT("(unprintable)");
    (void)tally_err_set_at(self->err, TALLY_E_INVALID, later->line, later->column,
                           "a name stands twice in an object: %.*s", TALLY_TEXT_ARGS(shown));
    return false;
}

/* Give an array or object that has ended its list. */
static bool finish_list(parser *self, tally_json_value *value, tally_json_value *first)
{
    tally_json_value **list = self->lists + self->list_count;
    bool is_sorted = true;
    size_t count = 0;

    for (tally_json_value *item = first; item != NULL; item = item->next) {
        list[count++] = item;
        is_sorted = is_sorted &&
                    (count == 1 || tally_json_compare_names(list[count - 2]->name, item->name) < 0);
    }
    self->list_count += count;
    value->of.list = list;
    value->count = (uint32_t)count;
    if (value->kind == TALLY_JSON_ARRAY || is_sorted)
        return true;
    sort_by_name(list, count);
    for (size_t i = 1; i < count; i++) {
        if (tally_text_is_equal(list[i - 1]->name, list[i]->name))
            return fail_twice(self, list[i - 1], list[i]);
    }
    return true;
}

static tally_json_value *read_value(parser *self);

/* The items or members; at stands on the opening bracket. Nesting was bounded by the
 * first look. */
static bool read_list(parser *self, tally_json_value *value)
{
    bool is_object = value->kind == TALLY_JSON_OBJECT;
    char closing = is_object ? '}' : ']';
    tally_json_value *first = NULL, **to = &first;

    self->at++;
    skip_space(self);
    if (has_byte(self, closing)) {
        self->at++;
        return finish_list(self, value, NULL);
    }
    for (;;) {
        tally_text name = { NULL, 0 };

        if (is_object) {
            if (!has_byte(self, '"'))
                return fail(self, "a name in quotes belongs here");
            if (!read_text(self, &name))
                return false;
            skip_space(self);
            if (!has_byte(self, ':'))
                return fail(self, "a colon belongs here");
            self->at++;
            skip_space(self);
        }
        *to = read_value(self);
        if (*to == NULL)
            return false;
        (*to)->name = name;
        to = &(*to)->next;
        skip_space(self);
        if (has_byte(self, closing))
            break;
        if (!has_byte(self, ','))
            return fail(self,
                        is_object ? "a comma or } belongs here" : "a comma or ] belongs here");
        self->at++;
        skip_space(self);
    }
    self->at++;
    return finish_list(self, value, first);
}

static tally_json_value *read_value(parser *self)
{
    tally_json_value *value = &self->values[self->value_count];
    bool is_read;

    if (self->at == self->end) {
        (void)fail(self, "the text ends where a value belongs");
        return NULL;
    }
    self->value_count++;
    *value = (tally_json_value){ .line = self->line,
                                 .column = (uint32_t)(self->at - self->line_start) + 1 };
    switch (*self->at) {
    case '{':
    case '[':
        value->kind = *self->at == '{' ? TALLY_JSON_OBJECT : TALLY_JSON_ARRAY;
        is_read = read_list(self, value);
        break;
    case '"':
        value->kind = TALLY_JSON_TEXT;
        is_read = read_text(self, &value->of.text);
        break;
    case 't':
        value->kind = TALLY_JSON_BOOL;
        value->is_true = true;
        is_read = read_word(self, "true");
        break;
    case 'f':
        value->kind = TALLY_JSON_BOOL;
        is_read = read_word(self, "false");
        break;
    case 'n':
        value->kind = TALLY_JSON_NULL;
        is_read = read_word(self, "null");
        break;
    default:
        value->kind = TALLY_JSON_NUMBER;
        is_read = read_number(self, &value->of.text);
        break;
    }
    return is_read ? value : NULL;
}

/* The first look: how many values there can be, since each but the first stands behind
 * one of `[ , :`, and how deep they are nested. Brackets that do not match are left to
 * the parser, which never goes deeper than brackets were opened. */
static tally_rc look(tally_text text, uint32_t depth_max, size_t *out_value_count, tally_err *err)
{
    size_t value_count = 1, line_start = 0;
    uint32_t depth = 0, line = 1;
    bool is_in_text = false;

    for (size_t i = 0; i < text.count; i++) {
        char byte;

        if (is_in_text)
            i += tally_json_plain_bytes(text.bytes + i, text.count - i);
        if (i == text.count)
            break;
        byte = text.bytes[i];
        if (is_in_text) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                is_in_text = false;
            continue;
        }
        if (byte == '"')
            is_in_text = true;
        else if (byte == '[' || byte == '{')
            depth++;
        else if ((byte == ']' || byte == '}') && depth > 0)
            depth--;
        value_count += byte == '[' || byte == ',' || byte == ':';
        if (depth > depth_max)
            return tally_err_set_at(err, TALLY_E_LIMIT, line, (uint32_t)(i - line_start) + 1,
                                    "more than %u arrays and objects within each other",
                                    (unsigned)depth_max);
        if (byte == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    *out_value_count = value_count;
    return TALLY_OK;
}

/* Parse the copy of the text that stands in the block. */
static tally_rc run(tally_json_document *document, parser *self)
{
    skip_space(self);
    document->root = read_value(self);
    if (document->root == NULL)
        return TALLY_E_INVALID;
    skip_space(self);
    if (self->at == self->end)
        return TALLY_OK;
    (void)fail(self, "something stands behind the value");
    return TALLY_E_INVALID;
}

tally_rc tally_json_parse(tally_json_document **out_document, tally_text text,
                          const tally_json_options *options, tally_err *err)
{
    tally_json_options chosen = options != NULL ? *options : (tally_json_options){ 0 };
    size_t bytes_max = chosen.bytes_max > 0 ? chosen.bytes_max : BYTES_DEFAULT;
    uint32_t depth_max = chosen.depth_max > 0 ? chosen.depth_max : DEPTH_DEFAULT;
    size_t value_count, head_bytes, text_bytes, block_bytes;
    tally_json_document *document;
    unsigned char *block;
    parser self;
    tally_rc rc;

    TALLY_ASSERT(bytes_max <= TALLY_JSON_BYTES_MAX && depth_max <= TALLY_JSON_DEPTH_MOST);
    if (text.count > bytes_max)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "%zu bytes of JSON, at most %zu are read here",
                             text.count, bytes_max);
    rc = look(text, depth_max, &value_count, err);
    if (rc != TALLY_OK)
        return rc;
    /* At most 2^24 bytes and as many values: no sum here can overflow. */
    head_bytes = BLOCK_ALIGN(sizeof(*document));
    text_bytes = BLOCK_ALIGN(text.count + 1);
    block_bytes = head_bytes + text_bytes +
                  value_count * (sizeof(tally_json_value) + sizeof(tally_json_value *));
    block = tally_alloc(block_bytes);
    if (block == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading JSON");
    document = (tally_json_document *)block;
    document->block_bytes = block_bytes;
    self = (parser){ .at = (char *)block + head_bytes,
                     .line = 1,
                     .values = (tally_json_value *)(block + head_bytes + text_bytes),
                     .takes_any_number = chosen.takes_any_number,
                     .err = err };
    self.line_start = self.at;
    self.end = self.at + text.count;
    self.lists = (tally_json_value **)(self.values + value_count);
    if (text.count > 0)
        memcpy(self.at, text.bytes, text.count);
    *self.end = '\0';
    rc = run(document, &self);
    if (rc == TALLY_OK)
        *out_document = document;
    else
        tally_json_document_free(document);
    return rc;
}

const tally_json_value *tally_json_root(const tally_json_document *document)
{
    return document->root;
}

void tally_json_document_free(tally_json_document *document)
{
    if (document == NULL)
        return;
    explicit_bzero(document, document->block_bytes);
    tally_release(document);
}
