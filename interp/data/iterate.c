/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iterate.c: one way to walk everything that `for` takes.
 *
 * What cp_iterator's `state` and `position` are, by the sequence's class:
 *     List            the cell to come; how many were given (`sequence` becomes the mark that finds circles)
 *     Array, Range    -; the index to come
 *     HashTable       the block of entries (see table.h); the place to come
 *     String          -; the offset in bytes of the character to come
 *     Binary, Buffer  -; the offset of the byte to come
 *     Enumerator, an object with `next`: -; -
 */
#include "interp/data/iterate.h"
#include "interp/base/utf8.h"
#include "interp/data/array.h"
#include "interp/data/list.h"
#include "interp/data/range.h"
#include "interp/data/string.h"
#include "interp/data/table.h"

static cp_value no_sequence(cp_context *cp, cp_value got) {
    return cp_throw_type(cp, "a sequence to walk",
                         "List, Array, HashTable, String, Binary, Buffer, Range, Enumerator or an object with next",
                         got);
}

cp_value cp_iterate(cp_context *cp, cp_iterator *iterator, cp_value sequence) {
    *iterator = (cp_iterator){.sequence = sequence};
    switch (cp_class_number_of(sequence)) {
    case CP_CLASS_LIST: iterator->state = sequence; return CP_NIL;
    case CP_CLASS_HASH_TABLE: iterator->state = cp_from_object(table_of(sequence)->block); return CP_NIL;
    case CP_CLASS_ARRAY:
    case CP_CLASS_RANGE:
    case CP_CLASS_STRING:
    case CP_CLASS_BINARY:
    case CP_CLASS_BUFFER:
    case CP_CLASS_ENUMERATOR: return CP_NIL;
    default: return cp_responds_to(cp, sequence, "next") ? CP_NIL : no_sequence(cp, sequence);
    }
}

static cp_value next_of_list(cp_context *cp, cp_iterator *iterator) {
    cp_value cell = iterator->state;
    if (!cp_is_cell(cell)) return CP_DONE;
    size_t given = iterator->position++;
    if (CP_UNLIKELY((given & (given - 1)) == 0)) iterator->sequence = cell; /* Brent: move the mark up */
    else if (CP_UNLIKELY(cell == iterator->sequence))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "circular List: the walk has come back to an earlier item");
    iterator->state = cp_tail(cell);
    return cp_head(cell);
}

static cp_value next_of_string(cp_context *cp, cp_iterator *iterator) {
    const cp_string *s = cp_string_of(iterator->sequence);
    if (iterator->position >= s->size) return CP_DONE;
    const char *from = s->text + iterator->position, *cursor = from;
    utf8_next(&cursor, s->text + s->size);
    iterator->position += (size_t)(cursor - from);
    return cp_string_n(cp, from, (size_t)(cursor - from));
}

static cp_value next_of_object(cp_context *cp, cp_iterator *iterator) {
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    cp_value item = cp_send(cp, iterator->sequence, cp->known.sym_next, NULL, 0);
    return item == CP_NIL ? CP_DONE : item;
}

cp_value cp_next(cp_context *cp, cp_iterator *iterator) {
    switch (cp_class_number_of(iterator->sequence)) {
    case CP_CLASS_LIST: return next_of_list(cp, iterator);
    case CP_CLASS_ARRAY: {
        size_t count;
        cp_value *items = cp_array_items(iterator->sequence, &count);
        return iterator->position < count ? items[iterator->position++] : CP_DONE;
    }
    case CP_CLASS_RANGE: {
        struct range *range = range_of(iterator->sequence);
        return iterator->position < range->count ? range_item(cp, range, iterator->position++) : CP_DONE;
    }
    case CP_CLASS_HASH_TABLE: {
        struct table_entry *entry = table_block_next((struct table_block *)iterator->state, &iterator->position);
        return entry ? entry->key : CP_DONE;
    }
    case CP_CLASS_STRING: return next_of_string(cp, iterator);
    case CP_CLASS_BINARY:
    case CP_CLASS_BUFFER: {
        const char *bytes;
        size_t size;
        if (!cp_bytes_of(iterator->sequence, &bytes, &size) || iterator->position >= size) return CP_DONE;
        return cp_fixnum((unsigned char)bytes[iterator->position++]);
    }
    case CP_CLASS_ENUMERATOR: return enumerator_take(cp, enumerator_of(iterator->sequence));
    default: return next_of_object(cp, iterator);
    }
}

/* ---- the Enumerator's cursor ---- */

cp_value enumerator_peek(cp_context *cp, struct enumerator *enumerator) {
    if (enumerator->current == CP_UNSET) {
        if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN; /* an Enumerator may walk an Enumerator */
        cp_value item = cp_next(cp, &enumerator->iterator);
        if (item == CP_THROWN) return CP_THROWN;
        enumerator->current = item;
    }
    return enumerator->current;
}

cp_value enumerator_take(cp_context *cp, struct enumerator *enumerator) {
    cp_value item = enumerator_peek(cp, enumerator);
    if (item != CP_DONE && item != CP_THROWN) enumerator->current = CP_UNSET;
    return item;
}

/* ---- lengths ---- */

cp_value sequence_length(cp_context *cp, cp_value sequence) {
    size_t count;
    const char *bytes;
    for (unsigned nested = 0;; nested++) {
        switch (cp_class_number_of(sequence)) {
        case CP_CLASS_LIST: return list_count(cp, sequence, &count) ? cp_fixnum((int64_t)count) : CP_THROWN;
        case CP_CLASS_ARRAY: return cp_fixnum((int64_t)array_of(sequence)->count);
        case CP_CLASS_HASH_TABLE: return cp_fixnum((int64_t)table_of(sequence)->count);
        case CP_CLASS_RANGE: return cp_integer(cp, (int64_t)range_of(sequence)->count);
        case CP_CLASS_STRING: return cp_fixnum((int64_t)string_length(sequence));
        case CP_CLASS_SYMBOL:
            return cp_fixnum((int64_t)utf8_count(cp_symbol_of(sequence)->text, cp_symbol_of(sequence)->size));
        case CP_CLASS_BINARY:
        case CP_CLASS_BUFFER: return cp_bytes_of(sequence, &bytes, &count) ? cp_fixnum((int64_t)count) : CP_UNSET;
        case CP_CLASS_ENUMERATOR:
            /* a loop, because a chain of Enumerators may be as long as memory allows; it cannot be a circle */
            sequence = enumerator_of(sequence)->sequence;
            continue;
        default:
            if (cp_responds_to(cp, sequence, "length")) return cp_send_z(cp, sequence, "length", NULL, 0);
            return nested || cp_responds_to(cp, sequence, "next") ? CP_UNSET : no_sequence(cp, sequence);
        }
    }
}
