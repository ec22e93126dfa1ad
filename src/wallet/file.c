/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed wallet files: a line that says how, and the sealed JSON in Base64. */

#include <string.h>

#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/mac.h"
#include "crypto/secret_file.h"
#include "util/alloc.h"
#include "wallet/file.h"
#include "wallet/wallet_internal.h"

#define SEALED_PREFIX  TALLY_WALLET_MAGIC " sealed argon2id "
#define HEADER_MAX     128
#define DOCUMENT_FIXED 128

struct tally_wallet_file {
    char *path;
    tally_wallet *wallet;
    bool is_exposed;
    uint8_t key[TALLY_SEAL_KEY_BYTES];
    uint8_t salt[TALLY_SEAL_SALT_BYTES];
    tally_seal_effort effort;
    uint8_t hash[TALLY_HASH_BYTES]; /* of the file as it was read or written last */
};

void tally_wallet_file_close(tally_wallet_file *file)
{
    if (file == NULL)
        return;
    tally_wallet_free(file->wallet);
    tally_release(file->path);
    tally_secret_wipe(file, sizeof(*file));
    tally_release(file);
}

tally_wallet *tally_wallet_file_wallet(tally_wallet_file *file)
{
    return file->wallet;
}

bool tally_wallet_file_is_exposed(const tally_wallet_file *file)
{
    return file->is_exposed;
}

static tally_wallet_file *new_file(const char *path)
{
    tally_wallet_file *file = tally_alloc_zeroed(sizeof(*file));
    size_t count = strlen(path) + 1;

    if (file == NULL)
        return NULL;
    file->path = tally_alloc(count);
    if (file->path == NULL) {
        tally_release(file);
        return NULL;
    }
    memcpy(file->path, path, count);
    return file;
}

/* The first line, which is also the context of the seal. */
static void write_header(tally_buffer *out, const tally_wallet_file *file)
{
    tally_buffer_printf(out, SEALED_PREFIX "%u %u ", (unsigned)file->effort.passes,
                        (unsigned)file->effort.memory_kb);
    tally_base64_append(out, file->salt, sizeof(file->salt));
    tally_buffer_append_byte(out, '\n');
}

/* The JSON that is sealed. */
static tally_rc write_document(tally_buffer *out, const tally_wallet *wallet, tally_err *err)
{
    tally_rc rc =
        tally_wallet_reserve(out, DOCUMENT_FIXED + tally_wallet_programmes_bytes(wallet), err);
    char seed[TALLY_WALLET_SEED_BYTES * 2];
    tally_buffer encoded = { .bytes = seed, .room = sizeof(seed), .bytes_max = sizeof(seed) - 1 };
    tally_jcs jcs;

    if (rc != TALLY_OK)
        return rc;
    tally_base64url_append(&encoded, wallet->seed, sizeof(wallet->seed));
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_name(&jcs, "programmes");
    tally_wallet_write_programmes(&jcs, wallet);
    tally_jcs_member_text(&jcs, "seed", tally_buffer_text(&encoded));
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    tally_secret_wipe(seed, sizeof(seed));
    return rc;
}

/* The bytes of the file as the wallet is now. */
static tally_rc write_content(tally_buffer *out, const tally_wallet_file *file,
                              const tally_random *random, tally_err *err)
{
    tally_buffer document = { .bytes = NULL };
    uint8_t *sealed = NULL;
    size_t sealed_count;
    tally_rc rc;

    tally_buffer_init(out, TALLY_WALLET_FILE_BYTES_MAX);
    write_header(out, file);
    rc = write_document(&document, file->wallet, err);
    if (rc != TALLY_OK)
        goto out;
    sealed_count = document.count + TALLY_SEAL_EXTRA_BYTES;
    sealed = tally_alloc(sealed_count);
    if (sealed == NULL) {
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "sealing a wallet");
        goto out;
    }
    rc = tally_seal(sealed, document.bytes, document.count, out->bytes, out->count, file->key,
                    random, err);
    if (rc != TALLY_OK)
        goto out;
    tally_base64_append(out, sealed, sealed_count);
    tally_buffer_append_byte(out, '\n');
    rc = tally_buffer_failure(out);
    if (rc != TALLY_OK)
        (void)tally_err_set(err, rc, 0, "a wallet file has %zu bytes at most",
                            TALLY_WALLET_FILE_BYTES_MAX);
out:
    tally_release(sealed);
    tally_wallet_wipe_buffer(&document);
    return rc;
}

static tally_rc hash_content(uint8_t *out, const void *bytes, size_t count, tally_err *err)
{
    if (tally_hash_sha256(out, bytes, count) == TALLY_OK)
        return TALLY_OK;
    return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a wallet file");
}

