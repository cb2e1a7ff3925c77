/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that the heap keeps what is reachable, drops what is not, and stops at its limit. */
#include "interp/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef MEM_STRESS
enum { SCALE = 20 };
#else
enum { SCALE = 1 };
#endif

typedef struct cell {
    uintptr_t value, next;
} cell;

static uintptr_t list_root;

/* Overwrites what calls have left below this frame, so that stale addresses there keep nothing alive. */
static __attribute__((noinline)) void clear_stack(void) {
    char waste[16384];
    memset(waste, 0, sizeof waste);
    __asm__ volatile("" ::"r"(waste) : "memory");
}

static __attribute__((noinline)) uintptr_t make_list(size_t length) {
    uintptr_t list = 0;
    for (size_t i = 0; i < length; i++) {
        cell *c = mem_cell();
        assert_int_equal(c->value, 0);
        assert_int_equal(c->next, 0);
        c->value = i << 1 | 1;
        c->next = list;
        list = (uintptr_t)c + 4;
    }
    return list;
}

static void check_list(uintptr_t list, size_t length) {
    while (length-- > 0) {
        assert_int_equal(list & 7, 4);
        cell *c = (cell *)(list - 4);
        assert_int_equal(c->value, length << 1 | 1);
        list = c->next;
    }
    assert_int_equal(list, 0);
}

static void tagged_cells_survive(void **unused) {
    (void)unused;
    enum { LENGTH = 200000 / SCALE };
    list_root = make_list(LENGTH);
    for (int i = 0; i < 5; i++) {
        clear_stack();
        mem_collect();
        make_list(LENGTH); /* garbage, to reuse whatever was freed */
        check_list(list_root, LENGTH);
    }
    list_root = 0;
}

static void pointer_free_blocks_are_handed_out_once(void **unused) {
    (void)unused;
    enum { COUNT = 100000 / SCALE };
    uint64_t **live = mem_alloc(COUNT * sizeof *live);
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            size_t words = 1 + i % 5 * 4;
            live[i] = mem_alloc_atomic(words * 8);
            for (size_t w = 0; w < words; w++) live[i][w] = i * 8 + 4;
            if (i % (COUNT / 7) == 17) mem_collect();
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t w = 0; w < 1 + i % 5 * 4; w++) assert_int_equal(live[i][w], i * 8 + 4);
    }
}

static void every_size_is_whole_and_zeroed(void **unused) {
    (void)unused;
    enum { SIZES = 700, EACH = 6 };
    static unsigned char *blocks[SIZES][EACH];
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < SIZES; size++) {
            for (int i = 0; i < EACH; i++) {
                bool atomic = i % 2;
                unsigned char *b = atomic ? mem_alloc_atomic(size) : mem_alloc(size);
                assert_int_equal((uintptr_t)b % 16, 0);
                for (size_t k = 0; !atomic && k < size; k++) assert_int_equal(b[k], 0);
                memset(b, (int)(size * EACH + (size_t)i) & 0xFF, size);
                blocks[size][i] = b;
            }
        }
        for (size_t size = 0; size < SIZES; size++)
            for (int i = 0; i < EACH; i++)
                for (size_t k = 0; k < size; k++)
                    assert_int_equal(blocks[size][i][k], (size * EACH + (size_t)i) & 0xFF);
        memset(blocks, 0, sizeof blocks);
        mem_collect();
    }
}

static void reallocation_keeps_contents(void **unused) {
    (void)unused;
    char *text = mem_realloc_atomic(NULL, 1);
    text[0] = 'a';
    size_t length = 1;
    for (size_t size = 2; size < 300000; size = size * 3 / 2 + 1) {
        text = size % 2 ? mem_realloc_atomic(text, size) : mem_try_realloc_atomic(text, size);
        assert_non_null(text);
        for (; length < size; length++) text[length] = (char)('a' + length % 26);
        for (size_t i = 0; i < size; i += 97) assert_int_equal(text[i], 'a' + i % 26);
    }
    text = mem_realloc_atomic(text, 10);
    assert_memory_equal(text, "abcdefghij", 10);
    assert_null(mem_try_realloc_atomic(text, SIZE_MAX - 100));
    assert_memory_equal(text, "abcdefghij", 10);
}

