/* SPDX-License-Identifier: Apache-2.0 */
/* The notice says what somebody agrees to, in every language the policy has, the same each time. */

#include "unit.h"

#include <stdio.h>

#include "../files.h"
#include "crypto/hash.h"
#include "policy/charter.h"
#include "policy/notice.h"
#include "util/alloc.h"

static const tally_notice_programme programme = {
    { "green.riverside.example/points", 30 },
    { "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", 56 },
    true,
};

static const uint8_t *load_zone(void *context, const char *name, size_t *out_bytes)
{
    static uint8_t bytes[65536];
    char path[256];
    FILE *file;

    (void)context;
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    *out_bytes = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static tally_policy *green_points(void)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    const tally_zone_source zones = { NULL, load_zone };
    tally_policy *policy = NULL;
    tally_buffer text;

    file_read(&text, "examples/green-points/policy.yaml");
    assert_int_equal(tally_policy_compile(&policy, "policy.yaml", text.bytes, text.count, &zones,
                                          diagnostics, NULL),
                     TALLY_OK);
    tally_buffer_free(&text);
    tally_diagnostics_free(diagnostics);
    return policy;
}

static void the_notice_says_what_is_agreed_to(void **state)
{
    static const char *const parts[] = {
        "Riverside green points\nThank residents who plant trees",
        "Riverside village council (public body). Questions: green@riverside.example.",
        "green.riverside.example/points and signs with did:key:z6MkiTBz1",
        "its members are generated",
        "- `tree-planted` with trees (a number from 1 to 50).",
        "- parks-office may attest `tree-planted`, at most 5 per calendar day.",
        "Each event for 24 months",
        "lapses after 24 months",
        "Who says no, or leaves later, loses nothing",
        "Nothing is shared unless you agree",
        "Leave, with one signed message.",
        "Benefits\n",
        "\n[pt] Pontos verdes de Ribeira\nAgradecer a quem planta",
        "- river: Um dia com os guardas do rio.\n",
    };
    tally_policy *policy = green_points();
    tally_buffer notice, again;

    (void)state;
    tally_buffer_init(&notice, TALLY_NOTICE_BYTES_MAX);
    tally_buffer_init(&again, TALLY_NOTICE_BYTES_MAX);
    assert_int_equal(tally_policy_notice(policy, 1, &programme, &notice, NULL), TALLY_OK);
    assert_int_equal(tally_policy_notice(policy, 1, &programme, &again, NULL), TALLY_OK);
    assert_string_equal(notice.bytes, again.bytes);
    for (size_t i = 0; i < UNIT_COUNT(parts); i++) {
        if (strstr(notice.bytes, parts[i]) == NULL)
            fail_msg("not in the notice: %s\n%s", parts[i], notice.bytes);
    }
    tally_buffer_free(&notice);
    tally_buffer_free(&again);
    tally_policy_free(policy);
}

static void it_survives_each_failed_allocation(void **state)
{
    tally_policy *policy = green_points();
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_buffer notice;

        tally_buffer_init(&notice, TALLY_NOTICE_BYTES_MAX);
        tally_alloc_fail_at(nth);
        rc = tally_policy_notice(policy, 1, &programme, &notice, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_buffer_free(&notice);
    }
    assert_true(nth > 1);
    tally_policy_free(policy);
}

/* The hash in receipts is of the compiled text, and that names the prose it stands for. */
static void the_charter_hash_is_that_of_its_text(void **state)
{
    uint8_t wanted[TALLY_HASH_BYTES], hash[TALLY_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES];
    tally_buffer prose, text;

    (void)state;
    tally_buffer_init(&text, (size_t)1 << 20);
    tally_charter_text(&text);
    assert_int_equal(tally_buffer_failure(&text), TALLY_OK);
    assert_int_equal(tally_hash_sha256(wanted, text.bytes, text.count), TALLY_OK);
    tally_charter_hash(hash);
    assert_memory_equal(hash, wanted, sizeof(hash));
    file_read(&prose, "docs/charter/charter.md");
    assert_int_equal(tally_hash_sha256(wanted, prose.bytes, prose.count), TALLY_OK);
    tally_hash_hex(hex, wanted);
    assert_non_null(strstr(tally_buffer_string(&text), hex));
    tally_buffer_free(&prose);
    tally_buffer_free(&text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_notice_says_what_is_agreed_to),
        cmocka_unit_test(it_survives_each_failed_allocation),
        cmocka_unit_test(the_charter_hash_is_that_of_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
