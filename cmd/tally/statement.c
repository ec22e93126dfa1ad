/* SPDX-License-Identifier: Apache-2.0 */
/* `tally statement` and `tally export`: one subject of a programme, read by its operator. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "crypto/ed25519.h"
#include "ledger/export.h"
#include "ledger/statement.h"
#include "load.h"
#include "programme.h"
#include "score/score.h"

typedef struct statement_options {
    const char *command, *folder, *now;
    const char *subject, *as_of, *case_id, *purpose, *format;
} statement_options;

static void print_help(bool is_export)
{
    if (is_export)
        fputs(
            "Usage: tally export DIR --subject SUBJECT [OPTIONS]\n"
            "\n"
            "Write everything that the programme in the folder DIR holds about one subject, as\n"
            "signed JSON that `tally verify-export` checks by itself. Members take their own with\n"
            "`tally wallet export`.\n",
            stdout);
    else
        fputs("Usage: tally statement DIR --subject SUBJECT [OPTIONS]\n"
              "\n"
              "Print one subject's statement from the store of the programme in the folder DIR.\n"
              "Members read their own with `tally wallet statement`.\n",
              stdout);
    fputs("\n"
          "  --subject SUBJECT   did:key:... of a member, or org: and an organisation's id\n"
          "  --as-of T           a day (its end) or an instant (RFC 3339); default: now\n"
          "  --case NUMBER       of a member: the case this read belongs to, and\n"
          "  --purpose TEXT      why it is read, in one sentence. Both stand in the member's\n"
          "                      access log before anything is opened\n",
          stdout);
    if (!is_export)
        fputs("  --format FORMAT     text (default) or json\n", stdout);
    fputs("  --now INSTANT       for a programme whose clock is simulated\n"
          "\n"
          "Exit status: 0 told, 1 refused, or the programme is none or damaged, 2 the command\n"
          "line makes no sense, 3 a file cannot be read.\n",
          stdout);
}

/* One option and its value. False: it is none of them. */
static bool take_option(statement_options *options, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } known[] = { { "--subject", &options->subject }, { "--as-of", &options->as_of },
                  { "--case", &options->case_id },    { "--purpose", &options->purpose },
                  { "--format", &options->format },   { "--now", &options->now } };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) == 0) {
            *known[i].place = value;
            return true;
        }
    }
    return false;
}

static int read_options(statement_options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && options->folder == NULL) {
            options->folder = argv[i];
            continue;
        }
        if (argv[i][0] != '-' || i + 1 >= argc || !take_option(options, argv[i], argv[i + 1])) {
            fprintf(stderr, "tally %s: '%s' is not understood here; see --help\n", options->command,
                    argv[i]);
            return TALLY_EXIT_USAGE;
        }
        i++;
    }
    if (options->folder == NULL || options->subject == NULL) {
        fprintf(stderr, "tally %s: name the programme's folder and --subject\n", options->command);
        return TALLY_EXIT_USAGE;
    }
    if (options->format != NULL && strcmp(options->format, "text") != 0 &&
        strcmp(options->format, "json") != 0) {
        fprintf(stderr, "tally %s: --format is text or json\n", options->command);
        return TALLY_EXIT_USAGE;
    }
    return TALLY_EXIT_OK;
}

/* A day means its end in the programme's zone. */
static bool read_as_of(const statement_options *options, const tally_ledger *ledger,
                       int64_t *out_as_of_ms)
{
    const tally_policy *policy = tally_ledger_policy(ledger);
    tally_err err = TALLY_ERR_INIT;
    tally_moment moment;

    *out_as_of_ms = TALLY_NOTHING;
    if (options->as_of == NULL)
        return true;
    if (tally_time_parse(&moment, tally_text_from(options->as_of), TALLY_TIME_RFC3339, &err) !=
        TALLY_OK) {
        fprintf(stderr, "tally %s: --as-of: %s\n", options->command, err.message);
        return false;
    }
    *out_as_of_ms = moment.has_time ? tally_score_moment_ms(policy, moment)
                                    : tally_score_end_of_day(policy, moment.day);
    return true;
}

