/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_ask.c: questions and their answers by c-ares: which server, again, by TCP when an answer was cut, all is
 * c-ares's.
 *
 * Its sockets are gathered in an epoll descriptor, so that one wait of the event loop stands for all of them. c-ares's
 * callbacks only take notes; they touch no value but memory that the waiting thread holds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "modules/loadable/dns/dns.h"

enum { EVENTS = 8, PORT_DOMAIN = 53, UDP_SIZE = 1232 /* fits into one packet everywhere */, ANSWER_MAX = 65535 };

struct note {
    unsigned char *bytes; /* malloc'd */
    size_t size;
    int status;
    bool done;
};
struct lookup {
    ares_channel channel;
    cp_fd *poll;
    struct note notes[2];
};

/* ---- servers ---- */

bool dns_server_parse(const char *text, size_t size, struct ares_addr_port_node *server) {
    char address[INET6_ADDRSTRLEN + 1], *end;
    const char *port = NULL;
    memset(server, 0, sizeof *server);
    if (size == 0 || size >= 80 || memchr(text, '\0', size)) return false;
    char copy[80];
    memcpy(copy, text, size);
    copy[size] = '\0';
    char *start = copy, *close = strchr(copy, ']');
    if (*copy == '[' && close) {
        start++;
        if (close[1] == ':') port = close + 2;
        else if (close[1]) return false;
        *close = '\0';
    } else {
        char *colon = strchr(copy, ':');
        if (colon && !strchr(colon + 1, ':')) { /* one colon: an IPv4 address and a port */
            *colon = '\0';
            port = colon + 1;
        }
    }
    long number = PORT_DOMAIN;
    if (port) number = strtol(port, &end, 10);
    if (port && (*port < '0' || *port > '9' || *end || number < 1 || number > 65535)) return false;
    if (strlen(start) >= sizeof address) return false;
    server->udp_port = server->tcp_port = (int)number;
    server->family = AF_INET;
    if (inet_pton(AF_INET, start, &server->addr.addr4) == 1) return true;
    server->family = AF_INET6;
    return inet_pton(AF_INET6, start, &server->addr.addr6) == 1;
}

/* The servers to ask: those given, or the system's (resolv.conf). Their number; 0 after a throw. */
static size_t find_servers(cp_context *cp, const struct dns *dns, struct ares_addr_port_node list[DNS_SERVERS_MAX]) {
    size_t count = dns->count;
    memcpy(list, dns->list, sizeof dns->list);
    if (dns->servers == CP_NIL) {
        ares_channel channel;
        struct ares_addr_port_node *found = NULL;
        if (ares_init(&channel) == ARES_SUCCESS) {
            ares_get_servers_ports(channel, &found);
            for (struct ares_addr_port_node *s = found; s && count < DNS_SERVERS_MAX; s = s->next) {
                list[count] = *s;
                if (!list[count].udp_port) list[count].udp_port = PORT_DOMAIN;
                if (!list[count].tcp_port) list[count].tcp_port = PORT_DOMAIN;
                count++;
            }
            if (found) ares_free_data(found);
            ares_destroy(channel);
        }
    }
    if (count == 0)
        dns_throw(cp, CP_DNS_NO_SERVER, true,
                  "no name server is known: set `servers`, or name one in /etc/resolv.conf");
    return count;
}

/* ---- c-ares's callbacks ---- */

static void socket_changed(void *data, ares_socket_t socket, int readable, int writable) {
    struct lookup *lookup = data;
    struct epoll_event event = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u), .data.fd = socket};
    if (!lookup->poll) return;
    int poll = lookup->poll->fd;
    if (!readable && !writable) epoll_ctl(poll, EPOLL_CTL_DEL, socket, NULL);
    else if (epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event) != 0) epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
}

static void answered(void *data, int status, int timeouts, unsigned char *bytes, int size) {
    struct note *note = data;
    (void)timeouts;
    note->status = status;
    note->done = true;
    if (!bytes || size <= 0 || size > ANSWER_MAX) return;
    note->bytes = malloc((size_t)size);
    if (!note->bytes) {
        note->status = ARES_ENOMEM;
        return;
    }
    memcpy(note->bytes, bytes, (size_t)size);
    note->size = (size_t)size;
}

/* ---- waiting ---- */

static bool all_done(const struct lookup *lookup, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!lookup->notes[i].done) return false;
    return true;
}

static cp_value turn(cp_context *cp, struct lookup *lookup, int64_t left) {
    struct timeval most = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000}, next;
    ares_timeout(lookup->channel, &most, &next);
    int64_t wait = (int64_t)next.tv_sec * 1000 + (next.tv_usec + 999) / 1000;
    enum cp_wait result = cp_wait_fd(cp, lookup->poll->fd, CP_READABLE, wait);
    if (result == CP_WAIT_CANCELLED) return CP_THROWN;
    struct epoll_event events[EVENTS];
    int count = result == CP_WAIT_READY ? epoll_wait(lookup->poll->fd, events, EVENTS, 0) : 0;
    for (int i = 0; i < count; i++) {
        unsigned what = events[i].events;
        bool reads = what & (EPOLLIN | EPOLLERR | EPOLLHUP), writes = what & (EPOLLOUT | EPOLLERR | EPOLLHUP);
        ares_process_fd(lookup->channel, reads ? events[i].data.fd : ARES_SOCKET_BAD,
                        writes ? events[i].data.fd : ARES_SOCKET_BAD);
    }
    if (count <= 0) ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what is late is repeated */
    return CP_NIL;
}

