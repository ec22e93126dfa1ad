/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving. The line in DIR/erasures is the last thing before the commit: after it only the
 * commit itself can fail, and then the next opening finishes what the line says.
 *
 * META `erasures`: {"check":BYTES,"count":n}, how far this store has seen that file;
 * META `erased`: {"since":INSTANT}, while something waits for the thorough purge.
 * CERTIFICATES holds the certificate of docs/formats/message.md. */

#include "ledger/leave.h"

#include <stdlib.h>

#include "ledger/join.h"
#include "ledger/record.h"
#include "util/alloc.h"
#include "util/civil.h"

#define META_PLACE   TALLY_TEXT("erasures")
#define META_WAITING TALLY_TEXT("erased")
#define FILE_NAME    "erasures"
#define PATH_ARENA   ((size_t)16 << 10)
#define RIDS_MAX     ((size_t)1 << 20) /* erased between two openings */

/* ---- META ---- */

static tally_rc read_object(tally_store_transaction *transaction, tally_text name,
                            tally_json_document **out, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc = tally_store_find(transaction, TALLY_STORE_META, name, &value, &is_found, err);

    *out = NULL;
    return rc == TALLY_OK && is_found ? tally_json_parse(out, value, NULL, err) : rc;
}

tally_rc tally_erasures_place_of(tally_store_transaction *transaction, tally_erasures_place *out,
                                 tally_err *err)
{
    tally_json_document *document;
    tally_json_reader reader;
    tally_rc rc = read_object(transaction, META_PLACE, &document, err);

    *out = (tally_erasures_place){ 0 };
    if (rc != TALLY_OK || document == NULL)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "erasures", err);
    tally_value_read_bytes(&reader, "check", out->check, sizeof(out->check));
    out->count = (uint64_t)tally_json_read_integer(&reader, "count", 0, TALLY_JSON_INTEGER_MAX);
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    return rc;
}

static tally_rc save_place(tally_store_transaction *transaction, const tally_erasures_place *place,
                           tally_err *err)
{
    tally_buffer value;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&value, 256);
    tally_jcs_init(&jcs, &value);
    tally_jcs_object(&jcs);
    tally_value_write_bytes(&jcs, "check", place->check, sizeof(place->check));
    tally_jcs_member_integer(&jcs, "count", (int64_t)place->count);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_META, META_PLACE, tally_buffer_text(&value),
                              err);
    tally_buffer_free(&value);
    return rc;
}

tally_rc tally_erase_waiting(tally_store_transaction *transaction, bool *out_is_waiting,
                             int64_t *out_since_ms, tally_err *err)
{
    tally_json_document *document;
    tally_json_reader reader;
    tally_rc rc = read_object(transaction, META_WAITING, &document, err);

    *out_is_waiting = rc == TALLY_OK && document != NULL;
    *out_since_ms = 0;
    if (!*out_is_waiting)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "erased", err);
    *out_since_ms = tally_value_read_instant(&reader, "since");
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    return rc;
}

static tally_rc wait_for_purge(tally_store_transaction *transaction, int64_t now_ms, tally_err *err)
{
    bool is_waiting;
    int64_t since_ms;
    tally_buffer value;
    tally_jcs jcs;
    tally_rc rc = tally_erase_waiting(transaction, &is_waiting, &since_ms, err);

    if (rc != TALLY_OK || is_waiting)
        return rc;
    tally_buffer_init(&value, 256);
    tally_jcs_init(&jcs, &value);
    tally_jcs_object(&jcs);
    tally_value_write_instant(&jcs, "since", now_ms);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_META, META_WAITING,
                              tally_buffer_text(&value), err);
    tally_buffer_free(&value);
    return rc;
}

tally_rc tally_erase_is_done(tally_store_transaction *transaction, tally_err *err)
{
    return tally_store_unname(transaction, TALLY_STORE_META, META_WAITING, err);
}

/* ---- certificates ---- */

static tally_rc save_certificate(tally_store_transaction *transaction,
                                 const tally_certificate *certificate, tally_buffer *out_text,
                                 tally_err *err)
{
    tally_jcs jcs;
    tally_rc rc;

    tally_jcs_init(&jcs, out_text);
    tally_certificate_write(&jcs, certificate);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_CERTIFICATES, certificate->number,
                             tally_buffer_text(out_text), err);
    return rc;
}

tally_rc tally_certificate_load(tally_store_transaction *transaction, int64_t number,
                                tally_certificate *out, tally_err *err)
{
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_CERTIFICATES, number, &value, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "certificate %lld is missing",
                           (long long)number);
    if (rc == TALLY_OK)
        rc = tally_json_parse(&document, value, NULL, err);
    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "certificate", err);
    tally_certificate_read(out, &reader);
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    return rc;
}

