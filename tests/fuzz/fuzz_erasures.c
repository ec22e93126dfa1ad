/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of erasures: what is read is written the same. */

#include <string.h>

#include "fuzz.h"
#include "ledger/erasures.h"

typedef struct checking {
    const uint8_t *bytes;
    tally_erasures_place place;
} checking;

static tally_rc check(void *context, const uint8_t rid[static TALLY_ERASURE_RID_BYTES], int32_t day,
                      tally_err *err)
{
    checking *self = context;
    char line[TALLY_ERASURE_LINE_BYTES];

    TALLY_ASSERT(tally_erasures_line(line, &self->place, rid, day, err) == TALLY_OK);
    TALLY_ASSERT(memcmp(line, self->bytes, sizeof(line)) == 0);
    self->bytes += sizeof(line);
    return TALLY_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    checking self = { .bytes = bytes };
    tally_erasures_place place = { 0 };

    if (tally_erasures_parse(&place, tally_text_of((const char *)bytes, count), check, &self,
                             NULL) == TALLY_OK)
        TALLY_ASSERT(place.count <= count / TALLY_ERASURE_LINE_BYTES);
    TALLY_ASSERT(memcmp(&place, &self.place, sizeof(place)) == 0);
    return 0;
}
