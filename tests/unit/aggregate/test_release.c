/* SPDX-License-Identifier: Apache-2.0 */
/* The monthly release: what is shown, what is held, what is refused (R23, R19). */

#include "unit.h"

#include <stdio.h>

#include "aggregate/release.h"
#include "aggregate/release_internal.h"
#include "json/jcs.h"
#include "json/read.h"
#include "seeded.h"
#include "util/alloc.h"

#define COUNT_OF(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

static const tally_text tiers[] = { { "none", 4 }, { "sapling", 7 }, { "oak", 3 } };
static const tally_text sources[] = { { "parks", 5 }, { "river", 5 } };

static const tally_table tables[] = {
    { { "tiers", 5 }, { "Members by tier", 15 }, 1, { { { "tier", 4 }, 3, tiers } } },
    { { "where", 5 },
      { "Members by tier and by where they help most", 43 },
      2,
      { { { "tier", 4 }, 3, tiers }, { { "source", 6 }, 2, sources } } },
};

static const uint32_t tier_counts[] = { 400, 130, 3 };
static const uint32_t where_counts[] = { 300, 100, 100, 30, 2, 1 };
static const tally_table_counts counts[] = { { tier_counts }, { where_counts } };

static tally_release_request usual(void)
{
    return (tally_release_request){
        .programme = TALLY_TEXT("green.riverside.example/points"),
        .policy_hash =
            TALLY_TEXT("9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c"),
        .year = 2026,
        .month = 11,
        .programme_year = 1,
        .table_count = COUNT_OF(tables),
        .tables = tables,
        .counts = counts,
        .population = 540,
    };
}

typedef struct made {
    tally_buffer text;
    tally_release_outcome outcome;
    tally_rc rc;
    uint32_t draws;
} made;

static made make_with(const tally_release_request *request, uint64_t seed)
{
    made result = { .rc = TALLY_OK };
    seeded source;

    tally_buffer_init(&result.text, TALLY_RELEASE_BYTES_MAX);
    result.rc = tally_release_make(&result.text, &result.outcome, request,
                                   seeded_begin(&source, seed), NULL);
    result.draws = source.draw_count;
    return result;
}

/* Refused or held with this code, without a byte written or drawn. */
static void assert_no_release(const tally_release_request *request, tally_release_state state,
                              const char *code)
{
    made result = make_with(request, 1);

    assert_int_equal(result.rc, TALLY_OK);
    assert_int_equal(result.outcome.state, state);
    assert_string_equal(result.outcome.code, code);
    assert_true(result.outcome.reason[0] != '\0');
    assert_int_equal(result.text.count, 0);
    assert_int_equal(result.draws, 0);
    assert_int_equal(result.outcome.halves_spent, request->halves_spent);
    tally_buffer_free(&result.text);
}

static void assert_invalid(const tally_release_request *request)
{
    made result = make_with(request, 1);

    assert_int_equal(result.rc, TALLY_E_INVALID);
    assert_int_equal(result.text.count, 0);
    assert_int_equal(result.draws, 0);
    tally_buffer_free(&result.text);
}

/* ---- what is shown ------------------------------------------------------------------------- */

static void small_counts_show_only_that_and_others_are_rounded(void **state)
{
    static const struct {
        int64_t noisy, shown;
    } cases[] = { { -40, TALLY_RELEASE_SMALL },
                  { 0, TALLY_RELEASE_SMALL },
                  { 9, TALLY_RELEASE_SMALL },
                  { 10, 10 },
                  { 11, 10 },
                  { 12, 10 },
                  { 13, 15 },
                  { 17, 15 },
                  { 18, 20 },
                  { 1002, 1000 },
                  { 1003, 1005 } };
    static const struct {
        int64_t shown, total, percent;
    } shares[] = { { 10, 1000, 5 },
                   { 500, 1000, 50 },
                   { 335, 1000, 34 }, /* to the nearest; a half up */
                   { 1000, 1000, 95 },
                   { 20, 15, 95 },
                   { TALLY_RELEASE_SMALL, 1000, TALLY_RELEASE_SMALL },
                   { 10, TALLY_RELEASE_SMALL, TALLY_RELEASE_SMALL } };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(cases); i++)
        assert_int_equal(tally_release_shown(cases[i].noisy), cases[i].shown);
    for (size_t i = 0; i < UNIT_COUNT(shares); i++)
        assert_int_equal(tally_release_percent(shares[i].shown, shares[i].total),
                         shares[i].percent);
}

