/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_client: the client's session: the queue of commands, the replies that answer them, events, and the ways it ends.
 * The messages themselves are in smtp_transaction.c. */
#include "modules/protocol/smtp_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_client_internal.h"

static void greeting_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
static void hello_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
static void reset_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
static void user_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
static void quit_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply);

enum { MINUTE = 60 * 1000, CONTENT_BLOCK_TIMEOUT = 3 * MINUTE }; /* RFC 5321 4.5.3.2.5 */

/* One row for each kind of command. */
static const struct {
    const char *awaits; /* "connection closed while waiting for ..." */
    int timeout_ms;     /* RFC 5321 4.5.3.2 */
    void (*reply)(smtp_client *client, const smtp_command *command, const smtp_reply *reply);
} command_traits[] = {
    [COMMAND_GREETING] = {"the server's greeting", 5 * MINUTE, greeting_reply},
    [COMMAND_EHLO] = {"the reply to EHLO", 5 * MINUTE, hello_reply},
    [COMMAND_HELO] = {"the reply to HELO", 5 * MINUTE, hello_reply},
    [COMMAND_MAIL] = {"the reply to MAIL FROM", 5 * MINUTE, smtp_transaction_mail_reply},
    [COMMAND_RCPT] = {"the reply to RCPT TO", 5 * MINUTE, smtp_transaction_rcpt_reply},
    [COMMAND_DATA] = {"the reply to DATA", 2 * MINUTE, smtp_transaction_data_reply},
    [COMMAND_END] = {"the reply to the end of the message", 10 * MINUTE, smtp_transaction_end_reply},
    [COMMAND_RSET] = {"the reply to RSET", 5 * MINUTE, reset_reply},
    [COMMAND_RSET_USER] = {"the reply to RSET", 5 * MINUTE, reset_reply},
    [COMMAND_NOOP] = {"the reply to NOOP", 5 * MINUTE, user_reply},
    [COMMAND_VRFY] = {"the reply to VRFY", 5 * MINUTE, user_reply},
    [COMMAND_STARTTLS] = {"the reply to STARTTLS", 5 * MINUTE, smtp_security_starttls_reply},
    [COMMAND_AUTH] = {"the reply to AUTH", 5 * MINUTE, smtp_security_auth_reply},
    [COMMAND_QUIT] = {"the reply to QUIT", 2 * MINUTE, quit_reply},
};

/* ---- the command queue ---- */

/* Makes a ring of `capacity` elements (a power of two) hold at least `needed`; elements move to the front. */
static bool grow_ring(void **ring, size_t size, size_t *head, size_t count, size_t *capacity, size_t needed) {
    if (needed <= *capacity) return true;
    size_t bigger = *capacity ? *capacity : 16;
    while (bigger < needed) bigger *= 2;
    char *to = calloc(bigger, size);
    if (to == NULL) return false;
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * size, (char *)*ring + ((*head + i) & (*capacity - 1)) * size, size);
    free(*ring);
    *ring = to;
    *head = 0;
    *capacity = bigger;
    return true;
}

bool smtp_session_reserve(smtp_client *client, size_t commands, size_t events) {
    enum { SESSION_EVENTS = 8 }; /* those of the session itself: GREETING, READY, one NOOP, QUIT_DONE, FAILED */
    void *queue = client->queue, *pending = client->events;
    bool ok = grow_ring(&queue, sizeof(smtp_command), &client->queue_head, client->queue_count, &client->queue_capacity,
                        client->queue_count + commands);
    client->queue = queue;
    ok = ok && grow_ring(&pending, sizeof(smtp_pending_event), &client->events_head, client->events_count,
                         &client->events_capacity, client->events_count + client->under_way + events + SESSION_EVENTS);
    client->events = pending;
    return ok;
}

static void pop_command(smtp_client *client) {
    client->ends -= smtp_session_head(client)->kind == COMMAND_END;
    client->queue_head = (client->queue_head + 1) & (client->queue_capacity - 1);
    client->queue_count--;
}

/* ---- events ---- */

static smtp_pending_event *add_event(smtp_client *client, smtp_client_event_kind kind) {
    size_t at = (client->events_head + client->events_count++) & (client->events_capacity - 1);
    client->events[at] = (smtp_pending_event){.kind = kind};
    return &client->events[at];
}

void smtp_session_push_done(smtp_client *client, smtp_message *message) {
    add_event(client, SMTP_CLIENT_MESSAGE_DONE)->message = message;
}

