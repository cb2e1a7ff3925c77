/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_address.c: names to addresses, and the race of connections to several addresses (RFC 8305, Happy Eyeballs).
 */
#include "tcp_address.h"
#include "comms_stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { HOST_LIMIT = 255, ATTEMPT_DELAY = 250, LOOKUP_STACK = 512 * 1024 };

/* ---- text ---- */

void tcp_address_host(const struct tcp_address *address, char text[TCP_ADDRESS_TEXT]) {
    if (getnameinfo(&address->any, address->size, text, TCP_ADDRESS_TEXT, NULL, 0, NI_NUMERICHOST) != 0)
        strcpy(text, "?");
}

int tcp_address_port(const struct tcp_address *address) {
    return ntohs(address->any.sa_family == AF_INET6 ? address->ipv6.sin6_port : address->ipv4.sin_port);
}

void tcp_address_text(const struct tcp_address *address, char text[TCP_ADDRESS_TEXT]) {
    char host[TCP_ADDRESS_TEXT];
    tcp_address_host(address, host);
    snprintf(text, TCP_ADDRESS_TEXT, address->any.sa_family == AF_INET6 ? "[%.60s]:%d" : "%.60s:%d", host,
             tcp_address_port(address));
}

/* ---- looking up ---- */

/* Shared with the thread that looks up; whoever is last frees it. */
struct lookup {
    atomic_int owners;
    int event; /* the thread's own descriptor */
    char host[HOST_LIMIT + 1], service[8];
    struct addrinfo hints, *found;
    int number;
    atomic_int status; /* stored last, by release: who has acquired it may read what stands above */
};

static void lookup_release(struct lookup *lookup) {
    if (atomic_fetch_sub(&lookup->owners, 1) > 1) return;
    if (lookup->found) freeaddrinfo(lookup->found);
    close(lookup->event);
    free(lookup);
}

static void *lookup_run(void *argument) {
    struct lookup *lookup = argument;
    int status = getaddrinfo(lookup->host, lookup->service, &lookup->hints, &lookup->found);
    lookup->number = errno;
    atomic_store_explicit(&lookup->status, status, memory_order_release);
    uint64_t one = 1;
    ssize_t written = write(lookup->event, &one, sizeof one); /* cannot fail: the count starts at 0 */
    (void)written;
    lookup_release(lookup);
    return NULL;
}

/* Starts the thread; signals stay with the interpreter's own. 0 or an errno. */
static int lookup_start(struct lookup *lookup) {
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error) return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, LOOKUP_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&thread, &attributes, lookup_run, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static cp_value not_resolved(cp_context *cp, const char *host, int status, int number) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_RESOLVED, "the name %s was not resolved: %s", host,
                    status == EAI_SYSTEM ? strerror(number) : gai_strerror(status));
}

/* Takes the addresses over, families in turn, the one that came first first. */
static void interleave(const struct addrinfo *found, struct tcp_addresses *result) {
    const struct addrinfo *first = found, *second = found;
    int family = found->ai_family;
    bool turn = true;
    while (result->count < TCP_ADDRESS_LIMIT) {
        while (first && first->ai_family != family) first = first->ai_next;
        while (second && (second->ai_family == family || second->ai_addrlen > sizeof(struct sockaddr_in6)))
            second = second->ai_next;
        const struct addrinfo **next = (turn && first) || !second ? &first : &second;
        if (!*next) return;
        struct tcp_address *address = &result->list[result->count++];
        address->size = (*next)->ai_addrlen;
        memcpy(&address->any, (*next)->ai_addr, (*next)->ai_addrlen);
        *next = (*next)->ai_next;
        turn = !turn;
    }
}

