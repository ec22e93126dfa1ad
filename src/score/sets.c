/* SPDX-License-Identifier: Apache-2.0 */
/* Event sets and aggregates (docs/policy-language.md section 4).
 *
 * A set is opened as a view: a run of the visible events, of the list of one
 * type's events, or of members that were collected first (`last N of`, a named
 * set). Each candidate is then asked whether it is in: type, window, `with`.
 * Collected members and values lie on the context's scratch stack, which every
 * question leaves as it found it. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "score/engine.h"
#include "util/checked.h"

/* ---- the scratch stack ----------------------------------------------------- */

tally_rc tally_engine_no_memory(const tally_context *context, tally_err *err)
{
    return tally_err_set(err, tally_arena_failure(context->arena), 0,
                         "no memory left for this subject's records");
}

tally_rc tally_engine_overworked(const tally_span *span, tally_err *err)
{
    return tally_err_set_at(err, TALLY_E_LIMIT, span != NULL ? span->line : 0,
                            span != NULL ? span->column : 0,
                            "the rules look at more than %" PRIu64
                            " events of one subject; narrow the window of this one",
                            TALLY_WORK_MAX);
}

tally_rc tally_scratch_push(tally_context *context, int64_t value, tally_err *err)
{
    if (context->scratch_count == context->scratch_room) {
        uint32_t room = context->scratch_room == 0 ? 64 : context->scratch_room * 2;
        int64_t *grown = tally_arena_alloc(context->arena, (size_t)room * sizeof(*grown));

        if (grown == NULL)
            return tally_engine_no_memory(context, err);
        if (context->scratch_count > 0)
            memcpy(grown, context->scratch, context->scratch_count * sizeof(*grown));
        context->scratch = grown;
        context->scratch_room = room;
    }
    context->scratch[context->scratch_count++] = value;
    return TALLY_OK;
}

/* ---- events by type ----------------------------------------------------------- */

struct tally_type_lists {
    struct type_list {
        uint32_t count, room;
        uint32_t *events;
    } of[TALLY_EVENT_TYPES_MAX];
};

static tally_rc list_append(tally_context *context, struct type_list *list, uint32_t event,
                            tally_err *err)
{
    if (list->count == list->room) {
        uint32_t room = list->room == 0 ? 16 : list->room * 2;
        uint32_t *grown = tally_arena_alloc(context->arena, (size_t)room * sizeof(*grown));

        if (grown == NULL)
            return tally_engine_no_memory(context, err);
        if (list->count > 0)
            memcpy(grown, list->events, list->count * sizeof(*grown));
        list->events = grown;
        list->room = room;
    }
    list->events[list->count++] = event;
    return TALLY_OK;
}

static tally_rc make_type_lists(tally_context *context, tally_err *err)
{
    const tally_events *events = &context->events;
    struct tally_type_lists *lists = tally_arena_zalloc(context->arena, sizeof(*lists));
    uint32_t *room = tally_arena_alloc(context->arena, events->count * sizeof(*room));

    if (lists == NULL || room == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < events->count; i++)
        lists->of[events->type[i]].room++;
    for (uint32_t type = 0; type < TALLY_EVENT_TYPES_MAX; type++) {
        lists->of[type].events = room;
        room += lists->of[type].room;
    }
    for (uint32_t i = 0; i < events->count; i++) {
        struct type_list *list = &lists->of[events->type[i]];

        list->events[list->count++] = i;
    }
    context->type_lists = lists;
    return TALLY_OK;
}

tally_rc tally_type_lists_append(tally_context *context, tally_err *err)
{
    uint32_t last = context->events.count - 1;

    if (context->type_lists == NULL)
        return TALLY_OK;
    return list_append(context, &context->type_lists->of[context->events.type[last]], last, err);
}

void tally_type_lists_drop(tally_context *context)
{
    uint32_t last = context->events.count - 1;

    if (context->type_lists != NULL)
        context->type_lists->of[context->events.type[last]].count--;
}

/* ---- views ----------------------------------------------------------------------- */

