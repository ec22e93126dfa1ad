/* SPDX-License-Identifier: Apache-2.0 */
/* Passphrases and words: from and to the terminal, files, descriptors.
 *
 * The terminal is /dev/tty, so that redirected input and output stay free for other uses.
 * While it does not echo, a signal that would end the program is held back until echoing
 * is on again. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/ed25519.h"
#include "crypto/secret_file.h"
#include "wallet.h"
#include "wallet/mnemonic.h"

#define TERMINAL      "/dev/tty"
#define SIGNAL_COUNT  5
#define WORDS_IN_LINE 6

static const int held_signals[SIGNAL_COUNT] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
static volatile sig_atomic_t came;

static void note_signal(int number)
{
    came = number;
}

static int open_terminal(void)
{
    return open(TERMINAL, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool tally_wallet_has_terminal(void)
{
    int terminal = open_terminal();

    if (terminal < 0)
        return false;
    (void)close(terminal);
    return true;
}

static bool say(int terminal, const char *text)
{
    size_t count = strlen(text);

    while (count > 0) {
        ssize_t written = write(terminal, text, count);

        if (written < 0 && errno == EINTR && came == 0)
            continue;
        if (written <= 0)
            return false;
        text += written;
        count -= (size_t)written;
    }
    return true;
}

/* Read up to a line's end, the end of input, or a signal. */
static tally_rc read_line(int file, char *out, size_t room, size_t *out_count, tally_err *err)
{
    size_t count = 0;

    for (;;) {
        char byte;
        ssize_t got = read(file, &byte, 1);

        if (got < 0 && errno == EINTR && came == 0)
            continue;
        if (got < 0)
            return came != 0 ? tally_err_set(err, TALLY_E_DENIED, 0, "interrupted")
                             : tally_err_set(err, TALLY_E_IO, 0, "a secret cannot be read: %s",
                                             strerror(errno));
        if (got == 0 || byte == '\n')
            break;
        if (count == room)
            return tally_err_set(err, TALLY_E_LIMIT, 0, "that is longer than %zu bytes", room);
        out[count++] = byte;
    }
    if (count > 0 && out[count - 1] == '\r')
        count--;
    *out_count = count;
    return TALLY_OK;
}

/* Read a line from the terminal, not showing what is typed. */
static tally_rc read_hidden(int terminal, char *out, size_t room, size_t *out_count, tally_err *err)
{
    struct sigaction hold = { .sa_handler = note_signal }, kept[SIGNAL_COUNT];
    struct termios before, silent;
    tally_rc rc;

    if (tcgetattr(terminal, &before) != 0)
        return tally_err_set(err, TALLY_E_IO, 0, TERMINAL " is no terminal: %s", strerror(errno));
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    came = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(held_signals[i], &hold, &kept[i]);
    rc = tcsetattr(terminal, TCSAFLUSH, &silent) == 0
             ? read_line(terminal, out, room, out_count, err)
             : tally_err_set(err, TALLY_E_IO, 0, TERMINAL " cannot be silenced: %s",
                             strerror(errno));
    (void)tcsetattr(terminal, TCSAFLUSH, &before);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(held_signals[i], &kept[i], NULL);
    (void)say(terminal, "\n");
    if (rc != TALLY_OK)
        tally_secret_wipe(out, room);
    if (came != 0)
        (void)raise(came);
    return rc;
}

static tally_rc ask_twice(int terminal, tally_passphrase *out, bool is_new, tally_err *err)
{
    tally_passphrase again;
    tally_rc rc;

    (void)say(terminal, is_new ? "A new passphrase for the wallet: " : "Passphrase: ");
    rc = read_hidden(terminal, out->bytes, sizeof(out->bytes), &out->count, err);
    if (rc != TALLY_OK || !is_new)
        return rc;
    (void)say(terminal, "The same again: ");
    rc = read_hidden(terminal, again.bytes, sizeof(again.bytes), &again.count, err);
    if (rc == TALLY_OK && !tally_text_is_equal(tally_text_of(out->bytes, out->count),
                                               tally_text_of(again.bytes, again.count)))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "the two passphrases are not the same");
    tally_secret_wipe(&again, sizeof(again));
    return rc;
}

