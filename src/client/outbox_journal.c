/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: lines of text, of which the first names programme and source.
 *
 *     tally-outbox/v1 ORIGIN DID
 *     input HASH FORM NAME          a file of events is begun
 *     batch NUMBER HASH BYTES LINES its next batch, and how far it reaches
 *     done | abandoned              that input
 *     answered NUMBER               the reply is kept
 *
 * A line counts when its LF is there: one that a crash cut off is removed when the
 * outbox is opened. Each is written at once and synced before anything is done that
 * rests on it. */

#include "client/outbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"

#define JOURNAL_BYTES_MAX ((size_t)256 << 20)
#define WORDS_MAX         5u

/* ---- words ----------------------------------------------------------------------- */

static bool read_hash(tally_text word, tally_node *out)
{
    char hex[TALLY_HASH_HEX_BYTES];

    if (word.count != 2 * TALLY_HASH_BYTES)
        return false;
    for (size_t i = 0; i < TALLY_HASH_BYTES; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *high = memchr(digits, word.bytes[2 * i], 16);
        const char *low = memchr(digits, word.bytes[2 * i + 1], 16);

        if (high == NULL || low == NULL)
            return false;
        out->bytes[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    tally_hash_hex(hex, out->bytes);
    return tally_text_is(word, hex);
}

static bool read_number(tally_text word, int64_t max, uint64_t *out)
{
    int64_t number;

    if (tally_text_parse_i64(&number, word, 0, max) != TALLY_OK)
        return false;
    *out = (uint64_t)number;
    return true;
}

/* Cut at spaces; the last word takes what is left. */
static uint32_t cut_words(tally_text line, tally_text words[static WORDS_MAX])
{
    uint32_t count = 0;
    bool has_more = true;

    while (has_more && count < WORDS_MAX - 1)
        has_more = tally_text_split(line, ' ', &words[count++], &line);
    if (has_more)
        words[count++] = line;
    return count;
}

/* ---- lines ----------------------------------------------------------------------- */

tally_outbox_known *tally_outbox_open_input(tally_outbox *outbox)
{
    tally_outbox_known *last =
        outbox->input_count > 0 ? &outbox->inputs[outbox->input_count - 1] : NULL;

    return last != NULL && !last->progress.is_done && !last->is_abandoned ? last : NULL;
}

static bool apply_input(tally_outbox *outbox, const tally_text *words, uint32_t count, tally_rc *rc)
{
    tally_outbox_known input = { .is_abandoned = false };
    tally_text name = { NULL, 0 };

    if (tally_outbox_open_input(outbox) != NULL || count < 4 || !read_hash(words[1], &input.hash) ||
        !tally_batch_form_of(&input.form, words[2]))
        return false;
    /* The name may have spaces: it is all that follows. */
    name = (tally_text){ words[3].bytes, (size_t)(words[count - 1].bytes + words[count - 1].count -
                                                  words[3].bytes) };
    if (name.count > TALLY_OUTBOX_NAME_BYTES_MAX)
        return false;
    memcpy(input.name, name.bytes, name.count);
    if (outbox->input_count == outbox->input_room) {
        uint32_t room = outbox->input_room == 0 ? 16 : outbox->input_room * 2;
        tally_outbox_known *grown = tally_realloc_array(outbox->inputs, room, sizeof(*grown));

        if (grown == NULL) {
            *rc = TALLY_E_NOMEM;
            return false;
        }
        outbox->inputs = grown;
        outbox->input_room = room;
    }
    outbox->inputs[outbox->input_count++] = input;
    return true;
}

static bool apply_batch(tally_outbox *outbox, const tally_text *words, uint32_t count, tally_rc *rc)
{
    tally_outbox_known *input = tally_outbox_open_input(outbox);
    uint64_t number, bytes, lines, index;
    tally_node hash;

    if (input == NULL || count != 5 || !read_number(words[1], TALLY_BATCH_NUMBER_MAX, &number) ||
        !read_hash(words[2], &hash) || !read_number(words[3], INT64_MAX, &bytes) ||
        !read_number(words[4], UINT32_MAX, &lines))
        return false;
    if (number == 0 || (outbox->first_number != 0 && number != outbox->next_number) ||
        bytes < input->progress.bytes || lines < input->progress.lines)
        return false;
    index = outbox->first_number == 0 ? 0 : number - outbox->first_number;
    if (index == outbox->message_room) {
        uint64_t room = index == 0 ? 64 : index * 2;
        tally_node *grown = tally_realloc_array(outbox->messages, room, sizeof(*grown));

        if (grown == NULL) {
            *rc = TALLY_E_NOMEM;
            return false;
        }
        outbox->messages = grown;
        outbox->message_room = room;
    }
    outbox->messages[index] = hash;
    if (outbox->first_number == 0)
        outbox->first_number = outbox->answered = number;
    outbox->next_number = number + 1;
    if (input->progress.first_number == 0)
        input->progress.first_number = number;
    input->progress.last_number = number;
    input->progress.bytes = bytes;
    input->progress.lines = (uint32_t)lines;
    return true;
}

static bool apply_answered(tally_outbox *outbox, const tally_text *words, uint32_t count)
{
    uint64_t number;

    if (count != 2 || !read_number(words[1], TALLY_BATCH_NUMBER_MAX, &number) || number == 0 ||
        number != outbox->answered || number >= outbox->next_number)
        return false;
    outbox->answered = number + 1;
    return true;
}

tally_rc tally_outbox_apply(tally_outbox *outbox, tally_text line, uint32_t line_number,
                            tally_err *err)
{
    tally_outbox_known *input = tally_outbox_open_input(outbox);
    tally_text words[WORDS_MAX];
    uint32_t count = cut_words(line, words);
    tally_rc rc = TALLY_E_CORRUPT;
    bool is_good = false;

    if (tally_text_is(words[0], "input"))
        is_good = apply_input(outbox, words, count, &rc);
    else if (tally_text_is(words[0], "batch"))
        is_good = apply_batch(outbox, words, count, &rc);
    else if (tally_text_is(words[0], "answered"))
        is_good = apply_answered(outbox, words, count);
    else if (count == 1 && input != NULL && tally_text_is(line, "done"))
        is_good = input->progress.is_done = true;
    else if (count == 1 && input != NULL && tally_text_is(line, "abandoned"))
        is_good = input->is_abandoned = true;
    if (is_good)
        return TALLY_OK;
    if (rc == TALLY_E_NOMEM)
        return tally_err_set(err, rc, 0, "reading the outbox");
    return tally_err_set(err, rc, line_number, "%s/journal is damaged on line %u", outbox->folder,
                         line_number);
}

/* ---- the file -------------------------------------------------------------------- */

static tally_rc fail_io(const tally_outbox *outbox, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s/journal: %s", outbox->folder, strerror(errno));
}

static tally_rc write_line(tally_outbox *outbox, tally_text line, tally_err *err)
{
    size_t done = 0;

    while (done < line.count) {
        ssize_t wrote = write(outbox->journal_file, line.bytes + done, line.count - done);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return fail_io(outbox, err);
        done += (size_t)wrote;
    }
    return fdatasync(outbox->journal_file) == 0 ? TALLY_OK : fail_io(outbox, err);
}

tally_rc tally_outbox_append(tally_outbox *outbox, tally_err *err, const char *format, ...)
{
    tally_buffer line;
    va_list arguments;
    tally_rc rc;

    tally_buffer_init(&line, 4096);
    va_start(arguments, format);
    (void)tally_buffer_vprintf(&line, format, arguments);
    va_end(arguments);
    rc = tally_buffer_append_byte(&line, '\n');
    rc = rc == TALLY_OK ? write_line(outbox, tally_buffer_text(&line), err)
                        : tally_err_set(err, rc, 0, "writing the outbox");
    if (rc == TALLY_OK)
        rc = tally_outbox_apply(
            outbox, tally_text_slice(tally_buffer_text(&line), 0, line.count - 1), 0, err);
    tally_buffer_free(&line);
    return rc;
}

static tally_rc read_journal(tally_outbox *outbox, tally_buffer *out, tally_err *err)
{
    char room[16384];

    for (;;) {
        ssize_t got = read(outbox->journal_file, room, sizeof(room));
        tally_rc rc;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_io(outbox, err);
        if (got == 0)
            return TALLY_OK;
        rc = tally_buffer_append(out, room, (size_t)got);
        if (rc != TALLY_OK)
            return tally_err_set(err, rc, 0, "%s/journal is too long", outbox->folder);
    }
}

static tally_rc check_owner(const tally_outbox *outbox, const tally_outbox_owner *owner,
                            tally_text line, tally_err *err)
{
    tally_text words[WORDS_MAX];
    uint32_t count = cut_words(line, words);

    if (count != 3 || !tally_text_is(words[0], "tally-outbox/v1"))
        return tally_err_set(err, TALLY_E_INVALID, 0, "%s is no outbox", outbox->folder);
    if (!tally_text_is_equal(words[1], owner->programme))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the outbox %s is for the programme %.*s; choose another with "
                             "--outbox",
                             outbox->folder, TALLY_TEXT_ARGS(words[1]));
    if (!tally_text_is_equal(words[2], owner->source))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "the outbox %s belongs to the source %.*s; choose another with "
                             "--outbox",
                             outbox->folder, TALLY_TEXT_ARGS(words[2]));
    return TALLY_OK;
}

