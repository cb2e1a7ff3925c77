/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_parser: the bytes of a message, in pieces of any size, to a mime_document.
 *
 * A line is kept only while it may matter: in headers, and in bodies when it begins as a boundary does. All other bytes
 * are looked at once, for line ends, and passed over; where no boundary is open not even that. */
#include "modules/mime/mime_parser.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/mime/mime_entity_type.h"

enum {
    DECISION = 4096,                           /* bytes in which a message shows how it ends its lines */
    DELIMITER_LINE = MIME_BOUNDARY_LIMIT + 512 /* a longer line is no boundary, whatever white space follows */
};

const struct mime_limits mime_limits_default = {
    .depth = MIME_PARSER_DEPTH,
    .entities = 20000,
    .block_bytes = 1 << 20,
    .block_fields = 10000,
    .header_bytes = 16 << 20,
};

/* ---- entities ---- */

static struct mime_entity *entity_at(const struct mime_parser *p, uint32_t number) {
    return &p->document->entities[number];
}

static void note(struct mime_parser *p, uint32_t entity, uint32_t defect) {
    if (entity != MIME_NONE) entity_at(p, entity)->defects |= defect;
    p->document->defects |= defect;
}

/* Begins an entity whose first header comes next. */
static void open_entity(struct mime_parser *p, uint32_t parent, uint64_t start) {
    struct mime_document *d = p->document;
    if (d->entity_count == d->entity_capacity) {
        uint32_t capacity = d->entity_capacity ? d->entity_capacity * 2 : 8;
        struct mime_entity *entities = realloc(d->entities, capacity * sizeof *entities);
        if (entities == NULL) {
            p->failed = true;
            return;
        }
        d->entities = entities;
        d->entity_capacity = capacity;
    }
    uint32_t number = d->entity_count++;
    struct mime_entity *e = &d->entities[number];
    memset(e, 0, sizeof *e);
    e->parent = parent;
    e->next = e->first_child = e->last_child = MIME_NONE;
    e->first_field = d->field_count;
    e->start = e->body = e->end = start;
    if (parent != MIME_NONE) {
        struct mime_entity *above = &d->entities[parent];
        e->depth = (uint16_t)(above->depth + 1);
        if (above->last_child == MIME_NONE) above->first_child = number;
        else d->entities[above->last_child].next = number;
        above->last_child = number;
        above->child_count++;
    }
    p->current = number;
    p->in_headers = true;
    p->suspects = 0;
    p->block_start = d->headers.size;
}

/* Two boundaries one behind the other have no part between them: the part that was begun is taken back. */
static bool take_back(struct mime_parser *p, uint32_t owner) {
    struct mime_document *d = p->document;
    struct mime_entity *above = &d->entities[owner];
    uint32_t number = p->current, before = MIME_NONE;
    if (!p->in_headers || number == 0 || d->entities[number].parent != owner || p->offset != d->entities[number].start)
        return false;
    for (uint32_t i = above->first_child; i != number; i = d->entities[i].next) before = i;
    if (before == MIME_NONE) above->first_child = MIME_NONE;
    else d->entities[before].next = MIME_NONE;
    above->last_child = before;
    above->child_count--;
    d->entity_count--;
    p->current = owner;
    p->in_headers = false;
    return true;
}

/* The body of the current entity begins here; its headers say of what kind it is. */
static void begin_body(struct mime_parser *p, uint64_t body) {
    uint32_t number = p->current;
    struct mime_document *d = p->document;
    uint32_t before = entity_at(p, number)->defects;
    p->in_headers = p->mid_line = p->last_cr = false;
    p->break_size = 0;
    entity_at(p, number)->body = entity_at(p, number)->end = body;
    if (!mime_entity_classify(d, number)) {
        p->failed = true;
        return;
    }
    struct mime_entity *e = entity_at(p, number);
    note(p, number, e->defects & ~before);
    if (e->kind == MIME_LEAF) return;
    bool deep = e->depth + 1u >= p->limits.depth, many = d->entity_count >= p->limits.entities;
    if (deep || many) {
        e->kind = MIME_LEAF;
        note(p, number, deep ? MIME_DEFECT_TOO_DEEP : MIME_DEFECT_TOO_MANY);
        return;
    }
    if (e->kind == MIME_MESSAGE_OF) {
        open_entity(p, number, body);
        return;
    }
    e->preamble_end = body;
    p->bounds[p->bound_count++] = (struct mime_bound){.entity = number, .text = e->boundary, .size = e->boundary_size};
}

