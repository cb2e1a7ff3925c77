/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_session: the connection of a Smtp: bytes between the engine and the Util beneath, deadlines, the beginning and
 * the end. */
#include "modules/smtp/smtp.h"

#include <netinet/in.h>
#include <unistd.h>

#include "modules/comms/comms_peer.h"
#include "modules/comms/comms_sasl.h"

enum {
    QUIT_TIMEOUT = 3000,    /* ms for the reply to QUIT, which nobody needs */
    WRITE_TIMEOUT = 180000, /* ms in which the server must take a part of what is written, RFC 5321 4.5.3.2.5 */
    LAST_READS = 8,         /* reads of what a server sent before it closed; it may have sent without end */
    COMMANDS_SLICE = 8192,  /* bytes of commands written at a time when there are more than that */
};

/* ---- one thread at a time ---- */

cp_value smtp_enter(cp_context *cp, struct smtp *smtp) {
    if (turn_take(cp, &smtp->common.turn,
                  "this Smtp is in the middle of a sendAll, which has called here: give the message to "
                  "sendAll instead, or use a second connection") == CP_THROWN)
        return CP_THROWN;
    smtp->deadline = 0;
    smtp_log_ask(cp, smtp);
    return CP_NIL;
}

void smtp_leave(cp_context *cp, struct smtp *smtp) { turn_end(cp, &smtp->common.turn); }

/* ---- events ---- */

void smtp_keep_reply(cp_context *cp, struct smtp *smtp, int code, smtp_enhanced_code enhanced, const char *words) {
    bool told = comms_redaction_is_told(&smtp->common.module, words, strlen(words));
    smtp->reply = told ? cp_string_format(cp, "%d " COMMS_REDACTION_SAYS, code)
                       : smtp_words_reply(cp, &smtp->words, code, enhanced, words);
}

static void became_ready(cp_context *cp, struct smtp *smtp) {
    const smtp_capabilities *capabilities = smtp_client_capabilities(smtp->client);
    cp_list_builder lines = {0};
    for (size_t i = 0; i < capabilities->line_count; i++) cp_list_add(&lines, cp_string_z(cp, capabilities->lines[i]));
    smtp->capabilities = lines.list;
    if (capabilities->domain[0] != '\0') smtp->remote_domain = cp_string_z(cp, capabilities->domain);
    smtp->ready = true;
}

static void session_failed(cp_context *cp, struct smtp *smtp, const smtp_client_failure *failure) {
    smtp->failed = true;
    smtp->failed_streaming = failure->streaming;
    smtp->failed_chunking = failure->chunking;
    smtp->streaming.no_bdat |= failure->chunking;
    smtp->streaming.proven = smtp_client_streams(smtp->client);
    smtp->failed_temporary = failure->temporary;
    smtp->failed_class = smtp->lost_class;
    smtp->failed_code = smtp->lost_code;
    smtp_failure_kind(failure, &smtp->failed_class, &smtp->failed_code);
    smtp->failed_enhanced = smtp_enhanced_value(cp, failure->enhanced);
    cp_value words = comms_redaction_words(cp, &smtp->common.module, failure->text);
    smtp->failed_text = smtp->common.peer == CP_NIL
                            ? words
                            : cp_string_format(cp, "%s: %s", cp_text_z(cp, smtp->common.peer), cp_text_z(cp, words));
    comms_log(cp, &smtp->common.module, "the session has failed: %s", cp_text_z(cp, words));
}

