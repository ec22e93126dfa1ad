/* SPDX-License-Identifier: Apache-2.0 */
/* Whom admission knows: members by the names that sources use for them, with their data keys, the time
 * in which they took part, and how many events each source sent about them in each period.
 *
 * Everything here is read from the store at first use and kept, because a batch names a thousand
 * members and each would otherwise cost several look-ups and an unsealing. */

#include "batch/check.h"
#include "crypto/ed25519.h"
#include "ledger/admit_internal.h"
#include "ledger/card.h"
#include "ledger/organisation.h"
#include "ledger/source.h"
#include "ledger/subject_events.h"
#include "score/context.h"
#include "util/alloc.h"
#include "util/intern.h"

#define INTERN_BYTES_MAX ((size_t)512 << 20)
#define COUNTS_FIRST     4u
#define COUNTS_MAX       65536u /* of one member; two years of days from thirty sources are fewer */

static void wipe_subjects(tally_admit_cache *cache)
{
    for (uint32_t i = 0; i < cache->subject_count; i++)
        tally_release(cache->subjects[i].counts);
    if (cache->subjects != NULL)
        tally_secret_wipe(cache->subjects, cache->subject_room * sizeof(*cache->subjects));
}

static void forget_subjects(tally_admit_cache *cache)
{
    wipe_subjects(cache);
    tally_release(cache->subjects);
    tally_release(cache->subject_of_text);
    tally_release(cache->subject_of_number);
    tally_intern_free(cache->texts);
    tally_intern_free(cache->numbers);
    cache->subjects = NULL;
    cache->subject_of_text = cache->subject_of_number = NULL;
    cache->texts = cache->numbers = NULL;
    cache->subject_count = cache->subject_room = cache->text_room = cache->number_room = 0;
}

static void free_cache(void *caches)
{
    tally_admit_cache *cache = caches;

    if (cache == NULL)
        return;
    forget_subjects(cache);
    tally_card_index_free(cache->cards);
    tally_id_marks_free(&cache->marks);
    tally_secret_wipe(cache, sizeof(*cache));
    tally_release(cache);
}

void tally_admit_cache_drop(tally_ledger *ledger)
{
    free_cache(ledger->caches);
    ledger->caches = NULL;
}

void tally_admit_forget(tally_ledger *ledger, int64_t subject)
{
    tally_admit_cache *cache = ledger->caches;
    uint32_t number;

    if (cache == NULL)
        return;
    if (subject == 0) {
        tally_admit_cache_drop(ledger);
        return;
    }
    /* A name that stood for nobody may now stand for this subject: those are few, and marked
     * stale by being read anew whenever they are asked for. */
    if (cache->numbers != NULL &&
        tally_intern_find(cache->numbers, &number,
                          tally_text_of((const char *)&subject, sizeof(subject))))
        cache->subjects[cache->subject_of_number[number]].is_stale = true;
}

tally_rc tally_admit_cache_of(tally_ledger *ledger, tally_admit_cache **out_cache, tally_err *err)
{
    tally_admit_cache *cache = ledger->caches;

    if (cache == NULL) {
        cache = tally_alloc_zeroed(sizeof(*cache));
        if (cache == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "opening admission");
        ledger->caches = cache;
        ledger->free_caches = free_cache;
    }
    /* Another version may count by other periods. */
    if (cache->subject_count >= TALLY_KNOWN_SUBJECTS_MAX ||
        cache->version != tally_admit_version(ledger))
        forget_subjects(cache);
    cache->version = tally_admit_version(ledger);
    if (cache->texts == NULL)
        cache->texts = tally_intern_new(INTERN_BYTES_MAX, 0);
    if (cache->numbers == NULL)
        cache->numbers = tally_intern_new(INTERN_BYTES_MAX, 0);
    if (cache->texts == NULL || cache->numbers == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening admission");
    *out_cache = cache;
    return TALLY_OK;
}

/* ---- reading one subject ------------------------------------------------------- */

/* Receipts come oldest first; those that touch or overlap become one time of taking part. */
static void set_parts(tally_known_subject *known, const tally_receipt_span *receipts, size_t count)
{
    known->part_count = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t to = receipts[i].ended_ms < receipts[i].lapses_ms ? receipts[i].ended_ms
                                                                  : receipts[i].lapses_ms;
        tally_taking_part *last =
            known->part_count > 0 ? &known->parts[known->part_count - 1] : NULL;

        if (!receipts[i].is_participation || to <= receipts[i].given_ms)
            continue;
        if (last != NULL && receipts[i].given_ms <= last->to_ms) {
            last->to_ms = to > last->to_ms ? to : last->to_ms;
            continue;
        }
        if (known->part_count == TALLY_TAKING_PART_MAX) {
            for (uint32_t k = 1; k < TALLY_TAKING_PART_MAX; k++)
                known->parts[k - 1] = known->parts[k];
            known->part_count--;
        }
        known->parts[known->part_count++] = (tally_taking_part){ receipts[i].given_ms, to };
    }
}

