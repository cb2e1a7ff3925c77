/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_client: the client's side of an SMTP or LMTP session as a machine of bytes and events, without any I/O.
 *
 * The caller owns the connection and goes round:
 *     write smtp_client_output, tell smtp_client_sent; read, tell smtp_client_input (end of file: smtp_client_closed);
 *     take all events with smtp_client_next_event and answer them.
 * It must read while it writes: a server may stop reading until its replies are taken (RFC 2920 section 3.1).
 *
 * A message: smtp_client_begin, then once smtp_client_wants_content smtp_client_data until the last octet, and some
 * time later MESSAGE_DONE. As soon as the last octet is handed over the next message may begin; with PIPELINING the
 * final dot of the one and the envelope of the other leave in the same output. For each message begun there is exactly
 * one MESSAGE_DONE, whatever happens.
 *
 * With CHUNKING (RFC 3030) and a size in the envelope the content goes by one BDAT LAST, which with PIPELINING leaves
 * together with the envelope, so that any number of messages can be under way: content is then wanted at once, and the
 * caller bounds how many. Content of one recipient is so written before anybody has accepted it; that of several waits
 * for the replies to RCPT unless `partial`, because BDAT LAST would have it delivered to those accepted alone. RSET
 * stands between two messages so written: RFC 3030 leaves open whether a refused BDAT ends the transaction.
 *
 * Every command written is an entry in a queue; replies are matched to it by order alone (RFC 2920 3.1). So a further
 * command (BDAT) is one more kind of entry with its own reaction to the reply.
 */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/protocol/smtp_capabilities.h"
#include "modules/protocol/smtp_envelope.h"
#include "modules/protocol/smtp_reply.h"

enum {
    SMTP_CLIENT_RECIPIENTS_MAX = 10000,  /* recipients of one message */
    SMTP_CLIENT_TEXT_MAX = 1024,         /* octets kept of a reply in a result; longer is cut and ends in "..." */
    SMTP_CLIENT_OUTPUT_MAX = 256 * 1024, /* smtp_client_data takes no more while this much waits to be written */
};

typedef struct smtp_client smtp_client;

typedef struct smtp_client_options {
    const char *local_domain; /* for EHLO: a domain or an address literal; copied */
    bool lmtp;                /* LHLO and a reply for each recipient (RFC 2033) */
    bool partial;             /* a message goes to those accepted when others are refused; else to all or none */
    bool no_pipelining;       /* lock-step whatever the server offers */
    bool no_streaming;        /* hold the next envelope back until the final reply of the message before has come */
    bool no_chunking;         /* DATA where BDAT would be possible */
    uint64_t messages_most;   /* known of this server: so many on a connection; 0: not known */
    bool streams;             /* known of this server: it bears what is written behind the end of a message */
} smtp_client_options;

typedef enum smtp_client_status {
    SMTP_CLIENT_OK,
    SMTP_CLIENT_BUSY,         /* not now: not ready yet, or a message is before its last octet */
    SMTP_CLIENT_CLOSED,       /* the session is over (FAILED, QUIT) */
    SMTP_CLIENT_BAD_ENVELOPE, /* refused here, nothing was sent: `envelope_status` and smtp_client_error tell why */
    SMTP_CLIENT_BAD_ARGUMENT,
    SMTP_CLIENT_SESSION_LIMIT, /* the server takes no more messages, or domains, on this connection (LIMITS MAILMAX,
                                * RCPTDOMAINMAX, or a reply that said so): connect anew */
    SMTP_CLIENT_NO_MEMORY,
} smtp_client_status;

