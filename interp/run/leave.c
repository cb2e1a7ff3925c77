/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * leave.c: `exit` is an Error on its way to the top that no `catch` takes. So `finally` and `with` do their part, and
 * what was written reaches its file; in a thread other than the main one it also stops that one.
 */
#include "interp/run/leave.h"

#include "interp/run/thread.h"

bool leave_begun(cp_context *cp) { return cp->runtime->leaving != CP_NIL; }

bool leave_is_meant(cp_context *cp, cp_value error, int *status) {
    if (error == CP_NIL || error != cp->runtime->leaving) return false;
    if (status) *status = cp->runtime->exit_status;
    return true;
}

cp_value leave_throw(cp_context *cp) { return cp_throw_value(cp, cp->runtime->leaving); }

static cp_value leave(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct runtime *runtime = cp->runtime;
    if (!cp_is_fixnum(arguments[0]) || cp_fixnum_value(arguments[0]) < 0 || cp_fixnum_value(arguments[0]) > 255)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "exit: a status is 0 to 255, not %s",
                        cp_text_z(cp, cp_to_source(cp, arguments[0])));
    if (leave_begun(cp)) return leave_throw(cp); /* from a `finally` on the way out: the first one counts */
    runtime->exit_status = (int)cp_fixnum_value(arguments[0]);
    runtime->leaving = cp_error_new(cp, CP_ERROR_CARAPACE, CP_RUNTIME, cp_string_z(cp, "the program ends"));
    if (cp->current != runtime->foreground) thread_cancel(cp, runtime->foreground);
    return leave_throw(cp);
}

const cp_function_def leave_functions[] = {
    {"exit", "NIL", "((status Integer 0))", leave,
     "Ends the program with that status, 0 to 255; 0 is success. `finally` and `with` on the way out do their part, no "
     "`catch` takes it, what was written reaches its file; other Threads end where they are. Errors: 1.8."},
    {0},
};
