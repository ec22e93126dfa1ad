/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text to a tree with places.
 *
 * libfyaml turns the text into events; this file builds the tree from them, so
 * that its depth, its size and the check for equal keys are ours to bound.
 * Marks of libfyaml count bytes from 0 and lines and characters from 0. */

#include "policy/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_BYTES 400

typedef struct frame {
    tally_yaml *node;
    tally_yaml *last;      /* the value added last */
    const tally_yaml *key; /* waits for its value */
    bool is_key;           /* the collection stands where a key belongs */
} frame;

typedef struct builder {
    tally_text text;
    tally_arena *nodes, *texts;
    tally_diagnostics *diagnostics;
    frame frames[TALLY_YAML_DEPTH_MAX];
    uint32_t depth;
    tally_yaml *root;
    struct fy_mark end; /* where the last event ended */
    size_t document_start, document_end;
    uint32_t document_line;
    uint32_t refusal_count;
    bool is_damaged; /* something of the text is not in the tree */
    bool is_over_limit, is_out_of_memory;
} builder;

TALLY_PRINTF(7, 8)
static void refuse(builder *build, const char *code, uint32_t line, uint32_t column,
                   uint32_t length, const char *hint, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    build->refusal_count++;
    if (!tally_diagnostics_add(build->diagnostics, TALLY_SEVERITY_ERROR, code, "", line, column,
                               length, tally_text_from(message), tally_text_from(hint)))
        build->is_out_of_memory = true;
}

static void refuse_at_mark(builder *build, const char *code, const struct fy_mark *mark,
                           const char *hint, const char *message)
{
    uint32_t line = mark != NULL ? (uint32_t)mark->line + 1 : 1;
    uint32_t column = mark != NULL ? (uint32_t)mark->column + 1 : 1;

    refuse(build, code, line, column, 1, hint, "%s", message);
}

const tally_yaml *tally_yaml_get(const tally_yaml *mapping, const char *key)
{
    if (mapping == NULL || mapping->kind != TALLY_YAML_MAPPING)
        return NULL;
    for (const tally_yaml *value = mapping->first; value != NULL; value = value->next) {
        if (tally_text_is(value->key->text, key))
            return value;
    }
    return NULL;
}

tally_source_text tally_yaml_source(const tally_yaml *node)
{
    bool is_as_written = node->is_plain || node->raw.count == 0 ||
                         memchr(node->raw.bytes, '\\', node->raw.count) == NULL;

    return (tally_source_text){ is_as_written ? node->raw : node->text, node->line, node->column };
}

uint32_t tally_yaml_underline(const tally_yaml *node)
{
    uint32_t length = 0;

    for (size_t i = 0; i < node->raw.count && node->raw.bytes[i] != '\n'; i++) {
        if (((unsigned char)node->raw.bytes[i] & 0xc0) != 0x80)
            length++;
    }
    return length > 0 ? length : 1;
}

/* ---- equal keys ---- */

static int compare_by_key(const void *left, const void *right)
{
    const tally_yaml *a = *(const tally_yaml *const *)left;
    const tally_yaml *b = *(const tally_yaml *const *)right;
    int order = tally_text_compare(a->key->text, b->key->text);

    if (order != 0)
        return order;
    return a->start < b->start ? -1 : a->start > b->start;
}

static void refuse_equal_keys(builder *build, const tally_yaml *mapping)
{
    const tally_yaml **values;
    uint32_t count = 0;

    if (mapping->count < 2)
        return;
    values = tally_arena_zalloc_array(build->nodes, mapping->count, sizeof(const tally_yaml *));
    if (values == NULL) {
        build->is_out_of_memory = true;
        return;
    }
    for (const tally_yaml *value = mapping->first; value != NULL; value = value->next)
        values[count++] = value;
    qsort(values, count, sizeof(const tally_yaml *), compare_by_key);
    for (uint32_t i = 1; i < count; i++) {
        const tally_yaml *key = values[i]->key;

        if (tally_text_is_equal(values[i - 1]->key->text, key->text))
            refuse(build, "duplicate-key", key->line, key->column, tally_yaml_underline(key),
                   "keep one of the two", "`%.*s` stands here twice; the first is on line %u",
                   TALLY_TEXT_ARGS(tally_text_slice(key->text, 0, 80)), values[i - 1]->key->line);
    }
}

