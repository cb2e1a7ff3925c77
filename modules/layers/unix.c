/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unix.c: class Unix: the bottom of a stack over a socket of the local machine (unix(7)), as client and as server.
 */
#include "modules/comms/channel.h"
#include "modules/layers/layers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DEFAULT_CONNECT_TIMEOUT = 30000, RETRY_AFTER = 10, DEFAULT_MODE = 0600 };

struct unix_module {
    struct comms_module module;
    cp_value path;
    int64_t connect_timeout;
    int mode;
    struct channel channel; /* its socket is connected, bound or listening */
    bool owns_path;         /* bound here: the file goes when it is disconnected */
};

static inline struct unix_module *unix_of(cp_value self) { return (struct unix_module *)cp_object_of(self); }

/* ---- addresses ---- */

/* A path that begins with @ is a name in the abstract namespace, without a file. False after a throw. */
static bool make_address(cp_context *cp, const struct unix_module *u, struct sockaddr_un *address, socklen_t *size) {
    if (u->path == CP_NIL) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Unix needs a path");
        return false;
    }
    size_t length = cp_string_size(u->path);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, cp_string_text(u->path), length);
    bool is_abstract = address->sun_path[0] == '@';
    if (is_abstract) address->sun_path[0] = 0;
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract);
    return true;
}

static int new_socket(cp_context *cp) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE)) return fd;
    cp_collect(cp);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* ---- connecting ---- */

/* EAGAIN is a server whose queue is full, of which nothing tells when there is room (connect(2)). 0 or an errno; -1
   after a throw. */
static int connect_until(cp_context *cp, int fd, const struct sockaddr_un *address, socklen_t size, int64_t deadline) {
    while (connect(fd, (const struct sockaddr *)address, size) != 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return errno;
        if (deadline >= 0 && comms_left(cp, deadline) == 0) return ETIMEDOUT;
        if (cp_sleep(cp, RETRY_AFTER) == CP_WAIT_CANCELLED) return -1;
    }
    return 0;
}

static cp_value unix_connect(cp_context *cp, struct comms_module *m) {
    struct unix_module *u = (struct unix_module *)m;
    struct sockaddr_un address;
    socklen_t size;
    if (u->channel.socket)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this Unix is bound or listening: disconnect it first");
    if (!make_address(cp, u, &address, &size)) return CP_THROWN;
    cp_value path = u->path;
    int fd = new_socket(cp);
    if (fd < 0)
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, errno, "cannot make a socket for %s",
                              cp_text_z(cp, path));
    cp_fd *owned = cp_fd_new(cp, fd);
    int number = connect_until(cp, fd, &address, size, comms_deadline(cp, u->connect_timeout));
    if (number == 0 && !u->channel.socket) {
        u->channel.socket = owned;
        u->channel.peer = path;
        comms_log(cp, m, "connected to %s", cp_text_z(cp, path));
        return CP_NIL;
    }
    cp_fd_close(cp, owned);
    if (number < 0) return CP_THROWN;
    if (number == 0) return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "another thread uses this Unix");
    if (number == ETIMEDOUT)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "%s did not take the connection within %lld ms",
                        cp_text_z(cp, path), (long long)u->connect_timeout);
    return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, number, "cannot connect to %s",
                          cp_text_z(cp, path));
}

static cp_value unix_disconnect(cp_context *cp, struct comms_module *m) {
    struct unix_module *u = (struct unix_module *)m;
    if (!channel_close(cp, &u->channel)) return CP_NIL;
    if (u->owns_path) unlink(cp_text_z(cp, u->path));
    u->owns_path = false;
    comms_log(cp, m, "disconnected from %s", channel_peer(cp, &u->channel));
    return CP_NIL;
}

/* ---- traffic ---- */

static cp_value not_connected(cp_context *cp, const struct unix_module *u) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "not connected to %s",
                    u->path == CP_NIL ? "a socket" : cp_text_z(cp, u->path));
}

static cp_value unix_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct unix_module *u = (struct unix_module *)m;
    if (!u->channel.socket || !m->counters.connected) return not_connected(cp, u);
    return channel_send(cp, &u->channel, data);
}

static int64_t unix_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct unix_module *u = (struct unix_module *)m;
    if (!u->channel.socket || !m->counters.connected) return not_connected(cp, u), -1;
    return channel_receive(cp, &u->channel, into, room, timeout);
}

/* ---- the server's side ---- */

/* Whether the file is a socket on which nobody listens any more, as a server that was killed leaves it. */
static bool is_stale(const struct sockaddr_un *address, socklen_t size) {
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)address, size) != 0 && errno == ECONNREFUSED;
    if (fd >= 0) close(fd);
    return stale;
}

static cp_value unix_bind(cp_context *cp, struct comms_module *m) {
    struct unix_module *u = (struct unix_module *)m;
    struct sockaddr_un address;
    socklen_t size;
    if (u->channel.socket)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this Unix is in use already: disconnect it first");
    if (!make_address(cp, u, &address, &size)) return CP_THROWN;
    int fd = new_socket(cp);
    if (fd < 0)
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_BIND, errno, "cannot make a socket for %s",
                              cp_text_z(cp, u->path));
    bool is_file = address.sun_path[0] != 0;
    if (is_file) fchmod(fd, (mode_t)u->mode); /* so that the file never has more than that */
    int result = bind(fd, (struct sockaddr *)&address, size);
    if (result != 0 && errno == EADDRINUSE && is_file && is_stale(&address, size)) {
        unlink(address.sun_path);
        result = bind(fd, (struct sockaddr *)&address, size);
    }
    if (result == 0 && is_file) result = chmod(address.sun_path, (mode_t)u->mode);
    if (result != 0) {
        int number = errno;
        close(fd);
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_BIND, number, "cannot bind to %s",
                              cp_text_z(cp, u->path));
    }
    u->channel.socket = cp_fd_new(cp, fd);
    u->channel.peer = u->path;
    u->owns_path = is_file;
    return CP_NIL;
}

