/* SPDX-License-Identifier: Apache-2.0 */
/* `ref.field` and `this.field`: fields of another event than the one that bare
 * names mean. */

#include "policy/syntax.h"

/* ---- ref.field and this.field ---------------------------------------------------- */

void tally_expr_event_types(const tally_compiler *compiler, const tally_expr *expr,
                            uint64_t out_types[TALLY_EVENT_TYPES_MAX / 64])
{
    uint64_t inner[TALLY_EVENT_TYPES_MAX / 64];

    memset(out_types, 0, sizeof(inner));
    if (expr->set != NULL) {
        tally_set_event_types(expr->set, out_types);
        return;
    }
    if (expr->op == TALLY_OP_LET) {
        for (uint32_t i = 0; i < compiler->name_count; i++) {
            const tally_name *name = &compiler->names[i];

            if (name->kind == TALLY_NAME_LET && name->index == expr->index &&
                name->event_types != NULL)
                memcpy(out_types, name->event_types, sizeof(inner));
        }
        return;
    }
    for (uint32_t i = 0; i < expr->arg_count; i++) {
        if (expr->args[i] == NULL || expr->args[i]->type != TALLY_TYPE_EVENT)
            continue;
        tally_expr_event_types(compiler, expr->args[i], inner);
        for (size_t j = 0; j < sizeof(inner) / sizeof(inner[0]); j++)
            out_types[j] |= inner[j];
    }
}

static tally_expr *refuse_member(tally_checker *checker, const tally_node *node,
                                 const uint64_t *types)
{
    tally_text nearest = tally_check_nearest(checker, node->name, types, NULL, true);

    tally_check_report(
        checker, node->name_at, node->name_at + (uint32_t)node->name.count, "unknown-name",
        tally_unit_word_of(node->name) != NULL
            ? "compare days, or bare `week`, `month` inside `with`"
        : nearest.count > 0
            ? tally_check_text(checker->compiler, "did you mean `%.*s`?", TALLY_TEXT_ARGS(nearest))
            : "",
        "`%.*s` is not a field of %s", TALLY_TEXT_ARGS(node->name),
        tally_check_types_phrase(checker->compiler, types));
    return NULL;
}

static bool is_member_word(tally_text name, tally_op at, tally_op recorded, tally_op day,
                           tally_op *out_op, tally_value_type *out_type)
{
    *out_op = tally_text_is(name, "at") ? at : tally_text_is(name, "day") ? day : recorded;
    *out_type = tally_text_is(name, "day") ? TALLY_TYPE_DAY : TALLY_TYPE_INSTANT;
    return tally_text_is(name, "at") || tally_text_is(name, "day") ||
           tally_text_is(name, "recorded");
}

/* this.x inside a set, or in admission's own expressions. */
static tally_expr *check_this(tally_checker *checker, const tally_node *node,
                              const tally_frame *frame)
{
    bool is_own = checker->scope->has_this && frame->depth == 0;
    const tally_frame *meant = is_own ? frame : frame->outer;
    const tally_field *field;
    const int16_t *slots = NULL;
    tally_value_type type;
    tally_op op;
    bool is_unknown;

    if (meant == NULL || meant->event_types == NULL ||
        (checker->scope->is_admission && frame->depth > 1)) {
        tally_check_report(checker, node->at, node->end, "no-event",
                           frame->event_types != NULL && frame->outer == NULL
                               ? tally_check_text(checker->compiler, "write `%.*s`",
                                                  TALLY_TEXT_ARGS(node->name))
                               : "",
                           "`this` is the event outside a set, and there is none here");
        return NULL;
    }
    if (is_member_word(node->name, is_own ? TALLY_OP_AT : TALLY_OP_THIS_AT,
                       is_own ? TALLY_OP_RECORDED : TALLY_OP_THIS_RECORDED,
                       is_own ? TALLY_OP_DAY_OF : TALLY_OP_THIS_DAY_OF, &op, &type))
        return tally_expr_new(checker, node, op, type);
    if (checker->scope->is_admission && tally_text_is(node->name, "subject"))
        return tally_expr_new(checker, node, is_own ? TALLY_OP_SUBJECT : TALLY_OP_THIS_SUBJECT,
                              TALLY_TYPE_ID);
    field = tally_check_field(checker, node, meant->event_types, &slots, &is_unknown);
    if (is_unknown)
        return refuse_member(checker, node, meant->event_types);
    return field != NULL ? tally_check_new_field(checker, node, is_own ? TALLY_OP_FIELD : TALLY_OP_THIS_FIELD,
                                     field, slots)
                         : NULL;
}

/* `TYPE.field` is no reference: there are many events of a type. */
static bool refuse_type_member(tally_checker *checker, const tally_node *node,
                               const tally_frame *frame)
{
    const tally_node *base = node->first;

    if (base->kind != TALLY_NODE_NAME || tally_check_is_value(checker, base->name, frame) ||
        !tally_is_event_type(checker->compiler, base->name))
        return false;
    tally_check_report(
        checker, node->at, node->end, "not-one-event",
        tally_check_text(checker->compiler,
                         "write `(latest %.*s).%.*s` for the newest, or an aggregate such as "
                         "`distinct(%.*s of %.*s)`",
                         TALLY_TEXT_ARGS(base->name), TALLY_TEXT_ARGS(node->name),
                         TALLY_TEXT_ARGS(node->name), TALLY_TEXT_ARGS(base->name)),
        "`%.*s` is an event type, not one event", TALLY_TEXT_ARGS(base->name));
    return true;
}

tally_expr *tally_check_dot(tally_checker *checker, const tally_node *node,
                            const tally_frame *frame)
{
    uint64_t types[TALLY_EVENT_TYPES_MAX / 64];
    const tally_field *field;
    const int16_t *slots = NULL;
    tally_value_type type;
    const tally_expr *ref;
    tally_expr *expr;
    tally_op op;
    bool is_unknown;

    if (node->first->kind == TALLY_NODE_NAME && tally_text_is(node->first->name, "this"))
        return check_this(checker, node, frame);
    if (refuse_type_member(checker, node, frame))
        return NULL;
    ref = tally_check(checker, node->first, frame, NULL);
    if (ref == NULL)
        return NULL;
    if (ref->type != TALLY_TYPE_EVENT) {
        tally_check_report(checker, node->at, node->end, "wrong-type",
                           "only an event, such as `latest visit`, has fields",
                           "what stands before the point is %s", tally_type_phrase(ref->type));
        return NULL;
    }
    tally_expr_event_types(checker->compiler, ref, types);
    if (is_member_word(node->name, TALLY_OP_REF_AT, TALLY_OP_REF_RECORDED, TALLY_OP_REF_DAY, &op,
                       &type)) {
        expr = tally_expr_new(checker, node, op, type);
    } else {
        field = tally_check_field(checker, node, types, &slots, &is_unknown);
        if (is_unknown)
            return refuse_member(checker, node, types);
        expr = field != NULL ? tally_check_new_field(checker, node, TALLY_OP_REF_FIELD, field, slots) : NULL;
    }
    return tally_expr_set_args(checker, expr, &ref, 1) ? expr : NULL;
}
