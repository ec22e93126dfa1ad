/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_LOAD_H
#define TALLY_CMD_LOAD_H

/* Files and zone tables from outside, for all subcommands. */

#include <stdbool.h>

#include "tally/policy.h"
#include "util/buffer.h"

/* Read a whole file, or standard input for "-".
 *
 * out  started with its maximum; holds the content on success.
 *
 * TALLY_E_IO     it cannot be read; err says why
 * TALLY_E_LIMIT  it is larger than the buffer's maximum
 * TALLY_E_NOMEM  allocation failed */
TALLY_MUST_CHECK tally_rc tally_cmd_read_file(tally_buffer *out, const char *path, tally_err *err);

/* The system's zone tables: below $TALLY_ZONEINFO or /usr/share/zoneinfo. */
typedef struct tally_system_zones {
    tally_zone_source source; /* give this to tally_policy_compile() */
    tally_buffer *files;      /* what was read, kept until free */
    size_t file_count, file_room;
} tally_system_zones;

/* source.context points back: do not move the struct. */
void tally_system_zones_init(tally_system_zones *zones);
void tally_system_zones_free(tally_system_zones *zones);

/* May what is printed there be coloured? On a terminal, unless NO_COLOR is set to something. */
bool tally_cmd_has_colour(int file);

/* A policy file read and compiled. */
typedef struct tally_loaded_policy {
    tally_buffer text;
    tally_policy *policy; /* NULL if it did not compile */
    tally_diagnostics *diagnostics;
    int status; /* the exit status that loading it asks for: OK, FAILED or FILES */
} tally_loaded_policy;

/* Read and compile. What is wrong in the text stands in out->diagnostics and is not printed.
 *
 * out  to be freed with tally_loaded_policy_free() whatever is returned. */
TALLY_MUST_CHECK tally_rc tally_cmd_load_policy(tally_loaded_policy *out, const char *path,
                                                tally_err *err);
void tally_loaded_policy_free(tally_loaded_policy *loaded);

/* Print on standard error why loading failed: the faults of the text, or err. */
void tally_cmd_print_faults(const tally_loaded_policy *loaded, const char *command,
                            const char *path, const tally_err *err);

/* The same for commands that need a policy and nothing else: prints on standard error whatever is
 * wrong, warnings left out. NULL: it was printed. */
tally_policy *tally_cmd_need_policy(tally_loaded_policy *out, const char *command,
                                    const char *path);

#endif
