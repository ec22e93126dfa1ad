/* SPDX-License-Identifier: Apache-2.0 */
/* Taking SD-JWTs apart, and putting disclosures in the place of their hashes (RFC 9901,
 * section 7.1). The result is written as canonical JSON and parsed again: so a name that
 * stands twice is seen by the one parser. */

#include <stdlib.h>
#include <string.h>

#include "cred/sd_jwt_internal.h"
#include "crypto/base64.h"
#include "json/read.h"
#include "util/alloc.h"
#include "util/arena.h"

#define DIGESTS_MAX 2048 /* in all of a payload: disclosed, withheld and decoys */
#define ARENA_MAX   ((size_t)16 << 20)

static const tally_json_options options = { .bytes_max = TALLY_SD_JWT_BYTES_MAX,
                                            .depth_max = 32,
                                            .takes_any_number = true };

static tally_rc invalid(tally_err *err, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "%s", what);
}

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "reading an SD-JWT");
}

bool tally_sd_is_own(tally_text name)
{
    static const char *const own[] = { "iss", "nbf",           "exp",      "cnf",
                                       "vct", "vct#integrity", "aka_vcts", "status" };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (tally_text_is(name, own[i]))
            return true;
    }
    return false;
}

tally_rc tally_sd_digest(char out[static TALLY_SD_DIGEST_CHARACTERS + 1], tally_text text,
                         tally_err *err)
{
    tally_buffer encoded = { .bytes = out,
                             .room = TALLY_SD_DIGEST_CHARACTERS + 1,
                             .bytes_max = TALLY_SD_DIGEST_CHARACTERS };
    uint8_t hash[TALLY_HASH_BYTES];

    if (tally_hash_sha256(hash, text.bytes, text.count) != TALLY_OK)
        return no_memory(err);
    tally_base64url_append(&encoded, hash, sizeof(hash));
    TALLY_ASSERT(encoded.bytes == out && encoded.count == TALLY_SD_DIGEST_CHARACTERS);
    return TALLY_OK;
}

/* Take one disclosure apart. */
static tally_rc read_disclosure(tally_sd_disclosure *out, tally_text encoded, tally_err *err)
{
    size_t room = encoded.count / 4 * 3 + 3, count;
    const tally_json_value *root;
    uint8_t *decoded;
    tally_rc rc;

    *out = (tally_sd_disclosure){ .encoded = encoded };
    if (tally_hash_sha256(out->digest, encoded.bytes, encoded.count) != TALLY_OK)
        return no_memory(err);
    decoded = tally_alloc(room);
    if (decoded == NULL)
        return no_memory(err);
    rc = tally_base64url_decode(decoded, room, &count, encoded);
    if (rc != TALLY_OK)
        rc = invalid(err, "a disclosure is not base64url");
    else
        rc = tally_json_parse(&out->document, tally_text_of((const char *)decoded, count), &options,
                              err);
    tally_release(decoded);
    if (rc != TALLY_OK)
        return rc;
    root = tally_json_root(out->document);
    if (tally_json_kind_of(root) != TALLY_JSON_ARRAY || tally_json_count(root) < 2 ||
        tally_json_count(root) > 3 ||
        tally_json_kind_of(tally_json_item(root, 0)) != TALLY_JSON_TEXT)
        return invalid(err, "a disclosure is no array of a salt, a name and a value");
    out->value = tally_json_item(root, tally_json_count(root) - 1);
    if (tally_json_count(root) == 2)
        return TALLY_OK;
    if (tally_json_kind_of(tally_json_item(root, 1)) != TALLY_JSON_TEXT)
        return invalid(err, "the name of a disclosure is no text");
    out->name = tally_json_text_of(tally_json_item(root, 1));
    if (tally_text_is(out->name, "_sd") || tally_text_is(out->name, "..."))
        return invalid(err, "a disclosure is named like a hash");
    return TALLY_OK;
}

tally_rc tally_sd_split(tally_sd_parts *out, tally_text text, tally_err *err)
{
    tally_text rest, part;
    tally_rc rc;

    out->count = 0;
    if (text.count > TALLY_SD_JWT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "an SD-JWT is too long");
    if (!tally_text_split(text, '~', &out->jwt, &rest))
        return invalid(err, "not an SD-JWT: no tilde behind the JWT");
    while (tally_text_split(rest, '~', &part, &rest)) {
        if (out->count == TALLY_SD_JWT_DISCLOSURES_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "an SD-JWT has %d disclosures at most",
                                 TALLY_SD_JWT_DISCLOSURES_MAX);
        rc = read_disclosure(&out->disclosures[out->count++], part, err);
        if (rc != TALLY_OK)
            return rc;
        for (uint32_t i = 0; i + 1 < out->count; i++) {
            if (memcmp(out->disclosures[i].digest, out->disclosures[out->count - 1].digest,
                       TALLY_HASH_BYTES) == 0)
                return invalid(err, "a disclosure stands there twice");
        }
    }
    /* Behind the last tilde nothing is left to split. */
    out->binding = part;
    out->bound = tally_text_of(text.bytes, text.count - part.count);
    return TALLY_OK;
}

