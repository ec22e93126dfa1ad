/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, checking and signing notes. */

#include "tlog/note.h"

#include <inttypes.h>

#include "crypto/base64.h"
#include "tlog/note_internal.h"

/* U+2014 and a space. */
#define LINE_START TALLY_TEXT("\xe2\x80\x94 ")

#define ID_BYTES        4
#define SIGNATURE_BYTES (ID_BYTES + TALLY_ED25519_SIGNATURE_BYTES)

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Valid UTF-8 whose only control character is LF. */
static bool is_note_text(tally_text text)
{
    for (size_t i = 0; i < text.count; i++) {
        if ((uint8_t)text.bytes[i] < 0x20 && text.bytes[i] != '\n')
            return false;
    }
    return tally_text_is_utf8(text);
}

static tally_rc refuse(tally_err *err, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "%s", what);
}

static tally_rc parse_line(tally_note_line *out, tally_text line, tally_err *err)
{
    tally_text rest;
    uint8_t payload[TALLY_NOTE_BYTES_MAX / 4 * 3];
    size_t count;

    if (!tally_text_has_prefix(line, LINE_START))
        return refuse(err, "a line below the blank line does not begin with U+2014 and a space");
    rest = tally_text_slice(line, LINE_START.count, line.count);
    if (!tally_text_split(rest, ' ', &out->name, &out->encoded) || !tally_note_is_name(out->name))
        return refuse(err, "a signature line has no key name");
    if (tally_base64_decode(payload, sizeof(payload), &count, out->encoded) != TALLY_OK)
        return refuse(err, "a signature is not canonical Base64");
    if (count <= ID_BYTES)
        return refuse(err, "a signature is too short to be one");
    out->id = read_u32(payload);
    return TALLY_OK;
}

/* Where the blank line before the signatures ends: the last one counts. */
static size_t find_signatures(tally_text bytes)
{
    for (size_t i = bytes.count; i >= 2; i--) {
        if (bytes.bytes[i - 2] == '\n' && bytes.bytes[i - 1] == '\n')
            return i;
    }
    return 0;
}

tally_rc tally_note_parse(tally_note *out, tally_text bytes, tally_err *err)
{
    size_t start;
    tally_text rest;

    if (bytes.count > TALLY_NOTE_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a note of %zu bytes", bytes.count);
    if (!is_note_text(bytes))
        return refuse(err, "it is not UTF-8, or has control characters");
    start = find_signatures(bytes);
    if (start == 0)
        return refuse(err, "it has no blank line before signatures");
    if (start == bytes.count)
        return refuse(err, "no signature follows the blank line");
    if (bytes.bytes[bytes.count - 1] != '\n')
        return refuse(err, "its last line does not end in LF");
    out->text = tally_text_slice(bytes, 0, start - 1);
    out->line_count = 0;
    rest = tally_text_slice(bytes, start, bytes.count);
    while (rest.count > 0) {
        tally_text line;
        tally_rc rc;

        if (out->line_count == TALLY_NOTE_SIGNATURES_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "more than %d signatures",
                                 TALLY_NOTE_SIGNATURES_MAX);
        (void)tally_text_split(rest, '\n', &line, &rest);
        rc = parse_line(&out->lines[out->line_count], line, err);
        if (rc != TALLY_OK)
            return rc;
        out->line_count++;
    }
    return TALLY_OK;
}

static bool is_by(const tally_note_line *line, const tally_vkey *key)
{
    return line->id == key->id && tally_text_is_equal(line->name, key->name);
}

static tally_rc verify_line(const tally_note *note, const tally_note_line *line,
                            const tally_vkey *key, tally_note_verdict *out, tally_err *err)
{
    uint8_t payload[SIGNATURE_BYTES];

    if (key->kind == TALLY_KEY_WITNESS)
        return tally_cosignature_verify(out, note->text, line->encoded, key, err);
    if (!tally_base64_is_exactly(payload, sizeof(payload), line->encoded) ||
        !tally_ed25519_is_valid_vartime(payload + ID_BYTES, note->text.bytes, note->text.count,
                                        key->public32))
        return tally_err_set(err, TALLY_E_INVALID, 0, "the signature of %.*s does not verify",
                             TALLY_TEXT_ARGS(key->name));
    out->is_signed = true;
    return TALLY_OK;
}

tally_rc tally_note_verify(const tally_note *note, const tally_vkey *keys, size_t key_count,
                           tally_note_verdict *out_verdicts, tally_err *err)
{
    for (size_t i = 0; i < key_count; i++) {
        tally_note_verdict verdict = { .is_signed = false };

        for (uint32_t j = 0; j < note->line_count; j++) {
            tally_rc rc;

            if (!is_by(&note->lines[j], &keys[i]))
                continue;
            rc = verify_line(note, &note->lines[j], &keys[i], &verdict, err);
            if (rc != TALLY_OK)
                return rc;
        }
        out_verdicts[i] = verdict;
    }
    return TALLY_OK;
}

tally_rc tally_note_append_signature(tally_buffer *out, tally_text text, const tally_signer *signer,
                                     int64_t time_s, tally_err *err)
{
    uint8_t payload[ID_BYTES + 8 + TALLY_ED25519_SIGNATURE_BYTES];
    size_t count = SIGNATURE_BYTES;
    tally_vkey key;
    tally_rc rc;

    TALLY_ASSERT(text.count > 0 && text.bytes[text.count - 1] == '\n');
    rc = tally_signer_vkey(&key, signer);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "the signer has no good name, or no key");
    for (uint32_t i = 0; i < ID_BYTES; i++)
        payload[i] = (uint8_t)(key.id >> (24 - 8 * i));
    if (signer->kind == TALLY_KEY_WITNESS) {
        count = sizeof(payload);
        rc = tally_cosignature_make(payload + ID_BYTES, text, signer, time_s);
    } else {
        rc = tally_ed25519_sign(payload + ID_BYTES, text.bytes, text.count, signer->seed32);
    }
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "signing failed");
    tally_buffer_append_text(out, LINE_START);
    tally_buffer_append_text(out, signer->name);
    tally_buffer_append_byte(out, ' ');
    tally_base64_append(out, payload, count);
    rc = tally_buffer_append_byte(out, '\n');
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "the note does not fit");
}

tally_rc tally_note_sign(tally_buffer *out, tally_text text, const tally_signer *signers,
                         size_t signer_count, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    if (!is_note_text(text) || signer_count == 0)
        return refuse(err, "the text cannot be that of a note, or nobody signs it");
    tally_buffer_append_text(out, text);
    tally_buffer_append_byte(out, '\n');
    for (size_t i = 0; i < signer_count && rc == TALLY_OK; i++) {
        TALLY_ASSERT(signers[i].kind == TALLY_KEY_LOG);
        rc = tally_note_append_signature(out, text, &signers[i], 0, err);
    }
    return rc;
}
