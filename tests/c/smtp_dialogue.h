/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_dialogue: canned dialogues with the SMTP client engine, a line of it to a call. */
#ifndef CARAPACE_SMTP_DIALOGUE_H
#define CARAPACE_SMTP_DIALOGUE_H

#include "mail_test.h"

#include "modules/protocol/smtp_client.h"

static inline void expect_output(smtp_client *client, const char *expected) {
    const char *bytes;
    size_t length;
    smtp_client_output(client, &bytes, &length);
    if (length != strlen(expected) || memcmp(bytes, expected, length) != 0)
        fail_msg("expected \"%s\", got \"%.*s\"", expected, (int)length, bytes);
    smtp_client_sent(client, length);
}

static inline void reply(smtp_client *client, const char *text) { smtp_client_input(client, text, strlen(text)); }

static inline void expect_event(smtp_client *client, smtp_client_event_kind kind, int code) {
    smtp_client_event event;
    assert_true(smtp_client_next_event(client, &event));
    assert_int_equal(event.kind, kind);
    if (code > 0) assert_int_equal(event.reply->code, code);
}

static inline smtp_client *ready_client(const char *ehlo_reply) {
    smtp_client_status status;
    smtp_client_options options = {.local_domain = "a.test"};
    smtp_client *client = smtp_client_new(&options, &status);
    assert_non_null(client);
    assert_int_equal(smtp_client_timeout_ms(client), 300000);
    reply(client, "220 x\r\n");
    expect_event(client, SMTP_CLIENT_GREETING, 220);
    expect_output(client, "EHLO a.test\r\n");
    reply(client, ehlo_reply);
    expect_event(client, SMTP_CLIENT_READY, 250);
    return client;
}

#endif
