/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_server: the server engine against canned clients, cut in every way, and against our own client engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/protocol/smtp_client.h"
#include "modules/protocol/smtp_server.h"

/* ---- a host: answers events (refuses "no@..."), keeps content and a log ---- */

typedef struct host {
    smtp_server *server;
    char log[65536];
    size_t log_length;
    char out[65536];
    size_t out_length;
    char content[65536];
    size_t content_length;
    unsigned messages;
    bool over;
} host;

static void add_log(host *h, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    h->log_length += (size_t)vsnprintf(h->log + h->log_length, sizeof h->log - h->log_length, format, arguments);
    va_end(arguments);
    assert_true(h->log_length < sizeof h->log);
}

static void answer(host *h, bool yes) {
    if (yes) assert_true(smtp_server_accept(h->server, NULL));
    else assert_true(smtp_server_refuse(h->server, 550, "5.1.1", "no"));
    assert_false(smtp_server_accept(h->server, NULL)); /* only once */
}

static void take_events(host *h) {
    smtp_server_event e;
    const char *bytes;
    size_t length;
    while (smtp_server_next_event(h->server, &e)) {
        assert_false(h->over);
        if (e.kind != SMTP_SERVER_CONTENT) assert_int_equal(strlen(e.text), e.length);
        switch (e.kind) {
        case SMTP_SERVER_HELLO:
            add_log(h, "%s %s\n", e.esmtp ? "ehlo" : "helo", e.text);
            answer(h, true);
            break;
        case SMTP_SERVER_MAIL:
            add_log(h, "mail <%s> %llu%s%s\n", e.text, (unsigned long long)e.size, e.body_8bit ? " 8bit" : "",
                    e.smtputf8 ? " utf8" : "");
            answer(h, strncmp(e.text, "no@", 3) != 0);
            break;
        case SMTP_SERVER_RCPT:
            add_log(h, "rcpt <%s>\n", e.text);
            answer(h, strncmp(e.text, "no@", 3) != 0);
            break;
        case SMTP_SERVER_DATA:
            h->content_length = 0;
            answer(h, true);
            break;
        case SMTP_SERVER_CONTENT:
            assert_true(e.length > 0);
            memcpy(h->content + h->content_length, e.text, e.length);
            h->content_length += e.length;
            break;
        case SMTP_SERVER_MESSAGE:
            assert_int_equal(e.size, h->content_length);
            add_log(h, "message%s [%.*s]\n", e.bare_line_ends ? " bare" : "", (int)h->content_length, h->content);
            h->messages++;
            answer(h, true);
            break;
        case SMTP_SERVER_ABANDONED: add_log(h, "abandoned\n"); break;
        case SMTP_SERVER_VERIFY:
            add_log(h, "verify %s\n", e.text);
            answer(h, true);
            break;
        case SMTP_SERVER_QUIT:
            h->over = true;
            add_log(h, "quit\n");
            break;
        case SMTP_SERVER_NONE: fail(); break;
        }
    }
    smtp_server_output(h->server, &bytes, &length);
    assert_true(h->out_length + length < sizeof h->out);
    memcpy(h->out + h->out_length, bytes, length);
    h->out_length += length;
    smtp_server_sent(h->server, length);
}

static void feed(host *h, const char *bytes, size_t length, size_t most, unsigned *seed) {
    take_events(h);
    while (length > 0) {
        size_t piece = most == 0 ? 1 + (size_t)rand_r(seed) % 9 : most;
        if (piece > length) piece = length;
        char *copy = malloc(piece);
        memcpy(copy, bytes, piece);
        assert_int_equal(smtp_server_input(h->server, copy, piece), piece);
        free(copy);
        take_events(h);
        bytes += piece;
        length -= piece;
    }
}

/* ---- dialogues: what the client sends in one go, the events, the reply codes ---- */

#define BEGIN "EHLO c.test\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
#define BEGIN_LOG "ehlo c.test\nmail <a@x> 0\nrcpt <b@x>\n"
#define BEGIN_CODES "220 250 250 250 354 "

