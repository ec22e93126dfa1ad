/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers, moves [8], the grade [7] and what a version takes over [11]. */

#include "policy/document.h"

static const tally_scope no_event = { 0 };

enum {
    TIER_FROM,
    TIER_GAIN,
    TIER_KEEP,
    TIER_HOLD,
    TIER_VALID,
    TIER_REVIEWED,
    TIER_PRICE,
    TIER_CARRY,
    TIER_KEYS
};

static const tally_key tier_keys[TIER_KEYS] = {
    [TIER_FROM] = { "from", TALLY_KEY_TEXT },   [TIER_GAIN] = { "gain", TALLY_KEY_ANY },
    [TIER_KEEP] = { "keep", TALLY_KEY_ANY },    [TIER_HOLD] = { "hold", TALLY_KEY_TEXT },
    [TIER_VALID] = { "valid", TALLY_KEY_TEXT }, [TIER_REVIEWED] = { "reviewed", TALLY_KEY_TEXT },
    [TIER_PRICE] = { "price", TALLY_KEY_TEXT }, [TIER_CARRY] = { "carry", TALLY_KEY_TEXT },
};

static bool read_review(tally_reader *reader, const tally_yaml *node, tally_review *review)
{
    tally_source_text source = tally_yaml_source(node);

    if (!tally_review_compile(&reader->compiler, &source, review)) {
        reader->error_count++;
        return false;
    }
    review->span = tally_document_span(node);
    return true;
}

/* `score >= AMOUNT`, as `from: 1030` and `keep: 1080` mean it. */
static const tally_expr *score_reaches(tally_reader *reader, const tally_yaml *node, int64_t amount)
{
    tally_expr *parts = tally_document_alloc(reader, 3, sizeof(*parts));
    const tally_expr **args = tally_document_alloc(reader, 2, sizeof(*args));

    if (parts == NULL || args == NULL)
        return NULL;
    parts[0] = (tally_expr){ .op = TALLY_OP_SCORE, .type = TALLY_TYPE_NUMBER };
    parts[1] = (tally_expr){ .op = TALLY_OP_LITERAL, .type = TALLY_TYPE_NUMBER, .value = amount };
    parts[2] = (tally_expr){
        .op = TALLY_OP_GREATER_OR_EQUAL, .type = TALLY_TYPE_CONDITION, .args = args, .arg_count = 2
    };
    for (int i = 0; i < 3; i++)
        parts[i].span = tally_document_span(node);
    parts[0].decimals = parts[1].decimals = reader->compiler.points_decimals;
    args[0] = &parts[0];
    args[1] = &parts[1];
    return &parts[2];
}

static bool is_number(const tally_yaml *node)
{
    int64_t value;
    uint32_t decimals;

    return node->kind == TALLY_YAML_SCALAR &&
           tally_decimal_parse(&value, &decimals, node->text) != TALLY_E_INVALID;
}

static void read_gain(tally_reader *reader, const tally_yaml *node, const tally_yaml *const *parts,
                      tally_tier *tier)
{
    if ((parts[TIER_FROM] != NULL) == (parts[TIER_GAIN] != NULL)) {
        tally_document_error(reader, node->key, "missing-key", "",
                             "a tier has either `from`, a score, or `gain`, a condition");
        return;
    }
    if (parts[TIER_GAIN] != NULL) {
        tier->gain = tally_document_condition(reader, parts[TIER_GAIN], &no_event);
        return;
    }
    tier->has_from = tally_document_constant(reader, parts[TIER_FROM],
                                             reader->compiler.points_decimals, &tier->from);
    if (tier->has_from)
        tier->gain = score_reaches(reader, parts[TIER_FROM], tier->from);
    if (!reader->version->score.is_present && reader->error_count == 0)
        tally_document_error(reader, parts[TIER_FROM], "no-score", "write `gain` and a condition",
                             "a policy without awards has no score to reach");
}

