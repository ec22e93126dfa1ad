/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_TLOG_PRIVATE_CHECK_H
#define TALLY_TLOG_PRIVATE_CHECK_H

/* Check 8 of an audit (docs/formats/log.md, section 7): that what a programme has
 * in private is what its log committed to in public. Who may read the ledger, an
 * auditor on the spot, sees that no record was kept from the log or put into it
 * without being in the ledger, that pads are pads, and that points follow.
 *
 * The ledger shows itself through a view; the check never sees its tables. */

#include "tlog/entry.h"
#include "tlog/state.h"
#include "util/buffer.h"

#define TALLY_PRIVATE_FIELDS_MAX 8u

/* Slots of a record that the check knows. */
#define TALLY_PRIVATE_SLOT_WHAT   0u /* {"at":…,"type":"…"} */
#define TALLY_PRIVATE_SLOT_SECRET 5u

typedef struct tally_private_field {
    uint8_t slot;
    bool is_erased; /* value and salt are gone, the digest stayed */
    uint8_t salt32[TALLY_SALT_BYTES];
    tally_text value;
    tally_node digest; /* when is_erased */
} tally_private_field;

/* What opens an entry of kind 3. */
typedef struct tally_private_opening {
    bool is_erased;  /* all of it is gone, for an erasure that the log records later */
    int64_t subject; /* whose it is, by the ledger's number; 0: nobody's */
    size_t field_count;
    tally_private_field fields[TALLY_PRIVATE_FIELDS_MAX];
} tally_private_opening;

/* A row of the newest snapshot. */
typedef struct tally_private_row {
    uint8_t row64[TALLY_STATE_ROW_BYTES]; /* as published */
    bool is_erased;                       /* the member is erased since: nothing opens it */
    bool is_shortened; /* events ran out since, so that another result proves nothing */
    bool is_pad;
    uint8_t salt32[TALLY_SALT_BYTES];
    uint8_t secret32[TALLY_SALT_BYTES]; /* the member's; not for pads */
    tally_text state;                   /* what the row commits; `pad` for a pad */
    tally_text recomputed;              /* what the policy and the records give now; not for pads */
} tally_private_row;

typedef struct tally_private_dispute {
    uint64_t opened; /* index of its record */
    bool has_answer;
    uint64_t answered; /* index of the record of its outcome */
    bool is_due;       /* its time to answer is over */
} tally_private_dispute;

/* Every call may fail with TALLY_E_IO, TALLY_E_NOMEM or TALLY_E_CORRUPT; texts
 * live until the next call. A call that is NULL is one that this ledger cannot
 * answer, and is left out of the check. */
typedef struct tally_private_calls {
    /* The journal: how many entries, and each. */
    tally_rc (*size)(void *context, uint64_t *out_size, tally_err *err);
    tally_rc (*entry)(void *context, uint64_t index, uint8_t out[static TALLY_ENTRY_BYTES],
                      tally_err *err);
    /* The document that an entry of kind 1, 2 or 5 commits; appended. */
    tally_rc (*document)(void *context, uint64_t index, tally_buffer *out, tally_err *err);
    /* What opens an entry of kind 3. */
    tally_rc (*opening)(void *context, uint64_t index, tally_private_opening *out, tally_err *err);
    /* The head of the snapshot that this entry commits, appended, unless out_head is
     * NULL; and its rows in ascending order of their labels, unless take is. */
    tally_rc (*snapshot)(void *context, uint64_t index, tally_buffer *out_head,
                         tally_rc (*take)(void *taker, const tally_private_row *row,
                                          tally_err *err),
                         void *taker, tally_err *err);
    /* All disputes there ever were. */
    tally_rc (*disputes)(void *context,
                         tally_rc (*take)(void *taker, const tally_private_dispute *dispute,
                                          tally_err *err),
                         void *taker, tally_err *err);
} tally_private_calls;

typedef struct tally_private_view {
    void *context;
    const tally_private_calls *calls;
} tally_private_view;

/* Told of each fault, in words. */
typedef struct tally_private_report {
    void *context;
    void (*fault)(void *context, const char *sentence);
} tally_private_report;

typedef struct tally_private_counts {
    uint64_t entries, opened, erased, pads, consents, disputes, faults;
    uint64_t rows;          /* of the newest snapshot, of which */
    uint64_t row_pads;      /* are nobody's, */
    uint64_t row_erased;    /* are opened by nothing any more, */
    uint64_t row_shortened; /* cannot be computed again */
} tally_private_counts;

typedef struct tally_private_check tally_private_check;

/* Begin; out_check is ended with tally_private_free(). */
TALLY_MUST_CHECK tally_rc tally_private_begin(tally_private_check **out_check,
                                              const tally_private_view *view,
                                              const tally_private_report *report, tally_err *err);

/* The published entries, in order from 0. */
TALLY_MUST_CHECK tally_rc tally_private_meet(tally_private_check *check, uint64_t index,
                                             tally_text entry, tally_err *err);

/* After the last: what is left to compare. What the journal has beyond the
 * published entries is the next beat's and no fault. */
TALLY_MUST_CHECK tally_rc tally_private_end(tally_private_check *check,
                                            tally_private_counts *out_counts, tally_err *err);

/* NULL is allowed. */
void tally_private_free(tally_private_check *check);

#endif
