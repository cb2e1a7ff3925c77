/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class.c: the class table: numbers and names, looking up members, instances, suggestions.
 *
 * Invariants: classes[n]->number == n; the index by name and every member table have a power of two of places and at
 * most half of them are taken, so a probe always ends.
 */
#include "interp/data/class_parts.h"
#include "interp/data/symbol.h"
#include "interp/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    FIRST_CLASSES = 128,
    FIRST_INDEX = 256,
    SUGGEST_MOST = 16,
    SPELLING_LONGEST = 64 /* bytes */
};

/* ---- the table ---- */

/* Names of the fixed numbers. Nobody can name those that begin with a space: no script sees an object of them. */
static const char *const fixed_names[CP_CLASS_FIRST_OTHER] = {
    [CP_CLASS_NONE] = " none",          [CP_CLASS_LIST] = "List",
    [CP_CLASS_INTEGER] = "Integer",     [CP_CLASS_REAL] = "Real",
    [CP_CLASS_SYMBOL] = "Symbol",       [CP_CLASS_STRING] = "String",
    [CP_CLASS_BINARY] = "Binary",       [CP_CLASS_BUFFER] = "Buffer",
    [CP_CLASS_ARRAY] = "Array",         [CP_CLASS_HASH_TABLE] = "HashTable",
    [CP_CLASS_REFERENCE] = "Reference", [CP_CLASS_ERROR] = "Error",
    [CP_CLASS_FUNCTION] = "Function",   [CP_CLASS_ENUMERATOR] = "Enumerator",
    [CP_CLASS_RANGE] = "Range",         [CP_CLASS_FACE] = " face",
    [CP_CLASS_CELL] = " cell",          [CP_CLASS_OBJECT] = "Object",
};

static const cp_class_def object_class = {
    .name = "Object",
    .doc = "Any class: a variable, argument or property of this class takes every value. There are no instances.",
    .flags = CP_CLASS_NOT_CREATABLE,
};

static struct class_name *index_place(const struct class_table *table, const cp_symbol *name) {
    uint32_t i = name->header.bits & table->index_mask;
    while (table->index[i].name && table->index[i].name != name) i = (i + 1) & table->index_mask;
    return &table->index[i];
}

static void index_grow(struct class_table *table) {
    struct class_name *old = table->index;
    uint32_t old_size = table->index_mask + 1;
    table->index = mem_alloc(2 * (size_t)old_size * sizeof *table->index);
    table->index_mask = 2 * old_size - 1;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].name) *index_place(table, old[i].name) = old[i];
}

cp_class *class_lookup(cp_context *cp, const cp_symbol *name) { return index_place(cp->classes, name)->class; }

cp_class *class_number_new(cp_context *cp, cp_symbol *name) {
    struct class_table *table = cp->classes;
    if (table->count == table->capacity) {
        cp_class **larger = mem_alloc(2 * (size_t)table->capacity * sizeof(cp_class *));
        memcpy(larger, table->classes, table->count * sizeof(cp_class *));
        table->classes = larger;
        table->capacity *= 2;
    }
    cp_class *c = mem_alloc(sizeof *c);
    c->name = name;
    c->number = table->count;
    c->slot_start = sizeof(cp_object) / sizeof(cp_value);
    table->classes[table->count++] = c;
    return c;
}

void class_point_name(cp_context *cp, cp_class *c) { class_point(cp, c->name, c); }

void class_point(cp_context *cp, cp_symbol *name, cp_class *c) {
    struct class_table *table = cp->classes;
    struct class_name *found = index_place(table, name);
    if (found->class == c) return;
    if (found->class) {
        type_renumber(cp, name, found->class->number, c->number);
    } else {
        if (2 * (table->index_count + 1) > table->index_mask + 1) {
            index_grow(table);
            found = index_place(table, name);
        }
        table->index_count++;
    }
    *found = (struct class_name){name, c};
}

