/* SPDX-License-Identifier: Apache-2.0 */
/* A statement as JSON: everything, for programs. */

#include "score/statement.h"

#include "util/json.h"

#define RENDERED_BYTES_MAX ((size_t)64 << 20)

static const struct {
    tally_line_state state;
    const char *name;
} state_names[] = {
    { TALLY_LINE_BASE, "base" },
    { TALLY_LINE_START, "start" },
    { TALLY_LINE_COUNTS, "counts" },
    { TALLY_LINE_NOT_YET, "not yet" },
    { TALLY_LINE_HELD_OUT, "held out" },
    { TALLY_LINE_PAUSED, "paused" },
    { TALLY_LINE_EXPIRED, "expired" },
    { TALLY_LINE_TAKEN_BACK, "taken back" },
    { TALLY_LINE_NOT_AMONG_BEST, "not among the best" },
    { TALLY_LINE_CUT, "cut" },
    { TALLY_LINE_SPENDING, "spending" },
    { TALLY_LINE_BOUND, "bound" },
    { TALLY_LINE_NO_AWARD, "no award" },
    { TALLY_LINE_VOID, "void" },
};

const char *tally_line_state_name(tally_line_state state)
{
    for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++) {
        if (state_names[i].state == state)
            return state_names[i].name;
    }
    return "unknown";
}

static void put_text(tally_json *json, const char *key, const char *text)
{
    tally_json_key(json, key);
    tally_json_string(json, text);
}

/* Left out when there is nothing to say. */
static void put_some(tally_json *json, const char *key, const char *text)
{
    if (text[0] != '\0')
        put_text(json, key, text);
}

static void put_points(tally_json *json, const tally_statement *statement, const char *key,
                       int64_t points)
{
    tally_json_key(json, key);
    tally_json_decimal(json, points, statement->points_decimals);
}

static void put_line(tally_json *json, const tally_statement *statement,
                     const tally_statement_line *line)
{
    tally_json_object(json);
    put_text(json, "name", line->name);
    put_text(json, "state", tally_line_state_name(line->state));
    put_points(json, statement, "amount", line->amount);
    put_some(json, "event", line->event_id);
    put_some(json, "type", line->event_type);
    put_some(json, "day", line->day);
    put_some(json, "details", line->details);
    put_some(json, "because", line->because);
    if (line->raw != line->amount)
        put_points(json, statement, "before_limits", line->raw);
    if (line->cut != 0)
        put_points(json, statement, "cut", line->cut);
    put_some(json, "limit", line->limit);
    if (line->decayed != 0)
        put_points(json, statement, "decayed", line->decayed);
    if (line->spent != 0)
        put_points(json, statement, "spent", line->spent);
    put_some(json, "until", line->until);
    if (line->is_disputed) {
        tally_json_key(json, "disputed");
        tally_json_bool(json, true);
    }
    put_some(json, "note", line->note);
    tally_json_object_end(json);
}

static void put_step(tally_json *json, const tally_statement_step *step)
{
    tally_json_object(json);
    put_text(json, "name", step->name);
    put_text(json, "rule", step->rule);
    tally_json_key(json, "result");
    tally_json_bool(json, step->is_result);
    tally_json_key(json, "missing");
    tally_json_array(json);
    for (size_t i = 0; i < step->leg_count; i++) {
        const tally_statement_leg *leg = &step->legs[i];

        tally_json_object(json);
        tally_json_key(json, "depth");
        tally_json_integer(json, leg->depth);
        put_text(json, "rule", leg->rule);
        put_text(json, "says", leg->sentence);
        if (leg->is_unknown) {
            tally_json_key(json, "unknown");
            tally_json_bool(json, true);
        }
        tally_json_object_end(json);
    }
    tally_json_array_end(json);
    tally_json_object_end(json);
}

