/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands of `tally log` and `tally witness` share: options, files. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "log.h"

#define DAY_S      86400
#define DAYS_MAX   366
#define CHUNK_SIZE ((size_t)65536)

int tally_log_usage(const char *command, const char *what, const char *about)
{
    fprintf(stderr, "tally %s: %s%s\n", command, what, about);
    return TALLY_EXIT_USAGE;
}

int tally_log_fail(const char *command, const tally_err *err)
{
    fprintf(stderr, "tally %s: %s\n", command, err->message);
    switch (err->rc) {
    case TALLY_E_IO:
        return TALLY_EXIT_FILES;
    case TALLY_OK:
    case TALLY_E_INVALID:
    case TALLY_E_DENIED:
    case TALLY_E_CONFLICT:
    case TALLY_E_RETRY:
    case TALLY_E_LIMIT:
    case TALLY_E_NOMEM:
    case TALLY_E_CORRUPT:
    case TALLY_E_OVERFLOW:
        break;
    }
    return TALLY_EXIT_FAILED;
}

static const tally_log_option *find(const tally_log_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

static bool take(const char *command, const tally_log_option *option, const char *value)
{
    if (option->count == NULL) {
        *option->values = value;
        return true;
    }
    if (*option->count == option->room) {
        (void)tally_log_usage(command, "given too often: ", option->name);
        return false;
    }
    option->values[(*option->count)++] = value;
    return true;
}

bool tally_log_read_options(const char *command, int argc, char **argv,
                            const tally_log_option *options, size_t option_count,
                            const char **words, size_t room, size_t *out_word_count)
{
    *out_word_count = 0;
    for (int i = 1; i < argc; i++) {
        const tally_log_option *option = find(options, option_count, argv[i]);

        if (option != NULL && (option->is_flag || i + 1 < argc)) {
            if (!take(command, option, option->is_flag ? argv[i] : argv[i + 1]))
                return false;
            i += option->is_flag ? 0 : 1;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            (void)tally_log_usage(command, "no such option, or its value is missing: ", argv[i]);
            return false;
        } else if (*out_word_count < room) {
            words[(*out_word_count)++] = argv[i];
        } else {
            (void)tally_log_usage(command, "too many arguments: ", argv[i]);
            return false;
        }
    }
    return true;
}

bool tally_log_parse_duration(int64_t *out_s, const char *text)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY_S } };
    tally_text whole = tally_text_from(text);
    int64_t number;

    if (whole.count < 2 || whole.bytes[0] == '-')
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (whole.bytes[whole.count - 1] != units[i].unit)
            continue;
        if (tally_text_parse_i64(&number, tally_text_slice(whole, 0, whole.count - 1), 1,
                                 DAYS_MAX * DAY_S / units[i].seconds) != TALLY_OK)
            return false;
        *out_s = number * units[i].seconds;
        return true;
    }
    return false;
}

bool tally_log_path(char out[static TALLY_LOG_PATH_BYTES], const char *folder, const char *name)
{
    return snprintf(out, TALLY_LOG_PATH_BYTES, "%s/%s", folder, name) < (int)TALLY_LOG_PATH_BYTES;
}

tally_rc tally_log_read_file(tally_buffer *out, const char *path, tally_err *err)
{
    bool is_input = strcmp(path, "-") == 0;
    int file = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count;

    if (file < 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be opened: %s", path, strerror(errno));
    do {
        char chunk[CHUNK_SIZE];

        count = read(file, chunk, sizeof(chunk));
        if (count < 0 && errno == EINTR)
            count = 1;
        else if (count > 0)
            (void)tally_buffer_append(out, chunk, (size_t)count);
    } while (count > 0 && tally_buffer_failure(out) == TALLY_OK);
    if (count < 0)
        (void)tally_err_set(err, TALLY_E_IO, 0, "%s cannot be read: %s", path, strerror(errno));
    if (!is_input)
        close(file);
    if (count < 0)
        return TALLY_E_IO;
    return tally_buffer_failure(out) == TALLY_OK
               ? TALLY_OK
               : tally_err_set(err, tally_buffer_failure(out), 0, "%s is too long", path);
}

tally_rc tally_log_write_file(const char *path, tally_text bytes, tally_err *err)
{
    FILE *stream = stdout;
    bool is_written;

    if (path != NULL) {
        stream = fopen(path, "wbx");
        if (stream == NULL)
            return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be made: %s", path,
                                 strerror(errno));
    }
    is_written = fwrite(bytes.bytes, 1, bytes.count, stream) == bytes.count && fflush(stream) == 0;
    if (path != NULL)
        is_written = fclose(stream) == 0 && is_written;
    return is_written ? TALLY_OK
                      : tally_err_set(err, TALLY_E_IO, 0, "%s cannot be written",
                                      path != NULL ? path : "standard output");
}
