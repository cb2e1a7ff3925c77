/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_chunking: messages streamed by BDAT against a small server that knows what it has delivered: whatever it
 * refuses, wherever it stops, what the client tells of each recipient must be what happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/protocol/smtp_client.h"

enum { MESSAGES = 3, RECIPIENTS = 2 };

/* ---- a server ---- */

/* Codes by message and recipient, that is by their addresses: MAIL FROM:<0@s>, RCPT TO:<1.0@r>. */
typedef struct plan {
    int mail[MESSAGES], rcpt[MESSAGES][RECIPIENTS], end[MESSAGES];
    bool keeps; /* a refused BDAT does not end the transaction: RFC 3030 allows both */
} plan;

typedef struct server {
    const plan *script;
    const char *extensions;
    size_t allowance; /* octets it still reads before it dies */
    char line[256];
    size_t line_length;
    uint64_t chunk_left;
    int chunk_first; /* the first octet of the content: the message's number */
    bool in_chunk, has_sender;
    int sender;
    bool recipients[MESSAGES][RECIPIENTS];
    unsigned delivered[MESSAGES][RECIPIENTS]; /* how often, with the right content and sender */
    unsigned wrong;                           /* deliveries with another message's sender or content */
    char out[8192];
    size_t out_length;
    unsigned resets, chunks;
} server;

static void say(server *s, int code) {
    s->out_length += (size_t)snprintf(s->out + s->out_length, sizeof s->out - s->out_length, "%d words\r\n", code);
}

static void clear(server *s) {
    s->has_sender = false;
    memset(s->recipients, 0, sizeof s->recipients);
}

static void end_chunk(server *s) {
    bool any = false;
    s->in_chunk = false;
    for (int m = 0; m < MESSAGES; m++)
        for (int r = 0; r < RECIPIENTS; r++) any |= s->recipients[m][r];
    if (!s->has_sender || !any) {
        say(s, 503);
        if (!s->script->keeps) clear(s);
        return;
    }
    int code = s->script->end[s->sender];
    say(s, code);
    for (int m = 0; m < MESSAGES && code < 300; m++)
        for (int r = 0; r < RECIPIENTS; r++) {
            if (!s->recipients[m][r]) continue;
            if (s->sender != m || s->chunk_first != '0' + m) s->wrong++;
            s->delivered[m][r]++;
        }
    if (code < 300 || !s->script->keeps) clear(s);
}

static void obey(server *s) {
    int m, r;
    unsigned long long size;
    if (strncmp(s->line, "EHLO", 4) == 0)
        s->out_length += (size_t)snprintf(s->out + s->out_length, sizeof s->out - s->out_length, "%s", s->extensions);
    else if (sscanf(s->line, "MAIL FROM:<%d@", &m) == 1) {
        int code = s->has_sender ? 503 : s->script->mail[m];
        if (code < 300) s->has_sender = true, s->sender = m;
        say(s, code);
    } else if (sscanf(s->line, "RCPT TO:<%d.%d@", &m, &r) == 2) {
        int code = s->has_sender ? s->script->rcpt[m][r] : 503;
        s->recipients[m][r] |= code < 300;
        say(s, code);
    } else if (sscanf(s->line, "BDAT %llu", &size) == 1) {
        assert_non_null(strstr(s->line, "LAST"));
        s->chunks++;
        s->chunk_left = size;
        s->in_chunk = true;
        s->chunk_first = 0;
    } else if (strncmp(s->line, "RSET", 4) == 0) {
        s->resets++;
        clear(s);
        say(s, 250);
    } else if (strncmp(s->line, "QUIT", 4) == 0) say(s, 221);
    else say(s, 500);
}

static void serve(server *s, const char *bytes, size_t length) {
    for (size_t i = 0; i < length && s->allowance > 0; i++, s->allowance--) {
        if (s->in_chunk) {
            if (s->chunk_first == 0) s->chunk_first = bytes[i];
            if (--s->chunk_left == 0) end_chunk(s);
            continue;
        }
        assert_true(s->line_length < sizeof s->line - 1);
        s->line[s->line_length++] = bytes[i];
        if (bytes[i] != '\n') continue;
        s->line[s->line_length] = '\0';
        s->line_length = 0;
        obey(s);
    }
}

