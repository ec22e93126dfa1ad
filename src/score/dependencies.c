/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy's answers depend on besides the events themselves.
 *
 * Only what is asked at T is read: tiers, grade, needs, reports and the `let`s
 * they use. Awards are asked at the instant of their event; of theirs only
 * `throughout` matters, whose operand is asked in between. */

#include "score/dependencies.h"

static void read_expr(tally_dependencies *deps, const tally_expr *expr);

static void set_types(const tally_set *set, uint64_t *types)
{
    while (set->inner != NULL)
        set = set->inner;
    for (size_t i = 0; i < TALLY_EVENT_TYPES_MAX / 64; i++)
        types[i] |= set->types[i];
}

static void add_distinct(int64_t *values, uint32_t *count, int64_t value, bool *is_over_full)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (values[i] == value)
            return;
    }
    if (*count == TALLY_SHIFTS_MAX) {
        *is_over_full = true;
        return;
    }
    values[(*count)++] = value;
}

static void add_use(tally_dependencies *deps, const tally_window *window, const tally_set *set)
{
    tally_window_use *use;

    if (deps->use_count == deps->use_room) {
        uint32_t room = deps->use_room == 0 ? 16 : 2 * deps->use_room;
        tally_window_use *uses = tally_arena_zalloc_array(deps->arena, room, sizeof(*uses));

        if (uses == NULL) {
            deps->is_short_of_memory = true;
            return;
        }
        if (deps->use_count > 0)
            memcpy(uses, deps->uses, deps->use_count * sizeof(*uses));
        deps->uses = uses;
        deps->use_room = room;
    }
    use = &deps->uses[deps->use_count++];
    *use = (tally_window_use){ .window = window, .version = deps->version };
    if (set != NULL) {
        set_types(set, use->types);
    } else {
        for (size_t i = 0; i < TALLY_EVENT_TYPES_MAX / 64; i++)
            use->types[i] = UINT64_MAX;
    }
}

static void read_window(tally_dependencies *deps, const tally_window *window, const tally_set *set)
{
    if (window->kind == TALLY_WINDOW_LIFETIME)
        return;
    read_expr(deps, window->n_expr);
    read_expr(deps, window->ref);
    if (window->kind != TALLY_WINDOW_SINCE && window->kind != TALLY_WINDOW_AFTER)
        add_use(deps, window, set);
}

static void read_set(tally_dependencies *deps, const tally_set *set)
{
    for (; set != NULL; set = set->inner) {
        read_expr(deps, set->with);
        if (set->window != NULL)
            read_window(deps, set->window, set);
    }
}

/* Each change of the operand is felt again when it has left the duration. */
static void add_throughout(tally_dependencies *deps, int64_t duration_ms)
{
    uint32_t count = deps->shift_count;

    for (uint32_t i = 0; i < count; i++) {
        int64_t sum;

        if (__builtin_add_overflow(deps->shifts[i], duration_ms, &sum))
            continue;
        add_distinct(deps->shifts, &deps->shift_count, sum, &deps->is_over_full);
    }
}

static bool visit_let(tally_dependencies *deps, const tally_expr *expr)
{
    for (uint32_t i = 0; i < deps->visited_count; i++) {
        if (deps->visited_lets[i] == expr)
            return false;
    }
    if (deps->visited_count == deps->visited_room) {
        uint32_t room = deps->visited_room == 0 ? 32 : 2 * deps->visited_room;
        const tally_expr **lets = tally_arena_zalloc_array(deps->arena, room, sizeof(*lets));

        if (lets == NULL) {
            deps->is_short_of_memory = true;
            return false;
        }
        if (deps->visited_count > 0)
            memcpy(lets, deps->visited_lets, deps->visited_count * sizeof(*lets));
        deps->visited_lets = lets;
        deps->visited_room = room;
    }
    deps->visited_lets[deps->visited_count++] = expr;
    return true;
}

