/* SPDX-License-Identifier: Apache-2.0 */
/* The record: entries of the log and what opens them (docs/formats/openings.md).
 *
 * An opening is
 *
 *   offset  bytes
 *        0      1   version, 1
 *        1      1   form: 0 in clear, 1 sealed, 2 erased
 *        2      2   zero
 *        4      8   subject, big-endian; 0: nobody's
 *       12          in clear: slots; sealed: nonce[24], sealed slots; erased: nothing
 *
 * and slots are a count of one byte and for each slot, ascending, its number (one
 * byte), salt[32], the length of its value (u32, big-endian) and the value. */

#include "ledger/record.h"

#include <string.h>

#include "crypto/seal.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define HEAD_BYTES        12
#define SLOT_HEAD_BYTES   (1 + TALLY_SALT_BYTES + 4)
#define OPENING_BYTES_MAX ((size_t)4 << 20)

enum { FORM_CLEAR = 0, FORM_SEALED = 1, FORM_ERASED = 2 };

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

static tally_rc damaged(uint64_t index, tally_err *err)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "what opens entry %llu of the log is damaged",
                         (unsigned long long)index);
}

/* ---- entries ---- */

static tally_rc append_entry(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_entry_kind kind, const tally_node *commitment,
                             uint64_t *out_index, tally_err *err)
{
    tally_ledger_state *state = &ledger->state;
    tally_entry entry = { .kind = kind, .epoch = state->epoch, .policy = state->log_policy };
    uint8_t bytes[TALLY_ENTRY_BYTES];
    tally_rc rc;

    if (state->log_size >= TALLY_JSON_INTEGER_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the log is full");
    if (kind == TALLY_ENTRY_POLICY)
        entry.policy++;
    entry.commitment = *commitment;
    tally_entry_write(bytes, &entry);
    rc = tally_store_put(transaction, TALLY_STORE_JOURNAL, (int64_t)state->log_size + 1,
                         tally_text_of((const char *)bytes, sizeof(bytes)), err);
    if (rc != TALLY_OK)
        return rc;
    *out_index = state->log_size;
    state->log_policy = entry.policy;
    state->log_size++;
    state->is_changed = true;
    return TALLY_OK;
}

tally_rc tally_record_entry(tally_store_transaction *transaction, uint64_t index,
                            tally_entry *out_entry, tally_err *err)
{
    tally_text bytes;
    bool is_found;
    tally_rc rc = tally_store_get(transaction, TALLY_STORE_JOURNAL, (int64_t)index + 1, &bytes,
                                  &is_found, err);

    if (rc != TALLY_OK)
        return rc;
    if (!is_found || tally_entry_parse(out_entry, bytes, NULL) != TALLY_OK)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "entry %llu of the log is %s",
                             (unsigned long long)index, is_found ? "damaged" : "missing");
    return TALLY_OK;
}

/* ---- public entries ---- */

static tally_rc commit_document(tally_entry_kind kind, tally_text document, tally_node *out,
                                tally_err *err)
{
    tally_hash *hash = tally_hash_new();
    tally_rc rc = TALLY_E_NOMEM;

    if (hash != NULL)
        rc = kind == TALLY_ENTRY_STATE ? tally_commit_state(hash, out, document)
                                       : tally_commit_public(hash, out, document);
    tally_hash_free(hash);
    return rc == TALLY_OK ? TALLY_OK : no_memory(err);
}

tally_rc tally_record_publish(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_entry_kind kind, tally_text document, uint64_t *out_index,
                              tally_err *err)
{
    tally_node commitment;
    uint64_t index;
    tally_rc rc;

    TALLY_ASSERT(kind != TALLY_ENTRY_RECORD);
    rc = commit_document(kind, document, &commitment, err);
    if (rc == TALLY_OK)
        rc = append_entry(ledger, transaction, kind, &commitment, &index, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_DOCUMENTS, (int64_t)index + 1, document, err);
    if (rc == TALLY_OK && out_index != NULL)
        *out_index = index;
    return rc;
}

/* ---- slots ---- */

