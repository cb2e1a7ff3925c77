/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_error: one way for all mail engines to say what went wrong, where, and in words a person understands. */
#ifndef _GNU_SOURCE
#endif
#include "modules/coding/mail_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "modules/coding/utf8_text.h"

/* The texts quote foreign input: control characters become '?', and neither a cut by snprintf nor bad input leaves half
 * a character. */
static void clean(char *text) {
    size_t size = strlen(text);
    for (size_t i = 0; i < size;) {
        size_t length = utf8_text_character(text + i, size - i);
        if (length == 0) {
            if (size - i < 4 && (unsigned char)text[i] >= 0xC2) {
                text[i] = '\0'; /* cut off at the end */
                return;
            }
            text[i++] = '?';
        } else {
            bool c1 = length == 2 && (unsigned char)text[i] == 0xC2 && (unsigned char)text[i + 1] < 0xA0;
            if (length == 1 && ((unsigned char)text[i] < 32 || text[i] == 127)) text[i] = '?';
            if (c1) memset(text + i, '?', 2);
            i += length;
        }
    }
}

enum mail_status mail_error_set(struct mail_error *error, enum mail_status status, size_t position, const char *format,
                                ...) {
    if (error) {
        va_list arguments;
        error->status = status;
        error->position = position;
        error->system_error = 0;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        clean(error->text);
    }
    return status;
}

enum mail_status mail_error_set_file(struct mail_error *error, const char *path, int system_error) {
    const char *reason = strerrordesc_np(system_error); /* unlike strerror: no shared buffer, no locale */
    if (reason == NULL) reason = "unknown error";
    mail_error_set(error, MAIL_FILE, 0, "cannot read '%.140s': %s", path, reason);
    if (error) error->system_error = system_error;
    return MAIL_FILE;
}

enum mail_status mail_error_no_memory(struct mail_error *error) {
    return mail_error_set(error, MAIL_NO_MEMORY, 0, "out of memory");
}
