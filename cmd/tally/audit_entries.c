/* SPDX-License-Identifier: Apache-2.0 */
/* Checks 5 and 6: what the entries say one after the other, and the documents
 * that those of kinds 1, 2 and 5 commit. */

#include "audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/alloc.h"

static void check_epoch(tally_audit *audit, uint64_t index, const tally_entry *entry)
{
    if (entry->epoch < audit->entries.epoch)
        tally_audit_fault(audit, TALLY_AUDIT_ENTRIES,
                          "entry %" PRIu64 " is of epoch %" PRIu32 ", after one of epoch %" PRIu32,
                          index, entry->epoch, audit->entries.epoch);
    if (audit->options.epoch_max >= 0 && entry->epoch > audit->options.epoch_max)
        tally_audit_fault(audit, TALLY_AUDIT_ENTRIES,
                          "entry %" PRIu64 " is of epoch %" PRIu32 ", which has not come yet",
                          index, entry->epoch);
    audit->entries.epoch = entry->epoch;
}

/* An entry names the policy of the last entry of kind 2. One that names the next
 * is odd when that follows in the same epoch, and otherwise a record under rules
 * that nobody could know. */
static void check_policy(tally_audit *audit, uint64_t index, const tally_entry *entry)
{
    tally_audit_entries *state = &audit->entries;
    uint64_t next = (uint64_t)state->policy + 1;

    if (state->is_ahead && entry->epoch > state->ahead_epoch) {
        tally_audit_fault(audit, TALLY_AUDIT_ENTRIES,
                          "entry %" PRIu64 " names policy %" PRIu64
                          ", which no entry of its epoch commits",
                          state->ahead_index, next);
        state->is_ahead = false;
        state->policy++;
        next++;
    }
    if (entry->kind == TALLY_ENTRY_POLICY && entry->policy == next) {
        if (state->is_ahead)
            tally_audit_warn(audit, TALLY_AUDIT_ENTRIES,
                             "entry %" PRIu64 " names policy %" PRIu64 " before entry %" PRIu64
                             " commits it",
                             state->ahead_index, next, index);
        state->policy = entry->policy;
        state->is_ahead = false;
        return;
    }
    if (entry->kind != TALLY_ENTRY_POLICY && entry->policy == (state->is_ahead ? next : next - 1))
        return;
    if (entry->kind != TALLY_ENTRY_POLICY && entry->kind != TALLY_ENTRY_GENESIS &&
        !state->is_ahead && entry->policy == next) {
        state->is_ahead = true;
        state->ahead_index = index;
        state->ahead_epoch = entry->epoch;
        return;
    }
    tally_audit_fault(audit, TALLY_AUDIT_ENTRIES,
                      "entry %" PRIu64 " names policy %" PRIu32
                      " where the last one committed is %" PRIu32,
                      index, entry->policy, state->policy);
    /* Go on from what it says, so that one slip is one fault. */
    state->policy = entry->policy;
    state->is_ahead = false;
}

bool tally_audit_check_entry(tally_audit *audit, uint64_t index, tally_text bytes)
{
    tally_err err = TALLY_ERR_INIT;
    tally_entry entry;

    if (tally_entry_parse(&entry, bytes, &err) != TALLY_OK) {
        tally_audit_fault(audit, TALLY_AUDIT_ENTRIES, "entry %" PRIu64 ": %s", index, err.message);
        if (index == 0)
            tally_audit_warn(audit, TALLY_AUDIT_ENTRIES,
                             "the log of another program is checked with --any-entries");
        return true;
    }
    audit->entries.by_kind[entry.kind]++;
    if ((entry.kind == TALLY_ENTRY_GENESIS) != (index == 0))
        tally_audit_fault(audit, TALLY_AUDIT_ENTRIES, "entry %" PRIu64 " is %s", index,
                          index == 0 ? "not a genesis" : "a second genesis");
    check_epoch(audit, index, &entry);
    check_policy(audit, index, &entry);
    if (entry.kind == TALLY_ENTRY_STATE)
        return tally_audit_check_snapshot(audit, index, &entry);
    if (entry.kind != TALLY_ENTRY_RECORD)
        tally_audit_meet_document(audit, index, &entry);
    return true;
}

void tally_audit_end_entries(tally_audit *audit)
{
    if (audit->entries.is_ahead)
        tally_audit_fault(audit, TALLY_AUDIT_ENTRIES,
                          "entry %" PRIu64 " names policy %" PRIu64 ", which no entry commits",
                          audit->entries.ahead_index, (uint64_t)audit->entries.policy + 1);
    audit->is_done[TALLY_AUDIT_ENTRIES] = true;
}

