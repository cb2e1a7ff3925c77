/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer_class.c: the class Buffer, as scripts see growing bytes.
 */
#include "interp/builtin/tables.h"
#include "interp/data/buffer.h"

#include "interp/data/binary.h"
#include "interp/data/string.h"

#define BYTES "String|Binary|Buffer"

/* ---- helpers ---- */

static const char *contents(cp_value self, size_t *size) {
    const char *bytes = "";
    cp_bytes_of(self, &bytes, size);
    return bytes;
}

static bool same(cp_value a, cp_value b) {
    size_t size_a, size_b;
    const char *x = contents(a, &size_a), *y = contents(b, &size_b);
    return size_a == size_b && memcmp(x, y, size_a) == 0;
}

/* ---- methods: making and changing ---- */

static cp_value m_create(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *bytes;
    size_t size;
    int64_t capacity = -1;
    if (cp_bytes_of(arguments[0], &bytes, &size)) {
        cp_value buffer = buffer_new(cp, size);
        if (buffer == CP_THROWN) return buffer;
        return buffer_append(cp, buffer_of(buffer), bytes, size) == CP_THROWN ? CP_THROWN : buffer;
    }
    if (arguments[0] == CP_NIL) capacity = 0;
    else if (!cp_to_int64(arguments[0], &capacity) || capacity < 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the capacity of a Buffer is 0 or more");
    return buffer_new(cp, (size_t)capacity);
}

static cp_value m_from_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    unsigned char *data = NULL;
    size_t size = 0;
    if (!binary_read_file(cp, arguments[0], &data, &size)) return CP_THROWN;
    struct buffer *buffer = buffer_of(self);
    buffer->data = data;
    buffer->start = 0;
    buffer->length = buffer->capacity = size;
    return cp->known.sym_ok;
}

static cp_value m_append(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    char byte;
    const char *bytes;
    size_t size;
    if (!binary_wanted(cp, arguments[0], &byte, &bytes, &size)) return CP_THROWN;
    return buffer_append(cp, buffer_of(self), bytes, size);
}

static cp_value m_prepend(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    char byte;
    const char *bytes;
    size_t size;
    if (!binary_wanted(cp, arguments[0], &byte, &bytes, &size)) return CP_THROWN;
    return buffer_prepend(cp, buffer_of(self), bytes, size);
}

static cp_value m_reset(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    buffer_consume(buffer_of(self), SIZE_MAX);
    return CP_NIL;
}

static cp_value m_consume(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t start, items;
    struct buffer *buffer = buffer_of(self);
    if (!string_check_range(cp, cp_fixnum(0), arguments[0], buffer->length, &start, &items)) return CP_THROWN;
    buffer_consume(buffer, items);
    return CP_NIL;
}

/* ---- methods: reading ---- */

static cp_value m_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum((int64_t)buffer_of(self)->length);
}

static cp_value m_buffer_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum((int64_t)buffer_of(self)->capacity);
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    size_t size;
    const char *bytes = contents(self, &size);
    return string_try_n(cp, bytes, size);
}

static cp_value m_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    size_t size;
    const char *bytes = contents(self, &size);
    return binary_try_n(cp, bytes, size);
}

static cp_value m_extract(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t size, from, items;
    const char *bytes = contents(self, &size);
    if (!string_check_range(cp, arguments[0], arguments[1], size, &from, &items)) return CP_THROWN;
    return binary_try_n(cp, bytes + from, items);
}

static cp_value m_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return cp_is_buffer(arguments[0]) && same(self, arguments[0]) ? cp->known.sym_true : CP_NIL;
}

static cp_value m_unequal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return cp_is_buffer(arguments[0]) && same(self, arguments[0]) ? CP_NIL : cp->known.sym_true;
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"Buffer", "Buffer", "((contents Integer|" BYTES " ()))", m_create,
     "An empty Buffer with room for so many bytes, or one that holds the bytes given. Error 1.8 for a room below 0, "
     "1.5 "
     "without the memory."},
    {"length", "Integer", "()", m_length, "The number of bytes held."},
    {"bufferLength", "Integer", "()", m_buffer_length,
     "The number of bytes there is room for at present; it grows by itself."},
    {"string", "String", "()", m_string, "The bytes as text; those that are not UTF-8 stay as they are."},
    {"binary", "Binary", "()", m_binary, "A Binary of the bytes held."},
    {"fromFile", "Symbol", "((path String))", m_from_file,
     "Replaces the contents by those of a file and returns ok. Error 5.1 when it cannot be opened or is no ordinary "
     "file, "
     "5.3 when it cannot be read, 1.5 without the memory."},
    {"extract", "Binary", "((from Integer) (count Integer ()))", m_extract,
     "The bytes from an index on, which stay in the Buffer: count of them, or fewer where the bytes end; all when "
     "count is "
     "not given. Error 1.7 when from is below 0 or above the length, or count below 0."},
    {"append", "NIL", "((bytes Integer|" BYTES "))", m_append,
     "Adds bytes, or one byte from 0 to 255, at the end. Error 1.8 for a byte out of range, 1.5 without the memory."},
    {"prepend", "NIL", "((bytes Integer|" BYTES "))", m_prepend,
     "Adds bytes, or one byte from 0 to 255, at the front. Error 1.8 for a byte out of range, 1.5 without the memory."},
    {"reset", "NIL", "()", m_reset, "Drops all bytes and keeps the room."},
    {"consume", "NIL", "((count Integer))", m_consume,
     "Drops so many bytes from the front, or all if there are fewer. Error 1.7 when count is below 0."},
    {"==", "Symbol", "(other)", m_equal, "Whether other is a Buffer that holds the same bytes."},
    {"!=", "Symbol", "(other)", m_unequal, "Whether other is anything but a Buffer that holds the same bytes."},
    {0}};

const cp_class_def buffer_class = {
    .name = "Buffer",
    .doc = "Bytes that grow at both ends and are taken from the front, all of it cheaply.",
    .size = sizeof(struct buffer),
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .methods = methods,
};
