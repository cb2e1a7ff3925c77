/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_parameter: the `; name=value` parameters of MIME headers, with RFC 2231 character sets and continuations. */
#include "modules/header/header_parameter.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/charset.h"
#include "modules/header/header_class.h"
#include "modules/header/header_text.h"
#include "modules/coding/utf8_text.h"

#define VALUE_LIMIT 65536 /* of a parameter's value, bytes */
#define SECTION_LIMIT 256 /* RFC 2231 3 sections that are written and read */
#define LINE_LIMIT 75     /* " name=value" on its line, before a ";" */

static const char hex[] = "0123456789ABCDEF";

/* Whether a value needs no quotes. RFC 2045 5.1 would allow * ' and % too, but readers that know RFC 2231 take them for
   its marks: Python's email ends a bare word at a * and loses an apostrophe in it. */
static bool is_plain_value(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (!header_is(text[i], HEADER_ATTRIBUTE)) return false;
    return size > 0;
}

bool header_token_is_valid(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (!header_is(text[i], HEADER_TOKEN)) return false;
    }
    return size > 0;
}

static size_t escaped_width(unsigned char c, bool extended) {
    if (extended) return header_is((char)c, HEADER_ATTRIBUTE) ? 1 : 3;
    return c == '"' || c == '\\' ? 2 : 1;
}

static void append_escaped(struct mail_buffer *out, const char *text, size_t size, bool extended) {
    if (!extended && memchr(text, '"', size) == NULL && memchr(text, '\\', size) == NULL) {
        mail_buffer_append(out, text, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (extended && !header_is((char)c, HEADER_ATTRIBUTE)) {
            char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
            mail_buffer_append(out, escape, 3);
        } else {
            if (!extended && (c == '"' || c == '\\')) mail_buffer_append_char(out, '\\');
            mail_buffer_append_char(out, (char)c);
        }
    }
}

/* One piece of a parameter; section -1: not cut into sections. */
static void append_piece(struct mail_buffer *out, size_t *column, const char *name, int section, const char *text,
                         size_t size, bool extended, bool token) {
    char label[96];
    size_t start = out->size, width = 0, label_size = strlen(name);
    for (size_t i = 0; i < size; i++) width += escaped_width((unsigned char)text[i], extended);
    memcpy(label, name, label_size); /* at most 40 bytes */
    if (section >= 0) label_size += (size_t)snprintf(label + label_size, sizeof label - label_size, "*%d", section);
    if (extended) label[label_size++] = '*';
    label[label_size++] = '=';
    const char *charset = extended && section <= 0 ? "UTF-8''" : "";
    width += label_size + strlen(charset) + (extended || token ? 0 : 2);
    mail_buffer_append_char(out, ';');
    if (*column + 2 + width > HEADER_LINE_SOFT) {
        mail_buffer_append(out, "\r\n", 2);
        start = out->size;
        *column = 0;
    }
    mail_buffer_append_char(out, ' ');
    mail_buffer_append(out, label, label_size);
    mail_buffer_append_string(out, charset);
    if (!extended && !token) mail_buffer_append_char(out, '"');
    append_escaped(out, text, size, extended);
    if (!extended && !token) mail_buffer_append_char(out, '"');
    *column += out->size - start;
}

/* charset=us-ascii and its like: name and value need nothing and fit the line. False, and nothing is written, if not.
 */
static bool write_short(struct mail_buffer *out, size_t *column, const char *name, const char *value, size_t size) {
    size_t name_size = 0, i = 0;
    while (header_is(name[name_size], HEADER_ATTRIBUTE)) name_size++;
    while (i < size && header_is(value[i], HEADER_ATTRIBUTE)) i++;
    size_t width = 2 + name_size + 1 + size;
    bool fits = size <= LINE_LIMIT && name_size <= 40 && *column + width <= HEADER_LINE_SOFT &&
                name_size + 3 + size <= LINE_LIMIT;
    if (name[name_size] != '\0' || name_size == 0 || size == 0 || i < size || !fits) return false;
    char *to = mail_buffer_reserve(out, width);
    if (to == NULL) return false;
    memcpy(to, "; ", 2);
    memcpy(to + 2, name, name_size);
    to[2 + name_size] = '=';
    memcpy(to + 3 + name_size, value, size);
    out->size += width;
    *column += width;
    return true;
}

enum mail_status header_write_parameter(struct mail_buffer *out, size_t *column, const char *name, const char *value,
                                        size_t size, struct mail_error *error) {
    struct mail_buffer repaired = {0};
    if (write_short(out, column, name, value, size)) return MAIL_OK;
    size_t name_size = strlen(name);
    if (!header_token_is_valid(name, name_size) || name_size > 40 || strpbrk(name, "*'%")) {
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no parameter name", name);
    }
    if (size > VALUE_LIMIT)
        return mail_error_set(error, MAIL_TOO_LONG, 0, "parameter %s is longer than 65536 bytes", name);
    bool extended = false;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c == '\r' || c == '\n' || c == '\0') {
            return mail_error_set(error, MAIL_CONTROL_CHARACTER, i, "%s in parameter %s at byte %zu",
                                  c == '\0' ? "NUL" : "line break", name, i);
        }
        /* What looks like an encoded word would be decoded by many readers, quotes or not. */
        if (c < 32 || c > 126 || (c == '=' && i + 1 < size && value[i + 1] == '?')) extended = true;
    }
    if (!utf8_text_is_valid(value, size)) {
        utf8_text_repair(&repaired, value, size);
        if (repaired.failed) {
            mail_buffer_free(&repaired);
            return mail_error_no_memory(error);
        }
        value = repaired.data;
        size = repaired.size;
    }
    bool token = !extended && is_plain_value(value, size);
    size_t width = name_size + 2 + (extended ? 9 : token ? 1 : 3);
    for (size_t i = 0; i < size; i++) width += escaped_width((unsigned char)value[i], extended);
    if (width <= LINE_LIMIT) {
        append_piece(out, column, name, -1, value, size, extended, token);
    } else {
        /* Room for the content of a line beside " name*255*=UTF-8''" or its quotes, taken as the same for each. */
        size_t room = LINE_LIMIT - name_size - 17;
        int section = 0;
        size_t before = out->size;
        for (size_t i = 0; i < size; section++) {
            if (section == SECTION_LIMIT) {
                out->size = before;
                mail_buffer_free(&repaired);
                return mail_error_set(error, MAIL_TOO_LONG, i, "parameter %s takes more than %d lines", name,
                                      SECTION_LIMIT);
            }
            size_t end = i, used = 0;
            while (end < size) {
                size_t length = utf8_text_character(value + end, size - end), wide = 0;
                for (size_t k = 0; k < length; k++) wide += escaped_width((unsigned char)value[end + k], extended);
                if (used + wide > room) break;
                used += wide;
                end += length;
            }
            append_piece(out, column, name, section, value + i, end - i, extended, false);
            i = end;
        }
    }
    mail_buffer_free(&repaired);
    return out->failed ? mail_error_no_memory(error) : MAIL_OK;
}

