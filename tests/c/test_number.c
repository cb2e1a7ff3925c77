/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that Integers of any size and Reals compute, compare, read and print as the language says. */
#include "values.h"

#include "interp/builtin/format.h"
#include "interp/data/number.h"

#include <math.h>
#include <stdlib.h>

#define N number_functions

static cp_value number(const char *spelling) {
    cp_value v = number_parse(cp, spelling, strlen(spelling));
    if (v == CP_UNSET || v == CP_THROWN) fail_msg("%s is no number", spelling);
    return v;
}

static void prints(cp_value v, const char *expected) { is_text(number_to_string(cp, v), expected); }

static void is_real(cp_value v, double expected) {
    assert_true(cp_is_real(v));
    double d = cp_real_value(v);
    if (memcmp(&d, &expected, 8) && !(isnan(d) && isnan(expected))) fail_msg("%.17g is not %.17g", d, expected);
}

/* ---- arithmetic ---- */

static void small_integers_compute(void **unused) {
    (void)unused;
    is_integer(number_add(cp, cp_fixnum(40), cp_fixnum(2)), 42);
    is_integer(number_divide(cp, cp_fixnum(-7), cp_fixnum(2)), -3);
    is_integer(number_modulo(cp, cp_fixnum(-7), cp_fixnum(2)), -1);
    is_integer(number_modulo(cp, cp_fixnum(7), cp_fixnum(-2)), 1);
    is_integer(number_negate(cp, cp_fixnum(7)), -7);
    is_error(number_divide(cp, cp_fixnum(1), cp_fixnum(0)), CP_DIVISION_BY_ZERO, "division by zero");
    is_error(number_modulo(cp, cp_fixnum(1), cp_fixnum(0)), CP_DIVISION_BY_ZERO, "%");
    is_error(number_divide(cp, number("100000000000000000000"), cp_fixnum(0)), CP_DIVISION_BY_ZERO, "/");
}

