/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the two text tools of the base: UTF-8 that may be damaged, and growing byte buffers. */
#include "interp/base/utf8.h"

#include "interp/base/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_code_point_round_trips(void **unused) {
    (void)unused;
    for (uint32_t point = 0; point <= 0x110010; point++) {
        char text[UTF8_MOST_BYTES];
        size_t size = utf8_encode(point, text), bytes;
        if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000 && !utf8_is_stray(point))) {
            assert_int_equal(size, 0);
            continue;
        }
        assert_int_equal(utf8_decode(text, size, &bytes), point);
        assert_int_equal(bytes, size);
        assert_int_equal(size, utf8_is_stray(point) || point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_valid(text, size), !utf8_is_stray(point));
        assert_int_equal(utf8_count(text, size), 1);
    }
}

static void known_texts(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        size_t count;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"plain", 5, true},
        {"gr\xC3\xBC\xC3\x9F", 4, true},
        {"\xE2\x82\xAC", 1, true},      /* U+20AC */
        {"\xF0\x9F\x93\xA7!", 2, true}, /* U+1F4E7 */
        {"\xF4\x8F\xBF\xBF", 1, true},  /* U+10FFFF */
        {"\xF4\x90\x80\x80", 4, false}, /* above it */
        {"\xF5\x80\x80\x80", 4, false}, /* no first byte */
        {"\xC0\x80", 2, false},         /* overlong NUL */
        {"\xC1\xBF", 2, false},         /* overlong */
        {"\xE0\x9F\xBF", 3, false},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, false}, /* overlong */
        {"\xED\xA0\x80", 3, false},     /* surrogate */
        {"\xED\x9F\xBF", 1, true},      /* U+D7FF */
        {"\xEE\x80\x80", 1, true},      /* U+E000 */
        {"\x80", 1, false},             /* alone */
        {"\xE2\x82", 2, false},         /* cut short */
        {"\xE2\x82"
         "A",
         3, false},                 /* interrupted */
        {"\xC3\xC3\xBC", 2, false}, /* one stray, one good */
        {"ISO-8859-1: Gr\xFC\xDF"
         "e",
         17, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].text);
        assert_int_equal(utf8_count(cases[i].text, length), cases[i].count);
        assert_int_equal(utf8_valid(cases[i].text, length), cases[i].valid);
    }
    const char *text = "\xFF";
    assert_int_equal(utf8_next(&text, text + 1), 0xDC00 + 0xFF);
}

/* Every function must agree with a plain walk by utf8_next, on any bytes. */
static void check_agreement(const char *text, size_t length) {
    size_t offsets[130], count = 0;
    uint32_t points[130];
    bool valid = true, ascii = true;
    char back[UTF8_MOST_BYTES];
    for (const char *p = text; p < text + length;) {
        const char *from = p;
        offsets[count] = (size_t)(p - text);
        points[count] = utf8_next(&p, text + length);
        size_t size = utf8_encode(points[count], back);
        assert_int_equal(size, p - from);
        assert_memory_equal(back, from, size);
        if (utf8_is_stray(points[count])) valid = false;
        if (points[count] >= 0x80) ascii = false;
        count++;
    }
    assert_int_equal(utf8_count(text, length), count);
    assert_int_equal(utf8_valid(text, length), valid);
    assert_int_equal(utf8_ascii(text, length), ascii);
    for (size_t i = 0; i < count; i++) assert_int_equal(utf8_offset(text, length, i), offsets[i]);
    assert_int_equal(utf8_offset(text, length, count), length);
    assert_int_equal(utf8_offset(text, length, SIZE_MAX), length);
    const char *p = text + length;
    for (size_t i = count; i-- > 0;) {
        assert_int_equal(utf8_previous(&p, text), points[i]);
        assert_int_equal(p - text, offsets[i]);
    }
    assert_ptr_equal(p, text);
}

static void functions_agree_on_any_bytes(void **unused) {
    (void)unused;
    static const unsigned char likely[] = {'a',  'b',  0xC3, 0xBC, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x93,
                                           0xA7, 0xED, 0xA0, 0xF4, 0x90, 0x80, 0xC0, 0xE0, 0xFF, 0};
    unsigned state = 12345;
    for (int i = 0; i < 30000; i++) {
        state = state * 1664525 + 1013904223;
        size_t length = state >> 16 & 127;
        int flavour = i % 3;
        char *text = malloc(length ? length : 1); /* exactly so long, for the sanitizer */
        for (size_t k = 0; k < length; k++) {
            state = state * 1664525 + 1013904223;
            unsigned byte = state >> 24;
            text[k] = (char)(flavour == 0   ? byte
                             : flavour == 1 ? likely[byte % sizeof likely]
                             : byte < 250   ? byte & 0x7F
                                            : 0xC3 - (byte & 1) * 7);
        }
        check_agreement(text, length);
        free(text);
    }
}

static void buffers_grow(void **unused) {
    (void)unused;
    struct bytes b = {0};
    bytes_reset(&b);
    assert_null(b.data);
    assert_true(bytes_append(&b, NULL, 0));
    assert_int_equal(b.length, 0);
    for (int i = 0; i < 1000; i++) assert_true(bytes_append_byte(&b, (char)('a' + i % 26)));
    assert_int_equal(b.length, 1000);
    assert_int_equal(strlen(b.data), 1000);
    for (int i = 0; i < 5; i++) assert_true(bytes_append(&b, b.data, b.length)); /* itself */
    assert_int_equal(b.length, 32000);
    for (size_t i = 0; i < b.length; i++) assert_int_equal(b.data[i], 'a' + (char)(i % 1000 % 26));
    bytes_reset(&b);
    assert_string_equal(b.data, "");
    assert_true(bytes_append_string(&b, "250-"));
    assert_true(bytes_printf(&b, "%s %d", "SIZE", 42));
    assert_string_equal(b.data, "250-SIZE 42");
    assert_int_equal(b.length, 11);
    bytes_free(&b);
    assert_null(b.data);
    assert_int_equal(b.capacity, 0);
}

static void formatting_fits_at_every_length(void **unused) {
    (void)unused;
    for (int width = 0; width < 300; width++) {
        struct bytes b = {0};
        assert_true(bytes_append_string(&b, "x"));
        assert_true(bytes_printf(&b, "%*s", width, ""));
        assert_int_equal(b.length, 1 + width);
        assert_int_equal(strlen(b.data), b.length);
        bytes_free(&b);
    }
}

static void buffers_have_a_limit(void **unused) {
    (void)unused;
    struct bytes b = {0};
    assert_true(bytes_append_string(&b, "kept"));
    assert_false(bytes_reserve(&b, SIZE_MAX));
    assert_false(bytes_reserve(&b, BYTES_LIMIT - 3));
    assert_false(bytes_append(&b, b.data, SIZE_MAX - 2));
    assert_false(bytes_printf(&b, "%2147483646d", 1)); /* longer than the limit */
    assert_string_equal(b.data, "kept");
    assert_int_equal(b.length, 4);
    bytes_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_round_trips),    cmocka_unit_test(known_texts),
        cmocka_unit_test(functions_agree_on_any_bytes),    cmocka_unit_test(buffers_grow),
        cmocka_unit_test(formatting_fits_at_every_length), cmocka_unit_test(buffers_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
