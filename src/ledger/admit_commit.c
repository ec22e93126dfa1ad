/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of admission: one transaction that decides each event against what is stored, and
 * appends what stands. docs/ledger.md section 4. */

#include <string.h>
#include "batch/check.h"
#include "ledger/admit_internal.h"
#include "ledger/admit_reply.h"
#include "ledger/batch_record.h"
#include "ledger/record.h"
#include "ledger/source.h"
#include "ledger/subject_events.h"
#include "util/alloc.h"

typedef struct commit {
    tally_prepared_batch *prepared;
    tally_admit_cache *cache;
    tally_source_record source;
    const tally_source *rule; /* what the policy lets this source do */
    tally_denial *denial;
    tally_buffer *out_reply;
    size_t reply_at; /* what stood in it before */
    bool has_run;
    tally_admitted result;
    int64_t now_ms, batch;
    /* By position; in the prepared batch's arena. */
    uint64_t *marks;               /* 0: not admitted */
    int64_t *subjects;             /* 0: not admitted */
    tally_event_refusal *refusals; /* code NULL: none */
    tally_stored_event *stored;    /* the first result.admitted */
    uint8_t *nonces;
    tally_batch_checker *checker; /* made when a correction asks for it */
} commit;

/* ---- one event ------------------------------------------------------------------ */

static tally_event_refusal refusal(const char *code, const char *right, const char *sentence)
{
    return (tally_event_refusal){ code, right, tally_text_from(sentence) };
}

static bool is_own_type(const commit *c, uint32_t type)
{
    for (uint32_t i = 0; i < c->rule->type_count; i++) {
        if (c->rule->types[i] == type)
            return true;
    }
    return false;
}

typedef struct target_search {
    const tally_policy *policy;
    tally_text id;
    uint32_t source;
    bool is_found;
    uint32_t type;
} target_search;

