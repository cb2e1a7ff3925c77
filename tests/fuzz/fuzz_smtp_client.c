/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_smtp_client: a server that says anything, at any time, to a client that sends messages by the rules.
 *
 * Octet 0: options. Octet 1: how the client goes about it. Then the server's octets; in them 0xff and one more octet
 * stand for an action of the caller (hand over so many octets of output, another command). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_client.h"

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) abort();                                                                                     \
    while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES = 6 };

typedef struct run {
    smtp_client *client;
    uint8_t style;
    unsigned begun, done, over;
    unsigned to_secure; /* 1: STARTTLS before the first message, 2: AUTH */
    bool sized;         /* the message begun last has a size in its envelope */
    bool dot_queued[MESSAGES + 1];
} run;

static void check_result(const run *r, const smtp_client_event *event) {
    const smtp_message_result *result = event->result;
    size_t accepted = 0, refused = 0, doubt = 0;
    for (size_t i = 0; i < result->recipient_count; i++) {
        const smtp_recipient_result *recipient = &result->recipients[i];
        accepted += recipient->state == SMTP_MESSAGE_ACCEPTED;
        refused += recipient->state == SMTP_MESSAGE_REFUSED;
        doubt += recipient->state == SMTP_MESSAGE_IN_DOUBT;
        CHECK(strlen(recipient->text) < SMTP_CLIENT_TEXT_MAX && recipient->address[0] != '\0');
        CHECK(recipient->state != SMTP_MESSAGE_REFUSED || recipient->code >= 400);
    }
    CHECK(accepted == result->accepted && refused == result->refused && strlen(result->text) < SMTP_CLIENT_TEXT_MAX);
    CHECK(!result->session_full || (result->state == SMTP_MESSAGE_REFUSED && result->temporary));
    switch (result->state) {
    case SMTP_MESSAGE_ACCEPTED:
        CHECK(accepted > 0 && doubt == 0 && result->code / 100 == 2 && r->dot_queued[event->message]);
        break;
    case SMTP_MESSAGE_REFUSED: CHECK(accepted == 0 && doubt == 0 && refused > 0 && result->code >= 400); break;
    case SMTP_MESSAGE_IN_DOUBT: CHECK(doubt > 0 && r->dot_queued[event->message]); break;
    case SMTP_MESSAGE_NOT_SENT: CHECK(accepted == 0 && doubt == 0 && result->temporary); break;
    }
}

static void act(run *r) {
    smtp_client_event event;
    while (smtp_client_next_event(r->client, &event)) {
        CHECK(r->over == 0);
        switch (event.kind) {
        case SMTP_CLIENT_MESSAGE_DONE:
            check_result(r, &event);
            r->done++;
            break;
        case SMTP_CLIENT_FAILED:
            CHECK(event.failure->text[0] != '\0' && strlen(event.failure->text) < 1024);
            r->over++;
            break;
        case SMTP_CLIENT_QUIT_DONE: r->over++; break;
        case SMTP_CLIENT_TLS_READY:
            r->to_secure = 2;
            if (!(r->style & 4) && smtp_client_tls_started(r->client) == SMTP_CLIENT_OK)
                CHECK(smtp_client_capabilities(r->client)->flags == 0);
            break;
        case SMTP_CLIENT_AUTH_CHALLENGE:
            CHECK(event.challenge != NULL || event.challenge_size == 0);
            CHECK(!smtp_client_can_begin(r->client));
            if (event.challenge_size > 9) smtp_client_auth_cancel(r->client);
            else smtp_client_auth_response(r->client, "secret", event.challenge_size % 7);
            break;
        default: CHECK(event.reply != NULL && strlen(event.reply->text) == event.reply->length); break;
        }
    }
    size_t taken;
    if (smtp_client_wants_content(r->client)) {
        CHECK(r->over == 0 && !smtp_client_can_begin(r->client));
        bool last =
            r->sized || !(r->style & 1) || smtp_client_timeout_ms(r->client) == 180000; /* at once, or in two steps */
        smtp_client_status status = smtp_client_data(r->client, ".a\r\n.", 5, last, &taken);
        CHECK(status == SMTP_CLIENT_OK && taken == 5);
        if (last) r->dot_queued[r->begun] = true;
    }
    if (!smtp_client_can_begin(r->client)) return;
    if (r->to_secure == 1) smtp_client_start_tls(r->client);
    if (r->to_secure == 2) smtp_client_auth(r->client, "PLAIN", r->style & 8 ? NULL : "secret", 6);
    if (r->to_secure > 0) {
        r->to_secure = 0;
        return;
    }
    smtp_recipient recipients[] = {{.address = "b@x"}, {.address = "c@y"}, {.address = "d@X"}};
    smtp_envelope envelope = {
        .sender = "a@x", .recipients = recipients, .recipient_count = 1 + (r->style >> (r->begun % 6 + 1)) % 3u};
    r->sized = (r->style & 32) != 0; /* then it goes by BDAT where that is offered */
    envelope.size = r->sized ? 5 : 0;
    if (r->sized && (r->style & 16)) envelope.body = SMTP_BODY_BINARY;
    if (r->begun < MESSAGES) {
        smtp_client_status status = smtp_client_begin(r->client, &envelope, NULL);
        if (status == SMTP_CLIENT_OK) r->begun++;
        else CHECK(status == SMTP_CLIENT_SESSION_LIMIT || status == SMTP_CLIENT_BAD_ENVELOPE);
    }
}

