/* SPDX-License-Identifier: Apache-2.0 */
/* Scoring everybody: see people.h. */

#include "ledger/people.h"

#include <string.h>
#include "ledger/batch_record.h"
#include "ledger/record.h"
#include "ledger/statement.h"
#include "tlog/snapshot.h"
#include "util/alloc.h"

/* ---- everybody ------------------------------------------------------------------------ */

typedef struct scoring {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    int64_t as_of_ms;
    const tally_known *known; /* NULL: everything */
    tally_scored_visit visit;
    void *context;
} scoring;

static tally_rc score_one(const scoring *s, int64_t subject, const tally_member *member,
                          tally_err *err)
{
    tally_scored_subject scored = { .subject = subject, .member = member };
    tally_subject_view view;
    tally_result result;
    tally_rc rc = tally_subject_view_open_known(&view, s->ledger, s->transaction, subject, member,
                                                s->known, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_replay_score(view.replay, s->as_of_ms, &result, err);
    scored.policy = view.policy;
    scored.result = &result;
    scored.batch_count = view.batch_count;
    scored.batches = view.batches;
    if (rc == TALLY_OK)
        rc = s->visit(s->context, &scored, err);
    tally_subject_view_close(&view);
    return rc;
}

/* A walk over a collection forbids look-ups in between, so numbers are listed first. */
typedef struct subjects {
    size_t count, room;
    int64_t *numbers;
} subjects;

static tally_rc list_subject(void *context, int64_t key, tally_text value, bool *out_is_enough,
                             tally_err *err)
{
    subjects *list = context;

    (void)value;
    (void)out_is_enough;
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 1024 : list->room * 2;
        int64_t *grown = tally_realloc_array(list->numbers, room, sizeof(*grown));

        if (grown == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "scoring everybody");
        list->numbers = grown;
        list->room = room;
    }
    list->numbers[list->count++] = key;
    return TALLY_OK;
}

static tally_rc score_listed(const scoring *s, int64_t subject, tally_err *err)
{
    tally_member member;
    bool is_found = false;
    tally_rc rc;

    if (s->ledger->is_about_organisations)
        return score_one(s, subject, NULL, err);
    rc = tally_member_load(s->ledger, s->transaction, subject, &member, &is_found, err);
    if (rc == TALLY_OK && is_found)
        rc = score_one(s, subject, &member, err);
    tally_member_wipe(&member);
    return rc;
}

tally_rc tally_people_score(tally_ledger *ledger, tally_store_transaction *transaction,
                            int64_t as_of_ms, tally_scored_visit visit, void *context,
                            tally_err *err)
{
    const scoring s = { ledger, transaction, as_of_ms, NULL, visit, context };
    subjects list = { 0, 0, NULL };
    tally_rc rc = tally_store_scan(transaction,
                                   ledger->is_about_organisations ? TALLY_STORE_ORGANISATIONS
                                                                  : TALLY_STORE_MEMBERS,
                                   1, list_subject, &list, err);

    for (size_t i = 0; rc == TALLY_OK && i < list.count; i++)
        rc = score_listed(&s, list.numbers[i], err);
    tally_release(list.numbers);
    return rc;
}

tally_text tally_people_level(const tally_scored_subject *scored)
{
    const tally_result *result = scored->result;
    const tally_version *rules = &scored->policy->versions[result->version];

    if (result->has_tiers)
        return result->tier == TALLY_NO_INDEX ? rules->moves.none : rules->tiers[result->tier].name;
    if (result->has_grade && result->grade != TALLY_NO_INDEX)
        return scored->policy->versions[result->grade_version].grade.labels->words[result->grade];
    return (tally_text){ NULL, 0 };
}

/* ---- snapshots --------------------------------------------------------------------------- */

typedef struct snapping {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    tally_snapshot_take take;
    void *sink;
    tally_hash *hash;
    tally_node *leaves; /* by batch: the leaf hash of its log entry */
    bool *has_leaf;
} snapping;

static tally_rc leaf_of(snapping *s, int64_t batch, const tally_node **out_leaf, tally_err *err)
{
    uint8_t bytes[TALLY_ENTRY_BYTES];
    tally_batch_record record;
    tally_entry entry;
    bool is_found = false;
    tally_rc rc;

    if (batch < 1 || batch > s->ledger->state.last_batch)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "there is no batch %lld", (long long)batch);
    if (!s->has_leaf[batch]) {
        rc = tally_batch_record_load(s->ledger, s->transaction, batch, &record, &is_found, err);
        if (rc == TALLY_OK && !is_found)
            rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "batch %lld is missing", (long long)batch);
        if (rc != TALLY_OK)
            return rc;
        rc = tally_record_entry(s->transaction, record.log_index, &entry, err);
        tally_batch_record_free(&record);
        if (rc == TALLY_OK) {
            tally_entry_write(bytes, &entry);
            rc = tally_tree_hash_leaf(s->hash, &s->leaves[batch], bytes, sizeof(bytes));
        }
        if (rc != TALLY_OK)
            return rc;
        s->has_leaf[batch] = true;
    }
    *out_leaf = &s->leaves[batch];
    return TALLY_OK;
}

