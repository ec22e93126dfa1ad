/* SPDX-License-Identifier: Apache-2.0 */
/* The score [6], streaks and pauses [9]. */

#include "policy/document.h"

static const tally_scope no_event = { 0 };

/* ---- score ---- */

static void check_bounds(tally_reader *reader, const tally_yaml *section)
{
    const tally_score_rule *score = &reader->version->score;

    if (score->has_floor && score->has_ceiling && score->floor > score->ceiling)
        tally_document_error(reader, section->key, "bad-bounds", "",
                             "the floor stands above the ceiling");
    else if ((score->has_floor && score->start < score->floor) ||
             (score->has_ceiling && score->start > score->ceiling))
        tally_document_error(reader, section->key, "bad-bounds", "",
                             "the start lies outside floor and ceiling");
}

void tally_document_score(tally_reader *reader)
{
    enum { SCORE_START, SCORE_FLOOR, SCORE_CEILING, SCORE_APPLIED, SCORE_NEEDS, SCORE_KEYS };
    static const tally_key keys[SCORE_KEYS] = {
        [SCORE_START] = { "start", TALLY_KEY_TEXT },
        [SCORE_FLOOR] = { "floor", TALLY_KEY_TEXT },
        [SCORE_CEILING] = { "ceiling", TALLY_KEY_TEXT },
        [SCORE_APPLIED] = { "applied", TALLY_KEY_TEXT },
        [SCORE_NEEDS] = { "needs", TALLY_KEY_ANY },
    };
    static const char *const applied[] = { "at the end", "each event" };
    const tally_yaml *section = tally_yaml_get(reader->root, "score");
    const tally_yaml *shown_on = tally_yaml_get(reader->root, "shown-on");
    const tally_yaml *parts[SCORE_KEYS] = { NULL };
    tally_score_rule *score = &reader->version->score;

    score->is_present = reader->version->award_count > 0;
    if (shown_on != NULL && shown_on->kind == TALLY_YAML_SCALAR && !shown_on->is_empty)
        tally_document_points_constant(reader, shown_on, &score->shown_on);
    if (section == NULL || section->kind != TALLY_YAML_MAPPING)
        return;
    if (!tally_document_keys(reader, section, "the score", keys, SCORE_KEYS, parts))
        return;
    if (!score->is_present)
        tally_document_warn(reader, section->key, "dead-rule", "write `awards`, or remove `score`",
                            "a policy without awards has no score");
    if (parts[SCORE_START] != NULL)
        tally_document_points_constant(reader, parts[SCORE_START], &score->start);
    if (parts[SCORE_FLOOR] != NULL)
        score->has_floor =
            tally_document_points_constant(reader, parts[SCORE_FLOOR], &score->floor);
    if (parts[SCORE_CEILING] != NULL)
        score->has_ceiling =
            tally_document_points_constant(reader, parts[SCORE_CEILING], &score->ceiling);
    if (parts[SCORE_APPLIED] != NULL)
        score->each_event =
            tally_document_choice(reader, parts[SCORE_APPLIED], "way to apply floor and ceiling",
                                  applied, 2) == 1;
    if (parts[SCORE_NEEDS] != NULL)
        score->needs = tally_document_condition(reader, parts[SCORE_NEEDS], &no_event);
    if (!reader->is_measuring)
        check_bounds(reader, section);
}

/* ---- streaks ---- */

/* Streaks are numbers, and known to be so before anything is compiled; what they
 * count is compiled after the `let`s that it may use. */
void tally_document_streak_names(tally_reader *reader)
{
    const tally_yaml *section;
    tally_streak *streaks;
    uint32_t count = 0;

    if (!tally_document_section(reader, "streaks", TALLY_LETS_MAX, &section))
        return;
    streaks = tally_document_alloc(reader, section->count, sizeof(*streaks));
    if (streaks == NULL)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        tally_name *name = tally_document_declare(reader, node->key, TALLY_NAME_STREAK, count);

        if (name != NULL)
            name->type = TALLY_TYPE_NUMBER;
        streaks[count].freeze_type = TALLY_NO_INDEX;
        streaks[count].name = node->key->text;
        streaks[count++].span = tally_document_span(node->key);
    }
    reader->version->streaks = streaks;
    reader->version->streak_count = count;
}

