/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runtime.h: the beginning and the end of a running interpreter. */
#ifndef RUN_RUNTIME_H
#define RUN_RUNTIME_H

#include "interp/run/thread.h"

/* Ctrl-C becomes an Error in the foreground thread; a second one before that was noticed ends the process. */
void runtime_catch_interrupts(cp_context *cp);
/* Does what cp_at_end was given, writes out standard output, and gives the status the process ends with. */
int runtime_finish(cp_context *cp, int status);

#endif
