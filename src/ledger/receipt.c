/* SPDX-License-Identifier: Apache-2.0 */
/* Offering, checking and storing receipts. What is checked is not this and that of the
 * member's text: the text is made anew from the ledger's own policy, and every byte has to be
 * the same. Only the reason of a refusal looks closer. */

#include "ledger/receipt.h"

#include "crypto/hash.h"
#include "ledger/message.h"
#include "ledger/record.h"
#include "policy/charter.h"
#include "policy/notice.h"
#include "util/alloc.h"

static const char nothing_stored[] = "Nothing was stored. Ask for a new offer and sign that.";

static tally_rc no_consent(tally_denial *denial, tally_err *err, const char *why)
{
    return tally_deny(denial, err, TALLY_E_DENIED, "E_CONSENT_NONE", "R1", nothing_stored,
                      "No consent for this purpose: %s.", why);
}

/* ---- making a payload ---- */

/* The number of the version in force at an instant. */
static uint32_t version_at(const tally_ledger *ledger, int64_t at_ms)
{
    uint32_t number = 1;

    for (uint32_t i = 1; i < ledger->policy_version; i++) {
        if (ledger->policy_begins_ms[i] <= at_ms)
            number = i + 1;
    }
    return number;
}

static tally_rc check_terms(const tally_ledger *ledger, const tally_receipt_terms *terms,
                            uint32_t version, int64_t given_ms, tally_denial *denial,
                            tally_err *err)
{
    if (ledger->is_about_organisations)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_AN_ORG", "R35",
                          "Organisations are added by the operator from the public record.",
                          "This programme is about organisations and has no members.");
    if (!tally_text_is(terms->purpose, TALLY_PURPOSE_PARTICIPATION))
        return tally_deny(denial, err, TALLY_E_DENIED, "E_PURPOSE", "R6",
                          "Ask for the purpose 'participation'.",
                          "This programme has no such purpose. Nothing was stored.");
    if (ledger->is_pilot && !terms->is_generated)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_NOT_AVAILABLE", "R1",
                          "Join as a generated member, to try the programme.",
                          "This programme is a pilot: it takes generated members only.");
    if (version < version_at(ledger, given_ms) || version > ledger->policy_version)
        return no_consent(denial, err, "that version of the rules is not the one in force");
    return TALLY_OK;
}

static tally_text duration_text(tally_arena *arena, int64_t number, const char *unit, tally_rc *rc)
{
    tally_text text = { "", 0 };
    tally_buffer buffer;

    tally_buffer_init(&buffer, 64);
    if (tally_buffer_printf(&buffer, "%lld %s", (long long)number, unit) != TALLY_OK ||
        !tally_arena_copy_text(arena, &text, tally_buffer_text(&buffer)))
        *rc = TALLY_E_NOMEM;
    tally_buffer_free(&buffer);
    return text;
}

/* Who attests a type, by the version's list of sources. */
static uint32_t sources_of(const tally_version *version, uint32_t type, tally_text *out)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < version->source_count; i++) {
        const tally_source *source = &version->sources[i];

        for (uint32_t k = 0; k < source->type_count; k++) {
            if (source->types[k] != type)
                continue;
            if (out != NULL)
                out[count] = source->name;
            count++;
            break;
        }
    }
    return count;
}

static tally_rc fill_data(const tally_policy *policy, const tally_version *version,
                          tally_arena *arena, tally_receipt *out)
{
    tally_receipt_data *data = tally_arena_zalloc_array(arena, policy->type_count, sizeof(*data));

    if (data == NULL)
        return tally_arena_failure(arena);
    out->data = data;
    for (uint32_t t = TALLY_RECORD_TYPES; t < policy->type_count; t++) {
        const tally_event_type *type = &policy->types[t];
        uint32_t source_count = sources_of(version, t, NULL);
        tally_text *fields, *sources;

        if (source_count == 0)
            continue; /* nobody may record it */
        if (source_count > TALLY_RECEIPT_NAMES_MAX || type->field_count > TALLY_RECEIPT_NAMES_MAX)
            return TALLY_E_LIMIT;
        fields = tally_arena_zalloc_array(arena, type->field_count, sizeof(*fields));
        sources = tally_arena_zalloc_array(arena, source_count, sizeof(*sources));
        if (fields == NULL || sources == NULL)
            return tally_arena_failure(arena);
        for (uint32_t i = 0; i < type->field_count; i++)
            fields[i] = type->fields[i].name;
        (void)sources_of(version, t, sources);
        data[out->data_count++] =
            (tally_receipt_data){ type->name, type->field_count, source_count, fields, sources };
    }
    return TALLY_OK;
}

