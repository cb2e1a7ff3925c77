/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sequence_functions.c: map, filter, reduce and their kind over everything that `for` takes (language.md 7).
 *
 * A function that is given to one of these comes first, the sequence after it; functions that need none begin with the
 * sequence. For a HashTable the function gets key and value. What is a part of the sequence (filter, take, drop, sort,
 * unique) is of its kind: List, Array, String, Binary, HashTable; of all others, and for results of a function, a List,
 * but for an Array an Array.
 *
 * The function may throw, wait, and change the sequence: cp_next always comes to an end, and what has been gathered is
 * in memory of its own.
 */
#include "modules/library/library.h"

/* ---- gathering --------------------------------------------------------------------------------------------------- */

/* Values in memory that grows. Of a HashTable keys and values alternate. */
struct values {
    cp_value *items;
    size_t count, capacity;
};

static bool gather(cp_context *cp, struct values *values, cp_value item) {
    if (values->count == values->capacity) {
        size_t capacity = values->capacity ? values->capacity * 2 : 16;
        cp_value *items = cp_try_alloc(cp, capacity * sizeof *items);
        if (!items) return false;
        if (values->count) memcpy(items, values->items, values->count * sizeof *items);
        values->items = items;
        values->capacity = capacity;
    }
    values->items[values->count++] = item;
    return true;
}

static cp_value as_array(cp_context *cp, const struct values *values) {
    cp_value array = cp_array_n(cp, values->count, CP_NIL);
    size_t count;
    if (array != CP_THROWN && values->count)
        memcpy(cp_array_items(array, &count), values->items, values->count * sizeof(cp_value));
    return array;
}

static cp_value as_string(cp_context *cp, const struct values *values) {
    size_t size = 0;
    for (size_t i = 0; i < values->count; i++) size += cp_string_size(values->items[i]);
    cp_value string = cp_string_n(cp, NULL, size);
    if (string == CP_THROWN) return string;
    char *at = cp_string_of(string)->inline_text;
    for (size_t i = 0; i < values->count; i++) {
        memcpy(at, cp_string_text(values->items[i]), cp_string_size(values->items[i]));
        at += cp_string_size(values->items[i]);
    }
    return string;
}

static cp_value as_binary(cp_context *cp, const struct values *values) {
    cp_value binary = cp_binary_n(cp, NULL, values->count);
    if (binary == CP_THROWN) return binary;
    for (size_t i = 0; i < values->count; i++)
        cp_binary_of(binary)->data[i] = (unsigned char)cp_fixnum_value(values->items[i]);
    return binary;
}

static cp_value as_table(cp_context *cp, const struct values *values) {
    cp_value table = cp_table(cp);
    for (size_t i = 0; i + 1 < values->count; i += 2)
        if (cp_table_set(cp, table, values->items[i], values->items[i + 1]) == CP_THROWN) return CP_THROWN;
    return table;
}

/* A part of a sequence, of the same kind. */
static cp_value as_kind_of(cp_context *cp, cp_value sequence, const struct values *values) {
    switch (cp_class_number_of(sequence)) {
    case CP_CLASS_ARRAY: return as_array(cp, values);
    case CP_CLASS_STRING: return as_string(cp, values);
    case CP_CLASS_BINARY: return as_binary(cp, values);
    case CP_CLASS_HASH_TABLE: return as_table(cp, values);
    default: return cp_list_n(values->items, values->count);
    }
}

/* ---- walking ----------------------------------------------------------------------------------------------------- */

/* A sequence on its way, item by item. */
struct walk {
    cp_iterator iterator;
    bool is_table;
    uint32_t given;
    cp_value pair[2]; /* what the function gets: the item, or key and value */
};

enum { ITEMS_BETWEEN_POLLS = 256 }; /* a power of two */

static bool walk_start(cp_context *cp, struct walk *walk, cp_value sequence) {
    *walk = (struct walk){.is_table = cp_has_class(sequence, CP_CLASS_HASH_TABLE)};
    return cp_iterate(cp, &walk->iterator, sequence) != CP_THROWN;
}

/* The next item (of a HashTable the key), CP_DONE or CP_THROWN. Keys that were removed meanwhile are passed over. */
static cp_value walk_next(cp_context *cp, struct walk *walk) {
    for (;;) {
        if ((++walk->given & (ITEMS_BETWEEN_POLLS - 1)) == 0 && cp_poll(cp) == CP_THROWN) return CP_THROWN;
        cp_value item = cp_next(cp, &walk->iterator);
        walk->pair[0] = item;
        if (!walk->is_table || item == CP_DONE || item == CP_THROWN) return item;
        walk->pair[1] = cp_table_get(cp, walk->iterator.sequence, item);
        if (walk->pair[1] != CP_UNSET) return item;
    }
}

