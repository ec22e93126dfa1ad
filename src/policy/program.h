/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_PROGRAM_H
#define TALLY_POLICY_PROGRAM_H

/* The compiled form of a policy: what src/policy writes once and src/score,
 * src/admission, the explainer and the charter checker read.
 *
 * Everything is allocated in the policy's arena and immutable after compiling,
 * so that many threads may read it. docs/policy-language.md defines the meaning
 * of each part; a number in brackets below is a section there.
 *
 * Numbers are int64 with a static count of decimals. TALLY_NOTHING (INT64_MIN)
 * stands for "nothing" in every value type; a valid number never has it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/civil.h"
#include "util/decimal.h"
#include "util/text.h"
#include "util/zone.h"

#define TALLY_NOTHING         INT64_MIN
#define TALLY_EVENT_TYPES_MAX 256u
#define TALLY_LETS_MAX        256u
#define TALLY_FIELDS_MAX      64u
#define TALLY_NO_INDEX        UINT32_MAX

/* Where a part stands in the policy file, for messages and statements. */
typedef struct tally_span {
    uint32_t line, column; /* from 1; column counts characters */
    tally_text text;       /* the source text of this part */
} tally_span;

/* ---- values and expressions [3] ---------------------------------------- */

typedef enum tally_value_type {
    TALLY_TYPE_NOTHING, /* the literal `nothing`; fits every type */
    TALLY_TYPE_NUMBER,
    TALLY_TYPE_RATIO,
    TALLY_TYPE_CONDITION, /* 0 no, 1 yes, TALLY_NOTHING unknown */
    TALLY_TYPE_WORD,      /* index into a word list (domain) */
    TALLY_TYPE_ID,        /* an interned token; equality only */
    TALLY_TYPE_DAY,       /* days since 1970-01-01 */
    TALLY_TYPE_INSTANT,   /* ms since 1970-01-01T00:00Z */
    TALLY_TYPE_DURATION,  /* ms */
    TALLY_TYPE_MONTHS,    /* calendar duration; only after + or - with a day */
    TALLY_TYPE_EVENT,     /* index into the history */
    TALLY_TYPE_TEXT,      /* field type only: carried, never readable */
} tally_value_type;

typedef struct tally_words { /* a word domain */
    uint32_t count;
    const tally_text *words;
} tally_words;

