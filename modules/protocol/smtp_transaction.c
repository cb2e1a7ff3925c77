/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_transaction: the messages of a client session: MAIL, RCPT, DATA, the final dot, and what becomes of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_client_internal.h"

/* ---- texts ---- */

/* Keeps a text (at most SMTP_CLIENT_TEXT_MAX octets of it) and returns its offset. When memory is short the words are
 * lost, not the result: the offset then stands for "". */
static size_t keep_text(smtp_message *message, const char *text, size_t length) {
    size_t room = length < SMTP_CLIENT_TEXT_MAX ? length + 1 : SMTP_CLIENT_TEXT_MAX;
    char *to = smtp_buffer_reserve(&message->texts, room);
    if (to == NULL) return SMTP_NO_TEXT;
    size_t offset = message->texts.end;
    if (length < SMTP_CLIENT_TEXT_MAX) {
        memcpy(to, text, length);
        to[length] = '\0';
        message->texts.end += length + 1;
    } else message->texts.end += smtp_text_sanitise(to, room, text, length, true) + 1;
    return offset;
}

static const char *text_at(const smtp_message *message, size_t offset) {
    return offset == SMTP_NO_TEXT ? "" : message->texts.bytes + offset;
}

void smtp_transaction_show_result(smtp_message *message) {
    message->result.text = text_at(message, message->result.text_offset);
    for (size_t i = 0; i < message->result.recipient_count; i++)
        message->recipients[i].text = text_at(message, message->recipients[i].text_offset);
}

/* ---- fates ---- */

/* The message's fate stands, by `reply`; recipients are set by the caller. Only the first decision counts. */
static void decide(smtp_message *message, smtp_message_state state, smtp_message_stage stage, const smtp_reply *reply) {
    if (message->decided) return;
    smtp_message_result *result = &message->result;
    message->decided = true;
    result->state = state;
    result->stage = stage;
    result->code = reply->code;
    result->enhanced = reply->enhanced;
    result->temporary = state != SMTP_MESSAGE_ACCEPTED && reply->code < 500;
    result->text_offset = keep_text(message, reply->text, reply->length);
}

/* The message's fate is that of one recipient: its own words serve for the whole. */
static void decide_by_recipient(smtp_message *message, smtp_message_state state, smtp_message_stage stage,
                                size_t recipient) {
    const smtp_recipient_result *own = &message->recipients[recipient];
    smtp_message_result *result = &message->result;
    message->decided = true;
    result->state = state;
    result->stage = stage;
    result->code = own->code;
    result->enhanced = own->enhanced;
    result->temporary = state != SMTP_MESSAGE_ACCEPTED && own->code < 500;
    result->text_offset = own->text_offset;
}

/* Gives every recipient that is not refused already the fate of the message. */
static void refuse_rest(smtp_message *message) {
    for (size_t i = 0; i < message->result.recipient_count; i++) {
        smtp_recipient_result *recipient = &message->recipients[i];
        if (recipient->state == SMTP_MESSAGE_REFUSED) continue;
        recipient->state = SMTP_MESSAGE_REFUSED;
        recipient->code = message->result.code;
        recipient->enhanced = message->result.enhanced;
        recipient->text_offset = message->result.text_offset;
    }
}

/* The recipient whose refusal speaks for the message: the first permanent one, for then trying again is in vain; else
 * the first. */
static size_t spokesman(const smtp_message *message) {
    size_t first = message->result.recipient_count;
    for (size_t i = 0; i < message->result.recipient_count; i++) {
        const smtp_recipient_result *recipient = &message->recipients[i];
        if (recipient->state != SMTP_MESSAGE_REFUSED) continue;
        if (recipient->code >= 500) return i;
        if (first == message->result.recipient_count) first = i;
    }
    return first;
}

/* Refused at RCPT: by all, or (without `partial`) by one, so that nothing is sent to the others either. */
void smtp_transaction_decide_by_rcpt(smtp_message *message) {
    if (message->decided) return;
    decide_by_recipient(message, SMTP_MESSAGE_REFUSED, SMTP_STAGE_RCPT, spokesman(message));
    for (size_t i = 0; i < message->result.recipient_count; i++)
        if (message->recipients[i].state == SMTP_MESSAGE_ACCEPTED) message->recipients[i].state = SMTP_MESSAGE_NOT_SENT;
}

