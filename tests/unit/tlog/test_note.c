/* SPDX-License-Identifier: Apache-2.0 */
/* Verifier keys, notes, checkpoints and cosignatures: published ones, accepted
 * and refused, and our own signatures. */

#include "vectors.h"

#include "tlog/checkpoint.h"

#define ORIGIN TALLY_TEXT("log.example.org/recognition")

static void verifier_keys_are_read_and_refused_as_listed(void **state)
{
    static const char *const more[] = {
        "",
        "+",
        "++",
        "name",
        "name+99623644",
        "log.example.org/recognition+99623644+",
        "log.example.org/recognition+9962364+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+",
        "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB",
        "log.example.org/recognition+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+ ",
        "log.example.org/recognitiom+99623644+Af8wUcEYQpUbwEfJ28Ukq/FylVG11p0uLTgBjS5O8GB+",
    };
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];
    tally_vkey key;

    (void)state;
    vector_open(&table, "vkeys.tsv");
    while (vector_next(&table, row)) {
        tally_text text = row[1];
        tally_buffer upper;
        tally_rc rc;

        tally_buffer_init(&upper, 1024);
        /* The id of this row has no letters, so the row is that of an accepted
         * key again; its reason is checked below with an id that has some. */
        if (tally_text_is(row[2], "upper-case ID") && !vector_is_ok(row[0])) {
            tally_buffer_append_string(
                &upper, "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
            text = tally_buffer_text(&upper);
        }
        rc = tally_vkey_parse(&key, text, NULL);
        if (rc != (vector_is_ok(row[0]) ? TALLY_OK : TALLY_E_INVALID))
            fail_msg("%.*s gives %s", TALLY_TEXT_ARGS(text), tally_rc_name(rc));
        if (rc == TALLY_OK) {
            tally_buffer again;

            tally_buffer_init(&again, 1024);
            assert_int_equal(tally_vkey_append(&again, &key), TALLY_OK);
            assert_true(tally_text_is_equal(tally_buffer_text(&again), text));
            tally_buffer_free(&again);
        }
        tally_buffer_free(&upper);
    }
    vector_close(&table, 9);
    for (size_t i = 0; i < UNIT_COUNT(more); i++)
        assert_int_equal(tally_vkey_parse(&key, tally_text_from(more[i]), NULL), TALLY_E_INVALID);
}

static void names_are_those_the_specification_allows(void **state)
{
    static const struct {
        const char *name;
        bool is_name;
    } names[] = {
        { "a", true },
        { "log.example.org/recognition", true },
        { "caf\xc3\xa9", true },
        { "", false },
        { "a b", false },
        { "a+b", false },
        { "a\tb", false },
        { "a\nb", false },
        { "a\xc2\x85", false },     /* U+0085 */
        { "a\xc2\xa0", false },     /* U+00A0 */
        { "\xe2\x80\x83z", false }, /* U+2003 */
        { "\xe3\x80\x80", false },  /* U+3000 */
        { "a\xff", false },
    };
    char longest[TALLY_NOTE_NAME_BYTES_MAX + 1];

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names); i++)
        assert_int_equal(tally_note_is_name(tally_text_from(names[i].name)), names[i].is_name);
    memset(longest, 'x', sizeof(longest));
    assert_true(tally_note_is_name(tally_text_of(longest, TALLY_NOTE_NAME_BYTES_MAX)));
    assert_false(tally_note_is_name(tally_text_of(longest, sizeof(longest))));
}

/* The key of the log, and of witnesses, as the vectors' lists use them. */
typedef struct trusted {
    tally_buffer log_bytes, witness_bytes;
    tally_vkey log, witness;
    tally_trust trust;
} trusted;

static void trust_begin(trusted *out, size_t quorum)
{
    out->log = vector_vkey(&out->log_bytes, "keys/log.vkey");
    out->witness = vector_vkey(&out->witness_bytes, "keys/w1.vkey");
    assert_int_equal(out->log.kind, TALLY_KEY_LOG);
    assert_int_equal(out->witness.kind, TALLY_KEY_WITNESS);
    out->trust = (tally_trust){ .origin = ORIGIN,
                                .log_keys = &out->log,
                                .log_key_count = 1,
                                .witnesses = &out->witness,
                                .witness_count = quorum > 0 ? 1 : 0,
                                .quorum = quorum };
}

