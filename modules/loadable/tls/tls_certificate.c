/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_certificate.c: the peer's certificate: what is wrong with it, in words that say what to do; pins; its
 * description.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { NAMES_SHOWN = 6, NAME_SHOWN = 80 };

/* ---- text ---- */

/* What comes out of a certificate is the peer's own words: what is not printable ASCII is shown as ?. */
static void add_safe(char *to, size_t room, const char *bytes, size_t size) {
    size_t at = strlen(to);
    for (size_t i = 0; i < size && at + 1 < room; i++) to[at++] = bytes[i] < ' ' || bytes[i] > '~' ? '?' : bytes[i];
    to[at] = '\0';
}

static void add_text(char *to, size_t room, const char *text) { add_safe(to, room, text, strlen(text)); }

static void name_text(const X509_NAME *name, char *out, size_t room) {
    char line[256] = "";
    X509_NAME_oneline(name, line, sizeof line);
    *out = '\0';
    add_text(out, room, *line ? line : "(no name)");
}

/* 2026-01-31T23:59:59Z */
static void time_text(const ASN1_TIME *moment, char out[32]) {
    struct tm parts;
    if (ASN1_TIME_to_tm(moment, &parts) != 1 || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, 32, "an unreadable time");
}

/* One of the subject's other names, without its kind; false for kinds that name no host. */
static bool alternative_text(const GENERAL_NAME *name, char *out, size_t room) {
    *out = '\0';
    if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
        const ASN1_IA5STRING *text = name->type == GEN_DNS     ? name->d.dNSName
                                     : name->type == GEN_EMAIL ? name->d.rfc822Name
                                                               : name->d.uniformResourceIdentifier;
        add_safe(out, room, (const char *)ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
        return true;
    }
    if (name->type != GEN_IPADD) return false;
    int size = ASN1_STRING_length(name->d.iPAddress);
    return (size == 4 || size == 16) &&
           inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), out, (socklen_t)room);
}

/* "mail.x.test, 192.0.2.1 and 3 more", or that there is none. */
static void names_text(X509 *certificate, char *out, size_t room) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int shown = 0, more = 0;
    *out = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        char text[NAME_SHOWN];
        if (!alternative_text(sk_GENERAL_NAME_value(names, i), text, sizeof text)) continue;
        if (shown == NAMES_SHOWN) {
            more++;
            continue;
        }
        if (shown++ > 0) add_text(out, room, ", ");
        add_text(out, room, text);
    }
    GENERAL_NAMES_free(names);
    if (more > 0) {
        char text[32];
        snprintf(text, sizeof text, " and %d more", more);
        add_text(out, room, text);
    }
    if (shown == 0) add_text(out, room, "no host at all (only what is in subjectAltName counts)");
}

/* ---- what is wrong ---- */

static void note(struct tls *tls, int code, const char *format, ...) CP_PRINTF(3, 4);
static void note(struct tls *tls, int code, const char *format, ...) {
    if (tls->problem_code) return; /* the first one is nearest to the cause */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(tls->problem, sizeof tls->problem, format, arguments);
    va_end(arguments);
    tls->problem_code = code;
}

static void note_problem(struct tls *tls, int error, int depth, X509 *certificate) {
    char text[400] = "", subject[200] = "", moment[32] = "";
    const char *peer = tls_peer_name(tls);
    if (certificate) name_text(X509_get_subject_name(certificate), subject, sizeof subject);
    const char *whose = depth == 0 ? "the certificate" : "an authority's certificate above that";
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        time_text(X509_get0_notAfter(certificate), moment);
        note(
            tls, CP_TLS_EXPIRED,
            "%s of %s (%s) has expired on %s: its administrator must renew it; if that time is still to come, set this "
            "machine's clock",
            whose, peer, subject, moment);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        time_text(X509_get0_notBefore(certificate), moment);
        note(tls, CP_TLS_NOT_YET_VALID, "%s of %s (%s) is valid only from %s on: is this machine's clock right?", whose,
             peer, subject, moment);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        names_text(certificate, text, sizeof text);
        note(tls, CP_TLS_WRONG_NAME,
             "the certificate is not for %s but for %s: connect to a name that it has, or set serverName to the one "
             "that "
             "you expect",
             peer, text);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        note(tls, CP_TLS_SELF_SIGNED,
             "the certificate of %s (%s) has signed itself, so nothing vouches for it: if you have got it from its "
             "administrator, trust it with caFile, or pin it",
             peer, subject);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        if (certificate) name_text(X509_get_issuer_name(certificate), text, sizeof text);
        note(tls, CP_TLS_UNKNOWN_CA,
             "the certificate of %s was signed by an authority that is not trusted here (%s)%s: trust its root with "
             "caFile, or install it in the system (package ca-certificates)",
             peer, text,
             error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
                 ? ""
                 : ", or the server does not send all certificates up to one");
        break;
    case X509_V_ERR_DANE_NO_MATCH:
        note(tls, CP_TLS_DANE,
             "the certificate of %s (%s) is none that the TLSA records of its domain allow: either somebody in between "
             "shows his own, or its administrator has changed it and not the records",
             peer, subject);
        break;
    default:
        note(tls, CP_TLS_BAD_CERTIFICATE, "%s of %s (%s) is not valid: %s", whose, peer, subject,
             X509_verify_cert_error_string(error));
    }
}

