/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that fibers switch, keep what their stacks and values hold, and end. */
#include "interp/base/fiber.h"

#include "fiber_values.h"
#include "interp/base/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { STACK = 64 << 10, VALUES = 32 << 10 };

#ifdef MEM_STRESS
enum { FIBERS = 500, ROUNDS = 3 };
#elif defined(MEM_PLAIN)
enum { FIBERS = 1000, ROUNDS = 3 };
#else
enum { FIBERS = 5000, ROUNDS = 5 };
#endif

static char trace[64];
static size_t traced;

static void note(char c) {
    if (traced + 1 < sizeof trace) trace[traced++] = c;
    trace[traced] = '\0';
}

static fiber *ping, *pong;

static void ping_body(void *argument) {
    assert_string_equal(argument, "ping");
    for (int i = 0; i < 3; i++) {
        note('i');
        fiber_switch(pong);
    }
    note('I');
}

static void pong_body(void *argument) {
    assert_string_equal(argument, "pong");
    for (;;) {
        note('o');
        fiber_switch(ping);
    }
}

static void fibers_take_turns(void **unused) {
    (void)unused;
    static char names[2][5] = {"ping", "pong"};
    traced = 0;
    ping = fiber_create(ping_body, names[0], STACK, 0);
    pong = fiber_create(pong_body, names[1], STACK, 0);
    assert_null(ping->values);
    assert_ptr_equal(fiber_current(), fiber_main());
    fiber_switch(ping);
    assert_ptr_equal(fiber_current(), fiber_main());
    assert_string_equal(trace, "ioioioI");
    assert_true(ping->finished);
    assert_false(pong->finished);
    fiber_destroy(ping);
    fiber_destroy(pong);
    fiber_switch(fiber_main()); /* to itself: nothing */
}

typedef struct cell {
    struct cell *next;
    intptr_t owner, number;
} cell;

static size_t right, wrong;

static void holder_body(void *argument) {
    intptr_t id = (intptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        cell *list = NULL;
        for (int i = 0; i < 50; i++) {
            cell *c = mem_alloc(sizeof *c);
            *c = (cell){.next = list, .owner = id, .number = i};
            list = c;
        }
        fiber_switch(fiber_main()); /* parked, only this stack reaches the list */
        for (int i = 0; i < 100; i++) ((cell *)mem_alloc(sizeof(cell)))->owner = -1;
        int number = 49;
        for (cell *c = list; c; c = c->next, number--)
            if (c->owner != id || c->number != number) break;
        if (number == -1) right++;
        else wrong++;
    }
}

static void parked_stacks_keep_their_cells(void **unused) {
    (void)unused;
    static fiber *fibers[FIBERS];
    cell *own = mem_alloc(sizeof *own); /* on the main stack, which is parked while fibers run and collect */
    own->owner = 4711;
    size_t collections = mem_collections();
    for (intptr_t i = 0; i < FIBERS; i++) {
        fibers[i] = fiber_create(holder_body, (void *)i, STACK, 4096);
        assert_non_null(fibers[i]);
    }
    for (int round = 0; round <= ROUNDS; round++)
        for (int i = 0; i < FIBERS; i++) {
            fiber_switch(fibers[i]);
            if (i % (FIBERS / 5) == 0) mem_collect();
        }
    assert_int_equal(right, (size_t)FIBERS * ROUNDS);
    assert_int_equal(wrong, 0);
    assert_int_equal(own->owner, 4711);
#ifndef MEM_PLAIN
    assert_true(mem_collections() >= collections + 5 * (ROUNDS + 1));
#else
    (void)collections;
#endif
    for (int i = 0; i < FIBERS; i++) {
        assert_true(fibers[i]->finished);
        fiber_destroy(fibers[i]);
    }
    fiber_release_pool();
}

static void sum_body(void *argument) {
    double a = 1.5, b = 2.25, c = 3.125;
    long k = 7, l = 11, m = 13, n = 17;
    for (int i = 0; i < 10; i++) {
        __asm__ volatile("" : "+r"(k), "+r"(l), "+r"(m), "+r"(n));
        fiber_switch(fiber_main());
        a += 1, b += a, c += b;
        k += 1, l += k, m += l, n += m;
    }
    *(double *)argument = a + b + c + (double)(k + l + m + n);
}

static void registers_survive_a_switch(void **unused) {
    (void)unused;
    double sums[3] = {0};
    fiber *fibers[3];
    for (int i = 0; i < 3; i++) fibers[i] = fiber_create(sum_body, &sums[i], STACK, 0);
    for (int round = 0; round < 11; round++)
        for (int i = 0; i < 3; i++) fiber_switch(fibers[i]);
    double a = 1.5, b = 2.25, c = 3.125;
    long k = 7, l = 11, m = 13, n = 17;
    for (int i = 0; i < 10; i++) {
        a += 1, b += a, c += b;
        k += 1, l += k, m += l, n += m;
    }
    for (int i = 0; i < 3; i++) {
        assert_true(sums[i] == a + b + c + (double)(k + l + m + n));
        fiber_destroy(fibers[i]);
    }
}

static size_t depth_reached;

static __attribute__((noinline)) size_t dive(size_t depth) {
    volatile char waste[100];
    waste[0] = (char)depth;
    if (fiber_stack_left() < FIBER_STACK_RESERVE) return depth;
    return dive(depth + 1) + (size_t)(waste[0] - (char)depth);
}

static void dive_body(void *argument) {
    (void)argument;
    depth_reached = dive(0);
    mem_collect(); /* with the stack pointer up again */
}

