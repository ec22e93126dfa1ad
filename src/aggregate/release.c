/* SPDX-License-Identifier: Apache-2.0 */
/* A month's release: what is asked before any noise is drawn, and what becomes of a count.
 *
 * The noise is drawn for each cell once. Totals are sums of noisy cells and cost nothing more;
 * what is shown of either is thresholded and rounded by itself, and nothing that was not shown
 * goes into anything that is. */

#include "aggregate/release.h"

#include <stdarg.h>
#include <stdio.h>

#include "aggregate/laplace.h"
#include "aggregate/release_internal.h"
#include "json/read.h"
#include "util/arena.h"

#define ARENA_BYTES_MAX ((size_t)16 << 20)
#define NAME_BYTES_MAX  200u

/* ---- what is said ------------------------------------------------------------------------ */

static void settle(tally_release_outcome *outcome, tally_release_state state, const char *code,
                   const char *format, ...) TALLY_PRINTF(4, 5);

static void settle(tally_release_outcome *outcome, tally_release_state state, const char *code,
                   const char *format, ...)
{
    va_list arguments;

    outcome->state = state;
    outcome->code = code;
    va_start(arguments, format);
    vsnprintf(outcome->reason, sizeof(outcome->reason), format, arguments);
    va_end(arguments);
}

static tally_rc invalid(tally_err *err, const char *what, tally_text name)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "table `%.*s`: %s", TALLY_TEXT_ARGS(name), what);
}

/* ---- what is asked for -------------------------------------------------------------------- */

uint32_t tally_release_cells(const tally_table *table)
{
    uint32_t cells = 1;

    for (uint32_t i = 0; i < table->dimension_count; i++)
        cells *= table->dimensions[i].label_count;
    return cells;
}

const tally_table *tally_release_find_table(const tally_release_request *request, tally_text name)
{
    for (uint32_t i = 0; i < request->table_count; i++) {
        if (tally_text_is_equal(request->tables[i].name, name))
            return &request->tables[i];
    }
    return NULL;
}

/* A member's name as a label would make a list of persons (R19). */
static bool is_a_persons_name(tally_text label)
{
    return tally_text_has_prefix(label, TALLY_TEXT("did:")) ||
           tally_text_has_prefix(label, TALLY_TEXT("handle:"));
}

static bool is_name(tally_text name)
{
    return name.count > 0 && name.count <= NAME_BYTES_MAX && tally_text_is_visible(name);
}

static tally_rc check_dimension(const tally_table *table, uint32_t index, tally_err *err)
{
    const tally_table_dimension *dimension = &table->dimensions[index];

    if (!is_name(dimension->name) || dimension->label_count == 0 ||
        dimension->label_count > TALLY_RELEASE_LABELS_MAX)
        return invalid(err, "a dimension has a name and 1 to 64 labels", table->name);
    for (uint32_t i = 0; i < dimension->label_count; i++) {
        if (!is_name(dimension->labels[i]))
            return invalid(err, "a label is empty, too long or not to be shown", table->name);
        if (is_a_persons_name(dimension->labels[i]))
            return invalid(err, "a label names a member: no table lists persons (R19)",
                           table->name);
        for (uint32_t k = 0; k < i; k++) {
            if (tally_text_is_equal(dimension->labels[i], dimension->labels[k]))
                return invalid(err, "a label stands there twice", table->name);
        }
    }
    return TALLY_OK;
}

static tally_rc check_counts(const tally_table *table, const uint32_t *counts, uint32_t population,
                             tally_err *err)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < tally_release_cells(table); i++)
        sum += counts[i];
    if (sum > population)
        return invalid(err, "its counts are more than there are members: one count a member",
                       table->name);
    return TALLY_OK;
}

static tally_rc check_table(const tally_release_request *request, uint32_t index, tally_err *err)
{
    const tally_table *table = &request->tables[index];

    if (!is_name(table->name))
        return invalid(err, "a table has a name", table->name);
    for (uint32_t i = 0; i < index; i++) {
        if (tally_text_is_equal(request->tables[i].name, table->name))
            return invalid(err, "the name stands there twice", table->name);
    }
    for (uint32_t i = 0; i < table->dimension_count; i++) {
        tally_rc rc = check_dimension(table, i, err);

        if (rc != TALLY_OK)
            return rc;
    }
    if (request->counts[index].counts == NULL)
        return TALLY_OK;
    return check_counts(table, request->counts[index].counts, request->population, err);
}

