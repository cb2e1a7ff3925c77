/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message_id: unique Message-ID and Content-ID values (RFC 5322 3.6.4, RFC 2392). */
#ifndef CARAPACE_MAIL_MESSAGE_ID_H
#define CARAPACE_MAIL_MESSAGE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/coding/mail_error.h"
#include "modules/coding/mail_random.h"

#define MESSAGE_ID_SIZE 320 /* room for any id that we make, NUL included */

/* "<time.random.counter@domain>". domain: NULL or what is no dot-atom or literal becomes "localhost.invalid"; non-ASCII
 * is kept out likewise. */
enum mail_status message_id_make(char out[MESSAGE_ID_SIZE], struct mail_random *random, int64_t seconds,
                                 const char *domain, struct mail_error *error);
/* Whether text is a msg-id with its angle brackets that may stand in a header. */
bool message_id_is_valid(const char *text, size_t size);

#endif