/* c-ares doubles its patience at each round of all servers. */
static int64_t most_time(const struct dns *dns, size_t servers) {
    return dns->timeout * ((1 << dns->tries) - 1) * (int64_t)servers + 1000;
}

static cp_value wait_for(cp_context *cp, const struct dns *dns, struct lookup *lookup, size_t count, size_t servers) {
    int64_t end = cp_now(cp) + most_time(dns, servers);
    while (!all_done(lookup, count)) {
        int64_t left = end - cp_now(cp);
        if (left <= 0) {
            ares_cancel(lookup->channel);
            for (size_t i = 0; i < count; i++)
                if (lookup->notes[i].status == ARES_ECANCELLED) lookup->notes[i].status = ARES_ETIMEOUT;
            break;
        }
        if (turn(cp, lookup, left) == CP_THROWN) return CP_THROWN;
    }
    return CP_NIL;
}

/* ---- one lookup ---- */

static cp_value begin(cp_context *cp, const struct dns *dns, struct lookup *lookup,
                      struct ares_addr_port_node *servers) {
    struct ares_options options = {
        /* Every answer is taken as it is: its code is looked at here. */
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
        .timeout = (int)dns->timeout,
        .tries = (int)dns->tries,
        .ednspsz = UDP_SIZE,
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = lookup,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
    int poll = epoll_create1(EPOLL_CLOEXEC);
    if (poll < 0 && (errno == EMFILE || errno == ENFILE)) {
        cp_collect(cp);
        poll = epoll_create1(EPOLL_CLOEXEC);
    }
    if (poll < 0) return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "no descriptor for a lookup in the DNS");
    lookup->poll = cp_fd_new(cp, poll);
    if (ares_init_options(&lookup->channel, &options, mask) != ARES_SUCCESS) {
        lookup->channel = NULL;
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    }
    if (ares_set_servers_ports(lookup->channel, servers) != ARES_SUCCESS)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    return CP_NIL;
}

static void end(cp_context *cp, struct lookup *lookup) {
    if (lookup->channel) ares_destroy(lookup->channel);
    if (lookup->poll) cp_fd_close(cp, lookup->poll);
    for (size_t i = 0; i < 2; i++) free(lookup->notes[i].bytes);
}

static cp_value ask_these(cp_context *cp, struct dns *dns, struct ares_addr_port_node *servers, size_t server_count,
                          const char *name, const unsigned *types, size_t count, struct dns_answer *answers) {
    /* Not on the stack: c-ares keeps pointers to it, and where the stack of a thread that is ended goes is not ours. */
    struct lookup *lookup = cp_alloc(sizeof *lookup);
    cp_value result = begin(cp, dns, lookup, servers);
    if (result != CP_THROWN) {
        for (size_t i = 0; i < count; i++)
            ares_query(lookup->channel, name, 1, (int)types[i], answered, &lookup->notes[i]);
        result = wait_for(cp, dns, lookup, count, server_count);
    }
    for (size_t i = 0; i < count && result != CP_THROWN; i++) {
        const struct note *note = &lookup->notes[i];
        answers[i] = (struct dns_answer){.status = note->status};
        if (!note->bytes) continue;
        answers[i].bytes = cp_alloc_atomic(note->size);
        answers[i].size = note->size;
        memcpy(answers[i].bytes, note->bytes, note->size);
    }
    end(cp, lookup);
    return result;
}

/* Whether another server may know more. */
static bool is_failure(const struct dns_answer *answer) {
    struct dns_message message;
    if (!answer->bytes || !dns_message_open(&message, answer->bytes, answer->size)) return true;
    return message.rcode != DNS_RCODE_OK && message.rcode != DNS_RCODE_NO_NAME;
}

cp_value dns_ask(cp_context *cp, struct dns *dns, const char *name, const unsigned *types, size_t count,
                 struct dns_answer *answers) {
    struct ares_addr_port_node servers[DNS_SERVERS_MAX];
    size_t server_count = find_servers(cp, dns, servers);
    if (server_count == 0) return CP_THROWN;
    for (size_t i = 0; i < server_count; i++) servers[i].next = i + 1 < server_count ? &servers[i + 1] : NULL;
    for (size_t first = 0; first < server_count; first++) {
        if (ask_these(cp, dns, &servers[first], server_count - first, name, types, count, answers) == CP_THROWN)
            return CP_THROWN;
        bool failed = false, answered_at_all = false;
        for (size_t i = 0; i < count; i++) {
            failed = failed || is_failure(&answers[i]);
            answered_at_all = answered_at_all || answers[i].bytes != NULL;
        }
        if (!failed || !answered_at_all) break; /* c-ares itself has gone on from those that say nothing */
    }
    return CP_NIL;
}
