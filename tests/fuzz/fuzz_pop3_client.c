/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_pop3_client: a server that says anything, at any time, to a client that reads its mail.
 *
 * Octet 0: how it goes about it. Then the server's octets; in them 0xff and one more octet stand for a command. Given
 * in other pieces, the same octets must bring the same events. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/pop3_client.h"

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) abort();                                                                                     \
    while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct run {
    pop3_client *client;
    unsigned over;
    bool limited;             /* then what came before the limit was passed depends on the pieces */
    uint64_t digest, content; /* of the events; octets of content */
} run;

static void mix(run *r, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) r->digest = (r->digest ^ (unsigned char)bytes[i]) * 1099511628211u;
}

static void take(run *r, const pop3_event *event) {
    if (event->kind == POP3_NONE) return;
    CHECK(r->over == 0 && strlen(event->text) < POP3_TEXT_MAX && strlen(event->code_text) < 40);
    if (event->kind == POP3_CONTENT) {
        mix(r, event->bytes, event->size);
        r->content += event->size;
        CHECK(event->command == POP3_RETR || event->command == POP3_TOP);
        return;
    }
    char kind = (char)('0' + event->kind);
    mix(r, &kind, 1);
    mix(r, event->text, strlen(event->text));
    if (event->kind == POP3_ENTRY) {
        CHECK(event->number > 0 && (event->uid != NULL) == (event->command == POP3_UIDL));
        CHECK(event->uid == NULL || (*event->uid && strlen(event->uid) <= POP3_UID_MAX));
    }
    if (event->kind == POP3_CHALLENGE) mix(r, event->bytes ? event->bytes : "", event->size);
    if (event->kind == POP3_DONE && event->command == POP3_STLS && event->ok && event->number == 0)
        if (strlen(event->text) % 2) CHECK(pop3_client_encrypted(r->client) == POP3_OK);
    if (event->kind == POP3_FAILED) CHECK(*event->text != '\0' || event->failure == POP3_FAILURE_CLOSED);
    r->limited |= event->kind == POP3_FAILED && event->failure == POP3_FAILURE_LIMIT;
    r->over += event->kind == POP3_FAILED || (event->kind == POP3_DONE && event->command == POP3_QUIT);
}

static void command(run *r, uint8_t octet) {
    pop3_client *c = r->client;
    pop3_event event;
    switch (octet % 32) {
    case 20: pop3_client_user(c, "bob"); break;
    case 21: pop3_client_password(c, "secret"); break;
    case 22: pop3_client_apop(c, "bob", "00112233445566778899aabbccddeeff"); break;
    case 23: pop3_client_auth(c, "PLAIN", "\0a\0b", 4); break;
    case 24: pop3_client_auth(c, "CRAM-MD5", NULL, 0); break;
    case 25: pop3_client_respond(c, "response", octet / 32); break;
    case 26: pop3_client_respond(c, NULL, 0); break;
    case 27:
        pop3_client_close(c, octet & 128 ? "reset" : NULL, &event);
        take(r, &event);
        break;
    case 28: pop3_client_encrypted(c); break;
    case 29: pop3_client_set_limit(c, 100); break;
    default: pop3_client_command(c, octet % 32, octet, 3); break;
    }
}

static void hand_over(run *r) {
    const char *bytes;
    size_t length;
    pop3_client_output(r->client, &bytes, &length);
    CHECK(length <= 64 * 80 && (length == 0 || bytes[length - 1] == '\n'));
    pop3_client_sent(r->client, length);
}

static run whole(const uint8_t *data, size_t size, size_t piece) {
    run r = {.client = pop3_client_new(), .digest = 14695981039346656037u};
    CHECK(r.client != NULL);
    pop3_event event;
    for (size_t at = 0; at < size;) {
        const uint8_t *stop = memchr(data + at, 0xff, size - at);
        size_t end = stop ? (size_t)(stop - data) : size;
        while (at < end) {
            size_t most = piece && end - at > piece ? piece : end - at;
            for (size_t done = 0; done < most;) {
                done += pop3_client_input(r.client, (const char *)data + at + done, most - done, &event);
                CHECK(done <= most);
                take(&r, &event);
            }
            at += most;
        }
        hand_over(&r);
        if (stop == NULL) break;
        if (at + 1 < size) command(&r, data[at + 1]);
        hand_over(&r);
        at += 2;
    }
    CHECK(pop3_client_capability_count(r.client) <= POP3_CAPABILITIES_MAX);
    pop3_client_close(r.client, NULL, &event);
    take(&r, &event);
    CHECK(r.over == 1);
    pop3_client_close(r.client, NULL, &event);
    CHECK(event.kind == POP3_NONE && r.content <= size);
    pop3_client_free(r.client);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    run a = whole(data + 1, size - 1, 0), b = whole(data + 1, size - 1, data[0] % 8 + 1);
    CHECK(a.limited == b.limited && (a.limited || (a.digest == b.digest && a.content == b.content)));
    return 0;
}
