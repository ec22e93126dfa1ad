/* SPDX-License-Identifier: Apache-2.0 */
/* `tests` [14], kept as written. All versions' tests form one list. */

#include "policy/document.h"
#include "policy/tests.h"

enum { TEST_NAME, TEST_AS_OF, TEST_FACTS, TEST_SETTINGS, TEST_GIVEN, TEST_EXPECT, TEST_KEYS };

static const tally_key test_keys[TEST_KEYS] = {
    [TEST_NAME] = { "name", TALLY_KEY_TEXT | TALLY_KEY_NEEDED },
    [TEST_AS_OF] = { "as-of", TALLY_KEY_TEXT },
    [TEST_FACTS] = { "facts", TALLY_KEY_MAPPING },
    [TEST_SETTINGS] = { "settings", TALLY_KEY_MAPPING },
    [TEST_GIVEN] = { "given", TALLY_KEY_LIST },
    [TEST_EXPECT] = { "expect", TALLY_KEY_MAPPING | TALLY_KEY_LIST | TALLY_KEY_NEEDED },
};

static tally_test_value value_of(const tally_yaml *node)
{
    return (tally_test_value){ .name = node->key->text,
                               .value = node->text,
                               .span = tally_document_span(node) };
}

/* Names of settings or facts with the values that a test gives them. */
static uint32_t read_named(tally_reader *reader, const tally_yaml *node, tally_name_kind kind,
                           const tally_test_value **out_values)
{
    tally_test_value *values;
    uint32_t count = 0;

    if (node == NULL)
        return 0;
    values = tally_document_alloc(reader, node->count + 1, sizeof(*values));
    if (values == NULL)
        return 0;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next) {
        bool is_known = false;

        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT, "a test's number"))
            continue;
        for (uint32_t i = 0; i < reader->compiler.name_count; i++) {
            const tally_name *name = &reader->compiler.names[i];

            is_known =
                is_known || (name->kind == kind && tally_text_is_equal(name->name, row->key->text));
        }
        if (!is_known)
            tally_document_unknown(reader, row->key, "unknown-name", row->key->text,
                                   kind == TALLY_NAME_FACT ? "fact" : "setting", NULL, 0);
        values[count++] = value_of(row);
    }
    *out_values = values;
    return count;
}

/* ---- given ---- */

/* `2024-01-01` or `each day from 2024-01-01 to 2024-02-15`. */
static void read_at(tally_reader *reader, const tally_yaml *node, tally_test_event *event)
{
    static const char prefix[] = "each day from ";
    tally_text rest;
    size_t to = 0;
    tally_moment moment;

    event->at = node->text;
    if (tally_text_has_prefix(node->text, tally_text_from(prefix))) {
        rest = tally_text_slice(node->text, sizeof(prefix) - 1, node->text.count);
        while (to < rest.count &&
               !tally_text_has_prefix(tally_text_slice(rest, to, rest.count), TALLY_TEXT(" to ")))
            to++;
        event->at = tally_text_trim(tally_text_slice(rest, 0, to));
        event->until = tally_text_trim(tally_text_slice(rest, to + 4, rest.count));
        if (tally_time_parse(&moment, event->until, TALLY_TIME_RFC3339, NULL) != TALLY_OK ||
            moment.has_time)
            tally_document_error(reader, node, "bad-day",
                                 "write `each day from 2024-01-01 to 2024-02-15`",
                                 "these are no two calendar days");
    }
    if (tally_time_parse(&moment, event->at, TALLY_TIME_RFC3339, NULL) != TALLY_OK)
        tally_document_error(reader, node, "bad-day", "write 2024-03-01 or 2024-03-01T10:00:00Z",
                             "`%.*s` is no day or instant",
                             TALLY_TEXT_ARGS(tally_text_slice(event->at, 0, 40)));
}

static bool is_kept_word(const tally_yaml *row, const char *word, tally_text *out_value)
{
    if (!tally_text_is(row->key->text, word))
        return false;
    *out_value = row->text;
    return true;
}

static void read_event(tally_reader *reader, const tally_yaml *node, tally_test_event *event)
{
    tally_test_value *values;
    int64_t times = 1;

    if (!tally_document_shape(reader, node, TALLY_KEY_MAPPING, "a given event") || node->count == 0)
        return;
    event->span = tally_document_span(node->first->key);
    event->times = 1;
    event->type = node->first->key->text;
    if (tally_document_find_type(reader, event->type) == TALLY_NO_INDEX)
        tally_document_type(reader, node->first->key, event->type);
    if (tally_document_shape(reader, node->first, TALLY_KEY_TEXT, "a given event"))
        read_at(reader, node->first, event);
    values = tally_document_alloc(reader, node->count, sizeof(*values));
    if (values == NULL)
        return;
    event->values = values;
    for (const tally_yaml *row = node->first->next; row != NULL; row = row->next) {
        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT, "a given field"))
            continue;
        if (is_kept_word(row, "id", &event->id) || is_kept_word(row, "subject", &event->subject) ||
            is_kept_word(row, "recorded", &event->recorded))
            continue;
        if (!tally_text_is(row->key->text, "times"))
            values[event->value_count++] = value_of(row);
        else if (tally_document_integer(reader, row, "times", 1, 1000000, &times))
            event->times = (uint32_t)times;
    }
}

static void read_given(tally_reader *reader, const tally_yaml *given, tally_test *test)
{
    tally_test_event *events;

    if (given == NULL)
        return;
    events = tally_document_alloc(reader, given->count + 1, sizeof(*events));
    if (events == NULL)
        return;
    for (const tally_yaml *node = given->first; node != NULL; node = node->next)
        read_event(reader, node, &events[test->event_count++]);
    test->events = events;
}

