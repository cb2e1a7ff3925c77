/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dns_message: answers of name servers, right ones and such as break the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "modules/protocol/dns_message.h"

/* A reply about the name Ab.x with one question of a type and so many answers. */
#define HEAD(type, answers) "\x12\x34\x81\x80\0\1\0" answers "\0\0\0\0\2Ab\1x\0\0" type "\0\1"
/* A record of that name: type, size of its data. */
#define RECORD(type, size) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" size

static int find(const char *bytes, size_t size, unsigned type, struct dns_record *records, char *owner) {
    struct dns_message message;
    assert_true(dns_message_open(&message, bytes, size));
    return dns_message_find(&message, type, records, 4, owner);
}
#define FIND(text, type) find(text, sizeof(text) - 1, type, records, owner)

static void test_records(void **state) {
    (void)state;
    struct dns_record records[4];
    struct dns_content content;
    char owner[DNS_NAME_TEXT];
    assert_int_equal(FIND(HEAD("\1", "\2") RECORD("\1", "\4") "\1\2\3\4" RECORD("\1", "\4") "\5\6\7\x08", DNS_TYPE_A),
                     2);
    assert_string_equal(owner, "ab.x");
    assert_int_equal(records[0].ttl, 60);
    assert_true(dns_record_content(&records[1], DNS_TYPE_A, &content));
    assert_memory_equal(content.octets, "\5\6\7\x08", 4);
    assert_int_equal(FIND(HEAD("\x0f", "\1") RECORD("\x0f", "\7") "\0\x0a\2mX\xc0\x0c", DNS_TYPE_MX), 1);
    assert_true(dns_record_content(&records[0], DNS_TYPE_MX, &content));
    assert_int_equal(content.preference, 10);
    assert_string_equal(content.name, "mx.ab.x");
    assert_int_equal(FIND(HEAD("\x0f", "\1") RECORD("\x0f", "\3") "\0\0\0", DNS_TYPE_MX), 1);
    assert_true(dns_record_content(&records[0], DNS_TYPE_MX, &content));
    assert_string_equal(content.name, ".");
    assert_int_equal(FIND(HEAD("\x0f", "\1") RECORD("\x0f", "\7") "\0\1\3a.\x20\0", DNS_TYPE_MX), 1);
    assert_true(dns_record_content(&records[0], DNS_TYPE_MX, &content));
    assert_string_equal(content.name, "a\\046\\032");
    /* an alias, and the record of the name behind it, whose owner is written in other letters */
    assert_int_equal(FIND(HEAD("\1", "\2") RECORD("\5", "\3") "\1C\0"
                                                              "\1c\0\0\1\0\1\0\0\0\0\0\4\1\1\1\1",
                          DNS_TYPE_A),
                     1);
    assert_string_equal(owner, "c");
    assert_int_equal(FIND(HEAD("\1", "\1") RECORD("\x0f", "\3") "\0\0\0", DNS_TYPE_A), 0);
}

static void test_texts(void **state) {
    (void)state;
    struct dns_record records[4];
    struct dns_content content;
    char owner[DNS_NAME_TEXT];
    const unsigned char *text;
    size_t size, at = 0;
    assert_int_equal(FIND(HEAD("\x10", "\1") RECORD("\x10", "\5") "\2ab\0\0", DNS_TYPE_TXT), 1);
    assert_true(dns_record_content(&records[0], DNS_TYPE_TXT, &content));
    assert_true(dns_text_next(&content, &at, &text, &size));
    assert_int_equal(size, 2);
    assert_true(dns_text_next(&content, &at, &text, &size));
    assert_int_equal(size, 0);
    assert_true(dns_text_next(&content, &at, &text, &size));
    assert_false(dns_text_next(&content, &at, &text, &size));
    /* a string longer than the record */
    assert_int_equal(FIND(HEAD("\x10", "\1") RECORD("\x10", "\3") "\3ab", DNS_TYPE_TXT), 1);
    assert_false(dns_record_content(&records[0], DNS_TYPE_TXT, &content));
}

static void test_broken(void **state) {
    (void)state;
    struct dns_record records[4];
    struct dns_content content;
    struct dns_message message;
    char owner[DNS_NAME_TEXT];
    static const char whole[] = HEAD("\x0f", "\1") RECORD("\x0f", "\7") "\0\x0a\2mx\xc0\x0c";
    for (size_t size = 0; size < sizeof whole - 1; size++) /* cut anywhere */
        assert_false(dns_message_open(&message, whole, size) &&
                     dns_message_find(&message, DNS_TYPE_MX, records, 4, owner) > 0);
    assert_false(dns_message_open(&message, "\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1", 17)); /* a question, no reply */
    assert_int_equal(FIND(HEAD("\1", "\1") RECORD("\5", "\2") "\xc0\x0c", DNS_TYPE_A), -1); /* an alias of itself */
    /* a name that points to itself, and one that points ahead */
    assert_int_equal(FIND(HEAD("\1", "\1") "\xc0\x16\0\1\0\1\0\0\0\0\0\4\1\1\1\1", DNS_TYPE_A), -1);
    assert_int_equal(FIND(HEAD("\1", "\1") "\xc0\x30\0\1\0\1\0\0\0\0\0\4\1\1\1\1", DNS_TYPE_A), -1);
    /* an address of 3 octets; a name that goes on behind its record, one that ends before */
    assert_int_equal(FIND(HEAD("\1", "\1") RECORD("\1", "\3") "\1\1\1", DNS_TYPE_A), 1);
    assert_false(dns_record_content(&records[0], DNS_TYPE_A, &content));
    assert_int_equal(FIND(HEAD("\x0f", "\1") RECORD("\x0f", "\4") "\0\1\2mx\0", DNS_TYPE_MX), 1);
    assert_false(dns_record_content(&records[0], DNS_TYPE_MX, &content));
    assert_int_equal(FIND(HEAD("\x0f", "\1") RECORD("\x0f", "\4") "\0\1\0x", DNS_TYPE_MX), 1);
    assert_false(dns_record_content(&records[0], DNS_TYPE_MX, &content));
    assert_int_equal(FIND(HEAD("\x34", "\1") RECORD("\x34", "\3") "\3\1\1", DNS_TYPE_TLSA), 1);
    assert_false(dns_record_content(&records[0], DNS_TYPE_TLSA, &content));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_records), cmocka_unit_test(test_texts),
                                       cmocka_unit_test(test_broken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
