/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting files of events: at once, and in pieces of the size that the second byte
 * gives. What was cut is written as a batch and reads back. */

#include "../unit/seeded.h"
#include "batch/write.h"
#include "fuzz.h"
#include "util/alloc.h"

#define EVENTS_MAX 64u

typedef struct cut_events {
    uint32_t count;
    tally_text events[EVENTS_MAX];
    tally_text header_row;
    tally_rc rc;
} cut_events;

static void cut_all(cut_events *out, tally_batch_form form, tally_text text, size_t piece_bytes)
{
    tally_batch_cutter cutter = { .form = form };
    size_t at = 0, end = piece_bytes < text.count ? piece_bytes : text.count;

    memset(out, 0, sizeof(*out));
    for (;;) {
        tally_text window = tally_text_slice(text, at, end);
        tally_batch_cut cut;

        out->rc = tally_batch_cut_next(&cutter, window, end == text.count, &cut, NULL);
        if (out->rc != TALLY_OK || cut.kind == TALLY_CUT_END)
            return;
        TALLY_ASSERT(cut.used <= window.count && cut.line <= cutter.line + 1);
        at += cut.used;
        if (cut.kind == TALLY_CUT_MORE) {
            TALLY_ASSERT(end < text.count);
            end = text.count - end > piece_bytes ? end + piece_bytes : text.count;
        } else if (cut.kind == TALLY_CUT_HEADER_ROW) {
            out->header_row = cut.bytes;
        } else if (out->count < EVENTS_MAX) {
            out->events[out->count++] = cut.bytes;
        }
    }
}

static void write_and_read(const cut_events *cut, tally_batch_form form)
{
    static const uint8_t seed[32] = { 1 };
    seeded random;
    const tally_batch_options options = { .programme = TALLY_TEXT("fuzz.example"),
                                          .number = 1,
                                          .form = form,
                                          .header_row = cut->header_row,
                                          .seed32 = seed,
                                          .random = seeded_begin(&random, 1) };
    tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    tally_batch_reader *reader = NULL;
    tally_buffer message;
    tally_batch batch;
    tally_batch_tree tree;

    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    if (arena != NULL && tally_batch_reader_new(&reader, NULL) == TALLY_OK &&
        tally_batch_write(&message, &options, cut->events, cut->count, arena, NULL) == TALLY_OK &&
        tally_batch_parse(&batch, reader, tally_buffer_text(&message), arena, NULL) == TALLY_OK) {
        TALLY_ASSERT(tally_batch_verify(&batch, &tree, arena, NULL) == TALLY_OK);
        for (uint32_t i = 0; i < cut->count; i++)
            TALLY_ASSERT(tally_text_is_equal(batch.events[i].bytes, cut->events[i]));
    }
    tally_batch_reader_free(reader);
    tally_buffer_free(&message);
    tally_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    cut_events whole, pieces;
    tally_batch_form form;
    tally_text text;

    if (count < 2)
        return 0;
    form = (tally_batch_form)(bytes[0] % 3);
    text = tally_text_of((const char *)bytes + 2, count - 2);
    cut_all(&whole, form, text, text.count + 1);
    cut_all(&pieces, form, text, bytes[1] % 32 + 1u);
    TALLY_ASSERT(whole.rc == pieces.rc && whole.count == pieces.count);
    for (uint32_t i = 0; i < whole.count; i++)
        TALLY_ASSERT(tally_text_is_equal(whole.events[i], pieces.events[i]));
    if (whole.rc == TALLY_OK && whole.count > 0 && bytes[1] % 4 == 0)
        write_and_read(&whole, form);
    return 0;
}