typedef enum tally_op {
    TALLY_OP_LITERAL, /* value; type says what it is */
    /* The event in scope (in a set's `with` and aggregates: the candidate). */
    TALLY_OP_FIELD,    /* slot_of_type[event type], -1: this type has no such field -> nothing */
    TALLY_OP_AT,       /* instant */
    TALLY_OP_RECORDED, /* instant */
    TALLY_OP_DAY_OF,   /* local day */
    TALLY_OP_PERIOD_OF, /* a number that is equal within one period of `unit` (type WORD, domain NULL) */
    TALLY_OP_SUBJECT, /* admission only: id of the candidate's subject */
    /* The same of the outer event: `this.x`. depth 1 up. */
    TALLY_OP_THIS_FIELD,
    TALLY_OP_THIS_AT,
    TALLY_OP_THIS_RECORDED,
    TALLY_OP_THIS_DAY_OF,
    TALLY_OP_THIS_SUBJECT,
    /* args[0] is an EVENT expression. */
    TALLY_OP_REF_FIELD, /* slot_of_type */
    TALLY_OP_REF_AT,
    TALLY_OP_REF_RECORDED,
    TALLY_OP_REF_DAY,
    /* Names. index is into the version's table of that kind. */
    TALLY_OP_LET,
    TALLY_OP_FACT,
    TALLY_OP_STREAK,
    TALLY_OP_SCORE,  /* as shown, at points_decimals */
    TALLY_OP_NOW,    /* instant */
    TALLY_OP_TODAY,  /* day */
    TALLY_OP_PAUSED, /* condition */
    TALLY_OP_HELD,   /* index: tier (version's order) */
    TALLY_OP_EARNED, /* index: award or TALLY_NO_INDEX for all; window; result at points_decimals */
    /* Sets. */
    TALLY_OP_LATEST,
    TALLY_OP_EARLIEST,
    TALLY_OP_ANY, /* `any SET` */
    TALLY_OP_NO,  /* `no SET` */
    TALLY_OP_COUNT,
    TALLY_OP_SUM,           /* args[0] over set; best > 0: only the best N */
    TALLY_OP_LEAST,         /* min(X of SET) */
    TALLY_OP_GREATEST,      /* max(X of SET) */
    TALLY_OP_MEAN,          /* ratio sum/count */
    TALLY_OP_DISTINCT,      /* args[0..arg_count) is the tuple */
    TALLY_OP_COUNT_PERIODS, /* count(UNIT with args[0]) */
    /* Arithmetic. The compiler has rescaled operands: add, subtract, negate,
     * compare, min, max, clamp see equal decimals on both sides. */
    TALLY_OP_ADD,
    TALLY_OP_SUBTRACT,
    TALLY_OP_MULTIPLY, /* decimals add up; args[0] RATIO times args[1] NUMBER: the numerator is
                        * multiplied by its integer, the denominator by 10^(its decimals) */
    TALLY_OP_DIVIDE, /* number/number -> ratio of the two integers at equal decimals; nothing if denominator 0 */
    TALLY_OP_NEGATE,
    TALLY_OP_RESCALE, /* to this->decimals (more decimals than args[0]) */
    TALLY_OP_ROUND, /* args[0] NUMBER or RATIO to a multiple of value (step, at this->decimals), rounding mode */
    TALLY_OP_MIN, /* n-ary */
    TALLY_OP_MAX,
    TALLY_OP_CLAMP,
    TALLY_OP_DAY_PLUS_MONTHS, /* args[0] DAY, args[1] MONTHS (value, signed) */
    TALLY_OP_DAY_PLUS, /* args[0] DAY, args[1] DURATION of whole days; args negated for minus */
    TALLY_OP_DAY_MINUS_DAY, /* -> DURATION */
    /* Comparison: NUMBER (equal decimals), RATIO with RATIO or NUMBER (its
     * decimals in args[i]->decimals), DAY, INSTANT, DURATION, WORD, ID, CONDITION. */
    TALLY_OP_IS,
    TALLY_OP_IS_NOT,
    TALLY_OP_LESS,
    TALLY_OP_LESS_OR_EQUAL,
    TALLY_OP_GREATER,
    TALLY_OP_GREATER_OR_EQUAL,
    TALLY_OP_IS_ONE_OF, /* args[0] against args[1..] */
    TALLY_OP_EXISTS,
    /* Logic, n-ary, three-valued. `and` and `all of` are ALL_OF, `or` ANY_OF. */
    TALLY_OP_NOT,
    TALLY_OP_ALL_OF,
    TALLY_OP_ANY_OF,
    TALLY_OP_NONE_OF,
    TALLY_OP_AT_LEAST_OF, /* value: K */
    TALLY_OP_IF,          /* args: condition, then, else */
    TALLY_OP_TABLE,      /* args: result0, condition0, result1, condition1 …; nothing if no row */
    TALLY_OP_THROUGHOUT, /* args[0] held over the last `value` ms */
} tally_op;

typedef struct tally_set tally_set;
typedef struct tally_window tally_window;
typedef struct tally_expr tally_expr;

struct tally_expr {
    tally_op op;
    tally_value_type type;
    uint8_t
        decimals; /* of a NUMBER; of a RATIO always 0: numerator and denominator have equal decimals */
    uint8_t unit;     /* tally_unit for PERIOD_OF, COUNT_PERIODS */
    uint8_t rounding; /* tally_rounding for ROUND */
    uint16_t arg_count;
    uint32_t index;              /* LET, FACT, STREAK, HELD, EARNED */
    uint32_t best;               /* SUM */
    int64_t value;               /* LITERAL, ROUND step, AT_LEAST_OF, THROUGHOUT */
    const tally_words *domain;   /* of a WORD; NULL for periods */
    const int16_t *slot_of_type; /* FIELD, THIS_FIELD, REF_FIELD: policy->type_count entries */
    const tally_set *set;
    const tally_window *window; /* EARNED */
    const tally_expr *const *args;
    tally_span span;
};

/* ---- sets and windows [4] ----------------------------------------------- */

typedef enum tally_window_kind {
    TALLY_WINDOW_LIFETIME,
    TALLY_WINDOW_CALENDAR,       /* unit, zone */
    TALLY_WINDOW_PREVIOUS,       /* unit, zone, n whole periods before T's */
    TALLY_WINDOW_ROLLING,        /* n x each_ms */
    TALLY_WINDOW_ROLLING_MONTHS, /* n x each_months */
    TALLY_WINDOW_NEXT,           /* n x each_ms, promised items */
    TALLY_WINDOW_SINCE,          /* from ref, inclusive */
    TALLY_WINDOW_AFTER,          /* from ref, exclusive */
    TALLY_WINDOW_CYCLE,          /* n x each_months, counted from ref's local day */
} tally_window_kind;