static void trust_end(trusted *trust)
{
    tally_buffer_free(&trust->log_bytes);
    tally_buffer_free(&trust->witness_bytes);
}

/* Open every file that a folder's list names. */
static void open_all(const char *folder, const tally_trust *trust, size_t count)
{
    char path[512];
    vector_table table;
    tally_text row[VECTOR_FIELDS_MAX];

    assert_true(snprintf(path, sizeof(path), "%s/INDEX.tsv", folder) < (int)sizeof(path));
    vector_open(&table, path);
    while (vector_next(&table, row)) {
        tally_opened opened;
        tally_buffer bytes;
        tally_rc rc;

        assert_true(snprintf(path, sizeof(path), "%s/%.*s", folder, TALLY_TEXT_ARGS(row[0])) <
                    (int)sizeof(path));
        vector_read(&bytes, path);
        rc = tally_checkpoint_open(&opened, tally_buffer_text(&bytes), trust, NULL);
        if ((rc == TALLY_OK) != vector_is_ok(row[1]) ||
            (rc != TALLY_OK && rc != TALLY_E_INVALID && rc != TALLY_E_DENIED))
            fail_msg("%s gives %s", path, tally_rc_name(rc));
        if (rc == TALLY_OK)
            assert_int_equal(opened.witness_count, trust->quorum);
        if (rc == TALLY_OK && trust->quorum > 0)
            assert_int_equal(opened.time_s, 1767225600);
        tally_buffer_free(&bytes);
    }
    vector_close(&table, count);
}

static void notes_are_accepted_and_refused_as_listed(void **state)
{
    trusted trust;

    (void)state;
    trust_begin(&trust, 0);
    open_all("notes", &trust.trust, 35);
    trust_end(&trust);
}

static void cosignatures_are_accepted_and_refused_as_listed(void **state)
{
    trusted trust;

    (void)state;
    trust_begin(&trust, 1);
    open_all("cosignatures", &trust.trust, 6);
    trust_end(&trust);
}

static void the_published_examples_verify(void **state)
{
    static const char *const names[] = { "notes-published/signed-note-example",
                                         "notes-published/go-note-example" };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        char path[128];
        tally_buffer bytes, key_bytes;
        tally_note_verdict verdict;
        tally_note note;
        tally_vkey key;

        assert_true(snprintf(path, sizeof(path), "%s.vkey", names[i]) < (int)sizeof(path));
        key = vector_vkey(&key_bytes, path);
        vector_read(&bytes, names[i]);
        assert_int_equal(tally_note_parse(&note, tally_buffer_text(&bytes), NULL), TALLY_OK);
        assert_int_equal(tally_note_verify(&note, &key, 1, &verdict, NULL), TALLY_OK);
        assert_true(verdict.is_signed);
        bytes.bytes[0] ^= 1;
        assert_int_equal(tally_note_verify(&note, &key, 1, &verdict, NULL), TALLY_E_INVALID);
        tally_buffer_free(&bytes);
        tally_buffer_free(&key_bytes);
    }
}

/* ---- signing ---- */

static tally_signer signer_of(tally_text name, tally_key_kind kind, const char *seed)
{
    tally_signer signer = { .name = name, .kind = kind };

    vector_seed(signer.seed32, seed);
    return signer;
}

