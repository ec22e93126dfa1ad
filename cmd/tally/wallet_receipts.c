/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet receipts`: what one agreed to, from the wallet alone. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "util/civil.h"
#include "wallet_session.h"

#define RECEIPT_ARENA ((size_t)8 << 20)

static void print_help(void)
{
    fputs("Usage: tally wallet receipts [OPTIONS] WALLET DIR\n"
          "\n"
          "List the receipts that this wallet keeps of the programme in the folder DIR: what you\n"
          "agreed to, from when until when. Both sides signed each one.\n"
          "\n"
          "Options:\n"
          "  --record R --to FILE     write that receipt into a new file, for `tally receipt\n"
          "                           verify`\n"
          "  --member N, --all        members of a generated set\n"
          "  --now INSTANT            for a programme whose clock is simulated\n"
          "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
          "  --passphrase-fd N        take it from an open file descriptor\n",
          stdout);
}

static bool write_file(const char *path, tally_text text)
{
    FILE *file = fopen(path, "wx");
    bool is_written;

    if (file == NULL)
        return false;
    is_written = fwrite(text.bytes, 1, text.count, file) == text.count && fputc('\n', file) != EOF;
    return fclose(file) == 0 && is_written;
}

static bool list_one(const tally_wallet_session *session, const tally_wallet_item *item,
                     tally_arena *arena)
{
    char given[TALLY_DATE_TEXT_BYTES], lapses[TALLY_DATE_TEXT_BYTES];
    tally_err err = TALLY_ERR_INIT;
    tally_signed_receipt read;

    if (tally_receipt_verify(&read, item->content, arena, &err) != TALLY_OK)
        return tally_wallet_session_fail(session, &err);
    printf("%.*s  %.*s  %.*s to %.*s  rules %u\n", TALLY_TEXT_ARGS(item->name),
           TALLY_TEXT_ARGS(read.receipt.purpose),
           TALLY_TEXT_ARGS(tally_day_format(given, tally_day_of_ms(read.receipt.given_ms, 0))),
           TALLY_TEXT_ARGS(tally_day_format(lapses, tally_day_of_ms(read.receipt.lapses_ms, 0))),
           (unsigned)read.receipt.policy_version);
    return true;
}

static bool receipts(tally_wallet_session *session, tally_wallet *wallet,
                     tally_wallet_programme *programme)
{
    bool is_done = session->record == NULL;

    (void)wallet;
    for (uint32_t i = 0; i < programme->item_count; i++) {
        const tally_wallet_item *item = &programme->items[i];
        tally_arena *arena;

        if (!tally_text_is(item->type, TALLY_WALLET_RECEIPT))
            continue;
        if (session->record != NULL) {
            if (!tally_text_is(item->name, session->record))
                continue;
            is_done = write_file(session->to_path, item->content);
            if (!is_done)
                fprintf(stderr, "tally wallet receipts: %s cannot be written: %s\n",
                        session->to_path, strerror(errno));
            return is_done;
        }
        arena = tally_arena_new(RECEIPT_ARENA);
        is_done = arena != NULL && list_one(session, item, arena) && is_done;
        tally_arena_free(arena);
    }
    if (session->record != NULL)
        fprintf(stderr, "tally wallet receipts: there is no receipt %s here\n", session->record);
    return is_done;
}

int tally_cmd_wallet_receipts(int argc, char **argv)
{
    static const char *const allowed[] = { "--record", "--to", NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet receipts", allowed);
    if (status == TALLY_EXIT_OK && (session.record == NULL) != (session.to_path == NULL)) {
        fputs("tally wallet receipts: --record and --to belong together\n", stderr);
        status = TALLY_EXIT_USAGE;
    }
    return status != TALLY_EXIT_OK ? status
                                   : tally_wallet_session_run(&session, false, false, receipts);
}
