/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_send: one message on its way: its envelope, its content in blocks, and what became of it. */
#include "modules/smtp/smtp.h"

#include "modules/message/message.h"

enum {
    BLOCK = 64 * 1024, /* octets of content read, and at least written, at a time */
    LOOK_EVERY = 50,   /* ms between looks for a reply while content is written */
    HELD = 64 * 1024,  /* octets of content that stays open until its message has its answer, for it may have to go once
                        * more, as it was; larger content is built anew then, from a message that has not changed */
};

/* ---- beginning ---- */

void smtp_append(struct smtp_delivery **first, struct smtp_delivery **last, struct smtp_delivery *delivery) {
    delivery->next = NULL;
    if (*last != NULL) (*last)->next = delivery;
    else *first = delivery;
    *last = delivery;
}

/* RFC 8689 4.2.1: encrypted, and to whom it should go. The server's offer of REQUIRETLS is looked at by the engine. */
static bool is_safe(cp_context *cp, struct smtp *smtp) {
    struct comms_security security;
    bool safe = comms_security(cp, &smtp->common.module, &security) && security.verified;
    explicit_bzero(&security, sizeof security);
    if (!safe)
        cp_throw_value(cp, smtp_error(cp, CP_ERROR_SMTP, 550,
                                      cp_string_z(cp, "the message was not sent: it requires TLS on its whole way, but "
                                                      "this connection is not encrypted to a server that was checked"),
                                      cp_string_z(cp, "5.7.30"), false, false));
    return safe;
}

/* What the server takes as it is. */
static enum message_body body_for(const struct smtp *smtp) {
    bool eight = smtp_capabilities_has(smtp_client_capabilities(smtp->client), SMTP_CAPABILITY_8BITMIME);
    if (smtp->binary_mime && smtp_client_takes_binary(smtp->client)) return MESSAGE_BINARY;
    return eight ? MESSAGE_8BIT : MESSAGE_7BIT;
}

/* Content that was read before is read again, unless this server does not take it so, as the one before did. */
static bool open_content(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    enum message_body body = body_for(smtp);
    if (delivery->content != NULL) {
        smtp_body has = message_envelope(delivery->content)->body;
        if (has == SMTP_BODY_BINARY ? smtp_client_takes_binary(smtp->client)
                                    : has != SMTP_BODY_8BIT || body >= MESSAGE_8BIT) {
            message_rewind(delivery->content);
            return true;
        }
        smtp_close_content(cp, delivery);
    }
    if (delivery->version != message_version(delivery->message)) {
        cp_throw_value(cp, smtp_error(cp, CP_ERROR_CARAPACE, CP_ILLEGAL,
                                      cp_string_z(cp, "the message was not sent: it had to go once more, over a new "
                                                      "connection, but has been changed since it was given to sendAll"),
                                      CP_NIL, true, false));
        return false;
    }
    delivery->content = message_open(cp, delivery->message, body);
    return delivery->content != NULL;
}

enum smtp_begun smtp_begin(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    if (!open_content(cp, smtp, delivery)) return SMTP_BEGUN_BAD;
    const smtp_envelope *envelope = message_envelope(delivery->content);
    enum smtp_begun part = envelope->wishes.require_tls && !is_safe(cp, smtp)
                               ? SMTP_BEGUN_BAD
                               : smtp_split_begin(cp, smtp, delivery, &envelope);
    if (part == SMTP_BEGUN_BAD) smtp_close_content(cp, delivery);
    if (part != SMTP_BEGUN) return part;
    switch (smtp_client_begin(smtp->client, envelope, &delivery->number)) {
    case SMTP_CLIENT_OK:
        delivery->done = false;
        delivery->error = delivery->text = CP_NIL;
        smtp_append(&smtp->first, &smtp->last, delivery);
        smtp->streaming.under_way++;
        smtp_log_output(cp, smtp, false);
        smtp_take_events(cp, smtp); /* memory may have been too short for its commands */
        return SMTP_BEGUN;
    case SMTP_CLIENT_BAD_ENVELOPE:
        smtp_close_content(cp, delivery);
        cp_throw_value(
            cp, smtp_envelope_error(cp, smtp_client_envelope_status(smtp->client), smtp_client_error(smtp->client)));
        return SMTP_BEGUN_BAD;
    case SMTP_CLIENT_SESSION_LIMIT: return SMTP_BEGUN_LIMIT; /* its content stays open for the next connection */
    case SMTP_CLIENT_NO_MEMORY:
        smtp_close_content(cp, delivery);
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
        return SMTP_BEGUN_BAD;
    default: /* the session is over */
        smtp_close_content(cp, delivery);
        smtp_take_events(cp, smtp);
        return SMTP_BEGUN_CLOSED;
    }
}

