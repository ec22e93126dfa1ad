/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_MESSAGE_VALUES_H
#define TALLY_MESSAGE_VALUES_H

/* The kinds of value that messages and the ledger's documents share, as members of canonical
 * JSON: instants (RFC 3339 in UTC) and bytes (base64url without padding). */

#include "json/jcs.h"
#include "json/read.h"

/* Write a member. An instant that the calendar cannot write, such as INT64_MAX for
 * "never", must not be given. */
void tally_value_write_instant(tally_jcs *jcs, const char *name, int64_t ms);
void tally_value_write_bytes(tally_jcs *jcs, const char *name, const uint8_t *bytes, size_t count);
/* The same as the next item of an array. */
void tally_value_instant(tally_jcs *jcs, int64_t ms);

/* Read a member that must be there; 0, or zero bytes, once the reader has failed. An
 * instant is whole milliseconds in the one form that is written. */
int64_t tally_value_read_instant(tally_json_reader *reader, const char *name);
int64_t tally_value_read_optional_instant(tally_json_reader *reader, const char *name,
                                          int64_t otherwise);
void tally_value_read_bytes(tally_json_reader *reader, const char *name, uint8_t *out,
                            size_t count);

/* An instant as the documents write it. False: the text is none. */
TALLY_MUST_CHECK bool tally_value_parse_instant(int64_t *out_ms, tally_text text);

#endif
