/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_redaction: what a server repeats of a secret while somebody logs in, and what must not be shown of it: not in a
 * log, a Trace, an Error or a property. What we send ourselves is marked as secret where it is sent (struct
 * comms_data).
 *
 * Looked for are the secrets themselves and what was sent of them, as they are and in base64, wherever in it they
 * begin, in capitals or not. Of long ones the first COMMS_SIGN_MAX bytes are enough, and the first half where it is
 * cut: at the end of a line, or before "...", for servers cut what they repeat, and we cut what we show. From there to
 * the end of the line nothing is shown. What a server makes of a secret otherwise (its last half, another coding)
 * cannot be known.
 *
 * It is in force from the beginning of a log-in to its success, or else to the end of the session; later, and for what
 * goes over the connection besides, words of a message that are like the password remain what they are.
 */
#ifndef COMMS_COMMS_REDACTION_H
#define COMMS_COMMS_REDACTION_H

#include "modules/comms/comms_stack.h"

/* ---- what is not to be shown ---- */

/* Puts a new redaction in force for the layers beneath `m`, with nothing in it. CP_NIL, or CP_THROWN (1.5). */
cp_value comms_redaction_begin(cp_context *cp, struct comms_module *m);
void comms_redaction_end(cp_context *cp, struct comms_module *m);
/* Adds a secret; NULL is none. */
void comms_redaction_add(const struct comms_module *m, const char *secret);
/* Adds what was made of secrets to be sent in base64. */
void comms_redaction_add_sent(const struct comms_module *m, const char *bytes, size_t size);

/* ---- in words ---- */

/* Whether a server's words repeat something of it; never, when none is in force at `m`. */
bool comms_redaction_is_told(const struct comms_module *m, const char *words, size_t size);
/* The words, or when they repeat something of it others that say so. The second: as a String. */
const char *comms_redaction_shown(const struct comms_module *m, const char *words);
cp_value comms_redaction_words(cp_context *cp, const struct comms_module *m, const char *words);
#define COMMS_REDACTION_SAYS "(its words are not shown)"

/* ---- in what comes ---- */

enum { COMMS_SIGN_MAX = 64, COMMS_CUT_DOTS = 3 };

/* Of what one layer receives, what is not shown yet, because more must come to know what it is. Zeroed is nothing. */
struct comms_withheld {
    const cp_resource *by; /* the redaction; NULL = none */
    bool in_secret;        /* up to the end of the line */
    size_t size;
    char bytes[COMMS_SIGN_MAX + COMMS_CUT_DOTS];
};

/* The one in force for what `m`, a layer beneath, receives; NULL when there is none. */
const cp_resource *comms_redaction_above(const struct comms_module *m);
/* What may be shown of `size` bytes that were received, and of what was withheld before: as many bytes, with stars for
 * what is hidden; some of it may be withheld now. *shown is `bytes` itself when nothing is to be done. Ends of lines
 * remain. */
size_t comms_redaction_show(const cp_resource *redaction, struct comms_withheld *withheld, const char *bytes,
                            size_t size, const char **shown);

#endif
