/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reader.c: text to forms (language.md 2).
 *
 * Sugar becomes plain Lists here, so that later passes know no syntax: 'x is (quote x), a.b is (. a b), [a b] is
 * (%list a b), {k v} is (%table k v), $"a{b}" is (%interpolate "a" b).
 */
#include "interp/lang/reader.h"

#include <stdio.h>

#include "interp/base/utf8.h"
#include "interp/base/vector.h"
#include "interp/data/error.h"
#include "interp/data/number.h"

enum parse_code { PARSE_END = 1, PARSE_TOKEN, PARSE_LITERAL, PARSE_FORM };

void reader_init(struct reader *reader, cp_context *cp, struct source *source) {
    *reader = (struct reader){.cp = cp, .source = source, .start = cp_string_text(source->text)};
    reader->cursor = reader->start;
    reader->end = reader->start + cp_string_size(source->text);
    /* the `#!` line of a script is a comment already; a byte order mark is none */
    if (cp_string_size(source->text) >= 3 && !memcmp(reader->start, "\xEF\xBB\xBF", 3)) reader->cursor += 3;
}

static cp_value fail(struct reader *reader, int code, const char *at, const char *text) {
    int line, column;
    source_place(reader->source, (uint32_t)(at - reader->start), &line, &column);
    cp_throw(reader->cp, CP_ERROR_PARSE, code, "%s", text);
    error_locate(reader->cp->error, reader->source->name, line, column);
    return CP_THROWN;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

static bool is_delimiter(char c) {
    return is_space(c) || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' || c == '"';
}

static void skip_blank(struct reader *reader) {
    while (reader->cursor < reader->end) {
        char c = *reader->cursor;
        if (is_space(c)) reader->cursor++;
        else if (c == '#' || c == ';') {
            const char *line_end = memchr(reader->cursor, '\n', (size_t)(reader->end - reader->cursor));
            reader->cursor = line_end ? line_end + 1 : reader->end;
        } else break;
    }
}

static cp_value read_form(struct reader *reader);

static void add_item(struct reader *reader, cp_list_builder *list, cp_value item, const char *at) {
    cp_list_add(list, item);
    source_note_position(reader->source, list->last, (uint32_t)(at - reader->start));
}

static cp_value wrap(struct reader *reader, cp_value name, cp_value form, const char *at) {
    cp_list_builder list = {0};
    add_item(reader, &list, name, at);
    add_item(reader, &list, form, at);
    return list.list;
}

/* ---- strings ---- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static void append_code_point(struct bytes *out, uint32_t code) {
    char buffer[4];
    bytes_append(out, buffer, utf8_encode(code, buffer));
}

/* One escape after the backslash; false with an error thrown. */
static bool read_escape(struct reader *reader, struct bytes *out) {
    const char *at = reader->cursor - 1;
    if (reader->cursor >= reader->end) return fail(reader, PARSE_END, at, "the text ends within a String"), false;
    char c = *reader->cursor++;
    switch (c) {
    case 'n': bytes_append(out, "\n", 1); return true;
    case 't': bytes_append(out, "\t", 1); return true;
    case 'r': bytes_append(out, "\r", 1); return true;
    case 'e': bytes_append(out, "\033", 1); return true;
    case '0': bytes_append(out, "\0", 1); return true;
    case '\\':
    case '"': bytes_append(out, &c, 1); return true;
    case '\r':
        if (reader->cursor < reader->end && *reader->cursor == '\n') reader->cursor++;
        return true;
    case '\n': return true; /* joins the lines */
    case 'x':
        if (reader->end - reader->cursor >= 2 && hex_digit(reader->cursor[0]) >= 0 &&
            hex_digit(reader->cursor[1]) >= 0) {
            append_code_point(out, (uint32_t)(hex_digit(reader->cursor[0]) * 16 + hex_digit(reader->cursor[1])));
            reader->cursor += 2;
            return true;
        }
        return fail(reader, PARSE_LITERAL, at, "\\x takes two hex digits, as in \\x41"), false;
    case 'u':
        if (reader->cursor < reader->end && *reader->cursor == '{') {
            uint32_t code = 0;
            int digits = 0;
            reader->cursor++;
            while (reader->cursor < reader->end && hex_digit(*reader->cursor) >= 0 && digits < 7)
                code = code * 16 + (uint32_t)hex_digit(*reader->cursor++), digits++;
            if (digits > 0 && digits < 7 && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF) &&
                reader->cursor < reader->end && *reader->cursor == '}') {
                reader->cursor++;
                append_code_point(out, code);
                return true;
            }
        }
        return fail(reader, PARSE_LITERAL, at, "\\u takes a Unicode code point in hex, as in \\u{20AC}"), false;
    default:
        return fail(reader, PARSE_LITERAL, at,
                    "unknown escape in a String; known are \\n \\t \\r \\\\ \\\" \\0 \\e \\xHH \\u{H..}"),
               false;
    }
}

