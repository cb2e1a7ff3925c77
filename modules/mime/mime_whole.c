/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_whole: a message that is at hand already as it goes over the wire: its lines end with CRLF, and what is binary
 * in it (RFC 3030) stays as it is to the byte. */
#include <string.h>
#include <strings.h>

#include "modules/mime/mime_build.h"
#include "modules/mime/mime_document.h"
#include "modules/mime/mime_layout.h"
#include "modules/mime/mime_parser.h"

enum { PIECE = 4096, LINE_MOST = 998 /* RFC 5322 2.1.1 */ };

static const char binary_word[] = "binary";
enum { BINARY_SIZE = sizeof binary_word - 1 };

/* Most messages do not have the word, and need not be parsed. */
static bool has_word(const char *text, size_t size) {
    for (size_t i = 0; i + BINARY_SIZE <= size; i++)
        if ((text[i] | 0x20) == 'b' && strncasecmp(text + i, binary_word, BINARY_SIZE) == 0) return true;
    return false;
}

static bool declares_binary(const struct mime_document *document, uint32_t entity) {
    uint32_t field = mime_entity_find_field(document, entity, "Content-Transfer-Encoding", 0);
    struct mail_buffer word = {0};
    bool is = field != MIME_NONE && mime_field_decode(&word, document, entity, field) && word.size >= BINARY_SIZE &&
              strncasecmp(word.data, binary_word, BINARY_SIZE) == 0 &&
              (word.size == BINARY_SIZE || strchr(" \t;(", word.data[BINARY_SIZE]) != NULL);
    mail_buffer_free(&word);
    return is;
}

/* Many programs say "binary" of what are lines of text. Lines can go anywhere, and their ends are made what they should
 * be; only what could not is binary. */
static bool is_binary(const struct mime_document *document, uint32_t entity, const char *body, size_t size) {
    static const char *const of_lines[] = {"text", "message", "multipart"};
    struct text_traits traits;
    bool lines = false;
    for (size_t i = 0; i < sizeof of_lines / sizeof *of_lines; i++)
        lines |= strcmp(mime_entity_type(document, entity), of_lines[i]) == 0;
    text_examine(&traits, body, size);
    return traits.has_nul || traits.has_bare_cr || traits.longest_line > LINE_MOST ||
           (!lines && !canonical_check(body, size));
}

static void add_lines(struct mime_writer *w, struct canonical_stream *lines, const char *text, size_t size) {
    char piece[2 * PIECE + 2];
    while (size > 0) {
        size_t count = size < PIECE ? size : PIECE;
        mail_buffer_append(&w->text, piece, canonical_update(lines, piece, text, count));
        text += count;
        size -= count;
    }
}

static void end_lines(struct mime_writer *w, struct canonical_stream *lines) {
    char end[2];
    mail_buffer_append(&w->text, end, canonical_finish(lines, end));
}

/* The bodies of binary parts as they are, what is between them as lines. False when memory is short. */
static bool add_parts(struct mime_writer *w, struct canonical_stream *lines, const char *text, size_t size,
                      size_t *done) {
    struct mime_document *document = mime_parse(text, size);
    if (document == NULL) return false;
    for (uint32_t i = 0; i < document->entity_count; i++) {
        const struct mime_entity *entity = &document->entities[i];
        size_t body = (size_t)entity->body, length = (size_t)(entity->end - entity->body);
        if (entity->kind != MIME_LEAF || body < *done || !declares_binary(document, i) ||
            !is_binary(document, i, text + body, length))
            continue;
        add_lines(w, lines, text + *done, body - *done);
        end_lines(w, lines);
        mail_buffer_append(&w->text, text + body, length);
        *done = body + length;
        w->uses_binary = true;
    }
    mime_document_free(document);
    return true;
}

enum mail_status mime_writer_init_whole(struct mime_writer *w, const char *text, size_t size) {
    struct canonical_stream lines;
    size_t done = 0;
    memset(w, 0, sizeof *w);
    w->options.files = &mime_files_posix;
    w->handle = -1;
    canonical_init(&lines, false);
    if (has_word(text, size) && !add_parts(w, &lines, text, size, &done)) return mail_error_no_memory(&w->error);
    add_lines(w, &lines, text + done, size - done);
    end_lines(w, &lines);
    for (size_t i = 0; i < size && !w->uses_8bit; i++) w->uses_8bit = (unsigned char)text[i] >= 0x80;
    return w->text.failed ? mail_error_no_memory(&w->error) : mime_layout_text(w);
}
