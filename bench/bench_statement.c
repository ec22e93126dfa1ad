/* SPDX-License-Identifier: Apache-2.0 */
/* One subject's statement: how long it takes to compute and to render, by how
 * many events the subject has.
 *
 * bench_statement POLICY TYPE FIELD=VALUE[,FIELD=VALUE…]: events of that type,
 * one every six hours. Prints, for 10 to 10,000 events, the median of 21 of the
 * result alone, the statement, and the statement with its text, in microseconds,
 * and the ratio of statement to result.
 *
 * The policy's zone tables come from the system as for the program itself. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tally/policy.h"
#include "tally/score.h"
#include "util/civil.h"

#define RUNS        21
#define FIELDS_MAX  8
#define POLICY_MAX  TALLY_POLICY_BYTES_MAX
#define ZONE_MAX    262144
#define SIX_HOURS   INT64_C(21600000)
#define AS_OF_MS    INT64_C(1765756800000) /* 2025-12-15 */

static char policy_text[POLICY_MAX];
static uint8_t zone_bytes[ZONE_MAX];

static const uint8_t *load_zone(void *context, const char *name, size_t *out_bytes)
{
    char path[512];
    FILE *file;

    (void)context;
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    *out_bytes = fread(zone_bytes, 1, sizeof(zone_bytes), file);
    (void)fclose(file);
    return zone_bytes;
}

static tally_policy *load_policy(const char *path)
{
    const tally_zone_source zones = { NULL, load_zone };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;
    FILE *file = fopen(path, "rb");
    size_t bytes;

    if (file == NULL || diagnostics == NULL)
        return NULL;
    bytes = fread(policy_text, 1, sizeof(policy_text), file);
    (void)fclose(file);
    if (tally_policy_compile(&policy, path, policy_text, bytes, &zones, diagnostics, NULL) != TALLY_OK)
        policy = NULL;
    tally_diagnostics_free(diagnostics);
    return policy;
}

static int64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* The events of one subject, the newest at the as-of. */
static bool add_events(tally_subject *subject, const char *type, const tally_subject_field *fields,
                       size_t field_count, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        char at[TALLY_INSTANT_TEXT_BYTES];
        char id[24];
        tally_subject_record record = { type, id, at, NULL, field_count, fields };

        (void)tally_instant_format(at, AS_OF_MS - (count - 1 - i) * SIX_HOURS, 0);
        (void)snprintf(id, sizeof(id), "%" PRId64, i + 1);
        if (tally_subject_add(subject, &record, NULL) != TALLY_OK)
            return false;
    }
    return true;
}

/* Nanoseconds of one question; -1: it failed. part: 0 result, 1 statement, 2 with text. */
static int64_t ask(tally_subject *subject, int part)
{
    static const tally_text_options options = { .width = 90 };
    tally_subject_result result;
    tally_statement *statement = NULL;
    char *text = NULL;
    size_t bytes = 0;
    int64_t start = clock_ns();
    tally_err err = TALLY_ERR_INIT;
    tally_rc rc = part == 0 ? tally_subject_compute(subject, "2025-12-15", &result, &err)
                            : tally_subject_statement(subject, "2025-12-15", &statement, &err);

    if (rc == TALLY_OK && part == 2)
        rc = tally_statement_render_text(statement, &text, &bytes, &options, &err);
    start = clock_ns() - start;
    tally_statement_free_text(text);
    tally_statement_free(statement);
    if (rc != TALLY_OK)
        fprintf(stderr, "bench_statement: %s\n", err.message);
    return rc == TALLY_OK ? start : -1;
}

static int64_t median(tally_subject *subject, int part)
{
    int64_t times[RUNS];

    for (int i = 0; i < RUNS; i++) {
        times[i] = ask(subject, part);
        if (times[i] < 0)
            exit(1);
    }
    qsort(times, RUNS, sizeof(times[0]), compare);
    return times[RUNS / 2];
}

/* "name=value,name=value" in place. */
static size_t read_fields(char *text, tally_subject_field *fields)
{
    size_t count = 0;
    char *rest = text;

    while (rest != NULL && *rest != '\0' && count < FIELDS_MAX) {
        char *part = rest;
        char *equals = strchr(part, '=');

        rest = strchr(part, ',');
        if (rest != NULL)
            *rest++ = '\0';
        if (equals == NULL)
            continue;
        *equals = '\0';
        fields[count++] = (tally_subject_field){ part, equals + 1 };
    }
    return count;
}

int main(int argc, char **argv)
{
    tally_subject_field fields[FIELDS_MAX];
    tally_policy *policy;
    size_t field_count;

    if (argc != 4) {
        fputs("usage: bench_statement POLICY TYPE FIELD=VALUE[,FIELD=VALUE...]\n", stderr);
        return 2;
    }
    policy = load_policy(argv[1]);
    if (policy == NULL) {
        fprintf(stderr, "bench_statement: %s cannot be compiled\n", argv[1]);
        return 1;
    }
    field_count = read_fields(argv[3], fields);
    printf("%s\n  events  result us  statement us  with text us  statement / result\n",
           tally_policy_programme(policy));
    for (int64_t count = 10; count <= 10000; count *= 10) {
        tally_subject *subject = NULL;
        int64_t result, statement, text;

        if (tally_subject_new(&subject, policy, "bench", NULL) != TALLY_OK ||
            !add_events(subject, argv[2], fields, field_count, count))
            return 1;
        result = median(subject, 0);
        statement = median(subject, 1);
        text = median(subject, 2);
        printf("%8" PRId64 "  %9" PRId64 "  %12" PRId64 "  %12" PRId64 "  %18" PRId64 ".%01" PRId64 "\n",
               count, result / 1000, statement / 1000, text / 1000, statement / result,
               statement * 10 / result % 10);
        tally_subject_free(subject);
    }
    tally_policy_free(policy);
    return 0;
}
