/* SPDX-License-Identifier: Apache-2.0 */
/* Witnesses, and the publisher before them: each of the answers, a restart, a
 * fork, a clock that is wrong. */

#include "world.h"

#include "publish/witness_store.h"

#define WITNESSES 3

/* keys/w1.seed.hex and w2.seed.hex of the vectors are not needed: any will do. */
static tally_signer witness_signer(uint32_t i)
{
    static const char *const names[WITNESSES] = { "witness.example.org/a", "witness.example.org/b",
                                                  "witness.example.org/c" };
    tally_signer signer = { .name = tally_text_from(names[i]), .kind = TALLY_KEY_WITNESS };

    memset(signer.seed32, (int)i + 1, sizeof(signer.seed32));
    return signer;
}

typedef struct seat {
    sim_files *sim;
    tally_files files;
    tally_signer signer;
    tally_vkey log_keys[2];
    tally_witness witness;
    int64_t clock_s;
    bool is_silent;
    uint32_t forced_status; /* 0: its own */
    const char *forced_body;
    uint32_t asked;
    uint32_t last_status;
    char last_request[8192];
    size_t last_count;
} seat;

static world at;
static seat seats[WITNESSES];
static char quorum_text[2048];

static void open_seat(seat *it)
{
    const tally_witness_options options = { .files = &it->files,
                                            .at = SIM_ROOT,
                                            .path = "witness",
                                            .signer = &it->signer,
                                            .logs = it->log_keys,
                                            .log_count = 1 };
    tally_err err = TALLY_ERR_INIT;

    if (tally_witness_open(&it->witness, &options, &err) != TALLY_OK)
        fail_msg("%s", err.message);
}

static tally_rc ask(void *context, tally_text request, uint32_t *out_status, tally_buffer *out_body,
                    tally_err *err)
{
    seat *it = context;
    tally_rc rc;

    it->asked++;
    assert_true(request.count < sizeof(it->last_request));
    memcpy(it->last_request, request.bytes, request.count);
    it->last_count = request.count;
    if (it->is_silent)
        return tally_err_set(err, TALLY_E_IO, 0, "timed out");
    if (it->forced_status != 0) {
        *out_status = it->forced_status;
        return tally_buffer_append_string(out_body, it->forced_body);
    }
    rc = tally_witness_answer(&it->witness, request, it->clock_s, out_status, out_body, err);
    it->last_status = *out_status;
    return rc;
}

static int set_up(void **state)
{
    size_t count = 0;

    (void)state;
    world_init(&at, 1);
    sim_files_observe(at.sim, world_observe, &at);
    for (uint32_t i = 0; i < WITNESSES; i++) {
        seat *it = &seats[i];
        tally_buffer text;
        tally_vkey key;

        memset(it, 0, sizeof(*it));
        it->sim = sim_files_new(i);
        it->files = sim_files_calls(it->sim);
        it->signer = witness_signer(i);
        it->log_keys[0] = at.keys[0];
        it->clock_s = 3600;
        open_seat(it);
        at.links[i] = (tally_witness_link){ .context = it, .ask = ask };
        tally_buffer_init(&text, 512);
        assert_int_equal(tally_signer_vkey(&key, &it->signer), TALLY_OK);
        assert_int_equal(tally_vkey_append(&text, &key), TALLY_OK);
        count += (size_t)snprintf(quorum_text + count, sizeof(quorum_text) - count,
                                  "witness w%u %s\n", i, tally_buffer_string(&text));
        tally_buffer_free(&text);
    }
    (void)snprintf(quorum_text + count, sizeof(quorum_text) - count,
                   "group g 2 w0 w1 w2\nquorum g\n");
    assert_int_equal(tally_quorum_parse(&at.quorum, tally_text_from(quorum_text), NULL), TALLY_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WITNESSES; i++) {
        tally_witness_close(&seats[i].witness);
        sim_files_free(seats[i].sim);
    }
    world_free(&at);
    at.publisher = NULL;
    return 0;
}

static tally_rc beat_now(uint64_t beat, tally_published *out, tally_err *err)
{
    tally_err_clear(err);
    if (at.publisher == NULL)
        assert_int_equal(world_open(&at, err), TALLY_OK);
    return tally_publisher_beat(at.publisher, beat, 3600, out, err);
}

/* Verify the public checkpoint with the witnesses as a reader would. */
static size_t cosigned(void)
{
    const tally_trust trust = { .origin = TALLY_TEXT(MEMORY_ORIGIN),
                                .log_keys = at.keys,
                                .log_key_count = 2,
                                .policy = &at.quorum };
    tally_opened opened;

    assert_int_equal(tally_checkpoint_open(&opened, world_file(&at, "checkpoint"), &trust, NULL),
                     TALLY_OK);
    return opened.witness_count;
}

