/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_WALLET_WALLET_H
#define TALLY_WALLET_WALLET_H

/* A member's wallet: one seed, and what each programme gave the member. The file formats
 * are docs/formats/wallet.md.
 *
 * Two kinds of file hold wallets. A member's own is sealed with a passphrase. A generated
 * set is not sealed: it holds the wallets of many members that nobody is, made from one
 * seed for examples and tests, and its first line says so.
 *
 * All memory that held secrets is wiped. One thread at a time. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/random.h"
#include "crypto/seal.h"
#include "tally/base.h"
#include "util/text.h"
#include "wallet/derive.h"

#define TALLY_WALLET_FILE_BYTES_MAX ((size_t)16 << 20)
#define TALLY_WALLET_PROGRAMMES_MAX 256
#define TALLY_WALLET_ITEMS_MAX      4096 /* in one programme */
#define TALLY_WALLET_CONTENT_MAX    ((size_t)1 << 20)
#define TALLY_WALLET_NAME_MAX       128
#define TALLY_WALLET_DID_MAX        255
#define TALLY_WALLET_PASSPHRASE_MIN 10 /* characters; the longest is 1024 bytes */
#define TALLY_WALLET_PASSPHRASE_MAX 1024
#define TALLY_WALLET_GENERATED_MAX  100000
#define TALLY_WALLET_SECRET_BYTES   32

/* What is kept, by type and name: receipts, credentials, proofs. Content is text. */
typedef struct tally_wallet_item {
    tally_text type;    /* "receipt", ...: 1 to 32 of a-z 0-9 - */
    tally_text name;    /* unique within the type */
    tally_text content; /* never empty */
} tally_wallet_item;

#define TALLY_WALLET_RECEIPT "receipt" /* a consent receipt; name: its record in hex */

/* One programme. Read its members; change texts and items by the functions below, and the
 * others directly. It stays where it is as long as its wallet. */
typedef struct tally_wallet_programme {
    tally_text origin;        /* never empty */
    tally_text programme_did; /* whose signatures count; empty when not known yet */
    tally_text checkpoint;    /* of its log, the last one seen; may be empty */
    bool is_member;
    uint32_t key_index;      /* of the key in use, or of the one to join with */
    uint32_t recovery_index; /* of the recovery key: key_index at joining */
    bool has_secrets;        /* given at joining: */
    uint8_t handle_secret[TALLY_WALLET_SECRET_BYTES];
    uint8_t label_secret[TALLY_WALLET_SECRET_BYTES];
    tally_wallet_item *items; /* in order of type and name */
    uint32_t item_count, item_room;
} tally_wallet_programme;

typedef struct tally_wallet tally_wallet;

/* A wallet with this seed and nothing in it. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_wallet_new(tally_wallet **out_wallet,
                                           const uint8_t seed[static TALLY_WALLET_SEED_BYTES],
                                           tally_err *err);

/* Wipe and release. NULL is allowed. */
void tally_wallet_free(tally_wallet *wallet);

const uint8_t *tally_wallet_seed(const tally_wallet *wallet);

/* Whether it belongs to a generated set, and so to nobody. */
bool tally_wallet_is_generated(const tally_wallet *wallet);

/* The programmes, in order of their origin. */
uint32_t tally_wallet_programme_count(const tally_wallet *wallet);
tally_wallet_programme *tally_wallet_programme_at(const tally_wallet *wallet, uint32_t index);

/* NULL when there is none of that origin. */
tally_wallet_programme *tally_wallet_find(const tally_wallet *wallet, tally_text origin);

/* The programme of that origin, added when it is new.
 * TALLY_E_INVALID: the origin is empty, too long or not visible text. TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_wallet_add(tally_wallet *wallet, tally_wallet_programme **out,
                                           tally_text origin, tally_err *err);

/* Forget a programme and all of it, but for its origin and key_index + 1: joining again is
 * with another key. */
void tally_wallet_forget(tally_wallet_programme *programme);

/* The member's key in a programme, or the recovery key: seed and public key. out_seed must
 * be wiped by the caller; it may be NULL. TALLY_E_IO as for Ed25519. */
TALLY_MUST_CHECK tally_rc tally_wallet_member_key(const tally_wallet *wallet,
                                                  const tally_wallet_programme *programme,
                                                  uint8_t *out_seed,
                                                  uint8_t out_public32[static 32], tally_err *err);
TALLY_MUST_CHECK tally_rc tally_wallet_recovery_key(const tally_wallet *wallet,
                                                    const tally_wallet_programme *programme,
                                                    uint8_t *out_seed,
                                                    uint8_t out_public32[static 32],
                                                    tally_err *err);

/* Set programme_did or checkpoint, of which out is the address. TALLY_E_LIMIT: longer than
 * TALLY_WALLET_CONTENT_MAX. TALLY_E_INVALID: no UTF-8. TALLY_E_NOMEM: the old text stays. */
TALLY_MUST_CHECK tally_rc tally_wallet_set_text(tally_text *out, tally_text text, tally_err *err);

/* Keep an item, in the place of one of the same type and name. Errors as above. */
TALLY_MUST_CHECK tally_rc tally_wallet_put(tally_wallet_programme *programme, const char *type,
                                           tally_text name, tally_text content, tally_err *err);

/* NULL when there is none. */
const tally_wallet_item *tally_wallet_get(const tally_wallet_programme *programme, const char *type,
                                          tally_text name);

/* Forget an item; false when there was none. */
bool tally_wallet_remove(tally_wallet_programme *programme, const char *type, tally_text name);

#endif
