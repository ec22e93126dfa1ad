/* SPDX-License-Identifier: Apache-2.0 */
/* The window slides by moving the unread tail to the front, which is rare: a
 * refill happens once per FEED_BYTES and the tail is part of one row. */

#include "eval/feed.h"

#include <string.h>

#include "util/alloc.h"

#define FEED_BYTES ((size_t)256 << 10)

tally_rc tally_feed_start(tally_feed *feed, tally_input *input, size_t row_bytes_max,
                          tally_err *err)
{
    *feed = (tally_feed){ .input = input, .row_bytes_max = row_bytes_max, .room = FEED_BYTES };
    feed->bytes = tally_alloc_zeroed(feed->room + TALLY_FEED_PADDING);
    if (feed->bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a file");
    return TALLY_OK;
}

/* Keep the unread bytes only, and have room for more of them. */
static tally_rc make_room(tally_feed *feed, tally_err *err)
{
    size_t count = feed->end - feed->at;
    char *bytes;

    if (feed->at != 0) {
        memmove(feed->bytes, feed->bytes + feed->at, count);
        feed->at = 0;
        feed->end = count;
    }
    if (feed->room - count >= FEED_BYTES / 2)
        return TALLY_OK;
    TALLY_ASSERT(feed->room <= feed->row_bytes_max + 2 * FEED_BYTES);
    bytes = tally_realloc(feed->bytes, 2 * feed->room + TALLY_FEED_PADDING);
    if (bytes == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a long row");
    feed->bytes = bytes;
    feed->room *= 2;
    return TALLY_OK;
}

tally_rc tally_feed_more(tally_feed *feed, tally_err *err)
{
    size_t count = 0;
    tally_rc rc = make_room(feed, err);

    if (rc == TALLY_OK)
        rc = tally_input_read(feed->input, feed->bytes + feed->end, feed->room - feed->end, &count,
                              err);
    if (rc != TALLY_OK)
        return rc;
    feed->end += count;
    feed->is_finished = count == 0;
    memset(feed->bytes + feed->end, 0, TALLY_FEED_PADDING);
    return TALLY_OK;
}

tally_rc tally_feed_skip_mark(tally_feed *feed, tally_err *err)
{
    tally_rc rc = TALLY_OK;

    while (rc == TALLY_OK && feed->end < 3 && !feed->is_finished)
        rc = tally_feed_more(feed, err);
    if (rc == TALLY_OK && feed->end >= 3 && memcmp(feed->bytes, "\xef\xbb\xbf", 3) == 0)
        feed->at = 3;
    return rc;
}

void tally_feed_stop(tally_feed *feed)
{
    tally_release(feed->bytes);
    feed->bytes = NULL;
}