static cp_value walk_call(cp_context *cp, struct walk *walk, cp_value function) {
    return cp_call(cp, function, walk->pair, walk->is_table ? 2 : 1);
}

/* The item as a script sees it alone: (key value) of a HashTable. */
static cp_value walk_item(struct walk *walk) { return walk->is_table ? cp_list_n(walk->pair, 2) : walk->pair[0]; }

static bool gather_item(cp_context *cp, struct values *values, struct walk *walk) {
    return gather(cp, values, walk->pair[0]) && (!walk->is_table || gather(cp, values, walk->pair[1]));
}

static cp_value truth(cp_context *cp, bool holds) { return holds ? cp_symbol_z(cp, "true") : CP_NIL; }

/* ---- every item -------------------------------------------------------------------------------------------------- */

/* Several sequences side by side, as long as all of them have items. Of HashTables these are the keys. The next ones
   are stored in items; CP_NIL, CP_DONE or CP_THROWN. */
static cp_value next_of_all(cp_context *cp, struct walk *walks, cp_value *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        items[i] = walk_next(cp, &walks[i]);
        if (items[i] == CP_DONE || items[i] == CP_THROWN) return items[i];
    }
    return CP_NIL;
}

static struct walk *start_all(cp_context *cp, const cp_value *sequences, size_t count) {
    struct walk *walks = cp_alloc((count + 1) * sizeof *walks);
    for (size_t i = 0; i < count; i++)
        if (!walk_start(cp, &walks[i], sequences[i])) return NULL;
    return walks;
}

/* Calls the function for each item, or for the items of several sequences; its values are gathered where wanted. */
static cp_value call_all(cp_context *cp, const cp_value *arguments, int count, struct values *results) {
    size_t sequences = (size_t)count - 1;
    struct walk *walks = start_all(cp, arguments + 1, sequences);
    cp_value *items = cp_alloc(sequences * sizeof *items);
    if (!walks) return CP_THROWN;
    for (;;) {
        cp_value next = next_of_all(cp, walks, items, sequences);
        if (next == CP_DONE) return CP_NIL;
        if (next == CP_THROWN) return next;
        cp_value result =
            sequences == 1 ? walk_call(cp, walks, arguments[0]) : cp_call(cp, arguments[0], items, (int)sequences);
        if (result == CP_THROWN || (results && !gather(cp, results, result))) return CP_THROWN;
    }
}

static cp_value f_map(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    struct values results = {0};
    if (call_all(cp, arguments, count, &results) == CP_THROWN) return CP_THROWN;
    return cp_has_class(arguments[1], CP_CLASS_ARRAY) ? as_array(cp, &results)
                                                      : cp_list_n(results.items, results.count);
}

static cp_value f_each(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return call_all(cp, arguments, count, NULL);
}

static cp_value f_zip(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    if (count == 0) return CP_NIL;
    cp_list_builder result = {0};
    struct walk *walks = start_all(cp, arguments, (size_t)count);
    cp_value *items = cp_alloc((size_t)count * sizeof *items);
    if (!walks) return CP_THROWN;
    for (;;) {
        cp_value next = next_of_all(cp, walks, items, (size_t)count);
        if (next == CP_DONE) return result.list;
        if (next == CP_THROWN) return next;
        cp_list_add(&result, cp_list_n(items, (size_t)count));
    }
}

static cp_value f_reduce(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    struct walk walk;
    cp_value result = count > 2 ? arguments[2] : CP_UNSET;
    if (count > 3)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "reduce takes one first value, %d given", count - 2);
    if (!walk_start(cp, &walk, arguments[1])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;) {
        if (item == CP_THROWN) return item;
        if (result == CP_UNSET) {
            result = walk_item(&walk);
            continue;
        }
        cp_value given[] = {result, walk.pair[0], walk.pair[1]};
        result = cp_call(cp, arguments[0], given, walk.is_table ? 3 : 2);
        if (result == CP_THROWN) return result;
    }
    if (result != CP_UNSET) return result;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                    "reduce: there is no item; give a first value, (reduce function sequence first)");
}

/* Numbers are added here as far as they are small; the rest is left to their class's +. */
static cp_value add(cp_context *cp, cp_value sum, cp_value item) {
    if (cp_is_fixnum(sum) && cp_is_fixnum(item)) return cp_integer(cp, cp_fixnum_value(sum) + cp_fixnum_value(item));
    if (cp_is_real(sum) && cp_is_real(item)) return cp_real(cp_real_value(sum) + cp_real_value(item));
    return cp_send_z(cp, sum, "+", &item, 1);
}

