/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TESTS_FUZZ_ROWS_H
#define TALLY_TESTS_FUZZ_ROWS_H

/* What the fuzz targets of both readers check of a row: it stays within its
 * bounds, and it is the same however the bytes are cut into pieces. */

#include "eval/row.h"
#include "tally/base.h"

typedef struct row_digest {
    uint64_t sum;
    uint64_t row_count;
} row_digest;

static inline void digest_bytes(row_digest *digest, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        digest->sum = (digest->sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    digest->sum = (digest->sum ^ count) * UINT64_C(0x100000001b3);
}

static inline void digest_row(row_digest *digest, const tally_row *row)
{
    digest->row_count++;
    digest->sum += (uint64_t)row->place.line << 32 | row->place.column;
    if (row->problem != NULL) {
        digest_bytes(digest, row->problem, strlen(row->problem));
        return;
    }
    TALLY_ASSERT(row->count <= TALLY_ROW_FIELDS_MAX);
    for (uint32_t i = 0; i < row->count; i++) {
        TALLY_ASSERT(row->fields[i].count <= TALLY_ROW_BYTES_MAX);
        digest_bytes(digest, row->fields[i].bytes, row->fields[i].count);
    }
}

#endif
