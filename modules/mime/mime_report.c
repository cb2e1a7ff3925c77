/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_report: what reports of delivery, abuse and reading say.
 *
 * Fields are taken by their names wherever they stand, because reports in the wild have no empty line between their
 * blocks, or several, and mix the blocks up. */
#include "modules/mime/mime_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/utf8_text.h"
#include "modules/header/header_text.h"
#include "modules/mime/mime_parser.h"
#include "modules/mime/mime_text.h"

/* ---- texts ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Keeps a text on one line, without white space around it. 0 when it is empty. */
static uint32_t keep(struct mime_report *report, const char *text, size_t size) {
    while (size > 0 && is_blank(*text)) text++, size--;
    while (size > 0 && is_blank(text[size - 1])) size--;
    if (size == 0) return 0;
    uint32_t at = (uint32_t)report->text.size;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        mail_buffer_append_char(&report->text, c == '\r' || c == '\n' || c == '\t' || c == '\0' ? ' ' : c);
    }
    mail_buffer_append_char(&report->text, '\0');
    return at;
}

static uint32_t keep_lower(struct mime_report *report, const char *text, size_t size) {
    uint32_t at = keep(report, text, size);
    for (char *c = at && !report->text.failed ? report->text.data + at : NULL; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
    return at;
}

/* "rfc822; a@b" and "dns; host": what is behind the type. Without one the whole. */
static void skip_type(const char **text, size_t *size) {
    const char *end = *size ? memchr(*text, ';', *size) : NULL;
    size_t length = end ? (size_t)(end - *text) : 0;
    for (size_t i = 0; i < length; i++)
        if ((*text)[i] == '@' || (*text)[i] == '"') return; /* the semicolon is no type's */
    if (end == NULL) return;
    *size -= length + 1;
    *text = end + 1;
}

/* RFC 6533 3: \x{F6} for what cannot stand in ASCII. */
static void append_address(struct mail_buffer *out, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned point = 0;
        size_t end = i + 3;
        bool escape = size - i > 4 && memcmp(text + i, "\\x{", 3) == 0;
        for (; escape && end < size && end < i + 10 && text[end] != '}'; end++) {
            char c = text[end];
            int digit = is_digit(c)            ? c - '0'
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                               : -1;
            if (digit < 0) escape = false;
            else point = point << 4 | (unsigned)digit;
        }
        bool fine = escape && end < size && text[end] == '}' && end > i + 3 && point >= 32 && point <= 0x10FFFF &&
                    (point < 0xD800 || point > 0xDFFF);
        if (fine) {
            utf8_text_append(out, point);
            i = end;
        } else mail_buffer_append_char(out, text[i]);
    }
}

static uint32_t keep_address(struct mime_report *report, const char *text, size_t size) {
    struct mail_buffer address = {0};
    skip_type(&text, &size);
    while (size > 0 && is_blank(*text)) text++, size--;
    while (size > 0 && is_blank(text[size - 1])) size--;
    if (size > 1 && *text == '<' && text[size - 1] == '>') text++, size -= 2;
    append_address(&address, text, size);
    uint32_t at = address.failed ? 0 : keep(report, address.data ? address.data : "", address.size);
    if (address.failed) report->text.failed = true;
    mail_buffer_free(&address);
    return at;
}

/* ---- codes ---- */

/* Length of the enhanced status code (RFC 3463 2) that begins there, 0 if none does. */
static size_t enhanced_code(const char *text, size_t size) {
    size_t i = 1;
    if (size < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5')) return 0;
    for (int part = 0; part < 2; part++) {
        size_t start = i + 1;
        if (i >= size || text[i] != '.') return 0;
        for (i = start; i < size && i < start + 3 && is_digit(text[i]);) i++;
        if (i == start) return 0;
    }
    return i < size && (is_digit(text[i]) || text[i] == '.') ? 0 : i;
}

/* The first code in a text that stands by itself. */
static uint32_t find_enhanced(struct mime_report *report, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool alone = i == 0 || (!is_digit(text[i - 1]) && text[i - 1] != '.');
        size_t length = alone ? enhanced_code(text + i, size - i) : 0;
        if (length > 0) return keep(report, text + i, length);
    }
    return 0;
}

static int find_reply(const char *text, size_t size) {
    for (size_t i = 0; i + 3 <= size; i++) {
        bool alone = (i == 0 || (!is_digit(text[i - 1]) && text[i - 1] != '.' && text[i - 1] != '-')) &&
                     (i + 3 == size || text[i + 3] == ' ' || text[i + 3] == '-');
        if (alone && (text[i] == '2' || text[i] == '4' || text[i] == '5') && text[i + 1] >= '0' && text[i + 1] <= '5' &&
            is_digit(text[i + 2]))
            return (text[i] - '0') * 100 + (text[i + 1] - '0') * 10 + (text[i + 2] - '0');
    }
    return 0;
}

