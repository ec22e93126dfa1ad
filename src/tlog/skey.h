/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_SKEY_H
#define TALLY_TLOG_SKEY_H

/* Signer keys as text, as Go's note package writes them:
 *
 *   PRIVATE+KEY+<name>+<8 hex digits of id>+base64(kind || seed)
 *
 * A file of them has one a line. That of a log, `keys/log.key`, has one key, or
 * two while keys change: all sign, and the first is the one that stays. */

#include "tlog/note.h"

#define TALLY_SKEY_FILE_BYTES_MAX ((size_t)4096)
#define TALLY_SKEY_FILE_KEYS_MAX  2

/* Read a signer key; its name points into text. Wipe the signer, and text, after
 * use. TALLY_E_INVALID: it is none, or its id is not that of its name and key. */
TALLY_MUST_CHECK tally_rc tally_skey_parse(tally_signer *out, tally_text text, tally_err *err);

/* Append the text of a key, without LF. Wipe the buffer after use. */
TALLY_MUST_CHECK tally_rc tally_skey_append(tally_buffer *out, const tally_signer *signer);

/* Read a file of 1 to TALLY_SKEY_FILE_KEYS_MAX different keys of one kind and one
 * name, a line each. On failure out is wiped.
 *
 * TALLY_E_INVALID  it is none; err->line says where */
TALLY_MUST_CHECK tally_rc tally_skey_parse_file(tally_signer out[static TALLY_SKEY_FILE_KEYS_MAX],
                                                size_t *out_count, tally_text text, tally_err *err);

#endif
