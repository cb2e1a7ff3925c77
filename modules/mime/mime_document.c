/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_document: what can be asked of a message that was read. */
#include "modules/mime/mime_document.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/charset.h"
#include "modules/coding/utf8_text.h"
#include "modules/header/header_parameter.h"
#include "modules/header/header_text.h"
#include "modules/mime/mime_text.h"

void mime_document_free(struct mime_document *document) {
    if (document == NULL) return;
    free(document->entities);
    free(document->fields);
    mail_buffer_free(&document->headers);
    mail_buffer_free(&document->text);
    free(document);
}

const char *mime_entity_type(const struct mime_document *document, uint32_t entity) {
    return document->text.data + document->entities[entity].type;
}

const char *mime_entity_subtype(const struct mime_document *document, uint32_t entity) {
    return document->text.data + document->entities[entity].subtype;
}

bool mime_entity_is(const struct mime_document *document, uint32_t entity, const char *type, const char *subtype) {
    return strcmp(mime_entity_type(document, entity), type) == 0 &&
           strcmp(mime_entity_subtype(document, entity), subtype) == 0;
}

/* ---- fields ---- */

uint32_t mime_entity_find_field(const struct mime_document *document, uint32_t entity, const char *name,
                                uint32_t from) {
    const struct mime_entity *e = &document->entities[entity];
    size_t size = strlen(name);
    for (uint32_t i = from > e->first_field ? from : e->first_field; i < e->first_field + e->field_count; i++) {
        const struct mime_field *field = &document->fields[i];
        if (field->name_size == size && strncasecmp(document->headers.data + field->name, name, size) == 0) return i;
    }
    return MIME_NONE;
}

const char *mime_field_name(const struct mime_document *document, uint32_t field, size_t *size) {
    *size = document->fields[field].name_size;
    return document->headers.data + document->fields[field].name;
}

const char *mime_field_value(const struct mime_document *document, uint32_t field, size_t *size) {
    *size = document->fields[field].value_size;
    return document->headers.data + document->fields[field].value;
}

/* ---- values ---- */

/* The set of 8-bit bytes in headers: the entity's, because who writes raw bytes there writes those of the text. */
static void header_charset(struct mail_buffer *out, const struct mime_document *document, uint32_t entity) {
    uint32_t field = mime_entity_find_field(document, entity, "Content-Type", 0);
    size_t size;
    if (field == MIME_NONE) return;
    const char *value = mime_field_value(document, field, &size);
    header_read_parameter(out, value, size, "charset");
}

/* The value in UTF-8: itself, or a conversion in `scratch`. */
static const char *valid_value(struct mail_buffer *scratch, const struct mime_document *document, uint32_t entity,
                               uint32_t field, size_t *size) {
    const char *value = mime_field_value(document, field, size);
    if (utf8_text_is_valid(value, *size)) return value;
    struct mail_buffer charset = {0};
    header_charset(&charset, document, entity);
    mime_text_convert(scratch, charset.data, charset.size, value, *size);
    mail_buffer_free(&charset);
    *size = scratch->size;
    return scratch->data;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool mime_field_decode(struct mail_buffer *out, const struct mime_document *document, uint32_t entity, uint32_t field) {
    struct mail_buffer scratch = {0};
    size_t size;
    const char *value = valid_value(&scratch, document, entity, field, &size);
    while (size > 0 && is_blank(*value)) value++, size--;
    while (size > 0 && is_blank(value[size - 1])) size--;
    if (size > 0) header_text_decode_lenient(out, value, size);
    if (scratch.failed) out->failed = true;
    mail_buffer_free(&scratch);
    return !out->failed;
}

bool mime_entity_header(struct mail_buffer *out, const struct mime_document *document, uint32_t entity,
                        const char *name) {
    uint32_t field = mime_entity_find_field(document, entity, name, 0);
    return field != MIME_NONE && mime_field_decode(out, document, entity, field);
}

bool mime_entity_parameter(struct mail_buffer *out, const struct mime_document *document, uint32_t entity,
                           const char *header, const char *parameter) {
    struct mail_buffer scratch = {0};
    uint32_t field = mime_entity_find_field(document, entity, header, 0);
    size_t size;
    if (field == MIME_NONE) return false;
    const char *value = valid_value(&scratch, document, entity, field, &size);
    bool found = value && header_read_parameter(out, value, size, parameter);
    if (scratch.failed) out->failed = true;
    mail_buffer_free(&scratch);
    return found && !out->failed;
}

bool mime_entity_file_name(struct mail_buffer *out, const struct mime_document *document, uint32_t entity) {
    size_t before = out->size;
    if (mime_entity_parameter(out, document, entity, "Content-Disposition", "filename") && out->size > before)
        return true;
    return mime_entity_parameter(out, document, entity, "Content-Type", "name") && out->size > before;
}

bool mime_entity_disposition(struct mail_buffer *out, const struct mime_document *document, uint32_t entity) {
    uint32_t field = mime_entity_find_field(document, entity, "Content-Disposition", 0);
    size_t size, start = 0;
    if (field == MIME_NONE) return false;
    const char *value = mime_field_value(document, field, &size);
    while (start < size && is_blank(value[start])) start++;
    size_t end = start;
    while (end < size && header_token_is_valid(value + end, 1)) end++;
    for (size_t i = start; i < end; i++)
        mail_buffer_append_char(out, (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] + 32 : value[i]));
    return end > start && !out->failed;
}

/* ---- defects ---- */

const char *mime_defect_next(uint32_t *defects) {
    static const char *const names[] = {
        "mbox From line",
        "no blank line behind the headers",
        "folded line before the first header",
        "header without a name",
        "multipart without a boundary",
        "boundary not found",
        "multipart not closed",
        "part without a body",
        "malformed Content-Type",
        "wrong Content-Transfer-Encoding",
        "headers too long",
        "nested too deep",
        "too many parts",
        "CR as line end",
        "line among the headers that is none",
        "byte order mark",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(*defects & 1u << i)) continue;
        *defects &= ~(1u << i);
        return names[i];
    }
    return NULL;
}
