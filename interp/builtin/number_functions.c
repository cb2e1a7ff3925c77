/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number_functions.c: the functions on numbers that a script calls by name: bit operations, rounding, roots and
 * logarithms, random numbers.
 */
#include "interp/builtin/tables.h"
#include "interp/data/number.h"

#include <errno.h>
#include <math.h>
#include <sys/random.h>
#include <time.h>

/* ---- random numbers: xoshiro256** (Blackman, Vigna), seeded once per context by the system ---- */

struct number_state {
    uint64_t random[4];
};

static struct number_state *seeded_state(void) {
    struct number_state *state = cp_alloc_atomic(sizeof *state);
    if (getrandom(state->random, sizeof state->random, 0) != sizeof state->random) {
        struct timespec now; /* no system randomness: these numbers promise no secrecy, so the clock will do */
        clock_gettime(CLOCK_REALTIME, &now);
        for (int i = 0; i < 4; i++)
            state->random[i] =
                ((uint64_t)now.tv_nsec + 1) * 0x9e3779b97f4a7c15u + (uint64_t)now.tv_sec * (uint64_t)(i + 1);
    }
    state->random[0] |= 1; /* the all-zero state would stay zero */
    return state;
}

static uint64_t random_bits(cp_context *cp) {
    if (!cp->numbers) cp->numbers = seeded_state();
    uint64_t *s = cp->numbers->random;
    uint64_t result = cp_rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = cp_rotate_left(s[3], 45);
    return result;
}

/* Draws numbers of as many bits as the limit has until one lies below it: fewer than two draws on average, no bias. */
static cp_value random_below(cp_context *cp, cp_value limit) {
    if (cp_is_fixnum(limit)) {
        uint64_t most = (uint64_t)cp_fixnum_value(limit) - 1, n;
        if (most == 0) return cp_fixnum(0);
        uint64_t mask = ~(uint64_t)0 >> __builtin_clzll(most);
        do n = random_bits(cp) & mask;
        while (n > most);
        return cp_fixnum((int64_t)n);
    }
    struct integer_view view;
    mpz_srcptr most = integer_view_of(limit, &view);
    size_t bits = mpz_sizeinbase(most, 2), limbs = (bits + 63) / 64;
    if (!integer_room(cp, bits)) return CP_THROWN;
    mpz_t value;
    mpz_init(value);
    do {
        mp_limb_t *limb = mpz_limbs_write(value, (mp_size_t)limbs);
        for (size_t i = 0; i < limbs; i++) limb[i] = random_bits(cp);
        limb[limbs - 1] >>= limbs * 64 - bits;
        mpz_limbs_finish(value, (mp_size_t)limbs);
    } while (mpz_cmp(value, most) >= 0);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

static cp_value f_random(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (arguments[0] == CP_NIL) return cp_real((double)(random_bits(cp) >> 11) * 0x1p-53);
    int order;
    number_compare(cp, arguments[0], cp_fixnum(0), &order);
    if (order <= 0) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "random: the limit must be 1 or more");
    return random_below(cp, arguments[0]);
}

/* ---- bits ---- */

static cp_value bit_pair(cp_context *cp, char operation, cp_value a, cp_value b) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) {
        int64_t x = cp_fixnum_value(a), y = cp_fixnum_value(b);
        return cp_fixnum(operation == '&' ? x & y : operation == '|' ? x | y : x ^ y);
    }
    struct integer_view view_a, view_b;
    mpz_srcptr x = integer_view_of(a, &view_a), y = integer_view_of(b, &view_b);
    size_t bits_x = mpz_sizeinbase(x, 2), bits_y = mpz_sizeinbase(y, 2);
    if (!integer_room(cp, bits_x > bits_y ? bits_x : bits_y)) return CP_THROWN;
    mpz_t value;
    mpz_init(value);
    if (operation == '&') mpz_and(value, x, y);
    else if (operation == '|') mpz_ior(value, x, y);
    else mpz_xor(value, x, y);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

