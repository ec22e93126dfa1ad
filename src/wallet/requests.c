/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a wallet, and their answers. */

#include "wallet/requests.h"

#include "crypto/did_key.h"
#include "crypto/hash.h"

#define OFFER_ARENA_BYTES ((size_t)8 << 20)
#define RECORD_DIGITS     32

/* ---- keys ---- */

tally_rc tally_wallet_did(const tally_wallet *wallet, const tally_wallet_programme *programme,
                          tally_did_key *out, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc = tally_wallet_member_key(wallet, programme, NULL, public32, err);

    if (rc == TALLY_OK)
        tally_did_key_write(out, public32);
    return rc;
}

tally_rc tally_wallet_recovery_did(const tally_wallet *wallet,
                                   const tally_wallet_programme *programme, tally_did_key *out,
                                   tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc = tally_wallet_recovery_key(wallet, programme, NULL, public32, err);

    if (rc == TALLY_OK)
        tally_did_key_write(out, public32);
    return rc;
}

/* ---- asking ---- */

/* A request under way: its seeds are wiped by finish(). */
typedef struct asking {
    tally_request request;
    tally_did_key did, next;
    uint8_t seed[32], next_seed[32];
} asking;

static tally_rc start(asking *self, const tally_wallet *wallet,
                      const tally_wallet_programme *programme, const tally_wallet_moment *moment,
                      tally_request_kind kind, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc;

    *self = (asking){ .request = {
                          .kind = kind, .programme = programme->origin, .at_ms = moment->now_ms } };
    rc = tally_wallet_member_key(wallet, programme, self->seed, public32, err);
    if (rc != TALLY_OK)
        return rc;
    tally_did_key_write(&self->did, public32);
    self->request.member = tally_text_from(self->did.text);
    return tally_random_fill(moment->random, self->request.nonce, sizeof(self->request.nonce), err);
}

static tally_rc finish(asking *self, tally_rc rc, tally_buffer *out, tally_err *err)
{
    if (rc == TALLY_OK)
        rc = tally_request_write(
            out, &self->request, self->seed,
            self->request.kind == TALLY_REQUEST_ROTATE ? self->next_seed : NULL, err);
    tally_secret_wipe(self->seed, sizeof(self->seed));
    tally_secret_wipe(self->next_seed, sizeof(self->next_seed));
    return rc;
}

tally_rc tally_wallet_ask_leave(const tally_wallet *wallet, const tally_wallet_programme *programme,
                                const tally_wallet_moment *moment, tally_buffer *out,
                                tally_err *err)
{
    asking self;
    tally_rc rc = start(&self, wallet, programme, moment, TALLY_REQUEST_LEAVE, err);

    return finish(&self, rc, out, err);
}

tally_rc tally_wallet_ask_withdraw(const tally_wallet *wallet,
                                   const tally_wallet_programme *programme,
                                   const tally_wallet_moment *moment,
                                   const uint8_t record[static 16], tally_buffer *out,
                                   tally_err *err)
{
    asking self;
    tally_rc rc = start(&self, wallet, programme, moment, TALLY_REQUEST_WITHDRAW, err);

    memcpy(self.request.record, record, sizeof(self.request.record));
    return finish(&self, rc, out, err);
}

tally_rc tally_wallet_ask_read(const tally_wallet *wallet, const tally_wallet_programme *programme,
                               const tally_wallet_moment *moment, tally_read_what what,
                               const int64_t *as_of_ms, tally_buffer *out, tally_err *err)
{
    asking self;
    tally_rc rc = start(&self, wallet, programme, moment, TALLY_REQUEST_READ, err);

    self.request.what = what;
    self.request.has_as_of = as_of_ms != NULL;
    self.request.as_of_ms = as_of_ms != NULL ? *as_of_ms : 0;
    return finish(&self, rc, out, err);
}

