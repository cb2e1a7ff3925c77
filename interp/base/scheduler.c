/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decides which fiber runs next, and asks libuv when none can. */
#include "scheduler_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum {
    MOST_TURNS = 256,             /* switches from task to task before the loop is looked at */
    LOOK_INTERVAL = 200 * 1000,   /* nanoseconds after which a yield has the loop looked at */
    LOOPLESS_SLEEP = 50,          /* milliseconds at a stretch when the system refuses us an event loop */
    NANOSECONDS_PER_MS = 1000000, /* of a deadline */
    NOT_IN_HEAP = 0,              /* the heap of deadlines begins at 1 */
};

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ------------------------------------------------------------------ queues */

void queue_add(struct queue *q, task *t) {
    t->next = NULL;
    t->previous = q->last;
    if (q->last) q->last->next = t;
    else q->first = t;
    q->last = t;
}

void queue_remove(struct queue *q, task *t) {
    if (t->previous) t->previous->next = t->next;
    else q->first = t->next;
    if (t->next) t->next->previous = t->previous;
    else q->last = t->previous;
}

static task *queue_take(struct queue *q) {
    task *t = q->first;
    if (t) queue_remove(q, t);
    return t;
}

/* ------------------------------------------------------------------ deadlines */

static bool earlier(const task *a, const task *b) {
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->deadline_turn < b->deadline_turn;
}

static void heap_put(scheduler *s, size_t index, task *t) {
    s->heap[index] = t;
    t->heap_index = index;
}

/* Moves t, whose place is index, up or down to where it belongs. */
static void heap_settle(scheduler *s, size_t index, task *t) {
    while (index > 1 && earlier(t, s->heap[index / 2])) {
        heap_put(s, index, s->heap[index / 2]);
        index /= 2;
    }
    for (size_t child; (child = index * 2) <= s->heap_count; index = child) {
        if (child < s->heap_count && earlier(s->heap[child + 1], s->heap[child])) child++;
        if (!earlier(s->heap[child], t)) break;
        heap_put(s, index, s->heap[child]);
    }
    heap_put(s, index, t);
}

bool deadline_set(scheduler *s, task *t, int64_t timeout_ms) {
    if (s->heap_count + 1 >= s->heap_room) {
        size_t room = s->heap_room ? s->heap_room * 2 : 16;
        task **heap = realloc(s->heap, room * sizeof *heap);
        if (heap == NULL) return false;
        s->heap = heap;
        s->heap_room = room;
    }
    const int64_t most = INT64_MAX / 4 / NANOSECONDS_PER_MS;
    t->deadline = now() + (timeout_ms < most ? timeout_ms : most) * NANOSECONDS_PER_MS;
    t->deadline_turn = s->deadlines_set++;
    heap_settle(s, ++s->heap_count, t);
    return true;
}

static void heap_remove(scheduler *s, task *t) {
    size_t index = t->heap_index;
    task *last = s->heap[s->heap_count--];
    t->heap_index = NOT_IN_HEAP;
    if (last != t) heap_settle(s, index, last);
}

/* ------------------------------------------------------------------ waking and suspending */

/* Takes a waiting task out of all it waits in, except its job. */
static void detach(task *t) {
    scheduler *s = t->owner;
    if (t->descriptor) {
        queue_remove(&t->descriptor->waiters, t);
        t->descriptor = NULL;
        s->waiting_for_descriptors--;
    }
    if (t->heap_index != NOT_IN_HEAP) heap_remove(s, t);
}

void task_wake(task *t, wait_result result) {
    if (t->state != TASK_WAITING) return;
    detach(t);
    t->result = result;
    t->state = TASK_READY;
    queue_add(&t->owner->ready, t);
}

bool task_interrupted(const scheduler *s, const task *t) { return s->interrupted && t == s->interrupt_task; }

