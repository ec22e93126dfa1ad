/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_BATCH_MESSAGE_H
#define TALLY_TESTS_BATCH_MESSAGE_H

/* Messages around bodies, be they good or bad: the header is always signed. */

#include "batch/header.h"
#include "batch/write.h"
#include "crypto/base64.h"
#include "crypto/did_key.h"
#include "../seeded.h"

#define TEST_PROGRAMME "green.example/points"

static const uint8_t test_seed[32] = "the secret key of a test's sourc";

static inline tally_text test_source(void)
{
    static tally_did_key did;
    uint8_t public32[32];

    if (tally_ed25519_public(public32, test_seed) == TALLY_OK)
        tally_did_key_write(&did, public32);
    return tally_text_from(did.text);
}

/* A header with this root. */
static inline tally_batch_header test_header(tally_batch_form form, uint32_t count)
{
    return (tally_batch_header){ .programme = TALLY_TEXT(TEST_PROGRAMME),
                                 .source = test_source(),
                                 .number = 7,
                                 .count = count,
                                 .form = form };
}

/* Append a message of this body, with salts 0, 1, 2 … and a root of zeros. */
static inline tally_rc append_message(tally_buffer *out, const tally_batch_header *header,
                                      tally_text body)
{
    static uint8_t salts[TALLY_BATCH_EVENTS_MAX * TALLY_BATCH_SALT_BYTES];

    for (uint32_t i = 0; i < header->count; i++)
        memset(salts + (size_t)i * TALLY_BATCH_SALT_BYTES, (uint8_t)i, TALLY_BATCH_SALT_BYTES);
    (void)tally_buffer_append_string(out, "tally-batch/v1\nheader: ");
    if (tally_batch_header_write(out, header, test_seed, NULL) != TALLY_OK)
        return TALLY_E_NOMEM;
    (void)tally_buffer_append_string(out, "\nsalts: ");
    (void)tally_base64_append(out, salts, (size_t)header->count * TALLY_BATCH_SALT_BYTES);
    (void)tally_buffer_append_string(out, "\n\n");
    return tally_buffer_append_text(out, body);
}

#endif
