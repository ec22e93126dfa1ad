/* SPDX-License-Identifier: Apache-2.0 */
/* Checking a ledger: see check.h.
 *
 * Passes, each in a reading transaction of its own, so that a ledger in use can be checked: the batches,
 * the events in order of their sequence (and so of their batches), the log with those it is about. */

#include "ledger/check.h"

#include <string.h>
#include "batch/batch.h"
#include "batch/header.h"
#include "crypto/did_key.h"
#include "crypto/ed25519.h"
#include "crypto/jws.h"
#include "ledger/access.h"
#include "ledger/admit_reply.h"
#include "ledger/batch_record.h"
#include "ledger/check_parts.h"
#include "ledger/leave.h"
#include "ledger/member.h"
#include "ledger/record.h"
#include "ledger/source.h"
#include "util/alloc.h"
#include "util/intern.h"

#define PROGRESS_EVERY 4096u
#define MEMBERS_BYTES  ((size_t)1 << 30)
#define HEADER_ARENA   ((size_t)64 << 10)
#define RECORD_ARENA   ((size_t)64 << 20)

/* What opens a member's events. */
typedef struct owner {
    uint8_t rid[TALLY_RID_BYTES], data_key[TALLY_KEY_BYTES];
} owner;

typedef struct checking {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    tally_check_report report;
    tally_check_progress progress;
    void *context;
    tally_hash *hash;
    uint64_t events_expected;  /* marks that are set */
    uint64_t personal_records; /* in the log, not erased */
    /* Members met so far. */
    tally_intern *numbers;
    owner *owners;
    uint32_t owner_room;
    /* The batch whose events are being read. */
    int64_t batch;
    uint8_t *leaves_bytes;
    tally_batch_leaves leaves;
    uint8_t *room;
    size_t room_bytes;
} checking;

static tally_rc broken(tally_err *err, int64_t batch, const char *what)
{
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld: %s", (long long)batch, what);
}

static void tell(const checking *c, const char *what, uint64_t done, uint64_t total)
{
    if (c->progress != NULL && (done % PROGRESS_EVERY == 0 || done == total))
        c->progress(c->context, what, done, total);
}

/* ---- batches ------------------------------------------------------------------------- */

static tally_rc check_root(checking *c, int64_t batch, const tally_batch_leaves *leaves,
                           const tally_node *root, tally_err *err)
{
    tally_tree_edge edge = { 0 };
    tally_node computed;
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; rc == TALLY_OK && i < leaves->count; i++) {
        tally_node leaf;

        memcpy(leaf.bytes, leaves->hashes + (size_t)i * TALLY_HASH_BYTES, TALLY_HASH_BYTES);
        rc = tally_tree_append(&edge, c->hash, &leaf);
        c->events_expected += tally_batch_leaves_mark(leaves, i) != 0;
    }
    if (rc == TALLY_OK)
        rc = tally_tree_root(&edge, c->hash, &computed);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "hashing a batch");
    return tally_node_is_equal(&computed, root)
               ? TALLY_OK
               : broken(err, batch, "its leaves have another root");
}

/* Its source may have signed it, and finds it again by its number. */
static tally_rc check_source(const checking *c, int64_t batch, const tally_batch_record *record,
                             tally_text did, tally_err *err)
{
    tally_source_record source;
    int64_t found = 0;
    bool is_found = false;
    tally_rc rc =
        tally_source_load(c->ledger, c->transaction, record->source, &source, &is_found, err);

    if (rc == TALLY_OK && (!is_found || record->number >= source.next_number ||
                           !tally_source_may_send(&source, did, record->number)))
        rc = broken(err, batch, "its source did not send it");
    if (rc == TALLY_OK)
        rc = tally_batch_record_find(c->transaction, record->source, record->number, &found, err);
    if (rc == TALLY_OK && found != batch)
        rc = broken(err, batch, "its number leads to another");
    return rc;
}

static tally_rc check_header(const checking *c, int64_t batch, const tally_batch_record *record,
                             tally_err *err)
{
    tally_arena *arena = tally_arena_new(HEADER_ARENA);
    tally_batch_header header;
    tally_err why = TALLY_ERR_INIT;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a batch");
    rc = tally_batch_header_read(&header, record->header, arena, &why);
    if (rc == TALLY_E_NOMEM)
        rc = tally_err_set(err, rc, 0, "reading a batch");
    else if (rc != TALLY_OK)
        rc = broken(err, batch, "its header is not signed by its source");
    else if (header.number != record->number || header.count != record->count ||
             !tally_node_is_equal(&header.root, &record->root))
        rc = broken(err, batch, "its header is another batch's");
    if (rc == TALLY_OK)
        rc = check_source(c, batch, record, header.source, err);
    tally_arena_free(arena);
    return rc;
}

