/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_session: the connection of a Pop3: octets between the engine and the Util beneath, deadlines, the beginning and
 * the end. */
#include "modules/pop3/pop3.h"

#include "modules/comms/comms_peer.h"
#include "modules/comms/comms_sasl.h"

enum {
    TIMEOUT = 120000,       /* ms without progress, when nobody has said another number */
    QUIT_TIMEOUT = 60000,   /* ms for the answer to QUIT at most: the server deletes before it answers */
    GOODBYE_TIMEOUT = 3000, /* the same when nothing was to be deleted for sure: nobody is logged in */
    PROGRESS = 4096,        /* octets that must come within a time-out, when no answer ends within it */
    BLOCK = 64 * 1024,
    SIZE_LIMIT = 1 << 30, /* octets of one message, when nobody has said another number */
};

/* ---- one thread at a time ---- */

cp_value pop3_enter(cp_context *cp, struct pop3 *pop3) {
    if (turn_take(cp, &pop3->common.turn,
                  "this Pop3 is in the middle of a fetch, which has called here: of its methods only delete "
                  "can be used in the function of fetchAll") == CP_THROWN)
        return CP_THROWN;
    pop3->deadline = 0;
    pop3_log_ask(cp, pop3);
    return CP_NIL;
}

void pop3_leave(cp_context *cp, struct pop3 *pop3) { turn_end(cp, &pop3->common.turn); }

cp_value pop3_need_connection(cp_context *cp, struct pop3 *pop3) {
    return comms_client_need_session(cp, &pop3->common, pop3->client != NULL, pop3->ready,
                                     pop3->failed ? pop3->failed_text : CP_NIL);
}

