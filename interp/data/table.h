/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h: HashTables that keep insertion order: a dense block of entries, and an index into it by hash.
 */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "interp/data/context.h"

struct table_entry {
    cp_value key, value; /* key CP_UNSET: removed */
};

/*
 * The entries in order of insertion. A table that grows, is cleared or loses its gaps takes a new block and never
 * touches the old one again: so whoever walks holds the block, is never disturbed, and meets an end.
 */
struct table_block {
    cp_object header; /* class number 0: no script sees one */
    size_t used, capacity;
    struct table_entry entries[];
};

/* A zeroed one (but for the header) is empty. */
struct table {
    cp_object header;
    struct table_block *block; /* NULL while nothing was ever put in */
    uint32_t *hashes;          /* of the block's entries */
    uint32_t *index;           /* 1 + place in the block, 0 = free; NULL while the block is small */
    size_t mask;               /* index's size, a power of two, less 1 */
    size_t count;              /* entries that are not removed */
    size_t chains;             /* as asked for by `create` and `chains`; 0 = never */
};
static inline struct table *table_of(cp_value v) { return (struct table *)v; }
static inline bool is_table(cp_value v) { return cp_has_class(v, CP_CLASS_HASH_TABLE); }

/* The entry of a key, NULL when there is none; false when its scripted `hash` or == has thrown. */
bool table_lookup(cp_context *cp, cp_value table, cp_value key, struct table_entry **entry);

/* Takes an entry out that `table_lookup` has just given. */
void table_remove_entry(cp_value table, struct table_entry *entry);

/* Removes every entry. */
void table_clear(struct table *table);

/* Makes room for that many entries in all; false with Error 1.5 thrown when memory does not allow it. */
bool table_reserve(cp_context *cp, struct table *table, size_t entries);

/* Walks a block: the next entry from *position that is not removed, or NULL. */
struct table_entry *table_block_next(struct table_block *block, size_t *position);

#endif
