/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing a ledger with its log. */

#include "tlog/private_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tlog/snapshot.h"
#include "util/alloc.h"

#define DOCUMENT_BYTES_MAX ((size_t)16 << 20)
#define SENTENCE_BYTES     320
#define TYPE_BYTES_MAX     64u

/* The hash of the secret that a consent committed. Kept for all members at once:
 * what grows with their number is this, 48 bytes each. */
typedef struct consent {
    int64_t subject;
    uint64_t index;
    bool has_secret, has_row;
    tally_node secret;
} consent;

struct tally_private_check {
    const tally_private_view *view;
    const tally_private_report *report;
    tally_hash *hash;
    tally_buffer bytes;
    tally_private_counts counts;
    uint64_t size;
    uint64_t first_erased, last_erased, last_erasure; /* indexes + 1; 0: none */
    bool is_restored;                                 /* what was lost is as if erased */
    uint64_t snapshot;                                /* index + 1 of the newest */
    tally_entry snapshot_entry;
    consent *consents;
    size_t consent_room;
    size_t
        secret_count; /* of consents, once those with a secret of their own come first, by secret */
    /* The snapshot being opened. */
    tally_state_head head;
    tally_state_map map;
};

TALLY_PRINTF(2, 3)
static void fault(tally_private_check *check, const char *format, ...);

static void fault(tally_private_check *check, const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    check->counts.faults++;
    check->report->fault(check->report->context, sentence);
}

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

tally_rc tally_private_begin(tally_private_check **out_check, const tally_private_view *view,
                             const tally_private_report *report, tally_err *err)
{
    tally_private_check *check = tally_alloc_zeroed(sizeof(*check));
    tally_rc rc;

    if (check == NULL)
        return no_memory(err);
    check->view = view;
    check->report = report;
    check->hash = tally_hash_new();
    tally_buffer_init(&check->bytes, DOCUMENT_BYTES_MAX);
    rc = check->hash != NULL ? view->calls->size(view->context, &check->size, err) : no_memory(err);
    if (rc == TALLY_OK)
        *out_check = check;
    else
        tally_private_free(check);
    return rc;
}

void tally_private_free(tally_private_check *check)
{
    if (check == NULL)
        return;
    tally_release(check->consents);
    tally_buffer_free(&check->bytes);
    tally_hash_free(check->hash);
    tally_release(check);
}

/* ---- one entry ---- */

static tally_rc meet_document(tally_private_check *check, uint64_t index, const tally_entry *entry,
                              tally_err *err)
{
    const tally_private_view *view = check->view;
    tally_node commitment;
    tally_rc rc;

    if (view->calls->document == NULL)
        return TALLY_OK;
    tally_buffer_reset(&check->bytes);
    rc = view->calls->document(view->context, index, &check->bytes, err);
    if (rc != TALLY_OK)
        return rc;
    if (tally_commit_public(check->hash, &commitment, tally_buffer_text(&check->bytes)) != TALLY_OK)
        return no_memory(err);
    if (!tally_node_is_equal(&commitment, &entry->commitment))
        fault(check, "the ledger's document of entry %" PRIu64 " is not the one it commits", index);
    check->counts.opened++;
    return TALLY_OK;
}

/* The type in slot 0, which ends in "type":"<type>"} as canonical JSON does. */
static tally_text type_of(const tally_private_opening *opening)
{
    static const tally_text lead = { "\"type\":\"", 8 };
    tally_text value;
    size_t end;

    if (opening->field_count == 0 || opening->fields[0].slot != TALLY_PRIVATE_SLOT_WHAT ||
        opening->fields[0].is_erased ||
        !tally_text_has_suffix(opening->fields[0].value, TALLY_TEXT("\"}")))
        return tally_text_of(NULL, 0);
    value = opening->fields[0].value;
    end = value.count - 2;
    for (size_t start = end; start > 0 && end - start <= TYPE_BYTES_MAX; start--) {
        tally_text type = tally_text_slice(value, start, end);

        if (tally_text_has_suffix(tally_text_slice(value, 0, start), lead))
            return type;
    }
    return tally_text_of(NULL, 0);
}

