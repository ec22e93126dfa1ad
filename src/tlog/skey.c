/* SPDX-License-Identifier: Apache-2.0 */
/* Signer keys. Nothing here prints any part of one. */

#include "tlog/skey.h"

#include <inttypes.h>
#include <stdio.h>

#include "crypto/base64.h"
#include "tlog/checkpoint.h"

#define PREFIX    TALLY_TEXT("PRIVATE+KEY+")
#define ID_BYTES  9
#define KEY_BYTES (1 + TALLY_ED25519_SEED_BYTES)

static tally_rc refuse(tally_err *err, uint32_t line, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, line, "%s", what);
}

tally_rc tally_skey_parse(tally_signer *out, tally_text text, tally_err *err)
{
    uint8_t key[KEY_BYTES];
    tally_signer signer;
    tally_text rest, id;
    char wanted[ID_BYTES];
    tally_vkey vkey;
    tally_rc rc;

    if (!tally_text_has_prefix(text, PREFIX))
        return refuse(err, 0, "a signer key begins with PRIVATE+KEY+");
    rest = tally_text_slice(text, PREFIX.count, text.count);
    if (!tally_text_split(rest, '+', &signer.name, &rest) ||
        !tally_text_split(rest, '+', &id, &rest) || !tally_note_is_name(signer.name))
        return refuse(err, 0, "a signer key has a name and an id");
    if (!tally_base64_is_exactly(key, sizeof(key), rest) ||
        (key[0] != TALLY_KEY_LOG && key[0] != TALLY_KEY_WITNESS)) {
        tally_secret_wipe(key, sizeof(key));
        return refuse(err, 0, "the signer key is not an Ed25519 key of a kind we know");
    }
    signer.kind = (tally_key_kind)key[0];
    memcpy(signer.seed32, key + 1, sizeof(signer.seed32));
    tally_secret_wipe(key, sizeof(key));
    rc = tally_signer_vkey(&vkey, &signer);
    (void)snprintf(wanted, sizeof(wanted), "%08" PRIx32, rc == TALLY_OK ? vkey.id : 0);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "the key cannot be computed");
    else if (!tally_text_is(id, wanted))
        rc = refuse(err, 0, "the id of the signer key does not belong to its name and key");
    if (rc == TALLY_OK)
        *out = signer;
    tally_secret_wipe(&signer, sizeof(signer));
    return rc;
}

tally_rc tally_skey_append(tally_buffer *out, const tally_signer *signer)
{
    uint8_t key[KEY_BYTES] = { (uint8_t)signer->kind };
    tally_vkey vkey;
    tally_rc rc = tally_signer_vkey(&vkey, signer);

    if (rc != TALLY_OK)
        return rc;
    memcpy(key + 1, signer->seed32, sizeof(signer->seed32));
    tally_buffer_append_text(out, PREFIX);
    tally_buffer_append_text(out, signer->name);
    tally_buffer_printf(out, "+%08" PRIx32 "+", vkey.id);
    rc = tally_base64_append(out, key, sizeof(key));
    tally_secret_wipe(key, sizeof(key));
    return rc;
}

static tally_rc parse_lines(tally_signer *out, size_t *out_count, tally_text text, tally_err *err)
{
    tally_text rest = text;
    tally_text line;

    for (*out_count = 0; rest.count > 0; (*out_count)++) {
        uint32_t number = (uint32_t)*out_count + 1;
        tally_err inner = TALLY_ERR_INIT;
        tally_rc rc;

        if (*out_count == TALLY_SKEY_FILE_KEYS_MAX)
            return refuse(err, number, "more than two keys");
        if (!tally_checkpoint_take_line(&line, &rest))
            return refuse(err, number, "the line does not end");
        rc = tally_skey_parse(&out[*out_count], line, &inner);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, number, "%s", inner.message);
        if (*out_count > 0 &&
            (out[0].kind != out[1].kind || !tally_text_is_equal(out[0].name, out[1].name)))
            return refuse(err, number, "the keys are not of one name and kind");
        if (*out_count > 0 && memcmp(out[0].seed32, out[1].seed32, sizeof(out[0].seed32)) == 0)
            return refuse(err, number, "the same key twice");
    }
    return *out_count > 0 ? TALLY_OK : refuse(err, 0, "there is no key");
}

tally_rc tally_skey_parse_file(tally_signer out[static TALLY_SKEY_FILE_KEYS_MAX], size_t *out_count,
                               tally_text text, tally_err *err)
{
    tally_rc rc = parse_lines(out, out_count, text, err);

    if (rc != TALLY_OK)
        tally_secret_wipe(out, TALLY_SKEY_FILE_KEYS_MAX * sizeof(out[0]));
    return rc;
}