struct tally_window {
    tally_window_kind kind;
    uint8_t unit;  /* tally_unit */
    uint32_t zone; /* index into policy->zones; TALLY_NO_INDEX: the version's zone */
    int64_t each_ms;
    int32_t each_months;
    int64_t n;                /* when n_expr is NULL */
    const tally_expr *n_expr; /* NUMBER, 0 decimals */
    const tally_expr *ref;    /* EVENT */
    tally_span span;
};

struct tally_set {
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64]; /* when inner is NULL */
    const tally_set *inner;                     /* a named or parenthesised set, else NULL */
    uint32_t last;          /* >0: only the N newest of the base, before `with` and the window */
    bool earlier;           /* leaves out the event in scope and all after it */
    const tally_expr *with; /* NULL: all */
    const tally_window *window; /* never NULL; LIFETIME by default */
    tally_span span;
};

/* ---- deadlines [5] ------------------------------------------------------- */

typedef enum tally_deadline_kind {
    TALLY_DEADLINE_NEVER,
    TALLY_DEADLINE_AFTER,        /* ms */
    TALLY_DEADLINE_AFTER_MONTHS, /* months; same local time; month-end rule */
    TALLY_DEADLINE_END_OF,       /* end of the `unit` that lies later_count x later_unit later */
    TALLY_DEADLINE_END_OF_MONTH, /* end of month `month` (1-12) of the local year + later_count */
} tally_deadline_kind;

typedef struct tally_deadline {
    tally_deadline_kind kind;
    uint8_t unit, later_unit; /* tally_unit */
    uint8_t month;
    int32_t months, later_count;
    int64_t ms;
    tally_span span;
} tally_deadline;

typedef struct tally_deadline_table {
    uint32_t count; /* 0: never. One row without a condition: always that */
    const tally_deadline *deadlines;
    const tally_expr *const *conditions; /* NULL entry: otherwise */
} tally_deadline_table;

/* ---- events [2] ---------------------------------------------------------- */

typedef struct tally_field {
    tally_text name;
    tally_value_type type; /* NUMBER, WORD, CONDITION, DAY, ID or TEXT */
    bool optional;         /* "or nothing" */
    bool is_member;        /* ID that names another member */
    uint8_t decimals;
    bool has_bounds;
    int64_t least, greatest, step; /* at decimals; step 0: any; counted from 0 */
    uint32_t choice_count;         /* NUMBER: one of these */
    const int64_t *choices;
    const tally_words *domain; /* WORD */
    tally_span span;
} tally_field;

/* The first types of every policy. */
enum {
    TALLY_RECORD_VOID,
    TALLY_RECORD_CORRECTION,
    TALLY_RECORD_REVERSAL,
    TALLY_RECORD_DISPUTE,
    TALLY_RECORD_DECISION,
    TALLY_RECORD_TYPES, /* count; the policy's own types follow */
};

typedef struct tally_event_type {
    tally_text name;
    tally_text kind; /* `is:`; empty if not given */
    uint32_t field_count;
    const tally_field *fields; /* slot = index */
    bool has_recorded_by;
    tally_deadline recorded_by;
    tally_span span;
} tally_event_type;

/* ---- limits and awards [5] ----------------------------------------------- */

typedef enum tally_limit_kind {
    TALLY_LIMIT_POINTS, /* amount per window, as they come */
    TALLY_LIMIT_TIMES,  /* times per window, as they come */
    TALLY_LIMIT_NET,    /* amount per window, settled at T */
    TALLY_LIMIT_BEST,   /* the N largest per window, settled at T */
} tally_limit_kind;

typedef struct tally_limit {
    tally_text name; /* own limits: the award's name */
    uint32_t id;     /* the same in all versions; index into the policy's limit states */
    bool is_own;     /* written at an award */
    tally_limit_kind kind;
    const tally_expr *
        amount; /* NUMBER at points_decimals (POINTS, NET) or 0 decimals (TIMES, BEST); asked without an event in scope */
    bool amount_is_constant;
    int64_t amount_value;
    const tally_window *window;
    uint32_t key_count;            /* for-each */
    const tally_expr *const *keys; /* FIELD expressions */
    tally_span span;
} tally_limit;

typedef enum tally_decay_kind {
    TALLY_DECAY_NONE,
    TALLY_DECAY_HALF,
    TALLY_DECAY_LINEAR
} tally_decay_kind;
typedef enum tally_disputed {
    TALLY_DISPUTED_COUNTS,
    TALLY_DISPUTED_HELD_OUT,
    TALLY_DISPUTED_FROZEN
} tally_disputed;

