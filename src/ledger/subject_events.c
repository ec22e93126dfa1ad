/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and reading one subject's stored events: see subject_events.h. */

#include "ledger/subject_events.h"

#include "crypto/ed25519.h"
#include "util/alloc.h"

/* Room for one opened event and the texts read from it. */
#define EVENT_ARENA_BYTES_MAX ((size_t)1 << 20)

typedef struct walk {
    const uint8_t *key, *rid;
    tally_batch_reader *reader; /* made for the first event: new members have none */
    uint8_t *room;
    size_t room_bytes;
    tally_subject_visit visit;
    tally_subject_plain_visit visit_plain; /* instead */
    void *context;
} walk;

static tally_batch_form form_of(tally_event_content content)
{
    return content == TALLY_CONTENT_CSV          ? TALLY_BATCH_CSV
           : content == TALLY_CONTENT_CLOUDEVENT ? TALLY_BATCH_CLOUDEVENTS
                                                 : TALLY_BATCH_JSONL;
}

static tally_rc make_room(walk *w, size_t bytes, tally_err *err)
{
    uint8_t *room;

    if (bytes <= w->room_bytes)
        return TALLY_OK;
    room = tally_alloc(bytes);
    if (room == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening an event");
    if (w->room != NULL)
        tally_secret_wipe(w->room, w->room_bytes);
    tally_release(w->room);
    w->room = room;
    w->room_bytes = bytes;
    return TALLY_OK;
}

static tally_rc read_event(const walk *w, tally_subject_event *event, tally_arena *arena,
                           tally_err *err)
{
    tally_rc rc = tally_batch_parse_event(&event->event, w->reader, form_of(event->plain.content),
                                          event->plain.bytes, arena, err);

    if (rc == TALLY_OK && event->event.problem != NULL)
        return tally_err_set(
            err, TALLY_E_CORRUPT, 0, "event %lld was admitted and can no longer be read: %.*s",
            (long long)event->sequence, TALLY_TEXT_ARGS(event->event.problem->sentence));
    return rc;
}

static tally_rc visit_stored(void *context, const tally_stored_event *stored, bool *out_is_enough,
                             tally_err *err)
{
    walk *w = context;
    tally_subject_event event = { .sequence = stored->sequence,
                                  .batch = stored->batch,
                                  .position = stored->position };
    tally_arena *arena;
    tally_rc rc = make_room(w, stored->sealed.count, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_event_open(&event.plain, w->room, w->key, w->rid, stored, err);
    if (rc == TALLY_OK && w->visit_plain != NULL)
        return w->visit_plain(w->context, &event.plain, err);
    if (rc == TALLY_OK && w->reader == NULL)
        rc = tally_batch_reader_new(&w->reader, err);
    if (rc != TALLY_OK)
        return rc;
    arena = tally_arena_new(EVENT_ARENA_BYTES_MAX);
    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading an event");
    rc = read_event(w, &event, arena, err);
    if (rc == TALLY_OK)
        rc = w->visit(w->context, &event, out_is_enough, err);
    tally_arena_free(arena);
    return rc;
}

static tally_rc run(walk *w, tally_store_transaction *transaction, int64_t subject, uint64_t limit,
                    tally_err *err)
{
    tally_rc rc = tally_store_subject_events(transaction, subject, limit, visit_stored, w, err);

    if (w->room != NULL)
        tally_secret_wipe(w->room, w->room_bytes);
    tally_release(w->room);
    return rc;
}

tally_rc tally_subject_events(tally_store_transaction *transaction, int64_t subject,
                              const uint8_t *key, const uint8_t *rid, uint64_t limit,
                              tally_subject_visit visit, void *context, tally_err *err)
{
    walk w = { .key = key, .rid = rid, .visit = visit, .context = context };
    tally_rc rc = run(&w, transaction, subject, limit, err);

    tally_batch_reader_free(w.reader);
    return rc;
}

tally_rc tally_subject_plain_events(tally_store_transaction *transaction, int64_t subject,
                                    const uint8_t *key, const uint8_t *rid, uint64_t limit,
                                    tally_subject_plain_visit visit, void *context, tally_err *err)
{
    walk w = { .key = key, .rid = rid, .visit_plain = visit, .context = context };

    return run(&w, transaction, subject, limit, err);
}
