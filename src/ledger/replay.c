/* SPDX-License-Identifier: Apache-2.0 */
/* Admitted events as a history: see replay.h. */

#include "ledger/replay.h"

#include "policy/program.h"
#include "score/statement.h"
#include "util/arena.h"

#define REPLAY_BYTES_MAX ((size_t)2 << 30)
#define TOKEN_BYTES_MAX  ((size_t)512 << 20)

struct tally_replay {
    tally_arena *arena; /* this and everything it points to */
    const tally_policy *policy;
    tally_intern *tokens;
    uint32_t count, room;
    tally_record *records;
    bool is_finished;
    tally_history history;
    uint32_t refusal_count;
    const tally_refusal *refusals;
};

tally_rc tally_replay_new(tally_replay **out_replay, const tally_policy *policy, tally_err *err)
{
    tally_arena *arena = tally_arena_new(REPLAY_BYTES_MAX);
    tally_replay *replay = arena != NULL ? tally_arena_zalloc(arena, sizeof(*replay)) : NULL;

    if (replay != NULL)
        replay->tokens = tally_intern_new(TOKEN_BYTES_MAX, 0);
    if (replay == NULL || replay->tokens == NULL) {
        tally_arena_free(arena);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a subject's events");
    }
    replay->arena = arena;
    replay->policy = policy;
    *out_replay = replay;
    return TALLY_OK;
}

void tally_replay_free(tally_replay *replay)
{
    if (replay == NULL)
        return;
    tally_intern_free(replay->tokens);
    tally_arena_free(replay->arena);
}

uint32_t tally_replay_count(const tally_replay *replay)
{
    return replay->count;
}

static tally_rc no_memory(const tally_replay *replay, tally_err *err)
{
    return tally_err_set(err, tally_arena_failure(replay->arena), 0,
                         "a subject's events need more memory than they may use");
}

static tally_rc make_room(tally_replay *replay, tally_err *err)
{
    uint32_t room = replay->room == 0 ? 64 : 2 * replay->room;
    tally_record *records;

    TALLY_ASSERT(!replay->is_finished);
    if (replay->count < replay->room)
        return TALLY_OK;
    if (replay->count >= TALLY_REPLAY_EVENTS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a subject has at most %u events",
                             TALLY_REPLAY_EVENTS_MAX);
    records = tally_arena_zalloc_array(replay->arena, room, sizeof(*records));
    if (records == NULL)
        return no_memory(replay, err);
    for (uint32_t i = 0; i < replay->count; i++)
        records[i] = replay->records[i];
    replay->records = records;
    replay->room = room;
    return TALLY_OK;
}

/* "SOURCE/ID" in the arena. False: no memory. */
static bool join(tally_replay *replay, tally_text *out, tally_text source, tally_text id)
{
    char *bytes = tally_arena_alloc(replay->arena, source.count + 1 + id.count + 1);

    if (bytes == NULL)
        return false;
    for (size_t i = 0; i < source.count; i++)
        bytes[i] = source.bytes[i];
    bytes[source.count] = '/';
    for (size_t i = 0; i < id.count; i++)
        bytes[source.count + 1 + i] = id.bytes[i];
    bytes[source.count + 1 + id.count] = '\0';
    *out = tally_text_of(bytes, source.count + 1 + id.count);
    return true;
}

static bool is_about_a_record(const tally_policy *policy, tally_text type)
{
    for (uint32_t i = 0; i < TALLY_RECORD_TYPES; i++) {
        if (tally_text_is_equal(policy->types[i].name, type))
            return true;
    }
    return false;
}

