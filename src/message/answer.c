/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a programme (docs/formats/message.md, section 2). */

#include "message/answer.h"

#include "crypto/did_key.h"
#include "json/jcs.h"
#include "message/values.h"
#include "util/civil.h"

#define ORIGIN_MAX 255u

static const char *const kinds[] = { "joined", "consented", "withdrawn", "rotated", "left", NULL };

static const tally_json_options options = { TALLY_ANSWER_BYTES_MAX, 0, false };

/* ---- writing; members in the order of their names ---- */

static void write_day(tally_jcs *jcs, const char *name, int32_t day)
{
    char text[TALLY_DATE_TEXT_BYTES];

    tally_jcs_member_text(jcs, name, tally_day_format(text, day));
}

void tally_certificate_write(tally_jcs *jcs, const tally_certificate *certificate)
{
    tally_jcs_object(jcs);
    tally_jcs_member_integer(jcs, "accesses", certificate->accesses);
    write_day(jcs, "backups-until", certificate->backups_until);
    write_day(jcs, "day", certificate->day);
    tally_jcs_member_integer(jcs, "entries", certificate->entries);
    tally_jcs_member_integer(jcs, "events", certificate->events);
    write_day(jcs, "live-until", certificate->live_until);
    tally_jcs_member_integer(jcs, "number", certificate->number);
    tally_jcs_member_integer(jcs, "receipts", certificate->receipts);
    tally_value_write_bytes(jcs, "record", certificate->record, sizeof(certificate->record));
    tally_jcs_object_end(jcs);
}

static void write_payload(tally_jcs *jcs, const tally_answer *answer,
                          const tally_json_value *receipt)
{
    tally_jcs_object(jcs);
    tally_value_write_instant(jcs, "at", answer->at_ms);
    if (answer->kind == TALLY_ANSWER_LEFT && answer->has_certificate) {
        tally_jcs_name(jcs, "certificate");
        tally_certificate_write(jcs, &answer->certificate);
    }
    if (answer->kind == TALLY_ANSWER_JOINED)
        tally_value_write_bytes(jcs, "handle-secret", answer->handle_secret,
                                sizeof(answer->handle_secret));
    tally_jcs_member_string(jcs, "kind", kinds[answer->kind]);
    if (answer->kind == TALLY_ANSWER_JOINED)
        tally_value_write_bytes(jcs, "label-secret", answer->label_secret,
                                sizeof(answer->label_secret));
    if (answer->kind == TALLY_ANSWER_ROTATED)
        tally_jcs_member_text(jcs, "member", answer->member);
    tally_jcs_member_text(jcs, "programme", answer->programme);
    if (receipt != NULL)
        tally_jcs_member_value(jcs, "receipt", receipt);
    if (answer->kind == TALLY_ANSWER_WITHDRAWN)
        tally_value_write_bytes(jcs, "record", answer->record, sizeof(answer->record));
    tally_jcs_member_integer(jcs, "v", 1);
    tally_jcs_object_end(jcs);
}

static bool has_receipt(tally_answer_kind kind)
{
    return kind == TALLY_ANSWER_JOINED || kind == TALLY_ANSWER_CONSENTED;
}

tally_rc tally_answer_write(tally_buffer *out, const tally_answer *answer,
                            const uint8_t seed[static 32], tally_err *err)
{
    tally_json_document *receipt = NULL;
    tally_rc rc = TALLY_OK;
    tally_buffer payload;
    tally_jcs jcs;

    if (has_receipt(answer->kind))
        rc = tally_json_parse(&receipt, answer->receipt, &options, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&payload, TALLY_ANSWER_BYTES_MAX);
    tally_jcs_init(&jcs, &payload);
    write_payload(&jcs, answer, receipt != NULL ? tally_json_root(receipt) : NULL);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_ANSWER_TYP, seed, err);
    if (payload.bytes != NULL) /* secrets of a member that joined */
        tally_secret_wipe(payload.bytes, payload.count);
    tally_buffer_free(&payload);
    tally_json_document_free(receipt);
    return rc;
}

/* ---- reading ---- */

static tally_text keep(tally_arena *arena, tally_text text, tally_rc *rc)
{
    tally_text copy = { "", 0 };

    if (*rc == TALLY_OK && !tally_arena_copy_text(arena, &copy, text))
        *rc = tally_arena_failure(arena);
    return copy;
}

