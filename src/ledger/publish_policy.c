/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing versions. */

#include "ledger/publish_policy.h"

#include <string.h>

#include "ledger/create.h"
#include "ledger/policies.h"
#include "policy/diagnostics.h"

/* It begins with its day, or at once when that is today's. */
static int64_t begins_ms(const tally_policy *program, int64_t now_ms)
{
    int64_t from_ms = program->versions[program->version_count - 1].from_ms;

    return from_ms > now_ms ? from_ms : now_ms;
}

/* The verdict at an instant; that of before is replaced. */
static tally_rc ask(tally_policy_review *review, const tally_ledger *ledger, int64_t now_ms,
                    tally_err *err)
{
    tally_publish_request request = { .program = review->program,
                                      .chain = ledger->policy,
                                      .chain_effective_ms = ledger->policy_begins_ms,
                                      .now_ms = now_ms,
                                      .line_offset = review->line_offset };
    tally_publish_verdict verdict;
    tally_rc rc;

    request.effective_ms = begins_ms(review->program, now_ms);
    rc = tally_policy_publish_check(&verdict, &request, err);
    if (rc != TALLY_OK)
        return rc;
    tally_publish_verdict_free(&review->verdict);
    review->verdict = verdict;
    review->begins_ms = request.effective_ms;
    return TALLY_OK;
}

void tally_policy_review_free(tally_policy_review *review)
{
    tally_publish_verdict_free(&review->verdict);
    tally_policy_free(review->program);
    *review = (tally_policy_review){ 0 };
}

tally_rc tally_ledger_review_policy(tally_policy_review *out, tally_ledger *ledger,
                                    const char *file_name, tally_text text,
                                    tally_diagnostics *diagnostics, tally_denial *denial,
                                    tally_err *err)
{
    tally_policy_review review = { 0 };
    tally_err inner = TALLY_ERR_INIT;
    tally_rc rc =
        tally_policy_append(&review.program, &review.line_offset, ledger->policy, file_name,
                            text.bytes, text.count, &ledger->options.zones, diagnostics, &inner);

    *out = (tally_policy_review){ 0 };
    if (rc == TALLY_E_CONFLICT)
        return tally_deny(denial, err, rc, "E_RETROACTIVE", "R25",
                          "append the new version to the published file, below a line of ---", "%s",
                          inner.message);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, inner.line, "%s", inner.message);
    review.number = review.program->version_count;
    rc = tally_pilot_check(review.program, diagnostics, denial, err);
    if (rc == TALLY_OK)
        rc = ask(&review, ledger, tally_ledger_now_ms(ledger), err);
    if (rc != TALLY_OK) {
        tally_policy_review_free(&review);
        return rc;
    }
    *out = review;
    return TALLY_OK;
}

/* ---- publishing ---- */

typedef struct publishing {
    tally_policy_review *review;
    tally_denial *denial;
} publishing;

static tally_rc refuse(const tally_publish_verdict *verdict, tally_denial *denial, tally_err *err)
{
    const tally_diagnostic *first = tally_diagnostics_get(verdict->refusals, 0);

    return tally_deny(denial, err, TALLY_E_DENIED, first->code, first->right, "", "%s; %s",
                      first->message, "nothing was published");
}

static tally_rc put(tally_ledger *ledger, tally_store_transaction *transaction,
                    const tally_policy_review *review, int64_t now_ms, tally_err *err)
{
    int64_t begins[TALLY_LEDGER_VERSIONS_MAX];
    tally_policy_publication publication = { .program = review->program,
                                             .label =
                                                 tally_change_label_name(review->verdict.label),
                                             .begins_ms = begins,
                                             .published_ms = now_ms };
    tally_buffer changes;
    tally_rc rc;

    memcpy(begins, ledger->policy_begins_ms, sizeof(begins));
    begins[review->number - 1] = review->begins_ms;
    tally_buffer_init(&changes, TALLY_JSON_BYTES_MAX);
    tally_policy_changes_render_json(review->verdict.changes, &changes);
    rc = tally_buffer_failure(&changes);
    publication.changes = tally_buffer_text(&changes);
    if (rc != TALLY_OK)
        rc = tally_err_set(err, rc, 0, "the list of changes is too long");
    else
        rc = tally_ledger_put_policy(ledger, transaction, &publication, err);
    tally_buffer_free(&changes);
    return rc;
}

static tally_rc publish(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                        tally_err *err)
{
    const publishing *work = context;
    tally_policy_review *review = work->review;
    int64_t now_ms = tally_ledger_stamp(ledger);
    tally_rc rc;

    if (review->number != ledger->policy_version + 1)
        return tally_deny(work->denial, err, TALLY_E_CONFLICT, "E_CONFLICT", "R25",
                          "look at the new version again",
                          "version %u was published since; nothing was changed",
                          ledger->policy_version);
    rc = ask(review, ledger, now_ms, err);
    if (rc == TALLY_OK && !review->verdict.is_allowed)
        rc = refuse(&review->verdict, work->denial, err);
    if (rc == TALLY_OK)
        rc = put(ledger, transaction, review, now_ms, err);
    return rc;
}

static tally_rc reload(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                       tally_err *err)
{
    (void)context;
    return tally_ledger_load_policy(ledger, transaction, err);
}

tally_rc tally_ledger_publish_policy(tally_ledger *ledger, tally_policy_review *review,
                                     tally_denial *denial, tally_err *err)
{
    publishing work = { review, denial };
    tally_rc rc = tally_ledger_run(ledger, true, publish, &work, err);

    if (rc != TALLY_OK)
        return rc;
    /* It is published: what fails from here on is made up for by opening the programme again. */
    rc = tally_ledger_run(ledger, false, reload, NULL, err);
    if (rc == TALLY_OK)
        rc = tally_ledger_write_policy_files(ledger, err);
    return rc;
}
