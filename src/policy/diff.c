/* SPDX-License-Identifier: Apache-2.0 */
/* The list of changes, and the texts in it. */

#include "policy/diff.h"

#include <stdarg.h>

#include "policy/diff_internal.h"
#include "policy/explain_internal.h"

#define CHANGES_BYTES_MAX ((size_t)64 << 20)
#define PHRASE_BYTES_MAX  ((size_t)64 << 10)
#define CHANGES_MAX       100000u

/* ---- texts in the arena ----------------------------------------------------------------- */

static void fail(tally_differ *differ, tally_rc rc)
{
    if (differ->failure == TALLY_OK)
        differ->failure = rc;
}

/* What a buffer holds, kept; frees the buffer. */
static const char *keep(tally_differ *differ, tally_buffer *buffer)
{
    tally_text copy = TALLY_TEXT("");
    tally_rc rc = tally_buffer_failure(buffer);

    if (rc ==
        TALLY_E_LIMIT) /* a rule too long to be told again: its source text stands beside it */
        copy = TALLY_TEXT("(too long to tell)");
    else if (rc != TALLY_OK)
        fail(differ, rc);
    else if (!tally_arena_copy_text(differ->arena, &copy, tally_buffer_text(buffer)))
        fail(differ, tally_arena_failure(differ->arena));
    tally_buffer_free(buffer);
    return copy.bytes;
}

static const char *keep_text(tally_differ *differ, tally_text text)
{
    tally_text copy = TALLY_TEXT("");

    if (text.count > 0 && !tally_arena_copy_text(differ->arena, &copy, text))
        fail(differ, tally_arena_failure(differ->arena));
    return copy.bytes;
}

const char *tally_differ_phrase(tally_differ *differ, const tally_side *side,
                                const tally_expr *expr)
{
    tally_buffer text;
    tally_explainer explainer = { side->policy, side->version, &text };

    if (expr == NULL)
        return "always";
    tally_buffer_init(&text, PHRASE_BYTES_MAX);
    tally_explain_expr(&explainer, expr);
    return keep(differ, &text);
}

const char *tally_differ_deadline(tally_differ *differ, const tally_side *side,
                                  const tally_deadline *deadline)
{
    tally_buffer text;
    tally_explainer explainer = { side->policy, side->version, &text };

    tally_buffer_init(&text, PHRASE_BYTES_MAX);
    tally_explain_deadline(&explainer, deadline);
    return keep(differ, &text);
}

const char *tally_differ_number(tally_differ *differ, int64_t value, uint32_t decimals)
{
    char text[TALLY_DECIMAL_TEXT_BYTES];

    return keep_text(differ, tally_decimal_format_short(text, value, decimals, NULL));
}

tally_text tally_differ_source(const tally_expr *expr)
{
    return expr != NULL ? expr->span.text : TALLY_TEXT("");
}

/* ---- the list ------------------------------------------------------------------------------ */

static bool make_room(tally_differ *differ)
{
    uint32_t wanted = differ->room == 0 ? 32 : differ->room * 2;
    tally_policy_change *items;

    if (differ->count < differ->room)
        return true;
    if (wanted > CHANGES_MAX) {
        fail(differ, TALLY_E_LIMIT);
        return false;
    }
    items = tally_arena_zalloc_array(differ->arena, wanted, sizeof(*items));
    if (items == NULL) {
        fail(differ, tally_arena_failure(differ->arena));
        return false;
    }
    if (differ->count > 0)
        memcpy(items, differ->items, differ->count * sizeof(*items));
    differ->items = items;
    differ->room = wanted;
    return true;
}

/* Characters, of the first line of a place, to underline. */
static uint32_t underline(tally_text text)
{
    uint32_t length = 0;

    for (size_t i = 0; i < text.count && text.bytes[i] != '\n' && length < 80; i++)
        length += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
    return length > 0 ? length : 1;
}