/*
 * The body of a String after its opening quotes; with `interpolated`, a List (%interpolate part...) when it has parts.
 * `raw` is the """ form, which has no escapes.
 */
static cp_value read_string(struct reader *reader, const char *at, bool raw, bool interpolated) {
    struct bytes out = {0};
    cp_list_builder parts = {0};
    cp_value result = CP_THROWN;
    bool has_parts = false;
    if (interpolated) add_item(reader, &parts, cp_symbol_z(reader->cp, "%interpolate"), at);
    if (raw && reader->cursor < reader->end && *reader->cursor == '\r') reader->cursor++;
    if (raw && reader->cursor < reader->end && *reader->cursor == '\n') reader->cursor++;
    for (;;) {
        if (reader->cursor >= reader->end) {
            fail(reader, PARSE_END, at, raw ? "this \"\"\" String has no end" : "this String has no closing quote");
            goto done;
        }
        char c = *reader->cursor;
        if (c == '"') {
            if (!raw) {
                reader->cursor++;
                break;
            }
            if (reader->end - reader->cursor >= 3 && reader->cursor[1] == '"' && reader->cursor[2] == '"') {
                reader->cursor += 3;
                break;
            }
        }
        if (c == '\\' && !raw) {
            reader->cursor++;
            if (!read_escape(reader, &out)) goto done;
            continue;
        }
        if (interpolated && (c == '{' || c == '}')) {
            if (reader->cursor + 1 < reader->end && reader->cursor[1] == c) {
                bytes_append(&out, &c, 1);
                reader->cursor += 2;
                continue;
            }
            if (c == '}') {
                fail(reader, PARSE_LITERAL, reader->cursor, "a lone } in an interpolated String; write }}");
                goto done;
            }
            const char *brace = reader->cursor++;
            if (out.length) add_item(reader, &parts, cp_string_n(reader->cp, out.data, out.length), brace);
            bytes_reset(&out);
            has_parts = true;
            skip_blank(reader);
            const char *form_at = reader->cursor;
            cp_value form = read_form(reader);
            if (form == CP_THROWN) goto done;
            add_item(reader, &parts, form, form_at);
            skip_blank(reader);
            if (reader->cursor >= reader->end || *reader->cursor != '}') {
                fail(reader, reader->cursor >= reader->end ? PARSE_END : PARSE_TOKEN, brace,
                     "one expression and then } must follow { in an interpolated String");
                goto done;
            }
            reader->cursor++;
            continue;
        }
        const char *run = reader->cursor++;
        while (reader->cursor < reader->end && *reader->cursor != '"' && *reader->cursor != '\\' &&
               *reader->cursor != '{' && *reader->cursor != '}')
            reader->cursor++;
        bytes_append(&out, run, (size_t)(reader->cursor - run));
    }
    if (!has_parts) result = cp_string_n(reader->cp, out.data, out.length);
    else {
        if (out.length) add_item(reader, &parts, cp_string_n(reader->cp, out.data, out.length), at);
        result = parts.list;
    }
done:
    bytes_free(&out);
    return result;
}

