/* SPDX-License-Identifier: GPL-3.0-or-later */
/* utf8_text: the little that mail engines need to know of UTF-8 (RFC 3629). */
#include "modules/coding/utf8_text.h"

#include <stdint.h>
#include <string.h>

#include "modules/coding/mail_buffer.h"

/* Bounds of the second byte for each lead byte (RFC 3629 4); 0 when the byte leads nothing. */
static size_t expected_length(unsigned char lead, unsigned char *low, unsigned char *high) {
    *low = 0x80;
    *high = 0xBF;
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) {
        if (lead == 0xE0) *low = 0xA0;
        if (lead == 0xED) *high = 0x9F;
        return 3;
    }
    if (lead < 0xF5) {
        if (lead == 0xF0) *low = 0x90;
        if (lead == 0xF4) *high = 0x8F;
        return 4;
    }
    return 0;
}

/* Number of bytes at text that begin a character; *whole tells whether they are all of it. At least 1 when size > 0. */
static size_t maximal_part(const char *text, size_t size, bool *whole) {
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char low, high;
    size_t length = expected_length(bytes[0], &low, &high);
    *whole = false;
    if (length == 0) return 1;
    for (size_t i = 1; i < length; i++) {
        if (i >= size || bytes[i] < low || bytes[i] > high) return i;
        low = 0x80;
        high = 0xBF;
    }
    *whole = true;
    return length;
}

size_t utf8_text_character(const char *text, size_t size) {
    bool whole;
    if (size == 0) return 0;
    size_t length = maximal_part(text, size, &whole);
    return whole ? length : 0;
}

/* Offset of the first byte above 127, or size. */
static size_t ascii_prefix(const char *text, size_t size) {
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        uint64_t words[4];
        memcpy(words, text + i, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) break;
    }
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        if (word & 0x8080808080808080u) break;
    }
    while (i < size && (unsigned char)text[i] < 0x80) i++;
    return i;
}

bool utf8_text_is_valid(const char *text, size_t size) {
    size_t i = 0;
    while (i < size) {
        i += ascii_prefix(text + i, size - i);
        if (i == size) return true;
        size_t length = utf8_text_character(text + i, size - i);
        if (length == 0) return false;
        i += length;
    }
    return true;
}

bool utf8_text_is_ascii(const char *text, size_t size) { return ascii_prefix(text, size) == size; }

void utf8_text_repair(struct mail_buffer *out, const char *text, size_t size) {
    size_t start = 0, i = 0;
    if (size == 0) return;
    while (i < size) {
        bool whole;
        size_t length = maximal_part(text + i, size - i, &whole);
        if (!whole) {
            mail_buffer_append(out, text + start, i - start);
            mail_buffer_append(out, "\xEF\xBF\xBD", 3);
            start = i + length;
        }
        i += length;
    }
    mail_buffer_append(out, text + start, size - start);
}

void utf8_text_append(struct mail_buffer *out, unsigned code_point) {
    char bytes[4];
    size_t count;
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        count = 1;
    } else if (code_point < 0x800) {
        bytes[0] = (char)(0xC0 | code_point >> 6);
        bytes[1] = (char)(0x80 | (code_point & 63));
        count = 2;
    } else if (code_point < 0x10000) {
        if (code_point >= 0xD800 && code_point < 0xE000) code_point = 0xFFFD;
        bytes[0] = (char)(0xE0 | code_point >> 12);
        bytes[1] = (char)(0x80 | (code_point >> 6 & 63));
        bytes[2] = (char)(0x80 | (code_point & 63));
        count = 3;
    } else {
        bytes[0] = (char)(0xF0 | code_point >> 18);
        bytes[1] = (char)(0x80 | (code_point >> 12 & 63));
        bytes[2] = (char)(0x80 | (code_point >> 6 & 63));
        bytes[3] = (char)(0x80 | (code_point & 63));
        count = 4;
    }
    mail_buffer_append(out, bytes, count);
}
