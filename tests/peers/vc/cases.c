/* SPDX-License-Identifier: Apache-2.0 */
/* Our side of the exchange with other people's credential libraries: prints credentials
 * of fixed keys as lines of KIND TAB TEXT, and then reads such lines, made or altered by
 * them, and says of each whether we accept it.
 *
 * usage: cases issue | cases verify */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cred/did_web.h"
#include "cred/sd_jwt.h"
#include "cred/status_list.h"
#include "cred/vc.h"
#include "crypto/did_key.h"

#define AUDIENCE "https://library.example"
#define NONCE    "n-0S6_WzA2Mj"
#define ISSUER   "https://green.example.org"
#define VCT      "https://green.example.org/tier"
#define LIST     "https://green.example.org/status/1"
#define NOW_S    INT64_C(1795000000)
#define LINE_MAX ((size_t)1 << 20)

static const uint8_t seeds[3][32] = { { 1 }, { 2 }, { 3 } };

/* An Ed25519 key and a P-256 key to issue with, and one for the holder. */
static tally_jose_secret ed25519, p256, holder;

static void check(tally_rc rc, const char *what)
{
    if (rc == TALLY_OK)
        return;
    fprintf(stderr, "cases: %s: %s\n", what, tally_rc_name(rc));
    fflush(NULL);
    _Exit(1);
}

static void print(const char *kind, tally_buffer *text)
{
    printf("%s\t%s\n", kind, tally_buffer_string(text));
    tally_buffer_reset(text);
}

static void issue_vc(tally_buffer *out)
{
    char unsecured[1000];
    tally_did_key_url url;
    tally_did_key did;

    tally_did_key_write(&did, ed25519.public_key.x);
    tally_did_key_url_write(&url, ed25519.public_key.x);
    (void)snprintf(unsecured, sizeof(unsecured),
                   "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":"
                   "[\"VerifiableCredential\"],\"issuer\":\"%s\",\"validFrom\":"
                   "\"2026-01-01T00:00:00Z\",\"credentialSubject\":{\"id\":\"did:example:m\","
                   "\"name\":\"Gr\xc3\xbcn \\ud83d\\ude02\",\"tier\":500}}",
                   did.text);
    check(tally_vc_sign(out, tally_text_from(unsecured), tally_text_from(url.text),
                        TALLY_TEXT("2026-11-22T10:00:00Z"), seeds[0], NULL),
          "vc");
    print("vc", out);
}

static void issue_sd_jwt(tally_buffer *out, const tally_jose_secret *key, const char *issued_kind,
                         const char *shown_kind)
{
    static const tally_sd_claim claims[] = {
        { "programme", "\"green.example.org\"", false },
        { "tier_100", "true", true },
        { "tier_500", "true", true },
        { "period", "{\"from\":\"2026-01\",\"until\":\"2026-12\"}", true },
    };
    static const char *const shown[] = { "tier_500", "period", NULL };
    tally_sd_jwt_content content = {
        ISSUER, VCT, "k1", 1790000000, 1890000000, &holder.public_key, LIST, 77, claims, 4, 3
    };
    tally_sd_jwt_binding binding = { &holder, AUDIENCE, NONCE, NOW_S };
    tally_buffer issued;

    tally_buffer_init(&issued, LINE_MAX);
    check(tally_sd_jwt_issue(&issued, &content, key, tally_random_system(), NULL), "sd-jwt");
    check(tally_sd_jwt_present(out, tally_buffer_text(&issued), shown, &binding, NULL), "present");
    print(issued_kind, &issued);
    print(shown_kind, out);
    tally_buffer_free(&issued);
}

static void issue_others(tally_buffer *out)
{
    tally_did_web_key keys[2] = { { "ed", ed25519.public_key }, { "p256", p256.public_key } };
    tally_status_token token = { LIST, "k1", 1790000000, 1890000000, 3600 };
    tally_status_list *list = NULL;

    check(tally_status_list_new(&list, 2, 1024, NULL), "status list");
    for (uint32_t i = 0; i < 1024; i += 5)
        tally_status_list_set(list, i, i % 3 + 1);
    check(tally_status_list_sign(out, list, &token, &p256, NULL), "status list");
    print("status", out);
    tally_status_list_free(list);
    check(tally_did_web_document(out, TALLY_TEXT("did:web:green.example.org"), keys, 2, NULL),
          "did:web");
    print("did-web", out);
    check(tally_did_web_issuer_metadata(out, TALLY_TEXT("green.example.org"), keys, 2, NULL),
          "metadata");
    print("metadata", out);
}

static bool accepts(tally_text kind, tally_text text)
{
    tally_sd_jwt_wanted wanted = { .typ = TALLY_SD_JWT_VC_TYP,
                                   .vct = VCT,
                                   .audience = AUDIENCE,
                                   .nonce = NONCE,
                                   .now_s = NOW_S,
                                   .binding_age_max_s = 300 };
    tally_json_document *claims = NULL;
    tally_status_list *list = NULL;
    tally_err err = TALLY_ERR_INIT;
    tally_vc credential;
    tally_rc rc;

    if (tally_text_is(kind, "vc")) {
        rc = tally_vc_verify(&credential, text, NULL, &err);
        if (rc == TALLY_OK)
            tally_vc_free(&credential);
    } else if (tally_text_is(kind, "status")) {
        rc = tally_status_list_verify(&list, text, LIST, &p256.public_key, NOW_S, &err);
        if (rc == TALLY_OK && tally_status_list_get(list, 3) != 1)
            rc = TALLY_E_INVALID;
        tally_status_list_free(list);
    } else {
        wanted.issuer = tally_text_is(kind, "sd-jwt-ed") ? &ed25519.public_key : &p256.public_key;
        rc = tally_sd_jwt_verify(&claims, text, &wanted, &err);
        if (rc == TALLY_OK &&
            tally_json_find(tally_json_root(claims), TALLY_TEXT("tier_500")) == NULL)
            rc = TALLY_E_INVALID;
        tally_json_document_free(claims);
    }
    if (rc != TALLY_OK)
        fprintf(stderr, "refused: %s\n", err.message);
    return rc == TALLY_OK;
}

static void verify(void)
{
    static char line[LINE_MAX];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        tally_text kind, text;

        (void)tally_text_split(tally_text_trim(tally_text_from(line)), '\t', &kind, &text);
        puts(accepts(kind, text) ? "accepted" : "refused");
    }
}

int main(int argc, char **argv)
{
    tally_buffer out;

    check(tally_jose_key(&ed25519, TALLY_JOSE_EDDSA, seeds[0], NULL), "key");
    check(tally_jose_key(&p256, TALLY_JOSE_ES256, seeds[1], NULL), "key");
    check(tally_jose_key(&holder, TALLY_JOSE_ES256, seeds[2], NULL), "key");
    if (argc == 2 && strcmp(argv[1], "verify") == 0) {
        verify();
        return 0;
    }
    tally_buffer_init(&out, LINE_MAX);
    issue_vc(&out);
    issue_sd_jwt(&out, &p256, "issued", "sd-jwt");
    issue_sd_jwt(&out, &ed25519, "issued-ed", "sd-jwt-ed");
    issue_others(&out);
    tally_buffer_free(&out);
    return 0;
}
