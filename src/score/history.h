/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_SCORE_HISTORY_H
#define TALLY_SCORE_HISTORY_H

/* One subject's records as columns, checked and in order: the only input of the engine besides the
 * policy and T. Built from loose records (any order) by tally_history_builder, or pointed at slices of a
 * larger column store by the bulk path of `tally eval`. docs/policy-language.md section 2. */

#include "policy/program.h"
#include "tally/base.h"
#include "util/buffer.h"
#include "util/intern.h"

/* Records in (at, id) order. Columns may be NULL where noted. All belong to somebody else. */
typedef struct tally_history {
    uint32_t count;
    const int64_t *at_ms;
    const int64_t *recorded_ms; /* NULL: the same as at_ms */
    const int32_t *offset_s;    /* NULL: 0 for all; used only by `each event's own` */
    const uint8_t *type;        /* event type index */
    const int64_t *const *slots; /* slots[s][i]: field s of record i, TALLY_NOTHING if it has none; slot_count columns */
    uint32_t slot_count;
    const uint32_t *of;         /* index of the record that a record-about-a-record names, else TALLY_NO_INDEX; NULL: there are none */
    const int64_t *correction_at_ms; /* of a correction: the new `at`, TALLY_NOTHING: not replaced; NULL: there are none */
    const tally_text *id;       /* NULL: ids are not kept (bulk path) */
    const uint32_t *subject;    /* admission only: interned subject per record; else NULL */
    bool has_records_about;     /* any of the five record types is present */
} tally_history;

/* Why a record was refused. */
typedef struct tally_refusal {
    uint32_t input_index; /* order in which the record was added, from 0 */
    tally_text id;
    const char *code;     /* "unknown-type", "unknown-field", "missing-field", "out-of-type", "duplicate", "recorded-late", "unknown-of", "before-its-target", "freeze-over-hold", "admission" */
    tally_text message;
} tally_refusal;

/* A loose record: texts as they came. */
typedef struct tally_record_text { tally_text name, value; } tally_record_text;
typedef struct tally_record {
    tally_text type, id;
    int64_t at_ms, recorded_ms; /* recorded_ms TALLY_NOTHING: the same as at_ms */
    int32_t offset_s;
    uint32_t field_count;
    const tally_record_text *fields; /* an empty value is "nothing" */
} tally_record;

typedef struct tally_history_builder tally_history_builder;

/* ids of fields of type id/member are interned in `tokens` (shared between subjects so that they stay
 * comparable; may be NULL for a private table). Memory comes from `arena` and lives as long as it. */
TALLY_MUST_CHECK tally_rc tally_history_builder_new(tally_history_builder **out_builder, const struct tally_policy *policy,
                                                    tally_arena *arena, tally_intern *tokens, tally_err *err);
/* Check and add one record; a refused record is noted, not an error. corrections are applied when finishing:
 * a `correction` carries the named fields as texts. */
TALLY_MUST_CHECK tally_rc tally_history_builder_add(tally_history_builder *builder, const tally_record *record, tally_err *err);
/* Sort, resolve `of`, apply what does not depend on T. The history lives in the arena. Corrections become
 * TALLY_RECORD_CORRECTION records whose slots hold the replaced fields (TALLY_NOTHING: not replaced; slot numbers of
 * the target's type) and whose new `at` is in correction_at_ms. A `decision` has its finding in slot 0: 0 stands, 1 dropped. */
TALLY_MUST_CHECK tally_rc tally_history_builder_finish(tally_history_builder *builder, tally_history *out_history,
                                                       const tally_refusal **out_refusals, uint32_t *out_refusal_count, tally_err *err);

/* Parse one field's text into its value. False: `out_of_type` (why is appended to reason, if not NULL).
 * tokens: for ids. Shared with the bulk reader. */
bool tally_field_parse(const tally_field *field, tally_text text, tally_intern *tokens, int64_t *out_value, tally_buffer *reason);

/* (at, id) order for ids [2]: <0, 0, >0. */
int tally_id_compare(tally_text a, tally_text b);

#endif
