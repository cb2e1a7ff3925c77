/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that a wait ends in time when its time is over before the event loop begins to wait: the bug was that
 * libuv 1.44 then saw no timer any more and waited for ever. The clock function of libuv that the scheduler calls last
 * is replaced by one that takes longer than the wait. */
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

static void a_wait_that_is_over_before_it_begins(void **unused) {
    (void)unused;
    signal(SIGALRM, interrupt);
    s = scheduler_create();
    assert_non_null(s);
    task *t = scheduler_spawn(s, sleep_a_little, NULL, 64 << 10, 4096);
    assert_non_null(t);
    scheduler_run(s, task_fiber(t));
    task_free(t);
    scheduler_destroy(s);
}

int main(void) {
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure inside a fiber cannot go on with the next test */
    mem_init();
    fiber_system_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_wait_that_is_over_before_it_begins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
