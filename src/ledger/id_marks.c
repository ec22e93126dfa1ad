/* SPDX-License-Identifier: Apache-2.0 */
/* The set of event ids admitted lately: see id_marks.h. */

#include "ledger/id_marks.h"

#include <stddef.h>
#include "util/alloc.h"

#define MS_PER_MINUTE   INT64_C(60000)
#define FIRST_ROOM      UINT64_C(4096)
#define MINUTES_LONGEST ((int64_t)UINT32_MAX)

static uint32_t minutes_of(int64_t ms)
{
    int64_t minutes = ms / MS_PER_MINUTE;

    return minutes <= 0 ? 0 : minutes >= MINUTES_LONGEST ? UINT32_MAX : (uint32_t)minutes;
}

/* The oldest minute that still counts: rounded so that a repeat is refused up to a minute
 * longer than the window, and never less. */
static uint32_t oldest_of(const tally_id_marks *marks, int64_t now_ms)
{
    return minutes_of(now_ms - marks->window_ms);
}

static uint64_t place_of(const tally_id_marks *marks, uint64_t mark)
{
    uint64_t place = mark & (marks->room - 1);

    while (marks->marks[place] != 0 && marks->marks[place] != mark)
        place = (place + 1) & (marks->room - 1);
    return place;
}

void tally_id_marks_free(tally_id_marks *marks)
{
    tally_release(marks->marks);
    tally_release(marks->minutes);
    *marks = (tally_id_marks){ .window_ms = marks->window_ms };
}

bool tally_id_marks_has(const tally_id_marks *marks, uint64_t mark, int64_t now_ms)
{
    uint64_t place;

    if (mark == 0 || marks->room == 0)
        return false;
    place = place_of(marks, mark);
    return marks->marks[place] == mark && marks->minutes[place] >= oldest_of(marks, now_ms);
}

/* A table with room for the marks that still count and as many again. */
static tally_rc rebuild(tally_id_marks *marks, int64_t now_ms, tally_err *err)
{
    tally_id_marks next = { .window_ms = marks->window_ms };
    uint32_t oldest = oldest_of(marks, now_ms);

    for (uint64_t i = 0; i < marks->room; i++)
        next.count += marks->marks[i] != 0 && marks->minutes[i] >= oldest;
    if (next.count >= TALLY_ID_MARKS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0,
                             "more than %llu event ids within the duplicate window",
                             (unsigned long long)TALLY_ID_MARKS_MAX);
    next.room = FIRST_ROOM;
    while (next.room < next.count * 3)
        next.room *= 2;
    next.marks = tally_alloc_zeroed((size_t)next.room * sizeof(*next.marks));
    next.minutes = tally_alloc_array((size_t)next.room, sizeof(*next.minutes));
    if (next.marks == NULL || next.minutes == NULL) {
        tally_id_marks_free(&next);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "remembering event ids");
    }
    for (uint64_t i = 0; i < marks->room; i++) {
        uint64_t place;

        if (marks->marks[i] == 0 || marks->minutes[i] < oldest)
            continue;
        place = place_of(&next, marks->marks[i]);
        next.marks[place] = marks->marks[i];
        next.minutes[place] = marks->minutes[i];
    }
    tally_id_marks_free(marks);
    *marks = next;
    return TALLY_OK;
}

tally_rc tally_id_marks_add(tally_id_marks *marks, uint64_t mark, int64_t recorded_ms,
                            int64_t now_ms, tally_err *err)
{
    uint64_t place;

    if (mark == 0)
        return TALLY_OK;
    if (marks->count + 1 > marks->room / 2) {
        tally_rc rc = rebuild(marks, now_ms, err);

        if (rc != TALLY_OK)
            return rc;
    }
    place = place_of(marks, mark);
    if (marks->marks[place] == 0) {
        marks->marks[place] = mark;
        marks->minutes[place] = minutes_of(recorded_ms);
        marks->count++;
    } else if (marks->minutes[place] < minutes_of(recorded_ms)) {
        marks->minutes[place] = minutes_of(recorded_ms);
    }
    return TALLY_OK;
}
