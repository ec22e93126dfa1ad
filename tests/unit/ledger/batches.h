/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_LEDGER_BATCHES_H
#define TALLY_TESTS_LEDGER_BATCHES_H

/* A source of a fixture's programme, who sends batches. Include unit.h first. */

#include "batch/batch.h"
#include "fixture.h"
#include "ledger/admit.h"

typedef struct batches_source {
    fixture_key key;
    char name[64];
    uint64_t next_number;
} batches_source;

/* What came of a batch. */
typedef struct batches_outcome {
    tally_rc rc;
    tally_denial denial;
    tally_err err;
    tally_admitted admitted;
    tally_buffer message, reply; /* as they went and came */
    /* Of the reply: its refused events as "POSITION CODE RIGHT" joined by commas. */
    char refused[512];
} batches_outcome;

void batches_outcome_free(batches_outcome *outcome);

/* Register a source of this name, with a key made from number. */
void batches_register(fixture *f, batches_source *out, const char *name, uint64_t number);

/* Write the message of a batch of events, one a line, under the source's next number. */
void batches_write(fixture *f, const batches_source *source, tally_batch_form form,
                   const char *lines, tally_buffer *out);

/* Send a message as it is. */
void batches_send_text(batches_outcome *out, fixture *f, tally_text message);

/* Write a batch of JSON Lines and send it; counts the source's number on when it is admitted. */
void batches_send(batches_outcome *out, fixture *f, batches_source *source, const char *lines);

#endif
