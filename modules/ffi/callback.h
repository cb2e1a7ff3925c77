/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * callback.h: the class Callback: a Carapace Function that C can call.
 *
 * What C calls is a closure of libffi in memory that the collector does not know; it finds the Callback by its pin. So
 * a Callback lives until it is closed, whoever still refers to it or does not.
 */
#ifndef FFI_CALLBACK_H
#define FFI_CALLBACK_H

#include "modules/ffi/c_value.h"

struct closure;

struct callback {
    cp_object header;
    cp_value function;
    const struct c_type *type; /* C_FUNCTION */
    struct closure *closure;   /* NULL = closed */
    cp_value library;          /* whose closing closes it; CP_NIL for one that lives for a call */
    struct callback *next, *previous;
};
static inline struct callback *callback_of(cp_value v) { return (struct callback *)v; }

extern const cp_class_def callback_class;

bool callback_is(cp_context *cp, cp_value v);
/* A new one; NULL with 19.12 or 1.5 thrown. It must be closed. */
struct callback *callback_new(cp_context *cp, const struct c_type *type, cp_value function);
/* C may not call it any more; while it runs, its closure is freed at its end. Harmless when it is closed. */
void callback_close(cp_context *cp, struct callback *callback);
/* What C calls; NULL with 19.5 thrown when it is closed. */
void *callback_address(cp_context *cp, cp_value v);

#endif
