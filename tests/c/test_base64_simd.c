/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_base64_simd: the vector forms beside a plain one, for every size and alignment, in buffers that end where they
 * should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/coding/base64.h"
#include "modules/coding/base64_simd.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The rule as RFC 4648 says it, a character at a time. */
static size_t plain(char *out, const unsigned char *in, size_t size, unsigned line) {
    char *end = out;
    unsigned column = 0;
    for (size_t i = 0; i < size; i += 3) {
        unsigned word =
            (unsigned)in[i] << 16 | (i + 1 < size ? (unsigned)in[i + 1] << 8 : 0) | (i + 2 < size ? in[i + 2] : 0);
        *end++ = alphabet[word >> 18];
        *end++ = alphabet[word >> 12 & 63];
        *end++ = i + 1 < size ? alphabet[word >> 6 & 63] : '=';
        *end++ = i + 2 < size ? alphabet[word & 63] : '=';
        column += 4;
        if (line > 0 && (column == line || i + 3 >= size)) {
            *end++ = '\r';
            *end++ = '\n';
            column = 0;
        }
    }
    return (size_t)(end - out);
}

static void fill(unsigned char *bytes, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
}

static const enum base64_simd all[] = {BASE64_SIMD_NONE, BASE64_SIMD_SSSE3, BASE64_SIMD_AVX2, BASE64_SIMD_NEON};

static void test_each_form(void **state) {
    (void)state;
    for (size_t h = 0; h < sizeof all / sizeof *all; h++) {
        if (!base64_simd_can(all[h])) continue;
        for (size_t groups = 0; groups < 150; groups++) {
            unsigned char *in = malloc(3 * groups + 1);
            char *out = malloc(4 * groups + 1), *expected = malloc(4 * groups + 1);
            fill(in, 3 * groups, (unsigned)groups);
            plain(expected, in, 3 * groups, 0);
            out[4 * groups] = '!';
            size_t done = base64_simd_groups(all[h], out, in, groups);
            assert_true(groups == 0 ? done == 0 : done < groups);
            if (all[h] != BASE64_SIMD_NONE) assert_true(groups - done <= 16);
            assert_memory_equal(out, expected, 4 * done);
            assert_int_equal(out[4 * groups], '!');
            free(in), free(out), free(expected);
        }
        for (size_t lines = 0; lines < 20; lines++) {
            unsigned char *in = malloc(57 * lines + 1);
            char *out = malloc(78 * lines + 1), *expected = malloc(78 * lines + 1);
            fill(in, 57 * lines, (unsigned)lines);
            plain(expected, in, 57 * lines, 76);
            size_t done = base64_simd_lines(all[h], out, in, lines);
            if (all[h] != BASE64_SIMD_NONE) assert_int_equal(done, lines > 0 ? lines - 1 : 0);
            assert_memory_equal(out, expected, 78 * done);
            free(in), free(out), free(expected);
        }
    }
    assert_true(base64_simd_can(base64_simd_best()));
}

/* Each value of six bits in each place of a vector. */
static void test_each_character(void **state) {
    (void)state;
    for (unsigned value = 0; value < 64; value++)
        for (size_t place = 0; place < 96; place++) {
            unsigned char in[72] = {0};
            char out[96], expected[96];
            for (unsigned bit = 0; bit < 6; bit++)
                if (value >> (5 - bit) & 1) in[(6 * place + bit) / 8] |= (unsigned char)(0x80 >> (6 * place + bit) % 8);
            plain(expected, in, sizeof in, 0);
            assert_int_equal(base64_encode(out, in, sizeof in), 96);
            assert_memory_equal(out, expected, 96);
            assert_int_equal(out[place], alphabet[value]);
        }
}

static void test_sizes_and_alignments(void **state) {
    (void)state;
    for (size_t size = 0; size < 400; size++)
        for (size_t shift = 0; shift < 33; shift++) {
            unsigned char *in = malloc(size + shift + 1);
            char expected[600], *out;
            struct base64_encoder encoder;
            fill(in, size + shift, (unsigned)(size * 33 + shift));
            base64_encoder_init(&encoder, 76);
            out = malloc(shift % 7 + base64_encoded_size(size, 76) + 1);
            size_t length = plain(expected, in + shift, size, 76);
            assert_int_equal(length, base64_encoded_size(size, 76));
            size_t written = base64_encode_update(&encoder, out + shift % 7, in + shift, size);
            written += base64_encode_finish(&encoder, out + shift % 7 + written);
            assert_int_equal(written, length);
            assert_memory_equal(out + shift % 7, expected, length);
            free(in), free(out);
        }
}

/* Cut anywhere, so that lines begin in the middle of a vector. */
static void test_cuts(void **state) {
    (void)state;
    enum { SIZE = 2000 };
    unsigned char in[SIZE];
    char expected[3000], out[3000];
    fill(in, SIZE, 7);
    size_t length = plain(expected, in, SIZE, 76);
    for (size_t cut = 0; cut <= SIZE; cut++) {
        struct base64_encoder encoder;
        base64_encoder_init(&encoder, 76);
        size_t written = base64_encode_update(&encoder, out, in, cut);
        written += base64_encode_update(&encoder, out + written, in + cut, SIZE - cut);
        written += base64_encode_finish(&encoder, out + written);
        assert_int_equal(written, length);
        assert_memory_equal(out, expected, length);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_form), cmocka_unit_test(test_each_character),
                                       cmocka_unit_test(test_sizes_and_alignments), cmocka_unit_test(test_cuts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
