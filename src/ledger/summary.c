/* SPDX-License-Identifier: Apache-2.0 */
/* Monthly releases: see summary.h.
 *
 * RELEASES, by year * 12 + month - 1: {"document","halves","population","programme-year"}. The document alone is
 * public. */

#include "ledger/summary.h"

#include <string.h>
#include "crypto/hash.h"
#include "json/jcs.h"
#include "json/read.h"
#include "ledger/people.h"
#include "score/context.h"
#include "util/alloc.h"

#define BAND_COUNT 7u

/* Points as counted, without the number they are shown on. */
static const struct {
    const char *label;
    int64_t from;
} bands[BAND_COUNT] = {
    { "0", INT64_MIN },    { "1 to 24", 1 },      { "25 to 49", 25 },      { "50 to 99", 50 },
    { "100 to 199", 100 }, { "200 to 499", 200 }, { "500 and more", 500 },
};

typedef struct stored_release {
    int64_t key; /* 0: none */
    uint32_t halves, population;
    int32_t programme_year;
} stored_release;

typedef struct making {
    tally_buffer *out;
    size_t out_at;
    tally_summary *summary;
    tally_denial *denial;
    int64_t key, month_end_ms; /* of the last whole month */
    stored_release last;
    tally_text labels[TALLY_RELEASE_LABELS_MAX];
    uint32_t label_count;
    uint32_t tiers[TALLY_RELEASE_LABELS_MAX], points[BAND_COUNT];
    uint32_t population;
} making;

/* ---- the month ---------------------------------------------------------------------- */

static const tally_version *newest(const tally_ledger *ledger)
{
    return &ledger->policy->versions[ledger->policy->version_count - 1];
}

/* The last month that is over in the policy's zone, and its last millisecond. */
static void find_month(const tally_ledger *ledger, int64_t now_ms, making *m)
{
    const tally_version *version = newest(ledger);
    const tally_zone *zone =
        version->zone == TALLY_NO_INDEX ? NULL : ledger->policy->zones[version->zone];
    int32_t period = tally_local_period(zone, 0, TALLY_UNIT_MONTH, now_ms);
    tally_date date = tally_date_from_day(tally_period_first_day(TALLY_UNIT_MONTH, period - 1));

    m->month_end_ms = tally_local_period_start(zone, 0, TALLY_UNIT_MONTH, period) - 1;
    m->key = (int64_t)date.year * 12 + date.month - 1;
}

static int32_t month_of(int64_t key)
{
    return (int32_t)(key % 12) + 1;
}

/* Is the programme's n-th year counted from the day it was made? */
static int32_t programme_year(const tally_ledger *ledger, int64_t at_ms)
{
    tally_date made = tally_date_from_day(tally_day_of_ms(ledger->created_ms, 0));
    tally_date at = tally_date_from_day(tally_day_of_ms(at_ms, 0));
    int32_t years = at.year - made.year;

    if (at.month < made.month || (at.month == made.month && at.day < made.day))
        years--;
    return years < 0 ? 1 : years + 1;
}

/* ---- what is stored ------------------------------------------------------------------- */

static tally_rc read_release(tally_text value, stored_release *out, tally_buffer *document,
                             tally_err *err)
{
    const tally_json_options options = { .bytes_max = TALLY_JSON_BYTES_MAX };
    tally_json_document *parsed = NULL;
    tally_json_reader reader;
    tally_rc rc = tally_json_parse(&parsed, value, &options, err);

    if (rc != TALLY_OK)
        return rc == TALLY_E_NOMEM ? rc : TALLY_E_CORRUPT;
    tally_json_read_begin(&reader, tally_json_root(parsed), "release", err);
    (void)tally_buffer_append_text(
        document, tally_json_read_text(&reader, "document", TALLY_RELEASE_BYTES_MAX));
    out->halves = (uint32_t)tally_json_read_integer(&reader, "halves", 0, 1000);
    out->population = (uint32_t)tally_json_read_integer(&reader, "population", 0, UINT32_MAX);
    out->programme_year = (int32_t)tally_json_read_integer(&reader, "programme-year", 1, 10000);
    rc =
        tally_json_read_end(&reader) == TALLY_OK ? tally_buffer_failure(document) : TALLY_E_CORRUPT;
    tally_json_document_free(parsed);
    return rc;
}

