/* SPDX-License-Identifier: Apache-2.0 */
/* JOSE keys and JWTs: vectors of the RFCs, and every way of altering. */

#include "unit.h"

#include "crypto/base64.h"
#include "crypto/jose.h"
#include "util/alloc.h"

static const uint8_t secret[32] = { 1, 2, 3, 4, 5 };

static tally_jose_secret make_key(tally_jose_algorithm algorithm)
{
    tally_jose_secret key;

    assert_int_equal(tally_jose_key(&key, algorithm, secret, NULL), TALLY_OK);
    return key;
}

static tally_jose_public read_key(const char *jwk, tally_rc wanted)
{
    tally_json_document *document = NULL;
    tally_jose_public key;

    assert_int_equal(tally_json_parse(&document, tally_text_from(jwk), NULL, NULL), TALLY_OK);
    assert_int_equal(tally_jose_read_jwk(&key, tally_json_root(document), NULL), wanted);
    tally_json_document_free(document);
    return key;
}

/* RFC 7515, appendix A.3. */
static void the_es256_vector_verifies(void **state)
{
    static const char jwt[] =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "Vl"
        "fQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    tally_jose_public key = read_key("{\"kty\":\"EC\",\"crv\":\"P-256\","
                                     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                                     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
                                     TALLY_OK);
    tally_json_document *payload = NULL;
    int64_t expires;

    (void)state;
    assert_int_equal(tally_jwt_verify(NULL, &payload, tally_text_from(jwt), NULL, &key, NULL),
                     TALLY_OK);
    assert_true(tally_json_is_integer(tally_json_find(tally_json_root(payload), TALLY_TEXT("exp")),
                                      &expires));
    assert_int_equal(expires, 1300819380);
    tally_json_document_free(payload);
}

/* RFC 8037, appendix A.4: the payload there is no JSON, so the signature alone. */
static void the_eddsa_vector_is_met(void **state)
{
    static const char input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    uint8_t seed[32], signature[64], wanted[64];
    tally_jose_secret key;

    (void)state;
    assert_true(tally_base64url_is_exactly(
        seed, 32, TALLY_TEXT("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")));
    assert_int_equal(tally_jose_key(&key, TALLY_JOSE_EDDSA, seed, NULL), TALLY_OK);
    assert_int_equal(tally_jose_sign(signature, input, strlen(input), &key, NULL), TALLY_OK);
    assert_true(tally_base64url_is_exactly(
        wanted, 64,
        TALLY_TEXT("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
                   "MuM0KAg")));
    assert_memory_equal(signature, wanted, 64);
}

static void jwks_come_back(void **state)
{
    static const tally_jose_algorithm algorithms[] = { TALLY_JOSE_EDDSA, TALLY_JOSE_ES256 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        tally_jose_secret key = make_key(algorithms[i]);
        tally_jose_public read;
        tally_buffer out;
        tally_jcs jcs;

        tally_buffer_init(&out, 1000);
        tally_jcs_init(&jcs, &out);
        tally_jose_write_jwk(&jcs, &key.public_key);
        assert_int_equal(tally_jcs_finish(&jcs, NULL), TALLY_OK);
        read = read_key(tally_buffer_string(&out), TALLY_OK);
        assert_true(tally_jose_is_equal(&read, &key.public_key));
        tally_buffer_free(&out);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const rejects[] = {
        "{}",
        "{\"kty\":\"RSA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":"
        "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
        "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE\"}",
        /* Not on the curve. */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a8\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
    };
    /* The order of P-256. */
    static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                       0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
    static const uint8_t zero[32];
    tally_jose_secret key;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++)
        (void)read_key(rejects[i], TALLY_E_INVALID);
    assert_int_equal(tally_jose_key(&key, TALLY_JOSE_ES256, order, NULL), TALLY_E_INVALID);
    assert_int_equal(tally_jose_key(&key, TALLY_JOSE_ES256, zero, NULL), TALLY_E_INVALID);
}

