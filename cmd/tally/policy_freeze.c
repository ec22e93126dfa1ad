/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy freeze`: a policy with its zone tables in one file. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "policy.h"

static void print_help(void)
{
    puts("Usage: tally policy freeze FILE [-o OUT]\n"
         "\n"
         "Write the policy with the time zone tables it was compiled with to OUT, or to\n"
         "standard output. Every command takes OUT in place of FILE, and gives the same\n"
         "results with it on every machine and with every later zone database.");
}

static int write_text(const char *path, const char *text, size_t count)
{
    FILE *stream = path != NULL ? fopen(path, "wb") : stdout;
    bool is_written;

    if (stream == NULL) {
        fprintf(stderr, "tally policy freeze: %s cannot be opened: %s\n", path, strerror(errno));
        return TALLY_EXIT_FILES;
    }
    is_written = fwrite(text, 1, count, stream) == count && fflush(stream) == 0;
    if (path != NULL)
        is_written = fclose(stream) == 0 && is_written;
    if (!is_written)
        fprintf(stderr, "tally policy freeze: %s cannot be written: %s\n",
                path != NULL ? path : "standard output", strerror(errno));
    return is_written ? TALLY_EXIT_OK : TALLY_EXIT_FILES;
}

int tally_cmd_policy_freeze(int argc, char **argv)
{
    const char *file = NULL, *out = NULL;
    tally_loaded_policy loaded;
    char *text;
    size_t count;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && out == NULL)
            out = argv[++i];
        else if (file == NULL && (argv[i][0] != '-' || argv[i][1] == '\0'))
            file = argv[i];
        else
            file = ""; /* too many, or an option that is none */
    }
    if (file == NULL || file[0] == '\0') {
        fputs("tally policy freeze: name one policy file, and OUT after -o\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    if (tally_cmd_need_policy(&loaded, "policy freeze", file) == NULL) {
        status = loaded.status;
    } else {
        tally_rc rc = tally_policy_freeze(loaded.policy, &text, &count);

        if (rc == TALLY_OK) {
            status = write_text(out, text, count);
            tally_policy_text_free(text);
        } else {
            fprintf(stderr, "tally policy freeze: %s\n", tally_rc_name(rc));
            status = TALLY_EXIT_FAILED;
        }
    }
    tally_loaded_policy_free(&loaded);
    return status;
}
