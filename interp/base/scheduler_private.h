/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two files of the scheduler share: scheduler.c (who runs next) and wait.c (descriptors and worker jobs). */
#ifndef CARAPACE_BASE_SCHEDULER_PRIVATE_H
#define CARAPACE_BASE_SCHEDULER_PRIVATE_H

#include "scheduler.h"

#include <stdatomic.h>

#include <uv.h>

typedef enum task_state { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_FINISHED } task_state;

struct job;

struct task {
    scheduler *owner;
    fiber *fiber;
    void (*entry)(void *);
    task_state state;
    bool cancelled;
    bool parked; /* waits for scheduler_unpark */
    bool doomed; /* to be freed when its job ends */
    wait_result result;
    task *next, *previous;         /* in the ready queue or among the waiters of a descriptor */
    task *next_all, *previous_all; /* in the list of all tasks */
    struct descriptor *descriptor; /* waited for, or NULL */
    int events;
    struct job *job;        /* being done by a worker thread, or NULL */
    int64_t deadline;       /* nanoseconds of the monotonic clock */
    uint64_t deadline_turn; /* equal deadlines: first come, first served */
    size_t heap_index;
    void (*on_exit)(task *, void *);
    void *on_exit_data;
};

struct queue {
    task *first, *last;
};

/* A descriptor known to the loop. Its poll handle stays started between waits, so that a conversation costs no
 * epoll_ctl a turn; an event that nobody waits for stops it. */
struct descriptor {
    uv_poll_t poll;
    int fd;
    int watched; /* events the handle is started for */
    struct queue waiters;
};

struct job {
    uv_work_t request;
    void (*fn)(void *);
    void *argument;
    task *task;
};

struct scheduler {
    struct queue ready;
    task *all;
    task *current, *first, *exited, *reaping;
    int turns;         /* left before the loop is looked at */
    int64_t last_look; /* nanoseconds */
    /* a binary heap of deadlines, entry 0 unused */
    task **heap;
    size_t heap_count, heap_room;
    uint64_t deadlines_set;
    /* what may still make a task ready, besides the heap */
    size_t waiting_for_descriptors, working;
    long held;
    struct descriptor **descriptors; /* by number */
    size_t descriptor_room;
    task *interrupt_task;
    /* Set and read by scheduler_interrupt, perhaps in a signal handler on another OS thread. Each side sets its own
     * flag and then looks at the other's, so both must be sequentially consistent: else a processor that lets a load
     * pass a store could have the loop wait while nobody wakes it, and arm64 show loop_ready before the loop itself. */
    atomic_int interrupted, loop_ready;
    uv_loop_t loop;
    uv_async_t async;
    uv_timer_t timer;
    task *(*on_deadlock)(scheduler *, void *);
    void *on_deadlock_data;
    void (*on_block)(void *data);
    void *on_block_data;
};

/* Adds to and takes out of a queue. */
void queue_add(struct queue *, task *);
void queue_remove(struct queue *, task *);

/* Has the waiting task woken with WAIT_TIMEOUT after that time (>= 0). False without memory. */
bool deadline_set(scheduler *, task *, int64_t timeout_ms);

/* Whether the current task may begin to wait; if not, *result says why. */
bool wait_may_begin(const scheduler *, wait_result *result);

/* Suspends the current task, whose state is TASK_WAITING, and returns what it was woken with. */
wait_result wait_until_woken(scheduler *);

/* Makes a waiting task ready with that result; any other is left alone. */
void task_wake(task *, wait_result);

/* Whether an interrupt is noted that is meant for this task. */
bool task_interrupted(const scheduler *, const task *);

/* Makes the event loop if there is none yet. */
bool loop_needed(scheduler *);

#endif
