/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp: what the files of the class Smtp share. The protocol itself is modules/mail/smtp_client.h, which does no I/O;
 * here it is joined to a stack, to SmtpMessages and to scripts.
 *
 *     smtp_class.c    the class's table: properties, small methods
 *     smtp_session.c  the connection: bytes between the engine and the Util beneath, deadlines, connect, disconnect
 *     smtp_send.c     messages: send and sendAll
 *     smtp_error.c    Errors
 *     smtp_log.c      commands and replies in the log
 */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include "interp/carapace.h"

#include "modules/comms/comms_stack.h"
#include "modules/mail/smtp_client.h"

/* Defines the class Smtp. comms_register and message_register come before. */
void smtp_register(cp_context *cp);

extern const struct comms_kind smtp_kind;

/* A message between its envelope and the server's last word on it. In the collected heap. */
struct smtp_delivery {
    struct smtp_delivery *next;
    cp_value message;   /* SmtpMessage */
    uint64_t number;    /* the engine's */
    struct smtp_content *content; /* malloc'd, smtp_send.c's; NULL once the last octet was handed over */
    cp_value id;        /* Message-ID */
    bool done;
    bool again; /* it was put back after a lost connection once */
    /* Its fate, when done: */
    smtp_message_state state;
    smtp_message_stage stage;
    int code;
    bool temporary;
    cp_value text;     /* of its Error; () when it was accepted */
    cp_value enhanced; /* String or () */
    cp_value error;    /* one that has been made already: what is wrong with the message itself */
};

/* Invariants: `client` is there from connect until the next disconnect, also after the session has failed, and is freed
 * only by the thread that holds the lock; `first`..`last` are what the engine has begun and not told the end of. */
struct smtp {
    struct comms_module module;
    cp_value local_domain, remote_domain, greeting, capabilities, reply; /* () = not known, not given */
    cp_value tls;                                                        /* () or one of the Symbols off, required */
    bool lmtp, partial;
    bool no_streaming; /* this server does not bear an envelope behind the final dot */
    int64_t timeout;   /* ms, upper bound on any one reply; 0 = the engine's values alone */

    smtp_client *client;
    cp_handle *handle; /* frees `client` when nobody does */
    bool failed;       /* FAILED has come, and the three that follow say how; */
    bool failed_streaming;
    int failed_class, failed_code;
    cp_value failed_text;
    bool failed_temporary;
    int lost_class, lost_code; /* what the layers below told, before the engine put it into words; 0 = nothing */
    bool ready, wants_content;
    cp_value answer; /* the reply to NOOP, VRFY, RSET, QUIT; CP_UNSET while there is none */
    int answer_code;

    int64_t deadline;      /* of the reply awaited; 0 = to be set */
    uint64_t deadline_for; /* replies taken when it was set */

    struct smtp_delivery *first, *last;
    char *block; /* a block of content on its way to the engine */

    cp_value owner; /* the thread that uses it, CP_UNSET = none */
    unsigned depth;
    cp_wait_list waiting;

    uint64_t logged; /* octets of output the log has seen */
    bool logs;       /* the log takes commands and replies: asked at the beginning of each call */
    struct smtp_log_line *log_line;
};

static inline struct smtp *smtp_of(cp_value self) { return (struct smtp *)cp_object_of(self); }

/* ---- smtp_session.c ---- */

/* One thread at a time speaks with the server; a second waits. The same thread again (out of a function that sendAll has
 * called) is an Error, 1.2. CP_NIL or CP_THROWN. */
cp_value smtp_enter(cp_context *cp, struct smtp *smtp);
void smtp_leave(cp_context *cp, struct smtp *smtp);

/* CP_NIL, or CP_THROWN (6.11) unless messages and commands may be given. */
cp_value smtp_need_connection(cp_context *cp, struct smtp *smtp);

/* One step: takes the engine's events; else writes what waits to be written; else waits for the server. CP_THROWN only
 * when the thread is stopped (the session has then failed and its events were taken); what happens to the connection is
 * told by `failed`. */
cp_value smtp_step(cp_context *cp, struct smtp *smtp);
void smtp_take_events(cp_context *cp, struct smtp *smtp);
cp_value smtp_flush(cp_context *cp, struct smtp *smtp);

/* The session cannot go on for a reason of ours: as if the connection had ended. */
void smtp_abandon(cp_context *cp, struct smtp *smtp, const char *reason);
/* Closes everything after a failure, so that `connect` is all that is needed. Keeps an Error that is on its way. */
void smtp_close_failed(cp_context *cp, struct smtp *smtp);
/* Throws what `failed` says. */
cp_value smtp_throw_failure(cp_context *cp, struct smtp *smtp);

/* For comms_ops. */
cp_value smtp_connect(cp_context *cp, struct comms_module *m);
cp_value smtp_disconnect(cp_context *cp, struct comms_module *m);

/* ---- smtp_send.c ---- */

cp_value smtp_method_send(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value smtp_method_send_all(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value smtp_send_object(cp_context *cp, struct comms_module *m, cp_value object);
/* What the engine tells of a message: taken over into its delivery. */
void smtp_message_done(cp_context *cp, struct smtp *smtp, uint64_t number, const smtp_message_result *result);

/* ---- smtp_error.c ---- */

/* 5.1.1, or () without one. */
cp_value smtp_enhanced_value(cp_context *cp, smtp_enhanced_code code);
/* "550 5.1.1 No such user", with the line ends of the server's words. */
cp_value smtp_reply_value(cp_context *cp, int code, smtp_enhanced_code enhanced, const char *words);
/* The text of an Error about a message that was not accepted. */
cp_value smtp_refusal_text(cp_context *cp, const smtp_message_result *result, const char *sender);
/* "RCPT TO": what was being done. */
const char *smtp_stage_command(smtp_message_stage stage);
/* An Error with the details enhancedCode, temporary, inDoubt. */
cp_value smtp_error(cp_context *cp, int error_class, int code, cp_value text, cp_value enhanced, bool temporary,
                    bool in_doubt);
/* For an envelope that the engine refuses. */
cp_value smtp_envelope_error(cp_context *cp, smtp_envelope_status status, const char *text);
/* Class and code of the Error for a failure; leaves a class and code that are set when it cannot say more. */
void smtp_failure_kind(const smtp_client_failure *failure, int *error_class, int *code);

/* ---- smtp_log.c ---- */

/* Asks the log, once a call, whether it takes commands and replies (level pdus). */
void smtp_log_ask(cp_context *cp, struct smtp *smtp);
/* Logs the commands added to the output since the last time; `content`: how much of it there was, not what. */
void smtp_log_output(cp_context *cp, struct smtp *smtp, bool content);
/* Logs what has come, line by line. */
void smtp_log_input(cp_context *cp, struct smtp *smtp, const char *bytes, size_t size);

#endif
