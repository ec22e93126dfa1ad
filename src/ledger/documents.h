/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_DOCUMENTS_H
#define TALLY_LEDGER_DOCUMENTS_H

/* The programme's public documents but for its policies: the genesis and the rights
 * that are not enforced yet (docs/formats/programme.md). */

#include "ledger/ledger_internal.h"

typedef struct tally_genesis {
    int64_t created_ms;
    tally_text log_key; /* verifier key of the log */
} tally_genesis;

/* Append the document of entry 0; ledger has the facts of the programme. */
TALLY_MUST_CHECK tally_rc tally_document_genesis(tally_buffer *out, const tally_ledger *ledger,
                                                 const tally_genesis *genesis, tally_err *err);

/* Publish which rights are not enforced (kind 5), unless the newest such document says the
 * same: a programme opened by a newer release says so in its log. */
TALLY_MUST_CHECK tally_rc tally_document_publish_rights(tally_ledger *ledger,
                                                        tally_store_transaction *transaction,
                                                        tally_err *err);

#endif
