/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions: plain types in, ours inside. */

#include "tally/tlog.h"

#include "tlog/proof_file.h"
#include "tlog/self_check.h"
#include "util/alloc.h"

#define EPOCHS_MAX 2

_Static_assert(TALLY_TLOG_HASH_BYTES == TALLY_HASH_BYTES, "hashes");
_Static_assert(TALLY_TLOG_ENTRY_BYTES == TALLY_ENTRY_BYTES, "entries");
_Static_assert(TALLY_TLOG_SECRET_BYTES == TALLY_SALT_BYTES, "secrets");
_Static_assert(TALLY_TLOG_CHECKPOINT_BYTES == TALLY_NOTE_BYTES_MAX, "checkpoints");
_Static_assert(TALLY_TLOG_KEYS_MAX <= TALLY_TRUST_KEYS_MAX, "keys");
_Static_assert((int)TALLY_TLOG_MEMBER_POINTS == (int)TALLY_SELF_POINTS, "faults");

typedef struct parsed_trust {
    tally_vkey logs[TALLY_TLOG_KEYS_MAX];
    tally_vkey witnesses[TALLY_TLOG_KEYS_MAX];
    tally_trust trust;
} parsed_trust;

static tally_rc no_memory(tally_err *err)
{
    return tally_err_set(err, TALLY_E_NOMEM, 0, "memory is short");
}

static tally_rc parse_keys(tally_vkey *out, const char *const *texts, size_t count,
                           tally_key_kind kind, tally_err *err)
{
    if (count > TALLY_TLOG_KEYS_MAX)
        return tally_err_set(err, TALLY_E_LIMIT, 0, "more than %d keys", TALLY_TLOG_KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        tally_rc rc = tally_vkey_parse(&out[i], tally_text_from(texts[i]), err);

        if (rc != TALLY_OK)
            return rc;
        if (out[i].kind != kind)
            return tally_err_set(err, TALLY_E_INVALID, 0,
                                 "a key is not of the kind it is named as");
        /* The same key twice would count twice for a quorum. */
        for (size_t j = 0; j < i; j++) {
            if (memcmp(out[i].public32, out[j].public32, sizeof(out[i].public32)) == 0)
                return tally_err_set(err, TALLY_E_INVALID, 0, "the same key is named twice");
        }
    }
    return TALLY_OK;
}

static tally_rc parse_trust(parsed_trust *out, const tally_tlog_trust *trust, tally_err *err)
{
    tally_rc rc = parse_keys(out->logs, trust->log_keys, trust->log_key_count, TALLY_KEY_LOG, err);

    if (rc == TALLY_OK)
        rc = parse_keys(out->witnesses, trust->witness_keys, trust->witness_key_count,
                        TALLY_KEY_WITNESS, err);
    if (rc != TALLY_OK)
        return rc;
    if (trust->log_key_count == 0 || trust->quorum > trust->witness_key_count)
        return tally_err_set(err, TALLY_E_INVALID, 0,
                             "a key of the log is needed, and no more witnesses than are named");
    for (size_t i = 1; i < trust->log_key_count; i++) {
        if (!tally_text_is_equal(out->logs[i].name, out->logs[0].name))
            return tally_err_set(err, TALLY_E_INVALID, 0, "the keys are of different logs");
    }
    out->trust = (tally_trust){ .origin = out->logs[0].name,
                                .log_keys = out->logs,
                                .log_key_count = trust->log_key_count,
                                .witnesses = out->witnesses,
                                .witness_count = trust->witness_key_count,
                                .quorum = trust->quorum };
    return TALLY_OK;
}

static void fill_head(tally_tlog_head *out, const tally_opened *opened)
{
    out->size = opened->checkpoint.size;
    memcpy(out->root, opened->checkpoint.root.bytes, TALLY_HASH_BYTES);
    out->witness_count = opened->witness_count;
    out->time_s = opened->time_s;
}

