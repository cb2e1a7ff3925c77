/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_field: the header fields at the beginning of a message as they lie there (RFC 5322 2.2), for those who need
 * the octets themselves and not what they mean. modules/mime/mime_parser is for messages in pieces and with defects. */
#ifndef CARAPACE_HEADER_FIELD_H
#define CARAPACE_HEADER_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* One field, from its name to its line end. Points into the message. */
struct header_field {
    const char *text;
    size_t size;      /* line end included; folded lines belong to it */
    size_t name_size; /* 0 for a line that is no field */
};

/* The field that begins at *at, behind which *at then stands. False where there is none: at the empty line, behind
 * which *at then stands, and at the end. Start with *at 0. */
bool header_field_next(const char *text, size_t size, size_t *at, struct header_field *field);
/* Whether the field has that name, without regard to case. */
bool header_field_is(const struct header_field *field, const char *name, size_t size);

#endif