/* The slots of a fact with their salts; values point into the fact and into `what`. */
static tally_rc make_slots(const tally_ledger *ledger, const tally_fact_record *fact,
                           tally_text what, tally_opened_record *out, tally_err *err)
{
    tally_text values[TALLY_SLOT_COUNT] = {
        [TALLY_SLOT_WHAT] = what,
        [TALLY_SLOT_BODY] = fact->body,
        [TALLY_SLOT_REASON] = fact->reason,
        [TALLY_SLOT_LABEL] = fact->label,
    };

    if (fact->member != NULL)
        values[TALLY_SLOT_SUBJECT] =
            tally_text_from(fact->member->dids[fact->member->did_count - 1]);
    *out = (tally_opened_record){ 0 };
    for (uint8_t slot = 0; slot < TALLY_SLOT_COUNT; slot++) {
        tally_opened_slot *opened = &out->slots[out->slot_count];
        tally_rc rc;

        if (values[slot].bytes == NULL)
            continue;
        *opened = (tally_opened_slot){ .slot = slot, .value = values[slot] };
        rc = tally_random_fill(ledger->options.random, opened->salt, sizeof(opened->salt), err);
        if (rc != TALLY_OK)
            return rc;
        out->slot_count++;
    }
    return TALLY_OK;
}

static tally_rc commit_slots(const tally_opened_record *record, tally_node *out, tally_err *err)
{
    tally_field_digest digests[TALLY_SLOT_COUNT];
    tally_hash *hash = tally_hash_new();
    tally_rc rc = hash == NULL ? TALLY_E_NOMEM : TALLY_OK;

    for (size_t i = 0; rc == TALLY_OK && i < record->slot_count; i++)
        rc = tally_commit_field(hash, &digests[i], record->slots[i].slot, record->slots[i].salt,
                                record->slots[i].value);
    if (rc == TALLY_OK)
        rc = tally_commit_record(hash, out, digests, record->slot_count);
    tally_hash_free(hash);
    return rc == TALLY_OK ? TALLY_OK : no_memory(err);
}

static size_t slots_bytes(const tally_opened_record *record)
{
    size_t bytes = 1;

    for (size_t i = 0; i < record->slot_count; i++)
        bytes += SLOT_HEAD_BYTES + record->slots[i].value.count;
    return bytes;
}

static void write_slots(uint8_t *out, const tally_opened_record *record)
{
    *out++ = (uint8_t)record->slot_count;
    for (size_t i = 0; i < record->slot_count; i++) {
        const tally_opened_slot *slot = &record->slots[i];

        *out = slot->slot;
        memcpy(out + 1, slot->salt, TALLY_SALT_BYTES);
        tally_write_u32(out + 1 + TALLY_SALT_BYTES, (uint32_t)slot->value.count);
        if (slot->value.count > 0)
            memcpy(out + SLOT_HEAD_BYTES, slot->value.bytes, slot->value.count);
        out += SLOT_HEAD_BYTES + slot->value.count;
    }
}

/* Values point into bytes. */
static bool read_slots(const uint8_t *bytes, size_t count, tally_opened_record *out)
{
    size_t slot_count, at = 1;

    if (count < 1 || bytes[0] == 0 || bytes[0] > TALLY_SLOT_COUNT)
        return false;
    slot_count = bytes[0];
    for (size_t i = 0; i < slot_count; i++) {
        tally_opened_slot *slot = &out->slots[i];
        size_t value_bytes;

        if (count - at < SLOT_HEAD_BYTES)
            return false;
        slot->slot = bytes[at];
        memcpy(slot->salt, bytes + at + 1, TALLY_SALT_BYTES);
        value_bytes = tally_read_u32(bytes + at + 1 + TALLY_SALT_BYTES);
        at += SLOT_HEAD_BYTES;
        if (slot->slot >= TALLY_SLOT_COUNT || (i > 0 && slot->slot <= slot[-1].slot) ||
            value_bytes > count - at)
            return false;
        slot->value = tally_text_of((const char *)bytes + at, value_bytes);
        at += value_bytes;
    }
    out->slot_count = slot_count;
    return at == count;
}

/* ---- openings ---- */

static void write_associated(uint8_t out[static TALLY_OPENING_AAD_BYTES],
                             const uint8_t rid[static TALLY_RID_BYTES], uint64_t index)
{
    memcpy(out, "tally/opening/v1", 16);
    memcpy(out + 16, rid, TALLY_RID_BYTES);
    tally_write_u64(out + 16 + TALLY_RID_BYTES, index);
}

static void write_head(uint8_t out[static HEAD_BYTES], uint8_t form, int64_t subject)
{
    out[0] = 1;
    out[1] = form;
    out[2] = out[3] = 0;
    tally_write_u64(out + 4, (uint64_t)subject);
}

