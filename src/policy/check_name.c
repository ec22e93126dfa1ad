/* SPDX-License-Identifier: Apache-2.0 */
/* What a name means: a word of the language, a field of the event in scope, a
 * value of the policy, or a word of the list that the other side is from. */

#include "policy/syntax.h"

bool tally_types_has(const uint64_t *types, uint32_t type)
{
    return (types[type / 64] >> (type % 64) & 1) != 0;
}

bool tally_words_are_equal(const tally_words *a, const tally_words *b)
{
    if (a == b || a == NULL || b == NULL)
        return a == b;
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!tally_text_is_equal(a->words[i], b->words[i]))
            return false;
    }
    return true;
}

static bool find_word(const tally_words *words, tally_text name, uint32_t *out_index)
{
    for (uint32_t i = 0; words != NULL && i < words->count; i++) {
        if (tally_text_is_equal(words->words[i], name)) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

const char *tally_check_types_phrase(tally_compiler *compiler, const uint64_t *types)
{
    tally_text names[TALLY_EVENT_TYPES_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < compiler->type_count; i++) {
        if (tally_types_has(types, i))
            names[count++] = compiler->types[i].name;
    }
    return tally_check_join(compiler, names, count, " or ");
}

static tally_name *find_name(const tally_compiler *compiler, tally_text name)
{
    for (uint32_t i = 0; i < compiler->name_count; i++) {
        if (tally_text_is_equal(compiler->names[i].name, name))
            return &compiler->names[i];
    }
    return NULL;
}

static bool is_listed(const tally_text *names, uint32_t count, tally_text name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tally_text_is_equal(names[i], name))
            return true;
    }
    return false;
}

bool tally_is_event_type(const tally_compiler *compiler, tally_text name)
{
    for (uint32_t i = 0; i < compiler->type_count; i++) {
        if (tally_text_is_equal(compiler->types[i].name, name))
            return true;
    }
    return false;
}

static const tally_field *find_field(const tally_event_type *type, tally_text name, uint32_t *slot)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (tally_text_is_equal(type->fields[i].name, name)) {
            *slot = i;
            return &type->fields[i];
        }
    }
    return NULL;
}

static bool has_field(const tally_compiler *compiler, const uint64_t *types, tally_text name)
{
    uint32_t slot;

    for (uint32_t i = 0; types != NULL && i < compiler->type_count; i++) {
        if (tally_types_has(types, i) && find_field(&compiler->types[i], name, &slot) != NULL)
            return true;
    }
    return false;
}

/* One field read from several event types must mean the same in all. */
static bool refuse_difference(tally_checker *checker, const tally_node *node,
                              const tally_event_type *first, const tally_field *a,
                              const tally_event_type *second, const tally_field *b)
{
    const char *what = NULL;

    if (a->type != b->type)
        what = "is not of the same type in";
    else if (a->decimals != b->decimals)
        what = "has not as many decimals in";
    else if (!tally_words_are_equal(a->domain, b->domain))
        what = "has not the same words in";
    if (what == NULL)
        return false;
    tally_check_report(checker, node->name_at, node->name_at + (uint32_t)node->name.count,
                       "mixed-types", "give the field one type in both, or two names",
                       "`%.*s` %s %.*s and %.*s", TALLY_TEXT_ARGS(node->name), what,
                       TALLY_TEXT_ARGS(first->name), TALLY_TEXT_ARGS(second->name));
    return true;
}

