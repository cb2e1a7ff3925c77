/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proxy_handshake.c: SOCKS 5 and HTTP CONNECT as machines of bytes.
 */
#include "modules/protocol/proxy_handshake.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "modules/coding/base64.h"

/* What is awaited. */
enum { SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY_HEAD, SOCKS_REPLY_REST, HTTP_STATUS_LINE, HTTP_FIELDS };

enum { SOCKS_VERSION = 5, METHOD_NONE = 0, METHOD_LOGIN = 2, METHOD_REFUSED = 0xFF };
enum { ADDRESS_IPV4 = 1, ADDRESS_NAME = 3, ADDRESS_IPV6 = 4 };

static void fail(struct proxy_handshake *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct proxy_handshake *h, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(h->error, sizeof h->error, format, arguments);
    va_end(arguments);
    h->state = PROXY_FAILED;
    h->output_size = 0;
}

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) return true;
    return false;
}

static void put(struct proxy_handshake *h, const void *bytes, size_t size) {
    if (size > sizeof h->output - h->output_size) {
        fail(h, "the request to the proxy is too long");
        return;
    }
    memcpy(h->output + h->output_size, bytes, size);
    h->output_size += size;
}

static void put_octet(struct proxy_handshake *h, unsigned octet) { put(h, &(unsigned char){(unsigned char)octet}, 1); }

static void await_step(struct proxy_handshake *h, int step) {
    h->step = step;
    h->input_size = 0;
}

/* ---- SOCKS 5 ---- */

static void socks_greet(struct proxy_handshake *h) {
    put_octet(h, SOCKS_VERSION);
    put_octet(h, h->target.user ? 2 : 1);
    put_octet(h, METHOD_NONE);
    if (h->target.user) put_octet(h, METHOD_LOGIN);
    await_step(h, SOCKS_METHOD);
}

static void socks_login(struct proxy_handshake *h) {
    const char *password = h->target.password ? h->target.password : "";
    put_octet(h, 1); /* RFC 1929: the version of this negotiation */
    put_octet(h, (unsigned)strlen(h->target.user));
    put(h, h->target.user, strlen(h->target.user));
    put_octet(h, (unsigned)strlen(password));
    put(h, password, strlen(password));
    await_step(h, SOCKS_LOGIN);
}

static void socks_connect(struct proxy_handshake *h) {
    unsigned char address[16];
    put(h, (unsigned char[]){SOCKS_VERSION, 1, 0}, 3);
    if (inet_pton(AF_INET, h->target.host, address) == 1) {
        put_octet(h, ADDRESS_IPV4);
        put(h, address, 4);
    } else if (inet_pton(AF_INET6, h->target.host, address) == 1) {
        put_octet(h, ADDRESS_IPV6);
        put(h, address, 16);
    } else {
        put_octet(h, ADDRESS_NAME);
        put_octet(h, (unsigned)strlen(h->target.host));
        put(h, h->target.host, strlen(h->target.host));
    }
    put_octet(h, h->target.port >> 8);
    put_octet(h, h->target.port & 0xFF);
    await_step(h, SOCKS_REPLY_HEAD);
}

/* RFC 1928 6. */
static const char *socks_reply_words(int reply) {
    static const char *const words[] = {
        [1] = "general failure",          [2] = "its rules forbid it",
        [3] = "network unreachable",      [4] = "host unreachable, or no such host",
        [5] = "connection refused",       [6] = "the time to live is over",
        [7] = "it does not know CONNECT", [8] = "it does not know this kind of address",
    };
    return reply > 0 && reply < (int)(sizeof words / sizeof *words) ? words[reply] : "an unknown reason";
}

/* How long the whole of the present answer is, as far as is known. */
static size_t socks_length(const struct proxy_handshake *h) {
    if (h->step == SOCKS_METHOD || h->step == SOCKS_LOGIN) return 2;
    if (h->step == SOCKS_REPLY_HEAD) return 5; /* version, reply, reserved, kind of address, its first octet */
    switch (h->input[3]) {
    case ADDRESS_IPV4: return 4 + 4 + 2;
    case ADDRESS_IPV6: return 4 + 16 + 2;
    default: return 4 + 1 + h->input[4] + 2u; /* a name */
    }
}

static void socks_answer(struct proxy_handshake *h) {
    const unsigned char *in = h->input;
    switch (h->step) {
    case SOCKS_METHOD:
        if (in[0] != SOCKS_VERSION) fail(h, "the proxy does not speak SOCKS 5 (it answers with octet %u)", in[0]);
        else if (in[1] == METHOD_NONE) socks_connect(h);
        else if (in[1] == METHOD_LOGIN && h->target.user) socks_login(h);
        else {
            h->refused_login = 1;
            fail(h, h->target.user ? "the proxy takes no login by user and password"
                                   : "the proxy wants a login: set user and password");
        }
        return;
    case SOCKS_LOGIN:
        if (in[1] == 0) socks_connect(h);
        else {
            h->refused_login = 1;
            fail(h, "the proxy refuses user and password");
        }
        return;
    case SOCKS_REPLY_HEAD:
        h->status = in[1];
        if (in[0] != SOCKS_VERSION) fail(h, "the proxy's answer is not SOCKS 5 (octet %u)", in[0]);
        else if (in[1] != 0)
            fail(h, "the proxy cannot connect to %.255s: %s", h->target.host, socks_reply_words(in[1]));
        else if (in[3] != ADDRESS_IPV4 && in[3] != ADDRESS_IPV6 && in[3] != ADDRESS_NAME)
            fail(h, "the proxy's answer has an unknown kind of address (%u)", in[3]);
        else h->step = SOCKS_REPLY_REST; /* the octets so far belong to it */
        return;
    default: h->state = PROXY_DONE; return;
    }
}