/* A number that is shown: "<10" or a multiple of 5 from 10 on. */
static void assert_shown(const tally_json_value *value)
{
    int64_t number;

    if (tally_json_kind_of(value) == TALLY_JSON_TEXT) {
        assert_true(tally_text_is(tally_json_text_of(value), "<10"));
        return;
    }
    assert_true(tally_json_is_integer(value, &number));
    assert_true(number >= 10 && number % 5 == 0);
}

static void check_table(tally_json_reader *table, uint32_t wanted_cells)
{
    tally_json_items cells, dimensions;
    tally_json_reader item;
    uint32_t found = 0;

    tally_json_read_array(table, "cells", 1, 100, &cells);
    while (tally_json_next_object(&cells, &item)) {
        int64_t percent = tally_json_read_optional_integer(&item, "percent", 0, 100, -1);

        assert_true(percent == -1 || (percent >= 5 && percent <= 95));
        assert_shown(tally_json_read_value(&item, "count"));
        assert_non_null(tally_json_read_value(&item, "at"));
        assert_int_equal(tally_json_read_end(&item), TALLY_OK);
        found++;
    }
    assert_int_equal(found, wanted_cells);
    assert_shown(tally_json_read_value(table, "total"));
    assert_true(tally_text_is(tally_json_read_text(table, "epsilon", 8), "0.5"));
    assert_true(tally_json_read_text(table, "name", 64).count > 0);
    assert_true(tally_json_read_text(table, "title", 64).count > 0);
    tally_json_read_array(table, "dimensions", 1, 2, &dimensions);
    while (tally_json_next_object(&dimensions, &item)) {
        const tally_json_value *totals = tally_json_read_optional_value(&item, "totals");

        for (uint32_t i = 0; totals != NULL && i < tally_json_count(totals); i++)
            assert_shown(tally_json_item(totals, i));
        (void)tally_json_read_value(&item, "labels");
        (void)tally_json_read_text(&item, "name", 64);
        assert_int_equal(tally_json_read_end(&item), TALLY_OK);
    }
    assert_int_equal(tally_json_read_end(table), TALLY_OK);
}

/* Every member of the document is asked for: there is nothing else in it. */
static void check_document(tally_text text)
{
    tally_json_document *document;
    tally_json_reader reader, part;
    tally_json_items items;
    uint32_t cells[] = { 3, 6 }, index = 0;

    assert_int_equal(tally_json_parse(&document, text, NULL, NULL), TALLY_OK);
    assert_int_equal(tally_jcs_check(tally_json_root(document), text, NULL), TALLY_OK);
    tally_json_read_begin(&reader, tally_json_root(document), "release", NULL);
    assert_int_equal(tally_json_read_integer(&reader, "v", 1, 1), 1);
    tally_json_read_constant(&reader, "type", "release");
    tally_json_read_constant(&reader, "month", "2026-11");
    tally_json_read_constant(&reader, "programme", "green.riverside.example/points");
    (void)tally_json_read_text(&reader, "policy", 64);
    assert_true(tally_json_read_object(&reader, "epsilon", &part));
    tally_json_read_constant(&part, "budget", "4");
    tally_json_read_constant(&part, "release", "1");
    tally_json_read_constant(&part, "spent", "1");
    assert_int_equal(tally_json_read_integer(&part, "programme-year", 1, 9), 1);
    assert_int_equal(tally_json_read_end(&part), TALLY_OK);
    tally_json_read_array(&reader, "tables", 1, 20, &items);
    while (tally_json_next_object(&items, &part))
        check_table(&part, cells[index++]);
    assert_int_equal(index, 2);
    assert_int_equal(tally_json_read_end(&reader), TALLY_OK);
    tally_json_document_free(document);
}