/* ---- a client that has all its messages under way as soon as the engine lets it ---- */

typedef struct sender {
    smtp_client *client;
    int counts[MESSAGES]; /* recipients of each */
    int begun, done, failed, most_under_way;
    smtp_message_state states[MESSAGES][RECIPIENTS], results[MESSAGES];
    smtp_message_stage stages[MESSAGES];
    size_t writes;
    bool streaming, quit;
} sender;

static size_t content_of(char content[64], int m) {
    return (size_t)snprintf(content, 64, "%d\r\nMAIL FROM:<x@y>\r\n.\r\n..\r\n", m);
}

static void begin_next(sender *c) {
    char from[16], to[RECIPIENTS][16], content[64];
    smtp_recipient recipients[RECIPIENTS] = {{0}};
    int m = c->begun++;
    snprintf(from, sizeof from, "%d@s", m);
    for (int r = 0; r < c->counts[m]; r++) {
        snprintf(to[r], sizeof to[r], "%d.%d@r", m, r);
        recipients[r].address = to[r];
    }
    smtp_envelope envelope = {.sender = from,
                              .recipients = recipients,
                              .recipient_count = (size_t)c->counts[m],
                              .size = content_of(content, m)};
    assert_int_equal(smtp_client_begin(c->client, &envelope, NULL), SMTP_CLIENT_OK);
    if (c->begun - c->done > c->most_under_way) c->most_under_way = c->begun - c->done;
}

static void give_content(sender *c) {
    char content[64];
    size_t taken, length = content_of(content, c->begun - 1);
    assert_int_equal(smtp_client_data(c->client, content, 3, false, &taken), SMTP_CLIENT_OK);
    assert_int_equal(smtp_client_data(c->client, content + 3, length - 3, true, &taken), SMTP_CLIENT_OK);
    assert_int_equal(taken, length - 3);
}

static void take_event(sender *c, const smtp_client_event *e) {
    switch (e->kind) {
    case SMTP_CLIENT_MESSAGE_DONE:
        c->done++;
        c->results[e->message - 1] = e->result->state;
        c->stages[e->message - 1] = e->result->stage;
        for (size_t r = 0; r < e->result->recipient_count; r++)
            c->states[e->message - 1][r] = e->result->recipients[r].state;
        break;
    case SMTP_CLIENT_FAILED:
        c->failed++;
        c->streaming = e->failure->streaming;
        break;
    case SMTP_CLIENT_QUIT_DONE: c->quit = true; break;
    default: break;
    }
}

static void take(sender *c) {
    smtp_client_event e;
    for (;;) {
        while (smtp_client_next_event(c->client, &e)) take_event(c, &e);
        if (smtp_client_wants_content(c->client)) give_content(c);
        if (c->begun == MESSAGES || !smtp_client_can_begin(c->client)) return;
        begin_next(c);
    }
}

static const char all_extensions[] = "250-s\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

/* Both until the end: all done, or the server dead after `allowance` octets read, of whose replies `heard` come. */
static void run(sender *c, server *s, const smtp_client_options *options, const plan *script, size_t allowance,
                size_t heard) {
    smtp_client_status status;
    const char *extensions = s->extensions != NULL ? s->extensions : all_extensions;
    *s = (server){.script = script, .extensions = extensions, .allowance = allowance};
    *c = (sender){.counts = {1, 1, RECIPIENTS}};
    c->client = smtp_client_new(options, &status);
    strcpy(s->out, "220 s\r\n");
    s->out_length = 7;
    for (int round = 0; round < 200 && !c->quit && c->failed == 0; round++) {
        size_t pass = s->out_length < heard ? s->out_length : heard, length;
        smtp_client_input(c->client, s->out, pass);
        heard -= pass;
        memmove(s->out, s->out + pass, s->out_length -= pass);
        take(c);
        if (c->done == MESSAGES && smtp_client_can_begin(c->client)) smtp_client_quit(c->client);
        const char *bytes;
        smtp_client_output(c->client, &bytes, &length);
        c->writes += length > 0;
        serve(s, bytes, length);
        smtp_client_sent(c->client, length);
        if (length == 0 && (heard == 0 || s->out_length == 0)) smtp_client_closed(c->client, NULL);
        take(c);
    }
    assert_true(c->quit || c->failed == 1);
    assert_int_equal(c->done, c->begun);
    smtp_client_free(c->client);
}