static void socks_input(struct proxy_handshake *h, const unsigned char *bytes, size_t size) {
    memcpy(h->input + h->input_size, bytes, size); /* never more than is wanted, and that fits */
    h->input_size += size;
    if (h->input_size == socks_length(h)) socks_answer(h);
}

/* ---- HTTP ---- */

static void http_connect(struct proxy_handshake *h) {
    char line[2 * PROXY_HOST_MAX + 128];
    bool ipv6 = strchr(h->target.host, ':') != NULL;
    const char *open = ipv6 ? "[" : "", *close = ipv6 ? "]" : "";
    int size = snprintf(line, sizeof line, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, h->target.host,
                        close, h->target.port, open, h->target.host, close, h->target.port);
    put(h, line, (size_t)size);
    if (h->target.user) {
        char login[2 * PROXY_NAME_MAX + 2], coded[4 * (2 * PROXY_NAME_MAX + 4) / 3 + 4];
        int length =
            snprintf(login, sizeof login, "%s:%s", h->target.user, h->target.password ? h->target.password : "");
        size_t coded_size = base64_encode(coded, login, (size_t)length);
        put(h, "Proxy-Authorization: Basic ", 27);
        put(h, coded, coded_size);
        put(h, "\r\n", 2);
        explicit_bzero(login, sizeof login);
        explicit_bzero(coded, sizeof coded);
    }
    put(h, "\r\n", 2);
    await_step(h, HTTP_STATUS_LINE);
}

/* "HTTP/1.1 200 words" */
static void http_status(struct proxy_handshake *h, char *line) {
    char *code = strchr(line, ' ');
    bool fine = strncmp(line, "HTTP/1.", 7) == 0 && code && code[1] >= '1' && code[1] <= '9' && code[2] >= '0' &&
                code[2] <= '9' && code[3] >= '0' && code[3] <= '9' && (code[4] == ' ' || code[4] == 0);
    if (!fine) {
        for (char *c = line; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7F) *c = '?';
        fail(h, "the proxy does not answer as HTTP has it: %.80s", line);
        return;
    }
    h->status = (code[1] - '0') * 100 + (code[2] - '0') * 10 + (code[3] - '0');
    if (h->status >= 200 && h->status < 300) {
        h->step = HTTP_FIELDS;
        return;
    }
    for (char *c = code; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) *c = '?';
    if (h->status == 407) {
        h->refused_login = 1;
        fail(h,
             h->target.user ? "the proxy refuses user and password: %.80s"
                            : "the proxy wants a login (%.80s): set user and password",
             code + 1);
    } else fail(h, "the proxy cannot connect to %.120s: %.80s", h->target.host, code + 1);
}

/* Octet by octet, so that none behind the empty line is taken. */
static void http_input(struct proxy_handshake *h, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size && h->state == PROXY_GOING; i++) {
        if (++h->header_size > PROXY_HEADER_MAX) {
            fail(h, "the proxy's answer has no end");
            return;
        }
        if (bytes[i] != '\n') { /* of a long field the beginning is enough */
            if (h->input_size < sizeof h->input - 1) h->input[h->input_size++] = bytes[i];
            continue;
        }
        if (h->input_size > 0 && h->input[h->input_size - 1] == '\r') h->input_size--;
        h->input[h->input_size] = 0;
        if (h->step == HTTP_STATUS_LINE) http_status(h, (char *)h->input);
        else if (h->input_size == 0) h->state = PROXY_DONE;
        h->input_size = 0;
    }
}

/* ---- both ---- */

void proxy_handshake_start(struct proxy_handshake *h, enum proxy_kind kind, const struct proxy_target *target) {
    memset(h, 0, sizeof *h);
    h->kind = kind;
    h->target = *target;
    size_t host = strlen(target->host);
    if (host == 0 || host > PROXY_HOST_MAX || has_control(target->host) || strpbrk(target->host, " /@[]"))
        fail(h, "this cannot be a host: %.80s", has_control(target->host) ? "it has a control in it" : target->host);
    else if (target->user && (target->user[0] == 0 || strlen(target->user) > PROXY_NAME_MAX))
        fail(h, "a proxy's user is 1 to %d octets", PROXY_NAME_MAX);
    else if (target->password && strlen(target->password) > PROXY_NAME_MAX)
        fail(h, "a proxy's password is at most %d octets", PROXY_NAME_MAX);
    else if (kind == PROXY_HTTP && target->user && strchr(target->user, ':'))
        fail(h, "an HTTP proxy's user has no colon"); /* RFC 7617 2 */
    else if (kind == PROXY_SOCKS5) socks_greet(h);
    else http_connect(h);
}

size_t proxy_handshake_wants(const struct proxy_handshake *h) {
    if (h->state != PROXY_GOING) return 0;
    return h->kind == PROXY_HTTP ? 1 : socks_length(h) - h->input_size;
}

void proxy_handshake_input(struct proxy_handshake *h, const void *bytes, size_t size) {
    h->output_size = 0;
    if (h->state != PROXY_GOING) return;
    if (h->kind == PROXY_HTTP) http_input(h, bytes, size);
    else {
        size_t wanted = proxy_handshake_wants(h);
        socks_input(h, bytes, size < wanted ? size : wanted);
    }
}

void proxy_handshake_wipe(struct proxy_handshake *h) {
    explicit_bzero(h->output, sizeof h->output);
    h->output_size = 0;
    h->target = (struct proxy_target){0};
}
