/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number_text.c: numbers from text and text from numbers, such that each reads the other's.
 */
#include "interp/data/number.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SMALL_TEXT = 128,      /* bytes: up to this size texts pass through the stack */
    REAL_DIGITS_SURE = 15, /* what so few digits say, a Real of full precision says again */
    REAL_DIGITS_MOST = 17, /* so many always tell a Real from all others */
};

/* ---- reading ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_digit_of(char c, int base) {
    if (base == 2) return c == '0' || c == '1';
    return is_digit(c) || (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

static const char *skip_digits(const char *p, const char *end) {
    while (p < end && is_digit(*p)) p++;
    return p;
}

/* [p, end) are digits of that base, at least one. */
static cp_value parse_integer(cp_context *cp, const char *p, const char *end, int base, bool negative) {
    while (p < end - 1 && *p == '0') p++;
    size_t digits = (size_t)(end - p);
    if (digits <= (base <= 16 ? 15 : 11)) { /* below 16^15 or 36^11: fits a fixnum */
        int64_t n = 0;
        for (; p < end; p++) n = n * base + (is_digit(*p) ? *p - '0' : (*p | 32) - 'a' + 10);
        return cp_fixnum(negative ? -n : n);
    }
    /* 10 digits are 33.2 bits: the estimate is below the truth, by less than 1 % in the usual bases; number_from_mpz
       counts exactly. */
    size_t bits = base == 10 ? digits / 10 * 33 : (digits - 1) * (size_t)(31 - __builtin_clz((unsigned)base));
    if (!integer_room(cp, bits)) return CP_THROWN;
    char small[SMALL_TEXT], *copy = digits < sizeof small ? small : cp_try_alloc_atomic(cp, digits + 1);
    if (!copy) return CP_THROWN;
    memcpy(copy, p, digits);
    copy[digits] = 0;
    mpz_t value;
    mpz_init_set_str(value, copy, base);
    if (negative) mpz_neg(value, value);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

static bool is_digit_below(char c, int base) {
    return is_digit(c) ? c - '0' < base
                       : ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && (c | 32) - 'a' + 10 < base;
}

cp_value number_parse_base(cp_context *cp, const char *text, size_t size, int base) {
    const char *p = text, *end = text + size;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end) return CP_UNSET;
    for (const char *q = p; q < end; q++)
        if (!is_digit_below(*q, base)) return CP_UNSET;
    return parse_integer(cp, p, end, base, negative);
}

cp_value number_parse(cp_context *cp, const char *text, size_t size) {
    const char *p = text, *end = text + size;
    bool negative = p < end && *p == '-';
    if (negative) p++;
    if (p == end || !is_digit(*p)) return CP_UNSET;
    int base = end - p < 3 || *p != '0' ? 10 : p[1] == 'x' ? 16 : p[1] == 'b' ? 2 : 10;
    if (base != 10) {
        p += 2;
        for (const char *q = p; q < end; q++)
            if (!is_digit_of(*q, base)) return CP_UNSET;
        return parse_integer(cp, p, end, base, negative);
    }
    const char *q = skip_digits(p, end);
    if (q == end) return parse_integer(cp, p, end, 10, negative);
    if (*q == '.') {
        const char *fraction = q + 1;
        q = skip_digits(fraction, end);
        if (q == fraction) return CP_UNSET;
    }
    if (q < end && (*q == 'e' || *q == 'E')) {
        const char *exponent = q + 1;
        if (exponent < end && (*exponent == '+' || *exponent == '-')) exponent++;
        q = skip_digits(exponent, end);
        if (q == exponent) return CP_UNSET;
    }
    if (q != end) return CP_UNSET;
    char small[SMALL_TEXT], *copy = size < sizeof small ? small : cp_try_alloc_atomic(cp, size + 1);
    if (!copy) return CP_THROWN;
    memcpy(copy, text, size);
    copy[size] = 0;
    return cp_real(strtod(copy, NULL));
}

/* ---- writing ---- */

/* Whether a text of so many digits reads back as d. Below a power of two Reals lie twice as close as above it, so where
   the nearest text of 16 digits is too far below, the next one up may not be too far above. */
static bool real_digits(double d, int precision, char out[REAL_TEXT_MOST], int *size) {
    *size = snprintf(out, REAL_TEXT_MOST, "%.*g", precision, d);
    if (precision == REAL_DIGITS_MOST || strtod(out, NULL) == d) return true;
    int exponent, rounding = fegetround();
    if (precision != REAL_DIGITS_MOST - 1 || fabs(frexp(d, &exponent)) != 0.5) return false;
    fesetround(d < 0 ? FE_DOWNWARD : FE_UPWARD);
    *size = snprintf(out, REAL_TEXT_MOST, "%.*g", precision, d);
    fesetround(rounding);
    return strtod(out, NULL) == d;
}

size_t number_real_text(double d, char out[REAL_TEXT_MOST]) {
    if (isnan(d)) return (size_t)sprintf(out, "nan");
    if (isinf(d)) return (size_t)sprintf(out, d < 0 ? "-inf" : "inf");
    int size = 0;
    /* What 15 digits or fewer can say %g shows so; below the smallest normal number one digit may be enough. */
    int precision = fabs(d) < DBL_MIN ? 1 : REAL_DIGITS_SURE;
    while (!real_digits(d, precision, out, &size)) precision++;
    if (!memchr(out, '.', (size_t)size) && !memchr(out, 'e', (size_t)size)) {
        memcpy(out + size, ".0", 3);
        size += 2;
    }
    return (size_t)size;
}

cp_value number_integer_string(cp_context *cp, cp_value v, int base) {
    struct integer_view view;
    mpz_srcptr value = integer_view_of(v, &view);
    size_t most = mpz_sizeinbase(value, base) + 2;
    if (!integer_room(cp, mpz_sizeinbase(value, 2))) return CP_THROWN;
    char small[SMALL_TEXT], *text = most <= sizeof small ? small : cp_try_alloc_atomic(cp, most);
    if (!text) return CP_THROWN;
    mpz_get_str(text, base, value);
    return cp_string_n(cp, text, strlen(text));
}

char *number_digits(int64_t number, char *end) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    for (; rest >= 100; rest /= 100) memcpy(end -= 2, pairs + rest % 100 * 2, 2);
    if (rest >= 10) memcpy(end -= 2, pairs + rest * 2, 2);
    else *--end = (char)('0' + rest);
    if (number < 0) *--end = '-';
    return end;
}

cp_value number_to_string(cp_context *cp, cp_value v) {
    char text[REAL_TEXT_MOST];
    if (cp_is_fixnum(v)) {
        const char *digits = number_digits(cp_fixnum_value(v), text + sizeof text);
        return cp_string_n(cp, digits, (size_t)(text + sizeof text - digits));
    }
    if (cp_is_real(v)) return cp_string_n(cp, text, number_real_text(cp_real_value(v), text));
    return number_integer_string(cp, v, 10);
}
