/* SPDX-License-Identifier: Apache-2.0 */
/* One run of words an event: grouping then touches one cache line per event
 * where columns would touch one per column. An instant fits 56 bits: years
 * 0000 to 9999 need 49. */

#include "eval/gather.h"

#include <string.h>

#include "util/alloc.h"

#define TEXTS_BYTES_MAX ((size_t)4 << 30)

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "gathering the events in memory");
}

tally_rc tally_gather_start(tally_gather *gather, bool has_own_ids, bool has_recorded,
                            bool has_offsets, uint32_t slot_count, tally_err *err)
{
    tally_gather_layout *layout = &gather->layout;

    memset(gather, 0, sizeof(*gather));
    layout->id = 2;
    layout->has_own_ids = has_own_ids;
    layout->words = 3;
    if (has_recorded)
        layout->recorded = layout->words++;
    if (has_offsets)
        layout->offset = layout->words++;
    layout->slots = layout->words;
    layout->slot_count = slot_count;
    layout->words += slot_count;
    return tally_gather_reset(gather, err);
}

tally_rc tally_gather_reset(tally_gather *gather, tally_err *err)
{
    gather->count = 0;
    gather->has_recorded = false;
    if (gather->arena == NULL || gather->text_count != 0) {
        tally_arena_free(gather->arena);
        gather->text_count = 0;
        gather->arena = tally_arena_new(TEXTS_BYTES_MAX);
        if (gather->arena == NULL)
            return no_memory(err);
    }
    if (gather->published == NULL || gather->question_count != 0) {
        tally_intern_free(gather->published);
        gather->question_count = 0;
        gather->published = tally_intern_new(TEXTS_BYTES_MAX, 0);
        if (gather->published == NULL)
            return no_memory(err);
    }
    return TALLY_OK;
}

void tally_gather_stop(tally_gather *gather)
{
    tally_release(gather->words);
    tally_release(gather->questions);
    tally_release(gather->texts);
    tally_arena_free(gather->arena);
    tally_intern_free(gather->published);
    memset(gather, 0, sizeof(*gather));
}

/* Room for one more item of item_bytes. */
static bool grow(void **items, size_t *room, size_t count, size_t item_bytes)
{
    size_t bigger = *room + *room / 2 + 1024;
    void *grown;

    if (count < *room)
        return true;
    grown = tally_realloc_array(*items, bigger, item_bytes);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = bigger;
    return true;
}

static tally_rc keep_texts(tally_gather *gather, const tally_entry_event *event,
                           uint64_t *out_index, tally_err *err)
{
    tally_record_text *kept =
        tally_arena_zalloc_array(gather->arena, event->text_count + 1u, sizeof(*kept));
    void *texts = gather->texts;

    if (kept == NULL ||
        !grow(&texts, &gather->text_room, gather->text_count, sizeof(*gather->texts)))
        return no_memory(err);
    gather->texts = texts;
    for (uint32_t i = 0; i < event->text_count; i++) {
        if (!tally_arena_copy_text(gather->arena, &kept[i].name, event->texts[i].name) ||
            !tally_arena_copy_text(gather->arena, &kept[i].value, event->texts[i].value))
            return no_memory(err);
    }
    *out_index = gather->text_count;
    gather->texts[gather->text_count++] = (tally_gather_texts){ event->text_count, kept };
    return TALLY_OK;
}

tally_rc tally_gather_add_event(tally_gather *gather, const tally_entry_event *event,
                                uint32_t subject, uint32_t line, tally_err *err)
{
    const tally_gather_layout *layout = &gather->layout;
    void *words = gather->words;
    uint64_t *to;

    if (gather->count == TALLY_GATHER_EVENTS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "more than 4 thousand million events");
    if (!grow(&words, &gather->room, gather->count, layout->words * sizeof(uint64_t)))
        return no_memory(err);
    gather->words = words;
    to = gather->words + gather->count * layout->words;
    to[0] = (uint64_t)event->at_ms << 8 | (event->type & 0xff);
    to[1] = (uint64_t)line << 32 | subject;
    to[layout->id] = event->id;
    if (layout->recorded != 0)
        to[layout->recorded] = (uint64_t)event->recorded_ms;
    gather->has_recorded |= event->recorded_ms != TALLY_NOTHING;
    if (layout->offset != 0)
        to[layout->offset] = (uint64_t)(int64_t)event->offset_s;
    for (uint32_t s = 0; s < layout->slot_count; s++)
        to[layout->slots + s] = (uint64_t)TALLY_NOTHING;
    if (event->type < TALLY_RECORD_TYPES) {
        tally_rc rc = keep_texts(gather, event, &to[layout->slots], err);

        if (rc != TALLY_OK)
            return rc;
    } else if (event->slot_count != 0) {
        memcpy(to + layout->slots, event->slots, event->slot_count * sizeof(*event->slots));
    }
    gather->count++;
    return TALLY_OK;
}