static cp_value read_quoted(struct reader *reader, const char *at, bool interpolated) {
    bool raw = reader->end - reader->cursor >= 3 && reader->cursor[1] == '"' && reader->cursor[2] == '"';
    reader->cursor += raw ? 3 : 1;
    return read_string(reader, at, raw, interpolated);
}

static cp_value read_binary(struct reader *reader, const char *at) {
    struct bytes out = {0};
    int high = -1;
    reader->cursor += 3; /* 0x" */
    for (;; reader->cursor++) {
        if (reader->cursor >= reader->end) {
            bytes_free(&out);
            return fail(reader, PARSE_END, at, "this Binary has no closing quote");
        }
        char c = *reader->cursor;
        if (c == '"') break;
        if (is_space(c)) continue;
        int digit = hex_digit(c);
        if (digit < 0) {
            bytes_free(&out);
            return fail(reader, PARSE_LITERAL, reader->cursor,
                        "only hex digits may stand in a Binary, as in 0x\"A102\"");
        }
        if (high < 0) high = digit;
        else {
            char byte = (char)(high * 16 + digit);
            bytes_append(&out, &byte, 1);
            high = -1;
        }
    }
    reader->cursor++;
    cp_value result = high >= 0
                          ? fail(reader, PARSE_LITERAL, at, "a Binary takes pairs of hex digits; one digit is over")
                          : cp_binary_n(reader->cp, out.data, out.length);
    bytes_free(&out);
    return result;
}

/* ---- names and numbers ---- */

static cp_value dot_form(struct reader *reader, cp_value object, cp_value name, const char *at) {
    cp_list_builder list = {0};
    add_item(reader, &list, reader->cp->known.sym_dot, at);
    add_item(reader, &list, object, at);
    add_item(reader, &list, name, at);
    return list.list;
}

static bool starts_number(const char *token, const char *end) {
    if (token < end && (*token == '-' || *token == '+')) token++;
    return token < end && *token >= '0' && *token <= '9';
}

/* Any `.name` directly after what was just read. */
static cp_value read_dots(struct reader *reader, cp_value object, const char *at) {
    while (reader->cursor < reader->end && *reader->cursor == '.') {
        const char *name = ++reader->cursor;
        while (reader->cursor < reader->end && !is_delimiter(*reader->cursor) && *reader->cursor != '.')
            reader->cursor++;
        /* only what would be a Symbol standing alone: it must print and read back */
        bool global = reader->cursor - name >= 2 && !memcmp(name, "::", 2);
        if (reader->cursor == name || global || starts_number(name, reader->cursor) || strchr("'`,#;", *name))
            return fail(reader, PARSE_TOKEN, name - 1, "a name must follow the dot");
        object = dot_form(reader, object, cp_symbol_n(reader->cp, name, (size_t)(reader->cursor - name)), at);
    }
    return object;
}

static cp_value read_token(struct reader *reader) {
    const char *at = reader->cursor, *stop = at;
    while (stop < reader->end && !is_delimiter(*stop)) stop++;
    if (starts_number(at, stop)) {
        /* the longest part before a dot that is a number: 33.0 and 5.string and 33.0.string */
        for (const char *cut = stop;;) {
            cp_value number = number_parse(reader->cp, at, (size_t)(cut - at));
            if (number == CP_THROWN) return number;
            if (number != CP_UNSET) {
                reader->cursor = cut;
                return read_dots(reader, number, at);
            }
            do cut--;
            while (cut > at && *cut != '.');
            if (cut <= at) break;
        }
        if (*at >= '0' && *at <= '9')
            return fail(reader, PARSE_LITERAL, at, "this is no number; known forms are 42 -1 0xFF 0b101 33.0 1e-3");
    }
    size_t size = (size_t)(stop - at);
    if ((size == 1 && *at == '.') || (size == 3 && !memcmp(at, "...", 3))) {
        reader->cursor = stop;
        return cp_symbol_n(reader->cp, at, size);
    }
    const char *dot = memchr(at, '.', size);
    if (dot == at) return fail(reader, PARSE_TOKEN, at, "something must stand before the dot");
    reader->cursor = dot ? dot : stop;
    cp_value symbol = cp_symbol_n(reader->cp, at, (size_t)(reader->cursor - at));
    if (reader->cursor - at == 2 && !memcmp(at, "::", 2)) return fail(reader, PARSE_TOKEN, at, "a name must follow ::");
    return read_dots(reader, symbol, at);
}