/* ---- the tree ---- */

static tally_yaml *new_node(builder *build, tally_yaml_kind kind, const struct fy_mark *start,
                            const struct fy_mark *end)
{
    tally_yaml *node = tally_arena_zalloc(build->nodes, sizeof(*node));

    if (node == NULL) {
        build->is_out_of_memory = true;
        return NULL;
    }
    if (start == NULL)
        start = &build->end;
    if (end == NULL)
        end = start;
    node->kind = kind;
    node->line = (uint32_t)start->line + 1;
    node->column = (uint32_t)start->column + 1;
    node->start = start->input_pos;
    node->end = end->input_pos;
    if (build->depth > 0)
        node->is_flow = build->frames[build->depth - 1].node->is_flow;
    return node;
}

/* Keep the tree connected whatever stands where a key belongs. */
static void take_key(builder *build, frame *top, tally_yaml *node)
{
    if (node->kind != TALLY_YAML_SCALAR) {
        build->is_damaged = true;
        refuse(build, "complex-key", node->line, node->column, 1,
               "write a plain text before the colon", "a key is a text, not a list or a mapping");
    } else if (node->is_plain && tally_text_is(node->text, "<<")) {
        refuse(build, "merge-key", node->line, node->column, 2, "write the keys out",
               "merge keys are not used here");
    } else if (node->is_empty) {
        refuse(build, "empty-key", node->line, node->column, 1, "write a key before the colon",
               "this value has no key");
    }
    top->key = node;
}

static void attach(builder *build, tally_yaml *node, bool is_collection)
{
    frame *top;

    if (build->depth == 0) {
        build->root = node;
        return;
    }
    top = &build->frames[build->depth - 1];
    if (top->node->kind == TALLY_YAML_MAPPING && top->key == NULL) {
        take_key(build, top, node);
        if (is_collection)
            top->key = node;
        return;
    }
    node->key = top->key;
    top->key = NULL;
    if (top->last == NULL)
        top->node->first = node;
    else
        top->last->next = node;
    top->last = node;
    top->node->count++;
}

static void refuse_decorations(builder *build, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);

    /* The mark of an anchor stands behind its `&`. */
    if (anchor != NULL && fy_token_start_mark(anchor) != NULL) {
        struct fy_mark mark = *fy_token_start_mark(anchor);

        mark.column -= mark.column > 0;
        refuse_at_mark(build, "anchor", &mark,
                       "quote a text that begins with `&`; anchors have no use in a policy",
                       "`&` begins a YAML anchor, which a policy may not have");
    }
    if (tag != NULL)
        refuse_at_mark(build, "tag", fy_token_start_mark(tag),
                       "quote a text that begins with `!`; tags have no use in a policy",
                       "`!` begins a YAML tag, which a policy may not have");
}

static bool open_collection(builder *build, struct fy_event *event, tally_yaml_kind kind)
{
    const struct fy_mark *start = fy_event_start_mark(event);
    tally_yaml *node;

    refuse_decorations(build, event);
    if (build->depth == TALLY_YAML_DEPTH_MAX) {
        build->is_over_limit = true;
        refuse_at_mark(build, "too-deep", start, "write it flatter",
                       "lists and mappings stand in each other more than 64 deep");
        return false;
    }
    node = new_node(build, kind, start, fy_event_end_mark(event));
    if (node == NULL)
        return false;
    if (fy_event_get_node_style(event) == FYNS_FLOW)
        node->is_flow = true;
    attach(build, node, true);
    build->frames[build->depth++] = (frame){ .node = node };
    return true;
}