static void tR23_pos_a_release_shows_rounded_noisy_counts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        tally_release_request request = usual();
        made result = make_with(&request, seed);

        assert_int_equal(result.rc, TALLY_OK);
        assert_int_equal(result.outcome.state, TALLY_RELEASE_MADE);
        assert_int_equal(result.outcome.halves_spent, 2);
        assert_true(result.draws > 9);
        check_document(tally_buffer_text(&result.text));
        tally_buffer_free(&result.text);
    }
}

/* The threshold is asked of the noisy value: a cell of 9 sometimes shows, one of 14 sometimes not. */
static void tR23_pos_the_noisy_value_is_thresholded(void **state)
{
    static const tally_text labels[] = { { "a", 1 }, { "b", 1 } };
    static const tally_table table = { { "t", 1 }, { "T", 1 }, 1, { { { "d", 1 }, 2, labels } } };
    static const uint32_t few[] = { 9, 14 };
    static const tally_table_counts given = { few };
    tally_release_request request = usual();
    uint32_t small_shown = 0, large_hidden = 0;

    (void)state;
    request.table_count = 1;
    request.tables = &table;
    request.counts = &given;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        made result = make_with(&request, seed);

        assert_int_equal(result.rc, TALLY_OK);
        small_shown +=
            strstr(tally_buffer_string(&result.text), "{\"at\":[\"a\"],\"count\":\"<10\"}") == NULL;
        large_hidden +=
            strstr(tally_buffer_string(&result.text), "{\"at\":[\"b\"],\"count\":\"<10\"}") != NULL;
        tally_buffer_free(&result.text);
    }
    assert_in_range(small_shown, 60, 180); /* P(noise >= 1) = 0.38 */
    assert_in_range(large_hidden, 3, 60);  /* P(noise <= -5) = 0.05 */
}

/* ---- stored ------------------------------------------------------------------------------------- */

static void tR23_pos_reread_identical(void **state)
{
    tally_release_request request = usual();
    made first = make_with(&request, 1), again, other;

    (void)state;
    assert_int_equal(first.outcome.state, TALLY_RELEASE_MADE);
    request.stored = tally_buffer_text(&first.text);
    request.halves_spent = first.outcome.halves_spent;
    request.population = 999; /* whatever has changed since */
    again = make_with(&request, 2);
    assert_int_equal(again.rc, TALLY_OK);
    assert_int_equal(again.outcome.state, TALLY_RELEASE_STORED);
    assert_int_equal(again.draws, 0);
    assert_int_equal(again.outcome.halves_spent, first.outcome.halves_spent);
    assert_true(
        tally_text_is_equal(tally_buffer_text(&again.text), tally_buffer_text(&first.text)));
    request.month = 12; /* not the one that is stored */
    other = make_with(&request, 2);
    assert_int_equal(other.rc, TALLY_E_INVALID);
    assert_int_equal(other.text.count, 0);
    tally_buffer_free(&first.text);
    tally_buffer_free(&again.text);
    tally_buffer_free(&other.text);
}

/* ---- what is not said ------------------------------------------------------------------------------ */

/* Who joined cannot be found by subtracting two releases: a change of 1 to 9 people holds. */
static void tR23_neg_joiner_found_by_subtraction(void **state)
{
    tally_release_request request = usual();

    (void)state;
    request.has_previous = true;
    for (uint32_t change = 1; change <= 9; change++) {
        request.previous_population = request.population - change;
        assert_no_release(&request, TALLY_RELEASE_HELD, "");
        request.previous_population = request.population + change;
        assert_no_release(&request, TALLY_RELEASE_HELD, "");
    }
    for (int i = 0; i < 3; i++) {
        static const int change[] = { 0, 10, -10 };
        made result;

        request.previous_population = (uint32_t)((int)request.population + change[i]);
        result = make_with(&request, 1);
        assert_int_equal(result.outcome.state, TALLY_RELEASE_MADE);
        tally_buffer_free(&result.text);
    }
}

