/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request to a witness that knows the log of the vectors: the
 * answer is one of those of the protocol, and what was cosigned is held. */

#include "../publish/sim_files.h"
#include "fuzz.h"
#include "publish/witness_store.h"

static const char log_key[] =
    "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const tally_text request = tally_text_of((const char *)bytes, count);
    const tally_signer signer = { .name = TALLY_TEXT("witness.example.org/w"),
                                  .kind = TALLY_KEY_WITNESS };
    sim_files *sim = sim_files_new(1);
    tally_files files = sim_files_calls(sim);
    tally_witness_options options = {
        .files = &files, .at = SIM_ROOT, .path = "witness", .signer = &signer, .log_count = 1
    };
    tally_witness witness;
    tally_vkey key;
    tally_buffer body;
    uint32_t status = 0, again = 0;

    TALLY_ASSERT(tally_vkey_parse(&key, tally_text_from(log_key), NULL) == TALLY_OK);
    options.logs = &key;
    tally_buffer_init(&body, (size_t)64 << 10);
    TALLY_ASSERT(tally_witness_open(&witness, &options, NULL) == TALLY_OK);
    TALLY_ASSERT(tally_witness_answer(&witness, request, 1, &status, &body, NULL) == TALLY_OK);
    TALLY_ASSERT(status == 200 || status == 400 || status == 403 || status == 404 ||
                 status == 409 || status == 422);
    tally_buffer_reset(&body);
    TALLY_ASSERT(tally_witness_answer(&witness, request, 1, &again, &body, NULL) == TALLY_OK);
    /* From size 0 a log is cosigned once; a log of size 0 again and again. */
    TALLY_ASSERT(status != 200 || again == 200 || again == 409);
    TALLY_ASSERT(status == 200 || again == status);
    tally_buffer_free(&body);
    tally_witness_close(&witness);
    sim_files_free(sim);
    return 0;
}
