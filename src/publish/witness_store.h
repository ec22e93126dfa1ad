/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_WITNESS_STORE_H
#define TALLY_PUBLISH_WITNESS_STORE_H

/* A witness (c2sp.org/tlog-witness@v1.0.0): for each log it knows it keeps the
 * last checkpoint that it cosigned, and cosigns another only when that is proven
 * to have grown from it. The new one is durable before the answer goes out, so
 * that nothing makes it cosign two histories. docs/formats/witness.md has the
 * folder.
 *
 * One process holds the lock of the folder. One thread at a time. */

#include "publish/folder.h"
#include "tlog/checkpoint.h"
#include "tlog/witness.h"

typedef struct tally_witness_options {
    const tally_files *files;
    int at;
    const char *path;
    const tally_signer *signer; /* of kind TALLY_KEY_WITNESS */
    const tally_vkey *logs;     /* keys of the logs it knows; several of one name are one log's */
    size_t log_count;           /* at most TALLY_TRUST_KEYS_MAX */
} tally_witness_options;

typedef struct tally_witness {
    tally_witness_options options;
    tally_folder folder;
    tally_hash *hash;
    int lock;
} tally_witness;

/* out is ended with tally_witness_close(), also after a failure; what the options
 * point to must outlive it.
 *
 * TALLY_E_CONFLICT  another process holds the lock
 * TALLY_E_INVALID   the signer is no witness's, or there are too many logs
 * TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_witness_open(tally_witness *out,
                                             const tally_witness_options *options, tally_err *err);

/* Answer the body of an add-checkpoint request.
 *
 * now_s       seconds since 1970, signed with the checkpoint
 * out_status  200, 400, 403, 404, 409 or 422
 * out_body    what to answer with is appended: the signature line for 200, a size
 *             for 409, a sentence otherwise
 *
 * TALLY_E_IO       the disk: answer 500, and end the process if the folder is broken
 * TALLY_E_CORRUPT  the checkpoint it kept is none: answer 500, and look
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_witness_answer(tally_witness *witness, tally_text request,
                                               int64_t now_s, uint32_t *out_status,
                                               tally_buffer *out_body, tally_err *err);

void tally_witness_close(tally_witness *witness);

#endif
