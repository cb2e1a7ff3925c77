/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_signer.h: how a class that is loaded later (Dkim) signs messages of this room.
 */
#ifndef MESSAGE_MESSAGE_SIGNER_H
#define MESSAGE_MESSAGE_SIGNER_H

#include <sys/types.h>

#include "interp/carapace.h"
#include "modules/coding/mail_buffer.h"

/* Reads the message as it will be sent, once: 1 to `size` bytes, 0 at the end, -1 thrown. */
typedef ssize_t (*message_signer_read)(cp_context *cp, void *context, char *buffer, size_t size);
/* Appends the header field, with its CRLF, that goes in front of the others. CP_NIL or CP_THROWN. */
typedef cp_value (*message_signer_sign)(cp_context *cp, cp_value signer, message_signer_read read, void *context,
                                        struct mail_buffer *field);

/* Objects of that class can be given to SmtpMessage.sign from now on. */
void message_signer_announce(cp_context *cp, uint32_t class_number, message_signer_sign sign);
/* The function of a signer's class, NULL when it is none. */
message_signer_sign message_signer_of(cp_context *cp, cp_value signer);

#endif
