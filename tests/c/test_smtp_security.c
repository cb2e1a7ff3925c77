/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_smtp_security: STARTTLS and AUTH in the client's session, as canned dialogues. */
#include "smtp_dialogue.h"

#include "modules/protocol/smtp_client_internal.h"

static void expect_challenge(smtp_client *client, const char *challenge) {
    smtp_client_event event;
    assert_true(smtp_client_next_event(client, &event));
    assert_int_equal(event.kind, SMTP_CLIENT_AUTH_CHALLENGE);
    if (challenge == NULL) assert_null(event.challenge);
    else {
        assert_int_equal(event.challenge_size, strlen(challenge));
        assert_memory_equal(event.challenge, challenge, event.challenge_size);
    }
}

static void starttls(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
    assert_int_equal(smtp_client_tls_started(client), SMTP_CLIENT_BUSY);
    assert_int_equal(smtp_client_start_tls(client), SMTP_CLIENT_OK);
    assert_int_equal(smtp_client_start_tls(client), SMTP_CLIENT_BUSY);
    expect_output(client, "STARTTLS\r\n");
    reply(client, "220 go\r\n");
    expect_event(client, SMTP_CLIENT_TLS_READY, 220);
    assert_int_equal(smtp_client_noop(client), SMTP_CLIENT_BUSY);
    assert_false(smtp_client_can_begin(client));
    assert_int_equal(smtp_client_tls_started(client), SMTP_CLIENT_OK);
    /* RFC 3207 4.2: all that was said before is forgotten. */
    assert_int_equal(smtp_client_capabilities(client)->flags, 0);
    assert_int_equal(smtp_client_capabilities(client)->size_limit, 0);
    expect_output(client, "EHLO a.test\r\n");
    reply(client, "250-x\r\n250 AUTH PLAIN\r\n");
    expect_event(client, SMTP_CLIENT_READY, 250);
    assert_int_equal(smtp_client_capabilities(client)->flags, SMTP_CAPABILITY_AUTH);
    assert_true(smtp_client_can_begin(client));
    smtp_client_free(client);
}

static void starttls_refused(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250 STARTTLS\r\n");
    assert_int_equal(smtp_client_start_tls(client), SMTP_CLIENT_OK);
    expect_output(client, "STARTTLS\r\n");
    reply(client, "454 4.7.0 not now\r\n");
    expect_event(client, SMTP_CLIENT_TLS_REFUSED, 454);
    assert_true(smtp_client_can_begin(client));
    smtp_client_free(client);
}

/* CVE-2011-0411, in one piece with the reply and behind it. */
static void injection(void **state) {
    (void)state;
    static const char *const inputs[][2] = {{"220 go\r\n250 ok\r\n", ""}, {"220 go\r\n", "2"}, {"220 go\r\n\r\n", ""}};
    for (size_t i = 0; i < 3; i++) {
        smtp_client *client = ready_client("250-x\r\n250 STARTTLS\r\n");
        assert_int_equal(smtp_client_start_tls(client), SMTP_CLIENT_OK);
        expect_output(client, "STARTTLS\r\n");
        reply(client, inputs[i][0]);
        reply(client, inputs[i][1]);
        expect_event(client, SMTP_CLIENT_TLS_READY, 220);
        smtp_client_event event;
        assert_true(smtp_client_next_event(client, &event));
        assert_int_equal(event.kind, SMTP_CLIENT_FAILED);
        assert_int_equal(event.failure->failure_class, SMTP_FAILURE_PROTOCOL);
        assert_int_equal(smtp_client_tls_started(client), SMTP_CLIENT_CLOSED);
        smtp_client_free(client);
    }
}

