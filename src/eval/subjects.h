/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_EVAL_SUBJECTS_H
#define TALLY_EVAL_SUBJECTS_H

/* Subjects as dense numbers in order of arrival, and their order for output,
 * which is that of ids (docs/policy-language.md section 2) and so the same
 * whatever the order of the input. A small number finds its subject without
 * hashing. One thread at a time. */

#include <stdint.h>

#include "tally/base.h"
#include "util/text.h"

typedef struct tally_subjects tally_subjects;

#define TALLY_SUBJECT_ROOM_BYTES 24

TALLY_MUST_CHECK tally_rc tally_subjects_new(tally_subjects **out_subjects, size_t bytes_max,
                                             tally_err *err);
void tally_subjects_free(tally_subjects *subjects);

/* The number of a subject, new or known. TALLY_E_LIMIT, TALLY_E_NOMEM. */
TALLY_MUST_CHECK tally_rc tally_subjects_add(tally_subjects *subjects, uint32_t *out_index,
                                             tally_text text, tally_err *err);

uint32_t tally_subjects_count(const tally_subjects *subjects);

/* index < count; written to out_room when the text is not kept. */
tally_text tally_subjects_text(const tally_subjects *subjects,
                               char out_room[static TALLY_SUBJECT_ROOM_BYTES], uint32_t index);

/* All numbers in the order of the texts. The caller releases *out_order with
 * tally_release(). */
TALLY_MUST_CHECK tally_rc tally_subjects_order(const tally_subjects *subjects, uint32_t **out_order,
                                               tally_err *err);

#endif