static cp_value look_up(cp_context *cp, const struct lookup *wanted, int64_t deadline, cp_fd **waiting,
                        struct tcp_addresses *result) {
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), theirs = event < 0 ? -1 : fcntl(event, F_DUPFD_CLOEXEC, 0);
    struct lookup *lookup = theirs < 0 ? NULL : malloc(sizeof *lookup);
    if (!lookup) {
        int number = errno;
        if (event >= 0) close(event);
        if (theirs >= 0) close(theirs);
        return not_resolved(cp, wanted->host, EAI_SYSTEM, number);
    }
    *lookup = *wanted;
    lookup->event = theirs;
    atomic_init(&lookup->owners, 2);
    int error = lookup_start(lookup);
    if (error) {
        close(event);
        atomic_store(&lookup->owners, 1);
        lookup_release(lookup);
        return not_resolved(cp, wanted->host, EAI_SYSTEM, error);
    }
    cp_fd *handle = *waiting = cp_fd_new(cp, event);
    enum cp_wait wait = cp_wait_fd(cp, event, CP_READABLE, comms_left(cp, deadline));
    *waiting = NULL;
    cp_fd_close(cp, handle);
    cp_value answer = CP_NIL;
    if (wait == CP_WAIT_CANCELLED) answer = CP_THROWN;
    else if (wait == CP_WAIT_TIMEOUT)
        answer = cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "the name %s was not resolved in time",
                          wanted->host);
    else if (wait == CP_WAIT_FAILED)
        answer = cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "disconnected while %s was looked up",
                          wanted->host);
    else {
        int status = atomic_load_explicit(&lookup->status, memory_order_acquire);
        if (status != 0) answer = not_resolved(cp, wanted->host, status, lookup->number);
        else interleave(lookup->found, result);
    }
    lookup_release(lookup);
    return answer;
}

cp_value tcp_resolve(cp_context *cp, const char *host, int port, int family, bool passive, int64_t deadline,
                     cp_fd **waiting, struct tcp_addresses *result) {
    result->count = 0;
    struct lookup wanted = {.hints = {.ai_family = family,
                                      .ai_socktype = SOCK_STREAM,
                                      .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)}};
    size_t size = host ? strlen(host) : 0;
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') host++, size -= 2;
    if (size > HOST_LIMIT)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a host's name has at most %d bytes", HOST_LIMIT);
    if (host) memcpy(wanted.host, host, size);
    snprintf(wanted.service, sizeof wanted.service, "%d", port);
    /* Addresses written as such need no thread: this does not ask the network. */
    struct addrinfo numeric = wanted.hints, *found;
    numeric.ai_flags |= AI_NUMERICHOST;
    int status = getaddrinfo(host ? wanted.host : NULL, wanted.service, &numeric, &found);
    if (status == 0) {
        interleave(found, result);
        freeaddrinfo(found);
        return CP_NIL;
    }
    if (!host || status != EAI_NONAME) return not_resolved(cp, host ? wanted.host : "of this machine", status, errno);
    return look_up(cp, &wanted, deadline, waiting, result);
}

/* ---- the race ---- */

int tcp_socket(cp_context *cp, int family) {
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE)) return fd;
    cp_collect(cp);
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

struct race {
    const struct tcp_addresses *addresses, *local;
    cp_fd *attempts[TCP_ADDRESS_LIMIT]; /* by address; NULL when not begun or failed */
    size_t next, open;
    cp_fd *epoll; /* watches them all; NULL when there is one address */
    char failures[400];
};

static void race_failed(struct race *race, const struct tcp_address *address, int number) {
    char text[TCP_ADDRESS_TEXT];
    tcp_address_text(address, text);
    size_t length = strlen(race->failures);
    snprintf(race->failures + length, sizeof race->failures - length, "%s%s: %s", length ? "; " : "", text,
             strerror(number));
}

/* Binds to the first local address of the same family; without one the system chooses. */
static int bind_local(int fd, const struct tcp_addresses *local, int family) {
    for (size_t i = 0; local && i < local->count; i++) {
        if (local->list[i].any.sa_family != family) continue;
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        return bind(fd, &local->list[i].any, local->list[i].size);
    }
    return 0;
}

