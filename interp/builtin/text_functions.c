/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text_functions.c: the functions on text that a script calls by name (language.md 7): those of class String, and what
 * Unicode asks for besides: normal forms, case folding, width and clusters (utf8proc).
 *
 * Damaged text is text: a byte that is not UTF-8 comes out of each of these as it went in.
 */
#include "interp/builtin/tables.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "interp/base/utf8.h"
#include "interp/base/vector.h"
#include "interp/builtin/format.h"
#include "interp/data/number.h"
#include "interp/data/string.h"

/* ---- methods as functions ---------------------------------------------------------------------------------------- */

static cp_value f_trim(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return string_method_trim(cp, arguments[0], arguments + 1, count - 1);
}

static cp_value f_upper(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return string_method_upper(cp, arguments[0], arguments + 1, count - 1);
}

static cp_value f_lower(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return string_method_lower(cp, arguments[0], arguments + 1, count - 1);
}

static cp_value f_starts_with(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return string_method_starts_with(cp, arguments[0], arguments + 1, count - 1);
}

static cp_value f_ends_with(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return string_method_ends_with(cp, arguments[0], arguments + 1, count - 1);
}

static cp_value f_index_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return string_method_search(cp, arguments[0], arguments + 1, count - 1);
}

/* A separator or old text that is no String does the work itself, as a Regex can; what cannot is told what a String
   wants. */
static cp_value f_split(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    if (arguments[1] == CP_NIL || cp_is_string(arguments[1]))
        return string_method_split(cp, arguments[0], arguments + 1, count - 1);
    if (!cp_responds_to(cp, arguments[1], "split")) return cp_send_z(cp, arguments[0], "split", arguments + 1, 1);
    return cp_send_z(cp, arguments[1], "split", arguments, 1);
}

static cp_value f_replace(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (cp_is_string(arguments[1]) || !cp_responds_to(cp, arguments[1], "replace"))
        return cp_send_z(cp, arguments[0], "replace", arguments + 1, 2);
    cp_value given[] = {arguments[0], arguments[2]};
    return cp_send_z(cp, arguments[1], "replace", given, 2);
}

static cp_value f_format(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self;
    return format_text(cp, cp_string_text(arguments[0]), cp_string_size(arguments[0]), arguments + 1,
                       (size_t)count - 1);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* The Symbol `error` as the default says that there is none. */
static bool throws(cp_context *cp, cp_value otherwise) { return otherwise == cp_symbol_z(cp, "error"); }

/* With a default, a text that is no number gives that. */
static cp_value parse(cp_context *cp, const char *method, cp_value text, cp_value otherwise) {
    cp_value result = cp_send_z(cp, text, method, NULL, 0);
    if (result != CP_THROWN || throws(cp, otherwise)) return result;
    cp_value error = cp_take_error(cp);
    bool expected = cp_error_class_of(error) == CP_ERROR_CARAPACE && cp_error_code_of(error) == CP_BAD_ARGUMENT;
    return expected ? otherwise : cp_throw_value(cp, error);
}

static cp_value digits_value(cp_context *cp, cp_value text, cp_value base) {
    int64_t radix;
    if (!cp_to_int64(base, &radix) || radix < 2 || radix > 36)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "parseInteger: the base must be from 2 to 36");
    cp_value trimmed = cp_send_z(cp, text, "trim", NULL, 0);
    return trimmed == CP_THROWN ? trimmed
                                : number_parse_base(cp, cp_string_text(trimmed), cp_string_size(trimmed), (int)radix);
}

static cp_value f_parse_integer(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (arguments[1] == CP_NIL) return parse(cp, "integer", arguments[0], arguments[2]);
    cp_value result = digits_value(cp, arguments[0], arguments[1]);
    if (result != CP_UNSET) return result;
    if (!throws(cp, arguments[2])) return arguments[2];
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is no Integer in base %s",
                    string_excerpt(cp_string_text(arguments[0]), cp_string_size(arguments[0])),
                    cp_text_z(cp, cp_to_string(cp, arguments[1])));
}

static cp_value f_parse_real(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return parse(cp, "real", arguments[0], arguments[1]);
}

/* ---- Unicode ----------------------------------------------------------------------------------------------------- */

/* Adds the mapped form of well-formed text. */
static bool add_mapped(struct bytes *out, const char *text, size_t size, utf8proc_option_t options) {
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &mapped, options);
    bool added = length >= 0 && bytes_append(out, mapped, (size_t)length);
    free(mapped);
    return added;
}

/* utf8proc_map piece by piece between damaged bytes. */
static cp_value map_text(cp_context *cp, cp_value text, utf8proc_option_t options) {
    const char *start = cp_string_text(text), *end = start + cp_string_size(text), *p = start;
    struct bytes out = {0};
    bool fits = true;
    while (fits && p < end) {
        const char *piece = p, *next = p;
        while (p < end && !utf8_is_stray(utf8_next(&next, end))) p = next;
        if (p > piece) fits = add_mapped(&out, piece, (size_t)(p - piece), options);
        if (fits && p < end) fits = bytes_append_byte(&out, *p++);
    }
    if (fits) return string_take(cp, &out);
    bytes_free(&out);
    return string_no_memory(cp);
}

