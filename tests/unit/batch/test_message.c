/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as a whole: written and read back, altered in every bit, refused in
 * every way; and the tree of a batch. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/jws.h"
#include "message.h"
#include "random.h"
#include "util/alloc.h"

#define EVENTS_MAX 300u

typedef struct fixture {
    tally_arena *arena;
    tally_batch_reader *reader;
    tally_buffer message;
    tally_hash *hash;
    seeded random;
    tally_err err;
} fixture;

static int begin(void **state)
{
    fixture *made = calloc(1, sizeof(*made));

    if (made == NULL || tally_batch_reader_new(&made->reader, NULL) != TALLY_OK)
        return 1;
    made->arena = tally_arena_new((size_t)1 << 30);
    made->hash = tally_hash_new();
    tally_buffer_init(&made->message, 2 * TALLY_BATCH_BYTES_MAX);
    (void)seeded_begin(&made->random, 1);
    *state = made;
    return made->arena == NULL || made->hash == NULL;
}

static int end(void **state)
{
    fixture *made = *state;

    tally_arena_free(made->arena);
    tally_batch_reader_free(made->reader);
    tally_buffer_free(&made->message);
    tally_hash_free(made->hash);
    free(made);
    return 0;
}

static tally_batch_options options_for(fixture *made, tally_batch_form form)
{
    return (tally_batch_options){
        .programme = TALLY_TEXT(TEST_PROGRAMME),
        .number = 7,
        .form = form,
        .header_row = form == TALLY_BATCH_CSV ? TALLY_TEXT("id,type,at,subject,n") : TALLY_TEXT(""),
        .seed32 = test_seed,
        .random = &made->random.source,
    };
}

/* An event of this form, with a body of random length. */
static tally_text random_event(fixture *made, tally_batch_form form, uint32_t index)
{
    char text[1024];
    int width = (int)random_below(400) + 1;
    tally_text copy = { NULL, 0 };
    int bytes = 0;

    switch (form) {
    case TALLY_BATCH_JSONL:
        bytes = snprintf(text, sizeof(text),
                         "{\"id\":\"e%u\",\"type\":\"t\",\"at\":\"2026-03-07\","
                         "\"subject\":\"org:1\",\"n\":\"%0*d\"}",
                         index, width, 0);
        break;
    case TALLY_BATCH_CLOUDEVENTS:
        bytes =
            snprintf(text, sizeof(text),
                     "{\"specversion\":\"1.0\",\"source\":\"s\",\"id\":\"e%u\",\"type\":\"t\","
                     "\"time\":\"2026-03-07\",\"subject\":\"org:1\",\n\"data\":{\"n\":\"%0*d\"}}",
                     index, width, 0);
        break;
    case TALLY_BATCH_CSV:
        bytes = snprintf(text, sizeof(text), "e%u,t,2026-03-07,org:1,%0*d", index, width, 0);
        break;
    }
    assert_true(tally_arena_copy_text(made->arena, &copy, tally_text_of(text, (size_t)bytes)));
    return copy;
}

static tally_rc parse(fixture *made, tally_text message, tally_batch *out_batch)
{
    tally_err_clear(&made->err);
    return tally_batch_parse(out_batch, made->reader, message, made->arena, &made->err);
}

static void what_was_written_reads_back(void **state)
{
    fixture *made = *state;

    random_begin("what_was_written_reads_back");
    for (uint32_t round = 0; round < 60; round++) {
        tally_batch_form form = (tally_batch_form)(round % 3);
        tally_batch_options options = options_for(made, form);
        uint32_t count = (uint32_t)random_below(EVENTS_MAX) + 1;
        tally_text events[EVENTS_MAX];
        tally_batch batch;
        tally_batch_tree tree;

        options.number = random_u64() % TALLY_BATCH_NUMBER_MAX + 1;
        for (uint32_t i = 0; i < count; i++)
            events[i] = random_event(made, form, i);
        tally_buffer_reset(&made->message);
        assert_int_equal(
            tally_batch_write(&made->message, &options, events, count, made->arena, &made->err),
            TALLY_OK);
        assert_int_equal(parse(made, tally_buffer_text(&made->message), &batch), TALLY_OK);
        assert_int_equal(tally_batch_verify(&batch, &tree, made->arena, NULL), TALLY_OK);
        assert_int_equal(batch.header.number, options.number);
        assert_int_equal(batch.header.form, form);
        assert_true(tally_text_is(batch.header.programme, TEST_PROGRAMME));
        assert_true(tally_text_is_equal(batch.header.source, test_source()));
        assert_int_equal(batch.event_count, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_null(batch.events[i].problem);
            assert_true(tally_text_is_equal(batch.events[i].bytes, events[i]));
            /* A salt is never used twice. */
            assert_true(i == 0 || memcmp(batch.events[i].salt, batch.events[i - 1].salt, 32) != 0);
        }
    }
}

