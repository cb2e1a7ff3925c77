/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_parsed.h: a message that a script had parsed: its document, and its bytes in memory or in a file.
 */
#ifndef MESSAGE_MIME_PARSED_H
#define MESSAGE_MIME_PARSED_H

#include "modules/message/mime_object.h"
#include "modules/mime/mime_content.h"
#include "modules/mime/mime_document.h"

enum {
    MIME_NESTED_MOST = 8,        /* messages within messages in base64, each parsed on its own */
    MIME_NESTED_SIZE = 64 << 20, /* bytes of such a message */
    MIME_SPOOL_MEMORY = 4 << 20  /* bytes of a Stream that are kept in memory; more go to a file without a name */
};

/* Lives in the collected heap. */
struct mime_parsed {
    struct mime_document *document; /* released with `handle` */
    cp_resource *handle;
    struct mime_source source;
    cp_value bytes;   /* a String or Binary that is the source, or () */
    cp_fd *file;      /* or a file */
    uint64_t base;    /* where in it the message begins */
    unsigned nesting; /* how many messages in base64 it is within */
};

/* Parses a String, Binary, Buffer, or what a Stream has left. NULL after a throw (1.5; 5.3). */
struct mime_parsed *mime_parsed_new(cp_context *cp, cp_value source, unsigned nesting);
/* Makes a fresh Mime the one of that entity. */
void mime_parsed_bind(cp_context *cp, cp_value mime, struct mime_parsed *parsed, uint32_t entity);
/* The decoded content of an entity, its size not above `most`. False after a throw (5.3; 1.5). */
bool mime_parsed_content(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity, size_t most,
                         struct mail_buffer *out);
/* The content of a text entity in UTF-8 with LF as line end. False after a throw. */
bool mime_parsed_text(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity, struct mail_buffer *out);
/* The Mime that has this one's bytes: itself, or what it gives when it is written and parsed. CP_THROWN. */
cp_value mime_read_as_parsed(cp_context *cp, cp_value self);
/* Throws for a negative errno of mime_content_read. */
cp_value mime_parsed_throw(cp_context *cp, int error);

static inline const struct mime_entity *mime_parsed_entity(const struct mime_object *m) {
    return &m->parsed->document->entities[m->entity];
}
static inline cp_value mime_buffer_string(cp_context *cp, const struct mail_buffer *buffer) {
    return cp_string_n(cp, buffer->data ? buffer->data : "", buffer->size);
}

#endif
