/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_class.c: class Tls for scripts: its properties and its table. Loaded when first used (stdlib/comms/tls.cpl).
 */
#include "tls.h"

enum { DEFAULT_HANDSHAKE_TIMEOUT = 30000 };

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

/* ---- helpers ---- */

/* What was made of the properties before does not hold any more. Connections that stand keep it. */
static void changed(struct tls *tls) { tls->context = NULL; }

static bool text_is(cp_value value, const char *word) {
    const char *bytes;
    size_t size;
    return cp_bytes_of(value, &bytes, &size) && size == strlen(word) && memcmp(bytes, word, size) == 0;
}

static SSL *standing(cp_value self) {
    const struct tls *tls = tls_of(self);
    return tls->established ? tls->ssl : NULL;
}

/* ---- properties ---- */

static cp_value get_verify(cp_context *cp, cp_value self) { return comms_truth(cp, tls_of(self)->verify); }
static cp_value set_verify(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    tls_of(self)->verify = cp_is_true(value);
    changed(tls_of(self));
    return value;
}

static cp_value get_role(cp_context *cp, cp_value self) {
    return cp_symbol_z(cp, tls_of(self)->is_server ? "server" : "client");
}
static cp_value set_role(cp_context *cp, cp_value self, cp_value value) {
    if (!text_is(value, "client") && !text_is(value, "server"))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "role is client or server, not %s",
                        cp_text_z(cp, cp_to_source(cp, value)));
    tls_of(self)->is_server = text_is(value, "server");
    changed(tls_of(self));
    return value;
}

/* Properties that are a text or (). */
#define TEXT_PROPERTY(name)                                                                                            \
    static cp_value get_##name(cp_context *cp, cp_value self) { return (void)cp, tls_of(self)->name; }                 \
    static cp_value set_##name(cp_context *cp, cp_value self, cp_value value) {                                        \
        (void)cp;                                                                                                      \
        changed(tls_of(self));                                                                                         \
        return tls_of(self)->name = value;                                                                             \
    }
TEXT_PROPERTY(server_name)
TEXT_PROPERTY(ca_file)
TEXT_PROPERTY(certificate)
TEXT_PROPERTY(key)

static cp_value get_min_version(cp_context *cp, cp_value self) {
    return cp_string_z(cp, tls_of(self)->min_version == TLS1_3_VERSION ? "1.3" : "1.2");
}
static bool version_of(cp_context *cp, cp_value value, int *version) {
    cp_value text = cp_to_string(cp, value);
    if (text == CP_THROWN) return false;
    *version = text_is(text, "1.2") ? TLS1_2_VERSION : text_is(text, "1.3") ? TLS1_3_VERSION : 0;
    if (*version) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
             "a version of TLS is \"1.2\" or \"1.3\", older ones are broken (RFC 8996): not %s",
             cp_text_z(cp, cp_to_source(cp, value)));
    return false;
}
static cp_value set_min_version(cp_context *cp, cp_value self, cp_value value) {
    int version = TLS1_2_VERSION;
    if (value != CP_NIL && !version_of(cp, value, &version)) return CP_THROWN;
    tls_of(self)->min_version = version;
    changed(tls_of(self));
    return value;
}
static cp_value get_max_version(cp_context *cp, cp_value self) {
    int version = tls_of(self)->max_version;
    return version ? cp_string_z(cp, version == TLS1_3_VERSION ? "1.3" : "1.2") : CP_NIL;
}
static cp_value set_max_version(cp_context *cp, cp_value self, cp_value value) {
    int version = 0;
    if (value != CP_NIL && !version_of(cp, value, &version)) return CP_THROWN;
    tls_of(self)->max_version = version;
    changed(tls_of(self));
    return value;
}

