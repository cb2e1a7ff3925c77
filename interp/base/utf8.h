/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 (RFC 3629) for text that may be damaged: mail is full of it, so no function here fails.
 *
 * A character is a well-formed sequence (no overlong forms, no surrogates, nothing above U+10FFFF), or else one single
 * byte that begins none. Such a byte b (0x80-0xFF) is handed out as the code point 0xDC00 + b, a low surrogate, which
 * no well-formed text contains; utf8_encode turns it back into that byte. So any bytes survive decoding and encoding
 * unchanged.
 *
 * Lengths and offsets are in bytes, counts and indices in characters. No text needs a NUL at its end. */
#ifndef CARAPACE_BASE_UTF8_H
#define CARAPACE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_STRAY = 0xDC00, UTF8_MOST_BYTES = 4 };

/* True for the code point that stands for a stray byte. */
static inline bool utf8_is_stray(uint32_t point) { return point >= UTF8_STRAY + 0x80 && point <= UTF8_STRAY + 0xFF; }

/* Decodes the character at text (length >= 1 bytes there), stores how many bytes it has (1-4) and returns its code
 * point. */
uint32_t utf8_decode(const char *text, size_t length, size_t *bytes);

/* Decodes the character at *cursor, which must be below end, and moves *cursor past it. */
static inline uint32_t utf8_next(const char **cursor, const char *end) {
    unsigned char first = (unsigned char)**cursor;
    if (first < 0x80) {
        ++*cursor;
        return first;
    }
    size_t bytes;
    uint32_t point = utf8_decode(*cursor, (size_t)(end - *cursor), &bytes);
    *cursor += bytes;
    return point;
}

/* Moves *cursor, a character boundary above start, to the character before it and returns that. */
uint32_t utf8_previous(const char **cursor, const char *start);

/* Writes a code point and returns its number of bytes, 1-4; the code point of a stray byte gives that byte. 0, and
 * nothing written, for any other surrogate and above 0x10FFFF. */
size_t utf8_encode(uint32_t point, char out[UTF8_MOST_BYTES]);

/* Number of characters. */
size_t utf8_count(const char *text, size_t length);

/* Byte offset of the character with that index, counted from 0; length when there are not so many. */
size_t utf8_offset(const char *text, size_t length, size_t index);

/* True when there is no stray byte; true when all bytes are below 0x80. */
bool utf8_valid(const char *text, size_t length);
bool utf8_ascii(const char *text, size_t length);

#endif
