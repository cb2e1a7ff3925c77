/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_class.c: class Dns for scripts. Loaded when first used (stdlib/dns.cpl); what validates signatures is a module of
 * its own (modules/loadable/dnssec), asked when a method needs it.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "modules/loadable/dns/dns.h"

enum { DEFAULT_TIMEOUT = 2000, TIMEOUT_MAX = 60000, DEFAULT_TRIES = 3, TRIES_MAX = 10 };

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

/* ---- errors and types ---- */

cp_value dns_throw(cp_context *cp, int code, bool temporary, const char *format, ...) {
    char text[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cp_throw(cp, CP_ERROR_DNS, code, "%s", text);
    cp_value error = cp_take_error(cp);
    cp_error_set_detail(cp, error, "temporary", temporary ? cp_symbol_z(cp, "true") : CP_NIL);
    return cp_throw_value(cp, error);
}

cp_value dns_throw_rcode(cp_context *cp, unsigned rcode, const char *name, unsigned type) {
    const char *kind = dns_type_name(type);
    switch (rcode) {
    case DNS_RCODE_OK: return dns_throw(cp, CP_DNS_NO_DATA, false, "%s has no %s record", name, kind);
    case DNS_RCODE_NO_NAME: return dns_throw(cp, CP_DNS_NOT_FOUND, false, "there is no name %s in the DNS", name);
    case DNS_RCODE_REFUSED:
        return dns_throw(cp, CP_DNS_REFUSED, true, "the name server refuses to answer for %s (%s)", name, kind);
    case DNS_RCODE_FAILED:
        return dns_throw(cp, CP_DNS_FAILED, true, "the name server could not find out %s (%s): SERVFAIL", name, kind);
    default:
        return dns_throw(cp, CP_DNS_FAILED, true, "the name server answers for %s (%s) with the code %u", name, kind,
                         rcode);
    }
}

static const struct {
    unsigned type;
    const char *name;
} types[] = {{DNS_TYPE_A, "A"},         {DNS_TYPE_AAAA, "AAAA"}, {DNS_TYPE_MX, "MX"},
             {DNS_TYPE_TXT, "TXT"},     {DNS_TYPE_PTR, "PTR"},   {DNS_TYPE_NS, "NS"},
             {DNS_TYPE_CNAME, "CNAME"}, {DNS_TYPE_SRV, "SRV"},   {DNS_TYPE_TLSA, "TLSA"}};

const char *dns_type_name(unsigned type) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type) return types[i].name;
    return "unknown";
}

unsigned dns_type_of(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcasecmp(types[i].name, name) == 0) return types[i].type;
    return 0;
}

/* ---- properties ---- */

static bool add_servers(struct dns *dns, size_t *count, const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        if (text[i] == ' ' || text[i] == ',') {
            i++;
            continue;
        }
        size_t length = 0;
        while (i + length < size && text[i + length] != ' ' && text[i + length] != ',') length++;
        if (*count == DNS_SERVERS_MAX || !dns_server_parse(text + i, length, &dns->list[*count])) return false;
        (*count)++;
        i += length;
    }
    return true;
}

static cp_value get_servers(cp_context *cp, cp_value self) { return (void)cp, dns_of(self)->servers; }
static cp_value set_servers(cp_context *cp, cp_value self, cp_value value) {
    struct dns made = {0}, *dns = dns_of(self);
    size_t count = 0;
    cp_value items = value == CP_NIL || cp_is_cell(value) ? value : cp_list_n(&value, 1);
    for (; cp_is_cell(items); items = cp_tail(items)) {
        const char *text;
        size_t size;
        if (!cp_bytes_of(cp_head(items), &text, &size) || !add_servers(&made, &count, text, size))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "servers are at most %d IP addresses, each with :PORT if it is not 53 (an IPv6 address is "
                            "then in []), not %.200s",
                            DNS_SERVERS_MAX, cp_text_z(cp, cp_to_source(cp, cp_head(items))));
    }
    memcpy(dns->list, made.list, sizeof dns->list);
    dns->count = count;
    dns->validator = CP_NIL;
    return dns->servers = count ? value : CP_NIL;
}