static cp_value get_alpn(cp_context *cp, cp_value self) { return (void)cp, tls_of(self)->alpn; }
static cp_value set_alpn(cp_context *cp, cp_value self, cp_value value) {
    struct tls *tls = tls_of(self);
    unsigned char list[TLS_ALPN_MAX];
    size_t used = 0;
    cp_value names = value == CP_NIL || cp_is_cell(value) ? value : cp_list_n(&value, 1);
    for (; cp_is_cell(names); names = cp_tail(names)) {
        const char *name;
        size_t size;
        if (!cp_bytes_of(cp_head(names), &name, &size) || size == 0 || used + size + 1 > sizeof list)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "alpn is a protocol's name or a List of them, at most %d bytes with one more for each",
                            TLS_ALPN_MAX);
        list[used++] = (unsigned char)size;
        memcpy(list + used, name, size);
        used += size;
    }
    memcpy(tls->alpn_list, list, used);
    tls->alpn_length = (unsigned)used;
    tls->alpn = value;
    changed(tls);
    return value;
}

static cp_value get_pin(cp_context *cp, cp_value self) { return (void)cp, tls_of(self)->pins; }
static cp_value set_pin(cp_context *cp, cp_value self, cp_value value) {
    struct tls *tls = tls_of(self);
    struct tls_pin list[TLS_PINS_MAX];
    size_t count = 0;
    cp_value pins = value == CP_NIL || cp_is_cell(value) ? value : cp_list_n(&value, 1);
    for (; cp_is_cell(pins); pins = cp_tail(pins)) {
        const char *text;
        size_t size;
        if (count == TLS_PINS_MAX || !cp_bytes_of(cp_head(pins), &text, &size) ||
            !tls_pin_parse(text, size, &list[count]))
            return cp_throw(
                cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                "a pin is sha256/ and the SHA-256 of the public key in base64, or the 64 hexadecimal digits of "
                "the certificate's; there are at most %d",
                TLS_PINS_MAX);
        count++;
    }
    memcpy(tls->pin_list, list, count * sizeof *list);
    tls->pin_count = count;
    return tls->pins = value;
}

static cp_value get_tlsa(cp_context *cp, cp_value self) { return (void)cp, tls_of(self)->tlsa; }
static cp_value set_tlsa(cp_context *cp, cp_value self, cp_value value) {
    return tls_dane_check(cp, value) == CP_THROWN ? CP_THROWN : (tls_of(self)->tlsa = value);
}
static cp_value get_other_names(cp_context *cp, cp_value self) { return (void)cp, tls_of(self)->other_names; }
static cp_value set_other_names(cp_context *cp, cp_value self, cp_value value) {
    return (void)cp, tls_of(self)->other_names = value;
}

static cp_value get_handshake_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, tls_of(self)->handshake_timeout);
}
static cp_value set_handshake_timeout(cp_context *cp, cp_value self, cp_value value) {
    return comms_timeout(cp, value, &tls_of(self)->handshake_timeout) ? value : CP_THROWN;
}

