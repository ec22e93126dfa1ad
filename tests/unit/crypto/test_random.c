/* SPDX-License-Identifier: Apache-2.0 */
/* The system's randomness: nothing comes twice, not across threads or forks. */

#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/random.h"
#include "seeded.h"

#define DRAWS 4000

static uint64_t drawn[DRAWS];

static int compare(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x < y ? -1 : x > y;
}

static void draw(uint64_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(tally_random_fill(tally_random_system(), &out[i], 8, NULL), TALLY_OK);
}

static void assert_all_distinct(void)
{
    qsort(drawn, DRAWS, sizeof(drawn[0]), compare);
    for (size_t i = 1; i < DRAWS; i++)
        assert_true(drawn[i - 1] != drawn[i]);
}

static void nothing_comes_twice(void **state)
{
    (void)state;
    draw(drawn, DRAWS);
    assert_all_distinct();
}

static void *draw_a_quarter(void *at)
{
    draw(at, DRAWS / 4);
    return NULL;
}

static void threads_draw_different_bytes(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_a_quarter, drawn + i * (DRAWS / 4)),
                         0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_all_distinct();
}

/* The child would otherwise go on with the bytes its parent has in stock. */
static void a_forked_child_draws_its_own(void **state)
{
    uint8_t mine[32], childs[32];
    int ends[2], status;
    pid_t child;

    (void)state;
    draw(drawn, 1);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool is_sent =
            tally_random_fill(tally_random_system(), childs, sizeof(childs), NULL) == TALLY_OK &&
            write(ends[1], childs, sizeof(childs)) == (ssize_t)sizeof(childs);
        _exit(is_sent ? 0 : 1);
    }
    assert_int_equal(tally_random_fill(tally_random_system(), mine, sizeof(mine), NULL), TALLY_OK);
    assert_int_equal(read(ends[0], childs, sizeof(childs)), sizeof(childs));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(mine, childs, sizeof(mine));
    close(ends[0]);
    close(ends[1]);
}

static void draws_of_every_size_are_filled(void **state)
{
    static const size_t sizes[] = { 0, 1, 24, 255, 256, 257, 1024, 5000 };
    static uint8_t bytes[5008];

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        uint32_t nonzero = 0;

        memset(bytes, 0, sizeof(bytes));
        assert_int_equal(tally_random_fill(tally_random_system(), bytes, sizes[i], NULL), TALLY_OK);
        for (size_t j = 0; j < sizes[i]; j++)
            nonzero += bytes[j] != 0;
        /* Of 24 bytes, fewer than 12 not zero has odds below 2^-70. */
        assert_true(sizes[i] < 24 || nonzero > sizes[i] / 2);
        for (size_t j = sizes[i]; j < sizeof(bytes); j++)
            assert_int_equal(bytes[j], 0);
    }
}

static void a_seeded_source_repeats_itself_and_can_fail(void **state)
{
    uint8_t a[100], b[100];
    seeded first, second;

    (void)state;
    assert_int_equal(tally_random_fill(seeded_begin(&first, 7), a, 100, NULL), TALLY_OK);
    (void)seeded_begin(&second, 7);
    for (size_t i = 0; i < 100; i += 20)
        assert_int_equal(tally_random_fill(&second.source, b + i, 20, NULL), TALLY_OK);
    assert_memory_equal(a, b, 100);
    assert_int_equal(tally_random_fill(seeded_begin(&second, 8), b, 100, NULL), TALLY_OK);
    assert_memory_not_equal(a, b, 100);
    second.fail_at = 2;
    assert_int_equal(tally_random_fill(&second.source, b, 100, NULL), TALLY_E_IO);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(threads_draw_different_bytes),
        cmocka_unit_test(a_forked_child_draws_its_own),
        cmocka_unit_test(draws_of_every_size_are_filled),
        cmocka_unit_test(a_seeded_source_repeats_itself_and_can_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
