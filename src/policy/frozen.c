/* SPDX-License-Identifier: Apache-2.0 */
/* Frozen policies; the format is in frozen.h. */

#include "policy/frozen.h"

#include <jansson.h>

#include "crypto/hash.h"
#include "policy/document.h"
#include "util/alloc.h"
#include "util/json.h"

#define TEXT_BYTES_MAX (TALLY_POLICY_BYTES_MAX + 5 * (size_t)TALLY_VERSIONS_MAX)

/* ---- writing ---- */

static void write_zone(tally_buffer *out, tally_text name, const tally_zone *zone)
{
    tally_json_append_quoted(out, name);
    tally_buffer_append_string(out, ":[");
    for (uint32_t i = 0; i < zone->count; i++) {
        const tally_zone_transition *entry = &zone->transitions[i];

        if (i == 0)
            tally_buffer_printf(out, "[null,%d]", entry->offset_s);
        else
            tally_buffer_printf(out, ",[%lld,%d]", (long long)entry->utc_ms, entry->offset_s);
    }
    tally_buffer_append_byte(out, ']');
}

/* UTC is the same everywhere and needs no table. */
static uint32_t next_zone(const tally_policy *policy, uint32_t after)
{
    uint32_t next = TALLY_NO_INDEX;

    for (uint32_t i = 0; i < policy->zone_count; i++) {
        tally_text name = policy->zone_names[i];

        if (tally_text_is(name, "UTC") ||
            (after != TALLY_NO_INDEX && tally_text_compare(name, policy->zone_names[after]) <= 0))
            continue;
        if (next == TALLY_NO_INDEX || tally_text_compare(name, policy->zone_names[next]) < 0)
            next = i;
    }
    return next;
}

tally_rc tally_policy_freeze(const tally_policy *policy, char **out_text, size_t *out_bytes)
{
    tally_buffer out;
    char hex[TALLY_HASH_HEX_BYTES];
    tally_rc rc;

    TALLY_ASSERT(policy != NULL && policy->version_count > 0);
    tally_buffer_init(&out, TALLY_FROZEN_BYTES_MAX);
    tally_hash_hex(hex, policy->versions[policy->version_count - 1].hash);
    tally_buffer_printf(&out, "{\"tallystick-frozen\":1,\n\"hash\":\"%s\",\n\"documents\":[", hex);
    for (uint32_t i = 0; i < policy->version_count; i++) {
        if (i > 0)
            tally_buffer_append_string(&out, ",\n");
        tally_json_append_quoted(&out, policy->versions[i].document);
    }
    tally_buffer_append_string(&out, "],\n\"zones\":{");
    for (uint32_t i = next_zone(policy, TALLY_NO_INDEX), n = 0; i != TALLY_NO_INDEX;
         i = next_zone(policy, i), n++) {
        if (n > 0)
            tally_buffer_append_string(&out, ",\n");
        write_zone(&out, policy->zone_names[i], policy->zones[i]);
    }
    tally_buffer_append_string(&out, "}}\n");
    rc = tally_buffer_failure(&out);
    if (rc != TALLY_OK) {
        tally_buffer_free(&out);
        return rc;
    }
    *out_text = out.bytes;
    *out_bytes = out.count;
    return TALLY_OK;
}

void tally_policy_text_free(char *text)
{
    tally_release(text);
}

/* ---- reading ---- */

bool tally_frozen_is(tally_text text)
{
    text = tally_text_trim(text);
    return text.count > 0 && text.bytes[0] == '{';
}

static tally_rc refuse(tally_diagnostics *diagnostics, tally_err *err, tally_rc rc,
                       const char *message)
{
    if (!tally_diagnostics_add(diagnostics, TALLY_SEVERITY_ERROR, "frozen", "", 0, 0, 1,
                               tally_text_from(message),
                               TALLY_TEXT("write it anew with `tally policy freeze`")))
        rc = TALLY_E_NOMEM;
    return tally_err_set(err, rc, 0, "%s", message);
}

static bool read_transition(const json_t *pair, uint32_t index, tally_zone_transition *entry)
{
    const json_t *ms = json_array_get(pair, 0), *offset = json_array_get(pair, 1);

    if (json_array_size(pair) != 2 || !json_is_integer(offset))
        return false;
    if (json_integer_value(offset) < TALLY_ZONE_OFFSET_S_MIN ||
        json_integer_value(offset) > TALLY_ZONE_OFFSET_S_MAX)
        return false;
    entry->offset_s = (int32_t)json_integer_value(offset);
    entry->utc_ms = INT64_MIN;
    if (index == 0)
        return json_is_null(ms);
    entry->utc_ms = json_integer_value(ms);
    return json_is_integer(ms) && entry->utc_ms > entry[-1].utc_ms &&
           entry->offset_s != entry[-1].offset_s;
}