static void signing_a_checkpoint_gives_the_published_bytes(void **state)
{
    static const char *const sizes[] = { "0",   "1",   "2",   "3",   "255", "256",
                                         "257", "511", "512", "700", "999", "1000" };
    tally_signer signer = signer_of(ORIGIN, TALLY_KEY_LOG, "keys/log.seed.hex");
    trusted trust;

    (void)state;
    trust_begin(&trust, 0);
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        char path[64];
        tally_buffer published, text, note;
        tally_opened opened;

        assert_true(snprintf(path, sizeof(path), "log-1000.checkpoints/%s", sizes[i]) <
                    (int)sizeof(path));
        vector_read(&published, path);
        assert_int_equal(
            tally_checkpoint_open(&opened, tally_buffer_text(&published), &trust.trust, NULL),
            TALLY_OK);
        assert_true(opened.checkpoint.size == vector_number(tally_text_from(sizes[i])));
        tally_buffer_init(&text, 4096);
        tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
        assert_int_equal(tally_checkpoint_append(&text, &opened.checkpoint), TALLY_OK);
        assert_true(tally_text_is_equal(tally_buffer_text(&text), opened.text));
        assert_int_equal(tally_note_sign(&note, tally_buffer_text(&text), &signer, 1, NULL),
                         TALLY_OK);
        assert_true(tally_text_is_equal(tally_buffer_text(&note), tally_buffer_text(&published)));
        tally_buffer_free(&note);
        tally_buffer_free(&text);
        tally_buffer_free(&published);
    }
    trust_end(&trust);
}

static void cosigning_gives_the_published_bytes(void **state)
{
    tally_signer witnesses[] = {
        signer_of(TALLY_TEXT("witness.example.org/w1"), TALLY_KEY_WITNESS, "keys/w1.seed.hex"),
        signer_of(TALLY_TEXT("witness.example.net/w2"), TALLY_KEY_WITNESS, "keys/w2.seed.hex"),
    };
    tally_buffer plain, cosigned;
    tally_note note;

    (void)state;
    vector_read(&plain, "log-1000.checkpoints/1000");
    vector_read(&cosigned, "log-1000.checkpoints/1000.cosigned");
    assert_int_equal(tally_note_parse(&note, tally_buffer_text(&cosigned), NULL), TALLY_OK);
    assert_int_equal(note.line_count, 3);
    /* The witnesses sign the text alone, so it may be taken from either. */
    for (size_t i = 0; i < UNIT_COUNT(witnesses); i++)
        assert_int_equal(tally_note_append_signature(&plain, note.text, &witnesses[i],
                                                     1767225600 + (int64_t)i, NULL),
                         TALLY_OK);
    assert_true(tally_text_is_equal(tally_buffer_text(&plain), tally_buffer_text(&cosigned)));
    assert_int_equal(tally_note_append_signature(&plain, note.text, &witnesses[0], -1, NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&plain);
    tally_buffer_free(&cosigned);
}

/* While keys change, a log signs with both; either suffices, none may fail. */
static void two_keys_of_a_log_sign_one_checkpoint(void **state)
{
    tally_signer signers[] = { signer_of(ORIGIN, TALLY_KEY_LOG, "keys/log.seed.hex"),
                               signer_of(ORIGIN, TALLY_KEY_LOG, "keys/log-rotated.seed.hex") };
    tally_checkpoint checkpoint = { .origin = ORIGIN, .root = tally_tree_empty_root };
    tally_vkey keys[2];
    tally_trust trust = { .origin = ORIGIN, .log_keys = keys, .log_key_count = 1 };
    tally_buffer text, note;
    tally_opened opened;

    (void)state;
    tally_buffer_init(&text, 4096);
    tally_buffer_init(&note, TALLY_NOTE_BYTES_MAX);
    assert_int_equal(tally_checkpoint_append(&text, &checkpoint), TALLY_OK);
    assert_int_equal(tally_note_sign(&note, tally_buffer_text(&text), signers, 2, NULL), TALLY_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tally_signer_vkey(&keys[0], &signers[i]), TALLY_OK);
        assert_int_equal(tally_checkpoint_open(&opened, tally_buffer_text(&note), &trust, NULL),
                         TALLY_OK);
    }
    trust.log_key_count = 2;
    assert_int_equal(tally_signer_vkey(&keys[1], &signers[0]), TALLY_OK);
    assert_int_equal(tally_checkpoint_open(&opened, tally_buffer_text(&note), &trust, NULL),
                     TALLY_OK);
    /* The last signature's last byte: of the second key. */
    note.bytes[note.count - 4] = note.bytes[note.count - 4] == 'A' ? 'B' : 'A';
    assert_int_equal(tally_checkpoint_open(&opened, tally_buffer_text(&note), &trust, NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&note);
    tally_buffer_free(&text);
}

/* The time of a quorum of two is the earlier of the two latest. */
static void the_time_is_one_that_a_quorum_vouches_for(void **state)
{
    trusted trust;
    tally_buffer bytes, other_bytes;
    tally_vkey witnesses[2];
    tally_opened opened;

    (void)state;
    trust_begin(&trust, 0);
    vector_read(&bytes, "log-1000.checkpoints/1000.cosigned");
    witnesses[0] = trust.witness;
    witnesses[1] = vector_vkey(&other_bytes, "keys/w2.vkey");
    trust.trust.witnesses = witnesses;
    trust.trust.witness_count = 2;
    for (size_t quorum = 0; quorum <= 2; quorum++) {
        static const int64_t times[] = { 0, 1767225601, 1767225600 };

        trust.trust.quorum = quorum;
        assert_int_equal(
            tally_checkpoint_open(&opened, tally_buffer_text(&bytes), &trust.trust, NULL),
            TALLY_OK);
        assert_int_equal(opened.witness_count, 2);
        assert_true(opened.time_s == times[quorum]);
    }
    trust.trust.quorum = 3;
    assert_int_equal(tally_checkpoint_open(&opened, tally_buffer_text(&bytes), &trust.trust, NULL),
                     TALLY_E_DENIED);
    tally_buffer_free(&bytes);
    tally_buffer_free(&other_bytes);
    trust_end(&trust);
}

static void any_changed_byte_of_a_signed_checkpoint_is_refused(void **state)
{
    trusted trust;
    tally_buffer bytes;
    tally_opened opened;

    (void)state;
    trust_begin(&trust, 0);
    vector_read(&bytes, "log-1000.checkpoints/1000");
    for (size_t i = 0; i < bytes.count; i++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            bytes.bytes[i] = (char)((uint8_t)bytes.bytes[i] ^ 1u << bit);
            assert_int_not_equal(
                tally_checkpoint_open(&opened, tally_buffer_text(&bytes), &trust.trust, NULL),
                TALLY_OK);
            bytes.bytes[i] = (char)((uint8_t)bytes.bytes[i] ^ 1u << bit);
        }
        assert_int_not_equal(
            tally_checkpoint_open(&opened, tally_text_of(bytes.bytes, i), &trust.trust, NULL),
            TALLY_OK);
    }
    assert_int_equal(tally_checkpoint_open(&opened, tally_buffer_text(&bytes), &trust.trust, NULL),
                     TALLY_OK);
    tally_buffer_free(&bytes);
    trust_end(&trust);
}

