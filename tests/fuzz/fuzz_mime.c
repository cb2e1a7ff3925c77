/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_mime: any bytes are a message, the same one however they are cut; its entities lie within each other and within
 * the source; every header, name, text and content can be had. The first byte is the size of the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/canonical.h"
#include "modules/coding/utf8_text.h"
#include "modules/mime/mime_build.h"
#include "modules/mime/mime_content.h"
#include "modules/mime/mime_file_name.h"
#include "modules/mime/mime_parser.h"
#include "modules/mime/mime_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

static struct mime_document *parse_in_pieces(const char *text, size_t size, size_t piece) {
    struct mime_parser parser;
    mime_parser_init(&parser, NULL);
    for (size_t at = 0; at < size; at += piece)
        mime_parser_feed(&parser, text + at, size - at < piece ? size - at : piece);
    return mime_parser_finish(&parser);
}

static void check_same(const struct mime_document *a, const struct mime_document *b) {
    require(a->entity_count == b->entity_count && a->field_count == b->field_count && a->size == b->size);
    require(a->defects == b->defects && a->headers.size == b->headers.size && a->text.size == b->text.size);
    for (uint32_t i = 0; i < a->entity_count; i++) {
        const struct mime_entity *x = &a->entities[i], *y = &b->entities[i];
        require(x->start == y->start && x->body == y->body && x->end == y->end && x->kind == y->kind);
        require(x->parent == y->parent && x->next == y->next && x->defects == y->defects);
        require(x->preamble_end == y->preamble_end && x->epilogue == y->epilogue && x->encoding == y->encoding);
    }
}

static void check_name(const char *name, size_t size) {
    struct mail_buffer safe = {0};
    mime_file_name_safe(&safe, name, size, "text/plain");
    require(safe.size > 0 && safe.size <= MIME_FILE_NAME_LIMIT && utf8_text_is_valid(safe.data, safe.size));
    require(safe.data[0] != '.' && safe.data[safe.size - 1] != '.' && safe.data[safe.size - 1] != ' ');
    for (size_t i = 0; i < safe.size; i++)
        require((unsigned char)safe.data[i] >= 32 && safe.data[i] != '/' && safe.data[i] != '\\' &&
                safe.data[i] != 127);
    mail_buffer_free(&safe);
}

static void check_content(const struct mime_document *d, uint32_t entity, const char *text, size_t size) {
    struct mime_source source = {.memory = text, .size = size};
    struct mime_content_reader *content = malloc(sizeof *content);
    struct mail_buffer bytes = {0}, shown = {0}, charset = {0}, flow = {0};
    mime_content_init(content, &source, d, entity);
    require(mime_content_all(&bytes, content, 1 << 24) == 0);
    mime_entity_parameter(&charset, d, entity, "Content-Type", "charset");
    mime_text_convert(&shown, charset.data, charset.size, bytes.data ? bytes.data : "", bytes.size);
    require(utf8_text_is_valid(shown.data ? shown.data : "", shown.size));
    if (shown.size) {
        shown.size = mime_text_line_ends(shown.data, shown.size);
        mime_text_unflow(&flow, shown.data, shown.size, size & 1);
        mail_buffer_clear(&flow);
        mime_text_flow(&flow, shown.data, shown.size);
    }
    mail_buffer_free(&bytes);
    mail_buffer_free(&shown);
    mail_buffer_free(&charset);
    mail_buffer_free(&flow);
    free(content);
}

static void check_entity(const struct mime_document *d, uint32_t number, const char *text, size_t size) {
    const struct mime_entity *e = &d->entities[number];
    uint32_t children = 0;
    require(e->start <= e->body && e->body <= e->end && e->end <= size);
    require(e->kind == MIME_LEAF ? e->child_count == 0 : e->child_count > 0);
    for (uint32_t i = e->first_child; i != MIME_NONE; i = d->entities[i].next, children++) {
        require(i > number && d->entities[i].parent == number && d->entities[i].depth == e->depth + 1);
        require(d->entities[i].start >= e->body && d->entities[i].end <= e->end);
    }
    require(children == e->child_count);
    for (uint32_t i = e->first_field; i < e->first_field + e->field_count; i++) {
        struct mail_buffer value = {0};
        require(mime_field_decode(&value, d, number, i));
        require(utf8_text_is_valid(value.data ? value.data : "", value.size));
        require(!value.size || (!memchr(value.data, 0, value.size) && !memchr(value.data, '\n', value.size)));
        mail_buffer_free(&value);
    }
    struct mail_buffer name = {0};
    mime_entity_file_name(&name, d, number);
    check_name(name.data ? name.data : "", name.size);
    mail_buffer_free(&name);
    if (e->kind == MIME_LEAF) check_content(d, number, text, size);
}

/* Sent on, it has CRLF alone as line ends, unless it has binary parts. */
static void check_sending(const char *text, size_t size) {
    struct mime_writer w;
    struct mail_buffer out = {0};
    require(mime_writer_init_whole(&w, text, size) == MAIL_OK);
    int64_t length = mime_writer_size(&w);
    char *room = mail_buffer_reserve(&out, (size_t)length + 1);
    require(room != NULL && mime_writer_read(&w, room, (size_t)length + 1) == length);
    require(w.uses_binary || canonical_check(room, (size_t)length));
    mime_writer_finish(&w);
    mail_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const char *text = (const char *)data + 1;
    struct mime_document *whole = mime_parse(text, --size), *pieces = parse_in_pieces(text, size, 1u + data[0]);
    require(whole && pieces);
    check_same(whole, pieces);
    for (uint32_t i = 0; i < whole->entity_count && i < 200; i++) check_entity(whole, i, text, size);
    mime_document_free(whole);
    mime_document_free(pieces);
    check_sending(text, size);
    return 0;
}
