/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy diff`: what a new version of a policy changes, and for whom. */

#include "policy/diff.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "policy.h"
#include "policy/publish.h"

#define REPORT_BYTES_MAX ((size_t)64 << 20)

typedef struct options {
    const char *format, *old_path, *new_path;
} options;

static void print_help(void)
{
    puts("Usage: tally policy diff [--format text|json] OLD NEW\n"
         "\n"
         "Print what the newest version in NEW changes against the newest version in OLD, each\n"
         "change with its place and a label:\n"
         "\n"
         "  better   shown: no score, tier or benefit of any member can be lower for it\n"
         "  neutral  shown: it changes no result, or only what is said\n"
         "  worse    everything else, also what is only doubtful\n"
         "\n"
         "A worse version needs 30 days' notice, binds later events only, and binds a member\n"
         "only with a new receipt. docs/policy-publishing.md says what counts as what.\n"
         "\n"
         "NEW may hold all versions, or the one that follows OLD alone; either may be what\n"
         "`tally policy freeze` wrote, or - for standard input.\n"
         "Exit status: 0 nothing is worse, 1 something is, or a file is no policy, 2 the command\n"
         "line makes no sense, 3 a file cannot be read or written.");
}

static bool read_options(options *chosen, int argc, char **argv)
{
    chosen->format = "text";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--format") == 0 && i + 1 < argc) {
            chosen->format = argv[++i];
        } else if (strncmp(argv[i], "--format=", 9) == 0) {
            chosen->format = argv[i] + 9;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            fprintf(stderr, "tally policy diff: '%s' is no option\n", argv[i]);
            return false;
        } else if (chosen->old_path == NULL) {
            chosen->old_path = argv[i];
        } else if (chosen->new_path == NULL) {
            chosen->new_path = argv[i];
        } else {
            fputs("tally policy diff: name two policy files\n", stderr);
            return false;
        }
    }
    if (strcmp(chosen->format, "text") != 0 && strcmp(chosen->format, "json") != 0) {
        fprintf(stderr, "tally policy diff: the format is text or json, not '%s'\n",
                chosen->format);
        return false;
    }
    if (chosen->new_path == NULL) {
        fputs("tally policy diff: name two policy files\n", stderr);
        return false;
    }
    return true;
}

/* A new document that names the old one as its `previous` is read behind it, so that renamed tiers
 * and changed settings mean what they will mean; one that cannot stand alone too. NULL: it is none. */
static tally_policy *read_behind(const tally_policy *old, const tally_loaded_policy *new,
                                 const char *path, uint32_t *out_lines)
{
    const tally_version *last = &old->versions[old->version_count - 1];
    const tally_version *first = new->policy != NULL ? &new->policy->versions[0] : NULL;
    tally_text text = tally_buffer_text(&new->text);
    tally_diagnostics *diagnostics;
    tally_system_zones zones;
    tally_policy *program = NULL;

    if (first != NULL && (new->policy->version_count != 1 || !first->has_previous ||
                          memcmp(first->previous, last->hash, sizeof(last->hash)) != 0))
        return NULL;
    diagnostics = tally_diagnostics_new();
    tally_system_zones_init(&zones);
    if (diagnostics != NULL &&
        tally_policy_append(&program, out_lines, old, path, text.bytes, text.count, &zones.source,
                            diagnostics, NULL) != TALLY_OK)
        program = NULL;
    tally_system_zones_free(&zones);
    tally_diagnostics_free(diagnostics);
    return program;
}

static int print_changes(const options *chosen, const tally_policy_changes *changes)
{
    int status = changes->worse_count > 0 ? TALLY_EXIT_FAILED : TALLY_EXIT_OK;
    tally_buffer out;

    tally_buffer_init(&out, REPORT_BYTES_MAX);
    if (strcmp(chosen->format, "json") == 0)
        tally_policy_changes_render_json(changes, &out);
    else
        tally_policy_changes_render_text(changes, tally_text_from(chosen->new_path), &out);
    if (tally_buffer_failure(&out) != TALLY_OK) {
        fprintf(stderr, "tally policy diff: %s\n", tally_rc_name(tally_buffer_failure(&out)));
        status = TALLY_EXIT_FAILED;
    } else if (fwrite(out.bytes, 1, out.count, stdout) != out.count || fflush(stdout) != 0) {
        perror("tally policy diff");
        status = TALLY_EXIT_FILES;
    }
    tally_buffer_free(&out);
    return status;
}

static int compare(const options *chosen, const tally_policy *old, const tally_policy *new,
                   uint32_t lines)
{
    tally_policy_changes *changes = NULL;
    tally_err err = TALLY_ERR_INIT;
    int status;

    if (tally_policy_diff(&changes, old, old->version_count - 1, new, new->version_count - 1,
                          &err) != TALLY_OK) {
        fprintf(stderr, "tally policy diff: %s\n", err.message);
        return TALLY_EXIT_FAILED;
    }
    tally_policy_changes_move_up(changes, lines);
    status = print_changes(chosen, changes);
    tally_policy_changes_free(changes);
    return status;
}

static int compare_with(const options *chosen, const tally_policy *old)
{
    tally_loaded_policy new;
    tally_policy *program;
    tally_err err = TALLY_ERR_INIT;
    uint32_t lines = 0;
    int status;

    /* What is wrong with it matters only if it is no next document either. */
    if (tally_cmd_load_policy(&new, chosen->new_path, &err) != TALLY_OK && new.text.count == 0)
        program = NULL;
    else
        program = read_behind(old, &new, chosen->new_path, &lines);
    if (program != NULL) {
        status = compare(chosen, old, program, lines);
    } else if (new.policy != NULL) {
        status = compare(chosen, old, new.policy, 0);
    } else {
        tally_cmd_print_faults(&new, "policy diff", chosen->new_path, &err);
        status = new.status;
    }
    tally_policy_free(program);
    tally_loaded_policy_free(&new);
    return status;
}

int tally_cmd_policy_diff(int argc, char **argv)
{
    options chosen = { 0 };
    tally_loaded_policy old;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (!read_options(&chosen, argc, argv))
        return TALLY_EXIT_USAGE;
    if (tally_cmd_need_policy(&old, "policy diff", chosen.old_path) == NULL)
        status = old.status;
    else
        status = compare_with(&chosen, old.policy);
    tally_loaded_policy_free(&old);
    return status;
}
