/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buffer.h: bytes that grow at both ends and are taken from the front: what a connection or a parser gathers.
 */
#ifndef DATA_BUFFER_H
#define DATA_BUFFER_H

#include "interp/data/context.h"

/* The contents are data[start .. start + length); there is room before and behind, so that both ends move cheaply. */
struct buffer {
    cp_object header;
    size_t start, length, capacity;
    unsigned char *data; /* pointer-free memory, its base address; NULL while capacity is 0 */
};
static inline struct buffer *buffer_of(cp_value v) { return (struct buffer *)v; }

/* An empty Buffer with room for capacity bytes. CP_THROWN (1.5) when the memory limit would be passed. */
cp_value buffer_new(cp_context *cp, size_t capacity);

/* Make room and return where `size` bytes are to be written, behind or before the contents; the caller then calls
   buffer_appended with what was written (buffer_room_before counts them at once). NULL with 1.5 thrown. */
unsigned char *buffer_room_behind(cp_context *cp, struct buffer *buffer, size_t size);
unsigned char *buffer_room_before(cp_context *cp, struct buffer *buffer, size_t size);
static inline void buffer_appended(struct buffer *buffer, size_t size) { buffer->length += size; }

/* Add bytes, which may be the Buffer's own. CP_NIL or CP_THROWN (1.5). Amortised O(size). */
cp_value buffer_append(cp_context *cp, struct buffer *buffer, const void *bytes, size_t size);
cp_value buffer_prepend(cp_context *cp, struct buffer *buffer, const void *bytes, size_t size);
/* Drops bytes from the front, at most all. O(1). */
void buffer_consume(struct buffer *buffer, size_t size);

#endif
