/* SPDX-License-Identifier: Apache-2.0 */
/* Plain and gzip bytes, whole and in pieces; damage at every place. */

#include "readers.h"

#include <stdlib.h>
#include <zlib.h>

#include "util/alloc.h"

#define TEXT_BYTES 5000

/* gzip of a text, appended to out at *at. */
static void pack(const char *text, size_t count, char *out, size_t room, size_t *at)
{
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)count };

    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = (Bytef *)out + *at;
    stream.avail_out = (uInt)(room - *at);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *at = room - stream.avail_out;
    (void)deflateEnd(&stream);
}

static void fill(char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text[i] = (char)('a' + (i * i / 7 + i) % 26);
}

static tally_rc read_all(const char *bytes, size_t count, size_t chunk_bytes, char *out,
                         size_t room, size_t *out_count, tally_err *err)
{
    tally_input *input = NULL;
    tally_rc rc = tally_input_open_memory(&input, bytes, count, chunk_bytes, err);
    size_t got = 1;

    *out_count = 0;
    while (rc == TALLY_OK && got != 0) {
        size_t wanted = room - *out_count < 700 ? room - *out_count : 700;

        rc = tally_input_read(input, out + *out_count, wanted, &got, err);
        if (rc == TALLY_OK)
            *out_count += got;
    }
    if (rc == TALLY_OK)
        assert_int_equal(tally_input_position(input), count);
    tally_input_close(input);
    return rc;
}

static void gzip_reads_as_what_was_packed(void **state)
{
    char text[TEXT_BYTES], packed[3 * TEXT_BYTES], out[3 * TEXT_BYTES];
    size_t packed_count = 0, count = 0;

    (void)state;
    fill(text, sizeof(text));
    pack(text, sizeof(text), packed, sizeof(packed), &packed_count);
    for (size_t chunk_bytes = 0; chunk_bytes < 40; chunk_bytes++) {
        assert_int_equal(
            read_all(packed, packed_count, chunk_bytes, out, sizeof(out), &count, NULL), TALLY_OK);
        assert_int_equal(count, sizeof(text));
        assert_memory_equal(out, text, count);
    }
    /* A second member, and one of nothing. */
    pack(text, 10, packed, sizeof(packed), &packed_count);
    pack(text, 0, packed, sizeof(packed), &packed_count);
    for (size_t chunk_bytes = 0; chunk_bytes < 40; chunk_bytes++) {
        assert_int_equal(
            read_all(packed, packed_count, chunk_bytes, out, sizeof(out), &count, NULL), TALLY_OK);
        assert_int_equal(count, sizeof(text) + 10);
        assert_memory_equal(out + sizeof(text), text, 10);
    }
}

static void gzip_that_ends_early_is_refused_wherever_it_ends(void **state)
{
    char text[300], packed[1000], out[1000];
    size_t packed_count = 0, count = 0;

    (void)state;
    fill(text, sizeof(text));
    pack(text, sizeof(text), packed, sizeof(packed), &packed_count);
    for (size_t cut = 2; cut < packed_count; cut++) {
        tally_err err = TALLY_ERR_INIT;

        assert_int_equal(read_all(packed, cut, 0, out, sizeof(out), &count, &err), TALLY_E_INVALID);
        assert_string_equal(err.message, "the gzip data ends too early");
    }
}

static void damaged_gzip_is_refused(void **state)
{
    char text[300], packed[1000], out[4000];
    size_t packed_count = 0, count = 0;
    tally_err err = TALLY_ERR_INIT;

    (void)state;
    fill(text, sizeof(text));
    pack(text, sizeof(text), packed, sizeof(packed), &packed_count);
    packed[packed_count - 6] ^= 1; /* the check sum */
    assert_int_equal(read_all(packed, packed_count, 0, out, sizeof(out), &count, &err),
                     TALLY_E_INVALID);
    packed[packed_count - 6] ^= 1;
    packed[packed_count] = 'x';
    tally_err_clear(&err);
    assert_int_equal(read_all(packed, packed_count + 1, 0, out, sizeof(out), &count, &err),
                     TALLY_E_INVALID);
    assert_string_equal(err.message, "bytes that are not gzip follow the gzip data");
}

static void plain_bytes_pass_unchanged(void **state)
{
    static const char *const texts[] = { "", "\x1f", "\x1f\x8a", "a", "ab", "abc" };
    char out[100];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        for (size_t chunk_bytes = 0; chunk_bytes < 3; chunk_bytes++) {
            assert_int_equal(
                read_all(texts[i], strlen(texts[i]), chunk_bytes, out, sizeof(out), &count, NULL),
                TALLY_OK);
            assert_int_equal(count, strlen(texts[i]));
            assert_memory_equal(out, texts[i], count);
        }
    }
}

static void files_are_opened_and_refused(void **state)
{
    tally_input *input = NULL;
    tally_err err = TALLY_ERR_INIT;
    char byte;
    size_t count = 0;

    (void)state;
    assert_int_equal(tally_input_open(&input, "/nonexistent/file", &err), TALLY_E_IO);
    assert_non_null(strstr(err.message, "/nonexistent/file: "));
    tally_err_clear(&err);
    assert_int_equal(tally_input_open(&input, "/", &err), TALLY_E_IO);
    assert_string_equal(err.message, "/: is a directory");
    assert_int_equal(tally_input_open(&input, "/dev/null", NULL), TALLY_OK);
    assert_false(tally_input_is_rereadable(input));
    assert_int_equal(tally_input_size(input), 0);
    assert_int_equal(tally_input_read(input, &byte, 1, &count, NULL), TALLY_OK);
    assert_int_equal(count, 0);
    tally_input_close(input);
    assert_int_equal(tally_input_open(&input, "/proc/self/exe", NULL), TALLY_OK);
    assert_true(tally_input_is_rereadable(input));
    assert_true(tally_input_size(input) > 1000);
    tally_input_close(input);
    tally_input_close(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_reads_as_what_was_packed),
        cmocka_unit_test(gzip_that_ends_early_is_refused_wherever_it_ends),
        cmocka_unit_test(damaged_gzip_is_refused),
        cmocka_unit_test(plain_bytes_pass_unchanged),
        cmocka_unit_test(files_are_opened_and_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
