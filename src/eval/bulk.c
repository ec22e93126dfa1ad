/* SPDX-License-Identifier: Apache-2.0 */
/* The columns give scores; a tier is then a threshold that the score reaches. */

#include "eval/bulk.h"

#include <string.h>

#include "eval/session_internal.h"
#include "util/alloc.h"

#define CASES_MAX      4096u
#define EVENTS_MAX     65536u
#define TEXT_BYTES_MAX ((size_t)256 << 10)
#define PLAN_BYTES_MAX ((size_t)256 << 20)

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "evaluating many subjects");
}

/* Is a tier held exactly while the score reaches its threshold? */
static bool is_threshold(const tally_tier *tier)
{
    return tier->has_from && tier->keep_is_gain && !tier->has_valid && !tier->has_price &&
           tier->hold_ms == 0 && tier->reviewed.kind == TALLY_REVIEW_ALWAYS;
}

static bool is_possible(const tally_session *session)
{
    const tally_version *version = &session->policy->versions[session->version];

    if (session->policy->version_count != 1 || session->options.explains ||
        session->slices.needs_builder || !session->policy->is_memoryless ||
        !version->score.is_present || version->grade.is_present ||
        version->moves.reviewed.kind != TALLY_REVIEW_ALWAYS || version->moves.drop_one ||
        version->moves.climb_one || version->moves.locked_while != NULL)
        return false;
    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (!is_threshold(&version->tiers[i]))
            return false;
    }
    for (uint32_t i = 0; i < version->let_count; i++) {
        if (version->lets[i].is_reported)
            return false;
    }
    for (uint32_t i = 0; i < version->streak_count; i++) {
        if (version->streaks[i].is_reported)
            return false;
    }
    return true;
}

tally_rc tally_bulk_start(tally_bulk *bulk, tally_session *session, tally_err *err)
{
    tally_rc rc;

    *bulk = (tally_bulk){ .session = session, .is_possible = is_possible(session) };
    if (!bulk->is_possible)
        return TALLY_OK;
    bulk->arena = tally_arena_new(PLAN_BYTES_MAX);
    bulk->cases = tally_alloc_array(CASES_MAX, sizeof(*bulk->cases));
    bulk->first = tally_alloc_array(CASES_MAX + 1, sizeof(*bulk->first));
    bulk->scores = tally_alloc_array(CASES_MAX, sizeof(*bulk->scores));
    bulk->texts = tally_alloc(TEXT_BYTES_MAX);
    if (bulk->arena == NULL || bulk->cases == NULL || bulk->first == NULL || bulk->scores == NULL ||
        bulk->texts == NULL)
        return no_memory(err);
    bulk->first[0] = 0;
    rc = tally_columns_plan_new(&bulk->plan, session->policy, session->as_of_ms, bulk->arena, err);
    bulk->is_possible = rc == TALLY_OK && tally_columns_is_fast(bulk->plan, NULL);
    return rc;
}

void tally_bulk_stop(tally_bulk *bulk)
{
    tally_arena_free(bulk->arena);
    tally_release(bulk->cases);
    tally_release(bulk->first);
    tally_release(bulk->scores);
    tally_release(bulk->texts);
    *bulk = (tally_bulk){ 0 };
}

static tally_result result_of(const tally_session *session, int64_t score)
{
    const tally_version *version = &session->policy->versions[session->version];
    tally_result result = { .version = session->version,
                            .grade_version = session->version,
                            .state = TALLY_STATE_SCORE,
                            .score = score,
                            .shown = score + version->score.shown_on,
                            .tier = TALLY_NO_INDEX,
                            .has_tiers = version->tier_count != 0,
                            .grade = TALLY_NO_INDEX };

    for (uint32_t i = 0; i < version->tier_count; i++) {
        if (result.shown >= version->tiers[i].from)
            result.tier = i;
    }
    return result;
}

/* Compute those waiting at once. False: something in it left its range. */
static bool compute(tally_bulk *bulk)
{
    const tally_session *session = bulk->session;
    const tally_columns columns = {
        .subject_count = bulk->case_count,
        .first = bulk->first,
        .at_ms = session->slices.at_ms,
        .offset_s = session->gather.layout.offset != 0 ? session->slices.offset_s : NULL,
        .type = session->slices.type,
        .slots = session->slices.slots,
        .slot_count = session->gather.layout.slot_count,
    };

    return tally_columns_compute(bulk->plan, &columns, 0, bulk->case_count, bulk->scores, NULL,
                                 NULL) == TALLY_OK;
}

tally_rc tally_bulk_flush(tally_bulk *bulk, tally_err *err)
{
    bool is_computed = bulk->case_count == 0 || compute(bulk);
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < bulk->case_count; i++) {
        if (is_computed) {
            tally_result result = result_of(bulk->session, bulk->scores[i]);

            rc = tally_results_add(bulk->session->results, bulk->cases[i].subject, &result, err);
        } else {
            /* One by one, so that only the subject at fault has none. */
            rc = tally_session_judge(bulk->session, &bulk->cases[i], err);
        }
    }
    bulk->case_count = 0;
    bulk->event_count = 0;
    bulk->text_count = 0;
    return rc;
}

/* Take a case into the columns. False: it has to be judged by itself. */
static tally_rc take(tally_bulk *bulk, const tally_case *one, bool *is_taken, tally_err *err)
{
    tally_session *session = bulk->session;
    uint32_t count = 0;
    tally_case *waiting = &bulk->cases[bulk->case_count];
    tally_rc rc = tally_slices_append(&session->slices, one->events, one->event_count,
                                      bulk->event_count, EVENTS_MAX, is_taken, &count, err);

    if (rc != TALLY_OK || !*is_taken)
        return rc;
    /* A subject whose first event is yet to come holds nothing. */
    if (count == 0 || session->slices.at_ms[bulk->event_count] > session->as_of_ms) {
        *is_taken = false;
        return TALLY_OK;
    }
    *waiting = *one;
    waiting->subject = tally_text_of(bulk->texts + bulk->text_count, one->subject.count);
    memcpy(bulk->texts + bulk->text_count, one->subject.bytes, one->subject.count);
    bulk->text_count += one->subject.count;
    bulk->event_count += count;
    bulk->first[++bulk->case_count] = bulk->event_count;
    return TALLY_OK;
}

tally_rc tally_bulk_add(tally_bulk *bulk, const tally_case *one, tally_err *err)
{
    bool is_taken = false;
    tally_rc rc = TALLY_OK;

    if (!bulk->is_possible)
        return tally_session_judge(bulk->session, one, err);
    if (bulk->case_count == CASES_MAX || bulk->event_count + one->event_count > EVENTS_MAX ||
        bulk->text_count + one->subject.count > TEXT_BYTES_MAX)
        rc = tally_bulk_flush(bulk, err);
    if (rc == TALLY_OK && one->question_count == 0 && one->event_count <= EVENTS_MAX)
        rc = take(bulk, one, &is_taken, err);
    if (rc == TALLY_OK && !is_taken) {
        rc = tally_bulk_flush(bulk, err);
        if (rc == TALLY_OK)
            rc = tally_session_judge(bulk->session, one, err);
    }
    return rc;
}