void smtp_transaction_finish(smtp_client *client, smtp_message *message) {
    struct smtp_message **link = &client->first, *before = NULL;
    while (*link != message) before = *link, link = &(*link)->next;
    *link = message->next;
    if (client->last == message) client->last = before;
    if (client->open == message) {
        client->open = NULL;
        client->wants_content = false;
    }
    smtp_message_result *result = &message->result;
    for (size_t i = 0; i < result->recipient_count; i++) {
        result->accepted += message->recipients[i].state == SMTP_MESSAGE_ACCEPTED;
        result->refused += message->recipients[i].state == SMTP_MESSAGE_REFUSED;
    }
    /* As long as each connection brings something there is an end of new ones. */
    if (result->state == SMTP_MESSAGE_REFUSED && client->accepted > 0)
        client->full |= result->session_full = smtp_limits_session_full(result, text_at(message, result->text_offset));
    client->accepted += result->state == SMTP_MESSAGE_ACCEPTED;
    client->under_way--;
    smtp_session_push_done(client, message);
}

/* Call after each reply: a message is done once it is decided and none of its commands wants a reply any more. */
static void finish_if_done(smtp_client *client, smtp_message *message) {
    if (message->decided && message->outstanding == 0) smtp_transaction_finish(client, message);
}

/* ---- writing ---- */

/* The octets of a command end the output: its reply is owed from now on. */
static void await_reply(smtp_client *client, smtp_command_kind kind, smtp_message *message, size_t recipient) {
    smtp_session_push_command(client, kind, message, recipient);
    if (message != NULL) message->outstanding++;
}

/* Writes one command and its entry; false when memory is short, and the session has failed. */
static bool write_command(smtp_client *client, const char *bytes, size_t length, smtp_command_kind kind,
                          smtp_message *message, size_t recipient) {
    if (!smtp_buffer_append(&client->output, bytes, length)) {
        smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
        return false;
    }
    await_reply(client, kind, message, recipient);
    return true;
}

/* Before the MAIL of a message: RSET where the server may still hold something of another. False when neither may be
 * written now. */
static bool begin_transaction(smtp_client *client, smtp_message *message) {
    if (!smtp_session_may_write(client)) return false;
    if (client->queue_count > 0) {
        const smtp_command *before = smtp_session_tail(client);
        message->behind = before->kind == COMMAND_END;
        /* RFC 3030 2 does not say that a refused BDAT ends the transaction, and there are servers where it does not:
         * what is left of it must not mix with this one. */
        if (message->behind && before->message->chunked) client->needs_reset = true;
    }
    if (!client->needs_reset) return true;
    client->needs_reset = false;
    return write_command(client, "RSET\r\n", 6, COMMAND_RSET, NULL, 0) && smtp_session_may_write(client);
}

/* Writes the whole envelope, as pipelining allows. */
static void write_envelope(smtp_client *client, smtp_message *message, const smtp_envelope *envelope) {
    if (!begin_transaction(client, message)) return;
    bool ok = smtp_envelope_write_mail(&client->output, envelope, &client->capabilities);
    if (ok) await_reply(client, COMMAND_MAIL, message, 0);
    for (size_t i = 0; ok && i < envelope->recipient_count; i++) {
        ok = smtp_envelope_write_rcpt(&client->output, &envelope->recipients[i], &client->capabilities);
        if (ok) await_reply(client, COMMAND_RCPT, message, i);
    }
    message->mail_written = true;
    message->asked = envelope->recipient_count;
    if (!ok) smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
}

/* Writes the envelope's next commands, as many as the rules allow. */
static bool write_lines(smtp_client *client, smtp_message *message) {
    while (smtp_buffer_length(&message->lines) > 0 && !message->decided && smtp_session_may_write(client)) {
        const char *line = message->lines.bytes + message->lines.begin;
        size_t length = (size_t)((char *)memchr(line, '\n', smtp_buffer_length(&message->lines)) - line) + 1;
        bool mail = !message->mail_written;
        if (!write_command(client, line, length, mail ? COMMAND_MAIL : COMMAND_RCPT, message, message->asked))
            return false;
        if (mail) message->mail_written = true;
        else message->asked++;
        smtp_buffer_consume(&message->lines, length);
    }
    return !message->decided && smtp_buffer_length(&message->lines) == 0;
}

