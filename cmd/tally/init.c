/* SPDX-License-Identifier: Apache-2.0 */
/* `tally init`: makes a programme. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "ledger/create.h"
#include "ledger/rights.h"
#include "log.h"
#include "policy/diagnostics.h"
#include "policy/frozen.h"
#include "policy/program.h"
#include "programme.h"

#define REPORT_BYTES_MAX ((size_t)16 << 20)

typedef struct init_options {
    const char *folder, *origin, *policy, *simulated_clock;
} init_options;

static void print_help(void)
{
    puts("Usage: tally init DIR --origin NAME --policy FILE [--simulated-clock INSTANT]\n"
         "\n"
         "Make a programme: a folder with its store, keys and log, under the first version of\n"
         "its policy, which must pass `tally policy check --live`.\n"
         "\n"
         "  --origin NAME    where its log will be read, without the scheme, such as\n"
         "                   points.riverside.example; it can never change\n"
         "  --policy FILE    one version, YAML or frozen\n"
         "  --simulated-clock INSTANT\n"
         "                   for trials: the programme begins at this instant, takes its time\n"
         "                   from --now of each command, and says so for ever\n"
         "\n"
         "It opens as a pilot until every right of the charter is enforced: with generated\n"
         "members, or organisations on a public record, and without deductions.\n"
         "Either all of it is made or nothing.\n"
         "Exit status: 0 made, 1 refused, 2 the command line makes no sense, 3 a file cannot\n"
         "be read or written.");
}

/* ---- what was made ---- */

static void print_sources(const tally_ledger *ledger, const char *folder, const char *now)
{
    const tally_policy *policy = tally_ledger_policy(ledger);
    const tally_version *version = &policy->versions[policy->version_count - 1];

    for (uint32_t i = 0; i < version->source_count; i++)
        printf("  tally source add %s %.*s DID%s%s\n", folder,
               TALLY_TEXT_ARGS(version->sources[i].name), now != NULL ? " --now " : "",
               now != NULL ? now : "");
}

static void print_rights(void)
{
    bool is_first = true;

    for (size_t i = 0; i < TALLY_RIGHTS_COUNT; i++) {
        const tally_right *right = tally_right_of(i);

        if (right->is_enforced)
            continue;
        printf("%s%s", is_first ? "" : ", ", right->name);
        is_first = false;
    }
}

static void print_made(const tally_ledger *ledger, const init_options *chosen)
{
    const tally_policy *policy = tally_ledger_policy(ledger);

    printf("%s is a programme.\n", chosen->folder);
    printf("  origin  %.*s\n", TALLY_TEXT_ARGS(tally_ledger_origin(ledger)));
    printf("  key     %.*s\n", TALLY_TEXT_ARGS(tally_ledger_did(ledger)));
    if (tally_ledger_is_simulated(ledger))
        printf("  clock   simulated, begins at %s\n", chosen->simulated_clock);
    if (tally_ledger_is_pilot(ledger)) {
        printf("It opens as a pilot: %s only, and no deductions.\n"
               "Not enforced yet: ",
               policy->is_about_organisations ? "organisations on a public record"
                                              : "generated members");
        print_rights();
        printf(". `tally programme %s` says what is missing.\n", chosen->folder);
    }
    printf("\nNext:\n"
           "  Copy %s/keys to a safe place, apart from backups; nobody else can mend their loss.\n"
           "  Each source makes its key with `tally source key FILE`, and you register it:\n",
           chosen->folder);
    print_sources(ledger, chosen->folder, chosen->simulated_clock);
    if (tally_ledger_is_simulated(ledger))
        printf("  tally log publish %s --once --without-witnesses --now %s\n", chosen->folder,
               chosen->simulated_clock);
    else
        printf("  tally log publish %s --without-witnesses\n", chosen->folder);
    puts("                                 publishes the log, once an hour; with witnesses when\n"
         "                                 `witnesses` in the folder names some");
}

static int report(const init_options *chosen)
{
    tally_opened_programme made;
    int status =
        tally_cmd_open_programme(&made, "init", chosen->folder, chosen->simulated_clock, false);

    if (status == TALLY_EXIT_OK)
        print_made(made.ledger, chosen);
    tally_cmd_close_programme(&made);
    return status;
}

/* ---- making it ---- */

static void print_diagnostics(const tally_diagnostics *diagnostics, const char *path,
                              const tally_buffer *text)
{
    tally_buffer out;

    tally_buffer_init(&out, REPORT_BYTES_MAX);
    tally_diagnostics_render_text(diagnostics, tally_text_from(path), tally_buffer_text(text),
                                  tally_cmd_has_colour(STDERR_FILENO), &out);
    fputs(tally_buffer_string(&out), stderr);
    tally_buffer_free(&out);
}

static int create(const init_options *chosen, tally_buffer *text, tally_diagnostics *diagnostics,
                  const tally_system_zones *zones)
{
    tally_create_options options = { .folder = chosen->folder,
                                     .origin = tally_text_from(chosen->origin),
                                     .policy_name = chosen->policy,
                                     .is_simulated = chosen->simulated_clock != NULL,
                                     .zones = zones->source };
    tally_denial denial = { 0 };
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;

    if (!tally_cmd_clock("init", chosen->simulated_clock, &options.clock))
        return TALLY_EXIT_USAGE;
    if (tally_cmd_read_file(text, chosen->policy, &err) != TALLY_OK)
        return tally_cmd_refused("init", NULL, &err);
    options.policy = tally_text_of(tally_buffer_string(text), text->count);
    rc = tally_ledger_create(&options, diagnostics, &denial, &err);
    if (rc == TALLY_OK)
        return report(chosen);
    tally_diagnostics_sort(diagnostics);
    if (tally_diagnostics_count(diagnostics) > 0)
        print_diagnostics(diagnostics, chosen->policy, text);
    return tally_cmd_refused("init", &denial, &err);
}

int tally_cmd_init(int argc, char **argv)
{
    init_options chosen = { 0 };
    const tally_log_option options[] = {
        { "--origin", &chosen.origin, 1, NULL, false },
        { "--policy", &chosen.policy, 1, NULL, false },
        { "--simulated-clock", &chosen.simulated_clock, 1, NULL, false },
    };
    tally_diagnostics *diagnostics;
    tally_system_zones zones;
    tally_buffer text;
    size_t words;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("init", argc, argv, options, 3, &chosen.folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1 || chosen.origin == NULL || chosen.policy == NULL)
        return tally_log_usage("init", "name a folder, an --origin and a --policy", "");
    diagnostics = tally_diagnostics_new();
    if (diagnostics == NULL) {
        fputs("tally init: memory is short\n", stderr);
        return TALLY_EXIT_FAILED;
    }
    tally_system_zones_init(&zones);
    tally_buffer_init(&text, TALLY_FROZEN_BYTES_MAX);
    status = create(&chosen, &text, diagnostics, &zones);
    tally_buffer_free(&text);
    tally_system_zones_free(&zones);
    tally_diagnostics_free(diagnostics);
    return status;
}