tally_rc tally_wallet_ask_rotate(const tally_wallet *wallet,
                                 const tally_wallet_programme *programme,
                                 const tally_wallet_moment *moment, bool with_recovery,
                                 tally_buffer *out, tally_err *err)
{
    tally_wallet_programme next = *programme;
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    asking self;
    tally_rc rc = start(&self, wallet, programme, moment, TALLY_REQUEST_ROTATE, err);

    next.key_index++;
    if (rc == TALLY_OK)
        rc = tally_wallet_member_key(wallet, &next, self.next_seed, public32, err);
    if (rc == TALLY_OK) {
        tally_did_key_write(&self.next, public32);
        self.request.to = tally_text_from(self.next.text);
    }
    if (rc == TALLY_OK && with_recovery)
        rc = tally_wallet_recovery_key(wallet, programme, self.seed, public32, err);
    return finish(&self, rc, out, err);
}

/* ---- agreeing ---- */

static tally_rc refuse_offer(tally_err *err, const char *why)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "the offer %s; nothing was signed", why);
}

/* Reading it has already refused a second purpose, anything shared beforehand, more than 24 months, and
 * other words than every receipt has. */
static tally_rc check_offer(const tally_wallet *wallet, const tally_wallet_programme *programme,
                            const tally_did_key *did, const tally_receipt *offer, tally_text notice,
                            tally_err *err)
{
    uint8_t hash[TALLY_HASH_BYTES];
    tally_did_key recovery;
    tally_rc rc = tally_wallet_recovery_did(wallet, programme, &recovery, err);

    if (rc != TALLY_OK)
        return rc;
    if (tally_hash_sha256(hash, notice.bytes, notice.count) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "checking an offer");
    if (!tally_text_is_equal(offer->programme, programme->origin) ||
        (programme->programme_did.count > 0 &&
         !tally_text_is_equal(offer->controller_did, programme->programme_did)))
        return refuse_offer(err, "is another programme's");
    if (!tally_text_is(offer->member_did, did->text) ||
        !tally_text_is(offer->recovery_did, recovery.text))
        return refuse_offer(err, "names keys that are not this wallet's");
    if (!tally_text_is(offer->purpose, TALLY_PURPOSE_PARTICIPATION))
        return refuse_offer(err, "is for another purpose than taking part");
    if (offer->is_generated != tally_wallet_is_generated(wallet))
        return refuse_offer(err, offer->is_generated ? "says that you are a generated member"
                                                     : "takes a generated member for a person");
    if (memcmp(hash, offer->notice, sizeof(hash)) != 0)
        return refuse_offer(err, "is not the one that the notice is about");
    return TALLY_OK;
}

static tally_rc sign_offer(asking *self, const tally_wallet *wallet,
                           const tally_wallet_programme *programme, tally_text offer,
                           tally_text notice, tally_buffer *receipt, tally_err *err)
{
    tally_arena *arena = tally_arena_new(OFFER_ARENA_BYTES);
    tally_receipt read;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "checking an offer");
    rc = tally_receipt_read(&read, offer, arena, err);
    if (rc == TALLY_OK)
        rc = check_offer(wallet, programme, &self->did, &read, notice, err);
    if (rc == TALLY_OK)
        rc = tally_receipt_sign(receipt, TALLY_TEXT(""), offer, self->seed, err);
    tally_arena_free(arena);
    return rc;
}

