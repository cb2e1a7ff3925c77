/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_scan.h: finding where to stop in bytes of which more may follow. Pure: no I/O, no values.
 *
 * A character is one well-formed UTF-8 sequence, or one byte that begins none. `final` says that no more bytes follow,
 * so that a sequence broken off at the end counts byte by byte.
 */
#ifndef SYSTEM_STREAM_SCAN_H
#define SYSTEM_STREAM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `bytes`, 1 to 4; 0 when `available` bytes (at least 1) are only the beginning of one. */
size_t scan_character(const unsigned char *bytes, size_t available);

/* Bytes that the first `*wanted` characters take; *wanted is lowered by those found. */
size_t scan_characters(const unsigned char *bytes, size_t size, bool final, int64_t *wanted);

/* A set of characters. It refers to `text`, which must stay. */
struct scan_set {
    const unsigned char *text;
    size_t size;
    bool first[256]; /* which bytes begin a member */
};
void scan_set_init(struct scan_set *set, const void *text, size_t size);

/* Bytes of the characters at the front that are (`member`) or are not in the set. *stopped tells that the next
   character ends them; otherwise more bytes are needed to know. */
size_t scan_span(const struct scan_set *set, bool member, const unsigned char *bytes, size_t size, bool final,
                 bool *stopped);

/* A line of `size` bytes without its end: a CR before the LF, which is not among them, goes too. */
size_t scan_line_text(const unsigned char *bytes, size_t size);

/* Moves a place in a text, both counted from 1, over these bytes. The column counts characters, and a sequence cut in
   two between calls once. */
void scan_advance(const unsigned char *bytes, size_t size, int64_t *line, int64_t *column);

#endif