/* The header's numbers and salt; what is sealed is out_sealed, in Base64. */
static tally_rc read_header(tally_wallet_file *file, tally_text content, tally_text *out_header,
                            tally_text *out_sealed, tally_err *err)
{
    tally_text line, passes, memory, salt;
    int64_t passes_number, memory_number;

    if (tally_text_has_prefix(content, TALLY_TEXT(TALLY_WALLET_MAGIC " generated ")))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s holds generated members, which are nobody, and no person's wallet",
                             file->path);
    if (!tally_text_has_prefix(content, TALLY_TEXT(SEALED_PREFIX)) ||
        !tally_text_split(content, '\n', &line, out_sealed) || line.count > HEADER_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is no wallet file", file->path);
    *out_header = tally_text_of(content.bytes, line.count + 1);
    line = tally_text_slice(line, sizeof(SEALED_PREFIX) - 1, line.count);
    if (!tally_text_split(line, ' ', &passes, &line) ||
        !tally_text_split(line, ' ', &memory, &salt) ||
        tally_text_parse_i64(&passes_number, passes, 1, UINT32_MAX) != TALLY_OK ||
        tally_text_parse_i64(&memory_number, memory, 1, UINT32_MAX) != TALLY_OK ||
        !tally_base64_is_exactly(file->salt, sizeof(file->salt), salt) ||
        !tally_text_has_suffix(*out_sealed, TALLY_TEXT("\n")))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is no whole wallet file", file->path);
    out_sealed->count--;
    file->effort = (tally_seal_effort){ (uint32_t)passes_number, (uint32_t)memory_number };
    return TALLY_OK;
}

static tally_rc read_document(tally_wallet_file *file, tally_text text, tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_WALLET_FILE_BYTES_MAX };
    uint8_t seed[TALLY_WALLET_SEED_BYTES] = { 0 };
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_text seed_text;
    tally_rc rc = tally_json_parse(&document, text, &options, err);

    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "wallet", err);
    seed_text = tally_json_read_text(&reader, "seed", 43);
    if (reader.rc == TALLY_OK && !tally_base64url_is_exactly(seed, sizeof(seed), seed_text))
        tally_json_read_fail(&reader, "seed", "must be 32 bytes of base64url");
    rc = reader.rc;
    if (rc == TALLY_OK)
        rc = tally_wallet_new(&file->wallet, seed, err);
    if (rc == TALLY_OK)
        rc = tally_wallet_read_programmes(file->wallet, &reader, err);
    if (rc == TALLY_OK)
        rc = tally_json_read_end(&reader);
    tally_secret_wipe(seed, sizeof(seed));
    tally_json_document_free(document);
    return rc;
}

/* Unseal and read what stands behind the header. */
static tally_rc open_sealed(tally_wallet_file *file, tally_text header, tally_text encoded,
                            tally_err *err)
{
    uint8_t *sealed = NULL, *opened = NULL;
    size_t sealed_count, room = encoded.count / 4 * 3;
    tally_rc rc;

    sealed = tally_alloc(room);
    opened = tally_alloc(room);
    if (sealed == NULL || opened == NULL) {
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "opening a wallet");
        goto out;
    }
    if (tally_base64_decode(sealed, room, &sealed_count, encoded) != TALLY_OK ||
        sealed_count < TALLY_SEAL_EXTRA_BYTES) {
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "%s is no whole wallet file", file->path);
        goto out;
    }
    rc = tally_seal_open(opened, sealed, sealed_count, header.bytes, header.count, file->key);
    if (rc != TALLY_OK) {
        rc = tally_err_set(err, rc, 0,
                           "%s does not open: the passphrase is another, or the file was altered",
                           file->path);
        goto out;
    }
    rc = read_document(
        file, tally_text_of((const char *)opened, sealed_count - TALLY_SEAL_EXTRA_BYTES), err);
out:
    if (opened != NULL)
        tally_secret_wipe(opened, room);
    tally_release(opened);
    tally_release(sealed);
    return rc;
}

