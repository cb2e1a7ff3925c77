/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that tasks wait, are woken, cancelled and starved by nobody, over one event loop. */
#include "interp/base/scheduler.h"

#include "interp/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { STACK = 64 << 10 };

static scheduler *s;
static char trace[256];

static void note(const char *text) { strncat(trace, text, sizeof trace - strlen(trace) - 1); }

static int64_t milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int set_up(void **unused) {
    (void)unused;
    trace[0] = '\0';
    s = scheduler_create();
    return s == NULL;
}

static int tear_down(void **unused) {
    (void)unused;
    scheduler_destroy(s);
    return 0;
}

static task *spawn(void (*entry)(void *), void *argument) {
    task *t = scheduler_spawn(s, entry, argument, STACK, 4096);
    assert_non_null(t);
    return t;
}

static void run(void (*entry)(void *), void *argument) {
    task *t = spawn(entry, argument);
    scheduler_run(s, task_fiber(t));
    assert_true(task_finished(t));
    assert_null(task_fiber(t));
    assert_null(scheduler_current(s));
    task_free(t);
}

static void socket_pair(int ends[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static void close_pair(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        scheduler_forget_fd(s, ends[i]);
        close(ends[i]);
    }
}

/* Counts open descriptors, to see leaks. */
static int descriptors_open(void) {
    int count = 0;
    for (int fd = 0; fd < 200; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* ------------------------------------------------------------------ turns */

static void three_notes(void *name) {
    for (int i = 0; i < 3; i++) {
        note(name);
        scheduler_yield(s);
    }
}

static char names[4][2] = {"a", "b", "c", "d"};

static void yields_go_round(void **unused) {
    (void)unused;
    int open_before = descriptors_open();
    spawn(three_notes, names[0]);
    spawn(three_notes, names[1]);
    task *last = spawn(three_notes, names[2]);
    scheduler_run(s, task_fiber(last));
    assert_string_equal(trace, "abcabcabc");
    assert_int_equal(descriptors_open(), open_before); /* nobody waited: no event loop */
}

static void count_exits(task *t, void *data) {
    assert_true(task_finished(t));
    assert_non_null(task_fiber(t));
    assert_null(scheduler_current(s));
    ++*(int *)data;
    task_free(t);
}

static void short_task(void *unused) { (void)unused; }

static void spawner(void *exits) {
    for (int i = 0; i < 1000; i++) {
        task *t = spawn(short_task, NULL);
        task_on_exit(t, count_exits, exits);
        if (i % 10 == 0) scheduler_yield(s);
    }
    while (scheduler_others_ready(s)) scheduler_yield(s);
}

static void exit_hooks_may_free_their_task(void **unused) {
    (void)unused;
    int exits = 0;
    run(spawner, &exits);
    assert_int_equal(exits, 1000);
}

static void sleeper(void *name) {
    int64_t ms = (*(char *)name - 'a' + 1) * 20, start = milliseconds();
    assert_int_equal(scheduler_sleep(s, ms), WAIT_TIMEOUT);
    assert_in_range(milliseconds() - start, ms, ms + 1000);
    note(name);
}

static void sleeps_end_in_order(void **unused) {
    (void)unused;
    spawn(sleeper, names[2]);
    spawn(sleeper, names[0]);
    task *last = spawn(sleeper, names[3]);
    spawn(sleeper, names[1]);
    scheduler_run(s, task_fiber(last));
    assert_string_equal(trace, "abcd");
}

static void same_sleep(void *name) {
    assert_int_equal(scheduler_sleep(s, 0), WAIT_TIMEOUT);
    assert_int_equal(scheduler_sleep(s, -5), WAIT_TIMEOUT);
    note(name);
}

static void many_sleeps(void *unused) {
    (void)unused;
    for (int i = 0; i < 300; i++) assert_int_equal(scheduler_sleep(s, 0), WAIT_TIMEOUT);
    note("!");
}

static void short_sleeps_are_fair(void **unused) {
    (void)unused;
    for (int i = 0; i < 4; i++) spawn(same_sleep, names[i]);
    run(many_sleeps, NULL);
    assert_string_equal(trace, "abcd!");
}

/* ------------------------------------------------------------------ descriptors */

static void read_later(void *argument) {
    int *ends = argument;
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 5000), WAIT_READY);
    char c;
    assert_int_equal(read(ends[0], &c, 1), 1);
    char text[2] = {c};
    note(text);
}

static void descriptor_main(void *unused) {
    (void)unused;
    int ends[2];
    socket_pair(ends);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 0), WAIT_TIMEOUT);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_WRITE, 0), WAIT_READY);
    int64_t start = milliseconds();
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 30), WAIT_TIMEOUT);
    assert_in_range(milliseconds() - start, 30, 1000);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_WRITE, 30), WAIT_READY);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ | WAIT_FD_WRITE, -1), WAIT_READY);
    task *reader = spawn(read_later, ends);
    scheduler_yield(s);
    note("w");
    assert_int_equal(write(ends[1], "x", 1), 1);
    while (!task_finished(reader)) assert_int_equal(scheduler_sleep(s, 1), WAIT_TIMEOUT);
    note("d");
    close(ends[1]);                                                                /* never waited for */
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, -1), WAIT_READY); /* end of file */
    scheduler_sleep(s, 5);                                                         /* nobody waits for that end */
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, -1), WAIT_READY);
    scheduler_forget_fd(s, ends[0]);
    close(ends[0]);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 1000), WAIT_FAILED);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 0), WAIT_FAILED);
    assert_int_equal(scheduler_wait_fd(s, -1, WAIT_FD_READ, -1), WAIT_FAILED);
    assert_int_equal(scheduler_wait_fd(s, 2000000000, WAIT_FD_READ, -1), WAIT_FAILED);
    assert_int_equal(scheduler_wait_fd(s, 0, 0, -1), WAIT_FAILED);
    scheduler_forget_fd(s, -1);
    scheduler_forget_fd(s, 2000000000);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(scheduler_wait_fd(s, file, WAIT_FD_READ, -1), WAIT_READY);
    close(file);
}