static tally_rc check_reply(const checking *c, int64_t batch, const tally_batch_record *record,
                            tally_err *err)
{
    tally_jws_key operator_key;
    tally_buffer payload;
    tally_err why = TALLY_ERR_INIT;
    tally_rc rc = tally_did_key_read(operator_key.public32, c->ledger->did, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&payload, TALLY_JWS_BYTES_MAX);
    rc = tally_jws_verify(&payload, NULL, record->reply, TALLY_PROMISE_TYP, &operator_key, &why);
    tally_buffer_free(&payload);
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "reading a promise");
    return rc == TALLY_OK ? rc : broken(err, batch, "its promise is not signed by the programme");
}

static tally_rc check_batch(checking *c, int64_t batch, tally_err *err)
{
    tally_batch_record record;
    tally_batch_leaves leaves;
    tally_text value;
    bool is_found = false;
    tally_rc rc =
        tally_batch_record_load(c->ledger, c->transaction, batch, &record, &is_found, err);

    if (rc != TALLY_OK)
        return rc;
    if (!is_found)
        return broken(err, batch, "it is missing");
    rc = check_header(c, batch, &record, err);
    if (rc == TALLY_OK)
        rc = check_reply(c, batch, &record, err);
    if (rc == TALLY_OK)
        rc = tally_store_get(c->transaction, TALLY_STORE_BATCH_LEAVES, batch, &value, &is_found,
                             err);
    if (rc == TALLY_OK && !is_found)
        rc = broken(err, batch, "its leaves are missing");
    if (rc == TALLY_OK)
        rc = tally_batch_leaves_read(&leaves, value, err);
    if (rc == TALLY_OK && leaves.count != record.count)
        rc = broken(err, batch, "it has another number of leaves");
    if (rc == TALLY_OK)
        rc = check_root(c, batch, &leaves, &record.root, err);
    if (rc == TALLY_OK && record.log_index >= c->ledger->state.log_size)
        rc = broken(err, batch, "its log entry is missing");
    tally_batch_record_free(&record);
    return rc;
}

static tally_rc check_batches(tally_ledger *ledger, tally_store_transaction *transaction,
                              void *context, tally_err *err)
{
    checking *c = context;
    tally_rc rc = TALLY_OK;

    c->transaction = transaction;
    c->report.batch_count = (uint64_t)ledger->state.last_batch;
    for (int64_t batch = 1; rc == TALLY_OK && batch <= ledger->state.last_batch; batch++) {
        rc = check_batch(c, batch, err);
        tell(c, "batches", (uint64_t)batch, (uint64_t)ledger->state.last_batch);
    }
    return rc;
}

/* ---- events --------------------------------------------------------------------------- */

/* The keys of a member, remembered. */
static tally_rc owner_of(checking *c, int64_t subject, const owner **out_owner, tally_err *err)
{
    tally_text key = tally_text_of((const char *)&subject, sizeof(subject));
    tally_member member;
    bool is_found = false;
    uint32_t number;
    tally_rc rc;

    if (!tally_intern_find(c->numbers, &number, key)) {
        rc = tally_member_load(c->ledger, c->transaction, subject, &member, &is_found, err);
        if (rc != TALLY_OK)
            return rc;
        if (!is_found)
            return tally_err_set(err, TALLY_E_CORRUPT, 0, "subject %lld has events and no record",
                                 (long long)subject);
        number = tally_intern_count(c->numbers);
        if (number >= c->owner_room) {
            uint32_t room = c->owner_room == 0 ? 1024 : c->owner_room * 2;
            owner *grown = tally_alloc_array(room, sizeof(*grown));

            if (grown == NULL) {
                tally_member_wipe(&member);
                return tally_err_set(err, TALLY_E_NOMEM, 0, "checking events");
            }
            if (c->owners != NULL) {
                memcpy(grown, c->owners, (size_t)number * sizeof(*grown));
                tally_secret_wipe(c->owners, (size_t)number * sizeof(*grown));
            }
            tally_release(c->owners);
            c->owners = grown;
            c->owner_room = room;
        }
        memcpy(c->owners[number].rid, member.rid, TALLY_RID_BYTES);
        memcpy(c->owners[number].data_key, member.data_key, TALLY_KEY_BYTES);
        tally_member_wipe(&member);
        rc = tally_intern_add(c->numbers, &number, key);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, 0, "checking events");
    }
    *out_owner = &c->owners[number];
    return TALLY_OK;
}

