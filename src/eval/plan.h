/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_PLAN_H
#define TALLY_EVAL_PLAN_H

/* Which file is read in which ways: by the policy's `reads`, by columns that
 * have the names of the language, or as the command line says. */

#include "policy/program.h"
#include "policy/reads.h"
#include "util/arena.h"

/* One way of reading one file. */
typedef struct tally_plan_entry {
    uint32_t file;
    tally_read read; /* texts live as long as policy, options and arena */
    bool is_by_name; /* columns by the language's names: all but three may be absent */
} tally_plan_entry;

typedef struct tally_plan_file {
    const char *path;
    tally_text name;                   /* by which `reads` knows it */
    uint32_t rank;                     /* of the name among all files, for ids made from it */
    uint32_t entry_first, entry_count; /* 0: only looked up in */
} tally_plan_file;

typedef struct tally_plan {
    uint32_t file_count;
    tally_plan_file *files; /* as given */
    uint32_t entry_count;
    tally_plan_entry *entries;
    const tally_text *names_by_rank;
} tally_plan;

/* What the command line says about reading. */
typedef struct tally_plan_options {
    const char *const *paths;
    uint32_t path_count;
    const char *const *maps; /* KEY=VALUE each */
    uint32_t map_count;
    const char *expect; /* [RESULT=][FILE:]COLUMN, or NULL */
} tally_plan_options;

/* Make the plan; it lives in the arena.
 *
 * TALLY_E_INVALID  a --map or --expect that makes no sense: err says why
 * TALLY_E_LIMIT    more than 255 ways to read one file, or too many files
 * TALLY_E_NOMEM    allocation failed */
TALLY_MUST_CHECK tally_rc tally_plan_make(tally_plan *out_plan, const struct tally_policy *policy,
                                          const tally_plan_options *options, tally_arena *arena,
                                          tally_err *err);

/* The path of a look-up file: the given file of that name, else its name in the
 * folder of the file that asks. NULL if the arena is short. */
const char *tally_plan_look_up_path(const tally_plan *plan, tally_text name,
                                    const char *asking_path, tally_arena *arena);

/* Read `A + B` or `A from FILE by B` as a policy has it. */
TALLY_MUST_CHECK tally_rc tally_plan_read_column(tally_column *out_column, tally_text text,
                                                 tally_arena *arena, tally_err *err);

#endif
