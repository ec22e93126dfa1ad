/* SPDX-License-Identifier: Apache-2.0 */
/* Signed JSON: what is signed verifies, what is altered does not. */

#include "unit.h"

#include <stdio.h>

#include "crypto/base64.h"
#include "crypto/did_key.h"
#include "crypto/jws.h"
#include "json/read.h"
#include "random.h"
#include "util/alloc.h"

#define TYP     "tally-test+jws"
#define PAYLOAD "{\"a\":[1,2],\"b\":\"\xc3\xa9\"}"

static const uint8_t seeds[3][32] = { { 1 }, { 2 }, { 3 } };
static tally_jws_key keys[3];

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(tally_ed25519_public(keys[i].public32, seeds[i]), TALLY_OK);
    return 0;
}

static void sign(tally_buffer *out, const char *payload, const char *typ, size_t key)
{
    tally_buffer_init(out, 1 << 16);
    assert_int_equal(tally_jws_sign(out, tally_text_from(payload), typ, seeds[key], NULL),
                     TALLY_OK);
}

/* Made once with node 20: crypto.sign over the same header and payload. */
static const char compact_vector[] =
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImRpZDprZXk6ejZNa3ROV1hGeTdmbjlrTmZ3ZnZEOWUyckRLM1JQ"
    "ZXRTNE1SS3RaSDhBeFF6Zzl5I3o2TWt0TldYRnk3Zm45a05md2Z2RDllMnJESzNSUGV0UzRNUkt0Wkg4"
    "QXhRemc5eSIsInR5cCI6InRhbGx5LXRlc3QrandzIn0.eyJhIjpbMSwyXSwiYiI6IsOpIn0.RrHotp-D"
    "Jdj1or_W0U7RAV7oTP8JG_SYqM-973Eq6OtPZgh9OtgMn8Na1h6ieB-dFM_pqsc1Q18rOjrq0DFyCA";

static void another_program_signs_the_same(void **state)
{
    tally_buffer jws;

    (void)state;
    sign(&jws, PAYLOAD, TYP, 0);
    assert_string_equal(tally_buffer_string(&jws), compact_vector);
    tally_buffer_free(&jws);
}

static void what_is_signed_verifies(void **state)
{
    tally_json_document *document = NULL;
    tally_buffer jws, payload;
    tally_jws_key signer;

    (void)state;
    sign(&jws, PAYLOAD, TYP, 0);
    tally_buffer_init(&payload, 1000);
    assert_int_equal(
        tally_jws_verify(&payload, &signer, tally_buffer_text(&jws), TYP, &keys[0], NULL),
        TALLY_OK);
    assert_string_equal(tally_buffer_string(&payload), PAYLOAD);
    assert_memory_equal(signer.public32, keys[0].public32, 32);
    assert_int_equal(
        tally_jws_open(&document, NULL, tally_buffer_text(&jws), TYP, NULL, NULL, NULL), TALLY_OK);
    assert_non_null(tally_json_find(tally_json_root(document), TALLY_TEXT("b")));
    tally_json_document_free(document);
    tally_buffer_free(&payload);
    tally_buffer_free(&jws);
}

static void another_typ_or_key_is_refused(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_buffer jws, payload;

    (void)state;
    sign(&jws, PAYLOAD, TYP, 0);
    tally_buffer_init(&payload, 1000);
    assert_int_equal(
        tally_jws_verify(&payload, NULL, tally_buffer_text(&jws), "tally-other+jws", NULL, &err),
        TALLY_E_INVALID);
    assert_string_equal(err.message, "what was signed is not a tally-other+jws");
    tally_err_clear(&err);
    assert_int_equal(tally_jws_verify(&payload, NULL, tally_buffer_text(&jws), TYP, &keys[1], &err),
                     TALLY_E_INVALID);
    assert_string_equal(err.message, "another key signed");
    tally_buffer_free(&payload);
    tally_buffer_free(&jws);
}

