/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list_class.c: the methods a script calls on a List (language.md 8).
 *
 * Every method ends on a circular List: those that must walk it all throw Error 1.8. Arguments that must be Lists are
 * declared without a class and checked here, because () is a List and a declared class would refuse it.
 */
#include "interp/builtin/tables.h"
#include "interp/data/equal.h"
#include "interp/data/list.h"

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static cp_value not_of_empty(cp_context *cp, const char *method) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "List.%s: the List is empty", method);
}

/* The cell with that index; CP_THROWN (1.7) when there is none. */
static cp_value cell_at(cp_context *cp, cp_value list, cp_value index, const char *method) {
    int64_t wanted;
    size_t count;
    if (!list_count(cp, list, &count)) return CP_THROWN;
    if (!cp_to_int64(index, &wanted) || wanted < 0 || (uint64_t)wanted >= count) {
        cp_value text = cp_to_string(cp, index);
        if (text == CP_THROWN) return CP_THROWN;
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "List.%s: no item %s; the List has %zu, counted from 0",
                        method, cp_text_z(cp, text), count);
    }
    while (wanted-- > 0) list = cp_tail(list);
    return list;
}

/* The cell that holds the attribute's value in a flat List, or the pair's cell in a List of pairs; () if not found. */
static cp_value find_place(cp_context *cp, cp_value list, cp_value attribute, bool *in_pair) {
    size_t count;
    if (!list_count(cp, list, &count)) return CP_THROWN;
    *in_pair = list != CP_NIL && cp_is_cell(cp_head(list));
    for (; count > 0 && cp_is_cell(list); count--, list = cp_tail(list)) { /* a scripted == may shorten it */
        if (*in_pair) {
            cp_value pair = cp_head(list);
            int equal = cp_is_cell(pair) ? value_equal(cp, cp_head(pair), attribute) : 0;
            if (equal) return equal < 0 ? CP_THROWN : list;
        } else {
            if (count < 2) break; /* an attribute without a value */
            int found = value_equal(cp, cp_head(list), attribute);
            if (found < 0) return CP_THROWN;
            list = cp_tail(list);
            count--;
            if (!cp_is_cell(list)) break;
            if (found) return list;
        }
    }
    return CP_NIL;
}

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static cp_value list_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self;
    return cp_list_n(arguments, (size_t)count);
}

static cp_value list_length(cp_context *cp, cp_value self, const cp_value *arguments, int argument_count) {
    (void)arguments, (void)argument_count;
    size_t count;
    return list_count(cp, self, &count) ? cp_fixnum((int64_t)count) : CP_THROWN;
}

static cp_value list_head(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return self == CP_NIL ? not_of_empty(cp, "head") : cp_head(self);
}

static cp_value list_tail(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return self == CP_NIL ? CP_NIL : cp_tail(self);
}

static cp_value list_cons(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)count;
    return cp_cons(arguments[0], self);
}

static cp_value list_end_cons(cp_context *cp, cp_value self, const cp_value *arguments, int argument_count) {
    (void)argument_count;
    size_t count;
    if (!list_count_proper(cp, self, &count)) return CP_THROWN;
    cp_value cell = cp_cons(arguments[0], CP_NIL), last = self;
    if (self == CP_NIL) return cell;
    while (--count > 0) last = cp_tail(last);
    cp_cell_of(last)->tail = cell;
    return self;
}

static cp_value list_reverse(cp_context *cp, cp_value self, const cp_value *arguments, int argument_count) {
    (void)arguments, (void)argument_count;
    size_t count;
    return list_count_proper(cp, self, &count) ? cp_list_reverse(self) : CP_THROWN;
}

static cp_value list_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value cell = cell_at(cp, self, arguments[0], "get");
    return cell == CP_THROWN ? CP_THROWN : cp_head(cell);
}

static cp_value list_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value cell = cell_at(cp, self, arguments[0], "set");
    return cell == CP_THROWN ? CP_THROWN : (cp_cell_of(cell)->head = arguments[1]);
}

static cp_value list_member(cp_context *cp, cp_value self, const cp_value *arguments, int argument_count) {
    (void)argument_count;
    size_t count;
    int equal;
    if (!list_count(cp, self, &count)) return CP_THROWN;
    cp_value at = self;
    for (size_t i = 0; i < count && cp_is_cell(at); i++, at = cp_tail(at)) /* a scripted == may shorten it */
        if ((equal = value_equal(cp, cp_head(at), arguments[0]))) return equal < 0 ? CP_THROWN : cp_fixnum((int64_t)i);
    return CP_NIL;
}

