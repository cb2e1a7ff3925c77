/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proxy.c: class Proxy: the way through a SOCKS 5 or HTTP proxy, which the layer beneath has connected to. What is said
 * is in modules/protocol/proxy_handshake.
 */
#include "modules/comms/comms_redaction.h"
#include "modules/layers/layers.h"
#include "modules/protocol/proxy_handshake.h"

enum { DEFAULT_CONNECT_TIMEOUT = 30000 };

struct proxy {
    struct comms_module module;
    enum proxy_kind kind;
    cp_value host, user, password;
    int port; /* 0 = not set */
    int64_t connect_timeout;
};

static inline struct proxy *proxy_of(cp_value self) { return (struct proxy *)cp_object_of(self); }

/* ---- the handshake ---- */

static cp_value say(cp_context *cp, struct comms_module *m, struct proxy_handshake *h) {
    struct iovec part = {h->output, h->output_size};
    struct comms_data data = {
        .parts = &part, .count = 1, .size = h->output_size, .value = CP_UNSET, .secret = h->target.user != NULL};
    return h->output_size == 0 ? CP_NIL : comms_send_data_below(cp, m, &data);
}

/* HTTP's answer is read octet by octet: it is short, comes once, and what stands behind it is not the proxy's. */
static cp_value shake_hands(cp_context *cp, struct comms_module *m, struct proxy_handshake *h, int64_t deadline) {
    char bytes[sizeof h->input];
    while (h->state == PROXY_GOING) {
        if (say(cp, m, h) == CP_THROWN) return CP_THROWN;
        int64_t size = comms_receive_below(cp, m, bytes, proxy_handshake_wants(h), comms_left(cp, deadline));
        if (size < 0) return CP_THROWN;
        proxy_handshake_input(h, bytes, (size_t)size);
    }
    if (h->state == PROXY_DONE) return CP_NIL;
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, "%s",
                    cp_text_z(cp, comms_redaction_words(cp, m, h->error)));
}

static cp_value proxy_connect(cp_context *cp, struct comms_module *m) {
    struct proxy *p = (struct proxy *)m;
    if (p->host == CP_NIL || p->port < 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Proxy needs a %s to have the proxy connect to",
                        p->host == CP_NIL ? "host" : "port");
    struct proxy_target target = {.host = cp_text_z(cp, p->host), .port = (uint16_t)p->port};
    if (p->user != CP_NIL) target.user = cp_text_z(cp, p->user);
    if (p->password != CP_NIL) target.password = cp_text_z(cp, p->password);
    struct proxy_handshake handshake;
    if (comms_redaction_begin(cp, m) == CP_THROWN) return CP_THROWN;
    comms_redaction_add(m, target.password);
    proxy_handshake_start(&handshake, p->kind, &target);
    cp_value result = shake_hands(cp, m, &handshake, comms_deadline(cp, p->connect_timeout));
    proxy_handshake_wipe(&handshake);
    comms_redaction_end(cp, m);
    if (result != CP_THROWN) comms_log(cp, m, "the proxy has connected to %s port %d", target.host, p->port);
    return result;
}

/* ---- properties ---- */