/* ---- expect ---- */

static bool is_result(const tally_reader *reader, tally_text name)
{
    static const char *const results[] = { "score",       "shown",        "tier",        "grade",
                                           "state",       "refused",      "next-change", "missing",
                                           "valid-until", "sum-of-scores" };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (tally_text_is(name, results[i]))
            return true;
    }
    for (uint32_t i = 0; i < reader->compiler.name_count; i++) {
        const tally_name *known = &reader->compiler.names[i];

        if (known->set == NULL && tally_text_is_equal(known->name, name) &&
            (known->kind == TALLY_NAME_LET || known->kind == TALLY_NAME_STREAK ||
             known->kind == TALLY_NAME_FACT))
            return true;
    }
    return false;
}

static void read_items(tally_reader *reader, const tally_yaml *row, tally_test_value *lists,
                       uint32_t *count)
{
    for (const tally_yaml *item = row->first; item != NULL; item = item->next) {
        if (!tally_document_shape(reader, item, TALLY_KEY_TEXT, "an expected text"))
            continue;
        lists[*count] = (tally_test_value){ .name = row->key->text,
                                            .value = item->text,
                                            .span = tally_document_span(item) };
        (*count)++;
    }
}

static void read_expectation(tally_reader *reader, const tally_yaml *node,
                             tally_test_expectation *expectation)
{
    tally_test_value *values, *lists;
    uint32_t room = 1;

    if (!tally_document_shape(reader, node, TALLY_KEY_MAPPING, "expect"))
        return;
    expectation->span = tally_document_span(node->key != NULL ? node->key : node);
    for (const tally_yaml *row = node->first; row != NULL; row = row->next)
        room += row->kind == TALLY_YAML_SEQUENCE ? row->count : 0;
    values = tally_document_alloc(reader, node->count + 1, sizeof(*values));
    lists = tally_document_alloc(reader, room, sizeof(*lists));
    if (values == NULL || lists == NULL)
        return;
    expectation->values = values;
    expectation->lists = lists;
    for (const tally_yaml *row = node->first; row != NULL; row = row->next) {
        if (!tally_document_shape(reader, row, TALLY_KEY_TEXT | TALLY_KEY_LIST,
                                  "an expected result"))
            continue;
        if (is_kept_word(row, "as-of", &expectation->as_of) ||
            is_kept_word(row, "of", &expectation->of))
            continue;
        if (!is_result(reader, row->key->text))
            tally_document_error(reader, row->key, "unknown-result",
                                 "write score, shown, tier, grade, state, refused, next-change, "
                                 "missing or the name of a `let` or streak",
                                 "`%.*s` is no result of this policy",
                                 TALLY_TEXT_ARGS(tally_text_slice(row->key->text, 0, 80)));
        else if (row->kind == TALLY_YAML_SEQUENCE)
            read_items(reader, row, lists, &expectation->list_count);
        else
            values[expectation->value_count++] = value_of(row);
    }
    if (expectation->value_count + expectation->list_count == 0 && node->count == 0)
        tally_document_error(reader, node->key != NULL ? node->key : node, "no-expectation",
                             "write what the result should be", "this test expects nothing");
}

static void read_test(tally_reader *reader, const tally_yaml *node, tally_test *test)
{
    const tally_yaml *parts[TEST_KEYS] = { NULL };
    const tally_yaml *cursor = NULL;
    tally_test_expectation *expectations;

    test->span = tally_document_span(node->first != NULL ? node->first->key : node);
    if (!tally_document_keys(reader, node, "a test", test_keys, TEST_KEYS, parts))
        return;
    if (parts[TEST_NAME] != NULL) {
        test->name = parts[TEST_NAME]->text;
        test->span = tally_document_span(parts[TEST_NAME]);
    }
    if (parts[TEST_AS_OF] != NULL)
        test->as_of = parts[TEST_AS_OF]->text;
    test->setting_count =
        read_named(reader, parts[TEST_SETTINGS], TALLY_NAME_SETTING, &test->settings);
    test->fact_count = read_named(reader, parts[TEST_FACTS], TALLY_NAME_FACT, &test->facts);
    read_given(reader, parts[TEST_GIVEN], test);
    if (parts[TEST_EXPECT] == NULL)
        return;
    expectations =
        tally_document_alloc(reader, parts[TEST_EXPECT]->count + 1, sizeof(*expectations));
    if (expectations == NULL)
        return;
    while (tally_document_each(parts[TEST_EXPECT], &cursor) != NULL)
        read_expectation(reader, cursor, &expectations[test->expectation_count++]);
    test->expectations = expectations;
}

void tally_document_tests(tally_reader *reader)
{
    const tally_yaml *section = tally_yaml_get(reader->root, "tests");
    const struct tally_tests *older = reader->policy->tests;
    struct tally_tests *tests;
    tally_test *list;
    uint32_t count = older != NULL ? older->count : 0;

    if (section == NULL || section->kind != TALLY_YAML_SEQUENCE || section->count == 0)
        return;
    tests = tally_document_alloc(reader, 1, sizeof(*tests));
    list = tally_document_alloc(reader, count + section->count, sizeof(*list));
    if (tests == NULL || list == NULL)
        return;
    if (count > 0)
        memcpy(list, older->tests, count * sizeof(*list));
    for (const tally_yaml *node = section->first; node != NULL; node = node->next)
        read_test(reader, node, &list[count++]);
    tests->tests = list;
    tests->count = count;
    reader->policy->tests = tests;
}