tally_rc tally_tlog_open_checkpoint(tally_tlog_head *out_head, const tally_tlog_trust *trust,
                                    const void *note, size_t note_bytes, tally_err *err)
{
    parsed_trust parsed;
    tally_opened opened;
    tally_rc rc = parse_trust(&parsed, trust, err);

    if (rc == TALLY_OK)
        rc = tally_checkpoint_open(&opened, tally_text_of(note, note_bytes), &parsed.trust, err);
    if (rc == TALLY_OK)
        fill_head(out_head, &opened);
    return rc;
}

static tally_rc take_hashes(tally_proof *out, const uint8_t *hashes, size_t count, tally_err *err)
{
    if (count > TALLY_PROOF_NODES_MAX)
        return tally_err_set(err, TALLY_E_INVALID, 0, "no proof has so many hashes");
    out->count = (uint32_t)count;
    if (count > 0)
        memcpy(out->nodes, hashes, count * TALLY_HASH_BYTES);
    return TALLY_OK;
}

tally_rc tally_tlog_check_inclusion(const tally_tlog_head *head, uint64_t index, const void *entry,
                                    size_t entry_bytes, const uint8_t *hashes, size_t hash_count,
                                    tally_err *err)
{
    tally_hash *hash = tally_hash_new();
    tally_proof proof;
    tally_node leaf, root;
    tally_rc rc = hash != NULL ? take_hashes(&proof, hashes, hash_count, err) : no_memory(err);

    memcpy(root.bytes, head->root, TALLY_HASH_BYTES);
    if (rc == TALLY_OK && tally_tree_hash_leaf(hash, &leaf, entry, entry_bytes) != TALLY_OK)
        rc = no_memory(err);
    if (rc == TALLY_OK)
        rc = tally_proof_check_inclusion(&proof, hash,
                                         (tally_tree_place){ .index = index, .size = head->size },
                                         &leaf, &root, err);
    tally_hash_free(hash);
    return rc;
}

tally_rc tally_tlog_check_consistency(const tally_tlog_head *earlier, const tally_tlog_head *later,
                                      const uint8_t *hashes, size_t hash_count, tally_err *err)
{
    const tally_tree_growth growth = { .from = earlier->size, .to = later->size };
    tally_hash *hash = tally_hash_new();
    tally_proof proof;
    tally_node from, to;
    tally_rc rc = hash != NULL ? take_hashes(&proof, hashes, hash_count, err) : no_memory(err);

    memcpy(from.bytes, earlier->root, TALLY_HASH_BYTES);
    memcpy(to.bytes, later->root, TALLY_HASH_BYTES);
    if (rc == TALLY_OK && growth.from == 0) {
        /* Nothing to prove, but it must have been nothing. */
        if (!tally_node_is_equal(&from, &tally_tree_empty_root) || hash_count > 0)
            rc = tally_err_set(err, TALLY_E_INVALID, 0, "this is no proof from size 0");
        else if (growth.to == 0 && !tally_node_is_equal(&to, &tally_tree_empty_root))
            rc = tally_err_set(err, TALLY_E_INVALID, 0, "the tree of nothing has another root");
    } else if (rc == TALLY_OK) {
        rc = tally_proof_check_consistency(&proof, hash, growth, &from, &to, err);
    }
    tally_hash_free(hash);
    return rc;
}

tally_rc tally_tlog_check_proof(uint64_t *out_index, tally_tlog_head *out_head,
                                const tally_tlog_trust *trust, const void *proof,
                                size_t proof_bytes, const void *entry, size_t entry_bytes,
                                tally_err *err)
{
    tally_hash *hash = tally_hash_new();
    parsed_trust parsed;
    tally_proof_file file;
    tally_opened opened;
    tally_node leaf;
    tally_rc rc = hash != NULL ? parse_trust(&parsed, trust, err) : no_memory(err);

    if (rc == TALLY_OK)
        rc = tally_proof_file_parse(&file, tally_text_of(proof, proof_bytes), err);
    if (rc == TALLY_OK && tally_tree_hash_leaf(hash, &leaf, entry, entry_bytes) != TALLY_OK)
        rc = no_memory(err);
    if (rc == TALLY_OK)
        rc = tally_proof_file_check(&file, hash, &leaf, &parsed.trust, &opened, err);
    if (rc == TALLY_OK) {
        *out_index = file.index;
        fill_head(out_head, &opened);
    }
    tally_hash_free(hash);
    return rc;
}

