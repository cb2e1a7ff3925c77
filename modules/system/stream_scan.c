/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_scan.c: finding where to stop in bytes of which more may follow.
 */
#include "stream_scan.h"

#include <string.h>

size_t scan_character(const unsigned char *bytes, size_t available) {
    unsigned char first = bytes[0];
    if (first < 0xc2 || first > 0xf4) return 1; /* ASCII, a continuation byte, or never in UTF-8 */
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    /* The second byte's range leaves out overlong forms, surrogates and what lies above U+10FFFF. */
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < length; i++) {
        if (i == available) return 0;
        if (bytes[i] < low || bytes[i] > high) return 1;
        low = 0x80, high = 0xbf;
    }
    return length;
}

/* As scan_character, but never 0 at the end of all bytes. */
static size_t character_at(const unsigned char *bytes, size_t available, bool final) {
    size_t length = scan_character(bytes, available);
    return length == 0 && final ? 1 : length;
}

size_t scan_characters(const unsigned char *bytes, size_t size, bool final, int64_t *wanted) {
    size_t i = 0;
    while (*wanted > 0 && i < size) {
        size_t length = character_at(bytes + i, size - i, final);
        if (length == 0) break;
        i += length;
        --*wanted;
    }
    return i;
}

void scan_set_init(struct scan_set *set, const void *text, size_t size) {
    memset(set, 0, sizeof *set);
    set->text = text;
    set->size = size;
    for (size_t i = 0; i < size; i += character_at(set->text + i, size - i, true)) set->first[set->text[i]] = true;
}

static bool set_has(const struct scan_set *set, const unsigned char *character, size_t length) {
    if (!set->first[*character]) return false;
    for (size_t i = 0; i < set->size;) {
        size_t member = character_at(set->text + i, set->size - i, true);
        if (member == length && memcmp(set->text + i, character, length) == 0) return true;
        i += member;
    }
    return false;
}

size_t scan_span(const struct scan_set *set, bool member, const unsigned char *bytes, size_t size, bool final,
                 bool *stopped) {
    *stopped = false;
    size_t i = 0;
    while (i < size) {
        size_t length = character_at(bytes + i, size - i, final);
        if (length == 0) break;
        if (set_has(set, bytes + i, length) != member) {
            *stopped = true;
            break;
        }
        i += length;
    }
    return i;
}

size_t scan_line_text(const unsigned char *bytes, size_t size) {
    return size > 0 && bytes[size - 1] == '\r' ? size - 1 : size;
}

void scan_advance(const unsigned char *bytes, size_t size, int64_t *line, int64_t *column) {
    const unsigned char *end = bytes + size, *newline;
    while (bytes < end && (newline = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        ++*line;
        *column = 1;
        bytes = newline + 1;
    }
    for (; bytes < end; bytes++) *column += (*bytes & 0xc0) != 0x80;
}
