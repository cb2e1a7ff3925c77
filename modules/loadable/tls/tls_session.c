/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_session.c: one encrypted connection between the module above and the bytes beneath.
 *
 * OpenSSL's calls never wait; between them other threads run, which may disconnect: `ssl` is the connection's only
 * while tls->ssl is still it, and each function holds a reference of its own meanwhile. Records leave in the order in
 * which OpenSSL made them, because only the thread that has `sending` takes them out of `output`.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum {
    IN_SIZE = 18 * 1024,    /* more than the largest record (RFC 8446 5.2) */
    OUT_SIZE = 80 * 1024,   /* encrypted bytes given to the module beneath at a time */
    SLICE = 64 * 1024,      /* plain bytes encrypted at a time */
    GATHER = 16 * 1024,     /* small pieces are put together up to this, one record */
    GOODBYE_TIMEOUT = 1000, /* ms in which the peer must take our close_notify, which it need not answer */
    FATAL_TIMEOUT = 1000,   /* and an alert */
};

/* ---- names ---- */

const char *tls_peer_name(const struct tls *tls) { return *tls->name ? tls->name : "the peer"; }

/* A property of the layers below, or () when none has it. */
static cp_value property_below(cp_context *cp, struct tls *tls, const char *name) {
    if (tls->module.below == CP_NIL) return CP_NIL;
    cp_value symbol = cp_symbol_z(cp, name), value = comms_method_get(cp, tls->module.below, &symbol, 1);
    if (value != CP_THROWN) return value;
    cp_take_error(cp);
    return CP_NIL;
}

/* tls->name: whom the certificate must name: without the [] of an address and the dot at a domain's end. */
static cp_value find_name(cp_context *cp, struct tls *tls) {
    cp_value given = tls->server_name != CP_NIL ? tls->server_name : property_below(cp, tls, "host");
    *tls->name = '\0';
    if (!cp_is_string(given)) return CP_NIL;
    const char *text = cp_text_z(cp, given);
    size_t size = cp_string_size(given);
    if (size > 1 && text[0] == '[' && text[size - 1] == ']') text++, size -= 2;
    else if (size > 1 && text[size - 1] == '.') size--;
    if (size == 0 || size > TLS_NAME_MAX)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the server's name has 1 to %d bytes", TLS_NAME_MAX);
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "the server's name must be ASCII, a domain of other letters in its form xn--...: %s",
                            cp_text_z(cp, cp_to_source(cp, given)));
    memcpy(tls->name, text, size);
    tls->name[size] = '\0';
    return CP_NIL;
}

static bool is_address(const char *name) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* ---- opening ---- */

/* OpenSSL takes a connection that is freed without a close_notify of ours for one that was cut, and then its session,
 * which may be kept here for the next one, is never resumed. Since TLS 1.1 that is not demanded any more (RFC 4346
 * 7.2.1), and connections do end so: the peer hangs up, a line breaks, or nobody but the collector knows of it any
 * more. What a fatal alert forbids stays forbidden: OpenSSL sees to that when the alert comes or goes. */
static void free_ssl(void *ssl) {
    SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_SENT_SHUTDOWN);
    SSL_free(ssl);
}

/* A new session of TLS 1.3 comes with data, at any time; one of TLS 1.2 in the handshake. */
static int new_session(SSL *ssl, SSL_SESSION *session) {
    struct tls *tls = SSL_get_app_data(ssl);
    if (tls->new_session) SSL_SESSION_free(tls->new_session);
    tls->new_session = session;
    return 1; /* the reference is ours now */
}

/* The sessions of connections that differ in what is checked must not be mixed. */
static cp_value session_key(cp_context *cp, struct tls *tls) {
    cp_value port = property_below(cp, tls, "port");
    cp_value parts[] = {property_below(cp, tls, "host"),
                        port,
                        cp_string_z(cp, tls->name),
                        comms_truth(cp, tls->verify),
                        tls->ca_file,
                        tls->pins,
                        tls->certificate,
                        tls->key,
                        tls->alpn,
                        tls->other_names,
                        cp_fixnum(tls->min_version),
                        cp_fixnum(tls->max_version)};
    if (parts[0] == CP_NIL) return CP_NIL;  /* nobody knows where the connection goes */
    if (tls->tlsa != CP_NIL) return CP_NIL; /* what was checked then may have been withdrawn since */
    return cp_to_source(cp, cp_list_n(parts, sizeof parts / sizeof *parts));
}

