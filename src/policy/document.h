/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_DOCUMENT_H
#define TALLY_POLICY_DOCUMENT_H

/* Inside the document compiler: what its sections share.
 *
 * A file is read twice. The measuring pass goes through everything that gives
 * points, with diagnostics thrown away, to learn how many decimals points have
 * in all versions; the final pass compiles at that many and reports. A section
 * that cannot change the decimals is skipped while measuring.
 *
 * Functions that report do so at a node of the YAML tree and carry on, so that
 * every error is found at once. What they return is then NULL, false or
 * TALLY_NO_INDEX, which the caller passes over in silence. */

#include "policy/tests.h"
#include "policy/yaml.h"

/* Section 16. */
#define TALLY_VERSIONS_MAX         64u
#define TALLY_AWARDS_MAX           256u
#define TALLY_LIMITS_MAX           64u
#define TALLY_TIERS_MAX            64u
#define TALLY_ROWS_MAX             1024u
#define TALLY_EXPRESSION_BYTES_MAX ((size_t)8 << 10)
#define TALLY_NAME_BYTES_MAX       64u

/* Names that are the same thing in every version; the index is the id. */
typedef struct tally_ids {
    uint32_t count, capacity;
    tally_text *names;
} tally_ids;

/* Zones that a frozen policy brings along. */
typedef struct tally_given_zones {
    uint32_t count;
    tally_text *names;
    const tally_zone **zones;
} tally_given_zones;

/* Settings that a test gives other values: they replace the number of whichever version declares them. */
typedef struct tally_given_settings {
    uint32_t count;
    const tally_test_value *values;
} tally_given_settings;

typedef struct tally_reader {
    tally_compiler compiler; /* its document_reader points back here */
    tally_policy *policy;
    tally_arena *lasting; /* the policy's arena, also while measuring */
    tally_arena *scratch;
    const tally_zone_source *zone_source;
    const tally_given_zones *given_zones;
    const tally_given_settings *given_settings;
    tally_diagnostics *diagnostics;
    bool is_measuring;
    bool is_over_limit;
    bool uses_throughout;    /* some version does */
    uint8_t widest_decimals; /* met while measuring */
    uint32_t error_count;

    tally_event_type *types; /* merged over all versions */
    uint32_t zone_count, zone_capacity;
    tally_text *zone_names;
    const tally_zone **zones;
    bool *zone_is_used; /* by the version being compiled */
    tally_ids award_ids, limit_ids, tier_ids;

    const tally_version *previous; /* NULL in the first version */
    tally_version *version;        /* being compiled */
    const tally_yaml *root;        /* of it */
    uint32_t limit_count, limit_capacity;
    tally_limit *limits;
    uint32_t word_count, word_capacity;
    tally_policy_word *words;
} tally_reader;

/* ---- reporting (document_report.c) ---- */

/* node may be NULL: the whole file. Errors are counted. */
void tally_document_report(tally_reader *reader, tally_severity severity, const tally_yaml *node,
                           const char *code, const char *hint, const char *format, ...)
    TALLY_PRINTF(6, 7);
#define tally_document_error(reader, node, code, hint, ...) \
    tally_document_report(reader, TALLY_SEVERITY_ERROR, node, code, hint, __VA_ARGS__)
#define tally_document_warn(reader, node, code, hint, ...) \
    tally_document_report(reader, TALLY_SEVERITY_WARNING, node, code, hint, __VA_ARGS__)

/* The same for a part of the compiled policy. */
void tally_document_report_span(tally_reader *reader, tally_severity severity,
                                const tally_span *span, const char *code, const char *hint,
                                const char *format, ...) TALLY_PRINTF(6, 7);

/* "`word` is no WHAT", with the nearest candidate as the hint. */
void tally_document_unknown(tally_reader *reader, const tally_yaml *node, const char *code,
                            tally_text word, const char *what, const tally_text *candidates,
                            size_t candidate_count);

/* A bound of section 16: sets is_over_limit. */
void tally_document_over_limit(tally_reader *reader, const tally_yaml *node, const char *what,
                               uint32_t most);

/* Memory in the pass's arena, all zero; NULL sets out_of_memory. */
void *tally_document_alloc(tally_reader *reader, size_t count, size_t item_bytes);

