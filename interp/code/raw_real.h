/* SPDX-License-Identifier: GPL-3.0-or-later */
/* raw_real.h: raw doubles in registers, as the generator and the virtual machine agree on them: see generate_real.c. */
#ifndef CODE_RAW_REAL_H
#define CODE_RAW_REAL_H

#include "interp/carapace.h"

/* () in a register of raw doubles: a signalling NaN, which is no operation's result. */
#define REAL_NIL ((cp_value)0x7ff4000000000001)

/* A register seen as a raw double. */
typedef double raw_register __attribute__((may_alias));

static inline double raw_double(cp_value bits) {
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}
static inline cp_value raw_bits(double d) {
    cp_value bits;
    memcpy(&bits, &d, sizeof d);
    return bits;
}

/* The value of a register of raw doubles. */
static inline cp_value raw_pack(cp_value bits) {
    return CP_LIKELY(bits != REAL_NIL) ? cp_real(raw_double(bits)) : CP_NIL;
}
/* The raw double of a number or (). One that happens to look like REAL_NIL becomes a quiet NaN. */
static inline cp_value raw_unpack(cp_value v) {
    if (v == CP_NIL) return REAL_NIL;
    cp_value bits = raw_bits(cp_is_immediate_real(v) ? cp_real_value(v) : cp_to_double(v));
    return CP_LIKELY(bits != REAL_NIL) ? bits : bits | (cp_value)1 << 51;
}

#endif
