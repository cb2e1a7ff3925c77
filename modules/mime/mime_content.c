/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_content: the bytes of a message that was read, piece by piece. */
#include "modules/mime/mime_content.h"

#include <errno.h>
#include <string.h>

void mime_content_init(struct mime_content *content, const struct mime_source *source,
                       const struct mime_document *document, uint32_t entity) {
    const struct mime_entity *e = &document->entities[entity];
    mime_content_init_raw(content, source, e->body, e->end);
    transfer_decoder_init(&content->decoder, e->kind == MIME_LEAF ? e->encoding : CONTENT_IDENTITY);
}

void mime_content_init_raw(struct mime_content *content, const struct mime_source *source, uint64_t start,
                           uint64_t end) {
    content->source = source;
    content->position = start;
    content->end = end;
    content->finished = false;
    transfer_decoder_init(&content->decoder, CONTENT_IDENTITY);
}

/* Encoded bytes whose decoded form surely fits into `size`: quoted-printable may double, and hold 998 blanks. */
static size_t fitting(const struct mime_content *content, size_t size) {
    size_t most = content->decoder.encoding == CONTENT_BASE64 ? size : size / 2 - 1024;
    return content->end - content->position < most ? (size_t)(content->end - content->position) : most;
}

ssize_t mime_content_read(struct mime_content *content, char *buffer, size_t size) {
    const struct mime_source *source = content->source;
    bool plain = content->decoder.encoding == CONTENT_IDENTITY || content->decoder.encoding == CONTENT_UNKNOWN;
    while (content->position < content->end) {
        size_t count = fitting(content, size);
        if (source->memory) {
            if (plain)
                count = content->end - content->position < size ? (size_t)(content->end - content->position) : size;
            const char *raw = source->memory + content->position;
            content->position += count;
            size_t made = transfer_decode_update(&content->decoder, buffer, raw, count);
            if (made > 0) return (ssize_t)made;
            continue;
        }
        char *raw = plain ? buffer : content->raw;
        size_t room = plain ? size : sizeof content->raw;
        if (plain || count > room)
            count = content->end - content->position < room ? (size_t)(content->end - content->position) : room;
        ssize_t got = source->read(source->context, content->position, raw, count);
        if (got <= 0) return got < 0 ? got : -EIO;
        content->position += (uint64_t)got;
        if (plain) return got;
        size_t made = transfer_decode_update(&content->decoder, buffer, raw, (size_t)got);
        if (made > 0) return (ssize_t)made;
    }
    if (content->finished) return 0;
    content->finished = true;
    return (ssize_t)transfer_decode_finish(&content->decoder, buffer);
}

int mime_content_all(struct mail_buffer *out, struct mime_content *content, size_t most) {
    size_t start = out->size;
    for (;;) {
        char *room = mail_buffer_reserve(out, 4 * MIME_CONTENT_PIECE);
        if (room == NULL) return -ENOMEM;
        ssize_t count = mime_content_read(content, room, 4 * MIME_CONTENT_PIECE);
        if (count < 0) return (int)count;
        if (count == 0) return 0;
        out->size += (size_t)count;
        if (out->size - start > most) return -EFBIG;
    }
}
