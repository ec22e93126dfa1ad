/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_WALLET_WALLET_INTERNAL_H
#define TALLY_WALLET_WALLET_INTERNAL_H

/* What the wallet's files share. */

#include "json/jcs.h"
#include "json/read.h"
#include "util/buffer.h"
#include "wallet/wallet.h"

#define TALLY_WALLET_MAGIC "tally-wallet/v1"

struct tally_wallet {
    uint8_t seed[TALLY_WALLET_SEED_BYTES];
    bool is_generated;
    tally_wallet_programme **programmes; /* in order of origin */
    uint32_t programme_count, programme_room;
};

/* An upper bound of the bytes that tally_wallet_write_programmes() writes. */
size_t tally_wallet_programmes_bytes(const tally_wallet *wallet);

/* Write the array of programmes as the next value. */
void tally_wallet_write_programmes(tally_jcs *jcs, const tally_wallet *wallet);

/* Read it into an empty wallet; failures are the reader's, or are returned. */
TALLY_MUST_CHECK tally_rc tally_wallet_read_programmes(tally_wallet *wallet,
                                                       tally_json_reader *reader, tally_err *err);

/* A buffer that has its whole room at once, so that growing leaves no copy of a secret
 * behind; and its wiping release. */
TALLY_MUST_CHECK tally_rc tally_wallet_reserve(tally_buffer *out, size_t bytes, tally_err *err);
void tally_wallet_wipe_buffer(tally_buffer *buffer);

#endif
