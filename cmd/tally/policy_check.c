/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy check`: every error and warning of policy files, and with --live
 * whether the charter lets them live. */

#include "policy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "load.h"
#include "policy/charter.h"
#include "policy/diagnostics.h"

#define REPORT_BYTES_MAX ((size_t)16 << 20)

typedef struct options {
    bool as_json, is_live;
    const char *format;
    int file_count; /* they stand in argv from 1 on */
} options;

static void print_help(void)
{
    puts("Usage: tally policy check [--live] [--format text|json] FILE...\n"
         "\n"
         "Say everything that is wrong with policy files, with line and column.\n"
         "\n"
         "  --live         also hold them against the charter, as a programme that\n"
         "                 people join must meet it\n"
         "  --format json  an array of objects: file, line, column, severity, code,\n"
         "                 right, message, hint\n"
         "\n"
         "FILE may be - for standard input, or what `tally policy freeze` wrote.\n"
         "Exit status: 0 no errors (warnings may be printed), 1 errors or refusals,\n"
         "2 the command line makes no sense, 3 a file cannot be read or written.");
}

/* Moves the files to the front of argv. False: the command line makes no sense, and it was said. */
static bool read_options(options *chosen, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[++chosen->file_count] = argv[i];
        } else if (strcmp(argv[i], "--live") == 0) {
            chosen->is_live = true;
        } else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc) {
            chosen->format = argv[++i];
        } else if (strncmp(argv[i], "--format=", 9) == 0) {
            chosen->format = argv[i] + 9;
        } else {
            fprintf(stderr, "tally policy check: '%s' is no option\n", argv[i]);
            return false;
        }
    }
    chosen->as_json = strcmp(chosen->format, "json") == 0;
    if (!chosen->as_json && strcmp(chosen->format, "text") != 0) {
        fprintf(stderr, "tally policy check: the format is text or json, not '%s'\n",
                chosen->format);
        return false;
    }
    if (chosen->file_count == 0) {
        fputs("tally policy check: name a policy file\n", stderr);
        return false;
    }
    return true;
}

/* A JSON array without its brackets, so that several files make one array. */
static void append_items(tally_buffer *out, const tally_buffer *array)
{
    tally_text text = tally_text_trim(tally_buffer_text(array));

    text = tally_text_trim(tally_text_slice(text, 1, text.count - 1));
    if (text.count == 0)
        return;
    tally_buffer_append_string(out, out->count > 1 ? ",\n  " : "\n  ");
    tally_buffer_append_text(out, text);
}

static void render(const options *chosen, const tally_loaded_policy *loaded, const char *path,
                   tally_buffer *out)
{
    tally_buffer array;

    if (!chosen->as_json) {
        tally_diagnostics_render_text(loaded->diagnostics, tally_text_from(path),
                                      tally_buffer_text(&loaded->text),
                                      tally_cmd_has_colour(STDOUT_FILENO), out);
        return;
    }
    tally_buffer_init(&array, REPORT_BYTES_MAX);
    tally_diagnostics_render_json(loaded->diagnostics, tally_text_from(path), &array);
    append_items(out, &array);
    tally_buffer_free(&array);
}

/* OK: the file has neither errors nor refusals. */
static int check_file(const options *chosen, const char *path, tally_buffer *out)
{
    tally_loaded_policy loaded;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = tally_cmd_load_policy(&loaded, path, &err);
    bool is_fine = rc == TALLY_OK;
    int status;

    if (loaded.diagnostics == NULL ||
        (!is_fine && tally_diagnostics_count(loaded.diagnostics) == 0)) {
        fprintf(stderr, "tally policy check: %s\n", err.message);
        status = loaded.status;
        tally_loaded_policy_free(&loaded);
        return status;
    }
    if (is_fine && chosen->is_live)
        is_fine = tally_charter_check(loaded.policy, loaded.diagnostics);
    tally_diagnostics_sort(loaded.diagnostics);
    is_fine = is_fine &&
              tally_diagnostics_count_of(loaded.diagnostics, TALLY_SEVERITY_ERROR) == 0 &&
              tally_diagnostics_count_of(loaded.diagnostics, TALLY_SEVERITY_REFUSAL) == 0;
    render(chosen, &loaded, path, out);
    if (!chosen->as_json && is_fine)
        tally_buffer_printf(
            out, "%s: %s%s\n", path, chosen->is_live ? "may go live" : "is a policy",
            tally_diagnostics_count(loaded.diagnostics) > 0 ? ", with warnings" : "");
    tally_loaded_policy_free(&loaded);
    return is_fine ? TALLY_EXIT_OK : TALLY_EXIT_FAILED;
}

int tally_cmd_policy_check(int argc, char **argv)
{
    options chosen = { .format = "text" };
    tally_buffer out;
    int status = TALLY_EXIT_OK;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (!read_options(&chosen, argc, argv))
        return TALLY_EXIT_USAGE;
    tally_buffer_init(&out, REPORT_BYTES_MAX);
    if (chosen.as_json)
        tally_buffer_append_byte(&out, '[');
    for (int i = 1; i <= chosen.file_count; i++)
        status = tally_cmd_worse(status, check_file(&chosen, argv[i], &out));
    if (chosen.as_json)
        tally_buffer_append_string(&out, out.count > 1 ? "\n]\n" : "]\n");
    if (tally_buffer_failure(&out) != TALLY_OK) {
        fputs("tally policy check: the report is too long\n", stderr);
        status = TALLY_EXIT_FAILED;
    }
    fputs(tally_buffer_string(&out), stdout);
    tally_buffer_free(&out);
    return status;
}
