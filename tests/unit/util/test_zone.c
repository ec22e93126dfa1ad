/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: files of our own making, hostile ones, and the system's, which
 * the C library reads too. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "random.h"
#include "util/alloc.h"
#include "util/buffer.h"
#include "util/zone.h"

#define HOUR_MS 3600000

typedef struct file_change {
    int64_t utc_s;
    uint8_t type;
} file_change;

typedef struct file_plan {
    const int32_t *offsets;
    uint32_t type_count;
    const file_change *changes;
    uint32_t change_count;
    uint32_t leap_count;
    const char *footer;
} file_plan;

static void put_number(tally_buffer *file, uint64_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        tally_buffer_append_byte(file, (char)(value >> shift & 0xff));
}

static void put_header(tally_buffer *file, uint32_t leaps, uint32_t times, uint32_t types)
{
    tally_buffer_append_string(file, "TZif2");
    tally_buffer_append_repeated(file, '\0', 15);
    put_number(file, 0, 4);
    put_number(file, 0, 4);
    put_number(file, leaps, 4);
    put_number(file, times, 4);
    put_number(file, types, 4);
    put_number(file, 4, 4);
}

/* Write a file as the standard says, with an empty first block. */
static void write_file(tally_buffer *file, const file_plan *plan)
{
    tally_buffer_init(file, 1 << 20);
    put_header(file, 0, 0, 1);
    put_number(file, 0, 6);
    tally_buffer_append(file, "LMT", 4);
    put_header(file, plan->leap_count, plan->change_count, plan->type_count);
    for (uint32_t i = 0; i < plan->change_count; i++)
        put_number(file, (uint64_t)plan->changes[i].utc_s, 8);
    for (uint32_t i = 0; i < plan->change_count; i++)
        put_number(file, plan->changes[i].type, 1);
    for (uint32_t i = 0; i < plan->type_count; i++) {
        put_number(file, (uint32_t)plan->offsets[i], 4);
        put_number(file, 0, 2);
    }
    tally_buffer_append(file, "LMT", 4);
    tally_buffer_append_repeated(file, '\0', 12 * (size_t)plan->leap_count);
    tally_buffer_printf(file, "\n%s\n", plan->footer);
    assert_int_equal(tally_buffer_failure(file), TALLY_OK);
}

static tally_rc parse_plan(tally_zone *zone, tally_arena *arena, const file_plan *plan)
{
    tally_buffer file;
    tally_rc rc;

    write_file(&file, plan);
    rc = tally_zone_parse(zone, arena, (const uint8_t *)file.bytes, file.count, NULL);
    tally_buffer_free(&file);
    return rc;
}

static const int32_t lisbon_offsets[] = { -2205, 0, 3600 };
static const file_change lisbon_changes[] = { { -1830384000, 1 },
                                              { 828234000, 2 },
                                              { 846378000, 1 } };
static const file_plan lisbon = {
    lisbon_offsets, 3, lisbon_changes, 3, 0, "WET0WEST,M3.5.0/1,M10.5.0"
};

static int64_t instant_of(const char *text)
{
    tally_moment moment;

    assert_int_equal(tally_time_parse(&moment, tally_text_from(text), TALLY_TIME_RFC3339, NULL),
                     TALLY_OK);
    assert_true(moment.has_offset);
    return tally_moment_ms(moment, 0);
}

static void a_table_is_ascending_and_each_entry_changes_something(const tally_zone *zone)
{
    assert_true(zone->count >= 1 && zone->count <= TALLY_ZONE_TRANSITIONS_MAX);
    assert_true(zone->transitions[0].utc_ms == INT64_MIN);
    for (uint32_t i = 0; i < zone->count; i++) {
        assert_in_range(zone->transitions[i].offset_s - TALLY_ZONE_OFFSET_S_MIN, 0,
                        TALLY_ZONE_OFFSET_S_MAX - TALLY_ZONE_OFFSET_S_MIN);
        if (i > 0) {
            assert_true(zone->transitions[i].utc_ms > zone->transitions[i - 1].utc_ms);
            assert_true(zone->transitions[i].offset_s != zone->transitions[i - 1].offset_s);
        }
    }
}

