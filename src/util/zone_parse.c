/* SPDX-License-Identifier: Apache-2.0 */
/* TZif files to tables of offsets (RFC 8536).
 *
 * A file is a header and a block of 32-bit data, which we skip, then a header
 * and a block of 64-bit data, then a footer: a newline, a POSIX TZ rule, a
 * newline. All numbers are big-endian. A header is 44 bytes:
 *
 *    0  "TZif"       20  isutcnt   24  isstdcnt   28  leapcnt
 *    4  version      32  timecnt   36  typecnt    40  charcnt
 *
 * and a block, with times of T bytes, 4 in the first and 8 in the second:
 *
 *    timecnt * T  instants in seconds, ascending
 *    timecnt      the type that begins at each
 *    typecnt * 6  types: int32 offset, byte is-daylight, byte name index
 *    charcnt      names
 *    leapcnt * (T + 4), isstdcnt, isutcnt
 *
 * Type 0 holds before the first instant. The rule holds after the last one; it
 * is applied here up to 2100, so that nobody else needs to know rules. */

#include <string.h>

#include "util/alloc.h"
#include "util/zone.h"
#include "util/zone_rule.h"

#define HEADER_BYTES 44
#define TYPE_BYTES   6

/* 1900-01-01 and 2101-01-01, UTC, in seconds. */
#define FIRST_S INT64_C(-2208988800)
#define END_S   INT64_C(4133980800)

/* A rule may move a change by a week: its years reach one beyond ours. */
#define RULE_YEAR_FIRST  1899
#define RULE_YEAR_LAST   2101
#define RULE_CHANGES_MAX (2 * (RULE_YEAR_LAST - RULE_YEAR_FIRST + 1))

/* What a file may have itself, so that the table stays within its bound. */
#define TIMES_MAX (TALLY_ZONE_TRANSITIONS_MAX - RULE_CHANGES_MAX - 1)

typedef struct file_header {
    uint8_t version;
    uint32_t isut_count;
    uint32_t isstd_count;
    uint32_t leap_count;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t char_count;
} file_header;

/* A table while it grows; it has at least the first entry. */
typedef struct offset_table {
    tally_zone_transition *entries;
    uint32_t count;
} offset_table;

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Two's complement without relying on the conversion of large values. */
static int32_t load_i32(const uint8_t *bytes)
{
    uint32_t raw = load_u32(bytes);
    int32_t value;

    memcpy(&value, &raw, sizeof(value));
    return value;
}

static int64_t load_i64(const uint8_t *bytes)
{
    uint64_t raw = (uint64_t)load_u32(bytes) << 32 | load_u32(bytes + 4);
    int64_t value;

    memcpy(&value, &raw, sizeof(value));
    return value;
}

static tally_rc refuse(tally_err *err, const char *why)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "not a usable time zone file: %s", why);
}

