/* SPDX-License-Identifier: Apache-2.0 */
/* Each subject becomes a row of cells, whatever the format; a column's kind
 * says how a cell is aligned and whether JSON quotes it. */

#include "eval/results.h"

#include <inttypes.h>
#include <string.h>

#include "util/alloc.h"
#include "util/decimal.h"
#include "util/json.h"

#define OUT_BYTES_MAX  ((size_t)1 << 40)
#define FLUSH_BYTES    ((size_t)64 << 10)
#define RATIO_DECIMALS 4

typedef struct results_column {
    tally_text name;
    bool is_number; /* right-aligned; bare in JSON */
} results_column;

struct tally_results {
    const struct tally_policy *policy;
    const tally_version *version;
    tally_results_format format;
    uint64_t row_limit;
    FILE *stream;
    bool has_failed_to_write;
    bool has_header;
    uint32_t column_count;
    results_column columns[TALLY_RESULTS_COLUMNS_MAX];
    tally_buffer cells[TALLY_RESULTS_COLUMNS_MAX]; /* of the row at hand */
    bool is_nothing[TALLY_RESULTS_COLUMNS_MAX];
    tally_buffer out;
    uint64_t count, failed_count, kept_count;
    tally_buffer kept;        /* table: cells ended by NUL, row by row */
    uint64_t *grades, *tiers; /* by row or tier; the last is none */
    uint64_t no_rating_count;
    tally_scores scores;
};

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "writing the results");
}

const char *tally_results_counted(const struct tally_policy *policy)
{
    return policy->is_about_organisations ? "organisations" : "members";
}

static void add_column(tally_results *results, tally_text name, bool is_number)
{
    TALLY_ASSERT(results->column_count < TALLY_RESULTS_COLUMNS_MAX);
    results->columns[results->column_count++] = (results_column){ name, is_number };
}

static bool is_number_type(tally_value_type type)
{
    return type == TALLY_TYPE_NUMBER || type == TALLY_TYPE_RATIO;
}

static bool is_shown_on_base(const tally_results *results)
{
    return results->version->score.shown_on != 0;
}

static void name_columns(tally_results *results)
{
    const tally_version *version = results->version;

    add_column(results, TALLY_TEXT("subject"), false);
    if (version->score.is_present) {
        add_column(results, TALLY_TEXT("state"), false);
        add_column(results, TALLY_TEXT("score"), true);
        if (is_shown_on_base(results))
            add_column(results, TALLY_TEXT("shown"), true);
    }
    if (version->tier_count != 0)
        add_column(results, TALLY_TEXT("tier"), false);
    if (version->grade.is_present)
        add_column(results, TALLY_TEXT("grade"), false);
    /* As a result lists them; a subject that fails has the same columns. */
    for (uint32_t i = 0; i < version->let_count; i++) {
        if (version->lets[i].is_reported && version->lets[i].expr != NULL)
            add_column(results, version->lets[i].name, is_number_type(version->lets[i].expr->type));
    }
    for (uint32_t i = 0; i < version->streak_count; i++) {
        if (version->streaks[i].is_reported)
            add_column(results, version->streaks[i].name, true);
    }
}

tally_rc tally_results_new(tally_results **out_results, const struct tally_policy *policy,
                           uint32_t version, tally_results_format format, uint64_t row_limit,
                           FILE *stream, tally_err *err)
{
    tally_results *results = tally_alloc_zeroed(sizeof(*results));

    if (results == NULL)
        return no_memory(err);
    results->policy = policy;
    results->version = &policy->versions[version];
    results->format = format;
    results->row_limit = row_limit;
    results->stream = stream;
    tally_buffer_init(&results->out, OUT_BYTES_MAX);
    tally_buffer_init(&results->kept, OUT_BYTES_MAX);
    for (uint32_t i = 0; i < TALLY_RESULTS_COLUMNS_MAX; i++)
        tally_buffer_init(&results->cells[i], FLUSH_BYTES);
    tally_scores_start(&results->scores, policy->points_decimals);
    results->grades =
        tally_alloc_zeroed((results->version->grade.row_count + 1u) * sizeof(uint64_t));
    results->tiers = tally_alloc_zeroed((results->version->tier_count + 1u) * sizeof(uint64_t));
    if (results->grades == NULL || results->tiers == NULL) {
        tally_results_free(results);
        return no_memory(err);
    }
    name_columns(results);
    *out_results = results;
    return TALLY_OK;
}

