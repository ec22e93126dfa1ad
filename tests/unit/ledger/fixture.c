/* SPDX-License-Identifier: Apache-2.0 */
/* The programme that tests of the ledger share. */

#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/did_key.h"
#include "policy/diagnostics.h"

const char FIXTURE_MEMBERS[] =
    "tallystick: 1\n"
    "programme: green-points\n"
    "title: Green points\n"
    "purpose: Thank residents who plant trees and share tools.\n"
    "contact: green@riverside.example\n"
    "sponsor: association\n"
    "subjects: members\n"
    "members: adults\n"
    "zone: UTC\n"
    "shown-on: 1000\n"
    "keeps-events: 24 months\n"
    "sources:\n"
    "  parks-office: {events: [tree-planted, void, correction], rate: 10 per calendar day}\n"
    "  tool-library: {events: [tool-returned], rate: 5 per calendar day}\n"
    "events:\n"
    "  tree-planted: {is: shared-place care, trees: 1..50}\n"
    "  tool-returned: {is: loan returned, item: id}\n"
    "awards:\n"
    "  trees:\n"
    "    for: tree-planted\n"
    "    points: 20 * trees\n"
    "    at-most: 400 per calendar month\n"
    "    expires: after 24 months\n"
    "    because: Trees planted, and seen by the parks office.\n"
    "  tools:\n"
    "    for: tool-returned\n"
    "    points: 5\n"
    "    expires: after 12 months\n"
    "    because: A tool came back for the next one.\n"
    "tiers:\n"
    "  sapling:\n"
    "    from: 1030\n"
    "benefits:\n"
    "  late-fee-waiver:\n"
    "    class: community perk\n"
    "    needs: sapling\n"
    "    at: city-library\n"
    "    each: calendar month\n"
    "    without-points: ask at the desk\n"
    "    non-members: pay the usual fee\n";

const char FIXTURE_ORGANISATIONS[] =
    "tallystick: 1\n"
    "programme: inspections\n"
    "title: Inspections of premises\n"
    "purpose: Tell guests what the last inspection found.\n"
    "contact: inspections@city.example\n"
    "sponsor: public body\n"
    "subjects: organisations\n"
    "basis: the city's published inspection results\n"
    "keeps-events: 24 months\n"
    "sources:\n"
    "  inspectorate: {events: [inspection], rate: 100 per calendar day}\n"
    "events:\n"
    "  inspection:\n"
    "    is: public inspection\n"
    "    reference: id\n"
    "    hygiene: one of 0, 5, 10\n"
    "let:\n"
    "  last: latest inspection\n"
    "grade:\n"
    "  not rated: no inspection\n"
    "  good: last.hygiene <= 5\n"
    "  poor: otherwise\n";

static void die(const char *what, const tally_err *err)
{
    fprintf(stderr, "fixture: %s: %s\n", what, err != NULL ? err->message : "");
    abort();
}

void fixture_begin_empty(fixture *self)
{
    const char *below = getenv("TMPDIR");

    *self = (fixture){ 0 };
    if (below == NULL || strlen(below) > 32)
        below = "/tmp";
    (void)snprintf(self->root, sizeof(self->root), "%s/tally-ledger-XXXXXX", below);
    if (mkdtemp(self->root) == NULL)
        die("no folder", NULL);
    (void)snprintf(self->folder, sizeof(self->folder), "%s/programme", self->root);
    (void)seeded_begin(&self->random, 20260302);
}

tally_create_options fixture_create_options(fixture *self, const char *policy)
{
    return (tally_create_options){ .folder = self->folder,
                                   .origin = TALLY_TEXT(FIXTURE_ORIGIN),
                                   .policy_name = "policy.yaml",
                                   .policy = tally_text_from(policy),
                                   .clock = { .fixed_ms = FIXTURE_NOW },
                                   .is_simulated = true,
                                   .random = &self->random.source };
}

