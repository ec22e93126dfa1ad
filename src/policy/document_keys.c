/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, names and plain values of the sections. */

#include <stdio.h>

#include "policy/document.h"
#include "policy/syntax.h"

static const char *const kind_names[] = {
    [TALLY_YAML_SCALAR] = "a text",
    [TALLY_YAML_SEQUENCE] = "a list",
    [TALLY_YAML_MAPPING] = "a mapping",
};

static unsigned shape_of(const tally_yaml *node)
{
    switch (node->kind) {
    case TALLY_YAML_SCALAR:
        return TALLY_KEY_TEXT;
    case TALLY_YAML_SEQUENCE:
        return TALLY_KEY_LIST;
    case TALLY_YAML_MAPPING:
        return TALLY_KEY_MAPPING;
    }
    return 0;
}

static void report_empty(tally_reader *reader, const tally_yaml *node, const char *what)
{
    const tally_yaml *at = node->key != NULL ? node->key : node;

    if (node->is_flow)
        tally_document_error(reader, at, "empty-value",
                             "write it in block style, one key a line: inside {} and [] a comma "
                             "begins the next entry",
                             "`%.*s` has no value",
                             TALLY_TEXT_ARGS(tally_text_slice(at->text, 0, 80)));
    else if (node->has_cut)
        tally_document_error(reader, at, "empty-value", "put a text that begins with `#` in quotes",
                             "the value of `%s` is a comment", what);
    else
        tally_document_error(reader, at, "empty-value",
                             "write the value behind it, or its keys below it and further in, or "
                             "remove it",
                             "`%.*s` has no value",
                             TALLY_TEXT_ARGS(tally_text_slice(at->text, 0, 80)));
}

bool tally_document_shape(tally_reader *reader, const tally_yaml *node, unsigned flags,
                          const char *what)
{
    if (node == NULL)
        return false;
    if (node->is_empty) {
        report_empty(reader, node, what);
        return false;
    }
    if ((shape_of(node) & flags) == 0) {
        const char *wanted = (flags & TALLY_KEY_TEXT) != 0      ? kind_names[TALLY_YAML_SCALAR]
                             : (flags & TALLY_KEY_MAPPING) != 0 ? kind_names[TALLY_YAML_MAPPING]
                                                                : kind_names[TALLY_YAML_SEQUENCE];
        const char *hint = wanted == kind_names[TALLY_YAML_MAPPING] &&
                                   node->kind == TALLY_YAML_SCALAR && !node->is_flow
                               ? "write its keys on the lines below it, further in than itself"
                               : "";

        tally_document_error(reader, node, "shape", hint, "`%s` is %s, and %s stands here", what,
                             wanted, kind_names[node->kind]);
        return false;
    }
    if (node->cuts_text) {
        tally_document_error(reader, node, "cut-text",
                             "put the text in quotes; for a comment, write a space after `#`",
                             "this text is cut short: ` #` begins a comment");
        return false;
    }
    return true;
}

bool tally_document_keys(tally_reader *reader, const tally_yaml *mapping, const char *what,
                         const tally_key *keys, size_t key_count, const tally_yaml **out_values)
{
    tally_text names[TALLY_KEY_COUNT_MAX] = { { 0 } };

    TALLY_ASSERT(key_count <= TALLY_KEY_COUNT_MAX);
    for (size_t i = 0; i < key_count; i++) {
        names[i] = tally_text_from(keys[i].name);
        out_values[i] = NULL;
    }
    if (mapping == NULL || !tally_document_shape(reader, mapping, TALLY_KEY_MAPPING, what))
        return false;
    for (const tally_yaml *value = mapping->first; value != NULL; value = value->next) {
        size_t i = 0;

        while (i < key_count && !tally_text_is_equal(names[i], value->key->text))
            i++;
        if (i == key_count) {
            char kind[80];

            snprintf(kind, sizeof(kind), "key of %s", what);
            tally_document_unknown(reader, value->key, "unknown-key", value->key->text, kind, names,
                                   key_count);
        } else if (tally_document_shape(reader, value, keys[i].flags & TALLY_KEY_ANY,
                                        keys[i].name)) {
            out_values[i] = value;
        }
    }
    for (size_t i = 0; i < key_count; i++) {
        if ((keys[i].flags & TALLY_KEY_NEEDED) != 0 &&
            tally_yaml_get(mapping, keys[i].name) == NULL)
            tally_document_error(
                reader, mapping->key != NULL ? mapping->key : mapping, "missing-key",
                strcmp(keys[i].name, "tallystick") == 0
                    ? "write `tallystick: 1` as the first line"
                    : tally_check_text(&reader->compiler, "add a line `%s: \u2026` to it",
                                       keys[i].name),
                "%s needs `%s`", what, keys[i].name);
    }
    return true;
}

