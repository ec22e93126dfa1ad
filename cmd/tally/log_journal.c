/* SPDX-License-Identifier: Apache-2.0 */
/* The journals of `tally log`, and `tally log new` and `append`. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "crypto/random.h"
#include "ledger/people.h"
#include "log.h"
#include "programme.h"
#include "util/json.h"

#define JOURNAL_NAME   "journal"
#define STORE_NAME     "ledger.db"
#define GENESIS_BYTES  ((size_t)4096)
#define VKEY_BYTES     ((size_t)1024)
#define RECORDS_MAX    256
#define HEX_CHARACTERS ((size_t)2 * TALLY_HASH_BYTES)

static tally_rc open_folder(tally_log_journal *out, const char *folder, tally_err *err)
{
    tally_rc rc;

    if (!tally_log_path(out->path, folder, JOURNAL_NAME))
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (access(out->path, F_OK) != 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is no programme and has no journal",
                             folder);
    rc = tally_journal_folder_open(&out->folder, &tally_files_system, AT_FDCWD, out->path,
                                   tally_random_system(), err);
    if (rc == TALLY_OK)
        out->journal = &out->folder.journal;
    return rc;
}

static tally_rc open_programme(tally_log_journal *out, const char *folder, const tally_clock *clock,
                               tally_err *err)
{
    tally_ledger_journal_options options = { .ledger = { .folder = folder },
                                             .people = tally_people_of_ledger() };
    tally_rc rc;

    if (clock != NULL)
        options.ledger.clock = *clock;
    else if (!tally_cmd_clock("log", NULL, &options.ledger.clock))
        return TALLY_E_INVALID;
    rc = tally_ledger_journal_open(&out->ledger, &options, err);

    if (rc == TALLY_OK) {
        out->seam = tally_ledger_journal_seam(out->ledger);
        out->journal = &out->seam;
    }
    return rc;
}

tally_rc tally_log_open_journal(tally_log_journal *out, const char *folder,
                                const tally_clock *clock, tally_err *err)
{
    tally_rc rc;

    memset(out, 0, sizeof(*out));
    out->folder.entries = out->folder.beats = -1;
    tally_buffer_init(&out->origin, TALLY_NOTE_NAME_BYTES_MAX);
    if (!tally_log_path(out->path, folder, STORE_NAME))
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    rc = access(out->path, F_OK) == 0 ? open_programme(out, folder, clock, err)
                                      : open_folder(out, folder, err);
    if (rc != TALLY_OK)
        return rc;
    return out->journal->calls->origin(out->journal->context, &out->origin, err);
}

void tally_log_close_journal(tally_log_journal *journal)
{
    tally_ledger_journal_close(journal->ledger);
    tally_journal_folder_close(&journal->folder);
    tally_buffer_free(&journal->origin);
}

/* ---- tally log new ---- */

/* A folder of the log; one that is there already is left as it is. */
static tally_rc make_folder(char out_path[static TALLY_LOG_PATH_BYTES], const char *folder,
                            const char *name, mode_t mode, tally_err *err)
{
    if (!tally_log_path(out_path, folder, name))
        return tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (mkdir(out_path, mode) != 0 && errno != EEXIST)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be made: %s", out_path,
                             strerror(errno));
    return TALLY_OK;
}

/* The genesis when none is given. */
static tally_rc write_genesis(tally_buffer *out, const tally_signer *signer)
{
    tally_buffer text;
    tally_json json;
    tally_vkey vkey;
    tally_rc rc = tally_signer_vkey(&vkey, signer);

    tally_buffer_init(&text, VKEY_BYTES);
    if (rc == TALLY_OK)
        rc = tally_vkey_append(&text, &vkey);
    if (rc == TALLY_OK) {
        tally_json_init(&json, out);
        tally_json_object(&json);
        tally_json_key(&json, "v");
        tally_json_integer(&json, 1);
        tally_json_key(&json, "type");
        tally_json_string(&json, "genesis");
        tally_json_key(&json, "origin");
        tally_json_text(&json, signer->name);
        tally_json_key(&json, "log-key");
        tally_json_text(&json, tally_buffer_text(&text));
        tally_json_object_end(&json);
        rc = tally_buffer_append_byte(out, '\n');
    }
    tally_buffer_free(&text);
    return rc;
}