tally_rc tally_wallet_ask_join(const tally_wallet *wallet, const tally_wallet_programme *programme,
                               const tally_wallet_moment *moment, tally_text offer,
                               tally_text notice, tally_text token, tally_buffer *out,
                               tally_err *err)
{
    tally_buffer receipt;
    asking self;
    tally_rc rc = start(&self, wallet, programme, moment,
                        token.count > 0 ? TALLY_REQUEST_JOIN : TALLY_REQUEST_CONSENT, err);

    tally_buffer_init(&receipt, TALLY_RECEIPT_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = sign_offer(&self, wallet, programme, offer, notice, &receipt, err);
    self.request.token = token;
    self.request.receipt = tally_buffer_text(&receipt);
    rc = finish(&self, rc, out, err);
    tally_buffer_free(&receipt);
    return rc;
}

/* ---- answers ---- */

static tally_rc refuse_answer(tally_err *err)
{
    return tally_err_set(err, TALLY_E_INVALID, 0,
                         "the answer is not one to this wallet; nothing was changed");
}

static tally_text record_name(char out[static RECORD_DIGITS + 1], const uint8_t *record)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < RECORD_DIGITS; i++)
        out[i] = digits[record[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    out[RECORD_DIGITS] = '\0';
    return tally_text_of(out, RECORD_DIGITS);
}

static tally_rc keep_receipt(const tally_wallet *wallet, tally_wallet_programme *programme,
                             tally_text text, tally_arena *arena, tally_err *err)
{
    char name[RECORD_DIGITS + 1];
    tally_signed_receipt receipt;
    tally_did_key did;
    tally_rc rc = tally_receipt_verify(&receipt, text, arena, err);

    if (rc == TALLY_OK)
        rc = tally_wallet_did(wallet, programme, &did, err);
    if (rc != TALLY_OK)
        return rc;
    if (!receipt.has_member || !receipt.has_programme ||
        !tally_text_is(receipt.receipt.member_did, did.text) ||
        !tally_text_is_equal(receipt.receipt.controller_did, programme->programme_did))
        return refuse_answer(err);
    return tally_wallet_put(programme, TALLY_WALLET_RECEIPT,
                            record_name(name, receipt.receipt.record), text, err);
}

static tally_rc take_rotated(const tally_wallet *wallet, tally_wallet_programme *programme,
                             tally_text member, tally_err *err)
{
    tally_wallet_programme next = *programme;
    tally_did_key did;
    tally_rc rc;

    next.key_index++;
    rc = tally_wallet_did(wallet, &next, &did, err);
    if (rc == TALLY_OK && !tally_text_is(member, did.text))
        rc = refuse_answer(err);
    if (rc == TALLY_OK)
        programme->key_index++;
    return rc;
}

static tally_rc take(const tally_wallet *wallet, tally_wallet_programme *programme,
                     const tally_answer *answer, tally_arena *arena, tally_err *err)
{
    char name[RECORD_DIGITS + 1];
    tally_rc rc = TALLY_OK;

    switch (answer->kind) {
    case TALLY_ANSWER_JOINED:
    case TALLY_ANSWER_CONSENTED:
        rc = keep_receipt(wallet, programme, answer->receipt, arena, err);
        if (rc != TALLY_OK || answer->kind == TALLY_ANSWER_CONSENTED)
            break;
        memcpy(programme->handle_secret, answer->handle_secret, sizeof(answer->handle_secret));
        memcpy(programme->label_secret, answer->label_secret, sizeof(answer->label_secret));
        programme->has_secrets = programme->is_member = true;
        break;
    case TALLY_ANSWER_WITHDRAWN:
        (void)tally_wallet_remove(programme, TALLY_WALLET_RECEIPT,
                                  record_name(name, answer->record));
        break;
    case TALLY_ANSWER_ROTATED:
        rc = take_rotated(wallet, programme, answer->member, err);
        break;
    case TALLY_ANSWER_LEFT:
        /* Without a certificate this key is nobody's there: perhaps another device changed it. */
        if (answer->has_certificate)
            tally_wallet_forget(programme);
        else
            programme->is_member = false;
        break;
    }
    return rc;
}

tally_rc tally_wallet_take_answer(const tally_wallet *wallet, tally_wallet_programme *programme,
                                  tally_text text, tally_arena *arena, tally_answer *out,
                                  tally_err *err)
{
    tally_answer answer;
    tally_jws_key key;
    tally_rc rc = tally_did_key_read(key.public32, programme->programme_did, err);

    if (rc == TALLY_OK)
        rc = tally_answer_read(&answer, text, &key, arena, err);
    if (rc != TALLY_OK)
        return rc;
    rc = tally_text_is_equal(answer.programme, programme->origin)
             ? take(wallet, programme, &answer, arena, err)
             : refuse_answer(err);
    if (rc == TALLY_OK && out != NULL)
        *out = answer;
    tally_secret_wipe(&answer, sizeof(answer));
    return rc;
}
