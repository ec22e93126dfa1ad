/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a proof file: one that is read is written the same, and checking
 * it under a key that signed nothing refuses it. */

#include "fuzz.h"
#include "tlog/proof_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static tally_proof_file file;
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_node leaf = { { 0 } };
    tally_vkey key = { .name = TALLY_TEXT("nobody"), .kind = TALLY_KEY_LOG };
    tally_trust trust = { .origin = key.name, .log_keys = &key, .log_key_count = 1 };
    tally_opened opened;
    tally_buffer again;
    tally_hash *hash;

    if (tally_proof_file_parse(&file, text, NULL) != TALLY_OK)
        return 0;
    tally_buffer_init(&again, TALLY_PROOF_FILE_BYTES_MAX);
    TALLY_ASSERT(tally_proof_file_append(&again, &file) == TALLY_OK);
    TALLY_ASSERT(tally_text_is_equal(tally_buffer_text(&again), text));
    tally_buffer_free(&again);
    hash = tally_hash_new();
    TALLY_ASSERT(hash != NULL);
    TALLY_ASSERT(tally_proof_file_check(&file, hash, &leaf, &trust, &opened, NULL) != TALLY_OK);
    tally_hash_free(hash);
    return 0;
}
