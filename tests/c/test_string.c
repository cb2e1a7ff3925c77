/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that text is measured, cut, searched, changed, compared and converted by characters, damaged text too. */
#include "values.h"

#include "interp/base/vector.h"
#include "interp/data/string.h"

#include <stdlib.h>

#define S string_class.methods

static cp_value yes(void) { return cp->known.sym_true; }

static cp_value repeated(const char *part, size_t times) {
    struct bytes out = {0};
    while (times--) assert_true(bytes_append_string(&out, part));
    return string_take(cp, &out);
}

/* ---- making and measuring ---- */

static void strings_are_made(void **unused) {
    (void)unused;
    is_text(text("abc"), "abc");
    is_text(cp_string_n(cp, "abcdef", 3), "abc");
    is_text(cp_string_format(cp, "%s-%d", "x", 7), "x-7");
    assert_int_equal(cp_string_size(cp_string_n(cp, "a\0b", 3)), 3);
    cp_value open = cp_string_n(cp, NULL, 3);
    memcpy(cp_string_of(open)->inline_text, "xyz", 3);
    is_text(open, "xyz");
    assert_string_equal(cp_text_z(cp, cp_symbol_z(cp, "name")), "name");
    is_text(string_concat(cp, text("ab"), text("cd")), "abcd");
    is_text(CALL(S, "+", text("é"), text("x")), "éx");
    is_error(CALL(S, "+", text("a"), cp_fixnum(1)), CP_TYPE_MISMATCH, "Integer");
}

static void length_counts_characters(void **unused) {
    (void)unused;
    is_integer(CALL(S, "length", text(""), CP_NIL), 0);
    is_integer(CALL(S, "length", text("Grüße"), CP_NIL), 5);
    is_integer(CALL(S, "length", text("a\xff\xe2\x82"), CP_NIL), 4); /* each stray byte is one */
    is_integer(CALL(S, "length", text("😀"), CP_NIL), 1);
    /* two halves of a character become one character when they meet */
    cp_value first = text("a\xc3"), second = text("\xa9");
    is_integer(CALL(S, "length", first, CP_NIL), 2);
    is_integer(CALL(S, "length", second, CP_NIL), 1);
    is_integer(CALL(S, "length", string_concat(cp, first, second), CP_NIL), 2);
    is_integer(CALL(S, "length", string_concat(cp, first, text("é")), CP_NIL), 3);
    is_integer(CALL(symbol_class.methods, "length", cp_symbol_z(cp, "größe"), CP_NIL), 5);
}

static void get_and_extract(void **unused) {
    (void)unused;
    cp_value s = text("Grüße!");
    is_text(CALL(S, "get", s, cp_fixnum(2)), "ü");
    is_text(CALL(S, "get", s, cp_fixnum(5)), "!");
    is_error(CALL(S, "get", s, cp_fixnum(6)), CP_INDEX, "index 6 is out of range: the length is 6");
    is_error(CALL(S, "get", s, cp_fixnum(-1)), CP_INDEX, "-1");
    is_error(CALL(S, "get", s, cp_integer(cp, INT64_MAX)), CP_INDEX, "9223372036854775807");
    is_text(CALL(S, "extract", s, cp_fixnum(2), cp_fixnum(3)), "üße");
    is_text(CALL(S, "extract", s, cp_fixnum(4), CP_NIL), "e!");
    is_text(CALL(S, "extract", s, cp_fixnum(4), cp_fixnum(100)), "e!");
    is_text(CALL(S, "extract", s, cp_fixnum(6), cp_fixnum(1)), "");
    is_text(CALL(S, "extract", s, cp_fixnum(1), cp_fixnum(0)), "");
    is_error(CALL(S, "extract", s, cp_fixnum(7), CP_NIL), CP_INDEX, "7");
    is_error(CALL(S, "extract", s, cp_fixnum(1), cp_fixnum(-1)), CP_INDEX, "-1");
    is_error(CALL(S, "extract", s, cp_fixnum(-1), CP_NIL), CP_INDEX, "-1");
    assert_true(CALL(S, "extract", s, cp_fixnum(0), CP_NIL) == s);
}

