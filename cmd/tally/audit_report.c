/* SPDX-License-Identifier: Apache-2.0 */
/* What the auditor prints: faults and warnings as they come up, then one line a
 * check, then the summary line. */

#include "audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "crypto/base64.h"

/* More of one kind in one check are counted and not printed. */
#define PRINTED_MAX 20

#define LINE_BYTES 2048

static const struct {
    int number; /* in docs/formats/log.md */
    const char *name;
} checks[TALLY_AUDIT_CHECK_COUNT] = {
    { 1, "checkpoint" }, { 2, "files" },   { 3, "tree" },
    { 4, "history" },    { 5, "entries" }, { 6, "documents" },
    { 7, "snapshots" },  { 8, "ledger" },  { 9, "other files" },
};

/* File names and notes of others could steer a terminal. */
static void make_printable(char *line)
{
    bool is_utf8 = tally_text_is_utf8(tally_text_from(line));

    for (char *at = line; *at != '\0'; at++) {
        uint8_t byte = (uint8_t)*at;
        bool is_control = byte < 0x20 || byte == 0x7f ||
                          (byte == 0xc2 && (uint8_t)at[1] >= 0x80 && (uint8_t)at[1] <= 0x9f);

        if (is_control || (byte >= 0x80 && !is_utf8))
            *at = '?';
        /* The second byte of what was a control character of Latin-1. */
        if (is_control && byte == 0xc2)
            *++at = '?';
    }
}

TALLY_PRINTF(4, 0)
static void say(const char *kind, tally_audit_check check, uint64_t count, const char *format,
                va_list arguments) TALLY_PRINTF(4, 0);

static void say(const char *kind, tally_audit_check check, uint64_t count, const char *format,
                va_list arguments)
{
    char line[LINE_BYTES];

    if (count > PRINTED_MAX)
        return;
    (void)vsnprintf(line, sizeof(line), format, arguments);
    make_printable(line);
    printf("%s in %s: %s\n", kind, checks[check].name, line);
    if (count == PRINTED_MAX)
        printf("%s in %s: more are counted and not shown\n", kind, checks[check].name);
}

void tally_audit_fault(tally_audit *audit, tally_audit_check check, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("fault", check, ++audit->faults[check], format, arguments);
    va_end(arguments);
}

void tally_audit_warn(tally_audit *audit, tally_audit_check check, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("warning", check, ++audit->warnings[check], format, arguments);
    va_end(arguments);
}

static void describe_entries(const tally_audit *audit, char *out, size_t count)
{
    const uint64_t *by_kind = audit->entries.by_kind;

    (void)snprintf(out, count,
                   "%" PRIu64 " records, %" PRIu64 " policies, %" PRIu64 " snapshots, %" PRIu64
                   " key changes, epochs to %" PRIu32 "%s",
                   by_kind[TALLY_ENTRY_RECORD], by_kind[TALLY_ENTRY_POLICY],
                   by_kind[TALLY_ENTRY_STATE], by_kind[TALLY_ENTRY_KEY], audit->entries.epoch,
                   audit->options.epoch_max < 0 ? ", the newest epoch not bounded (--epoch)" : "");
}

static void describe_checkpoint(const tally_audit *audit, char *out, size_t count)
{
    (void)snprintf(
        out, count, "size %" PRIu64 ", %zu of %zu witnesses%s%s", audit->opened.checkpoint.size,
        audit->opened.witness_count, audit->trust.witness_count,
        audit->trust.witness_count > 0 && audit->trust.quorum == 0 ? ", none of them required" : "",
        audit->options.max_age_s < 0 ? ", age not bounded (--max-age)" : "");
}

static void describe_private(const tally_audit *audit, char *out, size_t count)
{
    const tally_private_counts *counts = &audit->private_counts;

    if (audit->is_journal_only) {
        (void)snprintf(out, count,
                       "%" PRIu64 " entries of the journal, %" PRIu64
                       " documents; its records are not opened",
                       counts->entries, counts->opened);
        return;
    }
    (void)snprintf(out, count,
                   "%" PRIu64 " entries of the journal, %" PRIu64 " opened, %" PRIu64
                   " erased, %" PRIu64 " pads, %" PRIu64 " consents; %" PRIu64 " rows, %" PRIu64
                   " of them pads, %" PRIu64 " of who left since, %" PRIu64
                   " not computed again since events ran out",
                   counts->entries, counts->opened, counts->erased, counts->pads, counts->consents,
                   counts->rows, counts->row_pads, counts->row_erased, counts->row_shortened);
}