void smtp_take_events(cp_context *cp, struct smtp *smtp) {
    smtp_client_event event;
    while (smtp_client_next_event(smtp->client, &event)) {
        if (event.reply != NULL) smtp_keep_reply(cp, smtp, event.reply->code, event.reply->enhanced, event.reply->text);
        switch (event.kind) {
        case SMTP_CLIENT_GREETING: {
            smtp->greeting = smtp->reply;
            size_t word = strcspn(event.reply->text, " \n");
            if (word > 0) smtp->remote_domain = cp_string_n(cp, event.reply->text, word);
            break;
        }
        case SMTP_CLIENT_READY: became_ready(cp, smtp); break;
        case SMTP_CLIENT_MESSAGE_DONE: smtp_message_done(cp, smtp, event.message, event.result); break;
        case SMTP_CLIENT_NOOP_DONE:
        case SMTP_CLIENT_VERIFY_DONE:
        case SMTP_CLIENT_RESET_DONE:
        case SMTP_CLIENT_TLS_READY:
        case SMTP_CLIENT_TLS_REFUSED:
        case SMTP_CLIENT_AUTH_DONE:
        case SMTP_CLIENT_QUIT_DONE:
            smtp->answered = true;
            if (event.reply == NULL) break;
            smtp->answer_code = event.reply->code;
            smtp->answer_enhanced = smtp_enhanced_value(cp, event.reply->enhanced);
            break;
        case SMTP_CLIENT_AUTH_CHALLENGE:
            comms_sasl_challenged(&smtp->common, event.challenge, event.challenge_size);
            break;
        case SMTP_CLIENT_FAILED: session_failed(cp, smtp, event.failure); break;
        case SMTP_CLIENT_NONE: break;
        }
    }
}

/* ---- input ---- */

/* The engine has nothing more to expect; `error` came from below. CP_THROWN, with that Error, when it is not about the
 * connection but about the thread (stopped, interrupted) or the program. */
static cp_value lost(cp_context *cp, struct smtp *smtp, cp_value error, const char *words) {
    bool connection = comms_client_lost(cp, error, &smtp->lost_code, &words);
    smtp->lost_class = CP_ERROR_COMMUNICATIONS;
    smtp_client_closed(smtp->client, words);
    if (connection) return CP_NIL;
    smtp_take_events(cp, smtp);
    return cp_throw_value(cp, error);
}

/* Gives the engine what has come, after waiting for it at most `wait` ms. 1 something came, 0 nothing did within that
 * time, -1 thrown from below. */
static int receive(cp_context *cp, struct smtp *smtp, int64_t wait) {
    struct comms_util *util;
    const char *bytes;
    size_t size;
    int came = comms_client_receive(cp, &smtp->common, wait, &util, &bytes, &size);
    if (came <= 0) return came;
    comms_count_received(cp, &smtp->common.module, size);
    smtp->streaming.octets += size;
    if (smtp->logs) {
        char *copy = cp_try_alloc_atomic(cp, size); /* the log may wait, and the buffer change */
        if (copy == NULL) return -1;
        memcpy(copy, bytes, size);
        comms_util_consume(util, size);
        smtp_log_input(cp, smtp, copy, size);
        smtp_client_input(smtp->client, copy, size);
    } else {
        smtp_client_input(smtp->client, bytes, size);
        comms_util_consume(util, size);
    }
    smtp_log_output(cp, smtp, false);
    return 1;
}

/* Waits for the reply that is due, as long as it may take. */
static cp_value await(cp_context *cp, struct smtp *smtp) {
    int64_t limit = smtp_client_timeout_ms(smtp->client);
    if (limit < 0) return CP_NIL;
    if (smtp->timeout > 0 && smtp->timeout < limit) limit = smtp->timeout;
    if (smtp->quitting && limit > QUIT_TIMEOUT) limit = QUIT_TIMEOUT;
    uint64_t replies = smtp_client_replies(smtp->client);
    if (smtp->deadline == 0 || smtp->deadline_for != replies) {
        smtp->deadline = comms_deadline(cp, limit);
        smtp->deadline_for = replies;
    }
    int came = receive(cp, smtp, comms_left(cp, smtp->deadline));
    if (came > 0) return CP_NIL;
    if (came < 0) return lost(cp, smtp, cp_take_error(cp), NULL);
    char text[COMMS_CLIENT_SILENCE];
    smtp->lost_class = CP_ERROR_COMMUNICATIONS;
    smtp->lost_code = CP_COMM_TIMEOUT;
    smtp_client_closed(smtp->client, comms_client_silence(text, "no reply within", limit));
    return CP_NIL;
}