static cp_value f_sum(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    cp_value sum = CP_UNSET;
    if (!walk_start(cp, &walk, arguments[0])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;) {
        if (item == CP_THROWN) return item;
        if (arguments[1] != CP_NIL) item = walk_call(cp, &walk, arguments[1]);
        else if (walk.is_table) item = walk.pair[1];
        if (item == CP_THROWN) return item;
        if (sum != CP_UNSET) sum = add(cp, sum, item);
        else if (cp_is_number(item) || cp_responds_to(cp, item, "+")) sum = item;
        else return cp_throw_type(cp, "sum: an item", "Integer, Real or what has a method +", item);
        if (sum == CP_THROWN) return sum;
    }
    return sum == CP_UNSET ? cp_fixnum(0) : sum;
}

/* ---- some items -------------------------------------------------------------------------------------------------- */

static cp_value f_filter(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    struct values kept = {0};
    if (!walk_start(cp, &walk, arguments[1])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;) {
        cp_value answer = item == CP_THROWN ? item : walk_call(cp, &walk, arguments[0]);
        if (answer == CP_THROWN) return answer;
        if (cp_is_true(answer) && !gather_item(cp, &kept, &walk)) return CP_THROWN;
    }
    return as_kind_of(cp, arguments[1], &kept);
}

/* Walks to the first item for which the function's answer is true (wanted) or (), if there is one: 1, else 0; -1
 * thrown. */
static int seek(cp_context *cp, struct walk *walk, const cp_value *arguments, bool wanted) {
    if (!walk_start(cp, walk, arguments[1])) return -1;
    for (cp_value item; (item = walk_next(cp, walk)) != CP_DONE;) {
        cp_value answer = item == CP_THROWN ? item : walk_call(cp, walk, arguments[0]);
        if (answer == CP_THROWN) return -1;
        if (cp_is_true(answer) == wanted) return 1;
    }
    return 0;
}

static cp_value f_find(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    int found = seek(cp, &walk, arguments, true);
    return found < 0 ? CP_THROWN : found ? walk_item(&walk) : arguments[2];
}

static cp_value f_any(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    int found = seek(cp, &walk, arguments, true);
    return found < 0 ? CP_THROWN : truth(cp, found);
}

static cp_value f_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    int found = seek(cp, &walk, arguments, false);
    return found < 0 ? CP_THROWN : truth(cp, !found);
}

/* A count of items: SIZE_MAX, with 1.8 thrown, when it is negative; any number beyond memory means all. */
static size_t item_count(cp_context *cp, const char *function, cp_value count) {
    int64_t n;
    if (!cp_to_int64(count, &n)) n = cp_to_double(count) < 0 ? -1 : INT64_MAX;
    if (n >= 0) return (size_t)n;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s: the number of items must be 0 or more", function);
    return SIZE_MAX;
}

static cp_value f_take(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    struct values taken = {0};
    size_t wanted = item_count(cp, "take", arguments[1]);
    if (wanted == SIZE_MAX || !walk_start(cp, &walk, arguments[0])) return CP_THROWN;
    for (; wanted > 0; wanted--) { /* not one more is fetched: it may be a Stream's line */
        cp_value item = walk_next(cp, &walk);
        if (item == CP_THROWN) return item;
        if (item == CP_DONE) break;
        if (!gather_item(cp, &taken, &walk)) return CP_THROWN;
    }
    return as_kind_of(cp, arguments[0], &taken);
}

static cp_value f_drop(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    struct values left = {0};
    size_t unwanted = item_count(cp, "drop", arguments[1]);
    if (unwanted == SIZE_MAX || !walk_start(cp, &walk, arguments[0])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;) {
        if (item == CP_THROWN) return item;
        if (unwanted > 0) unwanted--;
        else if (!gather_item(cp, &left, &walk)) return CP_THROWN;
    }
    return as_kind_of(cp, arguments[0], &left);
}

/* ---- order and groups -------------------------------------------------------------------------------------------- */

static cp_value f_sort(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    struct values items = {0};
    if (!walk_start(cp, &walk, arguments[0])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;)
        if (item == CP_THROWN || !gather(cp, &items, item)) return CP_THROWN;
    if (cp_sort(cp, items.items, items.count, arguments[1]) == CP_THROWN) return CP_THROWN;
    return as_kind_of(cp, walk.is_table ? CP_NIL : arguments[0], &items);
}

