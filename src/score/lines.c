/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a statement: one for each award of each event, one for each
 * event that earned nothing or never happened, and those that no event causes.
 * Their amounts sum to the score as shown; a sum that does not is refused. */

#include "score/statement.h"

#include "util/checked.h"

typedef struct line_list {
    tally_teller *teller;
    const tally_amount *amounts;
    size_t count, room;
    tally_statement_line *lines;
    int64_t sum;
    bool is_too_large;
    /* Records about each record, in order: index + 1, 0 ends. NULL: there are none. */
    uint32_t *first_about, *next_about;
} line_list;

static tally_statement_line *add_line(line_list *list, tally_line_state state)
{
    tally_statement_line *line;

    if (list->count == list->room) {
        size_t room = list->room == 0 ? 32 : 2 * list->room;
        tally_statement_line *lines =
            tally_arena_zalloc_array(list->teller->own, room, sizeof(*lines));

        if (lines == NULL) {
            list->teller->is_out_of_memory = true;
            return NULL;
        }
        if (list->count > 0)
            memcpy(lines, list->lines, list->count * sizeof(*lines));
        list->lines = lines;
        list->room = room;
    }
    line = &list->lines[list->count++];
    *line = (tally_statement_line){ .state = state,
                                    .event_id = "",
                                    .event_type = "",
                                    .day = "",
                                    .name = "",
                                    .details = "",
                                    .because = "",
                                    .limit = "",
                                    .until = "",
                                    .until_ms = TALLY_NEVER_MS,
                                    .note = "" };
    return line;
}

static void set_amount(line_list *list, tally_statement_line *line, int64_t amount)
{
    line->amount = amount;
    if (!tally_add_i64(list->sum, amount, &list->sum))
        list->is_too_large = true;
}

static void say(tally_teller *teller, const char *text)
{
    tally_buffer_append_string(&teller->buffer, text);
}

/* Begin another sentence. */
static void next_sentence(tally_teller *teller)
{
    if (teller->buffer.count > 0)
        say(teller, " ");
}

static void say_on_day(tally_teller *teller, const char *before, int64_t instant)
{
    next_sentence(teller);
    say(teller, before);
    tally_teller_day(teller, instant);
    say(teller, ".");
}

static void say_points(tally_teller *teller, const char *before, int64_t points, const char *after)
{
    next_sentence(teller);
    say(teller, before);
    tally_teller_points_word(teller, points);
    say(teller, after);
}

static int64_t magnitude(int64_t value)
{
    return value == INT64_MIN ? INT64_MAX : value < 0 ? -value : value;
}

/* ---- events --------------------------------------------------------------------- */

static uint32_t record_of(const tally_context *context, uint32_t event)
{
    return context->events.record != NULL ? context->events.record[event] : event;
}

static void append_field(tally_teller *teller, const tally_field *field, int64_t value)
{
    if (value == TALLY_NOTHING || field->type == TALLY_TYPE_TEXT || field->is_member ||
        (field->type == TALLY_TYPE_ID && teller->question->tokens == NULL))
        return;
    if (teller->buffer.count > 0)
        say(teller, ", ");
    tally_buffer_append_text(&teller->buffer, field->name);
    say(teller, " ");
    tally_teller_value(teller, field->type, field->decimals, field->domain,
                       (tally_value){ value, 1 }, false);
}

static void tell_event(line_list *list, tally_statement_line *line, uint32_t event)
{
    tally_teller *teller = list->teller;
    const tally_context *context = teller->context;
    const tally_event_type *type = &teller->policy->types[context->events.type[event]];
    const tally_history *history = teller->question->history;

    line->at_ms = context->events.at_ms[event];
    tally_teller_day(teller, line->at_ms);
    line->day = tally_teller_keep(teller);
    line->event_type = tally_teller_keep_text(teller, type->name);
    if (history->id != NULL && context->history->id != NULL)
        line->event_id =
            tally_teller_keep_text(teller, context->history->id[record_of(context, event)]);
    for (uint32_t i = 0; i < type->field_count; i++)
        append_field(teller, &type->fields[i],
                     tally_events_field(&context->events, event, (int32_t)i));
    line->details = tally_teller_keep(teller);
}

static uint32_t first_about(const line_list *list, uint32_t record)
{
    return list->first_about != NULL ? list->first_about[record] : 0;
}

