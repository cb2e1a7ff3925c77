/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growable malloc'd byte buffer, for C code that builds text whose length it does not know beforehand.
 *
 * A zeroed struct is an empty buffer. Whenever data is not NULL, data[length] is a NUL that does not count. Functions
 * that add return false, and change nothing, when the limit or the memory is exceeded. The buffer is not looked at by
 * the collector. */
#ifndef CARAPACE_BASE_VECTOR_H
#define CARAPACE_BASE_VECTOR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct bytes {
    char *data;
    size_t length, capacity;
};

enum { BYTES_LIMIT = 1 << 30 }; /* the most bytes a buffer may hold */

/* Makes room for `more` bytes after length. */
bool bytes_reserve(struct bytes *, size_t more);

/* Adds length bytes of data, which may lie inside the buffer itself; a string; one byte. */
bool bytes_append(struct bytes *, const void *data, size_t length);
bool bytes_append_string(struct bytes *, const char *text);
bool bytes_append_byte(struct bytes *, char byte);

/* Adds text formatted as by printf. */
bool bytes_printf(struct bytes *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool bytes_vprintf(struct bytes *, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* Empties the buffer and keeps its memory; frees its memory, leaving an empty buffer. */
void bytes_reset(struct bytes *);
void bytes_free(struct bytes *);

#endif