/* The certificate may name one of these instead. */
static cp_value add_other_names(cp_context *cp, struct tls *tls) {
    for (cp_value rest = tls->other_names; cp_is_cell(rest); rest = cp_tail(rest)) {
        const char *name = cp_is_string(cp_head(rest)) ? cp_text_z(cp, cp_head(rest)) : "";
        if (!*name || SSL_add1_host(tls->ssl, name) != 1)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "otherNames is a List of domains, not %.100s",
                            cp_text_z(cp, cp_to_source(cp, cp_head(rest))));
    }
    return CP_NIL;
}

static cp_value prepare_client(cp_context *cp, struct tls *tls) {
    SSL *ssl = tls->ssl;
    if (tls->verify && !*tls->name)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "Tls does not know whom the certificate must name, because no layer below has a host: set "
                        "serverName");
    bool address = is_address(tls->name);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (tls->tlsa != CP_NIL && tls_dane_prepare(cp, tls) == CP_THROWN) return CP_THROWN;
    bool ok = tls->tlsa != CP_NIL || !*tls->name ||
              (address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), tls->name) == 1
                       : SSL_set1_host(ssl, tls->name) == 1 && SSL_set_tlsext_host_name(ssl, tls->name) == 1);
    if (!ok) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a server's name: %s", tls->name);
    if (add_other_names(cp, tls) == CP_THROWN) return CP_THROWN;
    SSL_set_connect_state(ssl);
    tls->session_key = session_key(cp, tls);
    if (tls->session_key == CP_THROWN) return tls->session_key = CP_NIL, CP_THROWN;
    SSL_CTX_sess_set_new_cb(SSL_get_SSL_CTX(ssl), new_session);
    tls_session_offer(cp, tls);
    return CP_NIL;
}

static void forget(cp_context *cp, struct tls *tls) {
    cp_resource *connection = tls->connection;
    tls->connection = NULL;
    tls->ssl = NULL;
    tls->input = tls->output = NULL;
    tls->established = tls->resumed = tls->trusted = tls->broken = false;
    if (tls->new_session) SSL_SESSION_free(tls->new_session);
    tls->new_session = NULL;
    if (connection) cp_resource_release(cp, connection);
    cp_wake_all(cp, &tls->turns);
}

cp_value tls_open(cp_context *cp, struct tls *tls) {
    forget(cp, tls);
    if (find_name(cp, tls) == CP_THROWN) return CP_THROWN;
    SSL_CTX *context = tls_context(cp, tls);
    if (!context) return CP_THROWN;
    ERR_clear_error();
    SSL *ssl = SSL_new(context);
    BIO *input = BIO_new(BIO_s_mem()), *output = BIO_new(BIO_s_mem());
    if (!ssl || !input || !output) {
        SSL_free(ssl);
        BIO_free(input);
        BIO_free(output);
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    }
    BIO_set_mem_eof_return(input, -1); /* empty is "not yet", not the end */
    SSL_set_bio(ssl, input, output);
    SSL_set_app_data(ssl, tls);
    tls->connection = cp_resource_new(cp, ssl, free_ssl);
    tls->ssl = ssl;
    tls->input = input;
    tls->output = output;
    tls->problem_code = 0;
    if (!tls->in) tls->in = cp_alloc_atomic(IN_SIZE);
    if (!tls->out) tls->out = cp_alloc_atomic(OUT_SIZE);
    cp_value result = CP_NIL;
    if (tls->is_server) SSL_set_accept_state(ssl);
    else result = prepare_client(cp, tls);
    if (result == CP_THROWN) forget(cp, tls);
    return result;
}

/* ---- moving bytes ---- */

static cp_value gone(cp_context *cp, const struct tls *tls) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED,
                    "the encrypted connection to %s was ended by "
                    "another thread",
                    tls_peer_name(tls));
}

/* Waits for a turn: until *flag is clear, and sets it. CP_THROWN without it. */
static cp_value take_turn(cp_context *cp, struct tls *tls, bool *flag, int64_t deadline) {
    while (*flag) {
        enum cp_wait wait = cp_wait_on(cp, &tls->turns, comms_left(cp, deadline));
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait == CP_WAIT_TIMEOUT)
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT,
                            "another thread was at work on the encrypted connection all the time");
    }
    *flag = true;
    return CP_NIL;
}

static void end_turn(cp_context *cp, struct tls *tls, bool *flag) {
    *flag = false;
    cp_wake_all(cp, &tls->turns);
}