static cp_value list_find(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    bool in_pair;
    cp_value cell = find_place(cp, self, arguments[0], &in_pair);
    if (cell == CP_THROWN || cell == CP_NIL) return cell;
    if (!in_pair) return cp_head(cell);
    cp_value rest = cp_tail(cp_head(cell));
    return cp_is_cell(rest) ? cp_head(rest) : rest; /* (attribute . value) made in C counts as a pair too */
}

static cp_value list_find_aux(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    bool in_pair;
    return find_place(cp, self, arguments[0], &in_pair);
}

static cp_value list_replace_head(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (self == CP_NIL) return not_of_empty(cp, "replaceHead");
    cp_cell_of(self)->head = arguments[0];
    return self;
}

static cp_value list_replace_tail(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (self == CP_NIL) return not_of_empty(cp, "replaceTail");
    if (!list_expect(cp, arguments[0], "List.replaceTail: list")) return CP_THROWN;
    cp_cell_of(self)->tail = arguments[0];
    return self;
}

static cp_value list_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_to_string(cp, self);
}

static cp_value list_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int equal = value_equal(cp, self, arguments[0]);
    return equal < 0 ? CP_THROWN : equal ? cp->known.sym_true : CP_NIL;
}

static cp_value list_differs(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int equal = value_equal(cp, self, arguments[0]);
    return equal < 0 ? CP_THROWN : equal ? CP_NIL : cp->known.sym_true;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const cp_method_def methods[] = {
    {"List", "List", "(...)", list_construct, "Makes a List of the arguments, in order; of none, ()."},
    {"length", "Integer", "()", list_length, "The number of items. A circular List is error 1.8."},
    {"head", "Object", "()", list_head, "The first item. The head of () is error 1.7."},
    {"tail", "List", "()", list_tail, "The List without its first item, sharing its cells. The tail of () is ()."},
    {"cons", "List", "(item)", list_cons,
     "A new List: item, then this List, whose cells it shares. This List does not change."},
    {"endCons", "List", "(item)", list_end_cons,
     "Adds item at the end, in place, and gives the List. () cannot be changed: there the result is a new List of one "
     "item, so write (set l (l.endCons x)). A circular List is error 1.8."},
    {"reverse", "List", "()", list_reverse, "A new List with the items in the opposite order."},
    {"get", "Object", "((index Integer))", list_get,
     "The item with that index, counted from 0. An index outside the List is error 1.7."},
    {"set", "Object", "((index Integer) item)", list_set,
     "Puts item in the place with that index, counted from 0, and gives item. An index outside the List is error 1.7."},
    {"member", "Integer", "(item)", list_member,
     "The index, counted from 0, of the first item equal to the argument; () when there is none."},
    {"find", "Object", "(attribute)", list_find,
     "The value of an attribute; () when there is none. A List whose first item is a List is read as pairs, "
     "((a 1) (b 2)); any other as attributes and values in turn, (a 1 b 2)."},
    {"findAux", "List", "(attribute)", list_find_aux,
     "The rest of the List from where find finds the attribute: its head is the value, or in a List of pairs the pair; "
     "() when there is none. So that (l.findAux a).replaceHead changes the value of a flat List, and an attribute "
     "whose value is () can be told from a missing one."},
    {"replaceHead", "List", "(item)", list_replace_head,
     "Makes item the first item, in place, and gives the List. () has none: error 1.7."},
    {"replaceTail", "List", "(list)", list_replace_tail,
     "Makes list what follows the first item, in place, and gives the List. () has no first item: error 1.7; "
     "anything but a List is error 1.11."},
    {"string", "String", "()", list_string, "The text of the List as it reads back."},
    {"==", "Object", "(other)", list_equal, "true when other is a List with equal items in the same order; else ()."},
    {"!=", "Object", "(other)", list_differs, "() when other is a List with equal items; else true."},
    {0},
};

const cp_class_def list_class = {
    .name = "List",
    .doc = "A chain of cells, each with an item and the List of the rest; the empty one is (). Indexes count from 0. "
           "endCons, set, replaceHead and replaceTail work in place.",
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .methods = methods,
};
