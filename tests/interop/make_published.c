/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes a small log with the publisher that programmes use, for other
 * people's tools to read.
 *
 * make_published DIR COUNT: DIR/log gets a log of at least COUNT entries in
 * several beats, with snapshots and a change of policy; prints the verifier key. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../publish/memory_journal.h"
#include "publish/publisher.h"

static const uint64_t beats[] = { 0, 3, 300, 17, 1, 500 };

int main(int argc, char **argv)
{
    char log_path[4096], state_path[4096];
    memory_journal memory;
    tally_signer signer;
    tally_vkey vkey;
    static tally_quorum quorum;
    tally_publisher *publisher = NULL;
    tally_publisher_options options = { .files = &tally_files_system, .at = AT_FDCWD };
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    tally_buffer text;
    tally_rc rc;
    uint64_t count;

    if (argc != 3) {
        fputs("usage: make_published DIR COUNT\n", stderr);
        return 2;
    }
    count = strtoull(argv[2], NULL, 10);
    (void)mkdir(argv[1], 0755);
    (void)snprintf(log_path, sizeof(log_path), "%s/log", argv[1]);
    (void)snprintf(state_path, sizeof(state_path), "%s/log-state", argv[1]);
    memory_journal_init(&memory, 1);
    memory.beats_an_epoch = 2;
    memory.members = 300;
    memory_journal_signer(&signer, false);
    if (tally_quorum_parse(&quorum, TALLY_TEXT("quorum none\n"), &err) != TALLY_OK)
        return 1;
    options.log_path = log_path;
    options.state_path = state_path;
    options.journal = &memory.journal;
    options.signers = &signer;
    options.signer_count = 1;
    options.quorum = &quorum;
    rc = tally_publisher_open(&publisher, &options, &err);
    for (uint64_t i = 0; rc == TALLY_OK && (i < 6 || memory.count < count); i++) {
        memory_journal_add(&memory, i < 6 ? beats[i] : count - memory.count);
        if (i == 3)
            (void)memory_journal_add_document(&memory, TALLY_ENTRY_POLICY, "points: 2\n");
        rc = tally_publisher_beat(publisher, i * 3600, (int64_t)i * 3600, &done, &err);
    }
    tally_publisher_close(publisher);
    memory_journal_free(&memory);
    if (rc != TALLY_OK) {
        fprintf(stderr, "make_published: %s\n", err.message);
        return 1;
    }
    tally_buffer_init(&text, 1024);
    if (tally_signer_vkey(&vkey, &signer) != TALLY_OK ||
        tally_vkey_append(&text, &vkey) != TALLY_OK)
        return 1;
    puts(tally_buffer_string(&text));
    tally_buffer_free(&text);
    return 0;
}