/* Room for one more in a growing array of the arena: returns the array, perhaps moved. */
void *tally_document_grow(tally_reader *reader, void *items, uint32_t count, uint32_t *capacity,
                          size_t item_bytes);

/* The index of a name, added if new; TALLY_NO_INDEX if memory is short. */
uint32_t tally_document_id(tally_reader *reader, tally_ids *ids, tally_text name);

/* ---- keys and values (document_keys.c) ---- */

enum {
    TALLY_KEY_TEXT = 1,
    TALLY_KEY_LIST = 2,
    TALLY_KEY_MAPPING = 4,
    TALLY_KEY_ANY = 7,
    TALLY_KEY_NEEDED = 8,
};

typedef struct tally_key {
    const char *name;
    unsigned flags;
} tally_key;

#define TALLY_KEY_COUNT_MAX 48u

/* Sort a mapping's values by keys[]; unknown, missing, empty and misshapen ones are reported and
 * left NULL. what: "an award", for messages. False: it is no mapping. */
bool tally_document_keys(tally_reader *reader, const tally_yaml *mapping, const char *what,
                         const tally_key *keys, size_t key_count, const tally_yaml **out_values);

/* Whether a node has one of the shapes; reports if not. what: the key or part. */
bool tally_document_shape(tally_reader *reader, const tally_yaml *node, unsigned flags,
                          const char *what);

/* A section that maps names to parts: false if there is nothing to read. */
bool tally_document_section(tally_reader *reader, const char *key, uint32_t most,
                            const tally_yaml **out_section);

/* Letters, digits and hyphens, and not a word of the language; reports. */
bool tally_document_name(tally_reader *reader, const tally_yaml *node, const char *what);
/* The same for an event type, award, limit or tier, which may have a function's name too, as in `earned`. */
bool tally_document_rule_name(tally_reader *reader, const tally_yaml *node, const char *what);

/* Which of the words the text is; TALLY_NO_INDEX after reporting. */
uint32_t tally_document_choice(tally_reader *reader, const tally_yaml *node, const char *what,
                               const char *const *words, size_t word_count);

/* A whole number within bounds. */
bool tally_document_integer(tally_reader *reader, const tally_yaml *node, const char *what,
                            int64_t least, int64_t greatest, int64_t *out_value);

/* A calendar day, 2026-11-21. */
bool tally_document_day(tally_reader *reader, const tally_yaml *node, int32_t *out_day);

/* The text for readers: copied, remembered for the word lint under this role. */
tally_text tally_document_words(tally_reader *reader, const tally_yaml *node, const char *role);

/* Of one or a list: the values one by one. Call with *cursor NULL first. */
const tally_yaml *tally_document_each(const tally_yaml *one_or_list, const tally_yaml **cursor);

tally_span tally_document_span(const tally_yaml *node);
/* The part of a scalar from one byte on, with its place; of the text as written. */
tally_source_text tally_document_part(const tally_source_text *source, size_t from, size_t to);

/* Index of an event type by name, or TALLY_NO_INDEX. */
uint32_t tally_document_find_type(const tally_reader *reader, tally_text name);
/* The same for a type that rules may name; reports. */
uint32_t tally_document_type(tally_reader *reader, const tally_yaml *node, tally_text name);

/* ---- conditions, numbers, tables (document_values.c) ---- */

const tally_expr *tally_document_expr(tally_reader *reader, const tally_yaml *node,
                                      const tally_scope *scope, tally_value_type want,
                                      uint8_t want_decimals, const tally_words *domain);

/* An expression or a list of conditions. */
const tally_expr *tally_document_condition(tally_reader *reader, const tally_yaml *node,
                                           const tally_scope *scope);

/* Points: an expression or a table of them, at points_decimals; measures. */
const tally_expr *tally_document_points(tally_reader *reader, const tally_yaml *node,
                                        const tally_scope *scope);

/* A table of a `let`: numbers or labels. */
const tally_expr *tally_document_let_table(tally_reader *reader, const tally_yaml *node,
                                           const tally_scope *scope);