/* ---- the own row ---- */

static tally_rc take_bytes(void *taker, const void *bytes, size_t count)
{
    return tally_buffer_append(taker, bytes, count);
}

static tally_rc read_file(void *context, const char *path, tally_buffer *out, bool *out_exists,
                          tally_err *err)
{
    const tally_tlog_files *files = context;
    tally_rc rc;

    tally_buffer_reset(out);
    rc = files->read(files->context, path, take_bytes, out, err);
    *out_exists = rc != TALLY_E_RETRY;
    if (rc == TALLY_E_RETRY) {
        tally_err_clear(err);
        return TALLY_OK;
    }
    if (tally_buffer_failure(out) != TALLY_OK)
        rc = tally_buffer_failure(out);
    return rc == TALLY_E_NOMEM ? no_memory(err) : rc;
}

static tally_rc check_member(tally_tlog_member *out, const parsed_trust *parsed,
                             const tally_tlog_files *files, const tally_tlog_claim *claim,
                             const tally_self_record *records, tally_buffer *note, tally_err *err)
{
    const tally_files_source source = { .context = (void *)(uintptr_t)files, .read = read_file };
    const tally_self_claim inner = {
        .trust = &parsed->trust,
        .kept = tally_text_of(claim->kept, claim->kept != NULL ? claim->kept_bytes : 0),
        .epoch_now = claim->epoch_now,
        .epochs_max = EPOCHS_MAX,
        .secret32 = claim->secret32,
        .salt32 = claim->salt32,
        .state = tally_text_of(claim->state, claim->state_bytes),
        .has_policy = claim->policy != NULL,
        .policy_index = claim->policy_index,
        .policy = tally_text_of(claim->policy, claim->policy_bytes),
        .has_records = claim->records != NULL,
        .records = records,
        .record_count = claim->record_count,
        .points = claim->points,
        .is_erased = claim->is_erased,
    };
    tally_self_result result;
    tally_opened opened;
    tally_rc rc = tally_self_check(&result, source, &inner, note, err);

    out->fault = (tally_tlog_member_fault)result.fault;
    out->epoch = result.epoch;
    out->index = result.index;
    out->log_size = result.log_size;
    if (note->count > 0 &&
        tally_checkpoint_open(&opened, tally_buffer_text(note), &parsed->trust, NULL) == TALLY_OK) {
        fill_head(&out->head, &opened);
        memcpy(out->checkpoint, note->bytes, note->count);
        out->checkpoint_bytes = note->count;
    }
    return rc;
}

tally_rc tally_tlog_check_member(tally_tlog_member *out_member, const tally_tlog_trust *trust,
                                 const tally_tlog_files *files, const tally_tlog_claim *claim,
                                 tally_err *err)
{
    size_t count = claim->records != NULL ? claim->record_count : 0;
    tally_self_record *records = tally_alloc_array(count > 0 ? count : 1, sizeof(*records));
    parsed_trust parsed;
    tally_buffer note;
    tally_rc rc;

    memset(out_member, 0, sizeof(*out_member));
    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    rc = records != NULL ? parse_trust(&parsed, trust, err) : no_memory(err);
    if (rc == TALLY_OK && (claim->secret32 == NULL ||
                           (!claim->is_erased && (claim->salt32 == NULL || claim->state == NULL))))
        rc = tally_err_set(err, TALLY_E_INVALID, 0, "secret, salt and state are needed");
    for (size_t i = 0; i < count && rc == TALLY_OK; i++)
        records[i] = (tally_self_record){
            .index = claim->records[i].index,
            .entry = tally_text_of((const char *)claim->records[i].entry, TALLY_ENTRY_BYTES),
        };
    if (rc == TALLY_OK)
        rc = check_member(out_member, &parsed, files, claim, records, &note, err);
    tally_buffer_free(&note);
    tally_release(records);
    return rc;
}