/* What was told is what happened. */
static void check(const sender *c, const server *s, bool partial) {
    assert_int_equal(s->wrong, 0);
    for (int m = 0; m < c->begun; m++) {
        unsigned delivered = 0;
        for (int r = 0; r < c->counts[m]; r++) {
            unsigned times = s->delivered[m][r];
            delivered += times;
            assert_true(times <= 1);
            switch (c->states[m][r]) {
            case SMTP_MESSAGE_ACCEPTED: assert_int_equal(times, 1); break;
            case SMTP_MESSAGE_IN_DOUBT: assert_true(c->failed); break;
            default: assert_int_equal(times, 0); break;
            }
        }
        if (!partial) assert_true(delivered == 0 || delivered == (unsigned)c->counts[m]);
        if (c->results[m] == SMTP_MESSAGE_ACCEPTED) assert_true(delivered > 0);
        if (c->results[m] == SMTP_MESSAGE_REFUSED || c->results[m] == SMTP_MESSAGE_NOT_SENT)
            assert_int_equal(delivered, 0);
    }
}

/* ---- every combination of refusals ---- */

static plan script_of(unsigned long n) {
    static const int mail[] = {250, 550}, rcpt[] = {250, 550, 451}, end[] = {250, 554};
    plan s = {0};
    for (int m = 0; m < MESSAGES; m++) {
        s.mail[m] = mail[n % 2], n /= 2;
        s.end[m] = end[n % 2], n /= 2;
        for (int r = 0; r < (m == MESSAGES - 1 ? RECIPIENTS : 1); r++) s.rcpt[m][r] = rcpt[n % 3], n /= 3;
    }
    return s;
}
enum { SCRIPTS = 4 * 3 * 4 * 3 * 4 * 9 };

static void test_refusals(void **state) {
    (void)state;
    for (unsigned long n = 0; n < SCRIPTS; n++)
        for (unsigned bits = 0; bits < 16; bits++) {
            plan script = script_of(n);
            script.keeps = bits & 1;
            smtp_client_options options = {.local_domain = "a.test",
                                           .partial = (bits & 2) != 0,
                                           .streams = (bits & 4) != 0,
                                           .no_pipelining = (bits & 8) != 0};
            sender c;
            server s = {0};
            run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
            assert_true(c.quit);
            assert_int_equal(c.done, MESSAGES);
            check(&c, &s, options.partial);
            for (int m = 0; m < MESSAGES; m++) { /* who refused what is told rightly */
                bool mail = script.mail[m] < 300, rcpt = script.rcpt[m][0] < 300, end = script.end[m] < 300;
                if (m == MESSAGES - 1)
                    rcpt = options.partial ? rcpt || script.rcpt[m][1] < 300 : rcpt && script.rcpt[m][1] < 300;
                assert_int_equal(c.results[m] == SMTP_MESSAGE_ACCEPTED, mail && rcpt && end);
                assert_int_equal(c.stages[m], !mail ? SMTP_STAGE_MAIL : !rcpt ? SMTP_STAGE_RCPT : SMTP_STAGE_END);
            }
        }
}

/* ---- every place to die ---- */

static void test_deaths(void **state) {
    (void)state;
    static const unsigned long scripts[] = {0, 4, 1 + 12, 2, 12 * 12 * 4 + 12, 2 + 12 * 4};
    unsigned long doubts = 0;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        for (unsigned bits = 0; bits < 8; bits++)
            for (size_t allowance = 1; allowance < 500; allowance++) {
                plan script = script_of(scripts[i]);
                script.keeps = bits & 1;
                smtp_client_options options = {
                    .local_domain = "a.test", .partial = (bits & 2) != 0, .streams = (bits & 4) != 0};
                sender c;
                server s = {0};
                run(&c, &s, &options, &script, allowance, SIZE_MAX);
                check(&c, &s, options.partial);
                /* The same with replies that are lost on their way. */
                run(&c, &s, &options, &script, SIZE_MAX, allowance);
                check(&c, &s, options.partial);
                for (int m = 0; m < c.begun; m++) doubts += c.results[m] == SMTP_MESSAGE_IN_DOUBT;
                /* Before the server has borne an envelope behind the end of a message no more is at stake. */
                unsigned now = 0;
                for (int m = 0; m < c.begun; m++) now += c.results[m] == SMTP_MESSAGE_IN_DOUBT;
                if (!options.streams && c.done < 2) assert_true(now <= 1);
            }
    assert_true(doubts > 100);
}