/* Whether a wait may begin; if not, *result says why. */
bool wait_may_begin(const scheduler *s, wait_result *result) {
    *result = s->current == NULL ? WAIT_FAILED : WAIT_CANCELLED;
    return s->current != NULL && !s->current->cancelled && !task_interrupted(s, s->current);
}

static void resume(scheduler *s, task *t) {
    t->state = TASK_RUNNING;
    s->current = t;
    s->turns--;
    fiber_switch(t->fiber);
}

/* Leaves the current task, which is in the ready queue or waits, for the next ready one or else for the main fiber. */
static void leave(scheduler *s) {
    task *self = s->current;
    task *next = s->turns > 0 ? queue_take(&s->ready) : NULL;
    if (next == self) {
        s->turns--;
        self->state = TASK_RUNNING;
    } else if (next) {
        resume(s, next);
    } else {
        s->current = NULL;
        fiber_switch(fiber_main());
    }
}

wait_result wait_until_woken(scheduler *s) {
    task *self = s->current;
    leave(s);
    return self->result;
}

/* ------------------------------------------------------------------ the loop */

/* Ends the waiting of uv_run. Before libuv 1.45 that runs timers before it waits too; one whose time is over already
 * would be gone then, and the waiting without an end. A loop that is to stop does not wait. */
static void time_is_over(uv_timer_t *timer) { uv_stop(timer->loop); }

static void nothing_async(uv_async_t *async) { (void)async; }

bool loop_needed(scheduler *s) {
    if (s->loop_ready) return true;
    if (uv_loop_init(&s->loop) != 0) return false;
    if (uv_async_init(&s->loop, &s->async, nothing_async) != 0) {
        uv_loop_close(&s->loop);
        return false;
    }
    uv_timer_init(&s->loop, &s->timer);
    s->loop_ready = 1;
    if (s->interrupted) uv_async_send(&s->async); /* by one who has seen no loop to wake */
    return true;
}

static void wake_overdue(scheduler *s) {
    if (s->heap_count == 0) return;
    int64_t time = now();
    while (s->heap_count > 0 && s->heap[1]->deadline <= time) task_wake(s->heap[1], WAIT_TIMEOUT);
}

static void wake_interrupted(scheduler *s) {
    task *t = s->interrupt_task;
    if (s->interrupted && t && t->job == NULL) task_wake(t, WAIT_CANCELLED);
}

/* Lets events happen that have happened. */
static void look(scheduler *s) {
    if (s->loop_ready) uv_run(&s->loop, UV_RUN_NOWAIT);
    wake_overdue(s);
    wake_interrupted(s);
    s->turns = MOST_TURNS;
    s->last_look = now();
}

/* Waits until something happens or the first deadline passes. */
static void wait_for_events(scheduler *s) {
    int64_t ms = -1;
    if (s->heap_count > 0) {
        int64_t left = s->heap[1]->deadline - now();
        ms = left <= 0 ? 0 : (left + NANOSECONDS_PER_MS - 1) / NANOSECONDS_PER_MS;
    }
    if (ms != 0 && s->on_block) s->on_block(s->on_block_data);
    if (ms != 0 && !loop_needed(s)) {
        poll(NULL, 0, ms < 0 || ms > LOOPLESS_SLEEP ? LOOPLESS_SLEEP : (int)ms);
    } else if (ms != 0) {
        if (ms > 0) {
            uv_update_time(&s->loop);
            uv_timer_start(&s->timer, time_is_over, (uint64_t)ms, 0);
        } else {
            uv_timer_stop(&s->timer);
        }
        uv_run(&s->loop, UV_RUN_ONCE);
    }
    if (ms == 0) {
        look(s);
        return;
    }
    wake_overdue(s);
    wake_interrupted(s);
    s->turns = MOST_TURNS;
    s->last_look = now();
}

/* No task is ready and nothing will ever make one so: one has to be told. s->first waits too, so there always is one.
 */
