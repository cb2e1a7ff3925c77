/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * collection_functions.c: the built-in functions on Lists and other sequences (language.md 7).
 *
 * Arguments that must be Lists are declared without a class and checked here, because () is a List and a declared class
 * would refuse it.
 */
#include "interp/base/utf8.h"
#include "interp/data/array.h"
#include "interp/builtin/tables.h"
#include "interp/data/encoding.h"
#include "interp/data/iterate.h"
#include "interp/data/list.h"
#include "interp/data/print.h"
#include "interp/data/range.h"
#include "interp/data/string.h"

/* ---- sequences --------------------------------------------------------------------------------------------------- */

static cp_value fn_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value length = sequence_length(cp, arguments[0]);
    if (length != CP_UNSET) return length;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "length: what only has a next item has no length");
}

static cp_value fn_not(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return arguments[0] == CP_NIL ? cp->known.sym_true : CP_NIL;
}

static cp_value fn_is_empty(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value v = arguments[0];
    bool empty = v == CP_NIL;
    if (!empty && !cp_is_cell(v)) {
        cp_value length;
        if (is_enumerator(v)) { /* empty when it has nothing more to give */
            cp_value item = enumerator_peek(cp, enumerator_of(v));
            if (item == CP_THROWN) return CP_THROWN;
            empty = item == CP_DONE;
        } else if (cp_responds_to(cp, v, "isEmpty")) {
            return cp_send_z(cp, v, "isEmpty", NULL, 0);
        } else {
            length = sequence_length(cp, v);
            if (length == CP_THROWN) return CP_THROWN;
            empty = length == cp_fixnum(0);
        }
    }
    return empty ? cp->known.sym_true : CP_NIL;
}

static cp_value reverse_string(cp_context *cp, cp_value string) {
    char *out;
    size_t size = cp_string_size(string);
    cp_value result = string_room(cp, size, &out);
    if (result == CP_THROWN) return CP_THROWN;
    const char *cursor = cp_string_text(string), *end = cursor + size;
    for (out += size; cursor < end;) {
        const char *from = cursor;
        utf8_next(&cursor, end);
        out -= cursor - from;
        memcpy(out, from, (size_t)(cursor - from));
    }
    return result;
}

static cp_value fn_reverse(cp_context *cp, cp_value self, const cp_value *arguments, int argument_count) {
    (void)self, (void)argument_count;
    cp_value v = arguments[0];
    size_t count;
    switch (cp_class_number_of(v)) {
    case CP_CLASS_LIST: return list_count_proper(cp, v, &count) ? cp_list_reverse(v) : CP_THROWN;
    case CP_CLASS_STRING: return reverse_string(cp, v);
    case CP_CLASS_ARRAY: {
        cp_value result = cp_array_n(cp, array_of(v)->count, CP_NIL);
        if (result == CP_THROWN) return CP_THROWN;
        struct array *from = array_of(v), *to = array_of(result);
        for (size_t i = 0; i < from->count; i++) to->items[i] = from->items[from->count - 1 - i];
        return result;
    }
    case CP_CLASS_BINARY: {
        cp_value result = cp_binary_n(cp, cp_binary_of(v)->data, cp_binary_of(v)->size);
        if (result == CP_THROWN) return CP_THROWN;
        cp_binary *binary = cp_binary_of(result);
        for (size_t low = 0, high = binary->size; low + 1 < high; low++) {
            unsigned char byte = binary->data[low];
            binary->data[low] = binary->data[--high];
            binary->data[high] = byte;
        }
        return result;
    }
    default:
        if (cp_responds_to(cp, v, "reverse")) return cp_send_z(cp, v, "reverse", NULL, 0);
        return cp_throw_type(cp, "reverse: sequence", "List, Array, String or Binary", v);
    }
}

static cp_value fn_join(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct text text = {.cp = cp};
    cp_iterator iterator;
    const char *separator = "";
    size_t separator_size = 0;
    if (arguments[1] != CP_NIL && !cp_bytes_of(arguments[1], &separator, &separator_size))
        return cp_throw_type(cp, "join: separator", "String", arguments[1]);
    if (cp_iterate(cp, &iterator, arguments[0]) == CP_THROWN) return CP_THROWN;
    for (bool first = true;; first = false) {
        cp_value item = cp_next(cp, &iterator);
        if (item == CP_DONE) return text_string(&text);
        cp_value string = item == CP_THROWN ? CP_THROWN : cp_to_string(cp, item);
        if (string == CP_THROWN) return CP_THROWN;
        if (!first && !text_add(&text, separator, separator_size)) return CP_THROWN;
        if (!text_add(&text, cp_string_text(string), cp_string_size(string))) return CP_THROWN;
    }
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

static cp_value fn_cons(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return list_expect(cp, arguments[1], "cons: list") ? cp_cons(arguments[0], arguments[1]) : CP_THROWN;
}

static cp_value fn_head_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (!list_expect(cp, arguments[0], "headOf: list")) return CP_THROWN;
    if (arguments[0] != CP_NIL) return cp_head(arguments[0]);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "headOf: the List is empty; ask isEmpty first");
}

