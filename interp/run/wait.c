/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wait.c: carapace.h's waiting: a thread that waits gives way to the others, and comes back to find itself current. */
#include "interp/run/thread.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "interp/base/memory.h"
#include "interp/run/vm.h"

cp_value cp_check_stack(cp_context *cp) {
    if (CP_LIKELY(fiber_stack_left() > FIBER_STACK_RESERVE + (8 << 10))) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                    "too deep: native functions and scripts call each other without end, or data is nested too deeply");
}

size_t cp_stack_left(cp_context *cp) { return (void)cp, fiber_stack_left(); }

cp_value cp_poll(cp_context *cp) { return thread_poll(cp->current) ? CP_NIL : CP_THROWN; }

cp_value cp_current_thread(cp_context *cp) { return thread_object(cp, cp->current); }

/* What a wait came to. A cancelled one has an Error for the script. */
static enum cp_wait come_back(cp_context *cp, struct thread *t, wait_result result) {
    cp->current = t;
    if (result != WAIT_CANCELLED) t->waiting_for = NULL;
    if (mem_finalizers_due()) mem_run_finalizers();
    switch (result) {
    case WAIT_READY: return CP_WAIT_READY;
    case WAIT_TIMEOUT: return CP_WAIT_TIMEOUT;
    case WAIT_FAILED: return CP_WAIT_FAILED;
    case WAIT_CANCELLED: break;
    }
    if (scheduler_take_interrupt(cp->scheduler)) cp_throw(cp, CP_ERROR_SYSTEM, 4, "interrupted");
    else thread_throw_cancelled(cp);
    t->waiting_for = NULL; /* after the report of a deadlock, which tells of this thread, too */
    return CP_WAIT_CANCELLED;
}

void cp_before_wait_push(cp_context *cp, cp_before_wait *hook) {
    hook->next = cp->current->before_wait;
    cp->current->before_wait = hook;
}

void cp_before_wait_pop(cp_context *cp, cp_before_wait *hook) { cp->current->before_wait = hook->next; }

/* Calls what is to be called before a wait: CP_UNSET when there was nothing, CP_NIL, CP_THROWN. */
static cp_value call_before_wait(cp_context *cp, struct thread *t) {
    cp_value result = CP_UNSET;
    for (cp_before_wait *hook = t->before_wait; hook && result != CP_THROWN; hook = hook->next) {
        cp_value (*function)(cp_context * cp, void *data) = hook->function;
        hook->function = NULL;
        if (function) result = function(cp, hook->data) == CP_THROWN ? CP_THROWN : CP_NIL;
    }
    return result;
}

enum cp_wait cp_wait_fd(cp_context *cp, int fd, int events, int64_t timeout) {
    struct thread *t = cp->current;
    if (t->before_wait && call_before_wait(cp, t) == CP_THROWN) return CP_WAIT_CANCELLED;
    t->waiting_for = events == CP_WRITABLE ? "room to write" : "data to read";
    return come_back(cp, t, scheduler_wait_fd(cp->scheduler, fd, events, timeout));
}

enum cp_wait cp_sleep(cp_context *cp, int64_t milliseconds) {
    struct thread *t = cp->current;
    if (t->before_wait && call_before_wait(cp, t) == CP_THROWN) return CP_WAIT_CANCELLED;
    t->waiting_for = "the end of a sleep";
    enum cp_wait result = come_back(cp, t, scheduler_sleep(cp->scheduler, milliseconds));
    return result == CP_WAIT_TIMEOUT ? CP_WAIT_READY : result;
}

enum cp_wait cp_work(cp_context *cp, void (*function)(void *), void *argument) {
    struct thread *t = cp->current;
    if (t->before_wait && call_before_wait(cp, t) == CP_THROWN) return CP_WAIT_CANCELLED;
    t->waiting_for = "a worker";
    return come_back(cp, t, scheduler_work(cp->scheduler, function, argument));
}

/* ---- wait lists ---- */

/* A place in a wait list lies on the waiting thread's own C stack. */
struct waiter {
    struct waiter *next, *previous;
    struct thread *thread;
    bool woken;
};

