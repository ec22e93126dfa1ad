/* SPDX-License-Identifier: Apache-2.0 */
/* `tally organisation`: those that a programme about organisations scores (R35). */

#include "ledger/organisation.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "eval/csv.h"
#include "log.h"
#include "programme.h"
#include "util/alloc.h"
#include "util/civil.h"

#define COLUMN_COUNT     5
#define ROWS_ARENA_BYTES ((size_t)64 << 20)

static void print_help(FILE *stream)
{
    fputs("Usage: tally organisation add DIR --id ID --name NAME --register REGISTER\n"
          "                              --reference REFERENCE --day DAY\n"
          "       tally organisation add DIR FILE.csv\n"
          "       tally organisation find DIR [TEXT]\n"
          "\n"
          "Organisations stand in a public record: its name, the reference in it and its day\n"
          "are asked for each. They have no consent to give and their own collection; nothing\n"
          "turns one into a member. Never name a person here (R35).\n"
          "\n"
          "  add    one, or those of a file with the columns id,name,register,reference,day\n"
          "         (plain or gzip, - for standard input); all of a file or none. What is there\n"
          "         already with the same facts is left.\n"
          "  find   list those whose id or name contains TEXT\n"
          "\n"
          "  --now INSTANT   for a programme with a simulated clock\n"
          "\n"
          "Exit status: 0 done, 1 refused or none found, 2 the command line makes no sense,\n"
          "3 a file cannot be read or written.\n",
          stream);
}

typedef struct organisation_options {
    const char *words[2];
    size_t word_count;
    const char *now;
    const char *columns[COLUMN_COUNT];
} organisation_options;

static const char *const column_names[COLUMN_COUNT] = { "id", "name", "register", "reference",
                                                        "day" };

static bool read_options(organisation_options *chosen, int argc, char **argv)
{
    const tally_log_option options[] = {
        { "--now", &chosen->now, 1, NULL, false },
        { "--id", &chosen->columns[0], 1, NULL, false },
        { "--name", &chosen->columns[1], 1, NULL, false },
        { "--register", &chosen->columns[2], 1, NULL, false },
        { "--reference", &chosen->columns[3], 1, NULL, false },
        { "--day", &chosen->columns[4], 1, NULL, false },
    };

    return tally_log_read_options("organisation", argc, argv, options, 6, chosen->words, 2,
                                  &chosen->word_count);
}

/* ---- reading ---- */

typedef struct organisation_list {
    tally_arena *arena;
    tally_organisation *items;
    uint32_t *lines;
    size_t count, room;
} organisation_list;

static tally_rc add_row(organisation_list *list, const tally_text *columns, uint32_t line,
                        tally_err *err)
{
    tally_organisation organisation = { 0 };
    tally_text *texts[] = { &organisation.id, &organisation.name, &organisation.in_register,
                            &organisation.reference };
    tally_moment day;

    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        tally_organisation *items = tally_realloc_array(list->items, room, sizeof(*items));
        uint32_t *lines;

        if (items == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
        list->items = items;
        lines = tally_realloc_array(list->lines, room, sizeof(*lines));
        if (lines == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
        list->lines = lines;
        list->room = room;
    }
    for (size_t i = 0; i < COLUMN_COUNT - 1; i++) {
        if (!tally_arena_copy_text(list->arena, texts[i], columns[i]))
            return tally_err_set(err, tally_arena_failure(list->arena), 0,
                                 "the file is too large, or memory is short");
    }
    if (tally_time_parse(&day, columns[COLUMN_COUNT - 1], TALLY_TIME_RFC3339, NULL) != TALLY_OK ||
        day.has_time)
        return tally_err_set(err, TALLY_E_INVALID, line,
                             "the day of the public record is missing, or not written as "
                             "2026-11-21");
    organisation.day = day.day;
    list->lines[list->count] = line;
    list->items[list->count++] = organisation;
    return TALLY_OK;
}

/* Which field of a row each column is. */
static tally_rc read_header(const tally_row *row, uint32_t at[static COLUMN_COUNT], tally_err *err)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        at[i] = UINT32_MAX;
        for (uint32_t j = 0; j < row->count; j++) {
            if (tally_text_is(row->fields[j], column_names[i]))
                at[i] = j;
        }
        if (at[i] == UINT32_MAX)
            return tally_err_set(err, TALLY_E_INVALID, row->place.line,
                                 "the column %s is missing: the first line names "
                                 "id,name,register,reference,day",
                                 column_names[i]);
    }
    return TALLY_OK;
}

static tally_rc read_rows(organisation_list *list, tally_csv *csv, tally_err *err)
{
    uint32_t at[COLUMN_COUNT], width = 0;
    bool has_header = false;
    tally_row row;

    for (;;) {
        tally_text columns[COLUMN_COUNT];
        tally_rc rc = tally_csv_next(csv, &row, err);

        if (rc != TALLY_OK || row.is_end)
            return rc;
        if (row.problem != NULL)
            return tally_err_set(err, TALLY_E_INVALID, row.place.line, "%s", row.problem);
        if (!has_header) {
            rc = read_header(&row, at, err);
            has_header = true;
            width = row.count;
        } else if (row.count != width) {
            rc = tally_err_set(err, TALLY_E_INVALID, row.place.line,
                               "this line has %u columns, the first has %u", row.count, width);
        } else {
            for (size_t i = 0; i < COLUMN_COUNT; i++)
                columns[i] = row.fields[at[i]];
            rc = add_row(list, columns, row.place.line, err);
        }
        if (rc != TALLY_OK)
            return rc;
    }
}

