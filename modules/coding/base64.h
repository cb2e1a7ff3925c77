/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base64: RFC 2045 6.8 and RFC 4648 4, streaming both ways; the encoding of every binary attachment. */
#ifndef CARAPACE_MAIL_BASE64_H
#define CARAPACE_MAIL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64_MIME_LINE 76 /* RFC 2045 6.8: at most 76 characters, then CRLF */

struct base64_encoder {
    unsigned char pending[3]; /* 0-2 bytes that do not make a group yet */
    unsigned pending_count;
    unsigned column;      /* characters on the present line */
    unsigned line_length; /* 0: never break lines */
};

/* line_length: 0 for one unbroken line without CRLF, else a multiple of 4 (rounded down, at least 4). */
void base64_encoder_init(struct base64_encoder *encoder, unsigned line_length);
/* Upper bound of what update (or finish: give 0) writes for `size` bytes. */
size_t base64_encode_bound(const struct base64_encoder *encoder, size_t size);
/* Encode, return the number of bytes written. out must not overlap in. */
size_t base64_encode_update(struct base64_encoder *encoder, char *out, const void *in, size_t size);
/* Write padding and, if lines are broken and the last one is open, its CRLF. The encoder may then be used anew. */
size_t base64_encode_finish(struct base64_encoder *encoder, char *out);
/* Exact size of the complete encoding of `size` bytes, CRLFs included. */
uint64_t base64_encoded_size(uint64_t size, unsigned line_length);
/* In one go, without lines: writes base64_encoded_size(size, 0) bytes, no NUL. */
size_t base64_encode(char *out, const void *in, size_t size);

struct base64_decoder {
    uint32_t bits;
    unsigned count;    /* characters of the present group of four, padding included */
    unsigned padding;  /* '=' seen; data after them is an error */
    uint64_t position; /* offset of the first offending byte once failed */
    bool failed;
};

void base64_decoder_init(struct base64_decoder *decoder);
/* Decode; white space (SP HT CR LF) is passed over, everything else outside the alphabet, data after padding, and
   non-zero bits below the padding are errors. *written gets the number of bytes put into out (room for size/4*3+3
   needed). False on error. */
bool base64_decode_update(struct base64_decoder *decoder, void *out, size_t *written, const char *in, size_t size);
/* False unless the data ended with a whole group. */
bool base64_decode_finish(struct base64_decoder *decoder);
/* In one go: out needs size/4*3+3 bytes. False on error. */
bool base64_decode(void *out, size_t *written, const char *in, size_t size);

#endif