static bool is_sound(fixture *made, tally_text message)
{
    tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    tally_batch batch;
    tally_batch_tree tree;
    bool is_good;

    tally_err_clear(&made->err);
    is_good = tally_batch_parse(&batch, made->reader, message, arena, &made->err) == TALLY_OK &&
              tally_batch_verify(&batch, &tree, arena, &made->err) == TALLY_OK;
    tally_arena_free(arena);
    return is_good;
}

static void no_bit_can_be_changed(void **state)
{
    fixture *made = *state;

    random_begin("no_bit_can_be_changed");
    for (int form = 0; form < 3; form++) {
        tally_batch_options options = options_for(made, (tally_batch_form)form);
        tally_text events[3];
        char *copy;
        size_t count;

        for (uint32_t i = 0; i < 3; i++)
            events[i] = random_event(made, (tally_batch_form)form, i);
        tally_buffer_reset(&made->message);
        assert_int_equal(tally_batch_write(&made->message, &options, events, 3, made->arena, NULL),
                         TALLY_OK);
        count = made->message.count;
        copy = malloc(count);
        assert_non_null(copy);
        memcpy(copy, made->message.bytes, count);
        assert_true(is_sound(made, tally_text_of(copy, count)));
        for (size_t bit = 0; bit < count * 8; bit++) {
            copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
            if (is_sound(made, tally_text_of(copy, count)))
                fail_msg("form %d, byte %zu, bit %zu", form, bit / 8, bit % 8);
            copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        }
        for (size_t cut = 0; cut + 1 < count; cut++)
            assert_false(is_sound(made, tally_text_of(copy, cut)));
        free(copy);
    }
}

/* ---- refusals of the whole ------------------------------------------------------ */

static const char good[] =
    "{\"content\":\"application/jsonl\",\"count\":1,\"number\":1,\"programme\":\"p.example\","
    "\"root\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"source\":\"SOURCE\",\"v\":1}";

/* The payload with one part replaced. */
static const struct {
    const char *part, *by;
    tally_rc rc;
    const char *message;
} headers[] = {
    { "", "", TALLY_OK, "" },
    { "\"count\":1", "\"count\":0", TALLY_E_INVALID, "header.count" },
    { "\"count\":1", "\"count\":10001", TALLY_E_INVALID, "header.count" },
    { "\"count\":1", "\"count\":\"1\"", TALLY_E_INVALID, "header.count" },
    { "\"count\":1,", "", TALLY_E_INVALID, "header.count" },
    { "\"number\":1", "\"number\":0", TALLY_E_INVALID, "header.number" },
    { "\"number\":1", "\"number\":9007199254740992", TALLY_E_DENIED, "not signed" },
    { "\"v\":1", "\"v\":2", TALLY_E_INVALID, "header.v" },
    { ",\"v\":1", ",\"v\":1,\"w\":1", TALLY_E_INVALID, "w" },
    { "application/jsonl", "application/json", TALLY_E_INVALID, "header.content" },
    { "p.example", "p example", TALLY_E_INVALID, "header.programme" },
    { "p.example", "", TALLY_E_INVALID, "header.programme" },
    { "p.example", "p+q", TALLY_E_INVALID, "header.programme" },
    { "\"AAAA", "\"AAA", TALLY_E_INVALID, "header.root" },
    { "\"AAAA", "\"AAA=", TALLY_E_INVALID, "header.root" },
    { "AAA\",\"source", "AAB\",\"source", TALLY_E_INVALID, "header.root" },
    { "SOURCE", "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", TALLY_E_DENIED,
      "names another source" },
    { "SOURCE", "did:web:office.example", TALLY_E_DENIED, "names another source" },
    { "{\"content", "{ \"content", TALLY_E_DENIED, "not signed" },
};