static void a_quorum_publishes(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    for (uint64_t beat = 0; beat < 5; beat++) {
        memory_journal_add(&at.memory, 100);
        assert_int_equal(beat_now(beat, &done, &err), TALLY_OK);
        assert_true(done.is_public);
        assert_int_equal(done.cosigned, 3);
        assert_int_equal(cosigned(), 3);
    }
    assert_int_equal(seats[0].asked, 5);
    seats[2].is_silent = true;
    memory_journal_add(&at.memory, 1);
    assert_int_equal(beat_now(9, &done, &err), TALLY_OK);
    assert_true(done.is_public);
    assert_int_equal(cosigned(), 2);
    assert_non_null(strstr(done.missing.message, "does not answer"));
}

/* It is signed, and waits; nobody can read what too few have seen. */
static void below_the_quorum_nothing_is_published(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    seats[1].is_silent = seats[2].is_silent = true;
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    assert_false(done.is_public);
    assert_int_equal(done.public_size, 0);
    assert_null(world_file(&at, "checkpoint").bytes);
    world_close(&at);
    memory_journal_add(&at.memory, 20);
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    assert_false(done.is_public);
    seats[2].is_silent = false;
    /* The same beat again: only the witnesses are asked. */
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    assert_int_equal(done.new_count, 0);
    assert_true(done.is_public);
    assert_int_equal(cosigned(), 2);
}

static void a_witness_that_was_away_names_its_size(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    seats[0].is_silent = true;
    memory_journal_add(&at.memory, 300);
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    memory_journal_add(&at.memory, 300);
    assert_int_equal(beat_now(2, &done, &err), TALLY_OK);
    seats[0].is_silent = false;
    world_close(&at); /* the publisher forgets what each holds */
    memory_journal_add(&at.memory, 1);
    seats[0].asked = 0;
    assert_int_equal(beat_now(3, &done, &err), TALLY_OK);
    assert_int_equal(done.cosigned, 3);
    assert_int_equal(seats[0].asked, 2); /* 409, then from the size it named */
}

static void a_witness_remembers_after_a_restart(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    for (uint32_t i = 0; i < WITNESSES; i++) {
        tally_witness_close(&seats[i].witness);
        sim_files_reboot(seats[i].sim);
        open_seat(&seats[i]);
    }
    memory_journal_add(&at.memory, 1);
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    assert_int_equal(done.cosigned, 3);
}

/* Two copies of one machine, each with its own heads and folder: the witnesses
 * hear the first, and the second one stops. */
static void of_two_copies_one_is_cosigned(void **state)
{
    static world copy;
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    world_init(&copy, 1);
    copy.quorum = at.quorum;
    memcpy(copy.links, at.links, sizeof(copy.links));
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    assert_int_equal(world_open(&copy, &err), TALLY_OK);
    assert_int_equal(tally_publisher_beat(copy.publisher, 0, 3600, &done, &err), TALLY_OK);
    assert_true(done.is_public); /* the same head so far */
    copy.memory.seed = 2;
    memory_journal_add(&at.memory, 5);
    memory_journal_add(&copy.memory, 5);
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    assert_int_equal(tally_publisher_beat(copy.publisher, 1, 3600, &done, &err), TALLY_E_CORRUPT);
    assert_non_null(strstr(err.message, "forked"));
    tally_err_clear(&err);
    assert_int_equal(tally_publisher_beat(copy.publisher, 2, 3600, &done, &err), TALLY_E_CORRUPT);
    /* The copy falls behind: then the witness holds more than it ever signed. */
    world_free(&copy);
}

static void a_witness_that_holds_more_stops_a_restored_publisher(void **state)
{
    static world copy;
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    memory_journal_add(&at.memory, 50);
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    world_init(&copy, 1);
    copy.quorum = at.quorum;
    memcpy(copy.links, at.links, sizeof(copy.links));
    assert_int_equal(world_open(&copy, &err), TALLY_OK);
    assert_int_equal(tally_publisher_beat(copy.publisher, 0, 3600, &done, &err), TALLY_E_CORRUPT);
    assert_non_null(strstr(err.message, "holds a larger checkpoint"));
    world_free(&copy);
}

static void refusals_stop_the_publisher(void **state)
{
    static const struct {
        uint32_t status;
        const char *body;
        tally_rc rc;
        const char *words;
    } answers[] = {
        { 403, "no\n", TALLY_E_DENIED, "403" },
        { 404, "no\n", TALLY_E_DENIED, "404" },
        { 422, "no\n", TALLY_E_CORRUPT, "did not grow" },
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
        tally_err err = TALLY_ERR_INIT;
        tally_published done;

        tear_down(NULL);
        set_up(NULL);
        seats[1].forced_status = answers[i].status;
        seats[1].forced_body = answers[i].body;
        assert_int_equal(beat_now(0, &done, &err), answers[i].rc);
        assert_non_null(strstr(err.message, answers[i].words));
        assert_null(world_file(&at, "checkpoint").bytes);
    }
}