/* Go on to the leaves of the batch of the next event. Events are appended batch by batch. */
static tally_rc enter_batch(checking *c, int64_t batch, tally_err *err)
{
    tally_text value;
    bool is_found = false;
    tally_rc rc;

    if (batch == c->batch)
        return TALLY_OK;
    if (batch < c->batch)
        return broken(err, batch, "its events stand behind a later batch's");
    rc = tally_store_get(c->transaction, TALLY_STORE_BATCH_LEAVES, batch, &value, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = broken(err, batch, "its leaves are missing");
    if (rc != TALLY_OK)
        return rc;
    tally_release(c->leaves_bytes);
    c->leaves_bytes = tally_alloc(value.count);
    if (c->leaves_bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "checking events");
    memcpy(c->leaves_bytes, value.bytes, value.count);
    c->batch = batch;
    return tally_batch_leaves_read(&c->leaves,
                                   tally_text_of((const char *)c->leaves_bytes, value.count), err);
}

static tally_rc make_room(checking *c, size_t bytes, tally_err *err)
{
    if (bytes <= c->room_bytes)
        return TALLY_OK;
    if (c->room != NULL)
        tally_secret_wipe(c->room, c->room_bytes);
    tally_release(c->room);
    c->room = tally_alloc(bytes);
    c->room_bytes = c->room != NULL ? bytes : 0;
    return c->room != NULL ? TALLY_OK : tally_err_set(err, TALLY_E_NOMEM, 0, "checking events");
}

static tally_rc check_leaf(checking *c, const tally_stored_event *stored,
                           const tally_event_plain *plain, tally_err *err)
{
    tally_node entry, leaf;
    tally_rc rc =
        tally_batch_hash_event(c->hash, &entry, plain->salt, (tally_text){ NULL, 0 }, plain->bytes);

    if (rc == TALLY_OK)
        rc = tally_tree_hash_leaf(c->hash, &leaf, entry.bytes, sizeof(entry.bytes));
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "hashing an event");
    if (memcmp(leaf.bytes, c->leaves.hashes + (size_t)stored->position * TALLY_HASH_BYTES,
               TALLY_HASH_BYTES) != 0)
        return broken(err, stored->batch, "an event is not what its source signed");
    return TALLY_OK;
}

static tally_rc check_event(void *context, const tally_stored_event *stored, bool *out_is_enough,
                            tally_err *err)
{
    checking *c = context;
    const owner *who = NULL;
    tally_event_plain plain;
    tally_rc rc = enter_batch(c, stored->batch, err);

    (void)out_is_enough;
    if (rc == TALLY_OK && (stored->position >= c->leaves.count ||
                           tally_batch_leaves_mark(&c->leaves, stored->position) == 0))
        rc = broken(err, stored->batch, "an event stands at a place that was not admitted");
    if (rc == TALLY_OK && !c->ledger->is_about_organisations)
        rc = owner_of(c, stored->subject, &who, err);
    if (rc == TALLY_OK)
        rc = make_room(c, stored->sealed.count, err);
    if (rc == TALLY_OK)
        rc = tally_event_open(&plain, c->room, who != NULL ? who->data_key : NULL,
                              who != NULL ? who->rid : NULL, stored, err);
    if (rc == TALLY_OK)
        rc = check_leaf(c, stored, &plain, err);
    tell(c, "events", ++c->report.event_count, c->events_expected);
    return rc;
}

static tally_rc check_events(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    checking *c = context;
    tally_rc rc;

    (void)ledger;
    c->transaction = transaction;
    rc = tally_store_all_events(transaction, 1, check_event, c, err);
    if (rc == TALLY_OK && c->report.event_count != c->events_expected)
        rc = tally_err_set(
            err, TALLY_E_CORRUPT, 0, "%llu events were admitted and not erased, %llu are there",
            (unsigned long long)c->events_expected, (unsigned long long)c->report.event_count);
    return rc;
}

/* ---- the log ----------------------------------------------------------------------------- */

/* A public entry's document is the one that it commits. */
static tally_rc check_document(checking *c, uint64_t index, const tally_entry *entry,
                               tally_err *err)
{
    tally_node commitment;
    tally_text document;
    bool is_found = false;
    tally_rc rc = tally_store_get(c->transaction, TALLY_STORE_DOCUMENTS, (int64_t)index + 1,
                                  &document, &is_found, err);

    if (rc == TALLY_OK && is_found)
        rc = entry->kind == TALLY_ENTRY_STATE ? tally_commit_state(c->hash, &commitment, document)
                                              : tally_commit_public(c->hash, &commitment, document);
    if (rc == TALLY_OK && (!is_found || !tally_node_is_equal(&commitment, &entry->commitment)))
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "log entry %llu does not commit the document that is kept",
                           (unsigned long long)index);
    c->report.document_count++;
    return rc;
}

