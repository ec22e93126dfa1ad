/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_LEDGER_SOURCE_INTERNAL_H
#define TALLY_LEDGER_SOURCE_INTERNAL_H

/* What source.c and source_change.c share. */

#include "ledger/source.h"

#define TALLY_SOURCE_VALUE_BYTES_MAX ((size_t)32 << 10)

TALLY_MUST_CHECK tally_rc tally_source_save(tally_store_transaction *transaction,
                                            const tally_source_record *source, tally_err *err);
/* TALLY_E_CORRUPT: it is not what was stored. */
TALLY_MUST_CHECK tally_rc tally_source_parse(tally_text text, uint32_t number,
                                             tally_source_record *out, tally_err *err);

#endif