static tally_rc apply_all(tally_outbox *outbox, const tally_outbox_owner *owner, tally_text text,
                          tally_err *err)
{
    tally_text line, rest;
    uint32_t number = 1;
    tally_rc rc;

    (void)tally_text_split(text, '\n', &line, &rest);
    rc = check_owner(outbox, owner, line, err);
    while (rc == TALLY_OK && rest.count > 0) {
        (void)tally_text_split(rest, '\n', &line, &rest);
        rc = tally_outbox_apply(outbox, line, ++number, err);
    }
    return rc;
}

tally_rc tally_outbox_load(tally_outbox *outbox, const tally_outbox_owner *owner, tally_err *err)
{
    tally_buffer text;
    size_t whole;
    tally_rc rc;

    tally_buffer_init(&text, JOURNAL_BYTES_MAX);
    rc = read_journal(outbox, &text, err);
    for (whole = text.count; whole > 0 && text.bytes[whole - 1] != '\n';)
        whole--;
    /* What follows the last line feed was cut off by a crash before it counted. */
    if (rc == TALLY_OK && whole < text.count &&
        (ftruncate(outbox->journal_file, (off_t)whole) != 0 || fsync(outbox->journal_file) != 0))
        rc = fail_io(outbox, err);
    if (rc == TALLY_OK && whole > 0) {
        rc = apply_all(outbox, owner, tally_text_of(text.bytes, whole), err);
    } else if (rc == TALLY_OK) {
        tally_buffer_reset(&text);
        (void)tally_buffer_printf(&text, "tally-outbox/v1 %.*s %.*s\n",
                                  TALLY_TEXT_ARGS(owner->programme),
                                  TALLY_TEXT_ARGS(owner->source));
        rc = tally_buffer_failure(&text) == TALLY_OK
                 ? write_line(outbox, tally_buffer_text(&text), err)
                 : tally_err_set(err, tally_buffer_failure(&text), 0, "writing the outbox");
        if (rc == TALLY_OK && fsync(outbox->folder_file) != 0)
            rc = fail_io(outbox, err);
    }
    tally_buffer_free(&text);
    return rc;
}