static tally_rc seal_slots(const tally_ledger *ledger, uint8_t *out,
                           const tally_opened_record *record, size_t clear_bytes,
                           const tally_member *member, uint64_t index, tally_err *err)
{
    uint8_t associated[TALLY_OPENING_AAD_BYTES];
    uint8_t *clear = tally_alloc(clear_bytes);
    tally_rc rc;

    if (clear == NULL)
        return no_memory(err);
    write_slots(clear, record);
    write_associated(associated, member->rid, index);
    rc = tally_seal(out, clear, clear_bytes, associated, sizeof(associated), member->data_key,
                    ledger->options.random, err);
    tally_secret_wipe(clear, clear_bytes);
    tally_release(clear);
    return rc;
}

static tally_rc put_opening(tally_ledger *ledger, tally_store_transaction *transaction,
                            const tally_opened_record *record, const tally_member *member,
                            uint64_t index, tally_err *err)
{
    size_t clear_bytes = slots_bytes(record);
    size_t bytes = HEAD_BYTES + clear_bytes + (member != NULL ? TALLY_SEAL_EXTRA_BYTES : 0);
    uint8_t *opening = tally_alloc(bytes);
    tally_rc rc = TALLY_OK;

    if (opening == NULL)
        return no_memory(err);
    write_head(opening, member != NULL ? FORM_SEALED : FORM_CLEAR,
               member != NULL ? member->subject : 0);
    if (member != NULL)
        rc = seal_slots(ledger, opening + HEAD_BYTES, record, clear_bytes, member, index, err);
    else
        write_slots(opening + HEAD_BYTES, record);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_OPENINGS, (int64_t)index + 1,
                             tally_text_of((const char *)opening, bytes), err);
    tally_release(opening);
    return rc;
}

/* ---- records of a subject ---- */

#define SUBJECT_NAME_BYTES 16

static tally_text subject_name(uint8_t out[static SUBJECT_NAME_BYTES], int64_t subject,
                               uint64_t index)
{
    tally_write_u64(out, (uint64_t)subject);
    tally_write_u64(out + 8, index + 1);
    return tally_text_of((const char *)out, SUBJECT_NAME_BYTES);
}

/* ---- appending ---- */

static tally_rc append_what(tally_buffer *out, const tally_fact_record *fact, tally_err *err)
{
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_value_write_instant(&jcs, "at", fact->at_ms);
    tally_jcs_member_string(&jcs, "type", fact->type);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

static tally_rc append_fact(tally_ledger *ledger, tally_store_transaction *transaction,
                            const tally_fact_record *fact, tally_text what, uint64_t *out_index,
                            tally_node *out_commitment, tally_err *err)
{
    uint8_t name[SUBJECT_NAME_BYTES];
    tally_opened_record record;
    tally_rc rc = make_slots(ledger, fact, what, &record, err);

    if (rc == TALLY_OK)
        rc = commit_slots(&record, out_commitment, err);
    if (rc == TALLY_OK)
        rc = append_entry(ledger, transaction, TALLY_ENTRY_RECORD, out_commitment, out_index, err);
    if (rc == TALLY_OK)
        rc = put_opening(ledger, transaction, &record, fact->member, *out_index, err);
    if (rc == TALLY_OK && fact->member != NULL)
        rc = tally_store_name(transaction, TALLY_STORE_RECORD_BY_SUBJECT,
                              subject_name(name, fact->member->subject, *out_index), TALLY_TEXT(""),
                              err);
    tally_secret_wipe(&record, sizeof(record)); /* salts */
    return rc;
}

tally_rc tally_record_append(tally_ledger *ledger, tally_store_transaction *transaction,
                             const tally_fact_record *fact, uint64_t *out_index,
                             tally_node *out_commitment, tally_err *err)
{
    tally_buffer what;
    tally_node commitment;
    uint64_t index;
    tally_rc rc;

    if (fact->body.count + fact->reason.count + fact->label.count > OPENING_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a record holds at most %zu bytes",
                             OPENING_BYTES_MAX);
    tally_buffer_init(&what, 256);
    rc = append_what(&what, fact, err);
    if (rc == TALLY_OK)
        rc = append_fact(ledger, transaction, fact, tally_buffer_text(&what), &index, &commitment,
                         err);
    tally_buffer_free(&what);
    if (rc != TALLY_OK)
        return rc;
    if (out_index != NULL)
        *out_index = index;
    if (out_commitment != NULL)
        *out_commitment = commitment;
    return TALLY_OK;
}

/* ---- opening ---- */

/* The slots of an opening, in the arena and in clear; false in *out_is_open: sealed for somebody
 * else. */
static tally_rc unseal(const uint8_t *opening, size_t count, uint64_t index,
                       const tally_member *member, tally_arena *arena, tally_opened_record *out,
                       bool *out_is_open, tally_err *err)
{
    const uint8_t *body = opening + HEAD_BYTES;
    size_t body_bytes = count - HEAD_BYTES, clear_bytes = body_bytes;
    uint8_t associated[TALLY_OPENING_AAD_BYTES];
    uint8_t *clear;
    tally_rc rc;

    *out_is_open = opening[1] == FORM_CLEAR || (member != NULL && member->subject == out->subject);
    if (!*out_is_open)
        return TALLY_OK;
    if (opening[1] == FORM_SEALED) {
        if (body_bytes < TALLY_SEAL_EXTRA_BYTES)
            return damaged(index, err);
        clear_bytes = body_bytes - TALLY_SEAL_EXTRA_BYTES;
    }
    clear = tally_arena_alloc(arena, clear_bytes);
    if (clear == NULL)
        return tally_err_set(err, tally_arena_failure(arena), 0, "memory is short");
    if (opening[1] == FORM_CLEAR) {
        memcpy(clear, body, clear_bytes);
    } else {
        write_associated(associated, member->rid, index);
        rc = tally_seal_open(clear, body, body_bytes, associated, sizeof(associated),
                             member->data_key);
        if (rc != TALLY_OK)
            return damaged(index, err);
    }
    return read_slots(clear, clear_bytes, out) ? TALLY_OK : damaged(index, err);
}

static tally_rc check_commitment(tally_store_transaction *transaction, uint64_t index,
                                 const tally_opened_record *record, tally_err *err)
{
    tally_entry entry;
    tally_node commitment;
    tally_rc rc = tally_record_entry(transaction, index, &entry, err);

    if (rc == TALLY_OK)
        rc = commit_slots(record, &commitment, err);
    if (rc != TALLY_OK)
        return rc;
    if (entry.kind != TALLY_ENTRY_RECORD ||
        memcmp(commitment.bytes, entry.commitment.bytes, TALLY_HASH_BYTES) != 0)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "entry %llu of the log commits something else than is stored",
                             (unsigned long long)index);
    return TALLY_OK;
}

