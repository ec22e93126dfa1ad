/* SPDX-License-Identifier: Apache-2.0 */
/* `tally eval`: a policy and files of events in, explained scores out. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "eval/session.h"
#include "eval_output.h"
#include "load.h"
#include "util/text.h"

#define ROWS_SHOWN 20
#define MAPS_MAX   64

typedef struct eval_options {
    const char *policy_path;
    const char *paths[4096];
    const char *maps[MAPS_MAX];
    const char *plot_path, *format;
    tally_session_options session;
    bool has_row_limit;
} eval_options;

static void print_help(void)
{
    puts("Usage: tally eval POLICY EVENTS... [OPTIONS]\n"
         "\n"
         "Compute every subject's result from files of events, and show how the results\n"
         "are distributed. EVENTS are CSV or JSON Lines (.jsonl, .ndjson, .json), plain or\n"
         "gzip; - is standard input. How files become events stands in the policy's\n"
         "`reads`; without it the columns are event, subject, at, recorded, id and the\n"
         "fields' names, or CloudEvents.\n"
         "\n"
         "  --as-of T           a day (its end) or an instant (RFC 3339); default: the end\n"
         "                      of the last event's day\n"
         "  --subject ID        this subject's statement\n"
         "  --format FORMAT     table (default), csv or json (one object a line)\n"
         "  --limit-rows N      rows or statements shown in a table; 0 for all, default 20\n"
         "  --explain           statements instead of rows\n"
         "  --plot FILE.svg     the distribution as a picture\n"
         "  --expect [RESULT=][FILE:]COLUMN\n"
         "                      compare with the published results in this column\n"
         "  --misses            list the rows whose published result differs\n"
         "  --map KEY=COLUMN    read event, subject, id, at, recorded, as-of or a field from\n"
         "                      this column, as in --map 'at=date from races.csv by raceId';\n"
         "                      also dates=FORMAT and columns=A,B,C for files without a header\n"
         "  --strict            stop at the first row that is refused\n"
         "  --no-progress       no progress bar on a terminal\n"
         "\n"
         "A file that is sorted by subject (numbers as numbers, first) is evaluated subject\n"
         "by subject in little memory; otherwise all events are held, some 40 bytes each.\n"
         "The same events give the same output to the byte, whatever their order.\n"
         "\n"
         "Exit status: 0 every row was read and every subject computed, 1 some were not\n"
         "(they are listed), 2 the command line makes no sense, 3 a file cannot be read\n"
         "or written.");
}

/* ---- the command line ------------------------------------------------------------ */

/* The value of `--name VALUE` or `--name=VALUE`; NULL: another option, or no value. */
static const char *option_value(const char *name, int argc, char **argv, int *i, bool *is_wrong)
{
    size_t count = strlen(name);

    if (strncmp(argv[*i], name, count) != 0)
        return NULL;
    if (argv[*i][count] == '=')
        return argv[*i] + count + 1;
    if (argv[*i][count] != '\0')
        return NULL;
    if (*i + 1 == argc) {
        fprintf(stderr, "tally eval: %s wants a value\n", name);
        *is_wrong = true;
        return NULL;
    }
    return argv[++*i];
}

static bool read_flag(eval_options *chosen, const char *argument)
{
    if (strcmp(argument, "--explain") == 0)
        chosen->session.explains = true;
    else if (strcmp(argument, "--misses") == 0)
        chosen->session.lists_misses = true;
    else if (strcmp(argument, "--strict") == 0)
        chosen->session.is_strict = true;
    else if (strcmp(argument, "--no-progress") == 0)
        chosen->session.shows_progress = false;
    else
        return false;
    return true;
}

static bool read_limit(eval_options *chosen, const char *value)
{
    int64_t limit = 0;

    if (tally_text_parse_i64(&limit, tally_text_from(value), 0, INT64_MAX) != TALLY_OK) {
        fprintf(stderr, "tally eval: --limit-rows wants a number, got '%s'\n", value);
        return false;
    }
    chosen->session.row_limit = (uint64_t)limit;
    chosen->has_row_limit = true;
    return true;
}

