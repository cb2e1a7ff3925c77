/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * range.c: Ranges and what a script asks of them.
 *
 * A Range never changes and holds no pointers. Items of a Range of Reals are start + index * step, so that errors of
 * rounding do not add up.
 */
#include "interp/data/range.h"
#include "interp/data/list.h"

#include <math.h>

static cp_value out_of_bounds(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                    "range: start, end, step and the number of items must fit 64 bits and be finite");
}

static cp_value step_is_zero(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "range: the step is 0, so the end would never be reached");
}

cp_value range_new(cp_context *cp, cp_value start, cp_value end, cp_value step) {
    struct range range = {.header.class_number = CP_CLASS_RANGE};
    range.real = cp_is_real(start) || cp_is_real(end) || cp_is_real(step);
    if (range.real) {
        range.real_start = cp_to_double(start);
        range.real_end = cp_to_double(end);
        range.real_step = cp_to_double(step);
        if (range.real_step == 0) return step_is_zero(cp);
        double count = ceil((range.real_end - range.real_start) / range.real_step);
        if (!isfinite(range.real_start) || !isfinite(range.real_step) || !(count < 0x1p62)) return out_of_bounds(cp);
        range.count = count > 0 ? (uint64_t)count : 0;
    } else {
        if (!cp_to_int64(start, &range.start) || !cp_to_int64(end, &range.end) || !cp_to_int64(step, &range.step))
            return out_of_bounds(cp);
        if (range.step == 0) return step_is_zero(cp);
        __int128 distance = (__int128)range.end - range.start, stride = range.step;
        if (stride < 0) distance = -distance, stride = -stride;
        __int128 count = distance > 0 ? (distance + stride - 1) / stride : 0;
        if (count > INT64_MAX) return out_of_bounds(cp);
        range.count = (uint64_t)count;
    }
    struct range *result = cp_alloc_atomic(sizeof *result);
    *result = range;
    return cp_from_object(result);
}

cp_value range_item(cp_context *cp, const struct range *range, uint64_t index) {
    if (range->real) return cp_real(range->real_start + (double)index * range->real_step);
    /* the product may pass 64 bits where the sum does not */
    return cp_integer(cp, (int64_t)(range->start + (__int128)range->step * (__int128)index));
}

/* ---- properties and methods -------------------------------------------------------------------------------------- */

static cp_value get_start(cp_context *cp, cp_value self) {
    struct range *range = range_of(self);
    return range->real ? cp_real(range->real_start) : cp_integer(cp, range->start);
}

static cp_value get_end(cp_context *cp, cp_value self) {
    struct range *range = range_of(self);
    return range->real ? cp_real(range->real_end) : cp_integer(cp, range->end);
}

static cp_value get_step(cp_context *cp, cp_value self) {
    struct range *range = range_of(self);
    return range->real ? cp_real(range->real_step) : cp_integer(cp, range->step);
}

static cp_value range_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_integer(cp, (int64_t)range_of(self)->count);
}

static cp_value range_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t index;
    struct range *range = range_of(self);
    if (cp_to_int64(arguments[0], &index) && index >= 0 && (uint64_t)index < range->count)
        return range_item(cp, range, (uint64_t)index);
    cp_value text = cp_to_string(cp, arguments[0]);
    if (text == CP_THROWN) return CP_THROWN;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "Range.get: no item %s; the Range has %llu, counted from 0",
                    cp_text_z(cp, text), (unsigned long long)range->count);
}

static cp_value range_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct range *range = range_of(self);
    if (!list_room(cp, range->count)) return CP_THROWN;
    cp_value list = CP_NIL;
    for (uint64_t i = range->count; i > 0; i--) list = cp_cons(range_item(cp, range, i - 1), list);
    return list;
}

static cp_value range_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_to_string(cp, self);
}

/* Two Ranges are equal when their items are: (range 0 10 3) is (range 0 12 3). */
static cp_value range_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (!is_range(arguments[0])) return CP_NIL;
    struct range *a = range_of(self), *b = range_of(arguments[0]);
    bool equal = a->count == b->count;
    if (equal && a->count > 0) equal = cp_equal(cp, range_item(cp, a, 0), range_item(cp, b, 0));
    if (equal && a->count > 1) equal = cp_equal(cp, get_step(cp, self), get_step(cp, arguments[0]));
    return equal ? cp->known.sym_true : CP_NIL;
}

static cp_value range_differs(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return range_equal(cp, self, arguments, count) == CP_NIL ? cp->known.sym_true : CP_NIL;
}

static cp_value range_hash(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct range *range = range_of(self);
    uint32_t hash = (uint32_t)range->count;
    if (range->count > 0) hash = hash * 31 + cp_hash(cp, range_item(cp, range, 0));
    return cp_fixnum(hash);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const cp_property_def properties[] = {
    {"start", "Integer|Real", CP_READ_ONLY, NULL, get_start, NULL, "The first item, if there is any."},
    {"end", "Integer|Real", CP_READ_ONLY, NULL, get_end, NULL, "Where the Range ends; itself not an item."},
    {"step", "Integer|Real", CP_READ_ONLY, NULL, get_step, NULL,
     "The distance from an item to the next; may be negative."},
    {0},
};

static const cp_method_def methods[] = {
    {"length", "Integer", "()", range_length, "The number of items."},
    {"get", "Object", "((index Integer))", range_get,
     "The item with that index, counted from 0. An index outside the Range is error 1.7."},
    {"list", "List", "()", range_list, "A new List of the items; error 1.5 when it does not fit into memory."},
    {"string", "String", "()", range_string, "The text (range start end step) that makes it."},
    {"==", "Object", "(other)", range_equal, "true when other is a Range of the same items; else ()."},
    {"!=", "Object", "(other)", range_differs, "() when other is a Range of the same items; else true."},
    {"hash", "Integer", "()", range_hash, "A number that is the same for equal Ranges."},
    {0},
};

const cp_class_def range_class = {
    .name = "Range",
    .doc = "The numbers from start up to but not including end, by step, made by (range end), (range start end) or "
           "(range start end step). Takes the same little memory whatever its length.",
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
