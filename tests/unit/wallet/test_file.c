/* SPDX-License-Identifier: Apache-2.0 */
/* Wallet files: sealed ones and generated sets. */

#define _GNU_SOURCE /* memmem */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret_file.h"
#include "random.h"
#include "seeded.h"
#include "util/alloc.h"
#include "wallet/file.h"

#define PASSPHRASE TALLY_TEXT("four trees by the canal")

/* Little effort: a test opens many files. */
static const tally_seal_effort effort = { 1, 8 };
static const uint8_t seed[32] = { 0xaa, 0xbb, 0xcc };

static char folder[] = "/tmp/tally-wallet-XXXXXX";
static char path[64], copy_path[64], content[65536];
static seeded source;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/wallet", folder);
    (void)snprintf(copy_path, sizeof(copy_path), "%s/copy", folder);
    (void)seeded_begin(&source, 1);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int remove_files(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(copy_path);
    return 0;
}

static void set(tally_text *out, const char *text)
{
    assert_int_equal(tally_wallet_set_text(out, tally_text_from(text), NULL), TALLY_OK);
}

static void put(tally_wallet_programme *programme, const char *type, const char *name,
                const char *text)
{
    assert_int_equal(
        tally_wallet_put(programme, type, tally_text_from(name), tally_text_from(text), NULL),
        TALLY_OK);
}

