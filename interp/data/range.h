/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * range.h: Ranges, the numbers from start up to but not including end, computed when asked for.
 */
#ifndef DATA_RANGE_H
#define DATA_RANGE_H

#include "interp/data/context.h"

struct range {
    cp_object header;
    bool real;      /* whether the items are Reals; says which of the two triples counts */
    uint64_t count; /* at most INT64_MAX */
    int64_t start, end, step;
    double real_start, real_end, real_step;
};
static inline struct range *range_of(cp_value v) { return (struct range *)v; }
static inline bool is_range(cp_value v) { return cp_has_class(v, CP_CLASS_RANGE); }

extern const cp_class_def range_class;

/* A Range of numbers; Integers beyond 64 bits and a step of 0 are error 1.8. */
cp_value range_new(cp_context *cp, cp_value start, cp_value end, cp_value step);

/* The item with that index, which is below count. */
cp_value range_item(cp_context *cp, const struct range *range, uint64_t index);

#endif
