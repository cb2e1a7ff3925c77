/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_client: the client's side of POP3 (RFC 1939, 2449, 2595, 5034) without any I/O: octets of the server in, events
 * out; commands in, octets for the server out.
 *
 *     pop3_client_new; pop3_client_input with what has come, again and again, each time until it has taken all: it
 * stops at each event. Commands are queued and their replies come in their order; where the server offers PIPELINING
 * (CAPA) they are all written at once, else each when the one before it is answered.
 *
 * What the server sends may be anything. Nothing here grows with it: a line, an answer and a listing have limits, and
 * the content of messages is not kept but handed on as it comes, in pieces of the caller's own octets, with the dots of
 * RFC 1939 3 taken off. After POP3_FAILED nothing more happens.
 */
#ifndef PROTOCOL_POP3_CLIENT_H
#define PROTOCOL_POP3_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POP3_COMMANDS_MAX = 64, /* commands that wait for their replies; 64 short ones fit into any socket's buffer */
    POP3_LINE_MAX = 2048,   /* octets of a line of an answer or a listing; RFC 2449 4 allows 512 */
    POP3_CHALLENGE_LINE_MAX = 16500, /* the same while somebody logs in (RFC 5034 4 has 12288 octets of base64) */
    POP3_TEXT_MAX = 512,             /* octets of an answer's words that are kept */
    POP3_LISTING_MAX = 1000000,      /* lines of a listing */
    POP3_CAPABILITIES_MAX = 100,     /* lines of CAPA */
    POP3_UID_MAX = 255,              /* octets; RFC 1939 7 allows 70 */
    POP3_COMMAND_LINE_MAX = 255,     /* octets with the line's end, RFC 2449 4 */
};

typedef enum pop3_command {
    POP3_GREETING, /* the server's first words, which nobody has asked for */
    POP3_CAPA,
    POP3_STLS,
    POP3_USER,
    POP3_PASS,
    POP3_APOP,
    POP3_AUTH,
    POP3_STAT,
    POP3_LIST,
    POP3_UIDL,
    POP3_RETR,
    POP3_TOP,
    POP3_DELE,
    POP3_NOOP,
    POP3_RSET,
    POP3_QUIT
} pop3_command;

/* Extended response codes (RFC 2449 8, RFC 3206). */
typedef enum pop3_code {
    POP3_CODE_NONE,
    POP3_CODE_IN_USE,
    POP3_CODE_LOGIN_DELAY,
    POP3_CODE_SYS_TEMP,
    POP3_CODE_SYS_PERM,
    POP3_CODE_AUTH,
    POP3_CODE_OTHER
} pop3_code;

typedef enum pop3_event_kind {
    POP3_NONE,      /* all was taken, and there is nothing to tell */
    POP3_DONE,      /* a command (or the greeting) is answered, with all that belongs to the answer */
    POP3_CONTENT,   /* more of the message that RETR or TOP asked for */
    POP3_ENTRY,     /* a line of LIST or UIDL */
    POP3_CHALLENGE, /* AUTH: the server waits for pop3_client_respond */
    POP3_FAILED     /* the session is over */
} pop3_event_kind;

typedef enum pop3_failure {
    POP3_FAILURE_CLOSED,   /* the connection has ended */
    POP3_FAILURE_PROTOCOL, /* the server breaks the rules */
    POP3_FAILURE_LIMIT,    /* a message or listing without an end */
    POP3_FAILURE_MEMORY
} pop3_failure;

/* Pointers stay until the next call with the client. */
typedef struct pop3_event {
    pop3_event_kind kind;
    pop3_command command;  /* whose answer it is */
    bool ok;               /* DONE: +OK, else -ERR */
    pop3_code code;        /* DONE, FAILED: of -ERR */
    const char *code_text; /* "SYS/TEMP"; "" without one */
    const char *text;      /* DONE, FAILED: the words without controls, NUL-terminated, never NULL */
    const char *bytes;     /* CONTENT; CHALLENGE: the bare octets, NULL when it was no base64 */
    size_t size;
    uint64_t number, octets; /* ENTRY: message and its size (LIST); DONE of STAT: messages and the size of all */
    const char *uid;         /* ENTRY of UIDL; else NULL */
    pop3_failure failure;    /* FAILED */
} pop3_event;

