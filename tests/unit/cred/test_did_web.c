/* SPDX-License-Identifier: Apache-2.0 */
/* did:web: names, addresses, documents and the keys in them. */

#include "unit.h"

#include "cred/did_web.h"

static const struct {
    const char *origin, *did, *address;
} names[] = {
    { "example.org", "did:web:example.org", "https://example.org/.well-known/did.json" },
    { "green.example.org/points", "did:web:green.example.org:points",
      "https://green.example.org/points/did.json" },
    { "localhost:8080", "did:web:localhost%3A8080", "https://localhost:8080/.well-known/did.json" },
    { "a.example:1/B/c_d", "did:web:a.example%3A1:B:c_d", "https://a.example:1/B/c_d/did.json" },
};

static void origins_have_dids_and_dids_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        tally_buffer did, address;

        tally_buffer_init(&did, 1000);
        tally_buffer_init(&address, 1000);
        assert_int_equal(tally_did_web_write(&did, tally_text_from(names[i].origin), NULL),
                         TALLY_OK);
        assert_string_equal(tally_buffer_string(&did), names[i].did);
        assert_int_equal(tally_did_web_address(&address, tally_buffer_text(&did), NULL), TALLY_OK);
        assert_string_equal(tally_buffer_string(&address), names[i].address);
        tally_buffer_free(&did);
        tally_buffer_free(&address);
    }
}

static void what_is_no_origin_is_refused(void **state)
{
    static const char *const origins[] = {
        "",    "/",         "a//b", "a/",    "https://a.example", "a b", "a?b",
        "a#b", "A.example", "a@b",  "a%2fb", "\xc3\xa9.example"
    };
    static const char *const dids[] = {
        "", "did:web:", "did:key:z6Mk", "did:web:a/b", "did:web:a b", "did:web:a#b"
    };
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, 1000);
    for (size_t i = 0; i < UNIT_COUNT(origins); i++) {
        assert_int_equal(tally_did_web_write(&out, tally_text_from(origins[i]), NULL),
                         TALLY_E_INVALID);
        assert_int_equal(out.count, 0);
    }
    for (size_t i = 0; i < UNIT_COUNT(dids); i++)
        assert_int_equal(tally_did_web_address(&out, tally_text_from(dids[i]), NULL),
                         TALLY_E_INVALID);
    tally_buffer_free(&out);
}

#define DID "did:web:example.org"

static void make_document(tally_buffer *out, tally_did_web_key keys[static 2])
{
    tally_jose_secret secret;

    assert_int_equal(tally_jose_key(&secret, TALLY_JOSE_EDDSA, (const uint8_t[32]){ 1 }, NULL),
                     TALLY_OK);
    keys[0] = (tally_did_web_key){ "ed", secret.public_key };
    assert_int_equal(tally_jose_key(&secret, TALLY_JOSE_ES256, (const uint8_t[32]){ 2 }, NULL),
                     TALLY_OK);
    keys[1] = (tally_did_web_key){ "p256", secret.public_key };
    tally_buffer_init(out, 1 << 16);
    assert_int_equal(tally_did_web_document(out, TALLY_TEXT(DID), keys, 2, NULL), TALLY_OK);
}

static void keys_are_found_in_their_document(void **state)
{
    tally_did_web_key keys[2];
    tally_jose_public found;
    tally_buffer document;

    (void)state;
    make_document(&document, keys);
    assert_int_equal(
        tally_did_web_find(&found, tally_buffer_text(&document), TALLY_TEXT(DID "#ed"), NULL),
        TALLY_OK);
    assert_true(tally_jose_is_equal(&found, &keys[0].key));
    assert_int_equal(
        tally_did_web_find(&found, tally_buffer_text(&document), TALLY_TEXT(DID "#p256"), NULL),
        TALLY_OK);
    assert_true(tally_jose_is_equal(&found, &keys[1].key));
    assert_int_equal(
        tally_did_web_find(&found, tally_buffer_text(&document), TALLY_TEXT(DID "#other"), NULL),
        TALLY_E_INVALID);
    assert_int_equal(tally_did_web_find(&found, tally_buffer_text(&document),
                                        TALLY_TEXT("did:web:other.example#ed"), NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&document);
}

/* W3C Controlled Identifiers 1.0 names these prefixes. */
static void multikeys_begin_as_their_kind_does(void **state)
{
    tally_did_web_key keys[2];
    tally_buffer document;

    (void)state;
    make_document(&document, keys);
    assert_non_null(strstr(tally_buffer_string(&document), "\"publicKeyMultibase\":\"z6Mk"));
    assert_non_null(strstr(tally_buffer_string(&document), "\"publicKeyMultibase\":\"zDna"));
    tally_buffer_free(&document);
}

static void an_altered_document_gives_another_key_or_none(void **state)
{
    tally_did_web_key keys[2];
    tally_buffer document;

    (void)state;
    make_document(&document, keys);
    for (size_t i = 0; i < document.count; i++) {
        static const char bytes[] = "a1\"{},";
        char kept = document.bytes[i];

        for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
            tally_jose_public found;

            if (bytes[j] == kept)
                continue;
            document.bytes[i] = bytes[j];
            /* Also the other key, the contexts or a controller may be what was altered. */
            if (tally_did_web_find(&found, tally_buffer_text(&document), TALLY_TEXT(DID "#p256"),
                                   NULL) != TALLY_OK)
                assert_true(found.x[0] == 0 && found.x[31] == 0);
        }
        document.bytes[i] = kept;
    }
    tally_buffer_free(&document);
}

static void an_issuer_publishes_the_same_keys(void **state)
{
    tally_did_web_key keys[2];
    tally_buffer document, metadata;
    tally_json_document *parsed = NULL;
    const tally_json_value *list;
    tally_jose_public read;

    (void)state;
    make_document(&document, keys);
    tally_buffer_init(&metadata, 1 << 16);
    assert_int_equal(
        tally_did_web_issuer_metadata(&metadata, TALLY_TEXT("example.org"), keys, 2, NULL),
        TALLY_OK);
    assert_int_equal(tally_json_parse(&parsed, tally_buffer_text(&metadata), NULL, NULL), TALLY_OK);
    list = tally_json_find(tally_json_find(tally_json_root(parsed), TALLY_TEXT("jwks")),
                           TALLY_TEXT("keys"));
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(tally_jose_read_jwk(&read, tally_json_item(list, i), NULL), TALLY_OK);
        assert_true(tally_jose_is_equal(&read, &keys[i].key));
    }
    tally_json_document_free(parsed);
    tally_buffer_free(&metadata);
    tally_buffer_free(&document);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_have_dids_and_dids_addresses),
        cmocka_unit_test(what_is_no_origin_is_refused),
        cmocka_unit_test(keys_are_found_in_their_document),
        cmocka_unit_test(multikeys_begin_as_their_kind_does),
        cmocka_unit_test(an_altered_document_gives_another_key_or_none),
        cmocka_unit_test(an_issuer_publishes_the_same_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
