/* SPDX-License-Identifier: GPL-3.0-or-later */
/* in_runtime: a C test whose functions run as a script would, in the main Carapace Thread of a whole interpreter: with
 * fibers, the event loop, and files to load. */
#ifndef CARAPACE_IN_RUNTIME_H
#define CARAPACE_IN_RUNTIME_H

#include "interp/base/memory.h"
#include "interp/builtin/builtin.h"
#include "interp/lang/compile.h"
#include "interp/run/load.h"
#include "interp/run/runtime.h"

/* Calls `all` there and gives what it gives, which is main's status; with_modules has the native classes defined
 * before. */
static inline int run_in_runtime(int (*all)(cp_context *context, void *unused), bool with_modules) {
    mem_init();
    cp_context *context = builtin_context();
    language_init(context);
    runtime_init(context);
    load_init(context, "/proc/self/exe");
    for (size_t i = 0; with_modules && carapace_modules[i]; i++) carapace_modules[i](context);
    return runtime_finish(context, runtime_run_main(context, all, NULL));
}

#endif
