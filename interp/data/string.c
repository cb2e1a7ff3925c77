/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * string.c: the representation of text and everything about it that needs no script to ask for it.
 */
#include "interp/data/string.h"

#include "interp/base/memory.h"
#include "interp/base/utf8.h"
#include "interp/base/vector.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    SHARED_LEAST = 256, /* bytes: a smaller part is copied, which costs less than keeping two objects alive */
    SHARED_PART = 8,    /* a part below 1/8 of its owner is copied, so that it does not keep all the rest */
    CURSOR_LEAST = 64,  /* bytes: in a shorter text counting from the start is as quick */
    EXCERPT_MOST = 60,
};

/* A String within another one: what would be inline text is the owner, which is never such a part itself. */
struct shared_string {
    cp_string string;
    cp_value owner;
};

_Static_assert(sizeof(cp_string) == offsetof(struct shared_string, owner), "the owner lies where inline text would");

static bool is_shared(const cp_string *s) { return s->text != s->inline_text; }

/* ---- making ---- */

static cp_value string_init(cp_string *s, size_t size) {
    s->header = (cp_object){CP_CLASS_STRING, 0};
    s->size = size;
    s->length = SIZE_MAX;
    s->text = s->inline_text;
    s->inline_text[size] = 0;
    return cp_from_object(s);
}

cp_value cp_string_n(cp_context *cp, const char *bytes, size_t size) {
    (void)cp;
    cp_string *s = mem_alloc_atomic(sizeof *s + size + 1);
    if (bytes) memcpy(s->inline_text, bytes, size);
    return string_init(s, size);
}

cp_value cp_string_z(cp_context *cp, const char *text) { return cp_string_n(cp, text, strlen(text)); }

cp_value string_room(cp_context *cp, size_t size, char **text) {
    if (size > SIZE_MAX / 2) {
        string_no_memory(cp);
        return CP_THROWN;
    }
    size_t all = sizeof(cp_string) + size + 1;
    cp_string *s = all <= MEM_SMALL ? mem_alloc_atomic(all) : cp_try_alloc_atomic(cp, all);
    if (!s) return CP_THROWN;
    *text = s->inline_text;
    return string_init(s, size);
}

cp_value string_try_n(cp_context *cp, const char *bytes, size_t size) {
    char *text;
    cp_value s = string_room(cp, size, &text);
    if (s != CP_THROWN) memcpy(text, bytes, size);
    return s;
}

cp_value string_take(cp_context *cp, struct bytes *buffer) {
    cp_value s = string_try_n(cp, buffer->data ? buffer->data : "", buffer->length);
    bytes_free(buffer);
    return s;
}

cp_value string_no_memory(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no memory for the text");
}

cp_value cp_string_format(cp_context *cp, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    cp_value s = cp_string_n(cp, NULL, size < 0 ? 0 : (size_t)size);
    if (size > 0) vsnprintf(cp_string_of(s)->inline_text, (size_t)size + 1, format, again);
    va_end(again);
    return s;
}

cp_value string_concat(cp_context *cp, cp_value a, cp_value b) {
    cp_string *x = cp_string_of(a), *y = cp_string_of(b);
    if (x->size == 0) return b;
    if (y->size == 0) return a;
    char *text;
    cp_value s = string_room(cp, x->size + y->size, &text);
    if (s == CP_THROWN) return s;
    memcpy(text, x->text, x->size);
    memcpy(text + x->size, y->text, y->size);
    /* Where damaged ends meet, bytes may become one character; not beside an ASCII byte. */
    if (x->length != SIZE_MAX && y->length != SIZE_MAX && !(x->text[x->size - 1] & 0x80 && y->text[0] & 0x80))
        cp_string_of(s)->length = x->length + y->length;
    return s;
}

cp_value string_slice(cp_context *cp, cp_value v, size_t from, size_t to) {
    cp_string *s = cp_string_of(v);
    size_t size = to - from;
    if (size == s->size) return v;
    cp_value owner = is_shared(s) ? ((struct shared_string *)s)->owner : v;
    if (size < SHARED_LEAST || size < cp_string_size(owner) / SHARED_PART)
        return string_try_n(cp, s->text + from, size);
    struct shared_string *part = mem_alloc(sizeof *part);
    part->string.header.class_number = CP_CLASS_STRING;
    part->string.size = size;
    part->string.length = SIZE_MAX;
    part->string.text = s->text + from;
    part->owner = owner;
    return cp_from_object(part);
}

cp_value string_substring(cp_context *cp, cp_value s, size_t from, size_t to) {
    size_t start = string_offset(cp, s, from), count = to - from;
    cp_string *whole = cp_string_of(s);
    size_t size = whole->length == whole->size ? count : utf8_offset(whole->text + start, whole->size - start, count);
    cp_value part = string_slice(cp, s, start, start + size);
    if (part != CP_THROWN) cp_string_of(part)->length = count;
    return part;
}

char *cp_copy_z(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc_atomic(size), text, size);
}

const char *cp_text_z(cp_context *cp, cp_value text) {
    if (cp_is_symbol(text)) return cp_symbol_of(text)->text;
    cp_string *s = cp_string_of(text);
    if (!is_shared(s)) return s->text;
    return cp_string_text(cp_string_n(cp, s->text, s->size));
}

/* ---- measuring ---- */

size_t string_length(cp_value v) {
    cp_string *s = cp_string_of(v);
    if (CP_UNLIKELY(s->length == SIZE_MAX)) s->length = utf8_count(s->text, s->size);
    return s->length;
}

