/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fibers: C stacks that can be left and resumed, each with a region for the interpreter's values beside it.
 *
 * One mapping holds [guard page][C stack][values region]. The collector looks at the C stack of every fiber (from its
 * stack pointer up), at the values region from `values` up to values_top(fiber), and at `user` and `argument`.
 * Untouched pages cost nothing; a destroyed fiber's mapping is kept for the next fiber of the same sizes.
 *
 * All fibers run on the one thread that called fiber_system_init. The collector is one per process, so the list of
 * fibers and the current one are one static struct here: the exception to "no global state". */
#ifndef CARAPACE_BASE_FIBER_H
#define CARAPACE_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fiber fiber;

enum {
    FIBER_STACK_LEAST = 64 << 10, /* bytes */
    /* Bytes that code must leave free when it may allocate: libgc clears up to 16 KB below the stack pointer. */
    FIBER_STACK_RESERVE = 32 << 10,
};

struct fiber {
    void *values; /* lowest address of the values region, zeroed when the fiber is created; NULL when there is none */
    size_t values_size; /* bytes */
    /* Computes the end of the part of `values` in use; runs inside a collection and must not allocate. While NULL, no
     * value is looked at. A result outside of the region is cut to the region. */
    void *(*values_top)(fiber *);
    void *user;     /* the upper layer's object of this fiber: a root while the fiber lives */
    void *argument; /* given to entry: a root while the fiber lives */
    void *owner;    /* the scheduler's task; not looked at by the collector */
    char *stack_low, *stack_high;
    /* from here on private to fiber.c */
    void (*entry)(void *);
    void *stack_pointer; /* valid while parked */
    bool finished;
    struct fiber *next, *previous;
    char *mapping;
    size_t mapping_size;
    void *machine;           /* saved context where there is no assembly for the processor */
    void *fake_stack;        /* AddressSanitizer's */
    unsigned valgrind_stack; /* valgrind's number of the stack */
};

struct fiber_system {
    fiber *current;
    char *stack_low; /* that of the current fiber, here to make fiber_stack_left one load */
};
extern struct fiber_system fiber_system;

/* Makes the running C stack the main fiber. After mem_init, once, on the thread that will run all fibers; again does
 * nothing. */
void fiber_system_init(void);

/* The fiber of the thread's own stack. It has no values region until fiber_adopt_values. */
fiber *fiber_main(void);

/* Gives the main fiber a values region of size bytes: memory, which the caller keeps valid and
 * zeroes, or one mapped here when memory is NULL. False when that mapping fails. */
bool fiber_adopt_values(fiber *, void *memory, size_t size);

/* Makes a fiber that runs entry(argument) at the first switch to it. Sizes are rounded up to pages; at least
 * FIBER_STACK_LEAST of stack. When entry returns, `finished` is true and the main fiber continues. NULL when the
 * mapping fails. */
fiber *fiber_create(void (*entry)(void *argument), void *argument, size_t stack_size, size_t values_size);

/* Frees a fiber that is neither current nor the main one, whatever it was doing: nothing on its stack is unwound. */
void fiber_destroy(fiber *);

/* Leaves the current fiber and continues in `to`; returns when somebody switches back. A finished fiber must not be
 * given. */
void fiber_switch(fiber *to);

/* The running fiber. */
static inline fiber *fiber_current(void) { return fiber_system.current; }

/* Bytes between the stack pointer and the low end of the current fiber's stack; 0 when already beyond. */
static inline size_t fiber_stack_left(void) {
    char *here = (char *)__builtin_frame_address(0);
    return here > fiber_system.stack_low ? (size_t)(here - fiber_system.stack_low) : 0;
}

/* Returns the kept mappings of destroyed fibers to the system. */
void fiber_release_pool(void);

#endif
