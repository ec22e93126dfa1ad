/* SPDX-License-Identifier: Apache-2.0 */
/* A crash may come between any two of these steps of a batch:
 *
 *   1 its message is a file        nothing rests on it; the next run makes another
 *   2 its line is in the journal   the number is used: the file is what is sent
 *   3 it is sent                   sent again, it gets the first reply again
 *   4 its reply is a file          the same file again
 *   5 `answered` is in the journal the message may go
 *   6 the message is removed       one left behind is removed at the next opening */

#include "client/outbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret_file.h"
#include "util/alloc.h"

/* ---- opening --------------------------------------------------------------------- */

static tally_rc fail_io(const char *path, tally_err *err)
{
    return tally_err_set(err, TALLY_E_IO, 0, "%s: %s", path, strerror(errno));
}

/* "FOLDER/NUMBER.KIND" into path, which is freed whatever is returned. */
static tally_rc make_path(const tally_outbox *outbox, tally_buffer *path, uint64_t number,
                          const char *kind, tally_err *err)
{
    tally_buffer_init(path, 1 << 16);
    (void)tally_buffer_printf(path, "%s/%" PRIu64 ".%s", outbox->folder, number, kind);
    return tally_buffer_failure(path) == TALLY_OK
               ? TALLY_OK
               : tally_err_set(err, tally_buffer_failure(path), 0, "naming a file of the outbox");
}

