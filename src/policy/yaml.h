/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_YAML_H
#define TALLY_POLICY_YAML_H

/* The YAML of a policy as a tree with places.
 *
 * Only the part of YAML 1.2 that a policy needs is let through: mappings with
 * scalar keys, sequences and scalars. Anchors, aliases, tags, merge keys,
 * duplicate keys and directives are reported (docs/policy-language.md 17).
 * Time and memory are linear in the text, whatever it holds. */

#include "policy/compiler.h"
#include "util/arena.h"

#define TALLY_YAML_DEPTH_MAX       64u
#define TALLY_YAML_LINE_BYTES_MAX  ((size_t)16 << 10)
#define TALLY_YAML_EMPTY_LINES_MAX 100u

typedef enum tally_yaml_kind {
    TALLY_YAML_SCALAR,
    TALLY_YAML_SEQUENCE,
    TALLY_YAML_MAPPING,
} tally_yaml_kind;

typedef struct tally_yaml tally_yaml;

struct tally_yaml {
    tally_yaml_kind kind;
    bool is_flow;   /* stands inside [] or {}, or is one */
    bool is_plain;  /* a scalar without quotes, not a block */
    bool is_empty;  /* nothing was written where a value belongs */
    bool has_cut;   /* ` #` follows on its line: whatever is behind it is a comment */
    bool cuts_text; /* ... and the next byte is not a space, so it may have been meant as text */
    uint32_t line, column;
    size_t start, end;       /* bytes in the file */
    tally_text raw;          /* of a scalar: as written, within the file; without quotes */
    tally_text text;         /* of a scalar: its value, without white space at its end */
    const tally_yaml *key;   /* of a mapping's value */
    const tally_yaml *next;  /* the next value of the same collection */
    const tally_yaml *first; /* of a collection */
    uint32_t count;          /* values of a collection */
};

typedef struct tally_yaml_document {
    const tally_yaml *root; /* NULL: nothing in it */
    tally_text text;        /* what belongs to its hash (section 11) */
    uint32_t line;          /* of its first byte */
} tally_yaml_document;

typedef struct tally_yaml_stream {
    uint32_t count;
    tally_yaml_document *documents;
    uint32_t refusal_count; /* what was refused although the tree is whole */
} tally_yaml_stream;

/* Read a whole file.
 *
 * text         valid UTF-8 without NUL; stays the caller's and must live as long as the tree.
 * nodes        arena of the tree.
 * texts        arena of values that are not written word for word in the text.
 * diagnostics  gets every refusal. Some leave the tree whole: then TALLY_OK is returned and
 *              out_stream->refusal_count says how many.
 *
 * TALLY_E_INVALID  the tree lacks something that stands in the text; it was reported
 * TALLY_E_LIMIT    it is deeper or wider than this page allows (reported too)
 * TALLY_E_NOMEM    memory is short */
TALLY_MUST_CHECK tally_rc tally_yaml_read(tally_yaml_stream *out_stream, tally_text text,
                                          uint32_t documents_max, tally_arena *nodes,
                                          tally_arena *texts, tally_diagnostics *diagnostics);

/* The value of a key, or NULL. */
const tally_yaml *tally_yaml_get(const tally_yaml *mapping, const char *key);

/* A scalar as the expression compiler takes it. */
tally_source_text tally_yaml_source(const tally_yaml *node);

/* Characters of the first line of a node, at least 1: what a caret line underlines. */
uint32_t tally_yaml_underline(const tally_yaml *node);

/* Report what libfyaml said about a place (from 1), in words that help. False: memory is short. */
bool tally_yaml_explain(tally_diagnostics *diagnostics, tally_text text, int line, int column,
                        const char *said);

#endif
