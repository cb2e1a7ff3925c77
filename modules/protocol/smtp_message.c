/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_message: the memory of a message under way: what is copied of its envelope, and blocks that are used again, for
 * in a stream of messages making and freeing them would cost more than all else that is done for one. */
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_client_internal.h"

enum {
    BLOCK_LEAST = 1024,  /* octets of a block: enough for a recipient or a few */
    SPARE_MOST = 128,    /* blocks kept */
    SPARE_OCTETS = 4096, /* a block or buffer that had to be larger is not kept */
};

static void release(smtp_message *message) {
    smtp_buffer_free(&message->lines);
    smtp_buffer_free(&message->texts);
    free(message);
}

/* A block of at least `size` octets, its buffers empty. */
static smtp_message *take_block(smtp_client *client, size_t size) {
    smtp_message *block = client->spare;
    if (block != NULL && block->room >= size) {
        client->spare = block->next;
        client->spare_count--;
        return block;
    }
    if (size < BLOCK_LEAST) size = BLOCK_LEAST;
    if ((block = malloc(size)) == NULL) return NULL;
    block->room = size;
    smtp_buffer_init(&block->lines);
    smtp_buffer_init(&block->texts);
    return block;
}

smtp_message *smtp_message_new(smtp_client *client, const smtp_envelope *envelope) {
    size_t count = envelope->recipient_count, size = sizeof(smtp_message) + count * sizeof(smtp_recipient_result);
    size_t text = size;
    for (size_t i = 0; i < count; i++) size += strlen(envelope->recipients[i].address) + 1;
    smtp_message *message = take_block(client, size);
    if (message == NULL) return NULL;
    message->next = NULL;
    memset(&message->number, 0, sizeof *message - offsetof(smtp_message, number));
    message->result.recipients = message->recipients;
    message->result.recipient_count = count;
    message->result.text_offset = SMTP_NO_TEXT;
    message->partial = client->options.partial;
    message->size = envelope->size;
    message->chunked = envelope->size > 0 && !client->options.no_chunking &&
                       smtp_capabilities_has(&client->capabilities, SMTP_CAPABILITY_CHUNKING);
    char *to = (char *)message + text;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(envelope->recipients[i].address) + 1;
        memcpy(to, envelope->recipients[i].address, length);
        message->recipients[i] = (smtp_recipient_result){
            .state = SMTP_MESSAGE_NOT_SENT, .address = to, .text = "", .text_offset = SMTP_NO_TEXT};
        to += length;
    }
    return message;
}

bool smtp_message_keep_lines(const smtp_client *client, smtp_message *message, const smtp_envelope *envelope) {
    bool ok = smtp_envelope_write_mail(&message->lines, envelope, &client->capabilities);
    for (size_t i = 0; ok && i < envelope->recipient_count; i++)
        ok = smtp_envelope_write_rcpt(&message->lines, &envelope->recipients[i], &client->capabilities);
    return ok;
}

void smtp_message_free(smtp_client *client, smtp_message *message) {
    if (client->spare_count == SPARE_MOST || message->room > SPARE_OCTETS || message->lines.capacity > SPARE_OCTETS ||
        message->texts.capacity > SPARE_OCTETS) {
        release(message);
        return;
    }
    smtp_buffer_consume(&message->lines, SIZE_MAX);
    smtp_buffer_consume(&message->texts, SIZE_MAX);
    message->next = client->spare;
    client->spare = message;
    client->spare_count++;
}

void smtp_message_free_spare(smtp_client *client) {
    while (client->spare != NULL) {
        smtp_message *message = client->spare;
        client->spare = message->next;
        release(message);
    }
    client->spare_count = 0;
}
