/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_MESSAGE_CARD_H
#define TALLY_MESSAGE_CARD_H

/* Membership cards: what a member hands to one source so that it knows about whom to write
 * (docs/formats/card.md). A card holds a handle, which differs for each source and says nothing
 * about any other, and no key. Pure. */

#include "tally/base.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_HANDLE_BYTES      16
#define TALLY_HANDLE_CHARACTERS 26 /* base32 of RFC 4648 in lower case, without padding */
#define TALLY_HANDLE_PREFIX     "handle:"
#define TALLY_CARD_BYTES_MAX    ((size_t)512)

typedef struct tally_handle {
    char text[TALLY_HANDLE_CHARACTERS + 1]; /* without the prefix; NUL-terminated */
} tally_handle;

/* The handle of the member with this secret for this source: the first 16 bytes of
 * HMAC-SHA-256(secret, "tally/handle/v1" NUL || source's did). */
void tally_handle_make(tally_handle *out, const uint8_t secret[static 32], tally_text source_did);

/* Is this a handle, without the prefix? out gets its bytes and may be NULL. */
TALLY_MUST_CHECK bool tally_handle_read(uint8_t *out, tally_text text);

/* What stands on a card. */
typedef struct tally_card {
    tally_text programme; /* origin, without white space */
    tally_text source;    /* 8 hexadecimal digits of SHA-256 of the source's did */
    tally_text handle;    /* without the prefix */
} tally_card;

/* Append the text of a card for a source, without a newline. TALLY_E_INVALID: the programme is no
 * origin. TALLY_E_NOMEM, TALLY_E_LIMIT. */
TALLY_MUST_CHECK tally_rc tally_card_write(tally_buffer *out, tally_text programme,
                                           tally_text source_did, const uint8_t secret[static 32],
                                           tally_err *err);

/* Read a card; out points into text. White space around it is allowed.
 * TALLY_E_INVALID: it is none, or was misread (err says which). TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_card_read(tally_card *out, tally_text text, tally_err *err);

/* Is the card meant for this source? TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_card_is_for(bool *out_is_for, const tally_card *card,
                                            tally_text source_did);

#endif