static void auth(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250 AUTH PLAIN\r\n");
    assert_int_equal(smtp_client_auth(client, "PLAIN", "\0a\0b", 4), SMTP_CLIENT_OK);
    assert_true(smtp_client_output_is_secret(client));
    const char *block = client->output.bytes;
    expect_output(client, "AUTH PLAIN AGEAYg==\r\n");
    assert_false(smtp_client_output_is_secret(client));
    for (int i = 0; i < 30; i++) assert_int_equal(block[i], 0); /* wiped */
    reply(client, "235 2.7.0 in\r\n");
    expect_event(client, SMTP_CLIENT_AUTH_DONE, 235);
    assert_true(smtp_client_can_begin(client));

    assert_int_equal(smtp_client_auth(client, "EXTERNAL", "", 0), SMTP_CLIENT_OK);
    expect_output(client, "AUTH EXTERNAL =\r\n");
    reply(client, "535 5.7.8 no\r\n");
    expect_event(client, SMTP_CLIENT_AUTH_DONE, 535);

    assert_int_equal(smtp_client_auth(client, "X", NULL, 0), SMTP_CLIENT_OK);
    expect_output(client, "AUTH X\r\n");
    reply(client, "334 \r\n");
    expect_challenge(client, "");
    assert_int_equal(smtp_client_noop(client), SMTP_CLIENT_BUSY);
    assert_int_equal(smtp_client_quit(client), SMTP_CLIENT_BUSY);
    assert_int_equal(smtp_client_auth_response(client, "", 0), SMTP_CLIENT_OK);
    assert_int_equal(smtp_client_auth_response(client, "", 0), SMTP_CLIENT_BUSY);
    expect_output(client, "\r\n");
    reply(client, "334 VXNlcg==\r\n");
    expect_challenge(client, "User");
    assert_int_equal(smtp_client_auth_response(client, "bob", 3), SMTP_CLIENT_OK);
    expect_output(client, "Ym9i\r\n");
    reply(client, "334 are you?\r\n");
    expect_challenge(client, NULL);
    assert_int_equal(smtp_client_auth_cancel(client), SMTP_CLIENT_OK);
    expect_output(client, "*\r\n");
    reply(client, "501 5.7.0 cancelled\r\n");
    expect_event(client, SMTP_CLIENT_AUTH_DONE, 501);
    assert_int_equal(smtp_client_auth_response(client, "", 0), SMTP_CLIENT_BUSY);

    static const char *const bad[] = {"", "A B", "A\r\nDATA", "MORE-THAN-TWENTY-BYTES"};
    for (int i = 0; i < 4; i++) assert_int_equal(smtp_client_auth(client, bad[i], NULL, 0), SMTP_CLIENT_BAD_ARGUMENT);
    assert_true(smtp_client_auth_fits("PLAIN", 372));
    assert_false(smtp_client_auth_fits("PLAIN", 376));
    smtp_client_free(client);
}

/* What a server says out of turn. */
static void auth_hostile(void **state) {
    (void)state;
    static const char *const inputs[] = {"350 what\r\n", "334 a\r\n334 b\r\n", "235 in\r\n235 in\r\n", "421 bye\r\n",
                                         "garbage\r\n"};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        smtp_client *client = ready_client("250-x\r\n250 AUTH PLAIN\r\n");
        assert_int_equal(smtp_client_auth(client, "X", NULL, 0), SMTP_CLIENT_OK);
        expect_output(client, "AUTH X\r\n");
        reply(client, inputs[i]);
        smtp_client_event event = {0};
        while (smtp_client_next_event(client, &event) && event.kind != SMTP_CLIENT_FAILED) continue;
        assert_int_equal(event.kind, SMTP_CLIENT_FAILED);
        assert_int_equal(smtp_client_auth_response(client, "", 0), SMTP_CLIENT_CLOSED);
        smtp_client_free(client);
    }
    smtp_client *client = ready_client("250-x\r\n250 AUTH PLAIN\r\n"); /* freed in the middle */
    assert_int_equal(smtp_client_auth(client, "X", "secret", 6), SMTP_CLIENT_OK);
    smtp_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starttls), cmocka_unit_test(starttls_refused), cmocka_unit_test(injection),
        cmocka_unit_test(auth),     cmocka_unit_test(auth_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
