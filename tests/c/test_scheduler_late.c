/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that a wait ends by what happened just before the event loop began to wait. When its time was over, libuv 1.44
 * saw no timer any more and waited for ever: the clock function of libuv that the scheduler calls last is replaced here
 * by one that takes longer than the wait. An interrupt just before the loop was made woke nobody. */
#include "interp/base/scheduler.h"

#include "interp/base/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/time.h>

#include <cmocka.h>
#include <uv.h>

static scheduler *s;
static int delays;

void uv_update_time(uv_loop_t *loop) {
    uint64_t before = loop->time = uv_hrtime() / 1000000;
    while (uv_hrtime() / 1000000 < before + 3) {}
    delays++;
}

static void interrupt(int number) {
    (void)number;
    scheduler_interrupt(s);
}

static void sleep_a_little(void *unused) {
    (void)unused;
    assert_non_null(scheduler_loop(s));
    struct itimerval late = {.it_value.tv_sec = 2}; /* or a failure would hang */
    setitimer(ITIMER_REAL, &late, NULL);
    for (int i = 0; i < 5; i++) assert_int_equal(scheduler_sleep(s, 1), WAIT_TIMEOUT);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    assert_true(delays >= 5);
}

static void run(void (*entry)(void *)) {
    s = scheduler_create();
    assert_non_null(s);
    task *t = scheduler_spawn(s, entry, NULL, 64 << 10, 4096);
    assert_non_null(t);
    scheduler_run(s, task_fiber(t));
    task_free(t);
    scheduler_destroy(s);
}

static void a_wait_that_is_over_before_it_begins(void **unused) {
    (void)unused;
    signal(SIGALRM, interrupt);
    run(sleep_a_little);
}

static void interrupt_now(void *unused) {
    (void)unused;
    scheduler_interrupt(s);
}

static void be_interrupted(void *unused) {
    (void)unused;
    scheduler_on_block(s, interrupt_now, NULL); /* when the flag has been looked at, and there is no loop yet */
    uint64_t began = uv_hrtime();
    assert_int_equal(scheduler_sleep(s, 4000), WAIT_CANCELLED);
    assert_true(uv_hrtime() - began < 2000000000);
    scheduler_on_block(s, NULL, NULL);
    assert_true(scheduler_take_interrupt(s));
}

static void an_interrupt_before_there_is_a_loop(void **unused) {
    (void)unused;
    run(be_interrupted);
}

int main(void) {
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure inside a fiber cannot go on with the next test */
    mem_init();
    fiber_system_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_that_is_over_before_it_begins),
        cmocka_unit_test(an_interrupt_before_there_is_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