static cp_value get_version(cp_context *cp, cp_value self) {
    SSL *ssl = standing(self);
    if (!ssl) return CP_NIL;
    const char *text = SSL_get_version(ssl); /* TLSv1.3 */
    return cp_string_z(cp, strncmp(text, "TLSv", 4) == 0 ? text + 4 : text);
}
static cp_value get_cipher(cp_context *cp, cp_value self) {
    SSL *ssl = standing(self);
    return ssl ? cp_string_z(cp, SSL_get_cipher_name(ssl)) : CP_NIL;
}
static cp_value get_peer_certificate(cp_context *cp, cp_value self) {
    SSL *ssl = standing(self);
    return ssl ? tls_certificate_value(cp, ssl) : CP_NIL;
}
static cp_value get_protocol(cp_context *cp, cp_value self) {
    SSL *ssl = standing(self);
    const unsigned char *name = NULL;
    unsigned length = 0;
    if (ssl) SSL_get0_alpn_selected(ssl, &name, &length);
    return length ? cp_string_n(cp, (const char *)name, length) : CP_NIL;
}
static cp_value get_resumed(cp_context *cp, cp_value self) {
    return comms_truth(cp, standing(self) && tls_of(self)->resumed);
}
static cp_value get_verified(cp_context *cp, cp_value self) {
    return comms_truth(cp, standing(self) && tls_of(self)->trusted);
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"verify", "Object", CP_READ_WRITE, NULL, get_verify, set_verify,
     "Whether the peer's certificate must be signed by somebody trusted and name the server; true by default. A server "
     "with a caFile asks its clients for certificates and checks them. () checks nothing but what `pin` says."},
    {"serverName", "String", CP_READ_WRITE, NULL, get_server_name, set_server_name,
     "Whom the certificate must name, and what the server is told (SNI): a domain or an IP address. () is the `host` "
     "of the "
     "layers below."},
    {"caFile", "String", CP_READ_WRITE, NULL, get_ca_file, set_ca_file,
     "A file of certificates in PEM form that are trusted, instead of the system's roots, which () means. A server: "
     "those "
     "that sign its clients' certificates. Errors when it is used: 13.12."},
    {"certificate", "String", CP_READ_WRITE, NULL, get_certificate, set_certificate,
     "A file with our certificate and those between it and its root, in PEM form. A server needs one; a client has one "
     "for "
     "servers that ask. Errors when it is used: 13.12."},
    {"key", "String", CP_READ_WRITE, NULL, get_key, set_key,
     "A file with the certificate's private key in PEM form, without a password; () when it is in the certificate's "
     "file. "
     "Errors when it is used: 13.12."},
    {"minVersion", "String|Real", CP_READ_WRITE, NULL, get_min_version, set_min_version,
     "The oldest version of TLS that is allowed: \"1.2\", the default, or \"1.3\". Errors: 1.8."},
    {"maxVersion", "String|Real", CP_READ_WRITE, NULL, get_max_version, set_max_version,
     "The newest one, for peers that fail at it; () is the newest there is. Errors: 1.8."},
    {"alpn", "String|List", CP_READ_WRITE, NULL, get_alpn, set_alpn,
     "The protocol that is to be spoken inside, or a List of them, the best first (RFC 7301). Errors: 1.8."},
    {"pin", "String|List", CP_READ_WRITE, NULL, get_pin, set_pin,
     "The server's certificate must be this one, or one of a List: sha256/ and the base64 SHA-256 of its public key, "
     "or the "
     "64 hexadecimal digits of the certificate's SHA-256. That is checked besides what `verify` wants; with `verify` "
     "() it "
     "alone decides, as it should for a certificate that has signed itself. Errors: 1.8."},
    {"tlsa", "List", CP_READ_WRITE, NULL, get_tlsa, set_tlsa,
     "The server's certificate must be one that these TLSA records allow (DANE, RFC 6698 and 7672), whatever `verify` "
     "says: "
     "a List as the `records` of Dns.tlsa, believed only where its status was secure. Usage 3 vouches for the key "
     "itself, 2 "
     "for an authority of the chain. () is no DANE. Errors: 1.8; when it is used 13.14."},
    {"otherNames", "List", CP_READ_WRITE, NULL, get_other_names, set_other_names,
     "Domains besides serverName of which the certificate may name one, as for mail the domain whose MX the host is "
     "(RFC 7672 "
     "3.2.2). Errors when it is used: 1.8."},
    {"role", "Symbol|String", CP_READ_WRITE, NULL, get_role, set_role,
     "client (the default) or server: which part `connect` plays on what is connected beneath. What `accept` gives is "
     "a "
     "server. Errors: 1.8."},
    {"handshakeTimeout", "Integer", CP_READ_WRITE, NULL, get_handshake_timeout, set_handshake_timeout,
     "Milliseconds in which the handshake must be done, 30000 by default; () is no limit."},
    {"version", "String", CP_READ_ONLY, NULL, get_version, NULL,
     "\"1.2\" or \"1.3\"; () while there is no connection."},
    {"cipher", "String", CP_READ_ONLY, NULL, get_cipher, NULL,
     "The cipher suite's name; () while there is no connection."},
    {"peerCertificate", "HashTable", CP_READ_ONLY, NULL, get_peer_certificate, NULL,
     "The other side's certificate: subject, issuer, names (a List), notBefore and notAfter (in UTC), fingerprint "
     "(hexadecimal "
     "SHA-256), pin (of its key, as `pin` takes it), der (a Binary). () without one."},
    {"alpnProtocol", "String", CP_READ_ONLY, NULL, get_protocol, NULL, "The one of `alpn` that is spoken, or ()."},
    {"resumed", "Symbol", CP_READ_ONLY, NULL, get_resumed, NULL,
     "true when the connection goes on with the keys of an earlier one to the same host, which saves time."},
    {"verified", "Symbol", CP_READ_ONLY, NULL, get_verified, NULL,
     "true when the other side's certificate was checked, or is pinned; so it is who it says."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    struct tls *tls = tls_of(self);
    tls->verify = true;
    tls->min_version = TLS1_2_VERSION;
    tls->handshake_timeout = DEFAULT_HANDSHAKE_TIMEOUT;
    return CP_NIL;
}

