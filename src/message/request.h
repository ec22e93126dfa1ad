/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_MESSAGE_REQUEST_H
#define TALLY_MESSAGE_REQUEST_H

/* What a member asks of a programme, as one signed text (docs/formats/message.md). The wallet
 * writes it, the ledger reads it. Pure: whether it is fresh, new and the member's is the ledger's
 * question. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/jws.h"
#include "tally/base.h"
#include "util/arena.h"
#include "util/buffer.h"

#define TALLY_REQUEST_BYTES_MAX        ((size_t)64 << 10)
#define TALLY_REQUEST_TYP              "tally-request+jws"
#define TALLY_REQUEST_ORIGIN_BYTES_MAX 255u
#define TALLY_TOKEN_BYTES_MAX          1024u
#define TALLY_RECORD_BYTES             16
#define TALLY_REQUEST_NONCE_BYTES      16

typedef enum tally_request_kind {
    TALLY_REQUEST_JOIN,
    TALLY_REQUEST_CONSENT,
    TALLY_REQUEST_WITHDRAW,
    TALLY_REQUEST_LEAVE,
    TALLY_REQUEST_ROTATE,
    TALLY_REQUEST_READ
} tally_request_kind;

typedef enum tally_read_what {
    TALLY_READ_STATEMENT,
    TALLY_READ_RECEIPTS,
    TALLY_READ_ACCESSES,
    TALLY_READ_EXPORT,
    TALLY_READ_IN_WORDS /* the statement as plain text */
} tally_read_what;

/* What stands in a request. Which of the later members count depends on the kind. */
typedef struct tally_request {
    tally_request_kind kind;
    tally_text programme; /* origin */
    tally_text member;    /* did:key */
    int64_t at_ms;
    uint8_t nonce[TALLY_REQUEST_NONCE_BYTES];

    tally_text token;                   /* join */
    tally_text receipt;                 /* join, consent: general JWS with the member's signature */
    uint8_t record[TALLY_RECORD_BYTES]; /* withdraw: of the receipt */
    tally_text to;                      /* rotate: the new did; its key has signed (section 1) */
    tally_read_what what;               /* read */
    bool has_as_of;
    int64_t as_of_ms;
} tally_request;

/* Append a request, signed with the key of this seed.
 *
 * to_seed  for rotate: the seed of the new key, whose did request->to is; else NULL.
 *
 * TALLY_E_INVALID: request->receipt is no JSON. TALLY_E_LIMIT, TALLY_E_NOMEM, TALLY_E_IO. */
TALLY_MUST_CHECK tally_rc tally_request_write(tally_buffer *out, const tally_request *request,
                                              const uint8_t seed[static 32], const uint8_t *to_seed,
                                              tally_err *err);

/* Read a request and check its signatures.
 *
 * out         its texts live in the arena
 * out_signer  the key that signed; whether it may is the caller's question
 * out_mark    SHA-256 of what was signed, by which a request is known again
 *
 * TALLY_E_INVALID  it is none, or a signature is wrong
 * TALLY_E_LIMIT    it is too long
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_request_read(tally_request *out, tally_jws_key *out_signer,
                                             uint8_t out_mark[static 32], tally_text message,
                                             tally_arena *arena, tally_err *err);

/* "join" … and "statement" …. */
const char *tally_request_kind_name(tally_request_kind kind);
const char *tally_read_what_name(tally_read_what what);

#endif
