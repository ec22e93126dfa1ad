/* SPDX-License-Identifier: Apache-2.0 */
/* Proof files. */

#include "tlog/proof_file.h"

#include <inttypes.h>

#include "crypto/base64.h"

#define FIRST_LINE   TALLY_TEXT("c2sp.org/tlog-proof@v1")
#define EXTRA_PREFIX TALLY_TEXT("extra ")
#define INDEX_PREFIX TALLY_TEXT("index ")

static tally_rc refuse(tally_err *err, uint32_t line, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, line, "%s", what);
}

/* The hashes and the empty line after them. */
static tally_rc parse_hashes(tally_proof *out, tally_text *inout_rest, uint32_t line,
                             tally_err *err)
{
    for (out->count = 0;; line++) {
        tally_text encoded;

        if (!tally_checkpoint_take_line(&encoded, inout_rest))
            return refuse(err, line, "no empty line follows the hashes");
        if (encoded.count == 0)
            return TALLY_OK;
        if (out->count == TALLY_PROOF_NODES_MAX)
            return tally_err_set(err, TALLY_E_LIMIT, line, "more than %d hashes",
                                 TALLY_PROOF_NODES_MAX);
        if (!tally_base64_is_exactly(out->nodes[out->count].bytes, TALLY_HASH_BYTES, encoded))
            return refuse(err, line, "not the canonical Base64 of a hash");
        out->count++;
    }
}

tally_rc tally_proof_file_parse(tally_proof_file *out, tally_text bytes, tally_err *err)
{
    tally_text rest = bytes;
    tally_text line;
    uint32_t number = 2;
    tally_rc rc;

    if (bytes.count > TALLY_PROOF_FILE_BYTES_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "a proof file of %zu bytes", bytes.count);
    if (!tally_checkpoint_take_line(&line, &rest) || !tally_text_is_equal(line, FIRST_LINE))
        return refuse(err, 1, "the first line is not c2sp.org/tlog-proof@v1");
    if (!tally_checkpoint_take_line(&line, &rest))
        return refuse(err, number, "the index is missing");
    out->extra = tally_text_of(NULL, 0);
    out->has_extra = tally_text_has_prefix(line, EXTRA_PREFIX);
    if (out->has_extra) {
        out->extra = tally_text_slice(line, EXTRA_PREFIX.count, line.count);
        if (tally_base64_decode(NULL, SIZE_MAX, NULL, out->extra) != TALLY_OK)
            return refuse(err, number, "the extra data is not canonical Base64");
        number++;
        if (!tally_checkpoint_take_line(&line, &rest))
            return refuse(err, number, "the index is missing");
    }
    if (!tally_text_has_prefix(line, INDEX_PREFIX) ||
        !tally_checkpoint_parse_number(&out->index,
                                       tally_text_slice(line, INDEX_PREFIX.count, line.count)))
        return refuse(err, number, "not `index` and a number");
    rc = parse_hashes(&out->proof, &rest, number + 1, err);
    if (rc != TALLY_OK)
        return rc;
    if (rest.count == 0)
        return refuse(err, 0, "the checkpoint is missing");
    out->checkpoint = rest;
    return TALLY_OK;
}

tally_rc tally_proof_file_append(tally_buffer *out, const tally_proof_file *file)
{
    tally_buffer_append_text(out, FIRST_LINE);
    tally_buffer_append_byte(out, '\n');
    if (file->has_extra) {
        tally_buffer_append_text(out, EXTRA_PREFIX);
        tally_buffer_append_text(out, file->extra);
        tally_buffer_append_byte(out, '\n');
    }
    tally_buffer_printf(out, "index %" PRIu64 "\n", file->index);
    for (uint32_t i = 0; i < file->proof.count; i++) {
        tally_base64_append(out, file->proof.nodes[i].bytes, TALLY_HASH_BYTES);
        tally_buffer_append_byte(out, '\n');
    }
    tally_buffer_append_byte(out, '\n');
    return tally_buffer_append_text(out, file->checkpoint);
}

tally_rc tally_proof_file_check(const tally_proof_file *file, tally_hash *hash,
                                const tally_node *leaf, const tally_trust *trust,
                                tally_opened *out_opened, tally_err *err)
{
    tally_opened opened;
    tally_rc rc = tally_checkpoint_open(&opened, file->checkpoint, trust, err);

    if (rc == TALLY_OK)
        rc = tally_proof_check_inclusion(
            &file->proof, hash,
            (tally_tree_place){ .index = file->index, .size = opened.checkpoint.size }, leaf,
            &opened.checkpoint.root, err);
    if (rc == TALLY_OK)
        *out_opened = opened;
    return rc;
}
