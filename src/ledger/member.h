/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_MEMBER_H
#define TALLY_LEDGER_MEMBER_H

/* Members as stored (docs/ledger.md section 2): finding, opening and sealing. Loading a member opens
 * its data key, not its events: no plaintext of what it did. */

#include "ledger/ledger_internal.h"

#define TALLY_DID_BYTES_MAX       64u
#define TALLY_MEMBER_DIDS_MAX     8u
#define TALLY_MEMBER_POLICIES_MAX 64u

/* Which version of the policy a member accepted and when, on joining and later; versions ascend. */
typedef struct tally_member_policy {
    uint32_t version; /* number, from 1 */
    int64_t from_ms;
} tally_member_policy;

typedef struct tally_member {
    int64_t subject;
    uint8_t rid[TALLY_RID_BYTES];
    uint32_t did_count; /* the last is the current one */
    char dids[TALLY_MEMBER_DIDS_MAX][TALLY_DID_BYTES_MAX + 1];
    char recovery_did[TALLY_DID_BYTES_MAX + 1];
    int64_t joined_ms;
    bool is_generated;
    uint8_t data_key[TALLY_KEY_BYTES];
    uint8_t handle_secret[TALLY_KEY_BYTES];
    uint8_t label_secret[TALLY_KEY_BYTES];
    uint32_t policy_count;
    tally_member_policy policies[TALLY_MEMBER_POLICIES_MAX];
} tally_member;

/* Find by did (current or alias). *out_is_found false: nobody, whoever asks and why. Wipe the member after use. */
TALLY_MUST_CHECK tally_rc tally_member_find(tally_ledger *ledger,
                                            tally_store_transaction *transaction, tally_text did,
                                            tally_member *out_member, bool *out_is_found,
                                            tally_err *err);
/* The subject number of a did alone; 0 for nobody's. */
TALLY_MUST_CHECK tally_rc tally_member_subject(tally_store_transaction *transaction, tally_text did,
                                               int64_t *out_subject, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_member_load(tally_ledger *ledger,
                                            tally_store_transaction *transaction, int64_t subject,
                                            tally_member *out_member, bool *out_is_found,
                                            tally_err *err);
/* Write a member and its dids. */
TALLY_MUST_CHECK tally_rc tally_member_save(tally_ledger *ledger,
                                            tally_store_transaction *transaction,
                                            const tally_member *member, tally_err *err);
/* Remove the member's own rows: MEMBERS, MEMBER_BY_DID and SNAPSHOT_OPENINGS. */
TALLY_MUST_CHECK tally_rc tally_member_delete(tally_ledger *ledger,
                                              tally_store_transaction *transaction,
                                              const tally_member *member, tally_err *err);
/* Go through all members in order of subject number: for aggregates, snapshots and admission's cache. */
typedef tally_rc (*tally_member_visit)(void *context, const tally_member *member, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_member_each(tally_ledger *ledger,
                                            tally_store_transaction *transaction,
                                            tally_member_visit visit, void *context,
                                            tally_err *err);
/* The same from a subject number on. */
TALLY_MUST_CHECK tally_rc tally_member_each_from(tally_ledger *ledger,
                                                 tally_store_transaction *transaction, int64_t from,
                                                 tally_member_visit visit, void *context,
                                                 tally_err *err);
void tally_member_wipe(tally_member *member);

/* ---- receipts as the ledger asks for them -------------------------------------- */

typedef struct tally_receipt_span {
    int64_t number;
    int64_t given_ms, lapses_ms, ended_ms; /* ended_ms INT64_MAX: not ended */
    uint32_t policy_version;
    bool is_participation; /* the purpose of the programme itself; else a further one */
} tally_receipt_span;

#define TALLY_RECEIPTS_MAX 64u /* a member's, live and ended */

/* A member's receipts, oldest first. */
TALLY_MUST_CHECK tally_rc tally_member_receipts(tally_ledger *ledger,
                                                tally_store_transaction *transaction,
                                                int64_t subject,
                                                tally_receipt_span out[static TALLY_RECEIPTS_MAX],
                                                size_t *out_count, tally_err *err);

/* Is there a live receipt for the programme's purpose at both instants: when it happened, and now? */
bool tally_receipts_cover(const tally_receipt_span *receipts, size_t count, int64_t at_ms,
                          int64_t now_ms);

/* ---- events sealed for a member (docs/ledger.md section 4) ---------------------- */

typedef enum tally_event_content {
    TALLY_CONTENT_JSONL = 1,
    TALLY_CONTENT_CLOUDEVENT = 2,
    TALLY_CONTENT_CSV = 3
} tally_event_content;

typedef struct tally_event_plain {
    tally_event_content content;
    uint32_t source;
    int64_t recorded_ms;
    uint8_t salt[32];
    tally_text bytes; /* the event as the source signed it */
} tally_event_plain;

#define TALLY_EVENT_SEALED_EXTRA \
    86u /* bytes of a sealed event beyond the event's own: nonce 24, tag 16, head 14, salt 32 */

/* Seal into out (bytes.count + TALLY_EVENT_SEALED_EXTRA bytes). No allocation. An organisation's event (key NULL) is the
 * plaintext itself behind 24 zero bytes and before 16. */
TALLY_MUST_CHECK tally_rc tally_event_seal(uint8_t *out, const uint8_t nonce[static 24],
                                           const uint8_t *key, const uint8_t *rid, int64_t batch,
                                           uint32_t position, const tally_event_plain *plain,
                                           tally_err *err);
/* Open into room (sealed.count bytes); out->bytes points there. TALLY_E_CORRUPT: not what was sealed. */
TALLY_MUST_CHECK tally_rc tally_event_open(tally_event_plain *out, uint8_t *room,
                                           const uint8_t *key, const uint8_t *rid,
                                           const tally_stored_event *event, tally_err *err);

#endif