typedef struct tally_award {
    tally_text name;
    uint32_t id; /* the same in all versions */
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64];
    const tally_expr *when;   /* NULL: always */
    const tally_expr *points; /* NUMBER at points_decimals; a deduction's is already negated */
    /* points == constant + coefficient x field[slot], no rounding, single type,
     * field not optional: the engine may use these instead of `points`. */
    bool is_linear;
    int64_t linear_constant, linear_coefficient;
    int16_t linear_slot; /* -1: no field */
    uint32_t limit_count;
    const uint32_t *limits; /* indexes into version->limits, in written order */
    tally_deadline_table expires;
    tally_decay_kind decay;
    int64_t decay_days;
    bool has_counts_after;
    tally_deadline counts_after;
    bool once_confirmed;
    bool disputed_is_default;
    tally_disputed while_disputed;
    bool spends;
    tally_text because;
    /* Deductions [15]. */
    bool is_deduction;
    const int16_t *obligation_slot_of_type; /* per event type, -1 none */
    uint32_t accepted_by_type, repair_type; /* event types or TALLY_NO_INDEX */
    uint32_t pairs_with_award;              /* index of an award or TALLY_NO_INDEX */
    tally_span span;
} tally_award;

/* ---- score, streaks, tiers, grade [6-9] ----------------------------------- */

typedef struct tally_score_rule {
    bool is_present;         /* the policy has awards */
    int64_t start, shown_on; /* at points_decimals */
    bool has_floor, has_ceiling, each_event;
    int64_t floor, ceiling;
    const tally_expr *needs; /* NULL: none */
} tally_score_rule;

typedef struct tally_streak {
    tally_text name;
    uint8_t unit;
    const tally_expr
        *counts;          /* asked at the period's last instant with sets limited to the period */
    uint32_t freeze_type; /* event type or TALLY_NO_INDEX */
    uint32_t freeze_hold;
    uint32_t repair_missed; /* 0: no repair */
    int64_t repair_again_after_ms;
    bool is_reported;
    tally_span span;
} tally_streak;

typedef struct tally_pause {
    tally_text name;
    uint32_t starts_type, ends_type;
} tally_pause;

typedef enum tally_review_kind {
    TALLY_REVIEW_ALWAYS,    /* at every instant at which anything can change */
    TALLY_REVIEW_EACH,      /* first day of each unit */
    TALLY_REVIEW_MONTH_DAY, /* each month on day N (a shorter month: its last day) */
    TALLY_REVIEW_YEAR_DAYS, /* each D MONTH [and …] */
} tally_review_kind;

typedef struct tally_review {
    tally_review_kind kind;
    uint8_t unit;
    uint8_t day;
    uint32_t date_count;
    const uint8_t (*dates)[2]; /* month, day */
    tally_span span;
} tally_review;

typedef struct tally_tier {
    tally_text name;
    uint32_t id; /* the same in all versions (renames followed) */
    bool has_from;
    int64_t from; /* shown, at points_decimals */
    const tally_expr *gain;
    const tally_expr *keep; /* never NULL unless has_valid: same as gain by default */
    bool keep_is_gain;
    int64_t hold_ms;
    bool has_valid;
    tally_deadline valid;
    tally_review reviewed;
    bool has_price;
    int64_t price, carry; /* points; carry INT64_MAX: no limit */
    tally_span span;
} tally_tier;

typedef struct tally_moves {
    tally_review reviewed;
    bool drop_one, climb_one;
    const tally_expr *locked_while; /* NULL: never */
    tally_text none;                /* name of "no tier"; default "no tier" */
} tally_moves;

typedef struct tally_grade {
    bool is_present;
    const tally_words *labels; /* in written order, one a row */
    uint32_t row_count;
    const tally_expr *const *conditions; /* NULL entry: otherwise */
    tally_review assessed;
    tally_span span;
} tally_grade;

typedef struct tally_let {
    tally_text name;
    bool is_set; /* `every …` */
    const tally_set *set;
    const tally_expr *expr;
    bool is_reported;
    tally_span span;
} tally_let;

typedef struct tally_setting {
    tally_text name;
    int64_t value;
    uint8_t decimals;
    tally_span span;
} tally_setting;

typedef struct tally_fact {
    tally_text name;
    uint8_t decimals;
    uint32_t count;          /* published values */
    const int64_t *from_day; /* local days, ascending */
    const int64_t *values;
    const tally_expr *expr; /* computed by the admission pass, or NULL */
    tally_span span;
} tally_fact;

/* ---- admission [12] -------------------------------------------------------- */