static void large_parts_share_and_keep_alive(void **unused) {
    (void)unused;
    cp_value whole = repeated("aé", 2000), part = string_substring(cp, whole, 1000, 3001);
    assert_true(cp_string_text(part) > cp_string_text(whole));
    assert_true(cp_string_text(part) < cp_string_text(whole) + cp_string_size(whole));
    cp_value inner = string_substring(cp, part, 1, 1501);
    assert_true(cp_string_text(inner) > cp_string_text(whole)); /* shares with the whole, not with the part */
    assert_true(cp_string_text(inner) < cp_string_text(whole) + cp_string_size(whole));
    cp_value small = string_substring(cp, whole, 0, 100);
    assert_true(cp_string_text(small) == cp_string_of(small)->inline_text);
    assert_int_equal(strlen(cp_text_z(cp, part)), cp_string_size(part));
    assert_int_equal(string_length(inner), 1500);
    assert_int_equal(string_length(part), 2001);
    is_text(CALL(S, "get", inner, cp_fixnum(0)), "é");
    /* a chain of cuts from the front copies now and then and so keeps no more than eight times what is left */
    whole = part = CP_NIL;
    cp_value rest = repeated("0123456789", 100000);
    for (int i = 0; i < 9990; i++) {
        rest = string_substring(cp, rest, 100, string_length(rest));
        if (i % 1000 == 0) mem_collect();
    }
    assert_int_equal(string_length(rest), 1000);
    is_text(CALL(S, "get", rest, cp_fixnum(999)), "9");
    assert_int_equal(string_length(inner), 1500);
    for (size_t i = 0; i < 1500; i += 2)
        assert_true(memcmp(cp_string_text(inner) + i / 2 * 3,
                           "\xc3\xa9"
                           "a",
                           3) == 0);
}

/* Characters of a long text looked up in every kind of order: forward, backward, at random, in two texts by turns. */
static void places_in_long_text(void **unused) {
    (void)unused;
    enum { MANY = 3000 };
    const char *const pieces[] = {"a", "é", "€", "\xff", "😀"};
    static size_t offsets[2][MANY + 1];
    cp_value texts[2];
    uint64_t state = 17;
    for (int t = 0; t < 2; t++) {
        struct bytes out = {0};
        for (int i = 0; i < MANY; i++) {
            offsets[t][i] = out.length;
            assert_true(bytes_append_string(&out, pieces[next_random(&state) % 5]));
        }
        offsets[t][MANY] = out.length;
        texts[t] = string_take(cp, &out);
        assert_int_equal(string_length(texts[t]), MANY);
    }
    for (int i = 0; i <= MANY; i++) assert_int_equal(string_offset(cp, texts[0], (size_t)i), offsets[0][i]);
    for (int i = MANY; i >= 0; i--) assert_int_equal(string_offset(cp, texts[0], (size_t)i), offsets[0][i]);
    for (int i = 0; i < 3000; i++) {
        size_t at = next_random(&state) % (MANY + 1);
        int t = i / 3 % 2;
        assert_int_equal(string_offset(cp, texts[t], at), offsets[t][at]);
    }
    cp_value first = string_substring(cp, texts[0], 1500, 2600);
    assert_int_equal(string_offset(cp, first, 7), offsets[0][1507] - offsets[0][1500]);
}

/* ---- searching ---- */

