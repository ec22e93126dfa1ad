/* SPDX-License-Identifier: Apache-2.0 */
/* Token Status Lists: the draft's test vectors, and what is refused. */

#include "unit.h"

#include "cred/status_list.h"
#include "files.h"
#include "seeded.h"
#include "util/alloc.h"

#define URI "https://green.example.org/status/1"

static tally_jose_secret key;

static int make_key(void **state)
{
    (void)state;
    return tally_jose_key(&key, TALLY_JOSE_ES256, (const uint8_t[32]){ 7 }, NULL) == TALLY_OK ? 0
                                                                                              : -1;
}

static tally_json_document *read_vectors(tally_buffer *text)
{
    static const tally_json_options options = { .bytes_max = 1 << 20 };
    tally_json_document *document = NULL;

    file_read(text, "tests/vectors/token-status-list/encoding.json");
    assert_int_equal(tally_json_parse(&document, tally_buffer_text(text), &options, NULL),
                     TALLY_OK);
    return document;
}

static int64_t number(const tally_json_value *object, const char *name)
{
    int64_t value = -1;

    assert_true(tally_json_is_integer(tally_json_find(object, tally_text_from(name)), &value));
    return value;
}

/* Lists of 2^20 entries, all 0 but for those listed. Beyond 1 MB nothing is inflated: that
 * of 8 bits has exactly so much. */
static void the_vectors_of_the_draft_decode(void **state)
{
    tally_buffer text;
    tally_json_document *document = read_vectors(&text);
    const tally_json_value *root = tally_json_root(document);
    const tally_json_value *lists = tally_json_find(root, TALLY_TEXT("lists"));
    const tally_json_value *expected = tally_json_find(root, TALLY_TEXT("expected"));
    uint32_t checked = 0;

    (void)state;
    for (uint32_t i = 0; i < tally_json_count(lists); i++) {
        const tally_json_value *item = tally_json_item(lists, i);
        int64_t bits = number(item, "bits");
        tally_status_list *list = NULL;
        uint32_t set_count = 0, wanted_count = 0;

        assert_int_equal(tally_status_list_decode(
                             &list, (uint32_t)bits,
                             tally_json_text_of(tally_json_find(item, TALLY_TEXT("lst"))), NULL),
                         TALLY_OK);
        assert_int_equal(tally_status_list_count(list), 1 << 20);
        for (uint32_t j = 0; j < tally_json_count(expected); j++) {
            const tally_json_value *entry = tally_json_item(expected, j);

            if (number(entry, "bits") != bits)
                continue;
            assert_int_equal(tally_status_list_get(list, (uint32_t)number(entry, "index")),
                             number(entry, "value"));
            wanted_count += number(entry, "value") != 0;
            checked++;
        }
        for (uint32_t j = 0; j < 1 << 20; j++)
            set_count += tally_status_list_get(list, j) != 0;
        assert_int_equal(set_count, wanted_count);
        tally_status_list_free(list);
    }
    assert_int_equal(checked, tally_json_count(expected));
    tally_json_document_free(document);
    tally_buffer_free(&text);
}

/* Section 4.1 of the draft: bytes c9 44 f9 in entries of two bits. */
static void the_lowest_bits_come_first(void **state)
{
    static const uint32_t wanted[] = { 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3 };
    tally_status_list *list = NULL, *ours = NULL;
    tally_buffer encoded;

    (void)state;
    assert_int_equal(tally_status_list_decode(&list, 2, TALLY_TEXT("eNo76fITAAPfAgc"), NULL),
                     TALLY_OK);
    assert_int_equal(tally_status_list_count(list), 12);
    assert_int_equal(tally_status_list_new(&ours, 2, 12, NULL), TALLY_OK);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(tally_status_list_get(list, i), wanted[i]);
        tally_status_list_set(ours, i, 3);
        tally_status_list_set(ours, i, wanted[i]);
    }
    tally_buffer_init(&encoded, 100);
    assert_int_equal(tally_status_list_encode(&encoded, ours, NULL), TALLY_OK);
    assert_string_equal(tally_buffer_string(&encoded), "eNo76fITAAPfAgc");
    tally_buffer_free(&encoded);
    tally_status_list_free(list);
    tally_status_list_free(ours);
}

static void sign(tally_buffer *out)
{
    tally_status_token token = { URI, "k1", 1000, 2000, 3600 };
    tally_status_list *list = NULL;

    tally_buffer_init(out, 1 << 20);
    assert_int_equal(tally_status_list_new(&list, 1, 4096, NULL), TALLY_OK);
    tally_status_list_set(list, 4095, TALLY_STATUS_INVALID);
    assert_int_equal(tally_status_list_sign(out, list, &token, &key, NULL), TALLY_OK);
    tally_status_list_free(list);
}