static void read_keep(tally_reader *reader, const tally_yaml *keep, tally_tier *tier)
{
    tally_source_text source;
    int64_t amount;

    if (keep == NULL) {
        tier->keep = tier->gain;
        tier->keep_is_gain = true;
        return;
    }
    source = tally_yaml_source(keep);
    if (is_number(keep)) {
        if (tally_document_constant(reader, keep, reader->compiler.points_decimals, &amount))
            tier->keep = score_reaches(reader, keep, amount);
        if (tier->has_from && tier->keep != NULL && amount > tier->from)
            tally_document_warn(reader, keep, "hard-keep", "",
                                "this tier is harder to keep than to gain");
    } else if (keep->kind == TALLY_YAML_SCALAR && tally_expr_is_relaxation(&source)) {
        if (tier->gain == NULL)
            return;
        tier->keep = tally_expr_relax(&reader->compiler, tier->gain, &source);
        if (tier->keep == NULL)
            reader->error_count++;
    } else {
        tier->keep = tally_document_condition(reader, keep, &no_event);
    }
}

static void read_price(tally_reader *reader, const tally_yaml *const *parts, tally_tier *tier)
{
    tier->carry = INT64_MAX;
    if (parts[TIER_CARRY] != NULL)
        tally_document_points_constant(reader, parts[TIER_CARRY], &tier->carry);
    if (parts[TIER_PRICE] == NULL) {
        if (parts[TIER_CARRY] != NULL)
            tally_document_error(reader, parts[TIER_CARRY], "missing-key", "write `price` too",
                                 "`carry` says what remains after paying a price");
        return;
    }
    tier->has_price = tally_document_points_constant(reader, parts[TIER_PRICE], &tier->price);
    if (parts[TIER_FROM] == NULL)
        tally_document_error(reader, parts[TIER_PRICE], "missing-key", "write `from` too",
                             "a tier with a price is reached at a score");
    if (tier->has_price && (tier->price < 0 || tier->carry < 0))
        tally_document_error(reader, parts[TIER_PRICE], "bad-number", "",
                             "a price and what is carried over are not negative");
}

/* held(TIER) looks at tiers written above; a `let` could hide one below. */
static void check_held(tally_reader *reader, const tally_yaml *node, const tally_expr *rule,
                       uint32_t index)
{
    tally_reach reach = { 0 };

    tally_document_reach(reader->version, rule, &reach);
    if (reach.uses_held && reach.held_max >= index)
        tally_document_error(reader, node->key, "circular", "write that tier above this one",
                             "a tier's rules may ask only about tiers written above it");
}

static void read_tier(tally_reader *reader, const tally_yaml *node, uint32_t index,
                      tally_tier *tier)
{
    const tally_yaml *parts[TIER_KEYS] = { NULL };

    tier->name = tally_document_words(reader, node->key, "tier");
    tier->span = tally_document_span(node->key);
    if (!tally_document_keys(reader, node, "a tier", tier_keys, TIER_KEYS, parts))
        return;
    reader->compiler.tier_count = index;
    read_gain(reader, node, parts, tier);
    if (parts[TIER_VALID] != NULL) {
        tier->has_valid = tally_document_deadline(reader, parts[TIER_VALID], &tier->valid) &&
                          tier->valid.kind != TALLY_DEADLINE_NEVER;
        if (parts[TIER_KEEP] != NULL)
            tally_document_error(reader, parts[TIER_KEEP], "bad-keep", "remove `keep` or `valid`",
                                 "a tier that is valid for a time is not kept by a rule");
    }
    if (!tier->has_valid)
        read_keep(reader, parts[TIER_KEEP], tier);
    if (parts[TIER_HOLD] != NULL)
        tally_document_duration_ms(reader, parts[TIER_HOLD], &tier->hold_ms);
    if (parts[TIER_REVIEWED] != NULL)
        read_review(reader, parts[TIER_REVIEWED], &tier->reviewed);
    read_price(reader, parts, tier);
    check_held(reader, node, tier->gain, index);
    if (tier->keep != tier->gain)
        check_held(reader, node, tier->keep, index);
}

void tally_document_tier_names(tally_reader *reader)
{
    const tally_yaml *section;
    tally_text *names;
    uint32_t count = 0;

    reader->compiler.tier_count = 0;
    if (!tally_document_section(reader, "tiers", TALLY_TIERS_MAX, &section))
        return;
    names = tally_document_alloc(reader, section->count, sizeof(*names));
    if (names == NULL)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        tally_document_rule_name(reader, node->key, "a tier");
        names[count++] = node->key->text;
    }
    reader->compiler.tier_names = names;
    reader->compiler.tier_count = count;
}