static void put_policy(tally_json *json, const tally_statement *statement)
{
    tally_buffer hash;

    tally_buffer_init(&hash, 2 * sizeof(statement->policy_hash));
    for (size_t i = 0; i < sizeof(statement->policy_hash); i++)
        tally_buffer_printf(&hash, "%02x", statement->policy_hash[i]);
    tally_json_key(json, "policy");
    tally_json_object(json);
    put_text(json, "programme", statement->programme);
    put_text(json, "title", statement->title);
    tally_json_key(json, "version");
    tally_json_integer(json, statement->version);
    tally_json_key(json, "versions");
    tally_json_integer(json, statement->version_count);
    put_text(json, "hash", tally_buffer_string(&hash));
    put_some(json, "contact", statement->contact);
    tally_json_object_end(json);
    tally_buffer_free(&hash);
}

static void put_result(tally_json *json, const tally_statement *statement)
{
    put_text(json, "state", statement->state);
    if (statement->has_score) {
        put_points(json, statement, "score", statement->score);
        put_points(json, statement, "shown", statement->shown);
    }
    if (statement->has_tiers) {
        put_text(json, "tier", statement->tier);
        tally_json_key(json, "tier_held");
        tally_json_bool(json, statement->has_tier);
        put_some(json, "tier_since", statement->tier_since);
        put_some(json, "tier_valid_until", statement->tier_until);
    }
    if (statement->has_grade) {
        put_text(json, "grade", statement->grade);
        put_some(json, "assessed", statement->grade_day);
    }
    tally_json_key(json, "reports");
    tally_json_array(json);
    for (size_t i = 0; i < statement->report_count; i++) {
        tally_json_object(json);
        put_text(json, "name", statement->reports[i].name);
        put_text(json, "value", statement->reports[i].value);
        tally_json_object_end(json);
    }
    tally_json_array_end(json);
}

static void put_time(tally_json *json, const tally_statement *statement)
{
    tally_json_key(json, "next_change");
    if (statement->has_next_change) {
        tally_json_object(json);
        put_text(json, "day", statement->next_change_day);
        tally_json_key(json, "at_ms");
        tally_json_integer(json, statement->next_change_ms);
        put_text(json, "says", statement->next_change);
        tally_json_object_end(json);
    } else {
        tally_json_null(json);
        put_text(json, "no_change_before", statement->searched_until);
    }
    put_some(json, "next_lapse", statement->next_lapse_day);
}

tally_rc tally_statement_render_json(const tally_statement *statement, char **out_text,
                                     size_t *out_bytes, tally_err *err)
{
    tally_buffer buffer;
    tally_json json;

    TALLY_ASSERT(statement != NULL && out_text != NULL);
    tally_buffer_init(&buffer, RENDERED_BYTES_MAX);
    tally_json_init(&json, &buffer);
    tally_json_object(&json);
    put_policy(&json, statement);
    put_some(&json, "subject", statement->subject);
    put_text(&json, "as_of", statement->as_of);
    tally_json_key(&json, "as_of_ms");
    tally_json_integer(&json, statement->as_of_ms);
    put_result(&json, statement);
    tally_json_key(&json, "lines");
    tally_json_array(&json);
    for (size_t i = 0; i < statement->line_count; i++)
        put_line(&json, statement, &statement->lines[i]);
    tally_json_array_end(&json);
    if (statement->has_next_tier) {
        tally_json_key(&json, "next_tier");
        put_step(&json, &statement->next_tier);
        put_text(&json, "next_tier_says", statement->next_tier_sentence);
    }
    if (statement->has_grade) {
        tally_json_key(&json, "grade_rows");
        tally_json_array(&json);
        for (size_t i = 0; i < statement->grade_row_count; i++)
            put_step(&json, &statement->grade_rows[i]);
        tally_json_array_end(&json);
    }
    put_time(&json, statement);
    tally_json_key(&json, "refused");
    tally_json_array(&json);
    for (size_t i = 0; i < statement->refused_count; i++)
        tally_json_string(&json, statement->refused[i]);
    tally_json_array_end(&json);
    tally_json_object_end(&json);
    tally_buffer_append_byte(&buffer, '\n');
    return tally_statement_hand_over(&buffer, out_text, out_bytes, err);
}
