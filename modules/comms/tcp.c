/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.c: class Tcp: the bottom of a stack that goes over the network, as client and as server.
 */
#include "channel.h"
#include "comms_private.h"
#include "tcp_address.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

enum { DEFAULT_CONNECT_TIMEOUT = 30000 };

struct tcp {
    struct comms_module module;
    cp_value host, local_host; /* as set */
    int port, local_port;      /* as set; -1 = not */
    int64_t connect_timeout;
    bool no_delay, keep_alive;
    int family;             /* AF_UNSPEC AF_INET AF_INET6: the one wanted */
    struct channel channel; /* its socket is connected or listening; its peer the last connection's */
    cp_fd *waiting;         /* what `connect` and `bind` wait on meanwhile */
};

static inline struct tcp *tcp_of(cp_value self) { return (struct tcp *)cp_object_of(self); }

/* ---- helpers ---- */

static cp_value not_connected(cp_context *cp, const struct tcp *tcp) {
    if (tcp->host == CP_NIL) return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "not connected");
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "not connected to %s",
                    cp_text_z(cp, tcp->host));
}

static bool own_address(const struct tcp *tcp, struct tcp_address *address) {
    address->size = sizeof address->ipv6;
    return tcp->channel.socket && tcp->channel.socket->fd >= 0 &&
           getsockname(tcp->channel.socket->fd, &address->any, &address->size) == 0;
}

static void set_options(const struct tcp *tcp, int fd) {
    int no_delay = tcp->no_delay, keep_alive = tcp->keep_alive;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keep_alive, sizeof keep_alive);
}

/* A host as a C string; NULL after a throw when it is empty or has a NUL, behind which the system would not look. */
static const char *host_text(cp_context *cp, cp_value host) {
    const char *text = cp_text_z(cp, host);
    if (*text && strlen(text) == cp_string_size(host)) return text;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a host's name is not empty and has no NUL character in it");
    return NULL;
}

/* ---- connecting ---- */

static cp_value tcp_connect(cp_context *cp, struct comms_module *m) {
    struct tcp *tcp = (struct tcp *)m;
    if (tcp->channel.socket)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this Tcp is bound or listening: disconnect it first");
    if (tcp->host == CP_NIL || tcp->port < 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Tcp needs a %s to connect to",
                        tcp->host == CP_NIL ? "host" : "port");
    const char *host = cp_text_z(cp, tcp->host);
    int64_t deadline = comms_deadline(cp, tcp->connect_timeout);
    struct tcp_addresses addresses, local = {0};
    if (tcp_resolve(cp, host, tcp->port, tcp->family, false, deadline, &tcp->waiting, &addresses) == CP_THROWN)
        return CP_THROWN;
    bool has_local = tcp->local_host != CP_NIL || tcp->local_port > 0;
    if (has_local && tcp_resolve(cp, tcp->local_host == CP_NIL ? NULL : cp_text_z(cp, tcp->local_host),
                                 tcp->local_port < 0 ? 0 : tcp->local_port, tcp->family, true, deadline, &tcp->waiting,
                                 &local) == CP_THROWN)
        return CP_THROWN;
    char name[300];
    snprintf(name, sizeof name, "%.255s port %d", host, tcp->port);
    cp_fd *socket =
        tcp_race(cp, &addresses, has_local ? &local : NULL, name, deadline, tcp->connect_timeout, &tcp->waiting);
    if (!socket) return CP_THROWN;
    if (tcp->channel.socket) { /* meanwhile another thread has bound it */
        cp_fd_close(cp, socket);
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "another thread uses this Tcp");
    }
    tcp->channel.socket = socket;
    set_options(tcp, socket->fd);
    struct tcp_address peer = {.size = sizeof peer.ipv6};
    char text[TCP_ADDRESS_TEXT] = "?";
    if (getpeername(socket->fd, &peer.any, &peer.size) == 0) tcp_address_text(&peer, text);
    tcp->channel.peer = cp_string_z(cp, text);
    comms_log(cp, m, "connected to %s", text);
    return CP_NIL;
}

