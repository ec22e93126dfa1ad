/* SPDX-License-Identifier: Apache-2.0 */
/* Members' requests: who may ask, when, and how often. SPENT_NONCES maps the mark of a
 * request to the instant after which it would be stale anyway and, for a leave, the number
 * of its certificate: two u64, big-endian. */

#include "ledger/message.h"

#include "crypto/did_key.h"
#include "util/bytes.h"

#define SPENT_BYTES 16

tally_rc tally_message_read(tally_ledger *ledger, tally_text text, tally_arena *arena,
                            tally_message *out, tally_denial *denial, tally_err *err)
{
    tally_err lower = TALLY_ERR_INIT;
    tally_rc rc;

    *out = (tally_message){ .is_member = false };
    rc = tally_request_read(&out->request, &out->signer, out->mark, text, arena, &lower);
    if (rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT)
        return tally_deny(denial, err, TALLY_E_INVALID, "E_MESSAGE", "", "Make the request again.",
                          "This is no request: %s.", lower.message);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "%s", lower.message);
    if (!tally_text_is_equal(out->request.programme, ledger->origin))
        return tally_deny(denial, err, TALLY_E_DENIED, "E_CROSS_PROGRAMME", "R7",
                          "Send it to that programme.",
                          "This request is for another programme, %.*s. Nothing was done.",
                          TALLY_TEXT_ARGS(out->request.programme));
    return TALLY_OK;
}

/* ---- fresh and new ---- */

static tally_rc check_time(tally_message *message, tally_denial *denial, tally_err *err)
{
    int64_t at_ms = message->request.at_ms;

    if (at_ms >= message->now_ms - TALLY_MESSAGE_FRESH_MS &&
        at_ms <= message->now_ms + TALLY_MESSAGE_FRESH_MS)
        return TALLY_OK;
    return tally_deny(denial, err, TALLY_E_DENIED, "E_STALE", "",
                      "See that your clock is right and make the request again.",
                      "The request was not made within 10 minutes of now. Nothing was done.");
}

static tally_rc check_spent(tally_store_transaction *transaction, tally_message *message,
                            tally_denial *denial, tally_err *err)
{
    tally_text value;
    bool is_found;
    tally_rc rc = tally_store_find(
        transaction, TALLY_STORE_SPENT_NONCES,
        tally_text_of((const char *)message->mark, sizeof(message->mark)), &value, &is_found, err);

    if (rc != TALLY_OK || !is_found)
        return rc;
    if (value.count != SPENT_BYTES)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "a spent nonce is damaged");
    if (message->request.kind != TALLY_REQUEST_LEAVE)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_REPLAY", "",
                          "Make a new request, if you want the same again.",
                          "This request was taken before. Nothing was done again.");
    message->is_repeated = true;
    message->certificate = (int64_t)tally_read_u64((const uint8_t *)value.bytes + 8);
    return TALLY_OK;
}

/* ---- by whom ---- */

static bool is_key_of(const tally_jws_key *key, tally_text did)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];

    return tally_did_key_read(public32, did, NULL) == TALLY_OK &&
           memcmp(public32, key->public32, sizeof(public32)) == 0;
}

static tally_rc refuse_signature(tally_denial *denial, tally_err *err)
{
    return tally_deny(denial, err, TALLY_E_DENIED, "E_SIGNATURE", "",
                      "Sign with the key of this programme in your wallet.",
                      "The request is not signed by the key it is about. Nothing was done.");
}

/* A key that was replaced is nobody's any more, except that the recovery key may rotate it. So what
 * a stranger learns is the same whoever a did belongs to. */
static tally_rc check_signer(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_message *message, tally_denial *denial, tally_err *err)
{
    const tally_member *member = &message->member;
    bool is_own = is_key_of(&message->signer, message->request.member);
    tally_rc rc = tally_member_find(ledger, transaction, message->request.member, &message->member,
                                    &message->is_member, err);

    if (rc != TALLY_OK)
        return rc;
    if (message->is_member && message->request.kind == TALLY_REQUEST_ROTATE &&
        is_key_of(&message->signer, tally_text_from(member->recovery_did)))
        return TALLY_OK;
    if (message->is_member &&
        !tally_text_is(message->request.member, member->dids[member->did_count - 1])) {
        message->is_member = false;
        tally_member_wipe(&message->member);
    }
    return is_own ? TALLY_OK : refuse_signature(denial, err);
}

tally_rc tally_message_admit(tally_ledger *ledger, tally_store_transaction *transaction,
                             tally_message *message, tally_denial *denial, tally_err *err)
{
    tally_rc rc;

    message->now_ms = tally_ledger_stamp(ledger);
    message->is_member = message->is_repeated = false;
    rc = check_time(message, denial, err);
    if (rc == TALLY_OK)
        rc = check_spent(transaction, message, denial, err);
    if (rc == TALLY_OK && !message->is_repeated)
        rc = check_signer(ledger, transaction, message, denial, err);
    return rc;
}

tally_rc tally_message_refuse_stranger(tally_denial *denial, tally_err *err)
{
    return tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_RECORDED", "R3",
                      "Join first, if you want to.",
                      "Nothing is recorded under this key. Nothing was done.");
}

/* ---- afterwards ---- */

tally_rc tally_message_spend(tally_ledger *ledger, tally_store_transaction *transaction,
                             const tally_message *message, int64_t certificate, tally_err *err)
{
    uint8_t value[SPENT_BYTES];

    (void)ledger;
    tally_write_u64(value, (uint64_t)(message->request.at_ms + TALLY_MESSAGE_FRESH_MS));
    tally_write_u64(value + 8, (uint64_t)certificate);
    return tally_store_name(transaction, TALLY_STORE_SPENT_NONCES,
                            tally_text_of((const char *)message->mark, sizeof(message->mark)),
                            tally_text_of((const char *)value, sizeof(value)), err);
}

tally_rc tally_message_answer(const tally_ledger *ledger, tally_buffer *out,
                              const tally_message *message, tally_answer *answer, tally_err *err)
{
    tally_buffer_reset(out);
    answer->programme = ledger->origin;
    answer->at_ms = message->now_ms;
    return tally_answer_write(out, answer, ledger->keys->operator_seed, err);
}

void tally_message_wipe(tally_message *message)
{
    tally_secret_wipe(&message->member, sizeof(message->member));
    message->is_member = false;
}
