/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * symbol.h: the table in which every name is one Symbol. Scripts' Symbols are made by cp_symbol_n and cp_symbol_z of
 * carapace.h; here is what only the interpreter needs.
 *
 * The table is the context's. It keeps its Symbols for ever, because code, member tables and types point to them.
 */
#ifndef DATA_SYMBOL_H
#define DATA_SYMBOL_H

#include "interp/data/context.h"

struct symbol_table {
    cp_symbol **symbols; /* open addressing; NULL = free */
    uint32_t count, mask;
};

void symbol_table_init(cp_context *cp);
/* A Symbol of the same text that nothing but what is given it knows: it is not in the table. */
cp_symbol *symbol_new_own(const cp_symbol *name);
/* The Symbol of that text if there is one, else NULL: a question that must not fill the table. */
cp_symbol *symbol_find(cp_context *cp, const char *text, size_t size);
/* Walks all Symbols in no order: *position starts at 0; NULL at the end. The table must not grow meanwhile. */
cp_symbol *symbol_walk(cp_context *cp, uint32_t *position);
/* The name of a function that is spelled nearly like this one, or NULL. */
cp_symbol *symbol_suggest_function(cp_context *cp, cp_symbol *name);

#endif
