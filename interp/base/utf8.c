/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks over UTF-8 that may be damaged; eight bytes at a time where it is ASCII. */
#include "utf8.h"

#include <string.h>

#define HIGH_BITS 0x8080808080808080u

static inline uint64_t load_word(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/* Number of bytes of the well-formed sequence at p (RFC 3629 section 4), 0 when there is none. p < end. */
static inline size_t sequence(const unsigned char *p, const unsigned char *end) {
    unsigned char first = *p;
    size_t left = (size_t)(end - p);
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0; /* a continuation byte, or overlong */
    if (first < 0xE0) return left >= 2 && is_continuation(p[1]) ? 2 : 0;
    if (first < 0xF0) {
        if (left < 3 || !is_continuation(p[1]) || !is_continuation(p[2])) return 0;
        if (first == 0xE0 && p[1] < 0xA0) return 0;  /* overlong */
        if (first == 0xED && p[1] >= 0xA0) return 0; /* surrogate */
        return 3;
    }
    if (first > 0xF4 || left < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3]))
        return 0;
    if (first == 0xF0 && p[1] < 0x90) return 0;  /* overlong */
    if (first == 0xF4 && p[1] >= 0x90) return 0; /* above U+10FFFF */
    return 4;
}

uint32_t utf8_decode(const char *text, size_t length, size_t *bytes) {
    const unsigned char *p = (const unsigned char *)text;
    size_t size = sequence(p, p + length);
    *bytes = size ? size : 1;
    switch (size) {
    case 1: return p[0];
    case 2: return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    case 3: return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 |
               (p[3] & 0x3F);
    default: return UTF8_STRAY + p[0];
    }
}

/* A first byte cannot be a later byte of another sequence, so a sequence that ends at the cursor is the one a walk from
 * the start would find. */
uint32_t utf8_previous(const char **cursor, const char *start) {
    const unsigned char *end = (const unsigned char *)*cursor;
    size_t most = (size_t)(*cursor - start);
    if (most > UTF8_MOST_BYTES) most = UTF8_MOST_BYTES;
    size_t back = 1;
    for (size_t n = 1; n <= most; n++) {
        if (is_continuation(end[-(ptrdiff_t)n])) continue;
        if (sequence(end - n, end) == n) back = n;
        break;
    }
    *cursor -= back;
    size_t bytes;
    return utf8_decode(*cursor, back, &bytes);
}

size_t utf8_encode(uint32_t point, char out[UTF8_MOST_BYTES]) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        if (utf8_is_stray(point)) {
            out[0] = (char)(point - UTF8_STRAY);
            return 1;
        }
        if (point >= 0xD800 && point < 0xE000) return 0;
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    if (point > 0x10FFFF) return 0;
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

/* Walks at most `most` characters, adds the number walked to *count and returns where it stopped. */
static const unsigned char *walk(const unsigned char *p, const unsigned char *end, size_t most, size_t *count) {
    size_t left = most;
    while (p < end && left > 0) {
        if (*p < 0x80) {
            while (left >= 8 && end - p >= 8 && (load_word(p) & HIGH_BITS) == 0) p += 8, left -= 8;
            while (left > 0 && p < end && *p < 0x80)
                p++, left--; /* at most up to the next non-ASCII byte of this word */
            continue;
        }
        size_t size = sequence(p, end);
        p += size ? size : 1;
        left--;
    }
    *count += most - left;
    return p;
}

size_t utf8_count(const char *text, size_t length) {
    const unsigned char *p = (const unsigned char *)text;
    size_t count = 0;
    walk(p, p + length, SIZE_MAX, &count);
    return count;
}

size_t utf8_offset(const char *text, size_t length, size_t index) {
    const unsigned char *p = (const unsigned char *)text;
    size_t count = 0;
    return (size_t)(walk(p, p + length, index, &count) - p);
}

/* The first byte of [p, end) that is not ASCII, or end. */
static const unsigned char *skip_ascii(const unsigned char *p, const unsigned char *end) {
    while (end - p >= 8 && (load_word(p) & HIGH_BITS) == 0) p += 8;
    while (p < end && *p < 0x80) p++;
    return p;
}

bool utf8_valid(const char *text, size_t length) {
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    while ((p = skip_ascii(p, end)) < end) {
        size_t size = sequence(p, end);
        if (size == 0) return false;
        p += size;
    }
    return true;
}

bool utf8_ascii(const char *text, size_t length) {
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    return skip_ascii(p, end) == end;
}