/* Charter numbers: they are compiled in, and asking for more is no mistake of the tongue. */
static bool is_within_charter(const tally_release_request *request, tally_release_outcome *outcome)
{
    if (request->table_count > TALLY_CHARTER_TABLES_MAX) {
        settle(outcome, TALLY_RELEASE_REFUSED, "E_CHARTER_FLOOR",
               "%u tables are declared; nothing was released. Declare at most %d.",
               request->table_count, TALLY_CHARTER_TABLES_MAX);
        return false;
    }
    for (uint32_t i = 0; i < request->table_count; i++) {
        uint32_t dimensions = request->tables[i].dimension_count;

        if (dimensions == 0 || dimensions > TALLY_CHARTER_DIMENSIONS_MAX) {
            settle(outcome, TALLY_RELEASE_REFUSED, "E_CHARTER_FLOOR",
                   "table `%.*s` has %u dimensions; nothing was released. Use one or two.",
                   TALLY_TEXT_ARGS(request->tables[i].name), dimensions);
            return false;
        }
    }
    return true;
}

static uint32_t count_released(const tally_release_request *request)
{
    uint32_t released = 0;

    for (uint32_t i = 0; i < request->table_count; i++)
        released += request->counts[i].counts != NULL;
    return released;
}

static bool may_be_told(const tally_release_request *request, tally_release_outcome *outcome)
{
    uint32_t was = request->previous_population, is = request->population;
    uint32_t change = is > was ? is - was : was - is;
    uint32_t wanted = count_released(request) * TALLY_CHARTER_EPSILON_HALVES_PER_TABLE;

    if (is < TALLY_CHARTER_CELL_MIN) {
        settle(outcome, TALLY_RELEASE_REFUSED, "E_SMALL_CELL",
               "There are fewer than %d members, so every count would be too small to show. "
               "Release when there are more.",
               TALLY_CHARTER_CELL_MIN);
        return false;
    }
    if (request->has_previous && change > 0 && change <= TALLY_CHARTER_HOLD_CHANGE_MAX) {
        settle(outcome, TALLY_RELEASE_HELD, "",
               "The number of members changed by less than %d since the last release, so the "
               "difference would show single people. The last release stands; try next month.",
               TALLY_CHARTER_HOLD_CHANGE_MAX + 1);
        return false;
    }
    if (wanted > TALLY_CHARTER_EPSILON_HALVES_PER_YEAR ||
        request->halves_spent > TALLY_CHARTER_EPSILON_HALVES_PER_YEAR - wanted) {
        settle(outcome, TALLY_RELEASE_REFUSED, "E_BUDGET",
               "%u tables need an epsilon of %u halves and %u of %d are spent in this "
               "programme-year; nothing was released. Release fewer tables, or wait for the next "
               "year.",
               count_released(request), wanted, request->halves_spent,
               TALLY_CHARTER_EPSILON_HALVES_PER_YEAR);
        return false;
    }
    return true;
}

/* ---- the stored one ------------------------------------------------------------------------ */

static tally_rc hand_out(tally_buffer *out, tally_release_outcome *outcome,
                         const tally_release_request *request, tally_err *err)
{
    char month[16];
    tally_json_document *document = NULL;
    tally_json_reader reader;
    tally_text found;
    const tally_json_options options = { .bytes_max = TALLY_RELEASE_BYTES_MAX };
    tally_rc rc = tally_json_parse(&document, request->stored, &options, err);

    if (rc != TALLY_OK)
        return rc;
    snprintf(month, sizeof(month), "%04d-%02u", (int)request->year, request->month);
    tally_json_read_begin(&reader, tally_json_root(document), "release", err);
    found = tally_json_read_text(&reader, "month", sizeof(month));
    tally_json_read_rest(&reader);
    rc = tally_json_read_end(&reader);
    if (rc == TALLY_OK && !tally_text_is(found, month))
        rc = tally_err_set(err, TALLY_E_INVALID, 0,
                           "the stored release is of another month than %s", month);
    tally_json_document_free(document);
    if (rc == TALLY_OK)
        rc = tally_buffer_append_text(out, request->stored);
    if (rc == TALLY_OK)
        settle(outcome, TALLY_RELEASE_STORED, "", "%s", "");
    return rc;
}

