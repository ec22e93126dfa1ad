/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_AUDIT_H
#define TALLY_CMD_AUDIT_H

/* The auditor's parts. Each works on one tally_audit: it reads the folder, says
 * what it finds through tally_audit_fault() and tally_audit_warn(), and leaves
 * counts for the report. What comes from the folder is never believed: every
 * length and number in it is bounded before it is used, and memory does not grow
 * with the log. */

#include <stdbool.h>
#include <stdint.h>

#include "tally/base.h"
#include "tlog/checkpoint.h"
#include "tlog/entry.h"
#include "tlog/private_check.h"
#include "tlog/tile.h"
#include "util/buffer.h"

/* The checks, in the order of the report. */
typedef enum tally_audit_check {
    TALLY_AUDIT_CHECKPOINT,
    TALLY_AUDIT_FILES,
    TALLY_AUDIT_TREE,
    TALLY_AUDIT_HISTORY,
    TALLY_AUDIT_ENTRIES,
    TALLY_AUDIT_DOCUMENTS,
    TALLY_AUDIT_SNAPSHOTS,
    TALLY_AUDIT_PRIVATE,
    TALLY_AUDIT_OTHERS,
    TALLY_AUDIT_CHECK_COUNT
} tally_audit_check;

/* A checkpoint kept from earlier, to be met on the way through the log. */
typedef struct tally_audit_saved {
    char *path; /* relative to the folder the command runs in */
    uint64_t size;
    tally_node root;
} tally_audit_saved;

typedef struct tally_audit_document {
    tally_node commitment;
    char *name;
    bool is_used;
} tally_audit_document;

/* What the command line asks for. The strings are argv's. */
typedef struct tally_audit_options {
    const char *folder;
    const char *vkeys[TALLY_TRUST_KEYS_MAX];
    size_t vkey_count;
    const char *witnesses[TALLY_TRUST_KEYS_MAX];
    size_t witness_count;
    const char **saved; /* argc of them fit */
    size_t saved_count;
    const char *origin;         /* NULL: the name of the first key */
    const char *documents;      /* NULL: those in the folder, if it has any */
    const char *witnesses_file; /* NULL: the witnesses and the quorum named */
    const char *private_folder; /* NULL: not checked */
    const char *keep;           /* NULL: nothing is kept */
    int64_t quorum;             /* -1: all witnesses named */
    int64_t max_age_s;          /* -1: any */
    int64_t epoch_max;          /* -1: any */
    bool takes_any_entries;
} tally_audit_options;

/* What the entries say one after the other. */
typedef struct tally_audit_entries {
    uint64_t by_kind[TALLY_ENTRY_KEY + 1];
    uint32_t epoch;
    uint32_t policy;      /* of the last entry of kind 2 */
    bool is_ahead;        /* entries since name the policy after it, not yet committed */
    uint64_t ahead_index; /* the first of them */
    uint32_t ahead_epoch;
} tally_audit_entries;

typedef struct tally_audit_snapshots {
    uint64_t count;
    uint64_t removed;   /* whose rows are no longer kept */
    uint64_t row_count; /* of the last one */
    uint64_t log_size;  /* that the last one speaks of */
    uint32_t first_epoch;
    uint32_t last_epoch;
    bool is_last_removed;
} tally_audit_snapshots;

typedef struct tally_audit_private tally_audit_private;

typedef struct tally_audit {
    tally_audit_options options;
    int folder; /* descriptor */
    tally_hash *hash;

    tally_buffer key_texts[2 * TALLY_TRUST_KEYS_MAX];
    tally_vkey log_keys[TALLY_TRUST_KEYS_MAX];
    tally_vkey witnesses[TALLY_TRUST_KEYS_MAX];
    tally_trust trust;
    tally_buffer quorum_text;
    tally_quorum quorum;

    tally_buffer note; /* the checkpoint file */
    tally_opened opened;
    bool is_opened;

    tally_audit_saved *saved; /* by size, once loaded */
    size_t saved_count, saved_room, saved_next;

    tally_audit_document *documents; /* by commitment */
    size_t document_count, document_room;
    char documents_path[4096]; /* when they are those in the folder */

    tally_audit_private *private_view;
    tally_private_counts private_counts;
    bool is_journal_only; /* the view has no openings to compare */

    tally_audit_entries entries;
    tally_audit_snapshots snapshots;
    tally_tile_stack stack; /* tiles made from the entries */
    tally_tree_edge edge;   /* the root made from the entries */
    tally_buffer bytes;     /* of the file being compared */
    uint64_t file_count;    /* that the size implies and that are as they should be */
    uint64_t old_count;     /* partial files of earlier sizes */
    bool is_done[TALLY_AUDIT_CHECK_COUNT];
    uint64_t faults[TALLY_AUDIT_CHECK_COUNT];
    uint64_t warnings[TALLY_AUDIT_CHECK_COUNT];
    tally_err stopped; /* why the audit could not be carried out */
} tally_audit;

