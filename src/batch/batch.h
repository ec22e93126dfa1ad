/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_BATCH_BATCH_H
#define TALLY_BATCH_BATCH_H

/* Signed batches of events as bytes: what a source sends and what admission
 * reads. The format is specified in docs/formats/batch.md.
 *
 * Everything here is pure: no file, clock or random number. A batch that is
 * wrong as a whole is an error; an event that is wrong by itself carries its own
 * problem, and the others stand. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "score/history.h"
#include "tlog/proof.h"
#include "util/arena.h"
#include "util/civil.h"

/* The bounds of the format. A policy may not widen them. */
#define TALLY_BATCH_BYTES_MAX         ((size_t)8 << 20)
#define TALLY_BATCH_EVENTS_MAX        10000u
#define TALLY_BATCH_EVENT_BYTES_MAX   ((size_t)16 << 10) /* with the header row in CSV */
#define TALLY_BATCH_HEADER_BYTES_MAX  ((size_t)4 << 10)  /* of the signed header */
#define TALLY_BATCH_FIELDS_MAX        80u                /* of one event */
#define TALLY_BATCH_ID_BYTES_MAX      128u
#define TALLY_BATCH_SUBJECT_BYTES_MAX 256u
#define TALLY_BATCH_NUMBER_MAX        ((UINT64_C(1) << 53) - 1)
#define TALLY_BATCH_SALT_BYTES        32

/* An arena of this size is enough for any batch. */
#define TALLY_BATCH_ARENA_BYTES_MAX ((size_t)64 << 20)

#define TALLY_BATCH_MEDIA_TYPE "application/vnd.tallystick.batch"

/* How the events are written. */
typedef enum tally_batch_form {
    TALLY_BATCH_JSONL,       /* application/jsonl */
    TALLY_BATCH_CLOUDEVENTS, /* application/cloudevents-batch+json */
    TALLY_BATCH_CSV          /* text/csv */
} tally_batch_form;

/* What the source signed. */
typedef struct tally_batch_header {
    tally_text programme; /* the origin of its log */
    tally_text source;    /* did:key */
    uint64_t number;      /* 1, 2, 3 ... per source */
    uint32_t count;
    tally_batch_form form;
    tally_node root;
} tally_batch_header;

/* Why one event is refused. All strings but the sentence are constants. */
typedef struct tally_batch_problem {
    const char *code;  /* "E_SCHEMA", "E_OTHER_SUBJECT", "E_SOURCE" */
    const char *right; /* of the charter: "R8", "R11", "R10" */
    tally_text sentence;
    uint32_t line, column; /* in the body, from 1; column counts characters */
} tally_batch_problem;

/* One event. Its texts lie in the message, or in the arena where they had to be
 * freed of quotes or escapes. With a problem, only bytes, salt and line are
 * sure; the other parts are what was read until then, else empty. */
typedef struct tally_batch_event {
    tally_text bytes;      /* as they stand in the body; see tally_batch.prefix */
    const uint8_t *salt;   /* TALLY_BATCH_SALT_BYTES */
    tally_text id, type;   /* both not empty, visible characters */
    tally_text subject;    /* did:key:..., handle:... or org:... */
    tally_moment at;       /* a day, or a time with or without offset */
    uint32_t line, column; /* where the event begins in the body */
    uint32_t field_count;
    const tally_record_text
        *fields; /* no name twice; the new `at` of a correction is called "at" */
    const tally_batch_problem *problem; /* NULL: none so far */
} tally_batch_event;

typedef struct tally_batch {
    tally_batch_header header;
    tally_text header_jws; /* as it came, to be kept */
    tally_text
        prefix; /* event bytes are this and then event.bytes: in CSV the header row and LF, else empty */
    uint32_t event_count; /* equals header.count */
    tally_batch_event *events;
} tally_batch;

/* What reading needs besides its input: room for tokens. One thread at a time. */
typedef struct tally_batch_reader tally_batch_reader;

/* TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_batch_reader_new(tally_batch_reader **out_reader, tally_err *err);

/* NULL is allowed. */
void tally_batch_reader_free(tally_batch_reader *reader);

/* Read a message: container, header and its signature, salts, events. So nothing
 * is parsed but what the holder of some key signed for. That the root is that of
 * the events is for tally_batch_verify() to see, and comes next.
 *
 * out_batch  points into message, which must outlive it, and into the arena.
 *
 * TALLY_E_INVALID  it is not a batch, or the count is not that of the events;
 *                  err says where, by lines of the whole message
 * TALLY_E_DENIED   the header is not signed by the source it names
 * TALLY_E_LIMIT    one of the bounds above is exceeded
 * TALLY_E_NOMEM    allocation failed */
TALLY_MUST_CHECK tally_rc tally_batch_parse(tally_batch *out_batch, tally_batch_reader *reader,
                                            tally_text message, tally_arena *arena, tally_err *err);

/* Read the bytes of one event again, as they were hashed: in CSV with their
 * header row. out_event->salt is NULL. What is wrong with it is its problem, and
 * then TALLY_OK too; TALLY_E_NOMEM, TALLY_E_LIMIT: the arena is full. */
TALLY_MUST_CHECK tally_rc tally_batch_parse_event(tally_batch_event *out_event,
                                                  tally_batch_reader *reader, tally_batch_form form,
                                                  tally_text event_bytes, tally_arena *arena,
                                                  tally_err *err);

/* "application/jsonl" and so on; and back: false, there is no such form. */
const char *tally_batch_form_name(tally_batch_form form);
bool tally_batch_form_of(tally_batch_form *out_form, tally_text media_type);

/* ---- the tree of a batch ------------------------------------------------------ */

/* The roots of the complete subtrees over the leaves of a batch, by height. */
#define TALLY_BATCH_HEIGHTS 14
typedef struct tally_batch_tree {
    uint32_t count;
    const tally_node *nodes[TALLY_BATCH_HEIGHTS]; /* count >> height of them; [0]: the leaves */
} tally_batch_tree;

/* The entry of an event, SHA-256("tally/event/v1" NUL NUL || salt || event bytes),
 * where the event bytes are the prefix and what follows it. TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_batch_hash_event(tally_hash *hash, tally_node *out,
                                                 const uint8_t salt[static TALLY_BATCH_SALT_BYTES],
                                                 tally_text prefix, tally_text bytes);

/* Hash all events of a batch into a tree (RFC 6962) of the entries above. It
 * lives in the arena. TALLY_E_NOMEM, TALLY_E_LIMIT. */
TALLY_MUST_CHECK tally_rc tally_batch_tree_make(tally_batch_tree *out_tree,
                                                const tally_batch *batch, tally_arena *arena,
                                                tally_err *err);

/* TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_batch_tree_root(const tally_batch_tree *tree, tally_hash *hash,
                                                tally_node *out, tally_err *err);

/* The path from the event at a position below count up to the root; checked by
 * tally_proof_check_inclusion(). TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_batch_tree_path(const tally_batch_tree *tree, tally_hash *hash,
                                                uint32_t position, tally_proof *out,
                                                tally_err *err);

/* Is the root in the header that of the events and salts? Whether that source may
 * send is the ledger's question.
 *
 * out_tree  in the arena; for paths.
 *
 * TALLY_E_DENIED  it is another one
 * TALLY_E_NOMEM, TALLY_E_LIMIT  no memory left */
TALLY_MUST_CHECK tally_rc tally_batch_verify(const tally_batch *batch, tally_batch_tree *out_tree,
                                             tally_arena *arena, tally_err *err);

#endif
