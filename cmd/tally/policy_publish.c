/* SPDX-License-Identifier: Apache-2.0 */
/* `tally policy publish`: a running programme's next version. */

#include "policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "ledger/publish_policy.h"
#include "log.h"
#include "policy/diagnostics.h"
#include "policy/frozen.h"
#include "programme.h"
#include "util/civil.h"

#define REPORT_BYTES_MAX ((size_t)64 << 20)
#define COMMAND          "policy publish"

typedef struct publish_options {
    const char *words[2];
    const char *now, *from, *dry_run;
} publish_options;

static void print_help(void)
{
    puts("Usage: tally policy publish DIR FILE [--from DAY] [--dry-run]\n"
         "\n"
         "Publish the next version of a programme's policy. What changes is shown first, each\n"
         "change labelled better, neutral or worse for members; what is only doubtful is worse.\n"
         "Better and neutral versions may begin the same day. A worse one needs 30 days'\n"
         "notice, binds later events only, and binds a member only with a new receipt. What is\n"
         "published stays for ever, chained to the version before, and is in the log.\n"
         "\n"
         "FILE is the new document, with its `from:` and with `previous:` as\n"
         "`tally policy hash` prints it; or DIR/policies/N.yaml with the new one appended.\n"
         "\n"
         "  --from DAY     refuse unless it begins on this day\n"
         "  --dry-run      only show\n"
         "  --now INSTANT  for a programme with a simulated clock\n"
         "\n"
         "Exit status: 0 published (or could be), 1 refused, 2 the command line makes no sense,\n"
         "3 a file cannot be read or written.");
}

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

static void print_changes(const tally_policy_review *review, const char *path)
{
    const tally_policy_changes *changes = review->verdict.changes;
    char begins[TALLY_INSTANT_TEXT_BYTES];
    tally_buffer out;

    tally_buffer_init(&out, REPORT_BYTES_MAX);
    tally_policy_changes_render_text(changes, tally_text_from(path), &out);
    fputs(tally_buffer_string(&out), stdout);
    tally_buffer_free(&out);
    printf("version %" PRIu32 " begins at %.*s: %s\n", review->number,
           TALLY_TEXT_ARGS(tally_instant_format(begins, review->begins_ms, 0)),
           tally_change_label_name(review->verdict.label));
    if (review->verdict.needs_receipt)
        puts("It binds a member only once that member has accepted it with a new receipt.");
}

static bool is_asked_day(const publish_options *chosen, const tally_policy_review *review)
{
    char day[TALLY_DATE_TEXT_BYTES];
    const tally_version *version = &review->program->versions[review->program->version_count - 1];
    tally_text from = tally_day_format(day, (int32_t)version->from_day);

    if (chosen->from == NULL || tally_text_is(from, chosen->from))
        return true;
    fprintf(stderr,
            "tally " COMMAND ": the version says `from: %.*s`, not %s; nothing was "
            "published\n",
            TALLY_TEXT_ARGS(from), chosen->from);
    return false;
}

/* Refusals carry the places that the reader of FILE sees. */
static int publish(const publish_options *chosen, tally_ledger *ledger, tally_policy_review *review,
                   const tally_buffer *text)
{
    tally_denial denial = { 0 };
    tally_err err = TALLY_ERR_INIT;
    int status = TALLY_EXIT_OK;

    if (!is_asked_day(chosen, review))
        return TALLY_EXIT_FAILED;
    print_changes(review, chosen->words[1]);
    (void)fflush(stdout);
    if (chosen->dry_run == NULL) {
        if (tally_ledger_publish_policy(ledger, review, &denial, &err) != TALLY_OK)
            status = tally_cmd_refused(COMMAND, &denial, &err);
        else
            printf("published: %s/policies/%" PRIu32 ".yaml\n", chosen->words[0], review->number);
    } else if (!review->verdict.is_allowed) {
        status = TALLY_EXIT_FAILED;
    }
    if (status != TALLY_EXIT_OK && review->verdict.refusals != NULL)
        print_diagnostics(review->verdict.refusals, chosen->words[1], text);
    return status;
}

static int review_and_publish(const publish_options *chosen, tally_ledger *ledger,
                              tally_buffer *text, tally_diagnostics *diagnostics)
{
    tally_policy_review review;
    tally_denial denial = { 0 };
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = tally_cmd_read_file(text, chosen->words[1], &err);
    int status;

    if (rc != TALLY_OK)
        return tally_cmd_refused(COMMAND, NULL, &err);
    rc = tally_ledger_review_policy(&review, ledger, chosen->words[1], tally_buffer_text(text),
                                    diagnostics, &denial, &err);
    if (rc != TALLY_OK) {
        tally_diagnostics_sort(diagnostics);
        if (tally_diagnostics_count(diagnostics) > 0)
            print_diagnostics(diagnostics, chosen->words[1], text);
        return tally_cmd_refused(COMMAND, &denial, &err);
    }
    status = publish(chosen, ledger, &review, text);
    tally_policy_review_free(&review);
    return status;
}

int tally_cmd_policy_publish(int argc, char **argv)
{
    publish_options chosen = { 0 };
    const tally_log_option options[] = {
        { "--now", &chosen.now, 1, NULL, false },
        { "--from", &chosen.from, 1, NULL, false },
        { "--dry-run", &chosen.dry_run, 1, NULL, true },
    };
    tally_diagnostics *diagnostics;
    tally_opened_programme programme;
    tally_buffer text;
    size_t words;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options(COMMAND, argc, argv, options, 3, chosen.words, 2, &words))
        return TALLY_EXIT_USAGE;
    if (words != 2)
        return tally_log_usage(COMMAND, "name a programme's folder and a policy file", "");
    diagnostics = tally_diagnostics_new();
    if (diagnostics == NULL) {
        fputs("tally " COMMAND ": memory is short\n", stderr);
        return TALLY_EXIT_FAILED;
    }
    tally_buffer_init(&text, TALLY_FROZEN_BYTES_MAX);
    status = tally_cmd_open_programme(&programme, COMMAND, chosen.words[0], chosen.now,
                                      chosen.dry_run == NULL);
    if (status == TALLY_EXIT_OK)
        status = review_and_publish(&chosen, programme.ledger, &text, diagnostics);
    tally_cmd_close_programme(&programme);
    tally_buffer_free(&text);
    tally_diagnostics_free(diagnostics);
    return status;
}
