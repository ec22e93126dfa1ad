/* SPDX-License-Identifier: Apache-2.0 */
/* Sending to a programme's folder: the ledger is opened for writing, and admits. */

#include <stdio.h>
#include <time.h>

#include "ledger/admit.h"
#include "load.h"
#include "submit.h"
#include "util/alloc.h"

typedef struct folder_target {
    tally_system_zones zones;
    tally_ledger *ledger;
} folder_target;

static int64_t system_now_ms(void *context)
{
    struct timespec now;

    (void)context;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the ledger said, and what to do about it. */
static tally_rc tell(tally_rc rc, const tally_denial *denial, const tally_err *why, tally_err *err)
{
    if (rc == TALLY_OK)
        return rc;
    if (denial->code == NULL)
        return tally_err_set(err, rc, 0, "%s", why->message);
    return tally_err_set(err, rc, 0, "%s%s%s%s: %s. What to do: %s.", denial->code,
                         denial->right[0] != '\0' ? " (" : "", denial->right,
                         denial->right[0] != '\0' ? ")" : "", denial->message, denial->remedy);
}

static tally_rc next_number(void *context, tally_text source, uint64_t *out_number, tally_err *err)
{
    folder_target *target = context;
    tally_denial denial = { .code = NULL };
    tally_err why = TALLY_ERR_INIT;

    return tell(tally_admit_next_number(target->ledger, source, out_number, &denial, &why), &denial,
                &why, err);
}

static tally_rc send_message(void *context, tally_text message, tally_buffer *out_reply,
                             tally_err *err)
{
    folder_target *target = context;
    tally_denial denial = { .code = NULL };
    tally_err why = TALLY_ERR_INIT;

    return tell(tally_admit(target->ledger, message, out_reply, NULL, &denial, &why), &denial, &why,
                err);
}

static void close_target(void *context)
{
    folder_target *target = context;

    tally_ledger_close(target->ledger);
    tally_system_zones_free(&target->zones);
    tally_release(target);
}

tally_rc tally_submit_to_folder(tally_submit_target *out_target, const char *folder, int64_t at_ms,
                                tally_err *err)
{
    folder_target *target = tally_alloc_zeroed(sizeof(*target));
    tally_ledger_options options = { .folder = folder, .is_for_writing = true };
    tally_rc rc;

    if (target == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "opening the programme");
    tally_system_zones_init(&target->zones);
    options.zones = target->zones.source;
    if (at_ms == INT64_MIN)
        options.clock.now_ms = system_now_ms;
    else
        options.clock.fixed_ms = at_ms;
    rc = tally_ledger_open(&target->ledger, &options, err);
    if (rc != TALLY_OK) {
        close_target(target);
        return rc;
    }
    *out_target = (tally_submit_target){
        .context = target,
        .programme = tally_ledger_origin(target->ledger),
        .next_number = next_number,
        .send = send_message,
        .close = close_target,
    };
    rc = tally_did_key_read(out_target->signer.public32, tally_ledger_did(target->ledger), err);
    out_target->has_signer = rc == TALLY_OK;
    return rc;
}
