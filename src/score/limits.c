/* SPDX-License-Identifier: Apache-2.0 */
/* Limits (docs/policy-language.md section 5), as awards come.
 *
 * A bucket is a limit's name and the values of its keys. It keeps what was
 * credited under it, in order and with running sums; so every kind of window
 * is a run of the charges, and a limit that changes its window in a new
 * version still knows what was used. */

#include <string.h>

#include "score/pass.h"

#define KEYS_MAX TALLY_FIELDS_MAX

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ (hash >> 32);
}

static bool is_bucket(const tally_bucket *bucket, uint64_t hash, const tally_limit *limit,
                      const int64_t *keys)
{
    return bucket->hash == hash && bucket->limit_id == limit->id &&
           bucket->key_count == limit->key_count &&
           (limit->key_count == 0 ||
            memcmp(bucket->keys, keys, limit->key_count * sizeof(*keys)) == 0);
}

static tally_rc grow_table(tally_context *context, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    uint32_t slots = pass->slot_count == 0 ? 16 : pass->slot_count * 2;
    tally_bucket **grown = tally_arena_zalloc_array(context->arena, slots, sizeof(*grown));

    if (grown == NULL)
        return tally_engine_no_memory(context, err);
    for (uint32_t i = 0; i < pass->slot_count; i++) {
        uint32_t slot;

        if (pass->buckets[i] == NULL)
            continue;
        slot = (uint32_t)pass->buckets[i]->hash & (slots - 1);
        while (grown[slot] != NULL)
            slot = (slot + 1) & (slots - 1);
        grown[slot] = pass->buckets[i];
    }
    pass->buckets = grown;
    pass->slot_count = slots;
    return TALLY_OK;
}

static tally_rc ask_keys(tally_context *context, uint32_t version, const tally_limit *limit,
                         const tally_scope *scope, int64_t *keys, uint64_t *out_hash,
                         tally_err *err)
{
    uint64_t hash = mix(limit->id, limit->key_count);

    TALLY_ASSERT(limit->key_count <= KEYS_MAX);
    for (uint32_t i = 0; i < limit->key_count; i++) {
        tally_value value;
        tally_rc rc = tally_evaluate(context, version, limit->keys[i], scope, &value, err);

        if (rc != TALLY_OK)
            return rc;
        keys[i] = value.a;
        hash = mix(hash, (uint64_t)value.a);
    }
    *out_hash = hash;
    return TALLY_OK;
}

/* The bucket of an event under a limit; made when it is new. */
static tally_rc find_bucket(tally_context *context, uint32_t version, const tally_limit *limit,
                            const tally_scope *scope, tally_bucket **out_bucket, tally_err *err)
{
    struct tally_pass *pass = context->pass;
    int64_t keys[KEYS_MAX];
    tally_bucket *bucket;
    uint64_t hash;
    uint32_t slot;
    tally_rc rc = ask_keys(context, version, limit, scope, keys, &hash, err);

    if (rc == TALLY_OK && pass->bucket_count * 2 >= pass->slot_count)
        rc = grow_table(context, err);
    if (rc != TALLY_OK)
        return rc;
    slot = (uint32_t)hash & (pass->slot_count - 1);
    while (pass->buckets[slot] != NULL && !is_bucket(pass->buckets[slot], hash, limit, keys))
        slot = (slot + 1) & (pass->slot_count - 1);
    if (pass->buckets[slot] == NULL) {
        bucket = tally_arena_zalloc(context->arena, sizeof(*bucket));
        if (bucket == NULL)
            return tally_engine_no_memory(context, err);
        *bucket = (tally_bucket){ .limit_id = limit->id,
                                  .key_count = limit->key_count,
                                  .hash = hash,
                                  .index = pass->bucket_count };
        bucket->keys = tally_arena_copy(context->arena, keys, limit->key_count * sizeof(*keys));
        if (bucket->keys == NULL)
            return tally_engine_no_memory(context, err);
        pass->buckets[slot] = bucket;
        pass->bucket_count++;
    }
    *out_bucket = pass->buckets[slot];
    return TALLY_OK;
}

