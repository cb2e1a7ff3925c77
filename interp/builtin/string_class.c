/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * string_class.c: the class String, as scripts see text.
 */
#include "interp/builtin/tables.h"
#include "interp/data/string.h"

#include "interp/base/memory.h"
#include "interp/base/utf8.h"
#include "interp/base/vector.h"
#include "interp/data/binary.h"
#include "interp/builtin/format.h"
#include "interp/data/number.h"

#include <math.h>
#include <utf8proc.h>

/* ---- helpers ---- */

static cp_value truth(cp_context *cp, bool holds) { return holds ? cp->known.sym_true : CP_NIL; }

/* White space is what Unicode calls so: controls from tab to return, NEL, and the separators. */
static bool is_space(uint32_t point) {
    if (point < 0x80) return point == ' ' || (point >= '\t' && point <= '\r');
    if (utf8_is_stray(point)) return false;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)point);
    return point == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

static const char *skip_space(const char *p, const char *end) {
    while (p < end) {
        const char *next = p;
        if (!is_space(utf8_next(&next, end))) break;
        p = next;
    }
    return p;
}

static const char *skip_word(const char *p, const char *end) {
    while (p < end) {
        const char *next = p;
        if (is_space(utf8_next(&next, end))) break;
        p = next;
    }
    return p;
}

/* The end of [start, end) without the white space there. */
static const char *trim_end(const char *start, const char *end) {
    while (end > start) {
        const char *previous = end;
        if (!is_space(utf8_previous(&previous, start))) break;
        end = previous;
    }
    return end;
}

static cp_value conversion_failed(cp_context *cp, cp_value s, const char *class_name) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is no %s",
                    string_excerpt(cp_string_text(s), cp_string_size(s)), class_name);
}

/* ---- methods: parts ---- */

static cp_value m_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum((int64_t)string_length(self));
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return self;
}

static cp_value m_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t index;
    if (!string_check_index(cp, arguments[0], string_length(self), &index)) return CP_THROWN;
    return string_substring(cp, self, index, index + 1);
}

static cp_value m_extract(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t from, items;
    if (!string_check_range(cp, arguments[0], arguments[1], string_length(self), &from, &items)) return CP_THROWN;
    return string_substring(cp, self, from, from + items);
}

cp_value string_method_search(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t from, items;
    if (!string_check_range(cp, arguments[1], CP_NIL, string_length(self), &from, &items)) return CP_THROWN;
    size_t start = string_offset(cp, self, from);
    size_t found = string_find(self, cp_string_text(arguments[0]), cp_string_size(arguments[0]), start);
    if (found == SIZE_MAX) return CP_NIL;
    if (string_length(self) == cp_string_size(self)) return cp_fixnum((int64_t)found);
    return cp_fixnum((int64_t)(from + utf8_count(cp_string_text(self) + start, found - start)));
}

static cp_value m_contains(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, string_find(self, cp_string_text(arguments[0]), cp_string_size(arguments[0]), 0) != SIZE_MAX);
}

cp_value string_method_starts_with(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t size = cp_string_size(arguments[0]);
    return truth(cp,
                 size <= cp_string_size(self) && memcmp(cp_string_text(self), cp_string_text(arguments[0]), size) == 0);
}

cp_value string_method_ends_with(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t size = cp_string_size(arguments[0]), whole = cp_string_size(self);
    return truth(cp,
                 size <= whole && memcmp(cp_string_text(self) + whole - size, cp_string_text(arguments[0]), size) == 0);
}

/* Adds the part between two byte offsets; false after a throw. */
static bool add_part(cp_context *cp, cp_list_builder *list, cp_value self, size_t from, size_t to) {
    cp_value part = string_slice(cp, self, from, to);
    if (part != CP_THROWN) cp_list_add(list, part);
    return part != CP_THROWN;
}

/* A String of a few ASCII characters that stand in a text of which `left` bytes are left. Where there are enough, all
   that fit into its smallest block are copied: a copy of a known size is one load and one store. */
enum { SHORT_WORD = 15 };
static cp_value short_word(const char *word, size_t size, size_t left) {
    cp_string *s = mem_alloc_atomic(sizeof *s + SHORT_WORD + 1);
    s->header = (cp_object){CP_CLASS_STRING, 0};
    s->size = s->length = size;
    s->text = s->inline_text;
    if (left > SHORT_WORD) memcpy(s->inline_text, word, SHORT_WORD + 1);
    else memcpy(s->inline_text, word, size);
    s->inline_text[size] = 0;
    return cp_from_object(s);
}

