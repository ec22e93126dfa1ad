/* SPDX-License-Identifier: Apache-2.0 */
/* eddsa-jcs-2022: the test vectors of VC-DI-EdDSA, and every way of altering. */

#include "unit.h"

#include "cred/vc.h"
#include "crypto/base58.h"
#include "crypto/did_key.h"
#include "files.h"
#include "json/jcs.h"
#include "util/alloc.h"

#define VECTORS "tests/vectors/vc-di-eddsa-jcs/"
#define METHOD                                                  \
    "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#" \
    "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
#define PROOF_VALUE \
    "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"

static uint8_t seed[32], public32[32];

/* privateKeyMultibase of keyPair.json: z, base58 of 80 26 and the seed. */
static int read_key(void **state)
{
    uint8_t keyed[34];
    size_t count;

    (void)state;
    assert_int_equal(
        tally_base58_read(keyed, sizeof(keyed), &count,
                          TALLY_TEXT("3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")),
        TALLY_OK);
    assert_true(count == 34 && keyed[0] == 0x80 && keyed[1] == 0x26);
    memcpy(seed, keyed + 2, 32);
    assert_int_equal(tally_ed25519_public(public32, seed), TALLY_OK);
    return 0;
}

static void assert_hex(const uint8_t *bytes, const char *name)
{
    char hex[65];
    tally_buffer text;

    file_read(&text, name);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    assert_memory_equal(tally_buffer_string(&text), hex, 64);
    tally_buffer_free(&text);
}

static void the_official_vector_verifies_and_hashes_as_printed(void **state)
{
    const tally_json_value *root;
    tally_buffer secured;
    uint8_t hash[64];
    tally_vc credential;

    (void)state;
    file_read(&secured, VECTORS "signedJCS.json");
    assert_int_equal(tally_vc_verify(&credential, tally_buffer_text(&secured), public32, NULL),
                     TALLY_OK);
    assert_true(tally_text_is(credential.issuer, "https://vc.example/issuers/5678"));
    assert_true(tally_text_is(credential.method, METHOD));
    assert_true(tally_text_is(credential.subject, "did:example:abcdefgh"));
    root = tally_json_root(credential.document);
    assert_int_equal(tally_vc_hash(hash, root, tally_json_find(root, TALLY_TEXT("proof")), NULL),
                     TALLY_OK);
    assert_hex(hash, VECTORS "proofHashJCS.txt");
    assert_hex(hash + 32, VECTORS "docHashJCS.txt");
    /* 2023-01-01 and on. */
    assert_int_equal(tally_vc_check_time(&credential, INT64_C(1672531200000), NULL), TALLY_OK);
    assert_int_equal(tally_vc_check_time(&credential, INT64_C(1672531199999), NULL),
                     TALLY_E_INVALID);
    tally_vc_free(&credential);
    /* Its issuer is not the did:key that signed. */
    assert_int_equal(tally_vc_verify(&credential, tally_buffer_text(&secured), NULL, NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&secured);
}

static void signing_gives_the_official_proof(void **state)
{
    tally_buffer unsecured, secured;

    (void)state;
    file_read(&unsecured, VECTORS "unsigned.json");
    tally_buffer_init(&secured, 1 << 16);
    assert_int_equal(tally_vc_sign(&secured, tally_buffer_text(&unsecured), TALLY_TEXT(METHOD),
                                   TALLY_TEXT("2023-02-24T23:36:38Z"), seed, NULL),
                     TALLY_OK);
    assert_non_null(strstr(tally_buffer_string(&secured), PROOF_VALUE));
    tally_buffer_free(&unsecured);
    tally_buffer_free(&secured);
}

#define BEGIN                                             \
    "{\"@context\":[\"https://www.w3.org/ns/credentials/" \
    "v2\"],\"credentialSubject\":{\"id\":\"did:example:a\"},"

/* A credential of ours, whose issuer is its own key. */
static void make(tally_buffer *out)
{
    char unsecured[600];
    tally_did_key_url url;
    tally_did_key did;

    tally_did_key_write(&did, public32);
    tally_did_key_url_write(&url, public32);
    (void)snprintf(unsecured, sizeof(unsecured),
                   BEGIN
                   "\"issuer\":{\"id\":\"%s\",\"name\":\"x\"},\"type\":[\"VerifiableCredential\"]"
                   ",\"zzz\":1.5}",
                   did.text);
    tally_buffer_init(out, 1 << 16);
    assert_int_equal(tally_vc_sign(out, tally_text_from(unsecured), tally_text_from(url.text),
                                   (tally_text){ NULL, 0 }, seed, NULL),
                     TALLY_OK);
}

static void every_altered_byte_is_seen(void **state)
{
    tally_buffer secured;
    tally_vc credential;

    (void)state;
    make(&secured);
    assert_int_equal(tally_vc_verify(&credential, tally_buffer_text(&secured), NULL, NULL),
                     TALLY_OK);
    tally_vc_free(&credential);
    for (size_t i = 0; i < secured.count; i++) {
        static const char bytes[] = "aZ09\"{}[],: ";
        char kept = secured.bytes[i];

        for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
            tally_rc rc;

            if (bytes[j] == kept)
                continue;
            secured.bytes[i] = bytes[j];
            rc = tally_vc_verify(&credential, tally_buffer_text(&secured), NULL, NULL);
            if (rc == TALLY_OK)
                fail_msg("byte %zu, %c for %c: %s", i, bytes[j], kept, secured.bytes);
            assert_null(credential.document);
        }
        secured.bytes[i] = kept;
    }
    tally_buffer_free(&secured);
}