static const struct dialogue {
    const char *name, *in, *log, *codes;
} dialogues[] = {
    {"one message", BEGIN "Hi\r\n..dot\r\n.\r\nQUIT\r\n", BEGIN_LOG "message [Hi\r\n.dot\r\n]\nquit\n",
     BEGIN_CODES "250 221 "},
    {"two, then nothing",
     BEGIN ".\r\nMAIL FROM:<> SIZE=5 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<gr\xc3\xbc@x>\r\nDATA\r\nx\r\n.\r\n",
     BEGIN_LOG "message []\nmail <> 5 8bit utf8\nrcpt <gr\xc3\xbc@x>\nmessage [x\r\n]\n",
     BEGIN_CODES "250 250 250 354 250 "},
    {"a bare LF never ends content", BEGIN "a\n.\nb\n.\r\nc\r\n.\nd\r.\r\n\r.\re\r\n.\r\nNOOP\r\n",
     BEGIN_LOG "message bare [a\n.\nb\n.\r\nc\r\n\nd\r.\r\n\r.\re\r\n]\n", BEGIN_CODES "250 250 "},
    {"CR CR LF", BEGIN "a\r\r\n.\r\n", BEGIN_LOG "message bare [a\r\r\n]\n", BEGIN_CODES "250 "},
    {"dot CR without LF", BEGIN ".\rx\r\n.\r\n", BEGIN_LOG "message bare [\rx\r\n]\n", BEGIN_CODES "250 "},
    {"only dots", BEGIN "...\r\n..\r\n..x\r\n.\r\n", BEGIN_LOG "message [..\r\n.\r\n.x\r\n]\n", BEGIN_CODES "250 "},
    {"order",
     "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nHELO c\r\nRCPT TO:<b@x>\r\nDATA\r\nMAIL FROM:<a@x>\r\nMAIL "
     "FROM:<a@x>\r\nDATA\r\n",
     "helo c\nmail <a@x> 0\n", "220 503 503 503 250 503 503 250 503 503 "},
    {"syntax",
     "HELO\r\nEHLO a b\r\nHELO c\r\nMAIL\r\nMAIL FROM\r\nMAIL FROM:a@x\r\nMAIL FROM:<a@x\r\nMAIL FROM:<a b@x>\r\nMAIL "
     "FROM:<a@x>y\r\n"
     "MAIL FROM:<a@x> FOO=1\r\nMAIL FROM:<a@x> SIZE=z\r\nMAIL TO:<a@x>\r\nFOO\r\nDATA x\r\nVRFY\r\nEXPN x\r\nMAILX\r\n",
     "helo c\n", "220 501 501 250 501 501 501 501 501 501 555 501 501 500 501 501 502 500 "},
    {"forms that are allowed",
     "ehlo [127.0.0.1] \nmail from: <@r.x,@s.x:a@x>\nrcpt to:<\"a>\\\" b\"@x>\nrset\nvrfy bob\nnoop now\nhelp "
     "me\nquit\n",
     "ehlo [127.0.0.1]\nmail <a@x> 0\nrcpt <\"a>\\\" b\"@x>\nabandoned\nverify bob\nquit\n",
     "220 250 250 250 250 252 250 214 221 "},
    {"refused",
     "EHLO c\r\nMAIL FROM:<no@x>\r\nMAIL FROM:<a@x>\r\nRCPT TO:<no@x>\r\nDATA\r\nRCPT TO:<b@x>\r\nRCPT TO:<>\r\nEHLO "
     "d\r\nDATA\r\n",
     "ehlo c\nmail <no@x> 0\nmail <a@x> 0\nrcpt <no@x>\nrcpt <b@x>\nehlo d\n",
     "220 250 550 250 550 503 250 501 250 503 "},
    {"limits",
     "EHLO c\r\nMAIL FROM:<a@x> SIZE=51\r\nMAIL FROM:<a@x> SIZE=50\r\nRCPT TO:<1@x>\r\nRCPT TO:<2@x>\r\nRCPT "
     "TO:<3@x>\r\nDATA\r\n"
     "123456789012345678901234567890\r\n123456789012345678901234567890\r\n.\r\nMAIL FROM:<a@x>\r\n",
     "ehlo c\nmail <a@x> 50\nrcpt <1@x>\nrcpt <2@x>\nabandoned\nmail <a@x> 0\n",
     "220 250 552 250 250 250 452 354 552 250 "},
    {"nothing after QUIT", "QUIT\r\nNOOP\r\n", "quit\n", "220 221 "},
    {"too many errors", "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nNOOP\n", "quit\n",
     "220 500 500 500 500 500 500 500 500 500 500 500 500 500 500 500 500 500 500 500 500 421 "},
};

