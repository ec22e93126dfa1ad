/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_WALLET_REQUESTS_H
#define TALLY_WALLET_REQUESTS_H

/* What a wallet asks of a programme, and what it does with the answers (docs/formats/message.md). No
 * request leaves without the wallet having looked at what it would sign; no answer is kept that the
 * programme's key has not signed. Whether a folder or a server lies in between is the caller's
 * business. The wallet is changed in memory; saving it is the caller's. */

#include "message/answer.h"
#include "message/receipt.h"
#include "message/request.h"
#include "wallet/wallet.h"

/* Where time and randomness come from, for one request. */
typedef struct tally_wallet_moment {
    int64_t now_ms;
    const tally_random *random;
} tally_wallet_moment;

/* The did:key by which a programme knows the member, and that of the recovery key. */
TALLY_MUST_CHECK tally_rc tally_wallet_did(const tally_wallet *wallet,
                                           const tally_wallet_programme *programme,
                                           tally_did_key *out, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_wallet_recovery_did(const tally_wallet *wallet,
                                                    const tally_wallet_programme *programme,
                                                    tally_did_key *out, tally_err *err);

/* Sign an offer: append the request `join` (with a token) or, for a member, `consent` (token empty).
 *
 * offer   the payload, as offered
 * notice  the text that was shown with it
 *
 * TALLY_E_INVALID: the offer is not what its notice is about, is for another key, purpose or programme, or
 * says that a person is a generated member or the reverse. Nothing was signed. */
TALLY_MUST_CHECK tally_rc tally_wallet_ask_join(const tally_wallet *wallet,
                                                const tally_wallet_programme *programme,
                                                const tally_wallet_moment *moment, tally_text offer,
                                                tally_text notice, tally_text token,
                                                tally_buffer *out, tally_err *err);

/* Append `withdraw` for the receipt with this record number, `leave`, or `read`. */
TALLY_MUST_CHECK tally_rc tally_wallet_ask_withdraw(const tally_wallet *wallet,
                                                    const tally_wallet_programme *programme,
                                                    const tally_wallet_moment *moment,
                                                    const uint8_t record[static 16],
                                                    tally_buffer *out, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_wallet_ask_leave(const tally_wallet *wallet,
                                                 const tally_wallet_programme *programme,
                                                 const tally_wallet_moment *moment,
                                                 tally_buffer *out, tally_err *err);
TALLY_MUST_CHECK tally_rc tally_wallet_ask_read(const tally_wallet *wallet,
                                                const tally_wallet_programme *programme,
                                                const tally_wallet_moment *moment,
                                                tally_read_what what, const int64_t *as_of_ms,
                                                tally_buffer *out, tally_err *err);

/* Append `rotate` to the next key; with_recovery: signed with the recovery key, since the present one is
 * lost or stolen. */
TALLY_MUST_CHECK tally_rc tally_wallet_ask_rotate(const tally_wallet *wallet,
                                                  const tally_wallet_programme *programme,
                                                  const tally_wallet_moment *moment,
                                                  bool with_recovery, tally_buffer *out,
                                                  tally_err *err);

/* Check an answer with the programme's key (programme_did must be known) and do in the wallet what it
 * says: keep receipt and secrets, take the next key, forget the programme. out, which may be NULL, gets
 * what was answered; its texts live in the arena; wipe it if it was `joined`.
 *
 * TALLY_E_INVALID: it is no answer of this programme, or not to what this wallet asks; nothing changed. */
TALLY_MUST_CHECK tally_rc tally_wallet_take_answer(const tally_wallet *wallet,
                                                   tally_wallet_programme *programme,
                                                   tally_text answer, tally_arena *arena,
                                                   tally_answer *out, tally_err *err);

#endif