void smtp_close_content(cp_context *cp, struct smtp_delivery *delivery) {
    if (delivery->content != NULL) message_close(cp, delivery->content);
    delivery->content = NULL;
}

/* ---- content ---- */

/* The content cannot be read to its end: without the final dot nothing is delivered. */
static void content_failed(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    delivery->error = cp_take_error(cp);
    smtp_abandon(cp, smtp, "the content of a message could not be read");
}

/* A server may refuse in the middle of a content. That nothing has come is an Error of the module below: to look behind
 * each block would leave 16 MB of them to the collector. */
static cp_value look_now_and_then(cp_context *cp, struct smtp *smtp) {
    int64_t now = cp_now_coarse(cp);
    if (now - smtp->looked < LOOK_EVERY) return CP_NIL;
    smtp->looked = now;
    return smtp_look(cp, smtp);
}

/* Hands a block over, and writes while more waits to be written than is good for memory. */
static cp_value hand_over(cp_context *cp, struct smtp *smtp, const char *block, size_t size, bool last) {
    size_t offset = 0;
    while (smtp_client_wants_content(smtp->client) && !smtp->failed) {
        size_t taken, waiting;
        const char *bytes;
        smtp_client_status status = smtp_client_data(smtp->client, block + offset, size - offset, last, &taken);
        if (status != SMTP_CLIENT_OK) {
            smtp_abandon(cp, smtp,
                         status == SMTP_CLIENT_NO_MEMORY      ? "out of memory"
                         : status == SMTP_CLIENT_BAD_ARGUMENT ? "the content of a message has not the size it had"
                                                              : "the connection is closed");
            return CP_NIL;
        }
        smtp_log_output(cp, smtp, true);
        offset += taken;
        smtp_client_output(smtp->client, &bytes, &waiting);
        if (waiting >= BLOCK && !(last && offset == size)) {
            if (smtp_flush(cp, smtp) == CP_THROWN || look_now_and_then(cp, smtp) == CP_THROWN) return CP_THROWN;
            smtp_take_events(cp, smtp);
        }
        if (offset == size) break;
    }
    return CP_NIL;
}

/* Content that must be read. */
static cp_value feed_blocks(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    if (smtp->block == NULL) smtp->block = cp_alloc_atomic(2 * BLOCK);
    char *block = smtp->block, *other = smtp->block + BLOCK;
    /* A block goes when the one behind it has been read: content that cannot be read to its right end must not get its
     * last octets, with which the server would take it. */
    ssize_t size = message_read(cp, delivery->content, block, BLOCK);
    while (smtp_client_wants_content(smtp->client) && !smtp->failed) {
        ssize_t next = size > 0 ? message_read(cp, delivery->content, other, BLOCK) : size;
        if (next < 0) content_failed(cp, smtp, delivery);
        else if (hand_over(cp, smtp, block, (size_t)size, next == 0) == CP_THROWN) return CP_THROWN;
        char *done = block;
        block = other;
        other = done;
        size = next;
    }
    return CP_NIL;
}

