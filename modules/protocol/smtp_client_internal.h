/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_client_internal: what the files of the SMTP client share; for nobody else. */
#ifndef SMTP_CLIENT_INTERNAL_H
#define SMTP_CLIENT_INTERNAL_H

#include "modules/protocol/smtp_buffer.h"
#include "modules/protocol/smtp_client.h"
#include "modules/protocol/smtp_content.h"
#include "modules/protocol/smtp_limits.h"

/* What the server owes a reply to. Each kind is a row of `command_traits` in smtp_client.c. */
typedef enum smtp_command_kind {
    COMMAND_GREETING, /* no command: the connection itself */
    COMMAND_EHLO,     /* or LHLO */
    COMMAND_HELO,
    COMMAND_MAIL,
    COMMAND_RCPT,
    COMMAND_DATA,
    COMMAND_END,       /* the final dot, or BDAT LAST; with LMTP one entry for each recipient accepted */
    COMMAND_RSET,      /* the engine's own */
    COMMAND_RSET_USER, /* the caller's */
    COMMAND_NOOP,
    COMMAND_VRFY,
    COMMAND_STARTTLS,
    COMMAND_AUTH, /* or a line of its exchange */
    COMMAND_QUIT,
} smtp_command_kind;

/* The offset of a text that is "". */
#define SMTP_NO_TEXT SIZE_MAX

/* A message between smtp_client_begin and the delivery of its MESSAGE_DONE. One malloc'd block: the struct, the results
 * and the recipients' addresses; `lines` and `texts` have their own. */
typedef struct smtp_message {
    struct smtp_message *next; /* in the session's list, oldest first, or in that of spare blocks */
    size_t room;               /* octets of the block */
    smtp_buffer lines;         /* MAIL and RCPT commands not written yet */
    smtp_buffer texts;         /* NUL-terminated texts that results name by offset */
    uint64_t number;           /* from here on zero in a new message */
    smtp_message_result result;
    size_t outstanding; /* its entries in the command queue */
    size_t asked;       /* RCPT commands written */
    size_t answered;    /* RCPT replies seen */
    size_t granted;     /* recipients whose RCPT was accepted */
    bool partial;
    bool mail_written;
    bool mail_accepted;
    bool data_written;
    bool stray_grant; /* a recipient was accepted although MAIL was not */
    bool decided;     /* `result` stands; only replies without meaning for it are outstanding */
    bool lone_dot;    /* nobody was accepted, yet DATA was: ended by a dot alone (RFC 2920 3.1) */
    bool chunked;     /* its content goes by BDAT (RFC 3030) */
    bool behind;      /* MAIL was written behind the unanswered end of another message */
    uint64_t size;    /* octets of its content as declared; 0: not known */
    smtp_recipient_result recipients[];
} smtp_message;

typedef struct smtp_command {
    smtp_command_kind kind;
    uint32_t recipient;    /* RCPT, and END with LMTP */
    smtp_message *message; /* MAIL, RCPT, DATA, END */
    uint64_t end;          /* position in the output stream after its last octet */
} smtp_command;

typedef struct smtp_pending_event {
    smtp_client_event_kind kind;
    smtp_message *message; /* MESSAGE_DONE owns it */
    smtp_reply *reply;     /* a malloc'd copy, owned; or NULL */
    char *challenge;       /* AUTH_CHALLENGE, decoded: malloc'd, owned; or NULL */
    size_t challenge_size;
} smtp_pending_event;

/* Invariants: entries stand in `queue` in the order of their octets in the stream; `open` is the last of the list
 * `first`..`last` or NULL; room for every event that can follow has been made before the command is written, so that no
 * MESSAGE_DONE is ever lost. */
struct smtp_client {
    smtp_client_options options; /* local_domain is a malloc'd copy */
    smtp_reply_parser parser;
    smtp_capabilities capabilities;
    smtp_buffer output;
    uint64_t sent;    /* octets handed to the layer below since the start */
    uint64_t replies; /* complete replies taken */

    smtp_command *queue; /* a ring of `queue_capacity` (a power of two) */
    size_t queue_head, queue_count, queue_capacity;

    smtp_pending_event *events; /* likewise */
    size_t events_head, events_count, events_capacity;

