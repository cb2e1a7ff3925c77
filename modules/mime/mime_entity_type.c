/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_entity_type: what the headers of an entity say of its body: type, boundary, transfer encoding. */
#include "modules/mime/mime_entity_type.h"

#include <string.h>

#include "modules/header/header_parameter.h"
#include "modules/mime/mime_parser.h"

static size_t skip_blanks(const char *text, size_t size, size_t i) {
    for (unsigned depth = 0; i < size; i++) {
        char c = text[i];
        if (c == '(') depth++;
        else if (c == ')' && depth > 0) depth--;
        else if (c == '\\' && depth > 0) i++;
        else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') break;
    }
    return i < size ? i : size;
}

static size_t token_end(const char *text, size_t size, size_t i) {
    while (i < size && header_token_is_valid(text + i, 1)) i++;
    return i;
}

static uint32_t add_lower(struct mail_buffer *text, const char *word, size_t size) {
    uint32_t at = (uint32_t)text->size;
    for (size_t i = 0; i < size; i++)
        mail_buffer_append_char(text, (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 32 : word[i]));
    mail_buffer_append_char(text, '\0');
    return at;
}

enum { TYPE_LIMIT = 127 }; /* RFC 6838 4.2, each half */

/* RFC 2045 5.2 has text/plain for what has no type, or one that is none; RFC 2046 5.1.5 message/rfc822 in a digest. */
static void set_type(struct mime_document *document, struct mime_entity *e, const char *value, size_t size) {
    const struct mime_entity *above = e->parent == MIME_NONE ? NULL : &document->entities[e->parent];
    bool digest =
        above && above->kind == MIME_MULTIPART_OF && mime_entity_is(document, e->parent, "multipart", "digest");
    if (value) {
        size_t start = skip_blanks(value, size, 0), end = token_end(value, size, start);
        size_t slash = skip_blanks(value, size, end);
        size_t second = slash < size && value[slash] == '/' ? skip_blanks(value, size, slash + 1) : size;
        size_t second_end = token_end(value, size, second);
        if (end > start && second_end > second && end - start <= TYPE_LIMIT && second_end - second <= TYPE_LIMIT) {
            e->typed = true;
            e->type = add_lower(&document->text, value + start, end - start);
            e->subtype = add_lower(&document->text, value + second, second_end - second);
            return;
        }
        e->defects |= MIME_DEFECT_TYPE;
        digest = false;
    }
    e->type = add_lower(&document->text, digest ? "message" : "text", digest ? 7 : 4);
    e->subtype = add_lower(&document->text, digest ? "rfc822" : "plain", digest ? 6 : 5);
}

static void set_boundary(struct mime_document *document, struct mime_entity *e, const char *value, size_t size) {
    struct mail_buffer boundary = {0};
    bool found = header_read_parameter(&boundary, value, size, "boundary");
    /* RFC 2046 5.1.1: it does not end with white space, as that would be taken for what gateways add. */
    while (boundary.size > 0 && (boundary.data[boundary.size - 1] == ' ' || boundary.data[boundary.size - 1] == '\t'))
        boundary.size--;
    if (!found || boundary.size > MIME_BOUNDARY_LIMIT) {
        e->kind = MIME_LEAF;
        e->defects |= MIME_DEFECT_NO_BOUNDARY;
    } else {
        e->boundary = (uint32_t)document->text.size;
        e->boundary_size = (uint32_t)boundary.size;
        mail_buffer_append(&document->text, boundary.data, boundary.size);
        mail_buffer_append_char(&document->text, '\0');
    }
    if (boundary.failed) document->text.failed = true;
    mail_buffer_free(&boundary);
}

static bool is_message(const struct mime_document *document, uint32_t entity) {
    return mime_entity_is(document, entity, "message", "rfc822") ||
           mime_entity_is(document, entity, "message", "global") || /* RFC 6532 3.7 */
           mime_entity_is(document, entity, "message", "news");
}

bool mime_entity_classify(struct mime_document *document, uint32_t number) {
    struct mime_entity *e = &document->entities[number];
    size_t size = 0, encoding_size = 0;
    uint32_t field = mime_entity_find_field(document, number, "Content-Type", 0);
    uint32_t encoding = mime_entity_find_field(document, number, "Content-Transfer-Encoding", 0);
    const char *value = field == MIME_NONE ? NULL : mime_field_value(document, field, &size);
    set_type(document, e, value, size);
    if (encoding != MIME_NONE) {
        const char *word = mime_field_value(document, encoding, &encoding_size);
        e->encoding = (uint8_t)content_encoding_read(word, encoding_size);
        if (e->encoding == CONTENT_UNKNOWN) e->defects |= MIME_DEFECT_ENCODING;
    }
    e->kind = MIME_LEAF;
    if (document->text.failed) return false;
    if (strcmp(mime_entity_type(document, number), "multipart") == 0) {
        e->kind = MIME_MULTIPART_OF;
        if (e->encoding != CONTENT_IDENTITY) e->defects |= MIME_DEFECT_ENCODING; /* RFC 2045 6.4: its parts have one */
        set_boundary(document, e, value, size);
        if (e->kind == MIME_MULTIPART_OF) e->encoding = CONTENT_IDENTITY;
    } else if (e->encoding == CONTENT_IDENTITY && is_message(document, number)) e->kind = MIME_MESSAGE_OF;
    return !document->text.failed;
}
