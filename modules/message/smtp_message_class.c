/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp_message_class.c: the class SmtpMessage: a message as a person thinks of it.
 *
 * Setters refuse at once what could never be sent; smtp_message_build.c looks again at what can change later, the
 * Lists.
 */
#include "modules/message/smtp_message.h"

#include <stdio.h>

#include "modules/header/message_id.h"
#include "modules/message/message_signer.h"

/* ---- helpers ---- */

/* From here on it is another version of the message: RFC 5322 3.6.4. */
static void changed(cp_value self) {
    struct smtp_message *m = smtp_message_of(self);
    m->version++;
    m->made_id = CP_NIL;
    m->dated = false;
    m->boundary_seed = 0;
}

static cp_value keep_if(bool fine, cp_value self, cp_value value) {
    if (!fine) return CP_THROWN;
    changed(self);
    return value;
}

static cp_value set_address(cp_context *cp, cp_value self, const char *field, cp_value value) {
    return keep_if(value == CP_NIL || message_check_mailbox(cp, field, value, true), self, value);
}

static cp_value set_addresses(cp_context *cp, cp_value self, const char *field, cp_value value) {
    return keep_if(message_check_mailboxes(cp, field, value, true), self, value);
}

/* ---- properties ---- */

static cp_value set_sender(cp_context *cp, cp_value self, cp_value value) {
    return set_address(cp, self, "sender", value);
}
static cp_value set_from(cp_context *cp, cp_value self, cp_value value) { return set_address(cp, self, "from", value); }
static cp_value set_recipient(cp_context *cp, cp_value self, cp_value value) {
    return set_address(cp, self, "recipient", value);
}
static cp_value set_copy_recipient(cp_context *cp, cp_value self, cp_value value) {
    return set_address(cp, self, "copyRecipient", value);
}
static cp_value set_envelope_sender(cp_context *cp, cp_value self, cp_value value) {
    bool empty_path = value != CP_NIL && cp_string_size(value) == 2 && memcmp(cp_string_text(value), "<>", 2) == 0;
    return empty_path ? keep_if(true, self, value) : set_address(cp, self, "envelopeSender", value);
}
static cp_value set_recipients(cp_context *cp, cp_value self, cp_value value) {
    return set_addresses(cp, self, "recipients", value);
}
static cp_value set_copy_recipients(cp_context *cp, cp_value self, cp_value value) {
    return set_addresses(cp, self, "copyRecipients", value);
}
static cp_value set_blind_copy_recipients(cp_context *cp, cp_value self, cp_value value) {
    return set_addresses(cp, self, "blindCopyRecipients", value);
}
static cp_value set_reply_to(cp_context *cp, cp_value self, cp_value value) {
    return cp_is_string(value) ? set_address(cp, self, "replyTo", value) : set_addresses(cp, self, "replyTo", value);
}
static cp_value set_subject(cp_context *cp, cp_value self, cp_value value) {
    return keep_if(value == CP_NIL || message_check_line(cp, "subject", value), self, value);
}
/* The texts. */
static cp_value set_any(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    return keep_if(true, self, value);
}
static cp_value set_attachments(cp_context *cp, cp_value self, cp_value value) {
    size_t count;
    bool fine = message_check_list(cp, "attachments", value, &count);
    for (cp_value rest = value; fine && cp_is_cell(rest); rest = cp_tail(rest))
        fine = attachment_check(cp, "attachments", cp_head(rest));
    return keep_if(fine, self, value);
}
static cp_value set_inlines(cp_context *cp, cp_value self, cp_value value) {
    struct attachments attachments;
    bool fine = attachments_read(cp, &attachments, CP_NIL, value);
    if (fine) attachments_free(&attachments);
    return keep_if(fine, self, value);
}
static cp_value set_headers(cp_context *cp, cp_value self, cp_value value) {
    return keep_if(message_check_headers(cp, "headers", value), self, value);
}
static cp_value set_date(cp_context *cp, cp_value self, cp_value value) {
    int64_t seconds;
    int offset;
    return keep_if(value == CP_NIL || smtp_message_read_date(cp, value, &seconds, &offset), self, value);
}
static cp_value set_priority(cp_context *cp, cp_value self, cp_value value) {
    bool fine = value == CP_NIL || (cp_is_fixnum(value) && cp_fixnum_value(value) >= 1 && cp_fixnum_value(value) <= 5);
    if (!fine)
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "priority is 1 (highest) to 5 (lowest), not %s",
                 message_quoted(cp, value));
    return keep_if(fine, self, value);
}
static cp_value set_notify(cp_context *cp, cp_value self, cp_value value) {
    return keep_if(smtp_message_check_notify(cp, value), self, value);
}

