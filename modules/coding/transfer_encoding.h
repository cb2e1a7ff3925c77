/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transfer_encoding: which Content-Transfer-Encoding (RFC 2045 6) suits a body. */
#ifndef CARAPACE_MAIL_TRANSFER_ENCODING_H
#define CARAPACE_MAIL_TRANSFER_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transfer_encoding {
    TRANSFER_AUTOMATIC = 0, /* let the builder choose */
    TRANSFER_7BIT,
    TRANSFER_8BIT,
    TRANSFER_QUOTED_PRINTABLE,
    TRANSFER_BASE64,
    TRANSFER_BINARY /* RFC 3030: any bytes, as they are */
};

/* What decides the choice. */
struct text_traits {
    bool has_8bit; /* a byte above 127 */
    bool has_nul;
    bool has_bare_cr;      /* CR not followed by LF */
    bool is_utf8;          /* the whole is valid UTF-8 */
    uint64_t longest_line; /* bytes, without its line break */
    uint64_t bare_lf;      /* LF without a CR before it: as many bytes more the canonical form has */
};

void text_examine(struct text_traits *traits, const char *text, size_t size);
/* 7bit when the text is ASCII, its lines have at most 998 bytes (RFC 5322 2.1.1) and there is no NUL or bare CR; else
   8bit if only its 8-bit bytes stand against 7bit and allow_8bit (the server has 8BITMIME); else quoted-printable or
   base64, whichever is shorter. */
enum transfer_encoding transfer_encoding_choose(const char *text, size_t size, bool allow_8bit);
/* The same for a text that was examined already. */
enum transfer_encoding transfer_encoding_of(const struct text_traits *traits, const char *text, size_t size,
                                            bool allow_8bit);
/* "7bit", "8bit", "quoted-printable", "base64", "binary"; NULL for TRANSFER_AUTOMATIC. */
const char *transfer_encoding_name(enum transfer_encoding encoding);
/* Without regard to case; TRANSFER_AUTOMATIC when unknown, and for "binary": that is for the way to allow, not for a
   message to demand. */
enum transfer_encoding transfer_encoding_from_name(const char *name, size_t size);

#endif
