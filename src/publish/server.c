/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP by libmicrohttpd. A path is served only if it is that of a file of a log:
 * it is parsed and written anew, so nothing else in the folder can be reached. */

#include "publish/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "tlog/reading.h"
#include "tlog/state.h"
#include "util/alloc.h"

#define CONNECTIONS_MAX        256u
#define CONNECTIONS_A_HOST_MAX 64u
#define TIMEOUT_S              15u
#define CONNECTION_BYTES       ((size_t)32 << 10)
#define THREADS                2u
#define PATH_BYTES             ((size_t)256)
#define ANSWER_BYTES_MAX       ((size_t)16 << 10)

struct tally_server {
    struct MHD_Daemon *daemon;
    int folder; /* -1: a witness */
    tally_witness *witness;
    uint16_t port;
    atomic_bool is_failed;
};

/* ---- answers ---- */

static enum MHD_Result queue(struct MHD_Connection *connection, uint32_t status,
                             struct MHD_Response *response, const char *type, const char *cache)
{
    enum MHD_Result done;

    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    done = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return done;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, uint32_t status,
                                   tally_text text, const char *type)
{
    return queue(connection, status,
                 MHD_create_response_from_buffer(
                     text.count, (void *)(uintptr_t)(text.bytes != NULL ? text.bytes : ""),
                     MHD_RESPMEM_MUST_COPY),
                 type, "no-store");
}

static enum MHD_Result refuse(struct MHD_Connection *connection, uint32_t status,
                              const char *sentence)
{
    return answer_text(connection, status, tally_text_from(sentence), "text/plain; charset=utf-8");
}

/* ---- files ---- */

/* `documents/` and the index of an entry, in its one form. */
static bool is_document(tally_text path)
{
    uint64_t index;

    return tally_text_has_prefix(path, TALLY_TEXT("documents/")) &&
           tally_checkpoint_parse_number(&index, tally_text_slice(path, 10, path.count));
}

/* Is it the path of a file of a log? */
static bool is_of_log(tally_text path)
{
    tally_tile tile;
    tally_state_file state;

    return path.count < PATH_BYTES &&
           (tally_text_is(path, TALLY_READING_CHECKPOINT) || tally_tile_parse(&tile, path) ||
            tally_state_parse_path(&state, path) || is_document(path));
}

static enum MHD_Result serve_file(const tally_server *server, struct MHD_Connection *connection,
                                  tally_text path)
{
    bool is_checkpoint = tally_text_is(path, TALLY_READING_CHECKPOINT);
    char name[PATH_BYTES];
    struct stat facts;
    struct MHD_Response *response;
    int file;

    memcpy(name, path.bytes, path.count);
    name[path.count] = '\0';
    file = openat(server->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return refuse(connection,
                      errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                          ? MHD_HTTP_NOT_FOUND
                          : MHD_HTTP_INTERNAL_SERVER_ERROR,
                      "there is no such file\n");
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        close(file);
        return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such file\n");
    }
    response = MHD_create_response_from_fd64((uint64_t)facts.st_size, file);
    if (response == NULL) {
        close(file);
        return MHD_NO;
    }
    return queue(connection, MHD_HTTP_OK, response,
                 is_checkpoint ? "text/plain; charset=utf-8" : "application/octet-stream",
                 is_checkpoint ? "max-age=5" : "max-age=31536000, immutable");
}

static enum MHD_Result answer_files(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *upload, size_t *upload_count, void **state)
{
    tally_text path = tally_text_from(url);