/* There is no way to ask for a part: only declared names are found, and a condition is no name. */
static void tR23_neg_filter(void **state)
{
    static const char *const asked[] = {
        "tiers where tier is oak", "tiers&tier=oak", "tiers ", "", "where/oak", "Tiers"
    };
    tally_release_request request = usual();

    (void)state;
    assert_ptr_equal(tally_release_find_table(&request, TALLY_TEXT("tiers")), &tables[0]);
    assert_ptr_equal(tally_release_find_table(&request, TALLY_TEXT("where")), &tables[1]);
    for (size_t i = 0; i < UNIT_COUNT(asked); i++)
        assert_null(tally_release_find_table(&request, tally_text_from(asked[i])));
}

static void tR23_neg_budget_overrun(void **state)
{
    tally_release_request request = usual();
    made result;

    (void)state;
    request.halves_spent = 6;
    result = make_with(&request, 1);
    assert_int_equal(result.outcome.state, TALLY_RELEASE_MADE);
    assert_int_equal(result.outcome.halves_spent, 8);
    assert_non_null(strstr(tally_buffer_string(&result.text), "\"spent\":\"4\""));
    tally_buffer_free(&result.text);
    for (uint32_t spent = 7; spent < 20; spent++) {
        request.halves_spent = spent;
        assert_no_release(&request, TALLY_RELEASE_REFUSED, "E_BUDGET");
    }
    request.halves_spent = UINT32_MAX;
    assert_no_release(&request, TALLY_RELEASE_REFUSED, "E_BUDGET");
}

static void tR23_neg_small_programme(void **state)
{
    static const uint32_t one[] = { 1, 0, 0 };
    static const tally_table_counts few[] = { { one }, { NULL } };
    tally_release_request request = usual();

    (void)state;
    request.counts = few;
    request.population = 9;
    assert_no_release(&request, TALLY_RELEASE_REFUSED, "E_SMALL_CELL");
    request.population = 10;
    {
        made result = make_with(&request, 1);

        assert_int_equal(result.outcome.state, TALLY_RELEASE_MADE);
        tally_buffer_free(&result.text);
    }
}

static void tR23_neg_more_tables_or_dimensions(void **state)
{
    static tally_table many[21];
    static tally_table_counts none[21];
    static char names[21][4];
    tally_release_request request = usual();
    tally_table cube = tables[1];

    (void)state;
    for (uint32_t i = 0; i < 21; i++) {
        snprintf(names[i], sizeof(names[i]), "t%u", i);
        many[i] = tables[0];
        many[i].name = tally_text_from(names[i]);
    }
    none[0].counts = tier_counts;
    request.tables = many;
    request.counts = none;
    request.table_count = 21;
    assert_no_release(&request, TALLY_RELEASE_REFUSED, "E_CHARTER_FLOOR");
    request.table_count = 20;
    {
        made result = make_with(&request, 1);

        assert_int_equal(result.outcome.state, TALLY_RELEASE_MADE);
        tally_buffer_free(&result.text);
    }
    cube.dimension_count = 3;
    request = usual();
    request.tables = &cube;
    request.table_count = 1;
    assert_no_release(&request, TALLY_RELEASE_REFUSED, "E_CHARTER_FLOOR");
}

static void tR23_neg_a_member_counted_twice(void **state)
{
    static const uint32_t doubled[] = { 400, 130, 11 };
    static const tally_table_counts given[] = { { doubled }, { NULL } };
    tally_release_request request = usual();

    (void)state;
    request.counts = given;
    assert_invalid(&request);
}