static void searching(void **unused) {
    (void)unused;
    cp_value s = text("äbcäbc");
    is_integer(CALL(S, "search", s, text("bc"), cp_fixnum(0)), 1);
    is_integer(CALL(S, "search", s, text("bc"), cp_fixnum(2)), 4);
    is_integer(CALL(S, "indexOf", s, text("ä"), cp_fixnum(1)), 3);
    is_integer(CALL(S, "search", s, text(""), cp_fixnum(6)), 6);
    assert_true(CALL(S, "search", s, text("bc"), cp_fixnum(5)) == CP_NIL);
    assert_true(CALL(S, "search", s, text("x"), cp_fixnum(0)) == CP_NIL);
    is_error(CALL(S, "search", s, text("x"), cp_fixnum(7)), CP_INDEX, "7");
    is_integer(CALL(S, "search", text("abcabc"), text("c"), cp_fixnum(3)), 5);
    assert_true(CALL(S, "contains", s, text("cä")) == yes());
    assert_true(CALL(S, "contains", s, text("ca")) == CP_NIL);
    assert_true(CALL(S, "startsWith", s, text("äb")) == yes());
    assert_true(CALL(S, "startsWith", s, text("b")) == CP_NIL);
    assert_true(CALL(S, "startsWith", text(""), text("b")) == CP_NIL);
    assert_true(CALL(S, "endsWith", s, text("bc")) == yes());
    assert_true(CALL(S, "endsWith", text("c"), text("bc")) == CP_NIL);
}

static void half_a_character_is_found_nowhere(void **unused) {
    (void)unused;
    assert_true(CALL(S, "search", text("é"), text("\xa9"), cp_fixnum(0)) == CP_NIL);
    assert_true(CALL(S, "search", text("é"), text("\xc3"), cp_fixnum(0)) == CP_NIL);
    assert_true(CALL(S, "search", text("€"), text("\x82\xac"), cp_fixnum(0)) == CP_NIL);
    is_integer(CALL(S, "search", text("é\xa9x"), text("\xa9"), cp_fixnum(0)), 1);
    is_integer(CALL(S, "search", text("é\xc3x"), text("\xc3"), cp_fixnum(0)), 1);
    is_integer(CALL(S, "search", text("\xa9\xa9"), text("\xa9"), cp_fixnum(1)), 1);
    is_integer(CALL(S, "search", text("\x80\x80\x80\x80\x80"), text("\x80\x80"), cp_fixnum(2)), 2);
}

/* Slow but plain: compares characters of both, one by one. */
static void random_damaged_text_agrees(void **unused) {
    (void)unused;
    const char *const pieces[] = {"a", "\xc3", "\xa9", "é", "€", "\xe2", "\x82", "\xff"};
    uint64_t state = 3;
    for (int i = 0; i < 3000; i++) {
        char hay[64] = "", needle[16] = "";
        for (uint64_t n = next_random(&state) % 10; n > 0; n--) strcat(hay, pieces[next_random(&state) % 8]);
        for (uint64_t n = 1 + next_random(&state) % 2; n > 0; n--) strcat(needle, pieces[next_random(&state) % 8]);
        cp_value s = text(hay), w = text(needle), expected = CP_NIL;
        size_t length = string_length(s), wanted = string_length(w);
        for (size_t at = 0; expected == CP_NIL && at + wanted <= length; at++) {
            bool same = true;
            for (size_t k = 0; same && k < wanted; k++)
                same = string_equal(CALL(S, "get", s, cp_fixnum((int64_t)(at + k))),
                                    CALL(S, "get", w, cp_fixnum((int64_t)k)));
            if (same) expected = cp_fixnum((int64_t)at);
        }
        assert_true(CALL(S, "search", s, w, cp_fixnum(0)) == expected);
    }
}

/* ---- changing ---- */

static void is_list(cp_value list, const char *const *expected) {
    for (; *expected; expected++, list = cp_tail(list)) {
        assert_true(cp_is_cell(list));
        is_text(cp_head(list), *expected);
    }
    assert_true(list == CP_NIL);
}
#define IS_LIST(list, ...) is_list(list, (const char *const[]){__VA_ARGS__, NULL})