static const tally_tier *find_tier(const tally_version *version, tally_text name)
{
    for (uint32_t i = 0; version != NULL && i < version->tier_count; i++) {
        if (tally_text_is_equal(version->tiers[i].name, name))
            return &version->tiers[i];
    }
    return NULL;
}

/* A tier is the same as one of the version before by name or by renaming [11]. */
static uint32_t tier_id(tally_reader *reader, tally_text name)
{
    const tally_yaml *migrate = tally_yaml_get(reader->root, "migrate");
    const tally_yaml *renames = migrate != NULL ? tally_yaml_get(migrate, "tiers") : NULL;
    const tally_tier *old = find_tier(reader->previous, name);

    if (old != NULL)
        return old->id;
    if (renames != NULL && renames->kind == TALLY_YAML_MAPPING) {
        for (const tally_yaml *row = renames->first; row != NULL; row = row->next) {
            old = find_tier(reader->previous, row->key->text);
            if (row->kind == TALLY_YAML_SCALAR && old != NULL &&
                tally_text_is_equal(row->text, name)) {
                reader->tier_ids.names[old->id] = name;
                return old->id;
            }
        }
    }
    return tally_document_id(reader, &reader->tier_ids, name);
}

/* Prices are amounts of points, and so say how many decimals those have [5]. */
static void measure_prices(tally_reader *reader, const tally_yaml *section)
{
    for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
        const tally_yaml *price = tally_yaml_get(node, "price"),
                         *carry = tally_yaml_get(node, "carry");
        int64_t amount;

        if (price != NULL)
            tally_document_points_constant(reader, price, &amount);
        if (carry != NULL)
            tally_document_points_constant(reader, carry, &amount);
    }
}

void tally_document_tiers(tally_reader *reader)
{
    const tally_yaml *section;
    tally_tier *tiers;
    uint32_t count = 0;

    if (!tally_document_section(reader, "tiers", TALLY_TIERS_MAX, &section))
        return;
    if (reader->is_measuring) {
        measure_prices(reader, section);
        return;
    }
    tiers = tally_document_alloc(reader, section->count, sizeof(*tiers));
    if (tiers == NULL)
        return;
    for (const tally_yaml *node = section->first; node != NULL; node = node->next, count++) {
        read_tier(reader, node, count, &tiers[count]);
        tiers[count].id = tier_id(reader, tiers[count].name);
    }
    reader->compiler.tier_count = count;
    reader->version->tiers = tiers;
    reader->version->tier_count = count;
}

/* ---- moves ---- */

void tally_document_moves(tally_reader *reader)
{
    enum { MOVES_REVIEWED, MOVES_DROP, MOVES_CLIMB, MOVES_LOCKED, MOVES_NONE, MOVES_KEYS };
    static const tally_key keys[MOVES_KEYS] = {
        [MOVES_REVIEWED] = { "reviewed", TALLY_KEY_TEXT },
        [MOVES_DROP] = { "drop", TALLY_KEY_TEXT },
        [MOVES_CLIMB] = { "climb", TALLY_KEY_TEXT },
        [MOVES_LOCKED] = { "locked-while", TALLY_KEY_ANY },
        [MOVES_NONE] = { "none", TALLY_KEY_TEXT },
    };
    static const char *const steps[] = { "any", "one step" };
    const tally_yaml *section = tally_yaml_get(reader->root, "moves");
    const tally_yaml *parts[MOVES_KEYS];
    tally_moves *moves = &reader->version->moves;

    moves->none = TALLY_TEXT("no tier");
    if (section == NULL || section->kind != TALLY_YAML_MAPPING ||
        !tally_document_keys(reader, section, "moves", keys, MOVES_KEYS, parts))
        return;
    if (reader->version->tier_count == 0)
        tally_document_warn(reader, section->key, "dead-rule", "write `tiers`, or remove `moves`",
                            "there is no tier to move between");
    if (parts[MOVES_REVIEWED] != NULL)
        read_review(reader, parts[MOVES_REVIEWED], &moves->reviewed);
    if (parts[MOVES_DROP] != NULL)
        moves->drop_one =
            tally_document_choice(reader, parts[MOVES_DROP], "way to drop", steps, 2) == 1;
    if (parts[MOVES_CLIMB] != NULL)
        moves->climb_one =
            tally_document_choice(reader, parts[MOVES_CLIMB], "way to climb", steps, 2) == 1;
    if ((moves->drop_one || moves->climb_one) && parts[MOVES_REVIEWED] == NULL)
        tally_document_error(reader, section->key, "missing-key", "write `reviewed: each day`",
                             "one step is a step per review, so `moves` needs `reviewed`");
    if (parts[MOVES_LOCKED] != NULL) {
        moves->locked_while = tally_document_condition(reader, parts[MOVES_LOCKED], &no_event);
        check_held(reader, parts[MOVES_LOCKED], moves->locked_while, 0);
    }
    if (parts[MOVES_NONE] != NULL)
        moves->none = tally_document_words(reader, parts[MOVES_NONE], "tier");
}

