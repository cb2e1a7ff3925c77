/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_buffer: the bytes that wait to be written: one growable block, filled at the end, emptied at the front. */
#include "modules/protocol/smtp_buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A block that grew beyond this for one big envelope or chunk is given back once it is empty. */
enum { BUFFER_KEEP = 512 * 1024, BUFFER_FIRST = 512 };

void smtp_buffer_init(smtp_buffer *buffer) { *buffer = (smtp_buffer){0}; }

void smtp_buffer_free(smtp_buffer *buffer) {
    free(buffer->bytes);
    smtp_buffer_init(buffer);
}

char *smtp_buffer_reserve(smtp_buffer *buffer, size_t extra) {
    if (buffer->capacity - buffer->end >= extra) return buffer->bytes + buffer->end;
    size_t length = smtp_buffer_length(buffer);
    if (extra > SIZE_MAX / 4 || length > SIZE_MAX / 4) return NULL;
    /* The consumed front is used again only when that frees half the block, else the moves would add up. */
    if (buffer->begin >= length + extra && buffer->capacity >= length + extra) {
        memmove(buffer->bytes, buffer->bytes + buffer->begin, length);
        buffer->begin = 0;
        buffer->end = length;
        return buffer->bytes + buffer->end;
    }
    size_t capacity = buffer->capacity > BUFFER_FIRST ? buffer->capacity : BUFFER_FIRST;
    while (capacity < length + extra) capacity *= 2;
    char *bytes = malloc(capacity);
    if (bytes == NULL) return NULL;
    if (length > 0) memcpy(bytes, buffer->bytes + buffer->begin, length);
    free(buffer->bytes);
    *buffer = (smtp_buffer){.bytes = bytes, .begin = 0, .end = length, .capacity = capacity};
    return bytes + length;
}

bool smtp_buffer_append_more(smtp_buffer *buffer, const void *bytes, size_t length) {
    char *place = smtp_buffer_reserve(buffer, length);
    if (place == NULL) return length == 0;
    if (length > 0) memcpy(place, bytes, length);
    buffer->end += length;
    return true;
}

bool smtp_buffer_number(smtp_buffer *buffer, unsigned long long number) {
    char digits[24];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return smtp_buffer_append(buffer, digits + at, sizeof digits - at);
}

void smtp_buffer_consume(smtp_buffer *buffer, size_t length) {
    if (length > smtp_buffer_length(buffer)) length = smtp_buffer_length(buffer);
    buffer->begin += length;
    if (buffer->begin < buffer->end) return;
    buffer->begin = buffer->end = 0;
    if (buffer->capacity > BUFFER_KEEP) smtp_buffer_free(buffer);
}