static bool copy_fields(tally_replay *replay, tally_record *record, tally_text source,
                        const tally_batch_event *event)
{
    bool has_of = is_about_a_record(replay->policy, event->type);
    tally_record_text *fields =
        tally_arena_zalloc_array(replay->arena, (size_t)event->field_count + 1, sizeof(*fields));

    if (fields == NULL)
        return false;
    for (uint32_t i = 0; i < event->field_count; i++) {
        const tally_record_text *from = &event->fields[i];
        bool is_copied = has_of && tally_text_is(from->name, "of")
                             ? join(replay, &fields[i].value, source, from->value)
                             : tally_arena_copy_text(replay->arena, &fields[i].value, from->value);

        if (!is_copied || !tally_arena_copy_text(replay->arena, &fields[i].name, from->name))
            return false;
    }
    record->fields = fields;
    record->field_count = event->field_count;
    return true;
}

tally_rc tally_replay_add(tally_replay *replay, tally_text source, int64_t recorded_ms,
                          const tally_batch_event *event, tally_err *err)
{
    tally_record record = { .at_ms = tally_score_moment_ms(replay->policy, event->at),
                            .recorded_ms = recorded_ms,
                            .offset_s = event->at.has_offset ? event->at.offset_s : 0 };
    tally_rc rc = make_room(replay, err);

    if (rc != TALLY_OK)
        return rc;
    if (!tally_arena_copy_text(replay->arena, &record.type, event->type) ||
        !join(replay, &record.id, source, event->id) ||
        !copy_fields(replay, &record, source, event))
        return no_memory(replay, err);
    replay->records[replay->count++] = record;
    return TALLY_OK;
}

tally_rc tally_replay_revoke(tally_replay *replay, tally_text source,
                             const tally_batch_event *event, int64_t revoked_ms, tally_err *err)
{
    tally_record record = { .type = replay->policy->types[TALLY_RECORD_VOID].name,
                            .at_ms = revoked_ms,
                            .recorded_ms = revoked_ms,
                            .field_count = 1 };
    tally_record_text *of = tally_arena_zalloc(replay->arena, sizeof(*of));
    tally_text id;
    tally_rc rc = make_room(replay, err);

    if (rc != TALLY_OK)
        return rc;
    if (of == NULL || !join(replay, &of->value, source, event->id) ||
        !join(replay, &id, TALLY_TEXT("revoked"), of->value))
        return no_memory(replay, err);
    of->name = TALLY_TEXT("of");
    record.fields = of;
    record.id = id;
    replay->records[replay->count++] = record;
    return TALLY_OK;
}

tally_rc tally_replay_finish(tally_replay *replay, bool is_newest_first, tally_err *err)
{
    tally_history_builder *builder;
    tally_rc rc =
        tally_history_builder_new(&builder, replay->policy, replay->arena, replay->tokens, err);

    /* Of two events with one id the one admitted first stands, so the order counts. */
    for (uint32_t i = 0; rc == TALLY_OK && i < replay->count; i++) {
        uint32_t index = is_newest_first ? replay->count - 1 - i : i;

        rc = tally_history_builder_add(builder, &replay->records[index], err);
    }
    if (rc == TALLY_OK)
        rc = tally_history_builder_finish(builder, &replay->history, &replay->refusals,
                                          &replay->refusal_count, err);
    replay->is_finished = rc == TALLY_OK;
    return rc;
}

tally_rc tally_replay_score(tally_replay *replay, int64_t as_of_ms, tally_result *out_result,
                            tally_err *err)
{
    TALLY_ASSERT(replay->is_finished);
    return tally_score_compute(replay->policy, &replay->history, NULL, as_of_ms, replay->arena,
                               out_result, err);
}

tally_rc tally_replay_statement(tally_replay *replay, tally_text subject, int64_t as_of_ms,
                                tally_statement **out_statement, tally_err *err)
{
    const tally_statement_question question = { .policy = replay->policy,
                                                .history = &replay->history,
                                                .subject = subject,
                                                .as_of_ms = as_of_ms,
                                                .tokens = replay->tokens,
                                                .refusal_count = replay->refusal_count,
                                                .refusals = replay->refusals };

    TALLY_ASSERT(replay->is_finished);
    return tally_statement_build(out_statement, &question, err);
}