static void sizes_from_outside_may_be_refused(void **unused) {
    (void)unused;
    assert_null(mem_try_alloc(SIZE_MAX));
    assert_null(mem_try_alloc_atomic(SIZE_MAX - 15));
    assert_null(mem_try_alloc(SIZE_MAX / 2));
    assert_null(mem_try_alloc_atomic(mem_limit() + 1));
    size_t limit = mem_limit();
    assert_true(limit > (64u << 20));
    mem_set_limit(64u << 20);
    assert_int_equal(mem_limit(), 64u << 20);
    assert_null(mem_try_alloc(65u << 20));
    char *block = mem_try_alloc(1 << 20);
    assert_non_null(block);
    assert_int_equal(block[(1 << 20) - 1], 0);
    mem_set_limit(1); /* raised to the least */
    assert_int_equal(mem_limit(), 4u << 20);
    mem_set_limit(0);
    assert_int_equal(mem_limit(), limit);
}

/* Runs fn in a child process and returns its wait status; its standard error goes to output. */
static int in_child(void (*fn)(void), char *output, size_t room) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        fn();
        _exit(0);
    }
    close(ends[1]);
    ssize_t got = 0, more;
    while ((size_t)got + 1 < room && (more = read(ends[0], output + got, room - 1 - (size_t)got)) > 0) got += more;
    output[got] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void huge_request(void) { *(volatile char *)mem_alloc(SIZE_MAX / 4) = 0; }

static void exhaustion_ends_with_70(void **unused) {
    (void)unused;
    char output[256];
    int status = in_child(huge_request, output, sizeof output);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), MEM_EXIT_STATUS);
    assert_non_null(strstr(output, "carapace: memory exhausted\n"));
}

#ifndef MEM_PLAIN

static void endless_list(void) {
    mem_set_limit(8u << 20);
    for (;;) {
        uintptr_t *c = mem_alloc(256);
        c[0] = list_root;
        list_root = (uintptr_t)c;
        if (mem_over_limit()) write(2, "*", 1);
    }
}

static void live_heap_stops_at_the_hard_limit(void **unused) {
    (void)unused;
    static char output[1 << 20];
    int status = in_child(endless_list, output, sizeof output);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), MEM_EXIT_STATUS);
    assert_int_equal(output[0], '*'); /* the pressure was to be seen before */
}

static void pressure_comes_and_goes(void **unused) {
    (void)unused;
    mem_set_limit(64u << 20);
    mem_collect();
    assert_false(mem_over_limit());
    void **chunks = mem_alloc(8 * 20);
    for (int i = 0; i < 20; i++) chunks[i] = mem_alloc_atomic(4 << 20);
    mem_collect();
    assert_true(mem_over_limit());
    assert_null(mem_try_alloc_atomic(4 << 20));
    memset(chunks, 0, 8 * 20);
    clear_stack();
    void *block = mem_try_alloc_atomic(6 << 20); /* the collection it makes finds room */
    assert_non_null(block);
    assert_false(mem_over_limit());
    mem_set_limit(0);
}

static int finalized;

static void count_finalizer(void *object, void *data) {
    (void)object;
    assert_string_equal(data, "data");
    finalized++;
}

static __attribute__((noinline)) void make_finalizable(int count, void **keep) {
    for (int i = 0; i < count; i++) {
        char *data = mem_alloc_atomic(5);
        strcpy(data, "data");
        void **object = mem_alloc(32);
        object[0] = object; /* a cycle */
        mem_finalizer(object, count_finalizer, data);
        if (i == 0) *keep = object;
        if (i == 1) mem_finalizer(object, NULL, NULL);
    }
}

static void finalizers_run_on_demand(void **unused) {
    (void)unused;
    static void *keep;
    make_finalizable(1000, &keep);
    clear_stack();
    mem_collect();
    mem_collect();
    assert_int_equal(finalized, 0);
    assert_true(mem_finalizers_due());
    int ran = mem_run_finalizers();
    assert_int_equal(ran, finalized);
    assert_in_range(ran, 990, 998); /* one is kept, one taken back, and a stale word may hold a few */
    keep = NULL;
}

static __attribute__((noinline)) void link_objects(void **links, void **keep, size_t count) {
    for (size_t i = 0; i < count; i++) {
        links[i] = (char *)mem_cell() + 4;
        mem_weak_link(&links[i], (char *)links[i] - 4);
        if (i % 10 == 0) keep[i / 10] = links[i];
    }
}

static size_t count_links(void **links, size_t count) {
    size_t alive = 0;
    for (size_t i = 0; i < count; i++) alive += links[i] != NULL;
    return alive;
}

static void weak_links_break(void **unused) {
    (void)unused;
    void **links = mem_alloc_atomic(1000 * sizeof *links);
    static void *keep[100];
    link_objects(links, keep, 1000);
    clear_stack();
    mem_collect();
    for (size_t i = 0; i < 100; i++) assert_ptr_equal(links[i * 10], keep[i]);
    assert_in_range(count_links(links, 1000), 100, 105);
    mem_weak_unlink(&links[0]);
    memset(keep, 0, sizeof keep);
    clear_stack();
    mem_collect();
    assert_non_null(links[0]);
    assert_in_range(count_links(links, 1000), 1, 6);
}