cp_value pop3_enter_mailbox(cp_context *cp, struct pop3 *pop3) {
    if (pop3_enter(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_need_connection(cp, pop3);
    if (result != CP_THROWN && !pop3_client_in_transaction(pop3->client))
        result = cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                          "nobody is logged in: set user and password, or token, before connect");
    if (result == CP_THROWN) pop3_leave(cp, pop3);
    return result;
}

cp_value pop3_finish(cp_context *cp, struct pop3 *pop3, cp_value result) {
    if (pop3->failed && pop3->client != NULL) {
        cp_value error = result == CP_THROWN ? cp_take_error(cp) : CP_NIL;
        comms_close(cp, &pop3->common.module);
        if (error != CP_NIL) cp_throw_value(cp, error);
    }
    pop3_leave(cp, pop3);
    return result;
}

/* ---- events ---- */

/* The server's response code, a word of its own choice; () without one. */
static cp_value code_text(cp_context *cp, const struct pop3 *pop3, const pop3_event *event) {
    const char *code = event->code_text;
    bool shown = *code && !comms_redaction_is_told(&pop3->common.module, code, strlen(code));
    return shown ? cp_string_z(cp, code) : CP_NIL;
}

static void session_failed(cp_context *cp, struct pop3 *pop3, const pop3_event *event) {
    pop3->failed = true;
    pop3->ready = false;
    pop3->failed_enhanced = code_text(cp, pop3, event);
    switch (event->failure) {
    case POP3_FAILURE_PROTOCOL:
    case POP3_FAILURE_LIMIT:
        pop3->failed_class = CP_ERROR_POP3;
        pop3->failed_code = event->failure == POP3_FAILURE_LIMIT ? POP3_ERROR_LIMIT : POP3_ERROR_PROTOCOL;
        break;
    case POP3_FAILURE_MEMORY:
        pop3->failed_class = CP_ERROR_CARAPACE;
        pop3->failed_code = CP_RUNTIME;
        break;
    case POP3_FAILURE_CLOSED: /* else the caller has said why: a time-out, a reset */
        if (pop3->failed_class == 0) {
            pop3->failed_class = CP_ERROR_COMMUNICATIONS;
            pop3->failed_code = CP_COMM_CLOSED;
        }
    }
    cp_value text =
        comms_redaction_words(cp, &pop3->common.module, *event->text ? event->text : "the server ends the session");
    pop3->failed_text = pop3->common.peer == CP_NIL
                            ? text
                            : cp_string_format(cp, "%s: %s", cp_text_z(cp, pop3->common.peer), cp_text_z(cp, text));
    comms_log(cp, &pop3->common.module, "the session has failed: %s", cp_text_z(cp, pop3->failed_text));
}

static void take_event(cp_context *cp, struct pop3 *pop3, const pop3_event *event) {
    pop3_log_event(cp, pop3, event);
    switch (event->kind) {
    case POP3_DONE:
        pop3->answered = true;
        pop3->ok = event->ok;
        pop3->code = event->code;
        pop3->code_text = code_text(cp, pop3, event);
        pop3->number = event->number;
        pop3->octets = event->octets;
        pop3->reply = comms_redaction_words(cp, &pop3->common.module, event->text);
        break;
    case POP3_CHALLENGE: comms_sasl_challenged(&pop3->common, event->bytes, event->size); break;
    case POP3_FAILED: session_failed(cp, pop3, event); break;
    case POP3_CONTENT:
    case POP3_ENTRY:
    case POP3_NONE: break;
    }
}

/* Ends the engine's session. When that has failed already, the words are all there is to say. */
static void end_session(cp_context *cp, struct pop3 *pop3, const char *words, pop3_event *event) {
    pop3_client_close(pop3->client, words, event);
    if (event->kind == POP3_NONE)
        *event = (pop3_event){
            .kind = POP3_FAILED, .failure = POP3_FAILURE_CLOSED, .text = words != NULL ? words : "", .code_text = ""};
    if (!pop3->failed) take_event(cp, pop3, event);
}

/* Ends the engine's session for what came from below; with an Error of the thread's own CP_THROWN. */
static cp_value lost(cp_context *cp, struct pop3 *pop3, cp_value error, const char *words, pop3_event *event) {
    bool connection = comms_client_lost(cp, error, &pop3->failed_code, &words);
    pop3->failed_class = CP_ERROR_COMMUNICATIONS;
    end_session(cp, pop3, words, event);
    return connection ? CP_NIL : cp_throw_value(cp, error);
}

void pop3_abandon(cp_context *cp, struct pop3 *pop3, const char *reason) {
    pop3_event event;
    pop3->failed_class = CP_ERROR_COMMUNICATIONS;
    pop3->failed_code = CP_COMM_CLOSED;
    end_session(cp, pop3, reason, &event);
}

/* ---- input ---- */

static int64_t limit_of(const struct pop3 *pop3) {
    int64_t limit = pop3->timeout > 0 ? pop3->timeout : TIMEOUT;
    int64_t most = pop3_client_in_transaction(pop3->client) ? QUIT_TIMEOUT : GOODBYE_TIMEOUT;
    return pop3->quitting && limit > most ? most : limit;
}

/* Takes what has come, after waiting for it at most `wait` ms: 1 something came, 0 nothing did within that time, -1
 * thrown from below. */
static int receive(cp_context *cp, struct pop3 *pop3, int64_t wait) {
    struct comms_util *util;
    const char *bytes;
    size_t size;
    int came = comms_client_receive(cp, &pop3->common, wait, &util, &bytes, &size);
    if (came <= 0) return came;
    /* A copy: while its content goes to a script, another thread may do anything with the Util. */
    if (size > BLOCK) size = BLOCK;
    if (pop3->block == NULL) pop3->block = cp_alloc_atomic(BLOCK);
    memcpy(pop3->block, bytes, size);
    pop3->block_start = 0;
    pop3->block_end = size;
    comms_util_consume(util, size);
    comms_count_received(cp, &pop3->common.module, size);
    return 1;
}

/* Waits for more, as long as it may take. A server that goes on sending next to nothing makes no progress. */
static cp_value await(cp_context *cp, struct pop3 *pop3, pop3_event *event) {
    int64_t limit = limit_of(pop3);
    uint64_t answers = pop3_client_answers(pop3->client), taken = pop3_client_taken(pop3->client);
    if (pop3->deadline == 0 || pop3->deadline_answers != answers || taken - pop3->deadline_taken >= PROGRESS) {
        pop3->deadline = comms_deadline(cp, limit);
        pop3->deadline_answers = answers;
        pop3->deadline_taken = taken;
    }
    int came = receive(cp, pop3, pop3->write_error != CP_NIL ? 0 : comms_left(cp, pop3->deadline));
    if (came > 0) return CP_NIL;
    if (came < 0) {
        cp_value error = cp_take_error(cp);
        return lost(cp, pop3, pop3->write_error != CP_NIL ? pop3->write_error : error, NULL, event);
    }
    if (pop3->write_error != CP_NIL) return lost(cp, pop3, pop3->write_error, NULL, event);
    char text[COMMS_CLIENT_SILENCE];
    pop3->failed_class = CP_ERROR_COMMUNICATIONS;
    pop3->failed_code = CP_COMM_TIMEOUT;
    end_session(cp, pop3, comms_client_silence(text, "no answer, or next to nothing of one, within", limit), event);
    return CP_NIL;
}

/* ---- output ---- */

static cp_value flush(cp_context *cp, struct pop3 *pop3, pop3_event *event) {
    for (;;) {
        const char *bytes;
        size_t size;
        pop3_log_output(cp, pop3);
        pop3_client_output(pop3->client, &bytes, &size);
        if (size == 0 || pop3->write_error != CP_NIL) return CP_NIL;
        struct iovec part = {(void *)bytes, size};
        struct comms_data data = {.parts = &part,
                                  .count = 1,
                                  .size = size,
                                  .value = CP_UNSET,
                                  .timeout = limit_of(pop3),
                                  .secret = pop3_client_output_is_secret(pop3->client)};
        cp_value result = comms_send_data_below(cp, &pop3->common.module, &data);
        pop3_client_sent(pop3->client, size);
        pop3->log_seen -= size < pop3->log_seen ? size : pop3->log_seen;
        if (result == CP_THROWN) {
            /* What the server said before it closed explains more than the system's words for it. */
            cp_value error = cp_take_error(cp);
            bool connection =
                cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS && cp_error_code_of(error) != CP_COMM_CANCELLED;
            if (!connection) return lost(cp, pop3, error, NULL, event);
            pop3->write_error = error;
            return CP_NIL;
        }
        comms_count_sent(cp, &pop3->common.module, size);
    }
}

cp_value pop3_next(cp_context *cp, struct pop3 *pop3, pop3_event *event) {
    *event = (pop3_event){.kind = POP3_NONE};
    for (;;) {
        while (pop3->block_start < pop3->block_end) {
            pop3->block_start += pop3_client_input(pop3->client, pop3->block + pop3->block_start,
                                                   pop3->block_end - pop3->block_start, event);
            if (event->kind == POP3_NONE) continue;
            take_event(cp, pop3, event);
            return CP_NIL;
        }
        if (pop3->failed) { /* the engine has said it once */
            event->kind = POP3_FAILED;
            return CP_NIL;
        }
        if (flush(cp, pop3, event) == CP_THROWN || (event->kind == POP3_NONE && await(cp, pop3, event) == CP_THROWN))
            return CP_THROWN;
        if (event->kind != POP3_NONE) return CP_NIL;
    }
}

cp_value pop3_settle(cp_context *cp, struct pop3 *pop3) {
    pop3_event event;
    while (pop3->block_start < pop3->block_end && !pop3->failed)
        if (pop3_next(cp, pop3, &event) == CP_THROWN) return CP_THROWN;
    return pop3->failed ? cp_throw_value(cp, pop3_failure_error(cp, pop3)) : CP_NIL;
}

/* ---- commands ---- */

cp_value pop3_not_given(cp_context *cp, pop3_status status) {
    switch (status) {
    case POP3_NO_MEMORY: return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    case POP3_BAD_ARGUMENT:
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "user or password cannot be sent: each has 1 to 240 bytes and no control characters");
    default:
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED,
                        "the session is not in a state for this command: call connect again");
    }
}

