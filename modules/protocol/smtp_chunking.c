/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_chunking: content by BDAT (RFC 3030): one chunk, the last, which may leave before anybody has accepted its
 * message. Replies still come one for each command, in order; only what they mean together is new here. */
#include "modules/protocol/smtp_client_internal.h"

/* Octets of content that are worth sending in vain: above that the replies to the envelope come first. */
enum { EARLY_MAX = 64 * 1024 };

bool smtp_client_takes_binary(const smtp_client *client) {
    /* RFC 3030 3: BINARYMIME is of no use without CHUNKING. */
    return smtp_capabilities_has(&client->capabilities, SMTP_CAPABILITY_BINARYMIME) &&
           smtp_capabilities_has(&client->capabilities, SMTP_CAPABILITY_CHUNKING) && !client->options.no_chunking;
}

bool smtp_chunking_may_go(const smtp_client *client, const smtp_message *message) {
    size_t count = message->result.recipient_count;
    if (!smtp_session_may_write(client)) return false;
    if (message->mail_accepted && message->answered == count) return true;
    /* With LMTP a BDAT LAST for nobody has no reply (RFC 2033 4.3), and nobody knows yet whether it is for nobody. */
    if (client->options.lmtp || message->size > EARLY_MAX) return false;
    if (count > 1 && !message->partial) return false;
    /* A server is first tried with an envelope behind the end of a message. If it dies of it (Dovecot 2.3.19's
     * submission service does) one message is in doubt and not a whole window. */
    return client->streams || client->ends == 0;
}

bool smtp_chunking_begin(smtp_client *client, smtp_message *message) {
    smtp_buffer *out = &client->output;
    if (!smtp_buffer_append(out, "BDAT ", 5) || !smtp_buffer_number(out, message->size) ||
        !smtp_buffer_append(out, " LAST\r\n", 7)) {
        smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
        return false;
    }
    /* The reply is owed from here on: a refusal of the envelope, come in the middle, does not finish the message. The
     * entry follows behind the content, for it is the last octet of that which puts a message in doubt. */
    message->outstanding++;
    message->data_written = true;
    if (message->result.stage < SMTP_STAGE_CONTENT) message->result.stage = SMTP_STAGE_CONTENT;
    client->content_left = message->size;
    client->wants_content = true;
    return true;
}

smtp_client_status smtp_chunking_data(smtp_client *client, const char *bytes, size_t length, bool last, size_t *taken) {
    size_t waiting = smtp_buffer_length(&client->output);
    /* The server answers as soon as it has the octets it was told of: they must not be complete before the entry that
     * awaits its reply is there, so the last of them come with `last`. */
    if (length > client->content_left || (length == client->content_left) != last) return SMTP_CLIENT_BAD_ARGUMENT;
    size_t room = waiting < SMTP_CLIENT_OUTPUT_MAX ? SMTP_CLIENT_OUTPUT_MAX - waiting : 0;
    size_t count = length < room ? length : room;
    if (count > 0 && !smtp_buffer_append(&client->output, bytes, count)) return SMTP_CLIENT_NO_MEMORY;
    *taken = count;
    client->content_left -= count;
    if (last && count == length) smtp_transaction_end_content(client);
    return SMTP_CLIENT_OK;
}

/* 500 to 504 are about the command, not about the message (RFC 5321 4.2.1, x0z). A server that has answered a BDAT
 * otherwise knows it, and what it says of the form or the order of one is a refusal as any; so is its 503 when there
 * was nobody to send to (RFC 3030 2). */
static bool is_unknown(const smtp_client *client, const smtp_message *message, int code) {
    bool unknown = code == 500 || code == 502, wanted = !message->decided && message->granted > 0;
    if (client->bdat_known) return unknown && wanted && !client->options.lmtp;
    return unknown || (wanted && code >= 500 && code <= 504);
}

bool smtp_chunking_unknown(smtp_client *client, smtp_message *message, const smtp_reply *reply) {
    if (!is_unknown(client, message, reply->code)) {
        client->bdat_known |= message->granted > 0;
        return false;
    }
    client->unknown = message;
    smtp_session_fail(client, SMTP_FAILURE_CLOSED, true, reply,
                      "the server offers CHUNKING but does not know BDAT, and would take content for commands");
    return true;
}

void smtp_chunking_idle_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    smtp_message *message = command->message;
    if (reply->code < 300) {
        /* It took what it had said it would not take: to whom it went, nobody knows. */
        message->decided = false;
        message->result.stage = SMTP_STAGE_END;
        for (size_t i = 0; i < message->result.recipient_count; i++)
            message->recipients[i].state = SMTP_MESSAGE_NOT_SENT;
        smtp_session_fail(client, SMTP_FAILURE_PROTOCOL, true, reply,
                          "the server took a message after it had refused its sender or all recipients");
        return;
    }
    message->outstanding--;
    smtp_transaction_decide_by_rcpt(message);
    smtp_transaction_finish(client, message);
}
