/* SPDX-License-Identifier: Apache-2.0 */
/* `tally summary`: the monthly public tables of a programme. */

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json/read.h"
#include "ledger/summary.h"
#include "programme.h"

static void print_help(FILE *stream)
{
    fputs("Usage: tally summary DIR [--format text|json] [--now INSTANT]\n"
          "\n"
          "Print the newest monthly tables about the members of the programme in the folder DIR,\n"
          "and make those of the last month first when they are due. They are made once, with\n"
          "noise, and stored: whoever asks again sees the same. Counts below 10 show as <10, the\n"
          "others round to 5, and no person is listed.\n"
          "\n"
          "  --format json   the stored document (docs/formats/release.md)\n"
          "  --now INSTANT   for a programme whose clock is simulated\n"
          "\n"
          "Exit status: 0 told, 1 refused, or the programme is none or damaged, 2 the command\n"
          "line makes no sense, 3 a file cannot be read.\n",
          stream);
}

static void print_number(const tally_json_value *value)
{
    int64_t count;

    if (value == NULL)
        return;
    if (tally_json_kind_of(value) == TALLY_JSON_TEXT)
        printf("%8.*s", TALLY_TEXT_ARGS(tally_json_text_of(value)));
    else if (tally_json_kind_of(value) == TALLY_JSON_NUMBER && tally_json_is_integer(value, &count))
        printf("%8lld", (long long)count);
}

static void print_cell(const tally_json_value *cell)
{
    const tally_json_value *at = tally_json_find(cell, TALLY_TEXT("at"));
    const tally_json_value *percent = tally_json_find(cell, TALLY_TEXT("percent"));

    for (uint32_t i = 0; at != NULL && i < tally_json_count(at); i++)
        printf("  %-20.*s", TALLY_TEXT_ARGS(tally_json_text_of(tally_json_item(at, i))));
    print_number(tally_json_find(cell, TALLY_TEXT("count")));
    if (percent != NULL) {
        print_number(percent);
        printf(" %%");
    }
    putchar('\n');
}

static void print_tables(const tally_json_value *root)
{
    const tally_json_value *tables = tally_json_find(root, TALLY_TEXT("tables"));

    for (uint32_t i = 0; tables != NULL && i < tally_json_count(tables); i++) {
        const tally_json_value *table = tally_json_item(tables, i);
        const tally_json_value *title = tally_json_find(table, TALLY_TEXT("title"));
        const tally_json_value *cells = tally_json_find(table, TALLY_TEXT("cells"));

        if (title != NULL)
            printf("\n%.*s\n", TALLY_TEXT_ARGS(tally_json_text_of(title)));
        for (uint32_t k = 0; cells != NULL && k < tally_json_count(cells); k++)
            print_cell(tally_json_item(cells, k));
        printf("  %-20s", "all");
        print_number(tally_json_find(table, TALLY_TEXT("total")));
        putchar('\n');
    }
}

static int print_release(tally_text text, const tally_summary *summary)
{
    const tally_json_options options = { .bytes_max = TALLY_RELEASE_BYTES_MAX };
    tally_json_document *document = NULL;
    tally_err err = TALLY_ERR_INIT;

    if (text.count == 0) {
        puts("No tables were released yet.");
        return TALLY_EXIT_OK;
    }
    if (tally_json_parse(&document, text, &options, &err) != TALLY_OK)
        return tally_cmd_refused("summary", NULL, &err);
    printf("Tables of %04d-%02d\n", (int)summary->year, (int)summary->month);
    print_tables(tally_json_root(document));
    puts("\nCounts carry noise, show as <10 below ten, and round to 5.");
    tally_json_document_free(document);
    return TALLY_EXIT_OK;
}

static int run(const char *folder, const char *now, bool is_json)
{
    tally_opened_programme programme = { .ledger = NULL };
    tally_denial denial = { .code = NULL };
    tally_err err = TALLY_ERR_INIT;
    tally_summary summary;
    tally_buffer out;
    int status = tally_cmd_open_programme(&programme, "summary", folder, now, true);

    tally_buffer_init(&out, TALLY_RELEASE_BYTES_MAX);
    if (status == TALLY_EXIT_OK &&
        tally_ledger_summary(programme.ledger, &out, &summary, &denial, &err) != TALLY_OK) {
        status = tally_cmd_refused("summary", &denial, &err);
    } else if (status == TALLY_EXIT_OK) {
        if (summary.outcome.state != TALLY_RELEASE_MADE)
            fprintf(stderr, "tally summary: nothing new: %s%s%s\n", summary.outcome.code,
                    summary.outcome.code[0] != '\0' ? ": " : "", summary.outcome.reason);
        if (is_json)
            printf("%.*s\n", TALLY_TEXT_ARGS(tally_buffer_text(&out)));
        else
            status = print_release(tally_buffer_text(&out), &summary);
    }
    tally_buffer_free(&out);
    tally_cmd_close_programme(&programme);
    return status;
}

int tally_cmd_summary(int argc, char **argv)
{
    const char *folder = NULL, *now = NULL, *format = "text";

    if (tally_cmd_wants_help(argc, argv)) {
        print_help(stdout);
        return TALLY_EXIT_OK;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--now") == 0 && i + 1 < argc) {
            now = argv[++i];
        } else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc) {
            format = argv[++i];
        } else if (folder == NULL && argv[i][0] != '-') {
            folder = argv[i];
        } else {
            print_help(stderr);
            return TALLY_EXIT_USAGE;
        }
    }
    if (folder == NULL || (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)) {
        print_help(stderr);
        return TALLY_EXIT_USAGE;
    }
    return run(folder, now, strcmp(format, "json") == 0);
}
