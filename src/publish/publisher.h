/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_PUBLISHER_H
#define TALLY_PUBLISH_PUBLISHER_H

/* The publisher: takes entries from a journal, writes the files of the log, signs
 * its heads and publishes them. It must never sign two roots at one size, nor a
 * head smaller than one it signed (docs/formats/log-state.md says how).
 *
 * One publisher holds the lock of a log. It reads no clock: the caller says what
 * time it is. One thread at a time. After TALLY_E_CORRUPT or TALLY_E_CONFLICT it
 * signs nothing more, and neither would one started anew: a person has to look.
 * After TALLY_E_IO the process ends. */

#include "publish/files.h"
#include "publish/journal.h"
#include "tlog/quorum.h"

typedef struct tally_publisher tally_publisher;

/* While keys change two sign. */
#define TALLY_SIGNERS_MAX 2

/* How a witness is asked. */
typedef struct tally_witness_link {
    void *context;
    /* Give it the body of an add-checkpoint request. out_status is that of HTTP;
     * the body of the answer is appended to out_body. Any failure means that it
     * did not answer; err says why. Must return within a bounded time. */
    tally_rc (*ask)(void *context, tally_text request, uint32_t *out_status, tally_buffer *out_body,
                    tally_err *err);
} tally_witness_link;

typedef struct tally_publisher_options {
    const tally_files *files;
    int at;                 /* the folder that the paths begin in */
    const char *log_path;   /* the public folder */
    const char *state_path; /* of the lock and the signed heads */
    const tally_journal *journal;
    const tally_signer *signers; /* of one name, the origin; the first is the one that stays */
    size_t signer_count;
    /* Who must have cosigned before a checkpoint is published. */
    const tally_quorum *quorum;
    const tally_witness_link *links; /* quorum->witness_count; ask NULL: cannot be asked */
} tally_publisher_options;

/* What a publisher did. */
typedef struct tally_published {
    uint64_t size;      /* signed */
    uint64_t new_count; /* entries signed by this call */
    uint64_t public_size;
    uint32_t cosigned;      /* witnesses on the public checkpoint */
    bool is_public;         /* public_size is size */
    uint64_t removed_count; /* folders of partial files */
    tally_err missing;      /* why a witness is missing; the last one */
} tally_published;

/* Take the lock, check the signed heads against the public checkpoint, and bring
 * the public folder up to the last signed head if a crash left it behind.
 *
 * out_publisher  is ended with tally_publisher_close()
 * options        what they point to must outlive it
 *
 * TALLY_E_CONFLICT  another publisher holds the lock
 * TALLY_E_CORRUPT   a rollback, a fork or an altered file: nothing is signed
 * TALLY_E_INVALID   the signers are none of this log
 * TALLY_E_IO, TALLY_E_NOMEM, and what the journal fails with */
TALLY_MUST_CHECK tally_rc tally_publisher_open(tally_publisher **out_publisher,
                                               const tally_publisher_options *options,
                                               tally_err *err);

/* Publish one beat: close it in the journal, write, verify, sign, have it
 * cosigned, and publish. TALLY_OK also when the quorum was not met and the
 * checkpoint not published: out->is_public says so.
 *
 * beat   when it began, in seconds since 1970
 * now_s  seconds since 1970, for removing what is outdated
 *
 * TALLY_E_RETRY    the journal has not closed this beat yet
 * TALLY_E_DENIED   a witness refused (403, 404): it does not know this log or key
 * TALLY_E_INVALID  the journal has entries that no log may have
 * and as for opening */
TALLY_MUST_CHECK tally_rc tally_publisher_beat(tally_publisher *publisher, uint64_t beat,
                                               int64_t now_s, tally_published *out, tally_err *err);

/* NULL is allowed. Gives the lock back. */
void tally_publisher_close(tally_publisher *publisher);

#endif
