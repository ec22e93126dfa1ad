/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_READ_H
#define TALLY_LEDGER_READ_H

/* A member's own reads (docs/ledger.md section 6): a signed request brings the statement, the receipts,
 * the accesses or everything. It needs no ticket and leaves no access entry. */

#include "ledger/ledger.h"
#include "util/buffer.h"

/* Take a request of kind `read` and append what it asks for, as JSON (docs/formats/message.md).
 *
 * out  started by the caller with TALLY_JSON_BYTES_MAX at most; wipe it after use
 *
 * TALLY_E_INVALID  E_MESSAGE: no request, or one of another kind
 * TALLY_E_DENIED   as for other requests; E_NOT_RECORDED: not a member's
 * TALLY_E_LIMIT, TALLY_E_OVERFLOW, TALLY_E_CORRUPT, TALLY_E_IO, TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_ledger_read(tally_ledger *ledger, tally_text message,
                                            tally_buffer *out, tally_denial *denial,
                                            tally_err *err);

#endif