/* A wallet with something of everything. */
static tally_wallet *full_wallet(void)
{
    tally_wallet *wallet = NULL;
    tally_wallet_programme *programme;

    assert_int_equal(tally_wallet_new(&wallet, seed, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_add(wallet, &programme, TALLY_TEXT("b.example/points"), NULL),
                     TALLY_OK);
    set(&programme->programme_did, "did:web:b.example");
    set(&programme->checkpoint, "b.example\n7\n\"\\\x01\n");
    programme->is_member = true;
    programme->key_index = 3;
    programme->recovery_index = 2;
    programme->has_secrets = true;
    memset(programme->handle_secret, 0x11, 32);
    memset(programme->label_secret, 0x22, 32);
    put(programme, TALLY_WALLET_RECEIPT, "01ab", "{\"payload\":\"e30\"}");
    put(programme, "credential", "2026", "\xc3\xa9\t");
    assert_int_equal(tally_wallet_add(wallet, &programme, TALLY_TEXT("a.example"), NULL), TALLY_OK);
    return wallet;
}

static void assert_full(const tally_wallet *wallet)
{
    const tally_wallet_programme *programme =
        tally_wallet_find(wallet, TALLY_TEXT("b.example/points"));

    assert_memory_equal(tally_wallet_seed(wallet), seed, 32);
    assert_int_equal(tally_wallet_programme_count(wallet), 2);
    assert_non_null(programme);
    assert_true(tally_text_is(programme->programme_did, "did:web:b.example"));
    assert_true(tally_text_is(programme->checkpoint, "b.example\n7\n\"\\\x01\n"));
    assert_true(programme->is_member);
    assert_int_equal(programme->key_index, 3);
    assert_int_equal(programme->recovery_index, 2);
    assert_true(programme->has_secrets);
    assert_int_equal(programme->handle_secret[31], 0x11);
    assert_int_equal(programme->label_secret[0], 0x22);
    assert_int_equal(programme->item_count, 2);
    assert_true(tally_text_is(
        tally_wallet_get(programme, TALLY_WALLET_RECEIPT, TALLY_TEXT("01ab"))->content,
        "{\"payload\":\"e30\"}"));
    programme = tally_wallet_find(wallet, TALLY_TEXT("a.example"));
    assert_false(programme->is_member);
    assert_false(programme->has_secrets);
    assert_int_equal(programme->item_count, 0);
}

static tally_rc try_create(tally_wallet_file **out, tally_text passphrase)
{
    return tally_wallet_file_create(out, path, full_wallet(), passphrase, effort, &source.source,
                                    NULL);
}

static tally_wallet_file *create(void)
{
    tally_wallet_file *file = NULL;

    assert_int_equal(try_create(&file, PASSPHRASE), TALLY_OK);
    return file;
}

static tally_wallet_file *open_file(const char *name)
{
    tally_wallet_file *file = NULL;

    assert_int_equal(tally_wallet_file_open(&file, name, PASSPHRASE, NULL), TALLY_OK);
    return file;
}

static void a_wallet_comes_back(void **state)
{
    tally_wallet_file *file;
    struct stat about;

    (void)state;
    tally_wallet_file_close(create());
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    file = open_file(path);
    assert_full(tally_wallet_file_wallet(file));
    assert_false(tally_wallet_file_is_exposed(file));
    assert_false(tally_wallet_is_generated(tally_wallet_file_wallet(file)));
    tally_wallet_file_close(file);
}

static void another_passphrase_opens_nothing(void **state)
{
    static const char *const others[] = { "", "four trees by the canaL",
                                          "four trees by the canal " };
    tally_wallet_file *file = NULL;

    (void)state;
    tally_wallet_file_close(create());
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        assert_int_equal(tally_wallet_file_open(&file, path, tally_text_from(others[i]), NULL),
                         TALLY_E_CORRUPT);
    assert_null(file);
}

static void a_short_passphrase_is_refused_and_a_file_never_overwritten(void **state)
{
    tally_wallet_file *file = NULL;

    (void)state;
    /* Nine characters, eighteen bytes. */
    assert_int_equal(try_create(&file, TALLY_TEXT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                                                  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9")),
                     TALLY_E_INVALID);
    tally_wallet_file_close(create());
    assert_int_equal(try_create(&file, PASSPHRASE), TALLY_E_CONFLICT);
    assert_null(file);
}

static size_t read_file(void)
{
    bool is_exposed;
    size_t count;

    assert_int_equal(
        tally_secret_file_read(content, sizeof(content), &count, &is_exposed, path, NULL),
        TALLY_OK);
    return count;
}

/* Nothing of what a wallet holds is to be seen in its file. */
static void the_file_shows_nothing(void **state)
{
    static const char *const secrets[] = { "example", "receipt",   "payload",
                                           "did:",    "ZXhhbXBsZ", "cHJvZ3JhbW1l" };
    size_t count;

    (void)state;
    tally_wallet_file_close(create());
    count = read_file();
    assert_true(count > 400 && memcmp(content, "tally-wallet/v1 sealed argon2id 1 8 ", 36) == 0);
    for (size_t i = 0; i < UNIT_COUNT(secrets); i++)
        assert_null(memmem(content, count, secrets[i], strlen(secrets[i])));
}

static void every_altered_byte_is_seen(void **state)
{
    size_t count;

    (void)state;
    random_begin("wallet file");
    tally_wallet_file_close(create());
    count = read_file();
    for (size_t i = 0; i < count; i += i < 80 ? 1 : 13) {
        tally_wallet_file *file = NULL;
        char kept = content[i];
        tally_rc rc;

        do
            content[i] = "0129 AQgw+/=\n"[random_below(13)];
        while (content[i] == kept);
        assert_int_equal(tally_secret_file_replace(path, content, count, NULL), TALLY_OK);
        rc = tally_wallet_file_open(&file, path, PASSPHRASE, NULL);
        assert_true(rc == TALLY_E_INVALID || rc == TALLY_E_CORRUPT || rc == TALLY_E_NOMEM);
        content[i] = kept;
        assert_int_equal(tally_secret_file_replace(path, content, i, NULL), TALLY_OK);
        rc = tally_wallet_file_open(&file, path, PASSPHRASE, NULL);
        assert_true(rc == TALLY_E_INVALID || rc == TALLY_E_CORRUPT);
    }
}

static void a_change_is_saved_and_one_of_another_program_not_lost(void **state)
{
    tally_wallet_file *file = create(), *other = open_file(path);
    tally_wallet_programme *programme;

    (void)state;
    assert_int_equal(
        tally_wallet_add(tally_wallet_file_wallet(file), &programme, TALLY_TEXT("c.example"), NULL),
        TALLY_OK);
    assert_int_equal(tally_wallet_file_save(file, &source.source, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_file_save(file, &source.source, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_file_save(other, &source.source, NULL), TALLY_E_CONFLICT);
    tally_wallet_file_close(file);
    tally_wallet_file_close(other);
    file = open_file(path);
    assert_non_null(tally_wallet_find(tally_wallet_file_wallet(file), TALLY_TEXT("c.example")));
    tally_wallet_file_close(file);
}

static void an_exposed_file_is_told_of(void **state)
{
    tally_wallet_file *file;

    (void)state;
    tally_wallet_file_close(create());
    assert_int_equal(chmod(path, 0644), 0);
    file = open_file(path);
    assert_true(tally_wallet_file_is_exposed(file));
    assert_int_equal(tally_wallet_file_save(file, &source.source, NULL), TALLY_OK);
    assert_false(tally_wallet_file_is_exposed(file));
    tally_wallet_file_close(file);
}

static void a_backup_opens_as_the_wallet(void **state)
{
    tally_wallet_file *file = create();

    (void)state;
    assert_int_equal(tally_wallet_file_backup(file, copy_path, &source.source, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_file_backup(file, copy_path, &source.source, NULL),
                     TALLY_E_CONFLICT);
    tally_wallet_file_close(file);
    file = open_file(copy_path);
    assert_full(tally_wallet_file_wallet(file));
    tally_wallet_file_close(file);
}

static void make_set(void)
{
    tally_wallet_programme *programme;
    tally_wallet_set *made = NULL;

    assert_int_equal(tally_wallet_set_new(&made, seed, 300, NULL), TALLY_OK);
    for (uint32_t i = 7; i < 300; i += 100) {
        assert_int_equal(tally_wallet_add(tally_wallet_set_member(made, i), &programme,
                                          TALLY_TEXT("village.example"), NULL),
                         TALLY_OK);
        programme->key_index = i;
    }
    assert_int_equal(tally_wallet_set_save(made, path, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_set_save(made, path, NULL), TALLY_OK);
    tally_wallet_set_free(made);
}

static void a_generated_set_comes_back(void **state)
{
    tally_wallet_set *read = NULL;

    (void)state;
    make_set();
    assert_int_equal(tally_wallet_set_open(&read, path, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_set_count(read), 300);
    for (uint32_t i = 0; i < 300; i++) {
        tally_wallet *member = tally_wallet_set_member(read, i);
        tally_wallet_programme *programme =
            tally_wallet_find(member, TALLY_TEXT("village.example"));
        uint8_t member_seed[32];

        tally_derive_generated(member_seed, seed, i);
        assert_memory_equal(tally_wallet_seed(member), member_seed, 32);
        assert_true(tally_wallet_is_generated(member));
        assert_int_equal(programme != NULL, i % 100 == 7);
        assert_true(programme == NULL || programme->key_index == i);
    }
    tally_wallet_set_free(read);
}

static void neither_kind_of_file_is_taken_for_the_other(void **state)
{
    tally_wallet_file *file = NULL;
    tally_wallet_set *read = NULL;

    (void)state;
    make_set();
    assert_int_equal(tally_wallet_file_open(&file, path, PASSPHRASE, NULL), TALLY_E_INVALID);
    (void)unlink(path);
    tally_wallet_file_close(create());
    assert_int_equal(tally_wallet_set_open(&read, path, NULL), TALLY_E_INVALID);
}

static void a_set_cut_short_is_refused(void **state)
{
    size_t count;

    (void)state;
    make_set();
    count = read_file();
    for (size_t i = 1; i < count; i++) {
        tally_wallet_set *read = NULL;

        assert_int_equal(tally_secret_file_replace(path, content, i, NULL), TALLY_OK);
        assert_int_equal(tally_wallet_set_open(&read, path, NULL), TALLY_E_INVALID);
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_wallet_file *file = NULL, *again = NULL;
        tally_wallet *wallet = full_wallet();
        tally_err err = TALLY_ERR_INIT;

        (void)unlink(path);
        tally_alloc_fail_at(nth);
        rc =
            tally_wallet_file_create(&file, path, wallet, PASSPHRASE, effort, &source.source, &err);
        if (rc == TALLY_OK)
            rc = tally_wallet_file_open(&again, path, PASSPHRASE, &err);
        if (rc == TALLY_OK)
            rc = tally_wallet_file_save(again, &source.source, &err);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(err.rc, rc);
        tally_wallet_file_close(file);
        tally_wallet_file_close(again);
    }
    assert_true(nth > 30);
}

static void without_randomness_nothing_is_written(void **state)
{
    (void)state;
    for (uint32_t draw = 1; draw <= 2; draw++) {
        tally_wallet_file *file = NULL;
        struct stat about;

        (void)seeded_begin(&source, 1);
        source.fail_at = draw;
        assert_int_equal(try_create(&file, PASSPHRASE), TALLY_E_IO);
        assert_null(file);
        assert_int_not_equal(stat(path, &about), 0);
    }
    (void)seeded_begin(&source, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_wallet_comes_back, remove_files),
        cmocka_unit_test_teardown(another_passphrase_opens_nothing, remove_files),
        cmocka_unit_test_teardown(a_short_passphrase_is_refused_and_a_file_never_overwritten,
                                  remove_files),
        cmocka_unit_test_teardown(the_file_shows_nothing, remove_files),
        cmocka_unit_test_teardown(every_altered_byte_is_seen, remove_files),
        cmocka_unit_test_teardown(a_change_is_saved_and_one_of_another_program_not_lost,
                                  remove_files),
        cmocka_unit_test_teardown(an_exposed_file_is_told_of, remove_files),
        cmocka_unit_test_teardown(a_backup_opens_as_the_wallet, remove_files),
        cmocka_unit_test_teardown(a_generated_set_comes_back, remove_files),
        cmocka_unit_test_teardown(neither_kind_of_file_is_taken_for_the_other, remove_files),
        cmocka_unit_test_teardown(a_set_cut_short_is_refused, remove_files),
        cmocka_unit_test_teardown(each_failed_allocation_is_reported, remove_files),
        cmocka_unit_test_teardown(without_randomness_nothing_is_written, remove_files),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
