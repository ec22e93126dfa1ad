/* SPDX-License-Identifier: Apache-2.0 */
/* A backup is whole, and restoring one brings back neither who left nor a log that was not. */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/did_key.h"
#include "ledger/backup.h"
#include "ledger/beat.h"
#include "ledger/leave.h"
#include "ledger/record.h"
#include "members.h"
#include "tlog/bundle.h"
#include "tlog/checkpoint.h"
#include "util/alloc.h"

typedef struct place {
    char backup[128];
} place;

static void back_up(fixture *f, place *out)
{
    tally_err err = TALLY_ERR_INIT;
    tally_buffer path;

    tally_buffer_init(&path, 4096);
    if (tally_ledger_backup(f->ledger, NULL, &path, NULL, NULL, &err) != TALLY_OK)
        fail_msg("%s", err.message);
    assert_true(path.count < sizeof(out->backup));
    memcpy(out->backup, path.bytes, path.count + 1);
    tally_buffer_free(&path);
}

/* Close, restore, and open again when that went well. */
static tally_rc restore(fixture *f, const place *from, bool replaces, int64_t now_ms,
                        tally_restore_report *report, tally_err *err)
{
    const tally_restore_options options = { .folder = f->folder,
                                            .backup = from->backup,
                                            .replaces = replaces,
                                            .clock = { .fixed_ms = now_ms },
                                            .random = &f->random.source };
    tally_rc rc;

    tally_ledger_close(f->ledger);
    f->ledger = NULL;
    tally_err_clear(err);
    rc = tally_ledger_restore(&options, report, err);
    if (rc == TALLY_OK) {
        const tally_ledger_options open = { .folder = f->folder,
                                            .is_for_writing = true,
                                            .clock = { .fixed_ms = now_ms },
                                            .random = &f->random.source };

        if (tally_ledger_open(&f->ledger, &open, err) != TALLY_OK)
            fail_msg("%s", err->message);
    }
    return rc;
}

static void remove_file(const fixture *f, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    (void)unlink(path);
}

static bool is_member(fixture *f, const members_one *who)
{
    tally_store_transaction *transaction;
    tally_member member;
    bool is_found;

    assert_int_equal(tally_store_begin(&transaction, f->ledger->store, false, NULL), TALLY_OK);
    assert_int_equal(tally_member_find(f->ledger, transaction, tally_text_from(who->key.did),
                                       &member, &is_found, NULL),
                     TALLY_OK);
    tally_store_rollback(transaction);
    if (is_found)
        tally_member_wipe(&member);
    return is_found;
}

/* ---- the public log, as the publisher writes it ---- */

static void write_file(const fixture *f, const char *name, const void *bytes, size_t count)
{
    char path[256];
    int file;

    (void)snprintf(path, sizeof(path), "%s/log/%s", f->folder, name);
    for (char *at = path + strlen(f->folder) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
    file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, count), count);
    assert_int_equal(close(file), 0);
}

typedef struct publishing {
    const fixture *f;
    tally_hash *hash;
    tally_tree_edge edge;
    tally_buffer bundle;
    uint64_t count;
} publishing;

static tally_rc publish_entry(void *context, int64_t key, tally_text value, bool *out_is_enough,
                              tally_err *err)
{
    publishing *self = context;
    tally_node leaf;

    (void)key;
    (void)out_is_enough;
    (void)err;
    assert_int_equal(tally_bundle_append(&self->bundle, value), TALLY_OK);
    assert_int_equal(tally_tree_hash_leaf(self->hash, &leaf, value.bytes, value.count), TALLY_OK);
    assert_int_equal(tally_tree_append(&self->edge, self->hash, &leaf), TALLY_OK);
    assert_true(++self->count <= 255);
    return TALLY_OK;
}

