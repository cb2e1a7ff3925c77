/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_canonical: header fields and bodies as DKIM hashes them (RFC 6376 3.4). */
#ifndef DKIM_CANONICAL_H
#define DKIM_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/coding/mail_buffer.h"
#include "modules/header/header_field.h"

/* Takes canonical bytes as they come. */
typedef void (*dkim_sink)(void *context, const char *bytes, size_t size);

/* A body on its way. Its lines end with CRLF; a bare CR or LF is a character as others are. */
struct dkim_body {
    bool relaxed;
    dkim_sink sink;
    void *context;
    uint64_t limit;      /* the most bytes that count (l=); UINT64_MAX for all */
    uint64_t written;    /* bytes given to the sink */
    uint64_t open_lines; /* empty lines that count only when something follows */
    bool in_line, pending_space, pending_cr;
    char buffer[2048];
    size_t used;
};

void dkim_body_init(struct dkim_body *body, bool relaxed, uint64_t limit, dkim_sink sink, void *context);
void dkim_body_update(struct dkim_body *body, const char *bytes, size_t size);
void dkim_body_finish(struct dkim_body *body);

/* The fields of a message's beginning, up to the empty line; *body is where the body begins. malloc'd, *count of them;
   NULL when memory is out. At most DKIM_FIELDS_MAX: what follows is left out. */
enum { DKIM_FIELDS_MAX = 10000 };
struct header_field *dkim_fields(const char *text, size_t size, size_t *count, size_t *body);

/* Appends the field as it is hashed, CRLF at the end. */
void dkim_field_canonical(struct mail_buffer *out, const struct header_field *field, bool relaxed);

#endif
