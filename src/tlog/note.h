/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_NOTE_H
#define TALLY_TLOG_NOTE_H

/* Signed notes (c2sp.org/signed-note@v1.0.0): a text, a blank line, and lines
 *
 *   <U+2014> <key name> base64(key id[4] || signature)
 *
 * each ended by LF. A signature covers the text with its last LF. Keys are
 * Ed25519, of two kinds: a log's, which signs the text itself, and a witness's,
 * which makes cosignatures with a time (c2sp.org/tlog-cosignature). */

#include <stdbool.h>
#include <stdint.h>
#include "crypto/ed25519.h"
#include "tally/base.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_NOTE_BYTES_MAX      ((size_t)64 << 10)
#define TALLY_NOTE_SIGNATURES_MAX 100
#define TALLY_NOTE_NAME_BYTES_MAX 255

typedef enum tally_key_kind { TALLY_KEY_LOG = 0x01, TALLY_KEY_WITNESS = 0x04 } tally_key_kind;

/* A verifier key, `name+<8 hex digits of id>+base64(kind || public key)`. */
typedef struct tally_vkey {
    tally_text name; /* points into the text it was read from */
    uint32_t id;
    tally_key_kind kind;
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
} tally_vkey;

/* Is this a key name: 1 to 255 bytes of UTF-8 without white space, control
 * characters or `+`? */
bool tally_note_is_name(tally_text name);

/* The id of a key: the first four bytes of SHA-256(name || LF || kind || key). */
TALLY_MUST_CHECK tally_rc tally_vkey_id(uint32_t *out_id, tally_text name, tally_key_kind kind,
                                        const uint8_t public32[static TALLY_ED25519_PUBLIC_BYTES]);

/* Read a verifier key; its name points into text. TALLY_E_INVALID: it is none, or
 * of a kind we do not know, or its id is not that of its name and key. */
TALLY_MUST_CHECK tally_rc tally_vkey_parse(tally_vkey *out, tally_text text, tally_err *err);

/* Append the text of a key, without LF. */
tally_rc tally_vkey_append(tally_buffer *out, const tally_vkey *key);

/* Who signs. The name is not copied. */
typedef struct tally_signer {
    tally_text name;
    tally_key_kind kind;
    uint8_t seed32[TALLY_ED25519_SEED_BYTES];
} tally_signer;

/* The verifier key of a signer; its name points where the signer's does. */
TALLY_MUST_CHECK tally_rc tally_signer_vkey(tally_vkey *out, const tally_signer *signer);

/* One signature line. The slices point into the note. */
typedef struct tally_note_line {
    tally_text name;
    tally_text encoded; /* canonical Base64 of at least five bytes */
    uint32_t id;
} tally_note_line;

typedef struct tally_note {
    tally_text text; /* with its last LF */
    uint32_t line_count;
    tally_note_line lines[TALLY_NOTE_SIGNATURES_MAX];
} tally_note;

/* Take a note apart without checking any signature. out points into bytes.
 *
 * TALLY_E_INVALID  it is no signed note
 * TALLY_E_LIMIT    it is longer, or has more signatures, than stated above */
TALLY_MUST_CHECK tally_rc tally_note_parse(tally_note *out, tally_text bytes, tally_err *err);

/* What a key has to say about a note. */
typedef struct tally_note_verdict {
    bool is_signed; /* by this key, validly */
    int64_t time_s; /* for a witness, when: seconds since 1970 */
} tally_note_verdict;

/* Check every signature that carries the name and id of one of the keys; lines
 * of other keys are ignored.
 *
 * out_verdicts  key_count of them
 *
 * TALLY_E_INVALID  a signature of a known key fails, or is not of the form that
 *                  the kind of its key has */
TALLY_MUST_CHECK tally_rc tally_note_verify(const tally_note *note, const tally_vkey *keys,
                                            size_t key_count, tally_note_verdict *out_verdicts,
                                            tally_err *err);

/* Append the signature line of one signer over text, which ends in LF.
 *
 * time_s  when, for a witness; ignored for a log
 *
 * TALLY_E_INVALID  the name is none, or the time is before 1970
 * and the failures of the buffer and of signing */
TALLY_MUST_CHECK tally_rc tally_note_append_signature(tally_buffer *out, tally_text text,
                                                      const tally_signer *signer, int64_t time_s,
                                                      tally_err *err);

/* Append a whole note: the text, the blank line, and the lines of the signers,
 * which are all logs. text ends in LF. Failures as above. */
TALLY_MUST_CHECK tally_rc tally_note_sign(tally_buffer *out, tally_text text,
                                          const tally_signer *signers, size_t signer_count,
                                          tally_err *err);

#endif
