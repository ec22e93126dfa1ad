/* SPDX-License-Identifier: Apache-2.0 */
/* Consent receipts: the payload, and its two signatures. */

#include "message/receipt.h"

#include "json/jcs.h"
#include "json/read.h"
#include "message/values.h"
#include "util/civil.h"

#define SCHEMA      "tally-receipt/1"
#define ORIGIN_MAX  255u
#define NAME_MAX    256u
#define TEXT_MAX    4096u
#define POLICY_LAST INT32_MAX

/* What every receipt of this schema says. A change here is another schema. */
static const char withdrawal[] =
    "One signed message, at any time, without a reason. It works at once; leaving is not harder "
    "than joining.";
static const char *const recipients[] = {
    "The member, at any time.",
    "The programme's engine, to count points.",
    "Staff of the programme, for one case with a stated purpose; the member sees each reading.",
    "The public log: salted fingerprints that say nothing once erased.",
    NULL,
};
static const char *const rights[] = {
    "withdraw", "erase", "read", "export", "explanation", "see who read", "no detriment", NULL,
};
static const struct {
    const char *name, *value; /* NULL: the policy's */
} retention[] = {
    { "accesses", "24 months" },
    { "backups", "30 days" },
    { "erased-within", "72 hours" },
    { "events", NULL },
    { "receipts", "24 months after they end" },
};

#define RETENTION_COUNT (sizeof(retention) / sizeof(retention[0]))

bool tally_receipt_lapses(int64_t *out_ms, int64_t given_ms)
{
    int32_t day;

    if (tally_day_add_months(&day, tally_day_of_ms(given_ms, 0), TALLY_RECEIPT_MONTHS_MAX,
                             TALLY_MONTH_END_LAST_DAY) != TALLY_OK)
        return false;
    *out_ms = day * TALLY_DAY_MS + tally_ms_of_day(given_ms, 0);
    return true;
}

/* ---- writing; members in the order of their names ---- */

static void write_texts(tally_jcs *jcs, const char *name, const tally_text *texts, uint32_t count)
{
    tally_jcs_name(jcs, name);
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < count; i++)
        tally_jcs_text(jcs, texts[i]);
    tally_jcs_array_end(jcs);
}

static void write_strings(tally_jcs *jcs, const char *name, const char *const *strings)
{
    tally_jcs_name(jcs, name);
    tally_jcs_array(jcs);
    for (size_t i = 0; strings[i] != NULL; i++)
        tally_jcs_string(jcs, strings[i]);
    tally_jcs_array_end(jcs);
}

static void write_event(tally_jcs *jcs, const tally_receipt *receipt)
{
    tally_jcs_name(jcs, "event");
    tally_jcs_object(jcs);
    tally_value_write_instant(jcs, "lapses", receipt->lapses_ms);
    tally_jcs_member_string(jcs, "state", "given");
    tally_value_write_instant(jcs, "time", receipt->given_ms);
    tally_jcs_object_end(jcs);
}

static void write_header(tally_jcs *jcs, const tally_receipt *receipt)
{
    tally_jcs_name(jcs, "header");
    tally_jcs_object(jcs);
    tally_value_write_bytes(jcs, "charter", receipt->charter, sizeof(receipt->charter));
    tally_value_write_bytes(jcs, "notice", receipt->notice, sizeof(receipt->notice));
    tally_jcs_name(jcs, "policy");
    tally_jcs_object(jcs);
    tally_value_write_bytes(jcs, "hash", receipt->policy, sizeof(receipt->policy));
    tally_jcs_member_integer(jcs, "version", receipt->policy_version);
    tally_jcs_object_end(jcs);
    tally_jcs_member_text(jcs, "programme", receipt->programme);
    tally_value_write_bytes(jcs, "record", receipt->record, sizeof(receipt->record));
    tally_jcs_member_string(jcs, "schema", SCHEMA);
    tally_jcs_object_end(jcs);
}