/* Everything below and including `from` up to, not including, `to` ends at this offset. */
static void close_entities(struct mime_parser *p, uint32_t from, uint32_t to, uint64_t end) {
    for (uint32_t number = from; number != to && number != MIME_NONE; number = entity_at(p, number)->parent) {
        struct mime_entity *e = entity_at(p, number);
        e->end = end > e->body ? end : e->body;
    }
}

/* ---- boundaries ---- */

enum delimiter { NO_DELIMITER, SEPARATOR, CLOSE };

/* Innermost first; the whole line must be it, so that a boundary that begins another is never taken for that one. */
static enum delimiter find_delimiter(const struct mime_parser *p, const char *line, size_t size, unsigned *level) {
    if (p->bound_count == 0 || size < 2 || line[0] != '-' || line[1] != '-') return NO_DELIMITER;
    while (size > 2 &&
           (line[size - 1] == ' ' || line[size - 1] == '\t' || line[size - 1] == '\r' || line[size - 1] == '\n'))
        size--;
    const char *text = line + 2;
    size -= 2;
    for (unsigned i = p->bound_count; i-- > 0;) {
        const struct mime_bound *bound = &p->bounds[i];
        if (size < bound->size || memcmp(text, p->document->text.data + bound->text, bound->size) != 0) continue;
        *level = i;
        if (size == bound->size) return p->document->entity_count < p->limits.entities ? SEPARATOR : NO_DELIMITER;
        if (size == bound->size + 2 && memcmp(text + bound->size, "--", 2) == 0) return CLOSE;
    }
    return NO_DELIMITER;
}

/* Size of the line without its end. */
static size_t line_text(const struct mime_parser *p, const char *line, size_t size) {
    if (size > 0 && line[size - 1] == p->line_end) size--;
    if (size > 0 && p->line_end == '\n' && line[size - 1] == '\r') size--;
    return size;
}

/* A boundary line of that level, which stands at p->offset. */
static void take_delimiter(struct mime_parser *p, enum delimiter kind, unsigned level, const char *line, size_t size) {
    uint32_t owner = p->bounds[level].entity;
    uint64_t end = p->offset >= p->break_size ? p->offset - p->break_size : 0;
    if (kind == SEPARATOR && p->in_headers && p->offset == entity_at(p, p->current)->start &&
        entity_at(p, p->current)->parent == owner) { /* no part between two boundaries */
        entity_at(p, p->current)->start = p->offset + size;
        return;
    }
    if (kind == CLOSE && take_back(p, owner)) {
        p->break_size = (unsigned)(size - line_text(p, line, size));
        p->bound_count = level;
        entity_at(p, owner)->epilogue = p->offset + size;
        return;
    }
    if (p->in_headers) {
        uint64_t here = p->offset;
        note(p, p->current, MIME_DEFECT_NO_BODY);
        begin_body(p, here);
        end = here;
    }
    for (unsigned i = level + 1; i < p->bound_count; i++) note(p, p->bounds[i].entity, MIME_DEFECT_NOT_CLOSED);
    p->bound_count = level + 1;
    if (p->failed) return;
    if (p->current == owner) { /* of an inner multipart that is at its end current would be that one */
        struct mime_entity *e = entity_at(p, owner);
        e->preamble_end = end > e->body ? end : e->body;
    } else close_entities(p, p->current, owner, end);
    p->current = owner;
    p->in_headers = p->mid_line = p->last_cr = false;
    p->break_size = (unsigned)(size - line_text(p, line, size));
    if (kind == CLOSE) {
        p->bound_count = level;
        entity_at(p, owner)->epilogue = p->offset + size;
    } else open_entity(p, owner, p->offset + size);
    if (p->document->entity_count == p->limits.entities) note(p, owner, MIME_DEFECT_TOO_MANY);
}

