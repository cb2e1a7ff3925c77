/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_envelope: addresses that must not pass, and content however cut becoming the same stuffed octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/protocol/smtp_content.h"
#include "modules/protocol/smtp_envelope.h"

static void test_addresses(void **state) {
    (void)state;
    static const char *const good[] = {
        "a@b",           "postmaster",   "a.b+c=d@x.test",        "\"a b\"@x", "\"<>\\\"\\\\\"@x",
        "a@[127.0.0.1]", "a@[IPv6:::1]", "o'neil!#$%&*/?^`{|}~@x"};
    static const char *const bad[] = {"",           " ",         "a b@x",  "a@x>",    "<a@x",       "a@x\r\nDATA",
                                      "a@x\n",      "a\r@x",     "a\tb@x", "a\x7f@x", "\"a@x",      "\"a\"b@x",
                                      "a\"b c\"@x", "\"a\\\"@x", "\"a\\",  "a\\ b@x", "\"a\nb\"@x", "\"a\"",
                                      "a@x SIZE=1", "\x01"};
    static const char *const utf8[] = {"gr\xc3\xbc\xc3\x9f@x", "a@\xe4\xbe\x8b.test"};
    static const char *const bad_utf8[] = {"gr\xfc@x", "a\xc2\x85@x", "a\xe2\x82", "a\xed\xa0\x80@x", "a\xc0\xaf@x"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!smtp_address_check(good[i], false)) fail_msg("refused: %s", good[i]);
        assert_true(smtp_address_check(good[i], true));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (smtp_address_check(bad[i], false)) fail_msg("accepted: %s", bad[i]);
        assert_false(smtp_address_check(bad[i], true));
    }
    for (size_t i = 0; i < sizeof utf8 / sizeof utf8[0]; i++) {
        assert_true(smtp_address_check(utf8[i], true));
        assert_false(smtp_address_check(utf8[i], false));
    }
    for (size_t i = 0; i < sizeof bad_utf8 / sizeof bad_utf8[0]; i++)
        assert_false(smtp_address_check(bad_utf8[i], true));
    char longest[SMTP_ADDRESS_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[SMTP_ADDRESS_MAX] = '\0';
    assert_true(smtp_address_check(longest, false));
    memset(longest, 'a', sizeof longest - 1);
    longest[SMTP_ADDRESS_MAX + 1] = '\0';
    assert_false(smtp_address_check(longest, false));
    assert_true(smtp_domain_check("[127.0.0.1]"));
    assert_false(smtp_domain_check(""));
    assert_false(smtp_domain_check("a b"));
    assert_false(smtp_domain_check("a\r\nb"));
}

static void test_parameters(void **state) {
    (void)state;
    smtp_capabilities none;
    smtp_capabilities_init(&none);
    smtp_recipient r = {.address = "b@x"};
    size_t culprit;
    smtp_envelope e = {.sender = "a@x", .recipients = &r, .recipient_count = 1};
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_OK);
    static const char *const bad[] = {"", " A=1", "A=1 ", "A=1\r\nRSET", "A=\xc3\xbc"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        e.parameters = bad[i];
        assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_PARAMETER);
        e.parameters = NULL;
        r.parameters = bad[i];
        assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_PARAMETER);
        r.parameters = NULL;
    }
    r.notify = SMTP_NOTIFY_NEVER | SMTP_NOTIFY_DELAY;
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_PARAMETER);
    r.notify = SMTP_NOTIFY_NEVER;
    r.original_recipient = "no type";
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_PARAMETER);
    r.original_recipient = "rfc822;b\r\n@x";
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_PARAMETER);
    r.original_recipient = NULL;
    e.envelope_id = "a\nb";
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_PARAMETER);
    e.envelope_id = NULL;
    e.sender = NULL;
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_SENDER);
    e.sender = "";
    r.address = "";
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_BAD_RECIPIENT);
    e.recipient_count = 0;
    assert_int_equal(smtp_envelope_check(&e, &none, 1, &culprit), SMTP_ENVELOPE_NO_RECIPIENTS);
}

