/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_limits: which recipients fit into a transaction and a session, by what the server announces, and which
 * refusals are about their number. */
#include "smtp_dialogue.h"

#include "modules/protocol/smtp_limits.h"

static bool too_many(const char *text) {
    smtp_reply_parser parser;
    size_t used;
    smtp_reply_parser_init(&parser);
    assert_int_equal(smtp_reply_parser_feed(&parser, text, strlen(text), &used), SMTP_REPLY_COMPLETE);
    bool result = smtp_limits_too_many(&parser.reply);
    smtp_reply_parser_free(&parser);
    return result;
}

static void test_replies(void **state) {
    (void)state;
    assert_true(too_many("452 too many\r\n"));
    assert_true(too_many("452 4.5.3 too many\r\n"));
    assert_true(too_many("552 too many\r\n")); /* RFC 821's code for it */
    assert_true(too_many("451 4.5.3 too many\r\n"));
    assert_true(too_many("550 5.5.3 too many\r\n"));
    assert_false(too_many("452 4.3.1 no room\r\n"));
    assert_false(too_many("552 5.2.2 mailbox full\r\n"));
    assert_false(too_many("550 no\r\n"));
    assert_false(too_many("250 2.5.3 ok\r\n"));
    assert_false(too_many("250 ok\r\n"));
}

static void test_domains(void **state) {
    (void)state;
    enum { MANY = 5000 };
    smtp_domain_set set = {0};
    char address[40];
    assert_false(smtp_domain_set_has(&set, "a@x"));
    for (int i = 0; i < MANY; i++) {
        snprintf(address, sizeof address, "a@D%d.test", i);
        assert_true(smtp_domain_set_add(&set, address));
        snprintf(address, sizeof address, "\"b@c\"@d%d.TEST", i);
        assert_true(smtp_domain_set_has(&set, address));
        assert_true(smtp_domain_set_add(&set, address));
        assert_int_equal(set.count, i + 1);
    }
    assert_false(smtp_domain_set_has(&set, "postmaster"));
    assert_true(smtp_domain_set_add(&set, "postmaster"));
    assert_true(smtp_domain_set_has(&set, "root"));
    assert_false(smtp_domain_set_has(&set, "a@d5000.test"));
    smtp_domain_set_free(&set);
    assert_false(smtp_domain_set_has(&set, "root"));
}

static smtp_client_status begin(smtp_client *client, const smtp_recipient *recipients, size_t count) {
    smtp_envelope envelope = {.sender = "s@x", .recipients = recipients, .recipient_count = count};
    return smtp_client_begin(client, &envelope, NULL);
}

/* The chosen ones of these recipients, as digits. */
static void expect_choice(const smtp_client *client, const smtp_recipient *recipients, size_t count, size_t most,
                          const char *expected) {
    size_t waiting[10], chosen[10], chosen_count;
    char text[11] = "";
    for (size_t i = 0; i < count; i++) waiting[i] = i;
    assert_true(smtp_client_choose(client, recipients, waiting, count, most, chosen, &chosen_count));
    for (size_t i = 0; i < chosen_count; i++) text[i] = (char)('0' + chosen[i]);
    assert_string_equal(text, expected);
}

static void test_choice(void **state) {
    (void)state;
    static const smtp_recipient six[] = {{.address = "a@x"}, {.address = "b@y"}, {.address = "c@X"},
                                         {.address = "d@z"}, {.address = "e@y"}, {.address = "f@w"}};
    smtp_client *client = ready_client("250 x\r\n");
    assert_false(smtp_client_must_split(client, six, 6));
    expect_choice(client, six, 6, 0, "012345");
    expect_choice(client, six, 6, 4, "0123");
    smtp_client_free(client);

    client = ready_client("250-x\r\n250 LIMITS RCPTMAX=4 RCPTDOMAINMAX=2\r\n");
    assert_true(smtp_client_must_split(client, six, 6));
    assert_true(smtp_client_must_split(client, six, 4));
    assert_false(smtp_client_must_split(client, six, 3));
    expect_choice(client, six, 6, 0, "0124");
    expect_choice(client, six, 6, 3, "012");
    assert_int_equal(begin(client, six, 4), SMTP_CLIENT_BAD_ENVELOPE);
    assert_int_equal(smtp_client_envelope_status(client), SMTP_ENVELOPE_TOO_MANY_DOMAINS);
    assert_int_equal(begin(client, six, 3), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<s@x>\r\n");
    reply(client, "550 no\r\n");
    expect_event(client, SMTP_CLIENT_MESSAGE_DONE, 0);
    /* The session's domains are x and y. */
    expect_choice(client, six, 6, 0, "0124");
    expect_choice(client, six + 3, 1, 0, "");
    assert_false(smtp_client_must_split(client, six + 3, 1));
    assert_int_equal(begin(client, six + 3, 1), SMTP_CLIENT_SESSION_LIMIT);
    assert_int_equal(begin(client, six + 4, 1), SMTP_CLIENT_OK);
    smtp_client_free(client);
}

/* A refusal of MAIL in these words, after `taken` messages: whether it is about the session. */
static bool is_session_full(const char *words, int taken) {
    static const smtp_recipient recipient = {.address = "b@x"};
    smtp_client *client = ready_client("250 x\r\n");
    smtp_client_event event;
    size_t octets;
    for (int i = 0; i < taken; i++) {
        assert_int_equal(begin(client, &recipient, 1), SMTP_CLIENT_OK);
        expect_output(client, "MAIL FROM:<s@x>\r\n");
        reply(client, "250 ok\r\n");
        expect_output(client, "RCPT TO:<b@x>\r\n");
        reply(client, "250 ok\r\n");
        expect_output(client, "DATA\r\n");
        reply(client, "354 go\r\n");
        assert_int_equal(smtp_client_data(client, "x\r\n", 3, true, &octets), SMTP_CLIENT_OK);
        expect_output(client, "x\r\n.\r\n");
        reply(client, "250 ok\r\n");
        expect_event(client, SMTP_CLIENT_MESSAGE_DONE, 0);
    }
    assert_int_equal(smtp_client_accepted(client), taken);
    assert_int_equal(begin(client, &recipient, 1), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<s@x>\r\n");
    reply(client, words);
    assert_true(smtp_client_next_event(client, &event));
    assert_int_equal(event.kind, SMTP_CLIENT_MESSAGE_DONE);
    assert_int_equal(event.result->state, SMTP_MESSAGE_REFUSED);
    bool full = event.result->session_full;
    assert_int_equal(begin(client, &recipient, 1), full ? SMTP_CLIENT_SESSION_LIMIT : SMTP_CLIENT_OK);
    smtp_client_free(client);
    return full;
}

static void test_session_full(void **state) {
    static const char *const full[] = {"452 4.5.3 Too many recipients: Too many messages sent\r\n",
                                       "452 4.4.5 Maximum number of messages per session exceeded.\r\n",
                                       "451-Requested action aborted\r\n451 Mails per session limit\r\n",
                                       "450 TOO MANY TRANSACTIONS IN THIS CONNECTION\r\n"},
                             *const other[] = {"452 4.3.1 Insufficient system storage\r\n", "452 later\r\n",
                                               "451 4.7.1 Your message is bad, this session is bad\r\n",
                                               "450 4.7.1 too many messages from you today\r\n",
                                               "550 5.5.3 too many messages in this session\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++) {
        assert_true(is_session_full(full[i], 1));
        assert_true(is_session_full(full[i], 3));
        assert_false(is_session_full(full[i], 0)); /* a new connection would bring nothing */
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) assert_false(is_session_full(other[i], 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_session_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
