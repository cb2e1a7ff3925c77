/* SPDX-License-Identifier: GPL-3.0-or-later */
/* c_scan.c: reads the tokens of C declarations. */
#include "modules/ffi/c_scan.h"

#include <stdarg.h>
#include <stdio.h>

enum { NAME_MOST = 200, SHOWN_MOST = 40 };

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool in_name(char c) { return begins_name(c) || is_digit(c); }

void c_scan_stop(struct c_scanner *scanner) {
    scanner->failed = true;
    scanner->kind = C_TOKEN_END;
    scanner->start = scanner->text + scanner->size;
    scanner->length = 0;
    scanner->position = scanner->size;
}

bool c_scan_fail(struct c_scanner *scanner, const char *format, ...) {
    if (scanner->failed) return false;
    char what[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    size_t line = 1, column = 1;
    for (const char *c = scanner->text; c < scanner->start; c++) {
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
    }
    int shown = (int)(scanner->length < SHOWN_MOST ? scanner->length : SHOWN_MOST);
    if (scanner->kind == C_TOKEN_END) cp_throw(scanner->cp, CP_ERROR_FFI, 3, "C declaration, at its end: %s", what);
    else
        cp_throw(scanner->cp, CP_ERROR_FFI, 3, "C declaration, line %zu, column %zu, at \"%.*s\": %s", line, column,
                 shown, scanner->start, what);
    c_scan_stop(scanner);
    return false;
}

/* To the next byte that belongs to a token. false when a comment has no end. */
static bool skip_blanks(struct c_scanner *scanner) {
    const char *text = scanner->text;
    size_t at = scanner->position, size = scanner->size;
    for (;;) {
        while (at < size && is_blank(text[at])) at++;
        scanner->position = at;
        if (at + 1 >= size || text[at] != '/' || (text[at + 1] != '/' && text[at + 1] != '*')) return true;
        bool to_line_end = text[at + 1] == '/';
        const char *end =
            to_line_end ? memchr(text + at, '\n', size - at) : memmem(text + at + 2, size - at - 2, "*/", 2);
        if (!end && !to_line_end) return false;
        at = !end ? size : (size_t)(end - text) + (to_line_end ? 1 : 2);
    }
}

static void scan_number(struct c_scanner *scanner, size_t at) {
    const char *text = scanner->text;
    size_t end = at;
    while (end < scanner->size && (in_name(text[end]) || text[end] == '.')) end++;
    scanner->kind = C_TOKEN_NUMBER;
    scanner->length = end - at;
    scanner->position = end;
    unsigned base = 10;
    if (text[at] == '0' && at + 1 < end) {
        base = text[at + 1] == 'x' || text[at + 1] == 'X' ? 16 : 8;
        at += base == 16 ? 2 : 1;
    }
    size_t first = at;
    uint64_t number = 0;
    for (; at < end; at++) {
        char c = text[at];
        unsigned digit = is_digit(c)                          ? (unsigned)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10u
                                                              : 99;
        if (digit >= base) break;
        if (number > ((uint64_t)INT64_MAX - digit) / base) {
            c_scan_fail(scanner, "the number is too large");
            return;
        }
        number = number * base + digit;
    }
    bool digits = at > first || base == 8;
    while (at < end && ((text[at] | 32) == 'u' || (text[at] | 32) == 'l')) at++;
    if (!digits || at < end) c_scan_fail(scanner, "this is no Integer");
    else scanner->number = (int64_t)number;
}

void c_scan_next(struct c_scanner *scanner) {
    if (scanner->failed) return;
    bool has_end = skip_blanks(scanner);
    const char *text = scanner->text;
    size_t at = scanner->position, end = at + 1;
    scanner->start = text + at;
    scanner->length = 0;
    scanner->kind = C_TOKEN_END;
    if (!has_end) c_scan_fail(scanner, "a comment has no end");
    if (at >= scanner->size || !has_end) return;
    if (is_digit(text[at])) {
        scan_number(scanner, at);
        return;
    }
    scanner->kind = C_TOKEN_SIGN;
    if (begins_name(text[at])) {
        scanner->kind = C_TOKEN_NAME;
        while (end < scanner->size && in_name(text[end])) end++;
    } else if (scanner->size - at >= 3 && memcmp(text + at, "...", 3) == 0) {
        scanner->kind = C_TOKEN_ELLIPSIS;
        end = at + 3;
    }
    scanner->length = end - at;
    scanner->position = end;
    if (scanner->length > NAME_MOST) c_scan_fail(scanner, "a name has at most %d characters", NAME_MOST);
}

void c_scan_start(struct c_scanner *scanner, cp_context *cp, const char *text, size_t size) {
    *scanner = (struct c_scanner){.cp = cp, .text = text, .size = size, .start = text};
    c_scan_next(scanner);
}

void c_scan_return(struct c_scanner *scanner, size_t position) {
    if (scanner->failed) return;
    scanner->position = position;
    c_scan_next(scanner);
}

bool c_scan_is_name(const struct c_scanner *scanner, const char *name) {
    return scanner->kind == C_TOKEN_NAME && scanner->length == strlen(name) &&
           memcmp(scanner->start, name, scanner->length) == 0;
}

bool c_scan_take(struct c_scanner *scanner, char sign) {
    if (!c_scan_is(scanner, sign)) return false;
    c_scan_next(scanner);
    return true;
}

bool c_scan_take_name(struct c_scanner *scanner, const char *name) {
    if (!c_scan_is_name(scanner, name)) return false;
    c_scan_next(scanner);
    return true;
}

bool c_scan_expect(struct c_scanner *scanner, char sign) {
    return c_scan_take(scanner, sign) || c_scan_fail(scanner, "%c is expected here", sign);
}

bool c_scan_skip_brackets(struct c_scanner *scanner) {
    size_t open = 1;
    for (; open > 0 && scanner->kind != C_TOKEN_END; c_scan_next(scanner)) {
        if (c_scan_is(scanner, '(')) open++;
        else if (c_scan_is(scanner, ')')) open--;
    }
    return open == 0 || c_scan_fail(scanner, "a ) is missing");
}

const char *c_scan_copy(struct c_scanner *scanner) {
    char *copy = cp_alloc_atomic(scanner->length + 1);
    memcpy(copy, scanner->start, scanner->length);
    copy[scanner->length] = 0;
    return copy;
}