cp_value smtp_look(cp_context *cp, struct smtp *smtp) {
    if (receive(cp, smtp, 0) >= 0) return CP_NIL;
    return lost(cp, smtp, cp_take_error(cp), NULL);
}

/* ---- output ---- */

/* Writing has failed. What the server said before it closed explains more than the system's words for it. */
static cp_value write_failed(cp_context *cp, struct smtp *smtp, int64_t limit) {
    cp_value error = cp_take_error(cp);
    int class = cp_error_class_of(error), code = cp_error_code_of(error);
    bool connection = class == CP_ERROR_COMMUNICATIONS && code != CP_COMM_CANCELLED;
    int came = 1;
    for (int i = 0; connection && came > 0 && i < LAST_READS; i++) came = receive(cp, smtp, 0);
    if (came < 0) cp_take_error(cp);
    char text[COMMS_CLIENT_SILENCE];
    return lost(cp, smtp, error,
                class == CP_ERROR_COMMUNICATIONS && code == CP_COMM_TIMEOUT
                    ? comms_client_silence(text, "the server has taken nothing for", limit)
                    : NULL);
}

cp_value smtp_flush(cp_context *cp, struct smtp *smtp) {
    int64_t limit = smtp->timeout > 0 && smtp->timeout < WRITE_TIMEOUT ? smtp->timeout : WRITE_TIMEOUT;
    if (smtp->quitting && limit > QUIT_TIMEOUT) limit = QUIT_TIMEOUT;
    for (;;) {
        const char *bytes;
        size_t size, sent;
        smtp_client_output(smtp->client, &bytes, &size);
        if (size == 0) return CP_NIL;
        /* A server that cannot get rid of its replies stops reading (RFC 2920 3.1), and below we cannot read while we
         * write: so no more commands are on their way than the sockets hold replies for. */
        size_t ahead = smtp_streaming_commands_ahead(smtp);
        if (smtp_client_unanswered(smtp->client, &sent) > ahead) {
            if (sent > ahead) {
                if (await(cp, smtp) == CP_THROWN) return CP_THROWN;
                continue;
            }
            /* Cut at a line end: a server that waits for the rest of a line may keep its replies back until then. */
            if (size > COMMANDS_SLICE) size = COMMANDS_SLICE;
            const char *line_end = memrchr(bytes, '\n', size);
            if (line_end != NULL) size = (size_t)(line_end - bytes) + 1;
        }
        struct iovec part = {(void *)bytes, size};
        struct comms_data data = {.parts = &part,
                                  .count = 1,
                                  .size = size,
                                  .value = CP_UNSET,
                                  .timeout = limit,
                                  .secret = smtp_client_output_is_secret(smtp->client)};
        cp_value result = comms_send_data_below(cp, &smtp->common.module, &data);
        /* After a failure nobody knows how much has gone: the final dot may have. */
        smtp_client_sent(smtp->client, size);
        smtp->log_seen -= size < smtp->log_seen ? size : smtp->log_seen;
        smtp->deadline = 0;
        if (result == CP_THROWN) return write_failed(cp, smtp, limit);
        comms_count_sent(cp, &smtp->common.module, size);
    }
}

cp_value smtp_step(cp_context *cp, struct smtp *smtp) {
    const char *bytes;
    size_t size;
    smtp_client_output(smtp->client, &bytes, &size);
    cp_value result = size > 0 ? smtp_flush(cp, smtp) : await(cp, smtp);
    if (result != CP_THROWN) smtp_take_events(cp, smtp);
    return result;
}

cp_value smtp_await_answer(cp_context *cp, struct smtp *smtp, smtp_client_status status) {
    if (status != SMTP_CLIENT_OK)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                        status == SMTP_CLIENT_NO_MEMORY ? "out of memory" : "the connection is not ready");
    smtp_log_output(cp, smtp, false);
    smtp->answered = smtp->common.challenged = false;
    while (!smtp->answered && !smtp->common.challenged && !smtp->failed)
        if (smtp_step(cp, smtp) == CP_THROWN) return CP_THROWN;
    return smtp->failed ? cp_throw_value(cp, smtp_failure_error(cp, smtp)) : CP_NIL;
}