/* The void in force on a record: the earliest. A void of a void does nothing. */
static uint32_t first_void(const line_list *list, uint32_t record)
{
    const tally_history *history = list->teller->context->history;

    for (uint32_t i = first_about(list, record); i > 0; i = list->next_about[i - 1]) {
        if (history->type[i - 1] == TALLY_RECORD_VOID)
            return i - 1;
    }
    return TALLY_NO_INDEX;
}

static tally_rc index_records_about(line_list *list, tally_err *err)
{
    const tally_history *history = list->teller->context->history;
    tally_arena *work = list->teller->work;

    if (!history->has_records_about || history->of == NULL)
        return TALLY_OK;
    list->first_about =
        tally_arena_zalloc_array(work, (size_t)history->count + 1, sizeof(*list->first_about));
    list->next_about =
        tally_arena_zalloc_array(work, (size_t)history->count + 1, sizeof(*list->next_about));
    if (list->first_about == NULL || list->next_about == NULL)
        return tally_err_set(err, tally_arena_failure(work), 0, "building a statement");
    for (uint32_t i = history->count; i-- > 0;) {
        uint32_t of = history->of[i];

        if (of == TALLY_NO_INDEX || of >= history->count)
            continue;
        list->next_about[i] = list->first_about[of];
        list->first_about[of] = i + 1;
    }
    return TALLY_OK;
}

/* Corrections, reversals and disputes of an event: the visible trail. */
static void note_trail(line_list *list, tally_statement_line *line, uint32_t event,
                       const tally_amount *amount)
{
    tally_teller *teller = list->teller;
    const tally_context *context = teller->context;
    const tally_history *history = context->history;
    uint32_t first, count;

    for (uint32_t i = first_about(list, record_of(context, event)); i > 0;
         i = list->next_about[i - 1]) {
        if (history->type[i - 1] == TALLY_RECORD_CORRECTION &&
            first_void(list, i - 1) == TALLY_NO_INDEX)
            say_on_day(teller, "Corrected on ", history->at_ms[i - 1]);
    }
    count = tally_context_marks_of(context, event, &first);
    for (uint32_t i = first; i < first + count; i++) {
        const tally_mark *mark = &context->marks[i];

        if (mark->at_ms > teller->t)
            continue;
        switch (mark->kind) {
        case TALLY_MARK_REVERSAL:
            say_on_day(teller, "Reversed on ", mark->at_ms);
            break;
        case TALLY_MARK_DISPUTE:
            say_on_day(teller, "Disputed on ", mark->at_ms);
            break;
        case TALLY_MARK_STANDS:
            say_on_day(teller, "Found to stand on ", mark->at_ms);
            break;
        case TALLY_MARK_DROPPED:
            say_on_day(teller, "Dropped by the decision of ", mark->at_ms);
            break;
        }
    }
    if (amount != NULL && amount->is_disputed) {
        line->is_disputed = true;
        next_sentence(teller);
        say(teller, amount->state == TALLY_AMOUNT_COUNTS
                        ? "It counts until the dispute is decided."
                        : "It is left out until the dispute is decided.");
    }
}

/* ---- awards ---------------------------------------------------------------------- */

static tally_line_state state_of(const tally_award_entry *entry, const tally_amount *amount)
{
    switch (amount->state) {
    case TALLY_AMOUNT_NOT_YET:
        return TALLY_LINE_NOT_YET;
    case TALLY_AMOUNT_HELD_OUT:
        return TALLY_LINE_HELD_OUT;
    case TALLY_AMOUNT_PAUSED:
        return TALLY_LINE_PAUSED;
    case TALLY_AMOUNT_EXPIRED:
        return TALLY_LINE_EXPIRED;
    case TALLY_AMOUNT_TAKEN_BACK:
        return TALLY_LINE_TAKEN_BACK;
    case TALLY_AMOUNT_COUNTS:
        break;
    }
    if (entry->is_spending)
        return TALLY_LINE_SPENDING;
    if (amount->counted == 0 && amount->not_among_best != 0)
        return TALLY_LINE_NOT_AMONG_BEST;
    if (amount->counted == 0 && entry->raw != 0 &&
        (entry->credited == 0 || amount->cut_by_net != 0 || amount->beyond_share != 0))
        return TALLY_LINE_CUT;
    return TALLY_LINE_COUNTS;
}