static cp_value fn_tail_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (!list_expect(cp, arguments[0], "tailOf: list")) return CP_THROWN;
    return arguments[0] == CP_NIL ? CP_NIL : cp_tail(arguments[0]);
}

static cp_value fn_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self;
    return cp_list_n(arguments, (size_t)count);
}

static cp_value fn_range(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value start = arguments[0], end = arguments[1], step = arguments[2];
    if (end == CP_NIL) {
        end = start;
        start = cp_fixnum(0);
    }
    return range_new(cp, start, end, step == CP_NIL ? cp_fixnum(1) : step);
}

/* ---- scrambling -------------------------------------------------------------------------------------------------- */

/*
 * Byte i of the text is combined by exclusive or with 0xA5 + 7 i + (the byte before it, as it was), and the result is
 * written in base64. There is no key: this hides a password from a glance at a file, and from nobody who wants it.
 */
static void scramble_bytes(const unsigned char *from, unsigned char *to, size_t size, bool undo) {
    unsigned char before = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = from[i], mask = (unsigned char)(0xA5 + 7 * i + before);
        to[i] = byte ^ mask;
        before = undo ? to[i] : byte;
    }
}

static cp_value fn_scramble(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    size_t size = cp_string_size(arguments[0]);
    unsigned char *bytes = cp_try_alloc_atomic(cp, size + 1);
    if (!bytes) return CP_THROWN;
    scramble_bytes((const unsigned char *)cp_string_text(arguments[0]), bytes, size, false);
    char *out;
    cp_value result = string_room(cp, encoding_base64_room(size), &out);
    if (result != CP_THROWN) encoding_base64(bytes, size, out);
    return result;
}

static cp_value fn_unscramble(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    size_t bad, size = cp_string_size(arguments[0]);
    unsigned char *bytes = cp_try_alloc_atomic(cp, size + 1);
    if (!bytes) return CP_THROWN;
    size = encoding_base64_decode(cp_string_text(arguments[0]), size, bytes, &bad);
    if (size == SIZE_MAX)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "unscramble: this text was not made by scramble; byte %zu is no base64", bad);
    scramble_bytes(bytes, bytes, size, true);
    return string_try_n(cp, (const char *)bytes, size);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

const cp_function_def collection_functions[] = {
    {"length", "Integer", "(sequence)", fn_length,
     "The number of items of a List, Array, HashTable or Range, of characters of a String or Symbol, of bytes of a "
     "Binary "
     "or Buffer, or what an object's method length gives. A circular List is error 1.8, anything without a length 1.11 "
     "or 1.12."},
    {"not", "Symbol", "(x)", fn_not, "true when x is (), which alone is false, else ()."},
    {"isEmpty", "Symbol", "(sequence)", fn_is_empty,
     "true when there is no item: (), a sequence of length 0, an Enumerator after its last item; else ()."},
    {"reverse", "Object", "(sequence)", fn_reverse,
     "A new List, Array, String (by characters) or Binary with the items in the opposite order."},
    {"join", "String", "(sequence (separator Object ()))", fn_join,
     "The items of a List, or of anything else that for takes, as one String, each as print shows it, with the "
     "separator "
     "between them."},
    {"cons", "List", "(item list)", fn_cons, "A new List: item, then list, whose cells it shares."},
    {"headOf", "Object", "(list)", fn_head_of, "The first item. The head of () is error 1.7."},
    {"tailOf", "List", "(list)", fn_tail_of,
     "The List without its first item, sharing its cells. The tail of () is ()."},
    {"list", "List", "(...)", fn_list, "A List of the arguments, in order; of none, ()."},
    {"range", "Range", "((first Integer|Real) (end Integer|Real ()) (step Integer|Real ()))", fn_range,
     "The numbers from first up to but not including end, by step (1 if not given); with one argument, from 0 up to "
     "but "
     "not including it. A step of 0 is error 1.8."},
    {"scramble", "String", "((text String))", fn_scramble,
     "Makes text unreadable at a glance, so that a password does not stand open in a file. It is no encryption: there "
     "is "
     "no key, and unscramble gives anybody the text back. The result is base64, one third longer."},
    {"unscramble", "String", "((text String))", fn_unscramble,
     "The text that scramble was given. Text that is no base64 is error 1.8."},
    {0},
};
