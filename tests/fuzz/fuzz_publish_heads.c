/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the ledger of signed heads: opening it never loses a whole record,
 * and what was opened can be continued, and opened again. */

#include "../publish/sim_files.h"
#include "fuzz.h"
#include "publish/heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    sim_files *sim = sim_files_new(1);
    tally_files files = sim_files_calls(sim);
    tally_hash *hash = tally_hash_new();
    tally_folder folder;
    tally_heads heads;

    TALLY_ASSERT(hash != NULL);
    TALLY_ASSERT(tally_folder_open(&folder, &files, SIM_ROOT, "state", NULL) == TALLY_OK);
    sim_files_put(sim, "state/" TALLY_HEADS_NAME, bytes, count);
    if (tally_heads_open(&heads, &folder, hash, NULL) == TALLY_OK) {
        tally_head old = heads.last;
        tally_head next = { .size = old.size < TALLY_TREE_SIZE_MAX ? old.size + 1 : old.size };
        uint64_t records = heads.count;

        if (next.size > old.size) {
            TALLY_ASSERT(tally_heads_append(&heads, &old, &next, TALLY_TEXT("n\n"), NULL) ==
                         TALLY_OK);
            tally_heads_close(&heads);
            TALLY_ASSERT(tally_heads_open(&heads, &folder, hash, NULL) == TALLY_OK);
            TALLY_ASSERT(heads.count == records + 1 && heads.last.size == next.size);
        }
    }
    tally_heads_close(&heads);
    tally_folder_close(&folder);
    tally_hash_free(hash);
    sim_files_free(sim);
    return 0;
}
