/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that send batches, for tests. */

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "batch/write.h"
#include "batches.h"
#include "crypto/jws.h"
#include "json/read.h"
#include "ledger/admit_reply.h"
#include "ledger/source.h"

void batches_outcome_free(batches_outcome *outcome)
{
    tally_buffer_free(&outcome->message);
    tally_buffer_free(&outcome->reply);
}

void batches_register(fixture *f, batches_source *out, const char *name, uint64_t number)
{
    tally_source_record record;

    *out = (batches_source){ .next_number = 1 };
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    fixture_key_make(&out->key, 1000000 + number);
    assert_int_equal(tally_source_register(f->ledger, tally_text_from(name),
                                           tally_text_from(out->key.did), &record, NULL, NULL),
                     TALLY_OK);
}

void batches_write(fixture *f, const batches_source *source, tally_batch_form form,
                   const char *lines, tally_buffer *out)
{
    tally_batch_options options = { .programme = TALLY_TEXT(FIXTURE_ORIGIN),
                                    .number = source->next_number,
                                    .form = form,
                                    .seed32 = source->key.seed,
                                    .random = &f->random.source };
    tally_arena *arena = tally_arena_new((size_t)16 << 20);
    tally_text rest = tally_text_from(lines), line, events[64];
    uint32_t count = 0;

    if (form == TALLY_BATCH_CSV)
        (void)tally_text_split(rest, '\n', &options.header_row, &rest);
    while (rest.count > 0 && count < 64) {
        (void)tally_text_split(rest, '\n', &line, &rest);
        if (line.count > 0)
            events[count++] = line;
    }
    assert_int_equal(tally_batch_write(out, &options, events, count, arena, NULL), TALLY_OK);
    tally_arena_free(arena);
}

static void read_refused(batches_outcome *out, fixture *f)
{
    tally_json_document *document;
    tally_json_reader reader, refused;
    tally_json_items items;
    tally_jws_key key;
    size_t at = 0;

    assert_int_equal(tally_ed25519_public(key.public32, f->ledger->keys->operator_seed), TALLY_OK);
    assert_int_equal(tally_jws_open(&document, NULL, tally_buffer_text(&out->reply),
                                    TALLY_PROMISE_TYP, &key, NULL, NULL),
                     TALLY_OK);
    tally_json_read_begin(&reader, tally_json_root(document), "promise", NULL);
    tally_json_read_array(&reader, "refused", 0, 10000, &items);
    while (tally_json_next_object(&items, &refused)) {
        int64_t position = tally_json_read_integer(&refused, "position", 0, 10000);
        tally_text code = tally_json_read_text(&refused, "code", 64);
        tally_text right = tally_json_read_text(&refused, "right", 8);
        int written = snprintf(out->refused + at, sizeof(out->refused) - at, "%s%lld %.*s %.*s",
                               at > 0 ? "," : "", (long long)position, TALLY_TEXT_ARGS(code),
                               TALLY_TEXT_ARGS(right));

        assert_true(written > 0 && (size_t)written < sizeof(out->refused) - at);
        at += (size_t)written;
    }
    tally_json_document_free(document);
}

void batches_send_text(batches_outcome *out, fixture *f, tally_text message)
{
    *out = (batches_outcome){ .rc = TALLY_OK };
    tally_buffer_init(&out->message, TALLY_BATCH_BYTES_MAX);
    tally_buffer_init(&out->reply, TALLY_BATCH_BYTES_MAX);
    (void)tally_buffer_append_text(&out->message, message);
    out->rc = tally_admit(f->ledger, tally_buffer_text(&out->message), &out->reply, &out->admitted,
                          &out->denial, &out->err);
    if (out->rc == TALLY_OK)
        read_refused(out, f);
    else
        assert_int_equal(tally_buffer_text(&out->reply).count, 0);
}

void batches_send(batches_outcome *out, fixture *f, batches_source *source, const char *lines)
{
    tally_buffer message;

    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    batches_write(f, source, TALLY_BATCH_JSONL, lines, &message);
    batches_send_text(out, f, tally_buffer_text(&message));
    tally_buffer_free(&message);
    if (out->rc == TALLY_OK)
        source->next_number++;
}
