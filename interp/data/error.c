/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error.c: making Errors and putting them on their way.
 *
 * Invariant: a function that returns CP_THROWN has left its Error in cp->error; whoever takes it empties that place.
 */
#include "interp/data/error.h"
#include "interp/data/class.h"
#include "interp/base/memory.h"
#include "interp/base/utf8.h"
#include "interp/base/vector.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    TEXT_MOST = 8192, /* bytes of a text made by cp_throw */
    VALUE_MOST = 40,  /* characters of a value quoted in a text */
    CAUSES_MOST = 16  /* Errors in one chain of causes */
};

/* ---- names ---- */

static const char *const class_titles[] = {
    [CP_ERROR_CARAPACE] = "Carapace", [CP_ERROR_FATAL] = "Fatal",
    [CP_ERROR_SYSTEM] = "System",     [CP_ERROR_CONFIGURATION] = "Configuration",
    [CP_ERROR_FILE] = "FileHandling", [CP_ERROR_COMMUNICATIONS] = "Communications",
    [CP_ERROR_DATABASE] = "Database", [CP_ERROR_PARSE] = "Parse",
    [CP_ERROR_COM] = "COM",           [CP_ERROR_SMTP] = "Smtp",
    [CP_ERROR_MIME] = "Mime",         [CP_ERROR_POP3] = "Pop3",
    [CP_ERROR_TLS] = "Tls",           [CP_ERROR_DNS] = "Dns",
    [CP_ERROR_HTTP] = "Http",         [CP_ERROR_FTP] = "Ftp",
    [CP_ERROR_IMAP] = "Imap",         [CP_ERROR_JSON] = "Json",
    [CP_ERROR_FFI] = "Ffi",
};
static const char *const carapace_codes[] = {
    [CP_INVALID] = "invalid",
    [CP_ILLEGAL] = "illegal",
    [CP_MISSING] = "missing",
    [CP_UNKNOWN] = "unknown",
    [CP_RUNTIME] = "runtime error",
    [CP_NOT_IMPLEMENTED] = "not implemented",
    [CP_INDEX] = "index out of range",
    [CP_BAD_ARGUMENT] = "invalid argument",
    [CP_DIVISION_BY_ZERO] = "division by zero",
    [CP_INTERNAL] = "internal",
    [CP_TYPE_MISMATCH] = "type mismatch",
    [CP_NOT_SUPPORTED] = "not supported",
    [CP_NOT_LICENSED] = "not licensed",
};
static const char *const fatal_codes[] = {NULL, "not implemented", "bad runtime configuration", "bad environment"};
static const char *const configuration_codes[] = {
    [CP_CONFIGURATION_UNKNOWN] = "unknown name",
    [CP_CONFIGURATION_BAD] = "bad value",
    [CP_CONFIGURATION_UNREADABLE] = "cannot read",
};
static const char *const file_codes[] = {
    [CP_FILE_OPEN] = "open",   [CP_FILE_CLOSE] = "close",   [CP_FILE_READ] = "read",
    [CP_FILE_WRITE] = "write", [CP_FILE_STATUS] = "status",
};
static const char *const communications_codes[] = {
    [CP_COMM_TIMEOUT] = "timeout",
    [CP_COMM_CONNECT] = "connect",
    [CP_COMM_RECEIVE] = "receive",
    [CP_COMM_SEND] = "send",
    [CP_COMM_DISCONNECT] = "disconnect",
    [CP_COMM_LISTEN] = "listen",
    [CP_COMM_BIND] = "bind",
    [CP_COMM_ACCEPT] = "accept",
    [CP_COMM_CLOSED] = "closed by peer",
    [CP_COMM_NOT_RESOLVED] = "name not resolved",
    [CP_COMM_NOT_CONNECTED] = "not connected",
    [CP_COMM_CANCELLED] = "cancelled",
};
static const char *const database_codes[] = {NULL, "cannot open", "statement failed", "constraint", "busy"};
static const char *const parse_codes[] = {NULL, "unexpected end", "unexpected token", "bad literal", "bad form"};

#define ENTRY(table, i) ((i) > 0 && (size_t)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : NULL)

const char *error_class_title(int error_class) { return ENTRY(class_titles, error_class); }

