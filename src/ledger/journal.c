/* SPDX-License-Identifier: Apache-2.0 */
/* The journal over a store. Reading needs no key and no lock. */

#include "ledger/journal.h"

#include <string.h>

#include "ledger/record.h"
#include "ledger/state.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define ENTRIES_AT_ONCE     256u
#define PATH_BYTES_MAX      ((size_t)4 << 10)
#define JOURNAL_ARENA_BYTES ((size_t)32 << 10)

struct tally_ledger_journal {
    tally_arena *arena; /* of the texts */
    tally_ledger_options ledger;
    const tally_snapshot_people *people;
    tally_text origin;
    tally_store *store; /* for reading */
};

/* ---- reading transactions ---- */

static tally_rc end(tally_store_transaction *transaction, tally_rc rc)
{
    tally_store_rollback(transaction);
    return rc;
}

static tally_rc get_origin(void *context, tally_buffer *out, tally_err *err)
{
    const tally_ledger_journal *journal = context;
    tally_rc rc = tally_buffer_append_text(out, journal->origin);

    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "memory is short");
}

static tally_rc get_size(void *context, uint64_t *out_size, tally_err *err)
{
    tally_ledger_journal *journal = context;
    tally_store_transaction *transaction;
    int64_t last = 0;
    tally_rc rc = tally_store_begin(&transaction, journal->store, false, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_store_last(transaction, TALLY_STORE_JOURNAL, &last, err);
    if (rc == TALLY_OK)
        *out_size = (uint64_t)last;
    return end(transaction, rc);
}

/* ---- entries ---- */

typedef struct entry_reading {
    uint64_t next, end; /* indexes */
    const tally_journal_sink *sink;
    size_t count;
    uint8_t entries[ENTRIES_AT_ONCE * TALLY_ENTRY_BYTES];
} entry_reading;

static tally_rc give_entries(entry_reading *reading, tally_err *err)
{
    size_t count = reading->count;

    reading->count = 0;
    return count == 0 ? TALLY_OK
                      : reading->sink->take(reading->sink->context, reading->entries, count, err);
}

static tally_rc take_entry(void *context, int64_t key, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    entry_reading *reading = context;

    if ((uint64_t)key != reading->next + 1 || value.count != TALLY_ENTRY_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "entry %llu of the log is missing or damaged",
                             (unsigned long long)reading->next);
    memcpy(reading->entries + reading->count * TALLY_ENTRY_BYTES, value.bytes, TALLY_ENTRY_BYTES);
    reading->count++;
    reading->next++;
    *out_is_enough = reading->next == reading->end;
    return reading->count == ENTRIES_AT_ONCE ? give_entries(reading, err) : TALLY_OK;
}

static tally_rc read_entries(void *context, uint64_t from, uint64_t count,
                             const tally_journal_sink *sink, tally_err *err)
{
    tally_ledger_journal *journal = context;
    entry_reading reading = { .next = from, .end = from + count, .sink = sink };
    tally_store_transaction *transaction;
    tally_rc rc;

    if (count == 0)
        return TALLY_OK;
    if (from >= (uint64_t)INT64_MAX || count > (uint64_t)INT64_MAX - from)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the log has no such entries");
    rc = tally_store_begin(&transaction, journal->store, false, err);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_store_scan(transaction, TALLY_STORE_JOURNAL, (int64_t)from + 1, take_entry, &reading,
                          err);
    if (rc == TALLY_OK)
        rc = give_entries(&reading, err);
    if (rc == TALLY_OK && reading.next != reading.end)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "entry %llu of the log is missing",
                           (unsigned long long)reading.next);
    return end(transaction, rc);
}

/* ---- documents ---- */

/* The document of an entry, whose kind must be wanted; of a snapshot, its head. */
static tally_rc read_document(tally_store_transaction *transaction, uint64_t index,
                              bool wants_snapshot, tally_buffer *out, tally_err *err)
{
    tally_entry entry;
    tally_text text;
    bool is_found;
    tally_rc rc = tally_record_entry(transaction, index, &entry, err);

    if (rc != TALLY_OK)
        return rc;
    if (entry.kind == TALLY_ENTRY_RECORD || (entry.kind == TALLY_ENTRY_STATE) != wants_snapshot)
        return tally_err_set(err, TALLY_E_INVALID, 0, "entry %llu of the log commits no %s",
                             (unsigned long long)index, wants_snapshot ? "snapshot" : "document");
    rc = tally_store_get(transaction, TALLY_STORE_DOCUMENTS, (int64_t)index + 1, &text, &is_found,
                         err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "what entry %llu of the log commits is missing",
                           (unsigned long long)index);
    if (rc == TALLY_OK) {
        rc = tally_buffer_append_text(out, text);
        if (rc != TALLY_OK)
            rc = tally_err_set(err, rc, 0, "a document of the log is too long");
    }
    return rc;
}

