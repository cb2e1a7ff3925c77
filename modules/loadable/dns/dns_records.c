/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_records.c: records as the values that scripts see, in the order in which they are to be used. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/random.h>

#include "modules/loadable/dns/dns.h"

struct row {
    cp_value value;
    unsigned preference, weight;
    uint32_t chance;
};

static cp_value text_value(cp_context *cp, const struct dns_content *content, bool parts) {
    const unsigned char *text;
    size_t size, at = 0;
    cp_list_builder list = {0};
    if (parts) {
        while (dns_text_next(content, &at, &text, &size)) cp_list_add(&list, cp_string_n(cp, (const char *)text, size));
        return list.list;
    }
    char *whole = cp_alloc_atomic(content->octet_count + 1);
    size_t used = 0;
    for (; dns_text_next(content, &at, &text, &size); used += size) memcpy(whole + used, text, size);
    return cp_string_n(cp, whole, used);
}

static cp_value address_value(cp_context *cp, const struct dns_content *content) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(content->octet_count == 4 ? AF_INET : AF_INET6, content->octets, text, sizeof text);
    return cp_string_z(cp, text);
}

static void put(cp_context *cp, cp_value table, const char *name, cp_value value) {
    cp_table_set(cp, table, cp_string_z(cp, name), value);
}

static cp_value record_value(cp_context *cp, unsigned type, const struct dns_content *content, bool parts) {
    cp_value table = CP_NIL;
    switch (type) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA: return address_value(cp, content);
    case DNS_TYPE_TXT: return text_value(cp, content, parts);
    case DNS_TYPE_MX:
        put(cp, table = cp_table(cp), "preference", cp_fixnum(content->preference));
        put(cp, table, "host", cp_string_z(cp, content->name));
        return table;
    case DNS_TYPE_SRV:
        put(cp, table = cp_table(cp), "priority", cp_fixnum(content->preference));
        put(cp, table, "weight", cp_fixnum(content->weight));
        put(cp, table, "port", cp_fixnum(content->port));
        put(cp, table, "host", cp_string_z(cp, content->name));
        return table;
    case DNS_TYPE_TLSA:
        put(cp, table = cp_table(cp), "usage", cp_fixnum(content->usage));
        put(cp, table, "selector", cp_fixnum(content->selector));
        put(cp, table, "matching", cp_fixnum(content->matching));
        put(cp, table, "data", cp_binary_n(cp, content->octets, content->octet_count));
        return table;
    default: return cp_string_z(cp, content->name);
    }
}

/* ---- order ---- */

/* The lower preference first; among equals each order is as likely, so that they share the load (RFC 5321 5.1). */
static int by_preference(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    if (x->preference != y->preference) return x->preference < y->preference ? -1 : 1;
    return (x->chance > y->chance) - (x->chance < y->chance);
}

/* Among those of one priority, again and again one is drawn by its share of their weights (RFC 2782). */
static void draw_by_weight(struct row *rows, size_t count) {
    for (size_t first = 0; first < count; first++) {
        uint64_t sum = 0, sofar = 0;
        size_t end = first;
        for (; end < count && rows[end].preference == rows[first].preference; end++) sum += rows[end].weight;
        uint64_t mark = sum ? rows[first].chance % (sum + 1) : 0;
        for (size_t i = first; i < end; i++) {
            sofar += rows[i].weight;
            if (sofar < mark) continue;
            struct row chosen = rows[i];
            uint32_t chance = rows[first].chance;
            memmove(&rows[first + 1], &rows[first], (i - first) * sizeof *rows);
            rows[first] = chosen;
            rows[first].chance = chance;
            break;
        }
    }
}

