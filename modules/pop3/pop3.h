/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3: what the files of the class Pop3 share. The protocol itself is modules/protocol/pop3_client.h, which does no
 * I/O; here it is joined to a stack, to Mimes and to scripts.
 *
 *     pop3_class.c    the class's table: properties, small methods
 *     pop3_session.c  the connection: octets between the engine and the Util beneath, deadlines, connect, disconnect
 *     pop3_mailbox.c  what is in the mailbox: status, lists, delete, reset
 *     pop3_fetch.c    messages
 *     pop3_tls.c      encryption: from the start, or by STLS
 *     pop3_login.c    APOP, USER and PASS; pop3_sasl.c AUTH
 *     pop3_error.c    Errors, and the log
 */
#ifndef POP3_POP3_H
#define POP3_POP3_H

#include "interp/carapace.h"

#include "modules/comms/comms_client.h"
#include "modules/protocol/pop3_client.h"

/* Defines the class Pop3. comms_register and message_register come before. */
void pop3_register(cp_context *cp);

/* Codes of Errors of class 12. */
enum pop3_error_code {
    POP3_ERROR_PROTOCOL = 0, /* the server breaks the rules */
    POP3_ERROR_REFUSED,      /* -ERR without a code that is known */
    POP3_ERROR_IN_USE,       /* [IN-USE]: another session has the mailbox */
    POP3_ERROR_LOGIN_DELAY,  /* [LOGIN-DELAY]: too soon after the last log-in */
    POP3_ERROR_SYS_TEMP,     /* [SYS/TEMP]: a failure that passes */
    POP3_ERROR_SYS_PERM,     /* [SYS/PERM]: one that somebody must put right */
    POP3_ERROR_AUTH,         /* [AUTH]: user or password are wrong */
    POP3_ERROR_LIMIT         /* a message longer than sizeLimit, or a listing without an end */
};

/* A fetchAll under way, in whose function `delete` may be called. On the stack of the method. */
struct pop3_all;

/* Invariants: `client` is there from connect until the next disconnect or connect, also after the session has failed,
 * and is freed only by the thread whose turn it is; block[block_start..block_end) is what came and the engine has not
 * taken. */
struct pop3 {
    struct comms_client common;

    /* Properties; () = not known, not given. */
    cp_value greeting, timestamp, capabilities, reply;
    comms_secret *secret; /* for APOP */
    int64_t timeout;      /* ms without progress; 0 = the default */
    int64_t size_limit;   /* octets of one message; 0 = the default */

    /* The session. */
    pop3_client *client;
    cp_resource *handle; /* frees `client` when nobody does */
    bool ready, quitting;
    char *block;
    size_t block_start, block_end;
    int64_t deadline; /* of the progress awaited; 0 = to be set */
    uint64_t deadline_answers, deadline_taken;
    cp_value write_error; /* writing has failed; what the server has said before is still read */

    /* The last answer, once `answered`; its words are in `reply`. */
    bool answered, ok;
    pop3_code code;
    cp_value code_text; /* "SYS/TEMP", or () */
    uint64_t number, octets;

    /* How the session ended, once `failed`. */
    bool failed;
    int failed_class, failed_code;
    cp_value failed_text, failed_enhanced;

    struct pop3_all *all;

    bool logs;       /* the log takes commands and answers: asked at the beginning of each call */
    size_t log_seen; /* octets of the engine's output that are in the log */
    uint64_t log_content;
};

/* `self` of a method. */
static inline struct pop3 *pop3_of(cp_context *cp, cp_value self) { return (struct pop3 *)comms_self(cp, self); }

/* ---- pop3_session.c ---- */

/* One thread at a time speaks with the server; a second waits. The same thread again (out of fetchAll's function) is an
 * Error, 1.2. CP_NIL or CP_THROWN. */
cp_value pop3_enter(cp_context *cp, struct pop3 *pop3);
void pop3_leave(cp_context *cp, struct pop3 *pop3);
/* The same, and CP_THROWN (6.11; 1.3 not logged in) unless commands for the mailbox may be given. */
cp_value pop3_enter_mailbox(cp_context *cp, struct pop3 *pop3);
/* CP_NIL, or CP_THROWN (6.11) unless there is a session. */
cp_value pop3_need_connection(cp_context *cp, struct pop3 *pop3);
/* For the end of a method: closes after a failure, keeping an Error that is on its way; leaves; gives `result`. */
cp_value pop3_finish(cp_context *cp, struct pop3 *pop3, cp_value result);

