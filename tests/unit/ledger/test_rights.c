/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that show only when receipts, batches, wallets and programmes come together
 * (R1, R3, R6). */

#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "batches.h"
#include "members.h"
#include "message/card.h"
#include "policy/diagnostics.h"
#include "wallet/file.h"
#include "wallet/requests.h"

#define LINE_BYTES 256

static void event_line(char out[static LINE_BYTES], const char *id, const char *at,
                       const char *subject)
{
    (void)snprintf(out, LINE_BYTES,
                   "{\"id\":\"%s\",\"type\":\"tree-planted\",\"at\":\"%s\",\"subject\":\"%s\","
                   "\"trees\":2}\n",
                   id, at, subject);
}

/* Send one event about a subject; what the reply says of it, "" when it was admitted. */
static void send_event(fixture *f, batches_source *source, const char *id, const char *at,
                       const char *subject, char out[static 512])
{
    batches_outcome outcome;
    char line[LINE_BYTES];

    event_line(line, id, at, subject);
    batches_send(&outcome, f, source, line);
    if (outcome.rc != TALLY_OK)
        fail_msg("%s", outcome.err.message);
    memcpy(out, outcome.refused, sizeof(outcome.refused));
    batches_outcome_free(&outcome);
}

static void tR1_neg_a_lapsed_or_withdrawn_receipt_admits_nothing(void **state)
{
    /* The receipt of 2026-03-02 lapses on 2028-03-02. */
    const int64_t lapsed = FIXTURE_NOW + (INT64_C(365) + 366) * TALLY_DAY_MS;
    batches_source parks;
    members_one ana;
    char said[512];
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    batches_register(&f, &parks, "parks-office", 1);
    members_make(&ana, 1);
    members_join(&f, &ana);
    fixture_at(&f, lapsed - 1000);
    send_event(&f, &parks, "a", "2028-03-01", ana.key.did, said);
    assert_string_equal(said, "");
    fixture_at(&f, lapsed + 1000);
    send_event(&f, &parks, "b", "2028-03-02T09:00:00.500Z", ana.key.did, said);
    assert_string_equal(said, "0 E_NOT_RECORDED R1");
    /* Nor what happened while it was live, and comes after its end. */
    send_event(&f, &parks, "c", "2028-03-01", ana.key.did, said);
    assert_string_equal(said, "0 E_NOT_RECORDED R1");
    fixture_end(&f);
}

/* R3: to a source, four kinds of nobody are one, by did and by handle. */
static void tR3_neg_a_source_cannot_tell_who_left_from_who_never_came(void **state)
{
    const int64_t lapsed = FIXTURE_NOW + (INT64_C(365) + 366) * TALLY_DAY_MS;
    members_one left, late, never, old;
    const char *dids[4];
    batches_source parks;
    tally_handle handle;
    char first[512], said[512], subject[64];
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    batches_register(&f, &parks, "parks-office", 1);
    members_make(&left, 1);
    members_make(&late, 2);
    members_make(&never, 3);
    members_make(&old, 4);
    members_join(&f, &old);
    members_join(&f, &left);
    tally_handle_make(&handle, left.handle_secret, tally_text_from(parks.key.did));
    members_leave(&f, &left);
    fixture_at(&f, lapsed + 1000);
    members_join(&f, &late); /* after what is written about it happened */
    dids[0] = left.key.did;
    dids[1] = late.key.did;
    dids[2] = never.key.did;
    dids[3] = old.key.did; /* lapsed */
    for (int i = 0; i < 4; i++) {
        send_event(&f, &parks, "x", "2028-03-01", dids[i], said);
        if (i == 0)
            memcpy(first, said, sizeof(first));
        assert_string_equal(said, first);
    }
    assert_string_equal(first, "0 E_NOT_RECORDED R1");
    (void)snprintf(subject, sizeof(subject), "handle:%s", handle.text);
    send_event(&f, &parks, "y", "2028-03-01", subject, said);
    assert_string_equal(said, first);
    send_event(&f, &parks, "z", "2028-03-01", "handle:aaaaaaaaaaaaaaaaaaaaaaaaaa", said);
    assert_string_equal(said, first);
    fixture_end(&f);
}