/* good, with a part replaced and the source in its place. */
static void make_payload(char *out, size_t room, const char *part, const char *by)
{
    char replaced[1024];
    const char *at = strstr(good, part);
    const char *source;

    assert_non_null(at);
    (void)snprintf(replaced, sizeof(replaced), "%.*s%s%s", (int)(at - good), good, by,
                   at + strlen(part));
    source = strstr(replaced, "SOURCE");
    if (source == NULL)
        (void)snprintf(out, room, "%s", replaced);
    else
        (void)snprintf(out, room, "%.*s%.*s%s", (int)(source - replaced), replaced,
                       TALLY_TEXT_ARGS(test_source()), source + 6);
}

static void append_with_header(fixture *made, const char *payload, const char *type)
{
    uint8_t salt[32] = { 0 };

    tally_buffer_reset(&made->message);
    (void)tally_buffer_append_string(&made->message, "tally-batch/v1\nheader: ");
    assert_int_equal(
        tally_jws_sign(&made->message, tally_text_from(payload), type, test_seed, &made->err),
        TALLY_OK);
    (void)tally_buffer_append_string(&made->message, "\nsalts: ");
    (void)tally_base64_append(&made->message, salt, sizeof(salt));
    assert_int_equal(tally_buffer_append_string(&made->message, "\n\n{}\n"), TALLY_OK);
}

static void headers_are_refused(void **state)
{
    fixture *made = *state;
    tally_batch batch;
    char payload[1024];

    for (size_t i = 0; i < UNIT_COUNT(headers); i++) {
        tally_rc rc;

        make_payload(payload, sizeof(payload), headers[i].part, headers[i].by);
        append_with_header(made, payload, TALLY_BATCH_JWS_TYPE);
        rc = parse(made, tally_buffer_text(&made->message), &batch);
        if (rc != headers[i].rc || strstr(made->err.message, headers[i].message) == NULL ||
            (rc != TALLY_OK && made->err.line != 2))
            fail_msg("%s: %s %u: %s", headers[i].by, tally_rc_name(rc), made->err.line,
                     made->err.message);
    }
    make_payload(payload, sizeof(payload), "", "");
    append_with_header(made, payload, "tally-receipt+jws");
    assert_int_equal(parse(made, tally_buffer_text(&made->message), &batch), TALLY_E_DENIED);
}

/* A good message with a text replaced. */
static const struct {
    const char *part, *by;
    tally_rc rc;
    uint32_t line;
} containers[] = {
    { "tally-batch/v1", "tally-batch/v2", TALLY_E_INVALID, 1 },
    { "tally-batch/v1\n", "tally-batch/v1\r\n", TALLY_E_INVALID, 1 },
    { "tally-batch/v1\n", "", TALLY_E_INVALID, 1 },
    { "header: ", "header:", TALLY_E_INVALID, 2 },
    { "header: ey", "header: zz", TALLY_E_DENIED, 2 },
    { "salts: ", "salt: ", TALLY_E_INVALID, 3 },
    { "salts: AAAA", "salts: ", TALLY_E_INVALID, 3 },
    { "salts: AAAA", "salts: AA=A", TALLY_E_INVALID, 3 },
    { "salts: AAAA", "salts: AAAAAAAA", TALLY_E_INVALID, 3 },
    { "A=\n\n", "B=\n\n", TALLY_E_INVALID, 3 },
    { "A=\n\n", "A=\n", TALLY_E_INVALID, 4 },
    { "A=\n\n", "A=\n \n", TALLY_E_INVALID, 4 },
    { "\n\n{}\n", "\n", TALLY_E_INVALID, 4 },
    { "\n\n{}\n", "", TALLY_E_INVALID, 3 },
    { "\n\n{}\n", "\n\n", TALLY_E_INVALID, 5 },
};

static void containers_are_refused(void **state)
{
    fixture *made = *state;
    char payload[1024], altered[4096];
    tally_batch batch;

    make_payload(payload, sizeof(payload), "", "");
    append_with_header(made, payload, TALLY_BATCH_JWS_TYPE);
    for (size_t i = 0; i < UNIT_COUNT(containers); i++) {
        const char *text = tally_buffer_string(&made->message);
        const char *at = strstr(text, containers[i].part);

        assert_non_null(at);
        (void)snprintf(altered, sizeof(altered), "%.*s%s%s", (int)(at - text), text,
                       containers[i].by, at + strlen(containers[i].part));
        if (parse(made, tally_text_from(altered), &batch) != containers[i].rc ||
            made->err.line != containers[i].line)
            fail_msg("%s: %u: %s", containers[i].by, made->err.line, made->err.message);
    }
    assert_int_equal(parse(made, TALLY_TEXT(""), &batch), TALLY_E_INVALID);
    assert_int_equal(parse(made, tally_text_of(altered, TALLY_BATCH_BYTES_MAX + 1), &batch),
                     TALLY_E_LIMIT);
}

