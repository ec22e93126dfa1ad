/* SPDX-License-Identifier: Apache-2.0 */
/* `tally submit`: a source signs its events in batches and sends them. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "crypto/key_file.h"
#include "submit.h"

#define KEY_ROLE         "source"
#define FILES_MAX        4096
#define EVENTS_PER_BATCH 1000

typedef struct submit_options {
    const char *files[FILES_MAX];
    int file_count;
    const char *origin, *key, *outbox, *now;
    const char *programme; /* NULL: batches are only written */
    bool has_form, hides_progress;
    tally_batch_form form;
    tally_submit_run run;
} submit_options;

static void print_help(void)
{
    puts("Usage: tally submit [FILE...] --source-key KEY (--programme DIR | --origin NAME)\n"
         "                    [OPTIONS]\n"
         "\n"
         "Sign events in batches and send them to a programme. FILE is CSV (.csv), JSON Lines\n"
         "(.jsonl, .ndjson) or an array of CloudEvents (.json), plain or gzip; columns and\n"
         "members are id, type, at, subject and the fields' names. Without FILE only what\n"
         "waits in the outbox is sent.\n"
         "\n"
         "  --source-key KEY    the file with the source's secret key (`tally source key`)\n"
         "  --programme DIR     the programme's folder: batches are sent there\n"
         "  --origin NAME       the programme's name: batches are only written to the outbox,\n"
         "                      to be sent another time with --programme\n"
         "  --outbox FOLDER     what was sent and answered; default: KEY.outbox\n"
         "  --events-per-batch N  1 to 10000, default 1000\n"
         "  --form FORM         csv, jsonl or cloudevents, whatever FILE is called\n"
         "  --number N          with --origin: the first batch's number; default 1, or next\n"
         "  --again             send a FILE that was sent before once more\n"
         "  --abandon           give up a FILE that was begun and not finished\n"
         "  --now INSTANT       for a programme with a simulated clock\n"
         "  --no-progress       no progress bar on a terminal\n"
         "\n"
         "An interrupted command is given again as it was: nothing is sent twice, and a batch\n"
         "that was sent already gets its first reply again. Refused events are printed with\n"
         "their line, code, right and reason; the others stand. docs/formats/batch.md and\n"
         "outbox.md describe the files.\n"
         "\n"
         "Exit status: 0 every event was admitted (or written), 1 some were refused, or a\n"
         "batch was, 2 the command line makes no sense, 3 a file cannot be read or written.");
}

/* ---- the command line -------------------------------------------------------------- */

/* value may be NULL. */
static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "tally submit: %s", what);
    if (value != NULL)
        fprintf(stderr, " '%s'", value);
    fputs("\n", stderr);
    return false;
}

static bool read_form(submit_options *options, const char *value)
{
    static const char *const names[] = { "jsonl", "cloudevents", "csv" };

    for (int i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) == 0) {
            options->form = (tally_batch_form)i;
            options->has_form = true;
            return true;
        }
    }
    return complain("--form wants csv, jsonl or cloudevents, got", value);
}

static bool read_count(submit_options *options, const char *value)
{
    int64_t count;

    if (tally_text_parse_i64(&count, tally_text_from(value), 1, TALLY_BATCH_EVENTS_MAX) != TALLY_OK)
        return complain("--events-per-batch wants a number from 1 to 10000, got", value);
    options->run.events_per_batch = (uint32_t)count;
    return true;
}

static bool read_first_number(submit_options *options, const char *value)
{
    int64_t number;

    if (strcmp(value, "next") == 0)
        return true;
    if (tally_text_parse_i64(&number, tally_text_from(value), 1, (int64_t)TALLY_BATCH_NUMBER_MAX) !=
        TALLY_OK)
        return complain("--number wants a number or `next`, got", value);
    options->run.first_number = (uint64_t)number;
    return true;
}

