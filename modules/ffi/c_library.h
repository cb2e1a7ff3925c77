/* SPDX-License-Identifier: GPL-3.0-or-later */
/* c_library.h: the class Library: a shared library, and what was declared of it. */
#ifndef FFI_C_LIBRARY_H
#define FFI_C_LIBRARY_H

#include "modules/ffi/callback.h"

extern const cp_class_def library_class;

/* Whether functions of it may be called; CP_NIL, no Library at all, counts as open. */
bool c_library_is_open(cp_value library);
/* Takes a Callback that is being closed off the list of its Library. */
void c_library_lose(struct callback *callback);

#endif