static void salts_and_events_of_another_batch_are_refused(void **state)
{
    fixture *made = *state;
    tally_batch_header header = test_header(TALLY_BATCH_JSONL, 1);

    tally_buffer_reset(&made->message);
    assert_int_equal(append_message(&made->message, &header, TALLY_TEXT("{}\n")), TALLY_OK);
    assert_false(is_sound(made, tally_buffer_text(&made->message)));
    assert_int_equal(made->err.rc, TALLY_E_DENIED);
}

/* ---- the tree --------------------------------------------------------------------- */

static void as_hex(char out[static TALLY_HASH_HEX_BYTES], const tally_node *node)
{
    tally_hash_hex(out, node->bytes);
}

/* Section 7 of docs/formats/batch.md, computed by Python's hashlib. */
static void the_example_of_the_format_holds(void **state)
{
    static const char *const events[] = {
        "{\"id\":\"t-1\",\"type\":\"trees\",\"at\":\"2026-03-07\",\"subject\":\"handle:m5zgk3tu\","
        "\"trees\":3}",
        "{\"id\":\"t-2\",\"type\":\"trees\",\"at\":\"2026-03-07T10:30:00+01:00\","
        "\"subject\":\"handle:nbswy3dp\",\"trees\":1}",
    };
    fixture *made = *state;
    uint8_t salts[2][32];
    tally_batch_event read[2] = { { .bytes = tally_text_from(events[0]), .salt = salts[0] },
                                  { .bytes = tally_text_from(events[1]), .salt = salts[1] } };
    tally_batch batch = { .event_count = 2, .events = read };
    tally_batch_tree tree;
    tally_node node;
    char hex[TALLY_HASH_HEX_BYTES];

    memset(salts[0], 0, 32);
    memset(salts[1], 1, 32);
    assert_int_equal(
        tally_batch_hash_event(made->hash, &node, salts[0], TALLY_TEXT(""), read[0].bytes),
        TALLY_OK);
    as_hex(hex, &node);
    assert_string_equal(hex, "6990a2f17ade81f49ede24a7dd5bc7fd3a14b053af2f5cc1a4d6c17bae40ab72");
    assert_int_equal(tally_batch_tree_make(&tree, &batch, made->arena, NULL), TALLY_OK);
    assert_int_equal(tally_batch_tree_root(&tree, made->hash, &node, NULL), TALLY_OK);
    as_hex(hex, &node);
    assert_string_equal(hex, "6a358df63d5e2c9eeabeb6e545faf940ab88add30fda54d0bf0bef157526c657");
}

/* By the edge of a growing tree, which keeps no complete subtrees. */
static void root_by_edge(fixture *made, const tally_batch *batch, tally_node *out)
{
    static tally_tree_edge edge;

    memset(&edge, 0, sizeof(edge));
    for (uint32_t i = 0; i < batch->event_count; i++) {
        char joined[4096] = "tally/event/v1";
        size_t count = 48;
        tally_node leaf;

        memcpy(joined + 16, batch->events[i].salt, 32);
        if (batch->prefix.count > 0)
            memcpy(joined + count, batch->prefix.bytes, batch->prefix.count);
        count += batch->prefix.count;
        memcpy(joined + count, batch->events[i].bytes.bytes, batch->events[i].bytes.count);
        count += batch->events[i].bytes.count;
        assert_int_equal(tally_hash_sha256(leaf.bytes, joined, count), TALLY_OK);
        assert_int_equal(tally_tree_hash_leaf(made->hash, &leaf, leaf.bytes, 32), TALLY_OK);
        assert_int_equal(tally_tree_append(&edge, made->hash, &leaf), TALLY_OK);
    }
    assert_int_equal(tally_tree_root(&edge, made->hash, out), TALLY_OK);
}