static uint32_t type_of(const tally_policy *policy, tally_text name)
{
    for (uint32_t i = 0; i < policy->type_count; i++) {
        if (tally_text_is_equal(policy->types[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

static tally_rc visit_target(void *context, const tally_subject_event *event, bool *out_is_enough,
                             tally_err *err)
{
    target_search *search = context;

    (void)err;
    if (event->plain.source == search->source && tally_text_is_equal(event->event.id, search->id)) {
        search->type = type_of(search->policy, event->event.type);
        search->is_found = *out_is_enough = true;
    }
    return TALLY_OK;
}

/* Find the event that a record is about: the same source's, about the same subject, stored or
 * earlier in this batch. */
static tally_rc find_target(tally_store_transaction *transaction, const commit *c,
                            uint32_t position, const tally_known_subject *subject,
                            target_search *search, tally_err *err)
{
    for (uint32_t i = 0; i < position; i++) {
        if (c->subjects[i] == subject->subject &&
            tally_text_is_equal(c->prepared->batch.events[i].id, search->id)) {
            search->is_found = true;
            search->type = c->prepared->events[i].type;
            return TALLY_OK;
        }
    }
    return tally_subject_events(transaction, subject->subject,
                                subject->is_organisation ? NULL : subject->data_key, subject->rid,
                                0, visit_target, search, err);
}

/* A record about a record: its target must be there, and a correction's fields be the target's. */
static tally_rc check_target(tally_store_transaction *transaction, commit *c, uint32_t position,
                             const tally_known_subject *subject, tally_event_refusal *out,
                             tally_err *err)
{
    const tally_prepared_event *event = &c->prepared->events[position];
    const tally_batch_event *from = &c->prepared->batch.events[position];
    target_search search = { c->prepared->policy, event->of, c->source.number, false, 0 };
    const tally_batch_problem *problem = NULL;
    tally_batch_checked checked;
    tally_rc rc = find_target(transaction, c, position, subject, &search, err);

    if (rc != TALLY_OK)
        return rc;
    if (!search.is_found || search.type == TALLY_NO_INDEX ||
        (event->type != TALLY_RECORD_VOID && search.type < TALLY_RECORD_TYPES)) {
        *out = refusal("E_UNKNOWN_OF", "R15",
                       "no admitted event of this source about this subject has the id in `of`");
        return TALLY_OK;
    }
    if (event->type != TALLY_RECORD_CORRECTION)
        return TALLY_OK;
    if (c->checker == NULL)
        rc = tally_batch_checker_new(&c->checker, c->prepared->policy, c->prepared->arena, err);
    if (rc == TALLY_OK)
        rc = tally_batch_check_event(c->checker, from, &checked, &problem, c->prepared->arena, err);
    if (rc == TALLY_OK && problem == NULL)
        rc = tally_batch_check_correction(c->checker, from, search.type, &checked, &problem,
                                          c->prepared->arena, err);
    if (rc == TALLY_OK && problem != NULL)
        *out = (tally_event_refusal){ problem->code, problem->right, problem->sentence };
    return rc;
}

static tally_rc check_rate(tally_ledger *ledger, tally_store_transaction *transaction, commit *c,
                           const tally_prepared_event *event, tally_known_subject *subject,
                           tally_event_refusal *out, tally_err *err)
{
    bool is_within = true;
    int32_t period;
    tally_rc rc;

    if (!c->rule->has_calendar_rate || event->type < TALLY_RECORD_TYPES)
        return TALLY_OK;
    period = tally_rate_period(ledger, c->rule, event->first_ms, event->offset_s);
    rc = tally_admit_count(ledger, transaction, subject, c->source.number, period,
                           c->rule->rate_count, &is_within, err);
    if (rc == TALLY_OK && !is_within)
        *out = refusal("E_RATE", "R10",
                       "more events of this source about this subject in one period than the "
                       "policy lets it send");
    return rc;
}

/* What stands against an event; out->code stays NULL when nothing does. */
static tally_rc decide(tally_ledger *ledger, tally_store_transaction *transaction, commit *c,
                       uint32_t position, tally_known_subject **out_subject,
                       tally_event_refusal *out, tally_err *err)
{
    const tally_prepared_event *event = &c->prepared->events[position];
    const tally_batch_event *from = &c->prepared->batch.events[position];
    tally_known_subject *subject;
    tally_rc rc;

    if (event->is_refused) {
        *out = event->refusal;
        return TALLY_OK;
    }
    if (!is_own_type(c, event->type)) {
        *out = refusal("E_SOURCE", "R10", "the policy lets this source attest no such event");
        return TALLY_OK;
    }
    rc = tally_admit_subject(ledger, transaction, from->subject, c->source.number,
                             tally_text_from(c->source.keys[0].did), &subject, err);
    if (rc != TALLY_OK)
        return rc;
    *out_subject = subject;
    if (subject->subject == 0 || !tally_admit_covers(subject, event->first_ms, event->last_ms) ||
        !tally_admit_covers(subject, c->now_ms, c->now_ms)) {
        *out = refusal("E_NOT_RECORDED", "R1", "not recorded");
        return TALLY_OK;
    }
    if (tally_id_marks_has(&c->cache->marks, c->marks[position], c->now_ms)) {
        *out = refusal("E_DUPLICATE", "R10", "an event with this id was admitted before");
        return TALLY_OK;
    }
    if (event->type < TALLY_RECORD_TYPES)
        rc = check_target(transaction, c, position, subject, out, err);
    if (rc == TALLY_OK && out->code == NULL)
        rc = check_rate(ledger, transaction, c, event, subject, out, err);
    return rc;
}

static tally_event_content content_of(tally_batch_form form)
{
    return form == TALLY_BATCH_CSV           ? TALLY_CONTENT_CSV
           : form == TALLY_BATCH_CLOUDEVENTS ? TALLY_CONTENT_CLOUDEVENT
                                             : TALLY_CONTENT_JSONL;
}

/* Seal an event that stands. In CSV its bytes are the header row and its own. */
static tally_rc seal(commit *c, uint32_t position, const tally_known_subject *subject,
                     tally_err *err)
{
    const tally_batch *batch = &c->prepared->batch;
    const tally_batch_event *from = &batch->events[position];
    tally_arena *arena = c->prepared->arena;
    size_t count = batch->prefix.count + from->bytes.count;
    uint8_t *sealed = tally_arena_alloc(arena, count + TALLY_EVENT_SEALED_EXTRA);
    tally_event_plain plain = { .content = content_of(batch->header.form),
                                .source = c->source.number,
                                .recorded_ms = c->now_ms,
                                .bytes = from->bytes };
    char *whole;

    if (sealed == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "sealing an event");
    memcpy(plain.salt, from->salt, sizeof(plain.salt));
    if (batch->prefix.count > 0) {
        whole = tally_arena_alloc(arena, count);
        if (whole == NULL)
            return tally_err_set(err, tally_arena_failure(arena), 0, "sealing an event");
        memcpy(whole, batch->prefix.bytes, batch->prefix.count);
        memcpy(whole + batch->prefix.count, from->bytes.bytes, from->bytes.count);
        plain.bytes = tally_text_of(whole, count);
    }
    c->stored[c->result.admitted++] = (tally_stored_event){
        .subject = subject->subject,
        .batch = c->batch,
        .position = position,
        .sealed = tally_text_of((const char *)sealed, count + TALLY_EVENT_SEALED_EXTRA),
    };
    return tally_event_seal(sealed, c->nonces + (size_t)position * 24,
                            subject->is_organisation ? NULL : subject->data_key, subject->rid,
                            c->batch, position, &plain, err);
}

static void mark_all(const commit *c)
{
    for (uint32_t i = 0; i < c->prepared->batch.event_count; i++) {
        if (c->prepared->events[i].is_refused)
            continue;
        c->marks[i] = tally_admit_mark(c->cache, c->source.number, c->prepared->batch.events[i].id);
        tally_id_marks_expect(&c->cache->marks, c->marks[i]);
    }
}

static tally_rc decide_all(tally_ledger *ledger, tally_store_transaction *transaction, commit *c,
                           tally_err *err)
{
    tally_rc rc = TALLY_OK;

    mark_all(c);
    for (uint32_t i = 0; rc == TALLY_OK && i < c->prepared->batch.event_count; i++) {
        tally_known_subject *subject = NULL;
        tally_event_refusal *out = &c->refusals[i];

        rc = decide(ledger, transaction, c, i, &subject, out, err);
        if (rc != TALLY_OK)
            break;
        if (out->code != NULL) {
            c->marks[i] = 0;
            continue;
        }
        c->subjects[i] = subject->subject;
        rc = tally_id_marks_add(&c->cache->marks, c->marks[i], c->now_ms, c->now_ms, err);
        if (rc == TALLY_OK)
            rc = seal(c, i, subject, err);
    }
    return rc;
}

/* ---- the batch ---------------------------------------------------------------------- */

/* The first reply again, when this very batch was admitted before. */
static tally_rc repeat(tally_ledger *ledger, tally_store_transaction *transaction, commit *c,
                       int64_t batch, tally_err *err)
{
    const tally_batch_header *header = &c->prepared->batch.header;
    tally_batch_record record;
    bool is_found = false;
    tally_rc rc = tally_batch_record_load(ledger, transaction, batch, &record, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld is missing", (long long)batch);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_node_is_equal(&record.root, &header->root)) {
        tally_batch_record_free(&record);
        return tally_deny(
            c->denial, err, TALLY_E_CONFLICT, "E_CONFLICT", "R10",
            "send new events under the next number; a number names one batch for ever",
            "batch %llu of this source was another one: its root is not this one's",
            (unsigned long long)header->number);
    }
    c->result = (tally_admitted){ record.count, record.admitted, true };
    rc = tally_buffer_append_text(c->out_reply, record.reply);
    tally_batch_record_free(&record);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "repeating a reply");
}

/* Is this batch the one that is due? *out_repeats: the number of the batch that it repeats. */
static tally_rc check_batch(tally_ledger *ledger, tally_store_transaction *transaction, commit *c,
                            int64_t *out_repeats, tally_err *err)
{
    const tally_batch_header *header = &c->prepared->batch.header;
    bool is_found = false;
    tally_rc rc;

    *out_repeats = 0;
    if (!tally_text_is_equal(header->programme, tally_ledger_origin(ledger)))
        return tally_deny(c->denial, err, TALLY_E_DENIED, "E_CROSS_PROGRAMME", "R7",
                          "send it to the programme that its header names",
                          "this batch is for `%.*s`, this programme is `%.*s`; nothing was stored",
                          TALLY_TEXT_ARGS(header->programme),
                          TALLY_TEXT_ARGS(tally_ledger_origin(ledger)));
    rc = tally_source_find(ledger, transaction, header->source, &c->source, &is_found, err);
    if (rc != TALLY_OK)
        return rc;
    c->rule = is_found ? tally_admit_rule(ledger, tally_text_from(c->source.name)) : NULL;
    if (c->rule == NULL || !tally_source_may_send(&c->source, header->source, header->number))
        return tally_deny(c->denial, err, TALLY_E_DENIED, "E_SOURCE", "R10",
                          "the operator registers sources and their keys: `tally source`",
                          "this key may send no batch %llu here; nothing was stored",
                          (unsigned long long)header->number);
    rc = tally_batch_record_find(transaction, c->source.number, header->number, out_repeats, err);
    if (rc != TALLY_OK || *out_repeats != 0)
        return rc;
    if (header->number != c->source.next_number)
        return tally_deny(
            c->denial, err, TALLY_E_CONFLICT, "E_SEQUENCE", "R10",
            "send the batches in order, each number once; those admitted are answered "
            "again",
            "this is batch %llu, expected is %llu; nothing was stored",
            (unsigned long long)header->number, (unsigned long long)c->source.next_number);
    return TALLY_OK;
}

static tally_rc make_room(tally_ledger *ledger, commit *c, tally_err *err)
{
    tally_arena *arena = c->prepared->arena;
    size_t count = c->prepared->batch.event_count;

    c->marks = tally_arena_zalloc_array(arena, count + 1, sizeof(*c->marks));
    c->subjects = tally_arena_zalloc_array(arena, count + 1, sizeof(*c->subjects));
    c->refusals = tally_arena_zalloc_array(arena, count + 1, sizeof(*c->refusals));
    c->stored = tally_arena_zalloc_array(arena, count + 1, sizeof(*c->stored));
    c->nonces = tally_arena_alloc(arena, count * 24 + 1);
    if (c->marks == NULL || c->subjects == NULL || c->refusals == NULL || c->stored == NULL ||
        c->nonces == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "admitting a batch");
    return tally_random_fill(ledger->options.random, c->nonces, count * 24, err);
}

static tally_rc store_leaves(tally_store_transaction *transaction, const commit *c, tally_err *err)
{
    uint32_t count = c->prepared->batch.event_count;
    size_t bytes = TALLY_BATCH_LEAVES_BYTES(count);
    uint8_t *value = tally_arena_alloc(c->prepared->arena, bytes);

    if (value == NULL)
        return tally_err_set(err, tally_arena_failure(c->prepared->arena), 0, "storing a batch");
    tally_batch_leaves_write(value, count, c->prepared->tree.nodes[0], c->marks);
    return tally_store_put(transaction, TALLY_STORE_BATCH_LEAVES, c->batch,
                           tally_text_of((const char *)value, bytes), err);
}

/* The log record, the promise and the batch's own rows. */
static tally_rc store_batch(tally_ledger *ledger, tally_store_transaction *transaction, commit *c,
                            tally_err *err)
{
    const tally_batch *batch = &c->prepared->batch;
    tally_batch_record record = { .source = c->source.number,
                                  .number = batch->header.number,
                                  .root = batch->header.root,
                                  .header = batch->header_jws,
                                  .count = batch->event_count,
                                  .admitted = c->result.admitted,
                                  .recorded_ms = c->now_ms };
    tally_promise promise = { .batch = batch,
                              .refusals = c->refusals,
                              .admitted = c->result.admitted,
                              .recorded_ms = c->now_ms };
    tally_buffer body;
    tally_rc rc;

    tally_buffer_init(&body, TALLY_STORE_VALUE_BYTES_MAX);
    rc = tally_promise_body(&promise, &body, err);
    if (rc == TALLY_OK) {
        const tally_fact_record fact = { .type = "batch",
                                         .at_ms = c->now_ms,
                                         .body = tally_buffer_text(&body) };

        rc = tally_record_append(ledger, transaction, &fact, &record.log_index, &promise.commitment,
                                 err);
    }
    tally_buffer_free(&body);
    promise.log_index = record.log_index;
    if (rc == TALLY_OK)
        rc = tally_promise_sign(ledger, &promise, c->out_reply, err);
    if (rc != TALLY_OK)
        return rc;
    record.reply = tally_buffer_text(c->out_reply);
    record.reply = tally_text_slice(record.reply, c->reply_at, record.reply.count);
    return tally_batch_record_save(transaction, c->batch, &record, err);
}

static tally_rc work(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    commit *c = context;
    int64_t repeats;
    tally_rc rc;

    if (c->has_run) /* asked to run again: what was remembered the first time did not happen */
        tally_admit_cache_drop(ledger);
    c->has_run = true;
    tally_buffer_truncate(c->out_reply, c->reply_at);
    rc = check_batch(ledger, transaction, c, &repeats, err);
    if (rc != TALLY_OK)
        return rc;
    if (repeats != 0)
        return repeat(ledger, transaction, c, repeats, err);
    c->now_ms = tally_ledger_stamp(ledger);
    c->batch = ++ledger->state.last_batch;
    ledger->state.is_changed = true;
    c->result = (tally_admitted){ .count = c->prepared->batch.event_count };
    rc = tally_admit_cache_of(ledger, &c->cache, err);
    if (rc == TALLY_OK)
        rc = tally_admit_read_marks(ledger, transaction, c->cache, c->now_ms, err);
    if (rc == TALLY_OK)
        rc = make_room(ledger, c, err);
    if (rc == TALLY_OK)
        rc = decide_all(ledger, transaction, c, err);
    if (rc == TALLY_OK)
        rc = tally_store_append(transaction, c->stored, c->result.admitted, err);
    if (rc == TALLY_OK)
        rc = store_leaves(transaction, c, err);
    if (rc == TALLY_OK)
        rc = store_batch(ledger, transaction, c, err);
    if (rc == TALLY_OK)
        rc = tally_source_advance(ledger, transaction, &c->source, err);
    return rc;
}

tally_rc tally_admit_commit(tally_ledger *ledger, tally_prepared_batch *prepared,
                            tally_buffer *out_reply, tally_admitted *out_admitted,
                            tally_denial *denial, tally_err *err)
{
    commit c = { .prepared = prepared,
                 .denial = denial,
                 .out_reply = out_reply,
                 .reply_at = tally_buffer_text(out_reply).count };
    tally_rc rc = tally_ledger_run(ledger, true, work, &c, err);

    if (rc != TALLY_OK) {
        /* What was remembered of this batch never happened. */
        tally_admit_cache_drop(ledger);
        tally_buffer_truncate(out_reply, c.reply_at);
        return rc;
    }
    /* What a record took back no longer counts towards a rate. */
    for (uint32_t i = 0; !c.result.is_repeat && i < prepared->batch.event_count; i++) {
        if (c.subjects[i] != 0 && prepared->events[i].type < TALLY_RECORD_TYPES)
            tally_admit_recount(ledger, c.subjects[i]);
    }
    if (out_admitted != NULL)
        *out_admitted = c.result;
    return TALLY_OK;
}

tally_rc tally_admit(tally_ledger *ledger, tally_text message, tally_buffer *out_reply,
                     tally_admitted *out_admitted, tally_denial *denial, tally_err *err)
{
    tally_prepared_batch *prepared = NULL;
    tally_rc rc = tally_admit_prepare(&prepared, tally_ledger_policy(ledger), message, denial, err);

    if (rc == TALLY_OK)
        rc = tally_admit_commit(ledger, prepared, out_reply, out_admitted, denial, err);
    tally_prepared_batch_free(prepared);
    return rc;
}

/* ---- the next number ----------------------------------------------------------------- */

typedef struct numbering {
    tally_text did;
    tally_source_record source;
    bool is_found;
} numbering;

static tally_rc number_work(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    numbering *n = context;

    return tally_source_find(ledger, transaction, n->did, &n->source, &n->is_found, err);
}

tally_rc tally_admit_next_number(tally_ledger *ledger, tally_text source_did, uint64_t *out_number,
                                 tally_denial *denial, tally_err *err)
{
    numbering n = { .did = source_did };
    tally_rc rc = tally_ledger_run(ledger, false, number_work, &n, err);

    if (rc == TALLY_OK && !n.is_found)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_SOURCE", "R10",
                          "the operator registers sources and their keys: `tally source`",
                          "no source has this key here");
    if (rc == TALLY_OK)
        *out_number = n.source.next_number;
    return rc;
}