/* Waits for the engine's next event, which is never POP3_NONE; what it says of the session is in `pop3`. CP_THROWN only
 * when the thread is stopped, and then the session has failed. */
cp_value pop3_next(cp_context *cp, struct pop3 *pop3, pop3_event *event);
/* What has come already is taken before a command is given: it cannot be the answer. */
cp_value pop3_settle(cp_context *cp, struct pop3 *pop3);

/* Takes CONTENT and ENTRY events. CP_NIL or CP_THROWN. */
typedef cp_value (*pop3_sink)(cp_context *cp, void *context, const pop3_event *event);
/* Throws for a command that the engine has not taken. */
cp_value pop3_not_given(cp_context *cp, pop3_status status);
/* Gives the engine's command its way and waits for the answer, or for a challenge; a sink of NULL drops what comes.
 * CP_NIL with the answer in `pop3`; CP_THROWN when the session has failed or the sink has thrown. */
cp_value pop3_await(cp_context *cp, struct pop3 *pop3, pop3_status status, pop3_sink sink, void *context);
/* pop3_settle, the command, pop3_await. */
cp_value pop3_run(cp_context *cp, struct pop3 *pop3, pop3_command command, uint64_t message, uint64_t lines,
                  pop3_sink sink, void *context);
/* The session cannot go on for a reason of ours. */
void pop3_abandon(cp_context *cp, struct pop3 *pop3, const char *reason);
/* CAPA, into `capabilities`; a server that does not know it has none. CP_NIL or CP_THROWN. */
cp_value pop3_learn(cp_context *cp, struct pop3 *pop3);

/* For comms_ops. */
cp_value pop3_connect(cp_context *cp, struct comms_module *m);
cp_value pop3_disconnect(cp_context *cp, struct comms_module *m);
cp_value pop3_close(cp_context *cp, struct comms_module *m);

/* ---- pop3_tls.c ---- */

/* What `tls` wants when the server has said what it offers. CP_NIL or CP_THROWN. */
cp_value pop3_tls_after_greeting(cp_context *cp, struct pop3 *pop3);
cp_value pop3_method_start_tls(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* ---- pop3_login.c, pop3_sasl.c ---- */

cp_value pop3_set_auth_mechanism(cp_context *cp, cp_value self, cp_value value);
cp_value pop3_login(cp_context *cp, struct pop3 *pop3);
cp_value pop3_method_authenticate(cp_context *cp, cp_value self, const cp_value *arguments, int count);
extern const struct comms_sasl_protocol pop3_sasl;

/* ---- pop3_mailbox.c, pop3_fetch.c ---- */

/* The number of a message out of an argument. False after a throw (1.8). */
bool pop3_message_number(cp_context *cp, cp_value value, uint64_t *number);
/* Within fetchAll's function: deletes it when its turn comes. False: there is none under way. */
bool pop3_delete_later(cp_context *cp, struct pop3 *pop3, uint64_t number);

cp_value pop3_method_status(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_list(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_uidl(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_delete(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_reset(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_noop(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_fetch(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_fetch_to(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_top(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value pop3_method_fetch_all(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* ---- pop3_error.c ---- */

/* The code of an Error of class 12 for a response code. */
int pop3_error_code(pop3_code code);
/* An Error with the details enhancedCode (a String or ()) and temporary. */
cp_value pop3_error(cp_context *cp, int error_class, int code, cp_value text, cp_value enhanced);
/* Throws class 12 with the server's answer, which was -ERR. */
cp_value pop3_throw_reply(cp_context *cp, struct pop3 *pop3, const char *what);
/* What `failed` says, as an Error. */
cp_value pop3_failure_error(cp_context *cp, const struct pop3 *pop3);

/* Asks the log, once a call, whether it takes commands and answers (level pdus). */
void pop3_log_ask(cp_context *cp, struct pop3 *pop3);
/* Logs the commands added to the output since the last time. */
void pop3_log_output(cp_context *cp, struct pop3 *pop3);
/* Logs an answer; of content only how much there was. */
void pop3_log_event(cp_context *cp, struct pop3 *pop3, const pop3_event *event);

#endif
