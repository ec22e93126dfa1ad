/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a membership card: one that is read has a handle of the one form. */

#include "fuzz.h"
#include "message/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_text text = tally_text_of((const char *)bytes, count);
    uint8_t handle[TALLY_HANDLE_BYTES];
    tally_card card;
    bool is_for;

    if (tally_card_read(&card, text, NULL) == TALLY_OK) {
        TALLY_ASSERT(card.programme.count > 0 && tally_handle_read(handle, card.handle));
        TALLY_ASSERT(tally_card_is_for(&is_for, &card, card.programme) == TALLY_OK);
    }
    if (tally_handle_read(handle, text))
        TALLY_ASSERT(count == TALLY_HANDLE_CHARACTERS);
    return 0;
}
