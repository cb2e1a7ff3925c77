/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_commands: the client's single commands, envelopes refused before anything is sent, and bounds on memory. */
#include "smtp_dialogue.h"

/* ---- commands that stand alone, and what is refused before anything is sent ---- */

static void test_single_commands(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250 PIPELINING\r\n");
    smtp_client_event event;
    assert_int_equal(smtp_client_noop(client), SMTP_CLIENT_OK);
    assert_int_equal(smtp_client_noop(client), SMTP_CLIENT_BUSY);
    expect_output(client, "NOOP\r\n");
    smtp_recipient recipient = {.address = "b@x"};
    smtp_envelope envelope = {.sender = "", .recipients = &recipient, .recipient_count = 1};
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
    expect_output(client, ""); /* NOOP ends a group (RFC 2920 3.1) */
    reply(client, "250 ok\r\n");
    expect_event(client, SMTP_CLIENT_NOOP_DONE, 250);
    expect_output(client, "MAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    assert_int_equal(smtp_client_reset(client), SMTP_CLIENT_BUSY);
    assert_int_equal(smtp_client_quit(client), SMTP_CLIENT_BUSY);
    reply(client, "250 ok\r\n250 ok\r\n451 no\r\n");
    expect_event(client, SMTP_CLIENT_MESSAGE_DONE, 0);
    assert_int_equal(smtp_client_reset(client), SMTP_CLIENT_OK);
    expect_output(client, "RSET\r\n");
    reply(client, "250 ok\r\n");
    expect_event(client, SMTP_CLIENT_RESET_DONE, 250);
    assert_int_equal(smtp_client_verify(client, "bob\r\nDATA"), SMTP_CLIENT_BAD_ARGUMENT);
    assert_int_equal(smtp_client_verify(client, ""), SMTP_CLIENT_BAD_ARGUMENT);
    assert_int_equal(smtp_client_verify(client, "bob"), SMTP_CLIENT_OK);
    expect_output(client, "VRFY bob\r\n");
    reply(client, "252 perhaps\r\n");
    expect_event(client, SMTP_CLIENT_VERIFY_DONE, 252);
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK); /* no second RSET */
    expect_output(client, "MAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    smtp_client_free(client); /* in the middle of everything */

    client = ready_client("250 x\r\n");
    assert_int_equal(smtp_client_quit(client), SMTP_CLIENT_OK);
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_CLOSED);
    expect_output(client, "QUIT\r\n");
    reply(client, "421 bye\r\n");
    expect_event(client, SMTP_CLIENT_QUIT_DONE, 421);
    assert_false(smtp_client_next_event(client, &event));
    smtp_client_free(client);

    smtp_client_status status;
    smtp_client_options bad = {.local_domain = "a\r\nb"};
    assert_null(smtp_client_new(&bad, &status));
    assert_int_equal(status, SMTP_CLIENT_BAD_ARGUMENT);
}