/* What is asked of the delivery: by offers, limits and bad values; and as it is written. */
static void test_wishes(void **state) {
    (void)state;
    smtp_recipient r = {.address = "b@x"};
    static const uint32_t all = SMTP_CAPABILITY_REQUIRETLS | SMTP_CAPABILITY_DELIVERBY | SMTP_CAPABILITY_FUTURERELEASE |
                                SMTP_CAPABILITY_MT_PRIORITY;
    static const struct {
        uint32_t offers;
        smtp_wishes wishes;
        smtp_envelope_status status;
        const char *written;
    } cases[] = {
        {all, {.require_tls = true}, SMTP_ENVELOPE_OK, " REQUIRETLS"},
        {0, {.require_tls = true}, SMTP_ENVELOPE_NO_REQUIRETLS, NULL},
        {all, {.deliver_by_mode = 'R', .deliver_by = 60}, SMTP_ENVELOPE_OK, " BY=60;R"},
        {all, {.deliver_by_mode = 'R', .deliver_by = 59}, SMTP_ENVELOPE_DELIVERBY_TOO_SOON, NULL},
        {all, {.deliver_by_mode = 'R', .deliver_by = 0}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
        {all, {.deliver_by_mode = 'N', .deliver_by = -7, .deliver_by_trace = true}, SMTP_ENVELOPE_OK, " BY=-7;NT"},
        {all, {.deliver_by_mode = '?', .deliver_by = 60}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
        {all, {.deliver_by_mode = 'N', .deliver_by = 1000000000}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
        {0, {.deliver_by_mode = 'N', .deliver_by = 60}, SMTP_ENVELOPE_NO_DELIVERBY, NULL},
        {all, {.hold_for = 3600}, SMTP_ENVELOPE_OK, " HOLDFOR=3600"},
        {all, {.hold_for = 3601}, SMTP_ENVELOPE_HOLD_TOO_LONG, NULL},
        {0, {.hold_for = 1}, SMTP_ENVELOPE_NO_FUTURERELEASE, NULL},
        {all, {.hold_until = "2026-12-31T00:00:00Z"}, SMTP_ENVELOPE_OK, " HOLDUNTIL=2026-12-31T00:00:00Z"},
        {all, {.hold_until = "2027-12-31T00:00:00Z"}, SMTP_ENVELOPE_HOLD_TOO_LONG, NULL},
        {all, {.hold_until = "2026-12-31T00:00:00Z A=B"}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
        {all, {.hold_until = "2026-12-31T00:00:0\rZ"}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
        {all, {.hold_until = "2026-12-31T00:00:00Z", .hold_for = 1}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
        {all, {.has_priority = true, .priority = -9}, SMTP_ENVELOPE_OK, " MT-PRIORITY=-9"},
        {0, {.has_priority = true, .priority = 9}, SMTP_ENVELOPE_OK, ""},
        {all, {.has_priority = true, .priority = 10}, SMTP_ENVELOPE_BAD_PARAMETER, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        smtp_capabilities offered;
        smtp_capabilities_init(&offered);
        offered.flags = cases[i].offers;
        offered.deliver_by_minimum = 60;
        offered.future_release_seconds = 3600;
        offered.future_release_date = "2027-01-01T00:00:00Z";
        smtp_envelope e = {.sender = "a@x", .recipients = &r, .recipient_count = 1, .wishes = cases[i].wishes};
        size_t culprit;
        if (smtp_envelope_check(&e, &offered, 1, &culprit) != cases[i].status) fail_msg("case %zu", i);
        assert_true(smtp_envelope_status_text(cases[i].status)[0] != '\0');
        if (cases[i].status != SMTP_ENVELOPE_OK) continue;
        smtp_buffer out = {0};
        char expected[128];
        snprintf(expected, sizeof expected, "MAIL FROM:<a@x>%s\r\n", cases[i].written);
        assert_true(smtp_envelope_write_mail(&out, &e, &offered));
        assert_int_equal(smtp_buffer_length(&out), strlen(expected));
        assert_memory_equal(out.bytes + out.begin, expected, strlen(expected));
        smtp_buffer_free(&out);
    }
}

static const struct {
    const char *in, *out;
} contents[] = {
    {"", ".\r\n"},
    {"a", "a\r\n.\r\n"},
    {"a\r\n", "a\r\n.\r\n"},
    {".", "..\r\n.\r\n"},
    {".\r\n", "..\r\n.\r\n"},
    {"..\r\n.a\r\na.\r\n", "...\r\n..a\r\na.\r\n.\r\n"},
    {"a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
    {"\r\n\r\n.", "\r\n\r\n..\r\n.\r\n"},
    {"a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},           /* bare LF */
    {"a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"},           /* bare CR */
    {"a\r\r\n.\r\n\r", "a\r\n\r\n..\r\n\r\n.\r\n"}, /* CR CR LF */
    {"a\n\r.\r\n", "a\r\n\r\n..\r\n.\r\n"},
    {"\r", "\r\n.\r\n"},
};

static void test_content(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        size_t length = strlen(contents[i].in);
        for (unsigned cuts = 0; cuts < 1u << (length > 0 ? length - 1 : 0); cuts++) { /* every way to cut it */
            smtp_content_writer writer;
            smtp_buffer out;
            smtp_content_writer_init(&writer);
            smtp_buffer_init(&out);
            for (size_t from = 0, to = 1; to <= length; to++)
                if (to == length || (cuts >> (to - 1) & 1)) {
                    char *piece = malloc(to - from);
                    memcpy(piece, contents[i].in + from, to - from);
                    assert_true(smtp_content_write(&writer, &out, piece, to - from));
                    free(piece);
                    from = to;
                }
            assert_true(smtp_content_end(&writer, &out));
            if (out.end - out.begin != strlen(contents[i].out) ||
                memcmp(out.bytes + out.begin, contents[i].out, out.end) != 0)
                fail_msg("case %zu, cuts %x: \"%.*s\"", i, cuts, (int)out.end, out.bytes);
            smtp_buffer_free(&out);
        }
    }
}

/* The buffer as a queue: what goes in at one end comes out at the other, whatever the steps. */
static void test_buffer(void **state) {
    (void)state;
    smtp_buffer buffer = {0};
    unsigned seed = 7;
    unsigned char in = 0, out = 0;
    for (int step = 0; step < 20000; step++) {
        char bytes[300];
        size_t length = (size_t)rand_r(&seed) % sizeof bytes;
        if (rand_r(&seed) % 2) {
            for (size_t i = 0; i < length; i++) bytes[i] = (char)in++;
            assert_true(smtp_buffer_append(&buffer, bytes, length));
        } else {
            if (length > smtp_buffer_length(&buffer)) length = smtp_buffer_length(&buffer);
            for (size_t i = 0; i < length; i++) assert_int_equal((unsigned char)buffer.bytes[buffer.begin + i], out++);
            smtp_buffer_consume(&buffer, length);
        }
    }
    assert_true(buffer.capacity <= 256 * 1024);
    smtp_buffer_free(&buffer);
    assert_true(smtp_buffer_number(&buffer, 0) && smtp_buffer_number(&buffer, 18446744073709551615ull));
    assert_int_equal(buffer.end, 21);
    assert_memory_equal(buffer.bytes, "018446744073709551615", 21);
    smtp_buffer_free(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_parameters), cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_content),   cmocka_unit_test(test_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