static void write_parties(tally_jcs *jcs, const tally_receipt *receipt)
{
    tally_jcs_name(jcs, "parties");
    tally_jcs_object(jcs);
    tally_jcs_name(jcs, "controller");
    tally_jcs_object(jcs);
    tally_jcs_member_text(jcs, "contact", receipt->controller_contact);
    tally_jcs_member_text(jcs, "did", receipt->controller_did);
    tally_jcs_member_text(jcs, "name", receipt->controller_name);
    tally_jcs_object_end(jcs);
    tally_jcs_name(jcs, "principal");
    tally_jcs_object(jcs);
    tally_jcs_member_text(jcs, "did", receipt->member_did);
    tally_jcs_member_bool(jcs, "generated", receipt->is_generated);
    tally_jcs_member_text(jcs, "recovery", receipt->recovery_did);
    tally_jcs_object_end(jcs);
    tally_jcs_object_end(jcs);
}

static void write_processing(tally_jcs *jcs, const tally_receipt *receipt)
{
    tally_jcs_name(jcs, "processing");
    tally_jcs_object(jcs);
    tally_jcs_member_string(jcs, "basis", "consent");
    tally_jcs_name(jcs, "data");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < receipt->data_count; i++) {
        tally_jcs_object(jcs);
        tally_jcs_member_text(jcs, "event", receipt->data[i].event);
        write_texts(jcs, "fields", receipt->data[i].fields, receipt->data[i].field_count);
        write_texts(jcs, "sources", receipt->data[i].sources, receipt->data[i].source_count);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
    tally_jcs_member_text(jcs, "purpose", receipt->purpose);
    tally_jcs_member_text(jcs, "purpose-text", receipt->purpose_text);
    write_strings(jcs, "recipients", recipients);
    tally_jcs_name(jcs, "retention");
    tally_jcs_object(jcs);
    for (size_t i = 0; i < RETENTION_COUNT; i++)
        tally_jcs_member_text(jcs, retention[i].name,
                              retention[i].value != NULL ? tally_text_from(retention[i].value)
                                                         : receipt->keeps_events);
    tally_jcs_object_end(jcs);
    write_strings(jcs, "rights", rights);
    write_texts(jcs, "sharing", NULL, 0);
    tally_jcs_member_string(jcs, "withdrawal", withdrawal);
    tally_jcs_object_end(jcs);
}

tally_rc tally_receipt_write(tally_buffer *out, const tally_receipt *receipt, tally_err *err)
{
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    write_event(&jcs, receipt);
    write_header(&jcs, receipt);
    write_parties(&jcs, receipt);
    write_processing(&jcs, receipt);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

/* ---- reading ---- */

/* A reading of one payload: texts are copied into the arena, whose failure sticks. */
typedef struct reading {
    tally_receipt *out;
    tally_arena *arena;
    tally_rc rc;
} reading;

static tally_text keep(reading *r, tally_text text)
{
    tally_text copy = { "", 0 };

    if (r->rc == TALLY_OK && !tally_arena_copy_text(r->arena, &copy, text))
        r->rc = tally_arena_failure(r->arena);
    return copy;
}

static tally_text read_did(reading *r, tally_json_reader *reader, const char *name)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];
    tally_text did = tally_json_read_text(reader, name, TALLY_DID_KEY_CHARACTERS);

    if (did.count > 0 && tally_did_key_read(public32, did, NULL) != TALLY_OK)
        tally_json_read_fail(reader, name, "must be a did:key");
    return keep(r, did);
}

static void read_event(reading *r, tally_json_reader *root)
{
    tally_json_reader event;
    int64_t latest;

    if (!tally_json_read_object(root, "event", &event))
        return;
    tally_json_read_constant(&event, "state", "given");
    r->out->given_ms = tally_value_read_instant(&event, "time");
    r->out->lapses_ms = tally_value_read_instant(&event, "lapses");
    if (event.rc == TALLY_OK &&
        (!tally_receipt_lapses(&latest, r->out->given_ms) || r->out->lapses_ms > latest ||
         r->out->lapses_ms <= r->out->given_ms))
        tally_json_read_fail(&event, "lapses", "must be at most 24 months after the time");
    (void)tally_json_read_end(&event);
}

