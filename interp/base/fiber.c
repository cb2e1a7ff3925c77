/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes, switches and frees the C stacks of fibers, and shows them to the collector. */
#include "fiber.h"

#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(FIBER_UCONTEXT) || !(defined(__x86_64__) || defined(__aarch64__))
#define USE_UCONTEXT 1
#include <ucontext.h>
#else
#define USE_UCONTEXT 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define USE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define USE_ASAN 1
#endif
#endif
#ifdef USE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0u
#define VALGRIND_STACK_DEREGISTER(number) ((void)(number))
#endif

enum {
    MOST_POOLED = 256,        /* mappings kept; each holds KEPT_STACK and KEPT_VALUES of memory, in whole pages */
    KEPT_STACK = 16 << 10,    /* bytes at the high end of a pooled stack that keep their pages */
    KEPT_VALUES = 4 << 10,    /* bytes at the low end of a pooled values region that keep theirs, cleared by hand */
    HUGE_PAGE = 2 << 20,      /* a mapping of this size or more must not be backed by huge pages */
    OS_STACK_MOST = 64 << 20, /* the thread's own stack counts for no more than this */
};

struct fiber_system fiber_system;

static struct {
    fiber main_fiber;
    fiber *all;  /* every created fiber */
    fiber *left; /* the one just switched away from, for AddressSanitizer */
    fiber *pool; /* destroyed ones with their mappings */
    int pooled;
    size_t page;
} state;

/* ------------------------------------------------------------------ the switch */

#if USE_UCONTEXT

static void fiber_begin(void);

static void machine_switch(fiber *from, fiber *to) {
    from->stack_pointer = __builtin_frame_address(0);
    swapcontext(from->machine, to->machine);
}

static bool machine_prepare(fiber *f) {
    if (f->machine == NULL) f->machine = malloc(sizeof(ucontext_t));
    if (f->machine == NULL || getcontext(f->machine) != 0) return false;
    ucontext_t *context = f->machine;
    context->uc_stack.ss_sp = f->stack_low;
    context->uc_stack.ss_size = (size_t)(f->stack_high - f->stack_low);
    context->uc_link = NULL;
    makecontext(context, fiber_begin, 0);
    f->stack_pointer = f->stack_high;
    return true;
}

static bool machine_prepare_main(fiber *f) {
    f->machine = malloc(sizeof(ucontext_t));
    return f->machine != NULL && getcontext(f->machine) == 0;
}

/* Registers of a parked fiber lie in its context, which is malloc'd. */
static void machine_push(fiber *f) {
    if (f->machine) mem_push_range(f->machine, (char *)f->machine + sizeof(ucontext_t));
}

#else

/* Pushes the registers that a called function must preserve (System V ABI, AAPCS64), stores the stack pointer in *from,
 * takes `to` for it and pops the registers found there. The floating-point modes are left alone: nobody here changes
 * them. */
void fiber_machine_switch(void **from, void *to) __attribute__((visibility("hidden")));
/* Where a new fiber's first switch returns to: calls the function saved as the first register. */
void fiber_machine_begin(void) __attribute__((visibility("hidden")));

#if defined(__x86_64__)
__asm__(".text\n"
        ".hidden fiber_machine_switch\n.globl fiber_machine_switch\n.type fiber_machine_switch,@function\n"
        "fiber_machine_switch:\n"
        "    pushq %rbp\n    pushq %rbx\n    pushq %r12\n    pushq %r13\n    pushq %r14\n    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    popq %r14\n    popq %r13\n    popq %r12\n    popq %rbx\n    popq %rbp\n"
        "    ret\n"
        ".size fiber_machine_switch, .-fiber_machine_switch\n"
        ".hidden fiber_machine_begin\n.globl fiber_machine_begin\n.type fiber_machine_begin,@function\n"
        "fiber_machine_begin:\n"
        "    .cfi_startproc\n    .cfi_undefined rip\n" /* here a debugger's backtrace ends */
        "    call *%r15\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size fiber_machine_begin, .-fiber_machine_begin\n");
enum { SAVED_ENTRY = 0, SAVED_RETURN = 6, FRAME_WORDS = 9 };
#else
__asm__(".text\n"
        ".hidden fiber_machine_switch\n.globl fiber_machine_switch\n.type fiber_machine_switch,%function\n"
        "fiber_machine_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n    stp x21, x22, [sp, #16]\n    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n    stp x27, x28, [sp, #64]\n    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n    ldp x21, x22, [sp, #16]\n    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n    ldp x27, x28, [sp, #64]\n    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size fiber_machine_switch, .-fiber_machine_switch\n"
        ".hidden fiber_machine_begin\n.globl fiber_machine_begin\n.type fiber_machine_begin,%function\n"
        "fiber_machine_begin:\n"
        "    .cfi_startproc\n    .cfi_undefined x30\n"
        "    blr x19\n"
        "    brk #1\n"
        "    .cfi_endproc\n"
        ".size fiber_machine_begin, .-fiber_machine_begin\n");