/* "5.0.0" says no more than "failed". */
static bool is_vague(const char *code) { return *code == 0 || strcmp(code + 1, ".0.0") == 0; }

static void settle_codes(struct mime_report *report) {
    for (size_t i = 0; i < report->recipient_count; i++) {
        struct mime_report_recipient *r = &report->recipients[i];
        if (report->text.failed) return;
        if (!r->address) r->address = r->original;
        const char *diagnostic = mime_report_text(report, r->diagnostic);
        size_t size = strlen(diagnostic);
        uint32_t status_at = r->status;
        r->reply_code = find_reply(diagnostic, size);
        char *copy = strdup(diagnostic); /* the texts move when one is added */
        uint32_t found = copy ? find_enhanced(report, copy, size) : 0;
        free(copy);
        if (report->text.failed) return;
        r->enhanced = found && is_vague(mime_report_text(report, status_at)) ? found : status_at ? status_at : found;
    }
}

/* ---- fields ---- */

struct block {
    bool fresh; /* no field of a recipient has come in this block */
};

static struct mime_report_recipient *recipient(struct mime_report *report, struct block *block, bool anew) {
    if (report->recipient_count > 0 && !block->fresh && !anew) return &report->recipients[report->recipient_count - 1];
    if (report->recipient_count == MIME_REPORT_RECIPIENT_LIMIT) return NULL;
    if (report->recipient_count == report->recipient_capacity) {
        size_t capacity = report->recipient_capacity ? report->recipient_capacity * 2 : 4;
        void *grown = realloc(report->recipients, capacity * sizeof *report->recipients);
        if (grown == NULL) {
            report->text.failed = true;
            return NULL;
        }
        report->recipients = grown;
        report->recipient_capacity = capacity;
    }
    struct mime_report_recipient *r = &report->recipients[report->recipient_count++];
    memset(r, 0, sizeof *r);
    block->fresh = false;
    return r;
}

static bool is(const char *name, size_t size, const char *wanted) {
    return strlen(wanted) == size && strncasecmp(name, wanted, size) == 0;
}

static void note_field(struct mime_report *report, const char *name, size_t name_size, const char *value, size_t size) {
    if (report->field_count == MIME_REPORT_RECIPIENT_LIMIT) return;
    if (report->field_count == report->field_capacity) {
        size_t capacity = report->field_capacity ? report->field_capacity * 2 : 16;
        void *grown = realloc(report->fields, capacity * sizeof *report->fields);
        if (grown == NULL) {
            report->text.failed = true;
            return;
        }
        report->fields = grown;
        report->field_capacity = capacity;
    }
    report->fields[report->field_count++] =
        (struct mime_report_field){keep(report, name, name_size), keep(report, value, size)};
}

/* Fields of one recipient: RFC 3464 2.3. False when it is none of them. */
static bool recipient_field(struct mime_report *report, struct block *block, const char *name, size_t name_size,
                            const char *value, size_t size) {
    static const char *const names[] = {"Original-Recipient", "Final-Recipient", "Action",          "Status",
                                        "Remote-MTA",         "Diagnostic-Code", "Original-Rcpt-To"};
    size_t which = 0, count = sizeof names / sizeof *names;
    while (which < count && !is(name, name_size, names[which])) which++;
    if (which == count) return false;
    struct mime_report_recipient *last =
        report->recipient_count ? &report->recipients[report->recipient_count - 1] : NULL;
    bool anew =
        last && ((which == 0 && (last->original || last->address)) || (which == 1 && last->address) || which == 6);
    if (which == 0 && last && last->address && !last->original && !block->fresh) anew = false;
    struct mime_report_recipient *r = recipient(report, block, anew);
    if (r == NULL) return true;
    uint32_t *places[] = {&r->original,   &r->address,    &r->action, &r->status,
                          &r->remote_mta, &r->diagnostic, &r->address};
    if (*places[which]) return true; /* the first counts */
    if (which == 2) *places[which] = keep_lower(report, value, strcspn(value, " \t("));
    else if (which == 3) *places[which] = find_enhanced(report, value, size);
    else if (which == 4 || which == 5) {
        skip_type(&value, &size);
        *places[which] = keep(report, value, size);
    } else *places[which] = keep_address(report, value, size);
    return true;
}

/* RFC 8098 3.2.6: "manual-action/MDN-sent-manually; displayed/error". */
static void disposition_field(struct mime_report *report, struct block *block, const char *value, size_t size) {
    const char *semicolon = memchr(value, ';', size);
    struct mime_report_recipient *r = recipient(report, block, false);
    size_t mode = semicolon ? (size_t)(semicolon - value) : 0;
    report->mode = keep_lower(report, value, mode);
    const char *type = semicolon ? semicolon + 1 : value;
    while (*type == ' ') type++;
    if (r) r->action = keep_lower(report, type, strcspn(type, "/,; \t"));
}

