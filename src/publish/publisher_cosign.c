/* SPDX-License-Identifier: Apache-2.0 */
/* Having the last signed head cosigned (c2sp.org/tlog-witness), and putting it
 * out. A witness that does not answer is missing, and the quorum decides. One
 * that says the log forked or went back stops everything: it has seen what this
 * publisher does not know of. */

#include <inttypes.h>

#include "publish/publisher_internal.h"
#include "tlog/witness.h"

#define ANSWER_BYTES_MAX ((size_t)16 << 10)
#define CLOCK_SLACK_S    300
#define ROUNDS_MAX       2 /* asked again once, from the size that it named */

enum { OK = 200, FORBIDDEN = 403, NOT_FOUND = 404, CONFLICT = 409, UNPROCESSABLE = 422 };

typedef struct cosigning {
    tally_publisher *publisher;
    const tally_vkey *key;
    uint32_t witness;
    tally_text note; /* of the log alone */
    tally_buffer request, answer;
    tally_buffer *lines; /* cosignatures so far */
} cosigning;

static tally_rc name_witness(const cosigning *at, tally_err *err, tally_rc rc, const char *what)
{
    return tally_err_set(err, rc, 0, "witness %.*s %s", TALLY_TEXT_ARGS(at->key->name), what);
}

static tally_rc make_request(cosigning *at, uint64_t old_size, tally_err *err)
{
    tally_publisher *publisher = at->publisher;
    const tally_head *last = &publisher->heads.last;
    tally_witness_request request = { .old_size = old_size, .checkpoint = at->note };
    tally_reading reading;
    tally_tree_source source;
    tally_rc rc = TALLY_OK;

    tally_reading_init(&reading, tally_folder_source(&publisher->log), last->size);
    publisher->tree.reader = tally_reading_tiles(&reading);
    publisher->tree.hash = publisher->hash;
    publisher->tree.size = last->size;
    publisher->tree.has_tile = false;
    source = tally_tile_tree_source(&publisher->tree);
    if (old_size > 0 && old_size < last->size)
        rc =
            tally_proof_consistency(&request.proof, &source, publisher->hash,
                                    (tally_tree_growth){ .from = old_size, .to = last->size }, err);
    publisher->tree.has_tile = false;
    tally_reading_free(&reading);
    /* 64 hashes are possible only beyond 2^62 entries. */
    if (rc == TALLY_OK && request.proof.count > TALLY_WITNESS_PROOF_MAX)
        rc = tally_err_set(err, TALLY_E_LIMIT, 0, "the proof for a witness is too long");
    tally_buffer_reset(&at->request);
    if (rc == TALLY_OK && tally_witness_append(&at->request, &request) != TALLY_OK)
        rc = tally_publisher_no_memory(err);
    return rc;
}

/* Take the cosignature of this witness from its answer; other lines are none of
 * ours. TALLY_E_INVALID: it is not there, or does not verify. */
static tally_rc take_lines(cosigning *at, tally_err *err)
{
    tally_buffer whole;
    tally_note note;
    tally_note_verdict verdict = { .is_signed = false };
    tally_rc rc;

    note.line_count = 0;
    tally_buffer_init(&whole, TALLY_NOTE_BYTES_MAX);
    tally_buffer_append_text(&whole, at->note);
    rc = tally_buffer_append_text(&whole, tally_buffer_text(&at->answer));
    if (rc == TALLY_OK)
        rc = tally_note_parse(&note, tally_buffer_text(&whole), err);
    if (rc == TALLY_OK)
        rc = tally_note_verify(&note, at->key, 1, &verdict, err);
    if (rc == TALLY_OK && !verdict.is_signed)
        rc = name_witness(at, err, TALLY_E_INVALID, "did not cosign");
    /* Readers go by this time: one that has not come would keep an old checkpoint
     * looking fresh. One from the past is a matter of their patience. */
    if (rc == TALLY_OK &&
        (verdict.time_s <= 0 || verdict.time_s - CLOCK_SLACK_S > at->publisher->now_s))
        rc = name_witness(at, err, TALLY_E_INVALID, "gives a time that has not come");
    for (uint32_t i = 0; rc == TALLY_OK && i < note.line_count; i++) {
        const tally_note_line *line = &note.lines[i];

        if (line->id != at->key->id || !tally_text_is_equal(line->name, at->key->name))
            continue;
        tally_buffer_append_string(at->lines, "\xe2\x80\x94 ");
        tally_buffer_append_text(at->lines, line->name);
        tally_buffer_append_byte(at->lines, ' ');
        tally_buffer_append_text(at->lines, line->encoded);
        if (tally_buffer_append_byte(at->lines, '\n') != TALLY_OK)
            rc = tally_publisher_no_memory(err);
    }
    tally_buffer_free(&whole);
    return rc;
}

/* It holds another size. Ours it cannot hold with another root, nor a larger one:
 * that would be a head that this publisher never signed, or forgot. */
static tally_rc take_conflict(cosigning *at, uint64_t old_size, uint64_t *out_held, tally_err *err)
{
    tally_publisher *publisher = at->publisher;
    tally_text rest = tally_buffer_text(&at->answer);
    tally_text line;

    if (!tally_checkpoint_take_line(&line, &rest) || rest.count > 0 ||
        !tally_checkpoint_parse_number(out_held, line))
        return name_witness(at, err, TALLY_E_INVALID, "answers 409 without a size");
    if (*out_held > publisher->heads.last.size) {
        publisher->is_stopped = true;
        return name_witness(
            at, err, TALLY_E_CORRUPT,
            "holds a larger checkpoint of this log: the signed heads were set "
            "back, or another copy of the log runs. Sign nothing; find that "
            "checkpoint, refill the journal from its bundles, or close this origin");
    }
    if (*out_held == old_size && old_size == publisher->heads.last.size) {
        publisher->is_stopped = true;
        return name_witness(at, err, TALLY_E_CORRUPT,
                            "holds another root for this size: the log has forked. Sign nothing; "
                            "keep both checkpoints, they prove it");
    }
    return TALLY_E_RETRY;
}

