/* SPDX-License-Identifier: GPL-3.0-or-later */
/* charset: text in the character sets that mail uses, as UTF-8. */
#ifndef CARAPACE_MAIL_CHARSET_H
#define CARAPACE_MAIL_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

struct mail_buffer;

/* Append bytes, which are in the named set (without regard to case), as valid UTF-8; U+FFFD for what is malformed.
   UTF-8, US-ASCII and ISO-8859-1 are done here, others by iconv if they are on our list of sets that mail really uses.
   False, with nothing appended, when the set is unknown. */
bool charset_to_utf8(struct mail_buffer *out, const char *charset, size_t charset_size, const char *bytes, size_t size);

/* Whether the set is one of ours or on the list (iconv may lack it all the same). */
bool charset_is_known(const char *charset, size_t charset_size);

#endif
