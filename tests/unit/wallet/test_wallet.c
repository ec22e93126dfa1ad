/* SPDX-License-Identifier: Apache-2.0 */
/* Wallets in memory. */

#include "unit.h"

#include <stdio.h>

#include "util/alloc.h"
#include "wallet/wallet.h"

static const uint8_t seed[32] = { 4, 5, 6 };

static tally_wallet *new_wallet(void)
{
    tally_wallet *wallet = NULL;

    assert_int_equal(tally_wallet_new(&wallet, seed, NULL), TALLY_OK);
    return wallet;
}

static tally_wallet_programme *add(tally_wallet *wallet, const char *origin)
{
    tally_wallet_programme *programme = NULL;

    assert_int_equal(tally_wallet_add(wallet, &programme, tally_text_from(origin), NULL), TALLY_OK);
    return programme;
}

static void programmes_are_in_order_and_stay_where_they_are(void **state)
{
    tally_wallet *wallet = new_wallet();
    tally_wallet_programme *b = add(wallet, "b.example"), *a = add(wallet, "a.example");

    (void)state;
    for (int i = 0; i < 20; i++) {
        char origin[16];

        (void)snprintf(origin, sizeof(origin), "m%02d.example", (i * 7) % 20);
        (void)add(wallet, origin);
    }
    assert_int_equal(tally_wallet_programme_count(wallet), 22);
    for (uint32_t i = 1; i < 22; i++)
        assert_true(tally_text_compare(tally_wallet_programme_at(wallet, i - 1)->origin,
                                       tally_wallet_programme_at(wallet, i)->origin) < 0);
    assert_ptr_equal(tally_wallet_find(wallet, TALLY_TEXT("a.example")), a);
    assert_ptr_equal(add(wallet, "b.example"), b);
    assert_null(tally_wallet_find(wallet, TALLY_TEXT("c.example")));
    tally_wallet_free(wallet);
}

static void an_origin_is_visible_text(void **state)
{
    static const char *const rejects[] = { "", "a\nb", "\xff", "\xe2\x80\xae" };
    tally_wallet *wallet = new_wallet();
    tally_wallet_programme *programme;
    char longest[300];

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++)
        assert_int_equal(tally_wallet_add(wallet, &programme, tally_text_from(rejects[i]), NULL),
                         TALLY_E_INVALID);
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(tally_wallet_add(wallet, &programme, tally_text_of(longest, 256), NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_wallet_add(wallet, &programme, tally_text_of(longest, 255), NULL),
                     TALLY_OK);
    tally_wallet_free(wallet);
}

/* R6: two programmes, and two joinings of one, know different keys. */
static void keys_differ_by_programme_rotation_and_purpose(void **state)
{
    tally_wallet *wallet = new_wallet();
    tally_wallet_programme *a = add(wallet, "a.example"), *b = add(wallet, "b.example");
    uint8_t keys[6][32], member_seed[32], public32[32];

    (void)state;
    assert_int_equal(tally_wallet_member_key(wallet, a, member_seed, keys[0], NULL), TALLY_OK);
    assert_int_equal(tally_ed25519_public(public32, member_seed), TALLY_OK);
    assert_memory_equal(public32, keys[0], 32);
    assert_int_equal(tally_wallet_recovery_key(wallet, a, NULL, keys[1], NULL), TALLY_OK);
    assert_int_equal(tally_wallet_member_key(wallet, b, NULL, keys[2], NULL), TALLY_OK);
    a->key_index++; /* a rotation: the recovery key stays */
    assert_int_equal(tally_wallet_recovery_key(wallet, a, NULL, public32, NULL), TALLY_OK);
    assert_memory_equal(public32, keys[1], 32);
    assert_int_equal(tally_wallet_member_key(wallet, a, NULL, keys[3], NULL), TALLY_OK);
    tally_wallet_forget(a); /* leaving: both are others */
    assert_int_equal(a->key_index, 2);
    assert_int_equal(tally_wallet_member_key(wallet, a, NULL, keys[4], NULL), TALLY_OK);
    assert_int_equal(tally_wallet_recovery_key(wallet, a, NULL, keys[5], NULL), TALLY_OK);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], 32);
    tally_wallet_free(wallet);
}

static tally_rc put(tally_wallet_programme *programme, const char *type, const char *name,
                    const char *content)
{
    return tally_wallet_put(programme, type, tally_text_from(name), tally_text_from(content), NULL);
}

static void items_are_kept_replaced_and_forgotten(void **state)
{
    tally_wallet *wallet = new_wallet();
    tally_wallet_programme *a = add(wallet, "a.example");

    (void)state;
    for (int i = 0; i < 30; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "%02d", (i * 7) % 30);
        assert_int_equal(put(a, i % 2 == 0 ? "receipt" : "other", name, "x"), TALLY_OK);
    }
    assert_int_equal(a->item_count, 30);
    assert_int_equal(put(a, "receipt", "00", "new"), TALLY_OK);
    assert_int_equal(a->item_count, 30);
    assert_true(tally_text_is(tally_wallet_get(a, "receipt", TALLY_TEXT("00"))->content, "new"));
    assert_null(tally_wallet_get(a, "other", TALLY_TEXT("00")));
    assert_true(tally_wallet_remove(a, "receipt", TALLY_TEXT("00")));
    assert_false(tally_wallet_remove(a, "receipt", TALLY_TEXT("00")));
    assert_int_equal(a->item_count, 29);
    assert_int_equal(put(a, "Receipt", "1", "x"), TALLY_E_INVALID);
    assert_int_equal(put(a, "receipt", "", "x"), TALLY_E_INVALID);
    assert_int_equal(put(a, "receipt", "1", ""), TALLY_E_INVALID);
    assert_int_equal(put(a, "receipt", "1", "\xff"), TALLY_E_INVALID);
    tally_wallet_forget(a);
    assert_int_equal(a->item_count, 0);
    assert_true(tally_text_is(a->origin, "a.example"));
    tally_wallet_free(wallet);
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_wallet_programme *programme = NULL;
        tally_wallet *wallet = NULL;

        tally_alloc_fail_at(nth);
        rc = tally_wallet_new(&wallet, seed, NULL);
        if (rc == TALLY_OK)
            rc = tally_wallet_add(wallet, &programme, TALLY_TEXT("a.example"), NULL);
        if (rc == TALLY_OK)
            rc = put(programme, "receipt", "1", "x");
        if (rc == TALLY_OK)
            rc = put(programme, "receipt", "1", "y");
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        tally_wallet_free(wallet);
    }
    assert_true(nth > 7);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(programmes_are_in_order_and_stay_where_they_are),
        cmocka_unit_test(an_origin_is_visible_text),
        cmocka_unit_test(keys_differ_by_programme_rotation_and_purpose),
        cmocka_unit_test(items_are_kept_replaced_and_forgotten),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
