/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: what is written is read, by its owner and in its role only. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/key_file.h"
#include "crypto/secret_file.h"

static const uint8_t secret[32] = { 0xde, 0xad, 0xbe, 0xef };
static const uint8_t zero[32];

static char folder[] = "/tmp/tally-key-file-XXXXXX";
static char path[64];

/* SHA-256 and Base64 by other programs. */
#define CONTENT "tally-key/v1 log\n3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n20e4cfef\n"

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/log.key", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int remove_file(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static void a_key_file_is_written_and_read(void **state)
{
    char content[200] = "";
    struct stat about;
    uint8_t read[32];
    size_t count;
    mode_t mask;

    (void)state;
    mask = umask(0);
    assert_int_equal(tally_key_file_create(path, "log", secret, NULL), TALLY_OK);
    (void)umask(mask);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(tally_secret_file_read(content, sizeof(content), &count, NULL, path, NULL),
                     TALLY_OK);
    assert_string_equal(content, CONTENT);
    assert_int_equal(tally_key_file_read(read, path, "log", NULL), TALLY_OK);
    assert_memory_equal(read, secret, 32);
}

static void an_existing_file_is_left_alone(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    uint8_t read[32];

    (void)state;
    assert_int_equal(tally_key_file_create(path, "log", secret, NULL), TALLY_OK);
    assert_int_equal(tally_key_file_create(path, "log", zero, &err), TALLY_E_CONFLICT);
    assert_int_equal(tally_key_file_read(read, path, "log", NULL), TALLY_OK);
    assert_memory_equal(read, secret, 32);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0777 };

    (void)state;
    assert_int_equal(tally_key_file_create(path, "log", secret, NULL), TALLY_OK);
    for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
        uint8_t read[32] = { 1 };

        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(tally_key_file_read(read, path, "log", NULL), TALLY_E_DENIED);
        assert_memory_equal(read, zero, 32);
    }
}

static void another_role_is_refused(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    uint8_t read[32];

    (void)state;
    assert_int_equal(tally_key_file_create(path, "log", secret, NULL), TALLY_OK);
    assert_int_equal(tally_key_file_read(read, path, "operator", &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "holds no key of the role operator"));
}

/* Any altered, missing or further byte. */
static void a_damaged_file_is_refused(void **state)
{
    char content[] = CONTENT "x";
    size_t count = strlen(CONTENT);
    uint8_t read[32];

    (void)state;
    assert_int_equal(tally_key_file_parse(read, tally_text_of(content, count), "log", "it", NULL),
                     TALLY_OK);
    for (size_t i = 0; i < count; i++) {
        static const char bytes[] = "aB0 \n\t=+";
        char kept = content[i];

        for (size_t j = 0; j < sizeof(bytes); j++) {
            content[i] = bytes[j];
            if (bytes[j] == kept)
                continue;
            assert_int_not_equal(
                tally_key_file_parse(read, tally_text_of(content, count), "log", "it", NULL),
                TALLY_OK);
            assert_memory_equal(read, zero, 32);
        }
        content[i] = kept;
        assert_int_equal(tally_key_file_parse(read, tally_text_of(content, i), "log", "it", NULL),
                         TALLY_E_INVALID);
    }
    assert_int_equal(
        tally_key_file_parse(read, tally_text_of(content, count + 1), "log", "it", NULL),
        TALLY_E_INVALID);
}

static void what_cannot_be_read_is_no_key(void **state)
{
    static const char zeros[300];
    uint8_t read[32];

    (void)state;
    assert_int_equal(tally_key_file_read(read, path, "log", NULL), TALLY_E_IO);
    assert_int_equal(tally_key_file_read(read, folder, "log", NULL), TALLY_E_IO);
    assert_int_equal(tally_secret_file_create(path, zeros, sizeof(zeros), NULL), TALLY_OK);
    assert_int_equal(tally_key_file_read(read, path, "log", NULL), TALLY_E_INVALID);
    assert_int_equal(tally_key_file_create("/nowhere/at/all", "log", secret, NULL), TALLY_E_IO);
}

static void a_file_is_replaced_whole(void **state)
{
    char new_path[80], content[20] = "";
    bool is_exposed = true;
    struct stat about;
    size_t count;

    (void)state;
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    assert_int_equal(tally_secret_file_replace(path, "one", 3, NULL), TALLY_OK);
    /* What a crash left. */
    assert_int_equal(tally_secret_file_create(new_path, "half", 4, NULL), TALLY_OK);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(tally_secret_file_replace(path, "two", 3, NULL), TALLY_OK);
    assert_int_equal(
        tally_secret_file_read(content, sizeof(content), &count, &is_exposed, path, NULL),
        TALLY_OK);
    assert_string_equal(content, "two");
    assert_false(is_exposed);
    assert_int_not_equal(stat(new_path, &about), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(
        tally_secret_file_read(content, sizeof(content), &count, &is_exposed, path, NULL),
        TALLY_OK);
    assert_true(is_exposed);
    assert_int_equal(tally_secret_file_read(content, 2, &count, &is_exposed, path, NULL),
                     TALLY_E_LIMIT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_key_file_is_written_and_read, remove_file),
        cmocka_unit_test_teardown(an_existing_file_is_left_alone, remove_file),
        cmocka_unit_test_teardown(a_file_that_others_may_read_is_refused, remove_file),
        cmocka_unit_test_teardown(another_role_is_refused, remove_file),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test_teardown(what_cannot_be_read_is_no_key, remove_file),
        cmocka_unit_test_teardown(a_file_is_replaced_whole, remove_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
