/* SPDX-License-Identifier: Apache-2.0 */
/* `tally source`: who may send batches to a programme. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "crypto/did_key.h"
#include "crypto/key_file.h"
#include "ledger/source.h"
#include "log.h"
#include "programme.h"
#include "util/civil.h"

#define KEY_ROLE          "source"
#define MESSAGE_BYTES_MAX ((size_t)64 << 10)

static void print_help(FILE *stream)
{
    fputs("Usage: tally source key FILE\n"
          "       tally source add DIR NAME DID\n"
          "       tally source list DIR\n"
          "       tally source rotate DIR NAME DID            the old key was lost\n"
          "       tally source request OLD-KEY NEW-KEY --origin NAME [-o FILE]\n"
          "       tally source rotate DIR --message FILE      what `request` wrote\n"
          "       tally source revoke DIR NAME --from NUMBER\n"
          "\n"
          "Sources send signed batches of events. The operator registers each under the name\n"
          "that the policy has for it under `sources`, with its key.\n"
          "\n"
          "  key      a source makes its key; its did is printed\n"
          "  add      register it\n"
          "  list     number, name, next batch, did\n"
          "  rotate   put another key in the place of one that was lost, or that the source\n"
          "           itself replaces with a message signed with both (good for 10 minutes)\n"
          "  revoke   take no more batches, and let those from a number on count as void from\n"
          "           now on; `rotate` ends it\n"
          "\n"
          "  --now INSTANT   for a programme with a simulated clock\n"
          "\n"
          "Exit status: 0 done, 1 refused, 2 the command line makes no sense, 3 a file cannot\n"
          "be read or written.\n",
          stream);
}

/* Options of all of them; each looks at its own. */
typedef struct source_options {
    const char *words[4];
    size_t word_count;
    const char *now, *from, *message, *origin, *out;
} source_options;

static bool read_options(source_options *chosen, int argc, char **argv)
{
    const tally_log_option options[] = {
        { "--now", &chosen->now, 1, NULL, false },
        { "--from", &chosen->from, 1, NULL, false },
        { "--message", &chosen->message, 1, NULL, false },
        { "--origin", &chosen->origin, 1, NULL, false },
        { "-o", &chosen->out, 1, NULL, false },
    };

    return tally_log_read_options("source", argc, argv, options, 5, chosen->words, 4,
                                  &chosen->word_count);
}

static int usage(const char *what)
{
    return tally_log_usage("source", what, "; `tally source --help` shows all forms");
}

static void print_source(const tally_source_record *source)
{
    printf("%" PRIu32 "  %s  next batch %" PRIu64 "%s  %s\n", source->number, source->name,
           source->next_number, source->is_revoked ? ", revoked" : "",
           source->keys[source->key_count - 1].did);
}

/* ---- keys ---- */

static int make_key(const source_options *chosen)
{
    uint8_t seed[TALLY_KEY_FILE_SECRET_BYTES], public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_err err = TALLY_ERR_INIT;
    tally_did_key did;
    tally_rc rc;

    if (chosen->word_count != 1)
        return usage("name a file that is to be made");
    rc = tally_random_fill(tally_random_system(), seed, sizeof(seed), &err);
    if (rc == TALLY_OK && tally_ed25519_public(public32, seed) != TALLY_OK)
        rc = tally_err_set(&err, TALLY_E_IO, 0, "libsodium cannot start");
    if (rc == TALLY_OK)
        rc = tally_key_file_create(chosen->words[0], KEY_ROLE, seed, &err);
    tally_secret_wipe(seed, sizeof(seed));
    if (rc != TALLY_OK)
        return tally_cmd_refused("source key", NULL, &err);
    tally_did_key_write(&did, public32);
    puts(did.text);
    return TALLY_EXIT_OK;
}

static tally_rc write_request(const source_options *chosen, const tally_clock *clock,
                              tally_buffer *out, tally_err *err)
{
    uint8_t old_seed[TALLY_KEY_FILE_SECRET_BYTES], new_seed[TALLY_KEY_FILE_SECRET_BYTES];
    tally_source_rotation rotation = { tally_text_from(chosen->origin), tally_clock_now_ms(clock),
                                       old_seed, new_seed };
    tally_rc rc = tally_key_file_read(old_seed, chosen->words[0], KEY_ROLE, err);

    if (rc == TALLY_OK)
        rc = tally_key_file_read(new_seed, chosen->words[1], KEY_ROLE, err);
    if (rc == TALLY_OK)
        rc = tally_source_write_rotation(out, &rotation, err);
    if (rc == TALLY_OK)
        rc = tally_buffer_append_byte(out, '\n');
    tally_secret_wipe(old_seed, sizeof(old_seed));
    tally_secret_wipe(new_seed, sizeof(new_seed));
    return rc;
}

static int request_rotation(const source_options *chosen)
{
    tally_err err = TALLY_ERR_INIT;
    tally_clock clock;
    tally_buffer message;
    tally_rc rc;

    if (chosen->word_count != 2 || chosen->origin == NULL)
        return usage("name the old and the new key file and the programme's --origin");
    if (!tally_cmd_clock("source request", chosen->now, &clock))
        return TALLY_EXIT_USAGE;
    tally_buffer_init(&message, MESSAGE_BYTES_MAX);
    rc = write_request(chosen, &clock, &message, &err);
    if (rc == TALLY_OK)
        rc = tally_log_write_file(chosen->out, tally_buffer_text(&message), &err);
    tally_buffer_free(&message);
    return rc == TALLY_OK ? TALLY_EXIT_OK : tally_cmd_refused("source request", NULL, &err);
}