static void close_collection(builder *build, struct fy_event *event)
{
    const struct fy_mark *end = fy_event_end_mark(event);
    frame *top;

    TALLY_ASSERT(build->depth > 0);
    top = &build->frames[--build->depth];
    if (end != NULL && top->node->is_flow) {
        top->node->end = end->input_pos;
        if (end->input_pos > build->document_end)
            build->document_end = end->input_pos;
    }
    if (top->node->kind == TALLY_YAML_MAPPING)
        refuse_equal_keys(build, top->node);
}

/* ---- scalars ---- */

/* A block's raw text begins with its indentation: move to its first word. */
static void skip_leading_space(tally_yaml *node)
{
    while (node->raw.count > 0 && memchr(" \t\r\n", node->raw.bytes[0], 4) != NULL) {
        if (node->raw.bytes[0] == '\n') {
            node->line++;
            node->column = 1;
        } else {
            node->column++;
        }
        node->raw = tally_text_slice(node->raw, 1, node->raw.count);
    }
    node->raw = tally_text_trim(node->raw);
}

static void note_comment_behind(const builder *build, tally_yaml *node)
{
    size_t at = node->end;

    while (at < build->text.count &&
           (build->text.bytes[at] == ' ' || build->text.bytes[at] == '\t'))
        at++;
    if (at == node->end || at >= build->text.count || build->text.bytes[at] != '#')
        return;
    node->has_cut = true;
    at++;
    node->cuts_text =
        at < build->text.count && memchr(" \t\r\n#!", build->text.bytes[at], 6) == NULL;
}

static bool take_value(builder *build, tally_yaml *node, struct fy_token *token)
{
    size_t count = 0;
    const char *bytes = fy_token_get_text(token, &count);
    tally_text value;

    if (bytes == NULL && count > 0) {
        build->is_out_of_memory = true;
        return false;
    }
    value = tally_text_of(bytes, count);
    while (value.count > 0 && memchr(" \t\r\n", value.bytes[value.count - 1], 4) != NULL)
        value.count--;
    if (tally_text_is_equal(value, node->raw)) {
        node->text = node->raw;
        return true;
    }
    if (!tally_arena_copy_text(build->texts, &node->text, value)) {
        build->is_out_of_memory = true;
        return false;
    }
    return true;
}

static bool add_scalar(builder *build, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    enum fy_scalar_style style = fy_token_scalar_style(token);
    const struct fy_mark *start = fy_token_start_mark(token);
    const struct fy_mark *end = fy_token_end_mark(token);
    tally_yaml *node;

    refuse_decorations(build, event);
    /* A value that is not there has a token without content or place. */
    if (fy_event_start_mark(event) == NULL)
        start = end = NULL;
    node = new_node(build, TALLY_YAML_SCALAR, start, end);
    if (node == NULL)
        return false;
    node->is_plain = style == FYSS_PLAIN;
    if (start != NULL && node->end <= build->text.count && node->start <= node->end) {
        node->raw = tally_text_slice(build->text, node->start, node->end);
        if (style == FYSS_LITERAL || style == FYSS_FOLDED)
            skip_leading_space(node);
        if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
            node->end = node->end < build->text.count ? node->end + 1 : node->end;
        if (node->end > build->document_end)
            build->document_end = node->end;
        if (node->is_plain)
            note_comment_behind(build, node);
        if (!take_value(build, node, token))
            return false;
    }
    node->is_empty = node->is_plain && node->raw.count == 0;
    attach(build, node, false);
    return true;
}

