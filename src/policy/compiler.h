/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_COMPILER_H
#define TALLY_POLICY_COMPILER_H

/* Inside the compiler: the seam between the document reader (document*.c,
 * section*.c: YAML nodes to rules) and the expression compiler (lexer.c,
 * parser.c, types.c: text to checked trees).
 *
 * The document reader declares names first (settings, facts, lets in written
 * order, streaks, event types, awards, tiers), then asks for expressions. The
 * expression compiler never sees YAML: it gets text with its place. */

#include "policy/diagnostics.h"
#include "policy/program.h"

/* One scalar of the file: its text as written (block style, one or more
 * lines) and the place of its first character. `text.bytes` points into the document
 * text, so that a token's place is found by counting from there. */
typedef struct tally_source_text {
    tally_text text;
    uint32_t line, column;
} tally_source_text;

typedef enum tally_name_kind {
    TALLY_NAME_SETTING,
    TALLY_NAME_FACT,
    TALLY_NAME_LET,    /* value, event reference or set */
    TALLY_NAME_STREAK,
} tally_name_kind;

/* A name that expressions may use. A setting is compiled to a literal. A LET whose own text was
 * refused is declared with type NOTHING and no set: its uses then fail without a second report. */
typedef struct tally_name {
    tally_text name;
    tally_name_kind kind;
    uint32_t index; /* into the version's table of that kind */
    tally_value_type type;
    uint8_t decimals;
    int64_t value;              /* SETTING */
    const tally_words *domain;  /* WORD */
    const uint64_t *event_types;/* EVENT lets and sets: bitmap of types */
    const tally_set *set;       /* a set let, else NULL */
    tally_span span;
    bool is_used;               /* for the warning about dead names */
} tally_name;

/* What the text may refer to besides names. */
typedef struct tally_scope {
    const uint64_t *event_types; /* bitmap: the event in scope is one of these; NULL: none in scope */
    bool has_this;               /* admission: `this` is the record even outside sets */
    bool is_admission;           /* `subject` is allowed; sets hold the whole programme */
    bool is_period;              /* streak counts, count(UNIT with …) */
    const tally_window *default_window; /* for sets that name none; NULL: lifetime */
} tally_scope;

typedef struct tally_compiler {
    tally_arena *arena;
    tally_diagnostics *diagnostics;
    tally_text document; /* the whole text of this version, for line slices */

    /* Filled by the document reader before expressions are compiled. */
    uint32_t type_count;
    const tally_event_type *types;
    uint32_t name_count, name_capacity;
    tally_name *names;
    uint32_t award_count;
    const tally_text *award_names; /* index = version's award index */
    uint32_t tier_count;
    const tally_text *tier_names;  /* written order */
    uint8_t points_decimals;       /* final before any `score` or `earned` is compiled */
    /* Zone by name: index into the policy's zones, or TALLY_NO_INDEX (no such zone; the caller reports). */
    uint32_t (*zone_index)(struct tally_compiler *compiler, tally_text name);
    void *document_reader;

    /* Every distinct window met, for version->windows. */
    uint32_t window_count, window_capacity;
    const tally_window **windows;
    bool uses_now, uses_throughout, uses_streak;
    bool out_of_memory;
} tally_compiler;

/* Compile one expression. want is the type needed (TALLY_TYPE_NOTHING: any).
 * A NUMBER is rescaled to want_decimals unless that is 255 (keep its own); more
 * decimals than wanted is an error that says to round.
 * want_domain: for WORD, the words that bare names may be (NULL: find out from the other side).
 * Returns NULL after reporting at least one diagnostic (or setting out_of_memory). */
const tally_expr *tally_expr_compile(tally_compiler *compiler, const tally_source_text *source,
                                     const tally_scope *scope, tally_value_type want,
                                     uint8_t want_decimals, const tally_words *want_domain);

/* An n-ary condition from compiled legs (condition lists): op is ALL_OF, ANY_OF, NONE_OF or AT_LEAST_OF. */
const tally_expr *tally_expr_combine(tally_compiler *compiler, tally_op op, int64_t at_least,
                                     const tally_expr *const *legs, uint32_t leg_count,
                                     tally_span span);

/* The head of a condition list: `all of`, `any of`, `none of`, `at least K of`, each optionally
 * followed by `, in WINDOW`. False: this key is no head (nothing reported). */
bool tally_condition_head(tally_compiler *compiler, const tally_source_text *source,
                          const tally_scope *scope, tally_op *out_op, int64_t *out_at_least,
                          const tally_window **out_window);

/* `every SET`; NULL after reporting. */
const tally_set *tally_set_compile(tally_compiler *compiler, const tally_source_text *source,
                                   const tally_scope *scope);

/* `AMOUNT per WINDOW` or `N times per WINDOW` / `N time per WINDOW`; also used for `best: N per WINDOW` (is_best). */
bool tally_limit_compile(tally_compiler *compiler, const tally_source_text *source, bool is_best,
                         tally_limit *out_limit);

/* A deadline phrase or `never`. */
bool tally_deadline_compile(tally_compiler *compiler, const tally_source_text *source,
                            tally_deadline *out_deadline);

/* `14 days`, `24 months`: exact ms, or months (exactly one of the two is non-zero). */
bool tally_duration_compile(tally_compiler *compiler, const tally_source_text *source,
                            int64_t *out_ms, int32_t *out_months);

/* A review phrase, `each …`. */
bool tally_review_compile(tally_compiler *compiler, const tally_source_text *source,
                          tally_review *out_review);

/* A field's type as written after its name. */
bool tally_field_compile(tally_compiler *compiler, const tally_source_text *source,
                         tally_text name, tally_field *out_field);

/* `P % of gain` applied to a compiled gain rule; NULL after reporting. numerator/denominator from the text. */
const tally_expr *tally_expr_relax(tally_compiler *compiler, const tally_expr *gain,
                                   const tally_source_text *source);
/* Whether the text is of that form. */
bool tally_expr_is_relaxation(const tally_source_text *source);

/* Which event types an EVENT expression or a set may give: bitmaps of TALLY_EVENT_TYPES_MAX bits
 * (for tally_name.event_types). */
void tally_expr_event_types(const tally_compiler *compiler, const tally_expr *expr,
                            uint64_t out_types[TALLY_EVENT_TYPES_MAX / 64]);
void tally_set_event_types(const tally_set *set, uint64_t out_types[TALLY_EVENT_TYPES_MAX / 64]);

/* Whether expr == constant + coefficient x one field of the event in scope, in integers at
 * expr->decimals, with no rounding. out_slot_of_type: the field's slots, NULL if it reads no field. */
bool tally_expr_linear(const tally_expr *expr, int64_t *out_constant, int64_t *out_coefficient,
                       const int16_t **out_slot_of_type);

/* Whether a word is reserved [3]. */
bool tally_is_reserved(tally_text word);

/* Replace an expression's source text by a prettier one is never done: statements quote span.text. */

/* Report at a place inside a source text (offset in bytes, length in bytes). */
void tally_report(tally_compiler *compiler, tally_severity severity, const char *code,
                  const tally_source_text *source, size_t offset_bytes, size_t length_bytes,
                  const char *hint, const char *message_format, ...)
    __attribute__((format(printf, 8, 9)));

/* The candidate nearest to `word` by edit distance (at most a third of its length, at least 1 edit allowed),
 * or an empty text: for "did you mean". Ties: the first. */
tally_text tally_nearest(tally_text word, const tally_text *candidates, size_t candidate_count);

#endif
