/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * no_machine.h: lets tests of the class table link where no virtual machine is. Nothing they test calls a script, so
 * each of these fails the test; weak, so that the real ones take their place wherever they are linked.
 */
#ifndef TESTS_NO_MACHINE_H
#define TESTS_NO_MACHINE_H

#include "interp/carapace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

cp_value __attribute__((weak)) cp_call(cp_context *context, cp_value function, const cp_value *arguments, int count) {
    (void)context, (void)function, (void)arguments, (void)count;
    fail_msg("cp_call was called");
    return CP_NIL;
}

cp_value __attribute__((weak))
cp_send_z(cp_context *context, cp_value receiver, const char *name, const cp_value *arguments, int count) {
    (void)context, (void)receiver, (void)arguments, (void)count;
    fail_msg("cp_send_z %s was called", name);
    return CP_NIL;
}

cp_value __attribute__((weak))
cp_send(cp_context *context, cp_value receiver, cp_value name, const cp_value *arguments, int count) {
    return cp_send_z(context, receiver, cp_symbol_of(name)->text, arguments, count);
}

cp_value __attribute__((weak)) cp_check_stack(cp_context *context) {
    (void)context;
    return CP_NIL; /* the main program's stack is large */
}

#endif
