/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_stream: how far ahead of the replies a Smtp writes, and what it learns about that of the server it speaks with.
 */
#include "modules/smtp/smtp.h"

enum {
    REPLY_OCTETS = 32 * 1024, /* of replies that find room in our socket's buffer while we write: half of Linux's */
    COMMANDS_LEAST = 50,
    COMMANDS_MOST = 2000,
    REPLY_COST = 32,     /* octets a reply costs besides its own, when each comes in a packet of its own */
    SETTLED_WELL = 1000, /* messages after which a lost connection is not laid at streaming's door any more */
};

void smtp_streaming_begin(cp_context *cp, struct smtp *smtp) {
    struct smtp_streaming *streaming = &smtp->streaming;
    bool same = smtp->common.peer == streaming->peer ||
                (cp_is_string(smtp->common.peer) && cp_is_string(streaming->peer) &&
                 strcmp(cp_text_z(cp, smtp->common.peer), cp_text_z(cp, streaming->peer)) == 0);
    if (!same) {
        streaming->off = streaming->proven = streaming->no_bdat = false;
        streaming->losses = 0;
        streaming->settled = streaming->most = 0;
        streaming->peer = smtp->common.peer;
    }
    streaming->octets = 0;
    streaming->under_way = 0;
    streaming->full = false;
}

bool smtp_streaming_has_room(struct smtp *smtp) {
    struct smtp_streaming *streaming = &smtp->streaming;
    size_t window = streaming->window > 0 ? (size_t)streaming->window : SMTP_WINDOW;
    /* Half a window at a time: one reply at a time would make one small write of each message. */
    if (streaming->under_way >= window) streaming->full = true;
    else if (streaming->under_way <= window / 2) streaming->full = false;
    return !streaming->full;
}

void smtp_streaming_lost(struct smtp *smtp) {
    struct smtp_streaming *streaming = &smtp->streaming;
    if (streaming->settled >= SETTLED_WELL) streaming->losses = 0;
    streaming->settled = 0;
    /* One that has borne it may have been lost for any reason: it is tried anew, one envelope at first. */
    if (!streaming->proven || ++streaming->losses > 1) streaming->off = true;
    streaming->proven = false;
}

size_t smtp_streaming_commands_ahead(const struct smtp *smtp) {
    uint64_t replies = smtp_client_replies(smtp->client);
    size_t each = replies > 0 ? (size_t)(smtp->streaming.octets / replies) + REPLY_COST : REPLY_OCTETS;
    size_t ahead = REPLY_OCTETS / each;
    return ahead < COMMANDS_LEAST ? COMMANDS_LEAST : ahead > COMMANDS_MOST ? COMMANDS_MOST : ahead;
}
