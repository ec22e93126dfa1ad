/* SPDX-License-Identifier: Apache-2.0 */
/* Token Status Lists. */

#include <string.h>

#include <zlib.h>

#include "cred/status_list.h"
#include "crypto/base64.h"
#include "json/read.h"
#include "util/alloc.h"

struct tally_status_list {
    uint32_t bits;
    uint32_t byte_count;
    uint8_t bytes[];
};

static bool is_width(int64_t bits)
{
    return bits == 1 || bits == 2 || bits == 4 || bits == 8;
}

tally_rc tally_status_list_new(tally_status_list **out, uint32_t bits, uint32_t count,
                               tally_err *err)
{
    tally_status_list *list;

    if (!is_width(bits) || count == 0 || count % (8 / bits) != 0 ||
        count / (8 / bits) > TALLY_STATUS_BYTES_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "a status list has entries of 1, 2, 4 or 8 bits in 1 to %zu bytes",
                             TALLY_STATUS_BYTES_MAX);
    list = tally_alloc_zeroed(sizeof(*list) + count / (8 / bits));
    if (list == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a status list");
    list->bits = bits;
    list->byte_count = count / (8 / bits);
    *out = list;
    return TALLY_OK;
}

void tally_status_list_free(tally_status_list *list)
{
    tally_release(list);
}

uint32_t tally_status_list_count(const tally_status_list *list)
{
    return list->byte_count * (8 / list->bits);
}

/* How far the entry stands above the lowest bit of its byte. */
static uint32_t shift_of(const tally_status_list *list, uint32_t index)
{
    return index % (8 / list->bits) * list->bits;
}

uint32_t tally_status_list_get(const tally_status_list *list, uint32_t index)
{
    TALLY_ASSERT(index < tally_status_list_count(list));
    return (uint32_t)list->bytes[index / (8 / list->bits)] >> shift_of(list, index) &
           ((1u << list->bits) - 1);
}

void tally_status_list_set(tally_status_list *list, uint32_t index, uint32_t value)
{
    uint32_t mask = (1u << list->bits) - 1, shift = shift_of(list, index);
    uint8_t *byte;

    TALLY_ASSERT(index < tally_status_list_count(list) && value <= mask);
    byte = &list->bytes[index / (8 / list->bits)];
    *byte = (uint8_t)((*byte & ~(mask << shift)) | value << shift);
}

tally_rc tally_status_list_draw(uint32_t *out_index, uint32_t count, const tally_random *random,
                                tally_err *err)
{
    TALLY_ASSERT(count > 0);
    for (;;) {
        uint32_t drawn;
        tally_rc rc = tally_random_fill(random, &drawn, sizeof(drawn), err);

        if (rc != TALLY_OK)
            return rc;
        /* The last numbers, which are no whole round, would make some likelier. */
        if (drawn < UINT32_MAX - UINT32_MAX % count) {
            *out_index = drawn % count;
            return TALLY_OK;
        }
    }
}

static void *zlib_alloc(void *context, unsigned count, unsigned bytes)
{
    (void)context;
    return tally_alloc_array(count, bytes);
}

static void zlib_free(void *context, void *block)
{
    (void)context;
    tally_release(block);
}

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "compressing a status list");
}

tally_rc tally_status_list_encode(tally_buffer *out, const tally_status_list *list, tally_err *err)
{
    z_stream stream = { .zalloc = zlib_alloc, .zfree = zlib_free };
    uint8_t *packed;
    size_t room;
    int ended;

    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK)
        return no_memory(err);
    room = deflateBound(&stream, list->byte_count);
    packed = tally_alloc(room);
    if (packed == NULL) {
        (void)deflateEnd(&stream);
        return no_memory(err);
    }
    stream.next_in = (Bytef *)list->bytes; /* which zlib does not write to */
    stream.avail_in = list->byte_count;
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    ended = deflate(&stream, Z_FINISH);
    TALLY_ASSERT(ended == Z_STREAM_END);
    tally_base64url_append(out, packed, room - stream.avail_out);
    (void)deflateEnd(&stream);
    tally_release(packed);
    return tally_buffer_failure(out) == TALLY_OK
               ? TALLY_OK
               : tally_err_set(err, tally_buffer_failure(out), 0, "writing a status list");
}

/* Inflate a whole stream into room bytes, of which the last is not to be used. */
static tally_rc inflate_all(uint8_t *out, size_t room, size_t *out_count, const uint8_t *packed,
                            size_t packed_count, tally_err *err)
{
    z_stream stream = { .zalloc = zlib_alloc, .zfree = zlib_free };
    int ended;

    if (inflateInit(&stream) != Z_OK)
        return no_memory(err);
    stream.next_in = (Bytef *)packed;
    stream.avail_in = (uInt)packed_count;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    ended = inflate(&stream, Z_FINISH);
    *out_count = room - stream.avail_out;
    (void)inflateEnd(&stream);
    if (ended == Z_MEM_ERROR)
        return no_memory(err);
    if (*out_count == room)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a status list has more than %zu bytes",
                             room - 1);
    if (ended != Z_STREAM_END || stream.avail_in != 0 || *out_count == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a status list is no whole zlib stream");
    return TALLY_OK;
}

