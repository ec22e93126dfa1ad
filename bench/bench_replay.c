/* SPDX-License-Identifier: Apache-2.0 */
/* Rescore workload W under policy P, as an ordinary compiled policy.
 *
 * Prints, for each set, events per second of the columns path (score only, and
 * with the lifetime sum), of a plain loop written by hand for this policy over
 * the same columns, and of the general pass on a part of the subjects; each the
 * median of five. The histogram and the sums s1 to s4 are held against the
 * published ones; a difference is a failure.
 *
 * usage: bench_replay POLICY.yaml [W1|W10|WD] */

/* The generator is a program; its events are a pure function that we call. */
#define main evgen_main
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#include "evgen.c"
#pragma GCC diagnostic pop
#undef main

#include <stdbool.h>
#include <time.h>

#include "policy/program.h"
#include "score/columns.h"
#include "tally/policy.h"

#define AS_OF_S      INT64_C(1765756800)
#define AS_OF_MS     (AS_OF_S * 1000)
#define EXPIRY_MS    (INT64_C(365) * 86400 * 1000)
#define RUNS         5
#define GENERAL_PART 20 /* the general pass takes one in so many subjects */
#define POLICY_BYTES 65536
#define TIERS        4

typedef struct workload {
    const char *name;
    uint64_t members, events;
    int64_t tiers[TIERS];
    int64_t s1, s2, s3, s4;
} workload;

static const workload workloads[] = {
    { "W1",
      1000000,
      1000000,
      { 997579, 2089, 217, 115 },
      1003874396,
      11576329,
      505917696825,
      5804406554 },
    { "W10",
      1000000,
      10000000,
      { 925561, 63863, 7079, 3497 },
      1036681752,
      112609281,
      522446856870,
      56894582943 },
    { "WD",
      100000,
      10000000,
      { 11041, 55638, 22363, 10958 },
      129957056,
      102056721,
      65427200705,
      51492027139 },
};

typedef struct dataset {
    uint64_t *first;
    int64_t *at_ms;
    uint8_t *type;
    int64_t *qty;
    const int64_t *slots[1];
    tally_columns columns;
    int64_t *scores, *earned, *plain;
} dataset;

static double now_s(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_replay: %s\n", what);
    exit(1);
}

static void *get(size_t count, size_t bytes)
{
    void *block = calloc(count, bytes);

    if (block == NULL)
        die("no memory");
    return block;
}

/* ---- the columns ----------------------------------------------------------------- */

/* Sorted by member; within a member by seq, which is also the order of (at, id). */
static void generate(dataset *data, const workload *set, const uint8_t type_of[8])
{
    uint64_t *next;

    members = set->members;
    events = set->events;
    base = mix64(UINT64_C(42) ^ UINT64_C(0x6A09E667F3BCC909));
    data->first = get(members + 1, sizeof(*data->first));
    data->at_ms = get(events, sizeof(*data->at_ms));
    data->type = get(events, 1);
    data->qty = get(events, sizeof(*data->qty));
    next = get(members + 1, sizeof(*next));
    for (uint64_t seq = 1; seq <= events; seq++)
        data->first[event_at(seq)
                        .member]++; /* members are 1 … : this is the end of the one before */
    for (uint64_t i = 1; i <= members; i++)
        data->first[i] += data->first[i - 1];
    memcpy(next, data->first, members * sizeof(*next));
    for (uint64_t seq = 1; seq <= events; seq++) {
        struct event event = event_at(seq);
        uint64_t place = next[event.member - 1]++;

        data->at_ms[place] = (int64_t)event.at * 1000;
        data->type[place] = type_of[event.type];
        data->qty[place] = event.qty;
    }
    free(next);
    data->slots[0] = data->qty;
    data->columns = (tally_columns){
        .subject_count = (uint32_t)members,
        .first = data->first,
        .at_ms = data->at_ms,
        .type = data->type,
        .slots = data->slots,
        .slot_count = 1,
    };
    data->scores = get(members, sizeof(*data->scores));
    data->earned = get(members, sizeof(*data->earned));
    data->plain = get(members, sizeof(*data->plain));
}