    smtp_message *first, *last; /* messages begun and not done */
    size_t under_way;           /* how many: each will still need an event */
    smtp_message *open;         /* the one before its last octet, or NULL */
    smtp_message *spare;        /* blocks for the next ones */
    size_t spare_count;
    uint64_t message_count;
    uint64_t accepted;       /* messages that the server has taken */
    bool full;               /* and it takes no more of them on this connection */
    smtp_domain_set domains; /* of this session's recipients, where the server limits them */
    smtp_content_writer content;
    uint64_t content_left; /* octets of a BDAT that are to come */
    size_t ends;           /* COMMAND_END entries in the queue */
    bool group_ends;       /* nothing may be written behind the last entry of the queue before its reply */

    bool ready; /* EHLO is through */
    bool pipelining;
    bool wants_content; /* 354 has come for `open` */
    bool needs_reset;   /* the server may still hold a transaction */
    bool wants_quit;    /* the caller said quit: QUIT is to be written as soon as the rules allow */
    bool quit_written;
    bool over;
    bool starts_tls; /* 220 has come: what comes now in clear is not the server's */
    bool challenged; /* the exchange of AUTH waits for the caller */
    bool secret;     /* the output holds one */
    bool streams;    /* this server has answered a MAIL that was written behind the end of a message not answered */
    const smtp_message *closing; /* 421 answered one of its commands */
    bool bdat_known;             /* the server has answered a BDAT as one does who knows it */
    const smtp_message *unknown; /* the message whose BDAT it does not know */

    smtp_pending_event delivered; /* the event the caller looks at: owned until the next */
    smtp_client_failure failure;
    char failure_text[1024];
    smtp_envelope_status envelope_status;
    char error_text[512];
};

/* ---- smtp_client.c ---- */

/* Makes room for `commands` more entries in the command queue, and for `events` more events than messages need. */
bool smtp_session_reserve(smtp_client *client, size_t commands, size_t events);

/* Whether a pipelining server may be sent more before it has answered such a command (RFC 2920 3.1). */
static inline bool smtp_session_leaves_open(const smtp_client *client, smtp_command_kind kind) {
    enum { OPEN = 1 << COMMAND_MAIL | 1 << COMMAND_RCPT | 1 << COMMAND_RSET | 1 << COMMAND_RSET_USER };
    return kind == COMMAND_END ? !client->options.no_streaming : (OPEN >> kind & 1) != 0;
}

/* True when one more command may be written now: nothing is outstanding, or pipelining allows it behind the last one.
 */
static inline bool smtp_session_may_write(const smtp_client *client) {
    return client->queue_count == 0 || (client->pipelining && !client->group_ends);
}

/* The oldest entry of the queue, which is not empty, and the youngest. */
static inline smtp_command *smtp_session_head(const smtp_client *client) { return &client->queue[client->queue_head]; }

static inline smtp_command *smtp_session_tail(const smtp_client *client) {
    return &client->queue[(client->queue_head + client->queue_count - 1) & (client->queue_capacity - 1)];
}

/* Appends the entry of a command whose octets end the output. Room was reserved. */
static inline void smtp_session_push_command(smtp_client *client, smtp_command_kind kind, smtp_message *message,
                                             size_t recipient) {
    client->queue_count++;
    *smtp_session_tail(client) = (smtp_command){.kind = kind,
                                                .recipient = (uint32_t)recipient,
                                                .message = message,
                                                .end = client->sent + smtp_buffer_length(&client->output)};
    client->ends += kind == COMMAND_END;
    client->group_ends = !smtp_session_leaves_open(client, kind);
}

/* Appends the event MESSAGE_DONE, for which there is room. */
void smtp_session_push_done(smtp_client *client, smtp_message *message);

/* Appends an event with a copy of the reply. Room was reserved. */
void smtp_session_push_reply_event(smtp_client *client, smtp_client_event_kind kind, const smtp_reply *reply);

/* AUTH_CHALLENGE; the event owns `challenge`, malloc'd or NULL. */
void smtp_session_push_challenge(smtp_client *client, char *challenge, size_t size);

/* Writes EHLO or LHLO with its entry. */
void smtp_session_write_hello(smtp_client *client);

