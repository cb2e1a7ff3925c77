/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_message.h: reading what a DNS server has answered (RFC 1035 4): header, question, the answer section's records.
 *
 * Nothing is allocated: records are places within the message, which stays the caller's. Every length and every pointer
 * of a compressed name is checked; a name's pointers only lead backwards, so that none goes round in circles.
 */
#ifndef PROTOCOL_DNS_MESSAGE_H
#define PROTOCOL_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_TYPE_A = 1,
    DNS_TYPE_NS = 2,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_MX = 15,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_TLSA = 52
};
/* Codes of a reply's header. */
enum { DNS_RCODE_OK, DNS_RCODE_FORMAT, DNS_RCODE_FAILED, DNS_RCODE_NO_NAME, DNS_RCODE_UNKNOWN, DNS_RCODE_REFUSED };

/* A name as text: 255 octets, each of which may need four characters (\123), and a NUL. */
enum { DNS_NAME_TEXT = 4 * 255 + 1, DNS_ALIASES_MAX = 16 };

struct dns_message {
    const unsigned char *bytes;
    size_t size, answers; /* `answers`: where the first record is */
    unsigned rcode, answer_count, type;
    bool truncated;
    char question[DNS_NAME_TEXT];
};

/* What a record says, within `bytes` of the message it came in: `data` is an offset there. */
struct dns_record {
    const unsigned char *bytes;
    size_t message_size, data, size;
    uint32_t ttl;
};

/* One record's content. Which members count, the type says. */
struct dns_content {
    unsigned preference, weight, port;  /* MX, SRV (preference is its priority) */
    unsigned usage, selector, matching; /* TLSA */
    char name[DNS_NAME_TEXT];           /* MX, SRV, NS, CNAME, PTR: lower case, "." for the root, no dot at the end */
    const unsigned char *octets;        /* A, AAAA, TXT (strings with their length in front), TLSA */
    size_t octet_count;
};

/* Reads header and question. False when it is no reply that can be read. */
bool dns_message_open(struct dns_message *message, const void *bytes, size_t size);
/* The records of `type` for the question's name, or for the one that CNAMEs lead to, whose name goes into `owner`
   (DNS_NAME_TEXT bytes). Their number, at most `room`; -1 when the answer is broken. */
int dns_message_find(const struct dns_message *message, unsigned type, struct dns_record *records, int room,
                     char *owner);
/* A record's content; false when it does not have its type's form. */
bool dns_record_content(const struct dns_record *record, unsigned type, struct dns_content *content);
/* The next string of a TXT record from *at (0 at first); false at the end. */
bool dns_text_next(const struct dns_content *content, size_t *at, const unsigned char **text, size_t *size);
/* Reads a name from *at on, whose own octets end before `end`; *at is then behind it. `out` has DNS_NAME_TEXT bytes. */
bool dns_name_read(const unsigned char *bytes, size_t size, size_t *at, size_t end, char *out);

#endif
