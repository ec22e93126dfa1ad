/* SPDX-License-Identifier: Apache-2.0 */
/* Proof files: the published ones verify, come back as written, and fail when
 * anything in them is changed. */

#include "vectors.h"

#include "tlog/proof_file.h"

static const struct {
    const char *name;
    uint64_t index;
    bool has_extra;
} files[] = {
    { "leaf-0", 0, false },     { "leaf-0-size-1", 0, false }, { "leaf-123", 123, true },
    { "leaf-900", 900, false }, { "leaf-999", 999, false },
};

static tally_node leaf_of(uint64_t index)
{
    vector_table entries;
    tally_text row[VECTOR_FIELDS_MAX];
    tally_node leaf = { { 0 } };
    bool is_found = false;

    vector_open(&entries, "log-1000.entries.tsv");
    while (!is_found && vector_next(&entries, row)) {
        is_found = vector_number(row[0]) == index;
        if (is_found)
            leaf = vector_hash(row[2]);
    }
    assert_true(is_found);
    tally_buffer_free(&entries.bytes);
    return leaf;
}

static void published_proof_files_verify_and_changed_ones_do_not(void **state)
{
    tally_hash *hash = tally_hash_new();
    tally_buffer key_bytes;
    tally_vkey key = vector_vkey(&key_bytes, "keys/log.vkey");
    tally_trust trust = { .origin = key.name, .log_keys = &key, .log_key_count = 1 };

    (void)state;
    assert_non_null(hash);
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        tally_node leaf = leaf_of(files[i].index);
        char path[64];
        tally_buffer bytes, again;
        tally_proof_file file;
        tally_opened opened;

        assert_true(snprintf(path, sizeof(path), "proofs/%s.tlog-proof", files[i].name) <
                    (int)sizeof(path));
        vector_read(&bytes, path);
        assert_int_equal(tally_proof_file_parse(&file, tally_buffer_text(&bytes), NULL), TALLY_OK);
        assert_true(file.index == files[i].index);
        assert_int_equal(file.has_extra, files[i].has_extra);
        assert_int_equal(tally_proof_file_check(&file, hash, &leaf, &trust, &opened, NULL),
                         TALLY_OK);
        tally_buffer_init(&again, TALLY_PROOF_FILE_BYTES_MAX);
        assert_int_equal(tally_proof_file_append(&again, &file), TALLY_OK);
        assert_true(tally_text_is_equal(tally_buffer_text(&again), tally_buffer_text(&bytes)));
        tally_buffer_free(&again);

        leaf.bytes[0] ^= 1;
        assert_int_equal(tally_proof_file_check(&file, hash, &leaf, &trust, &opened, NULL),
                         TALLY_E_INVALID);
        leaf.bytes[0] ^= 1;
        /* Up to the witnesses' lines, which are not trusted here; the extra data
         * is covered by nothing. */
        for (size_t at = 0; at < (size_t)(file.checkpoint.bytes - bytes.bytes) + 100; at++) {
            bool is_extra = file.has_extra && bytes.bytes + at >= file.extra.bytes &&
                            bytes.bytes + at < file.extra.bytes + file.extra.count;
            tally_proof_file changed;

            bytes.bytes[at] ^= 2;
            assert_true(
                is_extra ||
                tally_proof_file_parse(&changed, tally_buffer_text(&bytes), NULL) != TALLY_OK ||
                tally_proof_file_check(&changed, hash, &leaf, &trust, &opened, NULL) != TALLY_OK);
            bytes.bytes[at] ^= 2;
        }
        tally_buffer_free(&bytes);
    }
    tally_buffer_free(&key_bytes);
    tally_hash_free(hash);
}

#define HASH_LINE "1YD2C7GOg3Dt0Krwnunw/fjHAar0Mgpkf48uYSNCCEM=\n"

static const struct {
    const char *name, *text;
    uint32_t line;
} rejects[] = {
    { "empty", "", 1 },
    { "another version", "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n", 1 },
    { "no index", "c2sp.org/tlog-proof@v1\n", 2 },
    { "a word for the index", "c2sp.org/tlog-proof@v1\nindex one\n\nx\n", 2 },
    { "a leading zero", "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n", 2 },
    { "a negative index", "c2sp.org/tlog-proof@v1\nindex -0\n\nx\n", 2 },
    { "an index beyond 2^63", "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nx\n", 2 },
    { "extra after index", "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nx\n", 3 },
    { "extra that is not Base64", "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx\n", 2 },
    { "extra alone", "c2sp.org/tlog-proof@v1\nextra AAAA\n", 3 },
    { "a hash of 31 bytes",
      "c2sp.org/tlog-proof@v1\nindex 0\n1YD2C7GOg3Dt0Krwnunw/fjHAar0Mgpkf48uYSNCCA==\n\nx\n", 3 },
    { "no empty line", "c2sp.org/tlog-proof@v1\nindex 0\n" HASH_LINE, 4 },
    { "no checkpoint", "c2sp.org/tlog-proof@v1\nindex 0\n" HASH_LINE "\n", 0 },
};

static void other_texts_are_refused_at_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_err err = TALLY_ERR_INIT;
        tally_proof_file file;

        assert_int_equal(tally_proof_file_parse(&file, tally_text_from(rejects[i].text), &err),
                         TALLY_E_INVALID);
        assert_int_equal(err.line, rejects[i].line);
    }
}

static void too_many_hashes_are_refused(void **state)
{
    tally_buffer bytes;
    tally_proof_file file;

    (void)state;
    tally_buffer_init(&bytes, 1 << 20);
    tally_buffer_append_string(&bytes, "c2sp.org/tlog-proof@v1\nindex 0\n");
    for (uint32_t i = 0; i <= TALLY_PROOF_NODES_MAX; i++)
        tally_buffer_append_string(&bytes, HASH_LINE);
    assert_int_equal(tally_buffer_append_string(&bytes, "\nx\n"), TALLY_OK);
    assert_int_equal(tally_proof_file_parse(&file, tally_buffer_text(&bytes), NULL), TALLY_E_LIMIT);
    tally_buffer_free(&bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_proof_files_verify_and_changed_ones_do_not),
        cmocka_unit_test(other_texts_are_refused_at_their_line),
        cmocka_unit_test(too_many_hashes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
