/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * array.c: making Arrays and reaching their items.
 */
#include "interp/data/array.h"

cp_value cp_array_n(cp_context *cp, size_t count, cp_value fill) {
    size_t size;
    if (__builtin_mul_overflow(count, sizeof(cp_value), &size) ||
        __builtin_add_overflow(size, sizeof(struct array), &size))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "an Array of %zu items does not fit into memory", count);
    struct array *array = cp_try_alloc(cp, size);
    if (!array) return CP_THROWN;
    array->header.class_number = CP_CLASS_ARRAY;
    array->count = count;
    if (fill != CP_NIL)
        for (size_t i = 0; i < count; i++) array->items[i] = fill;
    return cp_from_object(array);
}

cp_value *cp_array_items(cp_value array, size_t *count) {
    *count = array_of(array)->count;
    return array_of(array)->items;
}
