/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number.c: what an Integer and a Real are, and arithmetic and comparison on them.
 */
#include "interp/data/number.h"

#include "interp/base/memory.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

_Static_assert(GMP_LIMB_BITS == 64, "an Integer view holds a fixnum in one limb");
#define TWO_62 0x1p62

/* ---- representation ---- */

struct boxed_real {
    cp_object header;
    double value;
};

cp_value cp_box_real(double d) {
    struct boxed_real *box = mem_alloc_atomic(sizeof *box);
    box->header = (cp_object){CP_CLASS_REAL, 0};
    box->value = d;
    return cp_from_object(box);
}

static mpz_srcptr big_value(cp_value v) { return ((struct big_integer *)v)->value; }

mpz_srcptr integer_view_of(cp_value v, struct integer_view *view) {
    if (!cp_is_fixnum(v)) return big_value(v);
    int64_t n = cp_fixnum_value(v);
    view->limb = n < 0 ? -(uint64_t)n : (uint64_t)n;
    return mpz_roinit_n(view->value, &view->limb, n < 0 ? -1 : n > 0);
}

static cp_value big_from_limbs(const mp_limb_t *limbs, size_t count, bool negative) {
    mp_limb_t *copy = mem_alloc_atomic(count * sizeof *copy);
    memcpy(copy, limbs, count * sizeof *copy);
    struct big_integer *big = mem_alloc(sizeof *big);
    big->header.class_number = CP_CLASS_INTEGER;
    mpz_roinit_n(big->value, copy, negative ? -(mp_size_t)count : (mp_size_t)count);
    return cp_from_object(big);
}

cp_value cp_big_from_int64(cp_context *cp, int64_t n) {
    (void)cp;
    if (n >= CP_FIXNUM_MIN && n <= CP_FIXNUM_MAX) return cp_fixnum(n);
    mp_limb_t limb = n < 0 ? -(uint64_t)n : (uint64_t)n;
    return big_from_limbs(&limb, 1, n < 0);
}

/* GMP ends the process when malloc fails, so memory is asked for here first: the result's own from the collector's
   limit, and what GMP needs beside it (at most about eight times as much) from malloc. */
bool integer_room(cp_context *cp, size_t bits) {
    enum { UNASKED_BYTES = 1 << 17 };
    if (bits > INTEGER_MOST_BITS) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "an Integer of %zu bits is too large: the most is %zu", bits,
                 INTEGER_MOST_BITS);
        return false;
    }
    size_t bytes = bits / 8;
    if (bytes < UNASKED_BYTES) return true;
    if (!cp_try_alloc_atomic(cp, bytes)) return false;
    void *volatile probe = malloc(bytes * 8);
    if (!probe) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no memory for an Integer of %zu bits", bits);
        return false;
    }
    free(probe);
    return true;
}

cp_value number_from_mpz(cp_context *cp, mpz_srcptr value) {
    size_t count = mpz_size(value);
    bool negative = mpz_sgn(value) < 0;
    if (count == 0) return cp_fixnum(0);
    mp_limb_t low = mpz_limbs_read(value)[0];
    if (count == 1 && low <= (uint64_t)CP_FIXNUM_MAX + negative) return cp_fixnum((int64_t)(negative ? -low : low));
    if (!integer_room(cp, mpz_sizeinbase(value, 2))) return CP_THROWN;
    return big_from_limbs(mpz_limbs_read(value), count, negative);
}

bool cp_to_int64(cp_value v, int64_t *result) {
    if (cp_is_fixnum(v)) {
        *result = cp_fixnum_value(v);
        return true;
    }
    if (!cp_is_big_integer(v) || !mpz_fits_slong_p(big_value(v))) return false;
    *result = mpz_get_si(big_value(v));
    return true;
}

cp_value cp_integer_unsigned(cp_context *cp, uint64_t n) {
    if (n <= INT64_MAX) return cp_integer(cp, (int64_t)n);
    mp_limb_t limb = n;
    return big_from_limbs(&limb, 1, false);
}