/* "All 10 points cut by the limit monthly (40 per calendar month)." */
static void say_limit(tally_teller *teller, const tally_statement_line *line, int64_t cut,
                      int64_t raw, const tally_limit *limit, bool is_best)
{
    bool is_named = limit != NULL && !limit->is_own && limit->name.count > 0;

    say_points(teller, cut == raw ? "All " : "", cut, " cut");
    if (limit != NULL) {
        say(teller, is_best    ? ": only the best count, "
                    : is_named ? " by the limit "
                               : " by the limit of ");
        if (is_named) {
            tally_buffer_append_text(&teller->buffer, limit->name);
            say(teller, " ");
        }
        if (is_named || is_best)
            say(teller, "(");
        say(teller, line->limit);
        if (is_named || is_best)
            say(teller, ")");
    }
    say(teller, ".");
}

static void note_cuts(line_list *list, tally_statement_line *line, const tally_award_entry *entry,
                      const tally_amount *amount)
{
    tally_teller *teller = list->teller;
    const tally_version *rules = &teller->policy->versions[entry->version];
    int64_t by_limit = magnitude(entry->cut_by_limit) + magnitude(amount->cut_by_net) +
                       magnitude(amount->not_among_best);
    uint32_t index =
        amount->cutting_limit != TALLY_NO_INDEX ? amount->cutting_limit : entry->cutting_limit;

    line->cut = by_limit + magnitude(entry->cut_by_floor) + magnitude(amount->beyond_share);
    line->decayed = magnitude(amount->decayed);
    line->spent = magnitude(amount->spent);
    if (by_limit != 0)
        say_limit(teller, line, by_limit, magnitude(entry->raw),
                  index != TALLY_NO_INDEX ? &rules->limits[index] : NULL,
                  amount->not_among_best != 0);
    if (entry->cut_by_floor != 0) {
        bool is_floor = entry->raw < 0;

        say_points(teller, "", magnitude(entry->cut_by_floor),
                   is_floor ? " not taken: the score never falls below "
                            : " not given: the score never rises above ");
        tally_teller_points(teller, is_floor ? rules->score.floor : rules->score.ceiling);
        say(teller, ".");
    }
    if (amount->beyond_share != 0)
        say_points(teller, "", magnitude(amount->beyond_share),
                   " not taken: deductions may take at most a quarter of the points.");
    if (amount->decayed != 0)
        say_points(teller, "", magnitude(amount->decayed), " lost to age.");
    if (amount->spent != 0)
        say_points(teller, "", magnitude(amount->spent), " spent.");
}

static void note_state(line_list *list, const tally_award_entry *entry, const tally_amount *amount)
{
    tally_teller *teller = list->teller;

    switch (amount->state) {
    case TALLY_AMOUNT_NOT_YET:
        if (entry->effect_ms != TALLY_NEVER_MS && entry->effect_ms > teller->t) {
            say_on_day(teller, "Not yet in effect: from ", entry->effect_ms);
        } else {
            next_sentence(teller);
            say(teller, "Not yet in effect: it waits for a decision.");
        }
        break;
    case TALLY_AMOUNT_EXPIRED:
        say_on_day(teller, "Expired on ", entry->expires_ms);
        break;
    case TALLY_AMOUNT_PAUSED:
        next_sentence(teller);
        say(teller, "Takes no effect during the pause.");
        break;
    case TALLY_AMOUNT_COUNTS:
    case TALLY_AMOUNT_HELD_OUT:
    case TALLY_AMOUNT_TAKEN_BACK:
        break;
    }
}

static void note_spending(line_list *list, uint32_t index)
{
    const tally_context *context = list->teller->context;
    int64_t used = 0;

    for (uint32_t i = 0; i < context->spend_count; i++) {
        if (context->spends[i].spender == index &&
            !tally_add_i64(used, context->spends[i].amount, &used))
            list->is_too_large = true;
    }
    say_points(list->teller, "Used up ", used, " of the lines above, oldest expiry first.");
}

/* The limit's phrase, before any note is begun. */
static void tell_limit(line_list *list, tally_statement_line *line, const tally_award_entry *entry,
                       const tally_amount *amount)
{
    const tally_version *rules = &list->teller->policy->versions[entry->version];
    uint32_t index =
        amount->cutting_limit != TALLY_NO_INDEX ? amount->cutting_limit : entry->cutting_limit;

    if (index == TALLY_NO_INDEX)
        return;
    tally_teller_source(list->teller, rules->limits[index].span.text);
    line->limit = tally_teller_keep(list->teller);
}