typedef struct set_view {
    const tally_set *set;
    const uint32_t *list; /* of one type's events, or NULL */
    bool is_collected;    /* members lie at scratch[collected …] */
    uint32_t collected;
    uint32_t low, high; /* positions in the list, among the collected, or events */
    bool has_types;     /* test set->types */
    bool is_whole;      /* every event of the run is a member */
    tally_window_range range;
    tally_scope scope; /* of the set */
} set_view;

static bool has_type(const uint64_t *types, uint32_t type)
{
    return (types[type / 64] >> (type % 64) & 1) != 0;
}

/* The only type of a set, or TALLY_NO_INDEX. */
static uint32_t only_type(const tally_set *set)
{
    uint32_t type = TALLY_NO_INDEX;

    for (uint32_t i = 0; i < TALLY_EVENT_TYPES_MAX / 64; i++) {
        uint64_t bits = set->types[i];

        if (bits == 0)
            continue;
        if (type != TALLY_NO_INDEX || (bits & (bits - 1)) != 0)
            return TALLY_NO_INDEX;
        type = i * 64 + (uint32_t)__builtin_ctzll(bits);
    }
    return type;
}

/* First position in a list of events with event >= bound. */
static uint32_t list_from(const uint32_t *list, uint32_t count, uint32_t bound)
{
    uint32_t low = 0;
    uint32_t high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (list[middle] < bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static tally_rc view_open(tally_context *context, uint32_t version, const tally_set *set,
                          const tally_scope *scope, set_view *view, tally_err *err);
static tally_rc view_member(tally_context *context, uint32_t version, const set_view *view,
                            uint32_t position, uint32_t *out_event, bool *out_is_member,
                            tally_err *err);

/* Push the members of a base: an inner set, or all events of the types in the run. */
static tally_rc collect(tally_context *context, uint32_t version, const tally_set *set,
                        const tally_scope *scope, tally_err *err)
{
    tally_rc rc = TALLY_OK;
    set_view inner;

    if (set->inner != NULL) {
        /* The inner view may collect members of its own below ours: push ours after, then close the gap. */
        uint32_t bottom = context->scratch_count;
        uint32_t top, event;
        bool is_member;

        rc = view_open(context, version, set->inner, scope, &inner, err);
        top = context->scratch_count;
        for (uint32_t i = inner.low; rc == TALLY_OK && i < inner.high; i++) {
            rc = view_member(context, version, &inner, i, &event, &is_member, err);
            if (rc == TALLY_OK && is_member)
                rc = tally_scratch_push(context, event, err);
        }
        if (rc == TALLY_OK && top > bottom) {
            memmove(context->scratch + bottom, context->scratch + top,
                    (context->scratch_count - top) * sizeof(*context->scratch));
            context->scratch_count -= top - bottom;
        }
        return rc;
    }
    rc = tally_engine_work(context, scope->place - scope->first, &set->span, err);
    for (uint32_t i = scope->first; rc == TALLY_OK && i < scope->place; i++)
        if (has_type(set->types, context->events.type[i]))
            rc = tally_scratch_push(context, i, err);
    return rc;
}

static tally_rc view_open(tally_context *context, uint32_t version, const tally_set *set,
                          const tally_scope *scope, set_view *view, tally_err *err)
{
    uint32_t type;
    tally_rc rc;

    *view = (set_view){ .set = set, .scope = *scope };
    /* The window is asked first: what it refers to may be the event in scope itself. */
    rc = tally_window_resolve(context, version, set->window, scope, &view->range, err);
    if (rc != TALLY_OK)
        return rc;
    if (set->earlier && scope->event < view->scope.place) { /* none in scope is TALLY_NO_INDEX */
        view->scope.place = scope->event;
        tally_window_end(&view->range, scope->event);
    }
    if (set->earlier && set->window->kind == TALLY_WINDOW_NEXT)
        view->range.high = view->range.low;
    if (set->inner != NULL || set->last > 0) {
        tally_scope base = view->scope;

        if (set->window->kind == TALLY_WINDOW_NEXT)
            base.place = view->range.high;
        view->is_collected = true;
        view->collected = context->scratch_count;
        rc = collect(context, version, set, &base, err);
        if (rc != TALLY_OK)
            return rc;
        view->high = context->scratch_count - view->collected;
        if (set->last > 0 && view->high > set->last)
            view->low = view->high - set->last;
        return TALLY_OK;
    }
    type = only_type(set);
    if (type == TALLY_NO_INDEX) {
        view->has_types = true;
        view->low = view->range.low;
        view->high = view->range.high;
        return TALLY_OK;
    }
    if (context->type_lists == NULL) {
        rc = make_type_lists(context, err);
        if (rc != TALLY_OK)
            return rc;
    }
    view->list = context->type_lists->of[type].events;
    view->low = list_from(view->list, context->type_lists->of[type].count, view->range.low);
    view->high = list_from(view->list, context->type_lists->of[type].count, view->range.high);
    view->is_whole = set->with == NULL && view->range.test == TALLY_TEST_NONE;
    return TALLY_OK;
}

/* The scope of a candidate: bare names are its fields, `this` the event that was in scope. */
static tally_scope candidate_scope(const tally_scope *scope, uint32_t event)
{
    tally_scope inner = *scope;

    inner.outer = scope->event;
    inner.event = event;
    return inner;
}

static tally_rc view_member(tally_context *context, uint32_t version, const set_view *view,
                            uint32_t position, uint32_t *out_event, bool *out_is_member,
                            tally_err *err)
{
    uint32_t event = view->is_collected   ? (uint32_t)context->scratch[view->collected + position]
                     : view->list != NULL ? view->list[position]
                                          : position;
    int64_t condition = 1;
    tally_rc rc = TALLY_OK;

    *out_event = event;
    rc = tally_engine_work(context, 1, &view->set->span, err);
    if (rc != TALLY_OK)
        return rc;
    if ((view->has_types && !has_type(view->set->types, context->events.type[event])) ||
        (view->is_collected && (event < view->range.low || event >= view->range.high)) ||
        (view->range.test != TALLY_TEST_NONE &&
         !tally_window_has(context, version, &view->range, event))) {
        *out_is_member = false;
        return TALLY_OK;
    }
    if (view->set->with != NULL) {
        tally_scope scope = candidate_scope(&view->scope, event);

        rc = tally_evaluate_condition(context, version, view->set->with, &scope, &condition, err);
    }
    *out_is_member = rc == TALLY_OK && condition == 1;
    return rc;
}

tally_rc tally_set_members(tally_context *context, uint32_t version, const tally_set *set,
                           const tally_scope *scope, const uint32_t **out_members,
                           uint32_t *out_count, tally_err *err)
{
    uint32_t bottom = context->scratch_count;
    uint32_t *members;
    uint32_t count = 0;
    uint32_t event;
    bool is_member;
    set_view view;
    tally_rc rc = view_open(context, version, set, scope, &view, err);

    if (rc != TALLY_OK)
        goto out;
    members = tally_arena_alloc(context->arena, (view.high - view.low) * sizeof(*members));
    if (members == NULL) {
        rc = tally_engine_no_memory(context, err);
        goto out;
    }
    for (uint32_t i = view.low; rc == TALLY_OK && i < view.high; i++) {
        rc = view_member(context, version, &view, i, &event, &is_member, err);
        if (rc == TALLY_OK && is_member)
            members[count++] = event;
    }
    if (rc == TALLY_OK) {
        *out_members = members;
        *out_count = count;
    }
out:
    context->scratch_count = bottom;
    return rc;
}

/* ---- aggregates --------------------------------------------------------------------- */

/* latest, earliest, any, no: the first member from one end. */
static tally_rc find_one(tally_context *context, uint32_t version, const set_view *view,
                         bool is_latest, uint32_t *out_event, tally_err *err)
{
    *out_event = TALLY_NO_INDEX;
    for (uint32_t i = view->low; i < view->high; i++) {
        uint32_t position = is_latest ? view->high - 1 - (i - view->low) : i;
        uint32_t event;
        bool is_member;
        tally_rc rc = view_member(context, version, view, position, &event, &is_member, err);

        if (rc != TALLY_OK)
            return rc;
        if (is_member) {
            *out_event = event;
            return TALLY_OK;
        }
    }
    return TALLY_OK;
}

typedef struct fold {
    tally_i128 sum; /* of at most 2^32 numbers below 2^63 in size */
    int64_t count;
    tally_value least, greatest;
} fold;

static void fold_value(const tally_expr *expr, fold *state, tally_value value)
{
    tally_value_type type = expr->args[0]->type;
    uint8_t decimals = expr->args[0]->decimals;

    state->sum += value.a;
    state->count++;
    if (expr->op == TALLY_OP_LEAST &&
        (state->count == 1 ||
         tally_value_compare(type, decimals, value, type, decimals, state->least) < 0))
        state->least = value;
    if (expr->op == TALLY_OP_GREATEST &&
        (state->count == 1 ||
         tally_value_compare(type, decimals, value, type, decimals, state->greatest) > 0))
        state->greatest = value;
}

/* Ask the arguments of one member; push them when `is_kept`. A member with nothing
 * among them is left out. */
static tally_rc ask_arguments(tally_context *context, uint32_t version, const tally_expr *expr,
                              const tally_scope *scope, uint32_t event, bool is_kept, fold *state,
                              tally_err *err)
{
    tally_scope inner = candidate_scope(scope, event);
    uint32_t bottom = context->scratch_count;

    for (uint32_t i = 0; i < expr->arg_count; i++) {
        tally_value value;
        tally_rc rc = tally_evaluate(context, version, expr->args[i], &inner, &value, err);

        if (rc != TALLY_OK)
            return rc;
        if (value.a == TALLY_NOTHING) {
            context->scratch_count = bottom;
            return TALLY_OK;
        }
        if (is_kept) {
            rc = tally_scratch_push(context, value.a, err);
            if (rc != TALLY_OK)
                return rc;
        } else {
            fold_value(expr, state, value);
        }
    }
    return TALLY_OK;
}

static int order_up(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

static int compare_tuples(const int64_t *a, const int64_t *b, uint32_t width)
{
    for (uint32_t i = 0; i < width; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* Sift tuple `root` down in a heap of count tuples, the greatest on top. */
static void sift_down(int64_t *tuples, uint32_t width, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count &&
            compare_tuples(tuples + child * width, tuples + (child + 1) * width, width) < 0)
            child++;
        if (compare_tuples(tuples + root * width, tuples + child * width, width) >= 0)
            return;
        for (uint32_t i = 0; i < width; i++) {
            int64_t moved = tuples[root * width + i];

            tuples[root * width + i] = tuples[child * width + i];
            tuples[child * width + i] = moved;
        }
        root = child;
    }
}

/* Days and the like come in order already. */
static bool is_in_order(const int64_t *tuples, uint32_t width, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (compare_tuples(tuples + (i - 1) * width, tuples + i * width, width) > 0)
            return false;
    }
    return true;
}

/* How many different tuples; they are left in another order. */
static int64_t count_distinct(int64_t *tuples, uint32_t width, size_t count)
{
    int64_t distinct = count > 0;

    if (is_in_order(tuples, width, count)) {
        /* Nothing to sort. */
    } else if (width == 1) {
        qsort(tuples, count, sizeof(*tuples), order_up);
    } else {
        for (size_t i = count / 2; i-- > 0;)
            sift_down(tuples, width, i, count);
        for (size_t left = count; left > 1; left--) {
            for (uint32_t i = 0; i < width; i++) {
                int64_t moved = tuples[i];

                tuples[i] = tuples[(left - 1) * width + i];
                tuples[(left - 1) * width + i] = moved;
            }
            sift_down(tuples, width, 0, left - 1);
        }
    }
    for (size_t i = 1; i < count; i++)
        distinct += compare_tuples(tuples + (i - 1) * width, tuples + i * width, width) != 0;
    return distinct;
}

static tally_rc mean(const tally_expr *expr, const fold *state, tally_value *out_value,
                     tally_err *err)
{
    int64_t unit = tally_decimal_unit(expr->args[0]->decimals);
    int64_t sum, count;

    if (!tally_narrow_i64(state->sum, &sum) || sum == TALLY_NOTHING ||
        !tally_mul_i64(state->count, unit, &count))
        return tally_engine_overflow(&expr->span, err);
    *out_value = (tally_value){ sum, count };
    return TALLY_OK;
}

/* Put an aggregate together from what was folded, or from scratch[bottom …]. */
static tally_rc finish(tally_context *context, const tally_expr *expr, const fold *state,
                       uint32_t bottom, tally_value *out_value, tally_err *err)
{
    int64_t *values = context->scratch != NULL ? context->scratch + bottom : NULL;
    size_t count = context->scratch_count - bottom;
    tally_i128 sum = state->sum;
    int64_t narrow;

    switch (expr->op) {
    case TALLY_OP_DISTINCT:
        *out_value = (tally_value){
            count == 0 ? 0 : count_distinct(values, expr->arg_count, count / expr->arg_count), 1
        };
        return TALLY_OK;
    case TALLY_OP_LEAST:
        *out_value = state->count > 0 ? state->least : (tally_value){ TALLY_NOTHING, 1 };
        return TALLY_OK;
    case TALLY_OP_GREATEST:
        *out_value = state->count > 0 ? state->greatest : (tally_value){ TALLY_NOTHING, 1 };
        return TALLY_OK;
    case TALLY_OP_MEAN:
        if (state->count > 0)
            return mean(expr, state, out_value, err);
        *out_value = (tally_value){ TALLY_NOTHING, 1 };
        return TALLY_OK;
    default:
        break;
    }
    if (expr->best > 0 && count > 0) {
        qsort(values, count, sizeof(*values), order_up);
        for (size_t i = 0; i < count && i < expr->best; i++)
            sum += values[count - 1 - i];
    }
    if (!tally_narrow_i64(sum, &narrow) || narrow == TALLY_NOTHING)
        return tally_engine_overflow(&expr->span, err);
    *out_value = (tally_value){ narrow, 1 };
    return TALLY_OK;
}

static tally_rc aggregate(tally_context *context, uint32_t version, const tally_expr *expr,
                          const set_view *view, tally_value *out_value, tally_err *err)
{
    bool is_kept = expr->op == TALLY_OP_DISTINCT || (expr->op == TALLY_OP_SUM && expr->best > 0);
    uint32_t bottom = context->scratch_count;
    fold state = { 0 };

    for (uint32_t i = view->low; i < view->high; i++) {
        uint32_t event;
        bool is_member;
        tally_rc rc = view_member(context, version, view, i, &event, &is_member, err);

        if (rc == TALLY_OK && is_member && expr->op == TALLY_OP_COUNT)
            state.sum++;
        else if (rc == TALLY_OK && is_member)
            rc = ask_arguments(context, version, expr, &view->scope, event, is_kept, &state, err);
        if (rc != TALLY_OK)
            return rc;
    }
    return finish(context, expr, &state, bottom, out_value, err);
}

tally_rc tally_set_evaluate(tally_context *context, uint32_t version, const tally_expr *expr,
                            const tally_scope *scope, tally_value *out_value, tally_err *err)
{
    uint32_t bottom = context->scratch_count;
    bool is_answered;
    uint32_t event;
    set_view view;
    tally_rc rc = tally_members_ask(context, version, expr, scope, &is_answered, out_value, err);

    if (rc != TALLY_OK || is_answered)
        return rc;
    rc = view_open(context, version, expr->set, scope, &view, err);
    if (rc != TALLY_OK)
        goto out;
    switch (expr->op) {
    case TALLY_OP_LATEST:
    case TALLY_OP_EARLIEST:
        rc = find_one(context, version, &view, expr->op == TALLY_OP_LATEST, &event, err);
        if (rc == TALLY_OK)
            *out_value =
                (tally_value){ event == TALLY_NO_INDEX ? TALLY_NOTHING : (int64_t)event, 1 };
        break;
    case TALLY_OP_ANY:
    case TALLY_OP_NO:
        rc = find_one(context, version, &view, false, &event, err);
        if (rc == TALLY_OK)
            *out_value =
                (tally_value){ (event != TALLY_NO_INDEX) == (expr->op == TALLY_OP_ANY), 1 };
        break;
    case TALLY_OP_COUNT:
        if (view.is_whole) {
            *out_value = (tally_value){ view.high - view.low, 1 };
            break;
        }
        rc = aggregate(context, version, expr, &view, out_value, err);
        break;
    default:
        rc = aggregate(context, version, expr, &view, out_value, err);
        break;
    }
out:
    context->scratch_count = bottom;
    return rc;
}
