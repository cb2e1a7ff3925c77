/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that fibers are reused as they should be where a page has 64 KB, as on some arm64 systems. fiber.c is compiled
 * into this test with system calls that behave so: mappings begin at such a page, and madvise refuses what does not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "interp/base/memory.h"

enum { PAGE = 64 << 10, STACK = 2 * PAGE, VALUES = 3 * PAGE };

static size_t refusals;

static size_t in_pages(size_t size) { return (size + PAGE - 1) / PAGE * PAGE; }

static long large_sysconf(int name) { return name == _SC_PAGESIZE ? PAGE : sysconf(name); }

static void *large_mmap(void *wanted, size_t size, int protection, int flags, int fd, off_t offset) {
    char *memory = mmap(wanted, in_pages(size) + PAGE, protection, flags, fd, offset);
    if (memory == MAP_FAILED) return MAP_FAILED;
    size_t below = (PAGE - (uintptr_t)memory % PAGE) % PAGE;
    if (below > 0) munmap(memory, below);
    if (below < PAGE) munmap(memory + below + in_pages(size), PAGE - below);
    return memory + below;
}

static int large_madvise(void *memory, size_t size, int advice) {
    if ((uintptr_t)memory % PAGE == 0) return madvise(memory, in_pages(size), advice);
    refusals++;
    errno = EINVAL;
    return -1;
}

#define sysconf large_sysconf
#define mmap large_mmap
#define madvise large_madvise
#include "interp/base/fiber.c"
#undef sysconf
#undef mmap
#undef madvise

#include "fiber_values.h"

static void values_begin_zeroed_when_reused(void **unused) {
    (void)unused;
    check_values_zeroed(STACK, VALUES);
    assert_int_equal(refusals, 0);
    fiber_release_pool();
}

static void small_regions_become_a_page(void **unused) {
    (void)unused;
    fiber *f = fiber_create(fill_own_values, NULL, 1, 1);
    assert_non_null(f);
    assert_int_equal(f->stack_high - f->stack_low, PAGE);
    assert_int_equal(f->values_size, PAGE);
    fiber_switch(f);
    fiber_destroy(f);
    f = fiber_create(fill_own_values, NULL, 1, 1);
    for (size_t i = 0; i < PAGE; i++) assert_int_equal(((unsigned char *)f->values)[i], 0);
    fiber_switch(f);
    fiber_destroy(f);
    fiber_release_pool();
}

int main(void) {
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure inside a fiber cannot go on with the next test */
    mem_init();
    fiber_system_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_begin_zeroed_when_reused),
        cmocka_unit_test(small_regions_become_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
