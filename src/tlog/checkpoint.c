/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: their text, and whether to believe one. */

#include "tlog/checkpoint.h"

#include <inttypes.h>

#include "crypto/base64.h"

static tally_rc refuse(tally_err *err, const char *what)
{
    return tally_err_set(err, TALLY_E_INVALID, 0, "%s", what);
}

bool tally_checkpoint_parse_number(uint64_t *out, tally_text text)
{
    int64_t value;

    /* Neither a sign nor a second way to write a number. */
    if (text.count == 0 || text.bytes[0] == '-' || (text.count > 1 && text.bytes[0] == '0'))
        return false;
    if (tally_text_parse_i64(&value, text, 0, INT64_MAX) != TALLY_OK)
        return false;
    *out = (uint64_t)value;
    return true;
}

bool tally_checkpoint_take_line(tally_text *out_line, tally_text *inout_rest)
{
    return tally_text_split(*inout_rest, '\n', out_line, inout_rest);
}

tally_rc tally_checkpoint_parse(tally_checkpoint *out, tally_text text, tally_err *err)
{
    tally_checkpoint checkpoint;
    tally_text rest = text;
    tally_text size, root, extension;

    if (!tally_checkpoint_take_line(&checkpoint.origin, &rest) ||
        !tally_checkpoint_take_line(&size, &rest) || !tally_checkpoint_take_line(&root, &rest))
        return refuse(err, "a checkpoint has at least three lines");
    if (checkpoint.origin.count == 0)
        return refuse(err, "the origin is empty");
    if (!tally_checkpoint_parse_number(&checkpoint.size, size))
        return refuse(err, "the size is not a number below 2^63 without sign or leading zeros");
    if (!tally_base64_is_exactly(checkpoint.root.bytes, TALLY_HASH_BYTES, root))
        return refuse(err, "the root is not the canonical Base64 of 32 bytes");
    while (rest.count > 0) {
        if (!tally_checkpoint_take_line(&extension, &rest) || extension.count == 0)
            return refuse(err, "a line after the root is empty or does not end");
    }
    if (checkpoint.size == 0 && !tally_node_is_equal(&checkpoint.root, &tally_tree_empty_root))
        return refuse(err, "the root of an empty tree is the SHA-256 of nothing");
    *out = checkpoint;
    return TALLY_OK;
}

tally_rc tally_checkpoint_append(tally_buffer *out, const tally_checkpoint *checkpoint)
{
    if (!tally_note_is_name(checkpoint->origin) || checkpoint->size > TALLY_TREE_SIZE_MAX)
        return TALLY_E_INVALID;
    tally_buffer_append_text(out, checkpoint->origin);
    tally_buffer_printf(out, "\n%" PRIu64 "\n", checkpoint->size);
    tally_base64_append(out, checkpoint->root.bytes, TALLY_HASH_BYTES);
    return tally_buffer_append_byte(out, '\n');
}

/* The quorum-th latest of the times that witnesses gave: at least so many saw
 * the checkpoint then or later. */
static int64_t quorum_time(const tally_note_verdict *verdicts, size_t count, size_t quorum)
{
    int64_t best = 0;

    for (size_t i = 0; i < count; i++) {
        size_t as_late = 0;

        for (size_t j = 0; j < count; j++)
            as_late += verdicts[j].is_signed && verdicts[j].time_s >= verdicts[i].time_s;
        if (verdicts[i].is_signed && as_late >= quorum && verdicts[i].time_s > best)
            best = verdicts[i].time_s;
    }
    return best;
}

static size_t count_signed(const tally_note_verdict *verdicts, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += verdicts[i].is_signed;
    return found;
}

/* The same by a policy. */
static tally_rc check_policy(tally_opened *out, const tally_note *note, const tally_quorum *policy,
                             tally_err *err)
{
    tally_note_verdict verdicts[TALLY_QUORUM_WITNESSES_MAX];
    bool has_signed[TALLY_QUORUM_WITNESSES_MAX];
    tally_rc rc = tally_note_verify(note, policy->witnesses, policy->witness_count, verdicts, err);

    if (rc != TALLY_OK)
        return rc;
    for (uint32_t i = 0; i < policy->witness_count; i++)
        has_signed[i] = verdicts[i].is_signed;
    out->witness_count = count_signed(verdicts, policy->witness_count);
    if (!tally_quorum_is_met(policy, has_signed))
        return tally_err_set(err, TALLY_E_DENIED, 0,
                             "the %zu witnesses that cosigned do not make the quorum",
                             out->witness_count);
    out->time_s = tally_quorum_time(policy, verdicts);
    return TALLY_OK;
}

static tally_rc check_signatures(tally_opened *out, const tally_note *note,
                                 const tally_trust *trust, tally_err *err)
{
    tally_note_verdict logs[TALLY_TRUST_KEYS_MAX];
    tally_note_verdict witnesses[TALLY_TRUST_KEYS_MAX];
    tally_rc rc;

    TALLY_ASSERT(trust->log_key_count <= TALLY_TRUST_KEYS_MAX);
    TALLY_ASSERT(trust->witness_count <= TALLY_TRUST_KEYS_MAX);
    rc = tally_note_verify(note, trust->log_keys, trust->log_key_count, logs, err);
    if (rc == TALLY_OK && trust->policy == NULL)
        rc = tally_note_verify(note, trust->witnesses, trust->witness_count, witnesses, err);
    if (rc != TALLY_OK)
        return rc;
    if (count_signed(logs, trust->log_key_count) == 0)
        return tally_err_set(err, TALLY_E_DENIED, 0, "no signature is by a key that is trusted");
    if (trust->policy != NULL)
        return check_policy(out, note, trust->policy, err);
    out->witness_count = count_signed(witnesses, trust->witness_count);
    if (out->witness_count < trust->quorum)
        return tally_err_set(err, TALLY_E_DENIED, 0, "%zu of %zu required witnesses cosigned",
                             out->witness_count, trust->quorum);
    out->time_s =
        trust->quorum > 0 ? quorum_time(witnesses, trust->witness_count, trust->quorum) : 0;
    return TALLY_OK;
}

tally_rc tally_checkpoint_open(tally_opened *out, tally_text bytes, const tally_trust *trust,
                               tally_err *err)
{
    tally_opened opened = { .time_s = 0 };
    tally_note note;
    tally_rc rc;

    rc = tally_note_parse(&note, bytes, err);
    if (rc == TALLY_OK)
        rc = check_signatures(&opened, &note, trust, err);
    if (rc == TALLY_OK)
        rc = tally_checkpoint_parse(&opened.checkpoint, note.text, err);
    if (rc != TALLY_OK)
        return rc;
    if (!tally_text_is_equal(opened.checkpoint.origin, trust->origin))
        return tally_err_set(err, TALLY_E_DENIED, 0, "it is the checkpoint of %.*s",
                             TALLY_TEXT_ARGS(opened.checkpoint.origin));
    opened.text = note.text;
    *out = opened;
    return TALLY_OK;
}
