/* SPDX-License-Identifier: Apache-2.0 */
/* SD-JWT: the examples of RFC 9901 and of SD-JWT VC, our own from issue to verification,
 * and every way of altering. */

#include "unit.h"

#include "cred/sd_jwt.h"
#include "crypto/base64.h"
#include "files.h"
#include "json/read.h"
#include "seeded.h"
#include "util/alloc.h"

#define AUDIENCE "https://library.example"
#define NONCE    "n-0S6_WzA2Mj"

static tally_jose_secret issuer, holder;
static seeded source;

static int make_keys(void **state)
{
    static const uint8_t secrets[2][32] = { { 1 }, { 2 } };

    (void)state;
    assert_int_equal(tally_jose_key(&issuer, TALLY_JOSE_ES256, secrets[0], NULL), TALLY_OK);
    assert_int_equal(tally_jose_key(&holder, TALLY_JOSE_EDDSA, secrets[1], NULL), TALLY_OK);
    (void)seeded_begin(&source, 1);
    return 0;
}

static void the_examples_verify(const char *name, const char *audience, uint32_t wanted_count)
{
    static const tally_json_options options = { .bytes_max = 1 << 20 };
    tally_json_document *document = NULL;
    tally_jose_public issuer_key;
    const tally_json_value *root, *examples;
    tally_buffer text;
    uint32_t count = 0;

    file_read(&text, name);
    assert_int_equal(tally_json_parse(&document, tally_buffer_text(&text), &options, NULL),
                     TALLY_OK);
    root = tally_json_root(document);
    assert_int_equal(
        tally_jose_read_jwk(&issuer_key, tally_json_find(root, TALLY_TEXT("issuer_jwk")), NULL),
        TALLY_OK);
    examples = tally_json_find(root, TALLY_TEXT("examples"));
    for (uint32_t i = 0; i < tally_json_count(examples); i++) {
        const tally_json_value *example = tally_json_item(examples, i);
        tally_text kind = tally_json_text_of(tally_json_find(example, TALLY_TEXT("kind")));
        tally_text compact = tally_json_text_of(tally_json_find(example, TALLY_TEXT("compact")));
        bool is_bound = tally_text_is(kind, "sd-jwt+kb");
        tally_sd_jwt_wanted wanted = { .issuer = &issuer_key,
                                       .audience = is_bound ? audience : NULL,
                                       .nonce = "1234567890" };
        tally_json_document *claims = NULL;
        tally_err err = TALLY_ERR_INIT;

        if (tally_text_is(kind, "jwt")) /* without its tilde */
            continue;
        if (tally_sd_jwt_verify(&claims, compact, &wanted, &err) != TALLY_OK)
            fail_msg("%s, example %u: %s", name, i, err.message);
        assert_null(tally_json_find(tally_json_root(claims), TALLY_TEXT("_sd")));
        tally_json_document_free(claims);
        count++;
        /* Another nonce; the issuer's word alone where a binding stands. */
        wanted.nonce = "1234567891";
        wanted.audience = audience;
        assert_int_equal(tally_sd_jwt_verify(&claims, compact, &wanted, NULL), TALLY_E_INVALID);
    }
    assert_int_equal(count, wanted_count);
    tally_json_document_free(document);
    tally_buffer_free(&text);
}

static void the_examples_of_rfc_9901_verify(void **state)
{
    (void)state;
    the_examples_verify("tests/vectors/rfc9901-sd-jwt/examples.json",
                        "https://verifier.example.org", 8);
}

static void the_examples_of_sd_jwt_vc_verify(void **state)
{
    (void)state;
    the_examples_verify("tests/vectors/sd-jwt-vc/examples.json", "https://example.com/verifier", 5);
}

static const tally_sd_claim claims_of_ours[] = {
    { "programme", "\"green.example.org\"", false },
    { "tier_100", "true", true },
    { "tier_500", "true", true },
    { "period", "{\"from\":\"2026-01\",\"until\":\"2026-12\"}", true },
};

static tally_rc issue(tally_buffer *out, const tally_sd_claim *claims, uint32_t count,
                      const char *kid, tally_err *err)
{
    tally_sd_jwt_content content = { .issuer = "https://green.example.org",
                                     .vct = "https://green.example.org/tier",
                                     .kid = kid,
                                     .issued_s = 1790000000,
                                     .expires_s = 1800000000,
                                     .holder = &holder.public_key,
                                     .status_uri = "https://green.example.org/status/1",
                                     .status_index = 77,
                                     .claims = claims,
                                     .claim_count = count,
                                     .decoy_count = 5 };

    return tally_sd_jwt_issue(out, &content, &issuer, &source.source, err);
}