static tally_rc read_zone(tally_arena *arena, const char *name, const json_t *list,
                          tally_given_zones *given)
{
    size_t count = json_array_size(list);
    tally_zone_transition *entries;
    tally_zone *zone = tally_arena_zalloc(arena, sizeof(*zone));

    if (!json_is_array(list) || count == 0 || count > TALLY_ZONE_TRANSITIONS_MAX)
        return TALLY_E_INVALID;
    entries = tally_arena_zalloc_array(arena, count, sizeof(*entries));
    if (zone == NULL || entries == NULL ||
        !tally_arena_copy_text(arena, &given->names[given->count], tally_text_from(name)))
        return TALLY_E_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (!read_transition(json_array_get(list, i), i, &entries[i]))
            return TALLY_E_INVALID;
    }
    zone->transitions = entries;
    zone->count = (uint32_t)count;
    given->zones[given->count++] = zone;
    return TALLY_OK;
}

static tally_rc read_zones(tally_arena *arena, json_t *zones, tally_given_zones *given)
{
    const char *name;
    json_t *list;
    size_t count = json_object_size(zones);

    if (!json_is_object(zones))
        return TALLY_E_INVALID;
    given->names = tally_arena_zalloc_array(arena, count + 1, sizeof(*given->names));
    given->zones = tally_arena_zalloc_array(arena, count + 1, sizeof(*given->zones));
    if (given->names == NULL || given->zones == NULL)
        return TALLY_E_NOMEM;
    json_object_foreach(zones, name, list)
    {
        tally_rc rc = read_zone(arena, name, list, given);

        if (rc != TALLY_OK)
            return rc;
    }
    return TALLY_OK;
}

static tally_rc read_documents(const json_t *documents, tally_buffer *text)
{
    size_t count = json_array_size(documents);

    if (!json_is_array(documents) || count == 0 || count > TALLY_VERSIONS_MAX)
        return TALLY_E_INVALID;
    for (size_t i = 0; i < count; i++) {
        const json_t *document = json_array_get(documents, i);

        if (!json_is_string(document))
            return TALLY_E_INVALID;
        if (i > 0)
            tally_buffer_append_string(text, "\n---\n");
        tally_buffer_append(text, json_string_value(document), json_string_length(document));
    }
    return tally_buffer_failure(text);
}

static tally_rc compile(tally_policy **out_policy, const char *file_name, json_t *root,
                        tally_arena *arena, tally_buffer *text, tally_diagnostics *diagnostics,
                        tally_err *err)
{
    tally_given_zones given = { 0 };
    const char *hash = json_string_value(json_object_get(root, "hash"));
    char hex[TALLY_HASH_HEX_BYTES];
    tally_policy *policy = NULL;
    tally_rc rc;

    if (json_integer_value(json_object_get(root, "tallystick-frozen")) != 1 || hash == NULL)
        return refuse(diagnostics, err, TALLY_E_INVALID, "this is not a frozen policy");
    rc = read_zones(arena, json_object_get(root, "zones"), &given);
    if (rc == TALLY_OK)
        rc = read_documents(json_object_get(root, "documents"), text);
    if (rc != TALLY_OK)
        return refuse(diagnostics, err, rc, "this frozen policy is damaged");
    rc = tally_document_compile(&policy, file_name, tally_buffer_text(text), NULL, &given, NULL,
                                diagnostics, err);
    if (rc != TALLY_OK)
        return rc;
    tally_hash_hex(hex, policy->versions[policy->version_count - 1].hash);
    if (strcmp(hex, hash) != 0) {
        tally_policy_free(policy);
        return refuse(diagnostics, err, TALLY_E_CORRUPT,
                      "this frozen policy was changed: its hash does not match");
    }
    *out_policy = policy;
    return TALLY_OK;
}

tally_rc tally_frozen_compile(tally_policy **out_policy, const char *file_name, tally_text text,
                              tally_diagnostics *diagnostics, tally_err *err)
{
    tally_arena *arena = NULL;
    tally_buffer documents;
    json_t *root = NULL;
    tally_rc rc;

    if (text.count > TALLY_FROZEN_BYTES_MAX)
        return refuse(diagnostics, err, TALLY_E_LIMIT, "a frozen policy holds at most 16 MiB");
    tally_buffer_init(&documents, TEXT_BYTES_MAX);
    arena = tally_arena_new(TALLY_FROZEN_BYTES_MAX * 2);
    if (arena == NULL)
        return refuse(diagnostics, err, TALLY_E_NOMEM, "memory is short");
    root = json_loadb(text.bytes, text.count, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        rc = refuse(diagnostics, err, TALLY_E_INVALID,
                    "a text that begins with `{` is a frozen policy, and this one is not JSON");
    else
        rc = compile(out_policy, file_name, root, arena, &documents, diagnostics, err);
    json_decref(root);
    tally_buffer_free(&documents);
    tally_arena_free(arena);
    return rc;
}