static void unlink_waiter(cp_wait_list *list, struct waiter *w) {
    if (w->previous) w->previous->next = w->next;
    else list->first = w->next;
    if (w->next) w->next->previous = w->previous;
    else list->last = w->previous;
}

enum cp_wait cp_wait_for(cp_context *cp, cp_wait_list *list, int64_t timeout, const char *what, const cp_value *from) {
    struct thread *t = cp->current;
    if (t->before_wait) {
        /* It may have waited, and what the caller is to be woken for may have come meanwhile: he looks again. */
        cp_value called = call_before_wait(cp, t);
        if (called != CP_UNSET) return called == CP_THROWN ? CP_WAIT_CANCELLED : CP_WAIT_READY;
    }
    struct waiter w = {.thread = t, .previous = list->last};
    if (w.previous) w.previous->next = &w;
    else list->first = &w;
    list->last = &w;
    t->waiting_for = what;
    t->waiting_from = from;
    wait_result result = scheduler_park(cp->scheduler, timeout);
    if (!w.woken) unlink_waiter(list, &w);
    else if (result == WAIT_TIMEOUT) result = WAIT_READY;
    enum cp_wait wait = come_back(cp, t, result);
    t->waiting_from = NULL;
    return wait;
}

enum cp_wait cp_wait_on(cp_context *cp, cp_wait_list *list, int64_t timeout) {
    return cp_wait_for(cp, list, timeout, "another thread", NULL);
}

void cp_wake_one(cp_context *cp, cp_wait_list *list) {
    struct waiter *w = list->first;
    if (!w) return;
    unlink_waiter(list, w);
    w->woken = true;
    if (w->thread->task) scheduler_unpark(cp->scheduler, w->thread->task);
}

void cp_wake_all(cp_context *cp, cp_wait_list *list) {
    while (list->first) cp_wake_one(cp, list);
}

static int64_t clock_now(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cp_now(cp_context *cp) {
    (void)cp;
    return clock_now(CLOCK_MONOTONIC);
}

int64_t cp_now_coarse(cp_context *cp) {
    (void)cp;
    return clock_now(CLOCK_MONOTONIC_COARSE);
}

/* ---- descriptors ---- */

/* Descriptors are closed when their handle is collected; the scheduler must forget them first. The finalizer never runs
   a script. */
static void close_lost(void *object, void *data) {
    cp_fd *handle = object;
    if (handle->fd >= 0) {
        scheduler_forget_fd((scheduler *)data, handle->fd);
        close(handle->fd);
    }
    handle->fd = -1;
}

void cp_collect(cp_context *cp) {
    (void)cp;
    mem_collect();
    mem_run_finalizers();
}

cp_fd *cp_fd_new(cp_context *cp, int fd) {
    cp_fd *handle = cp_alloc_atomic(sizeof *handle);
    handle->fd = fd;
    mem_finalizer(handle, close_lost, cp->scheduler);
    return handle;
}

void cp_fd_close(cp_context *cp, cp_fd *handle) {
    if (!handle || handle->fd < 0) return;
    scheduler_forget_fd(cp->scheduler, handle->fd);
    close(handle->fd);
    handle->fd = -1;
    mem_finalizer(handle, NULL, NULL);
}

/* ---- other resources ---- */

static void release_lost(void *object, void *data) {
    (void)data;
    cp_resource *handle = object;
    if (handle->resource) handle->release(handle->resource);
    handle->resource = NULL;
}

cp_resource *cp_resource_new(cp_context *cp, void *resource, void (*release)(void *resource)) {
    (void)cp;
    cp_resource *handle = cp_alloc_atomic(sizeof *handle);
    *handle = (cp_resource){.resource = resource, .release = release};
    mem_finalizer(handle, release_lost, NULL);
    return handle;
}

void cp_resource_release(cp_context *cp, cp_resource *handle) {
    (void)cp;
    if (!handle || !handle->resource) return;
    release_lost(handle, NULL);
    mem_finalizer(handle, NULL, NULL);
}
