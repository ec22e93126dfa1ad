/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a policy: refused with a reason in the text, or accepted; what is
 * accepted compiles to the same hash again and after freezing. */

#include <string.h>

#include "fuzz.h"
#include "tally/policy.h"

static void check_reports(const tally_diagnostics *list, const uint8_t *bytes, size_t count,
                          tally_rc rc)
{
    uint32_t lines = 2;

    for (size_t i = 0; i < count; i++)
        lines += bytes[i] == '\n';
    TALLY_ASSERT((rc == TALLY_OK) == (tally_diagnostics_count_of(list, TALLY_SEVERITY_ERROR) == 0));
    for (size_t i = 0; i < tally_diagnostics_count(list); i++) {
        const tally_diagnostic *entry = tally_diagnostics_get(list, i);

        TALLY_ASSERT(entry->message[0] != '\0' && entry->code[0] != '\0');
        TALLY_ASSERT(entry->line <= lines && entry->length > 0);
    }
}

static void check_freezing(const tally_policy *policy)
{
    tally_diagnostics *list = tally_diagnostics_new();
    uint8_t hash[TALLY_POLICY_HASH_BYTES], again[TALLY_POLICY_HASH_BYTES];
    tally_policy *thawed = NULL;
    char *text = NULL;
    size_t count = 0;

    TALLY_ASSERT(tally_policy_freeze(policy, &text, &count) == TALLY_OK);
    TALLY_ASSERT(tally_policy_compile(&thawed, "frozen", text, count, NULL, list, NULL) ==
                 TALLY_OK);
    tally_policy_hash(policy, hash);
    tally_policy_hash(thawed, again);
    TALLY_ASSERT(memcmp(hash, again, sizeof(hash)) == 0);
    tally_policy_free(thawed);
    tally_policy_text_free(text);
    tally_diagnostics_free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    tally_diagnostics *list = tally_diagnostics_new();
    tally_policy *policy = NULL;
    tally_rc rc;

    TALLY_ASSERT(list != NULL);
    rc = tally_policy_compile(&policy, "fuzz", (const char *)bytes, count, NULL, list, NULL);
    TALLY_ASSERT((policy != NULL) == (rc == TALLY_OK));
    if (rc != TALLY_E_NOMEM)
        check_reports(list, bytes, count, rc);
    if (policy != NULL)
        check_freezing(policy);
    tally_policy_free(policy);
    tally_diagnostics_free(list);
    return 0;
}
