/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_JSON_READ_H
#define TALLY_UTIL_JSON_READ_H

/* Two parts of reading JSON (RFC 8259) that every reader of ours shares: what an
 * escape stands for, and how far a number goes. Each returns NULL or what is
 * wrong. *at moves as far as was understood. */

#include "util/text.h"

/* An escape; *at stands on its backslash and ends after it. Its character is
 * written at *to, in UTF-8, and is never longer than the escape was: so *to may
 * follow *at through the same bytes. */
const char *tally_json_read_escape(const char **at, const char *end, char **to);

/* A number; *at ends after it. */
const char *tally_json_read_number(const char **at, const char *end);

#endif