static void tell_entry(line_list *list, uint32_t index)
{
    tally_teller *teller = list->teller;
    const tally_award_entry *entry = &teller->context->entries[index];
    const tally_amount *amount = &list->amounts[index];
    const tally_award *award = tally_entry_award(teller->context, index);
    tally_statement_line *line = add_line(list, state_of(entry, amount));

    if (line == NULL)
        return;
    tell_event(list, line, entry->event);
    set_amount(list, line, amount->counted);
    line->raw = entry->raw;
    line->until_ms = entry->expires_ms;
    if (entry->expires_ms != TALLY_NEVER_MS) {
        tally_teller_day(teller, entry->expires_ms);
        line->until = tally_teller_keep(teller);
    }
    if (award != NULL) {
        line->name = tally_teller_keep_text(teller, award->name);
        tally_teller_source(teller, award->because);
        line->because = tally_teller_keep(teller);
    } else {
        line->state = TALLY_LINE_SPENDING;
        say(teller, "price of ");
        tally_buffer_append_text(&teller->buffer,
                                 teller->policy->versions[entry->version].tiers[entry->tier].name);
        line->name = tally_teller_keep(teller);
    }
    tell_limit(list, line, entry, amount);
    note_cuts(list, line, entry, amount);
    note_state(list, entry, amount);
    if (entry->is_spending || award == NULL)
        note_spending(list, index);
    note_trail(list, line, entry->event, amount);
    line->note = tally_teller_keep(teller);
}

/* ---- events without awards --------------------------------------------------------- */

/* Why the first award for this type gave nothing. */
static tally_rc note_no_award(line_list *list, uint32_t event, tally_err *err)
{
    tally_teller *teller = list->teller;
    tally_context *context = teller->context;
    uint32_t version = tally_context_version_at(context, context->events.at_ms[event]);
    const tally_version *rules = &teller->policy->versions[version];
    uint32_t type = context->events.type[event];
    tally_scope scope = tally_scope_of_event(context, event);
    tally_leg_list legs = { 0, 0, NULL };
    const tally_award *award;
    tally_rc rc;

    if (rules->award_count_of_type == NULL || rules->award_count_of_type[type] == 0)
        return TALLY_OK;
    award = &rules->awards[rules->awards_of_type[type][0]];
    if (award->when == NULL)
        return TALLY_OK;
    rc = tally_legs_collect(teller, version, award->when, &scope, &legs, err);
    if (rc != TALLY_OK || legs.count == 0)
        return rc;
    say(teller, "No points from ");
    tally_buffer_append_text(&teller->buffer, award->name);
    for (size_t i = 0; i < legs.count; i++) {
        say(teller, i == 0 ? ": " : legs.legs[i - 1].is_heading ? " " : "; ");
        say(teller, legs.legs[i].sentence);
    }
    say(teller, ".");
    return TALLY_OK;
}

static tally_rc tell_no_award(line_list *list, uint32_t event, tally_err *err)
{
    tally_statement_line *line = add_line(list, TALLY_LINE_NO_AWARD);
    tally_rc rc;

    if (line == NULL)
        return TALLY_OK;
    tell_event(list, line, event);
    line->name = line->event_type;
    rc = note_no_award(list, event, err);
    note_trail(list, line, event, NULL);
    line->note = tally_teller_keep(list->teller);
    return rc;
}

static void tell_void(line_list *list, uint32_t record)
{
    tally_teller *teller = list->teller;
    const tally_history *history = teller->context->history;
    uint32_t by = first_void(list, record);
    tally_statement_line *line = add_line(list, TALLY_LINE_VOID);

    if (line == NULL)
        return;
    line->at_ms = history->at_ms[record];
    tally_teller_day(teller, line->at_ms);
    line->day = tally_teller_keep(teller);
    line->event_type =
        tally_teller_keep_text(teller, teller->policy->types[history->type[record]].name);
    line->name = line->event_type;
    if (history->id != NULL)
        line->event_id = tally_teller_keep_text(teller, history->id[record]);
    if (by != TALLY_NO_INDEX)
        say_on_day(teller, "Void, as if it had never happened: declared on ", history->at_ms[by]);
    line->note = tally_teller_keep(teller);
}

/* Records of the policy's own types that are known and yet no visible event. */
static tally_rc tell_voids(line_list *list, tally_err *err)
{
    const tally_context *context = list->teller->context;
    const tally_history *history = context->history;
    uint8_t *is_visible;

    if (list->first_about == NULL)
        return TALLY_OK;
    is_visible = tally_arena_zalloc_array(list->teller->work, (size_t)history->count + 1, 1);
    if (is_visible == NULL)
        return tally_err_set(err, tally_arena_failure(list->teller->work), 0, "statement");
    for (uint32_t i = 0; i < context->events.count; i++)
        is_visible[record_of(context, i)] = 1;
    for (uint32_t i = 0; i < history->count; i++) {
        if (history->type[i] >= TALLY_RECORD_TYPES && is_visible[i] == 0 &&
            history->at_ms[i] <= list->teller->t)
            tell_void(list, i);
    }
    return TALLY_OK;
}