size_t string_offset(cp_context *cp, cp_value v, size_t index) {
    cp_string *s = cp_string_of(v);
    if (string_length(v) == s->size) return index < s->size ? index : s->size;
    if (index >= s->length) return s->size;
    if (s->size < CURSOR_LEAST) return utf8_offset(s->text, s->size, index);
    struct text_cursor *cursor = &cp->cursor;
    if (cursor->string != v) *cursor = (struct text_cursor){v, 0, 0};
    const char *at = s->text + cursor->offset;
    if (index >= cursor->index) at += utf8_offset(at, s->size - cursor->offset, index - cursor->index);
    else if (index < cursor->index / 2) at = s->text + utf8_offset(s->text, s->size, index);
    else
        for (size_t back = cursor->index - index; back > 0; back--) utf8_previous(&at, s->text);
    cursor->index = index;
    cursor->offset = (size_t)(at - s->text);
    return cursor->offset;
}

/* ---- comparing ---- */

int string_compare(cp_value a, cp_value b) {
    cp_string *x = cp_string_of(a), *y = cp_string_of(b);
    int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);
    if (order) return order < 0 ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

bool string_equal(cp_value a, cp_value b) {
    cp_string *x = cp_string_of(a), *y = cp_string_of(b);
    return x == y || (x->size == y->size && memcmp(x->text, y->text, x->size) == 0);
}

/* Folds the 128-bit product: every bit of both words reaches every bit of the result. */
static uint64_t mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Both factors hold a part of the seed, so that no two texts are known to meet before the process runs. */
uint32_t string_hash_bytes(const cp_context *cp, const char *text, size_t size) {
    const uint64_t factor = cp->hash_seed[1];
    uint64_t hash = size ^ cp->hash_seed[0], word;
    for (; size > 8; text += 8, size -= 8) {
        memcpy(&word, text, 8);
        hash = mix(hash ^ word, factor);
    }
    word = 0;
    memcpy(&word, text, size);
    hash = mix(hash ^ word, factor);
    uint32_t result = (uint32_t)(hash ^ hash >> 32);
    return result ? result : 1;
}

uint32_t string_hash(const cp_context *cp, cp_value v) {
    cp_string *s = cp_string_of(v);
    if (!s->header.bits) s->header.bits = string_hash_bytes(cp, s->text, s->size);
    return s->header.bits;
}

static bool is_continuation(char c) { return (c & 0xC0) == 0x80; }

/* Whether a character begins at that byte offset, or the text ends there. Only a continuation byte can lie within a
   character, and then that one's first byte is among the three before. */
static bool is_boundary(const cp_string *s, size_t offset) {
    if (offset == s->size || !is_continuation(s->text[offset])) return true;
    for (size_t start = offset; start-- > 0 && offset - start < UTF8_MOST_BYTES;) {
        if (is_continuation(s->text[start])) continue;
        size_t bytes;
        utf8_decode(s->text + start, s->size - start, &bytes);
        return bytes <= offset - start;
    }
    return true;
}

size_t string_find(cp_value v, const char *wanted, size_t size, size_t from) {
    cp_string *s = cp_string_of(v);
    /* Well-formed UTF-8 is found only at boundaries; damaged text must be looked at more closely. */
    bool whole = utf8_valid(wanted, size);
    while (from <= s->size) {
        const char *found = memmem(s->text + from, s->size - from, wanted, size);
        if (!found) return SIZE_MAX;
        size_t at = (size_t)(found - s->text);
        if (whole || (is_boundary(s, at) && is_boundary(s, at + size))) return at;
        from = at + 1;
    }
    return SIZE_MAX;
}

/* ---- errors ---- */

const char *string_excerpt(const char *text, size_t size) {
    char *out = mem_alloc_atomic(EXCERPT_MOST * 4 + 8), *p = out;
    size_t taken = size < EXCERPT_MOST ? size : EXCERPT_MOST;
    /* Do not cut within a character. */
    while (taken < size && taken > EXCERPT_MOST - 4 && (text[taken] & 0xC0) == 0x80) taken--;
    *p++ = '"';
    const char *cursor = text, *end = text + taken;
    while (cursor < end) {
        const char *start = cursor;
        uint32_t point = utf8_next(&cursor, end);
        if (point < ' ' || point == 0x7F || (point >= 0x80 && point < 0xA0) || utf8_is_stray(point)) {
            for (; start < cursor; start++) p += sprintf(p, "\\x%02X", (unsigned char)*start);
        } else {
            memcpy(p, start, (size_t)(cursor - start));
            p += cursor - start;
        }
    }
    strcpy(p, taken < size ? "\"..." : "\"");
    return out;
}

static cp_value bad_index(cp_context *cp, cp_value index, size_t length) {
    cp_value text = cp_to_string(cp, index);
    if (text == CP_THROWN) return CP_THROWN;
    size_t size = cp_string_size(text);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "the index %.*s is out of range: the length is %zu",
                    (int)(size < EXCERPT_MOST ? size : EXCERPT_MOST), cp_string_text(text), length);
}

bool string_check_range(cp_context *cp, cp_value from, cp_value count, size_t length, size_t *start, size_t *items) {
    int64_t n = 0;
    if (!cp_to_int64(from, &n) || n < 0 || (uint64_t)n > length) {
        bad_index(cp, from, length);
        return false;
    }
    *start = (size_t)n;
    *items = length - *start;
    if (count == CP_NIL) return true;
    if (!cp_to_int64(count, &n) || n < 0) {
        bad_index(cp, count, length);
        return false;
    }
    if ((uint64_t)n < *items) *items = (size_t)n;
    return true;
}

bool string_check_index(cp_context *cp, cp_value index, size_t length, size_t *result) {
    int64_t n = 0;
    if (!cp_to_int64(index, &n) || n < 0 || (uint64_t)n >= length) {
        bad_index(cp, index, length);
        return false;
    }
    *result = (size_t)n;
    return true;
}