static void changes_of_the_file_and_then_of_its_rule_are_followed(void **state)
{
    static const struct {
        const char *instant;
        int32_t offset_s;
    } rows[] = {
        { "1850-01-01T00:00:00Z", -2205 }, { "1911-12-31T23:59:59.999Z", -2205 },
        { "1912-01-01T00:00:00Z", 0 },     { "1996-03-31T00:59:59.999Z", 0 },
        { "1996-03-31T01:00:00Z", 3600 },  { "1996-10-27T00:59:59.999Z", 3600 },
        { "1996-10-27T01:00:00Z", 0 },     { "2026-03-29T00:59:59.999Z", 0 },
        { "2026-03-29T01:00:00Z", 3600 },  { "2026-10-25T00:59:59.999Z", 3600 },
        { "2026-10-25T01:00:00Z", 0 },     { "2100-03-28T01:00:00Z", 3600 },
        { "2100-10-31T01:00:00Z", 0 },     { "2150-07-01T00:00:00Z", 0 },
    };
    tally_arena *arena = tally_arena_new(1 << 20);
    uint32_t hint = 0;
    tally_zone zone;

    (void)state;
    assert_int_equal(parse_plan(&zone, arena, &lisbon), TALLY_OK);
    a_table_is_ascending_and_each_entry_changes_something(&zone);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int64_t utc_ms = instant_of(rows[i].instant);

        assert_int_equal(tally_zone_offset(&zone, utc_ms), rows[i].offset_s);
        assert_int_equal(tally_zone_offset_hinted(&zone, utc_ms, &hint), rows[i].offset_s);
    }
    tally_arena_free(arena);
}

static void days_begin_at_their_first_instant(void **state)
{
    /* A made-up zone: -2 h, from 2000 on +1 h from noon to noon, and in 2001 a
     * day is skipped as on Samoa. */
    static const int32_t offsets[] = { -7200, 3600, 90000 };
    const file_change changes[] = {
        { instant_of("2000-01-01T01:30:00Z") / 1000, 1 }, /* 23:30 becomes 02:30 */
        { instant_of("2000-06-01T00:30:00Z") / 1000,
          0 }, /* 01:30 becomes 22:30 of the day before */
        { instant_of("2001-01-01T02:00:00Z") / 1000, 2 }, /* 00:00 becomes 03:00 of the next day */
    };
    const file_plan plan = { offsets, 3, changes, 3, 0, "" };
    static const struct {
        const char *day;
        const char *start;
    } rows[] = {
        { "1999-12-31", "1999-12-31T02:00:00Z" }, { "2000-01-01", "2000-01-01T01:30:00Z" },
        { "2000-01-02", "2000-01-01T23:00:00Z" }, { "2000-06-01", "2000-05-31T23:00:00Z" },
        { "2000-06-02", "2000-06-02T02:00:00Z" }, { "2001-01-01", "2001-01-01T02:00:00Z" },
        { "2001-01-02", "2001-01-01T02:00:00Z" }, { "2001-01-03", "2001-01-01T23:00:00Z" },
    };
    tally_arena *arena = tally_arena_new(1 << 20);
    tally_zone zone;

    (void)state;
    assert_int_equal(parse_plan(&zone, arena, &plan), TALLY_OK);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_moment moment;
        char text[TALLY_INSTANT_TEXT_BYTES];

        assert_int_equal(
            tally_time_parse(&moment, tally_text_from(rows[i].day), TALLY_TIME_RFC3339, NULL),
            TALLY_OK);
        assert_string_equal(
            tally_instant_format(text, tally_zone_day_start(&zone, moment.day), 0).bytes,
            rows[i].start);
        assert_int_equal(tally_zone_moment_ms(&zone, moment), instant_of(rows[i].start));
        assert_int_equal(tally_zone_day_end(&zone, moment.day - 1) + 1, instant_of(rows[i].start));
    }
    tally_arena_free(arena);
}

static int64_t local_ms_at(const tally_zone *zone, int64_t utc_ms)
{
    int32_t offset_s = zone->transitions[0].offset_s;

    for (uint32_t i = 1; i < zone->count && zone->transitions[i].utc_ms <= utc_ms; i++)
        offset_s = zone->transitions[i].offset_s;
    return utc_ms + INT64_C(1000) * offset_s;
}

/* The first instant whose local time is not before the wanted one, by trying
 * every quarter of an hour. */
static int64_t slow_instant(const tally_zone *zone, int64_t local_ms)
{
    int64_t utc_ms = local_ms - INT64_C(27) * HOUR_MS;

    while (local_ms_at(zone, utc_ms) < local_ms)
        utc_ms += HOUR_MS / 4;
    return utc_ms;
}