/* ---- headers ---- */

static bool is_name_byte(char c) { return c > 32 && c < 127 && c != ':'; }

/* Where the colon is, size when the line is no field. RFC 5322 4.5 lets white space stand before it. */
static size_t find_colon(const char *line, size_t size, size_t *name_size) {
    size_t i = 0;
    while (i < size && is_name_byte(line[i])) i++;
    *name_size = i;
    while (i < size && (line[i] == ' ' || line[i] == '\t')) i++;
    return i < size && line[i] == ':' ? i : size;
}

enum { SUSPECTS_MOST = 16 };

/* Headers that stand in real messages, and hardly at the beginning of a text's line. */
static bool is_usual_name(const char *name, size_t size) {
    static const char *const names[] = {"From",       "To",       "Cc",       "Bcc",        "Subject",
                                        "Date",       "Sender",   "Received", "References", "Organization",
                                        "Precedence", "Comments", "Keywords"};
    if (size > 2 && size < 80 && memchr(name, '-', size)) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == size && strncasecmp(names[i], name, size) == 0) return true;
    return false;
}

/* A line that is no header, in the middle of headers. If more headers follow soon it is what a gateway broke, and is
   passed over; else the empty line is missing and the body has begun here. True: not known yet. */
static bool suspect(struct mime_parser *p, const char *line, size_t size) {
    bool dashes = size > 1 && line[0] == '-' && line[1] == '-'; /* may be the multipart's own boundary */
    if (entity_at(p, p->current)->field_count == 0 || p->suspects >= SUSPECTS_MOST || dashes) return false;
    if (p->suspects++ == 0) p->suspect = p->offset;
    p->break_size = (unsigned)(size - line_text(p, line, size));
    return true;
}

/* The body did begin at the first suspect. */
static void begin_body_at_suspect(struct mime_parser *p) {
    uint64_t body = p->suspect;
    unsigned break_size = p->break_size;
    p->suspects = 0;
    note(p, p->current, MIME_DEFECT_NO_BLANK_LINE);
    begin_body(p, body);
    if (p->in_headers && !p->failed) begin_body(p, body); /* of a message within: it has no headers */
    p->break_size = break_size;
}

static bool begins(const char *line, size_t size, const char *with) {
    size_t length = strlen(with);
    return size >= length && memcmp(line, with, length) == 0;
}

/* Room for that many more bytes of headers? */
static bool header_room(struct mime_parser *p, size_t size) {
    size_t used = p->document->headers.size;
    if (used - p->block_start + size <= p->limits.block_bytes && used + size <= p->limits.header_bytes) return true;
    note(p, p->current, MIME_DEFECT_HEADERS_TOO_LONG);
    return false;
}

static void add_field(struct mime_parser *p, const char *line, size_t size, size_t name_size, size_t colon) {
    struct mime_document *d = p->document;
    struct mime_entity *e = entity_at(p, p->current);
    if (!header_room(p, size)) return;
    if (e->field_count >= p->limits.block_fields) {
        note(p, p->current, MIME_DEFECT_HEADERS_TOO_LONG);
        return;
    }
    if (d->field_count == d->field_capacity) {
        uint32_t capacity = d->field_capacity ? d->field_capacity * 2 : 32;
        struct mime_field *fields = realloc(d->fields, capacity * sizeof *fields);
        if (fields == NULL) {
            p->failed = true;
            return;
        }
        d->fields = fields;
        d->field_capacity = capacity;
    }
    uint32_t at = (uint32_t)d->headers.size;
    d->fields[d->field_count++] = (struct mime_field){.name = at,
                                                      .name_size = (uint32_t)name_size,
                                                      .value = at + (uint32_t)colon + 1,
                                                      .value_size = (uint32_t)(size - colon - 1)};
    e->field_count++;
    mail_buffer_append(&d->headers, line, size);
}