static void notes_beyond_the_bounds_are_refused(void **state)
{
    static tally_note note;
    tally_buffer bytes;

    (void)state;
    tally_buffer_init(&bytes, 2 * TALLY_NOTE_BYTES_MAX);
    tally_buffer_append_string(&bytes, "text\n\n");
    for (uint32_t i = 0; i <= TALLY_NOTE_SIGNATURES_MAX; i++) {
        assert_int_equal(tally_note_parse(&note, tally_buffer_text(&bytes), NULL),
                         i > 0 ? TALLY_OK : TALLY_E_INVALID);
        assert_int_equal(tally_buffer_append_string(&bytes, "\xe2\x80\x94 somebody AAAAAAAAAAAA\n"),
                         TALLY_OK);
    }
    assert_int_equal(tally_note_parse(&note, tally_buffer_text(&bytes), NULL), TALLY_E_LIMIT);
    tally_buffer_reset(&bytes);
    assert_int_equal(tally_buffer_append_repeated(&bytes, 'a', TALLY_NOTE_BYTES_MAX + 1), TALLY_OK);
    assert_int_equal(tally_note_parse(&note, tally_buffer_text(&bytes), NULL), TALLY_E_LIMIT);
    tally_buffer_free(&bytes);
}

static void a_signature_of_an_id_alone_is_refused(void **state)
{
    tally_note note;

    (void)state;
    assert_int_equal(
        tally_note_parse(&note, TALLY_TEXT("text\n\n\xe2\x80\x94 name AAAAAAA=\n"), NULL),
        TALLY_OK);
    assert_int_equal(note.line_count, 1);
    assert_int_equal(
        tally_note_parse(&note, TALLY_TEXT("text\n\n\xe2\x80\x94 name AAAAAA==\n"), NULL),
        TALLY_E_INVALID);
}