/* A presentation of tier_500 alone. */
static tally_rc present(tally_buffer *out, tally_text sd_jwt, const char *const *names,
                        tally_err *err)
{
    tally_sd_jwt_binding binding = { &holder, AUDIENCE, NONCE, 1795000000 };

    return tally_sd_jwt_present(out, sd_jwt, names, &binding, err);
}

static const char *const tier_500[] = { "tier_500", NULL };

static void make(tally_buffer *out)
{
    tally_buffer issued;

    tally_buffer_init(&issued, 1 << 16);
    tally_buffer_init(out, 1 << 16);
    assert_int_equal(issue(&issued, claims_of_ours, 4, "k1", NULL), TALLY_OK);
    assert_int_equal(present(out, tally_buffer_text(&issued), tier_500, NULL), TALLY_OK);
    tally_buffer_free(&issued);
}

static tally_sd_jwt_wanted wanted_of_ours(void)
{
    return (tally_sd_jwt_wanted){ .issuer = &issuer.public_key,
                                  .typ = TALLY_SD_JWT_VC_TYP,
                                  .vct = "https://green.example.org/tier",
                                  .audience = AUDIENCE,
                                  .nonce = NONCE,
                                  .now_s = 1795000030,
                                  .binding_age_max_s = 300 };
}

