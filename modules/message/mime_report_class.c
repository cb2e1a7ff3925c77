/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_report_class.c: the classes MimeReport and MimeReportRecipient: what Mime.report found.
 */
#include "modules/message/mime_parsed.h"

#include "modules/mime/mime_report.h"

/* ---- tables ---- */

enum recipient_slot {
    RECIPIENT_ADDRESS,
    RECIPIENT_ORIGINAL,
    RECIPIENT_ACTION,
    RECIPIENT_STATUS,
    RECIPIENT_ENHANCED,
    RECIPIENT_REPLY,
    RECIPIENT_DIAGNOSTIC,
    RECIPIENT_REMOTE,
    RECIPIENT_TEMPORARY
};

static const cp_property_def recipient_properties[] = {
    {"address", "String", CP_READ_ONLY, NULL, NULL, NULL, "The mailbox that it is about."},
    {"originalAddress", "String", CP_READ_ONLY, NULL, NULL, NULL,
     "The mailbox that the message was sent to, where the report tells it: forwarding may have changed it."},
    {"action", "String", CP_READ_ONLY, NULL, NULL, NULL,
     "What became of the message: failed, delayed, delivered, relayed, expanded; of a reader's report displayed, "
     "deleted "
     "and others."},
    {"status", "String", CP_READ_ONLY, NULL, NULL, NULL, "The report's Status, as \"5.1.1\"."},
    {"enhancedCode", "String", CP_READ_ONLY, NULL, NULL, NULL,
     "The enhanced status code (RFC 3463): `status`, or what the server's reply has, when that says more."},
    {"replyCode", "Integer", CP_READ_ONLY, NULL, NULL, NULL, "The SMTP reply code in `diagnostic`, as 550, or ()."},
    {"diagnostic", "String", CP_READ_ONLY, NULL, NULL, NULL, "What the server replied, word for word."},
    {"remoteMta", "String", CP_READ_ONLY, NULL, NULL, NULL, "The server that replied so."},
    {"temporary", "Symbol", CP_READ_ONLY, NULL, NULL, NULL,
     "true when the cause is temporary by its code (4.x.x, or the reply 4xx), else ()."},
    {0},
};

const cp_class_def mime_report_recipient_class = {
    .name = "MimeReportRecipient",
    .doc = "What a report says of one recipient. What it does not tell is ().",
    .size = sizeof(cp_object),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = recipient_properties,
};

enum report_slot {
    REPORT_KIND,
    REPORT_RECIPIENTS,
    REPORT_REPORTING,
    REPORT_ENVELOPE,
    REPORT_ARRIVAL,
    REPORT_FEEDBACK,
    REPORT_SOURCE,
    REPORT_MAIL_FROM,
    REPORT_MODE,
    REPORT_MESSAGE_ID,
    REPORT_SUBJECT,
    REPORT_FROM,
    REPORT_TO,
    REPORT_DATE,
    REPORT_FIELDS
};

static const cp_property_def report_properties[] = {
    {"kind", "String", CP_READ_ONLY, NULL, NULL, NULL,
     "\"delivery\" (RFC 3464: bounces, delays, successes), \"feedback\" (RFC 5965: complaints), or \"disposition\" "
     "(RFC "
     "8098: read receipts)."},
    {"recipients", "List", CP_READ_ONLY, NULL, NULL, NULL, "A MimeReportRecipient for each recipient it is about."},
    {"reporter", "String", CP_READ_ONLY, NULL, NULL, NULL, "The server or program that made the report."},
    {"envelopeId", "String", CP_READ_ONLY, NULL, NULL, NULL, "The envelope's id that was given when it was sent."},
    {"arrivalDate", "String", CP_READ_ONLY, NULL, NULL, NULL, "When the message came to the reporter, a Date's text."},
    {"feedbackType", "String", CP_READ_ONLY, NULL, NULL, NULL, "abuse, fraud, virus, not-spam, opt-out, or another."},
    {"sourceIp", "String", CP_READ_ONLY, NULL, NULL, NULL, "Of feedback: the address that the message came from."},
    {"mailFrom", "String", CP_READ_ONLY, NULL, NULL, NULL, "Of feedback: the message's envelope sender."},
    {"mode", "String", CP_READ_ONLY, NULL, NULL, NULL,
     "Of a read receipt: who acted, as \"manual-action/mdn-sent-manually\"."},
    {"messageId", "String", CP_READ_ONLY, NULL, NULL, NULL, "The Message-ID of the message that it is about."},
    {"subject", "String", CP_READ_ONLY, NULL, NULL, NULL, "Its Subject."},
    {"from", "String", CP_READ_ONLY, NULL, NULL, NULL, "Its From."},
    {"to", "String", CP_READ_ONLY, NULL, NULL, NULL, "Its To."},
    {"date", "String", CP_READ_ONLY, NULL, NULL, NULL, "Its Date."},
    {"fields", "List", CP_READ_ONLY, NULL, NULL, NULL, "All fields of the report, in order, each a List (name value)."},
    {0},
};

