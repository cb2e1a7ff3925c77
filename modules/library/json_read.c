/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_read.c: JSON text to values, in one pass.
 *
 * Own code, because a library's tree has no place for Integers beyond 64 bits, and would be walked a second time.
 */
#include "modules/library/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/library/library_data.h"
#include "modules/coding/utf8_text.h"

enum { NAMES = 64 };

struct reader {
    cp_context *cp;
    const struct json_options *options;
    const char *start, *at, *end;
    int64_t depth;
    cp_value names[NAMES]; /* Strings of names met before: objects in an array have mostly the same */
};

static cp_value read_value(struct reader *r);

/* Throws with the place, counted from 1 in lines and characters. */
static cp_value fail(struct reader *r, const char *at, int code, const char *what) {
    int64_t line = 1, column = 1;
    for (const char *c = r->start; c < at; c++) {
        if (*c == '\n') line++, column = 1;
        else column += (*c & 0xc0) != 0x80;
    }
    cp_throw(r->cp, CP_ERROR_JSON, code, "JSON, line %lld, column %lld: %s", (long long)line, (long long)column, what);
    cp_value error = cp_take_error(r->cp);
    cp_error_set_detail(r->cp, error, "jsonLine", cp_integer(r->cp, line));
    cp_error_set_detail(r->cp, error, "jsonColumn", cp_integer(r->cp, column));
    return cp_throw_value(r->cp, error);
}

static void skip_blanks(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) r->at++;
}

static cp_value unexpected(struct reader *r, const char *wanted) {
    char text[160];
    if (r->at == r->end) {
        snprintf(text, sizeof text, "the text ends where %s should come", wanted);
        return fail(r, r->at, JSON_END, text);
    }
    unsigned char c = (unsigned char)*r->at;
    if (c > ' ' && c < 127) snprintf(text, sizeof text, "%s should come, not %c", wanted, c);
    else snprintf(text, sizeof text, "%s should come, not the byte 0x%02x", wanted, c);
    return fail(r, r->at, JSON_UNEXPECTED, text);
}

/* ---- numbers ---- */