static tally_rc get_document(tally_ledger_journal *journal, uint64_t index, bool wants_snapshot,
                             tally_buffer *out, tally_err *err)
{
    tally_store_transaction *transaction;
    tally_rc rc = tally_store_begin(&transaction, journal->store, false, err);

    if (rc != TALLY_OK)
        return rc;
    return end(transaction, read_document(transaction, index, wants_snapshot, out, err));
}

static tally_rc get_public(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    return get_document(context, index, false, out, err);
}

static tally_rc get_head(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    return get_document(context, index, true, out, err);
}

/* ---- rows ---- */

typedef struct row_reading {
    const tally_journal_row_sink *sink;
    uint64_t count;
} row_reading;

static tally_rc take_rows(void *context, tally_text name, tally_text value, bool *out_is_enough,
                          tally_err *err)
{
    row_reading *reading = context;
    size_t count = value.count / TALLY_STATE_ROW_BYTES;

    (void)out_is_enough;
    if (name.count != TALLY_SNAPSHOT_NAME_BYTES || count == 0 ||
        value.count % TALLY_STATE_ROW_BYTES != 0)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the rows of a snapshot are damaged");
    reading->count += count;
    return reading->sink->take(reading->sink->context, (const uint8_t *)value.bytes, count, err);
}

static tally_rc get_rows(void *context, uint64_t index, const tally_journal_row_sink *sink,
                         tally_err *err)
{
    tally_ledger_journal *journal = context;
    row_reading reading = { .sink = sink };
    tally_store_transaction *transaction;
    uint8_t prefix[8];
    tally_rc rc = tally_store_begin(&transaction, journal->store, false, err);

    if (rc != TALLY_OK)
        return rc;
    tally_write_u64(prefix, index);
    rc = tally_store_scan_names(transaction, TALLY_STORE_SNAPSHOT_ROWS,
                                tally_text_of((const char *)prefix, sizeof(prefix)), take_rows,
                                &reading, err);
    if (rc == TALLY_OK && reading.count == 0)
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the rows of the snapshot at entry %llu are no longer kept",
                           (unsigned long long)index);
    return end(transaction, rc);
}

/* ---- beats ---- */

/* The first half, beside whoever writes. */
static tally_rc prepare(const tally_ledger_journal *journal, uint64_t beat, bool *out_is_closed,
                        uint64_t *out_until, tally_prepared_snapshots **out_prepared,
                        tally_err *err)
{
    tally_ledger_options options = journal->ledger;
    tally_ledger *ledger = NULL;
    tally_rc rc;

    options.is_for_writing = false;
    rc = tally_ledger_open(&ledger, &options, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_find_beat(ledger, beat, out_is_closed, out_until, err);
    if (rc == TALLY_OK && !*out_is_closed)
        rc = tally_snapshots_prepare(out_prepared, ledger, journal->people, err);
    tally_ledger_close(ledger);
    return rc;
}

/* The second, with the lock. */
static tally_rc close_beat(const tally_ledger_journal *journal, uint64_t beat,
                           tally_prepared_snapshots *prepared, uint64_t *out_until, tally_err *err)
{
    tally_ledger_options options = journal->ledger;
    tally_ledger *ledger = NULL;
    tally_rc rc;

    options.is_for_writing = true;
    rc = tally_ledger_open(&ledger, &options, err);
    if (rc == TALLY_E_CONFLICT)
        return TALLY_E_RETRY; /* it may close the beat itself, or end */
    if (rc == TALLY_OK)
        rc = tally_ledger_close_beat(ledger, beat, prepared, out_until, err);
    tally_ledger_close(ledger);
    return rc;
}

static tally_rc begin_beat(void *context, uint64_t beat, uint64_t *out_until, tally_err *err)
{
    tally_ledger_journal *journal = context;
    tally_prepared_snapshots *prepared = NULL;
    bool is_closed = false;
    uint64_t until = 0;
    tally_rc rc = prepare(journal, beat, &is_closed, &until, &prepared, err);

    if (rc == TALLY_OK && !is_closed)
        rc = close_beat(journal, beat, prepared, &until, err);
    tally_prepared_snapshots_free(prepared);
    if (rc == TALLY_OK)
        *out_until = until;
    return rc;
}

/* ---- documents of the publisher's own ---- */

typedef struct publishing {
    tally_entry_kind kind;
    tally_text document;
    uint64_t index;
} publishing;

static tally_rc publish(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                        tally_err *err)
{
    publishing *work = context;

    (void)tally_ledger_stamp(ledger);
    return tally_record_publish(ledger, transaction, work->kind, work->document, &work->index, err);
}

static tally_rc append_document(void *context, tally_entry_kind kind, tally_text document,
                                uint64_t *out_index, tally_err *err)
{
    const tally_ledger_journal *journal = context;
    tally_ledger_options options = journal->ledger;
    publishing work = { .kind = kind, .document = document };
    tally_ledger *ledger = NULL;
    tally_rc rc;

    if (kind != TALLY_ENTRY_KEY)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "a programme publishes its policy with `tally policy publish`");
    options.is_for_writing = true;
    rc = tally_ledger_open(&ledger, &options, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, publish, &work, err);
    tally_ledger_close(ledger);
    if (rc == TALLY_OK)
        *out_index = work.index;
    return rc;
}

