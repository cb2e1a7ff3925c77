/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * byte_source.h: bytes that a script gives to be gone through once, from its beginning to its end: those of a String,
 * Binary or Buffer at once, those of a Stream, or of any object with a method `read`, in blocks.
 */
#ifndef SYSTEM_BYTE_SOURCE_H
#define SYSTEM_BYTE_SOURCE_H

#include "interp/carapace.h"

/* On the caller's stack, where the collector sees what it holds. */
struct byte_source {
    cp_value value; /* the bytes, or what has `read` */
    cp_value piece; /* what was given last: its bytes live as long as it */
    bool blocks, begun;
};

/* CP_NIL, or CP_THROWN (1.11: `what` is `classes`) for a value that has no bytes. */
cp_value byte_source_open(cp_context *cp, struct byte_source *source, cp_value value, const char *what,
                          const char *classes);

/* The next bytes, valid until the next call while nothing changes a Buffer. 1; 0 at the end; -1 thrown, by `read`, by
 * who stops the thread, or because `read` gave neither String nor Binary (1.11). */
int byte_source_next(cp_context *cp, struct byte_source *source, const char **bytes, size_t *size);

#endif