static void only_what_is_disclosed_shows(void **state)
{
    tally_sd_jwt_wanted wanted = wanted_of_ours();
    tally_json_document *claims = NULL;
    const tally_json_value *root;
    tally_buffer shown;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    make(&shown);
    if (tally_sd_jwt_verify(&claims, tally_buffer_text(&shown), &wanted, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    root = tally_json_root(claims);
    assert_true(tally_json_bool_of(tally_json_find(root, TALLY_TEXT("tier_500"))));
    assert_non_null(tally_json_find(root, TALLY_TEXT("programme")));
    assert_null(tally_json_find(root, TALLY_TEXT("tier_100")));
    assert_null(tally_json_find(root, TALLY_TEXT("period")));
    assert_null(tally_json_find(root, TALLY_TEXT("_sd")));
    tally_json_document_free(claims);
    tally_buffer_free(&shown);
}

static void another_verifier_nonce_time_or_key_is_refused(void **state)
{
    tally_sd_jwt_wanted good = wanted_of_ours(), wanted[9];
    tally_json_document *claims = NULL;
    tally_buffer shown;

    (void)state;
    make(&shown);
    for (size_t i = 0; i < UNIT_COUNT(wanted); i++)
        wanted[i] = good;
    wanted[0].audience = "https://cafe.example";
    wanted[1].nonce = "another";
    wanted[2].issuer = &holder.public_key;
    wanted[3].typ = "example+sd-jwt";
    wanted[4].vct = "https://green.example.org/other";
    wanted[5].now_s = 1800000000; /* expired */
    wanted[6].now_s = 1795000301; /* the binding is too old */
    wanted[7].now_s = 1794999939; /* the binding is of later */
    wanted[8].audience = NULL;    /* not asked for */
    for (size_t i = 0; i < UNIT_COUNT(wanted); i++)
        assert_int_equal(tally_sd_jwt_verify(&claims, tally_buffer_text(&shown), &wanted[i], NULL),
                         TALLY_E_INVALID);
    assert_null(claims);
    tally_buffer_free(&shown);
}

static void every_altered_byte_is_seen(void **state)
{
    tally_sd_jwt_wanted wanted = wanted_of_ours();
    tally_json_document *claims = NULL;
    tally_buffer shown;

    (void)state;
    make(&shown);
    for (size_t i = 0; i < shown.count; i++) {
        char kept = shown.bytes[i];

        shown.bytes[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(tally_sd_jwt_verify(&claims, tally_buffer_text(&shown), &wanted, NULL),
                         TALLY_E_INVALID);
        shown.bytes[i] = kept;
        assert_int_equal(tally_sd_jwt_verify(&claims, tally_text_of(shown.bytes, i), &wanted, NULL),
                         TALLY_E_INVALID);
    }
    tally_buffer_free(&shown);
}

/* What a holder could try with the issuer's own signature. */
static void disclosures_that_do_not_belong_are_refused(void **state)
{
    /* ["salt","tier_900",true], ["salt","iss","x"], [1,"a",true], ["salt"], "x" */
    static const char *const extra[] = {
        "WyJzYWx0IiwidGllcl85MDAiLHRydWVd",
        "WyJzYWx0IiwiaXNzIiwieCJd",
        "WzEsImEiLHRydWVd",
        "WyJzYWx0Il0",
        "Ingi",
        "",
        "WyJzYWx0IiwiX3NkIixbXV0",
    };
    tally_sd_jwt_wanted wanted = wanted_of_ours();
    tally_json_document *claims = NULL;
    tally_buffer issued;
    tally_text jwt, rest, first;

    (void)state;
    wanted.audience = NULL;
    tally_buffer_init(&issued, 1 << 16);
    assert_int_equal(issue(&issued, claims_of_ours, 4, NULL, NULL), TALLY_OK);
    assert_int_equal(tally_sd_jwt_verify(&claims, tally_buffer_text(&issued), &wanted, NULL),
                     TALLY_OK);
    tally_json_document_free(claims);
    claims = NULL;
    (void)tally_text_split(tally_buffer_text(&issued), '~', &jwt, &rest);
    (void)tally_text_split(rest, '~', &first, &rest);
    for (size_t i = 0; i <= UNIT_COUNT(extra); i++) {
        tally_buffer tried;

        tally_buffer_init(&tried, 1 << 16);
        tally_buffer_append_text(&tried, tally_buffer_text(&issued));
        /* The last: a true one a second time. */
        tally_buffer_append_text(&tried, i < UNIT_COUNT(extra) ? tally_text_from(extra[i]) : first);
        tally_buffer_append_byte(&tried, '~');
        assert_int_equal(tally_sd_jwt_verify(&claims, tally_buffer_text(&tried), &wanted, NULL),
                         TALLY_E_INVALID);
        tally_buffer_free(&tried);
    }
    assert_null(claims);
    tally_buffer_free(&issued);
}

/* An issuer that hides what must show, or writes hashes wrongly: signed, yet refused. */
static void hashes_that_are_wrong_are_refused(void **state)
{
    static const char disclosure[] = "WyJzYWx0IiwiaXNzIiwieCJd"; /* ["salt","iss","x"] */
    static const char item[] = "WyJzYWx0IiwieCJd";               /* ["salt","x"] */
    static const char *const payloads[] = {
        "{\"_sd\":[\"%s\"],\"vct\":\"v\"}",
        "{\"_sd\":[\"%s\",\"%s\"],\"vct\":\"v\"}",
        "{\"_sd\":\"%s\",\"vct\":\"v\"}",
        "{\"_sd\":[7],\"a\":\"%s\",\"vct\":\"v\"}",
        "{\"_sd\":[\"%s\"],\"_sd_alg\":\"sha-512\",\"vct\":\"v\"}",
        "{\"a\":[{\"...\":\"%s\"}],\"vct\":\"v\"}",
        "{\"a\":[{\"...\":\"%s\",\"b\":1}],\"vct\":\"v\"}",
        "{\"...\":\"%s\",\"vct\":\"v\"}",
        "{\"a\":{\"_sd\":[\"%s\"],\"iss\":1},\"vct\":\"v\"}",
    };
    tally_sd_jwt_wanted wanted = { .issuer = &issuer.public_key, .typ = TALLY_SD_JWT_VC_TYP };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(payloads); i++) {
        for (int j = 0; j < 2; j++) {
            const char *text = j == 0 ? disclosure : item;
            bool is_right = (i == 5 && j == 1);
            tally_json_document *claims = NULL;
            uint8_t hash[TALLY_HASH_BYTES];
            tally_buffer jwt, digest;
            char payload[400];
            tally_rc rc;

            tally_buffer_init(&jwt, 1 << 16);
            tally_buffer_init(&digest, 64);
            assert_int_equal(tally_hash_sha256(hash, text, strlen(text)), TALLY_OK);
            tally_base64url_append(&digest, hash, sizeof(hash));
/* The formats are those above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(payload, sizeof(payload), payloads[i], digest.bytes, digest.bytes);
#pragma GCC diagnostic pop
            assert_int_equal(tally_jwt_sign(&jwt, TALLY_SD_JWT_VC_TYP, (tally_text){ NULL, 0 },
                                            tally_text_from(payload), &issuer, NULL),
                             TALLY_OK);
            tally_buffer_append_byte(&jwt, '~');
            tally_buffer_append_string(&jwt, text);
            tally_buffer_append_byte(&jwt, '~');
            rc = tally_sd_jwt_verify(&claims, tally_buffer_text(&jwt), &wanted, NULL);
            assert_int_equal(rc, is_right ? TALLY_OK : TALLY_E_INVALID);
            tally_json_document_free(claims);
            tally_buffer_free(&jwt);
            tally_buffer_free(&digest);
        }
    }
}

static void what_is_not_the_holders_is_not_issued(void **state)
{
    static const tally_sd_claim rejects[] = {
        { "iss", "\"x\"", true },  { "exp", "1", true },  { "status", "{}", false },
        { "_sd", "[]", false },    { "...", "1", false }, { "", "1", true },
        { "a", "not JSON", true }, { "iat", "1", false }, { "cnf", "{}", true },
    };
    static const tally_sd_claim twice[] = { { "a", "1", true }, { "a", "2", false } };
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, 1 << 16);
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++)
        assert_int_equal(issue(&out, &rejects[i], 1, NULL, NULL), TALLY_E_INVALID);
    assert_int_equal(issue(&out, twice, 2, NULL, NULL), TALLY_E_INVALID);
    tally_buffer_free(&out);
}

static void only_what_there_is_can_be_presented(void **state)
{
    static const char *const unknown[] = { "tier_900", NULL };
    static const char *const twice[] = { "tier_500", "tier_500", NULL };
    tally_buffer shown, again;

    (void)state;
    make(&shown);
    tally_buffer_init(&again, 1 << 16);
    assert_int_equal(present(&again, tally_buffer_text(&shown), tier_500, NULL), TALLY_E_INVALID);
    tally_buffer_free(&shown);
    tally_buffer_init(&shown, 1 << 16);
    assert_int_equal(issue(&shown, claims_of_ours, 4, NULL, NULL), TALLY_OK);
    assert_int_equal(present(&again, tally_buffer_text(&shown), unknown, NULL), TALLY_E_INVALID);
    assert_int_equal(present(&again, tally_buffer_text(&shown), twice, NULL), TALLY_E_INVALID);
    tally_buffer_free(&shown);
    tally_buffer_free(&again);
}

static void each_failed_allocation_or_draw_is_reported(void **state)
{
    tally_sd_jwt_wanted wanted = wanted_of_ours();
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    for (; rc != TALLY_OK; nth++) {
        tally_json_document *claims = NULL;
        tally_err err = TALLY_ERR_INIT;
        tally_buffer issued, shown;

        tally_buffer_init(&issued, 1 << 16);
        tally_buffer_init(&shown, 1 << 16);
        tally_alloc_fail_at(nth);
        rc = issue(&issued, claims_of_ours, 4, "k1", &err);
        if (rc == TALLY_OK)
            rc = present(&shown, tally_buffer_text(&issued), tier_500, &err);
        if (rc == TALLY_OK)
            rc = tally_sd_jwt_verify(&claims, tally_buffer_text(&shown), &wanted, &err);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(err.rc, rc);
        tally_json_document_free(claims);
        tally_buffer_free(&issued);
        tally_buffer_free(&shown);
    }
    assert_true(nth > 30);
    for (uint32_t draw = 1; draw <= 8; draw++) {
        tally_buffer issued;

        tally_buffer_init(&issued, 1 << 16);
        (void)seeded_begin(&source, 1);
        source.fail_at = draw;
        assert_int_equal(issue(&issued, claims_of_ours, 4, "k1", NULL), TALLY_E_IO);
        tally_buffer_free(&issued);
    }
    (void)seeded_begin(&source, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_9901_verify),
        cmocka_unit_test(the_examples_of_sd_jwt_vc_verify),
        cmocka_unit_test(only_what_is_disclosed_shows),
        cmocka_unit_test(another_verifier_nonce_time_or_key_is_refused),
        cmocka_unit_test(every_altered_byte_is_seen),
        cmocka_unit_test(disclosures_that_do_not_belong_are_refused),
        cmocka_unit_test(hashes_that_are_wrong_are_refused),
        cmocka_unit_test(what_is_not_the_holders_is_not_issued),
        cmocka_unit_test(only_what_there_is_can_be_presented),
        cmocka_unit_test(each_failed_allocation_or_draw_is_reported),
    };

    return cmocka_run_group_tests(tests, make_keys, NULL);
}
