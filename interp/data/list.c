/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list.c: building, measuring and reversing Lists.
 *
 * Nothing here trusts a List to end: each walk is either bounded by list_measure or builds nothing.
 */
#include "interp/data/list.h"
#include "interp/base/memory.h"

enum { CELL_SIZE = 16, CELL_TAG = 4 };

cp_value cp_cons(cp_value head, cp_value tail) {
    cp_cell *cell = mem_cell();
    cell->head = head;
    cell->tail = tail;
    return (cp_value)cell + CELL_TAG;
}

cp_value list_from(const cp_value *first, size_t count, size_t stride) {
    cp_value list = CP_NIL;
    for (size_t i = count; i > 0; i--) list = cp_cons(first[(i - 1) * stride], list);
    return list;
}

cp_value cp_list_n(const cp_value *items, size_t count) { return list_from(items, count, 1); }

void cp_list_add(cp_list_builder *builder, cp_value item) {
    cp_value cell = cp_cons(item, CP_NIL);
    if (builder->list == CP_NIL) builder->list = cell;
    else cp_cell_of(builder->last)->tail = cell;
    builder->last = cell;
}

/* Brent's cycle finding: the mark stays behind and is moved up whenever the walk has doubled. */
enum list_shape list_measure(cp_value list, size_t *cells) {
    size_t count = 0, next_mark = 16;
    cp_value mark = CP_UNSET, at = list;
    while (cp_is_cell(at) && at != mark) {
        if (CP_UNLIKELY(count == next_mark)) {
            mark = at;
            next_mark *= 2;
        }
        count++;
        at = cp_tail(at);
    }
    if (CP_LIKELY(!cp_is_cell(at))) {
        *cells = count;
        return at == CP_NIL ? LIST_PROPER : LIST_IMPROPER;
    }
    /* `mark` is on the cycle: count the cycle, then the cells before it by two walkers that far apart */
    size_t cycle = 1, before = 0;
    for (at = cp_tail(mark); at != mark; at = cp_tail(at)) cycle++;
    cp_value ahead = list, behind = list;
    for (size_t i = 0; i < cycle; i++) ahead = cp_tail(ahead);
    for (; ahead != behind; before++) {
        ahead = cp_tail(ahead);
        behind = cp_tail(behind);
    }
    *cells = before + cycle;
    return LIST_CIRCULAR;
}

size_t cp_list_length(cp_value list) {
    size_t count;
    list_measure(list, &count);
    return count;
}

bool list_count(cp_context *cp, cp_value list, size_t *count) {
    if (CP_LIKELY(list_measure(list, count) != LIST_CIRCULAR)) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "circular List: its tails lead back into it after %zu items",
             *count);
    return false;
}

bool list_count_proper(cp_context *cp, cp_value list, size_t *count) {
    enum list_shape shape = list_measure(list, count);
    if (CP_LIKELY(shape == LIST_PROPER)) return true;
    if (shape == LIST_CIRCULAR) return list_count(cp, list, count);
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "improper List: after %zu items its tail is no List", *count);
    return false;
}

cp_value cp_list_reverse(cp_value list) {
    size_t count = 0, next_mark = 16;
    cp_value result = CP_NIL, mark = CP_UNSET, at = list;
    for (; cp_is_cell(at) && at != mark; at = cp_tail(at), count++) { /* one walk for all Lists that end */
        if (CP_UNLIKELY(count == next_mark)) {
            mark = at;
            next_mark *= 2;
        }
        result = cp_cons(cp_head(at), result);
    }
    if (!cp_is_cell(at)) return result;
    list_measure(list, &count);
    result = CP_NIL;
    for (; count > 0; count--, list = cp_tail(list)) result = cp_cons(cp_head(list), result);
    return result;
}

bool list_room(cp_context *cp, size_t count) {
    size_t used = mem_used(), limit = mem_limit(), left = limit > used ? limit - used : 0;
    if (CP_LIKELY(count < 4096 || count <= left / CELL_SIZE)) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "a List of %zu items does not fit into the memory left (%zu bytes)",
             count, left);
    return false;
}

bool list_expect(cp_context *cp, cp_value v, const char *what) {
    if (CP_LIKELY(cp_is_list(v))) return true;
    cp_throw_type(cp, what, "List", v);
    return false;
}
