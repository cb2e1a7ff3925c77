/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * array_class.c: the methods a script calls on an Array (language.md 8).
 */
#include "interp/data/array.h"
#include "interp/builtin/tables.h"
#include "interp/data/equal.h"
#include "interp/data/list.h"

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

/* The place with that index; NULL, with Error 1.7 thrown, when there is none. */
static cp_value *place_at(cp_context *cp, cp_value self, cp_value index, const char *method) {
    int64_t wanted;
    struct array *array = array_of(self);
    if (cp_to_int64(index, &wanted) && wanted >= 0 && (uint64_t)wanted < array->count) return &array->items[wanted];
    cp_value text = cp_to_string(cp, index);
    if (text != CP_THROWN)
        cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "Array.%s: no item %s; the Array has %zu, counted from 0", method,
                 cp_text_z(cp, text), array->count);
    return NULL;
}

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static cp_value array_construct(cp_context *cp, cp_value self, const cp_value *arguments, int argument_count) {
    (void)self, (void)argument_count;
    int64_t count;
    if (cp_to_int64(arguments[0], &count) && count >= 0) return cp_array_n(cp, (size_t)count, arguments[1]);
    if (cp_to_double(arguments[0]) > 0) /* more than any memory */
        return cp_array_n(cp, SIZE_MAX, CP_NIL);
    cp_value text = cp_to_string(cp, arguments[0]);
    if (text == CP_THROWN) return CP_THROWN;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Array: the number of items is %s, but must be 0 or more",
                    cp_text_z(cp, text));
}

static cp_value array_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum((int64_t)array_of(self)->count);
}

static cp_value array_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value *place = place_at(cp, self, arguments[0], "get");
    return place ? *place : CP_THROWN;
}

static cp_value array_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value *place = place_at(cp, self, arguments[0], "set");
    return place ? (*place = arguments[1]) : CP_THROWN;
}

static cp_value array_fill(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)count;
    struct array *array = array_of(self);
    for (size_t i = 0; i < array->count; i++) array->items[i] = arguments[0];
    return self;
}

static cp_value array_sort(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct array *array = array_of(self);
    return sort_values(cp, array->items, array->count, arguments[0]) == CP_THROWN ? CP_THROWN : self;
}

static cp_value array_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct array *array = array_of(self);
    return list_room(cp, array->count) ? cp_list_n(array->items, array->count) : CP_THROWN;
}

static cp_value array_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_to_string(cp, self);
}

static cp_value array_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int equal = value_equal(cp, self, arguments[0]);
    return equal < 0 ? CP_THROWN : equal ? cp->known.sym_true : CP_NIL;
}

static cp_value array_differs(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int equal = value_equal(cp, self, arguments[0]);
    return equal < 0 ? CP_THROWN : equal ? CP_NIL : cp->known.sym_true;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const cp_method_def methods[] = {
    {"Array", "Array", "((count Integer) (value Object ()))", array_construct,
     "Makes an Array of that many items, each of them value. A negative count is error 1.8, one that does not fit into "
     "memory 1.5."},
    {"length", "Integer", "()", array_length, "The number of items, which never changes."},
    {"get", "Object", "((index Integer))", array_get,
     "The item with that index, counted from 0. An index outside the Array is error 1.7."},
    {"set", "Object", "((index Integer) item)", array_set,
     "Puts item in the place with that index, counted from 0, and gives item. An index outside the Array is error "
     "1.7."},
    {"fill", "Array", "(item)", array_fill, "Puts item in every place and gives the Array."},
    {"sort", "Array", "((comparator Object ()))", array_sort,
     "Sorts the Array in place, keeping the order of equal items, and gives it. The comparator gets two items and says "
     "whether the first comes before the second: by an Integer below 0 (as 0 and above: it does not), or by anything "
     "true. Without one, numbers are ordered by value, text by its code points, objects by their method <; values "
     "without an order are error 1.11. When the comparator throws, the Array is unchanged."},
    {"list", "List", "()", array_list, "A new List of the items."},
    {"string", "String", "()", array_string, "The text <Array item...>."},
    {"==", "Object", "(other)", array_equal,
     "true when other is an Array with equal items in the same order; else ()."},
    {"!=", "Object", "(other)", array_differs, "() when other is an Array with equal items; else true."},
    {0},
};

const cp_class_def array_class = {
    .name = "Array",
    .doc = "A fixed number of values side by side, reached by index from 0 in constant time.",
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .methods = methods,
};