const tally_field *tally_check_field(tally_checker *checker, const tally_node *node,
                                     const uint64_t *types, const int16_t **out_slots,
                                     bool *out_is_unknown)
{
    tally_compiler *compiler = checker->compiler;
    const tally_event_type *owner = NULL;
    const tally_field *found = NULL;
    int16_t *slots;

    *out_is_unknown = !has_field(compiler, types, node->name);
    if (*out_is_unknown)
        return NULL;
    slots = tally_arena_zalloc_array(compiler->arena, compiler->type_count, sizeof(*slots));
    if (slots == NULL) {
        compiler->out_of_memory = true;
        checker->has_failed = true;
        return NULL;
    }
    for (uint32_t i = 0; i < compiler->type_count; i++) {
        const tally_event_type *type = &compiler->types[i];
        uint32_t slot = 0;
        const tally_field *field =
            tally_types_has(types, i) ? find_field(type, node->name, &slot) : NULL;

        slots[i] = field != NULL ? (int16_t)slot : -1;
        if (field == NULL)
            continue;
        if (found != NULL && refuse_difference(checker, node, owner, found, type, field))
            return NULL;
        if (found == NULL) {
            found = field;
            owner = type;
        }
    }
    TALLY_ASSERT(found != NULL); /* has_field() found one */
    if (found->type == TALLY_TYPE_NOTHING) {
        checker->has_failed = true; /* its type was refused already */
        return NULL;
    }
    *out_slots = slots;
    if (found->type != TALLY_TYPE_TEXT)
        return found;
    tally_check_report(checker, node->name_at, node->name_at + (uint32_t)node->name.count,
                       "unreadable-text", "give the field a list of words: `one of low, high`",
                       "`%.*s` is free text, which no rule can read",
                       TALLY_TEXT_ARGS(node->name));
    return NULL;
}

tally_expr *tally_check_new_field(tally_checker *checker, const tally_node *node, tally_op op,
                             const tally_field *field, const int16_t *slots)
{
    tally_expr *expr = tally_expr_new(checker, node, op, field->type);

    if (expr != NULL) {
        expr->decimals = field->decimals;
        expr->domain = field->domain;
        expr->slot_of_type = slots;
    }
    return expr;
}

/* ---- words of the language ---------------------------------------------------- */

typedef enum needs { NEEDS_NONE, NEEDS_EVENT, NEEDS_ADMISSION } needs;

static const struct built_in {
    const char *word;
    tally_op op;
    tally_value_type type;
    needs needs;
    uint8_t unit;
} built_ins[] = {
    { "score", TALLY_OP_SCORE, TALLY_TYPE_NUMBER, NEEDS_NONE, 0 },
    { "now", TALLY_OP_NOW, TALLY_TYPE_INSTANT, NEEDS_NONE, 0 },
    { "today", TALLY_OP_TODAY, TALLY_TYPE_DAY, NEEDS_NONE, 0 },
    { "paused", TALLY_OP_PAUSED, TALLY_TYPE_CONDITION, NEEDS_NONE, 0 },
    { "at", TALLY_OP_AT, TALLY_TYPE_INSTANT, NEEDS_EVENT, 0 },
    { "recorded", TALLY_OP_RECORDED, TALLY_TYPE_INSTANT, NEEDS_EVENT, 0 },
    { "day", TALLY_OP_DAY_OF, TALLY_TYPE_DAY, NEEDS_EVENT, 0 },
    { "week", TALLY_OP_PERIOD_OF, TALLY_TYPE_WORD, NEEDS_EVENT, TALLY_UNIT_WEEK },
    { "month", TALLY_OP_PERIOD_OF, TALLY_TYPE_WORD, NEEDS_EVENT, TALLY_UNIT_MONTH },
    { "quarter", TALLY_OP_PERIOD_OF, TALLY_TYPE_WORD, NEEDS_EVENT, TALLY_UNIT_QUARTER },
    { "year", TALLY_OP_PERIOD_OF, TALLY_TYPE_WORD, NEEDS_EVENT, TALLY_UNIT_YEAR },
    { "subject", TALLY_OP_SUBJECT, TALLY_TYPE_ID, NEEDS_ADMISSION, 0 },
};

static const struct built_in *find_built_in(tally_text name)
{
    for (size_t i = 0; i < sizeof(built_ins) / sizeof(built_ins[0]); i++) {
        if (tally_text_is(name, built_ins[i].word))
            return &built_ins[i];
    }
    return NULL;
}

static bool is_built_in_here(const tally_checker *checker, const struct built_in *word,
                             const tally_frame *frame)
{
    if (word == NULL)
        return false;
    if (word->needs == NEEDS_ADMISSION)
        return checker->scope->is_admission && frame->event_types != NULL;
    return word->needs == NEEDS_NONE || frame->event_types != NULL;
}

