/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer.c: how a Buffer grows and shrinks.
 *
 * Appending doubles the room, prepending leaves as much room in front as there are contents, and consuming moves the
 * start, so every byte is copied a bounded number of times.
 */
#include "interp/data/buffer.h"

enum { CAPACITY_LEAST = 64 };

cp_value buffer_new(cp_context *cp, size_t capacity) {
    unsigned char *data = NULL;
    if (capacity && !(data = cp_try_alloc_atomic(cp, capacity))) return CP_THROWN;
    struct buffer *buffer = cp_alloc(sizeof *buffer);
    buffer->header.class_number = CP_CLASS_BUFFER;
    buffer->data = data;
    buffer->capacity = capacity;
    return cp_from_object(buffer);
}

/* Moves the contents to memory with that much room before and behind them. */
static bool reallocate(cp_context *cp, struct buffer *buffer, size_t before, size_t behind) {
    size_t capacity = before + buffer->length + behind;
    if (capacity < CAPACITY_LEAST) capacity = CAPACITY_LEAST;
    unsigned char *data = cp_try_alloc_atomic(cp, capacity);
    if (!data) return false;
    if (buffer->length) memcpy(data + before, buffer->data + buffer->start, buffer->length);
    buffer->data = data;
    buffer->start = before;
    buffer->capacity = capacity;
    return true;
}

static bool is_too_large(cp_context *cp, const struct buffer *buffer, size_t size) {
    if (size < SIZE_MAX / 8 && buffer->length < SIZE_MAX / 8) return false;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no memory for %zu bytes", size);
    return true;
}

unsigned char *buffer_room_behind(cp_context *cp, struct buffer *buffer, size_t size) {
    if (is_too_large(cp, buffer, size)) return NULL;
    size_t end = buffer->start + buffer->length;
    if (buffer->capacity - end < size) {
        /* Sliding down is paid for by the bytes consumed before: at least as many as are moved. */
        if (buffer->start >= buffer->length && buffer->capacity - buffer->length >= size) {
            memmove(buffer->data, buffer->data + buffer->start, buffer->length);
            buffer->start = 0;
        } else if (!reallocate(cp, buffer, 0, size + buffer->length)) return NULL;
        end = buffer->start + buffer->length;
    }
    return buffer->data ? buffer->data + end : NULL;
}

unsigned char *buffer_room_before(cp_context *cp, struct buffer *buffer, size_t size) {
    if (is_too_large(cp, buffer, size)) return NULL;
    if (buffer->start < size && !reallocate(cp, buffer, size + buffer->length, buffer->length / 2)) return NULL;
    buffer->start -= size;
    buffer->length += size;
    return buffer->data + buffer->start;
}

cp_value buffer_append(cp_context *cp, struct buffer *buffer, const void *bytes, size_t size) {
    if (size == 0) return CP_NIL;
    /* The Buffer's own bytes keep their distance from its start, wherever room_behind moves them. */
    const unsigned char *from = bytes, *old = buffer->data ? buffer->data + buffer->start : NULL;
    bool own = old && from >= old && from <= old + buffer->length;
    size_t distance = own ? (size_t)(from - old) : 0;
    unsigned char *to = buffer_room_behind(cp, buffer, size);
    if (!to) return CP_THROWN;
    memcpy(to, own ? buffer->data + buffer->start + distance : from, size);
    buffer->length += size;
    return CP_NIL;
}

cp_value buffer_prepend(cp_context *cp, struct buffer *buffer, const void *bytes, size_t size) {
    if (size == 0) return CP_NIL;
    const unsigned char *from = bytes, *old = buffer->data ? buffer->data + buffer->start : NULL;
    bool own = old && from >= old && from <= old + buffer->length;
    size_t distance = own ? (size_t)(from - old) : 0;
    unsigned char *to = buffer_room_before(cp, buffer, size);
    if (!to) return CP_THROWN;
    memcpy(to, own ? to + size + distance : from, size);
    return CP_NIL;
}

void buffer_consume(struct buffer *buffer, size_t size) {
    if (size >= buffer->length) buffer->start = buffer->length = 0;
    else {
        buffer->start += size;
        buffer->length -= size;
    }
}