void class_table_init(cp_context *cp) {
    struct class_table *table = mem_alloc(sizeof *table);
    table->capacity = FIRST_CLASSES;
    table->classes = mem_alloc(FIRST_CLASSES * sizeof(cp_class *));
    table->index = mem_alloc(FIRST_INDEX * sizeof *table->index);
    table->index_mask = FIRST_INDEX - 1;
    cp->classes = table;
    type_table_init(cp);
    for (uint32_t number = 0; number < CP_CLASS_FIRST_OTHER; number++) {
        cp_class *c = class_number_new(cp, cp_symbol_of(cp_symbol_z(cp, fixed_names[number])));
        if (fixed_names[number][0] != ' ') class_point_name(cp, c);
    }
    class_define_builtin(cp, CP_CLASS_OBJECT, &object_class);
}

cp_class *class_named(cp_context *cp, cp_symbol *name) {
    cp_class *c = class_lookup(cp, name);
    if (!c) {
        c = class_number_new(cp, name);
        class_point_name(cp, c);
    }
    return c;
}

bool class_autoload(cp_context *cp, cp_symbol *name) {
    cp->classes->autoload_error = CP_NIL;
    return cp->classes->autoload && cp->classes->autoload(cp, name);
}

bool class_throw_autoload(cp_context *cp) {
    cp_value error = cp->classes->autoload_error;
    cp->classes->autoload_error = CP_NIL;
    if (error != CP_NIL) cp_throw_value(cp, error);
    return error != CP_NIL;
}

cp_class *class_defined(cp_context *cp, cp_symbol *name) {
    cp_class *c = class_lookup(cp, name);
    if (CP_LIKELY(c && c->defined)) return c;
    if (!class_autoload(cp, name)) return NULL;
    c = class_lookup(cp, name);
    return c && c->defined ? c : NULL;
}

cp_class *cp_find_class(cp_context *cp, const char *name) {
    return class_defined(cp, cp_symbol_of(cp_symbol_z(cp, name)));
}

cp_value cp_object_behind(cp_value v) { return CP_UNLIKELY(cp_has_class(v, CP_CLASS_FACE)) ? face_of(v)->object : v; }

cp_class *cp_class_of(cp_context *cp, cp_value v) {
    return class_numbered(cp, cp_class_number_of(cp_object_behind(v)));
}

const char *cp_class_name(const cp_class *c) { return c->name->text; }

uint32_t cp_class_number(const cp_class *c) { return c->number; }

/* ---- members ---- */

/* The place of that name in a table that exists: its member's, or the free one where it belongs. */
static struct member **member_place(const struct interface *interface, const cp_symbol *name) {
    uint32_t i = name->header.bits & interface->mask;
    while (interface->table[i] && interface->table[i]->name != name) i = (i + 1) & interface->mask;
    return &interface->table[i];
}

struct member *interface_find(const struct interface *interface, const cp_symbol *name) {
    return interface->count ? *member_place(interface, name) : NULL;
}

/* Room for half as many members as there are places. */
static void interface_grow(struct interface *interface) {
    uint32_t size = interface->table ? 2 * (interface->mask + 1) : 8;
    struct member **members = mem_alloc(size / 2 * sizeof(struct member *));
    for (uint32_t i = 0; i < interface->count; i++) members[i] = interface->members[i];
    interface->members = members;
    interface->table = mem_alloc(size * sizeof(struct member *));
    interface->mask = size - 1;
    for (uint32_t i = 0; i < interface->count; i++) *member_place(interface, members[i]->name) = members[i];
}

bool interface_add(struct interface *interface, struct member *member) {
    if (interface_find(interface, member->name)) return false;
    if (!interface->table || 2 * (interface->count + 1) > interface->mask + 1) interface_grow(interface);
    *member_place(interface, member->name) = member;
    interface->members[interface->count++] = member;
    return true;
}

struct member *class_member(cp_context *cp, cp_class *c, uint32_t interface, cp_symbol *name) {
    if (CP_UNLIKELY(!c->built)) class_build(cp, c);
    return CP_LIKELY(interface < c->interface_count) ? interface_find(&c->interfaces[interface], name) : NULL;
}

