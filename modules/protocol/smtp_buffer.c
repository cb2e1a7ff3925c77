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

char *smtp_buffer_reserve_more(smtp_buffer *buffer, size_t extra) {
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

bool smtp_buffer_number(smtp_buffer *buffer, unsigned long long number) {
    enum { DIGITS_MOST = 20 }; /* of 2^64 - 1 */
    size_t count = 1;
    for (unsigned long long limit = 10; count < DIGITS_MOST && number >= limit; limit *= 10) count++;
    char *to = smtp_buffer_reserve(buffer, DIGITS_MOST);
    if (to == NULL) return false;
    for (size_t at = count; at-- > 0; number /= 10) to[at] = (char)('0' + number % 10);
    buffer->end += count;
    return true;
}

void smtp_buffer_consume(smtp_buffer *buffer, size_t length) {
    if (length > smtp_buffer_length(buffer)) length = smtp_buffer_length(buffer);
    buffer->begin += length;
    if (buffer->begin < buffer->end) return;
    buffer->begin = buffer->end = 0;
    if (buffer->capacity > BUFFER_KEEP) smtp_buffer_free(buffer);
}
