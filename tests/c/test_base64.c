/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_base64: RFC 4648's vectors, lines, strictness, and random data cut at every place. */
#include "mail_test.h"

#include "modules/coding/base64.h"

static void vectors(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char out[32] = {0}, back[32] = {0};
        size_t size, written;
        size = base64_encode(out, pairs[i][0], strlen(pairs[i][0]));
        assert_int_equal(size, strlen(pairs[i][1]));
        assert_int_equal(size, base64_encoded_size(strlen(pairs[i][0]), 0));
        assert_memory_equal(out, pairs[i][1], size);
        assert_true(base64_decode(back, &written, out, size));
        assert_string_equal(back, pairs[i][0]);
        assert_int_equal(written, strlen(pairs[i][0]));
    }
}

static void refused(void **state) {
    (void)state;
    static const char *const bad[] = {"Z",        "Zg",   "Zg=",   "Zg===",    "Z===",  "====",
                                      "=",        "Zh==", "Zm9=",  "Zg==Zg==", "Zm9v-", "Zm9v_",
                                      "Zm 9\x80", "Zg=a", "Zg==a", "Zm9v=",    "Z=g="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char out[32];
        size_t written;
        if (base64_decode(out, &written, bad[i], strlen(bad[i]))) fail_msg("'%s' was accepted", bad[i]);
    }
    struct base64_decoder d;
    char out[32];
    size_t written;
    base64_decoder_init(&d);
    assert_true(base64_decode_update(&d, out, &written, "Zm9vZ", 5));
    assert_false(base64_decode_update(&d, out, &written, "g*=", 3));
    assert_int_equal(d.position, 6);
    assert_false(base64_decode_update(&d, out, &written, "Zg==", 4)); /* stays failed */
    assert_true(base64_decode(out, &written, " Z\r\n\tm 9\nv\r\n", 12));
    assert_int_equal(written, 3);
}

static void lines(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 56, 57, 58, 113, 114, 115, 1000};
    char in[1000], out[2000];
    memset(in, 'x', sizeof in);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct base64_encoder e;
        base64_encoder_init(&e, BASE64_MIME_LINE);
        size_t size = base64_encode_update(&e, out, in, sizes[i]);
        size += base64_encode_finish(&e, out + size);
        assert_int_equal(size, base64_encoded_size(sizes[i], BASE64_MIME_LINE));
        for (size_t k = 0, column = 0; k < size; k++, column++) {
            if (out[k] != '\r') continue;
            assert_int_equal(out[k + 1], '\n');
            assert_true(column == 76 || k + 2 == size);
            k++;
            column = (size_t)-1;
        }
        assert_true(size == 0 || memcmp(out + size - 2, "\r\n", 2) == 0);
    }
    assert_int_equal(base64_encoded_size(10737418240u, 76), 14316557656u + 2 * ((14316557656u + 75) / 76));
}

static void random_cuts(void **state) {
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 400; round++) {
        size_t size = next_random(&seed) % 700, written, back_size = 0, count = 0, at = 0;
        char in[700], out[1100], once[1100], back[1100];
        for (size_t i = 0; i < size; i++) in[i] = (char)next_random(&seed);
        struct base64_encoder e;
        unsigned line = round % 3 == 0 ? 0 : round % 3 == 1 ? 76 : 4 + next_random(&seed) % 100;
        base64_encoder_init(&e, line);
        while (at < size) {
            size_t piece = next_random(&seed) % 9;
            if (piece > size - at) piece = size - at;
            count += base64_encode_update(&e, out + count, in + at, piece);
            at += piece;
        }
        count += base64_encode_finish(&e, out + count);
        size_t whole = base64_encode_update(&e, once, in, size); /* the encoder may be used anew */
        whole += base64_encode_finish(&e, once + whole);
        assert_int_equal(whole, count);
        assert_memory_equal(out, once, count);
        struct base64_decoder d;
        base64_decoder_init(&d);
        for (size_t i = 0; i < count; i += 5) {
            assert_true(base64_decode_update(&d, back + back_size, &written, out + i, count - i < 5 ? count - i : 5));
            back_size += written;
        }
        assert_true(base64_decode_finish(&d));
        assert_int_equal(back_size, size);
        assert_memory_equal(back, in, size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors), cmocka_unit_test(refused), cmocka_unit_test(lines),
                                       cmocka_unit_test(random_cuts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