static tally_rc take_answer(cosigning *at, uint32_t status, uint64_t old_size, uint64_t *out_held,
                            tally_err *err)
{
    switch (status) {
    case OK:
        return take_lines(at, err);
    case CONFLICT:
        return take_conflict(at, old_size, out_held, err);
    case UNPROCESSABLE:
        at->publisher->is_stopped = true;
        return name_witness(at, err, TALLY_E_CORRUPT,
                            "says that the log did not grow from what it holds: it has forked. "
                            "Sign nothing; ask the witness for the checkpoint it holds");
    case FORBIDDEN:
        return name_witness(at, err, TALLY_E_DENIED,
                            "does not know the key of this log (403); give it the key, or take it "
                            "out of the quorum file");
    case NOT_FOUND:
        return name_witness(at, err, TALLY_E_DENIED,
                            "does not know this log (404); register the log there, or take the "
                            "witness out of the quorum file");
    default:
        return tally_err_set(err, TALLY_E_INVALID, 0, "witness %.*s answers %" PRIu32,
                             TALLY_TEXT_ARGS(at->key->name), status);
    }
}

/* TALLY_OK: its lines are taken. TALLY_E_INVALID: it is missing. Else: stop. */
static tally_rc ask_witness(cosigning *at, tally_err *err)
{
    tally_publisher *publisher = at->publisher;
    const tally_witness_link *link = &publisher->options.links[at->witness];
    uint64_t old_size = publisher->is_held_known[at->witness] ? publisher->held[at->witness]
                                                              : publisher->shown.size;
    tally_rc rc = TALLY_E_RETRY;

    if (link->ask == NULL)
        return name_witness(at, err, TALLY_E_INVALID, "cannot be asked: no address is given");
    for (uint32_t round = 0; round < ROUNDS_MAX && rc == TALLY_E_RETRY; round++) {
        tally_err inner = TALLY_ERR_INIT;
        uint64_t held = 0;
        uint32_t status = 0;

        rc = make_request(at, old_size, err);
        if (rc != TALLY_OK)
            return rc == TALLY_E_RETRY ? TALLY_E_CORRUPT : rc;
        tally_buffer_reset(&at->answer);
        if (link->ask(link->context, tally_buffer_text(&at->request), &status, &at->answer,
                      &inner) != TALLY_OK ||
            tally_buffer_failure(&at->answer) != TALLY_OK)
            return tally_err_set(err, TALLY_E_INVALID, 0, "witness %.*s does not answer: %s",
                                 TALLY_TEXT_ARGS(at->key->name), inner.message);
        rc = take_answer(at, status, old_size, &held, err);
        if (rc == TALLY_E_RETRY)
            old_size = held;
    }
    if (rc == TALLY_OK) {
        publisher->held[at->witness] = publisher->heads.last.size;
        publisher->is_held_known[at->witness] = true;
    }
    return rc == TALLY_E_RETRY
               ? name_witness(at, err, TALLY_E_INVALID, "names a new size each time")
               : rc;
}

static tally_rc ask_all(tally_publisher *publisher, tally_buffer *lines, bool *has_signed,
                        tally_published *out, tally_err *err)
{
    const tally_quorum *quorum = publisher->options.quorum;
    cosigning at = { .publisher = publisher,
                     .note = tally_buffer_text(&publisher->heads.note),
                     .lines = lines };
    tally_rc rc = TALLY_OK;

    tally_buffer_init(&at.request, TALLY_WITNESS_REQUEST_BYTES_MAX);
    tally_buffer_init(&at.answer, ANSWER_BYTES_MAX);
    for (uint32_t i = 0; i < quorum->witness_count && rc == TALLY_OK; i++) {
        tally_err inner = TALLY_ERR_INIT;

        at.witness = i;
        at.key = &quorum->witnesses[i];
        rc = ask_witness(&at, &inner);
        has_signed[i] = rc == TALLY_OK;
        out->cosigned += rc == TALLY_OK;
        if (rc == TALLY_E_INVALID) {
            out->missing = inner;
            rc = TALLY_OK;
        } else if (rc != TALLY_OK) {
            rc = tally_err_set(err, rc, 0, "%s", inner.message);
        }
    }
    tally_buffer_free(&at.request);
    tally_buffer_free(&at.answer);
    return rc;
}

tally_rc tally_publisher_show(tally_publisher *publisher, tally_published *out, tally_err *err)
{
    bool has_signed[TALLY_QUORUM_WITNESSES_MAX] = { false };
    tally_buffer note;
    tally_rc rc;

    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    out->cosigned = 0;
    tally_buffer_append_text(&note, tally_buffer_text(&publisher->heads.note));
    rc = ask_all(publisher, &note, has_signed, out, err);
    if (rc == TALLY_OK && tally_quorum_is_met(publisher->options.quorum, has_signed)) {
        /* Readers now see it. Whatever they then ask for is durable. */
        rc = tally_buffer_failure(&note) == TALLY_OK
                 ? tally_folder_write(&publisher->log, TALLY_READING_CHECKPOINT,
                                      tally_buffer_text(&note), TALLY_FOLDER_REPLACE, err)
                 : tally_publisher_no_memory(err);
        if (rc == TALLY_OK) {
            publisher->shown = publisher->heads.last;
            publisher->shown_cosigned = out->cosigned;
        }
    }
    tally_buffer_free(&note);
    return rc;
}
