/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_document: a message that was read (RFC 2045, 2046): its tree of entities, their headers, and where in the source
   their bytes lie. Bodies are not in it: a message of 10 GB is a document of some KB. Made by mime_parser. */
#ifndef CARAPACE_MAIL_MIME_DOCUMENT_H
#define CARAPACE_MAIL_MIME_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "modules/coding/mail_buffer.h"
#include "modules/coding/transfer_decode.h"

#define MIME_NONE UINT32_MAX /* no such entity, no such field */

/* What was not as the RFCs have it; what is done about each: docs/violations.md. */
enum mime_defect {
    MIME_DEFECT_MBOX_FROM = 1 << 0,          /* a "From " line of a mailbox among the headers */
    MIME_DEFECT_NO_BLANK_LINE = 1 << 1,      /* the headers end with a line that is none */
    MIME_DEFECT_STRAY_CONTINUATION = 1 << 2, /* the headers begin with a folded line */
    MIME_DEFECT_NAMELESS_FIELD = 1 << 3,     /* a colon without a name */
    MIME_DEFECT_NO_BOUNDARY = 1 << 4,        /* a multipart without the parameter */
    MIME_DEFECT_BOUNDARY_NOT_FOUND = 1 << 5, /* a multipart whose boundary never comes */
    MIME_DEFECT_NOT_CLOSED = 1 << 6,         /* a multipart without its last boundary */
    MIME_DEFECT_NO_BODY = 1 << 7,            /* headers that a boundary or the end cuts off */
    MIME_DEFECT_TYPE = 1 << 8,               /* a Content-Type that is none */
    MIME_DEFECT_ENCODING = 1 << 9,           /* an unknown Content-Transfer-Encoding, or one of a multipart */
    MIME_DEFECT_HEADERS_TOO_LONG = 1 << 10,  /* headers beyond the limits were left out */
    MIME_DEFECT_TOO_DEEP = 1 << 11,          /* not looked into: nested too deep */
    MIME_DEFECT_TOO_MANY = 1 << 12,          /* not looked into: too many parts */
    MIME_DEFECT_BARE_CR = 1 << 13,           /* the message has CR alone as its line end */
    MIME_DEFECT_JUNK = 1 << 14,              /* lines among the headers that are none */
    MIME_DEFECT_BYTE_ORDER_MARK = 1 << 15    /* U+FEFF in front of the message */
};

enum mime_kind {
    MIME_LEAF,         /* content */
    MIME_MULTIPART_OF, /* children between boundaries */
    MIME_MESSAGE_OF    /* one child, the message within message/rfc822 or message/global */
};

/* One entity. Offsets are of the source. */
struct mime_entity {
    uint32_t parent, next, first_child, last_child; /* numbers of entities, MIME_NONE */
    uint32_t child_count;
    uint32_t first_field, field_count;
    uint32_t type, subtype; /* offsets in document->text, lower case, NUL-terminated */
    uint32_t boundary, boundary_size;
    uint16_t depth;
    uint8_t kind;     /* enum mime_kind */
    uint8_t encoding; /* enum content_encoding */
    uint32_t defects; /* of enum mime_defect */
    bool typed;       /* a Content-Type was there and was one */
    uint64_t start;   /* its first header */
    uint64_t body;    /* behind the empty line */
    uint64_t end;     /* behind its last byte; the line end before a boundary is the boundary's (RFC 2046 5.1.1) */
    uint64_t preamble_end, epilogue; /* of a multipart: body..preamble_end, epilogue..end; epilogue 0: none */
};

/* One header field; offsets in document->headers. */
struct mime_field {
    uint32_t name, name_size;
    uint32_t value, value_size; /* behind the colon, folded as it was, without its last line end */
};

struct mime_document {
    struct mime_entity *entities; /* the first is the message; parents stand before children */
    uint32_t entity_count, entity_capacity;
    struct mime_field *fields;
    uint32_t field_count, field_capacity;
    struct mail_buffer headers; /* the bytes of all header blocks */
    struct mail_buffer text;    /* types and boundaries */
    uint64_t size;              /* of the source */
    uint32_t defects;           /* of all entities */
};

/* NULL is allowed. */
void mime_document_free(struct mime_document *document);

/* "text", "plain"; never NULL. */
const char *mime_entity_type(const struct mime_document *document, uint32_t entity);
const char *mime_entity_subtype(const struct mime_document *document, uint32_t entity);
bool mime_entity_is(const struct mime_document *document, uint32_t entity, const char *type, const char *subtype);
/* The number, among all fields, of the entity's first field of that name at or behind `from` (a number among all
   fields; 0 for the first); without regard to case. MIME_NONE. */
uint32_t mime_entity_find_field(const struct mime_document *document, uint32_t entity, const char *name, uint32_t from);
const char *mime_field_name(const struct mime_document *document, uint32_t field, size_t *size);
const char *mime_field_value(const struct mime_document *document, uint32_t field, size_t *size);

/* Append the value as people read it: unfolded, without white space around it, encoded words decoded; bytes that are no
   UTF-8 taken as the entity's charset, else Windows-1252. Valid UTF-8, without CR, LF, NUL. False: memory. */
bool mime_field_decode(struct mail_buffer *out, const struct mime_document *document, uint32_t entity, uint32_t field);
/* The same of the first field of that name; false too when there is none. */
bool mime_entity_header(struct mail_buffer *out, const struct mime_document *document, uint32_t entity,
                        const char *name);
/* Append a parameter of a field, such as charset of Content-Type, in UTF-8. False: there is none, or memory. */
bool mime_entity_parameter(struct mail_buffer *out, const struct mime_document *document, uint32_t entity,
                           const char *header, const char *parameter);
/* Append the file name: filename of Content-Disposition, else name of Content-Type. As the sender gave it: not for a
   file system (mime_file_name.h). False: none, or memory. */
bool mime_entity_file_name(struct mail_buffer *out, const struct mime_document *document, uint32_t entity);
/* Append the lower-case word of Content-Disposition. False: none, or memory. */
bool mime_entity_disposition(struct mail_buffer *out, const struct mime_document *document, uint32_t entity);
/* Names of the bits of a set of defects, one by one: of the lowest one that is set, which is taken out; NULL when none
   is. */
const char *mime_defect_next(uint32_t *defects);

#endif