static cp_value get_timeout(cp_context *cp, cp_value self) { return cp_integer(cp, dns_of(self)->timeout); }
static cp_value set_timeout(cp_context *cp, cp_value self, cp_value value) {
    int64_t number = DEFAULT_TIMEOUT;
    if (value != CP_NIL && (!cp_to_int64(value, &number) || number < 10 || number > TIMEOUT_MAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "timeout is 10 to %d milliseconds", TIMEOUT_MAX);
    dns_of(self)->timeout = number;
    dns_of(self)->validator = CP_NIL;
    return value;
}
static cp_value get_tries(cp_context *cp, cp_value self) { return cp_integer(cp, dns_of(self)->tries); }
static cp_value set_tries(cp_context *cp, cp_value self, cp_value value) {
    int64_t number = DEFAULT_TRIES;
    if (value != CP_NIL && (!cp_to_int64(value, &number) || number < 1 || number > TRIES_MAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "tries is 1 to %d", TRIES_MAX);
    dns_of(self)->tries = number;
    dns_of(self)->validator = CP_NIL;
    return value;
}
static cp_value get_anchors(cp_context *cp, cp_value self) { return (void)cp, dns_of(self)->anchors; }
static cp_value set_anchors(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    dns_of(self)->validator = CP_NIL;
    return dns_of(self)->anchors = value;
}

static const cp_property_def properties[] = {
    {"servers", "String|List", CP_READ_WRITE, NULL, get_servers, set_servers,
     "The name servers to ask, which must do the work of finding out: \"192.0.2.1\", \"192.0.2.1:5353\", "
     "\"[2001:db8::1]:53\", several with commas or as a List, at most 8. At first those that the environment's "
     "CARAPACE_DNS names; () is the system's, of /etc/resolv.conf. Errors: 1.8."},
    {"timeout", "Integer", CP_READ_WRITE, NULL, get_timeout, set_timeout,
     "Milliseconds that a server has for its answer to the first try, 10 to 60000, by default 2000; each further try "
     "has twice the time of the one before. Errors: 1.8."},
    {"tries", "Integer", CP_READ_WRITE, NULL, get_tries, set_tries,
     "How often each server is asked, 1 to 10, by default 3. Errors: 1.8."},
    {"trustAnchors", "String", CP_READ_WRITE, NULL, get_anchors, set_anchors,
     "A file of DS or DNSKEY records that validation (`tlsa`, `validated`) begins with. () is the root's, as the "
     "package dns-root-data brings it. Errors when it is used: 14.11."},
    {0},
};

/* ---- plain lookups ---- */

static cp_value look_up(cp_context *cp, cp_value self, const char *name, unsigned type, bool parts) {
    struct dns_answer answer = {0};
    if (dns_ask(cp, dns_of(self), name, &type, 1, &answer) == CP_THROWN) return CP_THROWN;
    return dns_records_of_answer(cp, &answer, name, type, parts);
}

static cp_value look_up_given(cp_context *cp, cp_value self, cp_value given, unsigned type, bool parts) {
    char name[DNS_QUERY_NAME];
    return dns_query_name(cp, given, name) ? look_up(cp, self, name, type, parts) : CP_THROWN;
}

#define LOOKUP(method, type, parts)                                                                                    \
    static cp_value method_##method(cp_context *cp, cp_value self, const cp_value *arguments, int count) {             \
        (void)count;                                                                                                   \
        return look_up_given(cp, self, arguments[0], type, parts);                                                     \
    }
LOOKUP(mx, DNS_TYPE_MX, false)
LOOKUP(txt, DNS_TYPE_TXT, false)
LOOKUP(txt_parts, DNS_TYPE_TXT, true)
LOOKUP(a, DNS_TYPE_A, false)
LOOKUP(aaaa, DNS_TYPE_AAAA, false)
LOOKUP(srv, DNS_TYPE_SRV, false)
LOOKUP(ns, DNS_TYPE_NS, false)

static cp_value method_cname(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value list = look_up_given(cp, self, arguments[0], DNS_TYPE_CNAME, false);
    return cp_is_cell(list) ? cp_head(list) : list;
}

static cp_value method_ptr(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    char name[DNS_QUERY_NAME];
    bool address = dns_reverse_name(cp_text_z(cp, arguments[0]), name);
    if (!address && !dns_query_name(cp, arguments[0], name)) return CP_THROWN;
    return look_up(cp, self, name, DNS_TYPE_PTR, false);
}

/* The Error of two that tells more: that something could not be found out, before that it is not there. */
static cp_value worse(cp_context *cp, cp_value a, cp_value b) {
    cp_value detail = cp_error_detail(cp, a, "temporary");
    return cp_throw_value(cp, detail != CP_UNSET && detail != CP_NIL ? a : b);
}

static cp_value method_addresses(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    char name[DNS_QUERY_NAME];
    static const unsigned kinds[] = {DNS_TYPE_AAAA, DNS_TYPE_A};
    struct dns_answer answers[2] = {0};
    cp_value lists[2], errors[2] = {CP_NIL, CP_NIL};
    if (!dns_query_name(cp, arguments[0], name)) return CP_THROWN;
    unsigned char bytes[16];
    if (inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1) {
        cp_value text = cp_string_z(cp, name);
        return cp_list_n(&text, 1);
    }
    if (dns_ask(cp, dns_of(self), name, kinds, 2, answers) == CP_THROWN) return CP_THROWN;
    cp_list_builder all = {0};
    for (int i = 0; i < 2; i++) {
        lists[i] = dns_records_of_answer(cp, &answers[i], name, kinds[i], false);
        if (lists[i] == CP_THROWN) errors[i] = cp_take_error(cp);
        else
            for (cp_value l = lists[i]; cp_is_cell(l); l = cp_tail(l)) cp_list_add(&all, cp_head(l));
    }
    return all.list != CP_NIL ? all.list : worse(cp, errors[0], errors[1]);
}

/* ---- validated lookups ---- */

static cp_value server_texts(cp_context *cp, const struct dns *dns) {
    cp_list_builder list = {0};
    for (size_t i = 0; i < dns->count; i++) {
        char text[INET6_ADDRSTRLEN];
        inet_ntop(dns->list[i].family, &dns->list[i].addr, text, sizeof text);
        cp_list_add(&list, cp_string_format(cp, "%s@%d", text, dns->list[i].udp_port));
    }
    return list.list;
}

static cp_value validator_of(cp_context *cp, struct dns *dns) {
    if (dns->validator != CP_NIL) return dns->validator;
    int64_t limit = dns->timeout * ((1 << dns->tries) - 1);
    cp_value arguments[] = {server_texts(cp, dns), dns->anchors, cp_integer(cp, limit)};
    return cp_create(cp, "DnsValidator", arguments, 3);
}

static cp_value validated(cp_context *cp, cp_value self, const char *name, unsigned type) {
    struct dns *dns = dns_of(self);
    cp_value validator = validator_of(cp, dns);
    if (validator == CP_THROWN) return CP_THROWN;
    dns->validator = validator;
    cp_value arguments[] = {cp_string_z(cp, name), cp_fixnum((int64_t)type)};
    cp_value table = cp_send_z(cp, validator, "resolve", arguments, 2);
    if (table == CP_THROWN) return CP_THROWN;
    cp_value key = cp_string_z(cp, "records"), data = cp_table_get(cp, table, key);
    cp_value records = dns_records_of_data(cp, data == CP_UNSET ? CP_NIL : data, name, type);
    if (records == CP_THROWN || cp_table_set(cp, table, key, records) == CP_THROWN) return CP_THROWN;
    return table;
}

static cp_value method_validated(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    char name[DNS_QUERY_NAME];
    unsigned type = dns_type_of(cp_text_z(cp, arguments[1]));
    if (!type)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "a type is A AAAA MX TXT PTR NS CNAME SRV or TLSA, not %.40s", cp_text_z(cp, arguments[1]));
    return dns_query_name(cp, arguments[0], name) ? validated(cp, self, name, type) : CP_THROWN;
}