/* Which of up to 64 ASCII bytes are blank: bit i for byte i, and all bits behind the last one. Eight bytes are looked
   at in one word: with the high bits clear, a sum that reaches one tells that a byte is at least so much, and no carry
   leaves it. *ascii tells whether they are ASCII; if not, the bits mean nothing. */
static uint64_t blank_bits(const char *text, size_t count, bool *ascii) {
    const uint64_t each = 0x0101010101010101u, high = each << 7;
    uint64_t blanks = count < 64 ? ~(uint64_t)0 << count : 0, beyond = 0;
    for (size_t i = 0; i < count; i += 8) {
        uint64_t bytes = each * ' ';
        if (count - i >= 8) memcpy(&bytes, text + i, 8);
        else memcpy(&bytes, text + i, count - i);
        bytes = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(bytes) : bytes;
        beyond |= bytes;
        uint64_t space = (each * 0x80 - (bytes ^ each * ' ')) & high;
        uint64_t control = (bytes + each * (0x80 - '\t')) & ~(bytes + each * (0x80 - '\r' - 1)) & high;
        blanks |= ((space | control) >> 7) * 0x0102040810204080u >> 56 << i;
    }
    *ascii = (beyond & high) == 0;
    return blanks;
}

/* Where words begin and end is taken from bits, so that how long a word is costs no wrong guess of a branch. */
static cp_value split_words(cp_context *cp, cp_value self) {
    cp_list_builder list = {0};
    const char *text = cp_string_text(self), *end = text + cp_string_size(self), *word = NULL, *p = text;
    while (p < end) {
        size_t count = end - p < 64 ? (size_t)(end - p) : 64;
        bool ascii;
        uint64_t inside = ~blank_bits(p, count, &ascii);
        if (!ascii) {
            if (!word) word = p = skip_space(p, end);
            p = skip_word(p, end);
            if (p > word && !add_part(cp, &list, self, (size_t)(word - text), (size_t)(p - text))) return CP_THROWN;
            word = NULL;
            continue;
        }
        for (uint64_t edges = inside ^ (inside << 1 | (word != NULL)); edges; edges &= edges - 1) {
            const char *edge = p + __builtin_ctzll(edges);
            if (!word) {
                word = edge;
                continue;
            }
            size_t size = (size_t)(edge - word);
            if (size <= SHORT_WORD) cp_list_add(&list, short_word(word, size, (size_t)(end - word)));
            else if (!add_part(cp, &list, self, (size_t)(word - text), (size_t)(edge - text))) return CP_THROWN;
            word = NULL;
        }
        p += count;
    }
    if (word && !add_part(cp, &list, self, (size_t)(word - text), (size_t)(end - text))) return CP_THROWN;
    return list.list;
}

static cp_value split_characters(cp_context *cp, cp_value self) {
    cp_list_builder list = {0};
    const char *text = cp_string_text(self), *end = text + cp_string_size(self), *p = text;
    while (p < end) {
        const char *start = p;
        utf8_next(&p, end);
        if (!add_part(cp, &list, self, (size_t)(start - text), (size_t)(p - text))) return CP_THROWN;
    }
    return list.list;
}

cp_value string_method_split(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (arguments[0] == CP_NIL) return split_words(cp, self);
    const char *separator = cp_string_text(arguments[0]);
    size_t size = cp_string_size(arguments[0]), start = 0, found;
    if (size == 0) return split_characters(cp, self);
    cp_list_builder list = {0};
    while ((found = string_find(self, separator, size, start)) != SIZE_MAX) {
        if (!add_part(cp, &list, self, start, found)) return CP_THROWN;
        start = found + size;
    }
    return add_part(cp, &list, self, start, cp_string_size(self)) ? list.list : CP_THROWN;
}

/* ---- methods: other text ---- */

/* Character by character, so the number of them stays. Sharp s has no capital in UnicodeData (the library would give
   U+1E9E, which hardly anyone can read). */
enum { SHARP_S = 0xDF };

static cp_value change_case(cp_context *cp, cp_value self, utf8proc_int32_t (*change)(utf8proc_int32_t), char first) {
    size_t size = cp_string_size(self);
    const char *text = cp_string_text(self), *end = text + size;
    if (string_length(self) == size && utf8_ascii(text, size)) {
        char *out;
        cp_value result = string_room(cp, size, &out);
        if (result == CP_THROWN) return result;
        for (size_t i = 0; i < size; i++) out[i] = (unsigned char)(text[i] - first) < 26 ? text[i] ^ 32 : text[i];
        return result;
    }
    struct bytes out = {0};
    while (text < end) {
        char encoded[UTF8_MOST_BYTES];
        uint32_t point = utf8_next(&text, end);
        if (!utf8_is_stray(point) && point != SHARP_S) point = (uint32_t)change((utf8proc_int32_t)point);
        if (!bytes_append(&out, encoded, utf8_encode(point, encoded))) {
            bytes_free(&out);
            return string_no_memory(cp);
        }
    }
    return string_take(cp, &out);
}