#define DELIVERY_SETTER(name)                                                                                          \
    static cp_value set_##name(cp_context *cp, cp_value self, cp_value value) {                                        \
        return keep_if(smtp_message_check_##name(cp, value), self, value);                                             \
    }
DELIVERY_SETTER(returns)
DELIVERY_SETTER(envelope_id)
DELIVERY_SETTER(original_recipient)
DELIVERY_SETTER(deliver_by)
DELIVERY_SETTER(hold)
DELIVERY_SETTER(transfer_priority)
static cp_value set_unsubscribe(cp_context *cp, cp_value self, cp_value value) {
    return keep_if(smtp_message_check_unsubscribe(cp, value), self, value);
}
static cp_value set_receipt_to(cp_context *cp, cp_value self, cp_value value) {
    return set_address(cp, self, "receiptTo", value);
}

static cp_value get_results(cp_context *cp, cp_value self) {
    return message_results_list(cp, smtp_message_of(self)->results);
}

static cp_value get_message_id(cp_context *cp, cp_value self) { return smtp_message_id(cp, self); }
static cp_value set_message_id(cp_context *cp, cp_value self, cp_value value) {
    cp_value id = value;
    if (value != CP_NIL) {
        if (!message_check_line(cp, "messageId", value)) return CP_THROWN;
        const char *text = cp_text_z(cp, value);
        if (*text != '<') id = cp_string_format(cp, "<%s>", text);
        if (cp_string_size(id) + 3 > MESSAGE_ID_SIZE || !message_id_is_valid(cp_text_z(cp, id), cp_string_size(id)))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "messageId is of the form <x@y>, not %s",
                            message_quoted(cp, value));
    }
    changed(self);
    return smtp_message_of(self)->given_id = id;
}

