/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_MESSAGE_ANSWER_H
#define TALLY_MESSAGE_ANSWER_H

/* What a programme answers to a request, signed (docs/formats/message.md, section 2). The ledger
 * writes it, the wallet reads it. Pure. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/jws.h"
#include "json/jcs.h"
#include "json/read.h"
#include "tally/base.h"
#include "util/arena.h"
#include "util/buffer.h"

#define TALLY_ANSWER_BYTES_MAX ((size_t)512 << 10)
#define TALLY_ANSWER_TYP       "tally-answer+jws"

typedef enum tally_answer_kind {
    TALLY_ANSWER_JOINED,
    TALLY_ANSWER_CONSENTED,
    TALLY_ANSWER_WITHDRAWN,
    TALLY_ANSWER_ROTATED,
    TALLY_ANSWER_LEFT
} tally_answer_kind;

/* What was erased, without a name. */
typedef struct tally_certificate {
    int64_t number;
    uint8_t record[16]; /* of the line in DIR/erasures */
    int32_t day;
    int64_t events, receipts, accesses, entries;
    int32_t live_until, backups_until; /* days by which disks and backups hold nothing of it */
} tally_certificate;

typedef struct tally_answer {
    tally_answer_kind kind;
    tally_text programme; /* origin */
    int64_t at_ms;
    tally_text receipt;                          /* joined, consented: with both signatures */
    uint8_t handle_secret[32], label_secret[32]; /* joined */
    uint8_t record[16];                          /* withdrawn: of the receipt */
    tally_text member;                           /* rotated: the new did */
    bool has_certificate;                        /* left: else nothing was stored */
    tally_certificate certificate;
} tally_answer;

/* Write a certificate as an object, and read the members of one; the reader says what is wrong. */
void tally_certificate_write(tally_jcs *jcs, const tally_certificate *certificate);
void tally_certificate_read(tally_certificate *out, tally_json_reader *reader);

/* Append an answer signed with the programme's key. TALLY_E_INVALID, TALLY_E_LIMIT, TALLY_E_NOMEM,
 * TALLY_E_IO. */
TALLY_MUST_CHECK tally_rc tally_answer_write(tally_buffer *out, const tally_answer *answer,
                                             const uint8_t seed[static 32], tally_err *err);

/* Read an answer that this key must have signed; texts live in the arena.
 * TALLY_E_INVALID: it is none, or the key has not. TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_answer_read(tally_answer *out, tally_text text,
                                            const tally_jws_key *programme, tally_arena *arena,
                                            tally_err *err);

#endif