static cp_value method_handshake(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    if (!comms_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    struct comms_module *m = comms_self(cp, self);
    if (!m->counters.connected)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED,
                        "this Tls is not connected: call its connect");
    return tls_establish(cp, tls_of(self), timeout);
}

static const cp_method_def methods[] = {
    {"Tls", "NIL", "()", construct,
     "Makes a Tls: (stack.push (create Tls caFile: \"ca.pem\")) on a transport, before the Util."},
    COMMS_METHODS,
    {"handshake", "NIL", "((timeout Integer ()))", method_handshake,
     "Does the handshake of an accepted connection now, within so many milliseconds; without it the first `send` or "
     "`receive` does. Nothing happens when it is done. Errors: class 13, 6.1, 6.9."},
    {0},
};

static const cp_class_def tls_class = {
    .name = "Tls",
    .doc =
        "Encryption (TLS 1.2 and 1.3) as a layer on a transport or proxy, as client and server. The peer's certificate "
        "is "
        "checked unless told otherwise. Errors of class 13: 1 the handshake or the encryption failed, 2 expired, 3 for "
        "another name, 4 unknown authority, 5 signed itself, 6 not yet valid, 7 otherwise bad, 8 not the pinned one, 9 "
        "no allowed version, 10 the peer does not speak TLS, 11 our certificate is wanted or refused, 12 a file of "
        "ours, "
        "13 (of Smtp) encryption is required and not offered, 14 none that its TLSA records allow.",
    .size = sizeof(struct tls),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

/* ---- in the stack ---- */

/* The certificate is read before anybody connects, so that a wrong file is told to the server and not to each client.
 */
static cp_value tls_listen(cp_context *cp, struct comms_module *m, int backlog) {
    struct tls *tls = (struct tls *)m;
    if (!tls->is_server) changed(tls);
    tls->is_server = true;
    if (!tls_context(cp, tls)) return CP_THROWN;
    return comms_listen(cp, comms_below(m), backlog);
}

/* For an accepted connection: the same properties, and what was made of them. */
static cp_value tls_copy(cp_context *cp, struct comms_module *m) {
    struct tls *from = (struct tls *)m;
    cp_value made = cp_create(cp, "Tls", NULL, 0);
    if (made == CP_THROWN) return CP_THROWN;
    struct tls *to = tls_of(made);
    to->module.log = m->log;
    to->verify = from->verify;
    to->is_server = true;
    to->server_name = from->server_name;
    to->ca_file = from->ca_file;
    to->certificate = from->certificate;
    to->key = from->key;
    to->alpn = from->alpn;
    to->pins = from->pins;
    memcpy(to->pin_list, from->pin_list, sizeof to->pin_list);
    to->pin_count = from->pin_count;
    memcpy(to->alpn_list, from->alpn_list, sizeof to->alpn_list);
    to->alpn_length = from->alpn_length;
    to->min_version = from->min_version;
    to->max_version = from->max_version;
    to->handshake_timeout = from->handshake_timeout;
    to->context = from->context;
    return made;
}

static const char *const needs_below[] = {"Tcp", "Unix", "Pipe", "Proxy", "ScriptModule", "Trace", "Fault", NULL};

static const struct comms_kind tls_kind = {
    .class_def = &tls_class,
    .place = COMMS_MIDDLE,
    .needs_below = needs_below,
    .ops = {.connect = tls_connect,
            .disconnect = tls_disconnect,
            .send = tls_send,
            .receive = tls_receive,
            .listen = tls_listen,
            .copy = tls_copy,
            .security = tls_security},
};

bool carapace_module_open(cp_context *cp) {
    comms_define_module(cp, &tls_kind);
    return true;
}