tally_rc tally_wallet_file_parse(tally_wallet_file **out_file, const char *name, tally_text content,
                                 tally_text passphrase, tally_err *err)
{
    tally_wallet_file *file = new_file(name);
    tally_text header, sealed;
    tally_rc rc;

    if (file == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a wallet");
    rc = read_header(file, content, &header, &sealed, err);
    if (rc == TALLY_OK)
        rc = tally_seal_key_of_passphrase(file->key, passphrase.bytes, passphrase.count, file->salt,
                                          file->effort, err);
    if (rc == TALLY_OK)
        rc = open_sealed(file, header, sealed, err);
    if (rc == TALLY_OK)
        rc = hash_content(file->hash, content.bytes, content.count, err);
    if (rc == TALLY_OK)
        *out_file = file;
    else
        tally_wallet_file_close(file);
    return rc;
}

tally_rc tally_wallet_file_open(tally_wallet_file **out_file, const char *path,
                                tally_text passphrase, tally_err *err)
{
    char *bytes = tally_alloc(TALLY_WALLET_FILE_BYTES_MAX);
    bool is_exposed = false;
    size_t count = 0;
    tally_rc rc;

    if (bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a wallet");
    rc = tally_secret_file_read(bytes, TALLY_WALLET_FILE_BYTES_MAX, &count, &is_exposed, path, err);
    if (rc == TALLY_OK)
        rc = tally_wallet_file_parse(out_file, path, tally_text_of(bytes, count), passphrase, err);
    if (rc == TALLY_OK)
        (*out_file)->is_exposed = is_exposed;
    tally_release(bytes);
    return rc;
}

/* Characters of a text that should be UTF-8. */
static size_t character_count(tally_text text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.count; i++)
        count += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
    return count;
}

tally_rc tally_wallet_file_create(tally_wallet_file **out_file, const char *path,
                                  tally_wallet *wallet, tally_text passphrase,
                                  tally_seal_effort effort, const tally_random *random,
                                  tally_err *err)
{
    tally_wallet_file *file = new_file(path);
    tally_buffer content = { .bytes = NULL };
    tally_rc rc;

    if (file == NULL) {
        tally_wallet_free(wallet);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a wallet file");
    }
    file->wallet = wallet;
    file->effort = effort;
    if (character_count(passphrase) < TALLY_WALLET_PASSPHRASE_MIN ||
        passphrase.count > TALLY_WALLET_PASSPHRASE_MAX)
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "a passphrase has %d characters at least and %d bytes at most; a few "
                           "words that nobody would guess are good",
                           TALLY_WALLET_PASSPHRASE_MIN, TALLY_WALLET_PASSPHRASE_MAX);
    else
        rc = tally_random_fill(random, file->salt, sizeof(file->salt), err);
    if (rc == TALLY_OK)
        rc = tally_seal_key_of_passphrase(file->key, passphrase.bytes, passphrase.count, file->salt,
                                          effort, err);
    if (rc == TALLY_OK)
        rc = write_content(&content, file, random, err);
    if (rc == TALLY_OK)
        rc = hash_content(file->hash, content.bytes, content.count, err);
    if (rc == TALLY_OK)
        rc = tally_secret_file_create(path, content.bytes, content.count, err);
    tally_buffer_free(&content);
    if (rc == TALLY_OK)
        *out_file = file;
    else
        tally_wallet_file_close(file);
    return rc;
}

/* Is the file on disk still the one of file->hash? */
static tally_rc check_unchanged(const tally_wallet_file *file, tally_err *err)
{
    char *bytes = tally_alloc(TALLY_WALLET_FILE_BYTES_MAX);
    uint8_t hash[TALLY_HASH_BYTES];
    bool is_exposed;
    size_t count;
    tally_rc rc;

    if (bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "saving a wallet");
    rc = tally_secret_file_read(bytes, TALLY_WALLET_FILE_BYTES_MAX, &count, &is_exposed, file->path,
                                err);
    if (rc == TALLY_OK)
        rc = hash_content(hash, bytes, count, err);
    if (rc == TALLY_OK && memcmp(hash, file->hash, sizeof(hash)) != 0)
        rc = tally_err_set(err, TALLY_E_CONFLICT, 0,
                           "%s was changed by another program meanwhile; nothing was written",
                           file->path);
    tally_release(bytes);
    return rc;
}

tally_rc tally_wallet_file_save(tally_wallet_file *file, const tally_random *random, tally_err *err)
{
    uint8_t hash[TALLY_HASH_BYTES];
    tally_buffer content = { .bytes = NULL };
    tally_rc rc = check_unchanged(file, err);

    if (rc == TALLY_OK)
        rc = write_content(&content, file, random, err);
    if (rc == TALLY_OK)
        rc = hash_content(hash, content.bytes, content.count, err);
    if (rc == TALLY_OK)
        rc = tally_secret_file_replace(file->path, content.bytes, content.count, err);
    if (rc == TALLY_OK) {
        memcpy(file->hash, hash, sizeof(hash));
        file->is_exposed = false;
    }
    tally_buffer_free(&content);
    return rc;
}

tally_rc tally_wallet_file_backup(tally_wallet_file *file, const char *path,
                                  const tally_random *random, tally_err *err)
{
    tally_buffer content = { .bytes = NULL };
    char *bytes = NULL;
    bool is_exposed;
    size_t count;
    tally_rc rc = write_content(&content, file, random, err);

    if (rc == TALLY_OK)
        rc = tally_secret_file_create(path, content.bytes, content.count, err);
    if (rc == TALLY_OK) {
        bytes = tally_alloc(TALLY_WALLET_FILE_BYTES_MAX);
        rc = bytes != NULL ? tally_secret_file_read(bytes, TALLY_WALLET_FILE_BYTES_MAX, &count,
                                                    &is_exposed, path, err)
                           : tally_err_set(err, TALLY_E_NOMEM, 0, "reading a backup again");
        if (rc == TALLY_OK &&
            !tally_text_is_equal(tally_text_of(bytes, count), tally_buffer_text(&content)))
            rc = tally_err_set(err, TALLY_E_IO, 0, "%s does not hold what was written to it", path);
    }
    tally_release(bytes);
    tally_buffer_free(&content);
    return rc;
}