/* ---- how it is written ---- */

static void test_one_write(void **state) {
    (void)state;
    plan script = script_of(0);
    smtp_client_options options = {.local_domain = "a.test", .streams = true, .partial = true};
    sender c;
    server s = {0};
    run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
    assert_int_equal(c.writes, 3); /* EHLO, all three messages, QUIT */
    assert_int_equal(c.most_under_way, MESSAGES);
    assert_int_equal(s.resets, MESSAGES - 1);
    /* Several recipients and all or nothing: the last one's content waits for the replies to RCPT. */
    options.partial = false;
    s = (server){0};
    run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
    assert_int_equal(c.writes, 4);
    /* A server not tried yet gets an envelope first. */
    options = (smtp_client_options){.local_domain = "a.test", .partial = true};
    s = (server){0};
    run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
    assert_int_equal(c.writes, 4);
    /* One that does not bear even that: one at a time, and no RSET. */
    options.no_streaming = true;
    s = (server){0};
    run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
    assert_int_equal(c.writes, 5);
    assert_int_equal(s.resets, 0);
    /* Without CHUNKING nothing of it. */
    options = (smtp_client_options){.local_domain = "a.test", .streams = true, .no_chunking = true};
    s = (server){0};
    run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
    assert_int_equal(s.chunks, 0);
    s = (server){.extensions = "250-s\r\n250 PIPELINING\r\n"};
    options.no_chunking = false;
    run(&c, &s, &options, &script, SIZE_MAX, SIZE_MAX);
    assert_int_equal(s.chunks, 0);
}

/* ---- replies by hand ---- */

static smtp_client *with_message(uint64_t size) {
    smtp_client_options options = {.local_domain = "a.test", .streams = true};
    smtp_client_status status;
    smtp_client *client = smtp_client_new(&options, &status);
    smtp_recipient recipient = {.address = "b@r"};
    smtp_envelope envelope = {.sender = "a@s", .recipients = &recipient, .recipient_count = 1, .size = size};
    smtp_client_input(client, "220 s\r\n", 7);
    smtp_client_sent(client, 1000);
    smtp_client_input(client, all_extensions, strlen(all_extensions));
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
    return client;
}

/* The text of the failure and the state of message 1; the session ends with it. */
static smtp_message_state last_words(smtp_client *client, char text[256]) {
    smtp_message_state state = SMTP_MESSAGE_ACCEPTED;
    smtp_client_event e;
    text[0] = '\0';
    while (smtp_client_next_event(client, &e)) {
        if (e.kind == SMTP_CLIENT_MESSAGE_DONE && e.message == 1) state = e.result->state;
        if (e.kind == SMTP_CLIENT_FAILED) snprintf(text, 256, "%s", e.failure->text);
    }
    smtp_client_free(client);
    return state;
}