static void what_is_no_credential_is_not_signed(void **state)
{
    static const char *const rejects[] = {
        "[]",
        "{}",
        BEGIN "\"issuer\":\"did:example:b\",\"type\":[\"Other\"]}",
        BEGIN "\"issuer\":\"did:example:b\",\"type\":\"VerifiableCredential\"}",
        BEGIN "\"type\":[\"VerifiableCredential\"]}",
        BEGIN "\"issuer\":7,\"type\":[\"VerifiableCredential\"]}",
        BEGIN "\"issuer\":\"did:example:b\",\"proof\":{},\"type\":[\"VerifiableCredential\"]}",
        ("{\"@context\":[\"https://www.w3.org/2018/credentials/v1\"],\"credentialSubject\":{},"
         "\"issuer\":\"did:example:b\",\"type\":[\"VerifiableCredential\"]}"),
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_buffer secured;

        tally_buffer_init(&secured, 1 << 16);
        assert_int_equal(tally_vc_sign(&secured, tally_text_from(rejects[i]), TALLY_TEXT(METHOD),
                                       (tally_text){ NULL, 0 }, seed, NULL),
                         TALLY_E_INVALID);
        assert_int_equal(secured.count, 0);
        tally_buffer_free(&secured);
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_buffer unsecured;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    file_read(&unsecured, VECTORS "unsigned.json");
    for (; rc != TALLY_OK; nth++) {
        tally_err err = TALLY_ERR_INIT;
        tally_vc credential = { .document = NULL };
        tally_buffer secured;

        tally_buffer_init(&secured, 1 << 16);
        tally_alloc_fail_at(nth);
        rc = tally_vc_sign(&secured, tally_buffer_text(&unsecured), TALLY_TEXT(METHOD),
                           (tally_text){ NULL, 0 }, seed, &err);
        if (rc == TALLY_OK)
            rc = tally_vc_verify(&credential, tally_buffer_text(&secured), public32, &err);
        tally_alloc_fail_never();
        /* Comparing contexts cannot say that memory was short. */
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM || rc == TALLY_E_INVALID);
        assert_int_equal(err.rc, rc);
        tally_vc_free(&credential);
        tally_buffer_free(&secured);
    }
    assert_true(nth > 20);
    tally_buffer_free(&unsecured);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_vector_verifies_and_hashes_as_printed),
        cmocka_unit_test(signing_gives_the_official_proof),
        cmocka_unit_test(every_altered_byte_is_seen),
        cmocka_unit_test(what_is_no_credential_is_not_signed),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, read_key, NULL);
}
