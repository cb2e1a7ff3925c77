/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h: what the files of the module Tls share: TLS by OpenSSL 3 as a layer of a communications stack.
 *
 *     tls_class.c        the class for scripts: properties and the table
 *     tls_context.c      what is the same for many connections: trusted roots, own certificate; sessions to resume
 *     tls_session.c      one connection: handshake, sending, receiving, the end
 *     tls_certificate.c  the peer's certificate: whether it is the right one, and words for what is wrong
 *     tls_dane.c         whether it is one that its domain has published in the DNS
 *
 * OpenSSL sees only memory: what it wants to send is taken out of `output` and given to the module beneath, what comes
 * from beneath is put into `input`. So Tls stands on anything that carries bytes, and every wait is the module
 * beneath's: it gives way, has its time limit and can be cancelled.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <openssl/ssl.h>

#include "modules/comms/comms_stack.h"

enum {
    TLS_NAME_MAX = 255,
    TLS_TEXT_MAX = 700,
    TLS_PINS_MAX = 16,
    TLS_PIN_SIZE = 32,
    TLS_ALPN_MAX = 255,
    TLS_TLSA_MAX = 64
};

/* What a pin is the SHA-256 of. */
enum tls_pin_kind { TLS_PIN_KEY, TLS_PIN_CERTIFICATE };
struct tls_pin {
    enum tls_pin_kind kind;
    unsigned char digest[TLS_PIN_SIZE];
};

struct tls {
    struct comms_module module;

    /* Properties. */
    bool verify, is_server;
    cp_value server_name, ca_file, certificate, key, alpn, pins; /* as given; () = not */
    cp_value tlsa, other_names;
    int min_version, max_version; /* TLS1_2_VERSION, ...; 0 = no limit */
    int64_t handshake_timeout;    /* ms, -1 = none */

    /* Made of them when first needed, dropped when one of them changes. An SSL_CTX. */
    cp_resource *context;
    struct tls_pin pin_list[TLS_PINS_MAX];
    size_t pin_count;
    unsigned char alpn_list[TLS_ALPN_MAX]; /* as RFC 7301 has it: each name with its length in front */
    unsigned alpn_length;

    /* The connection. */
    cp_resource *connection; /* owns `ssl`; NULL = none */
    SSL *ssl;
    BIO *input, *output; /* ssl's own */
    char name[TLS_NAME_MAX + 1];
    SSL_SESSION *new_session; /* given by the server and not kept yet */
    cp_value session_key;     /* under which its session may be kept; () = it may not */
    bool established, resumed;
    bool trusted;     /* the peer's certificate was checked, now or in the session that is resumed */
    bool broken;      /* nothing more may be written, not even a goodbye */
    bool handshaking; /* a thread is at it: the others wait in `turns` */
    bool sending;     /* likewise */
    bool receiving;
    cp_wait_list turns;
    char *in, *out;   /* encrypted bytes on their way; each is used by one thread at a time */
    int problem_code; /* what is wrong with the peer's certificate; 0 = nothing */
    char problem[TLS_TEXT_MAX];
};

static inline struct tls *tls_of(cp_value self) { return (struct tls *)cp_object_of(self); }

/* ---- tls_context.c ---- */

/* tls->context, made if there is none. NULL after a throw: 13.12, 1.3, 1.5. */
SSL_CTX *tls_context(cp_context *cp, struct tls *tls);
/* What the peer is called in messages. */
const char *tls_peer_name(const struct tls *tls);
/* Lets the connection resume a session with the same host under the same conditions, if there is one. */
void tls_session_offer(cp_context *cp, struct tls *tls);
/* Of the oldest error in OpenSSL's queue: its words. */
const char *tls_words(unsigned long error);
/* Called by OpenSSL when the server gives a session that can be resumed: keeps it for tls->session_key. */
void tls_session_keep(cp_context *cp, cp_value key, SSL_SESSION *session);
/* Empties OpenSSL's list of errors; call before each of its functions that may fail. */
void tls_forget_errors(void);

/* ---- tls_session.c ---- */

cp_value tls_connect(cp_context *cp, struct comms_module *m);
cp_value tls_disconnect(cp_context *cp, struct comms_module *m);
cp_value tls_send(cp_context *cp, struct comms_module *m, const struct comms_data *data);
int64_t tls_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout);
bool tls_security(cp_context *cp, struct comms_module *m, struct comms_security *security);
/* Ends the handshake of an accepted connection, if that is still to be done. CP_NIL or CP_THROWN. */
cp_value tls_establish(cp_context *cp, struct tls *tls, int64_t timeout);
/* Makes the connection's SSL for either role. CP_NIL or CP_THROWN. */
cp_value tls_open(cp_context *cp, struct tls *tls);

/* ---- tls_dane.c ---- */

/* The property tlsa: the value itself, or CP_THROWN (1.8). */
cp_value tls_dane_check(cp_context *cp, cp_value value);
/* Has the connection's certificate checked by tls->tlsa, and by nothing else where these are of usage 2 and 3. CP_NIL
   or CP_THROWN: 13.14 none of them can be used. */
cp_value tls_dane_prepare(cp_context *cp, struct tls *tls);

/* ---- tls_certificate.c ---- */

/* For SSL_set_verify: notes what is wrong in tls->problem. */
int tls_verify(int ok, X509_STORE_CTX *store);
/* After the handshake: whether the peer's certificate is one of those pinned; else notes what is wrong. */
bool tls_check_pins(struct tls *tls);
/* Reads "sha256/BASE64" (of the public key) or 64 hexadecimal digits (of the certificate). */
bool tls_pin_parse(const char *text, size_t size, struct tls_pin *pin);
/* What the property peerCertificate shows; () without one. */
cp_value tls_certificate_value(cp_context *cp, SSL *ssl);

#endif