static void descriptors_become_ready(void **unused) {
    (void)unused;
    run(descriptor_main, NULL);
    assert_string_equal(trace, "wxd");
}

static void mode_main(void *unused) {
    (void)unused;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 5), WAIT_TIMEOUT);
    assert_int_equal(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    close_pair(ends);
}

static void blocking_mode_is_left_alone(void **unused) {
    (void)unused;
    run(mode_main, NULL);
}

static void refused_main(void *unused) {
    (void)unused;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]); /* the writing end of a broken pipe reports an error */
    for (int i = 0; i < 3; i++) assert_int_equal(scheduler_wait_fd(s, ends[1], WAIT_FD_WRITE, 5000), WAIT_READY);
    assert_int_equal(scheduler_sleep(s, 5), WAIT_TIMEOUT);
    scheduler_forget_fd(s, ends[1]);
    close(ends[1]);
    socket_pair(ends); /* the same numbers again */
    assert_int_equal(scheduler_wait_fd(s, ends[1], WAIT_FD_READ, 5), WAIT_TIMEOUT);
    assert_int_equal(write(ends[0], "x", 1), 1);
    assert_int_equal(scheduler_wait_fd(s, ends[1], WAIT_FD_READ, 5000), WAIT_READY);
    close_pair(ends);
}

static void errors_count_as_ready(void **unused) {
    (void)unused;
    run(refused_main, NULL);
}

struct waiting {
    int fd, events;
    int64_t timeout;
    wait_result result;
    bool done;
};

static void wait_body(void *argument) {
    struct waiting *w = argument;
    w->result = scheduler_wait_fd(s, w->fd, w->events, w->timeout);
    w->done = true;
}

