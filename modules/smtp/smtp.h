/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp: what the files of the class Smtp share. The protocol itself is modules/protocol/smtp_client.h, which does no
 * I/O; here it is joined to a stack, to SmtpMessages and to scripts.
 *
 *     smtp_class.c    the class's table: properties, small methods
 *     smtp_session.c  the connection: bytes between the engine and the Util beneath, deadlines, connect, disconnect
 *     smtp_send.c     one message
 *     smtp_send_all.c many
 *     smtp_split.c    a message in several transactions
 *     smtp_stream.c   how far ahead of the replies is written, and what is learnt of a server about it
 *     smtp_tls.c      encryption: from the start, or by STARTTLS
 *     smtp_auth.c     logging in
 *     smtp_error.c    Errors
 *     smtp_words.c    the server's words as values
 *     smtp_log.c      commands and replies in the log
 */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include "interp/carapace.h"

#include "modules/comms/comms_client.h"
#include "modules/protocol/smtp_client.h"

/* Defines the class Smtp. comms_register and message_register come before. */
void smtp_register(cp_context *cp);

/* A message between its envelope and the server's last word on it. In the collected heap. */
struct smtp_delivery {
    struct smtp_delivery *next;
    cp_value message;             /* SmtpMessage */
    uint64_t version;             /* that the message had when it was given to us */
    uint64_t number;              /* the engine's */
    struct smtp_content *content; /* NULL when it is closed: see HELD in smtp_send.c */
    struct smtp_split *split;     /* when it takes several transactions; else NULL */
    bool done;
    bool unsent;               /* nobody got it in its last transaction, for no fault of its own: it may go again */
    bool again;                /* it was put back once, because its connection was lost */
    bool by_data;              /* it was put back once, because the server does not know BDAT */
    int lost_class, lost_code; /* how the connection of its first transaction in doubt ended, when others followed */
    /* Its fate, when done; `state` is that of its last transaction while it waits for the next. */
    smtp_message_state state;
    const char *command; /* what was being done */
    int code;
    bool temporary;
    cp_value text;     /* of its Error; () when it was accepted */
    cp_value enhanced; /* String or () */
    struct message_results *results;
    cp_value error; /* what is wrong with the message itself; else () */
};

/* How far ahead of the replies is written. What is learnt holds for the server at `peer`, over its connections. */
struct smtp_streaming {
    int window;       /* property: messages under way at most */
    bool no_chunking; /* property: DATA also where BDAT is offered */
    bool off;         /* this server does not bear what is written behind the end of a message */
    bool proven;      /* it does */
    bool no_bdat;     /* this server offers CHUNKING and does not know BDAT */
    unsigned losses;  /* connections lost while it should, since `settled` was 0 */
    uint64_t settled; /* messages it has answered */
    uint64_t most;    /* messages it takes on a connection, as it has shown; 0: not known */
    cp_value peer;    /* () before the first connection */
    uint64_t octets;  /* of replies, on this connection */
    size_t under_way; /* messages begun and not done */
    bool full;        /* so many were under way: no more until half of them are done */
};

/* What smtp_words.c has made last. */
enum { SMTP_WORDS_CODES = 8 };
struct smtp_words {
    struct smtp_words_code {
        smtp_enhanced_code code;
        cp_value value;
    } codes[SMTP_WORDS_CODES];
    cp_value states[SMTP_MESSAGE_NOT_SENT + 1];
    cp_value text, reply;
    int reply_code;
    smtp_enhanced_code reply_enhanced;
    size_t reply_before; /* octets in front of the words in `reply` */
};

/* Invariants: `client` is there from connect until the next disconnect or connect, also after the session has failed,
 * and is freed only by the thread whose turn it is; `first`..`last` are what the engine has begun and not told the end
 * of. */
struct smtp {
    struct comms_client common;

    /* Properties; () = not known, not given. */
    cp_value local_domain, remote_domain, greeting, capabilities, reply;
    bool lmtp, partial, binary_mime;
    int64_t timeout; /* ms, upper bound on any one reply; 0 = the engine's values alone */

    /* The session. */
    smtp_client *client;
    cp_resource *handle; /* frees `client` when nobody does */
    bool ready, quitting, reconnecting;
    int64_t looked; /* for a reply while content was written; cp_now_coarse */
    struct smtp_streaming streaming;
    struct smtp_words words;
    bool closing;          /* we close what is beneath, without a goodbye */
    bool told_to_close;    /* disconnect was called while a call was under way */
    int64_t deadline;      /* of the reply awaited; 0 = to be set */
    uint64_t deadline_for; /* replies taken when it was set */

    /* The reply to NOOP, VRFY, RSET or QUIT, once `answered`; its words are in `reply`. */
    bool answered;
    int answer_code; /* 0 when the server closed without a word */
    cp_value answer_enhanced;

