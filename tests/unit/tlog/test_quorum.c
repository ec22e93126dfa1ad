/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of cosignatures: what is read, what is refused and in which line, and
 * when a quorum is met. */

#include "unit.h"

#include <stdio.h>

#include "tlog/quorum.h"

static char keys[6][128];
static char log_key[128];

static int make_keys(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        tally_signer signer = { .name = TALLY_TEXT("w.example.org"),
                                .kind = i < 6 ? TALLY_KEY_WITNESS : TALLY_KEY_LOG };
        tally_buffer text;
        tally_vkey key;

        memset(signer.seed32, i + 1, sizeof(signer.seed32));
        tally_buffer_init(&text, sizeof(keys[0]) - 1);
        assert_int_equal(tally_signer_vkey(&key, &signer), TALLY_OK);
        assert_int_equal(tally_vkey_append(&text, &key), TALLY_OK);
        memcpy(i < 6 ? keys[i] : log_key, text.bytes, text.count + 1);
        tally_buffer_free(&text);
    }
    return 0;
}

/* In a text, $0 to $5 stand for keys of witnesses and $L for that of a log. */
static const char *fill_in(const char *text)
{
    static char out[8192];
    size_t count = 0;

    for (; *text != '\0'; text++) {
        if (*text != '$') {
            out[count++] = *text;
            continue;
        }
        text++;
        count += (size_t)snprintf(out + count, sizeof(out) - count, "%s",
                                  *text == 'L' ? log_key : keys[*text - '0']);
    }
    out[count] = '\0';
    return out;
}

static void each_fault_has_its_line(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
    } rejects[] = {
        { "", 0 },
        { "# nothing\n\n", 0 },
        { "quorum none", 1 },
        { "quorum\n", 1 },
        { "quorum none none\n", 1 },
        { "quorum none\nquorum none\n", 2 },
        { "Quorum none\n", 1 },
        { "quorum w\nwitness w $0\n", 1 },
        { "witness w\nquorum w\n", 1 },
        { "witness w $L\nquorum w\n", 1 },
        { "witness none $0\nquorum none\n", 1 },
        { "witness w $0 http://a/ b\nquorum w\n", 1 },
        { "witness w $0\nwitness w $1\nquorum w\n", 2 },
        { "witness v $0\nwitness w $0\nquorum w\n", 2 },
        { "log $0\nquorum none\n", 1 },
        { "log $L\nlog $L\nquorum none\n", 2 },
        { "witness w $0\ngroup g 2 w\nquorum g\n", 2 },
        { "witness w $0\ngroup g 0 w\nquorum g\n", 2 },
        { "witness w $0\ngroup g 01 w\nquorum g\n", 2 },
        { "witness w $0\ngroup g -1 w\nquorum g\n", 2 },
        { "witness w $0\ngroup g most w\nquorum g\n", 2 },
        { "witness w $0\ngroup g any\nquorum g\n", 2 },
        { "witness w $0\ngroup g any x\nquorum g\n", 2 },
        { "witness w $0\ngroup g any none\nquorum g\n", 2 },
        { "witness w $0\ngroup g any w w\nquorum g\n", 2 },
        { "witness w $0\ngroup g any w\ngroup h any w\nquorum h\n", 3 },
        { "witness w $0\ngroup g any g\nquorum g\n", 2 },
        { "witness w $0\ngroup w any w\nquorum w\n", 2 },
        { "quorum none\n\x01\n", 2 },
        { "quorum none\r\n", 1 },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rejects); i++) {
        tally_err err = TALLY_ERR_INIT;
        tally_quorum quorum;

        if (tally_quorum_parse(&quorum, tally_text_from(fill_in(rejects[i].text)), &err) !=
                TALLY_E_INVALID ||
            err.line != rejects[i].line)
            fail_msg("row %zu: line %u: %s", i, err.line, err.message);
    }
}

static void bounds_are_kept(void **state)
{
    static char text[TALLY_QUORUM_BYTES_MAX + 2];
    tally_quorum quorum;

    (void)state;
    memset(text, '\n', sizeof(text) - 1);
    assert_int_equal(tally_quorum_parse(&quorum, tally_text_of(text, sizeof(text) - 1), NULL),
                     TALLY_E_LIMIT);
}

static bool is_met(const char *text, unsigned int signers)
{
    bool has_signed[TALLY_QUORUM_WITNESSES_MAX] = { false };
    tally_err err = TALLY_ERR_INIT;
    tally_quorum quorum;

    if (tally_quorum_parse(&quorum, tally_text_from(fill_in(text)), &err) != TALLY_OK)
        fail_msg("%s", err.message);
    for (uint32_t i = 0; i < quorum.witness_count; i++)
        has_signed[i] = (signers >> i & 1) != 0;
    return tally_quorum_is_met(&quorum, has_signed);
}

static void a_quorum_is_met_by_its_members(void **state)
{
    static const char nested[] = "# two of three, and one of two\n"
                                 "log $L https://log.example.org/\n"
                                 "witness x1\t$0  https://x1/\n"
                                 "  witness x2 $1\n"
                                 "witness x3 $2\n"
                                 "group x 2 x1 x2 x3\n"
                                 "witness y1 $3\n"
                                 "witness y2 $4\n"
                                 "group y any y1 y2\n"
                                 "group both all x y\n"
                                 "quorum both\n";

    (void)state;
    assert_true(is_met("quorum none\n", 0));
    assert_false(is_met("witness w $0\nquorum w\n", 0));
    assert_true(is_met("witness w $0\nquorum w\n", 1));
    for (unsigned int signers = 0; signers < 32; signers++) {
        int x = __builtin_popcount(signers & 7), y = __builtin_popcount(signers >> 3);

        assert_int_equal(is_met(nested, signers), x >= 2 && y >= 1);
    }
    /* A witness that is in no group adds nothing. */
    assert_false(is_met("witness v $0\nwitness w $1\nquorum w\n", 1));
}

static void the_time_is_the_latest_at_which_a_quorum_saw_it(void **state)
{
    tally_note_verdict verdicts[3] = { { true, 100 }, { true, 300 }, { true, 200 } };
    tally_quorum quorum;

    (void)state;
    assert_int_equal(tally_quorum_parse(&quorum,
                                        tally_text_from(fill_in("witness a $0\nwitness b $1\n"
                                                                "witness c $2\n"
                                                                "group g 2 a b c\nquorum g\n")),
                                        NULL),
                     TALLY_OK);
    assert_int_equal(tally_quorum_time(&quorum, verdicts), 200);
    verdicts[1].is_signed = false;
    assert_int_equal(tally_quorum_time(&quorum, verdicts), 100);
    verdicts[0].is_signed = false;
    assert_int_equal(tally_quorum_time(&quorum, verdicts), 0);
}

static void addresses_are_kept(void **state)
{
    tally_quorum quorum;

    (void)state;
    assert_int_equal(tally_quorum_parse(&quorum,
                                        tally_text_from(fill_in("witness a $0 https://a/w\n"
                                                                "witness b $1\nquorum a\n")),
                                        NULL),
                     TALLY_OK);
    assert_true(tally_text_is(quorum.urls[0], "https://a/w"));
    assert_int_equal(quorum.urls[1].count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_line),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(a_quorum_is_met_by_its_members),
        cmocka_unit_test(the_time_is_the_latest_at_which_a_quorum_saw_it),
        cmocka_unit_test(addresses_are_kept),
    };

    return cmocka_run_group_tests(tests, make_keys, NULL);
}