/* ---- lists ---- */

static cp_value read_list(struct reader *reader, char close, const char *prefix) {
    const char *at = reader->cursor++;
    cp_list_builder list = {0};
    if (prefix) add_item(reader, &list, cp_symbol_z(reader->cp, prefix), at);
    for (;;) {
        skip_blank(reader);
        if (reader->cursor >= reader->end) {
            char text[80];
            snprintf(text, sizeof text, "the text ends before the %c that closes this %c", close, *at);
            return fail(reader, PARSE_END, at, text);
        }
        char c = *reader->cursor;
        if (c == close) {
            reader->cursor++;
            break;
        }
        if (c == ')' || c == ']' || c == '}') {
            char text[80];
            snprintf(text, sizeof text, "%c found where %c should close what was opened before", c, close);
            return fail(reader, PARSE_TOKEN, reader->cursor, text);
        }
        const char *item_at = reader->cursor;
        cp_value item = read_form(reader);
        if (item == CP_THROWN) return item;
        add_item(reader, &list, item, item_at);
    }
    return list.list;
}

static cp_value read_prefixed(struct reader *reader, cp_value name, size_t size) {
    const char *at = reader->cursor;
    reader->cursor += size;
    skip_blank(reader);
    if (reader->cursor >= reader->end)
        return fail(reader, PARSE_END, at, "the text ends where an expression should follow");
    cp_value form = read_form(reader);
    return form == CP_THROWN ? form : wrap(reader, name, form, at);
}

static cp_value read_form(struct reader *reader) {
    const struct well_known *known = &reader->cp->known;
    const char *at = reader->cursor;
    cp_value form;
    if (cp_check_stack(reader->cp) == CP_THROWN) {
        int line, column;
        source_place(reader->source, (uint32_t)(at - reader->start), &line, &column);
        error_locate(reader->cp->error, reader->source->name, line, column);
        return CP_THROWN;
    }
    switch (*at) {
    case '(': form = read_list(reader, ')', NULL); break;
    case '[': form = read_list(reader, ']', "%list"); break;
    case '{': form = read_list(reader, '}', "%table"); break;
    case '"': form = read_quoted(reader, at, false); break;
    case '\'': return read_prefixed(reader, known->sym_quote, 1);
    case '`': return read_prefixed(reader, known->sym_quasiquote, 1);
    case ',':
        if (at + 1 < reader->end && at[1] == '@') return read_prefixed(reader, known->sym_unquote_splicing, 2);
        return read_prefixed(reader, known->sym_unquote, 1);
    case ')':
    case ']':
    case '}': return fail(reader, PARSE_TOKEN, at, "this bracket closes nothing");
    case '$':
        if (at + 1 < reader->end && at[1] == '"') {
            reader->cursor++;
            form = read_quoted(reader, at, true);
            break;
        }
        return read_token(reader);
    case '0':
        if (reader->end - at >= 3 && at[1] == 'x' && at[2] == '"') {
            form = read_binary(reader, at);
            break;
        }
        return read_token(reader);
    default: return read_token(reader);
    }
    if (form == CP_THROWN) return form;
    return read_dots(reader, form, at);
}

cp_value reader_next(struct reader *reader, uint32_t *offset) {
    skip_blank(reader);
    if (reader->cursor >= reader->end) return CP_DONE;
    *offset = (uint32_t)(reader->cursor - reader->start);
    return read_form(reader);
}

cp_value reader_read_literal(cp_context *cp, const char *text) {
    struct source *source = source_new(cp, cp_string_z(cp, "<native>"), cp_string_z(cp, text));
    struct reader reader;
    uint32_t offset;
    reader_init(&reader, cp, source);
    return reader_next(&reader, &offset);
}