static const tally_private_field *find_slot(const tally_private_opening *opening, uint8_t slot)
{
    for (size_t i = 0; i < opening->field_count; i++) {
        if (opening->fields[i].slot == slot)
            return &opening->fields[i];
    }
    return NULL;
}

static tally_rc keep_consent(tally_private_check *check, uint64_t index,
                             const tally_private_opening *opening,
                             const tally_private_field *secret, tally_err *err)
{
    consent *kept;

    if (check->counts.consents == check->consent_room) {
        size_t room = check->consent_room == 0 ? 64 : check->consent_room * 2;

        kept = tally_realloc_array(check->consents, room, sizeof(*kept));
        if (kept == NULL)
            return no_memory(err);
        check->consents = kept;
        check->consent_room = room;
    }
    kept = &check->consents[check->counts.consents++];
    *kept = (consent){ .subject = opening->subject, .index = index, .has_secret = secret != NULL };
    if (secret != NULL &&
        tally_hash_sha256(kept->secret.bytes, secret->value.bytes, secret->value.count) != TALLY_OK)
        return no_memory(err);
    return TALLY_OK;
}

/* Does it say that something went? */
static bool is_erasure(tally_private_check *check, uint64_t index, tally_text type)
{
    bool is_restore = tally_text_is(type, "restore");

    if (!is_restore && !tally_text_has_prefix(type, TALLY_TEXT("erasure")))
        return false;
    check->is_restored = check->is_restored || is_restore;
    if (check->last_erasure < index + 1)
        check->last_erasure = index + 1;
    return true;
}

/* What a record of this type has and has not. */
static tally_rc judge_record(tally_private_check *check, uint64_t index,
                             const tally_private_opening *opening, tally_err *err)
{
    const tally_private_field *secret = find_slot(opening, TALLY_PRIVATE_SLOT_SECRET);
    tally_text type = type_of(opening);

    if (type.count == 0) {
        if (opening->field_count == 0 || !opening->fields[0].is_erased)
            fault(check, "record %" PRIu64 " does not say what it is", index);
        return TALLY_OK;
    }
    if (tally_text_is(type, "pad")) {
        check->counts.pads++;
        if (opening->field_count != 1 || opening->subject != 0)
            fault(check, "record %" PRIu64 " says that it is a pad, and says more", index);
    }
    (void)is_erasure(check, index, type);
    if (secret != NULL && !tally_text_is(type, "consent")) {
        fault(check, "record %" PRIu64 " has a label secret and is no consent", index);
        return TALLY_OK;
    }
    if (secret != NULL && !secret->is_erased && secret->value.count != TALLY_SALT_BYTES) {
        fault(check, "the label secret of record %" PRIu64 " has not 32 bytes", index);
        return TALLY_OK;
    }
    if (secret != NULL && secret->is_erased)
        secret = NULL;
    return tally_text_is(type, "consent") ? keep_consent(check, index, opening, secret, err)
                                          : TALLY_OK;
}

static void note_erased(tally_private_check *check, uint64_t index)
{
    check->last_erased = index + 1;
    if (check->first_erased == 0)
        check->first_erased = index + 1;
}

static tally_rc meet_record(tally_private_check *check, uint64_t index, const tally_entry *entry,
                            tally_err *err)
{
    tally_private_opening opening = { .field_count = 0 };
    tally_field_digest digests[TALLY_PRIVATE_FIELDS_MAX];
    tally_node commitment;
    tally_rc rc;

    if (check->view->calls->opening == NULL)
        return TALLY_OK;
    rc = check->view->calls->opening(check->view->context, index, &opening, err);
    if (rc != TALLY_OK)
        return rc;
    if (opening.is_erased) {
        check->counts.erased++;
        note_erased(check, index);
        return TALLY_OK;
    }
    TALLY_ASSERT(opening.field_count <= TALLY_PRIVATE_FIELDS_MAX);
    for (size_t i = 0; i < opening.field_count; i++) {
        const tally_private_field *field = &opening.fields[i];

        digests[i] = (tally_field_digest){ .slot = field->slot, .digest = field->digest };
        if (!field->is_erased && tally_commit_field(check->hash, &digests[i], field->slot,
                                                    field->salt32, field->value) != TALLY_OK)
            return no_memory(err);
        if (field->is_erased)
            note_erased(check, index);
    }
    rc = tally_commit_record(check->hash, &commitment, digests, opening.field_count);
    if (rc == TALLY_E_NOMEM)
        return no_memory(err);
    if (rc != TALLY_OK || !tally_node_is_equal(&commitment, &entry->commitment)) {
        fault(check, "what the ledger keeps for record %" PRIu64 " does not open it", index);
        return TALLY_OK;
    }
    check->counts.opened++;
    return judge_record(check, index, &opening, err);
}

