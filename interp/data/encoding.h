/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * encoding.h: bytes as text and back: hex digits, base64 (RFC 4648, 4) and quoted-printable (RFC 2045, 6.7).
 *
 * Encoders write into memory of the size that their _room function gives, and return what they used. Decoders need no
 * more room than their input has bytes (hex: half of it), may work in place, and return SIZE_MAX when the text is
 * wrong: *bad is then the byte offset of what is.
 */
#ifndef DATA_ENCODING_H
#define DATA_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

static inline size_t encoding_hex_room(size_t size) { return size * 2; }
static inline size_t encoding_base64_room(size_t size) { return (size + 2) / 3 * 4; }
static inline size_t encoding_quoted_room(size_t size) { return size * 3 + (size * 3 / 72 + 1) * 2; }

/* Upper-case digits, without blanks or line ends. */
size_t encoding_hex(const unsigned char *data, size_t size, char *out);
/* Pairs of digits in either case; white space between pairs is passed over. */
size_t encoding_hex_decode(const char *text, size_t size, unsigned char *out, size_t *bad);

/* Padded, without line ends. */
size_t encoding_base64(const unsigned char *data, size_t size, char *out);
/* White space is passed over; the padding may be left out. */
size_t encoding_base64_decode(const char *text, size_t size, unsigned char *out, size_t *bad);

/* Lines of at most 76 characters; soft line breaks are "=\n". Line ends (LF or CRLF) stay as they are if is_text, else
   they are encoded, as all other control characters are. */
size_t encoding_quoted(const unsigned char *data, size_t size, bool is_text, char *out);
/* White space at a line's end, which transport may have added, goes away. */
size_t encoding_quoted_decode(const char *text, size_t size, unsigned char *out, size_t *bad);

#endif