bool cp_responds_to(cp_context *cp, cp_value receiver, const char *name) {
    uint32_t interface = cp_has_class(receiver, CP_CLASS_FACE) ? face_of(receiver)->interface : 0;
    cp_value object = cp_object_behind(receiver);
    cp_class *c = cp_class_of(cp, object);
    if (!c->built) class_build(cp, c); /* before the question: building makes the Symbols */
    cp_symbol *symbol = symbol_find(cp, name, strlen(name));
    if (!symbol) return false;
    struct member *member = class_member(cp, c, interface, symbol);
    if (member) return !(member->flags & MEMBER_PRIVATE);
    return c->missing && c->missing(cp, object, cp_from_object(symbol), NULL, -1) != CP_UNSET;
}

/* ---- instances ---- */

cp_value class_instance(cp_context *cp, cp_class *c) {
    if (CP_UNLIKELY(!c->built)) class_build(cp, c);
    cp_value *words = mem_alloc(((size_t)c->slot_start + c->slot_count) * sizeof(cp_value));
    ((cp_object *)words)->class_number = c->number;
    if (c->slot_count) memcpy(words + c->slot_start, c->slot_initial, c->slot_count * sizeof(cp_value));
    return cp_from_object(words);
}

cp_value cp_new(cp_context *cp, cp_class *c) { return class_instance(cp, c); }

cp_value *cp_slots(cp_context *cp, cp_value object) {
    object = cp_object_behind(object);
    return (cp_value *)object + class_numbered(cp, cp_object_of(object)->class_number)->slot_start;
}

/* ---- suggestions ---- */

static unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned spelling_distance(const char *a, size_t a_size, const char *b, size_t b_size, unsigned limit) {
    if (a_size == b_size && memcmp(a, b, a_size) == 0) return 0;
    if (a_size > SPELLING_LONGEST || b_size > SPELLING_LONGEST) return limit + 1;
    if ((a_size > b_size ? a_size - b_size : b_size - a_size) > limit) return limit + 1;
    /* Three rows of the table of distances between the beginnings of a and b: for i - 2, i - 1 and i bytes of a. */
    unsigned rows[3][SPELLING_LONGEST + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b_size; j++) above[j] = j;
    for (unsigned i = 1; i <= a_size; i++) {
        row[0] = i;
        unsigned least = i;
        for (unsigned j = 1; j <= b_size; j++) {
            unsigned best = smaller(above[j], row[j - 1]) + 1;
            best = smaller(best, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = smaller(best, before[j - 2] + 1);
            row[j] = best;
            least = smaller(least, best);
        }
        /* A swap reaches back over one row, so the end is certain only when two rows in a row are too far. */
        if (least > limit + 1) return limit + 1;
        unsigned *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return smaller(above[b_size], limit + 1);
}

unsigned class_suggest(cp_context *cp, cp_class *c, cp_symbol *name, cp_symbol **result, unsigned limit) {
    if (!c->built) class_build(cp, c);
    if (!c->interface_count) return 0;
    const struct interface *primary = &c->interfaces[0];
    unsigned distances[SUGGEST_MOST], count = 0;
    limit = smaller(limit, SUGGEST_MOST);
    if (limit == 0) return 0;
    for (uint32_t i = 0; i < primary->count; i++) {
        const struct member *member = primary->members[i];
        if (member->flags & MEMBER_PRIVATE) continue;
        unsigned distance = spelling_likeness(name, member->name);
        if (distance == SPELLING_UNLIKE || distance >= name->size) continue;
        if (count == limit && distance >= distances[count - 1]) continue;
        unsigned at = count < limit ? count++ : limit - 1;
        for (; at > 0 && distances[at - 1] > distance; at--) {
            distances[at] = distances[at - 1];
            result[at] = result[at - 1];
        }
        distances[at] = distance;
        result[at] = member->name;
    }
    return count;
}

void table_is_wrong(const char *class_name, const char *member_name, const char *what) {
    fprintf(stderr, "carapace: table of %s: %s: %s\n", class_name, member_name, what);
    abort();
}
