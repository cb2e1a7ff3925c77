/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_reply: replies whole and cut, malformed and huge, and texts made safe; the capabilities read from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/protocol/smtp_capabilities.h"
#include "modules/protocol/smtp_reply.h"

typedef struct reply_case {
    const char *in;
    smtp_reply_status status;
    int code;
    const char *enhanced;
    unsigned lines;
    const char *text;
} reply_case;

static const reply_case cases[] = {
    {"220 hi there\r\n", SMTP_REPLY_COMPLETE, 220, "", 1, "hi there"},
    {"250\r\n", SMTP_REPLY_COMPLETE, 250, "", 1, ""},
    {"250 \r\n", SMTP_REPLY_COMPLETE, 250, "", 1, ""},
    {"250 a\n", SMTP_REPLY_COMPLETE, 250, "", 1, "a"},
    {"250-a\n250-b\r\n250 c\r\n", SMTP_REPLY_COMPLETE, 250, "", 3, "a\nb\nc"},
    {"250-a\r\n250-\r\n250\r\n", SMTP_REPLY_COMPLETE, 250, "", 3, "a\n\n"},
    {"550 5.1.1 no such user\r\n", SMTP_REPLY_COMPLETE, 550, "5.1.1", 1, "no such user"},
    {"550-5.7.26 a\r\n550 5.7.26 b\r\n", SMTP_REPLY_COMPLETE, 550, "5.7.26", 2, "a\nb"},
    {"550-5.7.26 a\r\n550 5.7.1 b\r\n", SMTP_REPLY_COMPLETE, 550, "5.7.26", 2, "a\n5.7.1 b"},
    {"550-a\r\n550 5.7.1 b\r\n", SMTP_REPLY_COMPLETE, 550, "", 2, "a\n5.7.1 b"},
    {"250 2.0.0\r\n", SMTP_REPLY_COMPLETE, 250, "2.0.0", 1, ""},
    {"250 5.0.0 mixed\r\n", SMTP_REPLY_COMPLETE, 250, "", 1, "5.0.0 mixed"},
    {"451 4.7.1234 x\r\n", SMTP_REPLY_COMPLETE, 451, "", 1, "4.7.1234 x"},
    {"451 4.7.1.2 x\r\n", SMTP_REPLY_COMPLETE, 451, "", 1, "4.7.1.2 x"},
    {"451 4.7. x\r\n", SMTP_REPLY_COMPLETE, 451, "", 1, "4.7. x"},
    {"334 2.3.4\r\n", SMTP_REPLY_COMPLETE, 334, "", 1, "2.3.4"},
    {"599 x\r\n", SMTP_REPLY_COMPLETE, 599, "", 1, "x"},
    {"250 a\tb\x01\x7f\x1b[31m\r\r\n", SMTP_REPLY_COMPLETE, 250, "", 1, "a b???[31m?"},
    {"250 gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\r\n", SMTP_REPLY_COMPLETE, 250, "", 1,
     "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"250 \xfc \xc0\xaf \xed\xa0\x80 \xc2\x85 \xe2\x80\xae \xf4\x90\x80\x80 \xe2\x82\r\n", SMTP_REPLY_COMPLETE, 250, "",
     1, "? ?? ??? ? ? ???? ??"},
    {"250 a", SMTP_REPLY_MORE, 0, "", 0, ""},
    {"250-a\r\n", SMTP_REPLY_MORE, 0, "", 0, ""},
    {"\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, ""},
    {"25\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, "25"},
    {"199 x\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, "199 x"},
    {"600 x\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, "600 x"},
    {"2a0 x\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, "2a0 x"},
    {"HTTP/1.1 400 Bad\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, "HTTP/1.1 400 Bad"},
    {"250-a\r\nfoo\r\n", SMTP_REPLY_BAD_CODE, 0, "", 0, "foo"},
    {"2500 x\r\n", SMTP_REPLY_BAD_SEPARATOR, 0, "", 0, "2500 x"},
    {"250\tx\r\n", SMTP_REPLY_BAD_SEPARATOR, 0, "", 0, "250 x"},
    {"250-a\r\n251 b\r\n", SMTP_REPLY_CODE_CHANGED, 0, "", 0, "251 b"},
};

/* Feeds in pieces of `piece` octets, each from its own block, so that a read beyond is seen. */
static smtp_reply_status feed_all(smtp_reply_parser *parser, const char *bytes, size_t length, size_t piece,
                                  size_t *total) {
    smtp_reply_status status = SMTP_REPLY_MORE;
    *total = 0;
    while (length > 0 && status == SMTP_REPLY_MORE) {
        size_t size = piece < length ? piece : length, used;
        char *copy = malloc(size);
        memcpy(copy, bytes, size);
        status = smtp_reply_parser_feed(parser, copy, size, &used);
        free(copy);
        assert_true(used <= size && (used == size || status != SMTP_REPLY_MORE));
        bytes += used;
        length -= used;
        *total += used;
    }
    return status;
}

static void test_replies(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece <= 40; piece++) {
            smtp_reply_parser parser;
            size_t total;
            smtp_reply_parser_init(&parser);
            assert_true(smtp_reply_parser_idle(&parser));
            smtp_reply_status status = feed_all(&parser, cases[i].in, strlen(cases[i].in), piece, &total);
            if (status != cases[i].status) fail_msg("\"%s\": status %d", cases[i].in, status);
            if (status != SMTP_REPLY_MORE) assert_string_equal(parser.reply.text, cases[i].text);
            if (status == SMTP_REPLY_COMPLETE) {
                char enhanced[12];
                smtp_enhanced_code_format(parser.reply.enhanced, enhanced);
                assert_int_equal(parser.reply.code, cases[i].code);
                assert_string_equal(enhanced, cases[i].enhanced);
                assert_int_equal(parser.reply.lines, cases[i].lines);
                assert_int_equal(parser.reply.length, strlen(parser.reply.text));
            }
            assert_int_equal(smtp_reply_parser_idle(&parser), status == SMTP_REPLY_COMPLETE);
            smtp_reply_parser_free(&parser);
        }
}

/* Replies that come again and again are recalled, not parsed: each must be as one that nobody has seen before. */
static void test_again(void **state) {
    enum { ROUNDS = 200000 };
    (void)state;
    smtp_reply_parser parser;
    unsigned seed = 1, complete = 0;
    smtp_reply_parser_init(&parser);
    for (int round = 0; round < ROUNDS; round++) {
        char line[128];
        size_t total, alone;
        seed = seed * 1103515245 + 12345;
        const reply_case *one = &cases[seed / 65536 % (sizeof cases / sizeof cases[0])];
        if (one->status != SMTP_REPLY_COMPLETE) continue;
        size_t length = strlen(one->in), more = seed / 7 % 70;
        memcpy(line, one->in, length);
        if (seed % 4 > 0 && one->lines == 1 && length > 6) { /* the same in the middle of more, and nearly the same */
            memset(line + 4, 'a' + (int)(seed / 11 % 2), more);
            if (more > 9) line[4 + seed / 13 % more] = '.';
            strcpy(line + 4 + more, one->in + length - 2);
            length = strlen(line);
        }
        size_t piece = seed / 17 % 3 == 0 ? 1 + seed / 19 % 9 : sizeof line;
        smtp_reply_parser fresh;
        smtp_reply_parser_init(&fresh);
        assert_int_equal(feed_all(&fresh, line, length, sizeof line, &alone), SMTP_REPLY_COMPLETE);
        assert_int_equal(feed_all(&parser, line, length, piece, &total), SMTP_REPLY_COMPLETE);
        assert_int_equal(total, alone);
        assert_int_equal(parser.reply.code, fresh.reply.code);
        assert_int_equal(parser.reply.lines, fresh.reply.lines);
        assert_int_equal(parser.reply.length, fresh.reply.length);
        assert_string_equal(parser.reply.text, fresh.reply.text);
        assert_true(smtp_enhanced_code_equal(parser.reply.enhanced, fresh.reply.enhanced));
        assert_true(smtp_reply_parser_idle(&parser));
        smtp_reply_parser_free(&fresh);
        complete++;
    }
    assert_true(complete > ROUNDS / 3);
    /* A line that is no reply stays none, however often it comes. */
    size_t used;
    assert_int_equal(smtp_reply_parser_feed(&parser, "\n", 1, &used), SMTP_REPLY_BAD_CODE);
    smtp_reply_parser_free(&parser);
}

static void test_one_at_a_time(void **state) {
    (void)state;
    static const char three[] = "250 a\r\n251-b\r\n251 c\r\n252 d\r\nX";
    smtp_reply_parser parser;
    size_t used, at = 0;
    smtp_reply_parser_init(&parser);
    for (int code = 250; code <= 252; code++) {
        assert_int_equal(smtp_reply_parser_feed(&parser, three + at, strlen(three) - at, &used), SMTP_REPLY_COMPLETE);
        assert_int_equal(parser.reply.code, code);
        at += used;
    }
    assert_int_equal(at, strlen(three) - 1);
    assert_int_equal(smtp_reply_parser_feed(&parser, "x\r\n", 3, &used), SMTP_REPLY_BAD_CODE);
    assert_int_equal(smtp_reply_parser_feed(&parser, "250 a\r\n", 7, &used), SMTP_REPLY_BAD_CODE); /* errors stay */
    assert_int_equal(used, 0);
    smtp_reply_parser_free(&parser);
}

static void test_limits(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 1000, 1000000};
    char *big = malloc(200000);
    for (size_t p = 0; p < 3; p++) {
        smtp_reply_parser parser;
        size_t total;
        for (size_t extra = 0; extra < 2; extra++) { /* a line of just the limit, and one more */
            smtp_reply_parser_init(&parser);
            memset(big, 'x', SMTP_REPLY_LINE_MAX + 2);
            memcpy(big, "250 ", 4);
            memcpy(big + SMTP_REPLY_LINE_MAX + extra, "\r\n", 2);
            assert_int_equal(feed_all(&parser, big, SMTP_REPLY_LINE_MAX + extra + 2, pieces[p], &total),
                             extra ? SMTP_REPLY_LINE_TOO_LONG : SMTP_REPLY_COMPLETE);
            smtp_reply_parser_free(&parser);
        }
        smtp_reply_parser_init(&parser); /* a line without end */
        memset(big, '2', 200000);
        memcpy(big, "250 ", 4);
        assert_int_equal(feed_all(&parser, big, 200000, pieces[p], &total), SMTP_REPLY_LINE_TOO_LONG);
        assert_true(strlen(parser.reply.text) < 120);
        smtp_reply_parser_free(&parser);
        smtp_reply_parser_init(&parser); /* garbage without a line end is not waited for */
        memset(big, 0x16, 200);
        assert_int_equal(feed_all(&parser, big, 200, pieces[p], &total), SMTP_REPLY_BAD_CODE);
        smtp_reply_parser_free(&parser);
        smtp_reply_parser_init(&parser);
        for (size_t i = 0; i < 520; i++) memcpy(big + 6 * i, "250-\r\n", 6);
        assert_int_equal(feed_all(&parser, big, 6 * 520, pieces[p], &total), SMTP_REPLY_TOO_MANY_LINES);
        smtp_reply_parser_free(&parser);
        smtp_reply_parser_init(&parser);
        memset(big, 'y', 200000);
        for (size_t i = 0; i < 200; i++) {
            memcpy(big + 1000 * i, "250-", 4);
            memcpy(big + 1000 * i + 998, "\r\n", 2);
        }
        assert_int_equal(feed_all(&parser, big, 200000, pieces[p], &total), SMTP_REPLY_TOO_LARGE);
        assert_true(parser.text_capacity <= 2 * SMTP_REPLY_BYTES_MAX);
        smtp_reply_parser_free(&parser);
    }
    free(big);
}

static void test_sanitise(void **state) {
    (void)state;
    char out[32];
    assert_int_equal(smtp_text_sanitise(out, 8, "abcdefg", 7, true), 7);
    assert_string_equal(out, "abcdefg");
    assert_int_equal(smtp_text_sanitise(out, 8, "abcdefgh", 8, true), 7);
    assert_string_equal(out, "abcd...");
    smtp_text_sanitise(out, 8, "abc\xc3\xbc\xc3\xbc\xc3\xbc", 9, true); /* never half a character */
    assert_string_equal(out, "abc...");
    smtp_text_sanitise(out, 3, "abcdef", 6, true);
    assert_string_equal(out, "..");
    smtp_text_sanitise(out, 1, "abcdef", 6, true);
    assert_string_equal(out, "");
    smtp_text_sanitise(out, 32, "a\nb\r\nc\0d", 8, false);
    assert_string_equal(out, "a b? c?d");
    smtp_text_sanitise(out, 32, "a\nb", 3, true);
    assert_string_equal(out, "a\nb");
}

static void parse_ehlo(smtp_capabilities *capabilities, const char *text) {
    smtp_reply_parser parser;
    size_t used;
    smtp_reply_parser_init(&parser);
    assert_int_equal(smtp_reply_parser_feed(&parser, text, strlen(text), &used), SMTP_REPLY_COMPLETE);
    assert_true(smtp_capabilities_parse(capabilities, &parser.reply));
    smtp_reply_parser_free(&parser);
}

static void test_capabilities(void **state) {
    (void)state;
    smtp_capabilities c;
    smtp_capabilities_init(&c);
    parse_ehlo(
        &c,
        "250-mx.test at your service\r\n250-PIPELINING\r\n250-size 52428800\r\n250-STARTTLS\r\n"
        "250-AUTH plain LOGIN PLAIN SCRAM-SHA-256-PLUS X-OWN\r\n250-AUTH=LOGIN XOAUTH2\r\n250-ENHANCEDSTATUSCODES\r\n"
        "250-8BITMIME\r\n250-DSN\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n"
        "250-LIMITS RCPTMAX=20 MAILMAX=5 rcptdomainmax=1 X=2\r\n250-REQUIRETLS\r\n250-DELIVERBY 240\r\n"
        "250-FUTURERELEASE 86400 2030-01-01T00:00:00Z\r\n250-MT-PRIORITY MIXER\r\n250 X-OWN 1 2\r\n");
    assert_string_equal(c.domain, "mx.test");
    assert_int_equal(c.flags, (1u << 15) - 1);
    assert_int_equal(c.size_limit, 52428800);
    assert_string_equal(c.auth_mechanisms, "PLAIN LOGIN SCRAM-SHA-256-PLUS X-OWN XOAUTH2");
    assert_int_equal(c.auth, SMTP_AUTH_PLAIN | SMTP_AUTH_LOGIN | SMTP_AUTH_SCRAM_SHA_256_PLUS | SMTP_AUTH_XOAUTH2);
    assert_int_equal(c.limit_mail_max, 5);
    assert_int_equal(c.limit_rcpt_max, 20);
    assert_int_equal(c.limit_rcpt_domain_max, 1);
    assert_int_equal(c.deliver_by_minimum, 240);
    assert_int_equal(c.future_release_seconds, 86400);
    assert_string_equal(c.future_release_date, "2030-01-01T00:00:00Z");
    assert_string_equal(c.mt_priority_profile, "MIXER");
    assert_int_equal(c.line_count, 17);
    assert_string_equal(c.lines[1], "size 52428800");
    assert_string_equal(smtp_capabilities_line(&c, "x-own"), "X-OWN 1 2");
    assert_null(smtp_capabilities_line(&c, "X-OW"));
    parse_ehlo(&c, "250-x\r\n250-SIZE\r\n250-SIZE 99999999999999999999999\r\n250-LIMITS RCPTMAX=-1 MAILMAX\r\n"
                   "250-PIPELININGS\r\n250-\r\n250-   \r\n250 DELIVERBY x\r\n");
    assert_int_equal(c.flags, SMTP_CAPABILITY_SIZE | SMTP_CAPABILITY_LIMITS | SMTP_CAPABILITY_DELIVERBY);
    assert_int_equal(c.size_limit, 0);
    assert_int_equal(c.limit_rcpt_max, 0);
    parse_ehlo(&c, "250\r\n");
    assert_int_equal(c.flags, 0);
    assert_string_equal(c.domain, "");
    assert_string_equal(c.auth_mechanisms, "");
    smtp_capabilities_free(&c);
}

static void test_capabilities_many_mechanisms(void **state) {
    (void)state;
    char text[5000] = "250-x\r\n250 AUTH";
    size_t length = strlen(text);
    for (int i = 0; i < 390; i++) length += (size_t)sprintf(text + length, " MECH%05d", i);
    memcpy(text + length, "\r\n", 3);
    smtp_capabilities c;
    smtp_capabilities_init(&c);
    parse_ehlo(&c, text);
    assert_true(strlen(c.auth_mechanisms) <= 1024);
    assert_int_equal(strncmp(c.auth_mechanisms, "MECH00000 MECH00001 ", 20), 0);
    smtp_capabilities_free(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sanitise),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_capabilities_many_mechanisms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
