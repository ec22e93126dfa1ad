/* SPDX-License-Identifier: Apache-2.0 */
/* Instants and bytes in the ledger's documents. */

#include "message/values.h"

#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "util/buffer.h"
#include "util/civil.h"

/* ---- instants ---- */

void tally_value_instant(tally_jcs *jcs, int64_t ms)
{
    char text[TALLY_INSTANT_TEXT_BYTES];

    tally_jcs_text(jcs, tally_instant_format(text, ms, 0));
}

void tally_value_write_instant(tally_jcs *jcs, const char *name, int64_t ms)
{
    tally_jcs_name(jcs, name);
    tally_value_instant(jcs, ms);
}

bool tally_value_parse_instant(int64_t *out_ms, tally_text text)
{
    char again[TALLY_INSTANT_TEXT_BYTES];
    tally_moment moment;
    int64_t ms;

    if (tally_time_parse(&moment, text, TALLY_TIME_RFC3339, NULL) != TALLY_OK || !moment.has_offset)
        return false;
    ms = tally_moment_ms(moment, 0);
    /* One instant has one text, so that equal documents are equal bytes. At the ends
     * of the calendar an offset could lead beyond it. */
    if (moment.offset_s != 0 || !tally_text_is_equal(tally_instant_format(again, ms, 0), text))
        return false;
    *out_ms = ms;
    return true;
}

int64_t tally_value_read_instant(tally_json_reader *reader, const char *name)
{
    tally_text text = tally_json_read_text(reader, name, TALLY_INSTANT_TEXT_BYTES);
    int64_t ms = 0;

    if (text.count > 0 && !tally_value_parse_instant(&ms, text))
        tally_json_read_fail(reader, name, "must be an instant such as 2026-11-21T09:30:00Z");
    return ms;
}

int64_t tally_value_read_optional_instant(tally_json_reader *reader, const char *name,
                                          int64_t otherwise)
{
    const tally_json_value *value = tally_json_read_optional_value(reader, name);
    int64_t ms = otherwise;

    if (value != NULL && (tally_json_kind_of(value) != TALLY_JSON_TEXT ||
                          !tally_value_parse_instant(&ms, tally_json_text_of(value))))
        tally_json_read_fail(reader, name, "must be an instant such as 2026-11-21T09:30:00Z");
    return ms;
}

/* ---- bytes ---- */

void tally_value_write_bytes(tally_jcs *jcs, const char *name, const uint8_t *bytes, size_t count)
{
    tally_buffer text;
    tally_rc rc;

    tally_buffer_init(&text, count / 3 * 4 + 4);
    rc = tally_base64url_append(&text, bytes, count);
    if (rc != TALLY_OK && jcs->failure == TALLY_OK)
        jcs->failure = rc;
    tally_jcs_member_text(jcs, name, tally_buffer_text(&text));
    if (text.count > 0)
        tally_secret_wipe(text.bytes, text.count);
    tally_buffer_free(&text);
}

void tally_value_read_bytes(tally_json_reader *reader, const char *name, uint8_t *out, size_t count)
{
    tally_text text = tally_json_read_text(reader, name, count / 3 * 4 + 4);

    if (text.count > 0 && tally_base64url_is_exactly(out, count, text))
        return;
    memset(out, 0, count);
    if (text.count > 0)
        tally_json_read_fail(reader, name, "is not so many bytes in base64url");
}
