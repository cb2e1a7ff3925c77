/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error_class.c: class Error as scripts see it.
 */
#include "interp/builtin/tables.h"
#include "interp/data/error.h"
#include "interp/data/class.h"
#include "interp/base/vector.h"

#include <limits.h>

/* ---- helpers ---- */

/* Numbers of Errors are C ints: false with 1.8 thrown for others. () is 0. */
static bool take_int(cp_context *cp, const char *what, cp_value v, int *result) {
    int64_t number = 0;
    if (v != CP_NIL && (!cp_to_int64(v, &number) || number < INT_MIN || number > INT_MAX)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s of an Error must be within 32 bits", what);
        return false;
    }
    *result = (int)number;
    return true;
}

/* The texts of all values behind each other: a String, or CP_THROWN. */
static cp_value joined(cp_context *cp, const cp_value *values, int count) {
    if (count > 0 && values[0] == CP_NIL) values++, count--; /* no text */
    if (count == 0) return cp->known.empty_string;
    if (count == 1) return cp_to_string(cp, values[0]);
    struct bytes out = {0};
    cp_value text = CP_NIL;
    for (int i = 0; i < count; i++) {
        text = cp_to_string(cp, values[i]);
        if (text == CP_THROWN) break;
        if (!bytes_append(&out, cp_string_text(text), cp_string_size(text))) {
            text = cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "the text of the Error is too long");
            break;
        }
    }
    if (text != CP_THROWN) text = cp_string_n(cp, out.length ? out.data : "", out.length);
    bytes_free(&out);
    return text;
}

static void forget(cp_context *cp, struct error *e) {
    e->error_class = e->code = e->line = e->column = 0;
    e->text = e->file = cp->known.empty_string;
    e->trace = e->cause = e->details = CP_NIL;
    e->located = false;
    e->origin = NULL;
    e->source = NULL;
}

/* ---- properties ---- */

static cp_value error_get_class(cp_context *cp, cp_value self) { return cp_integer(cp, error_of(self)->error_class); }
static cp_value error_set_class(cp_context *cp, cp_value self, cp_value value) {
    return take_int(cp, "class", value, &error_of(self)->error_class) ? value : CP_THROWN;
}

static cp_value error_get_code(cp_context *cp, cp_value self) { return cp_integer(cp, error_of(self)->code); }
static cp_value error_set_code(cp_context *cp, cp_value self, cp_value value) {
    return take_int(cp, "code", value, &error_of(self)->code) ? value : CP_THROWN;
}

static cp_value error_get_text(cp_context *cp, cp_value self) {
    (void)cp;
    return error_of(self)->text;
}
static cp_value error_set_text(cp_context *cp, cp_value self, cp_value value) {
    error_of(self)->text = value == CP_NIL ? cp->known.empty_string : value;
    return value;
}

static cp_value error_get_file(cp_context *cp, cp_value self) {
    error_settle(cp, self);
    return error_of(self)->file;
}
static cp_value error_set_file(cp_context *cp, cp_value self, cp_value value) {
    error_settle(cp, self);
    error_of(self)->file = value == CP_NIL ? cp->known.empty_string : value;
    error_of(self)->located = value != CP_NIL;
    return value;
}

static cp_value error_get_line(cp_context *cp, cp_value self) {
    error_settle(cp, self);
    return cp_integer(cp, error_of(self)->line);
}
static cp_value error_set_line(cp_context *cp, cp_value self, cp_value value) {
    error_settle(cp, self);
    return take_int(cp, "line", value, &error_of(self)->line) ? value : CP_THROWN;
}

static cp_value error_get_position(cp_context *cp, cp_value self) {
    error_settle(cp, self);
    return cp_integer(cp, error_of(self)->column);
}
static cp_value error_set_position(cp_context *cp, cp_value self, cp_value value) {
    error_settle(cp, self);
    return take_int(cp, "positionInLine", value, &error_of(self)->column) ? value : CP_THROWN;
}

static cp_value error_get_show_location(cp_context *cp, cp_value self) {
    (void)self;
    return cp->error_show_location ? cp->known.sym_true : CP_NIL;
}
static cp_value error_set_show_location(cp_context *cp, cp_value self, cp_value value) {
    (void)self;
    cp->error_show_location = cp_is_true(value);
    return value;
}

static cp_value error_get_trace(cp_context *cp, cp_value self) {
    error_settle(cp, self);
    return error_of(self)->trace;
}

static cp_value error_get_cause(cp_context *cp, cp_value self) {
    (void)cp;
    return error_of(self)->cause;
}

/* ---- methods ---- */