/* A folded line goes on with the last field: its bytes follow that field's in the arena, the line end between them
   included. */
static void add_continuation(struct mime_parser *p, const char *line, size_t size) {
    struct mime_document *d = p->document;
    struct mime_entity *e = entity_at(p, p->current);
    if (e->field_count == 0) {
        note(p, p->current, MIME_DEFECT_STRAY_CONTINUATION);
        return;
    }
    if (!header_room(p, size + 2)) return;
    struct mime_field *field = &d->fields[d->field_count - 1];
    mail_buffer_append(&d->headers, "\r\n", 2);
    mail_buffer_append(&d->headers, line, size);
    field->value_size += (uint32_t)size + 2;
}

/* While it is not known whether the body has begun. True when the line was dealt with, false when it is the body's. */
static bool line_behind_suspect(struct mime_parser *p, const char *line, size_t size) {
    unsigned level;
    bool content = line_text(p, line, size) > 0 && find_delimiter(p, line, size, &level) == NO_DELIMITER;
    if (content && suspect(p, line, size)) return true;
    begin_body_at_suspect(p);
    return false;
}

/* A whole line of headers. False when it is the first line of the body. */
static bool one_header_line(struct mime_parser *p, const char *line, size_t size) {
    uint64_t behind = p->offset + size;
    unsigned level;
    struct mime_entity *e = entity_at(p, p->current);
    if (p->offset == 0 && begins(line, size, "\xEF\xBB\xBF")) {
        note(p, 0, MIME_DEFECT_BYTE_ORDER_MARK);
        line += 3, size -= 3;
    }
    size_t text = line_text(p, line, size), name_size, colon = find_colon(line, text, &name_size);
    bool field = colon < text && name_size > 0;
    if (p->suspects > 0 && !(field && is_usual_name(line, name_size))) return line_behind_suspect(p, line, size);
    if (p->suspects > 0) {
        p->suspects = 0;
        note(p, p->current, MIME_DEFECT_JUNK);
    }
    if (text == 0) {
        begin_body(p, behind);
        return true;
    }
    enum delimiter delimiter = find_delimiter(p, line, size, &level);
    if (delimiter != NO_DELIMITER) take_delimiter(p, delimiter, level, line, size);
    else if (line[0] == ' ' || line[0] == '\t') add_continuation(p, line, text);
    else if (field) add_field(p, line, text, name_size, colon);
    else if (colon < text) note(p, p->current, MIME_DEFECT_NAMELESS_FIELD);
    else {
        bool top = e->parent == MIME_NONE || entity_at(p, e->parent)->kind == MIME_MESSAGE_OF;
        if (begins(line, text, ">From ") || (top && e->field_count == 0 && begins(line, text, "From ")))
            note(p, p->current, MIME_DEFECT_MBOX_FROM);
        else if (!suspect(p, line, size)) {
            note(p, p->current, MIME_DEFECT_NO_BLANK_LINE);
            begin_body(p, p->offset);
            return false;
        }
    }
    return true;
}

/* A whole line of a body, at p->offset. */
static void body_line(struct mime_parser *p, const char *line, size_t size) {
    unsigned level;
    enum delimiter delimiter = find_delimiter(p, line, size, &level);
    if (delimiter != NO_DELIMITER) take_delimiter(p, delimiter, level, line, size);
    else {
        p->break_size = (unsigned)(size - line_text(p, line, size));
        p->mid_line = size == 0 || line[size - 1] != p->line_end;
        p->last_cr = size > 0 && line[size - 1] == '\r';
    }
}

/* A whole line, at p->offset, which is then behind it. What has no blank line may be a message/rfc822, in whose headers
   the same line is looked at again. */