/* None of these counts as a cosignature, and none of them stops the log. */
static void nonsense_counts_as_no_answer(void **state)
{
    static const struct {
        uint32_t status;
        const char *body;
    } answers[] = {
        { 200, "" },
        { 200, "nonsense" },
        { 200, "\xe2\x80\x94 witness.example.org/b AAAAAAAA\n" },
        { 200, "\xe2\x80\x94 witness.example.org/b not-base64\n" },
        { 409, "" },
        { 409, "x\n" },
        { 409, "1\n2\n" },
        { 409, "-1\n" },
        { 409, "5\n" }, /* and again the same */
        { 500, "" },
        { 302, "elsewhere\n" },
        { 0xffffffff, "" },
    };
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
        seats[1].forced_status = answers[i].status;
        seats[1].forced_body = answers[i].body;
        memory_journal_add(&at.memory, 1);
        assert_int_equal(beat_now(i, &done, &err), TALLY_OK);
        assert_true(done.is_public);
        assert_int_equal(done.cosigned, 2);
        assert_int_equal(cosigned(), 2);
    }
}

static void a_time_that_has_not_come_counts_as_no_answer(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;

    (void)state;
    seats[0].clock_s = 3600 + 301;
    seats[1].clock_s = 3600 + 300;
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    assert_int_equal(done.cosigned, 2);
    assert_non_null(strstr(done.missing.message, "has not come"));
}

/* ---- a witness asked directly ---- */

static uint32_t status_of(seat *it, tally_text request, tally_buffer *out_body)
{
    tally_err err = TALLY_ERR_INIT;
    uint32_t status = 0;

    tally_buffer_reset(out_body);
    assert_int_equal(
        tally_witness_answer(&it->witness, request, it->clock_s, &status, out_body, &err),
        TALLY_OK);
    return status;
}

static void each_request_gets_its_status(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    tally_buffer body;
    char request[8192], old[8192];
    size_t count, old_count;
    seat *it = &seats[0];

    (void)state;
    tally_buffer_init(&body, 4096);
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    memcpy(old, it->last_request, old_count = it->last_count);
    memory_journal_add(&at.memory, 300);
    it->is_silent = true; /* keeps the request, does not see it */
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    memcpy(request, it->last_request, count = it->last_count);
    it->is_silent = false;

    assert_int_equal(status_of(it, TALLY_TEXT("nonsense"), &body), 400);
    assert_int_equal(status_of(it, tally_text_of(request, count - 1), &body), 400);
    /* The first one came before: it holds that size now. */
    assert_int_equal(status_of(it, tally_text_of(old, old_count), &body), 409);
    assert_true(tally_text_is(tally_buffer_text(&body), "18\n"));
    request[count - 20] ^= 1;
    assert_int_equal(status_of(it, tally_text_of(request, count), &body) / 100, 4);
    request[count - 20] ^= 1;
    /* The last hash of the proof. */
    {
        char *hash = strstr(request, "=\n\n") - 5;

        *hash = *hash == 'A' ? 'B' : 'A';
        assert_int_equal(status_of(it, tally_text_of(request, count), &body), 422);
        memcpy(request, it->last_request, count);
    }
    assert_int_equal(status_of(it, tally_text_of(request, count), &body), 200);
    assert_true(tally_text_has_prefix(tally_buffer_text(&body), TALLY_TEXT("\xe2\x80\x94 ")));
    /* Once more is a conflict: the old size is no longer its own. */
    assert_int_equal(status_of(it, tally_text_of(request, count), &body), 409);
    /* A log, and a key, that it does not know. */
    {
        tally_vkey other = it->log_keys[0];

        it->log_keys[0].name = TALLY_TEXT("log.example.org/other");
        assert_int_equal(status_of(it, tally_text_of(request, count), &body), 404);
        it->log_keys[0] = at.keys[1];
        assert_int_equal(status_of(it, tally_text_of(request, count), &body), 403);
        it->log_keys[0] = other;
    }
    tally_buffer_free(&body);
}

static void the_same_size_again_is_cosigned_again(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    tally_buffer body, request;
    tally_text checkpoint;

    (void)state;
    tally_buffer_init(&body, 4096);
    tally_buffer_init(&request, 8192);
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    checkpoint = world_file(&at, "checkpoint");
    tally_buffer_append_string(&request, "old 18\n\n");
    tally_buffer_append_text(&request, checkpoint);
    assert_int_equal(status_of(&seats[0], tally_buffer_text(&request), &body), 200);
    tally_buffer_reset(&request);
    tally_buffer_append_string(&request, "old 19\n\n");
    tally_buffer_append_text(&request, checkpoint);
    assert_int_equal(status_of(&seats[0], tally_buffer_text(&request), &body), 400);
    tally_buffer_free(&body);
    tally_buffer_free(&request);
}