static tally_expr *new_built_in(tally_checker *checker, const tally_node *node,
                                const struct built_in *word)
{
    tally_expr *expr = tally_expr_new(checker, node, word->op, word->type);

    if (expr == NULL)
        return NULL;
    expr->unit = word->unit;
    if (word->op == TALLY_OP_SCORE)
        expr->decimals = checker->compiler->points_decimals;
    if (word->op == TALLY_OP_NOW || word->op == TALLY_OP_TODAY)
        checker->compiler->uses_now = true;
    return expr;
}

bool tally_is_reserved(tally_text word)
{
    static const char *const words[] = {
        "if",        "then",     "else",     "or",        "and",        "not",      "is",
        "any",       "no",       "yes",      "nothing",   "exists",     "round",    "min",
        "max",       "clamp",    "latest",   "earliest",  "earlier",    "now",      "today",
        "score",     "earned",   "held",     "paused",    "throughout", "count",    "sum",
        "mean",      "distinct", "every",    "lifetime",  "calendar",   "previous", "rolling",
        "next",      "since",    "after",    "cycle",     "this",       "with",     "of",
        "in",        "otherwise", "at",      "recorded",  "day",        "week",     "month",
        "quarter",   "year",     "subject",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tally_text_is(word, words[i]))
            return true;
    }
    return false;
}

/* ---- bare names ----------------------------------------------------------------- */

bool tally_check_is_value(const tally_checker *checker, tally_text name, const tally_frame *frame)
{
    return is_built_in_here(checker, find_built_in(name), frame) ||
           has_field(checker->compiler, frame->event_types, name) ||
           find_name(checker->compiler, name) != NULL;
}

/* Every name that could have been meant: "did you mean" chooses from these. */
tally_text tally_check_nearest(tally_checker *checker, tally_text name, const uint64_t *types,
                                const tally_words *words, bool fields_only)
{
    tally_compiler *compiler = checker->compiler;
    size_t room = words != NULL ? words->count : 0;
    size_t count = 0;
    tally_text *candidates;
    tally_text nearest;

    for (uint32_t i = 0; types != NULL && i < compiler->type_count; i++)
        room += tally_types_has(types, i) ? compiler->types[i].field_count : 0;
    room += compiler->name_count + sizeof(built_ins) / sizeof(built_ins[0]);
    candidates = tally_arena_zalloc_array(compiler->arena, room, sizeof(*candidates));
    if (candidates == NULL) {
        compiler->out_of_memory = true;
        return (tally_text){ NULL, 0 };
    }
    for (uint32_t i = 0; types != NULL && i < compiler->type_count; i++) {
        for (uint32_t j = 0; tally_types_has(types, i) && j < compiler->types[i].field_count; j++)
            candidates[count++] = compiler->types[i].fields[j].name;
    }
    for (uint32_t i = 0; words != NULL && i < words->count; i++)
        candidates[count++] = words->words[i];
    for (uint32_t i = 0; !fields_only && i < compiler->name_count; i++)
        candidates[count++] = compiler->names[i].name;
    for (size_t i = 0; !fields_only && i < sizeof(built_ins) / sizeof(built_ins[0]); i++) {
        if (built_ins[i].needs == NEEDS_NONE)
            candidates[count++] = tally_text_from(built_ins[i].word);
    }
    nearest = tally_nearest(name, candidates, count);
    return nearest;
}

/* `a-b` where a and b are values: somebody meant a minus. */
static bool is_unspaced_minus(const tally_checker *checker, tally_text name,
                              const tally_frame *frame, size_t *out_at)
{
    for (size_t at = 1; at + 1 < name.count; at++) {
        tally_text right = tally_text_slice(name, at + 1, name.count);
        bool is_number = true;

        for (size_t i = 0; i < right.count; i++)
            is_number = is_number && right.bytes[i] >= '0' && right.bytes[i] <= '9';
        if (name.bytes[at] != '-')
            continue;
        *out_at = at;
        if (tally_check_is_value(checker, tally_text_slice(name, 0, at), frame) &&
            (is_number || tally_check_is_value(checker, right, frame)))
            return true;
    }
    return false;
}