tally_rc tally_wallet_ask_passphrase(tally_passphrase *out, const tally_wallet_options *options,
                                     bool is_new, tally_err *err)
{
    int terminal;
    tally_rc rc;

    out->count = 0;
    if (options->passphrase_fd >= 0)
        return read_line(options->passphrase_fd, out->bytes, sizeof(out->bytes), &out->count, err);
    if (options->passphrase_file != NULL) {
        tally_text line, rest;

        rc = tally_secret_file_read(out->bytes, sizeof(out->bytes), &out->count, NULL,
                                    options->passphrase_file, err);
        if (rc != TALLY_OK)
            return rc;
        (void)tally_text_split(tally_text_of(out->bytes, out->count), '\n', &line, &rest);
        out->count = line.count - tally_text_has_suffix(line, TALLY_TEXT("\r"));
        return TALLY_OK;
    }
    terminal = open_terminal();
    if (terminal < 0)
        return tally_err_set(err, TALLY_E_IO, 0,
                             "there is no terminal to ask for the passphrase: use "
                             "--passphrase-file or --passphrase-fd");
    rc = ask_twice(terminal, out, is_new, err);
    (void)close(terminal);
    return rc;
}

tally_rc tally_wallet_ask_words(uint8_t out_seed[static TALLY_WALLET_SEED_BYTES],
                                const tally_wallet_options *options, tally_err *err)
{
    char words[TALLY_MNEMONIC_READ_MAX];
    size_t count = 0;
    int terminal;
    tally_rc rc;

    if (options->words_file != NULL) {
        rc = tally_secret_file_read(words, sizeof(words), &count, NULL, options->words_file, err);
    } else {
        terminal = open_terminal();
        if (terminal < 0)
            return tally_err_set(err, TALLY_E_IO, 0,
                                 "there is no terminal to ask for the words: use --words");
        (void)say(terminal, "The 24 words, in one line (they are not shown): ");
        rc = read_hidden(terminal, words, sizeof(words), &count, err);
        (void)close(terminal);
    }
    if (rc == TALLY_OK)
        rc = tally_mnemonic_read(out_seed, tally_text_of(words, count), err);
    tally_secret_wipe(words, sizeof(words));
    return rc;
}

/* Numbered, a few in a line. */
static bool say_words(int terminal, tally_text words)
{
    tally_text word, rest = words;
    bool is_said = say(terminal, "\n");

    for (unsigned i = 1; i <= TALLY_MNEMONIC_WORDS && is_said; i++) {
        char line[32];

        (void)tally_text_split(rest, ' ', &word, &rest);
        (void)snprintf(line, sizeof(line), "%3u %-9.*s%s", i, TALLY_TEXT_ARGS(word),
                       i % WORDS_IN_LINE == 0 ? "\n" : "");
        is_said = say(terminal, line);
        tally_secret_wipe(line, sizeof(line));
    }
    return is_said && say(terminal, "\n");
}

tally_rc tally_wallet_tell_words(const tally_wallet_options *options, const uint8_t *seed,
                                 tally_err *err)
{
    char words[TALLY_MNEMONIC_TEXT_BYTES + 1];
    tally_rc rc = tally_mnemonic_write(words, seed);
    size_t count = strlen(words);
    int terminal;

    if (rc != TALLY_OK) {
        (void)tally_err_set(err, rc, 0, "memory is short");
    } else if (options->words_file != NULL) {
        words[count++] = '\n';
        rc = tally_secret_file_create(options->words_file, words, count, err);
    } else {
        terminal = open_terminal();
        if (terminal < 0 || !say_words(terminal, tally_text_of(words, count)))
            rc = tally_err_set(err, TALLY_E_IO, 0,
                               "there is no terminal to show the words on: use --words");
        if (terminal >= 0)
            (void)close(terminal);
    }
    tally_secret_wipe(words, sizeof(words));
    return rc;
}
