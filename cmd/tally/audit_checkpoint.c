/* SPDX-License-Identifier: Apache-2.0 */
/* Checks 1 and 4: whom to believe, what was signed, and whether that agrees with
 * every checkpoint kept from earlier. */

#include "audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "util/alloc.h"

#define KEY_FILE_BYTES_MAX ((size_t)4096)
#define PATH_BYTES         4096

/* How far a witness's clock may be ahead of ours. */
#define CLOCK_SLACK_S 300

static bool stop(tally_audit *audit, tally_rc rc, const char *what)
{
    tally_err_set(&audit->stopped, rc, 0, "%s", what);
    return false;
}

static bool no_memory(tally_audit *audit)
{
    return stop(audit, TALLY_E_NOMEM, "memory is short");
}

/* ---- keys ---- */

/* A key's text has two `+`; anything else is the name of a file that holds it. */
static bool load_key(tally_audit *audit, const char *given, tally_buffer *text, tally_vkey *out,
                     tally_key_kind kind)
{
    tally_err err = TALLY_ERR_INIT;

    tally_buffer_init(text, KEY_FILE_BYTES_MAX);
    if (strchr(given, '+') != NULL) {
        if (tally_buffer_append_string(text, given) != TALLY_OK)
            return stop(audit, TALLY_E_LIMIT, "a key is too long");
    } else {
        tally_audit_read answer = tally_audit_read_file(audit, AT_FDCWD, given, text);

        if (answer == TALLY_AUDIT_STOPPED)
            return false;
        if (answer != TALLY_AUDIT_READ) {
            tally_err_set(&audit->stopped, TALLY_E_IO, 0,
                          "%s is neither a key nor a file that holds one", given);
            return false;
        }
    }
    if (tally_vkey_parse(out, tally_text_trim(tally_buffer_text(text)), &err) != TALLY_OK) {
        tally_err_set(&audit->stopped, err.rc, 0, "%s: %s", given, err.message);
        return false;
    }
    if (out->kind != kind)
        return stop(audit, TALLY_E_INVALID,
                    kind == TALLY_KEY_LOG ? "--vkey takes a log's key, this one is a witness's"
                                          : "--witness takes a witness's key, this one is a log's");
    return true;
}

/* The same key twice would count twice for a quorum. */
static bool has_duplicate(const tally_vkey *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(keys[i].public32, keys[j].public32, sizeof(keys[i].public32)) == 0)
                return true;
        }
    }
    return false;
}

/* A policy of cosignatures in place of witnesses and a number. */
static bool load_quorum(tally_audit *audit)
{
    const char *path = audit->options.witnesses_file;
    tally_err err = TALLY_ERR_INIT;
    tally_audit_read answer;

    tally_buffer_init(&audit->quorum_text, TALLY_QUORUM_BYTES_MAX);
    answer = tally_audit_read_file(audit, AT_FDCWD, path, &audit->quorum_text);
    if (answer == TALLY_AUDIT_STOPPED)
        return false;
    if (answer != TALLY_AUDIT_READ) {
        tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s cannot be read", path);
        return false;
    }
    if (tally_quorum_parse(&audit->quorum, tally_buffer_text(&audit->quorum_text), &err) !=
        TALLY_OK) {
        tally_err_set(&audit->stopped, err.rc, 0, "%s, line %" PRIu32 ": %s", path, err.line,
                      err.message);
        return false;
    }
    if (audit->options.max_age_s >= 0 && audit->quorum.is_none)
        return stop(audit, TALLY_E_INVALID,
                    "--max-age needs witnesses: a log's own word on time is worth nothing");
    audit->trust.policy = &audit->quorum;
    audit->trust.witness_count = audit->quorum.witness_count;
    audit->trust.quorum = audit->quorum.is_none ? 0 : 1;
    return true;
}

bool tally_audit_load_keys(tally_audit *audit)
{
    const tally_audit_options *options = &audit->options;

    for (size_t i = 0; i < options->vkey_count; i++) {
        if (!load_key(audit, options->vkeys[i], &audit->key_texts[i], &audit->log_keys[i],
                      TALLY_KEY_LOG))
            return false;
    }
    for (size_t i = 0; i < options->witness_count; i++) {
        if (!load_key(audit, options->witnesses[i], &audit->key_texts[TALLY_TRUST_KEYS_MAX + i],
                      &audit->witnesses[i], TALLY_KEY_WITNESS))
            return false;
    }
    if (has_duplicate(audit->log_keys, options->vkey_count) ||
        has_duplicate(audit->witnesses, options->witness_count))
        return stop(audit, TALLY_E_INVALID, "the same key is named twice");
    audit->trust = (tally_trust){
        .origin =
            options->origin != NULL ? tally_text_from(options->origin) : audit->log_keys[0].name,
        .log_keys = audit->log_keys,
        .log_key_count = options->vkey_count,
        .witnesses = audit->witnesses,
        .witness_count = options->witness_count,
        .quorum = options->quorum < 0 ? options->witness_count : (size_t)options->quorum,
    };
    return options->witnesses_file == NULL || load_quorum(audit);
}

