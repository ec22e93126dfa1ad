/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens of a pilot, and using them up. */

#include "ledger/token.h"

#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/mac.h"

#define PREFIX      "tally-1-"
#define ID_BYTES    16
#define CHECK_BYTES 16
#define TOKEN_BYTES (ID_BYTES + CHECK_BYTES)

/* The first bytes of the id's HMAC. */
static void make_check(uint8_t out[static CHECK_BYTES], const tally_ledger *ledger,
                       const uint8_t id[static ID_BYTES])
{
    static const char info[] = "tally/roll/v1";
    uint8_t key[TALLY_KEY_BYTES], mac[TALLY_MAC_BYTES];

    tally_mac_hkdf(key, sizeof(key), ledger->keys->programme_key, TALLY_KEY_BYTES, NULL, 0, info,
                   sizeof(info) - 1);
    tally_mac_hmac(mac, key, sizeof(key), id, ID_BYTES);
    memcpy(out, mac, CHECK_BYTES);
    tally_secret_wipe(key, sizeof(key));
    tally_secret_wipe(mac, sizeof(mac));
}

tally_rc tally_token_issue(const tally_ledger *ledger, char out_text[static TALLY_TOKEN_TEXT_BYTES],
                           tally_err *err)
{
    uint8_t token[TOKEN_BYTES];
    tally_buffer text;
    tally_rc rc = tally_random_fill(ledger->options.random, token, ID_BYTES, err);

    if (rc != TALLY_OK)
        return rc;
    make_check(token + ID_BYTES, ledger, token);
    tally_buffer_init(&text, TALLY_TOKEN_TEXT_BYTES);
    (void)tally_buffer_append_string(&text, PREFIX);
    rc = tally_base64url_append(&text, token, sizeof(token));
    if (rc == TALLY_OK)
        memcpy(out_text, text.bytes, text.count + 1);
    tally_buffer_free(&text);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "issuing a token");
}

static tally_rc refuse(tally_denial *denial, tally_err *err, const char *why)
{
    return tally_deny(denial, err, TALLY_E_DENIED, "E_TOKEN", "R6",
                      "Ask whoever runs the roll for a token of your own.",
                      "The enrolment token %s. Nothing was stored.", why);
}

static tally_rc check_pilot(void *context, const tally_ledger *ledger, tally_text token,
                            uint8_t out_mark[static TALLY_TOKEN_MARK_BYTES], tally_denial *denial,
                            tally_err *err)
{
    static const char tag[16] = "tally/token/v1";
    uint8_t bytes[16 + TOKEN_BYTES], wanted[CHECK_BYTES];
    tally_text body = tally_text_slice(token, sizeof(PREFIX) - 1, token.count);
    bool is_ours;

    (void)context;
    memcpy(bytes, tag, sizeof(tag));
    if (!tally_text_has_prefix(token, TALLY_TEXT(PREFIX)) ||
        !tally_base64url_is_exactly(bytes + 16, TOKEN_BYTES, body))
        return refuse(denial, err, "is none");
    make_check(wanted, ledger, bytes + 16);
    is_ours = tally_mac_is_equal(wanted, bytes + 16 + ID_BYTES, CHECK_BYTES);
    tally_secret_wipe(wanted, sizeof(wanted));
    if (!is_ours)
        return refuse(denial, err, "is not of this programme's roll");
    if (tally_hash_sha256(out_mark, bytes, sizeof(bytes)) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "checking a token");
    return TALLY_OK;
}

const tally_token_verifier *tally_token_pilot(void)
{
    static const tally_token_verifier verifier = { NULL, check_pilot };

    return &verifier;
}

tally_rc tally_token_spend(tally_ledger *ledger, tally_store_transaction *transaction,
                           const tally_token_verifier *verifier, tally_text token,
                           tally_denial *denial, tally_err *err)
{
    uint8_t mark[TALLY_TOKEN_MARK_BYTES];
    tally_text name = tally_text_of((const char *)mark, sizeof(mark)), value;
    bool is_spent;
    tally_rc rc = verifier->check(verifier->context, ledger, token, mark, denial, err);

    if (rc == TALLY_OK)
        rc = tally_store_find(transaction, TALLY_STORE_SPENT_TOKENS, name, &value, &is_spent, err);
    if (rc != TALLY_OK)
        return rc;
    if (is_spent)
        return refuse(denial, err, "was used before");
    return tally_store_name(transaction, TALLY_STORE_SPENT_TOKENS, name, TALLY_TEXT(""), err);
}
