/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_ADMIT_INTERNAL_H
#define TALLY_LEDGER_ADMIT_INTERNAL_H

/* What the files of admission share. */

#include "batch/batch.h"
#include "ledger/admit.h"
#include "ledger/ledger_internal.h"
#include "ledger/id_marks.h"
#include "ledger/member.h"

/* Why an event of a batch is not admitted. Texts are constants or live as long as the batch. */
typedef struct tally_event_refusal {
    const char *code, *right;
    tally_text sentence;
} tally_event_refusal;

/* What the pure half found out about one event. */
typedef struct tally_prepared_event {
    uint32_t type;    /* event type index */
    int64_t first_ms; /* the event's `at`; of one that names a day only, the day's first and ... */
    int64_t last_ms;  /* ... last millisecond, else the same */
    int32_t offset_s;
    tally_text of;    /* of a record about a record: whose id it names */
    bool is_refused;
    tally_event_refusal refusal;
} tally_prepared_event;

struct tally_prepared_batch {
    tally_arena *arena;
    const tally_policy *policy;
    tally_batch batch;
    tally_batch_tree tree;
    tally_prepared_event *events; /* one for each event of the batch */
};

/* ---- members as admission remembers them (admit_members.c) ----------------------- */

/* When a member took part: from a receipt to its lapse or end. Receipts that touch are one. */
typedef struct tally_taking_part {
    int64_t from_ms, to_ms; /* to_ms not included */
} tally_taking_part;

#define TALLY_TAKING_PART_MAX 4u /* the newest; older ones lie beyond what is kept anyway */

/* How many events a source sent about the member in one period. */
typedef struct tally_rate_count {
    uint32_t source;
    int32_t period;
    uint32_t count;
} tally_rate_count;

/* One subject, a member or an organisation. */
typedef struct tally_known_subject {
    int64_t subject; /* 0: nobody */
    bool is_stale;   /* read it anew before use */
    bool has_counts; /* counts are those of the store */
    bool is_organisation;
    uint8_t rid[TALLY_RID_BYTES];
    uint8_t data_key[TALLY_KEY_BYTES];
    uint32_t part_count;
    tally_taking_part parts[TALLY_TAKING_PART_MAX];
    uint32_t count_count, count_room;
    tally_rate_count *counts; /* oldest first */
} tally_known_subject;

#define TALLY_KNOWN_SUBJECTS_MAX 1048576u

/* Everything that admission remembers between batches. All of it can be read anew
 * from the store; it is dropped when a transaction fails. */
typedef struct tally_admit_cache {
    struct tally_intern *texts;    /* how sources name subjects: with the source's number before handles */
    uint32_t *subject_of_text;     /* index into subjects */
    uint32_t text_room;
    tally_known_subject *subjects; /* 0: nobody */
    uint32_t subject_count, subject_room;
    struct tally_intern *numbers;  /* subject numbers, so that two names of one member are one */
    uint32_t *subject_of_number;
    uint32_t number_room;
    struct tally_card_index *cards; /* whom handles mean; made when the first comes */
    tally_id_marks marks;
    bool has_marks;
    uint8_t mark_key[16];
    uint32_t version; /* index of the policy's version in force when counts were begun */
} tally_admit_cache;

/* The ledger's cache, made at first use. */
TALLY_MUST_CHECK tally_rc tally_admit_cache_of(tally_ledger *ledger,
                                                   tally_admit_cache **out_cache,
                                                   tally_err *err);
/* Forget everything. */
void tally_admit_cache_drop(tally_ledger *ledger);

/* Whom a source means; source_did is the first one that it was registered with. *out_subject points into the cache until the next call; its subject is 0 for nobody. */
TALLY_MUST_CHECK tally_rc tally_admit_subject(tally_ledger *ledger,
                                                  tally_store_transaction *transaction,
                                                  tally_text name, uint32_t source,
                                                  tally_text source_did,
                                                  tally_known_subject **out_subject,
                                                  tally_err *err);

/* The index of the version in force now. */
uint32_t tally_admit_version(const tally_ledger *ledger);

/* Did the subject take part at some instant from first_ms to last_ms? */
bool tally_admit_covers(const tally_known_subject *subject, int64_t first_ms,
                            int64_t last_ms);

/* Count one more event of a source in a period unless that would be more than max; reads the
 * subject's events first when their counts are not known. */
TALLY_MUST_CHECK tally_rc tally_admit_count(tally_ledger *ledger,
                                                tally_store_transaction *transaction,
                                                tally_known_subject *subject, uint32_t source,
                                                int32_t period, int64_t max, bool *out_is_within,
                                                tally_err *err);

/* Read the marks of the duplicate window, once. */
TALLY_MUST_CHECK tally_rc tally_admit_read_marks(tally_ledger *ledger,
                                                     tally_store_transaction *transaction,
                                                     tally_admit_cache *cache, int64_t now_ms,
                                                     tally_err *err);

/* The mark of an event id (docs/ledger.md section 4). Never 0. */
uint64_t tally_admit_mark(const tally_admit_cache *cache, uint32_t source, tally_text id);

/* What the version of the policy that is in force now lets a source do; NULL: nothing. */
const tally_source *tally_admit_rule(const tally_ledger *ledger, tally_text source_name);

/* The period in which an event counts towards a rate. */
int32_t tally_rate_period(const tally_ledger *ledger, const tally_source *rule, int64_t at_ms,
                          int32_t offset_s);

/* Count a subject's events anew when next asked: a record of its took some back. */
void tally_admit_recount(tally_ledger *ledger, int64_t subject);

#endif