/* The root over the log's records that the result was computed from: those of the batches that brought
 * any event of the subject, in the order of their indexes, which is that of batch numbers. */
static tally_rc records_root(snapping *s, const tally_scored_subject *scored, tally_node *out,
                             tally_err *err)
{
    tally_tree_edge edge = { 0 };
    tally_rc rc = TALLY_OK;

    for (uint32_t i = scored->batch_count; rc == TALLY_OK && i > 0; i--) {
        const tally_node *leaf;

        rc = leaf_of(s, scored->batches[i - 1], &leaf, err);
        if (rc == TALLY_OK)
            rc = tally_tree_append(&edge, s->hash, leaf);
    }
    return rc == TALLY_OK ? tally_tree_root(&edge, s->hash, out) : rc;
}

static tally_rc snap(void *context, const tally_scored_subject *scored, tally_err *err)
{
    static const uint8_t no_secret[TALLY_KEY_BYTES];
    snapping *s = context;
    tally_snapshot_state state = { .points = scored->result->score,
                                   .level = tally_people_level(scored),
                                   .policy = scored->result->version + 1,
                                   .record_count = scored->batch_count };
    tally_snapshot_person person = { .subject = scored->subject, .label_secret = no_secret };
    tally_buffer text;
    tally_rc rc = records_root(s, scored, &state.records_root, err);

    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&text, TALLY_SNAPSHOT_STATE_BYTES_MAX);
    rc = tally_snapshot_append_state(&text, &state);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "the state of a subject cannot be written");
    if (scored->member != NULL) {
        person.label_secret = scored->member->label_secret;
        person.data_key = scored->member->data_key;
        person.rid = scored->member->rid;
    }
    person.state = tally_buffer_text(&text);
    if (rc == TALLY_OK)
        rc = s->take(s->sink, &person, err);
    tally_buffer_free(&text);
    return rc;
}

static tally_rc snap_begin(snapping *s, tally_err *err)
{
    size_t count = (size_t)s->ledger->state.last_batch + 1;

    s->hash = tally_hash_new();
    s->leaves = tally_alloc_array(count, sizeof(*s->leaves));
    s->has_leaf = tally_alloc_zeroed(count * sizeof(*s->has_leaf));
    if (s->hash == NULL || s->leaves == NULL || s->has_leaf == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "taking a snapshot");
    return TALLY_OK;
}

static void snap_end(snapping *s)
{
    tally_release(s->leaves);
    tally_release(s->has_leaf);
    tally_hash_free(s->hash);
}

/* Organisations' results are public: there is nothing to commit without saying whose it is. */
static tally_rc each(void *context, tally_ledger *ledger, tally_store_transaction *transaction,
                     int64_t as_of_ms, tally_snapshot_take take, void *sink, tally_err *err)
{
    snapping s = { .ledger = ledger, .transaction = transaction, .take = take, .sink = sink };
    tally_rc rc;

    (void)context;
    if (ledger->is_about_organisations)
        return TALLY_OK;
    rc = snap_begin(&s, err);
    if (rc == TALLY_OK)
        rc = tally_people_score(ledger, transaction, as_of_ms, snap, &s, err);
    snap_end(&s);
    return rc;
}

/* ---- computing again ------------------------------------------------------------------- */

struct tally_people_again {
    tally_known known;
    snapping snapping;
};

static tally_rc take_state(void *sink, const tally_snapshot_person *person, tally_err *err)
{
    tally_rc rc = tally_buffer_append_text(sink, person->state);

    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "memory is short");
}

tally_rc tally_people_again_new(tally_people_again **out_again, tally_ledger *ledger,
                                tally_store_transaction *transaction, const tally_known *known,
                                tally_err *err)
{
    tally_people_again *again = tally_alloc_zeroed(sizeof(*again));
    tally_rc rc;

    if (again == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "computing a snapshot again");
    again->known = *known;
    again->snapping =
        (snapping){ .ledger = ledger, .transaction = transaction, .take = take_state };
    rc = snap_begin(&again->snapping, err);
    if (rc == TALLY_OK)
        *out_again = again;
    else
        tally_people_again_free(again);
    return rc;
}

tally_rc tally_people_again_state(tally_people_again *again, const tally_member *member,
                                  tally_buffer *out, tally_err *err)
{
    const scoring s = { again->snapping.ledger,
                        again->snapping.transaction,
                        again->known.as_of_ms,
                        &again->known,
                        snap,
                        &again->snapping };

    again->snapping.sink = out;
    return score_one(&s, member->subject, member, err);
}

void tally_people_again_free(tally_people_again *again)
{
    if (again == NULL)
        return;
    snap_end(&again->snapping);
    tally_release(again);
}

const tally_snapshot_people *tally_people_of_ledger(void)
{
    static const tally_snapshot_people people = { NULL, each };

    return &people;
}
