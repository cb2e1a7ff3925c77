/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grows byte buffers without overflow. */
#include "vector.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bytes_reserve(struct bytes *b, size_t more) {
    if (more > BYTES_LIMIT - b->length) return false; /* length never exceeds the limit */
    size_t needed = b->length + more + 1;             /* the NUL */
    if (needed <= b->capacity) return true;
    size_t capacity = b->capacity + b->capacity / 2;
    if (capacity < 64) capacity = 64;
    if (capacity < needed) capacity = needed;
    char *data = realloc(b->data, capacity);
    if (data == NULL) return false;
    if (b->data == NULL) data[0] = '\0';
    b->data = data;
    b->capacity = capacity;
    return true;
}

bool bytes_append(struct bytes *b, const void *data, size_t length) {
    uintptr_t inside = (uintptr_t)data - (uintptr_t)b->data; /* the source moves along when it is the buffer itself */
    bool own = b->data != NULL && inside < b->capacity;
    if (!bytes_reserve(b, length)) return false;
    if (own) data = b->data + inside;
    if (length > 0) memmove(b->data + b->length, data, length);
    b->length += length;
    b->data[b->length] = '\0';
    return true;
}

bool bytes_append_string(struct bytes *b, const char *text) { return bytes_append(b, text, strlen(text)); }

bool bytes_append_byte(struct bytes *b, char byte) {
    if (!bytes_reserve(b, 1)) return false;
    b->data[b->length++] = byte;
    b->data[b->length] = '\0';
    return true;
}

bool bytes_vprintf(struct bytes *b, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    bool done = bytes_reserve(b, 64);
    if (done) {
        size_t room = b->capacity - b->length;
        int length = vsnprintf(b->data + b->length, room, format, arguments);
        done = length >= 0;
        if (done && (size_t)length >= room) {
            done = bytes_reserve(b, (size_t)length);
            if (done) vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
        }
        if (done) b->length += (size_t)length;
        b->data[b->length] = '\0'; /* after a failure the old end again */
    }
    va_end(again);
    return done;
}

bool bytes_printf(struct bytes *b, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool done = bytes_vprintf(b, format, arguments);
    va_end(arguments);
    return done;
}

void bytes_reset(struct bytes *b) {
    b->length = 0;
    if (b->data) b->data[0] = '\0';
}

void bytes_free(struct bytes *b) {
    free(b->data);
    *b = (struct bytes){0};
}