static bool add_alias(builder *build, struct fy_event *event)
{
    const struct fy_mark *start = fy_event_start_mark(event);
    tally_yaml *node = new_node(build, TALLY_YAML_SCALAR, start, fy_event_end_mark(event));

    if (node == NULL)
        return false;
    build->is_damaged = true;
    refuse(build, "alias", node->line, node->column > 1 ? node->column - 1 : 1, 1,
           "write the value out; quote a text that begins with `*`",
           "`*` begins a YAML alias, which a policy may not have");
    node->raw = node->text = TALLY_TEXT("0");
    attach(build, node, false);
    return true;
}

/* ---- documents ---- */

static void begin_document(builder *build, struct fy_event *event)
{
    const struct fy_mark *end = fy_event_end_mark(event);
    size_t from = build->document_end, at;

    if (event->document_start.implicit || end == NULL)
        return;
    /* Whatever stands between two documents are comments; a line with % is a directive. */
    for (at = from; at < end->input_pos; at++) {
        if (build->text.bytes[at] == '%' && (at == 0 || build->text.bytes[at - 1] == '\n')) {
            refuse(build, "directive", (uint32_t)end->line + 1, 1, 1,
                   "remove the line that begins with `%`", "YAML directives are not used here");
            break;
        }
    }
    at = end->input_pos;
    while (at < build->text.count && memchr(" \t\r", build->text.bytes[at], 3) != NULL)
        at++;
    build->document_line = (uint32_t)end->line + 1;
    build->document_start = end->input_pos;
    if (at < build->text.count && build->text.bytes[at] == '\n') {
        build->document_start = at + 1;
        build->document_line++;
    }
    build->document_end = build->document_start;
}

/* A document's own bytes end with the line on which its last value ends, so
 * that appending a document, or a comment, never changes an older hash. */
static size_t end_of_document(const builder *build)
{
    size_t end = build->document_end;

    while (end > build->document_start && memchr(" \t\r\n", build->text.bytes[end - 1], 4) != NULL)
        end--;
    while (end < build->text.count && build->text.bytes[end] != '\n')
        end++;
    if (end > build->document_start && build->text.bytes[end - 1] == '\r')
        end--;
    return end;
}

static bool end_document(builder *build, tally_yaml_stream *stream, uint32_t documents_max)
{
    tally_yaml_document *document;
    size_t end = end_of_document(build);

    if (stream->count == documents_max) {
        build->is_over_limit = true;
        refuse(build, "too-many-versions", build->document_line, 1, 3, "",
               "a policy file holds at most %u documents", documents_max);
        return false;
    }
    document = &stream->documents[stream->count++];
    if (build->root != NULL && !build->root->is_empty)
        document->root = build->root;
    document->text = tally_text_slice(build->text, build->document_start, end);
    document->line = build->document_line;
    build->root = NULL;
    build->document_start = build->document_end = end;
    return true;
}

/* False: stop reading. */
static bool take_event(builder *build, struct fy_event *event, tally_yaml_stream *stream,
                       uint32_t documents_max)
{
    const struct fy_mark *end = fy_event_end_mark(event);
    bool goes_on = true;

    switch (event->type) {
    case FYET_DOCUMENT_START:
        begin_document(build, event);
        break;
    case FYET_DOCUMENT_END:
        goes_on = end_document(build, stream, documents_max);
        break;
    case FYET_MAPPING_START:
        goes_on = open_collection(build, event, TALLY_YAML_MAPPING);
        break;
    case FYET_SEQUENCE_START:
        goes_on = open_collection(build, event, TALLY_YAML_SEQUENCE);
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        close_collection(build, event);
        break;
    case FYET_SCALAR:
        goes_on = add_scalar(build, event);
        break;
    case FYET_ALIAS:
        goes_on = add_alias(build, event);
        break;
    default:
        break;
    }
    if (end != NULL)
        build->end = *end;
    return goes_on && !build->is_out_of_memory;
}

/* ---- the whole text ---- */

static void take_errors(builder *build, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);

    build->is_damaged = true;
    if (error == NULL) {
        build->is_out_of_memory = true;
        return;
    }
    /* Whatever follows the first one is its consequence. */
    if (!tally_yaml_explain(build->diagnostics, build->text, error->line, error->column,
                            error->msg != NULL ? error->msg : ""))
        build->is_out_of_memory = true;
}

