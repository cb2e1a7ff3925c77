/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_report: what multipart/report (RFC 6522) messages say: who bounced and why (RFC 3464, with RFC 6533's
   addresses), who complained (RFC 5965), who has read (RFC 8098), and of which message. */
#ifndef CARAPACE_MAIL_MIME_REPORT_H
#define CARAPACE_MAIL_MIME_REPORT_H

#include "modules/mime/mime_content.h"
#include "modules/mime/mime_document.h"

#define MIME_REPORT_LIMIT (1 << 20)      /* bytes of a report's fields, and of the headers sent back, that are read */
#define MIME_REPORT_RECIPIENT_LIMIT 4096 /* recipients and fields of one report */

enum mime_report_kind { MIME_REPORT_NONE, MIME_REPORT_DELIVERY, MIME_REPORT_FEEDBACK, MIME_REPORT_DISPOSITION };

/* Texts are offsets in mime_report->text, NUL-terminated valid UTF-8 on one line; 0 is the empty text: absent. */
struct mime_report_recipient {
    uint32_t address;    /* Final-Recipient without its type; without one, `original` */
    uint32_t original;   /* Original-Recipient likewise: whom the sender wrote to */
    uint32_t action;     /* lower case: failed delayed delivered relayed expanded; of RFC 8098 displayed deleted ... */
    uint32_t status;     /* as the report has it, "5.0.0" */
    uint32_t enhanced;   /* the status, or the diagnostic's enhanced code when that says more */
    uint32_t diagnostic; /* Diagnostic-Code without its type */
    uint32_t remote_mta;
    int reply_code; /* of SMTP, found in the diagnostic; 0 */
};

struct mime_report_field {
    uint32_t name, value;
};

struct mime_report {
    enum mime_report_kind kind;
    uint32_t entity;    /* the part with the fields */
    uint32_t reporting; /* Reporting-MTA without its type, or Reporting-UA, or User-Agent */
    uint32_t envelope_id, arrival_date;
    uint32_t feedback_type, source, mail_from; /* RFC 5965: "abuse"; Source-IP; Original-Mail-From without brackets */
    uint32_t mode;                             /* RFC 8098: "automatic-action/mdn-sent-automatically" */
    uint32_t message_id, subject, from, to, date; /* of the message that the report is about */
    struct mime_report_recipient *recipients;
    size_t recipient_count, recipient_capacity;
    struct mime_report_field *fields; /* all fields of the report in order, blocks one behind the other */
    size_t field_count, field_capacity;
    struct mail_buffer text;
};

/* Reads the report in a message, if there is one; else kind is MIME_REPORT_NONE. Reports within attached messages are
   not looked for. 0 or a negative errno (-ENOMEM, or the source's). mime_report_free in both cases. */
int mime_report_read(struct mime_report *report, const struct mime_document *document,
                     const struct mime_source *source);
void mime_report_free(struct mime_report *report);
static inline const char *mime_report_text(const struct mime_report *report, uint32_t text) {
    return report->text.data + text;
}

#endif