static const char *make_path(tally_differ *differ, const char *part, tally_text name,
                             const char *key)
{
    tally_buffer path;

    tally_buffer_init(&path, PHRASE_BYTES_MAX);
    tally_buffer_append_string(&path, part);
    if (name.count > 0) {
        tally_buffer_append_byte(&path, '.');
        tally_buffer_append_text(&path, name);
    }
    if (key[0] != '\0')
        tally_buffer_printf(&path, ".%s", key);
    return keep(differ, &path);
}

void tally_differ_add(tally_differ *differ, tally_found found, const char *part, tally_text name,
                      const char *key, const char *format, ...)
{
    bool is_worse = found.label == TALLY_CHANGE_WORSE;
    tally_policy_change *change;
    tally_buffer sentence;
    va_list arguments;

    if (differ->failure != TALLY_OK || !make_room(differ))
        return;
    tally_buffer_init(&sentence, 4 * PHRASE_BYTES_MAX);
    va_start(arguments, format);
    (void)tally_buffer_vprintf(&sentence, format, arguments);
    va_end(arguments);
    change = &differ->items[differ->count++];
    *change = (tally_policy_change){
        .path = make_path(differ, part, name, key),
        .sentence = keep(differ, &sentence),
        .before = keep_text(differ, found.before),
        .after = keep_text(differ, found.after),
        .line = found.span != NULL ? found.span->line : 0,
        .column = found.span != NULL ? found.span->column : 0,
        .length = found.span != NULL ? underline(found.span->text) : 1,
        .label = found.label,
        .why = is_worse && found.why != NULL ? found.why : "",
        .reach = found.reach,
        .is_stop = is_worse && found.is_stop,
        .is_keepable = is_worse && found.is_keepable,
    };
}

/* ---- making a differ ------------------------------------------------------------------------- */

/* The tier of the new version that an old one became: by name, or renamed with `migrate`, which
 * shows in the ids of a program that knows both versions. */
static uint32_t map_tier(const tally_side *old, const tally_side *new, uint32_t index)
{
    const tally_tier *tier = &old->version->tiers[index];

    for (uint32_t v = 0; v < new->policy->version_count; v++) {
        const tally_version *version = &new->policy->versions[v];
        uint32_t known;

        if (memcmp(version->hash, old->version->hash, sizeof(version->hash)) != 0)
            continue;
        known = tally_version_tier(version, tier->name);
        for (uint32_t i = 0; known != TALLY_NO_INDEX && i < new->version->tier_count; i++) {
            if (new->version->tiers[i].id == version->tiers[known].id)
                return i;
        }
        return TALLY_NO_INDEX;
    }
    return tally_version_tier(new->version, tier->name);
}

static tally_differ *make_differ(tally_arena *arena, tally_side old, tally_side new)
{
    tally_differ *differ = tally_arena_zalloc(arena, sizeof(*differ));

    if (differ == NULL)
        return NULL;
    differ->old = old;
    differ->new = new;
    differ->arena = arena;
    differ->let_is_equal = tally_arena_zalloc(arena, old.version->let_count + (size_t)1);
    differ->tier_map = tally_arena_zalloc_array(arena, old.version->tier_count + (size_t)1,
                                                sizeof(*differ->tier_map));
    if (differ->let_is_equal == NULL || differ->tier_map == NULL)
        return NULL;
    for (uint32_t t = 0; t < old.policy->type_count; t++)
        differ->type_map[t] =
            t < TALLY_RECORD_TYPES ? t : tally_side_type(&new, old.policy->types[t].name);
    return differ;
}

static void map_tiers(tally_differ *differ, tally_differ *mirror)
{
    uint32_t new_count = differ->new.version->tier_count;

    for (uint32_t i = 0; i < new_count; i++)
        mirror->tier_map[i] = TALLY_NO_INDEX;
    for (uint32_t i = 0; i < differ->old.version->tier_count; i++) {
        uint32_t is = map_tier(&differ->old, &differ->new, i);

        differ->tier_map[i] = is;
        if (is != TALLY_NO_INDEX)
            mirror->tier_map[is] = i;
    }
}

static tally_differ *make_self(tally_arena *arena, tally_side side)
{
    tally_differ *self = make_differ(arena, side, side);

    for (uint32_t i = 0; self != NULL && i < side.version->tier_count; i++)
        self->tier_map[i] = i;
    return self;
}