/* What makes libfyaml slow or large: it looks ahead within a line, and takes
 * time with the square of the empty lines in a row. */
static bool refuse_monsters(builder *build)
{
    size_t begin = 0;
    uint32_t line = 1, empty_lines = 0;

    for (size_t at = 0; at < build->text.count; at++) {
        if (build->text.bytes[at] == '\n') {
            tally_text whole = tally_text_slice(build->text, begin, at);

            empty_lines = tally_text_trim(whole).count == 0 ? empty_lines + 1 : 0;
            if (empty_lines > TALLY_YAML_EMPTY_LINES_MAX) {
                build->is_over_limit = true;
                refuse(build, "empty-lines", line, 1, 1, "remove some",
                       "more than %u empty lines stand in a row here", TALLY_YAML_EMPTY_LINES_MAX);
                return true;
            }
            begin = at + 1;
            line++;
        } else if (at - begin >= TALLY_YAML_LINE_BYTES_MAX) {
            build->is_over_limit = true;
            refuse(build, "long-line", line, 1, 1, "break the line",
                   "this line is longer than %zu bytes", TALLY_YAML_LINE_BYTES_MAX);
            return true;
        }
    }
    return false;
}

static struct fy_diag *new_silent_diag(void)
{
    struct fy_diag_cfg config;
    struct fy_diag *diag;

    fy_diag_cfg_default(&config);
    config.fp = NULL;
    config.output_fn = NULL;
    diag = fy_diag_create(&config);
    if (diag != NULL)
        fy_diag_set_collect_errors(diag, true);
    return diag;
}

static void parse(builder *build, tally_yaml_stream *stream, uint32_t documents_max)
{
    struct fy_parse_cfg config = {
        .flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE | FYPCF_DISABLE_MMAP_OPT,
    };
    struct fy_parser *parser = NULL;
    struct fy_event *event;
    bool goes_on = true;

    config.diag = new_silent_diag();
    if (config.diag != NULL)
        parser = fy_parser_create(&config);
    if (parser == NULL || fy_parser_set_string(parser, build->text.bytes, build->text.count) != 0) {
        build->is_out_of_memory = true;
        goto out;
    }
    while (goes_on && (event = fy_parser_parse(parser)) != NULL) {
        goes_on = take_event(build, event, stream, documents_max);
        fy_parser_event_free(parser, event);
    }
    if (goes_on && fy_parser_get_stream_error(parser))
        take_errors(build, config.diag);
out:
    if (parser != NULL)
        fy_parser_destroy(parser);
    if (config.diag != NULL)
        fy_diag_destroy(config.diag);
}

tally_rc tally_yaml_read(tally_yaml_stream *out_stream, tally_text text, uint32_t documents_max,
                         tally_arena *nodes, tally_arena *texts, tally_diagnostics *diagnostics)
{
    builder *build = tally_arena_zalloc(nodes, sizeof(*build));

    *out_stream = (tally_yaml_stream){ 0 };
    out_stream->documents =
        tally_arena_zalloc_array(nodes, documents_max, sizeof(*out_stream->documents));
    if (build == NULL || out_stream->documents == NULL)
        return TALLY_E_NOMEM;
    build->text = text;
    build->nodes = nodes;
    build->texts = texts;
    build->diagnostics = diagnostics;
    build->document_line = 1;
    if (!refuse_monsters(build) && text.count > 0)
        parse(build, out_stream, documents_max);
    if (build->is_out_of_memory)
        return TALLY_E_NOMEM;
    if (build->is_over_limit)
        return TALLY_E_LIMIT;
    out_stream->refusal_count = build->refusal_count;
    return build->is_damaged ? TALLY_E_INVALID : TALLY_OK;
}