/* Whether a mapping is a list of conditions and not a table. */
bool tally_document_is_condition_list(tally_reader *reader, const tally_yaml *node,
                                      const tally_scope *scope);

/* A number that is known now, at points_decimals (measured); or, with decimals, at those. */
bool tally_document_points_constant(tally_reader *reader, const tally_yaml *node,
                                    int64_t *out_value);
bool tally_document_constant(tally_reader *reader, const tally_yaml *node, uint8_t decimals,
                             int64_t *out_value);

bool tally_document_deadline(tally_reader *reader, const tally_yaml *node,
                             tally_deadline *out_deadline);
bool tally_document_deadlines(tally_reader *reader, const tally_yaml *node,
                              const tally_scope *scope, tally_deadline_table *out_table);
/* An exact duration in ms. */
bool tally_document_duration_ms(tally_reader *reader, const tally_yaml *node, int64_t *out_ms);

/* A row's right side: NULL for `otherwise`. False after reporting. */
bool tally_document_row_condition(tally_reader *reader, const tally_yaml *row,
                                  const tally_scope *scope, const tally_expr **out_condition);

/* ---- names ---- */

/* Put a name into the value name space; reports clashes. NULL after reporting. */
tally_name *tally_document_declare(tally_reader *reader, const tally_yaml *key,
                                   tally_name_kind kind, uint32_t index);

/* ---- limits ---- */

/* The own limit of an award, the number-th: its index among the version's limits. */
uint32_t tally_document_own_limit(tally_reader *reader, const tally_yaml *node, tally_text award,
                                  uint32_t number);

/* ---- what expressions reach (document_reach.c) ---- */

typedef struct tally_reach {
    bool uses_streak, uses_throughout, uses_now, uses_score, uses_earned, uses_held;
    uint32_t held_max;                          /* largest tier index asked by held() */
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64]; /* event types that sets look at */
} tally_reach;

/* Add what an expression reaches, through `let` and streaks too. NULL is allowed. */
void tally_document_reach(const tally_version *version, const tally_expr *expr, tally_reach *reach);

/* ---- sections ---- */

bool tally_document_merge_events(tally_reader *reader, const tally_yaml_stream *stream);
void tally_document_header(tally_reader *reader);
void tally_document_zone(tally_reader *reader);
void tally_document_settings(tally_reader *reader);
void tally_document_facts(tally_reader *reader);
void tally_document_sources(tally_reader *reader);
void tally_document_streak_names(tally_reader *reader);
void tally_document_lets(tally_reader *reader);
void tally_document_award_names(tally_reader *reader);
void tally_document_limits(tally_reader *reader);
void tally_document_awards(tally_reader *reader);
void tally_document_score(tally_reader *reader);
void tally_document_streaks(tally_reader *reader);
void tally_document_pauses(tally_reader *reader);
void tally_document_tier_names(tally_reader *reader);
void tally_document_tiers(tally_reader *reader);
void tally_document_moves(tally_reader *reader);
void tally_document_grade(tally_reader *reader);
void tally_document_migrate(tally_reader *reader);
void tally_document_report_names(tally_reader *reader);
void tally_document_benefits(tally_reader *reader);
void tally_document_notices(tally_reader *reader);
void tally_document_admission(tally_reader *reader);
void tally_document_reads(tally_reader *reader);
void tally_document_tests(tally_reader *reader);
void tally_document_check_names(tally_reader *reader);
void tally_document_check_circles(tally_reader *reader);
void tally_document_warnings(tally_reader *reader);

/* tally_policy_compile() for YAML alone, with zones from either place and settings from elsewhere; each may be
 * NULL. */
TALLY_MUST_CHECK tally_rc tally_document_compile(tally_policy **out_policy, const char *file_name,
                                                 tally_text text, const tally_zone_source *zones,
                                                 const tally_given_zones *given_zones,
                                                 const tally_given_settings *given_settings,
                                                 tally_diagnostics *diagnostics, tally_err *err);

/* The version's hash, and whether `previous` is right (section 11). */
void tally_document_identity(tally_reader *reader);

/* Index of a zone, loaded if need be; TALLY_NO_INDEX: there is no such zone. */
uint32_t tally_document_zone_index(tally_compiler *compiler, tally_text name);

#endif
