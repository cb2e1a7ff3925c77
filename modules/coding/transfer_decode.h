/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transfer_decode: any Content-Transfer-Encoding (RFC 2045 6) undone as far as it can be, streaming: what comes from a
   stranger is often broken, and what is left of it is worth more than an Error. */
#ifndef CARAPACE_MAIL_TRANSFER_DECODE_H
#define CARAPACE_MAIL_TRANSFER_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/coding/base64.h"
#include "modules/coding/quoted_printable.h"
#include "modules/coding/uuencode.h"

enum content_encoding {
    CONTENT_IDENTITY, /* 7bit, 8bit, binary: the bytes as they are */
    CONTENT_BASE64,
    CONTENT_QUOTED_PRINTABLE,
    CONTENT_UUENCODE,
    CONTENT_UNKNOWN /* named, but none we know: the bytes as they are */
};

/* By the header's value, without regard to case, comments, quotes or what else stands behind the word; "7-bit" and the
   names of uuencode with and without "x-" too. Empty: CONTENT_IDENTITY. */
enum content_encoding content_encoding_read(const char *value, size_t size);

struct transfer_decoder {
    enum content_encoding encoding;
    uint64_t malformed; /* characters or escapes that should not be there */
    bool ended;         /* base64 was padded, and what follows is no data */
    union {
        struct base64_decoder base64;
        struct quoted_printable_decoder quoted_printable;
        struct uuencode_decoder uuencode;
    };
};

void transfer_decoder_init(struct transfer_decoder *decoder, enum content_encoding encoding);
/* Upper bound of what update (or finish: give 0) writes for `size` bytes. */
size_t transfer_decode_bound(const struct transfer_decoder *decoder, size_t size);
/* Decodes, gives the number of bytes written. In base64 what is not of the alphabet is skipped, and nothing is read
   behind its padding. The output does not depend on how the input is cut. */
size_t transfer_decode_update(struct transfer_decoder *decoder, void *out, const char *in, size_t size);
/* Writes what is held, such as the bytes of an unfinished group. */
size_t transfer_decode_finish(struct transfer_decoder *decoder, void *out);

/* A whole base64 text in the same lenient way, such as that of an encoded word: writes at most size / 4 * 3 + 3. */
size_t base64_decode_lenient(void *out, const char *in, size_t size);

#endif
