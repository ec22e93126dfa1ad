/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: the bytes that are signed, and what is no receipt. */

#include "scheme.h"

#include "cred/rrc_receipt.h"

static const uint8_t seed[32] = { 7 };
static tally_jws_key operator_key;

static tally_rrc_receipt example(void)
{
    tally_rrc_receipt receipt = {
        .issuer = TALLY_TEXT("did:web:operator.example"),
        .programme = TALLY_TEXT("urn:example:green-points"),
        .provider = TALLY_TEXT("did:web:library.example"),
        .benefit = TALLY_TEXT("a \"late\" loan \xc3\xa9"),
        .period = TALLY_TEXT("2026-Q4"),
        .slot = 1,
        .threshold = 500,
        .time_ms = 1795341600000,
        .result = TALLY_RRC_ACCEPTED,
    };

    memset(receipt.nullifier, 0x11, sizeof(receipt.nullifier));
    memset(receipt.presentation, 0xff, sizeof(receipt.presentation));
    return receipt;
}

static int begin(void **state)
{
    (void)state;
    return tally_ed25519_public(operator_key.public32, seed) != TALLY_OK;
}

static void the_payload_is_canonical_json(void **state)
{
    static const char wanted[] =
        "{\"benefit\":\"a \\\"late\\\" loan \xc3\xa9\",\"issuer\":\"did:web:operator.example\","
        "\"nullifier\":\"ERERERERERERERERERERERERERERERERERERERERERE\",\"period\":\"2026-Q4\","
        "\"presentation\":\"__________________________________________8\","
        "\"programme\":\"urn:example:green-points\",\"provider\":\"did:web:library.example\","
        "\"result\":\"accepted\",\"slot\":1,\"threshold\":500,\"time\":\"2026-11-22T10:00:00Z\"}";
    const tally_rrc_receipt receipt = example();
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, TALLY_RRC_RECEIPT_BYTES_MAX);
    assert_int_equal(tally_rrc_receipt_append(&out, &receipt, NULL), TALLY_OK);
    assert_string_equal(tally_buffer_string(&out), wanted);
    tally_buffer_free(&out);
}

static void a_signed_receipt_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        tally_rrc_receipt receipt = example(), read;
        tally_json_document *document = NULL;
        tally_buffer jws;

        receipt.result = i == 0 ? TALLY_RRC_ACCEPTED : TALLY_RRC_ALREADY_CLAIMED;
        tally_buffer_init(&jws, TALLY_RRC_RECEIPT_BYTES_MAX);
        assert_int_equal(tally_rrc_receipt_sign(&jws, &receipt, seed, NULL), TALLY_OK);
        assert_int_equal(
            tally_rrc_receipt_open(&read, &document, tally_buffer_text(&jws), &operator_key, NULL),
            TALLY_OK);
        assert_true(tally_text_is_equal(read.issuer, receipt.issuer));
        assert_true(tally_text_is_equal(read.programme, receipt.programme));
        assert_true(tally_text_is_equal(read.provider, receipt.provider));
        assert_true(tally_text_is_equal(read.benefit, receipt.benefit));
        assert_true(tally_text_is_equal(read.period, receipt.period));
        assert_int_equal(read.slot, receipt.slot);
        assert_int_equal(read.threshold, receipt.threshold);
        assert_int_equal(read.time_ms, receipt.time_ms);
        assert_int_equal(read.result, receipt.result);
        assert_memory_equal(read.nullifier, receipt.nullifier, 32);
        assert_memory_equal(read.presentation, receipt.presentation, 32);
        tally_json_document_free(document);
        tally_buffer_free(&jws);
    }
}

static void another_key_or_type_or_payload_is_refused(void **state)
{
    static const char *const payloads[] = {
        "{}",
        "{\"benefit\":\"b\",\"issuer\":\"i\"}",
        "{\"benefit\":\"b\",\"issuer\":\"i\",\"more\":1}",
    };
    const tally_rrc_receipt receipt = example();
    tally_json_document *document = NULL;
    tally_jws_key another;
    tally_rrc_receipt read;
    tally_buffer jws;

    (void)state;
    memset(&another, 2, sizeof(another));
    tally_buffer_init(&jws, TALLY_RRC_RECEIPT_BYTES_MAX);
    assert_int_equal(tally_rrc_receipt_sign(&jws, &receipt, seed, NULL), TALLY_OK);
    assert_int_equal(
        tally_rrc_receipt_open(&read, &document, tally_buffer_text(&jws), &another, NULL),
        TALLY_E_INVALID);
    for (size_t i = 0; i < UNIT_COUNT(payloads) + 1; i++) {
        tally_buffer payload;

        tally_buffer_reset(&jws);
        tally_buffer_init(&payload, TALLY_RRC_RECEIPT_BYTES_MAX);
        if (i < UNIT_COUNT(payloads))
            assert_int_equal(tally_buffer_append_string(&payload, payloads[i]), TALLY_OK);
        else
            assert_int_equal(tally_rrc_receipt_append(&payload, &receipt, NULL), TALLY_OK);
        assert_int_equal(
            tally_jws_sign(&jws, tally_buffer_text(&payload),
                           i < UNIT_COUNT(payloads) ? TALLY_RRC_RECEIPT_TYP : "tally-receipt+jws",
                           seed, NULL),
            TALLY_OK);
        assert_int_equal(
            tally_rrc_receipt_open(&read, &document, tally_buffer_text(&jws), &operator_key, NULL),
            TALLY_E_INVALID);
        assert_null(document);
        tally_buffer_free(&payload);
    }
    tally_buffer_free(&jws);
}

static void texts_and_times_that_cannot_stand_are_refused(void **state)
{
    tally_rrc_receipt receipt = example();
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, TALLY_RRC_RECEIPT_BYTES_MAX);
    receipt.period = TALLY_TEXT("");
    assert_int_equal(tally_rrc_receipt_append(&out, &receipt, NULL), TALLY_E_INVALID);
    receipt = example();
    receipt.time_ms = INT64_MAX;
    assert_int_equal(tally_rrc_receipt_append(&out, &receipt, NULL), TALLY_E_INVALID);
    receipt.time_ms = INT64_MIN;
    assert_int_equal(tally_rrc_receipt_append(&out, &receipt, NULL), TALLY_E_INVALID);
    tally_buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_payload_is_canonical_json),
        cmocka_unit_test(a_signed_receipt_is_read_as_it_was_written),
        cmocka_unit_test(another_key_or_type_or_payload_is_refused),
        cmocka_unit_test(texts_and_times_that_cannot_stand_are_refused),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