void smtp_session_push_reply_event(smtp_client *client, smtp_client_event_kind kind, const smtp_reply *reply) {
    smtp_reply *copy = malloc(sizeof *copy + reply->length + 1);
    if (copy == NULL) {
        smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
        return;
    }
    char *text = (char *)(copy + 1);
    memcpy(text, reply->text, reply->length + 1);
    *copy = *reply;
    copy->text = text;
    add_event(client, kind)->reply = copy;
}

void smtp_session_push_challenge(smtp_client *client, char *challenge, size_t size) {
    smtp_pending_event *event = add_event(client, SMTP_CLIENT_AUTH_CHALLENGE);
    event->challenge = challenge;
    event->challenge_size = size;
}

static void release_event(smtp_client *client, smtp_pending_event *event) {
    if (event->kind == SMTP_CLIENT_MESSAGE_DONE) smtp_message_free(client, event->message);
    free(event->reply);
    free(event->challenge);
    *event = (smtp_pending_event){.kind = SMTP_CLIENT_NONE};
}

bool smtp_client_next_event(smtp_client *client, smtp_client_event *event) {
    smtp_pending_event *delivered = &client->delivered;
    if (delivered->kind != SMTP_CLIENT_NONE) release_event(client, delivered);
    *event = (smtp_client_event){.kind = SMTP_CLIENT_NONE};
    if (client->events_count == 0) return false;
    *delivered = client->events[client->events_head];
    client->events_head = (client->events_head + 1) & (client->events_capacity - 1);
    client->events_count--;
    event->kind = delivered->kind;
    event->reply = delivered->reply;
    event->challenge = delivered->challenge;
    event->challenge_size = delivered->challenge_size;
    if (event->kind == SMTP_CLIENT_MESSAGE_DONE) {
        smtp_transaction_show_result(delivered->message);
        event->message = delivered->message->number;
        event->result = &delivered->message->result;
    } else if (event->kind == SMTP_CLIENT_FAILED) event->failure = &client->failure;
    return true;
}

/* ---- the ways it ends ---- */

static void end_session(smtp_client *client) {
    client->over = true;
    client->ready = client->wants_content = false;
    client->queue_count = client->ends = 0;
    smtp_security_wipe(client);
    client->sent += smtp_buffer_length(&client->output);
    smtp_buffer_free(&client->output);
}

void smtp_session_fail(smtp_client *client, smtp_failure_class failure_class, bool temporary, const smtp_reply *reply,
                       const char *format, ...) {
    if (client->over) return;
    /* The format's arguments may lie in the buffer of an earlier text: none does, for there is one failure a session.
     */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(client->failure_text, sizeof client->failure_text, format, arguments);
    va_end(arguments);
    size_t at = length > 0 ? (size_t)length : 0, room = sizeof client->failure_text;
    if (reply != NULL && at + 64 < room) {
        char code[12];
        smtp_enhanced_code_format(reply->enhanced, code);
        at += (size_t)snprintf(client->failure_text + at, room - at, ": \"%d%s%s%s", reply->code, code[0] ? " " : "",
                               code, reply->length > 0 ? " " : "");
        at += smtp_text_sanitise(client->failure_text + at, room - at - 1, reply->text, reply->length, false);
        client->failure_text[at++] = '"';
        client->failure_text[at] = '\0';
    }
    client->failure = (smtp_client_failure){.failure_class = failure_class,
                                            .temporary = temporary,
                                            .chunking = client->unknown != NULL,
                                            .code = reply ? reply->code : 0,
                                            .enhanced = reply ? reply->enhanced : (smtp_enhanced_code){0},
                                            .text = client->failure_text};
    for (size_t i = 0; i < client->queue_count && client->unknown == NULL; i++) {
        const smtp_command *entry = &client->queue[(client->queue_head + i) & (client->queue_capacity - 1)];
        if (entry->kind == COMMAND_END && entry->message != client->last) client->failure.streaming = true;
        /* chasquid 1.11 answers the dot and forgets what came with it: the MAIL behind it waits for ever. */
        if (reply == NULL && entry->kind == COMMAND_MAIL && entry->message->behind) client->failure.streaming = true;
    }
    client->over = true; /* before the messages are settled, so that nothing is written any more */
    smtp_transaction_settle_all(client, reply);
    end_session(client);
    add_event(client, SMTP_CLIENT_FAILED);
}

void smtp_session_fail_reply(smtp_client *client, smtp_command_kind kind, const smtp_reply *reply) {
    smtp_session_fail(client, SMTP_FAILURE_PROTOCOL, true, reply, "a reply that does not fit, waiting for %s",
                      command_traits[kind].awaits);
}