/* Every byte counts, also in base64url, where the last characters carry spare bits. */
static void every_altered_byte_is_seen(void **state)
{
    tally_buffer jws, payload;

    (void)state;
    random_begin("jws");
    sign(&jws, PAYLOAD, TYP, 0);
    tally_buffer_init(&payload, 1000);
    for (size_t i = 0; i < jws.count; i++) {
        char kept = jws.bytes[i];

        for (uint32_t round = 0; round < 3; round++) {
            static const char likely[] = "AQgw_-.=";

            jws.bytes[i] = round < 2 ? likely[random_below(8)] : (char)random_below(256);
            if (jws.bytes[i] != kept)
                assert_int_equal(
                    tally_jws_verify(&payload, NULL, tally_buffer_text(&jws), TYP, NULL, NULL),
                    TALLY_E_INVALID);
        }
        jws.bytes[i] = kept;
        assert_int_equal(
            tally_jws_verify(&payload, NULL, tally_text_of(jws.bytes, i), TYP, NULL, NULL),
            TALLY_E_INVALID);
    }
    assert_int_equal(payload.count, 0);
    tally_buffer_append_byte(&jws, 'A');
    assert_int_equal(tally_jws_verify(&payload, NULL, tally_buffer_text(&jws), TYP, NULL, NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&payload);
    tally_buffer_free(&jws);
}

/* Headers that other libraries would take, over which the signature is right. */
static void only_our_header_is_taken(void **state)
{
    static const char *const formats[] = {
        "{\"alg\":\"none\",\"kid\":\"%s\",\"typ\":\"" TYP "\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}",
        "{\"kid\":\"%s\",\"alg\":\"EdDSA\",\"typ\":\"" TYP "\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"%s\", \"typ\":\"" TYP "\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"" TYP "\",\"x\":1}",
        "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"" TYP "\"}\n",
        "{\"alg\":\"EdDSA\",\"crit\":[\"x\"],\"kid\":\"%s\",\"typ\":\"" TYP "\"}",
    };
    tally_did_key_url url;

    (void)state;
    tally_did_key_url_write(&url, keys[0].public32);
    for (size_t i = 0; i < UNIT_COUNT(formats); i++) {
        uint8_t signature[64];
        tally_buffer jws, payload;
        char header[400];

/* The formats are those above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(header, sizeof(header), formats[i], url.text);
#pragma GCC diagnostic pop
        tally_buffer_init(&jws, 4096);
        tally_buffer_init(&payload, 1000);
        tally_base64url_append(&jws, (const uint8_t *)header, strlen(header));
        tally_buffer_append_byte(&jws, '.');
        tally_base64url_append(&jws, (const uint8_t *)PAYLOAD, strlen(PAYLOAD));
        assert_int_equal(tally_ed25519_sign(signature, jws.bytes, jws.count, seeds[0]), TALLY_OK);
        tally_buffer_append_byte(&jws, '.');
        tally_base64url_append(&jws, signature, 64);
        assert_int_equal(tally_jws_verify(&payload, NULL, tally_buffer_text(&jws), TYP, NULL, NULL),
                         TALLY_E_INVALID);
        tally_buffer_free(&payload);
        tally_buffer_free(&jws);
    }
}

static void a_payload_that_is_not_canonical_is_refused(void **state)
{
    static const char *const payloads[] = { "{\"b\":1,\"a\":2}", "{ }", "{\"a\":1.0}", "x",
                                            "\"\\u00e9\"",       "",    "{\"a\":1}\n" };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(payloads); i++) {
        tally_json_document *document = NULL;
        tally_buffer jws;

        sign(&jws, payloads[i], TYP, 0);
        assert_int_equal(
            tally_jws_open(&document, NULL, tally_buffer_text(&jws), TYP, NULL, NULL, NULL),
            TALLY_E_INVALID);
        assert_null(document);
        tally_buffer_free(&jws);
    }
}

/* Both orders of signing give the same text. */
static void several_sign_in_any_order(void **state)
{
    static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                          { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    tally_buffer first;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        tally_jws_key signers[TALLY_JWS_SIGNATURES_MAX];
        tally_json_document *document = NULL;
        uint32_t signer_count;
        tally_buffer so_far;

        tally_buffer_init(&so_far, 1 << 16);
        for (size_t j = 0; j < 3; j++) {
            tally_buffer next;

            tally_buffer_init(&next, 1 << 16);
            assert_int_equal(tally_jws_cosign(&next, tally_buffer_text(&so_far),
                                              TALLY_TEXT(PAYLOAD), TYP, seeds[orders[i][j]], NULL),
                             TALLY_OK);
            tally_buffer_free(&so_far);
            so_far = next;
        }
        assert_int_equal(tally_jws_general_open(&document, signers, &signer_count,
                                                tally_buffer_text(&so_far), TYP, NULL, NULL),
                         TALLY_OK);
        tally_json_document_free(document);
        assert_int_equal(signer_count, 3);
        for (size_t j = 0; j < 3; j++)
            assert_true(tally_jws_has_signer(signers, signer_count, keys[j].public32));
        assert_false(tally_jws_has_signer(signers, signer_count, seeds[0]));
        if (i == 0) {
            first = so_far;
            continue;
        }
        assert_string_equal(tally_buffer_string(&so_far), tally_buffer_string(&first));
        tally_buffer_free(&so_far);
    }
    tally_buffer_free(&first);
}

static void cosigning_refuses_a_second_word_and_another_payload(void **state)
{
    tally_buffer one, two;

    (void)state;
    tally_buffer_init(&one, 1 << 16);
    tally_buffer_init(&two, 1 << 16);
    assert_int_equal(
        tally_jws_cosign(&one, (tally_text){ NULL, 0 }, TALLY_TEXT(PAYLOAD), TYP, seeds[0], NULL),
        TALLY_OK);
    assert_int_equal(
        tally_jws_cosign(&two, tally_buffer_text(&one), TALLY_TEXT(PAYLOAD), TYP, seeds[0], NULL),
        TALLY_E_CONFLICT);
    assert_int_equal(
        tally_jws_cosign(&two, tally_buffer_text(&one), TALLY_TEXT("{}"), TYP, seeds[1], NULL),
        TALLY_E_CONFLICT);
    assert_int_equal(tally_jws_cosign(&two, tally_buffer_text(&one), TALLY_TEXT(PAYLOAD),
                                      "tally-other+jws", seeds[1], NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&one);
    tally_buffer_free(&two);
}

static void every_altered_byte_of_the_general_form_is_seen(void **state)
{
    tally_jws_key signers[TALLY_JWS_SIGNATURES_MAX];
    tally_buffer one, two, payload;
    uint32_t signer_count = 99;
    tally_rc rc;

    (void)state;
    random_begin("general jws");
    tally_buffer_init(&one, 1 << 16);
    tally_buffer_init(&two, 1 << 16);
    tally_buffer_init(&payload, 1000);
    assert_int_equal(
        tally_jws_cosign(&one, (tally_text){ NULL, 0 }, TALLY_TEXT(PAYLOAD), TYP, seeds[0], NULL),
        TALLY_OK);
    assert_int_equal(
        tally_jws_cosign(&two, tally_buffer_text(&one), TALLY_TEXT(PAYLOAD), TYP, seeds[1], NULL),
        TALLY_OK);
    for (size_t i = 0; i < two.count; i++) {
        char kept = two.bytes[i];

        do
            two.bytes[i] = random_below(2) == 0 ? "AQgw_-.\"{}[], "[random_below(14)]
                                                : (char)random_below(256);
        while (two.bytes[i] == kept);
        rc = tally_jws_general_verify(&payload, signers, &signer_count, tally_buffer_text(&two),
                                      TYP, NULL);
        /* Brackets may become too deep. */
        assert_true(rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT);
        two.bytes[i] = kept;
        assert_int_equal(tally_jws_general_verify(&payload, signers, &signer_count,
                                                  tally_text_of(two.bytes, i), TYP, NULL),
                         TALLY_E_INVALID);
    }
    assert_int_equal(tally_jws_general_verify(&payload, signers, &signer_count,
                                              tally_buffer_text(&two), TYP, NULL),
                     TALLY_OK);
    assert_int_equal(signer_count, 2);
    tally_buffer_free(&one);
    tally_buffer_free(&two);
    tally_buffer_free(&payload);
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_jws_key signers[TALLY_JWS_SIGNATURES_MAX];
        tally_json_document *document = NULL;
        tally_err err = TALLY_ERR_INIT;
        uint32_t signer_count;
        tally_buffer one, two;

        tally_buffer_init(&one, 1 << 16);
        tally_buffer_init(&two, 1 << 16);
        tally_alloc_fail_at(nth);
        rc = tally_jws_cosign(&one, (tally_text){ NULL, 0 }, TALLY_TEXT(PAYLOAD), TYP, seeds[0],
                              &err);
        if (rc == TALLY_OK)
            rc = tally_jws_cosign(&two, tally_buffer_text(&one), TALLY_TEXT(PAYLOAD), TYP, seeds[1],
                                  &err);
        if (rc == TALLY_OK)
            rc = tally_jws_general_open(&document, signers, &signer_count, tally_buffer_text(&two),
                                        TYP, NULL, &err);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(err.rc, rc);
        assert_int_equal(rc == TALLY_OK, document != NULL);
        tally_json_document_free(document);
        tally_buffer_free(&one);
        tally_buffer_free(&two);
    }
    assert_true(nth > 8);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_program_signs_the_same),
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(another_typ_or_key_is_refused),
        cmocka_unit_test(every_altered_byte_is_seen),
        cmocka_unit_test(only_our_header_is_taken),
        cmocka_unit_test(a_payload_that_is_not_canonical_is_refused),
        cmocka_unit_test(several_sign_in_any_order),
        cmocka_unit_test(cosigning_refuses_a_second_word_and_another_payload),
        cmocka_unit_test(every_altered_byte_of_the_general_form_is_seen),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, make_keys, NULL);
}