static void compare_all(tally_differ *differ)
{
    tally_differ_ask_monotone(differ);
    differ->mirror->points_rise = differ->points_rise;
    tally_differ_header(differ);
    tally_differ_sources(differ);
    tally_differ_events(differ);
    tally_differ_values(differ);
    tally_differ_limits(differ);
    tally_differ_awards(differ);
    tally_differ_score(differ);
    tally_differ_streaks(differ);
    tally_differ_tiers(differ);
    tally_differ_grade(differ);
    tally_differ_benefits(differ);
}

static void sum_up(tally_policy_changes *changes)
{
    changes->is_stop = true;
    for (uint32_t i = 0; i < changes->count; i++) {
        const tally_policy_change *change = &changes->items[i];

        changes->better_count += change->label == TALLY_CHANGE_BETTER;
        changes->neutral_count += change->label == TALLY_CHANGE_NEUTRAL;
        changes->worse_count += change->label == TALLY_CHANGE_WORSE;
        if (change->label == TALLY_CHANGE_WORSE && !change->is_stop)
            changes->is_stop = false;
    }
    changes->label = changes->worse_count > 0    ? TALLY_CHANGE_WORSE
                     : changes->better_count > 0 ? TALLY_CHANGE_BETTER
                                                 : TALLY_CHANGE_NEUTRAL;
}

static tally_rc check_pair(const tally_side *old, const tally_side *new, tally_err *err)
{
    if (!tally_text_is_equal(old->policy->programme, new->policy->programme))
        return tally_err_set(
            err, TALLY_E_INVALID, 0, "the policies are of two programmes, %.*s and %.*s",
            TALLY_TEXT_ARGS(old->policy->programme), TALLY_TEXT_ARGS(new->policy->programme));
    if (old->policy->is_about_organisations != new->policy->is_about_organisations)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "one policy is about members, the other about organisations");
    return TALLY_OK;
}

tally_rc tally_policy_diff(tally_policy_changes **out_changes,
                           const struct tally_policy *old_policy, uint32_t old_index,
                           const struct tally_policy *new_policy, uint32_t new_index,
                           tally_err *err)
{
    tally_side old = { old_policy, &old_policy->versions[old_index] };
    tally_side new = { new_policy, &new_policy->versions[new_index] };
    tally_policy_changes *changes = NULL;
    tally_differ *differ = NULL;
    tally_arena *arena;
    tally_rc rc = check_pair(&old, &new, err);

    TALLY_ASSERT(old_index < old_policy->version_count && new_index < new_policy->version_count);
    if (rc != TALLY_OK)
        return rc;
    arena = tally_arena_new(CHANGES_BYTES_MAX);
    if (arena != NULL)
        changes = tally_arena_zalloc(arena, sizeof(*changes));
    if (changes != NULL)
        differ = make_differ(arena, old, new);
    if (differ != NULL) {
        differ->mirror = make_differ(arena, new, old);
        differ->self_old = make_self(arena, old);
        differ->self_new = make_self(arena, new);
    }
    if (differ == NULL || differ->mirror == NULL || differ->self_old == NULL ||
        differ->self_new == NULL) {
        rc = TALLY_E_NOMEM;
        goto out;
    }
    map_tiers(differ, differ->mirror);
    compare_all(differ);
    rc = differ->failure;
out:
    if (rc != TALLY_OK) {
        tally_arena_free(arena);
        return tally_err_set(err, rc, 0, "comparing two versions of a policy: %s",
                             rc == TALLY_E_NOMEM ? "memory is short" : "the list is too long");
    }
    changes->arena = arena;
    changes->items = differ->items;
    changes->count = differ->count;
    sum_up(changes);
    *out_changes = changes;
    return TALLY_OK;
}

void tally_policy_changes_move_up(tally_policy_changes *changes, uint32_t lines)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        if (changes->items[i].line > lines)
            changes->items[i].line -= lines;
    }
}

void tally_policy_changes_free(tally_policy_changes *changes)
{
    if (changes != NULL)
        tally_arena_free(changes->arena);
}