    (void)version;
    (void)upload;
    (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        *upload_count = 0;
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    if (path.count > 0)
        path = tally_text_slice(path, 1, path.count);
    if (!is_of_log(path))
        return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such file\n");
    return serve_file(context, connection, path);
}

/* ---- the witness ---- */

static enum MHD_Result answer_request(tally_server *server, struct MHD_Connection *connection,
                                      const tally_buffer *request)
{
    tally_err err = TALLY_ERR_INIT;
    tally_buffer body;
    uint32_t status = 0;
    enum MHD_Result done;

    if (tally_buffer_failure(request) != TALLY_OK)
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the request is too long\n");
    tally_buffer_init(&body, ANSWER_BYTES_MAX);
    if (tally_witness_answer(server->witness, tally_buffer_text(request), (int64_t)time(NULL),
                             &status, &body, &err) == TALLY_OK) {
        done = answer_text(connection, status, tally_buffer_text(&body),
                           status == MHD_HTTP_CONFLICT ? "text/x.tlog.size"
                                                       : "text/plain; charset=utf-8");
    } else {
        /* What is wrong with our disk is for us to see. */
        fprintf(stderr, "witness: %s\n", err.message);
        if (server->witness->folder.is_broken)
            atomic_store(&server->is_failed, true);
        done = refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the witness cannot answer\n");
    }
    tally_buffer_free(&body);
    return done;
}

static enum MHD_Result answer_witness(void *context, struct MHD_Connection *connection,
                                      const char *url, const char *method, const char *version,
                                      const char *upload, size_t *upload_count, void **state)
{
    tally_buffer *request = *state;

    (void)version;
    if (request == NULL) {
        /* The first call comes with the headers alone. */
        request = tally_alloc_zeroed(sizeof(*request));
        if (request == NULL)
            return MHD_NO;
        tally_buffer_init(request, TALLY_WITNESS_REQUEST_BYTES_MAX);
        *state = request;
        return MHD_YES;
    }
    if (*upload_count > 0) {
        (void)tally_buffer_append(request, upload, *upload_count);
        *upload_count = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/add-checkpoint") != 0)
        return refuse(connection, MHD_HTTP_NOT_FOUND, "only /add-checkpoint\n");
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only POST\n");
    return answer_request(context, connection, request);
}

static void forget_request(void *context, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode why)
{
    (void)context;
    (void)connection;
    (void)why;
    if (*state == NULL)
        return;
    tally_buffer_free(*state);
    tally_release(*state);
    *state = NULL;
}

/* ---- starting ---- */

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} socket_address;

/* HOST:PORT, the host in brackets when it is IPv6. */
static bool parse_address(socket_address *out, const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    size_t count;
    int64_t port;

    memset(out, 0, sizeof(*out));
    if (colon == NULL ||
        tally_text_parse_i64(&port, tally_text_from(colon + 1), 0, UINT16_MAX) != TALLY_OK)
        return false;
    count = (size_t)(colon - text);
    if (count == 0 || count >= sizeof(host))
        return false;
    memcpy(host, text, count);
    host[count] = '\0';
    if (host[0] == '[' && host[count - 1] == ']') {
        host[count - 1] = '\0';
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1;
}

static tally_rc start(tally_server *server, const char *address, MHD_AccessHandlerCallback handler,
                      unsigned int threads, tally_err *err)
{
    const union MHD_DaemonInfo *facts;
    socket_address socket;
    unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;

    if (!parse_address(&socket, address))
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%s is no address: 127.0.0.1:8080 or [::1]:8080", address);
    if (socket.any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handler, server, MHD_OPTION_SOCK_ADDR, &socket.any,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        CONNECTIONS_A_HOST_MAX, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
        forget_request, NULL, MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_END);
    if (server->daemon == NULL)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be listened on: %s", address,
                             strerror(errno));
    facts = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->port = facts != NULL ? facts->port : 0;
    return TALLY_OK;
}

static tally_server *new_server(tally_err *err)
{
    tally_server *server = tally_alloc_zeroed(sizeof(*server));

    if (server == NULL)
        (void)tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    else
        server->folder = -1;
    return server;
}

tally_rc tally_server_start_files(tally_server **out_server, const char *path, const char *address,
                                  tally_err *err)
{
    tally_server *server = new_server(err);
    tally_rc rc;

    if (server == NULL)
        return TALLY_E_NOMEM;
    server->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = server->folder >= 0
             ? start(server, address, answer_files, THREADS, err)
             : tally_err_set(err, TALLY_E_IO, 0, "%s cannot be opened: %s", path, strerror(errno));
    if (rc == TALLY_OK)
        *out_server = server;
    else
        tally_server_stop(server);
    return rc;
}

tally_rc tally_server_start_witness(tally_server **out_server, tally_witness *witness,
                                    const char *address, tally_err *err)
{
    tally_server *server = new_server(err);
    tally_rc rc;

    if (server == NULL)
        return TALLY_E_NOMEM;
    server->witness = witness;
    /* No pool: compare-and-persist is one request after the other. */
    rc = start(server, address, answer_witness, 0, err);
    if (rc == TALLY_OK)
        *out_server = server;
    else
        tally_server_stop(server);
    return rc;
}

uint16_t tally_server_port(const tally_server *server)
{
    return server->port;
}

bool tally_server_is_failed(const tally_server *server)
{
    return atomic_load(&server->is_failed);
}

void tally_server_stop(tally_server *server)
{
    if (server == NULL)
        return;
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    if (server->folder >= 0)
        close(server->folder);
    tally_release(server);
}