/* A sentence on what a check that was done looked at. */
static void describe(const tally_audit *audit, tally_audit_check check, char *out, size_t count)
{
    switch (check) {
    case TALLY_AUDIT_CHECKPOINT:
        describe_checkpoint(audit, out, count);
        return;
    case TALLY_AUDIT_FILES:
        (void)snprintf(out, count, "%" PRIu64 " files that the size implies", audit->file_count);
        return;
    case TALLY_AUDIT_TREE:
        (void)snprintf(out, count, "every hash from the entries to the root");
        return;
    case TALLY_AUDIT_HISTORY:
        (void)snprintf(out, count, "%zu saved checkpoints", audit->saved_count);
        return;
    case TALLY_AUDIT_ENTRIES:
        describe_entries(audit, out, count);
        return;
    case TALLY_AUDIT_DOCUMENTS:
        (void)snprintf(out, count, "%zu documents", audit->document_count);
        return;
    case TALLY_AUDIT_SNAPSHOTS:
        (void)snprintf(out, count, "%" PRIu64 " snapshots, %" PRIu64 " of them without rows",
                       audit->snapshots.count, audit->snapshots.removed);
        return;
    case TALLY_AUDIT_PRIVATE:
        describe_private(audit, out, count);
        return;
    case TALLY_AUDIT_OTHERS:
        (void)snprintf(out, count, "%" PRIu64 " partial files of earlier sizes", audit->old_count);
        return;
    case TALLY_AUDIT_CHECK_COUNT:
        break;
    }
    TALLY_NEVER("a check has a name");
}

static const char *why_not_done(const tally_audit *audit, tally_audit_check check)
{
    if (!audit->is_opened)
        return "there is no checkpoint to go by";
    if (check == TALLY_AUDIT_DOCUMENTS && audit->options.documents == NULL)
        return "no --documents given, and none in the folder";
    if (check == TALLY_AUDIT_PRIVATE && audit->options.private_folder == NULL)
        return "no --private given";
    if (audit->options.takes_any_entries &&
        (check == TALLY_AUDIT_ENTRIES || check == TALLY_AUDIT_SNAPSHOTS ||
         check == TALLY_AUDIT_DOCUMENTS || check == TALLY_AUDIT_PRIVATE))
        return "--any-entries: they mean what their own log says";
    return "the tree could not be followed to its end";
}

static uint64_t sum(const uint64_t counts[static TALLY_AUDIT_CHECK_COUNT])
{
    uint64_t total = 0;

    for (size_t i = 0; i < TALLY_AUDIT_CHECK_COUNT; i++)
        total += counts[i];
    return total;
}

static void print_table(const tally_audit *audit)
{
    for (tally_audit_check check = TALLY_AUDIT_CHECKPOINT; check < TALLY_AUDIT_CHECK_COUNT;
         check++) {
        char detail[512];
        const char *verdict = "ok";

        if (audit->is_done[check])
            describe(audit, check, detail, sizeof(detail));
        else
            (void)snprintf(detail, sizeof(detail), "%s", why_not_done(audit, check));
        if (audit->faults[check] > 0)
            verdict = "FAILED";
        else if (!audit->is_done[check])
            verdict = "not checked";
        printf("%d  %-11s  %-11s  %s\n", checks[check].number, checks[check].name, verdict, detail);
    }
}

/* key=value, values without spaces, one line, always the last. */
static void print_summary(const tally_audit *audit, const char *result)
{
    tally_buffer root;

    tally_buffer_init(&root, 64);
    if (audit->is_opened)
        tally_base64_append(&root, audit->opened.checkpoint.root.bytes, TALLY_HASH_BYTES);
    printf("audit: result=%s faults=%" PRIu64 " warnings=%" PRIu64, result, sum(audit->faults),
           sum(audit->warnings));
    if (audit->is_opened)
        printf(" size=%" PRIu64 " root=%s origin=%.*s witnesses=%zu", audit->opened.checkpoint.size,
               tally_buffer_string(&root), TALLY_TEXT_ARGS(audit->opened.checkpoint.origin),
               audit->opened.witness_count);
    printf(" saved=%zu documents=%s snapshots=%" PRIu64 " entries=%s ledger=%s\n",
           audit->saved_count, audit->is_done[TALLY_AUDIT_DOCUMENTS] ? "checked" : "unchecked",
           audit->snapshots.count, audit->is_done[TALLY_AUDIT_ENTRIES] ? "checked" : "unchecked",
           !audit->is_done[TALLY_AUDIT_PRIVATE] ? "unchecked"
           : audit->is_journal_only             ? "journal"
                                                : "checked");
    tally_buffer_free(&root);
}

/* A verdict that could not be written is none. */
static int finish(int status)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? status : TALLY_EXIT_USAGE;
}

int tally_audit_print(const tally_audit *audit)
{
    if (audit->stopped.rc != TALLY_OK) {
        fflush(stdout);
        fprintf(stderr, "tally audit: %s\n", audit->stopped.message);
        print_summary(audit, "incomplete");
        return TALLY_EXIT_USAGE;
    }
    print_table(audit);
    if (sum(audit->faults) > 0) {
        print_summary(audit, "failed");
        return finish(TALLY_EXIT_FAILED);
    }
    print_summary(audit, "passed");
    return finish(TALLY_EXIT_OK);
}
