/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_buffer: a growing malloc'd byte string, so that no engine counts capacities by hand. */
#ifndef CARAPACE_MAIL_BUFFER_H
#define CARAPACE_MAIL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised is empty and valid. After a failed growth `failed` stays true, data is kept, and all appends do
   nothing; so a caller appends freely and looks once at the end. data has no terminating NUL unless mail_buffer_string
   gave one. */
struct mail_buffer {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
};

/* Room for `extra` more bytes: a pointer to them, or NULL when memory is out. The caller then adds to size what it
 * wrote. */
char *mail_buffer_reserve(struct mail_buffer *buffer, size_t extra);
void mail_buffer_append(struct mail_buffer *buffer, const void *data, size_t size);
void mail_buffer_append_string(struct mail_buffer *buffer, const char *string);
void mail_buffer_append_char(struct mail_buffer *buffer, char c);
/* The contents with a NUL behind them (not counted in size); NULL when memory is out. Still owned by the buffer. */
char *mail_buffer_string(struct mail_buffer *buffer);
/* The same, but the caller now owns the string (free) and the buffer is empty. */
char *mail_buffer_take(struct mail_buffer *buffer);
void mail_buffer_clear(struct mail_buffer *buffer);
void mail_buffer_free(struct mail_buffer *buffer);

#endif