static int32_t read_day(tally_json_reader *reader, const char *name)
{
    tally_text text = tally_json_read_text(reader, name, TALLY_DATE_TEXT_BYTES);
    char again[TALLY_DATE_TEXT_BYTES];
    tally_moment moment = { .day = 0 };

    if (text.count > 0 && (tally_time_parse(&moment, text, TALLY_TIME_RFC3339, NULL) != TALLY_OK ||
                           !tally_text_is_equal(tally_day_format(again, moment.day), text)))
        tally_json_read_fail(reader, name, "must be a day such as 2026-11-21");
    return moment.day;
}

void tally_certificate_read(tally_certificate *out, tally_json_reader *reader)
{
    out->accesses = tally_json_read_integer(reader, "accesses", 0, TALLY_JSON_INTEGER_MAX);
    out->backups_until = read_day(reader, "backups-until");
    out->day = read_day(reader, "day");
    out->entries = tally_json_read_integer(reader, "entries", 0, TALLY_JSON_INTEGER_MAX);
    out->events = tally_json_read_integer(reader, "events", 0, TALLY_JSON_INTEGER_MAX);
    out->live_until = read_day(reader, "live-until");
    out->number = tally_json_read_integer(reader, "number", 1, TALLY_JSON_INTEGER_MAX);
    out->receipts = tally_json_read_integer(reader, "receipts", 0, TALLY_JSON_INTEGER_MAX);
    tally_value_read_bytes(reader, "record", out->record, sizeof(out->record));
}

static tally_rc read_receipt(tally_answer *out, tally_json_reader *root, tally_arena *arena,
                             tally_err *err)
{
    const tally_json_value *value = tally_json_read_value(root, "receipt");
    tally_buffer text;
    tally_rc rc;

    if (value == NULL)
        return TALLY_OK; /* the reader has failed and says so at its end */
    tally_buffer_init(&text, TALLY_ANSWER_BYTES_MAX);
    rc = tally_jcs_append(&text, value, err);
    out->receipt = keep(arena, tally_buffer_text(&text), &rc);
    tally_buffer_free(&text);
    return rc;
}

static tally_rc read_payload(tally_answer *out, const tally_json_value *payload, tally_arena *arena,
                             tally_err *err)
{
    tally_json_reader reader, certificate;
    tally_rc rc = TALLY_OK, end;

    tally_json_read_begin(&reader, payload, "answer", err);
    (void)tally_json_read_integer(&reader, "v", 1, 1);
    out->kind = (tally_answer_kind)tally_json_read_choice(&reader, "kind", kinds);
    out->at_ms = tally_value_read_instant(&reader, "at");
    out->programme = keep(arena, tally_json_read_text(&reader, "programme", ORIGIN_MAX), &rc);
    if (has_receipt(out->kind) && rc == TALLY_OK)
        rc = read_receipt(out, &reader, arena, err);
    if (out->kind == TALLY_ANSWER_JOINED) {
        tally_value_read_bytes(&reader, "handle-secret", out->handle_secret,
                               sizeof(out->handle_secret));
        tally_value_read_bytes(&reader, "label-secret", out->label_secret,
                               sizeof(out->label_secret));
    } else if (out->kind == TALLY_ANSWER_WITHDRAWN) {
        tally_value_read_bytes(&reader, "record", out->record, sizeof(out->record));
    } else if (out->kind == TALLY_ANSWER_ROTATED) {
        out->member =
            keep(arena, tally_json_read_text(&reader, "member", TALLY_DID_KEY_CHARACTERS), &rc);
    } else if (out->kind == TALLY_ANSWER_LEFT) {
        out->has_certificate =
            tally_json_read_optional_object(&reader, "certificate", &certificate);
        if (out->has_certificate) {
            tally_certificate_read(&out->certificate, &certificate);
            (void)tally_json_read_end(&certificate);
        }
    }
    end = tally_json_read_end(&reader);
    return end != TALLY_OK ? end : rc;
}

tally_rc tally_answer_read(tally_answer *out, tally_text text, const tally_jws_key *programme,
                           tally_arena *arena, tally_err *err)
{
    tally_json_document *document = NULL;
    tally_rc rc;

    *out = (tally_answer){ .kind = TALLY_ANSWER_JOINED };
    if (text.count > TALLY_ANSWER_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "an answer has at most %zu bytes",
                             TALLY_ANSWER_BYTES_MAX);
    rc = tally_jws_open(&document, NULL, text, TALLY_ANSWER_TYP, programme, &options, err);
    if (rc == TALLY_OK)
        rc = read_payload(out, tally_json_root(document), arena, err);
    tally_json_document_free(document);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "reading an answer");
}