static void local_times_are_found_as_by_trying_every_instant(void **state)
{
    (void)state;
    random_begin("local times");
    for (uint32_t round = 0; round < 300; round++) {
        tally_zone_transition entries[12];
        tally_zone zone = { entries, 1 + (uint32_t)random_below(12) };
        int64_t utc_ms = 0;

        for (uint32_t i = 0; i < zone.count; i++) {
            entries[i].utc_ms = i == 0 ? INT64_MIN : utc_ms;
            entries[i].offset_s = (int32_t)random_between(-48, 56) * 900;
            utc_ms += random_between(1, i % 3 == 0 ? 20 : 200) * HOUR_MS / 4;
        }
        for (uint32_t i = 0; i < 40; i++) {
            int32_t day = (int32_t)random_between(-3, utc_ms / TALLY_DAY_MS + 3);
            int32_t ms = i % 2 == 0 ? 0 : (int32_t)random_below(96) * HOUR_MS / 4;

            assert_true(tally_zone_instant(&zone, day, ms) ==
                        slow_instant(&zone, day * TALLY_DAY_MS + ms));
        }
    }
}

static void hints_change_nothing(void **state)
{
    tally_arena *arena = tally_arena_new(1 << 20);
    uint32_t hint = UINT32_MAX;
    tally_zone zone;

    (void)state;
    random_begin("hints");
    assert_int_equal(parse_plan(&zone, arena, &lisbon), TALLY_OK);
    for (uint32_t i = 0; i < 100000; i++) {
        int64_t utc_ms = random_between(INT64_C(-3000000000000), INT64_C(5000000000000));
        int64_t local_ms = local_ms_at(&zone, utc_ms);

        assert_int_equal(tally_zone_offset_hinted(&zone, utc_ms, &hint),
                         (local_ms - utc_ms) / 1000);
        assert_int_equal(tally_zone_offset(&zone, utc_ms), (local_ms - utc_ms) / 1000);
    }
    assert_int_equal(tally_zone_offset_hinted(&zone, INT64_MIN, &hint), -2205);
    assert_int_equal(tally_zone_offset_hinted(&zone, INT64_MAX, &hint), 0);
    assert_int_equal(tally_zone_offset(&tally_zone_utc, 0), 0);
    tally_arena_free(arena);
}

static const int32_t one_offset[] = { -10800 };

/* Rules are tried as the footer of a file without transitions. */
static const struct {
    const char *rule;
    const char *instant; /* NULL when the rule is refused */
    int32_t offset_s;
} rules[] = {
    { "", "2026-07-01T00:00:00Z", -10800 },
    { "UTC0", "2026-07-01T00:00:00Z", 0 },
    { "<+0330>-3:30", "2026-07-01T00:00:00Z", 12600 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18000 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14400 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59Z", -14400 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -18000 },
    { "NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-01-01T00:00:00Z", 46800 },
    { "NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-07-01T00:00:00Z", 43200 },
    { "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59Z", 7200 },
    { "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 10800 },
    { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200 },
    { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600 },
    { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0 }, /* winter is the exception */
    { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 3600 },
    { "EST5EDT,0/0,J365/25", "2026-01-01T05:00:00Z", -14400 }, /* all year */
    { "EST5EDT,0/0,J365/25", "2027-01-01T04:59:59Z", -14400 },
    { "AAA0BBB,J60/0,J61/0", "2024-03-01T00:00:00Z", 3600 }, /* J60 is always 1 March */
    { "AAA0BBB,J60/0,J61/0", "2023-03-01T00:00:00Z", 3600 },
    { "AAA0BBB,59/0,60/0", "2024-02-29T12:00:00Z", 3600 }, /* 59 is 29 February or 1 March */
    { "AAA0BBB,59/0,60/0", "2023-03-01T12:00:00Z", 3600 },
    { "AAA0BBB,59/0,60/0", "2024-03-01T12:00:00Z", 0 },
    { "UT0", NULL, 0 },
    { "UTC", NULL, 0 },
    { "UTC25", NULL, 0 },
    { "UTC0:60", NULL, 0 },
    { "<UTC0", NULL, 0 },
    { "EST5EDT", NULL, 0 },
    { "EST5EDT,M3.2.0", NULL, 0 },
    { "EST5EDT,M3.2.0,M11.1.0,", NULL, 0 },
    { "EST5EDT,M13.2.0,M11.1.0", NULL, 0 },
    { "EST5EDT,M3.6.0,M11.1.0", NULL, 0 },
    { "EST5EDT,M3.2.7,M11.1.0", NULL, 0 },
    { "EST5EDT,J0,M11.1.0", NULL, 0 },
    { "EST5EDT,J366,M11.1.0", NULL, 0 },
    { "EST5EDT,366,M11.1.0", NULL, 0 },
    { "EST5EDT,M3.2.0/168,M11.1.0", NULL, 0 },
    { "E!T5", NULL, 0 },
};

static void rules_mean_what_the_standard_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rules); i++) {
        const file_plan plan = { one_offset, 1, NULL, 0, 0, rules[i].rule };
        tally_arena *arena = tally_arena_new(1 << 20);
        tally_zone zone;
        tally_rc rc = parse_plan(&zone, arena, &plan);

        if ((rc == TALLY_OK) != (rules[i].instant != NULL))
            print_message("at \"%s\"\n", rules[i].rule);
        assert_int_equal(rc, rules[i].instant != NULL ? TALLY_OK : TALLY_E_INVALID);
        if (rc == TALLY_OK) {
            a_table_is_ascending_and_each_entry_changes_something(&zone);
            assert_int_equal(tally_zone_offset(&zone, instant_of(rules[i].instant)),
                             rules[i].offset_s);
        }
        tally_arena_free(arena);
    }
}