static cp_value tcp_disconnect(cp_context *cp, struct comms_module *m) {
    struct tcp *tcp = (struct tcp *)m;
    cp_fd *waiting = tcp->waiting;
    tcp->waiting = NULL;
    if (waiting) cp_fd_close(cp, waiting);
    if (!channel_close(cp, &tcp->channel)) return CP_NIL;
    comms_log(cp, m, "disconnected from %s", channel_peer(cp, &tcp->channel));
    return CP_NIL;
}

/* ---- traffic ---- */

static cp_value tcp_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct tcp *tcp = (struct tcp *)m;
    if (!tcp->channel.socket || !m->counters.connected) return not_connected(cp, tcp);
    return channel_send(cp, &tcp->channel, data);
}

static int64_t tcp_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct tcp *tcp = (struct tcp *)m;
    if (!tcp->channel.socket || !m->counters.connected) return not_connected(cp, tcp), -1;
    return channel_receive(cp, &tcp->channel, into, room, timeout);
}

/* ---- the server's side ---- */

static cp_value tcp_bind(cp_context *cp, struct comms_module *m) {
    struct tcp *tcp = (struct tcp *)m;
    if (tcp->channel.socket)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this Tcp is in use already: disconnect it first");
    cp_value host = tcp->local_host != CP_NIL ? tcp->local_host : tcp->host;
    int port = tcp->local_port >= 0 ? tcp->local_port : tcp->port < 0 ? 0 : tcp->port, number = 0;
    struct tcp_addresses addresses;
    if (tcp_resolve(cp, host == CP_NIL ? NULL : cp_text_z(cp, host), port, tcp->family, true,
                    comms_deadline(cp, tcp->connect_timeout), &tcp->waiting, &addresses) == CP_THROWN)
        return CP_THROWN;
    char text[TCP_ADDRESS_TEXT] = "?";
    for (int round = 0; round < (host == CP_NIL ? 2 : 1);
         round++) /* "every address" is IPv6's if that can be had: it takes IPv4 too */
        for (size_t i = 0; i < addresses.count; i++) {
            const struct tcp_address *address = &addresses.list[i];
            bool ipv6 = address->any.sa_family == AF_INET6;
            if (host == CP_NIL && ipv6 != (round == 0)) continue;
            tcp_address_text(address, text);
            int on = 1, v6_only = host != CP_NIL || tcp->family == AF_INET6,
                fd = tcp_socket(cp, address->any.sa_family);
            if (fd < 0) {
                number = errno;
                continue;
            }
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            if (ipv6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
            if (bind(fd, &address->any, address->size) == 0) {
                tcp->channel.socket = cp_fd_new(cp, fd);
                return CP_NIL;
            }
            number = errno;
            close(fd);
        }
    return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_BIND, number, "cannot bind to %s", text);
}

static cp_value tcp_listen(cp_context *cp, struct comms_module *m, int backlog) {
    struct tcp *tcp = (struct tcp *)m;
    if (!tcp->channel.socket || m->counters.connected)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_LISTEN,
                        "cannot listen: this Tcp is not bound to an address");
    if (listen(tcp->channel.socket->fd, backlog) != 0)
        return cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_LISTEN, errno, "cannot listen");
    struct tcp_address address;
    char text[TCP_ADDRESS_TEXT] = "?";
    if (own_address(tcp, &address)) tcp_address_text(&address, text);
    comms_log(cp, m, "listens on %s", text);
    return CP_NIL;
}

static cp_value accepted(cp_context *cp, struct tcp *tcp, int fd, const struct tcp_address *peer) {
    cp_value made = cp_new(cp, cp_class_of(cp, comms_value(&tcp->module)));
    struct tcp *connection = tcp_of(made);
    connection->channel.socket = cp_fd_new(cp, fd);
    char text[TCP_ADDRESS_TEXT];
    tcp_address_host(peer, text);
    connection->host = cp_string_z(cp, text);
    tcp_address_text(peer, text);
    connection->channel.peer = cp_string_z(cp, text);
    connection->port = tcp_address_port(peer);
    connection->local_port = -1;
    connection->connect_timeout = tcp->connect_timeout;
    connection->channel.send_timeout = tcp->channel.send_timeout;
    connection->no_delay = tcp->no_delay;
    connection->keep_alive = tcp->keep_alive;
    connection->family = tcp->family;
    connection->module.log = tcp->module.log;
    set_options(connection, fd);
    comms_log(cp, &tcp->module, "accepted %s", text);
    return comms_accepted(cp, &connection->module);
}

