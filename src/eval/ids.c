/* SPDX-License-Identifier: Apache-2.0 */
/* The top two bits of a key say what the rest is; within a kind of number they
 * compare as they are. */

#include "eval/ids.h"

#include <inttypes.h>
#include <stdio.h>

#include "score/history.h"

#define KIND_SHIFT  62
#define FILE_SHIFT  40
#define ENTRY_SHIFT 32
#define REST_MASK   ((UINT64_C(1) << KIND_SHIFT) - 1)

enum { KIND_NUMBER, KIND_ROW, KIND_TEXT };

tally_rc tally_ids_start(tally_ids *ids, size_t bytes_max, tally_err *err)
{
    *ids = (tally_ids){ .texts = tally_intern_new(bytes_max, 0) };
    return ids->texts != NULL ? TALLY_OK : tally_err_set(err, TALLY_E_NOMEM, 0, "keeping ids");
}

void tally_ids_stop(tally_ids *ids)
{
    tally_intern_free(ids->texts);
    ids->texts = NULL;
}

static unsigned kind_of(uint64_t key)
{
    return (unsigned)(key >> KIND_SHIFT);
}

tally_rc tally_ids_key(tally_ids *ids, uint64_t *out_key, tally_text text, tally_err *err)
{
    uint32_t number = 0;
    tally_rc rc;

    if (tally_ids_read_number(text, out_key))
        return TALLY_OK;
    rc = tally_intern_add(ids->texts, &number, text);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "keeping the ids of events");
    *out_key = (uint64_t)KIND_TEXT << KIND_SHIFT | number;
    return TALLY_OK;
}

uint64_t tally_ids_row_key(uint32_t file_rank, uint32_t entry_index, uint32_t line)
{
    TALLY_ASSERT(file_rank < UINT32_C(1) << (KIND_SHIFT - FILE_SHIFT));
    TALLY_ASSERT(entry_index < UINT32_C(1) << (FILE_SHIFT - ENTRY_SHIFT));
    return (uint64_t)KIND_ROW << KIND_SHIFT | (uint64_t)file_rank << FILE_SHIFT |
           (uint64_t)entry_index << ENTRY_SHIFT | line;
}

static bool has_only_digits(tally_text text)
{
    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
    }
    return text.count != 0;
}

int tally_ids_compare(const tally_ids *ids, uint64_t a, uint64_t b)
{
    char room_a[TALLY_ID_ROOM_BYTES], room_b[TALLY_ID_ROOM_BYTES];
    tally_text text_a, text_b;

    if (TALLY_LIKELY(a == b || (kind_of(a) != KIND_TEXT && kind_of(b) != KIND_TEXT)))
        return (a > b) - (a < b);
    text_a = tally_ids_text(ids, room_a, a);
    text_b = tally_ids_text(ids, room_b, b);
    if (kind_of(a) == KIND_ROW)
        return has_only_digits(text_b) ? 1 : -1;
    if (kind_of(b) == KIND_ROW)
        return has_only_digits(text_a) ? -1 : 1;
    return tally_id_compare(text_a, text_b);
}

tally_text tally_ids_text(const tally_ids *ids, char out_room[static TALLY_ID_ROOM_BYTES],
                          uint64_t key)
{
    uint64_t rest = key & REST_MASK;
    tally_text name;
    unsigned entry;
    int count;

    if (kind_of(key) == KIND_TEXT)
        return tally_intern_text(ids->texts, (uint32_t)rest);
    if (kind_of(key) == KIND_NUMBER) {
        count = snprintf(out_room, TALLY_ID_ROOM_BYTES, "%" PRIu64, rest);
        return tally_text_of(out_room, (size_t)count);
    }
    name = tally_text_slice(ids->file_names[rest >> FILE_SHIFT], 0, TALLY_ID_ROOM_BYTES - 32);
    entry = (unsigned)(rest >> ENTRY_SHIFT & 0xff);
    count = snprintf(out_room, TALLY_ID_ROOM_BYTES, "%.*s:%" PRIu32, TALLY_TEXT_ARGS(name),
                     (uint32_t)rest);
    if (entry != 0)
        count += snprintf(out_room + count, TALLY_ID_ROOM_BYTES - (size_t)count, "+%u", entry);
    return tally_text_of(out_room, (size_t)count);
}
