/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_parser: the bytes of a message, in pieces of any size, to a mime_document. Nothing that comes in is an error:
   what is wrong is made the best of, and noted (docs/violations.md). Bodies are passed over, not kept; there is no
   recursion; headers, depth and the number of parts are bounded. */
#ifndef CARAPACE_MAIL_MIME_PARSER_H
#define CARAPACE_MAIL_MIME_PARSER_H

#include "modules/mime/mime_document.h"

#define MIME_BOUNDARY_LIMIT 512 /* bytes of a boundary; RFC 2046 5.1.1 allows 70 */

struct mime_limits {
    unsigned depth;        /* of nesting, multiparts and messages; at most MIME_PARSER_DEPTH */
    unsigned entities;     /* in all */
    size_t block_bytes;    /* of the headers of one entity */
    unsigned block_fields; /* header fields of one entity */
    size_t header_bytes;   /* of all headers */
};

#define MIME_PARSER_DEPTH 64

/* depth 64, 20,000 entities, 1 MB and 10,000 fields an entity, 16 MB of headers in all. */
extern const struct mime_limits mime_limits_default;

struct mime_bound {
    uint32_t entity;
    uint32_t text, size; /* in document->text */
};

/* All fields are private but `failed`: memory ran out. */
struct mime_parser {
    bool failed;

    struct mime_document *document;
    struct mime_limits limits;
    struct mime_bound bounds[MIME_PARSER_DEPTH]; /* the boundaries of the open multiparts, outermost first */
    unsigned bound_count;
    uint32_t current;         /* the entity that lines go to */
    bool in_headers;          /* of current */
    bool decided;             /* which byte ends a line */
    char line_end;            /* LF; CR in messages without any LF */
    bool drop;                /* the rest of an overlong header line is passed over */
    bool mid_line;            /* in a body, behind the beginning of a line that is no boundary */
    bool last_cr;             /* the last byte of a piece was CR */
    unsigned break_size;      /* of the line end before the present line: 0, 1 or 2 */
    unsigned suspects;        /* lines of the present headers that are none; the body may have begun there */
    uint64_t suspect;         /* offset of the first of them */
    size_t block_start;       /* of the present headers, in document->headers */
    uint64_t offset;          /* of the first byte not dealt with, which is carry's first */
    struct mail_buffer carry; /* the beginning of a line */
};

/* NULL limits: the default ones. */
void mime_parser_init(struct mime_parser *parser, const struct mime_limits *limits);
void mime_parser_feed(struct mime_parser *parser, const char *bytes, size_t size);
/* The end of the source: gives the document, which the caller frees, or NULL when memory ran out. The parser is then
   empty. */
struct mime_document *mime_parser_finish(struct mime_parser *parser);
/* Frees everything; for those who do not come to finish. */
void mime_parser_abandon(struct mime_parser *parser);
/* All at once. NULL: memory. */
struct mime_document *mime_parse(const char *bytes, size_t size);

#endif