/* ---- erasing ---- */

tally_rc tally_erase_note(tally_ledger *ledger, tally_store_transaction *transaction,
                          const tally_member *member, int64_t now_ms, tally_err *err)
{
    tally_arena *arena = tally_arena_new(PATH_ARENA);
    tally_erasures_place place;
    const char *path;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "erasing a member");
    rc = tally_ledger_path(ledger, arena, FILE_NAME, &path, err);
    if (rc == TALLY_OK)
        rc = tally_erasures_place_of(transaction, &place, err);
    if (rc == TALLY_OK)
        rc = tally_erasures_append(path, &place, member->rid, tally_day_of_ms(now_ms, 0), err);
    if (rc == TALLY_OK)
        rc = save_place(transaction, &place, err);
    tally_arena_free(arena);
    return rc;
}

/* The certificate and the entry of the log, whose body it is: what was erased, not whose it was. */
static tally_rc certify(tally_ledger *ledger, tally_store_transaction *transaction,
                        const tally_member *member, int64_t now_ms, tally_certificate *certificate,
                        tally_err *err)
{
    tally_fact_record fact = { .type = "erasure", .at_ms = now_ms };
    tally_buffer text;
    tally_rc rc;

    certificate->number = ledger->state.last_certificate + 1;
    memcpy(certificate->record, member->rid, sizeof(certificate->record));
    certificate->day = tally_day_of_ms(now_ms, 0);
    certificate->live_until = certificate->day + TALLY_ERASE_LIVE_DAYS;
    certificate->backups_until = certificate->day + TALLY_ERASE_BACKUP_DAYS;
    tally_buffer_init(&text, 1024);
    rc = save_certificate(transaction, certificate, &text, err);
    fact.body = tally_buffer_text(&text);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, NULL, NULL, err);
    tally_buffer_free(&text);
    if (rc == TALLY_OK) {
        ledger->state.last_certificate = certificate->number;
        ledger->state.is_changed = true;
    }
    return rc;
}

tally_rc tally_erase_member(tally_ledger *ledger, tally_store_transaction *transaction,
                            const tally_member *member, int64_t now_ms, tally_certificate *out,
                            tally_err *err)
{
    tally_rc rc;

    *out = (tally_certificate){ .number = 0 };
    rc = tally_erase_rows(ledger, transaction, member, out, err);
    if (rc == TALLY_OK)
        rc = certify(ledger, transaction, member, now_ms, out, err);
    if (rc == TALLY_OK)
        rc = wait_for_purge(transaction, now_ms, err);
    return rc;
}

void tally_erase_purge(tally_ledger *ledger)
{
    if (tally_store_purge(ledger->store, false, NULL) != TALLY_OK)
        return; /* META `erased` still says that something waits */
}

/* ---- one message ---- */

/* Whoever is not there gets the answer of whoever never was; the same message again, its own. */
tally_rc tally_receive_leave(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_receiving *receiving, tally_err *err)
{
    tally_message *message = receiving->message;
    tally_answer answer = { .kind = TALLY_ANSWER_LEFT };
    tally_rc rc = TALLY_OK;

    if (message->is_repeated && message->certificate > 0) {
        answer.has_certificate = true;
        rc = tally_certificate_load(transaction, message->certificate, &answer.certificate, err);
    } else if (message->is_member) {
        answer.has_certificate = receiving->has_erased = true;
        rc = tally_erase_member(ledger, transaction, &message->member, message->now_ms,
                                &answer.certificate, err);
        receiving->certificate = answer.certificate.number;
    }
    if (rc == TALLY_OK)
        rc = tally_message_answer(ledger, receiving->answer, message, &answer, err);
    return rc;
}

/* ---- on opening ---- */

typedef struct replay {
    uint8_t (*rids)[TALLY_RID_BYTES]; /* in the file beyond what the store has seen; sorted */
    int64_t *subjects;                /* whose they are */
    size_t rid_count, rid_room, subject_count;
    tally_erasures_place place;
    bool has_entries;
    int64_t subject; /* to erase now */
} replay;

