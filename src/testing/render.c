/* SPDX-License-Identifier: Apache-2.0 */
/* The outcome of a policy's tests, for people and for programs. */

#include "testing/testing.h"

#include <inttypes.h>
#include "util/json.h"

static void render_failure(const tally_test_failure *failure, tally_text file_name,
                           tally_buffer *out)
{
    tally_buffer_printf(out, "       %.*s:%" PRIu32 ":%" PRIu32 ": expected ",
                        TALLY_TEXT_ARGS(file_name), failure->line, failure->column);
    tally_buffer_append_text(out, failure->name);
    tally_buffer_append_byte(out, ' ');
    tally_buffer_append_text(out, failure->expected);
    tally_buffer_append_string(out, ", found ");
    tally_buffer_append_text(out, failure->found);
    tally_buffer_append_byte(out, '\n');
}

void tally_testing_render_text(const tally_test_run *run, tally_text file_name, tally_buffer *out)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const tally_test_outcome *outcome = &run->outcomes[i];

        tally_buffer_append_string(out, outcome->failure_count == 0 ? "  ok   " : "  FAIL ");
        tally_buffer_append_text(out, outcome->name);
        tally_buffer_append_byte(out, '\n');
        for (uint32_t k = 0; k < outcome->failure_count; k++)
            render_failure(&outcome->failures[k], file_name, out);
    }
    tally_buffer_append_text(out, file_name);
    tally_buffer_printf(out, ": %" PRIu32 " passed, %" PRIu32 " failed\n", run->passed,
                        run->failed);
}

void tally_testing_render_json(const tally_test_run *run, tally_text file_name, tally_buffer *out)
{
    tally_json json;

    tally_json_init(&json, out);
    tally_json_object(&json);
    tally_json_key(&json, "file");
    tally_json_text(&json, file_name);
    tally_json_key(&json, "passed");
    tally_json_integer(&json, run->passed);
    tally_json_key(&json, "failed");
    tally_json_integer(&json, run->failed);
    tally_json_key(&json, "tests");
    tally_json_array(&json);
    for (uint32_t i = 0; i < run->count; i++) {
        const tally_test_outcome *outcome = &run->outcomes[i];

        tally_json_object(&json);
        tally_json_key(&json, "name");
        tally_json_text(&json, outcome->name);
        tally_json_key(&json, "line");
        tally_json_integer(&json, outcome->line);
        tally_json_key(&json, "passed");
        tally_json_bool(&json, outcome->failure_count == 0);
        tally_json_key(&json, "failures");
        tally_json_array(&json);
        for (uint32_t k = 0; k < outcome->failure_count; k++) {
            const tally_test_failure *failure = &outcome->failures[k];

            tally_json_object(&json);
            tally_json_key(&json, "line");
            tally_json_integer(&json, failure->line);
            tally_json_key(&json, "column");
            tally_json_integer(&json, failure->column);
            tally_json_key(&json, "name");
            tally_json_text(&json, failure->name);
            tally_json_key(&json, "expected");
            tally_json_text(&json, failure->expected);
            tally_json_key(&json, "found");
            tally_json_text(&json, failure->found);
            tally_json_object_end(&json);
        }
        tally_json_array_end(&json);
        tally_json_object_end(&json);
    }
    tally_json_array_end(&json);
    tally_json_object_end(&json);
}