static void list_codes(const char *out, size_t length, char *codes) {
    for (const char *line = out, *end; (end = memchr(line, '\n', length - (size_t)(line - out))) != NULL;
         line = end + 1) {
        assert_true(end - line > 4 && end[-1] == '\r');
        if (line[3] != '-') codes += sprintf(codes, "%.3s ", line);
        if (end + 1 == out + length) break;
    }
    *codes = '\0';
}

static void test_dialogues(void **state) {
    (void)state;
    smtp_server_options options = {.domain = "s.test", .size_limit = 50, .max_recipients = 2};
    for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++)
        for (unsigned seed = 0; seed < 40; seed++) {
            static host h;
            char codes[4096];
            unsigned random = seed;
            memset(&h, 0, sizeof h);
            h.server = smtp_server_new(&options);
            assert_non_null(h.server);
            feed(&h, dialogues[i].in, strlen(dialogues[i].in), seed == 0 ? 100000 : seed == 1 ? 1 : 0, &random);
            list_codes(h.out, h.out_length, codes);
            if (strcmp(h.log, dialogues[i].log) != 0 || strcmp(codes, dialogues[i].codes) != 0)
                fail_msg("%s, seed %u: got\n%s%s\n", dialogues[i].name, seed, h.log, codes);
            smtp_server_free(h.server);
        }
}

static void test_long_lines(void **state) {
    (void)state;
    smtp_server_options options = {.domain = "s.test"};
    char line[3 * SMTP_SERVER_LINE_MAX], codes[4096];
    for (size_t excess = 0; excess < SMTP_SERVER_LINE_MAX; excess = excess ? excess * 2 : 1)
        for (size_t piece = 1; piece < 10000; piece *= 7) {
            static host h;
            memset(&h, 0, sizeof h);
            size_t length = SMTP_SERVER_LINE_MAX + excess;
            memset(line, 'x', length);
            memcpy(line, "NOOP ", 5);
            memcpy(line + length, "\r\nNOOP\r\n", 8);
            h.server = smtp_server_new(&options);
            feed(&h, line, length + 8, piece, NULL);
            list_codes(h.out, h.out_length, codes);
            assert_string_equal(codes, excess ? "220 500 250 " : "220 250 250 ");
            smtp_server_free(h.server);
        }
}

static void test_answers(void **state) {
    (void)state;
    smtp_server_options options = {.domain = "bad domain"};
    smtp_server_event event;
    const char *bytes;
    size_t length;
    assert_null(smtp_server_new(&options));
    options.domain = "s";
    smtp_server *server = smtp_server_new(&options);
    assert_false(smtp_server_accept(server, NULL));
    assert_false(smtp_server_refuse(server, 550, NULL, "x"));
    assert_int_equal(smtp_server_input(server, "EHLO c\r\nNOOP\r\n", 14), 14);
    assert_true(smtp_server_next_event(server, &event));
    assert_false(smtp_server_next_event(server, &event)); /* an answer is due */
    assert_false(smtp_server_refuse(server, 250, NULL, "x"));
    assert_false(smtp_server_refuse(server, 550, "4.1.1", "x"));
    assert_false(smtp_server_refuse(server, 550, "5.1.1 x", "x"));
    assert_true(smtp_server_refuse(server, 421, NULL, "go\r\naway"));
    assert_true(smtp_server_next_event(server, &event));
    assert_int_equal(event.kind, SMTP_SERVER_QUIT);
    assert_false(smtp_server_next_event(server, &event));
    smtp_server_output(server, &bytes, &length);
    assert_int_equal(length, strlen("220 s ESMTP\r\n421 go? away\r\n"));
    assert_memory_equal(bytes, "220 s ESMTP\r\n421 go? away\r\n", length);
    smtp_server_free(server);
    server = smtp_server_new(&options); /* input is bounded while an answer is due or output waits */
    size_t taken = 0, step;
    char noops[6000];
    for (size_t i = 0; i < 1000; i++) memcpy(noops + 6 * i, "NOOP\r\n", 6);
    do {
        step = smtp_server_input(server, noops, sizeof noops);
        taken += step;
        while (smtp_server_next_event(server, &event)) {}
    } while (step == sizeof noops);
    assert_true(taken < 200000);
    smtp_server_output(server, &bytes, &length);
    assert_true(length <= SMTP_SERVER_OUTPUT_MAX + 600);
    smtp_server_free(server);
}