/* A card works from the moment of joining, also while the programme is open, and for its source only. */
static void a_card_leads_to_its_member_for_its_source_only(void **state)
{
    batches_source parks, tools;
    char said[512], subject[64], line[LINE_BYTES];
    batches_outcome outcome;
    tally_handle handle;
    members_one ana, ben;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    batches_register(&f, &parks, "parks-office", 1);
    batches_register(&f, &tools, "tool-library", 2);
    members_make(&ana, 1);
    members_make(&ben, 2);
    members_join(&f, &ana);
    send_event(&f, &parks, "a", "2026-03-02", ana.key.did, said); /* the index is built */
    members_join(&f, &ben);
    fixture_at(&f, FIXTURE_NOW + 2 * TALLY_DAY_MS);
    tally_handle_make(&handle, ben.handle_secret, tally_text_from(parks.key.did));
    (void)snprintf(subject, sizeof(subject), "handle:%s", handle.text);
    send_event(&f, &parks, "b", "2026-03-03", subject, said);
    assert_string_equal(said, "");
    (void)snprintf(line, sizeof(line),
                   "{\"id\":\"c\",\"type\":\"tool-returned\",\"at\":\"2026-03-03\",\"subject\":"
                   "\"%s\",\"item\":\"drill-1\"}\n",
                   subject);
    batches_send(&outcome, &f, &tools, line);
    assert_string_equal(outcome.refused, "0 E_NOT_RECORDED R1");
    batches_outcome_free(&outcome);
    fixture_end(&f);
}

/* ---- two programmes and one person (R6) -------------------------------------------- */

/* A programme with randomness of its own. */
static void begin_programme(fixture *f, const char *origin, uint64_t seed)
{
    tally_diagnostics *diagnostics = tally_diagnostics_new();
    tally_create_options options;

    fixture_begin_empty(f);
    (void)seeded_begin(&f->random, seed);
    options = fixture_create_options(f, FIXTURE_MEMBERS);
    options.origin = tally_text_from(origin);
    assert_int_equal(tally_ledger_create(&options, diagnostics, NULL, NULL), TALLY_OK);
    tally_diagnostics_free(diagnostics);
    {
        const tally_ledger_options open = { .folder = f->folder,
                                            .is_for_writing = true,
                                            .clock = { .fixed_ms = FIXTURE_NOW },
                                            .random = &f->random.source };

        assert_int_equal(tally_ledger_open(&f->ledger, &open, NULL), TALLY_OK);
    }
}

/* A person's wallet joins, through the wallet's own requests. */
static void join_with_wallet(fixture *f, tally_wallet *wallet)
{
    const tally_wallet_moment moment = { FIXTURE_NOW, &f->random.source };
    tally_arena *arena = tally_arena_new((size_t)8 << 20);
    tally_did_key did, recovery;
    tally_wallet_programme *programme;
    tally_receipt_terms terms = { .is_generated = true,
                                  .purpose = TALLY_TEXT(TALLY_PURPOSE_PARTICIPATION) };
    tally_buffer offer, notice, request, answer;
    char token[TALLY_TOKEN_TEXT_BYTES];
    tally_err err = TALLY_ERR_INIT;
    tally_answer read;

    tally_buffer_init(&offer, (size_t)1 << 20);
    tally_buffer_init(&notice, (size_t)1 << 20);
    tally_buffer_init(&request, (size_t)1 << 20);
    tally_buffer_init(&answer, (size_t)1 << 20);
    assert_int_equal(tally_wallet_add(wallet, &programme, tally_ledger_origin(f->ledger), NULL),
                     TALLY_OK);
    assert_int_equal(
        tally_wallet_set_text(&programme->programme_did, tally_ledger_did(f->ledger), NULL),
        TALLY_OK);
    assert_int_equal(tally_wallet_did(wallet, programme, &did, NULL), TALLY_OK);
    assert_int_equal(tally_wallet_recovery_did(wallet, programme, &recovery, NULL), TALLY_OK);
    terms.member_did = tally_text_from(did.text);
    terms.recovery_did = tally_text_from(recovery.text);
    assert_int_equal(tally_ledger_offer(f->ledger, &terms, &offer, &notice, NULL, NULL), TALLY_OK);
    members_token(f, token);
    /* Another notice than the one the offer is about is not signed. */
    assert_int_equal(tally_wallet_ask_join(wallet, programme, &moment, tally_buffer_text(&offer),
                                           TALLY_TEXT("Join us!"), tally_text_from(token), &request,
                                           NULL),
                     TALLY_E_INVALID);
    if (tally_wallet_ask_join(wallet, programme, &moment, tally_buffer_text(&offer),
                              tally_buffer_text(&notice), tally_text_from(token), &request,
                              &err) != TALLY_OK ||
        tally_ledger_receive(f->ledger, tally_buffer_text(&request), NULL, &answer, NULL, &err) !=
            TALLY_OK ||
        tally_wallet_take_answer(wallet, programme, tally_buffer_text(&answer), arena, &read,
                                 &err) != TALLY_OK)
        fail_msg("%s", err.message);
    assert_true(programme->is_member && programme->has_secrets);
    assert_int_equal(programme->item_count, 1);
    /* Nobody else's answer is taken. */
    answer.bytes[answer.count - 4] = answer.bytes[answer.count - 4] == 'A' ? 'B' : 'A';
    assert_int_equal(
        tally_wallet_take_answer(wallet, programme, tally_buffer_text(&answer), arena, &read, NULL),
        TALLY_E_INVALID);
    tally_buffer_free(&offer);
    tally_buffer_free(&notice);
    tally_buffer_free(&request);
    tally_buffer_free(&answer);
    tally_arena_free(arena);
}