/* ---- grade ---- */

void tally_document_grade(tally_reader *reader)
{
    const tally_yaml *section;
    tally_grade *grade = &reader->version->grade;
    tally_words *labels;
    tally_text *texts;
    const tally_expr **conditions;
    uint32_t count = 0;

    if (!tally_document_section(reader, "grade", TALLY_ROWS_MAX + 1, &section))
        return;
    labels = tally_document_alloc(reader, 1, sizeof(*labels));
    texts = tally_document_alloc(reader, section->count, sizeof(*texts));
    conditions = tally_document_alloc(reader, section->count, sizeof(*conditions));
    if (labels == NULL || texts == NULL || conditions == NULL)
        return;
    for (const tally_yaml *row = section->first; row != NULL; row = row->next) {
        if (tally_text_is(row->key->text, "assessed")) {
            if (tally_document_shape(reader, row, TALLY_KEY_TEXT, "assessed"))
                read_review(reader, row, &grade->assessed);
            continue;
        }
        if (!tally_document_row_condition(reader, row, &no_event, &conditions[count]))
            continue;
        texts[count++] = tally_document_words(reader, row->key, "grade");
    }
    *labels = (tally_words){ .count = count, .words = texts };
    grade->is_present = true;
    grade->labels = labels;
    grade->row_count = count;
    grade->conditions = conditions;
    grade->span = tally_document_span(section->key);
}

/* ---- migrate ---- */

static void check_renames(tally_reader *reader, const tally_yaml *renames)
{
    for (const tally_yaml *row = renames->first; row != NULL; row = row->next) {
        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT, "a tier"))
            continue;
        if (find_tier(reader->version, row->text) == NULL)
            tally_document_unknown(reader, row, "unknown-tier", row->text, "tier of this version",
                                   reader->compiler.tier_names, reader->compiler.tier_count);
        else if (find_tier(reader->previous, row->key->text) == NULL)
            tally_document_error(reader, row->key, "unknown-tier", "",
                                 "the version before has no tier `%.*s`",
                                 TALLY_TEXT_ARGS(tally_text_slice(row->key->text, 0, 80)));
    }
}

void tally_document_migrate(tally_reader *reader)
{
    static const tally_key keys[] = { { "tiers", TALLY_KEY_MAPPING },
                                      { "keep-tiers-until", TALLY_KEY_TEXT } };
    const tally_yaml *section = tally_yaml_get(reader->root, "migrate");
    const tally_yaml *parts[2];
    tally_version *version = reader->version;
    const tally_zone *zone = &tally_zone_utc;
    int32_t day;

    if (section == NULL || section->kind != TALLY_YAML_MAPPING ||
        !tally_document_keys(reader, section, "migrate", keys, 2, parts))
        return;
    if (reader->previous == NULL) {
        tally_document_error(reader, section->key, "no-previous", "remove it",
                             "the first version has nothing to migrate from");
        return;
    }
    if (parts[0] != NULL)
        check_renames(reader, parts[0]);
    if (parts[1] == NULL || !tally_document_day(reader, parts[1], &day))
        return;
    if (version->zone != TALLY_NO_INDEX)
        zone = reader->zones[version->zone];
    version->has_keep_until = true;
    version->keep_tiers_until_ms = tally_zone_day_start(zone, day + 1);
}
