/* SPDX-License-Identifier: Apache-2.0 */
/* The one C++ file; see simdjson_shim.h. Compiled without exceptions and RTTI:
 * all that is called of simdjson is noexcept, and it is its own choice at run
 * time which of its implementations fits the processor. */

#include "batch/simdjson_shim.h"

#include <memory>
#include <simdjson.h>

extern "C" {
#include "util/alloc.h"
}

struct tally_simdjson {
    simdjson::internal::dom_parser_implementation *implementation;
};

static const size_t bytes_limit = static_cast<size_t>(16) << 20;

tally_rc tally_simdjson_new(tally_simdjson **out_simdjson, size_t bytes_max, tally_err *err)
{
    std::unique_ptr<simdjson::internal::dom_parser_implementation> made;
    tally_simdjson *simdjson = static_cast<tally_simdjson *>(tally_alloc(sizeof(*simdjson)));

    TALLY_ASSERT(bytes_max > 0 && bytes_max <= bytes_limit);
    if (simdjson == nullptr ||
        simdjson::get_active_implementation()->create_dom_parser_implementation(
            bytes_max, 1, made) != simdjson::SUCCESS) {
        tally_release(simdjson);
        return tally_err_set(err, TALLY_E_NOMEM, 0, "reading JSON");
    }
    simdjson->implementation = made.release();
    *out_simdjson = simdjson;
    return TALLY_OK;
}

const char *tally_simdjson_index(tally_simdjson *simdjson, const uint32_t **out_offsets,
                                 uint32_t *out_count, const char *bytes, size_t count)
{
    simdjson::internal::dom_parser_implementation *made = simdjson->implementation;

    switch (made->stage1(reinterpret_cast<const uint8_t *>(bytes), count,
                         simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        *out_offsets = made->structural_indexes.get();
        *out_count = made->n_structural_indexes;
        return nullptr;
    case simdjson::EMPTY:
        return "nothing stands here";
    case simdjson::UTF8_ERROR:
        return "this is not UTF-8";
    case simdjson::UNCLOSED_STRING:
        return "a string is not closed";
    case simdjson::UNESCAPED_CHARS:
        return "a control character in a string";
    case simdjson::CAPACITY:
        return "the text is too long";
    default:
        return "this is not JSON";
    }
}

void tally_simdjson_free(tally_simdjson *simdjson)
{
    if (simdjson == nullptr)
        return;
    delete simdjson->implementation;
    tally_release(simdjson);
}
