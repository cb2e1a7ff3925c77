/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The blocks that messages under way are kept in are used again: whatever was in one before, large or small, accepted
 * or refused at length, the next message has its own recipients and its own words. */
#include <stdio.h>
#include <stdlib.h>

#include "smtp_dialogue.h"

enum { ROUNDS = 300, RECIPIENTS_MOST = 200, WORDS_MOST = 900 };

static size_t recipients_of(int round) { return round % 3 == 0 ? 1 : (size_t)round * 37 % RECIPIENTS_MOST + 1; }

static bool is_refused(int round, size_t recipient) { return (round + (int)recipient) % 4 == 1; }

/* What the server says to a recipient: of any length, and unlike what it says to others. */
static void words_for(char *out, int round, size_t recipient) {
    int size = sprintf(out, "%d.%zu ", round, recipient);
    size_t more = is_refused(round, recipient) ? (size_t)round * 31 % WORDS_MOST : 2;
    memset(out + size, 'a' + round % 26, more);
    out[(size_t)size + more] = '\0';
}

static void address_for(char *out, int round, size_t recipient) {
    sprintf(out, "r%zu.%.*s@%d.test", recipient, (int)(recipient % 40), "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs",
            round);
}

static void say(smtp_client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(smtp_client *client, const char *format, ...) {
    char line[WORDS_MOST + 100];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    reply(client, line);
}

static void begin(smtp_client *client, int round) {
    static char addresses[RECIPIENTS_MOST][80];
    static smtp_recipient recipients[RECIPIENTS_MOST];
    size_t count = recipients_of(round);
    for (size_t i = 0; i < count; i++) {
        address_for(addresses[i], round, i);
        recipients[i] = (smtp_recipient){.address = addresses[i]};
    }
    smtp_envelope envelope = {.sender = "a@x.test", .recipients = recipients, .recipient_count = count};
    assert_int_equal(smtp_client_begin(client, &envelope, NULL), SMTP_CLIENT_OK);
}

/* The server: answers what the output says, one command at a time. */
static void serve(smtp_client *client, int round) {
    const char *bytes;
    size_t length, recipient = 0;
    for (;;) {
        smtp_client_output(client, &bytes, &length);
        if (length == 0) return;
        char verb = bytes[0];
        char words[WORDS_MOST + 60];
        smtp_client_sent(client, length);
        words_for(words, round, recipient);
        if (verb == 'R' && bytes[1] == 'C') {
            say(client, "%d %s\r\n", is_refused(round, recipient) ? 550 : 250, words);
            recipient++;
        } else if (verb == 'D') reply(client, "354 go\r\n");
        else reply(client, "250 ok\r\n");
    }
}

static void check(int round, const smtp_message_result *result) {
    char expected[WORDS_MOST + 60];
    assert_int_equal(result->recipient_count, recipients_of(round));
    for (size_t i = 0; i < result->recipient_count; i++) {
        const smtp_recipient_result *recipient = &result->recipients[i];
        address_for(expected, round, i);
        assert_string_equal(recipient->address, expected);
        assert_int_equal(recipient->state, is_refused(round, i) ? SMTP_MESSAGE_REFUSED : SMTP_MESSAGE_ACCEPTED);
        words_for(expected, round, i);
        assert_string_equal(recipient->text, expected);
    }
}

static void test_blocks_again(void **state) {
    (void)state;
    smtp_client *client = ready_client("250-x\r\n250 8BITMIME\r\n"); /* lock-step: each reply is for one command */
    smtp_client_set_partial(client, true);
    for (int round = 0; round < ROUNDS; round++) {
        bool done = false;
        begin(client, round);
        while (!done) {
            smtp_client_event event;
            size_t taken;
            serve(client, round);
            if (smtp_client_wants_content(client))
                assert_int_equal(smtp_client_data(client, "x\r\n", 3, true, &taken), SMTP_CLIENT_OK);
            done = smtp_client_next_event(client, &event);
            if (!done) continue;
            assert_int_equal(event.kind, SMTP_CLIENT_MESSAGE_DONE);
            check(round, event.result);
        }
    }
    smtp_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_blocks_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
