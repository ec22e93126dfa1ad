/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_UTIL_INTERN_H
#define TALLY_UTIL_INTERN_H

/* Texts to dense numbers: the first distinct text is 0, the next 1, and so on.
 *
 * Made for tens of millions of subjects: about 40 bytes each, and the text
 * itself when it is longer than 19 bytes. Numbers depend only on the order of
 * arrival. One thread at a time. */

#include <stdbool.h>
#include <stdint.h>
#include "tally/base.h"
#include "util/text.h"

#define TALLY_INTERN_ID_MAX ((uint32_t)0xfffffffe)

typedef struct tally_intern tally_intern;

/* An empty table, or NULL when allocation failed.
 *
 * bytes_max  bound on all its memory.
 * seed       moves texts about in the table and changes nothing else. Give a
 *            random one where strangers choose the texts, so that they cannot
 *            choose texts that collide; otherwise 0. */
TALLY_MUST_CHECK tally_intern *tally_intern_new(size_t bytes_max, uint64_t seed);

/* The number of a text, adding it when it is new.
 *
 * TALLY_E_LIMIT  bytes_max or TALLY_INTERN_ID_MAX would be exceeded
 * TALLY_E_NOMEM  allocation failed; in both cases the table is unchanged */
TALLY_MUST_CHECK tally_rc tally_intern_add(tally_intern *intern, uint32_t *out_id, tally_text text);

/* The number of a text; false when it was never added. */
bool tally_intern_find(const tally_intern *intern, uint32_t *out_id, tally_text text);

/* The text of a number below tally_intern_count(). A NUL follows it. It lives
 * as long as the table and is never moved. */
tally_text tally_intern_text(const tally_intern *intern, uint32_t id);

uint32_t tally_intern_count(const tally_intern *intern);

/* Bytes allocated now. */
size_t tally_intern_used_bytes(const tally_intern *intern);

/* Release the table. NULL is allowed. */
void tally_intern_free(tally_intern *intern);

#endif