tally_rc tally_private_meet(tally_private_check *check, uint64_t index, tally_text entry,
                            tally_err *err)
{
    uint8_t own[TALLY_ENTRY_BYTES];
    tally_entry parsed;
    tally_rc rc;

    check->counts.entries++;
    if (index >= check->size) {
        fault(check, "entry %" PRIu64 " was published and is not in the journal", index);
        return TALLY_OK;
    }
    rc = check->view->calls->entry(check->view->context, index, own, err);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_text_is_equal(entry, tally_text_of((const char *)own, sizeof(own)))) {
        fault(check, "entry %" PRIu64 " of the journal is not the one that was published", index);
        return TALLY_OK;
    }
    if (tally_entry_parse(&parsed, entry, NULL) != TALLY_OK)
        return TALLY_OK; /* check 5 says so */
    if (parsed.kind == TALLY_ENTRY_RECORD)
        return meet_record(check, index, &parsed, err);
    if (parsed.kind != TALLY_ENTRY_STATE)
        return meet_document(check, index, &parsed, err);
    check->snapshot = index + 1;
    check->snapshot_entry = parsed;
    return TALLY_OK;
}

/* ---- at the end ---- */

static int by_subject(const void *a, const void *b)
{
    const consent *first = a, *second = b;

    if (first->subject != second->subject)
        return first->subject < second->subject ? -1 : 1;
    if (first->has_secret != second->has_secret)
        return first->has_secret ? -1 : 1;
    return first->index < second->index ? -1 : 1;
}

static int by_secret(const void *a, const void *b)
{
    const consent *first = a, *second = b;

    return memcmp(first->secret.bytes, second->secret.bytes, sizeof(first->secret.bytes));
}

/* Who consented has one secret, and nobody else has it. */
static void check_consents(tally_private_check *check)
{
    consent *all = check->consents;
    size_t count = (size_t)check->counts.consents, kept = 0;

    if (count == 0)
        return;
    qsort(all, count, sizeof(*all), by_subject);
    for (size_t i = 0; i < count; i++) {
        bool is_first = i == 0 || all[i - 1].subject != all[i].subject;

        /* The one that committed it may have run out. */
        if (is_first && !all[i].has_secret &&
            (check->first_erased == 0 || check->first_erased > all[i].index))
            fault(check, "subject %" PRId64 " consented, and no label secret is committed",
                  all[i].subject);
        if (!is_first && all[i].has_secret && by_secret(&all[i - 1], &all[i]) != 0)
            fault(check, "subject %" PRId64 " has two label secrets", all[i].subject);
    }
    for (size_t i = 0; i < count; i++) {
        if ((i == 0 || all[i - 1].subject != all[i].subject) && all[i].has_secret)
            all[kept++] = all[i];
    }
    qsort(all, kept, sizeof(*all), by_secret);
    check->secret_count = kept;
    for (size_t i = 1; i < kept; i++) {
        if (by_secret(&all[i - 1], &all[i]) == 0)
            fault(check, "subjects %" PRId64 " and %" PRId64 " have one label secret",
                  all[i - 1].subject, all[i].subject);
    }
}

/* A row is of somebody who consented. */
static tally_rc find_consent(tally_private_check *check, const tally_private_row *row,
                             tally_err *err)
{
    consent wanted = { .subject = 0 }, *found = NULL;

    if (tally_hash_sha256(wanted.secret.bytes, row->secret32, TALLY_SALT_BYTES) != TALLY_OK)
        return no_memory(err);
    if (check->secret_count > 0)
        found = bsearch(&wanted, check->consents, check->secret_count, sizeof(wanted), by_secret);
    if (found != NULL)
        found->has_row = true;
    else if (check->first_erased == 0)
        fault(check, "row %" PRIu64 " of the snapshot is of nobody who consented",
              check->counts.rows - 1);
    return TALLY_OK;
}