static const cp_property_def properties[] = {
    {"sender", "String", CP_READ_WRITE, NULL, NULL, set_sender,
     "Who sends: one address, as \"ann@example.org\" or \"Ann <ann@example.org>\". It is the From of the message "
     "unless "
     "`from` is set; then, if it differs, it is the Sender. Errors: 1.8 no address, a newline in it; so for all "
     "addresses."},
    {"recipient", "String", CP_READ_WRITE, NULL, NULL, set_recipient,
     "One address to send to. It comes before those of `recipients`."},
    {"recipients", "List", CP_READ_WRITE, NULL, NULL, set_recipients,
     "Further addresses to send to, each a String. Nobody gets a message twice."},
    {"copyRecipient", "String", CP_READ_WRITE, NULL, NULL, set_copy_recipient,
     "One address for a copy (Cc), before those of `copyRecipients`."},
    {"copyRecipients", "List", CP_READ_WRITE, NULL, NULL, set_copy_recipients, "Further addresses for a copy (Cc)."},
    {"blindCopyRecipients", "List", CP_READ_WRITE, NULL, NULL, set_blind_copy_recipients,
     "Addresses for a copy of which the message says nothing."},
    {"subject", "String", CP_READ_WRITE, NULL, NULL, set_subject,
     "The subject, in any script of the world. Errors: 1.8 a newline in it."},
    {"text", "String", CP_READ_WRITE, NULL, NULL, set_any,
     "The text. Its line ends may be LF or CR LF. It goes as it is when it can, else quoted-printable or base64, "
     "whichever "
     "is shorter."},
    {"html", "String", CP_READ_WRITE, NULL, NULL, set_any,
     "The same text as HTML: readers show one of the two. \"\" is the same as ()."},
    {"attachments", "List", CP_READ_WRITE, NULL, NULL, set_attachments,
     "What goes with it, each a path, a List (name content [type]) with a String, Binary or Buffer as content, or a "
     "Mime. "
     "Content may also be a List (path): that file under another name. Files are read while the message is sent, in "
     "small "
     "pieces; one of up to 1.5 MB that goes with several messages is read and encoded once, as long as it is the same. "
     "Errors: 1.8 wrong form, a newline in a file's name."},
    {"inlines", "List", CP_READ_WRITE, NULL, NULL, set_inlines,
     "What the HTML shows, each a List (cid attachment); `inline` adds to it. Errors: 1.8."},
    {"replyTo", "String|List", CP_READ_WRITE, NULL, NULL, set_reply_to, "The address, or a List of them, for answers."},
    {"from", "String", CP_READ_WRITE, NULL, NULL, set_from, "The author: one address. By default the sender."},
    {"envelopeSender", "String", CP_READ_WRITE, NULL, NULL, set_envelope_sender,
     "The address that is told of failures; \"<>\" for none. By default the sender's, else that of `from`."},
    {"headers", "List", CP_READ_WRITE, NULL, NULL, set_headers,
     "Further headers, each a List (name value). Errors: 1.8 no such name can be, a newline in a value; when the "
     "message is "
     "built, a header that has a property of its own."},
    {"date", "Integer|String", CP_READ_WRITE, NULL, NULL, set_date,
     "The date as seconds since 1970, which is shown in the local time zone, or as the text of a Date header. By "
     "default "
     "the time at which the message is first built. Errors: 1.8."},
    {"priority", "Integer", CP_READ_WRITE, NULL, NULL, set_priority,
     "1 (highest) to 5 (lowest). By default nothing is said of it. Errors: 1.8."},
    {"notify", "String|Symbol|List", CP_READ_WRITE, NULL, NULL, set_notify,
     "When servers that can do so (RFC 3461) are to report: success, failure, delay, a List of them, or never. Errors: "
     "1.8."},
    {"returns", "Symbol|String", CP_READ_WRITE, NULL, NULL, set_returns,
     "What such a report brings back of the message (RET): full or headers. () leaves it to the servers. Errors: 1.8."},
    {"envelopeId", "String", CP_READ_WRITE, NULL, NULL, set_envelope_id,
     "What such a report calls this sending (ENVID): 1 to 100 printable ASCII characters. Errors: 1.8."},
    {"originalRecipient", "String|Symbol", CP_READ_WRITE, NULL, NULL, set_original_recipient,
     "Whom such a report names as the one first written to (ORCPT): an address, for a message that is sent on, or "
     "true: "
     "each recipient's own address. Errors: 1.8."},
    {"requireTls", "Symbol", CP_READ_WRITE, NULL, NULL, set_any,
     "true: it goes only over encrypted connections to servers that are who they should be, on its whole way (RFC "
     "8689); "
     "Smtp sends it nowhere else (10.550, 5.7.30)."},
    {"deliverBy", "Integer|List", CP_READ_WRITE, NULL, NULL, set_deliver_by,
     "Seconds after which it is to come back undelivered (RFC 2852), 1 to 999999999; or (SECONDS notify) to be told "
     "only, "
     "where SECONDS may be below 1; with trace as a further word each relay reports. A server that cannot is an Error "
     "of "
     "Smtp: 10.555, 10.501 too soon. Errors: 1.8."},
    {"hold", "Integer|String", CP_READ_WRITE, NULL, NULL, set_hold,
     "How long the server shall hold it back (RFC 4865): seconds, 1 to 999999999, or the date and time in UTC as "
     "2026-12-24T18:00:00Z. A server that cannot is an Error of Smtp: 10.555, 10.501 too long. Errors: 1.8."},
    {"transferPriority", "Integer", CP_READ_WRITE, NULL, NULL, set_transfer_priority,
     "Its turn among other messages at servers (MT-PRIORITY, RFC 6710): -9 (last) to 9. Where that is not offered "
     "nothing is said, and it is sent all the same. Errors: 1.8."},
    {"seed", "Integer", CP_READ_WRITE, NULL, NULL, set_any,
     "Makes the Message-ID, cids and boundaries the same in each run, for tests; with `date` set the whole message "
     "is."},
    {"calendar", "String", CP_READ_WRITE, NULL, NULL, set_any,
     "An invitation as iCalendar has it (RFC 5545), which readers show instead of `text` and `html`; what it wants "
     "done is "
     "its METHOD line: REQUEST, CANCEL, REPLY (RFC 6047)."},
    {"flowed", "Object", CP_READ_WRITE, NULL, NULL, set_any,
     "true: the text goes as format=flowed (RFC 3676): its lines are paragraphs, which readers break to their width; "
     "those "
     "that begin with > are quotations."},
    {"unsubscribe", "String|List", CP_READ_WRITE, NULL, NULL, set_unsubscribe,
     "Where who gets this can leave the list, a URI of https: or mailto:, or a List of them: List-Unsubscribe (RFC "
     "2369). "
     "Errors: 1.8 no URI."},
    {"oneClick", "Object", CP_READ_WRITE, NULL, NULL, set_any,
     "true: a POST to the https: URI of `unsubscribe` is enough (RFC 8058), and a header says so. Errors, when the "
     "message is "
     "built: 1.8 there is no such URI."},
    {"receiptTo", "String", CP_READ_WRITE, NULL, NULL, set_receipt_to,
     "Asks the reader's program to report to this address that the message was read (RFC 8098). Errors: 1.8 no "
     "address."},
    {"source", "String|Binary", CP_READ_WRITE, NULL, NULL, set_any,
     "A whole message, headers and all, that goes as it is; only its line ends are made CR LF. A part whose "
     "Content-Transfer-Encoding is binary, and that is more than lines, is not touched at all; Smtp sends it where "
     "BINARYMIME and CHUNKING are offered, else 10.554 (5.6.3), and it cannot be signed (11.2). The envelope is still "
     "the properties': recipients, and envelopeSender or sender. `messageId` reads its header. () (the default): the "
     "message is made of the other properties. Errors: 1.8 when it is set and so is what it would leave unseen, as "
     "subject or "
     "text."},
    {"results", "List", CP_READ_ONLY, NULL, get_results, NULL,
     "What became of it when it was last sent: for each recipient a List (address state code enhancedCode text)."},
    {"messageId", "String", CP_READ_WRITE, NULL, get_message_id, set_message_id,
     "The Message-ID, with its angle brackets. It is made when it is first needed, and anew after a property was "
     "changed, "
     "as that is another message; one that was set stays. () while there is no sender. Errors: 1.8 not of the form "
     "<x@y>."},
    {0},
};