bool tally_admit_covers(const tally_known_subject *subject, int64_t first_ms, int64_t last_ms)
{
    for (uint32_t i = 0; i < subject->part_count; i++) {
        if (first_ms < subject->parts[i].to_ms && last_ms >= subject->parts[i].from_ms)
            return true;
    }
    return false;
}

/* Read a member or organisation into known; its subject becomes 0 when there is none. */
static tally_rc read_subject(tally_ledger *ledger, tally_store_transaction *transaction,
                             int64_t subject, tally_known_subject *known, tally_err *err)
{
    tally_receipt_span receipts[TALLY_RECEIPTS_MAX];
    tally_member member;
    size_t count = 0;
    bool is_found = false;
    tally_rc rc;

    known->is_stale = false;
    known->has_counts = false;
    known->count_count = 0;
    known->part_count = 0;
    known->subject = 0;
    if (ledger->is_about_organisations) {
        known->is_organisation = true;
        known->subject = subject;
        known->parts[0] = (tally_taking_part){ INT64_MIN, INT64_MAX };
        known->part_count = 1;
        return TALLY_OK;
    }
    rc = tally_member_load(ledger, transaction, subject, &member, &is_found, err);
    if (rc != TALLY_OK || !is_found)
        return rc;
    rc = tally_member_receipts(ledger, transaction, subject, receipts, &count, err);
    if (rc == TALLY_OK) {
        known->subject = subject;
        set_parts(known, receipts, count);
        for (size_t i = 0; i < TALLY_RID_BYTES; i++)
            known->rid[i] = member.rid[i];
        for (size_t i = 0; i < TALLY_KEY_BYTES; i++)
            known->data_key[i] = member.data_key[i];
    }
    tally_member_wipe(&member);
    return rc;
}

/* Which subject number a name stands for in the store; 0: nobody. */
static tally_rc look_up(tally_ledger *ledger, tally_store_transaction *transaction, tally_text name,
                        tally_text source_did, int64_t *out_subject, tally_err *err)
{
    const tally_text handle = TALLY_TEXT("handle:"), org = TALLY_TEXT("org:");
    tally_admit_cache *cache = ledger->caches;

    *out_subject = 0;
    if (ledger->is_about_organisations) {
        if (!tally_text_has_prefix(name, org))
            return TALLY_OK;
        return tally_organisation_subject(
            ledger, transaction, tally_text_slice(name, org.count, name.count), out_subject, err);
    }
    if (tally_text_has_prefix(name, handle)) {
        if (cache->cards == NULL)
            cache->cards = tally_card_index_new();
        if (cache->cards == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "reading handles");
        return tally_card_index_find(cache->cards, ledger, transaction, source_did,
                                     tally_text_slice(name, handle.count, name.count), out_subject,
                                     err);
    }
    return tally_member_subject(transaction, name, out_subject, err);
}

/* ---- the tables ---------------------------------------------------------------- */

/* Room for item `index` in an array of uint32_t. */
static tally_rc grow_indexes(uint32_t **array, uint32_t *room, uint32_t index, tally_err *err)
{
    uint32_t next = *room == 0 ? 1024 : *room;
    uint32_t *grown;

    while (next <= index)
        next *= 2; /* index is below TALLY_KNOWN_SUBJECTS_MAX times the names of one subject */
    if (next == *room)
        return TALLY_OK;
    grown = tally_realloc_array(*array, next, sizeof(**array));
    if (grown == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "remembering a member");
    *array = grown;
    *room = next;
    return TALLY_OK;
}

/* A new place for a subject. The array moves by hand, so that old keys are wiped. */
static tally_rc new_subject(tally_admit_cache *cache, uint32_t *out_index, tally_err *err)
{
    if (cache->subject_count == cache->subject_room) {
        uint32_t room = cache->subject_room == 0 ? 1024 : cache->subject_room * 2;
        tally_known_subject *grown = tally_alloc_array(room, sizeof(*grown));

        if (grown == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "remembering a member");
        for (uint32_t i = 0; i < cache->subject_count; i++)
            grown[i] = cache->subjects[i];
        if (cache->subjects != NULL)
            tally_secret_wipe(cache->subjects, cache->subject_room * sizeof(*grown));
        tally_release(cache->subjects);
        cache->subjects = grown;
        cache->subject_room = room;
    }
    cache->subjects[cache->subject_count] = (tally_known_subject){ .subject = 0 };
    *out_index = cache->subject_count++;
    return TALLY_OK;
}

