/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * data_doubles.h: what the tests of collections need in place of the virtual machine: calls of natives, with arguments
 * that are left out given as (). Weak, so that the real ones take their place wherever they are linked.
 */
#ifndef TESTS_DATA_DOUBLES_H
#define TESTS_DATA_DOUBLES_H

#include "interp/builtin/builtin.h"
#include "interp/base/memory.h"
#include "interp/data/class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static cp_context *cp;
static char *stack_start;
static long long stack_most = 2 << 20; /* bytes of C stack that a test may use */

/* ---- doubles ---- */

#ifdef MEM_STRESS
enum { MANY = 3000 }; /* each allocation may collect */
#else
enum { MANY = 300000 }; /* more than recursion in C could bear */
#endif

enum { MOST_ARGUMENTS = 8 };

static cp_value call_native(cp_context *context, cp_value function, cp_value self, const cp_value *arguments,
                            int count) {
    cp_value padded[MOST_ARGUMENTS] = {0};
    assert_true(count <= MOST_ARGUMENTS && cp_is_function(function) && function_is_native(function_of(function)));
    if (count) memcpy(padded, arguments, (size_t)count * sizeof *padded);
    return function_of(function)->native(context, self, padded, count);
}

cp_value __attribute__((weak)) cp_call(cp_context *context, cp_value function, const cp_value *arguments, int count) {
    return call_native(context, function, CP_NIL, arguments, count);
}

cp_value __attribute__((weak))
cp_send(cp_context *context, cp_value receiver, cp_value name, const cp_value *arguments, int count) {
    cp_class *c = cp_class_of(context, receiver);
    struct member *member = class_member(context, c, 0, cp_symbol_of(name));
    if (!member) return cp_throw(context, CP_ERROR_CARAPACE, CP_UNKNOWN, "no member %s", cp_symbol_of(name)->text);
    if (member->kind == MEMBER_METHOD) return call_native(context, member->function, receiver, arguments, count);
    return count ? member->property->set(context, receiver, arguments[0]) : member->property->get(context, receiver);
}

cp_value __attribute__((weak))
cp_send_z(cp_context *context, cp_value receiver, const char *name, const cp_value *arguments, int count) {
    return cp_send(context, receiver, cp_symbol_z(context, name), arguments, count);
}

cp_value __attribute__((weak)) cp_check_stack(cp_context *context) {
    char here;
    if (stack_start - &here < stack_most) return CP_NIL;
    return cp_throw(context, CP_ERROR_CARAPACE, CP_RUNTIME, "the C stack is used up");
}

/* ---- what tests say ---- */

#define fix(n) cp_fixnum(n)
#define sym(text) cp_symbol_z(cp, text)
#define str(text) cp_string_z(cp, text)
#define ARGUMENTS(...) ((cp_value[]){__VA_ARGS__}), (int)(sizeof((cp_value[]){__VA_ARGS__}) / 8)
#define list(...) list_of_values(ARGUMENTS(__VA_ARGS__))
#define send(receiver, name, ...) cp_send_z(cp, receiver, name, ARGUMENTS(__VA_ARGS__))
#define ask(receiver, name) cp_send_z(cp, receiver, name, NULL, 0)
#define make(class_name, ...) construct(class_name, ARGUMENTS(__VA_ARGS__))
#define function(name, ...) call_function(name, ARGUMENTS(__VA_ARGS__))

static inline cp_value list_of_values(const cp_value *items, int count) { return cp_list_n(items, (size_t)count); }

static inline cp_value construct(const char *class_name, const cp_value *arguments, int count) {
    cp_class *c = cp_find_class(cp, class_name);
    assert_non_null(c);
    if (!c->built) class_build(cp, c);
    assert_non_null(c->constructor);
    return call_native(cp, c->constructor->function, CP_NIL, arguments, count);
}

static inline cp_value call_function(const char *name, const cp_value *arguments, int count) {
    cp_value f = cp_symbol_of(sym(name))->function;
    assert_true(f != CP_UNSET);
    return call_native(cp, f, CP_NIL, arguments, count);
}

/* The value's text, as the REPL shows it. */
static inline const char *source(cp_value v) {
    assert_true(v != CP_THROWN);
    cp_value text = cp_to_source(cp, v);
    assert_true(text != CP_THROWN);
    return cp_text_z(cp, text);
}

#define assert_shows(v, text) assert_string_equal(source(v), text)

/* v must have been thrown, with that class and code. */
#define assert_throws(v, class_, code_)                                                                                \
    do {                                                                                                               \
        assert_true((v) == CP_THROWN);                                                                                 \
        cp_value error_ = cp_take_error(cp);                                                                           \
        assert_int_equal(cp_error_class_of(error_), class_);                                                           \
        assert_int_equal(cp_error_code_of(error_), code_);                                                             \
    } while (0)

static inline int set_up(void **state) {
    char here;
    (void)state;
    mem_init();
    stack_start = &here;
    cp = builtin_context();
    return 0;
}

/* A List of the Integers from 0 to count - 1. */
static inline cp_value numbers(int count) {
    cp_value result = CP_NIL;
    while (count-- > 0) result = cp_cons(fix(count), result);
    return result;
}

static inline cp_value last_cell(cp_value l) {
    while (cp_is_cell(cp_tail(l))) l = cp_tail(l);
    return l;
}

/* `before` cells, then a circle of `cycle` ones. */
static inline cp_value circular(int before, int cycle) {
    cp_value l = numbers(before + cycle), back = l;
    for (int i = 0; i < before; i++) back = cp_tail(back);
    cp_cell_of(last_cell(l))->tail = back;
    return l;
}

#endif
