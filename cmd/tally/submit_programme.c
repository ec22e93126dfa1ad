/* SPDX-License-Identifier: Apache-2.0 */
/* Sending to a programme's folder: the ledger is opened for writing, and admits. */

#include <stdio.h>

#include "command.h"
#include "ledger/admit.h"
#include "programme.h"
#include "submit.h"
#include "util/alloc.h"

typedef struct folder_target {
    tally_programme_place place;
    tally_ledger *ledger;
    tally_submit_target *target;
} folder_target;

/* What the ledger says stands better in lines of its own than in an err. */
static tally_rc tell(folder_target *folder, tally_rc rc, const tally_denial *denial,
                     const tally_err *err)
{
    if (rc != TALLY_OK) {
        folder->target->told_status = tally_programme_refused(&folder->place, denial, err);
        if (folder->target->told_status == TALLY_EXIT_OK)
            folder->target->told_status = TALLY_EXIT_FAILED;
    }
    return rc;
}

static tally_rc next_number(void *context, tally_text source, uint64_t *out_number, tally_err *err)
{
    folder_target *folder = context;
    tally_denial denial = { .code = NULL };

    return tell(folder, tally_admit_next_number(folder->ledger, source, out_number, &denial, err),
                &denial, err);
}

static tally_rc send_message(void *context, tally_text message, tally_buffer *out_reply,
                             tally_err *err)
{
    folder_target *folder = context;
    tally_denial denial = { .code = NULL };

    return tell(folder, tally_admit(folder->ledger, message, out_reply, NULL, &denial, err),
                &denial, err);
}

static void close_target(void *context)
{
    folder_target *folder = context;

    tally_ledger_close(folder->ledger);
    tally_release(folder);
}

int tally_submit_to_folder(tally_submit_target *out_target, const tally_programme_place *place)
{
    folder_target *folder = tally_alloc_zeroed(sizeof(*folder));
    int status;

    if (folder == NULL) {
        fprintf(stderr, "tally %s: memory is short\n", place->command);
        return TALLY_EXIT_FILES;
    }
    folder->place = *place;
    folder->target = out_target;
    *out_target = (tally_submit_target){
        .context = folder, .next_number = next_number, .send = send_message, .close = close_target
    };
    status = tally_programme_open(&folder->ledger, place, true);
    if (status != TALLY_EXIT_OK)
        return status;
    out_target->programme = tally_ledger_origin(folder->ledger);
    out_target->has_signer = tally_did_key_read(out_target->signer.public32,
                                                tally_ledger_did(folder->ledger), NULL) == TALLY_OK;
    return TALLY_EXIT_OK;
}