const cp_class_def mime_report_class = {
    .name = "MimeReport",
    .doc =
        "What a report about a message says: who bounced and why, who complained, who has read it. Mime.report gives "
        "it. What it does not tell is ().",
    .size = sizeof(cp_object),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = report_properties,
};

/* ---- from the engine ---- */

static cp_value text_value(cp_context *cp, const struct mime_report *report, uint32_t text) {
    return text ? cp_string_z(cp, mime_report_text(report, text)) : CP_NIL;
}

static cp_value make_recipient(cp_context *cp, const struct mime_report *report,
                               const struct mime_report_recipient *r) {
    cp_value made = cp_new(cp, message_state(cp)->mime_report_recipient), *slots = cp_slots(cp, made);
    const char *code = mime_report_text(report, r->enhanced);
    slots[RECIPIENT_ADDRESS] = text_value(cp, report, r->address);
    slots[RECIPIENT_ORIGINAL] = text_value(cp, report, r->original);
    slots[RECIPIENT_ACTION] = text_value(cp, report, r->action);
    slots[RECIPIENT_STATUS] = text_value(cp, report, r->status);
    slots[RECIPIENT_ENHANCED] = text_value(cp, report, r->enhanced);
    slots[RECIPIENT_REPLY] = r->reply_code ? cp_fixnum(r->reply_code) : CP_NIL;
    slots[RECIPIENT_DIAGNOSTIC] = text_value(cp, report, r->diagnostic);
    slots[RECIPIENT_REMOTE] = text_value(cp, report, r->remote_mta);
    bool temporary = *code ? *code == '4' : r->reply_code / 100 == 4;
    slots[RECIPIENT_TEMPORARY] = temporary ? cp_symbol_z(cp, "true") : CP_NIL;
    return made;
}

static cp_value make_report(cp_context *cp, const struct mime_report *report) {
    static const char *const kinds[] = {"", "delivery", "feedback", "disposition"};
    const uint32_t texts[] = {[REPORT_REPORTING] = report->reporting,
                              [REPORT_ENVELOPE] = report->envelope_id,
                              [REPORT_ARRIVAL] = report->arrival_date,
                              [REPORT_FEEDBACK] = report->feedback_type,
                              [REPORT_SOURCE] = report->source,
                              [REPORT_MAIL_FROM] = report->mail_from,
                              [REPORT_MODE] = report->mode,
                              [REPORT_MESSAGE_ID] = report->message_id,
                              [REPORT_SUBJECT] = report->subject,
                              [REPORT_FROM] = report->from,
                              [REPORT_TO] = report->to,
                              [REPORT_DATE] = report->date};
    cp_value made = cp_new(cp, message_state(cp)->mime_report), *slots = cp_slots(cp, made);
    cp_list_builder recipients = {0}, fields = {0};
    for (size_t i = REPORT_REPORTING; i <= REPORT_DATE; i++) slots[i] = text_value(cp, report, texts[i]);
    for (size_t i = 0; i < report->recipient_count; i++)
        cp_list_add(&recipients, make_recipient(cp, report, &report->recipients[i]));
    for (size_t i = 0; i < report->field_count; i++) {
        cp_value pair[] = {cp_string_z(cp, mime_report_text(report, report->fields[i].name)),
                           cp_string_z(cp, mime_report_text(report, report->fields[i].value))};
        cp_list_add(&fields, cp_list_n(pair, 2));
    }
    slots[REPORT_KIND] = cp_string_z(cp, kinds[report->kind]);
    slots[REPORT_RECIPIENTS] = recipients.list;
    slots[REPORT_FIELDS] = fields.list;
    return made;
}

cp_value mime_method_report(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_value mime = mime_read_as_parsed(cp, self);
    struct mime_report report;
    (void)arguments, (void)count;
    if (mime == CP_THROWN) return CP_THROWN;
    const struct mime_object *m = mime_object_of(mime);
    int error = mime_report_read(&report, m->parsed->document, &m->parsed->source);
    cp_value result = error < 0                         ? mime_parsed_throw(cp, error)
                      : report.kind == MIME_REPORT_NONE ? CP_NIL
                                                        : make_report(cp, &report);
    mime_report_free(&report);
    return result;
}