static void release(dataset *data)
{
    free(data->first);
    free(data->at_ms);
    free(data->type);
    free(data->qty);
    free(data->scores);
    free(data->earned);
    free(data->plain);
}

/* ---- the loop by hand ---------------------------------------------------------------- */

static int32_t month_of_day[36500];

static void fill_months(void)
{
    int year, month, day;

    for (int32_t i = 0; i < 36500; i++) {
        civil(i, &year, &month, &day);
        month_of_day[i] = year * 12 + month;
    }
}

/* Policy P, with its figures in the code. */
static void rescore_by_hand(const dataset *data, uint8_t first_type, int64_t *scores)
{
    static const int64_t fixed[8] = { 0, 0, 20, 10, 0, 15, -10, -30 };
    static const int64_t each[8] = { 2, 5, 0, 0, 3, 0, 0, 0 };
    static const bool is_capped[8] = { true, true, false, false, true, true, false, false };

    for (uint32_t member = 0; member < data->columns.subject_count; member++) {
        int64_t used[8] = { 0 };
        int32_t month_of[8] = { 0 };
        int64_t live = 0;

        for (uint64_t i = data->first[member]; i < data->first[member + 1]; i++) {
            int64_t at_ms = data->at_ms[i];
            unsigned type = (unsigned)data->type[i] - first_type;
            int64_t amount = fixed[type] + each[type] * data->qty[i];

            if (at_ms > AS_OF_MS)
                break;
            if (is_capped[type]) {
                int32_t month = month_of_day[at_ms / 86400000];

                if (month_of[type] != month) {
                    month_of[type] = month;
                    used[type] = 0;
                }
                if (amount > 100 - used[type])
                    amount = 100 - used[type];
                used[type] += amount;
            }
            if (at_ms > AS_OF_MS - EXPIRY_MS)
                live += amount;
        }
        live += 1000;
        scores[member] = live < 0 ? 0 : live > 2000 ? 2000 : live;
    }
}

/* ---- checking --------------------------------------------------------------------------- */

static bool check(const dataset *data, const workload *set, const tally_version *version)
{
    int64_t tiers[TIERS] = { 0 };
    int64_t s1 = 0, s2 = 0, s3 = 0, s4 = 0;

    for (uint32_t i = 0; i < data->columns.subject_count; i++) {
        uint32_t tier = 0;

        while (tier < version->tier_count && data->scores[i] >= version->tiers[tier].from)
            tier++;
        tiers[tier]++;
        s1 += data->scores[i];
        s2 += data->earned[i];
        s3 += (int64_t)((i + 1) % 1009) * data->scores[i];
        s4 += (int64_t)((i + 1) % 1013) * data->earned[i];
    }
    printf("%-4s tiers %" PRId64 " / %" PRId64 " / %" PRId64 " / %" PRId64 ", s1 %" PRId64
           ", s2 %" PRId64 ", s3 %" PRId64 ", s4 %" PRId64 "\n",
           set->name, tiers[0], tiers[1], tiers[2], tiers[3], s1, s2, s3, s4);
    return memcmp(tiers, set->tiers, sizeof(tiers)) == 0 && s1 == set->s1 && s2 == set->s2 &&
           s3 == set->s3 && s4 == set->s4;
}

static int order_times(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return a < b ? -1 : a > b;
}

static double median(double times[RUNS])
{
    qsort(times, RUNS, sizeof(*times), order_times);
    return times[RUNS / 2];
}

static void compute(const tally_columns_plan *plan, const dataset *data, int64_t *earned)
{
    tally_err err = TALLY_ERR_INIT;

    if (tally_columns_compute(plan, &data->columns, 0, data->columns.subject_count, data->scores,
                              earned, &err) != TALLY_OK)
        die(err.message);
}

/* The general pass on the first part of the subjects: events per second. */
static double general_rate(const tally_columns_plan *plan, const dataset *data)
{
    uint32_t to = data->columns.subject_count / GENERAL_PART;
    int64_t *scores = get(to, sizeof(*scores));
    tally_err err = TALLY_ERR_INIT;
    double begin = now_s();
    double seconds;

    if (tally_columns_compute_generally(plan, &data->columns, 0, to, scores, NULL, &err) !=
        TALLY_OK)
        die(err.message);
    seconds = now_s() - begin;
    if (memcmp(scores, data->scores, to * sizeof(*scores)) != 0)
        die("the general pass gives other scores");
    free(scores);
    return (double)data->first[to] / seconds;
}

