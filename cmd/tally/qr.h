/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_CMD_QR_H
#define TALLY_CMD_QR_H

/* A text as a QR code (ISO/IEC 18004), made by libqrencode: on a terminal, two modules a
 * character high, or as an SVG picture. */

#include <stdbool.h>
#include <stdio.h>

#include "util/text.h"

/* Print it. has_colour: with colours, so that it is dark on light whatever the terminal is; without
 * them it is drawn for a dark one. False: the text is too long, or memory is short. */
bool tally_qr_print(FILE *stream, tally_text text, bool has_colour);

/* Write an SVG file of it. False: as above, or the file cannot be written (errno says why). */
bool tally_qr_write_svg(const char *path, tally_text text);

#endif
