/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp_message.h: the object behind the class SmtpMessage, for the file of its table and the file that builds from it.
 */
#ifndef MESSAGE_SMTP_MESSAGE_H
#define MESSAGE_SMTP_MESSAGE_H

#include "modules/message/message_share.h"
#include "modules/message/message_support.h"
#include "modules/protocol/smtp_envelope.h"

/* The properties that live in slots, in the order of the table. */
enum smtp_message_slot {
    SLOT_SENDER,
    SLOT_RECIPIENT,
    SLOT_RECIPIENTS,
    SLOT_COPY_RECIPIENT,
    SLOT_COPY_RECIPIENTS,
    SLOT_BLIND_COPY_RECIPIENTS,
    SLOT_SUBJECT,
    SLOT_TEXT,
    SLOT_HTML,
    SLOT_ATTACHMENTS,
    SLOT_INLINES,
    SLOT_REPLY_TO,
    SLOT_FROM,
    SLOT_ENVELOPE_SENDER,
    SLOT_HEADERS,
    SLOT_DATE,
    SLOT_PRIORITY,
    SLOT_NOTIFY,
    SLOT_RETURNS,
    SLOT_ENVELOPE_ID,
    SLOT_ORIGINAL_RECIPIENT,
    SLOT_REQUIRE_TLS,
    SLOT_DELIVER_BY,
    SLOT_HOLD,
    SLOT_TRANSFER_PRIORITY,
    SLOT_SEED,
    SLOT_CALENDAR,
    SLOT_FLOWED,
    SLOT_UNSUBSCRIBE,
    SLOT_ONE_CLICK,
    SLOT_RECEIPT_TO,
    SLOT_SOURCE
};

/* Message-ID, date and boundaries are made when first needed and stay until a property is changed: RFC 5322 3.6.4 has
   one id for one version of one message. */
struct smtp_message {
    cp_object header;
    cp_value given_id;               /* as set, or () */
    cp_value made_id;                /* String, or () */
    uint64_t version;                /* counts the changes of properties */
    bool dated;                      /* made_date holds */
    int64_t made_date;               /* seconds since 1970 */
    uint64_t cids;                   /* made by `inline` */
    uint64_t boundary_seed;          /* 0: not yet made */
    cp_value signer;                 /* what `sign` was given, or () */
    struct message_results *results; /* NULL: it was never sent */
};

static inline struct smtp_message *smtp_message_of(cp_value self) { return (struct smtp_message *)cp_object_of(self); }

/* Ready to be written; `values` keeps what the parts borrow. Zeroed is empty. */
struct smtp_message_build {
    struct smtp_message_build *next; /* of those that wait to be used again */
    struct mail_built built;
    struct mime_writer writer;
    cp_value text, html, calendar, kept;
    cp_list_builder addresses; /* Strings made for the engine, while it is told */
    struct mail_random random; /* when seeded */
    struct message_sharing sharing;
};

/* Builds parts and writer, and the signature in front if there is a signer; `shared`: with what other messages have in
 * common. False after a throw (1.3, 1.8, 5.1, 11); smtp_message_build_free in both cases. */
bool smtp_message_build(cp_context *cp, cp_value self, struct smtp_message_build *build, enum message_body body,
                        bool shared);
void smtp_message_build_free(struct smtp_message_build *build);

/* The Message-ID that the headers of a source say, () when they say none. */
cp_value message_source_id(cp_context *cp, cp_value source);
/* False after a throw (1.8) when a property is set that a source would leave unseen. */
bool message_source_alone(cp_context *cp, cp_value self);
/* smtp_message_build for a source; `m` has its addresses. */
bool message_source_build(cp_context *cp, cp_value source, struct mail_message *m, struct smtp_message_build *build);

/* The property messageId: see message_id. */
cp_value smtp_message_id(cp_context *cp, cp_value self);
/* A source of randomness for this message: `own`, when it has a seed; `purpose` tells its uses apart. */
struct mail_random *smtp_message_random(cp_context *cp, cp_value self, struct mail_random *own, uint64_t purpose);
/* smtp_notify bits of the property, which was checked when it was set. */
unsigned smtp_message_notify(cp_context *cp, cp_value notify);
/* False after a throw (1.8). () is allowed. */
bool smtp_message_check_notify(cp_context *cp, cp_value notify);
/* The setters of what else is said to servers about delivery: each throws 1.8 unless the value (() is allowed) is one
 * that can be said. */
bool smtp_message_check_returns(cp_context *cp, cp_value value);
bool smtp_message_check_envelope_id(cp_context *cp, cp_value value);
bool smtp_message_check_original_recipient(cp_context *cp, cp_value value);
bool smtp_message_check_deliver_by(cp_context *cp, cp_value value);
bool smtp_message_check_hold(cp_context *cp, cp_value value);
bool smtp_message_check_transfer_priority(cp_context *cp, cp_value value);
/* The properties of delivery into an envelope whose recipients have their addresses; the texts are collected. */
void smtp_message_fill_delivery(cp_context *cp, cp_value self, smtp_envelope *envelope, smtp_recipient *recipients);
/* False after a throw (1.8) unless it is a URI that can stand in List-Unsubscribe, or a List of them. () is allowed. */
bool smtp_message_check_unsubscribe(cp_context *cp, cp_value unsubscribe);
/* Reads what the property `date` was set to. False after a throw (1.8). */
bool smtp_message_read_date(cp_context *cp, cp_value date, int64_t *seconds, int *offset_minutes);

#endif