/* OK when a command that stands alone may be written now: the session is ready and nothing is under way. */
smtp_client_status smtp_session_alone(const smtp_client *client);

/* Ends the session: settles every message, then FAILED. `reply` (may be NULL) is the reply that led to it. */
void smtp_session_fail(smtp_client *client, smtp_failure_class failure_class, bool temporary, const smtp_reply *reply,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Ends the session because the reply does not fit the command. */
void smtp_session_fail_reply(smtp_client *client, smtp_command_kind kind, const smtp_reply *reply);

/* ---- smtp_security.c ---- */

void smtp_security_starttls_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
void smtp_security_auth_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
/* Octets have come between the reply to STARTTLS and the encryption. */
void smtp_security_fail_injected(smtp_client *client, size_t length);
/* Overwrites the output, when it holds a secret. */
void smtp_security_wipe(smtp_client *client);

/* ---- smtp_chunking.c ---- */

/* Whether BDAT LAST may be written for the open message, whose envelope is written; false when DATA is to be used, or
 * replies are to be awaited first. */
bool smtp_chunking_may_go(const smtp_client *client, const smtp_message *message);
/* Writes "BDAT n LAST"; content is to follow. False when the session has failed. */
bool smtp_chunking_begin(smtp_client *client, smtp_message *message);
smtp_client_status smtp_chunking_data(smtp_client *client, const char *bytes, size_t length, bool last, size_t *taken);
/* The reply to the BDAT of a message, or one that came within its content. True when the server does not know BDAT: it
 * reads content as commands from now on, so the session has failed. */
bool smtp_chunking_unknown(smtp_client *client, smtp_message *message, const smtp_reply *reply);
/* The reply to the BDAT of a message that nobody should get: sender or all recipients were refused. */
void smtp_chunking_idle_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);

/* ---- smtp_transaction.c ---- */

/* The whole content of the open message is in the output: what awaits the replies to it, and what may be written
 * behind it. */
void smtp_transaction_end_content(smtp_client *client);
/* All recipients were refused, which decides the message, unless it is decided. */
void smtp_transaction_decide_by_rcpt(smtp_message *message);
/* Takes a decided message out of the list and tells the caller. */
void smtp_transaction_finish(smtp_client *client, smtp_message *message);

void smtp_transaction_mail_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
void smtp_transaction_rcpt_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
void smtp_transaction_data_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
void smtp_transaction_end_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);

/* Writes whatever the rules allow now: RSET, MAIL, RCPT, DATA, QUIT. */
void smtp_transaction_pump(smtp_client *client);

/* The server refused the open or ending message with 4xx or 5xx before its final dot was sent. */
void smtp_transaction_refuse_content(smtp_client *client, smtp_message *message, const smtp_reply *reply);

/* A 421 in answer to one of the message's commands decides its fate; the session fails next. */
void smtp_transaction_service_closing(smtp_client *client, const smtp_command *command, const smtp_reply *reply);

/* The session has failed (client->failure says how): every message gets its MESSAGE_DONE. */
void smtp_transaction_settle_all(smtp_client *client, const smtp_reply *reply);

/* Turns text offsets into pointers, for the caller's eyes. */
void smtp_transaction_show_result(smtp_message *message);

/* ---- smtp_limits.c ---- */

/* Whether a refusal is about the number of messages on this connection, and not about this one. */
bool smtp_limits_session_full(const smtp_message_result *result, const char *words);

/* OK when the server's LIMITS allow the message on this connection, whose domains are then counted; SESSION_LIMIT,
 * BAD_ENVELOPE with envelope_status, or NO_MEMORY. */
smtp_client_status smtp_limits_check(smtp_client *client, const smtp_envelope *envelope);

/* ---- smtp_message.c ---- */

/* A message for an envelope that was checked; NULL when memory is short. */
smtp_message *smtp_message_new(smtp_client *client, const smtp_envelope *envelope);
/* Keeps the commands of the envelope for when they may be written; false when memory is short. */
bool smtp_message_keep_lines(const smtp_client *client, smtp_message *message, const smtp_envelope *envelope);
/* Keeps the block for a next one, or frees it. */
void smtp_message_free(smtp_client *client, smtp_message *message);
void smtp_message_free_spare(smtp_client *client);

#endif