static void shared_main(void *unused) {
    (void)unused;
    int ends[2];
    socket_pair(ends);
    char block[4096] = {0};
    while (write(ends[0], block, sizeof block) > 0) {} /* full */
    struct waiting reader = {.fd = ends[0], .events = WAIT_FD_READ, .timeout = 5000};
    struct waiting second = {.fd = ends[0], .events = WAIT_FD_READ, .timeout = -1};
    struct waiting writer = {.fd = ends[0], .events = WAIT_FD_WRITE, .timeout = 5000};
    struct waiting brief = {.fd = ends[0], .events = WAIT_FD_WRITE, .timeout = 10};
    spawn(wait_body, &reader);
    spawn(wait_body, &writer);
    spawn(wait_body, &second);
    spawn(wait_body, &brief);
    scheduler_sleep(s, 20);
    assert_true(brief.done);
    assert_int_equal(brief.result, WAIT_TIMEOUT);
    assert_false(reader.done || writer.done || second.done);
    while (read(ends[1], block, sizeof block) > 0) {}
    scheduler_sleep(s, 10);
    assert_true(writer.done);
    assert_int_equal(writer.result, WAIT_READY);
    assert_false(reader.done || second.done);
    assert_int_equal(write(ends[1], "x", 1), 1);
    scheduler_sleep(s, 10);
    assert_true(reader.done && second.done);
    assert_int_equal(reader.result, WAIT_READY);
    assert_int_equal(second.result, WAIT_READY);
    close_pair(ends);
}

static void readers_and_writers_share_a_descriptor(void **unused) {
    (void)unused;
    run(shared_main, NULL);
}

static int64_t processor_milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void unread_main(void *unused) {
    (void)unused;
    int ends[2];
    socket_pair(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ | WAIT_FD_WRITE, 5000), WAIT_READY);
    int64_t before = processor_milliseconds();
    assert_int_equal(scheduler_sleep(s, 200), WAIT_TIMEOUT); /* it stays readable and writable all the time */
    assert_in_range(processor_milliseconds() - before, 0, 100);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 5000), WAIT_READY);
    close_pair(ends);
}

static void events_without_a_waiter_cost_nothing(void **unused) {
    (void)unused;
    run(unread_main, NULL);
}

static void forget_main(void *unused) {
    (void)unused;
    int ends[2];
    socket_pair(ends);
    struct waiting one = {.fd = ends[0], .events = WAIT_FD_READ, .timeout = -1};
    struct waiting two = {.fd = ends[0], .events = WAIT_FD_READ, .timeout = 5000};
    spawn(wait_body, &one);
    spawn(wait_body, &two);
    scheduler_sleep(s, 5);
    assert_false(one.done || two.done);
    scheduler_forget_fd(s, ends[0]);
    scheduler_forget_fd(s, ends[0]);
    scheduler_yield(s);
    assert_true(one.done && two.done);
    assert_int_equal(one.result, WAIT_FAILED);
    assert_int_equal(two.result, WAIT_FAILED);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 5), WAIT_TIMEOUT); /* known again */
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 5000), WAIT_READY);
    close_pair(ends);
}

static void forgetting_wakes_the_waiters(void **unused) {
    (void)unused;
    run(forget_main, NULL);
}

/* ------------------------------------------------------------------ cancelling, parking */

static void cancel_main(void *unused) {
    (void)unused;
    int ends[2];
    socket_pair(ends);
    struct waiting w = {.fd = ends[0], .events = WAIT_FD_READ, .timeout = 5000};
    task *t = spawn(wait_body, &w);
    scheduler_sleep(s, 5);
    scheduler_cancel(s, t);
    scheduler_yield(s);
    assert_true(w.done);
    assert_int_equal(w.result, WAIT_CANCELLED);
    scheduler_cancel(s, t); /* finished: nothing */
    task_free(t);
    task *self = scheduler_current(s);
    scheduler_cancel(s, self); /* not waiting: the next ones */
    assert_true(task_cancelled(self));
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_READ, 5000), WAIT_CANCELLED);
    assert_int_equal(scheduler_wait_fd(s, ends[0], WAIT_FD_WRITE, 0), WAIT_CANCELLED);
    assert_int_equal(scheduler_sleep(s, 5000), WAIT_CANCELLED);
    assert_int_equal(scheduler_park(s, -1), WAIT_CANCELLED);
    scheduler_yield(s);
    task_clear_cancel(self);
    assert_false(task_cancelled(self));
    assert_int_equal(scheduler_sleep(s, 1), WAIT_TIMEOUT);
    close_pair(ends);
}

static void cancelling_sticks_until_cleared(void **unused) {
    (void)unused;
    run(cancel_main, NULL);
}

static task *producer_task, *consumer_task;
static int items, eaten;

static void consumer(void *unused) {
    (void)unused;
    while (eaten < 1000) {
        while (items == 0) assert_int_equal(scheduler_park(s, -1), WAIT_READY);
        items--;
        eaten++;
        scheduler_unpark(s, producer_task);
    }
}