const char *error_code_title(int error_class, int code) {
    switch (error_class) {
    case CP_ERROR_CARAPACE: return ENTRY(carapace_codes, code);
    case CP_ERROR_FATAL: return ENTRY(fatal_codes, code);
    case CP_ERROR_SYSTEM: return code > 0 ? strerrordesc_np(code) : NULL;
    case CP_ERROR_CONFIGURATION: return ENTRY(configuration_codes, code);
    case CP_ERROR_FILE: return ENTRY(file_codes, code);
    case CP_ERROR_COMMUNICATIONS: return ENTRY(communications_codes, code);
    case CP_ERROR_DATABASE: return ENTRY(database_codes, code);
    case CP_ERROR_PARSE: return ENTRY(parse_codes, code);
    default: return NULL;
    }
}

/* ---- making ---- */

cp_value cp_error_new(cp_context *cp, int error_class, int code, cp_value text) {
    cp_value error = class_instance(cp, class_numbered(cp, CP_CLASS_ERROR));
    struct error *e = error_of(error);
    e->error_class = error_class;
    e->code = code;
    e->text = cp_is_string(text) ? text : cp->known.empty_string;
    e->file = cp->known.empty_string;
    return error;
}

int cp_error_class_of(cp_value error) { return cp_is_error(error) ? error_of(error)->error_class : 0; }
int cp_error_code_of(cp_value error) { return cp_is_error(error) ? error_of(error)->code : 0; }
cp_value cp_error_text_of(cp_value error) { return cp_is_error(error) ? error_of(error)->text : CP_NIL; }

void error_locate(cp_value error, cp_value file, int line, int column) {
    struct error *e = error_of(error);
    if (e->located || e->origin) return;
    e->file = file;
    e->line = line;
    e->column = column;
    e->located = true;
}

cp_value error_string(cp_context *cp, cp_value error, bool with_location) {
    error_settle(cp, error);
    const struct error *e = error_of(error);
    struct bytes out = {0};
    bool fits = true;
    if (with_location && e->located) {
        fits = bytes_append(&out, cp_string_text(e->file), cp_string_size(e->file)) &&
               bytes_printf(&out, ":%d:%d: ", e->line, e->column);
    }
    fits = fits && bytes_printf(&out, "error %d.%d: ", e->error_class, e->code) &&
           bytes_append(&out, cp_string_text(e->text), cp_string_size(e->text));
    cp_value text = fits ? cp_string_n(cp, out.data, out.length) : e->text; /* only a text near 1 GB does not fit */
    bytes_free(&out);
    return text;
}

/* ---- details ---- */

/* The (Symbol . value) of that name, or (). */
static cp_value detail_pair(cp_value error, const cp_symbol *name) {
    for (cp_value rest = error_of(error)->details; cp_is_cell(rest); rest = cp_tail(rest))
        if (cp_head(cp_head(rest)) == cp_from_object(name)) return cp_head(rest);
    return CP_NIL;
}

cp_value error_detail(cp_value error, const cp_symbol *name) {
    cp_value pair = detail_pair(error, name);
    return pair == CP_NIL ? CP_UNSET : cp_tail(pair);
}

cp_value error_missing(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count) {
    /* A catch that takes all asks these of any Error: of most the answer is no. */
    static const char *const common[] = {"temporary", "inDoubt", "enhancedCode", "command", "results"};
    (void)cp, (void)arguments;
    if (count > 0) return CP_UNSET;
    cp_value value = error_detail(self, cp_symbol_of(name));
    for (size_t i = 0; i < sizeof common / sizeof *common && value == CP_UNSET; i++)
        if (!strcmp(cp_symbol_of(name)->text, common[i])) value = CP_NIL;
    return value;
}

void cp_error_set_detail(cp_context *cp, cp_value error, const char *name, cp_value value) {
    if (!cp_is_error(error)) return;
    cp_value symbol = cp_symbol_z(cp, name);
    cp_value pair = detail_pair(error, cp_symbol_of(symbol));
    if (pair != CP_NIL) cp_cell_of(pair)->tail = value;
    else error_of(error)->details = cp_cons(cp_cons(symbol, value), error_of(error)->details);
}

cp_value cp_error_detail(cp_context *cp, cp_value error, const char *name) {
    return cp_is_error(error) ? error_detail(error, cp_symbol_of(cp_symbol_z(cp, name))) : CP_UNSET;
}

/* ---- throwing ---- */

/* An Error thrown while another is on its way, such as one from a clean-up, remembers that other one as the last of its
   causes, unless the chains would meet or become too long. */
void error_remember_cause(cp_value error, cp_value earlier) {
    if (error == earlier) return;
    struct error *later = error_of(error);
    int count = 0;
    for (cp_value c = earlier; cp_is_error(c); c = error_of(c)->cause)
        if (error_of(c) == later || ++count > CAUSES_MOST) return;
    struct error *last = later;
    for (; cp_is_error(last->cause); last = error_of(last->cause))
        if (last->cause == earlier || ++count > CAUSES_MOST) return;
    last->cause = earlier;
}

