/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of JSON Lines. A line that is taken is JSON to the strict reader of
 * documents too, which shares nothing with this one. */

#include "batch.h"
#include "json/value.h"

/* What the other reader alone refuses: U+0000, and numbers beyond a double. */
static bool is_beyond(tally_text text)
{
    for (size_t i = 0; i + 5 < text.count; i++) {
        if (memcmp(text.bytes + i, "\\u0000", 6) == 0)
            return true;
        if ((text.bytes[i] == 'e' || text.bytes[i] == 'E') && i > 0 &&
            ((text.bytes[i - 1] >= '0' && text.bytes[i - 1] <= '9')))
            return true;
    }
    return text.count > 300;
}

static void is_json(const tally_batch_event *event)
{
    const tally_json_options options = { .takes_any_number = true };
    tally_json_document *document = NULL;
    tally_rc rc = tally_json_parse(&document, event->bytes, &options, NULL);

    TALLY_ASSERT(rc == TALLY_OK || rc == TALLY_E_NOMEM || is_beyond(event->bytes));
    tally_json_document_free(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    fuzz_body(TALLY_BATCH_JSONL, bytes, count, is_json);
    return 0;
}
