/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.c: looking up, adding and removing in a HashTable.
 *
 * Invariants: block->used <= block->capacity; a removed entry keeps its place, hash and index slot, so that probing
 * goes on past it; the index is at least twice the block's capacity, so a probe always meets a free slot.
 */
#include "interp/data/table.h"
#include "interp/data/equal.h"
#include "interp/data/string.h"

enum {
    SMALL = 8,             /* entries: up to here the hashes are searched one by one */
    MOST_ENTRIES = 1 << 30 /* places fit 32 bits with room for the 1 that is added */
};
#define NONE SIZE_MAX         /* no place */
#define FAILED (SIZE_MAX - 1) /* an Error was thrown */

cp_value cp_table(cp_context *cp) {
    (void)cp;
    struct table *table = cp_alloc(sizeof *table);
    table->header.class_number = CP_CLASS_HASH_TABLE;
    return cp_from_object(table);
}

size_t cp_table_count(cp_value table) { return table_of(table)->count; }

/* ---- searching ---- */

/* Whether the entry at a place, whose hash is the key's, is the key's: 1, 0, -1 with an Error thrown. A scripted ==
   lets others run, who may put in and take out: then the answer is 0 and the table's block another one, or the entry
   gone. */
static int entry_matches(cp_context *cp, const struct table *table, size_t place, cp_value key) {
    struct table_block *block = table->block;
    cp_value other = block->entries[place].key;
    if (other == CP_UNSET) return 0;
    if (other == key) return 1;
    if (cp_is_string(key)) return cp_is_string(other) && string_equal(other, key);
    int equal = value_equal(cp, other, key);
    return equal > 0 ? table->block == block && block->entries[place].key == other : equal;
}

/* The place of a key, NONE when it has none, FAILED after a throw. */
static size_t find(cp_context *cp, struct table *table, uint32_t hash, cp_value key) {
    int matches;
again:
    if (!table->count) return NONE;
    struct table_block *block = table->block;
    if (!table->index) {
        for (size_t place = 0; place < block->used; place++) {
            if (table->hashes[place] != hash) continue;
            if ((matches = entry_matches(cp, table, place, key))) return matches > 0 ? place : FAILED;
            if (CP_UNLIKELY(table->block != block || table->index)) goto again;
        }
        return NONE;
    }
    for (size_t slot = hash & table->mask; table->index[slot]; slot = (slot + 1) & table->mask) {
        size_t place = table->index[slot] - 1;
        if (table->hashes[place] != hash) continue;
        if ((matches = entry_matches(cp, table, place, key))) return matches > 0 ? place : FAILED;
        if (CP_UNLIKELY(table->block != block)) goto again;
    }
    return NONE;
}

/* ---- growing ---- */

static void index_add(struct table *table, size_t place) {
    size_t slot = table->hashes[place] & table->mask;
    while (table->index[slot]) slot = (slot + 1) & table->mask;
    table->index[slot] = (uint32_t)(place + 1);
}

/* Moves what is not removed to a new block of that capacity (>= count). On failure nothing has changed. */
static bool rebuild(cp_context *cp, struct table *table, size_t capacity) {
    if (capacity > MOST_ENTRIES) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "a HashTable holds at most %d entries", MOST_ENTRIES);
        return false;
    }
    size_t index_size = 0;
    if (capacity > SMALL)
        for (index_size = 4 * SMALL; index_size < 2 * capacity;) index_size *= 2;
    struct table_block *block = cp_try_alloc(cp, sizeof *block + capacity * sizeof(struct table_entry));
    uint32_t *hashes = block ? cp_try_alloc_atomic(cp, capacity * sizeof *hashes) : NULL;
    uint32_t *index = hashes && index_size ? cp_try_alloc_atomic(cp, index_size * sizeof *index) : NULL;
    if (!hashes || (index_size && !index)) return false;

    block->capacity = capacity;
    if (table->block) {
        for (size_t place = 0; place < table->block->used; place++) {
            if (table->block->entries[place].key == CP_UNSET) continue;
            hashes[block->used] = table->hashes[place];
            block->entries[block->used++] = table->block->entries[place];
        }
    }
    table->block = block;
    table->hashes = hashes;
    table->index = index;
    table->mask = index_size - 1;
    if (index) {
        memset(index, 0, index_size * sizeof *index);
        for (size_t place = 0; place < block->used; place++) index_add(table, place);
    }
    return true;
}

bool table_reserve(cp_context *cp, struct table *table, size_t entries) {
    if (entries <= table->count || (table->block && entries <= table->block->capacity)) return true;
    return rebuild(cp, table, entries < SMALL ? SMALL : entries);
}

/* ---- the operations ---- */

bool table_lookup(cp_context *cp, cp_value table, cp_value key, struct table_entry **entry) {
    struct table *t = table_of(table);
    uint32_t hash;
    *entry = NULL;
    if (!t->count) return true;
    if (!value_hash(cp, key, &hash)) return false;
    size_t place = find(cp, t, hash, key);
    if (CP_UNLIKELY(place == FAILED)) return false;
    if (place != NONE) *entry = &t->block->entries[place];
    return true;
}

cp_value cp_table_get(cp_context *cp, cp_value table, cp_value key) {
    struct table_entry *entry;
    if (CP_UNLIKELY(!table_lookup(cp, table, key, &entry))) cp_take_error(cp);
    return entry ? entry->value : CP_UNSET;
}

cp_value cp_table_set(cp_context *cp, cp_value table, cp_value key, cp_value value) {
    struct table *t = table_of(table);
    uint32_t hash;
    if (!value_hash(cp, key, &hash)) return CP_THROWN;
    size_t place = find(cp, t, hash, key);
    if (CP_UNLIKELY(place == FAILED)) return CP_THROWN;
    if (place != NONE) return t->block->entries[place].value = value;
    if (!t->block || t->block->used == t->block->capacity) {
        /* where most entries are removed ones, this makes room without growing */
        size_t capacity = t->count < SMALL / 2 ? SMALL : t->count * 2;
        if (!rebuild(cp, t, capacity)) return CP_THROWN;
    }
    place = t->block->used;
    t->hashes[place] = hash;
    t->block->entries[place] = (struct table_entry){key, value};
    t->block->used++;
    if (t->index) index_add(t, place);
    t->count++;
    return value;
}

void table_remove_entry(cp_value table, struct table_entry *entry) {
    *entry = (struct table_entry){CP_UNSET, CP_NIL};
    table_of(table)->count--;
}

bool cp_table_remove(cp_context *cp, cp_value table, cp_value key) {
    struct table_entry *entry;
    if (CP_UNLIKELY(!table_lookup(cp, table, key, &entry))) cp_take_error(cp);
    if (!entry) return false;
    table_remove_entry(table, entry);
    return true;
}

void table_clear(struct table *table) {
    size_t chains = table->chains;
    cp_object header = table->header;
    *table = (struct table){.header = header, .chains = chains};
}

/* ---- walking ---- */

struct table_entry *table_block_next(struct table_block *block, size_t *position) {
    if (!block) return NULL;
    while (*position < block->used) {
        struct table_entry *entry = &block->entries[(*position)++];
        if (entry->key != CP_UNSET) return entry;
    }
    return NULL;
}

bool cp_table_next(cp_value table, size_t *position, cp_value *key, cp_value *value) {
    struct table_entry *entry = table_block_next(table_of(table)->block, position);
    if (!entry) return false;
    *key = entry->key;
    *value = entry->value;
    return true;
}
