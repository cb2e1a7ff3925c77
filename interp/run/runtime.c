/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runtime.c: making a context able to run, Ctrl-C, and the orderly end. */
#include "interp/run/runtime.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "interp/base/memory.h"
#include "interp/run/core_functions.h"
#include "interp/run/leave.h"
#include "interp/run/vm.h"

/* A signal handler gets no argument, so the scheduler that it wakes must be found from a static variable: the one
   exception to "no global state" in this room. */
static scheduler *interrupted_scheduler;

static void on_interrupt(int signal_number) {
    if (scheduler_interrupted(interrupted_scheduler)) {
        signal(signal_number, SIG_DFL); /* asked twice: the program does not look around any more */
        raise(signal_number);
        return;
    }
    scheduler_interrupt(interrupted_scheduler);
}

void runtime_catch_interrupts(cp_context *cp) {
    struct sigaction action = {.sa_handler = on_interrupt};
    interrupted_scheduler = cp->scheduler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void cp_at_end(cp_context *cp, int (*function)(cp_context *cp)) {
    struct runtime *runtime = cp->runtime;
    if (runtime->end_count < sizeof runtime->ends / sizeof runtime->ends[0])
        runtime->ends[runtime->end_count++] = function;
}

int runtime_end_functions(cp_context *cp, cp_value error, int status) {
    struct runtime *runtime = cp->runtime;
    while (cp_is_cell(runtime->end_functions)) {
        cp_value function = cp_head(runtime->end_functions);
        runtime->end_functions = cp_tail(runtime->end_functions);
        cp_value value = cp_call(cp, function, &error, 1);
        if (value == CP_THROWN) {
            fprintf(stderr, "carapace: at the end: %s\n", cp_text_z(cp, cp_to_string(cp, cp_take_error(cp))));
            status = EX_SOFTWARE;
        } else if (cp_is_fixnum(value)) status = (int)(cp_fixnum_value(value) & 255);
    }
    return status;
}

int runtime_finish(cp_context *cp, int status) {
    struct runtime *runtime = cp->runtime;
    for (unsigned i = 0; i < runtime->end_count; i++) {
        int number = runtime->ends[i](cp);
        if (number && status == EX_OK) {
            fprintf(stderr, "carapace: cannot write what was left in a Stream: %s\n", strerror(number));
            status = EX_IOERR;
        }
    }
    if (fflush(stdout) != 0 && status == EX_OK) {
        perror("carapace: cannot write to standard output");
        status = EX_IOERR;
    }
    return status;
}

/* CARAPACE_MEMORY: the most memory in MB that a script may use. */
static void read_memory_limit(void) {
    const char *text = getenv("CARAPACE_MEMORY");
    if (!text || !*text) return;
    char *end;
    unsigned long megabytes = strtoul(text, &end, 10);
    if (*end == 0 && megabytes > 0 && megabytes < (1ul << 30)) mem_set_limit(megabytes << 20);
}

void runtime_init(cp_context *cp) {
    struct runtime *runtime = mem_alloc_uncollectable(sizeof *runtime);
    cp->runtime = runtime;
    cp->settle_error = unwind_settle;
    runtime->run = vm_run;
    runtime->next_thread_id = 1;
    runtime->shared = cp_table(cp);
    read_memory_limit();
    fiber_system_init();
    cp->scheduler = scheduler_create();
    if (!cp->scheduler) abort();
    cp_define_class(cp, &thread_class);
    cp_define_functions(cp, thread_functions);
    cp_define_functions(cp, signal_functions);
    cp_define_functions(cp, core_functions);
    cp_define_functions(cp, leave_functions);
    cp_define_functions(cp, inspect_functions);
}
