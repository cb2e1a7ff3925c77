/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thread.c: Carapace Threads: their stacks, their globals, starting, ending and cancelling them, and what a thread
 * looks at from time to time.
 */
#include "interp/run/thread.h"

#include <stdio.h>
#include <stdio_ext.h>

#include "interp/base/memory.h"
#include "interp/data/error.h"
#include "interp/run/vm.h"

enum {
    MAIN_VALUES = 160 << 20, /* bytes of address space: values and frames; only touched pages cost anything */
    MAIN_STACK = 64 << 20,
    THREAD_VALUES = 4 << 20,
    THREAD_STACK = 256 << 10,
    FRAME_SHARE = 4, /* a quarter of it for frames */
};

/* ---- stacks ---- */

static void *values_top(fiber *f) {
    struct thread *t = f->user;
    return t && t->frame ? (void *)(thread_top(t) + 1) : f->values;
}

static void adopt_fiber(struct thread *t, fiber *f) {
    size_t frame_bytes = f->values_size / FRAME_SHARE;
    t->fiber = f;
    t->values = f->values;
    t->value_limit = (cp_value *)((char *)f->values + (f->values_size - frame_bytes)) - 256;
    t->frames = (struct frame *)((char *)f->values + (f->values_size - frame_bytes));
    t->frame_limit = (struct frame *)((char *)f->values + f->values_size) - 2;
    t->frames[0] = (struct frame){.pc = NULL, .base = t->values + 1, .proto = NULL};
    t->frame = t->frames;
    f->user = t;
    f->values_top = values_top;
}

static struct thread *thread_new(cp_context *cp) {
    struct runtime *runtime = cp->runtime;
    struct thread *t = mem_alloc_uncollectable(sizeof *t);
    t->cp = cp;
    t->id = runtime->next_thread_id++;
    t->budget = THREAD_BUDGET;
    t->object = t->start_function = t->result = t->error = CP_NIL;
    t->next = runtime->threads;
    if (t->next) t->next->previous = t;
    runtime->threads = t;
    runtime->thread_count++;
    return t;
}

static void thread_unlink(cp_context *cp, struct thread *t) {
    struct runtime *runtime = cp->runtime;
    if (t->previous) t->previous->next = t->next;
    else runtime->threads = t->next;
    if (t->next) t->next->previous = t->previous;
    t->next = t->previous = NULL;
    runtime->thread_count--;
}

/* ---- starting and ending ---- */

static void run_thread(void *argument) {
    struct thread *t = argument;
    cp_context *cp = t->cp;
    cp->current = t;
    cp_value result = cp_call(cp, t->start_function, NULL, 0);
    if (result == CP_THROWN) {
        t->error = cp_take_error(cp);
        result = CP_NIL;
    }
    t->result = result;
    t->finished = true;
    thread_note_finished(cp, t);
    t->frame = NULL; /* nothing on its value stack counts any more */
}

static void thread_ended(task *ended, void *data) {
    struct thread *t = data;
    thread_unlink(t->cp, t);
    task_free(ended);
    t->task = NULL;
    t->fiber = NULL;
    thread_release(t);
}

static void inherit_globals(struct thread *t, const struct thread *from) {
    if (!from || from->global_count == 0) return;
    t->globals = cp_alloc(from->global_count * sizeof *t->globals);
    t->exported = cp_alloc_atomic(from->global_count * sizeof *t->exported);
    t->global_count = from->global_count;
    for (uint32_t i = 0; i < from->global_count; i++) {
        t->exported[i] = from->exported[i];
        t->globals[i] = from->exported[i] ? from->globals[i] : CP_UNSET;
    }
}

struct thread *thread_start(cp_context *cp, cp_value function, cp_value object) {
    struct thread *t = thread_new(cp);
    t->start_function = function;
    t->object = object;
    inherit_globals(t, cp->current);
    t->task = scheduler_spawn(cp->scheduler, run_thread, t, THREAD_STACK, THREAD_VALUES);
    if (!t->task) {
        thread_unlink(cp, t);
        mem_free_uncollectable(t);
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no memory for the stack of another thread; %u are running",
                 ((struct runtime *)cp->runtime)->thread_count);
        return NULL;
    }
    adopt_fiber(t, task_fiber(t->task));
    task_on_exit(t->task, thread_ended, t);
    return t;
}

void thread_cancel(cp_context *cp, struct thread *t) {
    if (t->finished || !t->task) return;
    t->cancelled = true;
    t->budget = 0;
    scheduler_cancel(cp->scheduler, t->task);
}

/* ---- the main thread ---- */

struct main_call {
    cp_context *cp;
    struct thread *thread;
    int (*entry)(cp_context *cp, void *argument);
    void *argument;
    int status;
};

static void run_main(void *argument) {
    struct main_call *call = argument;
    call->cp->current = call->thread;
    call->status = call->entry(call->cp, call->argument);
}

/* When all threads wait it may be for long: what was printed is shown first, also where standard output is a file or a
   pipe. A failure is found by the next print, or at the end. */
static void show_output(void *data) {
    cp_context *cp = data;
    if (cp->runtime->output_held) return; /* the prompt shows it above the line being typed */
    if (CP_UNLIKELY(__fpending(stdout) > 0)) fflush(stdout);
}

/* Everybody waits and nothing can happen any more: the main thread is told who waits for what. */
static task *on_deadlock(scheduler *s, void *data) {
    cp_context *cp = data;
    (void)s;
    cp->runtime->deadlock_reported = true;
    struct thread *foreground = cp->runtime->foreground;
    return foreground ? foreground->task : NULL;
}