static tally_rc take_row(void *taker, const tally_private_row *row, tally_err *err)
{
    tally_private_check *check = taker;
    uint32_t bucket = tally_state_bucket(row->row64, check->head.bits);
    tally_err inner = TALLY_ERR_INIT;
    tally_node label, content;
    tally_rc rc = TALLY_OK;

    while (check->map.bucket < bucket && rc == TALLY_OK)
        rc = tally_state_map_close(&check->map, check->hash, NULL);
    if (rc == TALLY_OK)
        rc = tally_state_map_row(&check->map, check->hash, row->row64, &inner);
    if (rc == TALLY_E_INVALID) {
        fault(check, "the ledger's snapshot: %s", inner.message);
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "%s", inner.message);
    }
    if (rc != TALLY_OK ||
        tally_commit_member(check->hash, &content, row->salt32, row->state) != TALLY_OK ||
        tally_commit_label(check->hash, &label, row->secret32, check->head.epoch) != TALLY_OK)
        return no_memory(err);
    check->counts.rows++;
    check->counts.row_pads += row->is_pad ? 1 : 0;
    check->counts.row_erased += row->is_erased ? 1 : 0;
    if (row->is_erased)
        return TALLY_OK;
    if (memcmp(content.bytes, row->row64 + TALLY_HASH_BYTES, TALLY_HASH_BYTES) != 0 ||
        (row->is_pad && !tally_text_is_equal(row->state, TALLY_SNAPSHOT_PAD)) ||
        (!row->is_pad && memcmp(label.bytes, row->row64, TALLY_HASH_BYTES) != 0))
        fault(check, "what the ledger keeps for row %" PRIu64 " of the snapshot does not open it",
              check->counts.rows - 1);
    else if (!row->is_pad && tally_text_is_equal(row->state, row->recomputed))
        return find_consent(check, row, err);
    else if (!row->is_pad && row->is_shortened) {
        check->counts.row_shortened++;
        return find_consent(check, row, err);
    } else if (!row->is_pad)
        fault(check,
              "row %" PRIu64 " of the snapshot says other points than policy and records give",
              check->counts.rows - 1);
    return TALLY_OK;
}

/* Erasures that the journal has from an index on, published or not. */
static tally_rc count_erasures(tally_private_check *check, uint64_t from, uint64_t *out_count,
                               tally_err *err)
{
    const tally_private_view *view = check->view;
    tally_rc rc = TALLY_OK;

    *out_count = 0;
    for (uint64_t i = from; view->calls->opening != NULL && rc == TALLY_OK && i < check->size;
         i++) {
        tally_private_opening opening = { .field_count = 0 };
        uint8_t bytes[TALLY_ENTRY_BYTES];
        tally_entry entry;

        rc = view->calls->entry(view->context, i, bytes, err);
        if (rc != TALLY_OK ||
            tally_entry_parse(&entry, tally_text_of((const char *)bytes, sizeof(bytes)), NULL) !=
                TALLY_OK ||
            entry.kind != TALLY_ENTRY_RECORD)
            continue;
        rc = view->calls->opening(view->context, i, &opening, err);
        if (rc == TALLY_OK && !opening.is_erased && is_erasure(check, i, type_of(&opening)))
            ++*out_count;
    }
    return rc;
}

/* Nobody is kept from the snapshot, and nobody put into it. */
static tally_rc check_everybody(tally_private_check *check, tally_err *err)
{
    uint64_t erasures;
    tally_rc rc;

    check->is_restored = false;
    rc = count_erasures(check, check->head.log_size, &erasures, err);
    /* What was lost with a store cannot be told from what was erased, until the next snapshot. */
    if (rc != TALLY_OK || check->is_restored)
        return rc;
    if (check->counts.row_erased > erasures)
        fault(check,
              "nothing opens %" PRIu64 " rows of the snapshot, and since then there were %" PRIu64
              " erasures",
              check->counts.row_erased, erasures);
    for (size_t i = 0; i < check->secret_count; i++) {
        if (!check->consents[i].has_row && check->consents[i].index < check->head.log_size)
            fault(check, "subject %" PRId64 " consented, and has no row in the snapshot",
                  check->consents[i].subject);
    }
    return TALLY_OK;
}

