/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_bdat: a server that offers CHUNKING and does not know BDAT, by what it had shown before; and BINARYMIME,
 * whose content nothing touches. */
#include "smtp_dialogue.h"

#define OFFER "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"

static smtp_client *streaming_client(const char *ehlo_reply, bool lmtp, bool no_chunking) {
    smtp_client_status status;
    smtp_client_options options = {.local_domain = "a.test", .lmtp = lmtp, .no_chunking = no_chunking, .streams = true};
    smtp_client *client = smtp_client_new(&options, &status);
    assert_non_null(client);
    reply(client, "220 x\r\n");
    expect_event(client, SMTP_CLIENT_GREETING, 220);
    expect_output(client, lmtp ? "LHLO a.test\r\n" : "EHLO a.test\r\n");
    reply(client, ehlo_reply);
    expect_event(client, SMTP_CLIENT_READY, 250);
    return client;
}

static smtp_client_status begin(smtp_client *client, smtp_body body, uint64_t size) {
    static const smtp_recipient recipient = {.address = "b@y"};
    smtp_envelope envelope = {
        .sender = "a@x", .recipients = &recipient, .recipient_count = 1, .size = size, .body = body};
    return smtp_client_begin(client, &envelope, NULL);
}

/* A message of four octets, all of which leave. */
static void send_one(smtp_client *client) {
    const char *bytes;
    size_t length, taken;
    assert_int_equal(begin(client, SMTP_BODY_7BIT, 4), SMTP_CLIENT_OK);
    assert_true(smtp_client_wants_content(client));
    assert_int_equal(smtp_client_data(client, "a\r\n.", 4, true, &taken), SMTP_CLIENT_OK);
    smtp_client_output(client, &bytes, &length);
    assert_memory_equal(bytes + length - 17, "BDAT 4 LAST\r\na\r\n.", 17);
    smtp_client_sent(client, length);
}

static void expect_done(smtp_client *client, smtp_message_state state, int code) {
    smtp_client_event event;
    assert_true(smtp_client_next_event(client, &event));
    assert_int_equal(event.kind, SMTP_CLIENT_MESSAGE_DONE);
    assert_int_equal(event.result->state, state);
    assert_int_equal(event.result->code, code);
    assert_int_equal(event.result->recipients[0].state, state);
}

static void expect_unknown(smtp_client *client, int code) {
    smtp_client_event event;
    assert_true(smtp_client_next_event(client, &event));
    assert_int_equal(event.kind, SMTP_CLIENT_FAILED);
    assert_int_equal(event.failure->failure_class, SMTP_FAILURE_CLOSED);
    assert_true(event.failure->chunking);
    assert_false(event.failure->streaming);
    assert_int_equal(event.failure->code, code);
    assert_non_null(strstr(event.failure->text, "BDAT"));
    expect_output(client, "");
    smtp_client_free(client);
}

/* Nothing was delivered: what it never knew of the one it does not know of those behind it. */
static void test_never_known(void **state) {
    static const int codes[] = {500, 501, 502, 503, 504};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[80];
        smtp_client *client = streaming_client(OFFER, false, false);
        for (int k = 0; k < 3; k++) send_one(client);
        snprintf(text, sizeof text, "250 a\r\n250 b\r\n%d what?\r\n250 RSET\r\n", codes[i]);
        reply(client, text);
        for (int k = 0; k < 3; k++) expect_done(client, SMTP_MESSAGE_NOT_SENT, 0);
        expect_unknown(client, codes[i]);
    }
}

static void test_known_before(void **state) {
    (void)state;
    smtp_client *client = streaming_client(OFFER, false, false);
    for (int k = 0; k < 3; k++) send_one(client);
    reply(client, "250 a\r\n250 b\r\n250 kept\r\n250 rset\r\n250 a\r\n250 b\r\n500 what?\r\n");
    expect_done(client, SMTP_MESSAGE_ACCEPTED, 250);
    expect_done(client, SMTP_MESSAGE_NOT_SENT, 0);
    expect_done(client, SMTP_MESSAGE_IN_DOUBT, 0);
    expect_unknown(client, 500);
    /* What it says of one BDAT that it knows is a refusal. */
    client = streaming_client(OFFER, false, false);
    for (int k = 0; k < 3; k++) send_one(client);
    reply(client, "250 a\r\n250 b\r\n552 too large\r\n250 rset\r\n250 a\r\n250 b\r\n503 no\r\n");
    reply(client, "250 rset\r\n250 a\r\n250 b\r\n250 kept\r\n");
    expect_done(client, SMTP_MESSAGE_REFUSED, 552);
    expect_done(client, SMTP_MESSAGE_REFUSED, 503);
    expect_done(client, SMTP_MESSAGE_ACCEPTED, 250);
    smtp_client_free(client);
}

