/* SPDX-License-Identifier: Apache-2.0 */
/* A subject's key is its number, or DENSE_END plus the number of its text. */

#include "eval/subjects.h"

#include <stdlib.h>

#include "eval/ids.h"
#include "score/history.h"
#include "util/alloc.h"
#include "util/intern.h"

#define DENSE_END  (UINT32_C(1) << 22) /* numbers below have a place of their own: 16 MiB at most */
#define NO_SUBJECT UINT32_MAX

struct tally_subjects {
    tally_intern *texts;
    uint32_t *of_text; /* subject of a kept text */
    uint32_t of_text_room;
    uint32_t *of_number; /* subject of a small number, or NO_SUBJECT */
    uint32_t of_number_room;
    uint64_t *keys;
    uint32_t count, room;
};

tally_rc tally_subjects_new(tally_subjects **out_subjects, size_t bytes_max, tally_err *err)
{
    tally_subjects *subjects = tally_alloc_zeroed(sizeof(*subjects));

    if (subjects != NULL)
        subjects->texts = tally_intern_new(bytes_max, 0);
    if (subjects == NULL || subjects->texts == NULL) {
        tally_release(subjects);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "keeping subjects");
    }
    *out_subjects = subjects;
    return TALLY_OK;
}

void tally_subjects_free(tally_subjects *subjects)
{
    if (subjects == NULL)
        return;
    tally_intern_free(subjects->texts);
    tally_release(subjects->of_text);
    tally_release(subjects->of_number);
    tally_release(subjects->keys);
    tally_release(subjects);
}

/* Let *array have index `wanted`, new places holding NO_SUBJECT. */
static bool grow_u32(uint32_t **array, uint32_t *room, uint32_t wanted)
{
    uint64_t bigger = (uint64_t)*room * 2 > wanted ? (uint64_t)*room * 2 : (uint64_t)wanted + 1024;
    uint32_t *grown;

    if (wanted < *room)
        return true;
    if (bigger > UINT32_MAX)
        return false;
    grown = tally_realloc_array(*array, bigger, sizeof(uint32_t));
    if (grown == NULL)
        return false;
    for (uint64_t i = *room; i < bigger; i++)
        grown[i] = NO_SUBJECT;
    *array = grown;
    *room = (uint32_t)bigger;
    return true;
}

static tally_rc add_new(tally_subjects *subjects, uint32_t *place, uint64_t key,
                        uint32_t *out_index, tally_err *err)
{
    if (subjects->count == subjects->room) {
        size_t room = (size_t)subjects->room * 2 + 256;
        uint64_t *keys =
            room < NO_SUBJECT ? tally_realloc_array(subjects->keys, room, sizeof(uint64_t)) : NULL;

        if (keys == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "keeping subjects");
        subjects->keys = keys;
        subjects->room = (uint32_t)room;
    }
    subjects->keys[subjects->count] = key;
    *place = *out_index = subjects->count++;
    return TALLY_OK;
}

tally_rc tally_subjects_add(tally_subjects *subjects, uint32_t *out_index, tally_text text,
                            tally_err *err)
{
    uint64_t number = 0;
    uint32_t text_number = 0;
    tally_rc rc;

    if (tally_ids_read_number(text, &number) && number < DENSE_END) {
        if (!grow_u32(&subjects->of_number, &subjects->of_number_room, (uint32_t)number))
            return tally_err_set(err, TALLY_E_NOMEM, 0, "keeping subjects");
        *out_index = subjects->of_number[number];
        if (TALLY_LIKELY(*out_index != NO_SUBJECT))
            return TALLY_OK;
        return add_new(subjects, &subjects->of_number[number], number, out_index, err);
    }
    rc = tally_intern_add(subjects->texts, &text_number, text);
    if (rc != TALLY_OK)
        return tally_err_set(err, rc, 0, "keeping subjects");
    if (!grow_u32(&subjects->of_text, &subjects->of_text_room, text_number))
        return tally_err_set(err, TALLY_E_NOMEM, 0, "keeping subjects");
    *out_index = subjects->of_text[text_number];
    if (TALLY_LIKELY(*out_index != NO_SUBJECT))
        return TALLY_OK;
    return add_new(subjects, &subjects->of_text[text_number], (uint64_t)DENSE_END + text_number,
                   out_index, err);
}

uint32_t tally_subjects_count(const tally_subjects *subjects)
{
    return subjects->count;
}

tally_text tally_subjects_text(const tally_subjects *subjects,
                               char out_room[static TALLY_SUBJECT_ROOM_BYTES], uint32_t index)
{
    uint64_t key = subjects->keys[index];
    char *start = out_room + TALLY_SUBJECT_ROOM_BYTES;

    TALLY_ASSERT(index < subjects->count);
    if (key >= DENSE_END)
        return tally_intern_text(subjects->texts, (uint32_t)(key - DENSE_END));
    do {
        *--start = (char)('0' + key % 10);
        key /= 10;
    } while (key != 0);
    return tally_text_of(start, (size_t)(out_room + TALLY_SUBJECT_ROOM_BYTES - start));
}

/* A subject with a kept text, while these are sorted. */
typedef struct texted {
    tally_text text;
    uint32_t index;
} texted;

static int compare_texted(const void *a, const void *b)
{
    return tally_id_compare(((const texted *)a)->text, ((const texted *)b)->text);
}

/* Small numbers are in order already; the texts are sorted and merged in. */
static uint32_t merge(const tally_subjects *subjects, const texted *sorted, uint32_t count,
                      uint32_t *order)
{
    uint32_t at = 0, next = 0;

    for (uint32_t number = 0; number < subjects->of_number_room; number++) {
        char room[TALLY_SUBJECT_ROOM_BYTES];
        tally_text text;

        if (subjects->of_number[number] == NO_SUBJECT)
            continue;
        text = tally_subjects_text(subjects, room, subjects->of_number[number]);
        while (next < count && tally_id_compare(sorted[next].text, text) < 0)
            order[at++] = sorted[next++].index;
        order[at++] = subjects->of_number[number];
    }
    while (next < count)
        order[at++] = sorted[next++].index;
    return at;
}

tally_rc tally_subjects_order(const tally_subjects *subjects, uint32_t **out_order, tally_err *err)
{
    uint32_t count = tally_intern_count(subjects->texts);
    texted *sorted = tally_alloc_array((size_t)count + 1, sizeof(*sorted));
    uint32_t *order = tally_alloc_array((size_t)subjects->count + 1, sizeof(*order));

    if (sorted == NULL || order == NULL) {
        tally_release(sorted);
        tally_release(order);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "ordering subjects");
    }
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (texted){ tally_intern_text(subjects->texts, i), subjects->of_text[i] };
    qsort(sorted, count, sizeof(*sorted), compare_texted);
    count = merge(subjects, sorted, count, order);
    TALLY_ASSERT(count == subjects->count);
    tally_release(sorted);
    *out_order = order;
    return TALLY_OK;
}
