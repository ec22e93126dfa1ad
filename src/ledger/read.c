/* SPDX-License-Identifier: Apache-2.0 */
/* A member's own reads: see read.h. */

#include "ledger/read.h"

#include "json/jcs.h"
#include "ledger/access.h"
#include "ledger/export.h"
#include "ledger/export_parts.h"
#include "ledger/message.h"
#include "ledger/statement.h"
#include "message/values.h"

typedef struct reading {
    tally_message message;
    tally_arena *arena;
    tally_buffer *out;
    size_t out_at; /* what stood in it before */
    tally_denial *denial;
} reading;

static tally_rc read_statement(tally_ledger *ledger, tally_store_transaction *transaction,
                               const reading *r, int64_t as_of_ms, tally_err *err)
{
    static const tally_text_options words = { .width = 96, .names_events = true };
    tally_statement *statement = NULL;
    char *text = NULL;
    size_t count = 0;
    tally_rc rc = tally_ledger_own_statement(ledger, transaction, &r->message.member, as_of_ms,
                                             &statement, err);

    if (rc == TALLY_OK)
        rc = r->message.request.what == TALLY_READ_IN_WORDS
                 ? tally_statement_render_text(statement, &text, &count, &words, err)
                 : tally_statement_render_json(statement, &text, &count, err);
    if (rc == TALLY_OK && tally_buffer_append(r->out, text, count) != TALLY_OK)
        rc = tally_err_set(err, tally_buffer_failure(r->out), 0, "telling a statement");
    tally_statement_free_text(text);
    tally_statement_free(statement);
    return rc;
}

static tally_rc write_access(void *context, const tally_access *access, tally_err *err)
{
    tally_jcs *jcs = context;

    (void)err;
    tally_jcs_object(jcs);
    tally_value_write_instant(jcs, "at", access->at_ms);
    tally_jcs_member_text(jcs, "case", access->case_id);
    tally_jcs_member_text(jcs, "fields", access->fields);
    tally_jcs_member_integer(jcs, "number", access->number);
    tally_jcs_member_text(jcs, "purpose", access->purpose);
    tally_jcs_member_text(jcs, "reader", access->reader);
    tally_jcs_member_text(jcs, "role", access->role);
    tally_jcs_object_end(jcs);
    return TALLY_OK;
}

static tally_rc read_accesses(tally_ledger *ledger, tally_store_transaction *transaction,
                              reading *r, tally_err *err)
{
    tally_jcs jcs;
    tally_rc rc;

    tally_jcs_init(&jcs, r->out);
    tally_jcs_array(&jcs);
    rc = tally_access_each(ledger, transaction, &r->message.member, write_access, &jcs, err);
    tally_jcs_array_end(&jcs);
    return rc == TALLY_OK ? tally_jcs_finish(&jcs, err) : rc;
}

static tally_rc read_receipts(tally_store_transaction *transaction, const reading *r,
                              tally_err *err)
{
    tally_jcs jcs;
    tally_rc rc;

    tally_jcs_init(&jcs, r->out);
    rc = tally_export_receipts(&jcs, transaction, &r->message.member, r->arena, err);
    return rc == TALLY_OK ? tally_jcs_finish(&jcs, err) : rc;
}

static tally_rc answer(tally_ledger *ledger, tally_store_transaction *transaction, reading *r,
                       tally_err *err)
{
    const tally_request *request = &r->message.request;
    const tally_member *member = &r->message.member;
    int64_t as_of_ms = request->has_as_of ? request->as_of_ms : r->message.now_ms;

    switch (request->what) {
    case TALLY_READ_STATEMENT:
    case TALLY_READ_IN_WORDS:
        return read_statement(ledger, transaction, r, as_of_ms, err);
    case TALLY_READ_RECEIPTS:
        return read_receipts(transaction, r, err);
    case TALLY_READ_ACCESSES:
        return read_accesses(ledger, transaction, r, err);
    case TALLY_READ_EXPORT:
        return tally_ledger_export(ledger, transaction, member->subject, member,
                                   tally_text_from(member->dids[member->did_count - 1]), as_of_ms,
                                   r->out, err);
    }
    TALLY_NEVER("a request reads one of these");
}

static tally_rc work(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    reading *r = context;
    tally_rc rc = tally_message_admit(ledger, transaction, &r->message, r->denial, err);

    tally_buffer_truncate(r->out, r->out_at);
    if (rc == TALLY_OK && !r->message.is_member)
        rc = tally_message_refuse_stranger(r->denial, err);
    if (rc == TALLY_OK)
        rc = tally_message_spend(ledger, transaction, &r->message, 0, err);
    return rc == TALLY_OK ? answer(ledger, transaction, r, err) : rc;
}

tally_rc tally_ledger_read(tally_ledger *ledger, tally_text message, tally_buffer *out,
                           tally_denial *denial, tally_err *err)
{
    reading r = { .out = out, .out_at = tally_buffer_text(out).count, .denial = denial };
    tally_rc rc;

    r.arena = tally_arena_new(TALLY_MESSAGE_ARENA_BYTES);
    if (r.arena == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a request");
    rc = tally_message_read(ledger, message, r.arena, &r.message, denial, err);
    if (rc == TALLY_OK && r.message.request.kind != TALLY_REQUEST_READ)
        rc = tally_deny(denial, err, TALLY_E_INVALID, "E_MESSAGE", "",
                        "Send requests that change something by their own way.",
                        "This request does not read. Nothing was done.");
    if (rc == TALLY_OK)
        rc = tally_ledger_run(ledger, true, work, &r, err);
    if (rc != TALLY_OK)
        tally_buffer_truncate(out, r.out_at);
    tally_message_wipe(&r.message);
    tally_arena_free(r.arena);
    return rc;
}