cp_value smtp_await_ready(cp_context *cp, struct smtp *smtp) {
    smtp->ready = false;
    smtp_log_output(cp, smtp, false);
    while (!smtp->ready && !smtp->failed)
        if (smtp_step(cp, smtp) == CP_THROWN) return CP_THROWN;
    return smtp->failed ? cp_throw_value(cp, smtp_failure_error(cp, smtp)) : CP_NIL;
}

/* ---- the end ---- */

cp_value smtp_need_connection(cp_context *cp, struct smtp *smtp) {
    return comms_client_need_session(cp, &smtp->common, smtp->client != NULL, smtp->ready,
                                     smtp->failed ? smtp->failed_text : CP_NIL);
}

void smtp_abandon(cp_context *cp, struct smtp *smtp, const char *reason) {
    smtp->lost_class = CP_ERROR_COMMUNICATIONS;
    smtp->lost_code = CP_COMM_CLOSED;
    smtp_client_closed(smtp->client, reason);
    smtp_take_events(cp, smtp);
}

void smtp_close_failed(cp_context *cp, struct smtp *smtp) {
    smtp->closing = true;
    comms_close(cp, &smtp->common.module);
    smtp->closing = false;
}

cp_value smtp_failure_error(cp_context *cp, const struct smtp *smtp) {
    return smtp_error(cp, smtp->failed_class, smtp->failed_code, smtp->failed_text, smtp->failed_enhanced,
                      smtp->failed_temporary, false);
}

static void forget_client(cp_context *cp, struct smtp *smtp) {
    smtp->client = NULL;
    cp_resource_release(cp, smtp->handle);
    smtp->handle = NULL;
    comms_redaction_end(cp, &smtp->common.module);
    smtp->ready = false;
}

/* QUIT and the reply to it, for which nobody waits long. */
static cp_value say_goodbye(cp_context *cp, struct smtp *smtp) {
    if (smtp->client == NULL || smtp->failed || smtp_client_quit(smtp->client) != SMTP_CLIENT_OK) return CP_NIL;
    smtp_log_output(cp, smtp, false);
    cp_value result = CP_NIL;
    smtp->quitting = true;
    smtp->answered = false;
    while (result != CP_THROWN && !smtp->answered && !smtp->failed) result = smtp_step(cp, smtp);
    smtp->quitting = false;
    return result;
}

cp_value smtp_disconnect(cp_context *cp, struct comms_module *m) {
    struct smtp *smtp = (struct smtp *)m;
    if (smtp->closing) { /* our own, after a failure */
        comms_client_tls_remove(cp, &smtp->common);
        return CP_NIL;
    }
    if (turn_is_taken(&smtp->common.turn)) {
        /* In use, by another thread or by a sendAll whose function calls here: what it waits for ends when the layers
         * below are closed. */
        smtp->told_to_close = true;
        comms_client_tls_remove(cp, &smtp->common);
        return CP_NIL;
    }
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = say_goodbye(cp, smtp);
    forget_client(cp, smtp);
    comms_client_tls_remove(cp, &smtp->common);
    smtp_leave(cp, smtp);
    return result;
}

cp_value smtp_reconnect(cp_context *cp, struct smtp *smtp) {
    if (say_goodbye(cp, smtp) == CP_THROWN) return CP_THROWN;
    smtp_close_failed(cp, smtp);
    smtp->reconnecting = true;
    cp_value result = comms_connect(cp, &smtp->common.module);
    smtp->reconnecting = false;
    return result;
}

/* ---- the beginning ---- */

/* What EHLO names us when nobody has said: this machine's name if it has a domain, else the address of our end of the
 * connection as a literal (RFC 5321 4.1.3, 4.1.4). */