static tally_rc tell_events(line_list *list, tally_err *err)
{
    const tally_context *context = list->teller->context;
    uint32_t place = tally_context_place(context, list->teller->t), entry = 0;

    for (uint32_t event = 0; event < place; event++) {
        bool has_entry = false;

        for (; entry < context->entry_count && context->entries[entry].event == event; entry++) {
            tell_entry(list, entry);
            has_entry = true;
        }
        if (!has_entry) {
            tally_rc rc = tell_no_award(list, event, err);

            if (rc != TALLY_OK)
                return rc;
        }
    }
    return TALLY_OK;
}

/* ---- what no event causes ------------------------------------------------------------- */

static void tell_constant(line_list *list, tally_line_state state, const char *name, int64_t amount,
                          const char *note)
{
    tally_statement_line *line;

    if (amount == 0)
        return;
    line = add_line(list, state);
    if (line == NULL)
        return;
    line->name = name;
    line->note = note;
    line->raw = amount;
    set_amount(list, line, amount);
}

static void tell_bound(line_list *list, const tally_standing *standing)
{
    tally_teller *teller = list->teller;
    const tally_score_rule *rule = &teller->policy->versions[teller->version].score;
    int64_t difference;

    if (!tally_sub_i64(standing->score, standing->sum, &difference)) {
        list->is_too_large = true;
        return;
    }
    if (difference == 0)
        return;
    say(teller, difference > 0 ? "The score never falls below " : "The score never rises above ");
    tally_teller_points(teller, difference > 0 ? rule->floor : rule->ceiling);
    say(teller, ".");
    tell_constant(list, TALLY_LINE_BOUND, difference > 0 ? "floor" : "ceiling", difference,
                  tally_teller_keep(teller));
}

static int compare_lines(const tally_statement_line *a, const tally_statement_line *b)
{
    bool a_has = a->day[0] != '\0', b_has = b->day[0] != '\0';

    if (!a_has || !b_has)
        return 0;
    return (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

/* Void lines come last and move up to their day; everything else is in order. */
static void insert_voids(line_list *list, size_t from)
{
    for (size_t i = from; i < list->count; i++) {
        tally_statement_line line = list->lines[i];
        size_t at = i;

        while (at > 0 && compare_lines(&list->lines[at - 1], &line) > 0)
            at--;
        memmove(&list->lines[at + 1], &list->lines[at], (i - at) * sizeof(line));
        list->lines[at] = line;
    }
}

tally_rc tally_lines_build(tally_teller *teller, const tally_standing *standing, tally_err *err)
{
    line_list list = { .teller = teller };
    const tally_score_rule *rule = &teller->policy->versions[teller->version].score;
    size_t void_lines;
    tally_rc rc = index_records_about(&list, err);

    if (rc != TALLY_OK)
        return rc;
    if (standing != NULL) {
        rc = tally_amounts_at(teller->context, teller->t, &list.amounts, err);
        if (rc != TALLY_OK)
            return rc;
        tell_constant(&list, TALLY_LINE_BASE, "base", rule->shown_on,
                      "The number that every score is shown on.");
        tell_constant(&list, TALLY_LINE_START, "start", rule->start, "What everybody starts with.");
    }
    rc = tell_events(&list, err);
    if (rc != TALLY_OK)
        return rc;
    void_lines = list.count;
    rc = tell_voids(&list, err);
    if (rc != TALLY_OK)
        return rc;
    insert_voids(&list, void_lines);
    if (standing != NULL) {
        tell_bound(&list, standing);
        if (teller->is_out_of_memory) /* a line is missing: the caller says so */
            return TALLY_OK;
        if (list.is_too_large)
            return tally_err_set(err, TALLY_E_OVERFLOW, 0, "the statement's sum left its range");
        if (list.sum != standing->shown)
            return tally_err_set(
                err, TALLY_E_CORRUPT, 0,
                "E_UNEXPLAINED: the lines of the statement do not sum to the score");
    }
    teller->statement->line_count = list.count;
    teller->statement->lines = list.lines;
    return TALLY_OK;
}
