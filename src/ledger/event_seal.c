/* SPDX-License-Identifier: Apache-2.0 */
/* Events as stored (docs/ledger.md section 4):
 *
 *   offset  bytes
 *        0     24   nonce
 *       24          XChaCha20-Poly1305 under the member's data key of
 *                     1, content (u8), source (u32), recorded (ms, u64), salt[32],
 *                     and the event as the source signed it
 *   and a tag of 16 bytes at the end
 *
 * bound to "tally/event/v1" NUL NUL || rid[16] || batch (u64) || position (u32), all
 * big-endian. An organisation's event is a public record: the same bytes in clear
 * between 24 and 16 zeros. */

#include <string.h>

#include "crypto/seal.h"
#include "ledger/member.h"
#include "util/bytes.h"

#define HEAD_BYTES       46 /* before the event's own bytes */
#define ASSOCIATED_BYTES (16 + TALLY_RID_BYTES + 8 + 4)

_Static_assert(TALLY_SEAL_EXTRA_BYTES + HEAD_BYTES == TALLY_EVENT_SEALED_EXTRA,
               "what sealing adds");

static void write_associated(uint8_t out[static ASSOCIATED_BYTES], const uint8_t *rid,
                             int64_t batch, uint32_t position)
{
    memcpy(out, "tally/event/v1\0", 16);
    memcpy(out + 16, rid, TALLY_RID_BYTES);
    tally_write_u64(out + 16 + TALLY_RID_BYTES, (uint64_t)batch);
    tally_write_u32(out + 24 + TALLY_RID_BYTES, position);
}

static void write_plain(uint8_t *out, const tally_event_plain *plain)
{
    out[0] = 1;
    out[1] = (uint8_t)plain->content;
    tally_write_u32(out + 2, plain->source);
    tally_write_u64(out + 6, (uint64_t)plain->recorded_ms);
    memcpy(out + 14, plain->salt, sizeof(plain->salt));
    if (plain->bytes.count > 0)
        memcpy(out + HEAD_BYTES, plain->bytes.bytes, plain->bytes.count);
}

/* Nonces are drawn by the batch, not by the event. */
static tally_rc give_nonce(void *context, void *out, size_t bytes, tally_err *err)
{
    (void)err;
    TALLY_ASSERT(bytes == TALLY_SEAL_NONCE_BYTES);
    memcpy(out, context, bytes);
    return TALLY_OK;
}

tally_rc tally_event_seal(uint8_t *out, const uint8_t nonce[static 24], const uint8_t *key,
                          const uint8_t *rid, int64_t batch, uint32_t position,
                          const tally_event_plain *plain, tally_err *err)
{
    uint8_t associated[ASSOCIATED_BYTES];
    uint8_t given[TALLY_SEAL_NONCE_BYTES];
    uint8_t *body = out + TALLY_SEAL_NONCE_BYTES;
    size_t count = HEAD_BYTES + plain->bytes.count;

    write_plain(body, plain);
    if (key == NULL) {
        memset(out, 0, TALLY_SEAL_NONCE_BYTES);
        memset(body + count, 0, TALLY_SEAL_TAG_BYTES);
        return TALLY_OK;
    }
    write_associated(associated, rid, batch, position);
    memcpy(given, nonce, sizeof(given));
    return tally_seal(out, body, count, associated, sizeof(associated), key,
                      &(tally_random){ given, give_nonce }, err);
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t any = 0;

    for (size_t i = 0; i < count; i++)
        any |= bytes[i];
    return any == 0;
}

static tally_rc damaged(const tally_stored_event *event, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "event %lld is damaged",
                         (long long)event->sequence);
}

tally_rc tally_event_open(tally_event_plain *out, uint8_t *room, const uint8_t *key,
                          const uint8_t *rid, const tally_stored_event *event, tally_err *err)
{
    const uint8_t *sealed = (const uint8_t *)event->sealed.bytes;
    const uint8_t *body = sealed + TALLY_SEAL_NONCE_BYTES;
    uint8_t associated[ASSOCIATED_BYTES];
    size_t count;

    if (event->sealed.count < TALLY_EVENT_SEALED_EXTRA)
        return damaged(event, err);
    count = event->sealed.count - TALLY_SEAL_NONCE_BYTES - TALLY_SEAL_TAG_BYTES;
    if (key == NULL) {
        if (!is_zero(sealed, TALLY_SEAL_NONCE_BYTES) ||
            !is_zero(body + count, TALLY_SEAL_TAG_BYTES))
            return damaged(event, err);
        memcpy(room, body, count);
    } else {
        write_associated(associated, rid, event->batch, event->position);
        if (tally_seal_open(room, sealed, event->sealed.count, associated, sizeof(associated),
                            key) != TALLY_OK)
            return damaged(event, err);
    }
    if (room[0] != 1 || room[1] < TALLY_CONTENT_JSONL || room[1] > TALLY_CONTENT_CSV)
        return damaged(event, err);
    *out = (tally_event_plain){ .content = (tally_event_content)room[1],
                                .source = tally_read_u32(room + 2),
                                .recorded_ms = (int64_t)tally_read_u64(room + 6),
                                .bytes = tally_text_of((const char *)room + HEAD_BYTES,
                                                       count - HEAD_BYTES) };
    memcpy(out->salt, room + 14, sizeof(out->salt));
    return TALLY_OK;
}
