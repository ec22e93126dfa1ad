/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a request, as an answer, and, signed by us, as the payload of either: a request that is
 * read is written the same. */

#include "fuzz.h"
#include "message/answer.h"
#include "message/request.h"

static const uint8_t seed[32] = { 1, 2, 3 };

/* All but a rotation, whose proof needs the new key. */
static void write_again(const tally_request *request, tally_text message)
{
    tally_buffer again;

    if (request->kind == TALLY_REQUEST_ROTATE)
        return;
    tally_buffer_init(&again, 2 * TALLY_REQUEST_BYTES_MAX);
    TALLY_ASSERT(tally_request_write(&again, request, seed, NULL, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), message));
    tally_buffer_free(&again);
}

static void read_signed(tally_text payload, tally_arena *arena)
{
    tally_request request;
    tally_answer answer;
    tally_jws_key signer;
    uint8_t mark[32];
    tally_buffer text;

    tally_buffer_init(&text, (size_t)2 << 20);
    if (tally_jws_sign(&text, payload, TALLY_REQUEST_TYP, seed, NULL) == TALLY_OK &&
        tally_request_read(&request, &signer, mark, tally_buffer_text(&text), arena, NULL) ==
            TALLY_OK)
        write_again(&request, tally_buffer_text(&text));
    tally_buffer_reset(&text);
    if (tally_jws_sign(&text, payload, TALLY_ANSWER_TYP, seed, NULL) == TALLY_OK &&
        tally_answer_read(&answer, tally_buffer_text(&text), NULL, arena, NULL) == TALLY_OK) {
        tally_buffer again;

        tally_buffer_init(&again, (size_t)2 << 20);
        TALLY_ASSERT(tally_answer_write(&again, &answer, seed, NULL) == TALLY_OK);
        TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), tally_buffer_text(&text)));
        tally_buffer_free(&again);
    }
    tally_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_arena *arena = tally_arena_new((size_t)16 << 20);
    tally_request request;
    tally_answer answer;
    tally_jws_key signer;
    uint8_t mark[32];

    TALLY_ASSERT(arena != NULL);
    if (tally_request_read(&request, &signer, mark, text, arena, NULL) == TALLY_OK)
        TALLY_ASSERT(request.member.count > 0);
    if (tally_answer_read(&answer, text, NULL, arena, NULL) == TALLY_OK)
        TALLY_ASSERT(answer.programme.count > 0);
    if (count > 0 && bytes[0] == '{')
        read_signed(text, arena);
    tally_arena_free(arena);
    return 0;
}