void tally_results_free(tally_results *results)
{
    if (results == NULL)
        return;
    for (uint32_t i = 0; i < TALLY_RESULTS_COLUMNS_MAX; i++)
        tally_buffer_free(&results->cells[i]);
    tally_buffer_free(&results->out);
    tally_buffer_free(&results->kept);
    tally_release(results->grades);
    tally_release(results->tiers);
    tally_release(results);
}

tally_text tally_results_grade(const struct tally_policy *policy, const tally_result *result)
{
    const tally_grade *grade = &policy->versions[result->grade_version].grade;

    return result->has_grade && result->grade < grade->row_count
               ? grade->labels->words[result->grade]
               : TALLY_TEXT("no grade");
}

tally_text tally_results_tier(const struct tally_policy *policy, const tally_result *result)
{
    const tally_version *version = &policy->versions[result->version];

    return result->tier < version->tier_count ? version->tiers[result->tier].name
                                              : version->moves.none;
}

/* ---- cells --------------------------------------------------------------------- */

void tally_results_format_value(const tally_report *report, tally_buffer *out)
{
    char number[TALLY_DECIMAL_TEXT_BYTES];
    char day[TALLY_DATE_TEXT_BYTES];
    char instant[TALLY_INSTANT_TEXT_BYTES];
    int64_t value = report->value.a;

    if (value == TALLY_NOTHING)
        return;
    switch (report->type) {
    case TALLY_TYPE_RATIO:
        if (tally_decimal_quotient(&value, (tally_decimal){ report->value.a, 0 },
                                   (tally_decimal){ report->value.b, 0 }, RATIO_DECIMALS,
                                   TALLY_ROUND_HALF_EVEN) == TALLY_OK)
            (void)tally_buffer_append_text(
                out, tally_decimal_format_short(number, value, RATIO_DECIMALS, NULL));
        break;
    case TALLY_TYPE_CONDITION:
        (void)tally_buffer_append_string(out, value != 0 ? "yes" : "no");
        break;
    case TALLY_TYPE_WORD:
        if (report->domain != NULL && (uint64_t)value < report->domain->count)
            (void)tally_buffer_append_text(out, report->domain->words[value]);
        break;
    case TALLY_TYPE_DAY:
        (void)tally_buffer_append_text(out, tally_day_format(day, (int32_t)value));
        break;
    case TALLY_TYPE_INSTANT:
        (void)tally_buffer_append_text(out, tally_instant_format(instant, value, 0));
        break;
    case TALLY_TYPE_DURATION:
        (void)tally_buffer_printf(out, "%" PRId64 " days", value / TALLY_DAY_MS);
        break;
    default:
        (void)tally_buffer_append_text(
            out, tally_decimal_format_short(number, value, report->decimals, NULL));
        break;
    }
}

static void set_number(tally_results *results, uint32_t column, int64_t value)
{
    char number[TALLY_DECIMAL_TEXT_BYTES];

    (void)tally_buffer_append_text(
        &results->cells[column],
        tally_decimal_format_short(number, value, results->policy->points_decimals, NULL));
    results->is_nothing[column] = false;
}

static void set_text(tally_results *results, uint32_t column, tally_text text)
{
    (void)tally_buffer_append_text(&results->cells[column], text);
    results->is_nothing[column] = false;
}

static uint32_t set_score(tally_results *results, uint32_t column, const tally_result *result)
{
    bool has_score = result->state == TALLY_STATE_SCORE;

    set_text(results, column++, has_score ? TALLY_TEXT("scored") : TALLY_TEXT("no rating"));
    if (has_score)
        set_number(results, column, result->score);
    column++;
    if (is_shown_on_base(results)) {
        if (has_score)
            set_number(results, column, result->shown);
        column++;
    }
    return column;
}

