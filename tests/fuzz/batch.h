/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_FUZZ_BATCH_H
#define TALLY_TESTS_FUZZ_BATCH_H

/* Bodies of batches behind a header that is signed for them: else nothing of what
 * is tried here would get past the signature. Headers are made once for each
 * count of events; the first byte of the input says how many. */

#include <string.h>

#include "../unit/batch/message.h"
#include "fuzz.h"

#define FUZZ_COUNTS 8u

/* The places and texts of what was read lie where they should. */
static inline void fuzz_check_event(const tally_batch_event *event, tally_text body)
{
    TALLY_ASSERT(event->salt != NULL && event->line > 0 && event->column > 0);
    TALLY_ASSERT(event->bytes.bytes >= body.bytes &&
                 event->bytes.bytes + event->bytes.count <= body.bytes + body.count);
    TALLY_ASSERT(event->field_count <= TALLY_BATCH_FIELDS_MAX);
    if (event->problem != NULL) {
        TALLY_ASSERT(event->problem->sentence.count > 0 && event->problem->line >= event->line &&
                     event->problem->column > 0);
        return;
    }
    TALLY_ASSERT(event->id.count > 0 && event->type.count > 0 && event->subject.count > 4);
    TALLY_ASSERT(tally_text_is_visible(event->id) && tally_text_is_visible(event->type));
    TALLY_ASSERT(event->bytes.count <= TALLY_BATCH_EVENT_BYTES_MAX);
    for (uint32_t i = 0; i < event->field_count; i++) {
        TALLY_ASSERT(tally_text_is_utf8(event->fields[i].name) &&
                     tally_text_is_utf8(event->fields[i].value));
        for (uint32_t j = 0; j < i; j++)
            TALLY_ASSERT(!tally_text_is_equal(event->fields[i].name, event->fields[j].name));
    }
}

/* An event alone, as it is kept, reads as it did in its batch. */
static inline void fuzz_check_again(const tally_batch *batch, const tally_batch_event *event,
                                    tally_batch_reader *reader, tally_arena *arena)
{
    size_t count = batch->prefix.count + event->bytes.count;
    char *joined = tally_arena_alloc(arena, count);
    tally_batch_event again;

    if (joined == NULL || event->problem != NULL)
        return;
    if (batch->prefix.count > 0)
        memcpy(joined, batch->prefix.bytes, batch->prefix.count);
    memcpy(joined + batch->prefix.count, event->bytes.bytes, event->bytes.count);
    if (tally_batch_parse_event(&again, reader, batch->header.form, tally_text_of(joined, count),
                                arena, NULL) != TALLY_OK)
        return;
    TALLY_ASSERT(again.problem == NULL && again.field_count == event->field_count);
    TALLY_ASSERT(tally_text_is_equal(again.id, event->id) &&
                 tally_text_is_equal(again.type, event->type) &&
                 tally_text_is_equal(again.subject, event->subject));
    for (uint32_t i = 0; i < event->field_count; i++)
        TALLY_ASSERT(tally_text_is_equal(again.fields[i].name, event->fields[i].name) &&
                     tally_text_is_equal(again.fields[i].value, event->fields[i].value));
}

typedef void (*fuzz_event_check)(const tally_batch_event *event);

/* Read a body; more (or NULL) looks at each event that is good. */
static inline void fuzz_body(tally_batch_form form, const uint8_t *bytes, size_t count,
                             fuzz_event_check more)
{
    static tally_buffer prefixes[FUZZ_COUNTS];
    uint32_t event_count = count > 0 ? bytes[0] % FUZZ_COUNTS + 1 : 1;
    tally_buffer *message = &prefixes[event_count - 1];
    tally_batch_reader *reader = NULL;
    tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    size_t prefix_bytes;
    tally_batch batch;

    if (message->count == 0) {
        tally_batch_header header = test_header(form, event_count);

        tally_buffer_init(message, TALLY_BATCH_BYTES_MAX);
        TALLY_ASSERT(append_message(message, &header, TALLY_TEXT("")) == TALLY_OK);
    }
    prefix_bytes = message->count;
    if (count > 0)
        (void)tally_buffer_append(message, bytes + 1, count - 1);
    if (arena != NULL && tally_batch_reader_new(&reader, NULL) == TALLY_OK &&
        tally_batch_parse(&batch, reader, tally_buffer_text(message), arena, NULL) == TALLY_OK) {
        tally_text body =
            tally_text_slice(tally_buffer_text(message), prefix_bytes, message->count);

        TALLY_ASSERT(batch.event_count == event_count);
        for (uint32_t i = 0; i < event_count; i++) {
            fuzz_check_event(&batch.events[i], body);
            fuzz_check_again(&batch, &batch.events[i], reader, arena);
            if (more != NULL && batch.events[i].problem == NULL)
                more(&batch.events[i]);
        }
    }
    tally_batch_reader_free(reader);
    tally_arena_free(arena);
    tally_buffer_truncate(message, prefix_bytes);
}

#endif
