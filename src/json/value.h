/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_JSON_VALUE_H
#define TALLY_JSON_VALUE_H

/* JSON documents (RFC 8259 in the strict profile I-JSON, RFC 7493): parsed once,
 * then read.
 *
 * Refused, with line and column: what is not JSON, a name twice in one object,
 * invalid UTF-8, surrogates that are no pair, U+0000 written or escaped, numbers
 * beyond a double, and what exceeds the bounds given. The document keeps its own
 * copy of the text, wipes all of its memory when it is released (documents may
 * hold secrets), and allocates at most 96 bytes a byte of text and 64 KB.
 *
 * How to read members in a line each: json/read.h. How to write the canonical
 * form: json/jcs.h. A document is read by one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_JSON_BYTES_MAX  ((size_t)16 << 20)
#define TALLY_JSON_DEPTH_MOST 256

/* The largest integer that every reader of JSON agrees about: 2^53 - 1. */
#define TALLY_JSON_INTEGER_MAX INT64_C(9007199254740991)

typedef enum tally_json_kind {
    TALLY_JSON_NULL,
    TALLY_JSON_BOOL,
    TALLY_JSON_NUMBER,
    TALLY_JSON_TEXT,
    TALLY_JSON_ARRAY,
    TALLY_JSON_OBJECT
} tally_json_kind;

typedef struct tally_json_options {
    size_t bytes_max;   /* of the text; 0 stands for 64 KB; at most TALLY_JSON_BYTES_MAX */
    uint32_t depth_max; /* arrays and objects within each other; 0 stands for 16; at most
                           TALLY_JSON_DEPTH_MOST */
    /* Without this a number is an integer from -(2^53 - 1) to 2^53 - 1, written
     * without fraction, exponent or minus zero: what our own documents carry. */
    bool takes_any_number;
} tally_json_options;

typedef struct tally_json_document tally_json_document;
typedef struct tally_json_value tally_json_value;

/* Parse a whole text, which is one value with white space around it.
 *
 * out_document  the caller releases it with tally_json_document_free()
 * options       NULL for the defaults
 *
 * TALLY_E_INVALID  see above; err holds line and column, in bytes from 1
 * TALLY_E_LIMIT    too long or too deep
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_json_parse(tally_json_document **out_document, tally_text text,
                                           const tally_json_options *options, tally_err *err);

/* The value of the document; it and all within live as long as the document. */
const tally_json_value *tally_json_root(const tally_json_document *document);

/* Wipe and release. NULL is allowed. */
void tally_json_document_free(tally_json_document *document);

/* What a value is, and what it holds; asking another kind for it is a broken fact. */
tally_json_kind tally_json_kind_of(const tally_json_value *value);
bool tally_json_bool_of(const tally_json_value *value);
tally_text tally_json_text_of(const tally_json_value *value); /* valid UTF-8 without NUL */

/* A number as it was written, and whether it is an integer of at most 2^53 - 1 (by
 * value: 1.0 is one, where any number is taken). */
tally_text tally_json_number_text(const tally_json_value *value);
bool tally_json_is_integer(const tally_json_value *value, int64_t *out_integer);

/* How many members or items an object or array has. */
uint32_t tally_json_count(const tally_json_value *value);

/* An item of an array, a member of an object: 0 is the first in the canonical order
 * of names (UTF-16 code units, RFC 8785), which is not that of the text. */
const tally_json_value *tally_json_item(const tally_json_value *array, uint32_t index);
const tally_json_value *tally_json_member(const tally_json_value *object, uint32_t index,
                                          tally_text *out_name);

/* The member of that name, or NULL. */
const tally_json_value *tally_json_find(const tally_json_value *object, tally_text name);

/* Where a value begins in the text, from 1. */
void tally_json_place(const tally_json_value *value, uint32_t *out_line, uint32_t *out_column);

/* The order of names: negative, 0 or positive. Both are valid UTF-8. */
int tally_json_compare_names(tally_text a, tally_text b);

#endif
