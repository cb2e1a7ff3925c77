/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * number.h: arithmetic, comparison, reading and writing of Integers of any size and Reals.
 *
 * An Integer that fits 63 bits is always a fixnum: every function here keeps to that, so two Integers of different
 * representation are never equal. Operands may be any value; what is no number is error 1.11.
 */
#ifndef DATA_NUMBER_H
#define DATA_NUMBER_H

#include "interp/data/context.h"

#include <gmp.h>

/*
 * An Integer beyond 63 bits. The limbs are pointer-free collected memory and are never changed: GMP only reads them.
 * GMP itself works in malloc'd memory: it links its temporaries through their own first words, which a collector that
 * does not scan them would tear apart.
 */
struct big_integer {
    cp_object header;
    mpz_t value;
};

/* The most bits an Integer may have (8 MB); beyond it is error 1.5. */
#define INTEGER_MOST_BITS ((size_t)1 << 26)

/* Any Integer as GMP sees it: for a fixnum the limb lies in the view. Read only, valid while the view and v are. */
struct integer_view {
    mp_limb_t limb;
    mpz_t value;
};
mpz_srcptr integer_view_of(cp_value v, struct integer_view *view);

/* The Integer of GMP's value, which is copied. CP_THROWN (1.5) when it has too many bits. */
cp_value number_from_mpz(cp_context *cp, mpz_srcptr value);

/* True when an Integer of that many bits may be made; else false with error 1.5 thrown. To be asked before GMP is. */
bool integer_room(cp_context *cp, size_t bits);

/* a op b. Integers stay Integers of any size: `/` truncates toward zero, `%` has the sign of a; by zero is error 1.9. A
   Real among them makes it IEEE arithmetic (`%` is fmod). Operands that are no numbers: 1.11 names operator and class.
 */
cp_value number_add(cp_context *cp, cp_value a, cp_value b);
cp_value number_subtract(cp_context *cp, cp_value a, cp_value b);
cp_value number_multiply(cp_context *cp, cp_value a, cp_value b);
cp_value number_divide(cp_context *cp, cp_value a, cp_value b);
cp_value number_modulo(cp_context *cp, cp_value a, cp_value b);
/* -a; keeps the sign of a Real zero right. */
cp_value number_negate(cp_context *cp, cp_value a);

/* Compares exactly, Integers of any size with Reals too: *result becomes -1, 0 or 1. Nothing is thrown. */
enum number_order { NUMBER_ORDERED = 1, NUMBER_UNORDERED = 0 /* a NaN */, NUMBER_NONE = -1 /* not two numbers */ };
int number_compare(cp_context *cp, cp_value a, cp_value b, int *result);
/* The same number; false with a NaN and for what is no number. Equal numbers have equal hashes. */
bool number_equal(cp_value a, cp_value b);
uint32_t number_hash(const cp_context *cp, cp_value v);

/* The Integer of a Real without its fraction (truncated toward zero); infinite and NaN are error 1.8. */
cp_value number_truncate(cp_context *cp, double d);

/* The Integer or Real that the whole text spells (language.md 2: 42 -1 0xFF 0b101 33.0 1e-3), or CP_UNSET.
   CP_THROWN (1.5) when it is an Integer of too many bits. */
cp_value number_parse(cp_context *cp, const char *text, size_t size);

/* The Integer that the whole text spells in a base from 2 to 36, digits in either case, after a sign or none, or
   CP_UNSET. CP_THROWN as above. */
cp_value number_parse_base(cp_context *cp, const char *text, size_t size, int base);

/* The String that reads back as the number; Reals in the shortest form and always with a point or an exponent, or
   inf, -inf, nan. CP_THROWN (1.5) without the memory. */
cp_value number_to_string(cp_context *cp, cp_value v);
/* Writes the digits, two at a time, so that they end at `end`; gives where they begin: at most 20 before it. */
char *number_digits(int64_t number, char *end);
/* The same for a double, into out, with a NUL; returns the size without it. */
enum { REAL_TEXT_MOST = 32 };
size_t number_real_text(double d, char out[REAL_TEXT_MOST]);

/* The same in base 2 to 36, lower case, without prefix. CP_THROWN (1.5) without the memory. */
cp_value number_integer_string(cp_context *cp, cp_value v, int base);

#endif
