/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel.h: bytes through a connected stream socket, for the modules at the bottom of a stack (Tcp, Unix, Pipe).
 */
#ifndef COMMS_CHANNEL_H
#define COMMS_CHANNEL_H

#include "comms_stack.h"

enum { CHANNEL_SEND_TIMEOUT = 180000 };

/* Zeroed is one without a socket; send_timeout must be set. */
struct channel {
    cp_fd *socket;        /* non-blocking; NULL = not connected */
    int64_t send_timeout; /* ms in which the peer must take something; -1 = no limit */
    cp_value peer;        /* its name for Errors, a String; () = "the peer" */
    bool sending;         /* a thread is at it: the others wait in `senders` for their turn */
    cp_wait_list senders;
};

const char *channel_peer(cp_context *cp, const struct channel *channel);
/* All of the data, a thread after the other. CP_NIL, or CP_THROWN: 6.1 nothing was taken in time, 6.4, 6.9, 6.11
   disconnected meanwhile, 6.12. */
cp_value channel_send(cp_context *cp, struct channel *channel, const struct comms_data *data);
/* As ops.receive: -1 after a throw of 6.1, 6.3, 6.9, 6.11, 6.12. */
int64_t channel_receive(cp_context *cp, struct channel *channel, void *into, size_t room, int64_t timeout);
/* Closes the socket and wakes whoever waits on it; false when there was none. */
bool channel_close(cp_context *cp, struct channel *channel);
/* A connection that a listening, non-blocking socket has taken: its descriptor, or -1 thrown (6.1, 6.8, 6.12).
   `address` of *size bytes gets the peer's, and may be NULL with `size`. `name` is the class's. */
struct sockaddr;
int channel_accept(cp_context *cp, cp_fd *listening, const char *name, struct sockaddr *address, void *size,
                   int64_t timeout);

#endif