/* ---- the checkpoint ---- */

static void check_age(tally_audit *audit)
{
    int64_t now_s = (int64_t)time(NULL);
    int64_t time_s = audit->opened.time_s;

    if (audit->options.max_age_s < 0)
        return;
    if (time_s > now_s + CLOCK_SLACK_S)
        tally_audit_fault(audit, TALLY_AUDIT_CHECKPOINT,
                          "witnesses saw it %" PRId64 " seconds from now", time_s - now_s);
    else if (now_s - time_s > audit->options.max_age_s)
        tally_audit_fault(audit, TALLY_AUDIT_CHECKPOINT,
                          "a quorum of witnesses last saw it %" PRId64 " seconds ago",
                          now_s - time_s);
}

bool tally_audit_open_checkpoint(tally_audit *audit)
{
    tally_err err = TALLY_ERR_INIT;
    tally_audit_read answer;
    tally_rc rc;

    tally_buffer_init(&audit->note, TALLY_NOTE_BYTES_MAX);
    answer = tally_audit_read_file(audit, audit->folder, "checkpoint", &audit->note);
    if (answer == TALLY_AUDIT_STOPPED)
        return false;
    if (answer != TALLY_AUDIT_READ) {
        tally_audit_fault(audit, TALLY_AUDIT_CHECKPOINT, "the file `checkpoint` is %s",
                          answer == TALLY_AUDIT_MISSING ? "missing" : "too long, or no file");
        return true;
    }
    rc =
        tally_checkpoint_open(&audit->opened, tally_buffer_text(&audit->note), &audit->trust, &err);
    if (rc == TALLY_E_NOMEM)
        return no_memory(audit);
    if (rc != TALLY_OK) {
        tally_audit_fault(audit, TALLY_AUDIT_CHECKPOINT, "%s", err.message);
        return true;
    }
    audit->is_opened = true;
    audit->is_done[TALLY_AUDIT_CHECKPOINT] = true;
    check_age(audit);
    return true;
}

/* ---- saved checkpoints ---- */

static bool add_saved(tally_audit *audit, const char *path, const tally_checkpoint *checkpoint)
{
    tally_audit_saved *saved;

    if (audit->saved_count == audit->saved_room) {
        size_t room = audit->saved_room == 0 ? 16 : audit->saved_room * 2;

        saved = tally_realloc_array(audit->saved, room, sizeof(*saved));
        if (saved == NULL)
            return no_memory(audit);
        audit->saved = saved;
        audit->saved_room = room;
    }
    saved = &audit->saved[audit->saved_count];
    *saved = (tally_audit_saved){ .path = tally_alloc(strlen(path) + 1),
                                  .size = checkpoint->size,
                                  .root = checkpoint->root };
    if (saved->path == NULL)
        return no_memory(audit);
    memcpy(saved->path, path, strlen(path) + 1);
    audit->saved_count++;
    return true;
}

static bool load_saved_file(tally_audit *audit, const char *path, bool must_exist)
{
    tally_trust trust = audit->trust;
    tally_err err = TALLY_ERR_INIT;
    tally_opened opened;
    tally_audit_read answer;
    tally_rc rc;

    /* Witnesses vouch for the newest; an older one may have been kept without. */
    trust.quorum = 0;
    trust.policy = NULL;
    trust.witness_count = audit->options.witness_count;
    answer = tally_audit_read_file(audit, AT_FDCWD, path, &audit->bytes);
    if (answer == TALLY_AUDIT_STOPPED || (answer == TALLY_AUDIT_MISSING && !must_exist))
        return answer != TALLY_AUDIT_STOPPED;
    if (answer == TALLY_AUDIT_MISSING) {
        tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s does not exist", path);
        return false;
    }
    rc = answer == TALLY_AUDIT_ODD
             ? tally_err_set(&err, TALLY_E_INVALID, 0, "it is too long, or no file")
             : tally_checkpoint_open(&opened, tally_buffer_text(&audit->bytes), &trust, &err);
    if (rc == TALLY_E_NOMEM)
        return no_memory(audit);
    if (rc == TALLY_OK)
        return add_saved(audit, path, &opened.checkpoint);
    tally_audit_fault(audit, TALLY_AUDIT_HISTORY, "saved checkpoint %s: %s", path, err.message);
    return true;
}

