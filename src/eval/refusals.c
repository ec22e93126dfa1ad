/* SPDX-License-Identifier: Apache-2.0 */
/* Messages quote what files hold, so bytes that could steer a terminal are
 * shown as dots. */

#include "eval/refusals.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "util/buffer.h"

#define LINE_BYTES_MAX ((size_t)64 << 10)

void tally_refusals_start(tally_refusals *refusals, FILE *stream)
{
    memset(refusals, 0, sizeof(*refusals));
    refusals->stream = stream;
}

void tally_refusals_restart(tally_refusals *refusals, FILE *stream)
{
    tally_refusals again = { .stream = stream,
                             .kept_in = refusals->kept_in,
                             .kept_subject = refusals->kept_subject,
                             .kept = refusals->kept };

    *refusals = again;
}

static void count_reason(tally_refusals *refusals, const char *reason)
{
    uint32_t i = 0;

    while (i < refusals->reason_count && strcmp(refusals->reasons[i].reason, reason) != 0)
        i++;
    if (i == TALLY_REFUSAL_REASONS_MAX)
        i--; /* more kinds than exist: counted with the last */
    else if (i == refusals->reason_count)
        refusals->reasons[refusals->reason_count++].reason = reason;
    refusals->reasons[i].count++;
}

bool tally_refusals_keep(tally_refusals *refusals, tally_text subject, tally_arena *arena)
{
    refusals->kept =
        tally_arena_zalloc_array(arena, TALLY_REFUSALS_KEPT_MAX, sizeof(*refusals->kept));
    refusals->kept_subject = subject;
    refusals->kept_in = refusals->kept != NULL ? arena : NULL;
    return refusals->kept != NULL;
}

/* Short of memory, a row is only counted and printed. */
static void keep(tally_refusals *refusals, tally_text subject, tally_text place, tally_text message)
{
    tally_refused_row *row = &refusals->kept[refusals->kept_count];

    if (subject.count == 0 ||
        (refusals->kept_subject.count > 0 && !tally_text_is_equal(subject, refusals->kept_subject)))
        return;
    if (tally_arena_copy_text(refusals->kept_in, &row->subject, subject) &&
        tally_arena_copy_text(refusals->kept_in, &row->place, place) &&
        tally_arena_copy_text(refusals->kept_in, &row->message, message))
        refusals->kept_count++;
}

void tally_refusals_add(tally_refusals *refusals, tally_text subject, const char *file,
                        tally_row_place place, const char *reason, const char *format, ...)
{
    bool is_printed = refusals->stream != NULL && refusals->count < TALLY_REFUSALS_PRINTED_MAX;
    bool is_kept = refusals->kept_in != NULL && refusals->kept_count < TALLY_REFUSALS_KEPT_MAX;
    char message[512];
    va_list arguments;
    tally_buffer line;
    size_t place_bytes;

    count_reason(refusals, reason);
    refusals->count++;
    if (!is_printed && !is_kept)
        return;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    tally_buffer_init(&line, LINE_BYTES_MAX);
    (void)tally_buffer_append_visible(&line, tally_text_from(file));
    if (place.line != 0)
        (void)tally_buffer_printf(&line, ":%" PRIu32 ":%" PRIu32, place.line, place.column);
    place_bytes = line.count;
    (void)tally_buffer_append_string(&line, ": ");
    (void)tally_buffer_append_visible(&line, tally_text_from(message));
    if (is_printed)
        fprintf(refusals->stream, "%s\n", tally_buffer_string(&line));
    if (is_kept && tally_buffer_failure(&line) == TALLY_OK)
        keep(refusals, subject, tally_text_slice(tally_buffer_text(&line), 0, place_bytes),
             tally_text_slice(tally_buffer_text(&line), place_bytes + 2, line.count));
    tally_buffer_free(&line);
}

void tally_refusals_print_summary(const tally_refusals *refusals, uint64_t read_count)
{
    bool is_printed[TALLY_REFUSAL_REASONS_MAX] = { false };

    if (refusals->stream == NULL || refusals->count == 0)
        return;
    if (refusals->count > TALLY_REFUSALS_PRINTED_MAX)
        fprintf(refusals->stream, "… and %" PRIu64 " more\n",
                refusals->count - TALLY_REFUSALS_PRINTED_MAX);
    fprintf(refusals->stream, "%" PRIu64 " of %" PRIu64 " rows refused:\n", refusals->count,
            read_count);
    for (uint32_t n = 0; n < refusals->reason_count; n++) {
        uint32_t most = UINT32_MAX;

        for (uint32_t i = 0; i < refusals->reason_count; i++) {
            if (!is_printed[i] &&
                (most == UINT32_MAX || refusals->reasons[i].count > refusals->reasons[most].count))
                most = i;
        }
        is_printed[most] = true;
        fprintf(refusals->stream, "  %8" PRIu64 "  %s\n", refusals->reasons[most].count,
                refusals->reasons[most].reason);
    }
}
