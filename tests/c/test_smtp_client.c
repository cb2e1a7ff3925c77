/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_client: the client engine against canned dialogues, cut in every way, and against a small faulty server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/protocol/smtp_client.h"

/* ---- a driver: sends a list of messages, keeps a log of events as text ---- */

typedef struct test_message {
    const char *sender;
    const char *recipients[6];
    const char *content;
} test_message;

typedef struct driver {
    smtp_client *client;
    const test_message *messages;
    size_t message_count, begun;
    size_t chunk;    /* octets of content offered at once; 0: all */
    bool quit_early; /* QUIT as soon as the last content is handed over */
    bool quit_said;
    char log[16384]; /* events, a line each */
    size_t log_length;
    unsigned done, failed, quit;
    smtp_message_result results[16]; /* of each message, copies; pointers in them are dead */
    char failure[1200];
    smtp_client_failure last_failure;
} driver;

static const char *const state_names[] = {"accepted", "refused", "in-doubt", "not-sent"};
static const char *const stage_names[] = {"MAIL", "RCPT", "DATA", "content", "end"};
static const char *const failure_names[] = {"protocol", "closed", "refused", "local"};

static void add_log(driver *d, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    d->log_length += (size_t)vsnprintf(d->log + d->log_length, sizeof d->log - d->log_length, format, arguments);
    va_end(arguments);
    assert_true(d->log_length < sizeof d->log);
}

static void begin_next(driver *d) {
    const test_message *m = &d->messages[d->begun];
    smtp_recipient recipients[6] = {{0}};
    smtp_envelope envelope = {.sender = m->sender, .recipients = recipients};
    while (envelope.recipient_count < 6 && m->recipients[envelope.recipient_count] != NULL) {
        recipients[envelope.recipient_count].address = m->recipients[envelope.recipient_count];
        envelope.recipient_count++;
    }
    uint64_t number;
    assert_int_equal(smtp_client_begin(d->client, &envelope, &number), SMTP_CLIENT_OK);
    assert_int_equal(number, ++d->begun);
}

/* Begins what can begin, quits when all is done. */
static void advance(driver *d) {
    if (!smtp_client_can_begin(d->client)) return;
    if (d->begun < d->message_count) begin_next(d);
    else if (!d->quit_said && (d->quit_early || d->done == d->message_count)) {
        d->quit_said = true;
        assert_int_equal(smtp_client_quit(d->client), SMTP_CLIENT_OK);
    }
}

static void give_content(driver *d, uint64_t number) {
    const char *content = d->messages[number - 1].content;
    size_t left = strlen(content);
    do {
        size_t chunk = d->chunk > 0 && d->chunk < left ? d->chunk : left, taken;
        assert_int_equal(smtp_client_data(d->client, content, chunk, chunk == left, &taken), SMTP_CLIENT_OK);
        assert_int_equal(taken, chunk);
        content += taken;
        left -= taken;
    } while (left > 0);
}

static void log_reply(driver *d, const char *name, const smtp_reply *reply) {
    if (reply == NULL) add_log(d, "%s without a word\n", name);
    else add_log(d, "%s %d %s\n", name, reply->code, reply->text);
}

static void take_events(driver *d) {
    smtp_client_event e;
    for (advance(d);; advance(d)) {
        if (!smtp_client_next_event(d->client, &e)) {
            if (!smtp_client_wants_content(d->client)) break;
            add_log(d, "content %d\n", (int)d->begun);
            give_content(d, d->begun);
            continue;
        }
        assert_int_equal(d->failed + d->quit, 0); /* nothing comes after the last event */
        switch (e.kind) {
        case SMTP_CLIENT_GREETING: log_reply(d, "greeting", e.reply); break;
        case SMTP_CLIENT_READY: log_reply(d, "ready", e.reply); break;
        case SMTP_CLIENT_NOOP_DONE: log_reply(d, "noop", e.reply); break;
        case SMTP_CLIENT_VERIFY_DONE: log_reply(d, "verify", e.reply); break;
        case SMTP_CLIENT_RESET_DONE: log_reply(d, "reset", e.reply); break;
        case SMTP_CLIENT_TLS_READY: /* these are in test_smtp_security.c */
        case SMTP_CLIENT_TLS_REFUSED:
        case SMTP_CLIENT_AUTH_CHALLENGE:
        case SMTP_CLIENT_AUTH_DONE: fail_msg("nobody has asked for that"); break;
        case SMTP_CLIENT_QUIT_DONE:
            log_reply(d, "quit", e.reply);
            d->quit++;
            break;
        case SMTP_CLIENT_MESSAGE_DONE: {
            char code[12];
            smtp_enhanced_code_format(e.result->enhanced, code);
            add_log(d, "done %d %s%s at %s %d%s%s (%zu/%zu/%zu) %s\n", (int)e.message, state_names[e.result->state],
                    e.result->temporary ? " temporary" : "", stage_names[e.result->stage], e.result->code,
                    code[0] ? " " : "", code, e.result->accepted, e.result->refused, e.result->recipient_count,
                    e.result->text);
            for (size_t i = 0; e.result->recipient_count > 1 && i < e.result->recipient_count; i++)
                add_log(d, "to %s %d %s\n", e.result->recipients[i].address, e.result->recipients[i].code,
                        e.result->recipients[i].text);
            for (size_t i = 0; i < e.result->recipient_count; i++) /* every pointer must be readable */
                assert_true(strlen(e.result->recipients[i].text) + strlen(e.result->recipients[i].address) > 0);
            d->done++;
            d->results[e.message - 1] = *e.result;
            break;
        }
        case SMTP_CLIENT_FAILED:
            add_log(d, "failed %s%s%s %d %s\n", failure_names[e.failure->failure_class],
                    e.failure->temporary ? " temporary" : "", e.failure->streaming ? " streaming" : "", e.failure->code,
                    e.failure->text);
            d->last_failure = *e.failure;
            d->failed++;
            break;
        case SMTP_CLIENT_NONE: fail(); break;
        }
    }
    if (d->failed + d->quit > 0) assert_int_equal(d->done, d->begun); /* one MESSAGE_DONE for each message */
}

