/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_message: from what a person thinks of (sender, recipients, subject, texts, files) to the MIME tree and the
 * envelope. */
#ifndef CARAPACE_MAIL_MESSAGE_H
#define CARAPACE_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/coding/mail_error.h"
#include "modules/coding/mail_random.h"
#include "modules/mime/mime_part.h"
#include "modules/mime/mime_share.h"

/* Bytes with their length, so that a NUL in them is seen. Zero-initialised: absent. */
struct mail_text {
    const char *data;
    size_t size;
};

struct mail_text_list {
    const struct mail_text *items;
    size_t count;
};

struct mail_header {
    struct mail_text name;
    struct mail_text value;
};

/* One of path, content or part is given. */
struct mail_attachment {
    const char *path;         /* streamed from disk when the message is written */
    struct mail_text content; /* data may be "" with size 0; borrowed until the built tree is freed */
    bool has_content;
    const void *owner;      /* of content, for mime_part_set_owner; NULL */
    struct mime_part *part; /* taken over by a successful mail_message_build; untouched when it fails */
    struct mail_text name;  /* file name; default: the path's last component */
    const char *type;       /* media type; default: from the name's extension */
    const char *content_id; /* `x@y` without brackets: inline, shown by the html as cid:x@y */
};

/* Everything is borrowed until mail_message_build returns, texts and contents until the built tree is freed. Each
   address text may hold a list of mailboxes. */
struct mail_message {
    struct mail_text from;            /* required; more than one needs sender */
    struct mail_text sender;          /* RFC 5322 3.6.2; written only if it differs from from */
    struct mail_text envelope_sender; /* MAIL FROM; default: sender, else from; "<>" for the empty path */
    struct mail_text_list to, cc, bcc, reply_to;
    struct mail_text subject; /* absent: no Subject line */
    struct mail_text text, html;
    struct mail_text calendar; /* iCalendar (RFC 5545), UTF-8; its METHOD is the part's (RFC 6047 2.4) */
    bool flowed;               /* text goes as format=flowed (RFC 3676) */
    const struct mail_attachment *attachments;
    size_t attachment_count;
    const struct mail_header *headers; /* others, in order; those that have a field here are refused */
    size_t header_count;
    bool has_date;
    int64_t date;                /* seconds since 1970; default now */
    int offset_minutes;          /* of date; used if has_date */
    struct mail_text message_id; /* with or without brackets; default: made from random, date and from's domain */
    int priority;                /* 0 none, 1 highest to 5 lowest */
    /* For mime_part_set_owner; NULL. */
    const void *text_owner, *html_owner, *calendar_owner;
    const struct mime_share *share; /* which is asked for the traits of their texts; NULL */
    struct mail_random *random;     /* required */
    bool envelope_only; /* the content is at hand already: no tree is built; from or envelope_sender is needed */
};

struct mail_built {
    struct mime_part *root;
    char *envelope_sender; /* addr-spec, "" for the empty path */
    char **recipients;     /* addr-specs of to, cc, bcc in order, no mailbox twice */
    size_t recipient_count;
    char *message_id;    /* with brackets */
    bool needs_smtputf8; /* an address is not ASCII: RFC 6531 */
};

/* Build. Text alone is one part; text, html and calendar multipart/alternative; inline attachments multipart/related
   around the html; others multipart/mixed around all. Bcc is never written. Header order: Date, From, Sender, Reply-To,
   To, Cc, Subject, Message-ID, priority, others, MIME-Version, Content-*. No recipient at all is allowed here (a
   draft). With envelope_only, root and message_id stay NULL. On failure *built is empty. */
enum mail_status mail_message_build(const struct mail_message *message, struct mail_built *built,
                                    struct mail_error *error);
void mail_built_free(struct mail_built *built);

#endif
