/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_support.h: what the classes of this room share: checks of text, Errors, headers, and writing.
 */
#ifndef MESSAGE_MESSAGE_SUPPORT_H
#define MESSAGE_MESSAGE_SUPPORT_H

#include "modules/coding/mail_error.h"
#include "modules/mime/mail_message.h"
#include "modules/coding/mail_random.h"
#include "modules/mime/mime_build.h"
#include "modules/mime/mime_content.h"
#include "modules/mime/mime_part.h"
#include "modules/message/message.h"

extern const cp_class_def smtp_message_class;
extern const cp_class_def mime_class;
extern const cp_class_def mime_report_class;
extern const cp_class_def mime_report_recipient_class;

/* Kept per context. */
enum { MESSAGES_KEPT = 4 };

struct message_state {
    uint32_t smtp_message_number, mime_number; /* of the classes */
    cp_class *mime_report, *mime_report_recipient;
    struct mail_random *random; /* of ids and boundaries; pointer-free memory */
    /* The zone's offset from UTC at the last second that a message was dated by: asking for it costs as much as writing
       the date. Zero is 1970. */
    int64_t offset_second;
    int offset_minutes;
    bool offset_known;
    struct message_share *share;      /* bodies that messages have in common; NULL at first and after a collection */
    struct smtp_message_build *spare; /* of messages that were closed, for the next ones */
    size_t spare_count;
    /* Messages opened last, and what those opened again became: see message_content.c. */
    cp_value opened[MESSAGES_KEPT];
    struct message_kept *kept[MESSAGES_KEPT];
    size_t next_opened, next_kept;
};
struct message_state *message_state(cp_context *cp);
struct mail_random *message_random(cp_context *cp);

/* ---- text ---- */

/* The value as a script would write it, its end cut off when it is long: for the text of an Error. */
const char *message_quoted(cp_context *cp, cp_value value);
/* False after a throw (1.8) when the String or Symbol has a CR, LF or NUL, which would end the header or command that
   it goes into. `field` names it. */
bool message_check_line(cp_context *cp, const char *field, cp_value text);
/* Likewise unless it is exactly one mailbox, as RFC 5322 3.4 writes it; with `thorough` by the whole grammar, else only
   as far as mail_message_build does not look itself. Also 1.11: it is no String. */
bool message_check_mailbox(cp_context *cp, const char *field, cp_value text, bool thorough);
/* Likewise unless it is a List, with an end, of mailboxes. */
bool message_check_mailboxes(cp_context *cp, const char *field, cp_value list, bool thorough);
/* Likewise unless it is a List, with an end, of Lists (name value) that can be headers. */
bool message_check_headers(cp_context *cp, const char *field, cp_value list);
/* False after a throw (1.8) unless the List has an end, and is no circle. */
bool message_check_list(cp_context *cp, const char *field, cp_value list, size_t *count);

static inline struct mail_text message_text(cp_value string) {
    return string == CP_NIL ? (struct mail_text){0}
                            : (struct mail_text){cp_string_text(string), cp_string_size(string)};
}

/* ---- errors ---- */

/* Throws what an engine says: 1.8 a value; 1.5 out of memory; 5.1 a file, or 5.3 if it was `reading` already; 11. Gives
   CP_THROWN. */
cp_value message_throw(cp_context *cp, const struct mail_error *error, bool reading);

/* ---- headers ---- */

/* Adds the headers of a checked List of (name value) to the part. Address headers are written as such; other ASCII text
   stands as it is; else RFC 2047. False after a throw: 1.8. */
bool message_add_headers(cp_context *cp, struct mime_part *part, cp_value list);

/* ---- attachments ---- */

/* What the message's parts are made of; the values in `kept` must be reachable as long as the parts are. */
struct attachments {
    struct mail_attachment *items; /* in the collected heap */
    size_t count;
    cp_list_builder kept;
};

/* False after a throw unless the value can be an attachment: a path, a List (name content [type]), or a Mime. */
bool attachment_check(cp_context *cp, const char *field, cp_value value);
/* The same of a path alone. Its last component is not looked at when the file is `named` otherwise. */
bool attachment_check_path(cp_context *cp, const char *field, cp_value path, bool named);
/* A path's last component. */
cp_value attachment_path_name(cp_context *cp, cp_value path);
/* Reads two Lists: attachments, and inlines of (cid attachment). False after a throw; nothing is left to free then. */
bool attachments_read(cp_context *cp, struct attachments *attachments, cp_value list, cp_value inlines);
/* Frees the parts that no message has taken over. */
void attachments_free(struct attachments *attachments);
/* The attachment that `attach` and `inline` are given as arguments. CP_THROWN. */
cp_value attachment_from_arguments(cp_context *cp, cp_value what, cp_value name, cp_value type);

/* The part that a Mime describes, a new tree. NULL after a throw. What it borrows is added to `kept`. */
struct mime_part *mime_object_part(cp_context *cp, cp_value mime, cp_list_builder *kept);
bool mime_object_is(cp_context *cp, cp_value value);
/* The content id of a Mime, NULL when it has none. */
const char *mime_object_content_id(cp_context *cp, cp_value mime);

/* ---- writing ---- */

/* As mime_writer_init, with files looked at by mime_writer_size. False after a throw; mime_writer_finish in both cases.
 */
bool message_writer_init(cp_context *cp, struct mime_writer *writer, const struct mime_part *root,
                         enum message_body body, struct mail_random *random, const struct mime_share *share);
/* The exact size, or -1 after a throw. */
int64_t message_writer_size(cp_context *cp, struct mime_writer *writer);
/* The whole as a String or Binary. CP_THROWN. */
cp_value message_writer_string(cp_context *cp, struct mime_writer *writer, bool binary);
/* The whole into an object with a method `write`, or the file of that path. CP_NIL, or CP_THROWN. */
cp_value message_writer_to(cp_context *cp, struct mime_writer *writer, cp_value target);
/* The same with bytes of a message that was parsed. */
cp_value message_content_to(cp_context *cp, struct mime_content_reader *content, cp_value target);

#endif