static const char *unknown_hint(tally_checker *checker, tally_text name, const tally_frame *frame)
{
    static const struct {
        const char *word, *hint;
    } habits[] = {
        { "true", "write `yes`" },
        { "false", "write `no`" },
        { "null", "write `nothing`" },
        { "empty", "write `nothing`" },
        { "none", "write `nothing`" },
        { "points", "write `score`, or `earned(AWARD in WINDOW)`" },
        { "date", "write `day`" },
    };
    tally_compiler *compiler = checker->compiler;
    tally_text nearest;
    size_t at;

    for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
        if (tally_text_is(name, habits[i].word))
            return habits[i].hint;
    }
    if (is_unspaced_minus(checker, name, frame, &at))
        return tally_check_text(compiler, "a minus has spaces around it: write `%.*s - %.*s`",
                                (int)at, name.bytes, (int)(name.count - at - 1),
                                name.bytes + at + 1);
    if (tally_is_event_type(compiler, name))
        return tally_check_text(
            compiler, "`%.*s` is an event type: write `any %.*s`, `count(%.*s)` or `latest %.*s`",
            TALLY_TEXT_ARGS(name), TALLY_TEXT_ARGS(name), TALLY_TEXT_ARGS(name),
            TALLY_TEXT_ARGS(name));
    if (is_listed(compiler->award_names, compiler->award_count, name))
        return tally_check_text(compiler,
                                "`%.*s` is an award: write `earned(%.*s in calendar year)`",
                                TALLY_TEXT_ARGS(name), TALLY_TEXT_ARGS(name));
    if (is_listed(compiler->tier_names, compiler->tier_count, name))
        return tally_check_text(compiler, "`%.*s` is a tier: write `held(%.*s)`",
                                TALLY_TEXT_ARGS(name), TALLY_TEXT_ARGS(name));
    nearest = tally_check_nearest(checker, name, frame->event_types, NULL, false);
    if (nearest.count > 0)
        return tally_check_text(compiler, "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest));
    return "";
}

static tally_expr *refuse_unknown(tally_checker *checker, const tally_node *node,
                                  const tally_frame *frame, const tally_words *words)
{
    uint32_t end = node->name_at + (uint32_t)node->name.count;
    const struct built_in *word = find_built_in(node->name);

    if (word != NULL) {
        tally_check_report(checker, node->name_at, end, "no-event",
                           word->needs == NEEDS_ADMISSION ? ""
                                                          : "write `now` or `today`, or name an "
                                                            "event first, as in `last.day`",
                           word->needs == NEEDS_ADMISSION
                               ? "`%.*s` is only known to `admission`"
                               : "there is no event here whose `%.*s` this could be",
                           TALLY_TEXT_ARGS(node->name));
    } else if (tally_text_is(node->name, "this")) {
        tally_check_report(checker, node->name_at, end, "missing-value",
                           "write `this.FIELD`, a field of the outer event",
                           "`this` stands before a field");
    } else if (words != NULL) {
        return tally_check_word(checker, node, words);
    } else if (frame->event_types != NULL) {
        tally_check_report(checker, node->name_at, end, "unknown-name",
                           unknown_hint(checker, node->name, frame),
                           "`%.*s` is not a field of %s", TALLY_TEXT_ARGS(node->name),
                           tally_check_types_phrase(checker->compiler, frame->event_types));
    } else {
        tally_check_report(checker, node->name_at, end, "unknown-name",
                           unknown_hint(checker, node->name, frame), "there is no value `%.*s`",
                           TALLY_TEXT_ARGS(node->name));
    }
    return NULL;
}