    /* How the session ended, once `failed`. */
    bool failed, failed_streaming, failed_chunking, failed_temporary;
    int failed_class, failed_code;
    cp_value failed_text, failed_enhanced;
    int lost_class, lost_code; /* what the layers below said before the engine put it into words; 0 = nothing */

    /* Messages, oldest first: with the server; waiting for their next transaction; and done, for sendAll to tell of. */
    struct smtp_delivery *first, *last, *waiting, *waiting_last, *finished, *finished_last;
    size_t finished_count;
    uint64_t went_on; /* transactions of this connection that were answered, and were not their message's last */
    char *block;      /* two blocks of content on its way to the engine */

    bool logs;            /* the log takes commands and replies: asked at the beginning of each call */
    size_t log_seen;      /* octets of the engine's output that are in the log */
    uint64_t log_content; /* octets of content that are not in the log yet */
    struct smtp_log_line *log_line;
};

/* `self` of a method. */
static inline struct smtp *smtp_of(cp_context *cp, cp_value self) { return (struct smtp *)comms_self(cp, self); }

/* ---- smtp_session.c ---- */

/* One thread at a time speaks with the server; a second waits. The same thread again (out of a function that sendAll
 * has called) is an Error, 1.2. CP_NIL or CP_THROWN. */
cp_value smtp_enter(cp_context *cp, struct smtp *smtp);
void smtp_leave(cp_context *cp, struct smtp *smtp);

/* CP_NIL, or CP_THROWN (6.11) unless messages and commands may be given. */
cp_value smtp_need_connection(cp_context *cp, struct smtp *smtp);

/* One step: writes what waits to be written, else waits for the server; then takes the engine's events. CP_THROWN only
 * when the thread is stopped, with the events taken; what happens to the connection is told by `failed`. */
cp_value smtp_step(cp_context *cp, struct smtp *smtp);
/* The halves of it, for who has more to write: all output, without waiting for a reply that can come later; what has
 * come already, without waiting. */
cp_value smtp_flush(cp_context *cp, struct smtp *smtp);
cp_value smtp_look(cp_context *cp, struct smtp *smtp);
void smtp_take_events(cp_context *cp, struct smtp *smtp);
/* Makes it the property `reply`, without words that repeat a secret. */
void smtp_keep_reply(cp_context *cp, struct smtp *smtp, int code, smtp_enhanced_code enhanced, const char *words);

/* Says goodbye where that is possible, closes everything and connects again. CP_NIL or CP_THROWN. */
cp_value smtp_reconnect(cp_context *cp, struct smtp *smtp);

/* The session cannot go on for a reason of ours: as if the connection had ended. */
void smtp_abandon(cp_context *cp, struct smtp *smtp, const char *reason);
/* Closes everything after a failure, so that `connect` is all that is needed. Keeps an Error that is on its way. */
void smtp_close_failed(cp_context *cp, struct smtp *smtp);
/* What `failed` says, as an Error. */
cp_value smtp_failure_error(cp_context *cp, const struct smtp *smtp);

/* For comms_ops. */
cp_value smtp_connect(cp_context *cp, struct comms_module *m);
cp_value smtp_disconnect(cp_context *cp, struct comms_module *m);

/* Gives the engine's command its way and waits for the answer, or for a challenge. CP_NIL with the reply in `smtp`;
 * CP_THROWN also when the session has failed, and then it is the caller who closes. */
cp_value smtp_await_answer(cp_context *cp, struct smtp *smtp, smtp_client_status status);
/* Waits for the reply to EHLO, at the beginning or within encryption. CP_THROWN as above. */
cp_value smtp_await_ready(cp_context *cp, struct smtp *smtp);

/* ---- smtp_tls.c ---- */

/* What `tls` wants when the server has said what it offers. CP_NIL or CP_THROWN. */
cp_value smtp_tls_after_greeting(cp_context *cp, struct smtp *smtp);
/* STARTTLS with this Tls, () for comms_client_tls_layer. After a throw the connection is of no more use unless `ready`.
 */