bool cp_to_uint64(cp_value v, uint64_t *result) {
    int64_t n;
    if (cp_is_big_integer(v) && mpz_fits_ulong_p(big_value(v))) return *result = mpz_get_ui(big_value(v)), true;
    if (!cp_to_int64(v, &n) || n < 0) return false;
    *result = (uint64_t)n;
    return true;
}

/* The nearest double; mpz_get_d would truncate. The top 64 bits with a bit for "something below" round correctly. */
static double big_to_double(mpz_srcptr value) {
    size_t bits = mpz_sizeinbase(value, 2), count = mpz_size(value);
    const mp_limb_t *limbs = mpz_limbs_read(value);
    uint64_t top = limbs[count - 1];
    unsigned unused = (unsigned)__builtin_clzll(top);
    if (count > 1) {
        if (unused) top = top << unused | limbs[count - 2] >> (64 - unused);
        if (mpz_scan1(value, 0) < bits - 64) top |= 1;
    } else top <<= unused;
    long exponent = (long)bits - 64;
    double d = exponent > 1024 ? HUGE_VAL : ldexp((double)top, (int)exponent);
    return mpz_sgn(value) < 0 ? -d : d;
}

double cp_to_double(cp_value number) {
    if (cp_is_fixnum(number)) return (double)cp_fixnum_value(number);
    if (cp_is_big_integer(number)) return big_to_double(big_value(number));
    return cp_real_value(number);
}

cp_value number_truncate(cp_context *cp, double d) {
    if (fabs(d) < TWO_62) return cp_fixnum((int64_t)d);
    if (!isfinite(d)) {
        char text[REAL_TEXT_MOST];
        number_real_text(d, text);
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "no Integer is near the Real %s", text);
    }
    mpz_t value;
    mpz_init_set_d(value, d);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

/* ---- arithmetic ---- */

static cp_value division_by_zero(cp_context *cp, char operation) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_DIVISION_BY_ZERO, "%c: division by zero", operation);
}

static cp_value integer_arithmetic(cp_context *cp, char operation, cp_value a, cp_value b) {
    struct integer_view view_a, view_b;
    mpz_srcptr x = integer_view_of(a, &view_a), y = integer_view_of(b, &view_b);
    size_t bits_x = mpz_sizeinbase(x, 2), bits_y = mpz_sizeinbase(y, 2);
    bool divides = operation == '/' || operation == '%';
    if (divides && mpz_sgn(y) == 0) return division_by_zero(cp, operation);
    /* A product may have one bit less than the sum: let that one through, number_from_mpz counts exactly. */
    size_t bits = operation == '*' ? bits_x + bits_y - 1 : bits_x > bits_y ? bits_x : bits_y;
    if (!integer_room(cp, bits)) return CP_THROWN;
    mpz_t value;
    mpz_init(value);
    switch (operation) {
    case '+': mpz_add(value, x, y); break;
    case '-': mpz_sub(value, x, y); break;
    case '*': mpz_mul(value, x, y); break;
    case '/': mpz_tdiv_q(value, x, y); break;
    default: mpz_tdiv_r(value, x, y); break;
    }
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

/* Everything but two fixnums. */
static cp_value arithmetic(cp_context *cp, char operation, cp_value a, cp_value b) {
    if (!cp_is_number(a) || !cp_is_number(b)) {
        char what[] = "an operand of ?";
        what[sizeof what - 2] = operation;
        return cp_throw_type(cp, what, "Integer or Real", cp_is_number(a) ? b : a);
    }
    if (cp_is_integer(a) && cp_is_integer(b)) return integer_arithmetic(cp, operation, a, b);
    double x = cp_to_double(a), y = cp_to_double(b);
    switch (operation) {
    case '+': return cp_real(x + y);
    case '-': return cp_real(x - y);
    case '*': return cp_real(x * y);
    case '/': return cp_real(x / y);
    default: return cp_real(fmod(x, y));
    }
}

cp_value number_add(cp_context *cp, cp_value a, cp_value b) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) return cp_integer(cp, cp_fixnum_value(a) + cp_fixnum_value(b));
    return arithmetic(cp, '+', a, b);
}

cp_value number_subtract(cp_context *cp, cp_value a, cp_value b) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) return cp_integer(cp, cp_fixnum_value(a) - cp_fixnum_value(b));
    return arithmetic(cp, '-', a, b);
}

