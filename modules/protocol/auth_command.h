/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_command: the command that begins a SASL exchange, which SMTP (RFC 4954 4) and POP3 (RFC 5034 4) write alike:
 * AUTH, the mechanism, and the initial response in base64 where it fits on the line. */
#ifndef PROTOCOL_AUTH_COMMAND_H
#define PROTOCOL_AUTH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum {
    AUTH_MECHANISM_MAX = 20, /* octets of a mechanism's name, RFC 4422 3.1 */
    AUTH_COMMAND_MAX = AUTH_MECHANISM_MAX + 8
};

/* Whether an initial response of so many octets fits on a line of at most `line_max` octets with its end. */
bool auth_command_fits(const char *mechanism, size_t size, size_t line_max);
/* The command up to where the base64 begins; all of it where there is none. False, with nothing written, when the name
 * cannot be one, or the initial response (NULL: none) does not fit. */
bool auth_command_write(char command[AUTH_COMMAND_MAX], const char *mechanism, const char *initial, size_t size,
                        size_t line_max);

#endif