typedef enum pop3_status {
    POP3_OK,
    POP3_BAD_ARGUMENT, /* text that cannot be sent, or is too long */
    POP3_BUSY,         /* too many commands wait, or one that must stand alone */
    POP3_WRONG_STATE,  /* not before, or not after, log-in; no challenge waits */
    POP3_CLOSED,
    POP3_NO_MEMORY
} pop3_status;

typedef struct pop3_client pop3_client;

/* NULL: memory. */
pop3_client *pop3_client_new(void);
/* Wipes what was secret and frees; NULL is allowed. */
void pop3_client_free(pop3_client *client);
/* Octets of one message above which the session fails; 0: any number. */
void pop3_client_set_limit(pop3_client *client, uint64_t octets);

/* Takes octets up to the next event, and gives how many; fewer than all only with an event. */
size_t pop3_client_input(pop3_client *client, const char *bytes, size_t size, pop3_event *event);
/* The connection has ended. NULL words: closed by the server. *event is POP3_FAILED, or POP3_NONE when nobody waits for
 * anything any more: after the reply to QUIT, or an earlier failure. */
void pop3_client_close(pop3_client *client, const char *words, pop3_event *event);

/* What waits to be written; and so much of it was. */
void pop3_client_output(const pop3_client *client, const char **bytes, size_t *size);
void pop3_client_sent(pop3_client *client, size_t size);
/* Whether a secret is in that output. */
bool pop3_client_output_is_secret(const pop3_client *client);

/* CAPA STLS STAT LIST UIDL NOOP RSET QUIT, which have no argument; RETR DELE message; TOP message lines. CAPA, STLS and
 * QUIT stand alone: they are BUSY while others wait, and others while they do. */
pop3_status pop3_client_command(pop3_client *client, pop3_command command, uint64_t message, uint64_t lines);
/* USER, PASS; APOP with the user and the digest in hexadecimal. */
pop3_status pop3_client_user(pop3_client *client, const char *user);
pop3_status pop3_client_password(pop3_client *client, const char *password);
pop3_status pop3_client_apop(pop3_client *client, const char *user, const char *digest);
/* AUTH with the initial response, NULL without one. pop3_client_auth_fits: whether one of that size may go with the
 * command. */
bool pop3_client_auth_fits(const char *mechanism, size_t size);
pop3_status pop3_client_auth(pop3_client *client, const char *mechanism, const char *initial, size_t size);
/* The answer to a challenge; NULL gives up. */
pop3_status pop3_client_respond(pop3_client *client, const char *response, size_t size);
/* The handshake is done after STLS: what the server had offered before is forgotten. */
pop3_status pop3_client_encrypted(pop3_client *client);

/* The time stamp of the greeting with its brackets, for APOP; "" when there is none that is safe to use. */
const char *pop3_client_timestamp(const pop3_client *client);
/* Lines of the last CAPA; 0 before it, or when the server does not know it. */
size_t pop3_client_capability_count(const pop3_client *client);
const char *pop3_client_capability(const pop3_client *client, size_t index);
/* The arguments of a capability, "" without, NULL when it is not offered. The name is in capitals. */
const char *pop3_client_offers(const pop3_client *client, const char *name);
/* Logged in. */
bool pop3_client_in_transaction(const pop3_client *client);
/* Commands that are not answered; and how many more can be given. */
size_t pop3_client_waiting(const pop3_client *client);
size_t pop3_client_room(const pop3_client *client);
/* Octets taken since the beginning, and answers: what tells that the server is alive. */
uint64_t pop3_client_taken(const pop3_client *client);
uint64_t pop3_client_answers(const pop3_client *client);

#endif