/* set class code text more...; all or nothing. */
static cp_value error_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    int error_class, code;
    if (!take_int(cp, "class", arguments[0], &error_class) || !take_int(cp, "code", arguments[1], &code))
        return CP_THROWN;
    cp_value text = joined(cp, arguments + 2, count - 2);
    if (text == CP_THROWN) return CP_THROWN;
    struct error *e = error_of(self);
    e->error_class = error_class;
    e->code = code;
    e->text = text;
    return CP_NIL;
}

static cp_value error_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    forget(cp, error_of(self));
    return error_set(cp, self, arguments, count);
}

static cp_value error_clear(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    forget(cp, error_of(self));
    return CP_NIL;
}

static cp_value error_locate_method(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int line, column;
    if (!take_int(cp, "line", arguments[1], &line) || !take_int(cp, "positionInLine", arguments[2], &column))
        return CP_THROWN;
    error_settle(cp, self);
    error_of(self)->located = false; /* the script knows better */
    error_locate(self, arguments[0], line, column);
    return CP_NIL;
}

static cp_value error_string_method(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return error_string(cp, self, cp->error_show_location);
}

static cp_value error_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const char *name;
    size_t size;
    if (!cp_bytes_of(arguments[0], &name, &size)) return CP_NIL;
    cp_value value = error_detail(self, cp_symbol_of(cp_symbol_n(cp, name, size)));
    return value == CP_UNSET ? CP_NIL : value;
}

/* ---- the table ---- */

static const cp_property_def error_properties[] = {
    {"class", "Integer", CP_READ_WRITE, .get = error_get_class, .set = error_set_class,
     .doc = "The error class, 6 for communications: what `catch` is given."},
    {"code", "Integer", CP_READ_WRITE, .get = error_get_code, .set = error_set_code,
     .doc = "The code within the class; for protocols with reply codes, the reply code."},
    {"text", "String", CP_READ_WRITE, .get = error_get_text, .set = error_set_text,
     .doc = "What was wrong, with what value, and what to do."},
    {"file", "String", CP_READ_WRITE, .get = error_get_file, .set = error_set_file,
     .doc = "The script in which it happened; empty when not known."},
    {"line", "Integer", CP_READ_WRITE, .get = error_get_line, .set = error_set_line,
     .doc = "The line, from 1; 0 when not known."},
    {"positionInLine", "Integer", CP_READ_WRITE, .get = error_get_position, .set = error_set_position,
     .doc = "The column, from 1; 0 when not known."},
    {"showLocation", "Object", CP_READ_WRITE, .get = error_get_show_location, .set = error_set_show_location,
     .doc = "Whether `string` begins with file, line and column. One value, shared by all Errors; () at first."},
    {"trace", "List", CP_READ_ONLY, .get = error_get_trace, .doc = "The calls that were under way, innermost first."},
    {"cause", "Error", CP_READ_ONLY, .get = error_get_cause,
     .doc = "The Error that was on its way when this one was thrown, or ()."},
    {0},
};

static const cp_method_def error_methods[] = {
    {"Error", "NIL", "((class Integer 0) (code Integer 0) (text Object ()) ...)", error_construct,
     "Makes an Error for `throw`. Further arguments are joined on to the text. 1.8 when class or code needs more than "
     "32 "
     "bits."},
    {"clear", "NIL", "()", error_clear, "Empties everything: class and code become 0, text and place unknown."},
    {"set", "NIL", "((class Integer) (code Integer) (text Object ()) ...)", error_set,
     "Sets class, code and text; further arguments are joined on to the text. The place stays. 1.8 when class or code "
     "needs more than 32 bits."},
    {"locate", "NIL", "((file String) (line Integer) (positionInLine Integer))", error_locate_method,
     "Says where it happened."},
    {"string", "String", "()", error_string_method,
     "`error CLASS.CODE: text`, with `file:line:column: ` before it when `showLocation` is true and the place is "
     "known."},
    {"get", "Object", "((name Symbol|String))", error_get,
     "A further property that only some Errors have, such as `enhancedCode` of Smtp's, or (). It can also be read with "
     "the dot, `err.enhancedCode`; of an Error that says nothing of them temporary, inDoubt, enhancedCode, command and "
     "results are ()."},
    {0},
};

const cp_class_def error_class_def = {
    .name = "Error",
    .doc = "What went wrong and where. Thrown by `throw` and by everything built in; caught by `catch`, where it is "
           "`err`.",
    .size = sizeof(struct error),
    .properties = error_properties,
    .methods = error_methods,
    .missing = error_missing,
};
