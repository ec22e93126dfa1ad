/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_VECTORS_JSON_H
#define TALLY_TESTS_UNIT_VECTORS_JSON_H

/* Reading published test vectors below tests/vectors: whole files, JSON, hex. A
 * vector that cannot be read fails the test. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "util/buffer.h"
#include "util/text.h"

static inline void vector_path(char *out, size_t out_bytes, const char *name)
{
    const char *root = getenv("TALLY_SOURCE_ROOT");

    assert_true(snprintf(out, out_bytes, "%s/tests/vectors/%s", root != NULL ? root : ".", name) <
                (int)out_bytes);
}

/* The whole file; release it with tally_buffer_free(). */
static inline void vector_read_file(tally_buffer *out, const char *name)
{
    char path[1024];
    char chunk[4096];
    size_t count;
    FILE *file;

    vector_path(path, sizeof(path), name);
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    tally_buffer_init(out, (size_t)16 << 20);
    while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0)
        assert_int_equal(tally_buffer_append(out, chunk, count), TALLY_OK);
    assert_int_equal(fclose(file), 0);
}

/* A JSON file; release it with json_decref(). */
static inline json_t *vector_load(const char *name)
{
    char path[1024];
    json_error_t error;
    json_t *json;

    vector_path(path, sizeof(path), name);
    json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static inline const char *vector_string(const json_t *object, const char *key)
{
    const char *string = json_string_value(json_object_get(object, key));

    if (string == NULL)
        fail_msg("the vector has no string %s", key);
    return string;
}

static inline int64_t vector_integer(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        fail_msg("the vector has no integer %s", key);
    return (int64_t)json_integer_value(value);
}

/* The bytes of a hex text, in which spaces are skipped. */
static inline size_t vector_hex(uint8_t *out, size_t bytes_max, tally_text hex)
{
    static const char digits[] = "0123456789abcdef";
    size_t digit_count = 0;

    for (size_t i = 0; i < hex.count; i++) {
        const char *digit = strchr(digits, hex.bytes[i]);

        if (hex.bytes[i] == ' ')
            continue;
        assert_true(digit != NULL && *digit != '\0' && digit_count / 2 < bytes_max);
        if (digit_count % 2 == 0)
            out[digit_count / 2] = (uint8_t)((digit - digits) << 4);
        else
            out[digit_count / 2] |= (uint8_t)(digit - digits);
        digit_count++;
    }
    assert_int_equal(digit_count % 2, 0);
    return digit_count / 2;
}

/* A member of exactly count bytes. */
static inline void vector_bytes(uint8_t *out, size_t count, const json_t *object, const char *key)
{
    assert_int_equal(vector_hex(out, count, tally_text_from(vector_string(object, key))), count);
}

#endif