typedef enum smtp_client_event_kind {
    SMTP_CLIENT_NONE,           /* no event waits */
    SMTP_CLIENT_GREETING,       /* reply */
    SMTP_CLIENT_READY,          /* reply to EHLO, LHLO or HELO; smtp_client_capabilities stands; messages may begin */
    SMTP_CLIENT_MESSAGE_DONE,   /* message, result */
    SMTP_CLIENT_NOOP_DONE,      /* reply, whatever its code */
    SMTP_CLIENT_VERIFY_DONE,    /* reply, whatever its code */
    SMTP_CLIENT_RESET_DONE,     /* reply, 2xx */
    SMTP_CLIENT_TLS_READY,      /* reply: encrypt the connection now, then smtp_client_tls_started */
    SMTP_CLIENT_TLS_REFUSED,    /* reply, 4xx or 5xx; the session goes on in clear */
    SMTP_CLIENT_AUTH_CHALLENGE, /* challenge; answer with smtp_client_auth_response or smtp_client_auth_cancel */
    SMTP_CLIENT_AUTH_DONE,      /* reply: 2xx when the server knows us now, else 4xx or 5xx */
    SMTP_CLIENT_QUIT_DONE,      /* reply, or NULL when the server closed without a word: close the connection */
    SMTP_CLIENT_FAILED,         /* failure: the last event; close the connection */
} smtp_client_event_kind;

typedef enum smtp_message_state {
    SMTP_MESSAGE_ACCEPTED, /* the server has taken it for at least one recipient; see `refused` for the others */
    SMTP_MESSAGE_REFUSED,  /* the server has answered and nobody gets it */
    SMTP_MESSAGE_IN_DOUBT, /* the final dot was handed over and no valid reply came: it may have been delivered */
    SMTP_MESSAGE_NOT_SENT, /* the connection ended before the final dot: certainly not delivered */
} smtp_message_state;

/* The step a message had come to when its fate was decided. */
typedef enum smtp_message_stage {
    SMTP_STAGE_MAIL,
    SMTP_STAGE_RCPT,
    SMTP_STAGE_DATA,    /* the DATA command */
    SMTP_STAGE_CONTENT, /* between 354 and the final dot */
    SMTP_STAGE_END,     /* the final dot */
} smtp_message_stage;

/* One recipient's fate, in the order of the envelope. */
typedef struct smtp_recipient_result {
    smtp_message_state state;
    int code; /* of the last reply that concerned it; 0 when none came */
    smtp_enhanced_code enhanced;
    bool too_many; /* RCPT was refused for the number of recipients alone (smtp_limits.h) */
    const char *address;
    const char *text;   /* the server's words, or ours when code is 0 */
    size_t text_offset; /* the engine's own: where `text` is kept */
} smtp_recipient_result;

typedef struct smtp_message_result {
    smtp_message_state state;
    smtp_message_stage stage;
    bool temporary;              /* trying again may help: 4xx, a lost connection. False for 5xx and for ACCEPTED */
    int code;                    /* of the reply that decided; 0 when none did */
    smtp_enhanced_code enhanced; /* of that reply */
    bool session_full; /* refused because the server takes no more messages on this connection, which has taken
                        * some: it may go over a new one */
    const char *text;  /* its words, or ours when code is 0 */
    size_t accepted;   /* recipients by state */
    size_t refused;
    size_t recipient_count;
    smtp_recipient_result *recipients;
    size_t text_offset; /* the engine's own */
} smtp_message_result;

typedef enum smtp_failure_class {
    SMTP_FAILURE_PROTOCOL, /* the server broke the rules */
    SMTP_FAILURE_CLOSED,   /* the connection ended, or the server said 421 */
    SMTP_FAILURE_REFUSED,  /* the server answered 4xx or 5xx to the greeting, EHLO or RSET */
    SMTP_FAILURE_LOCAL,    /* out of memory */
} smtp_failure_class;

typedef struct smtp_client_failure {
    smtp_failure_class failure_class;
    bool temporary;
    bool streaming; /* a message was begun behind the final dot of another, one of which has no answer: next time try
                     * no_streaming */
    bool chunking;  /* the server offers CHUNKING and does not know BDAT: next time try no_chunking */
    int code;       /* of the server's reply; 0 when there is none */
    smtp_enhanced_code enhanced;
    const char *text; /* what was expected and what came; one line, safe to show */
} smtp_client_failure;