static tally_rc check_snapshot(tally_private_check *check, tally_err *err)
{
    const tally_private_view *view = check->view;
    tally_buffer head;
    tally_node commitment, root;
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc;

    if (view->calls->snapshot == NULL || check->snapshot == 0)
        return TALLY_OK;
    tally_buffer_init(&head, TALLY_STATE_HEAD_BYTES_MAX);
    /* Once for the head, then with it for the rows. */
    rc = view->calls->snapshot(view->context, check->snapshot - 1, &head, NULL, NULL, err);
    if (rc == TALLY_OK &&
        tally_commit_state(check->hash, &commitment, tally_buffer_text(&head)) != TALLY_OK)
        rc = no_memory(err);
    if (rc == TALLY_OK &&
        (!tally_node_is_equal(&commitment, &check->snapshot_entry.commitment) ||
         tally_state_parse_head(&check->head, tally_buffer_text(&head), NULL) != TALLY_OK)) {
        fault(check, "the ledger's head of the newest snapshot is not the one that was logged");
    } else if (rc == TALLY_OK) {
        uint64_t faults = check->counts.faults;

        tally_state_map_init(&check->map, check->head.bits);
        rc = view->calls->snapshot(view->context, check->snapshot - 1, NULL, take_row, check,
                                   &inner);
        if (rc != TALLY_OK && check->counts.faults == faults)
            rc = tally_err_set(err, rc, 0, "%s", inner.message);
        else if (rc != TALLY_OK)
            rc = TALLY_OK; /* said so already */
        else
            while (rc == TALLY_OK && check->map.bucket < UINT32_C(1) << check->head.bits)
                rc = tally_state_map_close(&check->map, check->hash, NULL);
        if (rc == TALLY_OK && check->map.bucket == UINT32_C(1) << check->head.bits) {
            if (tally_state_map_root(&check->map, check->hash, &root) != TALLY_OK)
                rc = no_memory(err);
            else if (!tally_node_is_equal(&root, &check->head.root) ||
                     check->map.rows != check->head.rows)
                fault(check, "the ledger's rows are not those of the published snapshot");
            if (rc == TALLY_OK && check->counts.faults == faults)
                rc = check_everybody(check, err);
        }
    }
    tally_buffer_free(&head);
    return rc;
}

static tally_rc take_dispute(void *taker, const tally_private_dispute *dispute, tally_err *err)
{
    tally_private_check *check = taker;

    (void)err;
    check->counts.disputes++;
    if (dispute->opened >= check->size ||
        (dispute->has_answer &&
         (dispute->answered >= check->size || dispute->answered <= dispute->opened)))
        fault(check, "the dispute of record %" PRIu64 " is not in the log as the ledger says",
              dispute->opened);
    else if (dispute->is_due && !dispute->has_answer)
        fault(check, "the dispute of record %" PRIu64 " was not answered in time", dispute->opened);
    return TALLY_OK;
}

tally_rc tally_private_end(tally_private_check *check, tally_private_counts *out_counts,
                           tally_err *err)
{
    const tally_private_view *view = check->view;
    uint64_t waiting;
    tally_rc rc;

    rc = count_erasures(check, check->counts.entries, &waiting, err);
    if (rc != TALLY_OK)
        return rc;
    /* What is gone must have gone by an erasure that the log speaks of, or will with the next beat. */
    if (check->last_erased > check->last_erasure)
        fault(check, "record %" PRIu64 " is marked erased, and no erasure was recorded after it",
              check->last_erased - 1);
    check_consents(check);
    rc = check_snapshot(check, err);
    if (rc == TALLY_OK && view->calls->disputes != NULL)
        rc = view->calls->disputes(view->context, take_dispute, check, err);
    *out_counts = check->counts;
    return rc;
}
