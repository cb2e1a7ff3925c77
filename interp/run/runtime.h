/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runtime.h: the beginning and the end of a running interpreter. */
#ifndef RUN_RUNTIME_H
#define RUN_RUNTIME_H

#include "interp/run/thread.h"

/* Ctrl-C becomes an Error in the foreground thread; a second one before that was noticed ends the process. */
void runtime_catch_interrupts(cp_context *cp);
/* Something to be done when the program ends, such as writing out buffers; gives 0 or an errno. */
void runtime_at_end(cp_context *cp, int (*function)(cp_context *cp));
/* Does what runtime_at_end was given, writes out standard output, and gives the status the process ends with. */
int runtime_finish(cp_context *cp, int status);

#endif
