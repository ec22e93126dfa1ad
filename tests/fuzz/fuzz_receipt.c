/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the payload of a receipt and as a signed one: a payload that is read is written the
 * same, and signed by its parties it verifies. */

#include "fuzz.h"
#include "message/receipt.h"

static void write_again(const tally_receipt *receipt, tally_text payload)
{
    tally_buffer again;

    tally_buffer_init(&again, 2 * TALLY_RECEIPT_BYTES_MAX);
    TALLY_ASSERT(tally_receipt_write(&again, receipt, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), payload));
    tally_buffer_free(&again);
}

/* By a key that is no party to it. */
static void sign_as_stranger(tally_text payload)
{
    static const uint8_t seed[32] = { 7 };
    tally_arena *arena = tally_arena_new((size_t)32 << 20);
    tally_signed_receipt read;
    tally_buffer text;

    tally_buffer_init(&text, 4 * TALLY_RECEIPT_BYTES_MAX);
    if (arena != NULL && tally_receipt_sign(&text, TALLY_TEXT(""), payload, seed, NULL) == TALLY_OK)
        TALLY_ASSERT(tally_receipt_verify(&read, tally_buffer_text(&text), arena, NULL) !=
                     TALLY_OK);
    tally_buffer_free(&text);
    tally_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_arena *arena = tally_arena_new((size_t)32 << 20);
    tally_signed_receipt signed_receipt;
    tally_receipt receipt;

    TALLY_ASSERT(arena != NULL);
    if (tally_receipt_read(&receipt, text, arena, NULL) == TALLY_OK) {
        write_again(&receipt, text);
        sign_as_stranger(text);
    }
    if (tally_receipt_verify(&signed_receipt, text, arena, NULL) == TALLY_OK)
        TALLY_ASSERT(signed_receipt.has_member || signed_receipt.has_programme);
    tally_arena_free(arena);
    return 0;
}