static tally_expr *new_named(tally_checker *checker, const tally_node *node, tally_name *name)
{
    static const tally_op ops[] = {
        [TALLY_NAME_SETTING] = TALLY_OP_LITERAL,
        [TALLY_NAME_FACT] = TALLY_OP_FACT,
        [TALLY_NAME_LET] = TALLY_OP_LET,
        [TALLY_NAME_STREAK] = TALLY_OP_STREAK,
    };
    tally_expr *expr;

    name->is_used = true;
    if (name->set != NULL) {
        tally_check_report(checker, node->at, node->end, "wrong-type",
                           tally_check_text(checker->compiler,
                                            "write `count(%.*s)` or `any %.*s`",
                                            TALLY_TEXT_ARGS(node->name),
                                            TALLY_TEXT_ARGS(node->name)),
                           "`%.*s` is a set of events, not one value",
                           TALLY_TEXT_ARGS(node->name));
        return NULL;
    }
    if (name->kind == TALLY_NAME_LET && name->type == TALLY_TYPE_NOTHING) {
        checker->has_failed = true; /* its own text was refused already */
        return NULL;
    }
    if (name->kind == TALLY_NAME_SETTING)
        return tally_expr_literal(checker, node, TALLY_TYPE_NUMBER, name->value, name->decimals);
    expr = tally_expr_new(checker, node, ops[name->kind], name->type);
    if (expr == NULL)
        return NULL;
    expr->index = name->index;
    expr->decimals = name->decimals;
    expr->domain = name->domain;
    if (name->kind == TALLY_NAME_STREAK)
        checker->compiler->uses_streak = true;
    return expr;
}

tally_expr *tally_check_name(tally_checker *checker, const tally_node *node,
                             const tally_frame *frame, const tally_words *words)
{
    const struct built_in *word = find_built_in(node->name);
    const tally_field *field;
    const int16_t *slots = NULL;
    tally_name *name;
    uint32_t index;
    bool is_unknown;

    if (!tally_check_is_value(checker, node->name, frame))
        return find_word(words, node->name, &index) ? tally_check_word(checker, node, words)
                                                    : refuse_unknown(checker, node, frame, words);
    if (find_word(words, node->name, &index)) {
        tally_check_report(checker, node->name_at, node->name_at + (uint32_t)node->name.count,
                           "ambiguous-word",
                           tally_check_text(checker->compiler,
                                            "write \"%.*s\" in quotes to mean the word",
                                            TALLY_TEXT_ARGS(node->name)),
                           "`%.*s` is both a word and the name of a value",
                           TALLY_TEXT_ARGS(node->name));
        return NULL;
    }
    if (is_built_in_here(checker, word, frame))
        return new_built_in(checker, node, word);
    field = tally_check_field(checker, node, frame->event_types, &slots, &is_unknown);
    if (!is_unknown)
        return field != NULL ? tally_check_new_field(checker, node, TALLY_OP_FIELD, field, slots) : NULL;
    name = find_name(checker->compiler, node->name);
    TALLY_ASSERT(name != NULL);
    return new_named(checker, node, name);
}

tally_expr *tally_check_word(tally_checker *checker, const tally_node *node,
                             const tally_words *words)
{
    tally_compiler *compiler = checker->compiler;
    tally_expr *expr;
    tally_text nearest;
    const char *list;
    uint32_t index;

    if (words == NULL) {
        tally_check_report(checker, node->at, node->end, "unknown-word",
                           "compare it with a field that is one of some words",
                           "nothing here says what the word \"%.*s\" stands for",
                           TALLY_TEXT_ARGS(node->name));
        return NULL;
    }
    if (find_word(words, node->name, &index)) {
        expr = tally_expr_literal(checker, node, TALLY_TYPE_WORD, index, 0);
        if (expr != NULL)
            expr->domain = words;
        return expr;
    }
    list = tally_check_join(compiler, words->words, words->count, " or ");
    nearest = tally_nearest(node->name, words->words, words->count);
    tally_check_report(
        checker, node->at, node->end, "unknown-word",
        nearest.count > 0
            ? tally_check_text(compiler, "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest))
            : "",
        "`%.*s` is none of the words possible here: %s", TALLY_TEXT_ARGS(node->name), list);
    return NULL;
}
