/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_client_internal: what the files of the POP3 client share. */
#ifndef PROTOCOL_POP3_CLIENT_INTERNAL_H
#define PROTOCOL_POP3_CLIENT_INTERNAL_H

#include "modules/coding/mail_buffer.h"
#include "modules/protocol/pop3_client.h"

/* A command that is not answered. */
struct pop3_waiting {
    pop3_command command;
    char *line; /* until it is written; malloc'd */
    bool written;
};

/* Where in a message the next octet stands. */
enum pop3_place { POP3_AT_START /* of a line */, POP3_AT_DOT, POP3_AT_DOT_CR, POP3_IN_LINE };

/* Invariants: the oldest of `waiting` is the one whose answer comes; `body` only while its lines come; secrets are only
 * in `output`, alone. */
struct pop3_client {
    struct pop3_waiting waiting[POP3_COMMANDS_MAX]; /* a ring */
    size_t waiting_first, waiting_count;
    struct mail_buffer output;
    size_t output_done; /* octets of it that are written */
    bool output_secret;

    bool over, transaction, pipelining;
    bool tls_due;    /* STLS was accepted, and nothing may come before the handshake */
    bool challenged; /* the server waits for a response */
    char *challenge;

    struct mail_buffer line; /* of an answer or a listing */
    bool bare_lf;            /* the last answer's line ended without CR */
    bool body;
    uint64_t body_count; /* lines of a listing, octets of a message */
    uint64_t limit;
    enum pop3_place place;
    bool last_cr;

    /* The answer. */
    bool ok;
    pop3_code code;
    char code_text[40];
    char text[POP3_TEXT_MAX];
    uint64_t number, octets;
    char uid[POP3_UID_MAX + 1];

    char timestamp[POP3_TEXT_MAX];
    char *capabilities[POP3_CAPABILITIES_MAX];
    size_t capability_count;
    uint64_t taken, answers;
};

/* ---- pop3_reply.c ---- */

/* What is printable of it, controls as ?; the size written, below `room`, with a NUL behind. */
size_t pop3_show_text(char *out, size_t room, const char *text, size_t size);
/* +OK or -ERR with words and response code. False: it is neither. */
bool pop3_read_answer(pop3_client *client, const char *line, size_t size);
/* The two numbers behind STAT's +OK, out of client->text. */
bool pop3_read_status(pop3_client *client);
/* A line of LIST or UIDL, which event->command is. */
bool pop3_read_entry(pop3_client *client, pop3_event *event, const char *line, size_t size);
/* Finds what APOP makes its digest of. */
void pop3_find_timestamp(pop3_client *client, const char *line, size_t size);
/* False when it is no base64. */
bool pop3_decode_base64(char *out, const char *text, size_t size, size_t *length);

#endif