static void read_header(reading *r, tally_json_reader *root)
{
    tally_json_reader header, policy;

    if (!tally_json_read_object(root, "header", &header))
        return;
    tally_json_read_constant(&header, "schema", SCHEMA);
    tally_value_read_bytes(&header, "charter", r->out->charter, sizeof(r->out->charter));
    tally_value_read_bytes(&header, "notice", r->out->notice, sizeof(r->out->notice));
    tally_value_read_bytes(&header, "record", r->out->record, sizeof(r->out->record));
    r->out->programme = keep(r, tally_json_read_text(&header, "programme", ORIGIN_MAX));
    if (tally_json_read_object(&header, "policy", &policy)) {
        tally_value_read_bytes(&policy, "hash", r->out->policy, sizeof(r->out->policy));
        r->out->policy_version =
            (uint32_t)tally_json_read_integer(&policy, "version", 1, POLICY_LAST);
        (void)tally_json_read_end(&policy);
    }
    (void)tally_json_read_end(&header);
}

static void read_parties(reading *r, tally_json_reader *root)
{
    tally_json_reader parties, party;

    if (!tally_json_read_object(root, "parties", &parties))
        return;
    if (tally_json_read_object(&parties, "controller", &party)) {
        r->out->controller_contact = keep(r, tally_json_read_text(&party, "contact", TEXT_MAX));
        r->out->controller_did = read_did(r, &party, "did");
        r->out->controller_name = keep(r, tally_json_read_text(&party, "name", TEXT_MAX));
        (void)tally_json_read_end(&party);
    }
    if (tally_json_read_object(&parties, "principal", &party)) {
        r->out->member_did = read_did(r, &party, "did");
        r->out->is_generated = tally_json_read_bool(&party, "generated");
        r->out->recovery_did = read_did(r, &party, "recovery");
        (void)tally_json_read_end(&party);
    }
    (void)tally_json_read_end(&parties);
}

static const tally_text *read_names(reading *r, tally_json_reader *reader, const char *name,
                                    uint32_t *out_count)
{
    tally_json_items items;
    tally_text *names;
    tally_text text;

    *out_count = 0;
    tally_json_read_array(reader, name, 0, TALLY_RECEIPT_NAMES_MAX, &items);
    names = tally_arena_zalloc_array(r->arena, tally_json_items_count(&items), sizeof(*names));
    if (names == NULL) {
        r->rc = tally_arena_failure(r->arena);
        return NULL;
    }
    while (tally_json_next_text(&items, NAME_MAX, &text))
        names[(*out_count)++] = keep(r, text);
    return names;
}

static void read_data(reading *r, tally_json_reader *processing)
{
    tally_json_reader row;
    tally_json_items items;
    tally_receipt_data *data;

    tally_json_read_array(processing, "data", 0, TALLY_RECEIPT_TYPES_MAX, &items);
    data = tally_arena_zalloc_array(r->arena, tally_json_items_count(&items), sizeof(*data));
    if (data == NULL) {
        r->rc = tally_arena_failure(r->arena);
        return;
    }
    r->out->data = data;
    while (r->rc == TALLY_OK && tally_json_next_object(&items, &row)) {
        tally_receipt_data *one = &data[r->out->data_count++];

        one->event = keep(r, tally_json_read_text(&row, "event", NAME_MAX));
        one->fields = read_names(r, &row, "fields", &one->field_count);
        one->sources = read_names(r, &row, "sources", &one->source_count);
        (void)tally_json_read_end(&row);
    }
}

/* A list that is the same in every receipt. */
static void read_strings(tally_json_reader *reader, const char *name, const char *const *wanted)
{
    tally_json_items items;
    tally_text text;
    size_t i = 0;

    tally_json_read_array(reader, name, 0, TALLY_RECEIPT_NAMES_MAX, &items);
    while (tally_json_next_text(&items, TEXT_MAX, &text)) {
        if (wanted[i] == NULL || !tally_text_is(text, wanted[i])) {
            tally_json_read_fail(reader, name, "says something else than every receipt does");
            return;
        }
        i++;
    }
    if (wanted[i] != NULL)
        tally_json_read_fail(reader, name, "says less than every receipt does");
}

