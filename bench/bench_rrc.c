/* SPDX-License-Identifier: Apache-2.0 */
/* RRC-V01: what each step of a credential takes on one core, the median of five
 * runs, in processor time.
 *
 * bench_rrc [json]: with json, one object for rrc/bench.mjs, which sets BBS
 * implementations beside it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cred/rrc_verify.h"

#define RUNS 5

#define MUST(call) TALLY_ASSERT((call) == TALLY_OK)

static const tally_rrc_benefit_fields benefit_fields = {
    { "did:web:operator.example", 24 },
    { "urn:example:points", 18 },
    { "did:web:library.example", 23 },
    { "urn:example:loan", 16 },
    { "2026-Q4", 7 },
    1,
    0,
    500,
};

static tally_rrc_key key;
static tally_rrc_keyset keyset;
static tally_rrc_context context;
static tally_rrc_benefit benefit;
static tally_rrc_member member;
static tally_rrc_request request;
static uint8_t answer[TALLY_RRC_ISSUANCE_BYTES];
static tally_rrc_credential credential;
static tally_rrc_presentation shown, read;
static const uint8_t nonce[32] = { 1 };
static const tally_rrc_issuing issuing = { &keyset, &context, nonce };
static const tally_rrc_showing showing = { &keyset,  &context,
                                           &benefit, { "did:web:library.example", 23 },
                                           nonce,    { "claim", 5 } };

static void check_request(void)
{
    MUST(tally_rrc_request_check(&issuing, &member.y, request.bytes, sizeof(request.bytes), NULL));
}

static void issue(void)
{
    MUST(tally_rrc_issue_checked(answer, &key, &issuing, 731, request.bytes, tally_random_system(),
                                 NULL));
}

static void check_and_issue(void)
{
    check_request();
    issue();
}

static void take(void)
{
    MUST(tally_rrc_issuance_take(&credential, &request, &issuing, 731, answer, sizeof(answer),
                                 NULL));
}

static void present(void)
{
    MUST(tally_rrc_present(&shown, &credential, &member, &showing, tally_random_system(), NULL));
}

/* As it comes: from bytes to the verdict. */
static void verify(void)
{
    MUST(tally_rrc_presentation_read(&read, shown.bytes, shown.byte_count, NULL));
    MUST(tally_rrc_presentation_verify(&read, &showing, &key, NULL));
}

static double processor_s(void)
{
    struct timespec now;

    TALLY_ASSERT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

/* Milliseconds for one, the median of the runs. */
static double measure(void (*work)(void), uint32_t count)
{
    double runs[RUNS];

    for (size_t i = 0; i < RUNS; i++) {
        double start = processor_s();

        for (uint32_t j = 0; j < count; j++)
            work();
        runs[i] = (processor_s() - start) / count * 1e3;
    }
    qsort(runs, RUNS, sizeof(runs[0]), compare);
    return runs[RUNS / 2];
}

static void set_up(uint32_t width)
{
    const tally_rrc_context_fields fields = {
        benefit_fields.issuer, benefit_fields.programme, 1, 0, 1, width
    };
    const tally_random *random = tally_random_system();

    MUST(tally_rrc_key_new(&key, random, NULL));
    MUST(tally_rrc_keyset_make(&keyset, &key, fields.issuer, NULL));
    MUST(tally_rrc_context_make(&context, &fields, NULL));
    MUST(tally_rrc_benefit_make(&benefit, &benefit_fields, NULL));
    MUST(tally_rrc_member_new(&member, random, NULL));
    MUST(tally_rrc_request_make(&request, &member, &issuing, random, NULL));
    issue();
    take();
    present();
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*work)(void);
        uint32_t width, count;
    } steps[] = {
        { "check a request", check_request, 16, 500 },
        { "issue", issue, 16, 500 },
        { "check a request and issue", check_and_issue, 16, 300 },
        { "take an issuance", take, 16, 200 },
        { "present, 16 bits", present, 16, 60 },
        { "verify, 16 bits", verify, 16, 60 },
        { "present, 10 bits", present, 10, 60 },
        { "verify, 10 bits", verify, 10, 60 },
    };
    bool is_json = argc > 1 && strcmp(argv[1], "json") == 0;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        double ms;

        set_up(steps[i].width);
        ms = measure(steps[i].work, steps[i].count);
        if (is_json)
            printf("%s\"%s\":%.4f", i == 0 ? "{" : ",", steps[i].name, ms);
        else
            printf("%-28s %8.3f ms %8.0f/s\n", steps[i].name, ms, 1e3 / ms);
    }
    if (is_json)
        puts("}");
    return 0;
}
