/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a text of events into the bytes of each. Nothing is kept between calls
 * but a few counters: an event that the window cuts off is looked at again from
 * its beginning, and no event is longer than 16 KiB. */

#include "batch/write.h"

/* cutter->progress of a CloudEvents array. */
enum { BEFORE_ARRAY, BEFORE_FIRST, BEFORE_ELEMENT, BEHIND_ELEMENT, BEHIND_ARRAY };

static tally_rc too_long(const tally_batch_cutter *cutter, tally_err *err)
{
    return tally_err_set(err, TALLY_E_LIMIT, cutter->line + 1, "this event is longer than 16 KiB");
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool is_blank(tally_text line)
{
    for (size_t i = 0; i < line.count; i++) {
        if (!is_space(line.bytes[i]))
            return false;
    }
    return true;
}

static bool is_even(tally_text line, char byte)
{
    bool is_even = true;

    for (size_t i = 0; i < line.count; i++)
        is_even ^= line.bytes[i] == byte;
    return is_even;
}

static tally_text without_return(tally_text line)
{
    return line.count > 0 && line.bytes[line.count - 1] == '\r'
               ? tally_text_slice(line, 0, line.count - 1)
               : line;
}

/* The next line that is not blank. */
static tally_rc cut_line(tally_batch_cutter *cutter, tally_text window, bool is_last,
                         tally_batch_cut *out_cut, tally_err *err)
{
    while (out_cut->used < window.count) {
        tally_text rest = tally_text_slice(window, out_cut->used, window.count);
        size_t bytes = tally_text_find_byte(rest, '\n');
        tally_text line = tally_text_slice(rest, 0, bytes);

        if (bytes == rest.count && !is_last) {
            out_cut->kind = TALLY_CUT_MORE;
            return bytes > TALLY_BATCH_EVENT_BYTES_MAX ? too_long(cutter, err) : TALLY_OK;
        }
        if (!is_blank(line)) {
            out_cut->bytes = without_return(line);
            out_cut->kind = TALLY_CUT_EVENT;
        }
        out_cut->used += bytes + (bytes < rest.count);
        cutter->line++;
        if (out_cut->kind == TALLY_CUT_EVENT)
            break;
    }
    if (out_cut->kind != TALLY_CUT_EVENT)
        out_cut->kind = is_last ? TALLY_CUT_END : TALLY_CUT_MORE;
    out_cut->line = cutter->line;
    if (out_cut->bytes.count > TALLY_BATCH_EVENT_BYTES_MAX) {
        cutter->line--;
        return too_long(cutter, err);
    }
    return TALLY_OK;
}

static tally_rc cut_row(tally_batch_cutter *cutter, tally_text window, bool is_last,
                        tally_batch_cut *out_cut, tally_err *err)
{
    tally_rc rc = cut_line(cutter, window, is_last, out_cut, err);

    if (rc != TALLY_OK || out_cut->kind != TALLY_CUT_EVENT)
        return rc;
    if (!is_even(out_cut->bytes, '"'))
        return tally_err_set(err, TALLY_E_INVALID, cutter->line,
                             "a quote is not closed on its line; values of events hold no line "
                             "breaks");
    if (cutter->progress == 0) {
        cutter->progress = 1;
        out_cut->kind = TALLY_CUT_HEADER_ROW;
    }
    return TALLY_OK;
}

/* ---- CloudEvents ------------------------------------------------------------------ */

/* How many bytes the object at the beginning of the text has; 0: it does not end
 * here. Brackets in strings do not count. */
static size_t object_bytes(tally_text text, uint32_t *out_feeds)
{
    bool is_in_string = false;
    size_t depth = 0;

    *out_feeds = 0;
    for (size_t i = 0; i < text.count; i++) {
        char byte = text.bytes[i];

        *out_feeds += byte == '\n';
        if (is_in_string) {
            i += byte == '\\';
            is_in_string = byte != '"';
        } else if (byte == '"') {
            is_in_string = true;
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if ((byte == '}' || byte == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* One byte between elements. */
static tally_rc pass_between(tally_batch_cutter *cutter, char byte, tally_err *err)
{
    static const char *const wanted[] = {
        [BEFORE_ARRAY] = "a CloudEvents batch is a JSON array",
        [BEFORE_FIRST] = "an event is a JSON object",
        [BEFORE_ELEMENT] = "an event is a JSON object",
        [BEHIND_ELEMENT] = "a comma or the closing bracket is missing",
        [BEHIND_ARRAY] = "something follows the array",
    };

    if (byte == '\n')
        cutter->line++;
    else if (byte == '[' && cutter->progress == BEFORE_ARRAY)
        cutter->progress = BEFORE_FIRST;
    else if (byte == ',' && cutter->progress == BEHIND_ELEMENT)
        cutter->progress = BEFORE_ELEMENT;
    else if (byte == ']' &&
             (cutter->progress == BEFORE_FIRST || cutter->progress == BEHIND_ELEMENT))
        cutter->progress = BEHIND_ARRAY;
    else if (!is_space(byte))
        return tally_err_set(err, TALLY_E_INVALID, cutter->line + 1, "%s",
                             wanted[cutter->progress]);
    return TALLY_OK;
}

static tally_rc cut_element(tally_batch_cutter *cutter, tally_text window, bool is_last,
                            tally_batch_cut *out_cut, tally_err *err)
{
    for (; out_cut->used < window.count; out_cut->used++) {
        tally_text rest = tally_text_slice(window, out_cut->used, window.count);
        uint32_t feeds;
        size_t bytes;
        tally_rc rc;

        if (*rest.bytes != '{' ||
            (cutter->progress != BEFORE_FIRST && cutter->progress != BEFORE_ELEMENT)) {
            rc = pass_between(cutter, *rest.bytes, err);
            if (rc != TALLY_OK)
                return rc;
            continue;
        }
        bytes = object_bytes(rest, &feeds);
        if (bytes > TALLY_BATCH_EVENT_BYTES_MAX ||
            (bytes == 0 && rest.count > TALLY_BATCH_EVENT_BYTES_MAX))
            return too_long(cutter, err);
        if (bytes == 0 && is_last)
            return tally_err_set(err, TALLY_E_INVALID, cutter->line + 1, "this event does not end");
        out_cut->kind = bytes == 0 ? TALLY_CUT_MORE : TALLY_CUT_EVENT;
        if (bytes == 0)
            return TALLY_OK;
        out_cut->bytes = tally_text_slice(rest, 0, bytes);
        out_cut->line = cutter->line + 1;
        out_cut->used += bytes;
        cutter->line += feeds;
        cutter->progress = BEHIND_ELEMENT;
        return TALLY_OK;
    }
    if (is_last && cutter->progress != BEHIND_ARRAY)
        return tally_err_set(err, TALLY_E_INVALID, cutter->line + 1, "the array does not end");
    out_cut->kind = is_last ? TALLY_CUT_END : TALLY_CUT_MORE;
    return TALLY_OK;
}

tally_rc tally_batch_cut_next(tally_batch_cutter *cutter, tally_text window, bool is_last,
                              tally_batch_cut *out_cut, tally_err *err)
{
    static const tally_text mark = { "\xef\xbb\xbf", 3 };
    tally_rc rc;

    *out_cut = (tally_batch_cut){ .kind = TALLY_CUT_MORE };
    if (!cutter->has_begun) {
        if (window.count < mark.count && !is_last)
            return TALLY_OK;
        cutter->has_begun = true;
        if (tally_text_has_prefix(window, mark))
            out_cut->used = mark.count;
    }
    switch (cutter->form) {
    case TALLY_BATCH_JSONL:
        rc = cut_line(cutter, window, is_last, out_cut, err);
        break;
    case TALLY_BATCH_CSV:
        rc = cut_row(cutter, window, is_last, out_cut, err);
        break;
    default:
        rc = cut_element(cutter, window, is_last, out_cut, err);
        break;
    }
    return rc;
}
