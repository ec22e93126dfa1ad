/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of wallets: one array of programmes (docs/formats/wallet.md). */

#include <string.h>

#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "wallet/wallet_internal.h"

#define SECRET_CHARACTERS 43  /* 32 bytes in base64url */
#define FIXED_BYTES       400 /* names, numbers, secrets and signs of one programme */
#define ITEM_FIXED_BYTES  64

/* How many bytes a text takes in JSON at most, without its quotes. */
static size_t escaped_bytes(tally_text text)
{
    size_t count = text.count;

    for (size_t i = 0; i < text.count; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];

        count += byte < 0x20 ? 5 : byte == '"' || byte == '\\';
    }
    return count;
}

/* Texts were bounded when they were set: 256 * 4096 of 6 MB at the very most, below 2^44. */
size_t tally_wallet_programmes_bytes(const tally_wallet *wallet)
{
    size_t bytes = 2;

    for (uint32_t i = 0; i < wallet->programme_count; i++) {
        const tally_wallet_programme *programme = wallet->programmes[i];

        bytes += FIXED_BYTES + escaped_bytes(programme->origin) +
                 escaped_bytes(programme->programme_did) + escaped_bytes(programme->checkpoint);
        for (uint32_t j = 0; j < programme->item_count; j++)
            bytes += ITEM_FIXED_BYTES + escaped_bytes(programme->items[j].type) +
                     escaped_bytes(programme->items[j].name) +
                     escaped_bytes(programme->items[j].content);
    }
    return bytes;
}

static void write_secret(tally_jcs *jcs, const char *name, const uint8_t *secret)
{
    char text[SECRET_CHARACTERS + 2];
    tally_buffer encoded = { .bytes = text, .room = sizeof(text), .bytes_max = sizeof(text) - 1 };

    tally_base64url_append(&encoded, secret, TALLY_WALLET_SECRET_BYTES);
    TALLY_ASSERT(encoded.bytes == text && encoded.count == SECRET_CHARACTERS);
    tally_jcs_member_text(jcs, name, tally_buffer_text(&encoded));
    tally_secret_wipe(text, sizeof(text));
}

static void write_programme(tally_jcs *jcs, const tally_wallet_programme *programme)
{
    tally_jcs_object(jcs);
    if (programme->checkpoint.count > 0)
        tally_jcs_member_text(jcs, "checkpoint", programme->checkpoint);
    if (programme->has_secrets)
        write_secret(jcs, "handle-secret", programme->handle_secret);
    tally_jcs_member_bool(jcs, "is-member", programme->is_member);
    tally_jcs_name(jcs, "items");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < programme->item_count; i++) {
        tally_jcs_object(jcs);
        tally_jcs_member_text(jcs, "content", programme->items[i].content);
        tally_jcs_member_text(jcs, "name", programme->items[i].name);
        tally_jcs_member_text(jcs, "type", programme->items[i].type);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
    tally_jcs_member_integer(jcs, "key-index", programme->key_index);
    if (programme->has_secrets)
        write_secret(jcs, "label-secret", programme->label_secret);
    tally_jcs_member_text(jcs, "origin", programme->origin);
    if (programme->programme_did.count > 0)
        tally_jcs_member_text(jcs, "programme", programme->programme_did);
    tally_jcs_member_integer(jcs, "recovery-index", programme->recovery_index);
    tally_jcs_object_end(jcs);
}

void tally_wallet_write_programmes(tally_jcs *jcs, const tally_wallet *wallet)
{
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < wallet->programme_count; i++)
        write_programme(jcs, wallet->programmes[i]);
    tally_jcs_array_end(jcs);
}

/* Returns whether it was there. */
static bool read_secret(tally_json_reader *reader, const char *name, uint8_t *out)
{
    tally_text text = tally_json_read_optional_text(reader, name, SECRET_CHARACTERS);

    if (text.count == 0)
        return false;
    if (!tally_base64url_is_exactly(out, TALLY_WALLET_SECRET_BYTES, text))
        tally_json_read_fail(reader, name, "must be 32 bytes of base64url");
    return true;
}