/* Gives the module beneath what OpenSSL has made. `sending` is ours. */
static cp_value drain(cp_context *cp, struct tls *tls, SSL *ssl, int64_t timeout) {
    while (tls->ssl == ssl && BIO_ctrl_pending(tls->output) > 0) {
        int size = BIO_read(tls->output, tls->out, OUT_SIZE);
        if (size <= 0) break;
        struct comms_data data = {.count = 1, .size = (size_t)size, .value = CP_UNSET, .timeout = timeout};
        data.single = (struct iovec){tls->out, (size_t)size};
        data.parts = &data.single;
        if (comms_send_data_below(cp, &tls->module, &data) == CP_THROWN) {
            tls->broken = true; /* part of a record may have gone */
            return CP_THROWN;
        }
    }
    return tls->ssl == ssl ? CP_NIL : gone(cp, tls);
}

/* The same for who has not got `sending`: whoever has it sends this too. */
static cp_value flush(cp_context *cp, struct tls *tls, SSL *ssl, int64_t timeout) {
    if (tls->sending || BIO_ctrl_pending(tls->output) == 0) return CP_NIL;
    tls->sending = true;
    cp_value result = drain(cp, tls, ssl, timeout);
    end_turn(cp, tls, &tls->sending);
    return result;
}

/* Waits for bytes from beneath until the deadline and gives them to OpenSSL. A peer that sends without end what is no
 * data (tickets, pieces of a handshake) must not keep the others from running, nor the time from being over. */
static cp_value fetch(cp_context *cp, struct tls *tls, SSL *ssl, int64_t deadline, unsigned turn) {
    if (turn > 0 && comms_left(cp, deadline) == 0)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "no data came from %s in time",
                        tls_peer_name(tls));
    if (turn > 0 && cp_poll(cp) == CP_THROWN) return CP_THROWN; /* one turn may be 2,000 records of nothing */
    if (tls->ssl != ssl) return gone(cp, tls);
    int64_t size = comms_receive_below(cp, &tls->module, tls->in, IN_SIZE, comms_left(cp, deadline));
    if (size < 0) return CP_THROWN;
    if (tls->ssl != ssl) return gone(cp, tls);
    if (BIO_write(tls->input, tls->in, (int)size) == size) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
}

static void keep_session(cp_context *cp, struct tls *tls) {
    SSL_SESSION *session = tls->new_session;
    if (!session || !tls->established) return;
    tls->new_session = NULL;
    bool wanted = tls->session_key != CP_NIL && (!tls->verify || tls->trusted);
    if (wanted) tls_session_keep(cp, tls->session_key, session);
    else SSL_SESSION_free(session);
}

/* ---- what goes wrong ---- */

struct reason_words {
    int reason, code;
    const char *words;
};

static const struct reason_words reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER, CP_TLS_NOT_TLS,
     "%s does not speak TLS here: what it sent is no TLS record. Is it the right port? A mail server's port 25 or 587 "
     "begins in clear (STARTTLS: Smtp's tls is required), 465 is encrypted from the start (implicit)"},
    {SSL_R_HTTP_REQUEST, CP_TLS_NOT_TLS, "%s does not speak TLS but HTTP"},
    {SSL_R_UNSUPPORTED_PROTOCOL, CP_TLS_VERSION,
     "%s has no version of TLS that is allowed here: minVersion says which; the other side must learn a newer one"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, CP_TLS_VERSION,
     "%s has no version of TLS that is allowed here: minVersion says which; the other side must learn a newer one"},
    {SSL_R_VERSION_TOO_LOW, CP_TLS_VERSION, "%s has only a version of TLS that is too old: it must learn a newer one"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, CP_TLS_CLIENT_CERTIFICATE,
     "%s wants a certificate of ours: set `certificate` and `key`"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, CP_TLS_CLIENT_CERTIFICATE,
     "%s has sent no certificate, which is required here"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, CP_TLS_CLIENT_CERTIFICATE,
     "%s does not know the authority that has signed our certificate"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, CP_TLS_CLIENT_CERTIFICATE, "%s does not take our certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, CP_TLS_CLIENT_CERTIFICATE, "%s says that our certificate has expired"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, CP_TLS_CLIENT_CERTIFICATE, "%s does not take our certificate"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, CP_TLS_CLIENT_CERTIFICATE, "%s denies access to the holder of our certificate"},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, CP_TLS_HANDSHAKE, "%s speaks none of the protocols of `alpn`"},
    {SSL_R_NO_APPLICATION_PROTOCOL, CP_TLS_HANDSHAKE, "%s speaks none of the protocols of `alpn`"},
};