static void read_freezes(tally_reader *reader, const tally_yaml *node, tally_streak *streak)
{
    static const tally_key keys[] = { { "event", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
                                      { "hold", TALLY_KEY_TEXT | TALLY_KEY_NEEDED } };
    const tally_yaml *parts[2];
    int64_t hold = 0;

    if (!tally_document_keys(reader, node, "freezes", keys, 2, parts))
        return;
    if (parts[0] != NULL)
        streak->freeze_type = tally_document_type(reader, parts[0], parts[0]->text);
    if (parts[1] != NULL && tally_document_integer(reader, parts[1], "hold", 1, 1000, &hold))
        streak->freeze_hold = (uint32_t)hold;
}

static void read_repair(tally_reader *reader, const tally_yaml *node, tally_streak *streak)
{
    static const tally_key keys[] = { { "missed", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
                                      { "again-after", TALLY_KEY_TEXT } };
    const tally_yaml *parts[2];
    int64_t missed = 0;

    if (!tally_document_keys(reader, node, "repair", keys, 2, parts))
        return;
    if (parts[0] != NULL && tally_document_integer(reader, parts[0], "missed", 1, 1000, &missed))
        streak->repair_missed = (uint32_t)missed;
    if (parts[1] != NULL)
        tally_document_duration_ms(reader, parts[1], &streak->repair_again_after_ms);
}

static void read_streak(tally_reader *reader, const tally_yaml *node, tally_streak *streak)
{
    enum { STREAK_EACH, STREAK_COUNTS, STREAK_FREEZES, STREAK_REPAIR, STREAK_KEYS };
    static const tally_key keys[STREAK_KEYS] = {
        [STREAK_EACH] = { "each", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
        [STREAK_COUNTS] = { "counts", TALLY_KEY_ANY | TALLY_KEY_NEEDED },
        [STREAK_FREEZES] = { "freezes", TALLY_KEY_MAPPING },
        [STREAK_REPAIR] = { "repair", TALLY_KEY_MAPPING },
    };
    static const char *const units[] = { "day", "week", "month" };
    static const tally_scope period = { .is_period = true };
    const tally_yaml *parts[STREAK_KEYS];
    tally_reach reach = { 0 };

    if (!tally_document_keys(reader, node, "a streak", keys, STREAK_KEYS, parts))
        return;
    tally_document_words(reader, node->key, "streak");
    if (parts[STREAK_EACH] != NULL) {
        uint32_t unit = tally_document_choice(reader, parts[STREAK_EACH], "period", units, 3);

        /* The units of util/civil.h begin with these three. */
        streak->unit = (uint8_t)(unit != TALLY_NO_INDEX ? unit : 0);
    }
    if (parts[STREAK_COUNTS] != NULL)
        streak->counts = tally_document_condition(reader, parts[STREAK_COUNTS], &period);
    if (parts[STREAK_FREEZES] != NULL)
        read_freezes(reader, parts[STREAK_FREEZES], streak);
    if (parts[STREAK_REPAIR] != NULL)
        read_repair(reader, parts[STREAK_REPAIR], streak);
    tally_document_reach(reader->version, streak->counts, &reach);
    if (reach.uses_streak || reach.uses_score || reach.uses_earned || reach.uses_held)
        tally_document_error(reader, parts[STREAK_COUNTS], "circular", "ask about events alone",
                             "what a streak counts may not depend on streaks, scores or tiers");
}

void tally_document_streaks(tally_reader *reader)
{
    const tally_yaml *section;
    uint32_t i = 0;

    if (!tally_document_section(reader, "streaks", TALLY_LETS_MAX, &section) ||
        reader->version->streak_count != section->count)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next)
        read_streak(reader, node, &((tally_streak *)(uintptr_t)reader->version->streaks)[i++]);
}

/* ---- pauses ---- */

void tally_document_pauses(tally_reader *reader)
{
    static const tally_key keys[] = { { "starts", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
                                      { "ends", TALLY_KEY_TEXT | TALLY_KEY_NEEDED } };
    const tally_yaml *section;
    tally_pause *pauses;
    uint32_t count = 0;

    if (!tally_document_section(reader, "pauses", TALLY_LIMITS_MAX, &section))
        return;
    pauses = tally_document_alloc(reader, section->count, sizeof(*pauses));
    if (pauses == NULL)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        const tally_yaml *parts[2];
        tally_pause *pause = &pauses[count];

        if (!tally_document_name(reader, node->key, "a pause") ||
            !tally_document_keys(reader, node, "a pause", keys, 2, parts))
            continue;
        pause->name = tally_document_words(reader, node->key, "pause");
        pause->starts_type = pause->ends_type = TALLY_NO_INDEX;
        if (parts[0] != NULL)
            pause->starts_type = tally_document_type(reader, parts[0], parts[0]->text);
        if (parts[1] != NULL)
            pause->ends_type = tally_document_type(reader, parts[1], parts[1]->text);
        if (pause->starts_type != TALLY_NO_INDEX && pause->starts_type == pause->ends_type)
            tally_document_error(reader, node->key, "bad-pause", "",
                                 "a pause starts and ends with different events");
        count++;
    }
    reader->version->pauses = pauses;
    reader->version->pause_count = count;
}