static void test_envelopes(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250-SIZE 1000\r\n250-DSN\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
                                       "250-LIMITS MAILMAX=2 RCPTMAX=3\r\n250 PIPELINING\r\n");
    smtp_recipient recipients[4] = {
        {.address = "b@x", .notify = SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY, .original_recipient = "rfc822;b+c@x"},
        {.address = "c@x"},
        {.address = "d@x"},
        {.address = "e@x"}};
    smtp_envelope envelope = {.sender = "a@x", .recipients = recipients, .recipient_count = 1, .size = 1001};
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BAD_ENVELOPE);
    assert_int_equal(smtp_client_envelope_status(client), SMTP_ENVELOPE_TOO_LARGE);
    assert_string_equal(smtp_client_error(client),
                        "message larger than the server takes: 1001 octets, its limit is 1000");
    envelope.size = 1000;
    envelope.recipient_count = 4;
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BAD_ENVELOPE);
    assert_int_equal(smtp_client_envelope_status(client), SMTP_ENVELOPE_TOO_MANY_RECIPIENTS);
    envelope.recipient_count = 1;
    envelope.sender = "a@x>\r\nRCPT TO:<evil@x";
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BAD_ENVELOPE);
    assert_string_equal(smtp_client_error(client), "malformed sender address: \"a@x>? RCPT TO:<evil@x\"");
    envelope.sender = "a@x";
    envelope.body = SMTP_BODY_8BIT;
    envelope.smtputf8 = true;
    envelope.dsn_return = SMTP_RETURN_HEADERS;
    envelope.envelope_id = "job=7 a";
    envelope.parameters = "BY=120;R";
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<a@x> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=job+3D7+20a BY=120;R\r\n"
                          "RCPT TO:<b@x> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bc@x\r\nDATA\r\n");
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BUSY);
    reply(client, "550 a\r\n503 b\r\n503 c\r\n");
    expect_event(client, SMTP_CLIENT_MESSAGE_DONE, 0);
    envelope = (smtp_envelope){.sender = "", .recipients = recipients, .recipient_count = 1};
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<>\r\nRCPT TO:<b@x> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bc@x\r\nDATA\r\n");
    reply(client, "550 a\r\n503 b\r\n503 c\r\n");
    expect_event(client, SMTP_CLIENT_MESSAGE_DONE, 0);
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_SESSION_LIMIT);
    smtp_client_free(client);

    client = ready_client("250 x\r\n"); /* offers nothing: parameters stay away */
    envelope = (smtp_envelope){.sender = "a@x",
                               .recipients = recipients,
                               .recipient_count = 1,
                               .size = 99,
                               .body = SMTP_BODY_8BIT,
                               .dsn_return = SMTP_RETURN_FULL};
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BAD_ENVELOPE);
    assert_int_equal(smtp_client_envelope_status(client), SMTP_ENVELOPE_NO_8BITMIME);
    envelope.body = SMTP_BODY_8BIT_PLAIN;
    envelope.smtputf8 = true;
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BAD_ENVELOPE);
    assert_int_equal(smtp_client_envelope_status(client), SMTP_ENVELOPE_NO_SMTPUTF8);
    envelope.smtputf8 = false;
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<a@x>\r\n");
    smtp_client_free(client);
}

/* Memory stays bounded: huge content is taken as it is written; huge replies are cut; many recipients are one write. */
static void test_bounds(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250 PIPELINING\r\n");
    enum { MANY = SMTP_CLIENT_RECIPIENTS_MAX };
    smtp_recipient *recipients = calloc(MANY + 1, sizeof *recipients);
    for (size_t i = 0; i <= MANY; i++) recipients[i].address = "b@x.test";
    smtp_envelope envelope = {.sender = "a@x", .recipients = recipients, .recipient_count = MANY + 1};
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_BAD_ENVELOPE);
    envelope.recipient_count = MANY;
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
    const char *bytes;
    size_t length, taken, total = 0;
    smtp_client_output(client, &bytes, &length);
    assert_int_equal(length, 17 + MANY * 20);
    smtp_client_sent(client, length);
    char big[3000];
    memset(big, 'x', sizeof big);
    memcpy(big, "250 ", 4);
    memcpy(big + sizeof big - 2, "\r\n", 2);
    reply(client, "250 a\r\n");
    smtp_client_event event;
    for (size_t i = 0; i < MANY; i++) smtp_client_input(client, big, sizeof big);
    assert_false(smtp_client_next_event(client, &event));
    expect_output(client, "DATA\r\n");
    reply(client, "354 go\r\n");
    assert_true(smtp_client_wants_content(client));
    char *content = malloc(1000000);
    memset(content, '.', 1000000);
    while (total < 1000000) {
        assert_int_equal(smtp_client_data(client, content + total, 1000000 - total, true, &taken), SMTP_CLIENT_OK);
        total += taken;
        smtp_client_output(client, &bytes, &length);
        assert_true(length > 0 && length <= SMTP_CLIENT_OUTPUT_MAX + 64 * 1024);
        smtp_client_sent(client, length);
    }
    assert_int_equal(smtp_client_data(client, "x", 1, true, &taken), SMTP_CLIENT_BUSY);
    reply(client, "250 ok\r\n");
    assert_true(smtp_client_next_event(client, &event));
    assert_int_equal(event.result->accepted, MANY);
    for (size_t i = 0; i < MANY; i++) {
        const char *text = event.result->recipients[i].text;
        assert_int_equal(strlen(text), SMTP_CLIENT_TEXT_MAX - 1);
        assert_string_equal(text + SMTP_CLIENT_TEXT_MAX - 4, "...");
    }
    free(content);
    free(recipients);
    smtp_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_commands),
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
