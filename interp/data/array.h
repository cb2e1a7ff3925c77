/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * array.h: Arrays, a fixed number of values side by side; and the sort that Arrays and Lists share.
 */
#ifndef DATA_ARRAY_H
#define DATA_ARRAY_H

#include "interp/data/context.h"

struct array {
    cp_object header;
    size_t count;
    cp_value items[];
};
static inline struct array *array_of(cp_value v) { return (struct array *)v; }
static inline bool is_array(cp_value v) { return cp_has_class(v, CP_CLASS_ARRAY); }

/*
 * Sorts items in place, stably. The comparator is () for the natural order (sort_compare) or whatever cp_call takes: it
 * gets two items and answers an Integer below 0, or anything true that is no number, when the first comes before the
 * second. It may wait, throw (items then stay as they were) and lie (the result is then some permutation). items must
 * be memory that nobody else frees meanwhile. CP_NIL or CP_THROWN.
 */
cp_value sort_values(cp_context *cp, cp_value *items, size_t count, cp_value comparator);

/*
 * The natural order: numbers by value, Strings and Symbols and byte strings by their bytes (for UTF-8 the order of code
 * points), objects whose class has a method `<` by that. Stores <0, 0 or >0. CP_NIL, or CP_THROWN: 1.11 for two values
 * that have no order.
 */
cp_value sort_compare(cp_context *cp, cp_value a, cp_value b, int *order);

#endif