static cp_value bit_all(cp_context *cp, const char *what, char operation, const cp_value *arguments, int count) {
    cp_value result = arguments[0];
    for (int i = 1; i < count && result != CP_THROWN; i++) {
        if (!cp_is_integer(arguments[i])) return cp_throw_type(cp, what, "Integer", arguments[i]);
        result = bit_pair(cp, operation, result, arguments[i]);
    }
    return result;
}

static cp_value f_bit_and(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return bit_all(cp, "an operand of bitAnd", '&', arguments, count);
}

static cp_value f_bit_or(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return bit_all(cp, "an operand of bitOr", '|', arguments, count);
}

static cp_value f_bit_xor(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return bit_all(cp, "an operand of bitXor", '^', arguments, count);
}

static cp_value f_bit_not(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return number_subtract(cp, cp_fixnum(-1), arguments[0]);
}

static cp_value f_shift(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct integer_view view, distance_view;
    mpz_srcptr value = integer_view_of(arguments[0], &view), by = integer_view_of(arguments[1], &distance_view);
    size_t bits = mpz_sizeinbase(value, 2);
    if (mpz_sgn(value) == 0) return cp_fixnum(0);
    bool right = mpz_sgn(by)<0, far = mpz_cmpabs_ui(by, INTEGER_MOST_BITS)> 0;
    mp_bitcnt_t distance = far ? INTEGER_MOST_BITS : mpz_get_ui(by); /* of its absolute value */
    if (right && (far || distance >= bits)) return cp_fixnum(mpz_sgn(value) < 0 ? -1 : 0);
    if (!integer_room(cp, right ? bits : bits + distance)) return CP_THROWN;
    mpz_t result;
    mpz_init(result);
    if (right) mpz_fdiv_q_2exp(result, value, distance);
    else mpz_mul_2exp(result, value, distance);
    cp_value v = number_from_mpz(cp, result);
    mpz_clear(result);
    return v;
}

/* ---- order and rounding ---- */

/* The operand that is least (sign -1) or greatest (sign 1); a NaN wins, so that it is not overlooked. */
static cp_value extreme(cp_context *cp, const char *what, int sign, const cp_value *arguments, int count) {
    cp_value result = arguments[0];
    for (int i = 1; i < count; i++) {
        int order = 0;
        switch (number_compare(cp, arguments[i], result, &order)) {
        case NUMBER_NONE: return cp_throw_type(cp, what, "Integer or Real", arguments[i]);
        case NUMBER_UNORDERED: result = cp_real(NAN); break;
        default:
            if (order == sign) result = arguments[i];
        }
    }
    return result;
}

static cp_value f_min(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return extreme(cp, "an operand of min", -1, arguments, count);
}

static cp_value f_max(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return extreme(cp, "an operand of max", 1, arguments, count);
}

static cp_value f_abs(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (cp_is_real(arguments[0])) return cp_real(fabs(cp_real_value(arguments[0])));
    int order;
    number_compare(cp, arguments[0], cp_fixnum(0), &order);
    return order < 0 ? number_negate(cp, arguments[0]) : arguments[0];
}

static cp_value rounded(cp_context *cp, cp_value v, double (*function)(double)) {
    return cp_is_integer(v) ? v : number_truncate(cp, function(cp_real_value(v)));
}

static cp_value f_floor(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return rounded(cp, arguments[0], floor);
}

static cp_value f_ceiling(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return rounded(cp, arguments[0], ceil);
}

static cp_value f_round(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return rounded(cp, arguments[0], round);
}

static cp_value f_truncate(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return rounded(cp, arguments[0], trunc);
}

static cp_value f_sign(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int order = 0;
    if (number_compare(cp, arguments[0], cp_fixnum(0), &order) == NUMBER_UNORDERED)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "sign: not a number has none");
    return cp_fixnum(order);
}

