/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values are interned: values[number of key] is a number of a text. */

#include "eval/look_up.h"

#include "eval/columns.h"
#include "eval/reader.h"
#include "util/alloc.h"
#include "util/intern.h"

#define LOOK_UP_BYTES_MAX ((size_t)1 << 30)

struct tally_look_up {
    tally_intern *keys, *texts;
    uint32_t *values; /* by key */
    uint32_t room;
};

static tally_rc add(tally_look_up *look_up, tally_text key, tally_text value, const tally_row *row,
                    tally_err *err)
{
    uint32_t number = 0, text = 0;
    uint32_t known = tally_intern_count(look_up->keys);
    tally_rc rc = tally_intern_add(look_up->keys, &number, key);

    if (rc == TALLY_OK)
        rc = tally_intern_add(look_up->texts, &text, value);
    if (rc == TALLY_OK && number >= look_up->room) {
        size_t room = (size_t)look_up->room * 2 + 256;
        uint32_t *values = tally_realloc_array(look_up->values, room, sizeof(*values));

        rc = values != NULL ? TALLY_OK : TALLY_E_NOMEM;
        if (values != NULL) {
            look_up->values = values;
            look_up->room = (uint32_t)room;
        }
    }
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "keeping a look-up file");
    if (number < known && look_up->values[number] != text)
        return tally_err_set_at(err, TALLY_E_INVALID, row->place.line, row->place.column,
                                "a second value for `%.*s`", TALLY_TEXT_ARGS(key));
    look_up->values[number] = text;
    return TALLY_OK;
}

static tally_rc read_rows(tally_look_up *look_up, tally_reader *reader, const tally_column *column,
                          tally_err *err)
{
    tally_column key_column = { .part_count = 1, .parts = &column->look_up_key };
    tally_column value_column = { .part_count = column->part_count, .parts = column->parts };
    tally_bound_column key, value;
    tally_text_room key_room, value_room;
    tally_rc rc = TALLY_OK;
    uint32_t count = 0, bound = UINT32_MAX;

    while (rc == TALLY_OK) {
        tally_row row;
        const tally_text *names;

        rc = tally_reader_next(reader, &row, err);
        if (rc != TALLY_OK)
            return rc;
        names = tally_reader_columns(reader, &count);
        if (count != bound) {
            tally_column_bind(&key, &key_column, names, count, NULL);
            tally_column_bind(&value, &value_column, names, count, NULL);
            bound = count;
            if (!tally_reader_is_json(reader) && (key.missing.count + value.missing.count != 0))
                return tally_err_set(
                    err, TALLY_E_INVALID, 1, "there is no column `%.*s`",
                    TALLY_TEXT_ARGS(key.missing.count != 0 ? key.missing : value.missing));
        }
        if (row.is_end)
            return TALLY_OK;
        if (row.problem != NULL)
            return tally_err_set_at(err, TALLY_E_INVALID, row.place.line, row.place.column, "%s",
                                    row.problem);
        rc = add(look_up, tally_column_text(&key, &row, &key_room),
                 tally_column_text(&value, &row, &value_room), &row, err);
    }
    return rc;
}

tally_rc tally_look_up_read(tally_look_up **out_look_up, const char *path,
                            const tally_column *column, tally_err *err)
{
    tally_look_up *look_up = tally_alloc_zeroed(sizeof(*look_up));
    tally_reader *reader = NULL;
    tally_rc rc;

    if (look_up == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a look-up file");
    look_up->keys = tally_intern_new(LOOK_UP_BYTES_MAX, 0);
    look_up->texts = tally_intern_new(LOOK_UP_BYTES_MAX, 0);
    rc = look_up->keys == NULL || look_up->texts == NULL
             ? tally_err_set(err, TALLY_E_NOMEM, 0, "reading a look-up file")
             : tally_reader_open(&reader, path, NULL, 0, err);
    if (rc == TALLY_OK)
        rc = read_rows(look_up, reader, column, err);
    tally_reader_close(reader);
    if (rc != TALLY_OK) {
        tally_look_up_free(look_up);
        return rc;
    }
    *out_look_up = look_up;
    return TALLY_OK;
}

bool tally_look_up_find(const tally_look_up *look_up, tally_text key, tally_text *out_value)
{
    uint32_t number = 0;

    if (!tally_intern_find(look_up->keys, &number, key))
        return false;
    *out_value = tally_intern_text(look_up->texts, look_up->values[number]);
    return true;
}

void tally_look_up_free(tally_look_up *look_up)
{
    if (look_up == NULL)
        return;
    tally_intern_free(look_up->keys);
    tally_intern_free(look_up->texts);
    tally_release(look_up->values);
    tally_release(look_up);
}
