/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a signed note, its text as a checkpoint: what was taken apart is
 * all there was, and what is written again is the same. */

#include "fuzz.h"
#include "tlog/checkpoint.h"

static const char log_key[] =
    "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+";
static const char witness_key[] =
    "witness.example.org/w1+ea0c5d90+BMaGXcfV0DWO4DTuJzrYRMPUjZ7N7+ykUG0Mg5rfYGI6";

static void check_parts(const tally_note *note, tally_text bytes)
{
    tally_buffer again;

    tally_buffer_init(&again, 2 * TALLY_NOTE_BYTES_MAX);
    tally_buffer_append_text(&again, note->text);
    for (uint32_t i = 0; i < note->line_count; i++) {
        tally_buffer_append_string(&again, i == 0 ? "\n\xe2\x80\x94 " : "\xe2\x80\x94 ");
        tally_buffer_append_text(&again, note->lines[i].name);
        tally_buffer_append_byte(&again, ' ');
        tally_buffer_append_text(&again, note->lines[i].encoded);
        tally_buffer_append_byte(&again, '\n');
    }
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), bytes));
    tally_buffer_free(&again);
}

static void check_checkpoint(tally_text text)
{
    tally_checkpoint checkpoint;
    tally_buffer again;

    if (tally_checkpoint_parse(&checkpoint, text, NULL) != TALLY_OK)
        return;
    TALLY_ASSERT(checkpoint.size <= TALLY_TREE_SIZE_MAX);
    tally_buffer_init(&again, 2 * TALLY_NOTE_BYTES_MAX);
    /* Any line may be an origin when read; only a name is written. */
    if (tally_checkpoint_append(&again, &checkpoint) == TALLY_OK)
        TALLY_ASSERT(tally_text_has_prefix(text, tally_buffer_text(&again)));
    tally_buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_note note;
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_vkey keys[2];
    tally_trust trust = {
        .log_keys = keys, .log_key_count = 1, .witnesses = keys + 1, .witness_count = 1
    };
    tally_opened opened;

    TALLY_ASSERT(tally_vkey_parse(&keys[0], tally_text_from(log_key), NULL) == TALLY_OK);
    TALLY_ASSERT(tally_vkey_parse(&keys[1], tally_text_from(witness_key), NULL) == TALLY_OK);
    trust.origin = keys[0].name;
    if (tally_note_parse(&note, text, NULL) == TALLY_OK) {
        check_parts(&note, text);
        check_checkpoint(note.text);
    }
    if (tally_checkpoint_open(&opened, text, &trust, NULL) == TALLY_OK)
        TALLY_ASSERT(tally_text_is_equal(opened.checkpoint.origin, trust.origin));
    check_checkpoint(text);
    return 0;
}