static cp_value tcp_accept(cp_context *cp, struct comms_module *m, int64_t timeout) {
    struct tcp *tcp = (struct tcp *)m;
    if (!tcp->channel.socket || !m->counters.listening)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_ACCEPT, "cannot accept: this Tcp is not listening");
    struct tcp_address peer = {.size = sizeof peer.ipv6};
    int fd = channel_accept(cp, tcp->channel.socket, "Tcp", &peer.any, &peer.size, timeout);
    return fd < 0 ? CP_THROWN : accepted(cp, tcp, fd, &peer);
}

/* ---- properties ---- */

static cp_value get_host(cp_context *cp, cp_value self) {
    (void)cp;
    return tcp_of(self)->host;
}
static cp_value set_host(cp_context *cp, cp_value self, cp_value value) {
    if (value != CP_NIL && !host_text(cp, value)) return CP_THROWN;
    return tcp_of(self)->host = value;
}
static cp_value get_local_host(cp_context *cp, cp_value self) {
    struct tcp_address address;
    char text[TCP_ADDRESS_TEXT];
    if (!own_address(tcp_of(self), &address)) return tcp_of(self)->local_host;
    tcp_address_host(&address, text);
    return cp_string_z(cp, text);
}
static cp_value set_local_host(cp_context *cp, cp_value self, cp_value value) {
    if (value != CP_NIL && !host_text(cp, value)) return CP_THROWN;
    return tcp_of(self)->local_host = value;
}

/* A port's number, -1 for (). False after a throw. */
static bool port_of(cp_context *cp, cp_value value, int *port) {
    int64_t number = -1;
    if (value != CP_NIL && (!cp_to_int64(value, &number) || number < 0 || number > 65535)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a port is 0 to 65535");
        return false;
    }
    *port = (int)number;
    return true;
}
static cp_value port_value(int port) { return port < 0 ? CP_NIL : cp_fixnum(port); }

static cp_value get_port(cp_context *cp, cp_value self) {
    (void)cp;
    return port_value(tcp_of(self)->port);
}
static cp_value set_port(cp_context *cp, cp_value self, cp_value value) {
    return port_of(cp, value, &tcp_of(self)->port) ? value : CP_THROWN;
}
static cp_value get_local_port(cp_context *cp, cp_value self) {
    (void)cp;
    struct tcp_address address;
    return port_value(own_address(tcp_of(self), &address) ? tcp_address_port(&address) : tcp_of(self)->local_port);
}
static cp_value set_local_port(cp_context *cp, cp_value self, cp_value value) {
    return port_of(cp, value, &tcp_of(self)->local_port) ? value : CP_THROWN;
}

static cp_value get_connect_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, tcp_of(self)->connect_timeout);
}
static cp_value set_connect_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &tcp_of(self)->connect_timeout) ? value : CP_THROWN;
}
static cp_value get_send_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, tcp_of(self)->channel.send_timeout);
}
static cp_value set_send_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &tcp_of(self)->channel.send_timeout) ? value : CP_THROWN;
}

static cp_value get_no_delay(cp_context *cp, cp_value self) { return comms_truth(cp, tcp_of(self)->no_delay); }
static cp_value set_no_delay(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    struct tcp *tcp = tcp_of(self);
    tcp->no_delay = cp_is_true(value);
    if (tcp->channel.socket) set_options(tcp, tcp->channel.socket->fd);
    return value;
}
static cp_value get_keep_alive(cp_context *cp, cp_value self) { return comms_truth(cp, tcp_of(self)->keep_alive); }
static cp_value set_keep_alive(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    struct tcp *tcp = tcp_of(self);
    tcp->keep_alive = cp_is_true(value);
    if (tcp->channel.socket) set_options(tcp, tcp->channel.socket->fd);
    return value;
}

