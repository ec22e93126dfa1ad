/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TALLY_PUBLISH_LINKS_H
#define TALLY_PUBLISH_LINKS_H

/* How witnesses are asked: over HTTP, or by files that somebody carries.
 *
 *   https://witness.example.org/     POST <URL>/add-checkpoint
 *   file:FOLDER                      the body is put into FOLDER/request; the
 *                                    answer is FOLDER/response, its first line
 *                                    the status (docs/formats/witness.md)
 *
 * The second is for a witness without a network. It suits beats that are longer
 * than the way there and back. */

#include "publish/publisher.h"

typedef struct tally_link tally_link;

/* A link for the URL of a witness.
 *
 * out_link   is released with tally_link_free()
 * base       the folder that file: is relative to; must outlive it
 *
 * TALLY_E_INVALID  no such URL
 * TALLY_E_NOMEM */
TALLY_MUST_CHECK tally_rc tally_link_new(tally_link **out_link, tally_text url, const char *base,
                                         tally_err *err);

/* For tally_publisher_options. Valid as long as the link. */
tally_witness_link tally_link_ask(tally_link *link);

/* NULL is allowed. */
void tally_link_free(tally_link *link);

#endif