static tally_rc take_rid(void *context, const uint8_t rid[static TALLY_ERASURE_RID_BYTES],
                         int32_t day, tally_err *err)
{
    replay *self = context;

    (void)day;
    if (self->rid_count == RIDS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "more than %zu erasures to do again", RIDS_MAX);
    if (self->rid_count == self->rid_room) {
        size_t room = self->rid_room == 0 ? 64 : 2 * self->rid_room;
        void *rids = tally_realloc_array(self->rids, room, sizeof(*self->rids));

        if (rids == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the erasures");
        self->rids = rids;
        self->rid_room = room;
    }
    memcpy(self->rids[self->rid_count++], rid, TALLY_RID_BYTES);
    return TALLY_OK;
}

static tally_rc read_tail(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    tally_arena *arena = tally_arena_new(PATH_ARENA);
    replay *self = context;
    const char *path;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the erasures");
    self->rid_count = 0;
    rc = tally_erasures_place_of(transaction, &self->place, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_path(ledger, arena, FILE_NAME, &path, err);
    if (rc == TALLY_OK)
        rc = tally_erasures_read(path, &self->place, take_rid, self, err);
    /* A restore asks for the file, so that one that was lost is missed: it is there from the first
     * opening on. */
    if (rc == TALLY_OK && self->has_entries && self->place.count == 0)
        rc = tally_erasures_create(path, err);
    tally_arena_free(arena);
    return rc;
}

tally_rc tally_erasures_check(tally_ledger *ledger, tally_store_transaction *transaction,
                              tally_err *err)
{
    tally_arena *arena = tally_arena_new(PATH_ARENA);
    tally_erasures_place place;
    const char *path;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the erasures");
    rc = tally_erasures_place_of(transaction, &place, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_path(ledger, arena, FILE_NAME, &path, err);
    if (rc == TALLY_OK)
        rc = tally_erasures_read(path, &place, NULL, NULL, err);
    tally_arena_free(arena);
    return rc;
}

static int compare_rids(const void *a, const void *b)
{
    return memcmp(a, b, TALLY_RID_BYTES);
}

/* A member is met once and has one number, so there is room for all. */
static tally_rc match_member(void *context, const tally_member *member, tally_err *err)
{
    replay *self = context;

    (void)err;
    if (bsearch(member->rid, self->rids, self->rid_count, sizeof(*self->rids), compare_rids) !=
            NULL &&
        self->subject_count < self->rid_count)
        self->subjects[self->subject_count++] = member->subject;
    return TALLY_OK;
}

static tally_rc find_members(tally_ledger *ledger, tally_store_transaction *transaction,
                             void *context, tally_err *err)
{
    replay *self = context;

    self->subject_count = 0;
    return tally_member_each(ledger, transaction, match_member, self, err);
}

static tally_rc erase_again(tally_ledger *ledger, tally_store_transaction *transaction,
                            void *context, tally_err *err)
{
    replay *self = context;
    tally_certificate certificate = { .number = 0 };
    tally_member member;
    bool is_found;
    tally_rc rc = tally_member_load(ledger, transaction, self->subject, &member, &is_found, err);

    if (rc != TALLY_OK || !is_found)
        return rc;
    if (self->has_entries)
        rc = tally_erase_member(ledger, transaction, &member, tally_ledger_stamp(ledger),
                                &certificate, err);
    else
        rc = tally_erase_rows(ledger, transaction, &member, &certificate, err);
    tally_member_wipe(&member);
    return rc;
}

static tally_rc save_seen(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                          tally_err *err)
{
    const replay *self = context;
    tally_rc rc = save_place(transaction, &self->place, err);

    /* A restored store may hold remains of rows that nobody finds any more: rewrite it. */
    return rc == TALLY_OK ? wait_for_purge(transaction, tally_ledger_stamp(ledger), err) : rc;
}

static tally_rc erase_all(tally_ledger *ledger, replay *self, tally_err *err)
{
    tally_rc rc;

    self->subjects = tally_alloc_array(self->rid_count, sizeof(*self->subjects));
    if (self->subjects == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the erasures");
    qsort(self->rids, self->rid_count, sizeof(*self->rids), compare_rids);
    rc = tally_ledger_run(ledger, false, find_members, self, err);
    for (size_t i = 0; rc == TALLY_OK && i < self->subject_count; i++) {
        self->subject = self->subjects[i];
        rc = tally_ledger_run(ledger, true, erase_again, self, err);
    }
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, save_seen, self, err);
    if (rc == TALLY_OK)
        tally_erase_purge(ledger); /* nothing is remembered yet: the ledger is being opened */
    return rc;
}

tally_rc tally_erasures_replay(tally_ledger *ledger, bool has_entries, uint64_t *out_erased,
                               tally_err *err)
{
    replay self = { .has_entries = has_entries };
    tally_rc rc = tally_ledger_run(ledger, false, read_tail, &self, err);

    if (rc == TALLY_OK && self.rid_count > 0)
        rc = erase_all(ledger, &self, err);
    *out_erased = self.subject_count;
    tally_release(self.rids);
    tally_release(self.subjects);
    return rc;
}
