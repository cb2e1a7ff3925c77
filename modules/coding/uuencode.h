/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uuencode: reading the encoding of files in text from before MIME (POSIX uuencode), which some senders still use. */
#ifndef CARAPACE_MAIL_UUENCODE_H
#define CARAPACE_MAIL_UUENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UUENCODE_LINE = 88 }; /* 1 + 63 bytes as 84 characters, and a check character that some add */

/* Lines in front of `begin` and behind `end` are passed over. Zeroed by init. */
struct uuencode_decoder {
    bool begun, ended;
    bool long_line;     /* the rest of the line is passed over */
    unsigned size;      /* of line */
    uint64_t malformed; /* lines that are none, and a missing `end` */
    char line[UUENCODE_LINE];
};

void uuencode_decoder_init(struct uuencode_decoder *decoder);
size_t uuencode_decode_bound(const struct uuencode_decoder *decoder, size_t size);
/* Decodes, gives the number of bytes written. Spaces lost at a line's end are put back. */
size_t uuencode_decode_update(struct uuencode_decoder *decoder, void *out, const char *in, size_t size);
size_t uuencode_decode_finish(struct uuencode_decoder *decoder, void *out);

/* A file within a text: from the b of `begin 644 name` to behind the line `end`. */
struct uuencode_block {
    size_t start, end;
    size_t name, name_size; /* offsets in the text; white space around it left out */
};

/* The first block that begins at or behind `from`. Only a `begin` line followed by a data line of the right length, and
   an `end`, count, so that prose that begins a line with "begin" stays text. */
bool uuencode_find(const char *text, size_t size, size_t from, struct uuencode_block *block);

#endif
