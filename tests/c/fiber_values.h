/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fiber_values: what a fiber that is used again must look like, with pages of any size. */
#ifndef CARAPACE_FIBER_VALUES_H
#define CARAPACE_FIBER_VALUES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "interp/base/fiber.h"

static void fill_own_values(void *argument) {
    (void)argument;
    fiber *self = fiber_current();
    memset(self->values, 0xEE, self->values_size);
}

/* Three fibers one after the other have the same values, which begin as zeroes. */
static inline void check_values_zeroed(size_t stack, size_t values) {
    void *mapping = NULL;
    for (int round = 0; round < 3; round++) {
        fiber *f = fiber_create(fill_own_values, NULL, stack, values);
        assert_non_null(f);
        if (mapping) assert_ptr_equal(f->values, mapping);
        mapping = f->values;
        assert_int_equal(f->values_size, values);
        for (size_t i = 0; i < values; i++) assert_int_equal(((unsigned char *)f->values)[i], 0);
        assert_null(f->user);
        assert_null(f->owner);
        assert_null(f->values_top);
        fiber_switch(f);
        assert_true(f->finished);
        fiber_destroy(f);
    }
}

#endif
