/* SPDX-License-Identifier: Apache-2.0 */
/* `tally programme`: the public record (R28), made from the programme itself. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ledger/ledger_internal.h"
#include "ledger/rights.h"
#include "log.h"
#include "policy/explain.h"
#include "programme.h"
#include "tlog/checkpoint.h"
#include "util/civil.h"

#define RULES_BYTES_MAX ((size_t)16 << 20)

static void print_help(void)
{
    puts("Usage: tally programme DIR [--rules] [--format text|json] [--now INSTANT]\n"
         "\n"
         "Print the public record of a programme: who runs it, what for, by which versions of\n"
         "its policy, which sources it has, which rights are not enforced yet, and the newest\n"
         "checkpoint of its log. It names no member and counts none.\n"
         "\n"
         "  --rules        also the rules in plain English\n"
         "  --format json  as canonical JSON\n"
         "  --now INSTANT  for a programme with a simulated clock\n"
         "\n"
         "Exit status: 0 printed, 1 it is no programme, 2 the command line makes no sense, 3 a\n"
         "file cannot be read.");
}

/* ---- what there is ---- */

typedef struct public_record {
    const tally_ledger *ledger;
    const tally_policy *policy;
    const tally_version *version; /* the newest */
    tally_buffer rules;           /* empty unless asked for */
    tally_buffer note;            /* of the checkpoint; empty: nothing was published yet */
    bool has_checkpoint;
    tally_checkpoint checkpoint;
} public_record;

/* The signatures are for `tally audit` to check; here it only says how far the log reaches. */
static void read_checkpoint(public_record *record, const char *folder)
{
    char path[TALLY_LOG_PATH_BYTES];
    tally_note note;

    if (tally_log_path(path, folder, "log/checkpoint") &&
        tally_cmd_read_file(&record->note, path, NULL) == TALLY_OK &&
        tally_note_parse(&note, tally_buffer_text(&record->note), NULL) == TALLY_OK)
        record->has_checkpoint =
            tally_checkpoint_parse(&record->checkpoint, note.text, NULL) == TALLY_OK;
}

/* ---- as text ---- */

static void print_line(const char *name, tally_text text)
{
    if (text.count > 0)
        printf("%-10s %.*s\n", name, TALLY_TEXT_ARGS(text));
}

static void print_versions(const public_record *record)
{
    for (uint32_t i = 0; i < record->policy->version_count; i++) {
        char hex[TALLY_HASH_HEX_BYTES], begins[TALLY_INSTANT_TEXT_BYTES];

        tally_hash_hex(hex, record->policy->versions[i].hash);
        printf(
            "version %" PRIu32 "  %s  %s%.*s\n", i + 1, hex,
            i == 0 ? "from the beginning" : "from ",
            i == 0
                ? 0
                : (int)tally_instant_format(begins, record->ledger->policy_begins_ms[i], 0).count,
            begins);
    }
}

static void print_rights(void)
{
    puts("\nNot enforced yet:");
    for (size_t i = 0; i < TALLY_RIGHTS_COUNT; i++) {
        const tally_right *right = tally_right_of(i);

        if (!right->is_enforced)
            printf("  %-4s %s: %s\n", right->name, right->title, right->missing);
    }
}

static void print_checkpoint(const public_record *record)
{
    char hex[TALLY_HASH_HEX_BYTES];

    if (!record->has_checkpoint) {
        puts("log        nothing is published yet: `tally log publish`");
        return;
    }
    tally_hash_hex(hex, record->checkpoint.root.bytes);
    printf("log        %" PRIu64 " entries, root %s\n", record->checkpoint.size, hex);
}

static void print_text(const public_record *record)
{
    const tally_ledger *ledger = record->ledger;
    char created[TALLY_INSTANT_TEXT_BYTES];

    print_line("programme", record->version->title);
    print_line("purpose", record->version->purpose);
    print_line("owner", record->version->owner);
    print_line("sponsor", record->version->sponsor);
    print_line("contact", record->version->contact);
    print_line("subjects", ledger->is_about_organisations ? TALLY_TEXT("organisations")
                                                          : TALLY_TEXT("members"));
    print_line("basis", record->version->basis);
    print_line("origin", ledger->origin);
    print_line("key", ledger->did);
    print_line("made", tally_instant_format(created, ledger->created_ms, 0));
    print_line("clock", ledger->is_simulated ? TALLY_TEXT("simulated") : TALLY_TEXT("system"));
    if (ledger->is_pilot)
        print_line("pilot", ledger->is_about_organisations
                                ? TALLY_TEXT("organisations on a public record only, no deductions")
                                : TALLY_TEXT("generated members only, no deductions"));
    print_checkpoint(record);
    print_versions(record);
    if (ledger->is_pilot)
        print_rights();
    if (record->rules.count > 0)
        printf("\n%s", tally_buffer_string(&record->rules));
}

