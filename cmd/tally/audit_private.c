/* SPDX-License-Identifier: Apache-2.0 */
/* Check 8: the ledger behind a log, through a private view of it. */

#include <unistd.h>

#include "audit.h"
#include "ledger/private_view.h"
#include "log.h"
#include "programme.h"
#include "util/alloc.h"

struct tally_audit_private {
    tally_private_view view;
    tally_private_report report;
    tally_private_check *check;
    tally_log_journal journal; /* of a log without a programme */
    bool has_journal;
    tally_ledger *ledger; /* of a programme */
    tally_ledger_view *ledger_view;
};

/* ---- the view of a journal: entries and documents are all it has ---- */

static tally_rc size_of(void *context, uint64_t *out_size, tally_err *err)
{
    const tally_journal *journal = context;

    return journal->calls->size(journal->context, out_size, err);
}

static tally_rc take_entry(void *context, const uint8_t *entries, size_t count, tally_err *err)
{
    if (count != 1)
        return tally_err_set(err, TALLY_E_CORRUPT, 0, "the journal gave more than was asked for");
    memcpy(context, entries, TALLY_ENTRY_BYTES);
    return TALLY_OK;
}

static tally_rc entry_of(void *context, uint64_t index, uint8_t out[static TALLY_ENTRY_BYTES],
                         tally_err *err)
{
    const tally_journal *journal = context;
    const tally_journal_sink sink = { .context = out, .take = take_entry };

    return journal->calls->read(journal->context, index, 1, &sink, err);
}

static tally_rc document_of(void *context, uint64_t index, tally_buffer *out, tally_err *err)
{
    const tally_journal *journal = context;

    return journal->calls->document(journal->context, index, out, err);
}

static const tally_private_calls journal_calls = {
    .size = size_of,
    .entry = entry_of,
    .document = document_of,
};

static bool open_journal(tally_audit *audit, tally_audit_private *private)
{
    private->has_journal = true;
    if (tally_log_open_journal(&private->journal, audit->options.private_folder, NULL,
                               &audit->stopped) != TALLY_OK)
        return false;
    private->view = (tally_private_view){ .context = (void *)(uintptr_t) private->journal.journal,
                                          .calls = &journal_calls };
    return true;
}

/* ---- the view of a programme, beside whoever writes ---- */

static bool open_programme(tally_audit *audit, tally_audit_private *private)
{
    tally_ledger_options options = { .folder = audit->options.private_folder };

    if (!tally_cmd_clock("audit", NULL, &options.clock)) {
        tally_err_set(&audit->stopped, TALLY_E_INVALID, 0, "there is no clock");
        return false;
    }
    if (tally_ledger_open(&private->ledger, &options, &audit->stopped) != TALLY_OK ||
        tally_ledger_view_open(&private->ledger_view, private->ledger, &audit->stopped) != TALLY_OK)
        return false;
    private->view = tally_ledger_view_seam(private->ledger_view);
    return true;
}

/* ---- */

static void report_fault(void *context, const char *sentence)
{
    tally_audit_fault(context, TALLY_AUDIT_PRIVATE, "%s", sentence);
}

bool tally_audit_open_private(tally_audit *audit)
{
    char path[TALLY_LOG_PATH_BYTES];
    tally_audit_private *private;

    if (audit->options.private_folder == NULL)
        return true;
    private = tally_alloc_zeroed(sizeof(*private));
    if (private == NULL) {
        tally_err_set(&audit->stopped, TALLY_E_NOMEM, 0, "memory is short");
        return false;
    }
    audit->private_view = private;
    if (!tally_log_path(path, audit->options.private_folder, "ledger.db")) {
        tally_err_set(&audit->stopped, TALLY_E_LIMIT, 0, "the path is too long");
        return false;
    }
    if (access(path, F_OK) == 0 ? !open_programme(audit, private) : !open_journal(audit, private))
        return false;
    audit->is_journal_only = private->view.calls->opening == NULL;
    private->report = (tally_private_report){ .context = audit, .fault = report_fault };
    return tally_private_begin(&private->check, &private->view, &private->report,
                               &audit->stopped) == TALLY_OK;
}

bool tally_audit_meet_private(tally_audit *audit, uint64_t index, tally_text entry)
{
    return audit->private_view == NULL || tally_private_meet(audit->private_view->check, index,
                                                             entry, &audit->stopped) == TALLY_OK;
}

bool tally_audit_end_private(tally_audit *audit)
{
    if (audit->private_view == NULL)
        return true;
    audit->is_done[TALLY_AUDIT_PRIVATE] =
        tally_private_end(audit->private_view->check, &audit->private_counts, &audit->stopped) ==
        TALLY_OK;
    return audit->is_done[TALLY_AUDIT_PRIVATE];
}

void tally_audit_close_private(tally_audit *audit)
{
    if (audit->private_view == NULL)
        return;
    tally_private_free(audit->private_view->check);
    if (audit->private_view->has_journal)
        tally_log_close_journal(&audit->private_view->journal);
    tally_ledger_view_close(audit->private_view->ledger_view);
    tally_ledger_close(audit->private_view->ledger);
    tally_release(audit->private_view);
}