/* Time that a script takes is not the server's. */
static cp_value give(cp_context *cp, struct pop3 *pop3, pop3_sink sink, void *context, const pop3_event *event) {
    int64_t before = cp_now(cp);
    cp_value result = sink(cp, context, event);
    if (pop3->deadline > 0) pop3->deadline += cp_now(cp) - before;
    return result;
}

cp_value pop3_await(cp_context *cp, struct pop3 *pop3, pop3_status status, pop3_sink sink, void *context) {
    if (status != POP3_OK) return pop3_not_given(cp, status);
    cp_value error = CP_NIL;
    pop3->answered = pop3->common.challenged = false;
    while (!pop3->answered && !pop3->common.challenged && !pop3->failed) {
        pop3_event event;
        if (pop3_next(cp, pop3, &event) == CP_THROWN) {
            if (error == CP_NIL) return CP_THROWN;
            cp_take_error(cp);
            break;
        }
        bool for_sink = event.kind == POP3_CONTENT || event.kind == POP3_ENTRY;
        if (!for_sink || sink == NULL || error != CP_NIL) continue;
        if (give(cp, pop3, sink, context, &event) == CP_THROWN) error = cp_take_error(cp); /* the rest is dropped */
    }
    if (error != CP_NIL) return cp_throw_value(cp, error);
    return pop3->failed ? cp_throw_value(cp, pop3_failure_error(cp, pop3)) : CP_NIL;
}