/* The place of a subject number, made when it is new. */
static tally_rc place_of(tally_admit_cache *cache, int64_t subject, uint32_t *out_index,
                         tally_err *err)
{
    tally_text key = tally_text_of((const char *)&subject, sizeof(subject));
    uint32_t number;
    tally_rc rc;

    if (tally_intern_find(cache->numbers, &number, key)) {
        *out_index = cache->subject_of_number[number];
        return TALLY_OK;
    }
    rc = grow_indexes(&cache->subject_of_number, &cache->number_room,
                      tally_intern_count(cache->numbers), err);
    if (rc == TALLY_OK)
        rc = new_subject(cache, out_index, err);
    if (rc == TALLY_OK)
        rc = tally_intern_add(cache->numbers, &number, key);
    if (rc == TALLY_OK) {
        cache->subject_of_number[number] = *out_index;
        cache->subjects[*out_index].is_stale = true;
        cache->subjects[*out_index].subject = subject;
    }
    return rc;
}

/* Names of people as one table: a handle belongs to its source. */
static tally_text key_of(char out[static 300], tally_text name, uint32_t source)
{
    size_t count = name.count < 256 ? name.count : 256;

    out[0] = (char)(source & 0xff);
    out[1] = (char)(source >> 8 & 0xff);
    out[2] = (char)(source >> 16 & 0xff);
    out[3] = (char)(source >> 24);
    for (size_t i = 0; i < count; i++)
        out[4 + i] = name.bytes[i];
    return tally_text_of(out, 4 + count);
}

tally_rc tally_admit_subject(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_text name, uint32_t source, tally_text source_did,
                             tally_known_subject **out_subject, tally_err *err)
{
    static tally_known_subject nobody;
    tally_admit_cache *cache = ledger->caches;
    char room[300];
    tally_text key = key_of(room, name, source);
    uint32_t text, index = 0;
    tally_rc rc = TALLY_OK;

    *out_subject = &nobody;
    if (tally_intern_find(cache->texts, &text, key)) {
        index = cache->subject_of_text[text];
    } else {
        int64_t subject;

        rc = look_up(ledger, transaction, name, source_did, &subject, err);
        /* Names of nobody are not remembered: there may be any number of them, and the member may
         * join the next minute. */
        if (rc != TALLY_OK || subject == 0)
            return rc;
        rc = place_of(cache, subject, &index, err);
        if (rc == TALLY_OK)
            rc = grow_indexes(&cache->subject_of_text, &cache->text_room,
                              tally_intern_count(cache->texts), err);
        if (rc == TALLY_OK)
            rc = tally_intern_add(cache->texts, &text, key);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, 0, "remembering a member");
        cache->subject_of_text[text] = index;
    }
    if (cache->subjects[index].is_stale) {
        /* After leaving, the number is kept in the place so that it stays the place of nobody. */
        int64_t subject = cache->subjects[index].subject;

        if (subject != 0)
            rc = read_subject(ledger, transaction, subject, &cache->subjects[index], err);
    }
    if (rc == TALLY_OK)
        *out_subject = &cache->subjects[index];
    return rc;
}

/* ---- rates ------------------------------------------------------------------------ */

uint32_t tally_admit_version(const tally_ledger *ledger)
{
    uint32_t version = ledger->policy->version_count - 1;

    while (version > 0 && ledger->policy_begins_ms[version] > tally_ledger_now_ms(ledger))
        version--;
    return version;
}

const tally_source *tally_admit_rule(const tally_ledger *ledger, tally_text source_name)
{
    const tally_version *version = &ledger->policy->versions[tally_admit_version(ledger)];

    for (uint32_t i = 0; i < version->source_count; i++) {
        if (tally_text_is_equal(version->sources[i].name, source_name))
            return &version->sources[i];
    }
    return NULL;
}

int32_t tally_rate_period(const tally_ledger *ledger, const tally_source *rule, int64_t at_ms,
                          int32_t offset_s)
{
    const tally_version *version = &ledger->policy->versions[tally_admit_version(ledger)];
    const tally_zone *zone =
        version->zone == TALLY_NO_INDEX ? NULL : ledger->policy->zones[version->zone];

    return tally_local_period(zone, offset_s, (tally_unit)rule->rate_unit, at_ms);
}

void tally_admit_recount(tally_ledger *ledger, int64_t subject)
{
    tally_admit_cache *cache = ledger->caches;
    uint32_t number;

    if (cache != NULL && tally_intern_find(cache->numbers, &number,
                                           tally_text_of((const char *)&subject, sizeof(subject))))
        cache->subjects[cache->subject_of_number[number]].has_counts = false;
}

/* The count of a source in a period, made when it is new. Newest last: what is asked for
 * is nearly always among the last few. */
