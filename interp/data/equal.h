/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * equal.h: what equality means, for all that compares or hashes (see cp_equal and cp_hash in carapace.h).
 *
 * Two values are equal when they are
 *     numbers of the same value, 1 and 1.0 too; a NaN only inside of one and the same List or Array
 *     Strings, Binaries or Buffers with the same bytes (of the same class: "a" is not the Symbol a)
 *     Lists or Arrays with equal items in the same order
 *     HashTables with the same keys and equal values, in any order
 *     objects of one class, native or scripted, for which its own method == answers true
 *     anything else: the same object; what a secondary interface shows is the object behind it
 * Circular structures are equal when no walk into both finds a difference.
 *
 * A class with == and without `hash` is right but slow as a key: all its objects have one hash. A scripted == or hash
 * may throw, wait, and let other threads run: whoever compares or hashes looks anew at what they could have changed.
 */
#ifndef DATA_EQUAL_H
#define DATA_EQUAL_H

#include "interp/data/context.h"

/* Spreads the bits of a hash over all 32. */
static inline uint32_t hash_mix(uint32_t h) {
    h = (h ^ h >> 16) * 0x85ebca6bU;
    h = (h ^ h >> 13) * 0xc2b2ae35U;
    return h ^ h >> 16;
}

/* As cp_equal, 1 or 0, but -1 when an Error was thrown: by a scripted ==, or for want of stack or memory. */
int value_equal(cp_context *cp, cp_value a, cp_value b);
/* As cp_hash, but false when a scripted `hash` has thrown or gave no Integer. */
bool value_hash(cp_context *cp, cp_value v, uint32_t *hash);

#endif
