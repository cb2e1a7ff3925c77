/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_pop3_client: canned dialogues with the POP3 client, whole and octet by octet. */
#include "mail_test.h"

#include "modules/protocol/pop3_client.h"

/* Events as text, one a line; what it writes as "> ". */
struct talk {
    pop3_client *client;
    struct mail_buffer told;
    size_t piece; /* octets given at a time; 0 = all */
};

static void tell(struct talk *t, const pop3_event *e) {
    char line[2600];
    switch (e->kind) {
    case POP3_NONE: return;
    case POP3_DONE:
        snprintf(line, sizeof line, "%s[%s]%s (%llu %llu)\n", e->ok ? "ok" : "error", e->code_text, e->text,
                 (unsigned long long)e->number, (unsigned long long)e->octets);
        break;
    case POP3_ENTRY:
        snprintf(line, sizeof line, "entry %llu %llu %s\n", (unsigned long long)e->number,
                 (unsigned long long)e->octets, e->uid ? e->uid : "-");
        break;
    case POP3_CONTENT: mail_buffer_append(&t->told, e->bytes, e->size); return;
    case POP3_CHALLENGE:
        snprintf(line, sizeof line, "challenge %.*s\n", e->bytes ? (int)e->size : 4, e->bytes ? e->bytes : "none");
        break;
    case POP3_FAILED: snprintf(line, sizeof line, "failed %d[%s]%s\n", e->failure, e->code_text, e->text); break;
    }
    mail_buffer_append_string(&t->told, line);
}

static void server_bytes(struct talk *t, const char *text, size_t size) {
    pop3_event event;
    for (size_t at = 0; at < size;) {
        size_t most = t->piece > 0 && size - at > t->piece ? t->piece : size - at;
        /* In memory of its own, so that a look behind its end is seen. */
        char *copy = malloc(most);
        memcpy(copy, text + at, most);
        for (size_t done = 0; done < most;) {
            done += pop3_client_input(t->client, copy + done, most - done, &event);
            tell(t, &event);
        }
        free(copy);
        at += most;
    }
}

static void server(struct talk *t, const char *text) { server_bytes(t, text, strlen(text)); }

static void expect_output(struct talk *t, const char *expected) {
    const char *bytes;
    size_t size;
    pop3_client_output(t->client, &bytes, &size);
    if (size != strlen(expected) || memcmp(bytes, expected, size) != 0)
        fail_msg("expected \"%s\", got \"%.*s\"", expected, (int)size, bytes);
    pop3_client_sent(t->client, size);
}

static void begin(struct talk *t, size_t piece, const char *greeting) {
    *t = (struct talk){.client = pop3_client_new(), .piece = piece};
    assert_non_null(t->client);
    if (greeting) server(t, greeting);
}

static void end(struct talk *t) {
    pop3_client_free(t->client);
    mail_buffer_free(&t->told);
}

/* Logged in, with these capabilities. */
static void ready(struct talk *t, size_t piece, const char *capabilities) {
    begin(t, piece, "+OK hello\r\n");
    assert_int_equal(pop3_client_command(t->client, POP3_CAPA, 0, 0), POP3_OK);
    server(t, capabilities);
    assert_int_equal(pop3_client_user(t->client, "bob"), POP3_OK);
    server(t, "+OK\r\n");
    assert_int_equal(pop3_client_password(t->client, "secret"), POP3_OK);
    assert_true(pop3_client_output_is_secret(t->client));
    expect_output(t, "CAPA\r\nUSER bob\r\nPASS secret\r\n");
    server(t, "+OK in\r\n");
    assert_true(pop3_client_in_transaction(t->client));
    mail_buffer_clear(&t->told);
}

static const char piping[] = "+OK list\r\nUSER\r\nPIPELINING\r\nSASL PLAIN LOGIN\r\n.\r\n";