#define WINDOW   12u
#define CONSTANT 8u /* of a shared window, so much at least stands in every programme */

/* All that a folder holds, one file after the other. */
static void read_folder(const char *path, tally_buffer *out)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;

    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        char below[512];
        struct stat found;

        (void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || stat(below, &found) != 0)
            continue;
        if (S_ISDIR(found.st_mode)) {
            read_folder(below, out);
        } else {
            char bytes[8192];
            size_t count;
            FILE *file = fopen(below, "rb");

            assert_non_null(file);
            while ((count = fread(bytes, 1, sizeof(bytes), file)) > 0)
                assert_int_equal(tally_buffer_append(out, bytes, count), TALLY_OK);
            assert_int_equal(fclose(file), 0);
        }
    }
    assert_int_equal(closedir(stream), 0);
}

static size_t compared_bytes;

static int compare_windows(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;

    return memcmp(*left, *right, compared_bytes);
}

typedef struct windows {
    tally_buffer bytes;
    const char **at;
    size_t count;
} windows;

static void make_windows(windows *out, const fixture *f, size_t window)
{
    compared_bytes = window;
    tally_buffer_init(&out->bytes, (size_t)64 << 20);
    read_folder(f->folder, &out->bytes);
    out->count = out->bytes.count - window + 1;
    out->at = malloc(out->count * sizeof(*out->at));
    assert_non_null(out->at);
    for (size_t i = 0; i < out->count; i++)
        out->at[i] = out->bytes.bytes + i;
    qsort(out->at, out->count, sizeof(*out->at), compare_windows);
}

static bool has_window(const windows *where, const char *window, size_t count)
{
    compared_bytes = count;
    return bsearch(&window, where->at, where->count, sizeof(*where->at), compare_windows) != NULL;
}

/* Does it hold a piece of what every programme writes, such as the name of a member between two random
 * values? */
static bool is_constant(const windows *every, const char *window)
{
    for (size_t i = 0; i + CONSTANT <= WINDOW; i++) {
        if (has_window(every, window + i, CONSTANT))
            return true;
    }
    return false;
}

static void free_windows(windows *self)
{
    tally_buffer_free(&self->bytes);
    free(self->at);
}

/* A and B have one person in common, A and C nobody. What A and B share, A and C have to share as well: then
 * it is of the program and not of the person. */
