/* SPDX-License-Identifier: Apache-2.0 */
/* `tally backup` and `tally restore`. */

#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "ledger/backup.h"
#include "ledger/source.h"
#include "programme.h"
#include "util/civil.h"

static void print_backup_help(void)
{
    fputs("Usage: tally backup DIR [FILE] [--now INSTANT] [--no-progress]\n"
          "\n"
          "Copy the store of the programme in the folder DIR into a new file, while others use\n"
          "it. Without FILE it goes to DIR/backups, where `tally sweep` removes it after 30 days;\n"
          "a copy elsewhere has to be removed as soon, by whoever made it.\n"
          "\n"
          "Keep apart from it, and from each other: DIR/keys, without which nothing in it can be\n"
          "read, and DIR/erasures, without which it cannot be restored. Never back up "
          "DIR/log-state.\n",
          stdout);
}

static void print_restore_help(void)
{
    fputs("Usage: tally restore BACKUP DIR [--replace] [--now INSTANT] [--no-progress]\n"
          "\n"
          "Put a backup in the place of the store of the programme in the folder DIR, which has\n"
          "its keys, its file `erasures` and its log. Whoever left since the backup was made is\n"
          "erased again first. Entries of the public log that the backup does not have are taken\n"
          "over from there, so that the log can go on; what opened their records is lost. Then it\n"
          "says which batches have to be sent again.\n"
          "\n"
          "  --replace       the store that is there is given up\n"
          "  --now INSTANT   for a programme whose clock is simulated\n",
          stdout);
}

typedef struct arguments {
    const char *first, *second, *now;
    bool replaces, shows_progress;
} arguments;

static bool read_arguments(arguments *out, int argc, char **argv, bool takes_replace)
{
    *out = (arguments){ .shows_progress = isatty(STDERR_FILENO) };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-progress") == 0) {
            out->shows_progress = false;
        } else if (strcmp(argv[i], "--replace") == 0 && takes_replace) {
            out->replaces = true;
        } else if (strcmp(argv[i], "--now") == 0 && i + 1 < argc) {
            out->now = argv[++i];
        } else if (argv[i][0] != '-' && out->first == NULL) {
            out->first = argv[i];
        } else if (argv[i][0] != '-' && out->second == NULL) {
            out->second = argv[i];
        } else {
            fprintf(stderr, "tally %s: not understood, or its value is missing: %s\n", argv[0],
                    argv[i]);
            return false;
        }
    }
    return true;
}

static void show(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    fprintf(stderr, "\r\033[K%llu of %llu MB", (unsigned long long)(done >> 20),
            (unsigned long long)(total >> 20));
}

static void end_progress(const arguments *given)
{
    if (given->shows_progress)
        fputs("\r\033[K", stderr);
}

/* ---- backup ---- */

static int back_up(const arguments *given)
{
    tally_opened_programme programme = { .ledger = NULL };
    tally_err err = TALLY_ERR_INIT;
    int status = tally_cmd_open_programme(&programme, "backup", given->first, given->now, false);

    if (status == TALLY_EXIT_OK) {
        tally_buffer path;
        tally_rc rc;

        tally_buffer_init(&path, (size_t)1 << 16);
        rc = tally_ledger_backup(programme.ledger, given->second, &path,
                                 given->shows_progress ? show : NULL, NULL, &err);
        end_progress(given);
        if (rc == TALLY_OK)
            printf("%s\n", tally_buffer_string(&path));
        else
            status = tally_cmd_refused("backup", NULL, &err);
        tally_buffer_free(&path);
    }
    tally_cmd_close_programme(&programme);
    return status;
}

int tally_cmd_backup(int argc, char **argv)
{
    arguments given;

    if (tally_cmd_wants_help(argc, argv)) {
        print_backup_help();
        return TALLY_EXIT_OK;
    }
    if (!read_arguments(&given, argc, argv, false))
        return TALLY_EXIT_USAGE;
    if (given.first == NULL) {
        fputs("tally backup: name the folder of the programme\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    return back_up(&given);
}

/* ---- restore ---- */

static tally_rc print_source(void *context, const tally_source_record *source, tally_err *err)
{
    (void)context;
    (void)err;
    printf("  %s: its batches from number %llu on have to be sent again\n", source->name,
           (unsigned long long)source->next_number);
    return TALLY_OK;
}

static int print_report(const arguments *given, const tally_restore_report *report)
{
    char instant[TALLY_INSTANT_TEXT_BYTES];
    tally_opened_programme programme = { .ledger = NULL };
    tally_err err = TALLY_ERR_INIT;
    int status = tally_cmd_open_programme(&programme, "restore", given->second, given->now, true);

    if (status == TALLY_EXIT_OK) {
        printf("Restored, as of %.*s.\n",
               TALLY_TEXT_ARGS(tally_instant_format(instant, report->recorded_ms, 0)));
        printf("  erased again: %llu members who left since\n", (unsigned long long)report->erased);
        if (report->entries > 0)
            printf("  taken over from the log: %llu entries, %llu of them records whose content "
                   "is lost, %llu versions of the policy\n",
                   (unsigned long long)report->entries, (unsigned long long)report->lost,
                   (unsigned long long)report->policies);
        puts("  who joined or renewed since then has to do so again");
        if (tally_source_each(programme.ledger, print_source, NULL, &err) != TALLY_OK)
            status = tally_cmd_refused("restore", NULL, &err);
    }
    tally_cmd_close_programme(&programme);
    return status;
}

static int restore(const arguments *given)
{
    tally_restore_options options = { .folder = given->second,
                                      .backup = given->first,
                                      .replaces = given->replaces,
                                      .progress = given->shows_progress ? show : NULL };
    tally_restore_report report;
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc;

    if (!tally_cmd_clock("restore", given->now, &options.clock))
        return TALLY_EXIT_USAGE;
    rc = tally_ledger_restore(&options, &report, &err);
    end_progress(given);
    return rc == TALLY_OK ? print_report(given, &report) : tally_cmd_refused("restore", NULL, &err);
}

int tally_cmd_restore(int argc, char **argv)
{
    arguments given;

    if (tally_cmd_wants_help(argc, argv)) {
        print_restore_help();
        return TALLY_EXIT_OK;
    }
    if (!read_arguments(&given, argc, argv, true))
        return TALLY_EXIT_USAGE;
    if (given.second == NULL) {
        fputs("tally restore: name the backup and the folder of the programme\n", stderr);
        return TALLY_EXIT_USAGE;
    }
    return restore(&given);
}
