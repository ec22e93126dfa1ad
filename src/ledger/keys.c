/* SPDX-License-Identifier: Apache-2.0 */
/* The files in DIR/keys, and the memory that their secrets are in. */

#include "ledger/keys.h"

#include <string.h>
#include <sys/mman.h>

#include "crypto/did_key.h"
#include "crypto/key_file.h"
#include "tlog/note.h"
#include "util/alloc.h"

#define OPERATOR_FILE    "keys/operator.key"
#define PROGRAMME_FILE   "keys/programme.key"
#define LOG_FILE         "keys/log.key"
#define PATH_ARENA_BYTES ((size_t)8 << 10)

/* ---- memory ---- */

/* Locked, so that it is not written to a swap partition. Where the system allows no locked memory,
 * wiping remains. */
static tally_ledger_keys *new_keys(void)
{
    tally_ledger_keys *keys = tally_alloc_zeroed(sizeof(*keys));

    if (keys != NULL)
        (void)mlock(keys, sizeof(*keys));
    return keys;
}

void tally_ledger_free_keys(tally_ledger_keys *keys)
{
    if (keys == NULL)
        return;
    tally_secret_wipe(keys, sizeof(*keys));
    (void)munlock(keys, sizeof(*keys));
    tally_release(keys);
}

/* ---- making ---- */

static tally_rc did_of(tally_did_key *out, const uint8_t seed[static TALLY_KEY_BYTES],
                       tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc = tally_ed25519_public(public32, seed);

    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "libsodium cannot start");
    tally_did_key_write(out, public32);
    return TALLY_OK;
}

static tally_rc write_key(const tally_ledger *ledger, const char *name, const char *role,
                          const uint8_t secret[static TALLY_KEY_BYTES], tally_err *err)
{
    const char *path;
    tally_rc rc = tally_ledger_path(ledger, ledger->arena, name, &path, err);

    return rc == TALLY_OK ? tally_key_file_create(path, role, secret, err) : rc;
}

/* The publisher's: written, and forgotten but for its verifier key. */
static tally_rc make_log_key(const tally_ledger *ledger, tally_buffer *out_log_key, tally_err *err)
{
    tally_signer signer = { .name = ledger->origin, .kind = TALLY_KEY_LOG };
    tally_vkey vkey;
    tally_rc rc =
        tally_random_fill(ledger->options.random, signer.seed32, sizeof(signer.seed32), err);

    if (rc == TALLY_OK)
        rc = tally_signer_vkey(&vkey, &signer);
    if (rc == TALLY_OK)
        rc = tally_vkey_append(out_log_key, &vkey);
    if (rc == TALLY_OK)
        rc = write_key(ledger, LOG_FILE, "log", signer.seed32, err);
    else
        (void)tally_err_set(err, rc, 0, "the log's key cannot be made");
    tally_secret_wipe(&signer, sizeof(signer));
    return rc;
}

tally_rc tally_ledger_make_keys(tally_ledger *ledger, tally_buffer *out_log_key, tally_err *err)
{
    tally_did_key did;
    tally_rc rc;

    ledger->keys = new_keys();
    if (ledger->keys == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_random_fill(ledger->options.random, ledger->keys, sizeof(*ledger->keys), err);
    if (rc == TALLY_OK)
        rc = did_of(&did, ledger->keys->operator_seed, err);
    if (rc == TALLY_OK &&
        !tally_arena_copy_text(ledger->arena, &ledger->did, tally_text_from(did.text)))
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK)
        rc = write_key(ledger, OPERATOR_FILE, "operator", ledger->keys->operator_seed, err);
    if (rc == TALLY_OK)
        rc = write_key(ledger, PROGRAMME_FILE, "programme", ledger->keys->programme_key, err);
    if (rc == TALLY_OK)
        rc = make_log_key(ledger, out_log_key, err);
    return rc;
}

/* ---- reading ---- */

static tally_rc read_key(const tally_ledger *ledger, const char *name, const char *role,
                         uint8_t out[static TALLY_KEY_BYTES], tally_err *err)
{
    tally_arena *arena = tally_arena_new(PATH_ARENA_BYTES);
    const char *path;
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_ledger_path(ledger, arena, name, &path, err);
    if (rc == TALLY_OK)
        rc = tally_key_file_read(out, path, role, err);
    tally_arena_free(arena);
    /* To whoever opens a programme, a key that others can read is one that must be mended first. */
    return rc == TALLY_E_DENIED ? TALLY_E_INVALID : rc;
}

tally_rc tally_ledger_load_keys(tally_ledger *ledger, tally_err *err)
{
    tally_rc rc;

    ledger->keys = new_keys();
    if (ledger->keys == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = read_key(ledger, OPERATOR_FILE, "operator", ledger->keys->operator_seed, err);
    if (rc == TALLY_OK)
        rc = read_key(ledger, PROGRAMME_FILE, "programme", ledger->keys->programme_key, err);
    return rc;
}

tally_rc tally_ledger_check_keys(const tally_ledger *ledger, tally_err *err)
{
    tally_did_key did;
    tally_rc rc = did_of(&did, ledger->keys->operator_seed, err);

    if (rc == TALLY_OK && !tally_text_is(ledger->did, did.text))
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                           "%s/keys/operator.key is not the key of this programme", ledger->folder);
    return rc;
}
