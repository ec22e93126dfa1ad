/* SPDX-License-Identifier: Apache-2.0 */
/* Generated sets: a first line that says what this is, one line of JSON a member that has
 * something to keep, and a last line by which a set that was cut short is seen. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "crypto/secret_file.h"
#include "util/alloc.h"
#include "wallet/file.h"
#include "wallet/wallet_internal.h"

/* Whoever opens the file is told in its first line. */
#define SET_PREFIX    TALLY_WALLET_MAGIC " generated NOT-SEALED-NOT-PERSONS "
#define SET_BYTES_MAX ((size_t)512 << 20)
#define SET_END       "end\n"
#define LINE_FIXED    64

struct tally_wallet_set {
    uint8_t seed[TALLY_WALLET_SEED_BYTES];
    uint32_t count;
    tally_wallet *members[];
};

tally_rc tally_wallet_set_new(tally_wallet_set **out_set,
                              const uint8_t seed[static TALLY_WALLET_SEED_BYTES],
                              uint32_t member_count, tally_err *err)
{
    tally_wallet_set *set;
    tally_rc rc = TALLY_OK;

    if (member_count == 0 || member_count > TALLY_WALLET_GENERATED_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "a generated set has 1 to %d members",
                             TALLY_WALLET_GENERATED_MAX);
    set = tally_alloc_zeroed(sizeof(*set) + member_count * sizeof(set->members[0]));
    if (set == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a generated set");
    memcpy(set->seed, seed, sizeof(set->seed));
    for (; rc == TALLY_OK && set->count < member_count; set->count++) {
        uint8_t member_seed[TALLY_WALLET_SEED_BYTES];

        tally_derive_generated(member_seed, seed, set->count);
        rc = tally_wallet_new(&set->members[set->count], member_seed, err);
        tally_secret_wipe(member_seed, sizeof(member_seed));
        if (rc == TALLY_OK)
            set->members[set->count]->is_generated = true;
    }
    if (rc == TALLY_OK)
        *out_set = set;
    else
        tally_wallet_set_free(set);
    return rc;
}

void tally_wallet_set_free(tally_wallet_set *set)
{
    if (set == NULL)
        return;
    for (uint32_t i = 0; i < set->count; i++)
        tally_wallet_free(set->members[i]);
    tally_secret_wipe(set->seed, sizeof(set->seed));
    tally_release(set);
}

uint32_t tally_wallet_set_count(const tally_wallet_set *set)
{
    return set->count;
}

tally_wallet *tally_wallet_set_member(const tally_wallet_set *set, uint32_t number)
{
    TALLY_ASSERT(number < set->count);
    return set->members[number];
}

tally_rc tally_wallet_set_save(const tally_wallet_set *set, const char *path, tally_err *err)
{
    size_t bytes = LINE_FIXED * 4;
    tally_buffer content;
    tally_rc rc = TALLY_OK;

    for (uint32_t i = 0; i < set->count; i++) {
        if (set->members[i]->programme_count > 0)
            bytes += LINE_FIXED + tally_wallet_programmes_bytes(set->members[i]);
    }
    if (bytes > SET_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a generated set has %zu bytes at most",
                             SET_BYTES_MAX);
    rc = tally_wallet_reserve(&content, bytes, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_printf(&content, SET_PREFIX "%u ", (unsigned)set->count);
    tally_base64_append(&content, set->seed, sizeof(set->seed));
    tally_buffer_append_byte(&content, '\n');
    for (uint32_t i = 0; rc == TALLY_OK && i < set->count; i++) {
        tally_jcs jcs;

        if (set->members[i]->programme_count == 0)
            continue;
        tally_jcs_init(&jcs, &content);
        tally_jcs_object(&jcs);
        tally_jcs_member_integer(&jcs, "member", i);
        tally_jcs_name(&jcs, "programmes");
        tally_wallet_write_programmes(&jcs, set->members[i]);
        tally_jcs_object_end(&jcs);
        rc = tally_jcs_finish(&jcs, err);
        tally_buffer_append_byte(&content, '\n');
    }
    tally_buffer_append_string(&content, SET_END);
    if (rc == TALLY_OK)
        rc = tally_secret_file_replace(path, content.bytes, content.count, err);
    tally_wallet_wipe_buffer(&content);
    return rc;
}

static tally_rc read_line(tally_wallet_set *set, tally_text line, int64_t *inout_member,
                          tally_err *err)
{
    static const tally_json_options options = { .bytes_max = TALLY_WALLET_FILE_BYTES_MAX };
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_rc rc = tally_json_parse(&document, line, &options, err);

    if (rc != TALLY_OK)
        return rc;
    tally_json_read_begin(&reader, tally_json_root(document), "member", err);
    *inout_member =
        tally_json_read_integer(&reader, "member", *inout_member + 1, (int64_t)set->count - 1);
    rc = reader.rc;
    if (rc == TALLY_OK)
        rc = tally_wallet_read_programmes(set->members[*inout_member], &reader, err);
    if (rc == TALLY_OK)
        rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    return rc;
}

tally_rc tally_wallet_set_parse(tally_wallet_set **out_set, const char *path, tally_text content,
                                tally_err *err)
{
    uint8_t seed[TALLY_WALLET_SEED_BYTES];
    tally_text line, count_text, seed_text;
    tally_wallet_set *set = NULL;
    int64_t count, member = -1;
    tally_rc rc;

    if (!tally_text_has_prefix(content, TALLY_TEXT(SET_PREFIX)) ||
        !tally_text_split(content, '\n', &line, &content))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s holds no generated members", path);
    line = tally_text_slice(line, sizeof(SET_PREFIX) - 1, line.count);
    if (!tally_text_split(line, ' ', &count_text, &seed_text) ||
        tally_text_parse_i64(&count, count_text, 1, TALLY_WALLET_GENERATED_MAX) != TALLY_OK ||
        !tally_base64_is_exactly(seed, sizeof(seed), seed_text) ||
        !tally_text_has_suffix(content, TALLY_TEXT(SET_END)))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is no whole generated set", path);
    content.count -= sizeof(SET_END) - 1;
    rc = tally_wallet_set_new(&set, seed, (uint32_t)count, err);
    tally_secret_wipe(seed, sizeof(seed));
    while (rc == TALLY_OK && tally_text_split(content, '\n', &line, &content))
        rc = read_line(set, line, &member, err);
    if (rc == TALLY_OK)
        *out_set = set;
    else
        tally_wallet_set_free(set);
    return rc;
}

tally_rc tally_wallet_set_open(tally_wallet_set **out_set, const char *path, tally_err *err)
{
    struct stat about;
    bool is_exposed;
    size_t count = 0;
    char *bytes;
    tally_rc rc;

    if (stat(path, &about) != 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be read: %s", path, strerror(errno));
    if (about.st_size > (off_t)SET_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "%s is longer than %zu bytes", path,
                             SET_BYTES_MAX);
    bytes = tally_alloc((size_t)about.st_size);
    if (bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening a generated set");
    rc = tally_secret_file_read(bytes, (size_t)about.st_size, &count, &is_exposed, path, err);
    if (rc == TALLY_OK)
        rc = tally_wallet_set_parse(out_set, path, tally_text_of(bytes, count), err);
    tally_release(bytes);
    return rc;
}