tally_rc tally_status_list_decode(tally_status_list **out, uint32_t bits, tally_text encoded,
                                  tally_err *err)
{
    size_t packed_room = encoded.count / 4 * 3 + 3, packed_count, count = 0;
    uint8_t *packed, *bytes;
    tally_rc rc;

    if (encoded.count > TALLY_JWT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a status list is too long");
    packed = tally_alloc(packed_room);
    bytes = tally_alloc(TALLY_STATUS_BYTES_MAX + 1);
    if (packed == NULL || bytes == NULL)
        rc = no_memory(err);
    else if (tally_base64url_decode(packed, packed_room, &packed_count, encoded) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "a status list is not base64url");
    else
        rc = inflate_all(bytes, TALLY_STATUS_BYTES_MAX + 1, &count, packed, packed_count, err);
    if (rc == TALLY_OK && !is_width(bits))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "a status has 1, 2, 4 or 8 bits");
    if (rc == TALLY_OK)
        rc = tally_status_list_new(out, bits, (uint32_t)count * (8 / bits), err);
    if (rc == TALLY_OK)
        memcpy((*out)->bytes, bytes, count);
    tally_release(packed);
    tally_release(bytes);
    return rc;
}

static tally_rc write_payload(tally_buffer *out, const tally_status_list *list,
                              const tally_status_token *token, tally_err *err)
{
    tally_buffer encoded;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&encoded, TALLY_JWT_BYTES_MAX);
    rc = tally_status_list_encode(&encoded, list, err);
    if (rc == TALLY_OK) {
        tally_jcs_init(&jcs, out);
        tally_jcs_object(&jcs);
        if (token->expires_s != 0)
            tally_jcs_member_integer(&jcs, "exp", token->expires_s);
        tally_jcs_member_integer(&jcs, "iat", token->issued_s);
        tally_jcs_name(&jcs, "status_list");
        tally_jcs_object(&jcs);
        tally_jcs_member_integer(&jcs, "bits", list->bits);
        tally_jcs_member_text(&jcs, "lst", tally_buffer_text(&encoded));
        tally_jcs_object_end(&jcs);
        tally_jcs_member_string(&jcs, "sub", token->uri);
        if (token->ttl_s != 0)
            tally_jcs_member_integer(&jcs, "ttl", token->ttl_s);
        tally_jcs_object_end(&jcs);
        rc = tally_jcs_finish(&jcs, err);
    }
    tally_buffer_free(&encoded);
    return rc;
}

tally_rc tally_status_list_sign(tally_buffer *out, const tally_status_list *list,
                                const tally_status_token *token, const tally_jose_secret *key,
                                tally_err *err)
{
    tally_buffer payload;
    tally_rc rc;

    tally_buffer_init(&payload, TALLY_JWT_BYTES_MAX);
    rc = write_payload(&payload, list, token, err);
    if (rc == TALLY_OK)
        rc = tally_jwt_sign(out, TALLY_STATUS_TYP, tally_text_from(token->kid),
                            tally_buffer_text(&payload), key, err);
    tally_buffer_free(&payload);
    return rc;
}

tally_rc tally_status_list_verify(tally_status_list **out, tally_text jwt, const char *uri,
                                  const tally_jose_public *key, int64_t now_s, tally_err *err)
{
    tally_json_document *payload = NULL;
    tally_json_reader reader, inner;
    tally_text encoded = TALLY_TEXT("");
    int64_t bits = 0, expires_s;
    tally_rc rc = tally_jwt_verify(NULL, &payload, jwt, TALLY_STATUS_TYP, key, err);

    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(payload), "status list", err);
    tally_json_read_constant(&reader, "sub", uri);
    (void)tally_json_read_integer(&reader, "iat", 0, TALLY_JSON_INTEGER_MAX);
    expires_s = tally_json_read_optional_integer(&reader, "exp", 0, TALLY_JSON_INTEGER_MAX,
                                                 TALLY_JSON_INTEGER_MAX);
    if (now_s >= expires_s)
        tally_json_read_fail(&reader, "exp", "has passed");
    if (tally_json_read_object(&reader, "status_list", &inner)) {
        bits = tally_json_read_integer(&inner, "bits", 1, 8);
        encoded = tally_json_read_text(&inner, "lst", TALLY_JWT_BYTES_MAX);
        tally_json_read_rest(&inner);
        (void)tally_json_read_end(&inner);
    }
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    if (rc == TALLY_OK)
        rc = tally_status_list_decode(out, (uint32_t)bits, encoded, err);
    tally_json_document_free(payload);
    return rc;
}
