/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_SERVER_H
#define TALLY_PUBLISH_SERVER_H

/* Two small HTTP servers: one hands out the files of a log, the other is a
 * witness. Both are meant to stand behind a web server that adds TLS. Connections,
 * time and sizes are bounded. They run in threads of their own until stopped. */

#include "publish/witness_store.h"

typedef struct tally_server tally_server;

/* Serve the files of a log below a folder, with the headers of docs/formats/log.md
 * section 3, and nothing else that lies there.
 *
 * out_server  is ended with tally_server_stop()
 * address     "127.0.0.1:8080", "[::1]:8080"; port 0 takes any
 *
 * TALLY_E_INVALID  the address is none
 * TALLY_E_IO       the folder cannot be opened, or the address not be taken
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_server_start_files(tally_server **out_server, const char *path,
                                                   const char *address, tally_err *err);

/* Serve add-checkpoint. The witness must outlive the server, and is used by no
 * other thread meanwhile. is_failed is set when the witness cannot go on: stop.
 * Failures as above. */
TALLY_MUST_CHECK tally_rc tally_server_start_witness(tally_server **out_server,
                                                     tally_witness *witness, const char *address,
                                                     tally_err *err);

uint16_t tally_server_port(const tally_server *server);

/* Has something failed so that the process should end? */
bool tally_server_is_failed(const tally_server *server);

/* NULL is allowed. */
void tally_server_stop(tally_server *server);

#endif
