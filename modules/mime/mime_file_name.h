/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_file_name: from the name that a stranger gave an attachment to one that is safe as a file's in a folder. */
#ifndef CARAPACE_MAIL_MIME_FILE_NAME_H
#define CARAPACE_MAIL_MIME_FILE_NAME_H

#include "modules/coding/mail_buffer.h"

#define MIME_FILE_NAME_LIMIT 200 /* bytes; file systems have 255, and a number may come on top */

/* Append a name of one component, not empty, of at most MIME_FILE_NAME_LIMIT bytes, valid UTF-8: what follows the last
   / or \, without control characters, without marks that turn the direction of writing, none of <>:"|?*, no dot in
   front, no dot or space behind, none of Windows' devices (CON, LPT1 ...). Long names keep their extension. What is
   left with nothing is called "attachment", with an extension by the media type (`text/plain`), which may be NULL. */
void mime_file_name_safe(struct mail_buffer *out, const char *name, size_t size, const char *type);
/* Append the n-th name of its kind: "a.pdf" as "a (2).pdf". */
void mime_file_name_numbered(struct mail_buffer *out, const char *name, size_t size, unsigned n);

#endif