static tally_rc read_header(file_header *out_header, const uint8_t *bytes, size_t left,
                            tally_err *err)
{
    if (left < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
        return refuse(err, "no TZif header");
    *out_header = (file_header){
        .version = bytes[4],
        .isut_count = load_u32(bytes + 20),
        .isstd_count = load_u32(bytes + 24),
        .leap_count = load_u32(bytes + 28),
        .time_count = load_u32(bytes + 32),
        .type_count = load_u32(bytes + 36),
        .char_count = load_u32(bytes + 40),
    };
    return TALLY_OK;
}

/* Sums of a few 32-bit counts times small numbers: no overflow in 64 bits. */
static uint64_t block_bytes(const file_header *header, uint64_t time_bytes)
{
    return header->time_count * (time_bytes + 1) + (uint64_t)header->type_count * TYPE_BYTES +
           header->char_count + header->leap_count * (time_bytes + 4) + header->isstd_count +
           header->isut_count;
}

static void append(offset_table *table, int64_t utc_s, int32_t offset_s)
{
    tally_zone_transition *last = &table->entries[table->count - 1];

    if (utc_s >= END_S)
        return;
    /* What held before 1900 is the first entry, which has no beginning. */
    if (utc_s <= FIRST_S) {
        TALLY_ASSERT(table->count == 1);
        last->offset_s = offset_s;
        return;
    }
    /* Of two changes at one instant the one stated later holds. */
    if (last->utc_ms == utc_s * 1000) {
        last->offset_s = offset_s;
        if (last[-1].offset_s == offset_s)
            table->count--;
        return;
    }
    if (last->offset_s == offset_s)
        return;
    TALLY_ASSERT(table->count < TALLY_ZONE_TRANSITIONS_MAX);
    table->entries[table->count++] = (tally_zone_transition){ utc_s * 1000, offset_s };
}

/* Append what the block says, and tell its last change; out_last->utc_s is
 * INT64_MIN when there is none. */
static tally_rc read_block(offset_table *table, tally_zone_rule_change *out_last,
                           const file_header *header, const uint8_t *block, tally_err *err)
{
    const uint8_t *type_of_time = block + (size_t)header->time_count * 8;
    const uint8_t *types = type_of_time + header->time_count;
    tally_zone_rule_change last = { INT64_MIN, load_i32(types) };

    for (uint32_t i = 0; i < header->type_count; i++) {
        int32_t offset_s = load_i32(types + (size_t)i * TYPE_BYTES);

        if (offset_s < TALLY_ZONE_OFFSET_S_MIN || offset_s > TALLY_ZONE_OFFSET_S_MAX)
            return refuse(err, "an offset from UTC beyond a day");
    }
    append(table, INT64_MIN, last.offset_s);
    for (uint32_t i = 0; i < header->time_count; i++) {
        int64_t utc_s = load_i64(block + (size_t)i * 8);
        uint32_t type = type_of_time[i];

        if (i > 0 && utc_s <= last.utc_s)
            return refuse(err, "its transitions are not in order");
        if (type >= header->type_count)
            return refuse(err, "a transition to a type that it does not define");
        last.utc_s = utc_s;
        last.offset_s = load_i32(types + (size_t)type * TYPE_BYTES);
        append(table, last.utc_s, last.offset_s);
    }
    *out_last = last;
    return TALLY_OK;
}

/* All changes that a rule makes in our years, in order. Rules whose daylight
 * time lasts all year end and begin it at one instant, and rules may reach into
 * the next year: so the changes of all years are sorted together, and at one
 * instant the beginning of daylight time comes last. */
static uint32_t list_changes(tally_zone_rule_change changes[static RULE_CHANGES_MAX],
                             const tally_zone_rule *rule)
{
    uint32_t count = 0;

    for (int32_t year = RULE_YEAR_FIRST; year <= RULE_YEAR_LAST; year++) {
        tally_zone_rule_change pair[2];

        tally_zone_rule_year(pair, rule, year);
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t at = count++;

            while (at > 0 && (changes[at - 1].utc_s > pair[i].utc_s ||
                              (changes[at - 1].utc_s == pair[i].utc_s && i == 1))) {
                changes[at] = changes[at - 1];
                at--;
            }
            changes[at] = pair[i];
        }
    }
    return count;
}

/* Append the changes that the rule makes after the last one of the block. A
 * rule must agree with that one (RFC 8536, 3.3): if it did not, what holds in
 * between would depend on who reads. */
static tally_rc apply_rule(offset_table *table, const tally_zone_rule *rule,
                           tally_zone_rule_change last, tally_err *err)
{
    tally_zone_rule_change changes[RULE_CHANGES_MAX];
    int32_t expected_s = rule->standard_s;
    uint32_t count = 0;

    if (rule->has_daylight)
        count = list_changes(changes, rule);
    if (last.utc_s < FIRST_S)
        append(table, FIRST_S, expected_s);
    for (uint32_t i = 0; i < count; i++) {
        if (changes[i].utc_s <= last.utc_s)
            expected_s = changes[i].offset_s;
        else
            append(table, changes[i].utc_s, changes[i].offset_s);
    }
    if (last.utc_s >= FIRST_S && last.utc_s < END_S && expected_s != last.offset_s)
        return refuse(err, "its rule contradicts its last transition");
    return TALLY_OK;
}

