/* SPDX-License-Identifier: Apache-2.0 */
/* `tally version`: the version, alone on a line. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "tally/base.h"

int tally_cmd_version(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        puts("Usage: tally version\n\nPrint the version of tally.");
        return TALLY_EXIT_OK;
    }
    if (argc > 1) {
        fprintf(stderr, "tally version: takes no argument, got '%s'\n", argv[1]);
        return TALLY_EXIT_USAGE;
    }
    printf("tally %s\n", tally_version_string());
    return TALLY_EXIT_OK;
}
