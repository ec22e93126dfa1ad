/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_RECORD_H
#define TALLY_LEDGER_RECORD_H

/* The record: every fact becomes one entry of the log in the transaction that makes it a fact
 * (docs/ledger.md section 5). Its commitment is opened by what OPENINGS or DOCUMENTS keep. */

#include "ledger/ledger_internal.h"
#include "ledger/member.h"
#include "tlog/entry.h"

typedef enum tally_record_slot {
    TALLY_SLOT_WHAT = 0,    /* {"at","type"} */
    TALLY_SLOT_SUBJECT = 1, /* did */
    TALLY_SLOT_PAIR = 2,
    TALLY_SLOT_BODY = 3,
    TALLY_SLOT_REASON = 4,
    TALLY_SLOT_LABEL = 5, /* the label secret */
    TALLY_SLOT_COUNT
} tally_record_slot;

/* One fact. Slots with a NULL value are left out; WHAT is made from type and at_ms. */
typedef struct tally_fact_record {
    const char *type; /* "consent", "batch", "access" …: the table in docs/ledger.md section 5 */
    int64_t at_ms;
    const tally_member *member; /* whose it is: the opening is sealed under its data key and listed
                                 * under its subject; NULL: nobody's, in clear */
    tally_text body, reason, label;
} tally_fact_record;

/* Append a kind 3 entry. out_index (may be NULL) is its place in the log. */
TALLY_MUST_CHECK tally_rc tally_record_append(tally_ledger *ledger,
                                              tally_store_transaction *transaction,
                                              const tally_fact_record *fact, uint64_t *out_index,
                                              tally_node *out_commitment, tally_err *err);

/* Append a public entry (kinds 1, 2, 4, 5) with its document (kind 4: its head). */
TALLY_MUST_CHECK tally_rc tally_record_publish(tally_ledger *ledger,
                                               tally_store_transaction *transaction,
                                               tally_entry_kind kind, tally_text document,
                                               uint64_t *out_index, tally_err *err);

/* One slot of an opened record. */
typedef struct tally_opened_slot {
    uint8_t slot;
    uint8_t salt[TALLY_SALT_BYTES];
    tally_text value;
} tally_opened_slot;

/* "tally/opening/v1", the member's rid, the record's index: bound to a sealed opening. */
#define TALLY_OPENING_AAD_BYTES (16 + TALLY_RID_BYTES + 8)

typedef struct tally_opened_record {
    int64_t subject; /* 0: nobody's */
    bool is_erased;
    size_t slot_count;
    tally_opened_slot slots[TALLY_SLOT_COUNT];
} tally_opened_record;

/* The entry at an index of the journal. TALLY_E_CORRUPT: there is none, or it is damaged. */
TALLY_MUST_CHECK tally_rc tally_record_entry(tally_store_transaction *transaction, uint64_t index,
                                             tally_entry *out_entry, tally_err *err);

/* Open a record; texts live in the arena. member: whose it is, else NULL; a personal record
 * without its member opens as nothing but subject. TALLY_E_CORRUPT: it does not open its
 * commitment. */
TALLY_MUST_CHECK tally_rc tally_record_open(tally_ledger *ledger,
                                            tally_store_transaction *transaction, uint64_t index,
                                            const tally_member *member, tally_arena *arena,
                                            tally_opened_record *out, tally_err *err);

/* The places in the log of a subject's records, oldest first. visit may use the transaction. */
typedef tally_rc (*tally_record_visit)(void *context, uint64_t index, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_record_each(tally_store_transaction *transaction, int64_t subject,
                                            tally_record_visit visit, void *context,
                                            tally_err *err);

/* Erase all records of a subject: their openings become the word erased, without whose they were.
 */
TALLY_MUST_CHECK tally_rc tally_record_erase_subject(tally_ledger *ledger,
                                                     tally_store_transaction *transaction,
                                                     int64_t subject, uint64_t *out_count,
                                                     tally_err *err);

/* Erase one record of a subject, as above. One that is erased already is none. */
TALLY_MUST_CHECK tally_rc tally_record_erase(tally_store_transaction *transaction, int64_t subject,
                                             uint64_t index, tally_err *err);

/* Append an entry that was published and that this store has lost: its document for kinds 1, 2, 4 and 5,
 * a policy also to POLICIES; of kind 3 nothing is left but the entry, which is then as if erased.
 * TALLY_E_CORRUPT: the document is not the one that the entry commits, or it is no entry. */
TALLY_MUST_CHECK tally_rc tally_record_recover(tally_ledger *ledger,
                                               tally_store_transaction *transaction,
                                               tally_text entry_bytes, tally_text document,
                                               tally_err *err);

#endif
