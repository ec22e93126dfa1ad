/* SPDX-License-Identifier: Apache-2.0 */
/* did:web documents. A Multikey is z and base58btc of the multicodec and the key: ed 01
 * and 32 bytes for Ed25519, 80 24 and the compressed point, 33 bytes, for P-256. */

#include <stdio.h>
#include <string.h>

#include "cred/did_web.h"
#include "crypto/base58.h"
#include "crypto/p256.h"
#include "json/read.h"

#define PREFIX     "did:web:"
#define URL_MAX    1024
#define ORIGIN_MAX 255

static tally_rc no_origin(tally_err *err)
{
    return tally_err_set(err, TALLY_E_INVALID, 0,
                         "not an origin that a did:web can name: host, port and path");
}

static bool is_one_of(char byte, const char *others)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr(others, byte) != NULL);
}

tally_rc tally_did_web_write(tally_buffer *out, tally_text origin, tally_err *err)
{
    size_t start = out->count;
    bool is_path = false;
    char before = '/';

    if (origin.count == 0 || origin.count > ORIGIN_MAX)
        return no_origin(err);
    tally_buffer_append_string(out, PREFIX);
    for (size_t i = 0; i < origin.count; i++) {
        char byte = origin.bytes[i];

        if (!is_one_of(byte, is_path ? "-._/ABCDEFGHIJKLMNOPQRSTUVWXYZ" : "-.:/") ||
            (byte == '/' && before == '/')) {
            if (tally_buffer_failure(out) == TALLY_OK)
                tally_buffer_truncate(out, start);
            return no_origin(err);
        }
        if (byte == '/')
            tally_buffer_append_byte(out, ':');
        else if (byte == ':') /* of the port */
            tally_buffer_append_string(out, "%3A");
        else
            tally_buffer_append_byte(out, byte);
        is_path = is_path || byte == '/';
        before = byte;
    }
    if (tally_buffer_failure(out) != TALLY_OK)
        return tally_err_set(err, tally_buffer_failure(out), 0, "writing a did:web");
    if (before == '/') {
        tally_buffer_truncate(out, start);
        return no_origin(err);
    }
    return TALLY_OK;
}

