/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_JSON_JCS_H
#define TALLY_JSON_JCS_H

/* The JSON Canonicalization Scheme (RFC 8785): no white space, names in the order of
 * their UTF-16 code units, one way to escape, numbers as ECMAScript prints them. Equal
 * documents have equal bytes, which is what is hashed and signed.
 *
 * Written directly, the caller's calls come in the order of names, which is asserted:
 * a wrong order is a broken fact that the first test of a document shows.
 *
 *     tally_jcs jcs;
 *
 *     tally_jcs_init(&jcs, &buffer);
 *     tally_jcs_object(&jcs);
 *     tally_jcs_member_integer(&jcs, "number", 7);
 *     tally_jcs_member_string(&jcs, "type", "batch");
 *     tally_jcs_object_end(&jcs);
 *     rc = tally_jcs_finish(&jcs, err);
 *
 * Numbers other than integers use printf and strtod and need the numeric locale "C". */

#include "json/value.h"
#include "util/buffer.h"

#define TALLY_JCS_DEPTH_MAX    32
#define TALLY_JCS_NUMBER_BYTES 32 /* of any double, with a NUL */

typedef struct tally_jcs {
    tally_buffer *out;
    tally_rc failure;
    uint32_t depth;
    bool after_name;
    bool is_object[TALLY_JCS_DEPTH_MAX]; /* by depth, as below */
    bool has_item[TALLY_JCS_DEPTH_MAX];
    tally_text last_name[TALLY_JCS_DEPTH_MAX]; /* for the order; count 0 before the first */
} tally_jcs;

/* Start a value at the end of the buffer, which must outlive the writer. */
void tally_jcs_init(tally_jcs *jcs, tally_buffer *out);

void tally_jcs_object(tally_jcs *jcs);
void tally_jcs_object_end(tally_jcs *jcs);
void tally_jcs_array(tally_jcs *jcs);
void tally_jcs_array_end(tally_jcs *jcs);

/* The name of the next value; after the name before it, whose bytes must still be there. */
void tally_jcs_name(tally_jcs *jcs, const char *name);
void tally_jcs_name_text(tally_jcs *jcs, tally_text name);

/* A text must be UTF-8; else the writer fails with TALLY_E_INVALID. An integer must
 * be within TALLY_JSON_INTEGER_MAX of 0. */
void tally_jcs_text(tally_jcs *jcs, tally_text text);
void tally_jcs_string(tally_jcs *jcs, const char *string);
void tally_jcs_integer(tally_jcs *jcs, int64_t value);
void tally_jcs_bool(tally_jcs *jcs, bool value);
void tally_jcs_null(tally_jcs *jcs);
/* A parsed value, whatever its order was. */
void tally_jcs_value(tally_jcs *jcs, const tally_json_value *value);

/* Name and value at once. */
void tally_jcs_member_text(tally_jcs *jcs, const char *name, tally_text text);
void tally_jcs_member_string(tally_jcs *jcs, const char *name, const char *string);
void tally_jcs_member_integer(tally_jcs *jcs, const char *name, int64_t value);
void tally_jcs_member_bool(tally_jcs *jcs, const char *name, bool value);
void tally_jcs_member_value(tally_jcs *jcs, const char *name, const tally_json_value *value);

/* The first failure: TALLY_E_INVALID, or the buffer's. All that was opened must be
 * closed. */
TALLY_MUST_CHECK tally_rc tally_jcs_finish(tally_jcs *jcs, tally_err *err);

/* Append the canonical form of a value. */
TALLY_MUST_CHECK tally_rc tally_jcs_append(tally_buffer *out, const tally_json_value *value,
                                           tally_err *err);

/* Append an object without one of its members: what is signed of a document that
 * carries its own proof. A member that is missing is left out as well. */
TALLY_MUST_CHECK tally_rc tally_jcs_append_without(tally_buffer *out,
                                                   const tally_json_value *object, tally_text name,
                                                   tally_err *err);

/* Is the text, byte by byte, the canonical form of the value that was parsed from it?
 * TALLY_E_INVALID when not. */
TALLY_MUST_CHECK tally_rc tally_jcs_check(const tally_json_value *value, tally_text text,
                                          tally_err *err);

/* Write a finite double as ECMAScript does; returns how many characters. */
size_t tally_jcs_write_double(char out_text[static TALLY_JCS_NUMBER_BYTES], double value);

#endif
