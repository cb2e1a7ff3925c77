/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_content: the bytes of a message that was read: raw ranges of its source, and bodies with their transfer encoding
   undone, piece by piece. */
#ifndef CARAPACE_MAIL_MIME_CONTENT_H
#define CARAPACE_MAIL_MIME_CONTENT_H

#include "modules/mime/mime_document.h"

/* Where the bytes of a document are. */
struct mime_source {
    const char *memory; /* all of them; or NULL, and read is used */
    uint64_t size;
    void *context;
    /* Up to size bytes from an offset; 0 at the end; a negative errno. */
    ssize_t (*read)(void *context, uint64_t offset, char *buffer, size_t size);
};

#define MIME_CONTENT_PIECE 16384 /* least room that mime_content_read is given */

struct mime_content_reader {
    const struct mime_source *source;
    uint64_t position, end;
    bool finished;
    struct transfer_decoder decoder;
    char raw[MIME_CONTENT_PIECE / 2 - 1024];
};

/* The body of an entity, decoded; of one with children all bytes below its headers. */
void mime_content_init(struct mime_content_reader *content, const struct mime_source *source,
                       const struct mime_document *document, uint32_t entity);
/* A range of the source as it stands. */
void mime_content_init_raw(struct mime_content_reader *content, const struct mime_source *source, uint64_t start,
                           uint64_t end);
/* The next bytes, at most size, which is at least MIME_CONTENT_PIECE; 0 at the end; a negative errno, -EIO when the
   source has become shorter. */
ssize_t mime_content_read(struct mime_content_reader *content, char *buffer, size_t size);
/* Append the whole, but no more than `most` bytes and a piece; 0 or a negative errno, -ENOMEM, -EFBIG when there was
   more. */
int mime_content_all(struct mail_buffer *out, struct mime_content_reader *content, size_t most);

#endif
