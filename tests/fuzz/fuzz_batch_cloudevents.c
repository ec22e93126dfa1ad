/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    fuzz_body(TALLY_BATCH_CLOUDEVENTS, bytes, count, NULL);
    return 0;
}