static inline bool is_digit(const struct reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

static bool skip_digits(struct reader *r) {
    const char *first = r->at;
    while (is_digit(r)) r->at++;
    return r->at > first;
}

static cp_value read_number(struct reader *r) {
    const char *first = r->at;
    bool real = false;
    if (*r->at == '-') r->at++;
    const char *digits = r->at;
    if (!skip_digits(r)) return fail(r, first, JSON_LITERAL, "a number needs a digit after its sign");
    if (*digits == '0' && r->at - digits > 1) return fail(r, first, JSON_LITERAL, "a number may not begin with 0");
    if (r->at < r->end && *r->at == '.') {
        real = true;
        r->at++;
        if (!skip_digits(r)) return fail(r, first, JSON_LITERAL, "a number needs a digit after its point");
    }
    if (r->at < r->end && (*r->at | 32) == 'e') {
        real = true;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
        if (!skip_digits(r)) return fail(r, first, JSON_LITERAL, "a number needs a digit in its exponent");
    }
    size_t size = (size_t)(r->at - first);
    if (!real && size <= 18) { /* fits a word */
        int64_t value = 0;
        for (const char *c = digits; c < r->at; c++) value = value * 10 + (*c - '0');
        return cp_fixnum(*first == '-' ? -value : value);
    }
    cp_value text = cp_string_n(r->cp, first, size);
    if (!real) return cp_send_z(r->cp, text, "integer", NULL, 0);
    double value = strtod(cp_text_z(r->cp, text), NULL);
    if (isinf(value)) return fail(r, first, JSON_LITERAL, "the number is larger than any Real");
    return cp_real(value);
}

/* ---- strings ---- */

/* Four hex digits; -1 when they are none. */
static int read_hex(struct reader *r) {
    if (r->end - r->at < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool add_code_point(struct reader *r, struct output *text, unsigned code) {
    char utf8[4];
    size_t size = 0;
    if (code < 0x80) utf8[size++] = (char)code;
    else {
        int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
        utf8[size++] = (char)(leads[more] | code >> (6 * more));
        while (more-- > 0) utf8[size++] = (char)(0x80 | (code >> (6 * more) & 0x3f));
    }
    return output_add(r->cp, text, utf8, size);
}

/* Behind a backslash. */
static bool read_escape(struct reader *r, struct output *text) {
    const char *place = r->at - 1;
    char c = r->at < r->end ? *r->at++ : 0;
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const char *found = c ? strchr(names, c) : NULL;
    if (found) return output_add_byte(r->cp, text, bytes[found - names]);
    if (c != 'u') return fail(r, place, JSON_LITERAL, "no such escape in a string"), false;
    int code = read_hex(r);
    if (code < 0) return fail(r, place, JSON_LITERAL, "\\u needs four hex digits"), false;
    if (code >= 0xd800 && code < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        int low = read_hex(r);
        code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xd800;
    }
    if (code >= 0xd800 && code < 0xe000)
        return fail(r, place, JSON_LITERAL, "half of a surrogate pair is no character"), false;
    return add_code_point(r, text, (unsigned)code);
}

static cp_value read_string(struct reader *r) {
    const char *first = ++r->at, *run = first;
    struct output text = {0};
    for (;;) {
        while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= ' ') r->at++;
        if (!utf8_text_is_valid(run, (size_t)(r->at - run)))
            return fail(r, run, JSON_LITERAL, "a string has bytes that are not UTF-8");
        if (r->at == r->end) return fail(r, first - 1, JSON_END, "the text ends within a string");
        if (*r->at == '"') break;
        if (*r->at != '\\') return fail(r, r->at, JSON_LITERAL, "a control character must be escaped in a string");
        if (!output_add(r->cp, &text, run, (size_t)(r->at - run))) return CP_THROWN;
        r->at++;
        if (!read_escape(r, &text)) return CP_THROWN;
        run = r->at;
    }
    const char *last = r->at++;
    if (run == first) return cp_string_n(r->cp, first, (size_t)(last - first)); /* no escapes */
    return output_add(r->cp, &text, run, (size_t)(last - run)) ? output_string(r->cp, &text) : CP_THROWN;
}

/* The name of a member, which is shared with an earlier one of the same text if that is still known. */
static cp_value read_name(struct reader *r) {
    const char *first = r->at + 1, *at = first;
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; at < r->end && *at != '"' && *at != '\\'; at++) hash = (hash ^ (unsigned char)*at) * 16777619u;
    cp_value *place = &r->names[(hash ^ hash >> 16) % NAMES];
    size_t size = (size_t)(at - first);
    if (at < r->end && *at == '"' && *place != CP_NIL && cp_string_size(*place) == size &&
        memcmp(cp_string_text(*place), first, size) == 0) {
        r->at = at + 1;
        return *place;
    }
    cp_value name = read_string(r);
    if (name != CP_THROWN) *place = name;
    return name;
}

/* ---- arrays and objects ---- */

/* After an item: true when another follows; false at the closing bracket, or after a throw in *thrown. */
static bool another(struct reader *r, char closing, const char *wanted, bool *thrown) {
    skip_blanks(r);
    char c = r->at < r->end ? *r->at : 0;
    if (c == ',' || c == closing) {
        r->at++;
        return c == ',';
    }
    *thrown = true;
    unexpected(r, wanted);
    return false;
}

/* At the opening bracket: true when the bracket closes at once. */
static bool is_empty(struct reader *r, char closing) {
    r->at++;
    skip_blanks(r);
    if (r->at == r->end || *r->at != closing) return false;
    r->at++;
    return true;
}

static cp_value read_array(struct reader *r) {
    cp_list_builder items = {0};
    size_t count = 0;
    bool thrown = false;
    if (!is_empty(r, ']')) {
        do {
            cp_value item = read_value(r);
            if (item == CP_THROWN) return item;
            cp_list_add(&items, item);
            count++;
        } while (another(r, ']', "a comma or ]", &thrown));
    }
    if (thrown) return CP_THROWN;
    if (r->options->lists) return items.list;
    cp_value array = cp_array_n(r->cp, count, CP_NIL);
    if (array == CP_THROWN) return array;
    cp_value *places = cp_array_items(array, &count);
    for (size_t i = 0; i < count; i++, items.list = cp_tail(items.list)) places[i] = cp_head(items.list);
    return array;
}

static cp_value read_object(struct reader *r) {
    cp_value table = cp_table(r->cp);
    bool thrown = false;
    if (is_empty(r, '}')) return table;
    do {
        skip_blanks(r);
        if (r->at == r->end || *r->at != '"') return unexpected(r, "a name in quotes");
        const char *place = r->at;
        cp_value name = read_name(r);
        if (name == CP_THROWN) return name;
        skip_blanks(r);
        if (r->at == r->end || *r->at != ':') return unexpected(r, "a colon");
        r->at++;
        cp_value value = read_value(r);
        if (value == CP_THROWN) return value;
        if (r->options->strict && cp_table_get(r->cp, table, name) != CP_UNSET)
            return fail(r, place, JSON_DUPLICATE, "this name has come before in the object");
        if (cp_table_set(r->cp, table, name, value) == CP_THROWN) return CP_THROWN;
    } while (another(r, '}', "a comma or }", &thrown));
    return thrown ? CP_THROWN : table;
}

static cp_value read_nested(struct reader *r) {
    if (++r->depth > r->options->depth) return fail(r, r->at, JSON_DEPTH, "nested more deeply than allowed");
    if (cp_check_stack(r->cp) == CP_THROWN) return CP_THROWN;
    cp_value value = *r->at == '[' ? read_array(r) : read_object(r);
    r->depth--;
    return value;
}

static bool read_word(struct reader *r, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0) return false;
    r->at += size;
    return true;
}

static cp_value read_value(struct reader *r) {
    skip_blanks(r);
    if (r->at == r->end) return unexpected(r, "a value");
    switch (*r->at) {
    case '"': return read_string(r);
    case '[':
    case '{': return read_nested(r);
    case '-':
    case '0' ... '9': return read_number(r);
    case 't':
        if (read_word(r, "true")) return cp_symbol_z(r->cp, "true");
        break;
    case 'f':
        if (read_word(r, "false")) return CP_NIL;
        break;
    case 'n':
        if (read_word(r, "null")) return cp_symbol_z(r->cp, "null");
        break;
    }
    return unexpected(r, "a value");
}

cp_value json_read(cp_context *cp, cp_value source, const struct json_options *options) {
    const char *text;
    size_t size;
    if (!cp_bytes_of(source, &text, &size))
        return cp_throw_type(cp, "the JSON text", "String, Binary or Buffer", source);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, size -= 3; /* a byte order mark */
    struct reader r = {.cp = cp, .options = options, .start = text, .at = text, .end = text + size};
    cp_value value = read_value(&r);
    if (value != CP_THROWN) {
        skip_blanks(&r);
        if (r.at < r.end) value = unexpected(&r, "nothing more");
    }
    library_keep(source);
    return value;
}