static tally_ledger *open_ledger(fixture *self, bool is_for_writing, int64_t now_ms)
{
    tally_ledger_options options = { .folder = self->folder,
                                     .is_for_writing = is_for_writing,
                                     .clock = { .fixed_ms = now_ms },
                                     .random = &self->random.source };
    tally_err err = TALLY_ERR_INIT;
    tally_ledger *ledger = NULL;

    if (tally_ledger_open(&ledger, &options, &err) != TALLY_OK)
        die("the programme does not open", &err);
    return ledger;
}

void fixture_begin(fixture *self, const char *policy)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_err err = TALLY_ERR_INIT;
    tally_create_options options;

    fixture_begin_empty(self);
    options = fixture_create_options(self, policy);
    if (diagnostics == NULL || tally_ledger_create(&options, diagnostics, NULL, &err) != TALLY_OK) {
        for (size_t i = 0; i < tally_diagnostics_count(diagnostics); i++)
            fprintf(stderr, "%u: %s\n", tally_diagnostics_get(diagnostics, i)->line,
                    tally_diagnostics_get(diagnostics, i)->message);
        die("the programme cannot be made", &err);
    }
    tally_diagnostics_free(diagnostics);
    self->ledger = open_ledger(self, true, FIXTURE_NOW);
}

void fixture_open(fixture *self)
{
    self->ledger = open_ledger(self, true, FIXTURE_NOW);
}

void fixture_at(fixture *self, int64_t now_ms)
{
    self->ledger->options.clock.fixed_ms = now_ms;
}

void fixture_reopen(fixture *self)
{
    int64_t now_ms = self->ledger->options.clock.fixed_ms;

    tally_ledger_close(self->ledger);
    self->ledger = open_ledger(self, true, now_ms);
}

tally_ledger *fixture_reader(fixture *self)
{
    return open_ledger(self, false, self->ledger->options.clock.fixed_ms);
}

/* ---- folders ---- */

typedef bool (*visit_path)(void *context, const char *path, bool is_folder);

/* Folders after what is in them; true as soon as a visit says so. */
static bool walk(const char *folder, visit_path visit, void *context)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    bool is_done = false;

    while (stream != NULL && !is_done && (entry = readdir(stream)) != NULL) {
        char path[512];
        struct stat facts;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode))
            is_done = walk(path, visit, context) || visit(context, path, true);
        else
            is_done = visit(context, path, false);
    }
    if (stream != NULL)
        closedir(stream);
    return is_done;
}

static bool remove_path(void *context, const char *path, bool is_folder)
{
    (void)context;
    if (is_folder)
        (void)rmdir(path);
    else
        (void)unlink(path);
    return false;
}

void fixture_end(fixture *self)
{
    tally_ledger_close(self->ledger);
    (void)walk(self->root, remove_path, NULL);
    (void)rmdir(self->root);
    *self = (fixture){ 0 };
}

typedef struct search {
    const char *bytes;
    size_t count;
} search;

static bool search_path(void *context, const char *path, bool is_folder)
{
    const search *wanted = context;
    FILE *file = is_folder ? NULL : fopen(path, "rb");
    bool is_found = false;
    char *content = NULL;
    long size = 0;

    if (file == NULL)
        return false;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0)
        content = malloc((size_t)size);
    if (content != NULL && fread(content, 1, (size_t)size, file) == (size_t)size) {
        for (size_t i = 0; !is_found && i + wanted->count <= (size_t)size; i++)
            is_found = memcmp(content + i, wanted->bytes, wanted->count) == 0;
    }
    free(content);
    fclose(file);
    if (is_found)
        printf("found in %s\n", path);
    return is_found;
}

bool fixture_has_bytes(const fixture *self, const void *bytes, size_t count)
{
    search wanted = { bytes, count };

    return walk(self->folder, search_path, &wanted);
}

/* ---- keys ---- */

void fixture_key_make(fixture_key *out, uint64_t number)
{
    tally_did_key did;
    seeded random;

    if (tally_random_fill(seeded_begin(&random, UINT64_C(0x6b657900) + number), out->seed,
                          sizeof(out->seed), NULL) != TALLY_OK ||
        tally_ed25519_public(out->public32, out->seed) != TALLY_OK)
        die("no key", NULL);
    tally_did_key_write(&did, out->public32);
    (void)snprintf(out->did, sizeof(out->did), "%s", did.text);
}
