/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_name.c: names as scripts write them. libidn2 is looked for when a name with other letters than ASCII's is met,
 * because it and its tables are as large as all of Carapace.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/loadable/dns/dns.h"

enum { LABEL_MAX = 63, NAME_MAX_ASCII = 253, GIVEN_MAX = 1000 };

typedef int (*to_ascii)(const char *, char **, int);

static cp_value bad_name(cp_context *cp, cp_value given, const char *why) {
    return dns_throw(cp, CP_DNS_BAD_NAME, false, "%.200s is no name to look up: %s",
                     cp_text_z(cp, cp_to_source(cp, given)), why);
}

/* The ASCII form (RFC 5891, with the mappings of UTS 46). */
static bool internationalised(cp_context *cp, cp_value given, const char *text, char out[DNS_QUERY_NAME]) {
    void *library = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL); /* counted: loaded once */
    union {
        void *from;
        to_ascii to;
    } lookup = {library ? dlsym(library, "idn2_to_ascii_8z") : NULL};
    if (!lookup.from) {
        bad_name(cp, given, "names of other letters than ASCII's need libidn2 (package libidn2-0)");
        return false;
    }
    char *made = NULL;
    int status = lookup.to(text, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    bool fits = status == IDN2_OK && strlen(made) < DNS_QUERY_NAME;
    if (fits) strcpy(out, made);
    free(made); /* idn2_free is free */
    if (!fits) bad_name(cp, given, "it has letters that names cannot have, or is too long");
    return fits;
}

/* NULL, or what is wrong. */
static const char *check(const char *name) {
    size_t label = 0;
    if (strlen(name) > NAME_MAX_ASCII) return "it is longer than 253 characters";
    for (const char *c = name; *c; c++) {
        if (*c == '.') {
            if (label == 0) return "a part between dots is empty";
            label = 0;
            continue;
        }
        if (*c <= ' ' || *c > '~' || *c == '\\' || *c == '"') return "it has a character that names cannot have";
        if (++label > LABEL_MAX) return "a part between dots is longer than 63 characters";
    }
    return label == 0 ? "it is empty" : NULL;
}

bool dns_query_name(cp_context *cp, cp_value given, char out[DNS_QUERY_NAME]) {
    const char *text = cp_text_z(cp, given);
    size_t size = strlen(text);
    bool ascii = true;
    if (size != cp_string_size(given) || size > GIVEN_MAX) {
        bad_name(cp, given, "it has a NUL or is too long");
        return false;
    }
    for (size_t i = 0; i < size; i++) ascii = ascii && !(text[i] & 0x80);
    if (!ascii && !internationalised(cp, given, text, out)) return false;
    if (ascii) snprintf(out, DNS_QUERY_NAME, "%.255s", text);
    size = strlen(out);
    if (size > 1 && out[size - 1] == '.') out[size - 1] = '\0';
    const char *why = check(out);
    if (why) bad_name(cp, given, why);
    return !why;
}

bool dns_reverse_name(const char *text, char out[DNS_QUERY_NAME]) {
    unsigned char bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1) {
        snprintf(out, DNS_QUERY_NAME, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
        return true;
    }
    if (inet_pton(AF_INET6, text, bytes) != 1) return false;
    size_t used = 0;
    for (int i = 15; i >= 0; i--)
        used += (size_t)snprintf(out + used, DNS_QUERY_NAME - used, "%x.%x.", bytes[i] & 15u, bytes[i] >> 4);
    snprintf(out + used, DNS_QUERY_NAME - used, "ip6.arpa");
    return true;
}
