/* SPDX-License-Identifier: GPL-3.0-or-later */
/* placeholders.c: the ? of an SQL statement as $1 $2 ... PostgreSQL's lexical rules: its manual, chapter 4.1. */
#include "modules/loadable/postgresql/placeholders.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_name_part(char c) {
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

/* Behind the closing quote of what opens at `at`; the end when it is never closed. */
static const char *skip_quoted(const char *at, const char *end, bool escapes) {
    char quote = *at++;
    while (at < end) {
        if (escapes && *at == '\\') at++;
        else if (*at == quote) return at + 1; /* a doubled one opens again, which comes to the same */
        if (at < end) at++;
    }
    return end;
}

static const char *skip_line_comment(const char *at, const char *end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline : end;
}

/* They nest. */
static const char *skip_block_comment(const char *at, const char *end) {
    size_t depth = 0;
    while (end - at >= 2) {
        if (at[0] == '/' && at[1] == '*') depth++, at += 2;
        else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0) return at;
        } else at++;
    }
    return end;
}

/* $tag$ ... $tag$; `at` itself when no such text begins there. */
static const char *skip_dollar_quoted(const char *at, const char *end) {
    const char *tag = at + 1;
    if (tag < end && *tag >= '0' && *tag <= '9') return at; /* $1 */
    while (tag < end && is_name_part(*tag)) tag++;
    if (tag == end || *tag != '$') return at;
    size_t size = (size_t)(tag + 1 - at);
    const char *closing = memmem(tag + 1, (size_t)(end - tag - 1), at, size);
    return closing ? closing + size : end;
}

/* Behind what must be copied as it is; `at` itself when that is an ordinary character. */
static const char *skip_special(const char *sql, const char *at, const char *end) {
    char before = at > sql ? at[-1] : ' ';
    switch (*at) {
    case '\'': {
        bool escapes = (before == 'e' || before == 'E') && (at - sql < 2 || !is_name_part(at[-2]));
        return skip_quoted(at, end, escapes);
    }
    case '"': return skip_quoted(at, end, false);
    case '-': return at + 1 < end && at[1] == '-' ? skip_line_comment(at, end) : at;
    case '/': return at + 1 < end && at[1] == '*' ? skip_block_comment(at, end) : at;
    case '$': return is_name_part(before) ? at : skip_dollar_quoted(at, end);
    default: return at;
    }
}

size_t placeholders_room(const char *sql, size_t size) {
    size_t marks = 0;
    for (size_t i = 0; i < size; i++) marks += sql[i] == '?';
    return size + marks * 11 + 1;
}

size_t placeholders_number(const char *sql, size_t size, char *out, int *count) {
    const char *at = sql, *end = sql + size;
    char *to = out;
    *count = 0;
    while (at < end) {
        const char *behind = skip_special(sql, at, end);
        if (behind > at) {
            memcpy(to, at, (size_t)(behind - at));
            to += behind - at;
            at = behind;
        } else if (*at != '?') *to++ = *at++;
        else if (at + 1 < end && at[1] == '?') {
            *to++ = '?';
            at += 2;
        } else {
            to += sprintf(to, "$%d", ++*count);
            at++;
        }
    }
    return (size_t)(to - out);
}
