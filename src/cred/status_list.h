/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CRED_STATUS_LIST_H
#define TALLY_CRED_STATUS_LIST_H

/* Token Status Lists (draft-ietf-oauth-status-list): the status of many credentials in one
 * signed text, so that asking for the list does not tell which of them is looked at. Each
 * credential has an index, drawn at random; its status is `bits` bits, the first in the
 * lowest bits of the first byte; the bytes are zlib-compressed, in base64url, in a JWT of
 * typ statuslist+jwt. What is inflated is bounded. */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/jose.h"
#include "crypto/random.h"

#define TALLY_STATUS_BYTES_MAX ((size_t)1 << 20)
#define TALLY_STATUS_TYP       "statuslist+jwt"

#define TALLY_STATUS_VALID     0
#define TALLY_STATUS_INVALID   1
#define TALLY_STATUS_SUSPENDED 2

typedef struct tally_status_list tally_status_list;

/* A list of count entries, all TALLY_STATUS_VALID; bits is 1, 2, 4 or 8, and the entries
 * fill whole bytes. TALLY_E_INVALID, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_status_list_new(tally_status_list **out, uint32_t bits,
                                                uint32_t count, tally_err *err);

/* NULL is allowed. */
void tally_status_list_free(tally_status_list *list);

uint32_t tally_status_list_count(const tally_status_list *list);

/* index is below the count, value fits into the bits. */
uint32_t tally_status_list_get(const tally_status_list *list, uint32_t index);
void tally_status_list_set(tally_status_list *list, uint32_t index, uint32_t value);

/* An index below count, each as likely. Whether it is in use is for the caller to know. */
TALLY_MUST_CHECK tally_rc tally_status_list_draw(uint32_t *out_index, uint32_t count,
                                                 const tally_random *random, tally_err *err);

/* The compressed form ("lst"): append it, read it. TALLY_E_INVALID: no zlib stream in
 * base64url. TALLY_E_LIMIT: more than TALLY_STATUS_BYTES_MAX bytes come out. */
TALLY_MUST_CHECK tally_rc tally_status_list_encode(tally_buffer *out, const tally_status_list *list,
                                                   tally_err *err);
TALLY_MUST_CHECK tally_rc tally_status_list_decode(tally_status_list **out, uint32_t bits,
                                                   tally_text encoded, tally_err *err);

typedef struct tally_status_token {
    const char *uri;   /* where the list is published: sub */
    const char *kid;   /* NULL: none */
    int64_t issued_s;  /* iat */
    int64_t expires_s; /* exp; 0: none */
    int64_t ttl_s;     /* for how long it may be kept; 0: not said */
} tally_status_token;

/* Append the signed list. */
TALLY_MUST_CHECK tally_rc tally_status_list_sign(tally_buffer *out, const tally_status_list *list,
                                                 const tally_status_token *token,
                                                 const tally_jose_secret *key, tally_err *err);

/* Check a signed list fetched from uri. TALLY_E_INVALID: another uri, expired at now_s, or
 * wrongly signed. */
TALLY_MUST_CHECK tally_rc tally_status_list_verify(tally_status_list **out, tally_text jwt,
                                                   const char *uri, const tally_jose_public *key,
                                                   int64_t now_s, tally_err *err);

#endif
