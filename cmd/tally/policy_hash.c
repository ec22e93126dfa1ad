/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy hash`: the hash of each version, the day it begins, its title. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "crypto/hash.h"
#include "load.h"
#include "policy.h"
#include "policy/program.h"

static void print_version(const tally_version *version)
{
    char hex[TALLY_HASH_HEX_BYTES], day[TALLY_DATE_TEXT_BYTES];
    tally_text from = TALLY_TEXT("the beginning");

    tally_hash_hex(hex, version->hash);
    if (version->from_day != INT64_MIN)
        from = tally_day_format(day, (int32_t)version->from_day);
    printf("%s  from %.*s  %.*s\n", hex, TALLY_TEXT_ARGS(from), TALLY_TEXT_ARGS(version->title));
}

int tally_cmd_policy_hash(int argc, char **argv)
{
    tally_loaded_policy loaded;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally policy hash FILE\n"
             "\n"
             "Print one line for each version of the policy, oldest first: its hash, the day\n"
             "from which it holds, and its title. The next version names the last hash as its\n"
             "`previous`.");
        return TALLY_EXIT_OK;
    }
    if (argc != 2 || (argv[1][0] == '-' && argv[1][1] != '\0')) {
        fputs("tally policy hash: name one policy file\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    if (tally_cmd_need_policy(&loaded, "policy hash", argv[1]) != NULL) {
        for (uint32_t i = 0; i < loaded.policy->version_count; i++)
            print_version(&loaded.policy->versions[i]);
    }
    status = loaded.status;
    tally_loaded_policy_free(&loaded);
    return status;
}