/* ---- a programme's sources ---- */

static tally_rc add(tally_ledger *ledger, const source_options *chosen, tally_source_record *out,
                    tally_denial *denial, tally_err *err)
{
    return tally_source_register(ledger, tally_text_from(chosen->words[1]),
                                 tally_text_from(chosen->words[2]), out, denial, err);
}

static tally_rc rotate_by_message(tally_ledger *ledger, const source_options *chosen,
                                  tally_source_record *out, tally_denial *denial, tally_err *err)
{
    tally_buffer message;
    tally_rc rc;

    tally_buffer_init(&message, MESSAGE_BYTES_MAX);
    rc = tally_cmd_read_file(&message, chosen->message, err);
    if (rc == TALLY_OK)
        rc = tally_source_rotate(ledger, tally_text_trim(tally_buffer_text(&message)), out, denial,
                                 err);
    tally_buffer_free(&message);
    return rc;
}

static tally_rc rotate(tally_ledger *ledger, const source_options *chosen, tally_source_record *out,
                       tally_denial *denial, tally_err *err)
{
    if (chosen->message != NULL)
        return rotate_by_message(ledger, chosen, out, denial, err);
    return tally_source_replace_key(ledger, tally_text_from(chosen->words[1]),
                                    tally_text_from(chosen->words[2]), out, denial, err);
}

static tally_rc revoke(tally_ledger *ledger, const source_options *chosen, tally_source_record *out,
                       tally_denial *denial, tally_err *err)
{
    int64_t from;

    if (tally_text_parse_i64(&from, tally_text_from(chosen->from), 1, INT64_MAX) != TALLY_OK)
        return tally_err_set(err, TALLY_E_INVALID, 0, "'%s' is no number of a batch", chosen->from);
    return tally_source_revoke(ledger, tally_text_from(chosen->words[1]), (uint64_t)from, out,
                               denial, err);
}

typedef tally_rc (*source_change)(tally_ledger *ledger, const source_options *chosen,
                                  tally_source_record *out, tally_denial *denial, tally_err *err);

static int change(const char *command, const source_options *chosen, source_change run)
{
    tally_denial denial = { 0 };
    tally_err err = TALLY_ERR_INIT;
    tally_source_record source;
    tally_opened_programme programme;
    int status = tally_cmd_open_programme(&programme, command, chosen->words[0], chosen->now, true);

    if (status == TALLY_EXIT_OK) {
        if (run(programme.ledger, chosen, &source, &denial, &err) == TALLY_OK)
            print_source(&source);
        else
            status = tally_cmd_refused(command, &denial, &err);
    }
    tally_cmd_close_programme(&programme);
    return status;
}

static tally_rc print_one(void *context, const tally_source_record *source, tally_err *err)
{
    (void)context;
    (void)err;
    print_source(source);
    return TALLY_OK;
}

static int list(const source_options *chosen)
{
    tally_err err = TALLY_ERR_INIT;
    tally_opened_programme programme;
    int status;

    if (chosen->word_count != 1)
        return usage("name a programme's folder");
    status =
        tally_cmd_open_programme(&programme, "source list", chosen->words[0], chosen->now, false);
    if (status == TALLY_EXIT_OK &&
        tally_source_each(programme.ledger, print_one, NULL, &err) != TALLY_OK)
        status = tally_cmd_refused("source list", NULL, &err);
    tally_cmd_close_programme(&programme);
    return status;
}

/* ---- which of them ---- */

static int run(const char *name, const source_options *chosen)
{
    if (strcmp(name, "key") == 0)
        return make_key(chosen);
    if (strcmp(name, "request") == 0)
        return request_rotation(chosen);
    if (strcmp(name, "list") == 0)
        return list(chosen);
    if (strcmp(name, "add") == 0)
        return chosen->word_count == 3
                   ? change("source add", chosen, add)
                   : usage("name a programme's folder, a source of its policy, and a did");
    if (strcmp(name, "rotate") == 0)
        return chosen->word_count == (chosen->message != NULL ? 1 : 3)
                   ? change("source rotate", chosen, rotate)
                   : usage("name a programme's folder, and a source with its new did or a "
                           "--message");
    if (strcmp(name, "revoke") == 0)
        return chosen->word_count == 2 && chosen->from != NULL
                   ? change("source revoke", chosen, revoke)
                   : usage("name a programme's folder, a source, and --from which batch");
    fprintf(stderr, "tally source: there is no command '%s'\n", name);
    fputs("`tally source --help` lists the commands.\n", stderr);
    return TALLY_EXIT_USAGE;
}

int tally_cmd_source(int argc, char **argv)
{
    source_options chosen = { 0 };

    if (argc < 2 || tally_cmd_wants_help(argc, argv)) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? TALLY_EXIT_USAGE : TALLY_EXIT_OK;
    }
    if (!read_options(&chosen, argc - 1, argv + 1))
        return TALLY_EXIT_USAGE;
    return run(argv[1], &chosen);
}