static cp_value method_tlsa(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    char name[DNS_QUERY_NAME];
    return dns_query_name(cp, arguments[0], name) ? validated(cp, self, name, DNS_TYPE_TLSA) : CP_THROWN;
}

static cp_value method_ascii(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    char name[DNS_QUERY_NAME];
    if (!dns_query_name(cp, arguments[0], name)) return CP_THROWN;
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 'a' - 'A');
    return cp_string_z(cp, name);
}

/* ---- table ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct dns *dns = dns_of(self);
    const char *servers = getenv("CARAPACE_DNS");
    dns->timeout = DEFAULT_TIMEOUT;
    dns->tries = DEFAULT_TRIES;
    if (!servers || !*servers) return CP_NIL;
    return set_servers(cp, self, cp_string_z(cp, servers)) == CP_THROWN ? CP_THROWN : CP_NIL;
}

#define NAME "((name String))"
static const cp_method_def methods[] = {
    {"Dns", "NIL", "()", construct, "Makes a Dns: (create Dns), (create Dns servers: \"127.0.0.1:5353\")."},
    {"mx", "List", NAME, method_mx,
     "The hosts that take a domain's mail, each a HashTable of preference and host, in the order in which they are to "
     "be tried; those of equal preference in a random one. Errors: 14.9 the domain takes no mail; 14.2 none is named."},
    {"txt", "List", NAME, method_txt, "The texts of a name, each a String of its parts put together."},
    {"txtParts", "List", NAME, method_txt_parts, "The texts of a name, each a List of its parts."},
    {"a", "List", NAME, method_a, "A name's IPv4 addresses, as Strings."},
    {"aaaa", "List", NAME, method_aaaa, "A name's IPv6 addresses, as Strings."},
    {"addresses", "List", NAME, method_addresses,
     "A name's addresses, IPv6 first, asked for at the same time; an address is its own."},
    {"ptr", "List", "((address String))", method_ptr,
     "The names of an IPv4 or IPv6 address, or those that a name under in-addr.arpa or ip6.arpa points to. Anybody "
     "can claim any name for his address: ask the name for its addresses too."},
    {"cname", "String", NAME, method_cname, "The name for which this one is an alias. Errors: 14.2 it is none."},
    {"srv", "List", NAME, method_srv,
     "The servers of a service as _submissions._tcp.example.org, each a HashTable of priority, weight, port and host, "
     "in the order in which they are to be tried, drawn by weight (RFC 2782)."},
    {"ns", "List", NAME, method_ns, "The name servers of a domain."},
    {"tlsa", "HashTable", NAME, method_tlsa,
     "What certificates a server may show (RFC 6698), looked up and validated at _25._tcp.mx.example.org: as "
     "`validated`; each record is a HashTable of usage, selector, matching and data."},
    {"validated", "HashTable", "((name String) (type String|Symbol))", method_validated,
     "Looks up and checks the signatures (DNSSEC, by libunbound). Gives status: secure, insecure (the domain is not "
     "signed) or bogus (signatures are missing or wrong: use nothing of it); records, () also when there are none; "
     "found (() when the name does not exist); name, where aliases lead; reason, why it is bogus. type is A AAAA MX "
     "TXT PTR NS CNAME SRV or TLSA. Errors: 14.3, 14.4, 14.9, 14.11."},
    {"ascii", "String", NAME, method_ascii,
     "The form in which a name is asked for: in lower case, without the last dot, and an internationalised one in its "
     "ASCII form (xn--). Nothing is looked up. Errors: 14.7."},
    {0},
};

static const cp_class_def dns_class = {
    .name = "Dns",
    .doc =
        "Looks names up in the DNS; other threads run meanwhile. Names may be internationalised and are given back "
        "in lower case and their ASCII form. Errors of class 14, with the detail temporary: 1 there is no such "
        "name, 2 no record of that type, 3 the server failed, 4 no answer in time, 5 refused, 6 an answer that "
        "cannot be read, 7 this can be no name, 8 no server, 9 the domain takes no mail, 10 forged, 11 trustAnchors.",
    .size = sizeof(struct dns),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

bool carapace_module_open(cp_context *cp) { return cp_define_class(cp, &dns_class) != NULL; }