/* The newest stored release, its document appended. */
static tally_rc load_last(tally_store_transaction *transaction, stored_release *out,
                          tally_buffer *document, tally_err *err)
{
    tally_text value;
    bool is_found = false;
    tally_rc rc = tally_store_last(transaction, TALLY_STORE_RELEASES, &out->key, err);

    if (rc != TALLY_OK || out->key == 0)
        return rc;
    rc = tally_store_get(transaction, TALLY_STORE_RELEASES, out->key, &value, &is_found, err);
    if (rc == TALLY_OK && !is_found)
        rc = tally_err_set(err, TALLY_E_CORRUPT, 0, "the newest release is missing");
    return rc == TALLY_OK ? read_release(value, out, document, err) : rc;
}

static tally_rc store_release(tally_store_transaction *transaction, const making *m,
                              tally_text document, int32_t year, tally_err *err)
{
    tally_buffer value;
    tally_jcs jcs;
    tally_rc rc;

    tally_buffer_init(&value, TALLY_STORE_VALUE_BYTES_MAX);
    tally_jcs_init(&jcs, &value);
    tally_jcs_object(&jcs);
    tally_jcs_member_text(&jcs, "document", document);
    tally_jcs_member_integer(&jcs, "halves", m->summary->outcome.halves_spent);
    tally_jcs_member_integer(&jcs, "population", m->population);
    tally_jcs_member_integer(&jcs, "programme-year", year);
    tally_jcs_object_end(&jcs);
    rc = tally_jcs_finish(&jcs, err);
    if (rc == TALLY_OK)
        rc = tally_store_put(transaction, TALLY_STORE_RELEASES, m->key, tally_buffer_text(&value),
                             err);
    tally_buffer_free(&value);
    return rc;
}

/* ---- counting ---------------------------------------------------------------------------- */

static tally_rc count_one(void *context, const tally_scored_subject *scored, tally_err *err)
{
    making *m = context;
    tally_text level = tally_people_level(scored);
    uint32_t band = 0;

    (void)err;
    if (scored->member->joined_ms > m->month_end_ms)
        return TALLY_OK;
    m->population++;
    for (uint32_t i = 0; i < m->label_count; i++) {
        if (tally_text_is_equal(m->labels[i], level)) {
            m->tiers[i]++;
            break;
        }
    }
    for (uint32_t i = 1; i < BAND_COUNT && scored->result->score >= bands[i].from; i++)
        band = i;
    m->points[band]++;
    return TALLY_OK;
}

/* The levels that the newest version knows; who stands on an older one is counted in the total of nothing. */
static void find_labels(const tally_ledger *ledger, making *m)
{
    const tally_version *version = newest(ledger);

    if (version->tier_count > 0 && version->moves.none.count > 0)
        m->labels[m->label_count++] = version->moves.none;
    for (uint32_t i = 0; i < version->tier_count && m->label_count < TALLY_RELEASE_LABELS_MAX; i++)
        m->labels[m->label_count++] = version->tiers[i].name;
}

static tally_rc make(tally_ledger *ledger, making *m, tally_buffer *document, tally_err *err)
{
    tally_text band_labels[BAND_COUNT];
    tally_table tables[2] = {
        { .name = TALLY_TEXT("tiers"),
          .title = TALLY_TEXT("Members by tier"),
          .dimension_count = 1,
          .dimensions = { { TALLY_TEXT("tier"), m->label_count, m->labels } } },
        { .name = TALLY_TEXT("points"),
          .title = TALLY_TEXT("Members by points"),
          .dimension_count = 1,
          .dimensions = { { TALLY_TEXT("points"), BAND_COUNT, band_labels } } },
    };
    const uint32_t first = m->label_count > 0 ? 0 : 1;
    tally_table_counts counts[2] = { { m->tiers }, { NULL } };
    char hash[TALLY_HASH_HEX_BYTES];
    tally_release_request request = { .programme = ledger->origin,
                                      .year = (int32_t)(m->key / 12),
                                      .month = (uint32_t)month_of(m->key),
                                      .programme_year = programme_year(ledger, m->month_end_ms),
                                      .table_count = 2 - first,
                                      .tables = tables + first,
                                      .counts = counts + first,
                                      .population = m->population,
                                      .has_previous = m->last.key != 0,
                                      .previous_population = m->last.population };

    for (uint32_t i = 0; i < BAND_COUNT; i++)
        band_labels[i] = tally_text_from(bands[i].label);
    if (month_of(m->key) % 6 == 0 || first == 1)
        counts[1].counts = m->points;
    if (m->last.programme_year == request.programme_year)
        request.halves_spent = m->last.halves;
    tally_hash_hex(hash, newest(ledger)->hash);
    request.policy_hash = tally_text_from(hash);
    return tally_release_make(document, &m->summary->outcome, &request, ledger->options.random,
                              err);
}

