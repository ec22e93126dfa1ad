/* SPDX-License-Identifier: Apache-2.0 */
/* Asking witnesses. Over HTTP nothing is followed, and answers are bounded in
 * size and time; what they say is checked by who asked. */

#include "publish/links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "publish/folder.h"
#include "tlog/checkpoint.h"
#include "util/alloc.h"

#define TIMEOUT_MS         15000L
#define CONNECT_TIMEOUT_MS 5000L
#define URL_BYTES          ((size_t)2048)
#define ANSWER_BYTES_MAX   ((size_t)16 << 10)

struct tally_link {
    bool is_file;
    char address[URL_BYTES]; /* whole: what is posted to, or the folder */
};

/* ---- HTTP ---- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    /* Less than all ends the transfer. */
    return tally_buffer_append(context, bytes, size * count) == TALLY_OK ? size * count : 0;
}

static tally_rc post(CURL *curl, struct curl_slist *headers, const char *address,
                     tally_text request, uint32_t *out_status, tally_buffer *out_body,
                     tally_err *err)
{
    char reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode code;

    curl_easy_setopt(curl, CURLOPT_URL, address);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.bytes);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request.count);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out_body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        return tally_err_set(err, TALLY_E_IO, 0, "%s: %s", address,
                             reason[0] != '\0' ? reason : curl_easy_strerror(code));
    *out_status = (uint32_t)status;
    return TALLY_OK;
}

static tally_rc ask_http(const tally_link *link, tally_text request, uint32_t *out_status,
                         tally_buffer *out_body, tally_err *err)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    tally_rc rc = curl != NULL && headers != NULL
                      ? post(curl, headers, link->address, request, out_status, out_body, err)
                      : tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");

    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return rc;
}

/* ---- files ---- */

static tally_rc read_response(tally_folder *folder, uint32_t *out_status, tally_buffer *out_body,
                              tally_err *err)
{
    tally_buffer bytes;
    tally_text line, rest;
    uint64_t status;
    bool exists = false;
    tally_rc rc;

    tally_buffer_init(&bytes, ANSWER_BYTES_MAX);
    rc = tally_folder_read(folder, "response", &bytes, &exists, err);
    rest = tally_buffer_text(&bytes);
    if (rc == TALLY_OK && !exists)
        rc = tally_err_set(err, TALLY_E_IO, 0, "%s has no response yet", folder->name);
    if (rc == TALLY_OK &&
        (!tally_checkpoint_take_line(&line, &rest) ||
         !tally_checkpoint_parse_number(&status, line) || status < 100 || status > 999))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "%s/response does not begin with a status",
                           folder->name);
    if (rc == TALLY_OK) {
        *out_status = (uint32_t)status;
        rc = tally_buffer_append_text(out_body, rest);
    }
    tally_buffer_free(&bytes);
    return rc;
}

static tally_rc ask_files(const tally_link *link, tally_text request, uint32_t *out_status,
                          tally_buffer *out_body, tally_err *err)
{
    tally_folder folder;
    tally_rc rc = tally_folder_open(&folder, &tally_files_system, AT_FDCWD, link->address, err);

    if (rc == TALLY_OK)
        rc = tally_folder_write(&folder, "request", request, TALLY_FOLDER_REPLACE, err);
    if (rc == TALLY_OK)
        rc = read_response(&folder, out_status, out_body, err);
    tally_folder_close(&folder);
    return rc;
}

static tally_rc ask(void *context, tally_text request, uint32_t *out_status, tally_buffer *out_body,
                    tally_err *err)
{
    const tally_link *link = context;

    return link->is_file ? ask_files(link, request, out_status, out_body, err)
                         : ask_http(link, request, out_status, out_body, err);
}

/* ---- */

static bool write_address(tally_link *link, tally_text url, const char *base)
{
    static const char suffix[] = "add-checkpoint";
    tally_text path;
    int count;

    if (tally_text_has_prefix(url, TALLY_TEXT("file:"))) {
        link->is_file = true;
        path = tally_text_slice(url, 5, url.count);
        count = path.count > 0 && path.bytes[0] == '/'
                    ? snprintf(link->address, URL_BYTES, "%.*s", TALLY_TEXT_ARGS(path))
                    : snprintf(link->address, URL_BYTES, "%s/%.*s", base, TALLY_TEXT_ARGS(path));
        return path.count > 0 && count < (int)URL_BYTES;
    }
    if (!tally_text_has_prefix(url, TALLY_TEXT("http://")) &&
        !tally_text_has_prefix(url, TALLY_TEXT("https://")))
        return false;
    count = snprintf(link->address, URL_BYTES, "%.*s%s%s", TALLY_TEXT_ARGS(url),
                     tally_text_has_suffix(url, TALLY_TEXT("/")) ? "" : "/", suffix);
    return count < (int)URL_BYTES;
}

tally_rc tally_link_new(tally_link **out_link, tally_text url, const char *base, tally_err *err)
{
    tally_link *link = tally_alloc_zeroed(sizeof(*link));

    if (link == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    if (!write_address(link, url, base)) {
        tally_link_free(link);
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "%.*s is no address of a witness: https://…, http://… or file:FOLDER",
                             TALLY_TEXT_ARGS(url));
    }
    *out_link = link;
    return TALLY_OK;
}

tally_witness_link tally_link_ask(tally_link *link)
{
    return (tally_witness_link){ .context = link, .ask = ask };
}

void tally_link_free(tally_link *link)
{
    tally_release(link);
}
