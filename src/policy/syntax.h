/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_SYNTAX_H
#define TALLY_POLICY_SYNTAX_H

/* Between the text of an expression and its checked form: tokens (lexer.c),
 * the tree as written (parser.c, parse_call.c, parse_set.c), and what the
 * phrase readers share with them. Names are not looked up here but for one
 * question: whether a word is an event type or a named set, which decides how
 * `any visit or paused` is read.
 *
 * Everything is allocated in the compiler's arena. */

#include "policy/compiler.h"

#define TALLY_EXPR_BYTES_MAX  8192u
#define TALLY_EXPR_DEPTH_MAX  64u

/* ---- tokens ------------------------------------------------------------- */

typedef enum tally_token_kind {
    TALLY_TOKEN_END,
    TALLY_TOKEN_NUMBER, /* value, decimals */
    TALLY_TOKEN_DAY,    /* value */
    TALLY_TOKEN_NAME,
    TALLY_TOKEN_STRING, /* text is without the quotes */
    TALLY_TOKEN_OPEN,
    TALLY_TOKEN_CLOSE,
    TALLY_TOKEN_COMMA,
    TALLY_TOKEN_DOT,
    TALLY_TOKEN_PLUS,
    TALLY_TOKEN_MINUS,
    TALLY_TOKEN_STAR,
    TALLY_TOKEN_SLASH,
    TALLY_TOKEN_PERCENT,
    TALLY_TOKEN_LESS,
    TALLY_TOKEN_LESS_OR_EQUAL,
    TALLY_TOKEN_GREATER,
    TALLY_TOKEN_GREATER_OR_EQUAL,
    TALLY_TOKEN_EQUALS,     /* = and ==, understood and refused with a hint */
    TALLY_TOKEN_NOT_EQUALS, /* != and <> */
    TALLY_TOKEN_BAD,        /* code, problem, hint */
} tally_token_kind;

typedef struct tally_token {
    tally_token_kind kind;
    uint8_t decimals;
    bool space_before, space_after;
    uint32_t at, end; /* byte offsets in the source text */
    int64_t value;
    tally_text text;
    const char *code, *problem, *hint; /* BAD */
} tally_token;

/* Cut the text into tokens; the last one is END. NULL when memory is short or
 * the text is too long, which is reported. */
tally_token *tally_lex(tally_compiler *compiler, const tally_source_text *source);

/* ---- the tree as written ------------------------------------------------- */

typedef enum tally_node_kind {
    TALLY_NODE_NUMBER,
    TALLY_NODE_DAY,
    TALLY_NODE_DURATION, /* value ms */
    TALLY_NODE_MONTHS,   /* value months */
    TALLY_NODE_STRING,
    TALLY_NODE_YES_NO, /* value */
    TALLY_NODE_NOTHING,
    TALLY_NODE_NAME,
    TALLY_NODE_DOT,      /* first . name */
    TALLY_NODE_NEGATE,
    TALLY_NODE_NOT,
    TALLY_NODE_AND,      /* two or more */
    TALLY_NODE_OR,
    TALLY_NODE_ARITHMETIC, /* op: ADD, SUBTRACT, MULTIPLY, DIVIDE */
    TALLY_NODE_COMPARE,    /* op: IS … GREATER_OR_EQUAL */
    TALLY_NODE_ONE_OF,     /* first against the rest; negated */
    TALLY_NODE_EXISTS,
    TALLY_NODE_THROUGHOUT, /* value ms */
    TALLY_NODE_IF,
    TALLY_NODE_PICK,      /* op LATEST, EARLIEST, ANY, NO; set */
    TALLY_NODE_AGGREGATE, /* op COUNT … DISTINCT; args over set; best */
    TALLY_NODE_PERIODS,   /* count(UNIT with first) */
    TALLY_NODE_ROUND,     /* first to second, rounding */
    TALLY_NODE_LIST,      /* op MIN, MAX, CLAMP */
    TALLY_NODE_EARNED,    /* name; window or NULL */
    TALLY_NODE_HELD,      /* name */
} tally_node_kind;

typedef struct tally_node tally_node;
typedef struct tally_set_node tally_set_node;
typedef struct tally_window_node tally_window_node;

struct tally_node {
    tally_node_kind kind;
    tally_op op;
    uint8_t decimals, unit, rounding, height;
    bool negated;
    uint32_t at, end;      /* byte offsets in the source text */
    uint32_t name_at;      /* DOT, EARNED, HELD: where the name stands */
    tally_text name;
    int64_t value;
    uint32_t arg_count;
    tally_node *first, *last; /* arguments */
    tally_node *next;         /* in the parent's list */
    tally_node *best;         /* AGGREGATE */
    tally_set_node *set;
    tally_window_node *window;
};

