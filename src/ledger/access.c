/* SPDX-License-Identifier: Apache-2.0 */
/* The access log: see access.h.
 *
 * What an entry says is the opening of its log record, sealed for the member. ACCESSES, by number:
 * {"at","chain","commitment","log-index","subject"}, or {"chain","commitment"} once erased.
 * ACCESS_BY_SUBJECT finds a member's. */

#include "ledger/access.h"

#include <string.h>
#include "crypto/hash.h"
#include "json/jcs.h"
#include "json/read.h"
#include "ledger/record.h"
#include "message/values.h"
#include "util/alloc.h"
#include "util/bytes.h"

#define PURPOSE_BYTES_MIN 8u
#define ENTRY_BYTES_MAX   4096u
#define ARENA_BYTES_MAX   ((size_t)1 << 20)

static void name_of(uint8_t out[static 16], int64_t subject, int64_t number)
{
    tally_write_u64(out, (uint64_t)subject);
    tally_write_u64(out + 8, (uint64_t)number);
}

/* out may be the chain before. */
static tally_rc link_chain(uint8_t out[static TALLY_HASH_BYTES],
                           const uint8_t before[static TALLY_HASH_BYTES],
                           const tally_node *commitment, tally_err *err)
{
    uint8_t bytes[16 + 2 * TALLY_HASH_BYTES];
    tally_rc rc;

    memcpy(bytes, "tally/access/v1\0", 16);
    memcpy(bytes + 16, before, TALLY_HASH_BYTES);
    memcpy(bytes + 16 + TALLY_HASH_BYTES, commitment->bytes, TALLY_HASH_BYTES);
    rc = tally_hash_sha256(out, bytes, sizeof(bytes));
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "chaining an access entry");
}

/* ---- writing ------------------------------------------------------------------------ */

typedef struct logging {
    const tally_member *member;
    const tally_ticket *ticket;
} logging;

static tally_rc write_plain(const tally_ledger *ledger, const tally_ticket *ticket,
                            tally_buffer *out, tally_err *err)
{
    tally_jcs jcs;

    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    tally_jcs_member_text(&jcs, "case", ticket->case_id);
    tally_jcs_member_string(&jcs, "fields", ticket->fields);
    tally_jcs_member_text(&jcs, "purpose", ticket->purpose);
    tally_jcs_member_text(&jcs, "reader", tally_ledger_did(ledger));
    tally_jcs_member_string(&jcs, "role", ticket->role);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}

typedef struct entry {
    bool is_erased;
    int64_t subject, at_ms;
    uint8_t chain[TALLY_HASH_BYTES];
    tally_node commitment;
    uint64_t log_index;
} entry;

static tally_rc store_entry(tally_store_transaction *transaction, int64_t number, const entry *e,
                            tally_err *err)
{
    tally_buffer value;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&value, TALLY_STORE_VALUE_BYTES_MAX);
    tally_jcs_init(&jcs, &value);
    tally_jcs_object(&jcs);
    if (!e->is_erased)
        tally_value_write_instant(&jcs, "at", e->at_ms);
    tally_value_write_bytes(&jcs, "chain", e->chain, sizeof(e->chain));
    tally_value_write_bytes(&jcs, "commitment", e->commitment.bytes, TALLY_HASH_BYTES);
    if (!e->is_erased) {
        tally_jcs_member_integer(&jcs, "log-index", (int64_t)e->log_index);
        tally_jcs_member_integer(&jcs, "subject", e->subject);
    }
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_ACCESSES, number, tally_buffer_text(&value),
                             err);
    tally_buffer_free(&value);
    return rc;
}

static tally_rc log_work(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                         tally_err *err)
{
    const logging *l = context;
    int64_t number = ++ledger->state.last_access;
    entry e = { .subject = l->member->subject, .at_ms = tally_ledger_stamp(ledger) };
    uint8_t name[16];
    tally_buffer plain;
    tally_rc rc;

    ledger->state.is_changed = true;
    tally_buffer_init(&plain, ENTRY_BYTES_MAX);
    rc = write_plain(ledger, l->ticket, &plain, err);
    if (rc == TALLY_OK) {
        const tally_fact_record fact = { .type = "access",
                                         .at_ms = e.at_ms,
                                         .member = l->member,
                                         .reason = tally_buffer_text(&plain) };

        rc = tally_record_append(ledger, transaction, &fact, &e.log_index, &e.commitment, err);
    }
    tally_buffer_free(&plain);
    if (rc == TALLY_OK)
        rc = link_chain(ledger->state.access_chain, ledger->state.access_chain, &e.commitment, err);
    if (rc != TALLY_OK)
        return rc;
    memcpy(e.chain, ledger->state.access_chain, sizeof(e.chain));
    rc = store_entry(transaction, number, &e, err);
    name_of(name, e.subject, number);
    if (rc == TALLY_OK)
        rc = tally_store_name(transaction, TALLY_STORE_ACCESS_BY_SUBJECT,
                              tally_text_of((const char *)name, sizeof(name)),
                              tally_text_of(NULL, 0), err);
    return rc;
}

