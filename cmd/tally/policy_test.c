/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy test`: runs the tests that policies carry. */

#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "testing/testing.h"

#define REPORT_BYTES_MAX ((size_t)64 << 20)

static void print_help(void)
{
    puts("Usage: tally policy test [--format text|json] FILE...\n"
         "\n"
         "Run the tests that policies carry in their `tests` section: what is given,\n"
         "what is expected, what came out.\n"
         "\n"
         "  --format json  an array with an object for each file\n"
         "\n"
         "Exit status: 0 all tests passed, 1 some failed or a file is no policy,\n"
         "2 the command line makes no sense, 3 a file cannot be read or written.");
}

/* Moves the files to the front of argv. How many there are, or 0 when the command line makes no
 * sense. */
static int read_options(bool *out_as_json, int argc, char **argv)
{
    const char *format = "text";
    int count = 0;

    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[++count] = argv[i];
        } else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc) {
            format = argv[++i];
        } else if (strncmp(argv[i], "--format=", 9) == 0) {
            format = argv[i] + 9;
        } else {
            fprintf(stderr, "tally policy test: '%s' is no option\n", argv[i]);
            return 0;
        }
    }
    *out_as_json = strcmp(format, "json") == 0;
    if (!*out_as_json && strcmp(format, "text") != 0) {
        fprintf(stderr, "tally policy test: the format is text or json, not '%s'\n", format);
        return 0;
    }
    if (count == 0)
        fputs("tally policy test: name a policy file\n", stderr);
    return count;
}

/* OK: it is a policy and all its tests passed. */
static int test_file(const char *path, bool as_json, tally_buffer *out)
{
    tally_loaded_policy loaded;
    tally_policy *policy = tally_cmd_need_policy(&loaded, "policy test", path);
    tally_err err = TALLY_ERR_INIT;
    tally_test_run *run = NULL;
    int status = policy == NULL ? loaded.status : TALLY_EXIT_FAILED;

    if (policy != NULL && tally_testing_run(&run, policy, &err) != TALLY_OK)
        fprintf(stderr, "tally policy test: %s\n", err.message);
    if (run != NULL) {
        if (as_json) {
            tally_buffer_append_string(out, out->count > 1 ? ",\n" : "\n");
            tally_testing_render_json(run, tally_text_from(path), out);
        } else {
            tally_testing_render_text(run, tally_text_from(path), out);
        }
        status = run->failed == 0 ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
    }
    tally_testing_free(run);
    tally_loaded_policy_free(&loaded);
    return status;
}

int tally_cmd_policy_test(int argc, char **argv)
{
    int status = TALLY_EXIT_OK;
    bool as_json;
    tally_buffer out;
    int count;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    count = read_options(&as_json, argc, argv);
    if (count == 0)
        return TALLY_EXIT_USAGE;
    tally_buffer_init(&out, REPORT_BYTES_MAX);
    if (as_json)
        tally_buffer_append_byte(&out, '[');
    for (int i = 1; i <= count; i++)
        status = tally_cmd_worse(status, test_file(argv[i], as_json, &out));
    if (as_json)
        tally_buffer_append_string(&out, out.count > 1 ? "\n]\n" : "]\n");
    if (tally_buffer_failure(&out) != TALLY_OK) {
        fputs("tally policy test: the report is too long\n", stderr);
        status = TALLY_EXIT_FAILED;
    }
    fputs(tally_buffer_string(&out), stdout);
    tally_buffer_free(&out);
    return status;
}
