/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sort.c: a stable merge sort that no comparator can break.
 *
 * The work is done on two copies, and the result is written back at the end: a comparator may throw, wait while other
 * threads change what is being sorted, or contradict itself, and what is sorted stays a permutation of what it was.
 * Bottom-up merging; two neighbouring runs already in order are copied, so sorted input takes n - 1 comparisons.
 */
#include "interp/data/array.h"
#include "interp/data/number.h"

static bool has_text_order(cp_value v) {
    switch (cp_class_number_of(v)) {
    case CP_CLASS_STRING:
    case CP_CLASS_SYMBOL:
    case CP_CLASS_BINARY:
    case CP_CLASS_BUFFER: return true;
    default: return false;
    }
}

static int compare_bytes(cp_value a, cp_value b) {
    const char *a_bytes, *b_bytes;
    size_t a_size, b_size;
    if (!cp_bytes_of(a, &a_bytes, &a_size) || !cp_bytes_of(b, &b_bytes, &b_size)) return 0;
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common ? memcmp(a_bytes, b_bytes, common) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

cp_value sort_compare(cp_context *cp, cp_value a, cp_value b, int *order) {
    if (cp_is_fixnum(a) && cp_is_fixnum(b)) {
        *order = ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
        return CP_NIL;
    }
    switch (number_compare(cp, a, b, order)) {
    case NUMBER_ORDERED: return CP_NIL;
    case NUMBER_UNORDERED: { /* NaNs go last, so that the order is one */
        bool a_is_nan = !number_equal(a, a), b_is_nan = !number_equal(b, b);
        *order = a_is_nan - b_is_nan;
        return CP_NIL;
    }
    }
    if (has_text_order(a) && has_text_order(b)) {
        *order = compare_bytes(a, b);
        return CP_NIL;
    }
    if (cp_is_object(a) && cp_is_object(b) && cp_responds_to(cp, a, "<") && cp_responds_to(cp, b, "<")) {
        cp_value before = cp_send_z(cp, a, "<", &b, 1);
        if (before == CP_THROWN) return CP_THROWN;
        cp_value after = cp_is_true(before) ? CP_NIL : cp_send_z(cp, b, "<", &a, 1);
        if (after == CP_THROWN) return CP_THROWN;
        *order = cp_is_true(before) ? -1 : cp_is_true(after);
        return CP_NIL;
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                    "sort: %s and %s have no order; give a comparator, (lambda (a b) ...)",
                    cp_class_name(cp_class_of(cp, a)), cp_class_name(cp_class_of(cp, b)));
}

/* 1 when `right`, which stands after `left`, must come before it; 0 when not; -1 after a throw. */
static int must_swap(cp_context *cp, cp_value comparator, cp_value left, cp_value right) {
    if (comparator == CP_NIL) {
        int order;
        return sort_compare(cp, right, left, &order) == CP_THROWN ? -1 : order < 0;
    }
    cp_value pair[] = {right, left};
    cp_value answer = cp_call(cp, comparator, pair, 2);
    if (answer == CP_THROWN) return -1;
    if (cp_is_number(answer)) return cp_to_double(answer) < 0;
    return cp_is_true(answer);
}

/* Merges from[low, middle) and from[middle, high), each sorted, into to[low, high). */
static bool merge(cp_context *cp, cp_value comparator, const cp_value *from, cp_value *to, size_t low, size_t middle,
                  size_t high) {
    int swap = middle < high ? must_swap(cp, comparator, from[middle - 1], from[middle]) : 0;
    if (swap <= 0) {
        memcpy(to + low, from + low, (high - low) * sizeof *to);
        return swap == 0;
    }
    size_t left = low, right = middle, out = low;
    while (left < middle && right < high) {
        swap = must_swap(cp, comparator, from[left], from[right]);
        if (swap < 0) return false;
        to[out++] = swap ? from[right++] : from[left++];
    }
    memcpy(to + out, from + left, (middle - left) * sizeof *to);
    memcpy(to + out + (middle - left), from + right, (high - right) * sizeof *to);
    return true;
}

cp_value cp_sort(cp_context *cp, cp_value *items, size_t count, cp_value comparator) {
    return sort_values(cp, items, count, comparator);
}

cp_value sort_values(cp_context *cp, cp_value *items, size_t count, cp_value comparator) {
    if (count < 2) return CP_NIL;
    cp_value *from = cp_try_alloc(cp, count * sizeof *from);
    cp_value *to = from ? cp_try_alloc(cp, count * sizeof *to) : NULL;
    if (!to) return CP_THROWN;
    memcpy(from, items, count * sizeof *from);
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = middle + width < count ? middle + width : count;
            if (!merge(cp, comparator, from, to, low, middle, high)) return CP_THROWN;
        }
        cp_value *swapped = from;
        from = to;
        to = swapped;
    }
    memcpy(items, from, count * sizeof *items);
    return CP_NIL;
}