int tls_verify(int ok, X509_STORE_CTX *store) {
    if (ok) return 1;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = ssl ? SSL_get_app_data(ssl) : NULL;
    if (tls)
        note_problem(tls, X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_error_depth(store),
                     X509_STORE_CTX_get_current_cert(store));
    return 0;
}

/* ---- pins ---- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* 64 hexadecimal digits, with colons between the bytes or not. */
static bool parse_hex(const char *text, size_t size, unsigned char digest[TLS_PIN_SIZE]) {
    size_t count = 0;
    for (size_t i = 0; i < size;) {
        if (text[i] == ':' && count > 0) {
            i++;
            continue;
        }
        if (i + 1 >= size || count == TLS_PIN_SIZE || hex_digit(text[i]) < 0 || hex_digit(text[i + 1]) < 0)
            return false;
        digest[count++] = (unsigned char)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
        i += 2;
    }
    return count == TLS_PIN_SIZE;
}

bool tls_pin_parse(const char *text, size_t size, struct tls_pin *pin) {
    enum { PREFIX = 7, ENCODED = 44 };
    if (size != PREFIX + ENCODED || strncmp(text, "sha256/", PREFIX) != 0) {
        pin->kind = TLS_PIN_CERTIFICATE;
        return parse_hex(text, size, pin->digest);
    }
    unsigned char bytes[36];
    pin->kind = TLS_PIN_KEY;
    /* 32 bytes are 44 characters, of which the last is padding: so OpenSSL says 33. */
    if (EVP_DecodeBlock(bytes, (const unsigned char *)text + PREFIX, ENCODED) != 33 || text[size - 1] != '=' ||
        text[size - 2] == '=')
        return false;
    memcpy(pin->digest, bytes, TLS_PIN_SIZE);
    return true;
}

static bool key_digest(X509 *certificate, unsigned char digest[TLS_PIN_SIZE]) {
    unsigned char *bytes = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
    bool ok = size > 0 && EVP_Digest(bytes, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(bytes);
    return ok;
}

static void key_pin_text(const unsigned char digest[TLS_PIN_SIZE], char out[64]) {
    memcpy(out, "sha256/", 7);
    EVP_EncodeBlock((unsigned char *)out + 7, digest, TLS_PIN_SIZE);
}

bool tls_check_pins(struct tls *tls) {
    if (tls->pin_count == 0) return true;
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    unsigned char key[TLS_PIN_SIZE], whole[TLS_PIN_SIZE];
    char text[64] = "none";
    if (certificate && key_digest(certificate, key) && X509_digest(certificate, EVP_sha256(), whole, NULL) == 1) {
        for (size_t i = 0; i < tls->pin_count; i++)
            if (memcmp(tls->pin_list[i].digest, tls->pin_list[i].kind == TLS_PIN_KEY ? key : whole, TLS_PIN_SIZE) == 0)
                return true;
        key_pin_text(key, text);
    }
    note(tls, CP_TLS_PIN,
         "the certificate of %s is not one of those pinned; the pin of its key is %s: if its administrator has changed "
         "the "
         "key and tells you this pin, put it into `pin`",
         tls_peer_name(tls), text);
    return false;
}

/* ---- description ---- */

static void set(cp_context *cp, cp_value table, const char *name, cp_value value) {
    cp_table_set(cp, table, cp_symbol_z(cp, name), value);
}

static cp_value hex_value(cp_context *cp, const unsigned char *bytes, size_t size) {
    char text[2 * 64 + 1] = "";
    for (size_t i = 0; i < size && i < 64; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return cp_string_z(cp, text);
}

static cp_value names_value(cp_context *cp, X509 *certificate) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    cp_list_builder list = {0};
    char text[TLS_NAME_MAX + 1];
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (alternative_text(sk_GENERAL_NAME_value(names, i), text, sizeof text))
            cp_list_add(&list, cp_string_z(cp, text));
    GENERAL_NAMES_free(names);
    return list.list;
}

cp_value tls_certificate_value(cp_context *cp, SSL *ssl) {
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate) return CP_NIL;
    cp_value table = cp_table(cp);
    char text[300];
    unsigned char digest[TLS_PIN_SIZE];
    name_text(X509_get_subject_name(certificate), text, sizeof text);
    set(cp, table, "subject", cp_string_z(cp, text));
    name_text(X509_get_issuer_name(certificate), text, sizeof text);
    set(cp, table, "issuer", cp_string_z(cp, text));
    set(cp, table, "names", names_value(cp, certificate));
    time_text(X509_get0_notBefore(certificate), text);
    set(cp, table, "notBefore", cp_string_z(cp, text));
    time_text(X509_get0_notAfter(certificate), text);
    set(cp, table, "notAfter", cp_string_z(cp, text));
    if (X509_digest(certificate, EVP_sha256(), digest, NULL) == 1)
        set(cp, table, "fingerprint", hex_value(cp, digest, sizeof digest));
    if (key_digest(certificate, digest)) {
        key_pin_text(digest, text);
        set(cp, table, "pin", cp_string_z(cp, text));
    }
    unsigned char *bytes = NULL;
    int size = i2d_X509(certificate, &bytes);
    if (size > 0) set(cp, table, "der", cp_binary_n(cp, bytes, (size_t)size));
    OPENSSL_free(bytes);
    return table;
}