void smtp_client_closed(smtp_client *client, const char *reason) {
    if (client->over) return;
    if (client->queue_count > 0 && smtp_session_head(client)->kind == COMMAND_QUIT) {
        end_session(client); /* 221 is a courtesy many servers do without */
        add_event(client, SMTP_CLIENT_QUIT_DONE);
        return;
    }
    char shown[256];
    if (reason == NULL) reason = "connection closed";
    smtp_text_sanitise(shown, sizeof shown, reason, strlen(reason), false);
    const char *awaits = smtp_client_awaits(client);
    if (awaits[0] == '\0') smtp_session_fail(client, SMTP_FAILURE_CLOSED, true, NULL, "%s", shown);
    else smtp_session_fail(client, SMTP_FAILURE_CLOSED, true, NULL, "%s while waiting for %s", shown, awaits);
}

/* ---- replies of the session ---- */

static void write_hello(smtp_client *client, const char *verb, smtp_command_kind kind) {
    if (smtp_buffer_text(&client->output, verb) && smtp_buffer_text(&client->output, client->options.local_domain) &&
        smtp_buffer_append(&client->output, "\r\n", 2))
        smtp_session_push_command(client, kind, NULL, 0);
    else smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
}

void smtp_session_write_hello(smtp_client *client) {
    write_hello(client, client->options.lmtp ? "LHLO " : "EHLO ", COMMAND_EHLO);
}

static void greeting_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    if (reply->code >= 400)
        smtp_session_fail(client, SMTP_FAILURE_REFUSED, reply->code < 500, reply, "the server takes no mail now");
    else if (reply->code >= 300) smtp_session_fail_reply(client, command->kind, reply);
    else {
        smtp_session_push_reply_event(client, SMTP_CLIENT_GREETING, reply);
        if (!client->over) smtp_session_write_hello(client);
    }
}

static void hello_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    bool ehlo = command->kind == COMMAND_EHLO;
    if (reply->code >= 500 && ehlo && !client->options.lmtp) {
        write_hello(client, "HELO ", COMMAND_HELO); /* RFC 5321 3.2: a server from before RFC 1425 */
        return;
    }
    if (reply->code >= 400) {
        smtp_session_fail(client, SMTP_FAILURE_REFUSED, reply->code < 500, reply, "the server refuses %s",
                          client->options.lmtp ? "LHLO"
                          : ehlo               ? "EHLO"
                                               : "HELO");
        return;
    }
    if (reply->code >= 300) {
        smtp_session_fail_reply(client, command->kind, reply);
        return;
    }
    if (ehlo && !smtp_capabilities_parse(&client->capabilities, reply)) {
        smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
        return;
    }
    client->pipelining =
        smtp_capabilities_has(&client->capabilities, SMTP_CAPABILITY_PIPELINING) && !client->options.no_pipelining;
    client->ready = true;
    smtp_session_push_reply_event(client, SMTP_CLIENT_READY, reply);
}

static void reset_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    /* Without RSET nobody knows what the server holds: the session is of no more use. */
    if (reply->code >= 400)
        smtp_session_fail(client, SMTP_FAILURE_REFUSED, reply->code < 500, reply, "the server refuses RSET");
    else if (reply->code >= 300) smtp_session_fail_reply(client, command->kind, reply);
    else if (command->kind == COMMAND_RSET_USER) smtp_session_push_reply_event(client, SMTP_CLIENT_RESET_DONE, reply);
}

static void user_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    if (reply->code >= 300 && reply->code < 400) smtp_session_fail_reply(client, command->kind, reply);
    else
        smtp_session_push_reply_event(
            client, command->kind == COMMAND_NOOP ? SMTP_CLIENT_NOOP_DONE : SMTP_CLIENT_VERIFY_DONE, reply);
}

static void quit_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    (void)command;
    smtp_session_push_reply_event(client, SMTP_CLIENT_QUIT_DONE, reply);
    if (!client->over) end_session(client);
}