/* ---- opening ---- */

static const tally_journal_calls calls = {
    .origin = get_origin,
    .size = get_size,
    .read = read_entries,
    .document = get_public,
    .snapshot_head = get_head,
    .snapshot_rows = get_rows,
    .begin_beat = begin_beat,
    .append_document = append_document,
};

tally_journal tally_ledger_journal_seam(tally_ledger_journal *journal)
{
    return (tally_journal){ journal, &calls };
}

static tally_rc read_origin(tally_ledger_journal *journal, tally_err *err)
{
    tally_store_transaction *transaction;
    tally_programme_facts facts;
    tally_rc rc = tally_store_begin(&transaction, journal->store, false, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_ledger_read_facts(transaction, journal->arena, &facts, err);
    if (rc == TALLY_OK)
        journal->origin = facts.origin;
    return end(transaction, rc);
}

static tally_rc open_store(tally_ledger_journal *journal, const char *folder, tally_err *err)
{
    size_t count = strlen(folder);
    char *copy =
        count < PATH_BYTES_MAX ? tally_arena_copy(journal->arena, folder, count + 1) : NULL;
    tally_buffer path;
    tally_rc rc;

    if (copy == NULL)
        return tally_err_set(err, count < PATH_BYTES_MAX ? TALLY_E_NOMEM : TALLY_E_INVALID, 0,
                             "that is no name for a folder, or memory is short");
    journal->ledger.folder = copy;
    tally_buffer_init(&path, PATH_BYTES_MAX + 16);
    tally_buffer_printf(&path, "%s/ledger.db", folder);
    rc = tally_buffer_failure(&path);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "memory is short");
    else
        rc = tally_store_open(&journal->store, tally_buffer_string(&path), TALLY_STORE_READ, err);
    tally_buffer_free(&path);
    return rc;
}

tally_rc tally_ledger_journal_open(tally_ledger_journal **out_journal,
                                   const tally_ledger_journal_options *options, tally_err *err)
{
    tally_ledger_journal *journal = tally_alloc_zeroed(sizeof(*journal));
    tally_rc rc = TALLY_OK;

    if (journal == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    journal->ledger = options->ledger;
    journal->people = options->people;
    journal->arena = tally_arena_new(JOURNAL_ARENA_BYTES);
    if (journal->arena == NULL)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK)
        rc = open_store(journal, options->ledger.folder, err);
    if (rc == TALLY_OK)
        rc = read_origin(journal, err);
    if (rc != TALLY_OK) {
        tally_ledger_journal_close(journal);
        return rc;
    }
    *out_journal = journal;
    return TALLY_OK;
}

void tally_ledger_journal_close(tally_ledger_journal *journal)
{
    if (journal == NULL)
        return;
    tally_store_close(journal->store);
    tally_arena_free(journal->arena);
    tally_release(journal);
}