static tally_rc publish_document(void *context, int64_t key, tally_text value, bool *out_is_enough,
                                 tally_err *err)
{
    const publishing *self = context;
    char name[64];

    (void)out_is_enough;
    (void)err;
    (void)snprintf(name, sizeof(name), "documents/%lld", (long long)key - 1);
    write_file(self->f, name, value.bytes, value.count);
    return TALLY_OK;
}

static tally_rc publish_all(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    tally_rc rc =
        tally_store_scan(transaction, TALLY_STORE_JOURNAL, 1, publish_entry, context, err);

    (void)ledger;
    if (rc == TALLY_OK)
        rc =
            tally_store_scan(transaction, TALLY_STORE_DOCUMENTS, 1, publish_document, context, err);
    return rc;
}

/* All entries there are, in one bundle, and a checkpoint over them. */
static void publish(fixture *f)
{
    publishing self = { .f = f, .hash = tally_hash_new() };
    tally_checkpoint checkpoint = { .origin = tally_ledger_origin(f->ledger) };
    tally_buffer note;
    char name[64];

    tally_buffer_init(&self.bundle, TALLY_BUNDLE_BYTES_MAX);
    tally_buffer_init(&note, 4096);
    assert_int_equal(tally_ledger_run(f->ledger, false, publish_all, &self, NULL), TALLY_OK);
    (void)snprintf(name, sizeof(name), "tile/entries/000.p/%u", (unsigned)self.count);
    write_file(f, name, self.bundle.bytes, self.bundle.count);
    checkpoint.size = self.count;
    assert_int_equal(tally_tree_root(&self.edge, self.hash, &checkpoint.root), TALLY_OK);
    assert_int_equal(tally_checkpoint_append(&note, &checkpoint), TALLY_OK);
    assert_int_equal(tally_buffer_append_string(&note, "\n\xe2\x80\x94 name AAAAAAAA\n"), TALLY_OK);
    write_file(f, "checkpoint", note.bytes, note.count);
    tally_buffer_free(&self.bundle);
    tally_buffer_free(&note);
    tally_hash_free(self.hash);
}

/* ---- tests ---- */

static void a_backup_comes_back_as_it_was(void **state)
{
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    members_one ana, ben;
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    back_up(&f, &backup);
    members_join(&f, &ben);
    /* Not over a store that is there, unless asked. */
    assert_int_equal(restore(&f, &backup, false, FIXTURE_NOW, &report, &err), TALLY_E_CONFLICT);
    assert_int_equal(restore(&f, &backup, true, FIXTURE_NOW, &report, &err), TALLY_OK);
    assert_int_equal(report.erased, 0);
    assert_int_equal(report.entries, 0);
    assert_int_equal(report.recorded_ms, FIXTURE_NOW);
    assert_true(is_member(&f, &ana));
    assert_false(is_member(&f, &ben)); /* joined later: has to join again */
    members_join(&f, &ben);
    fixture_at(&f, FIXTURE_NOW + 1000);
    /* Into a folder that lost its store. */
    back_up(&f, &backup);
    tally_ledger_close(f.ledger);
    f.ledger = NULL;
    remove_file(&f, "ledger.db");
    remove_file(&f, "ledger.db-wal");
    assert_int_equal(restore(&f, &backup, false, FIXTURE_NOW + 1000, &report, &err), TALLY_OK);
    assert_true(is_member(&f, &ana));
    assert_true(is_member(&f, &ben));
    fixture_end(&f);
}

static void tR32_neg_no_restore_revives_anybody(void **state)
{
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    members_one ana, ben, cai;
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_make(&cai, 3);
    members_join(&f, &ana);
    members_join(&f, &ben);
    members_join(&f, &cai);
    back_up(&f, &backup);
    members_leave(&f, &ana);
    members_leave(&f, &cai);
    assert_int_equal(restore(&f, &backup, true, FIXTURE_NOW, &report, &err), TALLY_OK);
    assert_int_equal(report.erased, 2);
    assert_false(is_member(&f, &ana));
    assert_true(is_member(&f, &ben));
    assert_false(is_member(&f, &cai));
    remove_file(&f, backup.backup + strlen(f.folder) + 1); /* it may hold her until it is swept */
    assert_false(fixture_has_bytes(&f, ana.key.did, strlen(ana.key.did)));
    /* Nor a second time, nor by opening again. */
    fixture_reopen(&f);
    assert_false(is_member(&f, &ana));
    fixture_end(&f);
}