/* ---- the noise -------------------------------------------------------------------------------- */

static tally_rc draw_table(tally_noisy_table *noisy, const uint32_t *counts,
                           const tally_random *random, tally_err *err)
{
    uint32_t cells = tally_release_cells(noisy->table);

    for (uint32_t i = 0; i < cells; i++) {
        int64_t noise;
        tally_rc rc =
            tally_laplace_draw(&noise, TALLY_CHARTER_EPSILON_HALVES_PER_TABLE, 2, random, err);

        if (rc != TALLY_OK)
            return rc;
        noisy->counts[i] = (int64_t)counts[i] + noise;
    }
    return TALLY_OK;
}

static tally_rc draw_all(tally_noisy_release *noisy, const tally_release_request *request,
                         tally_arena *arena, const tally_random *random, tally_err *err)
{
    noisy->request = request;
    noisy->tables =
        tally_arena_zalloc_array(arena, request->table_count + (size_t)1, sizeof(*noisy->tables));
    if (noisy->tables == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a release");
    for (uint32_t i = 0; i < request->table_count; i++) {
        tally_noisy_table *table = &noisy->tables[noisy->count];
        tally_rc rc;

        if (request->counts[i].counts == NULL)
            continue;
        table->table = &request->tables[i];
        table->counts = tally_arena_zalloc_array(arena, tally_release_cells(table->table),
                                                 sizeof(*table->counts));
        if (table->counts == NULL)
            return tally_err_set(err, TALLY_E_NOMEM, 0, "making a release");
        rc = draw_table(table, request->counts[i].counts, random, err);
        if (rc != TALLY_OK)
            return rc;
        noisy->count++;
    }
    return TALLY_OK;
}

/* ---- all together ------------------------------------------------------------------------------ */

static tally_rc check_request(const tally_release_request *request, tally_err *err)
{
    if (request->month < 1 || request->month > 12 || request->year < 1970 || request->year > 9999)
        return tally_err_set(err, TALLY_E_INVALID, 0, "%d-%02u is no month", (int)request->year,
                             request->month);
    if (count_released(request) == 0)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no table has counts");
    for (uint32_t i = 0; i < request->table_count; i++) {
        tally_rc rc = check_table(request, i, err);

        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc make(tally_buffer *out, tally_release_outcome *outcome,
                     const tally_release_request *request, const tally_random *random,
                     tally_err *err)
{
    tally_arena *arena = tally_arena_new(ARENA_BYTES_MAX);
    tally_noisy_release noisy = { .halves_spent = outcome->halves_spent +
                                                  count_released(request) *
                                                      TALLY_CHARTER_EPSILON_HALVES_PER_TABLE };
    size_t before = out->count;
    tally_rc rc = arena == NULL ? tally_err_set(err, TALLY_E_NOMEM, 0, "making a release")
                                : draw_all(&noisy, request, arena, random, err);

    if (rc == TALLY_OK)
        rc = tally_release_write(out, &noisy, err);
    if (rc == TALLY_OK) {
        settle(outcome, TALLY_RELEASE_MADE, "", "%s", "");
        outcome->halves_spent = noisy.halves_spent;
    } else if (tally_buffer_failure(out) == TALLY_OK) {
        tally_buffer_truncate(out, before);
    }
    tally_arena_free(arena);
    return rc;
}

tally_rc tally_release_make(tally_buffer *out, tally_release_outcome *out_outcome,
                            const tally_release_request *request, const tally_random *random,
                            tally_err *err)
{
    tally_release_outcome outcome = { .state = TALLY_RELEASE_REFUSED,
                                      .code = "",
                                      .halves_spent = request->halves_spent };
    tally_rc rc = TALLY_OK;

    if (request->stored.count > 0) {
        rc = hand_out(out, &outcome, request, err);
    } else if (is_within_charter(request, &outcome)) {
        rc = check_request(request, err);
        if (rc == TALLY_OK && may_be_told(request, &outcome))
            rc = make(out, &outcome, request, random, err);
    }
    if (rc == TALLY_OK)
        *out_outcome = outcome;
    return rc;
}