static bool measure(const workload *set, const tally_policy *policy, const tally_columns_plan *plan,
                    const uint8_t type_of[8])
{
    double score_s[RUNS], both_s[RUNS], hand_s[RUNS];
    double score, both, hand;
    dataset data = { 0 };
    bool is_right;

    generate(&data, set, type_of);
    for (int run = 0; run < RUNS; run++) {
        double begin = now_s();

        compute(plan, &data, NULL);
        score_s[run] = now_s() - begin;
        begin = now_s();
        compute(plan, &data, data.earned);
        both_s[run] = now_s() - begin;
        begin = now_s();
        rescore_by_hand(&data, type_of[0], data.plain);
        hand_s[run] = now_s() - begin;
    }
    if (memcmp(data.plain, data.scores, members * sizeof(*data.plain)) != 0)
        die("the loop by hand gives other scores");
    is_right = check(&data, set, &policy->versions[0]);
    score = (double)events / median(score_s) / 1e6;
    both = (double)events / median(both_s) / 1e6;
    hand = (double)events / median(hand_s) / 1e6;
    printf("%-4s score %.1f, score and lifetime %.1f, by hand %.1f, general pass %.2f million "
           "events/s; score / by hand %.2f; %s\n",
           set->name, score, both, hand, general_rate(plan, &data) / 1e6, score / hand,
           is_right ? "as published" : "NOT AS PUBLISHED");
    release(&data);
    return is_right;
}

static const uint8_t *no_zone(void *context, const char *name, size_t *out_bytes)
{
    (void)context;
    (void)name;
    (void)out_bytes;
    return NULL;
}

static tally_policy *compile(const char *path)
{
    static char text[POLICY_BYTES];
    tally_zone_source zones = { NULL, no_zone };
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_policy *policy = NULL;
    tally_err err = TALLY_ERR_INIT;
    FILE *file = fopen(path, "rb");
    size_t count;

    if (file == NULL || diagnostics == NULL)
        die("the policy cannot be read");
    count = fread(text, 1, sizeof(text), file);
    fclose(file);
    if (tally_policy_compile(&policy, path, text, count, &zones, diagnostics, &err) != TALLY_OK)
        die(tally_diagnostics_count(diagnostics) > 0
                ? tally_diagnostics_get(diagnostics, 0)->message
                : err.message);
    tally_diagnostics_free(diagnostics);
    return policy;
}

int main(int argc, char **argv)
{
    static const char *const names[8] = {
        "kudos-given",     "kudos-received", "course-completed",  "session-attended",
        "volunteer-hours", "referral",       "late-cancellation", "no-show",
    };
    tally_arena *arena = tally_arena_new((size_t)64 << 20);
    tally_columns_plan *plan = NULL;
    tally_err err = TALLY_ERR_INIT;
    uint8_t type_of[8] = { 0 };
    bool is_right = true;
    tally_policy *policy;
    const char *why;

    if (argc < 2 || arena == NULL)
        die("usage: bench_replay POLICY.yaml [W1|W10|WD]");
    policy = compile(argv[1]);
    for (uint8_t i = 0; i < 8; i++)
        for (uint32_t type = 0; type < policy->type_count; type++)
            if (tally_text_is(policy->types[type].name, names[i]))
                type_of[i] = (uint8_t)type;
    if (tally_columns_plan_new(&plan, policy, AS_OF_MS, arena, &err) != TALLY_OK)
        die(err.message);
    if (!tally_columns_is_fast(plan, &why))
        die(why);
    fill_months();
    for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
        if (argc < 3 || strcmp(argv[2], workloads[i].name) == 0)
            is_right &= measure(&workloads[i], policy, plan, type_of);
    tally_policy_free(policy);
    tally_arena_free(arena);
    return is_right ? 0 : 1;
}