static void whole_line(struct mime_parser *p, const char *line, size_t size) {
    bool dealt = false;
    while (!dealt && p->in_headers && !p->failed) dealt = one_header_line(p, line, size);
    if (!dealt && !p->failed) body_line(p, line, size);
    p->offset += size;
}

/* ---- lines ---- */

/* Takes what is left of a header line that began in carry or here. Returns the bytes taken. */
static size_t feed_headers(struct mime_parser *p, const char *bytes, size_t size) {
    const char *end = memchr(bytes, p->line_end, size);
    size_t taken = end ? (size_t)(end - bytes) + 1 : size;
    if (p->drop) {
        p->offset += taken;
        p->drop = end == NULL;
        return taken;
    }
    if (p->carry.size == 0 && end) {
        whole_line(p, bytes, taken);
        return taken;
    }
    mail_buffer_append(&p->carry, bytes, taken);
    bool overlong = !end && p->carry.size > p->limits.block_bytes;
    if (!end && !overlong) return taken;
    whole_line(p, p->carry.data, p->carry.size);
    p->carry.size = 0;
    if (overlong && p->in_headers) {
        note(p, p->current, MIME_DEFECT_HEADERS_TOO_LONG);
        p->drop = true;
    }
    return taken;
}

/* Passes over lines that do not begin with a hyphen. Returns the bytes taken; all of them unless a line that may be a
   boundary begins behind. */
static size_t skip_lines(struct mime_parser *p, const char *bytes, size_t size) {
    const char *q = bytes, *limit = bytes + size, *last = NULL;
    bool mid_line = p->mid_line;
    while (q < limit && (mid_line || *q != '-')) {
        const char *end = memchr(q, p->line_end, (size_t)(limit - q));
        mid_line = end == NULL;
        if (mid_line) {
            q = limit;
            break;
        }
        last = end;
        q = end + 1;
    }
    if (last) {
        bool cr = last > bytes ? last[-1] == '\r' : p->last_cr;
        p->break_size = p->line_end == '\n' && cr ? 2 : 1;
    }
    p->mid_line = mid_line;
    if (q > bytes) p->last_cr = q[-1] == '\r';
    p->offset += (size_t)(q - bytes);
    return (size_t)(q - bytes);
}

static size_t feed_body(struct mime_parser *p, const char *bytes, size_t size) {
    if (p->bound_count == 0) { /* nothing ends this body but the end */
        p->offset += size;
        return size;
    }
    if (p->mid_line || (p->carry.size == 0 && *bytes != '-')) return skip_lines(p, bytes, size);
    const char *end = memchr(bytes, p->line_end, size);
    size_t taken = end ? (size_t)(end - bytes) + 1 : size;
    if (p->carry.size == 0 && end) {
        whole_line(p, bytes, taken);
        return taken;
    }
    size_t room = DELIMITER_LINE > p->carry.size ? DELIMITER_LINE - p->carry.size : 0;
    if (taken > room) {
        taken = room;
        end = NULL;
    }
    mail_buffer_append(&p->carry, bytes, taken);
    bool hopeless = p->carry.size >= DELIMITER_LINE || (p->carry.size > 1 && p->carry.data[1] != '-');
    if (!end && !hopeless) return taken;
    if (end) whole_line(p, p->carry.data, p->carry.size);
    else {
        p->offset += p->carry.size;
        p->mid_line = true;
        p->last_cr = p->carry.data[p->carry.size - 1] == '\r';
    }
    p->carry.size = 0;
    return taken;
}

static void feed_lines(struct mime_parser *p, const char *bytes, size_t size) {
    while (size > 0 && !p->failed) {
        size_t taken = p->in_headers ? feed_headers(p, bytes, size) : feed_body(p, bytes, size);
        bytes += taken;
        size -= taken;
    }
    if (p->carry.failed || p->document->headers.failed || p->document->text.failed) p->failed = true;
}