static cp_value f_is_finite(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return cp_is_integer(arguments[0]) || isfinite(cp_real_value(arguments[0])) ? cp->known.sym_true : CP_NIL;
}

/* ---- whole numbers ---- */

enum pair_operation { PAIR_GCD, PAIR_LCM };

static cp_value divisor_pair(cp_context *cp, enum pair_operation operation, cp_value a, cp_value b) {
    struct integer_view view_a, view_b;
    mpz_srcptr x = integer_view_of(a, &view_a), y = integer_view_of(b, &view_b);
    if (operation == PAIR_LCM && !integer_room(cp, mpz_sizeinbase(x, 2) + mpz_sizeinbase(y, 2))) return CP_THROWN;
    mpz_t value;
    mpz_init(value);
    if (operation == PAIR_GCD) mpz_gcd(value, x, y);
    else mpz_lcm(value, x, y);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

static cp_value divisor_all(cp_context *cp, const char *what, enum pair_operation operation, const cp_value *arguments,
                            int count) {
    cp_value result = divisor_pair(cp, operation, arguments[0], arguments[0]); /* without its sign */
    for (int i = 1; i < count && result != CP_THROWN; i++) {
        if (!cp_is_integer(arguments[i])) return cp_throw_type(cp, what, "Integer", arguments[i]);
        result = divisor_pair(cp, operation, result, arguments[i]);
    }
    return result;
}

static cp_value f_gcd(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return divisor_all(cp, "an operand of gcd", PAIR_GCD, arguments, count);
}

static cp_value f_lcm(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return divisor_all(cp, "an operand of lcm", PAIR_LCM, arguments, count);
}

static cp_value f_integer_sqrt(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct integer_view view;
    mpz_srcptr x = integer_view_of(arguments[0], &view);
    if (mpz_sgn(x) < 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "integerSqrt: the number must be 0 or more");
    mpz_t value;
    mpz_init(value);
    mpz_sqrt(value, x);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

/* The exponent's size bounds the time: one squaring for each of its bits. */
static cp_value f_power_modulo(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    enum { MOST_BITS = 1 << 16 };
    (void)self, (void)count;
    struct integer_view base_view, exponent_view, modulus_view;
    mpz_srcptr base = integer_view_of(arguments[0], &base_view),
               exponent = integer_view_of(arguments[1], &exponent_view);
    mpz_srcptr modulus = integer_view_of(arguments[2], &modulus_view);
    if (mpz_sgn(exponent) < 0 || mpz_sgn(modulus) <= 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "powerModulo: the exponent must be 0 or more and the modulus 1 or more");
    if (mpz_sizeinbase(exponent, 2) > MOST_BITS || mpz_sizeinbase(modulus, 2) > MOST_BITS)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "powerModulo: exponent and modulus may have %d bits at most",
                        MOST_BITS);
    mpz_t value;
    mpz_init(value);
    mpz_powm(value, base, exponent, modulus);
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

/* ---- powers, logarithms, angles ---- */

/* |v| = m * 2^exponent, so that Integers beyond the range of Reals have roots and logarithms too. */
static double split(cp_value v, long *exponent) {
    *exponent = 0;
    if (!cp_is_big_integer(v)) return cp_to_double(v);
    struct integer_view view;
    return mpz_get_d_2exp(exponent, integer_view_of(v, &view));
}

static cp_value f_sqrt(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    double d = cp_to_double(arguments[0]);
    if (isfinite(d) || cp_is_real(arguments[0])) return cp_real(sqrt(d));
    long exponent;
    double m = split(arguments[0], &exponent);
    if (exponent & 1) {
        m *= 2;
        exponent--;
    }
    return cp_real(ldexp(sqrt(m), exponent / 2 > 2000 ? 2000 : (int)(exponent / 2)));
}

static double logarithm(cp_value v) {
    double d = cp_to_double(v);
    if (isfinite(d) || cp_is_real(v)) return log(d);
    long exponent;
    double m = split(v, &exponent);
    return log(m) + (double)exponent * M_LN2;
}

static cp_value f_log(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    if (arguments[1] == CP_NIL) return cp_real(logarithm(arguments[0]));
    double d = cp_to_double(arguments[0]), base = cp_to_double(arguments[1]);
    if (isfinite(d) && base == 10) return cp_real(log10(d)); /* exact where the quotient is not: (log 1000 10) */
    if (isfinite(d) && base == 2) return cp_real(log2(d));
    return cp_real(logarithm(arguments[0]) / logarithm(arguments[1]));
}

static cp_value integer_power(cp_context *cp, cp_value base, cp_value exponent) {
    struct integer_view base_view, exponent_view;
    mpz_srcptr x = integer_view_of(base, &base_view), n = integer_view_of(exponent, &exponent_view);
    if (mpz_sgn(n) == 0) return cp_fixnum(1);
    if (mpz_cmpabs_ui(x, 1) <= 0) return mpz_sgn(x) >= 0 || mpz_odd_p(n) ? base : cp_fixnum(1);
    size_t bits = mpz_sizeinbase(x, 2);
    if (mpz_cmp_ui(n, INTEGER_MOST_BITS) > 0 || (bits - 1) * mpz_get_ui(n) > INTEGER_MOST_BITS)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "pow: the result is too large: the most is %zu bits",
                        INTEGER_MOST_BITS);
    if (!integer_room(cp, (bits - 1) * mpz_get_ui(n))) return CP_THROWN;
    mpz_t value;
    mpz_init(value);
    mpz_pow_ui(value, x, mpz_get_ui(n));
    cp_value result = number_from_mpz(cp, value);
    mpz_clear(value);
    return result;
}

static cp_value f_pow(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int order = 0;
    if (cp_is_integer(arguments[0]) && cp_is_integer(arguments[1])) {
        number_compare(cp, arguments[1], cp_fixnum(0), &order);
        if (order >= 0) return integer_power(cp, arguments[0], arguments[1]);
    }
    return cp_real(pow(cp_to_double(arguments[0]), cp_to_double(arguments[1])));
}

static cp_value f_exp(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    return cp_real(exp(cp_to_double(arguments[0])));
}

static cp_value f_sin(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    return cp_real(sin(cp_to_double(arguments[0])));
}

static cp_value f_cos(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    return cp_real(cos(cp_to_double(arguments[0])));
}

static cp_value f_tan(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    return cp_real(tan(cp_to_double(arguments[0])));
}

static cp_value f_asin(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    return cp_real(asin(cp_to_double(arguments[0])));
}

static cp_value f_acos(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    return cp_real(acos(cp_to_double(arguments[0])));
}

static cp_value f_atan(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    double y = cp_to_double(arguments[0]);
    return cp_real(arguments[1] == CP_NIL ? atan(y) : atan2(y, cp_to_double(arguments[1])));
}

/* ---- table ---- */

const cp_function_def number_functions[] = {
    {"bitAnd", "Integer", "((a Integer) ...)", f_bit_and,
     "The bits that all Integers have in common. Negative ones count as two's complement of any length."},
    {"bitOr", "Integer", "((a Integer) ...)", f_bit_or, "The bits that at least one of the Integers has."},
    {"bitXor", "Integer", "((a Integer) ...)", f_bit_xor, "The bits that an odd number of the Integers have."},
    {"bitNot", "Integer", "((a Integer))", f_bit_not, "Every bit inverted, which is -1 - a."},
    {"shift", "Integer", "((a Integer) (count Integer))", f_shift,
     "a with its bits moved to the left by count, or to the right when count is negative; the sign stays, so that to "
     "the "
     "right is division by a power of 2, rounded down. Error 1.5 when the result would have more than 67,108,864 "
     "bits."},
    {"min", "Integer|Real", "((a Integer|Real) ...)", f_min,
     "The least of the numbers; not a number if one of them is."},
    {"max", "Integer|Real", "((a Integer|Real) ...)", f_max,
     "The greatest of the numbers; not a number if one of them is."},
    {"abs", "Integer|Real", "((x Integer|Real))", f_abs, "The number without its sign."},
    {"floor", "Integer", "((x Integer|Real))", f_floor,
     "The greatest Integer that is not above x. Error 1.8 when x is infinite or not a number."},
    {"ceiling", "Integer", "((x Integer|Real))", f_ceiling,
     "The least Integer that is not below x. Error 1.8 when x is infinite or not a number."},
    {"round", "Integer", "((x Integer|Real))", f_round,
     "The nearest Integer; halves go away from zero. Error 1.8 when x is infinite or not a number."},
    {"truncate", "Integer", "((x Integer|Real))", f_truncate,
     "x without its fraction. Error 1.8 when x is infinite or not a number."},
    {"sign", "Integer", "((x Integer|Real))", f_sign,
     "-1, 0 or 1 as x is below, equal to or above 0. Error 1.8 for not a number."},
    {"isFinite", "Symbol", "((x Integer|Real))", f_is_finite, "() when x is infinite or not a number, else true."},
    {"gcd", "Integer", "((a Integer) ...)", f_gcd, "The greatest common divisor of the Integers; 0 when all are 0."},
    {"lcm", "Integer", "((a Integer) ...)", f_lcm,
     "The least common multiple of the Integers; 0 when one of them is. Error 1.5 when it would have more than "
     "67,108,864 bits."},
    {"integerSqrt", "Integer", "((n Integer))", f_integer_sqrt,
     "The greatest Integer whose square is not above n, exactly. Error 1.8 when n is negative."},
    {"powerModulo", "Integer", "((base Integer) (exponent Integer) (modulus Integer))", f_power_modulo,
     "base to the power of exponent, modulo modulus, without computing the power; from 0 up to modulus - 1. Error 1.8 "
     "for a "
     "negative exponent or a modulus below 1, 1.5 when one of the two has more than 65,536 bits."},
    {"sqrt", "Real", "((x Integer|Real))", f_sqrt, "The square root; not a number when x is negative."},
    {"pow", "Integer|Real", "((x Integer|Real) (y Integer|Real))", f_pow,
     "x to the power of y. Exact when both are Integers and y is not negative, otherwise a Real. Error 1.5 when the "
     "exact "
     "result would have more than 67,108,864 bits."},
    {"exp", "Real", "((x Integer|Real))", f_exp, "e to the power of x."},
    {"log", "Real", "((x Integer|Real) (base Integer|Real ()))", f_log,
     "The natural logarithm, or that to the base. -inf for 0, not a number when x is negative."},
    {"sin", "Real", "((x Integer|Real))", f_sin, "The sine of an angle in radians."},
    {"cos", "Real", "((x Integer|Real))", f_cos, "The cosine of an angle in radians."},
    {"tan", "Real", "((x Integer|Real))", f_tan, "The tangent of an angle in radians."},
    {"asin", "Real", "((x Integer|Real))", f_asin,
     "The angle in radians whose sine is x; not a number when x lies outside -1 to 1."},
    {"acos", "Real", "((x Integer|Real))", f_acos,
     "The angle in radians whose cosine is x; not a number when x lies outside -1 to 1."},
    {"atan", "Real", "((y Integer|Real) (x Integer|Real ()))", f_atan,
     "The angle in radians whose tangent is y; with x the angle of the point (x, y), from -pi to pi."},
    {"random", "Integer|Real", "((limit Integer ()))", f_random,
     "A random Integer from 0 up to limit - 1; without a limit a Real from 0 up to but without 1. Not for secrets. "
     "Error "
     "1.8 when the limit is below 1."},
    {0}};