static void without_the_right_file_of_erasures_nothing_is_restored(void **state)
{
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    members_one ana, ben;
    char path[256];
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_leave(&f, &ana);
    members_join(&f, &ben);
    back_up(&f, &backup);
    remove_file(&f, "erasures");
    assert_int_equal(restore(&f, &backup, true, FIXTURE_NOW, &report, &err), TALLY_E_INVALID);
    assert_non_null(strstr(err.message, "erasures"));
    /* An empty one is not the one that this backup has seen. */
    (void)snprintf(path, sizeof(path), "%s/erasures", f.folder);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(restore(&f, &backup, true, FIXTURE_NOW, &report, &err), TALLY_E_CORRUPT);
    fixture_end(&f);
}

/* The log had gone on: what was published stays published. */
static void a_log_that_is_ahead_is_taken_over(void **state)
{
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    tally_store_transaction *transaction;
    uint8_t entries[64][TALLY_ENTRY_BYTES];
    uint64_t size, lost = 0;
    members_one ana, ben;
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    back_up(&f, &backup);
    fixture_at(&f, FIXTURE_NOW + 1000);
    members_join(&f, &ben);
    members_leave(&f, &ana);
    publish(&f);
    size = f.ledger->state.log_size;
    assert_true(size < 64);
    assert_int_equal(tally_store_begin(&transaction, f.ledger->store, false, NULL), TALLY_OK);
    for (uint64_t i = 0; i < size; i++) {
        tally_text value;
        bool is_found;

        assert_int_equal(tally_store_get(transaction, TALLY_STORE_JOURNAL, (int64_t)i + 1, &value,
                                         &is_found, NULL),
                         TALLY_OK);
        memcpy(entries[i], value.bytes, TALLY_ENTRY_BYTES);
    }
    tally_store_rollback(transaction);
    assert_int_equal(restore(&f, &backup, true, FIXTURE_NOW + 2000, &report, &err), TALLY_OK);
    assert_int_equal(report.erased, 1);
    assert_int_equal(report.entries, 2);
    assert_int_equal(report.lost, 2);
    /* Entry for entry the same, and then the note of this restore. */
    assert_int_equal(f.ledger->state.log_size, size + 1);
    assert_int_equal(tally_store_begin(&transaction, f.ledger->store, false, NULL), TALLY_OK);
    for (uint64_t i = 0; i < size; i++) {
        tally_arena *arena = tally_arena_new((size_t)1 << 20);
        tally_opened_record record;
        tally_text value;
        bool is_found;

        assert_int_equal(tally_store_get(transaction, TALLY_STORE_JOURNAL, (int64_t)i + 1, &value,
                                         &is_found, NULL),
                         TALLY_OK);
        assert_memory_equal(entries[i], value.bytes, TALLY_ENTRY_BYTES);
        if (entries[i][1] == TALLY_ENTRY_RECORD) {
            assert_int_equal(
                tally_record_open(f.ledger, transaction, i, NULL, arena, &record, NULL), TALLY_OK);
            lost += record.is_erased;
        }
        tally_arena_free(arena);
    }
    tally_store_rollback(transaction);
    assert_int_equal(lost, 3); /* her own consent, his, and her leaving */
    members_join(&f, &ben);
    fixture_end(&f);
}