static tally_rc make_log(const char *folder, const char *origin, const char *genesis_path,
                         const char *policy_path, tally_err *err)
{
    char path[TALLY_LOG_PATH_BYTES];
    tally_buffer genesis, policy;
    tally_signer signer = { .kind = TALLY_KEY_LOG };
    tally_rc rc = TALLY_OK;

    tally_buffer_init(&genesis, TALLY_JOURNAL_DOCUMENT_BYTES_MAX);
    tally_buffer_init(&policy, TALLY_JOURNAL_DOCUMENT_BYTES_MAX);
    if (!tally_note_is_name(tally_text_from(origin)))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "%s is no origin: the log's URL without scheme, no space, no `+`",
                           origin);
    if (rc == TALLY_OK && genesis_path != NULL)
        rc = tally_log_read_file(&genesis, genesis_path, err);
    if (rc == TALLY_OK && policy_path != NULL)
        rc = tally_log_read_file(&policy, policy_path, err);
    if (rc == TALLY_OK && mkdir(folder, 0755) != 0 && errno != EEXIST)
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s cannot be made: %s", folder, strerror(errno));
    if (rc == TALLY_OK)
        rc = make_folder(path, folder, "keys", 0700, err);
    if (rc == TALLY_OK && !tally_log_path(path, folder, "keys/log.key"))
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (rc == TALLY_OK)
        rc = tally_log_make_key(&signer, path, "log", tally_text_from(origin), TALLY_KEY_LOG, err);
    if (rc == TALLY_OK && genesis_path == NULL && write_genesis(&genesis, &signer) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (rc == TALLY_OK && !tally_log_path(path, folder, JOURNAL_NAME))
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the path is too long");
    if (rc == TALLY_OK)
        rc = tally_journal_folder_create(&tally_files_system, AT_FDCWD, path,
                                         tally_text_from(origin), tally_buffer_text(&genesis),
                                         tally_buffer_text(&policy), err);
    if (rc == TALLY_OK)
        rc = tally_log_print_vkey(&signer, err);
    tally_secret_wipe(&signer, sizeof(signer));
    tally_buffer_free(&genesis);
    tally_buffer_free(&policy);
    return rc;
}

int tally_cmd_log_new(int argc, char **argv)
{
    const char *folder, *origin = NULL, *genesis = NULL, *policy = NULL;
    const tally_log_option options[] = {
        { "--origin", &origin, 1, NULL, false },
        { "--genesis", &genesis, 1, NULL, false },
        { "--policy", &policy, 1, NULL, false },
    };
    tally_err err = TALLY_ERR_INIT;
    size_t words;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally log new DIR --origin NAME [--genesis FILE] [--policy FILE]\n"
             "\n"
             "Make a log without a programme: its key, and a journal with a genesis and a policy.\n"
             "NAME is the URL where it will be read, without the scheme, and can never change.\n"
             "Prints the verifier key. Programmes have their log from `tally init`.");
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("log new", argc, argv, options, 3, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1 || origin == NULL)
        return tally_log_usage("log new", "name a folder and an --origin", "");
    return make_log(folder, origin, genesis, policy, &err) == TALLY_OK
               ? TALLY_EXIT_OK
               : tally_log_fail("log new", &err);
}

/* ---- tally log append ---- */

static bool parse_hex(tally_node *out, const char *text)
{
    if (strlen(text) != HEX_CHARACTERS)
        return false;
    for (size_t i = 0; i < HEX_CHARACTERS; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        out->bytes[i / 2] = (uint8_t)(out->bytes[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static tally_rc append_all(tally_log_journal *journal, const char *policy_path,
                           const char *const *records, size_t record_count, tally_err *err)
{
    tally_buffer policy;
    uint64_t index = 0;
    tally_rc rc = TALLY_OK;

    tally_buffer_init(&policy, TALLY_JOURNAL_DOCUMENT_BYTES_MAX);
    if (policy_path != NULL)
        rc = tally_log_read_file(&policy, policy_path, err);
    if (rc == TALLY_OK && policy_path != NULL) {
        rc = journal->journal->calls->append_document(journal->journal->context, TALLY_ENTRY_POLICY,
                                                      tally_buffer_text(&policy), &index, err);
        if (rc == TALLY_OK)
            printf("%" PRIu64 "\n", index);
    }
    for (size_t i = 0; i < record_count && rc == TALLY_OK; i++) {
        tally_node commitment = { { 0 } };

        if (!parse_hex(&commitment, records[i]))
            rc = tally_err_set(err, TALLY_E_INVALID, 0, "%s is not 64 hexadecimal digits",
                               records[i]);
        if (rc == TALLY_OK)
            rc = tally_journal_folder_append(&journal->folder, &commitment, &index, err);
        if (rc == TALLY_OK)
            printf("%" PRIu64 "\n", index);
    }
    tally_buffer_free(&policy);
    return rc;
}

int tally_cmd_log_append(int argc, char **argv)
{
    const char *folder, *policy = NULL;
    const char *records[RECORDS_MAX];
    size_t record_count = 0, words;
    const tally_log_option options[] = {
        { "--policy", &policy, 1, NULL, false },
        { "--record", records, RECORDS_MAX, &record_count, false },
    };
    tally_log_journal journal;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally log append DIR [--policy FILE] [--record COMMITMENT...]\n"
             "\n"
             "Append to the journal of a log made with `tally log new`: a policy, which will be\n"
             "published, and records, of which only a commitment of 64 hexadecimal digits is\n"
             "given. Prints the index of each. They are published with the next beat.");
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("log append", argc, argv, options, 2, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1 || (policy == NULL && record_count == 0))
        return tally_log_usage("log append", "name a folder and something to append", "");
    rc = tally_log_open_journal(&journal, folder, NULL, &err);
    if (rc == TALLY_OK && journal.ledger != NULL)
        rc = tally_err_set(&err, TALLY_E_INVALID, 0,
                           "%s is a programme: its ledger appends to its log", folder);
    if (rc == TALLY_OK)
        rc = append_all(&journal, policy, records, record_count, &err);
    tally_log_close_journal(&journal);
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_log_fail("log append", &err);
}