/* --- reading --- */

struct piece {
    const char *text; /* inside the quotes, if quoted */
    size_t size;
    bool present, extended, quoted;
};

static size_t skip_blanks(const char *text, size_t size, size_t i) {
    unsigned depth = 0;
    for (; i < size; i++) {
        char c = text[i];
        if (c == '(') depth++;
        else if (c == ')' && depth > 0) depth--;
        else if (c == '\\' && depth > 0) i++;
        else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') break;
    }
    return i < size ? i : size;
}

/* The end of the quoted string that begins at i: the offset of its closing quote, or size. */
static size_t quoted_end(const char *text, size_t size, size_t i) {
    for (i++; i < size && text[i] != '"'; i++) {
        if (text[i] == '\\') i++;
    }
    return i < size ? i : size;
}

/* To the next semicolon outside quotes and comments. */
static size_t next_parameter(const char *text, size_t size, size_t i) {
    while (i < size && text[i] != ';') {
        if (text[i] == '"') {
            i = quoted_end(text, size, i);
            if (i < size) i++;
        } else if (text[i] == '(') {
            size_t after = skip_blanks(text, size, i);
            i = after > i ? after : i + 1;
        } else {
            i++;
        }
    }
    return i;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

static void append_unquoted(struct mail_buffer *out, const struct piece *piece) {
    for (size_t i = 0; i < piece->size; i++) {
        char c = piece->text[i];
        if (c == '\\' && piece->quoted && i + 1 < piece->size) c = piece->text[++i];
        if (c != '\r' && c != '\n') mail_buffer_append_char(out, c); /* folding inside a quoted string */
    }
}

static void append_percent(struct mail_buffer *out, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        int high = i + 2 < size && text[i] == '%' ? hex_value(text[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            mail_buffer_append_char(out, (char)(high << 4 | low));
            i += 2;
        } else {
            mail_buffer_append_char(out, text[i]);
        }
    }
}

/* RFC 2231 4: charset'language'percent-encoded. Returns where the value begins, and the charset. */
static size_t split_charset(const struct piece *piece, const char **charset, size_t *charset_size) {
    const char *first = piece->size > 0 ? memchr(piece->text, '\'', piece->size) : NULL;
    const char *second = first ? memchr(first + 1, '\'', piece->size - (size_t)(first - piece->text) - 1) : NULL;
    *charset = "utf-8";
    *charset_size = 5;
    if (second == NULL) return 0;
    if (first > piece->text) {
        *charset = piece->text;
        *charset_size = (size_t)(first - piece->text);
    }
    return (size_t)(second - piece->text) + 1;
}

/* Line breaks and NUL must not come out of an escape: names are put into other headers and into file systems. */
static void append_safe(struct mail_buffer *out, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool bad = text[i] == '\r' || text[i] == '\n' || text[i] == '\0';
        if (bad) utf8_text_append(out, 0xFFFD);
        else mail_buffer_append_char(out, text[i]);
    }
}