cp_value pop3_run(cp_context *cp, struct pop3 *pop3, pop3_command command, uint64_t message, uint64_t lines,
                  pop3_sink sink, void *context) {
    if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    return pop3_await(cp, pop3, pop3_client_command(pop3->client, command, message, lines), sink, context);
}

cp_value pop3_learn(cp_context *cp, struct pop3 *pop3) {
    cp_list_builder lines = {0};
    if (pop3_run(cp, pop3, POP3_CAPA, 0, 0, NULL, NULL) == CP_THROWN) return CP_THROWN;
    for (size_t i = 0; i < pop3_client_capability_count(pop3->client); i++)
        cp_list_add(&lines, cp_string_z(cp, pop3_client_capability(pop3->client, i)));
    pop3->capabilities = lines.list;
    return CP_NIL;
}

/* ---- the end ---- */

static void forget_client(cp_context *cp, struct pop3 *pop3) {
    pop3->client = NULL;
    cp_resource_release(cp, pop3->handle);
    pop3->handle = NULL;
    comms_redaction_end(cp, &pop3->common.module);
    pop3->ready = false;
    pop3->block_start = pop3->block_end = 0;
}

/* QUIT, and the answer to it: only then is deleted what was marked. */
static cp_value say_goodbye(cp_context *cp, struct pop3 *pop3) {
    if (pop3->client == NULL || pop3->failed || !pop3->ready) return CP_NIL;
    bool logged_in = pop3_client_in_transaction(pop3->client);
    pop3->quitting = true;
    cp_value result = pop3_run(cp, pop3, POP3_QUIT, 0, 0, NULL, NULL);
    pop3->quitting = false;
    if (result == CP_THROWN && !logged_in && pop3->failed) {
        cp_take_error(cp); /* nothing was to be deleted */
        return CP_NIL;
    }
    if (result == CP_THROWN) return CP_THROWN;
    return pop3->ok || !logged_in ? CP_NIL
                                  : pop3_throw_reply(cp, pop3, "the server has not deleted all that was marked");
}

