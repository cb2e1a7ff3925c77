/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reference.h: what a Reference is made of.
 */
#ifndef DATA_REFERENCE_H
#define DATA_REFERENCE_H

#include "interp/data/context.h"

struct reference {
    cp_object header;
    cp_value contents;
};
static inline struct reference *reference_of(cp_value v) { return (struct reference *)v; }

#endif