/* ---- the use case --------------------------------------------------------------------------- */

static void tell(tally_summary *summary, const char *reason)
{
    summary->outcome.state = TALLY_RELEASE_STORED;
    summary->outcome.code = "";
    memcpy(summary->outcome.reason, reason, strlen(reason) + 1);
}

static tally_rc make_due(tally_ledger *ledger, tally_store_transaction *transaction, making *m,
                         tally_err *err)
{
    tally_buffer document;
    tally_rc rc;

    find_labels(ledger, m);
    rc = tally_people_score(ledger, transaction, m->month_end_ms, count_one, m, err);
    if (rc != TALLY_OK)
        return rc;
    tally_buffer_init(&document, TALLY_RELEASE_BYTES_MAX);
    rc = make(ledger, m, &document, err);
    if (rc == TALLY_OK && m->summary->outcome.state == TALLY_RELEASE_MADE) {
        rc = store_release(transaction, m, tally_buffer_text(&document),
                           programme_year(ledger, m->month_end_ms), err);
        tally_buffer_truncate(m->out, m->out_at);
        if (rc == TALLY_OK &&
            tally_buffer_append_text(m->out, tally_buffer_text(&document)) != TALLY_OK)
            rc = tally_err_set(err, tally_buffer_failure(m->out), 0, "telling a release");
        m->last.key = m->key;
    }
    tally_buffer_free(&document);
    return rc;
}

static tally_rc work(tally_ledger *ledger, tally_store_transaction *transaction, void *context,
                     tally_err *err)
{
    making *m = context;
    tally_rc rc;

    tally_buffer_truncate(m->out, m->out_at);
    find_month(ledger, tally_ledger_stamp(ledger), m);
    rc = load_last(transaction, &m->last, m->out, err);
    if (rc != TALLY_OK)
        return rc;
    if (m->last.key >= m->key)
        tell(m->summary, "the release of this month was made before, and stays as it is");
    else if (month_of(m->key) % 2 != 0)
        tell(m->summary, "tables are released for every second month");
    else if (m->month_end_ms < ledger->created_ms)
        tell(m->summary, "the programme's first month is not over");
    else
        rc = make_due(ledger, transaction, m, err);
    m->summary->year = (int32_t)(m->last.key / 12);
    m->summary->month = m->last.key != 0 ? month_of(m->last.key) : 0;
    return rc;
}

tally_rc tally_ledger_summary(tally_ledger *ledger, tally_buffer *out, tally_summary *out_summary,
                              tally_denial *denial, tally_err *err)
{
    making *m;
    tally_rc rc;

    if (ledger->is_about_organisations)
        return tally_deny(
            denial, err, TALLY_E_DENIED, "E_NOT_AVAILABLE", "R23",
            "read them with `tally organisation find` and `tally statement`",
            "the results of organisations are public one by one; there are no tables");
    m = tally_alloc_zeroed(sizeof(*m));
    if (m == NULL)
        return tally_err_set(err, TALLY_E_NOMEM, 0, "making a release");
    *out_summary = (tally_summary){ .year = 0 };
    m->out = out;
    m->out_at = tally_buffer_text(out).count;
    m->summary = out_summary;
    rc = tally_ledger_run(ledger, true, work, m, err);
    if (rc != TALLY_OK)
        tally_buffer_truncate(out, m->out_at);
    tally_release(m);
    return rc;
}