bool tally_document_section(tally_reader *reader, const char *key, uint32_t most,
                            const tally_yaml **out_section)
{
    const tally_yaml *section = tally_yaml_get(reader->root, key);

    /* An empty or misshapen section was reported with the top-level keys. */
    if (section == NULL || section->kind != TALLY_YAML_MAPPING || section->count == 0)
        return false;
    if (section->count > most) {
        tally_document_over_limit(reader, section->key, key, most);
        return false;
    }
    *out_section = section;
    return true;
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_name(tally_text text)
{
    if (text.count == 0 || !is_letter(text.bytes[0]) || text.bytes[text.count - 1] == '-')
        return false;
    for (size_t i = 1; i < text.count; i++) {
        char byte = text.bytes[i];

        if (!is_letter(byte) && !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
    }
    return true;
}

/* Words that mean something only before a bracket, where no event type or award can stand. */
static bool is_function(tally_text text)
{
    static const char *const functions[] = { "earned", "held",  "count", "sum",
                                             "mean",   "round", "clamp", "distinct" };

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (tally_text_is(text, functions[i]))
            return true;
    }
    return false;
}

static bool check_name(tally_reader *reader, const tally_yaml *node, const char *what, bool is_rule)
{
    tally_text text = node->text;

    if (node->kind != TALLY_YAML_SCALAR)
        return false; /* reported as a key that is no text */
    if (!is_name(text)) {
        tally_document_error(reader, node, "bad-name",
                             "use letters, digits and hyphens; begin with a letter and do not end "
                             "in a hyphen",
                             "`%.*s` cannot name %s",
                             TALLY_TEXT_ARGS(tally_text_slice(text, 0, 80)), what);
        return false;
    }
    if (text.count > TALLY_NAME_BYTES_MAX) {
        tally_document_error(reader, node, "bad-name", "shorten it",
                             "this name is longer than %u bytes", TALLY_NAME_BYTES_MAX);
        return false;
    }
    if (tally_is_reserved(text) && !(is_rule && is_function(text))) {
        tally_document_error(reader, node, "reserved-name", "choose another name",
                             "`%.*s` is a word of the language and cannot name %s",
                             TALLY_TEXT_ARGS(text), what);
        return false;
    }
    return true;
}

bool tally_document_name(tally_reader *reader, const tally_yaml *node, const char *what)
{
    return check_name(reader, node, what, false);
}

bool tally_document_rule_name(tally_reader *reader, const tally_yaml *node, const char *what)
{
    return check_name(reader, node, what, true);
}

uint32_t tally_document_choice(tally_reader *reader, const tally_yaml *node, const char *what,
                               const char *const *words, size_t word_count)
{
    tally_text names[TALLY_KEY_COUNT_MAX] = { { 0 } };
    char hint[400] = "";
    size_t used = 0;

    TALLY_ASSERT(word_count <= TALLY_KEY_COUNT_MAX);
    for (size_t i = 0; i < word_count; i++) {
        names[i] = tally_text_from(words[i]);
        if (tally_text_is_equal(names[i], node->text))
            return (uint32_t)i;
    }
    if (node->text.count <= TALLY_TEXT_DISTANCE_BYTES_MAX &&
        tally_nearest(node->text, names, word_count).count > 0) {
        tally_document_unknown(reader, node, "unknown-word", node->text, what, names, word_count);
        return TALLY_NO_INDEX;
    }
    for (size_t i = 0; i < word_count && used < sizeof(hint); i++) {
        int written = snprintf(hint + used, sizeof(hint) - used, "%s`%s`",
                               i == 0 ? "write " : (i + 1 < word_count ? ", " : " or "), words[i]);
        used += written > 0 ? (size_t)written : 0;
    }
    tally_document_error(reader, node, "unknown-word", hint, "`%.*s` is no %s",
                         TALLY_TEXT_ARGS(tally_text_slice(node->text, 0, 80)), what);
    return TALLY_NO_INDEX;
}

bool tally_document_integer(tally_reader *reader, const tally_yaml *node, const char *what,
                            int64_t least, int64_t greatest, int64_t *out_value)
{
    if (tally_text_parse_i64(out_value, node->text, least, greatest) == TALLY_OK)
        return true;
    tally_document_error(reader, node, "bad-number", "", "%s is a whole number from %lld to %lld",
                         what, (long long)least, (long long)greatest);
    return false;
}

bool tally_document_day(tally_reader *reader, const tally_yaml *node, int32_t *out_day)
{
    tally_moment moment;

    if (tally_time_parse(&moment, node->text, TALLY_TIME_RFC3339, NULL) != TALLY_OK ||
        moment.has_time) {
        tally_document_error(reader, node, "bad-day", "write it as 2026-11-21",
                             "`%.*s` is no calendar day",
                             TALLY_TEXT_ARGS(tally_text_slice(node->text, 0, 40)));
        return false;
    }
    *out_day = moment.day;
    return true;
}

tally_text tally_document_words(tally_reader *reader, const tally_yaml *node, const char *role)
{
    tally_policy_word *words;

    if (node == NULL)
        return (tally_text){ 0 };
    words = tally_document_grow(reader, reader->words, reader->word_count, &reader->word_capacity,
                                sizeof(*words));
    if (words != NULL) {
        reader->words = words;
        words[reader->word_count++] =
            (tally_policy_word){ .span = { node->line, node->column, node->text }, .role = role };
    }
    return node->text;
}

const tally_yaml *tally_document_each(const tally_yaml *one_or_list, const tally_yaml **cursor)
{
    if (one_or_list == NULL)
        return NULL;
    if (*cursor == NULL)
        *cursor = one_or_list->kind == TALLY_YAML_SEQUENCE ? one_or_list->first : one_or_list;
    else
        *cursor = one_or_list->kind == TALLY_YAML_SEQUENCE ? (*cursor)->next : NULL;
    return *cursor;
}

tally_span tally_document_span(const tally_yaml *node)
{
    return (tally_span){ node->line, node->column, node->raw };
}

tally_source_text tally_document_part(const tally_source_text *source, size_t from, size_t to)
{
    tally_source_text part = { tally_text_slice(source->text, from, to), source->line,
                               source->column };

    for (size_t i = 0; i < from && i < source->text.count; i++) {
        unsigned char byte = (unsigned char)source->text.bytes[i];

        if (byte == '\n') {
            part.line++;
            part.column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            part.column++;
        }
    }
    return part;
}

uint32_t tally_document_find_type(const tally_reader *reader, tally_text name)
{
    for (uint32_t i = 0; i < reader->compiler.type_count; i++) {
        if (tally_text_is_equal(reader->types[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

uint32_t tally_document_type(tally_reader *reader, const tally_yaml *node, tally_text name)
{
    uint32_t type = tally_document_find_type(reader, name);
    tally_text names[TALLY_EVENT_TYPES_MAX];

    if (type != TALLY_NO_INDEX && type >= TALLY_RECORD_TYPES)
        return type;
    if (type != TALLY_NO_INDEX) {
        tally_document_error(reader, node, "record-type",
                             "name one of the policy's own event types",
                             "`%.*s` is a record about another record and earns nothing itself",
                             TALLY_TEXT_ARGS(name));
        return TALLY_NO_INDEX;
    }
    for (uint32_t i = 0; i < reader->compiler.type_count; i++)
        names[i] = reader->types[i].name;
    tally_document_unknown(reader, node, "unknown-event-type", name, "event type",
                           names + TALLY_RECORD_TYPES,
                           reader->compiler.type_count - TALLY_RECORD_TYPES);
    return TALLY_NO_INDEX;
}