static void tR6_pos_one_person_in_two_programmes_leaves_nothing_in_common(void **state)
{
    static const uint8_t seeds[2][TALLY_WALLET_SEED_BYTES] = { { 1, 2, 3 }, { 4, 5, 6 } };
    tally_wallet_set *sets[2];
    fixture a, b, c;
    windows in_a, in_b, in_c;
    size_t shared = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(tally_wallet_set_new(&sets[i], seeds[i], 1, NULL), TALLY_OK);
    begin_programme(&a, "green.riverside.example/points", 1);
    begin_programme(&b, "books.hillside.example/thanks", 2);
    begin_programme(&c, "tools.lakeside.example/credit", 3);
    join_with_wallet(&a, tally_wallet_set_member(sets[0], 0));
    join_with_wallet(&b, tally_wallet_set_member(sets[0], 0));
    join_with_wallet(&c, tally_wallet_set_member(sets[1], 0));
    make_windows(&in_a, &a, WINDOW);
    make_windows(&in_b, &b, WINDOW);
    make_windows(&in_c, &c, CONSTANT);
    for (size_t i = 0; i + WINDOW <= in_a.bytes.count; i++) {
        const char *window = in_a.bytes.bytes + i;

        if (!has_window(&in_b, window, WINDOW))
            continue;
        shared++;
        if (!is_constant(&in_c, window))
            fail_msg("'%.*s' is in both programmes of one person and in no other", (int)WINDOW,
                     window);
    }
    assert_true(shared > 1000);
    /* The comparison finds what is in two of them: a did of one in a file of the other. */
    assert_true(has_window(&in_a, in_a.bytes.bytes + 100, WINDOW));
    {
        const tally_wallet_programme *programme =
            tally_wallet_programme_at(tally_wallet_set_member(sets[0], 0), 0);
        tally_did_key did;

        assert_int_equal(
            tally_wallet_did(tally_wallet_set_member(sets[0], 0), programme, &did, NULL), TALLY_OK);
        assert_true(has_window(&in_a, did.text + 20, WINDOW) !=
                    has_window(&in_b, did.text + 20, WINDOW));
        assert_false(is_constant(&in_c, did.text + 20));
    }
    free_windows(&in_a);
    free_windows(&in_b);
    free_windows(&in_c);
    fixture_end(&a);
    fixture_end(&b);
    fixture_end(&c);
    for (size_t i = 0; i < 2; i++)
        tally_wallet_set_free(sets[i]);
}

static void tR6_pos_leaving_and_rejoining_is_with_another_key(void **state)
{
    static const uint8_t seed[TALLY_WALLET_SEED_BYTES] = { 9 };
    tally_arena *arena = tally_arena_new((size_t)8 << 20);
    tally_wallet_moment moment;
    tally_did_key first, second;
    tally_wallet_programme *programme;
    tally_buffer request, answer;
    tally_wallet_set *set;
    tally_wallet *wallet;
    fixture f;

    (void)state;
    fixture_begin(&f, FIXTURE_MEMBERS);
    moment = (tally_wallet_moment){ FIXTURE_NOW, &f.random.source };
    assert_int_equal(tally_wallet_set_new(&set, seed, 1, NULL), TALLY_OK);
    wallet = tally_wallet_set_member(set, 0);
    join_with_wallet(&f, wallet);
    programme = tally_wallet_find(wallet, tally_ledger_origin(f.ledger));
    assert_int_equal(tally_wallet_did(wallet, programme, &first, NULL), TALLY_OK);
    tally_buffer_init(&request, (size_t)1 << 20);
    tally_buffer_init(&answer, (size_t)1 << 20);
    assert_int_equal(tally_wallet_ask_leave(wallet, programme, &moment, &request, NULL), TALLY_OK);
    assert_int_equal(
        tally_ledger_receive(f.ledger, tally_buffer_text(&request), NULL, &answer, NULL, NULL),
        TALLY_OK);
    assert_int_equal(
        tally_wallet_take_answer(wallet, programme, tally_buffer_text(&answer), arena, NULL, NULL),
        TALLY_OK);
    assert_false(programme->is_member || programme->has_secrets);
    assert_int_equal(programme->item_count, 0);
    join_with_wallet(&f, wallet);
    assert_int_equal(tally_wallet_did(wallet, programme, &second, NULL), TALLY_OK);
    assert_string_not_equal(first.text, second.text);
    assert_false(fixture_has_bytes(&f, first.text, strlen(first.text)));
    tally_buffer_free(&request);
    tally_buffer_free(&answer);
    tally_arena_free(arena);
    tally_wallet_set_free(set);
    fixture_end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tR1_neg_a_lapsed_or_withdrawn_receipt_admits_nothing),
        cmocka_unit_test(tR3_neg_a_source_cannot_tell_who_left_from_who_never_came),
        cmocka_unit_test(a_card_leads_to_its_member_for_its_source_only),
        cmocka_unit_test(tR6_pos_one_person_in_two_programmes_leaves_nothing_in_common),
        cmocka_unit_test(tR6_pos_leaving_and_rejoining_is_with_another_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