tally_rc tally_access_log(tally_ledger *ledger, const tally_member *member,
                          const tally_ticket *ticket, tally_denial *denial, tally_err *err)
{
    logging l = { member, ticket };
    tally_text purpose = tally_text_trim(ticket->purpose);
    tally_err why = TALLY_ERR_INIT;
    tally_rc rc;

    if (tally_text_trim(ticket->case_id).count == 0 ||
        ticket->case_id.count > TALLY_TICKET_CASE_BYTES_MAX || purpose.count < PURPOSE_BYTES_MIN ||
        purpose.count > TALLY_TICKET_PURPOSE_BYTES_MAX || !tally_text_is_visible(ticket->case_id) ||
        !tally_text_is_visible(ticket->purpose))
        return tally_deny(denial, err, TALLY_E_DENIED, "E_TICKET", "R21",
                          "give --case NUMBER and --purpose \"one sentence that the member reads\"",
                          "a plaintext read needs a case and a purpose of %u to %u bytes, in "
                          "characters that can be seen; nothing was opened",
                          PURPOSE_BYTES_MIN, TALLY_TICKET_PURPOSE_BYTES_MAX);
    rc = ledger->options.is_for_writing
             ? tally_ledger_run(ledger, true, log_work, &l, &why)
             : tally_err_set(&why, TALLY_E_IO, 0, "the programme is open for reading only");
    if (rc == TALLY_E_IO)
        return tally_deny(denial, err, rc, "E_LOG_UNAVAILABLE", "R21",
                          "mend what the store reports, then read again",
                          "the access could not be logged: %s; nothing was opened", why.message);
    return rc == TALLY_OK ? rc : tally_err_set(err, rc, 0, "%s", why.message);
}

/* ---- reading ------------------------------------------------------------------------- */

static tally_rc load_entry(tally_store_transaction *transaction, int64_t number, entry *out,
                           tally_err *err)
{
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_text value;
    bool is_found;
    tally_rc rc =
        tally_store_get(transaction, TALLY_STORE_ACCESSES, number, &value, &is_found, err);

    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "access entry %lld is missing",
                           (long long)number);
    if (rc == TALLY_OK)
        rc = tally_json_parse(&document, value, NULL, err);
    if (rc != TALLY_OK)
        return rc == TALLY_E_INVALID ? TALLY_E_CORRUPT : rc;
    tally_json_read_begin(&reader, tally_json_root(document), "access", err);
    out->subject =
        tally_json_read_optional_integer(&reader, "subject", 1, TALLY_JSON_INTEGER_MAX, 0);
    out->is_erased = out->subject == 0;
    tally_value_read_bytes(&reader, "chain", out->chain, sizeof(out->chain));
    tally_value_read_bytes(&reader, "commitment", out->commitment.bytes, TALLY_HASH_BYTES);
    if (!out->is_erased) {
        out->at_ms = tally_value_read_instant(&reader, "at");
        out->log_index =
            (uint64_t)tally_json_read_integer(&reader, "log-index", 0, TALLY_JSON_INTEGER_MAX);
    }
    rc = tally_json_read_end(&reader);
    tally_json_document_free(document);
    if (rc == TALLY_OK)
        return rc;
    return tally_err_set(err, TALLY_E_CORRUPT, 0, "access entry %lld is none", (long long)number);
}

static tally_rc read_plain(tally_text plain, tally_access *access, tally_access_visit visit,
                           void *context, tally_err *err)
{
    tally_json_document *document;
    tally_json_reader reader;
    tally_rc rc = tally_json_parse(&document, plain, NULL, err);

    if (rc != TALLY_OK)
        return rc == TALLY_E_INVALID ? TALLY_E_CORRUPT : rc;
    tally_json_read_begin(&reader, tally_json_root(document), "access", err);
    access->case_id = tally_json_read_text(&reader, "case", ENTRY_BYTES_MAX);
    access->fields = tally_json_read_text(&reader, "fields", ENTRY_BYTES_MAX);
    access->purpose = tally_json_read_text(&reader, "purpose", ENTRY_BYTES_MAX);
    access->reader = tally_json_read_text(&reader, "reader", ENTRY_BYTES_MAX);
    access->role = tally_json_read_text(&reader, "role", ENTRY_BYTES_MAX);
    rc = tally_json_read_end(&reader) == TALLY_OK ? visit(context, access, err) : TALLY_E_CORRUPT;
    tally_json_document_free(document);
    return rc;
}

