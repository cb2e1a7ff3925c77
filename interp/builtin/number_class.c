/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number_class.c: the classes Integer and Real, whose methods are the same but for what they say of themselves.
 */
#include "interp/builtin/tables.h"
#include "interp/data/number.h"

#include "interp/builtin/format.h"

#include <math.h>

/* ---- methods ---- */

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return number_to_string(cp, self);
}

static cp_value m_format(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return format_text(cp, cp_string_text(arguments[0]), cp_string_size(arguments[0]), &self, 1);
}

static cp_value m_integer(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_is_integer(self) ? self : number_truncate(cp, cp_real_value(self));
}

static cp_value m_real(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_is_real(self) ? self : cp_real(cp_to_double(self));
}

static cp_value m_copy(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return self;
}

static cp_value m_hash(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum(number_hash(cp, self));
}

static cp_value m_add(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return number_add(cp, self, arguments[0]);
}

static cp_value m_subtract(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return number_subtract(cp, self, arguments[0]);
}

static cp_value m_multiply(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return number_multiply(cp, self, arguments[0]);
}

static cp_value m_divide(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return number_divide(cp, self, arguments[0]);
}

static cp_value m_modulo(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return number_modulo(cp, self, arguments[0]);
}

static cp_value truth(cp_context *cp, bool holds) { return holds ? cp->known.sym_true : CP_NIL; }

static cp_value m_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, number_equal(self, arguments[0]));
}

static cp_value m_unequal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, !number_equal(self, arguments[0]));
}

/* Whether self stands to the argument as -1, 0 or 1, one of the two given; nothing holds of a NaN. */
static cp_value ordered(cp_context *cp, cp_value self, cp_value other, int one, int another) {
    int order;
    return truth(cp, number_compare(cp, self, other, &order) == NUMBER_ORDERED && (order == one || order == another));
}

static cp_value m_less(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return ordered(cp, self, arguments[0], -1, -1);
}

static cp_value m_less_or_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return ordered(cp, self, arguments[0], -1, 0);
}

static cp_value m_greater(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return ordered(cp, self, arguments[0], 1, 1);
}

static cp_value m_greater_or_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return ordered(cp, self, arguments[0], 1, 0);
}

/* ---- tables ---- */

#define NUMBER "Integer|Real"
#define COMMON_METHODS                                                                                                 \
    {"copy", NUMBER, "()", m_copy, "The number itself: numbers never change."},                                        \
        {"hash", "Integer", "()", m_hash,                                                                              \
         "A number below 2^32 that is the same for equal numbers in this run of the program."},                        \
        {"+", NUMBER, "((other " NUMBER "))", m_add, "The sum; a Real when one of the two is."},                       \
        {"-", NUMBER, "((other " NUMBER "))", m_subtract, "The difference; a Real when one of the two is."},           \
        {"*", NUMBER, "((other " NUMBER "))", m_multiply, "The product; a Real when one of the two is."},              \
        {"/", NUMBER, "((other " NUMBER "))", m_divide,                                                                \
         "The quotient; of two Integers truncated toward zero, and error 1.9 by 0."},                                  \
        {"%", NUMBER, "((other " NUMBER "))", m_modulo,                                                                \
         "The remainder of the division, with the sign of the dividend; of two Integers error 1.9 by 0."},             \
        {"==", "Symbol", "(other)", m_equal, "Whether other is the same number, be it Integer or Real."},              \
        {"!=", "Symbol", "(other)", m_unequal, "Whether other is anything but the same number."},                      \
        {"<", "Symbol", "((other " NUMBER "))", m_less, "Whether this is less; compares exactly."},                    \
        {"<=", "Symbol", "((other " NUMBER "))", m_less_or_equal, "Whether this is less or equal."},                   \
        {">", "Symbol", "((other " NUMBER "))", m_greater, "Whether this is greater."},                                \
        {">=", "Symbol", "((other " NUMBER "))", m_greater_or_equal, "Whether this is greater or equal."}, {           \
        0                                                                                                              \
    }

static const cp_method_def integer_methods[] = {
    {"string", "String", "()", m_string, "The Integer in decimal."},
    {"format", "String", "((spec String))", m_format,
     "The Integer by a printf spec with one conversion: %d %i %u %x %X %o for any size (a negative one with a minus "
     "sign "
     "in every base), %e %f %g %a as a Real, %s as text. Width and precision up to 4096. Error 1.8 for any other "
     "spec."},
    {"integer", "Integer", "()", m_integer, "The Integer itself."},
    {"real", "Real", "()", m_real, "The nearest Real; infinite beyond about 1.8e308."},
    COMMON_METHODS};

static const cp_method_def real_methods[] = {
    {"string", "String", "()", m_string,
     "The shortest decimal text that reads back as this Real, always with a point or an exponent; inf, -inf or nan."},
    {"format", "String", "((spec String))", m_format,
     "The Real by a printf spec with one conversion: %e %E %f %F %g %G %a %A, %s as text. Width and precision up to "
     "4096. "
     "Error 1.8 for any other spec, 1.11 for a conversion of Integers."},
    {"integer", "Integer", "()", m_integer,
     "The Integer without the fraction, truncated toward zero. Error 1.8 when infinite or not a number."},
    {"real", "Real", "()", m_real, "The Real itself."},
    COMMON_METHODS};

const cp_class_def integer_class = {
    .name = "Integer",
    .doc = "A whole number of any size, up to 67,108,864 bits. Written 42, -1, 0xFF, 0b101.",
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .methods = integer_methods,
};

const cp_class_def real_class = {
    .name = "Real",
    .doc = "A number with a fraction, of double precision (IEEE 754 binary64). Written 33.0, -0.5, 1e-3.",
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .methods = real_methods,
};
