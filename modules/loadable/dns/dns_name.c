/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_name.c: names as scripts write them: checked, and in the form in which they are asked for.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "modules/loadable/dns/dns.h"

enum { LABEL_MAX = 63, NAME_MAX_ASCII = 253, GIVEN_MAX = 1000 };

static cp_value bad_name(cp_context *cp, cp_value given, const char *why) {
    return dns_throw(cp, CP_DNS_BAD_NAME, false, "%.200s is no name to look up: %s",
                     cp_text_z(cp, cp_to_source(cp, given)), why);
}

/* The ASCII form, by the module of its own that domains beyond ASCII have. */
static bool internationalised(cp_context *cp, cp_value given, char out[DNS_QUERY_NAME]) {
    cp_value made = cp_call(cp, cp_symbol_z(cp, "%domainToAscii"), &given, 1);
    if (made == CP_THROWN) cp_take_error(cp);
    bool fits = made != CP_THROWN && cp_is_string(made) && cp_string_size(made) < DNS_QUERY_NAME;
    if (fits) strcpy(out, cp_text_z(cp, made));
    else bad_name(cp, given, "it has letters that names cannot have, or is too long");
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
    if (!ascii && !internationalised(cp, given, out)) return false;
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
