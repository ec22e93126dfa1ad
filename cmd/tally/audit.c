/* SPDX-License-Identifier: Apache-2.0 */
/* `tally audit`: checks a copy of a published log, offline. */

#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "tlog/bundle.h"
#include "util/alloc.h"

static void print_help(void)
{
    puts("Usage: tally audit FOLDER --vkey KEY [OPTION...]\n"
         "\n"
         "Check a copy of a published log: every file, every hash, every entry.\n"
         "\n"
         "  --vkey KEY        the log's verifier key, or a file that holds it; may be given\n"
         "                    again, then a signature of either key will do\n"
         "  --origin NAME     the log's name, when it is not that of the first key\n"
         "  --witness KEY     a witness's verifier key; may be given again\n"
         "  --quorum N        how many of the witnesses must have cosigned (default: all)\n"
         "  --witnesses FILE  instead of these: a policy (c2sp.org/tlog-policy)\n"
         "  --max-age SECONDS how long ago they may have\n"
         "  --saved PATH      a checkpoint kept from earlier, or a folder of such: the log\n"
         "                    must have grown from each; may be given again\n"
         "  --keep FILE       like --saved, if it exists; and when the audit passes, keep\n"
         "                    this checkpoint there for the next time\n"
         "  --documents DIR   the published documents: each that an entry commits is there\n"
         "                    (default: those in the folder)\n"
         "  --private DIR     the ledger of the log: it has what the log committed, and no more\n"
         "  --epoch N         the newest epoch that can have begun\n"
         "  --any-entries     the log is another program's: do not look into its entries\n"
         "\n"
         "The last line is for programs: `audit: result=passed`, and more as key=value.\n"
         "Exit status: 0 passed (there may be warnings), 1 something is wrong with the\n"
         "log, 2 the command line makes no sense or the audit could not be carried out.");
}

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "tally audit: %s%s\n", what, about);
    return TALLY_EXIT_USAGE;
}

static bool take_number(int64_t *out, const char *text, int64_t max)
{
    return tally_text_parse_i64(out, tally_text_from(text), 0, max) == TALLY_OK && text[0] != '-';
}

static bool take_key(const char **keys, size_t *count, const char *value)
{
    if (*count == TALLY_TRUST_KEYS_MAX)
        return false;
    keys[(*count)++] = value;
    return true;
}

/* One option with its value; false: it is none, or its value is not one. */
static bool take_option(tally_audit_options *options, const char *name, const char *value)
{
    if (strcmp(name, "--vkey") == 0)
        return take_key(options->vkeys, &options->vkey_count, value);
    if (strcmp(name, "--witness") == 0)
        return take_key(options->witnesses, &options->witness_count, value);
    if (strcmp(name, "--quorum") == 0)
        return take_number(&options->quorum, value, TALLY_TRUST_KEYS_MAX);
    if (strcmp(name, "--max-age") == 0)
        return take_number(&options->max_age_s, value, INT64_MAX);
    if (strcmp(name, "--epoch") == 0)
        return take_number(&options->epoch_max, value, UINT32_MAX);
    if (strcmp(name, "--saved") == 0)
        options->saved[options->saved_count++] = value;
    else if (strcmp(name, "--origin") == 0)
        options->origin = value;
    else if (strcmp(name, "--documents") == 0)
        options->documents = value;
    else if (strcmp(name, "--keep") == 0)
        options->keep = value;
    else if (strcmp(name, "--witnesses") == 0)
        options->witnesses_file = value;
    else if (strcmp(name, "--private") == 0)
        options->private_folder = value;
    else
        return false;
    return true;
}