static void producer(void *unused) {
    (void)unused;
    for (int made = 0; made < 1000; made++) {
        while (items >= 3) assert_int_equal(scheduler_park(s, 5000), WAIT_READY);
        items++;
        scheduler_unpark(s, consumer_task);
    }
    while (eaten < 1000) assert_int_equal(scheduler_sleep(s, 1), WAIT_TIMEOUT);
    scheduler_unpark(s, scheduler_current(s)); /* itself, not parked: nothing */
    int64_t start = milliseconds();
    assert_int_equal(scheduler_park(s, 20), WAIT_TIMEOUT);
    assert_in_range(milliseconds() - start, 20, 1000);
    assert_int_equal(scheduler_park(s, 0), WAIT_TIMEOUT);
}

static void parking_makes_a_channel(void **unused) {
    (void)unused;
    items = eaten = 0;
    consumer_task = spawn(consumer, NULL);
    producer_task = spawn(producer, NULL);
    scheduler_run(s, task_fiber(producer_task));
    scheduler_run(s, task_fiber(spawn(short_task, NULL)));
    assert_int_equal(eaten, 1000);
    assert_true(task_finished(consumer_task));
}

static void unpark_other(void *argument) {
    scheduler_sleep(s, 5);
    scheduler_unpark(s, *(task **)argument); /* sleeps, is not parked */
    note("u");
}

static void sleep_undisturbed(void *argument) {
    *(task **)argument = scheduler_current(s);
    int64_t start = milliseconds();
    assert_int_equal(scheduler_sleep(s, 30), WAIT_TIMEOUT);
    assert_in_range(milliseconds() - start, 30, 1000);
}

static void unpark_disturbs_no_sleeper(void **unused) {
    (void)unused;
    task *slot = NULL;
    spawn(unpark_other, &slot);
    run(sleep_undisturbed, &slot);
    assert_string_equal(trace, "u");
}

static task *chosen;
static int deadlocks;

static task *choose(scheduler *from, void *data) {
    assert_ptr_equal(from, s);
    assert_string_equal(data, "data");
    deadlocks++;
    return chosen;
}

static void park_for_ever(void *name) {
    assert_int_equal(scheduler_park(s, -1), WAIT_CANCELLED);
    note(name);
}

static void deadlocks_are_broken(void **unused) {
    (void)unused;
    static char data[] = "data";
    spawn(park_for_ever, names[0]);
    chosen = spawn(park_for_ever, names[1]);
    deadlocks = 0;
    scheduler_on_deadlock(s, choose, data);
    run(park_for_ever, names[2]); /* first the chosen, which ends, then the first one instead of the finished */
    assert_string_equal(trace, "bc");
    assert_int_equal(deadlocks, 2);
    scheduler_on_deadlock(s, NULL, NULL);
    run(park_for_ever, names[3]);
    assert_string_equal(trace, "bcd");
}

/* ------------------------------------------------------------------ workers */

struct work {
    int result;
    unsigned ms;
};

static void work_slowly(void *argument) {
    struct work *w = argument;
    usleep(w->ms * 1000);
    w->result += 42;
}

static void start_work(void *argument) { assert_int_equal(scheduler_work(s, work_slowly, argument), WAIT_READY); }

static void start_cancelled_work(void *argument) {
    assert_int_equal(scheduler_work(s, work_slowly, argument), WAIT_CANCELLED);
    assert_int_equal(((struct work *)argument)->result, 42); /* it was waited for */
    assert_int_equal(scheduler_work(s, work_slowly, argument), WAIT_CANCELLED);
    assert_int_equal(((struct work *)argument)->result, 42); /* not begun */
    note("c");
}

static void work_and_note(void *argument) {
    scheduler_work(s, work_slowly, argument);
    note("never");
}

