/* SPDX-License-Identifier: Apache-2.0 */
/* Random and mutated presentations through the reader, and those that it lets pass
 * through the verifier: none may hold.
 *
 * usage: mutants_rrc READ VERIFIED [SEED]: until so many were read and so many
 * verified, at least. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/rrc.h"

static uint8_t bytes[TALLY_RRC_PRESENTATION_BYTES_MAX + 1];
static size_t byte_count;

/* A presentation of random bytes with a head that is right. */
static void make_random(void)
{
    uint32_t width = 1 + (uint32_t)random_below(TALLY_RRC_WIDTH_MAX);

    byte_count = TALLY_RRC_PRESENTATION_BYTES(width);
    (void)rrc_fill(NULL, bytes, byte_count, NULL);
    bytes[0] = TALLY_RRC_PRESENTATION_VERSION;
    bytes[1] = (uint8_t)width;
}

/* The honest one with one to three changes: bytes, or whole elements and scalars
 * moved, so that a good part can be read. */
static void mutate(const tally_rrc_presentation *honest)
{
    uint64_t changes = 1 + random_below(3);

    byte_count = honest->byte_count;
    memcpy(bytes, honest->bytes, byte_count);
    for (uint64_t i = 0; i < changes; i++) {
        size_t scalars = 2 + 32 * (5 + (size_t)honest->width);
        size_t scalar_count = (byte_count - scalars) / 32;
        uint8_t *scalar = bytes + scalars + 32 * random_below(scalar_count);
        uint8_t *element = bytes + 2 + 32 * random_below(5 + honest->width);

        switch (random_below(6)) {
        case 0:
            bytes[random_below(byte_count)] ^= (uint8_t)(1 + random_below(255));
            break;
        case 1:
            scalar[random_below(31)] ^= (uint8_t)(1 + random_below(255));
            break;
        case 2:
            memcpy(scalar, honest->bytes + scalars + 32 * random_below(scalar_count), 32);
            break;
        case 3:
            memcpy(element, honest->bytes + 2 + 32 * random_below(5 + honest->width), 32);
            break;
        case 4:
            memset(scalar, 0, 32);
            break;
        default:
            memcpy(element, tally_element_base.bytes, 32);
            break;
        }
    }
}

int main(int argc, char **argv)
{
    static tally_rrc_presentation shown;
    uint64_t read_count = 0, read_good = 0, verified = 0;
    uint64_t read_wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t verified_wanted = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    const rrc_fixture *known = rrc_get();

    if (read_wanted == 0 || verified_wanted == 0) {
        fputs("usage: mutants_rrc READ VERIFIED [SEED]\n", stderr);
        return 2;
    }
    random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    while (read_count < read_wanted || verified < verified_wanted) {
        if (read_count % 2 == 0)
            make_random();
        else
            mutate(&known->shown);
        read_count++;
        if (rrc_is_honest(bytes, byte_count, known->shown.bytes, known->shown.byte_count) ||
            tally_rrc_presentation_read(&shown, bytes, byte_count, NULL) != TALLY_OK)
            continue;
        read_good++;
        /* The rest of those that can be read is more of the same. */
        if (verified >= verified_wanted)
            continue;
        verified++;
        if (tally_rrc_presentation_verify(&shown, &known->showing, &known->key, NULL) == TALLY_OK) {
            fprintf(stderr, "one holds: number %" PRIu64 "\n", read_count);
            return 1;
        }
    }
    printf("%" PRIu64 " read, %" PRIu64 " of them well-formed, %" PRIu64 " verified, none holds\n",
           read_count, read_good, verified);
    return 0;
}
