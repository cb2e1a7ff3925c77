/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * print.c: the text of any value (print.h says which).
 *
 * Every function that adds returns false after a throw. Scripted `string` methods run in the middle of this and may
 * change what is printed: so counts are taken first, and each cell is looked at again before it is used.
 */
#include "interp/data/print.h"
#include "interp/base/memory.h"
#include "interp/base/utf8.h"
#include "interp/data/array.h"
#include "interp/data/class.h"
#include "interp/data/list.h"
#include "interp/data/number.h"
#include "interp/data/range.h"
#include "interp/data/reference.h"
#include "interp/data/string.h"
#include "interp/data/table.h"

#include <stdio.h>

enum { FIRST_CAPACITY = 120, LABEL_MOST = 200 };

bool text_add(struct text *text, const char *bytes, size_t size) {
    if (size > text->capacity - text->size) {
        size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
        while (capacity - text->size < size && capacity <= SIZE_MAX / 2) capacity *= 2;
        char *more = capacity - text->size < size ? NULL : mem_try_realloc_atomic(text->bytes, capacity);
        if (!more) {
            string_no_memory(text->cp);
            return false;
        }
        text->bytes = more;
        text->capacity = capacity;
    }
    if (size) memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return true;
}

cp_value text_string(struct text *text) { return string_try_n(text->cp, text->size ? text->bytes : "", text->size); }

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

struct printer {
    struct text text;
    unsigned depth;
};

static bool put(struct printer *printer, const char *bytes, size_t size) {
    if (CP_UNLIKELY(printer->text.size + size > PRINT_MOST)) {
        cp_throw(printer->text.cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                 "the value is too large to print: its text has more than %d million bytes", PRINT_MOST / 1000000);
        return false;
    }
    return text_add(&printer->text, bytes, size);
}

static bool put_z(struct printer *printer, const char *text) { return put(printer, text, strlen(text)); }

static bool put_string(struct printer *printer, cp_value string) {
    return string != CP_THROWN && put(printer, cp_string_text(string), cp_string_size(string));
}

