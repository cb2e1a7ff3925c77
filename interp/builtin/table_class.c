/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table_class.c: the methods a script calls on a HashTable (language.md 8).
 */
#include "interp/builtin/tables.h"
#include "interp/data/equal.h"
#include "interp/data/list.h"
#include "interp/data/table.h"

enum {
    DEFAULT_CHAINS = 16,
    MOST_CHAINS = 1 << 30,
    MOST_RESERVED = 1 << 16 /* entries made room for in advance, whatever is asked for */
};

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static cp_value truth(cp_context *cp, bool condition) { return condition ? cp->known.sym_true : CP_NIL; }

/* Takes a number of chains: rounds it up to a power of two and makes room. */
static bool set_size(cp_context *cp, struct table *table, cp_value chains) {
    int64_t wanted;
    if (!cp_to_int64(chains, &wanted) || wanted < 1 || wanted > MOST_CHAINS) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "HashTable: the number of chains must be from 1 to %d",
                 MOST_CHAINS);
        return false;
    }
    size_t size = 1;
    while (size < (size_t)wanted) size *= 2;
    table->chains = size;
    return table_reserve(cp, table, size < MOST_RESERVED ? size : MOST_RESERVED);
}

/* Puts in ((k v) ...) or (k v ...). */
static bool add_pairs(cp_context *cp, cp_value table, cp_value pairs) {
    size_t count;
    if (!list_count_proper(cp, pairs, &count)) return false;
    bool nested = pairs != CP_NIL && cp_is_cell(cp_head(pairs));
    if (!nested && count % 2) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "HashTable: the last of %zu keys and values has no value",
                 count);
        return false;
    }
    while (pairs != CP_NIL) {
        cp_value pair = nested ? cp_head(pairs) : pairs;
        if (!cp_is_cell(pair) || !cp_is_cell(cp_tail(pair)) || (nested && cp_tail(cp_tail(pair)) != CP_NIL)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                     "HashTable: each pair must be a List of a key and a value, ((k v) ...), or none: (k v ...)");
            return false;
        }
        if (cp_table_set(cp, table, cp_head(pair), cp_head(cp_tail(pair))) == CP_THROWN) return false;
        pairs = cp_tail(nested ? pairs : cp_tail(pairs));
    }
    return true;
}

enum part { PART_KEY, PART_VALUE, PART_PAIR };

static cp_value list_of(cp_context *cp, cp_value self, enum part part) {
    struct table *table = table_of(self);
    cp_list_builder result = {0};
    size_t position = 0;
    cp_value key, value;
    if (!list_room(cp, table->count * (part == PART_PAIR ? 3 : 1))) return CP_THROWN;
    while (cp_table_next(self, &position, &key, &value)) {
        if (part == PART_PAIR) key = cp_cons(key, cp_cons(value, CP_NIL));
        cp_list_add(&result, part == PART_VALUE ? value : key);
    }
    return result.list;
}

/* ---- properties and methods -------------------------------------------------------------------------------------- */

static cp_value get_chains(cp_context *cp, cp_value self) {
    (void)cp;
    size_t chains = table_of(self)->chains;
    return cp_fixnum(chains ? (int64_t)chains : DEFAULT_CHAINS);
}

static cp_value set_chains(cp_context *cp, cp_value self, cp_value value) {
    return set_size(cp, table_of(self), value) ? value : CP_THROWN;
}

static cp_value table_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value table = cp_table(cp), chains = arguments[0], pairs = arguments[1];
    if (cp_is_cell(chains)) {
        if (pairs != CP_NIL)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "HashTable: the number of chains comes before the pairs");
        pairs = chains;
        chains = CP_NIL;
    }
    if (chains != CP_NIL && !set_size(cp, table_of(table), chains)) return CP_THROWN;
    return add_pairs(cp, table, pairs) ? table : CP_THROWN;
}

static cp_value table_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return cp_table_set(cp, self, arguments[0], arguments[1]);
}

static cp_value table_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct table_entry *entry;
    if (!table_lookup(cp, self, arguments[0], &entry)) return CP_THROWN;
    return entry ? entry->value : arguments[1];
}

static cp_value table_has(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct table_entry *entry;
    return table_lookup(cp, self, arguments[0], &entry) ? truth(cp, entry != NULL) : CP_THROWN;
}