static void splitting(void **unused) {
    (void)unused;
    IS_LIST(CALL(S, "split", text("a,b,,c,"), text(",")), "a", "b", "", "c", "");
    IS_LIST(CALL(S, "split", text(""), text(",")), "");
    IS_LIST(CALL(S, "split", text("a, b"), text(", ")), "a", "b");
    IS_LIST(CALL(S, "split", text("  one\ttwo \n"), CP_NIL), "one", "two");
    IS_LIST(CALL(S, "split",
                 text("a\xc2\xa0"
                      "b\xe3\x80\x80"
                      "c"),
                 CP_NIL),
            "a", "b", "c");
    assert_true(CALL(S, "split", text(" \n"), CP_NIL) == CP_NIL);
    IS_LIST(CALL(S, "split", text("aé\xff"), text("")), "a", "é", "\xff");
}

static void case_and_white_space(void **unused) {
    (void)unused;
    is_text(CALL(S, "upper", text("abc-xyz{}1"), CP_NIL), "ABC-XYZ{}1");
    is_text(CALL(S, "lower", text("ABC-XYZ[]@"), CP_NIL), "abc-xyz[]@");
    is_text(CALL(S, "upper", text("größe ñ я\xff"), CP_NIL), "GRÖßE Ñ Я\xff");
    is_text(CALL(S, "lower", text("ÄΩ"), CP_NIL), "äω");
    is_text(CALL(S, "trim", text(" \t a b\r\n"), CP_NIL), "a b");
    is_text(CALL(S, "trim", text("\xe2\x80\x83x\xc2\xa0"), CP_NIL), "x");
    is_text(CALL(S, "trim", text(" \n "), CP_NIL), "");
    is_text(CALL(S, "trim", text("\x80 "), CP_NIL), "\x80");
    is_text(CALL(S, "reverse", text("aé€\xff"), CP_NIL), "\xff€éa");
}

static void replacing(void **unused) {
    (void)unused;
    is_text(CALL(S, "replace", text("a.b.c"), text("."), text("--")), "a--b--c");
    is_text(CALL(S, "replace", text("aaa"), text("aa"), text("b")), "ba");
    is_text(CALL(S, "replace", text("aaa"), text("a"), text("")), "");
    cp_value s = text("abc");
    assert_true(CALL(S, "replace", s, text("x"), text("y")) == s);
    is_error(CALL(S, "replace", s, text(""), text("y")), CP_BAD_ARGUMENT, "empty");
    is_text(CALL(S, "format", text("é"), text("[%3s]")), "[  é]");
    is_text(CALL(S, "format", text("héllo"), text("[%-6.2s]")), "[hé    ]");
    is_error(CALL(S, "format", text("x"), text("%d")), CP_TYPE_MISMATCH, "%d");
    is_error(CALL(S, "format", text("x"), text("%s%s")), CP_BAD_ARGUMENT, "%s%s");
}

/* ---- converting ---- */

static void to_numbers(void **unused) {
    (void)unused;
    is_integer(CALL(S, "integer", text("42"), CP_NIL), 42);
    is_integer(CALL(S, "integer", text(" +42\n"), CP_NIL), 42);
    is_integer(CALL(S, "integer", text("-0x10"), CP_NIL), -16);
    is_error(CALL(S, "integer", text("4.5"), CP_NIL), CP_BAD_ARGUMENT, "\"4.5\" is no Integer");
    is_error(CALL(S, "integer", text(""), CP_NIL), CP_BAD_ARGUMENT, "\"\" is no Integer");
    is_error(CALL(S, "integer", text("+-1"), CP_NIL), CP_BAD_ARGUMENT, "Integer");
    is_error(CALL(S, "integer", text("++1"), CP_NIL), CP_BAD_ARGUMENT, "Integer");
    is_error(CALL(S, "integer", text("a\nb"), CP_NIL), CP_BAD_ARGUMENT, "\"a\\x0Ab\"");
    is_error(CALL(S, "integer", repeated("é", 200), CP_NIL), CP_BAD_ARGUMENT, "é\"... is no");
    assert_true(cp_real_value(CALL(S, "real", text(" 1.5 "), CP_NIL)) == 1.5);
    assert_true(cp_real_value(CALL(S, "real", text("2"), CP_NIL)) == 2.0);
    assert_true(cp_real_value(CALL(S, "real", text("-inf"), CP_NIL)) < -1e308);
    double d = cp_real_value(CALL(S, "real", text("nan"), CP_NIL));
    assert_true(d != d);
    is_error(CALL(S, "real", text("1."), CP_NIL), CP_BAD_ARGUMENT, "\"1.\" is no Real");
    is_error(CALL(S, "real", text("infinite"), CP_NIL), CP_BAD_ARGUMENT, "Real");
    assert_true(CALL(S, "symbol", text("abc"), CP_NIL) == cp_symbol_z(cp, "abc"));
    cp_value binary = CALL(S, "binary", text("é"), CP_NIL);
    assert_true(cp_is_binary(binary) && cp_binary_of(binary)->size == 2 && cp_binary_of(binary)->data[0] == 0xc3);
    cp_value s = text("x");
    assert_true(CALL(S, "string", s, CP_NIL) == s);
}

