/* SPDX-License-Identifier: Apache-2.0 */
/* Zones and hashes: what makes a version the same on every machine [10, 11]. */

#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "policy/document.h"

/* ---- zones ---- */

static bool is_zone_name(tally_text name)
{
    if (name.count == 0 || name.count > TALLY_NAME_BYTES_MAX || name.bytes[0] == '/' ||
        name.bytes[name.count - 1] == '/')
        return false;
    for (size_t i = 0; i < name.count; i++) {
        char byte = name.bytes[i];

        if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
              (byte >= '0' && byte <= '9') || memchr("/_+-", byte, 4) != NULL))
            return false;
    }
    return true;
}

static const tally_zone *given_zone(tally_reader *reader, tally_text name)
{
    const tally_given_zones *given = reader->given_zones;

    for (uint32_t i = 0; i < given->count; i++) {
        const tally_zone *zone = given->zones[i];
        tally_zone *copy;

        if (!tally_text_is_equal(given->names[i], name))
            continue;
        copy = tally_arena_zalloc(reader->lasting, sizeof(*copy));
        if (copy != NULL) {
            copy->count = zone->count;
            copy->transitions = tally_arena_copy(reader->lasting, zone->transitions,
                                                 zone->count * sizeof(*zone->transitions));
        }
        if (copy == NULL || copy->transitions == NULL) {
            reader->compiler.out_of_memory = true;
            return NULL;
        }
        return copy;
    }
    return NULL;
}

static const tally_zone *load_zone(tally_reader *reader, tally_text name)
{
    char path[TALLY_NAME_BYTES_MAX + 1];
    const uint8_t *bytes;
    size_t count = 0;
    tally_zone *zone;
    tally_rc rc;

    if (tally_text_is(name, "UTC"))
        return &tally_zone_utc;
    if (reader->given_zones != NULL) {
        const tally_zone *given = given_zone(reader, name);

        /* A zone that the published versions do not use comes from the source, if there is one. */
        if (given != NULL || reader->compiler.out_of_memory || reader->zone_source == NULL)
            return given;
    }
    if (!is_zone_name(name) || reader->zone_source == NULL || reader->zone_source->load == NULL)
        return NULL;
    snprintf(path, sizeof(path), "%.*s", TALLY_TEXT_ARGS(name));
    bytes = reader->zone_source->load(reader->zone_source->context, path, &count);
    if (bytes == NULL)
        return NULL;
    zone = tally_arena_zalloc(reader->lasting, sizeof(*zone));
    if (zone == NULL) {
        reader->compiler.out_of_memory = true;
        return NULL;
    }
    rc = tally_zone_parse(zone, reader->lasting, bytes, count, NULL);
    if (rc == TALLY_E_NOMEM)
        reader->compiler.out_of_memory = true;
    return rc == TALLY_OK ? zone : NULL;
}

static bool has_room_for_zone(tally_reader *reader)
{
    uint32_t wanted = reader->zone_capacity == 0 ? 8 : reader->zone_capacity * 2;
    tally_text *names;
    const tally_zone **zones;
    bool *is_used;

    if (reader->zone_count < reader->zone_capacity)
        return true;
    names = tally_arena_zalloc_array(reader->lasting, wanted, sizeof(*names));
    zones = tally_arena_zalloc_array(reader->lasting, wanted, sizeof(*zones));
    is_used = tally_arena_zalloc_array(reader->lasting, wanted, sizeof(*is_used));
    if (names == NULL || zones == NULL || is_used == NULL) {
        reader->compiler.out_of_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < reader->zone_count; i++) {
        names[i] = reader->zone_names[i];
        zones[i] = reader->zones[i];
        is_used[i] = reader->zone_is_used[i];
    }
    reader->zone_names = names;
    reader->zones = zones;
    reader->zone_is_used = is_used;
    reader->zone_capacity = wanted;
    return true;
}

uint32_t tally_document_zone_index(tally_compiler *compiler, tally_text name)
{
    tally_reader *reader = compiler->document_reader;
    const tally_zone *zone;

    for (uint32_t i = 0; i < reader->zone_count; i++) {
        if (tally_text_is_equal(reader->zone_names[i], name)) {
            reader->zone_is_used[i] = true;
            return i;
        }
    }
    zone = load_zone(reader, name);
    if (zone == NULL || !has_room_for_zone(reader))
        return TALLY_NO_INDEX;
    if (!tally_arena_copy_text(reader->lasting, &reader->zone_names[reader->zone_count], name)) {
        reader->compiler.out_of_memory = true;
        return TALLY_NO_INDEX;
    }
    reader->zones[reader->zone_count] = zone;
    reader->zone_is_used[reader->zone_count] = true;
    return reader->zone_count++;
}