typedef struct tally_write {
    uint32_t type;          /* event type written */
    const tally_expr *to;   /* ID: FIELD or SUBJECT */
    const tally_expr *when; /* NULL: always */
    uint32_t value_count;
    const uint16_t *slots;           /* of the written type */
    const tally_expr *const *values; /* at the field's decimals */
    tally_span span;
} tally_write;

typedef struct tally_admission_rule {
    uint32_t type;
    uint32_t
        let_count; /* local lets, asked with the record in scope; TALLY_OP_LET index >= version->let_count means local */
    const tally_let *lets;
    uint32_t refuse_count;
    const tally_text *refuse_reasons;
    const tally_expr *const *refuse_when;
    uint32_t write_count; /* 0: the record itself goes through */
    const tally_write *writes;
    tally_span span;
} tally_admission_rule;

/* ---- what a live policy declares [15] --------------------------------------- */

typedef struct tally_source {
    tally_text name;
    uint32_t type_count;
    const uint32_t *types;
    tally_text rate;
    /* The same as numbers when it is a constant per calendar unit; the charter lets no other live. */
    bool has_calendar_rate;
    uint8_t rate_unit; /* tally_unit */
    int64_t rate_count;
    tally_span span;
} tally_source;
typedef struct tally_benefit {
    tally_text name, class_name, needs, at, each, without_points, non_members;
    bool has_quantity, has_stock;
    int64_t quantity, stock;
    uint32_t needs_tier; /* version's tier index or TALLY_NO_INDEX */
    tally_span span;
} tally_benefit;
/* Any text a reader of the policy meets, for the word lint: where and what. */
typedef struct tally_policy_word {
    tally_span span;
    const char *role;
} tally_policy_word;

/* ---- a version, a policy ---------------------------------------------------- */

typedef struct tally_version {
    int64_t from_ms; /* INT64_MIN for the first */
    int64_t from_day;
    uint8_t hash[32];
    uint8_t previous[32];
    bool has_previous;
    tally_text title, purpose, contact, owner, sponsor, members, basis;
    tally_text document; /* the YAML text of this version */
    uint32_t zone;       /* index into policy->zones; TALLY_NO_INDEX: each event's own offset */
    tally_month_end month_end;
    int64_t keeps_months; /* 0: not given */
    int64_t keeps_ms;
    int64_t duplicate_window_ms;

    uint32_t source_count;
    const tally_source *sources;
    uint32_t setting_count;
    const tally_setting *settings;
    uint32_t fact_count;
    const tally_fact *facts;
    uint32_t let_count;
    const tally_let *lets;
    uint32_t limit_count;
    const tally_limit *limits;
    uint32_t award_count;
    const tally_award *awards;
    uint32_t streak_count;
    const tally_streak *streaks;
    uint32_t pause_count;
    const tally_pause *pauses;
    uint32_t tier_count;
    const tally_tier *tiers;
    uint32_t benefit_count;
    const tally_benefit *benefits;
    uint32_t admission_count;
    const tally_admission_rule *admission;
    uint32_t word_count;
    const tally_policy_word *words;
    tally_score_rule score;
    tally_moves moves;
    tally_grade grade;
    bool has_keep_until;
    int64_t keep_tiers_until_ms; /* first instant at which held tiers may be lost again */

    /* awards_of_type[t] lists the awards for type t, in written order. */
    const uint32_t *const *awards_of_type;
    const uint32_t *award_count_of_type;

    /* Every window and deadline of this version's rules, once each, so that
     * the engine can find the instants at which an answer may change. */
    uint32_t window_count;
    const tally_window *const *windows;
    /* Constant whole-day or ms shifts by which some comparison on days or
     * instants may flip (e.g. `today >= first.day + 7 days`). */
    bool uses_now; /* some rule reads now, today or a streak: may change every day */
} tally_version;

struct tally_reads; /* policy/reads.h */
struct tally_tests; /* policy/tests.h */

struct tally_policy {
    tally_arena *arena;
    tally_text file_name;
    tally_text programme;
    bool is_about_organisations;
    uint8_t points_decimals; /* the same in all versions */
    uint32_t type_count;     /* includes the five record types */
    const tally_event_type *types;
    uint32_t zone_count;
    const tally_text *zone_names;
    const tally_zone *const *zones;
    uint32_t version_count;
    const tally_version *versions;
    uint32_t award_id_count, limit_id_count, tier_id_count;
    const tally_text *award_names; /* by id */
    const tally_text *tier_names;  /* by id */
    const struct tally_reads *reads;
    const struct tally_tests *tests;
    /* True if results need no replay through time: no tier with keep, hold,
     * valid, review or price, no throughout, no streak. */
    bool is_memoryless;
    tally_deadline_table never;
};

#endif
