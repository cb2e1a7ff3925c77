/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ffi_register.h: the room of the class Library, which calls C libraries through libffi. */
#ifndef FFI_FFI_REGISTER_H
#define FFI_FFI_REGISTER_H

#include "interp/carapace.h"

/* Defines the classes of this room. Cheap: it only hands the constant tables over. */
void ffi_register(cp_context *cp);

#endif