/* Pointers are valid until the next call that is not a question (next_event, input, closed, free, ...). */
typedef struct smtp_client_event {
    smtp_client_event_kind kind;
    uint64_t message; /* the number smtp_client_begin gave */
    const smtp_reply *reply;
    const smtp_message_result *result;
    const smtp_client_failure *failure;
    const char *challenge; /* decoded; NULL when the server's words are no base64 */
    size_t challenge_size;
} smtp_client_event;

/* Makes a client that waits for the server's greeting. NULL with `*status` BAD_ARGUMENT (local_domain) or NO_MEMORY. */
smtp_client *smtp_client_new(const smtp_client_options *options, smtp_client_status *status);

/* Frees the client and all it owns, at any time. NULL is allowed. */
void smtp_client_free(smtp_client *client);

/* The octets to write now: `*length` of them (0: none), valid until the next call that is not a question. */
void smtp_client_output(const smtp_client *client, const char **bytes, size_t *length);

/* `length` octets of the output have been handed to the layer below. To be called as soon as they are, before any
 * further input: it decides whether a message is in doubt, and a reply to a command not yet sent is a breach. */
void smtp_client_sent(smtp_client *client, size_t length);

/* Octets have come. All are taken; after the session's end they are ignored. */
void smtp_client_input(smtp_client *client, const char *bytes, size_t length);

/* The connection is over: `reason` in the caller's words (a timeout, a reset), or NULL for the end of file. */
void smtp_client_closed(smtp_client *client, const char *reason);

/* Takes the next event. False (kind NONE) when there is none. */
bool smtp_client_next_event(smtp_client *client, smtp_client_event *event);

/* How long to wait for what is awaited now, in milliseconds (RFC 5321 4.5.3.2: greeting, EHLO, MAIL, RCPT 5 min, DATA
 * 2, a block of content 3, the final dot 10), or -1 when the next move is the caller's. The caller may cap it. */
int64_t smtp_client_timeout_ms(const smtp_client *client);

/* What is awaited now, for a message: "reply to MAIL FROM"; "" when nothing. */
const char *smtp_client_awaits(const smtp_client *client);

/* Replies taken so far, the greeting among them. It grows with each, so that a deadline can be set for each alone. */
uint64_t smtp_client_replies(const smtp_client *client);

/* Commands that want a reply, the greeting among them; `*sent` (may be NULL): how many of them have left. A caller that
 * cannot read while it writes keeps the latter small enough for the replies to find room in the sockets' buffers. */
size_t smtp_client_unanswered(const smtp_client *client, size_t *sent);

/* What the server offers; all zero before READY and after HELO. Never NULL. */
const smtp_capabilities *smtp_client_capabilities(const smtp_client *client);

/* True once the server has answered a MAIL that had been written behind an end not yet answered, or when the options
 * said so: only then whole messages are written behind one another (with CHUNKING). */
bool smtp_client_streams(const smtp_client *client);

/* True when the message begun last waits for content. */
bool smtp_client_wants_content(const smtp_client *client);

/* Messages that the server has taken on this connection. */
uint64_t smtp_client_accepted(const smtp_client *client);

/* True when smtp_client_begin would not say BUSY or CLOSED. */
bool smtp_client_can_begin(const smtp_client *client);

/* Begins a message; the envelope is copied. `*message` (may be NULL) gets its number, counted from 1. Refuses an
 * envelope that is malformed or beyond the server's offers, before anything is sent, with BAD_ENVELOPE. */
smtp_client_status smtp_client_begin(smtp_client *client, const smtp_envelope *envelope, uint64_t *message);

/* Whether content may be SMTP_BODY_BINARY: the server offers BINARYMIME with CHUNKING, and no option forbids it. */
bool smtp_client_takes_binary(const smtp_client *client);

