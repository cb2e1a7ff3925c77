/* SPDX-License-Identifier: GPL-3.0-or-later */
/* c_call.h: the class CFunction: a C function that can be called. */
#ifndef FFI_C_CALL_H
#define FFI_C_CALL_H

#include "modules/ffi/c_value.h"

struct c_function {
    cp_object header;
    const struct c_type *type; /* C_FUNCTION */
    const char *name;          /* "" for one that came as a pointer */
    void *address;             /* NULL when its constructor did not finish */
    ffi_cif *cif;              /* without variable arguments; made at the first call */
    cp_value library;          /* CP_NIL for one that came as a pointer */
    struct ffi_state *state;
};
static inline struct c_function *c_function_of(cp_value v) { return (struct c_function *)v; }

extern const cp_class_def c_function_class;

cp_value c_function_new(cp_context *cp, const struct c_type *type, const char *name, void *address, cp_value library);
bool c_is_function(cp_context *cp, cp_value v);

/* Calls it: arguments are converted, arrays and Buffers copied back, an Error of a Callback is thrown on. With worker,
   on another OS thread while other Carapace threads run. CP_THROWN with 1.8, 1.11, 19.x or a Callback's Error. */
cp_value c_call(cp_context *cp, struct c_function *function, const cp_value *arguments, int count, bool worker);

#endif