static cp_value table_remove(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct table_entry *entry;
    if (!table_lookup(cp, self, arguments[0], &entry)) return CP_THROWN;
    if (entry) table_remove_entry(self, entry);
    return entry ? cp->known.sym_ok : CP_NIL;
}

static cp_value table_resize(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return set_size(cp, table_of(self), arguments[0]) ? CP_NIL : CP_THROWN;
}

static cp_value table_count(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum((int64_t)table_of(self)->count);
}

static cp_value table_keys(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return list_of(cp, self, PART_KEY);
}

static cp_value table_values(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return list_of(cp, self, PART_VALUE);
}

static cp_value table_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return list_of(cp, self, PART_PAIR);
}

static cp_value table_clear_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    table_clear(table_of(self));
    return CP_NIL;
}

/* Holds the block: whatever the function does to the table, the walk goes on and ends. */
static cp_value table_each(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct table_block *block = table_of(self)->block;
    struct table_entry *entry;
    size_t position = 0;
    while ((entry = table_block_next(block, &position))) {
        cp_value pair[] = {entry->key, entry->value};
        if (cp_call(cp, arguments[0], pair, 2) == CP_THROWN) return CP_THROWN;
    }
    return CP_NIL;
}

static cp_value table_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_to_string(cp, self);
}

static cp_value table_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int equal = value_equal(cp, self, arguments[0]);
    return equal < 0 ? CP_THROWN : truth(cp, equal);
}

static cp_value table_differs(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int equal = value_equal(cp, self, arguments[0]);
    return equal < 0 ? CP_THROWN : truth(cp, !equal);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const cp_property_def properties[] = {
    {"chains", "Integer", CP_READ_WRITE, NULL, get_chains, set_chains,
     "How many entries room was asked for, a power of two. Only a hint: a HashTable grows by itself. Setting it rounds "
     "up to a power of two; less than 1 or more than 2^30 is error 1.8."},
    {0},
};

static const cp_method_def methods[] = {
    {"HashTable", "HashTable", "((chains Integer|List ()) (pairs List ()))", table_construct,
     "Makes a HashTable, with room for about that many entries, of the pairs ((k v) ...) or (k v ...). The pairs may "
     "also stand first. A List that is neither is error 1.8."},
    {"set", "Object", "(key value)", table_set,
     "Puts value at key, in place of the one there, and gives value. Keys are equal as == says, so 1 and 1.0 are one "
     "key; objects of a class of one's own are as its methods hash and == say, both of which it needs, else each is a "
     "key of its own. A key must not be changed while it is one. Errors: what hash and == throw; 1.11 a hash that is "
     "no "
     "Integer."},
    {"get", "Object", "(key (default Object ()))", table_get, "The value at key, or else default."},
    {"has", "Symbol", "(key)", table_has, "true when there is a value at key, be it (); else ()."},
    {"remove", "Symbol", "(key)", table_remove, "Takes key and its value out: ok, or () when there was no such key."},
    {"resize", "NIL", "((chains Integer))", table_resize, "The same as setting chains."},
    {"count", "Integer", "()", table_count, "The number of entries."},
    {"length", "Integer", "()", table_count, "The number of entries."},
    {"keys", "List", "()", table_keys, "A new List of the keys, in the order in which they were first set."},
    {"values", "List", "()", table_values, "A new List of the values, in the order of the keys."},
    {"list", "List", "()", table_list, "A new List of pairs, ((k v) ...), in the order of the keys."},
    {"clear", "NIL", "()", table_clear_all, "Takes everything out."},
    {"each", "NIL", "(function)", table_each,
     "Calls function with each key and value, in the order of the keys. The function may change the HashTable; "
     "entries it adds may or may not be met."},
    {"string", "String", "()", table_string, "The text {k v ...}."},
    {"==", "Object", "(other)", table_equal,
     "true when other is a HashTable of the same keys with equal values, in any order; else ()."},
    {"!=", "Object", "(other)", table_differs, "() when other is a HashTable with equal entries; else true."},
    {0},
};

const cp_class_def hash_table_class = {
    .name = "HashTable",
    .doc = "Values found by keys of any class in constant time; keeps the order in which keys were first set.",
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