/* A reply with no command to answer, or one that came before its command had left. */
static void handle_unasked(smtp_client *client, const smtp_reply *reply) {
    const smtp_command *head = client->queue_count > 0 ? smtp_session_head(client) : NULL;
    smtp_message *message = head == NULL && client->wants_content       ? client->open
                            : head != NULL && head->kind == COMMAND_END ? head->message
                                                                        : NULL;
    if (reply->code == 421)
        smtp_session_fail(client, SMTP_FAILURE_CLOSED, true, reply, "the server is closing the connection");
    else if (message != NULL && message->chunked && smtp_chunking_unknown(client, message, reply)) return;
    else if (message != NULL && reply->code >= 400) {
        /* Some servers do not wait for the dot to say no. What they would do with the rest is open: close. */
        smtp_transaction_refuse_content(client, message, reply);
        smtp_session_fail(client, SMTP_FAILURE_CLOSED, true, reply,
                          "the server refused the message in the middle of its content");
    } else if (head != NULL)
        smtp_session_fail(client, SMTP_FAILURE_PROTOCOL, true, reply, "%s came before the command was sent",
                          command_traits[head->kind].awaits);
    else smtp_session_fail(client, SMTP_FAILURE_PROTOCOL, true, reply, "a reply nobody asked for");
}

static void handle_reply(smtp_client *client, const smtp_reply *reply) {
    client->replies++;
    const smtp_command *head = smtp_session_head(client);
    if (client->queue_count == 0 || head->end > client->sent) {
        handle_unasked(client, reply);
        return;
    }
    if (reply->code == 421 && head->kind != COMMAND_QUIT) { /* RFC 5321 3.8: may answer any command */
        smtp_transaction_service_closing(client, head, reply);
        pop_command(client);
        smtp_session_fail(client, SMTP_FAILURE_CLOSED, true, reply, "the server is closing the connection");
        return;
    }
    /* The entry stays at the head while its reply is looked at: when that fails, it is still outstanding. */
    command_traits[head->kind].reply(client, head, reply);
    if (!client->over) pop_command(client);
}

void smtp_client_input(smtp_client *client, const char *bytes, size_t length) {
    while (length > 0 && !client->over) {
        if (client->starts_tls) {
            smtp_security_fail_injected(client, length);
            break;
        }
        size_t used;
        smtp_reply_status status = smtp_reply_parser_feed(&client->parser, bytes, length, &used);
        bytes += used;
        length -= used;
        if (status == SMTP_REPLY_MORE) break;
        if (status == SMTP_REPLY_COMPLETE) handle_reply(client, &client->parser.reply);
        else if (status == SMTP_REPLY_NO_MEMORY)
            smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
        else {
            const char *awaits = smtp_client_awaits(client);
            smtp_session_fail(client, SMTP_FAILURE_PROTOCOL, true, NULL, "waiting for %s, the server sent %s: \"%s\"",
                              awaits[0] ? awaits : "nothing", smtp_reply_status_text(status),
                              client->parser.reply.text);
        }
    }
    smtp_transaction_pump(client);
}

/* ---- questions ---- */

void smtp_client_output(const smtp_client *client, const char **bytes, size_t *length) {
    *length = smtp_buffer_length(&client->output);
    *bytes = *length > 0 ? client->output.bytes + client->output.begin : "";
}

const smtp_capabilities *smtp_client_capabilities(const smtp_client *client) { return &client->capabilities; }

smtp_envelope_status smtp_client_envelope_status(const smtp_client *client) { return client->envelope_status; }

const char *smtp_client_error(const smtp_client *client) { return client->error_text; }

bool smtp_client_streams(const smtp_client *client) { return client->streams; }

uint64_t smtp_client_accepted(const smtp_client *client) { return client->accepted; }

bool smtp_client_wants_content(const smtp_client *client) { return client->wants_content; }

const char *smtp_client_awaits(const smtp_client *client) {
    return client->queue_count > 0 ? command_traits[smtp_session_head(client)->kind].awaits : "";
}

uint64_t smtp_client_replies(const smtp_client *client) { return client->replies; }

size_t smtp_client_unanswered(const smtp_client *client, size_t *sent) {
    size_t low = 0, high = client->queue_count; /* entries stand in the order of their octets */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (client->queue[(client->queue_head + middle) & (client->queue_capacity - 1)].end <= client->sent)
            low = middle + 1;
        else high = middle;
    }
    if (sent != NULL) *sent = low;
    return client->queue_count;
}

int64_t smtp_client_timeout_ms(const smtp_client *client) {
    if (client->over) return -1;
    bool writing = smtp_buffer_length(&client->output) > 0;
    if (client->queue_count == 0) return writing ? CONTENT_BLOCK_TIMEOUT : -1;
    const smtp_command *head = smtp_session_head(client);
    if (head->kind == COMMAND_END && head->end > client->sent) return CONTENT_BLOCK_TIMEOUT;
    return command_traits[head->kind].timeout_ms;
}

/* ---- orders ---- */