cp_value string_method_upper(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return change_case(cp, self, utf8proc_toupper, 'a');
}

cp_value string_method_lower(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return change_case(cp, self, utf8proc_tolower, 'A');
}

cp_value string_method_trim(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    const char *text = cp_string_text(self), *end = text + cp_string_size(self), *start = skip_space(text, end);
    return string_slice(cp, self, (size_t)(start - text), (size_t)(trim_end(start, end) - text));
}

static cp_value m_replace(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const char *text = cp_string_text(self), *old = cp_string_text(arguments[0]);
    size_t size = cp_string_size(arguments[0]), start = 0, found;
    if (size == 0) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "replace: the text to replace is empty");
    struct bytes out = {0};
    bool fits = true;
    while (fits && (found = string_find(self, old, size, start)) != SIZE_MAX) {
        fits = bytes_append(&out, text + start, found - start) &&
               bytes_append(&out, cp_string_text(arguments[1]), cp_string_size(arguments[1]));
        start = found + size;
    }
    if (fits && start == 0) return self;
    if (fits && bytes_append(&out, text + start, cp_string_size(self) - start)) return string_take(cp, &out);
    bytes_free(&out);
    return string_no_memory(cp);
}

static cp_value m_reverse(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    const char *text = cp_string_text(self), *p = text + cp_string_size(self);
    char *out;
    cp_value result = string_room(cp, cp_string_size(self), &out);
    if (result == CP_THROWN) return result;
    while (p > text) {
        const char *end = p;
        utf8_previous(&p, text);
        memcpy(out, p, (size_t)(end - p));
        out += end - p;
    }
    return result;
}

static cp_value m_add(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (!cp_is_string(arguments[0])) return cp_throw_type(cp, "an operand of +", "String", arguments[0]);
    return string_concat(cp, self, arguments[0]);
}

static cp_value m_format(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return format_text(cp, cp_string_text(arguments[0]), cp_string_size(arguments[0]), &self, 1);
}

/* ---- methods: conversions ---- */

static cp_value m_symbol(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_symbol_n(cp, cp_string_text(self), cp_string_size(self));
}

static cp_value m_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return binary_try_n(cp, cp_string_text(self), cp_string_size(self));
}

/* The number that the text spells, white space around it and a plus sign before it apart, or CP_UNSET. */
static cp_value parse(cp_context *cp, cp_value self) {
    const char *text = cp_string_text(self), *end = text + cp_string_size(self);
    text = skip_space(text, end);
    end = trim_end(text, end);
    if (end - text > 1 && text[0] == '+' && text[1] != '-') text++;
    return number_parse(cp, text, (size_t)(end - text));
}

static cp_value m_integer(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value number = parse(cp, self);
    if (number == CP_THROWN || cp_is_integer(number)) return number;
    return conversion_failed(cp, self, "Integer");
}

static cp_value m_real(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value number = parse(cp, self);
    if (number == CP_THROWN || cp_is_real(number)) return number;
    if (cp_is_integer(number)) return cp_real(cp_to_double(number));
    static const struct {
        char text[5];
        double value;
    } special[] = {{"inf", HUGE_VAL}, {"-inf", -HUGE_VAL}, {"nan", NAN}};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (cp_string_size(self) == strlen(special[i].text) &&
            memcmp(cp_string_text(self), special[i].text, cp_string_size(self)) == 0)
            return cp_real(special[i].value);
    return conversion_failed(cp, self, "Real");
}

/* ---- methods: comparison ---- */

static cp_value m_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, cp_is_string(arguments[0]) && string_equal(self, arguments[0]));
}

static cp_value m_unequal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, !cp_is_string(arguments[0]) || !string_equal(self, arguments[0]));
}

static cp_value m_less(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, string_compare(self, arguments[0]) < 0);
}

static cp_value m_less_or_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, string_compare(self, arguments[0]) <= 0);
}

static cp_value m_greater(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, string_compare(self, arguments[0]) > 0);
}

static cp_value m_greater_or_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, string_compare(self, arguments[0]) >= 0);
}

