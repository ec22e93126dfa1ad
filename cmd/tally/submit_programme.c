/* SPDX-License-Identifier: Apache-2.0 */
/* Sending to a programme's folder: the ledger is opened for writing, and admits. */

#include <stdio.h>

#include "command.h"
#include "ledger/admit.h"
#include "programme.h"
#include "submit.h"
#include "util/alloc.h"

typedef struct folder_target {
    tally_opened_programme programme;
    tally_submit_target *target;
} folder_target;

/* What the ledger says stands better in lines of its own than in an err. */
static tally_rc tell(folder_target *folder, tally_rc rc, const tally_denial *denial,
                     const tally_err *err)
{
    if (rc != TALLY_OK)
        folder->target->told_status = tally_cmd_refused("submit", denial, err);
    return rc;
}

static tally_rc next_number(void *context, tally_text source, uint64_t *out_number, tally_err *err)
{
    folder_target *folder = context;
    tally_denial denial = { .code = NULL };

    return tell(folder,
                tally_admit_next_number(folder->programme.ledger, source, out_number, &denial, err),
                &denial, err);
}

static tally_rc send_message(void *context, tally_text message, tally_buffer *out_reply,
                             tally_err *err)
{
    folder_target *folder = context;
    tally_denial denial = { .code = NULL };

    return tell(folder,
                tally_admit(folder->programme.ledger, message, out_reply, NULL, &denial, err),
                &denial, err);
}

static void close_target(void *context)
{
    folder_target *folder = context;

    tally_cmd_close_programme(&folder->programme);
    tally_release(folder);
}

int tally_submit_to_folder(tally_submit_target *out_target, const char *folder_path,
                           const char *now)
{
    folder_target *folder = tally_alloc_zeroed(sizeof(*folder));
    int status;

    if (folder == NULL) {
        fputs("tally submit: memory is short\n", stderr);
        return TALLY_EXIT_FILES;
    }
    folder->target = out_target;
    *out_target = (tally_submit_target){
        .context = folder, .next_number = next_number, .send = send_message, .close = close_target
    };
    status = tally_cmd_open_programme(&folder->programme, "submit", folder_path, now, true);
    if (status != TALLY_EXIT_OK)
        return status;
    out_target->programme = tally_ledger_origin(folder->programme.ledger);
    out_target->has_signer =
        tally_did_key_read(out_target->signer.public32, tally_ledger_did(folder->programme.ledger),
                           NULL) == TALLY_OK;
    return TALLY_EXIT_OK;
}
