/* SPDX-License-Identifier: Apache-2.0 */
/* `tally log proof`: a proof that an entry stands in a published log. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "log.h"
#include "publish/prove.h"
#include "util/alloc.h"

static void print_help(void)
{
    puts("Usage: tally log proof DIR INDEX [--vkey KEY...] [--extra FILE] [-o OUT]\n"
         "\n"
         "Write a proof (c2sp.org/tlog-proof@v1) that the entry with this index stands in the\n"
         "log whose files are in DIR or DIR/log. It has all that anybody needs to check it, who\n"
         "has the entry and the log's verifier key.\n"
         "\n"
         "  --vkey KEY    believe only checkpoints signed by this key, or a file that holds it\n"
         "  --extra FILE  bytes that go along with the proof\n"
         "  -o OUT        a new file, instead of standard output");
}

/* DIR/log if it has a checkpoint, else DIR. */
static bool find_folder(char out[static TALLY_LOG_PATH_BYTES], const char *folder)
{
    char inner[TALLY_LOG_PATH_BYTES];

    if (!tally_log_path(inner, folder, "log/checkpoint"))
        return false;
    if (access(inner, F_OK) == 0)
        return tally_log_path(out, folder, "log");
    return snprintf(out, TALLY_LOG_PATH_BYTES, "%s", folder) < (int)TALLY_LOG_PATH_BYTES;
}

typedef struct proving {
    const char *vkeys[TALLY_SIGNERS_MAX];
    size_t vkey_count;
    const char *extra, *out;
    tally_buffer key_texts[TALLY_SIGNERS_MAX];
    tally_vkey keys[TALLY_SIGNERS_MAX];
    tally_buffer extra_bytes, proof;
    tally_folder folder;
} proving;

static tally_rc run(proving *at, const char *path, uint64_t index, tally_err *err)
{
    tally_trust trust = { .log_keys = at->keys, .log_key_count = at->vkey_count };
    tally_text extra;
    tally_rc rc = TALLY_OK;

    for (size_t i = 0; i < at->vkey_count && rc == TALLY_OK; i++) {
        tally_buffer_init(&at->key_texts[i], TALLY_LOG_PATH_BYTES);
        rc = tally_log_load_vkey(&at->keys[i], &at->key_texts[i], at->vkeys[i], TALLY_KEY_LOG, err);
    }
    trust.origin = at->keys[0].name;
    tally_buffer_init(&at->extra_bytes, TALLY_PROVE_EXTRA_BYTES_MAX);
    if (rc == TALLY_OK && at->extra != NULL)
        rc = tally_log_read_file(&at->extra_bytes, at->extra, err);
    extra = tally_buffer_text(&at->extra_bytes);
    tally_buffer_init(&at->proof, TALLY_PROOF_FILE_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = tally_folder_open_present(&at->folder, &tally_files_system, AT_FDCWD, path, err);
    if (rc == TALLY_OK)
        rc = tally_prove(&at->folder, at->vkey_count > 0 ? &trust : NULL, index,
                         at->extra != NULL ? &extra : NULL, &at->proof, NULL, err);
    if (rc == TALLY_OK)
        rc = tally_log_write_file(at->out, tally_buffer_text(&at->proof), err);
    return rc;
}

int tally_cmd_log_proof(int argc, char **argv)
{
    proving *at;
    const char *words[2];
    char path[TALLY_LOG_PATH_BYTES];
    tally_err err = TALLY_ERR_INIT;
    size_t count = 0;
    uint64_t index = 0;
    int status = TALLY_EXIT_USAGE;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    at = tally_alloc_zeroed(sizeof(*at));
    if (at == NULL)
        return tally_log_usage("log proof", "memory is short", "");
    {
        const tally_log_option options[] = {
            { "--vkey", at->vkeys, TALLY_SIGNERS_MAX, &at->vkey_count, false },
            { "--extra", &at->extra, 1, NULL, false },
            { "-o", &at->out, 1, NULL, false },
        };

        if (!tally_log_read_options("log proof", argc, argv, options, 3, words, 2, &count))
            status = TALLY_EXIT_USAGE;
        else if (count != 2 || !find_folder(path, words[0]) ||
                 !tally_checkpoint_parse_number(&index, tally_text_from(words[1])))
            status = tally_log_usage("log proof", "name a folder and the index of an entry", "");
        else
            status = run(at, path, index, &err) == TALLY_OK ? TALLY_EXIT_OK
                                                            : tally_log_fail("log proof", &err);
    }
    tally_folder_close(&at->folder);
    for (size_t i = 0; i < TALLY_SIGNERS_MAX; i++)
        tally_buffer_free(&at->key_texts[i]);
    tally_buffer_free(&at->extra_bytes);
    tally_buffer_free(&at->proof);
    tally_release(at);
    return status;
}