/* What SSL_get_error gave is an end: an Error with what is known of it. `doing`: what was under way. */
static cp_value failed(cp_context *cp, struct tls *tls, const char *doing) {
    unsigned long error = ERR_peek_error();
    tls->broken = true;
    if (tls->problem_code) cp_throw(cp, CP_ERROR_TLS, tls->problem_code, "%s", tls->problem);
    else {
        const struct reason_words *known = NULL;
        int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
        for (size_t i = 0; i < sizeof reasons / sizeof *reasons && reason; i++)
            if (reasons[i].reason == reason) known = &reasons[i];
        char text[TLS_TEXT_MAX];
        const char *percent = known ? strstr(known->words, "%s") : NULL;
        if (percent)
            snprintf(text, sizeof text, "%.*s%s%s", (int)(percent - known->words), known->words, tls_peer_name(tls),
                     percent + 2);
        else snprintf(text, sizeof text, "%s with %s has failed: %s", doing, tls_peer_name(tls), tls_words(error));
        cp_throw(cp, CP_ERROR_TLS, known ? known->code : CP_TLS_HANDSHAKE, "%s", text);
    }
    ERR_clear_error();
    return CP_THROWN;
}

/* Sends the alert that OpenSSL has made of a failure, if there is one; the Error on its way goes on. */
static cp_value say_alert(cp_context *cp, struct tls *tls, SSL *ssl) {
    cp_value error = cp_take_error(cp);
    if (flush(cp, tls, ssl, FATAL_TIMEOUT) == CP_THROWN) cp_take_error(cp);
    return cp_throw_value(cp, error);
}

/* ---- handshake ---- */

/* An Error from beneath during the handshake, in its words. */
static cp_value interrupted(cp_context *cp, struct tls *tls, int64_t limit) {
    cp_value error = cp_take_error(cp);
    int code = cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS ? cp_error_code_of(error) : 0;
    if (code == CP_COMM_TIMEOUT)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT,
                        "the TLS handshake with %s was not done within %lld ms: is it a port for TLS?",
                        tls_peer_name(tls), (long long)limit);
    if (code == CP_COMM_CLOSED)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED,
                        "%s has closed the connection in the middle of the TLS handshake", tls_peer_name(tls));
    return cp_throw_value(cp, error);
}

static cp_value succeed(cp_context *cp, struct tls *tls, SSL *ssl) {
    if (!tls_check_pins(tls)) return failed(cp, tls, "the TLS handshake");
    bool checked = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) == X509_V_OK;
    if (checked && tls->tlsa != CP_NIL) checked = SSL_get0_dane_authority(ssl, NULL, NULL) >= 0;
    tls->trusted = checked || tls->pin_count > 0;
    tls->resumed = SSL_session_reused(ssl) == 1;
    tls->established = true;
    keep_session(cp, tls);
    comms_log(cp, &tls->module, "%s%s with %s, %s%s", SSL_get_version(ssl), tls->resumed ? ", resumed," : "",
              tls_peer_name(tls), SSL_get_cipher_name(ssl), tls->trusted ? "" : ", whoever that is: not verified");
    return CP_NIL;
}

static cp_value handshake(cp_context *cp, struct tls *tls, SSL *ssl, int64_t limit) {
    int64_t deadline = comms_deadline(cp, limit);
    for (unsigned turn = 0;; turn++) {
        ERR_clear_error();
        int done = SSL_do_handshake(ssl), status = SSL_get_error(ssl, done);
        if (done == 1) {
            if (flush(cp, tls, ssl, comms_left(cp, deadline)) == CP_THROWN) return interrupted(cp, tls, limit);
            return succeed(cp, tls, ssl);
        }
        if (status != SSL_ERROR_WANT_READ) {
            failed(cp, tls, "the TLS handshake");
            return say_alert(cp, tls, ssl);
        }
        int64_t left = comms_left(cp, deadline);
        if (flush(cp, tls, ssl, left) == CP_THROWN || fetch(cp, tls, ssl, deadline, turn) == CP_THROWN)
            return interrupted(cp, tls, limit);
    }
}