static bool read_flag(submit_options *options, const char *argument)
{
    if (strcmp(argument, "--again") == 0)
        options->run.is_again = true;
    else if (strcmp(argument, "--abandon") == 0)
        options->run.abandons = true;
    else if (strcmp(argument, "--no-progress") == 0)
        options->hides_progress = true;
    else
        return false;
    return true;
}

/* Options that are a text and nothing else. */
static const char **text_of(submit_options *options, const char *name, size_t count)
{
    const struct {
        const char *name;
        const char **value;
    } texts[] = {
        { "--programme", &options->programme },
        { "--origin", &options->origin },
        { "--now", &options->now },
        { "--source-key", &options->key },
        { "--outbox", &options->outbox },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strlen(texts[i].name) == count && strncmp(texts[i].name, name, count) == 0)
            return texts[i].value;
    }
    return NULL;
}

static bool read_value(submit_options *options, const char *argument, size_t name_count,
                       const char *value)
{
    static const struct {
        const char *name;
        bool (*read)(submit_options *options, const char *value);
    } readers[] = { { "--form", read_form },
                    { "--events-per-batch", read_count },
                    { "--number", read_first_number } };
    const char **text = text_of(options, argument, name_count);

    if (text != NULL) {
        *text = value;
        return true;
    }
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (strlen(readers[i].name) == name_count &&
            strncmp(readers[i].name, argument, name_count) == 0)
            return readers[i].read(options, value);
    }
    return complain("there is no option", argument);
}

static bool takes_value(const char *argument, size_t name_count)
{
    static const char *const names[] = { "--programme", "--origin", "--source-key",
                                         "--outbox",    "--form",   "--events-per-batch",
                                         "--number",    "--now" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == name_count && strncmp(names[i], argument, name_count) == 0)
            return true;
    }
    return false;
}

static bool read_option(submit_options *options, int argc, char **argv, int *i)
{
    const char *argument = argv[*i];
    size_t name_count = strcspn(argument, "=");

    if (read_flag(options, argument))
        return true;
    if (!takes_value(argument, name_count))
        return complain("there is no option", argument);
    if (argument[name_count] == '=')
        return read_value(options, argument, name_count, argument + name_count + 1);
    if (*i + 1 == argc)
        return complain("a value is missing behind", argument);
    return read_value(options, argument, name_count, argv[++*i]);
}

static bool read_options(submit_options *options, int argc, char **argv)
{
    bool takes_options = true;

    for (int i = 1; i < argc; i++) {
        if (takes_options && strcmp(argv[i], "--") == 0) {
            takes_options = false;
        } else if (takes_options && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!read_option(options, argc, argv, &i))
                return false;
        } else if (options->file_count == FILES_MAX) {
            return complain("more files than one command takes", NULL);
        } else {
            options->files[options->file_count++] = argv[i];
        }
    }
    if (options->key == NULL)
        return complain("--source-key is missing", NULL);
    if ((options->programme == NULL) == (options->origin == NULL))
        return complain("say where to: --programme DIR, or --origin NAME", NULL);
    if (options->programme != NULL && options->run.first_number != 1)
        return complain("--number goes with --origin: a programme knows the number", NULL);
    return true;
}

/* ---- running ----------------------------------------------------------------------- */

/* What failed, in one sentence, and the exit status for it. */
static int report(const tally_err *err, tally_rc rc, const char *what)
{
    fprintf(stderr, "tally submit: %s%s", what, what[0] != '\0' ? ":" : "");
    if (err->line != 0)
        fprintf(stderr, "%" PRIu32 ":", err->line);
    fprintf(stderr, "%s%s\n", what[0] != '\0' ? " " : "", err->message);
    return rc == TALLY_E_IO ? TALLY_EXIT_FILES : TALLY_EXIT_FAILED;
}

/* The same, unless whoever was sent to told it already. */
static int report_of(const tally_submit_run *run, const tally_err *err, tally_rc rc,
                     const char *what)
{
    if (run->target != NULL && run->target->told_status != TALLY_EXIT_OK)
        return run->target->told_status;
    return report(err, rc, what);
}