/* An option with a value. */
static bool read_option(eval_options *chosen, int argc, char **argv, int *i)
{
    bool is_wrong = false;
    const char *value;

    if ((value = option_value("--as-of", argc, argv, i, &is_wrong)) != NULL) {
        chosen->session.as_of = value;
    } else if ((value = option_value("--subject", argc, argv, i, &is_wrong)) != NULL) {
        chosen->session.subject = value;
    } else if ((value = option_value("--format", argc, argv, i, &is_wrong)) != NULL) {
        chosen->format = value;
    } else if ((value = option_value("--plot", argc, argv, i, &is_wrong)) != NULL) {
        chosen->plot_path = value;
    } else if ((value = option_value("--expect", argc, argv, i, &is_wrong)) != NULL) {
        chosen->session.reads.expect = value;
    } else if ((value = option_value("--limit-rows", argc, argv, i, &is_wrong)) != NULL) {
        return read_limit(chosen, value);
    } else if ((value = option_value("--map", argc, argv, i, &is_wrong)) != NULL) {
        if (chosen->session.reads.map_count == MAPS_MAX) {
            fprintf(stderr, "tally eval: more than %d times --map\n", MAPS_MAX);
            return false;
        }
        chosen->maps[chosen->session.reads.map_count++] = value;
    } else {
        if (!is_wrong)
            fprintf(stderr, "tally eval: '%s' is no option\n", argv[*i]);
        return false;
    }
    return true;
}

static bool add_path(eval_options *chosen, const char *path)
{
    if (chosen->policy_path == NULL) {
        chosen->policy_path = path;
        return true;
    }
    if (chosen->session.reads.path_count == sizeof(chosen->paths) / sizeof(chosen->paths[0])) {
        fputs("tally eval: too many files\n", stderr);
        return false;
    }
    chosen->paths[chosen->session.reads.path_count++] = path;
    return true;
}

static bool set_format(eval_options *chosen)
{
    if (strcmp(chosen->format, "table") == 0)
        chosen->session.format = TALLY_RESULTS_TABLE;
    else if (strcmp(chosen->format, "csv") == 0)
        chosen->session.format = TALLY_RESULTS_CSV;
    else if (strcmp(chosen->format, "json") == 0)
        chosen->session.format = TALLY_RESULTS_JSON;
    else {
        fprintf(stderr, "tally eval: the format is table, csv or json, not '%s'\n", chosen->format);
        return false;
    }
    return true;
}

static bool is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* A file counted twice would double what everybody earned. */
static bool names_each_file_once(const eval_options *chosen)
{
    struct stat a, b;

    for (uint32_t i = 0; i < chosen->session.reads.path_count; i++) {
        const char *path = chosen->paths[i];

        if (is_standard_input(path) && is_standard_input(chosen->policy_path)) {
            fputs("tally eval: standard input cannot be both the policy and events\n", stderr);
            return false;
        }
        for (uint32_t k = 0; k < i; k++) {
            bool is_same = strcmp(chosen->paths[k], path) == 0;

            if (!is_same && !is_standard_input(path) && !is_standard_input(chosen->paths[k]))
                is_same = stat(path, &a) == 0 && stat(chosen->paths[k], &b) == 0 &&
                          S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
            if (is_same) {
                fprintf(stderr, "tally eval: %s is named twice; its events would count twice\n",
                        path);
                return false;
            }
        }
    }
    return true;
}

/* Combinations that would not do what they seem to. */
static bool is_sensible(eval_options *chosen)
{
    if (chosen->session.reads.path_count == 0) {
        fputs("tally eval: name a policy and at least one file of events\n", stderr);
        return false;
    }
    if (chosen->session.subject != NULL && chosen->session.subject[0] == '\0') {
        fputs("tally eval: --subject wants an id\n", stderr);
        return false;
    }
    if (chosen->session.explains && chosen->session.format == TALLY_RESULTS_CSV) {
        fputs("tally eval: statements are no table: use --format table or json\n", stderr);
        return false;
    }
    return names_each_file_once(chosen);
}

