/* SPDX-License-Identifier: Apache-2.0 */
/* `tally version`: the version, alone on a line; with --charter the charter's hash and text. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "crypto/hash.h"
#include "policy/charter_limits.h"
#include "tally/base.h"

#define CHARTER_BYTES_MAX ((size_t)1 << 20)

static int print_charter(void)
{
    uint8_t hash[TALLY_CHARTER_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES];
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, CHARTER_BYTES_MAX);
    tally_charter_hash(hash);
    tally_charter_text(&text);
    rc = tally_buffer_failure(&text);
    if (rc == TALLY_OK) {
        tally_hash_hex(hex, hash);
        printf("charter %s\n%s", hex, tally_buffer_string(&text));
    } else {
        fprintf(stderr, "tally version: %s\n", tally_rc_name(rc));
    }
    tally_buffer_free(&text);
    return rc == TALLY_OK ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
}

int tally_cmd_version(int argc, char **argv)
{
    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally version [--charter]\n"
             "\n"
             "Print the version of tally.\n"
             "\n"
             "  --charter  print the hash of the charter that this program enforces, which every\n"
             "             receipt carries, and below it the text that it is the SHA-256 of");
        return TALLY_EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "--charter") == 0)
        return print_charter();
    if (argc > 1) {
        fprintf(stderr, "tally version: takes no argument but --charter, got '%s'\n", argv[1]);
        return TALLY_EXIT_USAGE;
    }
    printf("tally %s\n", tally_version_string());
    return TALLY_EXIT_OK;
}
