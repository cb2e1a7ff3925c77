/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_buffer: a growing malloc'd byte string, so that no engine counts capacities by hand. */
#include "modules/coding/mail_buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

char *mail_buffer_reserve(struct mail_buffer *buffer, size_t extra) {
    if (buffer->failed) return NULL;
    if (extra > SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return NULL;
    }
    size_t needed = buffer->size + extra;
    if (needed > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity + buffer->capacity / 2;
        if (capacity < needed) capacity = needed;
        if (capacity < 64) capacity = 64;
        char *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void mail_buffer_append(struct mail_buffer *buffer, const void *data, size_t size) {
    if (size == 0) return;
    char *end = mail_buffer_reserve(buffer, size);
    if (end == NULL) return;
    memcpy(end, data, size);
    buffer->size += size;
}

void mail_buffer_append_string(struct mail_buffer *buffer, const char *string) {
    mail_buffer_append(buffer, string, strlen(string));
}

void mail_buffer_append_char(struct mail_buffer *buffer, char c) {
    char *end = mail_buffer_reserve(buffer, 1);
    if (end == NULL) return;
    *end = c;
    buffer->size++;
}

char *mail_buffer_string(struct mail_buffer *buffer) {
    char *end = mail_buffer_reserve(buffer, 1);
    if (end == NULL) return NULL;
    *end = '\0';
    return buffer->data;
}

char *mail_buffer_take(struct mail_buffer *buffer) {
    char *data = mail_buffer_string(buffer);
    if (data) memset(buffer, 0, sizeof *buffer);
    return data;
}

void mail_buffer_clear(struct mail_buffer *buffer) {
    buffer->size = 0;
    buffer->failed = false;
}

void mail_buffer_free(struct mail_buffer *buffer) {
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}