/* ---- audit_report.c ---- */

/* Count and print a fault, or something odd that is none. Control characters in
 * the text are not printed. */
void tally_audit_fault(tally_audit *audit, tally_audit_check check, const char *format, ...)
    TALLY_PRINTF(3, 4);
void tally_audit_warn(tally_audit *audit, tally_audit_check check, const char *format, ...)
    TALLY_PRINTF(3, 4);

/* Print the table of checks and the summary line; returns the exit status. */
int tally_audit_print(const tally_audit *audit);

/* ---- audit_files.c ---- */

typedef enum tally_audit_read {
    TALLY_AUDIT_READ,    /* it is in the buffer */
    TALLY_AUDIT_MISSING, /* there is no such file */
    TALLY_AUDIT_ODD,     /* it is longer than allowed, or no file */
    TALLY_AUDIT_STOPPED  /* the system refused; audit->stopped says why */
} tally_audit_read;

/* Read a file below a folder into a buffer, which is reset, up to its maximum. */
TALLY_MUST_CHECK tally_audit_read tally_audit_read_file(tally_audit *audit, int folder,
                                                        const char *path, tally_buffer *out);

/* Give a file's bytes to a function in runs of at most 64 KiB, all but the last
 * of exactly that; false from it ends the reading. */
typedef bool (*tally_audit_take)(void *context, const uint8_t *bytes, size_t count);
TALLY_MUST_CHECK tally_audit_read tally_audit_stream_file(tally_audit *audit, int folder,
                                                          const char *path, tally_audit_take take,
                                                          void *context);

/* Read the file of a tile or bundle, or the full one when a partial is not
 * there; says so when neither is. out_width is that of the file found. False:
 * nothing to go on with. */
TALLY_MUST_CHECK bool tally_audit_read_tile(tally_audit *audit, const tally_tile *tile,
                                            uint32_t *out_width, tally_buffer *out);

/* ---- the checks; each returns false when audit->stopped was set ---- */

/* 1 and the first half of 4: keys, the checkpoint, the saved checkpoints. */
TALLY_MUST_CHECK bool tally_audit_load_keys(tally_audit *audit);
TALLY_MUST_CHECK bool tally_audit_open_checkpoint(tally_audit *audit);
TALLY_MUST_CHECK bool tally_audit_load_saved(tally_audit *audit);
void tally_audit_meet_saved(tally_audit *audit); /* at the size of audit->edge */
TALLY_MUST_CHECK bool tally_audit_keep(tally_audit *audit);

/* 2 to 5: all bundles and tiles, and the entries on the way. */
TALLY_MUST_CHECK bool tally_audit_check_tree(tally_audit *audit);
TALLY_MUST_CHECK bool tally_audit_check_entry(tally_audit *audit, uint64_t index, tally_text bytes);
void tally_audit_end_entries(tally_audit *audit);

/* 6 */
TALLY_MUST_CHECK bool tally_audit_load_documents(tally_audit *audit);
void tally_audit_meet_document(tally_audit *audit, uint64_t index, const tally_entry *entry);
void tally_audit_end_documents(tally_audit *audit);

/* 7 */
TALLY_MUST_CHECK bool tally_audit_check_snapshot(tally_audit *audit, uint64_t index,
                                                 const tally_entry *entry);
void tally_audit_end_snapshots(tally_audit *audit);

/* 8: the ledger behind the log; what it looked at is in private_counts. */
TALLY_MUST_CHECK bool tally_audit_open_private(tally_audit *audit);
TALLY_MUST_CHECK bool tally_audit_meet_private(tally_audit *audit, uint64_t index,
                                               tally_text entry);
TALLY_MUST_CHECK bool tally_audit_end_private(tally_audit *audit);
void tally_audit_close_private(tally_audit *audit);

/* 9: everything else in the folder. */
TALLY_MUST_CHECK bool tally_audit_walk(tally_audit *audit);

#endif
