/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_content: message content as it goes between "354" and the final dot (RFC 5321 4.5.2). */
#include "modules/protocol/smtp_content.h"

#include <stdint.h>
#include <string.h>

void smtp_content_writer_init(smtp_content_writer *writer) {
    *writer = (smtp_content_writer){.line_start = true, .after_cr = false};
}

bool smtp_content_write(smtp_content_writer *writer, smtp_buffer *out, const char *bytes, size_t length) {
    if (length == 0) return true;
    /* Each octet becomes at most two (a dot, or a bare CR or LF), and a CR held back may come before them. */
    if (length > SIZE_MAX / 8) return false;
    char *start = smtp_buffer_reserve(out, 2 * length + 2);
    if (start == NULL) return false;
    char *to = start;
    const char *from = bytes, *end = bytes + length;
    if (writer->after_cr) { /* was it the CR of a CRLF, or a bare one? */
        writer->after_cr = false;
        writer->line_start = true;
        *to++ = '\r';
        *to++ = '\n';
        if (*from == '\n') from++;
    }
    while (from < end) {
        if (writer->line_start && *from == '.') *to++ = '.';
        const char *line_feed = memchr(from, '\n', (size_t)(end - from));
        const char *line_end = line_feed ? line_feed : end;
        const char *carriage_return = memchr(from, '\r', (size_t)(line_end - from));
        if (carriage_return == NULL) {
            size_t text = (size_t)(line_end - from);
            memcpy(to, from, text);
            to += text;
            writer->line_start = line_feed != NULL;
            if (line_feed != NULL) {
                *to++ = '\r';
                *to++ = '\n';
            }
            from = line_feed ? line_feed + 1 : end;
            continue;
        }
        size_t text = (size_t)(carriage_return - from);
        memcpy(to, from, text);
        to += text;
        from = carriage_return + 1;
        writer->line_start = false;
        if (from == end) {
            writer->after_cr = true;
            break;
        }
        *to++ = '\r';
        *to++ = '\n';
        writer->line_start = true;
        if (*from == '\n') from++;
    }
    out->end += (size_t)(to - start);
    return true;
}

bool smtp_content_end(smtp_content_writer *writer, smtp_buffer *out) {
    bool whole = writer->line_start && !writer->after_cr;
    if (!(whole ? smtp_buffer_append(out, ".\r\n", 3) : smtp_buffer_append(out, "\r\n.\r\n", 5))) return false;
    smtp_content_writer_init(writer);
    return true;
}
