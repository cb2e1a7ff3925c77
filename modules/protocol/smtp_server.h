/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_server: the server's side of an SMTP session as a machine of bytes and events, without any I/O.
 *
 * The engine parses commands, keeps their order (503), checks syntax (500, 501, 555) and limits, and answers those
 * errors, NOOP, HELP and RSET itself. What needs a decision becomes an event, and nothing further happens until the
 * caller has answered it with smtp_server_accept or smtp_server_refuse. So replies always leave in the order of the
 * commands, however the client pipelines them (RFC 2920 section 3.2).
 */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SMTP_SERVER_LINE_MAX = 2048, /* octets of a command line; RFC 5321 4.5.3.1.4 asks for 512 and extensions add */
    SMTP_SERVER_INPUT_MAX = 64 * 1024,  /* octets of input kept; smtp_server_input takes no more */
    SMTP_SERVER_OUTPUT_MAX = 64 * 1024, /* no further command is looked at while this much waits to be written */
    SMTP_SERVER_ERRORS_MAX = 20,        /* commands in error before 421 and the end */
    SMTP_SERVER_TIMEOUT_MS = 300000,    /* RFC 5321 4.5.3.2.7: wait at least so long for the next command */
};

typedef struct smtp_server smtp_server;

typedef struct smtp_server_options {
    const char *domain;    /* this server's name, as in EHLO; copied */
    uint64_t size_limit;   /* octets of a message; 0: none */
    size_t max_recipients; /* of a message; 0: 1000. RFC 5321 4.5.3.1.8 asks for 100 at least */
    bool no_extensions;    /* knows only HELO, as before RFC 1869 */
} smtp_server_options;

typedef enum smtp_server_event_kind {
    SMTP_SERVER_NONE,      /* give it more input, or write its output */
    SMTP_SERVER_HELLO,     /* text: the client's name; esmtp. Drop any transaction. To be answered */
    SMTP_SERVER_MAIL,      /* text: the sender, "" for <>; size, body_8bit, smtputf8. To be answered */
    SMTP_SERVER_RCPT,      /* text: the recipient. To be answered */
    SMTP_SERVER_DATA,      /* To be answered; accepting it says 354 */
    SMTP_SERVER_CONTENT,   /* text, length: a piece of content, dots undone */
    SMTP_SERVER_MESSAGE,   /* the content is complete; size: its octets; bare_line_ends. To be answered */
    SMTP_SERVER_ABANDONED, /* a transaction was broken off (RSET, too large): drop what came */
    SMTP_SERVER_VERIFY,    /* text: the word. To be answered */
    SMTP_SERVER_QUIT,      /* the last event (QUIT, or too many errors): write the output, then close */
} smtp_server_event_kind;

/* Pointers are valid until the next call that is not a question. */
typedef struct smtp_server_event {
    smtp_server_event_kind kind;
    const char *text; /* NUL-terminated except with CONTENT */
    size_t length;
    uint64_t size; /* MAIL: as declared, 0 when not */
    bool esmtp;
    bool body_8bit;
    bool smtputf8;
    bool bare_line_ends; /* the content had a CR or LF alone; neither ended a line (RFC 5321 2.3.8) */
} smtp_server_event;

/* Makes a server whose greeting waits in the output. NULL when the domain is malformed or memory is short. */
smtp_server *smtp_server_new(const smtp_server_options *options);

/* Frees the server and all it owns. NULL is allowed. */
void smtp_server_free(smtp_server *server);

/* The octets to write now, and how many of them have been written. */
void smtp_server_output(const smtp_server *server, const char **bytes, size_t *length);
void smtp_server_sent(smtp_server *server, size_t length);

/* Octets have come. Returns how many were taken: fewer than `length` when SMTP_SERVER_INPUT_MAX are kept already or
 * memory is short; take events and offer the rest again. After QUIT all are taken and ignored. */
size_t smtp_server_input(smtp_server *server, const char *bytes, size_t length);

/* Takes the next event. False (kind NONE) when there is none, or while an answer is due. */
bool smtp_server_next_event(smtp_server *server, smtp_server_event *event);

/* Answers the last event with yes: 250 (HELLO with the list of extensions), 354 for DATA, 252 for VERIFY. `text` (may
 * be NULL) is used instead of our words where one line is sent. False when no answer is due, or memory is short. */
bool smtp_server_accept(smtp_server *server, const char *text);

/* Answers the last event with no: `code` 400-599, `enhanced` as "5.1.1" or NULL. 421 ends the session. Controls in the
 * text are made harmless. False when no answer is due, an argument is out of range, or memory is short. */
bool smtp_server_refuse(smtp_server *server, int code, const char *enhanced, const char *text);

#endif
