/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns.h: what the files of the module Dns share: questions to name servers by c-ares, in the event loop.
 *
 *     dns_class.c     the class for scripts: properties, methods, the table
 *     dns_ask.c       one or two questions and their answers: sockets, waiting, time limits, other servers
 *     dns_name.c      names as scripts write them: checked, internationalised ones in their ASCII form, addresses
 * reversed dns_records.c   records as values
 *
 * The messages are read by modules/protocol/dns_message. Each lookup has sockets of its own, and so a port that nobody
 * can guess from earlier ones.
 */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <ares.h>

#include "interp/carapace.h"
#include "modules/protocol/dns_message.h"

enum { DNS_SERVERS_MAX = 8, DNS_RECORDS_MAX = 256, DNS_QUERY_NAME = 256 };

struct dns {
    cp_object header;
    cp_value servers; /* as given; () = those of the system */
    cp_value anchors; /* path of the file with keys to begin validating with; () = the root's */
    cp_value validator;
    int64_t timeout, tries;
    struct ares_addr_port_node list[DNS_SERVERS_MAX]; /* of `servers`; linked when used */
    size_t count;
};
static inline struct dns *dns_of(cp_value self) { return (struct dns *)cp_object_of(self); }

/* ---- dns_class.c ---- */

/* Throws class 14 with the detail `temporary`. CP_THROWN. */
cp_value dns_throw(cp_context *cp, int code, bool temporary, const char *format, ...) CP_PRINTF(4, 5);
/* The Error for a reply's code; NO_DATA for 0. */
cp_value dns_throw_rcode(cp_context *cp, unsigned rcode, const char *name, unsigned type);
/* "MX", ...; and back, 0 for an unknown one. */
const char *dns_type_name(unsigned type);
unsigned dns_type_of(const char *name);

/* ---- dns_ask.c ---- */

/* The answer to one question. `bytes` is in the collected heap. */
struct dns_answer {
    unsigned char *bytes;
    size_t size;
    int status; /* c-ares's, when there are no bytes */
};
/* Asks `count` (1 or 2) questions about a name at the same time. CP_NIL or CP_THROWN, which tells of what is common to
   all: cancellation, no memory, no servers. */
cp_value dns_ask(cp_context *cp, struct dns *dns, const char *name, const unsigned *types, size_t count,
                 struct dns_answer *answers);
/* Reads "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353". */
bool dns_server_parse(const char *text, size_t size, struct ares_addr_port_node *server);

/* ---- dns_name.c ---- */

/* What is to be asked for: without the last dot, in ASCII. False after a throw: 14.7. */
bool dns_query_name(cp_context *cp, cp_value given, char out[DNS_QUERY_NAME]);
/* The name under in-addr.arpa or ip6.arpa where an address's PTR is; false when the text is no address. */
bool dns_reverse_name(const char *text, char out[DNS_QUERY_NAME]);

/* ---- dns_records.c ---- */

/* The records of one answer as methods give them: a List of Strings, or of HashTables for MX, SRV and TLSA, in the
   order in which they are to be used. CP_THROWN: class 14. `parts`: TXT as Lists of their strings. */
cp_value dns_records_of_answer(cp_context *cp, const struct dns_answer *answer, const char *name, unsigned type,
                               bool parts);
/* The same of raw records (Binaries) that somebody else has looked up. */
cp_value dns_records_of_data(cp_context *cp, cp_value data, const char *name, unsigned type);

#endif