cp_value smtp_feed(cp_context *cp, struct smtp *smtp) {
    struct smtp_delivery *delivery = smtp->last; /* only the youngest can want content */
    size_t size;
    const char *whole = message_at_hand(delivery->content, &size);
    cp_value result = whole != NULL ? hand_over(cp, smtp, whole, size, true) : feed_blocks(cp, smtp, delivery);
    if (result == CP_THROWN) return CP_THROWN;
    /* What has failed meanwhile is done, and has closed its own. */
    if (delivery->content == NULL || smtp_split_holds(smtp, delivery)) return CP_NIL;
    if (message_envelope(delivery->content)->size <= HELD) message_rest(delivery->content);
    else smtp_close_content(cp, delivery);
    return CP_NIL;
}

/* ---- what became of it ---- */

static struct message_results *results_of(cp_context *cp, struct smtp *smtp, const smtp_message_result *fate) {
    struct smtp_words *words = &smtp->words;
    struct message_result *each;
    char *text;
    size_t octets = 0;
    for (size_t i = 0; i < fate->recipient_count; i++) octets += strlen(fate->recipients[i].address) + 1;
    struct message_results *results = message_results_new(fate->recipient_count, octets, &each, &text);
    for (size_t i = 0; i < fate->recipient_count; i++) {
        const smtp_recipient_result *recipient = &fate->recipients[i];
        each[i] = (struct message_result){
            .address = text,
            .state = smtp_words_state(cp, words, recipient->state),
            .code = recipient->code,
            .enhanced = smtp_words_enhanced(cp, words, recipient->enhanced),
            .words = smtp_words_text(cp, words, comms_redaction_shown(&smtp->common.module, recipient->text)),
        };
        text = stpcpy(text, recipient->address) + 1;
    }
    return results;
}

static void set_fate(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery,
                     const smtp_message_result *fate) {
    delivery->state = fate->state;
    delivery->command = smtp_stage_command(fate->stage);
    delivery->code = fate->code;
    delivery->temporary = fate->temporary;
    delivery->enhanced = smtp_words_enhanced(cp, &smtp->words, fate->enhanced);
    delivery->results = results_of(cp, smtp, fate);
    if (fate->state != SMTP_MESSAGE_ACCEPTED) {
        const char *sender = delivery->content != NULL ? message_envelope(delivery->content)->sender : "";
        delivery->text =
            comms_redaction_words(cp, &smtp->common.module, cp_text_z(cp, smtp_refusal_text(cp, fate, sender)));
    }
    message_set_results(delivery->message, delivery->results);
}

/* The message's fate stands. */
static void settle(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery, const smtp_message_result *fate) {
    set_fate(cp, smtp, delivery, fate);
    if (!delivery->unsent) smtp_close_content(cp, delivery); /* else who tells of it does, if it does not go again */
}

void smtp_settle(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    if (delivery->split != NULL) set_fate(cp, smtp, delivery, smtp_split_whole(delivery->split));
    smtp_close_content(cp, delivery);
}