static void **pushed;

static void push_table(void) {
    if (pushed) mem_push_range(pushed, pushed + 100);
}

static __attribute__((noinline)) void fill(void **holder, void **links, size_t count) {
    for (size_t i = 0; i < count; i++) {
        holder[i] = mem_cell();
        links[i] = holder[i];
        mem_weak_link(&links[i], holder[i]);
    }
}

/* How many of 100 cells outlive collections when they are held in that memory alone. */
static size_t survivors(void **holder) {
    void **links = mem_alloc_atomic(100 * sizeof *links);
    fill(holder, links, 100);
    clear_stack();
    mem_collect();
    mem_collect();
    return count_links(links, 100);
}

static void roots_are_what_was_declared(void **unused) {
    (void)unused;
    void **plain = calloc(100, sizeof *plain);
    assert_in_range(survivors(plain), 0, 5);
    void **atomic = mem_alloc_atomic(100 * sizeof *atomic);
    assert_in_range(survivors(atomic), 0, 5);
    static void **scanned;
    scanned = mem_alloc(100 * sizeof *scanned);
    assert_int_equal(survivors(scanned), 100);
    void **fixed = mem_alloc_uncollectable(100 * sizeof *fixed);
    void *hidden = (void *)~(uintptr_t)fixed;
    fixed = NULL;
    assert_int_equal(survivors((void **)~(uintptr_t)hidden), 100);
    mem_free_uncollectable((void *)~(uintptr_t)hidden);
    mem_free_uncollectable(NULL);
    pushed = plain;
    assert_int_equal(survivors(plain), 100);
    pushed = NULL;
    void **added = calloc(100, sizeof *added);
    mem_add_roots(added, added + 100);
    assert_int_equal(survivors(added), 100);
    free(plain); /* `added` stays, as its range does */
}

static void garbage_does_not_grow_the_heap(void **unused) {
    (void)unused;
    mem_collect();
    size_t before = mem_heap_size(), collections = mem_collections();
    for (int i = 0; i < 200 / SCALE; i++) make_list(100000); /* 320 MB */
    assert_true(mem_collections() > collections);
    /* What earlier tests used and libgc has given back to the system may be taken again, in one piece of up to 94 MB.
     */
    assert_true(mem_heap_size() <= before + (128u << 20));
    assert_true(mem_used() <= mem_heap_size());
}

#ifndef MEM_STRESS
/* 128 MB alive: beyond the size from which a second thread marks. */
static void large_heaps_are_marked_whole(void **unused) {
    (void)unused;
    enum { LENGTH = 1 << 22 };
    list_root = 0;
    for (size_t i = 0; i < LENGTH; i++) {
        uintptr_t *c = mem_alloc(32);
        c[0] = i;
        c[1] = list_root;
        list_root = (uintptr_t)c;
    }
    assert_true(mem_heap_size() > (100u << 20));
    mem_collect();
    uintptr_t list = list_root;
    for (size_t i = LENGTH; i-- > 0; list = ((uintptr_t *)list)[1]) assert_int_equal(((uintptr_t *)list)[0], i);
    assert_int_equal(list, 0);
    list_root = 0;
}
#endif

#endif

int main(void) {
    mem_init();
    mem_init();
#ifndef MEM_PLAIN
    mem_on_push_roots(push_table);
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tagged_cells_survive),
        cmocka_unit_test(pointer_free_blocks_are_handed_out_once),
        cmocka_unit_test(every_size_is_whole_and_zeroed),
        cmocka_unit_test(reallocation_keeps_contents),
        cmocka_unit_test(sizes_from_outside_may_be_refused),
        cmocka_unit_test(exhaustion_ends_with_70),
#ifndef MEM_PLAIN
        cmocka_unit_test(live_heap_stops_at_the_hard_limit),
        cmocka_unit_test(pressure_comes_and_goes),
        cmocka_unit_test(finalizers_run_on_demand),
        cmocka_unit_test(weak_links_break),
        cmocka_unit_test(roots_are_what_was_declared),
        cmocka_unit_test(garbage_does_not_grow_the_heap),
#ifndef MEM_STRESS
        cmocka_unit_test(large_heaps_are_marked_whole),
        cmocka_unit_test(live_heap_stops_at_the_hard_limit), /* again, in a child of a process with a marker thread */
#endif
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
