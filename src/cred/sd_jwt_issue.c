/* SPDX-License-Identifier: Apache-2.0 */
/* The issuer's part: salts, hashes in an order that tells nothing, and the JWT. */

#include <stdlib.h>
#include <string.h>

#include "cred/sd_jwt_internal.h"
#include "crypto/base64.h"
#include "util/alloc.h"

#define SALT_BYTES  16 /* 128 bits, as RFC 9901, section 9.3 asks */
#define DIGESTS_MAX (TALLY_SD_JWT_CLAIMS_MAX + TALLY_SD_JWT_DECOYS_MAX)

typedef struct issuing {
    const tally_sd_jwt_content *content;
    const tally_random *random;
    tally_json_document *values[TALLY_SD_JWT_CLAIMS_MAX];
    char digests[DIGESTS_MAX][TALLY_SD_DIGEST_CHARACTERS + 1];
    uint32_t digest_count;
    tally_buffer disclosures; /* each with its tilde */
    tally_err *err;
} issuing;

static tally_rc invalid(issuing *self, const char *name, const char *what)
{
    return tally_err_set(self->err, TALLY_E_INVALID, 0, "the claim \"%s\" %s", name, what);
}

static bool is_reserved(const char *name)
{
    return name[0] == '\0' || name[0] == '_' || strcmp(name, "...") == 0 ||
           strcmp(name, "iat") == 0 || tally_sd_is_own(tally_text_from(name));
}

static tally_rc read_values(issuing *self)
{
    static const tally_json_options options = { .takes_any_number = true };

    for (uint32_t i = 0; i < self->content->claim_count; i++) {
        const tally_sd_claim *claim = &self->content->claims[i];
        tally_rc rc;

        if (is_reserved(claim->name))
            return invalid(self, claim->name, "is not the holder's to have");
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(claim->name, self->content->claims[j].name) == 0)
                return invalid(self, claim->name, "stands there twice");
        }
        rc = tally_json_parse(&self->values[i], tally_text_from(claim->value), &options, self->err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc add_digest(issuing *self, tally_text disclosure)
{
    return tally_sd_digest(self->digests[self->digest_count++], disclosure, self->err);
}

/* [salt, name, value] in base64url, its hash kept, its text appended. */
static tally_rc disclose(issuing *self, uint32_t i)
{
    char salt_text[TALLY_BASE64_CHARACTERS(SALT_BYTES) + 1];
    tally_buffer salt_encoded = { .bytes = salt_text,
                                  .room = sizeof(salt_text),
                                  .bytes_max = sizeof(salt_text) - 1 };
    size_t start = self->disclosures.count;
    uint8_t salt[SALT_BYTES];
    tally_buffer array;
    tally_jcs jcs;
    tally_rc rc = tally_random_fill(self->random, salt, sizeof(salt), self->err);

    if (rc != TALLY_OK)
        return rc;
    tally_base64url_append(&salt_encoded, salt, sizeof(salt));
    tally_buffer_init(&array, TALLY_SD_JWT_BYTES_MAX);
    tally_jcs_init(&jcs, &array);
    tally_jcs_array(&jcs);
    tally_jcs_text(&jcs, tally_buffer_text(&salt_encoded));
    tally_jcs_string(&jcs, self->content->claims[i].name);
    tally_jcs_value(&jcs, tally_json_root(self->values[i]));
    tally_jcs_array_end(&jcs);
    rc = tally_jcs_finish(&jcs, self->err);
    if (rc == TALLY_OK) {
        tally_base64url_append(&self->disclosures, (const uint8_t *)array.bytes, array.count);
        if (tally_buffer_failure(&self->disclosures) == TALLY_OK)
            rc = add_digest(self, tally_text_of(self->disclosures.bytes + start,
                                                self->disclosures.count - start));
        tally_buffer_append_byte(&self->disclosures, '~');
    }
    tally_buffer_free(&array);
    if (rc == TALLY_OK && tally_buffer_failure(&self->disclosures) != TALLY_OK)
        rc = tally_err_set(self->err, tally_buffer_failure(&self->disclosures), 0,
                           "writing an SD-JWT");
    return rc;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, TALLY_SD_DIGEST_CHARACTERS);
}

static tally_rc make_digests(issuing *self)
{
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < self->content->claim_count; i++) {
        if (self->content->claims[i].is_disclosable)
            rc = disclose(self, i);
    }
    for (uint32_t i = 0; rc == TALLY_OK && i < self->content->decoy_count; i++) {
        uint8_t nothing[TALLY_HASH_BYTES];

        rc = tally_random_fill(self->random, nothing, sizeof(nothing), self->err);
        if (rc == TALLY_OK)
            rc = add_digest(self, tally_text_of((const char *)nothing, sizeof(nothing)));
    }
    /* Hashes of random salts in ascending order: the order of the claims is gone. */
    qsort(self->digests, self->digest_count, sizeof(self->digests[0]), compare_digests);
    return rc;
}

typedef struct member {
    const char *name;
    const tally_json_value *value; /* NULL: one of the JWT's own */
} member;

