/* SPDX-License-Identifier: Apache-2.0 */
/* A context that grows: the admission pass appends the whole programme's
 * events one by one and asks its questions in between. */

#include <string.h>

#include "score/engine.h"

struct tally_columns_owned {
    uint32_t room;
    int64_t *at_ms, *recorded_ms;
    int32_t *offset_s;
    uint8_t *type;
    uint32_t *subject;
    int64_t **slots;
    const int64_t **view; /* slots again, as readers see them */
};

static void *grow(tally_context *context, const void *column, size_t item_bytes, uint32_t room)
{
    void *grown = tally_arena_zalloc_array(context->arena, room, item_bytes);

    if (grown != NULL && context->events.count > 0)
        memcpy(grown, column, context->events.count * item_bytes);
    return grown;
}

static tally_rc make_room(tally_context *context, tally_err *err)
{
    struct tally_columns_owned *owned = context->owned;
    tally_events *events = &context->events;
    uint32_t room = owned->room == 0 ? 64 : owned->room * 2;
    int64_t *at_ms = grow(context, owned->at_ms, sizeof(*at_ms), room);
    int64_t *recorded_ms = grow(context, owned->recorded_ms, sizeof(*recorded_ms), room);
    int32_t *offset_s = grow(context, owned->offset_s, sizeof(*offset_s), room);
    uint8_t *type = grow(context, owned->type, sizeof(*type), room);
    uint32_t *subject = grow(context, owned->subject, sizeof(*subject), room);

    if (at_ms == NULL || recorded_ms == NULL || offset_s == NULL || type == NULL || subject == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t slot = 0; slot < events->slot_count; slot++) {
        int64_t *values = grow(context, owned->slots[slot], sizeof(*values), room);

        if (values == NULL)
            return tally_engine_no_memory(context, err);
        owned->slots[slot] = values;
        owned->view[slot] = values;
    }
    owned->room = room;
    events->at_ms = owned->at_ms = at_ms;
    events->recorded_ms = owned->recorded_ms = recorded_ms;
    events->offset_s = owned->offset_s = offset_s;
    events->type = owned->type = type;
    events->subject = owned->subject = subject;
    return TALLY_OK;
}

tally_rc tally_context_open_empty(tally_context **out_context, const struct tally_policy *policy,
                                  uint32_t slot_count, tally_arena *arena, tally_err *err)
{
    tally_context *context = tally_arena_zalloc(arena, sizeof(*context));
    struct tally_columns_owned *owned = tally_arena_zalloc(arena, sizeof(*owned));
    tally_rc rc;

    if (context == NULL || owned == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "opening an empty context");
    context->policy = policy;
    context->arena = arena;
    context->known_ms = INT64_MAX;
    context->owned = owned;
    context->events.slot_count = slot_count;
    owned->slots = tally_arena_zalloc_array(arena, slot_count, sizeof(*owned->slots));
    owned->view = tally_arena_zalloc_array(arena, slot_count, sizeof(*owned->view));
    if (owned->slots == NULL || owned->view == NULL)
        return tally_engine_no_memory(context, err);
    context->events.slots = owned->view;
    rc = make_room(context, err);
    if (rc == TALLY_OK)
        *out_context = context;
    return rc;
}

tally_rc tally_context_append(tally_context *context, const tally_new_event *event, tally_err *err)
{
    struct tally_columns_owned *owned = context->owned;
    tally_events *events = &context->events;
    uint32_t i = events->count;
    tally_rc rc = TALLY_OK;

    TALLY_ASSERT(owned != NULL && event->type < TALLY_EVENT_TYPES_MAX);
    TALLY_ASSERT(i == 0 || event->at_ms >= events->at_ms[i - 1]);
    if (i == TALLY_NO_INDEX - 1)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "too many events in one programme");
    if (i == owned->room)
        rc = make_room(context, err);
    if (rc != TALLY_OK)
        return rc;
    owned->at_ms[i] = event->at_ms;
    owned->recorded_ms[i] = event->recorded_ms;
    owned->offset_s[i] = event->offset_s;
    owned->type[i] = (uint8_t)event->type;
    owned->subject[i] = event->subject;
    for (uint32_t slot = 0; slot < events->slot_count; slot++)
        owned->slots[slot][i] = event->slots[slot];
    events->count++;
    rc = tally_type_lists_append(context, err);
    if (rc != TALLY_OK)
        events->count--;
    return rc;
}

void tally_context_drop_last(tally_context *context)
{
    TALLY_ASSERT(context->owned != NULL && context->events.count > 0);
    tally_type_lists_drop(context);
    context->events.count--;
}