static void driver_init(driver *d, const smtp_client_options *options, const test_message *messages, size_t count) {
    smtp_client_status status;
    memset(d, 0, sizeof *d);
    d->client = smtp_client_new(options, &status);
    assert_non_null(d->client);
    d->messages = messages;
    d->message_count = count;
}

/* ---- dialogues ----
 * "C: line"  the client's next octets are this line and CRLF      "S: line" the server sends it
 * "="        the client has written nothing else, in one write     "X"       the connection ends
 * "E: text"  the next event                                        Several S lines in a row are one block of octets. */

typedef struct dialogue {
    const char *name;
    const char *script;
    test_message messages[6];
    bool lmtp, partial, no_pipelining, no_streaming, quit_early;
} dialogue;

#define HELLO                                                                                                          \
    "S: 220 mx.test ESMTP\nE: greeting 220 mx.test ESMTP\nC: EHLO a.test\n=\n"                                         \
    "S: 250-mx.test hello\nS: 250-PIPELINING\nS: 250-ENHANCEDSTATUSCODES\nS: 250 8BITMIME\n"                           \
    "E: ready 250 mx.test hello|PIPELINING|ENHANCEDSTATUSCODES|8BITMIME\n"
#define HELLO_PLAIN "S: 220 mx.test\nE: greeting 220 mx.test\nC: EHLO a.test\nS: 250 mx.test\nE: ready 250 mx.test\n"
#define LOST "connection closed while waiting for the reply to the end of the message"
#define BYE "C: QUIT\n=\nS: 221 bye\nE: quit 221 bye\n"
#define ONE                                                                                                            \
    { "me@a.test", {"you@b.test"}, "Hi\r\n" }
#define THREE                                                                                                          \
    { "me@a.test", {"r1@b.test", "r2@b.test", "r3@b.test"}, "Hi\r\n" }

