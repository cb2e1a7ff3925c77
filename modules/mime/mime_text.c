/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_text: decoded bytes of a text part as text to show. */
#include "modules/mime/mime_text.h"

#include <string.h>
#include <strings.h>

#include "modules/coding/charset.h"
#include "modules/coding/utf8_text.h"

/* ---- character sets ---- */

static bool same(const char *name, size_t size, const char *wanted) {
    return strlen(wanted) == size && strncasecmp(name, wanted, size) == 0;
}

static bool has_c1(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] >= 0x80 && (unsigned char)bytes[i] < 0xA0) return true;
    return false;
}

void mime_text_convert(struct mail_buffer *out, const char *charset, size_t charset_size, const char *bytes,
                       size_t size) {
    while (charset_size > 0 && (charset[0] == ' ' || charset[0] == '\'')) charset++, charset_size--;
    while (charset_size > 0 && (charset[charset_size - 1] == ' ' || charset[charset_size - 1] == '\'')) charset_size--;
    bool latin = same(charset, charset_size, "iso-8859-1") || same(charset, charset_size, "latin1");
    bool ascii = charset_size == 0 || same(charset, charset_size, "us-ascii") || same(charset, charset_size, "ascii");
    if (!ascii && !(latin && has_c1(bytes, size)) && charset_to_utf8(out, charset, charset_size, bytes, size)) return;
    if (!latin && utf8_text_is_valid(bytes, size)) mail_buffer_append(out, bytes, size);
    else if (!charset_to_utf8(out, "windows-1252", 12, bytes, size)) charset_to_utf8(out, "latin1", 6, bytes, size);
}

size_t mime_text_line_ends(char *text, size_t size) {
    char *cr = size ? memchr(text, '\r', size) : NULL;
    if (cr == NULL) return size;
    size_t to = (size_t)(cr - text);
    for (size_t i = to; i < size; i++) {
        if (text[i] != '\r') text[to++] = text[i];
        else if (i + 1 == size || text[i + 1] != '\n') text[to++] = '\n';
    }
    return to;
}

/* ---- format=flowed ---- */

struct flow_line {
    const char *text; /* unstuffed, without quote marks and line end */
    size_t size;
    unsigned quotes;
    bool flowed, signature;
};

static void read_line(struct flow_line *line, const char *text, size_t size) {
    unsigned quotes = 0;
    while (size > 0 && *text == '>') quotes++, text++, size--;
    if (size > 0 && *text == ' ') text++, size--; /* space-stuffed: 4.4 */
    line->text = text;
    line->size = size;
    line->quotes = quotes;
    line->signature = size == 3 && memcmp(text, "-- ", 3) == 0; /* 4.3: it ends with a space, but is not flowed */
    line->flowed = size > 0 && text[size - 1] == ' ' && !line->signature;
}

void mime_text_unflow(struct mail_buffer *out, const char *text, size_t size, bool delete_space) {
    struct flow_line line;
    bool open = false; /* a paragraph goes on in the next line */
    unsigned quotes = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = (end ? (size_t)(end - text) : size) - at;
        read_line(&line, text + at, length);
        at += length + (end != NULL);
        if (open && (line.quotes != quotes || line.signature)) { /* 4.5: improperly ended, ends here */
            mail_buffer_append_char(out, '\n');
            open = false;
        }
        if (!open && line.quotes > 0) {
            for (unsigned i = 0; i < line.quotes; i++) mail_buffer_append_char(out, '>');
            mail_buffer_append_char(out, ' ');
        }
        quotes = line.quotes;
        mail_buffer_append(out, line.text, line.size - (line.flowed && delete_space ? 1 : 0));
        open = line.flowed;
        if (!open && end) mail_buffer_append_char(out, '\n');
    }
}

enum { FLOW_WIDTH = 72 }; /* characters of a line, its space at the end included */

static size_t characters(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* One paragraph, without its line end. `quotes` bytes of it are ">". */
static void flow_paragraph(struct mail_buffer *out, const char *text, size_t size) {
    size_t quotes = 0;
    while (quotes < size && text[quotes] == '>') quotes++;
    const char *body = text + quotes;
    size_t left = size - quotes;
    if (quotes > 0 && left > 0 && *body == ' ') body++, left--;
    bool signature = left == 3 && memcmp(body, "-- ", 3) == 0;
    /* A line that is meant to end here must not end with a space. */
    while (!signature && left > 0 && body[left - 1] == ' ') left--;
    do {
        size_t take = left, used = 0, columns = 0;
        bool wide = characters(body, left) + quotes > FLOW_WIDTH;
        for (size_t i = 0; wide && i < left; i++) {
            columns += ((unsigned char)body[i] & 0xC0) != 0x80;
            if (body[i] != ' ' || i + 1 == left) continue;
            if (used > 0 && columns + quotes > FLOW_WIDTH) break;
            used = i + 1;
        }
        if (wide && used > 0) take = used;
        mail_buffer_append(out, text, quotes);
        bool stuff =
            quotes > 0 || (take > 0 && (*body == ' ' || *body == '>')) || (take >= 5 && memcmp(body, "From ", 5) == 0);
        if (stuff && (take > 0 || quotes == 0)) mail_buffer_append_char(out, ' ');
        mail_buffer_append(out, body, take);
        body += take;
        left -= take;
        if (left > 0) mail_buffer_append_char(out, '\n');
    } while (left > 0);
}

void mime_text_flow(struct mail_buffer *out, const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = (end ? (size_t)(end - text) : size) - at;
        size_t shown = length > 0 && text[at + length - 1] == '\r' ? length - 1 : length;
        flow_paragraph(out, text + at, shown);
        if (end) mail_buffer_append_char(out, '\n');
        at += length + (end != NULL);
    }
}