enum { SAVED_ENTRY = 0, SAVED_RETURN = 11, FRAME_WORDS = 20 };
#endif

static void fiber_begin(void);

static inline void machine_switch(fiber *from, fiber *to) {
    fiber_machine_switch(&from->stack_pointer, to->stack_pointer);
}

/* Lays out what fiber_machine_switch will pop. The stack pointer is a multiple of 16 when fiber_machine_begin starts.
 */
static bool machine_prepare(fiber *f) {
    void **frame = (void **)(f->stack_high - 16) - FRAME_WORDS;
    memset(frame, 0, (size_t)(f->stack_high - (char *)frame));
    frame[SAVED_ENTRY] = (void *)fiber_begin;
    frame[SAVED_RETURN] = (void *)fiber_machine_begin;
    f->stack_pointer = frame;
    return true;
}

static bool machine_prepare_main(fiber *f) {
    (void)f;
    return true;
}

static void machine_push(fiber *f) { (void)f; }

#endif

/* Between the notice to the collector and the switch nothing may allocate. */
static inline void enter(fiber *from, fiber *to) {
    state.left = from;
    mem_stack_switch(to->stack_high);
    fiber_system.current = to;
    fiber_system.stack_low = to->stack_low;
}

/* The first thing done on a stack that was switched to. */
static inline void arrived(fiber *here) {
#ifdef USE_ASAN
    const void *low;
    size_t size;
    __sanitizer_finish_switch_fiber(here->fake_stack, &low, &size);
    if (state.left ==
        &state.main_fiber) { /* only AddressSanitizer knows the bounds by which it takes a stack for its own */
        state.main_fiber.mapping = (char *)low;
        state.main_fiber.mapping_size = size;
    }
#else
    (void)here;
#endif
}

/* dying: the stack will not be returned to. */
static inline void switch_stack(fiber *to, bool dying) {
    fiber *from = fiber_system.current;
#ifdef USE_ASAN
    bool to_main = to == &state.main_fiber;
    __sanitizer_start_switch_fiber(dying ? NULL : &from->fake_stack, to_main ? to->mapping : to->stack_low,
                                   to_main ? to->mapping_size : (size_t)(to->stack_high - to->stack_low));
#else
    (void)dying;
#endif
    enter(from, to);
    machine_switch(from, to);
    arrived(from);
}

void fiber_switch(fiber *to) {
    if (to != fiber_system.current) switch_stack(to, false);
}

static void fiber_begin(void) {
    fiber *self = fiber_system.current;
    arrived(self);
    self->entry(self->argument);
    self->finished = true;
    switch_stack(&state.main_fiber, true);
    abort(); /* nobody may switch to a finished fiber */
}

/* ------------------------------------------------------------------ the collector's view */

static void push_fiber(fiber *f) {
    if (f != fiber_system.current) { /* the running stack and the registers are the collector's own business */
        if (!f->finished) mem_push_range(f->stack_pointer, f->stack_high);
        machine_push(f);
    }
    mem_push_range(&f->user, &f->argument + 1);
    if (f->values == NULL || f->values_top == NULL) return;
    char *low = f->values, *top = f->values_top(f);
    if (top > low + f->values_size) top = low + f->values_size;
    mem_push_range(low, top);
}

static void push_fibers(void) {
    push_fiber(&state.main_fiber);
    for (fiber *f = state.all; f; f = f->next) push_fiber(f);
}

/* ------------------------------------------------------------------ life and death */

void fiber_system_init(void) {
    if (fiber_system.current != NULL) return;
    state.page = (size_t)sysconf(_SC_PAGESIZE);
    fiber *f = &state.main_fiber;
    /* The bounds come from the resource limit, as asking the threads library would read a file of /proc. The arguments
     * and the environment lie above stack_high and may take a quarter of the limit (execve(2)). */
    size_t size = 8 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) size = (size_t)limit.rlim_cur;
    if (size > OS_STACK_MOST) size = OS_STACK_MOST;
    f->stack_high = mem_stack_base();
    f->stack_low = f->stack_high - size / 4 * 3 + FIBER_STACK_RESERVE;
    if (!machine_prepare_main(f)) abort();
    fiber_system.current = f;
    fiber_system.stack_low = f->stack_low;
    mem_on_push_roots(push_fibers);
}

fiber *fiber_main(void) { return &state.main_fiber; }