tally_rc tally_did_web_address(tally_buffer *out, tally_text did, tally_err *err)
{
    tally_text rest = tally_text_slice(did, sizeof(PREFIX) - 1, did.count);
    bool is_path = false;

    if (!tally_text_has_prefix(did, TALLY_TEXT(PREFIX)) || rest.count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "not a did:web");
    for (size_t i = 0; i < rest.count; i++) {
        if (!is_one_of(rest.bytes[i], "-._:%ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
            return tally_err_set(err, TALLY_E_INVALID, 0, "not a did:web");
    }
    tally_buffer_append_string(out, "https://");
    for (size_t i = 0; i < rest.count; i++) {
        tally_text at = tally_text_slice(rest, i, rest.count);

        if (!is_path && (tally_text_has_prefix(at, TALLY_TEXT("%3A")) ||
                         tally_text_has_prefix(at, TALLY_TEXT("%3a")))) {
            tally_buffer_append_byte(out, ':');
            i += 2;
        } else if (rest.bytes[i] == ':') {
            tally_buffer_append_byte(out, '/');
            is_path = true;
        } else {
            tally_buffer_append_byte(out, rest.bytes[i]);
        }
    }
    tally_buffer_append_string(out, is_path ? "/did.json" : "/.well-known/did.json");
    if (tally_buffer_failure(out) != TALLY_OK)
        return tally_err_set(err, tally_buffer_failure(out), 0, "writing an address");
    return TALLY_OK;
}

/* z and base58 of the key with its multicodec. */
static void write_multikey(char out[static TALLY_BASE58_TEXT_BYTES + 1],
                           const tally_jose_public *key)
{
    bool is_point = key->algorithm == TALLY_JOSE_ES256;
    uint8_t keyed[35] = { 0xed, 0x01 };
    size_t at = 2;

    if (is_point) {
        keyed[0] = 0x80;
        keyed[1] = 0x24;
        keyed[at++] = (uint8_t)(2 + (key->y[31] & 1));
    }
    memcpy(keyed + at, key->x, 32);
    out[0] = 'z';
    (void)tally_base58_write(out + 1, keyed, at + 32);
}

static bool read_multikey(tally_jose_public *out, tally_text text)
{
    uint8_t keyed[35];
    size_t count;

    memset(out, 0, sizeof(*out));
    if (text.count == 0 || text.bytes[0] != 'z' ||
        tally_base58_read(keyed, sizeof(keyed), &count, tally_text_slice(text, 1, text.count)) !=
            TALLY_OK)
        return false;
    if (count == 34 && keyed[0] == 0xed && keyed[1] == 0x01) {
        out->algorithm = TALLY_JOSE_EDDSA;
        memcpy(out->x, keyed + 2, 32);
        return true;
    }
    out->algorithm = TALLY_JOSE_ES256;
    return count == 35 && keyed[0] == 0x80 && keyed[1] == 0x24 &&
           tally_p256_decompress(out->x, out->y, keyed + 2);
}

static void write_method(tally_jcs *jcs, tally_text did, const char *fragment)
{
    char url[URL_MAX + 1];

    (void)snprintf(url, sizeof(url), "%.*s#%s", TALLY_TEXT_ARGS(did), fragment);
    tally_jcs_string(jcs, url);
}

tally_rc tally_did_web_document(tally_buffer *out, tally_text did, const tally_did_web_key *keys,
                                uint32_t key_count, tally_err *err)
{
    tally_jcs jcs;

    if (!tally_text_has_prefix(did, TALLY_TEXT(PREFIX)) || did.count > URL_MAX / 2 ||
        key_count == 0 || key_count > TALLY_DID_WEB_KEYS_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a did:web document has 1 to %d keys",
                             TALLY_DID_WEB_KEYS_MAX);
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_name(&jcs, "@context");
    tally_jcs_array(&jcs);
    tally_jcs_string(&jcs, "https://www.w3.org/ns/did/v1");
    tally_jcs_string(&jcs, "https://w3id.org/security/multikey/v1");
    tally_jcs_array_end(&jcs);
    tally_jcs_name(&jcs, "assertionMethod");
    tally_jcs_array(&jcs);
    for (uint32_t i = 0; i < key_count; i++)
        write_method(&jcs, did, keys[i].fragment);
    tally_jcs_array_end(&jcs);
    tally_jcs_member_text(&jcs, "id", did);
    tally_jcs_name(&jcs, "verificationMethod");
    tally_jcs_array(&jcs);
    for (uint32_t i = 0; i < key_count; i++) {
        char multikey[TALLY_BASE58_TEXT_BYTES + 1];

        write_multikey(multikey, &keys[i].key);
        tally_jcs_object(&jcs);
        tally_jcs_member_text(&jcs, "controller", did);
        tally_jcs_name(&jcs, "id");
        write_method(&jcs, did, keys[i].fragment);
        tally_jcs_member_string(&jcs, "publicKeyMultibase", multikey);
        tally_jcs_member_string(&jcs, "type", "Multikey");
        tally_jcs_object_end(&jcs);
    }
    tally_jcs_array_end(&jcs);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

/* Is the method one of those for assertions? */
static bool may_assert(tally_json_reader *reader, tally_text method)
{
    tally_json_items items;
    bool is_found = false;
    tally_text text;

    tally_json_read_array(reader, "assertionMethod", 1, TALLY_DID_WEB_KEYS_MAX, &items);
    while (tally_json_next_text(&items, URL_MAX, &text))
        is_found = is_found || tally_text_is_equal(text, method);
    return is_found;
}

static tally_rc find_key(tally_jose_public *out, const tally_json_value *root, tally_text method,
                         tally_err *err)
{
    tally_text did = tally_text_slice(method, 0, tally_text_find_byte(method, '#'));
    tally_json_reader reader, item;
    bool is_allowed, is_found = false;
    tally_json_items items;
    tally_rc rc;

    tally_json_read_begin(&reader, root, "did document", err);
    if (!tally_text_is_equal(tally_json_read_text(&reader, "id", URL_MAX), did))
        tally_json_read_fail(&reader, "id", "is another did's");
    is_allowed = may_assert(&reader, method);
    tally_json_read_array(&reader, "verificationMethod", 1, TALLY_DID_WEB_KEYS_MAX, &items);
    while (tally_json_next_object(&items, &item)) {
        tally_text id = tally_json_read_text(&item, "id", URL_MAX);

        if (tally_text_is_equal(id, method)) {
            tally_text controller = tally_json_read_text(&item, "controller", URL_MAX);
            tally_text key =
                tally_json_read_text(&item, "publicKeyMultibase", TALLY_BASE58_TEXT_BYTES);

            tally_json_read_constant(&item, "type", "Multikey");
            if (item.rc == TALLY_OK && !tally_text_is_equal(controller, did))
                tally_json_read_fail(&item, "controller", "is another did");
            if (item.rc == TALLY_OK && !read_multikey(out, key))
                tally_json_read_fail(&item, "publicKeyMultibase", "is no key known here");
            is_found = true;
        }
        tally_json_read_rest(&item);
        (void)tally_json_read_end(&item);
    }
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    if (rc == TALLY_OK && (!is_found || !is_allowed))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the did document has no such key for assertions");
    return rc;
}

tally_rc tally_did_web_find(tally_jose_public *out, tally_text document, tally_text method,
                            tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_DID_WEB_BYTES_MAX,
                                                .takes_any_number = true };
    tally_json_document *parsed = NULL;
    tally_rc rc = tally_json_parse(&parsed, document, &options, err);

    if (rc == TALLY_OK)
        rc = find_key(out, tally_json_root(parsed), method, err);
    if (rc != TALLY_OK)
        memset(out, 0, sizeof(*out));
    tally_json_document_free(parsed);
    return rc;
}

tally_rc tally_did_web_issuer_metadata(tally_buffer *out, tally_text origin,
                                       const tally_did_web_key *keys, uint32_t key_count,
                                       tally_err *err)
{
    char issuer[ORIGIN_MAX + 9];
    tally_jcs jcs;

    if (origin.count == 0 || origin.count > ORIGIN_MAX)
        return no_origin(err);
    (void)snprintf(issuer, sizeof(issuer), "https://%.*s", TALLY_TEXT_ARGS(origin));
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_string(&jcs, "issuer", issuer);
    tally_jcs_name(&jcs, "jwks");
    tally_jcs_object(&jcs);
    tally_jcs_name(&jcs, "keys");
    tally_jcs_array(&jcs);
    for (uint32_t i = 0; i < key_count; i++)
        tally_jose_write_jwk_with_kid(&jcs, &keys[i].key, keys[i].fragment);
    tally_jcs_array_end(&jcs);
    tally_jcs_object_end(&jcs);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}