static tally_rc read_items(tally_wallet_programme *programme, tally_json_reader *reader,
                           tally_err *err)
{
    tally_json_items items;
    tally_json_reader item;
    tally_rc rc = TALLY_OK;

    tally_json_read_array(reader, "items", 0, TALLY_WALLET_ITEMS_MAX, &items);
    while (rc == TALLY_OK && tally_json_next_object(&items, &item)) {
        tally_text content = tally_json_read_text(&item, "content", TALLY_WALLET_CONTENT_MAX);
        tally_text name = tally_json_read_text(&item, "name", TALLY_WALLET_NAME_MAX);
        tally_text type = tally_json_read_text(&item, "type", 32);
        char type_string[33];

        rc = tally_json_read_end(&item);
        if (rc != TALLY_OK)
            break;
        memcpy(type_string, type.bytes, type.count);
        type_string[type.count] = '\0';
        rc = tally_wallet_put(programme, type_string, name, content, err);
    }
    return rc;
}

static tally_rc read_programme(tally_wallet *wallet, tally_json_reader *reader, tally_err *err)
{
    tally_text origin = tally_json_read_text(reader, "origin", TALLY_DERIVE_ORIGIN_BYTES_MAX);
    tally_text did = tally_json_read_optional_text(reader, "programme", TALLY_WALLET_DID_MAX);
    tally_text checkpoint =
        tally_json_read_optional_text(reader, "checkpoint", TALLY_WALLET_CONTENT_MAX);
    bool is_member = tally_json_read_bool(reader, "is-member");
    int64_t key_index = tally_json_read_integer(reader, "key-index", 0, UINT32_MAX);
    int64_t recovery_index = tally_json_read_integer(reader, "recovery-index", 0, key_index);
    tally_wallet_programme *programme;
    bool has_handle, has_label;
    tally_rc rc;

    if (origin.count > 0 && tally_wallet_find(wallet, origin) != NULL)
        tally_json_read_fail(reader, "origin", "stands there twice");
    if (reader->rc != TALLY_OK)
        return reader->rc;
    rc = tally_wallet_add(wallet, &programme, origin, err);
    if (rc != TALLY_OK)
        return rc;
    programme->is_member = is_member;
    programme->key_index = (uint32_t)key_index;
    programme->recovery_index = (uint32_t)recovery_index;
    has_handle = read_secret(reader, "handle-secret", programme->handle_secret);
    has_label = read_secret(reader, "label-secret", programme->label_secret);
    programme->has_secrets = has_handle && has_label;
    if (has_handle != has_label)
        tally_json_read_fail(reader, "label-secret", "and handle-secret belong together");
    if (did.count > 0)
        rc = tally_wallet_set_text(&programme->programme_did, did, err);
    if (rc == TALLY_OK && checkpoint.count > 0)
        rc = tally_wallet_set_text(&programme->checkpoint, checkpoint, err);
    if (rc == TALLY_OK)
        rc = read_items(programme, reader, err);
    return rc != TALLY_OK ? rc : tally_json_read_end(reader);
}

tally_rc tally_wallet_read_programmes(tally_wallet *wallet, tally_json_reader *reader,
                                      tally_err *err)
{
    tally_json_items programmes;
    tally_json_reader programme;
    tally_rc rc = TALLY_OK;

    tally_json_read_array(reader, "programmes", 0, TALLY_WALLET_PROGRAMMES_MAX, &programmes);
    while (rc == TALLY_OK && tally_json_next_object(&programmes, &programme))
        rc = read_programme(wallet, &programme, err);
    return rc != TALLY_OK ? rc : reader->rc;
}

tally_rc tally_wallet_reserve(tally_buffer *out, size_t bytes, tally_err *err)
{
    tally_buffer_init(out, bytes);
    if (tally_buffer_append_repeated(out, '\0', bytes) != TALLY_OK)
        return tally_err_set(err, tally_buffer_failure(out), 0, "writing a wallet");
    tally_buffer_truncate(out, 0);
    return TALLY_OK;
}

void tally_wallet_wipe_buffer(tally_buffer *buffer)
{
    if (buffer->bytes != NULL)
        tally_secret_wipe(buffer->bytes, buffer->room);
    tally_buffer_free(buffer);
}