static size_t whole_pages(size_t size) { return (size + state.page - 1) & ~(state.page - 1); }

static void *map(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    if (size >= HUGE_PAGE) madvise(memory, size, MADV_NOHUGEPAGE);
    return memory;
}

bool fiber_adopt_values(fiber *f, void *memory, size_t size) {
    if (memory == NULL) {
        size = whole_pages(size);
        memory = map(size);
        if (memory == NULL) return false;
    }
    f->values = memory;
    f->values_size = size;
    return true;
}

/* A kept fiber with just these sizes, or NULL. */
static fiber *from_pool(size_t stack_size, size_t values_size) {
    for (fiber **link = &state.pool; *link; link = &(*link)->next) {
        fiber *f = *link;
        if ((size_t)(f->stack_high - f->stack_low) != stack_size || f->values_size != values_size) continue;
        *link = f->next;
        state.pooled--;
        return f;
    }
    return NULL;
}

static fiber *map_fiber(size_t stack_size, size_t values_size) {
    fiber *f = calloc(1, sizeof *f);
    if (f == NULL) return NULL;
    f->mapping_size = state.page + stack_size + values_size;
    f->mapping = map(f->mapping_size);
    if (f->mapping == NULL) {
        free(f);
        return NULL;
    }
    /* Where a process may have no more mappings this fails too, and a stack without its guard is not worth having. */
    if (mprotect(f->mapping, state.page, PROT_NONE) != 0) {
        munmap(f->mapping, f->mapping_size);
        free(f);
        return NULL;
    }
    f->stack_low = f->mapping + state.page;
    f->stack_high = f->stack_low + stack_size;
    f->values = values_size ? f->stack_high : NULL;
    f->values_size = values_size;
    f->valgrind_stack = VALGRIND_STACK_REGISTER(f->stack_low, f->stack_high);
    return f;
}

static void unmap_fiber(fiber *f) {
    VALGRIND_STACK_DEREGISTER(f->valgrind_stack);
    munmap(f->mapping, f->mapping_size);
    free(f->machine);
    free(f);
}

fiber *fiber_create(void (*entry)(void *argument), void *argument, size_t stack_size, size_t values_size) {
    if (stack_size > SIZE_MAX / 4 || values_size > SIZE_MAX / 4) return NULL;
    stack_size = whole_pages(stack_size < FIBER_STACK_LEAST ? FIBER_STACK_LEAST : stack_size);
    values_size = whole_pages(values_size);
    fiber *f = from_pool(stack_size, values_size);
    if (f == NULL) f = map_fiber(stack_size, values_size);
    if (f == NULL) return NULL;
    f->entry = entry;
    f->argument = argument;
    if (!machine_prepare(f)) {
        unmap_fiber(f);
        return NULL;
    }
    f->previous = NULL;
    f->next = state.all;
    if (state.all) state.all->previous = f;
    state.all = f;
    return f;
}

/* Forgets all but the mapping, gives back the pages of deep use and clears the values. madvise takes no part of a page,
 * and one of arm64 may have 64 KB. */
static void pool_fiber(fiber *f) {
    size_t kept_stack = whole_pages(KEPT_STACK), kept_values = whole_pages(KEPT_VALUES);
    size_t stack_size = (size_t)(f->stack_high - f->stack_low);
    if (stack_size > kept_stack) madvise(f->stack_low, stack_size - kept_stack, MADV_DONTNEED);
    f->values_size = f->mapping_size - (size_t)(f->stack_high - f->mapping);
    f->values = f->values_size ? f->stack_high : NULL;
    if (f->values_size > 0) memset(f->values, 0, kept_values);
    if (f->values_size > kept_values)
        madvise((char *)f->values + kept_values, f->values_size - kept_values, MADV_DONTNEED);
    f->values_top = NULL;
    f->user = f->argument = f->owner = NULL;
    f->stack_pointer = f->fake_stack = NULL;
    f->finished = false;
    f->next = state.pool;
    state.pool = f;
    state.pooled++;
}

void fiber_destroy(fiber *f) {
    if (f == fiber_system.current || f == &state.main_fiber) abort();
    if (f->previous) f->previous->next = f->next;
    else state.all = f->next;
    if (f->next) f->next->previous = f->previous;
#ifdef USE_ASAN
    /* The frames of an unfinished fiber have left their red zones marked. */
    __asan_unpoison_memory_region(f->stack_low, (size_t)(f->stack_high - f->stack_low));
#endif
    if (state.pooled < MOST_POOLED) pool_fiber(f);
    else unmap_fiber(f);
}

void fiber_release_pool(void) {
    while (state.pool) {
        fiber *f = state.pool;
        state.pool = f->next;
        unmap_fiber(f);
    }
    state.pooled = 0;
}
