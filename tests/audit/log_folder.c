/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of logs for tests. */

#include "log_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* keys/log.seed.hex of the vectors. */
static const uint8_t seed[TALLY_ED25519_SEED_BYTES] = {
    0xdb, 0xa1, 0xef, 0x32, 0xcb, 0x08, 0x20, 0xe6, 0x0e, 0x64, 0xd8, 0x46, 0x77, 0xa7, 0x24, 0x6a,
    0x44, 0x5c, 0xae, 0x55, 0xba, 0xcb, 0x49, 0x39, 0x30, 0x62, 0x7c, 0xdc, 0xf3, 0x9e, 0x3b, 0xbd
};

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "log_folder: %s: %s\n", what, strerror(errno));
    exit(1);
}

void log_folder_write(const log_folder *folder, const char *path, const void *bytes, size_t count)
{
    char name[4096];
    FILE *file;

    must(snprintf(name, sizeof(name), "%s/%s", folder->path, path) < (int)sizeof(name), path);
    file = fopen(name, "wb");
    if (file == NULL) {
        for (char *at = name + 1; (at = strchr(at, '/')) != NULL; at++) {
            *at = '\0';
            must(mkdir(name, 0755) == 0 || errno == EEXIST, name);
            *at = '/';
        }
        file = fopen(name, "wb");
    }
    must(file != NULL, name);
    must(fwrite(bytes, 1, count, file) == count, name);
    must(fclose(file) == 0, name);
}

static tally_rc write_tile(void *context, const tally_tile *tile, const tally_node *nodes,
                           tally_err *err)
{
    char path[TALLY_TILE_PATH_BYTES];

    (void)err;
    (void)tally_tile_path(path, tile);
    log_folder_write(context, path, nodes, tile->width * sizeof(tally_node));
    return TALLY_OK;
}

/* The bundle so far, whose entries the stack has just counted. */
static void write_bundle(log_folder *folder)
{
    uint64_t size = folder->stack.size;
    uint32_t width = tally_tile_partial_width(size, 0);
    tally_tile tile = { .holds_entries = true,
                        .index = (size - 1) / TALLY_TILE_WIDTH,
                        .width = width > 0 ? width : TALLY_TILE_WIDTH };
    char path[TALLY_TILE_PATH_BYTES];

    (void)tally_tile_path(path, &tile);
    log_folder_write(folder, path, tally_buffer_string(&folder->bundle), folder->bundle.count);
}

void log_folder_begin(log_folder *out, const char *path)
{
    memset(out, 0, sizeof(*out));
    out->path = path;
    out->hash = tally_hash_new();
    must(out->hash != NULL, "memory");
    tally_buffer_init(&out->bundle, TALLY_BUNDLE_BYTES_MAX);
}

void log_folder_append(log_folder *folder, const void *bytes, size_t count)
{
    const tally_tile_sink sink = { .context = folder, .take = write_tile };
    tally_node leaf;

    must(tally_bundle_append(&folder->bundle, tally_text_of(bytes, count)) == TALLY_OK, "bundle");
    must(tally_tree_hash_leaf(folder->hash, &leaf, bytes, count) == TALLY_OK, "hash");
    must(tally_tile_stack_append(&folder->stack, folder->hash, &leaf, &sink, NULL) == TALLY_OK,
         "tile");
    if (folder->stack.size % TALLY_TILE_WIDTH == 0) {
        write_bundle(folder);
        tally_buffer_reset(&folder->bundle);
    }
}

void log_folder_append_entry(log_folder *folder, const tally_entry *entry)
{
    uint8_t bytes[TALLY_ENTRY_BYTES];

    tally_entry_write(bytes, entry);
    log_folder_append(folder, bytes, sizeof(bytes));
}

void log_folder_end(log_folder *folder)
{
    const tally_tile_sink sink = { .context = folder, .take = write_tile };
    tally_checkpoint checkpoint = { .origin = TALLY_TEXT(LOG_FOLDER_ORIGIN),
                                    .size = folder->stack.size };
    tally_signer signer = { .name = TALLY_TEXT(LOG_FOLDER_ORIGIN), .kind = TALLY_KEY_LOG };
    tally_buffer text, note;

    memcpy(signer.seed32, seed, sizeof(seed));
    if (folder->bundle.count > 0)
        write_bundle(folder);
    must(tally_tile_stack_flush(&folder->stack, &sink, NULL) == TALLY_OK, "tile");
    must(tally_tile_stack_root(&folder->stack, folder->hash, &checkpoint.root) == TALLY_OK, "root");
    tally_buffer_init(&text, TALLY_NOTE_BYTES_MAX);
    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    must(tally_checkpoint_append(&text, &checkpoint) == TALLY_OK, "checkpoint");
    must(tally_note_sign(&note, tally_buffer_text(&text), &signer, 1, NULL) == TALLY_OK, "signing");
    log_folder_write(folder, "checkpoint", note.bytes, note.count);
    tally_buffer_free(&text);
    tally_buffer_free(&note);
    tally_buffer_free(&folder->bundle);
    tally_hash_free(folder->hash);
}