/* ---- the whole ---- */

void mime_parser_init(struct mime_parser *p, const struct mime_limits *limits) {
    memset(p, 0, offsetof(struct mime_parser, bounds));
    memset(&p->bound_count, 0, sizeof *p - offsetof(struct mime_parser, bound_count));
    p->limits = limits ? *limits : mime_limits_default;
    if (p->limits.depth > MIME_PARSER_DEPTH) p->limits.depth = MIME_PARSER_DEPTH;
    p->line_end = '\n';
    p->document = calloc(1, sizeof *p->document);
    p->failed = p->document == NULL;
    if (!p->failed) open_entity(p, MIME_NONE, 0);
}

/* Messages with CR alone (from old Macs, and once through a bad converter) show it at once; in all others a bare CR is
   content, because what ends a line for one reader and not for another lets headers be smuggled. */
static void decide(struct mime_parser *p) {
    struct mail_buffer first = p->carry;
    p->carry = (struct mail_buffer){0};
    p->decided = true;
    if (!memchr(first.data, '\n', first.size) && memchr(first.data, '\r', first.size - 1)) {
        p->line_end = '\r';
        note(p, 0, MIME_DEFECT_BARE_CR);
    }
    feed_lines(p, first.data, first.size);
    mail_buffer_free(&first);
}

void mime_parser_feed(struct mime_parser *p, const char *bytes, size_t size) {
    if (p->failed || size == 0) return;
    p->document->size += size;
    if (!p->decided) {
        size_t room = DECISION - p->carry.size, count = size < room ? size : room;
        bool shown = memchr(bytes, '\n', count) != NULL;
        if (p->carry.size == 0 && shown) p->decided = true;
        else {
            mail_buffer_append(&p->carry, bytes, count);
            if (p->carry.failed) p->failed = true;
            else if (shown || p->carry.size == DECISION) decide(p);
            bytes += count;
            size -= count;
        }
    }
    if (size > 0) feed_lines(p, bytes, size);
}

/* A multipart of which no part was found is a leaf: its content is all there is. */
static void settle(struct mime_parser *p) {
    for (uint32_t i = 0; i < p->document->entity_count; i++) {
        struct mime_entity *e = entity_at(p, i);
        if (e->kind != MIME_MULTIPART_OF || e->child_count > 0) continue;
        e->kind = MIME_LEAF;
        note(p, i, MIME_DEFECT_BOUNDARY_NOT_FOUND);
    }
}

struct mime_document *mime_parser_finish(struct mime_parser *p) {
    if (!p->failed && !p->decided && p->carry.size > 0) decide(p);
    if (!p->failed) {
        if (p->carry.size > 0) whole_line(p, p->carry.data, p->carry.size); /* which the end cut off */
        p->carry.size = 0;
        if (p->suspects > 0) begin_body_at_suspect(p);
        if (p->in_headers && !p->failed) {
            if (p->current != 0 || p->document->size > 0) note(p, p->current, MIME_DEFECT_NO_BODY);
            begin_body(p, p->document->size);
        }
    }
    if (p->failed || p->document->headers.failed || p->document->text.failed) {
        mime_parser_abandon(p);
        return NULL;
    }
    close_entities(p, p->current, MIME_NONE, p->document->size);
    for (unsigned i = 0; i < p->bound_count; i++) note(p, p->bounds[i].entity, MIME_DEFECT_NOT_CLOSED);
    settle(p);
    struct mime_document *document = p->document;
    p->document = NULL;
    mime_parser_abandon(p);
    return document;
}

void mime_parser_abandon(struct mime_parser *p) {
    mime_document_free(p->document);
    mail_buffer_free(&p->carry);
    p->document = NULL;
    p->failed = true;
}

struct mime_document *mime_parse(const char *bytes, size_t size) {
    struct mime_parser parser;
    mime_parser_init(&parser, NULL);
    mime_parser_feed(&parser, bytes, size);
    return mime_parser_finish(&parser);
}