static bool read_options(eval_options *chosen, int argc, char **argv)
{
    bool only_paths = false;

    chosen->format = "table";
    chosen->session.row_limit = ROWS_SHOWN;
    chosen->session.shows_progress = true;
    for (int i = 1; i < argc; i++) {
        bool is_path = only_paths || argv[i][0] != '-' || argv[i][1] == '\0';

        if (!only_paths && strcmp(argv[i], "--") == 0)
            only_paths = true;
        else if (is_path ? !add_path(chosen, argv[i])
                         : !read_flag(chosen, argv[i]) && !read_option(chosen, argc, argv, &i))
            return false;
    }
    chosen->session.reads.paths = chosen->paths;
    chosen->session.reads.maps = chosen->maps;
    if (!set_format(chosen))
        return false;
    if (chosen->session.subject != NULL && !chosen->session.lists_misses &&
        chosen->session.format != TALLY_RESULTS_CSV)
        chosen->session.explains = true;
    if (chosen->session.format != TALLY_RESULTS_TABLE && !chosen->has_row_limit)
        chosen->session.row_limit = 0;
    return is_sensible(chosen);
}

/* ---- the work --------------------------------------------------------------------- */

static int report_failure(tally_rc rc, const tally_err *err, bool is_usage)
{
    fprintf(stderr, "tally eval: %s\n", err->message[0] != '\0' ? err->message : tally_rc_name(rc));
    if (is_usage)
        return TALLY_EXIT_USAGE;
    return rc == TALLY_E_IO || rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT ? TALLY_EXIT_FILES
                                                                            : TALLY_EXIT_FAILED;
}

/* Everything after the rows. */
static tally_rc print_rest(const eval_options *chosen, const tally_eval_output *output,
                           const tally_session *session, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    tally_session_print_summary(session);
    if (tally_session_has_stopped(session)) {
        fputs("stopped at the first refused row (--strict); nothing was evaluated beyond it\n",
              stderr);
        return TALLY_OK;
    }
    if (chosen->session.subject != NULL && tally_session_subject_count(session) == 0)
        fprintf(stderr, "tally eval: the files know no subject '%s'\n", chosen->session.subject);
    if (chosen->session.format == TALLY_RESULTS_TABLE && chosen->session.subject == NULL &&
        !chosen->session.lists_misses)
        rc = tally_eval_print_distribution(output, session, err);
    if (rc == TALLY_OK)
        rc = tally_eval_print_expectations(output, session, err);
    tally_eval_print_verdict(output);
    if (rc == TALLY_OK && chosen->plot_path != NULL)
        rc = tally_eval_write_plot(output, session, chosen->plot_path, err);
    return rc;
}

static int evaluate(eval_options *chosen, const tally_loaded_policy *loaded)
{
    tally_eval_output output = { .policy = loaded->policy,
                                 .policy_path = chosen->policy_path,
                                 .loaded = loaded,
                                 .format = chosen->session.format,
                                 .is_statement = chosen->session.explains,
                                 .lists_misses = chosen->session.lists_misses };
    tally_session *session = NULL;
    tally_err err = TALLY_ERR_INIT;
    bool is_usage = false;
    int status = TALLY_EXIT_OK;
    tally_rc rc;

    if (!tally_eval_may_evaluate(&output))
        return TALLY_EXIT_FAILED;
    chosen->session.policy = loaded->policy;
    chosen->session.out = stdout;
    chosen->session.notes = stderr;
    chosen->session.begin = tally_eval_begin;
    chosen->session.begin_context = &output;
    rc = tally_session_new(&session, &chosen->session, &is_usage, &err);
    if (rc == TALLY_OK)
        rc = tally_session_run(session, &err);
    if (rc == TALLY_OK)
        rc = print_rest(chosen, &output, session, &err);
    if (rc == TALLY_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
        rc = tally_err_set(&err, TALLY_E_IO, 0, "the results could not be written");
    if (rc != TALLY_OK)
        status = report_failure(rc, &err, is_usage);
    else if (tally_session_fault_count(session) != 0 ||
             (chosen->session.subject != NULL && tally_session_subject_count(session) == 0))
        status = TALLY_EXIT_FAILED;
    tally_session_free(session);
    return status;
}

int tally_cmd_eval(int argc, char **argv)
{
    static eval_options chosen;
    tally_loaded_policy loaded;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return TALLY_EXIT_OK;
        }
    }
    if (!read_options(&chosen, argc, argv)) {
        fputs("`tally eval --help` explains it.\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    if (tally_cmd_need_policy(&loaded, "eval", chosen.policy_path) == NULL)
        status = loaded.status;
    else
        status = evaluate(&chosen, &loaded);
    tally_loaded_policy_free(&loaded);
    return status;
}
