/* SPDX-License-Identifier: Apache-2.0 */
/* Sets and windows, checked. A window's N and REF are asked without an event in
 * scope, so that whoever looks for the instants at which an answer may change
 * can ask them too. */

#include "policy/syntax.h"

#define LAST_MAX     1000000
#define WINDOW_N_MAX 100000

const tally_window tally_window_lifetime = { .kind = TALLY_WINDOW_LIFETIME,
                                             .zone = TALLY_NO_INDEX };

void tally_set_event_types(const tally_set *set, uint64_t out_types[TALLY_EVENT_TYPES_MAX / 64])
{
    while (set->inner != NULL)
        set = set->inner;
    memcpy(out_types, set->types, sizeof(set->types));
}

/* ---- windows --------------------------------------------------------------------- */

static bool is_same_expr(const tally_expr *a, const tally_expr *b)
{
    if (a == b || a == NULL || b == NULL)
        return a == b;
    return a->op == TALLY_OP_LET && b->op == TALLY_OP_LET && a->index == b->index;
}

static bool is_same_window(const tally_window *a, const tally_window *b)
{
    return a->kind == b->kind && a->unit == b->unit && a->zone == b->zone &&
           a->each_ms == b->each_ms && a->each_months == b->each_months && a->n == b->n &&
           is_same_expr(a->n_expr, b->n_expr) && is_same_expr(a->ref, b->ref);
}

static bool register_window(tally_checker *checker, const tally_window *window)
{
    tally_compiler *compiler = checker->compiler;
    const tally_window **grown;
    uint32_t capacity;

    for (uint32_t i = 0; i < compiler->window_count; i++) {
        if (is_same_window(compiler->windows[i], window))
            return true;
    }
    if (compiler->window_count == compiler->window_capacity) {
        capacity = compiler->window_capacity > 0 ? compiler->window_capacity * 2 : 8;
        grown = tally_arena_zalloc_array(compiler->arena, capacity, sizeof(*grown));
        if (grown == NULL) {
            compiler->out_of_memory = true;
            checker->has_failed = true;
            return false;
        }
        if (compiler->window_count > 0)
            memcpy(grown, compiler->windows, compiler->window_count * sizeof(*grown));
        compiler->windows = grown;
        compiler->window_capacity = capacity;
    }
    compiler->windows[compiler->window_count++] = window;
    return true;
}

static bool check_n(tally_checker *checker, const tally_window_node *node, tally_window *window)
{
    const tally_frame no_event = { NULL, NULL, 0 };
    tally_expr *expr;

    window->n = 1;
    if (node->n == NULL)
        return true;
    expr = tally_check(checker, node->n, &no_event, NULL);
    if (expr == NULL)
        return false;
    /* A setting of 0 turns a rule off: its window is then empty. */
    if (expr->op == TALLY_OP_LITERAL && expr->type == TALLY_TYPE_NUMBER && expr->value == 0 &&
        node->n->kind != TALLY_NODE_NUMBER &&
        (node->kind == TALLY_WINDOW_ROLLING || node->kind == TALLY_WINDOW_ROLLING_MONTHS ||
         node->kind == TALLY_WINDOW_NEXT)) {
        window->n = 0;
        return true;
    }
    if (expr->op == TALLY_OP_LITERAL)
        return tally_check_whole(checker, node->n, WINDOW_N_MAX, &window->n);
    window->n_expr = tally_check_result(checker, expr, node->n->at, node->n->end,
                                        TALLY_TYPE_NUMBER, 0, NULL);
    window->n = 0;
    return window->n_expr != NULL;
}

static bool check_zone(tally_checker *checker, const tally_window_node *node, tally_window *window)
{
    tally_compiler *compiler = checker->compiler;

    window->zone = TALLY_NO_INDEX;
    if (node->zone.count == 0)
        return true;
    if (compiler->zone_index != NULL)
        window->zone = compiler->zone_index(compiler, node->zone);
    if (window->zone != TALLY_NO_INDEX)
        return true;
    tally_check_report(checker, node->zone_at, node->zone_at + (uint32_t)node->zone.count,
                       "unknown-zone", "write a name such as `Europe/Lisbon`, or `UTC`",
                       "there is no time zone `%.*s`", TALLY_TEXT_ARGS(node->zone));
    return false;
}