static void files_that_contradict_themselves_are_refused(void **state)
{
    static const int32_t offsets[] = { 0, 3600 };
    static const int32_t too_far[] = { 93600 };
    static const file_change late[] = { { 1000000000, 1 } };
    static const file_change backwards[] = { { 1000000000, 1 }, { 1000000000, 0 } };
    static const file_change no_type[] = { { 1000000000, 2 } };
    static const struct {
        file_plan plan;
        tally_rc rc;
    } rows[] = {
        { { offsets, 2, late, 1, 0, "" }, TALLY_OK },
        { { offsets, 2, late, 1, 0, "CET-1" }, TALLY_OK },
        { { offsets, 2, late, 1, 0, "WET0" }, TALLY_E_INVALID },
        { { offsets, 2, late, 1, 0, "CET-1CEST,M3.5.0,M10.5.0/3" }, TALLY_E_INVALID },
        { { offsets, 2, backwards, 2, 0, "" }, TALLY_E_INVALID },
        { { offsets, 2, no_type, 1, 0, "" }, TALLY_E_INVALID },
        { { offsets, 2, late, 1, 1, "" }, TALLY_E_INVALID },
        { { too_far, 1, NULL, 0, 0, "" }, TALLY_E_INVALID },
        { { offsets, 0, NULL, 0, 0, "" }, TALLY_E_INVALID },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        tally_arena *arena = tally_arena_new(1 << 20);
        tally_zone zone;

        assert_int_equal(parse_plan(&zone, arena, &rows[i].plan), rows[i].rc);
        tally_arena_free(arena);
    }
}

/* Cut anywhere, and with any byte replaced, a file gives an error or a table in
 * order; sanitizers watch the reading. */
static void no_bytes_break_the_reader(void **state)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '0', ',', '\n' };
    tally_buffer file;
    uint32_t refused = 0;

    (void)state;
    write_file(&file, &lisbon);
    for (size_t i = 0; i < file.count * (UNIT_COUNT(values) + 1); i++) {
        size_t at = i / (UNIT_COUNT(values) + 1);
        size_t which = i % (UNIT_COUNT(values) + 1);
        size_t count = which == UNIT_COUNT(values) ? at : file.count;
        uint8_t *bytes = malloc(count > 0 ? count : 1); /* exact, so that reading past it shows */
        tally_arena *arena = tally_arena_new(1 << 20);
        tally_zone zone;
        tally_rc rc;

        assert_non_null(bytes);
        memcpy(bytes, file.bytes, count);
        if (which < UNIT_COUNT(values))
            bytes[at] = values[which];
        rc = tally_zone_parse(&zone, arena, bytes, count, NULL);
        if (rc == TALLY_OK)
            a_table_is_ascending_and_each_entry_changes_something(&zone);
        else
            assert_true(rc == TALLY_E_INVALID || rc == TALLY_E_LIMIT);
        assert_true(rc != TALLY_OK || which < UNIT_COUNT(values));
        refused += rc != TALLY_OK;
        tally_arena_free(arena);
        free(bytes);
    }
    assert_true(refused > file.count);
    tally_buffer_free(&file);
}

