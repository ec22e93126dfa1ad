/* SPDX-License-Identifier: Apache-2.0 */
/* Result codes, errors and assertions of the public base header. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tally/base.h"

/* Drop the last character when the end of the room cut it in two. */
static void cut_to_whole_character(char *message, size_t count)
{
    size_t start = count;
    unsigned char lead;
    size_t wanted;

    while (start > 0 && ((unsigned char)message[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    lead = (unsigned char)message[start - 1];
    wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (count - (start - 1) < wanted)
        message[start - 1] = '\0';
}

static void set_message(tally_err *err, tally_rc rc, uint32_t line, uint32_t column,
                        const char *format, va_list arguments) TALLY_PRINTF(5, 0);

static void set_message(tally_err *err, tally_rc rc, uint32_t line, uint32_t column,
                        const char *format, va_list arguments)
{
    int wanted;

    TALLY_ASSERT(rc != TALLY_OK);
    if (err == NULL || err->rc != TALLY_OK)
        return;
    err->rc = rc;
    err->line = line;
    err->column = column;
    wanted = vsnprintf(err->message, sizeof(err->message), format, arguments);
    if (wanted < 0)
        err->message[0] = '\0';
    else if ((size_t)wanted >= sizeof(err->message))
        cut_to_whole_character(err->message, sizeof(err->message) - 1);
}

tally_rc(tally_err_set)(tally_err *err, tally_rc rc, uint32_t line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_message(err, rc, line, 0, format, arguments);
    va_end(arguments);
    return rc;
}

tally_rc(tally_err_set_at)(tally_err *err, tally_rc rc, uint32_t line, uint32_t column,
                           const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_message(err, rc, line, column, format, arguments);
    va_end(arguments);
    return rc;
}

void tally_err_clear(tally_err *err)
{
    if (err == NULL)
        return;
    err->rc = TALLY_OK;
    err->line = 0;
    err->column = 0;
    err->message[0] = '\0';
}

const char *tally_rc_name(tally_rc rc)
{
    switch (rc) {
    case TALLY_OK:
        return "OK";
    case TALLY_E_INVALID:
        return "E_INVALID";
    case TALLY_E_DENIED:
        return "E_DENIED";
    case TALLY_E_CONFLICT:
        return "E_CONFLICT";
    case TALLY_E_RETRY:
        return "E_RETRY";
    case TALLY_E_LIMIT:
        return "E_LIMIT";
    case TALLY_E_NOMEM:
        return "E_NOMEM";
    case TALLY_E_IO:
        return "E_IO";
    case TALLY_E_CORRUPT:
        return "E_CORRUPT";
    case TALLY_E_OVERFLOW:
        return "E_OVERFLOW";
    }
    return "E_UNKNOWN";
}

const char *tally_version_string(void)
{
    return TALLY_VERSION;
}

void tally_assert_fail(const char *file, int line, const char *fact)
{
    fprintf(stderr, "%s:%d: broken fact: %s\n", file, line, fact);
    abort();
}
