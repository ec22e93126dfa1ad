/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files with bounds; the system's time zones. */

#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "policy/diagnostics.h"
#include "policy/frozen.h"
#include "util/alloc.h"
#include "util/zone.h"

#define ZONEINFO "/usr/share/zoneinfo"

static tally_rc read_stream(tally_buffer *out, FILE *stream, const char *path, tally_err *err)
{
    char chunk[16384];
    size_t count;
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && (count = fread(chunk, 1, sizeof(chunk), stream)) > 0)
        rc = tally_buffer_append(out, chunk, count);
    if (rc == TALLY_E_LIMIT)
        return tally_err_set(err, rc, 0, "%s is larger than %zu bytes", path, out->bytes_max);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "memory is short");
    if (ferror(stream) != 0)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be read: %s", path, strerror(errno));
    return TALLY_OK;
}

tally_rc tally_cmd_read_file(tally_buffer *out, const char *path, tally_err *err)
{
    FILE *stream;
    tally_rc rc;

    if (strcmp(path, "-") == 0)
        return read_stream(out, stdin, "standard input", err);
    stream = fopen(path, "rb");
    if (stream == NULL)
        return tally_err_set(err, TALLY_E_IO, 0, "%s cannot be opened: %s", path, strerror(errno));
    rc = read_stream(out, stream, path, err);
    fclose(stream);
    return rc;
}

/* ---- zones ---- */

/* The compiler lets only letters, digits and /_+- through; `..` cannot be
 * written with those, but this is the border to the file system. */
static bool is_safe_name(const char *name)
{
    return name[0] != '/' && name[0] != '\0' && strstr(name, "..") == NULL;
}

static const uint8_t *load_zone(void *context, const char *name, size_t *out_bytes)
{
    tally_system_zones *zones = context;
    const char *root = getenv("TALLY_ZONEINFO");
    tally_buffer path, *file;

    if (!is_safe_name(name))
        return NULL;
    if (zones->file_count == zones->file_room) {
        size_t room = zones->file_room == 0 ? 4 : zones->file_room * 2;
        tally_buffer *files = tally_realloc_array(zones->files, room, sizeof(*files));

        if (files == NULL)
            return NULL;
        zones->files = files;
        zones->file_room = room;
    }
    tally_buffer_init(&path, 4096);
    tally_buffer_printf(&path, "%s/%s", root != NULL && root[0] != '\0' ? root : ZONEINFO, name);
    file = &zones->files[zones->file_count];
    tally_buffer_init(file, TALLY_ZONE_FILE_BYTES_MAX);
    if (tally_buffer_failure(&path) != TALLY_OK ||
        tally_cmd_read_file(file, tally_buffer_string(&path), NULL) != TALLY_OK ||
        file->count == 0) {
        tally_buffer_free(file);
        tally_buffer_free(&path);
        return NULL;
    }
    tally_buffer_free(&path);
    zones->file_count++;
    *out_bytes = file->count;
    return (const uint8_t *)file->bytes;
}

void tally_system_zones_init(tally_system_zones *zones)
{
    *zones = (tally_system_zones){ .source = { .context = zones, .load = load_zone } };
}

void tally_system_zones_free(tally_system_zones *zones)
{
    for (size_t i = 0; i < zones->file_count; i++)
        tally_buffer_free(&zones->files[i]);
    tally_release(zones->files);
}

/* ---- terminals ---- */

bool tally_cmd_has_colour(int file)
{
    const char *no_colour = getenv("NO_COLOR");

    return (no_colour == NULL || no_colour[0] == '\0') && isatty(file) == 1;
}

/* ---- policies ---- */

tally_rc tally_cmd_load_policy(tally_loaded_policy *out, const char *path, tally_err *err)
{
    tally_system_zones zones;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    tally_rc rc;

    *out = (tally_loaded_policy){ .status = TALLY_EXIT_FAILED };
    tally_buffer_init(&out->text, TALLY_FROZEN_BYTES_MAX);
    out->diagnostics = tally_diagnostics_new();
    if (out->diagnostics == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
    rc = tally_cmd_read_file(&out->text, path, err);
    if (rc == TALLY_E_IO)
        out->status = TALLY_EXIT_FILES;
    if (rc != TALLY_OK)
        return rc;
    tally_system_zones_init(&zones);
    rc = tally_policy_compile(&out->policy, name, tally_buffer_string(&out->text), out->text.count,
                              &zones.source, out->diagnostics, err);
    tally_system_zones_free(&zones);
    if (rc == TALLY_OK)
        out->status = TALLY_EXIT_OK;
    return rc;
}

void tally_loaded_policy_free(tally_loaded_policy *loaded)
{
    tally_policy_free(loaded->policy);
    tally_diagnostics_free(loaded->diagnostics);
    tally_buffer_free(&loaded->text);
    *loaded = (tally_loaded_policy){ 0 };
}

void tally_cmd_print_faults(const tally_loaded_policy *loaded, const char *command,
                            const char *path, const tally_err *err)
{
    tally_buffer report;

    if (loaded->diagnostics == NULL || tally_diagnostics_count(loaded->diagnostics) == 0) {
        fprintf(stderr, "tally %s: %s\n", command, err->message);
        return;
    }
    tally_buffer_init(&report, (size_t)16 << 20);
    tally_diagnostics_render_text(loaded->diagnostics, tally_text_from(path),
                                  tally_buffer_text(&loaded->text),
                                  tally_cmd_has_colour(STDERR_FILENO), &report);
    fputs(tally_buffer_string(&report), stderr);
    tally_buffer_free(&report);
}

tally_policy *tally_cmd_need_policy(tally_loaded_policy *out, const char *command, const char *path)
{
    tally_err err = TALLY_ERR_INIT;

    if (tally_cmd_load_policy(out, path, &err) == TALLY_OK)
        return out->policy;
    tally_cmd_print_faults(out, command, path, &err);
    return NULL;
}
