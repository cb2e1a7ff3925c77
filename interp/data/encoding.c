/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * encoding.c: bytes as text and back.
 */
#include "interp/data/encoding.h"

#include <stdint.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t wrong(size_t *bad, size_t at) {
    *bad = at;
    return SIZE_MAX;
}

/* ---- hex ---- */

size_t encoding_hex(const unsigned char *data, size_t size, char *out) {
    for (size_t i = 0; i < size; i++) {
        *out++ = hex_digits[data[i] >> 4];
        *out++ = hex_digits[data[i] & 15];
    }
    return size * 2;
}

size_t encoding_hex_decode(const char *text, size_t size, unsigned char *out, size_t *bad) {
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (is_space(text[i])) continue;
        int high = hex_value(text[i]), low = i + 1 < size ? hex_value(text[i + 1]) : -1;
        if (high < 0 || low < 0) return wrong(bad, high < 0 ? i : i + 1);
        out[used++] = (unsigned char)(high << 4 | low);
        i++;
    }
    return used;
}

/* ---- base64 ---- */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t encoding_base64(const unsigned char *data, size_t size, char *out) {
    char *start = out;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned group =
            (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
        *out++ = base64_digits[group >> 18];
        *out++ = base64_digits[group >> 12 & 63];
        *out++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? base64_digits[group & 63] : '=';
    }
    return (size_t)(out - start);
}

size_t encoding_base64_decode(const char *text, size_t size, unsigned char *out, size_t *bad) {
    size_t used = 0, digits = 0, padding = 0;
    unsigned group = 0;
    for (size_t i = 0; i < size; i++) {
        if (is_space(text[i])) continue;
        if (text[i] == '=') {
            /* Padding completes a group that has two or three digits. */
            if (digits % 4 < 2 || digits % 4 + ++padding > 4) return wrong(bad, i);
            continue;
        }
        int value = base64_value(text[i]);
        if (value < 0 || padding) return wrong(bad, i);
        group = group << 6 | (unsigned)value;
        /* 6 bits after the first digit make no byte; each later one of the group completes one. */
        switch (digits++ % 4) {
        case 1: out[used++] = (unsigned char)(group >> 4); break;
        case 2: out[used++] = (unsigned char)(group >> 2); break;
        case 3: out[used++] = (unsigned char)group; break;
        }
    }
    if (digits % 4 == 1 || (padding && digits % 4 + padding != 4)) return wrong(bad, size);
    return used;
}

/* ---- quoted-printable ---- */

enum { QUOTED_LINE = 76 }; /* characters, the "=" of a soft break among them (RFC 2045, 6.7 (5)) */

/* Size of the line end at data, 0 when there is none. A lone CR is none. */
static size_t line_end(const unsigned char *data, size_t size) {
    if (size > 0 && data[0] == '\n') return 1;
    return size > 1 && data[0] == '\r' && data[1] == '\n' ? 2 : 0;
}

size_t encoding_quoted(const unsigned char *data, size_t size, bool is_text, char *out) {
    char *start = out;
    size_t column = 0;
    for (size_t i = 0; i < size; i++) {
        size_t end = is_text ? line_end(data + i, size - i) : 0;
        if (end) {
            for (; end > 1; end--) *out++ = (char)data[i++];
            *out++ = (char)data[i];
            column = 0;
            continue;
        }
        unsigned char c = data[i];
        bool last = i + 1 == size || (is_text && line_end(data + i + 1, size - i - 1));
        /* White space must not end a line, for transport may strip it; a soft break's "=" stands behind it otherwise.
         */
        bool plain = (c > ' ' && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !last);
        size_t width = plain ? 1 : 3;
        if (column + width > QUOTED_LINE - (last ? 0 : 1)) {
            *out++ = '=';
            *out++ = '\n';
            column = 0;
        }
        if (plain) *out++ = (char)c;
        else {
            *out++ = '=';
            *out++ = hex_digits[c >> 4];
            *out++ = hex_digits[c & 15];
        }
        column += width;
    }
    return (size_t)(out - start);
}

size_t encoding_quoted_decode(const char *text, size_t size, unsigned char *out, size_t *bad) {
    size_t used = 0, kept = 0; /* kept: the output up to here is no white space that a line end could take away */
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c != '=') {
            size_t end = line_end((const unsigned char *)text + i, size - i);
            if (end) used = kept;
            if (end == 2) {
                out[used++] = '\r';
                i++;
                c = '\n';
            }
            out[used++] = (unsigned char)c;
            if (c != ' ' && c != '\t') kept = used;
            continue;
        }
        size_t next = i + 1;
        while (next < size && (text[next] == ' ' || text[next] == '\t')) next++;
        size_t end = line_end((const unsigned char *)text + next, size - next);
        if (end || next == size) { /* a soft break, also at the very end */
            i = next == size ? size : next + end - 1;
            kept = used;
            continue;
        }
        int high = hex_value(text[i + 1]), low = i + 2 < size ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return wrong(bad, i);
        out[used++] = (unsigned char)(high << 4 | low);
        kept = used;
        i += 2;
    }
    return kept;
}
