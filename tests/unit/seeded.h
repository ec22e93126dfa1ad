/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_SEEDED_H
#define TALLY_TESTS_SEEDED_H

/* A tally_random that gives the same bytes each time: block i is
 * SHA-256("tally/test-random" || seed || i). For tests only. */

#include <stdint.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"

typedef struct seeded {
    tally_random source; /* pass &seeded.source */
    uint64_t seed, block;
    uint8_t bytes[TALLY_HASH_BYTES];
    size_t left;
    uint32_t fail_at; /* the draw with this number, from 1, fails; 0: none does */
    uint32_t draw_count;
} seeded;

static inline tally_rc seeded_fill(void *context, void *out, size_t bytes, tally_err *err)
{
    seeded *self = context;
    uint8_t *at = out;

    if (++self->draw_count == self->fail_at) {
        memset(out, 0, bytes);
        return tally_err_set(err, TALLY_E_IO, 0, "the test gives no random bytes");
    }
    for (size_t i = 0; i < bytes; i++) {
        if (self->left == 0) {
            uint8_t text[17 + 16] = "tally/test-random";

            memcpy(text + 17, &self->seed, 8);
            memcpy(text + 25, &self->block, 8);
            if (tally_hash_sha256(self->bytes, text, sizeof(text)) != TALLY_OK)
                return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing");
            self->block++;
            self->left = sizeof(self->bytes);
        }
        at[i] = self->bytes[sizeof(self->bytes) - self->left--];
    }
    return TALLY_OK;
}

/* self must stay where it is while its source is used. */
static inline const tally_random *seeded_begin(seeded *self, uint64_t seed)
{
    *self = (seeded){ .source = { self, seeded_fill }, .seed = seed };
    return &self->source;
}

#endif