static int read_options(tally_audit_options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--any-entries") == 0) {
            options->takes_any_entries = true;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (i + 1 == argc)
                return complain("no such option, or its value is missing: ", argv[i]);
            if (!take_option(options, argv[i], argv[i + 1]))
                return complain("no such option, or not a value for it: ", argv[i]);
            i++;
        } else if (options->folder == NULL) {
            options->folder = argv[i];
        } else {
            return complain("one folder at a time, not also ", argv[i]);
        }
    }
    if (options->folder == NULL || options->vkey_count == 0)
        return complain("name a folder and a --vkey", "");
    if (options->quorum > (int64_t)options->witness_count)
        return complain("--quorum asks for more than the witnesses named", "");
    if (options->witnesses_file != NULL && (options->witness_count > 0 || options->quorum >= 0))
        return complain("--witnesses says all that --witness and --quorum say", "");
    if (options->max_age_s >= 0 && options->witnesses_file == NULL &&
        (options->witness_count == 0 || options->quorum == 0))
        return complain("--max-age needs --witness: a log's own word on time is worth nothing", "");
    if (options->takes_any_entries &&
        (options->documents != NULL || options->epoch_max >= 0 || options->private_folder != NULL))
        return complain("--any-entries leaves nothing to do for --documents, --epoch and --private",
                        "");
    return TALLY_EXIT_OK;
}

/* Every false below has set audit->stopped. */
static bool run(tally_audit *audit)
{
    audit->folder = open(audit->options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (audit->folder < 0) {
        tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s cannot be opened: %s",
                      audit->options.folder, strerror(errno));
        return false;
    }
    audit->hash = tally_hash_new();
    if (audit->hash == NULL) {
        tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "memory is short");
        return false;
    }
    tally_buffer_init(&audit->bytes, TALLY_BUNDLE_BYTES_MAX);
    if (!tally_audit_load_keys(audit) || !tally_audit_load_documents(audit) ||
        !tally_audit_open_checkpoint(audit))
        return false;
    if (!audit->is_opened)
        return true;
    if (!tally_audit_load_saved(audit) || !tally_audit_open_private(audit) ||
        !tally_audit_check_tree(audit) || !tally_audit_walk(audit))
        return false;
    if (audit->options.keep == NULL)
        return true;
    for (size_t i = 0; i < TALLY_AUDIT_CHECK_COUNT; i++) {
        if (audit->faults[i] > 0)
            return true;
    }
    return tally_audit_keep(audit);
}

static void clean_up(tally_audit *audit)
{
    if (audit->folder >= 0)
        close(audit->folder);
    tally_hash_free(audit->hash);
    for (size_t i = 0; i < 2 * (size_t)TALLY_TRUST_KEYS_MAX; i++)
        tally_buffer_free(&audit->key_texts[i]);
    tally_audit_close_private(audit);
    tally_buffer_free(&audit->quorum_text);
    tally_buffer_free(&audit->note);
    tally_buffer_free(&audit->bytes);
    for (size_t i = 0; i < audit->saved_count; i++)
        tally_release(audit->saved[i].path);
    tally_release(audit->saved);
    for (size_t i = 0; i < audit->document_count; i++)
        tally_release(audit->documents[i].name);
    tally_release(audit->documents);
    tally_release((void *)audit->options.saved);
    tally_release(audit);
}

int tally_cmd_audit(int argc, char **argv)
{
    tally_audit *audit;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return TALLY_EXIT_OK;
        }
    }
    audit = tally_alloc_zeroed(sizeof(*audit));
    if (audit == NULL)
        return complain("memory is short", "");
    audit->folder = -1;
    audit->options.quorum = -1;
    audit->options.max_age_s = -1;
    audit->options.epoch_max = -1;
    audit->options.saved = tally_alloc_array((size_t)argc, sizeof(char *));
    status = audit->options.saved != NULL ? read_options(&audit->options, argc, argv)
                                          : complain("memory is short", "");
    if (status == TALLY_EXIT_OK) {
        bool is_carried_out = run(audit);

        TALLY_ASSERT(is_carried_out == (audit->stopped.rc == TALLY_OK));
        status = tally_audit_print(audit);
    }
    clean_up(audit);
    return status;
}