void smtp_transaction_pump(smtp_client *client) {
    smtp_message *message = client->open;
    if (client->over) return;
    if (message == NULL) {
        if (client->wants_quit && !client->quit_written && smtp_session_may_write(client))
            client->quit_written = write_command(client, "QUIT\r\n", 6, COMMAND_QUIT, NULL, 0);
        return;
    }
    if (client->wants_content || message->data_written) return;
    if (!message->mail_written && !begin_transaction(client, message)) return;
    if (!write_lines(client, message)) return;
    size_t count = message->result.recipient_count;
    if (message->answered == count) {
        /* All or nothing is decided here, before DATA: once the server said 354 only the end of the connection could
         * keep it from delivering to those it accepted. */
        if (message->granted == 0 || (!message->partial && message->granted < count)) {
            client->needs_reset = true;
            smtp_transaction_decide_by_rcpt(message);
            finish_if_done(client, message);
            return;
        }
    } else if (count > 1 && !message->partial) return;
    if (message->chunked) {
        if (smtp_chunking_may_go(client, message)) smtp_chunking_begin(client, message);
        return;
    }
    /* DATA goes out together with the envelope when no refusal can make the content unwanted for those accepted. */
    if (smtp_session_may_write(client) && write_command(client, "DATA\r\n", 6, COMMAND_DATA, message, 0))
        message->data_written = true;
}

/* ---- beginning ---- */

static smtp_client_status refuse_envelope(smtp_client *client, const smtp_envelope *envelope, size_t culprit) {
    const char *phrase = smtp_envelope_status_text(client->envelope_status);
    char shown[160] = "";
    const char *address = NULL;
    switch (client->envelope_status) {
    case SMTP_ENVELOPE_TOO_LARGE:
        snprintf(client->error_text, sizeof client->error_text, "%s: %llu octets, its limit is %llu", phrase,
                 (unsigned long long)envelope->size, (unsigned long long)client->capabilities.size_limit);
        return SMTP_CLIENT_BAD_ENVELOPE;
    case SMTP_ENVELOPE_TOO_MANY_RECIPIENTS:
        snprintf(client->error_text, sizeof client->error_text, "%s: %zu", phrase, envelope->recipient_count);
        return SMTP_CLIENT_BAD_ENVELOPE;
    case SMTP_ENVELOPE_BAD_SENDER: address = envelope->sender; break;
    case SMTP_ENVELOPE_BAD_RECIPIENT: address = envelope->recipients[culprit].address; break;
    default: break;
    }
    if (address != NULL) smtp_text_sanitise(shown, sizeof shown, address, strnlen(address, sizeof shown), false);
    snprintf(client->error_text, sizeof client->error_text, address ? "%s: \"%s\"" : "%s", phrase, shown);
    return SMTP_CLIENT_BAD_ENVELOPE;
}

bool smtp_client_can_begin(const smtp_client *client) {
    return client->ready && !client->over && client->open == NULL && !client->wants_quit;
}