static void work_main(void *unused) {
    (void)unused;
    struct work a = {.ms = 20}, b = {.ms = 20}, c = {.ms = 20};
    task *one = spawn(start_work, &a);
    task *two = spawn(start_cancelled_work, &b);
    scheduler_yield(s);
    scheduler_cancel(s, two);
    scheduler_unpark(s, one);
    scheduler_yield(s);
    assert_false(task_finished(one) || task_finished(two));
    assert_int_equal(scheduler_work(s, work_slowly, &c), WAIT_READY);
    assert_int_equal(c.result, 42);
    while (!task_finished(one) || !task_finished(two)) scheduler_sleep(s, 1);
    assert_int_equal(a.result, 42);
    task *dropped = spawn(work_and_note, &c);
    scheduler_yield(s);
    task_free(dropped); /* while its job runs */
    scheduler_sleep(s, 60);
    assert_int_equal(c.result, 84);
}

static void workers_work(void **unused) {
    (void)unused;
    run(work_main, NULL);
    assert_string_equal(trace, "c");
}

static void destroying_drops_tasks_and_jobs(void **unused) {
    (void)unused;
    static struct work jobs[8];
    for (int i = 0; i < 8; i++) {
        jobs[i] = (struct work){.ms = 30};
        spawn(start_work, &jobs[i]);
    }
    int ends[2];
    socket_pair(ends);
    struct waiting w = {.fd = ends[0], .events = WAIT_FD_READ, .timeout = -1};
    spawn(wait_body, &w);
    spawn(park_for_ever, names[0]);
    spawn(three_notes, names[1]);
    task *t = spawn(short_task, NULL);
    scheduler_run(s, task_fiber(t));
    scheduler_destroy(s); /* with four jobs running and four in the queue */
    s = NULL;
    close(ends[0]);
    close(ends[1]);
    usleep(100000);
    int begun = 0;
    for (int i = 0; i < 8; i++) begun += jobs[i].result == 42;
    assert_in_range(begun, 0, 4);
}

/* ------------------------------------------------------------------ interrupts */

static void interrupt_soon(int signal) {
    (void)signal;
    scheduler_interrupt(s);
}

static void alarm_in(int ms) {
    struct itimerval when = {.it_value.tv_usec = ms * 1000};
    setitimer(ITIMER_REAL, &when, NULL);
}

static void take_an_interrupt(void *name) {
    assert_int_equal(scheduler_sleep(s, 20000), WAIT_CANCELLED);
    assert_true(scheduler_take_interrupt(s));
    note(name);
}

static void interrupted_main(void *unused) {
    (void)unused;
    task *other = spawn(take_an_interrupt, names[0]);
    alarm_in(20);
    int64_t start = milliseconds();
    assert_int_equal(scheduler_sleep(s, 20000), WAIT_CANCELLED);
    assert_in_range(milliseconds() - start, 10, 5000);
    assert_true(scheduler_interrupted(s));
    assert_int_equal(scheduler_park(s, 1000), WAIT_CANCELLED); /* until taken */
    assert_true(scheduler_take_interrupt(s));
    assert_false(scheduler_take_interrupt(s));
    assert_false(scheduler_interrupted(s));
    assert_false(task_cancelled(scheduler_current(s)));
    alarm_in(20);
    while (!scheduler_interrupted(s)) scheduler_yield(s); /* computing */
    struct work job = {.ms = 1};
    assert_int_equal(scheduler_work(s, work_slowly, &job), WAIT_CANCELLED);
    assert_int_equal(job.result, 0);
    assert_true(scheduler_take_interrupt(s));
    scheduler_set_interrupt_task(s, other);
    alarm_in(5);
    assert_int_equal(scheduler_sleep(s, 40), WAIT_TIMEOUT); /* meant for another */
    assert_string_equal(trace, "a");
    assert_false(scheduler_take_interrupt(s));
}

static void interrupts_end_a_wait(void **unused) {
    (void)unused;
    signal(SIGALRM, interrupt_soon);
    alarm_in(10);
    run(take_an_interrupt, names[1]); /* the first task is the one by default */
    trace[0] = '\0';
    run(interrupted_main, NULL);
}

static bool released;

static void hold_main(void *unused) {
    (void)unused;
    assert_non_null(scheduler_loop(s));
    scheduler_hold(s, 1); /* somebody else's handle: a timer here, the interrupt's */
    alarm_in(20);
    assert_int_equal(scheduler_park(s, -1), WAIT_CANCELLED);
    assert_true(scheduler_take_interrupt(s));
    scheduler_hold(s, -1);
    released = true;
}