tally_rc tally_record_open(tally_ledger *ledger, tally_store_transaction *transaction,
                           uint64_t index, const tally_member *member, tally_arena *arena,
                           tally_opened_record *out, tally_err *err)
{
    tally_opened_record record = { 0 };
    const uint8_t *bytes;
    tally_text opening;
    bool is_found, is_open;
    tally_rc rc;

    (void)ledger;
    rc = tally_store_get(transaction, TALLY_STORE_OPENINGS, (int64_t)index + 1, &opening, &is_found,
                         err);
    if (rc != TALLY_OK)
        return rc;
    bytes = (const uint8_t *)opening.bytes;
    if (!is_found || opening.count < HEAD_BYTES || bytes[0] != 1 || bytes[1] > FORM_ERASED ||
        bytes[2] != 0 || bytes[3] != 0)
        return damaged(index, err);
    record.subject = (int64_t)tally_read_u64(bytes + 4);
    record.is_erased = bytes[1] == FORM_ERASED;
    if (record.subject < 0 || (record.subject > 0) != (bytes[1] == FORM_SEALED) ||
        (record.is_erased && opening.count != HEAD_BYTES))
        return damaged(index, err);
    if (!record.is_erased) {
        rc = unseal(bytes, opening.count, index, member, arena, &record, &is_open, err);
        if (rc == TALLY_OK && is_open)
            rc = check_commitment(transaction, index, &record, err);
        if (rc != TALLY_OK)
            return rc;
    }
    *out = record;
    return TALLY_OK;
}

/* ---- erasing ---- */

typedef struct index_list {
    int64_t *keys;
    size_t count, room;
} index_list;

static tally_rc take_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    index_list *list = context;

    (void)value;
    (void)out_is_enough;
    if (name.count != SUBJECT_NAME_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the list of a subject's records is damaged");
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        int64_t *keys = tally_realloc_array(list->keys, room, sizeof(*keys));

        if (keys == NULL)
            return no_memory(err);
        list->keys = keys;
        list->room = room;
    }
    list->keys[list->count++] = (int64_t)tally_read_u64((const uint8_t *)name.bytes + 8);
    return TALLY_OK;
}

static tally_rc list_records(tally_store_transaction *transaction, int64_t subject,
                             index_list *list, tally_err *err)
{
    uint8_t prefix[8];

    tally_write_u64(prefix, (uint64_t)subject);
    return tally_store_scan_names(transaction, TALLY_STORE_RECORD_BY_SUBJECT,
                                  tally_text_of((const char *)prefix, sizeof(prefix)), take_name,
                                  list, err);
}