static void test_liars(void **state) {
    (void)state;
    static const struct {
        const char *replies, *text;
        smtp_message_state state;
    } cases[] = {
        /* It takes what it has refused. */
        {"250 a\r\n550 b\r\n250 c\r\n", "the server took a message after it had refused", SMTP_MESSAGE_IN_DOUBT},
        {"550 a\r\n503 b\r\n250 c\r\n", "the server took a message after it had refused", SMTP_MESSAGE_IN_DOUBT},
        /* One reply too many, ahead of any command. */
        {"250 a\r\n250 b\r\n250 c\r\n250 d\r\n", "a reply nobody asked for", SMTP_MESSAGE_ACCEPTED},
        {"250 a\r\n250 b\r\n354 c\r\n", "a reply that does not fit", SMTP_MESSAGE_IN_DOUBT},
        {"250 a\r\n250 b\r\n421 c\r\n", "the server is closing", SMTP_MESSAGE_REFUSED},
        {"250 a\r\n550 b\r\nrubbish\r\n", "waiting for the reply to the end", SMTP_MESSAGE_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        smtp_client *client = with_message(4);
        size_t taken;
        char text[256];
        assert_int_equal(smtp_client_data(client, "a\r\n\n", 4, true, &taken), SMTP_CLIENT_OK);
        smtp_client_sent(client, 1000);
        smtp_client_input(client, cases[i].replies, strlen(cases[i].replies));
        assert_int_equal(last_words(client, text), cases[i].state);
        if (strstr(text, cases[i].text) == NULL) fail_msg("%s: %s", cases[i].replies, text);
    }
}

static void test_size(void **state) {
    (void)state;
    size_t taken;
    char text[256];
    /* More or less content than was said is refused, and what is not whole is not sent. */
    smtp_client *client = with_message(4);
    assert_int_equal(smtp_client_data(client, "abcde", 5, false, &taken), SMTP_CLIENT_BAD_ARGUMENT);
    assert_int_equal(smtp_client_data(client, "abc", 3, true, &taken), SMTP_CLIENT_BAD_ARGUMENT);
    assert_int_equal(smtp_client_data(client, "abcd", 4, false, &taken), SMTP_CLIENT_BAD_ARGUMENT);
    assert_int_equal(smtp_client_data(client, "abc", 3, false, &taken), SMTP_CLIENT_OK);
    assert_false(smtp_client_can_begin(client));
    smtp_client_sent(client, 1000);
    smtp_client_input(client, "250 a\r\n250 b\r\n", 14);
    smtp_client_closed(client, NULL);
    assert_int_equal(last_words(client, text), SMTP_MESSAGE_NOT_SENT);
    /* A refusal in the middle of the content. */
    client = with_message(4);
    assert_int_equal(smtp_client_data(client, "abc", 3, false, &taken), SMTP_CLIENT_OK);
    smtp_client_sent(client, 1000);
    smtp_client_input(client, "250 a\r\n550 b\r\n552 c\r\n", 21);
    assert_int_equal(last_words(client, text), SMTP_MESSAGE_REFUSED);
    /* Large content waits until somebody is accepted. */
    client = with_message(70000);
    const char *bytes;
    size_t length;
    smtp_client_output(client, &bytes, &length);
    assert_null(memmem(bytes, length, "BDAT", 4));
    smtp_client_sent(client, length);
    smtp_client_input(client, "250 a\r\n250 b\r\n", 14);
    smtp_client_output(client, &bytes, &length);
    assert_memory_equal(bytes, "BDAT 70000 LAST\r\n", 17);
    smtp_client_free(client);
}

/* 421 to one message of many: it goes again, those behind it have not been looked at. */
static void test_service_closing(void **state) {
    (void)state;
    smtp_client_options options = {.local_domain = "a.test", .streams = true, .partial = true};
    smtp_client_status status;
    sender c = {.counts = {1, 1, 1}};
    c.client = smtp_client_new(&options, &status);
    smtp_client_input(c.client, "220 s\r\n", 7);
    smtp_client_sent(c.client, 1000);
    smtp_client_input(c.client, all_extensions, strlen(all_extensions));
    take(&c);
    assert_int_equal(c.begun, MESSAGES);
    smtp_client_sent(c.client, 10000);
    const char replies[] = "250 a\r\n250 b\r\n250 c\r\n250 rset\r\n250 d\r\n421 e\r\n";
    smtp_client_input(c.client, replies, sizeof replies - 1);
    take(&c);
    assert_int_equal(c.results[0], SMTP_MESSAGE_ACCEPTED);
    assert_int_equal(c.results[1], SMTP_MESSAGE_REFUSED);
    assert_int_equal(c.results[2], SMTP_MESSAGE_NOT_SENT);
    assert_true(c.streaming);
    smtp_client_free(c.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals),  cmocka_unit_test(test_deaths),
                                       cmocka_unit_test(test_one_write), cmocka_unit_test(test_liars),
                                       cmocka_unit_test(test_size),      cmocka_unit_test(test_service_closing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
