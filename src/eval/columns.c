/* SPDX-License-Identifier: Apache-2.0 */
/* One plain column, the common case, costs one array access. */

#include "eval/columns.h"

#include "eval/look_up.h"

static uint32_t find_name(tally_text wanted, const tally_text *names, uint32_t name_count)
{
    for (uint32_t i = 0; i < name_count; i++) {
        if (tally_text_is_equal(names[i], wanted))
            return i;
    }
    return TALLY_NO_INDEX;
}

void tally_column_bind(tally_bound_column *out_bound, const tally_column *column,
                       const tally_text *names, uint32_t name_count, const tally_look_up *look_up)
{
    tally_bound_column bound = { .look_up = look_up };
    const tally_text *wanted = look_up != NULL ? &column->look_up_key : column->parts;
    uint32_t count = column->part_count != 0 && look_up != NULL ? 1 : column->part_count;

    TALLY_ASSERT(count <= TALLY_COLUMN_PARTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        bound.parts[i] = find_name(wanted[i], names, name_count);
        if (bound.parts[i] == TALLY_NO_INDEX && bound.missing.count == 0)
            bound.missing = wanted[i];
    }
    bound.part_count = count;
    *out_bound = bound;
}

static tally_text part_text(const tally_bound_column *bound, uint32_t part, const tally_row *row)
{
    uint32_t index = bound->parts[part];

    return index < row->count ? row->fields[index] : (tally_text){ NULL, 0 };
}

static tally_text join(const tally_bound_column *bound, const tally_row *row, tally_text_room *room)
{
    size_t count = 0;
    bool has_text = false;

    for (uint32_t i = 0; i < bound->part_count; i++) {
        tally_text part = part_text(bound, i, row);

        if (count + part.count + 1 > sizeof(room->bytes)) {
            room->is_unknown = true;
            return (tally_text){ NULL, 0 };
        }
        if (i != 0)
            room->bytes[count++] = '/';
        if (part.count != 0)
            memcpy(room->bytes + count, part.bytes, part.count);
        count += part.count;
        has_text |= part.count != 0;
    }
    return tally_text_of(room->bytes, has_text ? count : 0);
}

tally_text tally_column_text(const tally_bound_column *bound, const tally_row *row,
                             tally_text_room *room)
{
    tally_text text = { NULL, 0 };

    room->is_unknown = false;
    if (TALLY_LIKELY(bound->part_count == 1))
        text = part_text(bound, 0, row);
    else if (bound->part_count != 0)
        return join(bound, row, room);
    if (TALLY_LIKELY(bound->look_up == NULL) || text.count == 0)
        return text;
    room->is_unknown = !tally_look_up_find(bound->look_up, text, &text);
    return room->is_unknown ? (tally_text){ NULL, 0 } : text;
}
