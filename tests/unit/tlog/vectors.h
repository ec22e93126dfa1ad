/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_UNIT_TLOG_VECTORS_H
#define TALLY_TESTS_UNIT_TLOG_VECTORS_H

/* Reading tests/vectors/tlog: whole files, rows of tab-separated fields, hex and
 * Base64. A vector that cannot be read fails the test. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/base64.h"
#include "tlog/note.h"
#include "tlog/tree.h"
#include "util/alloc.h"
#include "util/buffer.h"
#include "util/text.h"

#define VECTOR_FIELDS_MAX 8

static inline void vector_read(tally_buffer *out, const char *name)
{
    const char *root = getenv("TALLY_SOURCE_ROOT");
    char path[1024];
    char chunk[4096];
    size_t count;
    FILE *file;

    assert_true(snprintf(path, sizeof(path), "%s/tests/vectors/tlog/%s", root != NULL ? root : ".",
                         name) < (int)sizeof(path));
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    tally_buffer_init(out, (size_t)16 << 20);
    while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0)
        assert_int_equal(tally_buffer_append(out, chunk, count), TALLY_OK);
    assert_int_equal(fclose(file), 0);
}

/* A file of rows. */
typedef struct vector_table {
    tally_buffer bytes;
    tally_text rest;
    size_t row_count; /* so far */
} vector_table;

static inline void vector_open(vector_table *out, const char *name)
{
    vector_read(&out->bytes, name);
    out->rest = tally_buffer_text(&out->bytes);
    out->row_count = 0;
}

/* The next row that is no comment, split at tabs; `-` stays as it is. */
static inline bool vector_next(vector_table *table, tally_text fields[static VECTOR_FIELDS_MAX])
{
    while (table->rest.count > 0) {
        tally_text line;
        size_t count = 0;
        bool has_more = true;

        (void)tally_text_split(table->rest, '\n', &line, &table->rest);
        if (line.count == 0 || line.bytes[0] == '#')
            continue;
        memset(fields, 0, VECTOR_FIELDS_MAX * sizeof(fields[0]));
        while (has_more && count < VECTOR_FIELDS_MAX)
            has_more = tally_text_split(line, '\t', &fields[count++], &line);
        table->row_count++;
        return true;
    }
    return false;
}

/* Close, having seen this many rows: a table cut short would test less. */
static inline void vector_close(vector_table *table, size_t row_count)
{
    assert_int_equal(table->row_count, row_count);
    tally_buffer_free(&table->bytes);
}

static inline bool vector_is_ok(tally_text want)
{
    assert_true(tally_text_is(want, "ok") || tally_text_is(want, "reject"));
    return tally_text_is(want, "ok");
}

/* Any number of 64 bits: some proofs are of sizes that no tree has. */
static inline uint64_t vector_number(tally_text text)
{
    uint64_t value = 0;

    assert_true(text.count > 0);
    for (size_t i = 0; i < text.count; i++) {
        uint64_t digit = (uint64_t)(text.bytes[i] - '0');

        assert_true(digit <= 9 && value <= (UINT64_MAX - digit) / 10);
        value = value * 10 + digit;
    }
    return value;
}

static inline tally_node vector_base64(tally_text text)
{
    tally_node node = { { 0 } };

    assert_true(tally_base64_is_exactly(node.bytes, sizeof(node.bytes), text));
    return node;
}

/* Decode hex, returning the number of bytes. */
static inline size_t vector_hex(uint8_t *out, size_t bytes_max, tally_text text)
{
    assert_int_equal(text.count % 2, 0);
    assert_true(text.count / 2 <= bytes_max);
    for (size_t i = 0; i < text.count / 2; i++) {
        char digits[3] = { text.bytes[2 * i], text.bytes[2 * i + 1], '\0' };
        char *end = NULL;

        out[i] = (uint8_t)strtoul(digits, &end, 16);
        assert_true(end == digits + 2);
    }
    return text.count / 2;
}

static inline tally_node vector_hash(tally_text text)
{
    tally_node node = { { 0 } };

    assert_int_equal(vector_hex(node.bytes, sizeof(node.bytes), text), TALLY_HASH_BYTES);
    return node;
}

/* The verifier key in a file of one line, whose bytes the caller frees. */
static inline tally_vkey vector_vkey(tally_buffer *out_bytes, const char *name)
{
    tally_vkey key;

    vector_read(out_bytes, name);
    assert_int_equal(tally_vkey_parse(&key, tally_text_trim(tally_buffer_text(out_bytes)), NULL),
                     TALLY_OK);
    return key;
}

/* The seed in a file of hex. */
static inline void vector_seed(uint8_t out[static TALLY_ED25519_SEED_BYTES], const char *name)
{
    tally_buffer bytes;

    vector_read(&bytes, name);
    assert_int_equal(
        vector_hex(out, TALLY_ED25519_SEED_BYTES, tally_text_trim(tally_buffer_text(&bytes))),
        TALLY_ED25519_SEED_BYTES);
    tally_buffer_free(&bytes);
}

#define assert_node_equal(a, b) assert_memory_equal((a).bytes, (b).bytes, TALLY_HASH_BYTES)

#endif
