/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h: what lies behind the class Stream: the buffers, and how they are filled and emptied.
 *
 * stream.c is the class as scripts see it; stream_file.c moves bytes between buffers and descriptors; stream_memory.c
 * keeps a text or bytes in memory. Unread bytes are input[start..end). Another thread may use the same Stream during a
 * wait, so nothing taken from the struct is used after one without being read again.
 */
#ifndef SYSTEM_STREAM_H
#define SYSTEM_STREAM_H

#include "child_process.h"
#include "interp/carapace.h"

enum stream_kind { STREAM_NONE, STREAM_FILE, STREAM_STRING, STREAM_OCTET, STREAM_STDIO, STREAM_PROCESS };

struct stream {
    cp_object header;
    enum stream_kind kind;
    bool open, readable, writable;
    bool binary;   /* reads give Binary */
    bool at_end;   /* the source has no more than what is buffered */
    bool regular;  /* a regular file: never blocks, and has a place that can be moved */
    cp_value file; /* path, command, or the name of a standard stream */
    cp_value mode;
    cp_fd *in, *out; /* one and the same for a file */
    int standard;    /* STREAM_STDIO: 0, 1 or 2, which are not ours to close */
    pid_t process;
    cp_fd *status; /* of the process, until its end was waited for */

    unsigned char *input;
    size_t start, end, capacity;
    cp_value borrowed; /* the String whose bytes `input` is, until something is written */

    unsigned char *output, *sending; /* being filled, being written out */
    size_t output_size, sending_size, sending_done;
    bool flushing;
    cp_wait_list flushed;
    int failed; /* errno of a write that nobody has been told of */
    bool dirty; /* in the list of stream_state */
    struct stream *next, *previous;

    int64_t line, column; /* both from 1 */
};

static inline bool stream_in_memory(const struct stream *s) {
    return s->kind == STREAM_STRING || s->kind == STREAM_OCTET;
}
static inline size_t stream_unread(const struct stream *s) { return s->end - s->start; }

/* The Stream in a value, for other rooms that work on its buffers; NULL when it is none. */
struct stream *stream_in(cp_context *cp, cp_value v);
/* A Stream over a pipe's descriptor, which it owns from now on; `name` is for Errors. */
cp_value stream_over_pipe(cp_context *cp, int fd, bool reading, const char *name);
/* CP_NIL when the Stream can be read (or written), else CP_THROWN (5.3, 5.4). */
cp_value stream_check(cp_context *cp, const struct stream *s, bool reading);

/* Reads more behind what is unread. 1: there is more; 0: the end was reached; -1: thrown (5.3). */
int stream_fill(cp_context *cp, struct stream *s);
/* Makes room for `more` bytes behind `end`. False after a throw (1.5). */
bool stream_reserve(cp_context *cp, struct stream *s, size_t more);

/* Open what `file` and `mode` say. CP_NIL, or CP_THROWN (5.1). */
cp_value stream_open_file(cp_context *cp, struct stream *s);
cp_value stream_open_stdio(cp_context *cp, struct stream *s);
cp_value stream_open_process(cp_context *cp, struct stream *s);

/* Appends to the buffer, and writes it out when it is full. CP_NIL, or CP_THROWN (5.4). */
cp_value stream_put(cp_context *cp, struct stream *s, const void *bytes, size_t size);
cp_value stream_flush(cp_context *cp, struct stream *s);
/* Flushes and lets go of everything; what could not be written is thrown after that. For a process: the exit status. */
cp_value stream_close(cp_context *cp, struct stream *s);

/* Content of a memory Stream: `source` is (), String, Binary or Buffer. */
cp_value stream_open_memory(cp_context *cp, struct stream *s, cp_value source);
cp_value stream_memory_put(cp_context *cp, struct stream *s, const void *bytes, size_t size);

#endif
