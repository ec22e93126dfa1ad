/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to witnesses, and the answer that one of them gives. */

#include "vectors.h"

#include "tlog/witness.h"

static tally_node root_at(uint64_t size)
{
    vector_table roots;
    tally_text row[VECTOR_FIELDS_MAX];
    tally_node root = { { 0 } };
    bool is_found = false;

    vector_open(&roots, "log-1000.roots.tsv");
    while (!is_found && vector_next(&roots, row)) {
        is_found = vector_number(row[0]) == size;
        if (is_found)
            root = vector_base64(row[1]);
    }
    assert_true(is_found);
    tally_buffer_free(&roots.bytes);
    return root;
}

static void published_requests_prove_what_they_ask(void **state)
{
    static const struct {
        const char *name;
        uint64_t old_size;
        uint32_t hashes;
    } requests[] = { { "witness/add-checkpoint.0-1000.request", 0, 0 },
                     { "witness/add-checkpoint.700-1000.request", 700, 9 },
                     { "witness/add-checkpoint.1000-1000.request", 1000, 0 } };
    tally_hash *hash = tally_hash_new();
    tally_buffer key_bytes;
    tally_vkey key = vector_vkey(&key_bytes, "keys/log.vkey");
    tally_trust trust = { .origin = key.name, .log_keys = &key, .log_key_count = 1 };

    (void)state;
    assert_non_null(hash);
    for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
        tally_witness_request request;
        tally_buffer bytes, again;
        tally_opened opened;
        tally_node earlier;

        vector_read(&bytes, requests[i].name);
        assert_int_equal(tally_witness_parse(&request, tally_buffer_text(&bytes), NULL), TALLY_OK);
        assert_true(request.old_size == requests[i].old_size);
        assert_int_equal(request.proof.count, requests[i].hashes);
        assert_int_equal(tally_checkpoint_open(&opened, request.checkpoint, &trust, NULL),
                         TALLY_OK);
        if (request.old_size > 0) {
            tally_tree_growth growth = { request.old_size, opened.checkpoint.size };

            earlier = root_at(request.old_size);
            assert_int_equal(tally_proof_check_consistency(&request.proof, hash, growth, &earlier,
                                                           &opened.checkpoint.root, NULL),
                             TALLY_OK);
            earlier.bytes[0] ^= 1;
            assert_int_equal(tally_proof_check_consistency(&request.proof, hash, growth, &earlier,
                                                           &opened.checkpoint.root, NULL),
                             TALLY_E_INVALID);
        }
        tally_buffer_init(&again, TALLY_WITNESS_REQUEST_BYTES_MAX);
        assert_int_equal(tally_witness_append(&again, &request), TALLY_OK);
        assert_true(tally_text_is_equal(tally_buffer_text(&again), tally_buffer_text(&bytes)));
        tally_buffer_free(&again);
        tally_buffer_free(&bytes);
    }
    tally_buffer_free(&key_bytes);
    tally_hash_free(hash);
}

/* The answer is signature lines; below the request's checkpoint they verify. */
static void the_answer_of_a_witness_cosigns(void **state)
{
    tally_buffer bytes, answer, keys[2];
    tally_vkey log = vector_vkey(&keys[0], "keys/log.vkey");
    tally_vkey witness = vector_vkey(&keys[1], "keys/w1.vkey");
    tally_trust trust = { .origin = log.name,
                          .log_keys = &log,
                          .log_key_count = 1,
                          .witnesses = &witness,
                          .witness_count = 1,
                          .quorum = 1 };
    tally_witness_request request;
    tally_buffer cosigned;
    tally_opened opened;

    (void)state;
    vector_read(&bytes, "witness/add-checkpoint.700-1000.request");
    vector_read(&answer, "witness/add-checkpoint.1000.w1.response");
    assert_int_equal(tally_witness_parse(&request, tally_buffer_text(&bytes), NULL), TALLY_OK);
    assert_int_equal(tally_checkpoint_open(&opened, request.checkpoint, &trust, NULL),
                     TALLY_E_DENIED);
    tally_buffer_init(&cosigned, TALLY_NOTE_BYTES_MAX);
    tally_buffer_append_text(&cosigned, request.checkpoint);
    assert_int_equal(tally_buffer_append_text(&cosigned, tally_buffer_text(&answer)), TALLY_OK);
    assert_int_equal(tally_checkpoint_open(&opened, tally_buffer_text(&cosigned), &trust, NULL),
                     TALLY_OK);
    assert_int_equal(opened.witness_count, 1);
    tally_buffer_free(&cosigned);
    tally_buffer_free(&answer);
    tally_buffer_free(&bytes);
    tally_buffer_free(&keys[0]);
    tally_buffer_free(&keys[1]);
}

#define HASH_LINE "1YD2C7GOg3Dt0Krwnunw/fjHAar0Mgpkf48uYSNCCEM=\n"

static void other_requests_are_refused_at_their_line(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
    } rejects[] = {
        { "", 1 },
        { "old 1", 1 },
        { "old -1\n\nx\n", 1 },
        { "old 01\n\nx\n", 1 },
        { "new 1\n\nx\n", 1 },
        { "old 9223372036854775808\n\nx\n", 1 },
        { "old 1\n" HASH_LINE, 3 },
        { "old 1\n" HASH_LINE "AAAA\n\nx\n", 3 },
        { "old 1\n" HASH_LINE "\n", 0 },
    };
    tally_witness_request request;
    tally_buffer long_one;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_err err = TALLY_ERR_INIT;

        assert_int_equal(tally_witness_parse(&request, tally_text_from(rejects[i].text), &err),
                         TALLY_E_INVALID);
        assert_int_equal(err.line, rejects[i].line);
    }
    for (uint32_t count = TALLY_WITNESS_PROOF_MAX; count <= TALLY_WITNESS_PROOF_MAX + 1; count++) {
        tally_buffer_init(&long_one, TALLY_WITNESS_REQUEST_BYTES_MAX);
        tally_buffer_append_string(&long_one, "old 1\n");
        for (uint32_t i = 0; i < count; i++)
            tally_buffer_append_string(&long_one, HASH_LINE);
        assert_int_equal(tally_buffer_append_string(&long_one, "\nx\n"), TALLY_OK);
        assert_int_equal(tally_witness_parse(&request, tally_buffer_text(&long_one), NULL),
                         count <= TALLY_WITNESS_PROOF_MAX ? TALLY_OK : TALLY_E_LIMIT);
        tally_buffer_free(&long_one);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_requests_prove_what_they_ask),
        cmocka_unit_test(the_answer_of_a_witness_cosigns),
        cmocka_unit_test(other_requests_are_refused_at_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