void tally_document_zone(tally_reader *reader)
{
    const tally_yaml *node = tally_yaml_get(reader->root, "zone");
    tally_text name = TALLY_TEXT("UTC");

    if (node != NULL && node->kind == TALLY_YAML_SCALAR && !node->is_empty)
        name = node->text;
    if (tally_text_is(name, "each event's own"))
        return; /* version->zone stays TALLY_NO_INDEX */
    reader->version->zone = tally_document_zone_index(&reader->compiler, name);
    if (reader->version->zone == TALLY_NO_INDEX && !reader->compiler.out_of_memory)
        tally_document_error(reader, node, "unknown-zone",
                             "write an IANA name such as `Europe/Lisbon`, `UTC`, or "
                             "`each event's own`",
                             "there is no zone `%.*s` here",
                             TALLY_TEXT_ARGS(tally_text_slice(name, 0, 80)));
}

/* ---- hashes ---- */

static void update_big_endian(tally_hash *hash, uint64_t value, size_t count)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
    tally_hash_update(hash, bytes, count);
}

static void update_zone(tally_hash *hash, tally_text name, const tally_zone *zone)
{
    tally_hash_update(hash, name.bytes, name.count);
    tally_hash_update(hash, "\n", 1);
    for (uint32_t i = 0; i < zone->count; i++) {
        update_big_endian(hash, (uint64_t)zone->transitions[i].utc_ms, 8);
        update_big_endian(hash, (uint64_t)(uint32_t)zone->transitions[i].offset_s, 4);
    }
}

/* The used zone that follows `after` in order of name, or TALLY_NO_INDEX. */
static uint32_t next_zone(const tally_reader *reader, uint32_t after)
{
    uint32_t next = TALLY_NO_INDEX;

    for (uint32_t i = 0; i < reader->zone_count; i++) {
        if (!reader->zone_is_used[i] ||
            (after != TALLY_NO_INDEX &&
             tally_text_compare(reader->zone_names[i], reader->zone_names[after]) <= 0))
            continue;
        if (next == TALLY_NO_INDEX ||
            tally_text_compare(reader->zone_names[i], reader->zone_names[next]) < 0)
            next = i;
    }
    return next;
}

static tally_rc hash_document(const tally_reader *reader, tally_text document,
                              uint8_t out_hash[static TALLY_POLICY_HASH_BYTES])
{
    static const char tag[] = "tallystick policy 1\n";
    tally_hash *hash = tally_hash_new();
    tally_rc rc;

    if (hash == NULL)
        return TALLY_E_NOMEM;
    tally_hash_update(hash, tag, sizeof(tag) - 1);
    tally_hash_update(hash, document.bytes, document.count);
    for (uint32_t zone = next_zone(reader, TALLY_NO_INDEX); zone != TALLY_NO_INDEX;
         zone = next_zone(reader, zone))
        update_zone(hash, reader->zone_names[zone], reader->zones[zone]);
    rc = tally_hash_finish(hash, out_hash);
    tally_hash_free(hash);
    return rc;
}

static bool read_hex(tally_text text, uint8_t out_hash[static TALLY_POLICY_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    if (text.count != 2 * TALLY_POLICY_HASH_BYTES)
        return false;
    memset(out_hash, 0, TALLY_POLICY_HASH_BYTES);
    for (size_t i = 0; i < text.count; i++) {
        const char *digit = memchr(digits, text.bytes[i], 16);

        if (digit == NULL)
            return false;
        out_hash[i / 2] = (uint8_t)(out_hash[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static void check_previous(tally_reader *reader)
{
    const tally_yaml *node = tally_yaml_get(reader->root, "previous");
    tally_version *version = reader->version;
    char hex[TALLY_HASH_HEX_BYTES], hint[TALLY_HASH_HEX_BYTES + 32];

    if (node == NULL || node->kind != TALLY_YAML_SCALAR || node->is_empty)
        return;
    if (!read_hex(node->text, version->previous)) {
        tally_document_error(reader, node, "bad-hash", "`tally policy hash FILE` prints it",
                             "a hash is 64 digits 0-9 and a-f");
        return;
    }
    version->has_previous = true;
    if (reader->previous == NULL)
        return; /* a later part of a longer history may stand alone */
    if (memcmp(version->previous, reader->previous->hash, TALLY_POLICY_HASH_BYTES) == 0)
        return;
    tally_hash_hex(hex, reader->previous->hash);
    snprintf(hint, sizeof(hint), "write `previous: %s`", hex);
    tally_document_error(reader, node, "wrong-previous", hint,
                         "this is not the hash of the document before");
}

void tally_document_identity(tally_reader *reader)
{
    tally_version *version = reader->version;

    if (hash_document(reader, version->document, version->hash) != TALLY_OK) {
        reader->compiler.out_of_memory = true;
        return;
    }
    check_previous(reader);
}