/* ---- documents ---- */

static bool take_document(void *context, const uint8_t *bytes, size_t count)
{
    tally_hash_update(context, bytes, count);
    return true;
}

static bool add_document(tally_audit *audit, const char *name, const tally_node *commitment)
{
    tally_audit_document *document;

    if (audit->document_count == audit->document_room) {
        size_t room = audit->document_room == 0 ? 16 : audit->document_room * 2;

        document = tally_realloc_array(audit->documents, room, sizeof(*document));
        if (document == NULL)
            goto no_memory;
        audit->documents = document;
        audit->document_room = room;
    }
    document = &audit->documents[audit->document_count];
    *document =
        (tally_audit_document){ .commitment = *commitment, .name = tally_alloc(strlen(name) + 1) };
    if (document->name == NULL)
        goto no_memory;
    memcpy(document->name, name, strlen(name) + 1);
    audit->document_count++;
    return true;

no_memory:
    tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "memory is short");
    return false;
}

static int compare_documents(const void *a, const void *b)
{
    const tally_audit_document *first = a, *second = b;

    return memcmp(first->commitment.bytes, second->commitment.bytes, TALLY_HASH_BYTES);
}

static bool load_document(tally_audit *audit, DIR *folder, const char *name)
{
    tally_node commitment;
    tally_audit_read answer;

    tally_commit_public_begin(audit->hash);
    answer = tally_audit_stream_file(audit, dirfd(folder), name, take_document, audit->hash);
    if (tally_hash_finish(audit->hash, commitment.bytes) != TALLY_OK) {
        tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "hashing failed");
        return false;
    }
    if (answer == TALLY_AUDIT_READ)
        return add_document(audit, name, &commitment);
    return answer != TALLY_AUDIT_STOPPED;
}

bool tally_audit_load_documents(tally_audit *audit)
{
    DIR *folder;
    struct dirent *entry;
    bool is_loaded = true;

    if (audit->options.documents == NULL && !audit->options.takes_any_entries &&
        faccessat(audit->folder, "documents", F_OK, 0) == 0 &&
        snprintf(audit->documents_path, sizeof(audit->documents_path), "%s/documents",
                 audit->options.folder) < (int)sizeof(audit->documents_path))
        audit->options.documents = audit->documents_path;
    if (audit->options.documents == NULL)
        return true;
    folder = opendir(audit->options.documents);
    if (folder == NULL) {
        tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s cannot be listed: %s",
                      audit->options.documents, strerror(errno));
        return false;
    }
    while (is_loaded && (errno = 0, entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            is_loaded = load_document(audit, folder, entry->d_name);
    }
    if (is_loaded && errno != 0) {
        tally_err_set(&audit->stopped, TALLY_E_IO, 0, "%s cannot be listed: %s",
                      audit->options.documents, strerror(errno));
        is_loaded = false;
    }
    closedir(folder);
    if (audit->document_count > 0)
        qsort(audit->documents, audit->document_count, sizeof(*audit->documents),
              compare_documents);
    return is_loaded;
}

void tally_audit_meet_document(tally_audit *audit, uint64_t index, const tally_entry *entry)
{
    static const char *const kinds[] = { "", "genesis", "policy", "record", "snapshot", "key" };
    tally_audit_document wanted = { .commitment = entry->commitment };
    tally_audit_document *found = NULL;

    if (audit->options.documents == NULL)
        return;
    if (audit->document_count > 0)
        found = bsearch(&wanted, audit->documents, audit->document_count, sizeof(*audit->documents),
                        compare_documents);
    if (found != NULL)
        found->is_used = true;
    else
        tally_audit_fault(audit, TALLY_AUDIT_DOCUMENTS,
                          "no document is the one that entry %" PRIu64 " (%s) commits", index,
                          kinds[entry->kind]);
}

void tally_audit_end_documents(tally_audit *audit)
{
    if (audit->options.documents == NULL)
        return;
    for (size_t i = 0; i < audit->document_count; i++) {
        if (!audit->documents[i].is_used)
            tally_audit_warn(audit, TALLY_AUDIT_DOCUMENTS, "no entry commits %s",
                             audit->documents[i].name);
    }
    audit->is_done[TALLY_AUDIT_DOCUMENTS] = true;
}