static void every_altered_byte_of_a_jwt_is_seen(void **state)
{
    static const tally_jose_algorithm algorithms[] = { TALLY_JOSE_EDDSA, TALLY_JOSE_ES256 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        tally_jose_secret key = make_key(algorithms[i]);
        tally_buffer jwt;

        tally_buffer_init(&jwt, 1000);
        assert_int_equal(
            tally_jwt_sign(&jwt, "a+jwt", TALLY_TEXT("k"), TALLY_TEXT("{\"a\":1}"), &key, NULL),
            TALLY_OK);
        assert_int_equal(
            tally_jwt_verify(NULL, NULL, tally_buffer_text(&jwt), "a+jwt", &key.public_key, NULL),
            TALLY_OK);
        assert_int_equal(
            tally_jwt_verify(NULL, NULL, tally_buffer_text(&jwt), "b+jwt", &key.public_key, NULL),
            TALLY_E_INVALID);
        for (size_t j = 0; j < jwt.count; j++) {
            char kept = jwt.bytes[j];

            jwt.bytes[j] = kept == 'A' ? 'B' : 'A';
            assert_int_equal(tally_jwt_verify(NULL, NULL, tally_buffer_text(&jwt), "a+jwt",
                                              &key.public_key, NULL),
                             TALLY_E_INVALID);
            jwt.bytes[j] = kept;
            assert_int_equal(tally_jwt_verify(NULL, NULL, tally_text_of(jwt.bytes, j), "a+jwt",
                                              &key.public_key, NULL),
                             TALLY_E_INVALID);
        }
        tally_buffer_free(&jwt);
    }
}

/* Whatever a header says, the key's algorithm is the one that counts. */
static void another_algorithm_is_refused(void **state)
{
    static const char *const headers[] = { "{\"alg\":\"none\"}",
                                           "{\"alg\":\"HS256\"}",
                                           "{\"alg\":\"ES256\"}",
                                           "{\"alg\":\"EdDSA\",\"crit\":[\"b64\"]}",
                                           "{}",
                                           "[]" };
    tally_jose_secret key = make_key(TALLY_JOSE_EDDSA);

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(headers); i++) {
        uint8_t signature[64];
        tally_buffer jwt;

        tally_buffer_init(&jwt, 1000);
        tally_base64url_append(&jwt, (const uint8_t *)headers[i], strlen(headers[i]));
        tally_buffer_append_string(&jwt, ".e30");
        assert_int_equal(tally_jose_sign(signature, jwt.bytes, jwt.count, &key, NULL), TALLY_OK);
        tally_buffer_append_byte(&jwt, '.');
        tally_base64url_append(&jwt, signature, 64);
        assert_int_equal(
            tally_jwt_verify(NULL, NULL, tally_buffer_text(&jwt), NULL, &key.public_key, NULL),
            TALLY_E_INVALID);
        tally_buffer_free(&jwt);
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_jose_secret key = make_key(TALLY_JOSE_EDDSA);
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_json_document *header = NULL, *payload = NULL;
        tally_err err = TALLY_ERR_INIT;
        tally_buffer jwt;

        tally_buffer_init(&jwt, 1000);
        tally_alloc_fail_at(nth);
        rc = tally_jwt_sign(&jwt, "a+jwt", TALLY_TEXT("k"), TALLY_TEXT("{\"a\":1}"), &key, &err);
        if (rc == TALLY_OK)
            rc = tally_jwt_verify(&header, &payload, tally_buffer_text(&jwt), "a+jwt",
                                  &key.public_key, &err);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(err.rc, rc);
        tally_json_document_free(header);
        tally_json_document_free(payload);
        tally_buffer_free(&jwt);
    }
    assert_true(nth > 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_es256_vector_verifies),
        cmocka_unit_test(the_eddsa_vector_is_met),
        cmocka_unit_test(jwks_come_back),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(every_altered_byte_of_a_jwt_is_seen),
        cmocka_unit_test(another_algorithm_is_refused),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
