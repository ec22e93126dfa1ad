/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_PROVE_H
#define TALLY_PUBLISH_PROVE_H

/* Proof files (c2sp.org/tlog-proof@v1) from a published folder. */

#include "publish/folder.h"
#include "tlog/proof_file.h"

/* The most bytes that can go along with a proof. */
#define TALLY_PROVE_EXTRA_BYTES_MAX ((size_t)32 << 10)

/* Append a proof that the entry with this index stands in the log, with the
 * checkpoint that is public now. The proof is verified before it is handed out.
 *
 * trust      whose checkpoints to believe; NULL: any, the reader of the proof decides
 * extra      bytes that go along with it; none when NULL
 * out_entry  the entry itself is appended to it; may be NULL
 *
 * TALLY_E_RETRY    the entry is not published yet, or nothing is
 * TALLY_E_CORRUPT  the folder's files do not give the root that was signed
 * TALLY_E_LIMIT    extra is too long
 * TALLY_E_IO, TALLY_E_NOMEM, and the failures of tally_checkpoint_open() */
TALLY_MUST_CHECK tally_rc tally_prove(tally_folder *folder, const tally_trust *trust,
                                      uint64_t index, const tally_text *extra, tally_buffer *out,
                                      tally_buffer *out_entry, tally_err *err);

#endif
