/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dns_message.c: answers of name servers: all records of all types, and what their names look like. */
#include "dns_message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names come out as plain ASCII of a length that fits, whatever was in them. */
static void check_name(const char *name) {
    if (strlen(name) >= DNS_NAME_TEXT) abort();
    for (; *name; name++)
        if (*name <= ' ' || *name > '~' || (*name >= 'A' && *name <= 'Z')) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const unsigned types[] = {DNS_TYPE_A,   DNS_TYPE_NS,   DNS_TYPE_CNAME, DNS_TYPE_PTR, DNS_TYPE_MX,
                                     DNS_TYPE_TXT, DNS_TYPE_AAAA, DNS_TYPE_SRV,   DNS_TYPE_TLSA};
    struct dns_message message;
    struct dns_record records[64];
    char owner[DNS_NAME_TEXT];
    if (!dns_message_open(&message, data, size)) return 0;
    check_name(message.question);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        int count = dns_message_find(&message, types[i], records, 64, owner);
        if (count < 0) continue;
        check_name(owner);
        for (int k = 0; k < count; k++) {
            struct dns_content content;
            const unsigned char *text;
            size_t length, at = 0, sum = 0;
            if (records[k].data > size || records[k].size > size - records[k].data) abort();
            if (!dns_record_content(&records[k], types[i], &content)) continue;
            check_name(content.name);
            while (types[i] == DNS_TYPE_TXT && dns_text_next(&content, &at, &text, &length)) {
                if (text < data || text + length > data + size) abort();
                sum += length + 1;
            }
            if (types[i] == DNS_TYPE_TXT && sum != content.octet_count) abort();
        }
    }
    return 0;
}