static void encodings(void **unused) {
    (void)unused;
    is_text(CALL(S, "hex", text("é!"), CP_NIL), "C3A921");
    is_text(CALL(S, "hex", text("c3 a9\n21"), yes()), "é!");
    is_error(CALL(S, "hex", text("abc"), yes()), CP_BAD_ARGUMENT, "hex digits");
    is_error(CALL(S, "hex", text("0x12"), yes()), CP_BAD_ARGUMENT, "byte 1");
    /* RFC 4648, 10 */
    const char *const vectors[] = {"",     "",     "f",        "Zg==",  "fo",       "Zm8=",   "foo",
                                   "Zm9v", "foob", "Zm9vYg==", "fooba", "Zm9vYmE=", "foobar", "Zm9vYmFy"};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i += 2) {
        is_text(CALL(S, "base64", text(vectors[i]), CP_NIL), vectors[i + 1]);
        is_text(CALL(S, "base64", text(vectors[i + 1]), yes()), vectors[i]);
    }
    is_text(CALL(S, "base64", text("Zm 9v\r\nYg"), yes()), "foob");
    const char *const bad[] = {"Z", "Zg=", "Zg===", "Zg==Zg==", "=", "Zm9v=", "Zm9vYm*y", "Zm9=v"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_error(CALL(S, "base64", text(bad[i]), yes()), CP_BAD_ARGUMENT, "base64");
}

