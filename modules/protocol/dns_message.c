/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_message.c: reading what a DNS server has answered. See the header. */
#include "modules/protocol/dns_message.h"

#include <stdio.h>
#include <string.h>

enum { HEADER_SIZE = 12, WIRE_NAME_MAX = 255, JUMPS_MAX = 128, CLASS_IN = 1 };

static unsigned read_16(const unsigned char *at) { return (unsigned)at[0] << 8 | at[1]; }
static uint32_t read_32(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- names ---- */

/* One label as RFC 1035 5.1 writes it: what is no letter, digit, - or _ is escaped, so that a name is plain ASCII and a
 * dot within a label is none between two. */
static size_t label_text(const unsigned char *label, size_t size, char *out) {
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = label[i];
        if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + 'a' - 'A');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*' || c == '/')
            out[used++] = (char)c;
        else used += (size_t)snprintf(out + used, 5, "\\%03u", c);
    }
    return used;
}

bool dns_name_read(const unsigned char *bytes, size_t size, size_t *at, size_t end, char *out) {
    size_t place = *at, limit = end, used = 0, wire = 1, lowest = place;
    unsigned jumps = 0;
    for (;;) {
        if (place >= limit) return false;
        unsigned length = bytes[place];
        if (length == 0) {
            if (!jumps) *at = place + 1;
            break;
        }
        if ((length & 0xC0) == 0xC0) { /* a pointer, RFC 1035 4.1.4 */
            if (place + 1 >= limit) return false;
            size_t target = (size_t)(length & 0x3F) << 8 | bytes[place + 1];
            if (!jumps) *at = place + 2;
            /* Only backwards, so it ends; and not by thousands of pointers to pointers for each of thousands of names.
             */
            if (target >= lowest || ++jumps > JUMPS_MAX) return false;
            lowest = place = target;
            limit = size;
            continue;
        }
        if (length > 63 || length >= limit - place) return false;
        wire += length + 1;
        if (wire > WIRE_NAME_MAX) return false;
        if (used > 0) out[used++] = '.';
        used += label_text(bytes + place + 1, length, out + used);
        place += length + 1;
    }
    if (used == 0) out[used++] = '.';
    out[used] = '\0';
    return true;
}

/* ---- the message ---- */

bool dns_message_open(struct dns_message *message, const void *bytes, size_t size) {
    *message = (struct dns_message){.bytes = bytes, .size = size};
    const unsigned char *header = bytes;
    if (size < HEADER_SIZE || !(header[2] & 0x80)) return false;
    message->truncated = (header[2] & 0x02) != 0;
    message->rcode = header[3] & 0x0F;
    message->answer_count = read_16(header + 6);
    if (read_16(header + 4) != 1) return false;
    size_t at = HEADER_SIZE;
    if (!dns_name_read(bytes, size, &at, size, message->question) || size - at < 4) return false;
    message->type = read_16(message->bytes + at);
    message->answers = at + 4;
    return true;
}

/* The record at *at; false when it is broken. */
static bool next_record(const struct dns_message *message, size_t *at, char *owner, unsigned *type, unsigned *class,
                        struct dns_record *record) {
    const unsigned char *bytes = message->bytes;
    if (!dns_name_read(bytes, message->size, at, message->size, owner) || message->size - *at < 10) return false;
    *type = read_16(bytes + *at);
    *class = read_16(bytes + *at + 2);
    size_t size = read_16(bytes + *at + 8);
    *record = (struct dns_record){.bytes = bytes, .message_size = message->size, .data = *at + 10, .size = size};
    record->ttl = read_32(bytes + *at + 4);
    if (record->ttl > INT32_MAX) record->ttl = 0; /* RFC 2181 8 */
    if (size > message->size - record->data) return false;
    *at = record->data + size;
    return true;
}

/* One look over the answers: collects the records of `name`; where it is an alias, `alias` gets what for. */
static int collect(const struct dns_message *message, unsigned wanted, const char *name, struct dns_record *records,
                   int room, char *alias) {
    size_t at = message->answers;
    int count = 0;
    *alias = '\0';
    for (unsigned i = 0; i < message->answer_count; i++) {
        char owner[DNS_NAME_TEXT];
        unsigned type, class;
        struct dns_record record;
        if (!next_record(message, &at, owner, &type, &class, &record)) return -1;
        if (class != CLASS_IN || strcmp(owner, name) != 0) continue;
        if (type == wanted) {
            if (count < room) records[count++] = record;
        } else if (type == DNS_TYPE_CNAME && !*alias) {
            size_t place = record.data;
            if (!dns_name_read(record.bytes, record.message_size, &place, record.data + record.size, alias)) return -1;
        }
    }
    return count;
}

int dns_message_find(const struct dns_message *message, unsigned type, struct dns_record *records, int room,
                     char *owner) {
    char alias[DNS_NAME_TEXT];
    strcpy(owner, message->question);
    for (int turn = 0; turn < DNS_ALIASES_MAX; turn++) {
        int count = collect(message, type, owner, records, room, alias);
        if (count != 0 || !*alias) return count;
        strcpy(owner, alias);
    }
    return -1; /* aliases in a circle, or nearly */
}

/* ---- records ---- */

static bool only_name(const struct dns_record *record, size_t before, struct dns_content *content) {
    size_t at = record->data + before, end = record->data + record->size;
    return before < record->size && dns_name_read(record->bytes, record->message_size, &at, end, content->name) &&
           at == end;
}

static bool is_text(const struct dns_content *content) {
    size_t at = 0;
    while (at < content->octet_count) at += (size_t)content->octets[at] + 1;
    return content->octet_count > 0 && at == content->octet_count;
}

bool dns_record_content(const struct dns_record *record, unsigned type, struct dns_content *content) {
    const unsigned char *data = record->bytes + record->data;
    memset(content, 0, sizeof *content);
    content->octets = data;
    content->octet_count = record->size;
    switch (type) {
    case DNS_TYPE_A: return record->size == 4;
    case DNS_TYPE_AAAA: return record->size == 16;
    case DNS_TYPE_TXT: return is_text(content);
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR: return only_name(record, 0, content);
    case DNS_TYPE_MX:
        if (record->size < 3) return false;
        content->preference = read_16(data);
        return only_name(record, 2, content);
    case DNS_TYPE_SRV:
        if (record->size < 7) return false;
        content->preference = read_16(data);
        content->weight = read_16(data + 2);
        content->port = read_16(data + 4);
        return only_name(record, 6, content);
    case DNS_TYPE_TLSA:
        if (record->size < 4) return false; /* three octets and some data, RFC 6698 2.1 */
        content->usage = data[0];
        content->selector = data[1];
        content->matching = data[2];
        content->octets = data + 3;
        content->octet_count = record->size - 3;
        return true;
    default: return false;
    }
}

bool dns_text_next(const struct dns_content *content, size_t *at, const unsigned char **text, size_t *size) {
    if (*at >= content->octet_count || content->octets[*at] >= content->octet_count - *at) return false;
    *size = content->octets[*at];
    *text = content->octets + *at + 1;
    *at += *size + 1;
    return true;
}