void smtp_message_done(cp_context *cp, struct smtp *smtp, uint64_t number, const smtp_message_result *result) {
    struct smtp_delivery *delivery = smtp->first, *before = NULL;
    while (delivery != NULL && delivery->number != number) before = delivery, delivery = delivery->next;
    if (delivery == NULL) return;
    if (before != NULL) before->next = delivery->next;
    else smtp->first = delivery->next;
    if (smtp->last == delivery) smtp->last = before;

    bool answered = result->state == SMTP_MESSAGE_ACCEPTED || result->state == SMTP_MESSAGE_REFUSED, goes_on;
    smtp->streaming.under_way--;
    smtp->streaming.settled += answered;
    if (result->code > 0) smtp_keep_reply(cp, smtp, result->code, result->enhanced, result->text);
    delivery->done = true;
    /* A 421 speaks of the connection, not of the message (RFC 5321 3.8). */
    delivery->unsent =
        result->state == SMTP_MESSAGE_NOT_SENT || (result->state == SMTP_MESSAGE_REFUSED && result->code == 421);
    if (result->session_full) { /* its fate only if there is no other connection */
        smtp->streaming.most = smtp_client_accepted(smtp->client);
        if (delivery->split == NULL) set_fate(cp, smtp, delivery, result);
        smtp_append(&smtp->waiting, &smtp->waiting_last, delivery);
        return;
    }
    const smtp_message_result *fate = smtp_split_gather(smtp, delivery, result, &goes_on);
    if (goes_on) {
        smtp->went_on += answered;
        delivery->state = result->state;
        delivery->again = false;
        smtp_append(&smtp->waiting, &smtp->waiting_last, delivery);
        return;
    }
    settle(cp, smtp, delivery, fate);
    smtp_append(&smtp->finished, &smtp->finished_last, delivery);
    smtp->finished_count++;
}

struct smtp_delivery *smtp_next_waiting(struct smtp *smtp) {
    struct smtp_delivery *delivery = smtp->waiting;
    if (delivery == NULL) return NULL;
    smtp->waiting = delivery->next;
    if (smtp->waiting == NULL) smtp->waiting_last = NULL;
    delivery->next = NULL;
    return delivery;
}

struct smtp_delivery *smtp_next_finished(struct smtp *smtp) {
    struct smtp_delivery *delivery = smtp->finished;
    if (delivery == NULL) return NULL;
    smtp->finished = delivery->next;
    smtp->finished_count--;
    if (smtp->finished == NULL) smtp->finished_last = NULL;
    delivery->next = NULL;
    return delivery;
}

cp_value smtp_delivery_error(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    if (delivery->error != CP_NIL || delivery->text == CP_NIL) return delivery->error;
    bool words = delivery->code > 0; /* the server's own */
    cp_value text =
        words || smtp->common.peer == CP_NIL
            ? delivery->text
            : cp_string_format(cp, "%s: %s", cp_text_z(cp, smtp->common.peer), cp_text_z(cp, delivery->text));
    bool earlier = delivery->lost_class != 0;
    int class = words ? CP_ERROR_SMTP : earlier ? delivery->lost_class : smtp->failed_class;
    int code = words ? delivery->code : earlier ? delivery->lost_code : smtp->failed_code;
    delivery->error = smtp_error(cp, class, code, text, delivery->enhanced, delivery->temporary,
                                 delivery->state == SMTP_MESSAGE_IN_DOUBT);
    cp_error_set_detail(cp, delivery->error, "command", cp_string_z(cp, delivery->command));
    cp_error_set_detail(cp, delivery->error, "results", message_results_list(cp, delivery->results));
    return delivery->error;
}

void smtp_forget_finished(cp_context *cp, struct smtp *smtp) {
    for (struct smtp_delivery *delivery; (delivery = smtp_next_finished(smtp)) != NULL;)
        smtp_close_content(cp, delivery);
}

/* ---- send ---- */

/* The thread was stopped while a message was with the server: the Error on its way tells what became of it. */
static cp_value stopped(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    cp_value error = cp_take_error(cp);
    if (smtp_next_waiting(smtp) != NULL) smtp_settle(cp, smtp, delivery);
    cp_error_set_detail(cp, error, "inDoubt", comms_truth(cp, delivery->state == SMTP_MESSAGE_IN_DOUBT));
    cp_error_set_detail(cp, error, "temporary", comms_truth(cp, true));
    smtp_close_failed(cp, smtp);
    return cp_throw_value(cp, error);
}

/* One transaction, on a new connection where the server takes no more on this one, as it had said (RFC 9422). CP_THROWN
 * when nothing was begun, or the thread is stopped. */