static void stack_left_bounds_recursion(void **unused) {
    (void)unused;
    size_t on_main = fiber_stack_left();
    assert_in_range(on_main, 1 << 20, 64 << 20);
    size_t before = 0;
    for (size_t size = 128 << 10; size <= (4 << 20); size *= 4) {
        fiber *f = fiber_create(dive_body, NULL, size, 0);
        assert_non_null(f);
        fiber_switch(f);
        assert_true(f->finished);
        assert_true(depth_reached > before);
        before = depth_reached;
        fiber_destroy(f);
    }
    assert_true(before > 1000);
    assert_true(dive(0) > 1000); /* on the thread's own stack too */
}

static void overflow(void) {
    fiber *f = fiber_create(dive_body, NULL, STACK, 0);
    *(volatile char *)(f->stack_low - 1) = 1;
}

static int in_child(void (*fn)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* not cmocka's, which would go on with the next test */
        close(2);                 /* a sanitizer would report the crash */
        fn();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void below_the_stack_is_a_guard(void **unused) {
    (void)unused;
    int status = in_child(overflow);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#ifndef __SANITIZE_ADDRESS__
static void create_without_end(void) {
    size_t count = 0;
    while (fiber_create(dive_body, NULL, 1 << 20, 1 << 20)) {
        if (++count > 1000000) _exit(1);
    }
    if (count == 0) _exit(2);
    if (fiber_create(dive_body, NULL, SIZE_MAX / 2, 0) || fiber_create(dive_body, NULL, STACK, SIZE_MAX)) _exit(3);
    _exit(7);
}

/* The kernel's limit on mappings, or on addresses, ends it; under AddressSanitizer that would take too much memory. */
static void creation_fails_without_mappings(void **unused) {
    (void)unused;
    int status = in_child(create_without_end);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}
#endif

static void values_begin_zeroed_when_reused(void **unused) {
    (void)unused;
    check_values_zeroed(STACK, VALUES);
}

#ifndef MEM_PLAIN

enum { COUNT = 100 };

static void *top_from_user(fiber *f) { return *(void **)f->user; }

static void *top_beyond(fiber *f) { return (char *)f->values + (1 << 30); }

static __attribute__((noinline)) void clear_stack(void) {
    char waste[16384];
    memset(waste, 0, sizeof waste);
    __asm__ volatile("" ::"r"(waste) : "memory");
}

static __attribute__((noinline)) void fill_values(fiber *f, void **links) {
    void **values = f->values;
    for (int i = 0; i < COUNT; i++) {
        values[i] = (char *)mem_cell() + 4;
        links[i] = values[i];
        mem_weak_link(&links[i], (char *)values[i] - 4);
    }
}

static size_t alive(void **links, size_t low, size_t high) {
    size_t count = 0;
    for (; low < high; low++) count += links[low] != NULL;
    return count;
}

/* 100 cells in the values of a fiber, of which those below `top` must live, and the others may go. */
static void check_values(fiber *f) {
    void **links = mem_alloc_atomic(COUNT * sizeof *links);
    void **user = mem_alloc(sizeof *user); /* reached from f->user alone */
    *user = (void **)f->values + 40;
    f->user = user;
    user = NULL;
    f->values_top = top_from_user;
    fill_values(f, links);
    clear_stack();
    mem_collect();
    assert_int_equal(alive(links, 0, 40), 40);
    assert_in_range(alive(links, 40, COUNT), 0, 5);
    *(void **)f->user = f->values;
    clear_stack();
    mem_collect();
    assert_in_range(alive(links, 0, COUNT), 0, 5);
    f->values_top = top_beyond; /* cut to the region; before the cells are made, as making them may collect */
    fill_values(f, links);
    clear_stack();
    mem_collect();
    assert_int_equal(alive(links, 0, COUNT), COUNT);
    f->values_top = NULL;
    f->user = NULL;
}

static void check_own_values(void *argument) {
    (void)argument;
    check_values(fiber_current());
}

static void values_live_up_to_their_top(void **unused) {
    (void)unused;
    fiber *parked = fiber_create(check_own_values, NULL, STACK, VALUES);
    check_values(parked);
    fiber_switch(parked); /* and those of a running one */
    assert_true(parked->finished);
    fiber_destroy(parked);
    assert_null(fiber_main()->values);
    assert_true(fiber_adopt_values(fiber_main(), NULL, 10000));
    check_values(fiber_main());
    static void *own[COUNT + 1];
    assert_true(fiber_adopt_values(fiber_main(), own, sizeof own));
    assert_ptr_equal(fiber_main()->values, own);
}

static void check_argument(void *argument) { assert_int_equal(((cell *)argument)->owner, 99); }

static __attribute__((noinline)) fiber *with_argument(void **link) {
    cell *c = mem_alloc(sizeof *c);
    c->owner = 99;
    *link = c;
    mem_weak_link(link, c);
    return fiber_create(check_argument, c, STACK, 0);
}

static void the_argument_lives_as_the_fiber_does(void **unused) {
    (void)unused;
    void **link = mem_alloc_atomic(sizeof *link);
    fiber *f = with_argument(link);
    clear_stack();
    mem_collect();
    assert_non_null(*link);
    fiber_switch(f);
    assert_true(f->finished);
    fiber_destroy(f);
}

#endif

int main(void) {
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure inside a fiber cannot go on with the next test */
    mem_init();
    fiber_system_init();
    fiber_system_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fibers_take_turns),
        cmocka_unit_test(parked_stacks_keep_their_cells),
        cmocka_unit_test(registers_survive_a_switch),
        cmocka_unit_test(stack_left_bounds_recursion),
        cmocka_unit_test(below_the_stack_is_a_guard),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(creation_fails_without_mappings),
#endif
        cmocka_unit_test(values_begin_zeroed_when_reused),
#ifndef MEM_PLAIN
        cmocka_unit_test(values_live_up_to_their_top),
        cmocka_unit_test(the_argument_lives_as_the_fiber_does),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
