/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_source.c: an SmtpMessage whose content is at hand already (property `source`): its Message-ID, and how it is
 * built.
 */
#include "modules/message/smtp_message.h"

#include "modules/header/header_field.h"
#include "modules/header/message_id.h"

cp_value message_source_id(cp_context *cp, cp_value source) {
    static const char name[] = "Message-ID";
    struct header_field field;
    const char *text;
    size_t size, at = 0;
    if (!cp_bytes_of(source, &text, &size)) return CP_NIL;
    while (header_field_next(text, size, &at, &field)) {
        if (!header_field_is(&field, name, sizeof name - 1)) continue;
        const char *open = memchr(field.text, '<', field.size), *end = field.text + field.size;
        const char *close = open == NULL ? NULL : memchr(open, '>', (size_t)(end - open));
        if (close == NULL || !message_id_is_valid(open, (size_t)(close + 1 - open))) return CP_NIL;
        return cp_string_n(cp, open, (size_t)(close + 1 - open));
    }
    return CP_NIL;
}

bool message_source_alone(cp_context *cp, cp_value self) {
    static const struct {
        enum smtp_message_slot slot;
        const char *name;
    } unseen[] = {{SLOT_SUBJECT, "subject"},    {SLOT_TEXT, "text"},           {SLOT_HTML, "html"},
                  {SLOT_INLINES, "inlines"},    {SLOT_REPLY_TO, "replyTo"},    {SLOT_ATTACHMENTS, "attachments"},
                  {SLOT_HEADERS, "headers"},    {SLOT_DATE, "date"},           {SLOT_PRIORITY, "priority"},
                  {SLOT_CALENDAR, "calendar"},  {SLOT_FLOWED, "flowed"},       {SLOT_UNSUBSCRIBE, "unsubscribe"},
                  {SLOT_ONE_CLICK, "oneClick"}, {SLOT_RECEIPT_TO, "receiptTo"}};
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
        if (cp_slots(cp, self)[unseen[i].slot] == CP_NIL) continue;
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                 "source is the whole message, so that %s would not be seen: unset one of the two", unseen[i].name);
        return false;
    }
    return true;
}

bool message_source_build(cp_context *cp, cp_value source, struct mail_message *m, struct smtp_message_build *build) {
    struct mail_error error;
    const char *text;
    size_t size;
    m->envelope_only = true;
    cp_bytes_of(source, &text, &size);
    build->kept = source;
    enum mail_status status = mail_message_build(m, &build->built, &error);
    if (status == MAIL_OK && mime_writer_init_whole(&build->writer, text, size) != MAIL_OK) error = build->writer.error;
    else if (status == MAIL_OK) return true;
    message_throw(cp, &error, false);
    return false;
}