smtp_client_status smtp_client_begin(smtp_client *client, const smtp_envelope *envelope, uint64_t *number) {
    if (client->over || client->wants_quit) return SMTP_CLIENT_CLOSED;
    if (!smtp_client_can_begin(client)) return SMTP_CLIENT_BUSY;
    size_t culprit;
    client->envelope_status =
        smtp_envelope_check(envelope, &client->capabilities, SMTP_CLIENT_RECIPIENTS_MAX, &culprit);
    if (client->envelope_status == SMTP_ENVELOPE_OK && envelope->body == SMTP_BODY_BINARY &&
        !smtp_client_takes_binary(client))
        client->envelope_status = SMTP_ENVELOPE_NO_BINARYMIME;
    if (client->envelope_status != SMTP_ENVELOPE_OK) return refuse_envelope(client, envelope, culprit);
    smtp_client_status status = smtp_limits_check(client, envelope);
    if (status == SMTP_CLIENT_BAD_ENVELOPE) return refuse_envelope(client, envelope, 0);
    if (status != SMTP_CLIENT_OK) return status;

    smtp_message *new = smtp_message_new(client, envelope);
    bool at_once = client->pipelining && smtp_session_may_write(client);
    /* RSET, MAIL, RCPT, DATA, END (with LMTP one each), QUIT. */
    if (new == NULL || !smtp_session_reserve(client, 2 * envelope->recipient_count + 8, 1) ||
        (!at_once && !smtp_message_keep_lines(client, new, envelope))) {
        if (new != NULL) smtp_message_free(client, new);
        return SMTP_CLIENT_NO_MEMORY;
    }
    client->under_way++;
    new->number = ++client->message_count;
    if (client->last != NULL) client->last->next = new;
    else client->first = new;
    client->last = client->open = new;
    if (number != NULL) *number = new->number;
    if (at_once) write_envelope(client, new, envelope);
    smtp_transaction_pump(client);
    return SMTP_CLIENT_OK;
}

/* ---- content ---- */

void smtp_transaction_end_content(smtp_client *client) {
    smtp_message *message = client->open;
    message->result.stage = SMTP_STAGE_END;
    client->open = NULL;
    client->wants_content = false;
    for (size_t i = 0; i < (client->options.lmtp ? message->result.recipient_count : 1); i++) {
        if (client->options.lmtp && message->recipients[i].state != SMTP_MESSAGE_ACCEPTED) continue;
        smtp_session_push_command(client, COMMAND_END, message, i);
        message->outstanding++;
    }
    if (message->chunked) message->outstanding--; /* smtp_chunking_begin has counted it */
    smtp_transaction_pump(client);
}

smtp_client_status smtp_client_data(smtp_client *client, const char *bytes, size_t length, bool last, size_t *taken) {
    enum { SLICE = 32 * 1024 }; /* bounds what the writer reserves for the worst case */
    *taken = 0;
    if (client->over) return SMTP_CLIENT_CLOSED;
    if (!client->wants_content) return SMTP_CLIENT_BUSY;
    if (client->open->chunked) return smtp_chunking_data(client, bytes, length, last, taken);
    while (*taken < length && smtp_buffer_length(&client->output) < SMTP_CLIENT_OUTPUT_MAX) {
        size_t slice = length - *taken < SLICE ? length - *taken : SLICE;
        if (!smtp_content_write(&client->content, &client->output, bytes + *taken, slice)) return SMTP_CLIENT_NO_MEMORY;
        *taken += slice;
    }
    if (!last || *taken < length) return SMTP_CLIENT_OK;
    if (!smtp_content_end(&client->content, &client->output)) return SMTP_CLIENT_NO_MEMORY;
    smtp_transaction_end_content(client);
    return SMTP_CLIENT_OK;
}

/* ---- replies ---- */

void smtp_transaction_mail_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    message->outstanding--;
    if (reply->code >= 400) {
        decide(message, SMTP_MESSAGE_REFUSED, SMTP_STAGE_MAIL, reply);
        refuse_rest(message);
        finish_if_done(client, message);
    } else if (reply->code < 300) {
        message->mail_accepted = true;
        client->streams |= message->behind;
        if (message->result.stage < SMTP_STAGE_RCPT) message->result.stage = SMTP_STAGE_RCPT;
    } else smtp_session_fail_reply(client, command->kind, reply);
}

void smtp_transaction_rcpt_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    message->outstanding--;
    message->answered++;
    if (reply->code >= 300 && reply->code < 400) {
        smtp_session_fail_reply(client, command->kind, reply);
        return;
    }
    if (message->decided) { /* MAIL was refused: the reply only says "bad sequence" */
        message->stray_grant |= reply->code < 300;
        finish_if_done(client, message);
        return;
    }
    smtp_recipient_result *recipient = &message->recipients[command->recipient];
    recipient->state = reply->code < 300 ? SMTP_MESSAGE_ACCEPTED : SMTP_MESSAGE_REFUSED;
    recipient->too_many = smtp_limits_too_many(reply);
    recipient->code = reply->code;
    recipient->enhanced = reply->enhanced;
    recipient->text_offset = keep_text(message, reply->text, reply->length);
    message->granted += reply->code < 300;
    if (message->answered == message->result.recipient_count && message->result.stage < SMTP_STAGE_DATA)
        message->result.stage = SMTP_STAGE_DATA;
}