static tally_rc read_key(tally_submit_run *run, const char *path, tally_err *err)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_rc rc = tally_key_file_read(run->seed32, path, KEY_ROLE, err);

    if (rc != TALLY_OK)
        return rc;
    rc = tally_ed25519_public(public32, run->seed32);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "the key cannot be used");
    tally_did_key_write(&run->source, public32);
    return TALLY_OK;
}

static tally_rc open_outbox(submit_options *options, tally_err *err)
{
    const tally_outbox_owner owner = { options->run.programme,
                                       tally_text_from(options->run.source.text) };
    tally_buffer name;
    tally_rc rc;

    tally_buffer_init(&name, 1 << 16);
    if (options->outbox != NULL)
        (void)tally_buffer_append_string(&name, options->outbox);
    else
        (void)tally_buffer_printf(&name, "%s.outbox", options->key);
    rc = tally_buffer_failure(&name) == TALLY_OK
             ? tally_outbox_open(&options->run.outbox, tally_buffer_string(&name), &owner, err)
             : tally_err_set(err, TALLY_E_NOMEM, 0, "opening the outbox");
    tally_buffer_free(&name);
    return rc;
}

static void print_summary(const tally_submit_run *run)
{
    fprintf(stderr, "%" PRIu64 " event%s in %" PRIu64 " batch%s", run->event_count,
            run->event_count == 1 ? "" : "s", run->batch_count, run->batch_count == 1 ? "" : "es");
    if (run->target == NULL)
        fputs(" written to the outbox.\n", stderr);
    else
        fprintf(stderr, ": %" PRIu64 " admitted, %" PRIu64 " refused.\n", run->admitted,
                run->refused);
}

static int run_with(submit_options *options)
{
    tally_submit_run *run = &options->run;
    tally_err err = TALLY_ERR_INIT;
    int status = TALLY_EXIT_OK;
    tally_rc rc = tally_batch_reader_new(&run->reader, &err);

    if (rc == TALLY_OK)
        rc = open_outbox(options, &err);
    if (rc == TALLY_OK && run->target != NULL)
        rc = tally_submit_pending(run, &err);
    if (rc == TALLY_OK && run->abandons)
        rc = tally_outbox_abandon(run->outbox, &err);
    if (rc != TALLY_OK)
        status = report_of(run, &err, rc, "");
    for (int i = 0; rc == TALLY_OK && i < options->file_count; i++) {
        rc = tally_submit_one_file(run, options->files[i],
                                   options->has_form ? &options->form : NULL, &err);
        if (rc != TALLY_OK)
            status = report_of(run, &err, rc, options->files[i]);
    }
    if (run->outbox != NULL)
        print_summary(run);
    tally_outbox_close(run->outbox);
    tally_batch_reader_free(run->reader);
    return run->refused > 0 ? tally_cmd_worse(status, TALLY_EXIT_FAILED) : status;
}

int tally_cmd_submit(int argc, char **argv)
{
    static submit_options options;
    tally_submit_target target = { .context = NULL };
    tally_err err = TALLY_ERR_INIT;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    options = (submit_options){
        .run = { .events_per_batch = EVENTS_PER_BATCH, .first_number = 1 },
    };
    if (!read_options(&options, argc, argv))
        return TALLY_EXIT_USAGE;
    tally_progress_start(&options.run.progress, stderr, !options.hides_progress);
    if (read_key(&options.run, options.key, &err) != TALLY_OK) {
        status = tally_cmd_worse(report(&err, err.rc, ""), TALLY_EXIT_FILES);
    } else if (options.programme == NULL) {
        options.run.programme = tally_text_from(options.origin);
        status = run_with(&options);
    } else {
        status = tally_submit_to_folder(&target, options.programme, options.now);
        options.run.target = &target;
        options.run.programme = target.programme;
        if (status == TALLY_EXIT_OK)
            status = run_with(&options);
    }
    tally_secret_wipe(options.run.seed32, sizeof(options.run.seed32));
    if (target.close != NULL)
        target.close(target.context);
    return status;
}
