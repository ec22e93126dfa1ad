/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the promise that answers a batch: see admit_reply.h. */

#include "ledger/admit_reply.h"

#include <string.h>

#include "crypto/jws.h"
#include "json/jcs.h"
#include "message/values.h"

#define REPLY_BYTES_MAX ((size_t)8 << 20)

/* A promise of 10,000 refusals has to fit a JWS too, so that a reason may take only its share of what
 * base64url leaves. What the rest takes: all members but "refused", header and signature; of one
 * refusal all but its reason. */
#define REFUSALS_BYTES_MAX (TALLY_JWS_BYTES_MAX / 4 * 3 - 4096)
#define REFUSAL_BYTES      112u
#define CUT_MARK           "\xe2\x80\xa6" /* an ellipsis */
#define MS_PER_HOUR        INT64_C(3600000)

/* The log is published on a beat of an hour; a record is in the next one or, when that is just being
 * closed, in the one after. */
static int64_t publish_by(int64_t recorded_ms)
{
    return (recorded_ms / MS_PER_HOUR + 2) * MS_PER_HOUR;
}

_Static_assert(REFUSALS_BYTES_MAX / TALLY_BATCH_EVENTS_MAX - REFUSAL_BYTES >= 160,
               "a reason that says something");

/* Positions in ascending runs: "0-41,43". */
static void append_positions(const tally_promise *promise, tally_buffer *out)
{
    uint32_t count = promise->batch->event_count;
    const char *comma = "";

    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = i;

        if (promise->refusals[i].code != NULL)
            continue;
        while (i + 1 < count && promise->refusals[i + 1].code == NULL)
            i++;
        (void)tally_buffer_printf(out, from == i ? "%s%u" : "%s%u-%u", comma, from, i);
        comma = ",";
    }
}

tally_rc tally_promise_body(const tally_promise *promise, tally_buffer *out, tally_err *err)
{
    tally_buffer positions;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&positions, REPLY_BYTES_MAX);
    append_positions(promise, &positions);
    rc = tally_buffer_failure(&positions);
    if (rc == TALLY_OK) {
        tally_jcs_init(&jcs, out);
        tally_jcs_object(&jcs);
        tally_jcs_member_text(&jcs, "admitted", tally_buffer_text(&positions));
        tally_jcs_member_text(&jcs, "header", promise->batch->header_jws);
        tally_jcs_object_end(&jcs);
        rc = tally_jcs_finish(&jcs, err);
    } else {
        rc = tally_err_set(err, rc, 0, "recording a batch");
    }
    tally_buffer_free(&positions);
    return rc;
}

static size_t escaped_bytes(char byte)
{
    return (unsigned char)byte < 0x20 ? 6 : byte == '"' || byte == '\\' ? 2 : 1;
}

/* A reason within so many bytes of JSON: cut behind a whole character, with a mark, when it is longer. */
static tally_text cut_reason(char room[static TALLY_ERR_MESSAGE_BYTES], tally_text reason,
                             size_t bytes_max)
{
    size_t mark_bytes = sizeof(CUT_MARK) - 1, bytes = 0, kept = 0, at = 0;

    for (; at < reason.count && bytes + escaped_bytes(reason.bytes[at]) <= bytes_max; at++) {
        bool is_inside = ((unsigned char)reason.bytes[at] & 0xc0) == 0x80;

        /* Before this byte a character ends; behind it the mark must still fit. */
        if (!is_inside && bytes + mark_bytes <= bytes_max &&
            at + mark_bytes <= TALLY_ERR_MESSAGE_BYTES)
            kept = at;
        bytes += escaped_bytes(reason.bytes[at]);
    }
    if (at == reason.count)
        return reason;
    memcpy(room, reason.bytes, kept);
    memcpy(room + kept, CUT_MARK, mark_bytes);
    return tally_text_of(room, kept + mark_bytes);
}

static void write_refusals(tally_jcs *jcs, const tally_promise *promise)
{
    uint32_t count = promise->batch->event_count - promise->admitted;
    size_t reason_max = count > 0 ? REFUSALS_BYTES_MAX / count - REFUSAL_BYTES : 0;
    char room[TALLY_ERR_MESSAGE_BYTES];

    tally_jcs_name(jcs, "refused");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < promise->batch->event_count; i++) {
        const tally_event_refusal *refusal = &promise->refusals[i];

        if (refusal->code == NULL)
            continue;
        tally_jcs_object(jcs);
        tally_jcs_member_string(jcs, "code", refusal->code);
        tally_jcs_member_integer(jcs, "position", i);
        tally_jcs_member_text(jcs, "reason", cut_reason(room, refusal->sentence, reason_max));
        tally_jcs_member_string(jcs, "right", refusal->right);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
}

tally_rc tally_promise_sign(const tally_ledger *ledger, const tally_promise *promise,
                            tally_buffer *out, tally_err *err)
{
    const tally_batch_header *header = &promise->batch->header;
    tally_buffer payload;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&payload, REPLY_BYTES_MAX);
    tally_jcs_init(&jcs, &payload);
    tally_jcs_object(&jcs);
    tally_jcs_member_integer(&jcs, "admitted", promise->admitted);
    tally_value_write_bytes(&jcs, "commitment", promise->commitment.bytes, TALLY_HASH_BYTES);
    tally_jcs_member_integer(&jcs, "count", promise->batch->event_count);
    tally_jcs_member_string(&jcs, "kind", "batch");
    tally_jcs_member_integer(&jcs, "log-index", (int64_t)promise->log_index);
    tally_jcs_member_integer(&jcs, "number", (int64_t)header->number);
    tally_jcs_member_text(&jcs, "programme", header->programme);
    tally_value_write_instant(&jcs, "publish-by", publish_by(promise->recorded_ms));
    tally_value_write_instant(&jcs, "recorded", promise->recorded_ms);
    write_refusals(&jcs, promise);
    tally_value_write_bytes(&jcs, "root", header->root.bytes, TALLY_HASH_BYTES);
    tally_jcs_member_text(&jcs, "source", header->source);
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_jws_sign(out, tally_buffer_text(&payload), TALLY_PROMISE_TYP,
                            ledger->keys->operator_seed, err);
    tally_buffer_free(&payload);
    return rc;
}
