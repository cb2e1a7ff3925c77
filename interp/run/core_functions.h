/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core_functions.h: the tables of core_functions.c and inspect_functions.c, and what help needs of the latter. */
#ifndef RUN_CORE_FUNCTIONS_H
#define RUN_CORE_FUNCTIONS_H

#include "interp/data/class.h"

/* The function apply, which the virtual machine knows when it meets it. */
cp_value native_apply(cp_context *cp, cp_value self, const cp_value *arguments, int count);

extern const cp_function_def core_functions[], inspect_functions[];

/* What stands behind a name in function position. */
struct callable {
    const char *kind;          /* "function", "macro", "specialForm"; NULL: nothing, or an object that is called */
    struct function *function; /* NULL for a special form */
    cp_value doc;              /* String or () */
};
struct callable inspect_callable(cp_context *cp, cp_symbol *name);
/* Whether the name is that of a function, macro or special form that scripts may use. */
bool inspect_is_callable(const cp_symbol *name);
/* The doc of a native function, the docstring of a scripted one: a String or (). */
cp_value function_doc(cp_context *cp, const struct function *function);

#endif
