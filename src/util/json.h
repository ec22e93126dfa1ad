/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_JSON_H
#define TALLY_UTIL_JSON_H

/* Writing JSON (RFC 8259) into a buffer, indented by two spaces.
 *
 * The writer places commas and escapes; the caller's order of calls makes the
 * nesting, and a wrong order is a broken fact. Invalid UTF-8 becomes U+FFFD, so
 * that whatever an event held, the output is JSON. Failures stick in the buffer:
 * check tally_buffer_failure() at the end. */

#include <stdbool.h>
#include <stdint.h>
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_JSON_DEPTH_MAX 16

typedef struct tally_json {
    tally_buffer *out;
    uint32_t depth;
    bool has_item[TALLY_JSON_DEPTH_MAX]; /* by depth: something stands there already */
    bool after_key;
} tally_json;

/* Start a document at the end of the buffer, which must outlive the writer. */
void tally_json_init(tally_json *json, tally_buffer *out);

void tally_json_object(tally_json *json);
void tally_json_object_end(tally_json *json);
void tally_json_array(tally_json *json);
void tally_json_array_end(tally_json *json);

/* The key of the next value; only inside an object. */
void tally_json_key(tally_json *json, const char *key);

void tally_json_text(tally_json *json, tally_text text);
void tally_json_string(tally_json *json, const char *string);
void tally_json_integer(tally_json *json, int64_t value);
void tally_json_bool(tally_json *json, bool value);
void tally_json_null(tally_json *json);

/* An exact decimal as a JSON number, without zeros at its end. */
void tally_json_decimal(tally_json *json, int64_t value, uint32_t decimals);

/* A text as a quoted, escaped JSON string, without any nesting. */
void tally_json_append_quoted(tally_buffer *out, tally_text text);

#endif
