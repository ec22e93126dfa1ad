/* SPDX-License-Identifier: Apache-2.0 */
/* The release document (docs/formats/release.md). */

#include <stdio.h>

#include "aggregate/release_internal.h"
#include "json/jcs.h"

int64_t tally_release_shown(int64_t noisy)
{
    const int64_t step = TALLY_CHARTER_ROUNDING;

    if (noisy < TALLY_CHARTER_CELL_MIN)
        return TALLY_RELEASE_SMALL;
    return (noisy + step / 2) / step * step;
}

int64_t tally_release_percent(int64_t shown, int64_t shown_total)
{
    int64_t percent;

    if (shown == TALLY_RELEASE_SMALL || shown_total == TALLY_RELEASE_SMALL)
        return TALLY_RELEASE_SMALL;
    percent = (200 * shown + shown_total) / (2 * shown_total); /* to the nearest */
    if (percent < TALLY_CHARTER_PERCENT_MIN)
        return TALLY_CHARTER_PERCENT_MIN;
    return percent > TALLY_CHARTER_PERCENT_MAX ? TALLY_CHARTER_PERCENT_MAX : percent;
}

/* Halves as a decimal: "0.5", "1", "2.5". */
static void write_halves(tally_jcs *jcs, const char *name, uint32_t halves)
{
    char text[16];

    snprintf(text, sizeof(text), halves % 2 == 0 ? "%u" : "%u.5", halves / 2);
    tally_jcs_member_string(jcs, name, text);
}

static void write_shown(tally_jcs *jcs, int64_t shown)
{
    char text[16];

    if (shown != TALLY_RELEASE_SMALL) {
        tally_jcs_integer(jcs, shown);
        return;
    }
    snprintf(text, sizeof(text), "<%d", TALLY_CHARTER_CELL_MIN);
    tally_jcs_string(jcs, text);
}

static int64_t sum_of(const tally_noisy_table *noisy)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < tally_release_cells(noisy->table); i++)
        sum += noisy->counts[i];
    return sum;
}

/* Which label of a dimension a cell stands at. */
static uint32_t label_of(const tally_table *table, uint32_t dimension, uint32_t cell)
{
    if (table->dimension_count == 1)
        return cell;
    return dimension == 0 ? cell / table->dimensions[1].label_count
                          : cell % table->dimensions[1].label_count;
}

static void write_cells(tally_jcs *jcs, const tally_noisy_table *noisy, int64_t shown_total)
{
    const tally_table *table = noisy->table;

    tally_jcs_name(jcs, "cells");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < tally_release_cells(table); i++) {
        int64_t shown = tally_release_shown(noisy->counts[i]);
        int64_t percent = tally_release_percent(shown, shown_total);

        tally_jcs_object(jcs);
        tally_jcs_name(jcs, "at");
        tally_jcs_array(jcs);
        for (uint32_t k = 0; k < table->dimension_count; k++)
            tally_jcs_text(jcs, table->dimensions[k].labels[label_of(table, k, i)]);
        tally_jcs_array_end(jcs);
        tally_jcs_name(jcs, "count");
        write_shown(jcs, shown);
        if (percent != TALLY_RELEASE_SMALL)
            tally_jcs_member_integer(jcs, "percent", percent);
        tally_jcs_object_end(jcs);
    }
    tally_jcs_array_end(jcs);
}

/* The totals of each label, where there are two dimensions. */
static void write_dimension(tally_jcs *jcs, const tally_noisy_table *noisy, uint32_t dimension)
{
    const tally_table_dimension *side = &noisy->table->dimensions[dimension];

    tally_jcs_object(jcs);
    tally_jcs_name(jcs, "labels");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < side->label_count; i++)
        tally_jcs_text(jcs, side->labels[i]);
    tally_jcs_array_end(jcs);
    tally_jcs_member_text(jcs, "name", side->name);
    if (noisy->table->dimension_count > 1) {
        tally_jcs_name(jcs, "totals");
        tally_jcs_array(jcs);
        for (uint32_t i = 0; i < side->label_count; i++) {
            int64_t sum = 0;

            for (uint32_t k = 0; k < tally_release_cells(noisy->table); k++)
                sum += label_of(noisy->table, dimension, k) == i ? noisy->counts[k] : 0;
            write_shown(jcs, tally_release_shown(sum));
        }
        tally_jcs_array_end(jcs);
    }
    tally_jcs_object_end(jcs);
}

static void write_table(tally_jcs *jcs, const tally_noisy_table *noisy)
{
    int64_t total = tally_release_shown(sum_of(noisy));

    tally_jcs_object(jcs);
    write_cells(jcs, noisy, total);
    tally_jcs_name(jcs, "dimensions");
    tally_jcs_array(jcs);
    for (uint32_t i = 0; i < noisy->table->dimension_count; i++)
        write_dimension(jcs, noisy, i);
    tally_jcs_array_end(jcs);
    write_halves(jcs, "epsilon", TALLY_CHARTER_EPSILON_HALVES_PER_TABLE);
    tally_jcs_member_text(jcs, "name", noisy->table->name);
    tally_jcs_member_text(jcs, "title", noisy->table->title);
    tally_jcs_name(jcs, "total");
    write_shown(jcs, total);
    tally_jcs_object_end(jcs);
}

static void write_epsilon(tally_jcs *jcs, const tally_noisy_release *noisy)
{
    tally_jcs_name(jcs, "epsilon");
    tally_jcs_object(jcs);
    write_halves(jcs, "budget", TALLY_CHARTER_EPSILON_HALVES_PER_YEAR);
    tally_jcs_member_integer(jcs, "programme-year", noisy->request->programme_year);
    write_halves(jcs, "release", noisy->count * TALLY_CHARTER_EPSILON_HALVES_PER_TABLE);
    write_halves(jcs, "spent", noisy->halves_spent);
    tally_jcs_object_end(jcs);
}

tally_rc tally_release_write(tally_buffer *out, const tally_noisy_release *noisy, tally_err *err)
{
    const tally_release_request *request = noisy->request;
    char month[16];
    tally_jcs jcs;

    snprintf(month, sizeof(month), "%04d-%02u", (int)request->year, request->month);
    tally_jcs_init(&jcs, out);
    tally_jcs_object(&jcs);
    write_epsilon(&jcs, noisy);
    tally_jcs_member_string(&jcs, "month", month);
    tally_jcs_member_text(&jcs, "policy", request->policy_hash);
    tally_jcs_member_text(&jcs, "programme", request->programme);
    tally_jcs_name(&jcs, "tables");
    tally_jcs_array(&jcs);
    for (uint32_t i = 0; i < noisy->count; i++)
        write_table(&jcs, &noisy->tables[i]);
    tally_jcs_array_end(&jcs);
    tally_jcs_member_string(&jcs, "type", "release");
    tally_jcs_member_integer(&jcs, "v", 1);
    tally_jcs_object_end(&jcs);
    return tally_jcs_finish(&jcs, err);
}
