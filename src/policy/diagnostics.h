/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_POLICY_DIAGNOSTICS_H
#define TALLY_POLICY_DIAGNOSTICS_H

/* The list behind tally_diagnostics: bounded (TALLY_DIAGNOSTICS_MAX; the last entry then says
 * how many more there were), kept in order of place. Rendering them as text with the line and a
 * caret is render.c's work and needs the file's text. */

#include "tally/policy.h"
#include "util/buffer.h"
#include "util/text.h"

#define TALLY_DIAGNOSTICS_MAX 500u

/* Add one; all texts are copied. code and right must be string literals. False: memory is short. */
bool tally_diagnostics_add(tally_diagnostics *diagnostics, tally_severity severity,
                           const char *code, const char *right, uint32_t line, uint32_t column,
                           uint32_t length, tally_text message, tally_text hint);

/* Take a number of lines off all entries that stand further down: of a text that was read behind
 * another one. */
void tally_diagnostics_move_up(tally_diagnostics *diagnostics, uint32_t lines);

/* Put the list in order of (line, column), stable. */
void tally_diagnostics_sort(tally_diagnostics *diagnostics);

/* `file:line:column: message`, the line, a caret line with the hint; colours only if asked. */
void tally_diagnostics_render_text(const tally_diagnostics *diagnostics, tally_text file_name,
                                   tally_text file_text, bool with_colour, tally_buffer *out);

/* A JSON array of objects with the fields of tally_diagnostic and `file`. */
void tally_diagnostics_render_json(const tally_diagnostics *diagnostics, tally_text file_name,
                                   tally_buffer *out);

#endif