static void break_deadlock(scheduler *s) {
    task *t = s->on_deadlock ? s->on_deadlock(s, s->on_deadlock_data) : NULL;
    if (t && t->state == TASK_WAITING) scheduler_cancel(s, t);
    if (s->ready.first == NULL && s->first) scheduler_cancel(s, s->first);
}

static void wait_for_ready(scheduler *s) {
    wake_interrupted(s);
    if (s->ready.first) return;
    if (s->heap_count > 0 || s->waiting_for_descriptors > 0 || s->working > 0 || s->held > 0) wait_for_events(s);
    else break_deadlock(s);
}

/* Finishes off a task whose fiber has ended. The hook may free it. */
static void reap(scheduler *s) {
    task *t = s->exited;
    fiber *dead = t->fiber;
    s->exited = NULL;
    s->reaping = t;
    if (t == s->first) s->first = NULL;
    if (t == s->interrupt_task) s->interrupt_task = NULL;
    if (t->on_exit) t->on_exit(t, t->on_exit_data);
    if (s->reaping == t) t->fiber = NULL;
    s->reaping = NULL;
    fiber_destroy(dead);
}

void scheduler_run(scheduler *s, fiber *first) {
    s->first = first->owner;
    if (s->interrupt_task == NULL) s->interrupt_task = s->first;
    while (s->first) {
        if (s->ready.first == NULL) wait_for_ready(s);
        else if (s->turns <= 0 || (s->loop_ready && now() - s->last_look > LOOK_INTERVAL)) look(s);
        task *t = queue_take(&s->ready);
        if (t == NULL) continue;
        resume(s, t);
        s->current = NULL;
        if (s->exited) reap(s);
    }
}

/* ------------------------------------------------------------------ tasks */

static void task_main(void *argument) {
    task *self = fiber_current()->owner;
    self->entry(argument);
    self->state = TASK_FINISHED;
    self->owner->exited = self;
    self->owner->current = NULL;
}

task *scheduler_spawn(scheduler *s, void (*entry)(void *), void *argument, size_t stack_size, size_t values_size) {
    task *t = calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    t->fiber = fiber_create(task_main, argument, stack_size, values_size);
    if (t->fiber == NULL) {
        free(t);
        return NULL;
    }
    t->fiber->owner = t;
    t->owner = s;
    t->entry = entry;
    t->state = TASK_READY;
    t->next_all = s->all;
    if (s->all) s->all->previous_all = t;
    s->all = t;
    queue_add(&s->ready, t);
    return t;
}

task *scheduler_current(const scheduler *s) { return s->current; }

fiber *task_fiber(const task *t) { return t->fiber; }

bool task_finished(const task *t) { return t->state == TASK_FINISHED; }

void task_on_exit(task *t, void (*hook)(task *, void *data), void *data) {
    t->on_exit = hook;
    t->on_exit_data = data;
}

void task_free(task *t) {
    scheduler *s = t->owner;
    if (t == s->current) abort();
    if (s->first == t) s->first = NULL;
    if (s->interrupt_task == t) s->interrupt_task = NULL;
    if (t->job) { /* the worker may be using this task's stack */
        t->doomed = true;
        return;
    }
    if (t->state == TASK_READY) queue_remove(&s->ready, t);
    if (t->state == TASK_WAITING) detach(t);
    if (t->previous_all) t->previous_all->next_all = t->next_all;
    else s->all = t->next_all;
    if (t->next_all) t->next_all->previous_all = t->previous_all;
    if (s->reaping == t) s->reaping = NULL; /* whoever called the hook destroys the fiber */
    else if (t->fiber) fiber_destroy(t->fiber);
    free(t);
}

void scheduler_yield(scheduler *s) {
    if (s->current == NULL) return;
    if (s->loop_ready || s->heap_count > 0 || s->interrupted) {
        if (now() - s->last_look > LOOK_INTERVAL) s->turns = 0;
        else if (s->ready.first == NULL) return;
    } else if (s->ready.first == NULL) {
        return;
    }
    s->current->state = TASK_READY;
    queue_add(&s->ready, s->current);
    leave(s);
}