static cp_value own_domain(cp_context *cp, struct smtp *smtp) {
    char name[SMTP_DOMAIN_MAX + 1] = "", address[INET6_ADDRSTRLEN + 1];
    bool six;
    if (gethostname(name, sizeof name - 1) == 0 && strchr(name, '.') != NULL && smtp_domain_check(name))
        return cp_string_z(cp, name);
    cp_value local = comms_text_below(cp, &smtp->common.module, "localHost");
    if (local != CP_NIL && comms_bare_address(cp_text_z(cp, local), address, sizeof address, &six))
        return cp_string_format(cp, "[%s%s]", six ? "IPv6:" : "", address);
    return cp_string_z(cp, "[127.0.0.1]");
}

static void free_client(void *client) { smtp_client_free(client); }

/* Encrypts and logs in, as the properties want. */
static cp_value become_known(cp_context *cp, struct smtp *smtp) {
    if (smtp_tls_after_greeting(cp, smtp) == CP_THROWN) return CP_THROWN;
    return comms_client_wants_login(&smtp->common) ? smtp_authenticate(cp, smtp) : CP_NIL;
}

static cp_value say_goodbye_thrown(cp_context *cp, struct smtp *smtp) {
    cp_value error = cp_take_error(cp);
    if (say_goodbye(cp, smtp) == CP_THROWN) cp_take_error(cp);
    return cp_throw_value(cp, error);
}

/* Makes the engine and brings it through the greeting and EHLO, encryption and log-in. */
static cp_value open_session(cp_context *cp, struct smtp *smtp) {
    forget_client(cp, smtp);
    smtp->failed = smtp->told_to_close = smtp->common.authenticated = false;
    smtp->lost_class = smtp->lost_code = 0;
    smtp->greeting = smtp->capabilities = smtp->reply = smtp->remote_domain = CP_NIL;
    smtp->deadline = 0;
    smtp->log_seen = 0;
    smtp->log_content = 0;
    smtp->went_on = 0;
    smtp->common.peer = comms_text_below(cp, &smtp->common.module, "peer");
    smtp_streaming_begin(cp, smtp);
    if (comms_client_encrypt_first(cp, &smtp->common) == CP_THROWN) return CP_THROWN;
    cp_value domain = smtp->local_domain != CP_NIL ? smtp->local_domain : own_domain(cp, smtp);
    smtp_client_options options = {.local_domain = cp_text_z(cp, domain),
                                   .lmtp = smtp->lmtp,
                                   .partial = smtp->partial,
                                   .no_streaming = smtp->streaming.off,
                                   .no_chunking = smtp->streaming.no_chunking || smtp->streaming.no_bdat,
                                   .messages_most = smtp->streaming.most,
                                   .streams = smtp->streaming.proven};
    smtp_client_status status;
    smtp->client = smtp_client_new(&options, &status);
    if (smtp->client == NULL)
        return status == SMTP_CLIENT_NO_MEMORY ? cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory")
                                               : cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                                                          "localMailDomain cannot be \"%.80s\"", options.local_domain);
    smtp->handle = cp_resource_new(cp, smtp->client, free_client);
    if (smtp_await_ready(cp, smtp) == CP_THROWN) return CP_THROWN;
    return become_known(cp, smtp) == CP_THROWN ? say_goodbye_thrown(cp, smtp) : CP_NIL;
}

/* What was put in beneath does not stay when it has failed. */
static cp_value open_or_remove(cp_context *cp, struct smtp *smtp) {
    comms_client_tls_remove(cp, &smtp->common);
    if (open_session(cp, smtp) != CP_THROWN) return CP_NIL;
    cp_value error = cp_take_error(cp);
    comms_client_tls_remove(cp, &smtp->common);
    return cp_throw_value(cp, error);
}

cp_value smtp_connect(cp_context *cp, struct comms_module *m) {
    struct smtp *smtp = (struct smtp *)m;
    if (smtp->reconnecting) return open_or_remove(cp, smtp);
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = open_or_remove(cp, smtp);
    smtp_leave(cp, smtp);
    return result;
}