cp_value smtp_start_tls(cp_context *cp, struct smtp *smtp, cp_value layer);
cp_value smtp_method_start_tls(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* ---- smtp_auth.c ---- */

cp_value smtp_set_auth_mechanism(cp_context *cp, cp_value self, cp_value value);
cp_value smtp_authenticate(cp_context *cp, struct smtp *smtp);
cp_value smtp_method_authenticate(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* ---- smtp_send.c ---- */

enum smtp_begun {
    SMTP_BEGUN,
    SMTP_BEGUN_BAD,    /* thrown: something is wrong with the message */
    SMTP_BEGUN_LIMIT,  /* the server takes no more of such messages on this connection */
    SMTP_BEGUN_CLOSED, /* the session is over */
};
/* Gives the engine the envelope of delivery->message and opens its content. Only when smtp_client_can_begin. */
enum smtp_begun smtp_begin(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery);
void smtp_close_content(cp_context *cp, struct smtp_delivery *delivery);
/* Hands over the content the server waits for. Its last part, with the final dot, stays unwritten, so that the next
 * envelope can leave with it. CP_THROWN as smtp_step. */
cp_value smtp_feed(cp_context *cp, struct smtp *smtp);
/* What the engine tells of a message: taken over into its delivery, which goes to smtp->finished. */
void smtp_message_done(cp_context *cp, struct smtp *smtp, uint64_t number, const smtp_message_result *result);
/* The oldest of smtp->waiting, taken out; NULL when there is none. */
struct smtp_delivery *smtp_next_waiting(struct smtp *smtp);
/* No further transaction will be made for the message: its fate is what has become of it so far. */
void smtp_settle(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery);
/* The oldest of smtp->finished, taken out; NULL when there is none. */
struct smtp_delivery *smtp_next_finished(struct smtp *smtp);
/* Takes all out, and closes their contents. */
void smtp_forget_finished(cp_context *cp, struct smtp *smtp);
/* The Error for a delivery that is done, always the same; () when the message was accepted. */
cp_value smtp_delivery_error(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery);
void smtp_append(struct smtp_delivery **first, struct smtp_delivery **last, struct smtp_delivery *delivery);

cp_value smtp_method_send(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value smtp_send_object(cp_context *cp, struct comms_module *m, cp_value object); /* for comms_ops */

/* ---- smtp_split.c ---- */

/* Whether the content must stay open until the message is done, for it may have to be read again. */
bool smtp_split_holds(const struct smtp *smtp, const struct smtp_delivery *delivery);
/* Before the envelope is given to the engine: puts one in its place with the recipients who go now, if not all do.
 * SMTP_BEGUN, else nothing is to be begun: SMTP_BEGUN_LIMIT, or SMTP_BEGUN_BAD thrown. */
enum smtp_begun smtp_split_begin(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery,
                                 const smtp_envelope **envelope);
/* A transaction is done, delivery->unsent set. What is true of the whole message, and whether it goes on. */
const smtp_message_result *smtp_split_gather(struct smtp *smtp, struct smtp_delivery *delivery,
                                             const smtp_message_result *result, bool *goes_on);
const smtp_message_result *smtp_split_whole(struct smtp_split *split);

/* ---- smtp_send_all.c ---- */

cp_value smtp_method_send_all(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* ---- smtp_stream.c ---- */

enum { SMTP_WINDOW = 200, SMTP_WINDOW_MAX = 1000 };

/* A new connection, to smtp->common.peer: what is known of another server does not count. */
void smtp_streaming_begin(cp_context *cp, struct smtp *smtp);
/* Whether one more message may be begun, for all that is under way. */
bool smtp_streaming_has_room(struct smtp *smtp);
/* A connection was lost with an envelope or more written behind the end of a message. */
void smtp_streaming_lost(struct smtp *smtp);
/* Commands whose replies may be on their way while we write and do not read. */
size_t smtp_streaming_commands_ahead(const struct smtp *smtp);

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
/* Throws class 10 with what is in `reply`, answer_code and answer_enhanced. */
cp_value smtp_throw_reply(cp_context *cp, struct smtp *smtp, const char *what);
/* For an envelope that the engine refuses. */
cp_value smtp_envelope_error(cp_context *cp, smtp_envelope_status status, const char *text);
/* Class and code of the Error for a failure; leaves a class and code that are set when it cannot say more. */
void smtp_failure_kind(const smtp_client_failure *failure, int *error_class, int *code);

/* ---- smtp_words.c ---- */

/* smtp_enhanced_value, cp_string_z, smtp_reply_value, and the Symbol of a state, made once for the same words. */
cp_value smtp_words_enhanced(cp_context *cp, struct smtp_words *words, smtp_enhanced_code code);
cp_value smtp_words_text(cp_context *cp, struct smtp_words *words, const char *text);
cp_value smtp_words_reply(cp_context *cp, struct smtp_words *words, int code, smtp_enhanced_code enhanced,
                          const char *text);
cp_value smtp_words_state(cp_context *cp, struct smtp_words *words, smtp_message_state state);

/* ---- smtp_log.c ---- */

/* Asks the log, once a call, whether it takes commands and replies (level pdus). */
void smtp_log_ask(cp_context *cp, struct smtp *smtp);
/* Logs the commands added to the output since the last time; `content`: how much of it there was, not what. */
void smtp_log_output(cp_context *cp, struct smtp *smtp, bool content);
/* Logs what has come, line by line. */
void smtp_log_input(cp_context *cp, struct smtp *smtp, const char *bytes, size_t size);

#endif