/* ---- methods ---- */

static cp_value append(cp_value list, cp_value item) {
    cp_list_builder longer = {0};
    for (; cp_is_cell(list); list = cp_tail(list)) cp_list_add(&longer, cp_head(list));
    cp_list_add(&longer, item);
    return longer.list;
}

static cp_value method_attach(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t length;
    cp_value item = attachment_from_arguments(cp, arguments[0], arguments[1], arguments[2]),
             *slots = cp_slots(cp, self);
    if (item == CP_THROWN || !message_check_list(cp, "attachments", slots[SLOT_ATTACHMENTS], &length)) return CP_THROWN;
    slots[SLOT_ATTACHMENTS] = append(slots[SLOT_ATTACHMENTS], item);
    changed(self);
    return CP_NIL;
}

static cp_value method_inline(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t length;
    char id[MESSAGE_ID_SIZE];
    struct mail_random own;
    struct mail_error error;
    struct smtp_message *m = smtp_message_of(self);
    cp_value item = attachment_from_arguments(cp, arguments[0], arguments[1], arguments[2]),
             *slots = cp_slots(cp, self);
    if (item == CP_THROWN || !message_check_list(cp, "inlines", slots[SLOT_INLINES], &length)) return CP_THROWN;
    struct mail_random *random = smtp_message_random(cp, self, &own, 16 + m->cids++);
    /* Whose machine it was is nobody's business: RFC 2392 wants an id that is unique, no more. */
    if (message_id_make(id, random, 0, "inline.invalid", &error) != MAIL_OK) return message_throw(cp, &error, false);
    cp_value cid = cp_string_n(cp, id + 1, strlen(id) - 2), pair[] = {cid, item};
    slots[SLOT_INLINES] = append(slots[SLOT_INLINES], cp_list_n(pair, 2));
    changed(self);
    return cid;
}