/* Who shares an id with a trusted key, which four bytes allow, is still another. */
static void a_line_counts_for_its_name_and_id_together(void **state)
{
    tally_signer signer = signer_of(ORIGIN, TALLY_KEY_LOG, "keys/log.seed.hex");
    tally_note_verdict verdict;
    tally_buffer bytes;
    tally_vkey key;
    tally_note note;

    (void)state;
    vector_read(&bytes, "log-1000.checkpoints/1000");
    assert_int_equal(tally_note_parse(&note, tally_buffer_text(&bytes), NULL), TALLY_OK);
    assert_int_equal(tally_signer_vkey(&key, &signer), TALLY_OK);
    assert_int_equal(tally_note_verify(&note, &key, 1, &verdict, NULL), TALLY_OK);
    assert_true(verdict.is_signed);
    key.name = TALLY_TEXT("another.example.org");
    assert_int_equal(tally_note_verify(&note, &key, 1, &verdict, NULL), TALLY_OK);
    assert_false(verdict.is_signed);
    tally_buffer_free(&bytes);
}

static void a_checkpoint_that_could_not_be_read_is_not_written(void **state)
{
    tally_checkpoint checkpoint = { .origin = TALLY_TEXT("a b") };
    tally_signer signer = { .name = TALLY_TEXT("a+b"), .kind = TALLY_KEY_LOG };
    tally_buffer out;

    (void)state;
    tally_buffer_init(&out, 4096);
    assert_int_equal(tally_checkpoint_append(&out, &checkpoint), TALLY_E_INVALID);
    checkpoint.origin = ORIGIN;
    checkpoint.size = UINT64_C(1) << 63;
    assert_int_equal(tally_checkpoint_append(&out, &checkpoint), TALLY_E_INVALID);
    assert_int_equal(tally_note_sign(&out, TALLY_TEXT("text\n"), &signer, 1, NULL),
                     TALLY_E_INVALID);
    tally_buffer_free(&out);
}

/* A failed allocation is said, and never taken for a verdict on the note. */
static void opening_survives_each_failed_allocation(void **state)
{
    trusted trust;
    tally_buffer bytes;
    tally_rc rc = TALLY_E_NOMEM;
    uint32_t nth = 0;

    (void)state;
    trust_begin(&trust, 1);
    vector_read(&bytes, "log-1000.checkpoints/1000.cosigned");
    for (; rc != TALLY_OK; nth++) {
        tally_opened opened;

        tally_alloc_fail_at(nth);
        rc = tally_checkpoint_open(&opened, tally_buffer_text(&bytes), &trust.trust, NULL);
        tally_alloc_fail_never();
        assert_true(rc == TALLY_OK || rc == TALLY_E_NOMEM);
    }
    assert_true(nth > 1); /* at least one failure was injected */
    tally_buffer_free(&bytes);
    trust_end(&trust);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifier_keys_are_read_and_refused_as_listed),
        cmocka_unit_test(names_are_those_the_specification_allows),
        cmocka_unit_test(notes_are_accepted_and_refused_as_listed),
        cmocka_unit_test(cosignatures_are_accepted_and_refused_as_listed),
        cmocka_unit_test(the_published_examples_verify),
        cmocka_unit_test(signing_a_checkpoint_gives_the_published_bytes),
        cmocka_unit_test(cosigning_gives_the_published_bytes),
        cmocka_unit_test(two_keys_of_a_log_sign_one_checkpoint),
        cmocka_unit_test(the_time_is_one_that_a_quorum_vouches_for),
        cmocka_unit_test(any_changed_byte_of_a_signed_checkpoint_is_refused),
        cmocka_unit_test(notes_beyond_the_bounds_are_refused),
        cmocka_unit_test(a_signature_of_an_id_alone_is_refused),
        cmocka_unit_test(a_line_counts_for_its_name_and_id_together),
        cmocka_unit_test(a_checkpoint_that_could_not_be_read_is_not_written),
        cmocka_unit_test(opening_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
