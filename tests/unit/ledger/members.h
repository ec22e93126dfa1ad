/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_LEDGER_MEMBERS_H
#define TALLY_TESTS_LEDGER_MEMBERS_H

/* A member of a fixture's programme, who asks for things. Include unit.h first. */

#include "fixture.h"
#include "ledger/join.h"
#include "ledger/receipt.h"

typedef struct members_one {
    fixture_key key, recovery;
    uint8_t handle_secret[32], label_secret[32], record[16]; /* of the receipt it joined with */
} members_one;

/* What a request brought. */
typedef struct members_outcome {
    tally_rc rc;
    tally_denial denial;
    tally_err err;
    tally_buffer text;   /* the answer as it came */
    tally_answer answer; /* read, when rc is TALLY_OK */
    tally_arena *arena;
} members_outcome;

void members_outcome_free(members_outcome *outcome);

/* Keys made from a number. */
void members_make(members_one *out, uint64_t number);

/* Start a request at the ledger's instant with a nonce of its own. */
tally_request members_request(fixture *f, const members_one *who, tally_request_kind kind);

/* Sign a request with a key, send it and read the answer. to: the new key of a rotation, else NULL. */
void members_send(members_outcome *out, fixture *f, const tally_request *request,
                  const fixture_key *signer, const fixture_key *to);
/* Send a text as it is. */
void members_send_text(members_outcome *out, fixture *f, tally_text text);

/* Ask for an offer: the payload, appended to out. */
tally_rc members_offer(fixture *f, const members_one *who, tally_buffer *out);

/* A payload with the member's signature, appended to out. */
void members_sign(tally_buffer *out, tally_text payload, const fixture_key *key);

/* An enrolment token. */
void members_token(fixture *f, char out[static TALLY_TOKEN_TEXT_BYTES]);

/* The whole way in and out; whatever is refused fails the test. */
void members_join(fixture *f, members_one *who);
void members_leave(fixture *f, const members_one *who);

/* All that the store holds, as one hash: collections and events, key by key. */
void members_store_hash(fixture *f, uint8_t out[static 32]);

#endif