static void tR19_pos_a_release_has_groups_only(void **state)
{
    tally_release_request request = usual();
    made result = make_with(&request, 3);

    (void)state;
    assert_int_equal(result.outcome.state, TALLY_RELEASE_MADE);
    check_document(tally_buffer_text(&result.text)); /* which refuses every other member */
    assert_null(strstr(tally_buffer_string(&result.text), "did:"));
    tally_buffer_free(&result.text);
}

static void tR19_neg_labels_that_name_persons(void **state)
{
    static const tally_text persons[] = { { "did:key:z6Mk", 12 }, { "handle:abc", 10 } };

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const tally_table table = {
            { "t", 1 }, { "T", 1 }, 1, { { { "member", 6 }, 1, &persons[i] } }
        };
        tally_release_request request = usual();

        request.tables = &table;
        request.table_count = 1;
        assert_invalid(&request);
    }
}

static void requests_that_contradict_themselves_are_refused(void **state)
{
    static const tally_text twice[] = { { "a", 1 }, { "a", 1 } }, empty[] = { { "", 0 } };
    static const tally_table_counts none[] = { { NULL }, { NULL } };
    tally_table table = tables[0];
    tally_release_request request = usual();

    (void)state;
    request.month = 13;
    assert_invalid(&request);
    request = usual();
    request.counts = none;
    assert_invalid(&request);
    request = usual();
    request.tables = &table;
    request.table_count = 1;
    table.dimensions[0].labels = twice;
    table.dimensions[0].label_count = 2;
    assert_invalid(&request);
    table.dimensions[0].labels = empty;
    table.dimensions[0].label_count = 1;
    assert_invalid(&request);
    table.dimensions[0].label_count = 0;
    assert_invalid(&request);
    {
        const tally_table same[] = { tables[0], tables[0] };

        request = usual();
        request.tables = same;
        assert_invalid(&request);
    }
}

static void without_random_bytes_or_memory_nothing_is_released(void **state)
{
    tally_release_request request = usual();

    (void)state;
    for (uint32_t nth = 1; nth <= 20; nth++) {
        tally_release_outcome outcome = { .code = "untouched" };
        tally_buffer out;
        seeded source;

        tally_buffer_init(&out, TALLY_RELEASE_BYTES_MAX);
        seeded_begin(&source, 1);
        source.fail_at = nth;
        assert_int_equal(tally_release_make(&out, &outcome, &request, &source.source, NULL),
                         TALLY_E_IO);
        assert_int_equal(out.count, 0);
        assert_string_equal(outcome.code, "untouched");
        tally_buffer_free(&out);
    }
    for (uint32_t nth = 0;; nth++) {
        tally_release_outcome outcome = { 0 };
        tally_buffer out;
        seeded source;
        tally_rc rc;

        tally_buffer_init(&out, TALLY_RELEASE_BYTES_MAX);
        seeded_begin(&source, 1);
        tally_alloc_fail_at(nth);
        rc = tally_release_make(&out, &outcome, &request, &source.source, NULL);
        tally_alloc_fail_never();
        tally_buffer_free(&out);
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        if (rc == TALLY_OK) {
            assert_true(nth > 2);
            break;
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_counts_show_only_that_and_others_are_rounded),
        cmocka_unit_test(tR23_pos_a_release_shows_rounded_noisy_counts),
        cmocka_unit_test(tR23_pos_the_noisy_value_is_thresholded),
        cmocka_unit_test(tR23_pos_reread_identical),
        cmocka_unit_test(tR23_neg_joiner_found_by_subtraction),
        cmocka_unit_test(tR23_neg_filter),
        cmocka_unit_test(tR23_neg_budget_overrun),
        cmocka_unit_test(tR23_neg_small_programme),
        cmocka_unit_test(tR23_neg_more_tables_or_dimensions),
        cmocka_unit_test(tR23_neg_a_member_counted_twice),
        cmocka_unit_test(tR19_pos_a_release_has_groups_only),
        cmocka_unit_test(tR19_neg_labels_that_name_persons),
        cmocka_unit_test(requests_that_contradict_themselves_are_refused),
        cmocka_unit_test(without_random_bytes_or_memory_nothing_is_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