bool scheduler_others_ready(const scheduler *s) { return s->ready.first != NULL; }

/* ------------------------------------------------------------------ waiting for time and for each other */

static wait_result wait_for_time(scheduler *s, int64_t timeout_ms, bool parked) {
    wait_result refused;
    if (!wait_may_begin(s, &refused)) return refused;
    task *self = s->current;
    if (timeout_ms >= 0 && !deadline_set(s, self, timeout_ms)) return WAIT_FAILED;
    self->state = TASK_WAITING;
    self->parked = parked;
    wait_result result = wait_until_woken(s);
    self->parked = false;
    return result;
}

wait_result scheduler_park(scheduler *s, int64_t timeout_ms) { return wait_for_time(s, timeout_ms, true); }

void scheduler_unpark(scheduler *s, task *t) {
    (void)s;
    if (t->parked) task_wake(t, WAIT_READY);
}

wait_result scheduler_sleep(scheduler *s, int64_t ms) { return wait_for_time(s, ms < 0 ? 0 : ms, false); }

void scheduler_cancel(scheduler *s, task *t) {
    (void)s;
    if (t->state == TASK_FINISHED) return;
    t->cancelled = true;
    if (t->job == NULL) task_wake(t, WAIT_CANCELLED);
}

void task_clear_cancel(task *t) { t->cancelled = false; }

bool task_cancelled(const task *t) { return t->cancelled; }

/* ------------------------------------------------------------------ interrupts, deadlocks, other handles */

void scheduler_interrupt(scheduler *s) {
    int error = errno;
    s->interrupted = 1;
    if (s->loop_ready) uv_async_send(&s->async);
    errno = error;
}

void scheduler_set_interrupt_task(scheduler *s, task *t) { s->interrupt_task = t; }

bool scheduler_take_interrupt(scheduler *s) { return atomic_exchange(&s->interrupted, 0) != 0; }

bool scheduler_interrupted(const scheduler *s) {
    return atomic_load_explicit(&s->interrupted, memory_order_relaxed) != 0;
}

void scheduler_on_deadlock(scheduler *s, task *(*hook)(scheduler *, void *data), void *data) {
    s->on_deadlock = hook;
    s->on_deadlock_data = data;
}

void scheduler_on_block(scheduler *s, void (*hook)(void *data), void *data) {
    s->on_block = hook;
    s->on_block_data = data;
}

struct uv_loop_s *scheduler_loop(scheduler *s) {
    return loop_needed(s) ? &s->loop : NULL;
}

void scheduler_hold(scheduler *s, int change) { s->held += change; }

/* ------------------------------------------------------------------ the scheduler itself */

scheduler *scheduler_create(void) {
    scheduler *s = calloc(1, sizeof *s);
    if (s) s->turns = MOST_TURNS;
    return s;
}

static void close_handle(uv_handle_t *handle, void *data) {
    (void)data;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

void scheduler_destroy(scheduler *s) {
    if (s == NULL) return;
    for (task *t = s->all, *next; t; t = next) {
        next = t->next_all;
        if (t->job) uv_cancel((uv_req_t *)&t->job->request); /* works if it has not begun; job_done is called then */
        task_free(t);
    }
    for (size_t fd = 0; fd < s->descriptor_room; fd++) scheduler_forget_fd(s, (int)fd);
    if (s->loop_ready) {
        uv_run(&s->loop, UV_RUN_NOWAIT);
        if (s->working > 0) return; /* a worker will still write to the loop: all must stay */
        s->loop_ready = 0;
        uv_walk(&s->loop, close_handle, NULL);
        uv_run(&s->loop, UV_RUN_DEFAULT);
        uv_loop_close(&s->loop);
    }
    free(s->descriptors);
    free(s->heap);
    free(s);
}
