/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_canonical: see the header; the rules are RFC 6376 3.4.1 to 3.4.4. */
#include "modules/dkim/dkim_canonical.h"

#include <stdlib.h>
#include <string.h>

static bool is_space(char c) { return c == ' ' || c == '\t'; }

/* ---- body ---- */

void dkim_body_init(struct dkim_body *body, bool relaxed, uint64_t limit, dkim_sink sink, void *context) {
    memset(body, 0, sizeof *body);
    body->relaxed = relaxed;
    body->limit = limit;
    body->sink = sink;
    body->context = context;
}

static void flush(struct dkim_body *body) {
    uint64_t room = body->limit - body->written;
    size_t size = body->used < room ? body->used : (size_t)room;
    if (size > 0) body->sink(body->context, body->buffer, size);
    body->written += size;
    body->used = 0;
}

static void put(struct dkim_body *body, char c) {
    if (body->used == sizeof body->buffer) flush(body);
    body->buffer[body->used++] = c;
}

static void put_line_end(struct dkim_body *body) {
    put(body, '\r');
    put(body, '\n');
}

static void character(struct dkim_body *body, char c) {
    if (body->relaxed && is_space(c)) {
        body->pending_space = true;
        return;
    }
    for (; body->open_lines > 0; body->open_lines--) put_line_end(body);
    if (body->pending_space) put(body, ' ');
    body->pending_space = false;
    body->in_line = true;
    put(body, c);
}

static void line_end(struct dkim_body *body) {
    body->pending_space = false; /* relaxed: white space at a line's end does not count */
    if (body->in_line) put_line_end(body);
    else body->open_lines++;
    body->in_line = false;
}

/* Ordinary bytes in one go; how many there were. */
static size_t run_of(struct dkim_body *body, const char *bytes, size_t size) {
    if (!body->in_line || body->pending_space || body->pending_cr) return 0;
    size_t room = sizeof body->buffer - body->used, count = 0;
    if (size > room) size = room;
    while (count < size && bytes[count] != '\r' && !(body->relaxed && is_space(bytes[count]))) count++;
    memcpy(body->buffer + body->used, bytes, count);
    body->used += count;
    return count;
}

void dkim_body_update(struct dkim_body *body, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        i += run_of(body, bytes + i, size - i);
        if (i == size) return;
        char c = bytes[i];
        if (body->pending_cr) {
            body->pending_cr = false;
            if (c == '\n') {
                line_end(body);
                continue;
            }
            character(body, '\r');
        }
        if (c == '\r') body->pending_cr = true;
        else character(body, c);
    }
}

void dkim_body_finish(struct dkim_body *body) {
    if (body->pending_cr) character(body, '\r');
    body->pending_cr = false;
    if (body->in_line) put_line_end(body); /* 3.4.3: added when it is missing */
    else if (!body->relaxed && body->written + body->used == 0) put_line_end(body); /* a simple body is never empty */
    flush(body);
}

/* ---- header ---- */

struct header_field *dkim_fields(const char *text, size_t size, size_t *count, size_t *body) {
    struct header_field *fields = NULL, field;
    size_t capacity = 0;
    *count = *body = 0;
    while (header_field_next(text, size, body, &field)) {
        if (*count == capacity && *count < DKIM_FIELDS_MAX) {
            capacity = capacity ? capacity * 2 : 32;
            struct header_field *more = realloc(fields, capacity * sizeof *more);
            if (more == NULL) return free(fields), NULL;
            fields = more;
        }
        if (*count < DKIM_FIELDS_MAX) fields[(*count)++] = field;
    }
    return fields ? fields : malloc(sizeof *fields);
}

static void append_relaxed(struct mail_buffer *out, const struct header_field *field) {
    for (size_t i = 0; i < field->name_size; i++) {
        char c = field->text[i];
        mail_buffer_append_char(out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
    mail_buffer_append_char(out, ':');
    size_t i = field->name_size;
    while (i < field->size && field->text[i] != ':') i++;
    bool space = false, begun = false;
    for (i++; i < field->size; i++) {
        char c = field->text[i];
        if (c == '\r' || c == '\n') continue; /* unfolded; what follows is white space */
        if (is_space(c)) {
            space = true;
            continue;
        }
        if (space && begun) mail_buffer_append_char(out, ' ');
        space = false;
        begun = true;
        mail_buffer_append_char(out, c);
    }
}

void dkim_field_canonical(struct mail_buffer *out, const struct header_field *field, bool relaxed) {
    if (relaxed) append_relaxed(out, field);
    else {
        size_t size = field->size;
        if (size > 0 && field->text[size - 1] == '\n') size--;
        if (size > 0 && field->text[size - 1] == '\r') size--;
        mail_buffer_append(out, field->text, size);
    }
    mail_buffer_append(out, "\r\n", 2);
}