/* ---- both engines back to back: what goes in at one end comes out at the other ---- */

static void test_against_client(void **state) {
    (void)state;
    static const char *const contents[] = {"", "a", ".", "..\r\n.\r\n\r\n.x", "Subject: x\r\n\r\nbody\r\n", ".\r\n"};
    for (unsigned seed = 0; seed < 300; seed++) {
        static host h;
        memset(&h, 0, sizeof h);
        unsigned random = seed + 1;
        smtp_server_options server_options = {.domain = "s.test", .no_extensions = seed % 5 == 4};
        smtp_client_options client_options = {.local_domain = "c.test",
                                              .partial = seed % 2,
                                              .no_pipelining = seed % 3 == 2,
                                              .no_streaming = seed % 7 == 6};
        smtp_client_status status;
        smtp_client *client = smtp_client_new(&client_options, &status);
        h.server = smtp_server_new(&server_options);
        char expected[4096] = "";
        size_t begun = 0, done = 0;
        bool over = false;
        for (int turn = 0; turn < 5000 && !over; turn++) {
            smtp_client_event e;
            smtp_recipient recipients[] = {{.address = "b@x"},
                                           {.address = seed % 4 == 3 && begun == 2 ? "no@x" : "c@x"}};
            smtp_envelope envelope = {.sender = "a@x", .recipients = recipients, .recipient_count = 2};
            while (smtp_client_next_event(client, &e)) {
                over |= e.kind == SMTP_CLIENT_QUIT_DONE;
                if (e.kind == SMTP_CLIENT_FAILED) fail_msg("seed %u: %s", seed, e.failure->text);
                if (e.kind != SMTP_CLIENT_MESSAGE_DONE) continue;
                bool refused = seed % 4 == 3 && e.message == 3;
                assert_int_equal(e.result->state,
                                 refused && !client_options.partial ? SMTP_MESSAGE_REFUSED : SMTP_MESSAGE_ACCEPTED);
                assert_int_equal(e.result->refused, refused);
                done++;
            }
            if (smtp_client_wants_content(client)) {
                const char *content = contents[begun - 1];
                size_t taken, size = strlen(content);
                smtp_client_data(client, content, size, true, &taken);
                sprintf(expected + strlen(expected), "message [%s%s]\n", content,
                        size == 0 || content[size - 1] == '\n' ? "" : "\r\n");
            }
            if (smtp_client_can_begin(client)) {
                if (begun < 6) {
                    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
                    begun++;
                } else smtp_client_quit(client);
            }
            const char *bytes;
            size_t length;
            smtp_client_output(client, &bytes, &length);
            size_t piece = length > 0 ? 1 + (size_t)rand_r(&random) % length : 0;
            char copy[4096];
            memcpy(copy, bytes, piece);
            smtp_client_sent(client, piece);
            feed(&h, copy, piece, 100000, NULL);
            size_t back = h.out_length > 0 ? 1 + (size_t)rand_r(&random) % h.out_length : 0;
            smtp_client_input(client, h.out, back);
            memmove(h.out, h.out + back, h.out_length -= back);
        }
        assert_true(over && h.over);
        assert_int_equal(done, 6);
        char messages[4096] = ""; /* the log without the rest */
        for (char *at = h.log; (at = strstr(at, "message")) != NULL;) {
            char *end = strstr(at, "]\n") + 2;
            strncat(messages, at, (size_t)(end - at));
            at = end;
        }
        assert_string_equal(messages, expected);
        smtp_client_free(client);
        smtp_server_free(h.server);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_against_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