static cp_value method_sign(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (arguments[0] != CP_NIL && !message_signer_of(cp, arguments[0]))
        return cp_throw_type(cp, "what signs a message", "Dkim", arguments[0]);
    smtp_message_of(self)->signer = arguments[0];
    return CP_NIL;
}

static cp_value whole(cp_context *cp, cp_value self, bool binary) {
    struct smtp_message_build build;
    cp_value result = smtp_message_build(cp, self, &build, MESSAGE_7BIT, false)
                          ? message_writer_string(cp, &build.writer, binary)
                          : CP_THROWN;
    smtp_message_build_free(&build);
    return result;
}

static cp_value method_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return whole(cp, self, false);
}

static cp_value method_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return whole(cp, self, true);
}

static cp_value method_size(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct smtp_message_build build;
    int64_t size =
        smtp_message_build(cp, self, &build, MESSAGE_7BIT, false) ? message_writer_size(cp, &build.writer) : -1;
    smtp_message_build_free(&build);
    return size < 0 ? CP_THROWN : cp_integer(cp, size);
}

static cp_value method_write_to(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct smtp_message_build build;
    cp_value result = smtp_message_build(cp, self, &build, MESSAGE_7BIT, false)
                          ? message_writer_to(cp, &build.writer, arguments[0])
                          : CP_THROWN;
    smtp_message_build_free(&build);
    return result;
}

static const cp_method_def methods[] = {
    {"attach", "NIL", "(what (name String ()) (type String ()))", method_attach,
     "Adds to `attachments`: the file of a path, the content that a Binary or Buffer holds (with a name), a List (name "
     "content [type]), or a Mime. `name` is what the reader sees, by default the file's; `type` a media type, by "
     "default "
     "from the name's extension. Errors: 1.8."},
    {"inline", "String", "(what (name String ()) (type String ()))", method_inline,
     "Adds something that `html` shows, taken as by `attach`, and gives its cid: <img src=\"cid:...\">. Errors: 1.8."},
    {"sign", "NIL", "(dkim)", method_sign,
     "From now on the message carries a signature of this Dkim, made anew each time it is built; () takes it away. "
     "Errors: "
     "1.11; when the message is built, those of Dkim.sign."},
    {"string", "String", "()", method_string,
     "The whole message as RFC 5322 has it: headers, texts, attachments, each line ending with CR LF, in US-ASCII. "
     "Errors: "
     "1.3 no sender; 1.8 bad value; 5.1 and 5.3 a file cannot be read; 11.1 a Mime that is in itself contradictory."},
    {"binary", "Binary", "()", method_binary, "The same as bytes."},
    {"size", "Integer", "()", method_size,
     "The octets of `string`; attached files are not read for it. Errors: as there."},
    {"writeTo", "NIL", "(target)", method_write_to,
     "Writes the whole message to a Stream, or to the file of that path, piece by piece. Errors: as `string`; 5.4."},
    {0},
};

const cp_class_def smtp_message_class = {
    .name = "SmtpMessage",
    .doc =
        "A message for Smtp: sender, recipients, subject, text, attachments. What is not ASCII is encoded as RFC 2047 "
        "and 2231 say; Date and Message-ID are always there. It is built from its properties each time it is sent.",
    .size = sizeof(struct smtp_message),
    .flags = CP_CLASS_STRING_IS_CONTENT,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