static void every_event_has_its_path(void **state)
{
    fixture *made = *state;
    uint8_t(*salts)[32] = malloc((size_t)TALLY_BATCH_EVENTS_MAX * 32);
    tally_batch_event *events = calloc(TALLY_BATCH_EVENTS_MAX, sizeof(*events));
    static char bytes[2048];

    assert_non_null(salts);
    assert_non_null(events);
    random_begin("every_event_has_its_path");
    for (uint32_t i = 0; i < TALLY_BATCH_EVENTS_MAX; i++) {
        size_t from = random_below(1024);

        events[i].salt = salts[i];
        /* Across the length up to which an event is hashed at once. */
        events[i].bytes = tally_text_of(bytes + from, random_below(1024));
        for (uint32_t byte = 0; byte < 32; byte += 8) {
            uint64_t random = random_u64();

            memcpy(salts[i] + byte, &random, 8);
        }
    }
    for (uint32_t round = 0; round < 85; round++) {
        uint32_t count = round < 70    ? round + 1
                         : round == 70 ? TALLY_BATCH_EVENTS_MAX
                                       : (uint32_t)random_below(3000) + 1;
        tally_batch batch = { .event_count = count, .events = events };
        tally_batch_tree tree;
        tally_node root, wanted;

        if (random_below(2) == 0)
            batch.prefix = TALLY_TEXT("id,type,at,subject\n");
        assert_int_equal(tally_batch_tree_make(&tree, &batch, made->arena, NULL), TALLY_OK);
        assert_int_equal(tally_batch_tree_root(&tree, made->hash, &root, NULL), TALLY_OK);
        root_by_edge(made, &batch, &wanted);
        assert_memory_equal(root.bytes, wanted.bytes, 32);
        for (uint32_t i = 0; i < 20; i++) {
            uint32_t position = (uint32_t)random_below(count);
            tally_tree_place place = { position, count };
            tally_proof proof;

            assert_int_equal(tally_batch_tree_path(&tree, made->hash, position, &proof, NULL),
                             TALLY_OK);
            assert_int_equal(tally_proof_check_inclusion(&proof, made->hash, place,
                                                         &tree.nodes[0][position], &root, NULL),
                             TALLY_OK);
            if (count == 1)
                continue;
            place.index = (position + 1) % count;
            assert_int_equal(tally_proof_check_inclusion(&proof, made->hash, place,
                                                         &tree.nodes[0][position], &root, NULL),
                             TALLY_E_INVALID);
        }
    }
    free(salts);
    free(events);
}

/* ---- bounds and failures ----------------------------------------------------------- */

static void a_batch_has_its_bounds(void **state)
{
    fixture *made = *state;
    tally_batch_options options = options_for(made, TALLY_BATCH_JSONL);
    tally_text *events = calloc(TALLY_BATCH_EVENTS_MAX + 1, sizeof(*events));
    char *longest = malloc(TALLY_BATCH_EVENT_BYTES_MAX + 1);
    tally_text line = TALLY_TEXT("{}\n");

    assert_non_null(events);
    assert_non_null(longest);
    memset(longest, ' ', TALLY_BATCH_EVENT_BYTES_MAX + 1);
    for (uint32_t i = 0; i <= TALLY_BATCH_EVENTS_MAX; i++)
        events[i] = TALLY_TEXT("{}");
    tally_buffer_reset(&made->message);
    assert_int_equal(tally_batch_write(&made->message, &options, events, TALLY_BATCH_EVENTS_MAX,
                                       made->arena, NULL),
                     TALLY_OK);
    assert_true(is_sound(made, tally_buffer_text(&made->message)));
    tally_buffer_reset(&made->message);
    assert_int_equal(tally_batch_write(&made->message, &options, events, TALLY_BATCH_EVENTS_MAX + 1,
                                       made->arena, NULL),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_batch_write(&made->message, &options, events, 0, made->arena, NULL),
                     TALLY_E_LIMIT);
    assert_int_equal(tally_batch_write(&made->message, &options, &line, 1, made->arena, NULL),
                     TALLY_E_INVALID);
    options.number = 0;
    assert_int_equal(tally_batch_write(&made->message, &options, events, 1, made->arena, NULL),
                     TALLY_E_INVALID);
    options.number = 1;
    options.programme = TALLY_TEXT("two words");
    assert_int_equal(tally_batch_write(&made->message, &options, events, 1, made->arena, NULL),
                     TALLY_E_INVALID);
    options.programme = TALLY_TEXT(TEST_PROGRAMME);
    events[0] = tally_text_of(longest, TALLY_BATCH_EVENT_BYTES_MAX + 1);
    assert_int_equal(tally_batch_write(&made->message, &options, events, 1, made->arena, NULL),
                     TALLY_E_LIMIT);
    /* 8 MiB of the longest: what tally_batch_bytes() says fits, fits. */
    for (uint32_t i = 0; i < 1000; i++)
        events[i] = tally_text_of(longest, TALLY_BATCH_EVENT_BYTES_MAX);
    for (uint32_t count = 505; count < 515; count++) {
        bool fits = tally_batch_bytes(count, count * TALLY_BATCH_EVENT_BYTES_MAX, 0) <=
                    TALLY_BATCH_BYTES_MAX;

        tally_buffer_reset(&made->message);
        assert_int_equal(
            tally_batch_write(&made->message, &options, events, count, made->arena, NULL),
            fits ? TALLY_OK : TALLY_E_LIMIT);
        assert_true(!fits || is_sound(made, tally_buffer_text(&made->message)));
    }
    made->random.fail_at = made->random.draw_count + 1;
    assert_int_equal(tally_batch_write(&made->message, &options, events, 1, made->arena, NULL),
                     TALLY_E_IO);
    free(longest);
    free(events);
}

