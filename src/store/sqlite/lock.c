/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's lock: flock(2) on PATH.lock. The kernel gives it up when the process
 * ends, however it ends. The file is never removed or renamed, or two writers
 * could each lock a file of that name. What it says, the writer's process number,
 * is for people only. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/sqlite/internal.h"
#include "util/alloc.h"

/* Who holds it, as far as the file says: " (pid 123)" or "". */
static void read_holder(int fd, char out[static 32])
{
    char digits[16] = { 0 };
    ssize_t count = pread(fd, digits, sizeof(digits) - 1, 0);
    size_t length = 0;

    out[0] = '\0';
    while (count > 0 && length < (size_t)count && digits[length] >= '0' && digits[length] <= '9')
        length++;
    if (length > 0)
        (void)snprintf(out, 32, " (pid %.*s)", (int)length, digits);
}

static void write_holder(int fd)
{
    char text[32];
    int count = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    /* Without room for it the message of a second writer lacks a number. */
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, text, (size_t)count, 0);
}

tally_rc tally_sqlite_lock(int *out_fd, const char *path, tally_err *err)
{
    char *lock_path = tally_sqlite_beside(path, ".lock");
    char holder[32];
    tally_rc rc = TALLY_OK;
    int fd, locked;

    if (lock_path == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "no memory for locking %s", path);
    fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        rc = tally_err_set(err, TALLY_E_IO, 0, "cannot open %s: %s", lock_path, strerror(errno));
        goto out;
    }
    do
        locked = flock(fd, LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    if (locked != 0 && errno == EWOULDBLOCK) {
        read_holder(fd, holder);
        rc = tally_err_set(err, TALLY_E_CONFLICT, 0,
                           "another tally process%s is writing %s; wait for it or stop it", holder,
                           path);
    } else if (locked != 0) {
        rc = tally_err_set(err, TALLY_E_IO, 0, "cannot lock %s: %s", lock_path, strerror(errno));
    }
    if (rc != TALLY_OK) {
        (void)close(fd);
        goto out;
    }
    write_holder(fd);
    *out_fd = fd;
out:
    tally_release(lock_path);
    return rc;
}

void tally_sqlite_unlock(int fd)
{
    if (fd < 0)
        return;
    /* A number that is no longer true helps nobody. */
    (void)!ftruncate(fd, 0);
    (void)close(fd);
}