void smtp_client_sent(smtp_client *client, size_t length) {
    size_t waiting = smtp_buffer_length(&client->output);
    if (length > waiting) length = waiting;
    client->sent += length;
    if (length == waiting) smtp_security_wipe(client);
    smtp_buffer_consume(&client->output, length);
}

smtp_client_status smtp_session_alone(const smtp_client *client) {
    if (client->over || client->wants_quit) return SMTP_CLIENT_CLOSED;
    return !client->ready || client->first != NULL || client->queue_count > 0 ? SMTP_CLIENT_BUSY : SMTP_CLIENT_OK;
}

/* A command that stands alone: nothing else may be under way. */
static smtp_client_status alone(smtp_client *client, const char *verb, const char *word, smtp_command_kind kind) {
    smtp_client_status status = smtp_session_alone(client);
    if (status != SMTP_CLIENT_OK) return status;
    size_t length = strlen(verb) + strlen(word) + 2;
    if (!smtp_session_reserve(client, 2, 1) || smtp_buffer_reserve(&client->output, length) == NULL)
        return SMTP_CLIENT_NO_MEMORY;
    smtp_buffer_text(&client->output, verb);
    smtp_buffer_text(&client->output, word);
    smtp_buffer_append(&client->output, "\r\n", 2);
    smtp_session_push_command(client, kind, NULL, 0);
    return SMTP_CLIENT_OK;
}

smtp_client_status smtp_client_noop(smtp_client *client) { return alone(client, "NOOP", "", COMMAND_NOOP); }

smtp_client_status smtp_client_reset(smtp_client *client) {
    smtp_client_status status = alone(client, "RSET", "", COMMAND_RSET_USER);
    if (status == SMTP_CLIENT_OK) client->needs_reset = false;
    return status;
}

smtp_client_status smtp_client_verify(smtp_client *client, const char *word) {
    enum { WORD_MAX = 400 }; /* within the 512 octets of RFC 5321 4.5.3.1.4 */
    size_t length = strnlen(word, WORD_MAX + 1);
    if (length == 0 || length > WORD_MAX) return SMTP_CLIENT_BAD_ARGUMENT;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)word[i] < 0x20 || word[i] == 0x7f) return SMTP_CLIENT_BAD_ARGUMENT;
    return alone(client, "VRFY ", word, COMMAND_VRFY);
}

smtp_client_status smtp_client_quit(smtp_client *client) {
    if (client->over || client->wants_quit) return SMTP_CLIENT_CLOSED;
    if (!client->ready || client->open != NULL) return SMTP_CLIENT_BUSY;
    if (!smtp_session_reserve(client, 1, 1)) return SMTP_CLIENT_NO_MEMORY;
    client->wants_quit = true;
    smtp_transaction_pump(client);
    return SMTP_CLIENT_OK;
}

void smtp_client_set_partial(smtp_client *client, bool partial) { client->options.partial = partial; }

/* ---- life ---- */

smtp_client *smtp_client_new(const smtp_client_options *options, smtp_client_status *status) {
    *status = SMTP_CLIENT_BAD_ARGUMENT;
    if (options->local_domain == NULL || !smtp_domain_check(options->local_domain)) return NULL;
    *status = SMTP_CLIENT_NO_MEMORY;
    smtp_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    smtp_reply_parser_init(&client->parser);
    smtp_capabilities_init(&client->capabilities);
    client->options = *options;
    client->streams = options->streams;
    client->options.local_domain = strdup(options->local_domain);
    if (client->options.local_domain == NULL || !smtp_session_reserve(client, 4, 0)) {
        smtp_client_free(client);
        return NULL;
    }
    smtp_session_push_command(client, COMMAND_GREETING, NULL, 0);
    *status = SMTP_CLIENT_OK;
    return client;
}

void smtp_client_free(smtp_client *client) {
    if (client == NULL) return;
    for (smtp_message *at = client->first, *next; at != NULL; at = next) {
        next = at->next;
        smtp_message_free(client, at);
    }
    while (client->events_count > 0) {
        release_event(client, &client->events[client->events_head]);
        client->events_head = (client->events_head + 1) & (client->events_capacity - 1);
        client->events_count--;
    }
    release_event(client, &client->delivered);
    smtp_message_free_spare(client);
    free(client->events);
    free(client->queue);
    free((char *)client->options.local_domain);
    smtp_security_wipe(client);
    smtp_reply_parser_free(&client->parser);
    smtp_capabilities_free(&client->capabilities);
    smtp_domain_set_free(&client->domains);
    smtp_buffer_free(&client->output);
    free(client);
}
