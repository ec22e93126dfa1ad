/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and their commitments. */

#include "vectors.h"

#include "tlog/entry.h"

static tally_hash *hash;

static int begin(void **state)
{
    (void)state;
    hash = tally_hash_new();
    return hash == NULL;
}

static int end(void **state)
{
    (void)state;
    tally_hash_free(hash);
    return 0;
}

static void entries_come_back_as_written(void **state)
{
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];

    (void)state;
    vector_open(&table, "log-1000.entries.tsv");
    while (vector_next(&table, row)) {
        uint8_t bytes[TALLY_ENTRY_BYTES], again[TALLY_ENTRY_BYTES];
        tally_entry entry;

        assert_int_equal(vector_hex(bytes, sizeof(bytes), row[1]), TALLY_ENTRY_BYTES);
        assert_int_equal(
            tally_entry_parse(&entry, tally_text_of((char *)bytes, sizeof(bytes)), NULL), TALLY_OK);
        tally_entry_write(again, &entry);
        assert_memory_equal(again, bytes, sizeof(bytes));
    }
    vector_close(&table, 1000);
}

static void entries_of_another_form_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = { { 0, 0 }, { 0, 2 }, { 1, 0 }, { 1, 6 }, { 1, 255 }, { 2, 1 }, { 3, 1 } };
    tally_entry entry = { .kind = TALLY_ENTRY_KEY, .epoch = 1, .policy = UINT32_MAX };
    uint8_t bytes[TALLY_ENTRY_BYTES + 1] = { 0 };

    (void)state;
    tally_entry_write(bytes, &entry);
    for (size_t count = 0; count <= sizeof(bytes); count++)
        assert_int_equal(tally_entry_parse(&entry, tally_text_of((char *)bytes, count), NULL),
                         count == TALLY_ENTRY_BYTES ? TALLY_OK : TALLY_E_INVALID);
    for (size_t i = 0; i < UNIT_COUNT(changes); i++) {
        uint8_t kept = bytes[changes[i].at];

        bytes[changes[i].at] = changes[i].value;
        assert_int_equal(
            tally_entry_parse(&entry, tally_text_of((char *)bytes, TALLY_ENTRY_BYTES), NULL),
            TALLY_E_INVALID);
        bytes[changes[i].at] = kept;
    }
}

/* Fields with their salts, or their digests alone once erased, make the record's
 * commitment, the entry and the leaf. */
static void commitments_are_as_published(void **state)
{
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];
    tally_field_digest fields[8];
    size_t count = 0, erased = 0;

    (void)state;
    vector_open(&table, "commitments.tsv");
    while (vector_next(&table, row)) {
        uint8_t salt[TALLY_SALT_BYTES], bytes[256];
        tally_node commitment, leaf;
        tally_entry entry = { .kind = TALLY_ENTRY_RECORD };

        if (tally_text_is(row[0], "field")) {
            tally_node digest = vector_hash(row[5]);
            size_t value;

            assert_true(count < UNIT_COUNT(fields));
            if (tally_text_is(row[3], "erased")) {
                fields[count].slot = (uint8_t)vector_number(row[2]);
                fields[count++].digest = digest;
                erased++;
                continue;
            }
            assert_int_equal(vector_hex(salt, sizeof(salt), row[3]), TALLY_SALT_BYTES);
            value = tally_text_is(row[4], "-") ? 0 : vector_hex(bytes, sizeof(bytes), row[4]);
            assert_int_equal(tally_commit_field(hash, &fields[count],
                                                (uint8_t)vector_number(row[2]), salt,
                                                tally_text_of((char *)bytes, value)),
                             TALLY_OK);
            assert_node_equal(fields[count].digest, digest);
            count++;
            continue;
        }
        assert_true(tally_text_is(row[0], "record"));
        assert_int_equal(tally_commit_record(hash, &commitment, fields, count), TALLY_OK);
        assert_node_equal(commitment, vector_hash(row[2]));
        entry.epoch = (uint32_t)vector_number(row[3]);
        entry.policy = (uint32_t)vector_number(row[4]);
        entry.commitment = commitment;
        tally_entry_write(bytes, &entry);
        assert_int_equal(vector_hex(bytes + TALLY_ENTRY_BYTES, TALLY_ENTRY_BYTES, row[5]),
                         TALLY_ENTRY_BYTES);
        assert_memory_equal(bytes, bytes + TALLY_ENTRY_BYTES, TALLY_ENTRY_BYTES);
        assert_int_equal(tally_tree_hash_leaf(hash, &leaf, bytes, TALLY_ENTRY_BYTES), TALLY_OK);
        assert_node_equal(leaf, vector_hash(row[6]));
        count = 0;
    }
    assert_int_equal(count, 0);
    assert_int_equal(erased, 1);
    vector_close(&table, 18);
}

static void slots_that_do_not_ascend_are_refused(void **state)
{
    tally_field_digest fields[256] = { { .slot = 3 }, { .slot = 3 } };
    tally_node out;

    (void)state;
    assert_int_equal(tally_commit_record(hash, &out, fields, 1), TALLY_OK);
    assert_int_equal(tally_commit_record(hash, &out, fields, 2), TALLY_E_INVALID);
    fields[1].slot = 2;
    assert_int_equal(tally_commit_record(hash, &out, fields, 2), TALLY_E_INVALID);
    assert_int_equal(tally_commit_record(hash, &out, fields, 0), TALLY_E_INVALID);
    for (size_t i = 0; i < UNIT_COUNT(fields); i++)
        fields[i].slot = (uint8_t)i;
    assert_int_equal(tally_commit_record(hash, &out, fields, 255), TALLY_OK);
    assert_int_equal(tally_commit_record(hash, &out, fields, 256), TALLY_E_INVALID);
}

static void a_document_in_parts_has_the_same_commitment(void **state)
{
    static const char document[] = "policy: nothing to see\n";
    tally_node whole, parts;

    (void)state;
    assert_int_equal(tally_commit_public(hash, &whole, TALLY_TEXT("policy: nothing to see\n")),
                     TALLY_OK);
    tally_commit_public_begin(hash);
    for (size_t i = 0; i + 1 < sizeof(document); i++)
        tally_hash_update(hash, &document[i], 1);
    assert_int_equal(tally_hash_finish(hash, parts.bytes), TALLY_OK);
    assert_node_equal(whole, parts);
    assert_int_equal(tally_commit_state(hash, &parts, TALLY_TEXT("policy: nothing to see\n")),
                     TALLY_OK);
    assert_false(tally_node_is_equal(&whole, &parts));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back_as_written),
        cmocka_unit_test(entries_of_another_form_are_refused),
        cmocka_unit_test(commitments_are_as_published),
        cmocka_unit_test(slots_that_do_not_ascend_are_refused),
        cmocka_unit_test(a_document_in_parts_has_the_same_commitment),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