static void test_session(void **state) {
    (void)state;
    for (size_t piece = 0; piece < 4; piece++) {
        struct talk t;
        begin(&t, piece, "+OK POP3 <1896.697170952@dbc.mtview.ca.us> ready\r\n");
        assert_string_equal(pop3_client_timestamp(t.client), "<1896.697170952@dbc.mtview.ca.us>");
        assert_int_equal(pop3_client_command(t.client, POP3_STAT, 0, 0), POP3_WRONG_STATE);
        assert_int_equal(pop3_client_apop(t.client, "mrose", "c4c9334bac560ecc979e58001b3e22fb"), POP3_OK);
        expect_output(&t, "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");
        server(&t, "+OK maildrop has 1 message\r\n");
        assert_int_equal(pop3_client_command(t.client, POP3_STAT, 0, 0), POP3_OK);
        assert_int_equal(pop3_client_command(t.client, POP3_LIST, 0, 0), POP3_OK);
        assert_int_equal(pop3_client_command(t.client, POP3_UIDL, 0, 0), POP3_OK);
        expect_output(&t, "STAT\r\n"); /* nobody has offered PIPELINING */
        server(&t, "+OK 2 320\r\n");
        expect_output(&t, "LIST\r\n");
        server(&t, "+OK 2 messages\r\n1 120\r\n2 200 more\r\n.\r\n");
        expect_output(&t, "UIDL\r\n");
        server(&t, "+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n2 a\r\n.\r\n");
        assert_int_equal(pop3_client_command(t.client, POP3_DELE, 1, 0), POP3_OK);
        server(&t, "-ERR [SYS/TEMP] not now\r\n");
        assert_int_equal(pop3_client_command(t.client, POP3_QUIT, 0, 0), POP3_OK);
        expect_output(&t, "DELE 1\r\nQUIT\r\n");
        server(&t, "+OK bye\r\n");
        pop3_event event;
        pop3_client_close(t.client, NULL, &event);
        assert_int_equal(event.kind, POP3_NONE);
        assert_int_equal(pop3_client_command(t.client, POP3_NOOP, 0, 0), POP3_CLOSED);
        expect_buffer(&t.told, "ok[]POP3 <1896.697170952@dbc.mtview.ca.us> ready (0 0)\n"
                               "ok[]maildrop has 1 message (0 0)\nok[]2 320 (2 320)\n"
                               "entry 1 120 -\nentry 2 200 -\nok[]2 messages (0 0)\n"
                               "entry 1 0 whqtswO00WBw418f9t5JxYwZ\nentry 2 0 a\nok[] (0 0)\n"
                               "error[SYS/TEMP]not now (0 0)\nok[]bye (0 0)\n");
        end(&t);
    }
}

