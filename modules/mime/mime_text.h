/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_text: decoded bytes of a text part as text to show: character sets, whatever the sender says of them, and
   format=flowed (RFC 3676). */
#ifndef CARAPACE_MAIL_MIME_TEXT_H
#define CARAPACE_MAIL_MIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "modules/coding/mail_buffer.h"

/* Append the bytes as valid UTF-8. The set named is used when it can be; none, us-ascii and unknown ones: UTF-8 if it
   is valid, else Windows-1252, which is also what iso-8859-1 with C1 controls in it is. charset may be NULL with 0. */
void mime_text_convert(struct mail_buffer *out, const char *charset, size_t charset_size, const char *bytes,
                       size_t size);
/* Turn CRLF into LF in place, and a bare CR likewise; gives the new size. */
size_t mime_text_line_ends(char *text, size_t size);

/* Append text of format=flowed (lines ending with LF) with its paragraphs on one line each; quote marks stay in front
   of them. delete_space: DelSp=yes. RFC 3676 4. */
void mime_text_unflow(struct mail_buffer *out, const char *text, size_t size, bool delete_space);
/* Append text (lines ending with LF, or CRLF) as format=flowed with lines of about 72 characters (never above 78 unless
   a word is longer): RFC 3676 4.2, not DelSp. Lines that begin with ">" are kept as quoted paragraphs. */
void mime_text_flow(struct mail_buffer *out, const char *text, size_t size);

#endif