static tally_rc read_file(organisation_list *list, const char *path, tally_err *err)
{
    tally_input *input = NULL;
    tally_csv *csv = NULL;
    tally_rc rc = tally_input_open(&input, path, err);

    if (rc == TALLY_OK)
        rc = tally_csv_new(&csv, input, err);
    if (rc == TALLY_OK)
        rc = read_rows(list, csv, err);
    tally_csv_free(csv);
    tally_input_close(input);
    return rc;
}

static tally_rc read_command_line(organisation_list *list, const organisation_options *chosen,
                                  tally_err *err)
{
    tally_text columns[COLUMN_COUNT];

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        columns[i] = tally_text_from(chosen->columns[i]);
    return add_row(list, columns, 0, err);
}

/* ---- adding ---- */

static tally_rc add_all(tally_ledger *ledger, const organisation_list *list, size_t *out_added,
                        tally_denial *denial, tally_err *err)
{
    size_t fault = 0;
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc = tally_organisations_add(ledger, list->items, list->count, out_added, &fault,
                                          denial, &inner);

    return rc == TALLY_OK ? rc
                          : tally_err_set(err, rc, list->count > 0 ? list->lines[fault] : 0, "%s",
                                          inner.message);
}

static int print_fault(const organisation_options *chosen, const tally_denial *denial,
                       const tally_err *err)
{
    if (chosen->word_count == 2 && err->line > 0)
        fprintf(stderr, "%s:%u:\n", chosen->words[1], err->line);
    return tally_cmd_refused("organisation add", denial, err);
}

static int add(const organisation_options *chosen)
{
    organisation_list list = { .arena = tally_arena_new(ROWS_ARENA_BYTES) };
    tally_denial denial = { 0 };
    tally_err err = TALLY_ERR_INIT;
    tally_opened_programme programme = { 0 };
    size_t added = 0;
    tally_rc rc;
    int status = TALLY_EXIT_OK;

    if (list.arena == NULL)
        rc = tally_err_set(&err, TALLY_E_NOMEM, 0, "memory is short");
    else if (chosen->word_count == 2)
        rc = read_file(&list, chosen->words[1], &err);
    else
        rc = read_command_line(&list, chosen, &err);
    if (rc != TALLY_OK) {
        status = print_fault(chosen, NULL, &err);
    } else {
        status = tally_cmd_open_programme(&programme, "organisation add", chosen->words[0],
                                          chosen->now, true);
        if (status == TALLY_EXIT_OK &&
            add_all(programme.ledger, &list, &added, &denial, &err) != TALLY_OK)
            status = print_fault(chosen, &denial, &err);
        if (status == TALLY_EXIT_OK)
            printf("%zu added, %zu were there\n", added, list.count - added);
        tally_cmd_close_programme(&programme);
    }
    tally_release(list.items);
    tally_release(list.lines);
    tally_arena_free(list.arena);
    return status;
}

/* ---- finding ---- */

static tally_rc print_one(void *context, const tally_organisation *organisation,
                          bool *out_is_enough, tally_err *err)
{
    char day[TALLY_DATE_TEXT_BYTES];

    (void)out_is_enough;
    (void)err;
    ++*(uint64_t *)context;
    printf("org:%.*s  %.*s  (%.*s, %.*s, %.*s)\n", TALLY_TEXT_ARGS(organisation->id),
           TALLY_TEXT_ARGS(organisation->name), TALLY_TEXT_ARGS(organisation->in_register),
           TALLY_TEXT_ARGS(organisation->reference),
           TALLY_TEXT_ARGS(tally_day_format(day, organisation->day)));
    return TALLY_OK;
}

static int find(const organisation_options *chosen)
{
    tally_denial denial = { 0 };
    tally_err err = TALLY_ERR_INIT;
    tally_opened_programme programme;
    uint64_t count = 0;
    int status = tally_cmd_open_programme(&programme, "organisation find", chosen->words[0],
                                          chosen->now, false);

    if (status == TALLY_EXIT_OK &&
        tally_organisations_search(programme.ledger,
                                   tally_text_from(chosen->word_count > 1 ? chosen->words[1] : ""),
                                   print_one, &count, &denial, &err) != TALLY_OK)
        status = tally_cmd_refused("organisation find", &denial, &err);
    else if (status == TALLY_EXIT_OK && count == 0) {
        fputs("tally organisation find: none\n", stderr);
        status = TALLY_EXIT_FAILED;
    }
    tally_cmd_close_programme(&programme);
    return status;
}

/* ---- which of them ---- */

static bool has_columns(const organisation_options *chosen)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (chosen->columns[i] == NULL)
            return false;
    }
    return true;
}

static int run(const char *name, const organisation_options *chosen)
{
    if (strcmp(name, "add") == 0) {
        if (chosen->word_count == 2 || (chosen->word_count == 1 && has_columns(chosen)))
            return add(chosen);
        return tally_log_usage("organisation",
                               "name a programme's folder, and a file or --id, --name, --register, "
                               "--reference and --day",
                               "");
    }
    if (strcmp(name, "find") == 0)
        return chosen->word_count > 0
                   ? find(chosen)
                   : tally_log_usage("organisation", "name a programme's folder", "");
    fprintf(stderr, "tally organisation: there is no command '%s'\n", name);
    fputs("`tally organisation --help` lists the commands.\n", stderr);
    return TALLY_EXIT_USAGE;
}

int tally_cmd_organisation(int argc, char **argv)
{
    organisation_options chosen = { 0 };

    if (argc < 2 || tally_cmd_wants_help(argc, argv)) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? TALLY_EXIT_USAGE : TALLY_EXIT_OK;
    }
    if (!read_options(&chosen, argc - 1, argv + 1))
        return TALLY_EXIT_USAGE;
    return run(argv[1], &chosen);
}