void tally_sd_free(tally_sd_parts *parts)
{
    for (uint32_t i = 0; i < parts->count; i++)
        tally_json_document_free(parts->disclosures[i].document);
    parts->count = 0;
}

tally_sd_disclosure *tally_sd_find(tally_sd_parts *parts, tally_text digest)
{
    uint8_t bytes[TALLY_HASH_BYTES];

    if (!tally_base64url_is_exactly(bytes, sizeof(bytes), digest))
        return NULL;
    for (uint32_t i = 0; i < parts->count; i++) {
        if (memcmp(parts->disclosures[i].digest, bytes, sizeof(bytes)) == 0)
            return &parts->disclosures[i];
    }
    return NULL;
}

/* ---- putting disclosures in their places ---- */

typedef struct opening {
    tally_sd_parts *parts;
    tally_buffer *out;
    tally_arena *arena;
    uint32_t digest_count;
    tally_text digests[DIGESTS_MAX];
    bool keeps_own;
    tally_err *err;
} opening;

typedef struct entry {
    tally_text name;
    const tally_json_value *value;
} entry;

static tally_rc open_value(opening *self, const tally_json_value *value, uint32_t depth);

/* The disclosure of a digest, or NULL when it is withheld; each digest stands once. */
static tally_rc take_digest(opening *self, const tally_json_value *digest, bool is_item,
                            tally_sd_disclosure **out)
{
    tally_text text;

    if (tally_json_kind_of(digest) != TALLY_JSON_TEXT)
        return invalid(self->err, "a hash of an SD-JWT is no text");
    text = tally_json_text_of(digest);
    if (self->digest_count == DIGESTS_MAX)
        return tally_err_set(self->err, TALLY_E_LIMIT, 0, "an SD-JWT has %d hashes at most",
                             DIGESTS_MAX);
    for (uint32_t i = 0; i < self->digest_count; i++) {
        if (tally_text_is_equal(self->digests[i], text))
            return invalid(self->err, "a hash stands twice in an SD-JWT");
    }
    self->digests[self->digest_count++] = text;
    *out = tally_sd_find(self->parts, text);
    if (*out == NULL)
        return TALLY_OK;
    if (((*out)->name.bytes == NULL) != is_item)
        return invalid(self->err, "a disclosure is of a member where an item belongs, or the "
                                  "reverse");
    (*out)->is_used = true;
    return TALLY_OK;
}

static int compare_entries(const void *a, const void *b)
{
    return tally_json_compare_names(((const entry *)a)->name, ((const entry *)b)->name);
}

/* The members of an object as they will stand: its own and those disclosed. */
static tally_rc gather(opening *self, const tally_json_value *object, uint32_t depth, entry **out,
                       uint32_t *out_count)
{
    const tally_json_value *hidden = tally_json_find(object, TALLY_TEXT("_sd"));
    uint32_t room, count = 0;
    entry *entries;

    if (hidden != NULL && tally_json_kind_of(hidden) != TALLY_JSON_ARRAY)
        return invalid(self->err, "_sd of an SD-JWT is no array");
    room = tally_json_count(object) + (hidden != NULL ? tally_json_count(hidden) : 0);
    entries = tally_arena_zalloc_array(self->arena, room, sizeof(*entries));
    if (entries == NULL)
        return no_memory(self->err);
    for (uint32_t i = 0; i < tally_json_count(object); i++) {
        tally_text name;
        const tally_json_value *member = tally_json_member(object, i, &name);

        if (tally_text_is(name, "_sd") || (depth == 0 && tally_text_is(name, "_sd_alg")))
            continue;
        if (tally_text_is(name, "..."))
            return invalid(self->err, "a member of an SD-JWT is named like a hash of an item");
        entries[count++] = (entry){ name, member };
    }
    for (uint32_t i = 0; hidden != NULL && i < tally_json_count(hidden); i++) {
        tally_sd_disclosure *found;
        tally_rc rc = take_digest(self, tally_json_item(hidden, i), false, &found);

        if (rc != TALLY_OK)
            return rc;
        if (found == NULL)
            continue;
        if (depth == 0 && !self->keeps_own && tally_sd_is_own(found->name))
            return invalid(self->err, "a claim is disclosed that must always show");
        entries[count++] = (entry){ found->name, found->value };
    }
    qsort(entries, count, sizeof(*entries), compare_entries);
    for (uint32_t i = 1; i < count; i++) {
        if (tally_text_is_equal(entries[i - 1].name, entries[i].name))
            return invalid(self->err, "a claim is disclosed that is there already");
    }
    *out = entries;
    *out_count = count;
    return TALLY_OK;
}