typedef struct tally_type_name tally_type_name;
struct tally_type_name { /* one of TYPE {or TYPE} */
    tally_text name;
    uint32_t at;
    tally_type_name *next;
};

struct tally_set_node {
    uint32_t at, end;
    bool earlier;
    uint8_t height;
    tally_node *last_count;  /* `last N of`, else NULL */
    tally_type_name *names;  /* or inner */
    tally_set_node *inner;
    tally_node *with;
    tally_window_node *window;
};

struct tally_window_node {
    uint32_t at, end;
    tally_window_kind kind;
    uint8_t unit, height;
    int64_t each_ms;
    int32_t each_months;
    tally_node *n;
    tally_node *ref;
    uint32_t zone_at;
    tally_text zone; /* empty: none written */
};

/* ---- the parser ----------------------------------------------------------- */

typedef struct tally_parser {
    tally_compiler *compiler;
    const tally_source_text *source;
    tally_token *tokens;
    uint32_t position;
    uint32_t depth;
    bool has_failed; /* at least one error was reported */
} tally_parser;

/* False when nothing can be parsed (memory, length); reported. */
bool tally_parser_start(tally_parser *parser, tally_compiler *compiler,
                        const tally_source_text *source);
/* NULL after reporting. */
tally_node *tally_parse_expression(tally_parser *parser);
tally_node *tally_parse_sum(tally_parser *parser);
tally_node *tally_parse_reference(tally_parser *parser);
/* A number, a percentage or a duration, with the parser at the number. */
tally_node *tally_parse_number(tally_parser *parser);
tally_node *tally_parse_call(tally_parser *parser);
tally_set_node *tally_parse_set(tally_parser *parser);
tally_window_node *tally_parse_window(tally_parser *parser);
/* Report that what follows does not belong here; nothing at the end. */
bool tally_parse_end(tally_parser *parser);

const tally_token *tally_parser_peek(const tally_parser *parser, uint32_t ahead);
bool tally_parser_is_word(const tally_parser *parser, uint32_t ahead, const char *word);
/* Step over the next token, which is returned; END stays. */
const tally_token *tally_parser_step(tally_parser *parser);
/* Step over this word if it is next. */
bool tally_parser_accept(tally_parser *parser, const char *word);
bool tally_parser_accept_kind(tally_parser *parser, tally_token_kind kind);
/* The end of the last token stepped over. */
uint32_t tally_parser_end(const tally_parser *parser);
tally_node *tally_parser_node(tally_parser *parser, tally_node_kind kind, uint32_t at);
/* Add an argument; false (reported) when the tree gets too deep. */
bool tally_parser_adopt(tally_parser *parser, tally_node *node, tally_node *child);
bool tally_parser_enter(tally_parser *parser);
void tally_parser_leave(tally_parser *parser);
/* Report at a token (an unlexable one says itself what is wrong). */
void tally_parser_refuse(tally_parser *parser, const tally_token *token, const char *code,
                         const char *hint, const char *message);
/* The `)` that belongs to the `(` at open; reports if it is missing. */
bool tally_parser_close(tally_parser *parser, const tally_token *open);

/* Whether the next tokens are UNIT words: `days`, `month`, …; exact units have
 * each_ms, calendar units each_months (weeks and days: each_ms). */
typedef struct tally_unit_word {
    const char *one, *many;
    int64_t each_ms;
    int32_t each_months;
    bool is_calendar;
    uint8_t unit;
} tally_unit_word;
/* NULL: no unit. */
const tally_unit_word *tally_unit_word_of(tally_text word);

extern const tally_window tally_window_lifetime;

bool tally_is_type_or_set(const tally_compiler *compiler, tally_text word);

/* ---- checking --------------------------------------------------------------- */

/* The event that bare names mean, and the ones outside it. */
typedef struct tally_frame tally_frame;
struct tally_frame {
    const tally_frame *outer;
    const uint64_t *event_types; /* NULL: no event in scope */
    uint32_t depth;              /* sets around it */
};

typedef struct tally_checker {
    tally_compiler *compiler;
    const tally_source_text *source;
    const tally_scope *scope;
    bool has_failed;
} tally_checker;

/* Each returns NULL after reporting. words: what bare words may mean, or NULL. */
tally_expr *tally_check(tally_checker *checker, const tally_node *node, const tally_frame *frame,
                        const tally_words *words);
tally_expr *tally_check_call(tally_checker *checker, const tally_node *node,
                             const tally_frame *frame);
tally_expr *tally_check_name(tally_checker *checker, const tally_node *node,
                             const tally_frame *frame, const tally_words *words);
tally_expr *tally_check_dot(tally_checker *checker, const tally_node *node,
                            const tally_frame *frame);
tally_expr *tally_check_arithmetic(tally_checker *checker, const tally_node *node,
                                   const tally_frame *frame);
tally_expr *tally_check_compare(tally_checker *checker, const tally_node *node,
                                const tally_frame *frame);