static tally_rc count_of(tally_known_subject *subject, uint32_t source, int32_t period,
                         tally_rate_count **out_count, tally_err *err)
{
    for (uint32_t i = subject->count_count; i > 0; i--) {
        tally_rate_count *count = &subject->counts[i - 1];

        if (count->source == source && count->period == period) {
            *out_count = count;
            return TALLY_OK;
        }
    }
    if (subject->count_count == subject->count_room) {
        uint32_t room = subject->count_room == 0 ? COUNTS_FIRST : subject->count_room * 2;
        tally_rate_count *grown;

        if (room > COUNTS_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, 0,
                                 "a member has events in more than %u periods", COUNTS_MAX);
        grown = tally_realloc_array(subject->counts, room, sizeof(*grown));
        if (grown == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "counting a source's events");
        subject->counts = grown;
        subject->count_room = room;
    }
    *out_count = &subject->counts[subject->count_count++];
    **out_count = (tally_rate_count){ source, period, 0 };
    return TALLY_OK;
}

typedef struct counting {
    tally_ledger *ledger;
    tally_store_transaction *transaction;
    tally_known_subject *subject;
    tally_batch_checker *checker;
    tally_arena *arena;
    tally_intern *voided; /* source and id of events that a record took back */
} counting;

/* The rule of a source by its number; NULL: it has none any more. */
static tally_rc rule_of(const counting *c, uint32_t source, const tally_source **out_rule,
                        tally_err *err)
{
    tally_source_record record;
    bool is_found;
    tally_rc rc = tally_source_load(c->ledger, c->transaction, source, &record, &is_found, err);

    *out_rule = rc == TALLY_OK && is_found
                    ? tally_admit_rule(c->ledger, tally_text_from(record.name))
                    : NULL;
    return rc;
}

/* What counting needs once there is an event; a new member has none. */
static tally_rc begin_counting(counting *c, tally_err *err)
{
    c->voided = tally_intern_new(INTERN_BYTES_MAX, 0);
    c->arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    if (c->voided == NULL || c->arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "counting a source's events");
    return tally_batch_checker_new(&c->checker, c->ledger->policy, c->arena, err);
}

/* Newest first, so that a void is seen before its event. */
static tally_rc count_stored(void *context, const tally_subject_event *event, bool *out_is_enough,
                             tally_err *err)
{
    counting *c = context;
    const tally_batch_problem *problem = NULL;
    const tally_source *rule;
    tally_batch_checked checked;
    tally_rate_count *count;
    char room[300];
    uint32_t number;
    tally_rc rc = c->checker == NULL ? begin_counting(c, err) : TALLY_OK;

    (void)out_is_enough;
    if (rc == TALLY_OK)
        rc = tally_batch_check_event(c->checker, &event->event, &checked, &problem, c->arena, err);
    if (rc != TALLY_OK || problem != NULL) /* admitted under an older version's words */
        return rc;
    if (checked.type == TALLY_RECORD_VOID)
        return tally_intern_add(c->voided, &number, key_of(room, checked.of, event->plain.source));
    if (checked.type < TALLY_RECORD_TYPES ||
        tally_intern_find(c->voided, &number, key_of(room, event->event.id, event->plain.source)))
        return TALLY_OK;
    rc = rule_of(c, event->plain.source, &rule, err);
    if (rc != TALLY_OK || rule == NULL || !rule->has_calendar_rate)
        return rc;
    rc = count_of(c->subject, event->plain.source,
                  tally_rate_period(c->ledger, rule, checked.at_ms, checked.offset_s), &count, err);
    if (rc == TALLY_OK)
        count->count++;
    return rc;
}

static tally_rc read_counts(tally_ledger *ledger, tally_store_transaction *transaction,
                            tally_known_subject *subject, tally_err *err)
{
    counting c = { .ledger = ledger, .transaction = transaction, .subject = subject };
    tally_rc rc;

    subject->count_count = 0;
    rc = tally_subject_events(transaction, subject->subject,
                              subject->is_organisation ? NULL : subject->data_key, subject->rid, 0,
                              count_stored, &c, err);
    tally_intern_free(c.voided);
    tally_arena_free(c.arena);
    subject->has_counts = rc == TALLY_OK;
    return rc;
}

tally_rc tally_admit_count(tally_ledger *ledger, tally_store_transaction *transaction,
                           tally_known_subject *subject, uint32_t source, int32_t period,
                           int64_t max, bool *out_is_within, tally_err *err)
{
    tally_rate_count *count;
    tally_rc rc = TALLY_OK;

    if (!subject->has_counts)
        rc = read_counts(ledger, transaction, subject, err);
    if (rc == TALLY_OK)
        rc = count_of(subject, source, period, &count, err);
    if (rc != TALLY_OK)
        return rc;
    *out_is_within = (int64_t)count->count < max;
    if (*out_is_within)
        count->count++;
    return TALLY_OK;
}
