/* SPDX-License-Identifier: Apache-2.0 */
/* Awards and deductions [5, 15]. */

#include "policy/document.h"

enum {
    AWARD_FOR,
    AWARD_WHEN,
    AWARD_POINTS,
    AWARD_AT_MOST,
    AWARD_WITHIN,
    AWARD_EXPIRES,
    AWARD_DECAYS,
    AWARD_COUNTS,
    AWARD_WHILE_DISPUTED,
    AWARD_SPENDS,
    AWARD_BECAUSE,
    AWARD_OWN_KEYS,
    AWARD_OBLIGATION = AWARD_OWN_KEYS,
    AWARD_ACCEPTED_BY,
    AWARD_PAIRS_WITH,
    AWARD_REPAIR,
    AWARD_KEYS
};

static const tally_key award_keys[AWARD_KEYS] = {
    [AWARD_FOR] = { "for", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [AWARD_WHEN] = { "when", TALLY_KEY_ANY },
    [AWARD_POINTS] = { "points", TALLY_KEY_TEXT | TALLY_KEY_MAPPING | TALLY_KEY_NEEDED },
    [AWARD_AT_MOST] = { "at-most", TALLY_KEY_TEXT | TALLY_KEY_LIST },
    [AWARD_WITHIN] = { "within", TALLY_KEY_TEXT | TALLY_KEY_LIST },
    [AWARD_EXPIRES] = { "expires", TALLY_KEY_TEXT | TALLY_KEY_MAPPING },
    [AWARD_DECAYS] = { "decays", TALLY_KEY_TEXT },
    [AWARD_COUNTS] = { "counts", TALLY_KEY_TEXT },
    [AWARD_WHILE_DISPUTED] = { "while-disputed", TALLY_KEY_TEXT },
    [AWARD_SPENDS] = { "spends", TALLY_KEY_TEXT },
    [AWARD_BECAUSE] = { "because", TALLY_KEY_TEXT },
    [AWARD_OBLIGATION] = { "obligation", TALLY_KEY_TEXT },
    [AWARD_ACCEPTED_BY] = { "accepted-by", TALLY_KEY_TEXT },
    [AWARD_PAIRS_WITH] = { "pairs-with", TALLY_KEY_TEXT },
    [AWARD_REPAIR] = { "repair", TALLY_KEY_TEXT },
};

static void set_type(uint64_t *types, uint32_t type)
{
    types[type / 64] |= UINT64_C(1) << (type % 64);
}

/* `answer-up or question-up`. */
static bool read_for(tally_reader *reader, const tally_yaml *node, tally_award *award)
{
    tally_text rest = node->text;
    bool is_whole = true;

    while (rest.count > 0) {
        size_t end = 0;
        uint32_t type;

        while (end < rest.count &&
               !tally_text_has_prefix(tally_text_slice(rest, end, rest.count), TALLY_TEXT(" or ")))
            end++;
        type = tally_document_type(reader, node, tally_text_trim(tally_text_slice(rest, 0, end)));
        if (type == TALLY_NO_INDEX)
            is_whole = false;
        else
            set_type(award->types, type);
        rest = end < rest.count ? tally_text_slice(rest, end + 4, rest.count) : (tally_text){ 0 };
    }
    return is_whole;
}

/* ---- limits of an award ---- */

static uint32_t find_limit(const tally_reader *reader, tally_text name)
{
    for (uint32_t i = 0; i < reader->limit_count; i++) {
        if (!reader->limits[i].is_own && tally_text_is_equal(reader->limits[i].name, name))
            return i;
    }
    return TALLY_NO_INDEX;
}

static uint32_t shared_limit(tally_reader *reader, const tally_yaml *node)
{
    tally_text names[TALLY_LIMITS_MAX];
    uint32_t index = find_limit(reader, node->text), count = 0;

    if (index != TALLY_NO_INDEX)
        return index;
    for (uint32_t i = 0; i < reader->limit_count && count < TALLY_LIMITS_MAX; i++) {
        if (!reader->limits[i].is_own)
            names[count++] = reader->limits[i].name;
    }
    tally_document_unknown(reader, node, "unknown-limit", node->text, "limit", names, count);
    return TALLY_NO_INDEX;
}

static void read_limits(tally_reader *reader, const tally_yaml *const *parts, tally_award *award)
{
    const tally_yaml *at_most = parts[AWARD_AT_MOST], *within = parts[AWARD_WITHIN];
    bool own_first = at_most != NULL && (within == NULL || at_most->start < within->start);
    uint32_t room =
        (at_most != NULL ? at_most->count + 1 : 0) + (within != NULL ? within->count + 1 : 0);
    uint32_t *limits = tally_document_alloc(reader, room + 1, sizeof(*limits));
    uint32_t own_count = 0;

    if (limits == NULL)
        return;
    for (int turn = 0; turn < 2; turn++) {
        bool is_own = (turn == 0) == own_first;
        const tally_yaml *cursor = NULL;

        while (tally_document_each(is_own ? at_most : within, &cursor) != NULL) {
            uint32_t index;

            if (!tally_document_shape(reader, cursor, TALLY_KEY_TEXT, "a limit"))
                continue;
            index = is_own ? tally_document_own_limit(reader, cursor, award->name, own_count++)
                           : shared_limit(reader, cursor);
            if (index != TALLY_NO_INDEX)
                limits[award->limit_count++] = index;
        }
    }
    award->limits = limits;
}

/* ---- time ---- */

/* `half every 90 days` or `to nothing over 730 days`. */
static void read_decay(tally_reader *reader, const tally_yaml *node, tally_award *award)
{
    tally_source_text source = tally_yaml_source(node), duration;
    int64_t ms = 0;
    int32_t months = 0;
    size_t prefix;

    if (tally_text_has_prefix(source.text, TALLY_TEXT("half every "))) {
        award->decay = TALLY_DECAY_HALF;
        prefix = sizeof("half every ") - 1;
    } else if (tally_text_has_prefix(source.text, TALLY_TEXT("to nothing over "))) {
        award->decay = TALLY_DECAY_LINEAR;
        prefix = sizeof("to nothing over ") - 1;
    } else {
        tally_document_error(reader, node, "bad-decay",
                             "write `half every 90 days` or `to nothing over 730 days`",
                             "this is no way to decay");
        return;
    }
    duration = tally_document_part(&source, prefix, source.text.count);
    if (!tally_duration_compile(&reader->compiler, &duration, &ms, &months)) {
        reader->error_count++;
        return;
    }
    award->decay_days = ms / TALLY_DAY_MS;
    if (months != 0 || ms <= 0 || ms % TALLY_DAY_MS != 0)
        tally_document_error(reader, node, "bad-decay", "write a number of days or weeks",
                             "decay is counted in whole days");
}

/* `after 14 days`, `once confirmed`, or both with a comma. */
static void read_counts(tally_reader *reader, const tally_yaml *node, tally_award *award)
{
    tally_source_text source = tally_yaml_source(node), part;
    size_t comma = tally_text_find_byte(source.text, ',');
    tally_text last = tally_text_trim(
        comma < source.text.count ? tally_text_slice(source.text, comma + 1, source.text.count)
                                  : source.text);

    if (tally_text_is(last, "once confirmed")) {
        award->once_confirmed = true;
        if (comma == source.text.count)
            return;
    } else if (comma < source.text.count) {
        tally_document_error(reader, node, "bad-counts", "write `after 14 days, once confirmed`",
                             "only `once confirmed` may follow the comma");
        return;
    }
    part = tally_document_part(&source, 0, comma);
    part.text = tally_text_trim(part.text);
    if (!tally_deadline_compile(&reader->compiler, &part, &award->counts_after)) {
        reader->error_count++;
        return;
    }
    if (award->counts_after.kind == TALLY_DEADLINE_NEVER)
        tally_document_error(reader, node, "bad-counts", "", "an award that never counts is none");
    award->has_counts_after = true;
}

static void read_states(tally_reader *reader, const tally_yaml *const *parts, tally_award *award)
{
    static const char *const disputed[] = { "counts", "held out", "frozen" };
    static const char *const spends[] = { "oldest expiry first" };

    award->disputed_is_default = parts[AWARD_WHILE_DISPUTED] == NULL;
    if (parts[AWARD_WHILE_DISPUTED] != NULL) {
        uint32_t choice = tally_document_choice(reader, parts[AWARD_WHILE_DISPUTED],
                                                "state while disputed", disputed, 3);

        if (choice != TALLY_NO_INDEX)
            award->while_disputed = (tally_disputed)choice;
    }
    if (parts[AWARD_SPENDS] != NULL)
        award->spends = tally_document_choice(reader, parts[AWARD_SPENDS], "way to spend", spends,
                                              1) != TALLY_NO_INDEX;
}

/* ---- deductions ---- */

static const int16_t *slots_of(tally_reader *reader, const tally_yaml *node)
{
    int16_t *slots = tally_document_alloc(reader, reader->compiler.type_count, sizeof(*slots));
    bool is_found = false;

    if (slots == NULL)
        return NULL;
    for (uint32_t t = 0; t < reader->compiler.type_count; t++) {
        slots[t] = -1;
        for (uint32_t slot = 0; slot < reader->types[t].field_count; slot++) {
            const tally_field *field = &reader->types[t].fields[slot];

            if (t >= TALLY_RECORD_TYPES && field->type == TALLY_TYPE_ID &&
                tally_text_is_equal(field->name, node->text)) {
                slots[t] = (int16_t)slot;
                is_found = true;
            }
        }
    }
    if (!is_found)
        tally_document_error(reader, node, "unknown-field", "name a field whose type is `id`",
                             "no event type has an id field `%.*s`",
                             TALLY_TEXT_ARGS(tally_text_slice(node->text, 0, 80)));
    return slots;
}

static uint32_t find_award(tally_reader *reader, const tally_yaml *node)
{
    for (uint32_t i = 0; i < reader->compiler.award_count; i++) {
        if (tally_text_is_equal(reader->compiler.award_names[i], node->text))
            return i;
    }
    tally_document_unknown(reader, node, "unknown-award", node->text, "award",
                           reader->compiler.award_names, reader->compiler.award_count);
    return TALLY_NO_INDEX;
}

static void read_deduction(tally_reader *reader, const tally_yaml *const *parts, tally_award *award)
{
    award->accepted_by_type = award->repair_type = award->pairs_with_award = TALLY_NO_INDEX;
    if (parts[AWARD_OBLIGATION] != NULL)
        award->obligation_slot_of_type = slots_of(reader, parts[AWARD_OBLIGATION]);
    if (parts[AWARD_ACCEPTED_BY] != NULL)
        award->accepted_by_type =
            tally_document_type(reader, parts[AWARD_ACCEPTED_BY], parts[AWARD_ACCEPTED_BY]->text);
    if (parts[AWARD_REPAIR] != NULL) {
        award->repair_type =
            tally_document_type(reader, parts[AWARD_REPAIR], parts[AWARD_REPAIR]->text);
        if (parts[AWARD_OBLIGATION] == NULL)
            tally_document_error(reader, parts[AWARD_REPAIR], "missing-key", "",
                                 "`repair` needs `obligation`, the id that the two events share");
    }
    if (parts[AWARD_PAIRS_WITH] != NULL)
        award->pairs_with_award = find_award(reader, parts[AWARD_PAIRS_WITH]);
}

static const tally_expr *negated(tally_reader *reader, const tally_expr *points)
{
    tally_expr *expr = tally_document_alloc(reader, 1, sizeof(*expr));
    const tally_expr **args = tally_document_alloc(reader, 1, sizeof(*args));

    if (expr == NULL || args == NULL)
        return NULL;
    *expr = *points;
    if (points->op == TALLY_OP_LITERAL && points->value > 0) {
        expr->value = -points->value;
        return expr;
    }
    args[0] = points;
    *expr = (tally_expr){ .op = TALLY_OP_NEGATE,
                          .type = points->type,
                          .decimals = points->decimals,
                          .args = args,
                          .arg_count = 1,
                          .span = points->span };
    return expr;
}

/* ---- an award ---- */

/* The engine's short cut: one type, at most one field, and that one always there. */
static void find_linear(const tally_reader *reader, tally_award *award)
{
    const int16_t *slots = NULL;
    uint32_t type = TALLY_NO_INDEX;

    award->linear_slot = -1;
    for (uint32_t t = 0; t < reader->compiler.type_count; t++) {
        if ((award->types[t / 64] >> (t % 64) & 1) == 0)
            continue;
        if (type != TALLY_NO_INDEX)
            return;
        type = t;
    }
    if (type == TALLY_NO_INDEX || !tally_expr_linear(award->points, &award->linear_constant,
                                                     &award->linear_coefficient, &slots))
        return;
    if (slots != NULL) {
        if (slots[type] < 0 || reader->types[type].fields[slots[type]].optional)
            return;
        award->linear_slot = slots[type];
    }
    award->is_linear = true;
}

static void read_award(tally_reader *reader, const tally_yaml *node, bool is_deduction,
                       tally_award *award)
{
    const tally_yaml *parts[AWARD_KEYS] = { NULL };
    tally_scope scope = { .event_types = award->types };

    award->name = tally_document_words(reader, node->key, is_deduction ? "deduction" : "award");
    award->span = tally_document_span(node->key);
    award->is_deduction = is_deduction;
    award->id = tally_document_id(reader, &reader->award_ids, award->name);
    award->linear_slot = -1;
    if (!tally_document_keys(reader, node, is_deduction ? "a deduction" : "an award", award_keys,
                             is_deduction ? AWARD_KEYS : AWARD_OWN_KEYS, parts))
        return;
    read_deduction(reader, parts, award);
    award->because = tally_document_words(reader, parts[AWARD_BECAUSE], "because");
    if (parts[AWARD_FOR] == NULL || !read_for(reader, parts[AWARD_FOR], award))
        return; /* without its events nothing in it can be understood */
    if (parts[AWARD_WHEN] != NULL)
        award->when = tally_document_condition(reader, parts[AWARD_WHEN], &scope);
    if (parts[AWARD_POINTS] != NULL)
        award->points = tally_document_points(reader, parts[AWARD_POINTS], &scope);
    if (award->points != NULL && is_deduction)
        award->points = negated(reader, award->points);
    if (award->points != NULL)
        find_linear(reader, award);
    read_limits(reader, parts, award);
    if (parts[AWARD_EXPIRES] != NULL)
        tally_document_deadlines(reader, parts[AWARD_EXPIRES], &scope, &award->expires);
    if (parts[AWARD_DECAYS] != NULL)
        read_decay(reader, parts[AWARD_DECAYS], award);
    if (parts[AWARD_COUNTS] != NULL)
        read_counts(reader, parts[AWARD_COUNTS], award);
    read_states(reader, parts, award);
}

/* ---- the sections ---- */

static const char *const sections[] = { "awards", "deductions" };

void tally_document_award_names(tally_reader *reader)
{
    tally_text *names = tally_document_alloc(reader, 2u * TALLY_AWARDS_MAX, sizeof(*names));
    const tally_yaml *section;
    uint32_t count = 0;

    if (names == NULL)
        return;
    for (int part = 0; part < 2; part++) {
        if (!tally_document_section(reader, sections[part], TALLY_AWARDS_MAX, &section))
            continue;
        for (const tally_yaml *node = section->first; node != NULL; node = node->next) {
            tally_document_rule_name(reader, node->key, "an award");
            for (uint32_t i = 0; part == 1 && i < count; i++) {
                if (tally_text_is_equal(names[i], node->key->text))
                    tally_document_error(reader, node->key, "duplicate-name", "choose another name",
                                         "an award has this name already");
            }
            names[count++] = node->key->text;
        }
    }
    reader->compiler.award_names = names;
    reader->compiler.award_count = count;
}

static void list_awards_of_types(tally_reader *reader)
{
    tally_version *version = reader->version;
    uint32_t type_count = reader->compiler.type_count;
    const uint32_t **lists = tally_document_alloc(reader, type_count, sizeof(*lists));
    uint32_t *counts = tally_document_alloc(reader, type_count, sizeof(*counts));

    if (lists == NULL || counts == NULL)
        return;
    for (uint32_t t = 0; t < type_count; t++) {
        uint32_t *list = tally_document_alloc(reader, version->award_count + 1, sizeof(*list));

        if (list == NULL)
            return;
        for (uint32_t i = 0; i < version->award_count; i++) {
            if ((version->awards[i].types[t / 64] >> (t % 64) & 1) != 0)
                list[counts[t]++] = i;
        }
        lists[t] = list;
    }
    version->awards_of_type = lists;
    version->award_count_of_type = counts;
}

void tally_document_awards(tally_reader *reader)
{
    tally_award *awards = tally_document_alloc(reader, 2u * TALLY_AWARDS_MAX, sizeof(*awards));
    uint32_t count = 0;

    if (awards == NULL || reader->compiler.out_of_memory)
        return;
    for (int part = 0; part < 2; part++) {
        const tally_yaml *list = tally_yaml_get(reader->root, sections[part]);

        /* Too long a list was reported with the names. */
        if (list == NULL || list->kind != TALLY_YAML_MAPPING || list->count > TALLY_AWARDS_MAX)
            continue;
        for (const tally_yaml *node = list->first; node != NULL; node = node->next)
            read_award(reader, node, part == 1, &awards[count++]);
    }
    if (count > TALLY_AWARDS_MAX)
        tally_document_over_limit(reader, NULL, "awards and deductions", TALLY_AWARDS_MAX);
    reader->version->awards = awards;
    reader->version->award_count = count;
    reader->version->limits = reader->limits;
    reader->version->limit_count = reader->limit_count;
    list_awards_of_types(reader);
}
