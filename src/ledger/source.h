/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SOURCE_H
#define TALLY_LEDGER_SOURCE_H

/* Sources: who may send batches (R10), under which of the names that the policy has for them, and
 * with which keys (docs/ledger.md section 2). One source a name, for as long as the programme
 * lives: its key may be replaced, and batches may be revoked, but its numbers go on.
 *
 * A source may replace its key itself: docs/formats/source.md has the message. */

#include "ledger/ledger_internal.h"

#define TALLY_SOURCE_DID_BYTES_MAX   64u
#define TALLY_SOURCE_NAME_BYTES_MAX  128u
#define TALLY_SOURCE_KEYS_MAX        32u
#define TALLY_SOURCE_REVOCATIONS_MAX 32u
#define TALLY_SOURCE_MESSAGE_TYP     "tally-source+jws"

typedef struct tally_source_key {
    char did[TALLY_SOURCE_DID_BYTES_MAX + 1];
    uint64_t from; /* signs batches from this number on, until the next key */
} tally_source_key;

/* Batches from..until - 1 count as void from that instant on. */
typedef struct tally_source_revocation {
    int64_t at_ms;
    uint64_t from, until;
} tally_source_revocation;

typedef struct tally_source_record {
    uint32_t number;
    char name[TALLY_SOURCE_NAME_BYTES_MAX + 1]; /* in the policy */
    int64_t registered_ms;
    uint64_t next_number; /* of its next batch */
    bool is_revoked;      /* until the operator gives it a new key */
    uint32_t key_count;   /* the last is the current one */
    tally_source_key keys[TALLY_SOURCE_KEYS_MAX];
    uint32_t revocation_count;
    tally_source_revocation revocations[TALLY_SOURCE_REVOCATIONS_MAX];
} tally_source_record;

/* ---- within a transaction -------------------------------------------------- */

/* Find by did, present or former. */
TALLY_MUST_CHECK tally_rc tally_source_find(tally_ledger *ledger,
                                            tally_store_transaction *transaction, tally_text did,
                                            tally_source_record *out, bool *out_is_found,
                                            tally_err *err);
TALLY_MUST_CHECK tally_rc tally_source_load(tally_ledger *ledger,
                                            tally_store_transaction *transaction, uint32_t number,
                                            tally_source_record *out, bool *out_is_found,
                                            tally_err *err);

/* May this key have signed the batch of that number? For numbers below the next one: was it the key
 * then, so that an old batch is answered again; for others: is it the present key, not revoked? */
bool tally_source_may_send(const tally_source_record *source, tally_text did, uint64_t number);

/* From when on does a batch count as void? INT64_MAX: it does not. */
int64_t tally_source_void_from_ms(const tally_source_record *source, uint64_t number);

/* Count next_number on, in source and in the store: its batch was admitted. */
TALLY_MUST_CHECK tally_rc tally_source_advance(tally_ledger *ledger,
                                               tally_store_transaction *transaction,
                                               tally_source_record *source, tally_err *err);

/* ---- use cases ----------------------------------------------------------------- */

/* Register a source. Every change of a source is a record in the log.
 *
 * TALLY_E_DENIED    E_SOURCE: the newest policy has no source of that name
 * TALLY_E_CONFLICT  E_SOURCE: the name or the key is one's already
 * TALLY_E_INVALID   the did is no did:key */
TALLY_MUST_CHECK tally_rc tally_source_register(tally_ledger *ledger, tally_text name,
                                                tally_text did, tally_source_record *out,
                                                tally_denial *denial, tally_err *err);

/* Replace a key that was lost, on the operator's word. Ends a revocation.
 * Errors as for registering; TALLY_E_DENIED: there is no such source; TALLY_E_LIMIT: 32 keys. */
TALLY_MUST_CHECK tally_rc tally_source_replace_key(tally_ledger *ledger, tally_text name,
                                                   tally_text new_did, tally_source_record *out,
                                                   tally_denial *denial, tally_err *err);

/* Replace a key on the source's own word: a message signed with the key that it has. As above;
 * TALLY_E_INVALID: not such a message; TALLY_E_DENIED too: not fresh, another programme's, revoked.
 */
TALLY_MUST_CHECK tally_rc tally_source_rotate(tally_ledger *ledger, tally_text message,
                                              tally_source_record *out, tally_denial *denial,
                                              tally_err *err);

/* Revoke a source: it sends no more, and its batches from that number on count as void from now on.
 * from_number is 1 to next_number; the latter voids nothing. */
TALLY_MUST_CHECK tally_rc tally_source_revoke(tally_ledger *ledger, tally_text name,
                                              uint64_t from_number, tally_source_record *out,
                                              tally_denial *denial, tally_err *err);

/* Go through all sources in order of number, in a transaction of its own. */
typedef tally_rc (*tally_source_visit)(void *context, const tally_source_record *source,
                                       tally_err *err);
TALLY_MUST_CHECK tally_rc tally_source_each(tally_ledger *ledger, tally_source_visit visit,
                                            void *context, tally_err *err);

/* ---- the source's half ----------------------------------------------------------- */

/* Append the message with which the holder of both keys asks for the new one. */
typedef struct tally_source_rotation {
    tally_text programme; /* origin */
    int64_t at_ms;
    const uint8_t *old_seed, *new_seed; /* TALLY_ED25519_SEED_BYTES each */
} tally_source_rotation;

TALLY_MUST_CHECK tally_rc tally_source_write_rotation(tally_buffer *out,
                                                      const tally_source_rotation *rotation,
                                                      tally_err *err);

#endif