cp_value cp_throw_value(cp_context *cp, cp_value error) {
    if (!cp_is_error(error)) return cp_throw_type(cp, "what is thrown", "Error", error);
    if (cp->error != CP_NIL && cp->error != error) error_remember_cause(error, cp->error);
    cp->error = error;
    return CP_THROWN;
}

cp_value cp_take_error(cp_context *cp) {
    cp_value error = cp->error;
    cp->error = CP_NIL;
    if (error != CP_NIL) return error;
    return cp_error_new(cp, CP_ERROR_CARAPACE, CP_INTERNAL,
                        cp_string_z(cp, "a failure was announced without an Error; please report this"));
}

/* The formatted text, with `after` behind it, of at most TEXT_MOST bytes; cut between characters, with dots. */
static cp_value format_text(cp_context *cp, const char *after, const char *format, va_list arguments) {
    struct bytes out = {0};
    cp_value text = cp->known.empty_string;
    if (bytes_vprintf(&out, format, arguments) && bytes_append_string(&out, after)) {
        size_t size = out.length;
        if (size > TEXT_MOST) {
            size = TEXT_MOST - 3;
            /* A character of which a byte would be cut off goes altogether; it has at most three bytes before that. */
            for (int back = 0; back < 3 && ((unsigned char)out.data[size] & 0xC0) == 0x80; back++) size--;
            memcpy(out.data + size, "...", 3);
            size += 3;
        }
        text = cp_string_n(cp, out.data, size);
    }
    bytes_free(&out);
    return text;
}

cp_value cp_throw(cp_context *cp, int error_class, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    cp_value text = format_text(cp, "", format, arguments);
    va_end(arguments);
    return cp_throw_value(cp, cp_error_new(cp, error_class, code, text));
}

cp_value cp_throw_errno(cp_context *cp, int error_class, int code, int number, const char *format, ...) {
    char buffer[128], after[160];
    snprintf(after, sizeof after, ": %s", strerror_r(number, buffer, sizeof buffer));
    va_list arguments;
    va_start(arguments, format);
    cp_value text = format_text(cp, after, format, arguments);
    va_end(arguments);
    if (error_class == CP_ERROR_SYSTEM || code == 0) code = number;
    return cp_throw_value(cp, cp_error_new(cp, error_class, code, text));
}

/* The value as a script would write it, where that is cheap and runs no script; else (). Long text is cut before it is
   printed, because only its beginning will be shown. */
static cp_value short_source(cp_context *cp, cp_value v) {
    enum { ENOUGH = VALUE_MOST * UTF8_MOST_BYTES };
    if (cp_is_string(v) && cp_string_size(v) > ENOUGH) v = cp_string_n(cp, cp_string_text(v), ENOUGH);
    if (cp_is_binary(v) && cp_binary_of(v)->size > ENOUGH) v = cp_binary_n(cp, cp_binary_of(v)->data, ENOUGH);
    bool cheap = cp_is_fixnum(v) || cp_is_real(v) || cp_is_string(v) || cp_is_binary(v) ||
                 (cp_is_symbol(v) && cp_symbol_of(v)->size <= ENOUGH);
    if (!cheap) return CP_NIL;
    cp_value text = cp_to_source(cp, v);
    if (text != CP_THROWN) return text;
    cp_take_error(cp);
    return CP_NIL;
}

cp_value cp_throw_type(cp_context *cp, const char *what, const char *expected, cp_value got) {
    const int code = CP_TYPE_MISMATCH;
    if (got == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, code, "%s must be %s, got ()", what, expected);
    const char *name = cp_class_name(cp_class_of(cp, got));
    if (cp_is_cell(got)) {
        return cp_throw(cp, CP_ERROR_CARAPACE, code, "%s must be %s, got %s of %zu items", what, expected, name,
                        cp_list_length(got));
    }
    cp_value source = short_source(cp, got);
    if (source == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, code, "%s must be %s, got %s", what, expected, name);
    const char *text = cp_string_text(source);
    size_t size = cp_string_size(source), shown = utf8_offset(text, size, VALUE_MOST);
    return cp_throw(cp, CP_ERROR_CARAPACE, code, "%s must be %s, got %s %.*s%s", what, expected, name, (int)shown, text,
                    shown < size ? "..." : "");
}