/* ---- as JSON ---- */

static void write_text(tally_jcs *jcs, const char *name, tally_text text)
{
    if (text.count > 0)
        tally_jcs_member_text(jcs, name, text);
}

static void write_log(tally_jcs *jcs, const public_record *record)
{
    char hex[TALLY_HASH_HEX_BYTES];

    if (!record->has_checkpoint)
        return;
    tally_hash_hex(hex, record->checkpoint.root.bytes);
    tally_jcs_name(jcs, "log");
    tally_jcs_object(jcs);
    tally_jcs_member_string(jcs, "root", hex);
    tally_jcs_member_integer(jcs, "size", (int64_t)record->checkpoint.size);
    tally_jcs_object_end(jcs);
}

static void write_versions(tally_jcs *jcs, const public_record *record)
{
    tally_jcs_name(jcs, "versions");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < record->policy->version_count; i++) {
        char hex[TALLY_HASH_HEX_BYTES];

        tally_hash_hex(hex, record->policy->versions[i].hash);
        tally_jcs_object(jcs);
        if (i > 0)
            tally_value_write_instant(jcs, "begins", record->ledger->policy_begins_ms[i]);
        tally_jcs_member_string(jcs, "hash", hex);
        tally_jcs_member_integer(jcs, "number", (int64_t)i + 1);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
}

static tally_rc print_json(const public_record *record, tally_err *err)
{
    const tally_ledger *ledger = record->ledger;
    tally_buffer out;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&out, 2 * RULES_BYTES_MAX);
    tally_jcs_init(&jcs, &out);
    tally_jcs_object(&jcs);
    write_text(&jcs, "basis", record->version->basis);
    tally_jcs_member_string(&jcs, "clock", ledger->is_simulated ? "simulated" : "system");
    write_text(&jcs, "contact", record->version->contact);
    tally_value_write_instant(&jcs, "created", ledger->created_ms);
    tally_jcs_member_text(&jcs, "did", ledger->did);
    write_log(&jcs, record);
    tally_rights_write(&jcs);
    tally_jcs_member_text(&jcs, "origin", ledger->origin);
    write_text(&jcs, "owner", record->version->owner);
    tally_jcs_member_bool(&jcs, "pilot", ledger->is_pilot);
    write_text(&jcs, "purpose", record->version->purpose);
    write_text(&jcs, "rules", tally_buffer_text(&record->rules));
    write_text(&jcs, "sponsor", record->version->sponsor);
    tally_jcs_member_string(&jcs, "subjects",
                            ledger->is_about_organisations ? "organisations" : "members");
    write_text(&jcs, "title", record->version->title);
    write_versions(&jcs, record);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        puts(tally_buffer_string(&out));
    tally_buffer_free(&out);
    return rc;
}

/* ---- the command ---- */

static int print(const tally_ledger *ledger, const char *folder, bool with_rules, bool as_json)
{
    public_record record = { .ledger = ledger, .policy = tally_ledger_policy(ledger) };
    tally_err err = TALLY_ERR_INIT;
    int status = TALLY_EXIT_OK;

    record.version = &record.policy->versions[record.policy->version_count - 1];
    tally_buffer_init(&record.rules, RULES_BYTES_MAX);
    tally_buffer_init(&record.note, TALLY_NOTE_BYTES_MAX);
    read_checkpoint(&record, folder);
    if (with_rules)
        tally_policy_explain(record.policy, &record.rules);
    if (tally_buffer_failure(&record.rules) != TALLY_OK) {
        fputs("tally programme: the rules are too long\n", stderr);
        status = TALLY_EXIT_FAILED;
    } else if (!as_json) {
        print_text(&record);
    } else if (print_json(&record, &err) != TALLY_OK) {
        status = tally_cmd_refused("programme", NULL, &err);
    }
    tally_buffer_free(&record.rules);
    tally_buffer_free(&record.note);
    return status;
}

int tally_cmd_programme(int argc, char **argv)
{
    const char *folder, *now = NULL, *rules = NULL, *format = "text";
    const tally_log_option options[] = {
        { "--now", &now, 1, NULL, false },
        { "--rules", &rules, 1, NULL, true },
        { "--format", &format, 1, NULL, false },
    };
    tally_opened_programme opened;
    size_t words;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("programme", argc, argv, options, 3, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1)
        return tally_log_usage("programme", "name a programme's folder", "");
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return tally_log_usage("programme", "the format is text or json, not ", format);
    status = tally_cmd_open_programme(&opened, "programme", folder, now, false);
    if (status == TALLY_EXIT_OK)
        status = print(opened.ledger, folder, rules != NULL, strcmp(format, "json") == 0);
    tally_cmd_close_programme(&opened);
    return status;
}