static tally_rc open_object(opening *self, const tally_json_value *object, uint32_t depth)
{
    entry *entries;
    uint32_t count;
    tally_rc rc = gather(self, object, depth, &entries, &count);

    tally_buffer_append_byte(self->out, '{');
    for (uint32_t i = 0; rc == TALLY_OK && i < count; i++) {
        tally_jcs name;

        if (i > 0)
            tally_buffer_append_byte(self->out, ',');
        tally_jcs_init(&name, self->out);
        tally_jcs_text(&name, entries[i].name);
        rc = tally_jcs_finish(&name, self->err);
        tally_buffer_append_byte(self->out, ':');
        if (rc == TALLY_OK)
            rc = open_value(self, entries[i].value, depth + 1);
    }
    tally_buffer_append_byte(self->out, '}');
    return rc;
}

static tally_rc open_array(opening *self, const tally_json_value *array, uint32_t depth)
{
    bool has_item = false;
    tally_rc rc = TALLY_OK;

    tally_buffer_append_byte(self->out, '[');
    for (uint32_t i = 0; rc == TALLY_OK && i < tally_json_count(array); i++) {
        const tally_json_value *item = tally_json_item(array, i);
        const tally_json_value *digest = tally_json_kind_of(item) == TALLY_JSON_OBJECT
                                             ? tally_json_find(item, TALLY_TEXT("..."))
                                             : NULL;

        if (digest != NULL) {
            tally_sd_disclosure *found;

            if (tally_json_count(item) != 1)
                return invalid(self->err, "beside the hash of an item stands something else");
            rc = take_digest(self, digest, true, &found);
            if (rc != TALLY_OK || found == NULL)
                continue;
            item = found->value;
        }
        if (has_item)
            tally_buffer_append_byte(self->out, ',');
        has_item = true;
        rc = open_value(self, item, depth + 1);
    }
    tally_buffer_append_byte(self->out, ']');
    return rc;
}

/* Disclosures may lie within others: their nesting is bounded as that of JSON is. */
static tally_rc open_value(opening *self, const tally_json_value *value, uint32_t depth)
{
    if (depth > options.depth_max)
        return tally_err_set(self->err, TALLY_E_LIMIT, 0, "an SD-JWT is nested too deep");
    switch (tally_json_kind_of(value)) {
    case TALLY_JSON_OBJECT:
        return open_object(self, value, depth);
    case TALLY_JSON_ARRAY:
        return open_array(self, value, depth);
    default:
        return tally_jcs_append(self->out, value, self->err);
    }
}

static tally_rc open_all(opening *self, const tally_json_value *payload)
{
    const tally_json_value *algorithm = tally_json_find(payload, TALLY_TEXT("_sd_alg"));
    tally_rc rc;

    if (algorithm != NULL && (tally_json_kind_of(algorithm) != TALLY_JSON_TEXT ||
                              !tally_text_is(tally_json_text_of(algorithm), "sha-256")))
        return invalid(self->err, "_sd_alg of an SD-JWT is not sha-256");
    rc = open_value(self, payload, 0);
    for (uint32_t i = 0; rc == TALLY_OK && i < self->parts->count; i++) {
        if (!self->parts->disclosures[i].is_used)
            rc = invalid(self->err, "a disclosure opens nothing");
    }
    if (rc == TALLY_OK && tally_buffer_failure(self->out) != TALLY_OK)
        rc = tally_err_set(self->err, tally_buffer_failure(self->out), 0, "reading an SD-JWT");
    return rc;
}

tally_rc tally_sd_open(tally_json_document **out_claims, tally_sd_parts *parts,
                       const tally_json_value *payload, bool keeps_own, tally_err *err)
{
    opening *self = tally_alloc_zeroed(sizeof(*self));
    tally_buffer claims;
    tally_rc rc;

    tally_buffer_init(&claims, TALLY_SD_JWT_BYTES_MAX);
    if (self == NULL)
        return no_memory(err);
    self->parts = parts;
    self->out = &claims;
    self->keeps_own = keeps_own;
    self->err = err;
    self->arena = tally_arena_new(ARENA_MAX);
    rc = self->arena != NULL ? open_all(self, payload) : no_memory(err);
    if (rc == TALLY_OK)
        rc = tally_json_parse(out_claims, tally_buffer_text(&claims), &options, err);
    tally_arena_free(self->arena);
    tally_buffer_free(&claims);
    tally_release(self);
    return rc;
}