static tally_rc write_and_read(fixture *made, tally_batch_form form, const tally_text *events,
                               tally_err *err)
{
    tally_batch_options options = options_for(made, form);
    tally_arena *arena = tally_arena_new(TALLY_BATCH_ARENA_BYTES_MAX);
    tally_batch_reader *reader = NULL;
    tally_buffer message;
    tally_batch batch;
    tally_batch_tree tree;
    tally_rc rc = arena == NULL ? TALLY_E_NOMEM : TALLY_OK;

    tally_buffer_init(&message, TALLY_BATCH_BYTES_MAX);
    if (rc == TALLY_OK)
        rc = tally_batch_write(&message, &options, events, 2, arena, err);
    if (rc == TALLY_OK)
        rc = tally_batch_reader_new(&reader, err);
    if (rc == TALLY_OK)
        rc = tally_batch_parse(&batch, reader, tally_buffer_text(&message), arena, err);
    if (rc == TALLY_OK)
        rc = tally_batch_verify(&batch, &tree, arena, err);
    tally_batch_reader_free(reader);
    tally_buffer_free(&message);
    tally_arena_free(arena);
    return rc;
}

static void each_failed_allocation_is_survived(void **state)
{
    /* A problem, an escape and a doubled quote, which all allocate. */
    static const char *const texts[][2] = {
        { "{\"id\":\"\\u0061\"", "{\"id\":\"\\u0061\",\"at\":\"2026-03-07\"}" },
        { "{\"id\":\"\\u0061\"}", "{\"data\":{\"\\u0061\":1}}" },
        { "\"a \"\"b\"\"\",t,2026-03-07,org:1,2", "a,b" },
    };
    fixture *made = *state;

    for (int form = 0; form < 3; form++) {
        tally_text events[2] = { tally_text_from(texts[form][0]), tally_text_from(texts[form][1]) };
        tally_rc rc = TALLY_E_NOMEM;
        uint32_t nth = 0;

        for (; rc != TALLY_OK; nth++) {
            tally_err_clear(&made->err);
            tally_alloc_fail_at(nth);
            rc = write_and_read(made, (tally_batch_form)form, events, &made->err);
            tally_alloc_fail_never();
            if (rc != TALLY_OK && rc != TALLY_E_NOMEM)
                fail_msg("form %d, allocation %u: %s", form, nth, made->err.message);
        }
        assert_true(nth > 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_reads_back, begin, end),
        cmocka_unit_test_setup_teardown(no_bit_can_be_changed, begin, end),
        cmocka_unit_test_setup_teardown(headers_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(containers_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(salts_and_events_of_another_batch_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(the_example_of_the_format_holds, begin, end),
        cmocka_unit_test_setup_teardown(every_event_has_its_path, begin, end),
        cmocka_unit_test_setup_teardown(a_batch_has_its_bounds, begin, end),
        cmocka_unit_test_setup_teardown(each_failed_allocation_is_survived, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
