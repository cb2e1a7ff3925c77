/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * util_private.h: what lies behind class Util: util.c is the class, util_buffer.c moves the bytes.
 */
#ifndef COMMS_UTIL_PRIVATE_H
#define COMMS_UTIL_PRIVATE_H

#include "comms_private.h"
#include "util.h"

enum parity { PARITY_PRESERVE, PARITY_STRIP, PARITY_ODD, PARITY_EVEN };

/* Unread bytes are data[start..end). `data` stays where it is while `filling`: a thread is waiting for more then. */
struct comms_util {
    struct comms_module module;
    enum parity read_parity, write_parity;
    cp_value traffic_group;     /* String or () */
    int64_t inactivity_timeout; /* ms, -1 = none */
    int64_t max_rate;           /* bytes a second in each direction, 0 = no limit */
    int64_t buffer_limit;
    double send_free, receive_free; /* when maxRate lets the next byte pass, in cp_now's time */
    char *data;
    size_t start, end, capacity;
    bool filling;
};

static inline size_t util_unread(const struct comms_util *util) { return util->end - util->start; }

/* Reads from beneath into memory that is not the buffer's, with parity, rate and inactivity. As comms_ops.receive. */
int64_t util_read(cp_context *cp, struct comms_util *util, void *into, size_t room, int64_t timeout);
cp_value util_write(cp_context *cp, struct comms_util *util, const struct comms_data *data);
/* Puts bytes in front of what is buffered. CP_NIL or CP_THROWN. */
cp_value util_unread_bytes(cp_context *cp, struct comms_util *util, const void *bytes, size_t size);
/* Counts and logs what goes up by a method of Util's own. */
void util_handed_up(cp_context *cp, struct comms_util *util, const char *bytes, size_t size);
/* Where `text` begins in the buffer, filling it until it is there; -1 after a throw. */
int64_t util_find(cp_context *cp, struct comms_util *util, const char *text, size_t size, int64_t timeout, size_t limit);
/* The CommsInfo of a group, made when there is none; CP_THROWN without memory. */
cp_value util_group(cp_context *cp, cp_value name);

#endif
