/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ffi_state.h: what this room keeps per context: its classes, and who is within a C function now. */
#ifndef FFI_FFI_STATE_H
#define FFI_FFI_STATE_H

#include <stdatomic.h>

#include "interp/carapace.h"

struct c_function;

/* A call that is under way; lies on the caller's C stack. */
struct c_frame {
    struct c_frame *next, *previous;
    cp_value thread; /* whose call it is */
    const struct c_function *function;
    bool in_c;      /* false while a Callback of it runs a script */
    cp_value error; /* what a Callback threw: thrown on when the C function has returned */
};

struct ffi_state {
    cp_class *pointer, *structure, *function, *callback;
    struct c_frame *frames; /* of all threads, the newest first */
    int last_errno;
    bool ended;          /* the program ends: no script runs any more */
    atomic_int refused;  /* a Callback was called where no script can run: set from any OS thread or signal handler */
    uint32_t callbacks;  /* that exist */
    bool end_is_noticed; /* cp_at_end has been asked to tell */
};

static inline struct ffi_state *ffi_state(cp_context *cp) { return *cp_module_state(cp, "ffi"); }

#endif
