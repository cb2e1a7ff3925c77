/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cooperative scheduling: tasks (fibers with something to do) over one event loop, so that code which waits reads as a
 * straight line.
 *
 * The scheduler runs on the thread's own stack, in the main fiber; every task, the main program's too, has a fiber of
 * its own. Functions marked [task] suspend their caller and are called inside a task; the others may be called from a
 * task or from the main fiber, and only from the one thread, except scheduler_interrupt.
 *
 * Ready tasks run in the order in which they became ready. All memory of the loop is outside of the collected heap and
 * holds no pointer into it; a task is malloc'd. What a task needs from the collected heap hangs on
 * task_fiber(task)->user or its argument.
 *
 * The event loop is made at the first wait that needs one. */
#ifndef CARAPACE_BASE_SCHEDULER_H
#define CARAPACE_BASE_SCHEDULER_H

#include "fiber.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct scheduler scheduler;
typedef struct task task;

typedef enum wait_result {
    WAIT_READY,     /* what was waited for has happened */
    WAIT_TIMEOUT,   /* the time was up first */
    WAIT_CANCELLED, /* scheduler_cancel, or an interrupt (see scheduler_take_interrupt) */
    WAIT_FAILED,    /* the descriptor cannot be waited for or was given up; the system refused memory or a thread */
} wait_result;

enum { WAIT_FD_READ = 1, WAIT_FD_WRITE = 2 };

/* NULL without memory. fiber_system_init must have been called. */
scheduler *scheduler_create(void);

/* Frees the scheduler and every task of it that is left; unfinished ones are dropped without unwinding. Call it in the
 * main fiber. A job that a worker thread is still running keeps its memory (and the loop's) until the process ends.
 * NULL is allowed. */
void scheduler_destroy(scheduler *);

/* Makes a ready task that will run entry(argument). argument may be a pointer into the collected heap. Sizes as in
 * fiber_create. NULL when memory or mappings are exhausted. */
task *scheduler_spawn(scheduler *, void (*entry)(void *), void *argument, size_t stack_size, size_t values_size);

/* Runs tasks until the one whose fiber is `first` has finished; others may be left unfinished, and a later
 * scheduler_run continues them. Call it in the main fiber. */
void scheduler_run(scheduler *, fiber *first);

/* The running task, NULL in the main fiber. */
task *scheduler_current(const scheduler *);

/* The fiber of a task; NULL once it has finished. */
fiber *task_fiber(const task *);
bool task_finished(const task *);

/* Has hook(task, data) called in the main fiber when the task has finished, with its fiber still there. It may free the
 * task. */
void task_on_exit(task *, void (*hook)(task *, void *data), void *data);

/* Frees a task, finished or not, except the running one. If a worker thread runs its job, the memory goes when the job
 * ends. */
void task_free(task *);

/* [task] Waits until fd can be read (1), written (2) or either (3), has an error or a hang-up. timeout_ms < 0 waits for
 * ever; 0 only looks. Any number of tasks may wait on one fd. A descriptor that cannot block (a regular file) is ready
 * at once. */
wait_result scheduler_wait_fd(scheduler *, int fd, int events, int64_t timeout_ms);

/* To be called before fd is closed (it is kept registered between waits): waiters get WAIT_FAILED. Unknown fds are
 * ignored. */
void scheduler_forget_fd(scheduler *, int fd);

/* [task] Waits ms milliseconds; 0 or less yields. WAIT_TIMEOUT when the time is up. */
wait_result scheduler_sleep(scheduler *, int64_t ms);

/* [task] Waits for scheduler_unpark on this task: WAIT_READY then, even with timeout_ms 0 never without giving others a
 * turn. An unpark of a task that is not parked does nothing, so check the condition, then park, in a loop. timeout_ms <
 * 0 is for ever. */
wait_result scheduler_park(scheduler *, int64_t timeout_ms);
void scheduler_unpark(scheduler *, task *);

/* [task] Lets every other ready task run once, and looks at the event loop without blocking when it is time to. Not a
 * wait: it is not cancelled. Cheap when there is nobody else. */
void scheduler_yield(scheduler *);

/* True when another task is ready to run. */
bool scheduler_others_ready(const scheduler *);

/* Makes the current wait of a task, or else its next one, return WAIT_CANCELLED, and every one after that until
 * task_clear_cancel. A finished task is left alone. */
void scheduler_cancel(scheduler *, task *);
void task_clear_cancel(task *);
bool task_cancelled(const task *);

/* [task] Runs fn(argument) on a worker thread and waits for it: WAIT_READY. It cannot be stopped midway: a cancelled
 * task still waits for the end and then gets WAIT_CANCELLED (a task cancelled before does not start the job). fn must
 * not touch the collected heap, nor anything here; argument should be malloc'd. */
wait_result scheduler_work(scheduler *, void (*fn)(void *), void *argument);

/* Async-signal-safe: notes an interrupt (Ctrl-C) and wakes the loop. */
void scheduler_interrupt(scheduler *);

/* The task whose waits return WAIT_CANCELLED while an interrupt is noted; scheduler_run chooses its first one if none
 * is set. */
void scheduler_set_interrupt_task(scheduler *, task *);

/* True if an interrupt was noted, which is thereby done with. */
bool scheduler_take_interrupt(scheduler *);

/* Whether an interrupt is noted, for polling by running code. Nothing but the flag itself may be concluded from it. */
bool scheduler_interrupted(const scheduler *);

/* Has hook(s, data) called, in the main fiber, when no task is ready and none can become so (all are parked without a
 * time limit). It returns the task to cancel, or NULL for the first one of scheduler_run; it may also make some task
 * ready itself. */
void scheduler_on_deadlock(scheduler *, task *(*hook)(scheduler *, void *data), void *data);

/* Has hook(data) called, in the main fiber, each time before the process blocks because no task is ready. */
void scheduler_on_block(scheduler *, void (*hook)(void *data), void *data);

/* The event loop (a uv_loop_t), made if there was none, for handles of other kinds; NULL if the system refuses. Whoever
 * has a handle that will unpark a task says so by scheduler_hold(s, 1), and scheduler_hold(s, -1) when done: no
 * deadlock is seen between. */
struct uv_loop_s *scheduler_loop(scheduler *);
void scheduler_hold(scheduler *, int change);

#endif