cp_value tls_establish(cp_context *cp, struct tls *tls, int64_t timeout) {
    if (tls->established) return CP_NIL;
    int64_t limit = tls->handshake_timeout;
    if (timeout >= 0 && (limit < 0 || timeout < limit)) limit = timeout;
    if (take_turn(cp, tls, &tls->handshaking, comms_deadline(cp, limit)) == CP_THROWN) return CP_THROWN;
    cp_value result = CP_NIL;
    if (!tls->established && !tls->ssl) result = tls_open(cp, tls);
    if (!tls->established && result != CP_THROWN) {
        SSL *ssl = tls->ssl;
        if (tls->broken) result = gone(cp, tls);
        else {
            SSL_up_ref(ssl);
            result = handshake(cp, tls, ssl, limit);
            SSL_free(ssl);
        }
    }
    end_turn(cp, tls, &tls->handshaking);
    return result;
}

cp_value tls_connect(cp_context *cp, struct comms_module *m) {
    struct tls *tls = (struct tls *)m;
    if (tls_open(cp, tls) == CP_THROWN) return CP_THROWN;
    if (tls_establish(cp, tls, -1) != CP_THROWN) return CP_NIL;
    cp_value error = cp_take_error(cp);
    forget(cp, tls);
    return cp_throw_value(cp, error);
}

/* The connection for who sends or receives, with a reference; NULL after a throw. An accepted one does its handshake
 * now, so that no client can keep `accept` waiting. */
static SSL *use(cp_context *cp, struct tls *tls, int64_t timeout) {
    if (!tls->module.counters.connected) {
        cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "this Tls is not connected: call its connect");
        return NULL;
    }
    if (!tls->established && tls_establish(cp, tls, timeout) == CP_THROWN) return NULL;
    if (!tls->ssl) {
        gone(cp, tls);
        return NULL;
    }
    SSL_up_ref(tls->ssl);
    return tls->ssl;
}

/* ---- sending ---- */

static cp_value encrypt(cp_context *cp, struct tls *tls, SSL *ssl, const char *bytes, size_t size, int64_t timeout) {
    while (size > 0) {
        size_t slice = size < SLICE ? size : SLICE, done = 0;
        if (tls->ssl != ssl) return gone(cp, tls);
        if (tls->broken)
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_SEND, "the encrypted connection to %s is broken",
                            tls_peer_name(tls));
        ERR_clear_error();
        if (SSL_write_ex(ssl, bytes, slice, &done) != 1) {
            failed(cp, tls, "the encryption");
            return CP_THROWN;
        }
        bytes += done;
        size -= done;
        if (drain(cp, tls, ssl, timeout) == CP_THROWN) return CP_THROWN;
    }
    return CP_NIL;
}

static cp_value encrypt_all(cp_context *cp, struct tls *tls, SSL *ssl, const struct comms_data *data) {
    char gathered[GATHER];
    size_t used = 0;
    cp_value result = CP_NIL;
    for (size_t i = 0; i < data->count && result != CP_THROWN; i++) {
        const char *bytes = data->parts[i].iov_base;
        size_t size = data->parts[i].iov_len;
        if (size <= sizeof gathered - used) {
            memcpy(gathered + used, bytes, size);
            used += size;
            if (i + 1 < data->count) continue;
            size = 0;
        }
        result = encrypt(cp, tls, ssl, gathered, used, data->timeout);
        used = 0;
        if (result == CP_THROWN || size == 0) continue;
        if (size <= sizeof gathered && i + 1 < data->count) {
            memcpy(gathered, bytes, size);
            used = size;
        } else result = encrypt(cp, tls, ssl, bytes, size, data->timeout);
    }
    if (used > 0 && result != CP_THROWN) result = encrypt(cp, tls, ssl, gathered, used, data->timeout);
    if (data->secret) explicit_bzero(gathered, sizeof gathered);
    return result;
}

cp_value tls_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct tls *tls = (struct tls *)m;
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    SSL *ssl = use(cp, tls, data->timeout > 0 ? data->timeout : -1);
    if (!ssl) return CP_THROWN;
    cp_value result = take_turn(cp, tls, &tls->sending, data->timeout > 0 ? comms_deadline(cp, data->timeout) : -1);
    if (result != CP_THROWN) {
        result = encrypt_all(cp, tls, ssl, data);
        end_turn(cp, tls, &tls->sending);
    }
    SSL_free(ssl);
    return result;
}

/* ---- receiving ---- */