static task *no_deadlock(scheduler *from, void *data) {
    (void)from, (void)data;
    fail_msg("a deadlock was seen while somebody held the loop");
    return NULL;
}

static void a_held_loop_is_no_deadlock(void **unused) {
    (void)unused;
    released = false;
    scheduler_on_deadlock(s, no_deadlock, NULL);
    run(hold_main, NULL);
    assert_true(released);
}

/* ------------------------------------------------------------------ many */

#if defined(MEM_STRESS)
enum { PAIRS = 200, EXCHANGES = 2 };
#else
enum { PAIRS = 2000, EXCHANGES = 5 };
#endif

static size_t answered;

/* Answers each byte with its successor; what it has read is held in a cell that only this stack reaches. */
static void echo(void *argument) {
    int fd = (int)(intptr_t)argument;
    struct held {
        struct held *next;
        long byte;
    } *list = NULL;
    for (int i = 0; i < EXCHANGES; i++) {
        char c;
        assert_int_equal(scheduler_wait_fd(s, fd, WAIT_FD_READ, 60000), WAIT_READY);
        assert_int_equal(read(fd, &c, 1), 1);
        struct held *h = mem_cell();
        h->next = list;
        h->byte = c;
        list = h;
        c++;
        assert_int_equal(write(fd, &c, 1), 1);
    }
    for (int i = EXCHANGES; i-- > 0; list = list->next) assert_int_equal(list->byte, 'a' + i);
    answered++;
    scheduler_forget_fd(s, fd);
    close(fd);
}

static bool computing;

static void compute(void *unused) {
    (void)unused;
    for (unsigned long i = 0; computing; i++) {
        for (int k = 0; k < 1000; k++) *(volatile long *)mem_cell() = k;
        if (i % 64 == 0) mem_collect();
        scheduler_yield(s);
    }
}

static void many_main(void *argument) {
    int *ends = argument;
    for (int i = 0; i < EXCHANGES; i++) {
        for (int k = 0; k < PAIRS; k++) {
            char c = (char)('a' + i);
            assert_int_equal(write(ends[k], &c, 1), 1);
        }
        for (int k = 0; k < PAIRS; k++) {
            char c;
            assert_int_equal(scheduler_wait_fd(s, ends[k], WAIT_FD_READ, 60000), WAIT_READY);
            assert_int_equal(read(ends[k], &c, 1), 1);
            assert_int_equal(c, 'b' + i);
        }
    }
    while (answered < PAIRS) assert_int_equal(scheduler_sleep(s, 1), WAIT_TIMEOUT);
    computing = false;
}

static void thousands_wait_while_one_computes(void **unused) {
    (void)unused;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * PAIRS + 50) skip(); /* the system grants too few descriptors */
    static int ends[PAIRS];
    answered = 0;
    computing = true;
    task *worker = spawn(compute, NULL);
    for (int i = 0; i < PAIRS; i++) {
        int pair[2];
        socket_pair(pair);
        ends[i] = pair[0];
        spawn(echo, (void *)(intptr_t)pair[1]);
    }
    run(many_main, ends);
    scheduler_run(s, task_fiber(spawn(short_task, NULL)));
    assert_true(task_finished(worker));
    assert_int_equal(answered, PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        scheduler_forget_fd(s, ends[i]);
        close(ends[i]);
    }
}

int main(void) {
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure inside a fiber cannot go on with the next test */
    mem_init();
    fiber_system_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(yields_go_round),
        TEST(exit_hooks_may_free_their_task),
        TEST(sleeps_end_in_order),
        TEST(short_sleeps_are_fair),
        TEST(descriptors_become_ready),
        TEST(blocking_mode_is_left_alone),
        TEST(errors_count_as_ready),
        TEST(readers_and_writers_share_a_descriptor),
        TEST(events_without_a_waiter_cost_nothing),
        TEST(forgetting_wakes_the_waiters),
        TEST(cancelling_sticks_until_cleared),
        TEST(parking_makes_a_channel),
        TEST(unpark_disturbs_no_sleeper),
        TEST(deadlocks_are_broken),
        TEST(workers_work),
        TEST(destroying_drops_tasks_and_jobs),
        TEST(interrupts_end_a_wait),
        TEST(a_held_loop_is_no_deadlock),
        TEST(thousands_wait_while_one_computes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