/* Without a recipient 503 is the right answer, and 500 is not. */
static void test_for_nobody(void **state) {
    (void)state;
    smtp_client *client = streaming_client(OFFER, false, false);
    send_one(client);
    reply(client, "550 a\r\n503 b\r\n503 no\r\n");
    expect_done(client, SMTP_MESSAGE_REFUSED, 550);
    send_one(client);
    send_one(client);
    reply(client, "250 rset\r\n550 a\r\n503 b\r\n500 what?\r\n");
    expect_done(client, SMTP_MESSAGE_REFUSED, 550);
    expect_done(client, SMTP_MESSAGE_NOT_SENT, 0);
    expect_unknown(client, 500);
}

static void test_within_content(void **state) {
    static char content[100000];
    size_t taken;
    const char *bytes;
    size_t length;
    (void)state;
    smtp_client *client = streaming_client(OFFER, false, false);
    assert_int_equal(begin(client, SMTP_BODY_7BIT, 2 * sizeof content), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n");
    reply(client, "250 a\r\n250 b\r\n");
    assert_true(smtp_client_wants_content(client));
    assert_int_equal(smtp_client_data(client, content, sizeof content, false, &taken), SMTP_CLIENT_OK);
    smtp_client_output(client, &bytes, &length);
    smtp_client_sent(client, length);
    reply(client, "500 what?\r\n");
    expect_done(client, SMTP_MESSAGE_NOT_SENT, 0);
    expect_unknown(client, 500);
}

/* LMTP answers for each recipient: one refused by 500 is no more than that, once another was taken. */
static void test_lmtp(void **state) {
    static const smtp_recipient recipients[] = {{.address = "b@y"}, {.address = "c@y"}};
    size_t taken;
    (void)state;
    for (int known = 0; known < 2; known++) {
        smtp_client *client = streaming_client(OFFER, true, false);
        smtp_client_set_partial(client, true);
        smtp_envelope envelope = {.sender = "a@x", .recipients = recipients, .recipient_count = 2, .size = 1};
        assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
        expect_output(client, "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\n");
        reply(client, "250 a\r\n250 b\r\n250 c\r\n");
        assert_true(smtp_client_wants_content(client));
        assert_int_equal(smtp_client_data(client, "x", 1, true, &taken), SMTP_CLIENT_OK);
        expect_output(client, "BDAT 1 LAST\r\nx");
        reply(client, known ? "250 kept\r\n500 what?\r\n" : "500 what?\r\n");
        expect_done(client, known ? SMTP_MESSAGE_ACCEPTED : SMTP_MESSAGE_NOT_SENT, known ? 250 : 0);
        if (!known) expect_unknown(client, 500);
        else smtp_client_free(client);
    }
}

static void test_binary(void **state) {
    static const char content[] = "\0\n.\r\n.\r\n\r.";
    size_t taken;
    (void)state;
    smtp_client *client = streaming_client(OFFER, false, false);
    assert_false(smtp_client_takes_binary(client));
    assert_int_equal(begin(client, SMTP_BODY_BINARY, 5), SMTP_CLIENT_BAD_ENVELOPE);
    assert_int_equal(smtp_client_envelope_status(client), SMTP_ENVELOPE_NO_BINARYMIME);
    smtp_client_free(client);
    client = streaming_client("250-x\r\n250 BINARYMIME\r\n", false, false); /* of no use alone (RFC 3030 3) */
    assert_false(smtp_client_takes_binary(client));
    assert_int_equal(begin(client, SMTP_BODY_BINARY, 5), SMTP_CLIENT_BAD_ENVELOPE);
    smtp_client_free(client);
    client = streaming_client("250-x\r\n250-CHUNKING\r\n250 BINARYMIME\r\n", false, true);
    assert_false(smtp_client_takes_binary(client));
    assert_int_equal(begin(client, SMTP_BODY_BINARY, 5), SMTP_CLIENT_BAD_ENVELOPE);
    smtp_client_free(client);

    client =
        streaming_client("250-x\r\n250-PIPELINING\r\n250-SIZE\r\n250-CHUNKING\r\n250 BINARYMIME\r\n", false, false);
    assert_true(smtp_client_takes_binary(client));
    assert_int_equal(begin(client, SMTP_BODY_BINARY, 0), SMTP_CLIENT_BAD_ENVELOPE); /* BDAT needs a size */
    assert_int_equal(begin(client, SMTP_BODY_BINARY, sizeof content), SMTP_CLIENT_OK);
    expect_output(client, "MAIL FROM:<a@x> SIZE=11 BODY=BINARYMIME\r\nRCPT TO:<b@y>\r\nBDAT 11 LAST\r\n");
    assert_true(smtp_client_wants_content(client));
    assert_int_equal(smtp_client_data(client, content, sizeof content, true, &taken), SMTP_CLIENT_OK);
    const char *bytes;
    size_t length;
    smtp_client_output(client, &bytes, &length);
    assert_int_equal(length, sizeof content);
    assert_memory_equal(bytes, content, sizeof content);
    smtp_client_sent(client, length);
    reply(client, "250 a\r\n250 b\r\n250 kept\r\n");
    expect_done(client, SMTP_MESSAGE_ACCEPTED, 250);
    smtp_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_known),    cmocka_unit_test(test_known_before), cmocka_unit_test(test_for_nobody),
        cmocka_unit_test(test_within_content), cmocka_unit_test(test_lmtp),         cmocka_unit_test(test_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