/* First charge of an event >= bound. */
static uint32_t charge_from(const tally_bucket *bucket, uint32_t bound)
{
    uint32_t low = 0;
    uint32_t high = bucket->charge_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (bucket->charge_events[middle] < bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What was charged in the window of the event in scope. */
static tally_rc used_in_window(tally_context *context, uint32_t version, const tally_limit *limit,
                               const tally_bucket *bucket, const tally_scope *scope,
                               int64_t *out_used, tally_err *err)
{
    tally_window_range range;
    uint32_t first;
    int64_t used = 0;
    tally_rc rc = tally_window_resolve(context, version, limit->window, scope, &range, err);

    if (rc != TALLY_OK)
        return rc;
    if (bucket->charge_count == 0) {
        *out_used = 0;
        return TALLY_OK;
    }
    first = charge_from(bucket, range.low);
    if (range.test == TALLY_TEST_NONE) {
        /* Each sum was checked when it was made; so was their difference, as a sum of charges
         * whose sizes add up to at most 2^63. */
        if (!tally_sub_i64(bucket->charge_sums[charge_from(bucket, range.high)],
                           bucket->charge_sums[first], &used))
            return tally_engine_overflow(&limit->span, err);
        *out_used = used;
        return TALLY_OK;
    }
    rc = tally_engine_work(context, bucket->charge_count - first, &limit->span, err);
    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = first; i < bucket->charge_count; i++) {
        int64_t charge = bucket->charge_sums[i + 1] - bucket->charge_sums[i];

        if (bucket->charge_events[i] < range.high &&
            tally_window_has(context, version, &range, bucket->charge_events[i]) &&
            !tally_add_i64(used, charge, &used))
            return tally_engine_overflow(&limit->span, err);
    }
    *out_used = used;
    return TALLY_OK;
}

/* A limit is asked without the event in scope, but of what that event may see. */
static tally_rc limit_amount(tally_context *context, uint32_t version, const tally_limit *limit,
                             const tally_scope *scope, int64_t *out_amount, tally_err *err)
{
    tally_scope asked = *scope;
    tally_value value;
    tally_rc rc;

    if (limit->amount_is_constant) {
        *out_amount = limit->amount_value;
        return TALLY_OK;
    }
    asked.event = TALLY_NO_INDEX;
    asked.outer = TALLY_NO_INDEX;
    rc = tally_evaluate(context, version, limit->amount, &asked, &value, err);
    if (rc == TALLY_OK)
        *out_amount = value.a;
    return rc;
}

static tally_rc limit_room(tally_context *context, uint32_t version, const tally_limit *limit,
                           const tally_scope *scope, int64_t *out_room, tally_err *err)
{
    tally_bucket *bucket;
    int64_t amount = TALLY_NOTHING;
    int64_t used = 0;
    int64_t room = INT64_MAX;
    tally_rc rc = limit_amount(context, version, limit, scope, &amount, err);

    if (rc == TALLY_OK)
        rc = find_bucket(context, version, limit, scope, &bucket, err);
    if (rc == TALLY_OK)
        rc = used_in_window(context, version, limit, bucket, scope, &used, err);
    if (rc != TALLY_OK)
        return rc;
    if (amount == TALLY_NOTHING) /* a limit that is not known limits nothing */
        *out_room = INT64_MAX;
    else if (limit->kind == TALLY_LIMIT_TIMES)
        *out_room = used >= amount ? 0 : INT64_MAX;
    else if (!tally_sub_i64(amount, used, &room))
        return tally_engine_overflow(&limit->span, err);
    else
        *out_room = room > 0 ? room : 0;
    return TALLY_OK;
}

tally_rc tally_limits_cut(tally_context *context, uint32_t version, const tally_award *award,
                          const tally_scope *scope, int64_t raw, int64_t *out_amount,
                          uint32_t *out_cutting_limit, tally_err *err)
{
    const tally_version *rules = &context->policy->versions[version];
    int64_t amount = raw;
    uint32_t cutting = TALLY_NO_INDEX;

    for (uint32_t i = 0; i < award->limit_count; i++) {
        const tally_limit *limit = &rules->limits[award->limits[i]];
        int64_t room = INT64_MAX;
        tally_rc rc;

        /* Points limits do not cut what is negative; net and best limits cut at T. */
        if (limit->kind == TALLY_LIMIT_TIMES ? amount == 0
                                             : limit->kind != TALLY_LIMIT_POINTS || amount <= 0)
            continue;
        rc = limit_room(context, version, limit, scope, &room, err);
        if (rc != TALLY_OK)
            return rc;
        if (amount > 0 ? room < amount : room == 0) {
            amount = room;
            cutting = award->limits[i];
        }
    }
    *out_amount = amount;
    *out_cutting_limit = cutting;
    return TALLY_OK;
}

static tally_rc charge(tally_context *context, const tally_limit *limit, tally_bucket *bucket,
                       uint32_t event, int64_t amount, tally_err *err)
{
    uint32_t count = bucket->charge_count;
    int64_t sum;

    if (count == bucket->charge_room) {
        uint32_t room = count == 0 ? 4 : count * 2;
        uint32_t *events = tally_arena_alloc(context->arena, room * sizeof(*events));
        int64_t *sums = tally_arena_alloc(context->arena, (room + (size_t)1) * sizeof(*sums));

        if (events == NULL || sums == NULL)
            return tally_engine_no_memory(context, err);
        sums[0] = 0;
        if (count > 0) {
            memcpy(events, bucket->charge_events, count * sizeof(*events));
            memcpy(sums, bucket->charge_sums, (count + (size_t)1) * sizeof(*sums));
        }
        bucket->charge_events = events;
        bucket->charge_sums = sums;
        bucket->charge_room = room;
    }
    if (!tally_add_i64(bucket->charge_sums[count], amount, &sum))
        return tally_engine_overflow(&limit->span, err);
    bucket->charge_events[count] = event;
    bucket->charge_sums[count + 1] = sum;
    bucket->charge_count++;
    return TALLY_OK;
}

static tally_rc settle_later(tally_context *context, uint32_t version, uint32_t limit_index,
                             const tally_bucket *bucket, const tally_scope *scope, uint32_t entry,
                             tally_err *err)
{
    const tally_limit *limit = &context->policy->versions[version].limits[limit_index];
    struct tally_pass *pass = context->pass;
    int32_t period = 0;

    if (limit->window->kind == TALLY_WINDOW_CALENDAR)
        period = tally_local_period(tally_context_zone(context, version, limit->window->zone),
                                    scope->offset_s, (tally_unit)limit->window->unit, scope->t);
    if (pass->later_count == pass->later_room) {
        uint32_t room = pass->later_room == 0 ? 16 : pass->later_room * 2;
        tally_later *grown = tally_arena_alloc(context->arena, room * sizeof(*grown));

        if (grown == NULL)
            return tally_engine_no_memory(context, err);
        if (pass->later_count > 0)
            memcpy(grown, pass->later, pass->later_count * sizeof(*grown));
        pass->later = grown;
        pass->later_room = room;
    }
    pass->later[pass->later_count++] = (tally_later){ entry, limit_index, bucket->index, period };
    return TALLY_OK;
}

tally_rc tally_limits_charge(tally_context *context, uint32_t version, const tally_award *award,
                             const tally_scope *scope, uint32_t entry, int64_t credited,
                             tally_err *err)
{
    const tally_version *rules = &context->policy->versions[version];

    for (uint32_t i = 0; i < award->limit_count; i++) {
        const tally_limit *limit = &rules->limits[award->limits[i]];
        bool is_later = limit->kind == TALLY_LIMIT_NET || limit->kind == TALLY_LIMIT_BEST;
        tally_bucket *bucket;
        tally_rc rc;

        if (credited == 0 && !is_later)
            continue;
        rc = find_bucket(context, version, limit, scope, &bucket, err);
        if (rc == TALLY_OK && is_later)
            rc = settle_later(context, version, award->limits[i], bucket, scope, entry, err);
        else if (rc == TALLY_OK)
            rc = charge(context, limit, bucket, context->pass->event,
                        limit->kind == TALLY_LIMIT_TIMES ? 1 : credited, err);
        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}