static void read_named(tally_dependencies *deps, const tally_expr *expr)
{
    const tally_version *version = &deps->policy->versions[deps->version];

    if (expr->op == TALLY_OP_LET && expr->index < version->let_count) {
        const tally_let *let = &version->lets[expr->index];

        if (let->expr != NULL && visit_let(deps, let->expr))
            read_expr(deps, let->expr);
        read_set(deps, let->set);
    } else if (expr->op == TALLY_OP_STREAK) {
        const tally_streak *streak = &version->streaks[expr->index];

        deps->units |= (uint8_t)(1u << streak->unit);
        read_expr(deps, streak->counts);
    }
}

static void read_expr(tally_dependencies *deps, const tally_expr *expr)
{
    if (expr == NULL || deps->is_short_of_memory)
        return;
    switch (expr->op) {
    case TALLY_OP_LET:
    case TALLY_OP_STREAK:
        read_named(deps, expr);
        break;
    case TALLY_OP_NOW:
        deps->reads_now = true;
        deps->units |= 1u << TALLY_UNIT_DAY;
        break;
    case TALLY_OP_TODAY:
        deps->units |= 1u << TALLY_UNIT_DAY;
        break;
    case TALLY_OP_COUNT_PERIODS:
        deps->units |= (uint8_t)(1u << expr->unit);
        break;
    case TALLY_OP_LITERAL:
        if (expr->type == TALLY_TYPE_DURATION && expr->value != TALLY_NOTHING)
            add_distinct(deps->clocks_ms, &deps->clock_count,
                         expr->value < 0 ? -expr->value : expr->value, &deps->is_over_full);
        break;
    case TALLY_OP_THROUGHOUT:
        add_throughout(deps, expr->value);
        break;
    default:
        break;
    }
    for (uint16_t i = 0; i < expr->arg_count; i++)
        read_expr(deps, expr->args[i]);
    read_set(deps, expr->set);
    if (expr->window != NULL)
        read_window(deps, expr->window, NULL);
}

/* The `let`s of one version that were looked into. */
typedef struct seen_lets {
    uint64_t bits[TALLY_LETS_MAX / 64];
} seen_lets;

/* True the first time: chains of lets cost what they say and not their paths. */
static bool see_let(seen_lets *seen, uint32_t index)
{
    bool is_new = (seen->bits[index / 64] >> (index % 64) & 1) == 0;

    seen->bits[index / 64] |= UINT64_C(1) << (index % 64);
    return is_new;
}

/* Of an award's rule: only what `throughout` asks in between. */
static void read_throughout(tally_dependencies *deps, const tally_expr *expr, seen_lets *seen)
{
    if (expr == NULL)
        return;
    if (expr->op == TALLY_OP_THROUGHOUT) {
        read_expr(deps, expr);
        return;
    }
    if (expr->op == TALLY_OP_LET) {
        const tally_version *version = &deps->policy->versions[deps->version];

        if (expr->index < version->let_count && see_let(seen, expr->index))
            read_throughout(deps, version->lets[expr->index].expr, seen);
    }
    for (uint16_t i = 0; i < expr->arg_count; i++)
        read_throughout(deps, expr->args[i], seen);
    for (const tally_set *set = expr->set; set != NULL; set = set->inner)
        read_throughout(deps, set->with, seen);
}

static void read_version(tally_dependencies *deps, uint32_t index)
{
    const tally_version *version = &deps->policy->versions[index];
    seen_lets seen = { { 0 } };

    deps->version = index;
    read_expr(deps, version->score.needs);
    for (uint32_t i = 0; i < version->tier_count; i++) {
        read_expr(deps, version->tiers[i].gain);
        if (version->tiers[i].keep != version->tiers[i].gain)
            read_expr(deps, version->tiers[i].keep);
    }
    read_expr(deps, version->moves.locked_while);
    for (uint32_t i = 0; i < version->grade.row_count; i++)
        read_expr(deps, version->grade.conditions[i]);
    for (uint32_t i = 0; i < version->let_count; i++) {
        if (version->lets[i].is_reported)
            read_expr(deps, version->lets[i].expr);
    }
    for (uint32_t i = 0; i < version->streak_count; i++) {
        deps->units |= (uint8_t)(1u << version->streaks[i].unit);
        read_expr(deps, version->streaks[i].counts);
    }
    for (uint32_t i = 0; i < version->award_count; i++) {
        read_throughout(deps, version->awards[i].when, &seen);
        read_throughout(deps, version->awards[i].points, &seen);
    }
}