static const dialogue dialogues[] = {
    {.name = "one message",
     .messages = {ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\n"
                     "S: 250 2.1.0 Ok\nS: 250 2.1.5 Fine\nS: 354 go\nE: content 1\n"
                     "C: Hi\nC: .\n=\nS: 250 2.0.0 queued as 1\n"
                     "E: done 1 accepted at end 250 2.0.0 (1/0/1) queued as 1\n" BYE},
    {.name = "null sender, empty content",
     .messages = {{"", {"\"a b>\"@b.test"}, ""}},
     .script = HELLO "C: MAIL FROM:<>\nC: RCPT TO:<\"a b>\"@b.test>\nC: DATA\n=\nS: 250 Ok\nS: 251 Fine\nS: 354\n"
                     "E: content 1\nC: .\n=\nS: 250\n"
                     "E: done 1 accepted at end 250 (1/0/1) \n" BYE},
    {.name = "lock-step with a server without extensions",
     .messages = {THREE, ONE},
     .script = HELLO_PLAIN
     "C: MAIL FROM:<me@a.test>\n=\nS: 250 a\nC: RCPT TO:<r1@b.test>\n=\nS: 250 b\n"
     "C: RCPT TO:<r2@b.test>\n=\nS: 250 c\nC: RCPT TO:<r3@b.test>\n=\nS: 250 d\n"
     "C: DATA\n=\nS: 354 e\nE: content 1\nC: Hi\nC: .\n=\nS: 250 f\n"
     "E: done 1 accepted at end 250 (3/0/3) f|to r1@b.test 250 b|to r2@b.test 250 c|to r3@b.test 250 d\n"
     "C: MAIL FROM:<me@a.test>\n=\nS: 250 a\nC: RCPT TO:<you@b.test>\n=\nS: 250 b\n"
     "C: DATA\n=\nS: 354 e\nE: content 2\nC: Hi\nC: .\n=\nS: 250 f\nE: done 2 accepted at end 250 (1/0/1) f\n" BYE},
    {.name = "HELO fallback",
     .messages = {ONE},
     .script = "S: 220 old\nE: greeting 220 old\nC: EHLO a.test\n=\nS: 500 what\nC: HELO a.test\n=\nS: 250 hi\n"
               "E: ready 250 hi\nC: MAIL FROM:<me@a.test>\n=\nS: 250 a\nC: RCPT TO:<you@b.test>\n=\nS: 250 b\n"
               "C: DATA\n=\nS: 354 e\nE: content 1\nC: Hi\nC: .\n=\nS: 250 f\n"
               "E: done 1 accepted at end 250 (1/0/1) f\n" BYE},
    {.name = "one of three refused: nothing is sent",
     .messages = {THREE, ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<r1@b.test>\nC: RCPT TO:<r2@b.test>\nC: RCPT TO:<r3@b.test>\n=\n"
     "S: 250 a\nS: 250 b\nS: 550-5.1.1 no\nS: 550 5.1.1 such user\nS: 451 4.3.0 later\n"
     "E: done 1 refused at RCPT 550 5.1.1 (0/2/3) no|such user|to r1@b.test 250 b|to r2@b.test 550 no|such user|"
     "to r3@b.test 451 later\n"
     "C: RSET\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 flushed\nS: 250 a\nS: 250 b\n"
     "S: 354 e\nE: content 2\nC: Hi\nC: .\n=\nS: 250 f\n"
     "E: done 2 accepted at end 250 (1/0/1) f\n" BYE},
    {.name = "one of three refused: partial",
     .partial = true,
     .messages = {THREE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<r1@b.test>\nC: RCPT TO:<r2@b.test>\nC: RCPT TO:<r3@b.test>\nC: DATA\n=\n"
     "S: 250 a\nS: 250 b\nS: 450 4.2.1 busy\nS: 250 d\nS: 354 e\n"
     "E: content 1\nC: Hi\nC: .\n=\nS: 250 f\n"
     "E: done 1 accepted at end 250 (2/1/3) f|to r1@b.test 250 b|to r2@b.test 450 busy|to r3@b.test 250 d\n" BYE},
    {.name = "all refused, DATA refused: RSET before the next",
     .messages = {ONE, ONE},
     .script =
         HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 450 4.2.0 grey\n"
               "S: 503 5.5.1 none\n"
               "E: done 1 refused temporary at RCPT 450 4.2.0 (0/1/1) grey\n"
               "C: RSET\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 z\nS: 250 a\nS: 250 b\n"
               "S: 354 c\nE: content 2\nC: Hi\nC: .\n=\nS: 250 f\n"
               "E: done 2 accepted at end 250 (1/0/1) f\n" BYE},
    {.name = "all refused, yet 354: a lone dot",
     .partial = true,
     .messages = {{"me@a.test", {"r1@b.test", "r2@b.test"}, "Hi\r\n"}, ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<r1@b.test>\nC: RCPT TO:<r2@b.test>\nC: DATA\n=\n"
     "S: 250 a\nS: 450 b\nS: 550 c\nS: 354 oh\n"
     "C: .\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 554 nobody\n"
     "E: done 1 refused at RCPT 550 (0/2/2) c|to r1@b.test 450 b|to r2@b.test 550 c\nS: 250 a\nS: 250 b\nS: 354 c\n"
     "E: content 2\nC: Hi\nC: .\n=\nS: 250 f\nE: done 2 accepted at end 250 (1/0/1) f\n" BYE},
    {.name = "MAIL refused, pipelined",
     .messages = {ONE, ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 550 5.7.1 not you\nS: 503 b\n"
                     "S: 503 c\nE: done 1 refused at MAIL 550 5.7.1 (0/1/1) not you\n"
                     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 452 full\nS: 503 b\nS: 503 c\n"
                     "E: done 2 refused temporary at MAIL 452 (0/1/1) full\n" BYE},
    {.name = "MAIL refused, lock-step",
     .no_pipelining = true,
     .messages = {ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\n=\nS: 550 no\nE: done 1 refused at MAIL 550 (0/1/1) no\n" BYE},
    {.name = "MAIL refused, RCPT accepted, 354: only the connection's end is safe",
     .messages = {ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 550 no\nS: 250 b\nS: 354 c\n"
     "E: done 1 refused at MAIL 550 (0/1/1) no\n"
     "E: failed protocol temporary 354 the server wants content although no recipient was accepted: \"354 c\"\n"},
    {.name = "DATA refused",
     .messages = {ONE},
     .script =
         HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 451 4.7.1 spam?\n"
               "E: done 1 refused temporary at DATA 451 4.7.1 (0/1/1) spam?\n" BYE},
    {.name = "content refused",
     .messages = {ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 354 c\n"
                     "E: content 1\nC: Hi\nC: .\n=\nS: 554 5.6.0 virus\n"
                     "E: done 1 refused at end 554 5.6.0 (0/1/1) virus\n" BYE},
    {.name = "five messages streamed, the third refused",
     .quit_early = true,
     .messages = {ONE, ONE, ONE, ONE, ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 354 c\n"
     "E: content 1\n"
     "C: Hi\nC: .\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\n"
     "S: 250 one\nS: 250 a\nS: 250 b\nS: 354 c\nE: done 1 accepted at end 250 (1/0/1) one\n"
     "E: content 2\n"
     "C: Hi\nC: .\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\n"
     "S: 250 two\nS: 250 a\nS: 550 b\nS: 503 c\nE: done 2 accepted at end 250 (1/0/1) two\n"
     "E: done 3 refused at RCPT 550 (0/1/1) b\n"
     "C: RSET\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 z\nS: 250 a\nS: 250 b\nS: 354 c\n"
     "E: content 4\n"
     "C: Hi\nC: .\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\n"
     "S: 451 four\nS: 250 a\nS: 250 b\nS: 354 c\nE: done 4 refused temporary at end 451 (0/1/1) four\n"
     "E: content 5\nC: Hi\nC: .\nC: QUIT\n=\nS: 250 five\nS: 221 bye\n"
     "E: done 5 accepted at end 250 (1/0/1) five\nE: quit 221 bye\n"},
    {.name = "no streaming",
     .no_streaming = true,
     .messages = {ONE, ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 354 c\n"
                     "E: content 1\nC: Hi\nC: .\n=\nS: 250 one\n"
                     "E: done 1 accepted at end 250 (1/0/1) one\n"
                     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 354 c\n"
                     "E: content 2\nC: Hi\nC: .\n=\nS: 250 two\n"
                     "E: done 2 accepted at end 250 (1/0/1) two\n" BYE},
    {.name = "LMTP: a reply for each recipient accepted",
     .lmtp = true,
     .partial = true,
     .messages = {THREE},
     .script =
         "S: 220 l\nE: greeting 220 l\nC: LHLO a.test\n=\nS: 250-l\nS: 250 PIPELINING\nE: ready 250 l|PIPELINING\n"
         "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<r1@b.test>\nC: RCPT TO:<r2@b.test>\nC: RCPT TO:<r3@b.test>\nC: DATA\n"
         "=\nS: 250 a\nS: 250 b\nS: 550 no\nS: 250 d\nS: 354 e\n"
         "E: content 1\nC: Hi\nC: .\n=\n"
         "S: 452-4.2.2 over\nS: 452 4.2.2 quota\nS: 250 kept\nE: done 1 accepted at end 250 (1/2/3) kept|"
         "to r1@b.test 452 over|quota|to r2@b.test 550 no|to r3@b.test 250 kept\n" BYE},
    {.name = "LMTP: lost between the replies",
     .lmtp = true,
     .messages = {{"", {"r1@b.test", "r2@b.test"}, "Hi"}},
     .script =
         "S: 220 l\nE: greeting 220 l\nC: LHLO a.test\n=\nS: 250-l\nS: 250 PIPELINING\nE: ready 250 l|PIPELINING\n"
         "C: MAIL FROM:<>\nC: RCPT TO:<r1@b.test>\nC: RCPT TO:<r2@b.test>\n=\nS: 250 a\nS: 250 b\nS: 250 c\n"
         "C: DATA\n=\nS: 354 e\nE: content 1\n"
         "C: Hi\nC: .\n=\nS: 250 kept\nX\n"
         "E: done 1 in-doubt temporary at end 0 (1/0/2) " LOST "|to r1@b.test 250 kept|to r2@b.test 0 " LOST "\n"
         "E: failed closed temporary 0 connection closed while waiting for the reply to the end of the message\n"},
    {.name = "LMTP server refuses LHLO",
     .lmtp = true,
     .script = "S: 220 smtp\nE: greeting 220 smtp\nC: LHLO a.test\n=\nS: 500 what\n"
               "E: failed refused 500 the server refuses LHLO: \"500 what\"\n"},
    {.name = "greeting 554",
     .script = "S: 554 5.3.2 no mail\nE: failed refused 554 the server takes no mail now: \"554 5.3.2 no mail\"\n"},
    {.name = "greeting 450",
     .script = "S: 450 later\nE: failed refused temporary 450 the server takes no mail now: \"450 later\"\n"},
    {.name = "421 as greeting",
     .script = "S: 421 4.3.2 full\nE: failed closed temporary 421 the server is closing the connection: \"421 4.3.2 "
               "full\"\n"},
    {.name = "no SMTP",
     .script = "S: SSH-2.0-x\nE: failed protocol temporary 0 waiting for the server's greeting, the server sent a line "
               "without a reply code: \"SSH-2.0-x\"\n"},
    {.name = "354 to the greeting",
     .script = "S: 354 x\nE: failed protocol temporary 354 a reply that does not fit, waiting for the server's "
               "greeting: \"354 x\"\n"},
    {.name = "354 to MAIL",
     .messages = {ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 354 x\n"
     "E: done 1 not-sent temporary at MAIL 0 (0/0/1) a reply that does not fit, waiting for the reply to MAIL FROM: "
     "\"354 x\"\n"
     "E: failed protocol temporary 354 a reply that does not fit, waiting for the reply to MAIL FROM: \"354 x\"\n"},
    {.name = "250 to DATA",
     .messages = {ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 250 c\n"
     "E: done 1 not-sent temporary at DATA 0 (0/0/1) a reply that does not fit, waiting for the reply to DATA: \"250 "
     "c\"\n"
     "E: failed protocol temporary 250 a reply that does not fit, waiting for the reply to DATA: \"250 c\"\n"},
    {.name = "354 to the final dot: in doubt",
     .messages = {ONE, ONE},
     .script = HELLO
     "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 354 c\n"
     "E: content 1\nC: Hi\nC: .\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\n"
     "C: DATA\n=\nS: 354 c\n"
     "E: done 1 in-doubt temporary at end 0 (0/0/1) a reply that does not fit, waiting for the reply to the end of the "
     "message: \"354 c\"\n"
     "E: done 2 not-sent temporary at MAIL 0 (0/0/1) a reply that does not fit, waiting for the reply to the end of "
     "the message: \"354 c\"\n"
     "E: failed protocol temporary streaming 354 a reply that does not fit, waiting for the reply to the end of the "
     "message: \"354 c\"\n"},
    {.name = "421 to the final dot, the next message under way",
     .messages = {ONE, ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 250 b\nS: 354 c\n"
                     "E: content 1\nC: Hi\nC: .\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\n"
                     "C: DATA\n=\nS: 421 bye\nE: done 1 refused temporary at end 421 (0/1/1) bye\n"
                     "E: done 2 not-sent temporary at MAIL 421 (0/0/1) bye\n"
                     "E: failed closed temporary 421 the server is closing the connection: \"421 bye\"\n"},
    {.name = "a reply before the command",
     .script = "S: 220 a\nS: 250 b\nE: greeting 220 a\n"
               "E: failed protocol temporary 250 the reply to EHLO came before the command was sent: \"250 b\"\n"},
    {.name = "a reply nobody asked for",
     .messages = {THREE},
     .partial = true,
     .script =
         HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<r1@b.test>\nC: RCPT TO:<r2@b.test>\nC: RCPT TO:<r3@b.test>\n"
               "C: DATA\n=\nS: 250 a\nS: 250 b\nS: 250 c\nS: 250 d\nS: 354 e\n"
               "E: content 1\nC: Hi\nC: .\n=\n"
               "S: 250 f\nE: done 1 accepted at end 250 (3/0/3) f|to r1@b.test 250 b|to r2@b.test 250 c|"
               "to r3@b.test 250 d\nC: QUIT\n=\nS: 221 g\nS: 250 h\nE: quit 221 g\n"},
    {.name = "closed without a word after QUIT", .script = HELLO "C: QUIT\n=\nX\nE: quit without a word\n"},
    {.name = "EHLO refused for now",
     .script = "S: 220 a\nE: greeting 220 a\nC: EHLO a.test\n=\nS: 451 b\n"
               "E: failed refused temporary 451 the server refuses EHLO: \"451 b\"\n"},
    {.name = "RSET refused",
     .messages = {ONE, ONE},
     .script = HELLO "C: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 250 a\nS: 550 b\nS: 503 c\n"
                     "E: done 1 refused at RCPT 550 (0/1/1) b\n"
                     "C: RSET\nC: MAIL FROM:<me@a.test>\nC: RCPT TO:<you@b.test>\nC: DATA\n=\nS: 500 z\n"
                     "E: done 2 not-sent temporary at MAIL 0 (0/0/1) the server refuses RSET: \"500 z\"\n"
                     "E: failed refused 500 the server refuses RSET: \"500 z\"\n"},
    {.name = "codes of one reply differ",
     .script = "S: 220-a\nS: 221 b\nE: failed protocol temporary 0 waiting for the server's greeting, the server sent "
               "a reply "
               "whose lines have different codes: \"221 b\"\n"},
};

typedef enum cut { CUT_NONE, CUT_OCTETS, CUT_RANDOM, CUT_COUNT } cut;

/* How much of the client's output is passed on at once differs too: it must not matter. */
static void feed(driver *d, const char *bytes, size_t length, cut how, unsigned *seed) {
    while (length > 0) {
        size_t piece = how == CUT_NONE ? length : how == CUT_OCTETS ? 1 : 1 + (size_t)rand_r(seed) % 7;
        if (piece > length) piece = length;
        char *copy = malloc(piece); /* so that a read past its end is seen */
        memcpy(copy, bytes, piece);
        smtp_client_input(d->client, copy, piece);
        free(copy);
        bytes += piece;
        length -= piece;
        take_events(d);
    }
}

static void run_dialogue(const dialogue *test, cut how, unsigned seed, bool bare_lf) {
    driver d;
    smtp_client_options options = {.local_domain = "a.test",
                                   .lmtp = test->lmtp,
                                   .partial = test->partial,
                                   .no_pipelining = test->no_pipelining,
                                   .no_streaming = test->no_streaming};
    size_t count = 0;
    while (count < 6 && test->messages[count].sender != NULL) count++;
    driver_init(&d, &options, test->messages, count);
    d.quit_early = test->quit_early;
    d.chunk = how == CUT_NONE ? 0 : how == CUT_OCTETS ? 1 : 3;
    char expected_events[8192] = "", *events_end = expected_events;
    char out[8192], block[8192];
    size_t out_length = 0, block_length = 0;
    for (const char *line = test->script; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *next = line + length + (line[length] == '\n');
        if (line[0] == 'S') {
            memcpy(block + block_length, line + 3, length - 3);
            block_length += length - 3;
            if (!bare_lf) block[block_length++] = '\r';
            block[block_length++] = '\n';
            if (next[0] != 'S') {
                feed(&d, block, block_length, how, &seed);
                block_length = 0;
            }
        } else if (line[0] == 'X') {
            smtp_client_closed(d.client, NULL);
            take_events(&d);
        } else if (line[0] == 'E') {
            memcpy(events_end, line + 3, length - 3);
            events_end += length - 3;
            *events_end++ = '\n';
        } else if (line[0] == 'C') {
            take_events(&d);
            const char *bytes;
            size_t available;
            smtp_client_output(d.client, &bytes, &available);
            memcpy(out + out_length, bytes, available);
            smtp_client_sent(d.client, available);
            out_length += available;
            if (out_length < length - 1 || memcmp(out, line + 3, length - 3) != 0 ||
                memcmp(out + length - 3, "\r\n", 2) != 0)
                fail_msg("%s: expected \"%.*s\", the client wrote \"%.*s\"", test->name, (int)length - 3, line + 3,
                         (int)out_length, out);
            memmove(out, out + length - 1, out_length -= length - 1);
        } else if (line[0] == '=') {
            const char *bytes;
            size_t available;
            smtp_client_output(d.client, &bytes, &available);
            if (out_length + available > 0)
                fail_msg("%s: the client also wrote \"%.*s%.*s\"", test->name, (int)out_length, out, (int)available,
                         bytes);
        }
        line = next;
    }
    *events_end = '\0';
    for (char *p = d.log; *p != '\0'; p++) /* the lines of a text are shown as "a|b" */
        if (*p == '\n' && p[1] != '\0' && strncmp(p + 1, "greeting ", 9) != 0 && strncmp(p + 1, "ready ", 6) != 0 &&
            strncmp(p + 1, "rcpt ", 5) != 0 && strncmp(p + 1, "content ", 8) != 0 && strncmp(p + 1, "done ", 5) != 0 &&
            strncmp(p + 1, "failed ", 7) != 0 && strncmp(p + 1, "quit ", 5) != 0)
            *p = '|';
    if (strcmp(d.log, expected_events) != 0)
        fail_msg("%s (cut %d): expected events\n%s--- got\n%s", test->name, how, expected_events, d.log);
    if (d.failed + d.quit > 0) { /* it is really over */
        const char *bytes;
        size_t length;
        smtp_client_output(d.client, &bytes, &length);
        assert_int_equal(length, 0);
        assert_int_equal(smtp_client_noop(d.client), SMTP_CLIENT_CLOSED);
        assert_int_equal(smtp_client_timeout_ms(d.client), -1);
        smtp_client_input(d.client, "250 x\r\n", 7);
        smtp_client_closed(d.client, NULL);
        take_events(&d);
    }
    smtp_client_free(d.client);
}

static void test_dialogues(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++) {
        run_dialogue(&dialogues[i], CUT_NONE, 1, false);
        run_dialogue(&dialogues[i], CUT_NONE, 1, true);
        run_dialogue(&dialogues[i], CUT_OCTETS, 1, false);
        for (unsigned seed = 1; seed <= 20; seed++) run_dialogue(&dialogues[i], CUT_RANDOM, seed, seed % 2 == 0);
    }
}

/* ---- a small server with faults: it keeps account of what it delivered ---- */

typedef struct fake_server {
    char in[65536];
    size_t in_length;
    bool in_data, pipelining, lmtp, mail;
    unsigned accepted;      /* recipients in this transaction */
    unsigned reply_index;   /* replies given so far */
    unsigned delivered[16]; /* recipients served, by the message's number as its content says ("n") */
    unsigned number;        /* of the message whose content comes */
    bool refused_rcpt;      /* "r2" is refused */
    int fault_at;           /* reply to be replaced, or -1 */
    const char *fault;      /* the replacement; NULL: close */
    bool closed;
    char out[65536];
    size_t out_length;
} fake_server;

/* Returns the code really sent: 0 for nothing, 1 for no code at all. */
static int server_reply(fake_server *s, const char *text) {
    bool faulty = s->fault_at == (int)s->reply_index++;
    if (faulty && s->fault == NULL) s->closed = true;
    if (s->closed) return 0;
    if (faulty) text = s->fault;
    s->out_length += (size_t)snprintf(s->out + s->out_length, sizeof s->out - s->out_length, "%s\r\n", text);
    int code = atoi(text);
    if (code == 421) s->closed = true;
    return code ? code : 1;
}

static bool positive(int code) { return code / 100 == 2; }

static void server_content_line(fake_server *s, const char *line) {
    if (strcmp(line, ".") != 0) {
        if (line[0] >= '1' && line[0] <= '9') s->number = (unsigned)(line[0] - '0');
        return;
    }
    s->in_data = s->mail = false;
    unsigned replies = s->lmtp ? s->accepted : 1, each = s->lmtp ? 1 : s->accepted;
    for (unsigned i = 0; i < replies; i++)
        if (server_reply(s, "250 2.0.0 taken") < 400)
            s->delivered[s->number] += each; /* even when no reply gets through */
    s->accepted = 0;
}

static void server_line(fake_server *s, const char *line) {
    if (s->in_data) server_content_line(s, line);
    else if (strncmp(line, "EHLO", 4) == 0 || strncmp(line, "LHLO", 4) == 0)
        server_reply(s, s->pipelining ? "250-fake\r\n250-8BITMIME\r\n250 PIPELINING" : "250-fake\r\n250 8BITMIME");
    else if (strncmp(line, "HELO", 4) == 0) server_reply(s, "250 fake");
    else if (strncmp(line, "MAIL", 4) == 0) {
        assert_false(s->mail); /* the client must not begin within a transaction */
        if (positive(server_reply(s, "250 a"))) s->mail = true;
        s->accepted = 0;
    } else if (strncmp(line, "RCPT", 4) == 0) {
        bool good = s->mail && !(s->refused_rcpt && strstr(line, "r2@") != NULL);
        if (positive(server_reply(s, good ? "250 b" : "550 5.1.1 no"))) s->accepted++;
    } else if (strcmp(line, "DATA") == 0)
        s->in_data = server_reply(s, s->accepted ? "354 c" : "503 no recipients") == 354;
    else if (strcmp(line, "RSET") == 0) {
        server_reply(s, "250 r");
        s->mail = false;
        s->accepted = 0;
    } else if (strcmp(line, "QUIT") == 0) {
        server_reply(s, "221 q");
        s->closed = true;
    } else fail_msg("the server does not know \"%s\"", line);
}

static void server_input(fake_server *s, const char *bytes, size_t length) {
    assert_true(s->in_length + length < sizeof s->in);
    memcpy(s->in + s->in_length, bytes, length);
    s->in_length += length;
    char *end;
    while (!s->closed && (end = memmem(s->in, s->in_length, "\r\n", 2)) != NULL) {
        *end = '\0';
        server_line(s, s->in);
        s->in_length -= (size_t)(end + 2 - s->in);
        memmove(s->in, end + 2, s->in_length);
    }
}

static const test_message fleet[] = {
    {"me@a.test", {"r1@b.test", "r2@b.test", "r3@b.test"}, "1\r\n.dot\r\n"},
    {"me@a.test", {"r1@b.test"}, "2\r\n"},
    {"me@a.test", {"r2@b.test"}, "3\r\n"},
    {"", {"r1@b.test", "r3@b.test"}, "4\r\n"},
};
enum { FLEET = sizeof fleet / sizeof fleet[0] };

/* Runs the fleet against the server; `stop_after` octets of the server's side the connection ends (SIZE_MAX: never).
 * Returns the octets the server sent. */
static size_t run_fleet(driver *d, fake_server *s, const smtp_client_options *options, size_t stop_after) {
    size_t total = 0;
    driver_init(d, options, fleet, FLEET);
    s->lmtp = options->lmtp;
    server_reply(s, "220 fake");
    for (int turn = 0; turn < 1000 && d->failed + d->quit == 0; turn++) {
        size_t pass = s->out_length;
        bool stop = total + pass >= stop_after;
        if (stop) pass = stop_after - total;
        smtp_client_input(d->client, s->out, pass);
        total += pass;
        s->out_length = 0;
        take_events(d);
        const char *bytes;
        size_t length;
        smtp_client_output(d->client, &bytes, &length);
        if (length == 0 || stop) {
            if (d->failed + d->quit > 0) break;
            /* Else both wait for ever; only half a reply may do that, and the caller's time limit ends it. */
            assert_true(s->closed || stop || (s->fault != NULL && strcmp(s->fault, "250-") == 0));
            smtp_client_closed(d->client, NULL);
            take_events(d);
            break;
        }
        if (!s->closed) server_input(s, bytes, length);
        smtp_client_sent(d->client, length);
        if (s->closed && s->out_length == 0) {
            smtp_client_closed(d->client, "connection reset");
            take_events(d);
        }
    }
    assert_int_equal(d->failed + d->quit, 1);
    return total;
}

/* What the client says must agree with what the server did. */
static void check_books(const driver *d, const fake_server *s, bool partial, bool lmtp) {
    for (size_t i = 0; i < d->begun; i++) {
        const smtp_message_result *result = &d->results[i];
        unsigned delivered = s->delivered[i + 1];
        switch (result->state) {
        case SMTP_MESSAGE_ACCEPTED: assert_int_equal(delivered, result->accepted); break;
        case SMTP_MESSAGE_REFUSED:
        case SMTP_MESSAGE_NOT_SENT: assert_int_equal(delivered, 0); break;
        case SMTP_MESSAGE_IN_DOUBT: assert_true(delivered >= result->accepted); break;
        }
        if (!partial && !lmtp && result->state == SMTP_MESSAGE_ACCEPTED)
            assert_int_equal(result->accepted, result->recipient_count);
    }
}

static smtp_client_options combination(unsigned bits) {
    return (smtp_client_options){.local_domain = "a.test",
                                 .lmtp = bits & 1,
                                 .partial = (bits & 2) != 0,
                                 .no_pipelining = (bits & 4) != 0,
                                 .no_streaming = (bits & 8) != 0};
}

static void test_faults_at_each_reply(void **state) {
    (void)state;
    static const char *const faults[] = {"421 4.3.2 bye", "451 4.0.0 later", "550 5.0.0 never", "354 go", "250 yes",
                                         "220 hm",        "599-x\r\n599 y",  "\x80\x01",        "250-",   NULL};
    for (unsigned bits = 0; bits < 32; bits++) {
        smtp_client_options options = combination(bits);
        for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++)
            for (int at = 0; at < 30; at++) {
                driver d;
                fake_server s = {.pipelining = true, .fault_at = at, .fault = faults[f], .refused_rcpt = bits & 16};
                run_fleet(&d, &s, &options, SIZE_MAX);
                check_books(&d, &s, options.partial, options.lmtp);
                if (faults[f] != NULL && strncmp(faults[f], "421", 3) == 0 && (int)s.reply_index > at && d.quit == 0) {
                    assert_int_equal(d.last_failure.code, 421);
                    assert_true(d.last_failure.temporary);
                    for (size_t i = 0; i < d.begun; i++)
                        assert_true(d.results[i].temporary || d.results[i].state == SMTP_MESSAGE_ACCEPTED ||
                                    d.results[i].code >= 500);
                }
                smtp_client_free(d.client);
            }
    }
}

static void test_close_at_each_octet(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 32; bits++) {
        smtp_client_options options = combination(bits);
        driver d;
        fake_server s = {.pipelining = true, .fault_at = -1, .refused_rcpt = bits & 16};
        size_t total = run_fleet(&d, &s, &options, SIZE_MAX);
        assert_int_equal(d.quit, 1);
        check_books(&d, &s, options.partial, options.lmtp);
        smtp_client_free(d.client);
        for (size_t at = 0; at < total; at++) {
            s = (fake_server){.pipelining = true, .fault_at = -1, .refused_rcpt = bits & 16};
            run_fleet(&d, &s, &options, at);
            check_books(&d, &s, options.partial, options.lmtp);
            if (d.failed) {
                assert_int_equal(d.last_failure.failure_class, SMTP_FAILURE_CLOSED);
                assert_true(d.last_failure.temporary);
            }
            smtp_client_free(d.client);
        }
    }
}

/* ---- in doubt or not: it turns on the last octet handed over ---- */

static void test_in_doubt_boundary(void **state) {
    (void)state;
    static const test_message one[] = {ONE};
    static const char replies[] = "250 a\r\n250 b\r\n354 c\r\n";
    smtp_client_options options = {.local_domain = "a.test"};
    for (size_t handed = 0; handed <= 7; handed++) { /* "Hi" CRLF "." CRLF */
        driver d;
        const char *bytes;
        size_t length;
        driver_init(&d, &options, one, 1);
        smtp_client_input(d.client, "220 a\r\n", 7);
        smtp_client_sent(d.client, 100);
        smtp_client_input(d.client, "250-b\r\n250 PIPELINING\r\n", 23);
        take_events(&d);
        smtp_client_sent(d.client, 100);
        smtp_client_input(d.client, replies, sizeof replies - 1);
        assert_int_equal(smtp_client_timeout_ms(d.client), -1);
        take_events(&d);
        smtp_client_output(d.client, &bytes, &length);
        assert_int_equal(length, 7);
        assert_int_equal(smtp_client_timeout_ms(d.client), 180000);
        smtp_client_sent(d.client, handed);
        assert_int_equal(smtp_client_timeout_ms(d.client), handed < 7 ? 180000 : 600000);
        smtp_client_closed(d.client, "no reply in\n600 s");
        take_events(&d);
        assert_int_equal(d.results[0].state, handed < 7 ? SMTP_MESSAGE_NOT_SENT : SMTP_MESSAGE_IN_DOUBT);
        assert_non_null(strstr(d.log, "no reply in 600 s while waiting for the reply to the end of the message"));
        smtp_client_free(d.client);
    }
}

static void test_refused_in_mid_content(void **state) {
    (void)state;
    static const test_message one[] = {ONE};
    static const struct {
        const char *reply;
        smtp_message_state expected;
        bool temporary;
    } cases[] = {{"552 5.3.4 too big\r\n", SMTP_MESSAGE_REFUSED, false},
                 {"452 full\r\n", SMTP_MESSAGE_REFUSED, true},
                 {"421 bye\r\n", SMTP_MESSAGE_NOT_SENT, true},
                 {"250 thanks\r\n", SMTP_MESSAGE_NOT_SENT, true}};
    for (size_t i = 0; i < 4; i++)
        for (size_t handed = 0; handed < 7; handed++) {
            driver d;
            smtp_client_options options = {.local_domain = "a.test"};
            driver_init(&d, &options, one, 1);
            smtp_client_input(d.client, "220 a\r\n", 7);
            smtp_client_sent(d.client, 100);
            smtp_client_input(d.client, "250-b\r\n250 PIPELINING\r\n", 23);
            take_events(&d);
            smtp_client_sent(d.client, 100);
            smtp_client_input(d.client, "250 a\r\n250 b\r\n354 c\r\n", 21);
            take_events(&d);
            smtp_client_sent(d.client, handed);
            smtp_client_input(d.client, cases[i].reply, strlen(cases[i].reply));
            take_events(&d);
            assert_int_equal(d.failed, 1);
            assert_int_equal(d.results[0].state, cases[i].expected);
            assert_int_equal(d.results[0].temporary, cases[i].temporary);
            smtp_client_free(d.client);
        }
}

/* What a caller needs for deadlines and for not writing more commands than the sockets hold replies for. */
static void test_questions(void **state) {
    (void)state;
    static const test_message one[] = {{"s@x.test", {"a@y.test", "b@y.test", "c@y.test"}, "Hello\r\n"}};
    driver d;
    smtp_client_options options = {.local_domain = "a.test"};
    driver_init(&d, &options, one, 1);
    size_t sent, length;
    const char *bytes;
    assert_int_equal(smtp_client_replies(d.client), 0);
    assert_int_equal(smtp_client_unanswered(d.client, &sent), 1); /* the greeting wants no command */
    assert_int_equal(sent, 1);
    smtp_client_input(d.client, "220 a\r\n", 7);
    assert_int_equal(smtp_client_replies(d.client), 1);
    assert_int_equal(smtp_client_unanswered(d.client, &sent), 1);
    assert_int_equal(sent, 0);
    smtp_client_sent(d.client, 100);
    assert_int_equal(smtp_client_unanswered(d.client, &sent), 1);
    assert_int_equal(sent, 1);
    smtp_client_input(d.client, "250-b\r\n250 PIPE", 15);
    assert_int_equal(smtp_client_replies(d.client), 1); /* half a reply is none */
    smtp_client_input(d.client, "LINING\r\n", 8);
    assert_int_equal(smtp_client_replies(d.client), 2);
    take_events(&d); /* begins the message: MAIL, RCPT, RCPT, RCPT */
    assert_int_equal(smtp_client_unanswered(d.client, NULL), 4);
    smtp_client_output(d.client, &bytes, &length);
    for (size_t at = 0, lines = 0; at < length; at++) {
        smtp_client_sent(d.client, 1);
        lines += bytes[at] == '\n';
        assert_int_equal(smtp_client_unanswered(d.client, &sent), 4);
        assert_int_equal(sent, lines);
    }
    smtp_client_input(d.client, "250 a\r\n250 b\r\n", 14);
    assert_int_equal(smtp_client_replies(d.client), 4);
    assert_int_equal(smtp_client_unanswered(d.client, &sent), 2);
    assert_int_equal(sent, 2);
    smtp_client_closed(d.client, NULL);
    assert_int_equal(smtp_client_unanswered(d.client, &sent), 0);
    smtp_client_free(d.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues),
        cmocka_unit_test(test_faults_at_each_reply),
        cmocka_unit_test(test_close_at_each_octet),
        cmocka_unit_test(test_in_doubt_boundary),
        cmocka_unit_test(test_refused_in_mid_content),
        cmocka_unit_test(test_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
