/* SPDX-License-Identifier: GPL-3.0-or-later */
/* utf8_text: the little that mail engines need to know of UTF-8 (RFC 3629). */
#ifndef CARAPACE_MAIL_UTF8_TEXT_H
#define CARAPACE_MAIL_UTF8_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct mail_buffer;

/* Length (1-4) of the valid character at text, 0 if there is none (overlong, surrogate, above U+10FFFF, cut off, or
 * size 0). */
size_t utf8_text_character(const char *text, size_t size);
bool utf8_text_is_valid(const char *text, size_t size);
bool utf8_text_is_ascii(const char *text, size_t size);
/* Append text with U+FFFD for each maximal ill-formed sequence. */
void utf8_text_repair(struct mail_buffer *out, const char *text, size_t size);
/* Append one code point (0-0x10FFFF). */
void utf8_text_append(struct mail_buffer *out, unsigned code_point);

#endif
