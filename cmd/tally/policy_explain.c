/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy explain`: a policy in plain English, from its compiled form. */

#include "policy/explain.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "policy.h"

#define EXPLANATION_BYTES_MAX ((size_t)64 << 20)

static int explain(const tally_policy *policy)
{
    tally_buffer out;
    int status = TALLY_EXIT_OK;

    tally_buffer_init(&out, EXPLANATION_BYTES_MAX);
    tally_policy_explain(policy, &out);
    if (tally_buffer_failure(&out) != TALLY_OK) {
        fprintf(stderr, "tally policy explain: %s\n", tally_rc_name(tally_buffer_failure(&out)));
        status = TALLY_EXIT_FAILED;
    } else if (fwrite(out.bytes, 1, out.count, stdout) != out.count || fflush(stdout) != 0) {
        perror("tally policy explain");
        status = TALLY_EXIT_FILES;
    }
    tally_buffer_free(&out);
    return status;
}

int tally_cmd_policy_explain(int argc, char **argv)
{
    tally_loaded_policy loaded;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally policy explain FILE\n"
             "\n"
             "Print a policy in plain English: what may be recorded, what it earns, how the\n"
             "results follow, and the reading chosen wherever there is more than one. The text\n"
             "is made from the compiled policy, so it says what will be done.\n"
             "\n"
             "FILE may be - for standard input, or what `tally policy freeze` wrote.");
        return TALLY_EXIT_OK;
    }
    if (argc != 2 || (argv[1][0] == '-' && argv[1][1] != '\0')) {
        fputs("tally policy explain: name one policy file\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    if (tally_cmd_need_policy(&loaded, "policy explain", argv[1]) != NULL)
        status = explain(loaded.policy);
    else
        status = loaded.status;
    tally_loaded_policy_free(&loaded);
    return status;
}
