/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.h: messages for scripts (classes SmtpMessage and Mime), and how Smtp gets at what one of them says.
 *
 * To send: message_open, message_envelope, message_read to the end, message_close. What is opened owns memory that the
 * collector does not see: message_close must follow on every path. A message that is open does not notice changes of
 * its properties.
 */
#ifndef MESSAGE_MESSAGE_H
#define MESSAGE_MESSAGE_H

#include <sys/types.h>

#include "interp/carapace.h"
#include "modules/protocol/smtp_envelope.h"

/* Defines the classes SmtpMessage and Mime. */
void message_register(cp_context *cp);

/* Codes of Errors of class 11. */
enum mime_error_code {
    MIME_ERROR_STRUCTURE = 1, /* parts and their properties contradict each other */
    MIME_ERROR_ENCODING = 2,  /* the content cannot go in the transfer encoding that was asked for */
    MIME_ERROR_LIMIT = 3      /* too many parts, or parts nested too deep */
};

/* What may travel as it is, by what the server offers; each includes those before. */
enum message_body {
    MESSAGE_7BIT,
    MESSAGE_8BIT,  /* 8BITMIME: text */
    MESSAGE_BINARY /* BINARYMIME with CHUNKING: what would be base64 too, unless the message is signed */
};

/* A message as it is sent: envelope and content. Lives in the collected heap. */
struct smtp_content;

/* Whether the value is an SmtpMessage. */
bool message_is(cp_context *cp, cp_value value);

/* Builds envelope and content from the properties as they are now, and looks at each file that is attached. NULL after
   a throw: 1.3 no sender or no recipients, 1.8 bad value, 5.1 a file cannot be opened, 11 parts that contradict each
   other. Does not wait. */
struct smtp_content *message_open(cp_context *cp, cp_value message, enum message_body body);

/* Sender, recipients (each mailbox once), exact size, body, smtputf8 and notify. Valid until message_close. */
const smtp_envelope *message_envelope(const struct smtp_content *content);

/* The next octets of the canonical content (lines end with CRLF, dots are not doubled): 1 to `size` (which is not 0),
   0 at the end, -1 after a throw: 5.1 and 5.3 for a file that has gone, cannot be read, or has another size by now. */
ssize_t message_read(cp_context *cp, struct smtp_content *content, char *buffer, size_t size);

/* All that message_read would still give, when it lies in memory; valid while the caller keeps the pointer on its
   stack. NULL: read it. */
const char *message_at_hand(const struct smtp_content *content, size_t *size);

/* Gives back the memory and the file that reading took: for content that was read to its end, and may be rewound. */
void message_rest(struct smtp_content *content);

/* Back to the first octet: the same octets once more, whatever has become of the message's properties. */
void message_rewind(struct smtp_content *content);

/* Frees what message_open made; nothing happens the second time. */
void message_close(cp_context *cp, struct smtp_content *content);

/* The Message-ID with its angle brackets, a String: what messageId reads. () when there is no sender yet to make one.
 */
cp_value message_id(cp_context *cp, cp_value message);

/* Another number after each change of a property; what changes within a List is not noticed. */
uint64_t message_version(cp_value message);

/* ---- results ---- */

/* What became of each recipient, for the property `results`. In the collected heap. */
struct message_results;

struct message_result {
    const char *address;
    cp_value state; /* Symbol */
    int code;
    cp_value enhanced, words; /* Strings, or () */
};

/* Room for `count` of them at `*each`, to be filled, and for the octets of their addresses at `*text`. */
struct message_results *message_results_new(size_t count, size_t octets, struct message_result **each, char **text);
/* For each recipient a List (address state code enhancedCode text): always the same, made at the first call; () for
   NULL. */
cp_value message_results_list(cp_context *cp, struct message_results *results);
/* Stores what the property `results` reads. */
void message_set_results(cp_value message, struct message_results *results);

#endif
