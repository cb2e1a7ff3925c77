/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp_address.h: names to addresses, and the race of connections to several addresses.
 */
#ifndef COMMS_TCP_ADDRESS_H
#define COMMS_TCP_ADDRESS_H

#include "interp/carapace.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { TCP_ADDRESS_LIMIT = 16, TCP_ADDRESS_TEXT = 80 };

struct tcp_address {
    socklen_t size;
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    };
};
struct tcp_addresses {
    size_t count;
    struct tcp_address list[TCP_ADDRESS_LIMIT];
};

/* "127.0.0.1:25", "[::1]:25"; the address alone is without brackets. */
void tcp_address_text(const struct tcp_address *address, char text[TCP_ADDRESS_TEXT]);
void tcp_address_host(const struct tcp_address *address, char text[TCP_ADDRESS_TEXT]);
int tcp_address_port(const struct tcp_address *address);

/*
 * The addresses of a host, families in turn (RFC 8305 4). `host` is a name, an IPv4 or IPv6 literal, that in brackets
 * or not; NULL with `passive`: every local address. `family` is AF_UNSPEC, AF_INET or AF_INET6. The name is looked up on
 * another OS thread, which is left to itself when the deadline (-1: none) is over. `*waiting` is what is waited on:
 * who closes it, ends the wait. CP_THROWN: 1.8, 6.1, 6.10, 6.11 (closed), 6.12.
 */
cp_value tcp_resolve(cp_context *cp, const char *host, int port, int family, bool passive, int64_t deadline,
                     cp_fd **waiting, struct tcp_addresses *result);

/*
 * Connects to the first of the addresses that answers: 250 ms after each attempt, or at once when one fails, the next
 * begins beside it (RFC 8305 5). `local`: where from, NULL for anywhere. `name` is for the Errors. NULL after a throw:
 * 6.1, 6.2, 6.11, 6.12.
 */
cp_fd *tcp_race(cp_context *cp, const struct tcp_addresses *addresses, const struct tcp_addresses *local, const char *name,
                int64_t deadline, int64_t timeout, cp_fd **waiting);

/* A non-blocking socket or accepted connection; when descriptors are used up, lost ones are collected first. -1 with
   errno. */
int tcp_socket(cp_context *cp, int family);

#endif