static void test_content(void **state) {
    (void)state;
    static const struct {
        const char *sent, *got;
    } cases[] = {
        {"+OK\r\n.\r\n", "ok[] (0 0)\n"},
        {"+OK\r\na\r\n.\r\n", "a\r\nok[] (0 0)\n"},
        {"+OK\r\n..\r\n...a\r\n.b\r\n.\r\n", ".\r\n..a\r\nb\r\nok[] (0 0)\n"},
        /* lines that only seem to end */
        {"+OK\r\na\n.\r\n+OK x\r\n.\r\n", "a\n.\r\n+OK x\r\nok[] (0 0)\n"},
        {"+OK\r\na\r.\r\n.\r\n", "a\r.\r\nok[] (0 0)\n"},
        {"+OK\r\n.\rb\r\n.\r\n", "\rb\r\nok[] (0 0)\n"},
        {"+OK\r\n.\n\r\n.\r\n", "\n\r\nok[] (0 0)\n"},
        {"+OK\r\n.\r\r\n.\r\n", "\r\r\nok[] (0 0)\n"},
        /* a server that knows LF alone */
        {"+OK\na\n..b\n.\n", "a\n.b\nok[] (0 0)\n"},
        {"+OK\na\n.\r\n", "a\nok[] (0 0)\n"},
        {"-ERR no such message\r\n", "error[]no such message (0 0)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 0; piece < 4; piece++) {
            struct talk t;
            ready(&t, piece, piping);
            assert_int_equal(pop3_client_command(t.client, POP3_RETR, 7, 0), POP3_OK);
            expect_output(&t, "RETR 7\r\n");
            server(&t, cases[i].sent);
            expect_buffer(&t.told, cases[i].got);
            end(&t);
        }
}

static void test_pipelining(void **state) {
    (void)state;
    for (size_t piece = 0; piece < 3; piece++) {
        struct talk t;
        ready(&t, piece, piping);
        assert_string_equal(pop3_client_offers(t.client, "SASL"), "PLAIN LOGIN");
        assert_null(pop3_client_offers(t.client, "SAS"));
        for (uint64_t i = 1; i < 4; i++) assert_int_equal(pop3_client_command(t.client, POP3_RETR, i, 0), POP3_OK);
        assert_int_equal(pop3_client_command(t.client, POP3_TOP, 4, 10), POP3_OK);
        assert_int_equal(pop3_client_command(t.client, POP3_QUIT, 0, 0), POP3_BUSY);
        expect_output(&t, "RETR 1\r\nRETR 2\r\nRETR 3\r\nTOP 4 10\r\n");
        server(&t, "+OK\r\na\r\n.\r\n-ERR gone\r\n+OK\r\n\r\n.\r\n");
        assert_int_equal(pop3_client_waiting(t.client), 1);
        server(&t, "+OK\r\nx\r\n.\r\n");
        expect_buffer(&t.told, "a\r\nok[] (0 0)\nerror[]gone (0 0)\n\r\nok[] (0 0)\nx\r\nok[] (0 0)\n");
        while (pop3_client_room(t.client) > 0) pop3_client_command(t.client, POP3_NOOP, 0, 0);
        assert_int_equal(pop3_client_command(t.client, POP3_NOOP, 0, 0), POP3_BUSY);
        end(&t);
    }
}

static void test_sasl(void **state) {
    (void)state;
    struct talk t;
    begin(&t, 1, "+OK\r\n");
    assert_int_equal(pop3_client_auth(t.client, "PLAIN", "\0b\0c", 4), POP3_OK);
    expect_output(&t, "AUTH PLAIN AGIAYw==\r\n");
    assert_false(pop3_client_output_is_secret(t.client));
    server(&t, "-ERR [AUTH] wrong\r\n");
    assert_int_equal(pop3_client_auth(t.client, "EXTERNAL", "", 0), POP3_OK);
    expect_output(&t, "AUTH EXTERNAL =\r\n");
    server(&t, "-ERR\r\n");
    assert_int_equal(pop3_client_auth(t.client, "CRAM-MD5", NULL, 0), POP3_OK);
    expect_output(&t, "AUTH CRAM-MD5\r\n");
    assert_int_equal(pop3_client_respond(t.client, "x", 1), POP3_WRONG_STATE);
    server(&t, "+ aGVsbG8=\r\n");
    assert_int_equal(pop3_client_respond(t.client, "x", 1), POP3_OK);
    expect_output(&t, "eA==\r\n");
    server(&t, "+ ?\r\n");
    assert_int_equal(pop3_client_respond(t.client, NULL, 0), POP3_OK);
    expect_output(&t, "*\r\n");
    server(&t, "-ERR [auth] given up\r\n");
    assert_false(pop3_client_auth_fits("XOAUTH2", 250));
    assert_true(pop3_client_auth_fits("XOAUTH2", 150));
    expect_buffer(&t.told, "ok[] (0 0)\nerror[AUTH]wrong (0 0)\nerror[] (0 0)\nchallenge hello\nchallenge none\n"
                           "error[AUTH]given up (0 0)\n");
    assert_int_equal(pop3_client_user(t.client, "a\r\nDELE 1"), POP3_BAD_ARGUMENT);
    assert_int_equal(pop3_client_password(t.client, ""), POP3_BAD_ARGUMENT);
    assert_int_equal(pop3_client_apop(t.client, "a b", "00"), POP3_BAD_ARGUMENT);
    end(&t);
}

static void test_stls(void **state) {
    (void)state;
    for (size_t piece = 0; piece < 2; piece++) {
        struct talk t;
        begin(&t, piece, "+OK\r\n");
        pop3_client_command(t.client, POP3_CAPA, 0, 0);
        server(&t, "+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n");
        assert_int_equal(pop3_client_command(t.client, POP3_STLS, 0, 0), POP3_OK);
        server(&t, "+OK go\r\n");
        assert_int_equal(pop3_client_command(t.client, POP3_CAPA, 0, 0), POP3_WRONG_STATE);
        assert_int_equal(pop3_client_encrypted(t.client), POP3_OK);
        assert_null(pop3_client_offers(t.client, "SASL"));
        assert_int_equal(pop3_client_command(t.client, POP3_CAPA, 0, 0), POP3_OK);
        end(&t);
        begin(&t, piece, "+OK\r\n");
        pop3_client_command(t.client, POP3_STLS, 0, 0);
        mail_buffer_clear(&t.told);
        server(&t, "+OK go\r\n+OK injected\r\n");
        expect_buffer(&t.told, "ok[]go (0 0)\nfailed 1[]the server has sent something in clear behind its answer to "
                               "STLS: \"+OK injected\"\n");
        assert_int_equal(pop3_client_encrypted(t.client), POP3_CLOSED);
        end(&t);
    }
}

/* What is no answer ends the session, in words that say why. */
static void test_hostile(void **state) {
    (void)state;
    static const struct {
        pop3_command command;
        const char *sent, *told;
    } cases[] = {
        {POP3_NOOP, "HTTP/1.1 400 Bad\r\n",
         "failed 1[]the server's answer is neither +OK nor -ERR: \"HTTP/1.1 400 Bad\"\n"},
        {POP3_NOOP, "+OKAY\r\n", "failed 1[]the server's answer is neither +OK nor -ERR: \"+OKAY\"\n"},
        {POP3_NOOP, "\x01\xff\r\n", "failed 1[]the server's answer is neither +OK nor -ERR: \"??\"\n"},
        {POP3_NOOP, "+OK\r\n+OK\r\n",
         "ok[] (0 0)\nfailed 1[]the server says something that nobody has asked for: \"+OK\"\n"},
        {POP3_NOOP, "+OK\r\n-ERR [SYS/TEMP] idle\r\n", "ok[] (0 0)\nfailed 0[SYS/TEMP]idle\n"},
        {POP3_NOOP, "+ Z28=\r\n", "failed 1[]the server's answer is neither +OK nor -ERR: \"+ Z28=\"\n"},
        {POP3_STAT, "+OK many\r\n", "failed 1[]the server's answer to STAT is not two numbers: \"+OK many\"\n"},
        {POP3_STAT, "+OK 1 99999999999999999999\r\n",
         "failed 1[]the server's answer to STAT is not two numbers: \"+OK 1 99999999999999999999\"\n"},
        {POP3_LIST, "+OK\r\n1 2\r\nx\r\n",
         "entry 1 2 -\nfailed 1[]a line of LIST is not a message's number and its size: \"x\"\n"},
        {POP3_LIST, "+OK\r\n-1 2\r\n", "failed 1[]a line of LIST is not a message's number and its size: \"-1 2\"\n"},
        {POP3_UIDL, "+OK\r\n1 a b\r\n",
         "failed 1[]a line of UIDL is not a message's number and its unique id: \"1 a b\"\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 0; piece < 3; piece++) {
            struct talk t;
            ready(&t, piece, piping);
            pop3_client_command(t.client, cases[i].command, 0, 0);
            server(&t, cases[i].sent);
            expect_buffer(&t.told, cases[i].told);
            end(&t);
        }
}

static void test_limits(void **state) {
    (void)state;
    struct talk t;
    char block[1000];
    memset(block, 'x', sizeof block);
    ready(&t, 0, piping);
    pop3_client_command(t.client, POP3_NOOP, 0, 0);
    for (int i = 0; i < 4; i++) server_bytes(&t, block, sizeof block);
    expect_buffer(&t.told, "failed 1[]the server's line is longer than 2048 octets\n");
    end(&t);

    ready(&t, 0, piping);
    pop3_client_set_limit(t.client, 2500);
    pop3_client_command(t.client, POP3_RETR, 1, 0);
    server(&t, "+OK\r\n");
    for (int i = 0; i < 2; i++) server_bytes(&t, block, sizeof block);
    mail_buffer_clear(&t.told);
    server_bytes(&t, block, sizeof block);
    expect_buffer(&t.told, "failed 2[]the message is longer than 2500 octets\n");
    end(&t);

    ready(&t, 0, piping);
    pop3_client_command(t.client, POP3_UIDL, 0, 0);
    server(&t, "+OK\r\n");
    pop3_event event = {.kind = POP3_NONE};
    uint64_t lines = 0;
    for (; event.kind != POP3_FAILED && lines < 2 * POP3_LISTING_MAX; lines++)
        pop3_client_input(t.client, "1 a\r\n", 5, &event);
    assert_int_equal(lines, POP3_LISTING_MAX + 1);
    assert_int_equal(event.failure, POP3_FAILURE_LIMIT);
    end(&t);

    begin(&t, 0, "+OK\r\n"); /* of many capabilities the first are kept, and none grows */
    pop3_client_command(t.client, POP3_CAPA, 0, 0);
    server(&t, "+OK\r\n");
    for (int i = 0; i < 5000; i++) server(&t, "X-THING\r\n");
    server(&t, ".\r\n");
    assert_int_equal(pop3_client_capability_count(t.client), POP3_CAPABILITIES_MAX);
    end(&t);
}

static void test_timestamps(void **state) {
    (void)state;
    static const char *const bad[] = {"+OK <>\r\n",      "+OK <a>\r\n",  "+OK <a@b\r\n", "+OK <a b@c>\r\n",
                                      "+OK <a@b@c>\r\n", "+OK <@b>\r\n", "+OK <a@>\r\n", "+OK <\x80@b>\r\n",
                                      "+OK <<a@b>\r\n",  "+OK a@b>\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct talk t;
        begin(&t, 0, bad[i]);
        assert_string_equal(pop3_client_timestamp(t.client), "");
        end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_session),    cmocka_unit_test(test_content),
                                       cmocka_unit_test(test_pipelining), cmocka_unit_test(test_sasl),
                                       cmocka_unit_test(test_stls),       cmocka_unit_test(test_hostile),
                                       cmocka_unit_test(test_limits),     cmocka_unit_test(test_timestamps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