/* The module beneath says that the peer has closed: without close_notify, something may be missing (RFC 8446 6.1). */
static cp_value cut_short(cp_context *cp, struct tls *tls) {
    cp_value error = cp_take_error(cp);
    if (cp_error_class_of(error) != CP_ERROR_COMMUNICATIONS || cp_error_code_of(error) != CP_COMM_CLOSED)
        return cp_throw_value(cp, error);
    tls->broken = true;
    cp_throw(
        cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED,
        "%s has closed the connection without ending the encryption (no close_notify): what it sent may be cut short",
        tls_peer_name(tls));
    error = cp_take_error(cp);
    cp_error_set_detail(cp, error, "truncated", cp_symbol_z(cp, "true"));
    return cp_throw_value(cp, error);
}

static int64_t receive(cp_context *cp, struct tls *tls, SSL *ssl, void *into, size_t room, int64_t deadline) {
    for (unsigned turn = 0;; turn++) {
        if (tls->ssl != ssl) return gone(cp, tls), -1;
        ERR_clear_error();
        size_t done = 0;
        int ok = SSL_read_ex(ssl, into, room, &done), status = SSL_get_error(ssl, ok);
        if (tls->new_session) keep_session(cp, tls);
        if (ok == 1) {
            /* What OpenSSL answers of itself (a new key) need not go before what has come is used. */
            if (BIO_ctrl_pending(tls->output) > 0 && flush(cp, tls, ssl, FATAL_TIMEOUT) == CP_THROWN) cp_take_error(cp);
            return (int64_t)done;
        }
        if (status == SSL_ERROR_ZERO_RETURN) {
            cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED, "%s has closed the connection", tls_peer_name(tls));
            return -1;
        }
        if (status != SSL_ERROR_WANT_READ) {
            failed(cp, tls, "the encrypted connection");
            say_alert(cp, tls, ssl);
            return -1;
        }
        if (flush(cp, tls, ssl, 0) == CP_THROWN) return -1;
        if (fetch(cp, tls, ssl, deadline, turn) == CP_THROWN) return cut_short(cp, tls), -1;
    }
}

int64_t tls_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct tls *tls = (struct tls *)m;
    int64_t deadline = comms_deadline(cp, timeout);
    SSL *ssl = use(cp, tls, timeout);
    if (!ssl) return -1;
    int64_t size = -1;
    if (take_turn(cp, tls, &tls->receiving, deadline) != CP_THROWN) {
        size = receive(cp, tls, ssl, into, room, deadline);
        end_turn(cp, tls, &tls->receiving);
    }
    SSL_free(ssl);
    return size;
}

/* ---- the end ---- */

cp_value tls_disconnect(cp_context *cp, struct comms_module *m) {
    struct tls *tls = (struct tls *)m;
    SSL *ssl = tls->ssl;
    if (!ssl) return CP_NIL;
    /* A thread that cannot get rid of its data would keep the goodbye waiting: then there is none. */
    if (tls->established && !tls->broken && !tls->sending) {
        SSL_up_ref(ssl);
        ERR_clear_error();
        SSL_shutdown(ssl);
        if (flush(cp, tls, ssl, GOODBYE_TIMEOUT) == CP_THROWN) cp_take_error(cp);
        SSL_free(ssl);
    }
    ERR_clear_error();
    if (tls->ssl == ssl) forget(cp, tls);
    return CP_NIL;
}

/* ---- for those above ---- */

/* tls-unique is the first Finished message of the handshake, and safe only with RFC 7627's master secret. */
static void bind_channel(SSL *ssl, bool is_server, struct comms_security *security) {
    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 2 */
        if (SSL_export_keying_material(ssl, security->binding, 32, label, sizeof label - 1, NULL, 0, 1) != 1) return;
        security->binding_type = "tls-exporter";
        security->binding_size = 32;
    } else if (SSL_get_extms_support(ssl) == 1) {
        bool ours = (SSL_session_reused(ssl) == 1) == is_server;
        size_t size = ours ? SSL_get_finished(ssl, security->binding, sizeof security->binding)
                           : SSL_get_peer_finished(ssl, security->binding, sizeof security->binding);
        if (size == 0 || size > sizeof security->binding) return;
        security->binding_type = "tls-unique";
        security->binding_size = size;
    }
}

bool tls_security(cp_context *cp, struct comms_module *m, struct comms_security *security) {
    (void)cp;
    struct tls *tls = (struct tls *)m;
    if (!tls->ssl || !tls->established) return false;
    security->verified = tls->trusted;
    bind_channel(tls->ssl, tls->is_server, security);
    return true;
}
