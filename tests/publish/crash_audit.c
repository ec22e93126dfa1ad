/* SPDX-License-Identifier: Apache-2.0 */
/* What is left after a crash, before anything recovers, and what is there after
 * that, as the auditor sees it.
 *
 * crash_audit TALLY FOLDER: takes the power away at some of the operations of a
 * publisher, writes the disk into the folder, and audits it; then publishes to the
 * end and audits again. An audit before the first checkpoint is not asked for. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_journal.h"
#include "publish/publisher.h"
#include "sim_files.h"

#define BEATS  3
#define STRIDE 23 /* operations between two crashes */

static const char vkey[] =
    "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+";

static void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "crash_audit: %s\n", what);
    exit(1);
}

static int run(const char *const *arguments, const char *output)
{
    int status = 0;
    pid_t child = fork();

    must(child >= 0, "fork");
    if (child == 0) {
        if (freopen(output, "w", stdout) != NULL)
            (void)execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    must(waitpid(child, &status, 0) == child, "wait");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void audit(sim_files *sim, const char *tally, const char *folder, uint64_t nth,
                  const char *saved)
{
    char whole[4096], log[4200], answer[4200];
    size_t count;
    const char *const clear[] = { "rm", "-rf", whole, NULL };
    const char *const check[] = { tally,    "audit", log,
                                  "--vkey", vkey,    saved != NULL ? "--saved" : NULL,
                                  saved,    NULL };

    if (sim_files_content(sim, "log/checkpoint", &count) == NULL)
        return;
    (void)snprintf(whole, sizeof(whole), "%s/disk", folder);
    (void)snprintf(log, sizeof(log), "%s/log", whole);
    (void)snprintf(answer, sizeof(answer), "%s/answer", folder);
    must(run(clear, "/dev/null") == 0, "rm");
    sim_files_export(sim, whole);
    if (run(check, answer) != 0) {
        fprintf(stderr, "crash_audit: after operation %" PRIu64 " the audit fails: %s\n", nth,
                answer);
        exit(1);
    }
}

/* Publish all beats until one fails. */
static bool publish(memory_journal *memory, const tally_files *files, const tally_quorum *quorum)
{
    tally_signer signer;
    const tally_publisher_options options = { .files = files,
                                              .at = SIM_ROOT,
                                              .log_path = "log",
                                              .state_path = "log-state",
                                              .journal = &memory->journal,
                                              .signers = &signer,
                                              .signer_count = 1,
                                              .quorum = quorum };
    tally_publisher *publisher = NULL;
    tally_published done;
    tally_rc rc;

    memory_journal_signer(&signer, false);
    rc = tally_publisher_open(&publisher, &options, NULL);
    for (uint64_t beat = 0; beat < BEATS && rc == TALLY_OK; beat++)
        rc = tally_publisher_beat(publisher, beat, (int64_t)beat, &done, NULL);
    tally_publisher_close(publisher);
    return rc == TALLY_OK;
}

int main(int argc, char **argv)
{
    static const uint64_t adds[BEATS] = { 3, 250, 1 };
    static tally_quorum quorum;
    memory_journal memory;
    uint64_t tried = 0;
    bool is_faulted = true;

    must(argc == 3, "usage: crash_audit TALLY FOLDER");
    must(tally_quorum_parse(&quorum, TALLY_TEXT("quorum none\n"), NULL) == TALLY_OK, "quorum");
    memory_journal_init(&memory, 1);
    memory.beats_an_epoch = 2;
    memory.members = 3;
    for (uint64_t beat = 0; beat < BEATS; beat++) {
        uint64_t until;

        memory_journal_add(&memory, adds[beat]);
        must(memory.journal.calls->begin_beat(&memory, beat, &until, NULL) == TALLY_OK, "beat");
    }
    for (uint64_t nth = 0; is_faulted; nth += STRIDE, tried++) {
        sim_files *sim = sim_files_new(nth);
        tally_files files = sim_files_calls(sim);
        char saved[4200];
        const char *kept;
        size_t count = 0;
        FILE *file;

        sim_files_fault(sim, SIM_CRASH, nth);
        (void)publish(&memory, &files, &quorum);
        is_faulted = sim_files_is_faulted(sim);
        sim_files_reboot(sim);
        audit(sim, argv[1], argv[2], nth, NULL);
        kept = sim_files_content(sim, "log/checkpoint", &count);
        (void)snprintf(saved, sizeof(saved), "%s/saved", argv[2]);
        if (kept != NULL) {
            file = fopen(saved, "wb");
            must(file != NULL && fwrite(kept, 1, count, file) == count && fclose(file) == 0,
                 "saved");
        }
        must(publish(&memory, &files, &quorum), "it does not go on");
        audit(sim, argv[1], argv[2], nth, count > 0 ? saved : NULL);
        sim_files_free(sim);
    }
    memory_journal_free(&memory);
    printf("%" PRIu64 " crashes, each audited before and after\n", tried);
    return tried > 10 ? 0 : 1;
}