static tally_rc read_footer(offset_table *table, tally_text footer, tally_zone_rule_change last,
                            tally_err *err)
{
    tally_zone_rule rule;

    if (footer.count < 2 || footer.bytes[0] != '\n' || footer.bytes[footer.count - 1] != '\n')
        return refuse(err, "no footer");
    footer = tally_text_slice(footer, 1, footer.count - 1);
    if (footer.count == 0)
        return TALLY_OK;
    if (!tally_zone_rule_parse(&rule, footer))
        return refuse(err, "its rule cannot be read");
    return apply_rule(table, &rule, last, err);
}

/* Find the second header and its block. */
static tally_rc find_block(file_header *out_header, const uint8_t **out_block, size_t *out_left,
                           const uint8_t *bytes, size_t count, tally_err *err)
{
    file_header header;
    tally_rc rc = read_header(&header, bytes, count, err);

    if (rc != TALLY_OK)
        return rc;
    if (header.version < '2' || header.version > '4')
        return refuse(err, "a version we do not know");
    if (block_bytes(&header, 4) > count - HEADER_BYTES)
        return refuse(err, "it ends too early");
    bytes += HEADER_BYTES + (size_t)block_bytes(&header, 4);
    count -= HEADER_BYTES + (size_t)block_bytes(&header, 4);
    rc = read_header(&header, bytes, count, err);
    if (rc != TALLY_OK)
        return rc;
    if (block_bytes(&header, 8) > count - HEADER_BYTES)
        return refuse(err, "it ends too early");
    if (header.leap_count != 0)
        return refuse(err, "it counts leap seconds");
    if (header.type_count == 0 || header.type_count > 256)
        return refuse(err, "it defines no types, or too many");
    if (header.time_count > TIMES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a time zone with %u transitions",
                             (unsigned)header.time_count);
    *out_header = header;
    *out_block = bytes + HEADER_BYTES;
    *out_left = count - HEADER_BYTES;
    return TALLY_OK;
}

tally_rc tally_zone_parse(tally_zone *out_zone, tally_arena *arena, const uint8_t *bytes,
                          size_t count, tally_err *err)
{
    offset_table table = { NULL, 1 };
    tally_zone_rule_change last;
    const tally_zone_transition *kept;
    const uint8_t *block;
    file_header header;
    size_t left;
    size_t used;
    tally_rc rc;

    if (count > TALLY_ZONE_FILE_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a time zone file of %zu bytes", count);
    rc = find_block(&header, &block, &left, bytes, count, err);
    if (rc != TALLY_OK)
        return rc;
    used = (size_t)block_bytes(&header, 8);

    table.entries =
        tally_alloc_array(1 + header.time_count + RULE_CHANGES_MAX, sizeof(*table.entries));
    if (table.entries == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading a time zone");
    table.entries[0] = (tally_zone_transition){ INT64_MIN, 0 };
    rc = read_block(&table, &last, &header, block, err);
    if (rc == TALLY_OK)
        rc = read_footer(&table, tally_text_of((const char *)block + used, left - used), last, err);
    if (rc != TALLY_OK)
        goto out;
    kept = tally_arena_copy(arena, table.entries, table.count * sizeof(*table.entries));
    if (kept == NULL) {
        rc = tally_err_set(err, tally_arena_failure(arena), 0, "keeping a time zone");
        goto out;
    }
    *out_zone = (tally_zone){ kept, table.count };
out:
    tally_release(table.entries);
    return rc;
}