static bool load_saved_folder(tally_audit *audit, const char *path, DIR *folder)
{
    struct dirent *entry;

    while ((errno = 0, entry = readdir(folder)) != NULL) {
        char name[PATH_BYTES];

        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= (int)sizeof(name))
            return stop(audit, TALLY_E_LIMIT, "a saved checkpoint has too long a path");
        if (!load_saved_file(audit, name, true))
            return false;
    }
    return errno == 0 || stop(audit, TALLY_E_IO, "the saved checkpoints cannot be listed");
}

static int compare_saved(const void *a, const void *b)
{
    const tally_audit_saved *first = a, *second = b;

    if (first->size != second->size)
        return first->size < second->size ? -1 : 1;
    return strcmp(first->path, second->path);
}

bool tally_audit_load_saved(tally_audit *audit)
{
    for (size_t i = 0; i < audit->options.saved_count; i++) {
        const char *path = audit->options.saved[i];
        DIR *folder = opendir(path);
        bool is_loaded = folder != NULL ? load_saved_folder(audit, path, folder)
                                        : load_saved_file(audit, path, true);

        if (folder != NULL)
            closedir(folder);
        if (!is_loaded)
            return false;
    }
    if (audit->options.keep != NULL && !load_saved_file(audit, audit->options.keep, false))
        return false;
    if (audit->saved_count > 0)
        qsort(audit->saved, audit->saved_count, sizeof(*audit->saved), compare_saved);
    return true;
}

/* Both notes are the evidence: whoever has them can show the fork to anybody. */
static void print_notes(tally_audit *audit, const tally_audit_saved *saved)
{
    const char *const titles[] = { saved->path, "published" };

    for (size_t i = 0; i < 2; i++) {
        tally_text rest;

        if (i == 0 &&
            tally_audit_read_file(audit, AT_FDCWD, saved->path, &audit->bytes) != TALLY_AUDIT_READ)
            continue;
        rest = tally_buffer_text(i == 0 ? &audit->bytes : &audit->note);
        /* Notes that verified have no control characters. */
        printf("---- %s ----\n%.*s", titles[i], TALLY_TEXT_ARGS(rest));
    }
    puts("----");
}

static void fork_found(tally_audit *audit, const tally_audit_saved *saved, const char *what)
{
    tally_audit_fault(audit, TALLY_AUDIT_HISTORY,
                      "%s (size %" PRIu64 ") %s; keep both notes, they prove it", saved->path,
                      saved->size, what);
    print_notes(audit, saved);
}

void tally_audit_meet_saved(tally_audit *audit)
{
    tally_node root;

    while (audit->saved_next < audit->saved_count &&
           audit->saved[audit->saved_next].size <= audit->edge.size) {
        const tally_audit_saved *saved = &audit->saved[audit->saved_next++];

        TALLY_ASSERT(saved->size == audit->edge.size);
        if (tally_tree_root(&audit->edge, audit->hash, &root) != TALLY_OK) {
            (void)no_memory(audit);
            return;
        }
        if (!tally_node_is_equal(&root, &saved->root))
            fork_found(audit, saved, "was signed for other entries: the log was rewritten");
    }
    /* At the end of the log only what is newer remains. */
    while (audit->edge.size == audit->opened.checkpoint.size &&
           audit->saved_next < audit->saved_count)
        fork_found(audit, &audit->saved[audit->saved_next++],
                   "is newer than the log: it was rolled back");
}

/* ---- keeping ---- */

static bool keep_failed(tally_audit *audit, const char *temporary)
{
    tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s cannot be written: %s", audit->options.keep,
                  strerror(errno));
    (void)unlink(temporary);
    return false;
}

bool tally_audit_keep(tally_audit *audit)
{
    char temporary[PATH_BYTES];
    FILE *file;
    bool is_written;

    if (snprintf(temporary, sizeof(temporary), "%s.tmp", audit->options.keep) >=
        (int)sizeof(temporary))
        return stop(audit, TALLY_E_LIMIT, "the path to keep the checkpoint at is too long");
    file = fopen(temporary, "wb");
    if (file == NULL)
        return keep_failed(audit, temporary);
    is_written = fwrite(audit->note.bytes, 1, audit->note.count, file) == audit->note.count &&
                 fflush(file) == 0 && fsync(fileno(file)) == 0;
    is_written = fclose(file) == 0 && is_written;
    if (!is_written || rename(temporary, audit->options.keep) != 0)
        return keep_failed(audit, temporary);
    return true;
}
