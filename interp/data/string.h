/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * string.h: what C code does with text: making it, measuring it in characters, cutting, searching, comparing.
 *
 * A String never changes. Its text lies in the String itself or, for a large part of another String, within that one.
 * Characters are those of base/utf8.h: a byte that is not UTF-8 is a character of its own, so any bytes are text.
 */
#ifndef DATA_STRING_H
#define DATA_STRING_H

#include "interp/data/context.h"

struct bytes;

/* ---- making ---- */

/* As cp_string_n, for sizes that come from outside: CP_THROWN (1.5) when the memory limit would be passed. */
cp_value string_try_n(cp_context *cp, const char *bytes, size_t size);
/* The String of what a buffer holds, which is then freed; CP_THROWN as above. */
cp_value string_take(cp_context *cp, struct bytes *buffer);
/* Error 1.5 "no memory for the text", for a buffer that could not grow. Returns CP_THROWN. */
cp_value string_no_memory(cp_context *cp);
/* A String to be filled by the caller through *text, NUL-terminated already. CP_THROWN (1.5). */
cp_value string_room(cp_context *cp, size_t size, char **text);

/* a and b in one. CP_THROWN (1.5). */
cp_value string_concat(cp_context *cp, cp_value a, cp_value b);
/* The characters [from, to), both within the length. A large part shares the memory of s, and keeps it alive, unless it
   is a small part of that. */
cp_value string_substring(cp_context *cp, cp_value s, size_t from, size_t to);
/* The same by byte offsets, which must be character boundaries. */
cp_value string_slice(cp_context *cp, cp_value s, size_t from, size_t to);

/* ---- measuring ---- */

/* Characters; counted once. */
size_t string_length(cp_value s);
/* Byte offset of a character, its index at most the length. O(1) when all characters are single bytes; else O(n), but
   near the place that was looked up last O(distance), so that walking a text by index is cheap. */
size_t string_offset(cp_context *cp, cp_value s, size_t index);

/* ---- comparing ---- */

/* -1, 0 or 1 by bytes, which is the order of code points for UTF-8. */
int string_compare(cp_value a, cp_value b);
bool string_equal(cp_value a, cp_value b);
/* Cached in the String; never 0. */
uint32_t string_hash(const cp_context *cp, cp_value s);
/* The same for bytes of any kind, Symbols among them. Never 0. */
uint32_t string_hash_bytes(const cp_context *cp, const char *text, size_t size);

/* Byte offset of the first `wanted` at or after the offset `from`, SIZE_MAX when there is none. Only whole characters
   match: half a character is found nowhere. */
size_t string_find(cp_value s, const char *wanted, size_t size, size_t from);

/* ---- errors ---- */

/* The text in quotes for an error message: at most 60 bytes, what cannot be printed as \xHH. Collected memory. */
const char *string_excerpt(const char *text, size_t size);

/* Checks an index `from` and a number of items `count` (() = to the end; what lies beyond the end is cut off) against a
   length, for Strings and bytes alike. false with error 1.7, which names index and length, thrown. */
bool string_check_range(cp_context *cp, cp_value from, cp_value count, size_t length, size_t *start, size_t *items);
/* Checks the index of one item. */
bool string_check_index(cp_context *cp, cp_value index, size_t length, size_t *result);

#endif