tally_rc tally_gather_add_question(tally_gather *gather, const tally_entry_event *event,
                                   uint32_t subject, uint32_t line, uint32_t entry, tally_err *err)
{
    void *questions = gather->questions;
    uint32_t published = 0;
    tally_rc rc = tally_intern_add(gather->published, &published, event->published);

    if (rc == TALLY_OK && gather->question_count == TALLY_GATHER_EVENTS_MAX)
        rc = TALLY_E_LIMIT;
    if (rc == TALLY_OK && !grow(&questions, &gather->question_room, gather->question_count,
                                sizeof(*gather->questions)))
        rc = TALLY_E_NOMEM;
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "keeping the published results");
    gather->questions = questions;
    gather->questions[gather->question_count++] = (tally_question){
        .subject = subject,
        .line = line,
        .entry = entry,
        .published = published,
        .as_of_ms = event->as_of_ms,
    };
    return TALLY_OK;
}

/* Turn counts (at index s + 1) into starts. */
static void sum_up(uint32_t *starts, uint32_t subject_count)
{
    for (uint32_t s = 0; s < subject_count; s++)
        starts[s + 1] += starts[s];
}

/* After filling, starts[s] stands at the end of s: move them back by one. */
static void step_back(uint32_t *starts, uint32_t subject_count)
{
    memmove(starts + 1, starts, subject_count * sizeof(*starts));
    starts[0] = 0;
}

static tally_rc allocate(uint32_t subject_count, size_t count, uint32_t **starts, uint32_t **order,
                         tally_err *err)
{
    *starts = tally_alloc_zeroed(((size_t)subject_count + 1) * sizeof(uint32_t));
    *order = tally_alloc_array(count + 1, sizeof(uint32_t));
    if (*starts != NULL && *order != NULL)
        return TALLY_OK;
    tally_release(*starts);
    tally_release(*order);
    return no_memory(err);
}

tally_rc tally_gather_group(const tally_gather *gather, uint32_t subject_count,
                            uint32_t **out_starts, uint32_t **out_order, tally_err *err)
{
    uint32_t *starts, *order;
    tally_rc rc = allocate(subject_count, gather->count, &starts, &order, err);

    if (rc != TALLY_OK)
        return rc;
    for (size_t i = 0; i < gather->count; i++)
        starts[tally_gather_subject(tally_gather_event(gather, i)) + 1]++;
    sum_up(starts, subject_count);
    for (size_t i = 0; i < gather->count; i++)
        order[starts[tally_gather_subject(tally_gather_event(gather, i))]++] = (uint32_t)i;
    step_back(starts, subject_count);
    *out_starts = starts;
    *out_order = order;
    return TALLY_OK;
}

tally_rc tally_gather_group_questions(const tally_gather *gather, uint32_t subject_count,
                                      uint32_t **out_starts, uint32_t **out_order, tally_err *err)
{
    uint32_t *starts, *order;
    tally_rc rc = allocate(subject_count, gather->question_count, &starts, &order, err);

    if (rc != TALLY_OK)
        return rc;
    for (size_t i = 0; i < gather->question_count; i++)
        starts[gather->questions[i].subject + 1]++;
    sum_up(starts, subject_count);
    for (size_t i = 0; i < gather->question_count; i++)
        order[starts[gather->questions[i].subject]++] = (uint32_t)i;
    step_back(starts, subject_count);
    *out_starts = starts;
    *out_order = order;
    return TALLY_OK;
}