static tally_rc hash_notice(const tally_ledger *ledger, uint32_t version, tally_buffer *notice,
                            uint8_t out_hash[static 32], tally_err *err)
{
    const tally_notice_programme programme = { ledger->origin, ledger->did, ledger->is_pilot };
    tally_rc rc = tally_policy_notice(ledger->policy, version, &programme, notice, err);

    if (rc == TALLY_OK && tally_hash_sha256(out_hash, notice->bytes, notice->count) != TALLY_OK)
        rc = tally_err_set(err, TALLY_E_NOMEM, 0, "hashing the notice");
    return rc;
}

static tally_rc fill(const tally_ledger *ledger, const tally_receipt_terms *terms, uint32_t number,
                     tally_receipt *out, tally_buffer *notice, tally_arena *arena, tally_err *err)
{
    const tally_version *version = &ledger->policy->versions[number - 1];
    tally_rc rc = TALLY_OK;

    out->programme = ledger->origin;
    tally_charter_hash(out->charter);
    memcpy(out->policy, version->hash, sizeof(out->policy));
    out->policy_version = number;
    out->controller_did = ledger->did;
    out->controller_contact = version->contact;
    out->controller_name = version->owner.count > 0 ? version->owner : ledger->policy->programme;
    out->member_did = terms->member_did;
    out->recovery_did = terms->recovery_did;
    out->is_generated = terms->is_generated;
    out->purpose = terms->purpose;
    out->purpose_text = version->purpose;
    out->keeps_events = version->keeps_months > 0
                            ? duration_text(arena, version->keeps_months, "months", &rc)
                            : duration_text(arena, version->keeps_ms / TALLY_DAY_MS, "days", &rc);
    if (rc == TALLY_OK)
        rc = fill_data(ledger->policy, version, arena, out);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "the policy declares more than a receipt can list");
    return hash_notice(ledger, number, notice, out->notice, err);
}

/* Append the one payload that there is for these terms, instant and record number. */
static tally_rc make_payload(const tally_ledger *ledger, const tally_receipt_terms *terms,
                             int64_t given_ms, const uint8_t *record, tally_buffer *out_payload,
                             tally_buffer *out_notice, tally_denial *denial, tally_err *err)
{
    uint32_t version = terms->version > 0 ? terms->version : version_at(ledger, given_ms);
    tally_receipt receipt = { .given_ms = given_ms };
    tally_arena *arena;
    tally_rc rc = check_terms(ledger, terms, version, given_ms, denial, err);

    if (rc != TALLY_OK)
        return rc;
    if (!tally_receipt_lapses(&receipt.lapses_ms, given_ms))
        return tally_err_set(err, TALLY_E_INVALID, 0, "that instant is at the end of the calendar");
    arena = tally_arena_new(TALLY_MESSAGE_ARENA_BYTES);
    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a receipt");
    memcpy(receipt.record, record, sizeof(receipt.record));
    rc = fill(ledger, terms, version, &receipt, out_notice, arena, err);
    if (rc == TALLY_OK)
        rc = tally_receipt_write(out_payload, &receipt, err);
    tally_arena_free(arena);
    return rc;
}

tally_rc tally_ledger_offer(tally_ledger *ledger, const tally_receipt_terms *terms,
                            tally_buffer *out_payload, tally_buffer *out_notice,
                            tally_denial *denial, tally_err *err)
{
    uint8_t record[TALLY_RECEIPT_RECORD_BYTES];
    tally_rc rc = tally_random_fill(ledger->options.random, record, sizeof(record), err);

    if (rc == TALLY_OK)
        rc = make_payload(ledger, terms, tally_ledger_now_ms(ledger), record, out_payload,
                          out_notice, denial, err);
    return rc;
}

