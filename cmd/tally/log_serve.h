/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_LOG_SERVE_H
#define TALLY_CMD_LOG_SERVE_H

/* What commands that listen share. */

#include "publish/server.h"

/* Call before a server starts: tally_log_wait() takes SIGINT and SIGTERM. */
void tally_log_block_signals(void);

/* Say which port it is, and wait until the process is asked to end or the server
 * fails; the exit status. */
int tally_log_wait(const char *command, tally_server *server);

#endif
