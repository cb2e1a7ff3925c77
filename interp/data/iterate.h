/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iterate.h: the Enumerator, a walk over a sequence that a script can hold.
 */
#ifndef DATA_ITERATE_H
#define DATA_ITERATE_H

#include "interp/data/context.h"

struct enumerator {
    cp_object header;
    cp_value sequence;
    cp_value current; /* the item the cursor stands on; CP_UNSET = not yet fetched, CP_DONE = after the last */
    cp_iterator iterator;
};
static inline struct enumerator *enumerator_of(cp_value v) { return (struct enumerator *)v; }
static inline bool is_enumerator(cp_value v) { return cp_has_class(v, CP_CLASS_ENUMERATOR); }

/* The item the cursor stands on, CP_DONE or CP_THROWN; and the same, then moving the cursor on. */
cp_value enumerator_peek(cp_context *cp, struct enumerator *enumerator);
cp_value enumerator_take(cp_context *cp, struct enumerator *enumerator);

/* How many items a sequence has, without walking one that may have side effects: CP_UNSET when that is unknown,
   CP_THROWN for a circular List or what is no sequence. */
cp_value sequence_length(cp_context *cp, cp_value sequence);

#endif
