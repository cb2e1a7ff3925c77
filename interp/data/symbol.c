/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * symbol.c: interning of names, so that comparing two names is comparing two words.
 *
 * Invariant: the table has a power of two of places and at most half of them are taken, so a probe always ends.
 */
#include "interp/data/symbol.h"
#include "interp/data/string.h"
#include "interp/base/memory.h"

enum { FIRST_SIZE = 2048 }; /* places: the built-in names fit without growing */

/* The place of that text: its Symbol's, or the free one where it belongs. */
static cp_symbol **place(const struct symbol_table *table, const char *text, size_t size, uint32_t hash) {
    for (uint32_t i = hash & table->mask;; i = (i + 1) & table->mask) {
        cp_symbol *symbol = table->symbols[i];
        if (!symbol || (symbol->header.bits == hash && symbol->size == size && memcmp(symbol->text, text, size) == 0))
            return &table->symbols[i];
    }
}

static void grow(struct symbol_table *table) {
    cp_symbol **old = table->symbols;
    uint32_t old_size = table->mask + 1;
    table->symbols = mem_alloc(2 * (size_t)old_size * sizeof(cp_symbol *));
    table->mask = 2 * old_size - 1;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i]) *place(table, old[i]->text, old[i]->size, old[i]->header.bits) = old[i];
}

static uint32_t flags_of(const char *text, size_t size) {
    if (size >= 2 && text[0] == ':' && text[1] == ':') return CP_SYMBOL_GLOBAL;
    return size > 1 && text[size - 1] == ':' ? CP_SYMBOL_KEYWORD : 0;
}

void symbol_table_init(cp_context *cp) {
    cp->symbols = mem_alloc(sizeof(struct symbol_table));
    cp->symbols->symbols = mem_alloc(FIRST_SIZE * sizeof(cp_symbol *));
    cp->symbols->mask = FIRST_SIZE - 1;
}

cp_symbol *symbol_find(cp_context *cp, const char *text, size_t size) {
    return *place(cp->symbols, text, size, string_hash_bytes(cp, text, size));
}

cp_symbol *symbol_walk(cp_context *cp, uint32_t *position) {
    while (*position <= cp->symbols->mask) {
        cp_symbol *symbol = cp->symbols->symbols[(*position)++];
        if (symbol) return symbol;
    }
    return NULL;
}

static cp_symbol *symbol_new(const char *text, size_t size, uint32_t hash, uint32_t flags) {
    cp_symbol *symbol = mem_alloc(sizeof *symbol + size + 1);
    symbol->header = (cp_object){.class_number = CP_CLASS_SYMBOL, .bits = hash};
    symbol->function = CP_UNSET;
    symbol->flags = flags;
    symbol->size = size;
    memcpy(symbol->text, text, size);
    return symbol;
}

cp_symbol *symbol_new_own(const cp_symbol *name) {
    return symbol_new(name->text, name->size, name->header.bits, CP_SYMBOL_OWN);
}

cp_value cp_symbol_n(cp_context *cp, const char *text, size_t size) {
    struct symbol_table *table = cp->symbols;
    uint32_t hash = string_hash_bytes(cp, text, size);
    cp_symbol **found = place(table, text, size, hash);
    if (CP_LIKELY(*found != NULL)) return cp_from_object(*found);
    if (2 * (table->count + 1) > table->mask + 1) {
        grow(table);
        found = place(table, text, size, hash);
    }
    *found = symbol_new(text, size, hash, flags_of(text, size));
    table->count++;
    return cp_from_object(*found);
}

cp_value cp_symbol_z(cp_context *cp, const char *text) { return cp_symbol_n(cp, text, strlen(text)); }
