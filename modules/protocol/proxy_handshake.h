/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proxy_handshake.h: what a client and a proxy say to each other before the proxy only passes on: SOCKS 5 (RFC 1928,
 * 1929) and HTTP CONNECT (RFC 9110 9.3.6). Bytes in, bytes out; no input or output.
 *
 *     proxy_handshake_start; while PROXY_GOING: write `output`, read, proxy_handshake_input
 *
 * It never takes more bytes than belong to the handshake: what a server behind the proxy says at once stays the
 * caller's.
 */
#ifndef PROTOCOL_PROXY_HANDSHAKE_H
#define PROTOCOL_PROXY_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

enum proxy_kind { PROXY_SOCKS5, PROXY_HTTP };

enum proxy_state {
    PROXY_GOING,
    PROXY_DONE,   /* the way is open */
    PROXY_FAILED, /* `error` tells why */
};

enum {
    PROXY_HOST_MAX = 255, /* of SOCKS; we hold HTTP to it too */
    PROXY_NAME_MAX = 255, /* user and password, each: RFC 1929 */
    PROXY_OUTPUT_MAX = 2048,
    PROXY_HEADER_MAX = 16384, /* octets of an HTTP proxy's answer */
};

struct proxy_target {
    const char *host; /* a name, or an address without brackets; the proxy resolves names */
    uint16_t port;
    const char *user, *password; /* NULL: none */
};

struct proxy_handshake {
    enum proxy_kind kind;
    enum proxy_state state;
    struct proxy_target target;
    int step;
    char output[PROXY_OUTPUT_MAX]; /* to be written before the next input; wiped by proxy_handshake_wipe */
    size_t output_size;
    unsigned char input[512]; /* the present answer of SOCKS, or a line of HTTP */
    size_t input_size;
    size_t header_size; /* octets of HTTP's answer so far */
    int status;         /* of HTTP; the reply code of SOCKS */
    int refused_login;  /* the proxy wants another user or password */
    char error[256];
};

/* The target's texts must live until the end. FAILED when they are too long or hold controls. */
void proxy_handshake_start(struct proxy_handshake *handshake, enum proxy_kind kind, const struct proxy_target *target);
/* How many octets may be read now at the most without taking any that are not the handshake's; 0 when it is over. */
size_t proxy_handshake_wants(const struct proxy_handshake *handshake);
/* Takes what came: all of it, at most what it wants. Then `output` holds what is to be said next, if anything. */
void proxy_handshake_input(struct proxy_handshake *handshake, const void *bytes, size_t size);
/* Forgets all that was secret. */
void proxy_handshake_wipe(struct proxy_handshake *handshake);

#endif