cp_value number_multiply(cp_context *cp, cp_value a, cp_value b) {
    int64_t product;
    if (cp_is_fixnum(a) && cp_is_fixnum(b) && !__builtin_mul_overflow(cp_fixnum_value(a), cp_fixnum_value(b), &product))
        return cp_integer(cp, product);
    return arithmetic(cp, '*', a, b);
}

cp_value number_divide(cp_context *cp, cp_value a, cp_value b) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) {
        int64_t divisor = cp_fixnum_value(b);
        if (divisor == 0) return division_by_zero(cp, '/');
        return cp_integer(cp, cp_fixnum_value(a) / divisor); /* the smallest by -1 still fits 64 bits */
    }
    return arithmetic(cp, '/', a, b);
}

cp_value number_modulo(cp_context *cp, cp_value a, cp_value b) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) {
        int64_t divisor = cp_fixnum_value(b);
        if (divisor == 0) return division_by_zero(cp, '%');
        return cp_fixnum(cp_fixnum_value(a) % divisor);
    }
    return arithmetic(cp, '%', a, b);
}

cp_value number_negate(cp_context *cp, cp_value a) {
    return cp_is_real(a) ? cp_real(-cp_real_value(a)) : number_subtract(cp, cp_fixnum(0), a);
}

/* ---- comparison ---- */

static int sign_of(int64_t n) { return (n > 0) - (n < 0); }

/* An Integer against a double that is no NaN. */
static int compare_with_double(cp_value integer, double d) {
    if (cp_is_big_integer(integer)) return sign_of(mpz_cmp_d(big_value(integer), d));
    if (d >= TWO_62) return -1;
    if (d < -TWO_62) return 1;
    int64_t n = cp_fixnum_value(integer), whole = (int64_t)d;
    if (n != whole) return n < whole ? -1 : 1;
    double fraction = d - (double)whole; /* exact: beyond 2^53 there is none */
    return (fraction < 0) - (fraction > 0);
}

static int compare(cp_value a, cp_value b, int *result) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) {
        int64_t x = cp_fixnum_value(a), y = cp_fixnum_value(b);
        *result = (x > y) - (x < y);
        return NUMBER_ORDERED;
    }
    if (!cp_is_number(a) || !cp_is_number(b)) return NUMBER_NONE;
    bool real_a = cp_is_real(a), real_b = cp_is_real(b);
    if ((real_a && isnan(cp_real_value(a))) || (real_b && isnan(cp_real_value(b)))) return NUMBER_UNORDERED;
    if (real_a && real_b) {
        double x = cp_real_value(a), y = cp_real_value(b);
        *result = (x > y) - (x < y);
    } else if (real_a) *result = -compare_with_double(b, cp_real_value(a));
    else if (real_b) *result = compare_with_double(a, cp_real_value(b));
    else {
        struct integer_view view_a, view_b;
        *result = sign_of(mpz_cmp(integer_view_of(a, &view_a), integer_view_of(b, &view_b)));
    }
    return NUMBER_ORDERED;
}

int number_compare(cp_context *cp, cp_value a, cp_value b, int *result) {
    (void)cp;
    return compare(a, b, result);
}

bool number_equal(cp_value a, cp_value b) {
    int order;
    return compare(a, b, &order) == NUMBER_ORDERED && order == 0;
}

/* Equal numbers hash alike whatever their class: whole ones within 62 bits by their integer, all others by their
   nearest double (a big Integer equals a Real only when it is one exactly). */
uint32_t number_hash(const cp_context *cp, cp_value v) {
    uint64_t bits;
    if (cp_is_fixnum(v)) bits = (uint64_t)cp_fixnum_value(v);
    else {
        double d = cp_to_double(v);
        if (d >= -TWO_62 && d < TWO_62 && d == trunc(d)) bits = (uint64_t)(int64_t)d;
        else memcpy(&bits, &d, 8);
    }
    bits ^= bits >> 32;
    bits *= cp->hash_seed[1]; /* odd and secret: multiply-shift hashing */
    return (uint32_t)(bits >> 32);
}