tally_rc tally_dependencies_read(tally_dependencies *out_dependencies,
                                 const struct tally_policy *policy, tally_arena *arena,
                                 tally_err *err)
{
    tally_dependencies *deps = out_dependencies;

    *deps = (tally_dependencies){ .arena = arena, .policy = policy, .shift_count = 1 };
    for (uint32_t i = 0; i < policy->version_count; i++)
        read_version(deps, i);
    if (deps->is_short_of_memory)
        return tally_err_set(err, tally_arena_failure(arena), 0, "finding the instants of change");
    if (deps->is_over_full)
        return tally_err_set(err, TALLY_E_LIMIT, 0,
                             "the policy has more than %u different durations in its rules",
                             TALLY_SHIFTS_MAX);
    return TALLY_OK;
}

/* ---- the sizes of a window ------------------------------------------------------- */

typedef struct size_list {
    const struct tally_policy *policy;
    uint32_t version;
    uint32_t count;
    bool is_open; /* some size cannot be listed */
    int64_t *sizes;
    seen_lets seen;
} size_list;

static void add_size(size_list *list, int64_t size)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->sizes[i] == size)
            return;
    }
    if (list->count == TALLY_WINDOW_SIZES_MAX) {
        list->is_open = true;
        return;
    }
    list->sizes[list->count++] = size;
}

static void list_sizes(size_list *list, const tally_expr *expr)
{
    const tally_version *version = &list->policy->versions[list->version];

    switch (expr->op) {
    case TALLY_OP_LITERAL:
        if (expr->value != TALLY_NOTHING)
            add_size(list, expr->value);
        break;
    case TALLY_OP_IF:
        list_sizes(list, expr->args[1]);
        list_sizes(list, expr->args[2]);
        break;
    case TALLY_OP_TABLE:
        for (uint16_t i = 0; i < expr->arg_count; i = (uint16_t)(i + 2))
            list_sizes(list, expr->args[i]);
        break;
    case TALLY_OP_MIN:
    case TALLY_OP_MAX:
    case TALLY_OP_CLAMP:
        for (uint16_t i = 0; i < expr->arg_count; i++)
            list_sizes(list, expr->args[i]);
        break;
    case TALLY_OP_LET:
        if (expr->index >= version->let_count || version->lets[expr->index].expr == NULL)
            list->is_open = true;
        else if (see_let(&list->seen, expr->index))
            list_sizes(list, version->lets[expr->index].expr);
        break;
    case TALLY_OP_FACT:
        for (uint32_t i = 0; i < version->facts[expr->index].count; i++)
            add_size(list, version->facts[expr->index].values[i]);
        list->is_open = list->is_open || version->facts[expr->index].expr != NULL;
        break;
    default:
        list->is_open = true;
        break;
    }
}

uint32_t tally_window_sizes(const struct tally_policy *policy, uint32_t version,
                            const tally_window *window,
                            int64_t out_sizes[static TALLY_WINDOW_SIZES_MAX])
{
    size_list list = { .policy = policy, .version = version, .sizes = out_sizes };

    if (window->n_expr == NULL) {
        out_sizes[0] = window->n;
        return 1;
    }
    list_sizes(&list, window->n_expr);
    return list.is_open ? 0 : list.count;
}

static void add_reference_types(const tally_version *rules, const tally_expr *expr, seen_lets *seen,
                                uint64_t *types)
{
    if (expr == NULL)
        return;
    if (expr->op == TALLY_OP_LET && expr->index < rules->let_count && see_let(seen, expr->index))
        add_reference_types(rules, rules->lets[expr->index].expr, seen, types);
    if (expr->set != NULL)
        set_types(expr->set, types);
    for (uint16_t i = 0; i < expr->arg_count; i++)
        add_reference_types(rules, expr->args[i], seen, types);
}

void tally_reference_types(const struct tally_policy *policy, uint32_t version,
                           const tally_expr *expr,
                           uint64_t out_types[static TALLY_EVENT_TYPES_MAX / 64])
{
    seen_lets seen = { { 0 } };

    add_reference_types(&policy->versions[version], expr, &seen, out_types);
}
