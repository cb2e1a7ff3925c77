/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_command: the command that begins a SASL exchange: see auth_command.h. */
#include "modules/protocol/auth_command.h"

#include <stdio.h>
#include <string.h>

#include "modules/coding/base64.h"

bool auth_command_fits(const char *mechanism, size_t size, size_t line_max) {
    return size < line_max &&
           strlen("AUTH  \r\n") + strlen(mechanism) + (size_t)base64_encoded_size(size, 0) <= line_max;
}

static bool is_name(const char *mechanism) {
    size_t length = strnlen(mechanism, AUTH_MECHANISM_MAX + 1);
    if (length == 0 || length > AUTH_MECHANISM_MAX) return false;
    for (size_t i = 0; i < length; i++)
        if (mechanism[i] <= ' ' || mechanism[i] >= 0x7f) return false; /* it would part the command, or end it */
    return true;
}

bool auth_command_write(char command[AUTH_COMMAND_MAX], const char *mechanism, const char *initial, size_t size,
                        size_t line_max) {
    if (!is_name(mechanism) || (initial != NULL && !auth_command_fits(mechanism, size, line_max))) return false;
    /* "=" is an initial response of no octets. */
    snprintf(command, AUTH_COMMAND_MAX, "AUTH %s%s", mechanism, initial == NULL ? "" : size == 0 ? " =" : " ");
    return true;
}