/* The sections 0, 1, 2 ... up to the first gap, joined. */
static void join_sections(struct mail_buffer *out, const struct piece *pieces, size_t count) {
    struct mail_buffer bytes = {0}, converted = {0};
    const char *charset = "utf-8";
    size_t charset_size = 5, start = 0;
    if (pieces[0].extended) start = split_charset(&pieces[0], &charset, &charset_size);
    for (size_t i = 0; i < count && pieces[i].present; i++) {
        size_t skip = i == 0 ? start : 0;
        if (pieces[i].extended) append_percent(&bytes, pieces[i].text + skip, pieces[i].size - skip);
        else append_unquoted(&bytes, &pieces[i]);
    }
    if (bytes.size > 0) {
        if (!charset_to_utf8(&converted, charset, charset_size, bytes.data, bytes.size)) {
            utf8_text_repair(&converted, bytes.data, bytes.size);
        }
        append_safe(out, converted.data, converted.size);
    }
    if (bytes.failed || converted.failed) out->failed = true;
    mail_buffer_free(&bytes);
    mail_buffer_free(&converted);
}

/* The suffix of a parameter name behind the attribute: "", "*", "*N", "*N*". Section -1 for the first two; false if it
 * is none. */
static bool parse_suffix(const char *text, size_t size, int *section, bool *extended) {
    *section = -1;
    *extended = size > 0 && text[size - 1] == '*';
    if (size <= 1) return size == 0 || *extended;
    if (text[0] != '*') return false;
    size_t end = *extended ? size - 1 : size;
    if (end == 1 || end > 4) return false;
    *section = 0;
    for (size_t i = 1; i < end; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *section = *section * 10 + (text[i] - '0');
    }
    return *section < SECTION_LIMIT;
}

bool header_read_parameter(struct mail_buffer *out, const char *header, size_t size, const char *name) {
    struct piece sections[SECTION_LIMIT], plain = {0}, extended_piece = {0};
    size_t name_size = strlen(name), i = next_parameter(header, size, 0);
    memset(sections, 0, sizeof sections);
    while (i < size) {
        i = skip_blanks(header, size, i + 1);
        size_t start = i, section_start;
        while (i < size && header_is(header[i], HEADER_TOKEN)) i++;
        size_t label_size = i - start;
        i = skip_blanks(header, size, i);
        if (i >= size || header[i] != '=') {
            i = next_parameter(header, size, i);
            continue;
        }
        i = skip_blanks(header, size, i + 1);
        struct piece piece = {.present = true};
        if (i < size && header[i] == '"') {
            size_t end = quoted_end(header, size, i);
            piece.quoted = true;
            piece.text = header + i + 1;
            piece.size = end - i - 1;
            i = end < size ? end + 1 : end;
        } else {
            size_t end = i;
            while (end < size && header[end] != ';') end++;
            piece.text = header + i;
            piece.size = end - i;
            i = end;
            /* Unquoted values with spaces are wrong, but common: take all but white space at the end. */
            while (piece.size > 0 && strchr(" \t\r\n", piece.text[piece.size - 1])) piece.size--;
        }
        i = next_parameter(header, size, i);
        section_start = start + name_size;
        if (label_size < name_size || strncasecmp(header + start, name, name_size) != 0) continue;
        int section;
        if (!parse_suffix(header + section_start, label_size - name_size, &section, &piece.extended)) continue;
        struct piece *place = section >= 0 ? &sections[section] : piece.extended ? &extended_piece : &plain;
        if (!place->present) *place = piece; /* the first one counts */
    }
    if (extended_piece.present) {
        join_sections(out, &extended_piece, 1);
    } else if (sections[0].present) {
        join_sections(out, sections, SECTION_LIMIT);
    } else if (plain.present) {
        struct mail_buffer bytes = {0};
        append_unquoted(&bytes, &plain);
        if (bytes.size > 0) header_text_decode(out, bytes.data, bytes.size);
        if (bytes.failed) out->failed = true;
        mail_buffer_free(&bytes);
    } else {
        return false;
    }
    return !out->failed;
}

bool header_next_parameter(const char *header, size_t size, size_t *position, const char **name, size_t *name_size) {
    for (size_t i = next_parameter(header, size, *position); i < size; i = next_parameter(header, size, i)) {
        i = skip_blanks(header, size, i + 1);
        size_t start = i;
        while (i < size && header_is(header[i], HEADER_TOKEN)) i++;
        const char *star = memchr(header + start, '*', i - start);
        size_t length = star ? (size_t)(star - header) - start : i - start;
        if (length == 0 || skip_blanks(header, size, i) >= size || header[skip_blanks(header, size, i)] != '=')
            continue;
        *position = i;
        *name = header + start;
        *name_size = length;
        return true;
    }
    return false;
}