/* Begins with the next address: true when it is connected at once. */
static bool race_begin(cp_context *cp, struct race *race) {
    size_t i = race->next++;
    const struct tcp_address *address = &race->addresses->list[i];
    int fd = tcp_socket(cp, address->any.sa_family);
    if (fd < 0) return race_failed(race, address, errno), false;
    bool connected =
        bind_local(fd, race->local, address->any.sa_family) == 0 && connect(fd, &address->any, address->size) == 0;
    if (!connected && errno != EINPROGRESS) {
        race_failed(race, address, errno);
        close(fd);
        return false;
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.u64 = i};
    if (!connected && race->epoll && epoll_ctl(race->epoll->fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        race_failed(race, address, errno);
        close(fd);
        return false;
    }
    race->attempts[i] = cp_fd_new(cp, fd);
    race->open++;
    return connected;
}

/* What became of an attempt that has ended. */
static bool race_judge(cp_context *cp, struct race *race, size_t i) {
    int number = 0;
    socklen_t size = sizeof number;
    if (getsockopt(race->attempts[i]->fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    if (number == 0) return true;
    race_failed(race, &race->addresses->list[i], number);
    cp_fd_close(cp, race->attempts[i]);
    race->attempts[i] = NULL;
    race->open--;
    return false;
}

/* The number of one that is connected, or -1. */
static int race_look(cp_context *cp, struct race *race) {
    if (!race->epoll) return race_judge(cp, race, 0) ? 0 : -1;
    struct epoll_event events[TCP_ADDRESS_LIMIT];
    int count = epoll_wait(race->epoll->fd, events, TCP_ADDRESS_LIMIT, 0);
    for (int i = 0; i < count; i++)
        if (race_judge(cp, race, (size_t)events[i].data.u64)) return (int)events[i].data.u64;
    return -1;
}

/* The number of the winner, or -1 after a throw. */
static int race_run(cp_context *cp, struct race *race, const char *name, int64_t deadline, int64_t timeout,
                    cp_fd **waiting) {
    int64_t next_start = cp_now(cp);
    for (;;) {
        bool more = race->next < race->addresses->count;
        int64_t now = cp_now(cp);
        if (more && (race->open == 0 || now >= next_start)) {
            if (race_begin(cp, race)) return (int)race->next - 1;
            next_start = now + ATTEMPT_DELAY;
            continue;
        }
        if (race->open == 0) {
            cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, "cannot connect to %s", race->failures);
            return -1;
        }
        int64_t left = comms_left(cp, deadline);
        if (more && (left < 0 || left > next_start - now)) left = next_start - now;
        *waiting = race->epoll ? race->epoll : race->attempts[0];
        enum cp_wait wait = cp_wait_fd(cp, (*waiting)->fd, race->epoll ? CP_READABLE : CP_WRITABLE, left);
        if (wait == CP_WAIT_CANCELLED) return -1;
        if (wait == CP_WAIT_FAILED || (*waiting)->fd < 0) {
            cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "disconnected while connecting to %s", name);
            return -1;
        }
        if (wait == CP_WAIT_TIMEOUT && comms_left(cp, deadline) == 0) {
            cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "%s did not answer within %lld ms%s%s", name,
                     (long long)timeout, *race->failures ? "; " : "", race->failures);
            return -1;
        }
        if (wait != CP_WAIT_READY) continue;
        size_t open = race->open;
        int winner = race_look(cp, race);
        if (winner >= 0) return winner;
        if (race->open < open) next_start = cp_now(cp); /* one has failed: the next need not wait */
    }
}

cp_fd *tcp_race(cp_context *cp, const struct tcp_addresses *addresses, const struct tcp_addresses *local,
                const char *name, int64_t deadline, int64_t timeout, cp_fd **waiting) {
    struct race race = {.addresses = addresses, .local = local};
    if (addresses->count > 1) {
        int fd = epoll_create1(EPOLL_CLOEXEC);
        if (fd < 0) {
            cp_throw_errno(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, errno, "cannot connect to %s", name);
            return NULL;
        }
        race.epoll = cp_fd_new(cp, fd);
    }
    int winner = race_run(cp, &race, name, deadline, timeout, waiting);
    *waiting = NULL;
    for (size_t i = 0; i < addresses->count; i++)
        if (race.attempts[i] && (int)i != winner) cp_fd_close(cp, race.attempts[i]);
    cp_fd_close(cp, race.epoll);
    return winner < 0 ? NULL : race.attempts[winner];
}
