/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_parameter: the `; name=value` parameters of MIME headers, with RFC 2231 character sets and continuations. */
#ifndef CARAPACE_MAIL_HEADER_PARAMETER_H
#define CARAPACE_MAIL_HEADER_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

#include "modules/coding/mail_buffer.h"
#include "modules/coding/mail_error.h"

/* RFC 2045 5.1 token: printable ASCII without SPACE and ()<>@,;:\"/[]?= */
bool header_token_is_valid(const char *text, size_t size);

/* Append `; name=value`. ASCII values are a token or a quoted string; others become `name*=UTF-8''...`; values too long
   for a line are cut into `name*0=`, `name*1=` ... at character borders. Folds before the parameter as needed and keeps
   *column. CR, LF or NUL: MAIL_CONTROL_CHARACTER; above 64 KB or 256 lines: MAIL_TOO_LONG. Invalid UTF-8 becomes
   U+FFFD. */
enum mail_status header_write_parameter(struct mail_buffer *out, size_t *column, const char *name, const char *value,
                                        size_t size, struct mail_error *error);

/* Find a parameter in a header value such as `attachment; filename*=UTF-8''x`, and append its UTF-8 value: quoted
   strings, RFC 2231 sets and continuations, and (as others send them) encoded words inside quotes. False if there is
   none or memory is out (out->failed). */
bool header_read_parameter(struct mail_buffer *out, const char *header, size_t size, const char *name);

/* Goes through the parameters that stand in a header value, in order: with *position 0 at first, gives the next one's
   name without what RFC 2231 adds to it (so that one in sections comes once for each). False at the end. */
bool header_next_parameter(const char *header, size_t size, size_t *position, const char **name, size_t *name_size);

#endif
