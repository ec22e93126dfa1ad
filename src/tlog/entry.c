/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and commitments. */

#include "tlog/entry.h"

#define VERSION      1
#define TAG_BYTES    16
#define FIELDS_MAX   255
#define AT_EPOCH     4
#define AT_POLICY    8
#define AT_COMMITTED 12

/* The literal's own NUL and padding make up the 16 bytes. */
static const char tag_field[TAG_BYTES] = "tally/field/v1";
static const char tag_record[TAG_BYTES] = "tally/record/v1";
static const char tag_public[TAG_BYTES] = "tally/public/v1";
static const char tag_state[TAG_BYTES] = "tally/state/v1";
static const char tag_label[TAG_BYTES] = "tally/label/v1";
static const char tag_member[TAG_BYTES] = "tally/member/v1";

static void write_u32(uint8_t *out, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t read_u32(const char *bytes)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < 4; i++)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

void tally_entry_write(uint8_t out[static TALLY_ENTRY_BYTES], const tally_entry *entry)
{
    out[0] = VERSION;
    out[1] = (uint8_t)entry->kind;
    out[2] = 0;
    out[3] = 0;
    write_u32(out + AT_EPOCH, entry->epoch);
    write_u32(out + AT_POLICY, entry->policy);
    memcpy(out + AT_COMMITTED, entry->commitment.bytes, TALLY_HASH_BYTES);
}

tally_rc tally_entry_parse(tally_entry *out, tally_text bytes, tally_err *err)
{
    uint8_t kind;

    if (bytes.count != TALLY_ENTRY_BYTES)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%zu bytes instead of %d", bytes.count,
                             TALLY_ENTRY_BYTES);
    if (bytes.bytes[0] != VERSION)
        return tally_err_set(err, TALLY_E_INVALID, 0, "version %u", (uint8_t)bytes.bytes[0]);
    kind = (uint8_t)bytes.bytes[1];
    if (kind < TALLY_ENTRY_GENESIS || kind > TALLY_ENTRY_KEY)
        return tally_err_set(err, TALLY_E_INVALID, 0, "there is no kind %u", kind);
    if (bytes.bytes[2] != 0 || bytes.bytes[3] != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "bytes 2 and 3 are not zero");
    out->kind = (tally_entry_kind)kind;
    out->epoch = read_u32(bytes.bytes + AT_EPOCH);
    out->policy = read_u32(bytes.bytes + AT_POLICY);
    memcpy(out->commitment.bytes, bytes.bytes + AT_COMMITTED, TALLY_HASH_BYTES);
    return TALLY_OK;
}

/* tag || salt || middle || value */
static tally_rc commit(tally_hash *hash, tally_node *out, const char tag[static TAG_BYTES],
                       const uint8_t *salt32, tally_text middle, tally_text value)
{
    tally_hash_update(hash, tag, TAG_BYTES);
    if (salt32 != NULL)
        tally_hash_update(hash, salt32, TALLY_SALT_BYTES);
    tally_hash_update(hash, middle.bytes, middle.count);
    tally_hash_update(hash, value.bytes, value.count);
    return tally_hash_finish(hash, out->bytes);
}

static const tally_text nothing = { NULL, 0 };

tally_rc tally_commit_field(tally_hash *hash, tally_field_digest *out, uint8_t slot,
                            const uint8_t salt32[static TALLY_SALT_BYTES], tally_text value)
{
    char byte = (char)slot;

    out->slot = slot;
    return commit(hash, &out->digest, tag_field, salt32, tally_text_of(&byte, 1), value);
}

tally_rc tally_commit_record(tally_hash *hash, tally_node *out, const tally_field_digest *fields,
                             size_t field_count)
{
    uint8_t count = (uint8_t)field_count;

    if (field_count == 0 || field_count > FIELDS_MAX)
        return TALLY_E_INVALID;
    for (size_t i = 1; i < field_count; i++) {
        if (fields[i].slot <= fields[i - 1].slot)
            return TALLY_E_INVALID;
    }
    tally_hash_update(hash, tag_record, TAG_BYTES);
    tally_hash_update(hash, &count, 1);
    for (size_t i = 0; i < field_count; i++) {
        tally_hash_update(hash, &fields[i].slot, 1);
        tally_hash_update(hash, fields[i].digest.bytes, TALLY_HASH_BYTES);
    }
    return tally_hash_finish(hash, out->bytes);
}

void tally_commit_public_begin(tally_hash *hash)
{
    tally_hash_update(hash, tag_public, TAG_BYTES);
}

tally_rc tally_commit_public(tally_hash *hash, tally_node *out, tally_text document)
{
    return commit(hash, out, tag_public, NULL, nothing, document);
}

tally_rc tally_commit_state(tally_hash *hash, tally_node *out, tally_text head)
{
    return commit(hash, out, tag_state, NULL, nothing, head);
}

tally_rc tally_commit_label(tally_hash *hash, tally_node *out,
                            const uint8_t secret32[static TALLY_SALT_BYTES], uint32_t epoch)
{
    uint8_t bytes[4];

    write_u32(bytes, epoch);
    return commit(hash, out, tag_label, secret32, nothing,
                  tally_text_of((const char *)bytes, sizeof(bytes)));
}

tally_rc tally_commit_member(tally_hash *hash, tally_node *out,
                             const uint8_t salt32[static TALLY_SALT_BYTES], tally_text state)
{
    return commit(hash, out, tag_member, salt32, nothing, state);
}