static cp_value list_of(cp_context *cp, const struct dns_record *records, size_t count, const char *name, unsigned type,
                        bool parts) {
    struct row *rows = cp_alloc(count * sizeof *rows + 1);
    struct dns_content *content = cp_alloc(sizeof *content);
    for (size_t i = 0; i < count; i++) {
        if (!dns_record_content(&records[i], type, content))
            return dns_throw(cp, CP_DNS_BAD_ANSWER, true, "a %s record of %s does not have its form",
                             dns_type_name(type), name);
        if (type == DNS_TYPE_MX && count == 1 && strcmp(content->name, ".") == 0) {
            dns_throw(cp, CP_DNS_NO_MAIL, false, "%s takes no mail (it has a null MX, RFC 7505)", name);
            cp_value error = cp_take_error(cp);
            cp_error_set_detail(cp, error, "enhancedCode", cp_string_z(cp, "5.1.10"));
            return cp_throw_value(cp, error);
        }
        rows[i] = (struct row){.value = record_value(cp, type, content, parts),
                               .preference = content->preference,
                               .weight = content->weight};
        if (getrandom(&rows[i].chance, sizeof rows[i].chance, 0) < 0) rows[i].chance = (uint32_t)i;
    }
    if (type == DNS_TYPE_MX || type == DNS_TYPE_SRV) qsort(rows, count, sizeof *rows, by_preference);
    if (type == DNS_TYPE_SRV) draw_by_weight(rows, count);
    cp_list_builder list = {0};
    for (size_t i = 0; i < count; i++) cp_list_add(&list, rows[i].value);
    return list.list;
}

/* ---- from where ---- */

static cp_value no_answer(cp_context *cp, int status, const char *name, unsigned type) {
    const char *words = ares_strerror(status), *kind = dns_type_name(type);
    switch (status) {
    case ARES_ETIMEOUT:
        return dns_throw(cp, CP_DNS_TIMEOUT, true, "no name server has answered for %s (%s) in time", name, kind);
    case ARES_ECONNREFUSED:
        return dns_throw(cp, CP_DNS_NO_SERVER, true, "no name server can be reached to ask for %s (%s)", name, kind);
    case ARES_ENOTFOUND: return dns_throw_rcode(cp, DNS_RCODE_NO_NAME, name, type);
    case ARES_EBADNAME: return dns_throw(cp, CP_DNS_BAD_NAME, false, "%s is no name to look up", name);
    case ARES_ENOMEM: return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    default:
        return dns_throw(cp, CP_DNS_BAD_ANSWER, true, "the answer about %s (%s) cannot be read: %s", name, kind, words);
    }
}

cp_value dns_records_of_answer(cp_context *cp, const struct dns_answer *answer, const char *name, unsigned type,
                               bool parts) {
    struct dns_message *message = cp_alloc(sizeof *message);
    if (!answer->bytes) return no_answer(cp, answer->status, name, type);
    if (!dns_message_open(message, answer->bytes, answer->size) || message->truncated)
        return no_answer(cp, ARES_EBADRESP, name, type);
    if (message->rcode != DNS_RCODE_OK) return dns_throw_rcode(cp, message->rcode, name, type);
    struct dns_record *records = cp_alloc(DNS_RECORDS_MAX * sizeof *records);
    char *owner = cp_alloc_atomic(DNS_NAME_TEXT);
    int count = dns_message_find(message, type, records, DNS_RECORDS_MAX, owner);
    if (count < 0) return no_answer(cp, ARES_EBADRESP, name, type);
    if (count == 0) return dns_throw_rcode(cp, DNS_RCODE_OK, name, type);
    return list_of(cp, records, (size_t)count, name, type, parts);
}

cp_value dns_records_of_data(cp_context *cp, cp_value data, const char *name, unsigned type) {
    struct dns_record *records = cp_alloc(DNS_RECORDS_MAX * sizeof *records);
    size_t count = 0;
    for (; cp_is_cell(data) && count < DNS_RECORDS_MAX; data = cp_tail(data)) {
        const cp_binary *binary = cp_binary_of(cp_head(data));
        records[count++] =
            (struct dns_record){.bytes = binary->data, .message_size = binary->size, .size = binary->size};
    }
    return list_of(cp, records, count, name, type, false);
}
