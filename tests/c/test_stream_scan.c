/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding where to stop gives the same answer wherever the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "modules/system/stream_scan.h"

#define BYTES(text) ((const unsigned char *)(text))

static void characters_have_their_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } whole[] = {
        {"a", 1},        {"\xc3\xa9", 2},     {"\xe2\x82\xac", 3}, {"\xf0\x9f\x99\x82", 4}, {"\x80", 1},  {"\xff", 1},
        {"\xc0\xaf", 1}, {"\xe0\x80\x80", 1}, {"\xed\xa0\x80", 1}, {"\xf4\x90\x80\x80", 1}, {"\xc3z", 1},
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        assert_int_equal(scan_character(BYTES(whole[i].text), strlen(whole[i].text)), whole[i].size);
    assert_int_equal(scan_character(BYTES("\xc3"), 1), 0);
    assert_int_equal(scan_character(BYTES("\xf0\x9f\x99"), 3), 0);
    assert_int_equal(scan_character(BYTES("\xe0\x80"), 2), 1); /* already wrong: no need to wait */
}

static void counting_stops_before_what_is_incomplete(void **state) {
    (void)state;
    int64_t wanted = 3;
    assert_int_equal(scan_characters(BYTES("\xc3\xa9x\xc3"), 4, false, &wanted), 3);
    assert_int_equal(wanted, 1);
    wanted = 3;
    assert_int_equal(scan_characters(BYTES("\xc3\xa9x\xc3"), 4, true, &wanted), 4);
    assert_int_equal(wanted, 0);
    wanted = 1;
    assert_int_equal(scan_characters(BYTES("ab"), 2, false, &wanted), 1);
    wanted = 5;
    assert_int_equal(scan_characters(BYTES("ab"), 2, false, &wanted), 2);
    assert_int_equal(wanted, 3);
}

static void spans_stop_at_members(void **state) {
    (void)state;
    struct scan_set set;
    bool stopped;
    scan_set_init(&set, ",\xe2\x82\xac", 4); /* a comma and the euro sign */
    assert_int_equal(scan_span(&set, false, BYTES("ab,c"), 4, false, &stopped), 2);
    assert_true(stopped);
    assert_int_equal(scan_span(&set, false, BYTES("abc"), 3, false, &stopped), 3);
    assert_false(stopped);
    /* begins like the euro sign, is another */
    assert_int_equal(scan_span(&set, false, BYTES("a\xe2\x82\xadx\xe2\x82\xac"), 8, false, &stopped), 5);
    assert_true(stopped);
    /* the sign may be about to come */
    assert_int_equal(scan_span(&set, false, BYTES("a\xe2\x82"), 3, false, &stopped), 1);
    assert_false(stopped);
    assert_int_equal(scan_span(&set, false, BYTES("a\xe2\x82"), 3, true, &stopped), 3);
    assert_int_equal(scan_span(&set, true, BYTES(",\xe2\x82\xac,x"), 6, false, &stopped), 5);
    assert_true(stopped);
    /* its last byte alone is not the sign */
    assert_int_equal(scan_span(&set, true, BYTES("\xac"), 1, false, &stopped), 0);
    assert_true(stopped);
}

static void any_cut_gives_the_same_span(void **state) {
    (void)state;
    static const char text[] = "h\xc3\xa4 \xff\xe2\x82\xac w\xc3\xb6rld; rest";
    struct scan_set set;
    scan_set_init(&set, ";", 1);
    for (size_t cut = 0; cut < sizeof text - 1; cut++) {
        bool stopped;
        size_t done = scan_span(&set, false, BYTES(text), cut, false, &stopped);
        if (!stopped) done += scan_span(&set, false, BYTES(text + done), sizeof text - 1 - done, true, &stopped);
        assert_true(stopped);
        assert_int_equal(done, strchr(text, ';') - text);
    }
}

static void lines_lose_a_carriage_return(void **state) {
    (void)state;
    assert_int_equal(scan_line_text(BYTES("ab\r"), 3), 2);
    assert_int_equal(scan_line_text(BYTES("a\rb"), 3), 3);
    assert_int_equal(scan_line_text(BYTES(""), 0), 0);
}

static void places_are_counted_in_characters(void **state) {
    (void)state;
    static const char text[] = "ab\nc\xc3\xa9\n\n\xe2\x82\xacx";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        int64_t line = 1, column = 1;
        scan_advance(BYTES(text), cut, &line, &column);
        scan_advance(BYTES(text + cut), sizeof text - 1 - cut, &line, &column);
        assert_int_equal(line, 4);
        assert_int_equal(column, 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_their_sizes),  cmocka_unit_test(counting_stops_before_what_is_incomplete),
        cmocka_unit_test(spans_stop_at_members),        cmocka_unit_test(any_cut_gives_the_same_span),
        cmocka_unit_test(lines_lose_a_carriage_return), cmocka_unit_test(places_are_counted_in_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
