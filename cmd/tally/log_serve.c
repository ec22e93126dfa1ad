/* SPDX-License-Identifier: Apache-2.0 */
/* `tally log serve-dir`, and the waiting that `tally witness serve` shares. */

#include "log_serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "log.h"

#define DEFAULT_ADDRESS "127.0.0.1:8080"
#define LOOK_MS         500

int tally_log_wait(const char *command, tally_server *server)
{
    const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
    sigset_t ending;

    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    printf("listening on port %u\n", (unsigned)tally_server_port(server));
    (void)fflush(stdout);
    while (sigtimedwait(&ending, NULL, &look) < 0) {
        if (tally_server_is_failed(server)) {
            fprintf(stderr, "tally %s: the disk failed; check it before you start again\n",
                    command);
            return TALLY_EXIT_FILES;
        }
    }
    return TALLY_EXIT_OK;
}

/* Blocked before threads start, so that none of them takes the signals. */
void tally_log_block_signals(void)
{
    sigset_t ending;

    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ending, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

int tally_cmd_log_serve(int argc, char **argv)
{
    const char *folder, *address = DEFAULT_ADDRESS;
    const tally_log_option options[] = { { "--listen", &address, 1, NULL, false } };
    char path[TALLY_LOG_PATH_BYTES], inner[TALLY_LOG_PATH_BYTES];
    tally_server *server = NULL;
    tally_err err = TALLY_ERR_INIT;
    size_t words;
    int status;

    if (tally_cmd_wants_help(argc, argv)) {
        puts("Usage: tally log serve-dir DIR [--listen 127.0.0.1:8080]\n"
             "\n"
             "Hand out the files of the log in DIR or DIR/log over HTTP, and nothing else that\n"
             "lies there. Meant to stand behind a web server that adds TLS; any web server can\n"
             "serve the folder as well, with the headers of docs/formats/log.md.");
        return TALLY_EXIT_OK;
    }
    if (!tally_log_read_options("log serve-dir", argc, argv, options, 1, &folder, 1, &words))
        return TALLY_EXIT_USAGE;
    if (words != 1 || !tally_log_path(inner, folder, "log"))
        return tally_log_usage("log serve-dir", "name the folder of a log", "");
    (void)snprintf(path, sizeof(path), "%s", access(inner, F_OK) == 0 ? inner : folder);
    tally_log_block_signals();
    if (tally_server_start_files(&server, path, address, &err) != TALLY_OK)
        return tally_log_fail("log serve-dir", &err);
    status = tally_log_wait("log serve-dir", server);
    tally_server_stop(server);
    return status;
}