static void each_failed_allocation_is_reported(void **state)
{
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;
    tally_buffer file;

    (void)state;
    write_file(&file, &lisbon);
    for (; rc != TALLY_OK; nth++) {
        tally_arena *arena = tally_arena_new(1 << 20);
        tally_zone zone = { NULL, 0 };

        tally_alloc_fail_at(nth);
        rc = tally_zone_parse(&zone, arena, (const uint8_t *)file.bytes, file.count, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
        assert_int_equal(zone.count > 0, rc == TALLY_OK);
        tally_arena_free(arena);
    }
    assert_int_equal(nth, 3);
    tally_buffer_free(&file);
}

static void an_arena_too_small_is_a_limit(void **state)
{
    tally_arena *arena = tally_arena_new(64);
    tally_err err = TALLY_ERR_INIT;
    tally_zone zone;

    (void)state;
    assert_int_equal(parse_plan(&zone, arena, &lisbon), TALLY_E_LIMIT);
    assert_int_equal(tally_zone_fixed(&zone, arena, -3600, &err), TALLY_OK);
    assert_int_equal(tally_zone_offset(&zone, 0), -3600);
    assert_int_equal(tally_zone_fixed(&zone, arena, 100000, &err), TALLY_E_INVALID);
    tally_arena_free(arena);
}

static const char *const system_zones[] = {
    "UTC",          "Europe/Lisbon",      "Europe/London",     "Europe/Dublin",
    "Asia/Tokyo",   "America/New_York",   "America/Sao_Paulo", "Australia/Lord_Howe",
    "Asia/Kolkata", "Pacific/Apia",       "Africa/Casablanca", "America/St_Johns",
    "Asia/Gaza",    "Pacific/Auckland",   "Antarctica/Troll",  "America/Nuuk",
    "Asia/Tehran",  "Pacific/Kiritimati", "Europe/Amsterdam",  "Africa/Monrovia",
};

static void read_system_zone(tally_zone *zone, tally_arena *arena, const char *name)
{
    static uint8_t bytes[TALLY_ZONE_FILE_BYTES_MAX];
    tally_err err = TALLY_ERR_INIT;
    char path[200];
    size_t count;
    FILE *file;

    assert_true(snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name) < (int)sizeof(path));
    file = fopen(path, "rb");
    if (file == NULL)
        print_message("cannot open %s\n", path);
    assert_non_null(file);
    count = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    if (tally_zone_parse(zone, arena, bytes, count, &err) != TALLY_OK)
        print_message("%s: %s\n", name, err.message);
    assert_int_equal(err.rc, TALLY_OK);
}

/* The C library reads the same files with code of its own. */
static void the_c_library_agrees(void **state)
{
    (void)state;
    random_begin("system zones");
    for (size_t i = 0; i < UNIT_COUNT(system_zones); i++) {
        tally_arena *arena = tally_arena_new(1 << 20);
        tally_zone zone;

        read_system_zone(&zone, arena, system_zones[i]);
        a_table_is_ascending_and_each_entry_changes_something(&zone);
        assert_int_equal(setenv("TZ", system_zones[i], 1), 0);
        tzset();
        for (uint32_t j = 0; j < 3000; j++) {
            const tally_zone_transition *entry = &zone.transitions[j % zone.count];
            time_t seconds = j % 2 == 0 && entry->utc_ms != INT64_MIN
                                 ? (time_t)(entry->utc_ms / 1000 - (j / 2) % 2)
                                 : (time_t)random_between(-2208988799, 4133980799);
            struct tm local;

            assert_non_null(localtime_r(&seconds, &local));
            assert_int_equal(tally_zone_offset(&zone, (int64_t)seconds * 1000), local.tm_gmtoff);
        }
        tally_arena_free(arena);
    }
    assert_int_equal(unsetenv("TZ"), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_the_file_and_then_of_its_rule_are_followed),
        cmocka_unit_test(days_begin_at_their_first_instant),
        cmocka_unit_test(local_times_are_found_as_by_trying_every_instant),
        cmocka_unit_test(hints_change_nothing),
        cmocka_unit_test(rules_mean_what_the_standard_says),
        cmocka_unit_test(files_that_contradict_themselves_are_refused),
        cmocka_unit_test(no_bytes_break_the_reader),
        cmocka_unit_test(each_failed_allocation_is_reported),
        cmocka_unit_test(an_arena_too_small_is_a_limit),
        cmocka_unit_test(the_c_library_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