/* Fill the cells of one subject; without a result it failed. */
static void set_cells(tally_results *results, tally_text subject, const tally_result *result)
{
    const tally_version *version = results->version;
    uint32_t column = 0;

    for (uint32_t i = 0; i < results->column_count; i++) {
        tally_buffer_reset(&results->cells[i]);
        results->is_nothing[i] = true;
    }
    set_text(results, column++, subject);
    if (result == NULL) {
        if (results->column_count > 1 && !results->columns[1].is_number)
            set_text(results, column, TALLY_TEXT("error"));
        return;
    }
    if (version->score.is_present)
        column = set_score(results, column, result);
    if (version->tier_count != 0)
        set_text(results, column++, tally_results_tier(results->policy, result));
    if (version->grade.is_present)
        set_text(results, column++, tally_results_grade(results->policy, result));
    for (uint32_t i = 0; i < result->report_count && column < results->column_count; i++) {
        tally_results_format_value(&result->reports[i], &results->cells[column]);
        results->is_nothing[column] = result->reports[i].value.a == TALLY_NOTHING;
        column++;
    }
}

/* ---- rows ------------------------------------------------------------------------ */

void tally_results_append_csv(tally_buffer *out, tally_text text)
{
    bool has_to_quote = false;

    for (size_t i = 0; i < text.count; i++)
        has_to_quote |= text.bytes[i] == ',' || text.bytes[i] == '"' || text.bytes[i] == '\n' ||
                        text.bytes[i] == '\r';
    if (!has_to_quote) {
        (void)tally_buffer_append_text(out, text);
        return;
    }
    (void)tally_buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] == '"')
            (void)tally_buffer_append_byte(out, '"');
        (void)tally_buffer_append_byte(out, text.bytes[i]);
    }
    (void)tally_buffer_append_byte(out, '"');
}

static void write_csv_header(tally_results *results)
{
    for (uint32_t i = 0; i < results->column_count; i++) {
        if (i != 0)
            (void)tally_buffer_append_byte(&results->out, ',');
        tally_results_append_csv(&results->out, results->columns[i].name);
    }
    (void)tally_buffer_append_byte(&results->out, '\n');
}

static void write_csv_row(tally_results *results)
{
    for (uint32_t i = 0; i < results->column_count; i++) {
        if (i != 0)
            (void)tally_buffer_append_byte(&results->out, ',');
        tally_results_append_csv(&results->out, tally_buffer_text(&results->cells[i]));
    }
    (void)tally_buffer_append_byte(&results->out, '\n');
}

static void write_json_row(tally_results *results)
{
    for (uint32_t i = 0; i < results->column_count; i++) {
        (void)tally_buffer_append_byte(&results->out, i == 0 ? '{' : ',');
        tally_json_append_quoted(&results->out, results->columns[i].name);
        (void)tally_buffer_append_byte(&results->out, ':');
        if (results->is_nothing[i])
            (void)tally_buffer_append_string(&results->out, "null");
        else if (results->columns[i].is_number)
            (void)tally_buffer_append_text(&results->out, tally_buffer_text(&results->cells[i]));
        else
            tally_json_append_quoted(&results->out, tally_buffer_text(&results->cells[i]));
    }
    (void)tally_buffer_append_string(&results->out, "}\n");
}

static void keep_row(tally_results *results)
{
    for (uint32_t i = 0; i < results->column_count; i++) {
        const char *text =
            results->is_nothing[i] ? "\u2013" : tally_buffer_string(&results->cells[i]);

        (void)tally_buffer_append(&results->kept, text, strlen(text) + 1);
    }
    results->kept_count++;
}

static void flush(tally_results *results)
{
    tally_text text = tally_buffer_text(&results->out);

    if (text.count != 0 && fwrite(text.bytes, 1, text.count, results->stream) != text.count)
        results->has_failed_to_write = true;
    tally_buffer_truncate(&results->out, 0);
}

/* The row of this version's table with the result's label; an assessment may
 * have been made by an earlier version's. */
