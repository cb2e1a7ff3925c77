/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pipe.c: class Pipe: the bottom of a stack that speaks with a program, through the program's standard input and
 * output: ssh to a machine behind, a server that is started for each connection.
 *
 * The two are one socket pair, so that all of channel.h holds here too.
 */
#include "modules/comms/channel.h"
#include "modules/layers/layers.h"
#include "modules/system/child_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEFAULT_CLOSE_TIMEOUT = 5000, AFTER_TERM = 2000, AFTER_KILL = 2000 };

struct pipe_module {
    struct comms_module module;
    cp_value command;
    int64_t close_timeout;
    struct channel channel;
    pid_t id;   /* of the last program, 0 before the first */
    cp_fd *end; /* tells of the program's end; NULL = there is none, or it has ended */
    int status; /* of the last program whose end is known */
};

static inline struct pipe_module *pipe_of(cp_value self) { return (struct pipe_module *)cp_object_of(self); }

/* ---- the program ---- */

/* Waits at most so long for the program's end. CP_THROWN when the thread was stopped. */
static cp_value wait_end(cp_context *cp, struct pipe_module *p, int64_t timeout) {
    return child_wait_within(cp, p->id, &p->end, timeout, &p->status);
}

static void send_signal(struct pipe_module *p, int number) {
    if (child_is_running(p->end)) kill(p->id, number);
}

static cp_value pipe_connect(cp_context *cp, struct comms_module *m) {
    struct pipe_module *p = (struct pipe_module *)m;
    struct child child;
    int ends[2];
    if (p->command == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Pipe needs a command to start");
    if (p->channel.socket || p->end)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the program of this Pipe still runs: disconnect it first");
    const char **words = child_words(cp, p->command);
    if (!words) return CP_THROWN;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, errno, "cannot make a pipe to %s",
                              words[0]);
    int number = child_start(words, (int[]){ends[1], ends[1], -1}, &child);
    close(ends[1]);
    if (number) {
        close(ends[0]);
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, number, "cannot start %s", words[0]);
    }
    /* O_NONBLOCK belongs to our end alone: the program's may be used by others after us. The channel never waits in a
       call, with or without it. */
    p->channel.socket = cp_fd_new(cp, ends[0]);
    p->channel.peer = cp_string_format(cp, "process %d (%s)", (int)child.id, words[cp_is_cell(p->command) ? 0 : 2]);
    p->id = child.id;
    p->end = cp_fd_new(cp, child.status_fd);
    comms_log(cp, m, "started %s", channel_peer(cp, &p->channel));
    return CP_NIL;
}

/* The end of its input is the sign to end; TERM and KILL help. */
static cp_value pipe_disconnect(cp_context *cp, struct comms_module *m) {
    struct pipe_module *p = (struct pipe_module *)m;
    if (!channel_close(cp, &p->channel) && !p->end) return CP_NIL;
    cp_value result = wait_end(cp, p, p->close_timeout);
    if (p->end) send_signal(p, SIGTERM);
    if (p->end && result != CP_THROWN) result = wait_end(cp, p, AFTER_TERM);
    if (p->end && result != CP_THROWN) {
        send_signal(p, SIGKILL);
        result = wait_end(cp, p, AFTER_KILL);
    }
    if (result == CP_THROWN) return result;
    comms_log(cp, m, "ended %s", channel_peer(cp, &p->channel));
    return CP_NIL;
}

/* ---- traffic ---- */

static cp_value not_connected(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "the program of this Pipe is not started");
}

static cp_value pipe_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct pipe_module *p = (struct pipe_module *)m;
    if (!p->channel.socket || !m->counters.connected) return not_connected(cp);
    return channel_send(cp, &p->channel, data);
}

static int64_t pipe_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct pipe_module *p = (struct pipe_module *)m;
    if (!p->channel.socket || !m->counters.connected) return not_connected(cp), -1;
    return channel_receive(cp, &p->channel, into, room, timeout);
}

/* ---- properties ---- */

static cp_value get_command(cp_context *cp, cp_value self) { return (void)cp, pipe_of(self)->command; }
static cp_value set_command(cp_context *cp, cp_value self, cp_value value) {
    bool is_empty = cp_is_string(value) && cp_string_size(value) == 0;
    if (is_empty || (cp_is_cell(value) && !cp_is_string(cp_head(value))))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "a command is a String for the shell, or a List of a program and its arguments");
    return pipe_of(self)->command = value;
}
static cp_value get_close_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, pipe_of(self)->close_timeout);
}
static cp_value set_close_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &pipe_of(self)->close_timeout) ? value : CP_THROWN;
}
static cp_value get_send_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, pipe_of(self)->channel.send_timeout);
}
static cp_value set_send_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &pipe_of(self)->channel.send_timeout) ? value : CP_THROWN;
}
static cp_value get_peer(cp_context *cp, cp_value self) { return (void)cp, pipe_of(self)->channel.peer; }
static cp_value get_status(cp_context *cp, cp_value self) {
    (void)cp;
    const struct pipe_module *p = pipe_of(self);
    return p->id == 0 || p->end ? CP_NIL : cp_fixnum(p->status);
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"command", "String|List", CP_READ_WRITE, NULL, get_command, set_command,
     "What `connect` starts: a String for the shell, or a List of a program, looked for in PATH, and its arguments. "
     "Its "
     "standard error is ours. Errors: 1.8."},
    {"closeTimeout", "Integer", CP_READ_WRITE, NULL, get_close_timeout, set_close_timeout,
     "Milliseconds that `disconnect` gives the program to end by itself, 5000 by default; then it is sent TERM, and "
     "KILL "
     "2 seconds later. () is no limit."},
    {"sendTimeout", "Integer", CP_READ_WRITE, NULL, get_send_timeout, set_send_timeout,
     "Milliseconds in which the program must take something while there is something to send, 180000 by default; () is "
     "no limit."},
    {"peer", "String", CP_READ_ONLY, NULL, get_peer, NULL,
     "The program of this or the last connection, with its number."},
    {"status", "Integer", CP_READ_ONLY, NULL, get_status, NULL,
     "The exit status of the last program, 128 + n when signal n ended it; () before `disconnect`."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    pipe_of(self)->close_timeout = DEFAULT_CLOSE_TIMEOUT;
    pipe_of(self)->channel.send_timeout = CHANNEL_SEND_TIMEOUT;
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Pipe", "NIL", "()", construct,
     "Makes a Pipe whose program is not started: (create Pipe command: '(\"ssh\" \"gate\" \"nc\" \"mail\" \"25\"))."},
    COMMS_METHODS,
    {0},
};

static const cp_class_def pipe_class = {
    .name = "Pipe",
    .doc = "Speaks with a program through its standard input and output, always at the bottom of a stack. `connect` "
           "starts the program, `disconnect` ends its input and waits for its end.",
    .size = sizeof(struct pipe_module),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

const struct comms_kind pipe_kind = {
    .class_def = &pipe_class,
    .place = COMMS_BOTTOM,
    .ops = {.connect = pipe_connect, .disconnect = pipe_disconnect, .send = pipe_send, .receive = pipe_receive},
};