static cp_value f_normalise(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    static const struct {
        const char *name;
        utf8proc_option_t options;
    } forms[] = {{"NFC", UTF8PROC_STABLE | UTF8PROC_COMPOSE},
                 {"NFD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE},
                 {"NFKC", UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
                 {"NFKD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT}};
    (void)self, (void)count;
    const char *form = cp_text_z(cp, arguments[1]);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(form, forms[i].name)) continue;
        if (utf8_ascii(cp_string_text(arguments[0]), cp_string_size(arguments[0]))) return arguments[0];
        return map_text(cp, arguments[0], forms[i].options);
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "normalise: the form is NFC, NFD, NFKC or NFKD, not %.20s",
                    form);
}

static cp_value f_fold_case(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (utf8_ascii(cp_string_text(arguments[0]), cp_string_size(arguments[0])))
        return string_method_lower(cp, arguments[0], NULL, 0);
    return map_text(cp, arguments[0], UTF8PROC_STABLE | UTF8PROC_CASEFOLD);
}

/* Two of the former are a flag, and the latter makes a picture of the sign before it: both take two columns. */
enum { REGIONAL_FIRST = 0x1F1E6, REGIONAL_LAST = 0x1F1FF, EMOJI_STYLE = 0xFE0F };

/* The end of the cluster that begins at p, which is below end; its width in columns is stored. */
static const char *skip_cluster(const char *p, const char *end, int *width) {
    utf8proc_int32_t state = 0;
    uint32_t point = utf8_next(&p, end);
    *width = utf8_is_stray(point) ? 1 : utf8proc_charwidth((utf8proc_int32_t)point);
    while (p < end && !utf8_is_stray(point)) {
        const char *next = p;
        uint32_t following = utf8_next(&next, end);
        if (utf8_is_stray(following) ||
            utf8proc_grapheme_break_stateful((utf8proc_int32_t)point, (utf8proc_int32_t)following, &state))
            break;
        int wide = utf8proc_charwidth((utf8proc_int32_t)following);
        bool flag = following >= REGIONAL_FIRST && following <= REGIONAL_LAST;
        if (flag || following == EMOJI_STYLE) wide = 2;
        if (wide > *width) *width = wide;
        point = following;
        p = next;
    }
    return p;
}

static cp_value f_graphemes(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_list_builder list = {0};
    const char *start = cp_string_text(arguments[0]), *end = start + cp_string_size(arguments[0]), *p = start;
    while (p < end) {
        int width;
        const char *next = skip_cluster(p, end, &width);
        cp_value part = string_slice(cp, arguments[0], (size_t)(p - start), (size_t)(next - start));
        if (part == CP_THROWN) return part;
        cp_list_add(&list, part);
        p = next;
    }
    return list.list;
}

static cp_value f_width(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    const char *p = cp_string_text(arguments[0]), *end = p + cp_string_size(arguments[0]);
    int64_t columns = 0;
    while (p < end) {
        int width;
        p = skip_cluster(p, end, &width);
        columns += width;
    }
    return cp_fixnum(columns);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

const cp_function_def text_functions[] = {
    {"split", "List", "((text String) (separator Object ()))", f_split,
     "The parts of the text between separators, empty ones included. Without a separator the words between white "
     "space, "
     "with an empty one the characters. The separator may be a Regex."},
    {"trim", "String", "((text String))", f_trim, "The text without the white space at both ends."},
    {"upper", "String", "((text String))", f_upper, "The text in capital letters, character by character."},
    {"lower", "String", "((text String))", f_lower, "The text in small letters, character by character."},
    {"replace", "String", "((text String) old new)", f_replace,
     "The text with new for every old, from left to right. The old may be a Regex, the new then a template or a "
     "function. "
     "Error 1.8 when old is empty."},
    {"startsWith", "Symbol", "((text String) (start String))", f_starts_with,
     "true when the text begins with start, else ()."},
    {"endsWith", "Symbol", "((text String) (end String))", f_ends_with, "true when the text ends with end, else ()."},
    {"indexOf", "Integer", "((text String) (wanted String) (from Integer 0))", f_index_of,
     "The index at which wanted stands first in the text, at or after from; () when it does not. Error 1.7 when from "
     "lies "
     "outside the text."},
    {"format", "String", "((spec String) ...)", f_format,
     "Text by a printf spec with one conversion for each value: d i u x X o for Integers of any size, e E f F g G a A "
     "for "
     "numbers, s for anything as print shows it; %% is a percent sign. Flags - + space 0 #, width and precision up to "
     "4096 "
     "as in C; those of s count characters. Error 1.8 for another spec or number of values, 1.11 for a value that does "
     "not "
     "fit its conversion."},
    {"parseInteger", "Object", "((text String) (base Integer ()) (default Object error))", f_parse_integer,
     "The Integer that the text spells, of any size, in a base from 2 to 36, or else decimal, 0xFF or 0b101; white "
     "space "
     "around it and a sign are allowed. A text that is none is error 1.8, or gives the default."},
    {"parseReal", "Object", "((text String) (default Object error))", f_parse_real,
     "The Real that the text spells, also without a point, or inf, -inf, nan; white space around it and a sign are "
     "allowed. A text that is none is error 1.8, or gives the default."},
    {"normalise", "String", "((text String) (form String|Symbol NFC))", f_normalise,
     "The text in the Unicode normal form NFC, NFD, NFKC or NFKD. Error 1.8 for another name."},
    {"foldCase", "String", "((text String))", f_fold_case,
     "The text for comparison without regard to case: Unicode's full case folding, so that Strasse and Straße are the "
     "same."},
    {"graphemes", "List", "((text String))", f_graphemes,
     "What a reader takes for characters, each as a String: a letter with its accents, a flag, an emoji of several "
     "parts."},
    {"width", "Integer", "((text String))", f_width,
     "How many columns the text takes on a terminal: wide East Asian characters and emoji count 2, combining marks and "
     "controls 0."},
    {0},
};
