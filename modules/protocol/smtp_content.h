/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_content: message content as it goes between "354" and the final dot (RFC 5321 4.5.2). */
#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "modules/protocol/smtp_buffer.h"

/* Where the last octet left us. A zeroed struct is wrong: use smtp_content_writer_init. */
typedef struct smtp_content_writer {
    bool line_start; /* the next octet is the first of a line */
    bool after_cr;   /* the last octet was CR and is not written yet: LF decides what it was */
} smtp_content_writer;

/* Stands at the start of a message. */
void smtp_content_writer_init(smtp_content_writer *writer);

/* Appends content with each dot at a line's start doubled. Any cut into chunks gives the same octets. The content
 * should be canonical (CRLF only); a bare CR or bare LF is made CRLF, for one let through could end the message on a
 * lax server
 * ("SMTP smuggling"). False when memory is short; then nothing was taken. */
bool smtp_content_write(smtp_content_writer *writer, smtp_buffer *out, const char *bytes, size_t length);

/* Appends the end of the content, ".\r\n", after a CRLF when the last line has none. Errors as smtp_content_write. */
bool smtp_content_end(smtp_content_writer *writer, smtp_buffer *out);

#endif