static cp_value get_kind(cp_context *cp, cp_value self) {
    return cp_symbol_z(cp, proxy_of(self)->kind == PROXY_HTTP ? "http" : "socks5");
}
static cp_value set_kind(cp_context *cp, cp_value self, cp_value value) {
    const char *text = value == CP_NIL ? "socks5" : cp_text_z(cp, value);
    if (strcmp(text, "socks5") != 0 && strcmp(text, "http") != 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a proxy's kind is socks5 or http, not %.40s", text);
    proxy_of(self)->kind = text[0] == 'h' ? PROXY_HTTP : PROXY_SOCKS5;
    return value;
}
/* A String that C sees whole. False after a throw. */
static bool is_plain(cp_context *cp, const char *name, cp_value value) {
    size_t size = value == CP_NIL ? 1 : cp_string_size(value);
    if (value == CP_NIL || (size > 0 && size <= 255 && !memchr(cp_string_text(value), 0, size))) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a proxy's %s has 1 to 255 bytes and no NUL in it", name);
    return false;
}
static cp_value get_host(cp_context *cp, cp_value self) { return (void)cp, proxy_of(self)->host; }
static cp_value set_host(cp_context *cp, cp_value self, cp_value value) {
    return is_plain(cp, "host", value) ? (proxy_of(self)->host = value) : CP_THROWN;
}
static cp_value get_port(cp_context *cp, cp_value self) {
    (void)cp;
    return proxy_of(self)->port ? cp_fixnum(proxy_of(self)->port) : CP_NIL;
}
static cp_value set_port(cp_context *cp, cp_value self, cp_value value) {
    int64_t number = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &number) || number < 1 || number > 65535))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a port is 1 to 65535");
    proxy_of(self)->port = (int)number;
    return value;
}
static cp_value get_user(cp_context *cp, cp_value self) { return (void)cp, proxy_of(self)->user; }
static cp_value set_user(cp_context *cp, cp_value self, cp_value value) {
    return is_plain(cp, "user", value) ? (proxy_of(self)->user = value) : CP_THROWN;
}
static cp_value get_password(cp_context *cp, cp_value self) {
    return proxy_of(self)->password == CP_NIL ? CP_NIL : cp_string_z(cp, "*****");
}
static cp_value set_password(cp_context *cp, cp_value self, cp_value value) {
    if (!is_plain(cp, "password", value)) return CP_THROWN;
    proxy_of(self)->password = value;
    return value;
}
static cp_value get_connect_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, proxy_of(self)->connect_timeout);
}
static cp_value set_connect_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &proxy_of(self)->connect_timeout) ? value : CP_THROWN;
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"kind", "Symbol|String", CP_READ_WRITE, NULL, get_kind, set_kind,
     "socks5 (the default; RFC 1928) or http (CONNECT). Errors: 1.8."},
    {"host", "String", CP_READ_WRITE, NULL, get_host, set_host,
     "Where the proxy is to connect to: a name, which the proxy resolves, or an address. The proxy's own place is the "
     "Tcp's beneath. Errors: 1.8."},
    {"port", "Integer", CP_READ_WRITE, NULL, get_port, set_port, "The port there, 1 to 65535. Errors: 1.8."},
    {"user", "String", CP_READ_WRITE, NULL, get_user, set_user,
     "Who logs in to the proxy; () for nobody. Errors: 1.8."},
    {"password", "String", CP_READ_WRITE, NULL, get_password, set_password,
     "The password; it reads as *****. Errors: 1.8."},
    {"connectTimeout", "Integer", CP_READ_WRITE, NULL, get_connect_timeout, set_connect_timeout,
     "Milliseconds in which the proxy must have connected, 30000 by default; () is no limit."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    proxy_of(self)->connect_timeout = DEFAULT_CONNECT_TIMEOUT;
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Proxy", "NIL", "()", construct,
     "Makes a Proxy: (create Proxy kind: 'http host: \"mail.example.org\" port: 587), pushed on a Tcp that leads to "
     "the "
     "proxy."},
    COMMS_METHODS,
    {0},
};

static const cp_class_def proxy_class = {
    .name = "Proxy",
    .doc =
        "Goes through a SOCKS 5 or HTTP proxy. It stands on the transport that leads to the proxy; what stands on it, "
        "as Tls, speaks with the host behind. `connect` fails with 6.2 and the proxy's reason.",
    .size = sizeof(struct proxy),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

static cp_value proxy_copy(cp_context *cp, struct comms_module *m) {
    struct proxy *from = (struct proxy *)m, *made = proxy_of(cp_new(cp, cp_class_of(cp, comms_value(m))));
    made->kind = from->kind;
    made->host = from->host;
    made->port = from->port;
    made->user = from->user;
    made->password = from->password;
    made->connect_timeout = from->connect_timeout;
    made->module.log = m->log;
    return comms_value(&made->module);
}

const struct comms_kind proxy_kind = {
    .class_def = &proxy_class,
    .place = COMMS_MIDDLE,
    .ops = {.connect = proxy_connect, .copy = proxy_copy},
};