/* `value` is NUL-terminated. */
static void take_field(struct mime_report *report, struct block *block, const char *name, size_t name_size,
                       const char *value, size_t size) {
    note_field(report, name, name_size, value, size);
    if (recipient_field(report, block, name, name_size, value, size)) return;
    struct {
        const char *name;
        uint32_t *place;
    } texts[] = {{"Original-Envelope-Id", &report->envelope_id},
                 {"Arrival-Date", &report->arrival_date},
                 {"Received-Date", &report->arrival_date},
                 {"Source-IP", &report->source},
                 {"Original-Message-ID", &report->message_id}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is(name, name_size, texts[i].name) && !*texts[i].place) *texts[i].place = keep(report, value, size);
    bool reporting = is(name, name_size, "Reporting-MTA"), agent = is(name, name_size, "Reporting-UA");
    if ((reporting || agent || is(name, name_size, "User-Agent")) && !report->reporting) {
        if (reporting) skip_type(&value, &size);
        report->reporting = keep(report, value, size);
    } else if (is(name, name_size, "Feedback-Type")) report->feedback_type = keep_lower(report, value, size);
    else if (is(name, name_size, "Original-Mail-From")) report->mail_from = keep_address(report, value, size);
    else if (is(name, name_size, "Disposition")) disposition_field(report, block, value, size);
    else if (is(name, name_size, "Error") || is(name, name_size, "Failure")) {
        struct mime_report_recipient *r = recipient(report, block, false);
        if (r && !r->diagnostic) r->diagnostic = keep(report, value, size);
    }
}

static void read_fields(struct mime_report *report, const char *text, size_t size, bool inner);

/* The next block in base64: a gateway that took the blocks for parts (RFC 3464 knows no such thing) has hidden what
   matters in it. Gives its size. */
static size_t read_encoded_block(struct mime_report *report, const char *text, size_t size) {
    const char *end = memmem(text, size, "\n\n", 2);
    size_t length = end ? (size_t)(end - text) : size;
    struct mail_buffer bytes = {0}, decoded = {0};
    char *room = mail_buffer_reserve(&bytes, length / 4 * 3 + 8);
    if (room) bytes.size = base64_decode_lenient(room, text, length);
    if (bytes.size) mime_text_convert(&decoded, NULL, 0, bytes.data, bytes.size);
    if (decoded.size) read_fields(report, decoded.data, mime_text_line_ends(decoded.data, decoded.size), true);
    if (bytes.failed || decoded.failed) report->text.failed = true;
    mail_buffer_free(&bytes);
    mail_buffer_free(&decoded);
    return length;
}

/* The blocks of fields in the text of a report: lines end with LF, it is valid UTF-8. */
static void read_fields(struct mime_report *report, const char *text, size_t size, bool inner) {
    struct block block = {.fresh = true};
    bool encoded = false;
    struct mail_buffer value = {0};
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(text + at, '\n', size - at), *line = text + at;
        size_t length = (newline ? (size_t)(newline - text) : size) - at;
        at += length + 1;
        if (length == 0) {
            block.fresh = true;
            if (encoded && at < size && text[at] != '\n') {
                encoded = false;
                at += read_encoded_block(report, text + at, size - at);
            }
            continue;
        }
        const char *colon = memchr(line, ':', length);
        size_t name = colon ? (size_t)(colon - line) : 0;
        while (name > 0 && is_blank(line[name - 1])) name--;
        if (name == 0 || is_blank(*line)) continue;
        mail_buffer_clear(&value);
        mail_buffer_append(&value, colon + 1, length - (size_t)(colon + 1 - line));
        while (at < size && (text[at] == ' ' || text[at] == '\t')) { /* folded */
            newline = memchr(text + at, '\n', size - at);
            length = (newline ? (size_t)(newline - text) : size) - at;
            mail_buffer_append(&value, text + at, length);
            at += length + 1;
        }
        char *whole = mail_buffer_string(&value);
        if (whole == NULL) report->text.failed = true;
        if (report->text.failed) break;
        size_t whole_size = strlen(whole); /* a NUL ends it */
        while (is_blank(*whole)) whole++, whole_size--;
        take_field(report, &block, line, name, whole, whole_size);
        if (!inner && is(line, name, "Content-Transfer-Encoding"))
            encoded = content_encoding_read(whole, whole_size) == CONTENT_BASE64;
    }
    mail_buffer_free(&value);
}

/* ---- the message that the report is about ---- */

