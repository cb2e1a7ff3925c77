/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * type.c: declared types, one struct per spelling, so that the same spelling is the same pointer and a check is mostly
 * one comparison of class numbers.
 *
 * Invariant: the table has a power of two of places and at most half of them are taken.
 */
#include "interp/data/class_parts.h"
#include "interp/base/memory.h"

struct type_table {
    struct type **types; /* open addressing by the name's hash */
    uint32_t count, mask;
};

enum { FIRST_SIZE = 128 };

static struct type **place(const struct type_table *table, const cp_symbol *name) {
    uint32_t i = name->header.bits & table->mask;
    while (table->types[i] && table->types[i]->name != name) i = (i + 1) & table->mask;
    return &table->types[i];
}

static void grow(struct type_table *table) {
    struct type **old = table->types;
    uint32_t old_size = table->mask + 1;
    table->types = mem_alloc(2 * (size_t)old_size * sizeof(struct type *));
    table->mask = 2 * old_size - 1;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i]) *place(table, old[i]->name) = old[i];
}

void type_table_init(cp_context *cp) {
    struct type_table *table = mem_alloc(sizeof *table);
    table->types = mem_alloc(FIRST_SIZE * sizeof(struct type *));
    table->mask = FIRST_SIZE - 1;
    cp->classes->types = table;
}

/* Adds the class of one part of a spelling. () is taken by every type, so NIL adds nothing to others. */
static void add_part(cp_context *cp, struct type *type, const char *text, size_t size, bool alone) {
    if (size == 0) return;
    bool nil = size == 3 && memcmp(text, "NIL", 3) == 0;
    if (nil && !alone) return;
    if (nil || (size == 6 && memcmp(text, "Object", 6) == 0)) {
        type->any = true;
        return;
    }
    cp_symbol *name = alone ? type->name : cp_symbol_of(cp_symbol_n(cp, text, size));
    uint32_t number = class_named(cp, name)->number;
    if (number == CP_CLASS_INTEGER) type->fixnum = 1;
    type->numbers[type->count++] = number;
}

static void add_type(cp_context *cp, struct type *type) {
    struct type_table *table = cp->classes->types;
    if (2 * (table->count + 1) > table->mask + 1) grow(table);
    *place(table, type->name) = type;
    table->count++;
}

struct type *type_joined(cp_context *cp, cp_symbol *name, cp_symbol **parts, size_t count) {
    struct type *type = mem_alloc(sizeof *type + count * sizeof type->numbers[0]);
    type->name = name;
    for (size_t i = 0; i < count; i++) {
        const struct type *part = type_of_symbol(cp, parts[i]);
        bool nil = part->any && !strcmp(part->name->text, "NIL"); /* () is taken by every type */
        type->any |= part->any && !nil;
        type->fixnum |= part->fixnum;
        if (part->count) type->numbers[type->count++] = part->numbers[0];
    }
    add_type(cp, type);
    return type;
}

struct type *type_of_symbol(cp_context *cp, cp_symbol *name) {
    struct type **found = place(cp->classes->types, name);
    if (CP_LIKELY(*found != NULL)) return *found;
    size_t parts = 1;
    for (size_t i = 0; i < name->size; i++) parts += name->text[i] == '|';
    struct type *type = mem_alloc(sizeof *type + parts * sizeof type->numbers[0]);
    type->name = name;
    const char *part = name->text, *end = name->text + name->size;
    while (part < end) {
        const char *bar = memchr(part, '|', (size_t)(end - part));
        const char *stop = bar ? bar : end;
        add_part(cp, type, part, (size_t)(stop - part), parts == 1);
        part = stop + 1;
    }
    add_type(cp, type);
    return type;
}

struct type *type_named(cp_context *cp, const char *name, size_t size) {
    return type_of_symbol(cp, cp_symbol_of(cp_symbol_n(cp, name, size)));
}

bool type_accepts_slow(const struct type *type, cp_value v) {
    if (type->any || v == CP_NIL) return true;
    uint32_t number = cp_class_number_of(cp_object_behind(v));
    for (uint32_t i = 0; i < type->count; i++)
        if (type->numbers[i] == number) return true;
    return false;
}

/* Whether a spelling says a name. Of a package's own spellings the parts are not kept: those of several classes are
   taken to say every name of a package's own. */
static bool says(const struct type *type, const cp_symbol *name) {
    if (type->name == name || !memchr(type->name->text, '|', type->name->size)) return type->name == name;
    return (type->name->flags & CP_SYMBOL_OWN) == (name->flags & CP_SYMBOL_OWN);
}

void type_renumber(cp_context *cp, const cp_symbol *name, uint32_t old, uint32_t new) {
    const struct type_table *table = cp->classes->types;
    for (uint32_t i = 0; i <= table->mask; i++) {
        struct type *type = table->types[i];
        if (!type || !says(type, name)) continue;
        for (uint32_t k = 0; k < type->count; k++)
            if (type->numbers[k] == old) type->numbers[k] = new;
    }
}
