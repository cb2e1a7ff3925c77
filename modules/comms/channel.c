/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel.c: sending and receiving through a stream socket: deadlines, turns of threads, and what a broken connection
 * is called.
 */
#include "channel.h"

#include <errno.h>
#include <sys/socket.h>

enum { PIECES = 64, TURNS_BETWEEN_POLLS = 64 };

const char *channel_peer(cp_context *cp, const struct channel *channel) {
    return channel->peer == CP_NIL ? "the peer" : cp_text_z(cp, channel->peer);
}

static cp_value closed_by_peer(cp_context *cp, const struct channel *channel, int number) {
    if (number)
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED, number, "%s has closed the connection",
                              channel_peer(cp, channel));
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED, "%s has closed the connection",
                    channel_peer(cp, channel));
}

static cp_value closed_by_thread(cp_context *cp, const struct channel *channel) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "disconnected from %s by another thread",
                    channel_peer(cp, channel));
}

bool channel_close(cp_context *cp, struct channel *channel) {
    cp_fd *socket = channel->socket;
    channel->socket = NULL;
    if (socket) cp_fd_close(cp, socket);
    return socket != NULL;
}

/* ---- sending ---- */

/* Fills pieces[] from the place (*part, *offset) on; the number filled. */
static size_t pieces_from(const struct comms_data *data, size_t part, size_t offset, struct iovec pieces[PIECES]) {
    size_t count = 0;
    for (; part < data->count && count < PIECES; part++, offset = 0) {
        if (data->parts[part].iov_len == offset) continue;
        pieces[count].iov_base = (char *)data->parts[part].iov_base + offset;
        pieces[count++].iov_len = data->parts[part].iov_len - offset;
    }
    return count;
}

static cp_value send_all(cp_context *cp, struct channel *channel, const struct comms_data *data) {
    cp_fd *socket = channel->socket; /* another thread may disconnect, and connect anew */
    int64_t timeout = data->timeout ? data->timeout : channel->send_timeout;
    size_t part = 0, offset = 0, left = data->size;
    for (int turns = 1; left > 0; turns++) {
        struct iovec pieces[PIECES];
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = pieces_from(data, part, offset, pieces)};
        ssize_t sent = sendmsg(socket->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            left -= (size_t)sent;
            for (size_t done = (size_t)sent + offset; part < data->count; part++) {
                offset = done;
                if (done < data->parts[part].iov_len) break;
                done -= data->parts[part].iov_len;
                offset = 0;
            }
            if (turns % TURNS_BETWEEN_POLLS == 0 && left > 0 && cp_poll(cp) == CP_THROWN) return CP_THROWN;
        } else if (errno == EAGAIN) {
            enum cp_wait wait = cp_wait_fd(cp, socket->fd, CP_WRITABLE, timeout);
            if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
            if (wait == CP_WAIT_TIMEOUT)
                return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT,
                                "%s has taken nothing for %lld ms; %zu of %zu bytes were sent",
                                channel_peer(cp, channel), (long long)timeout, data->size - left, data->size);
            if (wait == CP_WAIT_FAILED || socket->fd < 0) return closed_by_thread(cp, channel);
        } else if (errno == EPIPE || errno == ECONNRESET) return closed_by_peer(cp, channel, errno);
        else if (errno != EINTR)
            return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_SEND, errno, "cannot send to %s",
                                  channel_peer(cp, channel));
    }
    return CP_NIL;
}

/* Waits until no other thread is sending, so that data does not mix. */
static cp_value wait_for_turn(cp_context *cp, struct channel *channel) {
    while (channel->sending) {
        enum cp_wait wait = cp_wait_on(cp, &channel->senders, channel->send_timeout);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait == CP_WAIT_TIMEOUT)
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "another thread has been sending for %lld ms",
                            (long long)channel->send_timeout);
    }
    return CP_NIL;
}

cp_value channel_send(cp_context *cp, struct channel *channel, const struct comms_data *data) {
    cp_value result = wait_for_turn(cp, channel);
    if (result != CP_THROWN && !channel->socket) result = closed_by_thread(cp, channel);
    if (result != CP_THROWN) {
        channel->sending = true;
        result = send_all(cp, channel, data);
        channel->sending = false;
    }
    if (!channel->sending) cp_wake_one(cp, &channel->senders); /* also when this thread was woken only to be stopped */
    return result;
}

/* ---- receiving ---- */

int64_t channel_receive(cp_context *cp, struct channel *channel, void *into, size_t room, int64_t timeout) {
    cp_fd *socket = channel->socket;
    int64_t deadline = -2; /* reckoned at the first wait */
    for (;;) {
        ssize_t size = recv(socket->fd, into, room, MSG_DONTWAIT);
        if (size > 0) return size;
        if (size == 0) return closed_by_peer(cp, channel, 0), -1;
        if (errno == EINTR) continue;
        if (errno == ECONNRESET || errno == EPIPE) return closed_by_peer(cp, channel, errno), -1;
        if (errno != EAGAIN) {
            cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_RECEIVE, errno, "cannot receive from %s",
                           channel_peer(cp, channel));
            return -1;
        }
        if (deadline == -2) deadline = comms_deadline(cp, timeout);
        enum cp_wait wait = cp_wait_fd(cp, socket->fd, CP_READABLE, comms_left(cp, deadline));
        if (wait == CP_WAIT_CANCELLED) return -1;
        if (wait == CP_WAIT_TIMEOUT) {
            cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "nothing came from %s within %lld ms",
                     channel_peer(cp, channel), (long long)timeout);
            return -1;
        }
        if (wait == CP_WAIT_FAILED || socket->fd < 0) {
            closed_by_thread(cp, channel);
            return -1;
        }
    }
}

/* ---- accepting ---- */

/* Errors of the connection that came, not of the listening socket: accept(2). */
static bool is_passing(int number) {
    return number == EINTR || number == ECONNABORTED || number == EPROTO || number == ENETDOWN ||
           number == ENOPROTOOPT || number == EHOSTDOWN || number == ENONET || number == EHOSTUNREACH ||
           number == ENETUNREACH || number == EPERM;
}

int channel_accept(cp_context *cp, cp_fd *listening, const char *name, struct sockaddr *address, void *size,
                   int64_t timeout) {
    socklen_t room = size ? *(socklen_t *)size : 0;
    int64_t deadline = comms_deadline(cp, timeout);
    for (bool collected = false;;) {
        if (size) *(socklen_t *)size = room;
        int fd = accept4(listening->fd, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) return fd;
        if (is_passing(errno)) continue;
        if ((errno == EMFILE || errno == ENFILE) && !collected) {
            cp_collect(cp);
            collected = true;
            continue;
        }
        if (errno != EAGAIN)
            return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_ACCEPT, errno, "cannot accept a connection"), -1;
        enum cp_wait wait = cp_wait_fd(cp, listening->fd, CP_READABLE, comms_left(cp, deadline));
        if (wait == CP_WAIT_CANCELLED) return -1;
        if (wait == CP_WAIT_TIMEOUT)
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "no connection came within %lld ms",
                            (long long)timeout),
                   -1;
        if (wait == CP_WAIT_FAILED || listening->fd < 0)
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_ACCEPT, "another thread has ended the listening of %s",
                            name),
                   -1;
    }
}
