/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_dane.c: DANE (RFC 6698, for mail RFC 7672): the server's certificate must be one that its domain has published as
 * TLSA records. Who looks them up must have seen that they are signed (Dns.tlsa); here they are believed.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>

enum { DATA_MAX = 16384 };

struct association {
    int64_t usage, selector, matching;
    const char *data;
    size_t size;
};

static bool number_at(cp_context *cp, cp_value table, const char *key, int64_t *number) {
    cp_value value = cp_table_get(cp, table, cp_string_z(cp, key));
    return value != CP_UNSET && cp_to_int64(value, number) && *number >= 0 && *number <= 255;
}

/* Reads one item of the property; false when it does not have its form. */
static bool read_association(cp_context *cp, cp_value item, struct association *a) {
    if (!cp_has_class(item, CP_CLASS_HASH_TABLE) || !number_at(cp, item, "usage", &a->usage) ||
        !number_at(cp, item, "selector", &a->selector) || !number_at(cp, item, "matching", &a->matching))
        return false;
    cp_value data = cp_table_get(cp, item, cp_string_z(cp, "data"));
    return data != CP_UNSET && cp_is_binary(data) && cp_bytes_of(data, &a->data, &a->size) && a->size > 0 &&
           a->size <= DATA_MAX;
}

cp_value tls_dane_check(cp_context *cp, cp_value value) {
    int count = 0;
    for (cp_value rest = value; cp_is_cell(rest); rest = cp_tail(rest)) {
        struct association a;
        if (++count > TLS_TLSA_MAX || !read_association(cp, cp_head(rest), &a))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "tlsa is a List of at most %d HashTables of usage, selector, matching (0 to 255) and data "
                            "(a Binary), as Dns.tlsa gives them",
                            TLS_TLSA_MAX);
    }
    return value;
}

cp_value tls_dane_prepare(cp_context *cp, struct tls *tls) {
    SSL *ssl = tls->ssl;
    unsigned char address[16];
    int usable = 0;
    if (!*tls->name || inet_pton(AF_INET, tls->name, address) == 1 || inet_pton(AF_INET6, tls->name, address) == 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "TLSA records are of a name: set serverName to the host's, not %s",
                        *tls->name ? tls->name : "()");
    if (SSL_dane_enable(ssl, tls->name) <= 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a server's name: %s", tls->name);
    /* Such a record vouches for the key itself, whatever name and dates its certificate has (RFC 7672 3.1.1). */
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (cp_value rest = tls->tlsa; cp_is_cell(rest); rest = cp_tail(rest)) {
        struct association a;
        if (!read_association(cp, cp_head(rest), &a)) continue; /* a HashTable can be changed after it was set */
        if (SSL_dane_tlsa_add(ssl, (uint8_t)a.usage, (uint8_t)a.selector, (uint8_t)a.matching, (const void *)a.data,
                              a.size) > 0)
            usable++;
        ERR_clear_error();
    }
    SSL_set_verify(ssl, SSL_VERIFY_PEER, tls_verify); /* whatever `verify` says */
    if (usable > 0) return CP_NIL;
    return cp_throw(cp, CP_ERROR_TLS, CP_TLS_DANE,
                    "none of the TLSA records of %s can be used, so no certificate of it "
                    "can be checked",
                    tls->name);
}
