/* SPDX-License-Identifier: Apache-2.0 */
/* The pure half of admission: everything that can be said of a batch from its own bytes and the
 * policy. It runs in any thread; what it makes belongs to one arena. */

#include "batch/check.h"
#include "ledger/admit_internal.h"
#include "score/context.h"

/* The fields of the policy that decide which instants a bare day stands for. */
static const tally_zone *zone_of(const tally_policy *policy)
{
    const tally_version *newest = &policy->versions[policy->version_count - 1];

    return newest->zone == TALLY_NO_INDEX ? NULL : policy->zones[newest->zone];
}

static void set_instants(tally_prepared_event *event, const tally_batch_event *from,
                         const tally_zone *zone)
{
    if (from->at.has_time)
        return; /* an instant, and the checker has set it */
    event->last_ms = tally_local_day_start(zone, 0, from->at.day + 1) - 1;
}

static void refuse(tally_prepared_event *event, const tally_batch_problem *problem)
{
    event->is_refused = true;
    event->refusal = (tally_event_refusal){ problem->code, problem->right, problem->sentence };
}

static tally_rc check_events(tally_prepared_batch *prepared, tally_err *err)
{
    const tally_zone *zone = zone_of(prepared->policy);
    tally_batch_checker *checker = NULL;
    tally_rc rc = tally_batch_checker_new(&checker, prepared->policy, prepared->arena, err);

    for (uint32_t i = 0; rc == TALLY_OK && i < prepared->batch.event_count; i++) {
        const tally_batch_event *from = &prepared->batch.events[i];
        const tally_batch_problem *problem = from->problem;
        tally_prepared_event *event = &prepared->events[i];
        tally_batch_checked checked;

        if (problem == NULL)
            rc = tally_batch_check_event(checker, from, &checked, &problem, prepared->arena, err);
        if (rc != TALLY_OK)
            break;
        if (problem != NULL) {
            refuse(event, problem);
            continue;
        }
        event->type = checked.type;
        event->first_ms = event->last_ms = checked.at_ms;
        event->offset_s = checked.offset_s;
        event->of = checked.of;
        set_instants(event, from, zone);
    }
    return rc;
}

static tally_rc prepare(tally_prepared_batch *prepared, tally_text message, tally_denial *denial,
                        tally_err *err)
{
    tally_batch_reader *reader = NULL;
    tally_err why = TALLY_ERR_INIT;
    tally_rc rc = tally_batch_reader_new(&reader, err);

    if (rc == TALLY_OK)
        rc = tally_batch_parse(&prepared->batch, reader, message, prepared->arena, &why);
    tally_batch_reader_free(reader);
    if (rc == TALLY_E_INVALID)
        return tally_deny(denial, err, rc, "E_SCHEMA", "R8",
                          "mend the message as docs/formats/batch.md says and sign it again",
                          "this is not a batch: line %u: %s; nothing was stored", why.line,
                          why.message);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, why.line, "%s", why.message);
    rc = tally_batch_verify(&prepared->batch, &prepared->tree, prepared->arena, &why);
    if (rc == TALLY_E_DENIED)
        return tally_deny(denial, err, rc, "E_SOURCE", "R10",
                          "sign the batch with the source's key after the last change to it",
                          "the signature does not belong to this batch: %s; nothing was stored",
                          why.message);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "%s", why.message);
    prepared->events = tally_arena_zalloc_array(prepared->arena, prepared->batch.event_count + 1,
                                                sizeof(*prepared->events));
    if (prepared->events == NULL)
        return tally_err_set(err, tally_arena_failure(prepared->arena), 0, "reading a batch");
    return check_events(prepared, err);
}

tally_rc tally_admit_prepare(tally_prepared_batch **out_prepared, const tally_policy *policy,
                             tally_text message, tally_denial *denial, tally_err *err)
{
    tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    tally_prepared_batch *prepared =
        arena != NULL ? tally_arena_zalloc(arena, sizeof(*prepared)) : NULL;
    tally_rc rc;

    if (prepared == NULL) {
        tally_arena_free(arena);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a batch");
    }
    prepared->arena = arena;
    prepared->policy = policy;
    rc = prepare(prepared, message, denial, err);
    if (rc != TALLY_OK) {
        tally_arena_free(arena);
        return rc;
    }
    *out_prepared = prepared;
    return TALLY_OK;
}

void tally_prepared_batch_free(tally_prepared_batch *prepared)
{
    if (prepared != NULL)
        tally_arena_free(prepared->arena);
}
