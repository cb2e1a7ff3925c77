/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_error: one way for all mail engines to say what went wrong, where, and in words a person understands. */
#ifndef CARAPACE_MAIL_ERROR_H
#define CARAPACE_MAIL_ERROR_H

#include <stddef.h>

/* Every engine function that can fail returns one of these; MAIL_OK is 0. */
enum mail_status {
    MAIL_OK = 0,
    MAIL_NO_MEMORY,         /* malloc failed */
    MAIL_SYNTAX,            /* text does not follow its grammar */
    MAIL_CONTROL_CHARACTER, /* CR, LF or NUL where it would end a header or a command (header injection) */
    MAIL_TOO_LONG,          /* a limit of RFC 5321 4.5.3.1 or RFC 5322 2.1.1 */
    MAIL_TOO_MANY,          /* nesting, number of parts or addresses above our own bounds */
    MAIL_ENCODING,          /* encoded data is malformed, or a character set is unknown */
    MAIL_FILE,              /* a file could not be opened or read: system_error holds errno */
    MAIL_FILE_CHANGED,      /* a file's size changed between measuring and sending */
    MAIL_READER,            /* a reader callback failed or gave another number of bytes than announced */
    MAIL_MISUSE             /* the caller asked for something contradictory, such as a second Content-Type */
};

/* What the caller may show. All fields are set by mail_error_set only. */
struct mail_error {
    enum mail_status status;
    size_t position;  /* byte offset in the text that was given, 0 if it has none */
    int system_error; /* errno, 0 if none */
    char text[256];   /* one line of UTF-8, never with control characters */
};

/* Fill *error (which may be NULL) and return status. system_error becomes 0. */
enum mail_status mail_error_set(struct mail_error *error, enum mail_status status, size_t position, const char *format,
                                ...) __attribute__((format(printf, 4, 5)));

/* The same for a failed system call: appends ": " and the words for system_error. Status becomes MAIL_FILE. */
enum mail_status mail_error_set_file(struct mail_error *error, const char *path, int system_error);

/* The same for malloc's refusal. */
enum mail_status mail_error_no_memory(struct mail_error *error);

#endif