cp_value pop3_disconnect(cp_context *cp, struct comms_module *m) {
    struct pop3 *pop3 = (struct pop3 *)m;
    /* In use, by another thread or by a fetch whose function calls here: what it waits for ends when the layers below
     * are closed. */
    if (turn_is_taken(&pop3->common.turn)) return pop3_close(cp, m);
    if (pop3_enter(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = say_goodbye(cp, pop3);
    forget_client(cp, pop3);
    comms_client_tls_remove(cp, &pop3->common);
    pop3_leave(cp, pop3);
    return result;
}

/* Without QUIT there is no UPDATE state, and nothing is deleted (RFC 1939 6). Whoever uses the engine still has it. */
cp_value pop3_close(cp_context *cp, struct comms_module *m) {
    struct pop3 *pop3 = (struct pop3 *)m;
    if (!turn_is_taken(&pop3->common.turn)) forget_client(cp, pop3);
    comms_client_tls_remove(cp, &pop3->common);
    return CP_NIL;
}

/* ---- the beginning ---- */

static void free_client(void *client) { pop3_client_free(client); }

/* The greeting, and what the server offers. */
static cp_value be_greeted(cp_context *cp, struct pop3 *pop3) {
    if (pop3_await(cp, pop3, POP3_OK, NULL, NULL) == CP_THROWN) return CP_THROWN;
    if (!pop3->ok) return pop3_throw_reply(cp, pop3, "the server does not let us in");
    pop3->greeting = pop3->reply;
    const char *timestamp = pop3_client_timestamp(pop3->client);
    if (*timestamp) pop3->timestamp = cp_string_z(cp, timestamp);
    pop3->ready = true;
    return pop3_learn(cp, pop3);
}

static cp_value open_session(cp_context *cp, struct pop3 *pop3) {
    forget_client(cp, pop3);
    pop3->failed = pop3->common.authenticated = false;
    pop3->failed_class = pop3->failed_code = 0;
    pop3->greeting = pop3->timestamp = pop3->capabilities = pop3->reply = pop3->write_error = CP_NIL;
    pop3->deadline = 0;
    pop3->log_seen = 0;
    pop3->log_content = 0;
    pop3->common.peer = comms_text_below(cp, &pop3->common.module, "peer");
    if (comms_client_encrypt_first(cp, &pop3->common) == CP_THROWN) return CP_THROWN;
    pop3->client = pop3_client_new();
    if (pop3->client == NULL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    pop3->handle = cp_resource_new(cp, pop3->client, free_client);
    pop3_client_set_limit(pop3->client, pop3->size_limit > 0 ? (uint64_t)pop3->size_limit : SIZE_LIMIT);
    if (be_greeted(cp, pop3) == CP_THROWN || pop3_tls_after_greeting(cp, pop3) == CP_THROWN) return CP_THROWN;
    return comms_client_wants_login(&pop3->common) ? pop3_login(cp, pop3) : CP_NIL;
}

/* What was put in beneath does not stay when it has failed; the server is told where that is possible. */
static cp_value open_or_remove(cp_context *cp, struct pop3 *pop3) {
    comms_client_tls_remove(cp, &pop3->common);
    if (open_session(cp, pop3) != CP_THROWN) return CP_NIL;
    cp_value error = cp_take_error(cp);
    if (!pop3->common.challenged && say_goodbye(cp, pop3) == CP_THROWN) cp_take_error(cp);
    pop3->ready = false;
    comms_client_tls_remove(cp, &pop3->common);
    return cp_throw_value(cp, error);
}

cp_value pop3_connect(cp_context *cp, struct comms_module *m) {
    struct pop3 *pop3 = (struct pop3 *)m;
    if (pop3_enter(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = open_or_remove(cp, pop3);
    pop3_leave(cp, pop3);
    return result;
}
