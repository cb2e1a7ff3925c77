/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_share.h: the encoded bodies that the messages of a mailing have in common, kept per context and bounded.
 */
#ifndef MESSAGE_MESSAGE_SHARE_H
#define MESSAGE_MESSAGE_SHARE_H

#include "modules/message/message_support.h"

enum { MESSAGE_SHARE_MOST = 8 << 20 };

/* One message's dealings with what is kept. Must be where the collector looks, and stay in its place, until its writer
   is finished. Zeroed is empty. */
struct message_sharing {
    struct mime_share share;
    cp_context *cp;
    struct message_state *state;
    struct shared_use *used;     /* keeps what the writer reads from, whatever becomes of the cache */
    struct shared_body *filling; /* whose room was asked for last */
};

/* What the engine is given. */
const struct mime_share *message_sharing_begin(cp_context *cp, struct message_sharing *sharing);
/* For mime_part_set_owner: the String whose whole content a text is. NULL for other values: a Binary can be changed,
   and to see whether it was would take as long as encoding it anew. */
const void *message_share_owner(cp_value content);
/* Octets that are kept now, what keeps them alive included: never above MESSAGE_SHARE_MOST. */
size_t message_share_octets(cp_context *cp);

#endif