static uint32_t grade_row(const tally_results *results, const tally_result *result)
{
    const tally_grade *grade = &results->version->grade;
    tally_text label = tally_results_grade(results->policy, result);

    if (&results->policy->versions[result->grade_version] == results->version)
        return result->grade < grade->row_count ? result->grade : grade->row_count;
    for (uint32_t i = 0; i < grade->row_count; i++) {
        if (tally_text_is_equal(grade->labels->words[i], label))
            return i;
    }
    return grade->row_count;
}

static void count_result(tally_results *results, const tally_result *result)
{
    const tally_version *version = results->version;

    if (result == NULL) {
        results->failed_count++;
        return;
    }
    if (version->grade.is_present)
        results->grades[grade_row(results, result)]++;
    results->tiers[result->tier < version->tier_count ? result->tier : version->tier_count]++;
    if (result->state == TALLY_STATE_SCORE)
        tally_scores_add(&results->scores, result->shown);
    results->no_rating_count += result->state == TALLY_STATE_NO_RATING;
}

tally_rc tally_results_add(tally_results *results, tally_text subject, const tally_result *result,
                           tally_err *err)
{
    bool is_kept = results->row_limit == 0 || results->kept_count < results->row_limit;

    results->count++;
    count_result(results, result);
    if (results->stream == NULL || (results->format == TALLY_RESULTS_TABLE && !is_kept))
        return TALLY_OK;
    set_cells(results, subject, result);
    if (!results->has_header && results->format == TALLY_RESULTS_CSV)
        write_csv_header(results);
    results->has_header = true;
    if (results->format == TALLY_RESULTS_CSV)
        write_csv_row(results);
    else if (results->format == TALLY_RESULTS_JSON)
        write_json_row(results);
    else
        keep_row(results);
    if (tally_buffer_failure(&results->out) != TALLY_OK ||
        tally_buffer_failure(&results->kept) != TALLY_OK)
        return no_memory(err);
    if (tally_buffer_text(&results->out).count >= FLUSH_BYTES)
        flush(results);
    return TALLY_OK;
}

/* ---- the table --------------------------------------------------------------------- */

static size_t width_of(tally_text text)
{
    size_t width = 0;

    for (size_t i = 0; i < text.count; i++)
        width += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
    return width;
}

static void write_cell(tally_results *results, tally_text text, size_t width, bool is_right,
                       bool is_last)
{
    size_t spaces = width - width_of(text);

    if (is_right)
        (void)tally_buffer_append_repeated(&results->out, ' ', spaces);
    (void)tally_buffer_append_text(&results->out, text);
    if (!is_right && !is_last)
        (void)tally_buffer_append_repeated(&results->out, ' ', spaces);
    (void)tally_buffer_append_string(&results->out, is_last ? "\n" : "  ");
}

/* The state says nothing where every row shown is scored. */
static bool is_hidden(const tally_results *results, uint32_t column)
{
    return column == 1 && results->version->score.is_present && results->no_rating_count == 0 &&
           results->failed_count == 0;
}