void smtp_transaction_data_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    message->outstanding--;
    if (reply->code != 354 && reply->code < 400) {
        smtp_session_fail_reply(client, command->kind, reply);
        return;
    }
    if (!message->decided && message->granted == 0)
        smtp_transaction_decide_by_rcpt(message); /* DATA was pipelined, in vain */
    if (reply->code >= 400) {
        client->needs_reset = message->mail_accepted;
        if (!message->decided) {
            decide(message, SMTP_MESSAGE_REFUSED, SMTP_STAGE_DATA, reply);
            refuse_rest(message);
        }
        finish_if_done(client, message);
    } else if (!message->decided) {
        message->result.stage = SMTP_STAGE_CONTENT;
        client->wants_content = true;
        smtp_content_writer_init(&client->content);
    } else if (client->options.lmtp || message->stray_grant) {
        /* A lone dot would have no reply with LMTP (RFC 2033 4.2), and might be delivered if a recipient stands. */
        smtp_session_fail(client, SMTP_FAILURE_PROTOCOL, true, reply,
                          "the server wants content although no recipient was accepted");
    } else {
        message->lone_dot = true;
        client->open = NULL;
        write_command(client, ".\r\n", 3, COMMAND_END, message, 0);
    }
}

/* With LMTP: one recipient's final reply. The last of them decides the message. */
static void lmtp_end_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    smtp_recipient_result *recipient = &message->recipients[command->recipient];
    recipient->state = reply->code < 300 ? SMTP_MESSAGE_ACCEPTED : SMTP_MESSAGE_REFUSED;
    recipient->code = reply->code;
    recipient->enhanced = reply->enhanced;
    recipient->text_offset = keep_text(message, reply->text, reply->length);
    if (message->outstanding > 0) return;
    for (size_t i = 0; i < message->result.recipient_count && !message->decided; i++)
        if (message->recipients[i].state == SMTP_MESSAGE_ACCEPTED)
            decide_by_recipient(message, SMTP_MESSAGE_ACCEPTED, SMTP_STAGE_END, i);
    if (!message->decided) decide_by_recipient(message, SMTP_MESSAGE_REFUSED, SMTP_STAGE_END, spokesman(message));
    smtp_transaction_finish(client, message);
}

void smtp_transaction_end_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    if (reply->code >= 300 && reply->code < 400 && !message->lone_dot) {
        smtp_session_fail_reply(client, command->kind, reply); /* still outstanding: in doubt */
        return;
    }
    if (message->chunked && smtp_chunking_unknown(client, message, reply)) return;
    /* A refused BDAT may have left the transaction open; those behind it have their RSET already. */
    if (message->chunked && reply->code >= 400 && (client->last == message || !client->last->mail_written))
        client->needs_reset = true;
    if (message->chunked && (message->decided || message->granted == 0)) {
        smtp_chunking_idle_reply(client, command, reply);
        return;
    }
    message->outstanding--;
    if (client->options.lmtp && !message->lone_dot) {
        lmtp_end_reply(client, command, reply);
        return;
    }
    decide(message, reply->code < 300 ? SMTP_MESSAGE_ACCEPTED : SMTP_MESSAGE_REFUSED, SMTP_STAGE_END, reply);
    if (message->result.state == SMTP_MESSAGE_REFUSED && !message->lone_dot) refuse_rest(message);
    smtp_transaction_finish(client, message);
}

/* ---- the session's end ---- */

void smtp_transaction_refuse_content(smtp_client *client, smtp_message *message, const smtp_reply *reply) {
    (void)client;
    decide(message, SMTP_MESSAGE_REFUSED, SMTP_STAGE_CONTENT, reply);
    refuse_rest(message);
}