static void quoted_printable(void **unused) {
    (void)unused;
    is_text(CALL(S, "quotedPrintable", text("é=x \nend\t"), CP_NIL), "=C3=A9=3Dx=20\nend=09");
    is_text(CALL(S, "quotedPrintable", text("a\r\nb\rc"), CP_NIL), "a\r\nb=0Dc");
    is_text(CALL(S, "quotedPrintable", text("a =\r\nb=20 \nc=\n"), yes()), "a b \nc");
    is_text(CALL(S, "quotedPrintable", text("x  \r\ny  "), yes()), "x\r\ny");
    is_error(CALL(S, "quotedPrintable", text("a=4"), yes()), CP_BAD_ARGUMENT, "quoted-printable: wrong at byte 1");
    is_error(CALL(S, "quotedPrintable", text("=zz"), yes()), CP_BAD_ARGUMENT, "quoted-printable");
    is_text(CALL(S, "quotedPrintable", repeated("x", 76), CP_NIL), cp_text_z(cp, repeated("x", 76)));
    is_text(CALL(S, "quotedPrintable", repeated("x", 77), CP_NIL),
            cp_text_z(cp, string_concat(cp, repeated("x", 75), text("=\nxx"))));
    uint64_t state = 11;
    for (int i = 0; i < 2000; i++) {
        char bytes[300];
        size_t size = next_random(&state) % sizeof bytes;
        for (size_t k = 0; k < size; k++)
            bytes[k] = next_random(&state) % 3 ? "a =\n\r\t"[next_random(&state) % 6] : (char)next_random(&state);
        cp_value s = cp_string_n(cp, bytes, size), encoded = CALL(S, "quotedPrintable", s, CP_NIL);
        assert_true(string_equal(CALL(S, "quotedPrintable", encoded, yes()), s));
        size_t column = 0;
        for (size_t k = 0; k < cp_string_size(encoded); k++) {
            char c = cp_string_text(encoded)[k];
            column = c == '\n' ? 0 : column + (c != '\r');
            assert_true(column <= 76);
            assert_true((c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t');
        }
    }
}

/* ---- comparing ---- */

static void comparing(void **unused) {
    (void)unused;
    assert_true(CALL(S, "==", text("a"), text("a")) == yes());
    assert_true(CALL(S, "==", text("a"), cp_symbol_z(cp, "a")) == CP_NIL);
    assert_true(CALL(S, "!=", text("a"), cp_fixnum(1)) == yes());
    assert_true(CALL(S, "<", text("a"), text("b")) == yes());
    assert_true(CALL(S, "<", text("a"), text("ab")) == yes());
    assert_true(CALL(S, "<", text("z"), text("é")) == yes());
    assert_true(CALL(S, "<=", text("a"), text("a")) == yes());
    assert_true(CALL(S, ">", text("€"), text("é")) == yes());
    assert_true(CALL(S, ">=", text("a"), text("b")) == CP_NIL);
    assert_int_equal(string_compare(text(""), text("a")), -1);
    assert_int_equal(string_hash(cp, text("abc")), string_hash_bytes(cp, "abc", 3));
    assert_true(CALL(S, "hash", text("abc"), CP_NIL) == cp_fixnum(string_hash_bytes(cp, "abc", 3)));
    assert_true(string_hash_bytes(cp, "", 0) != 0);
    assert_int_not_equal(string_hash_bytes(cp, "a", 1), string_hash_bytes(cp, "a\0", 2));
    cp_value name = cp_symbol_z(cp, "abc");
    assert_true(CALL(symbol_class.methods, "==", name, cp_symbol_z(cp, "abc")) == yes());
    assert_true(CALL(symbol_class.methods, "!=", name, text("abc")) == yes());
    is_text(CALL(symbol_class.methods, "string", name, CP_NIL), "abc");
    assert_true(CALL(symbol_class.methods, "hash", name, CP_NIL) == cp_fixnum(string_hash_bytes(cp, "abc", 3)));
}

/* No bit of the hash may be lazy: close keys must spread over a small table. */
static void hashes_spread(void **unused) {
    (void)unused;
    enum { KEYS = 4096 };
    const char *const patterns[] = {"k%d", "%08d", "%d@example.org", "xxxxxxxxxxxxxxxxxxxxxxxx%d"};
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        static unsigned char low[KEYS], high[KEYS];
        memset(low, 0, sizeof low);
        memset(high, 0, sizeof high);
        for (int i = 0; i < KEYS; i++) {
            char key[64];
            uint32_t hash = string_hash_bytes(cp, key, (size_t)snprintf(key, sizeof key, patterns[p], i));
            low[hash % KEYS]++;
            high[hash >> 20]++;
        }
        for (int i = 0; i < KEYS; i++) assert_true(low[i] < 12 && high[i] < 12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_made),
        cmocka_unit_test(length_counts_characters),
        cmocka_unit_test(get_and_extract),
        cmocka_unit_test(large_parts_share_and_keep_alive),
        cmocka_unit_test(places_in_long_text),
        cmocka_unit_test(searching),
        cmocka_unit_test(half_a_character_is_found_nowhere),
        cmocka_unit_test(random_damaged_text_agrees),
        cmocka_unit_test(splitting),
        cmocka_unit_test(case_and_white_space),
        cmocka_unit_test(replacing),
        cmocka_unit_test(to_numbers),
        cmocka_unit_test(encodings),
        cmocka_unit_test(quoted_printable),
        cmocka_unit_test(comparing),
        cmocka_unit_test(hashes_spread),
    };
    return cmocka_run_group_tests(tests, make_context, NULL);
}