static tally_rc check_record(checking *c, uint64_t index, tally_arena *arena, tally_err *err)
{
    tally_opened_record record = { 0 };
    tally_member member;
    bool is_found = false;
    tally_rc rc = tally_record_open(c->ledger, c->transaction, index, NULL, arena, &record, err);

    if (rc == TALLY_OK && record.subject != 0) {
        rc = tally_member_load(c->ledger, c->transaction, record.subject, &member, &is_found, err);
        if (rc == TALLY_OK && !is_found)
            rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                               "log entry %llu is a record of somebody who is not there",
                               (unsigned long long)index);
        if (rc == TALLY_OK)
            rc = tally_record_open(c->ledger, c->transaction, index, &member, arena, &record, err);
        tally_member_wipe(&member);
    }
    c->report.record_count++;
    c->report.erased_record_count += record.is_erased;
    c->personal_records += record.subject != 0;
    return rc;
}

static tally_rc check_entry(checking *c, uint64_t index, tally_err *err)
{
    tally_arena *arena;
    tally_entry entry;
    tally_rc rc = tally_record_entry(c->transaction, index, &entry, err);

    if (rc != TALLY_OK)
        return rc;
    if (entry.kind != TALLY_ENTRY_RECORD)
        return check_document(c, index, &entry, err);
    arena = tally_arena_new(RECORD_ARENA);
    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "checking the log");
    rc = check_record(c, index, arena, err);
    tally_arena_free(arena);
    return rc;
}

static tally_rc check_log(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    checking *c = context;
    uint64_t size = ledger->state.log_size;
    tally_rc rc = TALLY_OK;

    c->transaction = transaction;
    for (uint64_t index = 0; rc == TALLY_OK && index < size; index++) {
        rc = check_entry(c, index, err);
        tell(c, "log entries", index + 1, size);
    }
    if (rc == TALLY_OK)
        rc = tally_access_verify_chain(ledger, transaction, &c->report.access_count, err);
    if (rc == TALLY_OK)
        rc = tally_check_people(ledger, transaction, c->personal_records, err);
    if (rc == TALLY_OK)
        rc = tally_check_sources(ledger, transaction, err);
    if (rc == TALLY_OK)
        rc = tally_erasures_check(ledger, transaction, err);
    return rc;
}

static tally_rc count_keys(void *context, int64_t key, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    (void)key;
    (void)value;
    (void)out_is_enough;
    (void)err;
    ++*(uint64_t *)context;
    return TALLY_OK;
}

static tally_rc count_subjects(tally_ledger *ledger, tally_store_transaction *transaction,
                               void *context, tally_err *err)
{
    checking *c = context;
    tally_rc rc = tally_store_scan(transaction, TALLY_STORE_MEMBERS, 1, count_keys,
                                   &c->report.member_count, err);

    (void)ledger;
    if (rc == TALLY_OK)
        rc = tally_store_scan(transaction, TALLY_STORE_ORGANISATIONS, 1, count_keys,
                              &c->report.organisation_count, err);
    return rc;
}

tally_rc tally_ledger_check(tally_ledger *ledger, tally_check_report *out_report,
                            tally_check_progress progress, void *context, tally_err *err)
{
    static const tally_ledger_work passes[] = { check_batches, check_events, check_log,
                                                count_subjects };
    checking c = { .ledger = ledger, .progress = progress, .context = context };
    tally_rc rc = tally_store_verify(ledger->store, err);

    c.hash = tally_hash_new();
    c.numbers = tally_intern_new(MEMBERS_BYTES, 0);
    if (rc == TALLY_OK && (c.hash == NULL || c.numbers == NULL))
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "checking the ledger");
    for (size_t i = 0; rc == TALLY_OK && i < sizeof(passes) / sizeof(passes[0]); i++)
        rc = tally_ledger_run(ledger, false, passes[i], &c, err);
    if (c.owners != NULL)
        tally_secret_wipe(c.owners, c.owner_room * sizeof(*c.owners));
    if (c.room != NULL)
        tally_secret_wipe(c.room, c.room_bytes);
    tally_release(c.owners);
    tally_release(c.room);
    tally_release(c.leaves_bytes);
    tally_intern_free(c.numbers);
    tally_hash_free(c.hash);
    if (rc == TALLY_OK)
        *out_report = c.report;
    return rc;
}