static bool is_json(const statement_options *options)
{
    return options->format != NULL && strcmp(options->format, "json") == 0;
}

static int print_statement(const statement_options *options, const tally_statement *statement)
{
    const tally_text_options how = { .width = 96,
                                     .names_events = true,
                                     .with_colour = tally_cmd_has_colour(STDOUT_FILENO) };
    tally_err err = TALLY_ERR_INIT;
    char *text = NULL;
    size_t count = 0;
    tally_rc rc = is_json(options)
                      ? tally_statement_render_json(statement, &text, &count, &err)
                      : tally_statement_render_text(statement, &text, &count, &how, &err);

    if (rc != TALLY_OK)
        return tally_cmd_refused(options->command, NULL, &err);
    fwrite(text, 1, count, stdout);
    tally_statement_free_text(text);
    return ferror(stdout) ? TALLY_EXIT_FILES : TALLY_EXIT_OK;
}

static tally_ticket ticket_of(const statement_options *options, const char *fields)
{
    return (tally_ticket){ .case_id = tally_text_from(options->case_id),
                           .purpose = tally_text_from(options->purpose),
                           .role = "operator",
                           .fields = fields };
}

static int tell(const statement_options *options, tally_ledger *ledger)
{
    const tally_ticket ticket = ticket_of(options, "statement");
    tally_statement_request request = { .subject = tally_text_from(options->subject),
                                        .ticket = &ticket };
    tally_statement *statement = NULL;
    tally_denial denial = { .code = NULL };
    tally_err err = TALLY_ERR_INIT;
    int status;

    if (!read_as_of(options, ledger, &request.as_of_ms))
        return TALLY_EXIT_USAGE;
    if (tally_ledger_statement(ledger, &request, &statement, &denial, &err) != TALLY_OK)
        return tally_cmd_refused(options->command, &denial, &err);
    status = print_statement(options, statement);
    tally_statement_free(statement);
    return status;
}

static int export_subject(const statement_options *options, tally_ledger *ledger)
{
    const tally_ticket ticket = ticket_of(options, "export");
    tally_statement_request request = { .subject = tally_text_from(options->subject),
                                        .ticket = &ticket };
    tally_denial denial = { .code = NULL };
    tally_err err = TALLY_ERR_INIT;
    int status = TALLY_EXIT_OK;
    tally_buffer out;

    if (!read_as_of(options, ledger, &request.as_of_ms))
        return TALLY_EXIT_USAGE;
    tally_buffer_init(&out, TALLY_JSON_BYTES_MAX);
    if (tally_ledger_export_for(ledger, &request, &out, &denial, &err) != TALLY_OK) {
        status = tally_cmd_refused(options->command, &denial, &err);
    } else {
        fwrite(out.bytes, 1, out.count, stdout);
        putchar('\n');
        tally_secret_wipe(out.bytes, out.count);
    }
    tally_buffer_free(&out);
    return status;
}

static int run(int argc, char **argv, const char *command,
               int (*work)(const statement_options *options, tally_ledger *ledger))
{
    statement_options options = { .command = command };
    tally_opened_programme programme = { .ledger = NULL };
    int status = read_options(&options, argc, argv);

    if (status != TALLY_EXIT_OK)
        return status;
    /* For writing: the access is logged before anything is opened. An organisation needs none. */
    status = tally_cmd_open_programme(&programme, command, options.folder, options.now,
                                      strncmp(options.subject, "org:", 4) != 0);
    if (status == TALLY_EXIT_OK)
        status = work(&options, programme.ledger);
    tally_cmd_close_programme(&programme);
    return status;
}

int tally_cmd_statement(int argc, char **argv)
{
    if (tally_cmd_wants_help(argc, argv)) {
        print_help(false);
        return TALLY_EXIT_OK;
    }
    return run(argc, argv, "statement", tell);
}

int tally_cmd_export(int argc, char **argv)
{
    if (tally_cmd_wants_help(argc, argv)) {
        print_help(true);
        return TALLY_EXIT_OK;
    }
    return run(argc, argv, "export", export_subject);
}