static void write_table(tally_results *results)
{
    size_t widths[TALLY_RESULTS_COLUMNS_MAX];
    const char *cell = tally_buffer_string(&results->kept);
    char text[TALLY_COUNT_TEXT_BYTES];

    for (uint32_t i = 0; i < results->column_count; i++)
        widths[i] = width_of(results->columns[i].name);
    for (uint64_t row = 0; row < results->kept_count; row++) {
        for (uint32_t i = 0; i < results->column_count; i++, cell += strlen(cell) + 1) {
            size_t width = width_of(tally_text_from(cell));

            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    cell = tally_buffer_string(&results->kept);
    for (uint64_t row = 0; row <= results->kept_count; row++) {
        for (uint32_t i = 0; i < results->column_count; i++) {
            if (!is_hidden(results, i))
                write_cell(results, row == 0 ? results->columns[i].name : tally_text_from(cell),
                           widths[i], results->columns[i].is_number,
                           i + 1 == results->column_count);
            if (row != 0)
                cell += strlen(cell) + 1;
        }
    }
    if (results->count > results->kept_count)
        (void)tally_buffer_printf(&results->out, "\u2026 and %s more (--limit-rows 0 shows all)\n",
                                  tally_chart_count(text, results->count - results->kept_count));
}

tally_rc tally_results_finish(tally_results *results, tally_err *err)
{
    if (results->stream == NULL)
        return TALLY_OK;
    if (results->format == TALLY_RESULTS_TABLE)
        write_table(results);
    else if (results->format == TALLY_RESULTS_CSV && !results->has_header)
        write_csv_header(results);
    if (tally_buffer_failure(&results->out) != TALLY_OK)
        return no_memory(err);
    flush(results);
    if (fflush(results->stream) != 0 || results->has_failed_to_write)
        return tally_err_set(err, TALLY_E_IO, 0, "the results could not be written");
    return TALLY_OK;
}

const char *tally_results_counted_one(const struct tally_policy *policy)
{
    return policy->is_about_organisations ? "organisation" : "member";
}

uint64_t tally_results_count(const tally_results *results)
{
    return results->count;
}

/* ---- distributions ------------------------------------------------------------------ */

static tally_rc grade_chart(const tally_results *results, tally_chart *chart, tally_err *err)
{
    const tally_grade *grade = &results->version->grade;
    bool has_none = results->grades[grade->row_count] != 0;
    tally_rc rc = tally_chart_start(chart, "grade", tally_results_counted(results->policy),
                                    grade->row_count + has_none, err);

    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = 0; i < chart->bar_count; i++) {
        tally_chart_set_label(&chart->bars[i], i < grade->row_count ? grade->labels->words[i]
                                                                    : TALLY_TEXT("no grade"));
        chart->bars[i].count = results->grades[i];
    }
    return TALLY_OK;
}

static tally_rc tier_chart(const tally_results *results, tally_chart *chart, tally_err *err)
{
    const tally_version *version = results->version;
    tally_rc rc = tally_chart_start(chart, "tier", tally_results_counted(results->policy),
                                    version->tier_count + 1, err);

    if (rc != TALLY_OK)
        return rc;
    tally_chart_set_label(&chart->bars[0], version->moves.none);
    chart->bars[0].count = results->tiers[version->tier_count];
    for (uint32_t i = 0; i < version->tier_count; i++) {
        tally_chart_set_label(&chart->bars[i + 1], version->tiers[i].name);
        chart->bars[i + 1].count = results->tiers[i];
    }
    return TALLY_OK;
}

static tally_rc score_chart(const tally_results *results, tally_chart *chart, tally_err *err)
{
    char text[TALLY_COUNT_TEXT_BYTES];
    size_t used;
    tally_rc rc = tally_scores_chart(&results->scores, chart,
                                     is_shown_on_base(results) ? "score as shown" : "score",
                                     tally_results_counted(results->policy), err);

    if (rc != TALLY_OK || results->no_rating_count == 0)
        return rc;
    used = strlen(chart->summary);
    (void)snprintf(chart->summary + used, sizeof(chart->summary) - used, "; no rating: %s",
                   tally_chart_count(text, results->no_rating_count));
    return TALLY_OK;
}

tally_rc tally_results_charts(const tally_results *results, tally_chart *charts,
                              uint32_t *out_count, tally_err *err)
{
    const tally_version *version = results->version;
    uint32_t count = 0;
    tally_rc rc = TALLY_OK;

    if (version->grade.is_present) {
        rc = grade_chart(results, &charts[count], err);
        count += rc == TALLY_OK;
    }
    if (rc == TALLY_OK && version->tier_count != 0) {
        rc = tier_chart(results, &charts[count], err);
        count += rc == TALLY_OK;
    }
    if (rc == TALLY_OK && version->score.is_present && results->scores.count != 0) {
        rc = score_chart(results, &charts[count], err);
        count += rc == TALLY_OK;
    }
    for (uint32_t i = 0; rc != TALLY_OK && i < count; i++)
        tally_chart_free(&charts[i]);
    *out_count = rc == TALLY_OK ? count : 0;
    return rc;
}