/* Whether the recipients are more than one transaction, or more domains than one session may have, by what the server
 * announces and our own bound. */
bool smtp_client_must_split(const smtp_client *client, const smtp_recipient *recipients, size_t count);

/* Which of the `count` recipients whose indices are in `waiting` can go in this session's next transaction, at most
 * `most` (0: as many as the server takes): their indices to `chosen`, in order. None: connect anew. False when memory
 * is short. */
bool smtp_client_choose(const smtp_client *client, const smtp_recipient *recipients, const size_t *waiting,
                        size_t count, size_t most, size_t *chosen, size_t *chosen_count);

/* Why the last smtp_client_begin said BAD_ENVELOPE; the second as a sentence with the values concerned. */
smtp_envelope_status smtp_client_envelope_status(const smtp_client *client);
const char *smtp_client_error(const smtp_client *client);

/* Hands over canonical content (CRLF line ends) of the message begun last, which wants it; dots are doubled here.
 * `*taken` tells how much was taken: less than `length` while SMTP_CLIENT_OUTPUT_MAX octets wait to be written; then
 * write and offer the rest. `last` says that no more follows, and counts when all was taken. BUSY: no message wants
 * content. BAD_ARGUMENT: with BDAT, these octets would make more than the envelope's size, or make it up without
 * `last`, or not make it up with it; nothing was taken. A caller that cannot go on must close the connection: without
 * the final dot nothing is delivered. */
smtp_client_status smtp_client_data(smtp_client *client, const char *bytes, size_t length, bool last, size_t *taken);

/* NOOP, RSET, VRFY: allowed when nothing is under way (else BUSY); each ends in its event. The engine sends RSET by
 * itself before a message that follows a broken transaction. `word` of VRFY: 1 to 400 octets without controls. */
smtp_client_status smtp_client_noop(smtp_client *client);
smtp_client_status smtp_client_reset(smtp_client *client);
smtp_client_status smtp_client_verify(smtp_client *client, const char *word);

/* QUIT, as soon as what is under way allows it; BUSY while a message is before its last octet. No message may begin
 * after. */
smtp_client_status smtp_client_quit(smtp_client *client);

/* STARTTLS (RFC 3207): allowed when nothing is under way (else BUSY); ends in TLS_READY or TLS_REFUSED. After TLS_READY
 * whatever comes before smtp_client_tls_started fails the session: it came in clear, from whoever sits in between, and
 * would otherwise count as the server's (CVE-2011-0411). tls_started forgets what the server offered and says EHLO
 * again; READY follows. */
smtp_client_status smtp_client_start_tls(smtp_client *client);
smtp_client_status smtp_client_tls_started(smtp_client *client);

/* AUTH (RFC 4954): allowed when nothing is under way. `initial` is the mechanism's initial response, NULL when there is
 * none or it goes with the first challenge, as one must that smtp_client_auth_fits refuses. Each AUTH_CHALLENGE wants a
 * response, which is written as base64, or the cancellation, which the server answers with AUTH_DONE (501). Until
 * AUTH_DONE nothing else may be given (BUSY). */
smtp_client_status smtp_client_auth(smtp_client *client, const char *mechanism, const char *initial, size_t size);
smtp_client_status smtp_client_auth_response(smtp_client *client, const char *response, size_t size);
smtp_client_status smtp_client_auth_cancel(smtp_client *client);
/* Whether a command line of 512 octets (RFC 4954 4) holds the mechanism with an initial response of that size. */
bool smtp_client_auth_fits(const char *mechanism, size_t size);

/* Whether the output holds a secret: it must not be logged. It is wiped once it was sent. */
bool smtp_client_output_is_secret(const smtp_client *client);

/* Changes how the messages that begin from now on are treated. */
void smtp_client_set_partial(smtp_client *client, bool partial);

#endif