void smtp_transaction_service_closing(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    client->closing = message;
    if (message == NULL || message->decided) return;
    if (command->kind == COMMAND_END && client->options.lmtp) {
        /* It answers for this recipient alone; what became of those after it nobody has said. */
        smtp_recipient_result *recipient = &message->recipients[command->recipient];
        recipient->state = SMTP_MESSAGE_REFUSED;
        recipient->code = reply->code;
        recipient->enhanced = reply->enhanced;
        recipient->text_offset = keep_text(message, reply->text, reply->length);
        return;
    }
    decide(message, SMTP_MESSAGE_REFUSED, message->result.stage, reply);
    refuse_rest(message);
}

/* Gives a recipient a fate that no reply decided. */
static void leave_recipient(smtp_message *message, size_t index, smtp_message_state state) {
    smtp_recipient_result *recipient = &message->recipients[index];
    recipient->state = state;
    recipient->code = 0;
    recipient->enhanced = (smtp_enhanced_code){0};
    recipient->text_offset = message->result.text_offset;
}

/* The queue still holds what was outstanding when the session failed. */
static void settle(smtp_client *client, smtp_message *message, const smtp_reply *reply) {
    smtp_message_result *result = &message->result;
    if (!message->decided) {
        bool ended = result->stage == SMTP_STAGE_END, doubt = false;
        result->text_offset = keep_text(message, client->failure_text, strlen(client->failure_text));
        for (size_t i = 0; i < result->recipient_count && !ended; i++)
            if (message->recipients[i].state != SMTP_MESSAGE_REFUSED)
                leave_recipient(message, i, SMTP_MESSAGE_NOT_SENT);
        for (size_t at = 0; at < client->queue_count && ended; at++) {
            const smtp_command *entry = &client->queue[(client->queue_head + at) & (client->queue_capacity - 1)];
            if (entry->kind != COMMAND_END || entry->message != message) continue;
            /* A server that said 421 closes and looks at nothing behind the command so answered (RFC 5321 3.8). */
            bool unread = reply != NULL && reply->code == 421 && message != client->closing;
            /* What it does not know it cannot have delivered; had it known BDAT before, only of this one that is sure.
             */
            if (client->unknown != NULL) unread = message == client->unknown || !client->bdat_known;
            smtp_message_state state =
                entry->end <= client->sent && !unread ? SMTP_MESSAGE_IN_DOUBT : SMTP_MESSAGE_NOT_SENT;
            for (size_t i = 0; i < result->recipient_count; i++) {
                if (client->options.lmtp ? i != entry->recipient : message->recipients[i].state == SMTP_MESSAGE_REFUSED)
                    continue;
                leave_recipient(message, i, state);
                doubt |= state == SMTP_MESSAGE_IN_DOUBT;
            }
        }
        size_t accepted = result->recipient_count, refused = spokesman(message);
        bool left = false;
        for (size_t i = result->recipient_count; i-- > 0;) {
            if (message->recipients[i].state == SMTP_MESSAGE_ACCEPTED) accepted = i;
            left |= message->recipients[i].state == SMTP_MESSAGE_NOT_SENT;
        }
        message->decided = true;
        result->temporary = true;
        result->state = doubt ? SMTP_MESSAGE_IN_DOUBT : SMTP_MESSAGE_NOT_SENT;
        if (!doubt && accepted < result->recipient_count) /* LMTP: final for some, 421 for the last */
            decide_by_recipient(message, SMTP_MESSAGE_ACCEPTED, result->stage, accepted);
        else if (!doubt && !left && refused < result->recipient_count) /* each has had its answer */
            decide_by_recipient(message, SMTP_MESSAGE_REFUSED, message->granted == 0 ? SMTP_STAGE_RCPT : result->stage,
                                refused);
        else if (!doubt && reply != NULL && reply->code == 421) {
            result->code = reply->code; /* the server's own words say more than ours */
            result->enhanced = reply->enhanced;
            result->text_offset = keep_text(message, reply->text, reply->length);
        }
    }
    smtp_transaction_finish(client, message);
}

void smtp_transaction_settle_all(smtp_client *client, const smtp_reply *reply) {
    while (client->first != NULL) settle(client, client->first, reply);
}