static cp_value get_family(cp_context *cp, cp_value self) {
    struct tcp_address address;
    int family = own_address(tcp_of(self), &address) ? address.any.sa_family : tcp_of(self)->family;
    return cp_string_z(cp, family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : "any");
}
static cp_value set_family(cp_context *cp, cp_value self, cp_value value) {
    const char *text = value == CP_NIL ? "any" : cp_text_z(cp, value);
    int family = strcmp(text, "ipv4") == 0 ? AF_INET : strcmp(text, "ipv6") == 0 ? AF_INET6 : AF_UNSPEC;
    if (family == AF_UNSPEC && strcmp(text, "any") != 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "family is any, ipv4 or ipv6, not %.40s", text);
    tcp_of(self)->family = family;
    return value;
}

static cp_value get_peer(cp_context *cp, cp_value self) {
    (void)cp;
    return tcp_of(self)->channel.peer;
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"host", "String", CP_READ_WRITE, NULL, get_host, set_host,
     "Where to connect to: a name, an IPv4 or IPv6 address, the latter in [] or not. A server that has no localHost "
     "binds to it. Of an accepted connection, the client's address. Errors: 1.8 empty."},
    {"port", "Integer", CP_READ_WRITE, NULL, get_port, set_port,
     "The port to connect to, 1 to 65535. A server that has no localPort binds to it; 0 or () lets the system choose: "
     "see localPort. Errors: 1.8 out of range."},
    {"localHost", "String", CP_READ_WRITE, NULL, get_local_host, set_local_host,
     "The address to connect from or to bind to; () is any. While there is a socket, its own address."},
    {"localPort", "Integer", CP_READ_WRITE, NULL, get_local_port, set_local_port,
     "The port to connect from or to bind to; () or 0 lets the system choose. While there is a socket, its own port. "
     "Errors: 1.8 out of range."},
    {"connectTimeout", "Integer", CP_READ_WRITE, NULL, get_connect_timeout, set_connect_timeout,
     "Milliseconds in which `connect` must find and reach the host, 30000 by default; () is no limit."},
    {"sendTimeout", "Integer", CP_READ_WRITE, NULL, get_send_timeout, set_send_timeout,
     "Milliseconds in which the peer must take something while there is something to send, 180000 by default; () is no "
     "limit."},
    {"noDelay", "Object", CP_READ_WRITE, NULL, get_no_delay, set_no_delay,
     "Whether small pieces are sent at once (TCP_NODELAY); true by default."},
    {"keepAlive", "Object", CP_READ_WRITE, NULL, get_keep_alive, set_keep_alive,
     "Whether the system finds out that a silent peer has gone (SO_KEEPALIVE); () by default."},
    {"peer", "String", CP_READ_ONLY, NULL, get_peer, NULL,
     "The other end of this or the last connection, \"127.0.0.1:25\" or \"[::1]:25\"; () before the first."},
    {"family", "String|Symbol", CP_READ_WRITE, NULL, get_family, set_family,
     "Which addresses to use: \"any\" (the default), \"ipv4\", \"ipv6\". While there is a socket, its own. Errors: 1.8 "
     "another word."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    struct tcp *tcp = tcp_of(self);
    tcp->port = tcp->local_port = -1;
    tcp->connect_timeout = DEFAULT_CONNECT_TIMEOUT;
    tcp->channel.send_timeout = CHANNEL_SEND_TIMEOUT;
    tcp->no_delay = true;
    tcp->family = AF_UNSPEC;
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Tcp", "NIL", "()", construct, "Makes a Tcp that is not connected: (create Tcp host: \"127.0.0.1\" port: 25)."},
    COMMS_METHODS,
    {0},
};

static const cp_class_def tcp_class = {
    .name = "Tcp",
    .doc = "A TCP connection, as client (connect) or server (bind, listen, accept), always at the bottom of a stack. "
           "IPv6 and IPv4 are raced (RFC 8305).",
    .size = sizeof(struct tcp),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

const struct comms_kind tcp_kind = {
    .class_def = &tcp_class,
    .place = COMMS_BOTTOM,
    .ops = {.connect = tcp_connect,
            .disconnect = tcp_disconnect,
            .send = tcp_send,
            .receive = tcp_receive,
            .bind = tcp_bind,
            .listen = tcp_listen,
            .accept = tcp_accept},
};