static void a_signed_list_is_read_and_another_refused(void **state)
{
    tally_status_list *list = NULL;
    tally_jose_public other = key.public_key;
    tally_buffer jwt;

    (void)state;
    sign(&jwt);
    assert_int_equal(
        tally_status_list_verify(&list, tally_buffer_text(&jwt), URI, &key.public_key, 1999, NULL),
        TALLY_OK);
    assert_int_equal(tally_status_list_get(list, 4095), 1);
    assert_int_equal(tally_status_list_get(list, 4094), 0);
    tally_status_list_free(list);
    list = NULL;
    assert_int_equal(
        tally_status_list_verify(&list, tally_buffer_text(&jwt), URI, &key.public_key, 2000, NULL),
        TALLY_E_INVALID);
    assert_int_equal(tally_status_list_verify(&list, tally_buffer_text(&jwt), URI "0",
                                              &key.public_key, 1999, NULL),
                     TALLY_E_INVALID);
    other.algorithm = TALLY_JOSE_EDDSA;
    assert_int_equal(
        tally_status_list_verify(&list, tally_buffer_text(&jwt), URI, &other, 1999, NULL),
        TALLY_E_INVALID);
    for (size_t i = 0; i < jwt.count; i += 3) {
        char kept = jwt.bytes[i];

        jwt.bytes[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(tally_status_list_verify(&list, tally_buffer_text(&jwt), URI,
                                                  &key.public_key, 1999, NULL),
                         TALLY_E_INVALID);
        jwt.bytes[i] = kept;
    }
    assert_null(list);
    tally_buffer_free(&jwt);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const rejects[] = { "",  "eNo76fITAAPfAgd",  "eNo76fITAAPfAg",
                                           "!", "eNo76fITAAPfAgcA", "AAAA" };
    tally_status_list *list = NULL;
    tally_buffer bomb;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++)
        assert_int_equal(tally_status_list_decode(&list, 1, tally_text_from(rejects[i]), NULL),
                         TALLY_E_INVALID);
    assert_int_equal(tally_status_list_decode(&list, 3, TALLY_TEXT("eNo76fITAAPfAgc"), NULL),
                     TALLY_E_INVALID);
    assert_int_equal(tally_status_list_new(&list, 1, 7, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_status_list_new(&list, 8, (1 << 20) + 1, NULL), TALLY_E_INVALID);
    assert_null(list);
    /* A megabyte and one byte of zeros, made by another program, is about 1 KB packed. */
    file_read(&bomb, "tests/vectors/token-status-list/too-large.txt");
    assert_int_equal(
        tally_status_list_decode(&list, 1, tally_text_trim(tally_buffer_text(&bomb)), NULL),
        TALLY_E_LIMIT);
    tally_buffer_free(&bomb);
}

static void indices_are_drawn_evenly(void **state)
{
    uint32_t seen[10] = { 0 }, index;
    seeded source;

    (void)state;
    (void)seeded_begin(&source, 3);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(tally_status_list_draw(&index, 10, &source.source, NULL), TALLY_OK);
        assert_true(index < 10);
        seen[index]++;
    }
    /* Six standard deviations. */
    for (size_t i = 0; i < 10; i++)
        assert_true(seen[i] > 820 && seen[i] < 1180);
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_status_token token = { URI, NULL, 1000, 0, 0 };
        tally_status_list *list = NULL, *read = NULL;
        tally_err err = TALLY_ERR_INIT;
        tally_buffer jwt;

        tally_buffer_init(&jwt, 1 << 20);
        tally_alloc_fail_at(nth);
        rc = tally_status_list_new(&list, 1, 4096, &err);
        if (rc == TALLY_OK)
            rc = tally_status_list_sign(&jwt, list, &token, &key, &err);
        if (rc == TALLY_OK)
            rc = tally_status_list_verify(&read, tally_buffer_text(&jwt), URI, &key.public_key, 1,
                                          &err);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(err.rc, rc);
        tally_status_list_free(list);
        tally_status_list_free(read);
        tally_buffer_free(&jwt);
    }
    assert_true(nth > 12);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_draft_decode),
        cmocka_unit_test(the_lowest_bits_come_first),
        cmocka_unit_test(a_signed_list_is_read_and_another_refused),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(indices_are_drawn_evenly),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, make_key, NULL);
}