static void read_processing(reading *r, tally_json_reader *root)
{
    tally_json_reader processing, rows;
    const tally_json_value *sharing;

    if (!tally_json_read_object(root, "processing", &processing))
        return;
    tally_json_read_constant(&processing, "basis", "consent");
    read_data(r, &processing);
    r->out->purpose = keep(r, tally_json_read_text(&processing, "purpose", NAME_MAX));
    r->out->purpose_text = keep(r, tally_json_read_text(&processing, "purpose-text", TEXT_MAX));
    read_strings(&processing, "recipients", recipients);
    if (tally_json_read_object(&processing, "retention", &rows)) {
        for (size_t i = 0; i < RETENTION_COUNT; i++) {
            if (retention[i].value != NULL)
                tally_json_read_constant(&rows, retention[i].name, retention[i].value);
            else
                r->out->keeps_events =
                    keep(r, tally_json_read_text(&rows, retention[i].name, NAME_MAX));
        }
        (void)tally_json_read_end(&rows);
    }
    read_strings(&processing, "rights", rights);
    sharing = tally_json_read_value(&processing, "sharing");
    if (sharing != NULL &&
        (tally_json_kind_of(sharing) != TALLY_JSON_ARRAY || tally_json_count(sharing) > 0))
        tally_json_read_fail(&processing, "sharing",
                             "must be empty: what is shared needs a receipt of its own");
    tally_json_read_constant(&processing, "withdrawal", withdrawal);
    (void)tally_json_read_end(&processing);
}

static tally_rc read_root(tally_receipt *out, const tally_json_value *payload, tally_arena *arena,
                          tally_err *err)
{
    reading r = { out, arena, TALLY_OK };
    tally_json_reader root;
    tally_rc rc;

    *out = (tally_receipt){ 0 };
    tally_json_read_begin(&root, payload, "receipt", err);
    read_event(&r, &root);
    read_header(&r, &root);
    read_parties(&r, &root);
    read_processing(&r, &root);
    rc = tally_json_read_end(&root);
    if (rc == TALLY_OK && r.rc != TALLY_OK)
        rc = tally_err_set(err, r.rc, 0, "reading a receipt");
    return rc;
}

static const tally_json_options options = { TALLY_RECEIPT_BYTES_MAX, 0, false };

tally_rc tally_receipt_read(tally_receipt *out, tally_text payload, tally_arena *arena,
                            tally_err *err)
{
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, payload, &options, err);

    if (rc == TALLY_OK)
        rc = tally_jcs_check(tally_json_root(document), payload, err);
    if (rc == TALLY_OK)
        rc = read_root(out, tally_json_root(document), arena, err);
    tally_json_document_free(document);
    return rc;
}

/* ---- signatures ---- */

static bool is_key_of(const tally_jws_key *key, tally_text did)
{
    uint8_t public32[TALLY_ED25519_PUBLIC_BYTES];

    return tally_did_key_read(public32, did, NULL) == TALLY_OK &&
           memcmp(public32, key->public32, sizeof(public32)) == 0;
}

tally_rc tally_receipt_verify(tally_signed_receipt *out, tally_text text, tally_arena *arena,
                              tally_err *err)
{
    tally_jws_key signers[TALLY_JWS_SIGNATURES_MAX];
    uint32_t signer_count = 0;
    tally_buffer payload;
    tally_rc rc;

    *out = (tally_signed_receipt){ .has_member = false };
    if (text.count > TALLY_RECEIPT_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a receipt has at most %zu bytes",
                             TALLY_RECEIPT_BYTES_MAX);
    tally_buffer_init(&payload, TALLY_RECEIPT_BYTES_MAX);
    rc = tally_jws_general_verify(&payload, signers, &signer_count, text, TALLY_RECEIPT_TYP, err);
    if (rc == TALLY_OK && !tally_arena_copy_text(arena, &out->payload, tally_buffer_text(&payload)))
        rc = tally_err_set(err, tally_arena_failure(arena), 0, "reading a receipt");
    tally_buffer_free(&payload);
    if (rc == TALLY_OK)
        rc = tally_receipt_read(&out->receipt, out->payload, arena, err);
    for (uint32_t i = 0; rc == TALLY_OK && i < signer_count; i++) {
        if (is_key_of(&signers[i], out->receipt.member_did))
            out->has_member = true;
        else if (is_key_of(&signers[i], out->receipt.controller_did))
            out->has_programme = true;
        else
            rc = tally_err_set(err, TALLY_E_INVALID, 0,
                               "somebody signed this receipt who is no party to it");
    }
    return rc;
}

tally_rc tally_receipt_sign(tally_buffer *out, tally_text others, tally_text payload,
                            const uint8_t seed[static 32], tally_err *err)
{
    return tally_jws_cosign(out, others, payload, TALLY_RECEIPT_TYP, seed, err);
}