static void a_store_of_another_log_is_refused(void **state)
{
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    members_one ana;
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    back_up(&f, &backup);
    members_join(&f, &ana);
    publish(&f);
    /* The bundle was altered in its last entry. */
    {
        char path[256];
        int file;

        (void)snprintf(path, sizeof(path), "%s/log/tile/entries/000.p/%u", f.folder,
                       (unsigned)f.ledger->state.log_size);
        file = open(path, O_WRONLY);
        assert_true(file >= 0);
        assert_int_equal(pwrite(file, "X", 1, (off_t)f.ledger->state.log_size * 46 - 1), 1);
        assert_int_equal(close(file), 0);
    }
    assert_int_equal(restore(&f, &backup, true, FIXTURE_NOW, &report, &err), TALLY_E_CORRUPT);
    fixture_end(&f);
}

/* While another holds it for writing, and with a reader's view, as online as it gets. */
static void a_backup_is_made_beside_a_writer_and_a_restore_is_not(void **state)
{
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    tally_ledger *reader;
    members_one ana;
    tally_buffer path;
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_join(&f, &ana);
    reader = fixture_reader(&f);
    tally_buffer_init(&path, 4096);
    assert_int_equal(tally_ledger_backup(reader, NULL, &path, NULL, NULL, NULL), TALLY_OK);
    (void)snprintf(backup.backup, sizeof(backup.backup), "%s", path.bytes);
    /* Not twice under one name. */
    tally_buffer_reset(&path);
    assert_int_equal(tally_ledger_backup(reader, NULL, &path, NULL, NULL, NULL), TALLY_E_CONFLICT);
    tally_buffer_free(&path);
    tally_ledger_close(reader);
    {
        const tally_restore_options options = { .folder = f.folder,
                                                .backup = backup.backup,
                                                .replaces = true,
                                                .clock = { .fixed_ms = FIXTURE_NOW },
                                                .random = &f.random.source };

        assert_int_equal(tally_ledger_restore(&options, &report, &err), TALLY_E_CONFLICT);
    }
    assert_true(is_member(&f, &ana));
    fixture_end(&f);
}

static void restoring_survives_each_failed_allocation(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    tally_err err = TALLY_ERR_INIT;
    tally_restore_report report;
    uint32_t nth = 0;
    members_one ana, ben;
    place backup;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    members_join(&f, &ben);
    back_up(&f, &backup);
    members_leave(&f, &ana);
    publish(&f);
    tally_ledger_close(f.ledger);
    f.ledger = NULL;
    for (; rc != TALLY_OK; nth += nth < 40 ? 1 : 23) {
        const tally_restore_options options = { .folder = f.folder,
                                                .backup = backup.backup,
                                                .replaces = true,
                                                .clock = { .fixed_ms = FIXTURE_NOW },
                                                .random = &f.random.source };

        tally_alloc_fail_at(nth);
        rc = tally_ledger_restore(&options, &report, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM || rc == TALLY_E_IO ||
                    rc == TALLY_E_INVALID);
        if (rc == TALLY_OK)
            break;
        {
            /* The store that was there is still there, and without her. */
            const tally_ledger_options open = { .folder = f.folder,
                                                .is_for_writing = true,
                                                .clock = { .fixed_ms = FIXTURE_NOW },
                                                .random = &f.random.source };

            if (tally_ledger_open(&f.ledger, &open, &err) != TALLY_OK)
                fail_msg("after allocation %u: %s", nth, err.message);
            assert_false(is_member(&f, &ana));
            assert_true(is_member(&f, &ben));
            tally_ledger_close(f.ledger);
            f.ledger = NULL;
        }
    }
    assert_true(nth > 20);
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_comes_back_as_it_was),
        cmocka_unit_test(tR32_neg_no_restore_revives_anybody),
        cmocka_unit_test(without_the_right_file_of_erasures_nothing_is_restored),
        cmocka_unit_test(a_log_that_is_ahead_is_taken_over),
        cmocka_unit_test(a_store_of_another_log_is_refused),
        cmocka_unit_test(a_backup_is_made_beside_a_writer_and_a_restore_is_not),
        cmocka_unit_test(restoring_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