tally_expr *tally_check_one_of(tally_checker *checker, const tally_node *node,
                               const tally_frame *frame);
const tally_set *tally_check_set(tally_checker *checker, const tally_set_node *node,
                                 const tally_frame *frame);
const tally_window *tally_check_window(tally_checker *checker, const tally_window_node *node);
/* Whether a bare name means a value here, rather than a word. */
bool tally_check_is_value(const tally_checker *checker, tally_text name, const tally_frame *frame);
/* The literal for a word of the list; NULL after reporting. */
tally_expr *tally_check_word(tally_checker *checker, const tally_node *node,
                             const tally_words *words);

/* Building checked trees. */
tally_expr *tally_expr_new(tally_checker *checker, const tally_node *node, tally_op op,
                           tally_value_type type);
tally_expr *tally_expr_literal(tally_checker *checker, const tally_node *node,
                               tally_value_type type, int64_t value, uint8_t decimals);
bool tally_expr_set_args(tally_checker *checker, tally_expr *expr, const tally_expr *const *args,
                         uint32_t count);
/* expr at more decimals; literals are folded. NULL after reporting. */
tally_expr *tally_expr_rescale(tally_checker *checker, tally_expr *expr, uint8_t decimals);
/* Bring two numbers to equal decimals. */
bool tally_expr_align(tally_checker *checker, tally_expr **left, tally_expr **right);
/* Give a literal `nothing` the type that is wanted. */
void tally_expr_adopt_type(tally_expr *expr, const tally_expr *other);
/* Make all of one type for a choice; reports at node. */
bool tally_expr_unify(tally_checker *checker, const tally_node *node, tally_expr **left,
                      tally_expr **right);
/* Check two sides of which either may be a bare word that the other explains. */
bool tally_check_pair(tally_checker *checker, const tally_node *left, const tally_node *right,
                      const tally_frame *frame, const tally_words *words, tally_expr **out_left,
                      tally_expr **out_right);
/* A condition; anything else is reported. */
tally_expr *tally_check_condition(tally_checker *checker, const tally_node *node,
                                  const tally_frame *frame);
/* A whole number known when compiling, from 1 to most. */
bool tally_check_whole(tally_checker *checker, const tally_node *node, int64_t most,
                       int64_t *out_value);
/* The field `name` of some event types: slots by type and the field as the first of them
 * declares it. NULL after reporting (where types differ) or, with out_is_unknown, if there is none. */
const tally_field *tally_check_field(tally_checker *checker, const tally_node *node,
                                     const uint64_t *types, const int16_t **out_slots,
                                     bool *out_is_unknown);
/* "month-travelled" or "a or b": the types of a bitmap. */
const char *tally_check_types_phrase(tally_compiler *compiler, const uint64_t *types);
tally_expr *tally_check_new_field(tally_checker *checker, const tally_node *node, tally_op op,
                                  const tally_field *field, const int16_t *slots);
/* The value nearest to a name nobody knows: fields of types, words, and unless fields_only the
 * policy's names; empty if none is near. */
tally_text tally_check_nearest(tally_checker *checker, tally_text name, const uint64_t *types,
                               const tally_words *words, bool fields_only);
bool tally_is_event_type(const tally_compiler *compiler, tally_text name);
bool tally_types_has(const uint64_t *types, uint32_t type);
/* The checked, rescaled result that a caller wants; NULL after reporting. */
tally_expr *tally_check_result(tally_checker *checker, tally_expr *expr, uint32_t at, uint32_t end,
                               tally_value_type want, uint8_t want_decimals,
                               const tally_words *want_domain);
bool tally_words_are_equal(const tally_words *a, const tally_words *b);

void tally_check_report(tally_checker *checker, uint32_t at, uint32_t end, const char *code,
                        const char *hint, const char *format, ...) TALLY_PRINTF(6, 7);
void tally_check_warn(tally_checker *checker, uint32_t at, uint32_t end, const char *code,
                      const char *hint, const char *format, ...) TALLY_PRINTF(6, 7);
/* "a number", "a ratio", … */
const char *tally_type_phrase(tally_value_type type);
/* Warn about a comparison of a field with a constant that it always or never meets. */
void tally_check_bounds(tally_checker *checker, const tally_expr *comparison, uint32_t at,
                        uint32_t end);
tally_span tally_span_of(const tally_source_text *source, uint32_t at, uint32_t end);
/* A bounded text for messages, in the compiler's arena; "" when memory is short. */
const char *tally_check_text(tally_compiler *compiler, const char *format, ...)
    TALLY_PRINTF(2, 3);
/* `a`, `b` or `c` / a, b, c …: names joined, cut after a few. */
const char *tally_check_join(tally_compiler *compiler, const tally_text *names, uint32_t count,
                             const char *last_joint);

#endif
