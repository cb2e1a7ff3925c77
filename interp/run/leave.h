/* SPDX-License-Identifier: GPL-3.0-or-later */
/* leave.h: the function `exit`: an orderly end of the program from anywhere in it. */
#ifndef RUN_LEAVE_H
#define RUN_LEAVE_H

#include "interp/data/context.h"

/* Whether the Error is that of `exit`, which no catch takes; *status (may be NULL) is the process's. */
bool leave_is_meant(cp_context *cp, cp_value error, int *status);
/* Throws it (again): in the thread that called `exit`, and in the main thread, which `exit` in another one stops. */
cp_value leave_throw(cp_context *cp);
/* Whether `exit` was called. */
bool leave_begun(cp_context *cp);

/* exit; ends with a NULL name. */
extern const cp_function_def leave_functions[];

#endif