static void overflow_promotes_and_comes_back(void **unused) {
    (void)unused;
    cp_value most = cp_fixnum(CP_FIXNUM_MAX), least = cp_fixnum(CP_FIXNUM_MIN);
    cp_value above = number_add(cp, most, cp_fixnum(1));
    assert_true(cp_is_big_integer(above));
    prints(above, "4611686018427387904");
    assert_true(number_subtract(cp, above, cp_fixnum(1)) == most);
    cp_value below = number_subtract(cp, least, cp_fixnum(1));
    assert_true(cp_is_big_integer(below));
    prints(below, "-4611686018427387905");
    assert_true(number_add(cp, below, cp_fixnum(1)) == least);
    prints(number_divide(cp, least, cp_fixnum(-1)), "4611686018427387904");
    prints(number_negate(cp, least), "4611686018427387904");
    prints(number_multiply(cp, most, most), "21267647932558653957237540927630737409");
    assert_true(number_divide(cp, number_multiply(cp, most, least), least) == most);
    prints(number_multiply(cp, least, cp_fixnum(2)), "-9223372036854775808");
    assert_true(cp_is_big_integer(cp_integer(cp, INT64_MIN)));
    is_integer(cp_integer(cp, INT64_MIN), INT64_MIN);
    int64_t n;
    assert_false(cp_to_int64(number("9223372036854775808"), &n));
    assert_false(cp_to_int64(cp_real(1), &n));
    assert_true(number("-4611686018427387904") == least);
    uint64_t u = 1;
    prints(cp_integer_unsigned(cp, UINT64_MAX), "18446744073709551615");
    assert_true(cp_integer_unsigned(cp, 5) == cp_fixnum(5));
    assert_true(cp_to_uint64(number("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_true(cp_to_uint64(cp_fixnum(0), &u) && u == 0);
    assert_false(cp_to_uint64(number("18446744073709551616"), &u));
    assert_false(cp_to_uint64(cp_fixnum(-1), &u) || cp_to_uint64(number("-9223372036854775809"), &u));
}

/* Against 128-bit arithmetic of the compiler. */
static void random_integers_agree(void **unused) {
    (void)unused;
    uint64_t state = 7;
    for (int i = 0; i < 20000; i++) {
        int64_t a = (int64_t)next_random(&state) >> next_random(&state) % 63;
        int64_t b = (int64_t)next_random(&state) >> next_random(&state) % 63;
        cp_value x = cp_integer(cp, a), y = cp_integer(cp, b);
        __int128 wide[5] = {(__int128)a + b, (__int128)a - b, (__int128)a * b, b ? (__int128)a / b : 0,
                            b ? (__int128)a % b : 0};
        cp_value result[5] = {number_add(cp, x, y), number_subtract(cp, x, y), number_multiply(cp, x, y),
                              b ? number_divide(cp, x, y) : cp_fixnum(0), b ? number_modulo(cp, x, y) : cp_fixnum(0)};
        for (int k = 0; k < 5; k++) {
            cp_value high = cp_integer(cp, (int64_t)(wide[k] >> 64)),
                     low = cp_fixnum((int64_t)((uint64_t)wide[k] >> 32)),
                     lowest = cp_fixnum((int64_t)(uint32_t)wide[k]), shift = cp_fixnum((int64_t)1 << 32);
            cp_value expected = number_add(
                cp, number_multiply(cp, number_add(cp, number_multiply(cp, high, shift), low), shift), lowest);
            assert_true(number_equal(result[k], expected));
            assert_true(cp_is_fixnum(result[k]) == (wide[k] >= CP_FIXNUM_MIN && wide[k] <= CP_FIXNUM_MAX));
        }
        int order;
        assert_int_equal(number_compare(cp, x, y, &order), NUMBER_ORDERED);
        assert_int_equal(order, (a > b) - (a < b));
    }
}

static void reals_follow_ieee(void **unused) {
    (void)unused;
    is_real(number_add(cp, cp_fixnum(1), cp_real(0.5)), 1.5);
    is_real(number_divide(cp, cp_real(1), cp_fixnum(0)), HUGE_VAL);
    is_real(number_modulo(cp, cp_real(-7.5), cp_fixnum(2)), -1.5);
    is_real(number_negate(cp, cp_real(0.0)), -0.0);
    is_real(number_multiply(cp, cp_real(1e300), cp_real(1e300)), HUGE_VAL);
    is_real(number_subtract(cp, cp_real(HUGE_VAL), cp_real(HUGE_VAL)), NAN);
    /* the exponents that do not fit a word are boxed */
    const double odd[] = {0.0,       -0.0,    1e-320,    1e308,    -1e-300,  5e-324,
                          0x1p-1022, 0x1p200, -0x1p-200, HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) is_real(cp_real(odd[i]), odd[i]);
}

static void what_is_no_number_is_named(void **unused) {
    (void)unused;
    is_error(number_add(cp, cp_fixnum(1), text("x")), CP_TYPE_MISMATCH, "+");
    is_error(number_add(cp, cp_fixnum(1), text("x")), CP_TYPE_MISMATCH, "String");
    is_error(number_modulo(cp, CP_NIL, cp_real(1)), CP_TYPE_MISMATCH, "an operand of %");
    is_error(number_negate(cp, text("x")), CP_TYPE_MISMATCH, "String");
    int order;
    assert_int_equal(number_compare(cp, cp_fixnum(1), text("x"), &order), NUMBER_NONE);
    assert_false(number_equal(text("1"), cp_fixnum(1)));
}

static void a_product_too_large_is_an_error(void **unused) {
    (void)unused;
    cp_value half = CALL(N, "shift", CP_NIL, cp_fixnum(1), cp_fixnum(40000000));
    assert_true(cp_is_big_integer(half));
    is_error(number_multiply(cp, half, half), CP_RUNTIME, "too large");
    is_error(CALL(N, "pow", CP_NIL, half, cp_fixnum(2)), CP_RUNTIME, "too large");
    is_error(CALL(N, "pow", CP_NIL, cp_fixnum(10), cp_fixnum(CP_FIXNUM_MAX)), CP_RUNTIME, "too large");
    is_error(CALL(N, "pow", CP_NIL, cp_fixnum(3), number("99999999999999999999999")), CP_RUNTIME, "too large");
    is_error(CALL(N, "shift", CP_NIL, cp_fixnum(1), cp_fixnum(67108864)), CP_RUNTIME, "too large");
    is_error(CALL(N, "shift", CP_NIL, cp_fixnum(1), number("99999999999999999999999")), CP_RUNTIME, "too large");
    cp_value most = CALL(N, "shift", CP_NIL, cp_fixnum(1), cp_fixnum(67108863));
    assert_true(cp_is_big_integer(most));
    is_error(number_add(cp, most, most), CP_RUNTIME, "too large");
}

static void big_values_survive_collections(void **unused) {
    (void)unused;
    cp_value product = cp_fixnum(1), sum = cp_fixnum(0);
    for (int i = 1; i <= 2000; i++) {
        product = number_multiply(cp, product, cp_fixnum(i));
        sum = number_add(cp, sum, product);
        if (i % 200 == 0) mem_collect();
    }
    for (int i = 2000; i >= 1; i--) {
        sum = number_subtract(cp, sum, product);
        assert_true(number_modulo(cp, product, cp_fixnum(i)) == cp_fixnum(0));
        product = number_divide(cp, product, cp_fixnum(i));
        if (i % 200 == 0) mem_collect();
    }
    assert_true(product == cp_fixnum(1) && sum == cp_fixnum(0));
}

/* ---- comparison ---- */

static void compares(const char *a, const char *b, int expected) {
    int order;
    assert_int_equal(number_compare(cp, number(a), number(b), &order), NUMBER_ORDERED);
    if (order != expected) fail_msg("%s against %s gave %d", a, b, order);
    assert_int_equal(number_compare(cp, number(b), number(a), &order), NUMBER_ORDERED);
    assert_int_equal(order, -expected);
    assert_int_equal(number_equal(number(a), number(b)), expected == 0);
    if (expected == 0) assert_int_equal(number_hash(cp, number(a)), number_hash(cp, number(b)));
}

static void comparison_is_exact(void **unused) {
    (void)unused;
    compares("1", "1.0", 0);
    compares("1", "1.5", -1);
    compares("-1", "-1.5", 1);
    compares("0", "-0.0", 0);
    compares("9007199254740993", "9007199254740992.0", 1);
    compares("4611686018427387903", "4611686018427387904.0", -1);
    compares("4611686018427387904", "4611686018427387904.0", 0);
    compares("-4611686018427387904", "-4611686018427387904.0", 0);
    compares("-4611686018427387905", "-4611686018427387904.0", -1);
    compares("1180591620717411303424", "1180591620717411303424.0", 0);
    compares("1180591620717411303425", "1180591620717411303424.0", 1);
    compares("100000000000000000000000", "1e23", 1);
    compares("-5", "-1e300", 1);
    compares("5", "-99999999999999999999", 1);
    compares("99999999999999999999", "-99999999999999999999", 1);
    compares("0x1000000000000000000", "1e999", -1);
    int order;
    assert_int_equal(number_compare(cp, cp_real(NAN), cp_fixnum(1), &order), NUMBER_UNORDERED);
    assert_int_equal(number_compare(cp, number("99999999999999999999"), cp_real(NAN), &order), NUMBER_UNORDERED);
    assert_false(number_equal(cp_real(NAN), cp_real(NAN)));
}

static void nearest_double(void **unused) {
    (void)unused;
    const char *const spellings[] = {
        "9007199254740993",
        "9007199254740995",
        "99999999999999999999",
        "1180591620717411303425",
        "1180591620717411434496",
        "1180591620717411434497",
        "18446744073709551615",
        "18446744073709550591",
        "17976931348623157081452742373170435679807056752584499659891747680315726078002853876058955863276687817154045895"
        "35143824642343213268894641827684675467035375169860499105765512820762454900903893289440758685084551339423045832"
        "36903222948165808559332123347747",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        double d = cp_to_double(number(spellings[i])), expected = strtod(spellings[i], NULL);
        if (d != expected) fail_msg("%s: %.17g", spellings[i], d);
    }
    uint64_t state = 99;
    for (int i = 0; i < 5000; i++) {
        char digits[80];
        int size = 19 + (int)(next_random(&state) % 50);
        digits[0] = '-';
        for (int k = 1; k <= size; k++) digits[k] = (char)('0' + (next_random(&state) >> 32) % 10);
        digits[1] = '9';
        digits[size + 1] = 0;
        assert_true(cp_to_double(number(digits)) == strtod(digits, NULL));
    }
    assert_true(cp_to_double(CALL(N, "shift", CP_NIL, cp_fixnum(-1), cp_fixnum(1024))) == -HUGE_VAL);
    assert_true(cp_to_double(CALL(N, "shift", CP_NIL, cp_fixnum(1), cp_fixnum(3000000))) == HUGE_VAL);
}

/* ---- text ---- */

static void reads(const char *spelling, const char *expected) { prints(number(spelling), expected); }

static void spellings(void **unused) {
    (void)unused;
    reads("42", "42");
    reads("-1", "-1");
    reads("007", "7");
    reads("-0", "0");
    reads("0xFF", "255");
    reads("-0xfF", "-255");
    reads("0b101", "5");
    reads("0x123456789abcdef0123456789abcdef", "1512366075204170929049582354406559215");
    reads("0b100000000000000000000000000000000000000000000000000000000000000000", "36893488147419103232");
    reads("000000000000000000000000000000001", "1");
    reads("123456789012345678901234567890", "123456789012345678901234567890");
    reads("-999999999999999999999", "-999999999999999999999");
    reads("999999999999999", "999999999999999");
    reads("4611686018427387903", "4611686018427387903");
    reads("33.0", "33.0");
    reads("-0.5", "-0.5");
    reads("1e-3", "0.001");
    reads("1E3", "1000.0");
    reads("1e+100", "1e+100");
    reads("0.1", "0.1");
    reads("1e999", "inf");
    reads("-1e999", "-inf");
    reads("1.7976931348623157e308", "1.7976931348623157e+308");
    reads("5e-324", "5e-324");
    reads("123456789012345680.0", "1.2345678901234568e+17");
    reads("0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000001", "1e-87");
    const char *const none[] = {"",    "-",     "+1",  "1.",  ".5",   "1e",   "1e+",   "1.e5", "0x",
                                "0b",  "0b2",   "0xg", "--1", "1a",   "a1",   " 1",    "1 ",   "1.2.3",
                                "1_0", "0x1.8", "inf", "nan", "-inf", "0X1F", "1e5.0", "-.5",  "1-"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        if (number_parse(cp, none[i], strlen(none[i])) != CP_UNSET) fail_msg("%s was read", none[i]);
    assert_true(number_parse(cp, "1\0002", 3) == CP_UNSET);
    assert_true(number_parse(cp, "12x", 2) == cp_fixnum(12));
}

static void reals_round_trip(void **unused) {
    (void)unused;
    uint64_t state = 5;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&state);
        double d;
        memcpy(&d, &bits, 8);
        if (i % 2) d = (double)(int64_t)bits / 4096; /* everyday sizes too */
        if (!isfinite(d)) continue;
        char out[REAL_TEXT_MOST];
        size_t size = number_real_text(d, out);
        assert_int_equal(size, strlen(out));
        is_real(number_parse(cp, out, size), d);
    }
    prints(cp_real(NAN), "nan");
}

static void too_many_digits_are_an_error(void **unused) {
    (void)unused;
    size_t size = 21000000;
    char *digits = malloc(size);
    memset(digits, '7', size);
    is_error(number_parse(cp, digits, size), CP_RUNTIME, "too large");
    digits[1] = 'x';
    digits[0] = '0';
    is_error(number_parse(cp, digits, size), CP_RUNTIME, "too large");
    free(digits);
}

static void big_text_round_trips(void **unused) {
    (void)unused;
    cp_value v = CALL(N, "pow", CP_NIL, cp_fixnum(7), cp_fixnum(5000));
    cp_value printed = number_to_string(cp, v);
    assert_int_equal(cp_string_size(printed), 4226);
    assert_true(number_equal(number_parse(cp, cp_string_text(printed), cp_string_size(printed)), v));
}

/* ---- format ---- */

static cp_value format(const char *spec, cp_value v) {
    cp_value as_method = CALL(cp_is_real(v) ? real_class.methods : integer_class.methods, "format", v, text(spec));
    return as_method;
}

static void formats_as_printf_does(void **unused) {
    (void)unused;
    const char *const integers[] = {"%d",    "%5d",     "%-5d|",  "%05d",  "%+d",   "% d", "%.3d",
                                    "%8.3d", "%-8.3d|", "%x",     "%X",    "%#x",   "%#o", "%o",
                                    "%u",    "%08x",    "%.0d",   "%+05d", "%#08x", "%ld", "a%%%db%%",
                                    "%+.2d", "%05.2d",  "%-05d|", "% 05d", "%i"};
    const long long values[] = {0, 1, 42, 255, 123456789};
    char expected[100];
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            if (strchr("xXou", integers[i][strlen(integers[i]) - 1]) && strpbrk(integers[i], "+ ")) continue;
            snprintf(expected, sizeof expected, integers[i], (int)values[k], 0);
            is_text(format(integers[i], cp_fixnum(values[k])), expected);
        }
    is_text(format("%05d", cp_fixnum(-42)), "-0042");
    is_text(format("%x", cp_fixnum(-255)), "-ff");
    is_text(format("%X", number("0xabcdef0123456789abcdef")), "ABCDEF0123456789ABCDEF");
    is_text(format("%d", number("123456789012345678901234567890")), "123456789012345678901234567890");
    is_text(format("%35d", number("-123456789012345678901234567890")), "    -123456789012345678901234567890");
    is_text(format("%.2f", cp_fixnum(3)), "3.00");
    is_text(format("%s!", cp_fixnum(3)), "3!");
    const char *const reals[] = {"%f", "%.2f",  "%10.3f", "%-10.1f|", "%e",   "%G",
                                 "%g", "%+.1f", "%08.2f", "%a",       "%.0f", "%#.0f"};
    const double doubles[] = {0.0, -1.5, 3.14159, 1e20, 1e300, -1e-10};
    char long_text[500];
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        for (size_t k = 0; k < sizeof doubles / sizeof doubles[0]; k++) {
            snprintf(long_text, sizeof long_text, reals[i], doubles[k], 0);
            is_text(format(reals[i], cp_real(doubles[k])), long_text);
        }
    assert_int_equal(cp_string_size(format("%4096d", cp_fixnum(1))), 4096);
}

static void bad_specs_are_errors(void **unused) {
    (void)unused;
    const char *const bad[] = {
        "",   "%",  "%%", "%d %d", "%n", "%q", "%*d", "%5", "%4097d", "%.5000d", "%99999999999999999999d",
        "no", "%c", "%p", "%'d",   "%-"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_error(format(bad[i], cp_fixnum(1)), CP_BAD_ARGUMENT, "format");
    is_error(format_text(cp, "%\0d", 3, (cp_value[]){cp_fixnum(1)}, 1), CP_BAD_ARGUMENT, "format");
    is_error(format("%d", cp_real(1)), CP_TYPE_MISMATCH, "%d");
    is_error(format_text(cp, "%f", 2, (cp_value[]){text("x")}, 1), CP_TYPE_MISMATCH, "%f");
    cp_value three[] = {cp_fixnum(1), text("é"), cp_real(2)};
    is_text(format_text(cp, "%d|%3s|%.1f", 11, three, 3), "1|  é|2.0");
}

/* ---- functions ---- */

static void bit_operations(void **unused) {
    (void)unused;
    is_integer(CALL(N, "bitAnd", CP_NIL, cp_fixnum(12), cp_fixnum(10)), 8);
    is_integer(CALL(N, "bitOr", CP_NIL, cp_fixnum(12), cp_fixnum(10), cp_fixnum(1)), 15);
    is_integer(CALL(N, "bitXor", CP_NIL, cp_fixnum(12), cp_fixnum(10)), 6);
    is_integer(CALL(N, "bitNot", CP_NIL, cp_fixnum(0)), -1);
    is_integer(CALL(N, "bitAnd", CP_NIL, cp_fixnum(-1), number("0x10000000000000001"), cp_fixnum(3)), 1);
    prints(CALL(N, "bitNot", CP_NIL, number("0xFFFFFFFFFFFFFFFFFF")), "-4722366482869645213696");
    prints(CALL(N, "bitOr", CP_NIL, number("-18446744073709551616"), cp_fixnum(5)), "-18446744073709551611");
    is_integer(CALL(N, "bitXor", CP_NIL, number("0x10000000000000001"), number("0x10000000000000000")), 1);
    is_error(CALL(N, "bitOr", CP_NIL, cp_fixnum(1), cp_real(1)), CP_TYPE_MISMATCH, "bitOr");
    is_integer(CALL(N, "shift", CP_NIL, cp_fixnum(1), cp_fixnum(10)), 1024);
    is_integer(CALL(N, "shift", CP_NIL, cp_fixnum(-5), cp_fixnum(-1)), -3);
    is_integer(CALL(N, "shift", CP_NIL, cp_fixnum(-5), cp_fixnum(-100)), -1);
    is_integer(CALL(N, "shift", CP_NIL, cp_fixnum(5), number("-99999999999999999999")), 0);
    is_integer(CALL(N, "shift", CP_NIL, cp_fixnum(0), number("99999999999999999999")), 0);
    is_integer(CALL(N, "shift", CP_NIL, CALL(N, "shift", CP_NIL, cp_fixnum(-9), cp_fixnum(1000)), cp_fixnum(-1000)),
               -9);
}

static void rounding_and_order(void **unused) {
    (void)unused;
    is_integer(CALL(N, "floor", CP_NIL, cp_real(-1.5)), -2);
    is_integer(CALL(N, "ceiling", CP_NIL, cp_real(-1.5)), -1);
    is_integer(CALL(N, "round", CP_NIL, cp_real(2.5)), 3);
    is_integer(CALL(N, "round", CP_NIL, cp_real(-2.5)), -3);
    is_integer(CALL(N, "round", CP_NIL, cp_fixnum(7)), 7);
    prints(CALL(N, "floor", CP_NIL, cp_real(1e22)), "10000000000000000000000");
    is_integer(CALL(N, "floor", CP_NIL, cp_real(0x1p62)), (int64_t)1 << 62);
    is_error(CALL(N, "round", CP_NIL, cp_real(NAN)), CP_BAD_ARGUMENT, "nan");
    is_error(CALL(N, "floor", CP_NIL, cp_real(-HUGE_VAL)), CP_BAD_ARGUMENT, "-inf");
    is_integer(CALL(N, "min", CP_NIL, cp_fixnum(3), cp_real(3.5), cp_fixnum(-2)), -2);
    is_real(CALL(N, "max", CP_NIL, cp_fixnum(3), cp_real(3.5), cp_fixnum(-2)), 3.5);
    is_integer(CALL(N, "max", CP_NIL, cp_fixnum(3)), 3);
    is_real(CALL(N, "max", CP_NIL, cp_fixnum(3), cp_real(NAN), cp_fixnum(9)), NAN);
    is_error(CALL(N, "max", CP_NIL, cp_fixnum(3), CP_NIL), CP_TYPE_MISMATCH, "max");
    is_integer(CALL(N, "abs", CP_NIL, cp_fixnum(-3)), 3);
    is_real(CALL(N, "abs", CP_NIL, cp_real(-0.0)), 0.0);
    prints(CALL(N, "abs", CP_NIL, cp_fixnum(CP_FIXNUM_MIN)), "4611686018427387904");
    is_integer(CALL(real_class.methods, "integer", cp_real(-3.9), CP_NIL), -3);
}

static void powers_and_logarithms(void **unused) {
    (void)unused;
    prints(CALL(N, "pow", CP_NIL, cp_fixnum(2), cp_fixnum(100)), "1267650600228229401496703205376");
    is_integer(CALL(N, "pow", CP_NIL, cp_fixnum(-3), cp_fixnum(3)), -27);
    is_integer(CALL(N, "pow", CP_NIL, cp_fixnum(0), cp_fixnum(0)), 1);
    is_integer(CALL(N, "pow", CP_NIL, cp_fixnum(-1), number("99999999999999999999")), -1);
    is_integer(CALL(N, "pow", CP_NIL, cp_fixnum(-1), number("99999999999999999998")), 1);
    is_integer(CALL(N, "pow", CP_NIL, cp_fixnum(0), number("99999999999999999999")), 0);
    is_real(CALL(N, "pow", CP_NIL, cp_fixnum(2), cp_fixnum(-1)), 0.5);
    is_real(CALL(N, "pow", CP_NIL, cp_fixnum(4), cp_real(0.5)), 2.0);
    is_real(CALL(N, "sqrt", CP_NIL, cp_fixnum(49)), 7.0);
    is_real(CALL(N, "sqrt", CP_NIL, cp_fixnum(-1)), NAN);
    cp_value huge = CALL(N, "pow", CP_NIL, cp_fixnum(10), cp_fixnum(400));
    assert_true(fabs(cp_real_value(CALL(N, "sqrt", CP_NIL, huge)) / 1e200 - 1) < 1e-14);
    assert_true(fabs(cp_real_value(CALL(N, "log", CP_NIL, huge, cp_fixnum(10))) - 400) < 1e-10);
    is_real(CALL(N, "log", CP_NIL, cp_fixnum(1000), cp_fixnum(10)), 3.0);
    is_real(CALL(N, "log", CP_NIL, cp_fixnum(0), CP_NIL), -HUGE_VAL);
    is_real(CALL(N, "exp", CP_NIL, cp_fixnum(0)), 1.0);
    is_real(CALL(N, "sin", CP_NIL, cp_fixnum(0)), 0.0);
    is_real(CALL(N, "cos", CP_NIL, cp_fixnum(0)), 1.0);
    is_real(CALL(N, "tan", CP_NIL, cp_real(1)), tan(1));
    is_real(CALL(N, "atan", CP_NIL, cp_fixnum(1), CP_NIL), atan(1));
    is_real(CALL(N, "atan", CP_NIL, cp_fixnum(1), cp_fixnum(-1)), atan2(1, -1));
}

static void random_stays_in_range(void **unused) {
    (void)unused;
    bool seen[10] = {false};
    for (int i = 0; i < 1000; i++) {
        int64_t n;
        assert_true(cp_to_int64(CALL(N, "random", CP_NIL, cp_fixnum(10)), &n) && n >= 0 && n < 10);
        seen[n] = true;
        double d = cp_real_value(CALL(N, "random", CP_NIL, CP_NIL));
        assert_true(d >= 0 && d < 1);
        int order;
        cp_value limit = number("123456789012345678901234567890"), v = CALL(N, "random", CP_NIL, limit);
        assert_true(number_compare(cp, v, limit, &order) == NUMBER_ORDERED && order < 0);
        assert_true(number_compare(cp, v, cp_fixnum(0), &order) == NUMBER_ORDERED && order >= 0);
    }
    for (int i = 0; i < 10; i++) assert_true(seen[i]);
    is_integer(CALL(N, "random", CP_NIL, cp_fixnum(1)), 0);
    is_error(CALL(N, "random", CP_NIL, cp_fixnum(0)), CP_BAD_ARGUMENT, "limit");
    is_error(CALL(N, "random", CP_NIL, number("-99999999999999999999")), CP_BAD_ARGUMENT, "limit");
}

static void operators_are_methods(void **unused) {
    (void)unused;
    const cp_method_def *m = integer_class.methods;
    cp_value yes = cp->known.sym_true;
    is_integer(CALL(m, "+", cp_fixnum(1), cp_fixnum(2)), 3);
    is_integer(CALL(m, "-", cp_fixnum(1), cp_fixnum(2)), -1);
    is_integer(CALL(m, "*", cp_fixnum(3), cp_fixnum(2)), 6);
    is_integer(CALL(m, "/", cp_fixnum(7), cp_fixnum(2)), 3);
    is_integer(CALL(m, "%", cp_fixnum(7), cp_fixnum(4)), 3);
    assert_true(CALL(m, "==", cp_fixnum(1), cp_real(1)) == yes);
    assert_true(CALL(m, "!=", cp_fixnum(1), text("1")) == yes);
    assert_true(CALL(m, "==", cp_fixnum(1), CP_NIL) == CP_NIL);
    assert_true(CALL(m, "<", cp_fixnum(1), cp_real(1.5)) == yes);
    assert_true(CALL(m, "<=", cp_fixnum(1), cp_fixnum(1)) == yes);
    assert_true(CALL(m, ">", cp_fixnum(1), cp_fixnum(1)) == CP_NIL);
    assert_true(CALL(m, ">=", cp_fixnum(1), cp_real(NAN)) == CP_NIL);
    assert_true(CALL(m, "<=", cp_fixnum(1), cp_real(NAN)) == CP_NIL);
    is_text(CALL(m, "string", cp_fixnum(-5), CP_NIL), "-5");
    is_real(CALL(m, "real", cp_fixnum(5), CP_NIL), 5.0);
    assert_true(CALL(m, "copy", cp_fixnum(5), CP_NIL) == cp_fixnum(5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_integers_compute),
        cmocka_unit_test(overflow_promotes_and_comes_back),
        cmocka_unit_test(random_integers_agree),
        cmocka_unit_test(reals_follow_ieee),
        cmocka_unit_test(what_is_no_number_is_named),
        cmocka_unit_test(a_product_too_large_is_an_error),
        cmocka_unit_test(big_values_survive_collections),
        cmocka_unit_test(comparison_is_exact),
        cmocka_unit_test(nearest_double),
        cmocka_unit_test(spellings),
        cmocka_unit_test(reals_round_trip),
        cmocka_unit_test(too_many_digits_are_an_error),
        cmocka_unit_test(big_text_round_trips),
        cmocka_unit_test(formats_as_printf_does),
        cmocka_unit_test(bad_specs_are_errors),
        cmocka_unit_test(bit_operations),
        cmocka_unit_test(rounding_and_order),
        cmocka_unit_test(powers_and_logarithms),
        cmocka_unit_test(random_stays_in_range),
        cmocka_unit_test(operators_are_methods),
    };
    return cmocka_run_group_tests(tests, make_context, NULL);
}