static int compare_members(const void *a, const void *b)
{
    return tally_json_compare_names(tally_text_from(((const member *)a)->name),
                                    tally_text_from(((const member *)b)->name));
}

/* One of the JWT's own claims. */
static void write_own(tally_jcs *jcs, const issuing *self, const char *name)
{
    const tally_sd_jwt_content *content = self->content;

    tally_jcs_name(jcs, name);
    if (strcmp(name, "_sd") == 0) {
        tally_jcs_array(jcs);
        for (uint32_t i = 0; i < self->digest_count; i++)
            tally_jcs_string(jcs, self->digests[i]);
        tally_jcs_array_end(jcs);
    } else if (strcmp(name, "_sd_alg") == 0) {
        tally_jcs_string(jcs, "sha-256");
    } else if (strcmp(name, "cnf") == 0) {
        tally_jcs_object(jcs);
        tally_jcs_name(jcs, "jwk");
        tally_jose_write_jwk(jcs, content->holder);
        tally_jcs_object_end(jcs);
    } else if (strcmp(name, "status") == 0) {
        tally_jcs_object(jcs);
        tally_jcs_name(jcs, "status_list");
        tally_jcs_object(jcs);
        tally_jcs_member_integer(jcs, "idx", content->status_index);
        tally_jcs_member_string(jcs, "uri", content->status_uri);
        tally_jcs_object_end(jcs);
        tally_jcs_object_end(jcs);
    } else if (strcmp(name, "exp") == 0) {
        tally_jcs_integer(jcs, content->expires_s);
    } else if (strcmp(name, "iat") == 0) {
        tally_jcs_integer(jcs, content->issued_s);
    } else {
        tally_jcs_string(jcs, strcmp(name, "iss") == 0 ? content->issuer : content->vct);
    }
}

static tally_rc write_payload(tally_buffer *out, const issuing *self)
{
    member members[TALLY_SD_JWT_CLAIMS_MAX + 8];
    const tally_sd_jwt_content *content = self->content;
    size_t count = 0;
    tally_jcs jcs;

    if (self->digest_count > 0) {
        members[count++] = (member){ "_sd", NULL };
        members[count++] = (member){ "_sd_alg", NULL };
    }
    if (content->holder != NULL)
        members[count++] = (member){ "cnf", NULL };
    if (content->status_uri != NULL)
        members[count++] = (member){ "status", NULL };
    members[count++] = (member){ "exp", NULL };
    members[count++] = (member){ "iat", NULL };
    members[count++] = (member){ "iss", NULL };
    members[count++] = (member){ "vct", NULL };
    for (uint32_t i = 0; i < content->claim_count; i++) {
        if (!content->claims[i].is_disclosable)
            members[count++] =
                (member){ content->claims[i].name, tally_json_root(self->values[i]) };
    }
    qsort(members, count, sizeof(members[0]), compare_members);
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    for (size_t i = 0; i < count; i++) {
        if (members[i].value != NULL)
            tally_jcs_member_value(&jcs, members[i].name, members[i].value);
        else
            write_own(&jcs, self, members[i].name);
    }
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, self->err);
}

static tally_rc issue(tally_buffer *out, issuing *self, const tally_jose_secret *key)
{
    const char *kid = self->content->kid;
    tally_buffer payload;
    tally_rc rc = read_values(self);

    tally_buffer_init(&payload, TALLY_SD_JWT_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = make_digests(self);
    if (rc == TALLY_OK)
        rc = write_payload(&payload, self);
    if (rc == TALLY_OK)
        rc = tally_jwt_sign(out, TALLY_SD_JWT_VC_TYP, tally_text_from(kid),
                            tally_buffer_text(&payload), key, self->err);
    tally_buffer_free(&payload);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_append_byte(out, '~');
    tally_buffer_append_text(out, tally_buffer_text(&self->disclosures));
    if (tally_buffer_failure(out) != TALLY_OK)
        return tally_err_set(self->err, tally_buffer_failure(out), 0, "writing an SD-JWT");
    return TALLY_OK;
}

tally_rc tally_sd_jwt_issue(tally_buffer *out, const tally_sd_jwt_content *content,
                            const tally_jose_secret *key, const tally_random *random,
                            tally_err *err)
{
    issuing *self;
    tally_rc rc;

    if (content->claim_count > TALLY_SD_JWT_CLAIMS_MAX ||
        content->decoy_count > TALLY_SD_JWT_DECOYS_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "an SD-JWT has %d claims and %d decoys at most",
                             TALLY_SD_JWT_CLAIMS_MAX, TALLY_SD_JWT_DECOYS_MAX);
    self = tally_alloc_zeroed(sizeof(*self));
    if (self == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "issuing an SD-JWT");
    self->content = content;
    self->random = random;
    self->err = err;
    tally_buffer_init(&self->disclosures, TALLY_SD_JWT_BYTES_MAX);
    rc = issue(out, self, key);
    for (uint32_t i = 0; i < content->claim_count; i++)
        tally_json_document_free(self->values[i]);
    tally_buffer_free(&self->disclosures);
    tally_release(self);
    return rc;
}