static tally_rc open_files(tally_outbox *outbox, tally_err *err)
{
    if (mkdir(outbox->folder, 0700) != 0 && errno != EEXIST)
        return fail_io(outbox->folder, err);
    outbox->folder_file = open(outbox->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (outbox->folder_file < 0)
        return fail_io(outbox->folder, err);
    outbox->lock_file =
        openat(outbox->folder_file, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (outbox->lock_file < 0)
        return fail_io(outbox->folder, err);
    if (flock(outbox->lock_file, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? tally_err_set(err, TALLY_E_CONFLICT, 0,
                                   "another process is sending from the outbox %s", outbox->folder)
                   : fail_io(outbox->folder, err);
    outbox->journal_file = openat(outbox->folder_file, "journal",
                                  O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    return outbox->journal_file >= 0 ? TALLY_OK : fail_io(outbox->folder, err);
}

static void close_file(int file)
{
    if (file >= 0)
        (void)close(file);
}

/* The message of a number; none is there: nothing happens. */
static tally_rc remove_message(const tally_outbox *outbox, uint64_t number, tally_err *err)
{
    char name[40];

    (void)snprintf(name, sizeof(name), "%" PRIu64 ".batch", number);
    if (unlinkat(outbox->folder_file, name, 0) != 0 && errno != ENOENT)
        return fail_io(outbox->folder, err);
    return TALLY_OK;
}

tally_rc tally_outbox_open(tally_outbox **out_outbox, const char *folder,
                           const tally_outbox_owner *owner, tally_err *err)
{
    tally_outbox *outbox = tally_alloc_zeroed(sizeof(*outbox));
    size_t bytes = strlen(folder) + 1;
    tally_rc rc;

    if (outbox == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening the outbox");
    outbox->folder_file = outbox->lock_file = outbox->journal_file = -1;
    outbox->folder = tally_alloc(bytes);
    if (outbox->folder == NULL) {
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "opening the outbox");
    } else {
        memcpy(outbox->folder, folder, bytes);
        rc = open_files(outbox, err);
    }
    if (rc == TALLY_OK)
        rc = tally_outbox_load(outbox, owner, err);
    if (rc == TALLY_OK && outbox->answered > 1)
        rc = remove_message(outbox, outbox->answered - 1, err);
    if (rc != TALLY_OK) {
        tally_outbox_close(outbox);
        return rc;
    }
    *out_outbox = outbox;
    return TALLY_OK;
}

void tally_outbox_close(tally_outbox *outbox)
{
    if (outbox == NULL)
        return;
    close_file(outbox->journal_file);
    close_file(outbox->lock_file);
    close_file(outbox->folder_file);
    tally_release(outbox->inputs);
    tally_release(outbox->messages);
    tally_release(outbox->folder);
    tally_release(outbox);
}

uint64_t tally_outbox_next_number(const tally_outbox *outbox)
{
    return outbox->next_number;
}

/* ---- an input -------------------------------------------------------------------- */

/* The name in a journal line: one line, no longer than there is room for. */
static tally_rc begin_input(tally_outbox *outbox, const tally_outbox_input *input, tally_err *err)
{
    char hex[TALLY_HASH_HEX_BYTES];
    char name[TALLY_OUTBOX_NAME_BYTES_MAX + 1];
    size_t count = 0;

    for (; count < TALLY_OUTBOX_NAME_BYTES_MAX && input->name[count] != '\0'; count++)
        name[count] = (unsigned char)input->name[count] < 0x20 ? '?' : input->name[count];
    name[count] = '\0';
    tally_hash_hex(hex, input->hash.bytes);
    return tally_outbox_append(outbox, err, "input %s %s %s", hex,
                               tally_batch_form_name(input->form), count > 0 ? name : "?");
}

tally_rc tally_outbox_begin(tally_outbox *outbox, const tally_outbox_input *input, bool is_again,
                            tally_outbox_progress *out_progress, tally_err *err)
{
    const tally_outbox_known *open_input = tally_outbox_open_input(outbox);
    tally_rc rc;

    if (open_input != NULL) {
        if (!tally_node_is_equal(&open_input->hash, &input->hash) ||
            open_input->form != input->form)
            return tally_err_set(err, TALLY_E_CONFLICT, 0,
                                 "%s was begun and is not finished: give it again, as it was, or "
                                 "give it up with --abandon",
                                 open_input->name);
        *out_progress = open_input->progress;
        return TALLY_OK;
    }
    for (uint32_t i = 0; !is_again && i < outbox->input_count; i++) {
        const tally_outbox_known *known = &outbox->inputs[i];

        if (known->progress.is_done && known->form == input->form &&
            tally_node_is_equal(&known->hash, &input->hash)) {
            *out_progress = known->progress;
            return TALLY_OK;
        }
    }
    rc = begin_input(outbox, input, err);
    if (rc == TALLY_OK)
        *out_progress = outbox->inputs[outbox->input_count - 1].progress;
    return rc;
}

tally_rc tally_outbox_abandon(tally_outbox *outbox, tally_err *err)
{
    return tally_outbox_open_input(outbox) == NULL ? TALLY_OK
                                                   : tally_outbox_append(outbox, err, "abandoned");
}

tally_rc tally_outbox_finish(tally_outbox *outbox, tally_err *err)
{
    TALLY_ASSERT(tally_outbox_open_input(outbox) != NULL);
    return tally_outbox_append(outbox, err, "done");
}

static tally_rc hash_of(tally_text message, tally_node *out, char hex[static TALLY_HASH_HEX_BYTES],
                        tally_err *err)
{
    if (tally_hash_sha256(out->bytes, message.bytes, message.count) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a batch");
    tally_hash_hex(hex, out->bytes);
    return TALLY_OK;
}

tally_rc tally_outbox_add(tally_outbox *outbox, uint64_t number, tally_text message, uint64_t bytes,
                          uint32_t lines, tally_err *err)
{
    char hex[TALLY_HASH_HEX_BYTES];
    tally_buffer path;
    tally_node hash;
    tally_rc rc;

    TALLY_ASSERT(tally_outbox_open_input(outbox) != NULL && number > 0);
    TALLY_ASSERT(outbox->next_number == 0 || outbox->next_number == number);
    rc = make_path(outbox, &path, number, "batch", err);
    if (rc == TALLY_OK)
        rc = hash_of(message, &hash, hex, err);
    if (rc == TALLY_OK)
        rc = tally_secret_file_replace(tally_buffer_string(&path), message.bytes, message.count,
                                       err);
    if (rc == TALLY_OK)
        rc = tally_outbox_append(outbox, err, "batch %" PRIu64 " %s %" PRIu64 " %" PRIu32, number,
                                 hex, bytes, lines);
    tally_buffer_free(&path);
    return rc;
}

/* ---- sending --------------------------------------------------------------------- */

bool tally_outbox_has_pending(const tally_outbox *outbox, uint64_t *out_number)
{
    *out_number = outbox->answered;
    return outbox->answered < outbox->next_number;
}

tally_rc tally_outbox_read(const tally_outbox *outbox, uint64_t number, tally_buffer *out_message,
                           tally_err *err)
{
    char hex[TALLY_HASH_HEX_BYTES];
    uint8_t *room = tally_alloc(TALLY_BATCH_BYTES_MAX);
    tally_buffer path;
    tally_node hash;
    size_t count = 0;
    tally_rc rc;

    TALLY_ASSERT(number >= outbox->answered && number < outbox->next_number);
    if (room == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading the outbox");
    rc = make_path(outbox, &path, number, "batch", err);
    if (rc == TALLY_OK)
        rc = tally_secret_file_read(room, TALLY_BATCH_BYTES_MAX, &count, NULL,
                                    tally_buffer_string(&path), err);
    if (rc == TALLY_OK)
        rc = hash_of(tally_text_of((const char *)room, count), &hash, hex, err);
    if (rc == TALLY_OK &&
        !tally_node_is_equal(&hash, &outbox->messages[number - outbox->first_number]))
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "%s is not what was written there",
                           tally_buffer_string(&path));
    if (rc == TALLY_OK && tally_buffer_append(out_message, room, count) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(out_message), 0, "reading the outbox");
    tally_buffer_free(&path);
    tally_release(room);
    return rc;
}

tally_rc tally_outbox_answer(tally_outbox *outbox, uint64_t number, tally_text reply,
                             tally_err *err)
{
    tally_buffer path;
    tally_rc rc;

    TALLY_ASSERT(number == outbox->answered && number < outbox->next_number);
    rc = make_path(outbox, &path, number, "reply", err);
    if (rc == TALLY_OK)
        rc = tally_secret_file_replace(tally_buffer_string(&path), reply.bytes, reply.count, err);
    if (rc == TALLY_OK)
        rc = tally_outbox_append(outbox, err, "answered %" PRIu64, number);
    if (rc == TALLY_OK)
        rc = remove_message(outbox, number, err);
    tally_buffer_free(&path);
    return rc;
}
