/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * values.h: what the tests of strings, numbers and bytes share: methods called as the tables have them, and Errors
 * taken and looked at.
 */
#ifndef TESTS_VALUES_H
#define TESTS_VALUES_H

#include "interp/builtin/builtin.h"
#include "interp/builtin/tables.h"
#include "interp/base/memory.h"
#include "interp/data/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static cp_context *cp;

static inline int make_context(void **unused) {
    (void)unused;
    mem_init();
    cp = builtin_context();
    return cp == NULL;
}

/* Calls a function of a table by its name. */
static inline cp_value call_in(const cp_function_def *table, const char *name, cp_value self, int count,
                               const cp_value *arguments) {
    while (table->name && strcmp(table->name, name)) table++;
    assert_non_null(table->name);
    return table->function(cp, self, arguments, count);
}
#define CALL(table, name, self, ...)                                                                                   \
    call_in(table, name, self, (int)(sizeof((cp_value[]){__VA_ARGS__}) / sizeof(cp_value)), (cp_value[]){__VA_ARGS__})

static inline cp_value text(const char *z) { return cp_string_z(cp, z); }

static inline void is_text(cp_value v, const char *expected) {
    assert_true(cp_is_string(v));
    assert_string_equal(cp_text_z(cp, v), expected);
}

static inline void is_integer(cp_value v, int64_t expected) {
    int64_t n = 0;
    assert_true(cp_to_int64(v, &n));
    assert_int_equal(n, expected);
}

/* Takes the Error and checks its code, which is of class 1 unless said otherwise, and a part of its text. */
static inline void is_error_of(cp_value v, int error_class, int code, const char *part) {
    assert_true(v == CP_THROWN);
    cp_value error = cp_take_error(cp);
    assert_int_equal(cp_error_class_of(error), error_class);
    assert_int_equal(cp_error_code_of(error), code);
    const char *message = cp_text_z(cp, cp_error_text_of(error));
    if (!strstr(message, part)) fail_msg("\"%s\" is not in \"%s\"", part, message);
}
static inline void is_error(cp_value v, int code, const char *part) { is_error_of(v, CP_ERROR_CARAPACE, code, part); }

/* Random numbers that are the same in every run. */
static inline uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1du;
}

#endif