/* A second root for a size it cosigned, signed in good order. */
static void another_root_of_the_same_size_is_a_conflict(void **state)
{
    static world other;
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    tally_buffer body, request;

    (void)state;
    world_init(&other, 2);
    world_must_beat(&other, 0);
    tally_buffer_init(&body, 4096);
    tally_buffer_init(&request, 8192);
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    tally_buffer_append_string(&request, "old 18\n\n");
    tally_buffer_append_text(&request, world_file(&other, "checkpoint"));
    assert_int_equal(status_of(&seats[0], tally_buffer_text(&request), &body), 409);
    tally_buffer_free(&body);
    tally_buffer_free(&request);
    world_free(&other);
}

/* At every operation on its disk: whatever it answered, it still holds. */
static void what_a_witness_answered_it_holds_after_any_crash(void **state)
{
    char first[8192], second[8192];
    size_t first_count, second_count;
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    uint64_t tried = 0;

    (void)state;
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    memcpy(first, seats[0].last_request, first_count = seats[0].last_count);
    memory_journal_add(&at.memory, 30);
    assert_int_equal(beat_now(1, &done, &err), TALLY_OK);
    memcpy(second, seats[0].last_request, second_count = seats[0].last_count);
    for (uint64_t nth = 0;; nth++) {
        seat *it = &seats[0];
        tally_buffer body;
        uint32_t status = 0;
        tally_rc rc;
        bool is_faulted;

        tally_witness_close(&it->witness);
        sim_files_free(it->sim);
        it->sim = sim_files_new(nth);
        it->files = sim_files_calls(it->sim);
        open_seat(it);
        tally_buffer_init(&body, 4096);
        assert_int_equal(status_of(it, tally_text_of(first, first_count), &body), 200);
        sim_files_fault(it->sim, nth % 2 == 0 ? SIM_CRASH : SIM_FAIL, nth / 2);
        tally_buffer_reset(&body);
        rc = tally_witness_answer(&it->witness, tally_text_of(second, second_count), 1, &status,
                                  &body, NULL);
        is_faulted = sim_files_is_faulted(it->sim);
        tally_witness_close(&it->witness);
        sim_files_reboot(it->sim);
        open_seat(it);
        /* Asked about the first again: if it had cosigned the second, it says so. */
        if (rc == TALLY_OK && status == 200) {
            assert_int_equal(status_of(it, tally_text_of(first, first_count), &body), 409);
            assert_true(tally_text_is(tally_buffer_text(&body), "50\n"));
        } else {
            uint32_t again = status_of(it, tally_text_of(second, second_count), &body);

            assert_true(again == 200 || again == 409); /* kept, and the answer was lost */
        }
        tally_buffer_free(&body);
        tried++;
        if (!is_faulted)
            break;
    }
    assert_true(tried > 10);
}

static void a_damaged_memory_cosigns_nothing(void **state)
{
    tally_err err = TALLY_ERR_INIT;
    tally_published done;
    tally_buffer body;
    uint32_t status;
    uint8_t digest[TALLY_HASH_BYTES];
    char hex[TALLY_HASH_HEX_BYTES], path[128];

    (void)state;
    assert_int_equal(beat_now(0, &done, &err), TALLY_OK);
    assert_int_equal(tally_hash_sha256(digest, MEMORY_ORIGIN, strlen(MEMORY_ORIGIN)), TALLY_OK);
    tally_hash_hex(hex, digest);
    (void)snprintf(path, sizeof(path), "witness/held/%s", hex);
    sim_files_put(seats[0].sim, path, "", 0);
    tally_buffer_init(&body, 4096);
    assert_int_equal(tally_witness_answer(&seats[0].witness,
                                          tally_text_of(seats[0].last_request, seats[0].last_count),
                                          1, &status, &body, &err),
                     TALLY_E_CORRUPT);
    tally_buffer_free(&body);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_quorum_publishes),
        CASE(below_the_quorum_nothing_is_published),
        CASE(a_witness_that_was_away_names_its_size),
        CASE(a_witness_remembers_after_a_restart),
        CASE(of_two_copies_one_is_cosigned),
        CASE(a_witness_that_holds_more_stops_a_restored_publisher),
        CASE(refusals_stop_the_publisher),
        CASE(nonsense_counts_as_no_answer),
        CASE(a_time_that_has_not_come_counts_as_no_answer),
        CASE(each_request_gets_its_status),
        CASE(the_same_size_again_is_cosigned_again),
        CASE(another_root_of_the_same_size_is_a_conflict),
        CASE(what_a_witness_answered_it_holds_after_any_crash),
        CASE(a_damaged_memory_cosigns_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