/* The subject's number goes too: it would link the records of somebody who left. */
static tally_rc erase_record(tally_store_transaction *transaction, int64_t subject, int64_t key,
                             tally_err *err)
{
    uint8_t erased[HEAD_BYTES], name[SUBJECT_NAME_BYTES];
    tally_rc rc;

    write_head(erased, FORM_ERASED, 0);
    rc = tally_store_put(transaction, TALLY_STORE_OPENINGS, key,
                         tally_text_of((const char *)erased, sizeof(erased)), err);
    if (rc != TALLY_OK)
        return rc;
    return tally_store_unname(transaction, TALLY_STORE_RECORD_BY_SUBJECT,
                              subject_name(name, subject, (uint64_t)key - 1), err);
}

tally_rc tally_record_erase_subject(tally_ledger *ledger, tally_store_transaction *transaction,
                                    int64_t subject, uint64_t *out_count, tally_err *err)
{
    index_list list = { 0 };
    tally_rc rc = list_records(transaction, subject, &list, err);

    (void)ledger;
    for (size_t i = 0; rc == TALLY_OK && i < list.count; i++)
        rc = erase_record(transaction, subject, list.keys[i], err);
    if (rc == TALLY_OK && out_count != NULL)
        *out_count = list.count;
    tally_release(list.keys);
    return rc;
}

tally_rc tally_record_each(tally_store_transaction *transaction, int64_t subject,
                           tally_record_visit visit, void *context, tally_err *err)
{
    index_list list = { 0 };
    tally_rc rc = list_records(transaction, subject, &list, err);

    for (size_t i = 0; rc == TALLY_OK && i < list.count; i++)
        rc = visit(context, (uint64_t)list.keys[i] - 1, err);
    tally_release(list.keys);
    return rc;
}

tally_rc tally_record_erase(tally_store_transaction *transaction, int64_t subject, uint64_t index,
                            tally_err *err)
{
    uint8_t name[SUBJECT_NAME_BYTES];
    tally_text value;
    bool is_found;
    tally_rc rc = tally_store_find(transaction, TALLY_STORE_RECORD_BY_SUBJECT,
                                   subject_name(name, subject, index), &value, &is_found, err);

    return rc == TALLY_OK && is_found ? erase_record(transaction, subject, (int64_t)index + 1, err)
                                      : rc;
}

/* ---- recovering ---- */

static tally_rc recover_content(tally_store_transaction *transaction, const tally_entry *entry,
                                uint64_t index, tally_text document, tally_err *err)
{
    uint8_t lost[HEAD_BYTES];
    tally_node commitment;
    tally_rc rc;

    if (entry->kind == TALLY_ENTRY_RECORD) {
        write_head(lost, FORM_ERASED, 0);
        return tally_store_put(transaction, TALLY_STORE_OPENINGS, (int64_t)index + 1,
                               tally_text_of((const char *)lost, sizeof(lost)), err);
    }
    rc = commit_document(entry->kind, document, &commitment, err);
    if (rc == TALLY_OK && memcmp(&commitment, &entry->commitment, sizeof(commitment)) != 0)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "the published document of entry %llu is not the one it commits",
                           (unsigned long long)index);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_DOCUMENTS, (int64_t)index + 1, document, err);
    if (rc == TALLY_OK && entry->kind == TALLY_ENTRY_POLICY)
        rc = tally_store_put(transaction, TALLY_STORE_POLICIES, (int64_t)entry->policy, document,
                             err);
    return rc;
}

tally_rc tally_record_recover(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_text entry_bytes, tally_text document, tally_err *err)
{
    tally_ledger_state *state = &ledger->state;
    tally_entry entry;
    tally_rc rc;

    if (tally_entry_parse(&entry, entry_bytes, NULL) != TALLY_OK || entry.epoch < state->epoch)
        return tally_err_set(err, TALLY_E_CORRUPT, 0,
                             "published entry %llu is no entry of this log",
                             (unsigned long long)state->log_size);
    rc = recover_content(transaction, &entry, state->log_size, document, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_JOURNAL, (int64_t)state->log_size + 1,
                             entry_bytes, err);
    if (rc != TALLY_OK)
        return rc;
    state->log_size++;
    state->log_policy = entry.policy;
    state->epoch = entry.epoch;
    if (entry.kind == TALLY_ENTRY_STATE)
        state->snapshots = entry.epoch + 1;
    state->is_changed = true;
    return TALLY_OK;
}