/* ---- checking what was signed ---- */

/* Why a receipt is another than the one that would be made now. */
static tally_rc refuse_other(const tally_ledger *ledger, const tally_receipt *given,
                             tally_text wanted, tally_arena *arena, tally_denial *denial,
                             tally_err *err)
{
    tally_receipt own;
    tally_rc rc = tally_receipt_read(&own, wanted, arena, err);

    (void)ledger;
    if (rc != TALLY_OK)
        return rc;
    if (memcmp(own.policy, given->policy, sizeof(own.policy)) != 0)
        return no_consent(denial, err, "it names other rules than those in force");
    if (memcmp(own.notice, given->notice, sizeof(own.notice)) != 0)
        return no_consent(denial, err, "it names another notice than the one to be read");
    if (memcmp(own.charter, given->charter, sizeof(own.charter)) != 0)
        return no_consent(denial, err, "it names another charter");
    if (own.lapses_ms != given->lapses_ms)
        return no_consent(denial, err, "it lapses at another time than it may");
    return no_consent(denial, err, "it says something else than was offered");
}

static tally_rc compare(tally_ledger *ledger, const tally_signed_receipt *signed_receipt,
                        tally_arena *arena, tally_denial *denial, tally_err *err)
{
    const tally_receipt *given = &signed_receipt->receipt;
    const tally_receipt_terms terms = { given->member_did, given->recovery_did, given->is_generated,
                                        given->purpose, given->policy_version };
    tally_buffer payload, notice;
    tally_rc rc;

    tally_buffer_init(&payload, TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&notice, TALLY_NOTICE_BYTES_MAX);
    rc = make_payload(ledger, &terms, given->given_ms, given->record, &payload, &notice, denial,
                      err);
    if (rc == TALLY_OK &&
        !tally_text_is_equal(tally_buffer_text(&payload), signed_receipt->payload))
        rc = refuse_other(ledger, given, tally_buffer_text(&payload), arena, denial, err);
    tally_buffer_free(&payload);
    tally_buffer_free(&notice);
    return rc;
}

tally_rc tally_receipt_check(tally_ledger *ledger, tally_text text, tally_text member_did,
                             int64_t now_ms, tally_arena *arena, tally_signed_receipt *out,
                             tally_denial *denial, tally_err *err)
{
    tally_err lower = TALLY_ERR_INIT;
    tally_rc rc = tally_receipt_verify(out, text, arena, &lower);

    if (rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT)
        return no_consent(denial, err, lower.message);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "%s", lower.message);
    if (!tally_text_is_equal(out->receipt.member_did, member_did))
        return no_consent(denial, err, "it is somebody else's");
    if (!out->has_member || out->has_programme)
        return no_consent(denial, err, "it has to be signed by the member, and by nobody else yet");
    if (out->receipt.lapses_ms <= now_ms)
        return no_consent(denial, err, "it has lapsed");
    if (out->receipt.given_ms < now_ms - TALLY_MESSAGE_FRESH_MS ||
        out->receipt.given_ms > now_ms + TALLY_MESSAGE_FRESH_MS)
        return no_consent(denial, err, "it was not offered within the last 10 minutes");
    return compare(ledger, out, arena, denial, err);
}

/* ---- storing ---- */

static tally_rc check_new(tally_store_transaction *transaction, const tally_member *member,
                          const tally_receipt *receipt, tally_arena *arena, tally_denial *denial,
                          tally_err *err)
{
    int64_t numbers[TALLY_RECEIPTS_MAX];
    size_t count = 0;
    tally_rc rc = tally_receipt_numbers(transaction, member->subject, numbers, &count, err);

    if (rc == TALLY_OK && count == TALLY_RECEIPTS_MAX)
        return tally_deny(denial, err, TALLY_E_DENIED, "E_RATE", "R10",
                          "Wait until the oldest are over.",
                          "There are %u receipts of this member already. Nothing was stored.",
                          TALLY_RECEIPTS_MAX);
    for (size_t i = 0; rc == TALLY_OK && i < count; i++) {
        tally_receipt_row row;

        rc = tally_receipt_load(transaction, numbers[i], arena, &row, err);
        if (rc == TALLY_OK && memcmp(row.record, receipt->record, sizeof(row.record)) == 0)
            return tally_deny(denial, err, TALLY_E_DENIED, "E_REPLAY", "R1",
                              "Ask for a new offer, if you want the same again.",
                              "This receipt was stored before. Nothing was stored again.");
    }
    return rc;
}

