/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csv_scan.c: finding the fields of one record of CSV (RFC 4180).
 *
 * A record that comes in pieces is not looked at twice: the state says where in it the scan stopped.
 */
#include "modules/library/csv_scan.h"

#include <string.h>

enum { FIELD_BEGINS, PLAIN, QUOTED, QUOTE_IN_QUOTED, CR_AFTER_QUOTE };

void csv_scan_init(struct csv_scan *scan, char separator, char quote, bool lenient) {
    scan->separator = (unsigned char)separator;
    scan->quote = (unsigned char)quote;
    scan->lenient = lenient;
    memset(scan->stops, 0, sizeof scan->stops);
    scan->stops[scan->separator] = scan->stops['\n'] = true;
    if (!lenient) scan->stops[scan->quote] = true;
    csv_scan_begin(scan);
}

void csv_scan_begin(struct csv_scan *scan) {
    scan->count = scan->position = scan->lines = scan->start = 0;
    scan->state = FIELD_BEGINS;
    scan->escaped = false;
}

static void add_field(struct csv_scan *scan, size_t end) {
    scan->fields[scan->count++] = (struct csv_field){scan->start, end - scan->start, scan->escaped};
}

/* The field ends before the byte at `position`, which is a separator or a line end. */
static enum csv_result end_field(struct csv_scan *scan, size_t end, unsigned char by) {
    add_field(scan, end);
    scan->position++;
    scan->start = scan->position;
    scan->escaped = false;
    scan->state = FIELD_BEGINS;
    if (by != '\n') return CSV_MORE; /* another field follows */
    scan->lines++;
    return CSV_RECORD;
}

/* A plain field's text without the CR of a line's end. */
static size_t plain_end(const struct csv_scan *scan, const char *bytes, size_t end) {
    return end > scan->start && bytes[end - 1] == '\r' ? end - 1 : end;
}

static enum csv_result end_of_input(struct csv_scan *scan, const char *bytes, size_t size) {
    if (scan->state == QUOTED) return CSV_UNTERMINATED;
    if (scan->count == scan->capacity) return CSV_FULL;
    if (size == 0) return CSV_EMPTY;
    size_t end = size;
    if (scan->state == PLAIN || scan->state == FIELD_BEGINS) end = plain_end(scan, bytes, size);
    else end -= scan->state == CR_AFTER_QUOTE ? 2 : 1;
    bool blank = scan->count == 0 && end == 0;
    add_field(scan, end);
    return blank ? CSV_BLANK : CSV_RECORD;
}

static size_t count_lines(const char *bytes, size_t size) {
    size_t lines = 0;
    const char *end = bytes + size;
    while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) bytes++, lines++;
    return lines;
}

enum csv_result csv_scan_record(struct csv_scan *scan, const char *bytes, size_t size, bool final) {
    const unsigned char *data = (const unsigned char *)bytes;
    while (scan->position < size) {
        if (scan->count == scan->capacity) return CSV_FULL;
        size_t at = scan->position;
        unsigned char c = data[at];
        switch (scan->state) {
        case FIELD_BEGINS:
            if (c == scan->quote) {
                scan->state = QUOTED;
                scan->start = scan->position = at + 1;
                break;
            }
            scan->state = PLAIN;
            /* fall through */
        case PLAIN:
            while (at < size && !scan->stops[data[at]]) at++;
            scan->position = at;
            if (at == size) break;
            if (data[at] == scan->quote) return CSV_BARE_QUOTE;
            size_t end = data[at] == '\n' ? plain_end(scan, bytes, at) : at;
            bool blank = scan->count == 0 && end == 0 && data[at] == '\n';
            if (end_field(scan, end, data[at]) == CSV_RECORD) return blank ? CSV_BLANK : CSV_RECORD;
            break;
        case QUOTED: {
            const char *closing = memchr(bytes + at, scan->quote, size - at);
            size_t stop = closing ? (size_t)(closing - bytes) : size;
            scan->lines += count_lines(bytes + at, stop - at);
            scan->position = closing ? stop + 1 : size;
            if (closing) scan->state = QUOTE_IN_QUOTED;
            break;
        }
        case QUOTE_IN_QUOTED:
            if (c == scan->quote) {
                scan->escaped = true;
                scan->state = QUOTED;
                scan->position++;
            } else if (c == scan->separator || c == '\n') {
                if (end_field(scan, at - 1, c) == CSV_RECORD) return CSV_RECORD;
            } else if (c == '\r') {
                scan->state = CR_AFTER_QUOTE;
                scan->position++;
            } else return CSV_AFTER_QUOTE;
            break;
        case CR_AFTER_QUOTE:
            if (c != '\n') return CSV_AFTER_QUOTE;
            return end_field(scan, at - 2, c);
        }
    }
    return final ? end_of_input(scan, bytes, size) : CSV_MORE;
}

size_t csv_unescape(char *out, const char *bytes, size_t size, char quote) {
    char *to = out;
    for (size_t i = 0; i < size; i++) {
        *to++ = bytes[i];
        if (bytes[i] == quote) i++; /* the second of two */
    }
    return (size_t)(to - out);
}

bool csv_needs_quotes(const char *bytes, size_t size, char separator, char quote) {
    /* At the beginning of a text these could be taken for a byte order mark. */
    if (size && ((unsigned char)bytes[0] == 0xef || (unsigned char)bytes[0] >= 0xfe)) return true;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == separator || bytes[i] == quote || bytes[i] == '\n' || bytes[i] == '\r') return true;
    return false;
}
