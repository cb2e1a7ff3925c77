/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_buffer: the bytes that wait to be written: one growable block, filled at the end, emptied at the front. */
#ifndef SMTP_BUFFER_H
#define SMTP_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct smtp_buffer {
    char *bytes;     /* malloc'd, owned by the buffer */
    size_t begin;    /* first byte not yet consumed */
    size_t end;      /* one past the last byte; begin <= end <= capacity */
    size_t capacity; /* bytes allocated */
} smtp_buffer;

/* Makes `buffer` empty; allocates nothing. A zeroed smtp_buffer is empty too. */
void smtp_buffer_init(smtp_buffer *buffer);

/* Frees the block and makes `buffer` empty again. */
void smtp_buffer_free(smtp_buffer *buffer);

/* smtp_buffer_reserve when there is no room. */
char *smtp_buffer_reserve_more(smtp_buffer *buffer, size_t extra);

/* Makes room for `extra` bytes after `end` and returns where they go, or NULL when memory is short (then nothing has
 * changed). The caller writes there and adds what it wrote to `end`. May move the bytes. */
static inline char *smtp_buffer_reserve(smtp_buffer *buffer, size_t extra) {
    if (buffer->capacity - buffer->end >= extra && buffer->bytes != NULL) return buffer->bytes + buffer->end;
    return smtp_buffer_reserve_more(buffer, extra);
}

/* Appends `length` bytes. False when memory is short; then nothing has changed. In line, for each command is made of
 * many small pieces. */
static inline bool smtp_buffer_append(smtp_buffer *buffer, const void *bytes, size_t length) {
    if (length == 0) return true;
    char *place = smtp_buffer_reserve(buffer, length);
    if (place == NULL) return false;
    memcpy(place, bytes, length);
    buffer->end += length;
    return true;
}

/* Appends a NUL-terminated text without its NUL. Errors as smtp_buffer_append. */
static inline bool smtp_buffer_text(smtp_buffer *buffer, const char *text) {
    return smtp_buffer_append(buffer, text, strlen(text));
}

/* Appends an unsigned number in decimal. Errors as smtp_buffer_append. */
bool smtp_buffer_number(smtp_buffer *buffer, unsigned long long number);

/* Drops `length` bytes (at most all) at the front. */
void smtp_buffer_consume(smtp_buffer *buffer, size_t length);

/* Number of bytes that wait. */
static inline size_t smtp_buffer_length(const smtp_buffer *buffer) { return buffer->end - buffer->begin; }

#endif