static cp_value transact(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery, cp_value *id) {
    enum smtp_begun begun = smtp_begin(cp, smtp, delivery);
    if (begun == SMTP_BEGUN_LIMIT) {
        if (smtp_reconnect(cp, smtp) == CP_THROWN) return CP_THROWN;
        begun = smtp_begin(cp, smtp, delivery);
    }
    if (begun == SMTP_BEGUN_BAD) return CP_THROWN;
    if (begun != SMTP_BEGUN) {
        if (smtp->failed) smtp_close_failed(cp, smtp);
        return smtp_need_connection(cp, smtp);
    }
    if (*id == CP_NIL) *id = message_id(cp, delivery->message);
    while (!delivery->done)
        if ((smtp_client_wants_content(smtp->client) ? smtp_feed(cp, smtp) : smtp_step(cp, smtp)) == CP_THROWN)
            return stopped(cp, smtp, delivery);
    return CP_NIL;
}

/* Whether the server has just shown that it does not know BDAT: once the same goes by DATA. */
static bool wants_data(const struct smtp *smtp, struct smtp_delivery *delivery) {
    if (!smtp->failed || !smtp->failed_chunking || smtp->told_to_close || !delivery->unsent || delivery->by_data)
        return false;
    return delivery->by_data = true;
}

/* All transactions that the message needs. CP_THROWN as transact, and then some recipients may have it already. */
static cp_value deliver(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery, cp_value *id) {
    for (;;) {
        if (transact(cp, smtp, delivery, id) == CP_THROWN) return CP_THROWN;
        smtp_next_finished(smtp);                            /* this one, if it is */
        bool lost = smtp->failed && delivery->split == NULL; /* then it waits if the server took no more on it */
        if (wants_data(smtp, delivery) || (lost && smtp_next_waiting(smtp) != NULL)) {
            if (smtp_reconnect(cp, smtp) == CP_THROWN) return CP_THROWN;
        } else if (smtp->failed || smtp_next_waiting(smtp) == NULL) return CP_NIL;
    }
}

/* The Error on its way tells what had become of the recipients before. */
static cp_value break_off(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery) {
    if (delivery->split == NULL) return CP_THROWN;
    cp_value error = cp_take_error(cp);
    smtp_settle(cp, smtp, delivery);
    cp_error_set_detail(cp, error, "results", message_results_list(cp, delivery->results));
    return cp_throw_value(cp, error);
}

static cp_value send_one(cp_context *cp, struct smtp *smtp, cp_value message) {
    if (smtp_need_connection(cp, smtp) == CP_THROWN || cp_poll(cp) == CP_THROWN) return CP_THROWN;
    struct smtp_delivery *delivery = cp_alloc(sizeof *delivery);
    cp_value id = CP_NIL;
    delivery->message = message;
    delivery->version = message_version(message);
    cp_value result = deliver(cp, smtp, delivery, &id);
    if (result == CP_THROWN) result = break_off(cp, smtp, delivery);
    else if (smtp_next_waiting(smtp) != NULL) smtp_settle(cp, smtp, delivery); /* the connection was lost in between */
    smtp_close_content(cp, delivery);
    if (result == CP_THROWN) return CP_THROWN;
    cp_value error = smtp_delivery_error(cp, smtp, delivery);
    if (smtp->failed) smtp_close_failed(cp, smtp);
    return error == CP_NIL ? id : cp_throw_value(cp, error);
}

cp_value smtp_send_object(cp_context *cp, struct comms_module *m, cp_value object) {
    struct smtp *smtp = (struct smtp *)m;
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = message_is(cp, object) ? send_one(cp, smtp, object)
                                             : cp_throw_type(cp, "what Smtp sends", "SmtpMessage", object);
    smtp_forget_finished(cp, smtp);
    smtp_leave(cp, smtp);
    return result;
}

cp_value smtp_method_send(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return smtp_send_object(cp, comms_self(cp, self), arguments[0]);
}
