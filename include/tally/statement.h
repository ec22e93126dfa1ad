/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_STATEMENT_H
#define TALLY_STATEMENT_H

/* Statements: a result explained line by line, as the charter's R15 asks.
 *
 * A statement is made for one subject's records and one instant. Its lines sum
 * exactly to the score that it shows; a sum that did not would not be handed
 * out (TALLY_E_CORRUPT, "E_UNEXPLAINED"). It says what was cut and by which
 * limit, what has ended and what was taken back, which conditions fail for the
 * next tier or for a better grade, and when the result changes by itself.
 *
 * A statement never changes and owns everything it points to; many threads may
 * read it. Texts are UTF-8 and never NULL: "" where there is nothing to say.
 * Numbers of points count units of 10^-points_decimals. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a line is, or what has become of its award. */
typedef enum tally_line_state {
    TALLY_LINE_BASE,           /* the number that scores are shown on */
    TALLY_LINE_START,          /* the points everybody starts with */
    TALLY_LINE_COUNTS,
    TALLY_LINE_NOT_YET,        /* its answer period runs, or it waits for a decision */
    TALLY_LINE_HELD_OUT,       /* disputed, and left out until the decision */
    TALLY_LINE_PAUSED,         /* a deduction during a pause */
    TALLY_LINE_EXPIRED,
    TALLY_LINE_TAKEN_BACK,     /* reversed, dropped by a decision, or repaired */
    TALLY_LINE_NOT_AMONG_BEST, /* only the best few count */
    TALLY_LINE_CUT,            /* a limit, the floor or the 25 % rule left nothing of it */
    TALLY_LINE_SPENDING,       /* used up other lines' points; stands for nothing itself */
    TALLY_LINE_BOUND,          /* what the floor or ceiling adds or takes at the end */
    TALLY_LINE_NO_AWARD,       /* an event that earned nothing */
    TALLY_LINE_VOID,           /* an event that never happened, kept as a trail */
} tally_line_state;

typedef struct tally_statement_line {
    tally_line_state state;
    const char *event_id;   /* "" when no event is behind the line, or ids were not kept */
    const char *event_type;
    const char *day;        /* local day of the event, 2026-02-11 */
    int64_t at_ms;          /* meaningless when there is no event */
    const char *name;       /* of the award, or what the line is */
    const char *details;    /* the event's fields: "trees 2" */
    const char *because;    /* the policy's reason */
    int64_t amount;         /* what it adds to the score now */
    int64_t raw;            /* what the rule gave before any limit */
    int64_t cut;            /* by limits, floor or share, as a positive number */
    int64_t decayed, spent; /* of a counting line */
    const char *limit;      /* the limit that cut it: "200 per calendar year" */
    const char *until;      /* day of its expiry, "" when it never expires */
    int64_t until_ms;       /* INT64_MAX when it never expires */
    const char *note;       /* whole sentences about limits, disputes, corrections; "" for none */
    bool is_disputed;
} tally_statement_line;

/* One condition of a rule that is not met, or a heading ("one of these"). */
typedef struct tally_statement_leg {
    uint32_t depth;       /* under the headings above it */
    bool is_heading;
    bool is_unknown;      /* neither met nor failed: no rate, not known */
    const char *rule;     /* as written in the policy */
    const char *sentence; /* "needs 50, has 46: 4 more" with its subject */
} tally_statement_leg;

/* A tier or a row of the grade table, and why it is not (or is) the result. */
typedef struct tally_statement_step {
    const char *name;
    const char *rule;   /* as written */
    bool is_result;
    size_t leg_count;   /* exactly the failing legs, cut with a last one that says so beyond
                         * some 1,000; 0 for the result */
    const tally_statement_leg *legs;
} tally_statement_step;

typedef struct tally_statement_report {
    const char *name;
    const char *value; /* "no rate", "not known" for nothing */
    bool is_nothing;
} tally_statement_report;

typedef struct tally_statement {
    /* The rules. */
    const char *programme, *title, *contact;
    uint32_t version, version_count; /* version counts from 1 */
    uint8_t policy_hash[32];         /* of the version in force */
    uint8_t points_decimals;
    bool is_about_organisations;

    /* The question. */
    const char *subject;
    int64_t as_of_ms;
    const char *as_of; /* a local day, or an instant within it */

    /* The result. */
    const char *state; /* "scored", "no rating", "no score" */
    bool has_score;    /* score and shown are set */
    int64_t score, shown;
    bool has_tiers;
    const char *tier;       /* the tier, or what the policy calls none */
    bool has_tier;
    const char *tier_since; /* day, or "" */
    const char *tier_until; /* last day on which it is valid, or "" */
    bool has_grade;
    const char *grade;      /* the label, or "no grade" */
    const char *grade_day;  /* with assessments: the day of the last one; else "" */

    /* Why. */
    size_t line_count;
    const tally_statement_line *lines;
    size_t report_count;
    const tally_statement_report *reports;
    bool has_next_tier;
    tally_statement_step next_tier;
    const char *next_tier_sentence; /* "5 more points and you are an oak" */
    size_t grade_row_count;         /* the rows tried, up to the result */
    const tally_statement_step *grade_rows;

    /* What time alone will do. */
    bool has_next_change;
    int64_t next_change_ms;
    const char *next_change_day;
    const char *next_change;       /* "the score becomes 1 055" */
    const char *searched_until;    /* no change by itself before this day, if has_next_change is false */
    const char *next_lapse_day;    /* first expiry of a line that counts, or "" */

    size_t refused_count; /* records that were refused: one sentence each */
    const char *const *refused;
} tally_statement;

/* Release a statement. NULL is allowed. */
TALLY_API void tally_statement_free(tally_statement *statement);

typedef struct tally_text_options {
    uint32_t width;      /* 80 to 100; other numbers are brought into that range */
    bool with_colour;    /* ANSI colours */
    bool is_whole;       /* every event that earned nothing, not only the last ten of a type */
    bool names_events;   /* each event's id below its line: with a programme's events, who attested it */
} tally_text_options;

/* The statement for a person to read: plain text, lines ending in LF.
 *
 * out_text   NUL-terminated; released with tally_statement_free_text().
 * out_bytes  without the NUL; may be NULL.
 * options    may be NULL: 96 columns, no colour.
 *
 * TALLY_E_LIMIT   longer than 64 MiB
 * TALLY_E_NOMEM   allocation failed */
TALLY_API TALLY_MUST_CHECK tally_rc tally_statement_render_text(const tally_statement *statement,
                                                                char **out_text, size_t *out_bytes,
                                                                const tally_text_options *options,
                                                                tally_err *err);

/* The same as JSON, with everything. Errors and ownership as above. */
TALLY_API TALLY_MUST_CHECK tally_rc tally_statement_render_json(const tally_statement *statement,
                                                                char **out_text, size_t *out_bytes,
                                                                tally_err *err);

/* Release a rendering. NULL is allowed. */
TALLY_API void tally_statement_free_text(char *text);

/* The stable name of a line's state: "counts", "expired", "void" … */
TALLY_API const char *tally_line_state_name(tally_line_state state);

#ifdef __cplusplus
}
#endif

#endif