static void read_original(struct mime_report *report, const struct mime_document *document, uint32_t entity) {
    struct {
        const char *name;
        uint32_t *place;
    } headers[] = {{"Message-ID", &report->message_id},
                   {"Subject", &report->subject},
                   {"From", &report->from},
                   {"To", &report->to},
                   {"Date", &report->date}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct mail_buffer value = {0};
        if (mime_entity_header(&value, document, entity, headers[i].name) && value.size)
            *headers[i].place = keep(report, value.data, value.size);
        if (value.failed) report->text.failed = true;
        mail_buffer_free(&value);
    }
}

/* The content of a part, at most the limit; what is beyond is left out. */
static int part_content(struct mail_buffer *out, const struct mime_document *document, const struct mime_source *source,
                        uint32_t entity) {
    struct mime_content_reader content;
    mime_content_init(&content, source, document, entity);
    int error = mime_content_all(out, &content, MIME_REPORT_LIMIT);
    return error == -EFBIG ? 0 : error;
}

/* text/rfc822-headers (RFC 6522 3), or a message that is encoded. */
static int read_original_part(struct mime_report *report, const struct mime_document *document,
                              const struct mime_source *source, uint32_t entity) {
    struct mail_buffer bytes = {0};
    int error = part_content(&bytes, document, source, entity);
    struct mime_document *inner = error == 0 ? mime_parse(bytes.data ? bytes.data : "", bytes.size) : NULL;
    if (inner) read_original(report, inner, 0);
    else if (error == 0) error = -ENOMEM;
    mime_document_free(inner);
    mail_buffer_free(&bytes);
    return error;
}

/* ---- the whole ---- */

static enum mime_report_kind kind_of(const struct mime_document *document, uint32_t entity) {
    static const struct {
        const char *subtype;
        enum mime_report_kind kind;
    } kinds[] = {{"delivery-status", MIME_REPORT_DELIVERY},
                 {"global-delivery-status", MIME_REPORT_DELIVERY},
                 {"feedback-report", MIME_REPORT_FEEDBACK},
                 {"disposition-notification", MIME_REPORT_DISPOSITION},
                 {"global-disposition-notification", MIME_REPORT_DISPOSITION}};
    if (strcmp(mime_entity_type(document, entity), "message") != 0) return MIME_REPORT_NONE;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(mime_entity_subtype(document, entity), kinds[i].subtype) == 0) return kinds[i].kind;
    return MIME_REPORT_NONE;
}

/* Entities behind `entity` and all below it; children follow their parent in the array. */
static uint32_t behind(const struct mime_document *document, uint32_t entity) {
    uint32_t next = entity + 1;
    while (next < document->entity_count && document->entities[next].depth > document->entities[entity].depth) next++;
    return next;
}

static int read_status(struct mime_report *report, const struct mime_document *document,
                       const struct mime_source *source, uint32_t entity) {
    struct mail_buffer bytes = {0}, text = {0};
    int error = part_content(&bytes, document, source, entity);
    if (error == 0) {
        mime_text_convert(&text, NULL, 0, bytes.data ? bytes.data : "", bytes.size);
        if (text.size) read_fields(report, text.data, mime_text_line_ends(text.data, text.size), false);
        if (text.failed) error = -ENOMEM;
    }
    mail_buffer_free(&bytes);
    mail_buffer_free(&text);
    return error;
}

int mime_report_read(struct mime_report *report, const struct mime_document *document,
                     const struct mime_source *source) {
    int error = 0;
    bool found_original = false;
    memset(report, 0, sizeof *report);
    mail_buffer_append_char(&report->text, '\0');
    if (report->text.failed) return -ENOMEM;
    for (uint32_t i = 0; i < document->entity_count && report->kind == MIME_REPORT_NONE;) {
        report->kind = kind_of(document, i);
        report->entity = i;
        i = document->entities[i].kind == MIME_MESSAGE_OF ? behind(document, i) : i + 1;
    }
    if (report->kind == MIME_REPORT_NONE) return 0;
    error = read_status(report, document, source, report->entity);
    for (uint32_t i = report->entity + 1; i < document->entity_count && error == 0 && !found_original;
         i = behind(document, i)) {
        found_original = true;
        if (document->entities[i].kind == MIME_MESSAGE_OF)
            read_original(report, document, document->entities[i].first_child);
        else if (mime_entity_is(document, i, "text", "rfc822-headers") ||
                 mime_entity_is(document, i, "message", "rfc822-headers") ||
                 mime_entity_is(document, i, "message", "global-headers") ||
                 mime_entity_is(document, i, "message", "rfc822") || mime_entity_is(document, i, "message", "global"))
            error = read_original_part(report, document, source, i);
        else found_original = false;
    }
    settle_codes(report);
    if (error == 0 && report->text.failed) error = -ENOMEM;
    return error;
}

void mime_report_free(struct mime_report *report) {
    free(report->recipients);
    free(report->fields);
    mail_buffer_free(&report->text);
    memset(report, 0, sizeof *report);
}