static cp_value m_hash(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum(string_hash(cp, self));
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"length", "Integer", "()", m_length, "The number of characters."},
    {"string", "String", "()", m_string, "The String itself."},
    {"get", "String", "((index Integer))", m_get,
     "The character at an index from 0, as a String. Error 1.7 when there is none."},
    {"extract", "String", "((from Integer) (count Integer ()))", m_extract,
     "The characters from an index on: count of them, or fewer where the text ends; all when count is not given. Error "
     "1.7 when from is below 0 or above the length, or count below 0."},
    {"search", "Integer", "((text String) (from Integer 0))", string_method_search,
     "The index at which text stands first, at or after from; () when it does not. Error 1.7 when from is below 0 or "
     "above "
     "the length."},
    {"indexOf", "Integer", "((text String) (from Integer 0))", string_method_search, "The same as search."},
    {"contains", "Symbol", "((text String))", m_contains, "Whether text stands somewhere in this String."},
    {"startsWith", "Symbol", "((text String))", string_method_starts_with, "Whether this String begins with text."},
    {"endsWith", "Symbol", "((text String))", string_method_ends_with, "Whether this String ends with text."},
    {"split", "List", "((separator String ()))", string_method_split,
     "The parts between separators, empty ones included. Without a separator the words between white space, none of "
     "them "
     "empty; with an empty one the characters."},
    {"upper", "String", "()", string_method_upper,
     "The text in capital letters, character by character as Unicode has them."},
    {"lower", "String", "()", string_method_lower,
     "The text in small letters, character by character as Unicode has them."},
    {"trim", "String", "()", string_method_trim, "The text without the white space at both ends."},
    {"replace", "String", "((old String) (new String))", m_replace,
     "The text with new for every old, from left to right. Error 1.8 when old is empty."},
    {"reverse", "String", "()", m_reverse, "The characters from the last to the first."},
    {"symbol", "Symbol", "()", m_symbol, "The Symbol of that name."},
    {"binary", "Binary", "()", m_binary, "The bytes of the text (UTF-8)."},
    {"integer", "Integer", "()", m_integer,
     "The Integer that the text spells, of any size, also as 0xFF or 0b101; white space around it and a plus sign are "
     "allowed. Error 1.8 when it is no Integer."},
    {"real", "Real", "()", m_real,
     "The Real that the text spells, also without a point, or inf, -inf, nan; white space around a number and a plus "
     "sign "
     "are allowed. Error 1.8 when it is no number."},
    {"digest", "Binary", "((name String|Symbol \"sha256\"))", binary_method_digest,
     "The digest of the bytes of the text: name is md5 sha1 sha224 sha256 sha384 sha512 or another that OpenSSL knows. "
     "Error 1.8 when it knows none of that name."},
    {"hex", "String", "((decode Object ()))", binary_method_hex,
     "The bytes of the text as pairs of upper-case hex digits. With decode the text that such digits, in either case "
     "and "
     "with white space between pairs, stand for: error 1.8 for any others."},
    {"base64", "String", "((decode Object ()))", binary_method_base64,
     "The bytes of the text in base64 (RFC 4648), on one line. With decode the text that base64, with white space or "
     "without padding too, stands for: error 1.8 when it is none."},
    {"quotedPrintable", "String", "((decode Object ()))", binary_method_quoted_printable,
     "The text in quoted-printable (RFC 2045), in lines of at most 76 characters; its own line ends stay. With decode "
     "the "
     "text that quoted-printable stands for: error 1.8 when a = is followed by no hex digits."},
    {"format", "String", "((spec String))", m_format,
     "The text by a printf spec with one conversion %s, such as \"%-20s\" or \"%.3s\"; width and precision, up to "
     "4096, "
     "count characters. Error 1.8 for any other spec, 1.11 for a conversion of numbers."},
    {"+", "String", "((other String))", m_add,
     "This text with the other behind it. Error 1.11 when other is no String."},
    {"==", "Symbol", "(other)", m_equal, "Whether other is a String of the same text."},
    {"!=", "Symbol", "(other)", m_unequal, "Whether other is anything but a String of the same text."},
    {"<", "Symbol", "((other String))", m_less, "Whether this text comes first in the order of code points."},
    {"<=", "Symbol", "((other String))", m_less_or_equal, "Whether this text comes first or is the same."},
    {">", "Symbol", "((other String))", m_greater, "Whether the other text comes first in the order of code points."},
    {">=", "Symbol", "((other String))", m_greater_or_equal, "Whether the other text comes first or is the same."},
    {"hash", "Integer", "()", m_hash,
     "A number from 1 to below 2^32 that is the same for equal texts in this run of the program."},
    {0}};

const cp_class_def string_class = {
    .name = "String",
    .doc =
        "Text that never changes, indexed by character from 0. UTF-8; a byte that is not UTF-8 counts as a character.",
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .methods = methods,
};
