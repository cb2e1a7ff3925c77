/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * util.h: Util's read buffer for protocol modules in C that stand on it: they parse where the bytes lie.
 *
 * What peek, line and until return points into the buffer and stays there until the next call that fills or consumes.
 */
#ifndef COMMS_UTIL_H
#define COMMS_UTIL_H

#include "comms_stack.h"

struct comms_util;

/* The Util directly beneath a module; NULL with 1.2 thrown when something else stands there. Ask again after a wait. */
struct comms_util *comms_util_below(cp_context *cp, struct comms_module *m);
/* The bytes that are buffered; never NULL. */
const char *comms_util_peek(const struct comms_util *util, size_t *size);
/* Drops bytes from the front, at most all. */
void comms_util_consume(struct comms_util *util, size_t size);
/* Drops everything that was read and not yet consumed; STARTTLS must (RFC 3207 4.2: nothing sent before it counts). */
void comms_util_forget(struct comms_util *util);
/* Reads once more from beneath, 1 byte or more: the number, or -1 thrown: 6.1, 6.3 (the buffer is at its limit), 6.9. */
int64_t comms_util_fill(cp_context *cp, struct comms_util *util, int64_t timeout);
/* The next line without its end (CR LF or LF), consumed. NULL after a throw: 6.1, 6.9, 6.3 when it is longer than
   `limit` bytes (0: bufferLimit). What had come remains in the buffer after 6.1. */
const char *comms_util_line(cp_context *cp, struct comms_util *util, int64_t timeout, size_t limit, size_t *size);

#endif