/* The consent as an entry of the log: it commits to the receipt, which the member holds as well. */
static tally_rc append_consent(tally_ledger *ledger, tally_store_transaction *transaction,
                               const tally_member *member, const tally_receipt_row *row,
                               tally_text text, bool is_joining, uint64_t *out_entry,
                               tally_err *err)
{
    tally_fact_record fact = { .type = "consent",
                               .at_ms = ledger->state.recorded_ms,
                               .member = member };
    uint8_t hash[TALLY_HASH_BYTES];
    tally_buffer body;
    tally_jcs jcs;
    tally_rc rc;

    if (tally_hash_sha256(hash, text.bytes, text.count) != TALLY_OK)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "hashing a receipt");
    tally_buffer_init(&body, 1024);
    tally_jcs_init(&jcs, &body);
    tally_jcs_object(&jcs);
    tally_jcs_member_integer(&jcs, "policy", row->policy_version);
    tally_jcs_member_string(&jcs, "purpose", row->purpose);
    tally_value_write_bytes(&jcs, "receipt", hash, sizeof(hash));
    tally_value_write_bytes(&jcs, "record", row->record, sizeof(row->record));
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    fact.body = tally_buffer_text(&body);
    if (is_joining)
        fact.label = tally_text_of((const char *)member->label_secret, TALLY_KEY_BYTES);
    if (rc == TALLY_OK)
        rc = tally_record_append(ledger, transaction, &fact, out_entry, NULL, err);
    tally_buffer_free(&body);
    return rc;
}

static tally_rc store(tally_ledger *ledger, tally_store_transaction *transaction,
                      const tally_member *member, const tally_signed_receipt *receipt,
                      tally_text signed_text, bool is_joining, tally_arena *arena, tally_err *err)
{
    tally_receipt_row row = { .number = ledger->state.last_receipt + 1,
                              .subject = member->subject,
                              .given_ms = receipt->receipt.given_ms,
                              .lapses_ms = receipt->receipt.lapses_ms,
                              .ended_ms = INT64_MAX,
                              .policy_version = receipt->receipt.policy_version };
    tally_rc rc;

    TALLY_ASSERT(receipt->receipt.purpose.count <= TALLY_PURPOSE_BYTES_MAX);
    memcpy(row.record, receipt->receipt.record, sizeof(row.record));
    memcpy(row.purpose, receipt->receipt.purpose.bytes, receipt->receipt.purpose.count);
    rc =
        append_consent(ledger, transaction, member, &row, signed_text, is_joining, &row.entry, err);
    if (rc == TALLY_OK)
        rc = tally_receipt_seal(ledger, member, row.number, signed_text, arena, &row.sealed, err);
    if (rc == TALLY_OK)
        rc = tally_receipt_save(transaction, &row, err);
    if (rc == TALLY_OK) {
        ledger->state.last_receipt = row.number;
        ledger->state.is_changed = true;
    }
    return rc;
}

tally_rc tally_receipt_store(tally_ledger *ledger, tally_store_transaction *transaction,
                             const tally_member *member, const tally_signed_receipt *receipt,
                             tally_text text, bool is_joining, tally_buffer *out_text,
                             tally_denial *denial, tally_err *err)
{
    tally_arena *arena = tally_arena_new(TALLY_RECEIPTS_MAX * TALLY_RECEIPT_BYTES_MAX * 2);
    tally_rc rc;

    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "storing a receipt");
    rc = check_new(transaction, member, &receipt->receipt, arena, denial, err);
    if (rc == TALLY_OK)
        rc = tally_receipt_sign(out_text, text, receipt->payload, ledger->keys->operator_seed, err);
    if (rc == TALLY_OK)
        rc = store(ledger, transaction, member, receipt, tally_buffer_text(out_text), is_joining,
                   arena, err);
    tally_arena_free(arena);
    return rc;
}