static bool check_ref(tally_checker *checker, const tally_window_node *node, tally_window *window)
{
    const tally_frame no_event = { NULL, NULL, 0 };
    tally_expr *ref;

    if (node->ref == NULL)
        return true;
    ref = tally_check(checker, node->ref, &no_event, NULL);
    if (ref == NULL)
        return false;
    window->ref = ref;
    if (ref->type == TALLY_TYPE_EVENT)
        return true;
    tally_check_report(checker, node->ref->at, node->ref->end, "wrong-type",
                       "name an event under `let`, as in `joined: earliest visit`",
                       "a window counts from an event, and this is %s",
                       tally_type_phrase(ref->type));
    return false;
}

const tally_window *tally_check_window(tally_checker *checker, const tally_window_node *node)
{
    tally_window *window = tally_arena_zalloc(checker->compiler->arena, sizeof(*window));

    if (window == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    window->kind = node->kind;
    window->unit = node->unit;
    window->each_ms = node->kind == TALLY_WINDOW_PREVIOUS ? 0 : node->each_ms;
    window->each_months = node->each_months;
    window->span = tally_span_of(checker->source, node->at, node->end);
    if (!check_n(checker, node, window) || !check_zone(checker, node, window) ||
        !check_ref(checker, node, window) || !register_window(checker, window))
        return NULL;
    return window;
}

/* ---- sets --------------------------------------------------------------------------- */

static const tally_name *find_set(const tally_compiler *compiler, tally_text name)
{
    for (uint32_t i = 0; i < compiler->name_count; i++) {
        if (compiler->names[i].set != NULL && tally_text_is_equal(compiler->names[i].name, name)) {
            compiler->names[i].is_used = true;
            return &compiler->names[i];
        }
    }
    return NULL;
}

static bool find_type(const tally_compiler *compiler, tally_text name, uint32_t *out_index)
{
    for (uint32_t i = 0; i < compiler->type_count; i++) {
        if (tally_text_is_equal(compiler->types[i].name, name)) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

static void refuse_type(tally_checker *checker, const tally_type_name *name)
{
    tally_compiler *compiler = checker->compiler;
    size_t count = 0;
    const char *hint = "";
    tally_text nearest = { NULL, 0 };
    tally_text *candidates = tally_arena_zalloc_array(
        compiler->arena, (size_t)compiler->type_count + compiler->name_count,
        sizeof(*candidates));

    for (uint32_t i = 0; candidates != NULL && i < compiler->type_count; i++)
        candidates[count++] = compiler->types[i].name;
    for (uint32_t i = 0; candidates != NULL && i < compiler->name_count; i++) {
        if (compiler->names[i].set != NULL)
            candidates[count++] = compiler->names[i].name;
        else if (tally_text_is_equal(compiler->names[i].name, name->name))
            hint = "this name is one value, not a set; a set begins with `every`";
    }
    if (hint[0] == '\0')
        nearest = tally_nearest(name->name, candidates, count);
    if (nearest.count > 0)
        hint = tally_check_text(compiler, "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest));
    tally_check_report(checker, name->at, name->at + (uint32_t)name->name.count, "unknown-event",
                       hint, "there is no event type or set `%.*s`", TALLY_TEXT_ARGS(name->name));
}

/* TYPE {or TYPE}, or one named set. */
static bool check_names(tally_checker *checker, const tally_set_node *node, tally_set *set)
{
    const tally_compiler *compiler = checker->compiler;
    bool are_fine = true;

    for (const tally_type_name *name = node->names; name != NULL; name = name->next) {
        uint32_t index;
        const tally_name *named;

        if (find_type(compiler, name->name, &index)) {
            set->types[index / 64] |= UINT64_C(1) << (index % 64);
            continue;
        }
        named = find_set(compiler, name->name);
        if (named == NULL) {
            refuse_type(checker, name);
            are_fine = false;
        } else if (node->names->next != NULL) {
            tally_check_report(checker, name->at, name->at + (uint32_t)name->name.count,
                               "wrong-type", "join event types, or count the sets one by one",
                               "a named set cannot be joined with `or`");
            are_fine = false;
        } else {
            set->inner = named->set;
        }
    }
    return are_fine;
}

static bool check_with(tally_checker *checker, const tally_set_node *node,
                       const tally_frame *frame, tally_set *set)
{
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64];
    const tally_frame inner = { frame, types, frame->depth + 1 };

    if (node->with == NULL)
        return true;
    tally_set_event_types(set, types);
    set->with = tally_check_condition(checker, node->with, &inner);
    if (set->with == NULL)
        return false;
    if (set->with->op == TALLY_OP_LITERAL && set->with->value != 1)
        tally_check_warn(checker, node->with->at, node->with->end, "empty-set", "",
                         "no event can ever be in this set");
    return true;
}

/* A set in brackets is one set with what stands around it: a window on either is its window. */
static bool names_window(const tally_set_node *node)
{
    while (node != NULL && node->window == NULL)
        node = node->inner;
    return node != NULL;
}

static const tally_set *check_set(tally_checker *checker, const tally_set_node *node,
                                  const tally_frame *frame, bool has_window);

static bool check_parts(tally_checker *checker, const tally_set_node *node,
                        const tally_frame *frame, bool has_window, tally_set *set)
{
    bool are_fine = true;
    int64_t last = 0;

    if (node->inner != NULL) {
        set->inner = check_set(checker, node->inner, frame, has_window);
        are_fine = set->inner != NULL;
    } else {
        are_fine = check_names(checker, node, set);
    }
    if (node->last_count != NULL)
        are_fine = tally_check_whole(checker, node->last_count, LAST_MAX, &last) && are_fine;
    set->last = (uint32_t)last;
    if (set->earlier && frame->event_types == NULL) {
        tally_check_report(checker, node->at, node->at + 7, "no-event", "leave it out",
                           "`earlier` leaves out an award's own event, and there is none here");
        are_fine = false;
    }
    if (node->window != NULL) {
        set->window = tally_check_window(checker, node->window);
        are_fine = set->window != NULL && are_fine;
    }
    return are_fine && check_with(checker, node, frame, set);
}

/* has_window: the set or one around it in the same brackets names its window. */
static const tally_set *check_set(tally_checker *checker, const tally_set_node *node,
                                  const tally_frame *frame, bool has_window)
{
    const tally_window *given = has_window ? NULL : checker->scope->default_window;
    tally_set *set = tally_arena_zalloc(checker->compiler->arena, sizeof(*set));
    bool is_bare = !node->earlier && node->last_count == NULL && node->with == NULL &&
                   node->window == NULL;

    if (set == NULL) {
        checker->compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    set->earlier = node->earlier;
    set->span = tally_span_of(checker->source, node->at, node->end);
    if (!check_parts(checker, node, frame, has_window, set))
        return NULL;
    /* A set that adds nothing to the one inside is that one. */
    if (is_bare && set->inner != NULL && (node->inner != NULL || given == NULL))
        return set->inner;
    if (set->window == NULL)
        set->window = given != NULL ? given : &tally_window_lifetime;
    return set;
}

const tally_set *tally_check_set(tally_checker *checker, const tally_set_node *node,
                                 const tally_frame *frame)
{
    return check_set(checker, node, frame, names_window(node));
}

const tally_set *tally_set_compile(tally_compiler *compiler, const tally_source_text *source,
                                   const tally_scope *scope)
{
    static const tally_scope no_scope;
    tally_checker checker = { compiler, source, scope != NULL ? scope : &no_scope, false };
    const tally_frame frame = { NULL, checker.scope->event_types, 0 };
    tally_set_node *node;
    const tally_set *set;
    tally_parser parser;

    if (!tally_parser_start(&parser, compiler, source))
        return NULL;
    if (!tally_parser_accept(&parser, "every")) {
        tally_parser_refuse(&parser, tally_parser_peek(&parser, 0), "syntax",
                            "write `every EVENT with …`", "a set begins with `every`");
        return NULL;
    }
    node = tally_parse_set(&parser);
    if (node == NULL || !tally_parse_end(&parser))
        return NULL;
    set = tally_check_set(&checker, node, &frame);
    return parser.has_failed || checker.has_failed || compiler->out_of_memory ? NULL : set;
}