int runtime_run_main(cp_context *cp, int (*entry)(cp_context *cp, void *argument), void *argument) {
    struct main_call call = {cp, thread_new(cp), entry, argument, 1};
    task *main_task = scheduler_spawn(cp->scheduler, run_main, &call, MAIN_STACK, MAIN_VALUES);
    if (!main_task) main_task = scheduler_spawn(cp->scheduler, run_main, &call, MAIN_STACK / 16, MAIN_VALUES / 16);
    if (!main_task) return 71; /* EX_OSERR: not even address space */
    call.thread->task = main_task;
    adopt_fiber(call.thread, task_fiber(main_task));
    cp->current = call.thread;
    cp->runtime->foreground = call.thread;
    scheduler_set_interrupt_task(cp->scheduler, main_task);
    scheduler_on_deadlock(cp->scheduler, on_deadlock, cp);
    scheduler_on_block(cp->scheduler, show_output, cp);
    scheduler_run(cp->scheduler, task_fiber(main_task));
    return call.status;
}

/* ---- globals ---- */

uint32_t global_index(cp_context *cp, cp_symbol *name) {
    struct runtime *runtime = cp->runtime;
    if (name->global) return name->global - 1;
    if (runtime->global_count == runtime->global_capacity) {
        uint32_t capacity = runtime->global_capacity ? runtime->global_capacity * 2 : 16;
        struct global_info *globals = cp_alloc(capacity * sizeof *globals);
        if (runtime->global_count) memcpy(globals, runtime->globals, runtime->global_count * sizeof *globals);
        runtime->globals = globals;
        runtime->global_capacity = capacity;
    }
    runtime->globals[runtime->global_count] = (struct global_info){name, cp->known.type_object, false};
    name->global = ++runtime->global_count;
    return name->global - 1;
}

static void grow_globals(struct thread *t, uint32_t index) {
    if (index < t->global_count) return;
    uint32_t count = t->cp->runtime->global_count;
    cp_value *globals = cp_alloc(count * sizeof *globals);
    bool *exported = cp_alloc_atomic(count * sizeof *exported);
    for (uint32_t i = 0; i < count; i++) {
        globals[i] = i < t->global_count ? t->globals[i] : CP_UNSET;
        exported[i] = i < t->global_count && t->exported[i];
    }
    t->globals = globals;
    t->exported = exported;
    t->global_count = count;
}

cp_value global_get(struct thread *t, cp_symbol *name) {
    uint32_t index = name->global - 1; /* no index: the largest number, out of range */
    if (CP_LIKELY(index < t->global_count && t->globals[index] != CP_UNSET)) return t->globals[index];
    if (name->global && t->cp->runtime->globals[index].declared) return CP_NIL; /* another thread's, not exported */
    return cp_throw(t->cp, CP_ERROR_CARAPACE, CP_UNKNOWN,
                    "the global %s is not declared; write (global (%s Object)) or set it first", name->text,
                    name->text);
}

bool global_set(struct thread *t, cp_symbol *name, cp_value value) {
    uint32_t index = global_index(t->cp, name);
    struct global_info *info = &t->cp->runtime->globals[index];
    if (!type_accepts(info->type, value)) {
        cp_throw_type(t->cp, cp_text_z(t->cp, cp_string_format(t->cp, "the global %s", name->text)),
                      info->type->name->text, value);
        return false;
    }
    grow_globals(t, index);
    t->globals[index] = value;
    info->declared = true;
    return true;
}

bool global_declare(struct thread *t, cp_symbol *name, struct type *type, cp_value first) {
    uint32_t index = global_index(t->cp, name);
    struct global_info *info = &t->cp->runtime->globals[index];
    if (info->declared && info->type != type && !info->type->any) {
        cp_throw(t->cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the global %s was declared %s before", name->text,
                 info->type->name->text);
        return false;
    }
    info->type = type;
    info->declared = true;
    grow_globals(t, index);
    if (t->globals[index] != CP_UNSET && first == CP_NIL) first = t->globals[index];
    return global_set(t, name, first);
}

void global_export(struct thread *t, cp_symbol *name) {
    uint32_t index = global_index(t->cp, name);
    grow_globals(t, index);
    t->exported[index] = true;
}

/* ---- looking around ---- */

bool thread_poll(struct thread *t) {
    cp_context *cp = t->cp;
    t->budget = THREAD_BUDGET;
    if (scheduler_interrupted(cp->scheduler) && cp->runtime->foreground == t &&
        scheduler_take_interrupt(cp->scheduler)) {
        cp_throw(cp, CP_ERROR_SYSTEM, 4, "interrupted");
        return false;
    }
    while (t->suspended && !t->cancelled)
        if (cp_wait_for(cp, &t->resume_list, -1, "its method resume", NULL) == CP_WAIT_CANCELLED) return false;
    if (t->cancelled) return thread_throw_cancelled(cp) != CP_THROWN;
    if (mem_over_limit()) {
        mem_collect();
        if (mem_over_limit()) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                     "out of memory: more than %zu MB are in use; set CARAPACE_MEMORY (in MB) to allow more",
                     mem_limit() >> 20);
            return false;
        }
    }
    if (mem_finalizers_due()) mem_run_finalizers();
    if (cp->runtime->thread_count > 1 || cp->runtime->signals_watched) {
        cp_value pending = cp->error;
        scheduler_yield(cp->scheduler);
        cp->current = t;
        cp->error = pending;
        if (t->cancelled) return thread_throw_cancelled(cp) != CP_THROWN;
    }
    return true;
}