static cp_value unix_listen(cp_context *cp, struct comms_module *m, int backlog) {
    struct unix_module *u = (struct unix_module *)m;
    if (!u->channel.socket || m->counters.connected)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_LISTEN, "cannot listen: this Unix is not bound to a path");
    if (listen(u->channel.socket->fd, backlog) != 0)
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_LISTEN, errno, "cannot listen");
    comms_log(cp, m, "listens on %s", cp_text_z(cp, u->path));
    return CP_NIL;
}

static cp_value unix_accept(cp_context *cp, struct comms_module *m, int64_t timeout) {
    struct unix_module *u = (struct unix_module *)m;
    if (!u->channel.socket || !m->counters.listening)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_ACCEPT, "cannot accept: this Unix is not listening");
    int fd = channel_accept(cp, u->channel.socket, "Unix", NULL, NULL, timeout);
    if (fd < 0) return CP_THROWN;
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    struct unix_module *made = unix_of(cp_new(cp, cp_class_of(cp, comms_value(m))));
    made->channel.socket = cp_fd_new(cp, fd);
    made->channel.send_timeout = u->channel.send_timeout;
    made->channel.peer = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0
                             ? cp_string_format(cp, "process %d of user %u", (int)credentials.pid, credentials.uid)
                             : CP_NIL;
    made->path = u->path;
    made->connect_timeout = u->connect_timeout;
    made->mode = u->mode;
    made->module.log = u->module.log;
    comms_log(cp, m, "accepted %s", channel_peer(cp, &made->channel));
    return comms_accepted(cp, &made->module);
}

/* ---- properties ---- */

static cp_value get_path(cp_context *cp, cp_value self) { return (void)cp, unix_of(self)->path; }
static cp_value set_path(cp_context *cp, cp_value self, cp_value value) {
    struct unix_module *u = unix_of(self);
    const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (u->channel.socket)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the path cannot change while the socket is in use");
    if (value != CP_NIL) {
        size_t size = cp_string_size(value);
        if (size == 0 || memchr(cp_string_text(value), 0, size))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a path is not empty and has no NUL in it");
        if (size > most)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "the path of a socket has at most %zu bytes, this one %zu", most, size);
    }
    return u->path = value;
}
static cp_value get_connect_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, unix_of(self)->connect_timeout);
}
static cp_value set_connect_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &unix_of(self)->connect_timeout) ? value : CP_THROWN;
}
static cp_value get_send_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, unix_of(self)->channel.send_timeout);
}
static cp_value set_send_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &unix_of(self)->channel.send_timeout) ? value : CP_THROWN;
}
static cp_value get_mode(cp_context *cp, cp_value self) {
    return cp_string_format(cp, "%o", (unsigned)unix_of(self)->mode);
}
static cp_value set_mode(cp_context *cp, cp_value self, cp_value value) {
    char *end;
    const char *text = value == CP_NIL ? "600" : cp_text_z(cp, value);
    unsigned long mode = strtoul(text, &end, 8);
    if (*text < '0' || *text > '7' || *end != 0 || mode > 0777)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "mode is three octal digits as \"660\", not %.40s",
                        text);
    unix_of(self)->mode = (int)mode;
    return value;
}
static cp_value get_peer(cp_context *cp, cp_value self) { return (void)cp, unix_of(self)->channel.peer; }

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"path", "String", CP_READ_WRITE, NULL, get_path, set_path,
     "The socket's file, at most 107 bytes. With @ before it a name without a file, which Linux keeps. Errors: 1.8, "
     "1.2 "
     "while it is in use."},
    {"mode", "String", CP_READ_WRITE, NULL, get_mode, set_mode,
     "Who may connect to what `bind` makes, in octal digits: 600 by default, the owner alone. Errors: 1.8."},
    {"connectTimeout", "Integer", CP_READ_WRITE, NULL, get_connect_timeout, set_connect_timeout,
     "Milliseconds in which the server must take the connection, 30000 by default; () is no limit."},
    {"sendTimeout", "Integer", CP_READ_WRITE, NULL, get_send_timeout, set_send_timeout,
     "Milliseconds in which the peer must take something while there is something to send, 180000 by default; () is no "
     "limit."},
    {"peer", "String", CP_READ_ONLY, NULL, get_peer, NULL,
     "The other end of this or the last connection: the path, or of an accepted one the process and its user's "
     "number."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    unix_of(self)->connect_timeout = DEFAULT_CONNECT_TIMEOUT;
    unix_of(self)->channel.send_timeout = CHANNEL_SEND_TIMEOUT;
    unix_of(self)->mode = DEFAULT_MODE;
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Unix", "NIL", "()", construct, "Makes a Unix that is not connected: (create Unix path: \"/run/service.sock\")."},
    COMMS_METHODS,
    {0},
};

static const cp_class_def unix_class = {
    .name = "Unix",
    .doc =
        "A connection through a socket of this machine, as client (connect) or server (bind, listen, accept), always "
        "at the bottom of a stack. A server's file goes when it is disconnected; one that a killed server left is "
        "taken over.",
    .size = sizeof(struct unix_module),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

const struct comms_kind unix_kind = {
    .class_def = &unix_class,
    .place = COMMS_BOTTOM,
    .ops = {.connect = unix_connect,
            .disconnect = unix_disconnect,
            .send = unix_send,
            .receive = unix_receive,
            .bind = unix_bind,
            .listen = unix_listen,
            .accept = unix_accept},
};