static cp_value f_unique(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    struct values kept = {0};
    cp_value seen = cp_table(cp);
    if (!walk_start(cp, &walk, arguments[0])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;) {
        if (item == CP_THROWN) return item;
        cp_value key = arguments[1] != CP_NIL ? walk_call(cp, &walk, arguments[1])
                       : walk.is_table        ? walk.pair[1]
                                              : item;
        if (key == CP_THROWN) return key;
        if (cp_table_get(cp, seen, key) != CP_UNSET) continue;
        if (cp_table_set(cp, seen, key, CP_NIL) == CP_THROWN || !gather_item(cp, &kept, &walk)) return CP_THROWN;
    }
    return as_kind_of(cp, arguments[0], &kept);
}

/* Each group grows at its last cell, which `ends` keeps. */
static cp_value f_group_by(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct walk walk;
    cp_value groups = cp_table(cp), ends = cp_table(cp);
    if (!walk_start(cp, &walk, arguments[1])) return CP_THROWN;
    for (cp_value item; (item = walk_next(cp, &walk)) != CP_DONE;) {
        cp_value key = item == CP_THROWN ? item : walk_call(cp, &walk, arguments[0]);
        if (key == CP_THROWN) return key;
        cp_value cell = cp_cons(walk_item(&walk), CP_NIL), end = cp_table_get(cp, ends, key);
        if (end != CP_UNSET) cp_cell_of(end)->tail = cell;
        else if (cp_table_set(cp, groups, key, cell) == CP_THROWN) return CP_THROWN;
        if (cp_table_set(cp, ends, key, cell) == CP_THROWN) return CP_THROWN;
    }
    return groups;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

const cp_function_def sequence_functions[] = {
    {"map", "List|Array", "(function sequence ...)", f_map,
     "The values of function for each item, in order: of an Array an Array, of anything else that for takes a List. A "
     "HashTable's function gets key and value. With several sequences it gets one item of each, until one of them ends "
     "(of a HashTable the keys)."},
    {"each", "NIL", "(function sequence ...)", f_each, "Calls function for each item, as map does, and gives ()."},
    {"filter", "Object", "(function sequence)", f_filter,
     "The items for which function answers anything but (). A List, Array, String, Binary or HashTable gives one of "
     "its "
     "kind, any other sequence a List. A HashTable's function gets key and value."},
    {"reduce", "Object", "(function sequence (... first))", f_reduce,
     "Joins all items to one value: function gets what there is so far and the next item (of a HashTable key and "
     "value), "
     "and gives what there is then. It begins with first, or else with the first item. Error 1.8 when there is "
     "neither."},
    {"sort", "List|Array|String|Binary", "(sequence (comparator Object ()))", f_sort,
     "The items in order, those that are equal as they stood; the sequence stays as it is. A List, Array, String or "
     "Binary gives one of its kind, a HashTable a List of its keys, any other sequence a List. The comparator gets two "
     "items and says whether the first comes before the second: by an Integer below 0 (as 0 and above: it does not), "
     "or "
     "by anything true. Without one, numbers are ordered by value, text by its code points, objects by their method <; "
     "values without an order are error 1.11."},
    {"find", "Object", "(function sequence (default Object ()))", f_find,
     "The first item for which function answers anything but (), else default. Of a HashTable, whose function gets key "
     "and value, the List (key value)."},
    {"any", "Symbol", "(function sequence)", f_any,
     "true when function answers anything but () for at least one item, else (). Asks no further than that."},
    {"all", "Symbol", "(function sequence)", f_all,
     "true when function answers () for no item, as when there is none; else (). Asks no further than the first ()."},
    {"zip", "List", "(...)", f_zip,
     "The Lists of the first items of all sequences, the second ones and so on, until one of the sequences ends. Of a "
     "HashTable the keys are taken."},
    {"take", "Object", "(sequence (count Integer))", f_take,
     "The first count items, or all when there are fewer. A List, Array, String, Binary or HashTable gives one of its "
     "kind, any other sequence, of which no item more is fetched, a List. A negative count is error 1.8."},
    {"drop", "Object", "(sequence (count Integer))", f_drop,
     "All items but the first count, of the same kind as take gives. A negative count is error 1.8."},
    {"unique", "Object", "(sequence (key Object ()))", f_unique,
     "The items without those that are equal to an earlier one, as keys of a HashTable are; of the same kind as take "
     "gives. With key, a function, those are left out for which it gives a value it gave before. Of a HashTable the "
     "values are compared."},
    {"groupBy", "HashTable", "(function sequence)", f_group_by,
     "The Lists of all items for which function gives the same value, at that value as key, in the order in which they "
     "come. Of a HashTable, whose function gets key and value, Lists of (key value)."},
    {"sum", "Object", "(sequence (function Object ()))", f_sum,
     "All items added up (of a HashTable the values), or what function gives for them; 0 when there is none. Numbers "
     "are "
     "added as + does, Integers exactly; other objects by their method +. An item that cannot be added is error 1.11."},
    {0},
};
