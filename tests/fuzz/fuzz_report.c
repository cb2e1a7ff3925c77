/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_report: any message may be a report; what is read from it is valid text on one line, within its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/utf8_text.h"
#include "modules/mime/mime_parser.h"
#include "modules/mime/mime_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

static void check(const struct mime_report *report, uint32_t at) {
    require(at < report->text.size);
    const char *text = mime_report_text(report, at);
    require(utf8_text_is_valid(text, strlen(text)) && !strpbrk(text, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mime_document *document = mime_parse((const char *)data, size);
    struct mime_source source = {.memory = (const char *)data, .size = size};
    struct mime_report report;
    require(document != NULL);
    require(mime_report_read(&report, document, &source) == 0);
    require(report.recipient_count <= MIME_REPORT_RECIPIENT_LIMIT);
    check(&report, report.reporting), check(&report, report.message_id), check(&report, report.subject);
    check(&report, report.mode), check(&report, report.from), check(&report, report.feedback_type);
    for (size_t i = 0; i < report.recipient_count; i++) {
        const struct mime_report_recipient *r = &report.recipients[i];
        check(&report, r->address), check(&report, r->original), check(&report, r->action);
        check(&report, r->status), check(&report, r->enhanced), check(&report, r->diagnostic);
        require(r->reply_code == 0 || (r->reply_code >= 200 && r->reply_code < 600));
    }
    for (size_t i = 0; i < report.field_count; i++)
        check(&report, report.fields[i].name), check(&report, report.fields[i].value);
    mime_report_free(&report);
    mime_document_free(document);
    return 0;
}
