/* SPDX-License-Identifier: GPL-3.0-or-later */
/* media_type: the media type (RFC 2046) that a file's name suggests. */
#ifndef CARAPACE_MAIL_MEDIA_TYPE_H
#define CARAPACE_MAIL_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#define MEDIA_TYPE_UNKNOWN "application/octet-stream"

/* By the extension of the last path component, without regard to case; MEDIA_TYPE_UNKNOWN if there is none we know.
 * Never NULL. */
const char *media_type_from_path(const char *path);
/* text of any kind, whose line ends may be changed: text/... */
bool media_type_is_text(const char *type);
/* Of the form token/token. */
bool media_type_is_valid(const char *type, size_t size);

#endif