static void hand_over(run *r, size_t most) {
    const char *bytes;
    size_t length;
    smtp_client_output(r->client, &bytes, &length);
    CHECK(length <= 512 * 1024 && (length == 0 || bytes[length - 1] != '\0'));
    smtp_client_sent(r->client, length < most ? length : most);
}

static void command(run *r, uint8_t octet) {
    switch (octet) {
    case 0xff: hand_over(r, SIZE_MAX); break;
    case 0xfe: smtp_client_noop(r->client); break;
    case 0xfd: smtp_client_reset(r->client); break;
    case 0xfc: smtp_client_verify(r->client, "bob"); break;
    case 0xfb: smtp_client_quit(r->client); break;
    case 0xfa: smtp_client_closed(r->client, octet & 1 ? NULL : "reset"); break;
    case 0xf9: smtp_client_set_partial(r->client, r->begun & 1); break;
    default: hand_over(r, octet); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    smtp_client_options options = {.local_domain = "a.test",
                                   .lmtp = data[0] & 1,
                                   .partial = (data[0] & 2) != 0,
                                   .no_pipelining = (data[0] & 4) != 0,
                                   .no_streaming = (data[0] & 8) != 0,
                                   .streams = (data[1] & 64) != 0};
    smtp_client_status status;
    run r = {.client = smtp_client_new(&options, &status), .style = data[1]};
    if (data[0] & 128) r.to_secure = 1 + (data[1] >> 1 & 1);
    bool prompt = !(data[0] & 16); /* everything is handed over at once, else only on command */
    CHECK(r.client != NULL);
    for (size_t at = 2; at < size;) {
        const uint8_t *stop = memchr(data + at, 0xff, size - at);
        size_t length = stop ? (size_t)(stop - data) - at : size - at;
        /* A line at a time, as a client that answers each reply would see them. */
        const uint8_t *line = memchr(data + at, '\n', length);
        if (line != NULL && data[0] & 32) length = (size_t)(line - data) + 1 - at, stop = NULL;
        smtp_client_input(r.client, (const char *)data + at, length);
        act(&r);
        if (prompt) hand_over(&r, SIZE_MAX);
        at += length;
        if (stop == NULL) continue;
        if (at + 1 < size) command(&r, data[at + 1]);
        at += 2;
        act(&r);
    }
    if (data[0] & 64) {
        smtp_client_closed(r.client, NULL);
        act(&r);
        CHECK(r.over == 1 && r.done == r.begun);
        const char *bytes;
        smtp_client_output(r.client, &bytes, &size);
        CHECK(size == 0 && smtp_client_timeout_ms(r.client) == -1);
    }
    smtp_client_free(r.client);
    return 0;
}
