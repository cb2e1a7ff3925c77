/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runtime.h: the beginning and the end of a running interpreter. */
#ifndef RUN_RUNTIME_H
#define RUN_RUNTIME_H

#include "interp/run/thread.h"

/* Ctrl-C becomes an Error in the foreground thread; a second one before that was noticed ends the process. */
void runtime_catch_interrupts(cp_context *cp);
/* Calls what %atEnd was given with the Error that ends the program, or (); the status that they make of `status`. To be
   called in the main Carapace Thread. */
int runtime_end_functions(cp_context *cp, cp_value error, int status);
/* Does what cp_at_end was given, writes out standard output, and gives the status the process ends with. */
int runtime_finish(cp_context *cp, int status);

#endif