/* Characters that would act on a terminal, or change how the text around them is shown, instead of being seen. */
static bool is_unseen(uint32_t point) {
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

static char short_escape(uint32_t point) {
    switch (point) {
    case '\n': return 'n';
    case '\t': return 't';
    case '\r': return 'r';
    case '\\': return '\\';
    case '"': return '"';
    case '\0': return '0';
    case 033: return 'e';
    default: return 0;
    }
}

/* Stray bytes stay as they are: only so do they read back. */
static bool put_quoted(struct printer *printer, const char *text, size_t size) {
    const char *end = text + size, *run = text, *cursor = text;
    if (!put(printer, "\"", 1)) return false;
    while (cursor < end) {
        const char *at = cursor;
        uint32_t point = utf8_next(&cursor, end);
        char escape[16], letter = short_escape(point);
        if (letter) snprintf(escape, sizeof escape, "\\%c", letter);
        else if (is_unseen(point)) snprintf(escape, sizeof escape, "\\u{%X}", (unsigned)point);
        else continue;
        if (!put(printer, run, (size_t)(at - run)) || !put_z(printer, escape)) return false;
        run = cursor;
    }
    return put(printer, run, (size_t)(end - run)) && put(printer, "\"", 1);
}

static bool put_hex(struct printer *printer, const unsigned char *bytes, size_t size) {
    static const char digits[] = "0123456789ABCDEF";
    if (!put_z(printer, "0x\"")) return false;
    for (size_t i = 0; i < size; i++) {
        char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        if (!put(printer, pair, 2)) return false;
    }
    return put(printer, "\"", 1);
}

/* ---- objects ----------------------------------------------------------------------------------------------------- */

/* What the object's method `string` gives, (), when it has none or gives no String, or CP_THROWN. */
static cp_value string_by_method(cp_context *cp, cp_value v) {
    if (!cp_responds_to(cp, v, "string")) return CP_NIL;
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    cp_value text = cp_send_z(cp, v, "string", NULL, 0);
    return text == CP_THROWN || cp_is_string(text) ? text : CP_NIL;
}

/* The first line, as far as it fits and holds no control characters. */
static bool put_label(struct printer *printer, cp_value string) {
    const char *text = cp_string_text(string), *cursor = text, *end = text + cp_string_size(string);
    while (cursor < end) {
        const char *at = cursor;
        if (is_unseen(utf8_next(&cursor, end)) || cursor - text > LABEL_MOST)
            return put(printer, text, (size_t)(at - text)) && put_z(printer, "...");
    }
    return put(printer, text, (size_t)(end - text));
}

static bool put_object(struct printer *printer, cp_value v) {
    cp_context *cp = printer->text.cp;
    const cp_class *c = cp_class_of(cp, cp_object_behind(v));
    if (!put(printer, "<", 1) || !put_z(printer, cp_class_name(c))) return false;
    bool content = c->definition && (c->definition->flags & CP_CLASS_STRING_IS_CONTENT);
    cp_value text = content ? CP_NIL : string_by_method(cp, v);
    if (text == CP_THROWN) return false;
    if (text != CP_NIL && cp_string_size(text) && (!put(printer, " ", 1) || !put_label(printer, text))) return false;
    return put(printer, ">", 1);
}

static bool put_function(struct printer *printer, cp_value v) {
    return put_z(printer, "<Function ") && put_string(printer, function_title(printer->text.cp, function_of(v))) &&
           put(printer, ">", 1);
}

/* ---- structures -------------------------------------------------------------------------------------------------- */

static bool put_value(struct printer *printer, cp_value v);

/* A name that the reader takes as one Symbol, wherever it stands before or after a dot. */
static bool is_plain_name(cp_value v) {
    if (!cp_is_symbol(v)) return false;
    const cp_symbol *symbol = cp_symbol_of(v);
    const char *text = symbol->text;
    if (!symbol->size || strchr("#;'`,$", text[0]) || text[symbol->size - 1] == ':') return false;
    for (size_t i = 0; i < symbol->size; i++)
        if ((unsigned char)text[i] <= ' ' || strchr("()[]{}\".", text[i])) return false;
    size_t sign = text[0] == '-' || text[0] == '+';
    return !(sign < symbol->size && text[sign] >= '0' && text[sign] <= '9');
}

static bool is_symbol_of_text(cp_value v, const char *text) {
    return cp_is_symbol(v) && cp_symbol_of(v)->size == strlen(text) &&
           memcmp(cp_symbol_of(v)->text, text, strlen(text)) == 0;
}

/* True when the List is (. object name) and object.name reads back as that. */
static bool is_dotted(cp_context *cp, cp_value list) {
    for (;;) { /* a.b.c is nested in the second place */
        size_t count;
        if (cp_head(list) != cp->known.sym_dot || list_measure(list, &count) != LIST_PROPER || count != 3) return false;
        cp_value object = cp_head(cp_tail(list));
        cp_value name = cp_head(cp_tail(cp_tail(list)));
        if (!is_plain_name(name) || strncmp(cp_symbol_of(name)->text, "::", 2) == 0) return false;
        if (is_plain_name(object) || cp_is_string(object)) return true;
        if (!cp_is_cell(object)) return false;
        cp_value first = cp_head(object);
        if (first != cp->known.sym_dot) /* any (...) but [...] and {...} */
            return !is_symbol_of_text(first, "%list") && !is_symbol_of_text(first, "%table");
        list = object;
    }
}

static bool put_list(struct printer *printer, cp_value list) {
    if (is_dotted(printer->text.cp, list)) {
        cp_value name = cp_head(cp_tail(cp_tail(list)));
        return put_value(printer, cp_head(cp_tail(list))) && put(printer, ".", 1) && put_value(printer, name);
    }
    const char *open = "(", *close = ")";
    size_t count;
    enum list_shape shape = list_measure(list, &count);
    if (shape == LIST_PROPER && is_symbol_of_text(cp_head(list), "%list")) open = "[", close = "]";
    if (shape == LIST_PROPER && is_symbol_of_text(cp_head(list), "%table")) open = "{", close = "}";
    if (*open != '(') {
        list = cp_tail(list);
        count--;
    }
    if (!put(printer, open, 1)) return false;
    for (size_t i = 0; i < count && cp_is_cell(list); i++, list = cp_tail(list))
        if ((i && !put(printer, " ", 1)) || !put_value(printer, cp_head(list))) return false;
    if (shape == LIST_CIRCULAR) return put_z(printer, " ...)");
    if (shape == LIST_IMPROPER && (!put_z(printer, " . ") || !put_value(printer, list))) return false;
    return put(printer, close, 1);
}

static bool put_array(struct printer *printer, const struct array *array) {
    if (!put_z(printer, "<Array")) return false;
    for (size_t i = 0; i < array->count; i++)
        if (!put(printer, " ", 1) || !put_value(printer, array->items[i])) return false;
    return put(printer, ">", 1);
}

static bool put_table(struct printer *printer, struct table_block *block) {
    size_t position = 0;
    const char *before = "{";
    struct table_entry *entry;
    while ((entry = table_block_next(block, &position))) {
        cp_value value = entry->value;
        if (!put_z(printer, before) || !put_value(printer, entry->key) || !put(printer, " ", 1) ||
            !put_value(printer, value))
            return false;
        before = " ";
    }
    return put_z(printer, *before == '{' ? "{}" : "}");
}

static bool put_range(struct printer *printer, const struct range *range) {
    cp_context *cp = printer->text.cp;
    cp_value start = range->real ? cp_real(range->real_start) : cp_integer(cp, range->start);
    cp_value end = range->real ? cp_real(range->real_end) : cp_integer(cp, range->end);
    cp_value step = range->real ? cp_real(range->real_step) : cp_integer(cp, range->step);
    if (!put_z(printer, "(range ") || !put_value(printer, start) || !put(printer, " ", 1) || !put_value(printer, end))
        return false;
    if (range->real || range->step != 1)
        if (!put(printer, " ", 1) || !put_value(printer, step)) return false;
    return put(printer, ")", 1);
}

static bool put_structure(struct printer *printer, cp_value v) {
    if (printer->depth >= PRINT_DEEPEST) return put_z(printer, "...");
    if (cp_check_stack(printer->text.cp) == CP_THROWN) return false;
    printer->depth++;
    bool done;
    switch (cp_class_number_of(v)) {
    case CP_CLASS_LIST: done = put_list(printer, v); break;
    case CP_CLASS_ARRAY: done = put_array(printer, array_of(v)); break;
    case CP_CLASS_HASH_TABLE: done = put_table(printer, table_of(v)->block); break;
    case CP_CLASS_REFERENCE:
        done = put_z(printer, "<Reference ") && put_value(printer, reference_of(v)->contents) && put(printer, ">", 1);
        break;
    default: done = put_object(printer, v); break;
    }
    printer->depth--;
    return done;
}

static bool put_fixnum(struct printer *printer, int64_t n) {
    char digits[24], *end = digits + sizeof digits, *first = number_digits(n, end);
    return put(printer, first, (size_t)(end - first));
}

static bool put_value(struct printer *printer, cp_value v) {
    if (cp_is_fixnum(v)) return put_fixnum(printer, cp_fixnum_value(v));
    if (v == CP_NIL) return put(printer, "()", 2);
    switch (cp_class_number_of(v)) {
    case CP_CLASS_INTEGER:
    case CP_CLASS_REAL: return put_string(printer, number_to_string(printer->text.cp, v));
    case CP_CLASS_SYMBOL: return put(printer, cp_symbol_of(v)->text, cp_symbol_of(v)->size);
    case CP_CLASS_STRING: return put_quoted(printer, cp_string_text(v), cp_string_size(v));
    case CP_CLASS_BINARY: return put_hex(printer, cp_binary_of(v)->data, cp_binary_of(v)->size);
    case CP_CLASS_FUNCTION: return put_function(printer, v);
    case CP_CLASS_RANGE: return put_range(printer, range_of(v));
    case CP_CLASS_NONE: return put_z(printer, "<nothing>"); /* a sentinel: only a mistake in C shows one */
    default: return put_structure(printer, v);
    }
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

static cp_value print(cp_context *cp, cp_value v) {
    struct printer printer = {.text.cp = cp};
    return put_value(&printer, v) ? text_string(&printer.text) : CP_THROWN;
}

cp_value cp_to_source(cp_context *cp, cp_value v) { return print(cp, v); }

cp_value cp_to_string(cp_context *cp, cp_value v) {
    switch (cp_class_number_of(v)) {
    case CP_CLASS_STRING: return v;
    case CP_CLASS_SYMBOL: return string_try_n(cp, cp_symbol_of(v)->text, cp_symbol_of(v)->size);
    case CP_CLASS_INTEGER:
    case CP_CLASS_REAL: return number_to_string(cp, v);
    case CP_CLASS_NONE:
    case CP_CLASS_LIST:
    case CP_CLASS_BINARY:
    case CP_CLASS_ARRAY:
    case CP_CLASS_HASH_TABLE:
    case CP_CLASS_REFERENCE:
    case CP_CLASS_FUNCTION:
    case CP_CLASS_RANGE: return print(cp, v);
    default: {
        cp_value text = string_by_method(cp, v);
        return text == CP_NIL ? print(cp, v) : text;
    }
    }
}
