/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quoted_printable: RFC 2045 6.7, streaming both ways; the encoding of text that is mostly ASCII. */
#ifndef CARAPACE_MAIL_QUOTED_PRINTABLE_H
#define CARAPACE_MAIL_QUOTED_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Encodes text: CRLF and bare LF become hard line breaks, a bare CR becomes =0D. Lines have at most 76 characters.
   White space before a line's end, a "." that begins a line and the F of "From " are encoded, so that no relay or
   mailbox format spoils them. The output does not depend on how the input is cut into pieces. */
struct quoted_printable_encoder {
    char held[8]; /* bytes whose form depends on what follows: CR, white space, "From" */
    unsigned held_size;
    unsigned column; /* characters on the present output line */
};

void quoted_printable_encoder_init(struct quoted_printable_encoder *encoder);
/* Upper bound of what update (or finish: give 0) writes for `size` bytes. */
size_t quoted_printable_encode_bound(size_t size);
size_t quoted_printable_encode_update(struct quoted_printable_encoder *encoder, char *out, const void *in, size_t size);
/* Writes what is held. Adds no final line break. */
size_t quoted_printable_encode_finish(struct quoted_printable_encoder *encoder, char *out);
/* Exact size of the complete encoding. */
uint64_t quoted_printable_encoded_size(const void *in, size_t size);

/* Decodes as RFC 2045 6.7 advises: white space at a line's end was added in transport and is dropped, soft breaks
   vanish, hard breaks (CRLF or bare LF) are written as CRLF. Malformed escapes are kept as they are and counted.
   Memory: at most 998 blanks are held. */
struct quoted_printable_decoder {
    char escape[3]; /* "=", or "=X" */
    unsigned escape_size;
    unsigned blank_count; /* held white space */
    bool carriage_return; /* a CR is held */
    uint64_t malformed;   /* escapes that are none */
    char blanks[998];
};

void quoted_printable_decoder_init(struct quoted_printable_decoder *decoder);
size_t quoted_printable_decode_bound(const struct quoted_printable_decoder *decoder, size_t size);
size_t quoted_printable_decode_update(struct quoted_printable_decoder *decoder, void *out, const char *in, size_t size);
size_t quoted_printable_decode_finish(struct quoted_printable_decoder *decoder, void *out);

#endif
