/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ffi_register.c: the list of the classes of this room. */
#include "modules/ffi/ffi_register.h"

#include "modules/ffi/c_call.h"
#include "modules/ffi/c_library.h"
#include "modules/ffi/ffi_state.h"

void ffi_register(cp_context *cp) {
    /* The classes are kept, because a script may have a class Pointer of its own. */
    struct ffi_state *state = cp_alloc(sizeof *state);
    *cp_module_state(cp, "ffi") = state;
    cp_define_class(cp, &library_class);
    state->function = cp_define_class(cp, &c_function_class);
    state->pointer = cp_define_class(cp, &pointer_class);
    state->structure = cp_define_class(cp, &struct_class);
    state->callback = cp_define_class(cp, &callback_class);
}
