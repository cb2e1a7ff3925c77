/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_content: the bytes of a message that was read, piece by piece. */
#include "modules/mime/mime_content.h"

#include <errno.h>
#include <string.h>

void mime_content_init(struct mime_content_reader *content, const struct mime_source *source,
                       const struct mime_document *document, uint32_t entity) {
    const struct mime_entity *e = &document->entities[entity];
    mime_content_init_raw(content, source, e->body, e->end);
    transfer_decoder_init(&content->decoder, e->kind == MIME_LEAF ? e->encoding : CONTENT_IDENTITY);
}

void mime_content_init_raw(struct mime_content_reader *content, const struct mime_source *source, uint64_t start,
                           uint64_t end) {
    content->source = source;
    content->position = start;
    content->end = end;
    content->finished = false;
    transfer_decoder_init(&content->decoder, CONTENT_IDENTITY);
}

static bool is_plain(const struct mime_content_reader *content) {
    return content->decoder.encoding == CONTENT_IDENTITY || content->decoder.encoding == CONTENT_UNKNOWN;
}

/* How many bytes of the source to take, so that they surely fit into `size` when they are decoded: quoted-printable may
   double, and hold 998 blanks. */
static size_t fitting(const struct mime_content_reader *content, size_t size) {
    bool whole = is_plain(content) || content->decoder.encoding == CONTENT_BASE64;
    size_t most = whole ? size : size / 2 - 1024;
    if (!content->source->memory && !is_plain(content) && most > sizeof content->raw) most = sizeof content->raw;
    return content->end - content->position < most ? (size_t)(content->end - content->position) : most;
}

ssize_t mime_content_read(struct mime_content_reader *content, char *buffer, size_t size) {
    const struct mime_source *source = content->source;
    while (content->position < content->end) {
        size_t count = fitting(content, size), made;
        const char *raw = source->memory ? source->memory + content->position : NULL;
        if (!source->memory) {
            char *room = is_plain(content) ? buffer : content->raw;
            ssize_t got = source->read(source->context, content->position, room, count);
            if (got <= 0) return got < 0 ? got : -EIO;
            count = (size_t)got;
            raw = room;
        }
        content->position += count;
        if (raw == buffer) return (ssize_t)count;
        made = transfer_decode_update(&content->decoder, buffer, raw, count);
        if (made > 0) return (ssize_t)made;
    }
    if (content->finished) return 0;
    content->finished = true;
    return (ssize_t)transfer_decode_finish(&content->decoder, buffer);
}

int mime_content_all(struct mail_buffer *out, struct mime_content_reader *content, size_t most) {
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