static tally_rc open_entry(tally_ledger *ledger, tally_store_transaction *transaction,
                           const tally_member *member, int64_t number, tally_access_visit visit,
                           void *context, tally_err *err)
{
    tally_access access = { .number = number };
    tally_opened_record record = { 0 };
    tally_text plain = { NULL, 0 };
    tally_arena *arena;
    entry e;
    tally_rc rc = load_entry(transaction, number, &e, err);

    if (rc != TALLY_OK)
        return rc;
    access.at_ms = e.at_ms;
    arena = tally_arena_new(ARENA_BYTES_MAX);
    if (arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening an access entry");
    rc = tally_record_open(ledger, transaction, e.log_index, member, arena, &record, err);
    for (size_t i = 0; rc == TALLY_OK && i < record.slot_count; i++) {
        if (record.slots[i].slot == TALLY_SLOT_REASON)
            plain = record.slots[i].value;
    }
    if (rc == TALLY_OK)
        rc = read_plain(plain, &access, visit, context, err);
    tally_arena_free(arena);
    return rc;
}

typedef struct numbers {
    size_t count, room;
    int64_t *items;
} numbers;

static tally_rc visit_name(void *context, tally_text name, tally_text value, bool *out_is_enough,
                           tally_err *err)
{
    numbers *list = context;
    uint64_t number;

    (void)value;
    (void)out_is_enough;
    if (name.count != 16)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "an access entry has a wrong name");
    number = tally_read_u64((const uint8_t *)name.bytes + 8);
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        int64_t *grown = tally_realloc_array(list->items, room, sizeof(*grown));

        if (grown == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "listing reads");
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] = (int64_t)number;
    return TALLY_OK;
}

/* The numbers of a subject's entries, ascending. The caller releases items, also after a failure. */
static tally_rc list_of(tally_store_transaction *transaction, int64_t subject, numbers *out,
                        tally_err *err)
{
    uint8_t prefix[8];

    tally_write_u64(prefix, (uint64_t)subject);
    return tally_store_scan_names(transaction, TALLY_STORE_ACCESS_BY_SUBJECT,
                                  tally_text_of((const char *)prefix, sizeof(prefix)), visit_name,
                                  out, err);
}

tally_rc tally_access_each(tally_ledger *ledger, tally_store_transaction *transaction,
                           const tally_member *member, tally_access_visit visit, void *context,
                           tally_err *err)
{
    numbers list = { 0 };
    tally_rc rc = list_of(transaction, member->subject, &list, err);

    for (size_t i = 0; rc == TALLY_OK && i < list.count; i++)
        rc = open_entry(ledger, transaction, member, list.items[i], visit, context, err);
    tally_release(list.items);
    return rc;
}

/* ---- erasing and checking ------------------------------------------------------------- */

tally_rc tally_access_erase(tally_ledger *ledger, tally_store_transaction *transaction,
                            int64_t number, tally_err *err)
{
    uint8_t name[16];
    entry e;
    tally_rc rc = load_entry(transaction, number, &e, err);

    (void)ledger;
    if (rc != TALLY_OK || e.is_erased)
        return rc;
    name_of(name, e.subject, number);
    e.is_erased = true;
    rc = store_entry(transaction, number, &e, err);
    if (rc == TALLY_OK)
        rc = tally_store_unname(transaction, TALLY_STORE_ACCESS_BY_SUBJECT,
                                tally_text_of((const char *)name, sizeof(name)), err);
    if (rc == TALLY_OK)
        rc = tally_record_erase(transaction, e.subject, e.log_index, err);
    return rc;
}

tally_rc tally_access_erase_subject(tally_ledger *ledger, tally_store_transaction *transaction,
                                    int64_t subject, uint64_t *out_count, tally_err *err)
{
    numbers list = { 0 };
    tally_rc rc = list_of(transaction, subject, &list, err);

    for (size_t i = 0; rc == TALLY_OK && i < list.count; i++)
        rc = tally_access_erase(ledger, transaction, list.items[i], err);
    if (rc == TALLY_OK && out_count != NULL)
        *out_count = list.count;
    tally_release(list.items);
    return rc;
}

tally_rc tally_access_verify_chain(tally_ledger *ledger, tally_store_transaction *transaction,
                                   uint64_t *out_count, tally_err *err)
{
    uint8_t chain[TALLY_HASH_BYTES] = { 0 };
    tally_rc rc = TALLY_OK;

    for (int64_t number = 1; rc == TALLY_OK && number <= ledger->state.last_access; number++) {
        entry e;

        rc = load_entry(transaction, number, &e, err);
        if (rc != TALLY_OK)
            break;
        rc = link_chain(chain, chain, &e.commitment, err);
        if (rc == TALLY_OK && memcmp(chain, e.chain, sizeof(chain)) != 0)
            rc = tally_err_set(err, TALLY_E_CORRUPT, 0,
                               "access entry %lld does not continue the chain", (long long)number);
    }
    if (rc == TALLY_OK && memcmp(chain, ledger->state.access_chain, sizeof(chain)) != 0)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the chain of accesses ends otherwise");
    if (rc == TALLY_OK && out_count != NULL)
        *out_count = (uint64_t)ledger->state.last_access;
    return rc;
}
