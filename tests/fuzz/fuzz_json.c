/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as JSON: what is read has a canonical form, which reads as itself. */

#include "fuzz.h"
#include "json/jcs.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const tally_json_options options = { .takes_any_number = true,
                                                .depth_max = TALLY_JSON_DEPTH_MOST };
    tally_text text = tally_text_of((const char *)bytes, count);
    tally_json_document *document = NULL, *again = NULL;
    tally_buffer canonical;

    /* What our own documents may hold, any document may. */
    if (tally_json_parse(&document, text, NULL, NULL) == TALLY_OK) {
        TALLY_ASSERT(tally_json_parse(&again, text, &options, NULL) == TALLY_OK);
        tally_json_document_free(again);
        tally_json_document_free(document);
    }
    if (tally_json_parse(&document, text, &options, NULL) != TALLY_OK)
        return 0;
    /* A canonical form has at most 6 bytes where a text has 1, and 25 for a number. */
    tally_buffer_init(&canonical, 32 * count + 1);
    TALLY_ASSERT(tally_jcs_append(&canonical, tally_json_root(document), NULL) == TALLY_OK);
    if (canonical.count <= 65536) {
        TALLY_ASSERT(tally_json_parse(&again, tally_buffer_text(&canonical), &options, NULL) ==
                     TALLY_OK);
        TALLY_ASSERT(tally_jcs_check(tally_json_root(again), tally_buffer_text(&canonical), NULL) ==
                     TALLY_OK);
        tally_json_document_free(again);
    }
    tally_buffer_free(&canonical);
    tally_json_document_free(document);
    return 0;
}
