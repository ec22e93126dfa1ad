/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_STATEMENT_H
#define TALLY_SCORE_STATEMENT_H

/* Building statements: what its files share, and the entry for callers that
 * hold histories as columns. include/tally/statement.h is the contract of what
 * comes out. */

#include "score/answers.h"
#include "tally/statement.h"
#include "util/buffer.h"
#include "util/intern.h"

typedef struct tally_statement_question {
    const struct tally_policy *policy;
    const tally_history *history;
    const tally_facts *facts;   /* may be NULL */
    tally_text subject;         /* its name for the reader; may be empty */
    int64_t as_of_ms;
    const tally_intern *tokens; /* the texts of ids; NULL: ids are left out of the details */
    uint32_t refusal_count;
    const tally_refusal *refusals;
} tally_statement_question;

/* Errors as for tally_subject_statement(). */
TALLY_MUST_CHECK tally_rc tally_statement_build(tally_statement **out_statement,
                                                const tally_statement_question *question,
                                                tally_err *err);

/* The next instant at which the result changes with no new record, and what it
 * will be then. */
typedef struct tally_next_change {
    bool is_found;
    int64_t at_ms;       /* of the change; not found: nothing changes before this instant */
    tally_result result; /* lives as long as the answers */
} tally_next_change;

/* `from` is the result at `t`. The answers must know only what is known at t
 * (tally_statement_known()) and have been opened for a later K, where the search ends. */
TALLY_MUST_CHECK tally_rc tally_next_change_find(tally_answers *answers, int64_t t,
                                                 const tally_result *from,
                                                 tally_next_change *out_change, tally_err *err);

/* How far ahead of t the next change is looked for. */
int64_t tally_next_change_horizon(int64_t t);

/* The records known at t, in the arena or as they are. */
TALLY_MUST_CHECK tally_rc tally_statement_known(const tally_history *history, int64_t t,
                                                tally_arena *arena, tally_history *out_known,
                                                tally_err *err);

/* ---- inside ---------------------------------------------------------------------- */

/* One statement at work. Texts are put together in `buffer` and kept in `own`. */
typedef struct tally_teller {
    const tally_statement_question *question;
    const struct tally_policy *policy;
    tally_answers *answers;
    tally_context *context;
    tally_arena *own;      /* lives as long as the statement */
    tally_arena *work;     /* for building only */
    tally_buffer buffer;
    tally_statement *statement;
    uint32_t version;      /* in force at t */
    int64_t t;
    bool is_out_of_memory; /* some text could not be kept */
} tally_teller;

/* Move the buffer's text to the statement; "" and is_out_of_memory when that fails. */
const char *tally_teller_keep(tally_teller *teller);
const char *tally_teller_keep_text(tally_teller *teller, tally_text text);

/* Append to the buffer. */
void tally_teller_points(tally_teller *teller, int64_t points); /* "1 095" */
void tally_teller_points_word(tally_teller *teller, int64_t points); /* "1 point", "5 points" */
void tally_teller_day(tally_teller *teller, int64_t instant);   /* local day in the version's zone */
void tally_teller_source(tally_teller *teller, tally_text text); /* a rule's text on one line */
/* A value for a reader. with_percent: a ratio as a percentage. Nothing is "not known", or "no rate" for a ratio. */
void tally_teller_value(tally_teller *teller, tally_value_type type, uint8_t decimals,
                        const tally_words *domain, tally_value value, bool with_percent);

/* A growing list of legs. */
typedef struct tally_leg_list {
    size_t count, room;
    tally_statement_leg *legs;
} tally_leg_list;

/* Append exactly the failing or unknown legs of a condition; nothing if it is met. */
TALLY_MUST_CHECK tally_rc tally_legs_collect(tally_teller *teller, uint32_t version,
                                             const tally_expr *expr, const tally_scope *scope,
                                             tally_leg_list *list, tally_err *err);

/* Is the only leg a number of points on the score? out_missing: how many more. */
TALLY_MUST_CHECK tally_rc tally_legs_missing_points(tally_teller *teller, uint32_t version,
                                                    const tally_expr *expr,
                                                    const tally_scope *scope, bool *out_is_score,
                                                    int64_t *out_missing, tally_err *err);

/* Give a rendering's bytes to the caller, or release them and report the failure. */
TALLY_MUST_CHECK tally_rc tally_statement_hand_over(tally_buffer *buffer, char **out_text,
                                                    size_t *out_bytes, tally_err *err);

/* Fill the statement's lines. standing is that at t, or NULL without a score. */
TALLY_MUST_CHECK tally_rc tally_lines_build(tally_teller *teller, const tally_standing *standing,
                                            tally_err *err);

#endif
