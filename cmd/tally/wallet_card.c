/* SPDX-License-Identifier: Apache-2.0 */
/* `tally wallet card`: what one hands to a source so that it knows about whom to write. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ledger/source.h"
#include "load.h"
#include "message/card.h"
#include "qr.h"
#include "wallet_session.h"

static void print_help(void)
{
    fputs("Usage: tally wallet card --source NAME [OPTIONS] WALLET DIR\n"
          "\n"
          "Print your membership card for one source of the programme in the folder DIR. The\n"
          "source finds you by the handle on it, which is another for each source, and by\n"
          "nothing else. No key is on it.\n"
          "\n"
          "Options:\n"
          "  --source NAME            the source, as the policy calls it\n"
          "  --qr                     show it as a QR code too\n"
          "  --svg FILE               write the QR code as a picture into this new file\n"
          "  --member N, --all        members of a generated set; --all prints a card a line\n"
          "  --now INSTANT            for a programme whose clock is simulated\n"
          "  --passphrase-file FILE   take the passphrase from the first line of this file\n"
          "  --passphrase-fd N        take it from an open file descriptor\n",
          stdout);
}

typedef struct finding {
    const char *name;
    char did[TALLY_SOURCE_DID_BYTES_MAX + 1]; /* the one it was registered with; "" not found */
} finding;

static tally_rc match(void *context, const tally_source_record *source, tally_err *err)
{
    finding *self = context;

    (void)err;
    if (strcmp(source->name, self->name) == 0)
        memcpy(self->did, source->keys[0].did, sizeof(self->did));
    return TALLY_OK;
}

static bool find_source(tally_wallet_session *session, finding *out)
{
    tally_err err = TALLY_ERR_INIT;

    *out = (finding){ .name = session->source };
    if (tally_source_each(session->programme.ledger, match, out, &err) != TALLY_OK)
        return tally_wallet_session_fail(session, &err);
    if (out->did[0] == '\0')
        fprintf(stderr, "tally wallet card: the programme has no source '%s'\n", session->source);
    return out->did[0] != '\0';
}

static bool draw(const tally_wallet_session *session, tally_text text)
{
    if (session->with_picture && !tally_qr_print(stdout, text, tally_cmd_has_colour(1))) {
        fputs("tally wallet card: the card does not fit a QR code\n", stderr);
        return false;
    }
    if (session->svg_path != NULL && !tally_qr_write_svg(session->svg_path, text)) {
        fprintf(stderr, "tally wallet card: %s cannot be written: %s\n", session->svg_path,
                strerror(errno));
        return false;
    }
    return true;
}

static bool card(tally_wallet_session *session, tally_wallet *wallet,
                 tally_wallet_programme *programme)
{
    tally_err err = TALLY_ERR_INIT;
    tally_buffer text;
    finding source;
    tally_rc rc;
    bool is_done;

    (void)wallet;
    if (!programme->has_secrets) {
        fputs("tally wallet card: this wallet has not joined the programme, or has lost what it "
              "was given there\n",
              stderr);
        return false;
    }
    if (!find_source(session, &source))
        return false;
    tally_buffer_init(&text, TALLY_CARD_BYTES_MAX);
    rc = tally_card_write(&text, programme->origin, tally_text_from(source.did),
                          programme->handle_secret, &err);
    if (rc == TALLY_OK)
        printf("%s\n", tally_buffer_string(&text));
    is_done = rc == TALLY_OK ? draw(session, tally_buffer_text(&text))
                             : tally_wallet_session_fail(session, &err);
    tally_buffer_free(&text);
    return is_done;
}

int tally_cmd_wallet_card(int argc, char **argv)
{
    static const char *const allowed[] = { "--source", "--qr", "--svg", NULL };
    tally_wallet_session session;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        print_help();
        return TALLY_EXIT_OK;
    }
    status = tally_wallet_session_read(&session, argc, argv, "wallet card", allowed);
    if (status == TALLY_EXIT_OK && session.source == NULL) {
        fputs("tally wallet card: say for which source, with --source\n", stderr);
        status = TALLY_EXIT_USAGE;
    }
    if (status == TALLY_EXIT_OK && session.is_for_all && session.svg_path != NULL) {
        fputs("tally wallet card: one picture at a time: --member N\n", stderr);
        status = TALLY_EXIT_USAGE;
    }
    return status != TALLY_EXIT_OK ? status
                                   : tally_wallet_session_run(&session, false, false, card);
}
