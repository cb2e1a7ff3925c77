/* SPDX-License-Identifier: GPL-3.0-or-later */
/* node.c: what binder and generator both ask of types and variables. */
#include "interp/code/node.h"

static bool types_overlap(const struct type *x, const struct type *y) {
    for (uint32_t i = 0; i < x->count; i++)
        for (uint32_t j = 0; j < y->count; j++)
            if (x->numbers[i] == y->numbers[j]) return true;
    return false;
}

bool type_never_fits(const struct type *to, const struct type *from) {
    return !to->any && !from->any && !types_overlap(to, from);
}

bool type_always_fits(const struct type *to, const struct type *from) {
    if (to->any || to == from) return true;
    if (from->any) return false;
    for (uint32_t i = 0; i < from->count; i++) {
        bool found = false;
        for (uint32_t j = 0; j < to->count; j++) found |= from->numbers[i] == to->numbers[j];
        if (!found) return false;
    }
    return true;
}

void function_add_local(struct function_state *function, struct variable *variable) {
    if (function->local_count == function->local_capacity) {
        function->local_capacity = function->local_capacity ? function->local_capacity * 2 : 8;
        struct variable **grown = cp_alloc(function->local_capacity * sizeof *grown);
        if (function->local_count) memcpy(grown, function->locals, function->local_count * sizeof *grown);
        function->locals = grown;
    }
    function->locals[function->local_count++] = variable;
    variable->function_level = true;
}

int function_capture(struct function_state *function, struct variable *variable) {
    for (uint32_t i = 0; i < function->capture_count; i++)
        if (function->captures[i] == variable) return (int)i;
    if (function->capture_count == function->capture_capacity) {
        function->capture_capacity = function->capture_capacity ? function->capture_capacity * 2 : 4;
        struct variable **grown = cp_alloc(function->capture_capacity * sizeof *grown);
        if (function->capture_count) memcpy(grown, function->captures, function->capture_count * sizeof *grown);
        function->captures = grown;
    }
    function->captures[function->capture_count] = variable;
    return (int)function->capture_count++;
}
